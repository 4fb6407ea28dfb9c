/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans: mapped address space in blocks of one size, for slabs and for large pool objects. Address
 * space is mapped a span at a time and kept; a block that is released has its pages given back to
 * the system at once.
 *
 * Limits: blocks of whole pages, each aligned to the largest power of two that divides its size.
 * Threads: any.
 */
#ifndef WEIR_MEMORY_SPAN_H
#define WEIR_MEMORY_SPAN_H

#include <pthread.h>
#include <stddef.h>

#include "base/list.h"

struct span_store {
    struct list link; /* for the owner */
    size_t block_bytes;
    size_t alignment;
    size_t blocks;     /* in all spans */
    size_t free_count; /* of them on the stack of free ones */
    void **free;       /* room for all */
    size_t span_bytes;
    size_t spans_count;
    void **spans;
    pthread_mutex_t lock;
};

/* `bytes` rounded up to whole pages. */
size_t span_block_bytes(size_t bytes);

/* Prepares a store of blocks of `block_bytes`, whole pages; nothing is mapped yet. */
void span_init(struct span_store *store, size_t block_bytes);

/* A block, its bytes undefined, or NULL when the system has no memory. */
void *span_take(struct span_store *store);

/* Gives a block's pages back to the system and keeps its place. */
void span_release(struct span_store *store, void *block);

/* Unmaps all spans; no block may be in use. */
void span_deinit(struct span_store *store);

#endif
