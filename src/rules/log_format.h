/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log-format strings: text, "%alias", "%[expression]", "%{flags}…" compiled to a list of parts, and evaluated into a bounded text. Used for logs,
 * header values, redirects, replies, paths, unique ids.
 */
#ifndef WEIR_RULES_LOG_FORMAT_H
#define WEIR_RULES_LOG_FORMAT_H

#include <stdbool.h>

#include "base/result.h"
#include "base/text.h"
#include "rules/context.h"
#include "rules/sample.h"

struct log_format;

/* HAProxy's predefined formats. */
extern const char LOG_FORMAT_HTTP[];  /* option httplog */
extern const char LOG_FORMAT_HTTPS[]; /* option httpslog */
extern const char LOG_FORMAT_TCP[];   /* option tcplog */
extern const char LOG_FORMAT_CLF[];   /* option httplog clf */
extern const char LOG_FORMAT_DEFAULT[]; /* neither: "Connect from…" */

/* Compiles `format`. RESULT_INVALID with parser->error. */
MUST_USE enum result log_format_parse(struct rule_parser *parser, const char *format, struct log_format **out);
void log_format_destroy(struct account *account, struct log_format *format);

/* Appends the evaluated text. What does not fit is cut and text->truncated set. Missing values are "-" in logs (phase RULE_LOG), empty elsewhere. */
void log_format_append(const struct log_format *format, struct rule_context *context, struct text *text);

/* Whether it is one constant text without any alias or expression; `out` is that text. */
bool log_format_is_constant(const struct log_format *format, struct slice *out);

/* Whether the format needs the response (or the end of the stream), so that option logasap and early logging know. */
bool log_format_needs_response(const struct log_format *format);

#endif
