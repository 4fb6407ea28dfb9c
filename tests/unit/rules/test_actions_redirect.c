/* SPDX-License-Identifier: Apache-2.0 */
/*
 * redirect and auth: Locations, cookies and challenges as HAProxy 2.6 computed them.
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

/* Runs a redirect for a GET of `target` with a Host. */
static struct verdict run(const char *target, const char *line)
{
    rules_test_request(&test, "GET", target);
    rules_test_field(&test.request, "Host", "h.example:81");
    test.context.phase = RULE_HTTP_REQUEST;
    return rules_test_run(&test, ACTIONS_REDIRECT, line);
}

static void check(const char *target, const char *line, uint16_t status, const char *location)
{
    struct verdict verdict = run(target, line);
    assert_int_equal(verdict.kind, VERDICT_REPLY);
    assert_int_equal(verdict.status, status);
    assert_slice(verdict.location, location);
    assert_null(verdict.reply);
}

static void check_bad(enum rule_phase phase, const char *line, const char *message)
{
    assert_string_equal(rules_test_refusal(&test, ACTIONS_REDIRECT, phase, line), message);
}

static void test_locations(void **state)
{
    (void)state;
    check("/loc?x=1", "redirect location https://x.example/%[path]", 302, "https://x.example//loc");
    check("/303?b=2", "redirect location /to?a=1 code 303", 303, "/to?a=1");
    check("/303?b=2", "redirect location /to?a=1 keep-query", 302, "/to?a=1&b=2");
    check("/303?b=2", "redirect location /to keep-query", 302, "/to?b=2");
    check("/303", "redirect location /to keep-query", 302, "/to");
    check("/303?", "redirect location /to keep-query", 302, "/to");
}

static void test_prefixes(void **state)
{
    (void)state;
    check("/pfx/a?b=c", "redirect prefix https://pfx.example", 302,
          "https://pfx.example/pfx/a?b=c");
    check("/slash?q", "redirect prefix / drop-query append-slash", 302, "/slash/");
    check("/slash/?q", "redirect prefix / drop-query append-slash", 302, "/slash/");
    check("/sl2?q", "redirect prefix / drop-query append-slash code 301", 301, "/sl2/");
    check("/dq/x?y", "redirect prefix https://q drop-query", 302, "https://q/dq/x");
    check("/as/x?y", "redirect prefix https://q append-slash", 302, "https://q/as/x?y/");
    check("/as/x", "redirect prefix https://q append-slash", 302, "https://q/as/x/");
    check("*", "redirect prefix https://q", 302, "https://q/");
}

static void test_schemes(void **state)
{
    (void)state;
    check("/sch/x?y", "redirect scheme https", 302, "https://h.example:81/sch/x?y");
    check("/sca/x?y", "redirect scheme https drop-query append-slash code 307", 307,
          "https://h.example:81/sca/x/");
    rules_test_request(&test, "GET", "/sch");
    struct verdict verdict = rules_test_run(&test, ACTIONS_REDIRECT, "redirect scheme https");
    assert_slice(verdict.location, "https:///sch");
}

static void test_cookies(void **state)
{
    (void)state;
    struct verdict verdict = {0};
    struct rule rule;
    rules_test_request(&test, "GET", "/p");
    assert_int_equal(rules_test_parse(&test, ACTIONS_REDIRECT, RULE_HTTP_REQUEST,
                                      "redirect location / code 301 set-cookie SEEN=1", &rule),
                     RESULT_OK);
    rule.ops->run(&rule, &test.context, &verdict);
    assert_slice(verdict.header, "Set-Cookie: SEEN=1; path=/;");
    rules_test_drop(&test, &rule);
    assert_int_equal(rules_test_parse(&test, ACTIONS_REDIRECT, RULE_HTTP_REQUEST,
                                      "redirect location / clear-cookie SEEN=", &rule),
                     RESULT_OK);
    rule.ops->run(&rule, &test.context, &verdict);
    assert_slice(verdict.header, "Set-Cookie: SEEN=; path=/; Max-Age=0;");
    rules_test_drop(&test, &rule);
    verdict = run("/p", "redirect location / set-cookie-fmt SEEN=%[path]");
    assert_slice(verdict.header, "Set-Cookie: SEEN=/p; path=/;");
}

