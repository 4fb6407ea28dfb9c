/* SPDX-License-Identifier: Apache-2.0 */
/* Library blocks, their refusal, and the meter of libraries without an allocator argument. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/allocator.h"
#include "memory/fault.h"
#include "memory/library.h"
#include "support/memory.h"

struct fixture {
    struct memory *memory;
    struct account account;
};

static void open_fixture(struct fixture *fixture, struct memory_options options)
{
    fixture->memory = test_memory_open(options);
    account_init(&fixture->account, memory_ledger(fixture->memory, 0), ACCOUNT_CLIENT, 0);
}

static void close_fixture(struct fixture *fixture)
{
    account_deinit(&fixture->account);
    test_memory_close(fixture->memory);
}

static void test_random_blocks_keep_content_and_sum(void **state)
{
    (void)state;
    enum { BLOCKS = 100, ROUNDS = 20000, SIZE_MOST = 40000 };
    static unsigned char *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    struct fixture fixture;
    srand(7);
    open_fixture(&fixture, (struct memory_options){0});
    for (int round = 0; round < ROUNDS; round++) {
        const int i = rand() % BLOCKS;
        const size_t size = (size_t)rand() % (rand() % 8 == 0 ? SIZE_MOST : 300);
        if (blocks[i] != NULL && rand() % 3 == 0) {
            library_release(&fixture.account, blocks[i]);
            blocks[i] = NULL;
            sizes[i] = 0;
            continue;
        }
        unsigned char *resized = library_resize(&fixture.account, blocks[i], size);
        assert_non_null(resized);
        for (size_t k = 0; k < size_min(size, sizes[i]); k += 7) {
            assert_int_equal(resized[k], i);
        }
        memset(resized, i, size);
        blocks[i] = resized;
        sizes[i] = size;
    }
    size_t cost = 0;
    for (int i = 0; i < BLOCKS; i++) {
        cost += blocks[i] == NULL ? 0 : allocator_cost_of(blocks[i]);
    }
    assert_int_equal(fixture.account.used, cost);
    for (int i = 0; i < BLOCKS; i++) {
        library_release(&fixture.account, blocks[i]);
    }
    close_fixture(&fixture);
}

static void test_refused_by_cap_and_by_fault(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, (struct memory_options){0});
    fixture.account.cap = 1000;
    void *block = library_take(&fixture.account, 500);
    assert_non_null(block);
    assert_null(library_take(&fixture.account, 600));
    assert_null(library_resize(&fixture.account, block, 900)); /* both sizes at a time */
    fault_fail_nth(fixture.memory, 2, 0);
    void *small = library_take(&fixture.account, 10);
    assert_non_null(small);
    assert_null(library_take(&fixture.account, 10));
    assert_int_equal(fault_failed(fixture.memory), 1);
    library_release(&fixture.account, small);
    library_release(&fixture.account, block);
    library_release(&fixture.account, NULL);
    close_fixture(&fixture);
}

static void test_poison(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, (struct memory_options){.poison = true, .poison_byte = 0x5a});
    unsigned char *block = library_take(&fixture.account, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(block[i], 0x5a);
    }
    library_release(&fixture.account, block);
    close_fixture(&fixture);
}

static void test_meter_follows_the_thread(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t held = 0;
    open_fixture(&fixture, (struct memory_options){0});
    struct library_meter meter = library_meter_begin();
    void *a = allocator_take(1000);
    void *b = allocator_take(5000);
    memset(a, 1, 1000);
    memset(b, 1, 5000);
    library_meter_end(meter, &fixture.account, &held);
    assert_int_equal(fixture.account.used, held);
    assert_true(allocator_is_sanitized() ? held == 0 : held >= 6000 && held < 8000);
    meter = library_meter_begin();
    allocator_release(a);
    library_meter_end(meter, &fixture.account, &held);
    assert_int_equal(fixture.account.used, held);
    assert_true(allocator_is_sanitized() ? held == 0 : held >= 5000 && held < 7000);
    allocator_release(b);
    library_meter_clear(&fixture.account, &held);
    assert_int_equal(held, 0);
    assert_int_equal(fixture.account.used, 0);
    close_fixture(&fixture);
}

static void test_meter_never_goes_below_zero(void **state)
{
    (void)state;
    struct fixture fixture;
    size_t held = 0;
    void *foreign = allocator_take(1000);
    open_fixture(&fixture, (struct memory_options){0});
    memset(foreign, 1, 1000);
    const struct library_meter meter = library_meter_begin();
    allocator_release(foreign);
    library_meter_end(meter, &fixture.account, &held);
    assert_int_equal(held, 0);
    assert_int_equal(fixture.account.used, 0);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_blocks_keep_content_and_sum),
        cmocka_unit_test(test_refused_by_cap_and_by_fault),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_meter_follows_the_thread),
        cmocka_unit_test(test_meter_never_goes_below_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
