/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Error files: raw HTTP responses read at startup and kept as a reply. Lines may end in LF alone;
 * an announced Content-Length must be the payload's, chunked payloads are refused, a 204 or 304 has
 * none. A file without a Content-Length, or that asks for it, closes the connection; an empty file
 * stands for "close without a word".
 *
 * Memory: the file's bytes, which the reply's slices point into.
 */
#include <stdint.h>

#include "base/number.h"
#include "http/fields.h"
#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/parser.h"
#include "rules/reply_internal.h"

enum {
    STATUS_MIN = 200,
    STATUS_MAX = 599,
    STATUS_NO_CONTENT = 204,
    STATUS_NOT_MODIFIED = 304,
    STATUS_DIGITS = 3,
    VERSION_BYTES = sizeof("HTTP/1.1") - 1,
    DELETE_BYTE = 127,
};

/* A 304 announces a length without a payload: more than this is no length to a reader. */
static const uint64_t LENGTH_MAX = INT64_MAX / 2;

/* Cuts one line off `rest`, without its CRLF or LF. False when there is no whole line. */
static bool take_line(struct slice *rest, struct slice *line)
{
    size_t end = slice_find_char(*rest, '\n');
    if (end == rest->length) {
        return false;
    }
    *line = slice_first(*rest, end);
    *rest = slice_skip(*rest, end + 1);
    if (line->length > 0 && line->data[line->length - 1] == '\r') {
        line->length--;
    }
    return true;
}

/* Whether all bytes may stand in a field's value or a reason (RFC 9110 5.5, RFC 9112 4). */
static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if ((c < ' ' && c != '\t') || c == DELETE_BYTE) {
            return false;
        }
    }
    return true;
}

/* "HTTP/1.1", with any two digits. */
static bool is_version(struct slice s)
{
    static const char shape[] = "HTTP/0.0";
    for (size_t i = 0; i < VERSION_BYTES; i++) {
        bool is_digit = s.data[i] >= '0' && s.data[i] <= '9';
        if (shape[i] == '0' ? !is_digit : s.data[i] != shape[i]) {
            return false;
        }
    }
    return true;
}

/* "HTTP/1.1 503 Reason" */
static bool parse_status_line(struct slice line, struct reply *reply, uint64_t *status)
{
    if (line.length < VERSION_BYTES + 1 + STATUS_DIGITS || !is_version(line) ||
        line.data[VERSION_BYTES] != ' ') {
        return false;
    }
    struct slice version = slice_first(line, VERSION_BYTES);
    reply->version = slice_equal(version, SLICE("HTTP/1.0")) ? HTTP_VERSION_1_0 : HTTP_VERSION_1_1;
    struct slice rest = slice_skip(line, VERSION_BYTES + 1);
    if (number_parse_decimal(slice_first(rest, STATUS_DIGITS), status) != RESULT_OK) {
        return false;
    }
    rest = slice_skip(rest, STATUS_DIGITS);
    if (rest.length > 0 && rest.data[0] != ' ') {
        return false;
    }
    reply->reason = slice_trim(rest);
    return is_printable(reply->reason);
}

static bool parse_header_line(struct slice line, struct slice *name, struct slice *value)
{
    size_t colon = slice_find_char(line, ':');
    if (colon == 0 || colon == line.length) {
        return false;
    }
    *name = slice_first(line, colon);
    *value = slice_trim(slice_skip(line, colon + 1));
    return slice_is_token(*name) && is_printable(*value);
}

/* What the headers of one file say about its payload. */
struct framing {
    bool has_length;
    uint64_t length;
};

/* Whether a comma-separated value has the token, letters folded. */
static bool has_token(struct slice value, struct slice token)
{
    struct slice part;
    while (slice_next_token(&value, ',', &part)) {
        if (slice_equal_nocase(slice_trim(part), token)) {
            return true;
        }
    }
    return false;
}

