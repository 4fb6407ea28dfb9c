/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes to send on a stream or as CRYPTO: kept by reference until they are acknowledged, with what
 * is lost and must go again.
 *
 *   base            next           end = base + queue.bytes
 *    | sent, some acked or lost | not yet sent |
 *
 * What bounds it: the queue is bounded by who appends; QUIC_OUTPUT_RANGES ranges each of
 * acknowledged and of lost bytes beyond two inside the object come from a pool; when refused or
 * full, bytes acknowledged out of order are forgotten and sent again: correct, only dearer.
 */
#ifndef WEIR_QUIC_OUTPUT_H
#define WEIR_QUIC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "memory/chunk.h"
#include "memory/pool.h"
#include "quic/ranges.h"

enum { QUIC_OUTPUT_RANGES_INSIDE = 2, QUIC_OUTPUT_RANGES = 32 };

struct quic_output {
    struct chunk_queue queue;
    uint64_t base;
    uint64_t next;
    bool has_fin; /* nothing follows `end` */
    bool is_fin_sent, is_fin_acked, is_fin_lost;
    struct quic_ranges acked, lost; /* above base */
    struct quic_range inside[2 * QUIC_OUTPUT_RANGES_INSIDE];
    void *outside; /* pool object with room for more ranges, or NULL */
};

/* An empty output at offset 0. */
void quic_output_init(struct quic_output *output);

/* Drops everything. `pool` and `account` as given to quic_output_on_acked. */
void quic_output_deinit(struct quic_output *output, struct pool *pool, struct account *account);

/* The pool of ranges of a process. */
struct pool *quic_output_pool_create(struct memory *memory);

/* One past the last byte appended. */
static inline uint64_t quic_output_end(const struct quic_output *output)
{
    return output->base + output->queue.bytes;
}

/* Whether something is to be sent (again) below stream offset `limit` (flow control), a FIN
 * included. */
bool quic_output_is_pending(const struct quic_output *output, uint64_t limit);

/* What to send next, lost bytes first: *offset, *bytes (at most bytes_max, never beyond `limit`; 0
 * with *is_final: a bare FIN), *is_final. False: nothing. */
bool quic_output_next(const struct quic_output *output, uint64_t limit, size_t bytes_max,
                      uint64_t *offset, size_t *bytes, bool *is_final);

/* Copies bytes at an offset between base and end. */
void quic_output_copy(const struct quic_output *output, uint64_t offset, size_t bytes,
                      uint8_t *out);

/* They left in a packet. */
void quic_output_on_sent(struct quic_output *output, uint64_t offset, size_t bytes, bool is_final);

/* They were acknowledged: chunks are dropped as base moves. Returns bytes by which base moved. */
size_t quic_output_on_acked(struct quic_output *output, struct pool *pool, struct account *account,
                            uint64_t offset, size_t bytes, bool is_final);

/* They were lost: what is not acknowledged meanwhile is sent again. */
void quic_output_on_lost(struct quic_output *output, struct pool *pool, struct account *account,
                         uint64_t offset, size_t bytes, bool is_final);

/* Everything sent and acknowledged, the FIN too. */
bool quic_output_is_done(const struct quic_output *output);

#endif
