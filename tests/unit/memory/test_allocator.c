/* SPDX-License-Identifier: Apache-2.0 */
/* What a block costs is what the allocator uses for it, and free pages go back when told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/allocator.h"
#include "memory/resident.h"

static void test_cost_is_known_before_and_after(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 300000; bytes += bytes / 3 + 1) {
        void *block = allocator_take(bytes);
        assert_non_null(block);
        assert_int_equal(allocator_cost(bytes), allocator_cost_of(block));
        assert_true(allocator_cost(bytes) >= bytes);
        assert_true(allocator_usable(block) >= bytes);
        memset(block, 1, bytes);
        allocator_release(block);
    }
    assert_true(allocator_cost(0) >= 1);
}

static void test_zeroed_and_resized(void **state)
{
    (void)state;
    static const char zeroes[1000];
    char *block = allocator_take_zeroed(sizeof(zeroes));
    assert_memory_equal(block, zeroes, sizeof(zeroes));
    block[0] = 'x';
    block = allocator_resize(block, 100000);
    assert_int_equal(block[0], 'x');
    allocator_release(block);
    allocator_release(NULL);
}

static void test_large_blocks_cost_the_page_that_they_take(void **state)
{
    (void)state;
    enum { BLOCKS = 512, BYTES = 16384 };
    struct allocator_figures before;
    struct allocator_figures after;
    static void *blocks[BLOCKS];
    allocator_read(&before);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = allocator_take(BYTES);
        memset(blocks[i], 1, BYTES);
    }
    allocator_read(&after);
    if (!allocator_is_sanitized()) {
        const size_t gained = after.active - before.active;
        const size_t expected = BLOCKS * allocator_cost(BYTES);
        assert_in_range(gained, expected - expected / 20, expected + expected / 20);
    }
    for (int i = 0; i < BLOCKS; i++) {
        allocator_release(blocks[i]);
    }
}

static void test_purge_gives_pages_back(void **state)
{
    (void)state;
    enum { BLOCKS = 2000, BYTES = 8192 };
    struct resident_reader reader;
    static void *blocks[BLOCKS];
    resident_open(&reader);
    const size_t before = resident_read(&reader);
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = allocator_take(BYTES);
        memset(blocks[i], 1, BYTES);
    }
    const size_t high = resident_read(&reader);
    assert_true(high >= before + BLOCKS * (size_t)BYTES / 2);
    for (int i = 0; i < BLOCKS; i++) {
        allocator_release(blocks[i]);
    }
    allocator_flush_thread();
    allocator_decay();
    allocator_purge();
    if (!allocator_is_sanitized()) {
        assert_true(resident_read(&reader) < before + 3 * MEBIBYTE);
    }
    resident_close(&reader);
}

static void test_thread_counters_count(void **state)
{
    (void)state;
    uint64_t allocated[2];
    uint64_t released[2];
    allocator_thread_counters(&allocated[0], &released[0]);
    void *block = allocator_take(3000);
    allocator_release(block);
    allocator_thread_counters(&allocated[1], &released[1]);
    const uint64_t expected = allocator_is_sanitized() ? 0 : allocator_cost(3000);
    assert_int_equal(allocated[1] - allocated[0], expected);
    assert_int_equal(released[1] - released[0], expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost_is_known_before_and_after),
        cmocka_unit_test(test_zeroed_and_resized),
        cmocka_unit_test(test_large_blocks_cost_the_page_that_they_take),
        cmocka_unit_test(test_purge_gives_pages_back),
        cmocka_unit_test(test_thread_counters_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
