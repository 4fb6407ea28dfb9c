/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parsers of actions share: words up to the condition, arguments in parentheses, tokens,
 * durations, sizes and integers.
 */
#include "rules/arguments.h"

#include "support/rules.h"

static void test_words(void **state)
{
    (void)state;
    const char *const words[] = {"a", "b", "if", "c"};
    assert_true(word_is_condition("if"));
    assert_true(word_is_condition("unless"));
    assert_false(word_is_condition("iff"));
    assert_int_equal(arguments_count(words, 4), 2);
    assert_int_equal(arguments_count(words, 1), 1);
    assert_int_equal(arguments_count(words, 0), 0);
    assert_true(arguments_are(words, 4, 2));
    assert_false(arguments_are(words, 4, 1));
    assert_true(arguments_are(words, 1, 1));
    assert_false(arguments_are(words, 1, 2));
    const char *const empty[] = {"", "b"};
    assert_false(arguments_are(empty, 2, 2));
    assert_true(argument_is(words, 4, 1, "b"));
    assert_false(argument_is(words, 1, 1, "b"));
    assert_false(argument_is(words, 4, 0, "b"));
}

static void test_parentheses(void **state)
{
    (void)state;
    struct slice argument;
    assert_true(keyword_argument("set-var(txn.x)", &argument));
    assert_slice(argument, "txn.x");
    assert_true(keyword_argument("set-var(txn.x,ifempty)", &argument));
    assert_slice(argument, "txn.x,ifempty");
    assert_true(keyword_argument("x()", &argument));
    assert_int_equal(argument.length, 0);
    assert_false(keyword_argument("set-var", &argument));
    assert_false(keyword_argument("set-var(", &argument));
    assert_false(keyword_argument("set-var(txn.x", &argument));
    assert_false(keyword_argument("set-var(txn.x)y", &argument));
}

static void test_tokens(void **state)
{
    (void)state;
    assert_true(slice_is_token(SLICE("X-Forwarded-For")));
    assert_true(slice_is_token(SLICE("a!#$%&'*+-.^_`|~9Z")));
    assert_false(slice_is_token(SLICE("")));
    assert_false(slice_is_token(SLICE("X Y")));
    assert_false(slice_is_token(SLICE("X:")));
    assert_false(slice_is_token(slice_of("a\0b", 3)));
    assert_false(slice_is_token(SLICE("\xc3\xa9")));
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        uint32_t ms;
    } good[] = {{"0", 0},       {"15", 15},      {"15ms", 15},         {"2s", 2000},
                {"3m", 180000}, {"1h", 3600000}, {"1d", 86400000},     {"1500us", 2},
                {"1us", 1},     {"2000us", 2},   {"49d", 4233600000U}, {"4294967295", 4294967295U}};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint32_t ms = 1;
        const char *rest = NULL;
        assert_int_equal(parse_duration_ms(good[i].word, &ms, &rest), RESULT_OK);
        assert_int_equal(ms, good[i].ms);
    }
    static const char *const bad[] = {"", "s", "-1", "1x", "1 s", "1.5s", "1sm", "5S"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t ms = 1;
        const char *rest = NULL;
        assert_int_equal(parse_duration_ms(bad[i], &ms, &rest), RESULT_INVALID);
        assert_int_equal(ms, 1);
    }
    static const char *const large[] = {"4294967296", "50d", "99999999999999999999", "5000000s",
                                        "18446744073709551615h"};
    for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++) {
        uint32_t ms = 1;
        const char *rest = NULL;
        assert_int_equal(parse_duration_ms(large[i], &ms, &rest), RESULT_FULL);
        assert_int_equal(ms, 1);
    }
}

static void test_rest_of_a_bad_duration(void **state)
{
    (void)state;
    uint32_t ms = 0;
    const char *rest = NULL;
    assert_int_equal(parse_duration_ms("12zz", &ms, &rest), RESULT_INVALID);
    assert_string_equal(rest, "zz");
}

static void test_sizes(void **state)
{
    (void)state;
    uint64_t bytes = 0;
    const char *rest = NULL;
    assert_int_equal(parse_size("1", &bytes, &rest), RESULT_OK);
    assert_int_equal(bytes, 1);
    assert_int_equal(parse_size("16k", &bytes, &rest), RESULT_OK);
    assert_int_equal(bytes, 16384);
    assert_int_equal(parse_size("2M", &bytes, &rest), RESULT_OK);
    assert_int_equal(bytes, 2097152);
    assert_int_equal(parse_size("1g", &bytes, &rest), RESULT_OK);
    assert_int_equal(bytes, 1073741824);
    assert_int_equal(parse_size("18446744073709551615k", &bytes, &rest), RESULT_FULL);
    assert_int_equal(parse_size("1kb", &bytes, &rest), RESULT_INVALID);
    assert_string_equal(rest, "kb");
}

static void test_integers(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_int_equal(parse_integer("255", 255, &value), RESULT_OK);
    assert_int_equal(value, 255);
    assert_int_equal(parse_integer("0xB8", 255, &value), RESULT_OK);
    assert_int_equal(value, 0xb8);
    assert_int_equal(parse_integer("256", 255, &value), RESULT_FULL);
    assert_int_equal(parse_integer("0x", 255, &value), RESULT_INVALID);
    assert_int_equal(parse_integer("", 255, &value), RESULT_INVALID);
    assert_int_equal(parse_integer("-1", 255, &value), RESULT_INVALID);
    assert_int_equal(parse_integer("12a", 255, &value), RESULT_INVALID);
}

static void test_blocks(void **state)
{
    (void)state;
    struct rules_test test;
    rules_test_open(&test);
    int *block = rule_take(&test.parser, sizeof(*block));
    assert_non_null(block);
    assert_int_equal(*block, 0);
    char *copy = rule_copy(&test.parser, SLICE("text"));
    assert_string_equal(copy, "text");
    test.account.cap = test.account.used;
    assert_null(rule_take(&test.parser, 1));
    assert_string_equal(test.error_storage, "out of memory");
    text_clear(&test.error);
    assert_null(rule_copy(&test.parser, SLICE("more")));
    assert_string_equal(test.error_storage, "out of memory");
    memory_release(&test.account, block);
    memory_release(&test.account, copy);
    rules_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_parentheses),
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_rest_of_a_bad_duration),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
