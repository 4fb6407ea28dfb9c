/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the HTTP/1.1 mux share: its object and its states.
 *
 *   IDLE -> HEAD -> STREAM -> ENDING -> IDLE (reuse) | DRAIN -> IDLE | LINGER -> destroyed
 *    (server side: IDLE <-> STREAM; any -> destroyed)
 */
#ifndef WEIR_MUX_H1_INTERNAL_H
#define WEIR_MUX_H1_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "event/loop.h"
#include "http/http1.h"
#include "mux/flow.h"
#include "mux/h1.h"
#include "mux/mux.h"

enum h1_phase {
    H1_IDLE,   /* no byte of a message under way */
    H1_HEAD,   /* client side: part of a request head has come */
    H1_STREAM, /* a stream is offered or attached */
    H1_ENDING, /* the stream let go; what follows is decided after this turn's callbacks */
    H1_DRAIN,  /* the rest of a request that was answered early is read and dropped */
    H1_LINGER, /* the output leaves, input is dropped, then the connection closes (RFC 9112 9.6) */
    H1_DEAD,   /* released after the turn */
};

enum h1_direction { H1_DIRECTION_HEAD, H1_DIRECTION_BODY, H1_DIRECTION_DONE };

struct h1 {
    struct mux base;
    struct pool *pool;
    struct mux_flow flow;
    struct connection
        *flow_connection; /* after the flow closed: whose account pays until the release */
    struct mux_stream side;
    struct event_timer timer;
    struct event_deferred release;
    struct http1_body body; /* of the message being received */
    struct arena trailers_arena;
    struct http_fields trailers;
    uint64_t send_remaining; /* HTTP_BODY_LENGTH */
    size_t head_scanned;
    size_t head_length; /* of the complete head at the front of the input */
    enum h1_phase phase;
    enum h1_direction receiving;
    enum h1_direction sending;
    enum http_body receive_kind;
    enum http_body send_kind;
    enum http_method method; /* of this exchange's request */
    enum mux_abort refusal_cause;
    uint16_t refusal_status;
    uint32_t exchanges; /* begun on this connection */
    bool peer_is_http10;
    bool peer_keeps_alive; /* HTTP/1.0 with Connection: keep-alive */
    bool has_trailers;
    bool asked_upgrade; /* server side: the request wanted another protocol */
    bool must_close;    /* after this exchange */
    bool is_retired;
    bool is_aborted; /* released with abort */
    bool owes_crlf;  /* behind the data of the last chunk sent */
};

/* The mux around its public part, its stream or its flow. */
static inline struct h1 *h1_of_mux(const struct mux *mux)
{
    return container_of(mux, struct h1, base);
}
static inline struct h1 *h1_of_side(const struct mux_stream *side)
{
    return container_of(side, struct h1, side);
}

/* The whole input made contiguous for parsing a head of at most head_bytes_max. Results as
 * chunk_queue_pull_up. */
MUST_USE enum result h1_contiguous_input(struct h1 *h1, struct slice *bytes);

/* Receiving functions of struct mux_ops. */
enum result h1_receive_head(struct mux_stream *side, struct http_message *message,
                            struct mux_refusal *refusal);
enum result h1_receive_body(struct mux_stream *side, struct chunk_queue *queue, size_t bytes_max);
const struct http_fields *h1_trailers(const struct mux_stream *side);

/* Reads and drops what is left of the body. RESULT_END: complete. Else as h1_receive_body. */
MUST_USE enum result h1_drop_body(struct h1 *h1);

/* Sending functions of struct mux_ops. */
enum result h1_send_head(struct mux_stream *side, const struct http_message *message);
enum result h1_send_body(struct mux_stream *side, struct chunk_queue *queue);
enum result h1_send_end(struct mux_stream *side, const struct http_fields *trailers);
bool h1_is_flushed(const struct mux_stream *side);

/* Makes both directions raw bytes: after 101 or a 2xx to CONNECT. */
void h1_begin_tunnel(struct h1 *h1);

/* Forgets the last exchange's state and trailers. */
void h1_reset_exchange(struct h1 *h1);

#endif
