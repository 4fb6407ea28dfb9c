/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and ledgers: who owns which bytes.
 *
 * A ledger is a worker's share of the budget: bytes leased and not yet charged (`free`) and bytes
 * charged by kind of owner. An account is one owner's bytes. The common case of a charge is a few
 * additions in this header; the rest (a new lease, a refusal, the operator's reserve) is in
 * account.c.
 *
 * Threads: a ledger and its accounts belong to one worker, others only read its counters. The one
 * exception is the shared ledger, for what all workers use together (stick tables, maps): it takes
 * a lock each time. Limits: an account is 48 bytes inside its owner; ledgers are created at
 * startup.
 */
#ifndef WEIR_MEMORY_ACCOUNT_H
#define WEIR_MEMORY_ACCOUNT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/list.h"
#include "base/result.h"
#include "memory/budget.h"

struct memory; /* the process's governor: budget, pools, pressure, faults */
struct ledger; /* a worker's share */
struct chunk_reserve;

/* Who owns bytes: one row of `show memory` each. */
enum account_kind {
    ACCOUNT_CLIENT,        /* a client connection and its streams */
    ACCOUNT_SERVER,        /* a server connection */
    ACCOUNT_TABLE,         /* stick tables, maps, caches */
    ACCOUNT_LIBRARY,       /* libraries that cannot be charged to a connection */
    ACCOUNT_CONFIGURATION, /* what parsing the configuration took */
    ACCOUNT_OPERATOR,      /* runtime API, statistics, checks, logs: the operator's reserve */
    ACCOUNT_WORKER,        /* loops, listeners, rings of a worker; free objects of pools */
    ACCOUNT_KINDS
};

/* One owner's bytes. Embedded; read the fields freely, change them only through the functions. */
struct account {
    struct ledger *ledger;
    enum account_kind kind;
    size_t used;
    size_t cap; /* 0: none of its own */
    size_t high_water;
    struct chunk_reserve *reserve; /* chunks set aside for this owner (chunk.h); NULL: none */
};

/* As many as pressure.h has wait classes. */
enum { LEDGER_WAIT_CLASSES = 5 };

/* A worker's share. Its counters are written by its own thread and may be read by any. */
struct ledger {
    _Atomic size_t free; /* leased and not charged */
    size_t surplus_max;  /* more than this of `free` goes back; 0 in the shared ledger */
    _Atomic size_t by_kind[ACCOUNT_KINDS]; /* charged */
    size_t lease_bytes;                    /* taken of the budget at a time, by the level */
    _Atomic size_t cached;                 /* charged, too: free objects on this worker's lists */
    size_t caches_max;                     /* cap of that, by the level */
    unsigned index;                        /* the worker's; 0 for the shared one */
    unsigned slot; /* where pools keep this ledger's lists: 0 is the shared one */
    bool is_shared;
    unsigned trims_seen; /* requests to trim that this worker has carried out */
    unsigned trims_whole_seen;
    struct memory *memory;
    struct budget *budget;
    /* Frees what this worker can free at once, before a charge is refused. */
    void (*reclaim)(struct ledger *ledger, size_t bytes);
    /* Looks at the resident size: called when enough was leased since the last look. */
    void (*observe)(struct memory *memory);
    _Atomic uint64_t refused_budget;
    _Atomic uint64_t refused_cap;
    struct list waiting[LEDGER_WAIT_CLASSES];
    _Atomic unsigned waiting_count[LEDGER_WAIT_CLASSES];
    _Atomic size_t left_seen; /* bytes left when this worker last could not serve all its waiters */
    uint64_t woken;           /* waiters so far */
    bool is_waking;
    void (*on_wake_needed)(void *argument); /* see memory_set_wake_hook */
    void *wake_argument;
    pthread_mutex_t lock; /* the shared ledger's */
};

/* Adds to a counter that only this thread writes. */
static inline void ledger_count(_Atomic size_t *counter, size_t bytes)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + bytes,
                          memory_order_relaxed);
}

/* Prepares the ledger of worker `index`; governor.c fills in the hooks and sizes. */
void ledger_init(struct ledger *ledger, struct memory *memory, struct budget *budget,
                 unsigned index, bool is_shared);

/* Gives back what is leased and not charged. */
void ledger_deinit(struct ledger *ledger);

