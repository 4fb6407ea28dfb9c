/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log lines and formats: targets (UDP, Unix sockets, descriptors, rings), facility, levels,
 * sampling; log-format and error-log-format, whose compiling waits for the frontend that uses them.
 * Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "transport/resolve.h"

enum { SYSLOG_PORT = 514, STDOUT = 1, STDERR = 2 };

static enum result read_target(struct config_reader *reader, const char *word,
                               struct log_sink_options *sink)
{
    if (strcmp(word, "stdout") == 0 || strcmp(word, "stderr") == 0) {
        sink->kind = LOG_TARGET_DESCRIPTOR;
        sink->fd = strcmp(word, "stdout") == 0 ? STDOUT : STDERR;
        return RESULT_OK;
    }
    if (strncmp(word, "ring@", sizeof("ring@") - 1) == 0 ||
        strncmp(word, "backend@", sizeof("backend@") - 1) == 0) {
        return config_fail(reader, "'log' : target '%s' is not supported by weir yet", word);
    }
    static const char *const DATAGRAM[] = {"udp@", "udp4@", "udp6@"};
    for (size_t i = 0; i < sizeof(DATAGRAM) / sizeof(DATAGRAM[0]); i++) {
        size_t length = strlen(DATAGRAM[i]);
        word += strncmp(word, DATAGRAM[i], length) == 0 ? length : 0;
    }
    struct config_address parsed;
    enum result result = config_read_address(reader, word, false, &parsed);
    if (result != RESULT_OK) {
        return result;
    }
    if (parsed.fd >= 0) {
        sink->kind = LOG_TARGET_DESCRIPTOR;
        sink->fd = parsed.fd;
        return RESULT_OK;
    }
    uint16_t port = parsed.address.port;
    if (parsed.host != NULL &&
        address_resolve(slice_from_string(parsed.host), parsed.address.family, &parsed.address) !=
            RESULT_OK) {
        return config_fail(reader, "'log' : could not resolve address '%s'.", parsed.host);
    }
    sink->kind = LOG_TARGET_DATAGRAM;
    sink->address = parsed.address;
    sink->address.port = port != 0 ? port : SYSLOG_PORT;
    return RESULT_OK;
}

/* sample <range>[,<range>]:<size> */
static enum result read_sample(struct config_reader *reader, const char *word,
                               struct log_sink_options *sink)
{
    struct slice text = slice_from_string(word);
    size_t colon = slice_find_char(text, ':');
    struct slice ranges = slice_first(text, colon);
    struct slice range;
    uint64_t size = 0;
    if (number_parse_decimal(slice_skip(text, colon + 1), &size) != RESULT_OK || size == 0 ||
        size > UINT32_MAX) {
        return config_fail(reader, "'sample' expects <sample ranges>:<sample size>, but got '%s'",
                           word);
    }
    sink->sample_size = (uint32_t)size;
    while (slice_next_token(&ranges, ',', &range)) {
        size_t dash = slice_find_char(range, '-');
        uint64_t low = 0;
        bool is_range = dash < range.length;
        bool is_valid = number_parse_decimal(slice_first(range, dash), &low) == RESULT_OK;
        uint64_t high = low;
        is_valid = is_valid && (!is_range || number_parse_decimal(slice_skip(range, dash + 1),
                                                                  &high) == RESULT_OK);
        if (!is_valid || low == 0 || high < low || high > size ||
            sink->ranges_count == LOG_RANGES_MAX) {
            return config_fail(reader, "invalid sample range '%.*s' in '%s'", (int)range.length,
                               range.data, word);
        }
        sink->ranges[sink->ranges_count++] = (struct log_range){(uint32_t)low, (uint32_t)high};
    }
    return RESULT_OK;
}

