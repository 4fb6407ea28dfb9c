/* SPDX-License-Identifier: Apache-2.0 */
/* The h3 mux as a whole: requests offered one at a time, cancelled, refused when it retires, and
 * its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/h3.h"

TEST_H3_FIXTURE

static void test_request_and_response(void **state)
{
    (void)state;
    struct mux_refusal refusal;
    test_h3_get(&t, 0);
    assert_int_equal(t.offered, 1);
    assert_int_equal(t.mux->ops->receive_head(t.side, &t.message, &refusal), RESULT_OK);
    assert_int_equal(t.message.method_id, HTTP_METHOD_GET);
    http_message_clear(&t.message);
    t.message.is_response = true;
    t.message.status = 204;
    t.message.body = HTTP_BODY_NONE;
    assert_int_equal(t.mux->ops->send_head(t.side, &t.message), RESULT_OK);
    test_net_turn(&t.net);
    assert_true(t.mux->ops->is_flushed(t.side));
    assert_int_equal(t.net.q.last[QUIC_FRAME_STREAM].stream.stream_id, 0);
    assert_true(t.net.q.last[QUIC_FRAME_STREAM].stream.is_final);
    char text[200];
    struct text line = text_over(text, sizeof(text));
    t.mux->ops->describe(t.side, &line);
    assert_non_null(strstr(text, "h3 id=0"));
    t.mux->ops->release(t.side, false);
    test_net_turn(&t.net);
    assert_int_equal(h3_of(t.mux)->live, 0);
}

static void test_offered_one_at_a_time(void **state)
{
    (void)state;
    t.takes_nothing = true;
    for (unsigned i = 0; i < 3; i++) {
        test_h3_get(&t, 4 * i);
    }
    assert_int_equal(t.offered, 1);
    struct mux_stream *first = t.side;
    first->events = &TEST_H3_STREAM_EVENTS; /* its memory is there now */
    first->owner = &t;
    t.takes_nothing = false;
    struct mux_refusal refusal;
    assert_int_equal(t.mux->ops->receive_head(first, &t.message, &refusal), RESULT_OK);
    test_net_turn(&t.net);
    assert_int_equal(t.offered, 3);
}

static void test_cancelled_by_the_client(void **state)
{
    (void)state;
    test_h3_get(&t, 0);
    TEST_QUIC_SEND(&t.net.q, QUIC_FRAME_STOP_SENDING, 0, 0x41, 0x0c);
    test_net_turn(&t.net);
    assert_int_equal(t.aborts, 1);
    assert_int_equal(t.abort, MUX_ABORT_CLOSED);
    t.mux->ops->release(t.side, true);
    test_net_turn(&t.net);
    assert_int_equal(t.net.q.count[QUIC_FRAME_RESET_STREAM], 1);
    assert_int_equal(test_h3_closed_with(&t), 0); /* the others go on */
}

static void test_retires(void **state)
{
    (void)state;
    test_h3_get(&t, 0);
    t.mux->ops->retire(t.mux);
    test_net_turn(&t.net);
    test_h3_get(&t, 4); /* after GOAWAY: to be tried elsewhere */
    assert_int_equal(t.net.q.last[QUIC_FRAME_RESET_STREAM].reset.code, HTTP3_REQUEST_REJECTED);
    assert_int_equal(t.closes, 0);
    t.mux->ops->release(t.side, true);
    test_net_turn(&t.net);
    assert_int_equal(t.closes, 1); /* with the last request */
    assert_int_equal(test_h3_closed_with(&t), HTTP3_NO_ERROR);
}

static void test_the_connection_ends(void **state)
{
    (void)state;
    test_h3_get(&t, 0);
    TEST_QUIC_SEND(&t.net.q, QUIC_FRAME_CONNECTION_CLOSE_APPLICATION, 0x41, 0x00, 0);
    test_net_turn(&t.net);
    assert_int_equal(t.aborts, 1);
    assert_int_equal(t.closes, 1);
}

static void test_idle_connections_are_closed(void **state)
{
    (void)state;
    t.options.http_request_timeout_ms = 1;
    test_h3_get(&t, 0);
    t.mux->ops->release(t.side, true);
    for (unsigned i = 0; i < 50 && t.closes == 0; i++) {
        usleep(1000);
        test_net_turn(&t.net);
    }
    assert_int_equal(t.closes, 1);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_NO_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_and_response),    TEST(test_offered_one_at_a_time),
        TEST(test_cancelled_by_the_client), TEST(test_retires),
        TEST(test_the_connection_ends),     TEST(test_idle_connections_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
