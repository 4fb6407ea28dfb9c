/* SPDX-License-Identifier: Apache-2.0 */
/* What frames do, which of them a client may not send, and packets refused for want of memory. */
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

/* Sends frames after a handshake; the connection must close with this error. */
static void expect_close(const uint8_t *frames, size_t bytes, uint64_t code)
{
    test_quic_connect(&q);
    test_quic_send(&q, QUIC_SPACE_APPLICATION, frames, bytes);
    assert_int_equal(q.closes, 1);
    assert_int_equal(q.close.code, code);
    assert_false(q.close.is_by_peer);
    test_quic_close(&q);
    test_quic_open(&q);
}

#define EXPECT_CLOSE(code, ...) \
    expect_close((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), code)

static void test_violations(void **state)
{
    (void)state;
    EXPECT_CLOSE(QUIC_FRAME_ENCODING_ERROR, 0x21);
    EXPECT_CLOSE(QUIC_PROTOCOL_VIOLATION, QUIC_FRAME_HANDSHAKE_DONE);
    EXPECT_CLOSE(QUIC_PROTOCOL_VIOLATION, QUIC_FRAME_NEW_TOKEN, 1, 7);
    EXPECT_CLOSE(QUIC_PROTOCOL_VIOLATION, QUIC_FRAME_DATAGRAM, 1);
    EXPECT_CLOSE(QUIC_CRYPTO_ERROR + 10, QUIC_FRAME_CRYPTO, 0, 1, 7); /* RFC 9001 6 */
    EXPECT_CLOSE(QUIC_PROTOCOL_VIOLATION, QUIC_FRAME_ACK, 0x7f, 0xff, 0, 0, 0);
    EXPECT_CLOSE(QUIC_PROTOCOL_VIOLATION, QUIC_FRAME_RETIRE_CONNECTION_ID, 40);
    EXPECT_CLOSE(QUIC_STREAM_LIMIT_ERROR, QUIC_FRAME_STREAM, 0x40, 40);
    EXPECT_CLOSE(QUIC_STREAM_STATE_ERROR, QUIC_FRAME_STREAM, 3);
}

static void test_an_empty_packet(void **state)
{
    (void)state;
    uint8_t packet[TEST_DATAGRAM_MAX];
    test_quic_connect(&q);
    /* no frame at all, which the sample's four bytes forbid but for a long packet number */
    uint8_t *at = quic_header_write_short(packet, sizeof(packet), &q.peer, false, false,
                                          q.next[QUIC_SPACE_APPLICATION], 4);
    size_t header = (size_t)(at - packet);
    quic_seal_packet(&q.keys[QUIC_SPACE_APPLICATION].seal, packet, header, 0,
                     q.next[QUIC_SPACE_APPLICATION], 4);
    test_quic_give_raw(&q, packet, header + QUIC_AEAD_TAG_BYTES);
    assert_int_equal(q.close.code, QUIC_PROTOCOL_VIOLATION);
}

static void test_refused_packets_are_as_if_lost(void **state)
{
    (void)state;
    static const uint8_t frames[] = {QUIC_FRAME_STREAM | 2, 0, 3, 'a', 'b', 'c'};
    test_quic_connect(&q);
    uint64_t number = q.next[QUIC_SPACE_APPLICATION];
    q.account.cap = q.account.used;
    test_quic_send(&q, QUIC_SPACE_APPLICATION, frames, sizeof(frames));
    assert_int_equal(q.server->packets_refused, 1);
    assert_int_equal(q.closes, 0);
    assert_int_equal(quic_connection_streams(q.server)->count, 0);
    q.account.cap = 0;
    test_quic_wait(&q, 100000);
    assert_false(quic_ranges_contain(&q.server->received.ranges, number));
    test_quic_send(&q, QUIC_SPACE_APPLICATION, frames, sizeof(frames)); /* sent again */
    assert_int_equal(quic_connection_streams(q.server)->count, 1);
    assert_true(quic_ranges_contain(&q.server->received.ranges, number + 1));
}

static void test_crypto_beyond_its_window(void **state)
{
    (void)state;
    static const uint8_t far[] = {QUIC_FRAME_CRYPTO, 0x80, 0, 0x40, 0, 1, 7};
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send(&q, QUIC_SPACE_INITIAL, far, sizeof(far));
    assert_int_equal(q.close.code, QUIC_CRYPTO_BUFFER_EXCEEDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_violations),
        TEST(test_an_empty_packet),
        TEST(test_refused_packets_are_as_if_lost),
        TEST(test_crypto_beyond_its_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
