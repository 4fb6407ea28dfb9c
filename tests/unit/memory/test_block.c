/* SPDX-License-Identifier: Apache-2.0 */
/* Plain blocks: zeroed, resized, copied, refused, and charged what they cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/fault.h"
#include "support/memory.h"

struct fixture {
    struct memory *memory;
    struct account account;
};

static void open_fixture(struct fixture *fixture)
{
    fixture->memory = test_memory_limited(16 * MEBIBYTE);
    test_memory_ignore_resident(fixture->memory);
    account_init(&fixture->account, memory_ledger(fixture->memory, 0), ACCOUNT_CONFIGURATION, 0);
}

static void close_fixture(struct fixture *fixture)
{
    account_deinit(&fixture->account);
    test_memory_close(fixture->memory);
}

static bool is_zero(const char *bytes, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

static void test_blocks_are_zeroed_and_charged(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 8, 100, 5000, 16384, 100000};
    struct fixture fixture;
    open_fixture(&fixture);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *block = memory_take(&fixture.account, sizes[i]);
        assert_non_null(block);
        assert_true(is_zero(block, 0, sizes[i]));
        assert_true(fixture.account.used >= size_max(sizes[i], 1));
        assert_true(fixture.account.used <= sizes[i] * 3 / 2 + 8192);
        memset(block, 0xff, sizes[i]);
        memory_release(&fixture.account, block);
        assert_int_equal(fixture.account.used, 0);
    }
    memory_release(&fixture.account, NULL);
    close_fixture(&fixture);
}

static void test_resizing_keeps_content_and_zeroes_what_is_gained(void **state)
{
    (void)state;
    static const size_t sizes[] = {10, 100, 37, 90, 5000, 4, 70000, 20000, 21000, 100};
    struct fixture fixture;
    size_t before = 0;
    char *block = NULL;
    open_fixture(&fixture);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        block = memory_resize(&fixture.account, block, sizes[i]);
        assert_non_null(block);
        for (size_t k = 0; k < size_min(before, sizes[i]); k++) {
            assert_int_equal(block[k], 'x');
        }
        assert_true(is_zero(block, size_min(before, sizes[i]), sizes[i]));
        memset(block, 'x', sizes[i]);
        before = sizes[i];
    }
    memory_release(&fixture.account, block);
    close_fixture(&fixture);
}

static void test_refusals_leave_the_block(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    char *block = memory_copy_string(&fixture.account, SLICE("kept"));
    const size_t used = fixture.account.used;
    assert_null(memory_take(&fixture.account, 32 * MEBIBYTE));
    assert_null(memory_take(&fixture.account, SIZE_MAX));
    assert_null(memory_resize(&fixture.account, block, 32 * MEBIBYTE));
    assert_null(memory_resize(&fixture.account, block, SIZE_MAX));
    fault_fail_nth(fixture.memory, 1, 1);
    assert_null(memory_resize(&fixture.account, block, 5000));
    assert_null(memory_take(&fixture.account, 1));
    assert_string_equal(block, "kept");
    assert_int_equal(fixture.account.used, used);
    memory_release(&fixture.account, block);
    close_fixture(&fixture);
}

static void test_copies_of_strings(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    char *empty = memory_copy_string(&fixture.account, SLICE_NONE);
    char *part = memory_copy_string(&fixture.account, slice_of("hello", 2));
    assert_string_equal(empty, "");
    assert_string_equal(part, "he");
    assert_null(memory_copy_string(&fixture.account, slice_of("x", SIZE_MAX)));
    memory_release(&fixture.account, empty);
    memory_release(&fixture.account, part);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_zeroed_and_charged),
        cmocka_unit_test(test_resizing_keeps_content_and_zeroes_what_is_gained),
        cmocka_unit_test(test_refusals_leave_the_block),
        cmocka_unit_test(test_copies_of_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
