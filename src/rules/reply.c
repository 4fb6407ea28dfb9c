/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies: their life, and how one becomes a message. Redirects and challenges come ready in the
 * verdict; everything else is a reply that may stand for a page of the proxy's table.
 *
 *   verdict -> redirect | its reply | the page of its status
 *   page    -> files (and their parents) -> the frontend's -> built in
 *
 * Memory: constant parts are referred to, evaluated ones go through the scratch arena into the
 * message's; the body is copied into chunks of the caller's account. RFC 9110 15 for statuses.
 */
#include "rules/reply.h"

#include <string.h>

#include "base/number.h"
#include "memory/arena.h"
#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/reply_internal.h"

enum {
    STATUS_NO_CONTENT = 204,
    STATUS_FOUND = 302,
    STATUS_SEE_OTHER = 303,
    STATUS_NOT_MODIFIED = 304,
    STATUS_TEMPORARY_REDIRECT = 307,
    STATUS_INTERNAL_ERROR = 500,
};

/* Where an answer is made. */
struct making {
    struct rule_context *context; /* may be NULL */
    struct http_message *message;
    struct chunk_queue *body;
    struct chunk_source *source;
    struct account *account;
};

/* ---- life of a reply ---- */

struct reply *reply_create(struct account *account, enum reply_kind kind, uint16_t status)
{
    struct reply *reply = memory_take(account, sizeof(*reply));
    if (reply != NULL) {
        reply->kind = kind;
        reply->status = status;
        reply->version = HTTP_VERSION_1_1;
    }
    return reply;
}

enum result reply_add_header(struct reply *reply, struct account *account, struct slice name,
                             struct slice value, struct log_format *format)
{
    size_t bytes = (reply->headers_count + 1) * sizeof(*reply->headers);
    struct reply_header *headers = memory_resize(account, reply->headers, bytes);
    if (headers == NULL) {
        return RESULT_NO_MEMORY;
    }
    headers[reply->headers_count] = (struct reply_header){name, value, format};
    reply->headers = headers;
    reply->headers_count++;
    return RESULT_OK;
}

uint16_t reply_status(const struct reply *reply)
{
    return reply->status;
}

void reply_destroy(struct account *account, struct reply *reply)
{
    if (reply == NULL) {
        return;
    }
    for (unsigned i = 0; i < reply->headers_count; i++) {
        if (reply->headers[i].format != NULL) {
            /* A header with a format owns its name; those of files point into the storage. */
            memory_release(account, (char *)reply->headers[i].name.data);
            log_format_destroy(account, reply->headers[i].format);
        }
    }
    memory_release(account, reply->headers);
    memory_release(account, (char *)reply->content_type.data);
    log_format_destroy(account, reply->body_format);
    memory_release(account, reply->storage);
    memory_release(account, reply);
}

enum result reply_make_location(struct rule_parser *parser, uint16_t redirect_status,
                                const char *url, struct reply **out)
{
    struct reply *reply = reply_create(parser->account, REPLY_MESSAGE, redirect_status);
    if (reply == NULL) {
        return parser_fail_memory(parser);
    }
    reply->storage = memory_copy_string(parser->account, slice_from_string(url));
    reply->has_length = true;
    struct slice location = slice_from_string(reply->storage);
    if (reply->storage == NULL ||
        reply_add_header(reply, parser->account, SLICE("cache-control"), SLICE("no-cache"), NULL) !=
            RESULT_OK ||
        reply_add_header(reply, parser->account, SLICE("content-length"), SLICE("0"), NULL) !=
            RESULT_OK ||
        reply_add_header(reply, parser->account, SLICE("location"), location, NULL) != RESULT_OK) {
        reply_destroy(parser->account, reply);
        return parser_fail_memory(parser);
    }
    *out = reply;
    return RESULT_OK;
}

/* ---- pieces of a message ---- */

static enum result add_field(struct making *making, struct slice name, struct slice value)
{
    return http_fields_append(&making->message->fields, name, value);
}

/* Appends "content-length: <bytes>" and notes the framing. */
static enum result add_length(struct making *making, size_t bytes)
{
    char digits[NUMBER_TEXT_SIZE];
    struct slice value = slice_of(digits, number_write_decimal(digits, bytes));
    making->message->body = HTTP_BODY_LENGTH;
    making->message->content_length = bytes;
    return http_fields_append_copy(&making->message->fields, SLICE("content-length"), value);
}

static bool status_has_body(uint16_t status)
{
    return status != STATUS_NO_CONTENT && status != STATUS_NOT_MODIFIED;
}

