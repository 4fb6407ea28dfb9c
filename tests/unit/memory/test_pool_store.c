/* SPDX-License-Identifier: Apache-2.0 */
/* The storage below pools: what objects cost, lists, and a depot whose bytes stay leased. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory/allocator.h"
#include "memory/pool_store.h"
#include "support/memory.h"

#define LIMIT (64 * MEBIBYTE)

static void test_costs(void **state)
{
    (void)state;
    const struct memory_options plain = {0};
    const struct memory_options uaf = {.uaf = true};
    const bool can_span = !allocator_is_sanitized();
    bool is_spanned;
    assert_int_equal(pool_cost_of_object(&plain, 100, &is_spanned), allocator_cost(100));
    assert_false(is_spanned);
    assert_int_equal(pool_cost_of_object(&plain, 16384, &is_spanned), 16384);
    assert_int_equal(is_spanned, can_span);
    assert_int_equal(pool_cost_of_object(&uaf, 100, &is_spanned), 4096);
    assert_false(is_spanned);
}

static void test_objects_of_the_system(void **state)
{
    (void)state;
    static const size_t sizes[] = {100, 16384, 100000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct memory *memory = test_memory_limited(LIMIT);
        struct pool *pool = pool_create(memory, "thing", sizes[i], 0);
        char *object = pool_make_object(pool);
        assert_non_null(object);
        object[0] = 1;
        object[sizes[i] - 1] = 2;
        pool_free_object(pool, object);
        test_memory_close(memory);
    }
}

static void test_a_list_is_last_in_first_out(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 100, 0);
    struct pool_cache *cache = pool_cache_of(pool, memory_ledger(memory, 0));
    char a[100];
    char b[100];
    pool_push_cache(pool, cache, a);
    pool_push_cache(pool, cache, b);
    assert_int_equal(pool_cache_count(cache), 2);
    cache->least = 2;
    assert_ptr_equal(pool_pop_cache(cache), b);
    assert_int_equal(cache->least, 1);
    assert_ptr_equal(pool_pop_cache(cache), a);
    assert_int_equal(pool_cache_count(cache), 0);
    assert_null(cache->first);
    test_memory_close(memory);
}

/* Puts `count` free objects on worker 0's list, as if taken and released. */
static void fill_cache(struct pool *pool, struct account *account, size_t count)
{
    void *objects[64];
    for (size_t i = 0; i < count; i++) {
        objects[i] = pool_take(pool, account);
    }
    for (size_t i = 0; i < count; i++) {
        pool_release(pool, account, objects[i]);
    }
}

static void test_spilling_moves_half_and_keeps_the_sum(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct ledger *ledger = memory_ledger(memory, 0);
    struct pool *pool = pool_create(memory, "thing", 1000, 0);
    struct account account;
    account_init(&account, ledger, ACCOUNT_CLIENT, 0);
    fill_cache(pool, &account, 10);
    const size_t used = test_memory_used(memory);
    pool_spill_cache(pool, ledger);
    assert_int_equal(pool_cache_count(pool_cache_of(pool, ledger)), 5);
    assert_int_equal(memory->depot_bytes, 5 * pool_object_bytes(pool));
    assert_int_equal(ledger->cached, 5 * pool_object_bytes(pool));
    assert_int_equal(test_memory_used(memory), used);
    memory->depot_bytes_max = memory->depot_bytes + pool_object_bytes(pool); /* room for one */
    assert_int_equal(pool_depot_room(pool), 1);
    pool_spill_cache(pool, ledger);
    assert_int_equal(pool_cache_count(pool_cache_of(pool, ledger)), 4);
    assert_int_equal(pool_depot_room(pool), 0);
    pool_spill_cache(pool, ledger);
    assert_int_equal(pool_cache_count(pool_cache_of(pool, ledger)), 4);
    pool_free_cached(pool, ledger, 4);
    assert_int_equal(pool_free_depot(pool, 2), 2);
    assert_int_equal(pool_free_depot(pool, 100), 4);
    assert_null(pool_pop_depot(pool));
    assert_int_equal(test_memory_used(memory), 0);
    assert_int_equal(test_memory_pool(memory, pool).allocated, 0);
    test_memory_close(memory);
}

static void test_idle_objects_are_those_never_needed(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 1000, 0);
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    fill_cache(pool, &account, 8);
    pool_spill_cache(pool, memory_ledger(memory, 0));
    pool->depot_least = pool->depot_count;
    assert_int_equal(pool_depot_idle(pool), 4);
    void *object = pool_pop_depot(pool);
    assert_int_equal(pool_depot_idle(pool), 3);
    pool_push_depot(pool, object);
    assert_int_equal(pool_depot_idle(pool), 3);
    test_memory_close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_objects_of_the_system),
        cmocka_unit_test(test_a_list_is_last_in_first_out),
        cmocka_unit_test(test_spilling_moves_half_and_keeps_the_sum),
        cmocka_unit_test(test_idle_objects_are_those_never_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
