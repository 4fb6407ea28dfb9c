/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed rewrites: who counts them, and that strict mode makes them errors.
 */
#include "rules/rewrite.h"

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

static void test_counted_once_for_each(void **state)
{
    (void)state;
    struct server server = {0};
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    rewrite_fail(&test.context, &verdict);
    assert_int_equal(verdict.kind, VERDICT_ERROR);
    assert_int_equal(test.frontend_counters.rewrites_failed, 1);
    assert_int_equal(test.backend_counters.rewrites_failed, 0);
    test.context.backend = &test.backend;
    test.context.server = &server;
    rewrite_fail(&test.context, &verdict);
    assert_int_equal(test.frontend_counters.rewrites_failed, 2);
    assert_int_equal(test.backend_counters.rewrites_failed, 1);
    assert_int_equal(server.counters.rewrites_failed, 1);
    test.context.backend = &test.frontend;
    rewrite_fail(&test.context, &verdict);
    assert_int_equal(test.frontend_counters.rewrites_failed, 3);
}

static void test_strict_mode(void **state)
{
    (void)state;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    test.context.rewrites_are_optional = true;
    rewrite_fail(&test.context, &verdict);
    assert_int_equal(verdict.kind, VERDICT_CONTINUE);
    assert_int_equal(test.frontend_counters.rewrites_failed, 1);
    assert_true(rewrite_check(RESULT_OK, &test.context, &verdict));
    assert_int_equal(test.frontend_counters.rewrites_failed, 1);
    test.context.rewrites_are_optional = false;
    assert_false(rewrite_check(RESULT_FULL, &test.context, &verdict));
    assert_int_equal(verdict.kind, VERDICT_ERROR);
}

static void test_message_of_phase(void **state)
{
    (void)state;
    test.context.response = &test.response;
    for (enum rule_phase phase = 0; phase < RULE_PHASES; phase++) {
        test.context.phase = phase;
        bool is_response = phase == RULE_TCP_RESPONSE_CONTENT || phase == RULE_HTTP_RESPONSE ||
                           phase == RULE_HTTP_AFTER_RESPONSE;
        assert_int_equal(phase_is_response(phase), is_response);
        assert_ptr_equal(rewrite_message(&test.context),
                         is_response ? &test.response : &test.request);
    }
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_counted_once_for_each),
        WITH_TEST(test_strict_mode),
        WITH_TEST(test_message_of_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
