/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans: where pools with large objects (chunks above all) get them from. Address space is mapped a
 * span at a time and kept; an object that is released has its pages given back to the system at
 * once.
 *
 * Limits: objects of whole pages. Threads: any.
 */
#ifndef WEIR_MEMORY_SPAN_H
#define WEIR_MEMORY_SPAN_H

#include <pthread.h>
#include <stddef.h>

/* From this size on an object of jemalloc costs a page more than it has (see allocator.c). */
enum { SPAN_OBJECT_BYTES_MIN = 16 * 1024 };

struct span_store {
    size_t object_bytes;
    size_t objects;    /* in all spans */
    size_t free_count; /* of them on the stack of free ones */
    void **free;       /* room for all */
    size_t span_bytes;
    size_t spans_count;
    void **spans;
    pthread_mutex_t lock;
};

/* `bytes` rounded up to whole pages. */
size_t span_object_bytes(size_t bytes);

/* Prepares a store of objects of `object_bytes`, whole pages; nothing is mapped yet. */
void span_init(struct span_store *store, size_t object_bytes);

/* An object, its bytes undefined, or NULL when the system has no memory. */
void *span_take(struct span_store *store);

/* Gives an object's pages back to the system and keeps its place. */
void span_release(struct span_store *store, void *object);

/* Unmaps all spans; no object may be in use. */
void span_deinit(struct span_store *store);

#endif
