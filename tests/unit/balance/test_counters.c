/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rates over a sliding second, and what clearing keeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "balance/counters.h"

static void test_rate_counts_this_second(void **state)
{
    (void)state;
    struct rate rate = {0};
    assert_int_equal(rate_read(&rate, 0), 0);
    rate_add(&rate, 5000, 3);
    rate_add(&rate, 5999, 4);
    assert_int_equal(rate_read(&rate, 5999), 7);
    assert_int_equal(rate.max, 7);
}

static void test_rate_slides_over_the_last_second(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_add(&rate, 5500, 100);
    assert_int_equal(rate_read(&rate, 6000), 100);
    assert_int_equal(rate_read(&rate, 6250), 75);
    rate_add(&rate, 6500, 10);
    assert_int_equal(rate_read(&rate, 6500), 10 + 50);
    assert_int_equal(rate_read(&rate, 8000), 0);
    assert_int_equal(rate.max, 100);
}

static void test_rate_of_one_does_not_flap(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_add(&rate, 1000, 1);
    assert_int_equal(rate_read(&rate, 2990), 1);
    assert_int_equal(rate_read(&rate, 3000), 0);
}

static void test_rate_does_not_overflow(void **state)
{
    (void)state;
    struct rate rate = {0};
    rate_add(&rate, 1000, UINT32_MAX);
    rate_add(&rate, 1000, 5);
    assert_int_equal(rate.current, UINT32_MAX);
    rate_add(&rate, 100000, 1);
    assert_int_equal(rate_read(&rate, 100000), 1);
}

static struct counters busy_counters(void)
{
    return (struct counters){
        .sessions_current = 3,
        .sessions_max = 9,
        .sessions_total = 100,
        .session_rate = {.second = 4, .current = 2, .max = 8},
        .queue_current = 1,
        .queue_max = 5,
        .bytes_in = 1000,
        .responses = {0, 1, 2, 3, 4, 5},
        .downtime_ms = 77,
        .total_time_max_ms = 12,
    };
}

static void test_clear_maxima(void **state)
{
    (void)state;
    struct counters counters = busy_counters();
    counters_clear(&counters, 0);
    assert_int_equal(counters.sessions_max, 3);
    assert_int_equal(counters.queue_max, 1);
    assert_int_equal(counters.session_rate.max, 0);
    assert_int_equal(counters.total_time_max_ms, 0);
    assert_int_equal(counters.sessions_total, 100);
    assert_int_equal(counters.bytes_in, 1000);
}

static void test_clear_all_keeps_what_is_going_on(void **state)
{
    (void)state;
    struct counters counters = busy_counters();
    counters_clear(&counters, 1);
    assert_int_equal(counters.sessions_current, 3);
    assert_int_equal(counters.sessions_max, 3);
    assert_int_equal(counters.queue_current, 1);
    assert_int_equal(counters.session_rate.current, 2);
    assert_int_equal(counters.downtime_ms, 77);
    assert_int_equal(counters.sessions_total, 0);
    assert_int_equal(counters.bytes_in, 0);
    for (unsigned i = 0; i < COUNTER_STATUS_CLASSES; i++) {
        assert_int_equal(counters.responses[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_counts_this_second),
        cmocka_unit_test(test_rate_slides_over_the_last_second),
        cmocka_unit_test(test_rate_of_one_does_not_flap),
        cmocka_unit_test(test_rate_does_not_overflow),
        cmocka_unit_test(test_clear_maxima),
        cmocka_unit_test(test_clear_all_keeps_what_is_going_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
