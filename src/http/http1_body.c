/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of HTTP/1 messages as they come in (RFC 9112 6, 7).
 *
 *   SIZE -> (BLANK) -> (EXTENSION) -> SIZE_LF -> DATA -> END -> END_LF -> SIZE
 *                                        `-> TRAILERS -> DONE      (size 0)
 *
 * The hard idea: framing is read byte by byte with its state in the object, so that any split of
 * the input gives the same result, while data are only counted and never looked at. Lines of chunks
 * and trailers end with CRLF and nothing else. Trailers wait until they are there as a whole,
 * bounded by the caller's window; their texts are copied into the caller's arena.
 */
#include "base/number.h"
#include "http/chars.h"
#include "http/http1_internal.h"

enum { DIGITS_MAX = 16, DIGIT_BITS = 4 };

void http1_body_begin(struct http1_body *body, const struct http_message *message)
{
    *body = (struct http1_body){.state = HTTP1_BODY_DATA};
    switch (message->body) {
    case HTTP_BODY_NONE:
        body->state = HTTP1_BODY_DONE;
        break;
    case HTTP_BODY_LENGTH:
        body->remaining = message->content_length;
        body->state = body->remaining == 0 ? HTTP1_BODY_DONE : HTTP1_BODY_DATA;
        break;
    case HTTP_BODY_CHUNKED:
        body->is_chunked = true;
        body->state = HTTP1_BODY_CHUNK_SIZE;
        break;
    case HTTP_BODY_CLOSE:
    case HTTP_BODY_TUNNEL:
        body->remaining = UINT64_MAX;
        break;
    }
}

/* ---- chunk lines ---- */

static bool add_size_digit(struct http1_body *body, int digit)
{
    body->digits++;
    body->remaining = (body->remaining << DIGIT_BITS) | (uint64_t)digit;
    return body->digits <= DIGITS_MAX && body->remaining <= INT64_MAX;
}

/* What follows a size on its line: spaces, an extension, the line's end. */
static bool leave_size(struct http1_body *body, char c)
{
    if (c == ' ' || c == '\t') {
        body->state = HTTP1_BODY_CHUNK_BLANK;
    } else if (c == ';') {
        body->state = HTTP1_BODY_CHUNK_EXTENSION;
    } else if (c == '\r') {
        body->state = HTTP1_BODY_CHUNK_SIZE_LF;
        return true;
    } else {
        return false;
    }
    body->extension_bytes++;
    return body->extension_bytes <= HTTP1_CHUNK_EXTENSION_MAX;
}

static bool read_extension(struct http1_body *body, char c)
{
    if (c == '\r') {
        body->state = HTTP1_BODY_CHUNK_SIZE_LF;
        return true;
    }
    body->extension_bytes++;
    return http_char_is(c, HTTP_CHAR_VALUE) && body->extension_bytes <= HTTP1_CHUNK_EXTENSION_MAX;
}

static bool expect(struct http1_body *body, char c, char wanted, enum http1_body_state next)
{
    body->state = next;
    return c == wanted;
}

static bool end_size_line(struct http1_body *body, char c)
{
    body->digits = 0;
    body->extension_bytes = 0;
    return expect(body, c, '\n', body->remaining == 0 ? HTTP1_BODY_TRAILERS : HTTP1_BODY_DATA);
}

/* Takes in one byte of framing. False when it does not belong there. */
static bool read_framing(struct http1_body *body, char c)
{
    switch (body->state) {
    case HTTP1_BODY_CHUNK_SIZE: {
        int digit = number_hex_digit(c);
        if (digit >= 0) {
            return add_size_digit(body, digit);
        }
        return body->digits > 0 && leave_size(body, c);
    }
    case HTTP1_BODY_CHUNK_BLANK:
        return leave_size(body, c);
    case HTTP1_BODY_CHUNK_EXTENSION:
        return read_extension(body, c);
    case HTTP1_BODY_CHUNK_SIZE_LF:
        return end_size_line(body, c);
    case HTTP1_BODY_CHUNK_END:
        return expect(body, c, '\r', HTTP1_BODY_CHUNK_END_LF);
    case HTTP1_BODY_CHUNK_END_LF:
        return expect(body, c, '\n', HTTP1_BODY_CHUNK_SIZE);
    case HTTP1_BODY_DATA:
    case HTTP1_BODY_TRAILERS:
    case HTTP1_BODY_DONE:
        break;
    }
    return false;
}

static bool is_in_framing(const struct http1_body *body)
{
    return body->state != HTTP1_BODY_DATA && body->state != HTTP1_BODY_TRAILERS &&
           body->state != HTTP1_BODY_DONE;
}

/* ---- data ---- */

static size_t take_data(struct http1_body *body, size_t available)
{
    if (body->remaining == UINT64_MAX) {
        return available;
    }
    size_t taken = available < body->remaining ? available : (size_t)body->remaining;
    body->remaining -= taken;
    if (body->remaining == 0) {
        body->state = body->is_chunked ? HTTP1_BODY_CHUNK_END : HTTP1_BODY_DONE;
    }
    return taken;
}

enum result http1_body_next(struct http1_body *body, struct slice bytes, size_t *skip, size_t *data)
{
    const struct http1_body before = *body;
    size_t at = 0;
    *skip = 0;
    *data = 0;
    while (at < bytes.length && is_in_framing(body)) {
        if (!read_framing(body, bytes.data[at])) {
            *body = before; /* so that who asks again is told again */
            return RESULT_INVALID;
        }
        at++;
    }
    *skip = at;
    if (body->state == HTTP1_BODY_TRAILERS || body->state == HTTP1_BODY_DONE) {
        return RESULT_END;
    }
    if (at == bytes.length) {
        return RESULT_BLOCKED;
    }
    *data = take_data(body, bytes.length - at);
    return RESULT_OK;
}

/* ---- trailers ---- */

/* Finds the end of the empty line behind the trailers: RESULT_OK, RESULT_BLOCKED, RESULT_INVALID.
 */
static enum result find_trailers_end(struct slice bytes, size_t *length)
{
    size_t line = 0;
    while (line < bytes.length) {
        size_t end = line + slice_find_char(slice_skip(bytes, line), '\n');
        bool is_empty = bytes.data[line] == '\r' && end == line + 1;
        if (end == bytes.length) {
            break;
        }
        if (end == line || bytes.data[end - 1] != '\r') {
            return RESULT_INVALID;
        }
        line = end + 1;
        if (is_empty) {
            *length = line;
            return RESULT_OK;
        }
    }
    return RESULT_BLOCKED;
}

/*
 * Whether a field may come behind the body: nothing that frames, routes, authenticates or tells how
 * to read the message (RFC 9110 6.5.1).
 */
static bool may_be_trailer(const struct http_field *field)
{
    static const struct slice forbidden[] = {
        SLICE("age"),
        SLICE("content-encoding"),
        SLICE("content-range"),
        SLICE("content-type"),
        SLICE("expires"),
        SLICE("location"),
        SLICE("max-forwards"),
        SLICE("proxy-authenticate"),
        SLICE("proxy-authorization"),
        SLICE("range"),
        SLICE("retry-after"),
        SLICE("vary"),
        SLICE("www-authenticate"),
    };
    for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
        if (slice_equal_nocase(field->name, forbidden[i])) {
            return false;
        }
    }
    return field->id == HTTP_NAME_OTHER;
}

static enum result read_trailers(struct slice bytes, struct http_fields *trailers)
{
    struct http1_error error;
    struct http1_cursor cursor = {
        .start = bytes.data,
        .at = bytes.data,
        .end = bytes.data + bytes.length,
        .error = &error,
        .needs_crlf = true,
    };
    struct http_field field;
    enum result result;
    while ((result = http1_next_field(&cursor, &field)) == RESULT_OK) {
        if (may_be_trailer(&field)) {
            result = http_fields_append_copy(trailers, field.name, field.value);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return result == RESULT_END ? RESULT_OK : RESULT_INVALID;
}

enum result http1_parse_trailers(struct http1_body *body, struct slice bytes,
                                 struct http_fields *trailers, size_t *length)
{
    enum result result = find_trailers_end(bytes, length);
    if (result != RESULT_OK) {
        return result;
    }
    result = read_trailers(slice_first(bytes, *length), trailers);
    if (result == RESULT_OK) {
        body->state = HTTP1_BODY_DONE;
    } else {
        arena_clear(trailers->arena);
        http_fields_init(trailers, trailers->arena, trailers->fields_max);
    }
    return result;
}
