/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of integers as sorted ranges in a borrowed array, the highest first. The common case, the
 * next number above the highest, touches one entry.
 */
#include "quic/ranges.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"

static void remove_entries(struct quic_ranges *ranges, unsigned from, unsigned count)
{
    memmove(&ranges->entries[from], &ranges->entries[from + count],
            (ranges->count - from - count) * sizeof(*ranges->entries));
    ranges->count = (uint16_t)(ranges->count - count);
}

static void insert_entry(struct quic_ranges *ranges, unsigned at, struct quic_range range)
{
    memmove(&ranges->entries[at + 1], &ranges->entries[at],
            (ranges->count - at) * sizeof(*ranges->entries));
    ranges->entries[at] = range;
    ranges->count++;
}

/* Whether `b` begins right behind `a` or lower. */
static bool reaches(uint64_t a_last, uint64_t b_first)
{
    return a_last == UINT64_MAX || b_first <= a_last + 1;
}

/* Index of the first entry that is not wholly above, and not touching, `last`. */
static unsigned find_from(const struct quic_ranges *ranges, uint64_t last)
{
    unsigned i = 0;
    while (i < ranges->count && !reaches(last, ranges->entries[i].first)) {
        i++;
    }
    return i;
}

enum result quic_ranges_add_bounded(struct quic_ranges *ranges, uint64_t first, uint64_t last)
{
    ASSERT(first <= last);
    unsigned from = find_from(ranges, last);
    unsigned until = from;
    while (until < ranges->count && reaches(ranges->entries[until].last, first)) {
        until++;
    }
    if (until == from) {
        if (ranges->count == ranges->size) {
            return RESULT_FULL;
        }
        insert_entry(ranges, from, (struct quic_range){first, last});
        return RESULT_OK;
    }
    struct quic_range *merged = &ranges->entries[from];
    merged->last = uint64_max(merged->last, last);
    merged->first = uint64_min(ranges->entries[until - 1].first, first);
    remove_entries(ranges, from + 1, until - from - 1);
    return RESULT_OK;
}

void quic_ranges_add(struct quic_ranges *ranges, uint64_t first, uint64_t last)
{
    if (quic_ranges_add_bounded(ranges, first, last) == RESULT_OK || ranges->size == 0) {
        return;
    }
    if (last < ranges->entries[ranges->count - 1].first) {
        return; /* the lowest is the new one */
    }
    ranges->count--;
    enum result result = quic_ranges_add_bounded(ranges, first, last);
    ASSERT(result == RESULT_OK);
}

bool quic_ranges_remove(struct quic_ranges *ranges, uint64_t first, uint64_t last)
{
    unsigned i = 0;
    while (i < ranges->count) {
        struct quic_range *entry = &ranges->entries[i];
        if (entry->first > last) {
            i++;
            continue;
        }
        if (entry->last < first) {
            return true;
        }
        bool keeps_upper = entry->last > last;
        bool keeps_lower = entry->first < first;
        if (keeps_upper && keeps_lower) {
            struct quic_range lower = {entry->first, first - 1};
            entry->first = last + 1;
            if (ranges->count == ranges->size) {
                return false;
            }
            insert_entry(ranges, i + 1, lower);
            return true;
        }
        if (keeps_upper) {
            entry->first = last + 1;
            i++;
        } else if (keeps_lower) {
            entry->last = first - 1;
            return true;
        } else {
            remove_entries(ranges, i, 1);
        }
    }
    return true;
}

void quic_ranges_remove_below(struct quic_ranges *ranges, uint64_t value)
{
    while (ranges->count > 0) {
        struct quic_range *lowest = &ranges->entries[ranges->count - 1];
        if (lowest->last >= value) {
            lowest->first = uint64_max(lowest->first, value);
            return;
        }
        ranges->count--;
    }
}

bool quic_ranges_contain(const struct quic_ranges *ranges, uint64_t value)
{
    for (unsigned i = 0; i < ranges->count; i++) {
        if (value > ranges->entries[i].last) {
            return false;
        }
        if (value >= ranges->entries[i].first) {
            return true;
        }
    }
    return false;
}
