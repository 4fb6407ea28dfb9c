/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw TCP mux: one stream a connection, bytes only. Heads are not asked for; the stream exists
 * from the start (client side: on_stream at once).
 */
#ifndef WEIR_MUX_TCP_H
#define WEIR_MUX_TCP_H

#include "base/result.h"
#include "mux/mux.h"
#include "transport/splice.h"

extern const struct mux_ops MUX_TCP;

/* A pool for raw muxes of one process. NULL when the system has no memory. */
struct pool *mux_tcp_pool_create(struct memory *memory);

/* Puts a mux on an open connection. RESULT_NO_MEMORY: the connection is still the caller's. */
MUST_USE enum result mux_tcp_create(struct pool *pool, struct connection *connection,
                                    const struct mux_options *options,
                                    const struct mux_events *events, void *owner, struct mux **out);

/*
 * Moves what `from` has to `to` inside the kernel, both of raw muxes: `*count` bytes
 * reached the socket. RESULT_FULL: not by this way now (bytes are in a queue, TLS, another
 * mux, no pipe): relay them by chunks. RESULT_BLOCKED: waits for either side, an event follows.
 * RESULT_END: `from` has ended and all of it is with `to`. RESULT_FAILED: `from` failed.
 * RESULT_INVALID: `to` did. Between calls the pipe is open only while it holds bytes.
 */
MUST_USE enum result mux_tcp_splice(struct splice_pool *pool, struct splice *pipe,
                                    struct mux_stream *from, struct mux_stream *to, size_t *count);

#endif
