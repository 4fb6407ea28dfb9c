/* SPDX-License-Identifier: Apache-2.0 */
/* ACK frames: what they tell of packets, time and ECN, and those that lie. */
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

static void test_acknowledged(void **state)
{
    (void)state;
    struct quic_range entries[2];
    struct quic_ranges ranges = quic_ranges_over(entries, 2);
    for (unsigned i = 0; i < 5; i++) {
        test_send(&t, 1000);
    }
    quic_ranges_add(&ranges, 1, 1);
    quic_ranges_add(&ranges, 3, 4);
    t.now_us += 50000;
    assert_int_equal(test_ack_ranges(&t, &ranges, NULL), RESULT_OK);
    assert_int_equal(t.acked[1] + t.acked[3] + t.acked[4], 3);
    assert_int_equal(t.acked[0] + t.acked[2], 0);
    assert_int_equal(t.recovery.rtt.latest_us, 50000);
    assert_int_equal(t.lost[0] + t.lost[1], 1); /* three behind the largest */
    assert_int_equal(t.recovery.in_flight, 1000);
    assert_int_equal(test_ack_ranges(&t, &ranges, NULL), RESULT_OK); /* the same again */
    assert_int_equal(t.acked_count, 3);
}

static void test_of_what_was_never_sent(void **state)
{
    (void)state;
    test_send(&t, 1000);
    assert_int_equal(test_ack(&t, 0, 1), RESULT_INVALID);
    quic_recovery_skip(&t.recovery, QUIC_SPACE_APPLICATION);
    test_send(&t, 1000);
    assert_int_equal(test_ack(&t, 0, 2), RESULT_INVALID); /* 1 was skipped */
    assert_int_equal(test_ack(&t, 2, 2), RESULT_OK);
}

static void test_a_late_ack_undoes_the_loss(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        test_send(&t, 1200);
    }
    uint64_t window = t.recovery.cc.window;
    t.now_us += 10000;
    assert_int_equal(test_ack(&t, 4, 4), RESULT_OK);
    assert_int_equal(t.lost_count, 2);
    assert_true(t.recovery.cc.window < window);
    assert_int_equal(test_ack(&t, 0, 4), RESULT_OK);
    assert_int_equal(t.recovery.packets_spurious, 2);
    assert_true(t.recovery.cc.window >= window);
    assert_int_equal(t.recovery.reorder_threshold, 5);
    assert_int_equal(t.recovery.in_flight, 0);
}

/* Sends marked packets and acknowledges them with counts. */
static void ack_marked(unsigned count, uint64_t ect0, uint64_t ect1, uint64_t ce)
{
    uint64_t first = t.recovery.spaces[QUIC_SPACE_APPLICATION].next_number;
    for (unsigned i = 0; i < count; i++) {
        test_send(&t, 1000);
        struct quic_sent_space *space = &t.recovery.spaces[QUIC_SPACE_APPLICATION];
        space->last->is_ect = true;
        space->ect0_sent++;
    }
    struct quic_range entry;
    struct quic_ranges ranges = quic_ranges_over(&entry, 1);
    quic_ranges_add(&ranges, first, first + count - 1);
    t.now_us += 10000;
    const uint64_t ecn[] = {ect0, ect1, ce};
    assert_int_equal(test_ack_ranges(&t, &ranges, ecn), RESULT_OK);
}

static void test_ecn(void **state)
{
    (void)state;
    ack_marked(3, 3, 0, 0);
    assert_int_equal(t.recovery.ecn, QUIC_ECN_CAPABLE);
    uint64_t window = t.recovery.cc.window;
    ack_marked(2, 4, 0, 1); /* one was marked on its way */
    assert_int_equal(t.recovery.ecn, QUIC_ECN_CAPABLE);
    assert_true(t.recovery.cc.window < window);
    ack_marked(2, 4, 0, 1); /* marks are missing: bleached */
    assert_int_equal(t.recovery.ecn, QUIC_ECN_FAILED);
}

static void test_ecn_that_nobody_sent(void **state)
{
    (void)state;
    ack_marked(2, 2, 1, 0);
    assert_int_equal(t.recovery.ecn, QUIC_ECN_FAILED);
}

static void test_mtu_probe(void **state)
{
    (void)state;
    test_send(&t, 1400);
    t.recovery.spaces[QUIC_SPACE_APPLICATION].last->is_mtu_probe = true;
    t.now_us += 1000;
    assert_int_equal(test_ack(&t, 0, 0), RESULT_OK);
    assert_int_equal(t.probe_bytes, 1400);
    assert_true(t.probe_acked);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_acknowledged),
        TEST(test_of_what_was_never_sent),
        TEST(test_a_late_ack_undoes_the_loss),
        TEST(test_ecn),
        TEST(test_ecn_that_nobody_sent),
        TEST(test_mtu_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
