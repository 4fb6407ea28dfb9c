/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a bounded string over the caller's memory.
 * Invariant: length < size and data[length] is NUL after every call. What does not fit is cut,
 * never written, and remembered in `truncated`, so that a caller appends many pieces and checks
 * once. Takes no memory of its own.
 */
#include "base/text.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/number.h"

struct text text_over(char *data, size_t size)
{
    ASSERT(size >= 1);
    data[0] = '\0';
    return (struct text){.data = data, .size = size};
}

void text_append(struct text *text, struct slice s)
{
    const size_t room = text_room(text);
    if (s.length > room) {
        text->truncated = true;
        s.length = room;
    }
    if (s.length > 0) {
        memcpy(text->data + text->length, s.data, s.length);
        text->length += s.length;
        text->data[text->length] = '\0';
    }
}

void text_append_string(struct text *text, const char *string)
{
    text_append(text, slice_from_string(string));
}

void text_append_char(struct text *text, char c)
{
    text_append(text, slice_of(&c, 1));
}

void text_append_decimal(struct text *text, uint64_t value)
{
    char digits[NUMBER_TEXT_SIZE];
    text_append(text, slice_of(digits, number_write_decimal(digits, value)));
}

void text_append_signed(struct text *text, int64_t value)
{
    if (value < 0) {
        text_append_char(text, '-');
        text_append_decimal(text, (uint64_t)0 - (uint64_t)value);
    } else {
        text_append_decimal(text, (uint64_t)value);
    }
}

void text_append_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(text, format, arguments);
    va_end(arguments);
}

void text_append_format_list(struct text *text, const char *format, va_list arguments)
{
    const size_t room = text_room(text);
    const int length = vsnprintf(text->data + text->length, room + 1, format, arguments);
    if (length < 0) {
        text->data[text->length] = '\0';
        text->truncated = true;
    } else if ((size_t)length > room) {
        text->length += room;
        text->truncated = true;
    } else {
        text->length += (size_t)length;
    }
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->truncated = false;
    text->data[0] = '\0';
}
