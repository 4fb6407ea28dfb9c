/* SPDX-License-Identifier: Apache-2.0 */
/* Reassembly: any order, any overlap, the first copy counts, and random work beside a byte-by-byte
 * model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/ncbuf.h"
#include "support/death.h"

enum { WINDOW = 20, BLOCK_MAX = 4096 };

static void test_block_sizes(void **state)
{
    (void)state;
    assert_int_equal(ncbuf_block_bytes(1), 2);
    assert_int_equal(ncbuf_block_bytes(8), 9);
    assert_int_equal(ncbuf_block_bytes(9), 11);
    assert_int_equal(ncbuf_block_bytes(16384), 16384 + 2048);
    assert_int_equal(ncbuf_window_bytes(1), 0);
    for (size_t block = 2; block < BLOCK_MAX; block++) {
        const size_t window = ncbuf_window_bytes(block);
        assert_true(ncbuf_block_bytes(window) <= block);
        assert_true(ncbuf_block_bytes(window + 1) > block);
    }
}

static struct ncbuf open_buffer(unsigned char *block, uint64_t offset)
{
    struct ncbuf buffer;
    memset(block, 0xff, ncbuf_block_bytes(WINDOW));
    ncbuf_init(&buffer, block, WINDOW, offset);
    return buffer;
}

static void test_gaps_close_in_any_order(void **state)
{
    (void)state;
    unsigned char block[BLOCK_MAX];
    struct ncbuf buffer = open_buffer(block, 100);
    assert_true(ncbuf_is_empty(&buffer));
    assert_int_equal(ncbuf_add(&buffer, 103, SLICE("de")), RESULT_OK);
    assert_int_equal(ncbuf_front(&buffer).length, 0);
    assert_int_equal(ncbuf_add(&buffer, 101, SLICE("b")), RESULT_OK);
    assert_int_equal(ncbuf_add(&buffer, 100, SLICE("a")), RESULT_OK);
    assert_true(slice_equal(ncbuf_front(&buffer), SLICE("ab")));
    assert_int_equal(ncbuf_add(&buffer, 102, SLICE("c")), RESULT_OK);
    assert_true(slice_equal(ncbuf_front(&buffer), SLICE("abcde")));
    assert_int_equal(buffer.present, 5);
    ncbuf_consume(&buffer, 5);
    assert_true(ncbuf_is_empty(&buffer));
    assert_int_equal(buffer.offset, 105);
}

static void test_the_first_copy_counts(void **state)
{
    (void)state;
    unsigned char block[BLOCK_MAX];
    struct ncbuf buffer = open_buffer(block, 0);
    assert_int_equal(ncbuf_add(&buffer, 1, SLICE("BC")), RESULT_OK);
    assert_int_equal(ncbuf_add(&buffer, 0, SLICE("abcd")), RESULT_OK);
    assert_true(slice_equal(ncbuf_front(&buffer), SLICE("aBCd")));
}

static void test_old_bytes_are_ignored(void **state)
{
    (void)state;
    unsigned char block[BLOCK_MAX];
    struct ncbuf buffer = open_buffer(block, 100);
    assert_int_equal(ncbuf_add(&buffer, 0, SLICE("xx")), RESULT_OK);
    assert_int_equal(ncbuf_add(&buffer, 98, SLICE("xxab")), RESULT_OK);
    assert_true(slice_equal(ncbuf_front(&buffer), SLICE("ab")));
    assert_int_equal(ncbuf_add(&buffer, 98, SLICE("xx")), RESULT_OK);
    assert_int_equal(buffer.present, 2);
}

static void test_past_the_window_nothing_is_stored(void **state)
{
    (void)state;
    unsigned char block[BLOCK_MAX];
    char text[WINDOW + 1] = {0};
    struct ncbuf buffer = open_buffer(block, 100);
    assert_int_equal(ncbuf_add(&buffer, 100, slice_of(text, WINDOW + 1)), RESULT_FULL);
    assert_int_equal(ncbuf_add(&buffer, 100 + WINDOW, slice_of(text, 1)), RESULT_FULL);
    assert_int_equal(ncbuf_add(&buffer, UINT64_MAX, slice_of(text, 1)), RESULT_FULL);
    assert_int_equal(ncbuf_add(&buffer, 99, slice_of(text, WINDOW + 1)), RESULT_OK);
    assert_int_equal(buffer.present, WINDOW);
    assert_int_equal(ncbuf_add(&buffer, 100 + WINDOW, SLICE("")), RESULT_OK);
    assert_int_equal(ncbuf_add(&buffer, 101 + WINDOW, SLICE("")), RESULT_FULL);
}

static void test_around_the_wrap(void **state)
{
    (void)state;
    unsigned char block[BLOCK_MAX];
    struct ncbuf buffer = open_buffer(block, 0);
    assert_int_equal(ncbuf_add(&buffer, 0, SLICE("0123456789abcde")), RESULT_OK);
    ncbuf_consume(&buffer, 15);
    assert_int_equal(ncbuf_add(&buffer, 15, SLICE("fghijklmno")), RESULT_OK);
    assert_true(slice_equal(ncbuf_front(&buffer), SLICE("fghij")));
    ncbuf_consume(&buffer, 7); /* across the wrap */
    assert_true(slice_equal(ncbuf_front(&buffer), SLICE("mno")));
}

