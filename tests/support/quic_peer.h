/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that a test drives by hand against a server's core, in virtual time and without sockets:
 * it makes a handshake, sends any frames, and writes down the frames that come. Hostile where the
 * test wants it.
 */
#ifndef WEIR_TESTS_SUPPORT_QUIC_PEER_H
#define WEIR_TESTS_SUPPORT_QUIC_PEER_H

#include "quic/connection_internal.h"
#include "support/quic_tls.h"

enum {
    TEST_DATAGRAM_MAX = 2048,
    TEST_FRAME_TYPES = 64,
    TEST_SEND_ROOM = 16384,
    TEST_TURNS = 12,
    TEST_PEER_RANGES = 64,
};

struct test_quic {
    struct memory *memory;
    struct chunk_source chunks;
    struct account account, worker;
    struct test_folder folder;
    struct quic_pools pools;
    struct quic_secrets secrets;
    struct quic_settings settings;
    struct quic_context context;
    struct quic_connection *server;
    uint64_t now_us;
    struct quic_path_addresses path; /* as the server sees it */
    unsigned readies, completes, closes, ids, pendings;
    struct quic_close close;
    bool refuses_ids;
    /* the client */
    struct test_quic_tls tls;
    uint32_t version;
    struct quic_keys keys[QUIC_SPACES];
    struct quic_cid own, original, peer; /* peer: where packets are sent to */
    uint64_t next[QUIC_SPACES];
    struct quic_range entries[QUIC_SPACES][TEST_PEER_RANGES];
    struct quic_ranges received[QUIC_SPACES];
    uint64_t crypto_in[QUIC_SPACES], crypto_out[QUIC_SPACES];
    unsigned count[TEST_FRAME_TYPES]; /* frames received, by type */
    struct quic_frame last[TEST_FRAME_TYPES];
    uint8_t kept[TEST_FRAME_TYPES][64]; /* bytes that the last ones point to */
    size_t datagrams, bytes_in;
    bool drops; /* what the server sends is lost */
    /* How datagrams get to the server; NULL: straight into its core. */
    void (*give)(struct test_quic *q, const uint8_t *bytes, size_t length);
};

static inline void test_quic_on_pending(void *owner)
{
    ((struct test_quic *)owner)->pendings++;
}

static inline void test_quic_on_ready(void *owner)
{
    ((struct test_quic *)owner)->readies++;
}

static inline void test_quic_on_complete(void *owner)
{
    ((struct test_quic *)owner)->completes++;
}

static inline void test_quic_on_closed(void *owner, const struct quic_close *close)
{
    struct test_quic *q = owner;
    q->closes++;
    q->close = *close;
}

static inline enum result test_quic_on_id(void *owner, const struct quic_cid *id, bool is_added)
{
    struct test_quic *q = owner;
    (void)id;
    if (is_added && q->refuses_ids) {
        return RESULT_NO_MEMORY;
    }
    q->ids += is_added ? 1U : -1U;
    return RESULT_OK;
}

static const struct quic_connection_events TEST_QUIC_EVENTS = {
    test_quic_on_pending, test_quic_on_ready, test_quic_on_complete, test_quic_on_closed,
    test_quic_on_id};

/* ---- opening ---- */

static inline void test_quic_client_keys(struct test_quic *q)
{
    struct quic_keys server = {0};
    assert_int_equal(quic_keys_init_initial(&server, &q->worker, q->version, &q->original),
                     RESULT_OK);
    q->keys[QUIC_SPACE_INITIAL] = server;
    q->keys[QUIC_SPACE_INITIAL].open = server.seal;
    q->keys[QUIC_SPACE_INITIAL].seal = server.open;
}

static inline void test_quic_parameters(struct test_quic *q)
{
    uint8_t *at = q->tls.parameters;
    static const uint8_t FIXED[] = {
        0x04, 4, 0x80, 0x01, 0x00, 0x00, /* initial_max_data 65536 */
        0x05, 4, 0x80, 0x00, 0x80, 0x00, /* streams of ours: 32768 */
        0x07, 2, 0x50, 0x00,             /* unidirectional: 4096 */
        0x09, 1, 3,                      /* three of those */
        0x0e, 1, 4,                      /* four connection ids */
        0x01, 4, 0x80, 0x00, 0x75, 0x30, /* idle: 30 s */
    };
    memcpy(at, FIXED, sizeof(FIXED));
    at += sizeof(FIXED);
    *at++ = 0x0f;
    *at++ = q->own.length;
    memcpy(at, q->own.bytes, q->own.length);
    q->tls.parameters_bytes = (size_t)(at + q->own.length - q->tls.parameters);
}

