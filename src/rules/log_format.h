/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log-format strings: text, "%alias", "%[expression]", "%{flags}…" compiled to a list of parts, and
 * evaluated into a bounded text. Used for logs, header values, redirects, replies, paths, unique
 * ids.
 *
 * What bounds it: the compiled parts belong to the configuration; evaluation writes into the
 * caller's text or the context's scratch arena.
 */
#ifndef WEIR_RULES_LOG_FORMAT_H
#define WEIR_RULES_LOG_FORMAT_H

#include <stdbool.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "rules/context.h"
#include "rules/sample.h"

struct log_format;

/* HAProxy's predefined formats. */
extern const char LOG_FORMAT_HTTP[];    /* option httplog */
extern const char LOG_FORMAT_HTTPS[];   /* option httpslog */
extern const char LOG_FORMAT_TCP[];     /* option tcplog */
extern const char LOG_FORMAT_CLF[];     /* option httplog clf */
extern const char LOG_FORMAT_TCP_CLF[]; /* option tcplog clf */
extern const char LOG_FORMAT_DEFAULT[]; /* neither: "Connect from…" */
extern const char LOG_FORMAT_ERROR[];   /* a connection that failed before a request: 8.2.5 */

/* What a format is used for: how unsafe bytes are written, and whether spaces are merged. */
enum log_format_use {
    LOG_FORMAT_FOR_LOG,  /* log-format, log-format-sd: missing values are "-", spaces are merged */
    LOG_FORMAT_FOR_HTTP, /* header values, paths, bodies, keys: control bytes become %XX */
    LOG_FORMAT_FOR_ID,   /* unique-id-format: as for HTTP, spaces are merged */
    LOG_FORMAT_FOR_STRING, /* set-var-fmt: bytes as they are */
};

/* The longest unique id with its NUL, as in HAProxy. */
enum { UNIQUE_ID_SIZE = 128 };

/*
 * Compiles `format` for `use`; expressions must be available where parser->capabilities say.
 * RESULT_INVALID with parser->error, RESULT_NO_MEMORY.
 */
MUST_USE enum result log_format_parse_for(struct rule_parser *parser, const char *format,
                                          enum log_format_use use, struct log_format **out);

/* Releases a format; NULL is allowed. */
void log_format_destroy(struct account *account, struct log_format *format);

/* Appends the evaluated text. What does not fit is cut and text->truncated set. */
void log_format_append(const struct log_format *format, struct rule_context *context,
                       struct text *text);

/*
 * Evaluates into the context's scratch arena (or gives what needs no copy). RESULT_FULL: longer
 * than a normal chunk; RESULT_NO_MEMORY: the arena refused.
 */
MUST_USE enum result log_format_evaluate(const struct log_format *format,
                                         struct rule_context *context, struct slice *out);

/* Whether it is one constant text without any alias or expression; `out` is that text. */
bool log_format_is_constant(const struct log_format *format, struct slice *out);

/*
 * The stream's unique id, computed at its first use and kept in the stream's arena; data NULL when
 * the frontend has no unique-id-format or memory was refused.
 */
struct slice log_format_unique_id(struct rule_context *context);

#endif
