/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux, receiving: heads in one piece and in many, too long and malformed ones, bodies
 * of every framing, trailers, responses that nobody asked for.
 */
#include "support/mux.h"

static enum result receive_head(struct test_mux *test, struct http_message *message,
                                struct mux_refusal *refusal)
{
    test_message_init(test, message);
    *refusal = (struct mux_refusal){0};
    return test->side->mux->ops->receive_head(test->side, message, refusal);
}

static void test_a_request_in_single_bytes(void **state)
{
    static const char REQUEST[] = "GET /path?q HTTP/1.1\r\nHost: a\r\nX-B:  c \r\n\r\n";
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    for (size_t i = 0; i + 1 < sizeof(REQUEST); i++) {
        char byte[2] = {REQUEST[i], '\0'};
        assert_int_equal(test.offered, 0);
        test_mux_say(&test, byte);
    }
    assert_int_equal(test.offered, 1);
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(message.method_id, HTTP_METHOD_GET);
    assert_true(slice_equal(message.path, SLICE("/path?q")));
    assert_int_equal(message.fields.count, 2);
    assert_true(slice_equal(message.fields.entries[1].value, SLICE("c")));
    assert_int_equal(test_mux_body(&test, 10), RESULT_END);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void expect_refusal(const char *request, uint16_t status)
{
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, request);
    assert_int_equal(test.offered, 1);
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_INVALID);
    assert_int_equal(refusal.status, status);
    assert_int_equal(refusal.cause, MUX_ABORT_MALFORMED);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_malformed_requests(void **state)
{
    (void)state;
    expect_refusal("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400);
    expect_refusal("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                   400);
}

static void test_a_head_that_is_too_long(void **state)
{
    (void)state;
    char request[TEST_HEAD_BYTES_MAX + 100];
    memset(request, 'a', sizeof(request));
    memcpy(request, "GET /", 5);
    request[sizeof(request) - 1] = '\0';
    expect_refusal(request, 400);
}

static void test_a_body_of_a_length(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(test_mux_body(&test, 100), RESULT_BLOCKED);
    assert_string_equal(test.got, "hel");
    test_mux_say(&test, "loGET / HTTP/1.1\r\n");
    assert_true(test.receives > 0);
    assert_int_equal(test_mux_body(&test, 100), RESULT_END);
    assert_string_equal(test.got, "lo");
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_a_chunked_body_with_trailers(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3;x=y\r\nabc\r\n4\r\ndefg\r\n0\r\nX-T: u\r\n\r\n");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(message.body, HTTP_BODY_CHUNKED);
    assert_int_equal(test_mux_body(&test, 100), RESULT_END);
    assert_string_equal(test.got, "abcdefg");
    const struct http_fields *trailers = test.side->mux->ops->trailers(test.side);
    assert_non_null(trailers);
    assert_int_equal(trailers->count, 1);
    assert_true(slice_equal(trailers->entries[0].name, SLICE("X-T")));
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_a_bad_chunk_fails(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(test_mux_body(&test, 100), RESULT_FAILED);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_a_truncated_body_fails(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(shutdown(test.peer, SHUT_WR), 0);
    test_mux_turn(&test);
    assert_int_equal(test_mux_body(&test, 100), RESULT_FAILED);
    assert_string_equal(test.got, "hel");
    http_message_clear(&message);
    test_mux_close(&test);
}

/* The server side: opens a stream and sends a request. */
static void ask(struct test_mux *test, const char *method)
{
    test_mux_open(test, true, false);
    assert_int_equal(test->mux->ops->open(test->mux, &TEST_STREAM_EVENTS, test, &test->side),
                     RESULT_OK);
    struct http_message request;
    test_message_init(test, &request);
    request.version = HTTP_VERSION_1_1;
    request.method = slice_from_string(method);
    request.method_id = http_method_find(request.method);
    request.target = SLICE("/");
    request.path = SLICE("/");
    request.body = HTTP_BODY_NONE;
    assert_int_equal(test->mux->ops->send_head(test->side, &request), RESULT_OK);
    http_message_clear(&request);
    assert_non_null(strstr(test_mux_hear(test), " / HTTP/1.1\r\n"));
}

static void test_interim_and_final_response(void **state)
{
    (void)state;
    struct test_mux test;
    ask(&test, "GET");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_BLOCKED);
    test_mux_say(
        &test,
        "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(message.status, 103);
    http_message_clear(&message);
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(message.status, 200);
    assert_int_equal(test_mux_body(&test, 100), RESULT_END);
    assert_string_equal(test.got, "ok");
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    struct test_mux test;
    ask(&test, "HEAD");
    test_mux_say(&test, "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(test_mux_body(&test, 100), RESULT_END);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_a_body_until_close(void **state)
{
    (void)state;
    struct test_mux test;
    ask(&test, "GET");
    test_mux_say(&test, "HTTP/1.0 200 OK\r\n\r\nabc");
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_OK);
    assert_int_equal(test_mux_body(&test, 100), RESULT_BLOCKED);
    assert_string_equal(test.got, "abc");
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test_mux_body(&test, 100), RESULT_END);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void expect_bad_response(const char *response)
{
    struct test_mux test;
    ask(&test, "GET");
    test_mux_say(&test, response);
    struct http_message message;
    struct mux_refusal refusal;
    assert_int_equal(receive_head(&test, &message, &refusal), RESULT_INVALID);
    assert_int_equal(refusal.status, 502);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_bad_responses(void **state)
{
    (void)state;
    expect_bad_response("\r\n\r\n");
    expect_bad_response("SSH-2.0-x\r\n");
    expect_bad_response("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    expect_bad_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_request_in_single_bytes),
        cmocka_unit_test(test_malformed_requests),
        cmocka_unit_test(test_a_head_that_is_too_long),
        cmocka_unit_test(test_a_body_of_a_length),
        cmocka_unit_test(test_a_chunked_body_with_trailers),
        cmocka_unit_test(test_a_bad_chunk_fails),
        cmocka_unit_test(test_a_truncated_body_fails),
        cmocka_unit_test(test_interim_and_final_response),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_a_body_until_close),
        cmocka_unit_test(test_bad_responses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
