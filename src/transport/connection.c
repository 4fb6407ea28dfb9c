/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream connection's life: taken, opened, handed on, closed, released.
 *
 *   DIALLING --> HANDSHAKE --> OPEN --> CLOSED      accepted plain ones begin OPEN, with TLS in
 * HANDSHAKE;
 *        \___________\__________^        a failure goes to CLOSED from everywhere, and the owner
 * closes
 *
 * Hard idea: closing is safe anywhere. The descriptor and the session go at once, the object after
 * the turn; and if chunks that it read are still in another connection's queue, it lingers
 * (transport.c) as the account that pays for them. What bounds its memory: one pool object, charged
 * to its own account as everything else of it.
 */
#include "transport/connection.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "transport/connection_internal.h"
#include "transport/socket_options.h"

static void on_io(struct event_io *io, unsigned ready);
static void on_released(struct event_deferred *deferred);

/* Allowed steps: STEPS[from] holds a bit for each state that may follow. */
static const uint8_t STEPS[] = {
    [CONNECTION_DIALLING] =
        1 << CONNECTION_HANDSHAKE | 1 << CONNECTION_OPEN | 1 << CONNECTION_CLOSED,
    [CONNECTION_HANDSHAKE] = 1 << CONNECTION_OPEN | 1 << CONNECTION_CLOSED,
    [CONNECTION_OPEN] = 1 << CONNECTION_CLOSED,
    [CONNECTION_CLOSED] = 1 << CONNECTION_CLOSED,
};

/* ---- the record layer's bytes ---- */

static ssize_t receive_raw(void *owner, void *data, size_t bytes)
{
    struct connection *connection = owner;
    ssize_t count = recv(connection->fd, data, bytes, 0);
    connection->has_received = connection->has_received || count > 0;
    return count;
}

static ssize_t send_raw(void *owner, const void *data, size_t bytes)
{
    const struct connection *connection = owner;
    return send(connection->fd, data, bytes, MSG_NOSIGNAL);
}

static const struct tls_io TLS_SOCKET = {receive_raw, send_raw};

/* ---- taking and releasing ---- */

struct pool *connection_pool_create(struct memory *memory)
{
    return pool_create(memory, "connection", sizeof(struct connection), POOL_SHARED);
}

struct connection *connection_take(struct transport *transport, int fd, enum account_kind kind)
{
    /* The object is charged to the account inside it. */
    struct account account;
    account_init(&account, transport->ledger, kind, 0);
    struct connection *connection = pool_take_zeroed(transport->connections, &account);
    if (connection == NULL) {
        return NULL;
    }
    account_init(&connection->account, transport->ledger, kind, 0);
    account_move(&account, &connection->account, account.used);
    connection->transport = transport;
    connection->fd = fd;
    connection->accepted_ms = event_now_ms(transport->loop);
    event_io_init(&connection->io, transport->loop, fd, on_io);
    event_deferred_init(&connection->released, on_released);
    transport->connections_open++;
    return connection;
}

struct connection *connection_take_quic(struct transport *transport, const struct address *local,
                                        const struct address *peer, size_t account_max)
{
    struct connection *connection = connection_take(transport, -1, ACCOUNT_CLIENT);
    if (connection != NULL) {
        connection->account.cap = account_max;
        connection->is_client_side = true;
        connection->is_quic = true;
        connection->local = *local;
        connection->peer = *peer;
        connection->state = CONNECTION_HANDSHAKE;
    }
    return connection;
}

void connection_untake(struct connection *connection)
{
    connection->transport->connections_open--;
    bool is_gone = connection_release(connection);
    ASSERT(is_gone);
}

bool connection_release(struct connection *connection)
{
    struct pool *pool = connection->transport->connections;
    if (connection->account.used > pool_object_bytes(pool)) {
        return false;
    }
    list_remove(&connection->released.link);
    struct account account;
    account_init(&account, connection->account.ledger, connection->account.kind, 0);
    account_move(&connection->account, &account, connection->account.used);
    account_deinit(&connection->account);
    pool_release(pool, &account, connection);
    account_deinit(&account);
    return true;
}

static void on_released(struct event_deferred *deferred)
{
    struct connection *connection = container_of(deferred, struct connection, released);
    if (!connection_release(connection)) {
        transport_linger(connection->transport, connection);
    }
}

/* ---- opening ---- */

