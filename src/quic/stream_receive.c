/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of streams received, in two steps (RFC 9000 3.2, 4, 19): judged and planned, then
 * committed. The judgement is made again in the second step, where two frames of one packet may
 * contradict each other.
 */
#include "base/assert.h"
#include "base/number.h"
#include "quic/stream_internal.h"

static const struct quic_input EMPTY_INPUT;

static bool is_peer_uni(uint64_t id)
{
    return (id & STREAM_UNI_BIT) != 0 && (id & STREAM_SERVER_BIT) == 0;
}

static bool is_own_uni(uint64_t id)
{
    return (id & STREAM_UNI_BIT) != 0 && (id & STREAM_SERVER_BIT) != 0;
}

/* The direction that the frame speaks of exists on a stream of this id. */
static bool is_direction_right(const struct quic_frame *frame, uint64_t id)
{
    bool is_of_receiving = frame->type == QUIC_FRAME_STREAM ||
                           frame->type == QUIC_FRAME_RESET_STREAM ||
                           frame->type == QUIC_FRAME_STREAM_DATA_BLOCKED;
    return is_of_receiving ? !is_own_uni(id) : !is_peer_uni(id);
}

static bool has_stream(const struct quic_frame *frame, uint64_t *id)
{
    if (frame->type == QUIC_FRAME_STREAM) {
        *id = frame->stream.stream_id;
    } else if (frame->type == QUIC_FRAME_RESET_STREAM || frame->type == QUIC_FRAME_STOP_SENDING) {
        *id = frame->reset.stream_id;
    } else if (frame->type == QUIC_FRAME_MAX_STREAM_DATA ||
               frame->type == QUIC_FRAME_STREAM_DATA_BLOCKED) {
        *id = frame->limit.stream_id;
    } else {
        return false; /* concerns the connection */
    }
    return true;
}

