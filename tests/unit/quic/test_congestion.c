/* SPDX-License-Identifier: Apache-2.0 */
/* What all controllers share: windows at the start, the pacer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/recovery.h"

static const struct quic_cc_options NEWRENO = {.algorithm = QUIC_CC_NEWRENO};

static void test_initial_window(void **state)
{
    (void)state;
    assert_int_equal(quic_congestion_initial_window(1200), 12000);
    assert_int_equal(quic_congestion_initial_window(1472), 14720);
    assert_int_equal(quic_congestion_initial_window(9000), 18000);
    struct quic_congestion cc;
    quic_congestion_init(&cc, &NEWRENO, 1200, MEBIBYTE, 0);
    assert_int_equal(cc.window, 12000);
    quic_congestion_set_datagram(&cc, 1472);
    assert_int_equal(cc.window, 14720); /* nothing was learned yet */
    cc.window = 50000;
    quic_congestion_set_datagram(&cc, 1200);
    assert_int_equal(cc.window, 50000);
}

static void test_window_holds(void **state)
{
    (void)state;
    struct quic_congestion cc;
    struct quic_rtt rtt = {0};
    uint64_t at_us;
    quic_congestion_init(&cc, &NEWRENO, 1200, MEBIBYTE, 0);
    assert_true(quic_congestion_may_send(&cc, &rtt, 0, 1200, 0, &at_us));
    assert_false(quic_congestion_may_send(&cc, &rtt, 11000, 1200, 0, &at_us));
    assert_int_equal(at_us, QUIC_NONE);
}

static void test_pacer(void **state)
{
    (void)state;
    struct quic_congestion cc;
    struct quic_rtt rtt = {.smoothed_us = 100000, .has_sample = true};
    uint64_t at_us, now_us = 1000000;
    quic_congestion_init(&cc, &NEWRENO, 1200, MEBIBYTE, now_us);
    cc.window = 1200000; /* 12 MB/s; twice of it in slow start */
    unsigned burst = 0;
    while (quic_congestion_may_send(&cc, &rtt, 0, 1200, now_us, &at_us)) {
        quic_congestion_spend(&cc, 1200);
        burst++;
    }
    assert_in_range(burst, 5, 60);
    assert_true(at_us > now_us && at_us < now_us + 1000);
    assert_true(quic_congestion_may_send(&cc, &rtt, 0, 1200, at_us, &at_us));
    cc.options.no_pacing = true;
    assert_true(quic_congestion_may_send(&cc, &rtt, 0, 1200, now_us, &at_us));
}

static void test_without_control(void **state)
{
    (void)state;
    struct quic_congestion cc;
    struct quic_cc_options options = {.algorithm = QUIC_CC_NONE, .window_max = 70000};
    quic_congestion_init(&cc, &options, 1200, MEBIBYTE, 0);
    assert_int_equal(cc.window, 70000);
    cc.ops->on_congestion(&cc, 1, 1000, false, 2);
    cc.ops->on_persistent(&cc, 3);
    assert_int_equal(cc.window, 70000);
    assert_string_equal(cc.ops->name, "nocc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initial_window),
        cmocka_unit_test(test_window_holds),
        cmocka_unit_test(test_pacer),
        cmocka_unit_test(test_without_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
