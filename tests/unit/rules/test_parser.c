/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the sample engine: what was there is replaced, may be quoted in what replaces it, and
 * is cut where the room ends; warnings add up.
 */
#include "rules/parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 64, MESSAGE_BYTES_MAX = 1023 };

static char error_bytes[2 * MESSAGE_BYTES_MAX];
static char warning_bytes[ROOM];
static struct text error;
static struct text warning;
static struct rule_parser parser;

static int open_test(void **state)
{
    (void)state;
    error = text_over(error_bytes, sizeof(error_bytes));
    warning = text_over(warning_bytes, sizeof(warning_bytes));
    parser = (struct rule_parser){.error = &error, .warning = &warning};
    return 0;
}

static void test_fail(void **state)
{
    (void)state;
    assert_int_equal(parser_fail(&parser, "first %s", "reason"), RESULT_INVALID);
    assert_string_equal(error_bytes, "first reason");
    assert_int_equal(parser_fail(&parser, "%d of %.*s", 2, 3, "abcdef"), RESULT_INVALID);
    assert_string_equal(error_bytes, "2 of abc");
    assert_int_equal(parser_fail(&parser, "%s", ""), RESULT_INVALID);
    assert_string_equal(error_bytes, "");
}

static void test_fail_quotes_what_was_there(void **state)
{
    (void)state;
    assert_int_equal(parser_fail(&parser, "inner"), RESULT_INVALID);
    assert_int_equal(parser_fail(&parser, "outer '%s' : %s", "x", parser.error->data),
                     RESULT_INVALID);
    assert_string_equal(error_bytes, "outer 'x' : inner");
}

static void test_long_message(void **state)
{
    (void)state;
    char name[2 * MESSAGE_BYTES_MAX];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(parser_fail(&parser, "%s", name), RESULT_INVALID);
    assert_int_equal(strlen(error_bytes), MESSAGE_BYTES_MAX);
    assert_memory_equal(error_bytes, name, MESSAGE_BYTES_MAX);
    /* The caller's room may be shorter still. */
    error = text_over(error_bytes, ROOM);
    assert_int_equal(parser_fail(&parser, "%s", name), RESULT_INVALID);
    assert_int_equal(strlen(error_bytes), ROOM - 1);
    assert_true(error.truncated);
    assert_int_equal(parser_fail(&parser, "short"), RESULT_INVALID);
    assert_string_equal(error_bytes, "short");
    assert_false(error.truncated);
}

static void test_memory(void **state)
{
    (void)state;
    assert_int_equal(parser_fail(&parser, "something else"), RESULT_INVALID);
    assert_int_equal(parser_fail_memory(&parser), RESULT_NO_MEMORY);
    assert_string_equal(error_bytes, "out of memory");
}

static void test_warnings(void **state)
{
    (void)state;
    parser_warn(&parser, "one %d", 1);
    assert_string_equal(warning_bytes, "one 1");
    parser_warn(&parser, "two %s", "2");
    assert_string_equal(warning_bytes, "one 1\ntwo 2");
    assert_string_equal(error_bytes, ""); /* no error */
    parser.warning = NULL;
    parser_warn(&parser, "nobody reads %s", "this");
    assert_string_equal(warning_bytes, "one 1\ntwo 2");
}

#define CASE(name) cmocka_unit_test_setup(name, open_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_fail),         CASE(test_fail_quotes_what_was_there),
        CASE(test_long_message), CASE(test_memory),
        CASE(test_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
