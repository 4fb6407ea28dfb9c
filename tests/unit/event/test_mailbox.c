/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox: messages from other threads arrive in order in the loop's thread, and a full box
 * says so.
 */
#include "event/loop.h"

#include <pthread.h>

#include "event/loop_internal.h"
#include "support/loop.h"

enum { MESSAGES = 1000 };

struct received {
    struct event_loop *loop;
    unsigned count;
    bool is_done;
    bool posts_again;
};

static void on_message(void *argument)
{
    struct received *received = argument;
    received->count++;
    received->is_done = received->count >= MESSAGES;
    if (received->posts_again) {
        received->posts_again = false;
        assert_int_equal(event_loop_post(received->loop, on_message, received), RESULT_OK);
    }
}

static void *post_all(void *argument)
{
    struct received *received = argument;
    unsigned sent = 0;
    while (sent < MESSAGES) {
        if (event_loop_post(received->loop, on_message, received) == RESULT_OK) {
            sent++;
        } else {
            sched_yield();
        }
    }
    return NULL;
}

static void test_from_another_thread(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct received received = {.loop = test.loop};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_all, &received), 0);
    assert_true(test_loop_until(&test, &received.is_done));
    assert_int_equal(pthread_join(thread, NULL), 0);
    event_loop_turn(test.loop, false);
    assert_int_equal(received.count, MESSAGES);
    test_loop_close(&test);
}

static void test_a_full_box_refuses(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct received received = {.loop = test.loop};
    for (unsigned i = 0; i < EVENT_MAILBOX_MAX; i++) {
        assert_int_equal(event_loop_post(test.loop, on_message, &received), RESULT_OK);
    }
    assert_int_equal(event_loop_post(test.loop, on_message, &received), RESULT_FULL);
    event_loop_turn(test.loop, true);
    assert_int_equal(received.count, EVENT_MAILBOX_MAX);
    assert_int_equal(event_loop_post(test.loop, on_message, &received), RESULT_OK);
    event_loop_turn(test.loop, true);
    assert_int_equal(received.count, EVENT_MAILBOX_MAX + 1);
    test_loop_close(&test);
}

static void test_posting_from_a_message(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    struct received received = {.loop = test.loop, .posts_again = true};
    assert_int_equal(event_loop_post(test.loop, on_message, &received), RESULT_OK);
    event_loop_turn(test.loop, true);
    assert_int_equal(received.count, 1);
    event_loop_turn(test.loop, true);
    assert_int_equal(received.count, 2);
    test_loop_close(&test);
}

static void test_a_wake_without_a_message(void **state)
{
    (void)state;
    struct test_loop test;
    test_loop_open(&test, 0);
    uint64_t before_us = clock_monotonic_us();
    for (unsigned i = 0; i < 3; i++) {
        event_mailbox_wake(&test.loop->mailbox);
        event_loop_turn(test.loop, true);
    }
    assert_true(clock_monotonic_us() - before_us < US_PER_SECOND / 2);
    test_loop_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_another_thread),
        cmocka_unit_test(test_a_full_box_refuses),
        cmocka_unit_test(test_posting_from_a_message),
        cmocka_unit_test(test_a_wake_without_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
