/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Creates and destroys the governor, measures what the start took, and keeps the ledger true to
 * resident memory. The hard idea: resident size beyond the ledger (fragments, pages kept for reuse,
 * stacks, code touched late) is measured and held of the budget as `overhead`. It is the larger of
 * two measures: the kernel's resident less the ledger, and the allocator's own fragments, since
 * bytes charged and not yet touched would hide these from the first. Bounded: one governor a
 * process, one ledger a worker; both made at startup and part of what the start took.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/number.h"
#include "memory/allocator.h"
#include "memory/fault.h"
#include "memory/governor_internal.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "memory/pressure.h"
#include "memory/span.h"

enum {
    CGROUP_MARGIN_SHARE = 8, /* the kernel's own memory for the group: socket buffers, page cache */
    LEASES_IN_LIMIT = 128,   /* all workers' leases together are a small part of the limit */
    CACHES_IN_LIMIT = 32,    /* and so are their free objects */
    EMPTY_IN_LIMIT = 8,      /* empty slabs kept for the next wave while memory is calm */
    PURGE_FROM_PERCENT = 60, /* below, free pages may stay for reuse until they decay */
    OVERHEAD_PERCENT_MAX = 4, /* of resident size, beyond the ledger */
    OBSERVE_PAUSE_MS = 10,    /* between two looks that a shortage asks for */
    STARTUP_PERCENT_MAX = 85, /* more of what traffic may have leaves it nothing */
    PERCENT = 100,
};

#define LEASE_BYTES_MIN    (4 * KIBIBYTE)
#define LEASE_BYTES_MAX    (256 * KIBIBYTE)
#define CACHES_BYTES_MIN   (64 * KIBIBYTE)
#define CACHES_BYTES_MAX   (1 * MEBIBYTE)
#define EMPTY_BYTES_MIN    (256 * KIBIBYTE)
#define EMPTY_BYTES_MAX    (64 * MEBIBYTE)
#define NEED_BYTES_DEFAULT (32 * KIBIBYTE)

/* ---- creation ---- */

static size_t clamp(size_t value, size_t least, size_t most)
{
    return size_min(size_max(value, least), most);
}

static size_t effective_limit(const struct memory_options *options)
{
    if (options->limit_bytes != 0) {
        return options->limit_bytes;
    }
    const size_t limit = memory_cgroup_limit();
    return limit - limit / CGROUP_MARGIN_SHARE;
}

/* The options with what they imply. */
static struct memory_options complete_options(const struct memory_options *options)
{
    struct memory_options complete = *options;
    const bool is_plain = complete.uaf || (allocator_is_sanitized() && !complete.keep_caches);
    complete.no_cache = complete.no_cache || is_plain;
    complete.no_global = complete.no_global || complete.no_cache;
    complete.no_merge = complete.no_merge || complete.uaf;
    return complete;
}

/* The parts of the limit that workers may hold unused: small, so that what is leased is what is
 * used. */
static void divide_limit(struct memory *memory)
{
    const size_t limit = memory->budget.limit; /* SIZE_MAX when there is none */
    const struct memory_options *options = &memory->options;
    memory->lease_bytes =
        clamp(limit / LEASES_IN_LIMIT / memory->workers, LEASE_BYTES_MIN, LEASE_BYTES_MAX);
    memory->caches_max =
        clamp(limit / CACHES_IN_LIMIT / memory->workers, CACHES_BYTES_MIN, CACHES_BYTES_MAX);
    memory->empty_bytes_calm = clamp(limit / EMPTY_IN_LIMIT, EMPTY_BYTES_MIN, EMPTY_BYTES_MAX);
    memory->empty_bytes_max = memory->empty_bytes_calm;
    memory->caches_max = options->no_cache ? 0 : memory->caches_max;
}

/*
 * Frees what this worker and the slabs can spare; then looks whether resident size really binds,
 * which gives the allocator's free pages back too.
 */
static void reclaim(struct ledger *ledger, size_t bytes)
{
    struct memory *memory = ledger->memory;
    pool_reclaim(ledger, bytes);
    if (budget_left(&memory->budget) < bytes) {
        governor_observe_again(memory);
    }
}

