/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: one a client connection, from accept to close: admission, connection and session rules,
 * the mux, and the streams it opens.
 */
#ifndef WEIR_PROXY_SESSION_H
#define WEIR_PROXY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/address.h"
#include "base/list.h"
#include "event/loop.h"
#include "memory/pressure.h"
#include "mux/mux.h"
#include "proxy/proxy.h"
#include "rules/variable.h"

struct session {
    struct list link; /* worker.sessions */
    struct worker *worker;
    struct proxy *proxy; /* frontend */
    struct bind *bind;
    struct connection *connection;
    struct mux *mux;       /* NULL during the handshake */
    struct address source; /* as changed by set-src */
    struct address destination;
    struct variable_set variables;
    uint64_t id; /* unique in the process, never 0 */
    uint64_t accept_us;
    uint64_t accept_wall_us;
    uint64_t handshake_us;       /* 0: none or not finished */
    struct event_timer timer;    /* of the handshake; then of a stream that waits for memory */
    struct memory_waiter waiter; /* for the memory of a stream */
    struct mux_stream *offered;  /* that stream, NULL: none */
    uint64_t last_end_us;        /* end of the last stream */
    uint32_t requests;           /* begun */
    uint32_t streams;            /* attached now */
};

#endif