enum result connection_open_tls(struct connection *connection,
                                const struct connection_options *options)
{
    if (options->tls == NULL) {
        return RESULT_OK;
    }
    return tls_session_open(options->tls, &connection->account, &TLS_SOCKET, connection,
                            options->sni, &connection->tls);
}

enum result connection_accept(struct transport *transport, int fd, const struct address *peer,
                              const struct connection_options *options,
                              const struct connection_events *events, void *owner,
                              struct connection **out)
{
    struct connection *connection =
        connection_take(transport, fd, options->is_operator ? ACCOUNT_OPERATOR : ACCOUNT_CLIENT);
    if (connection == NULL) {
        return RESULT_NO_MEMORY;
    }
    connection->is_client_side = true;
    connection->peer = *peer;
    connection->state = options->tls != NULL ? CONNECTION_HANDSHAKE : CONNECTION_OPEN;
    enum result result = connection_open_tls(connection, options);
    if (result != RESULT_OK) {
        connection_untake(connection);
        return result;
    }
    if (connection->tls != NULL) {
        connection->is_in_handshake = true;
        transport->handshakes_open++;
    }
    connection_set_owner(connection, events, owner);
    connection_update_watch(connection);
    *out = connection;
    return RESULT_OK;
}

void connection_set_owner(struct connection *connection, const struct connection_events *events,
                          void *owner)
{
    connection->events = events;
    connection->owner = owner;
}

static void set_state(struct connection *connection, enum connection_state state)
{
    ASSERT((STEPS[connection->state] & 1 << state) != 0);
    connection->state = state;
}

void connection_set_error(struct connection *connection, enum connection_error error,
                          int system_error)
{
    connection->error = error;
    connection->system_error = system_error;
}

void connection_fail(struct connection *connection, enum connection_error error, int system_error)
{
    connection_set_error(connection, error, system_error);
    set_state(connection, CONNECTION_CLOSED);
    event_io_stop(&connection->io);
    connection->events->on_error(connection->owner, error);
}

void connection_on_quic_open(struct connection *connection)
{
    uint64_t elapsed_ms = event_now_ms(connection->transport->loop) - connection->accepted_ms;
    connection->handshake_ms = (uint32_t)elapsed_ms;
    set_state(connection, CONNECTION_OPEN);
    connection->events->on_open(connection->owner);
}

static void leave_handshake(struct connection *connection)
{
    if (connection->is_in_handshake) {
        connection->is_in_handshake = false;
        transport_leave_handshake(connection->transport);
    }
}

static void continue_handshake(struct connection *connection)
{
    enum result result = tls_session_handshake(connection->tls);
    if (result == RESULT_BLOCKED) {
        connection_update_watch(connection);
        return;
    }
    leave_handshake(connection);
    if (result != RESULT_OK) {
        connection_fail(connection, CONNECTION_ERROR_HANDSHAKE, 0);
        return;
    }
    uint64_t elapsed_ms = event_now_ms(connection->transport->loop) - connection->accepted_ms;
    connection->handshake_ms = (uint32_t)elapsed_ms - connection->handshake_ms;
    set_state(connection, CONNECTION_OPEN);
    connection_want(connection, connection->wanted);
    connection->events->on_open(connection->owner);
}

void connection_on_connected(struct connection *connection)
{
    if (connection->tls == NULL) {
        set_state(connection, CONNECTION_OPEN);
        connection_update_watch(connection);
        connection->events->on_open(connection->owner);
        return;
    }
    set_state(connection, CONNECTION_HANDSHAKE);
    uint64_t elapsed_ms = event_now_ms(connection->transport->loop) - connection->accepted_ms;
    connection->handshake_ms = (uint32_t)elapsed_ms; /* becomes the handshake's when it is done */
    continue_handshake(connection);
}

/* ---- readiness ---- */

bool connection_has_pending_input(const struct connection *connection)
{
    return connection->error != CONNECTION_ERROR_NONE ||
           (connection->tls != NULL && tls_session_has_pending(connection->tls));
}

bool connection_has_unread(const struct connection *connection)
{
    char byte;
    return connection_has_pending_input(connection) ||
           recv(connection->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) > 0;
}

