/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of bytes that wait to be passed on.
 */
#include "rules/fetch.h"

#include "support/fetch.h"
#include "support/hello.h"

static struct rules_test test;
static struct chunk_queue queue;

FETCH_TEST_REGISTRY(registry, fetches_content);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    test.parser.registry = &registry;
    test.parser.capabilities = SAMPLE_IN_REQUEST_CONTENT;
    test.context.phase = RULE_TCP_REQUEST_CONTENT;
    test.context.request = NULL;
    test.context.frontend_is_http = false;
    test.context.is_final = false;
    test.context.request_body = &queue;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    chunk_queue_clear(&queue);
    rules_test_close(&test);
    return 0;
}

static void hold(struct slice bytes)
{
    chunk_queue_clear(&queue);
    assert_int_equal(chunk_queue_append_copy(&queue, &test.source, &test.account, bytes),
                     RESULT_OK);
}

static void test_lengths(void **state)
{
    (void)state;
    assert_fetch(&test, "req.len", "(wait)");
    test.context.is_final = true;
    assert_fetch(&test, "req.len", "0");
    hold(SLICE("hello"));
    assert_fetch(&test, "req.len", "5");
    assert_fetch(&test, "req_len", "5");
    test.context.request_body = NULL;
    assert_fetch(&test, "req.len", "0");
}

static void test_payload(void **state)
{
    (void)state;
    assert_fetch(&test, "req.payload(0,2)", "(wait)");
    hold(SLICE("hello"));
    assert_fetch(&test, "req.payload(0,2)", "he");
    assert_fetch(&test, "payload(3,2)", "lo");
    assert_fetch(&test, "req.payload(3,3)", "(wait)");
    assert_fetch(&test, "req.payload(9,1)", "(wait)");
    assert_fetch(&test, "req.payload(1,0)", "(wait)"); /* it may grow */
    test.context.is_final = true;
    assert_fetch(&test, "req.payload(1,0)", "ello");
    assert_fetch(&test, "req.payload(5,0)", "(none)");
    assert_fetch(&test, "req.payload(3,3)", "(none)");
    test.context.request = &test.request; /* HTTP: not raw */
    assert_fetch(&test, "req.payload(0,2)", "(none)");
    assert_refused(&test, "req.payload(-1,2)",
                   "invalid args in fetch method 'req.payload' : payload offset must be positive");
    assert_refused(&test, "req.payload(1,-2)",
                   "invalid args in fetch method 'req.payload' : payload length must be positive");
}

static void test_payload_with_length(void **state)
{
    (void)state;
    test.context.is_final = true;
    hold(SLICE("ab\0\x03xyzuvw"));
    assert_fetch(&test, "req.payload_lv(2,2)", "xyz");
    assert_fetch(&test, "payload_lv(3,1)", "xyz");
    assert_fetch(&test, "req.payload_lv(2,2,7)", "uvw");
    assert_fetch(&test, "req.payload_lv(2,2,+2)", "zuv");
    assert_fetch(&test, "req.payload_lv(2,2,-4)", "ab");
    assert_fetch(&test, "req.payload_lv(2,2,-5)", "(none)");
    assert_fetch(&test, "req.payload_lv(2,2,8)", "(none)");
    assert_fetch(&test, "req.payload_lv(2,1)", "(none)"); /* no bytes */
    assert_fetch(&test, "req.payload_lv(0,8)", "(none)");
    assert_fetch(&test, "req.payload_lv(9,2)", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "req.payload_lv(9,2)", "(wait)");
#define LV "invalid args in fetch method 'req.payload_lv' : "
    assert_refused(&test, "req.payload_lv(-1,2)", LV "payload offset1 must be positive");
    assert_refused(&test, "req.payload_lv(1,0)", LV "payload length must be > 0");
    assert_refused(&test, "req.payload_lv(1,9)", LV "payload length must be <= 8");
    assert_refused(&test, "req.payload_lv(1,2,x)", LV "payload offset2 is not a number");
}

static void test_responses(void **state)
{
    (void)state;
    test.context.request_body = NULL;
    test.context.response_body = &queue;
    test.context.phase = RULE_TCP_RESPONSE_CONTENT;
    test.parser.capabilities = SAMPLE_IN_RESPONSE_CONTENT;
    hold(SLICE("\x16\x03\x03\0\x04\x02\0\0\0"));
    assert_fetch(&test, "res.ssl_hello_type", "2");
    assert_fetch(&test, "rep_ssl_hello_type", "2");
    test.context.is_final = true;
    assert_fetch(&test, "res.len", "9");
    hold(SLICE("\x02hello"));
    assert_fetch(&test, "res.payload(1,2)", "he");
    assert_fetch(&test, "payload(1,2)", "he");
    assert_fetch(&test, "res.payload_lv(0,1)", "he");
    assert_fetch(&test, "res.ssl_hello_type", "(none)");
}

