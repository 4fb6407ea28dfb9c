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
 * class first, never from inside a charge: what is under way comes before what is new, so that no
 * cycle of waits can close.
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

/*
 * What memory is wanted for: who is further on comes first. Each class but the first leaves a share
 * of the budget (its floor) to those before it, so that whatever was begun can be ended:
 *
 *   |------------------------- traffic's budget ------------------------|
 *   accept ........................................... 85 %
 *   window ........................................... 87 %
 *   request .......................................... 90 %
 *   stream ........................................... 94 %
 *   exchange ......................................... 100 %
 */
enum wait_class {
    WAIT_EXCHANGE, /* what an exchange under way cannot go on without */
    WAIT_STREAM,   /* a new exchange: its whole set */
    WAIT_REQUEST,  /* the first bytes of a request */
    WAIT_WINDOW,   /* bytes of an exchange beyond its set */
    WAIT_ACCEPT,   /* a new connection */
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

/* How far a window of `bytes` may grow at the present level: several of them while it is calm, so
 * that fewer and larger system calls move as much; else itself. */
size_t pressure_window(const struct memory *memory, size_t bytes);

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

/* How many wait in the classes from the first on up to `last`. */
unsigned memory_waiting_up_to(const struct ledger *ledger, enum wait_class last);

/*
 * Whether `bytes` more for `wait_class` leave its floor to those before it. Free objects that can
 * be given back count as free. Always true without a limit.
 */
bool memory_has_room(const struct ledger *ledger, enum wait_class wait_class, size_t bytes);

/* memory_has_room for what one waiter of the class needs (memory_set_need). */
bool memory_can_serve(const struct ledger *ledger, enum wait_class wait_class);

/*
 * Wakes waiters while memory can be had, and does the worker's housekeeping (leases and caches by
 * the level, trims asked for). Called by the event loop at the end of a turn, after
 * pressure_update. Returns how many were woken.
 *
 * The rule: class by class, in the order in which they wait, while there is room for what one of
 * the class needs (memory_set_need). What the woken one takes is seen before the next is woken.
 * Each is taken out before it is called and may wait again, behind those who wait now; it is not
 * called twice in one call.
 */
unsigned memory_wake(struct ledger *ledger);

/*
 * Sets what is called when memory has come free for waiters of this worker: by any thread, so it
 * must do no more than make the worker's loop turn soon (an asynchronous wake-up). Startup only.
 */
void memory_set_wake_hook(struct ledger *ledger, void (*on_wake_needed)(void *argument),
                          void *argument);

/* Sets the bytes that one waiter of a class needs at least to go on. Startup only. */
void memory_set_need(struct memory *memory, enum wait_class wait_class, size_t bytes);

#endif
