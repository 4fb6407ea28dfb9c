/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to send, kept by reference until they are acknowledged.
 *
 * Hard idea: what is acknowledged above base and what is lost are two small sets of ranges. Inside
 * the object there is room for two each; more come from a pool at the first need. Where neither has
 * room, the bytes in question count as lost again: they are sent once more, and nothing is ever
 * forgotten to be sent. Bounded by that and by the queue, which who appends bounds.
 */
#include "quic/output.h"

#include "base/assert.h"
#include "base/number.h"

/* More ranges, from a pool. */
struct outside {
    struct quic_range acked[QUIC_OUTPUT_RANGES];
    struct quic_range lost[QUIC_OUTPUT_RANGES];
};

struct pool *quic_output_pool_create(struct memory *memory)
{
    return pool_create(memory, "quic_ranges", sizeof(struct outside), POOL_SHARED);
}

void quic_output_init(struct quic_output *output)
{
    *output = (struct quic_output){0};
    output->acked = quic_ranges_over(output->inside, QUIC_OUTPUT_RANGES_INSIDE);
    output->lost =
        quic_ranges_over(output->inside + QUIC_OUTPUT_RANGES_INSIDE, QUIC_OUTPUT_RANGES_INSIDE);
}

static void move_inside(struct quic_output *output)
{
    output->acked.entries = output->inside;
    output->acked.size = QUIC_OUTPUT_RANGES_INSIDE;
    output->lost.entries = output->inside + QUIC_OUTPUT_RANGES_INSIDE;
    output->lost.size = QUIC_OUTPUT_RANGES_INSIDE;
}

void quic_output_deinit(struct quic_output *output, struct pool *pool, struct account *account)
{
    chunk_queue_clear(&output->queue);
    output->acked.count = 0;
    output->lost.count = 0;
    move_inside(output);
    pool_release(pool, account, output->outside);
    output->outside = NULL;
}

/* Takes room for more ranges; false when there is none to be had. */
static bool grow(struct quic_output *output, struct pool *pool, struct account *account)
{
    if (output->outside != NULL) {
        return false;
    }
    struct outside *outside = pool_take(pool, account);
    if (outside == NULL) {
        return false;
    }
    memcpy(outside->acked, output->acked.entries, output->acked.count * sizeof(struct quic_range));
    memcpy(outside->lost, output->lost.entries, output->lost.count * sizeof(struct quic_range));
    output->acked.entries = outside->acked;
    output->acked.size = QUIC_OUTPUT_RANGES;
    output->lost.entries = outside->lost;
    output->lost.size = QUIC_OUTPUT_RANGES;
    output->outside = outside;
    return true;
}

/* Gives that room back when nothing is in it any more. */
static void shrink(struct quic_output *output, struct pool *pool, struct account *account)
{
    if (output->outside != NULL && output->acked.count == 0 && output->lost.count == 0) {
        move_inside(output);
        pool_release(pool, account, output->outside);
        output->outside = NULL;
    }
}

/* ---- what to send ---- */

bool quic_output_next(const struct quic_output *output, uint64_t limit, size_t bytes_max,
                      uint64_t *offset, size_t *bytes, bool *is_final)
{
    uint64_t end = quic_output_end(output);
    uint64_t until = uint64_min(end, limit);
    if (output->lost.count > 0) {
        const struct quic_range *lowest = &output->lost.entries[output->lost.count - 1];
        *offset = lowest->first;
        *bytes = (size_t)uint64_min(lowest->last + 1 - lowest->first, bytes_max);
    } else {
        *offset = output->next;
        *bytes = output->next < until ? (size_t)uint64_min(until - output->next, bytes_max) : 0;
    }
    bool is_fin_due = output->has_fin && (!output->is_fin_sent || output->is_fin_lost);
    *is_final = is_fin_due && *offset + *bytes == end;
    return *bytes > 0 || *is_final;
}

bool quic_output_is_pending(const struct quic_output *output, uint64_t limit)
{
    uint64_t offset;
    size_t bytes;
    bool is_final;
    return quic_output_next(output, limit, 1, &offset, &bytes, &is_final);
}

void quic_output_copy(const struct quic_output *output, uint64_t offset, size_t bytes, uint8_t *out)
{
    ASSERT(offset >= output->base && offset + bytes <= quic_output_end(output));
    size_t skip = (size_t)(offset - output->base);
    const struct chunk_ref *ref = output->queue.first;
    while (bytes > 0 && skip >= ref->length) {
        skip -= ref->length;
        ref = ref->next;
    }
    while (bytes > 0) {
        size_t part = size_min(bytes, ref->length - skip);
        memcpy(out, ref->chunk->data + ref->start + skip, part);
        out += part;
        bytes -= part;
        skip = 0;
        ref = ref->next;
    }
}

/* ---- what became of it ---- */