static void consume_a_gap(void *argument)
{
    unsigned char block[BLOCK_MAX];
    struct ncbuf buffer = open_buffer(block, 0);
    (void)argument;
    (void)!ncbuf_add(&buffer, 0, SLICE("a"));
    (void)!ncbuf_add(&buffer, 2, SLICE("c"));
    ncbuf_consume(&buffer, 2);
}

static void test_consuming_a_gap_aborts(void **state)
{
    (void)state;
    assert_true(death_aborts(consume_a_gap, NULL, "assertion failed"));
}

/* ---- beside a model ---- */

enum { MODEL_ROUNDS = 20000, MODEL_WINDOW_MAX = 700 };

struct model {
    unsigned char bytes[MODEL_WINDOW_MAX];
    bool is_there[MODEL_WINDOW_MAX];
    uint64_t offset;
    size_t window;
    size_t present;
};

static void model_add(struct model *model, uint64_t offset, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        const uint64_t at = offset + i;
        if (at >= model->offset && !model->is_there[at - model->offset]) {
            model->bytes[at - model->offset] = (unsigned char)bytes.data[i];
            model->is_there[at - model->offset] = true;
            model->present++;
        }
    }
}

static void model_consume(struct model *model, size_t bytes)
{
    memmove(model->bytes, model->bytes + bytes, model->window - bytes);
    memmove(model->is_there, model->is_there + bytes, (model->window - bytes) * sizeof(bool));
    memset(model->is_there + model->window - bytes, 0, bytes * sizeof(bool));
    model->offset += bytes;
    model->present -= bytes;
}

static size_t model_front(const struct model *model)
{
    size_t length = 0;
    while (length < model->window && model->is_there[length]) {
        length++;
    }
    return length;
}

/* Reads what is contiguous in one or two parts and consumes a random share of it. */
static void compare_and_consume(struct ncbuf *buffer, struct model *model)
{
    const size_t contiguous = model_front(model);
    const struct slice front = ncbuf_front(buffer);
    assert_true(front.length <= contiguous);
    assert_true(front.length == contiguous || front.length == buffer->window - buffer->head);
    assert_true(contiguous == 0 || front.length > 0);
    for (size_t i = 0; i < front.length; i++) {
        assert_int_equal((unsigned char)front.data[i], model->bytes[i]);
    }
    if (contiguous > 0 && rand() % 3 == 0) {
        const size_t consumed = 1 + (size_t)rand() % contiguous;
        ncbuf_consume(buffer, consumed);
        model_consume(model, consumed);
    }
    assert_int_equal(buffer->present, model->present);
    assert_true(buffer->offset == model->offset);
}

static void run_model(size_t window, size_t piece_max)
{
    static struct model model;
    unsigned char block[BLOCK_MAX];
    char piece[MODEL_WINDOW_MAX + 100];
    struct ncbuf buffer;
    model = (struct model){.window = window, .offset = (uint64_t)rand()};
    ncbuf_init(&buffer, block + rand() % 3, window, model.offset);
    for (int round = 0; round < MODEL_ROUNDS; round++) {
        const size_t length = (size_t)rand() % (piece_max + 1);
        const uint64_t back = size_min((size_t)rand() % 50, model.offset);
        const uint64_t offset = model.offset - back + (size_t)rand() % (window + back + 5);
        for (size_t i = 0; i < length; i++) {
            piece[i] = (char)rand();
        }
        const bool fits = offset + length <= model.offset + window;
        const enum result result = ncbuf_add(&buffer, offset, slice_of(piece, length));
        assert_int_equal(result, fits ? RESULT_OK : RESULT_FULL);
        if (fits) {
            model_add(&model, offset, slice_of(piece, length));
        }
        compare_and_consume(&buffer, &model);
    }
}

static void test_random_work_agrees_with_a_model(void **state)
{
    (void)state;
    srand(6);
    run_model(1, 2);
    run_model(7, 9);
    run_model(64, 10);
    run_model(200, 3);
    run_model(513, 100);
    run_model(MODEL_WINDOW_MAX, MODEL_WINDOW_MAX + 50);
}

static void test_a_window_of_single_bytes_backwards(void **state)
{
    (void)state;
    unsigned char block[BLOCK_MAX];
    struct ncbuf buffer;
    ncbuf_init(&buffer, block, MODEL_WINDOW_MAX, 0);
    for (size_t i = MODEL_WINDOW_MAX; i > 0; i--) {
        const char c = (char)i;
        assert_int_equal(ncbuf_front(&buffer).length, 0);
        assert_int_equal(ncbuf_add(&buffer, i - 1, slice_of(&c, 1)), RESULT_OK);
    }
    assert_int_equal(ncbuf_front(&buffer).length, MODEL_WINDOW_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_sizes),
        cmocka_unit_test(test_gaps_close_in_any_order),
        cmocka_unit_test(test_the_first_copy_counts),
        cmocka_unit_test(test_old_bytes_are_ignored),
        cmocka_unit_test(test_past_the_window_nothing_is_stored),
        cmocka_unit_test(test_around_the_wrap),
        cmocka_unit_test(test_consuming_a_gap_aborts),
        cmocka_unit_test(test_random_work_agrees_with_a_model),
        cmocka_unit_test(test_a_window_of_single_bytes_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
