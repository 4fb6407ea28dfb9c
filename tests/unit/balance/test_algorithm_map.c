/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: static-rr and hashes modulo the weight, divided weights, backups, servers that come and go,
 * weights that do not count.
 */
#include "balance/hash.h"
#include "support/farm.h"

static const struct balance_options STATIC = {.algorithm = BALANCE_STATIC_ROUND_ROBIN};
static const struct balance_options HASHED = {.algorithm = BALANCE_URI};

static void open_with(struct farm *farm, const struct balance_options *options,
                      const uint32_t *weights, unsigned count)
{
    farm_open(farm, options);
    for (unsigned i = 0; i < count; i++) {
        farm_add(farm, weights[i]);
    }
    farm_start(farm);
}

/* The server of a key, by its number; -1 for none. */
static int by_key(struct farm *farm, const char *key)
{
    struct server *server = farm_choose(farm, slice_from_string(key), NULL);
    if (server == NULL) {
        return -1;
    }
    backend_release(&farm->backend, server, farm->now_ms);
    return (int)server->lb_index;
}

static void test_static_sequences(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &STATIC, (const uint32_t[]){1, 1, 1}, 3);
    farm_expect(&farm, "abcabc");
    farm_close(&farm);
    /* as HAProxy 2.6 turns them */
    open_with(&farm, &STATIC, (const uint32_t[]){1, 2, 3}, 3);
    farm_expect(&farm, "acbcbcacbcbc");
    farm_close(&farm);
    open_with(&farm, &STATIC, (const uint32_t[]){20, 40, 60}, 3); /* the same, divided by 20 */
    farm_expect(&farm, "acbcbcacbcbc");
    farm_close(&farm);
}

static void test_hash_modulo_weight(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &HASHED, (const uint32_t[]){5, 5, 5, 5}, 4);
    char key[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "/%d", i * 7919);
        assert_int_equal(by_key(&farm, key), (int)(hash_sdbm(slice_from_string(key)) % 4));
    }
    server_set_health(&farm.servers[1], SERVER_DOWN, 1);
    const int left[] = {0, 2, 3};
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "/%d", i * 7919);
        assert_int_equal(by_key(&farm, key), left[hash_sdbm(slice_from_string(key)) % 3]);
    }
    farm_close(&farm);
}

static void test_key_of_a_full_server_waits(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &HASHED);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1)->maxconn = 1;
    farm_start(&farm);
    struct balance_request request = {.key = SLICE("k"), .now_ms = 1};
    struct server *first = NULL;
    assert_int_equal(backend_assign(&farm.backend, &request, &first), RESULT_OK);
    struct server *second = NULL;
    assert_int_equal(backend_assign(&farm.backend, &request, &second), RESULT_FULL);
    assert_ptr_equal(first, second);
    farm_close(&farm);
}

static void test_without_a_key_in_turn(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &HASHED, (const uint32_t[]){1, 1, 1}, 3);
    farm_expect(&farm, "abcab");
    server_set_health(&farm.servers[0], SERVER_DOWN, 1);
    server_set_health(&farm.servers[1], SERVER_DOWN, 1);
    farm_expect(&farm, "ccc");
    server_set_health(&farm.servers[2], SERVER_DOWN, 1);
    farm_expect(&farm, "--");
    server_set_health(&farm.servers[1], SERVER_UP, 2);
    farm_expect(&farm, "bb");
    farm_close(&farm);
}

static void test_weights_at_run_time_do_not_count(void **state)
{
    (void)state;
    struct farm farm;
    open_with(&farm, &STATIC, (const uint32_t[]){1, 1}, 2);
    server_set_weight(&farm.servers[0], 200);
    farm_expect(&farm, "abab");
    server_set_weight(&farm.servers[0], 0);
    farm_expect(&farm, "bb");
    server_set_weight(&farm.servers[0], 1);
    farm_expect(&farm, "baba");
    assert_false(backend_has_dynamic_weights(&farm.backend));
    farm_close(&farm);
}

static void test_full_and_failed_are_passed_over(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &STATIC);
    farm_add(&farm, 1)->maxconn = 1;
    farm_add(&farm, 1);
    farm_add(&farm, 1);
    farm_start(&farm);
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, NULL), &farm.servers[0]);
    farm_expect(&farm, "bcbcbc");
    assert_ptr_equal(farm_choose(&farm, SLICE_NONE, &farm.servers[1]), &farm.servers[2]);
    farm_close(&farm);
}

static void test_backups(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &STATIC);
    farm_add(&farm, 1);
    farm_add(&farm, 4)->is_backup = true;
    farm_add(&farm, 4)->is_backup = true;
    farm_start(&farm);
    farm_expect(&farm, "aaa");
    server_set_health(&farm.servers[0], SERVER_DOWN, 1);
    farm_expect(&farm, "bbb");
    server_set_health(&farm.servers[1], SERVER_DOWN, 1);
    farm_expect(&farm, "ccc");
    farm_close(&farm);

    struct balance_options all = STATIC;
    all.all_backups = true;
    farm_open(&farm, &all);
    farm_add(&farm, 0);
    farm_add(&farm, 4)->is_backup = true;
    farm_add(&farm, 4)->is_backup = true;
    farm_start(&farm);
    farm_expect(&farm, "bcbc");
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static_sequences),
        cmocka_unit_test(test_hash_modulo_weight),
        cmocka_unit_test(test_key_of_a_full_server_waits),
        cmocka_unit_test(test_without_a_key_in_turn),
        cmocka_unit_test(test_weights_at_run_time_do_not_count),
        cmocka_unit_test(test_full_and_failed_are_passed_over),
        cmocka_unit_test(test_backups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
