/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request heads: the request line, the forms of its target, Host, and what the fields make of the
 * request (RFC 9112 3, RFC 9110 7.2, 7.8, 9.3).
 * The hard idea: a request is for one host and has one framing, or it is refused. The target's
 * authority and Host must name the same; a method that has no place for a body, or an upgrade, does
 * not get one on the quiet. Slices into the head, no memory but the table of fields.
 */
#include "base/number.h"
#include "http/chars.h"
#include "http/http1_internal.h"
#include "http/uri.h"

enum { WEBSOCKET_KEY_CHARS = 24 }; /* base64 of 16 bytes (RFC 6455 4.1) */

/* ---- the request line ---- */

static enum result read_method(struct http1_cursor *cursor, struct http_message *message)
{
    const char *start = cursor->at;
    cursor->at = http_skip_token(start, cursor->end);
    message->method = slice_of(start, (size_t)(cursor->at - start));
    if (message->method.length == 0 || cursor->at == cursor->end || *cursor->at != ' ') {
        return http1_fail(cursor, cursor->at, "no method, or no single space behind it");
    }
    message->method_id = http_method_find(message->method);
    cursor->at++;
    return RESULT_OK;
}

static bool is_lenient_target_char(char c)
{
    return c == '#' || (unsigned char)c > INT8_MAX;
}

static enum result read_target(struct http1_cursor *cursor, struct http_message *message)
{
    const char *start = cursor->at;
    cursor->at = http_skip_target(start, cursor->end);
    while (cursor->is_lenient && cursor->at < cursor->end && is_lenient_target_char(*cursor->at)) {
        cursor->at = http_skip_target(cursor->at + 1, cursor->end);
    }
    message->target = slice_of(start, (size_t)(cursor->at - start));
    if (message->target.length == 0) {
        return http1_fail(cursor, start, "no target behind a single space");
    }
    bool ends_line = cursor->at == cursor->end || *cursor->at == '\r' || *cursor->at == '\n';
    if (!ends_line && *cursor->at != ' ') {
        return http1_fail(cursor, cursor->at, "a target has a character that it may not have");
    }
    return RESULT_OK;
}

/* "GET /" of HTTP/0.9: only where violations are accepted. */
static enum result take_simple_request(struct http1_cursor *cursor, struct http_message *message)
{
    if (!cursor->is_lenient || message->method_id != HTTP_METHOD_GET) {
        return http1_fail(cursor, cursor->at, "no version behind the target");
    }
    message->version = HTTP_VERSION_0_9;
    return RESULT_OK;
}

static enum result read_version(struct http1_cursor *cursor, struct http_message *message)
{
    if (cursor->at == cursor->end || *cursor->at != ' ') {
        return take_simple_request(cursor, message);
    }
    cursor->at++;
    return http1_read_version(cursor, &message->version);
}

static enum result read_request_line(struct http1_cursor *cursor, struct http_message *message)
{
    enum result result = read_method(cursor, message);
    if (result == RESULT_OK) {
        result = read_target(cursor, message);
    }
    if (result == RESULT_OK) {
        result = read_version(cursor, message);
    }
    if (result == RESULT_OK && !http1_skip_line_end(cursor)) {
        result = http1_fail(cursor, cursor->at, "more behind the version");
    }
    return result;
}

/* ---- the target ---- */

static enum http_target find_form(const struct http_uri *uri)
{
    if (uri->scheme.length > 0) {
        return HTTP_TARGET_ABSOLUTE;
    }
    if (uri->authority.length > 0) {
        return HTTP_TARGET_AUTHORITY;
    }
    return uri->path.data[0] == '/' ? HTTP_TARGET_ORIGIN : HTTP_TARGET_ASTERISK;
}

/* Whether the method goes with the target's form (RFC 9112 3.2). */
static bool is_form_for(enum http_target form, enum http_method method)
{
    switch (form) {
    case HTTP_TARGET_AUTHORITY:
        return method == HTTP_METHOD_CONNECT;
    case HTTP_TARGET_ASTERISK:
        return method == HTTP_METHOD_OPTIONS;
    case HTTP_TARGET_ORIGIN:
    case HTTP_TARGET_ABSOLUTE:
        return method != HTTP_METHOD_CONNECT;
    }
    return false;
}

