/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weir-origin: the worker process and its connections.
 *
 * A worker owns an epoll loop (edge-triggered, each descriptor registered once), a heap of
 * deadlines and a list of connections that still have work although no event will come.
 */
#ifndef ORIGIN_ORIGIN_H
#define ORIGIN_ORIGIN_H

#include <gnutls/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buffer.h"
#include "request.h"

#define LISTENERS_MAX 64U

/* The bytes of a body repeat after this many: not a power of two, so that no lost or doubled block
 * goes unseen. A multiple of 16, as a line is 16 bytes. */
#define PATTERN_PERIOD 65488U
#define PATTERN_COPIES 8U
#define PATTERN_BYTES  ((size_t)PATTERN_PERIOD * PATTERN_COPIES)

struct connection;

struct options {
    const char *name; /* X-Origin */
    bool identify;    /* X-Conn and X-Req */
    bool quiet;
    uint64_t default_size;
    uint64_t idle_ms;
    unsigned workers;
};

struct worker {
    const struct options *options;
    unsigned number;
    int poll;
    int listeners[LISTENERS_MAX];
    size_t listener_count;
    const char *pattern; /* PATTERN_BYTES */
    int pattern_file;    /* the same bytes, for sendfile */
    uint64_t now_ms;
    uint64_t connections; /* accepted so far */
    struct connection **deadlines;
    size_t deadline_count;
    size_t deadline_size;
    struct connection *ready; /* have work without an event */
    struct connection *gone;  /* closed; freed after the turn */
    struct connection *open;  /* all others */
    uint64_t random_state;
};

enum state {
    STATE_HEAD,      /* waiting for a request head or the rest of one */
    STATE_BODY,      /* reading the request body that the answer waits for */
    STATE_INTERIM,   /* 1xx answers go out */
    STATE_DELAY,     /* t= */
    STATE_RESPOND,   /* the response is being written */
    STATE_PAUSE,     /* P= */
    STATE_DRAIN,     /* answered early: the rest of the request body is thrown away */
    STATE_STREAM,    /* body pieces are echoed as chunks */
    STATE_TUNNEL,    /* bytes are echoed */
    STATE_WEBSOCKET, /* frames are echoed */
    STATE_FINISH,    /* what is buffered goes out, then a FIN */
    STATE_LINGER,    /* a FIN is out: reading until the client's */
    STATE_RESET,     /* what is buffered goes out, then a RST */
    STATE_STALL,     /* silent until the client closes */
    STATE_CLOSED,
};

enum body_step {
    BODY_DONE,
    BODY_COUNTED,    /* `body_left` bytes to come */
    BODY_CHUNK_SIZE, /* a chunk size line */
    BODY_CHUNK_DATA, /* `body_left` bytes of a chunk */
    BODY_CHUNK_END,  /* the CRLF behind a chunk */
    BODY_TRAILERS,   /* lines up to an empty one */
};

struct connection {
    struct worker *worker;
    int fd;
    enum state state;
    bool is_tcp;
    bool readable;
    bool writable;
    bool is_ready;  /* in worker->ready */
    bool ended;     /* the client's FIN was read */
    bool timed_out; /* the deadline passed; the state decides what that means */
    bool head_out;  /* the response head is written */
    bool keep;      /* another request may follow */
    bool chunked;   /* the response is */
    bool rejected;  /* the request is malformed */
    uint64_t id;
    uint64_t requests;
    uint64_t deadline_ms;
    size_t deadline_at; /* 1 + place in worker->deadlines; 0: none */
    struct connection *next_ready;
    struct connection *next_gone;
    struct connection *next_open;
    struct connection *previous_open;

    struct buffer in;
    struct buffer out;
    struct buffer extra;   /* fields ordered by h= */
    struct buffer content; /* what /echo, /body and /sum answer */

    struct request request;
    enum body_step body_step;
    uint64_t body_left;
    uint64_t body_count;
    gnutls_hash_hd_t sum;

    uint64_t work;      /* bytes moved in this turn */
    uint64_t sent;      /* body bytes handed on */
    uint64_t limit;     /* body bytes to send */
    uint64_t allowance; /* body bytes that rate= lets go now */

    uint64_t frame_left; /* WebSocket: payload bytes of the frame */
    unsigned char frame_mask[4];
    uint64_t frame_at;
    bool frame_closes;
};

/* loop.c */

/* Runs the worker until a signal ends it. */
void worker_run(struct worker *worker);

/* Wakes the connection at `delay_ms` from now; 0 takes the deadline back. */
void worker_set_deadline(struct connection *c, uint64_t delay_ms);

/* Lets the connection run again in the next turn. */
void worker_make_ready(struct connection *c);

/* Closes the descriptor and frees the connection after the turn. */
void worker_drop(struct connection *c);

/* connection.c */

/* Does what can be done now. */
void connection_run(struct connection *c);

/* Changes the state. */
void connection_enter(struct connection *c, enum state state);

/* wire.c: sockets and the decoding of bodies */

enum wire {
    WIRE_DONE,    /* something was moved */
    WIRE_BLOCKED, /* nothing for now */
    WIRE_ENDED,   /* the peer's FIN */
    WIRE_FAILED,  /* the connection is lost */
};

/* Receives up to `count` bytes into `c->in`. */
enum wire wire_receive(struct connection *c, size_t count);

/* Throws away up to `count` bytes that the socket holds. */
enum wire wire_discard(struct connection *c, uint64_t count);

/* Sends what `c->out` holds; WIRE_DONE when all is gone. `more` says that a body follows. */
enum wire wire_flush(struct connection *c, bool more);

/* Sends body bytes from the pattern file: up to `count`, from body position `at`; *sent says how
 * many went. */
enum wire wire_send_pattern(struct connection *c, uint64_t at, uint64_t count, uint64_t *sent);

/* body.c: request bodies */

/* Prepares for the body that the request announces. */
void body_begin(struct connection *c);

/* Decodes what `c->in` holds and hands it to the service; false on a malformed body. */
bool body_decode(struct connection *c);

/* response.c */

/* Appends the 1xx responses of the plan. */
void response_interim(struct connection *c);

/* Appends the response head and settles `chunked`, `keep`, `limit`. */
void response_head(struct connection *c);

/* Hands on body bytes as far as possible. WIRE_DONE when all is in `c->out` or sent. */
enum wire response_body(struct connection *c);

/* Appends what ends a chunked body. */
void response_end(struct connection *c);

/* malformed.c */

/* Appends the malformed head that the plan orders; false when it orders a well-formed one. */
bool malformed_head(struct connection *c);

/* websocket.c */

/* Appends the 101 response. */
void websocket_accept(struct connection *c);

/* Echoes what `c->in` holds of frames; false when a close frame was answered. */
bool websocket_echo(struct connection *c);

#endif