static enum result read_named(struct config_reader *reader, const char *name, const char *value,
                              struct log_sink_options *sink)
{
    uint64_t number = 0;
    if (strcmp(name, "len") == 0) {
        enum result result =
            config_read_number(reader, "log len", value, LOG_LENGTH_MIN, LOG_LENGTH_MAX, &number);
        sink->length_max = (uint32_t)number;
        return result;
    }
    if (strcmp(name, "sample") == 0) {
        return read_sample(reader, value, sink);
    }
    if (strcmp(name, "profile") == 0) {
        return config_fail(reader, "'log' : 'profile' is not supported by weir yet");
    }
    return syslog_find_format(slice_from_string(value), &sink->format) == RESULT_OK
               ? RESULT_OK
               : config_fail(reader,
                             "unknown log format '%s': local, rfc3164, rfc5424, priority, short, "
                             "timed, iso or raw is expected",
                             value);
}

static enum result read_levels(struct config_reader *reader, const char *const *words,
                               unsigned count, struct log_sink_options *sink)
{
    if (count == 0 ||
        syslog_find_facility(slice_from_string(words[0]), &sink->facility) != RESULT_OK) {
        return config_fail(reader, "unknown log facility '%s'", count > 0 ? words[0] : "");
    }
    enum syslog_level *const levels[] = {&sink->level_max, &sink->level_min};
    for (unsigned i = 1; i < count; i++) {
        if (i > sizeof(levels) / sizeof(levels[0])) {
            return config_fail(reader, "'log' cannot handle unexpected argument '%s'", words[i]);
        }
        if (syslog_find_level(slice_from_string(words[i]), levels[i - 1]) != RESULT_OK) {
            return config_fail(reader,
                               "unknown optional log level '%s': emerg, alert, crit, err, warning, "
                               "notice, info or debug is expected",
                               words[i]);
        }
    }
    return RESULT_OK;
}

enum result config_read_log(struct config_reader *reader, const char *const *arguments,
                            unsigned count, struct list *list)
{
    struct log_settings *log = config_take(reader, sizeof(*log));
    if (log == NULL) {
        return RESULT_NO_MEMORY;
    }
    log_sink_options_init(&log->sink);
    enum result result = read_target(reader, arguments[0], &log->sink);
    unsigned position = 1;
    while (result == RESULT_OK && position + 1 < count &&
           (strcmp(arguments[position], "len") == 0 || strcmp(arguments[position], "format") == 0 ||
            strcmp(arguments[position], "sample") == 0 ||
            strcmp(arguments[position], "profile") == 0)) {
        result = read_named(reader, arguments[position], arguments[position + 1], &log->sink);
        position += 2;
    }
    if (result == RESULT_OK) {
        result = read_levels(reader, arguments + position, count - position, &log->sink);
    }
    if (result == RESULT_OK) {
        list_append(list, &log->link);
    }
    return result;
}

static enum result read_log(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct proxy_settings *proxy = reader->proxy;
    if (reader->is_negated) {
        list_init(&proxy->logs);
        proxy->log_global = false;
        return RESULT_OK;
    }
    if (count == 1 && strcmp(arguments[0], "global") == 0) {
        proxy->log_global = true;
        return RESULT_OK;
    }
    return config_read_log(reader, arguments, count, &proxy->logs);
}

static enum result read_format(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    const char *copy = config_copy(reader, arguments[0]);
    if (keyword->value == 0) {
        reader->proxy->log_format_text = copy;
        reader->proxy->log_format_file = reader->file;
        reader->proxy->log_format_line = reader->line;
    } else {
        reader->proxy->log_format_error_text = copy;
    }
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

const struct config_keyword KEYWORDS_LOG[] = {
    {"log", SECTION_PROXY, 0, UINT_MAX, "<target> <facility> [<level> [<minlevel>]], or 'global'",
     read_log, 0, 0, true},
    {"log-format", SECTION_FRONT, 1, 1, "<format>", read_format, 0, 0, false},
    {"error-log-format", SECTION_FRONT, 1, 1, "<format>", read_format, 0, 1, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
