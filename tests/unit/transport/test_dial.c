/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dialling: TCP and Unix, refusals, a source address, options; callbacks never come from inside the
 * call.
 */
#include "transport/connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "memory/fault.h"
#include "support/transport.h"

static struct connection_options options_for(const struct address *destination)
{
    return (struct connection_options){.destination = *destination, .no_delay = true};
}

static void dial(struct test_transport *test, const struct connection_options *options,
                 struct test_owner *owner)
{
    memset(owner, 0, sizeof(*owner));
    assert_int_equal(
        connection_dial(&test->transport, options, &TEST_OWNER_EVENTS, owner, &owner->connection),
        RESULT_OK);
    assert_false(owner->is_open || owner->is_failed);
    assert_int_equal(owner->connection->state, CONNECTION_DIALLING);
}

static void test_connects_and_talks(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address;
    int listener = test_listen(&address);
    struct connection_options options = options_for(&address);
    struct test_owner owner;
    dial(&test, &options, &owner);
    connection_want(owner.connection, EVENT_READ);
    assert_true(test_loop_until(&test.base, &owner.is_open));
    assert_int_equal(owner.connection->state, CONNECTION_OPEN);
    assert_int_equal(owner.connection->account.kind, ACCOUNT_SERVER);
    assert_false(owner.connection->is_client_side);
    int peer = accept(listener, NULL, NULL);
    assert_int_equal(write(peer, "hi", 2), 2);
    assert_true(test_loop_until(&test.base, &owner.is_readable));
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 10), RESULT_OK);
    assert_true(slice_equal(chunk_queue_front(&queue), SLICE("hi")));
    int no_delay = 0;
    socklen_t length = sizeof(no_delay);
    assert_int_equal(getsockopt(owner.connection->fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &length),
                     0);
    assert_int_equal(no_delay, 1);
    chunk_queue_clear(&queue);
    connection_close(owner.connection, false);
    close(peer);
    close(listener);
    test_transport_close(&test);
}

static void test_a_refusal_is_told_later(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address;
    close(test_listen(&address));
    struct connection_options options = options_for(&address);
    struct test_owner owner;
    dial(&test, &options, &owner);
    assert_true(test_loop_until(&test.base, &owner.is_failed));
    assert_int_equal(owner.error, CONNECTION_ERROR_REFUSED);
    assert_int_equal(owner.connection->system_error, ECONNREFUSED);
    assert_int_equal(owner.opens, 0);
    struct chunk_queue queue = {0};
    assert_int_equal(connection_read(owner.connection, &queue, CHUNK_SMALL, 1), RESULT_FAILED);
    connection_close(owner.connection, false);
    test_transport_close(&test);
}

static void test_closed_while_dialling(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address;
    int listener = test_listen(&address);
    struct connection_options options = options_for(&address);
    struct test_owner owner;
    dial(&test, &options, &owner);
    connection_close(owner.connection, false);
    event_loop_turn(test.base.loop, false);
    assert_int_equal(owner.opens + owner.errors, 0);
    close(listener);
    test_transport_close(&test);
}

static void test_unix_and_abstract(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address = {
        .family = AF_UNIX, .is_abstract = true, .path = "weir-test-dial-22001"};
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&address, &storage);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&storage, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    struct connection_options options = options_for(&address);
    struct test_owner owner;
    dial(&test, &options, &owner);
    assert_true(test_loop_until(&test.base, &owner.is_open));
    connection_close(owner.connection, false);
    close(listener);
    options.destination.path = "weir-test-dial-nobody";
    dial(&test, &options, &owner);
    assert_true(test_loop_until(&test.base, &owner.is_failed));
    assert_int_equal(owner.connection->system_error, ECONNREFUSED);
    connection_close(owner.connection, false);
    test_transport_close(&test);
}

static void test_from_a_source_address(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address;
    int listener = test_listen(&address);
    struct connection_options options = options_for(&address);
    assert_int_equal(address_parse_ip(SLICE("127.0.0.2"), &options.source), RESULT_OK);
    struct test_owner owner;
    dial(&test, &options, &owner);
    assert_true(test_loop_until(&test.base, &owner.is_open));
    connection_find_local(owner.connection);
    assert_int_equal(owner.connection->local.v4.s_addr, options.source.v4.s_addr);
    connection_close(owner.connection, false);
    assert_int_equal(address_parse_ip(SLICE("192.0.2.1"), &options.source), RESULT_OK);
    struct connection *refused;
    assert_int_equal(
        connection_dial(&test.transport, &options, &TEST_OWNER_EVENTS, &owner, &refused),
        RESULT_FAILED);
    assert_int_equal(errno, EADDRNOTAVAIL);
    close(listener);
    test_transport_close(&test);
}

static void test_refused_for_memory_leaves_nothing(void **state)
{
    (void)state;
    struct test_transport test;
    test_transport_open(&test, 0);
    struct address address;
    int listener = test_listen(&address);
    struct connection_options options = options_for(&address);
    struct test_owner owner;
    struct connection *connection;
    fault_fail_nth(test.base.memory, 1, 0);
    assert_int_equal(
        connection_dial(&test.transport, &options, &TEST_OWNER_EVENTS, &owner, &connection),
        RESULT_NO_MEMORY);
    fault_fail_nth(test.base.memory, 0, 0);
    assert_int_equal(test.transport.connections_open, 0);
    assert_int_equal(test_loop_bytes(&test.base, ACCOUNT_SERVER), 0);
    close(listener);
    test_transport_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connects_and_talks),
        cmocka_unit_test(test_a_refusal_is_told_later),
        cmocka_unit_test(test_closed_while_dialling),
        cmocka_unit_test(test_unix_and_abstract),
        cmocka_unit_test(test_from_a_source_address),
        cmocka_unit_test(test_refused_for_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
