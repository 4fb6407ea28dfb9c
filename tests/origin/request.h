/* SPDX-License-Identifier: Apache-2.0 */
/* What a request asks of the origin: its framing, and the answer it orders by its parameters. */
#ifndef ORIGIN_REQUEST_H
#define ORIGIN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

#define HEAD_BYTES_MAX     (4U << 20) /* a request head; the proxy's buffers may be large */
#define WEBSOCKET_KEY_MAX  64U
#define INTERIM_MAX        4U
#define FOREVER            UINT64_MAX
#define STATUS_OK          200U
#define STATUS_NO_CONTENT  204U
#define STATUS_UNCHANGED   304U
#define STATUS_BAD_REQUEST 400U

/* What answers: chosen by the path. */
enum service {
    SERVICE_OBJECT,    /* bytes by the parameters */
    SERVICE_ECHO,      /* /echo: the request as it was received */
    SERVICE_BODY,      /* /body: the request's body, decoded */
    SERVICE_SUM,       /* /sum: length and SHA-256 of the request's body */
    SERVICE_STREAM,    /* /stream: the body, echoed while it arrives */
    SERVICE_WEBSOCKET, /* /ws */
    SERVICE_TUNNEL,    /* CONNECT, or `Upgrade: echo`: bytes come back */
};

/* What goes wrong with the answer, `plan.fault_at` body bytes into it. */
enum fault {
    FAULT_NONE,
    FAULT_RESET,  /* abort=: a RST */
    FAULT_CUT,    /* cut=: a FIN */
    FAULT_STALL,  /* stall=: silence */
    FAULT_DROP,   /* drop=fin: a FIN instead of an answer */
    FAULT_REFUSE, /* drop=rst: a RST instead of an answer */
    FAULT_NEVER,  /* never=1: silence instead of an answer */
};

/* A malformed response head (or body), by name. */
enum malformed {
    BAD_NOTHING,
    BAD_STATUS,  /* no HTTP status line */
    BAD_VERSION, /* HTTP/9.9 */
    BAD_NAME,    /* a space in a field name */
    BAD_COLON,   /* a space before the colon */
    BAD_NUL,     /* a NUL in a field value */
    BAD_LENGTH,  /* two different lengths */
    BAD_SIGN,    /* Content-Length: +5 */
    BAD_BOTH,    /* a length and chunked */
    BAD_CODING,  /* an unknown transfer coding */
    BAD_FOLD,    /* a folded line */
    BAD_LF,      /* bare line feeds */
    BAD_CR,      /* a bare CR in a value */
    BAD_CHUNK,   /* a chunk size that is none */
    BAD_LONG,    /* a head of 1 MiB */
};

struct plan {
    enum service service;
    unsigned status;     /* r= */
    uint64_t size;       /* s= */
    int64_t announced;   /* b=: -1 the truth, 0 no length, else this length */
    uint64_t read_max;   /* B= */
    uint64_t delay_ms;   /* t= */
    uint64_t idle_ms;    /* w= */
    uint64_t pause_ms;   /* P= */
    uint64_t chunk;      /* k=: bytes a chunk */
    uint64_t piece;      /* p=: bytes a write */
    uint64_t rate;       /* rate=: bytes a second */
    uint64_t head_piece; /* hp=: bytes of the head a write */
    uint64_t trailers;   /* trailers= */
    uint64_t fields;     /* hn= */
    uint64_t field_size; /* hl= */
    bool cacheable;      /* c= */
    bool force_close;    /* C= */
    bool force_keep;     /* K= */
    bool etag;           /* e= */
    bool splice;         /* S= */
    bool random;         /* R= */
    bool linger;         /* linger= */
    bool old_version;    /* v=0 */
    bool early;          /* B= was given */
    enum fault fault;
    uint64_t fault_at;
    enum malformed malformed;
    unsigned interim[INTERIM_MAX]; /* pre= */
    size_t interim_count;
};

struct request {
    bool is_head;
    bool is_connect;
    bool old_version; /* HTTP/1.0 */
    bool keep_alive;
    bool expects_continue;
    bool chunked;
    bool upgrade;
    uint64_t body_length; /* Content-Length, or 0 */
    char websocket_key[WEBSOCKET_KEY_MAX];
    struct plan plan;
};

/*
 * Reads the head of `length` bytes at `head` (which ends in an empty line) into `request`; fields
 * ordered by h= are appended to `extra` as lines. `default_size` is the body without s=. Returns
 * NULL, or what is wrong with the head.
 */
const char *request_read(struct request *request, const char *head, size_t length,
                         uint64_t default_size, struct buffer *extra);

/* The length of the head at the start of `data`, empty line included; 0 when it is not whole. */
size_t request_head_length(const char *data, size_t length);

#endif
