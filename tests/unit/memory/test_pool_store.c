/* SPDX-License-Identifier: Apache-2.0 */
/* The storage below pools: layouts, lists, and slabs whose bytes stay leased wherever an object is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory/allocator.h"
#include "memory/pool_store.h"
#include "support/memory.h"

#define LIMIT (64 * MEBIBYTE)

struct fixture {
    struct memory *memory;
    struct ledger *ledger;
    struct pool *pool;
    struct account account;
};

static void open_fixture(struct fixture *fixture, size_t bytes)
{
    fixture->memory = test_memory_limited(LIMIT);
    fixture->ledger = memory_ledger(fixture->memory, 0);
    fixture->pool = pool_create(fixture->memory, "thing", bytes, 0);
    account_init(&fixture->account, fixture->ledger, ACCOUNT_CLIENT, 0);
}

static size_t leased(const struct fixture *fixture)
{
    ledger_return_surplus(fixture->ledger, 0);
    return budget_leased(&fixture->memory->budget);
}

static void test_layouts(void **state)
{
    (void)state;
    const struct memory_options slabs = {0};
    const struct memory_options plain = {.no_global = true};
    const struct memory_options uaf = {.uaf = true};
    struct pool_layout layout = pool_choose_layout(&slabs, 100);
    assert_false(layout.is_plain);
    assert_int_equal(layout.object_bytes, 112);
    layout = pool_choose_layout(&slabs, 16384);
    assert_int_equal(layout.object_bytes, 16384);
    layout = pool_choose_layout(&plain, 100);
    assert_true(layout.is_plain);
    assert_int_equal(layout.object_bytes, allocator_cost(100));
    layout = pool_choose_layout(&uaf, 100);
    assert_true(layout.is_plain);
    assert_int_equal(layout.object_bytes, 4096);
}

static void test_plain_objects_are_the_allocators(void **state)
{
    (void)state;
    struct memory *memory = test_memory_open((struct memory_options){.no_global = true});
    struct pool *pool = pool_create(memory, "thing", 20000, 0);
    char *object = pool_make_object(pool);
    assert_non_null(object);
    object[19999] = 1;
    pool_free_object(pool, object);
    test_memory_close(memory);
}

static void test_a_list_is_last_in_first_out(void **state)
{
    (void)state;
    struct fixture fixture;
    char a[100];
    char b[100];
    open_fixture(&fixture, 100);
    struct pool_cache *cache = pool_cache_of(fixture.pool, fixture.ledger);
    pool_push_cache(fixture.pool, cache, a);
    pool_push_cache(fixture.pool, cache, b);
    assert_int_equal(pool_cache_count(cache), 2);
    cache->least = 2;
    assert_ptr_equal(pool_pop_cache(cache), b);
    assert_int_equal(cache->least, 1);
    assert_ptr_equal(pool_pop_cache(cache), a);
    assert_int_equal(pool_cache_count(cache), 0);
    assert_null(cache->first);
    test_memory_close(fixture.memory);
}

static void test_a_slab_is_paid_for_once(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 1000);
    struct memory *memory = fixture.memory;
    const size_t object = pool_object_bytes(fixture.pool);
    const size_t slab = fixture.pool->slabs.shape.slab_bytes;
    assert_null(pool_take_of_slabs(fixture.pool));
    assert_true(pool_add_slab(fixture.pool, &fixture.account));
    assert_int_equal(memory->slab_free_bytes, slab);
    assert_int_equal(memory->empty_bytes, slab);
    void *taken = pool_take_of_slabs(fixture.pool);
    assert_int_equal(memory->slab_free_bytes, slab - object);
    assert_int_equal(memory->empty_bytes, 0);
    assert_int_equal(account_adopt(&fixture.account, object), RESULT_OK);
    assert_int_equal(test_memory_used(memory), slab);
    assert_int_equal(leased(&fixture), slab);
    account_abandon(&fixture.account, object);
    pool_release_to_slabs(fixture.pool, taken);
    assert_int_equal(memory->slab_free_bytes, slab);
    assert_int_equal(leased(&fixture), slab);
    assert_int_equal(pool_drop_slabs(fixture.pool, 5), slab);
    assert_int_equal(memory->slab_free_bytes, 0);
    assert_int_equal(memory->empty_bytes, 0);
    assert_int_equal(leased(&fixture), 0);
    test_memory_close(memory);
}

static void test_refilling_and_flushing_keep_the_sum(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 1000);
    struct memory *memory = fixture.memory;
    struct pool_cache *cache = pool_cache_of(fixture.pool, fixture.ledger);
    const size_t object = pool_object_bytes(fixture.pool);
    const size_t slab = fixture.pool->slabs.shape.slab_bytes;
    pool_refill_cache(fixture.pool, fixture.ledger, 5);
    assert_int_equal(pool_cache_count(cache), 0);
    assert_true(pool_add_slab(fixture.pool, &fixture.account));
    pool_refill_cache(fixture.pool, fixture.ledger, 5);
    assert_int_equal(pool_cache_count(cache), 5);
    assert_int_equal(fixture.ledger->cached, 5 * object);
    assert_int_equal(memory->slab_free_bytes, slab - 5 * object);
    pool_flush_cache(fixture.pool, fixture.ledger, 2);
    pool_flush_cache(fixture.pool, fixture.ledger, 0);
    assert_int_equal(fixture.ledger->cached, 3 * object);
    assert_int_equal(test_memory_used(memory), slab);
    pool_flush_cache(fixture.pool, fixture.ledger, 3);
    assert_int_equal(memory->empty_bytes, slab);
    test_memory_close(memory);
}

static void test_too_many_empty_slabs_go_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    void *objects[64];
    open_fixture(&fixture, 16384);
    struct memory *memory = fixture.memory;
    memory->empty_bytes_max = (size_t)10 * 16384;
    for (int i = 0; i < 64; i++) {
        assert_true(pool_add_slab(fixture.pool, &fixture.account));
        objects[i] = pool_take_of_slabs(fixture.pool);
    }
    for (int i = 0; i < 64; i++) {
        pool_release_to_slabs(fixture.pool, objects[i]);
    }
    assert_int_equal(memory->empty_bytes, 10 * 16384);
    assert_int_equal(fixture.pool->slabs.empty_count, 10);
    test_memory_close(memory);
}

static void test_idle_slabs_are_those_never_needed(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 16384);
    for (int i = 0; i < 4; i++) {
        assert_true(pool_add_slab(fixture.pool, &fixture.account));
    }
    (void)pool_idle_slabs(fixture.pool);
    assert_int_equal(pool_idle_slabs(fixture.pool), 4);
    void *object = pool_take_of_slabs(fixture.pool);
    pool_release_to_slabs(fixture.pool, object);
    assert_int_equal(pool_idle_slabs(fixture.pool), 3);
    assert_int_equal(pool_idle_slabs(fixture.pool), 4);
    test_memory_close(fixture.memory);
}

static void test_a_refused_slab_changes_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 1000);
    test_memory_ignore_resident(fixture.memory);
    test_memory_fill(&fixture.account, 1000);
    assert_false(pool_add_slab(fixture.pool, &fixture.account));
    assert_int_equal(fixture.pool->slabs.slabs, 0);
    assert_int_equal(fixture.memory->slab_free_bytes, 0);
    account_discharge(&fixture.account, fixture.account.used);
    test_memory_close(fixture.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layouts),
        cmocka_unit_test(test_plain_objects_are_the_allocators),
        cmocka_unit_test(test_a_list_is_last_in_first_out),
        cmocka_unit_test(test_a_slab_is_paid_for_once),
        cmocka_unit_test(test_refilling_and_flushing_keep_the_sum),
        cmocka_unit_test(test_too_many_empty_slabs_go_at_once),
        cmocka_unit_test(test_idle_slabs_are_those_never_needed),
        cmocka_unit_test(test_a_refused_slab_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
