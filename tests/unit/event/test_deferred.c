/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deferred callbacks: once a turn, after the others, cancellable, and no starvation by those that
 * defer themselves.
 */
#include "event/loop.h"

#include "event/loop_internal.h"
#include "support/loop.h"

struct counted {
    struct event_deferred deferred;
    struct event_loop *loop;
    struct counted *cancels; /* when not NULL */
    unsigned count;
    unsigned repeats;
};

static void on_deferred(struct event_deferred *deferred)
{
    struct counted *counted = container_of(deferred, struct counted, deferred);
    counted->count++;
    if (counted->cancels != NULL) {
        event_defer_cancel(&counted->cancels->deferred);
    }
    if (counted->repeats > 0) {
        counted->repeats--;
        event_defer(counted->loop, deferred);
    }
}

static void test_runs_once_however_often_asked(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted one = {.loop = test.loop};
    event_deferred_init(&one.deferred, on_deferred);
    event_defer(test.loop, &one.deferred);
    event_defer(test.loop, &one.deferred);
    assert_int_equal(one.count, 0);
    event_loop_turn(test.loop, true);
    event_loop_turn(test.loop, false);
    assert_int_equal(one.count, 1);
    test_loop_close(&test);
}

static void test_cancelled_before_and_while_running(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted first = {.loop = test.loop};
    struct counted second = {.loop = test.loop};
    event_deferred_init(&first.deferred, on_deferred);
    event_deferred_init(&second.deferred, on_deferred);
    event_defer_cancel(&first.deferred);
    event_defer(test.loop, &first.deferred);
    event_defer_cancel(&first.deferred);
    event_loop_turn(test.loop, false);
    assert_int_equal(first.count, 0);
    first.cancels = &second;
    event_defer(test.loop, &first.deferred);
    event_defer(test.loop, &second.deferred);
    event_loop_turn(test.loop, false);
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 0);
    test_loop_close(&test);
}

static void test_deferring_itself_waits_for_the_next_turn(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct counted one = {.loop = test.loop, .repeats = 2};
    event_deferred_init(&one.deferred, on_deferred);
    event_defer(test.loop, &one.deferred);
    event_deferred_run(test.loop);
    assert_int_equal(one.count, 1);
    /* A turn with work left over does not block, though it may wait. */
    uint64_t before_us = clock_monotonic_us();
    event_loop_turn(test.loop, true);
    event_loop_turn(test.loop, true);
    assert_true(clock_monotonic_us() - before_us < US_PER_SECOND / 2);
    assert_int_equal(one.count, 3);
    test_loop_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_once_however_often_asked),
        cmocka_unit_test(test_cancelled_before_and_while_running),
        cmocka_unit_test(test_deferring_itself_waits_for_the_next_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