/* Keeps a header, unless it is one of the connection. */
static enum result keep_header(struct rule_parser *parser, struct reply *reply, struct slice name,
                               struct slice value, struct framing *framing)
{
    enum http_name id = http_name_find(name);
    if (id == HTTP_NAME_CONNECTION || id == HTTP_NAME_KEEP_ALIVE) {
        reply->closes = reply->closes || has_token(value, SLICE("close"));
        return RESULT_OK;
    }
    if (id == HTTP_NAME_TRANSFER_ENCODING) {
        return parser_fail(parser, "chunk-encoded payload not supported");
    }
    if (id == HTTP_NAME_CONTENT_LENGTH) {
        uint64_t length = 0;
        if (number_parse_decimal(value, &length) != RESULT_OK || length > LENGTH_MAX ||
            (framing->has_length && framing->length != length)) {
            return parser_fail(parser, "invalid content-length");
        }
        if (framing->has_length) {
            return RESULT_OK;
        }
        framing->has_length = true;
        framing->length = length;
    }
    return reply_add_header(reply, parser->account, name, value, NULL) == RESULT_OK
               ? RESULT_OK
               : parser_fail_memory(parser);
}

static enum result parse_headers(struct rule_parser *parser, struct reply *reply,
                                 struct slice bytes, struct slice *rest, struct framing *framing)
{
    struct slice line;
    for (;;) {
        size_t offset = bytes.length - rest->length;
        if (!take_line(rest, &line)) {
            return parser_fail(parser, "unable to parse headers (no empty line behind them)");
        }
        if (line.length == 0) {
            return RESULT_OK;
        }
        struct slice name;
        struct slice value;
        if (!parse_header_line(line, &name, &value)) {
            return parser_fail(parser, "unable to parse headers (error offset: %zu)", offset);
        }
        enum result result = keep_header(parser, reply, name, value, framing);
        if (result != RESULT_OK) {
            return result;
        }
    }
}

static enum result check_payload(struct rule_parser *parser, struct reply *reply,
                                 const struct framing *framing)
{
    bool has_none = reply->status == STATUS_NO_CONTENT || reply->status == STATUS_NOT_MODIFIED;
    if (has_none && reply->body.length > 0) {
        return parser_fail(parser, "message payload not expected");
    }
    if (framing->has_length && !has_none && framing->length != reply->body.length) {
        return parser_fail(parser,
                           "payload size does not match the announced content-length (%zu != %llu)",
                           reply->body.length, (unsigned long long)framing->length);
    }
    reply->has_length = framing->has_length;
    if (!framing->has_length && !has_none) {
        reply->closes = true;
    }
    return RESULT_OK;
}

static enum result parse_response(struct rule_parser *parser, struct reply *reply,
                                  struct slice bytes)
{
    struct slice rest = bytes;
    struct slice line;
    uint64_t status = 0;
    if (!take_line(&rest, &line) || !parse_status_line(line, reply, &status)) {
        return parser_fail(parser, "unable to parse headers (error offset: 0)");
    }
    if (status < STATUS_MIN || status > STATUS_MAX) {
        return parser_fail(parser, "invalid http status code for an error message (%llu)",
                           (unsigned long long)status);
    }
    reply->status = (uint16_t)status;
    struct framing framing = {0};
    enum result result = parse_headers(parser, reply, bytes, &rest, &framing);
    if (result != RESULT_OK) {
        return result;
    }
    reply->body = rest;
    return check_payload(parser, reply, &framing);
}

enum result reply_load_bytes(struct rule_parser *parser, uint16_t status, struct slice bytes,
                             struct reply **out)
{
    enum reply_kind kind = bytes.length == 0 ? REPLY_SILENT : REPLY_MESSAGE;
    struct reply *reply = reply_create(parser->account, kind, status);
    if (reply == NULL) {
        return parser_fail_memory(parser);
    }
    reply->storage = memory_copy_string(parser->account, bytes);
    enum result result = RESULT_OK;
    if (reply->storage == NULL) {
        result = parser_fail_memory(parser);
    } else if (kind == REPLY_MESSAGE) {
        result = parse_response(parser, reply, slice_of(reply->storage, bytes.length));
    }
    if (result != RESULT_OK) {
        reply_destroy(parser->account, reply);
        return result;
    }
    *out = reply;
    return RESULT_OK;
}
