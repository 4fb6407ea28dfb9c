/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Response heads: the status line, and what method, status and fields make of the body (RFC 9112 4,
 * 6.3; RFC 9110 9.3.6, 15).
 * The hard idea: what follows a response head depends on the request it answers, so that the method
 * comes in with it: HEAD, 1xx, 204 and 304 have no body whatever their fields say, 101 and a 2xx to
 * CONNECT begin a tunnel. Slices into the head, no memory but the table of fields.
 */
#include "base/number.h"
#include "http/chars.h"
#include "http/http1_internal.h"

enum {
    STATUS_DIGITS = 3,
    STATUS_MIN = 100,
    DECIMAL_BASE = 10,
};

/* ---- the status line ---- */

static enum result read_status(struct http1_cursor *cursor, struct http_message *message)
{
    const char *start = cursor->at;
    unsigned status = 0;
    while (cursor->at < cursor->end && http_char_is(*cursor->at, HTTP_CHAR_DIGIT) &&
           status <= UINT16_MAX) {
        status = status * DECIMAL_BASE + (unsigned)(*cursor->at - '0');
        cursor->at++;
    }
    bool has_form = cursor->at - start == STATUS_DIGITS || cursor->is_lenient;
    if (!has_form || status < STATUS_MIN || status > UINT16_MAX) {
        return http1_fail(cursor, start, "no status of three digits");
    }
    message->status = (uint16_t)status;
    return RESULT_OK;
}

/* The reason, which may be missing with its space, as some servers send it. */
static enum result read_reason(struct http1_cursor *cursor, struct http_message *message)
{
    const char *start = cursor->at;
    if (start < cursor->end && *start == ' ') {
        start++;
        cursor->at = http_skip_value(start, cursor->end);
    }
    message->reason = slice_of(start, (size_t)(cursor->at - start));
    if (!http1_skip_line_end(cursor)) {
        return http1_fail(cursor, cursor->at, "a bad character behind the status");
    }
    return RESULT_OK;
}

static enum result read_status_line(struct http1_cursor *cursor, struct http_message *message)
{
    enum result result = http1_read_version(cursor, &message->version);
    if (result != RESULT_OK) {
        return result;
    }
    if (cursor->at == cursor->end || *cursor->at != ' ') {
        return http1_fail(cursor, cursor->at, "no single space behind the version");
    }
    cursor->at++;
    result = read_status(cursor, message);
    return result == RESULT_OK ? read_reason(cursor, message) : result;
}

/* ---- the body ---- */

static void set_body(const struct http1_framing *framing, enum http_method method,
                     struct http_message *message)
{
    uint16_t status = message->status;
    bool is_success = status >= HTTP1_STATUS_OK && status < HTTP1_STATUS_REDIRECTION;
    if (status == HTTP1_STATUS_SWITCHING || (method == HTTP_METHOD_CONNECT && is_success)) {
        message->body = HTTP_BODY_TUNNEL;
    } else if (method == HTTP_METHOD_HEAD || status < HTTP1_STATUS_OK ||
               status == HTTP1_STATUS_NO_CONTENT || status == HTTP1_STATUS_NOT_MODIFIED) {
        message->body = HTTP_BODY_NONE;
    } else if (framing->coding_at != NULL) {
        message->body = HTTP_BODY_CHUNKED;
    } else if (framing->length_at != NULL) {
        message->body = HTTP_BODY_LENGTH;
        message->content_length = framing->length;
    } else {
        message->body = HTTP_BODY_CLOSE;
        message->wants_close = true;
    }
}

/* 101 and 426 say what is switched to; other offers end at this hop (RFC 9110 7.8). */
static enum result set_upgrade(struct http1_cursor *cursor, const struct http1_framing *framing,
                               struct http_message *message)
{
    bool tells_protocol = message->status == HTTP1_STATUS_SWITCHING ||
                          message->status == HTTP1_STATUS_UPGRADE_REQUIRED;
    bool is_switch = message->status == HTTP1_STATUS_SWITCHING;
    message->wants_upgrade = tells_protocol && framing->has_upgrade && !framing->is_h2;
    if (is_switch && framing->is_h2) {
        return http1_fail(cursor, cursor->start, "a switch to HTTP/2, which was not asked for");
    }
    if (is_switch && framing->is_websocket && !cursor->is_lenient &&
        http_fields_find(&message->fields, SLICE("sec-websocket-accept"), 0) ==
            message->fields.count) {
        return http1_fail(cursor, cursor->start, "a WebSocket handshake without its answer");
    }
    return RESULT_OK;
}

static enum result finish_response(struct http1_cursor *cursor, struct http1_framing *framing,
                                   enum http_method method, struct http_message *message)
{
    enum result result = http1_check_coding(cursor, framing, message);
    if (result == RESULT_OK) {
        result = set_upgrade(cursor, framing, message);
    }
    if (result == RESULT_OK) {
        result = http1_apply_connection(cursor, framing, message);
    }
    if (result == RESULT_OK) {
        set_body(framing, method, message);
    }
    return result;
}

enum result http1_parse_response(struct slice head, struct chunk *chunk, enum http_method method,
                                 const struct http1_options *options, struct http_message *message,
                                 struct http1_error *error)
{
    struct http1_cursor cursor;
    http1_begin_head(&cursor, head, error);
    cursor.status = HTTP1_STATUS_BAD_GATEWAY;
    cursor.is_lenient = options->accept_unsafe_response;
    struct http1_framing framing = {0};
    message->is_response = true;
    enum result result = read_status_line(&cursor, message);
    if (result == RESULT_OK) {
        result = http1_read_fields(&cursor, message, &framing);
    }
    if (result == RESULT_OK) {
        result = finish_response(&cursor, &framing, method, message);
    }
    return http1_finish_head(&cursor, chunk, message, result);
}
