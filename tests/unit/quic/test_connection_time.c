/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: handshakes that stall, idle connections, delayed ACKs. */
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

static void test_a_handshake_that_stalls(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    q.drops = true;
    test_quic_wait(&q, 9000000);
    assert_int_equal(q.closes, 0);
    test_quic_wait(&q, 8000000);
    assert_int_equal(q.closes, 1);
    assert_true(q.close.is_silent);
    assert_string_equal(q.close.reason, "handshake timeout");
}

static void test_idle(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 500000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    test_quic_wait(&q, 29000000);
    assert_int_equal(q.closes, 0);
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING); /* 10.1: it begins again */
    test_quic_wait(&q, 29000000);
    assert_int_equal(q.closes, 0);
    test_quic_wait(&q, 2000000);
    assert_int_equal(q.closes, 1);
    assert_string_equal(q.close.reason, "idle timeout");
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_OVER);
}

static void test_a_delayed_ack(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 500000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    test_quic_wait(&q, 500000);
    unsigned before = q.count[QUIC_FRAME_ACK];
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    test_quic_receive(&q);
    assert_int_equal(q.count[QUIC_FRAME_ACK], before);
    test_quic_wait(&q, 24000);
    assert_int_equal(q.count[QUIC_FRAME_ACK], before);
    test_quic_wait(&q, 2000);
    assert_int_equal(q.count[QUIC_FRAME_ACK], before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_handshake_that_stalls),
        TEST(test_idle),
        TEST(test_a_delayed_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
