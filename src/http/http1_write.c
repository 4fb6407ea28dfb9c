/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing HTTP/1 heads, chunk lines and trailers (RFC 9112 3, 4, 6, 7; RFC 9110 7.6.1).
 * The hard idea: framing is written from the message's meaning and never from its fields, so that
 * what leaves has one length, whatever rules did to the fields. A head is laid out twice by the
 * same code: first counted, then written in one piece into the queue's free tail; a head larger
 * than a chunk goes into a queue of its own that is joined when it is complete. Either way all or
 * nothing.
 */
#include <string.h>

#include "base/number.h"
#include "http/http1_internal.h"

/* ---- where bytes go ---- */

/* Neither `out` nor `queue`: bytes are only counted. */
struct head_writer {
    size_t bytes;
    char *out;
    struct chunk_queue *queue;
    struct chunk_source *source;
    struct account *account;
    bool has_failed;
};

static void put(struct head_writer *writer, struct slice s)
{
    writer->bytes += s.length;
    if (writer->out != NULL) {
        if (s.length > 0) {
            memcpy(writer->out, s.data, s.length);
            writer->out += s.length;
        }
    } else if (writer->queue != NULL && !writer->has_failed) {
        writer->has_failed =
            chunk_queue_append_copy(writer->queue, writer->source, writer->account, s) != RESULT_OK;
    }
}

/* Copies to the end of what is written already. */
static char *copy(char *out, struct slice s)
{
    memcpy(out, s.data, s.length);
    return out + s.length;
}

static void put_field(struct head_writer *writer, struct slice name, struct slice value)
{
    static const struct slice colon = SLICE(": ");
    static const struct slice line_end = SLICE("\r\n");
    if (writer->queue != NULL || value.length == 0) {
        put(writer, name);
        put(writer, colon);
        put(writer, value);
        put(writer, line_end);
        return;
    }
    writer->bytes += name.length + colon.length + value.length + line_end.length;
    if (writer->out != NULL) { /* most of a head: without a question a piece */
        char *out = copy(writer->out, name);
        out = copy(out, colon);
        out = copy(out, value);
        writer->out = copy(out, line_end);
    }
}

/* ---- first lines ---- */

static bool has_field(const struct http_message *message, enum http_name id)
{
    return http_fields_find_id(&message->fields, id, 0) < message->fields.count;
}

static void put_request_line(struct head_writer *writer, const struct http_message *message,
                             const struct http1_write_options *options)
{
    bool lacks_host = !has_field(message, HTTP_NAME_HOST);
    bool is_nobodys =
        lacks_host && message->authority.length == 0 && message->version < HTTP_VERSION_1_1;
    put(writer, message->method);
    put(writer, SLICE(" "));
    if (message->method_id == HTTP_METHOD_CONNECT) {
        put(writer, message->authority);
    } else if (options->absolute_form && message->target_form == HTTP_TARGET_ABSOLUTE) {
        put(writer, message->target);
    } else {
        put(writer, message->path);
    }
    put(writer, is_nobodys ? SLICE(" HTTP/1.0\r\n") : SLICE(" HTTP/1.1\r\n"));
    if (lacks_host && !is_nobodys) {
        put_field(writer, SLICE("host"), message->authority);
    }
}

static void put_status_line(struct head_writer *writer, const struct http_message *message)
{
    char digits[NUMBER_TEXT_SIZE];
    put(writer, SLICE("HTTP/1.1 "));
    put(writer, slice_of(digits, number_write_decimal(digits, message->status)));
    put(writer, SLICE(" "));
    put(writer, message->reason);
    put(writer, SLICE("\r\n"));
}

/* ---- framing and connection ---- */

/* Whether a Content-Length among the fields goes out as it is. */
static bool keeps_length_field(const struct http_message *message)
{
    return message->is_response && message->body == HTTP_BODY_NONE &&
           message->status >= HTTP1_STATUS_OK && message->status != HTTP1_STATUS_NO_CONTENT;
}

static void put_length(struct head_writer *writer, const struct http_message *message,
                       struct slice name)
{
    char digits[NUMBER_TEXT_SIZE];
    size_t count = number_write_decimal(digits, message->content_length);
    put_field(writer, name, slice_of(digits, count));
}

/* Writes a field, unless it belongs to the connection it came from or to the framing. */
static void put_end_to_end(struct head_writer *writer, const struct http_message *message,
                           const struct http_field *field, bool *has_length)
{
    switch (field->id) {
    case HTTP_NAME_CONTENT_LENGTH:
        if (!*has_length && message->body == HTTP_BODY_LENGTH) {
            put_length(writer, message, field->name);
        } else if (!*has_length && keeps_length_field(message)) {
            put_field(writer, field->name, field->value);
        }
        *has_length = true;
        return;
    case HTTP_NAME_UPGRADE:
        if (message->wants_upgrade) {
            put_field(writer, field->name, field->value);
        }
        return;
    case HTTP_NAME_CONNECTION:
    case HTTP_NAME_KEEP_ALIVE:
    case HTTP_NAME_PROXY_CONNECTION:
    case HTTP_NAME_TRANSFER_ENCODING:
    case HTTP_NAME_TE:
        return;
    case HTTP_NAME_OTHER:
    case HTTP_NAME_HOST:
    case HTTP_NAME_COOKIE:
    case HTTP_NAME_SET_COOKIE:
    case HTTP_NAME_EXPECT:
    case HTTP_NAME_TRAILER:
    case HTTP_NAME_AUTHORIZATION:
    case HTTP_NAME_CACHE_CONTROL:
    case HTTP_NAME_DATE:
    case HTTP_NAMES:
        put_field(writer, field->name, field->value);
        return;
    }
}

