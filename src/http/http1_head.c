/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads of HTTP/1 messages: finding the end of one, and its field lines (RFC 9112 2.2, 5).
 * The hard idea: a line has one reading or none. A colon right behind a token, a value without
 * control characters, a line end; nothing is repaired. A bare LF ends a line as the RFC allows and
 * HAProxy does; a bare CR never does. Input that cannot become a head is called complete at once,
 * so that the parser says what is wrong without waiting for a timeout. No memory.
 */
#include "http/chars.h"
#include "http/http1_internal.h"

enum {
    VERSION_CHARS = sizeof("HTTP/1.1") - 1,
    VERSION_MAJOR = sizeof("HTTP/") - 1,
    VERSION_MINOR = VERSION_MAJOR + 2,
};

/* ---- the end of a head ---- */

size_t http1_skip_empty_lines(struct slice bytes)
{
    size_t at = 0;
    while (at < bytes.length) {
        if (bytes.data[at] == '\n') {
            at++;
        } else if (bytes.data[at] == '\r' && at + 1 < bytes.length && bytes.data[at + 1] == '\n') {
            at += sizeof("\r\n") - 1;
        } else {
            break;
        }
    }
    return at;
}

/* Whether a first line can only be HTTP/0.9's: "GET /path" and nothing behind it. */
static bool lacks_version(struct slice line)
{
    const char *end = line.data + line.length;
    const char *at = http_skip_token(line.data, end);
    unsigned gaps = 0;
    if (at < end && *at == '/') { /* a response's "HTTP/1.1" */
        return false;
    }
    line =
        slice_trim(slice_ends_with(line, SLICE("\r")) ? slice_first(line, line.length - 1) : line);
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] == ' ' || line.data[i] == '\t') {
            gaps++;
        }
    }
    return gaps < 2;
}

/* Looks at what comes first: RESULT_OK when it can be no head, RESULT_END when it may be one. */
static enum result check_first_line(struct slice bytes, size_t *scanned, size_t *length)
{
    size_t start = http1_skip_empty_lines(bytes);
    if (start == bytes.length || (bytes.data[start] == '\r' && start + 1 == bytes.length)) {
        return RESULT_BLOCKED;
    }
    if (!http_char_is(bytes.data[start], HTTP_CHAR_TOKEN)) {
        *length = bytes.length;
        return RESULT_OK;
    }
    struct slice rest = slice_skip(bytes, start);
    size_t end = slice_find_char(rest, '\n');
    if (end == rest.length) {
        return RESULT_BLOCKED;
    }
    if (lacks_version(slice_first(rest, end))) {
        *length = start + end + 1;
        return RESULT_OK;
    }
    *scanned = start + end;
    return RESULT_END;
}

enum result http1_find_head(struct slice bytes, size_t *scanned, size_t *length)
{
    if (*scanned == 0) {
        enum result result = check_first_line(bytes, scanned, length);
        if (result != RESULT_END) {
            return result;
        }
    }
    const char *end = bytes.data + bytes.length;
    const char *feed = bytes.data + *scanned;
    while ((feed = memchr(feed, '\n', (size_t)(end - feed))) != NULL) {
        *scanned = (size_t)(feed - bytes.data);
        const char *next = feed + 1;
        if (next < end && *next == '\r') {
            next++;
        }
        if (next >= end) {
            return RESULT_BLOCKED;
        }
        /* behind a bare CR the parser will refuse it, wherever the head ends */
        if (*next == '\n' || next > feed + 1) {
            *length = (size_t)(next - bytes.data) + 1;
            return RESULT_OK;
        }
        feed = next;
    }
    *scanned = bytes.length;
    return RESULT_BLOCKED;
}

/* ---- parsing one ---- */

void http1_begin_head(struct http1_cursor *cursor, struct slice head, struct http1_error *error)
{
    *error = (struct http1_error){0};
    *cursor = (struct http1_cursor){
        .start = head.data,
        .at = head.data + http1_skip_empty_lines(head),
        .end = head.data + head.length,
        .error = error,
    };
}

enum result http1_finish_head(struct http1_cursor *cursor, struct chunk *chunk,
                              struct http_message *message, enum result result)
{
    if (result == RESULT_FULL) {
        (void)http1_fail(cursor, cursor->at, "too many fields");
    }
    if (result != RESULT_OK) {
        http_message_clear(message);
    } else if (chunk != NULL) {
        chunk_hold(chunk);
        message->head = chunk;
    }
    return result;
}

enum result http1_fail_with(struct http1_cursor *cursor, const char *where, uint16_t status,
                            const char *reason)
{
    bool is_response = cursor->status == HTTP1_STATUS_BAD_GATEWAY;
    *cursor->error = (struct http1_error){
        .status = is_response ? cursor->status : status,
        .position = (size_t)(where - cursor->start),
        .reason = reason,
    };
    return RESULT_INVALID;
}

enum result http1_fail(struct http1_cursor *cursor, const char *where, const char *reason)
{
    return http1_fail_with(cursor, where, cursor->status, reason);
}

