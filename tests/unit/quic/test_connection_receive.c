/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams in: coalesced, duplicated, damaged, not ours; when ACKs are due; ECN counts. */
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

static void test_coalesced(void **state)
{
    (void)state;
    uint8_t datagram[TEST_DATAGRAM_MAX];
    static const uint8_t ping[] = {QUIC_FRAME_PING};
    test_quic_connect(&q);
    uint64_t before = q.server->packets_received;
    size_t first = test_quic_seal(&q, QUIC_SPACE_APPLICATION, ping, 1, 0, datagram);
    test_quic_give_raw(&q, datagram, first);
    test_quic_give_raw(&q, datagram, first); /* the same again, decrypted by then */
    assert_int_equal(q.server->packets_received, before + 1);
}

static void test_duplicates_count_once(void **state)
{
    (void)state;
    uint8_t datagram[TEST_DATAGRAM_MAX], copy[TEST_DATAGRAM_MAX];
    static const uint8_t ping[] = {QUIC_FRAME_PING};
    test_quic_connect(&q);
    uint64_t before = q.server->packets_received;
    size_t length = test_quic_seal(&q, QUIC_SPACE_APPLICATION, ping, 1, 0, datagram);
    for (unsigned i = 0; i < 3; i++) {
        memcpy(copy, datagram, length);
        test_quic_give_raw(&q, copy, length);
    }
    assert_int_equal(q.server->packets_received, before + 1);
}

static void test_damaged(void **state)
{
    (void)state;
    uint8_t datagram[TEST_DATAGRAM_MAX], copy[TEST_DATAGRAM_MAX];
    static const uint8_t ping[] = {QUIC_FRAME_PING};
    test_quic_connect(&q);
    uint64_t before = q.server->packets_received;
    size_t length = test_quic_seal(&q, QUIC_SPACE_APPLICATION, ping, 1, 0, datagram);
    for (size_t bit = 0; bit < length * 8; bit++) {
        memcpy(copy, datagram, length);
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        test_quic_give_raw(&q, copy, length);
    }
    assert_int_equal(q.server->packets_received, before);
    assert_int_equal(q.closes, 0);
    test_quic_give_raw(&q, datagram, length);
    assert_int_equal(q.server->packets_received, before + 1);
}

static void test_small_initials_are_dropped(void **state)
{
    (void)state;
    uint8_t packet[TEST_DATAGRAM_MAX];
    static const uint8_t ping[] = {QUIC_FRAME_PING};
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    size_t length = test_quic_seal(&q, QUIC_SPACE_INITIAL, ping, 1, 1199, packet);
    test_quic_give_raw(&q, packet, length);
    assert_int_equal(q.server->packets_received, 0);
    length = test_quic_seal(&q, QUIC_SPACE_INITIAL, ping, 1, 1200, packet);
    test_quic_give_raw(&q, packet, length);
    assert_int_equal(q.server->packets_received, 1);
}

static void test_reserved_bits(void **state)
{
    (void)state;
    uint8_t packet[TEST_DATAGRAM_MAX];
    test_quic_connect(&q);
    uint8_t *at = quic_header_write_short(packet, sizeof(packet), &q.peer, false, false,
                                          q.next[QUIC_SPACE_APPLICATION], 2);
    packet[0] |= 0x18;
    memset(at, QUIC_FRAME_PING, 4);
    quic_seal_packet(&q.keys[QUIC_SPACE_APPLICATION].seal, packet, (size_t)(at - packet), 4,
                     q.next[QUIC_SPACE_APPLICATION], 2);
    test_quic_give_raw(&q, packet, (size_t)(at - packet) + 4 + QUIC_AEAD_TAG_BYTES);
    assert_int_equal(q.close.code, QUIC_PROTOCOL_VIOLATION);
}

static void test_when_acks_are_due(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 200000);
    unsigned before = q.count[QUIC_FRAME_ACK];
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    assert_int_equal(q.server->received.ack_us, q.now_us + 25000); /* max_ack_delay */
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    assert_true(q.server->received.is_ack_due); /* every second one at once */
    test_quic_receive(&q);
    assert_int_equal(q.count[QUIC_FRAME_ACK], before + 1);
    q.next[QUIC_SPACE_APPLICATION]++; /* a gap */
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    assert_true(q.server->received.is_ack_due);
    test_quic_receive(&q);
    assert_int_equal(q.last[QUIC_FRAME_ACK].ack.range_count, 1);
    assert_true(q.last[QUIC_FRAME_ACK].ack.has_ecn);
    assert_int_equal(q.last[QUIC_FRAME_ACK].ack.ect0, q.server->received.ecn[0]);
}

static void test_acks_do_not_ask_for_acks(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 200000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    test_quic_wait(&q, 200000);
    unsigned before = q.count[QUIC_FRAME_ACK];
    for (unsigned i = 0; i < 5; i++) {
        test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    }
    test_quic_wait(&q, 200000);
    assert_int_equal(q.count[QUIC_FRAME_ACK], before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_coalesced),
        TEST(test_duplicates_count_once),
        TEST(test_damaged),
        TEST(test_small_initials_are_dropped),
        TEST(test_reserved_bits),
        TEST(test_when_acks_are_due),
        TEST(test_acks_do_not_ask_for_acks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
