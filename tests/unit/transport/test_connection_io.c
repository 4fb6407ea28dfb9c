/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain connection's bytes: reading into chunks with limits, ends and resets, writing what the
 * socket takes. TLS has tests of its own (test_connection_tls of the handshake and records).
 */
#include "transport/connection.h"

#include <errno.h>

#include "support/transport.h"

enum { BIG = 200 * 1000 };

/* Appends `bytes` of a pattern to a queue. */
static void fill(struct test_transport *test, struct account *account, struct chunk_queue *queue,
                 size_t bytes)
{
    char block[1000];
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] = (char)('a' + i % 26);
    }
    while (bytes > 0) {
        size_t part = bytes < sizeof(block) ? bytes : sizeof(block);
        assert_int_equal(
            chunk_queue_append_copy(queue, &test->chunks, account, slice_of(block, part)),
            RESULT_OK);
        bytes -= part;
    }
}

static void test_nothing_to_read_takes_nothing(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    struct chunk_queue queue = {0};
    size_t before = owner.connection->account.used;
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_NORMAL, 1000), RESULT_BLOCKED);
    assert_true(chunk_queue_is_empty(&queue));
    assert_int_equal(owner.connection->account.used, before);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_reads_no_more_than_asked(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    assert_int_equal(write(peer, "0123456789", 10), 10);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 4), RESULT_OK);
    assert_true(slice_equal(chunk_queue_front(&queue), SLICE("0123")));
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 100), RESULT_OK);
    assert_true(slice_equal(chunk_queue_front(&queue), SLICE("0123456789")));
    assert_int_equal(owner.connection->bytes_in, 10);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_the_end_comes_after_the_bytes(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    connection_want(owner.connection, EVENT_READ);
    assert_int_equal(write(peer, "last", 4), 4);
    close(peer);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 100), RESULT_OK);
    assert_int_equal(queue.bytes, 4);
    assert_false(owner.connection->read_ended);
    assert_true(test_loop_until(&test.base, &owner.is_readable));
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 100), RESULT_END);
    assert_true(owner.connection->read_ended);
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 100), RESULT_END);
    /* An end is told once: the loop does not spin on it. */
    unsigned readables = owner.readables;
    event_loop_turn(test.base.loop, false);
    event_loop_turn(test.base.loop, false);
    assert_int_equal(owner.readables, readables);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    test_transport_close(&test);
}

static void test_one_event_has_its_share(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    test.transport.read_bytes_max = 3000;
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    char block[8000] = {0};
    assert_int_equal(write(peer, block, sizeof(block)), sizeof(block));
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_NORMAL, sizeof(block)),
                     RESULT_OK);
    assert_int_equal(queue.bytes, 3000);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_no_memory_leaves_the_bytes_in_the_socket(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    owner.connection->account.cap = owner.connection->account.used;
    assert_int_equal(write(peer, "x", 1), 1);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_NORMAL, 100),
                     RESULT_NO_MEMORY);
    assert_true(chunk_queue_is_empty(&queue));
    owner.connection->account.cap = 0;
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_NORMAL, 100), RESULT_OK);
    assert_int_equal(queue.bytes, 1);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

/* Reads all that the peer has now; returns its count and checks the pattern. */
static size_t drain(int peer, size_t position)
{
    char block[4096];
    ssize_t count;
    size_t total = 0;
    while ((count = read(peer, block, sizeof(block))) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            size_t at = (position + total + (size_t)i) % 1000;
            assert_int_equal(block[i], (char)('a' + at % 26));
        }
        total += (size_t)count;
    }
    return total;
}

static void test_writes_what_the_socket_takes(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    int small = 4096;
    assert_int_equal(setsockopt(owner.connection->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
                     0);
    struct chunk_queue queue = {0};
    fill(&test, &owner.connection->account, &queue, BIG);
    size_t received = 0;
    enum result result = connection_write(owner.connection, &queue);
    assert_int_equal(result, RESULT_BLOCKED);
    assert_true(queue.bytes > 0 && queue.bytes < BIG);
    while (result == RESULT_BLOCKED) {
        received += drain(peer, received);
        owner.is_writable = false;
        connection_want(owner.connection, EVENT_WRITE);
        assert_true(test_loop_until(&test.base, &owner.is_writable));
        result = connection_write(owner.connection, &queue);
    }
    assert_int_equal(result, RESULT_OK);
    received += drain(peer, received);
    assert_int_equal(received, BIG);
    assert_int_equal(owner.connection->bytes_out, BIG);
    assert_true(chunk_queue_is_empty(&queue));
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_writing_to_a_gone_peer_fails_without_a_signal(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    close(peer);
    struct chunk_queue queue = {0};
    fill(&test, &owner.connection->account, &queue, 10);
    assert_int_equal(connection_write(owner.connection, &queue), RESULT_FAILED);
    assert_int_equal(owner.connection->error, CONNECTION_ERROR_RESET);
    assert_int_equal(owner.connection->system_error, EPIPE);
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 10), RESULT_FAILED);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    test_transport_close(&test);
}

static void test_a_reset_is_an_error_and_stays_one(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address;
    int listener = test_listen(&address);
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&address, &storage);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&storage, length), 0);
    struct test_owner owner = {.opens = 0};
    struct connection_options options = {.tls = NULL};
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    assert_int_equal(connection_accept(&test.transport, fd, &address, &options, &TEST_OWNER_EVENTS,
                                       &owner, &owner.connection),
                     RESULT_OK);
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(client);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 10), RESULT_FAILED);
    assert_int_equal(owner.connection->system_error, ECONNRESET);
    /* The kernel would now say end of input. */
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 10), RESULT_FAILED);
    connection_close(owner.connection, false);
    close(listener);
    test_transport_close(&test);
}

static void test_writing_after_the_end_fails(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    struct chunk_queue queue = {0};
    fill(&test, &owner.connection->account, &queue, 10);
    connection_finish(owner.connection);
    assert_int_equal(connection_write(owner.connection, &queue), RESULT_FAILED);
    assert_int_equal(queue.bytes, 10);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_read_takes_nothing),
        cmocka_unit_test(test_reads_no_more_than_asked),
        cmocka_unit_test(test_the_end_comes_after_the_bytes),
        cmocka_unit_test(test_one_event_has_its_share),
        cmocka_unit_test(test_no_memory_leaves_the_bytes_in_the_socket),
        cmocka_unit_test(test_writes_what_the_socket_takes),
        cmocka_unit_test(test_writing_to_a_gone_peer_fails_without_a_signal),
        cmocka_unit_test(test_a_reset_is_an_error_and_stays_one),
        cmocka_unit_test(test_writing_after_the_end_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
