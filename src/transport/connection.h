/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream connection (TCP or Unix, plain or TLS), accepted from a client or dialled to a server:
 * reads into and writes from chunk queues, tells its owner when it is ready, and has an account
 * that everything it needs is charged to.
 *
 *   DIALLING -> HANDSHAKE (TLS only) -> OPEN -> CLOSED      its two directions end one by one
 *
 * What bounds it: one pool object (280 bytes); chunks only while bytes are in them; TLS as tls.h
 * says.
 */
#ifndef WEIR_TRANSPORT_CONNECTION_H
#define WEIR_TRANSPORT_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "base/result.h"
#include "base/slice.h"
#include "event/loop.h"
#include "memory/chunk.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "memory/pressure.h"
#include "tls/tls.h"

enum connection_state {
    CONNECTION_DIALLING,
    CONNECTION_HANDSHAKE,
    CONNECTION_OPEN,
    CONNECTION_CLOSED
};

/* Why a connection failed or ended, for termination states and log lines. */
enum connection_error {
    CONNECTION_ERROR_NONE,
    CONNECTION_ERROR_REFUSED,   /* connect() failed; system_error tells */
    CONNECTION_ERROR_HANDSHAKE, /* TLS */
    CONNECTION_ERROR_RESET,     /* ECONNRESET, EPIPE and the like */
    CONNECTION_ERROR_PROXY_HEADER,
};

struct connection;
struct quic_client;
struct quic_connection;

/* What QUIC does for a connection of its own. */
struct connection_quic_ops {
    void (*close)(struct quic_client *client, bool is_reset);
};

/* Calls into the owner (a mux, or whoever dialled). Every callback may close the connection. */
struct connection_events {
    /* Connected and TLS done: bytes may flow. Never called for accepted plain ones. */
    void (*on_open)(void *owner);
    /* Only when wanted. */
    void (*on_readable)(void *owner);
    void (*on_writable)(void *owner);
    /* Failed before it was open; close it. Later failures are results of reads and writes, but a
     * QUIC connection tells of its end here, too, whenever it comes. */
    void (*on_error)(void *owner, enum connection_error error);
};

struct connection {
    struct transport *transport;
    struct event_io io;
    const struct connection_events *events;
    void *owner;
    struct tls_session *tls;      /* NULL: plain */
    struct quic_connection *quic; /* NULL: TCP. Read and write go by its streams, not by this */
    struct quic_client *quic_client;
    const struct connection_quic_ops *quic_ops;
    struct account account;         /* pays for everything of this connection, itself included */
    struct event_deferred released; /* after connection_close; its link is then in `lingering` */
    struct address peer;            /* the other end */
    struct address local;           /* our end; see connection_find_local */
    uint64_t accepted_ms;           /* event_now_ms at accept or dial */
    uint64_t bytes_in, bytes_out;   /* payload */
    int fd;
    int system_error; /* errno of the failure */
    enum connection_state state;
    enum connection_error error;
    uint32_t handshake_ms; /* what the TLS handshake took */
    uint8_t wanted;        /* enum event_interest, as the owner set it */
    uint8_t reads_for;     /* enum wait_class: what reading takes memory for; the owner sets it */
    bool is_client_side;   /* accepted */
    bool is_quic;
    bool is_in_handshake; /* counted in transport.handshakes_open */
    bool has_received;    /* TLS: anything at all came, be it no handshake */
    bool read_ended;      /* the peer shut down its sending side */
    bool write_ended;     /* we shut down ours */
};

/* Someone who waits until fewer TLS handshakes are under way (embedded). */
struct handshake_waiter {
    struct list link;
    void (*on_room)(struct handshake_waiter *waiter);
};

/* A worker's transport: loop, chunks, pools, counters. One a worker; created by process. */
struct transport {
    struct event_loop *loop;
    struct ledger *ledger;
    struct chunk_source *chunks;
    struct pool *connections; /* struct connection */
    size_t read_bytes_max;    /* most bytes of one read, so that other sockets get their turn */
    uint64_t connections_open;
    uint32_t accepts_max;    /* connections a listener accepts in one turn (tune.maxaccept) */
    uint32_t handshakes_max; /* with clients at a time; beyond it listeners wait */
    uint32_t handshakes_open;
    struct list handshake_waiters; /* struct handshake_waiter */
    struct list lingering;         /* closed connections whose bytes are still in some queue */
    struct event_timer linger;     /* looks after them */
};

