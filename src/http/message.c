/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of messages: their memory, and changes of the first line (RFC 9110 6, RFC 9112 3).
 * The hard idea: how a message is framed was agreed with the peer that sent it, so that no rule may
 * change what its receiver will think of the framing: methods and statuses that decide about a body
 * cannot be swapped freely, and the target, its parts and Host stay one thing. What bounds it: the
 * arena's cap; each change builds its copies first and then takes them over, or changes nothing.
 */
#include "http/message.h"

#include "base/text.h"
#include "http/chars.h"
#include "http/uri.h"

enum {
    STATUS_OK = 200,
    STATUS_NO_CONTENT = 204,
    STATUS_NOT_MODIFIED = 304,
    STATUS_MAX = 999,
};

void http_message_init(struct http_message *message, struct chunk_source *source,
                       struct account *account, size_t rewrite_bytes_max, uint16_t fields_max)
{
    *message = (struct http_message){.fields_max = fields_max};
    unsigned entries = (unsigned)fields_max + HTTP_FIELDS_ADDED_MAX;
    uint16_t entries_max = entries > UINT16_MAX ? UINT16_MAX : (uint16_t)entries;
    size_t table_bytes = http_fields_arena_bytes(source, entries_max);
    arena_init(&message->arena, source, account, rewrite_bytes_max + table_bytes);
    http_fields_init(&message->fields, &message->arena, entries_max);
}

void http_message_clear(struct http_message *message)
{
    chunk_drop(message->head);
    arena_clear(&message->arena);
    struct arena arena = message->arena;
    uint16_t fields_max = message->fields_max;
    uint16_t entries_max = message->fields.fields_max;
    *message = (struct http_message){.arena = arena, .fields_max = fields_max};
    http_fields_init(&message->fields, &message->arena, entries_max);
}

/* ---- reading ---- */

struct slice http_message_path_only(const struct http_message *message)
{
    return slice_first(message->path, slice_find_char(message->path, '?'));
}

struct slice http_message_query(const struct http_message *message)
{
    size_t mark = slice_find_char(message->path, '?');
    return mark == message->path.length ? SLICE_NONE : slice_skip(message->path, mark + 1);
}

struct slice http_message_host(const struct http_message *message)
{
    return message->authority.length > 0 ? message->authority
                                         : http_fields_value(&message->fields, HTTP_NAME_HOST);
}

/* ---- changing ---- */

static enum result copy_text(struct http_message *message, struct slice text, struct slice *copy)
{
    *copy = arena_copy(&message->arena, text);
    return copy->data == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

enum result http_message_set_method(struct http_message *message, struct slice method)
{
    enum http_method id = http_method_find(method);
    bool decides_framing = id == HTTP_METHOD_CONNECT || id == HTTP_METHOD_HEAD ||
                           message->method_id == HTTP_METHOD_CONNECT ||
                           message->method_id == HTTP_METHOD_HEAD;
    if (!http_is_token(method) || (decides_framing && id != message->method_id)) {
        return RESULT_INVALID;
    }
    struct slice copy;
    enum result result = copy_text(message, method, &copy);
    if (result == RESULT_OK) {
        message->method = copy;
        message->method_id = id;
    }
    return result;
}

/* Whether rules may write this into a first line: no controls, no spaces. */
static bool is_target(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == ' ' || !http_char_is(c, HTTP_CHAR_VALUE) || c == '\t') {
            return false;
        }
    }
    return text.length > 0;
}

static bool is_path(struct slice path)
{
    return is_target(path) && (path.data[0] == '/' || slice_equal(path, SLICE("*")));
}

static enum http_target form_of_path(struct slice path)
{
    return path.data[0] == '/' ? HTTP_TARGET_ORIGIN : HTTP_TARGET_ASTERISK;
}

