/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's QUIC as the proxy layer holds it: made when the first bind line needs it, so that
 * those who have none pay nothing.
 */
#ifndef WEIR_PROXY_QUIC_H
#define WEIR_PROXY_QUIC_H

#include "base/result.h"
#include "base/text.h"
#include "mux/h3.h"
#include "proxy/proxy.h"
#include "proxy/worker.h"
#include "quic/token.h"
#include "transport/quic_endpoint.h"

struct worker_quic {
    struct quic_endpoint_pools pools;
    struct mux_h3_pools muxes;
    struct quic_secrets secrets;
    struct quic_endpoint *endpoint;
};

/* Gives a bind line its QUIC listener, and its worker QUIC where it has none yet. RESULT_NO_MEMORY.
 */
MUST_USE enum result quic_bind_create(struct bind *bind, struct text *error);

/* Takes it away; harmless where there is none. */
void quic_bind_destroy(struct bind *bind);

/* Ends the worker's QUIC; harmless where there is none. */
void worker_quic_destroy(struct worker *worker);

#endif
