/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux, sending: framing by the peer's version and the message, the window, and the
 * promise of a length kept or broken.
 */
#include "support/mux.h"

/* A client's request is received, so that a response can be sent. */
static void receive(struct test_mux *test, const char *request)
{
    test_mux_open(test, true, true);
    test_mux_say(test, request);
    assert_int_equal(test->offered, 1);
    struct http_message message;
    struct mux_refusal refusal;
    test_message_init(test, &message);
    assert_int_equal(test->side->mux->ops->receive_head(test->side, &message, &refusal), RESULT_OK);
    http_message_clear(&message);
}

static enum result send_response(struct test_mux *test, uint16_t status, enum http_body body,
                                 uint64_t length)
{
    struct http_message response;
    test_response(test, &response, status, body, length);
    enum result result = test->side->mux->ops->send_head(test->side, &response);
    http_message_clear(&response);
    return result;
}

static void test_a_length(void **state)
{
    (void)state;
    struct test_mux test;
    receive(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(send_response(&test, 200, HTTP_BODY_LENGTH, 5), RESULT_OK);
    struct chunk_queue body = test_queue(&test, "hello", 5);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &body), RESULT_OK);
    assert_int_equal(test.side->mux->ops->send_end(test.side, NULL), RESULT_OK);
    assert_string_equal(test_mux_hear(&test),
                        "HTTP/1.1 200 Reason\r\nContent-Length: 5\r\n\r\nhello");
    assert_true(test.side->mux->ops->is_flushed(test.side));
    test_mux_close(&test);
}

static void test_chunks_for_an_unknown_length(void **state)
{
    (void)state;
    struct test_mux test;
    receive(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(send_response(&test, 200, HTTP_BODY_CHUNKED, 0), RESULT_OK);
    struct chunk_queue body = test_queue(&test, "hello", 5);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &body), RESULT_OK);
    assert_int_equal(test.side->mux->ops->send_end(test.side, NULL), RESULT_OK);
    const char *heard = test_mux_hear(&test);
    assert_non_null(strcasestr(heard, "transfer-encoding: chunked\r\n"));
    assert_non_null(strstr(heard, "\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    test_mux_close(&test);
}

static void test_close_for_http10(void **state)
{
    (void)state;
    struct test_mux test;
    receive(&test, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(send_response(&test, 200, HTTP_BODY_CHUNKED, 0), RESULT_OK);
    struct chunk_queue body = test_queue(&test, "hello", 5);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &body), RESULT_OK);
    assert_int_equal(test.side->mux->ops->send_end(test.side, NULL), RESULT_OK);
    const char *heard = test_mux_hear(&test);
    assert_null(strcasestr(heard, "transfer-encoding"));
    assert_non_null(strcasestr(heard, "connection: close\r\n"));
    assert_non_null(strstr(heard, "\r\n\r\nhello"));
    test.side->mux->ops->release(test.side, false);
    test.side = NULL;
    assert_true(test_mux_has_ended(&test));
    test_mux_close(&test);
}

static void test_a_broken_promise(void **state)
{
    (void)state;
    struct test_mux test;
    receive(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(send_response(&test, 200, HTTP_BODY_LENGTH, 5), RESULT_OK);
    struct chunk_queue body = test_queue(&test, "too long", 8);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &body), RESULT_FAILED);
    chunk_queue_clear(&body);
    assert_int_equal(test.side->mux->ops->send_end(test.side, NULL), RESULT_FAILED);
    test.side->mux->ops->release(test.side, true);
    test.side = NULL;
    test_mux_hear(&test);
    assert_true(test_mux_has_ended(&test));
    test_mux_close(&test);
}

static void test_the_window(void **state)
{
    (void)state;
    struct test_mux test;
    receive(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    enum { BIG = 200000 };
    static char bytes[BIG];
    memset(bytes, 'x', sizeof(bytes));
    assert_int_equal(send_response(&test, 200, HTTP_BODY_LENGTH, BIG), RESULT_OK);
    struct chunk_queue body = test_queue(&test, bytes, sizeof(bytes));
    assert_int_equal(test.side->mux->ops->send_body(test.side, &body), RESULT_BLOCKED);
    assert_true(body.bytes > 0);
    size_t heard = 0;
    for (unsigned i = 0; i < 1000 && !chunk_queue_is_empty(&body); i++) {
        test_mux_hear(&test);
        heard += test.got_bytes;
        (void)!test.side->mux->ops->send_body(test.side, &body);
    }
    assert_true(chunk_queue_is_empty(&body));
    assert_true(test.sends > 0);
    for (unsigned i = 0; i < 20; i++) {
        test_mux_hear(&test);
        heard += test.got_bytes;
    }
    assert_true(heard > BIG && heard < BIG + 200);
    test_mux_close(&test);
}

static void test_no_body_where_there_is_no_place(void **state)
{
    (void)state;
    struct test_mux test;
    receive(&test, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(send_response(&test, 200, HTTP_BODY_NONE, 0), RESULT_OK);
    struct chunk_queue body = test_queue(&test, "hello", 5);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &body), RESULT_OK);
    assert_null(strstr(test_mux_hear(&test), "hello"));
    test_mux_close(&test);
}

static void test_a_rule_closes(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool closes;
    } ROWS[] = {{"close", true}, {"x, Close ,y", true}, {"closed", false}, {"keep-alive", false}};
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct test_mux test;
        receive(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        struct http_message response;
        test_response(&test, &response, 200, HTTP_BODY_LENGTH, 0);
        assert_int_equal(http_fields_append_copy(&response.fields, SLICE("Connection"),
                                                 slice_from_string(ROWS[i].value)),
                         RESULT_OK);
        assert_int_equal(test.side->mux->ops->send_head(test.side, &response), RESULT_OK);
        http_message_clear(&response);
        const char *heard = test_mux_hear(&test);
        assert_int_equal(strstr(heard, "\r\nconnection: close\r\n") != NULL, ROWS[i].closes);
        struct mux_stream *side = test.side;
        test.side = NULL;
        side->mux->ops->release(side, false);
        assert_int_equal(test.closes, 0);
        test_mux_turn(&test);
        assert_int_equal(test.closes, ROWS[i].closes ? 1 : 0);
        test_mux_close(&test);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_length),
        cmocka_unit_test(test_a_rule_closes),
        cmocka_unit_test(test_chunks_for_an_unknown_length),
        cmocka_unit_test(test_close_for_http10),
        cmocka_unit_test(test_a_broken_promise),
        cmocka_unit_test(test_the_window),
        cmocka_unit_test(test_no_body_where_there_is_no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
