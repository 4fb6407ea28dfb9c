/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of the h3 mux, shared by h3*.c only.
 */
#ifndef WEIR_MUX_H3_INTERNAL_H
#define WEIR_MUX_H3_INTERNAL_H

#include "http/http3.h"
#include "mux/h3.h"
#include "quic/connection.h"

/* What an owner of a QUIC stream begins with. */
enum h3_kind { H3_REQUEST, H3_UNI };

/* Reads a frame's header, byte by byte where it is split. */
struct h3_frame_reader {
    uint8_t bytes[HTTP3_FRAME_HEADER_MAX];
    uint8_t length;
    bool is_open; /* type and left are those of the frame being read */
    uint64_t type, left;
};

/* A unidirectional stream of the peer's. */
struct h3_uni {
    enum h3_kind kind;
    struct quic_stream *quic; /* NULL: free */
    struct h3_frame_reader frame;
    uint64_t type;
    bool has_type, has_settings;
};

enum h3_receiving {
    H3_RECEIVING_HEAD,
    H3_RECEIVING_BODY,
    H3_RECEIVING_TRAILERS, /* a HEADERS frame behind the body */
    H3_RECEIVING_DONE,
    H3_RECEIVING_FAILED,
};

enum h3_sending { H3_SENDING_HEAD, H3_SENDING_BODY, H3_SENDING_DONE };

struct h3;

struct h3_stream {
    enum h3_kind kind;
    struct mux_stream side;
    struct list link;       /* h3.requests */
    struct list ready_link; /* h3.ready */
    struct quic_stream *quic;
    struct h3_frame_reader frame;
    struct chunk_queue section; /* a field section that did not lie together */
    struct chunk_queue output;  /* what QUIC had no room for yet */
    struct http_fields trailers;
    struct arena trailers_arena;
    uint64_t body_left; /* of the request's Content-Length; UINT64_MAX: there is none */
    uint64_t send_left; /* of the DATA frame begun */
    enum h3_receiving receiving;
    enum h3_sending sending;
    bool has_trailers, is_offered, is_taken, is_released, is_told_abort, is_dead;
    bool must_finish; /* FIN behind the output */
    bool is_stopped;  /* the peer wants no more */
    bool has_head;    /* its HEADERS frame is there as a whole */
};

struct h3 {
    struct mux base;
    const struct mux_h3_pools *pools;
    struct quic_streams *streams;
    struct list requests; /* struct h3_stream, oldest first */
    struct list ready;    /* those whose head is there and that nobody took yet */
    struct list dead;     /* to be released after this turn */
    struct h3_stream *offered;
    struct quic_stream *control; /* ours */
    struct h3_uni unis[QUIC_UNI_STREAMS_MAX];
    struct event_timer timer;
    struct event_deferred later;
    uint32_t live;  /* requests not released */
    uint32_t taken; /* those that the proxy has taken up */
    uint32_t requests_total;
    bool has_control, has_encoder, has_decoder;
    bool is_retired, is_closed, is_told;
};

/* The mux behind its public part. */
static inline struct h3 *h3_of(const struct mux *mux)
{
    return container_of(mux, struct h3, base);
}

/* The request behind its public part. */
static inline struct h3_stream *h3_stream_of(const struct mux_stream *side)
{
    return container_of(side, struct h3_stream, side);
}

/* The mux of a request. */
static inline struct h3 *h3_of_stream(const struct h3_stream *stream)
{
    return h3_of(stream->side.mux);
}

/* The loop that it runs on. */
static inline struct event_loop *h3_loop(const struct h3 *h3)
{
    return h3->base.connection->transport->loop;
}

/* ---- h3.c ---- */

/* Ends the connection with an error of HTTP/3's. */
void h3_fail(struct h3 *h3, uint64_t code, const char *reason);

/* Work for after this turn's callbacks. */
void h3_later(struct h3 *h3);

/* A request is over for QUIC and for the proxy: it is released after this turn. */
void h3_bury(struct h3_stream *stream);

/* The proxy may have taken up the request that was offered: then the next one is. */
void h3_note_taken(struct h3_stream *stream);

/* ---- h3_control.c ---- */

/* Opens our control stream with SETTINGS. */
MUST_USE enum result h3_control_open(struct h3 *h3);

/* A unidirectional stream of the peer's has something. */
void h3_uni_open(struct h3 *h3, struct quic_stream *quic);
void h3_uni_receive(struct h3 *h3, struct h3_uni *uni);

/* Sends GOAWAY. */
void h3_send_goaway(struct h3 *h3);

/* Reads frame headers: RESULT_OK (frame->type and left are known), RESULT_BLOCKED. */
MUST_USE enum result h3_read_frame_header(struct quic_stream *quic, struct h3_frame_reader *frame);

/* ---- h3_receive.c ---- */

/* Bytes came: looks whether the head is there. */
void h3_request_receive(struct h3_stream *stream);

/* mux_ops.receive_head */
enum result h3_receive_head(struct mux_stream *side, struct http_message *message,
                            struct mux_refusal *refusal);
/* mux_ops.receive_body */
enum result h3_receive_body(struct mux_stream *side, struct chunk_queue *queue, size_t bytes_max);
/* mux_ops.trailers */
const struct http_fields *h3_trailers(const struct mux_stream *side);

/* ---- h3_send.c ---- */

/* mux_ops.send_head */
enum result h3_send_head(struct mux_stream *side, const struct http_message *message);
/* mux_ops.send_body */
enum result h3_send_body(struct mux_stream *side, struct chunk_queue *queue);
/* mux_ops.send_end */
enum result h3_send_end(struct mux_stream *side, const struct http_fields *trailers);
/* mux_ops.is_flushed */
bool h3_is_flushed(const struct mux_stream *side);

/* Hands what waits to QUIC. RESULT_OK: all; RESULT_BLOCKED; RESULT_FAILED. */
MUST_USE enum result h3_flush(struct h3_stream *stream);

#endif
