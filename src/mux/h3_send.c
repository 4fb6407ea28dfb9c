/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The h3 mux, sending responses (RFC 9114 4.1, 7.2): HEADERS into a chunk, DATA frames in front of
 * bodies that stay where they are, trailers.
 *
 * A body of known length is one DATA frame, whose header stands behind the head; else each piece
 * has one. What QUIC has no room for waits in `output`: frame headers only and the head, since body
 * bytes are taken no faster than there is room.
 */
#include "base/assert.h"
#include "base/number.h"
#include "mux/h3_internal.h"

enum { STATUS_FINAL = 200, PIECE_BYTES_MIN = 1024 };

static bool is_dead(const struct h3_stream *stream)
{
    return h3_of_stream(stream)->is_closed || stream->is_stopped ||
           stream->sending == H3_SENDING_DONE;
}

enum result h3_flush(struct h3_stream *stream)
{
    if (stream->output.bytes > 0) {
        enum result result = quic_stream_send(stream->quic, &stream->output);
        if (result != RESULT_OK) {
            return result;
        }
    }
    if (stream->must_finish) {
        stream->must_finish = false;
        quic_stream_finish(stream->quic);
    }
    return RESULT_OK;
}

/* Room of at least `bytes` at the output's end. */
static enum result reserve(struct h3_stream *stream, size_t bytes, struct iovec *room)
{
    struct connection *connection = stream->side.mux->connection;
    struct chunk_source *chunks = connection->transport->chunks;
    enum chunk_kind kind = bytes <= chunks->bytes[CHUNK_SMALL]    ? CHUNK_SMALL
                           : bytes <= chunks->bytes[CHUNK_NORMAL] ? CHUNK_NORMAL
                                                                  : CHUNK_LARGE;
    if (bytes > chunks->bytes[kind]) {
        return RESULT_FULL;
    }
    return chunk_queue_reserve(&stream->output, chunks, kind, &connection->account, bytes, room);
}

/* Appends a HEADERS frame that was written into `room` from `start` on, through a queue of its own,
 * so that what stands before `start` can be dropped. */
static void commit_headers(struct h3_stream *stream, struct chunk_queue *head, size_t start,
                           size_t length)
{
    chunk_queue_commit(head, start + length);
    chunk_queue_drop(head, start);
    stream->side.bytes_sent += length;
    chunk_queue_move_all(&stream->output, head);
}

static enum result reserve_head(struct h3_stream *stream, struct chunk_queue *head, size_t bytes,
                                struct iovec *room)
{
    struct chunk_queue waiting = stream->output;
    stream->output = *head;
    enum result result = reserve(stream, bytes, room);
    *head = stream->output;
    stream->output = waiting;
    return result;
}

static void finish(struct h3_stream *stream)
{
    stream->sending = H3_SENDING_DONE;
    stream->must_finish = true;
}

/* Hands on what there is; that QUIC has no room now is no failure of the caller's. */
static enum result flush_quietly(struct h3_stream *stream)
{
    enum result result = h3_flush(stream);
    return result == RESULT_FAILED ? result : RESULT_OK;
}

enum result h3_send_head(struct mux_stream *side, const struct http_message *message)
{
    struct h3_stream *stream = h3_stream_of(side);
    struct chunk_queue head = {0};
    struct iovec room;
    if (is_dead(stream)) {
        return RESULT_FAILED;
    }
    size_t most = http3_response_bytes_max(message) + HTTP3_FRAME_HEADER_MAX;
    enum result result = reserve_head(stream, &head, most, &room);
    if (result != RESULT_OK) {
        return result == RESULT_FULL ? RESULT_FAILED : result;
    }
    size_t start = 0;
    size_t length = http3_write_response(room.iov_base, room.iov_len, message, &start);
    if (message->status < STATUS_FINAL) {
        commit_headers(stream, &head, start, length);
        return flush_quietly(stream);
    }
    stream->sending = H3_SENDING_BODY;
    stream->send_left = 0;
    if (message->body == HTTP_BODY_LENGTH && message->content_length > 0) {
        uint8_t *frame = (uint8_t *)room.iov_base + start + length;
        length += http3_write_frame_header(frame, HTTP3_DATA, message->content_length);
        stream->send_left = message->content_length;
    }
    commit_headers(stream, &head, start, length);
    if (message->body == HTTP_BODY_NONE) {
        finish(stream);
    }
    return flush_quietly(stream);
}

