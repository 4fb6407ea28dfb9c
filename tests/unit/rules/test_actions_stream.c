/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions that set something of the stream.
 */
#include "rules/actions.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void run(const char *line)
{
    assert_int_equal(rules_test_run(&test, ACTIONS_STREAM, line).kind, VERDICT_CONTINUE);
}

static void check_bad(const char *line, const char *message)
{
    assert_string_equal(rules_test_refusal(&test, ACTIONS_STREAM, RULE_HTTP_REQUEST, line),
                        message);
}

static void test_log_level(void **state)
{
    (void)state;
    run("set-log-level emerg");
    assert_int_equal(test.settings.log_level, 1);
    run("set-log-level debug");
    assert_int_equal(test.settings.log_level, 8);
    run("set-log-level silent");
    assert_int_equal(test.settings.log_level, 255);
    check_bad("set-log-level foo", "expects exactly 1 argument (log level name or 'silent')");
    check_bad("set-log-level", "expects exactly 1 argument (log level name or 'silent')");
}

static void test_nice(void **state)
{
    (void)state;
    run("set-nice -5");
    assert_int_equal(test.settings.nice, -5);
    run("set-nice 5000");
    assert_int_equal(test.settings.nice, 1024);
    run("set-nice -5000");
    assert_int_equal(test.settings.nice, -1024);
    check_bad("set-nice abc", "expects exactly 1 argument (integer value)");
    check_bad("set-nice", "expects exactly 1 argument (integer value)");
}

static void test_tos_and_mark(void **state)
{
    (void)state;
    run("set-tos 0xB8");
    assert_true(test.settings.has_tos);
    assert_int_equal(test.settings.tos, 0xb8);
    run("set-fc-tos int(16)");
    assert_int_equal(test.settings.tos, 16);
    run("set-bc-tos 4");
    assert_true(test.settings.has_server_tos);
    assert_int_equal(test.settings.server_tos, 4);
    run("set-mark 4294967295");
    assert_true(test.settings.has_mark);
    assert_int_equal(test.settings.mark, UINT32_MAX);
    run("set-fc-mark 0x10");
    assert_int_equal(test.settings.mark, 16);
    run("set-bc-mark 7");
    assert_true(test.settings.has_server_mark);
    assert_int_equal(test.settings.server_mark, 7);
    check_bad("set-tos 256", "'256' is out of range (0..255)");
    check_bad("set-tos 1x", "invalid character starting at '1x' (integer/hex value expected)");
    check_bad("set-tos", "expects exactly 1 argument (integer/hex value or expression)");
    check_bad("set-mark 4294967296", "'4294967296' is out of range (0..4294967295)");
}

static void test_timeouts(void **state)
{
    (void)state;
    run("set-timeout client 5s");
    run("set-timeout server int(7000)");
    run("set-timeout tunnel 1h");
    run("set-timeout connect 30");
    run("set-timeout queue 2m");
    run("set-timeout tarpit 1d");
    assert_int_equal(test.settings.client_timeout_ms, 5000);
    assert_int_equal(test.settings.server_timeout_ms, 7000);
    assert_int_equal(test.settings.tunnel_timeout_ms, 3600000);
    assert_int_equal(test.settings.connect_timeout_ms, 30);
    assert_int_equal(test.settings.queue_timeout_ms, 120000);
    assert_int_equal(test.settings.tarpit_timeout_ms, 86400000);
    run("set-timeout server int(-1)");
    run("set-timeout client int(0)");
    run("set-timeout tunnel none");
    assert_int_equal(test.settings.server_timeout_ms, 7000);
    assert_int_equal(test.settings.client_timeout_ms, 5000);
    assert_int_equal(test.settings.tunnel_timeout_ms, 3600000);
    run("set-timeout server int(99999999999)");
    assert_int_equal(test.settings.server_timeout_ms, UINT32_MAX);
}

static void test_bad_timeouts(void **state)
{
    (void)state;
    check_bad("set-timeout server", "expects exactly 2 arguments");
    check_bad("set-timeout foo 5s", "expects 'client', 'connect', 'queue', 'server', 'tarpit' or "
                                    "'tunnel' as first argument (was 'foo')");
    check_bad("set-timeout server 5zz", "unexpected character 'z' in '5zz'");
    check_bad("set-timeout server 0", "null value is not valid for a 'set-timeout' rule");
    check_bad("set-timeout server 99d", "timer overflow in argument '99d' to rule 'set-timeout'");
}

static void test_retries(void **state)
{
    (void)state;
    run("set-retries 3");
    assert_int_equal(test.settings.retries, 3);
    run("set-retries int(101)");
    assert_int_equal(test.settings.retries, 3);
    run("set-retries int(-1)");
    assert_int_equal(test.settings.retries, 3);
    run("set-retries int(0)");
    assert_int_equal(test.settings.retries, 0);
    check_bad("set-retries 101", "'101' is out of range (0..100)");
}

static void test_priorities(void **state)
{
    (void)state;
    run("set-priority-class int(-3)");
    assert_int_equal(test.settings.priority_class, -3);
    run("set-priority-class int(-3000)");
    assert_int_equal(test.settings.priority_class, -2047);
    run("set-priority-offset int(524288)");
    assert_int_equal(test.settings.priority_offset, 524287);
    run("set-priority-class str(12)");
    assert_int_equal(test.settings.priority_class, 12);
    run("set-priority-class none");
    assert_int_equal(test.settings.priority_class, 12);
}

static void test_no_settings(void **state)
{
    (void)state;
    test.context.settings = NULL;
    run("set-nice 5");
    run("set-log-level info");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_log_level),  WITH_TEST(test_nice),         WITH_TEST(test_tos_and_mark),
        WITH_TEST(test_timeouts),   WITH_TEST(test_bad_timeouts), WITH_TEST(test_retries),
        WITH_TEST(test_priorities), WITH_TEST(test_no_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
