/* SPDX-License-Identifier: Apache-2.0 */
/* CUBIC: its reduction and plateau, HyStart++, and how it fills a link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/link.h"

static struct quic_congestion cc;
static struct quic_rtt rtt = {.smoothed_us = 100000, .latest_us = 100000, .has_sample = true};

static void begin(void)
{
    const struct quic_cc_options options = {.algorithm = QUIC_CC_CUBIC};
    quic_congestion_init(&cc, &options, 1200, 16 * MEBIBYTE, 0);
}

static void ack(uint64_t bytes, uint64_t sent_us, uint64_t now_us, uint64_t number)
{
    const struct quic_acked acked = {.now_us = now_us,
                                     .acked_bytes = bytes,
                                     .largest_sent_us = sent_us,
                                     .largest_number = number,
                                     .next_number = number + 10,
                                     .is_window_limited = true,
                                     .rtt = &rtt};
    cc.ops->on_acked(&cc, &acked);
}

static void test_reduction_and_way_back(void **state)
{
    (void)state;
    begin();
    cc.window = 1200000;
    cc.ops->on_congestion(&cc, 1, 1200, false, 1000);
    assert_int_equal(cc.window, 840000); /* 0.7 */
    cc.ops->on_spurious(&cc);
    assert_int_equal(cc.window, 1200000);
    cc.ops->on_congestion(&cc, 2000, 1200, false, 3000);
    /* K = cbrt(300 / 0.4) = 9.08 s until the old window is there again */
    uint64_t now_us = 3000;
    uint64_t at_half = 0;
    for (unsigned i = 0; i < 90; i++) {
        now_us += 100000;
        ack(cc.window, now_us - 100000 + 1, now_us, i);
        at_half = i == 45 ? cc.window : at_half;
    }
    assert_in_range(cc.window, 1180000, 1260000);
    assert_true(at_half > 1100000); /* concave: most of it comes early */
}

static void test_fast_convergence(void **state)
{
    (void)state;
    begin();
    cc.window = 1000000;
    cc.ops->on_congestion(&cc, 1, 1200, false, 1000);
    assert_int_equal(cc.state.cubic.origin_window, 1000000);
    cc.ops->on_congestion(&cc, 2000, 1200, false, 3000); /* below the last plateau */
    assert_int_equal(cc.state.cubic.origin_window, 700000 * 17 / 20);
}

static void test_hystart_leaves_slow_start(void **state)
{
    (void)state;
    begin();
    uint64_t number = 0;
    for (unsigned round = 0; round < 20 && cc.threshold == UINT64_MAX; round++) {
        rtt.latest_us = 100000 + (round > 3 ? 40000 : 0); /* the queue fills */
        for (unsigned i = 0; i < 10; i++) {
            ack(1200, 1, 1000, number++);
        }
    }
    assert_int_not_equal(cc.threshold, UINT64_MAX);
    assert_true(cc.state.cubic.hystart.is_done);
    rtt.latest_us = 100000;
}

static uint64_t run(unsigned loss_permille)
{
    static struct test_recovery t;
    const struct test_link link = {.bytes_per_s = 12500000,
                                   .delay_us = 25000,
                                   .queue_us = 50000,
                                   .loss_permille = loss_permille,
                                   .seed = 7};
    test_recovery_open(&t, QUIC_CC_CUBIC);
    (void)test_link_run(&t, &link, 3000000);
    uint64_t delivered = test_link_run(&t, &link, 4000000);
    test_recovery_close(&t);
    return delivered * 1000 / (4 * link.bytes_per_s);
}

static void test_fills_a_link(void **state)
{
    (void)state;
    assert_true(run(0) > 900);
}

static void test_goes_on_under_loss(void **state)
{
    (void)state;
    /* One in a hundred lost lets NewReno have 1.22 / sqrt(0.01) datagrams a round trip of 50
     * ms: 2.3 % of the link; CUBIC is never below that for long. */
    assert_in_range(run(10), 18, 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reduction_and_way_back),    cmocka_unit_test(test_fast_convergence),
        cmocka_unit_test(test_hystart_leaves_slow_start), cmocka_unit_test(test_fills_a_link),
        cmocka_unit_test(test_goes_on_under_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
