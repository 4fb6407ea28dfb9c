/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams in: each packet of one is found, opened, planned and committed (RFC 9000 12.2, 13.1;
 * RFC 9001 5.5, 5.7). What cannot be opened is dropped silently; what is authentic and wrong closes
 * the connection.
 *
 *   datagram -> header -> keys -> number -> open -> plan -> [refused: as if lost] -> received ->
 * commit
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

enum {
    LONG_RESERVED_BITS = 0x0c,
    SHORT_RESERVED_BITS = 0x18,
    ACK_EVERY = 2,       /* RFC 9000 13.2.2 */
    ACK_EVERY_BULK = 10, /* of a long run of packets in order */
    BULK_PACKETS = 100,
};

/* A packet on its way in. */
struct incoming {
    const struct quic_datagram *datagram;
    struct quic_header header;
    uint8_t *packet;
    struct slice payload;
    uint64_t number;
    size_t number_bytes;
    enum quic_space space;
    struct quic_path *path;
    uint64_t now_us;
};

/* ---- keys ---- */

static const struct quic_keys *find_keys(const struct quic_connection *c,
                                         const struct quic_header *header)
{
    const struct quic_handshake *handshake = c->handshake;
    switch (header->type) {
    case QUIC_PACKET_INITIAL:
        if (handshake == NULL) {
            return NULL;
        }
        return handshake->has_first_keys && header->version == handshake->first_version
                   ? &handshake->initial_first
                   : &handshake->initial;
    case QUIC_PACKET_HANDSHAKE:
        return handshake == NULL ? NULL : &handshake->handshake;
    case QUIC_PACKET_ZERO_RTT:
        return handshake == NULL ? NULL : &handshake->early;
    case QUIC_PACKET_ONE_RTT:
        return c->is_complete ? &c->keys : NULL; /* RFC 9001 5.7 */
    case QUIC_PACKET_RETRY:
    case QUIC_PACKET_VERSION_NEGOTIATION:
    case QUIC_PACKET_UNKNOWN_VERSION:
        return NULL;
    }
    return NULL;
}

static bool is_version_right(const struct quic_connection *c, const struct quic_header *header)
{
    if (header->type == QUIC_PACKET_ONE_RTT || header->version == c->version) {
        return true;
    }
    return c->handshake != NULL && header->version == c->handshake->first_version &&
           (header->type == QUIC_PACKET_INITIAL || header->type == QUIC_PACKET_ZERO_RTT);
}

static enum result open_packet(struct quic_connection *c, struct incoming *in,
                               const struct quic_keys *keys)
{
    if (in->header.type == QUIC_PACKET_ONE_RTT) {
        return quic_key_update_open(&c->keys, &c->update, c->account, c->version, in->packet,
                                    &in->header, in->number, in->number_bytes, in->now_us,
                                    quic_recovery_pto_us(&c->recovery), &in->payload);
    }
    return quic_open_packet(&keys->open.aead, in->packet, &in->header, in->number, in->number_bytes,
                            &in->payload);
}

/* ---- what was received ---- */

static bool is_duplicate(const struct quic_received *received, uint64_t number)
{
    return number < received->floor || quic_ranges_contain(&received->ranges, number);
}

static void schedule_ack(struct quic_connection *c, struct quic_received *received,
                         const struct incoming *in, bool is_in_order)
{
    received->eliciting++;
    uint32_t every = c->packets_received > BULK_PACKETS ? ACK_EVERY_BULK : ACK_EVERY;
    if (in->space != QUIC_SPACE_APPLICATION || !is_in_order || received->eliciting >= every ||
        in->datagram->ecn == QUIC_ECN_CE) {
        received->is_ack_due = true;
    } else if (received->ack_us == QUIC_NONE) {
        received->ack_us = in->now_us + QUIC_ACK_DELAY_MS * UINT64_C(1000);
    }
}

static void note_received(struct quic_connection *c, const struct incoming *in, bool elicits_ack)
{
    struct quic_received *received = quic_received_of(c, in->space);
    bool is_newest = received->largest == QUIC_NONE || in->number > received->largest;
    bool is_in_order = received->largest == QUIC_NONE || in->number == received->largest + 1;
    quic_ranges_add(&received->ranges, in->number, in->number);
    if (received->ranges.count == received->ranges.size) {
        received->floor = received->ranges.entries[received->ranges.count - 1].first;
    }
    if (is_newest) {
        received->largest = in->number;
        received->largest_us = in->now_us;
    }
    if (in->datagram->ecn != QUIC_ECN_NONE) {
        static const uint8_t COUNTS[] = {
            [QUIC_ECN_ECT0] = 0, [QUIC_ECN_ECT1] = 1, [QUIC_ECN_CE] = 2};
        received->ecn[COUNTS[in->datagram->ecn]]++;
        received->has_ecn = true;
    }
    if (elicits_ack) {
        schedule_ack(c, received, in, is_in_order);
    }
    c->packets_received++;
    c->received_us = in->now_us;
    c->idle_from_us = in->now_us;
    c->has_sent_since = false;
}

/* ---- a packet's payload ---- */

/* The first packet that a client could only seal with handshake keys proves its address (8.1), and
 * ends the Initial space. */
static void on_handshake_packet(struct quic_connection *c)
{
    c->paths[0].is_validated = true;
    c->recovery.is_amplification_limited = false;
    if (!c->recovery.spaces[QUIC_SPACE_INITIAL].is_discarded) {
        quic_handshake_discard(c, QUIC_SPACE_INITIAL);
    }
}