static struct ledger *create_ledger(struct memory *memory, unsigned index, bool is_shared)
{
    struct ledger *ledger = allocator_take_zeroed(sizeof(*ledger));
    if (ledger != NULL) {
        ledger_init(ledger, memory, &memory->budget, index, is_shared);
        ledger->slot = is_shared ? 0 : index + 1;
        ledger->reclaim = reclaim;
        ledger->observe = memory_observe_resident;
    }
    return ledger;
}

/* Gives workers their slack; the shared ledger keeps none. */
static void set_slack(struct memory *memory)
{
    divide_limit(memory);
    for (unsigned i = 0; i < memory->workers; i++) {
        struct ledger *ledger = memory->ledgers[i];
        ledger->lease_bytes = memory->lease_bytes;
        ledger->surplus_max = 2 * memory->lease_bytes;
        ledger->caches_max = memory->caches_max;
    }
}

static bool create_ledgers(struct memory *memory)
{
    memory->ledgers = allocator_take_zeroed((memory->workers + 1) * sizeof(*memory->ledgers));
    if (memory->ledgers == NULL) {
        return false;
    }
    for (unsigned i = 0; i <= memory->workers; i++) {
        const bool is_shared = i == memory->workers;
        memory->ledgers[i] = create_ledger(memory, is_shared ? 0 : i, is_shared);
        if (memory->ledgers[i] == NULL) {
            return false;
        }
    }
    return true;
}

static void init_parts(struct memory *memory)
{
    budget_init(&memory->budget, effective_limit(&memory->options), memory->options.operator_bytes);
    list_init(&memory->pools);
    list_init(&memory->spans);
    list_init(&memory->pressure.observers);
    pthread_mutex_init(&memory->pressure.changing, NULL);
    pthread_mutex_init(&memory->observing, NULL);
    atomic_store(&memory->pressure.changed_ms, TIME_NEVER);
    resident_open(&memory->resident);
    for (unsigned i = 0; i < LEDGER_WAIT_CLASSES; i++) {
        memory->needs[i] = NEED_BYTES_DEFAULT;
    }
    memory->fault.seed = (uint64_t)(uintptr_t)memory;
}

enum result memory_create(const struct memory_options *options, struct memory **out)
{
    ASSERT(options->workers >= 1);
    struct memory *memory = allocator_take_zeroed(sizeof(*memory));
    if (memory == NULL) {
        return RESULT_FAILED;
    }
    memory->options = complete_options(options);
    memory->workers = options->workers;
    init_parts(memory);
    if (!create_ledgers(memory)) {
        memory_destroy(memory, false);
        return RESULT_FAILED;
    }
    account_init(&memory->startup, memory->ledgers[0], ACCOUNT_CONFIGURATION, 0);
    set_slack(memory);
    *out = memory;
    return RESULT_OK;
}

/* Makes room for new workers behind the present ones; the shared ledger moves to the end. */
static bool add_ledgers(struct memory *memory, unsigned workers)
{
    struct ledger **ledgers = allocator_resize(memory->ledgers, (workers + 1) * sizeof(*ledgers));
    if (ledgers == NULL) {
        return false;
    }
    memory->ledgers = ledgers;
    while (memory->workers < workers) {
        struct ledger *added = create_ledger(memory, memory->workers, false);
        if (added == NULL) {
            return false;
        }
        ledgers[memory->workers + 1] = ledgers[memory->workers];
        ledgers[memory->workers] = added;
        memory->workers++;
    }
    return true;
}

enum result memory_set_workers(struct memory *memory, unsigned workers)
{
    if (workers <= memory->workers) {
        return RESULT_OK;
    }
    if (!pool_set_workers(memory, workers) || !add_ledgers(memory, workers)) {
        return RESULT_FAILED;
    }
    memory->options.workers = workers;
    set_slack(memory);
    return RESULT_OK;
}

/* ---- truth ---- */

/* What all ledgers and the slabs say is in memory. */
static size_t used_in_all(const struct memory *memory)
{
    size_t used = atomic_load_explicit(&memory->slab_free_bytes, memory_order_relaxed);
    for (unsigned i = 0; i <= memory->workers; i++) {
        used += ledger_used(memory->ledgers[i]);
    }
    return used;
}

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

