/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pressure: how much of the budget is in use, in four levels with hysteresis, and the queues of
 * those who wait for memory.
 *
 *   calm -> tight -> scarce -> full        up at 70, 85, 95 % of the budget; down 5 points below
 * each
 *
 * The way back is as certain as the way in: each change of level is announced once to every
 * observer, downwards too. Waiters are woken in order when memory is discharged, most important
 * class first, never from inside a charge: releases and responses under way come before new
 * requests, so that no cycle of waits can close.
 */
#ifndef WEIR_MEMORY_PRESSURE_H
#define WEIR_MEMORY_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "memory/memory.h"

enum pressure_level {
    PRESSURE_CALM,
    PRESSURE_TIGHT,
    PRESSURE_SCARCE,
    PRESSURE_FULL,
    PRESSURE_LEVELS
};

/* Someone who must know of changes (embedded, process lifetime). Called from pressure_update only.
 */
struct pressure_observer {
    struct list link;
    void (*on_level)(struct pressure_observer *observer, enum pressure_level from,
                     enum pressure_level to);
};

/* Order of waking. */
enum wait_class {
    WAIT_RESPONSE,  /* body bytes of an exchange under way */
    WAIT_REQUEST,   /* body bytes from a client */
    WAIT_ADMISSION, /* a new request or connection */
    WAIT_CLASSES
};

/* Someone who waits for memory (embedded). In no queue when not waiting. */
struct memory_waiter {
    struct list link;
    void (*on_memory)(struct memory_waiter *waiter);
    struct ledger *ledger; /* where it waits; NULL when it does not */
    enum wait_class wait_class;
};

/* The level now: one relaxed load. */
enum pressure_level pressure_level(const struct memory *memory);

/* The level's name: calm, tight, scarce, full. */
const char *pressure_level_name(enum pressure_level level);

/* Computes the level from the budget in use and tells observers of a change. Called by each worker
 * once a turn. */
void pressure_update(struct memory *memory, uint64_t now_ms);

/* Milliseconds since the level last changed (since the first update when it never did). */
uint64_t pressure_since_ms(const struct memory *memory, uint64_t now_ms);

/* How often `level` was entered since the start. */
uint64_t pressure_entered(const struct memory *memory, enum pressure_level level);

/* Adds an observer. */
void pressure_observe(struct memory *memory, struct pressure_observer *observer);

/* Puts `waiter` at the end of its worker's queue of `wait_class`; it must not be waiting. */
void memory_wait(struct ledger *ledger, enum wait_class wait_class, struct memory_waiter *waiter);

/* Takes a waiter out; harmless when it does not wait. */
void memory_wait_cancel(struct memory_waiter *waiter);

/* Prepares a waiter. */
void memory_waiter_init(struct memory_waiter *waiter,
                        void (*on_memory)(struct memory_waiter *waiter));

/* How many wait on this worker in `wait_class`. */
unsigned memory_waiting(const struct ledger *ledger, enum wait_class wait_class);

/*
 * Wakes waiters while memory can be had, and does the worker's housekeeping (leases and caches by
 * the level, trims asked for). Called by the event loop at the end of a turn, after
 * pressure_update. Returns how many were woken.
 *
 * The rule: a waiter may need a set of chunks (memory_set_wake_bytes), so as many are woken as sets
 * are left to this worker, and never when less than one is left at that moment. A class is served
 * only when each waiter of the classes before it has been woken in this call. WAIT_ADMISSION
 * moreover: freely below `scarce`, one a call at `scarce`, none at `full`. Each is taken out before
 * it is called and may wait again, behind those who wait now; it is not called twice in one call.
 * When others could be woken still, the wake hook is called, so that none is forgotten.
 */
unsigned memory_wake(struct ledger *ledger);

/*
 * Sets what is called when memory has come free for waiters of this worker: by any thread, so it
 * must do no more than make the worker's loop turn soon (an asynchronous wake-up). Startup only.
 */
void memory_set_wake_hook(struct ledger *ledger, void (*on_wake_needed)(void *argument),
                          void *argument);

/* Sets the bytes a waiter needs at least to go on; chunk_source_init does. Startup only. */
void memory_set_wake_bytes(struct memory *memory, size_t bytes);

#endif
