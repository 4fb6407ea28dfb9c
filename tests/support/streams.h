/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of a server's connection without the connection: frames in, frames out, and what the
 * application was told.
 */
#ifndef WEIR_TESTS_SUPPORT_STREAMS_H
#define WEIR_TESTS_SUPPORT_STREAMS_H

#include "quic/stream_internal.h"
#include "support/recovery.h"

enum { TEST_NORMAL_CHUNK = 16384, TEST_WINDOW = 4096, TEST_CONNECTION_WINDOW = 8192 };

struct test_streams {
    struct memory *memory;
    struct chunk_source chunks;
    struct account account;
    struct quic_settings settings;
    struct quic_stream_pools pools;
    struct quic_recovery_pools recovery_pools;
    struct quic_recovery recovery;
    struct quic_streams streams;
    struct quic_stream *opened; /* the last one told of */
    unsigned opens, receives, sends, stops, pendings;
    uint64_t now_us;
};

static inline void test_told_stream(void *owner, struct quic_stream *stream)
{
    struct test_streams *t = owner;
    t->opens++;
    t->opened = stream;
}

static inline void test_told_receive(void *owner, struct quic_stream *stream)
{
    (void)stream;
    ((struct test_streams *)owner)->receives++;
}

static inline void test_told_send(void *owner, struct quic_stream *stream)
{
    (void)stream;
    ((struct test_streams *)owner)->sends++;
}

static inline void test_told_stop(void *owner, struct quic_stream *stream, uint64_t code)
{
    (void)stream;
    (void)code;
    ((struct test_streams *)owner)->stops++;
}

static inline void test_told_pending(void *owner)
{
    ((struct test_streams *)owner)->pendings++;
}

static const struct quic_stream_events TEST_STREAM_EVENTS = {test_told_stream, test_told_receive,
                                                             test_told_send, test_told_stop};
static const struct quic_recovery_events TEST_NO_RECOVERY_EVENTS;

static inline void test_streams_open(struct test_streams *t)
{
    *t = (struct test_streams){.memory = test_memory_limited(0), .now_us = 1000000};
    struct quic_transport_parameters peer;
    quic_transport_parameters_init(&peer);
    peer.initial_max_data = 100000;
    peer.initial_max_stream_data_bidi_local = 10000;
    peer.initial_max_stream_data_uni = 1000;
    peer.initial_max_streams_uni = 3;
    t->settings = (struct quic_settings){.streams_bidi_max = 10,
                                         .stream_window_bytes = TEST_WINDOW,
                                         .window_bytes = TEST_CONNECTION_WINDOW,
                                         .window_bytes_max = MEBIBYTE,
                                         .tx_bytes_max = 50000};
    assert_int_equal(chunk_source_init(&t->chunks, t->memory, TEST_NORMAL_CHUNK, 0), RESULT_OK);
    account_init(&t->account, memory_ledger(t->memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(quic_stream_pools_create(&t->pools, t->memory), RESULT_OK);
    assert_int_equal(quic_recovery_pools_create(&t->recovery_pools, t->memory), RESULT_OK);
    quic_recovery_init(&t->recovery, &t->recovery_pools, &t->account, &t->settings, 1200,
                       &TEST_NO_RECOVERY_EVENTS, t, t->now_us);
    quic_streams_init(&t->streams, &t->pools, &t->chunks, &t->account, &t->settings,
                      &TEST_STREAM_EVENTS, t);
    quic_streams_set_peer(&t->streams, &peer);
    t->streams.on_pending = test_told_pending;
    t->streams.pending_owner = t;
}

static inline void test_streams_close(struct test_streams *t)
{
    quic_streams_deinit(&t->streams);
    quic_recovery_deinit(&t->recovery);
    assert_int_equal(t->account.used, 0);
    test_memory_close(t->memory);
}

/* A packet of one frame: planned, committed, told. Returns what the plan or the commit said. */
static inline enum result test_give(struct test_streams *t, const struct quic_frame *frame,
                                    enum quic_error *error)
{
    *error = QUIC_NO_ERROR;
    enum result result = quic_streams_plan(&t->streams, frame, error);
    if (result == RESULT_OK) {
        result = quic_streams_commit(&t->streams, frame, t->now_us, error);
    }
    quic_streams_settle(&t->streams);
    quic_streams_deliver(&t->streams);
    return result;
}

static inline enum result test_give_data(struct test_streams *t, uint64_t id, uint64_t offset,
                                         const char *data, size_t bytes, bool is_final,
                                         enum quic_error *error)
{
    const struct quic_frame frame = {.type = QUIC_FRAME_STREAM,
                                     .stream = {.stream_id = id,
                                                .offset = offset,
                                                .data = slice_of(data, bytes),
                                                .is_final = is_final}};
    return test_give(t, &frame, error);
}

static inline enum result test_give_limit(struct test_streams *t, enum quic_frame_type type,
                                          uint64_t id, uint64_t value)
{
    enum quic_error error;
    const struct quic_frame frame = {.type = type, .limit = {.stream_id = id, .value = value}};
    return test_give(t, &frame, &error);
}

/* Frames written into one packet; each is parsed and given to `visit`. Returns the packet's record.
 */
static inline struct quic_sent *test_write(struct test_streams *t, size_t room, uint8_t *packet,
                                           size_t *length)
{
    struct quic_sent *sent = NULL;
    assert_int_equal(quic_sent_take(&t->recovery, &sent), RESULT_OK);
    uint8_t *end =
        quic_streams_write(&t->streams, &t->recovery, sent, packet, packet + room, true, t->now_us);
    *length = (size_t)(end - packet);
    return sent;
}

/* What became of a packet: each of its frames is acknowledged or lost. */
static inline void test_settle_packet(struct test_streams *t, struct quic_sent *sent, bool is_acked)
{
    void (*settle)(struct quic_streams *, const struct quic_sent_frame *) =
        is_acked ? quic_streams_on_acked : quic_streams_on_lost;
    if (sent->frame.type != QUIC_FRAME_PADDING) {
        settle(&t->streams, &sent->frame);
    }
    for (const struct quic_sent_frame *f = sent->frames; f != NULL; f = f->next) {
        settle(&t->streams, f);
    }
    quic_sent_untake(&t->recovery, sent);
    quic_streams_deliver(&t->streams);
}

/* Puts a text on a stream. */
static inline enum result test_put(struct test_streams *t, struct quic_stream *stream,
                                   const char *data, size_t bytes)
{
    struct chunk_queue queue = {0};
    assert_int_equal(
        chunk_queue_append_copy(&queue, &t->chunks, &t->account, slice_of(data, bytes)), RESULT_OK);
    enum result result = quic_stream_send(stream, &queue);
    chunk_queue_clear(&queue);
    return result;
}

#endif
