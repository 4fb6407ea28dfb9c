/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of pools, for the pool sources of this folder: storage, a worker's list, slabs, the
 * system.
 *
 *   pool.c: creation, taking, releasing     pool_trim.c: giving back     pool_usage.c: figures and
 * the end
 *
 * A storage is of slabs, or plain: each object a block of the allocator's own, for debugging and
 * sanitizers. The accounting of free objects: on a worker's list they count in `cached` of the
 * worker's ledger; in slabs (with what a slab has beside its objects) in `slab_free_bytes` of the
 * governor, in no ledger. Both stay leased of the budget.
 */
#ifndef WEIR_MEMORY_POOL_STORE_H
#define WEIR_MEMORY_POOL_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/governor_internal.h"
#include "memory/pool_guard.h"
#include "memory/slab.h"

/* Averages are kept in sixteenths, and a second counts an eighth of them. */
enum { POOL_AVERAGE_SCALE = 16, POOL_AVERAGE_WEIGHT = 8 };

/* A worker's list and counts. Written by its thread (slot 0, the shared ledger's, by all, without a
 * list). */
struct pool_cache {
    struct free_object *first;
    struct free_object *last; /* kept with -dMcold-first only */
    _Atomic size_t count;     /* objects in the list */
    size_t least;             /* of count since the last tick */
    _Atomic int64_t used; /* taken less released here; negative where others' objects come back */
    int64_t used_lately;  /* most of `used` since the last tick */
    _Atomic int64_t used_most; /* of `used` since the start */
    _Atomic int64_t allocated; /* made less freed here, plain storage only */
    _Atomic int64_t needed;    /* average of used_lately, in sixteenths */
    _Atomic uint64_t failed;
};

struct pool_user {
    struct pool_user *next;
    const char *name;
    size_t bytes;
};

/* A storage: one pool, or several of the same rounded size. */
struct pool {
    struct list link;
    struct memory *memory;
    const char *name;
    size_t object_bytes;       /* charged */
    struct pool_cache *caches; /* slot 0: the shared ledger; worker i: slot i + 1 */
    bool is_guarded;
    bool is_plain;
    unsigned flags;     /* enum pool_flags */
    size_t asked_bytes; /* of plain storage, asked of the allocator: at most object_bytes */
    size_t size;        /* the largest user's */
    struct pool_user *users;
    struct pool_guard guard;
    pthread_mutex_t lock; /* of the slabs */
    struct slab_store slabs;
};

/* ---- counts ---- */

/* Reads a count: of any thread's. */
static inline int64_t pool_read_count(const _Atomic int64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Adds to a count: its own thread needs no atomic operation, the shared slot does. */
static inline void pool_add_count(_Atomic int64_t *counter, int64_t change, bool is_shared)
{
    if (is_shared) {
        atomic_fetch_add_explicit(counter, change, memory_order_relaxed);
    } else {
        atomic_store_explicit(counter, pool_read_count(counter) + change, memory_order_relaxed);
    }
}

/* Objects in a worker's list. */
static inline size_t pool_cache_count(const struct pool_cache *cache)
{
    return atomic_load_explicit(&cache->count, memory_order_relaxed);
}

/* The list and counts of a ledger's worker. */
static inline struct pool_cache *pool_cache_of(const struct pool *pool, const struct ledger *ledger)
{
    return &pool->caches[ledger->slot];
}

/* ---- a worker's list ---- */

/* Takes the first object off a list that has one. Its charge is the caller's to move. */
static inline void *pool_pop_cache(struct pool_cache *cache)
{
    struct free_object *object = cache->first;
    const size_t count = pool_cache_count(cache) - 1;
    cache->first = object->next;
    atomic_store_explicit(&cache->count, count, memory_order_relaxed);
    if (count < cache->least) {
        cache->least = count;
    }
    return object;
}

/* Puts an object onto a list: in front, or with -dMcold-first behind. Its charge is the caller's to
 * move. */
static inline void pool_push_cache(const struct pool *pool, struct pool_cache *cache,
                                   void *released)
{
    struct free_object *object = released;
    if (pool->is_guarded && pool->memory->options.cold_first && cache->first != NULL) {
        object->next = NULL;
        cache->last->next = object;
        cache->last = object;
    } else {
        cache->last = cache->first == NULL ? object : cache->last;
        object->next = cache->first;
        cache->first = object;
    }
    atomic_store_explicit(&cache->count, pool_cache_count(cache) + 1, memory_order_relaxed);
}

/* Takes `count` objects of a worker's list away: into the slabs, or to the allocator. */
void pool_flush_cache(struct pool *pool, struct ledger *ledger, size_t count);

/* Puts up to `count` objects of slabs into a worker's list that is empty; at least one, if there is
 * any. */
void pool_refill_cache(struct pool *pool, struct ledger *ledger, size_t count);

/* ---- slabs ---- */

/* An object of slabs, or NULL when all are in use; its bytes stay leased, for the caller to place.
 */
void *pool_take_of_slabs(struct pool *pool);

/* Puts an object, whose bytes are leased and in no ledger, back. */
void pool_release_to_slabs(struct pool *pool, void *object);

/* Adds a slab, paid for by `account`; false when refused, or when the system has no memory. */
MUST_USE bool pool_add_slab(struct pool *pool, struct account *account);

/* Gives at most `count` empty slabs to the system; returns their bytes. */
size_t pool_drop_slabs(struct pool *pool, size_t count);

/* Empty slabs that nobody needed since the last call, which begins a new count. */
size_t pool_idle_slabs(struct pool *pool);

/* ---- plain storage ---- */

/* A new object, uncharged, or NULL. */
void *pool_make_object(struct pool *pool);

/* Gives an object to the allocator. */
void pool_free_object(struct pool *pool, void *object);

/* ---- storage ---- */

/* What objects of a storage cost, and how they lie in slabs when the storage is not plain. */
struct pool_layout {
    bool is_plain;
    size_t object_bytes;
    struct slab_shape shape;
};

/* The layout of objects that need `whole` bytes. */
struct pool_layout pool_choose_layout(const struct memory_options *options, size_t whole);

/* A storage without users, in the governor's list; NULL when the system has no memory. */
struct pool *pool_create_storage(struct memory *memory, const char *name,
                                 const struct pool_layout *layout);

/* Destroys a storage whose lists are empty, slabs and all. */
void pool_destroy_storage(struct pool *pool);

#endif
