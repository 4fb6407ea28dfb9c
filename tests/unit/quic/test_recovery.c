/* SPDX-License-Identifier: Apache-2.0 */
/* Records of packets in flight: what they count, their end by keys and paths, and their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/recovery.h"

static struct test_recovery t;

static int open_test(void **state)
{
    (void)state;
    test_recovery_open(&t, QUIC_CC_NEWRENO);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_recovery_close(&t);
    return 0;
}

static void test_flight(void **state)
{
    (void)state;
    test_send(&t, 1000);
    test_send(&t, 500);
    assert_int_equal(t.recovery.in_flight, 1500);
    assert_int_equal(t.recovery.spaces[QUIC_SPACE_APPLICATION].eliciting_in_flight, 2);
    assert_true(quic_recovery_held_bytes(&t.recovery) > 0);
    quic_recovery_discard(&t.recovery, QUIC_SPACE_APPLICATION);
    assert_int_equal(t.recovery.in_flight, 0);
    assert_int_equal(t.lost_count + t.acked_count, 0); /* nobody is told */
}

static void test_packets_that_count_for_nothing_are_not_kept(void **state)
{
    (void)state;
    struct quic_sent *sent = NULL;
    assert_int_equal(quic_sent_take(&t.recovery, &sent), RESULT_OK);
    quic_recovery_on_sent(&t.recovery, QUIC_SPACE_APPLICATION, sent, t.now_us);
    assert_int_equal(t.recovery.sent_count, 0);
    assert_int_equal(quic_recovery_deadline(&t.recovery), QUIC_NONE);
    assert_int_equal(quic_sent_take(&t.recovery, &sent), RESULT_OK);
    quic_sent_untake(&t.recovery, sent);
    assert_int_equal(t.account.used, 0);
}

static void test_limit_and_refusal(void **state)
{
    (void)state;
    struct quic_sent *sent = NULL;
    t.recovery.sent_count = QUIC_SENT_MAX;
    assert_int_equal(quic_sent_take(&t.recovery, &sent), RESULT_FULL);
    t.recovery.sent_count = 0;
    t.account.cap = 1;
    assert_int_equal(quic_sent_take(&t.recovery, &sent), RESULT_NO_MEMORY);
    t.account.cap = 0;
    assert_int_equal(quic_sent_take(&t.recovery, &sent), RESULT_OK);
    const struct quic_sent_frame frame = {.type = QUIC_FRAME_STREAM, .id = 1};
    t.account.cap = t.account.used;
    assert_int_equal(quic_sent_add(&t.recovery, sent, &frame), RESULT_OK); /* the first is inside */
    assert_int_equal(quic_sent_add(&t.recovery, sent, &frame), RESULT_NO_MEMORY);
    t.account.cap = 0;
    quic_sent_untake(&t.recovery, sent);
}

static void test_another_path(void **state)
{
    (void)state;
    test_send(&t, 1200);
    t.recovery.cc.window = 99999;
    quic_recovery_reset_path(&t.recovery, 1, 1200, t.now_us);
    assert_int_equal(t.recovery.in_flight, 0);
    assert_int_equal(t.recovery.cc.window, quic_congestion_initial_window(1200));
    assert_false(t.recovery.rtt.has_sample);
    test_send(&t, 1200);
    t.now_us += 1000;
    assert_int_equal(test_ack(&t, 0, 0), RESULT_OK); /* of the old path: the data arrived */
    assert_int_equal(t.acked[0], 1);
    assert_int_equal(t.recovery.in_flight, 1200);
}

static void test_probe_timeout_grows_with_the_peers_delay(void **state)
{
    (void)state;
    uint64_t before = quic_recovery_pto_us(&t.recovery);
    assert_int_equal(before, QUIC_INITIAL_RTT_US + 4 * (QUIC_INITIAL_RTT_US / 2));
    t.recovery.peer_max_ack_delay_us = 25000;
    assert_int_equal(quic_recovery_pto_us(&t.recovery), before + 25000);
    t.recovery.handshake_confirmed = false;
    assert_int_equal(quic_recovery_pto_us(&t.recovery), before);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_flight),
        TEST(test_packets_that_count_for_nothing_are_not_kept),
        TEST(test_limit_and_refusal),
        TEST(test_another_path),
        TEST(test_probe_timeout_grows_with_the_peers_delay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
