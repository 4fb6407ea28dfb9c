/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux, receiving: heads parsed in place at the front of the input, bodies cut out of
 * it by reference, trailers copied. A head must be contiguous; when pipelining or a slow peer
 * spread it over chunks it is pulled up once. Bounded by head_bytes_max, the flow's window and
 * tune.http.maxhdr (RFC 9112 2 to 7).
 */
#include "base/number.h"
#include "mux/h1_internal.h"

enum {
    STATUS_BAD_REQUEST = 400,
    STATUS_BAD_GATEWAY = 502,
    STATUS_SWITCHING = 101,
    STATUS_OK = 200,
    STATUS_REDIRECTION = 300,
};

enum result h1_contiguous_input(struct h1 *h1, struct slice *bytes)
{
    struct chunk_queue *input = &h1->flow.input;
    *bytes = chunk_queue_front(input);
    if (bytes->length == input->bytes || bytes->length >= h1->base.options->head_bytes_max) {
        return RESULT_OK;
    }
    struct connection *connection = h1->flow.connection;
    size_t wanted = size_min(input->bytes, h1->base.options->head_bytes_max);
    bool is_before_stream = connection->reads_for == WAIT_REQUEST;
    if (is_before_stream && !memory_has_room(connection->transport->ledger, WAIT_REQUEST, wanted)) {
        return RESULT_NO_MEMORY;
    }
    return chunk_queue_pull_up(input, connection->transport->chunks, &connection->account, wanted,
                               bytes);
}

static void begin_receiving_body(struct h1 *h1, const struct http_message *message)
{
    h1->receive_kind = message->body;
    http1_body_begin(&h1->body, message);
    h1->receiving = message->body == HTTP_BODY_NONE || h1->body.state == HTTP1_BODY_DONE
                        ? H1_DIRECTION_DONE
                        : H1_DIRECTION_BODY;
}

static void take_head(struct h1 *h1)
{
    h1->side.bytes_received += h1->head_length;
    chunk_queue_drop(&h1->flow.input, h1->head_length);
    h1->head_length = 0;
    h1->head_scanned = 0;
    flow_input_taken(&h1->flow);
}

static enum result refuse(struct h1 *h1, struct mux_refusal *refusal, uint16_t status,
                          enum mux_abort cause)
{
    refusal->status = status;
    refusal->cause = cause;
    refusal->bytes = chunk_queue_front(&h1->flow.input);
    h1->must_close = true;
    return RESULT_INVALID;
}

static enum result receive_request_head(struct h1 *h1, struct http_message *message,
                                        struct mux_refusal *refusal)
{
    if (h1->refusal_cause != MUX_ABORT_NONE) {
        h1->receiving = H1_DIRECTION_DONE;
        return refuse(h1, refusal, h1->refusal_status, h1->refusal_cause);
    }
    struct slice front;
    enum result result = h1_contiguous_input(h1, &front);
    if (result != RESULT_OK) {
        return result;
    }
    result = http1_parse_request(slice_first(front, h1->head_length), h1->flow.input.first->chunk,
                                 &h1->base.options->http1, message, &refusal->error);
    if (result == RESULT_NO_MEMORY) {
        return result;
    }
    if (result != RESULT_OK) {
        h1->receiving = H1_DIRECTION_DONE;
        return refuse(h1, refusal, refusal->error.status, MUX_ABORT_MALFORMED);
    }
    h1->method = message->method_id;
    h1->peer_is_http10 = message->version < HTTP_VERSION_1_1;
    h1->peer_keeps_alive = !message->wants_close;
    h1->must_close = h1->must_close || message->wants_close || !h1->base.options->keep_alive;
    take_head(h1);
    begin_receiving_body(h1, message);
    return RESULT_OK;
}

