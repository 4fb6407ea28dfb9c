/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Muxes: what turns a connection's bytes into exchanges and back. One struct mux_ops a protocol
 * (h1, tcp; h2 and h3 later), on the client side (the mux opens streams as requests arrive) and on
 * the server side (the proxy opens streams to send requests).
 *
 *   proxy's stream  <-- struct stream_events --  mux stream  <--  connection
 *                   ---  struct mux_ops      -->
 *
 * The stream pulls: `on_receive` says that something can be received; receive_* moves it. What is
 * not pulled stays in the mux, which stops reading its connection at its window, so that pressure
 * travels to the peer by itself. Sending takes what fits the window, the rest stays with the caller
 * until `on_send`.
 *
 * Order on each side of a stream: head, (1xx heads before a final response head,) body…, then
 * RESULT_END (trailers may be asked for then). A failed side reports `on_abort` once; its functions
 * return RESULT_FAILED from then on. mux_stream_release ends the pairing at any time. Callbacks are
 * never made from inside a call that the stream makes into the mux.
 */
#ifndef WEIR_MUX_MUX_H
#define WEIR_MUX_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "http/http1.h"
#include "http/message.h"
#include "memory/chunk.h"
#include "transport/connection.h"

struct mux;
struct mux_stream;

/* Why a side of a stream is dead. */
enum mux_abort {
    MUX_ABORT_NONE,
    MUX_ABORT_CLOSED,    /* the peer closed or reset before the exchange was complete */
    MUX_ABORT_MALFORMED, /* the peer broke the protocol inside a body */
    MUX_ABORT_TIMEOUT,   /* the mux's own timer (http-request, keep-alive) */
    MUX_ABORT_SHUTDOWN,  /* this process is ending it: soft stop, shutdown session, memory at `full`
                          */
    MUX_ABORT_UNSENT,    /* server side: the connection closed before anything of the response came:
                            safe to retry when idempotent */
};

/* Calls from a mux stream to the proxy's stream. Each may release the mux stream. */
struct stream_events {
    void (*on_receive)(void *stream, struct mux_stream *side);
    void (*on_send)(void *stream, struct mux_stream *side);
    void (*on_abort)(void *stream, struct mux_stream *side, enum mux_abort reason);
};

/* One exchange on a mux; embedded in the mux's own stream object. */
struct mux_stream {
    struct mux *mux;
    const struct stream_events *events; /* NULL until the proxy attached */
    void *owner;                        /* the proxy's stream */
    uint64_t bytes_received; /* wire bytes of this exchange as HAProxy counts them: head and body */
    uint64_t bytes_sent;
    uint64_t began_us; /* first byte received (client side), event time */
    uint64_t head_us;  /* head complete */
};

/* Why a request head could not be given: filled by receive_head on RESULT_INVALID. */
struct mux_refusal {
    uint16_t status; /* 400, 408, 413, 414, 431, 501, 505; 0: close silently (option dontlognull
                        cases) */
    enum mux_abort cause; /* MALFORMED, TIMEOUT, CLOSED */
    struct http1_error error;
    struct slice
        bytes; /* the offending input, valid until the side is released: for `show errors` */
};

struct mux_ops {
    const char *name; /* "H1", "TCP"; `show sess`, -vv */
    bool is_http;
    bool has_streams; /* more than one stream at a time */

    /*
     * Receives a head into `message` (initialized by the caller; a request on the client side, a
     * response on the server side). RESULT_OK, RESULT_BLOCKED, RESULT_INVALID (client: answer
     * `refusal->status` and end), RESULT_NO_MEMORY (try again from a memory waiter), RESULT_FAILED.
     */
    enum result (*receive_head)(struct mux_stream *side, struct http_message *message,
                                struct mux_refusal *refusal);

    /* Moves at most `bytes_max` body bytes to the end of `queue`. RESULT_OK, RESULT_BLOCKED,
     * RESULT_END (body complete), RESULT_NO_MEMORY, RESULT_FAILED. */
    enum result (*receive_body)(struct mux_stream *side, struct chunk_queue *queue,
                                size_t bytes_max);

