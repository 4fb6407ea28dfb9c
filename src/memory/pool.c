/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creates pools, takes objects from them and gives them back.
 * The hard idea: a worker's free list is in front, the slabs that all share behind it, the system
 * last; in the common case an object only changes its list and its charge its column, without an
 * atomic operation, a lock or the budget. Two kinds of account have no list: those of the shared
 * ledger (any thread) and the operator's, whose bytes are leased apart. Plain storage (debugging)
 * has no slabs: each object is charged, then made. What bounds it: caches_max a worker and a
 * quarter of it a pool; beyond, half of the list goes back to the slabs.
 */
#include "memory/pool.h"

#include <string.h>

#include "base/number.h"
#include "memory/allocator.h"
#include "memory/fault.h"
#include "memory/pool_store.h"

enum {
    OBJECT_ALIGNMENT = 8, /* of guards behind an object */
    POOL_CACHE_SHARE = 4, /* one pool may fill a quarter of a worker's lists */
    BATCH_BYTES = 8192,   /* moved from slabs to an empty list at a time, and at most BATCH_MAX */
    BATCH_MAX = 16,
};

/* ---- creation ---- */

static struct pool *find_mergeable(struct memory *memory, size_t object_bytes, unsigned flags)
{
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        if (pool->object_bytes == object_bytes && !memory->options.no_merge && !pool->is_guarded &&
            (pool->flags & flags & POOL_SHARED) != 0) {
            return pool;
        }
    }
    return NULL;
}

static bool add_user(struct pool *pool, const char *name, size_t size)
{
    struct pool_user *user = allocator_take_zeroed(sizeof(*user));
    struct pool_user **end = &pool->users;
    if (user == NULL) {
        return false;
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *user = (struct pool_user){.name = name, .bytes = size};
    *end = user;
    pool->size = size_max(pool->size, size);
    return true;
}

/* A payload with room for the free list's link, the guards behind it aligned. */
static size_t payload_of(size_t size)
{
    const size_t least = size_max(size, sizeof(struct free_object));
    return (least + OBJECT_ALIGNMENT - 1) / OBJECT_ALIGNMENT * OBJECT_ALIGNMENT;
}

/*
 * Bytes asked of the system for an object of `size`: without guards just its own, so that a
 * sanitizer sees each byte too many.
 */
static size_t whole_size(const struct memory_options *options, size_t size)
{
    const size_t payload = payload_of(size);
    if (!pool_guard_is_needed(options)) {
        return size_max(size, sizeof(struct free_object));
    }
    return payload + pool_guard_bytes(options, payload);
}

struct pool *pool_create(struct memory *memory, const char *name, size_t size, unsigned flags)
{
    const struct memory_options *options = &memory->options;
    const size_t whole = whole_size(options, size);
    const struct pool_layout layout = pool_choose_layout(options, whole);
    struct pool *pool = find_mergeable(memory, layout.object_bytes, flags);
    if (pool == NULL) {
        pool = pool_create_storage(memory, name, &layout);
    }
    if (pool == NULL || !add_user(pool, name, size)) {
        return NULL;
    }
    pool->flags = flags;
    pool->asked_bytes = size_max(pool->asked_bytes, whole);
    pool->guard =
        (struct pool_guard){.options = options, .name = name, .payload = payload_of(pool->size)};
    return pool;
}

bool pool_set_workers(struct memory *memory, unsigned workers)
{
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        struct pool_cache *caches = allocator_resize(pool->caches, (workers + 1) * sizeof(*caches));
        if (caches == NULL) {
            return false;
        }
        memset(&caches[memory->workers + 1], 0, (workers - memory->workers) * sizeof(*caches));
        pool->caches = caches;
    }
    return true;
}

/* ---- taking ---- */

static inline void count_taken(struct pool_cache *cache, bool is_shared)
{
    pool_add_count(&cache->used, 1, is_shared);
    const int64_t used = pool_read_count(&cache->used);
    if (!is_shared && used > cache->used_lately) {
        cache->used_lately = used;
    }
    if (used > pool_read_count(&cache->used_most)) {
        atomic_store_explicit(&cache->used_most, used, memory_order_relaxed);
    }
}

/* Whether a worker's list serves this account. */
static inline bool uses_cache(const struct account *account)
{
    return !account->ledger->is_shared && account->kind != ACCOUNT_OPERATOR;
}

/* Objects to move from the slabs to an empty list: some, as far as the worker's lists may hold
 * them, and one at least. */
static size_t batch_count(const struct pool *pool, const struct ledger *ledger)
{
    const size_t cached = atomic_load_explicit(&ledger->cached, memory_order_relaxed);
    const size_t room = ledger->caches_max > cached ? ledger->caches_max - cached : 0;
    const size_t batch = size_min(size_min(BATCH_BYTES, room) / pool->object_bytes, BATCH_MAX);
    return size_max(batch, 1);
}

/* Makes sure that a worker's list has an object; false when memory is refused. */
static bool fill_cache(struct pool *pool, struct account *account)
{
    struct ledger *ledger = account->ledger;
    const struct pool_cache *cache = pool_cache_of(pool, ledger);
    if (cache->first == NULL && account_may_take_free(account)) {
        pool_refill_cache(pool, ledger, batch_count(pool, ledger));
    }
    /* Another worker may take what is added: then once more. */
    while (cache->first == NULL) {
        if (!pool_add_slab(pool, account)) {
            return false;
        }
        pool_refill_cache(pool, ledger, batch_count(pool, ledger));
    }
    return true;
}

/* Moves the first object of a worker's list to an account. */
static inline void *take_cached(struct pool *pool, struct pool_cache *cache,
                                struct account *account)
{
    void *object = pool_pop_cache(cache);
    ledger_count(&account->ledger->cached, (size_t)0 - pool->object_bytes);
    account_write_up(account, pool->object_bytes);
    return object;
}

