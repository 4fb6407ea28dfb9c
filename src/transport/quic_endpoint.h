/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's QUIC: the table that finds a connection by its id, the connections that have something
 * to send, the one send buffer, and the secrets and pools that all of its listeners share.
 *
 * What bounds it: the table's buckets (a fixed share a worker), an entry an id (charged to its
 * connection), one send buffer of QUIC_SEND_BYTES.
 */
#ifndef WEIR_TRANSPORT_QUIC_ENDPOINT_H
#define WEIR_TRANSPORT_QUIC_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash_table.h"
#include "base/list.h"
#include "base/result.h"
#include "event/loop.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "quic/connection.h"
#include "quic/token.h"
#include "transport/connection.h"
#include "transport/udp_socket.h"

enum {
    QUIC_SEND_BYTES = 64 * 1024, /* one GSO send */
    QUIC_ID_BUCKETS = 4096,      /* 32 KiB */
};

struct quic_client;

/* Pools of a process, for all workers. */
struct quic_endpoint_pools {
    struct quic_pools core;
    struct pool *clients; /* struct quic_client */
    struct pool *ids;
};

/* Someone who sends: embedded in a client. */
struct quic_sender {
    struct list link; /* quic_endpoint.sending */
    /* Sends what there is. RESULT_OK: no more for now; RESULT_FULL: more, but others have their
     * turn first; RESULT_BLOCKED: what was built waits in the endpoint's buffer for its socket. */
    enum result (*on_flush)(struct quic_sender *sender);
};

struct quic_endpoint {
    struct transport *transport;
    const struct quic_endpoint_pools *pools;
    const struct quic_secrets *secrets;
    struct account *account; /* the worker's */
    struct hash_table ids;
    struct hash_link **buckets;
    uint64_t seed; /* of the table: ids that clients choose are hashed, too */
    uint8_t *send_buffer;
    struct udp_area *area; /* receiving */
    struct list sending;   /* struct quic_sender, in turn */
    struct list clients;   /* struct quic_client: all, for `show quic` */
    struct event_deferred flush;
    struct quic_sender *blocked; /* its datagrams wait in send_buffer */
    struct udp_socket *blocked_socket;
    struct udp_transmit blocked_transmit;
    uint8_t worker, generation;
    uint32_t half_open; /* handshakes under way */
    uint64_t connections_total;
    uint64_t retries_sent, refused, dropped_unknown, resets_sent, versions_negotiated,
        tokens_invalid;
};

/* Creates the pools of a process. RESULT_NO_MEMORY. */
MUST_USE enum result quic_endpoint_pools_create(struct quic_endpoint_pools *pools,
                                                struct memory *memory);

/* Creates a worker's endpoint, charged to `account`. RESULT_NO_MEMORY. */
MUST_USE enum result quic_endpoint_create(struct transport *transport,
                                          const struct quic_endpoint_pools *pools,
                                          const struct quic_secrets *secrets,
                                          struct account *account, uint8_t worker,
                                          uint8_t generation, struct quic_endpoint **out);

/* Destroys an endpoint that has no clients any more. NULL is allowed. */
void quic_endpoint_destroy(struct quic_endpoint *endpoint);

/* The connection that an id belongs to, or NULL. */
struct quic_client *quic_endpoint_find(const struct quic_endpoint *endpoint,
                                       const struct quic_cid *id);

/* Enters an id of `client`, charged to `account`. RESULT_FULL: it is another's. RESULT_NO_MEMORY.
 */
MUST_USE enum result quic_endpoint_add_id(struct quic_endpoint *endpoint,
                                          struct quic_client *client, struct account *account,
                                          const struct quic_cid *id);

/* Takes an id out; harmless when it is not there. */
void quic_endpoint_remove_id(struct quic_endpoint *endpoint, struct quic_client *client,
                             struct account *account, const struct quic_cid *id);

/* The sender has something to send: it is asked at the end of this turn. */
void quic_endpoint_schedule(struct quic_endpoint *endpoint, struct quic_sender *sender);

/* The sender goes: nothing of it is sent any more. */
void quic_endpoint_forget(struct quic_endpoint *endpoint, struct quic_sender *sender);

/* Sends datagrams that lie in send_buffer. Results of udp_socket_send; after RESULT_BLOCKED nobody
 * sends until the socket takes them. */
MUST_USE enum result quic_endpoint_send(struct quic_endpoint *endpoint, struct quic_sender *sender,
                                        struct udp_socket *socket,
                                        const struct quic_transmit *transmit);

/* A socket that was blocked takes datagrams again. */
void quic_endpoint_on_writable(struct quic_endpoint *endpoint);

#endif
