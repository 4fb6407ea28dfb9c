/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams out: which packets of which spaces one is made of (RFC 9000 12.2, 14.1), within what
 * congestion control, pacing and anti-amplification allow; several datagrams of one size in a row,
 * for one GSO send; and the lone ones that try paths and sizes.
 *
 * Bounded: the caller's buffer, and records of packets in flight (recovery.h). Without memory for a
 * record only ACKs leave.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

enum {
    PACKET_BYTES_MIN = 4,     /* packet number and payload, to be sampled (RFC 9001 5.4.2) */
    STARVED_RETRY_US = 10000, /* after memory for a record was refused */
    OTHER_PATH = UINT8_MAX,   /* packets on it do not touch congestion control */
    TARGET_WINDOWS = 2,
    TARGET_BYTES_MIN = 64 * 1024,
    SEGMENTS_MAX = 64, /* of one GSO send */
};

/* ---- one packet ---- */

static const struct quic_keys *seal_keys(const struct quic_connection *c, enum quic_space space)
{
    const struct quic_keys *keys = &c->keys;
    if (space != QUIC_SPACE_APPLICATION) {
        if (c->handshake == NULL) {
            return NULL;
        }
        keys = space == QUIC_SPACE_INITIAL ? &c->handshake->initial : &c->handshake->handshake;
    }
    return keys->can_seal ? keys : NULL;
}

bool quic_packet_begin(struct quic_connection *c, struct quic_builder *builder,
                       enum quic_space space, const struct quic_path *path, uint8_t *out,
                       size_t room)
{
    const struct quic_sent_space *numbers = &c->recovery.spaces[space];
    const struct quic_cid *destination = &c->peer_ids[path->peer_id].id;
    *builder = (struct quic_builder){
        .packet = out, .space = space, .number = numbers->next_number, .keys = seal_keys(c, space)};
    if (builder->keys == NULL) {
        return false;
    }
    builder->number_bytes = quic_packet_number_bytes(builder->number, numbers->largest_acked);
    if (space == QUIC_SPACE_APPLICATION) {
        builder->payload = quic_header_write_short(out, room, destination, false, c->update.phase,
                                                   builder->number, builder->number_bytes);
    } else {
        builder->payload = quic_header_write_long(
            out, room, space == QUIC_SPACE_INITIAL ? QUIC_PACKET_INITIAL : QUIC_PACKET_HANDSHAKE,
            c->version, destination, &c->local_ids[0].id, SLICE_NONE, builder->number,
            builder->number_bytes, &builder->length_at);
    }
    if (builder->payload == NULL ||
        room < (size_t)(builder->payload - out) + PACKET_BYTES_MIN + QUIC_AEAD_TAG_BYTES) {
        return false;
    }
    builder->end = out + room - QUIC_AEAD_TAG_BYTES;
    return true;
}

uint8_t *quic_packet_finish(struct quic_connection *c, struct quic_builder *builder, uint8_t *at,
                            size_t least)
{
    const uint8_t *sampled = builder->payload + PACKET_BYTES_MIN - builder->number_bytes;
    const uint8_t *wanted = builder->packet + least;
    wanted = least > QUIC_AEAD_TAG_BYTES ? wanted - QUIC_AEAD_TAG_BYTES : builder->packet;
    const uint8_t *until = wanted > sampled ? wanted : sampled;
    if (until > builder->end) {
        until = builder->end;
    }
    if (at < until) {
        memset(at, QUIC_FRAME_PADDING, (size_t)(until - at));
        at += until - at;
    }
    size_t payload_bytes = (size_t)(at - builder->payload);
    if (builder->length_at != NULL) {
        quic_header_finish_long(builder->length_at,
                                builder->number_bytes + payload_bytes + QUIC_AEAD_TAG_BYTES);
    }
    if (builder->space == QUIC_SPACE_APPLICATION) {
        c->update.sealed++;
        if (c->update.first_sent == QUIC_NONE) {
            c->update.first_sent = builder->number;
        }
    }
    quic_seal_packet(&builder->keys->seal, builder->packet,
                     (size_t)(builder->payload - builder->packet), payload_bytes, builder->number,
                     builder->number_bytes);
    return at + QUIC_AEAD_TAG_BYTES;
}

