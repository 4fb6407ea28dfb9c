/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1 codec (RFC 9112), sans-I/O and strict: bytes in, messages and body pieces out, and
 * back. It refuses whatever two implementations could read in two ways (request smuggling):
 * conflicting or repeated lengths, codings other than a single chunked, obs-fold, bad chunk lines,
 * NUL, bare CR, space before a colon, a missing, repeated or bad Host or one that differs from the
 * target. Of Transfer-Encoding with Content-Length only the first is passed on and the connection
 * closes behind the message (RFC 9112 6.1), as HAProxy does.
 *
 * Heads are parsed in place in one pass once they are complete; a body is cut, never copied. No
 * memory beyond the message's.
 */
#ifndef WEIR_HTTP_HTTP1_H
#define WEIR_HTTP_HTTP1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "http/message.h"
#include "memory/chunk.h"

/* How strict to be; all false is the strict default. */
struct http1_options {
    bool accept_unsafe_request;  /* option accept-unsafe-violations-in-http-request */
    bool accept_unsafe_response; /* option accept-unsafe-violations-in-http-response */
};

/* Why a head was refused: for the status, the log and `show errors`. */
struct http1_error {
    uint16_t status;    /* what a client is answered: 400, 413, 422; 502 for responses */
    size_t position;    /* offset of the offending byte in the head */
    const char *reason; /* a constant text */
};

/*
 * Looks for the end of a head in `bytes`, going on at `*scanned` (0 at first) where the last call
 * stopped. RESULT_OK: `*length` is the head's length with its empty line, or what is there of bytes
 * that cannot become a head (parsing them tells why), empty lines in front included.
 * RESULT_BLOCKED: not yet complete.
 */
MUST_USE enum result http1_find_head(struct slice bytes, size_t *scanned, size_t *length);

/* How many bytes of empty lines stand before a request line (RFC 9112 2.2). */
size_t http1_skip_empty_lines(struct slice bytes);

/*
 * Parses a complete request head that lies in `chunk` (held by the message from now on; NULL: the
 * caller keeps the bytes) into a message fresh from init or clear. RESULT_INVALID and RESULT_FULL
 * (too many fields: 400 and 502 as well, see tune.http.maxhdr) with `error` filled;
 * RESULT_NO_MEMORY: try again later. The message is empty unless RESULT_OK.
 */
MUST_USE enum result http1_parse_request(struct slice head, struct chunk *chunk,
                                         const struct http1_options *options,
                                         struct http_message *message, struct http1_error *error);

/*
 * Parses a complete response head to a request of `method`. Results as for requests. Sets the body
 * kind (HEAD, 1xx, 204, 304, CONNECT). Whether a 101 was asked for is the caller's to check.
 */
MUST_USE enum result http1_parse_response(struct slice head, struct chunk *chunk,
                                          enum http_method method,
                                          const struct http1_options *options,
                                          struct http_message *message, struct http1_error *error);

/* ---- bodies ---- */

enum http1_body_state {
    HTTP1_BODY_DATA, /* raw bytes of a length, a chunk, until close or a tunnel */
    HTTP1_BODY_CHUNK_SIZE,
    HTTP1_BODY_CHUNK_BLANK, /* spaces behind the size */
    HTTP1_BODY_CHUNK_EXTENSION,
    HTTP1_BODY_CHUNK_SIZE_LF,
    HTTP1_BODY_CHUNK_END, /* the CRLF behind a chunk's data */
    HTTP1_BODY_CHUNK_END_LF,
    HTTP1_BODY_TRAILERS,
    HTTP1_BODY_DONE,
};

/* A body being received: 16 bytes. */
struct http1_body {
    uint64_t remaining; /* of the body or the chunk; UINT64_MAX until close */
    enum http1_body_state state;
    uint16_t extension_bytes; /* behind the size on the current chunk line */
    uint8_t digits;           /* of the chunk size read so far */
    bool is_chunked;
};

/* Bytes behind the size on one chunk line at the most; more is RESULT_INVALID. */
enum { HTTP1_CHUNK_EXTENSION_MAX = 1024 };

/* Prepares to receive the body of `message`. A message without one is done at once. */
void http1_body_begin(struct http1_body *body, const struct http_message *message);

/*
 * Looks at the next bytes. RESULT_OK: the first `*skip` bytes are framing to drop, the `*data`
 * bytes after them, at least one, are body. RESULT_BLOCKED: more bytes are needed; `*skip` bytes of
 * framing to drop. RESULT_END: the body is complete; `*skip` bytes of framing to drop; in
 * HTTP1_BODY_TRAILERS state http1_parse_trailers is next. RESULT_INVALID: bad framing; the body is
 * as it was, so that the same bytes are refused again.
 */
MUST_USE enum result http1_body_next(struct http1_body *body, struct slice bytes, size_t *skip,
                                     size_t *data);

/*
 * Parses the trailer section at the start of `bytes` when body->state is HTTP1_BODY_TRAILERS:
 * RESULT_OK (the body is done, `*length` bytes belong to it, fields copied into `trailers`),
 * RESULT_BLOCKED, RESULT_INVALID, RESULT_FULL (too many fields or bytes), RESULT_NO_MEMORY (try
 * again later). `trailers` is empty, and its arena, which a refusal clears, is for it alone. Fields
 * that may not be trailers, such as Content-Length or Host, are left out (RFC 9110 6.5.1).
 */
MUST_USE enum result http1_parse_trailers(struct http1_body *body, struct slice bytes,
                                          struct http_fields *trailers, size_t *length);

/* ---- writing ---- */

/* How the connection a head is written to goes on. */
struct http1_write_options {
    bool close;         /* this side closes after the message: "connection: close" */
    bool keep_alive;    /* HTTP/1.0 peer that asked: "connection: keep-alive" */
    bool absolute_form; /* write the target as it came when it was absolute */
    bool chunked;       /* body framed by chunks here (HTTP_BODY_CHUNKED towards HTTP/1.1) */
};

/*
 * Writes a request or response head as HTTP/1.1 into `queue`, connection-level fields (Connection,
 * Keep-Alive, Proxy-Connection, Transfer-Encoding, TE, Upgrade) dropped and set anew by `options`
 * and the message's meaning; upgrades keep theirs. Content-Length is what the body kind says,
 * whatever the fields do; only without a body (HEAD, 304) it is what the fields say. A request for
 * an authority gets a Host when it has none; an HTTP/1.0 request for no host at all stays
 * HTTP/1.0, which needs none. RESULT_NO_MEMORY writes nothing.
 */
MUST_USE enum result http1_write_head(const struct http_message *message,
                                      const struct http1_write_options *options,
                                      struct chunk_queue *queue, struct chunk_source *source,
                                      struct account *account);

/* Whether a rule gave the message "Connection: close": the connection ends behind it. */
bool http1_asks_close(const struct http_message *message);

/* Bytes of a chunk header ("1a2b\r\n") at the most. */
enum { HTTP1_CHUNK_HEADER_MAX = 18 };

/* Writes the line in front of a chunk of `bytes` payload; returns its length. */
size_t http1_write_chunk_header(char out[HTTP1_CHUNK_HEADER_MAX], size_t bytes);

/* Writes the last chunk, trailers (may be NULL or empty) and the empty line. RESULT_NO_MEMORY
 * writes nothing. */
MUST_USE enum result http1_write_last_chunk(const struct http_fields *trailers,
                                            struct chunk_queue *queue, struct chunk_source *source,
                                            struct account *account);

#endif
