/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of integers as a short sorted list of ranges: packet numbers received, bytes of a stream
 * acknowledged or lost. What bounds it: QUIC_RANGES_MAX ranges inside the object; what happens
 * beyond is the caller's choice (quic_ranges_add forgets the lowest; quic_ranges_add_bounded
 * refuses).
 */
#ifndef WEIR_QUIC_RANGES_H
#define WEIR_QUIC_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

enum { QUIC_RANGES_MAX = 32 };

/* Both ends included. */
struct quic_range {
    uint64_t first, last;
};

/* Zero-initialized is empty. Sorted downwards: entries[0] is the highest. No two touch. The array
 * is borrowed, so that owners choose how many they need. */
struct quic_ranges {
    struct quic_range *entries;
    uint16_t count, size;
};

/* An empty set over `size` entries. */
static inline struct quic_ranges quic_ranges_over(struct quic_range *entries, uint16_t size)
{
    return (struct quic_ranges){.entries = entries, .count = 0, .size = size};
}

/* Adds first to last, merging. When there is no room, the lowest range is forgotten (it may be the
 * new one). */
void quic_ranges_add(struct quic_ranges *ranges, uint64_t first, uint64_t last);

/* As quic_ranges_add, but RESULT_FULL and no change when there is no room. */
MUST_USE enum result quic_ranges_add_bounded(struct quic_ranges *ranges, uint64_t first,
                                             uint64_t last);

/* Removes first to last. May split a range; when there is no room for that, the lower part is
 * removed, too: returns false then. */
bool quic_ranges_remove(struct quic_ranges *ranges, uint64_t first, uint64_t last);

/* Removes everything below `value`. */
void quic_ranges_remove_below(struct quic_ranges *ranges, uint64_t value);

/* Whether `value` is in the set. */
bool quic_ranges_contain(const struct quic_ranges *ranges, uint64_t value);

#endif
