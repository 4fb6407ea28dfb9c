/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The h3 mux, receiving requests (RFC 9114 4.1, 7.2): a HEADERS frame, whole before it is looked
 * at; DATA frames, whose bytes move by reference; trailers.
 *
 * What is not pulled stays in the QUIC stream, whose window then closes. Bounded by head_bytes_max
 * and tune.http.maxhdr.
 */
#include "base/number.h"
#include "http/huffman.h"
#include "mux/h3_internal.h"

enum { STATUS_BAD_REQUEST = 400, STATUS_TOO_LARGE = 431 };

/* Drops what is there of a frame that nobody needs; false when more of it is to come. */
static bool skip_frame(struct h3_stream *stream)
{
    struct h3_frame_reader *frame = &stream->frame;
    while (frame->left > 0) {
        size_t bytes = (size_t)uint64_min(quic_stream_front(stream->quic).length, frame->left);
        if (bytes == 0) {
            return false;
        }
        quic_stream_drop(stream->quic, bytes);
        frame->left -= bytes;
    }
    frame->is_open = false;
    return true;
}

/* Frames that end the connection on a request stream (7.2). */
static bool is_forbidden(uint64_t type)
{
    return type == HTTP3_CANCEL_PUSH || type == HTTP3_SETTINGS || type == HTTP3_PUSH_PROMISE ||
           type == HTTP3_GOAWAY || type == HTTP3_MAX_PUSH_ID || type == HTTP3_PRIORITY_UPDATE ||
           type == HTTP3_PRIORITY_UPDATE_PUSH || http3_is_reserved_frame(type);
}

/* Comes to the next frame of DATA or HEADERS. RESULT_OK, RESULT_BLOCKED, RESULT_FAILED. */
static enum result next_frame(struct h3_stream *stream)
{
    struct h3_frame_reader *frame = &stream->frame;
    for (;;) {
        bool was_open = frame->is_open;
        if (h3_read_frame_header(stream->quic, frame) != RESULT_OK) {
            return RESULT_BLOCKED;
        }
        if (!was_open && is_forbidden(frame->type)) {
            h3_fail(h3_of_stream(stream), HTTP3_FRAME_UNEXPECTED,
                    "a frame that has no place on a request stream");
            return RESULT_FAILED;
        }
        if (frame->type == HTTP3_DATA || frame->type == HTTP3_HEADERS) {
            return RESULT_OK;
        }
        if (!skip_frame(stream)) {
            return RESULT_BLOCKED;
        }
    }
}

static bool has_ended(const struct h3_stream *stream, uint64_t behind)
{
    bool is_end;
    return quic_stream_readable(stream->quic, &is_end) == behind && is_end;
}

/* Whether the whole HEADERS frame is there. */
static bool is_section_there(const struct h3_stream *stream)
{
    bool is_end;
    return quic_stream_readable(stream->quic, &is_end) + stream->section.bytes >=
           stream->frame.left;
}

/* ---- the head ---- */

static void reject(struct h3_stream *stream, uint64_t code)
{
    quic_stream_reset(stream->quic, code);
    quic_stream_stop(stream->quic, code);
    h3_bury(stream);
}

static void become_ready(struct h3_stream *stream)
{
    struct h3 *h3 = h3_of_stream(stream);
    stream->has_head = true;
    stream->side.head_us = event_now_us(h3_loop(h3));
    list_append(&h3->ready, &stream->ready_link);
    h3_later(h3);
}

static void look_for_head(struct h3_stream *stream)
{
    struct h3 *h3 = h3_of_stream(stream);
    bool is_end;
    enum result result = next_frame(stream);
    if (result == RESULT_FAILED) {
        return;
    }
    if (result == RESULT_BLOCKED) {
        size_t left = quic_stream_readable(stream->quic, &is_end);
        if (left == 0 && is_end) {
            reject(stream, HTTP3_REQUEST_INCOMPLETE);
        }
        return;
    }
    if (stream->frame.type == HTTP3_DATA) {
        h3_fail(h3, HTTP3_FRAME_UNEXPECTED, "DATA before HEADERS");
        return;
    }
    if (stream->frame.left > h3->base.options->head_bytes_max || is_section_there(stream)) {
        become_ready(stream);
        return;
    }
    quic_stream_readable(stream->quic, &is_end);
    if (is_end) {
        h3_fail(h3, HTTP3_FRAME_ERROR, "a frame cut short");
    }
}

void h3_request_receive(struct h3_stream *stream)
{
    if (stream->is_dead || stream->is_released) {
        return;
    }
    struct chunk_queue none = {0};
    bool is_reset = quic_stream_receive(stream->quic, &none, 0) == RESULT_FAILED;
    if (is_reset && stream->side.events == NULL) {
        if (!stream->is_offered) {
            reject(stream, HTTP3_REQUEST_CANCELLED);
        }
        return;
    }
    if (is_reset) {
        stream->receiving = H3_RECEIVING_FAILED;
        if (!stream->is_told_abort) {
            stream->is_told_abort = true;
            stream->side.events->on_abort(stream->side.owner, &stream->side, MUX_ABORT_CLOSED);
        }
        return;
    }
    if (!stream->has_head) {
        look_for_head(stream);
    } else if (stream->side.events != NULL) {
        stream->side.events->on_receive(stream->side.owner, &stream->side);
    }
}