/* A client, and what a server's context needs, in a memory that is there. */
static inline void test_quic_prepare(struct test_quic *q, struct memory *memory)
{
    memset(q, 0, sizeof(*q));
    q->memory = memory;
    q->now_us = 1000000;
    q->version = QUIC_VERSION_1;
    struct ledger *ledger = memory_ledger(q->memory, 0);
    account_init(&q->account, ledger, ACCOUNT_CLIENT, 0);
    account_init(&q->worker, ledger, ACCOUNT_WORKER, 0);
    assert_int_equal(quic_secrets_init(&q->secrets, &q->worker, SLICE("secret")), RESULT_OK);
    test_folder_open(&q->folder);
    q->settings = (struct quic_settings){.idle_timeout_ms = 30000,
                                         .handshake_timeout_ms = 10000,
                                         .streams_bidi_max = 10,
                                         .stream_window_bytes = 16384,
                                         .window_bytes = 65536,
                                         .window_bytes_max = 131072,
                                         .tx_bytes_max = 65536,
                                         .datagram_bytes = 1252};
    q->context = (struct quic_context){.pools = &q->pools,
                                       .chunks = &q->chunks,
                                       .settings = &q->settings,
                                       .secrets = &q->secrets,
                                       .tls = test_quic_context(&q->folder, &q->worker, false),
                                       .worker = 3,
                                       .generation = 9};
    assert_int_equal(address_parse_ip(SLICE("192.0.2.1"), &q->path.peer), RESULT_OK);
    assert_int_equal(address_parse_ip(SLICE("192.0.2.9"), &q->path.local), RESULT_OK);
    q->path.peer.port = 5000;
    q->path.local.port = 443;
    q->own = (struct quic_cid){4, {'c', 'l', 'i', '1'}};
    q->original = (struct quic_cid){8, {8, 7, 6, 5, 4, 3, 2, 1}};
    q->peer = q->original;
    for (unsigned i = 0; i < QUIC_SPACES; i++) {
        q->received[i] = quic_ranges_over(q->entries[i], TEST_PEER_RANGES);
    }
    test_quic_parameters(q);
}

/* A worker's surroundings, and a client. */
static inline void test_quic_open(struct test_quic *q)
{
    test_quic_prepare(q, test_memory_limited(0));
    assert_int_equal(chunk_source_init(&q->chunks, q->memory, 16384, 0), RESULT_OK);
    assert_int_equal(quic_pools_create(&q->pools, q->memory), RESULT_OK);
}

static inline enum result test_quic_accept(struct test_quic *q)
{
    const struct quic_opening opening = {
        .version = q->version, .destination = q->original, .source = q->own, .addresses = q->path};
    test_quic_client_keys(q);
    test_quic_tls_open(&q->tls, "h3");
    return quic_connection_open(&q->context, &q->account, &opening, &TEST_QUIC_EVENTS, q, q->now_us,
                                &q->server);
}

/* Gives back what test_quic_prepare took. */
static inline void test_quic_finish(struct test_quic *q)
{
    for (unsigned i = 0; i < QUIC_SPACES; i++) {
        quic_keys_clear(&q->keys[i], &q->worker);
    }
    if (q->tls.native != NULL) {
        test_quic_tls_close(&q->tls);
    }
    tls_context_destroy(q->context.tls);
    quic_secrets_deinit(&q->secrets, &q->worker);
    test_folder_close(&q->folder);
    assert_int_equal(q->account.used, 0);
    assert_int_equal(q->worker.used, 0);
}

static inline void test_quic_close(struct test_quic *q)
{
    if (q->server != NULL) {
        quic_connection_destroy(q->server);
    }
    assert_int_equal(q->ids, 0);
    test_quic_finish(q);
    test_memory_close(q->memory);
}

/* ---- client to server ---- */

/* Gives the server raw bytes. */
static inline void test_quic_give_raw(struct test_quic *q, uint8_t *bytes, size_t length)
{
    if (q->give != NULL) {
        q->give(q, bytes, length);
        return;
    }
    const struct quic_datagram datagram = {
        .bytes = bytes, .length = length, .addresses = &q->path, .ecn = QUIC_ECN_ECT0};
    quic_connection_receive(q->server, &datagram, q->now_us);
}

