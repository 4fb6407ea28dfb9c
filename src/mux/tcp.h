/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw TCP mux: one stream a connection, bytes only. Heads are not asked for; the stream exists
 * from the start (client side: on_stream at once).
 */
#ifndef WEIR_MUX_TCP_H
#define WEIR_MUX_TCP_H

#include "base/result.h"
#include "mux/mux.h"

extern const struct mux_ops MUX_TCP;

/* A pool for raw muxes of one process. NULL when the system has no memory. */
struct pool *mux_tcp_pool_create(struct memory *memory);

/* Puts a mux on an open connection. RESULT_NO_MEMORY: the connection is still the caller's. */
MUST_USE enum result mux_tcp_create(struct pool *pool, struct connection *connection,
                                    const struct mux_options *options,
                                    const struct mux_events *events, void *owner, struct mux **out);

#endif
