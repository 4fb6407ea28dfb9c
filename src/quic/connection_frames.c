/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each frame does (RFC 9000 19), in two steps: quic_frames_plan walks a packet's payload,
 * judges every frame and takes the memory that it will need; quic_frames_commit walks it again and
 * cannot fail for want of memory. A packet whose plan is refused leaves no trace and is not
 * acknowledged, as if the network had lost it.
 *
 * And the way back: what becomes of each frame that this side sent.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

/* ---- step one ---- */

static bool concerns_streams(enum quic_frame_type type)
{
    return (type >= QUIC_FRAME_RESET_STREAM && type <= QUIC_FRAME_STOP_SENDING) ||
           (type >= QUIC_FRAME_STREAM && type <= QUIC_FRAME_STREAMS_BLOCKED_UNI);
}

static enum result plan_crypto(struct quic_connection *c, enum quic_space space,
                               const struct quic_frame *frame, enum quic_error *error)
{
    if (space == QUIC_SPACE_APPLICATION || c->handshake == NULL) {
        *error = QUIC_CRYPTO_ERROR + QUIC_ALERT_UNEXPECTED_MESSAGE; /* RFC 9001 6: no KeyUpdate */
        return space == QUIC_SPACE_APPLICATION ? RESULT_INVALID : RESULT_OK;
    }
    const struct quic_input *input = &c->handshake->input[space];
    uint64_t end = frame->crypto.offset + frame->crypto.data.length;
    if (end > input->taken + QUIC_CRYPTO_WINDOW) {
        *error = QUIC_CRYPTO_BUFFER_EXCEEDED;
        return RESULT_INVALID;
    }
    return quic_input_plan(input, &c->streams.intake, frame->crypto.offset,
                           frame->crypto.data.length);
}

