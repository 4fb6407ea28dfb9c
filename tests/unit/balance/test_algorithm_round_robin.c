/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Round robin: sequences taken from HAProxy 2.6 (tests/integration compares live), changes in
 * mid-round, saturation, avoiding.
 */
#include "support/farm.h"

static const struct balance_options OPTIONS = {.algorithm = BALANCE_ROUND_ROBIN};

static void open_with(struct farm *farm, const uint32_t *weights, unsigned count)
{
    farm_open(farm, &OPTIONS);
    for (unsigned i = 0; i < count; i++) {
        farm_add(farm, weights[i]);
    }
    farm_start(farm);
}

static void test_equal_weights_in_order(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, (const uint32_t[]){1, 1, 1}, 3);
    farm_expect(&farm, "abcabcabcabc");
    farm_close(&farm);
}

static void test_sequence_of_haproxy(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, (const uint32_t[]){10, 3, 7, 1}, 4);
    farm_expect(&farm, "acabacacadcabacacabacacabacacadcabacacabac");
    farm_close(&farm);
}

static void test_shares_follow_weights(void **state)
{
    (void)state;
    struct farm farm;
    const uint32_t weights[] = {1, 2, 5, 13, 256};
    open_with(&farm, weights, 5);
    unsigned counts[5] = {0};
    for (unsigned i = 0; i < 277 * 4; i++) {
        struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
        counts[server->lb_index]++;
        backend_release(&farm.backend, server, 1);
    }
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(counts[i], 4 * weights[i]);
    }
    farm_close(&farm);
}

static void test_heavy_server_is_spread(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, (const uint32_t[]){1, 3}, 2);
    unsigned run = 0;
    for (unsigned i = 0; i < 40; i++) {
        struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
        run = server->lb_index == 1 ? run + 1 : 0;
        assert_true(run <= 4);
        backend_release(&farm.backend, server, 1);
    }
    farm_close(&farm);
}

static void test_down_and_up_again(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, (const uint32_t[]){1, 1, 1}, 3);
    farm_expect(&farm, "ab");
    server_set_health(&farm.servers[1], SERVER_DOWN, 2000);
    farm_expect(&farm, "cacaca");
    server_set_health(&farm.servers[1], SERVER_UP, 3000);
    unsigned counts[3] = {0};
    for (unsigned i = 0; i < 300; i++) {
        struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
        counts[server->lb_index]++;
        backend_release(&farm.backend, server, 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_in_range(counts[i], 99, 101);
    }
    farm_close(&farm);
}

static void test_weight_changes_at_run_time(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, (const uint32_t[]){10, 10}, 2);
    farm_expect(&farm, "abab");
    server_set_weight(&farm.servers[0], 30);
    unsigned counts[2] = {0};
    for (unsigned i = 0; i < 400; i++) {
        struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
        counts[server->lb_index]++;
        backend_release(&farm.backend, server, 1);
    }
    assert_in_range(counts[0], 297, 303);
    server_set_weight(&farm.servers[0], 0);
    farm_expect(&farm, "bbbb");
    server_set_weight(&farm.servers[1], 0);
    farm_expect(&farm, "--");
    server_set_weight(&farm.servers[0], 1);
    farm_expect(&farm, "aa");
    farm_close(&farm);
}

static void test_full_servers_are_passed_over(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &OPTIONS);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1);
    farm_add(&farm, 1)->maxconn = 1;
    farm_start(&farm);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, NULL), &farm.servers[0]);
    farm_expect(&farm, "bcbcbc");
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, NULL), &farm.servers[1]);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, NULL), &farm.servers[2]);
    farm_expect(&farm, "bbbb");
    backend_release(&farm.backend, &farm.servers[0], 1);
    farm_expect(&farm, "ab");
    farm_close(&farm);
}

static void test_failed_server_is_avoided(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, (const uint32_t[]){1, 1}, 2);
    for (unsigned i = 0; i < 10; i++) {
        struct server *server = farm_choose(&farm, SLICE_NONE, &farm.servers[0]);
        assert_ptr_equal(server, &farm.servers[1]);
        backend_release(&farm.backend, server, 1);
    }
    server_set_health(&farm.servers[1], SERVER_DOWN, 2000);
    struct server *server = farm_choose(&farm, SLICE_NONE, &farm.servers[0]);
    assert_ptr_equal(server, &farm.servers[0]); /* better than none */
    farm_close(&farm);
}

/* Whatever happens to states, weights and slots, a server with room is found exactly when there is
 * one. */
static void test_random_changes(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &OPTIONS);
    for (unsigned i = 0; i < 12; i++) {
        farm_add(&farm, 1 + i * 7 % 20)->maxconn = i % 3 == 0 ? 0 : 1 + i % 4;
    }
    farm_start(&farm);
    srandom(7);
    for (unsigned step = 0; step < 200000; step++) {
        struct server *server = &farm.servers[random() % 12];
        switch (random() % 8) {
        case 0:
            server_set_health(server, random() % 2 ? SERVER_UP : SERVER_DOWN, step);
            break;
        case 1:
            server_set_weight(server, (uint32_t)(random() % 257));
            break;
        case 2:
        case 3:
        case 4:
            if (server->served > 0) {
                backend_release(&farm.backend, server, step);
            }
            break;
        default: {
            bool has_room = false;
            for (unsigned i = 0; i < 12; i++) {
                const struct server *each = &farm.servers[i];
                has_room = has_room || (server_is_usable(each) && !server_is_full(each));
            }
            struct server *chosen = farm_choose(&farm, SLICE_NONE, server);
            assert_int_equal(chosen != NULL, has_room);
            assert_true(chosen == NULL || server_is_usable(chosen));
        }
        }
    }
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_weights_in_order),
        cmocka_unit_test(test_sequence_of_haproxy),
        cmocka_unit_test(test_shares_follow_weights),
        cmocka_unit_test(test_heavy_server_is_spread),
        cmocka_unit_test(test_down_and_up_again),
        cmocka_unit_test(test_weight_changes_at_run_time),
        cmocka_unit_test(test_full_servers_are_passed_over),
        cmocka_unit_test(test_failed_server_is_avoided),
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
