/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions on header fields and the status line: add-header, set-header, del-header, replace-header
 * (whole lines), replace-value (elements of a list), set-status. Values are log-formats; what a
 * regex replaces may name its groups (\1).
 *
 * Memory: new values are copied into the message's arena; when that refuses, the rewrite has failed
 * (rewrite.h). Everything else is scratch.
 */
#include "rules/actions.h"

#include <string.h>

#include "base/number.h"
#include "memory/arena.h"
#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/pattern.h"
#include "rules/regex.h"
#include "rules/rewrite.h"

/* Longest value that a regex may make of a header. */
enum { REPLACED_BYTES_MAX = 8 * 1024 };

/* Room for what the regex library says. */
enum { REGEX_ERROR_BYTES = 256 };

enum { STATUS_CODE_MIN = 100, STATUS_CODE_MAX = 999 };

struct header_arguments {
    char *name;                 /* in small letters, as HAProxy sends names; a regex as written */
    enum pattern_method method; /* del-header -m */
    struct regex *regex;        /* of the name (del-header -m reg), or of the value (replace-*) */
    struct log_format *format;
};

static void destroy_header(struct account *account, void *data)
{
    struct header_arguments *arguments = data;
    memory_release(account, arguments->name);
    regex_destroy(account, arguments->regex);
    log_format_destroy(account, arguments->format);
}

static struct slice header_name(const struct header_arguments *arguments)
{
    return slice_from_string(arguments->name);
}

static void lower_text(char *text)
{
    for (; *text != '\0'; text++) {
        *text = ascii_lower(*text);
    }
}

/* Takes the arguments and keeps the header's name. NULL with the parser's error. */
static struct header_arguments *take_named(struct rule_parser *parser, struct rule *rule,
                                           const char *name)
{
    struct header_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return NULL;
    }
    arguments->name = rule_copy(parser, slice_from_string(name));
    return arguments->name == NULL ? NULL : arguments;
}

static enum result compile_regex(struct rule_parser *parser, const char *pattern,
                                 struct regex **out)
{
    char storage[REGEX_ERROR_BYTES];
    struct text error = text_over(storage, sizeof(storage));
    enum result result = regex_compile(parser->account, slice_from_string(pattern), 0, &error, out);
    if (result == RESULT_INVALID) {
        return parser_fail(parser, "regex '%s' is invalid (%s)", pattern, storage);
    }
    return result == RESULT_NO_MEMORY ? parser_fail_memory(parser) : result;
}

/* ---- add-header, set-header ---- */

static enum result parse_header_value(struct rule_parser *parser, struct rule *rule,
                                      enum rule_phase phase, const char *const *words,
                                      unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (!arguments_are(words, words_count, 2)) {
        return parser_fail(parser, "expects exactly 2 arguments");
    }
    if (!slice_is_token(slice_from_string(words[0]))) {
        return parser_fail(parser, "'%s' is not a valid header name", words[0]);
    }
    struct header_arguments *arguments = take_named(parser, rule, words[0]);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    lower_text(arguments->name);
    *words_used = 2;
    return log_format_parse_for(parser, words[1], LOG_FORMAT_FOR_HTTP, &arguments->format);
}

/* "scheme://authority/path" in scratch; data NULL when refused. */
static struct slice join_target(const struct http_message *request, struct slice authority,
                                struct arena *scratch)
{
    size_t size = request->scheme.length + authority.length + request->path.length + sizeof("://");
    char *room = arena_take_text(scratch, size);
    if (room == NULL) {
        return SLICE_NONE;
    }
    struct text text = text_over(room, size);
    text_append(&text, request->scheme);
    text_append(&text, SLICE("://"));
    text_append(&text, authority);
    text_append(&text, request->path);
    return text_slice(&text);
}

/* A request's target and its Host must name the same (RFC 9112 3.2.2): the target follows. */
static enum result follow_host(struct http_message *request, struct slice host,
                               struct arena *scratch)
{
    if (request->authority.length == 0) {
        return RESULT_OK;
    }
    if (request->target_form == HTTP_TARGET_ABSOLUTE) {
        struct slice target = join_target(request, host, scratch);
        return target.data == NULL ? RESULT_NO_MEMORY : http_message_set_uri(request, target);
    }
    struct slice copy = arena_copy(&request->arena, host);
    if (copy.data == NULL) {
        return RESULT_NO_MEMORY;
    }
    request->authority = copy;
    return RESULT_OK;
}

