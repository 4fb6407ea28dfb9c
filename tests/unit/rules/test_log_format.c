/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluating log-formats: whole lines, encodings, uses, evaluation into scratch, unique ids.
 */
#include "rules/log_format.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/x?y");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static struct log_format *compile(enum log_format_use use, const char *string)
{
    struct log_format *format = NULL;
    assert_int_equal(log_format_parse_for(&test.parser, string, use, &format), RESULT_OK);
    return format;
}

static const char *format_log(const char *format)
{
    return rules_test_format(&test, LOG_FORMAT_FOR_LOG, format);
}

static void test_expressions_in_logs(void **state)
{
    (void)state;
    rules_test_field(&test.request, "x-a", "a\"b\\c]\x01\xc3\xa9");
    assert_string_equal(format_log("%[reqhdr(x-a)]|%[none]|%[str()]"), "a\"b\\c]#01\xc3\xa9|-|-");
    assert_string_equal(format_log("%{+Q}[reqhdr(x-a)]|%{+Q}[none]"),
                        "\"a\"b\\c]#01\xc3\xa9\"|\"\"");
    assert_string_equal(format_log("%{+E}[reqhdr(x-a)]"), "a\\\"b\\\\c\\]#01\xc3\xa9");
    assert_string_equal(format_log("%[int(-5)]|%[bool(1)]|%[port80]"), "-5|1|192.0.2.80");
}

static void test_expressions_in_http(void **state)
{
    (void)state;
    rules_test_field(&test.request, "x-a", "a\t\n\x7f\"");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "<%[reqhdr(x-a)]>"),
                        "<a\t%0A%7F\">");
    /* As HAProxy: expressions in HTTP are never quoted, aliases are. */
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "%{+Q}[path] %{+Q}f"),
                        "/x \"fe\"");
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_HTTP, "<%[none]>"), "<>");
    assert_string_equal(
        rules_test_format(&test, LOG_FORMAT_FOR_STRING, "a  b%[reqhdr(x-a)]%{+Q}[path]"),
        "a  ba\t\n\x7f\"\"/x\"");
}

static void test_json(void **state)
{
    (void)state;
    test.facts.status = 200;
    test.facts.bytes_out = 135;
    test.context.log_is_early = true;
    assert_string_equal(
        format_log(
            "%{+json}o text %(st)ST %(b)B %ci %(none)[str()] %(missing)[none] %(num)[int(5)] "
            "%(bool)[bool(1)] %(fe)f %(u:str)[int(7)] %(v:bool)[int(1)] %(w:sint)[str(12)] "
            "%(r)r %(hr)hr"),
        "{\"st\": 200, \"b\": 135, \"none\": \"\", \"missing\": \"\", \"num\": 5, \"bool\": true, "
        "\"fe\": \"fe\", \"u\": \"7\", \"v\": true, \"w\": 12, \"r\": \"<BADREQ>\", \"hr\": null}");
}

static void test_json_escapes(void **state)
{
    (void)state;
    rules_test_field(&test.request, "x-a", "a\"\\\x01\xc3\xa9#");
    assert_string_equal(format_log("%{+json}o%(a)[reqhdr(x-a)]"),
                        "{\"a\": \"a\\\"\\\\\\u0001\\u00C3\\u00A9#\"}");
    assert_string_equal(format_log("%{+json,+utf8}o%(a)[reqhdr(x-a)]"),
                        "{\"a\": \"a\\\"\\\\\\u0001\xc3\xa9#\"}");
    assert_string_equal(format_log("x %{+json}[reqhdr(x-a)] %{+json}[int(4)] %f"),
                        "x \"a\\\"\\\\\\u0001\\u00C3\\u00A9#\" 4 fe");
    assert_string_equal(format_log("%{+json}o"), "{}");
}

static void test_cbor(void **state)
{
    (void)state;
    assert_string_equal(format_log("%{+cbor}o %(num)[int(5)] %(neg)[int(-500)] %(bool)[bool(1)] "
                                   "%(ci)ci %(x)[hexbytes]"),
                        "BF636E756D05636E65673901F364626F6F6CF5626369F661784301FF7AFF");
    assert_string_equal(format_log("%{+cbor,+bin}o %(a)[str(b)]"), "\xbf\x61"
                                                                   "a\x61"
                                                                   "b\xff");
    assert_string_equal(format_log("%{+json,+cbor}o %(a)[int(1)]"), "BF616101FF");
}

static void test_binary(void **state)
{
    (void)state;
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_STRING, "%[hexbytes]"),
                        "\x01\xffz");
    assert_string_equal(format_log("%[hexbytes]"), "#01\xffz");
    assert_string_equal(format_log("%{+bin}o%[hexbytes]"), "\x01\xffz");
}