/* Builds a packet of frames; returns its length. `least`: padded to so much. */
static inline size_t test_quic_seal(struct test_quic *q, enum quic_space space, const void *frames,
                                    size_t bytes, size_t least, uint8_t *out)
{
    uint8_t *length_at = NULL;
    uint8_t *at = space == QUIC_SPACE_APPLICATION
                      ? quic_header_write_short(out, TEST_DATAGRAM_MAX, &q->peer, false, false,
                                                q->next[space], 2)
                      : quic_header_write_long(out, TEST_DATAGRAM_MAX,
                                               space == QUIC_SPACE_INITIAL ? QUIC_PACKET_INITIAL
                                                                           : QUIC_PACKET_HANDSHAKE,
                                               q->version, &q->peer, &q->own, SLICE_NONE,
                                               q->next[space], 2, &length_at);
    size_t header = (size_t)(at - out);
    memcpy(at, frames, bytes);
    size_t payload = bytes < 4 && bytes > 0 ? 4 : bytes;
    if (header + payload + QUIC_AEAD_TAG_BYTES < least) {
        payload = least - header - QUIC_AEAD_TAG_BYTES;
    }
    memset(at + bytes, 0, payload - bytes);
    if (length_at != NULL) {
        quic_header_finish_long(length_at, 2 + payload + QUIC_AEAD_TAG_BYTES);
    }
    quic_seal_packet(&q->keys[space].seal, out, header, payload, q->next[space], 2);
    q->next[space]++;
    return header + payload + QUIC_AEAD_TAG_BYTES;
}

/* Sends frames as one packet in a datagram of its own. */
static inline void test_quic_send(struct test_quic *q, enum quic_space space, const void *frames,
                                  size_t bytes)
{
    uint8_t packet[TEST_DATAGRAM_MAX];
    size_t length =
        test_quic_seal(q, space, frames, bytes,
                       space == QUIC_SPACE_INITIAL ? QUIC_INITIAL_DATAGRAM_MIN : 0, packet);
    test_quic_give_raw(q, packet, length);
}

#define TEST_QUIC_SEND(q, ...)                                                \
    test_quic_send(q, QUIC_SPACE_APPLICATION, (const uint8_t[]){__VA_ARGS__}, \
                   sizeof((const uint8_t[]){__VA_ARGS__}))

/* Acknowledges all that came in a space. */
static inline void test_quic_acknowledge(struct test_quic *q, enum quic_space space)
{
    uint8_t frames[256];
    if (q->received[space].count > 0 && q->keys[space].can_seal) {
        uint8_t *end =
            quic_write_ack(frames, frames + sizeof(frames), &q->received[space], 0, NULL);
        test_quic_send(q, space, frames, (size_t)(end - frames));
    }
}

/* Sends the TLS messages that wait. */
static inline void test_quic_send_crypto(struct test_quic *q)
{
    static const enum tls_level LEVELS[] = {TLS_LEVEL_INITIAL, TLS_LEVEL_HANDSHAKE};
    for (unsigned space = 0; space < 2; space++) {
        enum tls_level level = LEVELS[space];
        while (q->crypto_out[space] < q->tls.out_bytes[level]) {
            uint8_t frames[1100];
            size_t bytes = q->tls.out_bytes[level] - q->crypto_out[space];
            uint8_t *data =
                quic_write_crypto_header(frames, frames + 1000, q->crypto_out[space], &bytes);
            memcpy(data, q->tls.out[level] + q->crypto_out[space], bytes);
            q->crypto_out[space] += bytes;
            test_quic_send(q, space, frames, (size_t)(data - frames) + bytes);
        }
    }
}

/* ---- server to client ---- */

static inline void test_quic_take_keys(struct test_quic *q)
{
    static const enum tls_level LEVELS[] = {[QUIC_SPACE_HANDSHAKE] = TLS_LEVEL_HANDSHAKE,
                                            [QUIC_SPACE_APPLICATION] = TLS_LEVEL_APPLICATION};
    for (unsigned space = QUIC_SPACE_HANDSHAKE; space < QUIC_SPACES; space++) {
        enum tls_level level = LEVELS[space];
        for (unsigned side = 0; side < 2; side++) {
            bool has = side == 1 ? q->keys[space].can_seal : q->keys[space].can_open;
            if (!has && q->tls.secret_bytes[level][side] > 0) {
                size_t bytes = q->tls.secret_bytes[level][side];
                enum tls_suite suite = bytes == 48 ? TLS_SUITE_AES_256_GCM : TLS_SUITE_AES_128_GCM;
                assert_int_equal(quic_keys_set(&q->keys[space], &q->worker, q->version, suite,
                                               side == 1, q->tls.secrets[level][side], bytes),
                                 RESULT_OK);
            }
        }
    }
}

