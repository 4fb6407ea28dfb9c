/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions on the request line.
 */
#include "rules/actions.h"

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

/* Runs a line on a GET of `target`; the target afterwards. */
static void check(const char *target, const char *line, const char *expected)
{
    rules_test_request(&test, "GET", target);
    assert_int_equal(http_message_set_uri(&test.request, slice_from_string(target)), RESULT_OK);
    assert_int_equal(rules_test_run(&test, ACTIONS_URI, line).kind, VERDICT_CONTINUE);
    assert_slice(test.request.target, expected);
}

static void test_path(void **state)
{
    (void)state;
    check("/a/b?q=1", "set-path /x%[path]", "/x/a/b?q=1");
    check("/a", "set-path /x", "/x");
    check("/a?", "set-path /x", "/x?");
    check("http://h.example/a?b", "set-path /x", "http://h.example/x?b");
    check("/a?b", "set-pathq /x?y", "/x?y");
    check("/a?b", "set-pathq /x", "/x");
}

static void test_query(void **state)
{
    (void)state;
    check("/a?b", "set-query c=d", "/a?c=d");
    check("/a", "set-query c=d", "/a?c=d");
    check("/a", "set-query %[none]", "/a");
    check("/a?b", "set-query %[none]", "/a?");
}

static void test_uri(void **state)
{
    (void)state;
    check("/a?b", "set-uri /x?y", "/x?y");
    check("/a", "set-uri http://h.example/x", "http://h.example/x");
}

static void test_method(void **state)
{
    (void)state;
    rules_test_request(&test, "GET", "/");
    assert_int_equal(rules_test_run(&test, ACTIONS_URI, "set-method DELETE").kind,
                     VERDICT_CONTINUE);
    assert_slice(test.request.method, "DELETE");
    assert_int_equal(test.request.method_id, HTTP_METHOD_DELETE);
}

static void test_replace(void **state)
{
    (void)state;
    check("/bar?q=1", "replace-path (.*) /foo\\1", "/foo/bar?q=1");
    check("/foo/bar?q=1", "replace-path /foo/(.*) /\\1", "/bar?q=1");
    check("/other?q=/foo/x", "replace-path /foo/(.*) /\\1", "/other?q=/foo/x");
    check("/bar?q=1", "replace-pathq ([^?]*)(\\?(.*))? \\1/foo\\2", "/bar/foo?q=1");
    check("http://h.example/x", "replace-uri ^http://(.*) https://\\1", "https://h.example/x");
    check("/bar", "replace-uri ([^/:]*://[^/]*)?(.*) \\1/foo\\2", "/foo/bar");
    check("/a", "replace-path ^/a$ /%f", "/fe");
}

static void check_failure(const char *line)
{
    rules_test_request(&test, "GET", "/old?q");
    uint64_t failures = test.frontend_counters.rewrites_failed;
    assert_int_equal(rules_test_run(&test, ACTIONS_URI, line).kind, VERDICT_ERROR);
    assert_int_equal(test.frontend_counters.rewrites_failed, failures + 1);
    assert_slice(test.request.target, "/old?q");
    assert_slice(test.request.method, "GET");
}

static void test_requests_cannot_be_split(void **state)
{
    (void)state;
    check_failure("set-path /a`b");
    check_failure("set-uri /a`HTTP/1.1");
    check_failure("set-query a`b");
    check_failure("set-method G`T");
    check_failure("set-method %[none]");
    check_failure("set-uri %[none]");
    check_failure("replace-path .* a`b");
}

static void test_too_long(void **state)
{
    (void)state;
    static const char set_big[] = "set-path /%[reqhdr(x-big)]%[reqhdr(x-big)]%[reqhdr(x-big)]"
                                  "%[reqhdr(x-big)]%[reqhdr(x-big)]";
    static char big[TEST_REWRITE_BYTES];
    memset(big, 'x', sizeof(big) - 1);
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "X-Big", big);
    assert_int_equal(rules_test_run(&test, ACTIONS_URI, set_big).kind, VERDICT_ERROR);
    test.context.rewrites_are_optional = true;
    assert_int_equal(rules_test_run(&test, ACTIONS_URI, set_big).kind, VERDICT_CONTINUE);
}

static void test_no_request(void **state)
{
    (void)state;
    test.context.request = NULL;
    assert_int_equal(rules_test_run(&test, ACTIONS_URI, "set-path /x").kind, VERDICT_CONTINUE);
}

static void test_refused_lines(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_HTTP_REQUEST;
    assert_string_equal(rules_test_refusal(&test, ACTIONS_URI, phase, "set-path"),
                        "expects exactly 1 argument <format>");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_URI, phase, "set-path a b"),
                        "expects exactly 1 argument <format>");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_URI, phase, "replace-path a"),
                        "expects exactly 2 arguments <match-regex> and <replace-format>");
    assert_non_null(
        strstr(rules_test_refusal(&test, ACTIONS_URI, phase, "replace-path ( b"), "regex '('"));
    assert_string_equal(rules_test_refusal(&test, ACTIONS_URI, phase, "set-uri %["),
                        "missing ']' after ''");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_path),          WITH_TEST(test_query),
        WITH_TEST(test_uri),           WITH_TEST(test_method),
        WITH_TEST(test_replace),       WITH_TEST(test_requests_cannot_be_split),
        WITH_TEST(test_too_long),      WITH_TEST(test_no_request),
        WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
