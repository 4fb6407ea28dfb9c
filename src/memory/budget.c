/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns the one figure that all workers share: the bytes leased of the process's budget.
 * The hard idea: what is compared with the limit is leased + overhead, so that the limit holds for
 * resident memory (fragments, caches of the allocator) and not only for what was asked for. The
 * operator's reserve is simply never part of what traffic sees; beyond the reserve an operator's
 * bytes are leased as anybody's. Bounded: one structure a process; a charge reaches it once a
 * lease, not once a byte.
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
    if (limit != 0) {
        const size_t margin = clamp(limit / MARGIN_SHARE, MARGIN_BYTES_MIN, MARGIN_BYTES_MAX);
        budget->limit = limit;
        budget->house_max = limit > budget->reserve ? limit - budget->reserve : 0;
        budget->traffic_max = budget->house_max > margin ? budget->house_max - margin : 0;
    }
    budget_set_overhead(budget, 0);
}

void budget_deinit(struct budget *budget)
{
    pthread_mutex_destroy(&budget->operator_lock);
}

static void note_high_water(struct budget *budget, size_t leased)
{
    const size_t in_use =
        leased + atomic_load_explicit(&budget->operator_used, memory_order_relaxed);
    size_t highest = atomic_load_explicit(&budget->high_water, memory_order_relaxed);
    while (in_use > highest &&
           !atomic_compare_exchange_weak_explicit(&budget->high_water, &highest, in_use,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

bool budget_lease(struct budget *budget, size_t bytes, size_t ceiling)
{
    const size_t overhead = atomic_load_explicit(&budget->overhead, memory_order_relaxed);
    size_t leased = atomic_load_explicit(&budget->leased, memory_order_relaxed);
    size_t sum;
    do {
        size_t in_use;
        if (!size_add(leased, bytes, &sum) || !size_add(sum, overhead, &in_use) ||
            in_use > ceiling) {
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&budget->leased, &leased, sum,
                                                    memory_order_relaxed, memory_order_relaxed));
    note_high_water(budget, sum);
    return true;
}

void budget_lease_forced(struct budget *budget, size_t bytes)
{
    const size_t before = atomic_fetch_add_explicit(&budget->leased, bytes, memory_order_relaxed);
    note_high_water(budget, before + bytes);
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
    const size_t in_use = budget_in_use(budget);
    if (budget->limit == SIZE_MAX) {
        return SIZE_MAX;
    }
    return in_use < budget->traffic_max ? budget->traffic_max - in_use : 0;
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
    const size_t used = atomic_load_explicit(&budget->operator_used, memory_order_relaxed);
    size_t after;
    if (!size_add(used, bytes, &after)) {
        taken = false;
    } else {
        const size_t leased = beyond_reserve(budget, after) - beyond_reserve(budget, used);
        if (is_forced) {
            budget_lease_forced(budget, leased);
        } else if (leased > 0) {
            taken = budget_lease(budget, leased, budget->house_max);
        }
    }
    if (taken) {
        atomic_store_explicit(&budget->operator_used, after, memory_order_relaxed);
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
    const size_t used = atomic_load_explicit(&budget->operator_used, memory_order_relaxed);
    ASSERT(bytes <= used);
    const size_t leased = beyond_reserve(budget, used) - beyond_reserve(budget, used - bytes);
    budget_return(budget, leased);
    atomic_store_explicit(&budget->operator_used, used - bytes, memory_order_relaxed);
    pthread_mutex_unlock(&budget->operator_lock);
}

void budget_set_overhead(struct budget *budget, size_t overhead)
{
    const size_t margin = budget->house_max - budget->traffic_max;
    const size_t step =
        budget->limit == SIZE_MAX ? OBSERVE_STEP_UNLIMITED : margin / OBSERVATIONS_IN_MARGIN;
    const size_t leased = atomic_load_explicit(&budget->leased, memory_order_relaxed);
    atomic_store(&budget->overhead, overhead);
    atomic_store_explicit(&budget->observe_at, leased + step, memory_order_relaxed);
}
