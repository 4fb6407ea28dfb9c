/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux, life: from the first byte of a request or the first request on a server
 * connection to keep-alive, lingering close or failure. It owns the phases of h1_internal.h and the
 * client side's timers (http-request, http-keep-alive); a stream watches its own time. Decisions
 * that end or reuse the connection are made after the turn's callbacks, so that a stream may let go
 * of its side at any moment. Bounded as h1.h says (RFC 9112 9).
 */
#include "mux/h1.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"
#include "memory/pool.h"
#include "mux/h1_internal.h"

enum {
    LINGER_MS_MAX = 2000, /* input dropped after an early answer at the most this long */
    STATUS_BAD_REQUEST = 400,
    STATUS_TIMEOUT = 408,
};

static void destroy(struct h1 *h1, bool reset)
{
    if (h1->phase == H1_DEAD) {
        return;
    }
    h1->phase = H1_DEAD;
    event_timer_stop(&h1->timer);
    if (h1->has_trailers) {
        arena_clear(&h1->trailers_arena);
        h1->has_trailers = false;
    }
    const struct mux_events *events = h1->base.events;
    void *owner = h1->base.owner;
    /* before flow_close: the connection, whose account pays for this object, is released behind it
     */
    event_defer(h1->flow.connection->transport->loop, &h1->release);
    h1->flow_connection = h1->flow.connection;
    flow_close(&h1->flow, reset);
    events->on_closed(owner, &h1->base);
}

static void on_release(struct event_deferred *deferred)
{
    struct h1 *h1 = container_of(deferred, struct h1, release);
    pool_release(h1->pool, &h1->flow_connection->account, h1);
}

static uint32_t first_set(uint32_t a, uint32_t b)
{
    return a != 0 ? a : b;
}

static void set_timer(struct h1 *h1, uint32_t timeout_ms)
{
    event_timer_set(&h1->timer, timeout_ms == 0 ? TIME_NEVER : timeout_ms);
}

static uint64_t now_us(const struct h1 *h1)
{
    return event_now_us(h1->flow.connection->transport->loop);
}

void h1_reset_exchange(struct h1 *h1)
{
    if (h1->has_trailers) {
        arena_clear(&h1->trailers_arena);
        h1->has_trailers = false;
    }
    h1->receiving = H1_DIRECTION_HEAD;
    h1->sending = H1_DIRECTION_HEAD;
    h1->owes_crlf = false;
    h1->head_scanned = 0;
    h1->head_length = 0;
    h1->refusal_cause = MUX_ABORT_NONE;
    h1->refusal_status = 0;
    h1->side.events = NULL;
    h1->side.owner = NULL;
    h1->side.bytes_received = 0;
    h1->side.bytes_sent = 0;
    h1->side.began_us = 0;
}

/* ---- client side: requests ---- */

static void offer_stream(struct h1 *h1)
{
    h1->phase = H1_STREAM;
    h1->exchanges++;
    h1->flow.connection->reads_for = WAIT_WINDOW;
    h1->side.head_us = now_us(h1);
    event_timer_stop(&h1->timer);
    h1->base.events->on_stream(h1->base.owner, &h1->side);
}

static void offer_refusal(struct h1 *h1, uint16_t status, enum mux_abort cause)
{
    h1->refusal_status = status;
    h1->refusal_cause = cause;
    h1->must_close = true;
    offer_stream(h1);
}

/*
 * A first request that never began is an error to be told and logged, unless it is a probe's. Not
 * when memory is short: who is gone must not wait for a stream.
 */
static void end_without_request(struct h1 *h1)
{
    const struct memory *memory = ledger_memory(h1->flow.connection->account.ledger);
    bool is_told = h1->base.is_client_side && h1->exchanges == 0 && !h1->is_retired &&
                   !h1->base.options->ignore_probes && pressure_level(memory) == PRESSURE_CALM;
    if (is_told) {
        offer_refusal(h1, STATUS_BAD_REQUEST, MUX_ABORT_CLOSED);
    } else {
        destroy(h1, false);
    }
}