static enum result refuse(struct h3_stream *stream, struct mux_refusal *refusal, uint16_t status,
                          const char *reason)
{
    refusal->status = status;
    refusal->cause = MUX_ABORT_MALFORMED;
    refusal->error.status = status;
    refusal->error.reason = reason;
    refusal->bytes = SLICE_NONE;
    stream->receiving = H3_RECEIVING_DONE;
    quic_stream_stop(stream->quic, HTTP3_NO_ERROR);
    return RESULT_INVALID;
}

/* The section of the HEADERS frame at hand, in one piece. */
static enum result contiguous_section(struct h3_stream *stream, struct slice *section)
{
    struct connection *connection = stream->side.mux->connection;
    struct slice front = quic_stream_front(stream->quic);
    if (stream->section.bytes == 0 && front.length >= stream->frame.left) {
        *section = slice_first(front, (size_t)stream->frame.left);
        return RESULT_OK;
    }
    while (stream->section.bytes < stream->frame.left) {
        enum result result = quic_stream_receive(
            stream->quic, &stream->section, (size_t)stream->frame.left - stream->section.bytes);
        if (result != RESULT_OK) {
            return result == RESULT_END ? RESULT_FAILED : result;
        }
    }
    return chunk_queue_pull_up(&stream->section, connection->transport->chunks,
                               &connection->account, (size_t)stream->frame.left, section);
}

/* The frame is through. */
static void drop_section(struct h3_stream *stream)
{
    stream->side.bytes_received += stream->frame.left;
    if (stream->section.bytes == 0) {
        quic_stream_drop(stream->quic, (size_t)stream->frame.left);
    }
    chunk_queue_clear(&stream->section);
    stream->frame.left = 0;
    stream->frame.is_open = false;
}

static void apply_priority(struct h3_stream *stream, const struct http_message *message)
{
    uint16_t index = http_fields_find(&message->fields, SLICE("priority"), 0);
    if (index < message->fields.count) {
        unsigned urgency = QUIC_URGENCY_DEFAULT;
        bool is_incremental = false;
        http3_parse_priority(message->fields.entries[index].value, &urgency, &is_incremental);
        quic_stream_set_priority(stream->quic, urgency, is_incremental);
    }
}

enum result h3_receive_head(struct mux_stream *side, struct http_message *message,
                            struct mux_refusal *refusal)
{
    struct h3_stream *stream = h3_stream_of(side);
    struct h3 *h3 = h3_of_stream(stream);
    struct connection *connection = h3->base.connection;
    h3_note_taken(stream);
    if (h3->is_closed || stream->receiving != H3_RECEIVING_HEAD) {
        return RESULT_FAILED;
    }
    if (stream->frame.left > h3->base.options->head_bytes_max) {
        return refuse(stream, refusal, STATUS_TOO_LARGE, "too large a head");
    }
    struct slice section;
    enum result result = contiguous_section(stream, &section);
    if (result != RESULT_OK) {
        return result == RESULT_FULL ? refuse(stream, refusal, STATUS_TOO_LARGE, "too large a head")
                                     : result;
    }
    bool is_last = has_ended(stream, stream->section.bytes > 0 ? 0 : stream->frame.left);
    struct http3_fault fault;
    result = http3_parse_request(section, is_last, connection->transport->chunks,
                                 &connection->account, message, &fault);
    if (result == RESULT_NO_MEMORY) {
        return result;
    }
    if (result != RESULT_OK && fault.code == HTTP3_QPACK_DECOMPRESSION_FAILED) {
        h3_fail(h3, fault.code, fault.reason);
        return RESULT_FAILED;
    }
    if (result != RESULT_OK) {
        return refuse(stream, refusal, fault.status != 0 ? fault.status : STATUS_BAD_REQUEST,
                      fault.reason);
    }
    drop_section(stream);
    apply_priority(stream, message);
    stream->body_left = message->body == HTTP_BODY_LENGTH ? message->content_length : UINT64_MAX;
    stream->receiving = message->body == HTTP_BODY_NONE ? H3_RECEIVING_DONE : H3_RECEIVING_BODY;
    return RESULT_OK;
}

/* ---- the body ---- */

static enum result malformed(struct h3_stream *stream)
{
    stream->receiving = H3_RECEIVING_FAILED;
    quic_stream_stop(stream->quic, HTTP3_MESSAGE_ERROR);
    quic_stream_reset(stream->quic, HTTP3_MESSAGE_ERROR);
    return RESULT_FAILED;
}

