/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of streams sent: control frames first, then data by urgency (RFC 9218): within one urgency
 * the lowest in the list until it has no more, and those that are incremental in turn, a packet
 * each. What became of them afterwards.
 *
 * A stream is in its list while it has a control frame due, or bytes that its own limit allows; the
 * connection's limit holds data back in all lists at once.
 */
#include "base/number.h"
#include "quic/stream_internal.h"

/* A packet's room. */
struct writer {
    struct quic_streams *streams;
    struct quic_recovery *recovery;
    struct quic_sent *sent;
    uint8_t *at;
    const uint8_t *end;
    uint64_t now_us;
};

static bool note(const struct writer *w, enum quic_frame_type type, uint64_t id, uint64_t offset,
                 size_t length, bool is_final)
{
    const struct quic_sent_frame frame = {.type = (uint8_t)type,
                                          .id = id,
                                          .offset = offset,
                                          .length = (uint32_t)length,
                                          .is_final = is_final};
    return quic_sent_add(w->recovery, w->sent, &frame) == RESULT_OK;
}

/* The offset up to which the stream may send now, by both limits. */
static uint64_t data_limit(const struct quic_stream *stream)
{
    const struct quic_streams *streams = stream->streams;
    uint64_t credit = streams->limit - streams->sent;
    uint64_t by_connection = stream->output.next + uint64_min(credit, VARINT_MAX);
    return uint64_min(stream->limit, by_connection);
}

static bool has_data(const struct quic_stream *stream)
{
    return (stream->flags & STREAM_RESET_OUT) == 0 &&
           quic_output_is_pending(&stream->output, data_limit(stream));
}

/* ---- control frames ---- */

static bool write_connection(struct writer *w)
{
    struct quic_streams *streams = w->streams;
    if ((streams->flags & STREAMS_DUE_WINDOW) != 0) {
        uint8_t *end = quic_write_number(w->at, w->end, QUIC_FRAME_MAX_DATA,
                                         quic_streams_take_window(streams, w->now_us));
        if (end == NULL || !note(w, QUIC_FRAME_MAX_DATA, 0, 0, 0, false)) {
            return false;
        }
        w->at = end;
        streams->flags &= ~(unsigned)STREAMS_DUE_WINDOW;
    }
    for (unsigned kind = 0; kind < 2; kind++) {
        unsigned due = kind == 0 ? STREAMS_DUE_BIDI : STREAMS_DUE_UNI;
        enum quic_frame_type type =
            kind == 0 ? QUIC_FRAME_MAX_STREAMS_BIDI : QUIC_FRAME_MAX_STREAMS_UNI;
        if ((streams->flags & due) == 0) {
            continue;
        }
        uint64_t allowed = kind == 0 ? streams->settings->streams_bidi_max : QUIC_UNI_STREAMS_MAX;
        uint64_t limit =
            uint64_max(streams->streams_max[kind], streams->streams_closed[kind] + allowed);
        uint8_t *end = quic_write_number(w->at, w->end, type, limit);
        if (end == NULL || !note(w, type, 0, 0, 0, false)) {
            return false;
        }
        w->at = end;
        streams->streams_max[kind] = limit;
        streams->flags &= ~due;
    }
    return true;
}

/* One control frame of a stream; false when it did not fit. */
static bool write_control(struct writer *w, struct quic_stream *stream, unsigned due)
{
    uint8_t *end = NULL;
    enum quic_frame_type type = QUIC_FRAME_MAX_STREAM_DATA;
    if (due == STREAM_DUE_WINDOW) {
        end = quic_write_stream_number(w->at, w->end, type, stream->id,
                                       quic_stream_take_window(stream, w->now_us));
    } else if (due == STREAM_DUE_RESET) {
        type = QUIC_FRAME_RESET_STREAM;
        end = quic_write_reset_stream(w->at, w->end, stream->id, stream->send_reset_code,
                                      stream->output.next);
    } else {
        type = QUIC_FRAME_STOP_SENDING;
        end = quic_write_stop_sending(w->at, w->end, stream->id, stream->stop_code);
    }
    if (end == NULL || !note(w, type, stream->id, 0, 0, false)) {
        return false;
    }
    w->at = end;
    stream->flags &= ~due;
    return true;
}

