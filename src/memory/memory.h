/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory governor: budget, ledgers and accounts.
 *
 *   process budget (-m)  ->  worker ledger (leases of LEASE_BYTES)  ->  account (cap, used, high
 * water)
 *
 * Every allocation is charged to an account before it is made. A worker leases blocks of the
 * process budget, so that the hot path takes no atomic and no lock. A charge that neither the lease
 * nor the budget can carry is refused with RESULT_NO_MEMORY and counted by cause; nothing else
 * changes.
 *
 * Limits: `struct memory` and ledgers are created at startup; an account is 64 bytes inside its
 * owner. Threads: a ledger and its accounts belong to one worker; budget and pools' depots are
 * shared.
 */
#ifndef WEIR_MEMORY_MEMORY_H
#define WEIR_MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"

struct memory; /* the process's governor: budget, pools, pressure, faults */
struct ledger; /* a worker's share */

/* Who owns bytes: one row of `show memory` each. */
enum account_kind {
    ACCOUNT_CLIENT,        /* a client connection and its streams */
    ACCOUNT_SERVER,        /* a server connection */
    ACCOUNT_TABLE,         /* stick tables, maps, caches */
    ACCOUNT_LIBRARY,       /* libraries that cannot be charged to a connection */
    ACCOUNT_CONFIGURATION, /* what parsing the configuration took */
    ACCOUNT_OPERATOR,      /* runtime API, statistics, checks, logs: the operator's reserve */
    ACCOUNT_WORKER,        /* loops, listeners, rings of a worker */
    ACCOUNT_KINDS
};

/* One owner's bytes. Embedded; read the fields freely, change them only through the functions. */
struct account {
    struct ledger *ledger;
    enum account_kind kind;
    size_t used;
    size_t cap; /* 0: none of its own */
    size_t high_water;
};

/* Settings of the governor, from the command line and the `global` section. */
struct memory_options {
    size_t limit_bytes;    /* -m in bytes; 0: the cgroup's limit less a margin, else none */
    size_t operator_bytes; /* the operator's reserve, 0: the default */
    unsigned fail_percent; /* tune.fail-alloc: share of pool allocations failed at random */
    bool fail_enabled;     /* -dMfail */
    bool no_merge;         /* -dMno-merge: pools of equal size do not share storage */
    bool no_cache;         /* -dMno-cache: no per-worker free lists */
    bool no_global;        /* -dMno-global: no shared depot */
    bool integrity;        /* -dMintegrity: poison free objects and check on taking */
    bool tag;              /* -dMtag: a tag behind each object, checked on release */
    bool caller;           /* -dMcaller: remember the last caller of an object */
    bool poison;           /* -dMbyte or -dM: fill new objects */
    unsigned char poison_byte;
    unsigned workers; /* number of ledgers, at least 1 */
};

/* ---- creation ---- */

/*
 * Creates the governor with one ledger a worker. RESULT_FAILED when the system has no memory even
 * for that. `out` is destroyed with memory_destroy.
 */
MUST_USE enum result memory_create(const struct memory_options *options, struct memory **out);

/* Releases all pools and ledgers. With `leaks_are_fatal`, aborts naming each account kind and pool
 * in use. */
void memory_destroy(struct memory *memory, bool leaks_are_fatal);

/* The ledger of worker `index` (0-based). */
struct ledger *memory_ledger(struct memory *memory, unsigned index);

/* The governor that a ledger belongs to. */
struct memory *ledger_memory(const struct ledger *ledger);

/* The worker's index of a ledger. */
unsigned ledger_index(const struct ledger *ledger);

/* ---- accounts ---- */

/* Prepares an account of `kind`; `cap` in bytes, 0 for none. */
void account_init(struct account *account, struct ledger *ledger, enum account_kind kind,
                  size_t cap);

/* Asserts that nothing is left on the account. */
void account_deinit(struct account *account);

/*
 * Adds `bytes` to the account. RESULT_NO_MEMORY when the account's cap or the budget does not carry
 * them (counted by cause), and nothing is charged.
 */
MUST_USE enum result account_charge(struct account *account, size_t bytes);

/* Adds bytes that exist already and cannot be refused (libraries measured afterwards, startup). */
void account_charge_forced(struct account *account, size_t bytes);

/* Takes `bytes` off the account. Wakes waiters when pressure allows. */
void account_discharge(struct account *account, size_t bytes);

/* Moves `bytes` from one account to another of the same ledger. */
void account_move(struct account *from, struct account *to, size_t bytes);

/* ---- plain blocks: for startup and configuration; everything on the hot path uses pools, chunks,
 * arenas ---- */

/* A zeroed block of `bytes` charged to `account`, or NULL when refused. Release with
 * memory_release. */
void *memory_take(struct account *account, size_t bytes);

/* Resizes a block (NULL: takes a new one). NULL when refused, and the old block stays as it was. */
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
    size_t by_kind[ACCOUNT_KINDS];
    uint64_t refused_budget;    /* charges refused by the budget */
    uint64_t refused_cap;       /* charges refused by an account's cap */
    uint64_t failed_injected;   /* by fault injection */
    size_t allocator_allocated; /* jemalloc stats.allocated; 0 without jemalloc */
    size_t allocator_resident;  /* jemalloc stats.resident */
    size_t kernel_resident;     /* /proc/self/statm */
    size_t kernel_proportional; /* /proc/self/smaps_rollup Pss; 0 when not readable */
};

/* Takes a snapshot. The figures of other workers may be some microseconds old. */
void memory_read_usage(struct memory *memory, struct memory_usage *usage);

/* A kind's name as `show memory` prints it. */
const char *account_kind_name(enum account_kind kind);

/* The cgroup's memory limit in bytes (v2 memory.max, v1 memory.limit_in_bytes), or 0 for none. */
size_t memory_cgroup_limit(void);

#endif
