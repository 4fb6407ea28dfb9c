/* SPDX-License-Identifier: Apache-2.0 */
/* Losses by time, probe timeouts with their backoff, persistent congestion. */
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

static void measure(uint64_t rtt_us)
{
    uint64_t number = test_send(&t, 1000);
    t.now_us += rtt_us;
    assert_int_equal(test_ack(&t, number, number), RESULT_OK);
}

static void test_loss_by_time(void **state)
{
    (void)state;
    enum quic_space space;
    measure(80000);
    uint64_t first = test_send(&t, 1000);
    uint64_t second = test_send(&t, 1000);
    uint64_t sent_us = t.now_us;
    t.now_us += 80000;
    assert_int_equal(test_ack(&t, second, second), RESULT_OK);
    assert_int_equal(t.lost[first], 0); /* only one behind */
    assert_int_equal(quic_recovery_deadline(&t.recovery), sent_us + 90000);
    t.now_us = sent_us + 90000;
    assert_int_equal(quic_recovery_on_timeout(&t.recovery, t.now_us, &space), 0);
    assert_int_equal(t.lost[first], 1);
    assert_int_equal(t.recovery.in_flight, 0);
}

static void test_probes(void **state)
{
    (void)state;
    enum quic_space space = QUIC_SPACE_INITIAL;
    measure(100000);
    uint64_t number = test_send(&t, 1000);
    uint64_t pto_us = quic_recovery_pto_us(&t.recovery);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(quic_recovery_deadline(&t.recovery), t.now_us + (pto_us << i));
        uint64_t due = quic_recovery_deadline(&t.recovery);
        assert_int_equal(quic_recovery_on_timeout(&t.recovery, due - 1, &space), 0);
        assert_int_equal(quic_recovery_on_timeout(&t.recovery, due, &space), 2);
        assert_int_equal(space, QUIC_SPACE_APPLICATION);
        assert_int_equal(t.lost[number], i + 1); /* to be sent again, and yet in flight */
        assert_int_equal(t.recovery.in_flight, 1000);
    }
    t.recovery.is_amplification_limited = true;
    assert_int_equal(quic_recovery_deadline(&t.recovery), QUIC_NONE);
    t.recovery.is_amplification_limited = false;
    assert_int_equal(test_ack(&t, number, number), RESULT_OK);
    assert_int_equal(t.recovery.pto_count, 0);
    assert_int_equal(quic_recovery_deadline(&t.recovery), QUIC_NONE);
}

static void test_persistent_congestion(void **state)
{
    (void)state;
    measure(100000);
    uint64_t first = test_send(&t, 1200);
    t.now_us += 10 * quic_recovery_pto_us(&t.recovery);
    for (unsigned i = 0; i < 4; i++) {
        test_send(&t, 1200);
    }
    uint64_t last = test_send(&t, 1200);
    t.now_us += 100000;
    assert_int_equal(test_ack(&t, last, last), RESULT_OK);
    assert_int_equal(t.lost[first], 1);
    assert_int_equal(t.recovery.cc.window, quic_congestion_least_window(&t.recovery.cc));
}

static void test_a_lost_mtu_probe_is_no_congestion(void **state)
{
    (void)state;
    measure(100000);
    uint64_t window = t.recovery.cc.window;
    uint64_t number = test_send(&t, 1400);
    t.recovery.spaces[QUIC_SPACE_APPLICATION].last->is_mtu_probe = true;
    for (unsigned i = 0; i < 3; i++) {
        test_send(&t, 1200);
    }
    t.now_us += 100000;
    assert_int_equal(test_ack(&t, number + 1, number + 3), RESULT_OK);
    assert_int_equal(t.probe_bytes, 1400);
    assert_false(t.probe_acked);
    assert_true(t.recovery.cc.window >= window);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_loss_by_time),
        TEST(test_probes),
        TEST(test_persistent_congestion),
        TEST(test_a_lost_mtu_probe_is_no_congestion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
