/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allocator underneath: jemalloc, or the C library's where a sanitizer brings its own.
 * Everything that depends on which one it is stands in allocator.c.
 */
#ifndef WEIR_MEMORY_ALLOCATOR_H
#define WEIR_MEMORY_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The allocator's own figures in bytes; all 0 where it keeps none. */
struct allocator_figures {
    size_t allocated; /* handed out */
    size_t active;    /* in pages that hold something handed out */
    size_t resident; /* at most this much of it is in memory: active, kept for reuse, own records */
};

/* Whether pools should not cache: a sanitizer must see each object's release. */
bool allocator_is_sanitized(void);

/* What a block of `bytes` really costs: its size class and, for a large one, the page beside it. */
size_t allocator_cost(size_t bytes);

/* What `block` really costs: allocator_cost of the size it was asked with. */
size_t allocator_cost_of(const void *block);

/* Bytes of `block` that may be used. */
size_t allocator_usable(const void *block);

/* A block of `bytes` from the system, or NULL. */
void *allocator_take(size_t bytes);

/* As allocator_take with all bytes zero. */
void *allocator_take_zeroed(size_t bytes);

/* A block resized, or NULL with the old one as it was. */
void *allocator_resize(void *block, size_t bytes);

/* Gives a block back; NULL is allowed. */
void allocator_release(void *block);

/* Reads the allocator's figures. */
void allocator_read(struct allocator_figures *figures);

/* Gives pages back to the system that were free for a while (a second). */
void allocator_decay(void);

/* Gives all free pages back to the system now. */
void allocator_purge(void);

/* Gives this thread's cached small blocks back to the allocator. */
void allocator_flush_thread(void);

/* Bytes that this thread has allocated and released since its start, in all. Both 0 where not
 * counted. */
void allocator_thread_counters(uint64_t *allocated, uint64_t *released);

#endif
