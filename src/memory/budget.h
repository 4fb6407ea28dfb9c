/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's budget: how many bytes may be leased in all, and to whom the last of them go.
 *
 *   0 ............ traffic_max ...... house_max ...... limit
 *     everybody                margin            operator's reserve
 *
 * Traffic stops at traffic_max. The margin above it is for bytes that cannot be refused (libraries
 * measured afterwards, an allocator's fragments) and for the house: configuration and workers. The
 * reserve is the operator's alone.
 *
 * Two bounds hold: what is leased stays within these, and the resident size last seen plus all that
 * was leased since stays below the limit less the unused reserve. The second is what fragments and
 * memory that was given up, but not yet given back, are held by; when it binds, resident size is
 * looked at again.
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
    size_t observe_step;       /* resident size is looked at again after so many bytes leased */
    _Atomic size_t leased;     /* by ledgers, slabs and operators beyond their reserve */
    _Atomic size_t high_water; /* most ever leased and taken by operators */
    _Atomic size_t overhead;   /* resident beyond the ledgers, as last observed */
    _Atomic size_t
        resident_seen;    /* resident size as last observed; 0: never, and the bound is off */
    _Atomic size_t grown; /* leased since, not less what was returned */
    pthread_mutex_t operator_lock;
    _Atomic size_t operator_used;
};

/* Prepares a budget of `limit` bytes (0: none) with `reserve` (0: the default) held for the
 * operator. */
void budget_init(struct budget *budget, size_t limit, size_t reserve);

/* Releases what budget_init made. */
void budget_deinit(struct budget *budget);

/* Leases `bytes` when all leased stays within `ceiling` and resident size below the limit; returns
 * whether. */
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

/* Bytes leased. */
static inline size_t budget_leased(const struct budget *budget)
{
    return atomic_load_explicit(&budget->leased, memory_order_relaxed);
}

/* Begins an observation; the figure goes to budget_finish_observation. */
size_t budget_begin_observation(const struct budget *budget);

/* Notes the resident size seen since `begun` and what of it is beyond the ledgers. */
void budget_finish_observation(struct budget *budget, size_t begun, size_t resident,
                               size_t overhead);

/* Whether enough was leased since the last look at the resident size to look again. */
static inline bool budget_observation_is_due(const struct budget *budget)
{
    return atomic_load_explicit(&budget->grown, memory_order_relaxed) > budget->observe_step;
}

#endif
