/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ncbuf beside a byte-by-byte model. The input is a program: a first byte for the window, then
 * steps of operation, offset and length; the bytes stored are counted up, so that each copy of a
 * byte differs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/number.h"
#include "memory/ncbuf.h"

enum { WINDOW_MAX = 600, STEP_BYTES = 4, START_OFFSET = 1000 };

struct model {
    unsigned char bytes[WINDOW_MAX];
    bool is_there[WINDOW_MAX];
    uint64_t offset;
    size_t window;
    size_t present;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void model_add(struct model *model, uint64_t offset, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++) {
        if (offset + i >= model->offset && !model->is_there[offset + i - model->offset]) {
            model->is_there[offset + i - model->offset] = true;
            model->bytes[offset + i - model->offset] = (unsigned char)bytes.data[i];
            model->present++;
        }
    }
}

static size_t model_front(const struct model *model)
{
    size_t length = 0;
    while (length < model->window && model->is_there[length]) {
        length++;
    }
    return length;
}

static void model_consume(struct model *model, size_t bytes)
{
    memmove(model->bytes, model->bytes + bytes, model->window - bytes);
    memmove(model->is_there, model->is_there + bytes, model->window - bytes);
    memset(model->is_there + model->window - bytes, 0, bytes);
    model->offset += bytes;
    model->present -= bytes;
}

static void add(struct ncbuf *buffer, struct model *model, uint64_t offset, size_t length)
{
    static const size_t piece_max = 2 * WINDOW_MAX;
    char piece[2 * WINDOW_MAX];
    length = size_min(length, piece_max);
    for (size_t i = 0; i < length; i++) {
        piece[i] = (char)(model->present + i + offset * 7);
    }
    const bool fits = offset + length <= model->offset + model->window;
    const enum result result = ncbuf_add(buffer, offset, slice_of(piece, length));
    ASSERT(result == (fits ? RESULT_OK : RESULT_FULL));
    if (fits) {
        model_add(model, offset, slice_of(piece, length));
    }
}

static void compare(const struct ncbuf *buffer, const struct model *model)
{
    const size_t contiguous = model_front(model);
    const struct slice front = ncbuf_front(buffer);
    ASSERT(front.length <= contiguous);
    ASSERT(front.length == contiguous || front.length == buffer->window - buffer->head);
    ASSERT(front.length == 0 || memcmp(front.data, model->bytes, front.length) == 0);
    ASSERT(buffer->present == model->present && buffer->offset == model->offset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model model = {.offset = START_OFFSET};
    struct ncbuf buffer;
    if (size < 1) {
        return 0;
    }
    model.window = 1 + (size_t)data[0] * 2;
    /* Exactly as large as asked for, so that a sanitizer sees each byte outside. */
    unsigned char *block = malloc(ncbuf_block_bytes(model.window));
    ASSERT(block != NULL);
    ncbuf_init(&buffer, block, model.window, model.offset);
    for (size_t at = 1; at + STEP_BYTES <= size; at += STEP_BYTES) {
        const size_t a = (size_t)data[at + 1] * 3;
        const size_t b = (size_t)data[at + 2] * 2 + data[at + 3] % 2;
        if (data[at] % 4 == 0) {
            const size_t consumed = size_min(a, model_front(&model));
            ncbuf_consume(&buffer, consumed);
            model_consume(&model, consumed);
        } else {
            const uint64_t back = data[at] % 4 == 1 ? 100 : 0;
            add(&buffer, &model, model.offset - back + a, b);
        }
        compare(&buffer, &model);
    }
    free(block);
    return 0;
}
