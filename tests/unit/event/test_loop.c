/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: creation within the budget, turns, time, stopping, memory waiters and pressure at the
 * end of a turn.
 */
#include "event/loop.h"

#include "memory/fault.h"
#include "memory/pressure.h"
#include "support/loop.h"

static void test_takes_and_returns_its_memory(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    assert_true(test_loop_bytes(&test, ACCOUNT_WORKER) > 0);
    test_loop_close(&test);
}

static void test_every_allocation_failed_in_turn(void **state)
{
    (void)state;
    struct memory_options options = {.workers = 1};
    struct memory *memory;
    assert_int_equal(memory_create(&options, &memory), RESULT_OK);
    uint64_t nth = 1;
    enum result result;
    do {
        struct event_loop *loop = NULL;
        fault_fail_nth(memory, nth, 0);
        result = event_loop_create(memory_ledger(memory, 0), TEST_DESCRIPTORS_MAX, &loop);
        assert_true(result == RESULT_OK || result == RESULT_NO_MEMORY);
        event_loop_destroy(loop);
        nth++;
    } while (result != RESULT_OK);
    assert_true(nth > 2);
    memory_destroy(memory, true);
}

static void test_time_moves_and_agrees(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    uint64_t before_us = event_now_us(test.loop);
    assert_int_equal(event_now_ms(test.loop), before_us / US_PER_MS);
    event_loop_turn(test.loop, false);
    assert_true(event_now_us(test.loop) >= before_us);
    assert_true(event_now_us(test.loop) <= clock_monotonic_us());
    uint64_t wall_us = clock_wall_us();
    uint64_t shown_us = event_wall_us(test.loop);
    assert_true(shown_us <= wall_us + US_PER_SECOND && shown_us + US_PER_SECOND >= wall_us);
    test_loop_close(&test);
}

static void stop_loop(struct event_timer *timer)
{
    event_loop_stop(timer->loop);
}

static void test_run_until_stopped(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct event_timer timer;
    event_timer_init(&timer, test.loop, stop_loop);
    event_timer_set(&timer, 1);
    event_loop_run(test.loop);
    assert_true(timer.deadline_ms == TIME_NEVER);
    test_loop_close(&test);
}

struct waiting {
    struct memory_waiter waiter;
    bool is_woken;
};

static void on_memory(struct memory_waiter *waiter)
{
    container_of(waiter, struct waiting, waiter)->is_woken = true;
}

static void test_wakes_waiters_at_the_end_of_a_turn(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct waiting waiting = {.is_woken = false};
    memory_waiter_init(&waiting.waiter, on_memory);
    memory_wait(test.ledger, WAIT_REQUEST, &waiting.waiter);
    assert_false(waiting.is_woken);
    event_loop_turn(test.loop, false);
    assert_true(waiting.is_woken);
    test_loop_close(&test);
}

struct observing {
    struct pressure_observer observer;
    enum pressure_level level;
};

static void on_level(struct pressure_observer *observer, enum pressure_level from,
                     enum pressure_level to)
{
    (void)from;
    container_of(observer, struct observing, observer)->level = to;
}

static void test_tells_pressure_both_ways(void **state)
{
    (void)state;
    enum { LIMIT = 64 * 1024 * 1024 };
    struct test_loop test;
    test_loop_open(&test, LIMIT);
    struct observing observing = {.observer = {.on_level = on_level}};
    pressure_observe(test.memory, &observing.observer);
    struct account account;
    account_init(&account, test.ledger, ACCOUNT_CLIENT, 0);
    struct memory_usage usage;
    memory_read_usage(test.memory, &usage);
    /* To 90 % of the limit: scarce. */
    size_t bytes = (size_t)LIMIT / 10 * 9 - usage.used;
    account_charge_forced(&account, bytes);
    event_loop_turn(test.loop, false);
    assert_true(observing.level >= PRESSURE_TIGHT);
    account_discharge(&account, bytes);
    event_loop_turn(test.loop, false);
    assert_int_equal(observing.level, PRESSURE_CALM);
    account_deinit(&account);
    test_loop_close(&test);
}

static void test_idle_percent_is_a_percentage(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    assert_true(event_loop_idle_percent(test.loop) <= 100);
    uint64_t end_us = clock_monotonic_us() + 1200 * US_PER_MS;
    while (clock_monotonic_us() < end_us) {
        event_loop_turn(test.loop, true);
    }
    /* A loop with nothing to do waits nearly all of the time. */
    assert_in_range(event_loop_idle_percent(test.loop), 80, 100);
    test_loop_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_and_returns_its_memory),
        cmocka_unit_test(test_every_allocation_failed_in_turn),
        cmocka_unit_test(test_time_moves_and_agrees),
        cmocka_unit_test(test_run_until_stopped),
        cmocka_unit_test(test_wakes_waiters_at_the_end_of_a_turn),
        cmocka_unit_test(test_tells_pressure_both_ways),
        cmocka_unit_test(test_idle_percent_is_a_percentage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