static enum result plan_frame(struct quic_connection *c, enum quic_space space,
                              const struct quic_frame *frame, enum quic_error *error)
{
    if (concerns_streams(frame->type)) {
        return quic_streams_plan(&c->streams, frame, error);
    }
    if (frame->type == QUIC_FRAME_CRYPTO) {
        return plan_crypto(c, space, frame, error);
    }
    if (frame->type == QUIC_FRAME_NEW_TOKEN || frame->type == QUIC_FRAME_HANDSHAKE_DONE) {
        *error = QUIC_PROTOCOL_VIOLATION; /* only servers send these */
        return RESULT_INVALID;
    }
    if (frame->type == QUIC_FRAME_DATAGRAM) {
        *error = QUIC_PROTOCOL_VIOLATION; /* not offered (RFC 9221 3) */
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

enum result quic_frames_plan(struct quic_connection *c, enum quic_packet_type type,
                             struct slice payload, struct quic_packet_plan *plan,
                             enum quic_error *error, uint64_t *frame_type)
{
    const uint8_t *at = (const uint8_t *)payload.data;
    const uint8_t *end = at + payload.length;
    enum quic_space space = quic_space_of(type);
    *plan = (struct quic_packet_plan){.elicits_ack = false, .is_probing_only = true};
    *frame_type = 0;
    if (at == end) {
        *error = QUIC_PROTOCOL_VIOLATION; /* 12.4 */
        return RESULT_INVALID;
    }
    while (at < end) {
        struct quic_frame frame;
        if (quic_frame_parse(&at, end, &frame) != RESULT_OK) {
            *error = QUIC_FRAME_ENCODING_ERROR;
            return RESULT_INVALID;
        }
        *frame_type = frame.type;
        if (!quic_frame_is_allowed(frame.type, type)) {
            *error = QUIC_PROTOCOL_VIOLATION;
            return RESULT_INVALID;
        }
        enum result result = plan_frame(c, space, &frame, error);
        if (result != RESULT_OK) {
            return result == RESULT_INVALID ? RESULT_INVALID : RESULT_NO_MEMORY;
        }
        plan->elicits_ack = plan->elicits_ack || quic_frame_elicits_ack(frame.type);
        plan->is_probing_only = plan->is_probing_only && quic_frame_is_probing(frame.type);
    }
    return RESULT_OK;
}

/* ---- step two ---- */

static void commit_ack(struct quic_connection *c, enum quic_space space,
                       const struct quic_frame *frame, uint64_t now_us)
{
    uint64_t delay_us = 0;
    if (space == QUIC_SPACE_APPLICATION) {
        uint64_t limit = QUIC_NONE >> c->peer_ack_delay_exponent;
        delay_us =
            frame->ack.delay > limit ? limit : frame->ack.delay << c->peer_ack_delay_exponent;
    }
    if (quic_recovery_on_ack(&c->recovery, space, frame, delay_us, now_us) != RESULT_OK) {
        quic_close_transport(c, QUIC_PROTOCOL_VIOLATION, QUIC_FRAME_ACK,
                             "acknowledges what was not sent", now_us);
        return;
    }
    if (space == QUIC_SPACE_APPLICATION) {
        quic_key_update_on_acked(&c->update, frame->ack.largest);
    }
}

static void commit_crypto(struct quic_connection *c, enum quic_space space,
                          const struct quic_frame *frame, uint64_t now_us)
{
    if (c->handshake == NULL || c->is_complete) {
        return;
    }
    quic_input_add(&c->handshake->input[space], &c->streams.intake, frame->crypto.offset,
                   frame->crypto.data);
    quic_handshake_feed(c, space, now_us);
}

static void commit_streams(struct quic_connection *c, const struct quic_frame *frame,
                           uint64_t now_us)
{
    enum quic_error error = QUIC_NO_ERROR;
    if (quic_streams_commit(&c->streams, frame, now_us, &error) != RESULT_OK) {
        quic_close_transport(c, error, frame->type, "stream error", now_us);
    }
}

static void commit_id(struct quic_connection *c, const struct quic_frame *frame, uint64_t now_us)
{
    enum quic_error error = QUIC_NO_ERROR;
    enum result result = frame->type == QUIC_FRAME_NEW_CONNECTION_ID
                             ? quic_ids_on_new(c, frame, &error)
                             : quic_ids_on_retire(c, frame->retire_sequence, &error);
    if (result != RESULT_OK) {
        quic_close_transport(c, error, frame->type, "connection id", now_us);
    }
}

static void commit_frame(struct quic_connection *c, enum quic_space space,
                         const struct quic_frame *frame, struct quic_path *path, uint64_t now_us)
{
    switch (frame->type) {
    case QUIC_FRAME_PADDING:
    case QUIC_FRAME_PING:
    case QUIC_FRAME_NEW_TOKEN:
    case QUIC_FRAME_HANDSHAKE_DONE:
    case QUIC_FRAME_DATAGRAM:
        break;
    case QUIC_FRAME_ACK:
        commit_ack(c, space, frame, now_us);
        break;
    case QUIC_FRAME_CRYPTO:
        commit_crypto(c, space, frame, now_us);
        break;
    case QUIC_FRAME_RESET_STREAM:
    case QUIC_FRAME_STOP_SENDING:
    case QUIC_FRAME_STREAM:
    case QUIC_FRAME_MAX_DATA:
    case QUIC_FRAME_MAX_STREAM_DATA:
    case QUIC_FRAME_MAX_STREAMS_BIDI:
    case QUIC_FRAME_MAX_STREAMS_UNI:
    case QUIC_FRAME_DATA_BLOCKED:
    case QUIC_FRAME_STREAM_DATA_BLOCKED:
    case QUIC_FRAME_STREAMS_BLOCKED_BIDI:
    case QUIC_FRAME_STREAMS_BLOCKED_UNI:
        commit_streams(c, frame, now_us);
        break;
    case QUIC_FRAME_NEW_CONNECTION_ID:
    case QUIC_FRAME_RETIRE_CONNECTION_ID:
        commit_id(c, frame, now_us);
        break;
    case QUIC_FRAME_PATH_CHALLENGE:
        memcpy(path->response, frame->path_data, sizeof(path->response));
        path->is_response_due = true;
        break;
    case QUIC_FRAME_PATH_RESPONSE:
        quic_path_on_response(c, frame->path_data);
        break;
    case QUIC_FRAME_CONNECTION_CLOSE:
    case QUIC_FRAME_CONNECTION_CLOSE_APPLICATION:
        quic_close_drain(c, frame, now_us);
        break;
    }
}

void quic_frames_commit(struct quic_connection *c, enum quic_packet_type type, struct slice payload,
                        struct quic_path *path, uint64_t now_us)
{
    const uint8_t *at = (const uint8_t *)payload.data;
    const uint8_t *end = at + payload.length;
    while (at < end && c->state <= QUIC_STATE_OPEN) {
        struct quic_frame frame;
        enum result result = quic_frame_parse(&at, end, &frame);
        ASSERT(result == RESULT_OK); /* it was planned */
        commit_frame(c, quic_space_of(type), &frame, path, now_us);
    }
}

/* ---- what became of frames that were sent ---- */

static struct quic_local_id *find_local(struct quic_connection *c, uint64_t sequence)
{
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        if (c->local_ids[i].is_used && c->local_ids[i].sequence == sequence) {
            return &c->local_ids[i];
        }
    }
    return NULL;
}

/* An ACK arrived: the peer knows of what it told, so that its lower part is not told again
 * (13.2.4). */
static void forget_acked_ranges(struct quic_connection *c, enum quic_space space, uint64_t largest)
{
    struct quic_received *received = quic_received_of(c, space);
    if (received != NULL && largest >= received->floor) {
        received->floor = largest + 1;
        quic_ranges_remove_below(&received->ranges, largest + 1);
    }
}

static void on_frame_acked(void *owner, enum quic_space space, const struct quic_sent_frame *frame)
{
    struct quic_connection *c = owner;
    if (frame->type == QUIC_FRAME_CRYPTO) {
        struct quic_output *output = quic_crypto_of(c, space);
        if (output != NULL) {
            quic_output_on_acked(output, c->context->pools->streams.ranges, c->account,
                                 frame->offset, frame->length, false);
        }
    } else if (frame->type == QUIC_FRAME_ACK) {
        forget_acked_ranges(c, space, frame->id);
    } else if (concerns_streams(frame->type)) {
        quic_streams_on_acked(&c->streams, frame);
    }
}

static void on_retire_lost(struct quic_connection *c, uint64_t sequence)
{
    if (c->retire_due_count < QUIC_RETIRE_DUE_MAX) {
        c->retire_due[c->retire_due_count++] = sequence;
    }
}

static void on_frame_lost(void *owner, enum quic_space space, const struct quic_sent_frame *frame)
{
    struct quic_connection *c = owner;
    if (concerns_streams(frame->type)) {
        quic_streams_on_lost(&c->streams, frame);
    } else if (frame->type == QUIC_FRAME_CRYPTO) {
        struct quic_output *output = quic_crypto_of(c, space);
        if (output != NULL) {
            quic_output_on_lost(output, c->context->pools->streams.ranges, c->account,
                                frame->offset, frame->length, false);
        }
    } else if (frame->type == QUIC_FRAME_HANDSHAKE_DONE) {
        c->is_done_due = true;
    } else if (frame->type == QUIC_FRAME_NEW_TOKEN) {
        c->is_token_due = true;
    } else if (frame->type == QUIC_FRAME_NEW_CONNECTION_ID) {
        struct quic_local_id *id = find_local(c, frame->id);
        if (id != NULL) {
            id->is_due = true;
        }
    } else if (frame->type == QUIC_FRAME_RETIRE_CONNECTION_ID) {
        on_retire_lost(c, frame->id);
    }
}

static void on_mtu_probe(void *owner, size_t bytes, bool is_acked)
{
    quic_mtu_on_probe(owner, bytes, is_acked);
}

const struct quic_recovery_events QUIC_RECOVERY_EVENTS = {
    .on_frame_acked = on_frame_acked,
    .on_frame_lost = on_frame_lost,
    .on_mtu_probe = on_mtu_probe,
};
