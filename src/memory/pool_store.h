/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of pools, for the pool sources of this folder: storage, a worker's list, the depot,
 * the system.
 *
 *   pool.c: creation, taking, releasing     pool_trim.c: giving back     pool_usage.c: figures and
 * the end
 *
 * The accounting of free objects: on a worker's list they count in `cached` of the worker's ledger;
 * in a depot in `depot_bytes` of the governor, in no ledger. Both stay leased of the budget.
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
#include "memory/span.h"

/* Averages are kept in sixteenths, and a second counts an eighth of them. */
enum { POOL_AVERAGE_SCALE = 16, POOL_AVERAGE_WEIGHT = 8 };

/* A free object: the link lies in its first bytes. */
struct free_object {
    struct free_object *next;
};

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
    _Atomic int64_t allocated; /* made less freed here */
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
    bool is_spanned;    /* objects are of `spans`, else of the allocator */
    unsigned flags;     /* enum pool_flags */
    size_t asked_bytes; /* asked of the allocator: at most object_bytes */
    size_t size;        /* the largest user's */
    struct pool_user *users;
    struct pool_guard guard;
    struct span_store spans;
    pthread_mutex_t lock; /* of the depot */
    struct free_object *depot;
    size_t depot_count;
    size_t depot_least; /* of depot_count since the last tick */
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

/* Frees `count` objects of a worker's list to the system. */
void pool_free_cached(struct pool *pool, struct ledger *ledger, size_t count);

/* Moves half of a worker's list to the depot, as far as that has room. */
void pool_spill_cache(struct pool *pool, struct ledger *ledger);

/* ---- the depot ---- */

/* An object of the depot, or NULL; its bytes stay leased, for the caller to place. */
void *pool_pop_depot(struct pool *pool);

/* Puts an object, whose bytes are leased and in no ledger, into the depot. */
void pool_push_depot(struct pool *pool, void *object);

/* How many more objects of `pool` depots may hold. */
size_t pool_depot_room(const struct pool *pool);

/* Objects of the depot that nobody needed since the last tick. */
size_t pool_depot_idle(struct pool *pool);

/* Frees at most `count` objects of the depot to the system; returns the number. */
size_t pool_free_depot(struct pool *pool, size_t count);

/* ---- the system ---- */

/* A new object, uncharged, or NULL. */
void *pool_make_object(struct pool *pool);

/* Gives an object to the system. */
void pool_free_object(struct pool *pool, void *object);

/* ---- storage ---- */

/* What an object that needs `whole` bytes costs, and whether it comes from a span. */
size_t pool_cost_of_object(const struct memory_options *options, size_t whole, bool *is_spanned);

/* A storage without users, in the governor's list; NULL when the system has no memory. */
struct pool *pool_create_storage(struct memory *memory, const char *name, size_t object_bytes,
                                 bool is_spanned);

/* Destroys a storage whose lists and depot are empty. */
void pool_destroy_storage(struct pool *pool);

#endif
