/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture: declaring a slot with a rule, naming one by its id, streams of other frontends.
 */
#include "rules/actions.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/path");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void check_bad(enum rule_phase phase, const char *line, const char *message)
{
    assert_string_equal(rules_test_refusal(&test, ACTIONS_CAPTURE, phase, line), message);
}

static void test_by_length(void **state)
{
    (void)state;
    struct rule rule;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    assert_int_equal(
        rules_test_parse(&test, ACTIONS_CAPTURE, RULE_HTTP_REQUEST, "capture path len 3", &rule),
        RESULT_OK);
    assert_int_equal(test.declarations.request_count, 1);
    assert_int_equal(captures_begin(&test.captures, &test.declarations, &test.stream), RESULT_OK);
    rule.ops->run(&rule, &test.context, &verdict);
    assert_slice(test.captures.request[0], "/pa");
    assert_int_equal(verdict.kind, VERDICT_CONTINUE);
    /* The same section as the backend of another frontend, which has a slot of its own. */
    struct capture_declarations other = {0};
    unsigned id = 0;
    assert_int_equal(capture_declare(&other, &test.account, false, NULL, 9, &id), RESULT_OK);
    assert_int_equal(captures_begin(&test.captures, &other, &test.stream), RESULT_OK);
    rule.ops->run(&rule, &test.context, &verdict);
    assert_null(test.captures.request[0].data);
    capture_declarations_deinit(&other, &test.account);
    rules_test_drop(&test, &rule);
}

static void test_by_id(void **state)
{
    (void)state;
    unsigned id = 0;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(capture_declare(&test.declarations, &test.account, false, NULL, 9, &id),
                         RESULT_OK);
        assert_int_equal(capture_declare(&test.declarations, &test.account, true, NULL, 9, &id),
                         RESULT_OK);
    }
    assert_int_equal(captures_begin(&test.captures, &test.declarations, &test.stream), RESULT_OK);
    (void)rules_test_run(&test, ACTIONS_CAPTURE, "capture int(5) id 1");
    assert_slice(test.captures.request[1], "5");
    assert_null(test.captures.request[0].data);
    rules_test_response(&test, 200);
    (void)rules_test_run(&test, ACTIONS_CAPTURE, "capture str(x) id 0");
    assert_slice(test.captures.response[0], "x");
    (void)rules_test_run(&test, ACTIONS_CAPTURE, "capture none id 0");
    assert_slice(test.captures.response[0], "x");
    (void)rules_test_run(&test, ACTIONS_CAPTURE, "capture str(y) id 7");
    assert_int_equal(test.declarations.request_referred, 2);
    assert_int_equal(test.declarations.response_referred, 8);
    test.context.captures = NULL;
    (void)rules_test_run(&test, ACTIONS_CAPTURE, "capture str(y) id 0");
}

static void test_refused_lines(void **state)
{
    (void)state;
    static const char usage[] = "expects <expression> [ 'len' <length> | id <idx> ]";
    enum rule_phase phase = RULE_HTTP_REQUEST;
    check_bad(phase, "capture", usage);
    check_bad(phase, "capture path", usage);
    check_bad(phase, "capture path len", usage);
    check_bad(phase, "capture path foo len 3", usage);
    check_bad(phase, "capture path len 0", "length must be > 0");
    check_bad(phase, "capture path len abc", "length must be > 0");
    check_bad(phase, "capture path len 65536", "length must be at most 65535");
    check_bad(phase, "capture path id x", "cannot parse id 'x'");
    check_bad(RULE_HTTP_RESPONSE, "capture path len 3",
              "expects 'id' <idx> in responses: 'len' declares slots of requests only");
    test.parser.captures = NULL;
    check_bad(phase, "capture path len 3",
              "'len' can only be used in a frontend: no capture slot can be declared here");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_by_length),
        WITH_TEST(test_by_id),
        WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
