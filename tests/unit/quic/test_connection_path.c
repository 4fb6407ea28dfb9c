/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: followed, validated, given up; answers to challenges; the size of datagrams. */
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

static void move(uint16_t port)
{
    q.path.peer.port = port;
}

/* Answers what was asked on a path, from the address that the client has now. */
static void answer_challenge(unsigned path)
{
    uint8_t frame[9] = {QUIC_FRAME_PATH_RESPONSE};
    memcpy(frame + 1, q.server->paths[path].challenge, 8);
    test_quic_send(&q, QUIC_SPACE_APPLICATION, frame, sizeof(frame));
}

static void test_rebinding(void **state)
{
    (void)state;
    test_quic_connect(&q);
    uint64_t window = q.server->recovery.cc.window;
    move(6000);
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    assert_int_equal(quic_connection_addresses(q.server)->peer.port, 6000);
    assert_false(q.server->paths[0].is_validated);
    test_quic_receive(&q);
    assert_true(q.count[QUIC_FRAME_PATH_CHALLENGE] > 0);
    answer_challenge(0);
    assert_true(q.server->paths[0].is_validated);
    assert_true(q.server->recovery.cc.window >= window); /* the same way, another port */
}

static void test_migration_starts_afresh(void **state)
{
    (void)state;
    test_quic_connect(&q);
    q.server->recovery.cc.window = 99999;
    assert_int_equal(address_parse_ip(SLICE("198.51.100.7"), &q.path.peer), RESULT_OK);
    move(7000);
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    assert_int_equal(q.server->recovery.cc.window,
                     quic_congestion_initial_window(q.settings.datagram_bytes));
    assert_false(q.server->recovery.rtt.has_sample);
}

static void test_a_probe_moves_nobody(void **state)
{
    (void)state;
    static const uint8_t probe[] = {QUIC_FRAME_PATH_CHALLENGE, 1, 2, 3, 4, 5, 6, 7, 8};
    test_quic_connect(&q);
    move(6000);
    test_quic_send(&q, QUIC_SPACE_APPLICATION, probe, sizeof(probe));
    assert_int_equal(quic_connection_addresses(q.server)->peer.port, 5000);
    test_quic_receive(&q);
    assert_int_equal(q.count[QUIC_FRAME_PATH_RESPONSE], 1);
    assert_memory_equal(q.kept[QUIC_FRAME_PATH_RESPONSE], probe + 1, 8);
}

static void test_back_when_it_is_not_validated(void **state)
{
    (void)state;
    test_quic_connect(&q);
    move(6000);
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    move(5000);
    test_quic_receive(&q);
    answer_challenge(1); /* the client is where it was: somebody else sent that packet */
    q.drops = true;
    test_quic_wait(&q, 8000000);
    assert_int_equal(quic_connection_state(q.server), QUIC_STATE_OPEN);
    assert_int_equal(quic_connection_addresses(q.server)->peer.port, 5000);
}

static void test_amplification_on_a_new_path(void **state)
{
    (void)state;
    test_quic_connect(&q);
    move(6000);
    size_t before = q.server->paths[1].bytes_in;
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    (void)before;
    const struct quic_path *path = &q.server->paths[0];
    q.bytes_in = 0;
    test_quic_receive(&q);
    assert_true(path->bytes_out <= 3 * path->bytes_in);
    assert_true(quic_path_room(path) <= 3 * path->bytes_in);
}

static void test_nobody_moves_before_the_handshake_is_over(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    move(6000);
    test_quic_send_crypto(&q);
    assert_int_equal(q.readies, 0);
}

static void test_size_of_datagrams(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 300000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    test_quic_receive(&q);
    assert_int_equal(q.server->paths[0].datagram_bytes, 1472);
    quic_connection_on_too_large(q.server, 1472);
    assert_int_equal(q.server->paths[0].datagram_bytes, 1200);
    assert_true(q.server->paths[0].mtu_probe_bytes > 1200);
    assert_true(q.server->paths[0].mtu_probe_bytes < 1472);
    for (unsigned tries = 0; tries < 40 && q.server->paths[0].mtu_us != QUIC_NONE; tries++) {
        quic_mtu_on_probe(q.server, q.server->paths[0].mtu_probe_bytes, false);
    }
    assert_int_equal(q.server->paths[0].mtu_us, QUIC_NONE); /* found to be as it is */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rebinding),
        TEST(test_migration_starts_afresh),
        TEST(test_a_probe_moves_nobody),
        TEST(test_back_when_it_is_not_validated),
        TEST(test_amplification_on_a_new_path),
        TEST(test_nobody_moves_before_the_handshake_is_over),
        TEST(test_size_of_datagrams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
