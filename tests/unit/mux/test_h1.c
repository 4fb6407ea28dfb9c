/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux, life: keep-alive, pipelining, early answers, timeouts, closing, and a
 * connection to a server used again.
 */
#include "support/mux.h"

static void receive(struct test_mux *test)
{
    struct http_message message;
    struct mux_refusal refusal;
    test_message_init(test, &message);
    assert_int_equal(test->side->mux->ops->receive_head(test->side, &message, &refusal), RESULT_OK);
    http_message_clear(&message);
}

static void answer(struct test_mux *test, const char *body)
{
    struct http_message response;
    test_response(test, &response, 200, HTTP_BODY_LENGTH, strlen(body));
    assert_int_equal(test->side->mux->ops->send_head(test->side, &response), RESULT_OK);
    http_message_clear(&response);
    struct chunk_queue queue = test_queue(test, body, strlen(body));
    assert_int_equal(test->side->mux->ops->send_body(test->side, &queue), RESULT_OK);
    assert_int_equal(test->side->mux->ops->send_end(test->side, NULL), RESULT_OK);
    struct mux_stream *side = test->side;
    test->side = NULL;
    side->mux->ops->release(side, false);
}

static void test_keep_alive_and_pipelining(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(test.offered, 1);
    receive(&test);
    answer(&test, "one");
    assert_non_null(strstr(test_mux_hear(&test), "one"));
    assert_int_equal(test.offered, 2);
    receive(&test);
    answer(&test, "two");
    assert_non_null(strstr(test_mux_hear(&test), "two"));
    assert_int_equal(test.closes, 0);
    test_mux_close(&test);
}

static void test_connection_close(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    receive(&test);
    answer(&test, "bye");
    assert_non_null(strstr(test_mux_hear(&test), "bye"));
    assert_int_equal(test.closes, 1);
    assert_true(test_mux_has_ended(&test));
    test_mux_close(&test);
}

static void test_an_early_answer_keeps_the_connection(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    receive(&test);
    answer(&test, "no");
    assert_non_null(strstr(test_mux_hear(&test), "no"));
    test_mux_say(&test, "defGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(test.offered, 2);
    receive(&test);
    answer(&test, "two");
    assert_non_null(strstr(test_mux_hear(&test), "two"));
    test_mux_close(&test);
}

static void test_request_timeout(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_close(&test);
    test_mux_open(&test, true, true);
    test.options.http_request_timeout_ms = 20;
    test.options.http_keep_alive_timeout_ms = 20;
    test_mux_say(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    receive(&test);
    answer(&test, "x");
    test_mux_hear(&test);
    uint64_t start = clock_monotonic_us();
    while (test.closes == 0 && clock_monotonic_us() - start < US_PER_SECOND) {
        event_loop_turn(test.base.base.loop, true);
    }
    assert_int_equal(test.closes, 1); /* keep-alive: closed without a word */
    assert_string_equal(test_mux_hear(&test), "");
    test_mux_close(&test);
}

static void test_an_idle_client_that_leaves(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test.closes, 0);
    assert_int_equal(test.offered, 1); /* to be told and logged */
    struct http_message message;
    struct mux_refusal refusal;
    test_message_init(&test, &message);
    assert_int_equal(test.side->mux->ops->receive_head(test.side, &message, &refusal),
                     RESULT_INVALID);
    assert_int_equal(refusal.status, 400);
    assert_int_equal(refusal.cause, MUX_ABORT_CLOSED);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_a_probe_that_leaves(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test.options.ignore_probes = true;
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test.closes, 1);
    assert_int_equal(test.offered, 0);
    test_mux_close(&test);
}

static void test_a_client_that_leaves_between_requests(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    receive(&test);
    answer(&test, "x");
    test_mux_hear(&test);
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test.closes, 1);
    assert_int_equal(test.offered, 1);
    test_mux_close(&test);
}