static void put_header(const struct rule *rule, struct rule_context *context,
                       struct verdict *verdict, bool replaces)
{
    const struct header_arguments *arguments = rule->arguments;
    struct http_message *message = rewrite_message(context);
    struct slice value;
    if (message == NULL ||
        !rewrite_check(log_format_evaluate(arguments->format, context, &value), context, verdict)) {
        return;
    }
    /* The value was computed from the old field, which goes only now. */
    if (replaces) {
        (void)http_fields_remove_all(&message->fields, header_name(arguments));
    }
    value = slice_trim(value);
    enum result result = http_fields_append_copy(&message->fields, header_name(arguments), value);
    if (result == RESULT_OK && replaces && !message->is_response &&
        http_name_find(header_name(arguments)) == HTTP_NAME_HOST) {
        result = follow_host(message, value, context->scratch);
    }
    (void)rewrite_check(result, context, verdict);
}

static void run_add_header(const struct rule *rule, struct rule_context *context,
                           struct verdict *verdict)
{
    put_header(rule, context, verdict, false);
}

static void run_set_header(const struct rule *rule, struct rule_context *context,
                           struct verdict *verdict)
{
    put_header(rule, context, verdict, true);
}

/* ---- del-header ---- */

static bool is_name_method(enum pattern_method method)
{
    return method == PATTERN_STRING || method == PATTERN_BEGIN || method == PATTERN_END ||
           method == PATTERN_SUBSTRING || method == PATTERN_REGEX;
}

static enum result parse_delete_method(struct rule_parser *parser,
                                       struct header_arguments *arguments, const char *const *words,
                                       unsigned count)
{
    if (count < 2) {
        return parser_fail(parser, "-m flag expects exactly 1 argument");
    }
    arguments->method = pattern_method_find(slice_from_string(words[1]));
    if (!is_name_method(arguments->method)) {
        return parser_fail(parser, "-m with unsupported matching method '%s'", words[1]);
    }
    if (arguments->method == PATTERN_REGEX) {
        return compile_regex(parser, arguments->name, &arguments->regex);
    }
    return RESULT_OK;
}

static enum result parse_delete_header(struct rule_parser *parser, struct rule *rule,
                                       enum rule_phase phase, const char *const *words,
                                       unsigned words_count, unsigned *words_used)
{
    (void)phase;
    unsigned count = arguments_count(words, words_count);
    if (count == 0 || words[0][0] == '\0') {
        return parser_fail(parser, "expects at least 1 argument");
    }
    struct header_arguments *arguments = take_named(parser, rule, words[0]);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->method = PATTERN_STRING;
    *words_used = 1;
    if (!argument_is(words, count, 1, "-m")) {
        return RESULT_OK;
    }
    *words_used = 3;
    return parse_delete_method(parser, arguments, words + 1, count - 1);
}

/* Searches a name in small letters, as names are to HAProxy's expressions. */
static enum result search_name(const struct regex *regex, struct slice name, struct arena *scratch)
{
    char *lower = arena_take_text(scratch, name.length);
    if (lower == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < name.length; i++) {
        lower[i] = ascii_lower(name.data[i]);
    }
    return regex_search(regex, slice_of(lower, name.length), scratch, NULL);
}

/* Whether a field's name is one to delete: RESULT_OK, RESULT_NOT_FOUND, RESULT_NO_MEMORY. */
static enum result match_name(const struct header_arguments *arguments, struct slice name,
                              struct arena *scratch)
{
    struct slice wanted = header_name(arguments);
    bool matches = false;
    if (arguments->method == PATTERN_REGEX) {
        return search_name(arguments->regex, name, scratch);
    }
    if (arguments->method == PATTERN_BEGIN) {
        matches = slice_starts_with_nocase(name, wanted);
    } else if (arguments->method == PATTERN_END) {
        matches = slice_ends_with_nocase(name, wanted);
    } else if (arguments->method == PATTERN_SUBSTRING) {
        matches = wanted.length == 0 || slice_find_nocase(name, wanted) < name.length;
    } else {
        matches = slice_equal_nocase(name, wanted);
    }
    return matches ? RESULT_OK : RESULT_NOT_FOUND;
}