/* An object of the slabs for an account without a list. */
static void *take_direct(struct pool *pool, struct account *account)
{
    void *object = account_may_take_free(account) ? pool_take_of_slabs(pool) : NULL;
    while (object == NULL && pool_add_slab(pool, account)) {
        object = pool_take_of_slabs(pool);
    }
    if (object != NULL && account_adopt(account, pool->object_bytes) != RESULT_OK) {
        pool_release_to_slabs(pool, object);
        return NULL;
    }
    return object;
}

/* An object of plain storage: of the worker's list, else new. */
static void *take_plain(struct pool *pool, struct account *account, bool *is_new)
{
    struct pool_cache *cache = pool_cache_of(pool, account->ledger);
    if (cache->first != NULL && uses_cache(account)) {
        return take_cached(pool, cache, account);
    }
    if (account_charge(account, pool->object_bytes) != RESULT_OK) {
        return NULL;
    }
    void *object = pool_make_object(pool);
    if (object == NULL) {
        account_discharge(account, pool->object_bytes);
        return NULL;
    }
    *is_new = true;
    pool_add_count(&cache->allocated, 1, account->ledger->is_shared);
    return object;
}

static void *take_any(struct pool *pool, struct account *account, bool *is_new)
{
    struct ledger *ledger = account->ledger;
    if (!account_cap_allows(account, pool->object_bytes)) {
        atomic_fetch_add_explicit(&ledger->refused_cap, 1, memory_order_relaxed);
        return NULL;
    }
    if (pool->is_plain) {
        return take_plain(pool, account, is_new);
    }
    if (!uses_cache(account)) {
        return take_direct(pool, account);
    }
    if (!fill_cache(pool, account)) {
        return NULL;
    }
    return take_cached(pool, pool_cache_of(pool, ledger), account);
}

static __attribute__((noinline)) void *take_slow(struct pool *pool, struct account *account,
                                                 const void *caller)
{
    struct pool_cache *cache = pool_cache_of(pool, account->ledger);
    bool is_new = false;
    void *object = fault_strikes(pool->memory) ? NULL : take_any(pool, account, &is_new);
    if (object == NULL) {
        atomic_fetch_add_explicit(&cache->failed, 1, memory_order_relaxed);
        return NULL;
    }
    if (pool->is_guarded) {
        pool_guard_take(&pool->guard, object, is_new, caller);
    }
    count_taken(cache, account->ledger->is_shared);
    return object;
}

void *pool_take(struct pool *pool, struct account *account)
{
    struct ledger *ledger = account->ledger;
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    const bool is_armed = atomic_load_explicit(&pool->memory->fault.is_armed, memory_order_relaxed);
    if (cache->first == NULL || pool->is_guarded || is_armed || account->kind == ACCOUNT_OPERATOR ||
        !account_cap_allows(account, pool->object_bytes)) {
        return take_slow(pool, account, __builtin_return_address(0));
    }
    void *object = take_cached(pool, cache, account);
    count_taken(cache, false);
    return object;
}

void *pool_take_zeroed(struct pool *pool, struct account *account)
{
    void *object = pool_take(pool, account);
    if (object != NULL) {
        memset(object, 0, pool->size);
    }
    return object;
}

/* ---- releasing ---- */

static inline bool cache_has_room(const struct pool *pool, const struct pool_cache *cache,
                                  const struct ledger *ledger)
{
    const size_t here = pool_cache_count(cache) * pool->object_bytes;
    const size_t cached = atomic_load_explicit(&ledger->cached, memory_order_relaxed);
    return cached + pool->object_bytes <= ledger->caches_max &&
           here + pool->object_bytes <= ledger->caches_max / POOL_CACHE_SHARE;
}

static inline void keep_in_cache(struct pool *pool, struct pool_cache *cache,
                                 struct account *account, void *object)
{
    account_write_down(account, pool->object_bytes);
    ledger_count(&account->ledger->cached, pool->object_bytes);
    pool_push_cache(pool, cache, object);
}

static __attribute__((noinline)) void release_slow(struct pool *pool, struct account *account,
                                                   void *object)
{
    struct ledger *ledger = account->ledger;
    struct pool_cache *cache = pool_cache_of(pool, ledger);
    if (uses_cache(account) && ledger->caches_max > 0) {
        pool_flush_cache(pool, ledger, (pool_cache_count(cache) + 1) / 2);
        if (cache_has_room(pool, cache, ledger)) {
            keep_in_cache(pool, cache, account, object);
            return;
        }
    }
    if (pool->is_plain) {
        pool_free_object(pool, object);
        pool_add_count(&cache->allocated, -1, ledger->is_shared);
        account_discharge(account, pool->object_bytes);
    } else {
        account_abandon(account, pool->object_bytes);
        pool_release_to_slabs(pool, object);
    }
}

void pool_release(struct pool *pool, struct account *account, void *object)
{
    if (object == NULL) {
        return;
    }
    struct pool_cache *cache = pool_cache_of(pool, account->ledger);
    if (pool->is_guarded) {
        pool_guard_release(&pool->guard, object, __builtin_return_address(0));
    }
    pool_add_count(&cache->used, -1, account->ledger->is_shared);
    if (uses_cache(account) && cache_has_room(pool, cache, account->ledger)) {
        keep_in_cache(pool, cache, account, object);
    } else {
        release_slow(pool, account, object);
    }
}

void pool_recharge(struct pool *pool, struct account *from, struct account *to)
{
    account_move(from, to, pool->object_bytes);
}

size_t pool_object_bytes(const struct pool *pool)
{
    return pool->object_bytes;
}
