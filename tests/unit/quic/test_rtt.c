/* SPDX-License-Identifier: Apache-2.0 */
/* Round-trip time by RFC 9002 5: the first sample, smoothing, the peer's delay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/recovery_internal.h"

static void test_samples(void **state)
{
    (void)state;
    struct quic_rtt rtt = {0};
    quic_rtt_add(&rtt, 100000, 50000);
    assert_true(rtt.has_sample);
    assert_int_equal(rtt.min_us, 100000); /* the first one as it is */
    assert_int_equal(rtt.smoothed_us, 100000);
    assert_int_equal(rtt.variation_us, 50000);
    quic_rtt_add(&rtt, 180000, 20000); /* 160 without the delay */
    assert_int_equal(rtt.latest_us, 180000);
    assert_int_equal(rtt.smoothed_us, (100000 * 7 + 160000) / 8);
    assert_int_equal(rtt.variation_us, (50000 * 3 + 60000) / 4);
    quic_rtt_add(&rtt, 105000, 20000); /* would be below the smallest: the delay does not count */
    assert_int_equal(rtt.min_us, 100000);
    quic_rtt_add(&rtt, 60000, 0);
    assert_int_equal(rtt.min_us, 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_samples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