static enum result receive_trailers(struct h3_stream *stream)
{
    struct h3 *h3 = h3_of_stream(stream);
    struct connection *connection = h3->base.connection;
    const struct mux_options *options = h3->base.options;
    if (stream->frame.left > options->head_bytes_max) {
        return malformed(stream);
    }
    if (!is_section_there(stream)) {
        return RESULT_BLOCKED;
    }
    struct slice section;
    enum result result = contiguous_section(stream, &section);
    if (result != RESULT_OK) {
        return result;
    }
    if (!stream->has_trailers) {
        arena_init(&stream->trailers_arena, connection->transport->chunks, &connection->account,
                   huffman_decoded_max(options->head_bytes_max) +
                       http_fields_arena_bytes(connection->transport->chunks, options->fields_max));
        http_fields_init(&stream->trailers, &stream->trailers_arena, options->fields_max);
        stream->has_trailers = true;
    }
    struct http3_fault fault;
    result = http3_parse_trailers(section, &stream->trailers, &fault);
    if (result == RESULT_INVALID && fault.code == HTTP3_QPACK_DECOMPRESSION_FAILED) {
        h3_fail(h3, fault.code, "trailers that cannot be decoded");
        return RESULT_FAILED;
    }
    if (result != RESULT_OK) {
        return result == RESULT_NO_MEMORY ? result : malformed(stream);
    }
    drop_section(stream);
    stream->receiving = H3_RECEIVING_TRAILERS;
    return RESULT_OK;
}

/* Moves DATA bytes. */
static enum result receive_data(struct h3_stream *stream, struct chunk_queue *queue,
                                size_t bytes_max)
{
    size_t before = queue->bytes;
    enum result result =
        quic_stream_receive(stream->quic, queue, (size_t)uint64_min(stream->frame.left, bytes_max));
    size_t moved = queue->bytes - before;
    stream->frame.left -= moved;
    stream->side.bytes_received += moved;
    if (stream->body_left != UINT64_MAX) {
        if (moved > stream->body_left) {
            return malformed(stream);
        }
        stream->body_left -= moved;
    }
    if (stream->frame.left == 0) {
        stream->frame.is_open = false;
    }
    return result;
}

/* No frame follows for now: the end, or a pause. */
static enum result without_frame(struct h3_stream *stream)
{
    struct chunk_queue none = {0};
    enum result result = quic_stream_receive(stream->quic, &none, 0);
    if (result == RESULT_OK || result == RESULT_BLOCKED || result == RESULT_NO_MEMORY) {
        return RESULT_BLOCKED;
    }
    bool is_whole = result == RESULT_END && !stream->frame.is_open && stream->frame.length == 0 &&
                    (stream->body_left == UINT64_MAX || stream->body_left == 0);
    if (result == RESULT_END && !is_whole) {
        return malformed(stream);
    }
    stream->receiving = is_whole ? H3_RECEIVING_DONE : H3_RECEIVING_FAILED;
    return is_whole ? RESULT_END : RESULT_FAILED;
}

static enum result receive_piece(struct h3_stream *stream, struct chunk_queue *queue,
                                 size_t bytes_max)
{
    enum result result = next_frame(stream);
    if (result == RESULT_BLOCKED) {
        return without_frame(stream);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if (stream->receiving == H3_RECEIVING_TRAILERS) {
        h3_fail(h3_of_stream(stream), HTTP3_FRAME_UNEXPECTED, "a frame behind the trailers");
        return RESULT_FAILED;
    }
    if (stream->frame.type == HTTP3_HEADERS) {
        return receive_trailers(stream);
    }
    if (stream->frame.left == 0) {
        stream->frame.is_open = false;
        return RESULT_OK;
    }
    result = receive_data(stream, queue, bytes_max);
    return result == RESULT_END || result == RESULT_BLOCKED ? without_frame(stream) : result;
}

enum result h3_receive_body(struct mux_stream *side, struct chunk_queue *queue, size_t bytes_max)
{
    struct h3_stream *stream = h3_stream_of(side);
    size_t before = queue->bytes;
    enum result result = RESULT_OK;
    if (h3_of_stream(stream)->is_closed || stream->receiving == H3_RECEIVING_FAILED) {
        return RESULT_FAILED;
    }
    if (stream->receiving == H3_RECEIVING_DONE) {
        return RESULT_END;
    }
    while (result == RESULT_OK && queue->bytes - before < bytes_max) {
        result = receive_piece(stream, queue, bytes_max - (queue->bytes - before));
    }
    return queue->bytes > before && result != RESULT_FAILED ? RESULT_OK : result;
}

const struct http_fields *h3_trailers(const struct mux_stream *side)
{
    const struct h3_stream *stream = h3_stream_of(side);
    return stream->has_trailers && stream->trailers.count > 0 ? &stream->trailers : NULL;
}
