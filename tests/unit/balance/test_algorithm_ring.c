/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring: the servers HAProxy chooses, before and since 3.0, small movements when servers come
 * and go, weights at run time, bounded loads, random draws.
 */
#include "support/farm.h"

enum { KEYS = 3000 };

static const struct balance_options RING = {
    .algorithm = BALANCE_HEADER, .hash_is_consistent = true, .hash_avalanche = true};
static const struct balance_options RANDOM = {.algorithm = BALANCE_RANDOM, .random_draws = 2};

static void open_with(struct farm *farm, const struct balance_options *options,
                      const uint32_t *weights, unsigned count)
{
    farm_open(farm, options);
    for (unsigned i = 0; i < count; i++) {
        farm_add(farm, weights[i]);
    }
    farm_start(farm);
}

static struct server *by_key(struct farm *farm, unsigned number)
{
    char key[16];
    snprintf(key, sizeof(key), "key%u", number);
    struct server *server = farm_choose(farm, slice_from_string(key), NULL);
    if (server != NULL) {
        backend_release(&farm->backend, server, farm->now_ms);
    }
    return server;
}

static void map_keys(struct farm *farm, int servers[KEYS])
{
    for (unsigned i = 0; i < KEYS; i++) {
        servers[i] = (int)by_key(farm, i)->lb_index;
    }
}

static void test_same_as_haproxy_before_3_0(void **state)
{
    (void)state;
    static const char expected[] = "baccbcabccbccbccbbbbccacbcaaccabccbabcbb";
    struct farm farm;
    farm_open(&farm, &RING);
    for (uint32_t weight = 1; weight <= 3; weight++) {
        farm_add(&farm, weight)->hash_key = SERVER_HASH_KEY_ID_LEGACY;
    }
    farm_start(&farm);
    for (unsigned i = 0; i < sizeof(expected) - 1; i++) {
        assert_int_equal(by_key(&farm, i)->options->name[0], expected[i]);
    }
    farm_close(&farm);
}

static void test_same_as_haproxy_since_3_0(void **state)
{
    (void)state;
    static const char expected[] = "aabbcabacbaabacbcbcacaccacbabacaacbbcaac"; /* keys k0, k1, … */
    struct farm farm;
    open_with(&farm, &RING, (const uint32_t[]){1, 1, 1}, 3);
    for (unsigned i = 0; i < sizeof(expected) - 1; i++) {
        char key[16];
        snprintf(key, sizeof(key), "k%u", i);
        const struct server *server = farm_choose(&farm, slice_from_string(key), NULL);
        assert_int_equal(server->options->name[0], expected[i]);
    }
    farm_close(&farm);
}

static void test_only_keys_of_the_lost_server_move(void **state)
{
    (void)state;
    static int before[KEYS];
    static int after[KEYS];
    struct farm farm;
    open_with(&farm, &RING, (const uint32_t[]){10, 10, 10, 10}, 4);
    map_keys(&farm, before);
    server_set_health(&farm.servers[2], SERVER_DOWN, 1);
    map_keys(&farm, after);
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_not_equal(after[i], 2);
        assert_true(before[i] == 2 || before[i] == after[i]);
    }
    server_set_health(&farm.servers[2], SERVER_UP, 2);
    map_keys(&farm, after);
    assert_memory_equal(before, after, sizeof(before));
    farm_close(&farm);
}

static void test_weight_moves_a_share(void **state)
{
    (void)state;
    static int servers[KEYS];
    struct farm farm;
    open_with(&farm, &RING, (const uint32_t[]){10, 10}, 2);
    server_set_weight(&farm.servers[0], 100); /* more points than were made */
    map_keys(&farm, servers);
    unsigned share = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        share += servers[i] == 0 ? 1 : 0;
    }
    assert_in_range(share, KEYS * 80 / 100, KEYS * 98 / 100);
    server_set_weight(&farm.servers[0], 0);
    map_keys(&farm, servers);
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_equal(servers[i], 1);
    }
    farm_close(&farm);
}