void quic_output_on_sent(struct quic_output *output, uint64_t offset, size_t bytes, bool is_final)
{
    if (bytes > 0) {
        if (offset < output->next) {
            bool is_whole = quic_ranges_remove(&output->lost, offset, offset + bytes - 1);
            ASSERT(is_whole); /* it was the beginning of the lowest */
        }
        output->next = uint64_max(output->next, offset + bytes);
    }
    if (is_final) {
        output->is_fin_sent = true;
        output->is_fin_lost = false;
    }
}

static void add_lost(struct quic_output *output, struct pool *pool, struct account *account,
                     uint64_t first, uint64_t last)
{
    if (quic_ranges_add_bounded(&output->lost, first, last) == RESULT_OK) {
        return;
    }
    if (grow(output, pool, account) &&
        quic_ranges_add_bounded(&output->lost, first, last) == RESULT_OK) {
        return;
    }
    /* No room: the hole between two lost ranges is sent again with them. */
    struct quic_range *lowest = &output->lost.entries[output->lost.count - 1];
    if (last < lowest->first) {
        lowest->first = first;
    } else {
        for (unsigned i = 0; i < output->lost.count; i++) {
            struct quic_range *entry = &output->lost.entries[i];
            if (last > entry->last || i + 1U == output->lost.count) {
                uint64_t joined = uint64_max(entry->last, last);
                enum result result =
                    quic_ranges_add_bounded(&output->lost, uint64_min(entry->first, first), joined);
                ASSERT(result == RESULT_OK);
                return;
            }
        }
    }
}

/* Bytes that were acknowledged are not lost any more. Where that would split a range and there is
 * no room for two, they stay lost: they are sent once more, which is harmless. */
static void remove_lost(struct quic_output *output, struct pool *pool, struct account *account,
                        uint64_t first, uint64_t last)
{
    if (output->lost.count == output->lost.size) {
        for (unsigned i = 0; i < output->lost.count; i++) {
            const struct quic_range *entry = &output->lost.entries[i];
            bool is_inside = entry->first < first && last < entry->last;
            if (is_inside && !grow(output, pool, account)) {
                return;
            }
        }
    }
    bool is_whole = quic_ranges_remove(&output->lost, first, last);
    ASSERT(is_whole);
}

/* The lowest bytes that are acknowledged go. Returns how many. */
static size_t advance(struct quic_output *output)
{
    struct quic_ranges *acked = &output->acked;
    if (acked->count == 0 || acked->entries[acked->count - 1].first > output->base) {
        return 0;
    }
    uint64_t base = acked->entries[acked->count - 1].last + 1;
    size_t bytes = (size_t)(base - output->base);
    acked->count--;
    chunk_queue_drop(&output->queue, bytes);
    output->base = base;
    return bytes;
}

size_t quic_output_on_acked(struct quic_output *output, struct pool *pool, struct account *account,
                            uint64_t offset, size_t bytes, bool is_final)
{
    size_t moved = 0;
    output->is_fin_acked = output->is_fin_acked || is_final;
    uint64_t end = offset + bytes;
    if (end > output->base) {
        uint64_t first = uint64_max(offset, output->base);
        if (output->lost.count > 0) {
            remove_lost(output, pool, account, first, end - 1);
        }
        if (first == output->base && output->acked.count == 0) {
            moved = (size_t)(end - output->base);
            chunk_queue_drop(&output->queue, moved);
            output->base = end;
        } else if (quic_ranges_add_bounded(&output->acked, first, end - 1) == RESULT_OK ||
                   (grow(output, pool, account) &&
                    quic_ranges_add_bounded(&output->acked, first, end - 1) == RESULT_OK)) {
            moved = advance(output);
        } else {
            add_lost(output, pool, account, first, end - 1);
        }
    }
    quic_ranges_remove_below(&output->lost, output->base);
    shrink(output, pool, account);
    return moved;
}

void quic_output_on_lost(struct quic_output *output, struct pool *pool, struct account *account,
                         uint64_t offset, size_t bytes, bool is_final)
{
    if (is_final && !output->is_fin_acked) {
        output->is_fin_lost = true;
    }
    uint64_t end = offset + bytes;
    uint64_t at = uint64_max(offset, output->base);
    /* Lowest first: what lies between acknowledged ranges is lost. */
    for (unsigned i = output->acked.count; i-- > 0 && at < end;) {
        const struct quic_range *acked = &output->acked.entries[i];
        if (acked->last < at) {
            continue;
        }
        if (acked->first > at) {
            add_lost(output, pool, account, at, uint64_min(acked->first, end) - 1);
        }
        at = acked->last + 1;
    }
    if (at < end) {
        add_lost(output, pool, account, at, end - 1);
    }
}

bool quic_output_is_done(const struct quic_output *output)
{
    return output->queue.bytes == 0 && (!output->has_fin || output->is_fin_acked);
}
