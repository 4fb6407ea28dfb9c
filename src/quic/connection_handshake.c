/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake (RFC 9001 4): CRYPTO bytes go to TLS in order; secrets become keys, its bytes
 * become CRYPTO frames, its parameters settle limits, versions (RFC 9368) and ids (RFC 9000 7.3).
 * When it is complete it is confirmed as well (9001 4.1.2), and what only it needed goes: the TLS
 * session, keys and records of the first two spaces, the client's first destination id.
 *
 * Bounded: QUIC_CRYPTO_WINDOW a level in, small chunks for what TLS sends out.
 */
#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "quic/connection_internal.h"

/* ---- what TLS tells ---- */

static enum result note_memory(struct quic_connection *c, enum result result)
{
    if (result == RESULT_NO_MEMORY) {
        c->handshake->was_refused_memory = true;
    }
    return result;
}

/* The two secrets of the first 1-RTT phase come one by one. */
static void keep_secret(struct quic_connection *c, bool is_seal, const uint8_t *secret,
                        size_t bytes)
{
    ASSERT(bytes <= TLS_SECRET_BYTES_MAX);
    uint8_t other[TLS_SECRET_BYTES_MAX];
    memcpy(other, is_seal ? c->update.open_secret : c->update.seal_secret, sizeof(other));
    quic_key_update_init(&c->update, is_seal ? other : secret, is_seal ? secret : other, bytes);
    c->has_seal = c->has_seal || is_seal;
}

static enum result on_secret(void *owner, enum tls_level level, bool is_seal, enum tls_suite suite,
                             const uint8_t *secret, size_t bytes)
{
    struct quic_connection *c = owner;
    struct quic_keys *keys = &c->keys;
    uint32_t version = c->version;
    switch (level) {
    case TLS_LEVEL_INITIAL:
    case TLS_LEVELS:
        return RESULT_FAILED;
    case TLS_LEVEL_EARLY:
        keys = &c->handshake->early;
        version = c->handshake->first_version; /* 0-RTT is sent before another is chosen */
        break;
    case TLS_LEVEL_HANDSHAKE:
        keys = &c->handshake->handshake;
        c->recovery.has_handshake_keys = true;
        break;
    case TLS_LEVEL_APPLICATION:
        keep_secret(c, is_seal, secret, bytes);
        break;
    }
    return note_memory(c, quic_keys_set(keys, c->account, version, suite, is_seal, secret, bytes));
}

static enum result on_crypto(void *owner, enum tls_level level, struct slice bytes)
{
    struct quic_connection *c = owner;
    enum quic_space space = level == TLS_LEVEL_INITIAL     ? QUIC_SPACE_INITIAL
                            : level == TLS_LEVEL_HANDSHAKE ? QUIC_SPACE_HANDSHAKE
                                                           : QUIC_SPACE_APPLICATION;
    struct chunk_queue *queue = &quic_crypto_of(c, space)->queue;
    while (bytes.length > 0) {
        struct iovec room;
        enum result result =
            chunk_queue_reserve(queue, c->context->chunks, CHUNK_SMALL, c->account, 1, &room);
        if (result != RESULT_OK) {
            return note_memory(c, result);
        }
        size_t part = size_min(room.iov_len, bytes.length);
        memcpy(room.iov_base, bytes.data, part);
        chunk_queue_commit(queue, part);
        bytes = slice_of(bytes.data + part, bytes.length - part);
    }
    return RESULT_OK;
}

/* ---- transport parameters ---- */

/* The version is changed to one that the client likes better (RFC 9368 2.3): those it could read
 * the first flight in are the same as ours. */
static enum result negotiate_version(struct quic_connection *c,
                                     const struct quic_transport_parameters *peer)
{
    struct quic_handshake *handshake = c->handshake;
    if (peer->chosen_version == 0) {
        return RESULT_OK;
    }
    if (peer->chosen_version != handshake->first_version) {
        return RESULT_INVALID;
    }
    for (unsigned i = 0; i < peer->available_versions_count; i++) {
        uint32_t version = peer->available_versions[i];
        if (version == c->version) {
            return RESULT_OK;
        }
        if (version == QUIC_VERSION_1 || version == QUIC_VERSION_2) {
            handshake->initial_first = handshake->initial;
            handshake->has_first_keys = true;
            handshake->initial = (struct quic_keys){0};
            c->version = version;
            return note_memory(c, quic_keys_init_initial(&handshake->initial, c->account, version,
                                                         &handshake->client_destination));
        }
    }
    return RESULT_OK;
}

