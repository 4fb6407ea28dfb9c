/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames a packet carries, and those that are sent again when theirs was lost. */
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

static void test_what_the_end_of_the_handshake_brings(void **state)
{
    (void)state;
    test_quic_connect(&q);
    assert_int_equal(q.count[QUIC_FRAME_HANDSHAKE_DONE], 1);
    assert_int_equal(q.count[QUIC_FRAME_NEW_TOKEN], 1);
    assert_int_equal(q.count[QUIC_FRAME_NEW_CONNECTION_ID], 3);
    assert_false(quic_space_has_pending(q.server, QUIC_SPACE_APPLICATION, true));
    assert_false(quic_space_has_pending(q.server, QUIC_SPACE_INITIAL, true));
}

static void test_lost_ones_come_again(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    for (unsigned turn = 0; turn < 3 && q.completes == 0; turn++) {
        test_quic_send_crypto(&q);
        q.drops = q.completes > 0;
        test_quic_receive(&q);
    }
    assert_int_equal(q.completes, 1);
    assert_int_equal(q.count[QUIC_FRAME_HANDSHAKE_DONE], 0);
    q.drops = false;
    test_quic_wait(&q, 3000000);
    assert_true(q.count[QUIC_FRAME_HANDSHAKE_DONE] > 0);
    assert_true(q.count[QUIC_FRAME_NEW_TOKEN] > 0);
    assert_true(q.count[QUIC_FRAME_NEW_CONNECTION_ID] >= 3);
}

static void test_nothing_but_acks_outside_the_window(void **state)
{
    (void)state;
    uint8_t packet[1200];
    test_quic_connect(&q);
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    q.server->is_done_due = true;
    assert_true(quic_space_has_pending(q.server, QUIC_SPACE_APPLICATION, false));
    uint8_t *end = quic_write_frames(q.server, QUIC_SPACE_APPLICATION, NULL, packet,
                                     packet + sizeof(packet), false, q.now_us);
    const uint8_t *at = packet;
    struct quic_frame frame;
    assert_int_equal(quic_frame_parse(&at, end, &frame), RESULT_OK);
    assert_int_equal(frame.type, QUIC_FRAME_ACK);
    assert_ptr_equal(at, end);
    assert_true(q.server->is_done_due);
    assert_false(quic_space_has_pending(q.server, QUIC_SPACE_APPLICATION, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_the_end_of_the_handshake_brings),
        TEST(test_lost_ones_come_again),
        TEST(test_nothing_but_acks_outside_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
