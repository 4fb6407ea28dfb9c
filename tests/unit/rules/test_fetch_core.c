/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches that are constants.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_internal);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    test.parser.registry = &registry;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void test_truth(void **state)
{
    (void)state;
    assert_fetch(&test, "always_true", "1");
    assert_fetch(&test, "always_false", "0");
    assert_fetch(&test, "bool(true)", "1");
    assert_fetch(&test, "bool(1)", "1");
    assert_fetch(&test, "bool(false)", "0");
    assert_fetch(&test, "bool(0)", "0");
    assert_refused(&test, "bool(2)",
                   "invalid args in fetch method 'bool' : Expects 'true', 'false', '0' or '1'");
}

static void test_numbers_and_texts(void **state)
{
    (void)state;
    assert_fetch(&test, "int(-5)", "-5");
    assert_fetch(&test, "str(a b)", "a b");
    assert_refused(&test, "int(x)",
                   "fetch method 'int' : failed to parse 'x' as type 'integer' at position 1");
}

static void test_methods(void **state)
{
    (void)state;
    assert_fetch(&test, "meth(GET)", "GET");
    assert_fetch(&test, "meth(PURGE)", "PURGE");
    struct sample_expression *expression = fetch_test_parse(&test, "meth(POST)");
    struct sample sample;
    assert_int_equal(sample_evaluate(expression, &test.context, NULL, &sample), RESULT_OK);
    assert_int_equal(sample.type, SAMPLE_METHOD);
    assert_int_equal(sample.method.id, HTTP_METHOD_POST);
    sample_expression_destroy(&test.account, expression);
}

static void test_unknown_names(void **state)
{
    (void)state;
    assert_refused(&test, "quic_enabled", "unknown fetch method 'quic_enabled'");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_truth),
        CASE(test_numbers_and_texts),
        CASE(test_methods),
        CASE(test_unknown_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
