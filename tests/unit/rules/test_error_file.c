/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error files: what HAProxy takes and refuses, in its words where they are the same thing.
 */
#include "rules/reply_internal.h"

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

static struct reply *load(const char *bytes)
{
    struct reply *reply = NULL;
    enum result result = reply_load_bytes(&test.parser, 503, slice_from_string(bytes), &reply);
    if (result != RESULT_OK) {
        fail_msg("%s: %s", bytes, test.error_storage);
    }
    return reply;
}

static void check_bad(const char *bytes, const char *message)
{
    struct reply *reply = NULL;
    assert_int_equal(reply_load_bytes(&test.parser, 503, slice_from_string(bytes), &reply),
                     RESULT_INVALID);
    assert_null(reply);
    assert_string_equal(test.error_storage, message);
}

static void test_whole(void **state)
{
    (void)state;
    struct reply *reply = load("HTTP/1.0 503 Service Down\r\nX-Foo: bar \r\nContent-Type:text/plain"
                               "\r\nContent-Length: 6\r\n\r\nsorry\n");
    assert_int_equal(reply->kind, REPLY_MESSAGE);
    assert_int_equal(reply->status, 503);
    assert_int_equal(reply->version, HTTP_VERSION_1_0);
    assert_slice(reply->reason, "Service Down");
    assert_int_equal(reply->headers_count, 3);
    assert_slice(reply->headers[0].name, "X-Foo");
    assert_slice(reply->headers[0].value, "bar");
    assert_slice(reply->headers[1].value, "text/plain");
    assert_slice(reply->body, "sorry\n");
    assert_true(reply->has_length);
    assert_false(reply->closes);
    reply_destroy(&test.account, reply);
}

static void test_line_feeds(void **state)
{
    (void)state;
    struct reply *reply = load("HTTP/1.1 503 X\nA: b\nContent-Length: 2\n\nhi");
    assert_int_equal(reply->headers_count, 2);
    assert_slice(reply->body, "hi");
    reply_destroy(&test.account, reply);
}

static void test_connection_ends(void **state)
{
    (void)state;
    struct reply *reply = load("HTTP/1.1 503 X\r\n\r\nabc");
    assert_true(reply->closes);
    assert_false(reply->has_length);
    reply_destroy(&test.account, reply);
    reply = load("HTTP/1.1 503 X\r\nContent-Length: 3\r\nConnection: foo, Close\r\nKeep-Alive: "
                 "x\r\n\r\nabc");
    assert_true(reply->closes);
    assert_int_equal(reply->headers_count, 1);
    reply_destroy(&test.account, reply);
    reply = load("HTTP/1.1 204 X\r\n\r\n");
    assert_false(reply->closes);
    assert_int_equal(reply->status, 204);
    reply_destroy(&test.account, reply);
}

static void test_other_status(void **state)
{
    (void)state;
    struct reply *reply = load("HTTP/1.1 404\r\n\r\n");
    assert_int_equal(reply->status, 404);
    assert_int_equal(reply->reason.length, 0);
    reply_destroy(&test.account, reply);
}

static void test_repeated_length(void **state)
{
    (void)state;
    struct reply *reply =
        load("HTTP/1.1 503 X\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    assert_int_equal(reply->headers_count, 1);
    reply_destroy(&test.account, reply);
    check_bad("HTTP/1.1 503 X\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
              "invalid content-length");
    check_bad("HTTP/1.1 503 X\r\nContent-Length: x\r\n\r\nabc", "invalid content-length");
    check_bad("HTTP/1.1 304 X\r\nContent-Length: 9999999999999999999\r\n\r\n",
              "invalid content-length");
}

static void test_empty(void **state)
{
    (void)state;
    struct reply *reply = load("");
    assert_int_equal(reply->kind, REPLY_SILENT);
    assert_int_equal(reply_status(reply), 503);
    reply_destroy(&test.account, reply);
}

static void test_refused(void **state)
{
    (void)state;
    check_bad("HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
              "chunk-encoded payload not supported");
    check_bad("HTTP/1.1 503 X\r\nA: b\r\n", "unable to parse headers (no empty line behind them)");
    check_bad("hello world\r\n\r\n", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/1.1503 X\r\n\r\n", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/1.1 5x3 X\r\n\r\n", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/x.1 503 X\r\n\r\n", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/1.1 503 a\x1b\r\n\r\n", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/1.1 503 X\r\nA: \x7f\r\n\r\n", "unable to parse headers (error offset: 16)");
    check_bad("HTTP/1.1 5034\r\n\r\n", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/1.1 503", "unable to parse headers (error offset: 0)");
    check_bad("HTTP/1.1 503 X\r\nA b\r\n\r\n", "unable to parse headers (error offset: 16)");
    check_bad("HTTP/1.1 503 X\r\n: b\r\n\r\n", "unable to parse headers (error offset: 16)");
    check_bad("HTTP/1.1 503 X\r\nA: b\rc\r\n\r\n", "unable to parse headers (error offset: 16)");
    check_bad("HTTP/1.1 503 X\r\nA: b\r\n c: d\r\n\r\n",
              "unable to parse headers (error offset: 22)");
    check_bad("HTTP/1.1 503 X\r\nContent-Length: 10\r\n\r\nabc",
              "payload size does not match the announced content-length (3 != 10)");
    check_bad("HTTP/1.1 204 X\r\n\r\nabc", "message payload not expected");
    check_bad("HTTP/1.1 100 X\r\n\r\n", "invalid http status code for an error message (100)");
    check_bad("HTTP/1.1 600 X\r\n\r\n", "invalid http status code for an error message (600)");
}

static void test_nul_bytes(void **state)
{
    (void)state;
    struct reply *reply = NULL;
    struct slice bytes = SLICE("HTTP/1.1 503 X\r\nA: b\0c\r\n\r\n");
    assert_int_equal(reply_load_bytes(&test.parser, 503, bytes, &reply), RESULT_INVALID);
    bytes = SLICE("HTTP/1.1 503 X\r\nContent-Length: 3\r\n\r\na\0c");
    assert_int_equal(reply_load_bytes(&test.parser, 503, bytes, &reply), RESULT_OK);
    assert_int_equal(reply->body.length, 3);
    reply_destroy(&test.account, reply);
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct reply *reply = NULL;
    struct slice bytes = SLICE("HTTP/1.1 503 X\r\nA: b\r\nContent-Length: 1\r\n\r\ny");
    for (size_t step = 1; step < 4000; step += 16) {
        test.account.cap = step;
        enum result result = reply_load_bytes(&test.parser, 503, bytes, &reply);
        if (result == RESULT_OK) {
            reply_destroy(&test.account, reply);
            return;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_int_equal(test.account.used, 0);
    }
    fail_msg("never enough memory");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_whole),           WITH_TEST(test_line_feeds),
        WITH_TEST(test_connection_ends), WITH_TEST(test_other_status),
        WITH_TEST(test_repeated_length), WITH_TEST(test_empty),
        WITH_TEST(test_refused),         WITH_TEST(test_nul_bytes),
        WITH_TEST(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
