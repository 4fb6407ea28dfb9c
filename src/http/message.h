/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message's head in the version-independent form of RFC 9110: control data and fields. Every mux fills it from its wire
 * format and writes it to its wire format; rules read and change it in between.
 *
 * Its slices point into `head` (the chunk that was parsed, held by one reference) or into `arena`. Both go when the message is
 * cleared. What bounds it: one chunk, and the arena's cap (tune.maxrewrite plus the table of fields).
 */
#ifndef WEIR_HTTP_MESSAGE_H
#define WEIR_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "http/fields.h"
#include "memory/arena.h"
#include "memory/chunk.h"

enum http_version { HTTP_VERSION_0_9, HTTP_VERSION_1_0, HTTP_VERSION_1_1, HTTP_VERSION_2, HTTP_VERSION_3 };

enum http_method {
    HTTP_METHOD_OTHER,
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_TRACE,
    HTTP_METHOD_CONNECT,
    HTTP_METHOD_PATCH,
    HTTP_METHODS
};

/* How the body that follows is delimited, whatever the wire format. */
enum http_body {
    HTTP_BODY_NONE,      /* no body at all: HEAD, 204, 304, no length on a request */
    HTTP_BODY_LENGTH,    /* content_length bytes */
    HTTP_BODY_CHUNKED,   /* unknown length, delimited by the wire format, trailers possible (h1 chunked, h2, h3) */
    HTTP_BODY_CLOSE,     /* until the connection ends (h1 responses only) */
    HTTP_BODY_TUNNEL,    /* raw bytes both ways: after 101 or a 2xx to CONNECT */
};

/* Request target forms (RFC 9112 3.2). */
enum http_target { HTTP_TARGET_ORIGIN, HTTP_TARGET_ABSOLUTE, HTTP_TARGET_AUTHORITY, HTTP_TARGET_ASTERISK };

struct http_message {
    struct arena arena;
    struct chunk *head;      /* the parsed bytes; NULL for messages made here */
    struct http_fields fields;
    bool is_response;
    enum http_version version;

    /* requests */
    enum http_method method_id;
    enum http_target target_form;
    struct slice method;
    struct slice target;     /* as on the wire for HTTP/1: what `url` and %HU mean */
    struct slice scheme;     /* empty when the target has none */
    struct slice authority;  /* of the target; empty when it has none: then Host counts */
    struct slice path;       /* path and query, "*" or empty (CONNECT): what `pathq` means */

    /* responses */
    uint16_t status;
    struct slice reason;

    /* body and connection semantics, computed by the codec */
    enum http_body body;
    uint64_t content_length;
    bool expects_continue;   /* Expect: 100-continue */
    bool wants_close;        /* Connection: close, or HTTP/1.0 without keep-alive */
    bool wants_upgrade;      /* Connection: upgrade with an Upgrade field */
    bool te_trailers;        /* TE: trailers */
    struct slice protocol;   /* extended CONNECT's :protocol (h2, h3), or empty */
};

/* An empty message. `rewrite_bytes_max` caps what rules may add; `fields_max` is tune.http.maxhdr. No memory is taken yet. */
void http_message_init(struct http_message *message, struct chunk_source *source, struct account *account,
                       size_t rewrite_bytes_max, uint16_t fields_max);

/* Gives everything back and leaves an empty message as after init. */
void http_message_clear(struct http_message *message);

/* Replaces method, path (and query), status, reason: copies into the arena. RESULT_NO_MEMORY when refused, RESULT_INVALID for bytes
 * that the grammar does not allow. */
MUST_USE enum result http_message_set_method(struct http_message *message, struct slice method);
MUST_USE enum result http_message_set_path(struct http_message *message, struct slice path_and_query);
MUST_USE enum result http_message_set_uri(struct http_message *message, struct slice uri);
MUST_USE enum result http_message_set_status(struct http_message *message, uint16_t status, struct slice reason);

/* The id of a method name (case matters), HTTP_METHOD_OTHER for others; and the name of an id. */
enum http_method http_method_find(struct slice name);
struct slice http_method_name(enum http_method method);

/* The usual reason phrase of a status, "Unknown" style text for others. */
struct slice http_status_reason(uint16_t status);

/* Path without the query, and the query without '?' (data NULL when there is no '?'), of the message's path. */
struct slice http_message_path_only(const struct http_message *message);
struct slice http_message_query(const struct http_message *message);

/* The host that the request is for: the target's authority, else the Host field. */
struct slice http_message_host(const struct http_message *message);

#endif
