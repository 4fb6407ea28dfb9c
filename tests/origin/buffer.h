/* SPDX-License-Identifier: Apache-2.0 */
/* A growable run of bytes: written at the end, consumed at the start. Shortage of memory ends the
 * program: this is a test tool. */
#ifndef ORIGIN_BUFFER_H
#define ORIGIN_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data;
    size_t size;
    size_t start; /* first byte not consumed */
    size_t end;   /* one past the last byte */
};

/* The number of bytes held. */
static inline size_t buffer_used(const struct buffer *b)
{
    return b->end - b->start;
}

/* The first byte held. */
static inline char *buffer_head(const struct buffer *b)
{
    return b->data + b->start;
}

/* Makes room for `count` bytes behind the end and returns where they go. */
char *buffer_reserve(struct buffer *b, size_t count);

/* Drops `count` bytes from the start. */
void buffer_consume(struct buffer *b, size_t count);

/* Copies `count` bytes to the end. */
void buffer_append(struct buffer *b, const void *data, size_t count);

/* Appends a NUL-terminated string. */
void buffer_append_string(struct buffer *b, const char *string);

/* Appends `value` in decimal digits. */
void buffer_append_number(struct buffer *b, uint64_t value);

/* Appends `value` in hexadecimal digits. */
void buffer_append_hex(struct buffer *b, uint64_t value);

/* Forgets what is held and keeps the memory. */
void buffer_clear(struct buffer *b);

/* Gives the memory back. */
void buffer_release(struct buffer *b);

#endif
