/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mux on one end of a socket pair, and a stream that writes down what it is told.
 */
#ifndef WEIR_TESTS_SUPPORT_MUX_H
#define WEIR_TESTS_SUPPORT_MUX_H

#include "base/number.h"
#include "mux/h1.h"
#include "mux/tcp.h"
#include "support/transport.h"

enum { TEST_WINDOW_BYTES = 4096, TEST_HEAD_BYTES_MAX = 2048, TEST_READ_MAX = 65536 };

struct test_mux {
    struct test_transport base;
    struct pool *pool;
    struct mux_options options;
    struct connection *connection;
    struct mux *mux;
    struct mux_stream *side; /* offered or opened, NULL: none */
    int peer;                /* the other end */
    unsigned offered, idles, closes, receives, sends, aborts;
    enum mux_abort abort;
    char got[TEST_READ_MAX];
    size_t got_bytes;
};

static inline void test_mux_on_receive(void *owner, struct mux_stream *side)
{
    struct test_mux *test = owner;
    (void)side;
    test->receives++;
}

static inline void test_mux_on_send(void *owner, struct mux_stream *side)
{
    struct test_mux *test = owner;
    (void)side;
    test->sends++;
}

static inline void test_mux_on_abort(void *owner, struct mux_stream *side, enum mux_abort reason)
{
    struct test_mux *test = owner;
    (void)side;
    test->aborts++;
    test->abort = reason;
}

static const struct stream_events TEST_STREAM_EVENTS = {test_mux_on_receive, test_mux_on_send,
                                                        test_mux_on_abort};

static inline void test_mux_on_stream(void *owner, struct mux_stream *side)
{
    struct test_mux *test = owner;
    test->offered++;
    test->side = side;
    side->events = &TEST_STREAM_EVENTS;
    side->owner = test;
}

static inline void test_mux_on_idle(void *owner, struct mux *mux)
{
    struct test_mux *test = owner;
    (void)mux;
    test->idles++;
}

static inline void test_mux_on_closed(void *owner, struct mux *mux)
{
    struct test_mux *test = owner;
    (void)mux;
    test->closes++;
    test->mux = NULL;
    test->side = NULL;
}

static const struct mux_events TEST_MUX_EVENTS = {test_mux_on_stream, test_mux_on_idle,
                                                  test_mux_on_closed};

/* Some turns of the loop: all that can happen without waiting has happened then. */
static inline void test_mux_turn(struct test_mux *test)
{
    enum { TURNS = 8 };
    for (unsigned i = 0; i < TURNS; i++) {
        event_loop_turn(test->base.base.loop, false);
    }
}

/* Puts an h1 (or tcp) mux on a connection of the client's (or the server's) side. */
static inline void test_mux_open(struct test_mux *test, bool is_http, bool is_client_side)
{
    memset(test, 0, sizeof(*test));
    test_transport_open(&test->base, 0);
    test->options = (struct mux_options){.head_bytes_max = TEST_HEAD_BYTES_MAX,
                                         .window_bytes = TEST_WINDOW_BYTES,
                                         .fields_max = 32,
                                         .keep_alive = true};
    test->pool = is_http ? mux_h1_pool_create(test->base.base.memory)
                         : mux_tcp_pool_create(test->base.base.memory);
    struct test_owner owner;
    test->peer = test_accept_pair(&test->base, &owner);
    test->connection = owner.connection;
    test->connection->is_client_side = is_client_side;
    enum result result = is_http ? mux_h1_create(test->pool, test->connection, &test->options,
                                                 &TEST_MUX_EVENTS, test, &test->mux)
                                 : mux_tcp_create(test->pool, test->connection, &test->options,
                                                  &TEST_MUX_EVENTS, test, &test->mux);
    assert_int_equal(result, RESULT_OK);
    test_mux_turn(test);
}

/* Ends everything; asserts that no byte is left on any account but the loop's. */
static inline void test_mux_close(struct test_mux *test)
{
    if (test->side != NULL) {
        test->side->mux->ops->release(test->side, true);
        test->side = NULL;
    }
    test_mux_turn(test);
    if (test->mux != NULL) {
        test->mux->ops->destroy(test->mux, MUX_ABORT_NONE);
    }
    close(test->peer);
    test_mux_turn(test);
    assert_int_equal(test->closes, 1);
    test_transport_close(&test->base);
}

/* The peer says something. */
static inline void test_mux_say(struct test_mux *test, const char *text)
{
    size_t length = strlen(text);
    assert_int_equal(send(test->peer, text, length, MSG_NOSIGNAL), (ssize_t)length);
    test_mux_turn(test);
}

/* What the peer has been told since the last call, as a string. */
static inline const char *test_mux_hear(struct test_mux *test)
{
    test_mux_turn(test);
    ssize_t got = recv(test->peer, test->got, sizeof(test->got) - 1, 0);
    test->got_bytes = got > 0 ? (size_t)got : 0;
    test->got[test->got_bytes] = '\0';
    return test->got;
}

/* Whether the peer sees the end of the connection. */
static inline bool test_mux_has_ended(struct test_mux *test)
{
    char byte;
    test_mux_turn(test);
    return recv(test->peer, &byte, 1, MSG_PEEK) == 0;
}

/* A message of the test's account. */
static inline void test_message_init(struct test_mux *test, struct http_message *message)
{
    http_message_init(message, &test->base.chunks, &test->connection->account, 4096, 32);
}

/* A simple response with a body kind. */
static inline void test_response(struct test_mux *test, struct http_message *message,
                                 uint16_t status, enum http_body body, uint64_t length)
{
    test_message_init(test, message);
    message->is_response = true;
    message->version = HTTP_VERSION_1_1;
    message->status = status;
    message->reason = SLICE("Reason");
    message->body = body;
    message->content_length = length;
    if (body == HTTP_BODY_LENGTH) {
        char text[NUMBER_TEXT_SIZE];
        size_t digits = number_write_decimal(text, length);
        assert_int_equal(http_fields_append_copy(&message->fields, SLICE("Content-Length"),
                                                 slice_of(text, digits)),
                         RESULT_OK);
    }
}

/* A queue with these bytes on the test's account. */
static inline struct chunk_queue test_queue(struct test_mux *test, const char *bytes, size_t length)
{
    struct chunk_queue queue = {0};
    assert_int_equal(chunk_queue_append_copy(&queue, &test->base.chunks, &test->connection->account,
                                             slice_of(bytes, length)),
                     RESULT_OK);
    return queue;
}

/* All body bytes that can be had now, as a string in test->got; the last result. */
static inline enum result test_mux_body(struct test_mux *test, size_t bytes_max)
{
    struct chunk_queue queue = {0};
    enum result result = RESULT_OK;
    while (result == RESULT_OK && queue.bytes < bytes_max) {
        result = test->side->mux->ops->receive_body(test->side, &queue, bytes_max - queue.bytes);
    }
    test->got_bytes = chunk_queue_copy_out(&queue, test->got, sizeof(test->got) - 1);
    test->got[test->got_bytes] = '\0';
    chunk_queue_clear(&queue);
    return result;
}

#endif
