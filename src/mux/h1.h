/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 mux: one stream at a time over one connection, on both sides, with keep-alive,
 * pipelining, chunked framing, 100-continue, upgrades and tunnels. It owns the connection from
 * creation on.
 *
 * Memory: pool object of about 250 bytes; input and output queues hold chunks only while bytes are
 * in them; head at most head_bytes_max, body at most window_bytes each way.
 */
#ifndef WEIR_MUX_H1_H
#define WEIR_MUX_H1_H

#include "base/result.h"
#include "mux/mux.h"

extern const struct mux_ops MUX_H1;

/* A pool for h1 muxes of one process. NULL when the system has no memory. */
struct pool *mux_h1_pool_create(struct memory *memory);

/* Puts a mux on an open connection. RESULT_NO_MEMORY: the connection is still the caller's. */
MUST_USE enum result mux_h1_create(struct pool *pool, struct connection *connection,
                                   const struct mux_options *options,
                                   const struct mux_events *events, void *owner, struct mux **out);

#endif
