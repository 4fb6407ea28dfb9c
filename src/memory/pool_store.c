/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns a pool's storage: lists of workers, slabs that all share, and the way to the system.
 * The hard idea: a free object stays paid for, so that the ledger says what is resident. Moving it
 * between a worker's list and its slab only moves bytes between two counts; the budget is asked for
 * whole slabs. Many objects move under one taking of the lock. Order: a slab is leased before it is
 * mapped and given back before the lease is. What bounds it: the budget for slabs in use;
 * empty_bytes_max for empty ones of all pools; lists are bounded where they are filled (pool.c).
 */
#include "memory/pool_store.h"

#include "base/number.h"
#include "memory/allocator.h"

/* ---- plain storage ---- */

void *pool_make_object(struct pool *pool)
{
    return pool->memory->options.uaf ? pool_guard_map(pool->asked_bytes)
                                     : allocator_take(pool->asked_bytes);
}

void pool_free_object(struct pool *pool, void *object)
{
    if (pool->memory->options.uaf) {
        pool_guard_unmap(object, pool->asked_bytes);
    } else {
        allocator_release(object);
    }
}

/* ---- storage ---- */

struct pool_layout pool_choose_layout(const struct memory_options *options, size_t whole)
{
    struct pool_layout layout = {.shape = slab_choose_shape(whole)};
    layout.is_plain = options->no_global || pool_guard_is_needed(options);
    layout.object_bytes = layout.shape.object_bytes;
    if (layout.is_plain) {
        layout.object_bytes = options->uaf ? pool_guard_mapped_bytes(whole) : allocator_cost(whole);
    }
    return layout;
}

/* The governor's spans with blocks of `bytes`, made when they are the first; NULL when the system
 * has no memory. */
static struct span_store *find_spans(struct memory *memory, size_t bytes)
{
    LIST_EACH(link, &memory->spans) {
        struct span_store *spans = container_of(link, struct span_store, link);
        if (spans->block_bytes == bytes) {
            return spans;
        }
    }
    struct span_store *spans = allocator_take_zeroed(sizeof(*spans));
    if (spans != NULL) {
        span_init(spans, bytes);
        list_append(&memory->spans, &spans->link);
    }
    return spans;
}

struct pool *pool_create_storage(struct memory *memory, const char *name,
                                 const struct pool_layout *layout)
{
    struct pool *pool = allocator_take_zeroed(sizeof(*pool));
    struct pool_cache *caches = allocator_take_zeroed((memory->workers + 1) * sizeof(*caches));
    struct span_store *spans = find_spans(memory, layout->shape.slab_bytes);
    if (pool == NULL || caches == NULL || spans == NULL) {
        allocator_release(pool);
        allocator_release(caches);
        return NULL;
    }
    pool->memory = memory;
    pool->name = name;
    pool->object_bytes = layout->object_bytes;
    pool->is_guarded = pool_guard_is_needed(&memory->options);
    pool->is_plain = layout->is_plain;
    pool->caches = caches;
    slab_init(&pool->slabs, layout->shape, spans);
    pthread_mutex_init(&pool->lock, NULL);
    list_append(&memory->pools, &pool->link);
    return pool;
}

void pool_destroy_storage(struct pool *pool)
{
    struct pool_user *next;
    (void)pool_drop_slabs(pool, SIZE_MAX);
    for (struct pool_user *user = pool->users; user != NULL; user = next) {
        next = user->next;
        allocator_release(user);
    }
    list_remove(&pool->link);
    pthread_mutex_destroy(&pool->lock);
    allocator_release(pool->caches);
    allocator_release(pool);
}

/* ---- slabs ---- */

static size_t read_bytes(const _Atomic size_t *bytes)
{
    return atomic_load_explicit(bytes, memory_order_relaxed);
}

static void add_bytes(_Atomic size_t *bytes, size_t change)
{
    atomic_fetch_add_explicit(bytes, change, memory_order_relaxed);
}

/* Notes the change of a pool's empty slabs, whose lock is held, in the count of all. */
static void note_empty(struct pool *pool, size_t before)
{
    const size_t gained = pool->slabs.empty_count - before;
    if (gained != 0) {
        add_bytes(&pool->memory->empty_bytes, gained * pool->slabs.shape.slab_bytes);
    }
}

/* Gives empty slabs of this pool back while those of all pools are more than may be kept; its lock
 * is not held. */
