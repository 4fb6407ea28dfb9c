/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of the configuration: durations (us, ms, s, m, h, d), sizes (k, m, g) and plain numbers,
 * each with HAProxy's messages for what cannot be read or is out of range. No memory.
 */
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { US_A_MS = 1000, DAY_MS = 86400000, HOUR_MS = 3600000, MINUTE_MS = 60000, SECOND_MS = 1000 };

struct time_unit {
    const char *name;
    uint64_t us;
};

static const struct time_unit TIME_UNITS[] = {
    {"us", 1},
    {"ms", US_A_MS},
    {"s", (uint64_t)SECOND_MS *US_A_MS},
    {"m", (uint64_t)MINUTE_MS *US_A_MS},
    {"h", (uint64_t)HOUR_MS *US_A_MS},
    {"d", (uint64_t)DAY_MS *US_A_MS},
};

static struct slice digits_of(const char *word)
{
    return slice_of(word, strspn(word, "0123456789"));
}

enum result config_read_time(struct config_reader *reader, const char *what, const char *word,
                             uint32_t unit_ms, uint32_t *out_ms)
{
    struct slice digits = digits_of(word);
    const char *unit = word + digits.length;
    uint64_t number = 0;
    uint64_t factor_us = *unit == '\0' ? (uint64_t)unit_ms * US_A_MS : 0;
    for (size_t i = 0; i < sizeof(TIME_UNITS) / sizeof(TIME_UNITS[0]); i++) {
        if (strcmp(unit, TIME_UNITS[i].name) == 0) {
            factor_us = TIME_UNITS[i].us;
        }
    }
    enum result result = number_parse_decimal(digits, &number);
    if (result == RESULT_INVALID) {
        return config_fail(reader,
                           "'%s' expects a positive time (with an optional unit of us, ms, s, m, "
                           "h, d), but got '%s'",
                           what, word);
    }
    if (factor_us == 0) {
        return config_fail(
            reader,
            "unexpected character '%c' in argument to <%s>: the units are us, ms, s, m, h, d",
            *unit, what);
    }
    uint64_t us = 0;
    if (result == RESULT_FULL || __builtin_mul_overflow(number, factor_us, &us) ||
        us / US_A_MS > INT32_MAX) {
        return config_fail(reader,
                           "timer overflow in argument <%s> to <%s> (maximum value is 2147483647 "
                           "ms or ~24.8 days)",
                           word, what);
    }
    if (us > 0 && us < US_A_MS) {
        return config_fail(
            reader, "timer underflow in argument <%s> to <%s> (minimum non-null value is 1 ms)",
            word, what);
    }
    *out_ms = (uint32_t)(us / US_A_MS);
    return RESULT_OK;
}

enum result config_read_size(struct config_reader *reader, const char *what, const char *word,
                             size_t *out)
{
    struct slice digits = digits_of(word);
    const char *unit = word + digits.length;
    uint64_t number = 0;
    size_t factor = 0;
    if (*unit == '\0') {
        factor = 1;
    } else if (unit[1] == '\0') {
        char letter = ascii_lower(*unit);
        factor = letter == 'k' ? KIBIBYTE : letter == 'm' ? MEBIBYTE : letter == 'g' ? GIBIBYTE : 0;
    }
    if (factor == 0 || number_parse_decimal(digits, &number) != RESULT_OK ||
        !size_multiply(number, factor, out)) {
        return config_fail(reader,
                           "'%s' expects a size (with an optional unit of k, m, g), but got '%s'",
                           what, word);
    }
    return RESULT_OK;
}

enum result config_read_number(struct config_reader *reader, const char *what, const char *word,
                               uint64_t least, uint64_t most, uint64_t *out)
{
    if (number_parse_decimal(slice_from_string(word), out) != RESULT_OK || *out < least ||
        *out > most) {
        return config_fail(reader, "'%s' expects a number between %llu and %llu, but got '%s'",
                           what, (unsigned long long)least, (unsigned long long)most, word);
    }
    return RESULT_OK;
}