/* A host that is there, no user (RFC 9110 4.2.4), and for CONNECT a port. */
static bool is_target_authority(enum http_target form, struct slice text)
{
    struct http_authority authority;
    return http_authority_parse(text, &authority) == RESULT_OK && authority.host.length > 0 &&
           authority.user.data == NULL &&
           (form != HTTP_TARGET_AUTHORITY || authority.port.length > 0);
}

/* The path of an absolute target without one: "/", and "*" for OPTIONS (RFC 9112 3.2.4). */
static enum result complete_path(struct http_message *message)
{
    if (message->path.length == 0) {
        message->path = message->method_id == HTTP_METHOD_OPTIONS ? SLICE("*") : SLICE("/");
        return RESULT_OK;
    }
    if (message->path.data[0] == '/') {
        return RESULT_OK;
    }
    size_t length = message->path.length + 1;
    char *path = arena_take_text(&message->arena, length);
    if (path == NULL) {
        return RESULT_NO_MEMORY;
    }
    path[0] = '/';
    memcpy(path + 1, message->path.data, message->path.length);
    message->path = slice_of(path, length);
    return RESULT_OK;
}

static enum result read_target_parts(struct http1_cursor *cursor, struct http_message *message)
{
    struct http_uri uri;
    if (http_uri_parse(message->target, &uri) != RESULT_OK) {
        return http1_fail(cursor, message->target.data, "a target of no known form");
    }
    enum http_target form = find_form(&uri);
    if (!is_form_for(form, message->method_id)) {
        return http1_fail(cursor, message->target.data, "a target of a form not for this method");
    }
    if (uri.authority.length > 0 || uri.scheme.length > 0) {
        if (!cursor->is_lenient && !is_target_authority(form, uri.authority)) {
            return http1_fail(cursor, message->target.data, "an invalid authority in the target");
        }
    }
    message->target_form = form;
    message->scheme = uri.scheme;
    message->authority = uri.authority;
    message->path = uri.path;
    return form == HTTP_TARGET_ABSOLUTE ? complete_path(message) : RESULT_OK;
}

/* ---- Host ---- */

static bool is_host(struct slice value)
{
    struct http_authority authority;
    return http_authority_parse(value, &authority) == RESULT_OK && authority.user.data == NULL;
}

/* The authority without a user, which is there only where violations are accepted. */
static struct slice host_of(struct slice authority)
{
    size_t at = slice_find_char(authority, '@');
    while (at < authority.length) {
        authority = slice_skip(authority, at + 1);
        at = slice_find_char(authority, '@');
    }
    return authority;
}

/* A target with an authority makes the Host: behind us there is one, in one spelling (RFC 9112
 * 3.2.2). */
static enum result take_host_from_target(struct http_message *message)
{
    uint16_t index = http_fields_find_id(&message->fields, HTTP_NAME_HOST, 0);
    struct slice host = host_of(message->authority);
    if (message->authority.length == 0) {
        return RESULT_OK;
    }
    if (index == message->fields.count) {
        return http_fields_append(&message->fields, SLICE("host"), host);
    }
    if (message->target_form == HTTP_TARGET_ABSOLUTE) {
        message->fields.entries[index].value = host;
    }
    return RESULT_OK;
}

/* What is wrong with the one Host field, or NULL. */
static const char *find_host_fault(const struct http_message *message, struct slice host)
{
    if (!is_host(host)) {
        return "an invalid Host";
    }
    if (message->authority.length > 0 &&
        !http_authority_equal(message->scheme, message->authority, host)) {
        return "a Host that differs from the target's";
    }
    return NULL;
}

static enum result check_host(struct http1_cursor *cursor, const struct http1_framing *framing,
                              struct http_message *message)
{
    struct slice host = http_fields_value(&message->fields, HTTP_NAME_HOST);
    if (framing->hosts > 1) {
        return http1_fail(cursor, host.data, "a repeated Host");
    }
    if (cursor->is_lenient) {
        return take_host_from_target(message);
    }
    if (framing->hosts == 0 && message->version >= HTTP_VERSION_1_1) {
        return http1_fail(cursor, cursor->at, "no Host");
    }
    const char *fault = framing->hosts == 0 ? NULL : find_host_fault(message, host);
    return fault != NULL ? http1_fail(cursor, host.data, fault) : take_host_from_target(message);
}

