/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the pressure level and the queues of those who wait for memory.
 *
 *   calm -> tight (70 %) -> scarce (85 %) -> full (95 %), down again 5 points below each
 *
 * The share is of what traffic may have, so that `full` is reached before a charge is refused. One
 * worker announces a change; others that see it meanwhile go on. No cycle of waits can close: what
 * frees memory (releases, exchanges under way) never waits behind what takes more of it, since each
 * class leaves its floor to those before it; and waking happens only at the end of a turn. Bounded:
 * observers and waiters are embedded in their owners.
 */
#include "memory/pressure.h"

#include "base/clock.h"
#include "base/number.h"
#include "memory/governor_internal.h"
#include "memory/pool.h"

_Static_assert((int)GOVERNOR_LEVELS == (int)PRESSURE_LEVELS, "a counter for each level");
_Static_assert((int)LEDGER_WAIT_CLASSES == (int)WAIT_CLASSES, "a queue for each class");

enum { PERCENT = 100, HYSTERESIS_PERCENT = 5, LEASES_OF_SURPLUS = 2 };

/* What each class leaves of traffic's budget to those before it. Streams stop short of `full`, new
 * connections at `scarce`. */
static const unsigned floor_percents[WAIT_CLASSES] = {
    [WAIT_EXCHANGE] = 0, [WAIT_STREAM] = 6,  [WAIT_REQUEST] = 10,
    [WAIT_WINDOW] = 13,  [WAIT_ACCEPT] = 15,
};

/* What a level means for its entry and for a worker's slack: leases and caches are divided, 0:
 * none. */
struct level_row {
    const char *name;
    unsigned enter_percent;
    unsigned lease_divisor;
    unsigned caches_divisor;
    unsigned empty_divisor; /* of the empty slabs that are kept */
};

static const struct level_row level_rows[PRESSURE_LEVELS] = {
    [PRESSURE_CALM] = {"calm", 0, 1, 1, 1},
    [PRESSURE_TIGHT] = {"tight", 70, 2, 4, 4},
    [PRESSURE_SCARCE] = {"scarce", 85, 8, 0, 0},
    [PRESSURE_FULL] = {"full", 95, 0, 0, 0},
};

static size_t divide(size_t bytes, unsigned divisor)
{
    return divisor == 0 ? 0 : bytes / divisor;
}

/* ---- the level ---- */

enum pressure_level pressure_level(const struct memory *memory)
{
    return (enum pressure_level)atomic_load_explicit(&memory->pressure.level, memory_order_relaxed);
}

size_t pressure_window(const struct memory *memory, size_t bytes)
{
    enum { CALM_FACTOR = 4 };
    return pressure_level(memory) == PRESSURE_CALM ? bytes * CALM_FACTOR : bytes;
}

const char *pressure_level_name(enum pressure_level level)
{
    return (unsigned)level < PRESSURE_LEVELS ? level_rows[level].name : "unknown";
}

/* Whether `in_use` is at least `percent` of what traffic may have. */
static bool reaches(const struct memory *memory, size_t in_use, unsigned percent)
{
    const size_t traffic_max = memory->budget.traffic_max;
    return traffic_max != SIZE_MAX && in_use >= traffic_max / PERCENT * percent;
}

static unsigned level_for(const struct memory *memory, unsigned level)
{
    const size_t empty = atomic_load_explicit(&memory->empty_bytes, memory_order_relaxed);
    const size_t leased = budget_in_use(&memory->budget);
    const size_t in_use = leased > empty ? leased - empty : 0; /* empty slabs go when asked for */
    while (level + 1 < PRESSURE_LEVELS &&
           reaches(memory, in_use, level_rows[level + 1].enter_percent)) {
        level++;
    }
    while (level > PRESSURE_CALM &&
           !reaches(memory, in_use, level_rows[level].enter_percent - HYSTERESIS_PERCENT)) {
        level--;
    }
    return level;
}

/* Asks pools to give back what the new level does not leave them, and tells everybody. */
static void announce(struct memory *memory, enum pressure_level from, enum pressure_level to)
{
    atomic_store_explicit(&memory->empty_bytes_max,
                          divide(memory->empty_bytes_calm, level_rows[to].empty_divisor),
                          memory_order_relaxed);
    if (to > from) {
        pool_trim_all(memory, to >= PRESSURE_SCARCE);
    }
    for (unsigned i = 0; to < from && i < memory->workers; i++) {
        atomic_store_explicit(&memory->ledgers[i]->left_seen, 0, memory_order_relaxed);
    }
    LIST_EACH(link, &memory->pressure.observers) {
        struct pressure_observer *observer = container_of(link, struct pressure_observer, link);
        observer->on_level(observer, from, to);
    }
}

