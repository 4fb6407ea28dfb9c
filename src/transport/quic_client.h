/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client's QUIC connection as transport holds it: it binds a struct connection, which the
 * layers above know, to the core, a timer and the endpoint's lists.
 *
 *   struct connection  <->  struct quic_client  <->  struct quic_connection (the core)
 *
 * The struct connection may be closed by its owner at any time; core and client stay until the
 * close was told and late packets have died out, charged to the same account (it lingers for them).
 */
#ifndef WEIR_TRANSPORT_QUIC_CLIENT_H
#define WEIR_TRANSPORT_QUIC_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "event/loop.h"
#include "quic/connection.h"
#include "transport/connection.h"
#include "transport/quic_endpoint.h"
#include "transport/udp_socket.h"

struct quic_client {
    struct list link; /* quic_endpoint.clients */
    struct quic_sender sender;
    struct quic_endpoint *endpoint;
    const struct quic_context *context; /* of its bind line */
    struct udp_socket *socket;
    struct connection *connection;
    struct quic_connection *core;
    struct event_timer timer;
    uint64_t id;       /* of `show quic`, `shutdown quic` */
    bool is_half_open; /* counted in quic_endpoint.half_open */
    bool is_open_told;
    bool is_closed; /* by the owner of the connection */
};

/* The pool of a process; NULL when the system has no memory. */
struct pool *quic_client_pool_create(struct memory *memory);

/* Opens a connection for a first Initial packet. RESULT_NO_MEMORY: refused, nothing is left behind.
 */
MUST_USE enum result quic_client_open(struct quic_endpoint *endpoint,
                                      const struct quic_context *context, struct udp_socket *socket,
                                      const struct quic_opening *opening, struct quic_client **out);

/* Gives the core a datagram. */
void quic_client_receive(struct quic_client *client, const struct quic_datagram *datagram);

/* Releases everything at once, without a word to the peer. */
void quic_client_destroy(struct quic_client *client);

#endif
