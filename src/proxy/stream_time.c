/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's time: one timer for all of its timeouts. Which side is waited for follows from the
 * state and the relay; each side's clock starts at its last sign of life. A deadline that passed
 * ends the stream, tries again or answers, as HAProxy's manual says of each timeout. No memory of
 * its own.
 */
#include "base/number.h"
#include "proxy/stream_internal.h"

enum {
    STATUS_REQUEST_TIMEOUT = 408,
    STATUS_SERVICE_UNAVAILABLE = 503,
    STATUS_GATEWAY_TIMEOUT = 504,
};

static uint64_t after(uint64_t since_ms, uint32_t timeout_ms)
{
    return timeout_ms == 0 ? TIME_NEVER : since_ms + timeout_ms;
}

static uint32_t chosen(uint32_t by_rule_ms, uint32_t configured_ms)
{
    return by_rule_ms != 0 ? by_rule_ms : configured_ms;
}

static uint32_t client_timeout(const struct stream *stream)
{
    const struct proxy_timeouts *timeouts = &stream->frontend->settings->timeouts;
    uint32_t timeout_ms = chosen(stream->settings.client_timeout_ms, timeouts->client_ms);
    if (stream->state != STREAM_RELAY || !stream->is_tunnel) {
        return timeout_ms;
    }
    if (stream->down.end_sent && timeouts->client_fin_ms != 0) {
        return timeouts->client_fin_ms;
    }
    const struct proxy_timeouts *backend = &stream->backend->settings->timeouts;
    return chosen(chosen(stream->settings.tunnel_timeout_ms, backend->tunnel_ms), timeout_ms);
}

static uint32_t server_timeout(const struct stream *stream)
{
    const struct proxy_timeouts *timeouts = &stream->backend->settings->timeouts;
    uint32_t timeout_ms = chosen(stream->settings.server_timeout_ms, timeouts->server_ms);
    if (stream->state != STREAM_RELAY || !stream->is_tunnel) {
        return timeout_ms;
    }
    if (stream->up.end_sent && timeouts->server_fin_ms != 0) {
        return timeouts->server_fin_ms;
    }
    return chosen(chosen(stream->settings.tunnel_timeout_ms, timeouts->tunnel_ms), timeout_ms);
}

/* Whether the client must move: to send more of its request, or to read what waits for it. */
static bool waits_for_client(const struct stream *stream)
{
    bool reads = stream->down.is_blocked;
    bool sends = !stream->up.has_ended && !stream->up.is_dropped && !stream->up.is_blocked;
    switch (stream->state) {
    case STREAM_HEAD:
    case STREAM_RULES:
    case STREAM_RESPONSE:
        return sends;
    case STREAM_REPLY:
        return reads;
    case STREAM_RELAY:
        return reads || sends;
    case STREAM_TARPIT:
    case STREAM_ASSIGN:
    case STREAM_QUEUE:
    case STREAM_CONNECT:
    case STREAM_SEND_HEAD:
    case STREAM_ANSWER:
    case STREAM_CLOSED:
    case STREAM_STATES:
        break;
    }
    return false;
}

/* Whether the server must move: to take more of the request, or to send its response. */
static bool waits_for_server(const struct stream *stream)
{
    bool reads = stream->up.is_blocked;
    switch (stream->state) {
    case STREAM_RESPONSE:
        return reads || stream->up.has_ended || stream->up.is_dropped;
    case STREAM_ANSWER:
        return true;
    case STREAM_RELAY:
        return reads || (!stream->down.has_ended && !stream->down.is_blocked);
    case STREAM_HEAD:
    case STREAM_RULES:
    case STREAM_TARPIT:
    case STREAM_ASSIGN:
    case STREAM_QUEUE:
    case STREAM_CONNECT:
    case STREAM_SEND_HEAD:
    case STREAM_REPLY:
    case STREAM_CLOSED:
    case STREAM_STATES:
        break;
    }
    return false;
}

static uint64_t client_deadline(const struct stream *stream)
{
    return waits_for_client(stream) ? after(stream->client_active_ms, client_timeout(stream))
                                    : TIME_NEVER;
}

static uint64_t server_deadline(const struct stream *stream)
{
    return waits_for_server(stream) ? after(stream->server_active_ms, server_timeout(stream))
                                    : TIME_NEVER;
}