/* Flow control and final sizes, for bytes up to `end` (4.1, 4.5). */
static enum result judge_size(const struct quic_streams *streams, const struct quic_stream *stream,
                              uint64_t end, bool is_final, enum quic_error *error)
{
    uint64_t highest = stream == NULL ? 0 : stream->input.highest;
    uint64_t window = stream == NULL ? streams->settings->stream_window_bytes : stream->window;
    uint64_t final_size = stream == NULL ? QUIC_NONE : stream->final_size;
    if (final_size != QUIC_NONE ? end > final_size || (is_final && end != final_size)
                                : is_final && end < highest) {
        *error = QUIC_FINAL_SIZE_ERROR;
        return RESULT_INVALID;
    }
    uint64_t added = end > highest ? end - highest : 0;
    if (end > window || added > streams->window - streams->received) {
        *error = QUIC_FLOW_CONTROL_ERROR;
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

static enum result judge(const struct quic_streams *streams, const struct quic_stream *stream,
                         const struct quic_frame *frame, enum quic_error *error)
{
    if (frame->type == QUIC_FRAME_STREAM) {
        return judge_size(streams, stream, frame->stream.offset + frame->stream.data.length,
                          frame->stream.is_final, error);
    }
    if (frame->type == QUIC_FRAME_RESET_STREAM) {
        return judge_size(streams, stream, frame->reset.final_size, true, error);
    }
    return RESULT_OK;
}

/* ---- step one ---- */

static enum result plan_object(struct quic_streams *streams)
{
    struct quic_stream *stream = pool_take(streams->pools->streams, streams->account);
    if (stream == NULL) {
        return RESULT_NO_MEMORY;
    }
    list_append(&streams->spare, &stream->link);
    return RESULT_OK;
}

enum result quic_streams_plan(struct quic_streams *streams, const struct quic_frame *frame,
                              enum quic_error *error)
{
    uint64_t id;
    if (!has_stream(frame, &id)) {
        return RESULT_OK;
    }
    *error = QUIC_STREAM_STATE_ERROR;
    if (!is_direction_right(frame, id)) {
        return RESULT_INVALID;
    }
    const struct quic_stream *stream = quic_streams_find(streams, id);
    if (stream == NULL) {
        enum result result = quic_streams_judge_id(streams, id, error);
        if (result == RESULT_END) {
            return RESULT_OK; /* over: nothing is kept of it */
        }
        result = result == RESULT_OK ? plan_object(streams) : result;
        if (result != RESULT_OK) {
            return result;
        }
    }
    enum result result = judge(streams, stream, frame, error);
    bool has_data = result == RESULT_OK && frame->type == QUIC_FRAME_STREAM &&
                    (stream == NULL || (stream->flags & STREAM_STOPPED_IN) == 0);
    if (!has_data) {
        return result;
    }
    return quic_input_plan(stream == NULL ? &EMPTY_INPUT : &stream->input, &streams->intake,
                           frame->stream.offset, frame->stream.data.length);
}

void quic_streams_settle(struct quic_streams *streams)
{
    struct list *link;
    while ((link = list_take_first(&streams->spare)) != NULL) {
        pool_release(streams->pools->streams, streams->account,
                     container_of(link, struct quic_stream, link));
    }
    quic_intake_settle(&streams->intake);
}

/* ---- step two ---- */

static void note_highest(struct quic_stream *stream, uint64_t end)
{
    if (end > stream->input.highest) {
        stream->streams->received += end - stream->input.highest;
        stream->input.highest = end;
    }
}

/* Bytes that nobody will read count as read, so that other streams are not starved of credit. */
static void credit_unread(struct quic_stream *stream)
{
    uint64_t unread = stream->input.highest - stream->input.taken;
    quic_input_clear(&stream->input, &stream->streams->intake);
    stream->input.taken = stream->input.highest;
    quic_streams_credit(stream->streams, unread);
}

static void commit_data(struct quic_stream *stream, const struct quic_frame *frame)
{
    uint64_t end = frame->stream.offset + frame->stream.data.length;
    if ((stream->flags & STREAM_RESET_IN) != 0) {
        return;
    }
    bool has_new = end > stream->input.highest ||
                   (frame->stream.is_final && stream->final_size == QUIC_NONE) ||
                   end > quic_input_available(&stream->input);
    note_highest(stream, end);
    if (frame->stream.is_final) {
        stream->final_size = end;
    }
    if ((stream->flags & STREAM_STOPPED_IN) != 0) {
        credit_unread(stream);
        quic_stream_check_over(stream);
    } else if (has_new) {
        quic_input_add(&stream->input, &stream->streams->intake, frame->stream.offset,
                       frame->stream.data);
        quic_stream_mark_due(stream, STREAM_TELL_RECEIVE);
    }
}

static void commit_reset(struct quic_stream *stream, const struct quic_frame *frame)
{
    if ((stream->flags & (STREAM_RESET_IN | STREAM_READ)) != 0) {
        return;
    }
    note_highest(stream, frame->reset.final_size);
    stream->final_size = frame->reset.final_size;
    stream->reset_code = frame->reset.code;
    stream->flags |= STREAM_RESET_IN;
    stream->flags &= ~(unsigned)(STREAM_DUE_WINDOW | STREAM_DUE_STOP);
    credit_unread(stream);
    quic_stream_mark_due(stream, STREAM_TELL_RECEIVE);
    quic_stream_check_over(stream);
}

static void commit_stop(struct quic_stream *stream, const struct quic_frame *frame)
{
    bool is_over = stream->output.has_fin && quic_output_is_done(&stream->output);
    if (is_over || (stream->flags & (STREAM_STOPPED_OUT | STREAM_RESET_OUT)) != 0) {
        return;
    }
    stream->flags |= STREAM_STOPPED_OUT;
    stream->peer_stop_code = frame->reset.code;
    quic_stream_reset(stream, frame->reset.code); /* 3.5 */
    quic_stream_mark_due(stream, STREAM_TELL_STOP);
}

static void commit_limit(struct quic_stream *stream, uint64_t limit)
{
    if (limit > stream->limit) {
        stream->limit = limit;
        quic_stream_mark_sending(stream);
        if ((stream->flags & STREAM_WANTS_ROOM) != 0) {
            quic_stream_mark_due(stream, STREAM_TELL_SEND);
        }
    }
}

static void commit_connection(struct quic_streams *streams, const struct quic_frame *frame)
{
    if (frame->type == QUIC_FRAME_MAX_DATA) {
        streams->limit = uint64_max(streams->limit, frame->limit.value);
    } else if (frame->type == QUIC_FRAME_MAX_STREAMS_BIDI) {
        streams->peer_streams_max[0] = uint64_max(streams->peer_streams_max[0], frame->limit.value);
    } else if (frame->type == QUIC_FRAME_MAX_STREAMS_UNI) {
        streams->peer_streams_max[1] = uint64_max(streams->peer_streams_max[1], frame->limit.value);
    }
}

enum result quic_streams_commit(struct quic_streams *streams, const struct quic_frame *frame,
                                uint64_t now_us, enum quic_error *error)
{
    uint64_t id;
    if (!has_stream(frame, &id)) {
        commit_connection(streams, frame);
        return RESULT_OK;
    }
    struct quic_stream *stream = quic_streams_find(streams, id);
    if (stream == NULL) {
        enum result result = quic_streams_judge_id(streams, id, error);
        if (result != RESULT_OK) {
            return result == RESULT_END ? RESULT_OK : RESULT_INVALID;
        }
        stream = quic_streams_open_peer(streams, id);
        stream->rate_began_us = now_us;
    }
    enum result result = judge(streams, stream, frame, error);
    if (result != RESULT_OK) {
        return result;
    }
    if (frame->type == QUIC_FRAME_STREAM) {
        commit_data(stream, frame);
    } else if (frame->type == QUIC_FRAME_RESET_STREAM) {
        commit_reset(stream, frame);
    } else if (frame->type == QUIC_FRAME_STOP_SENDING) {
        commit_stop(stream, frame);
    } else if (frame->type == QUIC_FRAME_MAX_STREAM_DATA) {
        commit_limit(stream, frame->limit.value);
    }
    return RESULT_OK;
}
