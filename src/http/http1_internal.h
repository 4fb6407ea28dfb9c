/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources of the HTTP/1 codec share: a cursor over a head, its field lines, and what the
 * fields say together about body and connection.
 */
#ifndef WEIR_HTTP_HTTP1_INTERNAL_H
#define WEIR_HTTP_HTTP1_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "http/http1.h"

/* Statuses that the codec answers with or looks at. */
enum {
    HTTP1_STATUS_SWITCHING = 101,
    HTTP1_STATUS_OK = 200,
    HTTP1_STATUS_NO_CONTENT = 204,
    HTTP1_STATUS_REDIRECTION = 300,
    HTTP1_STATUS_NOT_MODIFIED = 304,
    HTTP1_STATUS_BAD_REQUEST = 400,
    HTTP1_STATUS_PAYLOAD_TOO_LARGE = 413,
    HTTP1_STATUS_UNPROCESSABLE = 422,
    HTTP1_STATUS_UPGRADE_REQUIRED = 426,
    HTTP1_STATUS_BAD_GATEWAY = 502,
};

/* A place in a head that is being parsed. */
struct http1_cursor {
    const char *start;
    const char *at;
    const char *end;
    struct http1_error *error;
    uint16_t status; /* what an error means: 400 or 502 */
    bool is_lenient; /* accept-unsafe-violations-in-http-… */
    bool needs_crlf; /* a bare LF does not end a line (trailers) */
};

/* Puts the cursor behind the empty lines in front of a head; the caller sets the other members. */
void http1_begin_head(struct http1_cursor *cursor, struct slice head, struct http1_error *error);

/*
 * Ends the parsing of a head: a good message holds its chunk, a refused one is cleared and `error`
 * says why. Returns `result`.
 */
enum result http1_finish_head(struct http1_cursor *cursor, struct chunk *chunk,
                              struct http_message *message, enum result result);

/* Reads "HTTP/1.x", or, lenient, other names and numbers as HAProxy does. */
MUST_USE enum result http1_read_version(struct http1_cursor *cursor, enum http_version *version);

/* Notes an error at `where` with the cursor's own status. Always RESULT_INVALID. */
enum result http1_fail(struct http1_cursor *cursor, const char *where, const char *reason);

/* As http1_fail with another status (requests only; a response's stays 502). */
enum result http1_fail_with(struct http1_cursor *cursor, const char *where, uint16_t status,
                            const char *reason);

/* Passes over the end of a line: CRLF, or a bare LF (RFC 9112 2.2). False when there is none. */
bool http1_skip_line_end(struct http1_cursor *cursor);

/*
 * Reads the next field line. RESULT_OK with `field` filled; RESULT_END behind the empty line;
 * RESULT_NOT_FOUND for a line to be dropped (lenient); RESULT_INVALID.
 */
MUST_USE enum result http1_next_field(struct http1_cursor *cursor, struct http_field *field);

/* What the fields of a head say together. Zero it first. */
struct http1_framing {
    uint64_t length;
    const char *length_at; /* value of Content-Length, NULL: none */
    const char *coding_at; /* value of the first Transfer-Encoding, NULL: none */
    uint16_t chunked_codings;
    uint16_t hosts;    /* Host fields */
    bool ends_chunked; /* the last coding is chunked */
    bool has_other_coding;
    bool has_empty_coding;
    bool closes; /* Connection options */
    bool keeps_alive;
    bool offers_upgrade;
    bool names_fields; /* Connection names fields that belong to it */
    bool has_upgrade;  /* Upgrade tokens */
    bool is_websocket;
    bool is_h2;
    bool expects_continue;
    bool te_trailers;
};

/* Reads all field lines into the message and the framing. RESULT_OK, RESULT_INVALID, RESULT_FULL,
 * RESULT_NO_MEMORY. */
MUST_USE enum result http1_read_fields(struct http1_cursor *cursor, struct http_message *message,
                                       struct http1_framing *framing);

/* Checks Transfer-Encoding, and drops a Content-Length beside it (RFC 9112 6.3). */
MUST_USE enum result http1_check_coding(struct http1_cursor *cursor, struct http1_framing *framing,
                                        struct http_message *message);

/* Sets wants_close by version and Connection (RFC 9112 9.3), and takes out the fields that
 * Connection names (RFC 9110 7.6.1). */
MUST_USE enum result http1_apply_connection(struct http1_cursor *cursor,
                                            const struct http1_framing *framing,
                                            struct http_message *message);

#endif
