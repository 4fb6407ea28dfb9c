/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters between bytes and texts that stand for them: hexadecimal, percent (RFC 3986 2.1) and
 * base64 (RFC 4648 4 and 5). A changed text is a new one in the scratch arena, at most three times
 * as long as the old one.
 */
#include <string.h>

#include "base/number.h"
#include "http/uri.h"
#include "rules/converter.h"
#include "rules/parser.h"

enum {
    HEX_A_BYTE = 2,
    PERCENT_A_BYTE = 3,
    NIBBLE = 4,
    NIBBLE_MASK = 15,
};

static const char HEX_DIGITS[] = "0123456789ABCDEF";

/* ---- hexadecimal ---- */

static enum result convert_hex(const struct sample_call *call, struct rule_context *context,
                               struct sample *sample)
{
    struct slice in = sample->text;
    char *bytes = arena_take_text(context->scratch, in.length * HEX_A_BYTE + 1);
    (void)call;
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < in.length; i++) {
        unsigned char c = (unsigned char)in.data[i];
        bytes[i * HEX_A_BYTE] = HEX_DIGITS[c >> NIBBLE];
        bytes[i * HEX_A_BYTE + 1] = HEX_DIGITS[c & NIBBLE_MASK];
    }
    return sample_give_text(sample, slice_of(bytes, in.length * HEX_A_BYTE));
}

/* The last sixteen digits count. */
static enum result convert_hex_number(const struct sample_call *call, struct rule_context *context,
                                      struct sample *sample)
{
    uint64_t number = 0;
    (void)call;
    (void)context;
    for (size_t i = 0; i < sample->text.length; i++) {
        int digit = number_hex_digit(sample->text.data[i]);
        if (digit < 0) {
            return RESULT_NOT_FOUND;
        }
        number = number << NIBBLE | (uint64_t)digit;
    }
    return sample_give_integer(sample, (int64_t)number);
}

/* ---- percent ---- */

static enum result convert_url_decode(const struct sample_call *call, struct rule_context *context,
                                      struct sample *sample)
{
    bool is_form = sample_argument_integer(call->arguments, 0, 0) != 0;
    char *bytes = arena_take_text(context->scratch, sample->text.length + 1);
    size_t length = 0;
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (http_percent_decode(sample->text, is_form, bytes, &length) != RESULT_OK) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(sample, slice_of(bytes, length));
}

static enum result convert_url_encode(const struct sample_call *call, struct rule_context *context,
                                      struct sample *sample)
{
    struct slice in = sample->text;
    char *bytes = arena_take_text(context->scratch, in.length * PERCENT_A_BYTE + 1);
    size_t length = 0;
    (void)call;
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < in.length; i++) {
        unsigned char c = (unsigned char)in.data[i];
        if (http_is_unreserved(in.data[i])) {
            bytes[length++] = in.data[i];
        } else {
            bytes[length++] = '%';
            bytes[length++] = HEX_DIGITS[c >> NIBBLE];
            bytes[length++] = HEX_DIGITS[c & NIBBLE_MASK];
        }
    }
    return sample_give_text(sample, slice_of(bytes, length));
}

static enum result check_encoding(struct rule_parser *parser, struct sample_arguments *arguments,
                                  unsigned variant)
{
    struct slice kind = sample_argument_text(arguments, 0);
    (void)variant;
    return kind.length == 0 || slice_equal(kind, SLICE("query"))
               ? RESULT_OK
               : parser_fail(parser, "Unexpected encode type. Allowed value is 'query'");
}

/* ---- base64 ---- */

enum { BASE64_IN = 3, BASE64_OUT = 4, BASE64_BITS = 6, BASE64_MASK = 63, BYTE_BITS = 8 };

/* Rows: with `+/` and padding, or with `-_` and without. */
enum { BASE64_PLAIN, BASE64_URL };

