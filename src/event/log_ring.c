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
 * What bounds its memory: bytes_max, taken at the start.
 */
#include "event/log_ring.h"

#include <string.h>

#include "base/number.h"

enum { LENGTH_BYTES = sizeof(uint32_t) };

enum result log_ring_init(struct log_ring *ring, const char *name, size_t bytes_max,
                          struct account *account)
{
    *ring = (struct log_ring){.name = name, .account = account, .bytes_max = bytes_max};
    list_init(&ring->link);
    ring->bytes = memory_take(account, bytes_max);
    return ring->bytes == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

void log_ring_deinit(struct log_ring *ring)
{
    list_remove(&ring->link);
    memory_release(ring->account, ring->bytes);
    ring->bytes = NULL;
}

/* Copies bytes to a position, around the end. */
static void put(struct log_ring *ring, uint64_t position, const char *data, size_t bytes)
{
    size_t index = (size_t)(position % ring->bytes_max);
    size_t first = size_min(bytes, ring->bytes_max - index);
    memcpy(ring->bytes + index, data, first);
    if (bytes > first) {
        memcpy(ring->bytes, data + first, bytes - first);
    }
}

static uint32_t length_at(const struct log_ring *ring, uint64_t position)
{
    unsigned char bytes[LENGTH_BYTES];
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        bytes[i] = (unsigned char)ring->bytes[(position + i) % ring->bytes_max];
    }
    uint32_t length;
    memcpy(&length, bytes, LENGTH_BYTES);
    return length;
}

static void evict_until(struct log_ring *ring, size_t bytes)
{
    while (ring->bytes_max - (size_t)(ring->head - ring->tail) < bytes) {
        ring->tail += LENGTH_BYTES + length_at(ring, ring->tail);
        ring->evicted++;
    }
}

enum result log_ring_write(struct log_ring *ring, const struct iovec *parts, size_t count)
{
    size_t bytes = LENGTH_BYTES;
    for (size_t i = 0; i < count; i++) {
        bytes += parts[i].iov_len;
    }
    if (bytes > ring->bytes_max || bytes > UINT32_MAX) {
        return RESULT_FULL;
    }
    evict_until(ring, bytes);
    uint32_t length = (uint32_t)(bytes - LENGTH_BYTES);
    char prefix[LENGTH_BYTES];
    memcpy(prefix, &length, LENGTH_BYTES);
    put(ring, ring->head, prefix, LENGTH_BYTES);
    uint64_t position = ring->head + LENGTH_BYTES;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].iov_len > 0) {
            put(ring, position, parts[i].iov_base, parts[i].iov_len);
            position += parts[i].iov_len;
        }
    }
    ring->head = position;
    return RESULT_OK;
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
    size_t index = (size_t)((*position + LENGTH_BYTES) % ring->bytes_max);
    size_t first = size_min(length, ring->bytes_max - index);
    line[0] = slice_of(ring->bytes + index, first);
    line[1] = slice_of(ring->bytes, length - first);
    *position += LENGTH_BYTES + length;
    return true;
}
