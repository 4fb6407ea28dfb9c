/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of HTTP/3: a field section becomes a request, a response becomes a section (RFC 9114 4.1
 * to 4.4, RFC 9220).
 *
 * Hard idea: all text of a request is written once, decoded, into one chunk that the message holds;
 * slices point there or into the static table. What RFC 9114 calls malformed is refused before
 * anything behind sees it.
 */
#include <stddef.h>

#include "base/assert.h"
#include "http/chars.h"
#include "http/http3.h"
#include "http/huffman.h"
#include "http/uri.h"

enum {
    STATUS_TOO_LARGE = 431,

    COOKIE_SEPARATOR_BYTES = 2,
};

/* A request being put together. */
struct builder {
    struct http_message *message;
    struct http3_fault *fault;
    struct qpack_reader reader;
    struct slice method, scheme, authority, path, protocol;
    struct slice cookie; /* joined so far: the text written last */
    uint16_t cookie_index;
    bool has_method, has_scheme, has_authority, has_path, has_protocol;
    bool has_fields; /* a field that is no pseudo-field was there */
    bool has_length;
};

static enum result fail(struct builder *b, const char *reason)
{
    b->fault->code = HTTP3_MESSAGE_ERROR;
    b->fault->reason = reason;
    return RESULT_INVALID;
}

static enum result too_large(struct http3_fault *fault)
{
    fault->status = STATUS_TOO_LARGE;
    fault->code = HTTP3_MESSAGE_ERROR;
    fault->reason = "too large a head";
    return RESULT_INVALID;
}

/* ---- pseudo-fields ---- */

static enum result take_pseudo(struct builder *b, struct slice name, struct slice value)
{
    const struct {
        struct slice name;
        struct slice *value;
        bool *is_there;
    } rows[] = {
        {SLICE(":method"), &b->method, &b->has_method},
        {SLICE(":scheme"), &b->scheme, &b->has_scheme},
        {SLICE(":authority"), &b->authority, &b->has_authority},
        {SLICE(":path"), &b->path, &b->has_path},
        {SLICE(":protocol"), &b->protocol, &b->has_protocol},
    };
    if (b->has_fields) {
        return fail(b, "a pseudo-field behind a field");
    }
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (slice_equal(name, rows[i].name)) {
            if (*rows[i].is_there) {
                return fail(b, "a repeated pseudo-field");
            }
            *rows[i].is_there = true;
            *rows[i].value = value;
            return RESULT_OK;
        }
    }
    return fail(b, "an unknown pseudo-field");
}

/* ---- fields ---- */

static bool has_upper(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (name.data[i] >= 'A' && name.data[i] <= 'Z') {
            return true;
        }
    }
    return false;
}

/* Of one connection only, and so none of HTTP/3 (4.2). */
static bool is_connection_specific(enum http_name id)
{
    return id == HTTP_NAME_CONNECTION || id == HTTP_NAME_KEEP_ALIVE ||
           id == HTTP_NAME_PROXY_CONNECTION || id == HTTP_NAME_TRANSFER_ENCODING ||
           id == HTTP_NAME_UPGRADE;
}

