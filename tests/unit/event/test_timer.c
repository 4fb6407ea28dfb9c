/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: they fire once, not early, not when switched off, and pushing one back moves it.
 */
#include "event/loop.h"

#include <string.h>

#include "support/loop.h"

struct counted_timer {
    struct event_timer timer;
    bool is_fired;
    unsigned count;
    uint64_t fired_us;
};

static void on_timer(struct event_timer *timer)
{
    struct counted_timer *counted = container_of(timer, struct counted_timer, timer);
    counted->is_fired = true;
    counted->count++;
    counted->fired_us = clock_monotonic_us();
}

static void start(struct counted_timer *counted, struct test_loop *test)
{
    memset(counted, 0, sizeof(*counted));
    event_timer_init(&counted->timer, test->loop, on_timer);
}

/* Turns for about `ms` milliseconds. */
static void turn_for(struct test_loop *test, unsigned ms)
{
    uint64_t end_us = clock_monotonic_us() + (uint64_t)ms * US_PER_MS;
    while (clock_monotonic_us() < end_us) {
        event_loop_turn(test->loop, false);
    }
}

static void test_fires_once_and_not_early(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted_timer counted;
    start(&counted, &test);
    uint64_t set_ms = event_now_ms(test.loop);
    event_timer_set(&counted.timer, 20);
    assert_int_equal(counted.timer.deadline_ms, set_ms + 20);
    assert_true(test_loop_until(&test, &counted.is_fired));
    assert_true(counted.fired_us / US_PER_MS >= set_ms + 20);
    turn_for(&test, 30);
    assert_int_equal(counted.count, 1);
    event_timer_stop(&counted.timer);
    test_loop_close(&test);
}

static void test_later_is_a_store_and_earlier_moves(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted_timer counted;
    start(&counted, &test);
    event_timer_set(&counted.timer, 10);
    uint64_t armed_ms = counted.timer.armed_ms;
    event_timer_set(&counted.timer, 60);
    assert_int_equal(counted.timer.armed_ms, armed_ms);
    turn_for(&test, 30);
    assert_int_equal(counted.count, 0);
    /* It fired inside, saw that it was early and armed itself for the real deadline. */
    assert_int_equal(counted.timer.armed_ms, counted.timer.deadline_ms);
    uint64_t before_ms = event_now_ms(test.loop);
    event_timer_set_at(&counted.timer, before_ms + 1);
    assert_true(test_loop_until(&test, &counted.is_fired));
    assert_true(counted.fired_us / US_PER_MS < before_ms + 25);
    test_loop_close(&test);
}

static void test_off_in_three_ways(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted_timer never, huge, stopped;
    start(&never, &test);
    start(&huge, &test);
    start(&stopped, &test);
    event_timer_set(&never.timer, 5);
    event_timer_set(&huge.timer, 5);
    event_timer_set(&stopped.timer, 5);
    event_timer_set_at(&never.timer, TIME_NEVER);
    event_timer_set(&huge.timer, UINT32_MAX);
    event_timer_stop(&stopped.timer);
    assert_int_equal(stopped.timer.armed_ms, TIME_NEVER);
    turn_for(&test, 20);
    assert_int_equal(never.count + huge.count + stopped.count, 0);
    /* They may be used again. */
    event_timer_set(&never.timer, 1);
    assert_true(test_loop_until(&test, &never.is_fired));
    test_loop_close(&test);
}

static void test_past_deadline_fires_in_the_next_turn(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted_timer counted;
    start(&counted, &test);
    event_timer_set_at(&counted.timer, 1);
    assert_true(test_loop_until(&test, &counted.is_fired));
    test_loop_close(&test);
}

/* Two timers due in one turn, of which the first called stops, or sets, the other. */
struct rival_timer {
    struct event_timer timer;
    struct rival_timer *other;
    bool sets_other;
    unsigned count;
};

static void on_rival(struct event_timer *timer)
{
    struct rival_timer *rival = container_of(timer, struct rival_timer, timer);
    rival->count++;
    if (rival->sets_other) {
        event_timer_set(&rival->other->timer, 5);
    } else {
        event_timer_stop(&rival->other->timer);
    }
}

static unsigned run_rivals(bool sets_other)
{
    struct test_loop test;
    test_loop_open(&test, 0);
    struct rival_timer rivals[2] = {{.sets_other = sets_other}, {.sets_other = sets_other}};
    for (unsigned i = 0; i < 2; i++) {
        rivals[i].other = &rivals[1 - i];
        event_timer_init(&rivals[i].timer, test.loop, on_rival);
        event_timer_set(&rivals[i].timer, 1);
    }
    uint64_t end_us = clock_monotonic_us() + 3 * US_PER_MS;
    while (clock_monotonic_us() < end_us) {
        /* Both become due before the next turn looks. */
    }
    event_loop_turn(test.loop, false);
    unsigned count = rivals[0].count + rivals[1].count;
    event_timer_stop(&rivals[0].timer);
    event_timer_stop(&rivals[1].timer);
    test_loop_close(&test);
    return count;
}

static void test_one_due_timer_stops_or_moves_another(void **state)
{
    (void)state;
    assert_int_equal(run_rivals(false), 1);
    assert_int_equal(run_rivals(true), 1);
}

static void test_more_timers_than_reserved_are_charged(void **state)
{
    (void)state;
    enum { TIMERS = 2000 };
    struct test_loop test;
    test_loop_open(&test, 0);
    size_t before = test_loop_bytes(&test, ACCOUNT_WORKER);
    struct account account;
    account_init(&account, test.ledger, ACCOUNT_CLIENT, 0);
    struct counted_timer *timers = memory_take(&account, TIMERS * sizeof(*timers));
    assert_non_null(timers);
    for (unsigned i = 0; i < TIMERS; i++) {
        start(&timers[i], &test);
        event_timer_set(&timers[i].timer, 1 + i % 7);
    }
    assert_true(test_loop_bytes(&test, ACCOUNT_WORKER) >= before);
    turn_for(&test, 15);
    for (unsigned i = 0; i < TIMERS; i++) {
        assert_int_equal(timers[i].count, 1);
    }
    memory_release(&account, timers);
    account_deinit(&account);
    test_loop_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fires_once_and_not_early),
        cmocka_unit_test(test_later_is_a_store_and_earlier_moves),
        cmocka_unit_test(test_off_in_three_ways),
        cmocka_unit_test(test_past_deadline_fires_in_the_next_turn),
        cmocka_unit_test(test_one_due_timer_stops_or_moves_another),
        cmocka_unit_test(test_more_timers_than_reserved_are_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
