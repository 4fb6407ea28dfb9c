/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a connection: closing that answers ever more seldom, draining, silent ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_peer.h"

static struct test_quic q;

static int open_test(void **state)
{
    (void)state;
    test_quic_open(&q);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_quic_close(&q);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static void test_closing(void **state)
{
    (void)state;
    test_quic_connect(&q);
    quic_connection_close(q.server, true, 0x102, SLICE("why"), q.now_us);
    assert_int_equal(q.closes, 1);
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_CLOSING);
    assert_int_equal(test_quic_receive(&q), 1);
    assert_int_equal(q.count[QUIC_FRAME_CONNECTION_CLOSE_APPLICATION], 1);
    assert_int_equal(q.last[QUIC_FRAME_CONNECTION_CLOSE_APPLICATION].close.code, 0x102);
    unsigned answers = 0;
    for (unsigned i = 0; i < 64; i++) {
        TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
        answers += (unsigned)test_quic_receive(&q);
    }
    assert_int_equal(answers, 7); /* to the 1st, 2nd, 4th … 64th */
    quic_connection_close(q.server, true, 0x103, SLICE_NONE, q.now_us);
    assert_int_equal(q.closes, 1);
    test_quic_wait(&q, 10000000);
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_OVER);
    assert_int_equal(quic_connection_deadline(q.server), QUIC_NONE);
}

static void test_before_the_handshake_is_complete(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    quic_connection_close(q.server, true, 0x102, SLICE("secret"), q.now_us);
    test_quic_receive(&q);
    const struct quic_frame *close = &q.last[QUIC_FRAME_CONNECTION_CLOSE];
    assert_true(q.count[QUIC_FRAME_CONNECTION_CLOSE] > 0); /* RFC 9000 10.2.3 */
    assert_int_equal(close->close.code, QUIC_APPLICATION_ERROR);
    assert_int_equal(close->close.reason.length, 0);
}

static void test_draining(void **state)
{
    (void)state;
    test_quic_connect(&q);
    TEST_QUIC_SEND(&q, QUIC_FRAME_CONNECTION_CLOSE_APPLICATION, 0x41, 0x00, 2, 'n', 'o');
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_DRAINING);
    assert_true(q.close.is_by_peer && q.close.is_application);
    assert_int_equal(q.close.code, 0x100);
    assert_string_equal(q.close.reason, "no");
    assert_int_equal(test_quic_receive(&q), 0); /* nothing is said any more */
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    assert_int_equal(test_quic_receive(&q), 0);
}

static void test_abandoned(void **state)
{
    (void)state;
    test_quic_connect(&q);
    quic_connection_abandon(q.server, q.now_us);
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_OVER);
    assert_true(q.close.is_silent);
    assert_int_equal(test_quic_receive(&q), 0);
}

static void test_stateless_reset_of_the_client(void **state)
{
    (void)state;
    uint8_t datagram[60] = {0x40}, token[QUIC_RESET_TOKEN_BYTES] = {1, 2, 3};
    test_quic_connect(&q);
    memcpy(q.server->peer_ids[0].reset_token, token, sizeof(token));
    q.server->peer_ids[0].has_token = true;
    memcpy(datagram + sizeof(datagram) - sizeof(token), token, sizeof(token));
    test_quic_give_raw(&q, datagram, sizeof(datagram));
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_OVER);
    assert_string_equal(q.close.reason, "stateless reset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_closing),   TEST(test_before_the_handshake_is_complete), TEST(test_draining),
        TEST(test_abandoned), TEST(test_stateless_reset_of_the_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
