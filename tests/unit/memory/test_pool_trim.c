/* SPDX-License-Identifier: Apache-2.0 */
/* Giving back: on request, on need, with time; and what a busy pool keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory/pool_store.h"
#include "support/memory.h"

#define LIMIT (64 * MEBIBYTE)

enum { OBJECTS = 100, OBJECT_BYTES = 1000 };

static void use_objects(struct pool *pool, struct account *account, size_t count)
{
    void *objects[OBJECTS];
    for (size_t i = 0; i < count; i++) {
        objects[i] = pool_take(pool, account);
        assert_non_null(objects[i]);
    }
    for (size_t i = 0; i < count; i++) {
        pool_release(pool, account, objects[i]);
    }
}

/* Objects on a worker's list. */
static size_t listed(struct memory *memory, const struct pool *pool, unsigned worker)
{
    return pool_cache_count(pool_cache_of(pool, memory_ledger(memory, worker)));
}

static void test_everything_goes_on_request(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", OBJECT_BYTES, 0);
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    use_objects(pool, &account, OBJECTS);
    assert_true(listed(memory, pool, 0) > 0);
    pool_trim_all(memory, true);
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    assert_int_equal(test_memory_used(memory), 0);
    test_memory_close(memory);
}

static void test_other_workers_trim_at_the_end_of_their_turn(void **state)
{
    (void)state;
    struct memory *memory = test_memory_open(
        (struct memory_options){.limit_bytes = LIMIT, .workers = 2, .keep_caches = true});
    struct pool *pool = pool_create(memory, "thing", OBJECT_BYTES, 0);
    struct account account;
    account_init(&account, memory_ledger(memory, 1), ACCOUNT_CLIENT, 0);
    use_objects(pool, &account, OBJECTS);
    const size_t before = listed(memory, pool, 1);
    pool_trim_all(memory, true);
    pool_trim_all(memory, false);
    assert_int_equal(listed(memory, pool, 1), before);
    pool_serve_trims(memory_ledger(memory, 0));
    assert_int_equal(listed(memory, pool, 1), before);
    pool_serve_trims(memory_ledger(memory, 1));
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    use_objects(pool, &account, OBJECTS);
    pool_serve_trims(memory_ledger(memory, 1)); /* once a request */
    assert_int_equal(listed(memory, pool, 1), before);
    test_memory_close(memory);
}

static void test_a_light_trim_keeps_twice_the_needed_average(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct ledger *ledger = memory_ledger(memory, 0);
    struct pool *pool = pool_create(memory, "thing", OBJECT_BYTES, 0);
    struct account account;
    account_init(&account, ledger, ACCOUNT_CLIENT, 0);
    for (int second = 0; second < 60; second++) {
        use_objects(pool, &account, 20);
        pool_tick(memory, ledger);
    }
    const struct pool_usage before = test_memory_pool(memory, pool);
    assert_in_range(before.needed_average, 18, 21);
    use_objects(pool, &account, OBJECTS);
    assert_true(listed(memory, pool, 0) > 2 * before.needed_average);
    pool_trim_all(memory, false);
    assert_int_equal(listed(memory, pool, 0), 2 * before.needed_average);
    test_memory_close(memory);
}

static void test_a_quiet_pool_empties_and_a_busy_one_keeps(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct ledger *ledger = memory_ledger(memory, 0);
    struct pool *pool = pool_create(memory, "thing", OBJECT_BYTES, 0);
    struct account account;
    account_init(&account, ledger, ACCOUNT_CLIENT, 0);
    use_objects(pool, &account, OBJECTS);
    for (int second = 0; second < 20; second++) {
        use_objects(pool, &account, 30);
        pool_tick(memory, ledger);
    }
    assert_in_range(listed(memory, pool, 0), 30, 31);
    for (int second = 0; second < 10; second++) {
        pool_tick(memory, ledger);
    }
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    assert_int_equal(test_memory_used(memory), 0);
    test_memory_close(memory);
}

static void test_quiet_slabs_go(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "entry", OBJECT_BYTES, 0);
    struct account table;
    account_init(&table, memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    use_objects(pool, &table, OBJECTS);
    assert_true(test_memory_pool(memory, pool).allocated >= OBJECTS);
    for (int second = 0; second < 12; second++) {
        pool_tick(memory, memory_ledger(memory, 0));
    }
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    test_memory_close(memory);
}

static void test_shrinking_and_reclaiming(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct ledger *ledger = memory_ledger(memory, 0);
    struct pool *a = pool_create(memory, "a", OBJECT_BYTES, 0);
    struct pool *b = pool_create(memory, "b", 3000, 0);
    struct account account;
    struct account table;
    account_init(&account, ledger, ACCOUNT_CLIENT, 0);
    account_init(&table, memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    use_objects(a, &account, 50);
    use_objects(b, &table, 50);
    use_objects(b, &account, 20);
    const size_t before = listed(memory, a, 0);
    pool_shrink_caches(ledger, ledger->cached - 10 * pool_object_bytes(a) + 1);
    assert_int_equal(listed(memory, a, 0), before - 10);
    const size_t empty = memory->empty_bytes;
    assert_true(empty > 65536);
    pool_reclaim(ledger, 1); /* one slab of those that are empty */
    assert_true(memory->empty_bytes < empty && memory->empty_bytes >= empty - 65536);
    assert_int_equal(listed(memory, a, 0), before - 10);
    pool_reclaim(ledger, SIZE_MAX);
    assert_int_equal(ledger->cached, 0);
    assert_int_equal(test_memory_used(memory), 0);
    test_memory_close(memory);
}

static void test_a_charge_takes_free_objects_before_it_is_refused(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(16 * MEBIBYTE);
    struct pool *pool = pool_create(memory, "thing", OBJECT_BYTES, 0);
    struct account account;
    test_memory_ignore_resident(memory);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    use_objects(pool, &account, 50);
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    assert_int_equal(account_charge(&account, usage.traffic_max), RESULT_OK);
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    account_discharge(&account, account.used);
    test_memory_close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_goes_on_request),
        cmocka_unit_test(test_other_workers_trim_at_the_end_of_their_turn),
        cmocka_unit_test(test_a_light_trim_keeps_twice_the_needed_average),
        cmocka_unit_test(test_a_quiet_pool_empties_and_a_busy_one_keeps),
        cmocka_unit_test(test_quiet_slabs_go),
        cmocka_unit_test(test_shrinking_and_reclaiming),
        cmocka_unit_test(test_a_charge_takes_free_objects_before_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
