/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slices: borrowed bytes with a length. A slice never owns and is never NUL-terminated by contract.
 * Comparisons "nocase" fold ASCII letters only, as header names and keywords need.
 */
#ifndef WEIR_BASE_SLICE_H
#define WEIR_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/result.h"

struct slice {
    const char *data;
    size_t length;
};

#define SLICE_NONE ((struct slice){NULL, 0})
/* A slice of a string literal, usable as an initializer. */
#define SLICE(literal) ((struct slice){"" literal, sizeof(literal) - 1})

/* A slice over `length` bytes at `data`. */
static inline struct slice slice_of(const char *data, size_t length)
{
    return (struct slice){data, length};
}

/* A slice over a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_from_string(const char *string)
{
    return (struct slice){string, string == NULL ? 0 : strlen(string)};
}

/* Whether both hold the same bytes. */
static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* The bytes from `start` on; empty when `start` is past the end. */
static inline struct slice slice_skip(struct slice s, size_t start)
{
    return start >= s.length ? (struct slice){s.data + s.length, 0}
                             : (struct slice){s.data + start, s.length - start};
}

/* The first `length` bytes, or all when there are fewer. */
static inline struct slice slice_first(struct slice s, size_t length)
{
    return (struct slice){s.data, s.length < length ? s.length : length};
}

/* `c` in lower case when it is an ASCII capital, else `c`. */
static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Whether both hold the same bytes, ASCII letters folded. */
bool slice_equal_nocase(struct slice a, struct slice b);

/* -1, 0 or 1: byte order, a shorter prefix first. */
int slice_compare(struct slice a, struct slice b);

/* Whether `s` begins with `prefix`. */
bool slice_starts_with(struct slice s, struct slice prefix);

/* Whether `s` begins with `prefix`, ASCII letters folded. */
bool slice_starts_with_nocase(struct slice s, struct slice prefix);

/* Whether `s` ends with `suffix`. */
bool slice_ends_with(struct slice s, struct slice suffix);

/* Whether `s` ends with `suffix`, ASCII letters folded. */
bool slice_ends_with_nocase(struct slice s, struct slice suffix);

/* Index of the first `c` in `s`, or `s.length` when there is none. */
size_t slice_find_char(struct slice s, char c);

/* Index of the first `needle` in `s`, or `s.length` when there is none. An empty needle is at 0. */
size_t slice_find(struct slice s, struct slice needle);

/* As slice_find with ASCII letters folded. */
size_t slice_find_nocase(struct slice s, struct slice needle);

/* `s` without spaces and tabs at both ends (RFC 9110 5.6.3 OWS). */
struct slice slice_trim(struct slice s);

/*
 * Cuts the next token off `rest`: the bytes up to `separator` go to `token`, `rest` moves behind
 * the separator. Returns false when `rest` was empty (`rest->data` NULL after the last token).
 */
bool slice_next_token(struct slice *rest, char separator, struct slice *token);

#endif
