/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's budget: how many bytes may be leased in all, and to whom the last of them go.
 *
 *   0 ............ traffic_max ...... house_max ...... limit
 *     everybody                margin            operator's reserve
 *
 * Traffic stops at traffic_max. The margin above it is for bytes that cannot be refused (libraries
 * measured afterwards, an allocator's fragments) and for the house: configuration and workers. The
 * reserve is the operator's alone. `overhead` is what the process holds in resident memory beyond
 * its ledgers.
 *
 * Threads: every function may be called by any thread.
 */
#ifndef WEIR_MEMORY_BUDGET_H
#define WEIR_MEMORY_BUDGET_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"

struct budget {
    size_t limit; /* SIZE_MAX: none; the other bounds then too */
    size_t house_max;
    size_t traffic_max;
    size_t reserve;
    _Atomic size_t leased;     /* by ledgers, depots and operators beyond their reserve */
    _Atomic size_t overhead;   /* resident beyond the ledgers, as last observed */
    _Atomic size_t high_water; /* most ever in use */
    _Atomic size_t
        observe_at; /* the figure of `leased` at which resident size is looked at again */
    pthread_mutex_t operator_lock;
    _Atomic size_t operator_used;
};

/* Prepares a budget of `limit` bytes (0: none) with `reserve` (0: the default) held for the
 * operator. */
void budget_init(struct budget *budget, size_t limit, size_t reserve);

/* Releases what budget_init made. */
void budget_deinit(struct budget *budget);

/* Leases `bytes` when all in use stays within `ceiling`; returns whether it did. */
MUST_USE bool budget_lease(struct budget *budget, size_t bytes, size_t ceiling);

/* Leases `bytes` whatever is in use. */
void budget_lease_forced(struct budget *budget, size_t bytes);

/* Gives leased bytes back. */
void budget_return(struct budget *budget, size_t bytes);

/* Bytes that traffic may still lease. SIZE_MAX without a limit. */
size_t budget_left(const struct budget *budget);

/* Bytes in use of what traffic may have: leased and overhead. */
size_t budget_in_use(const struct budget *budget);

/* Takes `bytes` for the operator: of the reserve first, then of the budget. Returns whether it
 * could. */
MUST_USE bool budget_take_operator(struct budget *budget, size_t bytes);

/* As budget_take_operator for bytes that cannot be refused. */
void budget_take_operator_forced(struct budget *budget, size_t bytes);

/* Gives the operator's bytes back. */
void budget_return_operator(struct budget *budget, size_t bytes);

/* Notes the overhead observed; the next look is due after a part of the margin has been leased. */
void budget_set_overhead(struct budget *budget, size_t overhead);

/* Whether enough was leased since the last look at the resident size to look again. */
static inline bool budget_observation_is_due(const struct budget *budget)
{
    return atomic_load_explicit(&budget->leased, memory_order_relaxed) >
           atomic_load_explicit(&budget->observe_at, memory_order_relaxed);
}

#endif