static void look_for_request(struct h1 *h1)
{
    struct slice front = chunk_queue_front(&h1->flow.input);
    if (h1->phase == H1_IDLE) {
        chunk_queue_drop(&h1->flow.input, http1_skip_empty_lines(front));
        if (chunk_queue_is_empty(&h1->flow.input)) {
            if (flow_has_ended(&h1->flow)) {
                end_without_request(h1);
            }
            return;
        }
        h1->phase = H1_HEAD;
        h1->side.began_us = now_us(h1);
        if (h1->exchanges > 0) { /* the first request's time began with the connection */
            set_timer(h1, first_set(h1->base.options->http_request_timeout_ms,
                                    h1->base.options->client_timeout_ms));
        }
    }
    enum result result = h1_contiguous_input(h1, &front);
    if (result == RESULT_NO_MEMORY) {
        flow_wait_for_memory(&h1->flow);
        return;
    }
    result = http1_find_head(front, &h1->head_scanned, &h1->head_length);
    if (result == RESULT_OK && h1->head_length <= h1->base.options->head_bytes_max) {
        offer_stream(h1);
    } else if (result == RESULT_OK || front.length >= h1->base.options->head_bytes_max) {
        offer_refusal(h1, STATUS_BAD_REQUEST, MUX_ABORT_MALFORMED);
    } else if (h1->flow.connection->read_ended) {
        offer_refusal(h1, STATUS_BAD_REQUEST, MUX_ABORT_CLOSED);
    }
}

static void start_client_idle(struct h1 *h1)
{
    const struct mux_options *options = h1->base.options;
    h1->phase = H1_IDLE;
    h1->flow.connection->reads_for = WAIT_REQUEST;
    uint32_t request_ms = first_set(options->http_request_timeout_ms, options->client_timeout_ms);
    bool is_first = h1->exchanges == 0;
    set_timer(h1,
              is_first ? request_ms : first_set(options->http_keep_alive_timeout_ms, request_ms));
    flow_want_input(&h1->flow, true);
}

static void on_timer(struct event_timer *timer)
{
    struct h1 *h1 = container_of(timer, struct h1, timer);
    switch (h1->phase) {
    case H1_IDLE:
        if (h1->base.is_client_side && h1->exchanges == 0 && !h1->base.options->ignore_probes) {
            offer_refusal(h1, STATUS_TIMEOUT, MUX_ABORT_TIMEOUT);
        } else {
            destroy(h1, false);
        }
        return;
    case H1_HEAD:
        offer_refusal(h1, STATUS_TIMEOUT, MUX_ABORT_TIMEOUT);
        return;
    case H1_LINGER:
    case H1_DRAIN:
        destroy(h1, false);
        return;
    case H1_STREAM:
    case H1_ENDING:
    case H1_DEAD:
        return;
    }
}

/* ---- what follows a stream ---- */

static void begin_linger(struct h1 *h1)
{
    h1->phase = H1_LINGER;
    chunk_queue_clear(&h1->flow.input);
    flow_want_input(&h1->flow, true);
    flow_finish(&h1->flow);
    flow_want_empty(&h1->flow);
    uint32_t client_ms = first_set(h1->base.options->client_fin_timeout_ms, LINGER_MS_MAX);
    set_timer(h1, client_ms < LINGER_MS_MAX ? client_ms : LINGER_MS_MAX);
}

/* An answer that came before the whole request (RFC 9112 9.3): the rest is read and dropped, and
 * the connection stays. */
static bool may_drain(const struct h1 *h1)
{
    return h1->receiving == H1_DIRECTION_BODY && h1->receive_kind != HTTP_BODY_TUNNEL &&
           !h1->must_close && !h1->is_retired;
}

static void drain(struct h1 *h1)
{
    switch (h1_drop_body(h1)) {
    case RESULT_END:
        h1_reset_exchange(h1);
        start_client_idle(h1);
        look_for_request(h1);
        return;
    case RESULT_BLOCKED:
    case RESULT_OK:
        return;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        flow_wait_for_memory(&h1->flow);
        return;
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        destroy(h1, false);
        return;
    }
}

static bool is_reusable(const struct h1 *h1)
{
    return h1->sending == H1_DIRECTION_DONE && h1->receiving == H1_DIRECTION_DONE &&
           !h1->must_close && !h1->is_retired && !h1->flow.has_failed && !h1->is_aborted;
}

static void end_client_exchange(struct h1 *h1)
{
    bool is_whole = h1->sending == H1_DIRECTION_DONE && !h1->is_aborted;
    if (h1->flow.has_failed || !is_whole) {
        /* only what ends by closing needs a reset to be seen as broken */
        destroy(h1, h1->sending == H1_DIRECTION_BODY && h1->send_kind == HTTP_BODY_CLOSE);
    } else if (may_drain(h1)) {
        h1->phase = H1_DRAIN;
        set_timer(h1, h1->base.options->client_timeout_ms);
        drain(h1);
    } else if (is_reusable(h1)) {
        h1_reset_exchange(h1);
        start_client_idle(h1);
        look_for_request(h1);
    } else if (h1->receiving == H1_DIRECTION_DONE && chunk_queue_is_empty(&h1->flow.input)) {
        if (chunk_queue_is_empty(&h1->flow.output)) {
            destroy(h1, false);
        } else { /* the rest of the response leaves first */
            h1->phase = H1_LINGER;
            flow_want_input(&h1->flow, false);
            flow_want_empty(&h1->flow);
            set_timer(h1, h1->base.options->client_timeout_ms);
        }
    } else {
        begin_linger(h1);
    }
}

