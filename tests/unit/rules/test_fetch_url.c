/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of targets with their host. The hashes are those that HAProxy gives for the same request.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_url);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/a/b?x=1&y=two&x=3");
    rules_test_field(&test.request, "Host", "example.org:8080");
    assert_int_equal(address_parse_ip(SLICE("127.0.0.1"), &test.context.source), RESULT_OK);
    test.parser.registry = &registry;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void test_base(void **state)
{
    (void)state;
    assert_fetch(&test, "base", "example.org:8080/a/b");
    assert_fetch(&test, "baseq", "example.org:8080/a/b?x=1&y=two&x=3");
    test.context.request = NULL;
    assert_fetch(&test, "base", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "baseq", "(wait)");
    assert_fetch(&test, "base32", "(wait)");
    assert_fetch(&test, "url_ip", "(wait)");
}

static void test_hashes(void **state)
{
    (void)state;
    assert_fetch(&test, "base32", "3783319959");
    assert_fetch(&test, "url32", "1303161953");
    assert_memory_equal(fetch_test_value(&test, "base32+src"), "\xe1\x80\xe1\x97\x7f\0\0\x01", 9);
    assert_memory_equal(fetch_test_value(&test, "url32+src"), "\x4d\xac\xac\x61\x7f\0\0\x01", 9);
    assert_int_equal(address_parse_ip(SLICE("2001:db8::1"), &test.context.source), RESULT_OK);
    assert_memory_equal(fetch_test_value(&test, "base32+src"),
                        "\xe1\x80\xe1\x97\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 21);
    test.context.source = (struct address){.family = AF_UNIX};
    assert_fetch(&test, "base32+src", "(none)");
}

static void test_addresses(void **state)
{
    (void)state;
    assert_fetch(&test, "url_ip", "(none)");
    test.request.scheme = SLICE("http");
    test.request.authority = SLICE("192.0.2.1:8080");
    assert_fetch(&test, "url_ip", "192.0.2.1");
    assert_fetch(&test, "url_port", "8080");
    test.request.authority = SLICE("[2001:db8::1]");
    assert_fetch(&test, "url_ip", "2001:db8::1");
    assert_fetch(&test, "url_port", "80");
    test.request.authority = SLICE("example.org:80");
    assert_fetch(&test, "url_ip", "(none)");
    assert_fetch(&test, "url_port", "(none)");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_base),
        CASE(test_hashes),
        CASE(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