static unsigned interest_of(const struct connection *connection)
{
    unsigned interest = connection->wanted;
    switch (connection->state) {
    case CONNECTION_DIALLING:
        return EVENT_WRITE;
    case CONNECTION_HANDSHAKE:
        return tls_session_wants_write(connection->tls) ? EVENT_WRITE : EVENT_READ;
    case CONNECTION_OPEN:
        if (connection->read_ended) {
            interest &= ~(unsigned)EVENT_READ;
        }
        /* A TLS read may have to send first (an alert, a key update). */
        if ((interest & EVENT_READ) != 0 && connection->tls != NULL &&
            tls_session_wants_write(connection->tls)) {
            interest |= EVENT_WRITE;
        }
        return interest;
    case CONNECTION_CLOSED:
        return 0;
    }
    return 0;
}

void connection_update_watch(struct connection *connection)
{
    event_io_want(&connection->io, interest_of(connection));
}

void connection_want(struct connection *connection, unsigned interest)
{
    bool is_new_read = (interest & ~(unsigned)connection->wanted & EVENT_READ) != 0;
    connection->wanted = (uint8_t)interest;
    if (connection->state != CONNECTION_OPEN) {
        return;
    }
    connection_update_watch(connection);
    if (is_new_read && connection_has_pending_input(connection)) {
        event_io_feed(&connection->io, EVENT_READ);
    }
}

/* Tells the owner what it wants to know; it may close the connection in the first call. */
static void tell_ready(struct connection *connection, unsigned ready)
{
    if (connection->tls != NULL && tls_session_wants_write(connection->tls)) {
        ready |= (ready & EVENT_WRITE) != 0 ? EVENT_READ : 0U;
    }
    if ((ready & connection->wanted & EVENT_READ) != 0) {
        connection->events->on_readable(connection->owner);
    }
    if (connection->state == CONNECTION_OPEN && (ready & connection->wanted & EVENT_WRITE) != 0) {
        connection->events->on_writable(connection->owner);
    }
}

static void on_io(struct event_io *io, unsigned ready)
{
    struct connection *connection = container_of(io, struct connection, io);
    switch (connection->state) {
    case CONNECTION_DIALLING:
        connection_continue_dial(connection);
        break;
    case CONNECTION_HANDSHAKE:
        continue_handshake(connection);
        break;
    case CONNECTION_OPEN:
        tell_ready(connection, ready);
        break;
    case CONNECTION_CLOSED:
        break;
    }
}

/* ---- closing ---- */

void connection_finish(struct connection *connection)
{
    if (connection->state != CONNECTION_OPEN || connection->write_ended) {
        return;
    }
    connection->write_ended = true;
    if (connection->tls != NULL) {
        /* Best effort: a peer that does not read does not get it. */
        enum result result = tls_session_finish(connection->tls);
        (void)result;
    }
    (void)shutdown(connection->fd, SHUT_WR);
}

static void close_socket(struct connection *connection, bool reset)
{
    if (reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    (void)close(connection->fd);
    connection->fd = -1;
}

void connection_close(struct connection *connection, bool reset)
{
    if (connection == NULL) {
        return;
    }
    ASSERT(connection->fd >= 0 || connection->is_quic);
    event_io_stop(&connection->io);
    leave_handshake(connection);
    if (connection->quic_client != NULL) {
        connection->quic_ops->close(connection->quic_client, reset);
    }
    if (connection->tls != NULL) {
        if (connection->state == CONNECTION_OPEN && !reset && !connection->write_ended) {
            enum result result = tls_session_finish(connection->tls);
            (void)result;
        }
        tls_session_release(connection->tls);
        connection->tls = NULL;
    }
    if (connection->fd >= 0) {
        close_socket(connection, reset);
    }
    set_state(connection, CONNECTION_CLOSED);
    connection->transport->connections_open--;
    event_defer(connection->transport->loop, &connection->released);
}

void connection_make_silent(struct connection *connection, uint8_t rst_ttl)
{
    connection->write_ended = true;
    if (connection->fd >= 0) {
        socket_make_silent(connection->fd, rst_ttl);
    }
}

void connection_find_local(struct connection *connection)
{
    if (connection->local.family != AF_UNSPEC || connection->fd < 0) {
        return;
    }
    struct sockaddr_storage storage;
    socklen_t length = sizeof(storage);
    if (getsockname(connection->fd, (struct sockaddr *)&storage, &length) == 0) {
        connection->local = address_from_socket(&storage, length);
    }
}