static void take_limits(struct quic_connection *c, const struct quic_transport_parameters *peer)
{
    quic_streams_set_peer(&c->streams, peer);
    c->recovery.peer_max_ack_delay_us = peer->max_ack_delay_ms * US_PER_MS;
    c->peer_ack_delay_exponent = peer->ack_delay_exponent;
    c->grease_bit = peer->grease_quic_bit;
    c->local_ids_limit = (uint8_t)uint64_min(peer->active_connection_id_limit, QUIC_LOCAL_IDS_MAX);
    struct quic_path *path = &c->paths[0];
    path->mtu_ceiling = (uint16_t)uint64_min(path->mtu_ceiling, peer->max_udp_payload_size + 1);
    path->datagram_bytes = (uint16_t)uint64_min(path->datagram_bytes, peer->max_udp_payload_size);
}

static enum result on_parameters(void *owner, struct slice bytes)
{
    struct quic_connection *c = owner;
    struct quic_transport_parameters *peer = &c->handshake->peer;
    bool is_valid = quic_transport_parameters_parse(bytes, peer) == RESULT_OK &&
                    peer->has_initial_source_cid &&
                    quic_cid_equal(&peer->initial_source_cid, &c->peer_ids[0].id);
    if (!is_valid) {
        c->close.code = QUIC_TRANSPORT_PARAMETER_ERROR;
        return RESULT_INVALID;
    }
    enum result result = negotiate_version(c, peer);
    if (result != RESULT_OK) {
        c->close.code = QUIC_VERSION_NEGOTIATION_ERROR;
        return result;
    }
    take_limits(c, peer);
    return RESULT_OK;
}

static size_t write_parameters(void *owner, uint8_t *out, size_t room)
{
    struct quic_connection *c = owner;
    const struct quic_handshake *handshake = c->handshake;
    const struct quic_settings *settings = c->context->settings;
    struct quic_transport_parameters own;
    quic_transport_parameters_init(&own);
    own.max_idle_timeout_ms = settings->idle_timeout_ms;
    own.initial_max_data = c->streams.window;
    own.initial_max_stream_data_bidi_remote = settings->stream_window_bytes;
    own.initial_max_stream_data_uni = settings->stream_window_bytes;
    own.initial_max_streams_bidi = c->streams.streams_max[0];
    own.initial_max_streams_uni = c->streams.streams_max[1];
    own.ack_delay_exponent = QUIC_ACK_DELAY_EXPONENT;
    own.max_ack_delay_ms = QUIC_ACK_DELAY_MS;
    own.active_connection_id_limit = QUIC_PEER_IDS_MAX;
    own.grease_quic_bit = true;
    own.has_initial_source_cid = true;
    own.initial_source_cid = c->local_ids[0].id;
    own.original_destination_cid = handshake->original_destination;
    own.has_retry_source_cid = handshake->has_retried;
    own.retry_source_cid = handshake->client_destination;
    own.has_reset_token = true;
    quic_reset_token(c->context->secrets, &own.initial_source_cid, own.reset_token);
    if (handshake->peer.chosen_version != 0) {
        own.chosen_version = c->version;
        own.available_versions[0] = QUIC_VERSION_1;
        own.available_versions[1] = QUIC_VERSION_2;
        own.available_versions_count = 2;
    }
    uint64_t random;
    tls_random(&random, sizeof(random));
    return quic_transport_parameters_write(out, room, &own, random);
}

const struct tls_quic_events QUIC_TLS_EVENTS = {
    .on_secret = on_secret,
    .on_crypto = on_crypto,
    .on_parameters = on_parameters,
    .write_parameters = write_parameters,
};

/* ---- going on ---- */

static void fail(struct quic_connection *c, uint64_t now_us)
{
    if (c->handshake->was_refused_memory) {
        quic_close_transport(c, QUIC_CONNECTION_REFUSED, 0, "no memory", now_us);
        return;
    }
    uint64_t code = c->close.code;
    if (code == 0) {
        enum result ignored = tls_quic_facts(c->handshake->tls, &c->facts);
        (void)ignored;
        code = QUIC_CRYPTO_ERROR + c->facts.alert;
    }
    quic_close_transport(c, code, QUIC_FRAME_CRYPTO, "TLS handshake failed", now_us);
}

/* Streams can be used: data may go out with the server's first flight, and 0-RTT data may come in.
 */
static void become_ready(struct quic_connection *c)
{
    c->is_ready = true;
    struct slice alpn = tls_quic_alpn(c->handshake->tls);
    c->alpn_length = (uint8_t)size_min(alpn.length, sizeof(c->alpn));
    memcpy(c->alpn, alpn.data, c->alpn_length);
    enum result named = tls_quic_facts(c->handshake->tls, &c->facts);
    (void)named; /* logs do without the name */
    c->events->on_ready(c->owner);
}

