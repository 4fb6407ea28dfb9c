/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unidirectional streams of HTTP/3 (RFC 9114 6.2, 7.2; RFC 9204 4.2): our control stream, the
 * peer's control and QPACK streams, and those of types that nobody knows, which are stopped.
 * Bounded: QUIC_UNI_STREAMS_MAX of the peer's; frames are read as they come, SETTINGS alone must
 * lie together.
 */
#include "base/number.h"
#include "mux/h3_internal.h"
#include "tls/aead.h"

enum {
    CONTROL_BYTES_MAX = 128,
    CONTROL_FRAME_BYTES_MAX = 1024, /* SETTINGS, GOAWAY, PRIORITY_UPDATE that are read */
};

/* ---- ours ---- */

static enum result send_control(struct h3 *h3, const uint8_t *bytes, size_t length)
{
    struct connection *connection = h3->base.connection;
    struct chunk_queue queue = {0};
    struct iovec room;
    enum result result = chunk_queue_reserve(&queue, connection->transport->chunks, CHUNK_SMALL,
                                             &connection->account, length, &room);
    if (result != RESULT_OK) {
        return result;
    }
    memcpy(room.iov_base, bytes, length);
    chunk_queue_commit(&queue, length);
    result = quic_stream_send(h3->control, &queue);
    chunk_queue_clear(&queue); /* a peer that gives a control stream no credit misses it */
    return result;
}

enum result h3_control_open(struct h3 *h3)
{
    uint8_t bytes[CONTROL_BYTES_MAX];
    uint64_t random;
    enum result result = quic_stream_open(h3->streams, NULL, &h3->control);
    if (result != RESULT_OK) {
        return result;
    }
    quic_stream_set_priority(h3->control, 0, false);
    tls_random(&random, sizeof(random));
    size_t length =
        http3_write_control(bytes, sizeof(bytes), h3->base.options->head_bytes_max, random);
    return send_control(h3, bytes, length);
}

void h3_send_goaway(struct h3 *h3)
{
    uint8_t bytes[2 * HTTP3_FRAME_HEADER_MAX];
    uint64_t next = h3->streams->streams_opened[0] * 4; /* the first one not to be answered */
    if (h3->control == NULL) {
        return;
    }
    size_t header = http3_write_frame_header(bytes, HTTP3_GOAWAY, varint_bytes(next));
    uint8_t *end = varint_write(bytes + header, next);
    enum result ignored = send_control(h3, bytes, (size_t)(end - bytes));
    (void)ignored; /* the connection ends all the same when its streams do */
}

/* ---- reading ---- */

enum result h3_read_frame_header(struct quic_stream *quic, struct h3_frame_reader *frame)
{
    while (!frame->is_open) {
        struct slice front = quic_stream_front(quic);
        if (front.length == 0) {
            return RESULT_BLOCKED;
        }
        frame->bytes[frame->length++] = (uint8_t)front.data[0];
        quic_stream_drop(quic, 1);
        const uint8_t *at = frame->bytes;
        const uint8_t *end = frame->bytes + frame->length;
        if (varint_read(&at, end, &frame->type) && varint_read(&at, end, &frame->left)) {
            frame->is_open = true;
            frame->length = 0;
        }
    }
    return RESULT_OK;
}

/* Drops what is there of a frame that nobody needs; false when more of it is to come. */
static bool skip_frame(struct quic_stream *quic, struct h3_frame_reader *frame)
{
    while (frame->left > 0) {
        size_t bytes = (size_t)uint64_min(quic_stream_front(quic).length, frame->left);
        if (bytes == 0) {
            return false;
        }
        quic_stream_drop(quic, bytes);
        frame->left -= bytes;
    }
    frame->is_open = false;
    return true;
}

