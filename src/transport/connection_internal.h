/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files that make up a connection share: taking and failing one, its handshake, its
 * watcher.
 */
#ifndef WEIR_TRANSPORT_CONNECTION_INTERNAL_H
#define WEIR_TRANSPORT_CONNECTION_INTERNAL_H

#include "transport/connection.h"

/* Takes a zeroed connection over `fd` with an account of `kind`; not yet watched. NULL when
 * refused. */
struct connection *connection_take(struct transport *transport, int fd, enum account_kind kind);

/* Takes a zeroed client connection of QUIC between two addresses; `account_max` caps what it may
 * hold. NULL when refused. */
struct connection *connection_take_quic(struct transport *transport, const struct address *local,
                                        const struct address *peer, size_t account_max);

/* Streams of a QUIC connection can be used: it is open. */
void connection_on_quic_open(struct connection *connection);

/* Gives a connection back that nothing has happened on; the descriptor stays the caller's. */
void connection_untake(struct connection *connection);

/* Opens the TLS session that `options` ask for, if any. RESULT_NO_MEMORY when its reserve is
 * refused. */
MUST_USE enum result connection_open_tls(struct connection *connection,
                                         const struct connection_options *options);

/* Goes on after the socket is connected: handshake or open. */
void connection_on_connected(struct connection *connection);

/* Ends a connection that failed before it was open and tells the owner. */
void connection_fail(struct connection *connection, enum connection_error error, int system_error);

/* Notes a failed read or write; the owner learns it from the call's result. */
void connection_set_error(struct connection *connection, enum connection_error error,
                          int system_error);

/* Learns how the dialled socket's connect() ended. */
void connection_continue_dial(struct connection *connection);

/* Sets the watcher to what state, owner and TLS need. */
void connection_update_watch(struct connection *connection);

/* Whether a read would find something that the socket does not tell of. */
bool connection_has_pending_input(const struct connection *connection);

/* One TLS handshake with a client less: lets listeners go on. */
void transport_leave_handshake(struct transport *transport);

/* Keeps a closed connection until its last bytes leave the queues they are in. */
void transport_linger(struct transport *transport, struct connection *connection);

/* Gives back a closed connection; false while bytes are charged to it. */
bool connection_release(struct connection *connection);

#endif