static void test_failed_server_is_avoided(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &RING, (const uint32_t[]){1, 1}, 2);
    for (unsigned i = 0; i < 100; i++) {
        struct server *server = farm_choose(&farm, SLICE("x"), &farm.servers[i % 2]);
        assert_ptr_equal(server, &farm.servers[1 - i % 2]);
    }
    server_set_health(&farm.servers[1], SERVER_DOWN, 1);
    assert_ptr_equal(farm_choose(&farm, SLICE("x"), &farm.servers[0]), &farm.servers[0]);
    farm_close(&farm);
}

static void test_balance_factor_bounds_the_load(void **state)
{
    (void)state;
    struct balance_options options = RING;
    options.hash_balance_factor = 150;
    struct farm farm;
    open_with(&farm, &options, (const uint32_t[]){1, 1, 1, 1}, 4);
    for (unsigned i = 1; i <= 400; i++) {
        assert_non_null(farm_choose(&farm, SLICE("the same key"), NULL));
        for (unsigned j = 0; j < 4; j++) {
            assert_true(farm.servers[j].served <= (i * 150 / 100) / 4 + 1);
        }
    }
    farm_close(&farm);
}

static void test_without_a_key_all_serve(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &RING, (const uint32_t[]){1, 1, 1}, 3);
    unsigned counts[3] = {0};
    for (unsigned i = 0; i < 480; i++) {
        struct server *server = farm_choose(&farm, SLICE_NONE, NULL);
        counts[server->lb_index]++;
        backend_release(&farm.backend, server, 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(counts[i], 160);
    }
    farm_close(&farm);
}

static void test_random_shares_by_weight(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &RANDOM, (const uint32_t[]){20, 60}, 2);
    for (unsigned i = 0; i < 4000; i++) {
        assert_non_null(farm_choose(&farm, SLICE_NONE, NULL));
    }
    assert_in_range(farm.servers[0].served, 900, 1100);
    farm_close(&farm);
}

static void test_random_finds_the_last_free_slot(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &RANDOM);
    for (unsigned i = 0; i < 20; i++) {
        farm_add(&farm, 1)->maxconn = 1;
    }
    farm_start(&farm);
    for (unsigned i = 0; i < 20; i++) {
        assert_non_null(farm_choose(&farm, SLICE_NONE, NULL));
    }
    assert_null(farm_choose(&farm, SLICE_NONE, NULL));
    backend_release(&farm.backend, &farm.servers[13], 1);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, NULL), &farm.servers[13]);
    farm_close(&farm);
}

static void test_all_backups_share_the_ring(void **state)
{
    (void)state;
    struct balance_options options = RING;
    options.all_backups = true;
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1);
    farm_add(&farm, 5)->is_backup = true;
    farm_add(&farm, 5)->is_backup = true;
    farm_start(&farm);
    assert_int_equal(by_key(&farm, 1)->lb_index, 0);
    server_set_health(&farm.servers[0], SERVER_DOWN, 1);
    unsigned counts[3] = {0};
    for (unsigned i = 0; i < KEYS; i++) {
        counts[by_key(&farm, i)->lb_index]++;
    }
    assert_int_equal(counts[0], 0);
    assert_in_range(counts[1], KEYS / 4, KEYS * 3 / 4);
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_haproxy_before_3_0),
        cmocka_unit_test(test_same_as_haproxy_since_3_0),
        cmocka_unit_test(test_only_keys_of_the_lost_server_move),
        cmocka_unit_test(test_weight_moves_a_share),
        cmocka_unit_test(test_failed_server_is_avoided),
        cmocka_unit_test(test_balance_factor_bounds_the_load),
        cmocka_unit_test(test_without_a_key_all_serve),
        cmocka_unit_test(test_random_shares_by_weight),
        cmocka_unit_test(test_random_finds_the_last_free_slot),
        cmocka_unit_test(test_all_backups_share_the_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