static void run_delete_header(const struct rule *rule, struct rule_context *context,
                              struct verdict *verdict)
{
    const struct header_arguments *arguments = rule->arguments;
    struct http_message *message = rewrite_message(context);
    if (message == NULL) {
        return;
    }
    struct http_fields *fields = &message->fields;
    uint16_t index = 0;
    while (index < fields->count) {
        enum result result = match_name(arguments, fields->entries[index].name, context->scratch);
        if (result == RESULT_NO_MEMORY) {
            rewrite_fail(context, verdict);
            return;
        }
        if (result == RESULT_OK) {
            http_fields_remove(fields, index);
        } else {
            index++;
        }
    }
}

/* ---- replace-header, replace-value ---- */

static enum result parse_replace(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (!arguments_are(words, words_count, 3)) {
        return parser_fail(parser, "expects exactly 3 arguments");
    }
    struct header_arguments *arguments = take_named(parser, rule, words[0]);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    *words_used = 3;
    enum result result = compile_regex(parser, words[1], &arguments->regex);
    if (result != RESULT_OK) {
        return result;
    }
    return log_format_parse_for(parser, words[2], LOG_FORMAT_FOR_HTTP, &arguments->format);
}

/* The text that a value becomes, in scratch. RESULT_NOT_FOUND: it does not match. */
static enum result replace_text(const struct header_arguments *arguments,
                                struct rule_context *context, struct slice value, struct slice *out)
{
    struct regex_match match;
    enum result result = regex_search(arguments->regex, value, context->scratch, &match);
    if (result != RESULT_OK) {
        return result;
    }
    struct slice replacement;
    result = log_format_evaluate(arguments->format, context, &replacement);
    if (result != RESULT_OK) {
        return RESULT_NO_MEMORY;
    }
    char *room = arena_take_text(context->scratch, REPLACED_BYTES_MAX);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, REPLACED_BYTES_MAX);
    regex_expand(replacement, &match, &text);
    *out = text_slice(&text);
    return text.truncated ? RESULT_NO_MEMORY : RESULT_OK;
}

static void run_replace_header(const struct rule *rule, struct rule_context *context,
                               struct verdict *verdict)
{
    const struct header_arguments *arguments = rule->arguments;
    struct http_message *message = rewrite_message(context);
    if (message == NULL) {
        return;
    }
    struct http_fields *fields = &message->fields;
    uint16_t index = http_fields_find(fields, header_name(arguments), 0);
    for (; index < fields->count;
         index = http_fields_find(fields, header_name(arguments), (uint16_t)(index + 1))) {
        struct slice value;
        enum result result = replace_text(arguments, context, fields->entries[index].value, &value);
        if (result == RESULT_OK) {
            result = http_fields_replace(fields, index, slice_trim(value));
        }
        if (result != RESULT_NOT_FOUND && !rewrite_check(result, context, verdict)) {
            return;
        }
    }
}

/* Cuts the next element of a list off `rest`: up to a comma outside of quotes. */
static struct slice take_element(struct slice *rest)
{
    bool is_quoted = false;
    size_t end = 0;
    while (end < rest->length && (is_quoted || rest->data[end] != ',')) {
        char c = rest->data[end];
        if (is_quoted && c == '\\' && end + 1 < rest->length) {
            end++;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        }
        end++;
    }
    struct slice element = slice_first(*rest, end);
    *rest = end < rest->length ? slice_skip(*rest, end + 1) : SLICE_NONE;
    return element;
}

/* Copies one element with its white space, changed when it matches. */
static enum result append_element(const struct header_arguments *arguments,
                                  struct rule_context *context, struct slice element,
                                  struct text *out, bool *has_changed)
{
    struct slice trimmed = slice_trim(element);
    struct slice value;
    enum result result = replace_text(arguments, context, trimmed, &value);
    if (result == RESULT_NOT_FOUND) {
        text_append(out, element);
        return RESULT_OK;
    }
    if (result != RESULT_OK) {
        return result;
    }
    size_t before = trimmed.length == 0 ? element.length : (size_t)(trimmed.data - element.data);
    text_append(out, slice_first(element, before));
    text_append(out, value);
    text_append(out, slice_skip(element, before + trimmed.length));
    *has_changed = true;
    return RESULT_OK;
}