/* Gives free leased bytes above `keep` back to the budget. */
void ledger_return_surplus(struct ledger *ledger, size_t keep);

/* All bytes charged in the ledger, free objects of pools included. */
size_t ledger_used(const struct ledger *ledger);

/* Discharges a free object of this worker's lists that was given to the system. */
void ledger_release_cached(struct ledger *ledger, size_t bytes);

/* Prepares an account of `kind`; `cap` in bytes, 0 for none. */
void account_init(struct account *account, struct ledger *ledger, enum account_kind kind,
                  size_t cap);

/* Asserts that nothing is left on the account. */
void account_deinit(struct account *account);

/* account_charge and account_discharge where more than a few additions is needed. */
MUST_USE enum result account_charge_slow(struct account *account, size_t bytes);
void account_discharge_slow(struct account *account, size_t bytes);

/* Writes `bytes` onto the account and its ledger, the lease untouched. For account.c and pool.c. */
static inline void account_write_up(struct account *account, size_t bytes)
{
    account->used += bytes;
    if (account->used > account->high_water) {
        account->high_water = account->used;
    }
    ledger_count(&account->ledger->by_kind[account->kind], bytes);
}

/* Takes `bytes` off the account and its ledger, the lease untouched. For account.c and pool.c. */
static inline void account_write_down(struct account *account, size_t bytes)
{
    ASSERT(bytes <= account->used);
    account->used -= bytes;
    ledger_count(&account->ledger->by_kind[account->kind], (size_t)0 - bytes);
}

/* Whether the account's own cap carries `bytes` more. */
static inline bool account_cap_allows(const struct account *account, size_t bytes)
{
    return account->cap == 0 ||
           (account->used <= account->cap && bytes <= account->cap - account->used);
}

/*
 * Adds `bytes` to the account. RESULT_NO_MEMORY when the account's cap or the budget does not carry
 * them (counted by cause), and nothing is charged. Traffic is refused what is left of the margin.
 */
MUST_USE static inline enum result account_charge(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    const size_t free = atomic_load_explicit(&ledger->free, memory_order_relaxed);
    if (bytes > free || ledger->is_shared || account->kind == ACCOUNT_OPERATOR ||
        !account_cap_allows(account, bytes)) {
        return account_charge_slow(account, bytes);
    }
    atomic_store_explicit(&ledger->free, free - bytes, memory_order_relaxed);
    account_write_up(account, bytes);
    return RESULT_OK;
}

/* Adds bytes that exist already and cannot be refused (libraries measured afterwards, startup). */
void account_charge_forced(struct account *account, size_t bytes);

/* Takes `bytes` off the account. Waiters are woken at the end of the turn (memory_wake), never
 * here. */
static inline void account_discharge(struct account *account, size_t bytes)
{
    struct ledger *ledger = account->ledger;
    const size_t free = atomic_load_explicit(&ledger->free, memory_order_relaxed) + bytes;
    if (free > ledger->surplus_max || ledger->is_shared || account->kind == ACCOUNT_OPERATOR) {
        account_discharge_slow(account, bytes);
        return;
    }
    account_write_down(account, bytes);
    atomic_store_explicit(&ledger->free, free, memory_order_relaxed);
}

/*
 * Whether the account's kind may take what is leased and free already (objects of slabs): not while
 * more is leased than it may lease itself, as forced charges and the operator do; else it would
 * come to the margin by them. Gives back what can be given back before it says no.
 */
bool account_may_take_free(struct account *account);

/*
 * Leases `bytes` for what a taking of `account` needs beside what it is charged (a new slab): they
 * belong to no ledger then, and go back with budget_return. RESULT_NO_MEMORY as for a charge; the
 * operator is not refused.
 */
MUST_USE enum result account_lease_beside(struct account *account, size_t bytes);

/* Charges bytes that are leased and in no ledger. RESULT_NO_MEMORY by the account's cap or the
 * operator's reserve. */
MUST_USE enum result account_adopt(struct account *account, size_t bytes);

/* Takes `bytes` off the account; they stay leased, in no ledger. */
void account_abandon(struct account *account, size_t bytes);

/* Moves `bytes` from one account to another of the same ledger. Never refused. */
void account_move(struct account *from, struct account *to, size_t bytes);

/* A kind's name as `show memory` prints it. */
const char *account_kind_name(enum account_kind kind);

#endif
