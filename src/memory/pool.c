/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the pools: a worker's free list in front, a depot shared by all behind it, the allocator
 * last. The hard idea: a free object stays charged, so that the ledger says what is resident. On a
 * worker's list it is on the account `caches` of the worker's ledger, and taking it only moves the
 * charge. In a depot its bytes stay leased of the budget but belong to no ledger (`depot_bytes`),
 * and moving them needs neither lease nor return. Order: charged before it is made, freed before it
 * is discharged. What bounds it: caches_max a worker and a quarter of it a pool, depot_bytes_max in
 * all, both zero when pressed; each second half of what was not needed in that second is given
 * back.
 */
#include "memory/pool.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "memory/allocator.h"
#include "memory/fault.h"
#include "memory/governor_internal.h"
#include "memory/pool_guard.h"

enum {
    OBJECT_ALIGNMENT = 8,
    POOL_CACHE_SHARE = 4, /* of a worker's lists that one pool may fill */
    AVERAGE_SCALE = 16,   /* averages are kept in sixteenths */
    AVERAGE_WEIGHT = 8,   /* a second counts an eighth */
};

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
    _Atomic int64_t allocated; /* made less freed here */
    _Atomic int64_t used_most; /* of `used` since the start */
    int64_t used_lately;       /* most of `used` since the last tick */
    _Atomic int64_t needed;    /* average of used_lately, in sixteenths */
    _Atomic uint64_t failed;
};

struct pool_user {
    struct pool_user *next;
    const char *name;
    size_t bytes;
};

struct pool {
    struct list link;
    struct memory *memory;
    const char *name;
    size_t object_bytes; /* charged */
    size_t asked_bytes;  /* asked of the allocator: at most object_bytes */
    size_t size;         /* the largest user's */
    unsigned flags;
    bool is_guarded;
    struct pool_guard guard;
    struct pool_cache *caches; /* slot 0: the shared ledger; worker i: slot i + 1 */
    struct pool_user *users;
    pthread_mutex_t lock; /* of the depot */
    struct free_object *depot;
    size_t depot_count;
    size_t depot_least; /* of depot_count since the last tick */
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

static struct pool *create_storage(struct memory *memory, const char *name, size_t object_bytes,
                                   unsigned flags)
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
    pool->flags = flags;
    pool->is_guarded = pool_guard_is_needed(&memory->options);
    pool->caches = caches;
    pthread_mutex_init(&pool->lock, NULL);
    list_append(&memory->pools, &pool->link);
    return pool;
}

