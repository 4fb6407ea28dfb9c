/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte side of one-stream muxes: reading into `input`, writing `output`, back-pressure by the
 * window, and waiting for memory. Its hard idea is re-entrance: every callback may release the
 * flow, so that nothing of it is touched after one. That is why at most one callback is made an
 * event, last. Bounded by window_bytes each way (DESIGN 3.2, 3.3).
 */
#include "mux/flow.h"

#include <string.h>

#include "base/number.h"

static size_t window_of(const struct mux_flow *flow)
{
    return pressure_window(ledger_memory(flow->connection->account.ledger), flow->window_bytes);
}

size_t flow_room(const struct mux_flow *flow)
{
    size_t window = window_of(flow);
    return window - size_min(flow->output.bytes, window);
}

static void update_interest(struct mux_flow *flow)
{
    if (flow->has_failed) {
        return;
    }
    bool reads = flow->wants_input && !flow->connection->read_ended &&
                 flow->input.bytes < window_of(flow) && list_is_empty(&flow->waiter.link);
    unsigned interest = (reads ? EVENT_READ : 0U) | (flow->write_blocked ? EVENT_WRITE : 0U);
    connection_want(flow->connection, interest);
}

static void fail(struct mux_flow *flow)
{
    if (!flow->has_failed) {
        connection_want(flow->connection, 0);
        flow->has_failed = true;
        memory_wait_cancel(&flow->waiter);
        chunk_queue_clear(&flow->output);
        if (flow->later_wanted) {
            flow_send(flow); /* what was asked for follows still, unless on_failed closes */
        }
        flow->events->on_failed(flow);
    }
}

/*
 * A peer that answers early and closes makes our next write fail while its answer still waits in
 * the socket (RFC 9112 9.6): what the window allows of it is read before the connection counts as
 * dead.
 */
static void read_remains(struct mux_flow *flow)
{
    enum result result = RESULT_OK;
    size_t window = window_of(flow);
    while (result == RESULT_OK && flow->input.bytes < window) {
        result = connection_read(flow->connection, &flow->input, CHUNK_NORMAL,
                                 window - flow->input.bytes);
    }
}

void flow_wait_for_memory(struct mux_flow *flow)
{
    if (list_is_empty(&flow->waiter.link)) {
        memory_wait(flow->connection->transport->ledger,
                    (enum wait_class)flow->connection->reads_for, &flow->waiter);
    }
    update_interest(flow);
}

void flow_retry(struct mux_flow *flow)
{
    const struct chunk_reserve *reserve = flow->connection->account.reserve;
    if (!list_is_empty(&flow->waiter.link) && reserve != NULL &&
        reserve->free[CHUNK_NORMAL] != NULL) {
        memory_wait_cancel(&flow->waiter);
        update_interest(flow);
    }
}

/* Reads at most `room`. The first bytes of a request go to a small chunk: most heads fit, and many
 * clients may wait with theirs. */
static enum result read_input(struct mux_flow *flow, size_t room)
{
    struct connection *connection = flow->connection;
    enum chunk_kind kind = CHUNK_NORMAL;
    if (connection->reads_for == WAIT_REQUEST && chunk_queue_is_empty(&flow->input)) {
        kind = CHUNK_SMALL;
        room = size_min(room, connection->transport->chunks->bytes[kind]);
    }
    return connection_read(connection, &flow->input, kind, room);
}

static void on_readable(void *owner)
{
    struct mux_flow *flow = owner;
    if (flow->reads_aside && flow->wants_input && chunk_queue_is_empty(&flow->input)) {
        flow->events->on_input(flow);
        return;
    }
    size_t window = window_of(flow);
    size_t room = window - size_min(flow->input.bytes, window);
    if (room == 0 || !flow->wants_input) {
        update_interest(flow);
        return;
    }
    switch (read_input(flow, room)) {
    case RESULT_OK:
        if (flow->input.bytes >= window) {
            update_interest(flow);
        }
        flow->events->on_input(flow);
        return;
    case RESULT_END:
        update_interest(flow);
        flow->events->on_input(flow);
        return;
    case RESULT_BLOCKED:
        return;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        flow_wait_for_memory(flow);
        return;
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        fail(flow);
        return;
    }
}

static void on_memory(struct memory_waiter *waiter)
{
    struct mux_flow *flow = container_of(waiter, struct mux_flow, waiter);
    update_interest(flow);
    if (!chunk_queue_is_empty(&flow->input)) {
        flow->events->on_input(flow); /* the owner was refused something for what it has */
    } else if (flow->wants_input) {
        on_readable(flow);
    }
}

