/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transport on a test loop, and an owner of connections that counts its callbacks.
 */
#ifndef WEIR_TESTS_SUPPORT_TRANSPORT_H
#define WEIR_TESTS_SUPPORT_TRANSPORT_H

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memory/chunk.h"
#include "support/loop.h"
#include "transport/connection.h"

enum { TEST_CHUNK_BYTES = 16384 };

struct test_transport {
    struct test_loop base;
    struct chunk_source chunks;
    struct transport transport;
};

static inline void test_transport_open(struct test_transport *test, size_t limit_bytes)
{
    test_loop_open(&test->base, limit_bytes);
    assert_int_equal(chunk_source_init(&test->chunks, test->base.memory, TEST_CHUNK_BYTES, 0),
                     RESULT_OK);
    struct pool *pool = connection_pool_create(test->base.memory);
    assert_non_null(pool);
    transport_init(&test->transport, test->base.loop, &test->chunks, pool);
}

static inline void test_transport_close(struct test_transport *test)
{
    event_loop_turn(test->base.loop, false);
    transport_deinit(&test->transport);
    test_loop_close(&test->base);
}

/* Counts what it is told. */
struct test_owner {
    struct connection *connection;
    unsigned opens, readables, writables, errors;
    bool is_open, is_readable, is_writable, is_failed;
    bool closes_on_read;
    enum connection_error error;
};

static inline void test_owner_on_open(void *owner)
{
    struct test_owner *test = owner;
    test->opens++;
    test->is_open = true;
}

static inline void test_owner_on_readable(void *owner)
{
    struct test_owner *test = owner;
    test->readables++;
    test->is_readable = true;
    if (test->closes_on_read) {
        connection_close(test->connection, false);
    }
}

static inline void test_owner_on_writable(void *owner)
{
    struct test_owner *test = owner;
    test->writables++;
    test->is_writable = true;
}

static inline void test_owner_on_error(void *owner, enum connection_error error)
{
    struct test_owner *test = owner;
    test->errors++;
    test->is_failed = true;
    test->error = error;
}

static const struct connection_events TEST_OWNER_EVENTS = {
    test_owner_on_open, test_owner_on_readable, test_owner_on_writable, test_owner_on_error};

/* Accepts one end of a socket pair as a plain connection; returns the other end, which does not
 * block. */
static inline int test_accept_pair(struct test_transport *test, struct test_owner *owner)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    struct address peer = {.family = AF_UNIX};
    struct connection_options options = {.tls = NULL};
    memset(owner, 0, sizeof(*owner));
    assert_int_equal(connection_accept(&test->transport, fds[0], &peer, &options,
                                       &TEST_OWNER_EVENTS, owner, &owner->connection),
                     RESULT_OK);
    return fds[1];
}

/* A listening socket on a free loopback port. */
static inline int test_listen(struct address *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(in);
    assert_int_equal(bind(fd, (struct sockaddr *)&in, length), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &length), 0);
    *address = (struct address){.family = AF_INET, .port = ntohs(in.sin_port)};
    address->v4 = in.sin_addr;
    return fd;
}

#endif
