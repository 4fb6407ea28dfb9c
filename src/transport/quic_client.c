/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's QUIC connection: what the core tells becomes what a struct connection's owner is told,
 * its deadline becomes a timer, its datagrams go to the socket.
 *
 * Hard idea: three lives. The owner closes the struct connection whenever it likes; the core then
 * says good-bye and answers late packets for three probe timeouts; the struct connection, which
 * pays for it, lingers until then (connection.c). The end is found in flush and timer only, never
 * inside a call of the core.
 */
#include "transport/quic_client.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/number.h"
#include "transport/connection_internal.h"

enum {
    SENDS_A_TURN = 4,    /* GSO sends before others have their turn */
    H3_NO_ERROR = 0x100, /* RFC 9114 8.1: what a connection closed without a word means */
    H3_INTERNAL_ERROR = 0x102,
};

static uint64_t now_of(const struct quic_client *client)
{
    return event_now_us(client->connection->transport->loop);
}

/* ---- what the core tells ---- */

static void on_pending(void *owner)
{
    struct quic_client *client = owner;
    quic_endpoint_schedule(client->endpoint, &client->sender);
}

static void on_ready(void *owner)
{
    struct quic_client *client = owner;
    struct connection *connection = client->connection;
    if (client->is_closed || client->is_open_told) {
        return;
    }
    client->is_open_told = true;
    connection_on_quic_open(connection);
}

static void leave_half_open(struct quic_client *client)
{
    if (client->is_half_open) {
        client->is_half_open = false;
        client->endpoint->half_open--;
        transport_leave_handshake(client->connection->transport);
    }
}

static void on_complete(void *owner)
{
    leave_half_open(owner);
}

static void on_closed(void *owner, const struct quic_close *close)
{
    struct quic_client *client = owner;
    leave_half_open(client);
    if (!client->is_closed) {
        client->is_closed = true;
        connection_fail(client->connection,
                        client->is_open_told ? CONNECTION_ERROR_RESET : CONNECTION_ERROR_HANDSHAKE,
                        0);
    }
    (void)close;
}

static enum result on_id(void *owner, const struct quic_cid *id, bool is_added)
{
    struct quic_client *client = owner;
    struct quic_endpoint *endpoint = client->endpoint;
    if (is_added) {
        return quic_endpoint_add_id(endpoint, client, &client->connection->account, id);
    }
    quic_endpoint_remove_id(endpoint, client, &client->connection->account, id);
    return RESULT_OK;
}

static const struct quic_connection_events CORE_EVENTS = {
    .on_pending = on_pending,
    .on_ready = on_ready,
    .on_complete = on_complete,
    .on_closed = on_closed,
    .on_id = on_id,
};

/* ---- time and sending ---- */

static void update_timer(struct quic_client *client)
{
    uint64_t deadline_us = quic_connection_deadline(client->core);
    uint64_t now_us = now_of(client);
    if (deadline_us == QUIC_NONE) {
        event_timer_set(&client->timer, TIME_NEVER);
        return;
    }
    uint64_t wait_us = deadline_us > now_us ? deadline_us - now_us : 0;
    event_timer_set(&client->timer, (wait_us + US_PER_MS - 1) / US_PER_MS);
}

static enum result send_once(struct quic_client *client, bool *has_sent)
{
    struct quic_endpoint *endpoint = client->endpoint;
    struct quic_transmit transmit;
    size_t room = client->context->settings->no_gso ? QUIC_DATAGRAM_BYTES_MAX : QUIC_SEND_BYTES;
    quic_connection_send(client->core, endpoint->send_buffer, room, &transmit, now_of(client));
    *has_sent = transmit.bytes > 0;
    if (!*has_sent) {
        return RESULT_OK;
    }
    client->connection->bytes_out += transmit.bytes;
    enum result result = quic_endpoint_send(endpoint, &client->sender, client->socket, &transmit);
    if (result == RESULT_FULL) {
        quic_connection_on_too_large(client->core, transmit.segment_bytes);
    }
    return result == RESULT_BLOCKED ? result : RESULT_OK; /* what the network refuses is lost */
}

