/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normalize-uri as a rule: what it does to a request, what strict normalizers answer.
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

static void check(const char *target, const char *line, const char *expected)
{
    rules_test_request(&test, "GET", target);
    struct verdict verdict = rules_test_run(&test, ACTIONS_NORMALIZE, line);
    assert_int_equal(verdict.kind, VERDICT_CONTINUE);
    assert_slice(test.request.path, expected);
}

static void test_each(void **state)
{
    (void)state;
    check("//foo//bar?a=//", "normalize-uri path-merge-slashes", "/foo/bar?a=//");
    check("/a/./b", "normalize-uri path-strip-dot", "/a/b");
    check("/../a/../b", "normalize-uri path-strip-dotdot", "/../b");
    check("/../a/../b", "normalize-uri path-strip-dotdot full", "/b");
    check("/%61%2f", "normalize-uri percent-decode-unreserved", "/a%2f");
    check("/%2f", "normalize-uri percent-to-uppercase strict", "/%2F");
    check("/?b&a", "normalize-uri query-sort-by-name", "/?a&b");
    check("/same", "normalize-uri path-strip-dot", "/same");
    check("*", "normalize-uri path-strip-dot", "*");
}

static void test_strict(void **state)
{
    (void)state;
    rules_test_request(&test, "GET", "/%zz");
    struct verdict verdict =
        rules_test_run(&test, ACTIONS_NORMALIZE, "normalize-uri percent-to-uppercase strict");
    assert_int_equal(verdict.kind, VERDICT_ERROR);
    assert_int_equal(verdict.status, 400);
    assert_int_equal(test.frontend_counters.rewrites_failed, 0);
    test.context.request = NULL;
    assert_int_equal(
        rules_test_run(&test, ACTIONS_NORMALIZE, "normalize-uri percent-to-uppercase strict").kind,
        VERDICT_CONTINUE);
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct rule rule;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    rules_test_request(&test, "GET", "//x");
    assert_int_equal(rules_test_parse(&test, ACTIONS_NORMALIZE, RULE_HTTP_REQUEST,
                                      "normalize-uri path-merge-slashes", &rule),
                     RESULT_OK);
    test.account.cap = test.account.used;
    rule.ops->run(&rule, &test.context, &verdict);
    assert_int_equal(verdict.kind, VERDICT_ERROR);
    assert_int_equal(test.frontend_counters.rewrites_failed, 1);
    assert_slice(test.request.path, "//x");
    test.account.cap = 0;
    rules_test_drop(&test, &rule);
}

static void test_refused_lines(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_HTTP_REQUEST;
    assert_string_equal(rules_test_refusal(&test, ACTIONS_NORMALIZE, phase, "normalize-uri"),
                        "missing argument <normalizer>");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_NORMALIZE, phase, "normalize-uri foo"),
                        "unknown normalizer 'foo'");
    assert_string_equal(
        rules_test_refusal(&test, ACTIONS_NORMALIZE, phase, "normalize-uri path-strip-dots"),
        "unknown normalizer 'path-strip-dots'. Did you mean 'path-strip-dot' maybe ?");
    assert_string_equal(
        rules_test_refusal(&test, ACTIONS_NORMALIZE, phase, "normalize-uri path-strip-dot full"),
        "unexpected 'full'");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_each),
        WITH_TEST(test_strict),
        WITH_TEST(test_memory_refused),
        WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
