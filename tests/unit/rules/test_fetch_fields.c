/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of all header fields at once.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

enum { LONG_BYTES = 3000 };

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_fields);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
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
    assert_fetch(&test, "req.hdrs", "\r\n");
    assert_fetch(&test, "req.hdr_names", "");
    rules_test_field(&test.request, "Host", "a");
    rules_test_field(&test.request, "X-Two", "b, c");
    assert_fetch(&test, "req.hdrs", "host: a\r\nx-two: b, c\r\n\r\n");
    assert_fetch(&test, "req.hdr_names", "host,x-two");
    assert_fetch(&test, "req.hdr_names(;)", "host;x-two");
    assert_memory_equal(fetch_test_value(&test, "req.hdrs_bin"),
                        "\x04host\x01"
                        "a\x05x-two\x04"
                        "b, c\0\0",
                        20);
    test.context.request = NULL;
    assert_fetch(&test, "req.hdrs", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "req.hdr_names", "(wait)");
    assert_fetch(&test, "req.hdrs_bin", "(wait)");
}

static void test_of_responses(void **state)
{
    (void)state;
    test.parser.capabilities = SAMPLE_IN_HTTP_RESPONSE;
    rules_test_response(&test, 200);
    rules_test_field(&test.response, "Server", "s");
    assert_fetch(&test, "res.hdrs", "server: s\r\n\r\n");
    assert_fetch(&test, "res.hdr_names", "server");
    assert_memory_equal(fetch_test_value(&test, "res.hdrs_bin"), "\x06server\x01s\0\0", 11);
}

/* 239 is one byte; 240 and 3000 have more: the low nibble of the first, then seven bits each. */
static void test_long_values(void **state)
{
    (void)state;
    static char value[LONG_BYTES + 1];
    memset(value, 'v', LONG_BYTES);
    rules_test_field(&test.request, "a", value);
    const char *bytes = fetch_test_value(&test, "req.hdrs_bin");
    assert_memory_equal(bytes,
                        "\x01"
                        "a\xf8\xac\x00v",
                        6);
    http_message_clear(&test.request);
    value[240] = '\0';
    rules_test_field(&test.request, "a", value);
    bytes = fetch_test_value(&test, "req.hdrs_bin");
    assert_memory_equal(bytes,
                        "\x01"
                        "a\xf0\0v",
                        5);
    http_message_clear(&test.request);
    value[239] = '\0';
    rules_test_field(&test.request, "a", value);
    bytes = fetch_test_value(&test, "req.hdrs_bin");
    assert_memory_equal(bytes,
                        "\x01"
                        "a\xefv",
                        4);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_of_requests),
        CASE(test_of_responses),
        CASE(test_long_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
