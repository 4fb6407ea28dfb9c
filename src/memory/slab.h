/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slabs: blocks of a span cut into objects of one size.
 *
 *   slab (16 or 64 KiB, aligned to its size):  header | object | object | object | ... | rest
 *   object of some pages that no slab serves better: a block of its own, without header
 *
 * Unlike a general allocator's, a slab belongs to one pool, and its free objects can be told from
 * free memory: so a pool knows to the byte what it holds, and a slab that empties goes back to the
 * system as a whole.
 *
 * Limits: objects up to a span; the slabs' number is the caller's to bound. Threads: the caller
 * locks.
 */
#ifndef WEIR_MEMORY_SLAB_H
#define WEIR_MEMORY_SLAB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"
#include "memory/span.h"

/* A free object or an empty slab: the link lies in its first bytes. */
struct free_object {
    struct free_object *next;
};

/* How objects of a size are laid out. */
struct slab_shape {
    size_t object_bytes;     /* rounded */
    size_t slab_bytes;       /* of a slab; object_bytes where each object is a block of its own */
    size_t objects_per_slab; /* 1: no header */
};

struct slab_store {
    struct slab_shape shape;
    struct span_store *spans;
    struct list partial;       /* slabs with used and free objects, the fullest in front, about */
    struct free_object *empty; /* slabs without used objects */
    size_t empty_count;
    size_t empty_least; /* of empty_count since the caller last set it */
    size_t slabs;       /* in all */
    size_t used;        /* objects handed out */
};

/* The layout that wastes least for objects of `bytes`. */
struct slab_shape slab_choose_shape(size_t bytes);

/* An empty store over `spans`, whose blocks are the shape's slab_bytes. */
void slab_init(struct slab_store *store, struct slab_shape shape, struct span_store *spans);

/* An object of the slabs there are, or NULL when all are in use. */
void *slab_take(struct slab_store *store);

/* Adds an empty slab; false when the system has no memory. */
bool slab_add(struct slab_store *store);

/* Puts an object back; its slab may become empty. */
void slab_release(struct slab_store *store, void *object);

/* Gives at most `count` empty slabs back to the system; returns their bytes. */
size_t slab_drop_empty(struct slab_store *store, size_t count);

/* Bytes of all slabs. */
static inline size_t slab_bytes(const struct slab_store *store)
{
    return store->slabs * store->shape.slab_bytes;
}

#endif
