/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reserve: a small share of the limit at creation, nothing taken within it, growth past it
 * charged.
 */
#include <unistd.h>

#include "event/loop_internal.h"
#include "support/loop.h"

/* Charged to the worker by a loop for `descriptors` under a limit. */
static size_t bytes_of_loop(unsigned descriptors, size_t limit_bytes)
{
    struct memory_options options = {.workers = 1, .limit_bytes = limit_bytes};
    struct memory *memory;
    struct event_loop *loop;
    assert_int_equal(memory_create(&options, &memory), RESULT_OK);
    struct memory_usage before, after;
    memory_read_usage(memory, &before);
    assert_int_equal(event_loop_create(memory_ledger(memory, 0), descriptors, &loop), RESULT_OK);
    memory_read_usage(memory, &after);
    event_loop_destroy(loop);
    memory_destroy(memory, true);
    return after.by_kind[ACCOUNT_WORKER] - before.by_kind[ACCOUNT_WORKER];
}

static void test_a_small_share_of_the_limit(void **state)
{
    (void)state;
    enum { FEW = 64, MANY = 1024 * 1024, LIMIT = 64 * 1024 * 1024 };
    size_t few = bytes_of_loop(FEW, LIMIT);
    size_t many = bytes_of_loop(MANY, LIMIT);
    print_message("a loop holds %zu bytes, with %u descriptors under a limit %zu\n", few, MANY,
                  many);
    assert_true(few < 64 * 1024);
    assert_true(many >= few);
    /* A descriptor limit of a million must not eat a limit of 64 MiB. */
    assert_true(many <= LIMIT / 8);
    assert_true(bytes_of_loop(MANY, 0) < 1024 * 1024);
}

static void on_timer(struct event_timer *timer)
{
    (void)timer;
}

static void on_event(struct event_io *io, unsigned ready)
{
    (void)io;
    (void)ready;
}

static void test_nothing_is_taken_within_the_reserve(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    size_t before = test.loop->library_bytes;
    struct library_meter meter = library_meter_begin();
    struct event_io io;
    event_io_init(&io, test.loop, fds[1], on_event);
    event_io_want(&io, EVENT_WRITE);
    struct event_timer timers[TEST_DESCRIPTORS_MAX - 1];
    for (unsigned i = 0; i < TEST_DESCRIPTORS_MAX - 1; i++) {
        event_timer_init(&timers[i], test.loop, on_timer);
        event_timer_set(&timers[i], 1);
    }
    event_io_feed(&io, EVENT_WRITE);
    event_loop_turn(test.loop, false);
    for (unsigned i = 0; i < TEST_DESCRIPTORS_MAX - 1; i++) {
        event_timer_stop(&timers[i]);
    }
    event_io_stop(&io);
    struct library_meter after = library_meter_begin();
    assert_int_equal(after.allocated, meter.allocated);
    assert_int_equal(test.loop->library_bytes, before);
    close(fds[0]);
    close(fds[1]);
    test_loop_close(&test);
}

static void test_growth_past_the_reserve_is_charged(void **state)
{
    (void)state;
    enum { TIMERS = 3000, FEEDS = 3000, FAR = 5000 };
    struct test_loop test;
    test_loop_open(&test, 0);
    struct account account;
    account_init(&account, test.ledger, ACCOUNT_CLIENT, 0);
    struct event_timer *timers = memory_take(&account, TIMERS * sizeof(*timers));
    struct event_io *ios = memory_take(&account, FEEDS * sizeof(*ios));
    assert_true(timers != NULL && ios != NULL);
    size_t held = test.loop->library_bytes;
    struct library_meter meter = library_meter_begin();
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    int far = dup2(fds[1], FAR);
    for (unsigned i = 0; i < TIMERS; i++) {
        event_timer_init(&timers[i], test.loop, on_timer);
        event_timer_set(&timers[i], 1);
    }
    for (unsigned i = 0; i < FEEDS; i++) {
        event_io_init(&ios[i], test.loop, far, on_event);
        event_io_feed(&ios[i], EVENT_WRITE);
    }
    event_io_want(&ios[0], EVENT_WRITE);
    event_loop_turn(test.loop, false);
    event_loop_turn(test.loop, true);
    /* All that the thread took was taken by libev, and all of that is on the account. */
    struct library_meter after = library_meter_begin();
    uint64_t taken = after.allocated - meter.allocated - (after.deallocated - meter.deallocated);
    assert_int_equal(test.loop->library_bytes - held, taken);
    event_io_stop(&ios[0]);
    for (unsigned i = 0; i < TIMERS; i++) {
        event_timer_stop(&timers[i]);
    }
    memory_release(&account, timers);
    memory_release(&account, ios);
    account_deinit(&account);
    close(far);
    close(fds[0]);
    close(fds[1]);
    test_loop_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_share_of_the_limit),
        cmocka_unit_test(test_nothing_is_taken_within_the_reserve),
        cmocka_unit_test(test_growth_past_the_reserve_is_charged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
