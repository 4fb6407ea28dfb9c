/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reply is made of: shared by the sources that load, parse, keep and materialize replies.
 * Counted, since a table of error pages may be imported into several proxies.
 */
#ifndef WEIR_RULES_REPLY_INTERNAL_H
#define WEIR_RULES_REPLY_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "http/message.h"
#include "rules/reply.h"

struct log_format;

enum reply_kind {
    REPLY_BUILT_IN, /* HAProxy's page of a status: constant */
    REPLY_MESSAGE,  /* a whole response: reason, headers and body of an error file */
    REPLY_SILENT,   /* an empty error file: close without a word */
    REPLY_PAYLOAD,  /* status, headers, and a body (maybe empty) given as text or file */
    REPLY_FORMAT,   /* as REPLY_PAYLOAD with an evaluated body */
    REPLY_TABLE,    /* the page of this status in the proxy's table: default-errorfiles */
    REPLY_SECTION,  /* …or in an http-errors section */
};

/* A header of a reply: constant, or evaluated when `format` is not NULL. */
struct reply_header {
    struct slice name;
    struct slice value;
    struct log_format *format;
};

struct reply {
    enum reply_kind kind;
    uint16_t status;
    enum http_version version;
    bool closes;         /* the connection is closed after it */
    bool has_length;     /* REPLY_MESSAGE: a Content-Length is among the headers */
    struct slice reason; /* empty: the usual one */
    struct reply_header *headers;
    unsigned headers_count;
    struct slice content_type;
    struct slice body;
    struct log_format *body_format;
    const struct error_files *section;
    char *storage; /* what the slices point into; NULL: elsewhere */
};

/* A new reply, or NULL when memory is refused. */
struct reply *reply_create(struct account *account, enum reply_kind kind, uint16_t status);

/* Adds a header whose slices live as long as the reply. `format` may be NULL. */
MUST_USE enum result reply_add_header(struct reply *reply, struct account *account,
                                      struct slice name, struct slice value,
                                      struct log_format *format);

/* The most bytes a reply may have, by the parser. */
size_t reply_limit(const struct rule_parser *parser);

/*
 * Reads a whole file of at most reply_limit bytes into a block of the parser's account, followed by
 * a NUL. RESULT_INVALID with the parser's error.
 */
MUST_USE enum result reply_read_file(struct rule_parser *parser, const char *path, char **block,
                                     struct slice *bytes);

/* The built-in page of `status`, or NULL when there is none. */
const struct reply *error_page_find(uint16_t status);

#endif