void flow_write_failed(struct mux_flow *flow)
{
    read_remains(flow);
    fail(flow);
}

/* Writes what there is. Returns false when the connection died; the caller must not touch the flow
 * then. */
static bool write_output(struct mux_flow *flow)
{
    if (!chunk_queue_is_empty(&flow->output)) {
        enum result result = connection_write(flow->connection, &flow->output);
        if (result == RESULT_FAILED) {
            flow_write_failed(flow);
            return false;
        }
        bool blocked = result == RESULT_BLOCKED;
        if (blocked != flow->write_blocked) {
            flow->write_blocked = blocked;
            update_interest(flow);
        }
    } else if (flow->write_blocked) {
        flow->write_blocked = false;
        update_interest(flow);
    }
    if (flow->finish_wanted && chunk_queue_is_empty(&flow->output)) {
        flow->finish_wanted = false;
        connection_finish(flow->connection);
    }
    return true;
}

static void tell_drained(struct mux_flow *flow)
{
    bool has_room = flow->wants_room && flow_room(flow) > 0;
    bool is_empty = flow->wants_empty && chunk_queue_is_empty(&flow->output);
    if (has_room || is_empty) {
        flow->wants_room = false;
        flow->wants_empty = flow->wants_empty && !is_empty;
        flow->events->on_drained(flow);
    }
}

static void on_writable(void *owner)
{
    struct mux_flow *flow = owner;
    if (write_output(flow)) {
        tell_drained(flow);
    }
}

static void on_error(void *owner, enum connection_error error)
{
    (void)error;
    fail(owner);
}

static void on_work(struct event_deferred *deferred)
{
    struct mux_flow *flow = container_of(deferred, struct mux_flow, work);
    if (flow->has_failed) {
        flow->later_wanted = false;
        flow->events->on_later(flow);
        return;
    }
    if (!flow->write_blocked && !write_output(flow)) {
        return;
    }
    if (flow->later_wanted) {
        flow->later_wanted = false;
        if (flow->wants_room || flow->wants_empty) {
            flow_send(flow); /* at most one callback an event: on_drained follows in the next */
        }
        flow->events->on_later(flow);
        return;
    }
    tell_drained(flow);
}

static const struct connection_events FLOW_CONNECTION_EVENTS = {
    .on_open = NULL,
    .on_readable = on_readable,
    .on_writable = on_writable,
    .on_error = on_error,
};

void flow_init(struct mux_flow *flow, struct connection *connection, size_t window_bytes,
               const struct mux_flow_events *events)
{
    *flow =
        (struct mux_flow){.connection = connection, .events = events, .window_bytes = window_bytes};
    event_deferred_init(&flow->work, on_work);
    memory_waiter_init(&flow->waiter, on_memory);
    connection_set_owner(connection, &FLOW_CONNECTION_EVENTS, flow);
}

void flow_close(struct mux_flow *flow, bool reset)
{
    memory_wait_cancel(&flow->waiter);
    event_defer_cancel(&flow->work);
    chunk_queue_clear(&flow->input);
    chunk_queue_clear(&flow->output);
    flow->is_closed = true;
    connection_close(flow->connection, reset);
    flow->connection = NULL;
}

void flow_want_input(struct mux_flow *flow, bool wanted)
{
    if (flow->wants_input != wanted) {
        flow->wants_input = wanted;
        update_interest(flow);
    }
}

bool flow_has_ended(const struct mux_flow *flow)
{
    return (flow->connection->read_ended || flow->has_failed) && chunk_queue_is_empty(&flow->input);
}

bool flow_is_full(struct mux_flow *flow)
{
    if (flow_room(flow) == 0) {
        flow->wants_room = true;
        return true;
    }
    return false;
}

void flow_want_empty(struct mux_flow *flow)
{
    flow->wants_empty = true;
    flow_send(flow);
}

void flow_want_writable(struct mux_flow *flow)
{
    flow->wants_empty = true;
    flow->write_blocked = true;
    update_interest(flow);
}

void flow_send(struct mux_flow *flow)
{
    event_defer(flow->connection->transport->loop, &flow->work);
}

void flow_finish(struct mux_flow *flow)
{
    flow->finish_wanted = true;
    flow_send(flow);
}

void flow_later(struct mux_flow *flow)
{
    flow->later_wanted = true;
    flow_send(flow);
}

void flow_input_taken(struct mux_flow *flow)
{
    if (flow->wants_input) {
        update_interest(flow);
    }
}
