/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ncbuf: a non-contiguous buffer. One fixed block takes bytes at any offset of its window, in any
 * order and overlap; which bytes are there is written in a bitmap at the block's end: no allocation
 * a gap, no limit on the number or size of gaps (Chromium shuffles its ClientHello into many small
 * pieces), and nothing that a peer sends is ever read as bookkeeping.
 *
 * What bounds it: the block, an eighth larger than the window. Used for CRYPTO and stream
 * reassembly (RFC 9000 2.2, 7.5).
 */
#ifndef WEIR_MEMORY_NCBUF_H
#define WEIR_MEMORY_NCBUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

struct ncbuf {
    unsigned char *block; /* borrowed: the window's bytes, then the bitmap */
    size_t window;        /* bytes of the window */
    uint64_t offset;      /* stream offset of the window's first byte */
    size_t head;          /* position of that byte in the ring */
    size_t present;       /* bytes held */
};

/* The block size that a window of `window` bytes needs. */
size_t ncbuf_block_bytes(size_t window);

/* The largest window that a block of `block_bytes` bytes carries. */
size_t ncbuf_window_bytes(size_t block_bytes);

/*
 * An empty buffer over `block` (ncbuf_block_bytes(window) long, any alignment) whose window begins
 * at stream offset `offset`. `window` is at least 1.
 */
void ncbuf_init(struct ncbuf *buffer, void *block, size_t window, uint64_t offset);

/*
 * Stores bytes at a stream offset. Bytes before the window are ignored (already consumed); what is
 * there already stays, also where the new bytes differ. RESULT_FULL when the bytes reach past the
 * window: nothing is stored then.
 */
MUST_USE enum result ncbuf_add(struct ncbuf *buffer, uint64_t offset, struct slice bytes);

/* The contiguous bytes at the window's start, as far as the ring's wrap (call again after
 * consuming). */
struct slice ncbuf_front(const struct ncbuf *buffer);

/* Moves the window forward by `bytes`, which must be present and contiguous (they may cross the
 * ring's wrap). */
void ncbuf_consume(struct ncbuf *buffer, size_t bytes);

/* Whether no byte is held. */
static inline int ncbuf_is_empty(const struct ncbuf *buffer)
{
    return buffer->present == 0;
}

#endif