/* ---- the body and the upgrade ---- */

static enum result set_body(struct http1_cursor *cursor, const struct http1_framing *framing,
                            struct http_message *message)
{
    bool is_chunked = framing->coding_at != NULL;
    bool has_payload = is_chunked || framing->length > 0;
    enum http_method method = message->method_id;
    const char *where = is_chunked ? framing->coding_at : framing->length_at;
    if (has_payload && method == HTTP_METHOD_CONNECT) {
        return http1_fail(cursor, where, "CONNECT with a payload");
    }
    if (has_payload && message->version < HTTP_VERSION_1_1 &&
        (method == HTTP_METHOD_GET || method == HTTP_METHOD_HEAD || method == HTTP_METHOD_DELETE)) {
        return http1_fail_with(cursor, where, HTTP1_STATUS_PAYLOAD_TOO_LARGE,
                               "a payload with a method that has none in HTTP/1.0");
    }
    if (is_chunked) {
        message->body = HTTP_BODY_CHUNKED;
    } else if (framing->length_at != NULL && method != HTTP_METHOD_CONNECT) {
        message->body = HTTP_BODY_LENGTH;
        message->content_length = framing->length;
    }
    message->expects_continue =
        framing->expects_continue && message->version >= HTTP_VERSION_1_1 && has_payload;
    return RESULT_OK;
}

static bool has_websocket_key(const struct http_message *message)
{
    uint16_t index = http_fields_find(&message->fields, SLICE("sec-websocket-key"), 0);
    return index < message->fields.count &&
           message->fields.entries[index].value.length == WEBSOCKET_KEY_CHARS;
}

/* An upgrade is passed on unless it is to HTTP/2, which is between two hops, or has a payload,
 * whose end a server that switches would not see. Then the request goes on without it (RFC
 * 9110 7.8). */
static enum result set_upgrade(struct http1_cursor *cursor, const struct http1_framing *framing,
                               struct http_message *message)
{
    bool is_asked = framing->offers_upgrade && framing->has_upgrade &&
                    message->version >= HTTP_VERSION_1_1 &&
                    message->method_id != HTTP_METHOD_CONNECT;
    bool has_payload = message->body == HTTP_BODY_CHUNKED || message->content_length > 0;
    message->wants_upgrade = is_asked && !framing->is_h2 && !has_payload;
    if (framing->is_h2) {
        (void)http_fields_remove_all(&message->fields, SLICE("http2-settings"));
    }
    if (message->wants_upgrade && framing->is_websocket && !cursor->is_lenient &&
        !has_websocket_key(message)) {
        return http1_fail(cursor, cursor->at, "a WebSocket handshake without its key");
    }
    return RESULT_OK;
}

static enum result finish_request(struct http1_cursor *cursor, struct http1_framing *framing,
                                  struct http_message *message)
{
    message->te_trailers = framing->te_trailers;
    enum result result = read_target_parts(cursor, message);
    if (result == RESULT_OK) {
        result = check_host(cursor, framing, message);
    }
    if (result == RESULT_OK) {
        result = http1_check_coding(cursor, framing, message);
    }
    if (result == RESULT_OK) {
        result = set_body(cursor, framing, message);
    }
    if (result == RESULT_OK) {
        result = set_upgrade(cursor, framing, message);
    }
    return result == RESULT_OK ? http1_apply_connection(cursor, framing, message) : result;
}

enum result http1_parse_request(struct slice head, struct chunk *chunk,
                                const struct http1_options *options, struct http_message *message,
                                struct http1_error *error)
{
    struct http1_cursor cursor;
    http1_begin_head(&cursor, head, error);
    cursor.status = HTTP1_STATUS_BAD_REQUEST;
    cursor.is_lenient = options->accept_unsafe_request;
    struct http1_framing framing = {0};
    message->is_response = false;
    enum result result = read_request_line(&cursor, message);
    if (result == RESULT_OK && message->version == HTTP_VERSION_0_9) {
        message->version = HTTP_VERSION_1_0; /* no fields and no empty line; as HAProxy sees it */
    } else if (result == RESULT_OK) {
        result = http1_read_fields(&cursor, message, &framing);
    }
    if (result == RESULT_OK) {
        result = finish_request(&cursor, &framing, message);
    }
    return http1_finish_head(&cursor, chunk, message, result);
}
