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
#include "transport/quic_listener.h"

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
    quic_endpoint_schedule(client->listener->endpoint, client);
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
        client->listener->endpoint->half_open--;
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
    struct quic_endpoint *endpoint = client->listener->endpoint;
    if (is_added) {
        return quic_endpoint_add_id(endpoint, client, id);
    }
    quic_endpoint_remove_id(endpoint, client, id);
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
    struct quic_endpoint *endpoint = client->listener->endpoint;
    struct quic_transmit *transmit = &endpoint->blocked_transmit;
    size_t room = client->listener->settings->no_gso ? QUIC_DATAGRAM_BYTES_MAX : QUIC_SEND_BYTES;
    quic_connection_send(client->core, endpoint->send_buffer, room, transmit, now_of(client));
    *has_sent = transmit->bytes > 0;
    if (!*has_sent) {
        return RESULT_OK;
    }
    const struct udp_transmit datagrams = {
        .local = transmit->addresses.local,
        .peer = transmit->addresses.peer,
        .ecn = transmit->ecn,
        .bytes = endpoint->send_buffer,
        .length = transmit->bytes,
        .segment_bytes = transmit->segment_bytes,
    };
    client->connection->bytes_out += transmit->bytes;
    enum result result = udp_socket_send(&client->listener->socket, &datagrams);
    if (result == RESULT_BLOCKED) {
        endpoint->blocked = client;
        udp_socket_want_write(&client->listener->socket);
        return RESULT_BLOCKED;
    }
    if (result == RESULT_FULL) {
        quic_connection_on_too_large(client->core, transmit->segment_bytes);
    }
    return RESULT_OK; /* what the network refuses is lost */
}

enum result quic_client_flush(struct quic_client *client)
{
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
    quic_endpoint_schedule(client->listener->endpoint, client);
}

/* ---- life ---- */

static enum result open_core(struct quic_client *client, const struct quic_opening *opening)
{
    return quic_connection_open(&client->listener->context, &client->connection->account, opening,
                                &CORE_EVENTS, client, now_of(client), &client->core);
}

enum result quic_client_open(struct quic_listener *listener, const struct quic_opening *opening,
                             struct quic_client **out)
{
    struct quic_endpoint *endpoint = listener->endpoint;
    struct connection *connection =
        connection_take_quic(endpoint->transport, &opening->addresses.local,
                             &opening->addresses.peer, listener->settings->memory_max);
    if (connection == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct quic_client *client = pool_take_zeroed(endpoint->pools->clients, &connection->account);
    if (client == NULL) {
        connection_untake(connection);
        return RESULT_NO_MEMORY;
    }
    client->listener = listener;
    client->connection = connection;
    list_init(&client->link);
    list_init(&client->send_link);
    event_timer_init(&client->timer, endpoint->transport->loop, on_timer);
    if (open_core(client, opening) != RESULT_OK) {
        pool_release(endpoint->pools->clients, &connection->account, client);
        connection_untake(connection);
        return RESULT_NO_MEMORY;
    }
    connection->quic = client->core;
    connection->quic_client = client;
    client->id = ++endpoint->connections_total;
    list_append(&endpoint->clients, &client->link);
    client->is_half_open = true;
    endpoint->half_open++;
    endpoint->transport->handshakes_open++;
    *out = client;
    return RESULT_OK;
}

void quic_client_receive(struct quic_client *client, const struct quic_datagram *datagram)
{
    client->connection->bytes_in += datagram->length;
    client->connection->has_received = true;
    quic_connection_receive(client->core, datagram, now_of(client));
}

void quic_client_close(struct quic_client *client, bool is_reset)
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
    quic_endpoint_schedule(client->listener->endpoint, client);
}

void quic_client_destroy(struct quic_client *client)
{
    struct quic_endpoint *endpoint = client->listener->endpoint;
    struct connection *connection = client->connection;
    leave_half_open(client);
    quic_endpoint_forget(endpoint, client);
    list_remove(&client->link);
    event_timer_stop(&client->timer);
    quic_connection_destroy(client->core);
    connection->quic = NULL;
    connection->quic_client = NULL;
    pool_release(endpoint->pools->clients, &connection->account, client);
}
