/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message's head in the version-independent form of RFC 9110: control data and fields. Every mux
 * fills it from its wire format and writes it to its wire format; rules read and change it in
 * between.
 *
 * Its slices point into `head` (the chunk that was parsed, held by one reference) or into `arena`.
 * Both go when the message is cleared. What bounds it: one chunk, and the arena's cap
 * (tune.maxrewrite plus the table of fields).
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

enum http_version {
    HTTP_VERSION_0_9,
    HTTP_VERSION_1_0,
    HTTP_VERSION_1_1,
    HTTP_VERSION_2,
    HTTP_VERSION_3
};

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
    HTTP_BODY_NONE,    /* no body at all: HEAD, 204, 304, no length on a request */
    HTTP_BODY_LENGTH,  /* content_length bytes */
    HTTP_BODY_CHUNKED, /* unknown length, delimited by the wire format, trailers possible (h1
                          chunked, h2, h3) */
    HTTP_BODY_CLOSE,   /* until the connection ends (h1 responses only) */
    HTTP_BODY_TUNNEL,  /* raw bytes both ways: after 101 or a 2xx to CONNECT */
};

/* Request target forms (RFC 9112 3.2). */
enum http_target {
    HTTP_TARGET_ORIGIN,
    HTTP_TARGET_ABSOLUTE,
    HTTP_TARGET_AUTHORITY,
    HTTP_TARGET_ASTERISK
};

struct http_message {
    struct arena arena;
    struct chunk *head; /* the parsed bytes; NULL for messages made here */
    struct http_fields fields;
    uint16_t fields_max; /* tune.http.maxhdr: of a received message, its first line included */
    bool is_response;
    enum http_version version;

    /* requests */
    enum http_method method_id;
    enum http_target target_form;
    struct slice method;
    struct slice target;    /* as on the wire for HTTP/1: what `url` and %HU mean */
    struct slice scheme;    /* empty when the target has none */
    struct slice authority; /* of the target; empty when it has none: then Host counts */
    struct slice path;      /* path and query, "*" or empty (CONNECT): what `pathq` means */

    /* responses */
    uint16_t status;
    struct slice reason;

    /* body and connection semantics, computed by the codec */
    enum http_body body;
    uint64_t content_length;
    bool expects_continue; /* Expect: 100-continue */
    bool wants_close;      /* Connection: close, or HTTP/1.0 without keep-alive */
    bool wants_upgrade;    /* Connection: upgrade with an Upgrade field */
    bool te_trailers;      /* TE: trailers */
    struct slice protocol; /* extended CONNECT's :protocol (h2, h3), or empty */
};

/* Fields that may be added to a message beyond those it was received with. */
enum { HTTP_FIELDS_ADDED_MAX = 128 };

/*
 * An empty message. `rewrite_bytes_max` caps what rules may add; `fields_max` is tune.http.maxhdr.
 * No memory is taken yet.
 */
void http_message_init(struct http_message *message, struct chunk_source *source,
                       struct account *account, size_t rewrite_bytes_max, uint16_t fields_max);

/* Gives everything back and leaves an empty message as after init. */
void http_message_clear(struct http_message *message);

/*
 * Changes of the first line: copies into the arena. RESULT_NO_MEMORY when refused; RESULT_INVALID
 * for bytes that the grammar does not allow, and for changes that would make the peer frame the
 * message otherwise than it is framed. Nothing is changed then.
 */

/* Replaces the method. From or to CONNECT is invalid, as is HEAD for another or another for HEAD.
 */
MUST_USE enum result http_message_set_method(struct http_message *message, struct slice method);

/* Replaces path and query, "/…" or "*", in the target's form. Invalid for CONNECT. */
MUST_USE enum result http_message_set_path(struct http_message *message,
                                           struct slice path_and_query);

/* Replaces the target by "/…", "*" or an absolute URI, whose authority becomes the Host. */
MUST_USE enum result http_message_set_uri(struct http_message *message, struct slice uri);

/*
 * Replaces status (200 to 999, others stay what they are) and reason. A response without body whose
 * new status allows one gets an empty one; one with a body cannot become 204 or 304.
 */
MUST_USE enum result http_message_set_status(struct http_message *message, uint16_t status,
                                             struct slice reason);

/* The id of a method name (case matters), HTTP_METHOD_OTHER for others. */
enum http_method http_method_find(struct slice name);

/* The name of a method's id, empty for HTTP_METHOD_OTHER. */
struct slice http_method_name(enum http_method method);

/* The registered reason phrase of a status, words for its class for others. */
struct slice http_status_reason(uint16_t status);

/* The message's path without the query. */
struct slice http_message_path_only(const struct http_message *message);

/* The query of the message's path without '?', or data NULL when there is no '?'. */
struct slice http_message_query(const struct http_message *message);

/* The host that the request is for: the target's authority, else the Host field. */
struct slice http_message_host(const struct http_message *message);

#endif
