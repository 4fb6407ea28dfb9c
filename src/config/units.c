/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of the configuration: durations (us, ms, s, m, h, d; manual 2.5), sizes (k, m, g; 2.6) and
 * plain numbers, each with HAProxy's messages for what cannot be read or is out of range. Pure.
 */
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "config/keyword.h"

enum { SECONDS_A_MINUTE = 60, MINUTES_AN_HOUR = 60, HOURS_A_DAY = 24 };

#define MINUTE_US ((uint64_t)SECONDS_A_MINUTE * US_PER_SECOND)
#define HOUR_US   (MINUTE_US * MINUTES_AN_HOUR)

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit TIME_UNITS[] = {
    {"us", 1},        {"ms", US_PER_MS}, {"s", US_PER_SECOND},
    {"m", MINUTE_US}, {"h", HOUR_US},    {"d", HOUR_US *HOURS_A_DAY},
};

static const struct unit SIZE_UNITS[] = {
    {"", 1},         {"k", KIBIBYTE}, {"m", MEBIBYTE}, {"g", GIBIBYTE},
    {"K", KIBIBYTE}, {"M", MEBIBYTE}, {"G", GIBIBYTE},
};

/* A number and what is behind it. */
struct quantity {
    struct slice digits;
    const char *unit;
};

static struct quantity split(const char *word)
{
    size_t length = strspn(word, "0123456789");
    return (struct quantity){slice_of(word, length), word + length};
}

/* The factor of a unit, 0 when there is none such. */
static uint64_t find_factor(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(units[i].name, name) == 0) {
            return units[i].factor;
        }
    }
    return 0;
}

/* What is not a digit: the whole word when it has none, else the unit that nobody knows. */
static enum result fail_unit(struct config_reader *reader, const char *what, const char *word,
                             const struct quantity *quantity)
{
    char bad = quantity->digits.length == 0 ? word[0] : quantity->unit[0];
    return config_fail(reader, "unexpected character '%c' in '%s'", bad, what);
}

enum result config_read_time(struct config_reader *reader, const char *what, const char *word,
                             uint32_t unit_ms, uint32_t *out_ms)
{
    struct quantity quantity = split(word);
    uint64_t number = 0;
    uint64_t factor =
        quantity.unit[0] == '\0'
            ? (uint64_t)unit_ms * US_PER_MS
            : find_factor(TIME_UNITS, sizeof(TIME_UNITS) / sizeof(TIME_UNITS[0]), quantity.unit);
    if (quantity.digits.length == 0 || factor == 0) {
        return fail_unit(reader, what, word, &quantity);
    }
    uint64_t us = 0;
    bool is_huge = number_parse_decimal(quantity.digits, &number) != RESULT_OK ||
                   __builtin_mul_overflow(number, factor, &us);
    uint64_t ms = us / US_PER_MS + (us % US_PER_MS != 0 ? 1 : 0); /* a part of one is one */
    if (is_huge || ms > INT32_MAX) {
        return config_fail(reader,
                           "timer overflow in argument '%s' to '%s' (maximum value is 2147483647 "
                           "ms or ~24.8 days)",
                           word, what);
    }
    *out_ms = (uint32_t)ms;
    return RESULT_OK;
}

enum result config_read_size(struct config_reader *reader, const char *what, const char *word,
                             size_t *out)
{
    struct quantity quantity = split(word);
    uint64_t number = 0;
    uint64_t factor =
        find_factor(SIZE_UNITS, sizeof(SIZE_UNITS) / sizeof(SIZE_UNITS[0]), quantity.unit);
    if (quantity.digits.length == 0 || factor == 0) {
        return fail_unit(reader, what, word, &quantity);
    }
    if (number_parse_decimal(quantity.digits, &number) != RESULT_OK ||
        !size_multiply(number, factor, out)) {
        return config_fail(reader, "size overflow in argument '%s' to '%s'", word, what);
    }
    return RESULT_OK;
}

enum result config_read_number(struct config_reader *reader, const char *what, const char *word,
                               uint64_t least, uint64_t most, uint64_t *out)
{
    uint64_t number = 0;
    enum result result = number_parse_decimal(slice_from_string(word), &number);
    if (result == RESULT_INVALID) {
        return config_fail(reader, "'%s' expects an integer argument (got '%s').", what, word);
    }
    if (result != RESULT_OK || number < least || number > most) {
        return config_fail(reader, "'%s' expects a numeric value between %llu and %llu (got '%s').",
                           what, (unsigned long long)least, (unsigned long long)most, word);
    }
    *out = number;
    return RESULT_OK;
}