static bool write_controls(struct writer *w, struct quic_stream *stream)
{
    static const unsigned DUES[] = {STREAM_DUE_RESET, STREAM_DUE_STOP, STREAM_DUE_WINDOW};
    for (unsigned i = 0; i < sizeof(DUES) / sizeof(DUES[0]); i++) {
        if ((stream->flags & DUES[i]) != 0 && !write_control(w, stream, DUES[i])) {
            return false;
        }
    }
    return true;
}

/* ---- data ---- */

/* STREAM frames of one stream; false when the packet is full. */
static bool write_data(struct writer *w, struct quic_stream *stream)
{
    struct quic_output *output = &stream->output;
    uint64_t offset;
    size_t bytes;
    bool is_final;
    while ((stream->flags & STREAM_RESET_OUT) == 0 &&
           quic_output_next(output, data_limit(stream), (size_t)(w->end - w->at), &offset, &bytes,
                            &is_final)) {
        size_t wanted = bytes;
        uint8_t *data =
            quic_write_stream_header(w->at, w->end, stream->id, offset, &bytes, is_final);
        if (data == NULL) {
            return false;
        }
        bool has_fin = is_final && bytes == wanted;
        if (!note(w, QUIC_FRAME_STREAM, stream->id, offset, bytes, has_fin)) {
            return false;
        }
        uint64_t before = output->next;
        quic_output_copy(output, offset, bytes, data);
        quic_output_on_sent(output, offset, bytes, has_fin);
        w->streams->sent += output->next - before;
        w->at = data + bytes;
    }
    return w->at < w->end;
}

/* ---- in turn ---- */

static bool is_pending(const struct quic_stream *stream)
{
    return (stream->flags & STREAM_DUE_FRAMES) != 0 || has_data(stream);
}

/* Whether it could send if the connection's limit were higher. */
static bool waits_for_connection(const struct quic_stream *stream)
{
    return (stream->flags & STREAM_RESET_OUT) == 0 &&
           quic_output_is_pending(&stream->output, stream->limit);
}

bool quic_streams_has_pending(const struct quic_streams *streams)
{
    if (streams->flags != 0) {
        return true;
    }
    for (unsigned urgency = 0; urgency < QUIC_URGENCIES; urgency++) {
        const struct list *head = &streams->sending[urgency];
        for (const struct list *link = head->next; link != head; link = link->next) {
            if (is_pending(container_of(link, struct quic_stream, send_link))) {
                return true;
            }
        }
    }
    return false;
}

/* A stream's share of a packet; false when the packet is full. */
static bool write_stream(struct writer *w, struct quic_stream *stream, bool with_data)
{
    if (!write_controls(w, stream)) {
        return false;
    }
    bool has_room = !with_data || write_data(w, stream);
    if (!is_pending(stream) && !waits_for_connection(stream)) {
        list_remove(&stream->send_link);
    } else if (stream->is_incremental && with_data) {
        list_remove(&stream->send_link);
        list_append(&w->streams->sending[stream->urgency], &stream->send_link);
    }
    return has_room;
}

uint8_t *quic_streams_write(struct quic_streams *streams, struct quic_recovery *recovery,
                            struct quic_sent *sent, uint8_t *out, const uint8_t *end,
                            bool with_data, uint64_t now_us)
{
    struct writer w = {streams, recovery, sent, out, end, now_us};
    bool has_room = write_connection(&w);
    for (unsigned urgency = 0; urgency < QUIC_URGENCIES && has_room; urgency++) {
        const struct list *head = &streams->sending[urgency];
        const struct list *last = head->previous;
        bool is_last = list_is_empty(head);
        struct list *link = head->next;
        while (has_room && !is_last) { /* each has its turn; some stay, some go, some move back */
            struct list *next = link->next;
            is_last = link == last;
            has_room =
                write_stream(&w, container_of(link, struct quic_stream, send_link), with_data);
            link = next;
        }
    }
    return w.at;
}