bool http1_asks_close(const struct http_message *message)
{
    const struct http_fields *fields = &message->fields;
    for (uint16_t i = 0; i < fields->count; i++) {
        struct slice rest = fields->entries[i].value;
        struct slice option;
        bool is_connection = fields->entries[i].id == HTTP_NAME_CONNECTION;
        while (is_connection && slice_next_token(&rest, ',', &option)) {
            if (slice_equal_nocase(slice_trim(option), SLICE("close"))) {
                return true;
            }
        }
    }
    return false;
}

static void put_connection(struct head_writer *writer, const struct http_message *message,
                           const struct http1_write_options *options)
{
    struct slice options_set[] = {
        options->close ? SLICE("close") : SLICE_NONE,
        options->keep_alive && !options->close ? SLICE("keep-alive") : SLICE_NONE,
        message->wants_upgrade && has_field(message, HTTP_NAME_UPGRADE) ? SLICE("upgrade")
                                                                        : SLICE_NONE,
        message->te_trailers && !message->is_response ? SLICE("te") : SLICE_NONE,
    };
    bool has_any = false;
    for (unsigned i = 0; i < sizeof(options_set) / sizeof(options_set[0]); i++) {
        if (options_set[i].length > 0) {
            put(writer, has_any ? SLICE(", ") : SLICE("connection: "));
            put(writer, options_set[i]);
            has_any = true;
        }
    }
    if (has_any) {
        put(writer, SLICE("\r\n"));
    }
}

static void put_head(struct head_writer *writer, const struct http_message *message,
                     const struct http1_write_options *options)
{
    bool has_length = false;
    if (message->is_response) {
        put_status_line(writer, message);
    } else {
        put_request_line(writer, message, options);
    }
    for (uint16_t i = 0; i < message->fields.count; i++) {
        put_end_to_end(writer, message, &message->fields.entries[i], &has_length);
    }
    if (message->body == HTTP_BODY_LENGTH && !has_length) {
        put_length(writer, message, SLICE("content-length"));
    }
    if (options->chunked) {
        put_field(writer, SLICE("transfer-encoding"), SLICE("chunked"));
    }
    if (message->te_trailers && !message->is_response) {
        put_field(writer, SLICE("te"), SLICE("trailers"));
    }
    put_connection(writer, message, options);
    put(writer, SLICE("\r\n"));
}

static void put_last_chunk(struct head_writer *writer, const struct http_fields *trailers)
{
    put(writer, SLICE("0\r\n"));
    for (uint16_t i = 0; trailers != NULL && i < trailers->count; i++) {
        put_field(writer, trailers->entries[i].name, trailers->entries[i].value);
    }
    put(writer, SLICE("\r\n"));
}

/* ---- all or nothing ---- */

/* What is written: a head, or the end of a chunked body. */
struct layout {
    const struct http_message *message;
    const struct http1_write_options *options;
    const struct http_fields *trailers;
};

static void lay_out(struct head_writer *writer, const struct layout *layout)
{
    if (layout->message != NULL) {
        put_head(writer, layout->message, layout->options);
    } else {
        put_last_chunk(writer, layout->trailers);
    }
}

/* Larger than a chunk: piece by piece into a queue that is joined when it is whole. */
static enum result write_pieces(const struct layout *layout, struct chunk_queue *queue,
                                struct chunk_source *source, struct account *account)
{
    struct chunk_queue whole = {0};
    struct head_writer writer = {.queue = &whole, .source = source, .account = account};
    lay_out(&writer, layout);
    if (writer.has_failed) {
        chunk_queue_clear(&whole);
        return RESULT_NO_MEMORY;
    }
    chunk_queue_move_all(queue, &whole);
    return RESULT_OK;
}

static enum result write_all(const struct layout *layout, struct chunk_queue *queue,
                             struct chunk_source *source, struct account *account)
{
    struct head_writer counting = {0};
    lay_out(&counting, layout);
    if (counting.bytes > source->bytes[CHUNK_NORMAL]) {
        return write_pieces(layout, queue, source, account);
    }
    enum chunk_kind kind =
        counting.bytes <= source->bytes[CHUNK_SMALL] ? CHUNK_SMALL : CHUNK_NORMAL;
    struct iovec room;
    enum result result = chunk_queue_reserve(queue, source, kind, account, counting.bytes, &room);
    if (result == RESULT_OK) {
        struct head_writer writing = {.out = room.iov_base};
        lay_out(&writing, layout);
        chunk_queue_commit(queue, writing.bytes);
    }
    return result;
}

enum result http1_write_head(const struct http_message *message,
                             const struct http1_write_options *options, struct chunk_queue *queue,
                             struct chunk_source *source, struct account *account)
{
    struct layout layout = {.message = message, .options = options};
    return write_all(&layout, queue, source, account);
}

enum result http1_write_last_chunk(const struct http_fields *trailers, struct chunk_queue *queue,
                                   struct chunk_source *source, struct account *account)
{
    struct layout layout = {.trailers = trailers};
    return write_all(&layout, queue, source, account);
}

size_t http1_write_chunk_header(char out[HTTP1_CHUNK_HEADER_MAX], size_t bytes)
{
    char digits[NUMBER_TEXT_SIZE];
    size_t length = number_write_hex(digits, bytes);
    memcpy(out, digits, length);
    out[length] = '\r';
    out[length + 1] = '\n';
    return length + sizeof("\r\n") - 1;
}
