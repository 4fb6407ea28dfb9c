/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's event loop: libev underneath, with timers that are cheap to push back, deferred work
 * and wake-ups from other workers. One turn: readable and writable callbacks, due timers, deferred
 * callbacks, waiters for memory, pressure.
 *
 * Objects that libev may still call are released after the turn: event_defer, never inside a
 * callback.
 *
 * What bounds it: watchers and timers are embedded in their owners; libev's arrays, some 100 bytes
 * a descriptor, are reserved at startup as far as a share of the memory limit carries, grow beyond
 * that with the descriptors in use, and are always charged to the worker.
 */
#ifndef WEIR_EVENT_LOOP_H
#define WEIR_EVENT_LOOP_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/result.h"
#include "memory/memory.h"

struct event_loop;

enum event_interest { EVENT_READ = 1, EVENT_WRITE = 2 };

/* A descriptor being watched. */
struct event_io {
    ev_io watcher;
    struct event_loop *loop;
    void (*on_event)(struct event_io *io, unsigned ready); /* EVENT_READ, EVENT_WRITE or both */
};

/* A deadline. Moving it later costs a store; the loop's own timer fires at the old time and is
 * armed again. */
struct event_timer {
    ev_timer watcher;
    struct event_loop *loop;
    uint64_t deadline_ms; /* TIME_NEVER: off */
    uint64_t armed_ms;    /* when libev calls, if it is armed: never after the deadline */
    void (*on_timer)(struct event_timer *timer);
};

/* Something to do once after this turn's callbacks. */
struct event_deferred {
    struct list link;
    void (*on_deferred)(struct event_deferred *deferred);
};

/* Creates the loop of a worker, which `ledger` pays for, for up to `descriptors_max`. */
MUST_USE enum result event_loop_create(struct ledger *ledger, unsigned descriptors_max,
                                       struct event_loop **out);

/* Destroys a loop on which nothing is active. */
void event_loop_destroy(struct event_loop *loop);

/* Runs until event_loop_stop. */
void event_loop_run(struct event_loop *loop);

/* Runs one turn: waits for events at most until the next timer when `may_wait`. For tests and the
 * fault harness. */
void event_loop_turn(struct event_loop *loop, bool may_wait);

/* Makes event_loop_run return after this turn. */
void event_loop_stop(struct event_loop *loop);

/* Monotonic milliseconds and microseconds as of the start of this turn: no system call. */
uint64_t event_now_ms(const struct event_loop *loop);
uint64_t event_now_us(const struct event_loop *loop);

/* Wall-clock microseconds since 1970 as of the start of this turn. */
uint64_t event_wall_us(const struct event_loop *loop);

/* The loop's libev loop, for libraries that bring their own watchers. */
struct ev_loop *event_loop_native(struct event_loop *loop);

/* The ledger that pays for the loop. */
struct ledger *event_loop_ledger(const struct event_loop *loop);

/* Share of the last seconds' time spent waiting, in percent (Idle_pct of `show info`). */
unsigned event_loop_idle_percent(const struct event_loop *loop);

/* ---- descriptors ---- */

/* Prepares a watcher that is not started. */
void event_io_init(struct event_io *io, struct event_loop *loop, int fd,
                   void (*on_event)(struct event_io *io, unsigned ready));

/* Sets what is watched: 0, EVENT_READ, EVENT_WRITE or both. Cheap when nothing changes. */
void event_io_want(struct event_io *io, unsigned interest);

/* What is watched now. */
unsigned event_io_interest(const struct event_io *io);

/* Stops watching; call before closing the descriptor. */
void event_io_stop(struct event_io *io);

/* Calls the watcher's callback with `ready` in this or the next turn, as if the descriptor were
 * ready (for bytes that are already in a TLS session's buffer). */
void event_io_feed(struct event_io *io, unsigned ready);

/* ---- timers ---- */

/* Prepares a timer that is off. */
void event_timer_init(struct event_timer *timer, struct event_loop *loop,
                      void (*on_timer)(struct event_timer *timer));

/* Sets the deadline to `delay_ms` from now; TIME_NEVER or 0xffffffff.. switches it off. */
void event_timer_set(struct event_timer *timer, uint64_t delay_ms);

/* Sets an absolute deadline; TIME_NEVER switches it off. */
void event_timer_set_at(struct event_timer *timer, uint64_t deadline_ms);

/* Switches the timer off and takes it out of the loop: needed before its memory goes. */
void event_timer_stop(struct event_timer *timer);

/* ---- deferred work and wake-ups ---- */

/* Prepares a deferred callback. */
void event_deferred_init(struct event_deferred *deferred,
                         void (*on_deferred)(struct event_deferred *deferred));

/* Calls it once after this turn's callbacks; harmless when it is already waiting. */
void event_defer(struct event_loop *loop, struct event_deferred *deferred);

/* Takes it back; harmless when it is not waiting. */
void event_defer_cancel(struct event_deferred *deferred);

/* Calls `on_message(argument)` in the loop's own thread soon. Any thread may call. RESULT_FULL when
 * its bounded mailbox is full. */
MUST_USE enum result event_loop_post(struct event_loop *loop, void (*on_message)(void *argument),
                                     void *argument);

/* ---- signals: on one loop only ---- */

struct event_signal {
    ev_signal watcher;
    struct event_loop *loop;
    void (*on_signal)(struct event_signal *signal, int number);
};

/* Watches a signal until event_signal_stop. */
void event_signal_start(struct event_signal *signal, struct event_loop *loop, int number,
                        void (*on_signal)(struct event_signal *signal, int number));
void event_signal_stop(struct event_signal *signal);

#endif
