/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept until it is acknowledged: any order of losses and ACKs against plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/output.h"

#include <stdlib.h>

#include "quic/types.h"
#include "support/memory.h"

enum { STREAM_BYTES = 3000, STEPS_MAX = 1000000, FLIGHT = 40, SEEDS = 40 };

static struct memory *memory;
static struct chunk_source chunks;
static struct account account;
static struct pool *ranges;
static struct quic_output output;
static char text[STREAM_BYTES];

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    assert_int_equal(chunk_source_init(&chunks, memory, 16384, 0), RESULT_OK);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    ranges = quic_output_pool_create(memory);
    quic_output_init(&output);
    for (unsigned i = 0; i < STREAM_BYTES; i++) {
        text[i] = (char)(i * 13 + i / 100);
    }
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    quic_output_deinit(&output, ranges, &account);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

struct sent {
    uint64_t offset;
    size_t bytes;
    bool is_final, is_there;
};

/* Sends with losses until everything is acknowledged; every byte must have arrived. */
static void run(unsigned seed, size_t cap)
{
    static struct sent flight[FLIGHT];
    static char arrived[STREAM_BYTES];
    bool has_fin_arrived = false;
    memset(flight, 0, sizeof(flight));
    memset(arrived, 0, sizeof(arrived));
    srand(seed);
    quic_output_init(&output);
    assert_int_equal(
        chunk_queue_append_copy(&output.queue, &chunks, &account, slice_of(text, sizeof(text))),
        RESULT_OK);
    output.has_fin = true;
    account.cap = cap == 0 ? 0 : account.used + cap;
    unsigned steps = 0;
    while (!quic_output_is_done(&output)) {
        assert_true(++steps < STEPS_MAX);
        struct sent *slot = &flight[(unsigned)rand() % FLIGHT];
        if (slot->is_there) { /* lost, or arrived and acknowledged */
            slot->is_there = false;
            if (rand() % 3 == 0) {
                quic_output_on_lost(&output, ranges, &account, slot->offset, slot->bytes,
                                    slot->is_final);
            } else {
                memcpy(arrived + slot->offset, text + slot->offset, slot->bytes);
                has_fin_arrived = has_fin_arrived || slot->is_final;
                quic_output_on_acked(&output, ranges, &account, slot->offset, slot->bytes,
                                     slot->is_final);
            }
            continue;
        }
        uint64_t offset;
        size_t bytes;
        bool is_final;
        char copy[64];
        if (quic_output_next(&output, QUIC_NONE, 1 + (unsigned)rand() % 60, &offset, &bytes,
                             &is_final)) {
            quic_output_copy(&output, offset, bytes, (uint8_t *)copy);
            assert_memory_equal(copy, text + offset, bytes);
            quic_output_on_sent(&output, offset, bytes, is_final);
            *slot = (struct sent){offset, bytes, is_final, true};
        }
    }
    account.cap = 0;
    assert_memory_equal(arrived, text, sizeof(text));
    assert_true(has_fin_arrived);
    quic_output_deinit(&output, ranges, &account);
}

static void test_any_fate(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        run(seed, 0);
    }
}

static void test_any_fate_without_memory(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        run(seed, 1); /* no room for more ranges than those inside */
    }
}

static void test_limit_of_the_peer(void **state)
{
    (void)state;
    uint64_t offset;
    size_t bytes;
    bool is_final;
    assert_false(quic_output_is_pending(&output, QUIC_NONE));
    assert_int_equal(chunk_queue_append_copy(&output.queue, &chunks, &account, slice_of(text, 100)),
                     RESULT_OK);
    output.has_fin = true;
    assert_false(quic_output_is_pending(&output, 0));
    assert_true(quic_output_next(&output, 30, 1000, &offset, &bytes, &is_final));
    assert_int_equal(bytes, 30);
    assert_false(is_final);
    quic_output_on_sent(&output, offset, bytes, is_final);
    assert_false(quic_output_is_pending(&output, 30));
    assert_true(quic_output_next(&output, 100, 1000, &offset, &bytes, &is_final));
    assert_int_equal(bytes, 70);
    assert_true(is_final);
}

static void test_a_bare_fin(void **state)
{
    (void)state;
    uint64_t offset;
    size_t bytes;
    bool is_final;
    output.has_fin = true;
    assert_true(quic_output_next(&output, 0, 1000, &offset, &bytes, &is_final));
    assert_int_equal(bytes, 0);
    assert_true(is_final);
    quic_output_on_sent(&output, 0, 0, true);
    assert_false(quic_output_is_pending(&output, QUIC_NONE));
    quic_output_on_lost(&output, ranges, &account, 0, 0, true);
    assert_true(quic_output_is_pending(&output, QUIC_NONE));
    quic_output_on_sent(&output, 0, 0, true);
    quic_output_on_acked(&output, ranges, &account, 0, 0, true);
    assert_true(quic_output_is_done(&output));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_any_fate),
        TEST(test_any_fate_without_memory),
        TEST(test_limit_of_the_peer),
        TEST(test_a_bare_fin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
