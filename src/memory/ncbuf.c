/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reassembly of bytes that arrive in any order.
 * The hard idea: the window is a ring in one fixed block, with one bit for each byte behind it. A
 * new piece is stored as the runs of bytes that are missing, so the first copy of a byte counts and
 * a later one cannot change what may have been looked at already. Bits are read eight bytes at a
 * time where they are all set or all clear. What bounds it: the block that the caller lends. RFC
 * 9000 2.2, 7.5.
 */
#include "memory/ncbuf.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"

enum { BITS_IN_BYTE = 8, BITS_IN_WORD = 64 };

static size_t bitmap_bytes(size_t window)
{
    return window / BITS_IN_BYTE + (window % BITS_IN_BYTE != 0 ? 1 : 0);
}

size_t ncbuf_block_bytes(size_t window)
{
    return window + bitmap_bytes(window);
}

size_t ncbuf_window_bytes(size_t block_bytes)
{
    size_t window = block_bytes - block_bytes / (BITS_IN_BYTE + 1);
    while (window > 0 && ncbuf_block_bytes(window) > block_bytes) {
        window--;
    }
    return window;
}

void ncbuf_init(struct ncbuf *buffer, void *block, size_t window, uint64_t offset)
{
    ASSERT(window >= 1);
    *buffer = (struct ncbuf){.block = block, .window = window, .offset = offset};
    memset(buffer->block + window, 0, bitmap_bytes(window));
}

/* The ring's position of the byte `distance` (less than the window) behind the window's start. */
static size_t position_of(const struct ncbuf *buffer, size_t distance)
{
    const size_t to_wrap = buffer->window - buffer->head;
    return distance < to_wrap ? buffer->head + distance : distance - to_wrap;
}

static bool has_bit(const struct ncbuf *buffer, size_t position)
{
    const unsigned char byte = buffer->block[buffer->window + position / BITS_IN_BYTE];
    return (byte >> (position % BITS_IN_BYTE) & 1) != 0;
}

/* The end of the run of equal bits that begins at `start`, at most `end`. */
static size_t run_end(const struct ncbuf *buffer, size_t start, size_t end)
{
    const unsigned char *bitmap = buffer->block + buffer->window;
    const bool value = has_bit(buffer, start);
    const uint64_t uniform = value ? UINT64_MAX : 0;
    size_t position = start + 1;
    while (position < end) {
        uint64_t word;
        if (position % BITS_IN_BYTE == 0 && end - position >= BITS_IN_WORD) {
            memcpy(&word, bitmap + position / BITS_IN_BYTE, sizeof(word));
            if (word == uniform) {
                position += BITS_IN_WORD;
                continue;
            }
        }
        if (has_bit(buffer, position) != value) {
            break;
        }
        position++;
    }
    return position;
}

/* Gives the bits of [start, end) a value. */
static void write_bits(struct ncbuf *buffer, size_t start, size_t end, bool value)
{
    unsigned char *bitmap = buffer->block + buffer->window;
    while (start < end) {
        unsigned char *byte = &bitmap[start / BITS_IN_BYTE];
        const size_t first = start % BITS_IN_BYTE;
        const size_t count = size_min(BITS_IN_BYTE - first, end - start);
        if (count == BITS_IN_BYTE) {
            const size_t whole = (end - start) / BITS_IN_BYTE;
            memset(byte, value ? UINT8_MAX : 0, whole);
            start += whole * BITS_IN_BYTE;
            continue;
        }
        const unsigned mask = ((1u << count) - 1) << first;
        *byte = (unsigned char)(value ? *byte | mask : *byte & ~mask);
        start += count;
    }
}

/* Stores the missing ones of bytes that do not cross the ring's wrap. */
static void add_part(struct ncbuf *buffer, size_t position, const char *data, size_t length)
{
    const size_t end = position + length;
    while (position < end) {
        const size_t stop = run_end(buffer, position, end);
        if (!has_bit(buffer, position)) {
            memcpy(buffer->block + position, data, stop - position);
            write_bits(buffer, position, stop, true);
            buffer->present += stop - position;
        }
        data += stop - position;
        position = stop;
    }
}

enum result ncbuf_add(struct ncbuf *buffer, uint64_t offset, struct slice bytes)
{
    if (offset < buffer->offset) {
        const uint64_t consumed = buffer->offset - offset;
        if (consumed >= bytes.length) {
            return RESULT_OK;
        }
        bytes = slice_skip(bytes, (size_t)consumed);
        offset = buffer->offset;
    }
    const uint64_t distance = offset - buffer->offset;
    if (bytes.length == 0 && distance <= buffer->window) {
        return RESULT_OK;
    }
    if (distance >= buffer->window || bytes.length > buffer->window - distance) {
        return RESULT_FULL;
    }
    const size_t position = position_of(buffer, (size_t)distance);
    const size_t first = size_min(bytes.length, buffer->window - position);
    add_part(buffer, position, bytes.data, first);
    add_part(buffer, 0, bytes.data + first, bytes.length - first);
    return RESULT_OK;
}

struct slice ncbuf_front(const struct ncbuf *buffer)
{
    if (buffer->present == 0 || !has_bit(buffer, buffer->head)) {
        return SLICE_NONE;
    }
    const size_t end = run_end(buffer, buffer->head, buffer->window);
    return slice_of((const char *)buffer->block + buffer->head, end - buffer->head);
}

/* Forgets bytes that do not cross the ring's wrap. */
static void consume_part(struct ncbuf *buffer, size_t bytes)
{
    const size_t end = buffer->head + bytes;
    ASSERT(has_bit(buffer, buffer->head) && run_end(buffer, buffer->head, end) == end);
    write_bits(buffer, buffer->head, end, false);
    buffer->present -= bytes;
    buffer->offset += bytes;
    buffer->head = end == buffer->window ? 0 : end;
}

void ncbuf_consume(struct ncbuf *buffer, size_t bytes)
{
    ASSERT(bytes <= buffer->present);
    while (bytes > 0) {
        const size_t part = size_min(bytes, buffer->window - buffer->head);
        consume_part(buffer, part);
        bytes -= part;
    }
}