void stream_update_timer(struct stream *stream)
{
    uint64_t deadline_ms = stream->state_deadline_ms;
    uint64_t client_ms = client_deadline(stream);
    uint64_t server_ms = server_deadline(stream);
    deadline_ms = client_ms < deadline_ms ? client_ms : deadline_ms;
    deadline_ms = server_ms < deadline_ms ? server_ms : deadline_ms;
    event_timer_set_at(&stream->timer, deadline_ms);
}

static enum progress close_stream(struct stream *stream, char cause, char phase)
{
    stream_note_end(stream, cause, phase);
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

/* The time that the state allows is over. */
static enum progress state_expired(struct stream *stream)
{
    switch (stream->state) {
    case STREAM_RULES:
        if (stream->stage == STAGE_BUFFER) {
            stream_note_end(stream, 'c', 'R');
            return stream_reply_status(stream, STATUS_REQUEST_TIMEOUT);
        }
        stream->inspection_over = stream->deadline_ends_inspection;
        stream->state_deadline_ms = TIME_NEVER;
        return PROGRESS_AGAIN;
    case STREAM_ANSWER:
        stream->inspection_over = stream->deadline_ends_inspection;
        stream->state_deadline_ms = TIME_NEVER;
        return PROGRESS_AGAIN;
    case STREAM_QUEUE:
        queue_cancel(&stream->queue);
        stream_note_end(stream, 's', 'Q');
        return stream->is_tcp ? close_stream(stream, 's', 'Q')
                              : stream_reply_status(stream, STATUS_SERVICE_UNAVAILABLE);
    case STREAM_CONNECT:
        if (stream->server_link == NULL) { /* the pause before the next try */
            stream->state_deadline_ms = TIME_NEVER;
            return PROGRESS_AGAIN;
        }
        return stream_server_failed(stream, RETRY_CONN_FAILURE, STATUS_SERVICE_UNAVAILABLE, 's',
                                    'C');
    case STREAM_TARPIT:
        return PROGRESS_AGAIN;
    case STREAM_HEAD:
    case STREAM_ASSIGN:
    case STREAM_SEND_HEAD:
    case STREAM_RESPONSE:
    case STREAM_RELAY:
    case STREAM_REPLY:
    case STREAM_CLOSED:
    case STREAM_STATES:
        break;
    }
    stream->state_deadline_ms = TIME_NEVER;
    return PROGRESS_WAIT;
}

static enum progress client_expired(struct stream *stream)
{
    stream->client_abort = MUX_ABORT_TIMEOUT;
    switch (stream->state) {
    case STREAM_RULES:
    case STREAM_HEAD:
        stream->client_abort = MUX_ABORT_NONE;
        stream_note_end(stream, 'c', 'R');
        return stream->is_tcp ? close_stream(stream, 'c', 'R')
                              : stream_reply_status(stream, STATUS_REQUEST_TIMEOUT);
    case STREAM_RESPONSE:
        stream->client_abort = MUX_ABORT_NONE;
        stream_note_end(stream, 'c', 'D');
        stream->final_server = stream->assigned;
        stream_release_server(stream, true);
        return stream_reply_status(stream, STATUS_REQUEST_TIMEOUT);
    case STREAM_RELAY:
    case STREAM_REPLY:
    case STREAM_TARPIT:
    case STREAM_ASSIGN:
    case STREAM_QUEUE:
    case STREAM_CONNECT:
    case STREAM_SEND_HEAD:
    case STREAM_ANSWER:
    case STREAM_CLOSED:
    case STREAM_STATES:
        break;
    }
    return close_stream(stream, 'c', 'D');
}

static enum progress server_expired(struct stream *stream)
{
    if (stream->state == STREAM_RESPONSE) {
        return stream_server_failed(stream, RETRY_RESPONSE_TIMEOUT, STATUS_GATEWAY_TIMEOUT, 's',
                                    'H');
    }
    stream->server_abort = MUX_ABORT_TIMEOUT;
    return close_stream(stream, 's', stream->state == STREAM_ANSWER ? 'H' : 'D');
}

enum progress stream_check_deadlines(struct stream *stream)
{
    uint64_t now_ms = stream_now_ms(stream);
    if (now_ms >= stream->state_deadline_ms) {
        return state_expired(stream);
    }
    if (now_ms >= server_deadline(stream)) {
        return server_expired(stream);
    }
    if (now_ms >= client_deadline(stream)) {
        return client_expired(stream);
    }
    return PROGRESS_WAIT;
}