static bool parse_length(struct slice value, uint64_t *length)
{
    uint64_t number = 0;
    if (value.length == 0) {
        return false;
    }
    for (size_t i = 0; i < value.length; i++) {
        char c = value.data[i];
        if (c < '0' || c > '9' || number > (UINT64_MAX - 9) / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(c - '0');
    }
    *length = number;
    return true;
}

static enum result take_length(struct builder *b, struct slice value)
{
    uint64_t length;
    if (!parse_length(value, &length) || (b->has_length && length != b->message->content_length)) {
        return fail(b, "a bad Content-Length");
    }
    b->has_length = true;
    b->message->content_length = length;
    return RESULT_OK;
}

/* Several Cookie fields are one (4.2.1): the text grows at its end, or is copied there once. */
static enum result join_cookie(struct builder *b, struct slice value)
{
    struct qpack_reader *reader = &b->reader;
    size_t needed = b->cookie.length + COOKIE_SEPARATOR_BYTES + value.length;
    char *out = reader->out;
    if ((size_t)(reader->out_end - out) < needed) {
        return too_large(b->fault);
    }
    memcpy(out, b->cookie.data, b->cookie.length);
    memcpy(out + b->cookie.length, "; ", COOKIE_SEPARATOR_BYTES);
    memcpy(out + b->cookie.length + COOKIE_SEPARATOR_BYTES, value.data, value.length);
    reader->out += needed;
    b->cookie = slice_of(out, needed);
    b->message->fields.entries[b->cookie_index].value = b->cookie;
    return RESULT_OK;
}

static enum result append(struct builder *b, const struct http_field *field)
{
    if (b->message->fields.count + 1U >= b->message->fields_max) { /* the first line counts */
        return too_large(b->fault);
    }
    enum result result = http_fields_append_known(&b->message->fields, field);
    return result == RESULT_FULL ? too_large(b->fault) : result;
}

static enum result take_field(struct builder *b, struct slice name, struct slice value)
{
    struct http_message *message = b->message;
    b->has_fields = true;
    if (!http_is_token(name) || has_upper(name) || !http_is_value(value)) {
        return fail(b, "a byte that a field may not have");
    }
    const struct http_field field = {name, slice_trim(value), http_name_find(name)};
    if (is_connection_specific(field.id)) {
        return fail(b, "a connection-specific field");
    }
    if (field.id == HTTP_NAME_TE) {
        message->te_trailers = slice_equal_nocase(field.value, SLICE("trailers"));
        return message->te_trailers ? append(b, &field) : fail(b, "TE other than trailers");
    }
    if (field.id == HTTP_NAME_CONTENT_LENGTH) {
        bool is_repeated = b->has_length;
        enum result result = take_length(b, field.value);
        return result != RESULT_OK || is_repeated ? result : append(b, &field);
    }
    if (field.id == HTTP_NAME_COOKIE && b->cookie.data != NULL) {
        return join_cookie(b, field.value);
    }
    if (field.id == HTTP_NAME_COOKIE) {
        b->cookie = field.value.data != NULL ? field.value : SLICE("");
        b->cookie_index = message->fields.count;
    } else if (field.id == HTTP_NAME_EXPECT) {
        message->expects_continue = slice_equal_nocase(field.value, SLICE("100-continue"));
    }
    return append(b, &field);
}

/* ---- the request ---- */

static enum result check_host(struct builder *b)
{
    struct http_fields *fields = &b->message->fields;
    uint16_t index = http_fields_find_id(fields, HTTP_NAME_HOST, 0);
    bool has_host = index < fields->count;
    if (has_host &&
        http_fields_find_id(fields, HTTP_NAME_HOST, (uint16_t)(index + 1)) < fields->count) {
        return fail(b, "a repeated Host");
    }
    struct slice host = has_host ? fields->entries[index].value : b->authority;
    struct http_authority parts;
    if (host.length == 0 || http_authority_parse(host, &parts) != RESULT_OK ||
        parts.user.data != NULL) {
        return fail(b, "no host, or a bad one");
    }
    if (has_host && b->has_authority && !slice_equal_nocase(host, b->authority)) {
        return fail(b, "Host differs from :authority");
    }
    if (has_host) {
        b->message->authority = b->has_authority ? b->authority : host;
        return RESULT_OK;
    }
    b->message->authority = b->authority;
    const struct http_field field = {SLICE("host"), b->authority, HTTP_NAME_HOST};
    return append(b, &field);
}

static enum result finish_connect(struct builder *b)
{
    struct http_message *message = b->message;
    if (b->has_protocol) { /* RFC 9220: a WebSocket, to a server of HTTP/1.1 as an upgrade */
        if (!b->has_scheme || !b->has_path || !b->has_authority) {
            return fail(b, "an extended CONNECT without its parts");
        }
        message->protocol = b->protocol;
        message->target = b->path;
        message->path = b->path;
        message->scheme = b->scheme;
        message->target_form = HTTP_TARGET_ORIGIN;
    } else {
        if (b->has_scheme || b->has_path || !b->has_authority) {
            return fail(b, "a CONNECT with more or less than an authority");
        }
        message->target = b->authority;
        message->target_form = HTTP_TARGET_AUTHORITY;
    }
    message->body = HTTP_BODY_TUNNEL;
    return check_host(b);
}

static bool is_path_right(const struct builder *b)
{
    if (slice_equal(b->path, SLICE("*"))) {
        return b->message->method_id == HTTP_METHOD_OPTIONS;
    }
    const char *start = b->path.data;
    return b->path.length > 0 && start[0] == '/' &&
           http_skip_target(start, start + b->path.length) == start + b->path.length;
}

static enum result finish_request(struct builder *b, bool has_ended)
{
    struct http_message *message = b->message;
    if (!b->has_method || !http_is_token(b->method)) {
        return fail(b, "no method");
    }
    message->version = HTTP_VERSION_3;
    message->method = b->method;
    message->method_id = http_method_find(b->method);
    if (message->method_id == HTTP_METHOD_CONNECT) {
        return finish_connect(b);
    }
    if (!b->has_scheme || !b->has_path || b->has_protocol || !is_path_right(b)) {
        return fail(b, "no scheme or a bad path");
    }
    message->scheme = b->scheme;
    message->target = b->path;
    message->path = b->path;
    message->target_form = b->path.data[0] == '*' ? HTTP_TARGET_ASTERISK : HTTP_TARGET_ORIGIN;
    if (has_ended && b->has_length && message->content_length > 0) {
        return fail(b, "less than its Content-Length");
    }
    message->body = b->has_length ? HTTP_BODY_LENGTH
                    : has_ended   ? HTTP_BODY_NONE
                                  : HTTP_BODY_CHUNKED;
    return check_host(b);
}

static enum result read_fields(struct builder *b)
{
    for (;;) {
        struct slice name, value;
        enum result result = qpack_read_field(&b->reader, &name, &value);
        if (result == RESULT_END) {
            return RESULT_OK;
        }
        if (result == RESULT_OK) {
            bool is_pseudo = name.length > 0 && name.data[0] == ':';
            result = is_pseudo ? take_pseudo(b, name, value) : take_field(b, name, value);
        } else if (result == RESULT_FULL) {
            return too_large(b->fault);
        } else {
            b->fault->code = HTTP3_QPACK_DECOMPRESSION_FAILED;
            b->fault->reason = "a field section that cannot be decoded";
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
}

/* The chunk for the text of a section of `bytes`. */
static struct chunk *take_text(struct chunk_source *chunks, struct account *account, size_t bytes)
{
    size_t most = huffman_decoded_max(bytes) + bytes; /* cookies are joined in new room */
    return chunk_take(chunks, most <= chunks->bytes[CHUNK_SMALL] ? CHUNK_SMALL : CHUNK_NORMAL,
                      account);
}

enum result http3_parse_request(struct slice section, bool has_ended, struct chunk_source *chunks,
                                struct account *account, struct http_message *message,
                                struct http3_fault *fault)
{
    struct builder b = {.message = message, .fault = fault};
    *fault = (struct http3_fault){0};
    message->head = take_text(chunks, account, section.length);
    if (message->head == NULL) {
        return RESULT_NO_MEMORY;
    }
    message->is_response = false;
    enum result result =
        qpack_read_begin(&b.reader, section, message->head->data, message->head->size);
    if (result != RESULT_OK) {
        fault->code = HTTP3_QPACK_DECOMPRESSION_FAILED;
        fault->reason = "a field section that cannot be decoded";
    } else {
        result = read_fields(&b);
    }
    if (result == RESULT_OK) {
        message->head->filled = (uint32_t)(b.reader.out - message->head->data);
        result = finish_request(&b, has_ended);
    }
    if (result != RESULT_OK) {
        http_message_clear(message);
    }
    return result;
}

enum result http3_parse_trailers(struct slice section, struct http_fields *fields,
                                 struct http3_fault *fault)
{
    *fault = (struct http3_fault){.code = HTTP3_MESSAGE_ERROR, .reason = "bad trailers"};
    size_t room = huffman_decoded_max(section.length);
    char *text = arena_take_text(fields->arena, room);
    struct qpack_reader reader;
    if (text == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (qpack_read_begin(&reader, section, text, room) != RESULT_OK) {
        fault->code = HTTP3_QPACK_DECOMPRESSION_FAILED;
        return RESULT_INVALID;
    }
    for (;;) {
        struct slice name, value;
        enum result result = qpack_read_field(&reader, &name, &value);
        if (result == RESULT_END) {
            return RESULT_OK;
        }
        if (result != RESULT_OK) {
            fault->code = HTTP3_QPACK_DECOMPRESSION_FAILED;
            return RESULT_INVALID;
        }
        if (!http_is_token(name) || has_upper(name) || !http_is_value(value) ||
            is_connection_specific(http_name_find(name))) {
            return RESULT_INVALID; /* pseudo-fields are no tokens */
        }
        if (http_fields_append(fields, name, slice_trim(value)) != RESULT_OK) {
            return too_large(fault);
        }
    }
}

/* ---- responses ---- */

/* Whether a field of a response from whatever version goes out in HTTP/3. */
static bool is_sent(const struct http_message *message, const struct http_field *field)
{
    if (is_connection_specific(field->id) || field->id == HTTP_NAME_TE) {
        return false;
    }
    bool has_length = message->body == HTTP_BODY_LENGTH || message->body == HTTP_BODY_NONE;
    return field->id != HTTP_NAME_CONTENT_LENGTH || has_length;
}

size_t http3_trailers_bytes_max(const struct http_fields *fields)
{
    size_t bytes = HTTP3_FRAME_HEADER_MAX + QPACK_SECTION_BYTES_MIN;
    for (uint16_t i = 0; i < fields->count; i++) {
        bytes += qpack_field_bytes_max(fields->entries[i].name, fields->entries[i].value);
    }
    return bytes;
}

size_t http3_response_bytes_max(const struct http_message *message)
{
    return http3_trailers_bytes_max(&message->fields);
}

/* Puts the frame's header right in front of the section. */
static size_t finish_frame(char *out, const struct qpack_writer *writer, size_t *start)
{
    uint8_t header[HTTP3_FRAME_HEADER_MAX];
    size_t section = (size_t)(writer->at - out) - HTTP3_FRAME_HEADER_MAX;
    size_t length = http3_write_frame_header(header, HTTP3_HEADERS, section);
    *start = HTTP3_FRAME_HEADER_MAX - length;
    memcpy(out + *start, header, length);
    return length + section;
}

size_t http3_write_response(char *out, size_t room, const struct http_message *message,
                            size_t *start)
{
    struct qpack_writer writer;
    qpack_write_begin(&writer, out + HTTP3_FRAME_HEADER_MAX, room - HTTP3_FRAME_HEADER_MAX);
    qpack_write_status(&writer, message->status);
    for (uint16_t i = 0; i < message->fields.count; i++) {
        const struct http_field *field = &message->fields.entries[i];
        if (is_sent(message, field)) {
            qpack_write_field(&writer, field->name, field->value);
        }
    }
    ASSERT(writer.at != NULL);
    return finish_frame(out, &writer, start);
}

size_t http3_write_trailers(char *out, size_t room, const struct http_fields *fields, size_t *start)
{
    struct qpack_writer writer;
    qpack_write_begin(&writer, out + HTTP3_FRAME_HEADER_MAX, room - HTTP3_FRAME_HEADER_MAX);
    for (uint16_t i = 0; i < fields->count; i++) {
        if (!is_connection_specific(http_name_find(fields->entries[i].name))) {
            qpack_write_field(&writer, fields->entries[i].name, fields->entries[i].value);
        }
    }
    ASSERT(writer.at != NULL);
    return finish_frame(out, &writer, start);
}
