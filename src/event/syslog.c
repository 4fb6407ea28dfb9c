/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog headers, byte for byte as HAProxy writes them: times are local; RFC 3164 times have no
 * year and a day padded with a blank (RFC 3164 4.1.2); RFC 5424 times have microseconds and an
 * offset (RFC 5424 6.2.3).
 *
 * The time zone is asked once a second: syslog_clock keeps the second's text, only microseconds are
 * written anew.
 *
 * What bounds its memory: nothing is taken.
 */
#include "event/syslog.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum {
    FACILITIES = 24,
    FACILITY_SHIFT = 3, /* priority = facility * 8 + level, RFC 5424 6.2.1 */
    SECONDS_PER_MINUTE = 60,
    MINUTES_PER_HOUR = 60,
    YEAR_BASE = 1900,
};

static const char *const FACILITY_NAMES[FACILITIES] = {
    "kern",   "user",   "mail",   "daemon", "auth",   "syslog", "lpr",    "news",
    "uucp",   "cron",   "auth2",  "ftp",    "ntp",    "audit",  "alert",  "cron2",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"};

static const char *const LEVEL_NAMES[SYSLOG_LEVELS] = {
    [SYSLOG_EMERG] = "emerg", [SYSLOG_ALERT] = "alert",     [SYSLOG_CRIT] = "crit",
    [SYSLOG_ERR] = "err",     [SYSLOG_WARNING] = "warning", [SYSLOG_NOTICE] = "notice",
    [SYSLOG_INFO] = "info",   [SYSLOG_DEBUG] = "debug"};

static const char *const FORMAT_NAMES[SYSLOG_FORMATS] = {
    [SYSLOG_FORMAT_LOCAL] = "local",     [SYSLOG_FORMAT_RFC3164] = "rfc3164",
    [SYSLOG_FORMAT_RFC5424] = "rfc5424", [SYSLOG_FORMAT_PRIORITY] = "priority",
    [SYSLOG_FORMAT_SHORT] = "short",     [SYSLOG_FORMAT_TIMED] = "timed",
    [SYSLOG_FORMAT_ISO] = "iso",         [SYSLOG_FORMAT_RAW] = "raw"};

static const char *const MONTH_NAMES[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* ---- time ---- */

static void write_zone(struct syslog_clock *clock, const struct tm *local)
{
    long offset = local->tm_gmtoff;
    struct text zone = text_over(clock->iso_zone, sizeof(clock->iso_zone));
    long minutes = labs(offset) / SECONDS_PER_MINUTE;
    text_append_format(&zone, "%c%02ld:%02ld", offset < 0 ? '-' : '+', minutes / MINUTES_PER_HOUR,
                       minutes % MINUTES_PER_HOUR);
}

static void set_clock(struct syslog_clock *clock, uint64_t second)
{
    if (clock->second == second && clock->iso_second[0] != '\0') {
        return;
    }
    time_t time = (time_t)second;
    struct tm local = {0};
    (void)localtime_r(&time, &local);
    clock->second = second;
    struct text text = text_over(clock->short_time, sizeof(clock->short_time));
    text_append_format(&text, "%s %2d %02d:%02d:%02d", MONTH_NAMES[local.tm_mon], local.tm_mday,
                       local.tm_hour, local.tm_min, local.tm_sec);
    text = text_over(clock->iso_second, sizeof(clock->iso_second));
    text_append_format(&text, "%04d-%02d-%02dT%02d:%02d:%02d", local.tm_year + YEAR_BASE,
                       local.tm_mon + 1, local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
    write_zone(clock, &local);
}

static void append_short_time(struct text *text, const struct syslog_header *header,
                              struct syslog_clock *clock)
{
    set_clock(clock, header->wall_us / US_PER_SECOND);
    text_append_string(text, clock->short_time);
    text_append_char(text, ' ');
}

static void append_iso_time(struct text *text, const struct syslog_header *header,
                            struct syslog_clock *clock)
{
    set_clock(clock, header->wall_us / US_PER_SECOND);
    text_append_string(text, clock->iso_second);
    text_append_format(text, ".%06u", (unsigned)(header->wall_us % US_PER_SECOND));
    text_append_string(text, clock->iso_zone);
    text_append_char(text, ' ');
}

/* ---- headers ---- */

static void append_number(struct text *text, unsigned number)
{
    text_append_char(text, '<');
    text_append_decimal(text, number);
    text_append_char(text, '>');
}

static void append_priority(struct text *text, const struct syslog_header *header)
{
    append_number(text, header->facility << FACILITY_SHIFT | (unsigned)header->level);
}

static void append_or(struct text *text, struct slice value, const char *when_empty)
{
    if (value.length > 0) {
        text_append(text, value);
    } else {
        text_append_string(text, when_empty);
    }
    text_append_char(text, ' ');
}

static void append_tag(struct text *text, const struct syslog_header *header)
{
    text_append(text, header->tag);
    text_append_char(text, '[');
    text_append_decimal(text, header->pid);
    text_append_string(text, "]: ");
}

static void append_rfc5424(struct text *text, const struct syslog_header *header,
                           struct syslog_clock *clock)
{
    append_priority(text, header);
    text_append_string(text, "1 ");
    append_iso_time(text, header, clock);
    append_or(text, header->host, "-");
    append_or(text, header->tag, "-");
    text_append_decimal(text, header->pid);
    text_append_string(text, " - "); /* no message id */
    append_or(text, header->structured_data, "-");
}

void syslog_append_header(struct text *text, const struct syslog_header *header,
                          struct syslog_clock *clock)
{
    switch (header->format) {
    case SYSLOG_FORMAT_LOCAL:
        append_priority(text, header);
        append_short_time(text, header, clock);
        append_tag(text, header);
        break;
    case SYSLOG_FORMAT_RFC3164:
        append_priority(text, header);
        append_short_time(text, header, clock);
        append_or(text, header->host, "localhost");
        append_tag(text, header);
        break;
    case SYSLOG_FORMAT_RFC5424:
        append_rfc5424(text, header, clock);
        break;
    case SYSLOG_FORMAT_PRIORITY:
        append_priority(text, header);
        break;
    case SYSLOG_FORMAT_SHORT:
        append_number(text, header->level);
        break;
    case SYSLOG_FORMAT_TIMED:
        append_number(text, header->level);
        append_iso_time(text, header, clock);
        break;
    case SYSLOG_FORMAT_ISO:
        append_iso_time(text, header, clock);
        break;
    case SYSLOG_FORMAT_RAW:
    case SYSLOG_FORMATS:
        break;
    }
}

/* ---- names ---- */

/* Index of `name` in a table of words. */
static enum result find_name(const char *const *names, unsigned count, struct slice name,
                             unsigned *index)
{
    for (unsigned i = 0; i < count; i++) {
        if (slice_equal(slice_from_string(names[i]), name)) {
            *index = i;
            return RESULT_OK;
        }
    }
    return RESULT_NOT_FOUND;
}

enum result syslog_find_facility(struct slice name, unsigned *facility)
{
    return find_name(FACILITY_NAMES, FACILITIES, name, facility);
}

enum result syslog_find_level(struct slice name, enum syslog_level *level)
{
    unsigned index = 0;
    enum result result = find_name(LEVEL_NAMES, SYSLOG_LEVELS, name, &index);
    if (result == RESULT_OK) {
        *level = (enum syslog_level)index;
    }
    return result;
}

enum result syslog_find_format(struct slice name, enum syslog_format *format)
{
    unsigned index = 0;
    enum result result = find_name(FORMAT_NAMES, SYSLOG_FORMATS, name, &index);
    if (result == RESULT_OK) {
        *format = (enum syslog_format)index;
    }
    return result;
}

const char *syslog_level_name(enum syslog_level level)
{
    return LEVEL_NAMES[level];
}
