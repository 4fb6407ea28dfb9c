/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Basic credentials (RFC 7617, RFC 4648 4).
 * The hard idea: there is one spelling for a user and a password. Base64 is taken strictly, with
 * its padding and without bits behind the last byte, so that no two texts mean the same. Bounded by
 * the caller's buffer.
 */
#include "http/auth.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    GROUP_CHARS = 4, /* of base64, for GROUP_BYTES bytes */
    GROUP_BYTES = 3,
    DIGIT_BITS = 6,
    BYTE_BITS = 8,
    PADDING_MAX = 2,
    ALPHABET = 26,
    DIGITS_START = 2 * ALPHABET,
    PLUS_VALUE = 62,
    SLASH_VALUE = 63,
};

/* The value of a base64 digit, or -1. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + ALPHABET;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + DIGITS_START;
    }
    if (c == '+') {
        return PLUS_VALUE;
    }
    return c == '/' ? SLASH_VALUE : -1;
}

/* Decodes one group whose last `padding` characters are '='. False for other characters, or bits
 * that belong to no byte. */
static bool decode_group(const char *text, unsigned padding, char *out)
{
    uint32_t bits = 0;
    for (unsigned i = 0; i < GROUP_CHARS; i++) {
        int value = i < GROUP_CHARS - padding ? digit_value(text[i]) : 0;
        if (value < 0) {
            return false;
        }
        bits = (bits << DIGIT_BITS) | (uint32_t)value;
    }
    unsigned bytes = GROUP_BYTES - padding;
    for (unsigned i = 0; i < bytes; i++) {
        out[i] = (char)(uint8_t)(bits >> (BYTE_BITS * (GROUP_BYTES - 1 - i)));
    }
    uint32_t unused = (UINT32_C(1) << (BYTE_BITS * padding)) - 1;
    return (bits & unused) == 0;
}

static unsigned count_padding(struct slice text)
{
    unsigned padding = 0;
    while (padding < PADDING_MAX && padding < text.length &&
           text.data[text.length - 1 - padding] == '=') {
        padding++;
    }
    return padding;
}

static enum result decode(struct slice text, char *out, size_t size, struct slice *decoded)
{
    unsigned padding = count_padding(text);
    size_t groups = text.length / GROUP_CHARS;
    if (text.length == 0 || text.length % GROUP_CHARS != 0) {
        return RESULT_INVALID;
    }
    if (groups > size / GROUP_BYTES) {
        return RESULT_FULL;
    }
    for (size_t i = 0; i < groups; i++) {
        unsigned group_padding = i == groups - 1 ? padding : 0;
        if (!decode_group(text.data + i * GROUP_CHARS, group_padding, out + i * GROUP_BYTES)) {
            return RESULT_INVALID;
        }
    }
    *decoded = slice_of(out, groups * GROUP_BYTES - padding);
    return RESULT_OK;
}

enum result http_auth_parse_basic(struct slice value, char *buffer, size_t size,
                                  struct http_credentials *credentials)
{
    size_t space = slice_find_char(value, ' ');
    if (!slice_equal_nocase(slice_first(value, space), SLICE("basic"))) {
        return RESULT_NOT_FOUND;
    }
    struct slice decoded;
    enum result result = decode(slice_trim(slice_skip(value, space)), buffer, size, &decoded);
    if (result != RESULT_OK) {
        return result;
    }
    size_t colon = slice_find_char(decoded, ':');
    if (colon == decoded.length || slice_find_char(decoded, '\0') < decoded.length) {
        return RESULT_INVALID;
    }
    credentials->user = slice_first(decoded, colon);
    credentials->password = slice_skip(decoded, colon + 1);
    return RESULT_OK;
}
