/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers: arithmetic that reports overflow, and parsing of decimal and hexadecimal text that
 * accepts nothing but digits.
 */
#ifndef WEIR_BASE_NUMBER_H
#define WEIR_BASE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"

#define KIBIBYTE ((size_t)1024)
#define MEBIBYTE (KIBIBYTE * 1024)
#define GIBIBYTE (MEBIBYTE * 1024)

/* The smaller of two sizes. */
static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The larger of two sizes. */
static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The smaller of two times, offsets or counts. */
static inline uint64_t uint64_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The larger of two times, offsets or counts. */
static inline uint64_t uint64_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Stores a + b, or returns false on overflow. */
MUST_USE static inline bool size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

/* Stores a * b, or returns false on overflow. */
MUST_USE static inline bool size_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/*
 * Parses `s`, one or more decimal digits and nothing else, into `value`. RESULT_INVALID for other
 * bytes or an empty slice, RESULT_FULL above UINT64_MAX.
 */
MUST_USE enum result number_parse_decimal(struct slice s, uint64_t *value);

/* As number_parse_decimal with an optional sign, for the range of int64_t. */
MUST_USE enum result number_parse_signed(struct slice s, int64_t *value);

/* As number_parse_decimal for one or more hexadecimal digits of either case. */
MUST_USE enum result number_parse_hex(struct slice s, uint64_t *value);

/* The value of a hexadecimal digit, or -1 for another character. */
int number_hex_digit(char c);

/* Room for any 64-bit number in decimal with sign and NUL. */
enum { NUMBER_TEXT_SIZE = 24 };

/* Writes `value` in decimal at `out` without a NUL; returns the count of digits (1 to 20). */
size_t number_write_decimal(char out[NUMBER_TEXT_SIZE], uint64_t value);

/* Writes `value` in lower-case hexadecimal at `out` without a NUL; returns the digits (1 to 16). */
size_t number_write_hex(char out[NUMBER_TEXT_SIZE], uint64_t value);

#endif