/* A head that cannot be complete any more: too large, or the server ended inside it. */
static enum result incomplete_response(struct h1 *h1, size_t input_bytes,
                                       struct mux_refusal *refusal)
{
    if (input_bytes >= h1->base.options->head_bytes_max) {
        return refuse(h1, refusal, STATUS_BAD_GATEWAY, MUX_ABORT_MALFORMED);
    }
    if (h1->flow.has_failed || h1->flow.connection->read_ended) {
        h1->must_close = true;
        return RESULT_FAILED;
    }
    flow_retry(&h1->flow);
    return RESULT_BLOCKED;
}

static bool is_tunnel_response(const struct h1 *h1, const struct http_message *message)
{
    bool is_success = message->status >= STATUS_OK && message->status < STATUS_REDIRECTION;
    return message->status == STATUS_SWITCHING || (h1->method == HTTP_METHOD_CONNECT && is_success);
}

static enum result receive_response_head(struct h1 *h1, struct http_message *message,
                                         struct mux_refusal *refusal)
{
    struct slice front;
    enum result result = h1_contiguous_input(h1, &front);
    if (result != RESULT_OK) {
        return result;
    }
    if (front.length > 0 &&
        front.data[0] != 'H') { /* no status line begins like this, and none will */
        refusal->error.reason = "a status line is expected";
        return refuse(h1, refusal, STATUS_BAD_GATEWAY, MUX_ABORT_MALFORMED);
    }
    result = http1_find_head(front, &h1->head_scanned, &h1->head_length);
    if (result == RESULT_BLOCKED) {
        return incomplete_response(h1, front.length, refusal);
    }
    result = http1_parse_response(slice_first(front, h1->head_length), h1->flow.input.first->chunk,
                                  h1->method, &h1->base.options->http1, message, &refusal->error);
    if (result == RESULT_NO_MEMORY) {
        return result;
    }
    if (result != RESULT_OK) {
        return refuse(h1, refusal, STATUS_BAD_GATEWAY, MUX_ABORT_MALFORMED);
    }
    if (message->status == STATUS_SWITCHING && !h1->asked_upgrade) { /* RFC 9110 15.2.2 */
        return refuse(h1, refusal, STATUS_BAD_GATEWAY, MUX_ABORT_MALFORMED);
    }
    take_head(h1);
    if (is_tunnel_response(h1, message)) {
        h1_begin_tunnel(h1);
    } else if (message->status >= STATUS_OK) {
        h1->must_close = h1->must_close || message->wants_close;
        begin_receiving_body(h1, message);
    }
    return RESULT_OK;
}

enum result h1_receive_head(struct mux_stream *side, struct http_message *message,
                            struct mux_refusal *refusal)
{
    struct h1 *h1 = h1_of_side(side);
    if (h1->receiving != H1_DIRECTION_HEAD) {
        return RESULT_FAILED;
    }
    return h1->base.is_client_side ? receive_request_head(h1, message, refusal)
                                   : receive_response_head(h1, message, refusal);
}

void h1_begin_tunnel(struct h1 *h1)
{
    h1->body = (struct http1_body){.remaining = UINT64_MAX, .state = HTTP1_BODY_DATA};
    h1->receive_kind = HTTP_BODY_TUNNEL;
    h1->receiving = H1_DIRECTION_BODY;
    h1->send_kind = HTTP_BODY_TUNNEL;
    h1->sending = H1_DIRECTION_BODY;
    h1->must_close = true;
}

static enum result receive_trailers(struct h1 *h1)
{
    struct slice front;
    enum result result = h1_contiguous_input(h1, &front);
    if (result != RESULT_OK) {
        return result;
    }
    struct connection *connection = h1->flow.connection;
    const struct mux_options *options = h1->base.options;
    if (!h1->has_trailers) {
        arena_init(&h1->trailers_arena, connection->transport->chunks, &connection->account,
                   options->head_bytes_max +
                       http_fields_arena_bytes(connection->transport->chunks, options->fields_max));
        http_fields_init(&h1->trailers, &h1->trailers_arena, options->fields_max);
        h1->has_trailers = true;
    }
    size_t length = 0;
    result = http1_parse_trailers(&h1->body, front, &h1->trailers, &length);
    if (result == RESULT_OK) {
        h1->side.bytes_received += length;
        chunk_queue_drop(&h1->flow.input, length);
        h1->receiving = H1_DIRECTION_DONE;
    } else if (result == RESULT_BLOCKED && front.length >= options->head_bytes_max) {
        result = RESULT_INVALID;
    }
    return result;
}