static inline void test_quic_take_frame(struct test_quic *q, enum quic_space space,
                                        const struct quic_frame *f)
{
    static const enum tls_level LEVELS[] = {TLS_LEVEL_INITIAL, TLS_LEVEL_HANDSHAKE,
                                            TLS_LEVEL_APPLICATION};
    q->count[f->type]++;
    q->last[f->type] = *f;
    if (f->type == QUIC_FRAME_PATH_CHALLENGE || f->type == QUIC_FRAME_PATH_RESPONSE) {
        memcpy(q->kept[f->type], f->path_data, 8);
    } else if (f->type == QUIC_FRAME_STREAM) {
        size_t bytes = f->stream.data.length < 64 ? f->stream.data.length : 64;
        memcpy(q->kept[f->type], f->stream.data.data, bytes);
    } else if (f->type == QUIC_FRAME_CRYPTO && f->crypto.offset == q->crypto_in[space]) {
        q->crypto_in[space] += f->crypto.data.length;
        test_quic_tls_feed(&q->tls, LEVELS[space], f->crypto.data.data, f->crypto.data.length);
        test_quic_take_keys(q);
    }
}

static inline void test_quic_take_packet(struct test_quic *q, uint8_t *packet,
                                         const struct quic_header *header)
{
    enum quic_space space = quic_space_of(header->type);
    uint64_t number;
    size_t bytes;
    struct slice payload;
    if (header->type == QUIC_PACKET_INITIAL || header->type == QUIC_PACKET_HANDSHAKE) {
        q->peer = header->source;
    }
    if (!q->keys[space].can_open) {
        return;
    }
    assert_int_equal(quic_unprotect_header(&q->keys[space].open, packet, header, &number, &bytes),
                     RESULT_OK);
    uint64_t largest = q->received[space].count == 0 ? QUIC_NONE : q->entries[space][0].last;
    number = quic_packet_number_decode(largest, number, bytes);
    assert_int_equal(
        quic_open_packet(&q->keys[space].open.aead, packet, header, number, bytes, &payload),
        RESULT_OK);
    quic_ranges_add(&q->received[space], number, number);
    const uint8_t *at = (const uint8_t *)payload.data;
    const uint8_t *end = at + payload.length;
    while (at < end) {
        struct quic_frame frame;
        assert_int_equal(quic_frame_parse(&at, end, &frame), RESULT_OK);
        assert_true(quic_frame_is_allowed(frame.type, header->type));
        test_quic_take_frame(q, space, &frame);
    }
}

/* Takes one datagram. */
static inline void test_quic_take(struct test_quic *q, uint8_t *datagram, size_t length)
{
    q->datagrams++;
    q->bytes_in += length;
    for (size_t at = 0; at < length && !q->drops;) {
        struct quic_header header;
        assert_int_equal(quic_header_parse(slice_of((char *)datagram + at, length - at),
                                           q->own.length, true, &header),
                         RESULT_OK);
        test_quic_take_packet(q, datagram + at, &header);
        at += header.packet_bytes;
    }
}

/* Takes all that the server has; returns how many datagrams. */
static inline size_t test_quic_receive(struct test_quic *q)
{
    static uint8_t out[TEST_SEND_ROOM];
    size_t before = q->datagrams;
    for (;;) {
        struct quic_transmit transmit;
        quic_connection_send(q->server, out, sizeof(out), &transmit, q->now_us);
        if (transmit.bytes == 0) {
            return q->datagrams - before;
        }
        for (size_t at = 0; at < transmit.bytes; at += transmit.segment_bytes) {
            size_t left = transmit.bytes - at;
            test_quic_take(q, out + at,
                           left < transmit.segment_bytes ? left : transmit.segment_bytes);
        }
    }
}

/* Lets time pass and timers run. */
static inline void test_quic_wait(struct test_quic *q, uint64_t us)
{
    uint64_t end = q->now_us + us;
    while (quic_connection_deadline(q->server) <= end) {
        uint64_t due = quic_connection_deadline(q->server);
        q->now_us = due > q->now_us ? due : q->now_us + 1;
        quic_connection_on_timeout(q->server, q->now_us);
        test_quic_receive(q);
    }
    q->now_us = end;
}

/* A whole handshake, confirmed at the client. */
static inline void test_quic_connect(struct test_quic *q)
{
    assert_int_equal(test_quic_accept(q), RESULT_OK);
    for (unsigned turn = 0; turn < TEST_TURNS && q->count[QUIC_FRAME_HANDSHAKE_DONE] == 0; turn++) {
        test_quic_send_crypto(q);
        q->now_us += 10000;
        test_quic_receive(q);
    }
    assert_int_equal(q->completes, 1);
    test_quic_acknowledge(q, QUIC_SPACE_APPLICATION);
    test_quic_receive(q);
    test_quic_acknowledge(q, QUIC_SPACE_APPLICATION);
}

#endif
