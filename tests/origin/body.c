/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request bodies: counted or chunked (RFC 9112 6 and 7), decoded piece by piece. Each piece goes
 * to the service: kept for /body, hashed for /sum, sent back for /stream, else forgotten. /echo
 * keeps the bytes as they were on the wire.
 */
#include <string.h>

#include "origin.h"

#define CHUNK_LINE_MAX   4096U
#define CHUNK_DIGITS_MAX 15U

void body_begin(struct connection *c)
{
    c->body_count = 0;
    c->body_left = 0;
    if (c->request.chunked) {
        c->body_step = BODY_CHUNK_SIZE;
    } else if (c->request.body_length > 0) {
        c->body_step = BODY_COUNTED;
        c->body_left = c->request.body_length;
    } else {
        c->body_step = BODY_DONE;
    }
    if (c->request.plan.service == SERVICE_SUM && c->sum == NULL) {
        gnutls_hash_init(&c->sum, GNUTLS_DIG_SHA256);
    }
}

/* Hands `length` decoded bytes to the service. */
static void take_piece(struct connection *c, const char *data, size_t length)
{
    c->body_count += length;
    switch (c->request.plan.service) {
    case SERVICE_BODY:
        buffer_append(&c->content, data, length);
        break;
    case SERVICE_SUM:
        gnutls_hash(c->sum, data, length);
        break;
    case SERVICE_STREAM:
        buffer_append_hex(&c->out, length);
        buffer_append_string(&c->out, "\r\n");
        buffer_append(&c->out, data, length);
        buffer_append_string(&c->out, "\r\n");
        break;
    case SERVICE_OBJECT:
    case SERVICE_ECHO:
    case SERVICE_WEBSOCKET:
    case SERVICE_TUNNEL:
        break;
    }
}

/* Reads the line at the start of `c->in`, its CRLF included, into *line; 0 when it is not whole. */
static size_t line_length(const struct connection *c)
{
    const char *end = memmem(buffer_head(&c->in), buffer_used(&c->in), "\r\n", 2);
    return end == NULL ? 0 : (size_t)(end - buffer_head(&c->in)) + 2;
}

/* Reads a chunk-size line of `length` bytes; false when it is none. */
static bool read_chunk_size(struct connection *c, const char *line, size_t length)
{
    uint64_t size = 0;
    size_t digits = 0;
    while (digits < length) {
        const char *hex = "0123456789abcdef";
        char letter = line[digits];
        const char *at = memchr(hex, letter >= 'A' && letter <= 'F' ? letter + ('a' - 'A') : letter,
                                strlen(hex));
        if (at == NULL) {
            break;
        }
        size = size * 16 + (uint64_t)(at - hex);
        digits++;
    }
    bool ended = line[digits] != '\0' && strchr("; \t\r", line[digits]) != NULL;
    if (digits == 0 || digits > CHUNK_DIGITS_MAX || !ended) {
        return false;
    }
    c->body_left = size;
    c->body_step = size == 0 ? BODY_TRAILERS : BODY_CHUNK_DATA;
    return true;
}

/* Takes what is there of `body_left` bytes. */
static void take_counted(struct connection *c, enum body_step next)
{
    size_t used = buffer_used(&c->in);
    size_t length = c->body_left < used ? (size_t)c->body_left : used;
    take_piece(c, buffer_head(&c->in), length);
    buffer_consume(&c->in, length);
    c->body_left -= length;
    if (c->body_left == 0) {
        c->body_step = next;
    }
}

/* Takes one line of the framing of chunks; *blocked when it is not whole. */
static bool take_line(struct connection *c, bool *blocked)
{
    size_t length = line_length(c);
    if (length == 0) {
        *blocked = true;
        return buffer_used(&c->in) <= CHUNK_LINE_MAX;
    }
    bool good = true;
    if (c->body_step == BODY_CHUNK_SIZE) {
        good = read_chunk_size(c, buffer_head(&c->in), length);
    } else if (c->body_step == BODY_CHUNK_END) {
        good = length == 2;
        c->body_step = BODY_CHUNK_SIZE;
    } else if (length == 2) {
        c->body_step = BODY_DONE;
    }
    buffer_consume(&c->in, length);
    return good;
}

bool body_decode(struct connection *c)
{
    bool good = true;
    bool blocked = false;
    while (good && !blocked && c->body_step != BODY_DONE && buffer_used(&c->in) > 0) {
        /* For /echo: consuming may reset the buffer's places, never its bytes. */
        const char *before = buffer_head(&c->in);
        size_t used = buffer_used(&c->in);
        if (c->body_step == BODY_COUNTED) {
            take_counted(c, BODY_DONE);
        } else if (c->body_step == BODY_CHUNK_DATA) {
            take_counted(c, BODY_CHUNK_END);
        } else {
            good = take_line(c, &blocked);
        }
        if (c->request.plan.service == SERVICE_ECHO) {
            buffer_append(&c->content, before, used - buffer_used(&c->in));
        }
    }
    return good;
}
