/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: interest, readiness, feeding, stopping inside a callback, reuse of a number; and
 * signals.
 */
#include "event/loop.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loop.h"

struct watched {
    struct event_io io;
    int fds[2];
    unsigned ready;
    unsigned count;
    bool is_called;
    bool stops;
};

static void on_event(struct event_io *io, unsigned ready)
{
    struct watched *watched = container_of(io, struct watched, io);
    watched->ready = ready;
    watched->count++;
    watched->is_called = true;
    if (watched->stops) {
        event_io_stop(io);
    }
}

static void open_pair(struct watched *watched, struct test_loop *test)
{
    *watched = (struct watched){.ready = 0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, watched->fds), 0);
    event_io_init(&watched->io, test->loop, watched->fds[0], on_event);
}

static void close_pair(struct watched *watched)
{
    event_io_stop(&watched->io);
    close(watched->fds[0]);
    close(watched->fds[1]);
}

static void test_tells_only_what_is_wanted(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct watched watched;
    open_pair(&watched, &test);
    assert_int_equal(event_io_interest(&watched.io), 0);
    assert_int_equal(write(watched.fds[1], "x", 1), 1);
    event_loop_turn(test.loop, false);
    assert_false(watched.is_called);
    event_io_want(&watched.io, EVENT_READ);
    assert_int_equal(event_io_interest(&watched.io), EVENT_READ);
    assert_true(test_loop_until(&test, &watched.is_called));
    assert_int_equal(watched.ready, EVENT_READ);
    event_io_want(&watched.io, EVENT_READ | EVENT_WRITE);
    event_loop_turn(test.loop, true);
    assert_int_equal(watched.ready, EVENT_READ | EVENT_WRITE);
    event_io_want(&watched.io, 0);
    watched.is_called = false;
    event_loop_turn(test.loop, false);
    event_loop_turn(test.loop, false);
    assert_false(watched.is_called);
    close_pair(&watched);
    test_loop_close(&test);
}

static void test_interest_comes_back(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct watched watched;
    open_pair(&watched, &test);
    for (unsigned i = 0; i < 3; i++) {
        watched.is_called = false;
        event_io_want(&watched.io, EVENT_WRITE);
        assert_true(test_loop_until(&test, &watched.is_called));
        event_io_want(&watched.io, 0);
        event_loop_turn(test.loop, false);
    }
    assert_int_equal(watched.count, 3);
    close_pair(&watched);
    test_loop_close(&test);
}

static void test_fed_events_come_without_the_kernel(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct watched watched;
    open_pair(&watched, &test);
    event_io_feed(&watched.io, EVENT_READ);
    assert_false(watched.is_called);
    uint64_t before_us = clock_monotonic_us();
    event_loop_turn(test.loop, true);
    assert_true(clock_monotonic_us() - before_us < US_PER_SECOND / 2);
    assert_true(watched.is_called);
    assert_int_equal(watched.ready, EVENT_READ);
    watched.is_called = false;
    event_io_feed(&watched.io, EVENT_READ);
    event_io_stop(&watched.io);
    event_loop_turn(test.loop, false);
    assert_false(watched.is_called);
    close_pair(&watched);
    test_loop_close(&test);
}

static void test_stopping_inside_the_callback(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct watched watched;
    open_pair(&watched, &test);
    watched.stops = true;
    assert_int_equal(write(watched.fds[1], "x", 1), 1);
    event_io_want(&watched.io, EVENT_READ | EVENT_WRITE);
    event_loop_turn(test.loop, true);
    event_loop_turn(test.loop, false);
    assert_int_equal(watched.count, 1);
    close_pair(&watched);
    test_loop_close(&test);
}

static void test_a_reused_number_is_watched(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct watched first, second;
    open_pair(&first, &test);
    event_io_want(&first.io, EVENT_READ);
    event_loop_turn(test.loop, false);
    int number = first.fds[0];
    close_pair(&first);
    open_pair(&second, &test);
    assert_int_equal(second.fds[0], number);
    event_io_want(&second.io, EVENT_READ);
    assert_int_equal(write(second.fds[1], "x", 1), 1);
    assert_true(test_loop_until(&test, &second.is_called));
    close_pair(&second);
    test_loop_close(&test);
}

static void test_a_descriptor_past_the_reserve(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct watched watched;
    open_pair(&watched, &test);
    int high = dup2(watched.fds[0], TEST_DESCRIPTORS_MAX * 4);
    assert_int_equal(high, TEST_DESCRIPTORS_MAX * 4);
    event_io_init(&watched.io, test.loop, high, on_event);
    event_io_want(&watched.io, EVENT_WRITE);
    assert_true(test_loop_until(&test, &watched.is_called));
    event_io_stop(&watched.io);
    close(high);
    close_pair(&watched);
    test_loop_close(&test);
}

struct signalled {
    struct event_signal signal;
    int number;
    bool is_called;
};

static void on_signal(struct event_signal *signal, int number)
{
    struct signalled *signalled = container_of(signal, struct signalled, signal);
    signalled->number = number;
    signalled->is_called = true;
}

static void test_signals(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct signalled signalled = {.is_called = false};
    event_signal_start(&signalled.signal, test.loop, SIGUSR1, on_signal);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(test_loop_until(&test, &signalled.is_called));
    assert_int_equal(signalled.number, SIGUSR1);
    event_signal_stop(&signalled.signal);
    test_loop_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tells_only_what_is_wanted),
        cmocka_unit_test(test_interest_comes_back),
        cmocka_unit_test(test_fed_events_come_without_the_kernel),
        cmocka_unit_test(test_stopping_inside_the_callback),
        cmocka_unit_test(test_a_reused_number_is_watched),
        cmocka_unit_test(test_a_descriptor_past_the_reserve),
        cmocka_unit_test(test_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
