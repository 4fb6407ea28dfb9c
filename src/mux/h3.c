/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/3 mux (RFC 9114): its life, its requests', and what both sides tell it.
 *
 * Hard idea: a request exists for three parties, QUIC, this mux and the proxy's stream, and each
 * may let go first. It is buried when both others are through: taken off the lists at once, its
 * memory after the turn. Requests whose head is there are offered to the session one at a time, in
 * order, since each may have to wait for memory.
 *
 * Bounded: streams_bidi_max requests; heads as mux_options say.
 */
#include "mux/h3.h"

#include "base/assert.h"
#include "base/number.h"
#include "memory/pool.h"
#include "mux/h3_internal.h"

enum {
    CONNECTION_BYTES = 32 * 1024, /* of a connection beside its exchanges */
    EXCHANGE_BYTES = 12 * 1024,   /* of an exchange between two steps */
};

static void on_timer(struct event_timer *timer);
static void on_later(struct event_deferred *deferred);
static void set_timer(struct h3 *h3);

enum result mux_h3_pools_create(struct mux_h3_pools *pools, struct memory *memory)
{
    pools->connections = pool_create(memory, "mux_h3", sizeof(struct h3), POOL_SHARED);
    pools->streams = pool_create(memory, "h3_stream", sizeof(struct h3_stream), POOL_SHARED);
    return pools->connections == NULL || pools->streams == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static uint64_t now_us(const struct h3 *h3)
{
    return event_now_us(h3_loop(h3));
}

void h3_later(struct h3 *h3)
{
    event_defer(h3_loop(h3), &h3->later);
}

/* ---- the end of requests ---- */

void h3_bury(struct h3_stream *stream)
{
    struct h3 *h3 = h3_of_stream(stream);
    if (stream->is_dead) {
        return;
    }
    stream->is_dead = true;
    list_remove(&stream->ready_link);
    list_remove(&stream->link);
    list_append(&h3->dead, &stream->link);
    if (h3->offered == stream) {
        h3->offered = NULL;
    }
    chunk_queue_clear(&stream->section);
    chunk_queue_clear(&stream->output);
    quic_stream_release(stream->quic);
    stream->quic = NULL;
    h3->live--;
    h3->taken -= stream->is_taken ? 1 : 0;
    h3_later(h3);
}

static void release_dead(struct h3 *h3)
{
    struct list *link;
    while ((link = list_take_first(&h3->dead)) != NULL) {
        struct h3_stream *stream = container_of(link, struct h3_stream, link);
        if (stream->has_trailers) {
            arena_clear(&stream->trailers_arena);
        }
        pool_release(h3->pools->streams, &h3->base.connection->account, stream);
    }
}

void h3_note_taken(struct h3_stream *stream)
{
    struct h3 *h3 = h3_of_stream(stream);
    if (stream->is_offered && !stream->is_taken && stream->side.events != NULL &&
        !stream->is_dead) {
        stream->is_taken = true;
        h3->taken++;
    }
    if (h3->offered == stream && (stream->is_taken || stream->is_dead)) {
        h3->offered = NULL;
        h3_later(h3);
    }
}

/* The response is handed over whole, or nobody wants it: the request goes. */
static void check_over(struct h3_stream *stream)
{
    if (stream->is_released && !stream->is_dead &&
        (stream->output.bytes == 0 || stream->is_stopped)) {
        h3_bury(stream);
    }
}

/* ---- what QUIC tells ---- */

static void on_stream(void *owner, struct quic_stream *quic)
{
    struct h3 *h3 = owner;
    if (!quic_stream_is_bidirectional(quic)) {
        h3_uni_open(h3, quic);
        return;
    }
    struct h3_stream *stream = NULL;
    if (!h3->is_retired) {
        stream = pool_take_zeroed(h3->pools->streams, &h3->base.connection->account);
    }
    if (stream == NULL) { /* it may be tried again elsewhere (4.1.1, 5.2) */
        quic_stream_reset(quic, HTTP3_REQUEST_REJECTED);
        quic_stream_stop(quic, HTTP3_REQUEST_REJECTED);
        quic_stream_release(quic);
        return;
    }
    stream->kind = H3_REQUEST;
    stream->side.mux = &h3->base;
    stream->side.began_us = now_us(h3);
    stream->quic = quic;
    stream->body_left = UINT64_MAX;
    list_init(&stream->ready_link);
    list_append(&h3->requests, &stream->link);
    quic->owner = stream;
    h3->live++;
    h3->requests_total++;
    set_timer(h3);
}

static void on_receive(void *owner, struct quic_stream *quic)
{
    const enum h3_kind *kind = quic->owner;
    if (kind == NULL) {
        return;
    }
    if (*kind == H3_UNI) {
        h3_uni_receive(owner, quic->owner);
    } else {
        h3_request_receive(quic->owner);
    }
}

static void on_send(void *owner, struct quic_stream *quic)
{
    struct h3_stream *stream = quic->owner;
    (void)owner;
    if (stream == NULL || stream->kind != H3_REQUEST || stream->is_dead) {
        return;
    }
    enum result result = h3_flush(stream);
    (void)result; /* a stream that was reset tells by itself */
    if (stream->is_released) {
        check_over(stream);
    } else if (stream->side.events != NULL) {
        stream->side.events->on_send(stream->side.owner, &stream->side);
    }
}

static void on_stop(void *owner, struct quic_stream *quic, uint64_t code)
{
    struct h3_stream *stream = quic->owner;
    struct h3 *h3 = owner;
    (void)code;
    if (quic == h3->control) {
        h3_fail(h3, HTTP3_CLOSED_CRITICAL_STREAM, "the control stream is not wanted");
        return;
    }
    if (stream == NULL || stream->kind != H3_REQUEST || stream->is_dead) {
        return;
    }
    stream->is_stopped = true;
    if (stream->is_released) {
        check_over(stream);
    } else if (stream->side.events != NULL && !stream->is_told_abort) {
        stream->is_told_abort = true;
        stream->side.events->on_abort(stream->side.owner, &stream->side, MUX_ABORT_CLOSED);
    }
}

static const struct quic_stream_events STREAM_EVENTS = {
    .on_stream = on_stream,
    .on_receive = on_receive,
    .on_send = on_send,
    .on_stop = on_stop,
};

/* ---- offering requests ---- */

/* Whether the connection's account carries one more exchange. Each is counted with what it may hold
 * at most between two steps, which is more than it does hold: what is left over is what some
 * exchange goes on with, so that they cannot all stand still half way. */
static bool has_room(const struct h3 *h3)
{
    size_t cap = h3->base.connection->account.cap;
    size_t wanted = CONNECTION_BYTES + (h3->taken + 1) * EXCHANGE_BYTES;
    return cap == 0 || h3->taken == 0 || wanted <= cap;
}

static void offer(struct h3 *h3)
{
    while (h3->offered == NULL && !h3->is_closed && !list_is_empty(&h3->ready) && has_room(h3)) {
        struct list *link = list_take_first(&h3->ready);
        struct h3_stream *stream = container_of(link, struct h3_stream, ready_link);
        h3->offered = stream;
        stream->is_offered = true;
        h3->base.events->on_stream(h3->base.owner, &stream->side);
        h3_note_taken(stream);
    }
}

/* ---- the end of the connection ---- */

/* Tells everybody, closes the connection, and is gone after the turn. */
static void close_mux(struct h3 *h3, enum mux_abort reason, bool is_reset)
{
    if (h3->is_told) {
        return;
    }
    h3->is_told = true;
    h3->is_closed = true;
    event_timer_stop(&h3->timer);
    LIST_EACH_SAFE(link, &h3->requests) {
        struct h3_stream *stream = container_of(link, struct h3_stream, link);
        if (stream->side.events != NULL && !stream->is_told_abort) {
            stream->is_told_abort = true;
            stream->side.events->on_abort(stream->side.owner, &stream->side, reason);
        }
    }
    while (!list_is_empty(&h3->requests)) {
        struct h3_stream *stream = container_of(list_first(&h3->requests), struct h3_stream, link);
        stream->side.events = NULL;
        h3_bury(stream);
    }
    if (h3->control != NULL) {
        quic_stream_release(h3->control);
    }
    for (unsigned i = 0; i < QUIC_UNI_STREAMS_MAX; i++) {
        if (h3->unis[i].quic != NULL) {
            quic_stream_release(h3->unis[i].quic);
        }
    }
    h3_later(h3);
    h3->base.events->on_closed(h3->base.owner, &h3->base);
    connection_close(h3->base.connection, is_reset);
}

void h3_fail(struct h3 *h3, uint64_t code, const char *reason)
{
    if (h3->is_closed) {
        return;
    }
    h3->is_closed = true; /* on_error follows from inside, and closes the mux */
    quic_connection_close(h3->base.connection->quic, true, code, slice_from_string(reason),
                          now_us(h3));
}

static void on_error(void *owner, enum connection_error error)
{
    (void)error;
    close_mux(owner, MUX_ABORT_CLOSED, false);
}

static const struct connection_events CONNECTION_EVENTS = {
    .on_open = NULL,
    .on_readable = NULL,
    .on_writable = NULL,
    .on_error = on_error,
};

static void on_later(struct event_deferred *deferred)
{
    struct h3 *h3 = container_of(deferred, struct h3, later);
    release_dead(h3);
    if (h3->is_told) {
        pool_release(h3->pools->connections, &h3->base.connection->account, h3);
        return;
    }
    offer(h3);
    if (h3->is_retired && h3->live == 0) {
        close_mux(h3, MUX_ABORT_SHUTDOWN, false);
    } else {
        set_timer(h3);
    }
}

/* ---- time ---- */

/* Between requests: keep-alive, or the client's timeout; 0: none. */
static uint32_t idle_timeout_ms(const struct h3 *h3)
{
    const struct mux_options *options = h3->base.options;
    if (h3->requests_total > 0 && options->http_keep_alive_timeout_ms != 0) {
        return options->http_keep_alive_timeout_ms;
    }
    return options->http_request_timeout_ms != 0 ? options->http_request_timeout_ms
                                                 : options->client_timeout_ms;
}

/* Milliseconds until the oldest request without a head must have one; TIME_NEVER: none waits. */
static uint64_t head_wait_ms(const struct h3 *h3)
{
    uint32_t timeout_ms = h3->base.options->http_request_timeout_ms;
    if (timeout_ms == 0) {
        return TIME_NEVER;
    }
    LIST_EACH(link, &h3->requests) {
        const struct h3_stream *stream = container_of(link, struct h3_stream, link);
        if (!stream->has_head) {
            uint64_t waited_ms = (now_us(h3) - stream->side.began_us) / US_PER_MS;
            return timeout_ms > waited_ms ? timeout_ms - waited_ms : 0;
        }
    }
    return TIME_NEVER;
}

static void set_timer(struct h3 *h3)
{
    if (h3->live > 0) {
        event_timer_set(&h3->timer, head_wait_ms(h3));
        return;
    }
    uint32_t idle_ms = idle_timeout_ms(h3);
    event_timer_set(&h3->timer, idle_ms == 0 ? TIME_NEVER : idle_ms);
}

static void on_timer(struct event_timer *timer)
{
    struct h3 *h3 = container_of(timer, struct h3, timer);
    if (h3->live == 0) {
        h3_send_goaway(h3);
        close_mux(h3, MUX_ABORT_TIMEOUT, false);
        return;
    }
    uint64_t limit_us = (uint64_t)h3->base.options->http_request_timeout_ms * US_PER_MS;
    LIST_EACH_SAFE(link, &h3->requests) {
        struct h3_stream *stream = container_of(link, struct h3_stream, link);
        if (!stream->has_head && now_us(h3) - stream->side.began_us >= limit_us) {
            quic_stream_reset(stream->quic, HTTP3_REQUEST_CANCELLED);
            quic_stream_stop(stream->quic, HTTP3_REQUEST_CANCELLED);
            h3_bury(stream);
        }
    }
    h3_later(h3);
}

/* ---- the stream's calls ---- */

static void release_side(struct mux_stream *side, bool abort)
{
    struct h3_stream *stream = h3_stream_of(side);
    side->events = NULL;
    side->owner = NULL;
    if (stream->is_dead) {
        return;
    }
    stream->is_released = true;
    bool is_answered = !abort && stream->sending == H3_SENDING_DONE;
    if (!is_answered) {
        chunk_queue_clear(&stream->output);
        stream->must_finish = false;
        quic_stream_reset(stream->quic, HTTP3_INTERNAL_ERROR);
    }
    if (stream->receiving != H3_RECEIVING_DONE) { /* 4.1: the rest of the request is not wanted */
        quic_stream_stop(stream->quic, is_answered ? HTTP3_NO_ERROR : HTTP3_REQUEST_CANCELLED);
    }
    check_over(stream);
}

static void describe(const struct mux_stream *side, struct text *text)
{
    static const char *const RECEIVING[] = {"head", "body", "trailers", "done", "failed"};
    static const char *const SENDING[] = {"head", "body", "done"};
    const struct h3_stream *stream = h3_stream_of(side);
    text_append_format(text, "h3 id=%llu receive=%s send=%s out=%zu",
                       stream->quic == NULL ? 0ULL : (unsigned long long)stream->quic->id,
                       RECEIVING[stream->receiving], SENDING[stream->sending],
                       stream->output.bytes);
}

/* ---- the mux as a whole ---- */

static enum result open_stream(struct mux *mux, const struct stream_events *events, void *owner,
                               struct mux_stream **out)
{
    (void)mux;
    (void)events;
    (void)owner;
    (void)out;
    return RESULT_FULL; /* the client side alone */
}

static bool is_available(const struct mux *mux)
{
    (void)mux;
    return false;
}

static void retire(struct mux *mux)
{
    struct h3 *h3 = h3_of(mux);
    if (!h3->is_retired && !h3->is_closed) {
        h3->is_retired = true;
        h3_send_goaway(h3);
        h3_later(h3);
    }
}

static void destroy(struct mux *mux, enum mux_abort reason)
{
    close_mux(h3_of(mux), reason, false);
}

const struct mux_ops MUX_H3 = {
    .name = "H3",
    .is_http = true,
    .has_streams = true,
    .receive_head = h3_receive_head,
    .receive_body = h3_receive_body,
    .trailers = h3_trailers,
    .send_head = h3_send_head,
    .send_body = h3_send_body,
    .send_end = h3_send_end,
    .is_flushed = h3_is_flushed,
    .release = release_side,
    .describe = describe,
    .open = open_stream,
    .is_available = is_available,
    .retire = retire,
    .destroy = destroy,
};

enum result mux_h3_create(const struct mux_h3_pools *pools, struct connection *connection,
                          const struct mux_options *options, const struct mux_events *events,
                          void *owner, struct mux **out)
{
    struct h3 *h3 = pool_take_zeroed(pools->connections, &connection->account);
    if (h3 == NULL) {
        return RESULT_NO_MEMORY;
    }
    h3->pools = pools;
    h3->base = (struct mux){.ops = &MUX_H3,
                            .connection = connection,
                            .options = options,
                            .events = events,
                            .owner = owner,
                            .is_client_side = true};
    h3->streams = quic_connection_streams(connection->quic);
    list_init(&h3->requests);
    list_init(&h3->ready);
    list_init(&h3->dead);
    event_timer_init(&h3->timer, h3_loop(h3), on_timer);
    event_deferred_init(&h3->later, on_later);
    enum result result = h3_control_open(h3);
    if (result == RESULT_NO_MEMORY) {
        pool_release(pools->connections, &connection->account, h3);
        return result;
    }
    quic_streams_set_owner(h3->streams, &STREAM_EVENTS, h3);
    connection_set_owner(connection, &CONNECTION_EVENTS, h3);
    connection->reads_for = WAIT_REQUEST;
    set_timer(h3);
    *out = &h3->base;
    return RESULT_OK;
}