static void complete(struct quic_connection *c, uint64_t now_us)
{
    const struct quic_transport_parameters *peer = &c->handshake->peer;
    uint64_t own_ms = c->context->settings->idle_timeout_ms;
    uint64_t idle_ms = peer->max_idle_timeout_ms == 0 ? own_ms
                       : own_ms == 0                  ? peer->max_idle_timeout_ms
                                     : uint64_min(own_ms, peer->max_idle_timeout_ms);
    c->idle_timeout_us = idle_ms * US_PER_MS;
    c->is_complete = true;
    c->is_done_due = true;
    c->is_token_due = true;
    c->paths[0].is_validated = true;
    c->recovery.handshake_confirmed = true;
    c->recovery.is_amplification_limited = false;
    enum result named = tls_quic_facts(c->handshake->tls, &c->facts);
    /* Tickets are bound to the first version, and must be to the one in use (RFC 9369 5). */
    enum result ticketed = c->version == c->handshake->first_version
                               ? tls_quic_send_ticket(c->handshake->tls)
                               : RESULT_OK;
    (void)named; /* logs do without the name, the client without a ticket */
    (void)ticketed;
    quic_recovery_skip(&c->recovery, QUIC_SPACE_APPLICATION); /* RFC 9000 21.4 */
    quic_connection_set_state(c, QUIC_STATE_OPEN);
    c->is_finishing = true;
    quic_handshake_discard(c, QUIC_SPACE_HANDSHAKE);
    quic_ids_fill(c);
    quic_mtu_begin(c, now_us);
    c->events->on_complete(c->owner);
}

void quic_handshake_feed(struct quic_connection *c, enum quic_space space, uint64_t now_us)
{
    static const enum tls_level LEVELS[] = {TLS_LEVEL_INITIAL, TLS_LEVEL_HANDSHAKE};
    struct quic_handshake *handshake = c->handshake;
    struct quic_input *input = &handshake->input[space];
    for (;;) {
        struct slice bytes = quic_input_front(input);
        if (bytes.length == 0 || c->is_complete) {
            break;
        }
        enum result result = tls_quic_feed(handshake->tls, LEVELS[space], bytes);
        if (result != RESULT_OK) {
            if (result == RESULT_INVALID) { /* RFC 9001 4.1.3 */
                c->close.code = QUIC_PROTOCOL_VIOLATION;
            }
            fail(c, now_us);
            return;
        }
        quic_input_drop(input, &c->streams.intake, bytes.length);
    }
    if (!c->is_ready && c->has_seal && c->state == QUIC_STATE_HANDSHAKE) {
        become_ready(c);
    }
    if (!c->is_complete && c->state == QUIC_STATE_HANDSHAKE &&
        tls_quic_is_complete(handshake->tls)) {
        complete(c, now_us);
    }
}

/* ---- the end ---- */

void quic_handshake_discard(struct quic_connection *c, enum quic_space space)
{
    struct quic_handshake *handshake = c->handshake;
    ASSERT(handshake != NULL && space != QUIC_SPACE_APPLICATION);
    struct pool *ranges = c->context->pools->streams.ranges;
    quic_recovery_discard(&c->recovery, space);
    quic_input_clear(&handshake->input[space], &c->streams.intake);
    quic_output_deinit(&handshake->output[space], ranges, c->account);
    quic_output_init(&handshake->output[space]);
    handshake->received[space].is_ack_due = false;
    handshake->received[space].ack_us = QUIC_NONE;
    if (space == QUIC_SPACE_INITIAL) {
        quic_keys_clear(&handshake->initial, c->account);
        quic_keys_clear(&handshake->initial_first, c->account);
    } else {
        quic_keys_clear(&handshake->handshake, c->account);
    }
}

void quic_handshake_release(struct quic_connection *c)
{
    struct quic_handshake *handshake = c->handshake;
    if (handshake == NULL) {
        return;
    }
    quic_handshake_discard(c, QUIC_SPACE_INITIAL);
    quic_handshake_discard(c, QUIC_SPACE_HANDSHAKE);
    quic_keys_clear(&handshake->early, c->account);
    if (handshake->tls != NULL) {
        tls_quic_release(handshake->tls);
    }
    if (handshake->is_entered) {
        enum result ignored = c->events->on_id(c->owner, &handshake->client_destination, false);
        (void)ignored; /* a removal is not refused */
    }
    c->handshake = NULL;
    c->is_finishing = false;
    pool_release(c->context->pools->handshakes, c->account, handshake);
}