bool http1_skip_line_end(struct http1_cursor *cursor)
{
    const char *at = cursor->at;
    bool has_return = at < cursor->end && *at == '\r';
    if (has_return) {
        at++;
    }
    if (at == cursor->end || *at != '\n' || (cursor->needs_crlf && !has_return)) {
        return false;
    }
    cursor->at = at + 1;
    return true;
}

/* ---- lines ---- */

enum result http1_read_version(struct http1_cursor *cursor, enum http_version *version)
{
    const char *start = cursor->at;
    while (cursor->at < cursor->end &&
           (http_char_is(*cursor->at, HTTP_CHAR_SCHEME) || *cursor->at == '/')) {
        cursor->at++;
    }
    struct slice text = slice_of(start, (size_t)(cursor->at - start));
    bool has_form =
        text.length == VERSION_CHARS && http_char_is(start[VERSION_MAJOR], HTTP_CHAR_DIGIT) &&
        start[VERSION_MAJOR + 1] == '.' && http_char_is(start[VERSION_MINOR], HTTP_CHAR_DIGIT);
    bool is_known = has_form && slice_starts_with(text, SLICE("HTTP/1"));
    if (!is_known && (!cursor->is_lenient || text.length == 0)) {
        return http1_fail(cursor, start, "no version HTTP/1.x where it belongs");
    }
    bool is_newer = has_form && (start[VERSION_MAJOR] > '1' ||
                                 (start[VERSION_MAJOR] == '1' && start[VERSION_MINOR] > '0'));
    *version = is_newer ? HTTP_VERSION_1_1 : HTTP_VERSION_1_0;
    return RESULT_OK;
}

/* Why there is no field name at the cursor. */
static enum result fail_at_name(struct http1_cursor *cursor, const char *line)
{
    if (cursor->at == cursor->end) {
        return http1_fail(cursor, cursor->at, "the head ends inside a field line");
    }
    if (cursor->at == line && (*line == ' ' || *line == '\t')) {
        return http1_fail(cursor, line, "a field line is folded");
    }
    if (*cursor->at == ':') {
        return http1_fail(cursor, line, "a field has no name");
    }
    if (*cursor->at == ' ' || *cursor->at == '\t') {
        return http1_fail(cursor, cursor->at, "space in or behind a field name");
    }
    if (*cursor->at == '\r' || *cursor->at == '\n') {
        return http1_fail(cursor, cursor->at, "a field line has no colon");
    }
    return http1_fail(cursor, cursor->at, "a field name has a character that it may not have");
}

/* A name that is no token: the whole line goes, up to its proper end. */
static enum result drop_line(struct http1_cursor *cursor, const char *line)
{
    const char *name_end = cursor->at;
    bool is_folded = *line == ' ' || *line == '\t';
    bool has_colon = false;
    while (cursor->at < cursor->end && *cursor->at != '\r' && *cursor->at != '\n') {
        has_colon = has_colon || *cursor->at == ':';
        cursor->at++;
    }
    if (is_folded || !has_colon) {
        cursor->at = name_end;
        return fail_at_name(cursor, line);
    }
    return http1_skip_line_end(cursor) ? RESULT_NOT_FOUND
                                       : http1_fail(cursor, cursor->at, "a bare CR");
}

/* The end of a value that starts at the cursor: lenient parsing lets controls but CR and LF pass.
 */
static const char *find_value_end(const struct http1_cursor *cursor)
{
    const char *at = http_skip_value(cursor->at, cursor->end);
    while (cursor->is_lenient && at < cursor->end && *at != '\r' && *at != '\n') {
        at = http_skip_value(at + 1, cursor->end);
    }
    return at;
}

static enum result fail_in_value(struct http1_cursor *cursor)
{
    if (cursor->at == cursor->end) {
        return http1_fail(cursor, cursor->at, "the head ends inside a field line");
    }
    if (*cursor->at == '\r') {
        return http1_fail(cursor, cursor->at, "a bare CR");
    }
    return http1_fail(cursor, cursor->at,
                      *cursor->at == '\n' ? "a bare LF" : "a control character in a field value");
}

enum result http1_next_field(struct http1_cursor *cursor, struct http_field *field)
{
    const char *line = cursor->at;
    if (http1_skip_line_end(cursor)) {
        return RESULT_END;
    }
    cursor->at = http_skip_token(line, cursor->end);
    field->name = slice_of(line, (size_t)(cursor->at - line));
    if (field->name.length == 0 || cursor->at == cursor->end || *cursor->at != ':') {
        return cursor->is_lenient && line < cursor->end ? drop_line(cursor, line)
                                                        : fail_at_name(cursor, line);
    }
    cursor->at++;
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t')) {
        cursor->at++;
    }
    const char *value = cursor->at;
    const char *end = find_value_end(cursor);
    cursor->at = end;
    if (!http1_skip_line_end(cursor)) {
        return fail_in_value(cursor);
    }
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    field->value = slice_of(value, (size_t)(end - value));
    field->id = http_name_find(field->name);
    return RESULT_OK;
}
