/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions on a request's method and target: set-method, set-path, set-pathq, set-query, set-uri,
 * and replace-path, replace-pathq, replace-uri, which apply a regex to the same parts.
 *
 *   uri    scheme://host/path?query        pathq  /path?query
 *   path         /path                     query         query
 *
 * A value that the grammar forbids (white space, control bytes) is a failed rewrite, so that a rule
 * cannot split a request. Memory: the message's arena; parts are joined in scratch.
 */
#include "rules/actions.h"

#include "memory/arena.h"
#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/regex.h"
#include "rules/rewrite.h"

/* Longest target that a regex may make. */
enum { TARGET_BYTES_MAX = 8 * 1024 };

/* Room for what the regex library says. */
enum { REGEX_ERROR_BYTES = 256 };

/* What of the request line an action changes. */
enum line_part { LINE_METHOD, LINE_PATH, LINE_PATH_QUERY, LINE_QUERY, LINE_URI };

struct uri_arguments {
    enum line_part part;
    struct log_format *format;
    struct regex *regex; /* replace-*: NULL otherwise */
};

static void destroy_uri(struct account *account, void *data)
{
    struct uri_arguments *arguments = data;
    log_format_destroy(account, arguments->format);
    regex_destroy(account, arguments->regex);
}

/* ---- parsing ---- */

static enum result parse_set(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                             const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (!arguments_are(words, words_count, 1)) {
        return parser_fail(parser, "expects exactly 1 argument <format>");
    }
    struct uri_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->part = rule->ops->variant;
    *words_used = 1;
    return log_format_parse_for(parser, words[0], LOG_FORMAT_FOR_HTTP, &arguments->format);
}

static enum result parse_replace(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (!arguments_are(words, words_count, 2)) {
        return parser_fail(parser,
                           "expects exactly 2 arguments <match-regex> and <replace-format>");
    }
    struct uri_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->part = rule->ops->variant;
    char storage[REGEX_ERROR_BYTES];
    struct text error = text_over(storage, sizeof(storage));
    enum result result =
        regex_compile(parser->account, slice_from_string(words[0]), 0, &error, &arguments->regex);
    if (result == RESULT_INVALID) {
        return parser_fail(parser, "regex '%s' is invalid (%s)", words[0], storage);
    }
    if (result != RESULT_OK) {
        return parser_fail_memory(parser);
    }
    *words_used = 2;
    return log_format_parse_for(parser, words[1], LOG_FORMAT_FOR_HTTP, &arguments->format);
}

/* ---- running ---- */

/* Joins up to three parts in scratch; data NULL when refused. */
static struct slice join_parts(struct arena *scratch, struct slice first, struct slice second,
                               struct slice third)
{
    size_t size = first.length + second.length + third.length + 1;
    char *room = arena_take_text(scratch, size);
    if (room == NULL) {
        return SLICE_NONE;
    }
    struct text text = text_over(room, size);
    text_append(&text, first);
    text_append(&text, second);
    text_append(&text, third);
    return text_slice(&text);
}

/* A new path in front of the query that there is. */
static enum result set_path(struct http_message *request, struct slice path, struct arena *scratch)
{
    struct slice query = http_message_query(request);
    if (query.data == NULL) {
        return http_message_set_path(request, path);
    }
    struct slice joined = join_parts(scratch, path, SLICE("?"), query);
    return joined.data == NULL ? RESULT_NO_MEMORY : http_message_set_path(request, joined);
}

/* A new query behind the path; the question mark stays if there was one, and comes if needed. */
static enum result set_query(struct http_message *request, struct slice query,
                             struct arena *scratch)
{
    bool has_mark = http_message_query(request).data != NULL;
    if (!has_mark && query.length == 0) {
        return RESULT_OK;
    }
    struct slice path = http_message_path_only(request);
    struct slice joined = join_parts(scratch, path, SLICE("?"), query);
    return joined.data == NULL ? RESULT_NO_MEMORY : http_message_set_path(request, joined);
}