static size_t fragments(void)
{
    struct allocator_figures figures;
    allocator_read(&figures);
    return less(figures.resident, figures.allocated);
}

/* Resident size; not the program's own under a sanitizer, which keeps what was released: 0,
 * unknown, then. */
static size_t measure_resident(struct memory *memory)
{
    return allocator_is_sanitized() ? 0 : resident_read(&memory->resident);
}

/* What of `resident` is beyond the ledgers, or at least held by the allocator beyond what it gave
 * out. */
static size_t overhead_of(const struct memory *memory, size_t resident)
{
    const size_t fragments_gained = less(fragments(), memory->fragments_at_start);
    return resident == 0 ? 0 : size_max(less(resident, used_in_all(memory)), fragments_gained);
}

/*
 * Whether free pages that the allocator keeps for reuse should go back now: when they would count
 * as pressure, since nobody should be refused for memory that is free; and else once a second where
 * they are much.
 */
static bool should_purge(struct memory *memory, size_t resident, size_t overhead)
{
    const struct budget *budget = &memory->budget;
    const uint64_t now = atomic_load_explicit(&memory->now_ms, memory_order_relaxed);
    const size_t leased = atomic_load_explicit(&budget->leased, memory_order_relaxed);
    const bool is_pressing =
        overhead > budget->observe_step &&
        leased + overhead >= budget->traffic_max / PERCENT * PURGE_FROM_PERCENT;
    const bool is_much = overhead > resident / PERCENT * OVERHEAD_PERCENT_MAX &&
                         now >= memory->purged_ms + MS_PER_SECOND;
    if (is_pressing || is_much) {
        memory->purged_ms = now;
    }
    return is_pressing || is_much;
}

static void observe(struct memory *memory)
{
    struct budget *budget = &memory->budget;
    const size_t begun = budget_begin_observation(budget);
    allocator_decay();
    size_t resident = measure_resident(memory);
    size_t overhead = overhead_of(memory, resident);
    if (should_purge(memory, resident, overhead)) {
        allocator_purge();
        resident = measure_resident(memory);
        overhead = overhead_of(memory, resident);
    }
    budget_finish_observation(budget, begun, resident, overhead);
    atomic_store_explicit(&memory->observed_ms,
                          atomic_load_explicit(&memory->now_ms, memory_order_relaxed),
                          memory_order_relaxed);
}

void memory_observe_resident(struct memory *memory)
{
    if (pthread_mutex_trylock(&memory->observing) == 0) {
        observe(memory);
        pthread_mutex_unlock(&memory->observing);
    }
}

void governor_observe_again(struct memory *memory)
{
    const uint64_t now = atomic_load_explicit(&memory->now_ms, memory_order_relaxed);
    const uint64_t before = atomic_load_explicit(&memory->observed_ms, memory_order_relaxed);
    if (budget_begin_observation(&memory->budget) > memory->budget.observe_step / 2 ||
        now >= before + OBSERVE_PAUSE_MS) {
        memory_observe_resident(memory);
    }
}

enum result memory_charge_startup(struct memory *memory)
{
    const struct budget *budget = &memory->budget;
    account_discharge(&memory->startup, memory->startup.used);
    pool_trim_all(memory, true);
    allocator_flush_thread();
    allocator_purge();
    account_charge_forced(&memory->startup, less(measure_resident(memory), used_in_all(memory)));
    memory->fragments_at_start = fragments();
    memory_observe_resident(memory);
    if (memory->options.fail_enabled) {
        fault_set_percent(memory, memory->options.fail_percent);
    }
    const bool is_too_much =
        budget_in_use(budget) > budget->traffic_max / PERCENT * STARTUP_PERCENT_MAX;
    return budget->limit != SIZE_MAX && is_too_much ? RESULT_NO_MEMORY : RESULT_OK;
}

/* ---- inspection ---- */

struct ledger *memory_ledger(struct memory *memory, unsigned index)
{
    ASSERT(index < memory->workers);
    return memory->ledgers[index];
}

bool memory_is_limited(const struct memory *memory)
{
    return memory->budget.limit != SIZE_MAX;
}

