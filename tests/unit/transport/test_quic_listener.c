/* SPDX-License-Identifier: Apache-2.0 */
/* Strangers: version negotiation, Retry, tokens, refusals, resets, and those who become
 * connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_net.h"

static struct test_net net;

static int open_test(void **state)
{
    (void)state;
    test_net_open(&net);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_net_close(&net);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static void test_connection(void **state)
{
    (void)state;
    test_net_connect(&net);
    assert_int_equal(net.accepts, 1);
    assert_int_equal(net.endpoint->half_open, 0);
    assert_int_equal(net.base.transport.handshakes_open, 0);
    quic_listener_close(&net.listener); /* no new ones; this one goes on */
    unsigned before = net.q.count[QUIC_FRAME_ACK];
    TEST_QUIC_SEND(&net.q, QUIC_FRAME_PING);
    TEST_QUIC_SEND(&net.q, QUIC_FRAME_PING);
    test_net_turn(&net);
    assert_true(net.q.count[QUIC_FRAME_ACK] > before);
}

static ssize_t ask(uint8_t *bytes, size_t length, uint8_t *answer)
{
    test_net_give(&net.q, bytes, length);
    for (unsigned i = 0; i < 5; i++) {
        event_loop_turn(net.base.base.loop, false);
    }
    return recv(net.fd, answer, TEST_DATAGRAM_MAX, MSG_DONTWAIT);
}

static void test_version_negotiation(void **state)
{
    (void)state;
    uint8_t datagram[1200] = {0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 4, 1, 2, 3, 4, 4, 5, 6, 7, 8};
    uint8_t answer[TEST_DATAGRAM_MAX];
    ssize_t length = ask(datagram, sizeof(datagram), answer);
    struct quic_header header;
    assert_int_equal(length, 7 + 8 + 12);
    assert_int_equal(quic_header_parse(slice_of((char *)answer, (size_t)length), 4, true, &header),
                     RESULT_OK);
    assert_int_equal(header.type, QUIC_PACKET_VERSION_NEGOTIATION);
    assert_memory_equal(header.destination.bytes, "\x05\x06\x07\x08", 4);
    assert_int_equal(ask(datagram, 1199, answer), -1); /* too small to be answered (6) */
}

static void test_stateless_reset(void **state)
{
    (void)state;
    uint8_t datagram[60] = {0x40, 1, 2, 3, 4, 5, 6, 7, 8}, answer[TEST_DATAGRAM_MAX];
    uint8_t token[QUIC_RESET_TOKEN_BYTES];
    struct quic_cid id = {8, {1, 2, 3, 4, 5, 6, 7, 8}};
    ssize_t length = ask(datagram, sizeof(datagram), answer);
    quic_reset_token(&net.q.secrets, &id, token);
    assert_true(length > QUIC_RESET_TOKEN_BYTES && length < (ssize_t)sizeof(datagram));
    assert_memory_equal(answer + length - sizeof(token), token, sizeof(token));
    length = ask(datagram, 30, answer);
    assert_true(length > 0 && length < 30); /* never longer than what came: no loops */
    assert_int_equal(ask(datagram, 21, answer), -1);
}

static void test_retry(void **state)
{
    (void)state;
    uint8_t packet[TEST_DATAGRAM_MAX], answer[TEST_DATAGRAM_MAX];
    net.q.settings.force_retry = true;
    test_net_hello(&net);
    size_t length = test_quic_seal(&net.q, QUIC_SPACE_INITIAL, "\x01", 1, 1200, packet);
    ssize_t got = ask(packet, length, answer);
    struct quic_header header;
    assert_true(got > 0);
    assert_int_equal(quic_header_parse(slice_of((char *)answer, (size_t)got), 4, true, &header),
                     RESULT_OK);
    assert_int_equal(header.type, QUIC_PACKET_RETRY);
    assert_int_equal(net.accepts, 0);
    assert_int_equal(net.endpoint->retries_sent, 1);
    uint8_t tag[QUIC_AEAD_TAG_BYTES];
    assert_int_equal(quic_retry_tag(QUIC_VERSION_1, &net.q.worker, &net.q.original,
                                    slice_of((char *)answer, (size_t)got - sizeof(tag)), tag),
                     RESULT_OK);
    assert_memory_equal(answer + got - sizeof(tag), tag, sizeof(tag));
    /* with the token, to the new id: a connection */
    uint8_t *length_at;
    struct quic_keys keys = {0};
    assert_int_equal(quic_keys_init_initial(&keys, &net.q.worker, QUIC_VERSION_1, &header.source),
                     RESULT_OK);
    uint8_t *at =
        quic_header_write_long(packet, sizeof(packet), QUIC_PACKET_INITIAL, QUIC_VERSION_1,
                               &header.source, &net.q.own, header.token, 5, 2, &length_at);
    size_t head = (size_t)(at - packet);
    memset(at, 0, 1200 - head);
    at[0] = QUIC_FRAME_PING;
    quic_header_finish_long(length_at, 2 + 1200 - head);
    quic_seal_packet(&keys.open, packet, head, 1200 - head - QUIC_AEAD_TAG_BYTES, 5, 2);
    test_net_give(&net.q, packet, 1200);
    event_loop_turn(net.base.base.loop, false);
    assert_int_equal(net.accepts, 1);
    net.q.drops = true; /* the client of this test has keys of another id */
    quic_keys_clear(&keys, &net.q.worker);
}

static void test_refused_by_its_owner(void **state)
{
    (void)state;
    net.refuses = true;
    test_net_hello(&net);
    test_quic_send_crypto(&net.q);
    test_net_turn(&net);
    assert_int_equal(net.accepts, 1);
    assert_true(net.q.count[QUIC_FRAME_CONNECTION_CLOSE] > 0);
}

static void test_paused(void **state)
{
    (void)state;
    quic_listener_pause(&net.listener);
    test_net_hello(&net);
    test_quic_send_crypto(&net.q);
    test_net_turn(&net);
    assert_int_equal(net.accepts, 0);
    quic_listener_resume(&net.listener);
    net.q.crypto_out[0] = 0; /* the client tries again */
    test_quic_send_crypto(&net.q);
    test_net_turn(&net);
    assert_int_equal(net.accepts, 1);
}

static void test_without_memory(void **state)
{
    (void)state;
    net.q.settings.memory_max = 1000;
    test_net_hello(&net);
    test_quic_send_crypto(&net.q);
    test_net_turn(&net);
    assert_int_equal(net.accepts, 0);
    assert_int_equal(net.endpoint->refused, 1);
    assert_int_equal(net.q.last[QUIC_FRAME_CONNECTION_CLOSE].close.code, QUIC_CONNECTION_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_connection),     TEST(test_version_negotiation),  TEST(test_stateless_reset),
        TEST(test_retry),          TEST(test_refused_by_its_owner), TEST(test_paused),
        TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
