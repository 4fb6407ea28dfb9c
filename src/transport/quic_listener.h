/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bind line's QUIC: one UDP socket a worker, what becomes of datagrams, and which new connections
 * are admitted (DESIGN 3.3): version negotiation, Retry, tokens, refusals and stateless resets, all
 * without state.
 */
#ifndef WEIR_TRANSPORT_QUIC_LISTENER_H
#define WEIR_TRANSPORT_QUIC_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"
#include "base/text.h"
#include "quic/connection.h"
#include "quic/settings.h"
#include "transport/listen_socket.h"
#include "transport/quic_endpoint.h"
#include "transport/udp_socket.h"

struct quic_listener {
    struct quic_endpoint *endpoint;
    struct udp_socket socket;
    struct quic_context context;
    struct account *account;
    const struct quic_settings *settings;
    bool is_open;
    bool is_paused; /* new connections are not taken: their packets are dropped, as if lost */
    size_t admission_bytes; /* what a new connection may need at once */
    /* A client's connection was made: its owner is to be set. RESULT_OK, or another: it was closed.
     */
    enum result (*on_accept)(struct quic_listener *listener, struct connection *connection);
    void *owner;
};

/* Opens and binds the socket; nothing is read yet. On RESULT_FAILED `error` says why. `tls` and
 * `settings` are borrowed. */
MUST_USE enum result quic_listener_open(struct quic_listener *listener,
                                        struct quic_endpoint *endpoint,
                                        const struct listener_options *options,
                                        struct tls_context *tls,
                                        const struct quic_settings *settings, struct text *error);

/* Starts to read. */
void quic_listener_start(struct quic_listener *listener);

/* Stops and starts taking new connections; those that are there go on. */
void quic_listener_pause(struct quic_listener *listener);
void quic_listener_resume(struct quic_listener *listener);

/* Closes the socket once no connection uses it any more; new ones are not taken from now on. */
void quic_listener_close(struct quic_listener *listener);

/* Closes the socket at once. */
void quic_listener_destroy(struct quic_listener *listener);

#endif
