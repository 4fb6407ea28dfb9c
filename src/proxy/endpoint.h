/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints: how to connect to a server, and its connections (links): dialled, in use by a stream,
 * or idle and waiting to be used again.
 *
 *   DIALLING -> BUSY <-> IDLE -> closed
 *
 * What bounds it: a link is a pool object charged to its connection; idle ones at most
 * pool-max-conn a server, purged after pool-purge-delay, least recently used first under pressure.
 */
#ifndef WEIR_PROXY_ENDPOINT_H
#define WEIR_PROXY_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/server.h"
#include "base/list.h"
#include "base/result.h"
#include "base/text.h"
#include "mux/mux.h"
#include "proxy/settings.h"
#include "transport/connection.h"

struct proxy;
struct worker;
struct server_link;

struct endpoint {
    struct list link; /* proxy.endpoints */
    struct server server;
    const struct server_settings *settings;
    struct proxy *proxy;
    struct tls_context *tls; /* NULL: plain */
    struct list idle;        /* struct server_link, most recently used first */
    uint32_t idle_count;
    uint32_t links_count;       /* all */
    struct health_check *check; /* proxy/check.h, NULL: none */
};

enum link_state { LINK_DIALLING, LINK_BUSY, LINK_IDLE, LINK_CLOSED };

/* Told to who asked for a link that had to be dialled. */
struct link_events {
    /* `error` NONE: the link is up and link->mux can open a stream; else it failed and is gone. */
    void (*on_link)(void *owner, struct server_link *link, enum connection_error error,
                    int system_error);
};

struct server_link {
    struct list link;     /* endpoint.idle */
    struct list age_link; /* worker.idle_links */
    struct endpoint *endpoint;
    struct connection *connection;
    struct mux *mux; /* NULL while dialling */
    const struct link_events *events;
    void *owner;
    uint64_t idle_since_ms;
    uint64_t tag; /* hash of SNI, address and source: only equal ones are shared */
    uint32_t uses;
    enum link_state state;
    bool is_private; /* never shared */
    bool is_tcp;     /* carries raw bytes */
};

/* What a stream needs of a link. */
struct link_request {
    bool is_tcp;
    bool may_reuse;
    bool is_private;     /* not for other sessions */
    uint64_t session_id; /* whose it is then */
    struct slice sni;
    struct address destination; /* AF_UNSPEC: the server's */
    struct address source;      /* AF_UNSPEC: none */
};

/* Makes the endpoint of a server line and adds its server to the backend. */
MUST_USE enum result endpoint_create(struct proxy *proxy, struct server_settings *settings,
                                     struct endpoint **out, struct text *error);
void endpoint_destroy(struct endpoint *endpoint);

/* The endpoint around a server. */
static inline struct endpoint *endpoint_of(const struct server *server)
{
    return server->endpoint;
}

/*
 * Finds an idle link or dials one. RESULT_OK: `*out` is up (reused). RESULT_BLOCKED: `*out` is
 * being dialled, on_link follows. RESULT_NO_MEMORY, RESULT_FAILED (no descriptor, no source port).
 */
MUST_USE enum result endpoint_acquire(struct endpoint *endpoint, const struct link_request *request,
                                      const struct link_events *events, void *owner,
                                      struct server_link **out);

/* Gives up a link that is being dialled. */
void link_abandon(struct server_link *link);

/* Closes idle links unused since `before_ms` (all: TIME_NEVER). Returns how many. */
unsigned endpoint_purge_idle(struct endpoint *endpoint, uint64_t before_ms);

/* Closes the `count` least recently used idle links of the worker: under pressure. */
unsigned worker_drop_idle_links(struct worker *worker, unsigned count);

#endif