    /* After RESULT_END: the trailers, or NULL when there were none. They live until the next head
     * or the release. */
    const struct http_fields *(*trailers)(const struct mux_stream *side);

    /*
     * Sends a head. `message->body` tells the framing (the mux picks chunked, length or close for
     * its peer). A final head without body ends the sending side. RESULT_OK, RESULT_NO_MEMORY
     * (nothing was sent, try again), RESULT_FAILED.
     */
    enum result (*send_head)(struct mux_stream *side, const struct http_message *message);

    /* Takes body bytes from the front of `queue` as far as the window allows. RESULT_OK: all taken.
     * RESULT_BLOCKED: on_send follows. RESULT_NO_MEMORY, RESULT_FAILED. */
    enum result (*send_body)(struct mux_stream *side, struct chunk_queue *queue);

    /* Ends the sending side, with trailers or NULL. RESULT_OK, RESULT_NO_MEMORY (try again),
     * RESULT_FAILED. */
    enum result (*send_end)(struct mux_stream *side, const struct http_fields *trailers);

    /* Whether everything sent has left for the kernel (tells a finished response from an aborted
     * one). */
    bool (*is_flushed)(const struct mux_stream *side);

    /*
     * Ends the pairing: the mux goes on by itself (keep-alive when both directions are complete,
     * else it closes; h2, h3 reset the stream). `abort` closes at once without finishing. The mux
     * stream is gone after it.
     */
    void (*release)(struct mux_stream *side, bool abort);

    /* Writes one line about the side for `show sess`. */
    void (*describe)(const struct mux_stream *side, struct text *text);

    /* ---- the mux as a whole ---- */

    /* Server side: opens a stream on a connected mux. RESULT_FULL when it cannot carry one more. */
    enum result (*open)(struct mux *mux, const struct stream_events *events, void *owner,
                        struct mux_stream **out);

    /* Server side: whether the connection may take another stream now (idle h1, room in h2). */
    bool (*is_available)(const struct mux *mux);

    /* Tells the peer to go in its protocol's words when idle or at the next possible moment
     * (GOAWAY, connection: close). */
    void (*retire)(struct mux *mux);

    /* Closes the connection and releases everything; streams get on_abort first. */
    void (*destroy)(struct mux *mux, enum mux_abort reason);
};

/* What the owner of a mux gets told: the proxy's session (client side) or endpoint (server side).
 */
struct mux_events {
    /* Client side: a request head is complete, malformed or timed out on `side`; attach by setting
     * side->events and owner. */
    void (*on_stream)(void *owner, struct mux_stream *side);
    /* Server side: the mux carries no stream and its connection is fit for reuse. */
    void (*on_idle)(void *owner, struct mux *mux);
    /* The mux is gone (connection closed, all released): forget it. */
    void (*on_closed)(void *owner, struct mux *mux);
};

/* Settings of a mux's owner, constant for its life. */
struct mux_options {
    struct http1_options http1;
    size_t head_bytes_max;               /* tune.bufsize - tune.maxrewrite */
    size_t window_bytes;                 /* body bytes held unread a stream and direction */
    uint16_t fields_max;                 /* tune.http.maxhdr */
    uint32_t http_request_timeout_ms;    /* client side; 0: none */
    uint32_t http_keep_alive_timeout_ms; /* client side; 0: as http_request, then client */
    uint32_t client_timeout_ms; /* for what no stream watches: sending the rest of a response */
    uint32_t client_fin_timeout_ms;
    bool keep_alive;     /* false: option httpclose */
    bool ignore_probes;  /* option http-ignore-probes */
    bool abort_on_close; /* client side, option abortonclose: a half-closed client is an abort */
};

/* What every mux begins with. */
struct mux {
    const struct mux_ops *ops;
    struct connection *connection;
    const struct mux_options *options;
    const struct mux_events *events;
    void *owner;
    bool is_client_side;
};

#endif