static void test_empty_locations(void **state)
{
    (void)state;
    assert_int_equal(run("/", "redirect location %[none] ignore-empty").kind, VERDICT_CONTINUE);
    assert_int_equal(run("/", "redirect prefix %[none] ignore-empty").kind, VERDICT_CONTINUE);
    check("/", "redirect location %[none]", 302, "");
    check("/", "redirect location %[path] ignore-empty", 302, "/");
}

static void test_last_target_wins(void **state)
{
    (void)state;
    check("/x", "redirect location /a prefix /b", 302, "/b/x");
    check("/x", "redirect prefix /b set-cookie A set-cookie B location /a", 302, "/a");
}

static void test_in_responses(void **state)
{
    (void)state;
    rules_test_request(&test, "GET", "/x?y");
    rules_test_response(&test, 200);
    struct verdict verdict =
        rules_test_run(&test, ACTIONS_REDIRECT, "redirect location /a keep-query");
    assert_slice(verdict.location, "/a?y");
    check_bad(RULE_HTTP_RESPONSE, "redirect prefix /a",
              "only 'location' redirects are permitted in responses");
}

static void test_bad_redirects(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_HTTP_REQUEST;
    check_bad(phase, "redirect", "redirection type expected ('prefix', 'location', or 'scheme')");
    check_bad(phase, "redirect code 301",
              "redirection type expected ('prefix', 'location', or 'scheme')");
    check_bad(phase, "redirect foo",
              "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', "
              "'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was "
              "'foo')");
    check_bad(phase, "redirect location", "missing argument for 'location'");
    check_bad(phase, "redirect location ~", "missing argument for 'location'");
    check_bad(phase, "redirect location / set-cookie", "missing argument for 'set-cookie'");
    check_bad(phase, "redirect code 305 location /",
              "'code': unsupported HTTP code '305' (must be one of 301, 302, 303, 307 or 308)");
    check_bad(phase, "redirect location %foo",
              "no such format alias 'foo'. If you wanted to emit the '%' character verbatim, you "
              "need to use '%%'");
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct rule rule;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    rules_test_request(&test, "GET", "/x");
    assert_int_equal(
        rules_test_parse(&test, ACTIONS_REDIRECT, RULE_HTTP_REQUEST, "redirect location /a", &rule),
        RESULT_OK);
    test.account.cap = test.account.used;
    rule.ops->run(&rule, &test.context, &verdict);
    assert_int_equal(verdict.kind, VERDICT_ERROR);
    assert_null(verdict.location.data);
    test.account.cap = 0;
    rules_test_drop(&test, &rule);
}

static void test_auth(void **state)
{
    (void)state;
    struct verdict verdict = run("/", "auth");
    assert_int_equal(verdict.kind, VERDICT_REPLY);
    assert_int_equal(verdict.status, 401);
    assert_slice(verdict.header, "WWW-Authenticate: Basic realm=\"fe\"");
    assert_null(verdict.location.data);
    test.context.proxy = &test.backend;
    assert_slice(run("/", "auth").header, "WWW-Authenticate: Basic realm=\"be\"");
    verdict = run("/", "auth realm My`Realm");
    assert_slice(verdict.header, "WWW-Authenticate: Basic realm=\"My Realm\"");
    test.context.uses_proxy_header = true;
    verdict = run("/", "auth");
    assert_int_equal(verdict.status, 407);
    assert_slice(verdict.header, "Proxy-Authenticate: Basic realm=\"be\"");
    check_bad(RULE_HTTP_REQUEST, "auth realm", "missing realm value.");
    check_bad(RULE_HTTP_REQUEST, "auth foo", "unexpected 'foo'");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_locations),       WITH_TEST(test_prefixes),
        WITH_TEST(test_schemes),         WITH_TEST(test_cookies),
        WITH_TEST(test_empty_locations), WITH_TEST(test_last_target_wins),
        WITH_TEST(test_in_responses),    WITH_TEST(test_bad_redirects),
        WITH_TEST(test_memory_refused),  WITH_TEST(test_auth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