/* The stream's type, which stands at its beginning. */
static bool read_type(struct h3_uni *uni)
{
    struct h3_frame_reader *frame = &uni->frame;
    for (;;) {
        struct slice front = quic_stream_front(uni->quic);
        if (front.length == 0) {
            return false;
        }
        frame->bytes[frame->length++] = (uint8_t)front.data[0];
        quic_stream_drop(uni->quic, 1);
        const uint8_t *at = frame->bytes;
        if (varint_read(&at, frame->bytes + frame->length, &uni->type)) {
            uni->has_type = true;
            frame->length = 0;
            return true;
        }
    }
}

/* ---- the control stream ---- */

static struct h3_stream *find_request(struct h3 *h3, uint64_t id)
{
    LIST_EACH(link, &h3->requests) {
        struct h3_stream *stream = container_of(link, struct h3_stream, link);
        if (stream->quic != NULL && stream->quic->id == id) {
            return stream;
        }
    }
    return NULL;
}

static void take_priority(struct h3 *h3, struct slice payload)
{
    const uint8_t *at = (const uint8_t *)payload.data;
    const uint8_t *end = at + payload.length;
    uint64_t id;
    if (!varint_read(&at, end, &id) || (id & 3U) != 0) {
        h3_fail(h3, HTTP3_ID_ERROR, "PRIORITY_UPDATE of no request");
        return;
    }
    struct h3_stream *stream = find_request(h3, id);
    if (stream != NULL) { /* of one that is not open yet it is forgotten: priorities are hints */
        unsigned urgency = QUIC_URGENCY_DEFAULT;
        bool is_incremental = false;
        http3_parse_priority(slice_of((const char *)at, (size_t)(end - at)), &urgency,
                             &is_incremental);
        quic_stream_set_priority(stream->quic, urgency, is_incremental);
    }
}

/* A frame's payload that lies together. */
static void take_control_frame(struct h3 *h3, struct h3_uni *uni, struct slice payload)
{
    struct http3_settings settings;
    if (uni->frame.type == HTTP3_SETTINGS) {
        if (http3_parse_settings(payload, &settings) != RESULT_OK) {
            h3_fail(h3, HTTP3_SETTINGS_ERROR, "SETTINGS");
        }
    } else if (uni->frame.type == HTTP3_PRIORITY_UPDATE) {
        take_priority(h3, payload);
    } else { /* GOAWAY, MAX_PUSH_ID, CANCEL_PUSH: one number, and nothing is ever pushed */
        const uint8_t *at = (const uint8_t *)payload.data;
        const uint8_t *end = at + payload.length;
        uint64_t id;
        if (!varint_read(&at, end, &id) || at != end) {
            h3_fail(h3, HTTP3_FRAME_ERROR, "a control frame of another length");
        } else if (uni->frame.type == HTTP3_CANCEL_PUSH) {
            h3_fail(h3, HTTP3_ID_ERROR, "CANCEL_PUSH of no push");
        }
    }
}

static bool is_read(uint64_t type)
{
    return type == HTTP3_SETTINGS || type == HTTP3_GOAWAY || type == HTTP3_MAX_PUSH_ID ||
           type == HTTP3_CANCEL_PUSH || type == HTTP3_PRIORITY_UPDATE;
}

/* Whether a frame may stand here; else the connection has failed. */
static bool is_allowed(struct h3 *h3, struct h3_uni *uni)
{
    uint64_t type = uni->frame.type;
    if (!uni->has_settings && type != HTTP3_SETTINGS) {
        h3_fail(h3, HTTP3_MISSING_SETTINGS, "no SETTINGS first");
        return false;
    }
    bool is_wrong = (uni->has_settings && type == HTTP3_SETTINGS) || type == HTTP3_DATA ||
                    type == HTTP3_HEADERS || type == HTTP3_PUSH_PROMISE ||
                    http3_is_reserved_frame(type);
    if (is_wrong) {
        h3_fail(h3, HTTP3_FRAME_UNEXPECTED, "a frame that has no place on a control stream");
        return false;
    }
    if (is_read(type) && uni->frame.left > CONTROL_FRAME_BYTES_MAX) {
        h3_fail(h3, HTTP3_EXCESSIVE_LOAD, "an over-long control frame");
        return false;
    }
    uni->has_settings = true;
    return true;
}

