/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers: only digits are accepted, overflow is reported, what is written reads back. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"

static void test_decimal(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_int_equal(number_parse_decimal(SLICE("0"), &value), RESULT_OK);
    assert_int_equal(value, 0);
    assert_int_equal(number_parse_decimal(SLICE("00042"), &value), RESULT_OK);
    assert_int_equal(value, 42);
    assert_int_equal(number_parse_decimal(SLICE("18446744073709551615"), &value), RESULT_OK);
    assert_true(value == UINT64_MAX);
}

static void test_decimal_refuses_what_is_no_digit(void **state)
{
    (void)state;
    const struct slice bad[] = {SLICE(""),    SLICE("-1"), SLICE("+1"),  SLICE(" 1"), SLICE("1 "),
                                SLICE("0x1"), SLICE("1a"), SLICE("1."),  SLICE("a"),  SLICE("1\0"),
                                SLICE("/"),   SLICE(":"),  SLICE("\xb2")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t value = 7;
        assert_int_equal(number_parse_decimal(bad[i], &value), RESULT_INVALID);
        assert_int_equal(value, 7);
    }
}

static void test_overflow(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_int_equal(number_parse_decimal(SLICE("18446744073709551616"), &value), RESULT_FULL);
    assert_int_equal(number_parse_decimal(SLICE("99999999999999999999999"), &value), RESULT_FULL);
    assert_int_equal(number_parse_hex(SLICE("10000000000000000"), &value), RESULT_FULL);
    assert_int_equal(number_parse_decimal(SLICE("99999999999999999999999x"), &value),
                     RESULT_INVALID);
    assert_int_equal(value, 7);
}

static void test_hex(void **state)
{
    (void)state;
    uint64_t value = 7;
    assert_int_equal(number_parse_hex(SLICE("fFfFfFfFfFfFfFfF"), &value), RESULT_OK);
    assert_true(value == UINT64_MAX);
    assert_int_equal(number_parse_hex(SLICE("00000000000000000001A"), &value), RESULT_OK);
    assert_int_equal(value, 0x1a);
    assert_int_equal(number_parse_hex(SLICE("0x1"), &value), RESULT_INVALID);
    assert_int_equal(number_parse_hex(SLICE("g"), &value), RESULT_INVALID);
    assert_int_equal(number_parse_hex(SLICE(""), &value), RESULT_INVALID);
}

static void test_signed(void **state)
{
    (void)state;
    int64_t value = 7;
    assert_int_equal(number_parse_signed(SLICE("-9223372036854775808"), &value), RESULT_OK);
    assert_true(value == INT64_MIN);
    assert_int_equal(number_parse_signed(SLICE("+9223372036854775807"), &value), RESULT_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(number_parse_signed(SLICE("-0"), &value), RESULT_OK);
    assert_int_equal(value, 0);
    assert_int_equal(number_parse_signed(SLICE("9223372036854775808"), &value), RESULT_FULL);
    assert_int_equal(number_parse_signed(SLICE("-9223372036854775809"), &value), RESULT_FULL);
    assert_int_equal(number_parse_signed(SLICE("-"), &value), RESULT_INVALID);
    assert_int_equal(number_parse_signed(SLICE("--1"), &value), RESULT_INVALID);
    assert_int_equal(number_parse_signed(SLICE(""), &value), RESULT_INVALID);
}

static void check_written(uint64_t value)
{
    char out[NUMBER_TEXT_SIZE];
    char expected[NUMBER_TEXT_SIZE];
    uint64_t back;
    snprintf(expected, sizeof(expected), "%" PRIu64, value);
    struct slice written = slice_of(out, number_write_decimal(out, value));
    assert_true(slice_equal(written, slice_from_string(expected)));
    assert_int_equal(number_parse_decimal(written, &back), RESULT_OK);
    assert_true(back == value);
    snprintf(expected, sizeof(expected), "%" PRIx64, value);
    written = slice_of(out, number_write_hex(out, value));
    assert_true(slice_equal(written, slice_from_string(expected)));
}

static void test_writing_around_each_power(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        check_written(UINT64_C(1) << bit);
        check_written((UINT64_C(1) << bit) - 1);
    }
    uint64_t power = 1;
    for (unsigned digit = 0; digit < 19; digit++, power *= 10) {
        check_written(power);
        check_written(power - 1);
    }
    check_written(UINT64_MAX);
}

static void test_checked_sizes(void **state)
{
    (void)state;
    size_t out;
    assert_true(size_add(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_false(size_add(SIZE_MAX, 1, &out));
    assert_true(size_multiply(SIZE_MAX / 2, 2, &out));
    assert_false(size_multiply(SIZE_MAX / 2 + 1, 2, &out));
    assert_int_equal(size_min(1, 2), 1);
    assert_int_equal(size_max(1, 2), 2);
}

static void test_hex_digit(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *found = c == 0 ? NULL : strchr(digits, c);
        const int expected = found == NULL ? -1 : (int)((found - digits) % 16);
        assert_int_equal(number_hex_digit((char)c), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_decimal_refuses_what_is_no_digit),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_signed),
        cmocka_unit_test(test_writing_around_each_power),
        cmocka_unit_test(test_checked_sizes),
        cmocka_unit_test(test_hex_digit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
