/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life: accepting, readiness as wanted, handing on, closing anywhere, lingering, and
 * every allocation failed in turn.
 */
#include "transport/connection.h"

#include <errno.h>

#include "memory/fault.h"
#include "support/transport.h"

static void test_an_accepted_one_is_open_and_charged(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    assert_int_equal(owner.connection->state, CONNECTION_OPEN);
    assert_true(owner.connection->is_client_side);
    assert_int_equal(owner.connection->account.kind, ACCOUNT_CLIENT);
    assert_true(owner.connection->account.used >= sizeof(struct connection));
    assert_int_equal(test.transport.connections_open, 1);
    event_loop_turn(test.base.loop, false);
    assert_int_equal(owner.opens, 0);
    connection_close(owner.connection, false);
    assert_int_equal(test.transport.connections_open, 0);
    char byte;
    assert_int_equal(read(peer, &byte, 1), 0);
    close(peer);
    test_transport_close(&test);
}

static void test_tells_only_what_is_wanted(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    assert_int_equal(write(peer, "x", 1), 1);
    event_loop_turn(test.base.loop, false);
    assert_false(owner.is_readable);
    connection_want(owner.connection, EVENT_READ);
    assert_true(test_loop_until(&test.base, &owner.is_readable));
    assert_false(owner.is_writable);
    connection_want(owner.connection, EVENT_WRITE);
    assert_true(test_loop_until(&test.base, &owner.is_writable));
    unsigned writables = owner.writables;
    connection_want(owner.connection, 0);
    event_loop_turn(test.base.loop, false);
    event_loop_turn(test.base.loop, false);
    assert_int_equal(owner.writables, writables);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_closing_in_its_own_callback(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    owner.closes_on_read = true;
    assert_int_equal(write(peer, "x", 1), 1);
    connection_want(owner.connection, EVENT_READ | EVENT_WRITE);
    assert_true(test_loop_until(&test.base, &owner.is_readable));
    assert_int_equal(owner.writables, 0);
    close(peer);
    test_transport_close(&test);
}

static void test_handed_to_another_owner(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner first;
    struct test_owner second = {.opens = 0};
    int peer = test_accept_pair(&test, &first);
    connection_want(first.connection, EVENT_READ);
    connection_set_owner(first.connection, &TEST_OWNER_EVENTS, &second);
    assert_int_equal(write(peer, "x", 1), 1);
    assert_true(test_loop_until(&test.base, &second.is_readable));
    assert_int_equal(first.readables, 0);
    connection_close(first.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_half_close(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    connection_finish(owner.connection);
    connection_finish(owner.connection);
    assert_true(owner.connection->write_ended);
    char byte;
    assert_int_equal(read(peer, &byte, 1), 0);
    /* The other direction goes on. */
    assert_int_equal(write(peer, "late", 4), 4);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 100), RESULT_OK);
    assert_int_equal(queue.bytes, 4);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(peer);
    test_transport_close(&test);
}

static void test_lingers_while_its_bytes_are_elsewhere(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct test_owner owner;
    int peer = test_accept_pair(&test, &owner);
    assert_int_equal(write(peer, "kept", 4), 4);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 100), RESULT_OK);
    connection_close(owner.connection, false);
    event_loop_turn(test.base.loop, false);
    event_loop_turn(test.base.loop, false);
    assert_false(list_is_empty(&test.transport.lingering));
    assert_true(slice_equal(chunk_queue_front(&queue), SLICE("kept")));
    chunk_queue_clear(&queue);
    uint64_t end_us = clock_monotonic_us() + US_PER_SECOND;
    while (!list_is_empty(&test.transport.lingering) && clock_monotonic_us() < end_us) {
        event_loop_turn(test.base.loop, true);
    }
    assert_true(list_is_empty(&test.transport.lingering));
    assert_int_equal(test_loop_bytes(&test.base, ACCOUNT_CLIENT), 0);
    close(peer);
    test_transport_close(&test);
}

static void test_reset_is_seen_by_the_peer(void **state)
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
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    struct test_owner owner = {.opens = 0};
    struct connection_options options = {.tls = NULL};
    assert_int_equal(connection_accept(&test.transport, fd, &address, &options, &TEST_OWNER_EVENTS,
                                       &owner, &owner.connection),
                     RESULT_OK);
    connection_find_local(owner.connection);
    assert_int_equal(owner.connection->local.port, address.port);
    connection_close(owner.connection, true);
    char byte;
    assert_int_equal(read(client, &byte, 1), -1);
    assert_int_equal(errno, ECONNRESET);
    close(client);
    close(listener);
    test_transport_close(&test);
}

/* Accepts, reads, closes; tells whether the connection came to be. */
static bool run_scenario(struct test_transport *test)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    struct address peer = {.family = AF_UNIX};
    struct connection_options options = {.tls = NULL};
    struct test_owner owner = {.opens = 0};
    enum result accepted = connection_accept(&test->transport, fds[0], &peer, &options,
                                             &TEST_OWNER_EVENTS, &owner, &owner.connection);
    if (accepted != RESULT_OK) {
        assert_int_equal(accepted, RESULT_NO_MEMORY);
        close(fds[0]);
        close(fds[1]);
        return false;
    }
    assert_int_equal(write(fds[1], "hello", 5), 5);
    struct chunk_queue queue = {0};
    enum result result = connection_read(owner.connection, &queue, CHUNK_NORMAL, 100);
    assert_true(result == RESULT_OK || result == RESULT_NO_MEMORY);
    assert_int_equal(queue.bytes, result == RESULT_OK ? 5 : 0);
    if (result == RESULT_NO_MEMORY) {
        /* Nothing was lost: it is there when memory is. */
        assert_int_equal(connection_read(owner.connection, &queue, CHUNK_NORMAL, 100), RESULT_OK);
        assert_int_equal(queue.bytes, 5);
    }
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(fds[1]);
    event_loop_turn(test->base.loop, false);
    return true;
}

static void test_every_allocation_failed_in_turn(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    uint64_t nth = 1;
    do {
        fault_fail_nth(test.base.memory, nth, 0);
        (void)run_scenario(&test);
        nth++;
        assert_int_equal(test_loop_bytes(&test.base, ACCOUNT_CLIENT), 0);
    } while (fault_failed(test.base.memory) > 0);
    assert_true(nth > 3);
    fault_fail_nth(test.base.memory, 0, 0);
    assert_true(run_scenario(&test));
    test_transport_close(&test);
}

static void test_an_idle_one_is_small(void **state)
{
    (void)state;
    /* One of the sums in the memory plan: the object is all that an idle plain connection holds
     * here. */
    assert_true(sizeof(struct connection) <= 320);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_accepted_one_is_open_and_charged),
        cmocka_unit_test(test_tells_only_what_is_wanted),
        cmocka_unit_test(test_closing_in_its_own_callback),
        cmocka_unit_test(test_handed_to_another_owner),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_lingers_while_its_bytes_are_elsewhere),
        cmocka_unit_test(test_reset_is_seen_by_the_peer),
        cmocka_unit_test(test_every_allocation_failed_in_turn),
        cmocka_unit_test(test_an_idle_one_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
