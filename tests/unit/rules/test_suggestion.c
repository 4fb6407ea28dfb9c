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

/* The distance of two words that are close enough, or -1. */
static int distance(const char *word, const char *candidate)
{
    struct suggestion suggestion = {0};
    suggestion_offer(&suggestion, word, candidate);
    return suggestion.best == NULL ? -1 : (int)suggestion.distance;
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(distance("deny", "deny"), 0);
    assert_int_equal(distance("denyy", "deny"), 1);
    assert_int_equal(distance("den", "deny"), 1);
    assert_int_equal(distance("dany", "deny"), 1);
    assert_int_equal(distance("dney", "deny"), 1);
    assert_int_equal(distance("abc", ""), -1);
    assert_int_equal(distance("sitting-and", "kitten-and"), 3);
    assert_int_equal(distance("sitting", "kitten"), -1);
    assert_int_equal(distance("set-hedaer", "set-header"), 1);
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
    assert_int_equal(distance(longest, longest), 0);
    assert_int_equal(distance(longest, too_long), -1);
    assert_int_equal(distance(too_long, longest), -1);
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
