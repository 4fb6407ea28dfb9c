/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/3 mux (RFC 9114), client side: requests of a QUIC connection as streams.
 *
 * Memory: one object a connection, one a request; heads at most head_bytes_max and whole before
 * they are read; bodies stay in QUIC's streams until they are pulled.
 */
#ifndef WEIR_MUX_H3_H
#define WEIR_MUX_H3_H

#include "base/result.h"
#include "mux/mux.h"

extern const struct mux_ops MUX_H3;

struct mux_h3_pools {
    struct pool *connections, *streams;
};

/* Creates the pools of a process. RESULT_NO_MEMORY. */
MUST_USE enum result mux_h3_pools_create(struct mux_h3_pools *pools, struct memory *memory);

/* Puts a mux on an open QUIC connection. RESULT_NO_MEMORY: the connection is still the caller's. */
MUST_USE enum result mux_h3_create(const struct mux_h3_pools *pools, struct connection *connection,
                                   const struct mux_options *options,
                                   const struct mux_events *events, void *owner, struct mux **out);

#endif
