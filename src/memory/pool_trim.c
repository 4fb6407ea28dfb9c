/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives free objects of pools back to the system.
 * The hard idea: a worker's lists are only its own thread's, so others ask: pool_trim_all counts a
 * request and each worker carries it out at the end of its turn. What is not needed is known by the
 * least number of free objects since the last tick: those were never touched, and half of them go
 * each second, so that a quiet pool empties and a busy one keeps what its waves need. Takes no
 * memory.
 */
#include "base/number.h"
#include "memory/allocator.h"
#include "memory/pool.h"
#include "memory/pool_store.h"

static size_t cached_bytes(const struct ledger *ledger)
{
    return atomic_load_explicit(&ledger->cached, memory_order_relaxed);
}

/* Free objects that a worker may keep: twice its needed average less those in use. */
static size_t wanted_objects(const struct pool_cache *cache)
{
    const int64_t needed = pool_read_count(&cache->needed) / POOL_AVERAGE_SCALE;
    const int64_t wanted = 2 * needed - pool_read_count(&cache->used);
    return wanted > 0 ? (size_t)wanted : 0;
}

static void trim_own(struct ledger *ledger, bool everything)
{
    LIST_EACH(link, &ledger->memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        const struct pool_cache *cache = pool_cache_of(pool, ledger);
        const size_t count = pool_cache_count(cache);
        const size_t kept = everything ? 0 : size_min(count, wanted_objects(cache));
        pool_flush_cache(pool, ledger, count - kept);
        if (everything) {
            (void)pool_drop_slabs(pool, SIZE_MAX);
        }
    }
    if (everything) {
        allocator_flush_thread();
    }
}

void pool_serve_trims(struct ledger *ledger)
{
    const struct memory *memory = ledger->memory;
    const unsigned asked = atomic_load_explicit(&memory->trims, memory_order_acquire);
    if (asked == ledger->trims_seen) {
        return;
    }
    const unsigned whole = atomic_load_explicit(&memory->trims_whole, memory_order_relaxed);
    const bool everything = whole != ledger->trims_whole_seen;
    ledger->trims_seen = asked;
    ledger->trims_whole_seen = whole;
    trim_own(ledger, everything);
}

void pool_trim_all(struct memory *memory, bool everything)
{
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        (void)pool_drop_slabs(pool, everything ? SIZE_MAX : pool_idle_slabs(pool));
    }
    if (everything) {
        atomic_fetch_add_explicit(&memory->trims_whole, 1, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&memory->trims, 1, memory_order_release);
    if (memory->workers == 1) {
        pool_serve_trims(memory->ledgers[0]);
    }
}

void pool_shrink_caches(struct ledger *ledger, size_t bytes_max)
{
    LIST_EACH(link, &ledger->memory->pools) {
        const size_t cached = cached_bytes(ledger);
        if (cached <= bytes_max) {
            return;
        }
        struct pool *pool = container_of(link, struct pool, link);
        const size_t surplus = (cached - bytes_max + pool->object_bytes - 1) / pool->object_bytes;
        const size_t count = pool_cache_count(pool_cache_of(pool, ledger));
        pool_flush_cache(pool, ledger, size_min(surplus, count));
    }
}

/* Gives empty slabs back until about `bytes` are free; returns what is. */
static size_t reclaim_slabs(struct memory *memory, size_t bytes)
{
    size_t freed = 0;
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        if (freed >= bytes ||
            atomic_load_explicit(&memory->empty_bytes, memory_order_relaxed) == 0) {
            return freed;
        }
        const size_t slabs = (bytes - freed - 1) / pool->slabs.shape.slab_bytes + 1;
        freed += pool_drop_slabs(pool, slabs);
    }
    return freed;
}

void pool_reclaim(struct ledger *ledger, size_t bytes)
{
    const size_t freed = reclaim_slabs(ledger->memory, bytes);
    if (freed < bytes) {
        pool_shrink_caches(ledger, 0);
        (void)reclaim_slabs(ledger->memory, bytes - freed);
    }
}

static void tick_cache(struct pool *pool, struct ledger *ledger)
{
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    const int64_t before = pool_read_count(&cache->needed);
    const int64_t lately = cache->used_lately > 0 ? cache->used_lately : 0;
    const int64_t gained = lately * (POOL_AVERAGE_SCALE / POOL_AVERAGE_WEIGHT);
    atomic_store_explicit(&cache->needed, before - before / POOL_AVERAGE_WEIGHT + gained,
                          memory_order_relaxed);
    pool_flush_cache(pool, ledger, (size_min(cache->least, pool_cache_count(cache)) + 1) / 2);
    cache->least = pool_cache_count(cache);
    cache->used_lately = pool_read_count(&cache->used);
}

void pool_tick(struct memory *memory, struct ledger *ledger)
{
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        tick_cache(pool, ledger);
        if (ledger->index == 0) {
            (void)pool_drop_slabs(pool, (pool_idle_slabs(pool) + 1) / 2);
        }
    }
    pool_serve_trims(ledger);
    ledger_return_surplus(ledger, 0);
}