static bool is_answer_to_head(const struct making *making)
{
    return making->context != NULL && making->context->request != NULL &&
           making->context->request->method_id == HTTP_METHOD_HEAD;
}

/* Appends the body, unless the request was a HEAD or there is none. */
static enum result add_body(struct making *making, struct slice bytes)
{
    if (is_answer_to_head(making)) {
        making->message->body = HTTP_BODY_NONE;
        return RESULT_OK;
    }
    if (bytes.length == 0) {
        return RESULT_OK;
    }
    return chunk_queue_append_copy(making->body, making->source, making->account, bytes);
}

/* Sets the status line. */
static void begin_message(struct making *making, uint16_t status, struct slice reason)
{
    struct http_message *message = making->message;
    message->is_response = true;
    message->version = HTTP_VERSION_1_1;
    message->status = status;
    message->reason = reason.length == 0 ? http_status_reason(status) : reason;
    message->body = HTTP_BODY_NONE;
    message->content_length = 0;
}

/* ---- replies ---- */

static enum result make_built_in(const struct reply *reply, struct making *making)
{
    begin_message(making, reply->status, reply->reason);
    making->message->wants_close = reply->closes;
    enum result result = add_length(making, reply->body.length);
    if (result == RESULT_OK) {
        result = add_field(making, SLICE("cache-control"), SLICE("no-cache"));
    }
    if (result == RESULT_OK) {
        result = add_field(making, SLICE("content-type"), SLICE("text/html"));
    }
    return result == RESULT_OK ? add_body(making, reply->body) : result;
}

/* A name in small letters in the message's arena, as HAProxy writes all names. */
static struct slice lower_name(struct making *making, struct slice name)
{
    char *lower = arena_take_text(&making->message->arena, name.length);
    if (lower == NULL) {
        return SLICE_NONE;
    }
    for (size_t i = 0; i < name.length; i++) {
        lower[i] = ascii_lower(name.data[i]);
    }
    return slice_of(lower, name.length);
}

static enum result make_headers(const struct reply *reply, struct making *making)
{
    for (unsigned i = 0; i < reply->headers_count; i++) {
        const struct reply_header *header = &reply->headers[i];
        struct slice value = header->value;
        enum result result = RESULT_OK;
        if (header->format != NULL) {
            result = log_format_evaluate(header->format, making->context, &value);
        }
        struct slice name = lower_name(making, header->name);
        if (result == RESULT_OK && name.data != NULL) {
            result = http_fields_append_copy(&making->message->fields, name, value);
        }
        if (result != RESULT_OK || name.data == NULL) {
            return RESULT_NO_MEMORY;
        }
    }
    return RESULT_OK;
}

/* An error file, as it was written; a length that it does not announce is added. */
static enum result make_message(const struct reply *reply, struct making *making)
{
    begin_message(making, reply->status, reply->reason);
    making->message->version = reply->version;
    making->message->wants_close = reply->closes;
    enum result result = make_headers(reply, making);
    if (result == RESULT_OK && status_has_body(reply->status)) {
        result = reply->has_length ? RESULT_OK : add_length(making, reply->body.length);
        making->message->body = HTTP_BODY_LENGTH;
        making->message->content_length = reply->body.length;
    }
    return result == RESULT_OK ? add_body(making, reply->body) : result;
}

/* A status with headers and a payload given in the configuration. */
static enum result make_payload(const struct reply *reply, struct making *making)
{
    begin_message(making, reply->status, SLICE_NONE);
    enum result result = make_headers(reply, making);
    struct slice body = reply->body;
    if (result == RESULT_OK && reply->kind == REPLY_FORMAT) {
        result = log_format_evaluate(reply->body_format, making->context, &body);
    }
    if (result != RESULT_OK || !status_has_body(reply->status)) {
        return result;
    }
    result = add_length(making, body.length);
    if (result == RESULT_OK && reply->content_type.length > 0 && body.length > 0) {
        result = add_field(making, SLICE("content-type"), reply->content_type);
    }
    return result == RESULT_OK ? add_body(making, body) : result;
}

/* Whether a reply can only be made with a context. */
static bool needs_context(const struct reply *reply)
{
    for (unsigned i = 0; i < reply->headers_count; i++) {
        if (reply->headers[i].format != NULL) {
            return true;
        }
    }
    return reply->kind == REPLY_FORMAT;
}

