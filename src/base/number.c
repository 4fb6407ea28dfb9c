/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers from text and into text.
 * The parsers accept digits and nothing else (no spaces, no sign unless said, no "0x"), because
 * what a length field means must not depend on a library's tolerance; they report overflow instead
 * of wrapping. Takes no memory; loops are bounded by the digits given.
 */
#include "base/number.h"

enum { DECIMAL_BASE = 10, HEX_BASE = 16, HEX_DIGIT_BITS = 4, HEX_DIGIT_MASK = 0xf };

/* The value of `c` in `base`, or -1. */
static int digit_value(char c, unsigned base)
{
    const int value = number_hex_digit(c);
    return value < (int)base ? value : -1;
}

static enum result parse_digits(struct slice s, unsigned base, uint64_t *value)
{
    uint64_t sum = 0;
    bool overflow = false;
    if (s.length == 0) {
        return RESULT_INVALID;
    }
    for (size_t i = 0; i < s.length; i++) {
        const int digit = digit_value(s.data[i], base);
        if (digit < 0) {
            return RESULT_INVALID;
        }
        overflow = overflow || __builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
                   __builtin_add_overflow(sum, (uint64_t)digit, &sum);
    }
    if (overflow) {
        return RESULT_FULL;
    }
    *value = sum;
    return RESULT_OK;
}

enum result number_parse_decimal(struct slice s, uint64_t *value)
{
    return parse_digits(s, DECIMAL_BASE, value);
}

enum result number_parse_signed(struct slice s, int64_t *value)
{
    const bool has_sign = s.length > 0 && (s.data[0] == '-' || s.data[0] == '+');
    const bool is_negative = has_sign && s.data[0] == '-';
    uint64_t magnitude;
    enum result result = parse_digits(has_sign ? slice_skip(s, 1) : s, DECIMAL_BASE, &magnitude);
    if (result != RESULT_OK) {
        return result;
    }
    if (magnitude > (uint64_t)INT64_MAX + (is_negative ? 1 : 0)) {
        return RESULT_FULL;
    }
    if (!is_negative) {
        *value = (int64_t)magnitude;
    } else {
        *value = magnitude == 0 ? 0 : -(int64_t)(magnitude - 1) - 1;
    }
    return RESULT_OK;
}

enum result number_parse_hex(struct slice s, uint64_t *value)
{
    return parse_digits(s, HEX_BASE, value);
}

int number_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + DECIMAL_BASE : -1;
}

size_t number_write_decimal(char out[NUMBER_TEXT_SIZE], uint64_t value)
{
    char reversed[NUMBER_TEXT_SIZE];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + value % DECIMAL_BASE);
        value /= DECIMAL_BASE;
    } while (value > 0);
    for (size_t i = 0; i < count; i++) {
        out[i] = reversed[count - 1 - i];
    }
    return count;
}

size_t number_write_hex(char out[NUMBER_TEXT_SIZE], uint64_t value)
{
    static const char digits[] = "0123456789abcdef";
    size_t count = 1;
    while (count < HEX_BASE && value >> (count * HEX_DIGIT_BITS) != 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        out[count - 1 - i] = digits[(value >> (i * HEX_DIGIT_BITS)) & HEX_DIGIT_MASK];
    }
    return count;
}
