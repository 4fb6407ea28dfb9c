/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of characters in HTTP/1 (RFC 9110 5.6.2, 5.5; RFC 3986), and loops that pass over runs of
 * them. The long runs, targets and field values, go eight bytes at a time.
 */
#ifndef WEIR_HTTP_CHARS_H
#define WEIR_HTTP_CHARS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* Bits of http_char_classes. */
enum {
    HTTP_CHAR_TOKEN = 1,  /* tchar: methods, field names */
    HTTP_CHAR_TARGET = 2, /* 33 to 126 without '#', as HAProxy checks a target */
    HTTP_CHAR_VALUE = 4,  /* a field value: no control characters but the tab */
    HTTP_CHAR_HOST = 8,   /* reg-name, percent-encoded or not */
    HTTP_CHAR_SCHEME = 16,
    HTTP_CHAR_DIGIT = 32,
};

/* The classes of each byte. */
extern const uint8_t http_char_classes[UINT8_MAX + 1];

/* Whether `c` is of one of the classes. */
static inline bool http_char_is(char c, unsigned classes)
{
    return (http_char_classes[(uint8_t)c] & classes) != 0;
}

/* Whether every byte is of one of the classes. */
static inline bool http_chars_are(struct slice s, unsigned classes)
{
    for (size_t i = 0; i < s.length; i++) {
        if (!http_char_is(s.data[i], classes)) {
            return false;
        }
    }
    return true;
}

/* Whether `s` is a token: at least one character, all of them tchar. */
static inline bool http_is_token(struct slice s)
{
    return s.length > 0 && http_chars_are(s, HTTP_CHAR_TOKEN);
}

/* Whether all bytes may be in a field value. */
static inline bool http_is_value(struct slice s)
{
    return http_chars_are(s, HTTP_CHAR_VALUE);
}

enum { HTTP_WORD_BYTES = sizeof(uint64_t) };

/* `byte` in each byte of a word. */
#define HTTP_WORD_OF(byte) (UINT64_MAX / UINT8_MAX * (byte))

/* Eight bytes from any address. */
static inline uint64_t http_load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Whether some byte of the word is below `limit` (1 to 128). */
static inline bool http_word_has_below(uint64_t word, uint8_t limit)
{
    return ((word - HTTP_WORD_OF(limit)) & ~word & HTTP_WORD_OF(0x80U)) != 0;
}

/* Whether some byte of the word is `byte`. */
static inline bool http_word_has(uint64_t word, uint8_t byte)
{
    return http_word_has_below(word ^ HTTP_WORD_OF(byte), 1);
}

/* The first byte at or after `at` that may not be in a field value, or `end`. */
static inline const char *http_skip_value(const char *at, const char *end)
{
    const uint8_t delete_char = 0x7f;
    while (end - at >= HTTP_WORD_BYTES) {
        uint64_t word = http_load_word(at);
        if (http_word_has_below(word, ' ') || http_word_has(word, delete_char)) {
            break;
        }
        at += HTTP_WORD_BYTES;
    }
    while (at < end && http_char_is(*at, HTTP_CHAR_VALUE)) {
        at++;
    }
    return at;
}

/* The first byte at or after `at` that may not be in a target, or `end`. */
static inline const char *http_skip_target(const char *at, const char *end)
{
    while (end - at >= HTTP_WORD_BYTES) {
        uint64_t word = http_load_word(at);
        uint64_t above = (word + HTTP_WORD_OF(1U)) | word; /* 0x7f and more */
        if (http_word_has_below(word, '!') || http_word_has(word, '#') ||
            (above & HTTP_WORD_OF(0x80U)) != 0) {
            break;
        }
        at += HTTP_WORD_BYTES;
    }
    while (at < end && http_char_is(*at, HTTP_CHAR_TARGET)) {
        at++;
    }
    return at;
}

/* The first byte at or after `at` that is no tchar, or `end`. */
static inline const char *http_skip_token(const char *at, const char *end)
{
    while (at < end && http_char_is(*at, HTTP_CHAR_TOKEN)) {
        at++;
    }
    return at;
}

#endif
