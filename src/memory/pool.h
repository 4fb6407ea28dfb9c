/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools: typed object caches. Each has per-worker free lists and a shared depot; pools of equal
 * rounded size share storage unless merging is off. Under sanitizers and -dMno-cache,no-global a
 * pool is plain malloc, so that use after release is seen. Objects come zeroed only where the
 * caller asks.
 *
 * What bounds it: every object is charged (its rounded size) to the account that takes it; free
 * objects are charged to the pool's worker ledger as ACCOUNT_WORKER and given back under pressure,
 * after a quiet time and above twice the needed average.
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
    const char *name;
    size_t object_bytes;
    size_t allocated; /* objects that exist, in use or free */
    size_t used;
    size_t needed_average;
    size_t high_water; /* most objects in use at a time */
    uint64_t failed;
    size_t in_caches; /* free objects on workers' lists */
    unsigned users;   /* pools that share this storage */
    bool is_shared;
};

/*
 * Creates a pool of objects of `size` bytes named `name` (borrowed for ever). Startup only. Returns
 * NULL only when the system itself has no memory.
 */
struct pool *pool_create(struct memory *memory, const char *name, size_t size, unsigned flags);

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

/* Gives free objects back to the system: all of them (`everything`) or those above twice the needed
 * average. */
void pool_trim_all(struct memory *memory, bool everything);

/* Updates needed averages; call about once a second from each worker's timer. */
void pool_tick(struct memory *memory, struct ledger *ledger);

/* Calls `visit` for every storage (merged pools once), in order of creation. */
void pool_each(struct memory *memory, void (*visit)(const struct pool_usage *usage, void *argument),
               void *argument);

#endif
