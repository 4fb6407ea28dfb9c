/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the governor is made of, for the sources of this folder. governor.c creates it; pool.c owns
 * the list of pools, pressure.c the level, fault.c the faults.
 */
#ifndef WEIR_MEMORY_GOVERNOR_INTERNAL_H
#define WEIR_MEMORY_GOVERNOR_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "memory/account.h"
#include "memory/budget.h"
#include "memory/options.h"
#include "memory/resident.h"

/* As many as pressure.h has levels. */
enum { GOVERNOR_LEVELS = 4 };

/* Faults on command. Counted and decided only while armed. */
struct fault_state {
    _Atomic bool is_armed;
    _Atomic uint64_t count;  /* allocations seen */
    _Atomic uint64_t failed; /* allocations failed */
    _Atomic uint64_t nth;
    _Atomic uint64_t second; /* the same scale as nth: both absolute */
    _Atomic unsigned percent;
    _Atomic uint64_t draws; /* random numbers drawn */
    uint64_t seed;
    _Atomic uint64_t failed_in_all;
};

struct pressure_state {
    _Atomic unsigned level;
    pthread_mutex_t changing; /* held while a change is announced */
    _Atomic uint64_t changed_ms;
    _Atomic uint64_t entered[GOVERNOR_LEVELS];
    struct list observers;
};

struct memory {
    struct budget budget;
    struct memory_options options;
    unsigned workers;
    struct ledger **ledgers;        /* one a worker, then the shared one */
    struct list pools;              /* struct pool.link, in order of creation */
    struct list spans;              /* struct span_store.link: one for each size of blocks */
    _Atomic size_t slab_free_bytes; /* leased for slabs, less their objects in use: in no ledger */
    _Atomic size_t empty_bytes;     /* of these, in empty slabs */
    size_t empty_bytes_calm;        /* that may be kept while the level is calm */
    _Atomic size_t empty_bytes_max; /* at the present level */
    _Atomic unsigned trims;         /* requests to trim so far */
    _Atomic unsigned trims_whole;   /* of them, those that mean everything */
    size_t lease_bytes;             /* a worker's lease and its caches when the level is calm */
    size_t caches_max;
    size_t needs[LEDGER_WAIT_CLASSES]; /* what one waiter of a class needs to go on */
    struct fault_state fault;
    struct pressure_state pressure;
    struct resident_reader resident;
    pthread_mutex_t observing;    /* held while resident size is looked at */
    _Atomic uint64_t now_ms;      /* as of the last pressure_update */
    _Atomic uint64_t observed_ms; /* of that clock, when resident size was last looked at */
    _Atomic unsigned waiting;     /* waiters of all workers */
    uint64_t purged_ms;           /* of that clock, when the allocator was last told to purge */
    struct account startup;       /* what the start took beyond what was charged one by one */
    size_t fragments_at_start;    /* the allocator's resident beyond allocated then */
};

/* Looks at resident size again because it seems to bind: when enough was leased or time has passed
 * since the last look. */
void governor_observe_again(struct memory *memory);

/* The shared ledger: behind the workers' own. */
static inline struct ledger *governor_shared_ledger(const struct memory *memory)
{
    return memory->ledgers[memory->workers];
}

#endif
