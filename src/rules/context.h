/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules see: a view of the session and the stream that proxy fills before each evaluation.
 * Rules change only the messages, the variables, the captures and `settings`; everything else is a
 * verdict that proxy executes.
 */
#ifndef WEIR_RULES_CONTEXT_H
#define WEIR_RULES_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/counters.h"
#include "base/address.h"
#include "http/message.h"
#include "memory/arena.h"
#include "memory/chunk.h"
#include "transport/connection.h"

struct server;
struct backend;
struct variable_set;
struct rule;
struct capture_declarations;
struct log_format;
struct error_files;

/* Points in time of one stream, microseconds of the monotonic clock; 0: not reached. Timers of the
 * log are differences of these. */
struct stream_times {
    uint64_t accept_wall_us; /* %t, %ts…: wall clock of the accept (first request) or of the
                                request's start */
    uint64_t accept_us;      /* connection accepted */
    uint64_t handshake_us;   /* TLS and PROXY handshake done */
    uint64_t idle_end_us;    /* first byte of the request */
    uint64_t request_us;     /* head complete */
    uint64_t queue_us;       /* left the queue, or never queued: when a server was assigned */
    uint64_t connect_us;     /* server connection established (or reused) */
    uint64_t response_us;    /* response head complete */
    uint64_t end_us;         /* last byte */
};

/* Numbers of one stream for logs and fetches. */
struct stream_facts {
    struct stream_times times;
    uint64_t id;        /* unique in the process: %rt, unique ids */
    uint64_t bytes_in;  /* from the client: head and body (%U) */
    uint64_t bytes_out; /* to the client: head and body (%B) */
    uint16_t status;    /* answered; 0: none */
    uint16_t retries;
    bool redispatched;                          /* '+' before the retries in the log */
    uint32_t server_queue, backend_queue;       /* %sq, %bq: entries before it */
    uint32_t actconn, feconn, beconn, srv_conn; /* at the end */
    char termination_cause;          /* 'C' 'S' 'P' 'L' 'R' 'I' 'D' 'U' 'K' 'c' 's' or '-' */
    char termination_phase;          /* 'R' 'Q' 'C' 'H' 'D' 'L' 'T' or '-' */
    char cookie_request;             /* 'N' 'I' 'D' 'V' 'E' 'O' 'U' or '-' */
    char cookie_response;            /* 'N' 'I' 'U' 'P' 'R' 'D' or '-' */
    uint32_t requests_on_connection; /* 0-based number of this one */
    uint64_t log_counter;            /* %lc: number of this log line of its frontend */
    struct address server_address;   /* of the last server connection, kept when that is given back
                                        before the log */
    struct address server_source;    /* our end of it */
    const char *final_rule_file;     /* last_rule_file/line: the rule that ended the evaluation */
    unsigned final_rule_line;
};

/*
 * Captured values of one stream: `capture request header`, `declare capture`. Slots by index; texts
 * live in the stream's arena. rules/capture.h makes and fills them. The request line is kept as it
 * came, before any rewriting: %r, capture.req.*.
 */
struct captures {
    const struct capture_declarations *declarations;
    struct slice *request;
    struct slice *response;
    unsigned request_count, response_count;
    struct slice
        request_line; /* "GET /x HTTP/1.1", cut; data NULL: there was none (%r is <BADREQ>) */
    struct slice request_cookie; /* capture cookie: "name=value" */
    struct slice response_cookie;
};

/* What rules may set for this stream; proxy applies it. 0 or NULL: not set. */
struct stream_settings {
    uint32_t client_timeout_ms, server_timeout_ms, tunnel_timeout_ms, connect_timeout_ms,
        queue_timeout_ms, tarpit_timeout_ms;
    int32_t retries; /* -1: not set */
    int32_t nice;
    int32_t priority_class, priority_offset;
    uint8_t log_level; /* 1 + syslog level; 0: not set; 255: silent */
    bool has_tos, has_mark, has_server_tos, has_server_mark;
    uint8_t tos; /* towards the client */
    uint8_t server_tos;
    uint32_t mark;
    uint32_t server_mark;
    bool disable_l7_retry;
    bool suppress_log;
};