/* A packet's record, or NULL when only ACKs may leave now. */
static struct quic_sent *take_record(struct quic_connection *c, uint64_t now_us)
{
    struct quic_sent *sent = NULL;
    enum result result = quic_sent_take(&c->recovery, &sent);
    if (result == RESULT_NO_MEMORY) {
        c->starved_us = now_us + STARVED_RETRY_US;
    }
    return result == RESULT_OK ? sent : NULL;
}

static bool marks_ecn(const struct quic_connection *c)
{
    return c->recovery.ecn != QUIC_ECN_FAILED;
}

/* The packet is complete: records it as sent. */
static void note_sent(struct quic_connection *c, enum quic_space space, struct quic_sent *sent,
                      uint64_t number, size_t bytes, uint64_t now_us)
{
    c->recovery.spaces[space].next_number = number + 1;
    if (sent == NULL) {
        return;
    }
    sent->number = number;
    sent->bytes = sent->elicits_ack ? (uint16_t)bytes : 0;
    sent->is_ect = marks_ecn(c);
    sent->path = sent->path == OTHER_PATH ? OTHER_PATH : c->recovery.path;
    if (sent->elicits_ack && !c->has_sent_since) { /* 10.1 */
        c->has_sent_since = true;
        c->idle_from_us = now_us;
    }
    quic_recovery_on_sent(&c->recovery, space, sent, now_us);
}

/* What a datagram is being built with. */
struct assembly {
    uint8_t *at;
    const uint8_t *end;
    bool may_send;
    bool needs_padding; /* an Initial packet that elicits an ACK is in it */
    uint64_t now_us;
};

/* Builds a packet of a space; false when it had nothing to say, or no room for it. */
static bool build_packet(struct quic_connection *c, struct assembly *a, enum quic_space space,
                         bool may_send, bool is_last)
{
    struct quic_builder builder;
    size_t room = (size_t)(a->end - a->at);
    if (!quic_packet_begin(c, &builder, space, &c->paths[0], a->at, room)) {
        return false;
    }
    struct quic_sent *sent = may_send ? take_record(c, a->now_us) : NULL;
    uint8_t *at =
        quic_write_frames(c, space, sent, builder.payload, builder.end, may_send, a->now_us);
    if (at == builder.payload) {
        if (sent != NULL) {
            quic_sent_untake(&c->recovery, sent);
        }
        return false;
    }
    bool elicits_ack = sent != NULL && sent->elicits_ack;
    a->needs_padding = a->needs_padding || (space == QUIC_SPACE_INITIAL && elicits_ack);
    uint8_t *end = quic_packet_finish(c, &builder, at, is_last && a->needs_padding ? room : 0);
    note_sent(c, space, sent, builder.number, (size_t)(end - a->at), a->now_us);
    if (elicits_ack && c->probes > 0) {
        c->probes--;
    }
    a->at = end;
    return true;
}

/* ---- one datagram on the path in use ---- */

/* Whether packets of the space may count against the window now: probes always may. */
static bool may_send_in(const struct quic_connection *c, const struct assembly *a,
                        enum quic_space space)
{
    return a->may_send || (c->probes > 0 && c->probe_space == space);
}

static size_t build_datagram(struct quic_connection *c, uint8_t *out, size_t room, uint64_t now_us)
{
    struct assembly a = {.at = out, .end = out + room, .now_us = now_us};
    uint64_t at_us = QUIC_NONE;
    a.may_send = quic_congestion_may_send(&c->recovery.cc, &c->recovery.rtt, c->recovery.in_flight,
                                          room, now_us, &at_us);
    c->pace_us = QUIC_NONE;
    bool is_wanted[QUIC_SPACES];
    bool is_held = false;
    unsigned last = 0;
    for (unsigned space = 0; space < QUIC_SPACES; space++) {
        is_wanted[space] = quic_space_has_pending(c, space, may_send_in(c, &a, space));
        is_held = is_held || (!is_wanted[space] && quic_space_has_pending(c, space, true));
        last = is_wanted[space] ? space : last;
    }
    if (is_held) {
        c->pace_us = at_us;
    }
    for (unsigned space = 0; space < QUIC_SPACES; space++) {
        if (is_wanted[space]) {
            build_packet(c, &a, space, may_send_in(c, &a, space), space == last);
        }
    }
    return (size_t)(a.at - out);
}

