/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring of lines: each is its length in four bytes and its bytes, wrapped around at the end of the
 * block.
 *
 *   tail -> [len|line][len|line] ... [len|line] -> head        positions grow for ever; index =
 * position % bytes_max
 *
 * A reader keeps only a position. It is valid while it is between tail and head, and begins a line,
 * since lines are evicted whole; one that fell behind is set to the tail.
 *
 * Who watches is told while a line is written and must not write itself.
 *
 * What bounds its memory: options.bytes_max, taken when the first sink is opened on it.
 */
#include "event/log_ring.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"

enum { LENGTH_BYTES = sizeof(uint32_t) };

void log_ring_init(struct log_ring *ring, const struct log_ring_options *options,
                   struct account *account)
{
    *ring = (struct log_ring){.options = *options, .account = account};
    list_init(&ring->link);
    list_init(&ring->watches);
}

enum result log_ring_open(struct log_ring *ring)
{
    if (ring->bytes == NULL) {
        ring->bytes = memory_take(ring->account, ring->options.bytes_max);
    }
    return ring->bytes == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

void log_ring_deinit(struct log_ring *ring)
{
    ASSERT(list_is_empty(&ring->watches));
    list_remove(&ring->link);
    memory_release(ring->account, ring->bytes);
    ring->bytes = NULL;
}

/* Copies bytes to a position, around the end. */
static void put(struct log_ring *ring, uint64_t position, const char *data, size_t bytes)
{
    size_t index = (size_t)(position % ring->options.bytes_max);
    size_t first = size_min(bytes, ring->options.bytes_max - index);
    memcpy(ring->bytes + index, data, first);
    if (bytes > first) {
        memcpy(ring->bytes, data + first, bytes - first);
    }
}

static uint32_t length_at(const struct log_ring *ring, uint64_t position)
{
    unsigned char bytes[LENGTH_BYTES];
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        bytes[i] = (unsigned char)ring->bytes[(position + i) % ring->options.bytes_max];
    }
    uint32_t length;
    memcpy(&length, bytes, LENGTH_BYTES);
    return length;
}

static void evict_until(struct log_ring *ring, size_t bytes)
{
    while (ring->options.bytes_max - (size_t)(ring->head - ring->tail) < bytes) {
        ring->tail += LENGTH_BYTES + length_at(ring, ring->tail);
        ring->evicted++;
    }
}

/* Writes the line's length and its first `length` bytes behind the head. */
static void store(struct log_ring *ring, const struct iovec *parts, size_t count, uint32_t length)
{
    char prefix[LENGTH_BYTES];
    memcpy(prefix, &length, LENGTH_BYTES);
    put(ring, ring->head, prefix, LENGTH_BYTES);
    uint64_t position = ring->head + LENGTH_BYTES;
    size_t left = length;
    for (size_t i = 0; i < count && left > 0; i++) {
        size_t bytes = size_min(parts[i].iov_len, left);
        if (bytes > 0) {
            put(ring, position, parts[i].iov_base, bytes);
            position += bytes;
            left -= bytes;
        }
    }
    ring->head = position;
}

enum result log_ring_write(struct log_ring *ring, const struct iovec *parts, size_t count)
{
    ASSERT(ring->bytes != NULL);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += parts[i].iov_len;
    }
    if (ring->options.line_bytes_max != 0) {
        length = size_min(length, ring->options.line_bytes_max);
    }
    if (length + LENGTH_BYTES > ring->options.bytes_max || length > UINT32_MAX) {
        ring->dropped++;
        return RESULT_FULL;
    }
    evict_until(ring, length + LENGTH_BYTES);
    store(ring, parts, count, (uint32_t)length);
    LIST_EACH(link, &ring->watches) {
        struct log_ring_watch *watch = container_of(link, struct log_ring_watch, link);
        watch->on_line(watch);
    }
    return RESULT_OK;
}

void log_ring_watch_init(struct log_ring_watch *watch,
                         void (*on_line)(struct log_ring_watch *watch))
{
    list_init(&watch->link);
    watch->on_line = on_line;
}

void log_ring_watch(struct log_ring *ring, struct log_ring_watch *watch)
{
    list_remove(&watch->link);
    list_append(&ring->watches, &watch->link);
}

void log_ring_unwatch(struct log_ring_watch *watch)
{
    list_remove(&watch->link);
}

bool log_ring_read(const struct log_ring *ring, uint64_t *position, struct slice line[2])
{
    if (*position < ring->tail) {
        *position = ring->tail;
    }
    if (*position >= ring->head) {
        return false;
    }
    uint32_t length = length_at(ring, *position);
    size_t index = (size_t)((*position + LENGTH_BYTES) % ring->options.bytes_max);
    size_t first = size_min(length, ring->options.bytes_max - index);
    line[0] = slice_of(ring->bytes + index, first);
    line[1] = slice_of(ring->bytes, length - first);
    *position += LENGTH_BYTES + length;
    return true;
}
