/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frames a packet carries, in order: ACK, CRYPTO, what the handshake's end brings, connection
 * ids, a PING where a probe would be empty, and the streams'. A frame that must be known again when
 * its packet is lost is noted in the packet's record first; where there is no memory for that, the
 * frame waits for another packet.
 */
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

/* The room of a packet, as it fills. */
struct writer {
    struct quic_connection *c;
    struct quic_sent *sent; /* NULL: there was no memory for one */
    uint8_t *at;
    const uint8_t *end;
    enum quic_space space;
    uint64_t now_us;
};

static bool note(struct writer *w, enum quic_frame_type type, uint64_t id, uint64_t offset,
                 size_t length)
{
    const struct quic_sent_frame frame = {
        .type = (uint8_t)type, .id = id, .offset = offset, .length = (uint32_t)length};
    return quic_sent_add(&w->c->recovery, w->sent, &frame) == RESULT_OK;
}

/* Takes over what a frame's writer returned; false when it did not fit. */
static bool advance(struct writer *w, uint8_t *end)
{
    if (end == NULL) {
        return false;
    }
    w->at = end;
    return true;
}

/* ---- ACK ---- */

static void write_ack(struct writer *w)
{
    struct quic_received *received = quic_received_of(w->c, w->space);
    if (received->ranges.count == 0 || (received->eliciting == 0 && !received->is_ack_due)) {
        return;
    }
    uint64_t delay = (w->now_us - received->largest_us) >> QUIC_ACK_DELAY_EXPONENT;
    if (!advance(w, quic_write_ack(w->at, w->end, &received->ranges, delay,
                                   received->has_ecn ? received->ecn : NULL))) {
        return;
    }
    received->eliciting = 0;
    received->is_ack_due = false;
    received->ack_us = QUIC_NONE;
}

/* Ranges that the peer knows to be known need not be told again: watch for the ACK of this ACK. */
static void note_ack(struct writer *w)
{
    const struct quic_received *received = quic_received_of(w->c, w->space);
    if (received->ranges.count > 1) {
        bool is_noted = note(w, QUIC_FRAME_ACK, received->ranges.entries[0].last, 0, 0);
        (void)is_noted; /* then they are told once more */
    }
}

/* ---- CRYPTO ---- */

static void write_crypto(struct writer *w)
{
    struct quic_output *output = quic_crypto_of(w->c, w->space);
    uint64_t offset;
    size_t bytes;
    bool is_final;
    while (
        quic_output_next(output, QUIC_NONE, (size_t)(w->end - w->at), &offset, &bytes, &is_final)) {
        uint8_t *data = quic_write_crypto_header(w->at, w->end, offset, &bytes);
        if (data == NULL || !note(w, QUIC_FRAME_CRYPTO, 0, offset, bytes)) {
            return;
        }
        quic_output_copy(output, offset, bytes, data);
        quic_output_on_sent(output, offset, bytes, false);
        w->at = data + bytes;
    }
}

/* ---- the application space's own ---- */

static void write_token(struct writer *w)
{
    struct quic_connection *c = w->c;
    uint8_t token[QUIC_TOKEN_BYTES_MAX];
    uint64_t wall_s = (w->now_us + c->context->wall_offset_us) / US_PER_SECOND;
    size_t bytes = quic_token_write_new(c->context->secrets, token, &c->paths[0].addresses.peer,
                                        c->version, wall_s);
    uint8_t *end = quic_write_new_token(w->at, w->end, slice_of((const char *)token, bytes));
    if (end != NULL && note(w, QUIC_FRAME_NEW_TOKEN, 0, 0, 0)) {
        w->at = end;
        c->is_token_due = false;
    }
}

