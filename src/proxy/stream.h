/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream: one request and its response (or one TCP session) between a client's and a server's
 * mux. It runs as a state machine: every event calls stream_run, which steps until it must wait.
 *
 *   HEAD -> RULES -> ASSIGN -> (QUEUE) -> CONNECT -> SEND_HEAD -> RESPONSE -> ANSWER -> RELAY ->
 * CLOSED |  \-> TARPIT \                 ^----- retry -----|
 *             \----------------> REPLY (an answer made here) -> CLOSED
 *
 * Memory: one pool object; two messages (a chunk each while they are needed), arenas by need, body
 * bytes at most a window each way, all charged to the client connection's account. Under a limit it
 * begins with a set of chunks of its own (stream_reserve.c), so that it can always go on.
 */
#ifndef WEIR_PROXY_STREAM_H
#define WEIR_PROXY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "balance/backend.h"
#include "base/list.h"
#include "event/loop.h"
#include "memory/arena.h"
#include "memory/pressure.h"
#include "mux/mux.h"
#include "proxy/endpoint.h"
#include "proxy/proxy.h"
#include "proxy/service.h"
#include "proxy/session.h"
#include "rules/context.h"
#include "rules/rule.h"
#include "rules/server_cookie.h"
#include "rules/variable.h"
#include "transport/splice.h"

enum stream_state {
    STREAM_HEAD,      /* the request head is to be received */
    STREAM_RULES,     /* request rules, stage by stage */
    STREAM_TARPIT,    /* an answer waits */
    STREAM_ASSIGN,    /* a server is to be chosen */
    STREAM_QUEUE,     /* waits for a server's slot */
    STREAM_CONNECT,   /* waits for a link to the server, or for the next try */
    STREAM_SEND_HEAD, /* the request head is to be sent */
    STREAM_RESPONSE,  /* waits for the response head while the request body is relayed */
    STREAM_ANSWER,    /* response rules, then the response head is to be sent */
    STREAM_RELAY,     /* bodies */
    STREAM_REPLY,     /* an answer made here is sent */
    STREAM_CLOSED,
    STREAM_STATES
};

/* Stages of STREAM_RULES. */
enum stream_stage {
    STAGE_FRONTEND_CONTENT,
    STAGE_BUFFER,
    STAGE_FRONTEND_HTTP,
    STAGE_STATISTICS,
    STAGE_FRONTEND_REDIRECT,
    STAGE_SWITCH,
    STAGE_BACKEND_CONTENT,
    STAGE_BACKEND_HTTP,
    STAGE_BACKEND_REDIRECT,
    STAGE_FINISH,
    STAGE_END,
};

/* Stages of STREAM_ANSWER. */
enum answer_stage { ANSWER_CONTENT, ANSWER_BACKEND, ANSWER_FRONTEND, ANSWER_FINISH, ANSWER_SEND };

/* One side's progress in the relay. */
struct stream_direction {
    struct chunk_queue queue; /* received, not yet sent */
    struct splice pipe;       /* as above, past the chunks; open while it holds bytes */
    uint64_t bytes;           /* body bytes relayed */
    bool has_ended;           /* the sender's end was received */
    bool end_sent;            /* and passed on */
    bool is_blocked;          /* the receiver takes no more now */
    bool is_dropped;          /* the receiver is gone: nothing more is relayed */
};

struct stream {
    struct list link; /* worker.streams */
    struct worker *worker;
    struct session *session;
    struct proxy *frontend;
    struct proxy *backend;               /* NULL until chosen */
    struct mux_stream *client;           /* NULL once released */
    struct mux_stream *server;           /* NULL while there is none */
    struct server_link *server_link;     /* while dialling, and while `server` is */
    struct server *assigned;             /* whose slot is taken */
    struct server *failed;               /* not to be chosen again at once */
    struct server *final_server;         /* the last one tried, for the log */
    struct account *account;             /* the client connection's */
    struct chunk_reserve client_reserve; /* under a limit: what this stream has for certain */
    struct chunk_reserve server_reserve; /* the part lent to its server connection */

    enum stream_state state;
    enum stream_stage stage;
    enum answer_stage answer_stage;
    struct http_message request;
    struct http_message response;
    struct stream_direction up, down;
    struct chunk_queue replay; /* the body's first bytes, kept for another try */
    struct arena arena;        /* captures, variables, rewritten texts */
    struct arena scratch;      /* one rule's intermediate values */
    struct rule_context context;
    struct rule_position position;
    struct stream_facts facts;
    struct stream_settings settings;
    struct captures captures;
    struct variable_set variables[VARIABLE_SCOPES];
    struct server_cookie_state cookie;
    struct server *cookie_server; /* that the cookie named */
    struct verdict pending;       /* of a tarpit */
    struct queue_entry queue;
    struct event_timer timer;
    struct event_deferred work;
    struct memory_waiter waiter;
    uint64_t
        state_deadline_ms; /* of the state: queue, connect, tarpit, inspection; TIME_NEVER: none */
    uint64_t started_ms;
    uint64_t client_active_ms, server_active_ms;
    const struct service_ops *service;
    const struct proxy *service_proxy; /* whose settings it follows */
    uint64_t service_state[SERVICE_STATE_BYTES / sizeof(uint64_t)];
    uint64_t turnaround_until_ms; /* no connecting before */
    int32_t retries_left;
    enum mux_abort client_abort, server_abort;
    bool is_tcp;
    bool is_refused; /* to be answered with 503: no memory in time */
    bool is_running;
    bool timer_fired;
    bool is_redispatched_once;
    bool reused_link_failed;       /* the next try dials */
    bool is_premature;             /* no request was understood: nothing of one exists */
    bool keeps_request;            /* all of the body sent so far is in `replay` */
    bool interim_received;         /* the server has begun to answer: not tried again */
    bool reply_head_sent;          /* in STREAM_REPLY */
    bool continue_sent;            /* 100 Continue made here */
    bool deadline_ends_inspection; /* else the rules are just run again then */
    bool inspection_over;          /* rules see what there is as all there will be */
    bool link_failed;              /* on_link said so */
    enum connection_error link_error;
    bool is_tunnel; /* raw bytes both ways: TCP, or after an upgrade */
    bool has_logged;
};

/* What a step tells stream_run. */
enum progress { PROGRESS_AGAIN, PROGRESS_WAIT, PROGRESS_DONE };

/* Bytes of the set that a stream begins with under a memory limit, its server connection included.
 */
size_t stream_set_bytes(const struct worker *worker);

/* Begins a stream on a client mux stream that was just offered. RESULT_NO_MEMORY: nothing happened;
 * offer it again later. */
MUST_USE enum result stream_create(struct session *session, struct mux_stream *client);

/* As stream_create without a set, for a request that waited too long for one: it is answered with
 * 503. */
MUST_USE enum result stream_create_refused(struct session *session, struct mux_stream *client);

/* Steps until the stream waits or is gone. Harmless from inside itself. */
void stream_run(struct stream *stream);

/* Ends a stream from outside (shutdown session, soft stop's end): `cause` is the log's letter. */
void stream_shutdown(struct stream *stream, char cause);

/* Appends the two lines that `show sess` prints of it. */
void stream_describe(const struct stream *stream, struct text *text, uint64_t now_ms);

/* Name of a state. */
const char *stream_state_name(enum stream_state state);

#endif