/* Copies a payload together; false while it is not all there. */
static bool gather(struct quic_stream *quic, uint64_t length, char *out)
{
    bool is_end;
    if (quic_stream_readable(quic, &is_end) < length) {
        return false;
    }
    for (size_t at = 0; at < length;) {
        struct slice front = quic_stream_front(quic);
        size_t part = (size_t)uint64_min(front.length, length - at);
        memcpy(out + at, front.data, part);
        quic_stream_drop(quic, part);
        at += part;
    }
    return true;
}

static void receive_control(struct h3 *h3, struct h3_uni *uni)
{
    struct h3_frame_reader *frame = &uni->frame;
    while (!h3->is_closed) {
        bool was_open = frame->is_open;
        if (h3_read_frame_header(uni->quic, frame) != RESULT_OK ||
            (!was_open && !is_allowed(h3, uni))) {
            return;
        }
        if (!is_read(frame->type)) {
            if (!skip_frame(uni->quic, frame)) {
                return;
            }
            continue;
        }
        char payload[CONTROL_FRAME_BYTES_MAX];
        if (!gather(uni->quic, frame->left, payload)) {
            return;
        }
        frame->is_open = false;
        take_control_frame(h3, uni, slice_of(payload, (size_t)frame->left));
    }
}

/* ---- all of the peer's ---- */

/* The stream's type is known: critical ones are there once. */
static bool accept_type(struct h3 *h3, struct h3_uni *uni)
{
    bool *has = uni->type == HTTP3_CONTROL   ? &h3->has_control
                : uni->type == HTTP3_ENCODER ? &h3->has_encoder
                : uni->type == HTTP3_DECODER ? &h3->has_decoder
                                             : NULL;
    if (uni->type == HTTP3_PUSH || (has != NULL && *has)) {
        h3_fail(h3, HTTP3_STREAM_CREATION_ERROR, "a stream that may not be, or a second one");
        return false;
    }
    if (has != NULL) {
        *has = true;
        return true;
    }
    quic_stream_stop(uni->quic, HTTP3_STREAM_CREATION_ERROR);
    quic_stream_release(uni->quic);
    uni->quic = NULL;
    return false;
}

void h3_uni_receive(struct h3 *h3, struct h3_uni *uni)
{
    if (!uni->has_type && (!read_type(uni) || !accept_type(h3, uni))) {
        return;
    }
    if (uni->type == HTTP3_CONTROL) {
        receive_control(h3, uni);
    } else { /* QPACK: without a dynamic table there is nothing that could be said */
        struct slice front;
        while (!h3->is_closed && (front = quic_stream_front(uni->quic)).length > 0) {
            bool is_harmless = uni->type == HTTP3_ENCODER && front.data[0] == 0x20;
            if (!is_harmless) { /* Set Dynamic Table Capacity to 0 */
                h3_fail(h3,
                        uni->type == HTTP3_ENCODER ? HTTP3_QPACK_ENCODER_STREAM_ERROR
                                                   : HTTP3_QPACK_DECODER_STREAM_ERROR,
                        "an instruction for a table without room");
                return;
            }
            quic_stream_drop(uni->quic, 1);
        }
    }
    struct chunk_queue none = {0};
    if (!h3->is_closed) {
        enum result result = quic_stream_receive(uni->quic, &none, 0);
        if (result == RESULT_END || result == RESULT_FAILED) {
            h3_fail(h3, HTTP3_CLOSED_CRITICAL_STREAM, "a critical stream ended");
        }
    }
}

void h3_uni_open(struct h3 *h3, struct quic_stream *quic)
{
    for (unsigned i = 0; i < QUIC_UNI_STREAMS_MAX; i++) {
        if (h3->unis[i].quic == NULL) {
            h3->unis[i] = (struct h3_uni){.kind = H3_UNI, .quic = quic};
            quic->owner = &h3->unis[i];
            return;
        }
    }
    quic_stream_stop(quic, HTTP3_STREAM_CREATION_ERROR);
    quic_stream_release(quic);
}
