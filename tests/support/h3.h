/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An h3 mux on a real listener, with a client that writes frames by hand.
 */
#ifndef WEIR_TESTS_SUPPORT_H3_H
#define WEIR_TESTS_SUPPORT_H3_H

#include "mux/h3_internal.h"
#include "support/quic_net.h"

enum { TEST_H3_FIELDS_MAX = 32, TEST_H3_HEAD_MAX = 8192 };

struct test_h3 {
    struct test_net net;
    struct mux_h3_pools pools;
    struct mux_options options;
    struct mux *mux;
    struct mux_stream *side; /* the last one offered */
    struct http_message message;
    unsigned offered, receives, sends, aborts, closes;
    enum mux_abort abort;
    bool takes_nothing; /* what is offered waits */
};

static inline void test_h3_on_receive(void *owner, struct mux_stream *side)
{
    (void)side;
    ((struct test_h3 *)owner)->receives++;
}

static inline void test_h3_on_send(void *owner, struct mux_stream *side)
{
    (void)side;
    ((struct test_h3 *)owner)->sends++;
}

static inline void test_h3_on_abort(void *owner, struct mux_stream *side, enum mux_abort reason)
{
    struct test_h3 *t = owner;
    (void)side;
    t->aborts++;
    t->abort = reason;
}

static const struct stream_events TEST_H3_STREAM_EVENTS = {test_h3_on_receive, test_h3_on_send,
                                                           test_h3_on_abort};

static inline void test_h3_on_stream(void *owner, struct mux_stream *side)
{
    struct test_h3 *t = owner;
    t->offered++;
    t->side = side;
    if (!t->takes_nothing) {
        side->events = &TEST_H3_STREAM_EVENTS;
        side->owner = t;
    }
}

static inline void test_h3_on_closed(void *owner, struct mux *mux)
{
    struct test_h3 *t = owner;
    (void)mux;
    t->closes++;
    t->mux = NULL;
    t->net.owner.connection = NULL; /* the mux closes it */
}

static const struct mux_events TEST_H3_EVENTS = {test_h3_on_stream, NULL, test_h3_on_closed};

/* A connection with a mux on it. */
static inline void test_h3_open(struct test_h3 *t)
{
    memset(t, 0, sizeof(*t));
    test_net_open(&t->net);
    t->options = (struct mux_options){.head_bytes_max = TEST_H3_HEAD_MAX,
                                      .window_bytes = 16384,
                                      .fields_max = TEST_H3_FIELDS_MAX,
                                      .keep_alive = true};
    assert_int_equal(mux_h3_pools_create(&t->pools, t->net.base.base.memory), RESULT_OK);
    test_net_connect(&t->net);
    struct connection *connection = t->net.owner.connection;
    http_message_init(&t->message, &t->net.base.chunks, &connection->account,
                      1024 + http_fields_arena_bytes(&t->net.base.chunks, TEST_H3_FIELDS_MAX),
                      TEST_H3_FIELDS_MAX);
    assert_int_equal(mux_h3_create(&t->pools, connection, &t->options, &TEST_H3_EVENTS, t, &t->mux),
                     RESULT_OK);
    test_net_turn(&t->net);
}

static inline void test_h3_close(struct test_h3 *t)
{
    http_message_clear(&t->message);
    if (t->mux != NULL) {
        t->mux->ops->destroy(t->mux, MUX_ABORT_SHUTDOWN);
    }
    assert_int_equal(t->closes, 1);
    test_net_close(&t->net);
}

/* Sends bytes on a stream. */
static inline void test_h3_give(struct test_h3 *t, uint64_t id, uint64_t offset, const void *data,
                                size_t bytes, bool is_final)
{
    uint8_t frame[1400];
    size_t fits = bytes;
    uint8_t *at =
        quic_write_stream_header(frame, frame + sizeof(frame), id, offset, &fits, is_final);
    assert_non_null(at);
    assert_int_equal(fits, bytes);
    memcpy(at, data, bytes);
    test_quic_send(&t->net.q, QUIC_SPACE_APPLICATION, frame, (size_t)(at - frame) + bytes);
    test_net_turn(&t->net);
}

/* A HEADERS frame of a request; returns its length. */
static inline size_t test_h3_request(char *out, size_t room, const char *method, const char *path)
{
    struct qpack_writer writer;
    char section[512];
    qpack_write_begin(&writer, section, sizeof(section));
    qpack_write_field(&writer, SLICE(":method"), slice_from_string(method));
    qpack_write_field(&writer, SLICE(":scheme"), SLICE("https"));
    qpack_write_field(&writer, SLICE(":authority"), SLICE("test.example"));
    qpack_write_field(&writer, SLICE(":path"), slice_from_string(path));
    size_t bytes = (size_t)(writer.at - section);
    size_t header = http3_write_frame_header((uint8_t *)out, HTTP3_HEADERS, bytes);
    assert_true(header + bytes <= room);
    memcpy(out + header, section, bytes);
    return header + bytes;
}

/* A whole GET on stream `id`. */
static inline void test_h3_get(struct test_h3 *t, uint64_t id)
{
    char request[600];
    size_t bytes = test_h3_request(request, sizeof(request), "GET", "/");
    test_h3_give(t, id, 0, request, bytes, true);
}

/* What the connection was closed with; 0: it is open. */
static inline uint64_t test_h3_closed_with(const struct test_h3 *t)
{
    return t->net.q.count[QUIC_FRAME_CONNECTION_CLOSE_APPLICATION] == 0
               ? 0
               : t->net.q.last[QUIC_FRAME_CONNECTION_CLOSE_APPLICATION].close.code;
}

#define TEST_H3_FIXTURE                 \
    static struct test_h3 t;            \
    static int open_test(void **state)  \
    {                                   \
        (void)state;                    \
        test_h3_open(&t);               \
        return 0;                       \
    }                                   \
    static int close_test(void **state) \
    {                                   \
        (void)state;                    \
        test_h3_close(&t);              \
        return 0;                       \
    }

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

#endif