static void write_new_ids(struct writer *w)
{
    struct quic_connection *c = w->c;
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        struct quic_local_id *id = &c->local_ids[i];
        if (!id->is_used || !id->is_due) {
            continue;
        }
        uint8_t token[QUIC_RESET_TOKEN_BYTES];
        quic_reset_token(c->context->secrets, &id->id, token);
        uint8_t *end = quic_write_new_connection_id(w->at, w->end, id->sequence, 0, &id->id, token);
        if (end == NULL || !note(w, QUIC_FRAME_NEW_CONNECTION_ID, id->sequence, 0, 0)) {
            return;
        }
        w->at = end;
        id->is_due = false;
    }
}

static void write_retired_ids(struct writer *w)
{
    struct quic_connection *c = w->c;
    while (c->retire_due_count > 0) {
        uint64_t sequence = c->retire_due[c->retire_due_count - 1];
        uint8_t *end = quic_write_number(w->at, w->end, QUIC_FRAME_RETIRE_CONNECTION_ID, sequence);
        if (end == NULL || !note(w, QUIC_FRAME_RETIRE_CONNECTION_ID, sequence, 0, 0)) {
            return;
        }
        w->at = end;
        c->retire_due_count--;
    }
}

static void write_application(struct writer *w)
{
    struct quic_connection *c = w->c;
    if (c->is_done_due) {
        uint8_t *end = quic_write_handshake_done(w->at, w->end);
        if (end != NULL && note(w, QUIC_FRAME_HANDSHAKE_DONE, 0, 0, 0)) {
            w->at = end;
            c->is_done_due = false;
        }
    }
    if (c->is_token_due) {
        write_token(w);
    }
    if (c->is_complete) {
        write_new_ids(w);
        write_retired_ids(w);
    }
    w->at = quic_streams_write(&c->streams, &c->recovery, w->sent, w->at, w->end, true, w->now_us);
}

static void write_ping(struct writer *w)
{
    if (advance(w, quic_write_ping(w->at, w->end))) {
        w->c->ping_due = 0;
    }
}

/* ---- a packet ---- */

uint8_t *quic_write_frames(struct quic_connection *c, enum quic_space space, struct quic_sent *sent,
                           uint8_t *out, const uint8_t *end, bool may_send, uint64_t now_us)
{
    struct writer w = {
        .c = c, .sent = sent, .at = out, .end = end, .space = space, .now_us = now_us};
    write_ack(&w);
    const uint8_t *behind_ack = w.at;
    if (sent == NULL || !may_send) {
        return w.at;
    }
    write_crypto(&w);
    if (space == QUIC_SPACE_APPLICATION) {
        write_application(&w);
    }
    bool is_probe = c->ping_due > 0 && c->probe_space == space;
    if (is_probe && w.at == behind_ack) {
        write_ping(&w);
    }
    sent->elicits_ack = w.at > behind_ack;
    if (sent->elicits_ack) {
        c->ping_due = is_probe ? 0 : c->ping_due;
        if (behind_ack > out) {
            note_ack(&w);
        }
    }
    return w.at;
}

static bool has_application_pending(const struct quic_connection *c)
{
    if (c->is_done_due || c->is_token_due || quic_streams_has_pending(&c->streams)) {
        return true;
    }
    if (!c->is_complete) {
        return false;
    }
    for (unsigned i = 0; i < QUIC_LOCAL_IDS_MAX; i++) {
        if (c->local_ids[i].is_used && c->local_ids[i].is_due) {
            return true;
        }
    }
    return c->retire_due_count > 0;
}

bool quic_space_has_pending(const struct quic_connection *c, enum quic_space space, bool may_send)
{
    bool is_application = space == QUIC_SPACE_APPLICATION;
    if (is_application ? !c->has_seal : c->handshake == NULL) {
        return false;
    }
    const struct quic_received *received =
        is_application ? &c->received : &c->handshake->received[space];
    if (received->is_ack_due) {
        return true;
    }
    if (!may_send) {
        return false;
    }
    const struct quic_output *crypto = is_application ? &c->crypto : &c->handshake->output[space];
    return quic_output_is_pending(crypto, QUIC_NONE) ||
           (c->ping_due > 0 && c->probe_space == space) ||
           (is_application && has_application_pending(c));
}
