/* SPDX-License-Identifier: Apache-2.0 */
/* Text under construction: what fits is kept, what does not is cut and remembered, nothing is
 * written outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void test_appending(void **state)
{
    (void)state;
    char out[64];
    struct text text = text_over(out, sizeof(out));
    assert_string_equal(out, "");
    text_append(&text, SLICE("a"));
    text_append_string(&text, "bc");
    text_append_char(&text, 'd');
    text_append_decimal(&text, UINT64_MAX);
    text_append_signed(&text, INT64_MIN);
    text_append_format(&text, "<%d>", 5);
    assert_string_equal(out, "abcd18446744073709551615-9223372036854775808<5>");
    assert_int_equal(text.length, strlen(out));
    assert_false(text.truncated);
    assert_true(slice_equal(text_slice(&text), slice_from_string(out)));
}

static void test_signed_values(void **state)
{
    (void)state;
    char out[64];
    struct text text = text_over(out, sizeof(out));
    text_append_signed(&text, 0);
    text_append_signed(&text, -1);
    text_append_signed(&text, INT64_MAX);
    assert_string_equal(out, "0-19223372036854775807");
}

static void test_cut_is_kept_and_remembered(void **state)
{
    (void)state;
    char out[8] = "xxxxxxx";
    struct text text = text_over(out, 5);
    text_append(&text, SLICE("abc"));
    assert_int_equal(text_room(&text), 1);
    text_append(&text, SLICE("de"));
    assert_string_equal(out, "abcd");
    assert_true(text.truncated);
    text_append(&text, SLICE("f"));
    text_append_format(&text, "%s", "g");
    assert_string_equal(out, "abcd");
    assert_int_equal(out[5], 'x');
    text_clear(&text);
    assert_string_equal(out, "");
    assert_false(text.truncated);
}

static void test_exact_fit_is_no_cut(void **state)
{
    (void)state;
    char out[5];
    struct text text = text_over(out, sizeof(out));
    text_append_format(&text, "%d", 1234);
    assert_string_equal(out, "1234");
    assert_false(text.truncated);
    text_append(&text, SLICE(""));
    assert_false(text.truncated);
}

static void test_format_is_cut(void **state)
{
    (void)state;
    char out[5];
    struct text text = text_over(out, sizeof(out));
    text_append_format(&text, "%s", "abcdefgh");
    assert_string_equal(out, "abcd");
    assert_int_equal(text.length, 4);
    assert_true(text.truncated);
}

static void test_smallest_text(void **state)
{
    (void)state;
    char out[1];
    struct text text = text_over(out, sizeof(out));
    text_append_char(&text, 'a');
    text_append_string(&text, NULL);
    assert_int_equal(text.length, 0);
    assert_int_equal(out[0], 0);
    assert_true(text.truncated);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appending),
        cmocka_unit_test(test_signed_values),
        cmocka_unit_test(test_cut_is_kept_and_remembered),
        cmocka_unit_test(test_exact_fit_is_no_cut),
        cmocka_unit_test(test_format_is_cut),
        cmocka_unit_test(test_smallest_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
