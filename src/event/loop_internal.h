/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of struct event_loop, shared by the files of src/event only.
 */
#ifndef WEIR_EVENT_LOOP_INTERNAL_H
#define WEIR_EVENT_LOOP_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "event/loop.h"
#include "memory/library.h"

/* Messages that other threads may have waiting for one loop: 4 KiB. */
enum { EVENT_MAILBOX_MAX = 256 };

struct event_message {
    void (*on_message)(void *argument);
    void *argument;
};

/* Messages from other threads: a ring under a lock that is held for a few stores. */
struct event_mailbox {
    struct ev_loop *native;
    pthread_mutex_t lock;
    ev_async wake;
    unsigned first;
    unsigned count;
    struct event_message messages[EVENT_MAILBOX_MAX];
};

struct event_loop {
    struct ev_loop *native;
    struct account account;         /* pays for the loop and libev's arrays */
    size_t library_bytes;           /* held by libev, metered */
    struct library_meter own_phase; /* of libev's own work in this turn */
    unsigned reserved;              /* descriptors, timers, events: libev's arrays hold so many */
    unsigned timers_armed;
    unsigned changes;        /* of interest in this turn */
    ev_check after_poll;     /* first callback of a turn: takes the time */
    struct event_timer tick; /* once a second */
    struct list deferred;    /* struct event_deferred */
    struct event_mailbox mailbox;
    uint64_t now_us;         /* monotonic, as of this turn */
    uint64_t wall_offset_us; /* wall clock less monotonic, set anew each second */
    uint64_t waited_us;      /* spent in the kernel since the last tick */
    uint64_t ticked_us;      /* time of the last tick */
    unsigned idle_percent;
    bool is_waiting; /* this turn's poll may block */
    bool is_stopped;
};

/*
 * Grows libev's arrays for as many of `descriptors_max` descriptors, timers and events as a small
 * share of the memory limit carries. RESULT_NO_MEMORY when the account does not carry it.
 */
MUST_USE enum result event_reserve(struct event_loop *loop, unsigned descriptors_max);

/* Prepares the mailbox and its wake-up. */
void event_mailbox_init(struct event_loop *loop);

/* Makes the loop of a mailbox turn soon. Any thread may call. */
void event_mailbox_wake(void *mailbox);

/* Ends the wake-up; messages that wait are dropped. */
void event_mailbox_deinit(struct event_loop *loop);

/* Runs what was deferred until now; what is deferred meanwhile waits for the next turn. */
void event_deferred_run(struct event_loop *loop);

#endif
