/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bind line's QUIC: datagrams to connections, and what is said, without keeping anything, to
 * those that belong to none.
 *
 *   known id ---------------------------------> its connection
 *   Initial: version unknown -----------------> version negotiation (RFC 9000 6)
 *            token wrong ---------------------> INVALID_TOKEN
 *            no token, and one is demanded ---> Retry (8.1.2): under pressure, with many half-open,
 * or as configured no memory -----------------------> CONNECTION_REFUSED; silence when even that
 * costs too much else ----------------------------> a new connection short header, unknown id
 * -----------------> stateless reset (10.3), never longer than what came
 *
 * Bounded: nothing is kept here; one answer a datagram, never larger than it may be
 * (amplification).
 */
#include "transport/quic_listener.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "memory/pressure.h"
#include "quic/frame.h"
#include "quic/keys.h"
#include "quic/packet.h"
#include "transport/quic_client.h"

enum {
    INITIAL_ID_BYTES_MIN = 8, /* RFC 9000 7.2 */
    RESET_BYTES_MIN = 21,     /* the least that is a stateless reset */
    RESET_BYTES = 43,         /* looks like a small packet */
    ANSWER_BYTES = 256,
};

static const uint32_t VERSIONS[] = {QUIC_VERSION_1, QUIC_VERSION_2};

/* A datagram that belongs to no connection. */
struct stranger {
    struct quic_listener *listener;
    const struct udp_datagram *datagram;
    struct quic_header header;
    struct quic_token token;
    bool is_validated;
};

/* ---- answers without state ---- */

static void answer(const struct stranger *s, const uint8_t *bytes, size_t length)
{
    const struct udp_transmit datagram = {
        .local = s->datagram->local,
        .peer = s->datagram->peer,
        .bytes = bytes,
        .length = length,
    };
    enum result ignored = udp_socket_send(&s->listener->socket, &datagram);
    (void)ignored; /* as if the network had lost it */
}

static uint8_t random_byte(void)
{
    uint8_t byte;
    tls_random(&byte, sizeof(byte));
    return byte;
}

static void negotiate_version(const struct stranger *s)
{
    uint8_t out[ANSWER_BYTES];
    uint32_t grease;
    tls_random(&grease, sizeof(grease));
    grease = (grease & UINT32_C(0xf0f0f0f0)) | UINT32_C(0x0a0a0a0a); /* 15: reserved */
    size_t length = quic_write_version_negotiation(
        out, sizeof(out), &s->header.destination, &s->header.source, VERSIONS,
        sizeof(VERSIONS) / sizeof(VERSIONS[0]), grease, random_byte());
    s->listener->endpoint->versions_negotiated++;
    answer(s, out, length);
}

static void reset(const struct stranger *s)
{
    size_t length = size_min(RESET_BYTES, s->datagram->length - 1); /* 10.3.3: no loops */
    if (length < RESET_BYTES_MIN) {
        return;
    }
    uint8_t out[RESET_BYTES], random[RESET_BYTES], token[QUIC_RESET_TOKEN_BYTES];
    tls_random(random, sizeof(random));
    quic_reset_token(s->listener->endpoint->secrets, &s->header.destination, token);
    quic_write_stateless_reset(out, length, random, token);
    s->listener->endpoint->resets_sent++;
    answer(s, out, length);
}

static void make_id(const struct quic_endpoint *endpoint, struct quic_cid *id)
{
    id->length = QUIC_LOCAL_CID_BYTES;
    tls_random(id->bytes, id->length);
    id->bytes[1] = endpoint->worker;
    id->bytes[2] = endpoint->generation;
}

static void retry(const struct stranger *s)
{
    uint8_t out[ANSWER_BYTES], token[QUIC_TOKEN_BYTES_MAX];
    struct quic_endpoint *endpoint = s->listener->endpoint;
    struct quic_cid source;
    make_id(endpoint, &source);
    size_t token_bytes =
        quic_token_write_retry(endpoint->secrets, token, &s->datagram->peer, s->header.version,
                               &s->header.destination, &source, clock_wall_us() / US_PER_SECOND);
    size_t length = quic_write_retry(out, sizeof(out) - QUIC_AEAD_TAG_BYTES, s->header.version,
                                     &s->header.source, &source,
                                     slice_of((const char *)token, token_bytes), random_byte());
    if (quic_retry_tag(s->header.version, s->listener->account, &s->header.destination,
                       slice_of((const char *)out, length), out + length) != RESULT_OK) {
        return; /* the client asks again */
    }
    endpoint->retries_sent++;
    answer(s, out, length + QUIC_AEAD_TAG_BYTES);
}

