/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listeners: one bound stream socket each. Accepting stops (the kernel's backlog waits) while the
 * process is at its connection limit, the frontend at its own, or memory is scarce, and starts
 * again when that is over.
 */
#ifndef WEIR_TRANSPORT_LISTENER_H
#define WEIR_TRANSPORT_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "base/result.h"
#include "base/text.h"
#include "event/loop.h"
#include "memory/memory.h"
#include "memory/pressure.h"
#include "transport/connection.h"
#include "transport/listen_socket.h"

/* Why a listener does not accept, besides its owner's pause. */
enum listener_hold {
    LISTENER_HOLD_MEMORY = 1,      /* the budget does not carry one more connection */
    LISTENER_HOLD_HANDSHAKES = 2,  /* transport.handshakes_max */
    LISTENER_HOLD_DESCRIPTORS = 4, /* the kernel gave none: for a moment */
};

struct listener {
    struct transport *transport;
    struct event_io io;
    struct listener_options options;
    struct list link; /* owner's list */
    int fd;           /* -1: not bound */
    bool is_paused;   /* by whom it is paused is the owner's to know */
    bool is_started;
    unsigned holds; /* enum listener_hold */
    uint64_t accept_errors;
    uint64_t held_ms;         /* when memory was last refused */
    struct account admission; /* tries whether admission_bytes can be had */
    struct memory_waiter memory_waiter;
    struct handshake_waiter handshake_waiter;
    struct event_timer retry; /* ends LISTENER_HOLD_DESCRIPTORS */
    /* Called for each accepted descriptor; the callee owns it. Returns RESULT_OK, or another result
     * to stop accepting in this turn. */
    enum result (*on_accept)(struct listener *listener, int fd, const struct address *peer);
    void *owner;
};

/* Creates and binds the socket (no listen yet). On failure `error` says why ("cannot bind socket
 * (Address already in use)"). Startup, before privileges are dropped. */
MUST_USE enum result listener_bind(struct listener *listener, struct transport *transport,
                                   const struct listener_options *options, struct text *error);

/* Starts listening and accepting. */
MUST_USE enum result listener_start(struct listener *listener, struct text *error);

/* Stops and starts taking from the backlog. */
void listener_pause(struct listener *listener);
void listener_resume(struct listener *listener);

/* Closes the socket (and leaves a Unix path alone unless `unlink_path`). */
void listener_close(struct listener *listener, bool unlink_path);

#endif
