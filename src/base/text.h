/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: a bounded string under construction over memory that the caller owns. Appending past the
 * end keeps what fits, sets `truncated` and goes on being harmless: the caller checks once, at the
 * end. The bytes are always followed by a NUL (the size includes it).
 */
#ifndef WEIR_BASE_TEXT_H
#define WEIR_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct text {
    char *data;
    size_t length;
    size_t size; /* room, the NUL included */
    bool truncated;
};

/* An empty text over `size` bytes at `data` (size at least 1). */
struct text text_over(char *data, size_t size);

/* The bytes written so far. */
static inline struct slice text_slice(const struct text *text)
{
    return (struct slice){text->data, text->length};
}

/* Bytes that still fit. */
static inline size_t text_room(const struct text *text)
{
    return text->size - text->length - 1;
}

/* Appends bytes. */
void text_append(struct text *text, struct slice s);

/* Appends a NUL-terminated string. */
void text_append_string(struct text *text, const char *string);

/* Appends one byte. */
void text_append_char(struct text *text, char c);

/* Appends `value` in decimal. */
void text_append_decimal(struct text *text, uint64_t value);

/* Appends `value` in decimal with a minus sign when negative. */
void text_append_signed(struct text *text, int64_t value);

/* Appends formatted text (printf's rules). */
void text_append_format(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As text_append_format with a va_list. */
void text_append_format_list(struct text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Forgets all content. */
void text_clear(struct text *text);

#endif