/* Rewrites the list in one field. RESULT_NOT_FOUND: no element matches. */
static enum result replace_list(const struct header_arguments *arguments,
                                struct rule_context *context, struct slice value, struct slice *out)
{
    char *room = arena_take_text(context->scratch, REPLACED_BYTES_MAX);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, REPLACED_BYTES_MAX);
    bool has_changed = false;
    struct slice rest = value;
    while (rest.data != NULL) {
        struct slice element = take_element(&rest);
        enum result result = append_element(arguments, context, element, &text, &has_changed);
        if (result != RESULT_OK) {
            return result;
        }
        if (rest.data != NULL) {
            text_append_char(&text, ',');
        }
    }
    *out = text_slice(&text);
    if (text.truncated) {
        return RESULT_NO_MEMORY;
    }
    return has_changed ? RESULT_OK : RESULT_NOT_FOUND;
}

static void run_replace_value(const struct rule *rule, struct rule_context *context,
                              struct verdict *verdict)
{
    const struct header_arguments *arguments = rule->arguments;
    struct http_message *message = rewrite_message(context);
    if (message == NULL) {
        return;
    }
    struct http_fields *fields = &message->fields;
    uint16_t index = http_fields_find(fields, header_name(arguments), 0);
    for (; index < fields->count;
         index = http_fields_find(fields, header_name(arguments), (uint16_t)(index + 1))) {
        struct slice value;
        enum result result = replace_list(arguments, context, fields->entries[index].value, &value);
        if (result == RESULT_OK) {
            result = http_fields_replace(fields, index, slice_trim(value));
        }
        if (result != RESULT_NOT_FOUND && !rewrite_check(result, context, verdict)) {
            return;
        }
    }
}

/* ---- set-status ---- */

struct status_arguments {
    uint16_t status;
    char *reason; /* NULL: the usual one */
};

static enum result parse_status(struct rule_parser *parser, struct rule *rule,
                                enum rule_phase phase, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    (void)phase;
    uint64_t status = 0;
    if (arguments_count(words, words_count) == 0 ||
        number_parse_decimal(slice_from_string(words[0]), &status) != RESULT_OK ||
        status < STATUS_CODE_MIN || status > STATUS_CODE_MAX) {
        return parser_fail(parser, "expects an integer status code between 100 and 999");
    }
    struct status_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->status = (uint16_t)status;
    *words_used = 1;
    if (!argument_is(words, words_count, 1, "reason")) {
        return RESULT_OK;
    }
    if (words_count < 3) {
        return parser_fail(parser, "'reason' expects a text");
    }
    arguments->reason = rule_copy(parser, slice_from_string(words[2]));
    *words_used = 3;
    return arguments->reason == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static void run_status(const struct rule *rule, struct rule_context *context,
                       struct verdict *verdict)
{
    const struct status_arguments *arguments = rule->arguments;
    if (context->response == NULL) {
        return;
    }
    struct slice reason = arguments->reason == NULL ? http_status_reason(arguments->status)
                                                    : slice_from_string(arguments->reason);
    enum result result = http_message_set_status(context->response, arguments->status, reason);
    (void)rewrite_check(result, context, verdict);
}

static void destroy_status(struct account *account, void *data)
{
    struct status_arguments *arguments = data;
    memory_release(account, arguments->reason);
}

const struct action_ops ACTIONS_HEADER[] = {
    {"add-header", PHASES_HTTP, "add-header <name> <fmt>", parse_header_value, run_add_header,
     destroy_header, 0},
    {"del-header", PHASES_HTTP, "del-header <name> [-m <meth>]", parse_delete_header,
     run_delete_header, destroy_header, 0},
    {"replace-header", PHASES_HTTP, "replace-header <name> <match-regex> <replace-fmt>",
     parse_replace, run_replace_header, destroy_header, 0},
    {"replace-value", PHASES_HTTP, "replace-value <name> <match-regex> <replace-fmt>",
     parse_replace, run_replace_value, destroy_header, 0},
    {"set-header", PHASES_HTTP, "set-header <name> <fmt>", parse_header_value, run_set_header,
     destroy_header, 0},
    {"set-status", PHASES_HTTP_RESPONSE | PHASES_AFTER_RESPONSE,
     "set-status <status> [reason <str>]", parse_status, run_status, destroy_status, 0},
    {0},
};