static bool add_user(struct pool *pool, const char *name, size_t size)
{
    struct pool_user *user = allocator_take_zeroed(sizeof(*user));
    if (user == NULL) {
        return false;
    }
    struct pool_user **end = &pool->users;
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

/* Bytes asked of the allocator for an object of `size`: without guards just its own, so that a
 * sanitizer sees each byte too many. */
static size_t whole_size(const struct memory_options *options, size_t size)
{
    const size_t payload = payload_of(size);
    const size_t guards = pool_guard_bytes(options, payload);
    return guards == 0 ? size_max(size, sizeof(struct free_object)) : payload + guards;
}

struct pool *pool_create(struct memory *memory, const char *name, size_t size, unsigned flags)
{
    const struct memory_options *options = &memory->options;
    const size_t whole = whole_size(options, size);
    const size_t object_bytes =
        options->uaf ? pool_guard_mapped_bytes(whole) : allocator_size(whole);
    struct pool *pool = find_mergeable(memory, object_bytes, flags);
    if (pool == NULL) {
        pool = create_storage(memory, name, object_bytes, flags);
    }
    if (pool == NULL || !add_user(pool, name, size)) {
        return NULL;
    }
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

/* ---- counts ---- */

static int64_t read_count(const _Atomic int64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static size_t not_negative(int64_t value)
{
    return value > 0 ? (size_t)value : 0;
}

/* Adds to a cache's counter: its own thread needs no atomic operation, the shared slot does. */
static void add_count(_Atomic int64_t *counter, int64_t change, bool is_shared)
{
    if (is_shared) {
        atomic_fetch_add_explicit(counter, change, memory_order_relaxed);
    } else {
        atomic_store_explicit(counter, read_count(counter) + change, memory_order_relaxed);
    }
}

static void count_taken(struct pool_cache *cache, bool is_shared)
{
    add_count(&cache->used, 1, is_shared);
    const int64_t used = read_count(&cache->used);
    if (used > read_count(&cache->used_most)) {
        atomic_store_explicit(&cache->used_most, used, memory_order_relaxed);
    }
    if (!is_shared && used > cache->used_lately) {
        cache->used_lately = used;
    }
}

static size_t cache_count(const struct pool_cache *cache)
{
    return atomic_load_explicit(&cache->count, memory_order_relaxed);
}

static void set_cache_count(struct pool_cache *cache, size_t count)
{
    atomic_store_explicit(&cache->count, count, memory_order_relaxed);
}

static struct pool_cache *cache_of(const struct pool *pool, const struct ledger *ledger)
{
    return &pool->caches[ledger->slot];
}

/* ---- the allocator ---- */

static void *make_object(const struct pool *pool)
{
    if (pool->memory->options.uaf) {
        return pool_guard_map(pool->asked_bytes);
    }
    return allocator_take(pool->object_bytes);
}

static void free_object(const struct pool *pool, void *object)
{
    if (pool->memory->options.uaf) {
        pool_guard_unmap(object, pool->asked_bytes);
    } else {
        allocator_release(object);
    }
}

/* ---- a worker's list ---- */

static void *pop_cache(struct pool_cache *cache)
{
    struct free_object *object = cache->first;
    cache->first = object->next;
    const size_t count = cache_count(cache) - 1;
    set_cache_count(cache, count);
    if (count < cache->least) {
        cache->least = count;
    }
    return object;
}

static void push_cache(const struct pool *pool, struct pool_cache *cache, void *released)
{
    struct free_object *object = released;
    if (pool->memory->options.cold_first && cache->first != NULL) {
        object->next = NULL;
        cache->last->next = object;
        cache->last = object;
    } else {
        object->next = cache->first;
        cache->last = cache->first == NULL ? object : cache->last;
        cache->first = object;
    }
    set_cache_count(cache, cache_count(cache) + 1);
}

/* Frees `count` objects of a worker's list. */
static void free_cached(struct pool *pool, struct ledger *ledger, size_t count)
{
    struct pool_cache *cache = cache_of(pool, ledger);
    for (size_t i = 0; i < count; i++) {
        free_object(pool, pop_cache(cache));
        account_discharge(&ledger->caches, pool->object_bytes);
    }
    add_count(&cache->allocated, -(int64_t)count, false);
}

/* ---- the depot ---- */

static void *pop_depot(struct pool *pool)
{
    struct free_object *object;
    pthread_mutex_lock(&pool->lock);
    object = pool->depot;
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

/* Puts a chain of `count` objects, whose bytes are leased and in no ledger, into the depot. */
static void push_depot(struct pool *pool, struct free_object *first, struct free_object *last,
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

/* How many more objects of `pool` depots may hold. */
static size_t depot_room(const struct pool *pool)
{
    const struct memory *memory = pool->memory;
    const size_t bytes = atomic_load_explicit(&memory->depot_bytes, memory_order_relaxed);
    if (memory->options.no_global || bytes >= memory->depot_bytes_max) {
        return 0;
    }
    return (memory->depot_bytes_max - bytes) / pool->object_bytes;
}

/* Frees at most `count` objects of the depot; returns the number. */
static size_t free_depot(struct pool *pool, size_t count)
{
    size_t freed = 0;
    void *object;
    while (freed < count && (object = pop_depot(pool)) != NULL) {
        free_object(pool, object);
        budget_return(&pool->memory->budget, pool->object_bytes);
        freed++;
    }
    add_count(&pool->caches[0].allocated, -(int64_t)freed, true);
    return freed;
}

/* Objects of the depot that nobody needed since the last tick. */
static size_t depot_idle(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    const size_t idle = size_min(pool->depot_least, pool->depot_count);
    pthread_mutex_unlock(&pool->lock);
    return idle;
}

/* Moves half of a worker's full list to the depot, so that it has room again. */
static void spill_cache(struct pool *pool, struct ledger *ledger)
{
    struct pool_cache *cache = cache_of(pool, ledger);
    const size_t count = size_min((cache_count(cache) + 1) / 2, depot_room(pool));
    struct free_object *first = NULL;
    struct free_object *last = NULL;
    for (size_t i = 0; i < count; i++) {
        struct free_object *object = pop_cache(cache);
        object->next = first;
        first = object;
        last = last == NULL ? object : last;
    }
    if (count > 0) {
        account_write_down(&ledger->caches, count * pool->object_bytes);
        push_depot(pool, first, last, count);
    }
}

/* ---- taking ---- */

/* Whether a worker's list serves this account: the shared ledger has none, the operator's bytes are
 * leased apart. */
static bool uses_cache(const struct account *account)
{
    return !account->ledger->is_shared && account->kind != ACCOUNT_OPERATOR;
}

/* An object of the worker's list or the depot for an account that uses_cache; its charge only
 * moves. */
static void *take_free(struct pool *pool, struct account *account)
{
    struct ledger *ledger = account->ledger;
    struct pool_cache *cache = cache_of(pool, ledger);
    void *object;
    if (!account_cap_allows(account, pool->object_bytes)) {
        return NULL;
    }
    if (cache->first != NULL) {
        object = pop_cache(cache);
        account_write_down(&ledger->caches, pool->object_bytes);
    } else {
        object = pop_depot(pool);
    }
    if (object != NULL) {
        account_write_up(account, pool->object_bytes);
    }
    return object;
}

/* An object for an account that is charged already: of the depot, else a new one. */
static void *take_charged(struct pool *pool, struct account *account, bool *is_new)
{
    void *object = pop_depot(pool);
    *is_new = object == NULL;
    if (object != NULL) {
        budget_return(&pool->memory->budget, pool->object_bytes);
        return object;
    }
    object = make_object(pool);
    if (object != NULL) {
        add_count(&cache_of(pool, account->ledger)->allocated, 1, account->ledger->is_shared);
    }
    return object;
}

static void *take_slow(struct pool *pool, struct account *account, const void *caller)
{
    struct pool_cache *cache = cache_of(pool, account->ledger);
    bool is_new = false;
    void *object = NULL;
    if (!fault_strikes(pool->memory)) {
        object = uses_cache(account) ? take_free(pool, account) : NULL;
        if (object == NULL && account_charge(account, pool->object_bytes) == RESULT_OK) {
            object = take_charged(pool, account, &is_new);
            if (object == NULL) {
                account_discharge(account, pool->object_bytes);
            }
        }
    }
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
    struct pool_cache *cache = cache_of(pool, ledger);
    if (cache->first == NULL || pool->is_guarded || account->kind == ACCOUNT_OPERATOR ||
        fault_is_armed(pool->memory) || !account_cap_allows(account, pool->object_bytes)) {
        return take_slow(pool, account, __builtin_return_address(0));
    }
    void *object = pop_cache(cache);
    account_write_down(&ledger->caches, pool->object_bytes);
    account_write_up(account, pool->object_bytes);
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

static bool cache_has_room(const struct pool *pool, const struct ledger *ledger)
{
    const size_t after = (cache_count(cache_of(pool, ledger)) + 1) * pool->object_bytes;
    return ledger->caches.used + pool->object_bytes <= ledger->caches_max &&
           after <= ledger->caches_max / POOL_CACHE_SHARE;
}

static void keep_in_cache(struct pool *pool, struct account *account, void *object)
{
    account_write_down(account, pool->object_bytes);
    account_write_up(&account->ledger->caches, pool->object_bytes);
    push_cache(pool, cache_of(pool, account->ledger), object);
}

/* Puts one object into the depot if there is room; its bytes stay leased. */
static bool keep_in_depot(struct pool *pool, struct account *account, void *object)
{
    struct budget *budget = &pool->memory->budget;
    if (depot_room(pool) == 0) {
        return false;
    }
    if (uses_cache(account)) {
        account_write_down(account, pool->object_bytes);
    } else if (budget_lease(budget, pool->object_bytes, budget->traffic_max)) {
        account_discharge(account, pool->object_bytes);
    } else {
        return false;
    }
    push_depot(pool, object, object, 1);
    return true;
}

static void release_slow(struct pool *pool, struct account *account, void *object)
{
    struct ledger *ledger = account->ledger;
    if (uses_cache(account) && ledger->caches_max > 0) {
        spill_cache(pool, ledger);
        if (cache_has_room(pool, ledger)) {
            keep_in_cache(pool, account, object);
            return;
        }
    }
    if (!keep_in_depot(pool, account, object)) {
        free_object(pool, object);
        add_count(&cache_of(pool, ledger)->allocated, -1, ledger->is_shared);
        account_discharge(account, pool->object_bytes);
    }
}

void pool_release(struct pool *pool, struct account *account, void *object)
{
    if (object == NULL) {
        return;
    }
    if (pool->is_guarded) {
        pool_guard_release(&pool->guard, object, __builtin_return_address(0));
    }
    add_count(&cache_of(pool, account->ledger)->used, -1, account->ledger->is_shared);
    if (uses_cache(account) && cache_has_room(pool, account->ledger)) {
        keep_in_cache(pool, account, object);
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

/* ---- giving back ---- */

/* Frees what a worker's list has beyond twice the worker's needed average. */
static void trim_cache(struct pool *pool, struct ledger *ledger, bool everything)
{
    struct pool_cache *cache = cache_of(pool, ledger);
    const size_t count = cache_count(cache);
    const size_t wanted =
        not_negative(2 * (read_count(&cache->needed) / AVERAGE_SCALE) - read_count(&cache->used));
    free_cached(pool, ledger, everything ? count : count - size_min(count, wanted));
}

static void trim_own(struct ledger *ledger, bool everything)
{
    LIST_EACH(link, &ledger->memory->pools) {
        trim_cache(container_of(link, struct pool, link), ledger, everything);
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
    const unsigned whole = atomic_load_explicit(&memory->trim_everything, memory_order_relaxed);
    const bool everything = whole > ledger->trims_seen;
    ledger->trims_seen = asked;
    trim_own(ledger, everything);
}

void pool_trim_all(struct memory *memory, bool everything)
{
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        (void)free_depot(pool, everything ? SIZE_MAX : depot_idle(pool));
    }
    const unsigned request = atomic_fetch_add_explicit(&memory->trims, 1, memory_order_acq_rel) + 1;
    if (everything) {
        atomic_store_explicit(&memory->trim_everything, request, memory_order_relaxed);
    }
    if (memory->workers == 1) {
        pool_serve_trims(memory->ledgers[0]);
    }
}

void pool_shrink_caches(struct ledger *ledger, size_t bytes_max)
{
    LIST_EACH(link, &ledger->memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        if (ledger->caches.used <= bytes_max) {
            return;
        }
        const size_t surplus =
            (ledger->caches.used - bytes_max + pool->object_bytes - 1) / pool->object_bytes;
        free_cached(pool, ledger, size_min(surplus, cache_count(cache_of(pool, ledger))));
    }
}

void pool_reclaim(struct ledger *ledger, size_t bytes)
{
    struct memory *memory = ledger->memory;
    const size_t cached = ledger->caches.used;
    pool_shrink_caches(ledger, cached > bytes ? cached - bytes : 0);
    if (cached >= bytes) {
        return;
    }
    size_t missing = bytes - cached;
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        if (missing == 0 || atomic_load_explicit(&memory->depot_bytes, memory_order_relaxed) == 0) {
            return;
        }
        const size_t objects = (missing + pool->object_bytes - 1) / pool->object_bytes;
        missing -= size_min(missing, free_depot(pool, objects) * pool->object_bytes);
    }
}

static void tick_cache(struct pool *pool, struct ledger *ledger)
{
    struct pool_cache *cache = cache_of(pool, ledger);
    const int64_t before = read_count(&cache->needed);
    const int64_t lately = cache->used_lately > 0 ? cache->used_lately : 0;
    atomic_store_explicit(&cache->needed,
                          before - before / AVERAGE_WEIGHT +
                              lately * (AVERAGE_SCALE / AVERAGE_WEIGHT),
                          memory_order_relaxed);
    free_cached(pool, ledger, (size_min(cache->least, cache_count(cache)) + 1) / 2);
    cache->least = cache_count(cache);
    cache->used_lately = read_count(&cache->used);
}

static void tick_depot(struct pool *pool)
{
    (void)free_depot(pool, (depot_idle(pool) + 1) / 2);
    pthread_mutex_lock(&pool->lock);
    pool->depot_least = pool->depot_count;
    pthread_mutex_unlock(&pool->lock);
}

void pool_tick(struct memory *memory, struct ledger *ledger)
{
    LIST_EACH(link, &memory->pools) {
        struct pool *pool = container_of(link, struct pool, link);
        tick_cache(pool, ledger);
        if (ledger->index == 0) {
            tick_depot(pool);
        }
    }
    pool_serve_trims(ledger);
    ledger_return_surplus(ledger, 0);
    atomic_store_explicit(&memory->has_purged, false, memory_order_relaxed);
}

/* ---- inspection ---- */

static void read_pool(struct pool *pool, struct pool_usage *usage)
{
    int64_t used = 0;
    int64_t allocated = 0;
    *usage = (struct pool_usage){.name = pool->name,
                                 .object_bytes = pool->object_bytes,
                                 .is_shared = (pool->flags & POOL_SHARED) != 0,
                                 .storage = pool};
    for (unsigned slot = 0; slot <= pool->memory->workers; slot++) {
        const struct pool_cache *cache = &pool->caches[slot];
        used += read_count(&cache->used);
        allocated += read_count(&cache->allocated);
        usage->needed_average += not_negative(read_count(&cache->needed)) / AVERAGE_SCALE;
        usage->high_water += not_negative(read_count(&cache->used_most));
        usage->failed += atomic_load_explicit(&cache->failed, memory_order_relaxed);
        usage->in_caches += cache_count(cache);
    }
    pthread_mutex_lock(&pool->lock);
    usage->in_caches += pool->depot_count;
    pthread_mutex_unlock(&pool->lock);
    usage->used = not_negative(used);
    usage->allocated = not_negative(allocated);
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

/* ---- for governor.c ---- */

size_t pool_free_bytes(struct memory *memory)
{
    size_t bytes = 0;
    LIST_EACH(link, &memory->pools) {
        struct pool_usage usage;
        read_pool(container_of(link, struct pool, link), &usage);
        bytes += usage.in_caches * usage.object_bytes;
    }
    return bytes;
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

static void destroy_pool(struct pool *pool)
{
    struct memory *memory = pool->memory;
    for (unsigned i = 0; i < memory->workers; i++) {
        free_cached(pool, memory->ledgers[i], cache_count(cache_of(pool, memory->ledgers[i])));
    }
    (void)free_depot(pool, SIZE_MAX);
    struct pool_user *next;
    for (struct pool_user *user = pool->users; user != NULL; user = next) {
        next = user->next;
        allocator_release(user);
    }
    pthread_mutex_destroy(&pool->lock);
    allocator_release(pool->caches);
    allocator_release(pool);
}

void pool_destroy_all(struct memory *memory)
{
    LIST_EACH_SAFE(link, &memory->pools) {
        list_remove(link);
        destroy_pool(container_of(link, struct pool, link));
    }
}
