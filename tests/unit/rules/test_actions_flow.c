/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions that steer: verdicts of those that end a list, waiting for a body, strict mode.
 */
#include "rules/actions.h"

#include "rules/reply.h"
#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "POST", "/x");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static struct verdict run(enum rule_phase phase, const char *line)
{
    test.context.phase = phase;
    return rules_test_run(&test, ACTIONS_FLOW, line);
}

static void check_bad(enum rule_phase phase, const char *line, const char *message)
{
    assert_string_equal(rules_test_refusal(&test, ACTIONS_FLOW, phase, line), message);
}

static void test_plain_verdicts(void **state)
{
    (void)state;
    assert_int_equal(run(RULE_HTTP_REQUEST, "allow").kind, VERDICT_ACCEPT);
    assert_int_equal(run(RULE_TCP_CONNECTION, "accept").kind, VERDICT_ACCEPT);
    assert_int_equal(run(RULE_TCP_REQUEST_CONTENT, "reject").kind, VERDICT_REJECT);
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-handshake").kind, VERDICT_CONTINUE);
    assert_int_equal(run(RULE_HTTP_REQUEST, "disable-l7-retry").kind, VERDICT_CONTINUE);
    assert_true(test.settings.disable_l7_retry);
}

static void test_phases(void **state)
{
    (void)state;
    for (const struct action_ops *ops = ACTIONS_FLOW; ops->name != NULL; ops++) {
        bool is_deny = strcmp(ops->name, "deny") == 0;
        if (is_deny) {
            assert_int_equal(ops->phases, PHASES_HTTP_REQUEST | PHASES_HTTP_RESPONSE);
        }
        assert_true(ops->phases != 0);
        assert_non_null(ops->usage);
    }
}

static void test_silent_drop(void **state)
{
    (void)state;
    struct verdict verdict = run(RULE_HTTP_REQUEST, "silent-drop");
    assert_int_equal(verdict.kind, VERDICT_DROP);
    assert_int_equal(verdict.rst_ttl, 0);
    assert_int_equal(run(RULE_TCP_SESSION, "silent-drop rst-ttl 3").rst_ttl, 3);
    check_bad(RULE_HTTP_REQUEST, "silent-drop rst-ttl",
              "rst-ttl requires a number between 1 and 255");
    check_bad(RULE_HTTP_REQUEST, "silent-drop rst-ttl 256",
              "rst-ttl requires a number between 1 and 255");
    check_bad(RULE_HTTP_REQUEST, "silent-drop rst-ttl 0",
              "rst-ttl requires a number between 1 and 255");
}

static void test_deny(void **state)
{
    (void)state;
    struct verdict verdict = run(RULE_HTTP_REQUEST, "deny");
    assert_int_equal(verdict.kind, VERDICT_DENY);
    assert_int_equal(verdict.status, 403);
    assert_null(verdict.reply);
    assert_int_equal(run(RULE_HTTP_RESPONSE, "deny").status, 502);
    verdict = run(RULE_HTTP_REQUEST, "deny deny_status 429");
    assert_int_equal(verdict.status, 429);
    assert_null(verdict.reply);
    verdict = run(RULE_HTTP_REQUEST, "tarpit");
    assert_int_equal(verdict.kind, VERDICT_TARPIT);
    assert_int_equal(verdict.status, 500);
    assert_int_equal(run(RULE_HTTP_REQUEST, "tarpit deny_status 503").status, 503);
}

static void test_deny_with_reply(void **state)
{
    (void)state;
    struct rule rule;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    assert_int_equal(rules_test_parse(&test, ACTIONS_FLOW, RULE_HTTP_REQUEST,
                                      "deny status 418 content-type text/plain string no", &rule),
                     RESULT_OK);
    rule.ops->run(&rule, &test.context, &verdict);
    assert_int_equal(verdict.kind, VERDICT_DENY);
    assert_int_equal(verdict.status, 418);
    assert_non_null(verdict.reply);
    assert_int_equal(reply_status(verdict.reply), 418);
    rules_test_drop(&test, &rule);
}

static void test_bad_deny(void **state)
{
    (void)state;
    check_bad(RULE_HTTP_REQUEST, "deny deny_status abc", "Unexpected status code 'abc'");
    check_bad(RULE_HTTP_REQUEST, "deny deny_status 999", "Unexpected status code '999'");
    check_bad(RULE_HTTP_REQUEST, "tarpit deny_status 201",
              "status code '201' not handled by default with 'default-errorfiles' argument.");
    check_bad(RULE_HTTP_REQUEST, "deny foo", "unexpected 'foo'");
    check_bad(RULE_HTTP_REQUEST, "deny string x",
              "a content type must be defined when non-empty payload is configured");
}

static void test_return(void **state)
{
    (void)state;
    struct rule rule;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    assert_int_equal(rules_test_parse(&test, ACTIONS_FLOW, RULE_HTTP_REQUEST, "return", &rule),
                     RESULT_OK);
    rule.ops->run(&rule, &test.context, &verdict);
    assert_int_equal(verdict.kind, VERDICT_REPLY);
    assert_int_equal(reply_status(verdict.reply), 200);
    rules_test_drop(&test, &rule);
    assert_int_equal(run(RULE_HTTP_RESPONSE, "return status 204").status, 204);
    check_bad(RULE_HTTP_REQUEST, "return status 100", "Unexpected status code '100'");
}

