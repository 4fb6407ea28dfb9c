/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A governor with one worker and its loop, for tests of what runs on a loop.
 */
#ifndef WEIR_TESTS_SUPPORT_LOOP_H
#define WEIR_TESTS_SUPPORT_LOOP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "event/loop.h"
#include "memory/memory.h"

enum { TEST_DESCRIPTORS_MAX = 64, TEST_PATIENCE_MS = 5000 };

struct test_loop {
    struct memory *memory;
    struct ledger *ledger;
    struct event_loop *loop;
};

/* Creates governor and loop; `limit_bytes` 0: none. */
static inline void test_loop_open(struct test_loop *test, size_t limit_bytes)
{
    struct memory_options options = {.workers = 1, .limit_bytes = limit_bytes};
    assert_int_equal(memory_create(&options, &test->memory), RESULT_OK);
    test->ledger = memory_ledger(test->memory, 0);
    assert_int_equal(event_loop_create(test->ledger, TEST_DESCRIPTORS_MAX, &test->loop), RESULT_OK);
}

/* Runs one turn more, so that what was deferred is done, and checks that nothing is left. */
static inline void test_loop_close(struct test_loop *test)
{
    event_loop_turn(test->loop, false);
    event_loop_turn(test->loop, false);
    event_loop_destroy(test->loop);
    memory_destroy(test->memory, true);
}

/* Runs turns until `*done` or the patience of a test ends; tells which. */
static inline bool test_loop_until(struct test_loop *test, const bool *done)
{
    uint64_t end_us = clock_monotonic_us() + TEST_PATIENCE_MS * (uint64_t)US_PER_MS;
    while (!*done && clock_monotonic_us() < end_us) {
        event_loop_turn(test->loop, true);
    }
    return *done;
}

/* Bytes of all accounts of a kind. */
static inline size_t test_loop_bytes(struct test_loop *test, enum account_kind kind)
{
    struct memory_usage usage;
    memory_read_usage(test->memory, &usage);
    return usage.by_kind[kind];
}

#endif
