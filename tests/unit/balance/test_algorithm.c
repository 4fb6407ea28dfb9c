/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What algorithms share: the hash of a key by function, modifier and kind, ops by options, and
 * room.
 */
#include "balance/algorithm_internal.h"
#include "balance/hash.h"
#include "support/farm.h"

static uint32_t hash_with(struct balance_options options, struct slice key)
{
    struct backend backend = {.options = options};
    return algorithm_hash(&backend, key);
}

static void test_hash_by_function(void **state)
{
    (void)state;
    struct slice key = SLICE("1024");
    struct balance_options options = {.algorithm = BALANCE_URI};
    assert_int_equal(hash_with(options, key), hash_sdbm(key));
    options.hash_function = HASH_FUNCTION_DJB2;
    assert_int_equal(hash_with(options, key), hash_djb2(key));
    options.hash_function = HASH_FUNCTION_WT6;
    assert_int_equal(hash_with(options, key), hash_wt6(key));
    options.hash_function = HASH_FUNCTION_CRC32;
    assert_int_equal(hash_with(options, key), hash_crc32(key));
    options.hash_function = HASH_FUNCTION_NONE;
    assert_int_equal(hash_with(options, key), 1024);
    options.hash_avalanche = true;
    assert_int_equal(hash_with(options, key), hash_avalanche(1024));
}

static void test_source_folds_the_address(void **state)
{
    (void)state;
    struct balance_options options = {.algorithm = BALANCE_SOURCE,
                                      .hash_function = HASH_FUNCTION_CRC32};
    assert_int_equal(hash_with(options, SLICE("\x0a\x01\x02\x03")), 0x0a010203);
    assert_int_equal(hash_with(options, SLICE("\x0a\x01\x02\x03\x01\x01\x01\x01"
                                              "\x00\x00\x00\x00\x80\x00\x00\x00")),
                     0x8b000302);
    assert_int_equal(hash_with(options, SLICE("")), 0);
}

static void test_ops_by_options(void **state)
{
    (void)state;
    struct balance_options options = {.algorithm = BALANCE_HASH};
    assert_ptr_equal(algorithm_find(&options), &ALGORITHM_MAP_HASH);
    options.hash_is_consistent = true;
    assert_ptr_equal(algorithm_find(&options), &ALGORITHM_RING_HASH);
    for (int i = 0; i < BALANCE_ALGORITHMS; i++) {
        options.algorithm = (enum balance_algorithm)i;
        assert_non_null(algorithm_find(&options)->choose);
    }
}

static void test_room_counts_the_queue(void **state)
{
    (void)state;
    struct farm farm;
    const struct balance_options options = {.algorithm = BALANCE_ROUND_ROBIN};
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 2;
    farm.options[0].maxqueue = 1;
    farm_start(&farm);
    struct server *server = &farm.servers[0];
    assert_true(algorithm_has_room(server));
    server->served = 2;
    assert_true(algorithm_has_room(server)); /* one may wait */
    server->queue_length = 1;
    assert_false(algorithm_has_room(server));
    server->maxconn = 0;
    assert_true(algorithm_has_room(server));
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_by_function),
        cmocka_unit_test(test_source_folds_the_address),
        cmocka_unit_test(test_ops_by_options),
        cmocka_unit_test(test_room_counts_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