/* Datagrams of one size in a row. */
static void build_burst(struct quic_connection *c, uint8_t *out, size_t room,
                        struct quic_transmit *transmit, uint64_t now_us)
{
    struct quic_path *path = &c->paths[0];
    for (unsigned count = 0; count < SEGMENTS_MAX; count++) {
        size_t most = transmit->segment_bytes != 0 ? transmit->segment_bytes : path->datagram_bytes;
        size_t allowed = quic_path_room(path);
        if (room - transmit->bytes < most || allowed < QUIC_AEAD_TAG_BYTES) {
            c->recovery.is_amplification_limited = allowed < QUIC_AEAD_TAG_BYTES;
            break;
        }
        size_t bytes = build_datagram(c, out + transmit->bytes, size_min(most, allowed), now_us);
        if (bytes == 0) {
            break;
        }
        path->bytes_out += bytes;
        transmit->bytes += bytes;
        if (transmit->segment_bytes == 0) {
            transmit->segment_bytes = bytes;
        }
        if (bytes < transmit->segment_bytes || bytes < path->datagram_bytes) {
            break;
        }
    }
    transmit->addresses = path->addresses;
    transmit->ecn = marks_ecn(c) ? QUIC_ECN_ECT0 : QUIC_ECN_NONE;
}

/* ---- lone datagrams ---- */

/* Seals a datagram of one 1-RTT packet whose frames are written up to `at`. */
static size_t finish_lone(struct quic_connection *c, struct quic_builder *builder, uint8_t *at,
                          struct quic_sent *sent, size_t least, uint64_t now_us)
{
    sent->elicits_ack = true;
    uint8_t *end = quic_packet_finish(c, builder, at, least);
    size_t bytes = (size_t)(end - builder->packet);
    note_sent(c, QUIC_SPACE_APPLICATION, sent, builder->number, bytes, now_us);
    return bytes;
}

/* PATH_RESPONSE and PATH_CHALLENGE, padded so that the path's size is tried as well (8.2.1). */
static size_t build_path_probe(struct quic_connection *c, struct quic_path *path, uint8_t *out,
                               size_t room, uint64_t now_us)
{
    bool is_challenge_due = path->challenge_us <= now_us;
    if (!path->is_used || (!path->is_response_due && !is_challenge_due)) {
        return 0;
    }
    size_t most = size_min(size_min(room, QUIC_INITIAL_DATAGRAM_MIN), quic_path_room(path));
    struct quic_builder builder;
    if (!quic_packet_begin(c, &builder, QUIC_SPACE_APPLICATION, path, out, most)) {
        return 0;
    }
    struct quic_sent *sent = take_record(c, now_us);
    if (sent == NULL) {
        return 0;
    }
    sent->path = OTHER_PATH;
    uint8_t *at = builder.payload;
    if (path->is_response_due) {
        uint8_t *end = quic_write_path(at, builder.end, QUIC_FRAME_PATH_RESPONSE, path->response);
        at = end != NULL ? end : at;
        path->is_response_due = false;
    }
    if (is_challenge_due) {
        uint8_t *end = quic_write_path(at, builder.end, QUIC_FRAME_PATH_CHALLENGE, path->challenge);
        at = end != NULL ? end : at;
        path->challenge_us = now_us + quic_recovery_pto_us(&c->recovery);
    }
    size_t bytes = finish_lone(c, &builder, at, sent, most, now_us);
    path->bytes_out += bytes;
    return bytes;
}