static void drop_surplus(struct pool *pool)
{
    const struct memory *memory = pool->memory;
    while (read_bytes(&memory->empty_bytes) > read_bytes(&memory->empty_bytes_max)) {
        if (pool_drop_slabs(pool, 1) == 0) {
            return;
        }
    }
}

void *pool_take_of_slabs(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const size_t empty = pool->slabs.empty_count;
    void *object = slab_take(&pool->slabs);
    note_empty(pool, empty);
    pthread_mutex_unlock(&pool->lock);
    if (object != NULL) {
        add_bytes(&pool->memory->slab_free_bytes, (size_t)0 - pool->object_bytes);
    }
    return object;
}

void pool_release_to_slabs(struct pool *pool, void *object)
{
    add_bytes(&pool->memory->slab_free_bytes, pool->object_bytes);
    pthread_mutex_lock(&pool->lock);
    const size_t empty = pool->slabs.empty_count;
    slab_release(&pool->slabs, object);
    note_empty(pool, empty);
    pthread_mutex_unlock(&pool->lock);
    drop_surplus(pool);
}

bool pool_add_slab(struct pool *pool, struct account *account)
{
    const size_t bytes = pool->slabs.shape.slab_bytes;
    if (account_lease_beside(account, bytes) != RESULT_OK) {
        return false;
    }
    pthread_mutex_lock(&pool->lock);
    const size_t empty = pool->slabs.empty_count;
    const bool is_added = slab_add(&pool->slabs);
    note_empty(pool, empty);
    pthread_mutex_unlock(&pool->lock);
    if (is_added) {
        add_bytes(&pool->memory->slab_free_bytes, bytes);
    } else {
        budget_return(&pool->memory->budget, bytes);
    }
    return is_added;
}

size_t pool_drop_slabs(struct pool *pool, size_t count)
{
    pthread_mutex_lock(&pool->lock);
    const size_t empty = pool->slabs.empty_count;
    const size_t bytes = slab_drop_empty(&pool->slabs, count);
    note_empty(pool, empty);
    pthread_mutex_unlock(&pool->lock);
    if (bytes > 0) {
        add_bytes(&pool->memory->slab_free_bytes, (size_t)0 - bytes);
        budget_return(&pool->memory->budget, bytes);
    }
    return bytes;
}

size_t pool_idle_slabs(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const size_t idle = size_min(pool->slabs.empty_least, pool->slabs.empty_count);
    pool->slabs.empty_least = pool->slabs.empty_count;
    pthread_mutex_unlock(&pool->lock);
    return idle;
}

/* ---- a worker's list ---- */

static void flush_to_allocator(struct pool *pool, struct ledger *ledger, size_t count)
{
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    for (size_t i = 0; i < count; i++) {
        pool_free_object(pool, pool_pop_cache(cache));
        ledger_release_cached(ledger, pool->object_bytes);
    }
    pool_add_count(&cache->allocated, -(int64_t)count, false);
}

void pool_flush_cache(struct pool *pool, struct ledger *ledger, size_t count)
{
    if (count == 0) {
        return;
    }
    if (pool->is_plain) {
        flush_to_allocator(pool, ledger, count);
        return;
    }
    ledger_count(&ledger->cached, (size_t)0 - count * pool->object_bytes);
    add_bytes(&pool->memory->slab_free_bytes, count * pool->object_bytes);
    pthread_mutex_lock(&pool->lock);
    const size_t empty = pool->slabs.empty_count;
    for (size_t i = 0; i < count; i++) {
        slab_release(&pool->slabs, pool_pop_cache(pool_cache_of(pool, ledger)));
    }
    note_empty(pool, empty);
    pthread_mutex_unlock(&pool->lock);
    drop_surplus(pool);
}

void pool_refill_cache(struct pool *pool, struct ledger *ledger, size_t count)
{
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    size_t taken = 0;
    void *object;
    pthread_mutex_lock(&pool->lock);
    const size_t empty = pool->slabs.empty_count;
    while (taken < count && (object = slab_take(&pool->slabs)) != NULL) {
        pool_push_cache(pool, cache, object);
        taken++;
    }
    note_empty(pool, empty);
    pthread_mutex_unlock(&pool->lock);
    ledger_count(&ledger->cached, taken * pool->object_bytes);
    add_bytes(&pool->memory->slab_free_bytes, (size_t)0 - taken * pool->object_bytes);
}
