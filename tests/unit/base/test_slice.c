/* SPDX-License-Identifier: Apache-2.0 */
/* Comparing, searching and cutting slices, at their edges and beside a plain model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"

static const struct slice none = {NULL, 0};

static void test_equal_looks_at_length_and_bytes(void **state)
{
    (void)state;
    assert_true(slice_equal(SLICE("abc"), SLICE("abc")));
    assert_false(slice_equal(SLICE("abc"), SLICE("abd")));
    assert_false(slice_equal(SLICE("abc"), SLICE("ab")));
    assert_true(slice_equal(none, SLICE("")));
    assert_false(slice_equal(slice_of("a\0b", 3), slice_of("a\0c", 3)));
}

static void test_nocase_folds_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(slice_equal_nocase(SLICE("Content-LENGTH"), SLICE("content-length")));
    assert_false(slice_equal_nocase(SLICE("@"), SLICE("`")));
    assert_false(slice_equal_nocase(SLICE("["), SLICE("{")));
    assert_false(slice_equal_nocase(SLICE("\xc4"), SLICE("\xe4")));
    assert_true(slice_equal_nocase(none, SLICE("")));
}

static void test_compare_orders_bytes_then_length(void **state)
{
    (void)state;
    assert_int_equal(slice_compare(SLICE("a"), SLICE("b")), -1);
    assert_int_equal(slice_compare(SLICE("b"), SLICE("a")), 1);
    assert_int_equal(slice_compare(SLICE("a"), SLICE("a")), 0);
    assert_int_equal(slice_compare(SLICE("a"), SLICE("ab")), -1);
    assert_int_equal(slice_compare(SLICE("ab"), SLICE("a")), 1);
    assert_int_equal(slice_compare(none, SLICE("")), 0);
    assert_int_equal(slice_compare(SLICE("\x7f"), SLICE("\x80")), -1);
}

static void test_prefixes_and_suffixes(void **state)
{
    (void)state;
    assert_true(slice_starts_with(SLICE("example"), SLICE("exa")));
    assert_true(slice_starts_with(SLICE("x"), none));
    assert_false(slice_starts_with(SLICE("ex"), SLICE("exa")));
    assert_false(slice_starts_with(SLICE("Example"), SLICE("exa")));
    assert_true(slice_starts_with_nocase(SLICE("Example"), SLICE("eXA")));
    assert_true(slice_ends_with(SLICE("file.pem"), SLICE(".pem")));
    assert_false(slice_ends_with(SLICE("pem"), SLICE(".pem")));
    assert_false(slice_ends_with(SLICE("file.PEM"), SLICE(".pem")));
    assert_true(slice_ends_with_nocase(SLICE("file.PEM"), SLICE(".pem")));
    assert_true(slice_ends_with(none, none));
}

static void test_cutting_stays_inside(void **state)
{
    (void)state;
    struct slice s = SLICE("abcdef");
    assert_true(slice_equal(slice_skip(s, 2), SLICE("cdef")));
    assert_int_equal(slice_skip(s, 6).length, 0);
    assert_int_equal(slice_skip(s, 7).length, 0);
    assert_ptr_equal(slice_skip(s, 100).data, s.data + 6);
    assert_true(slice_equal(slice_first(s, 2), SLICE("ab")));
    assert_true(slice_equal(slice_first(s, 100), s));
}

static void test_find_char(void **state)
{
    (void)state;
    assert_int_equal(slice_find_char(SLICE("a,b"), ','), 1);
    assert_int_equal(slice_find_char(SLICE("ab"), ','), 2);
    assert_int_equal(slice_find_char(none, ','), 0);
    assert_int_equal(slice_find_char(slice_of("ab,", 2), ','), 2);
}

static void test_find_at_the_edges(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("abc"), SLICE("")), 0);
    assert_int_equal(slice_find(none, none), 0);
    assert_int_equal(slice_find(SLICE("abc"), SLICE("c")), 2);
    assert_int_equal(slice_find(SLICE("abc"), SLICE("abcd")), 3);
    assert_int_equal(slice_find(slice_of("abcd", 3), SLICE("cd")), 3);
    assert_int_equal(slice_find_nocase(SLICE("xxABC"), SLICE("abc")), 2);
    assert_int_equal(slice_find_nocase(SLICE("ab"), SLICE("abc")), 2);
    assert_int_equal(slice_find_nocase(none, SLICE("a")), 0);
}

/* The first place by the definition. */
static size_t find_plainly(struct slice s, struct slice needle)
{
    for (size_t i = 0; i + needle.length <= s.length; i++) {
        if (memcmp(s.data + i, needle.data, needle.length) == 0) {
            return i;
        }
    }
    return s.length;
}

static void test_find_agrees_with_the_definition(void **state)
{
    (void)state;
    char text[20];
    srand(1);
    for (int round = 0; round < 5000; round++) {
        for (size_t i = 0; i < sizeof(text); i++) {
            text[i] = (char)('a' + rand() % 2);
        }
        struct slice s = slice_of(text, (size_t)rand() % 14);
        struct slice needle = slice_of(text + 14, 1 + (size_t)rand() % 5);
        assert_int_equal(slice_find(s, needle), find_plainly(s, needle));
        assert_int_equal(slice_find_nocase(s, needle), find_plainly(s, needle));
    }
}

static void test_trim_takes_spaces_and_tabs(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_trim(SLICE(" \t a b\t ")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t ")).length, 0);
    assert_true(slice_equal(slice_trim(SLICE("\r\n")), SLICE("\r\n")));
    assert_int_equal(slice_trim(none).length, 0);
}

static void test_tokens(void **state)
{
    (void)state;
    struct slice rest = SLICE("a,,bc");
    struct slice token;
    assert_true(slice_next_token(&rest, ',', &token));
    assert_true(slice_equal(token, SLICE("a")));
    assert_true(slice_next_token(&rest, ',', &token));
    assert_int_equal(token.length, 0);
    assert_true(slice_next_token(&rest, ',', &token));
    assert_true(slice_equal(token, SLICE("bc")));
    assert_null(rest.data);
    assert_false(slice_next_token(&rest, ',', &token));
}

static void test_tokens_of_nothing_and_of_a_last_separator(void **state)
{
    (void)state;
    struct slice rest = SLICE("");
    struct slice token;
    assert_false(slice_next_token(&rest, ',', &token));
    rest = SLICE("a,");
    assert_true(slice_next_token(&rest, ',', &token));
    assert_false(slice_next_token(&rest, ',', &token));
    assert_non_null(rest.data); /* tells that a separator was last */
}

static void test_lower(void **state)
{
    (void)state;
    for (int c = -128; c < 128; c++) {
        const int expected = c >= 'A' && c <= 'Z' ? c + 32 : c;
        assert_int_equal(ascii_lower((char)c), expected);
    }
    assert_int_equal(slice_from_string(NULL).length, 0);
    assert_int_equal(slice_from_string("ab").length, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_looks_at_length_and_bytes),
        cmocka_unit_test(test_nocase_folds_ascii_letters_only),
        cmocka_unit_test(test_compare_orders_bytes_then_length),
        cmocka_unit_test(test_prefixes_and_suffixes),
        cmocka_unit_test(test_cutting_stays_inside),
        cmocka_unit_test(test_find_char),
        cmocka_unit_test(test_find_at_the_edges),
        cmocka_unit_test(test_find_agrees_with_the_definition),
        cmocka_unit_test(test_trim_takes_spaces_and_tabs),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_tokens_of_nothing_and_of_a_last_separator),
        cmocka_unit_test(test_lower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
