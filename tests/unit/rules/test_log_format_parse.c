/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling log-formats: what is accepted, and what HAProxy's words are for what is not.
 */
#include "rules/log_format.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void check_bad(const char *format, const char *message)
{
    assert_string_equal(rules_test_bad_format(&test, LOG_FORMAT_FOR_HTTP, format), message);
}

static void test_errors(void **state)
{
    (void)state;
    check_bad("%foo", "no such format alias 'foo'. If you wanted to emit the '%' character "
                      "verbatim, you need to use '%%'");
    check_bad("x %sslw", "no such format alias 'sslw' (did you mean 'sslc' maybe ?). If you wanted "
                         "to emit the '%' character verbatim, you need to use '%%'");
    check_bad("%[int(1)", "missing ']' after 'int(1)'");
    check_bad("%[int(1", "missing ']' after 'int(1'");
    check_bad("%{+Q}", "parse argument modifier without alias name near '%{+Q}'");
    check_bad("%{+Q", "truncated line after '%{+Q'");
    check_bad("%(a", "truncated line after '%(a'");
    check_bad("abc%", "truncated line after '%'");
    check_bad("100% sure",
              "unexpected alias name near ' ' at position 4 line : '100% sure'. Maybe you want to "
              "write a single '%', use the syntax '%%'");
    check_bad("5%5", "unexpected alias name near '5' at position 2 line : '5%5'. Maybe you want to "
                     "write a single '%', use the syntax '%%'");
    check_bad("%(a:foo)ci", "unexpected type 'foo' for 'a': 'str', 'sint' or 'bool' are expected");
}

static void test_bad_expressions(void **state)
{
    (void)state;
    assert_non_null(strstr(rules_test_bad_format(&test, LOG_FORMAT_FOR_HTTP, "%[foo]"), "foo"));
    assert_non_null(strstr(rules_test_bad_format(&test, LOG_FORMAT_FOR_HTTP, "%[]"), ""));
    assert_true(test.error.length > 0);
    assert_true(strlen(rules_test_bad_format(&test, LOG_FORMAT_FOR_HTTP, "%[int(1) trailing]")) >
                0);
}

static void test_literals(void **state)
{
    (void)state;
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, ""), "");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "100%%"), "100%");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "%%%%ci"), "%%ci");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "a%-b%_"), "a-b_");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "  a   b  "), "  a   b  ");
}

static void test_spaces_are_merged(void **state)
{
    (void)state;
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_LOG, "  a   b  "), "a b ");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_ID, "  %f   x"), "fe x");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, " %f   x "), " fe   x ");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_LOG, "a %hr  %hs b"), "a b");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_LOG, "%o  a"), "a");
}

static void test_brackets_in_expressions(void **state)
{
    (void)state;
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "%[str(a]b)]!"), "a]b!");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "%[str('a)]b')]!"), "a)]b!");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "%[str(\"a)]b\")]!"),
                        "a)]b!");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "[%[int(3)]]"), "[3]");
}

static void test_flags_and_names(void **state)
{
    (void)state;
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%{+Q}f"), "\"fe\"");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%(n){+Q}f %(:str)b"),
                        "\"fe\" fe");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%{+Q}o%f%{-Q}f%f"),
                        "\"fe\"fe\"fe\"");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%{+Q,-Q}f%{Q}f"),
                        "fe\"fe\"");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%{}f"), "fe");
    assert_int_equal(test.warning.length, 0);
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%{+Z}f"), "fe");
    assert_string_equal(test.warning_storage, "unknown log-format flag 'Z' is ignored");
}

static void test_predefined(void **state)
{
    (void)state;
    static const char *const formats[] = {LOG_FORMAT_HTTP,    LOG_FORMAT_TCP,     LOG_FORMAT_CLF,
                                          LOG_FORMAT_TCP_CLF, LOG_FORMAT_DEFAULT, LOG_FORMAT_ERROR};
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        struct log_format *format = NULL;
        struct slice constant;
        assert_int_equal(
            log_format_parse_for(&test.parser, formats[i], LOG_FORMAT_FOR_LOG, &format), RESULT_OK);
        assert_false(log_format_is_constant(format, &constant));
        log_format_destroy(&test.account, format);
    }
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct log_format *format = NULL;
    size_t before = test.account.used;
    for (size_t step = 1; step < 2000; step += 8) {
        test.account.cap = before + step;
        enum result result = log_format_parse_for(&test.parser, "a%(n){+Q}f%[str(x)]%%b",
                                                  LOG_FORMAT_FOR_HTTP, &format);
        if (result == RESULT_OK) {
            log_format_destroy(&test.account, format);
            test.account.cap = 0;
            return;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_int_equal(test.account.used, before);
    }
    fail_msg("never enough memory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_errors, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_bad_expressions, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_literals, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_spaces_are_merged, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_brackets_in_expressions, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_flags_and_names, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_predefined, open_test, close_test),
        cmocka_unit_test_setup_teardown(test_memory_refused, open_test, close_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
