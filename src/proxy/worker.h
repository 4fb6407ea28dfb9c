/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one loop with its memory, transport, pools and everything that runs on it. Created by
 * `process`, passed to all of proxy and admin.
 */
#ifndef WEIR_PROXY_WORKER_H
#define WEIR_PROXY_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/counters.h"
#include "base/list.h"
#include "base/text.h"
#include "event/log_sink.h"
#include "event/loop.h"
#include "memory/arena.h"
#include "memory/chunk.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "memory/pressure.h"
#include "proxy/service.h"
#include "proxy/settings.h"
#include "transport/connection.h"
#include "transport/splice.h"

struct log_target;
struct worker_quic;

/* What the whole process counts and decides; read by `show info`. */
struct process_facts {
    uint64_t started_wall_us;
    uint64_t started_ms;
    uint32_t pid;
    const char *node_name;
    const char *version;
    const struct text *startup_logs; /* messages so far, one a line; NULL: none are kept */
    uint32_t maxconn;                /* connections at a time now */
    uint32_t maxconn_hard;           /* as computed at startup */
    uint32_t descriptors_max;        /* RLIMIT_NOFILE in force */
    uint32_t connections_current;
    uint32_t connections_peak;
    uint64_t connections_total;
    uint64_t sessions_total;
    uint64_t requests_total;
    uint32_t handshakes_current; /* TLS, under way */
    uint64_t streams_total;      /* also the next stream's id */
    uint64_t bytes_out_total;
    struct rate connection_rate, session_rate, tls_rate;
    struct rate bytes_out_rate;
    uint64_t dropped_logs;
    uint64_t refused_memory; /* exchanges refused for want of memory */
    bool is_stopping;        /* soft stop: no new connections, idle ones closed */
};

/* Pools of the proxy layer: one set a process. */
struct proxy_pools {
    struct pool *sessions;
    struct pool *streams;
    struct pool *links; /* server connections */
    struct pool *h1_muxes;
    struct pool *tcp_muxes;
};

struct worker {
    unsigned index;
    struct memory *memory;
    struct ledger *ledger;
    struct event_loop *loop;
    struct transport transport;
    struct worker_quic *quic; /* NULL: no bind line speaks it (proxy/quic.h) */
    struct splice_pool pipes; /* of streams whose bytes stay in the kernel */
    struct chunk_source *chunks;
    struct proxy_pools pools;
    struct account account; /* ACCOUNT_WORKER: listeners, proxies' runtime */
    struct arena scratch;   /* for rules outside a stream */
    struct configuration *configuration;
    struct process_facts *facts;
    struct list proxies;     /* struct proxy, in order of configuration */
    struct list sessions;    /* struct session: client connections */
    struct list streams;     /* struct stream, oldest first */
    uint32_t checks_count;   /* health checks of all servers */
    struct list idle_links;  /* struct server_link, least recently used first */
    struct event_timer tick; /* once a second: purging idle connections, rates, limits */
    struct pressure_observer pressure;
    uint64_t woken_seen;            /* of ledger.woken at the last tick */
    unsigned stuck_ticks;           /* in a row, with waiters and none of them woken */
    struct log_outputs log_outputs; /* sockets and rings of all log targets */
    struct log_target *global_logs;
    unsigned global_logs_count;
    char *log_line; /* one line under construction */
    size_t log_line_size;
    const struct service_ops *const *services; /* ended by NULL; registered by process */
    struct event_timer rates; /* soon, while somebody is held for a limit a second */
    bool tls_held;            /* listeners with TLS are paused for that */
    bool listeners_full;      /* paused because of the process's limits */
    void (*on_stopped)(struct worker *worker); /* soft stop is over: nothing is left */
};

#endif