/* The target in absolute form with another path, in the arena. */
static enum result join_target(struct http_message *message, struct slice path,
                               struct slice *target)
{
    size_t size = message->scheme.length + sizeof("://") + message->authority.length + path.length;
    char *room = arena_take_text(&message->arena, size);
    if (room == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(room, size);
    text_append(&text, message->scheme);
    text_append(&text, SLICE("://"));
    text_append(&text, message->authority);
    text_append(&text, path);
    *target = text_slice(&text);
    return RESULT_OK;
}

enum result http_message_set_path(struct http_message *message, struct slice path_and_query)
{
    if (!is_path(path_and_query) || message->target_form == HTTP_TARGET_AUTHORITY) {
        return RESULT_INVALID;
    }
    struct slice target;
    if (message->target_form != HTTP_TARGET_ABSOLUTE) {
        enum result result = copy_text(message, path_and_query, &target);
        if (result == RESULT_OK) {
            message->target = target;
            message->path = target;
            message->target_form = form_of_path(target);
        }
        return result;
    }
    enum result result = join_target(message, path_and_query, &target);
    if (result == RESULT_OK) {
        message->target = target;
        message->path = slice_skip(target, target.length - path_and_query.length);
    }
    return result;
}

/* Makes Host name the same as an absolute target (RFC 9112 3.2.2). */
static enum result set_host(struct http_message *message, struct slice authority)
{
    uint16_t index = http_fields_find_id(&message->fields, HTTP_NAME_HOST, 0);
    if (index == message->fields.count) {
        return http_fields_append(&message->fields, SLICE("host"), authority);
    }
    message->fields.entries[index].value = authority;
    return RESULT_OK;
}

static enum result set_absolute(struct http_message *message, struct slice text)
{
    struct http_uri uri;
    struct http_authority authority;
    if (http_uri_parse(text, &uri) != RESULT_OK || uri.scheme.length == 0 ||
        http_authority_parse(uri.authority, &authority) != RESULT_OK ||
        authority.host.length == 0 || authority.user.data != NULL) {
        return RESULT_INVALID;
    }
    bool lacks_slash = uri.path.length == 0 || uri.path.data[0] != '/';
    struct slice slashed = SLICE("/");
    if (lacks_slash && uri.path.length > 0) {
        char *room = arena_take_text(&message->arena, uri.path.length + 1);
        if (room == NULL) {
            return RESULT_NO_MEMORY;
        }
        room[0] = '/';
        memcpy(room + 1, uri.path.data, uri.path.length);
        slashed = slice_of(room, uri.path.length + 1);
    }
    enum result result = set_host(message, uri.authority);
    if (result == RESULT_OK) {
        message->target = text;
        message->target_form = HTTP_TARGET_ABSOLUTE;
        message->scheme = uri.scheme;
        message->authority = uri.authority;
        message->path = lacks_slash ? slashed : uri.path;
    }
    return result;
}

enum result http_message_set_uri(struct http_message *message, struct slice uri)
{
    if (!is_target(uri) || message->target_form == HTTP_TARGET_AUTHORITY) {
        return RESULT_INVALID;
    }
    struct slice copy;
    enum result result = copy_text(message, uri, &copy);
    if (result != RESULT_OK) {
        return result;
    }
    if (!is_path(copy)) {
        return set_absolute(message, copy);
    }
    message->target = copy;
    message->target_form = form_of_path(copy);
    message->scheme = SLICE_NONE;
    message->authority = SLICE_NONE;
    message->path = copy;
    return RESULT_OK;
}

static bool is_bodiless(uint16_t status)
{
    return status == STATUS_NO_CONTENT || status == STATUS_NOT_MODIFIED;
}

enum result http_message_set_status(struct http_message *message, uint16_t status,
                                    struct slice reason)
{
    bool is_final = message->status >= STATUS_OK && status >= STATUS_OK && status <= STATUS_MAX;
    bool is_empty = message->body == HTTP_BODY_NONE ||
                    (message->body == HTTP_BODY_LENGTH && message->content_length == 0);
    bool would_hide_body = is_bodiless(status) && !is_empty;
    if (!is_final || would_hide_body || message->body == HTTP_BODY_TUNNEL ||
        !http_is_value(reason)) {
        return RESULT_INVALID;
    }
    struct slice copy;
    enum result result = copy_text(message, reason, &copy);
    if (result != RESULT_OK) {
        return result;
    }
    if (is_bodiless(status)) {
        message->body = HTTP_BODY_NONE;
    } else if (is_bodiless(message->status)) {
        message->body = HTTP_BODY_LENGTH;
        message->content_length = 0;
    }
    message->status = status;
    message->reason = copy;
    return RESULT_OK;
}
