/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-src, set-dst and their ports.
 */
#include "rules/actions.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    test.context.source = (struct address){.family = AF_INET, .port = 4000};
    assert_int_equal(inet_pton(AF_INET, "192.0.2.1", &test.context.source.v4), 1);
    test.context.destination = test.context.source;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void check(const char *line, const struct address *address, const char *expected)
{
    char storage[64];
    struct text text = text_over(storage, sizeof(storage));
    assert_int_equal(rules_test_run(&test, ACTIONS_ADDRESS, line).kind, VERDICT_CONTINUE);
    address_append_with_port(&text, address, true);
    assert_string_equal(storage, expected);
}

static void test_addresses(void **state)
{
    (void)state;
    struct address *source = &test.context.source;
    check("set-src port80", source, "192.0.2.80:4000");
    check("set-src str(198.51.100.7)", source, "198.51.100.7:4000");
    check("set-src str(2001:db8::1)", source, "[2001:db8::1]:4000");
    check("set-src str(nonsense)", source, "[2001:db8::1]:4000");
    check("set-src none", source, "[2001:db8::1]:4000");
    check("set-dst port80", &test.context.destination, "192.0.2.80:4000");
}

static void test_ports(void **state)
{
    (void)state;
    struct address *source = &test.context.source;
    check("set-src-port int(80)", source, "192.0.2.1:80");
    check("set-src-port int(65536)", source, "192.0.2.1:80");
    check("set-src-port int(-1)", source, "192.0.2.1:80");
    check("set-src-port none", source, "192.0.2.1:80");
    check("set-dst-port str(443)", &test.context.destination, "192.0.2.1:443");
}

static void test_unix_sockets(void **state)
{
    (void)state;
    test.context.source = (struct address){.family = AF_UNIX};
    test.context.destination = (struct address){.family = AF_UNIX};
    check("set-src port80", &test.context.source, "192.0.2.80:0");
    check("set-dst-port int(80)", &test.context.destination, "0.0.0.0:80");
}

static void test_refused_lines(void **state)
{
    (void)state;
    assert_true(strlen(rules_test_refusal(&test, ACTIONS_ADDRESS, RULE_HTTP_REQUEST,
                                          "set-src nosuchfetch")) > 0);
    assert_true(strlen(rules_test_refusal(&test, ACTIONS_ADDRESS, RULE_TCP_SESSION, "set-dst")) >
                0);
    assert_string_equal(
        rules_test_refusal(&test, ACTIONS_ADDRESS, RULE_HTTP_REQUEST, "set-src port80 foo"),
        "unexpected 'foo'");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_addresses),
        WITH_TEST(test_ports),
        WITH_TEST(test_unix_sockets),
        WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
