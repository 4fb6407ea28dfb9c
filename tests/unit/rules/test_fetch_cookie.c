/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of cookies.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_cookie);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "Cookie", "a=1; b=2; a=3");
    rules_test_field(&test.request, "Host", "x");
    rules_test_field(&test.request, "Cookie", "c=word; empty=; bare");
    test.parser.registry = &registry;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void test_of_requests(void **state)
{
    (void)state;
    assert_fetch(&test, "req.cook(a)", "3");
    assert_fetch(&test, "cook(b)", "2");
    assert_fetch(&test, "cookie(c)", "word");
    assert_fetch(&test, "req.cook", "1");
    assert_fetch(&test, "req.cook(A)", "(none)");
    assert_fetch(&test, "req.cook(empty)", "");
    assert_fetch(&test, "req.cook(bare)", "(none)");
    assert_fetch(&test, "req.cook_val(a)", "3");
    assert_fetch(&test, "cook_val(nope)", "(none)");
    assert_fetch(&test, "req.cook_cnt", "5");
    assert_fetch(&test, "cook_cnt(a)", "2");
    assert_fetch(&test, "req.cook_cnt(nope)", "0");
    assert_fetch(&test, "req.cook_names", "a,b,a,c,empty,bare");
    assert_fetch(&test, "req.cook_names(;x)", "a;b;a;c;empty;bare");
    test.context.request = NULL;
    assert_fetch(&test, "req.cook(a)", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "req.cook_cnt", "(wait)");
    assert_fetch(&test, "req.cook_names", "(wait)");
}

static void test_of_responses(void **state)
{
    (void)state;
    rules_test_response(&test, 200);
    rules_test_field(&test.response, "Set-Cookie", "s=1; Path=/; HttpOnly");
    rules_test_field(&test.response, "Set-Cookie", "t=2");
    rules_test_field(&test.response, "Set-Cookie", "s=5; Secure");
    test.parser.capabilities = SAMPLE_IN_HTTP_RESPONSE;
    assert_fetch(&test, "res.cook(s)", "5");
    assert_fetch(&test, "scook(t)", "2");
    assert_fetch(&test, "set-cookie", "1");
    assert_fetch(&test, "cookie(t)", "2");
    assert_fetch(&test, "res.cook(Path)", "(none)");
    assert_fetch(&test, "res.cook_val(s)", "5");
    assert_fetch(&test, "scook_val(t)", "2");
    assert_fetch(&test, "res.cook_cnt", "3");
    assert_fetch(&test, "scook_cnt(s)", "2");
    assert_fetch(&test, "res.cook_names", "s,t,s");
    assert_fetch(&test, "req.cook(a)", "3");
}

/* What an ACL sees: each value, and whether more follow. */
static void test_one_after_the_other(void **state)
{
    (void)state;
    static const char *const VALUES[] = {"1", "3"};
    struct sample_expression *expression = fetch_test_parse(&test, "req.cook(a)");
    struct sample_cursor cursor = {0};
    struct sample sample;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &sample), RESULT_OK);
        assert_slice(sample.text, VALUES[i]);
        assert_int_equal(sample.flags & SAMPLE_NOT_LAST, i == 0 ? SAMPLE_NOT_LAST : 0);
    }
    assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &sample),
                     RESULT_NOT_FOUND);
    sample_expression_destroy(&test.account, expression);
    expression = fetch_test_parse(&test, "req.cook_val(a)");
    cursor = (struct sample_cursor){0};
    assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &sample), RESULT_OK);
    assert_int_equal(sample.integer, 1);
    assert_int_equal(sample.flags & SAMPLE_NOT_LAST, SAMPLE_NOT_LAST);
    sample_expression_destroy(&test.account, expression);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_of_requests),
        CASE(test_of_responses),
        CASE(test_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
