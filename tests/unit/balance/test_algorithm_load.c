/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leastconn and first: who has least for the weight, order among equals, full servers, limits that
 * rise, random changes.
 */
#include "support/farm.h"

static const struct balance_options LEAST = {.algorithm = BALANCE_LEAST_CONNECTIONS};
static const struct balance_options FIRST = {.algorithm = BALANCE_FIRST};

static struct server *take(struct farm *farm)
{
    return farm_choose(farm, SLICE_NONE, NULL);
}

static void test_least_in_turn_when_idle(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &LEAST);
    farm_add(&farm, 1);
    farm_add(&farm, 9);
    farm_add(&farm, 1);
    farm_start(&farm);
    farm_expect(&farm, "abcab");
    backend_serve_queues(&farm.backend, 1); /* changes nothing */
    server_set_weight(&farm.servers[1], 9);
    farm_expect(&farm, "cabc");
    farm_close(&farm);
}

static void test_least_shares_by_weight(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &LEAST);
    farm_add(&farm, 1);
    farm_add(&farm, 3);
    farm_start(&farm);
    for (unsigned i = 0; i < 40; i++) {
        assert_non_null(take(&farm));
    }
    assert_int_equal(farm.servers[0].served, 10);
    assert_int_equal(farm.servers[1].served, 30);
    for (unsigned i = 0; i < 10; i++) {
        backend_release(&farm.backend, &farm.servers[1], 1);
    }
    assert_ptr_equal(take(&farm), &farm.servers[1]);
    farm_close(&farm);
}

static void test_first_fills_in_order_of_ids(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &FIRST);
    for (unsigned i = 0; i < 3; i++) {
        farm_add(&farm, 1)->maxconn = 2;
    }
    farm.options[0].id = 30;
    farm_start(&farm);
    const unsigned expected[] = {1, 1, 2, 2, 0, 0};
    for (unsigned i = 0; i < 6; i++) {
        assert_ptr_equal(take(&farm), &farm.servers[expected[i]]);
    }
    assert_null(take(&farm));
    backend_release(&farm.backend, &farm.servers[2], 1);
    assert_ptr_equal(take(&farm), &farm.servers[2]);
    farm_close(&farm);
}

static void test_limit_raised_at_run_time(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &LEAST);
    farm_add(&farm, 1)->maxconn = 1;
    farm_start(&farm);
    assert_non_null(take(&farm));
    assert_null(take(&farm));
    server_set_maxconn(&farm.servers[0], 2, 2000);
    assert_non_null(take(&farm));
    server_set_maxconn(&farm.servers[0], 0, 2000);
    for (unsigned i = 0; i < 10; i++) {
        assert_non_null(take(&farm));
    }
    farm_close(&farm);
}

static void test_minconn_limit_follows_load(void **state)
{
    (void)state;
    struct balance_options options = LEAST;
    options.fullconn = 100;
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 10;
    farm.options[0].minconn = 1;
    farm_start(&farm);
    farm.backend.counters.sessions_current = 1;
    assert_non_null(take(&farm));
    assert_null(take(&farm));
    farm.backend.counters.sessions_current = 30;
    assert_non_null(take(&farm));
    assert_non_null(take(&farm));
    assert_null(take(&farm));
    farm_close(&farm);
}

static void test_avoided_only_if_possible(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &LEAST);
    farm_add(&farm, 1);
    farm_add(&farm, 1);
    farm_start(&farm);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, &farm.servers[0]), &farm.servers[1]);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, &farm.servers[0]), &farm.servers[1]);
    server_set_admin(&farm.servers[1], SERVER_DRAIN_FORCED, 0, 1);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, &farm.servers[0]), &farm.servers[0]);
    farm_close(&farm);
}

/* The chosen one has the least load for its weight of all that have room, after any changes. */
static void test_random_changes(void **state)
{
    (void)state;
    enum { SERVERS = 9 };
    struct farm farm;
    farm_open(&farm, &LEAST);
    for (unsigned i = 0; i < SERVERS; i++) {
        farm_add(&farm, 1 + i)->maxconn = i % 2 == 0 ? 0 : 3;
    }
    farm_start(&farm);
    srandom(11);
    for (unsigned step = 0; step < 100000; step++) {
        struct server *server = &farm.servers[random() % SERVERS];
        switch (random() % 6) {
        case 0:
            server_set_health(server, random() % 2 ? SERVER_UP : SERVER_DOWN, step);
            break;
        case 1:
            server_set_weight(server, (uint32_t)(random() % 20));
            break;
        case 2:
        case 3:
            if (server->served > 0) {
                backend_release(&farm.backend, server, step);
            }
            break;
        default: {
            uint64_t least = UINT64_MAX;
            for (unsigned i = 0; i < SERVERS; i++) {
                const struct server *each = &farm.servers[i];
                if (server_is_usable(each) && !server_is_full(each)) {
                    uint64_t load =
                        each->served == 0 ? 0 : (each->served + 1) * 4096 / (each->weight * 16);
                    least = load < least ? load : least;
                }
            }
            uint32_t before[SERVERS];
            for (unsigned i = 0; i < SERVERS; i++) {
                before[i] = farm.servers[i].served;
            }
            struct server *chosen = take(&farm);
            assert_int_equal(chosen != NULL, least != UINT64_MAX);
            if (chosen != NULL) {
                uint32_t served = before[chosen->lb_index];
                uint64_t load = served == 0 ? 0 : (served + 1) * 4096 / (chosen->weight * 16);
                assert_int_equal(load, least);
            }
        }
        }
    }
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_in_turn_when_idle),
        cmocka_unit_test(test_least_shares_by_weight),
        cmocka_unit_test(test_first_fills_in_order_of_ids),
        cmocka_unit_test(test_limit_raised_at_run_time),
        cmocka_unit_test(test_minconn_limit_follows_load),
        cmocka_unit_test(test_avoided_only_if_possible),
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
