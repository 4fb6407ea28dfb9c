/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting lines into words: quotes, escapes, variables, and where each mistake is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/lexer.h"

enum { WORDS_MAX = 6, ERROR_SIZE = 256 };

static const struct lexer_place PLACE = {.file = "x.cfg", .line = 42, .section = "web"};

static struct config_words words;

struct split_case {
    const char *line;
    const char *words[WORDS_MAX]; /* ended by NULL */
};

static void check_words(const struct split_case *expected)
{
    char bytes[ERROR_SIZE];
    struct text error = text_over(bytes, sizeof(bytes));
    size_t position = 0;
    assert_int_equal(lexer_split(expected->line, &PLACE, &words, &position, &error), RESULT_OK);
    unsigned count = 0;
    for (; count < WORDS_MAX && expected->words[count] != NULL; count++) {
        assert_true(count < words.count);
        assert_string_equal(words.words[count], expected->words[count]);
    }
    assert_int_equal(words.count, count);
    assert_null(words.words[count]);
}

static void set_variables(void)
{
    setenv("LEXER_X", "value", 1);
    setenv("LEXER_EMPTY", "", 1);
    setenv("LEXER_LIST", "one two  three", 1);
    unsetenv("LEXER_NONE");
}

static void test_words(void **state)
{
    static const struct split_case CASES[] = {
        {"", {NULL}},
        {"  \t ", {NULL}},
        {"# all of it", {NULL}},
        {"  a b\tc  ", {"a", "b", "c", NULL}},
        {"a#b", {"a", NULL}},
        {"a \\#b", {"a", "#b", NULL}},
        {"a '#b' \"#c\"", {"a", "#b", "#c", NULL}},
        {"a\rb", {"a", "b", NULL}},
        {"''", {"", NULL}},
        {"a \"\" b", {"a", "", "b", NULL}},
        {"a''b", {"ab", NULL}},
        {"x'a b'c\"d e\"f", {"xa bcd ef", NULL}},
        {"'a\"b' \"c'd\"", {"a\"b", "c'd", NULL}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        check_words(&CASES[i]);
    }
}

static void test_escapes(void **state)
{
    static const struct split_case CASES[] = {
        {"a\\ b", {"a b", NULL}},
        {"a\\\tb", {"a\tb", NULL}},
        {"a\\\\b", {"a\\b", NULL}},
        {"\\'a\\\"", {"'a\"", NULL}},
        {"\\n\\r\\t", {"\n\r\t", NULL}},
        {"\\x41\\x6a\\x7E", {"Aj~", NULL}},
        {"\"\\x41 \\n\\\"\"", {"A \n\"", NULL}},
        {"'\\x41\\n'", {"\\x41\\n", NULL}},
        {"a\\qb", {"a\\qb", NULL}},
        {"a\\", {"a\\", NULL}},
        {"a\\$b", {"a\\$b", NULL}},
        {"\"a\\$b\"", {"a$b", NULL}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        check_words(&CASES[i]);
    }
}

static void test_variables(void **state)
{
    static const struct split_case CASES[] = {
        {"$LEXER_X", {"$LEXER_X", NULL}},
        {"'$LEXER_X'", {"$LEXER_X", NULL}},
        {"\"$LEXER_X\"", {"value", NULL}},
        {"\"a${LEXER_X}b\"", {"avalueb", NULL}},
        {"\"$LEXER_X.b-c\"", {"value.b-c", NULL}},
        {"\"$LEXER_NONE\"", {"", NULL}},
        {"a\"${LEXER_NONE}\"b", {"ab", NULL}},
        {"\"${LEXER_NONE-other}\"", {"other", NULL}},
        {"\"${LEXER_NONE-}\"", {"", NULL}},
        {"\"${LEXER_EMPTY-other}\"", {"", NULL}},
        {"\"${LEXER_X-other}\"", {"value", NULL}},
        {"\"$LEXER_LIST\"", {"one two  three", NULL}},
        {"\"${LEXER_LIST[*]}\" end", {"one", "two", "three", "end", NULL}},
        {"x\"${LEXER_LIST[*]}y\"", {"xone", "two", "threey", NULL}},
        {"a \"${LEXER_NONE[*]}\" b", {"a", "b", NULL}},
        {"a \"${LEXER_NONE[*]-c d}\" b", {"a", "c", "d", "b", NULL}},
        {"\"${.LINE}\" \"$.FILE\" \"${.SECTION}\"", {"42", "x.cfg", "web", NULL}},
    };
    (void)state;
    set_variables();
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        check_words(&CASES[i]);
    }
}

static void test_errors(void **state)
{
    static const struct {
        const char *line;
        const char *error;
        size_t position;
    } CASES[] = {
        {"foo'abc", "unmatched quote", 3},
        {"  foo \"bar", "unmatched quote", 6},
        {"a \"b' c", "unmatched quote", 2},
        {"foo\\x4", "truncated or invalid hexadecimal sequence", 3},
        {"foo\\x4g", "truncated or invalid hexadecimal sequence", 3},
        {"foo\\x", "truncated or invalid hexadecimal sequence", 3},
        {"\"foo$\"", "forbidden first char in environment variable name", 5},
        {"\"foo$1\"", "forbidden first char in environment variable name", 5},
        {"\"foo${}\"", "forbidden first char in environment variable name", 6},
        {"\"foo${.BAD}\"", "forbidden first char in environment variable name", 6},
        {"\"foo${X\"", "unmatched brace in environment variable name", 5},
        {"\"foo${X-abc\"", "unmatched brace in environment variable name", 5},
        {"\"foo${X[*]\"", "unmatched brace in environment variable name", 5},
        {"\"foo${X[}\"", "truncated or invalid word expansion sequence", 7},
        {"\"foo${X[*}\"", "truncated or invalid word expansion sequence", 7},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char bytes[ERROR_SIZE];
        struct text error = text_over(bytes, sizeof(bytes));
        size_t position = 0;
        assert_int_equal(lexer_split(CASES[i].line, &PLACE, &words, &position, &error),
                         RESULT_INVALID);
        assert_string_equal(bytes, CASES[i].error);
        assert_int_equal(position, CASES[i].position);
    }
}

/* Repeats `piece` until `bytes` bytes are there. */
static char *repeat(const char *piece, size_t bytes)
{
    char *line = malloc(bytes + strlen(piece) + 1);
    assert_non_null(line);
    size_t length = 0;
    while (length < bytes) {
        memcpy(line + length, piece, strlen(piece));
        length += strlen(piece);
    }
    line[length] = '\0';
    return line;
}

static void check_limit(const char *line, enum result expected, const char *message)
{
    char bytes[ERROR_SIZE];
    struct text error = text_over(bytes, sizeof(bytes));
    size_t position = 0;
    assert_int_equal(lexer_split(line, &PLACE, &words, &position, &error), expected);
    assert_string_equal(bytes, message);
    assert_true(position <= strlen(line));
    assert_true(words.count <= LEXER_WORDS_MAX);
}

static void test_limits(void **state)
{
    (void)state;
    char *line = repeat("w ", (size_t)2 * LEXER_WORDS_MAX);
    check_limit(line, RESULT_OK, "");
    assert_int_equal(words.count, LEXER_WORDS_MAX);
    free(line);
    line = repeat("w ", (size_t)2 * LEXER_WORDS_MAX + 2);
    check_limit(line, RESULT_INVALID, "too many words");
    free(line);
    line = repeat("w", LEXER_BYTES_MAX - 1);
    check_limit(line, RESULT_OK, "");
    free(line);
    line = repeat("w", LEXER_BYTES_MAX);
    check_limit(line, RESULT_INVALID, "line too long");
    free(line);
}

/* An expansion cannot make a line longer than the limit either. */
static void test_long_variable(void **state)
{
    (void)state;
    char *value = repeat("v", LEXER_BYTES_MAX / 2 + 1);
    setenv("LEXER_LONG", value, 1);
    check_limit("\"$LEXER_LONG\"", RESULT_OK, "");
    check_limit("\"$LEXER_LONG$LEXER_LONG\"", RESULT_INVALID, "line too long");
    unsetenv("LEXER_LONG");
    free(value);
    char *name = repeat("N", 300);
    char line[400];
    snprintf(line, sizeof(line), "\"$%s\"", name);
    check_limit(line, RESULT_INVALID, "environment variable name too long");
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),     cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_variables), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_long_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
