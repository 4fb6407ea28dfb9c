/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxy at run time: a frontend with its listeners, a backend with its servers, or both
 * (`listen`). Made from its settings at startup.
 */
#ifndef WEIR_PROXY_PROXY_H
#define WEIR_PROXY_PROXY_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/backend.h"
#include "base/list.h"
#include "base/result.h"
#include "base/text.h"
#include "mux/mux.h"
#include "proxy/settings.h"
#include "proxy/worker.h"
#include "transport/listener.h"
#include "transport/quic_listener.h"

/* One bound address of a frontend. */
struct bind {
    struct list link; /* proxy.binds */
    const struct bind_settings *settings;
    struct proxy *proxy;
    struct listener listener;   /* of TCP; its fd stays -1 for QUIC */
    struct quic_listener *quic; /* NULL: TCP */
    struct quic_settings quic_settings;
    struct connection_options connection; /* what accepted sockets get */
    struct tls_context *tls;
    struct counters counters;
    const char *name; /* settings' name, or "sock-N" as HAProxy shows it */
};

enum proxy_state { PROXY_READY, PROXY_PAUSED, PROXY_STOPPED };

/* The last malformed message, for `show errors`. */
struct captured_error {
    uint64_t wall_us;
    uint64_t number; /* how many there were */
    struct address source;
    const struct proxy *other; /* backend of a bad request, frontend of a bad response */
    const struct server *server;
    struct chunk *bytes; /* a copy, NULL: none */
    size_t length, position;
    const char *reason;
};

struct log_target {
    const struct log_settings *settings;
    struct log_sink *sink;
};

struct proxy {
    struct list link; /* worker.proxies */
    const struct proxy_settings *settings;
    struct worker *worker;
    struct proxy_identity identity; /* as a frontend */
    struct counters counters;       /* of the frontend */
    struct backend backend;         /* when settings->role has PROXY_BACKEND */
    struct list binds;
    struct list endpoints; /* struct endpoint, one a server */
    struct mux_options client_mux, server_mux;
    struct rule_timeouts timeouts; /* what rules see of the configuration's */
    enum proxy_state state;
    bool is_full;     /* at its maxconn */
    bool is_held;     /* its listeners are paused */
    uint32_t maxconn; /* may change at run time; 0: the process's */
    struct log_target *logs;
    unsigned logs_count;
    uint64_t log_counter; /* %lc */
    struct captured_error bad_request, bad_response;
};

/* Keeps a malformed message for `show errors`, as far as memory allows. */
void proxy_capture_error(struct proxy *proxy, struct captured_error *slot,
                         const struct mux_refusal *refusal, const struct rule_context *context);

/* The proxy called `name` (or "#<id>") with `role`, NULL when there is none. */
struct proxy *proxy_find(const struct worker *worker, struct slice name, unsigned role);

/* The runtime of settings. */
static inline struct proxy *proxy_of(const struct proxy_settings *settings)
{
    return settings == NULL ? NULL : settings->runtime;
}

/* Whether an option is set. */
static inline bool proxy_has(const struct proxy *proxy, uint32_t option)
{
    return (proxy->settings->options & option) != 0;
}

#endif
