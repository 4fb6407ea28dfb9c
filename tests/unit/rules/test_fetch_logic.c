/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs by name and what a request says about its user. Users of lists are tested with rules/auth.
 */
#include "rules/fetch.h"

#include "rules/acl.h"
#include "rules/pattern.h"
#include "rules/variable.h"
#include "support/fetch.h"

static struct rules_test test;
static struct acl_table *acls;

FETCH_TEST_REGISTRY(registry, fetches_logic, fetches_internal, fetches_content);

static void add_acl(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    assert_int_equal(acl_parse(&test.parser, words, count), RESULT_OK);
}

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    test.parser.registry = &registry;
    acls = acl_table_create(&test.account, NULL);
    test.parser.acls = acls;
    add_acl("yes always_true");
    add_acl("no always_false");
    add_acl("late wait_end");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    acl_table_destroy(&test.account, acls);
    rules_test_close(&test);
    return 0;
}

static void test_acls(void **state)
{
    (void)state;
    assert_fetch(&test, "acl(yes)", "1");
    assert_fetch(&test, "acl(no)", "0");
    assert_fetch(&test, "acl(!no)", "1");
    assert_fetch(&test, "acl(yes,!no,TRUE)", "1");
    assert_fetch(&test, "acl(yes,no)", "0");
    assert_fetch(&test, "acl(yes,yes,yes,yes,yes,yes,yes,yes,yes,yes,yes,!yes)", "0");
    assert_fetch(&test, "acl(late)", "1");
    test.context.is_final = false;
    assert_fetch(&test, "acl(late)", "(wait)");
    assert_fetch(&test, "acl(late,no)", "0");
}

static void test_bad_acls(void **state)
{
    (void)state;
#define BAD "invalid args in fetch method 'acl' : "
    assert_refused(&test, "acl(nope)", BAD "no such ACL : 'nope'");
    assert_refused(&test, "acl(or)", BAD "'or' is not the name of an ACL");
    assert_refused(&test, "acl(yes,||,no)", BAD "'||' is not the name of an ACL");
    assert_refused(&test, "acl({)", BAD "'{' is not the name of an ACL");
    assert_refused(&test, "acl(!)", BAD "'!' is not the name of an ACL");
    assert_refused(&test, "acl(yes,)", BAD "'' is not the name of an ACL");
}

static void test_credentials(void **state)
{
    (void)state;
    assert_fetch(&test, "http_auth_user", "(none)");
    assert_fetch(&test, "http_auth_type", "(none)");
    rules_test_field(&test.request, "Authorization", "Basic Ym9iOnNlOmNyZXQ=");
    assert_fetch(&test, "http_auth_type", "Basic");
    assert_fetch(&test, "http_auth_user", "bob");
    assert_fetch(&test, "http_auth_pass", "se:cret");
    assert_fetch(&test, "http_auth_bearer", "(none)");
    test.context.request = NULL;
    assert_fetch(&test, "http_auth_pass", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "http_auth_pass", "(wait)");
    assert_fetch(&test, "http_auth_bearer", "(wait)");
}

static void test_tokens(void **state)
{
    (void)state;
    rules_test_field(&test.request, "Authorization", "Bearer  abc.def");
    rules_test_field(&test.request, "X-Token", "bearer ghi");
    rules_test_field(&test.request, "X-Bare", "jkl");
    assert_fetch(&test, "http_auth_type", "Bearer");
    assert_fetch(&test, "http_auth_bearer", "abc.def");
    assert_fetch(&test, "http_auth_bearer(x-token)", "ghi");
    assert_fetch(&test, "http_auth_bearer(x-bare)", "(none)");
    assert_fetch(&test, "http_auth_bearer(x-none)", "(none)");
    assert_fetch(&test, "http_auth_user", "(none)");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_acls),
        CASE(test_bad_acls),
        CASE(test_credentials),
        CASE(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
