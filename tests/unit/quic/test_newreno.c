/* SPDX-License-Identifier: Apache-2.0 */
/* NewReno: slow start, a loss, one datagram more a round trip; on a link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/link.h"

static struct quic_congestion cc;
static struct quic_rtt rtt = {.smoothed_us = 50000, .has_sample = true};

static void begin(void)
{
    const struct quic_cc_options options = {.algorithm = QUIC_CC_NEWRENO};
    quic_congestion_init(&cc, &options, 1200, MEBIBYTE, 0);
}

static void ack(uint64_t bytes, uint64_t sent_us, bool is_limited)
{
    const struct quic_acked acked = {.acked_bytes = bytes,
                                     .largest_sent_us = sent_us,
                                     .is_window_limited = is_limited,
                                     .rtt = &rtt};
    cc.ops->on_acked(&cc, &acked);
}

static void test_growth(void **state)
{
    (void)state;
    begin();
    ack(12000, 1, true);
    assert_int_equal(cc.window, 24000);
    ack(12000, 1, false); /* the window was not what held it */
    assert_int_equal(cc.window, 24000);
    cc.threshold = 24000;
    ack(24000, 2, true);
    assert_int_equal(cc.window, 25200);
    cc.window_max = 25500;
    ack(50000, 3, true);
    assert_int_equal(cc.window, 25500);
}

static void test_one_reduction_a_round_trip(void **state)
{
    (void)state;
    begin();
    cc.window = 100000;
    cc.ops->on_congestion(&cc, 500, 1200, false, 1000);
    assert_int_equal(cc.window, 50000);
    cc.ops->on_congestion(&cc, 900, 1200, false, 1100); /* sent before the first was seen */
    assert_int_equal(cc.window, 50000);
    ack(10000, 800, true); /* neither does it grow by those */
    assert_int_equal(cc.window, 50000);
    cc.ops->on_congestion(&cc, 1050, 1200, false, 1200);
    assert_int_equal(cc.window, 25000);
    cc.ops->on_spurious(&cc);
    assert_int_equal(cc.window, 50000);
    cc.ops->on_persistent(&cc, 2000);
    assert_int_equal(cc.window, 2400);
}

static void test_on_a_link(void **state)
{
    (void)state;
    static struct test_recovery t;
    const struct test_link link = {
        .bytes_per_s = 1250000, .delay_us = 10000, .queue_us = 25000, .seed = 1};
    test_recovery_open(&t, QUIC_CC_NEWRENO);
    (void)test_link_run(&t, &link, 3000000);
    uint64_t delivered = test_link_run(&t, &link, 5000000);
    assert_true(delivered > 5 * link.bytes_per_s * 85 / 100);
    test_recovery_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_one_reduction_a_round_trip),
        cmocka_unit_test(test_on_a_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