static void process_payload(struct quic_connection *c, struct incoming *in)
{
    struct quic_packet_plan plan;
    enum quic_error error = QUIC_NO_ERROR;
    uint64_t frame_type = 0;
    enum result result =
        quic_frames_plan(c, in->header.type, in->payload, &plan, &error, &frame_type);
    if (result == RESULT_INVALID) {
        quic_close_transport(c, error, frame_type, "frame", in->now_us);
        return;
    }
    if (result != RESULT_OK) {
        c->packets_refused++;
        return;
    }
    const struct quic_received *received = quic_received_of(c, in->space);
    bool is_newest = received->largest == QUIC_NONE || in->number > received->largest;
    note_received(c, in, plan.elicits_ack);
    if (in->header.type == QUIC_PACKET_HANDSHAKE) {
        on_handshake_packet(c);
    }
    if (is_newest && !plan.is_probing_only) {
        quic_path_follow(c, in->path, in->now_us);
        in->path = &c->paths[0];
    }
    quic_frames_commit(c, in->header.type, in->payload, in->path, in->now_us);
}

static bool has_reserved_bits(const struct incoming *in)
{
    uint8_t mask =
        in->header.type == QUIC_PACKET_ONE_RTT ? SHORT_RESERVED_BITS : LONG_RESERVED_BITS;
    return (in->packet[0] & mask) != 0;
}

/* True when the packet was authentic. */
static bool receive_packet(struct quic_connection *c, struct incoming *in)
{
    const struct quic_keys *keys = find_keys(c, &in->header);
    if (keys == NULL || !keys->can_open || !is_version_right(c, &in->header)) {
        return false;
    }
    in->space = quic_space_of(in->header.type);
    struct quic_received *received = quic_received_of(c, in->space);
    uint64_t truncated;
    if (quic_unprotect_header(&keys->open, in->packet, &in->header, &truncated,
                              &in->number_bytes) != RESULT_OK) {
        return false;
    }
    in->number = quic_packet_number_decode(received->largest, truncated, in->number_bytes);
    if (is_duplicate(received, in->number)) {
        return false;
    }
    enum result result = open_packet(c, in, keys);
    if (result != RESULT_OK) {
        if (result == RESULT_FAILED) {
            quic_close_transport(c, QUIC_KEY_UPDATE_ERROR, 0, "key update too early", in->now_us);
        } else if (result == RESULT_FULL) {
            quic_close_transport(c, QUIC_AEAD_LIMIT_REACHED, 0, "too many forgeries", in->now_us);
        } else if (result == RESULT_NO_MEMORY) {
            c->packets_refused++;
        } else {
            c->packets_invalid++;
        }
        return false;
    }
    if (has_reserved_bits(in)) {
        quic_close_transport(c, QUIC_PROTOCOL_VIOLATION, 0, "reserved bits", in->now_us);
        return true;
    }
    process_payload(c, in);
    return true;
}

/* ---- a datagram ---- */

static bool is_ours(const struct quic_connection *c, const struct quic_header *header)
{
    uint64_t sequence;
    if (quic_ids_find_local(c, &header->destination, &sequence)) {
        return true;
    }
    return c->handshake != NULL &&
           quic_cid_equal(&header->destination, &c->handshake->client_destination);
}

static void receive_packets(struct quic_connection *c, struct incoming *in)
{
    const struct quic_datagram *datagram = in->datagram;
    struct quic_cid first = {0};
    bool is_authentic = false;
    for (size_t at = 0; at < datagram->length && c->state <= QUIC_STATE_OPEN;) {
        struct slice rest = slice_of((const char *)datagram->bytes + at, datagram->length - at);
        if (quic_header_parse(rest, QUIC_LOCAL_CID_BYTES, true, &in->header) != RESULT_OK) {
            break;
        }
        if (at == 0) {
            first = in->header.destination;
        }
        in->packet = datagram->bytes + at;
        at += in->header.packet_bytes;
        bool is_short_initial =
            in->header.type == QUIC_PACKET_INITIAL && datagram->length < QUIC_INITIAL_DATAGRAM_MIN;
        if (is_short_initial || !quic_cid_equal(&first, &in->header.destination) ||
            !is_ours(c, &in->header)) {
            continue;
        }
        is_authentic = receive_packet(c, in) || is_authentic;
        quic_streams_settle(&c->streams);
    }
    if (!is_authentic && c->state <= QUIC_STATE_OPEN && quic_ids_is_reset(c, datagram)) {
        quic_close_silently(c, "stateless reset", in->now_us);
    }
}

void quic_connection_receive(struct quic_connection *c, const struct quic_datagram *datagram,
                             uint64_t now_us)
{
    if (c->state == QUIC_STATE_CLOSING) {
        c->paths[0].bytes_in += datagram->length;
        quic_close_on_datagram(c);
        return;
    }
    if (c->state > QUIC_STATE_OPEN) {
        return;
    }
    struct incoming in = {.datagram = datagram, .now_us = now_us};
    in.path = quic_path_find(c, datagram);
    if (in.path == NULL) {
        return;
    }
    c->bytes_received += datagram->length;
    in.path->bytes_in += datagram->length;
    c->recovery.is_amplification_limited = false;
    receive_packets(c, &in);
    if (c->is_finishing && c->state <= QUIC_STATE_OPEN) {
        quic_handshake_release(c);
    }
    if (c->state <= QUIC_STATE_OPEN) {
        quic_streams_deliver(&c->streams);
    }
    quic_connection_mark_pending(c);
}