/* The page of `status`: the tables in their order, then the built-in one. */
static const struct reply *find_page(uint16_t status, const struct error_files *files,
                                     const struct rule_context *context)
{
    const struct reply *page = error_files_find_own(files, status);
    if (page == NULL && context != NULL) {
        page = error_files_find_own(context->frontend_errors, status);
    }
    return page == NULL ? error_files_find(NULL, status) : page;
}

/* Follows a reply that stands for a page of the proxy's table or of a section; a page of either may
 * stand for one of a section, and no further. */
static const struct reply *resolve(const struct reply *reply, const struct error_files *files,
                                   const struct rule_context *context)
{
    uint16_t status = reply->status;
    const struct reply *page =
        reply->kind == REPLY_TABLE ? find_page(status, files, context) : reply;
    if (page->kind == REPLY_SECTION) {
        const struct reply *own = error_files_find_own(page->section, status);
        if (own == NULL && page == reply) {
            own = find_page(status, files, context);
        }
        page = own;
    }
    bool is_found = page != NULL && page->kind != REPLY_SECTION && page->kind != REPLY_TABLE;
    return is_found ? page : error_files_find(NULL, status);
}

static enum result make_reply(const struct reply *reply, struct making *making)
{
    if (making->context == NULL && needs_context(reply)) {
        reply = error_files_find(NULL, reply->status);
    }
    switch (reply->kind) {
    case REPLY_SILENT:
        return RESULT_END;
    case REPLY_BUILT_IN:
        return make_built_in(reply, making);
    case REPLY_MESSAGE:
        return make_message(reply, making);
    case REPLY_PAYLOAD:
    case REPLY_FORMAT:
        return make_payload(reply, making);
    case REPLY_TABLE:
    case REPLY_SECTION:
        break;
    }
    return RESULT_FAILED;
}

/* ---- redirects and challenges ---- */

/* Appends the verdict's ready "Name: value" line, in place of fields of that name. */
static enum result add_line(struct making *making, struct slice line)
{
    if (line.length == 0) {
        return RESULT_OK;
    }
    size_t colon = slice_find_char(line, ':');
    struct slice name = lower_name(making, slice_first(line, colon));
    if (name.data == NULL) {
        return RESULT_NO_MEMORY;
    }
    (void)http_fields_remove_all(&making->message->fields, name);
    return add_field(making, name, slice_trim(slice_skip(line, colon + 1)));
}

static bool redirect_is_temporary(uint16_t status)
{
    return status == STATUS_FOUND || status == STATUS_SEE_OTHER ||
           status == STATUS_TEMPORARY_REDIRECT;
}

static enum result make_redirect(const struct verdict *verdict, struct making *making)
{
    struct slice reason = verdict->status == STATUS_FOUND ? SLICE("Found") : SLICE_NONE;
    begin_message(making, verdict->status, reason); /* a redirect's is not the table's, as ever */
    enum result result = add_length(making, 0);
    if (result == RESULT_OK) {
        result = add_field(making, SLICE("location"), verdict->location);
    }
    if (result == RESULT_OK && redirect_is_temporary(verdict->status)) {
        result = add_field(making, SLICE("cache-control"), SLICE("no-cache"));
    }
    return result;
}

static enum result make_answer(const struct verdict *verdict, const struct error_files *files,
                               struct making *making)
{
    enum result result;
    if (verdict->location.data != NULL) {
        result = make_redirect(verdict, making);
    } else if (verdict->reply != NULL) {
        result = make_reply(resolve(verdict->reply, files, making->context), making);
    } else {
        uint16_t status = verdict->status == 0 ? STATUS_INTERNAL_ERROR : verdict->status;
        result = make_reply(
            resolve(find_page(status, files, making->context), files, making->context), making);
    }
    return result == RESULT_OK ? add_line(making, verdict->header) : result;
}

enum result reply_make(const struct verdict *verdict, const struct error_files *files,
                       struct rule_context *context, struct http_message *message,
                       struct chunk_queue *body, struct chunk_source *source,
                       struct account *account)
{
    struct making making = {context, message, body, source, account};
    enum result result = make_answer(verdict, files, &making);
    if (context != NULL && context->scratch != NULL) {
        arena_clear(context->scratch);
    }
    return result == RESULT_FULL ? RESULT_NO_MEMORY : result;
}

enum result reply_make_error(uint16_t status, const struct error_files *files,
                             struct rule_context *context, struct http_message *message,
                             struct chunk_queue *body, struct chunk_source *source,
                             struct account *account)
{
    struct verdict verdict = {.kind = VERDICT_DENY, .status = status};
    return reply_make(&verdict, files, context, message, body, source, account);
}