/* ---- what became of them ---- */

void quic_stream_drop_output(struct quic_stream *stream)
{
    struct quic_streams *streams = stream->streams;
    uint64_t next = stream->output.next;
    streams->unacked_bytes -= stream->output.queue.bytes;
    quic_output_deinit(&stream->output, streams->pools->ranges, streams->account);
    stream->output.base = next;
}

/* Bytes left the outputs: those who wait for room may go on. */
static void tell_waiting(struct quic_streams *streams)
{
    if (streams->unacked_bytes >= streams->send_target) {
        return;
    }
    struct list *link;
    while ((link = list_take_first(&streams->waiting)) != NULL) {
        quic_stream_mark_due(container_of(link, struct quic_stream, wait_link), STREAM_TELL_SEND);
    }
}

static void on_data_acked(struct quic_stream *stream, const struct quic_sent_frame *frame)
{
    struct quic_streams *streams = stream->streams;
    if ((stream->flags & STREAM_RESET_OUT) != 0) {
        return;
    }
    streams->unacked_bytes -=
        quic_output_on_acked(&stream->output, streams->pools->ranges, streams->account,
                             frame->offset, frame->length, frame->is_final);
    if (quic_output_is_done(&stream->output)) {
        quic_stream_mark_due(stream, STREAM_TELL_SEND);
        quic_stream_check_over(stream);
    }
    tell_waiting(streams);
}

void quic_streams_on_acked(struct quic_streams *streams, const struct quic_sent_frame *frame)
{
    struct quic_stream *stream = quic_streams_find(streams, frame->id);
    bool concerns_one = frame->type == QUIC_FRAME_STREAM || frame->type == QUIC_FRAME_RESET_STREAM;
    if (!concerns_one || stream == NULL) {
        return;
    }
    if (frame->type == QUIC_FRAME_STREAM) {
        on_data_acked(stream, frame);
    } else {
        stream->flags |= STREAM_RESET_ACKED;
        quic_stream_check_over(stream);
    }
}

static void on_stream_lost(struct quic_stream *stream, const struct quic_sent_frame *frame)
{
    struct quic_streams *streams = stream->streams;
    if (frame->type == QUIC_FRAME_STREAM && (stream->flags & STREAM_RESET_OUT) == 0) {
        quic_output_on_lost(&stream->output, streams->pools->ranges, streams->account,
                            frame->offset, frame->length, frame->is_final);
    } else if (frame->type == QUIC_FRAME_RESET_STREAM &&
               (stream->flags & STREAM_RESET_ACKED) == 0) {
        stream->flags |= STREAM_DUE_RESET;
    } else if (frame->type == QUIC_FRAME_STOP_SENDING && stream->final_size == QUIC_NONE) {
        stream->flags |= STREAM_DUE_STOP;
    } else if (frame->type == QUIC_FRAME_MAX_STREAM_DATA && stream->final_size == QUIC_NONE) {
        stream->flags |= STREAM_DUE_WINDOW;
    }
    if (is_pending(stream)) {
        quic_stream_mark_sending(stream);
    }
}

void quic_streams_on_lost(struct quic_streams *streams, const struct quic_sent_frame *frame)
{
    if (frame->type == QUIC_FRAME_MAX_DATA) {
        streams->flags |= STREAMS_DUE_WINDOW;
    } else if (frame->type == QUIC_FRAME_MAX_STREAMS_BIDI) {
        streams->flags |= STREAMS_DUE_BIDI;
    } else if (frame->type == QUIC_FRAME_MAX_STREAMS_UNI) {
        streams->flags |= STREAMS_DUE_UNI;
    } else {
        struct quic_stream *stream = quic_streams_find(streams, frame->id);
        if (stream != NULL) {
            on_stream_lost(stream, frame);
        }
    }
}
