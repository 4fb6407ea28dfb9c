/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS over real sockets: dialling and accepting, bulk both ways, pending bytes, half-close, failed
 * handshakes, the gate, and every allocation of a connection with its handshake failed in turn.
 */
#include "memory/fault.h"
#include "support/certificates.h"
#include "support/transport.h"

enum { BIG = 400 * 1000, ERROR_SIZE = 500 };

struct fixture {
    struct test_folder folder;
    struct test_identity identity;
    struct test_transport test;
    struct account configuration;
    struct tls_context *client, *server;
    struct address address;
    int listener;
};

static struct tls_context *make_context(struct fixture *fixture, const struct tls_options *options)
{
    char buffer[ERROR_SIZE];
    struct text error = text_over(buffer, sizeof(buffer));
    struct tls_context *context;
    if (tls_context_create(options, &fixture->configuration, &context, &error) != RESULT_OK) {
        fail_msg("%s", buffer);
    }
    return context;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.identity, &(struct test_request){.common_name = "a.test"});
    const char *crt = test_write_bundle(&fixture.folder, "crt.pem", &fixture.identity);
    test_transport_open(&fixture.test, 0);
    account_init(&fixture.configuration, fixture.test.base.ledger, ACCOUNT_CONFIGURATION, 0);
    struct tls_options options = {
        .is_server = true, .certificates = &crt, .certificates_count = 1, .alpn = "http/1.1"};
    fixture.server = make_context(&fixture, &options);
    fixture.client = make_context(&fixture, &(struct tls_options){.alpn = "http/1.1"});
    fixture.listener = test_listen(&fixture.address);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close(fixture->listener);
    tls_context_destroy(fixture->client);
    tls_context_destroy(fixture->server);
    account_deinit(&fixture->configuration);
    test_transport_close(&fixture->test);
    test_identity_clear(&fixture->identity);
    test_folder_close(&fixture->folder);
    return 0;
}

/* Both ends of a TLS connection through the kernel. */
struct ends {
    struct test_owner client, server;
};

static enum result open_client(struct fixture *fixture, struct test_owner *owner)
{
    struct connection_options options = {.destination = fixture->address,
                                         .tls = fixture->client,
                                         .sni = SLICE("a.test"),
                                         .no_delay = true};
    memset(owner, 0, sizeof(*owner));
    return connection_dial(&fixture->test.transport, &options, &TEST_OWNER_EVENTS, owner,
                           &owner->connection);
}

static enum result open_server(struct fixture *fixture, int fd, struct test_owner *owner)
{
    struct connection_options options = {.tls = fixture->server};
    memset(owner, 0, sizeof(*owner));
    return connection_accept(&fixture->test.transport, fd, &fixture->address, &options,
                             &TEST_OWNER_EVENTS, owner, &owner->connection);
}

