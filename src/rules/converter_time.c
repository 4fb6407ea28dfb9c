/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters of dates: seconds, milliseconds or microseconds since 1970 to texts, by strftime(3)
 * with %N for fractions, or as HTTP writes dates (RFC 9110 5.6.7). A text is made in the scratch
 * arena; one longer than TIME_TEXT_MAX gives no value.
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "rules/converter.h"

enum { TIME_TEXT_MAX = 256, FORMAT_MAX = 256, FRACTION_DIGITS = 9, DECIMAL = 10, BASE_YEAR = 1900 };

/* Rows: the unit of the input as fetch_unit_divisor has it, or-ed with whether the text is in local
 * time. */
enum { OF_SECONDS = US_PER_SECOND, OF_MS = US_PER_MS, OF_US = 1, TIME_LOCAL = 1 << 30 };

/* Splits a count of units into whole seconds and nanoseconds, also before 1970. */
static void split(int64_t count, int64_t unit_us, time_t *seconds, long *nanoseconds)
{
    enum { NS_PER_SECOND = 1000000000 };
    int64_t units = US_PER_SECOND / unit_us;
    int64_t rest = count % units;
    *seconds = (time_t)(count / units);
    if (rest < 0) {
        rest += units;
        *seconds -= 1;
    }
    *nanoseconds = (long)(rest * (NS_PER_SECOND / units));
}

/* Appends the first `digits` digits of a second's fraction. */
static void append_fraction(struct text *out, long nanoseconds, unsigned digits)
{
    char number[FRACTION_DIGITS];
    for (unsigned i = FRACTION_DIGITS; i > 0; i--) {
        number[i - 1] = (char)('0' + nanoseconds % DECIMAL);
        nanoseconds /= DECIMAL;
    }
    text_append(out, slice_of(number, digits));
}

/* The format with its %N, %3N … replaced: strftime knows all others. */
static void expand_fractions(struct slice format, long nanoseconds, struct text *out)
{
    for (size_t i = 0; i < format.length; i++) {
        struct slice rest = slice_skip(format, i);
        if (rest.data[0] != '%' || rest.length < 2) {
            text_append_char(out, rest.data[0]);
            continue;
        }
        bool has_width = rest.data[1] >= '1' && rest.data[1] <= '9';
        size_t letter = has_width ? 2 : 1;
        if (letter < rest.length && rest.data[letter] == 'N') {
            unsigned digits = has_width ? (unsigned)(rest.data[1] - '0') : FRACTION_DIGITS;
            append_fraction(out, nanoseconds, digits);
            i += letter;
        } else { /* another sequence: its two bytes as they are, "%%" too */
            text_append(out, slice_first(rest, 2));
            i++;
        }
    }
}

static enum result give_time(const struct sample_call *call, struct rule_context *context,
                             struct sample *sample)
{
    char format[FORMAT_MAX];
    struct text text = text_over(format, sizeof(format));
    int64_t offset = sample_argument_integer(call->arguments, 1, 0);
    time_t seconds;
    long nanoseconds;
    struct tm parts;
    split((int64_t)((uint64_t)sample->integer + (uint64_t)offset),
          call->variant & ~(unsigned)TIME_LOCAL, &seconds, &nanoseconds);
    bool is_local = (call->variant & TIME_LOCAL) != 0;
    bool is_known = (is_local ? localtime_r(&seconds, &parts) : gmtime_r(&seconds, &parts)) != NULL;
    expand_fractions(sample_argument_text(call->arguments, 0), nanoseconds, &text);
    if (!is_known || text.truncated) {
        return RESULT_NOT_FOUND;
    }
    char *out = arena_take_text(context->scratch, TIME_TEXT_MAX);
    if (out == NULL) {
        return RESULT_NO_MEMORY;
    }
    return sample_give_text(sample, slice_of(out, strftime(out, TIME_TEXT_MAX, format, &parts)));
}

/* ---- http_date ---- */

static enum result check_unit(struct rule_parser *parser, struct sample_arguments *arguments,
                              unsigned variant)
{
    (void)variant;
    return fetch_check_unit(parser, arguments, 1);
}

static enum result convert_http_date(const struct sample_call *call, struct rule_context *context,
                                     struct sample *sample)
{
    enum { LAST_YEAR = 9999 };
    int64_t unit_us = fetch_unit_divisor(sample_argument_text(call->arguments, 1));
    int64_t offset = sample_argument_integer(call->arguments, 0, 0);
    time_t seconds;
    long nanoseconds;
    struct tm parts;
    split((int64_t)((uint64_t)sample->integer + (uint64_t)offset), unit_us, &seconds, &nanoseconds);
    bool is_written = seconds >= 0 && gmtime_r(&seconds, &parts) != NULL &&
                      parts.tm_year <= LAST_YEAR - BASE_YEAR;
    if (!is_written) {
        return RESULT_NOT_FOUND;
    }
    char date[CLOCK_HTTP_DATE_SIZE];
    clock_write_http_date(date, (uint64_t)seconds * US_PER_SECOND);
    size_t size = sizeof(date) + FRACTION_DIGITS;
    char *out = arena_take_text(context->scratch, size);
    if (out == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(out, size);
    struct slice whole = slice_from_string(date);
    size_t zone = whole.length - strlen(" GMT"); /* a fraction stands in front of it */
    text_append(&text, slice_first(whole, zone));
    if (unit_us != OF_SECONDS) {
        text_append_char(&text, '.');
        append_fraction(&text, nanoseconds, unit_us == OF_MS ? 3 : 6);
    }
    text_append(&text, slice_skip(whole, zone));
    return sample_give_text(sample, text_slice(&text));
}

#define TIME(name, variant)                                                                       \
    {                                                                                             \
        name, {1, {ARGUMENT_STRING, ARGUMENT_INTEGER}}, SAMPLE_INTEGER, SAMPLE_STRING, give_time, \
            NULL, variant                                                                         \
    }

const struct sample_converter converters_time[] = {
    TIME("ltime", OF_SECONDS | TIME_LOCAL),
    TIME("utime", OF_SECONDS),
    TIME("ms_ltime", OF_MS | TIME_LOCAL),
    TIME("ms_utime", OF_MS),
    TIME("us_ltime", OF_US | TIME_LOCAL),
    TIME("us_utime", OF_US),
    {"http_date",
     {0, {ARGUMENT_INTEGER, ARGUMENT_STRING}},
     SAMPLE_INTEGER,
     SAMPLE_STRING,
     convert_http_date,
     check_unit,
     0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};
