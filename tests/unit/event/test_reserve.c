/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reserve: what libev will ever need for a number of descriptors is taken and charged at
 * creation.
 */
#include <unistd.h>

#include "event/loop_internal.h"
#include "support/loop.h"

/* Charged to the worker by a loop for `descriptors`. */
static size_t bytes_of_loop(unsigned descriptors)
{
    struct memory_options options = {.workers = 1};
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

static void test_grows_with_the_descriptors(void **state)
{
    (void)state;
    enum { FEW = 64, MANY = 16384, POLL_BYTES_EACH = 12 };
    size_t few = bytes_of_loop(FEW);
    size_t many = bytes_of_loop(MANY);
    /* At the least the array that epoll fills, which is charged without the allocator's counters.
     */
    assert_true(many - few >= (MANY - FEW) * (size_t)POLL_BYTES_EACH);
    assert_true(few < 64 * 1024);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_with_the_descriptors),
        cmocka_unit_test(test_nothing_is_taken_within_the_reserve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
