/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit argument of times.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static void test_divisors(void **state)
{
    (void)state;
    assert_int_equal(fetch_unit_divisor(SLICE("s")), 1000000);
    assert_int_equal(fetch_unit_divisor(SLICE("ms")), 1000);
    assert_int_equal(fetch_unit_divisor(SLICE("us")), 1);
    assert_int_equal(fetch_unit_divisor(SLICE_NONE), 1000000);
}

static void test_checks(void **state)
{
    (void)state;
    struct rules_test test;
    rules_test_open(&test);
    struct sample_argument argument = {.type = ARGUMENT_STRING, .text = SLICE("ms")};
    const struct sample_arguments one = {&argument, 1};
    const struct sample_arguments none = {NULL, 0};
    assert_int_equal(fetch_check_unit(&test.parser, &one, 0), RESULT_OK);
    assert_int_equal(fetch_check_unit(&test.parser, &none, 0), RESULT_OK);
    argument.text = SLICE("min");
    assert_int_equal(fetch_check_unit(&test.parser, &one, 0), RESULT_INVALID);
    assert_string_equal(test.error_storage, "expects 's', 'ms' or 'us', got 'min'");
    rules_test_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_divisors),
        cmocka_unit_test(test_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