/* Begins a DATA frame for the next piece. */
static enum result begin_data(struct h3_stream *stream, size_t bytes)
{
    struct iovec room;
    enum result result = reserve(stream, HTTP3_FRAME_HEADER_MAX, &room);
    if (result != RESULT_OK) {
        return result;
    }
    size_t length = http3_write_frame_header(room.iov_base, HTTP3_DATA, bytes);
    chunk_queue_commit(&stream->output, length);
    stream->send_left = bytes;
    return h3_flush(stream);
}

static enum result send_piece(struct h3_stream *stream, struct chunk_queue *queue)
{
    struct connection *connection = stream->side.mux->connection;
    enum result result = RESULT_OK;
    size_t room = quic_stream_room(stream->quic);
    if (room < size_min(queue->bytes, PIECE_BYTES_MIN)) {
        quic_stream_wait(stream->quic);
        return RESULT_BLOCKED;
    }
    if (stream->send_left == 0) {
        result = begin_data(stream, size_min(queue->bytes, room));
        if (result != RESULT_OK) {
            return result;
        }
    }
    struct chunk_queue piece = {0};
    size_t bytes = (size_t)uint64_min(stream->send_left, size_min(queue->bytes, room));
    result = chunk_queue_move(&piece, queue, bytes, &connection->account);
    stream->send_left -= piece.bytes;
    stream->side.bytes_sent += piece.bytes;
    chunk_queue_move_all(&stream->output, &piece);
    enum result flushed = h3_flush(stream);
    return flushed == RESULT_OK ? result : flushed;
}

enum result h3_send_body(struct mux_stream *side, struct chunk_queue *queue)
{
    struct h3_stream *stream = h3_stream_of(side);
    if (is_dead(stream) || stream->sending != H3_SENDING_BODY) {
        return RESULT_FAILED;
    }
    enum result result = h3_flush(stream);
    while (result == RESULT_OK && queue->bytes > 0) {
        result = send_piece(stream, queue);
    }
    return result;
}

enum result h3_send_end(struct mux_stream *side, const struct http_fields *trailers)
{
    struct h3_stream *stream = h3_stream_of(side);
    if (stream->sending == H3_SENDING_DONE && !h3_of_stream(stream)->is_closed &&
        !stream->is_stopped) {
        return RESULT_OK;
    }
    if (is_dead(stream) || stream->send_left > 0) {
        return RESULT_FAILED; /* less than was promised cannot be ended well */
    }
    if (trailers != NULL && trailers->count > 0) {
        struct chunk_queue head = {0};
        struct iovec room;
        enum result result = reserve_head(stream, &head, http3_trailers_bytes_max(trailers), &room);
        if (result != RESULT_OK) {
            return result == RESULT_FULL ? RESULT_FAILED : result;
        }
        size_t start = 0;
        size_t length = http3_write_trailers(room.iov_base, room.iov_len, trailers, &start);
        commit_headers(stream, &head, start, length);
    }
    finish(stream);
    return flush_quietly(stream);
}

bool h3_is_flushed(const struct mux_stream *side)
{
    const struct h3_stream *stream = h3_stream_of(side);
    return stream->sending == H3_SENDING_DONE && !stream->must_finish &&
           stream->output.bytes == 0 && !h3_of_stream(stream)->is_closed &&
           quic_stream_is_sent(stream->quic);
}
