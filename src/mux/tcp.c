/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw TCP mux: a connection's bytes as one stream without heads. Each direction ends by itself
 * (half-close). It owns its connection; what follows the stream's release is decided after the
 * turn's callbacks. Bounded by the flow's window each way.
 */
#include "mux/tcp.h"

#include "base/assert.h"
#include "base/number.h"
#include "memory/pool.h"
#include "mux/flow.h"

enum tcp_phase {
    TCP_IDLE,   /* server side: no stream yet */
    TCP_STREAM, /* a stream is attached */
    TCP_ENDING, /* the stream let go */
    TCP_FLUSH,  /* the output leaves, then the connection closes */
    TCP_DEAD,
};

enum { FLUSH_MS_MAX = 30000 };

struct tcp {
    struct mux base;
    struct pool *pool;
    struct mux_flow flow;
    struct connection *flow_connection; /* whose account pays until the release */
    struct mux_stream side;
    struct event_timer timer;
    struct event_deferred release;
    enum tcp_phase phase;
    bool is_aborted;
    bool has_finished; /* send_end was called */
};

static struct tcp *tcp_of_side(const struct mux_stream *side)
{
    return container_of(side, struct tcp, side);
}

static void destroy(struct tcp *tcp, bool reset)
{
    if (tcp->phase == TCP_DEAD) {
        return;
    }
    tcp->phase = TCP_DEAD;
    event_timer_stop(&tcp->timer);
    event_defer(tcp->flow.connection->transport->loop, &tcp->release);
    tcp->flow_connection = tcp->flow.connection;
    flow_close(&tcp->flow, reset);
    tcp->base.events->on_closed(tcp->base.owner, &tcp->base);
}

static void on_release(struct event_deferred *deferred)
{
    struct tcp *tcp = container_of(deferred, struct tcp, release);
    pool_release(tcp->pool, &tcp->flow_connection->account, tcp);
}

/* ---- the stream's calls ---- */

static enum result receive_head(struct mux_stream *side, struct http_message *message,
                                struct mux_refusal *refusal)
{
    (void)side;
    (void)message;
    (void)refusal;
    return RESULT_FAILED;
}

static enum result receive_body(struct mux_stream *side, struct chunk_queue *queue,
                                size_t bytes_max)
{
    struct tcp *tcp = tcp_of_side(side);
    struct chunk_queue *input = &tcp->flow.input;
    if (chunk_queue_is_empty(input)) {
        if (!flow_has_ended(&tcp->flow)) {
            flow_retry(&tcp->flow);
            return RESULT_BLOCKED;
        }
        return tcp->flow.has_failed ? RESULT_FAILED : RESULT_END;
    }
    size_t bytes = size_min(input->bytes, bytes_max);
    if (bytes == input->bytes) {
        chunk_queue_move_all(queue, input);
    } else {
        size_t before = queue->bytes;
        enum result result = chunk_queue_move(queue, input, bytes, &tcp->flow.connection->account);
        bytes = queue->bytes - before;
        if (result != RESULT_OK && bytes == 0) {
            return result;
        }
    }
    side->bytes_received += bytes;
    flow_input_taken(&tcp->flow);
    return RESULT_OK;
}

static const struct http_fields *trailers(const struct mux_stream *side)
{
    (void)side;
    return NULL;
}

static enum result send_head(struct mux_stream *side, const struct http_message *message)
{
    (void)side;
    (void)message;
    return RESULT_FAILED;
}

