/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suggestions: the distance between words, and which candidate is close enough to be offered.
 */
#include "rules/suggestion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(suggestion_distance("", ""), 0);
    assert_int_equal(suggestion_distance("deny", "deny"), 0);
    assert_int_equal(suggestion_distance("denyy", "deny"), 1);
    assert_int_equal(suggestion_distance("den", "deny"), 1);
    assert_int_equal(suggestion_distance("dany", "deny"), 1);
    assert_int_equal(suggestion_distance("dney", "deny"), 1);
    assert_int_equal(suggestion_distance("abc", ""), 3);
    assert_int_equal(suggestion_distance("kitten", "sitting"), 3);
    assert_int_equal(suggestion_distance("set-hedaer", "set-header"), 1);
}

static void test_distance_of_long_words(void **state)
{
    (void)state;
    char longest[SUGGESTION_WORD_BYTES_MAX + 1];
    char too_long[SUGGESTION_WORD_BYTES_MAX + 2];
    memset(longest, 'a', sizeof(longest));
    longest[SUGGESTION_WORD_BYTES_MAX] = '\0';
    memset(too_long, 'a', sizeof(too_long));
    too_long[SUGGESTION_WORD_BYTES_MAX + 1] = '\0';
    assert_int_equal(suggestion_distance(longest, longest), 0);
    assert_int_equal(suggestion_distance(longest, ""), SUGGESTION_WORD_BYTES_MAX);
    assert_true(suggestion_distance(longest, too_long) == SIZE_MAX);
    assert_true(suggestion_distance(too_long, longest) == SIZE_MAX);
}

static void test_best_of_many(void **state)
{
    (void)state;
    struct suggestion suggestion = {0};
    suggestion_offer(&suggestion, "set-heder", "set-uri");
    assert_null(suggestion.best);
    suggestion_offer(&suggestion, "set-heder", "del-header");
    suggestion_offer(&suggestion, "set-heder", "set-header");
    suggestion_offer(&suggestion, "set-heder", "add-header");
    assert_string_equal(suggestion.best, "set-header");
    assert_int_equal(suggestion.distance, 1);
}

static void test_nothing_close(void **state)
{
    (void)state;
    struct suggestion suggestion = {0};
    suggestion_offer(&suggestion, "foo", "deny");
    suggestion_offer(&suggestion, "foo", "for");
    assert_string_equal(suggestion.best, "for");
    suggestion = (struct suggestion){0};
    suggestion_offer(&suggestion, "x", "y");
    assert_null(suggestion.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_distance_of_long_words),
        cmocka_unit_test(test_best_of_many),
        cmocka_unit_test(test_nothing_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
