/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux, sending: heads written by the codec, bodies framed by length, chunks or close
 * as the peer's version and the message allow. Body bytes are moved by reference; only chunk lines
 * are written. Bounded by the flow's window: what does not fit stays with the caller (RFC 9112 6,
 * 7, 9).
 */
#include <string.h>

#include "base/number.h"
#include "mux/h1_internal.h"

enum { STATUS_SWITCHING = 101, STATUS_OK = 200, STATUS_REDIRECTION = 300 };

static enum result append_small(struct h1 *h1, const char *bytes, size_t length)
{
    struct connection *connection = h1->flow.connection;
    struct iovec room;
    enum result result = chunk_queue_reserve(&h1->flow.output, connection->transport->chunks,
                                             CHUNK_SMALL, &connection->account, length, &room);
    if (result == RESULT_OK) {
        memcpy(room.iov_base, bytes, length);
        chunk_queue_commit(&h1->flow.output, length);
    }
    return result;
}

static enum result write_head(struct h1 *h1, const struct http_message *message,
                              const struct http1_write_options *options)
{
    struct connection *connection = h1->flow.connection;
    size_t before = h1->flow.output.bytes;
    enum result result = http1_write_head(message, options, &h1->flow.output,
                                          connection->transport->chunks, &connection->account);
    if (result == RESULT_OK) {
        h1->side.bytes_sent += h1->flow.output.bytes - before;
        flow_send(&h1->flow);
    }
    return result;
}

static void begin_sending_body(struct h1 *h1, enum http_body kind, uint64_t length)
{
    h1->send_kind = kind;
    h1->send_remaining = length;
    bool is_empty = kind == HTTP_BODY_NONE || (kind == HTTP_BODY_LENGTH && length == 0);
    h1->sending = is_empty ? H1_DIRECTION_DONE : H1_DIRECTION_BODY;
}

static enum result send_request_head(struct h1 *h1, const struct http_message *message)
{
    struct http1_write_options options = {
        .close =
            (!h1->base.options->keep_alive || http1_asks_close(message)) && !message->wants_upgrade,
        .absolute_form = message->target_form == HTTP_TARGET_ABSOLUTE,
        .chunked = message->body == HTTP_BODY_CHUNKED,
    };
    enum result result = write_head(h1, message, &options);
    if (result == RESULT_OK) {
        h1->method = message->method_id;
        h1->asked_upgrade = message->wants_upgrade;
        h1->must_close = h1->must_close || options.close;
        begin_sending_body(h1, message->body, message->content_length);
    }
    return result;
}

/* A body of unknown length goes out in chunks, to HTTP/1.0 clients until close. */
static enum http_body response_framing(const struct h1 *h1, const struct http_message *message)
{
    bool is_unknown = message->body == HTTP_BODY_CHUNKED || message->body == HTTP_BODY_CLOSE;
    if (!is_unknown) {
        return message->body;
    }
    return h1->peer_is_http10 ? HTTP_BODY_CLOSE : HTTP_BODY_CHUNKED;
}

static enum result send_final_head(struct h1 *h1, const struct http_message *message)
{
    bool is_tunnel = message->status == STATUS_SWITCHING ||
                     (h1->method == HTTP_METHOD_CONNECT && message->status >= STATUS_OK &&
                      message->status < STATUS_REDIRECTION);
    enum http_body framing = response_framing(h1, message);
    bool must_close = h1->must_close || h1->is_retired || framing == HTTP_BODY_CLOSE ||
                      message->wants_close || http1_asks_close(message);
    struct http1_write_options options = {
        .close = must_close && !is_tunnel,
        .keep_alive = h1->peer_is_http10 && h1->peer_keeps_alive && !must_close,
        .chunked = framing == HTTP_BODY_CHUNKED,
    };
    enum result result = write_head(h1, message, &options);
    if (result != RESULT_OK) {
        return result;
    }
    h1->must_close = must_close;
    if (is_tunnel) {
        h1_begin_tunnel(h1);
    } else {
        begin_sending_body(h1, framing, message->content_length);
    }
    return RESULT_OK;
}

enum result h1_send_head(struct mux_stream *side, const struct http_message *message)
{
    struct h1 *h1 = h1_of_side(side);
    if (h1->flow.has_failed || h1->sending != H1_DIRECTION_HEAD) {
        return RESULT_FAILED;
    }
    if (!h1->base.is_client_side) {
        return send_request_head(h1, message);
    }
    if (message->status < STATUS_OK && message->status != STATUS_SWITCHING) {
        struct http1_write_options interim = {.close = false};
        return h1->peer_is_http10 ? RESULT_OK : write_head(h1, message, &interim);
    }
    return send_final_head(h1, message);
}

/* Moves `bytes` of the queue behind the output, between a chunk line and CRLF. All or nothing but
 * for memory shortage inside the move, which leaves the line promising what was moved. */