static const char LETTERS[][65] = {
    [BASE64_PLAIN] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

static enum result convert_base64(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    const char *letters = LETTERS[call->variant];
    struct slice in = sample->text;
    size_t bytes = (in.length + BASE64_IN - 1) / BASE64_IN * BASE64_OUT;
    char *out = arena_take_text(context->scratch, bytes + 1);
    if (out == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0, o = 0; i < in.length; i += BASE64_IN, o += BASE64_OUT) {
        uint32_t group = 0;
        for (size_t j = 0; j < BASE64_IN; j++) {
            unsigned char c = i + j < in.length ? (unsigned char)in.data[i + j] : 0;
            group = group << BYTE_BITS | c;
        }
        for (size_t j = 0; j < BASE64_OUT; j++) {
            unsigned shift = (unsigned)((BASE64_OUT - 1 - j) * BASE64_BITS);
            out[o + j] = i + j > in.length ? '=' : letters[group >> shift & BASE64_MASK];
        }
    }
    while (call->variant == BASE64_URL && bytes > 0 && out[bytes - 1] == '=') {
        bytes--;
    }
    return sample_give_text(sample, slice_of(out, bytes));
}

/* The six bits of a letter, -1 for another byte. */
static int bits_of(const char *letters, char c)
{
    const char *found = c == '\0' ? NULL : strchr(letters, c);
    return found == NULL ? -1 : (int)(found - letters);
}

/* What padding leaves; false when there is padding where none may be, or too little text. */
static bool strip_padding(struct slice *text, unsigned variant)
{
    size_t padding = 0;
    while (padding < 2 && padding < text->length && text->data[text->length - 1 - padding] == '=') {
        padding++;
    }
    if (variant == BASE64_PLAIN && text->length % BASE64_OUT != 0) {
        return false;
    }
    text->length -= padding;
    return text->length % BASE64_OUT != 1;
}

static enum result convert_base64_decode(const struct sample_call *call,
                                         struct rule_context *context, struct sample *sample)
{
    const char *letters = LETTERS[call->variant];
    struct slice in = sample->text;
    char *out = arena_take_text(context->scratch, in.length + 1);
    uint32_t group = 0;
    unsigned bits = 0;
    size_t length = 0;
    if (out == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (!strip_padding(&in, call->variant)) {
        return RESULT_NOT_FOUND;
    }
    for (size_t i = 0; i < in.length; i++) {
        int value = bits_of(letters, in.data[i]);
        if (value < 0) {
            return RESULT_NOT_FOUND;
        }
        group = group << BASE64_BITS | (uint32_t)value;
        bits += BASE64_BITS;
        if (bits >= BYTE_BITS) {
            bits -= BYTE_BITS;
            out[length++] = (char)(group >> bits & UINT8_MAX);
        }
    }
    return sample_give_binary(sample, slice_of(out, length));
}

const struct sample_converter converters_encoding[] = {
    {"hex", NO_ARGUMENTS, SAMPLE_BINARY, SAMPLE_STRING, convert_hex, NULL, 0},
    {"hex2i", NO_ARGUMENTS, SAMPLE_BINARY, SAMPLE_INTEGER, convert_hex_number, NULL, 0},
    {"url_dec", {0, {ARGUMENT_INTEGER}}, SAMPLE_STRING, SAMPLE_STRING, convert_url_decode, NULL, 0},
    {"url_enc",
     {0, {ARGUMENT_STRING}},
     SAMPLE_STRING,
     SAMPLE_STRING,
     convert_url_encode,
     check_encoding,
     0},
    {"base64", NO_ARGUMENTS, SAMPLE_BINARY, SAMPLE_STRING, convert_base64, NULL, BASE64_PLAIN},
    {"ub64enc", NO_ARGUMENTS, SAMPLE_BINARY, SAMPLE_STRING, convert_base64, NULL, BASE64_URL},
    {"b64dec", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_BINARY, convert_base64_decode, NULL,
     BASE64_PLAIN},
    {"ub64dec", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_BINARY, convert_base64_decode, NULL,
     BASE64_URL},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};
