/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the one figure that all workers share: the bytes leased of the process's budget.
 * The hard idea: the limit must hold for resident memory, which no ledger knows exactly (fragments,
 * pages kept by the allocator, stacks). But it cannot grow by more than what is leased: so resident
 * size as last seen plus everything leased since, nothing taken off for returns, is an upper bound,
 * cheap to keep and made sharp again by another look. What comes back to the budget is ordered with
 * the notes of waiters (pressure.c): there the default order of atomics is used, elsewhere the
 * relaxed one.
 * Bounded: one structure a process; a charge reaches it once a lease, not once a byte.
 */
#include "memory/budget.h"

#include <stdint.h>

#include "base/assert.h"
#include "base/number.h"

/* The margin: a share of the limit, at least what a few handshakes that cannot be refused need. */
enum { MARGIN_SHARE = 32, RESERVE_SHARE = 64, OBSERVATIONS_IN_MARGIN = 4 };
#define MARGIN_BYTES_MIN  (512 * KIBIBYTE)
#define MARGIN_BYTES_MAX  (32 * MEBIBYTE)
#define RESERVE_BYTES_MIN (512 * KIBIBYTE)
#define RESERVE_BYTES_MAX (16 * MEBIBYTE)
/* Without a limit, resident size is looked at once in this many bytes leased. */
#define OBSERVE_STEP_UNLIMITED (64 * MEBIBYTE)

static size_t clamp(size_t value, size_t least, size_t most)
{
    return size_min(size_max(value, least), most);
}

void budget_init(struct budget *budget, size_t limit, size_t reserve)
{
    *budget = (struct budget){.limit = SIZE_MAX, .house_max = SIZE_MAX, .traffic_max = SIZE_MAX};
    pthread_mutex_init(&budget->operator_lock, NULL);
    budget->reserve =
        reserve != 0 ? reserve : clamp(limit / RESERVE_SHARE, RESERVE_BYTES_MIN, RESERVE_BYTES_MAX);
    budget->observe_step = OBSERVE_STEP_UNLIMITED;
    if (limit != 0) {
        const size_t margin = clamp(limit / MARGIN_SHARE, MARGIN_BYTES_MIN, MARGIN_BYTES_MAX);
        budget->limit = limit;
        budget->observe_step = margin / OBSERVATIONS_IN_MARGIN;
        budget->house_max = limit > budget->reserve ? limit - budget->reserve : 0;
        budget->traffic_max = budget->house_max > margin ? budget->house_max - margin : 0;
    }
}

void budget_deinit(struct budget *budget)
{
    pthread_mutex_destroy(&budget->operator_lock);
}

static size_t read_bytes(const _Atomic size_t *bytes)
{
    return atomic_load_explicit(bytes, memory_order_relaxed);
}

/* Counts bytes that are leased now and may become resident. */
static void note_growth(struct budget *budget, size_t bytes, size_t leased)
{
    const size_t in_use = leased + read_bytes(&budget->operator_used);
    size_t highest = read_bytes(&budget->high_water);
    atomic_fetch_add_explicit(&budget->grown, bytes, memory_order_relaxed);
    while (in_use > highest &&
           !atomic_compare_exchange_weak_explicit(&budget->high_water, &highest, in_use,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

/*
 * Bytes by which resident size may still grow, without the operator's unused reserve. A step is
 * kept for what looking itself does not see: leases made meanwhile, and the kernel's own
 * inexactness.
 */
static size_t resident_left(const struct budget *budget)
{
    const size_t seen = atomic_load(&budget->resident_seen);
    if (seen == 0 || budget->limit == SIZE_MAX) {
        return SIZE_MAX;
    }
    const size_t bound = seen + atomic_load(&budget->grown) + budget->observe_step;
    const size_t reserve_used = size_min(read_bytes(&budget->operator_used), budget->reserve);
    const size_t most = budget->house_max + reserve_used;
    return bound < most ? most - bound : 0;
}

bool budget_lease(struct budget *budget, size_t bytes, size_t ceiling)
{
    size_t leased = read_bytes(&budget->leased);
    size_t sum;
    if (bytes > resident_left(budget)) {
        return false;
    }
    do {
        if (!size_add(leased, bytes, &sum) || sum > ceiling) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&budget->leased, &leased, sum,
                                                    memory_order_relaxed, memory_order_relaxed));
    note_growth(budget, bytes, sum);
    return true;
}

void budget_lease_forced(struct budget *budget, size_t bytes)
{
    const size_t before = atomic_fetch_add_explicit(&budget->leased, bytes, memory_order_relaxed);
    note_growth(budget, bytes, before + bytes);
}

void budget_return(struct budget *budget, size_t bytes)
{
    const size_t before = atomic_fetch_sub(&budget->leased, bytes);
    ASSERT(bytes <= before);
}

size_t budget_in_use(const struct budget *budget)
{
    return atomic_load(&budget->leased) + atomic_load(&budget->overhead);
}

size_t budget_left(const struct budget *budget)
{
    const size_t leased = atomic_load(&budget->leased);
    if (budget->limit == SIZE_MAX) {
        return SIZE_MAX;
    }
    return size_min(resident_left(budget),
                    leased < budget->traffic_max ? budget->traffic_max - leased : 0);
}

/* Bytes of the operator that are beyond the reserve when it uses `used`. */
static size_t beyond_reserve(const struct budget *budget, size_t used)
{
    return used > budget->reserve ? used - budget->reserve : 0;
}

static bool take_operator(struct budget *budget, size_t bytes, bool is_forced)
{
    bool taken = true;
    pthread_mutex_lock(&budget->operator_lock);
    const size_t used = read_bytes(&budget->operator_used);
    size_t after;
    if (!size_add(used, bytes, &after)) {
        taken = false;
    } else {
        const size_t leased = beyond_reserve(budget, after) - beyond_reserve(budget, used);
        if (leased > 0 && is_forced) {
            budget_lease_forced(budget, leased);
        } else if (leased > 0) {
            taken = budget_lease(budget, leased, budget->house_max);
        }
    }
    if (taken) {
        atomic_store_explicit(&budget->operator_used, after, memory_order_relaxed);
        note_growth(budget, bytes, read_bytes(&budget->leased));
    }
    pthread_mutex_unlock(&budget->operator_lock);
    return taken;
}

bool budget_take_operator(struct budget *budget, size_t bytes)
{
    return take_operator(budget, bytes, false);
}

void budget_take_operator_forced(struct budget *budget, size_t bytes)
{
    const bool taken = take_operator(budget, bytes, true);
    ASSERT(taken);
}

void budget_return_operator(struct budget *budget, size_t bytes)
{
    pthread_mutex_lock(&budget->operator_lock);
    const size_t used = read_bytes(&budget->operator_used);
    ASSERT(bytes <= used);
    const size_t leased = beyond_reserve(budget, used) - beyond_reserve(budget, used - bytes);
    budget_return(budget, leased);
    atomic_store_explicit(&budget->operator_used, used - bytes, memory_order_relaxed);
    pthread_mutex_unlock(&budget->operator_lock);
}

size_t budget_begin_observation(const struct budget *budget)
{
    return read_bytes(&budget->grown);
}

void budget_finish_observation(struct budget *budget, size_t begun, size_t resident,
                               size_t overhead)
{
    /* What was leased while looking stays counted: it may not have been seen. */
    atomic_store(&budget->overhead, overhead);
    atomic_store(&budget->resident_seen, resident);
    atomic_fetch_sub(&budget->grown, begun);
}