/* What a listener needs to know to set up accepted sockets, and what dialling needs. */
struct connection_options {
    struct tls_context *tls;    /* NULL: plain */
    struct slice sni;           /* dialling with TLS */
    struct address source;      /* dialling: bind to it unless AF_UNSPEC */
    struct address destination; /* dialling */
    uint32_t mss;
    uint32_t user_timeout_ms; /* tcp-ut */
    bool no_delay;            /* TCP_NODELAY (default true) */
    bool keep_alive;          /* SO_KEEPALIVE: option clitcpka / srvtcpka */
    bool is_operator;         /* charged to the operator's reserve: runtime API, health checks */
};

/* Creates the pool of connections of a process. NULL when the system has no memory. */
struct pool *connection_pool_create(struct memory *memory);

/* Prepares a worker's transport with default limits; loop, chunks and pool are borrowed. */
void transport_init(struct transport *transport, struct event_loop *loop,
                    struct chunk_source *chunks, struct pool *connections);

/* Ends a transport of which every connection is closed and every queue is clear. */
void transport_deinit(struct transport *transport);

/* Whether another TLS handshake with a client may begin. */
bool transport_has_handshake_room(const struct transport *transport);

/* Waits for room; the waiter is called once, and must not be waiting. */
void transport_wait_handshake(struct transport *transport, struct handshake_waiter *waiter);

/*
 * Wraps an accepted descriptor, which does not block and has the listener's options (TCP_NODELAY).
 * With TLS the handshake starts at once and on_open follows. RESULT_NO_MEMORY: the descriptor is
 * still the caller's. The account's kind is ACCOUNT_CLIENT.
 */
MUST_USE enum result connection_accept(struct transport *transport, int fd,
                                       const struct address *peer,
                                       const struct connection_options *options,
                                       const struct connection_events *events, void *owner,
                                       struct connection **out);

/* Starts to connect; on_open or on_error follows, never from inside this call. RESULT_NO_MEMORY,
 * RESULT_FAILED (no descriptor, bind failed: errno). */
MUST_USE enum result connection_dial(struct transport *transport,
                                     const struct connection_options *options,
                                     const struct connection_events *events, void *owner,
                                     struct connection **out);

/* Hands the connection to another owner (an idle server connection taken up again). */
void connection_set_owner(struct connection *connection, const struct connection_events *events,
                          void *owner);

/* Sets what the owner wants to be told of: EVENT_READ, EVENT_WRITE, both or 0. */
void connection_want(struct connection *connection, unsigned interest);

/*
 * Reads at most `bytes_max` into chunks of `kind` at the end of `queue`, charged to the
 * connection's account. RESULT_OK: at least one byte came. RESULT_BLOCKED, RESULT_END (the peer
 * ended; read_ended is set), RESULT_NO_MEMORY (nothing was read), RESULT_FAILED (reset, TLS error).
 */
MUST_USE enum result connection_read(struct connection *connection, struct chunk_queue *queue,
                                     enum chunk_kind kind, size_t bytes_max);

/*
 * Writes as much of `queue` as the socket takes and drops it from the queue. RESULT_OK: all
 * written. RESULT_BLOCKED: want EVENT_WRITE and call again with what is left in front, since with
 * TLS that is sealed already. RESULT_FAILED.
 */
MUST_USE enum result connection_write(struct connection *connection, struct chunk_queue *queue);

/* Whether bytes of the peer wait to be read: closing now would send a reset. */
bool connection_has_unread(const struct connection *connection);

/* Ends our sending side (close_notify, shutdown(SHUT_WR)) once everything given to connection_write
 * is out. */
void connection_finish(struct connection *connection);

/* Closes and releases. Safe in its own callbacks: memory goes after the turn. `reset` sends RST
 * (SO_LINGER 0). */
void connection_close(struct connection *connection, bool reset);

/*
 * Makes the close that must follow one that the peer is not told of (http-request silent-drop): see
 * socket_make_silent. Nothing more is sent, no close_notify either.
 */
void connection_make_silent(struct connection *connection, uint8_t rst_ttl);

/* Refreshes `local` from the kernel when not yet known. */
void connection_find_local(struct connection *connection);

#endif
