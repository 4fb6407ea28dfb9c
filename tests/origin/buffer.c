/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The growable buffer. Bytes are moved to the front only when that makes the room that is asked
 * for; otherwise the memory is doubled.
 */
#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_SIZE_MIN 4096U
#define DIGITS_MAX      20U /* of a 64-bit number */

char *buffer_reserve(struct buffer *b, size_t count)
{
    if (b->size - b->end >= count) {
        return b->data + b->end;
    }
    size_t used = buffer_used(b);
    if (b->start > 0) {
        memmove(b->data, b->data + b->start, used);
        b->start = 0;
        b->end = used;
    }
    size_t size = b->size < BUFFER_SIZE_MIN ? BUFFER_SIZE_MIN : b->size;
    while (size - used < count) {
        size *= 2;
    }
    if (size != b->size) {
        char *data = realloc(b->data, size);
        if (data == NULL) {
            fputs("weir-origin: out of memory\n", stderr);
            exit(1);
        }
        b->data = data;
        b->size = size;
    }
    return b->data + b->end;
}

void buffer_consume(struct buffer *b, size_t count)
{
    b->start += count;
    if (b->start == b->end) {
        b->start = 0;
        b->end = 0;
    }
}

void buffer_append(struct buffer *b, const void *data, size_t count)
{
    if (count > 0) {
        memcpy(buffer_reserve(b, count), data, count);
        b->end += count;
    }
}

void buffer_append_string(struct buffer *b, const char *string)
{
    buffer_append(b, string, strlen(string));
}

static void append_digits(struct buffer *b, uint64_t value, unsigned base)
{
    char digits[DIGITS_MAX];
    size_t first = sizeof(digits);
    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    buffer_append(b, digits + first, sizeof(digits) - first);
}

void buffer_append_number(struct buffer *b, uint64_t value)
{
    append_digits(b, value, 10);
}

void buffer_append_hex(struct buffer *b, uint64_t value)
{
    append_digits(b, value, 16);
}

void buffer_clear(struct buffer *b)
{
    b->start = 0;
    b->end = 0;
}

void buffer_release(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}