enum rule_phase {
    RULE_TCP_CONNECTION,
    RULE_TCP_SESSION,
    RULE_TCP_REQUEST_CONTENT,
    RULE_HTTP_REQUEST,
    RULE_TCP_RESPONSE_CONTENT,
    RULE_HTTP_RESPONSE,
    RULE_HTTP_AFTER_RESPONSE,
    RULE_LOG, /* log-format, capture of finished streams */
    RULE_PHASES
};

enum variable_scope {
    VARIABLE_PROCESS,
    VARIABLE_SESSION,
    VARIABLE_TRANSACTION,
    VARIABLE_REQUEST,
    VARIABLE_RESPONSE,
    VARIABLE_CHECK,
    VARIABLE_SCOPES
};

/* The timeouts of a proxy's configuration, milliseconds; 0: none. */
struct rule_timeouts {
    uint32_t client_ms, server_ms, tunnel_ms, connect_ms, queue_ms, tarpit_ms;
    int32_t retries;
};

struct rule_context {
    enum rule_phase phase;
    bool is_final; /* no more input will come (or inspect-delay is over): RESULT_BLOCKED is not an
                      answer */
    uint64_t now_ms;
    uint64_t wall_us;
    struct arena *scratch; /* cleared by the evaluator's caller after each rule */
    struct arena
        *stream_arena; /* lives as long as the stream: captures, variables of txn/req/res */

    const struct proxy_identity *proxy; /* whose rules are being run, NULL: the frontend's */
    const struct proxy_identity *frontend;
    const struct proxy_identity *backend; /* NULL before one is chosen */
    struct backend *balance;              /* the backend's servers, NULL likewise */
    bool frontend_is_http;                /* its mode, for logs */
    const char *default_backend;          /* its name when used as the default, for fetches */
    struct server *server;                /* NULL until assigned */
    const char
        *service_name; /* "<STATS>"…: what answered instead of a server, for %s; NULL: none */
    const char *listener_name; /* so_name: bind's `name`, or NULL */
    uint32_t listener_id;      /* so_id */

    const struct connection *client; /* NULL in checks and the CLI */
    const struct connection *server_connection;
    struct address source;      /* client's address, as changed by set-src */
    struct address destination; /* as changed by set-dst */
    bool server_reused;

    struct http_message *request;  /* NULL in TCP mode and before it is complete */
    struct http_message *response; /* NULL until there is one */
    const struct chunk_queue
        *request_body; /* bytes waiting to be relayed (req.body, req.payload), may be NULL */
    const struct chunk_queue *response_body;
    bool request_complete, response_complete; /* the whole body is in the queue */
    bool request_full, response_full; /* no more of it can be taken before some is relayed */
    bool uses_proxy_header; /* option http-use-proxy-header and the target is not of a server: 407
                               instead of 401 */

    struct variable_set *variables[VARIABLE_SCOPES]; /* NULL where there is none */
    struct captures *captures;
    struct stream_facts *facts;
    struct stream_settings *settings;
    struct slice unique_id; /* computed at most once a stream */
    const struct log_format *unique_id_format;
    const struct error_files
        *frontend_errors;    /* the frontend's error pages, asked after the backend's; or NULL */
    const struct rule *rule; /* being evaluated */
    uint64_t rule_wait_since_ms;  /* the rule being evaluated waits since then, 0: it is run for the
                                     first time */
    bool rewrites_are_optional;   /* strict-mode off: kept by the evaluator */
    bool log_is_early;            /* option logasap: '+' before sizes and total times */
    const char *node_name;        /* global `node` or the host name */
    const char *host_name;        /* of the system: %H; NULL: node_name */
    const char *log_origin;       /* %OG: "txn_close"…; NULL: "unspec" */
    const char *error_message;    /* what LOG_FORMAT_ERROR says happened, or NULL */
    uint32_t process_connections; /* actconn */
    uint64_t process_started_ms;  /* on the clock of now_ms */
    unsigned worker_index;        /* whose thread runs the rules */
    bool is_stopping;             /* soft stop */
    const struct rule_timeouts *frontend_timeouts; /* NULL outside of a stream, as the next */
    const struct rule_timeouts *backend_timeouts;  /* the frontend's before a backend is chosen */
};

#endif