struct ledger *memory_shared_ledger(struct memory *memory)
{
    return governor_shared_ledger(memory);
}

struct memory *ledger_memory(const struct ledger *ledger)
{
    return ledger->memory;
}

unsigned ledger_index(const struct ledger *ledger)
{
    return ledger->index;
}

/* The sums over all ledgers. */
static void read_ledgers(const struct memory *memory, struct memory_usage *usage)
{
    usage->pool_caches = atomic_load_explicit(&memory->slab_free_bytes, memory_order_relaxed);
    for (unsigned i = 0; i <= memory->workers; i++) {
        const struct ledger *ledger = memory->ledgers[i];
        usage->pool_caches += atomic_load_explicit(&ledger->cached, memory_order_relaxed);
        for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
            usage->by_kind[kind] +=
                atomic_load_explicit(&ledger->by_kind[kind], memory_order_relaxed);
        }
        usage->refused_budget +=
            atomic_load_explicit(&ledger->refused_budget, memory_order_relaxed);
        usage->refused_cap += atomic_load_explicit(&ledger->refused_cap, memory_order_relaxed);
    }
    usage->by_kind[ACCOUNT_WORKER] += usage->pool_caches;
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        usage->used += usage->by_kind[kind];
    }
}

void memory_read_usage(struct memory *memory, struct memory_usage *usage)
{
    const struct budget *budget = &memory->budget;
    const bool has_limit = budget->limit != SIZE_MAX;
    struct allocator_figures figures;
    allocator_read(&figures);
    *usage = (struct memory_usage){
        .limit = has_limit ? budget->limit : 0,
        .traffic_max = has_limit ? budget->traffic_max : 0,
        .leased = atomic_load_explicit(&budget->leased, memory_order_relaxed),
        .high_water = atomic_load_explicit(&budget->high_water, memory_order_relaxed),
        .failed_injected = atomic_load(&memory->fault.failed_in_all),
        .allocator_allocated = figures.allocated,
        .allocator_resident = figures.resident,
        .kernel_resident = resident_read(&memory->resident),
        .kernel_proportional = resident_read_proportional(&memory->resident),
        .operator_reserve = budget->reserve,
        .overhead = atomic_load_explicit(&budget->overhead, memory_order_relaxed),
        .startup = memory->startup.used,
    };
    read_ledgers(memory, usage);
}

/* ---- destruction ---- */

/* Names every kind of account with bytes left; returns the bytes. */
static size_t tell_leaks(struct memory *memory)
{
    struct memory_usage usage = {0};
    read_ledgers(memory, &usage);
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        if (usage.by_kind[kind] > 0) {
            fprintf(stderr, "weir: %zu bytes still on %s accounts\n", usage.by_kind[kind],
                    account_kind_name((enum account_kind)kind));
        }
    }
    return usage.used;
}

static void destroy_spans(struct memory *memory)
{
    LIST_EACH_SAFE(link, &memory->spans) {
        struct span_store *spans = container_of(link, struct span_store, link);
        span_deinit(spans);
        allocator_release(spans);
    }
}

static void destroy_ledgers(struct memory *memory)
{
    for (unsigned i = 0; memory->ledgers != NULL && i <= memory->workers; i++) {
        if (memory->ledgers[i] != NULL) {
            ledger_deinit(memory->ledgers[i]);
            allocator_release(memory->ledgers[i]);
        }
    }
    allocator_release(memory->ledgers);
}

void memory_destroy(struct memory *memory, bool leaks_are_fatal)
{
    if (memory == NULL) {
        return;
    }
    const size_t objects = pool_count_used(memory, leaks_are_fatal);
    if (memory->startup.ledger != NULL) {
        account_discharge(&memory->startup, memory->startup.used);
    }
    pool_destroy_all(memory);
    if (leaks_are_fatal && (tell_leaks(memory) > 0 || objects > 0)) {
        abort();
    }
    destroy_spans(memory);
    destroy_ledgers(memory);
    resident_close(&memory->resident);
    pthread_mutex_destroy(&memory->pressure.changing);
    pthread_mutex_destroy(&memory->observing);
    budget_deinit(&memory->budget);
    allocator_release(memory);
}