/* An Initial packet with CONNECTION_CLOSE, sealed with keys that anyone can derive. */
static void refuse(const struct stranger *s, enum quic_error error)
{
    struct quic_listener *listener = s->listener;
    struct quic_keys keys = {0};
    uint8_t out[ANSWER_BYTES];
    uint8_t *length_at;
    if (quic_keys_init_initial(&keys, listener->account, s->header.version,
                               &s->header.destination) != RESULT_OK) {
        return;
    }
    uint8_t *payload = quic_header_write_long(out, sizeof(out), QUIC_PACKET_INITIAL,
                                              s->header.version, &s->header.source,
                                              &s->header.destination, SLICE_NONE, 0, 1, &length_at);
    ASSERT(payload != NULL);
    uint8_t *end = quic_write_close(payload, out + sizeof(out) - QUIC_AEAD_TAG_BYTES,
                                    QUIC_FRAME_CONNECTION_CLOSE, error, 0, SLICE_NONE);
    ASSERT(end != NULL);
    size_t payload_bytes = (size_t)(end - payload);
    quic_header_finish_long(length_at, 1 + payload_bytes + QUIC_AEAD_TAG_BYTES);
    quic_seal_packet(&keys.seal, out, (size_t)(payload - out), payload_bytes, 0, 1);
    quic_keys_clear(&keys, listener->account);
    answer(s, out, (size_t)(end - out) + QUIC_AEAD_TAG_BYTES);
}

/* ---- admission ---- */

/* Tokens: true when the packet may go on to become a connection. */
static bool is_token_right(struct stranger *s)
{
    struct quic_endpoint *endpoint = s->listener->endpoint;
    enum result result = RESULT_NOT_FOUND;
    if (s->header.token.length > 0) {
        result = quic_token_check(endpoint->secrets, s->header.token, &s->datagram->peer,
                                  s->header.version, &s->header.destination,
                                  clock_wall_us() / US_PER_SECOND, &s->token);
    }
    if (result == RESULT_END) {
        endpoint->tokens_invalid++;
        refuse(s, QUIC_INVALID_TOKEN);
        return false;
    }
    s->is_validated = result == RESULT_OK;
    return true;
}

static bool needs_retry(const struct quic_listener *listener)
{
    const struct quic_settings *settings = listener->settings;
    return settings->force_retry ||
           (settings->retry_threshold != 0 &&
            listener->endpoint->half_open >= settings->retry_threshold) ||
           pressure_level(listener->account->ledger->memory) >= PRESSURE_TIGHT;
}

static bool has_memory(const struct quic_listener *listener)
{
    return memory_has_room(listener->account->ledger, WAIT_ACCEPT, listener->admission_bytes);
}

static void open_connection(const struct stranger *s)
{
    struct quic_listener *listener = s->listener;
    const struct quic_opening opening = {
        .version = s->header.version,
        .destination = s->header.destination,
        .source = s->header.source,
        .is_validated = s->is_validated,
        .has_retried = s->is_validated && s->token.is_retry,
        .original_destination = s->token.original_destination,
        .addresses = {.local = s->datagram->local, .peer = s->datagram->peer},
    };
    struct quic_client *client;
    if (quic_client_open(listener->endpoint, &listener->context, &listener->socket, &opening,
                         &client) != RESULT_OK) {
        listener->endpoint->refused++;
        refuse(s, QUIC_CONNECTION_REFUSED);
        return;
    }
    enum result accepted = listener->on_accept(listener, client->connection);
    (void)accepted; /* closed already: the core answers the datagram with that */
    const struct quic_datagram datagram = {.bytes = s->datagram->bytes,
                                           .length = s->datagram->length,
                                           .addresses = &opening.addresses,
                                           .ecn = s->datagram->ecn};
    quic_client_receive(client, &datagram);
}

