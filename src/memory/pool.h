/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools: typed object caches. Each has a free list for each worker and slabs that all share; pools
 * of equal rounded size share storage unless merging is off. Under sanitizers and -dMno-cache or
 * no-global a pool is plain malloc, so that use after release is seen. Objects come zeroed only
 * where the caller asks.
 *
 * What bounds it: every object is charged (its rounded size) to the account that takes it; free
 * objects on a worker's lists and in slabs are counted as ACCOUNT_WORKER, so that the ledger says
 * what is resident, and given back under pressure, after a quiet time and above twice the needed
 * average. All lists of a worker together hold at most a small share of the limit, one pool's at
 * most a quarter of that; empty slabs of all pools hold at most a small share too.
 */
#ifndef WEIR_MEMORY_POOL_H
#define WEIR_MEMORY_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory/memory.h"

struct pool;

/* Properties of a pool, or-ed. */
enum pool_flags {
    POOL_SHARED = 1,  /* may share storage with pools of the same rounded size */
    POOL_CHARGED = 2, /* reserved for the governor's own use */
};

/* What `show pools` prints of a pool. */
struct pool_usage {
    const char *name;    /* of the first pool that uses the storage */
    size_t object_bytes; /* rounded, as charged */
    size_t allocated;    /* objects that exist, in use or free */
    size_t used;
    size_t needed_average; /* in use, averaged over some seconds */
    size_t high_water;     /* most objects in use at a time: the sum of each worker's own most */
    uint64_t failed;       /* takings refused or failed by injection */
    size_t in_caches;      /* free objects on workers' lists and in slabs */
    unsigned users;        /* pools that share this storage */
    bool is_shared;        /* may be shared */
    const struct pool *storage; /* for pool_each_user */
};

/* ---- creation ---- */

/*
 * Creates a pool of objects of `size` bytes named `name` (borrowed for ever). Startup only. Returns
 * NULL only when the system itself has no memory.
 */
struct pool *pool_create(struct memory *memory, const char *name, size_t size, unsigned flags);

/* ---- use ---- */

/* Takes an object, charged to `account`; NULL when refused or failed by injection (counted). */
void *pool_take(struct pool *pool, struct account *account);

/* As pool_take with all bytes zero. */
void *pool_take_zeroed(struct pool *pool, struct account *account);

/* Gives an object back; `account` is the one that it is charged to. NULL is allowed. */
void pool_release(struct pool *pool, struct account *account, void *object);

/* Moves an object's charge to another account of the same worker. */
void pool_recharge(struct pool *pool, struct account *from, struct account *to);

/* The rounded bytes that one object costs its account. */
size_t pool_object_bytes(const struct pool *pool);

/* ---- giving back ---- */

/*
 * Gives free objects back to the system: all of them (`everything`) or those above twice the needed
 * average. Empty slabs at once; each worker's lists at the end of its turn (pool_serve_trims), or
 * at once when there is one worker.
 */
void pool_trim_all(struct memory *memory, bool everything);

/* Carries out, on this worker's lists, what pool_trim_all asked for since the last call. Once a
 * turn. */
void pool_serve_trims(struct ledger *ledger);

/* Frees objects of this worker's lists until they hold at most `bytes_max`. */
void pool_shrink_caches(struct ledger *ledger, size_t bytes_max);

/* Frees about `bytes` of free objects at once, this worker's and empty slabs: before a charge is
 * refused. */
void pool_reclaim(struct ledger *ledger, size_t bytes);

/* Updates needed averages and gives back what was not needed; about once a second from each
 * worker's timer. */
void pool_tick(struct memory *memory, struct ledger *ledger);

/* ---- inspection ---- */

/* Calls `visit` for every storage (merged pools once), in order of creation. */
void pool_each(struct memory *memory, void (*visit)(const struct pool_usage *usage, void *argument),
               void *argument);

/* Calls `visit` for every pool that uses a storage of pool_each, with the size it was created with.
 */
void pool_each_user(const struct pool *storage,
                    void (*visit)(const char *name, size_t bytes, void *argument), void *argument);

/* ---- for governor.c ---- */

/* Makes room for `workers` workers in every pool; false when the system has no memory. */
MUST_USE bool pool_set_workers(struct memory *memory, unsigned workers);

/* Objects in use of all pools; names those pools on standard error when `is_told`. */
size_t pool_count_used(struct memory *memory, bool is_told);

/* Frees all free objects and the pools themselves. Nothing may run beside it. */
void pool_destroy_all(struct memory *memory);

#endif
