/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's transport: limits, the gate for TLS handshakes, and closed connections that still pay
 * for bytes.
 *
 * Hard idea: a chunk is charged to the connection that read it until its last reference goes, and
 * that may be long after the connection closed (a slow client is still being sent what a server
 * said). The object then lingers in a list, without descriptor, and is looked at every 50 ms. Its
 * bytes bound the list: each member pays for a chunk.
 *
 * Handshakes under way with clients are counted; at the limit listeners wait in a list and the
 * backlog with them.
 */
#include "base/assert.h"
#include "base/number.h"
#include "transport/connection_internal.h"

enum {
    LINGER_CHECK_MS = 50,
    ACCEPTS_MAX = 64,
    HANDSHAKES_MAX = 256,           /* 10 MiB of TLS_HANDSHAKE_BYTES */
    READ_BYTES_MAX = 4 * 16 * 1024, /* four normal chunks */
};

static void on_linger(struct event_timer *timer);

void transport_init(struct transport *transport, struct event_loop *loop,
                    struct chunk_source *chunks, struct pool *connections)
{
    *transport = (struct transport){
        .loop = loop,
        .ledger = event_loop_ledger(loop),
        .chunks = chunks,
        .connections = connections,
        .read_bytes_max = READ_BYTES_MAX,
        .accepts_max = ACCEPTS_MAX,
        .handshakes_max = HANDSHAKES_MAX,
    };
    list_init(&transport->handshake_waiters);
    list_init(&transport->lingering);
    event_timer_init(&transport->linger, loop, on_linger);
}

static void release_drained(struct transport *transport)
{
    LIST_EACH_SAFE(link, &transport->lingering) {
        struct event_deferred *released = container_of(link, struct event_deferred, link);
        struct connection *connection = container_of(released, struct connection, released);
        (void)connection_release(connection);
    }
}

void transport_deinit(struct transport *transport)
{
    release_drained(transport);
    ASSERT(list_is_empty(&transport->lingering));
    ASSERT(list_is_empty(&transport->handshake_waiters));
    ASSERT(transport->connections_open == 0);
    event_timer_stop(&transport->linger);
}

bool transport_has_handshake_room(const struct transport *transport)
{
    return transport->handshakes_open < transport->handshakes_max;
}

void transport_wait_handshake(struct transport *transport, struct handshake_waiter *waiter)
{
    list_append(&transport->handshake_waiters, &waiter->link);
}

void transport_leave_handshake(struct transport *transport)
{
    ASSERT(transport->handshakes_open > 0);
    transport->handshakes_open--;
    struct list waiting;
    list_init(&waiting);
    struct list *link;
    while ((link = list_take_first(&transport->handshake_waiters)) != NULL) {
        list_append(&waiting, link);
    }
    while ((link = list_take_first(&waiting)) != NULL) {
        struct handshake_waiter *waiter = container_of(link, struct handshake_waiter, link);
        waiter->on_room(waiter);
    }
}

void transport_linger(struct transport *transport, struct connection *connection)
{
    if (list_is_empty(&transport->lingering)) {
        event_timer_set(&transport->linger, LINGER_CHECK_MS);
    }
    list_append(&transport->lingering, &connection->released.link);
}

static void on_linger(struct event_timer *timer)
{
    struct transport *transport = container_of(timer, struct transport, linger);
    release_drained(transport);
    if (!list_is_empty(&transport->lingering)) {
        event_timer_set(&transport->linger, LINGER_CHECK_MS);
    }
}