/* No byte is there: the end of the body, of the connection, or a pause. */
static enum result without_input(struct h1 *h1)
{
    if (!flow_has_ended(&h1->flow)) {
        flow_retry(&h1->flow);
        return RESULT_BLOCKED;
    }
    bool ends_by_close =
        h1->receive_kind == HTTP_BODY_CLOSE || h1->receive_kind == HTTP_BODY_TUNNEL;
    if (ends_by_close && !h1->flow.has_failed) {
        h1->receiving = H1_DIRECTION_DONE;
        h1->must_close = true;
        return RESULT_END;
    }
    h1->must_close = true;
    return RESULT_FAILED;
}

/* One step through the framing; RESULT_OK when it got on, whether or not body bytes moved. */
static enum result receive_piece(struct h1 *h1, struct chunk_queue *queue, size_t bytes_max)
{
    struct chunk_queue *input = &h1->flow.input;
    if (h1->body.state == HTTP1_BODY_TRAILERS && input->bytes > 0) {
        return receive_trailers(h1);
    }
    struct slice front = chunk_queue_front(input);
    if (front.length == 0) {
        return without_input(h1);
    }
    struct http1_body before = h1->body;
    front = slice_first(front, bytes_max);
    size_t skip = 0;
    size_t data = 0;
    enum result result = http1_body_next(&h1->body, front, &skip, &data);
    if (result == RESULT_INVALID || (result == RESULT_BLOCKED && skip == 0)) {
        return result;
    }
    if (skip > 0 &&
        data > 0) { /* framing first: the data come in the next step, which can be refused alone */
        h1->body = before;
        data = 0;
        result = http1_body_next(&h1->body, slice_first(front, skip), &skip, &data);
    } else if (data > 0) {
        enum result moved = chunk_queue_move(queue, input, data, &h1->flow.connection->account);
        if (moved != RESULT_OK) {
            h1->body = before;
            return moved;
        }
    }
    chunk_queue_drop(input, skip);
    h1->side.bytes_received += skip + data;
    if (h1->body.state == HTTP1_BODY_DONE) {
        h1->receiving = H1_DIRECTION_DONE;
    }
    return result == RESULT_BLOCKED || result == RESULT_END ? RESULT_OK : result;
}

enum result h1_receive_body(struct mux_stream *side, struct chunk_queue *queue, size_t bytes_max)
{
    struct h1 *h1 = h1_of_side(side);
    size_t before = queue->bytes;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && h1->receiving == H1_DIRECTION_BODY &&
           queue->bytes - before < bytes_max) {
        result = receive_piece(h1, queue, bytes_max - (queue->bytes - before));
    }
    flow_input_taken(&h1->flow);
    if (queue->bytes > before) {
        return RESULT_OK;
    }
    if (h1->receiving == H1_DIRECTION_DONE) {
        return RESULT_END;
    }
    if (h1->receiving == H1_DIRECTION_HEAD) {
        return RESULT_BLOCKED;
    }
    bool is_malformed = result == RESULT_INVALID || result == RESULT_FULL;
    return is_malformed ? RESULT_FAILED : result;
}

const struct http_fields *h1_trailers(const struct mux_stream *side)
{
    const struct h1 *h1 = h1_of_side(side);
    return h1->has_trailers && h1->trailers.count > 0 ? &h1->trailers : NULL;
}

enum result h1_drop_body(struct h1 *h1)
{
    struct chunk_queue dropped = {0};
    enum result result = RESULT_OK;
    while (result == RESULT_OK) {
        result = h1_receive_body(&h1->side, &dropped, h1->flow.window_bytes);
        chunk_queue_clear(&dropped);
    }
    return result;
}