static void test_half_a_head_and_a_close(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "GET / HTTP/1.1\r\nHo");
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test.offered, 1);
    struct http_message message;
    struct mux_refusal refusal;
    test_message_init(&test, &message);
    assert_int_equal(test.side->mux->ops->receive_head(test.side, &message, &refusal),
                     RESULT_INVALID);
    assert_int_equal(refusal.cause, MUX_ABORT_CLOSED);
    http_message_clear(&message);
    test_mux_close(&test);
}

static void test_retire(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test.mux->ops->retire(test.mux);
    test_mux_turn(&test);
    assert_int_equal(test.closes, 0); /* its first request is on its way */
    test_mux_say(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    receive(&test);
    answer(&test, "last");
    assert_non_null(strstr(test_mux_hear(&test), "last"));
    test_mux_turn(&test);
    assert_int_equal(test.closes, 1);
    test_mux_close(&test);

    test_mux_open(&test, true, true);
    test_mux_say(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    receive(&test);
    answer(&test, "one");
    assert_non_null(strstr(test_mux_hear(&test), "one"));
    test.mux->ops->retire(test.mux);
    test_mux_turn(&test);
    assert_int_equal(test.closes, 1); /* idle, with nothing to read */
    test_mux_close(&test);
}

static void open_server_side(struct test_mux *test)
{
    assert_int_equal(test->mux->ops->open(test->mux, &TEST_STREAM_EVENTS, test, &test->side),
                     RESULT_OK);
    assert_false(test->mux->ops->is_available(test->mux));
    struct http_message request;
    test_message_init(test, &request);
    request.version = HTTP_VERSION_1_1;
    request.method = SLICE("GET");
    request.method_id = HTTP_METHOD_GET;
    request.target = SLICE("/");
    request.path = SLICE("/");
    assert_int_equal(test->mux->ops->send_head(test->side, &request), RESULT_OK);
    http_message_clear(&request);
    test_mux_hear(test);
}

static void test_a_server_connection_is_used_again(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, false);
    for (unsigned i = 1; i <= 3; i++) {
        open_server_side(&test);
        test_mux_say(&test, "HTTP/1.1 204 No Content\r\n\r\n");
        receive(&test);
        struct mux_stream *side = test.side;
        test.side = NULL;
        side->mux->ops->release(side, false);
        test_mux_turn(&test);
        assert_int_equal(test.idles, i);
        assert_true(test.mux->ops->is_available(test.mux));
    }
    test_mux_say(&test, "HTTP/1.1 200 unasked\r\n"); /* an idle server that speaks is dropped */
    assert_int_equal(test.closes, 1);
    test_mux_close(&test);
}

static void test_a_server_that_closes_without_an_answer(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, false);
    open_server_side(&test);
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test.aborts, 1);
    assert_int_equal(test.abort, MUX_ABORT_UNSENT);
    test_mux_close(&test);
}

static void test_destroy_under_a_stream(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, true, true);
    test_mux_say(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    test.mux->ops->destroy(test.mux, MUX_ABORT_SHUTDOWN);
    assert_int_equal(test.aborts, 1);
    assert_int_equal(test.abort, MUX_ABORT_SHUTDOWN);
    test_mux_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_alive_and_pipelining),
        cmocka_unit_test(test_connection_close),
        cmocka_unit_test(test_an_early_answer_keeps_the_connection),
        cmocka_unit_test(test_request_timeout),
        cmocka_unit_test(test_an_idle_client_that_leaves),
        cmocka_unit_test(test_a_probe_that_leaves),
        cmocka_unit_test(test_a_client_that_leaves_between_requests),
        cmocka_unit_test(test_half_a_head_and_a_close),
        cmocka_unit_test(test_retire),
        cmocka_unit_test(test_a_server_connection_is_used_again),
        cmocka_unit_test(test_a_server_that_closes_without_an_answer),
        cmocka_unit_test(test_destroy_under_a_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
