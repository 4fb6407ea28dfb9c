/* SPDX-License-Identifier: Apache-2.0 */
/* Faults: the n-th and the one after it, counting, a random share, and a scenario that fails
 * everywhere in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "memory/arena.h"
#include "memory/chunk.h"
#include "memory/fault.h"
#include "memory/library.h"
#include "support/memory.h"

static void test_the_nth_and_the_second(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(0);
    assert_false(fault_strikes(memory));
    assert_int_equal(fault_count(memory), 0); /* unarmed nothing is counted */
    fault_fail_nth(memory, 3, 2);
    for (int i = 1; i <= 10; i++) {
        assert_int_equal(fault_strikes(memory), i == 3 || i == 5);
    }
    assert_int_equal(fault_count(memory), 10);
    assert_int_equal(fault_failed(memory), 2);
    fault_fail_nth(memory, 0, 5);
    for (int i = 1; i <= 10; i++) {
        assert_false(fault_strikes(memory));
    }
    assert_int_equal(fault_count(memory), 10);
    assert_int_equal(fault_failed(memory), 0);
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    assert_int_equal(usage.failed_injected, 2);
    test_memory_close(memory);
}

static void test_a_random_share(void **state)
{
    (void)state;
    enum { TRIES = 20000 };
    struct memory *memory = test_memory_limited(0);
    for (unsigned percent = 0; percent <= 100; percent += 20) {
        unsigned failed = 0;
        fault_set_percent(memory, percent);
        for (int i = 0; i < TRIES; i++) {
            failed += fault_strikes(memory) ? 1u : 0u;
        }
        const unsigned expected = TRIES / 100 * percent;
        assert_in_range(failed, expected - (expected < 400 ? expected : 400), expected + 400);
    }
    fault_set_percent(memory, 1000);
    assert_true(fault_strikes(memory));
    fault_set_percent(memory, 0);
    assert_false(fault_strikes(memory));
    test_memory_close(memory);
}

/* ---- a scenario of everything that may be refused ---- */

struct scenario {
    struct memory *memory;
    struct chunk_source source;
    struct pool *pool;
    struct account account;
};

static enum result use_queue(struct scenario *scenario, struct chunk_queue *queue)
{
    struct chunk_queue other = {0};
    struct iovec room;
    struct slice out;
    enum result result =
        chunk_queue_reserve(queue, &scenario->source, CHUNK_NORMAL, &scenario->account, 1, &room);
    if (result == RESULT_OK) {
        chunk_queue_commit(queue, room.iov_len);
        result =
            chunk_queue_append_copy(queue, &scenario->source, &scenario->account, SLICE("more"));
    }
    if (result == RESULT_OK) {
        result = chunk_queue_move(&other, queue, 100, &scenario->account);
    }
    if (result == RESULT_OK) {
        result =
            chunk_queue_pull_up(queue, &scenario->source, &scenario->account, queue->bytes, &out);
    }
    chunk_queue_clear(&other);
    return result;
}

static enum result use_blocks(struct scenario *scenario)
{
    void *object = pool_take(scenario->pool, &scenario->account);
    void *block = library_take(&scenario->account, 100);
    char *string = memory_copy_string(&scenario->account, SLICE("hello"));
    char *resized = string == NULL ? NULL : memory_resize(&scenario->account, string, 1000);
    const bool is_whole = object != NULL && block != NULL && resized != NULL;
    pool_release(scenario->pool, &scenario->account, object);
    library_release(&scenario->account, block);
    memory_release(&scenario->account, resized != NULL ? resized : string);
    return is_whole ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Everything is given back whatever failed. */
static enum result run_scenario(struct scenario *scenario)
{
    struct chunk_queue queue = {0};
    struct arena arena;
    const enum result blocks = use_blocks(scenario);
    const enum result queues = use_queue(scenario, &queue);
    arena_init(&arena, &scenario->source, &scenario->account, 100000);
    for (int i = 0; i < 5; i++) {
        (void)arena_take(&arena, 1500);
    }
    const bool overflowed = arena_has_overflowed(&arena);
    arena_clear(&arena);
    chunk_queue_clear(&queue);
    assert_int_equal(scenario->account.used, 0);
    return blocks != RESULT_OK ? blocks : overflowed ? RESULT_NO_MEMORY : queues;
}

static void open_scenario(struct scenario *scenario)
{
    scenario->memory = test_memory_limited(0);
    scenario->pool = pool_create(scenario->memory, "thing", 100, 0);
    assert_int_equal(chunk_source_init(&scenario->source, scenario->memory, 4096, 8192), RESULT_OK);
    account_init(&scenario->account, memory_ledger(scenario->memory, 0), ACCOUNT_CLIENT, 0);
}

static void test_every_allocation_fails_in_turn_and_every_pair(void **state)
{
    (void)state;
    struct scenario scenario;
    open_scenario(&scenario);
    fault_fail_nth(scenario.memory, 0, 0);
    assert_int_equal(run_scenario(&scenario), RESULT_OK);
    const uint64_t sites = fault_count(scenario.memory);
    assert_true(sites >= 14);
    for (uint64_t nth = 1; nth <= sites; nth++) {
        for (uint64_t second = 0; nth + second <= sites; second++) {
            fault_fail_nth(scenario.memory, nth, second);
            assert_int_equal(run_scenario(&scenario), RESULT_NO_MEMORY);
            assert_true(fault_failed(scenario.memory) >= 1);
        }
    }
    fault_fail_nth(scenario.memory, 0, 0);
    assert_int_equal(run_scenario(&scenario), RESULT_OK);
    test_memory_close(scenario.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nth_and_the_second),
        cmocka_unit_test(test_a_random_share),
        cmocka_unit_test(test_every_allocation_fails_in_turn_and_every_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
