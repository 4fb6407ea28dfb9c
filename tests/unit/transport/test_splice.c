/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relaying in the kernel: all bytes in order through a small socket buffer, the end, a gone peer,
 * and the bounds of the pool.
 */
#include "transport/splice.h"

#include <signal.h>

#include "support/transport.h"

enum { BIG = 300 * 1000, PIPES = 2 };

struct relay {
    struct test_transport test;
    struct splice_pool pool;
    struct test_owner from, to;
    int from_peer, to_peer;
};

static void open_relay(struct relay *relay)
{
    test_transport_open(&relay->test, 0);
    splice_pool_init(&relay->pool, PIPES);
    relay->from_peer = test_accept_pair(&relay->test, &relay->from);
    relay->to_peer = test_accept_pair(&relay->test, &relay->to);
}

static void close_relay(struct relay *relay)
{
    connection_close(relay->from.connection, false);
    connection_close(relay->to.connection, false);
    close(relay->from_peer);
    close(relay->to_peer);
    splice_pool_deinit(&relay->pool);
    test_transport_close(&relay->test);
}

static char pattern(size_t position)
{
    return (char)(position * 31 % 253);
}

/* Offers bytes as far as the socket takes them. */
static size_t offer(int fd, size_t position)
{
    char block[4000];
    size_t bytes = BIG - position < sizeof(block) ? BIG - position : sizeof(block);
    for (size_t i = 0; i < bytes; i++) {
        block[i] = pattern(position + i);
    }
    ssize_t count = bytes == 0 ? 0 : write(fd, block, bytes);
    return count < 0 ? 0 : (size_t)count;
}

static size_t collect(int fd, size_t position)
{
    char block[3000];
    ssize_t count = read(fd, block, sizeof(block));
    for (ssize_t i = 0; i < count; i++) {
        assert_int_equal(block[i], pattern(position + (size_t)i));
    }
    return count < 0 ? 0 : (size_t)count;
}

static void test_all_bytes_in_order(void **state)
{
    (void)state;
    struct relay relay;
    open_relay(&relay);
    assert_true(splice_is_possible(relay.from.connection, relay.to.connection));
    struct splice splice;
    assert_int_equal(splice_open(&relay.pool, &splice), RESULT_OK);
    size_t sent = 0, received = 0, filled = 0, drained = 0;
    while (received < BIG) {
        size_t count;
        sent += offer(relay.from_peer, sent);
        enum result result = splice_fill(&splice, relay.from.connection, BIG, &count);
        assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
        filled += count;
        result = splice_drain(&splice, relay.to.connection, &count);
        assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
        drained += count;
        assert_int_equal(splice.held, filled - drained);
        received += collect(relay.to_peer, received);
    }
    assert_int_equal(relay.from.connection->bytes_in, BIG);
    assert_int_equal(relay.to.connection->bytes_out, BIG);
    splice_close(&splice);
    splice_close(&splice);
    close_relay(&relay);
}

static void test_the_end_and_nothing(void **state)
{
    (void)state;
    struct relay relay;
    open_relay(&relay);
    struct splice splice;
    size_t count = 1;
    assert_int_equal(splice_open(&relay.pool, &splice), RESULT_OK);
    assert_int_equal(splice_fill(&splice, relay.from.connection, BIG, &count), RESULT_BLOCKED);
    assert_int_equal(count, 0);
    assert_int_equal(shutdown(relay.from_peer, SHUT_WR), 0);
    assert_int_equal(splice_fill(&splice, relay.from.connection, BIG, &count), RESULT_END);
    assert_true(relay.from.connection->read_ended);
    assert_int_equal(splice_fill(&splice, relay.from.connection, BIG, &count), RESULT_END);
    assert_int_equal(splice_drain(&splice, relay.to.connection, &count), RESULT_OK);
    splice_close(&splice);
    close_relay(&relay);
}

static void test_a_gone_peer_fails_and_its_pipe_is_not_kept(void **state)
{
    (void)state;
    struct relay relay;
    open_relay(&relay);
    struct splice splice;
    size_t count;
    assert_int_equal(splice_open(&relay.pool, &splice), RESULT_OK);
    assert_int_equal(write(relay.from_peer, "lost", 4), 4);
    assert_int_equal(splice_fill(&splice, relay.from.connection, BIG, &count), RESULT_OK);
    assert_int_equal(shutdown(relay.to_peer, SHUT_RDWR), 0);
    assert_int_equal(splice_drain(&splice, relay.to.connection, &count), RESULT_FAILED);
    assert_int_equal(relay.to.connection->error, CONNECTION_ERROR_RESET);
    assert_false(splice_is_possible(relay.from.connection, relay.to.connection));
    assert_int_equal(splice.held, 4);
    splice_close(&splice);
    assert_int_equal(relay.pool.kept_count, 0);
    assert_int_equal(relay.pool.pipes_open, 0);
    close_relay(&relay);
}

static void test_pipes_are_bounded_and_kept(void **state)
{
    (void)state;
    struct relay relay;
    open_relay(&relay);
    struct splice splices[PIPES + 1];
    for (unsigned i = 0; i < PIPES; i++) {
        assert_int_equal(splice_open(&relay.pool, &splices[i]), RESULT_OK);
    }
    assert_int_equal(splice_open(&relay.pool, &splices[PIPES]), RESULT_FULL);
    int number = splices[0].read_fd;
    splice_close(&splices[0]);
    assert_int_equal(relay.pool.kept_count, 1);
    assert_int_equal(splice_open(&relay.pool, &splices[PIPES]), RESULT_OK);
    assert_int_equal(splices[PIPES].read_fd, number);
    assert_int_equal(relay.pool.pipes_open, PIPES);
    splice_close(&splices[1]);
    splice_close(&splices[PIPES]);
    close_relay(&relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_bytes_in_order),
        cmocka_unit_test(test_the_end_and_nothing),
        cmocka_unit_test(test_a_gone_peer_fails_and_its_pipe_is_not_kept),
        cmocka_unit_test(test_pipes_are_bounded_and_kept),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