static void test_use_service(void **state)
{
    (void)state;
    struct verdict verdict = run(RULE_HTTP_REQUEST, "use-service prometheus-exporter");
    assert_int_equal(verdict.kind, VERDICT_SERVICE);
    assert_string_equal(verdict.service, "prometheus-exporter");
    check_bad(RULE_HTTP_REQUEST, "use-service foo", "'foo' unknown service name.");
    check_bad(RULE_HTTP_REQUEST, "use-service", "'use-service' expects a service name.");
}

static void test_switch_mode(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_TCP_REQUEST_CONTENT;
    assert_int_equal(run(phase, "switch-mode http").kind, VERDICT_SWITCH_HTTP);
    assert_int_equal(run(phase, "switch-mode http proto h1").kind, VERDICT_SWITCH_HTTP);
    check_bad(phase, "switch-mode", "'switch-mode' expects a mode as argument.");
    check_bad(phase, "switch-mode tcp", "'switch-mode' expects a valid mode (got 'tcp').");
    check_bad(phase, "switch-mode http proto", "'proto' : missing mux protocol name.");
    check_bad(phase, "switch-mode http proto h2",
              "'proto' : 'h2' is not supported by weir here (h1 is).");
}

static void test_wait_for_body(void **state)
{
    (void)state;
    struct chunk_queue queue = {0};
    test.request.body = HTTP_BODY_LENGTH;
    test.context.request_body = &queue;
    struct verdict verdict = run(RULE_HTTP_REQUEST, "wait-for-body time 2s at-least 1k");
    assert_int_equal(verdict.kind, VERDICT_WAIT);
    assert_true(verdict.waits_for_body);
    assert_int_equal(verdict.wait_ms, 2000);
    assert_int_equal(verdict.wait_bytes, 1024);
    test.context.rule_wait_since_ms = TEST_NOW_MS - 1500;
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-body time 2s").wait_ms, 500);
    test.context.rule_wait_since_ms = TEST_NOW_MS - 2000;
    verdict = run(RULE_HTTP_REQUEST, "wait-for-body time 2s");
    assert_int_equal(verdict.kind, VERDICT_TIMEOUT);
    assert_int_equal(verdict.status, 408);
    test.context.request_full = true;
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-body time 2s").kind, VERDICT_CONTINUE);
    test.context.request_full = false;
    test.context.request_complete = true;
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-body time 2s").kind, VERDICT_CONTINUE);
    test.context.request_complete = false;
    queue.bytes = 10;
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-body time 2s at-least 10").kind,
                     VERDICT_CONTINUE);
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-body time 2s at-least 11").kind,
                     VERDICT_TIMEOUT);
    test.request.body = HTTP_BODY_NONE;
    assert_int_equal(run(RULE_HTTP_REQUEST, "wait-for-body time 2s").kind, VERDICT_CONTINUE);
}

static void test_wait_for_response_body(void **state)
{
    (void)state;
    rules_test_response(&test, 200);
    test.response.body = HTTP_BODY_CHUNKED;
    assert_int_equal(run(RULE_HTTP_RESPONSE, "wait-for-body time 1").kind, VERDICT_WAIT);
    test.context.rule_wait_since_ms = TEST_NOW_MS - 1;
    assert_int_equal(run(RULE_HTTP_RESPONSE, "wait-for-body time 1").status, 504);
    test.context.response_complete = true;
    assert_int_equal(run(RULE_HTTP_RESPONSE, "wait-for-body time 1").kind, VERDICT_CONTINUE);
}

static void test_bad_wait(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_HTTP_REQUEST;
    check_bad(phase, "wait-for-body", "expects time <time> [ at-least <bytes> ]");
    check_bad(phase, "wait-for-body time", "missing argument for 'time'");
    check_bad(phase, "wait-for-body time zz", "unexpected character 'z' in 'zz'");
    check_bad(phase, "wait-for-body time 1s at-least 5zz", "unexpected character 'z' in '5zz'");
    check_bad(phase, "wait-for-body at-least 1k", "expects time <time> [ at-least <bytes> ]");
    check_bad(phase, "wait-for-body times 1k",
              "expects 'time <time>' and 'at-least <size>'. 'times' is unexpected");
    check_bad(phase, "wait-for-body time 60d",
              "timer overflow in argument '60d' (maximum value is 4294967295 ms or ~49.7 days)");
}

static void test_strict_mode(void **state)
{
    (void)state;
    assert_int_equal(run(RULE_HTTP_REQUEST, "strict-mode off").kind, VERDICT_CONTINUE);
    assert_true(test.context.rewrites_are_optional);
    assert_int_equal(run(RULE_HTTP_REQUEST, "strict-mode on").kind, VERDICT_CONTINUE);
    assert_false(test.context.rewrites_are_optional);
    check_bad(RULE_HTTP_REQUEST, "strict-mode", "expects exactly 1 arguments");
    check_bad(RULE_HTTP_REQUEST, "strict-mode foo",
              "Unexpected value 'foo'. Only 'on' and 'off' are supported");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_plain_verdicts),
        WITH_TEST(test_phases),
        WITH_TEST(test_silent_drop),
        WITH_TEST(test_deny),
        WITH_TEST(test_deny_with_reply),
        WITH_TEST(test_bad_deny),
        WITH_TEST(test_return),
        WITH_TEST(test_use_service),
        WITH_TEST(test_switch_mode),
        WITH_TEST(test_wait_for_body),
        WITH_TEST(test_wait_for_response_body),
        WITH_TEST(test_bad_wait),
        WITH_TEST(test_strict_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