static int accept_fd(struct fixture *fixture)
{
    int fd = accept4(fixture->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void open_ends(struct fixture *fixture, struct ends *ends)
{
    assert_int_equal(open_client(fixture, &ends->client), RESULT_OK);
    assert_int_equal(open_server(fixture, accept_fd(fixture), &ends->server), RESULT_OK);
    assert_int_equal(fixture->test.transport.handshakes_open, 1);
    assert_true(test_loop_until(&fixture->test.base, &ends->client.is_open));
    assert_true(test_loop_until(&fixture->test.base, &ends->server.is_open));
    assert_int_equal(fixture->test.transport.handshakes_open, 0);
    assert_int_equal(ends->server.opens, 1);
}

static void close_ends(struct ends *ends)
{
    connection_close(ends->client.connection, false);
    connection_close(ends->server.connection, false);
}

static void put(struct fixture *fixture, struct connection *connection, struct chunk_queue *queue,
                size_t position, size_t bytes)
{
    char block[5000];
    while (bytes > 0) {
        size_t part = bytes < sizeof(block) ? bytes : sizeof(block);
        for (size_t i = 0; i < part; i++) {
            block[i] = (char)((position + i) * 13 % 241);
        }
        assert_int_equal(chunk_queue_append_copy(queue, &fixture->test.chunks, &connection->account,
                                                 slice_of(block, part)),
                         RESULT_OK);
        position += part;
        bytes -= part;
    }
}

/* Checks and drops what has come. */
static size_t take(struct chunk_queue *queue, size_t position)
{
    size_t total = 0;
    while (!chunk_queue_is_empty(queue)) {
        struct slice front = chunk_queue_front(queue);
        for (size_t i = 0; i < front.length; i++) {
            assert_int_equal(front.data[i], (char)((position + total + i) * 13 % 241));
        }
        total += front.length;
        chunk_queue_drop(queue, front.length);
    }
    return total;
}

static void test_open_on_both_ends(void **state)
{
    struct fixture *fixture = *state;
    struct ends ends;
    open_ends(fixture, &ends);
    assert_true(slice_equal(tls_session_sni(ends.server.connection->tls), SLICE("a.test")));
    assert_true(slice_equal(tls_session_alpn(ends.client.connection->tls), SLICE("http/1.1")));
    assert_true(ends.server.connection->handshake_ms < 5000);
    close_ends(&ends);
}

/* Reads all that has come by now; tells the owner's wishes by being called only when told to be
 * readable. */
static size_t read_when_told(struct test_owner *owner, struct chunk_queue *queue, size_t position)
{
    if (!owner->is_readable) {
        return 0;
    }
    owner->is_readable = false;
    enum result result = connection_read(owner->connection, queue, CHUNK_NORMAL, 7001);
    assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
    return take(queue, position);
}

static void test_bulk_and_pending_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct ends ends;
    open_ends(fixture, &ends);
    struct chunk_queue out = {0}, in = {0};
    put(fixture, ends.server.connection, &out, 0, BIG);
    connection_want(ends.client.connection, EVENT_READ);
    size_t received = 0;
    uint64_t end_us = clock_monotonic_us() + 10 * (uint64_t)US_PER_SECOND;
    while (received < BIG && clock_monotonic_us() < end_us) {
        enum result result = connection_write(ends.server.connection, &out);
        assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
        connection_want(ends.server.connection, result == RESULT_BLOCKED ? EVENT_WRITE : 0);
        event_loop_turn(fixture->test.base.loop, true);
        received += read_when_told(&ends.client, &in, received);
    }
    /* All came though no read took a whole record: what the session held was told of. */
    assert_int_equal(received, BIG);
    assert_int_equal(ends.server.connection->bytes_out, BIG);
    assert_int_equal(ends.client.connection->bytes_in, BIG);
    close_ends(&ends);
}

static void test_small_pieces_share_a_record(void **state)
{
    struct fixture *fixture = *state;
    struct ends ends;
    open_ends(fixture, &ends);
    struct chunk_queue head = {0}, body = {0}, in = {0};
    put(fixture, ends.server.connection, &head, 0, 300);
    put(fixture, ends.server.connection, &body, 300, 200);
    chunk_queue_move_all(&head, &body);
    assert_ptr_not_equal(head.first, head.last);
    assert_int_equal(connection_write(ends.server.connection, &head), RESULT_OK);
    connection_want(ends.client.connection, EVENT_READ);
    assert_true(test_loop_until(&fixture->test.base, &ends.client.is_readable));
    assert_int_equal(connection_read(ends.client.connection, &in, CHUNK_NORMAL, 1000), RESULT_OK);
    assert_int_equal(in.bytes, 500);
    assert_int_equal(take(&in, 0), 500);
    close_ends(&ends);
}

static void test_half_close(void **state)
{
    struct fixture *fixture = *state;
    struct ends ends;
    open_ends(fixture, &ends);
    struct chunk_queue in = {0};
    connection_want(ends.server.connection, EVENT_READ);
    connection_finish(ends.client.connection);
    assert_true(test_loop_until(&fixture->test.base, &ends.server.is_readable));
    assert_int_equal(connection_read(ends.server.connection, &in, CHUNK_SMALL, 10), RESULT_END);
    assert_true(ends.server.connection->read_ended);
    struct chunk_queue out = {0};
    put(fixture, ends.server.connection, &out, 0, 10);
    assert_int_equal(connection_write(ends.server.connection, &out), RESULT_OK);
    connection_want(ends.client.connection, EVENT_READ);
    assert_true(test_loop_until(&fixture->test.base, &ends.client.is_readable));
    assert_int_equal(connection_read(ends.client.connection, &in, CHUNK_SMALL, 10), RESULT_OK);
    assert_int_equal(take(&in, 0), 10);
    close_ends(&ends);
}

static void test_a_plain_client_fails_the_handshake(void **state)
{
    struct fixture *fixture = *state;
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&fixture->address, &storage);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&storage, length), 0);
    struct test_owner owner;
    assert_int_equal(open_server(fixture, accept_fd(fixture), &owner), RESULT_OK);
    assert_int_equal(write(client, "GET / HTTP/1.0\r\n\r\n", 18), 18);
    assert_true(test_loop_until(&fixture->test.base, &owner.is_failed));
    assert_int_equal(owner.error, CONNECTION_ERROR_HANDSHAKE);
    assert_int_equal(fixture->test.transport.handshakes_open, 0);
    connection_close(owner.connection, false);
    close(client);
}

