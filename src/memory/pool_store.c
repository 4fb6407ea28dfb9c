/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns a pool's storage: lists of workers, the depot that all share, and the way to the system.
 * The hard idea: a free object stays charged, so that the ledger says what is resident. Moving it
 * between a worker's list and the depot only moves the bytes between two counts; the budget is not
 * asked. Order: freed before it is discharged. What bounds it: depot_bytes_max for all depots;
 * lists are bounded where they are filled (pool.c).
 */
#include "memory/pool_store.h"

#include "base/number.h"
#include "memory/allocator.h"

/* ---- the system ---- */

size_t pool_cost_of_object(const struct memory_options *options, size_t whole, bool *is_spanned)
{
    *is_spanned = !options->uaf && !allocator_is_sanitized() && whole >= SPAN_OBJECT_BYTES_MIN;
    if (options->uaf) {
        return pool_guard_mapped_bytes(whole);
    }
    return *is_spanned ? span_object_bytes(whole) : allocator_cost(whole);
}

void *pool_make_object(struct pool *pool)
{
    if (pool->memory->options.uaf) {
        return pool_guard_map(pool->asked_bytes);
    }
    return pool->is_spanned ? span_take(&pool->spans) : allocator_take(pool->asked_bytes);
}

void pool_free_object(struct pool *pool, void *object)
{
    if (pool->memory->options.uaf) {
        pool_guard_unmap(object, pool->asked_bytes);
    } else if (pool->is_spanned) {
        span_release(&pool->spans, object);
    } else {
        allocator_release(object);
    }
}

/* ---- storage ---- */

struct pool *pool_create_storage(struct memory *memory, const char *name, size_t object_bytes,
                                 bool is_spanned)
{
    struct pool *pool = allocator_take_zeroed(sizeof(*pool));
    struct pool_cache *caches = allocator_take_zeroed((memory->workers + 1) * sizeof(*caches));
    if (pool == NULL || caches == NULL) {
        allocator_release(pool);
        allocator_release(caches);
        return NULL;
    }
    pool->memory = memory;
    pool->name = name;
    pool->object_bytes = object_bytes;
    pool->is_guarded = pool_guard_is_needed(&memory->options);
    pool->is_spanned = is_spanned;
    pool->caches = caches;
    if (is_spanned) {
        span_init(&pool->spans, object_bytes);
    }
    pthread_mutex_init(&pool->lock, NULL);
    list_append(&memory->pools, &pool->link);
    return pool;
}

void pool_destroy_storage(struct pool *pool)
{
    struct pool_user *next;
    for (struct pool_user *user = pool->users; user != NULL; user = next) {
        next = user->next;
        allocator_release(user);
    }
    list_remove(&pool->link);
    if (pool->is_spanned) {
        span_deinit(&pool->spans);
    }
    pthread_mutex_destroy(&pool->lock);
    allocator_release(pool->caches);
    allocator_release(pool);
}

/* ---- a worker's list ---- */

void pool_free_cached(struct pool *pool, struct ledger *ledger, size_t count)
{
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    for (size_t i = 0; i < count; i++) {
        pool_free_object(pool, pool_pop_cache(cache));
        ledger_release_cached(ledger, pool->object_bytes);
    }
    pool_add_count(&cache->allocated, -(int64_t)count, false);
}

/* ---- the depot ---- */

void *pool_pop_depot(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct free_object *object = pool->depot;
    if (object != NULL) {
        pool->depot = object->next;
        pool->depot_count--;
        pool->depot_least = size_min(pool->depot_least, pool->depot_count);
    }
    pthread_mutex_unlock(&pool->lock);
    if (object != NULL) {
        atomic_fetch_sub_explicit(&pool->memory->depot_bytes, pool->object_bytes,
                                  memory_order_relaxed);
    }
    return object;
}

/* Puts a chain of `count` objects into the depot. */
static void push_chain(struct pool *pool, struct free_object *first, struct free_object *last,
                       size_t count)
{
    atomic_fetch_add_explicit(&pool->memory->depot_bytes, count * pool->object_bytes,
                              memory_order_relaxed);
    pthread_mutex_lock(&pool->lock);
    last->next = pool->depot;
    pool->depot = first;
    pool->depot_count += count;
    pthread_mutex_unlock(&pool->lock);
}

void pool_push_depot(struct pool *pool, void *object)
{
    push_chain(pool, object, object, 1);
}

size_t pool_depot_room(const struct pool *pool)
{
    const struct memory *memory = pool->memory;
    const size_t bytes = atomic_load_explicit(&memory->depot_bytes, memory_order_relaxed);
    if (bytes >= memory->depot_bytes_max) {
        return 0;
    }
    return (memory->depot_bytes_max - bytes) / pool->object_bytes;
}

void pool_spill_cache(struct pool *pool, struct ledger *ledger)
{
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    const size_t count = size_min((pool_cache_count(cache) + 1) / 2, pool_depot_room(pool));
    struct free_object *first = NULL;
    struct free_object *last = NULL;
    for (size_t i = 0; i < count; i++) {
        struct free_object *object = pool_pop_cache(cache);
        object->next = first;
        first = object;
        last = last == NULL ? object : last;
    }
    if (count > 0) {
        ledger_count(&ledger->cached, (size_t)0 - count * pool->object_bytes);
        push_chain(pool, first, last, count);
    }
}

size_t pool_depot_idle(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const size_t idle = size_min(pool->depot_least, pool->depot_count);
    pthread_mutex_unlock(&pool->lock);
    return idle;
}

size_t pool_free_depot(struct pool *pool, size_t count)
{
    size_t freed = 0;
    void *object;
    while (freed < count && (object = pool_pop_depot(pool)) != NULL) {
        pool_free_object(pool, object);
        budget_return(&pool->memory->budget, pool->object_bytes);
        freed++;
    }
    pool_add_count(&pool->caches[0].allocated, -(int64_t)freed, true);
    return freed;
}