static enum result set_part(enum line_part part, struct http_message *request, struct slice value,
                            struct arena *scratch)
{
    switch (part) {
    case LINE_METHOD:
        return http_message_set_method(request, value);
    case LINE_PATH:
        return set_path(request, value, scratch);
    case LINE_PATH_QUERY:
        return http_message_set_path(request, value);
    case LINE_QUERY:
        return set_query(request, value, scratch);
    case LINE_URI:
        return http_message_set_uri(request, value);
    }
    return RESULT_FAILED;
}

static struct slice get_part(enum line_part part, const struct http_message *request)
{
    switch (part) {
    case LINE_METHOD:
        return request->method;
    case LINE_PATH:
        return http_message_path_only(request);
    case LINE_PATH_QUERY:
        return request->path;
    case LINE_QUERY:
        return http_message_query(request);
    case LINE_URI:
        return request->target;
    }
    return SLICE_NONE;
}

/* What the regex makes of the part. RESULT_NOT_FOUND: it does not match. */
static enum result apply_regex(const struct uri_arguments *arguments, struct rule_context *context,
                               struct slice part, struct slice *out)
{
    struct regex_match match;
    enum result result = regex_search(arguments->regex, part, context->scratch, &match);
    if (result != RESULT_OK) {
        return result;
    }
    struct slice replacement;
    result = log_format_evaluate(arguments->format, context, &replacement);
    if (result != RESULT_OK) {
        return result;
    }
    char *room = arena_take_text(context->scratch, TARGET_BYTES_MAX);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, TARGET_BYTES_MAX);
    regex_expand(replacement, &match, &text);
    *out = text_slice(&text);
    return text.truncated ? RESULT_FULL : RESULT_OK;
}

static void run_uri(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    const struct uri_arguments *arguments = rule->arguments;
    struct http_message *request = context->request;
    if (request == NULL) {
        return;
    }
    struct slice value;
    enum result result;
    if (arguments->regex != NULL) {
        result = apply_regex(arguments, context, get_part(arguments->part, request), &value);
    } else {
        result = log_format_evaluate(arguments->format, context, &value);
    }
    if (result == RESULT_NOT_FOUND) {
        return;
    }
    if (result == RESULT_OK) {
        result = set_part(arguments->part, request, value, context->scratch);
    }
    (void)rewrite_check(result, context, verdict);
}

const struct action_ops ACTIONS_URI[] = {
    {"replace-path", PHASES_HTTP_REQUEST, "replace-path <match-regex> <replace-fmt>", parse_replace,
     run_uri, destroy_uri, LINE_PATH},
    {"replace-pathq", PHASES_HTTP_REQUEST, "replace-pathq <match-regex> <replace-fmt>",
     parse_replace, run_uri, destroy_uri, LINE_PATH_QUERY},
    {"replace-uri", PHASES_HTTP_REQUEST, "replace-uri <match-regex> <replace-fmt>", parse_replace,
     run_uri, destroy_uri, LINE_URI},
    {"set-method", PHASES_HTTP_REQUEST, "set-method <fmt>", parse_set, run_uri, destroy_uri,
     LINE_METHOD},
    {"set-path", PHASES_HTTP_REQUEST, "set-path <fmt>", parse_set, run_uri, destroy_uri, LINE_PATH},
    {"set-pathq", PHASES_HTTP_REQUEST, "set-pathq <fmt>", parse_set, run_uri, destroy_uri,
     LINE_PATH_QUERY},
    {"set-query", PHASES_HTTP_REQUEST, "set-query <fmt>", parse_set, run_uri, destroy_uri,
     LINE_QUERY},
    {"set-uri", PHASES_HTTP_REQUEST, "set-uri <fmt>", parse_set, run_uri, destroy_uri, LINE_URI},
    {0},
};
