/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory governor: budget, ledgers and accounts.
 *
 *   process budget (-m)  ->  worker ledger (leases)  ->  account (cap, used, high water)
 *
 * Every allocation is charged to an account before it is made. A worker leases blocks of the
 * process budget, so that the hot path takes no atomic operation and no lock. A charge that neither
 * the lease nor the budget can carry is refused with RESULT_NO_MEMORY and counted by cause; nothing
 * else changes.
 *
 * The accounts themselves are in account.h, the division of the budget in budget.h, both included
 * or reached from here.
 *
 * Limits: `struct memory` and ledgers are created at startup.
 * Threads: a ledger and its accounts belong to one worker; budget and pools' slabs are shared.
 * What several workers take and release together (stick tables, maps, servers changed at run time)
 * is charged to accounts of the shared ledger.
 */
#ifndef WEIR_MEMORY_MEMORY_H
#define WEIR_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "memory/account.h"
#include "memory/options.h"

/* ---- creation ---- */

/*
 * Creates the governor with one ledger a worker. RESULT_FAILED when the system has no memory even
 * for that. `out` is destroyed with memory_destroy.
 */
MUST_USE enum result memory_create(const struct memory_options *options, struct memory **out);

/*
 * Adds ledgers until there are `workers` (the configuration says how many after memory is in use
 * already). Startup only, before other threads run; fewer than there are changes nothing.
 */
MUST_USE enum result memory_set_workers(struct memory *memory, unsigned workers);

/*
 * Charges what the start took beyond what was charged one by one (code, stacks, libraries,
 * fragments): resident size less the ledger. Call once, when the configuration is loaded and before
 * traffic; from then on -dMfail is in force. RESULT_NO_MEMORY when this leaves traffic nothing: the
 * limit is too small.
 */
MUST_USE enum result memory_charge_startup(struct memory *memory);

/*
 * Releases all pools and ledgers. With `leaks_are_fatal`, aborts naming each account kind and pool
 * in use.
 */
void memory_destroy(struct memory *memory, bool leaks_are_fatal);

/* The ledger of worker `index` (0-based). */
struct ledger *memory_ledger(struct memory *memory, unsigned index);

/* The ledger for what all workers use together: any thread may charge its accounts, at the cost of
 * a lock. */
struct ledger *memory_shared_ledger(struct memory *memory);

/* The governor that a ledger belongs to. */
struct memory *ledger_memory(const struct ledger *ledger);

/* Whether there is a limit at all. */
bool memory_is_limited(const struct memory *memory);

/* The worker's index of a ledger. */
unsigned ledger_index(const struct ledger *ledger);

/*
 * Compares resident size with the ledger and holds the difference of the budget, so that the limit
 * holds for resident memory too; gives the allocator's free pages back, at once when pressed. Call
 * about once a second from a worker's timer; it also runs by itself after each part of the margin
 * that is leased. Any thread.
 */
void memory_observe_resident(struct memory *memory);

/* ---- plain blocks: for startup and configuration; the hot path uses pools, chunks and arenas ----
 */

/* A zeroed block of `bytes` charged to `account`, or NULL when refused. Release with
 * memory_release. */
void *memory_take(struct account *account, size_t bytes);

/*
 * Resizes a block (NULL: takes a new one); bytes gained are zero. NULL when refused, and the old
 * block stays as it was.
 */
void *memory_resize(struct account *account, void *block, size_t bytes);

/* A NUL-terminated copy of `s`, charged to `account`, or NULL when refused. */
char *memory_copy_string(struct account *account, struct slice s);

/* Gives a block back and discharges its bytes from `account`; NULL is allowed. */
void memory_release(struct account *account, void *block);

/* ---- inspection ---- */

struct memory_usage {
    size_t limit;  /* 0: none */
    size_t leased; /* of the budget, by all workers */
    size_t used;   /* sum of all accounts */
    size_t high_water;
    size_t by_kind[ACCOUNT_KINDS]; /* free objects of pools are under ACCOUNT_WORKER */
    uint64_t refused_budget;       /* charges refused by the budget */
    uint64_t refused_cap;          /* charges refused by an account's cap */
    uint64_t failed_injected;      /* by fault injection */
    size_t allocator_allocated;    /* jemalloc stats.allocated; 0 without jemalloc */
    size_t allocator_resident;     /* jemalloc stats.resident */
    size_t kernel_resident;        /* /proc/self/statm */
    size_t kernel_proportional;    /* /proc/self/smaps_rollup Pss; 0 when not readable */
    size_t traffic_max;            /* what traffic may fill of the limit; 0: no limit */
    size_t operator_reserve;       /* held for the operator alone */
    size_t overhead;               /* resident beyond the ledger, held of the budget */
    size_t startup;                /* what the start took, part of ACCOUNT_CONFIGURATION */
    size_t pool_caches;            /* free objects of pools, part of ACCOUNT_WORKER */
};

/* Takes a snapshot. The figures of other workers may be some microseconds old. */
void memory_read_usage(struct memory *memory, struct memory_usage *usage);

/* The cgroup's memory limit in bytes (v2 memory.max, v1 memory.limit_in_bytes), or 0 for none. */
size_t memory_cgroup_limit(void);

#endif