static void test_cut(void **state)
{
    (void)state;
    struct log_format *format = compile(LOG_FORMAT_FOR_LOG, "abc%f%%def");
    char storage[6];
    struct text text = text_over(storage, sizeof(storage));
    log_format_append(format, &test.context, &text);
    assert_true(text.truncated);
    assert_string_equal(storage, "abcfe");
    log_format_destroy(&test.account, format);
}

static void test_constants(void **state)
{
    (void)state;
    struct slice out;
    struct log_format *format = compile(LOG_FORMAT_FOR_HTTP, "a%% b");
    assert_true(log_format_is_constant(format, &out));
    assert_slice(out, "a% b");
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_OK);
    assert_slice(out, "a% b");
    assert_int_equal(test.scratch.used, 0);
    log_format_destroy(&test.account, format);
    format = compile(LOG_FORMAT_FOR_HTTP, "");
    assert_true(log_format_is_constant(format, &out));
    assert_int_equal(out.length, 0);
    assert_non_null(out.data);
    log_format_destroy(&test.account, format);
    format = compile(LOG_FORMAT_FOR_LOG, "%{+json}o");
    assert_false(log_format_is_constant(format, &out));
    log_format_destroy(&test.account, format);
}

static void test_lone_expression_is_not_copied(void **state)
{
    (void)state;
    struct slice out;
    rules_test_field(&test.request, "x-a", "value");
    rules_test_field(&test.request, "x-b", "a\nb");
    struct log_format *format = compile(LOG_FORMAT_FOR_HTTP, "%[reqhdr(x-a)]");
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_OK);
    assert_ptr_equal(out.data, test.request.fields.entries[0].value.data);
    log_format_destroy(&test.account, format);
    format = compile(LOG_FORMAT_FOR_HTTP, "%[reqhdr(x-b)]");
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_OK);
    assert_slice(out, "a%0Ab");
    log_format_destroy(&test.account, format);
    format = compile(LOG_FORMAT_FOR_HTTP, "%[none]");
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_OK);
    assert_int_equal(out.length, 0);
    log_format_destroy(&test.account, format);
}

static void test_evaluated_once(void **state)
{
    (void)state;
    struct slice out;
    struct log_format *format = compile(LOG_FORMAT_FOR_HTTP, "n=%[count]");
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_OK);
    assert_slice(out, "n=1");
    log_format_destroy(&test.account, format);
}

static void test_too_long(void **state)
{
    (void)state;
    static char big[12 * 1024];
    struct slice out;
    memset(big, 'x', sizeof(big) - 1);
    rules_test_field(&test.request, "x-a", big);
    struct log_format *format = compile(LOG_FORMAT_FOR_HTTP, "%[reqhdr(x-a)]%[reqhdr(x-a)]");
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_FULL);
    arena_clear(&test.scratch);
    test.account.cap = test.account.used;
    assert_int_equal(log_format_evaluate(format, &test.context, &out), RESULT_NO_MEMORY);
    test.account.cap = 0;
    log_format_destroy(&test.account, format);
}

static void test_unique_id(void **state)
{
    (void)state;
    assert_null(log_format_unique_id(&test.context).data);
    assert_string_equal(format_log("%ID"), "-");
    struct log_format *format = compile(LOG_FORMAT_FOR_ID, "  %f  %[count]");
    test.context.unique_id_format = format;
    assert_string_equal(format_log("%ID|%ID"), "fe 1|fe 1");
    assert_slice(test.context.unique_id, "fe 1");
    assert_slice(log_format_unique_id(&test.context), "fe 1");
    log_format_destroy(&test.account, format);
}

static void test_unique_id_of_itself(void **state)
{
    (void)state;
    struct log_format *format = compile(LOG_FORMAT_FOR_ID, "a%ID%f");
    test.context.unique_id_format = format;
    assert_slice(log_format_unique_id(&test.context), "afe");
    log_format_destroy(&test.account, format);
}

static void test_long_unique_id_is_cut(void **state)
{
    (void)state;
    char long_text[UNIQUE_ID_SIZE + 40];
    memset(long_text, 'a', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    struct log_format *format = compile(LOG_FORMAT_FOR_ID, long_text);
    test.context.unique_id_format = format;
    assert_int_equal(log_format_unique_id(&test.context).length, UNIQUE_ID_SIZE - 1);
    log_format_destroy(&test.account, format);
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_expressions_in_logs),
        WITH_TEST(test_expressions_in_http),
        WITH_TEST(test_json),
        WITH_TEST(test_json_escapes),
        WITH_TEST(test_cbor),
        WITH_TEST(test_binary),
        WITH_TEST(test_cut),
        WITH_TEST(test_constants),
        WITH_TEST(test_lone_expression_is_not_copied),
        WITH_TEST(test_evaluated_once),
        WITH_TEST(test_too_long),
        WITH_TEST(test_unique_id),
        WITH_TEST(test_unique_id_of_itself),
        WITH_TEST(test_long_unique_id_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