static enum result send_chunk(struct h1 *h1, struct chunk_queue *queue, size_t bytes)
{
    char line[HTTP1_CHUNK_HEADER_MAX];
    struct slice front = chunk_queue_front(queue);
    bool is_whole = bytes == queue->bytes;
    size_t length = is_whole ? bytes : size_min(bytes, front.length);
    struct connection *connection = h1->flow.connection;
    struct chunk_queue piece = {0};
    if (is_whole) {
        chunk_queue_move_all(&piece, queue);
    } else {
        enum result result = chunk_queue_move(&piece, queue, length, &connection->account);
        if (result != RESULT_OK && piece.bytes == 0) {
            return result;
        }
    }
    enum result result = append_small(h1, line, http1_write_chunk_header(line, piece.bytes));
    if (result == RESULT_OK) {
        size_t moved = piece.bytes;
        chunk_queue_move_all(&h1->flow.output, &piece);
        h1->side.bytes_sent += moved;
        h1->owes_crlf = true;
        return RESULT_OK;
    }
    chunk_queue_move_all(&piece, queue);
    chunk_queue_move_all(queue, &piece);
    return result;
}

/* The CRLF behind the last chunk's data, owed until there was memory for it. */
static enum result pay_crlf(struct h1 *h1)
{
    if (!h1->owes_crlf) {
        return RESULT_OK;
    }
    enum result result = append_small(h1, "\r\n", sizeof("\r\n") - 1);
    if (result == RESULT_OK) {
        h1->owes_crlf = false;
    }
    return result;
}

static enum result send_chunked(struct h1 *h1, struct chunk_queue *queue)
{
    while (!chunk_queue_is_empty(queue)) {
        enum result result = pay_crlf(h1);
        if (result == RESULT_OK && flow_is_full(&h1->flow)) {
            return RESULT_BLOCKED;
        }
        if (result == RESULT_OK) {
            size_t room = flow_room(&h1->flow);
            result = send_chunk(h1, queue, size_min(queue->bytes, room));
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return pay_crlf(h1);
}

static enum result send_raw(struct h1 *h1, struct chunk_queue *queue)
{
    while (!chunk_queue_is_empty(queue)) {
        if (flow_is_full(&h1->flow)) {
            return RESULT_BLOCKED;
        }
        size_t room = flow_room(&h1->flow);
        size_t bytes = queue->bytes;
        if (bytes <= room) {
            chunk_queue_move_all(&h1->flow.output, queue);
        } else {
            size_t before = h1->flow.output.bytes;
            enum result result =
                chunk_queue_move(&h1->flow.output, queue, room, &h1->flow.connection->account);
            bytes = h1->flow.output.bytes - before;
            if (result != RESULT_OK && bytes == 0) {
                return result;
            }
        }
        h1->side.bytes_sent += bytes;
        if (h1->send_kind == HTTP_BODY_LENGTH) {
            h1->send_remaining -= bytes;
        }
    }
    return RESULT_OK;
}

enum result h1_send_body(struct mux_stream *side, struct chunk_queue *queue)
{
    struct h1 *h1 = h1_of_side(side);
    if (h1->flow.has_failed || h1->sending == H1_DIRECTION_HEAD) {
        return RESULT_FAILED;
    }
    if (h1->sending == H1_DIRECTION_DONE) { /* HEAD, 204, 304: there is no place for it */
        chunk_queue_clear(queue);
        return RESULT_OK;
    }
    if (h1->send_kind == HTTP_BODY_LENGTH && queue->bytes > h1->send_remaining) {
        return RESULT_FAILED; /* more than was promised must never reach the peer */
    }
    enum result result =
        h1->send_kind == HTTP_BODY_CHUNKED ? send_chunked(h1, queue) : send_raw(h1, queue);
    if (h1->send_kind == HTTP_BODY_LENGTH && h1->send_remaining == 0) {
        h1->sending = H1_DIRECTION_DONE;
    }
    flow_send(&h1->flow);
    return result;
}

enum result h1_send_end(struct mux_stream *side, const struct http_fields *trailers)
{
    struct h1 *h1 = h1_of_side(side);
    if (h1->flow.has_failed || h1->sending == H1_DIRECTION_HEAD) {
        return RESULT_FAILED;
    }
    if (h1->sending == H1_DIRECTION_DONE) {
        return RESULT_OK;
    }
    if (h1->send_kind ==
        HTTP_BODY_LENGTH) { /* fewer than promised: the peer must see a broken message */
        h1->must_close = true;
        return RESULT_FAILED;
    }
    if (h1->send_kind == HTTP_BODY_CHUNKED) {
        struct connection *connection = h1->flow.connection;
        enum result result = pay_crlf(h1);
        if (result == RESULT_OK) {
            result = http1_write_last_chunk(trailers, &h1->flow.output,
                                            connection->transport->chunks, &connection->account);
        }
        if (result != RESULT_OK) {
            return result;
        }
        flow_send(&h1->flow);
    } else {
        flow_finish(&h1->flow);
    }
    h1->sending = H1_DIRECTION_DONE;
    return RESULT_OK;
}

bool h1_is_flushed(const struct mux_stream *side)
{
    const struct h1 *h1 = h1_of_side(side);
    return h1->sending == H1_DIRECTION_DONE && chunk_queue_is_empty(&h1->flow.output);
}