static void admit(struct stranger *s)
{
    struct quic_listener *listener = s->listener;
    struct quic_endpoint *endpoint = listener->endpoint;
    if (s->datagram->length < QUIC_INITIAL_DATAGRAM_MIN ||
        s->header.destination.length < INITIAL_ID_BYTES_MIN || !listener->is_open ||
        listener->is_paused || !transport_has_handshake_room(endpoint->transport)) {
        endpoint->dropped_unknown++;
        return;
    }
    if (!is_token_right(s)) {
        return;
    }
    if (!s->is_validated && needs_retry(listener)) {
        retry(s);
        return;
    }
    if (!has_memory(listener)) {
        endpoint->refused++;
        if (pressure_level(listener->account->ledger->memory) < PRESSURE_FULL) {
            refuse(s, QUIC_CONNECTION_REFUSED);
        }
        return;
    }
    open_connection(s);
}

static void receive_stranger(struct stranger *s)
{
    switch (s->header.type) {
    case QUIC_PACKET_INITIAL:
        admit(s);
        break;
    case QUIC_PACKET_UNKNOWN_VERSION:
        if (s->datagram->length >= QUIC_INITIAL_DATAGRAM_MIN) {
            negotiate_version(s);
        }
        break;
    case QUIC_PACKET_ONE_RTT:
        reset(s);
        break;
    case QUIC_PACKET_ZERO_RTT:
    case QUIC_PACKET_HANDSHAKE:
    case QUIC_PACKET_RETRY:
    case QUIC_PACKET_VERSION_NEGOTIATION:
        s->listener->endpoint->dropped_unknown++;
        break;
    }
}

/* ---- datagrams ---- */

static void on_datagram(void *owner, const struct udp_datagram *datagram)
{
    struct stranger s = {.listener = owner, .datagram = datagram};
    struct slice bytes = slice_of((const char *)datagram->bytes, datagram->length);
    if (quic_header_parse(bytes, QUIC_LOCAL_CID_BYTES, true, &s.header) != RESULT_OK) {
        s.listener->endpoint->dropped_unknown++;
        return;
    }
    struct quic_client *client = quic_endpoint_find(s.listener->endpoint, &s.header.destination);
    if (client == NULL) {
        receive_stranger(&s);
        return;
    }
    const struct quic_path_addresses addresses = {.local = datagram->local, .peer = datagram->peer};
    const struct quic_datagram known = {.bytes = datagram->bytes,
                                        .length = datagram->length,
                                        .addresses = &addresses,
                                        .ecn = datagram->ecn};
    quic_client_receive(client, &known);
}

static void on_readable(void *owner)
{
    struct quic_listener *listener = owner;
    udp_socket_receive(&listener->socket, listener->endpoint->area);
}

static void on_writable(void *owner)
{
    struct quic_listener *listener = owner;
    quic_endpoint_on_writable(listener->endpoint);
}

static const struct udp_events SOCKET_EVENTS = {
    .on_readable = on_readable,
    .on_datagram = on_datagram,
    .on_writable = on_writable,
};

/* ---- life ---- */

enum result quic_listener_open(struct quic_listener *listener, struct quic_endpoint *endpoint,
                               const struct listener_options *options, struct tls_context *tls,
                               const struct quic_settings *settings, struct text *error)
{
    listener->endpoint = endpoint;
    listener->account = endpoint->account;
    listener->settings = settings;
    listener->admission_bytes = options->admission_bytes + TLS_HANDSHAKE_BYTES;
    listener->context = (struct quic_context){
        .pools = &endpoint->pools->core,
        .chunks = endpoint->transport->chunks,
        .settings = settings,
        .secrets = endpoint->secrets,
        .tls = tls,
        .wall_offset_us = clock_wall_us() - clock_monotonic_us(),
        .worker = endpoint->worker,
        .generation = endpoint->generation,
    };
    return udp_socket_open(&listener->socket, endpoint->transport, options, &SOCKET_EVENTS,
                           listener, error);
}

void quic_listener_start(struct quic_listener *listener)
{
    listener->is_open = true;
    udp_socket_start(&listener->socket);
}

void quic_listener_pause(struct quic_listener *listener)
{
    listener->is_paused = true;
}

void quic_listener_resume(struct quic_listener *listener)
{
    listener->is_paused = false;
}

void quic_listener_close(struct quic_listener *listener)
{
    listener->is_open = false;
}

void quic_listener_destroy(struct quic_listener *listener)
{
    LIST_EACH_SAFE(link, &listener->endpoint->clients) {
        struct quic_client *client = container_of(link, struct quic_client, link);
        if (client->socket == &listener->socket) {
            quic_client_destroy(client);
        }
    }
    listener->is_open = false;
    udp_socket_close(&listener->socket);
}
