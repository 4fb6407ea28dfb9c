/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands before the text of a log line: HAProxy's eight formats (RFC 3164, RFC 5424 and
 * shorter ones), and the names of facilities, levels and formats as the configuration writes them.
 */
#ifndef WEIR_EVENT_SYSLOG_H
#define WEIR_EVENT_SYSLOG_H

#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"

/* Severity, RFC 5424 6.2.1: a lower number is more severe. */
enum syslog_level {
    SYSLOG_EMERG,
    SYSLOG_ALERT,
    SYSLOG_CRIT,
    SYSLOG_ERR,
    SYSLOG_WARNING,
    SYSLOG_NOTICE,
    SYSLOG_INFO,
    SYSLOG_DEBUG,
    SYSLOG_LEVELS
};

enum syslog_format {
    SYSLOG_FORMAT_LOCAL,    /* <134>Nov 23 23:25:11 tag[pid]: */
    SYSLOG_FORMAT_RFC3164,  /* <134>Nov 23 23:25:11 host tag[pid]: */
    SYSLOG_FORMAT_RFC5424,  /* <134>1 2026-11-23T23:25:11.477400+00:00 host tag pid - - */
    SYSLOG_FORMAT_PRIORITY, /* <134> */
    SYSLOG_FORMAT_SHORT,    /* <6> */
    SYSLOG_FORMAT_TIMED,    /* <6>2026-11-23T23:25:11.477400+00:00 */
    SYSLOG_FORMAT_ISO,      /* 2026-11-23T23:25:11.477400+00:00 */
    SYSLOG_FORMAT_RAW,      /* nothing */
    SYSLOG_FORMATS
};

/* Room for any header but its tag, host and structured data. */
enum { SYSLOG_HEADER_SIZE = 128 };

/* The local time of one second, so that a busy log asks the time zone once a second.
 * Zero-initialized is empty. */
struct syslog_clock {
    uint64_t second;
    char short_time[sizeof("Nov 23 23:25:11")];
    char iso_second[sizeof("2026-11-23T23:25:11")];
    char iso_zone[sizeof("+00:00")];
};

/* What a header is made of. */
struct syslog_header {
    enum syslog_format format;
    unsigned facility; /* 0 to 23 */
    enum syslog_level level;
    uint64_t wall_us;
    struct slice host; /* empty: "localhost" in RFC 3164, "-" in RFC 5424 */
    struct slice tag;
    struct slice structured_data; /* RFC 5424; empty: "-" */
    uint32_t pid;
};

/* Appends the header, ready for the text to follow. */
void syslog_append_header(struct text *text, const struct syslog_header *header,
                          struct syslog_clock *clock);

/* Finds a facility ("local0" → 16). RESULT_NOT_FOUND for another word. */
MUST_USE enum result syslog_find_facility(struct slice name, unsigned *facility);

/* Finds a level ("notice" → SYSLOG_NOTICE). RESULT_NOT_FOUND for another word. */
MUST_USE enum result syslog_find_level(struct slice name, enum syslog_level *level);

/* Finds a format ("rfc5424"). RESULT_NOT_FOUND for another word. */
MUST_USE enum result syslog_find_format(struct slice name, enum syslog_format *format);

/* A level's name. */
const char *syslog_level_name(enum syslog_level level);

#endif
