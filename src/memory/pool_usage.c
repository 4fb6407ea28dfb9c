/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of pools, and their end.
 * The hard idea: each worker counts for itself, and a worker that gives back what another took
 * counts below zero, so only the sums mean anything; while others run, a sum is as of about now.
 * Takes no memory.
 */
#include <stdio.h>

#include "memory/pool.h"
#include "memory/pool_store.h"

static size_t not_negative(int64_t value)
{
    return value > 0 ? (size_t)value : 0;
}

static void add_cache(struct pool_usage *usage, const struct pool_cache *cache)
{
    usage->needed_average += not_negative(pool_read_count(&cache->needed)) / POOL_AVERAGE_SCALE;
    usage->high_water += not_negative(pool_read_count(&cache->used_most));
    usage->failed += atomic_load_explicit(&cache->failed, memory_order_relaxed);
}

static void read_pool(struct pool *pool, struct pool_usage *usage)
{
    int64_t used = 0;
    int64_t allocated = 0;
    *usage = (struct pool_usage){.name = pool->name,
                                 .object_bytes = pool->object_bytes,
                                 .is_shared = (pool->flags & POOL_SHARED) != 0,
                                 .storage = pool};
    for (unsigned slot = 0; slot <= pool->memory->workers; slot++) {
        add_cache(usage, &pool->caches[slot]);
        used += pool_read_count(&pool->caches[slot].used);
        allocated += pool_read_count(&pool->caches[slot].allocated);
    }
    usage->used = not_negative(used);
    usage->allocated = not_negative(allocated);
    if (!pool->is_plain) {
        pthread_mutex_lock(&pool->lock);
        usage->allocated = pool->slabs.slabs * pool->slabs.shape.objects_per_slab;
        pthread_mutex_unlock(&pool->lock);
    }
    usage->in_caches =
        usage->allocated - (usage->used < usage->allocated ? usage->used : usage->allocated);
    for (const struct pool_user *user = pool->users; user != NULL; user = user->next) {
        usage->users++;
    }
}

void pool_each(struct memory *memory, void (*visit)(const struct pool_usage *usage, void *argument),
               void *argument)
{
    LIST_EACH(link, &memory->pools) {
        struct pool_usage usage;
        read_pool(container_of(link, struct pool, link), &usage);
        visit(&usage, argument);
    }
}

void pool_each_user(const struct pool *storage,
                    void (*visit)(const char *name, size_t bytes, void *argument), void *argument)
{
    for (const struct pool_user *user = storage->users; user != NULL; user = user->next) {
        visit(user->name, user->bytes, argument);
    }
}

size_t pool_count_used(struct memory *memory, bool is_told)
{
    size_t used = 0;
    LIST_EACH(link, &memory->pools) {
        struct pool_usage usage;
        read_pool(container_of(link, struct pool, link), &usage);
        if (usage.used > 0 && is_told) {
            fprintf(stderr, "weir: pool %s: %zu objects of %zu bytes still in use\n", usage.name,
                    usage.used, usage.object_bytes);
        }
        used += usage.used;
    }
    return used;
}

void pool_destroy_all(struct memory *memory)
{
    LIST_EACH_SAFE(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        for (unsigned i = 0; i < memory->workers; i++) {
            struct ledger *ledger = memory->ledgers[i];
            pool_flush_cache(pool, ledger, pool_cache_count(pool_cache_of(pool, ledger)));
        }
        pool_destroy_storage(pool);
    }
}
