/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions on header fields and the status line.
 */
#include "rules/actions.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/p?q");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

/* Runs a line that must go on; the fields afterwards. */
static const char *run(const char *line)
{
    struct verdict verdict = rules_test_run(&test, ACTIONS_HEADER, line);
    assert_int_equal(verdict.kind, VERDICT_CONTINUE);
    bool is_response = test.context.phase != RULE_HTTP_REQUEST;
    return rules_test_fields(&test, is_response ? &test.response : &test.request);
}

static void check_bad(enum rule_phase phase, const char *line, const char *message)
{
    assert_string_equal(rules_test_refusal(&test, ACTIONS_HEADER, phase, line), message);
}

static void test_add(void **state)
{
    (void)state;
    rules_test_field(&test.request, "X-A", "1");
    assert_string_equal(run("add-header X-A 2%[path]"), "X-A: 1\nx-a: 2/p\n");
    assert_string_equal(run("add-header X-B `trimmed`"), "X-A: 1\nx-a: 2/p\nx-b: trimmed\n");
    assert_string_equal(run("add-header X-C %[none]"), "X-A: 1\nx-a: 2/p\nx-b: trimmed\nx-c: \n");
}

static void test_set(void **state)
{
    (void)state;
    rules_test_field(&test.request, "X-A", "1");
    rules_test_field(&test.request, "X-B", "keep");
    rules_test_field(&test.request, "x-a", "2");
    assert_string_equal(run("set-header X-A new-%[reqhdr(x-a)]"), "X-B: keep\nx-a: new-1\n");
    assert_string_equal(run("set-header X-C c"), "X-B: keep\nx-a: new-1\nx-c: c\n");
}

static void test_set_control_bytes(void **state)
{
    (void)state;
    rules_test_field(&test.request, "X-A", "a\nb");
    assert_string_equal(run("set-header X-B %[reqhdr(x-a)]|"), "X-A: a\nb\nx-b: a%0Ab|\n");
}

static void test_delete(void **state)
{
    (void)state;
    static const char *const names[] = {"X-A", "Y-X-A", "x-ab", "Host"};
    for (unsigned i = 0; i < 4; i++) {
        rules_test_field(&test.request, names[i], "v");
    }
    assert_string_equal(run("del-header x-a"), "Y-X-A: v\nx-ab: v\nHost: v\n");
    assert_string_equal(run("del-header X-A -m beg"), "Y-X-A: v\nHost: v\n");
    assert_string_equal(run("del-header -a -m end"), "Host: v\n");
    assert_string_equal(run("del-header OS -m sub"), "");
    rules_test_field(&test.request, "X-1", "v");
    rules_test_field(&test.request, "X-22", "v");
    assert_string_equal(run("del-header ^x-[0-9]$ -m reg"), "X-22: v\n");
    assert_string_equal(run("del-header x-22 -m str"), "");
    assert_string_equal(run("del-header x-22"), "");
}

static void test_replace_header(void **state)
{
    (void)state;
    rules_test_field(&test.request, "Cookie", "foo=bar; expires=x");
    rules_test_field(&test.request, "Cookie", "other");
    assert_string_equal(run("replace-header Cookie foo=([^;]*);(.*) foo=\\1;ip=%f;\\2"),
                        "Cookie: foo=bar;ip=fe; expires=x\nCookie: other\n");
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "User-Agent", "curl/7.47.0");
    assert_string_equal(run("replace-header user-agent curl foo"), "User-Agent: foo\n");
    assert_string_equal(run("replace-header user-agent CURL bar"), "User-Agent: foo\n");
}

static void test_replace_value(void **state)
{
    (void)state;
    rules_test_field(&test.request, "X-Forwarded-For", "192.168.10.1, 192.168.13.24, 10.0.0.37");
    assert_string_equal(run("replace-value X-Forwarded-For ^192\\.168\\.(.*)$ 172.16.\\1"),
                        "X-Forwarded-For: 172.16.10.1, 172.16.13.24, 10.0.0.37\n");
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "Cache-Control", "max-age=3600, public");
    assert_string_equal(run("replace-value Cache-control ^public$ private"),
                        "Cache-Control: max-age=3600, private\n");
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "X", "\"a,b\" , ,c");
    assert_string_equal(run("replace-value X ^\"a,b\"$ q"), "X: q , ,c\n");
    assert_string_equal(run("replace-value X ^$ e"), "X: q , e,c\n");
    assert_string_equal(run("replace-value X ^nothing$ e"), "X: q , e,c\n");
}

static void test_response(void **state)
{
    (void)state;
    rules_test_response(&test, 200);
    rules_test_field(&test.response, "Server", "x");
    assert_string_equal(run("set-header Server weir"), "server: weir\n");
    test.context.phase = RULE_HTTP_AFTER_RESPONSE;
    assert_string_equal(run("add-header X-Af 1"), "server: weir\nx-af: 1\n");
    assert_string_equal(run("set-status 431"), "server: weir\nx-af: 1\n");
    assert_int_equal(test.response.status, 431);
    assert_slice(test.response.reason, "Request Header Fields Too Large");
    run("set-status 503 reason Slow`Down");
    assert_int_equal(test.response.status, 503);
    assert_slice(test.response.reason, "Slow Down");
}

