/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two TLS sessions, client and server, joined by two byte pipes in memory, so that a test decides
 * what arrives and when.
 */
#ifndef WEIR_TESTS_SUPPORT_TLS_PAIR_H
#define WEIR_TESTS_SUPPORT_TLS_PAIR_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"
#include "memory/memory.h"
#include "tls/tls.h"

enum { TEST_WIRE_BYTES = 256 * 1024, TEST_ERROR_BYTES = 1024, TEST_TURNS_MAX = 50 };

/* One direction. */
struct test_wire {
    char data[TEST_WIRE_BYTES];
    size_t start, end;
    size_t room; /* bytes that may still be sent before it blocks */
    bool is_closed;
};

/* One end: receives from one wire, sends into the other. */
struct test_end {
    struct test_wire *in, *out;
    struct tls_session *session;
    struct account account;
    enum result last;
};

struct test_pair {
    struct memory *memory;
    struct ledger *ledger;
    struct account configuration;
    struct test_wire up, down;
    struct test_end client, server;
};

static inline ssize_t test_end_receive(void *owner, void *data, size_t bytes)
{
    struct test_wire *wire = ((struct test_end *)owner)->in;
    size_t there = wire->end - wire->start;
    if (there == 0) {
        errno = EAGAIN;
        return wire->is_closed ? 0 : -1;
    }
    size_t count = bytes < there ? bytes : there;
    memcpy(data, wire->data + wire->start, count);
    wire->start += count;
    return (ssize_t)count;
}

static inline ssize_t test_end_send(void *owner, const void *data, size_t bytes)
{
    struct test_wire *wire = ((struct test_end *)owner)->out;
    if (wire->start == wire->end) {
        wire->start = 0;
        wire->end = 0;
    }
    size_t free_bytes = TEST_WIRE_BYTES - wire->end;
    size_t room = wire->room < free_bytes ? wire->room : free_bytes;
    if (room == 0) {
        errno = EAGAIN;
        return -1;
    }
    size_t count = bytes < room ? bytes : room;
    memcpy(wire->data + wire->end, data, count);
    wire->end += count;
    wire->room -= count;
    return (ssize_t)count;
}

static const struct tls_io TEST_END_IO = {test_end_receive, test_end_send};

static inline void test_pair_init(struct test_pair *pair)
{
    struct memory_options options = {.workers = 1};
    assert_int_equal(memory_create(&options, &pair->memory), RESULT_OK);
    pair->ledger = memory_ledger(pair->memory, 0);
    account_init(&pair->configuration, pair->ledger, ACCOUNT_CONFIGURATION, 0);
    pair->client.session = NULL;
    pair->server.session = NULL;
    account_init(&pair->client.account, pair->ledger, ACCOUNT_SERVER, 0);
    account_init(&pair->server.account, pair->ledger, ACCOUNT_CLIENT, 0);
}

/* Checks that all is given back. */
static inline void test_pair_deinit(struct test_pair *pair)
{
    assert_int_equal(pair->configuration.used, 0);
    account_deinit(&pair->client.account);
    account_deinit(&pair->server.account);
    account_deinit(&pair->configuration);
    memory_destroy(pair->memory, true);
}

/* Makes a context or fails the test with its error. */
static inline struct tls_context *test_pair_context(struct test_pair *pair,
                                                    const struct tls_options *options)
{
    char buffer[TEST_ERROR_BYTES];
    struct text error = text_over(buffer, sizeof(buffer));
    struct tls_context *context = NULL;
    enum result result = tls_context_create(options, &pair->configuration, &context, &error);
    if (result != RESULT_OK) {
        fail_msg("%s", buffer);
    }
    return context;
}

/* Opens both ends over empty wires. */
static inline void test_pair_open(struct test_pair *pair, struct tls_context *client,
                                  struct tls_context *server, struct slice sni)
{
    pair->up.start = pair->up.end = 0;
    pair->up.room = SIZE_MAX;
    pair->up.is_closed = false;
    pair->down.start = pair->down.end = 0;
    pair->down.room = SIZE_MAX;
    pair->down.is_closed = false;
    pair->client.in = &pair->down;
    pair->client.out = &pair->up;
    pair->server.in = &pair->up;
    pair->server.out = &pair->down;
    pair->client.last = RESULT_BLOCKED;
    pair->server.last = RESULT_BLOCKED;
    assert_int_equal(tls_session_open(client, &pair->client.account, &TEST_END_IO, &pair->client,
                                      sni, &pair->client.session),
                     RESULT_OK);
    assert_int_equal(tls_session_open(server, &pair->server.account, &TEST_END_IO, &pair->server,
                                      SLICE_NONE, &pair->server.session),
                     RESULT_OK);
}

static inline void test_end_go_on(struct test_end *end)
{
    if (end->last == RESULT_BLOCKED) {
        end->last = tls_session_handshake(end->session);
    }
}

/* Goes on with both handshakes until both are decided; tells whether both are complete. */
static inline bool test_pair_shake_hands(struct test_pair *pair)
{
    for (unsigned i = 0; i < TEST_TURNS_MAX; i++) {
        test_end_go_on(&pair->client);
        test_end_go_on(&pair->server);
    }
    return pair->client.last == RESULT_OK && pair->server.last == RESULT_OK;
}

static inline void test_pair_close(struct test_pair *pair)
{
    tls_session_release(pair->client.session);
    tls_session_release(pair->server.session);
    pair->client.session = NULL;
    pair->server.session = NULL;
}

/* Sends `text` from one end and checks that the other receives it. */
static inline void test_pair_exchange(struct test_end *from, struct test_end *to, const char *text)
{
    size_t count = 0;
    assert_int_equal(tls_session_write(from->session, text, strlen(text), &count), RESULT_OK);
    assert_int_equal(count, strlen(text));
    char buffer[256];
    assert_int_equal(tls_session_read(to->session, buffer, sizeof(buffer), &count), RESULT_OK);
    assert_int_equal(count, strlen(text));
    assert_memory_equal(buffer, text, count);
}

#endif