static void end_server_exchange(struct h1 *h1)
{
    if (!is_reusable(h1) || !chunk_queue_is_empty(&h1->flow.input) ||
        h1->flow.connection->read_ended) {
        destroy(h1, h1->is_aborted);
        return;
    }
    h1_reset_exchange(h1);
    h1->phase = H1_IDLE;
    h1->flow.connection->reads_for = WAIT_EXCHANGE;
    flow_want_input(&h1->flow, true); /* to see the server close */
    h1->base.events->on_idle(h1->base.owner, &h1->base);
}

/* Whether a retired connection can close now: not while a request waits in its socket, which would
 * turn the close into a reset, and not before a client's first request, which is on its way. That
 * request is answered, and the connection closes behind it. */
static bool may_leave(const struct h1 *h1)
{
    bool is_request_due = h1->base.is_client_side &&
                          (h1->exchanges == 0 || connection_has_unread(h1->flow.connection));
    return h1->is_retired && h1->phase == H1_IDLE && !is_request_due;
}

static void on_later(struct mux_flow *flow)
{
    struct h1 *h1 = container_of(flow, struct h1, flow);
    switch (h1->phase) {
    case H1_ENDING:
        if (h1->base.is_client_side) {
            end_client_exchange(h1);
        } else {
            end_server_exchange(h1);
        }
        return;
    case H1_IDLE:
    case H1_HEAD:
        if (h1->flow.has_failed || may_leave(h1)) {
            destroy(h1, false);
        } else if (h1->base.is_client_side) {
            look_for_request(h1);
        }
        return;
    case H1_STREAM:
    case H1_LINGER:
    case H1_DRAIN:
    case H1_DEAD:
        return;
    }
}

static void release_side(struct mux_stream *side, bool abort)
{
    struct h1 *h1 = h1_of_side(side);
    ASSERT(h1->phase == H1_STREAM);
    side->events = NULL;
    side->owner = NULL;
    h1->is_aborted = abort;
    h1->phase = H1_ENDING;
    flow_later(&h1->flow);
}

/* ---- the flow's events ---- */

static void on_stream_input(struct h1 *h1)
{
    struct mux_stream *side = &h1->side;
    if (side->events == NULL) {
        return;
    }
    bool has_ended = flow_has_ended(&h1->flow);
    if (h1->receiving == H1_DIRECTION_DONE) {
        if (has_ended && h1->base.options->abort_on_close) {
            side->events->on_abort(side->owner, side, MUX_ABORT_CLOSED);
        }
        return;
    }
    if (has_ended && h1->receiving == H1_DIRECTION_HEAD) {
        side->events->on_abort(side->owner, side, MUX_ABORT_UNSENT);
        return;
    }
    side->events->on_receive(side->owner, side);
}

static void on_input(struct mux_flow *flow)
{
    struct h1 *h1 = container_of(flow, struct h1, flow);
    switch (h1->phase) {
    case H1_IDLE:
    case H1_HEAD:
        if (h1->base.is_client_side) {
            look_for_request(h1);
        } else {
            destroy(h1, false); /* the server closed, or spoke without being asked */
        }
        return;
    case H1_STREAM:
        on_stream_input(h1);
        return;
    case H1_DRAIN:
        drain(h1);
        return;
    case H1_LINGER:
        chunk_queue_clear(&flow->input);
        if (flow_has_ended(flow) && chunk_queue_is_empty(&flow->output)) {
            destroy(h1, false);
        }
        return;
    case H1_ENDING:
    case H1_DEAD:
        return;
    }
}

static void on_drained(struct mux_flow *flow)
{
    struct h1 *h1 = container_of(flow, struct h1, flow);
    if (h1->phase == H1_STREAM && h1->side.events != NULL) {
        h1->side.events->on_send(h1->side.owner, &h1->side);
    } else if (h1->phase == H1_LINGER && chunk_queue_is_empty(&flow->output) &&
               (!flow->wants_input || flow_has_ended(flow))) {
        destroy(h1, false);
    }
}

static void on_failed(struct mux_flow *flow)
{
    struct h1 *h1 = container_of(flow, struct h1, flow);
    struct mux_stream *side = &h1->side;
    switch (h1->phase) {
    case H1_IDLE:
    case H1_HEAD:
        end_without_request(h1);
        return;
    case H1_LINGER:
    case H1_DRAIN:
        destroy(h1, false);
        return;
    case H1_STREAM:
        if (side->events == NULL) {
            return;
        }
        if (h1->receiving != H1_DIRECTION_DONE && !chunk_queue_is_empty(&flow->input)) {
            side->events->on_receive(side->owner, side); /* what came before is still good */
        } else {
            bool is_unsent = !h1->base.is_client_side && h1->receiving == H1_DIRECTION_HEAD;
            side->events->on_abort(side->owner, side,
                                   is_unsent ? MUX_ABORT_UNSENT : MUX_ABORT_CLOSED);
        }
        return;
    case H1_ENDING:
    case H1_DEAD:
        return;
    }
}

