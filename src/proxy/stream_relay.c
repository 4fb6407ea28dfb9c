/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay: body bytes from one side's mux to the other's, by reference, at most a window each
 * way. Pressure travels by itself: what the receiver does not take stays in the queue, and a full
 * queue is not filled. A message that cannot be completed is never ended as if it were whole: its
 * receiver sees a broken one. TCP sessions and tunnels end one direction at a time.
 */
#include "mux/tcp.h"
#include "proxy/stream_internal.h"

/* What moving a direction on came to. */
enum relay_result {
    RELAY_WAITS, /* for either side */
    RELAY_ENDED, /* all passed on, with its end */
    RELAY_NO_MEMORY,
    RELAY_SENDER_FAILED,
    RELAY_RECEIVER_FAILED,
};

static enum relay_result relay_end(struct stream_direction *direction, struct mux_stream *from,
                                   struct mux_stream *to)
{
    if (direction->end_sent) {
        return RELAY_ENDED;
    }
    const struct http_fields *trailers = from->mux->ops->trailers(from);
    switch (to->mux->ops->send_end(to, trailers)) {
    case RESULT_OK:
        direction->end_sent = true;
        return RELAY_ENDED;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return RELAY_NO_MEMORY;
    case RESULT_BLOCKED:
        return RELAY_WAITS;
    case RESULT_END:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return RELAY_RECEIVER_FAILED;
}

static enum relay_result send_queue(struct stream *stream, struct stream_direction *direction,
                                    struct mux_stream *to, uint64_t *receiver_active_ms)
{
    if (direction == &stream->up) {
        stream_replay_keep(stream);
    }
    size_t before = direction->queue.bytes;
    enum result result = to->mux->ops->send_body(to, &direction->queue);
    size_t sent = before - direction->queue.bytes;
    direction->bytes += sent;
    if (sent > 0) {
        *receiver_active_ms = stream_now_ms(stream);
    }
    switch (result) {
    case RESULT_OK:
        direction->is_blocked = false;
        return RELAY_ENDED;
    case RESULT_BLOCKED:
        direction->is_blocked = true;
        return RELAY_WAITS;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return RELAY_NO_MEMORY;
    case RESULT_END:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return RELAY_RECEIVER_FAILED;
}

static enum relay_result receive_queue(struct stream *stream, struct stream_direction *direction,
                                       struct mux_stream *from, uint64_t *sender_active_ms)
{
    switch (from->mux->ops->receive_body(from, &direction->queue, stream_window(stream))) {
    case RESULT_OK:
        *sender_active_ms = stream_now_ms(stream);
        return RELAY_ENDED;
    case RESULT_END:
        direction->has_ended = true;
        return RELAY_ENDED;
    case RESULT_BLOCKED:
        return RELAY_WAITS;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return RELAY_NO_MEMORY;
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return RELAY_SENDER_FAILED;
}

/* Whether options ask for the kernel's way: at once for one direction, or (auto) once it has shown
 * that much goes through. */
static bool wants_splice(const struct stream *stream, const struct stream_direction *direction)
{
    enum { AUTO_BYTES = 64 * 1024 };
    if (!stream->is_tcp || stream->state != STREAM_RELAY || direction->bytes == 0) {
        return false;
    }
    uint64_t options = stream->frontend->settings->options | stream->backend->settings->options;
    uint64_t wanted = direction == &stream->up ? OPTION_SPLICE_REQUEST : OPTION_SPLICE_RESPONSE;
    bool is_much = direction->bytes >= AUTO_BYTES;
    return (options & wanted) != 0 || ((options & OPTION_SPLICE_AUTO) != 0 && is_much);
}

/* As relay, inside the kernel; RELAY_ENDED when chunks must do it, or the end is to be sent. */
static enum relay_result relay_spliced(struct stream *stream, struct stream_direction *direction,
                                       struct mux_stream *from, struct mux_stream *to,
                                       uint64_t *sender_active_ms, uint64_t *receiver_active_ms)
{
    size_t count = 0;
    uint64_t received = from->bytes_received;
    enum result result = mux_tcp_splice(&stream->worker->pipes, &direction->pipe, from, to, &count);
    direction->bytes += count;
    direction->is_blocked = result == RESULT_BLOCKED && direction->pipe.held > 0;
    if (count > 0) {
        *receiver_active_ms = stream_now_ms(stream);
    }
    if (from->bytes_received > received) {
        *sender_active_ms = stream_now_ms(stream);
    }
    switch (result) {
    case RESULT_OK:
    case RESULT_FULL:
        return RELAY_ENDED;
    case RESULT_END:
        direction->has_ended = true;
        return RELAY_ENDED;
    case RESULT_BLOCKED:
        return RELAY_WAITS;
    case RESULT_INVALID:
        return RELAY_RECEIVER_FAILED;
    case RESULT_NO_MEMORY:
    case RESULT_NOT_FOUND:
    case RESULT_FAILED:
        break;
    }
    return RELAY_SENDER_FAILED;
}

/* Moves one direction on until it must wait. RELAY_ENDED only when its end was passed on. */
static enum relay_result relay(struct stream *stream, struct stream_direction *direction,
                               struct mux_stream *from, struct mux_stream *to,
                               uint64_t *sender_active_ms, uint64_t *receiver_active_ms)
{
    for (;;) {
        enum relay_result result;
        if (!chunk_queue_is_empty(&direction->queue)) {
            result = send_queue(stream, direction, to, receiver_active_ms);
        } else if (direction->has_ended) {
            return relay_end(direction, from, to);
        } else {
            result = wants_splice(stream, direction)
                         ? relay_spliced(stream, direction, from, to, sender_active_ms,
                                         receiver_active_ms)
                         : RELAY_ENDED;
            if (result == RELAY_ENDED && !direction->has_ended) {
                result = receive_queue(stream, direction, from, sender_active_ms);
            }
        }
        if (result != RELAY_ENDED) {
            return result;
        }
    }
}

static enum relay_result relay_request(struct stream *stream)
{
    return relay(stream, &stream->up, stream->client, stream->server, &stream->client_active_ms,
                 &stream->server_active_ms);
}

static enum relay_result relay_response(struct stream *stream)
{
    return relay(stream, &stream->down, stream->server, stream->client, &stream->server_active_ms,
                 &stream->client_active_ms);
}

/* The server takes no more; before its response another try may still need what waits. */
static void drop_request(struct stream *stream)
{
    stream->up.is_dropped = true;
    if (stream->state == STREAM_RELAY) {
        chunk_queue_clear(&stream->up.queue);
    }
}

enum progress stream_relay_up(struct stream *stream)
{
    if (stream->up.is_dropped || stream->up.end_sent) {
        return PROGRESS_WAIT;
    }
    switch (relay_request(stream)) {
    case RELAY_WAITS:
    case RELAY_ENDED:
        return PROGRESS_WAIT;
    case RELAY_NO_MEMORY:
        return stream_wait_for_memory(stream);
    case RELAY_RECEIVER_FAILED: /* its response may be on the way all the same */
        drop_request(stream);
        return PROGRESS_WAIT;
    case RELAY_SENDER_FAILED:
        break;
    }
    stream_note_end(stream, 'C', 'D');
    stream->client_abort = MUX_ABORT_CLOSED;
    stream->backend->backend.counters.client_aborts++;
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

/* ---- after the response head ---- */

static enum progress end_broken(struct stream *stream, char cause)
{
    struct counters *backend = &stream->backend->backend.counters;
    stream_note_end(stream, cause, 'D');
    if (cause == 'C') {
        backend->client_aborts++;
        stream->client_abort = MUX_ABORT_CLOSED;
    } else {
        backend->server_aborts++;
        stream->assigned->counters.server_aborts++;
        stream->server_abort = MUX_ABORT_CLOSED;
    }
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

/* A raw session whose one side is gone: what the other still has to get is sent, then it ends. */
static bool is_over(const struct stream *stream)
{
    if (!stream->is_tcp && !stream->is_tunnel) {
        return stream->down.end_sent;
    }
    bool up_over = stream->up.end_sent || stream->up.is_dropped;
    return up_over && stream->down.end_sent;
}

enum progress stream_step_relay(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        return end_broken(stream, 'C');
    }
    if (!stream->up.is_dropped && !stream->up.end_sent) {
        enum relay_result result = relay_request(stream);
        if (result == RELAY_SENDER_FAILED) {
            return end_broken(stream, 'C');
        }
        if (result == RELAY_RECEIVER_FAILED) {
            drop_request(stream);
        } else if (result == RELAY_NO_MEMORY) {
            (void)stream_wait_for_memory(stream);
        }
    }
    switch (stream->down.end_sent ? RELAY_ENDED : relay_response(stream)) {
    case RELAY_ENDED:
    case RELAY_WAITS:
        break;
    case RELAY_NO_MEMORY:
        return stream_wait_for_memory(stream);
    case RELAY_RECEIVER_FAILED:
        return end_broken(stream, 'C');
    case RELAY_SENDER_FAILED:
        return end_broken(stream, 'S');
    }
    if (is_over(stream)) {
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    return PROGRESS_WAIT;
}