static void test_host_and_target(void **state)
{
    (void)state;
    rules_test_request(&test, "GET", "http://old.example/p?q");
    assert_int_equal(http_message_set_uri(&test.request, SLICE("http://old.example/p?q")),
                     RESULT_OK);
    rules_test_field(&test.request, "Host", "old.example");
    (void)run("set-header Host new.example");
    assert_slice(test.request.target, "http://new.example/p?q");
    assert_slice(http_message_host(&test.request), "new.example");
    rules_test_request(&test, "GET", "/p");
    rules_test_field(&test.request, "Host", "old.example");
    assert_string_equal(run("set-header Host new.example"), "host: new.example\n");
    assert_slice(test.request.target, "/p");
}

static void test_no_message(void **state)
{
    (void)state;
    test.context.request = NULL;
    assert_int_equal(rules_test_run(&test, ACTIONS_HEADER, "set-header A b").kind,
                     VERDICT_CONTINUE);
    assert_int_equal(rules_test_run(&test, ACTIONS_HEADER, "del-header A").kind, VERDICT_CONTINUE);
    assert_int_equal(rules_test_run(&test, ACTIONS_HEADER, "replace-header A b c").kind,
                     VERDICT_CONTINUE);
    assert_int_equal(rules_test_run(&test, ACTIONS_HEADER, "replace-value A b c").kind,
                     VERDICT_CONTINUE);
}

static void fill_request(void)
{
    static char big[2 * TEST_REWRITE_BYTES];
    memset(big, 'x', sizeof(big) - 1);
    rules_test_field(&test.request, "X-Big", big);
}

static void test_failed_rewrites(void **state)
{
    (void)state;
    fill_request();
    static const char *const lines[] = {
        "set-header X-A %[reqhdr(x-big)]%[reqhdr(x-big)]%[reqhdr(x-big)]",
        "replace-header X-Big ^(x*)$ \\1\\1",
        "replace-value X-Big ^(x*)$ \\1\\1",
    };
    uint64_t failures = 0;
    for (unsigned i = 0; i < 3; i++) {
        test.context.rewrites_are_optional = false;
        assert_int_equal(rules_test_run(&test, ACTIONS_HEADER, lines[i]).kind, VERDICT_ERROR);
        assert_int_equal(test.frontend_counters.rewrites_failed, ++failures);
        test.context.rewrites_are_optional = true;
        assert_int_equal(rules_test_run(&test, ACTIONS_HEADER, lines[i]).kind, VERDICT_CONTINUE);
        assert_int_equal(test.frontend_counters.rewrites_failed, ++failures);
    }
}

static void test_refused_lines(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_HTTP_REQUEST;
    check_bad(phase, "set-header X", "expects exactly 2 arguments");
    check_bad(phase, "set-header ~ z", "expects exactly 2 arguments");
    check_bad(phase, "set-header X y z", "expects exactly 2 arguments");
    check_bad(phase, "set-header X`Y z", "'X Y' is not a valid header name");
    check_bad(phase, "add-header a:b z", "'a:b' is not a valid header name");
    check_bad(phase, "del-header", "expects at least 1 argument");
    check_bad(phase, "del-header X -m foo", "-m with unsupported matching method 'foo'");
    check_bad(phase, "del-header X -m ip", "-m with unsupported matching method 'ip'");
    check_bad(phase, "del-header X -m", "-m flag expects exactly 1 argument");
    check_bad(phase, "replace-header X", "expects exactly 3 arguments");
    check_bad(RULE_HTTP_RESPONSE, "set-status 2000",
              "expects an integer status code between 100 and 999");
    check_bad(RULE_HTTP_RESPONSE, "set-status abc",
              "expects an integer status code between 100 and 999");
    check_bad(RULE_HTTP_RESPONSE, "set-status",
              "expects an integer status code between 100 and "
              "999");
    check_bad(RULE_HTTP_RESPONSE, "set-status 200 reason", "'reason' expects a text");
    assert_non_null(strstr(rules_test_refusal(&test, ACTIONS_HEADER, phase, "replace-header X ( y"),
                           "regex '('"));
    assert_non_null(strstr(rules_test_refusal(&test, ACTIONS_HEADER, phase, "del-header ( -m reg"),
                           "regex '('"));
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_add),
        WITH_TEST(test_set),
        WITH_TEST(test_set_control_bytes),
        WITH_TEST(test_delete),
        WITH_TEST(test_replace_header),
        WITH_TEST(test_replace_value),
        WITH_TEST(test_response),
        WITH_TEST(test_host_and_target),
        WITH_TEST(test_no_message),
        WITH_TEST(test_failed_rewrites),
        WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