static size_t build_mtu_probe(struct quic_connection *c, uint8_t *out, size_t room, uint64_t now_us)
{
    struct quic_path *path = &c->paths[0];
    uint64_t at_us;
    if (!c->is_complete || path->mtu_us > now_us || room < path->mtu_probe_bytes ||
        quic_path_room(path) < path->mtu_probe_bytes ||
        !quic_congestion_may_send(&c->recovery.cc, &c->recovery.rtt, c->recovery.in_flight,
                                  path->mtu_probe_bytes, now_us, &at_us)) {
        return 0;
    }
    struct quic_builder builder;
    if (!quic_packet_begin(c, &builder, QUIC_SPACE_APPLICATION, path, out, path->mtu_probe_bytes)) {
        return 0;
    }
    struct quic_sent *sent = take_record(c, now_us);
    if (sent == NULL) {
        return 0;
    }
    sent->is_mtu_probe = true;
    path->mtu_us = QUIC_NONE;
    uint8_t *at = quic_write_ping(builder.payload, builder.end);
    ASSERT(at != NULL);
    return finish_lone(c, &builder, at, sent, path->mtu_probe_bytes, now_us);
}

static bool send_lone(struct quic_connection *c, uint8_t *out, size_t room,
                      struct quic_transmit *transmit, uint64_t now_us)
{
    if (!c->is_complete) {
        return false;
    }
    for (unsigned i = 0; i < QUIC_PATHS_MAX && transmit->bytes == 0; i++) {
        transmit->bytes = build_path_probe(c, &c->paths[i], out, room, now_us);
        transmit->addresses = c->paths[i].addresses;
    }
    if (transmit->bytes == 0) {
        transmit->bytes = build_mtu_probe(c, out, room, now_us);
        transmit->addresses = c->paths[0].addresses;
    }
    transmit->segment_bytes = transmit->bytes;
    transmit->ecn = marks_ecn(c) ? QUIC_ECN_ECT0 : QUIC_ECN_NONE;
    return transmit->bytes > 0;
}

/* ---- sending ---- */

/* Keys near their limit are changed in time (RFC 9001 6.6); where that is not allowed yet and the
 * limit is reached, nothing more may be sealed. */
static bool has_usable_keys(struct quic_connection *c, uint64_t now_us)
{
    if (!c->is_complete || !quic_key_update_is_due(&c->keys, &c->update)) {
        return true;
    }
    enum result ignored = quic_connection_update_keys(c, now_us);
    (void)ignored; /* it is tried again with the next packet */
    return !quic_key_update_is_exhausted(&c->keys, &c->update);
}

/* What the path carries bounds what is worth holding: twice the window, since half of it is on its
 * way back as ACKs. */
static void tell_streams(struct quic_connection *c)
{
    uint64_t wanted = uint64_max(c->recovery.cc.window * TARGET_WINDOWS, TARGET_BYTES_MIN);
    c->streams.send_target = uint64_min(wanted, c->context->settings->tx_bytes_max);
    c->streams.rtt_us = c->recovery.rtt.smoothed_us;
}

void quic_connection_send(struct quic_connection *c, uint8_t *out, size_t room,
                          struct quic_transmit *transmit, uint64_t now_us)
{
    *transmit = (struct quic_transmit){0};
    if (c->state == QUIC_STATE_CLOSING && c->is_close_due) {
        transmit->bytes = quic_close_write(c, out, room, now_us);
        transmit->segment_bytes = transmit->bytes;
        transmit->addresses = c->paths[0].addresses;
        c->bytes_sent += transmit->bytes;
        return;
    }
    if (c->state > QUIC_STATE_OPEN) {
        return;
    }
    if (!has_usable_keys(c, now_us)) {
        quic_close_silently(c, "keys exhausted", now_us);
        return;
    }
    tell_streams(c);
    if (!send_lone(c, out, room, transmit, now_us)) {
        build_burst(c, out, room, transmit, now_us);
    }
    if (transmit->bytes == 0 && c->pace_us == QUIC_NONE && !quic_streams_has_pending(&c->streams)) {
        quic_recovery_set_app_limited(&c->recovery);
    }
    c->bytes_sent += transmit->bytes;
}