void pressure_update(struct memory *memory, uint64_t now_ms)
{
    struct pressure_state *pressure = &memory->pressure;
    uint64_t never = TIME_NEVER;
    atomic_store_explicit(&memory->now_ms, now_ms, memory_order_relaxed);
    const unsigned seen = atomic_load_explicit(&pressure->level, memory_order_relaxed);
    if (atomic_load_explicit(&pressure->changed_ms, memory_order_relaxed) == TIME_NEVER) {
        (void)atomic_compare_exchange_strong(&pressure->changed_ms, &never, now_ms);
    }
    if (level_for(memory, seen) == seen || pthread_mutex_trylock(&pressure->changing) != 0) {
        return;
    }
    const unsigned from = atomic_load_explicit(&pressure->level, memory_order_relaxed);
    const unsigned to = level_for(memory, from);
    if (to != from) {
        atomic_store_explicit(&pressure->level, to, memory_order_relaxed);
        atomic_store_explicit(&pressure->changed_ms, now_ms, memory_order_relaxed);
        atomic_fetch_add_explicit(&pressure->entered[to], 1, memory_order_relaxed);
        announce(memory, (enum pressure_level)from, (enum pressure_level)to);
    }
    pthread_mutex_unlock(&pressure->changing);
}

uint64_t pressure_since_ms(const struct memory *memory, uint64_t now_ms)
{
    const uint64_t changed =
        atomic_load_explicit(&memory->pressure.changed_ms, memory_order_relaxed);
    return changed < now_ms ? now_ms - changed : 0;
}

uint64_t pressure_entered(const struct memory *memory, enum pressure_level level)
{
    return atomic_load_explicit(&memory->pressure.entered[level], memory_order_relaxed);
}

void pressure_observe(struct memory *memory, struct pressure_observer *observer)
{
    list_append(&memory->pressure.observers, &observer->link);
}

/* ---- waiting ---- */

void memory_waiter_init(struct memory_waiter *waiter,
                        void (*on_memory)(struct memory_waiter *waiter))
{
    *waiter = (struct memory_waiter){.on_memory = on_memory};
    list_init(&waiter->link);
}

static void count_waiting(struct ledger *ledger, enum wait_class wait_class, unsigned change)
{
    _Atomic unsigned *count = &ledger->waiting_count[wait_class];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + change,
                          memory_order_relaxed);
    atomic_fetch_add(&ledger->memory->waiting, change);
}

unsigned memory_waiting(const struct ledger *ledger, enum wait_class wait_class)
{
    return atomic_load_explicit(&ledger->waiting_count[wait_class], memory_order_relaxed);
}

unsigned memory_waiting_up_to(const struct ledger *ledger, enum wait_class last)
{
    unsigned waiting = 0;
    for (unsigned i = 0; i <= last; i++) {
        waiting += memory_waiting(ledger, (enum wait_class)i);
    }
    return waiting;
}

static bool has_waiters(const struct ledger *ledger)
{
    return memory_waiting_up_to(ledger, WAIT_CLASSES - 1) > 0;
}

void memory_wait(struct ledger *ledger, enum wait_class wait_class, struct memory_waiter *waiter)
{
    ASSERT(waiter->ledger == NULL);
    waiter->ledger = ledger;
    waiter->wait_class = wait_class;
    list_append(&ledger->waiting[wait_class], &waiter->link);
    count_waiting(ledger, wait_class, 1);
}

void memory_wait_cancel(struct memory_waiter *waiter)
{
    if (waiter->ledger != NULL) {
        count_waiting(waiter->ledger, waiter->wait_class, (unsigned)-1);
        list_remove(&waiter->link);
        waiter->ledger = NULL;
    }
}

void memory_set_wake_hook(struct ledger *ledger, void (*on_wake_needed)(void *argument),
                          void *argument)
{
    ledger->on_wake_needed = on_wake_needed;
    ledger->wake_argument = argument;
}

void memory_set_need(struct memory *memory, enum wait_class wait_class, size_t bytes)
{
    memory->needs[wait_class] = bytes;
}

/* Bytes that a worker which has `own` bytes leased and free can have. */
static size_t bytes_left(const struct memory *memory, size_t own)
{
    const size_t empty = atomic_load_explicit(&memory->empty_bytes, memory_order_relaxed);
    size_t left;
    if (!size_add(budget_left(&memory->budget), own, &left) || !size_add(left, empty, &left)) {
        left = SIZE_MAX;
    }
    return left;
}

static size_t own_bytes_left(const struct ledger *ledger)
{
    return bytes_left(ledger->memory, atomic_load_explicit(&ledger->free, memory_order_relaxed));
}

/* Whether `left` covers a class's floor and `bytes`. */
static bool covers(const struct memory *memory, size_t left, enum wait_class wait_class,
                   size_t bytes)
{
    const size_t traffic_max = memory->budget.traffic_max;
    if (traffic_max == SIZE_MAX) {
        return true;
    }
    const size_t floor = traffic_max / PERCENT * floor_percents[wait_class];
    return left >= floor && left - floor >= bytes;
}