static void test_closed_in_the_handshake_makes_room(void **state)
{
    struct fixture *fixture = *state;
    struct transport *transport = &fixture->test.transport;
    struct test_owner client, server;
    transport->handshakes_max = 1;
    assert_int_equal(open_client(fixture, &client), RESULT_OK);
    assert_int_equal(open_server(fixture, accept_fd(fixture), &server), RESULT_OK);
    assert_false(transport_has_handshake_room(transport));
    assert_true(server.connection->account.used >= TLS_HANDSHAKE_BYTES);
    connection_close(server.connection, false);
    assert_true(transport_has_handshake_room(transport));
    assert_true(test_loop_until(&fixture->test.base, &client.is_failed));
    assert_int_equal(client.error, CONNECTION_ERROR_HANDSHAKE);
    connection_close(client.connection, false);
}

/* A whole visit while allocations may fail: true when everything went well. */
static bool visit(struct fixture *fixture)
{
    struct ends ends;
    enum result result = open_client(fixture, &ends.client);
    if (result != RESULT_OK) {
        assert_int_equal(result, RESULT_NO_MEMORY);
        return false;
    }
    int fd = accept_fd(fixture);
    result = open_server(fixture, fd, &ends.server);
    if (result != RESULT_OK) {
        assert_int_equal(result, RESULT_NO_MEMORY);
        close(fd);
        connection_close(ends.client.connection, false);
        return false;
    }
    assert_true(test_loop_until(&fixture->test.base, &ends.client.is_open));
    assert_true(test_loop_until(&fixture->test.base, &ends.server.is_open));
    struct chunk_queue out = {0}, in = {0};
    result = chunk_queue_append_copy(&out, &fixture->test.chunks, &ends.client.connection->account,
                                     SLICE("hello"));
    if (result == RESULT_OK) {
        assert_int_equal(connection_write(ends.client.connection, &out), RESULT_OK);
        connection_want(ends.server.connection, EVENT_READ);
        assert_true(test_loop_until(&fixture->test.base, &ends.server.is_readable));
        result = connection_read(ends.server.connection, &in, CHUNK_NORMAL, 100);
        if (result == RESULT_NO_MEMORY) {
            assert_int_equal(connection_read(ends.server.connection, &in, CHUNK_NORMAL, 100),
                             RESULT_OK);
        }
        assert_true(slice_equal(chunk_queue_front(&in), SLICE("hello")));
    }
    chunk_queue_clear(&out);
    chunk_queue_clear(&in);
    close_ends(&ends);
    return result == RESULT_OK;
}

static void test_every_allocation_failed_in_turn(void **state)
{
    struct fixture *fixture = *state;
    struct test_loop *base = &fixture->test.base;
    uint64_t nth = 1;
    bool went_well;
    do {
        fault_fail_nth(base->memory, nth, 0);
        went_well = visit(fixture);
        event_loop_turn(base->loop, false);
        assert_int_equal(test_loop_bytes(base, ACCOUNT_CLIENT), 0);
        assert_int_equal(test_loop_bytes(base, ACCOUNT_SERVER), 0);
        assert_int_equal(fixture->test.transport.connections_open, 0);
        assert_int_equal(fixture->test.transport.handshakes_open, 0);
        nth++;
    } while (fault_failed(base->memory) > 0);
    fault_fail_nth(base->memory, 0, 0);
    assert_true(went_well);
    assert_true(nth > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open_on_both_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bulk_and_pending_bytes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_small_pieces_share_a_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_close, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_plain_client_fails_the_handshake, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closed_in_the_handshake_makes_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_allocation_failed_in_turn, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