static const struct mux_flow_events H1_FLOW_EVENTS = {
    .on_input = on_input,
    .on_drained = on_drained,
    .on_failed = on_failed,
    .on_later = on_later,
};

/* ---- the mux as a whole ---- */

static enum result open_stream(struct mux *mux, const struct stream_events *events, void *owner,
                               struct mux_stream **out)
{
    struct h1 *h1 = h1_of_mux(mux);
    if (h1->phase != H1_IDLE || h1->flow.has_failed) {
        return RESULT_FULL;
    }
    h1->phase = H1_STREAM;
    h1->exchanges++;
    h1->flow.connection->reads_for = WAIT_WINDOW;
    h1->side.events = events;
    h1->side.owner = owner;
    h1->side.began_us = now_us(h1);
    flow_want_input(&h1->flow, true);
    *out = &h1->side;
    return RESULT_OK;
}

static bool is_available(const struct mux *mux)
{
    const struct h1 *h1 = h1_of_mux(mux);
    return h1->phase == H1_IDLE && !h1->is_retired && !h1->flow.has_failed;
}

static void retire(struct mux *mux)
{
    struct h1 *h1 = h1_of_mux(mux);
    h1->is_retired = true;
    if (h1->phase == H1_IDLE) {
        flow_later(&h1->flow);
    }
}

static void destroy_mux(struct mux *mux, enum mux_abort reason)
{
    struct h1 *h1 = h1_of_mux(mux);
    struct mux_stream *side = &h1->side;
    h1->is_aborted = true;
    if (h1->phase == H1_STREAM && side->events != NULL) {
        h1->must_close = true;
        side->events->on_abort(side->owner, side, reason);
        return; /* the stream lets go of its side, and the connection follows */
    }
    if (h1->phase != H1_ENDING) {
        destroy(h1, false);
    }
}

static void describe(const struct mux_stream *side, struct text *text)
{
    static const char *const PHASES[] = {"idle",  "head",   "stream", "ending",
                                         "drain", "linger", "dead"};
    static const char *const DIRECTIONS[] = {"head", "body", "done"};
    const struct h1 *h1 = h1_of_side(side);
    text_append_format(text, "h1 phase=%s rx=%s tx=%s in=%zu out=%zu req=%u", PHASES[h1->phase],
                       DIRECTIONS[h1->receiving], DIRECTIONS[h1->sending], h1->flow.input.bytes,
                       h1->flow.output.bytes, h1->exchanges);
}

const struct mux_ops MUX_H1 = {
    .name = "H1",
    .is_http = true,
    .has_streams = false,
    .receive_head = h1_receive_head,
    .receive_body = h1_receive_body,
    .trailers = h1_trailers,
    .send_head = h1_send_head,
    .send_body = h1_send_body,
    .send_end = h1_send_end,
    .is_flushed = h1_is_flushed,
    .release = release_side,
    .describe = describe,
    .open = open_stream,
    .is_available = is_available,
    .retire = retire,
    .destroy = destroy_mux,
};

struct pool *mux_h1_pool_create(struct memory *memory)
{
    return pool_create(memory, "mux_h1", sizeof(struct h1), POOL_SHARED);
}

enum result mux_h1_create(struct pool *pool, struct connection *connection,
                          const struct mux_options *options, const struct mux_events *events,
                          void *owner, struct mux **out)
{
    struct h1 *h1 = pool_take_zeroed(pool, &connection->account);
    if (h1 == NULL) {
        return RESULT_NO_MEMORY;
    }
    h1->pool = pool;
    h1->base = (struct mux){.ops = &MUX_H1,
                            .connection = connection,
                            .options = options,
                            .events = events,
                            .owner = owner,
                            .is_client_side = connection->is_client_side};
    h1->side.mux = &h1->base;
    size_t window = size_max(options->window_bytes, options->head_bytes_max);
    flow_init(&h1->flow, connection, window, &H1_FLOW_EVENTS);
    event_timer_init(&h1->timer, connection->transport->loop, on_timer);
    event_deferred_init(&h1->release, on_release);
    h1_reset_exchange(h1);
    if (connection->is_client_side) {
        start_client_idle(h1);
    } else {
        h1->phase = H1_IDLE;
    }
    *out = &h1->base;
    return RESULT_OK;
}