bool memory_has_room(const struct ledger *ledger, enum wait_class wait_class, size_t bytes)
{
    const struct memory *memory = ledger->memory;
    return memory->budget.limit == SIZE_MAX ||
           covers(memory, own_bytes_left(ledger), wait_class, bytes);
}

bool memory_can_serve(const struct ledger *ledger, enum wait_class wait_class)
{
    return memory_has_room(ledger, wait_class, ledger->memory->needs[wait_class]);
}

/* ---- waking ---- */

/* Fits a worker's slack to the level. */
static void adapt(struct ledger *ledger)
{
    const struct memory *memory = ledger->memory;
    const struct level_row *row = &level_rows[pressure_level(memory)];
    ledger->lease_bytes = divide(memory->lease_bytes, row->lease_divisor);
    ledger->surplus_max = ledger->lease_bytes * LEASES_OF_SURPLUS;
    ledger->caches_max = divide(memory->caches_max, row->caches_divisor);
    pool_shrink_caches(ledger, ledger->caches_max);
    ledger_return_surplus(ledger, ledger->surplus_max);
}

/* Wakes waiters of a class, none that begins to wait meanwhile. */
static unsigned wake_class(struct ledger *ledger, enum wait_class wait_class)
{
    const unsigned waiting = memory_waiting(ledger, wait_class);
    unsigned woken = 0;
    while (woken < waiting && memory_can_serve(ledger, wait_class)) {
        struct list *first = list_first(&ledger->waiting[wait_class]);
        if (first == NULL) {
            break;
        }
        struct memory_waiter *waiter = container_of(first, struct memory_waiter, link);
        memory_wait_cancel(waiter);
        waiter->on_memory(waiter);
        woken++;
    }
    return woken;
}

static void call_wake_hook(const struct ledger *ledger)
{
    if (ledger->on_wake_needed != NULL) {
        ledger->on_wake_needed(ledger->wake_argument);
    }
}

/* Whether `left` bytes are enough for one of a ledger's waiters; any thread may ask. */
static bool has_wakeable(const struct ledger *ledger, size_t left)
{
    for (unsigned i = 0; i < WAIT_CLASSES; i++) {
        const enum wait_class wait_class = (enum wait_class)i;
        if (memory_waiting(ledger, wait_class) > 0 &&
            covers(ledger->memory, left, wait_class, ledger->memory->needs[i])) {
            return true;
        }
    }
    return false;
}

/*
 * Lets other workers have what this one does not need, and tells those who have waiters and have
 * not seen so much.
 */
static void help_others(struct ledger *ledger)
{
    const struct memory *memory = ledger->memory;
    ledger_return_surplus(ledger, 0);
    const size_t left = bytes_left(memory, 0);
    for (unsigned i = 0; i < memory->workers; i++) {
        const struct ledger *other = memory->ledgers[i];
        if (other != ledger && left > atomic_load(&other->left_seen) && has_wakeable(other, left)) {
            call_wake_hook(other);
        }
    }
}

/* Makes workers that sleep on a surplus turn: their turn gives it back. */
static void call_in_surplus(const struct ledger *ledger)
{
    const struct memory *memory = ledger->memory;
    for (unsigned i = 0; i < memory->workers; i++) {
        const struct ledger *other = memory->ledgers[i];
        if (other != ledger && atomic_load_explicit(&other->free, memory_order_relaxed) > 0) {
            call_wake_hook(other);
        }
    }
}

/*
 * Notes what was left to waiters who stay. What other workers give back from here on is told by
 * them; what they gave back just before the note is seen by the second look.
 */
static void note_left(struct ledger *ledger)
{
    const size_t left = own_bytes_left(ledger);
    atomic_store(&ledger->left_seen, left);
    const size_t after = own_bytes_left(ledger);
    if (after > left && has_wakeable(ledger, after)) {
        call_wake_hook(ledger);
    } else {
        call_in_surplus(ledger);
    }
}

unsigned memory_wake(struct ledger *ledger)
{
    adapt(ledger);
    pool_serve_trims(ledger);
    if (ledger->is_waking || atomic_load(&ledger->memory->waiting) == 0) {
        return 0;
    }
    if (has_waiters(ledger) && !has_wakeable(ledger, own_bytes_left(ledger))) {
        governor_observe_again(ledger->memory);
    }
    ledger->is_waking = true;
    unsigned woken = 0;
    for (unsigned i = 0; i < WAIT_CLASSES; i++) {
        woken += wake_class(ledger, (enum wait_class)i);
    }
    ledger->is_waking = false;
    ledger->woken += woken;
    help_others(ledger);
    if (has_waiters(ledger)) {
        note_left(ledger);
    }
    return woken;
}