static enum result on_flush(struct quic_sender *sender)
{
    struct quic_client *client = container_of(sender, struct quic_client, sender);
    bool has_sent = true;
    unsigned sends = 0;
    while (has_sent && sends < SENDS_A_TURN) {
        if (send_once(client, &has_sent) != RESULT_OK) {
            return RESULT_BLOCKED;
        }
        sends++;
    }
    if (quic_connection_state(client->core) == QUIC_STATE_OVER && client->is_closed) {
        quic_client_destroy(client);
        return RESULT_OK;
    }
    update_timer(client);
    return has_sent ? RESULT_FULL : RESULT_OK;
}

static void on_timer(struct event_timer *timer)
{
    struct quic_client *client = container_of(timer, struct quic_client, timer);
    quic_connection_on_timeout(client->core, now_of(client));
    quic_endpoint_schedule(client->endpoint, &client->sender);
}

/* ---- life ---- */

static void close_client(struct quic_client *client, bool is_reset);

static const struct connection_quic_ops CONNECTION_OPS = {.close = close_client};

struct pool *quic_client_pool_create(struct memory *memory)
{
    return pool_create(memory, "quic_client", sizeof(struct quic_client), POOL_SHARED);
}

static void init(struct quic_client *client, struct connection *connection)
{
    struct quic_endpoint *endpoint = client->endpoint;
    list_init(&client->link);
    list_init(&client->sender.link);
    client->sender.on_flush = on_flush;
    client->connection = connection;
    event_timer_init(&client->timer, endpoint->transport->loop, on_timer);
}

/* Everything is there: the endpoint knows it. */
static void enter(struct quic_client *client)
{
    struct quic_endpoint *endpoint = client->endpoint;
    client->connection->quic = client->core;
    client->connection->quic_client = client;
    client->connection->quic_ops = &CONNECTION_OPS;
    client->id = ++endpoint->connections_total;
    list_append(&endpoint->clients, &client->link);
    client->is_half_open = true;
    endpoint->half_open++;
    endpoint->transport->handshakes_open++;
}

enum result quic_client_open(struct quic_endpoint *endpoint, const struct quic_context *context,
                             struct udp_socket *socket, const struct quic_opening *opening,
                             struct quic_client **out)
{
    struct connection *connection =
        connection_take_quic(endpoint->transport, &opening->addresses.local,
                             &opening->addresses.peer, context->settings->memory_max);
    if (connection == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct quic_client *client = pool_take_zeroed(endpoint->pools->clients, &connection->account);
    if (client == NULL) {
        connection_untake(connection);
        return RESULT_NO_MEMORY;
    }
    client->endpoint = endpoint;
    client->context = context;
    client->socket = socket;
    init(client, connection);
    enum result result = quic_connection_open(context, &connection->account, opening, &CORE_EVENTS,
                                              client, now_of(client), &client->core);
    if (result != RESULT_OK) {
        pool_release(endpoint->pools->clients, &connection->account, client);
        connection_untake(connection);
        return RESULT_NO_MEMORY;
    }
    enter(client);
    *out = client;
    return RESULT_OK;
}

void quic_client_receive(struct quic_client *client, const struct quic_datagram *datagram)
{
    client->connection->bytes_in += datagram->length;
    client->connection->has_received = true;
    quic_connection_receive(client->core, datagram, now_of(client));
}

/* The struct connection is closed by its owner. */
static void close_client(struct quic_client *client, bool is_reset)
{
    if (client->is_closed) {
        return;
    }
    client->is_closed = true;
    if (client->connection->write_ended) { /* silent-drop */
        quic_connection_abandon(client->core, now_of(client));
    } else {
        quic_connection_close(client->core, true, is_reset ? H3_INTERNAL_ERROR : H3_NO_ERROR,
                              SLICE_NONE, now_of(client));
    }
    quic_endpoint_schedule(client->endpoint, &client->sender);
}

void quic_client_destroy(struct quic_client *client)
{
    struct quic_endpoint *endpoint = client->endpoint;
    struct connection *connection = client->connection;
    leave_half_open(client);
    quic_endpoint_forget(endpoint, &client->sender);
    list_remove(&client->link);
    event_timer_stop(&client->timer);
    quic_connection_destroy(client->core);
    connection->quic = NULL;
    connection->quic_client = NULL;
    pool_release(endpoint->pools->clients, &connection->account, client);
}
