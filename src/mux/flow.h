/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte side of a one-stream mux (h1, tcp): what was read and not yet used, what is to be
 * written, and when to do either. Writing happens once at the end of a turn, so that a head and its
 * body leave in one system call. Reading stops at the window and when memory is refused; it starts
 * again when the owner takes bytes or memory is there.
 *
 * Limits: input and output hold at most `window_bytes` each (plus one head), four times that while
 * memory is calm.
 */
#ifndef WEIR_MUX_FLOW_H
#define WEIR_MUX_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "event/loop.h"
#include "memory/chunk.h"
#include "memory/pressure.h"
#include "transport/connection.h"

struct mux_flow;

/* Calls into the mux; each may release the flow with everything around it. */
struct mux_flow_events {
    void (*on_input)(struct mux_flow *flow);   /* bytes came, or the peer ended its side */
    void (*on_drained)(struct mux_flow *flow); /* the output went below its window after
                                                  flow_is_full, or is empty */
    void (*on_failed)(struct mux_flow *flow);  /* the connection is dead */
    void (*on_later)(
        struct mux_flow *flow); /* asked for with flow_later, after this turn's callbacks */
};

struct mux_flow {
    struct connection *connection;
    const struct mux_flow_events *events;
    struct chunk_queue input;
    struct chunk_queue output;
    struct event_deferred work;
    struct memory_waiter waiter;
    size_t window_bytes;
    bool wants_input;   /* the owner can use more */
    bool reads_aside;   /* the owner reads the socket itself (splice): on_input says when */
    bool wants_room;    /* tell on_drained below the window */
    bool wants_empty;   /* tell on_drained when empty */
    bool write_blocked; /* waiting for EVENT_WRITE */
    bool finish_wanted; /* end our side once the output is empty */
    bool later_wanted;
    bool has_failed;
    bool is_closed; /* released: callbacks must return at once */
};

/* Takes over an open connection's events. */
void flow_init(struct mux_flow *flow, struct connection *connection, size_t window_bytes,
               const struct mux_flow_events *events);

/* Drops all bytes, cancels everything and closes the connection; with `reset` by RST. */
void flow_close(struct mux_flow *flow, bool reset);

/* Whether the owner can use more input; reading follows. */
void flow_want_input(struct mux_flow *flow, bool wanted);

/* Whether the peer has ended its side and everything it sent was used. */
bool flow_has_ended(const struct mux_flow *flow);

/* Whether the output is at its window; on_drained will be called once it is not. */
bool flow_is_full(struct mux_flow *flow);

/* Bytes that may still be added to the output; 0 when it is full. */
size_t flow_room(const struct mux_flow *flow);

/* Has on_drained called once the output is empty. */
void flow_want_empty(struct mux_flow *flow);

/* Has on_drained called once the socket takes bytes again, of which the output has none: the owner
 * writes it itself. */
void flow_want_writable(struct mux_flow *flow);

/* What the owner wrote itself failed: as when writing the output does. */
void flow_write_failed(struct mux_flow *flow);

/* Writes the output at the end of this turn. */
void flow_send(struct mux_flow *flow);

/* Ends our sending side once the output is written. */
void flow_finish(struct mux_flow *flow);

/* Has on_input called again (or reading start again) when memory can be had. */
void flow_wait_for_memory(struct mux_flow *flow);

/* Starts reading again when it waits for memory and its own reserve has some now. */
void flow_retry(struct mux_flow *flow);

/* Has on_later called after this turn's callbacks. */
void flow_later(struct mux_flow *flow);

/* Looks whether reading should be on after the owner took bytes out of `input`. */
void flow_input_taken(struct mux_flow *flow);

#endif
