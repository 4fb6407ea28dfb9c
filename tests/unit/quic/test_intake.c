/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes put in order: every order and overlap against a plain array, memory bounded and given back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/intake.h"

#include <stdlib.h>
#include <string.h>

#include "support/memory.h"

enum { STREAM_BYTES = 20000, SEEDS = 60 };

static struct memory *memory;
static struct chunk_source chunks;
static struct account account;
static struct pool *pieces;
static struct quic_intake intake;
static struct quic_input input;
static char text[STREAM_BYTES];

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    assert_int_equal(chunk_source_init(&chunks, memory, 16384, 0), RESULT_OK);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    pieces = quic_piece_pool_create(memory);
    quic_intake_init(&intake, &chunks, pieces, &account);
    input = (struct quic_input){0};
    for (unsigned i = 0; i < STREAM_BYTES; i++) {
        text[i] = (char)(i * 7 + i / 251);
    }
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    quic_input_clear(&input, &intake);
    quic_intake_deinit(&intake);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

static enum result give(uint64_t offset, size_t bytes)
{
    enum result result = quic_input_plan(&input, &intake, offset, bytes);
    if (result == RESULT_OK) {
        quic_input_add(&input, &intake, offset, slice_of(text + offset, bytes));
    }
    quic_intake_settle(&intake);
    return result;
}

/* Takes what is there and compares it. */
static void take_and_check(uint64_t *taken, size_t bytes_max)
{
    struct chunk_queue queue = {0};
    char out[STREAM_BYTES];
    enum result result = quic_input_take(&input, &intake, &queue, bytes_max);
    assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
    assert_true(queue.bytes <= bytes_max);
    size_t bytes = chunk_queue_copy_out(&queue, out, sizeof(out));
    assert_memory_equal(out, text + *taken, bytes);
    *taken += bytes;
    assert_int_equal(input.taken, *taken);
    chunk_queue_clear(&queue);
}

static void test_any_order(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        uint64_t taken = 0;
        srand(seed);
        input = (struct quic_input){0};
        unsigned steps = 0;
        while (taken < STREAM_BYTES) {
            uint64_t low = taken > 500 ? taken - 500 : 0;
            uint64_t offset = low + (unsigned)rand() % 6000;
            size_t bytes = 1 + (unsigned)rand() % (rand() % 3 == 0 ? 1400 : 40);
            if (++steps % 8 == 0) {
                offset = taken; /* so that it gets on */
                bytes = 1200;
            }
            if (offset >= STREAM_BYTES) {
                continue;
            }
            bytes = offset + bytes > STREAM_BYTES ? STREAM_BYTES - offset : bytes;
            assert_int_equal(give(offset, bytes), RESULT_OK);
            if (rand() % 3 == 0) {
                take_and_check(&taken, 1 + (unsigned)rand() % 5000);
            }
        }
        assert_int_equal(input.highest, STREAM_BYTES);
        quic_input_clear(&input, &intake);
    }
}

static void test_frames_of_one_packet(void **state)
{
    (void)state;
    static const struct {
        uint64_t offset;
        size_t bytes;
    } frames[] = {{1400, 100}, {0, 300}, {300, 200}, {100, 1300}, {1500, 10}};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(quic_input_plan(&input, &intake, frames[i].offset, frames[i].bytes),
                         RESULT_OK);
    }
    for (unsigned i = 0; i < 5; i++) {
        quic_input_add(&input, &intake, frames[i].offset,
                       slice_of(text + frames[i].offset, frames[i].bytes));
    }
    quic_intake_settle(&intake);
    assert_int_equal(quic_input_available(&input), 1510);
    uint64_t taken = 0;
    while (taken < 1510) {
        take_and_check(&taken, 1000);
    }
}

static void test_front_and_drop(void **state)
{
    (void)state;
    assert_int_equal(give(10, 20), RESULT_OK);
    assert_int_equal(quic_input_front(&input).length, 0);
    assert_int_equal(give(0, 10), RESULT_OK);
    while (input.taken < 30) {
        struct slice front = quic_input_front(&input);
        assert_true(front.length > 0);
        assert_memory_equal(front.data, text + input.taken, front.length);
        quic_input_drop(&input, &intake, front.length > 3 ? 3 : front.length);
    }
}

static void test_one_packet_takes_little(void **state)
{
    (void)state;
    enum result result = RESULT_OK;
    size_t before = account.used;
    unsigned frames = 0;
    for (; result == RESULT_OK && frames < 100; frames++) { /* a byte in a hundred places */
        result = quic_input_plan(&input, &intake, 1 + frames * UINT64_C(100000), 1);
    }
    assert_int_equal(result, RESULT_FULL);
    assert_true(account.used - before <= QUIC_PACKET_BYTES_MAX + 4096);
    quic_intake_settle(&intake);
    assert_true(account.used <= 4096);   /* the inbox stays */
    for (unsigned i = 0; i < 100; i++) { /* in order, any number of frames */
        assert_int_equal(quic_input_plan(&input, &intake, 0, 10), RESULT_OK);
    }
}

static void test_refused_changes_nothing(void **state)
{
    (void)state;
    account.cap = 100;
    assert_int_equal(give(0, 100), RESULT_NO_MEMORY);
    assert_int_equal(give(1000, 100), RESULT_NO_MEMORY);
    account.cap = 0;
    assert_int_equal(account.used, 0);
    assert_int_equal(quic_input_available(&input), 0);
    assert_int_equal(give(0, 100), RESULT_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_any_order),
        TEST(test_frames_of_one_packet),
        TEST(test_front_and_drop),
        TEST(test_one_packet_takes_little),
        TEST(test_refused_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