static void test_hello(void **state)
{
    (void)state;
    hold(SLICE(HELLO_RECORD));
    assert_fetch(&test, "req.ssl_hello_type", "1");
    assert_fetch(&test, "req_ssl_hello_type", "1");
    assert_fetch(&test, "req.ssl_sni", "two.example");
    assert_fetch(&test, "req_ssl_sni", "two.example");
    assert_fetch(&test, "req.ssl_alpn", "h2");
    assert_fetch(&test, "req.ssl_ec_ext", "1");
    assert_fetch(&test, "req.ssl_st_ext", "2");
    assert_int_equal(fetch_test_integer(&test, "req.ssl_ver"), (3 << 16) + 3);
    assert_int_equal(fetch_test_integer(&test, "req_ssl_ver"), (3 << 16) + 3);
    assert_fetch(&test, "req.ssl_cipherlist", "\x13\x01\x13\x02");
    assert_memory_equal(fetch_test_value(&test, "req.ssl_keyshare_groups"), "\0\x1d\0\x17", 5);
    assert_memory_equal(fetch_test_value(&test, "req.ssl_supported_groups"), "\0\x1d\0\x17", 5);
    assert_fetch(&test, "req.ssl_sigalgs", "\x04\x03\x08\x04");
}

static void test_hello_that_is_not_there(void **state)
{
    (void)state;
    struct slice whole = SLICE(HELLO_RECORD);
    hold(slice_first(whole, whole.length - 1));
    assert_fetch(&test, "req.ssl_hello_type", "(wait)");
    assert_fetch(&test, "req.ssl_sni", "(wait)");
    assert_fetch(&test, "req.ssl_ver", "(wait)");
    test.context.is_final = true;
    assert_fetch(&test, "req.ssl_sni", "(none)");
    test.context.is_final = false;
    hold(SLICE("GET / HTTP/1.1\r\n"));
    assert_fetch(&test, "req.ssl_hello_type", "(none)");
    assert_fetch(&test, "req.ssl_ver", "(none)");
    hold(SLICE("\x16\x03\x03\0\x04\x02\0\0\0")); /* a server's */
    assert_fetch(&test, "req.ssl_sni", "(none)");
    hold(SLICE("\x16\x03\x03\0\x04\x01\0\0\0"));
    assert_fetch(&test, "req.ssl_sni", "(none)");
    assert_fetch(&test, "req.ssl_alpn", "(none)");
    assert_fetch(&test, "req.ssl_ec_ext", "(none)");
    assert_fetch(&test, "req.ssl_cipherlist", "(none)");
    assert_fetch(&test, "req.ssl_keyshare_groups", "(none)");
    assert_fetch(&test, "req.ssl_st_ext", "0");
}

static void test_looks_like_http(void **state)
{
    (void)state;
    assert_fetch(&test, "req.proto_http", "(wait)");
    hold(SLICE("\r\nGET / HTTP/1.1\r\nHost: a\r\n"));
    assert_fetch(&test, "req.proto_http", "(wait)");
    hold(SLICE("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nbody"));
    assert_fetch(&test, "req.proto_http", "1");
    assert_fetch(&test, "req_proto_http", "1");
    hold(SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore"));
    assert_fetch(&test, "req.proto_http", "1");
    hold(SLICE("GE\x01T / HTTP/1.1\r\n\r\n"));
    assert_fetch(&test, "req.proto_http", "0");
    test.context.request = &test.request;
    assert_fetch(&test, "req.proto_http", "1");
}

static void test_rdp(void **state)
{
    (void)state;
#define RDP "\x03\0\0\x2a\x25\xe0\0\0\0\0\0"
    hold(SLICE(RDP "Cookie: mstshash=user\r\n"));
    assert_fetch(&test, "req.rdp_cookie", "user");
    assert_fetch(&test, "rdp_cookie(MSTSHASH)", "user");
    assert_fetch(&test, "req.rdp_cookie(other)", "(none)");
    assert_fetch(&test, "req.rdp_cookie_cnt", "1");
    assert_fetch(&test, "rdp_cookie_cnt(other)", "0");
    hold(SLICE(RDP "Cookie: mstshash=user"));
    assert_fetch(&test, "req.rdp_cookie", "(wait)");
    assert_fetch(&test, "req.rdp_cookie_cnt", "(wait)");
    hold(SLICE(RDP "Coo"));
    assert_fetch(&test, "req.rdp_cookie", "(wait)");
    hold(SLICE(RDP "Cake: mstshash=user\r\n"));
    assert_fetch(&test, "req.rdp_cookie", "(none)");
    assert_fetch(&test, "req.rdp_cookie_cnt", "0");
    hold(SLICE(RDP "Cookie: mstshash\r\n"));
    assert_fetch(&test, "req.rdp_cookie", "(none)");
}

static void test_wait_end(void **state)
{
    (void)state;
    assert_fetch(&test, "wait_end", "(wait)");
    test.context.is_final = true;
    assert_fetch(&test, "wait_end", "1");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lengths),         CASE(test_payload), CASE(test_payload_with_length),
        CASE(test_responses),       CASE(test_hello),   CASE(test_hello_that_is_not_there),
        CASE(test_looks_like_http), CASE(test_rdp),     CASE(test_wait_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