static enum result send_body(struct mux_stream *side, struct chunk_queue *queue)
{
    struct tcp *tcp = tcp_of_side(side);
    if (tcp->flow.has_failed || tcp->has_finished) {
        return RESULT_FAILED;
    }
    while (!chunk_queue_is_empty(queue)) {
        if (flow_is_full(&tcp->flow)) {
            return RESULT_BLOCKED;
        }
        size_t before = tcp->flow.output.bytes;
        size_t room = flow_room(&tcp->flow);
        enum result result = RESULT_OK;
        if (queue->bytes <= room) {
            chunk_queue_move_all(&tcp->flow.output, queue);
        } else {
            result =
                chunk_queue_move(&tcp->flow.output, queue, room, &tcp->flow.connection->account);
        }
        side->bytes_sent += tcp->flow.output.bytes - before;
        flow_send(&tcp->flow);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static enum result send_end(struct mux_stream *side, const struct http_fields *fields)
{
    struct tcp *tcp = tcp_of_side(side);
    (void)fields;
    if (tcp->flow.has_failed) {
        return RESULT_FAILED;
    }
    if (!tcp->has_finished) {
        tcp->has_finished = true;
        flow_finish(&tcp->flow);
    }
    return RESULT_OK;
}

static bool is_flushed(const struct mux_stream *side)
{
    const struct tcp *tcp = tcp_of_side(side);
    return tcp->has_finished && chunk_queue_is_empty(&tcp->flow.output);
}

static void release_side(struct mux_stream *side, bool abort)
{
    struct tcp *tcp = tcp_of_side(side);
    ASSERT(tcp->phase == TCP_STREAM);
    side->events = NULL;
    side->owner = NULL;
    tcp->is_aborted = abort;
    tcp->phase = TCP_ENDING;
    flow_later(&tcp->flow);
}

static void describe(const struct mux_stream *side, struct text *text)
{
    static const char *const PHASES[] = {"idle", "stream", "ending", "flush", "dead"};
    const struct tcp *tcp = tcp_of_side(side);
    text_append_format(text, "tcp phase=%s in=%zu out=%zu", PHASES[tcp->phase],
                       tcp->flow.input.bytes, tcp->flow.output.bytes);
}

/* ---- past the chunks ---- */

/* The output must leave first, and nobody else may fill it meanwhile. */
static bool is_ready_to_splice(struct tcp *from, struct tcp *to)
{
    from->flow.reads_aside = true;
    if (!chunk_queue_is_empty(&to->flow.output)) {
        flow_want_input(&from->flow, false);
        flow_want_empty(&to->flow);
        return false;
    }
    return true;
}

/* Bytes go round until one side has to be waited for, or others should have their turn. */
static enum result splice_rounds(struct splice *pipe, struct tcp *from, struct tcp *to,
                                 size_t *count)
{
    enum { ROUNDS = 8 };
    const size_t bytes_max = 1U << 20; /* what the pipe takes is less */
    enum result filled = RESULT_OK;
    for (unsigned round = 0;; round++) {
        size_t bytes = 0;
        enum result result = splice_drain(pipe, to->flow.connection, &bytes);
        *count += bytes;
        to->side.bytes_sent += bytes;
        if (result == RESULT_BLOCKED) {
            flow_want_input(&from->flow, false);
            flow_want_writable(&to->flow);
            return result;
        }
        if (result != RESULT_OK) {
            return RESULT_INVALID;
        }
        if (filled != RESULT_OK || round == ROUNDS) {
            break;
        }
        if (from->flow.has_failed || !chunk_queue_is_empty(&from->flow.input)) {
            return RESULT_FULL; /* what was read before it failed follows by chunks */
        }
        filled = splice_fill(pipe, from->flow.connection, bytes_max, &bytes);
        from->side.bytes_received += bytes;
    }
    if (filled == RESULT_OK || filled == RESULT_BLOCKED) {
        flow_want_input(&from->flow, true);
        return RESULT_BLOCKED;
    }
    return filled;
}

enum result mux_tcp_splice(struct splice_pool *pool, struct splice *pipe, struct mux_stream *from,
                           struct mux_stream *to, size_t *count)
{
    *count = 0;
    if (from->mux->ops != &MUX_TCP || to->mux->ops != &MUX_TCP) {
        return RESULT_FULL;
    }
    struct tcp *sender = tcp_of_side(from);
    struct tcp *receiver = tcp_of_side(to);
    bool is_open = pipe->pool != NULL;
    bool is_usable = chunk_queue_is_empty(&sender->flow.input) && !sender->flow.has_failed &&
                     !receiver->flow.has_failed && !receiver->has_finished &&
                     splice_is_possible(from->mux->connection, to->mux->connection);
    if (!is_open && (!is_usable || splice_open(pool, pipe) != RESULT_OK)) {
        sender->flow.reads_aside = false;
        flow_want_input(&sender->flow, true);
        return RESULT_FULL;
    }
    enum result result = RESULT_BLOCKED;
    if (receiver->flow.has_failed) {
        result = RESULT_INVALID;
    } else if (is_ready_to_splice(sender, receiver)) {
        result = splice_rounds(pipe, sender, receiver, count);
    }
    if (pipe->held == 0) {
        splice_close(pipe);
    }
    sender->flow.reads_aside = result != RESULT_FULL;
    if (result == RESULT_INVALID && !receiver->flow.has_failed) {
        flow_write_failed(&receiver->flow);
    }
    return result;
}

/* ---- the flow's events ---- */

static void on_input(struct mux_flow *flow)
{
    struct tcp *tcp = container_of(flow, struct tcp, flow);
    if (tcp->phase == TCP_STREAM && tcp->side.events != NULL) {
        tcp->side.events->on_receive(tcp->side.owner, &tcp->side);
    }
}

static void on_drained(struct mux_flow *flow)
{
    struct tcp *tcp = container_of(flow, struct tcp, flow);
    if (tcp->phase == TCP_STREAM && tcp->side.events != NULL) {
        tcp->side.events->on_send(tcp->side.owner, &tcp->side);
    } else if (tcp->phase == TCP_FLUSH && chunk_queue_is_empty(&flow->output)) {
        destroy(tcp, false);
    }
}

static void on_failed(struct mux_flow *flow)
{
    struct tcp *tcp = container_of(flow, struct tcp, flow);
    if (tcp->phase == TCP_STREAM) {
        if (tcp->side.events == NULL) {
            return;
        }
        if (!chunk_queue_is_empty(&flow->input)) {
            tcp->side.events->on_receive(tcp->side.owner, &tcp->side);
        } else {
            tcp->side.events->on_abort(tcp->side.owner, &tcp->side, MUX_ABORT_CLOSED);
        }
    } else if (tcp->phase != TCP_ENDING) {
        destroy(tcp, false);
    }
}

static void on_later(struct mux_flow *flow)
{
    struct tcp *tcp = container_of(flow, struct tcp, flow);
    if (tcp->phase == TCP_IDLE && tcp->base.is_client_side && !flow->has_failed) {
        tcp->phase = TCP_STREAM;
        tcp->side.began_us = event_now_us(flow->connection->transport->loop);
        flow_want_input(flow, true);
        tcp->base.events->on_stream(tcp->base.owner, &tcp->side);
        return;
    }
    if (tcp->phase != TCP_ENDING) {
        return;
    }
    if (tcp->is_aborted || flow->has_failed || chunk_queue_is_empty(&flow->output)) {
        destroy(tcp, false);
        return;
    }
    tcp->phase = TCP_FLUSH;
    flow_want_input(flow, false);
    flow_want_empty(flow);
    event_timer_set(&tcp->timer, FLUSH_MS_MAX);
}

static void on_timer(struct event_timer *timer)
{
    destroy(container_of(timer, struct tcp, timer), true);
}

static const struct mux_flow_events TCP_FLOW_EVENTS = {
    .on_input = on_input,
    .on_drained = on_drained,
    .on_failed = on_failed,
    .on_later = on_later,
};

/* ---- the mux as a whole ---- */

static enum result open_stream(struct mux *mux, const struct stream_events *events, void *owner,
                               struct mux_stream **out)
{
    struct tcp *tcp = container_of(mux, struct tcp, base);
    if (tcp->phase != TCP_IDLE || tcp->flow.has_failed) {
        return RESULT_FULL;
    }
    tcp->phase = TCP_STREAM;
    tcp->side.events = events;
    tcp->side.owner = owner;
    flow_want_input(&tcp->flow, true);
    *out = &tcp->side;
    return RESULT_OK;
}

static bool is_available(const struct mux *mux)
{
    const struct tcp *tcp = container_of(mux, struct tcp, base);
    return tcp->phase == TCP_IDLE && !tcp->flow.has_failed;
}

static void retire(struct mux *mux)
{
    (void)mux; /* a raw connection has no words for it: it ends with its stream */
}

static void destroy_mux(struct mux *mux, enum mux_abort reason)
{
    struct tcp *tcp = container_of(mux, struct tcp, base);
    tcp->is_aborted = true;
    if (tcp->phase == TCP_STREAM && tcp->side.events != NULL) {
        tcp->side.events->on_abort(tcp->side.owner, &tcp->side, reason);
    } else if (tcp->phase != TCP_ENDING) {
        destroy(tcp, true);
    }
}

const struct mux_ops MUX_TCP = {
    .name = "TCP",
    .is_http = false,
    .has_streams = false,
    .receive_head = receive_head,
    .receive_body = receive_body,
    .trailers = trailers,
    .send_head = send_head,
    .send_body = send_body,
    .send_end = send_end,
    .is_flushed = is_flushed,
    .release = release_side,
    .describe = describe,
    .open = open_stream,
    .is_available = is_available,
    .retire = retire,
    .destroy = destroy_mux,
};

struct pool *mux_tcp_pool_create(struct memory *memory)
{
    return pool_create(memory, "mux_tcp", sizeof(struct tcp), POOL_SHARED);
}

enum result mux_tcp_create(struct pool *pool, struct connection *connection,
                           const struct mux_options *options, const struct mux_events *events,
                           void *owner, struct mux **out)
{
    struct tcp *tcp = pool_take_zeroed(pool, &connection->account);
    if (tcp == NULL) {
        return RESULT_NO_MEMORY;
    }
    tcp->pool = pool;
    tcp->base = (struct mux){.ops = &MUX_TCP,
                             .connection = connection,
                             .options = options,
                             .events = events,
                             .owner = owner,
                             .is_client_side = connection->is_client_side};
    tcp->side.mux = &tcp->base;
    flow_init(&tcp->flow, connection, options->window_bytes, &TCP_FLOW_EVENTS);
    connection->reads_for = WAIT_WINDOW;
    event_timer_init(&tcp->timer, connection->transport->loop, on_timer);
    event_deferred_init(&tcp->release, on_release);
    if (connection->is_client_side) {
        flow_later(&tcp->flow); /* the stream is offered after the caller is done setting up */
    }
    *out = &tcp->base;
    return RESULT_OK;
}
