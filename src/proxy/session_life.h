/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's life: admitted by a listener, its rules and handshake, the mux that opens streams,
 * the end.
 */
#ifndef WEIR_PROXY_SESSION_LIFE_H
#define WEIR_PROXY_SESSION_LIFE_H

#include "base/address.h"
#include "base/result.h"
#include "mux/mux.h"
#include "proxy/session.h"
#include "transport/listener.h"
#include "transport/quic_listener.h"

/* For listener.on_accept: admits or refuses a new connection. */
enum result session_accept(struct listener *listener, int fd, const struct address *peer);

/* For quic_listener.on_accept. */
enum result session_accept_quic(struct quic_listener *listener, struct connection *connection);

/* Ends a session: its streams are aborted, its connection closed. */
void session_shutdown(struct session *session, enum mux_abort reason);

#endif
