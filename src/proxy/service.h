/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal services: requests answered inside the process (statistics page, metrics). `admin`
 * implements them, `process` registers them, the stream calls them as if they were a server that
 * answers at once.
 */
#ifndef WEIR_PROXY_SERVICE_H
#define WEIR_PROXY_SERVICE_H

#include <stdbool.h>

#include "base/result.h"
#include "http/message.h"
#include "memory/chunk.h"
#include "rules/context.h"

struct worker;
struct proxy;

/* One request to a service. */
struct service_request {
    struct worker *worker;
    const struct proxy *proxy; /* where `stats` settings or the rule stand */
    struct rule_context *context;
    const struct http_message *request;
    const struct chunk_queue
        *body; /* whole request body, at most one buffer; only when `wants_body` said so */
};

struct service_ops {
    const char *name; /* "prometheus-exporter", "statistics" */
    /* Whether the answer needs the request's body (a form of the statistics page). */
    bool (*wants_body)(const struct service_request *request);
    /*
     * Begins the answer: fills `response` (initialized by the caller; body kind CHUNKED or LENGTH)
     * and the service's own `state` (SERVICE_STATE_BYTES, zeroed). RESULT_OK, RESULT_NO_MEMORY.
     */
    enum result (*begin)(const struct service_request *request, struct http_message *response,
                         void *state);
    /*
     * Appends more of the body to `body`, at most about `bytes_max`, charged to `account`.
     * RESULT_OK: more follows. RESULT_END: complete. RESULT_NO_MEMORY: try again.
     */
    enum result (*produce)(const struct service_request *request, void *state,
                           struct chunk_queue *body, size_t bytes_max, struct account *account);
};

/* Room that a service has for its position between calls. */
enum { SERVICE_STATE_BYTES = 64 };

#endif
