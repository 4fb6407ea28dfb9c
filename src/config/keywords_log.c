/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log lines and formats: targets (UDP, Unix sockets, descriptors, rings), length, format, sampling,
 * facility, levels; log-format and error-log-format, whose compiling waits for the frontend that
 * uses them. Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { SYSLOG_PORT = 514, STDOUT = 1, STDERR = 2, LEVELS_MAX = 2 };

#define FIELD(member) offsetof(struct proxy_settings, member)

/* ---- targets ---- */

static enum result read_address(struct config_reader *reader, const char *word,
                                struct log_sink_options *sink)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, word, CONFIG_ADDRESS_DATAGRAM, &parsed);
    if (result == RESULT_OK) {
        result = config_resolve_address(reader, word, &parsed);
    }
    if (result != RESULT_OK) {
        return config_fail(reader, "log : %s", config_reason(reader));
    }
    if (parsed.port_is_relative || parsed.last_port != parsed.address.port) {
        return config_fail(reader, "log : port range not permitted here in '%s'", word);
    }
    if (parsed.fd >= 0) {
        sink->kind = LOG_TARGET_DESCRIPTOR;
        sink->fd = parsed.fd;
        return RESULT_OK;
    }
    bool needs_port = parsed.address.family != AF_UNIX && parsed.address.port == 0;
    sink->kind = LOG_TARGET_DATAGRAM;
    sink->address = parsed.address;
    sink->address.port = needs_port ? SYSLOG_PORT : parsed.address.port;
    return RESULT_OK;
}

static enum result read_target(struct config_reader *reader, const char *word,
                               struct log_sink_options *sink)
{
    static const char RING[] = "ring@";
    static const char *const LATER[] = {"backend@", "tcp@", "tcp4@", "tcp6@"};
    bool is_stdout = strcmp(word, "stdout") == 0;
    if (is_stdout || strcmp(word, "stderr") == 0) {
        sink->kind = LOG_TARGET_DESCRIPTOR;
        sink->fd = is_stdout ? STDOUT : STDERR;
        return RESULT_OK;
    }
    if (strncmp(word, RING, strlen(RING)) == 0) {
        sink->kind = LOG_TARGET_RING;
        sink->ring_name = config_copy(reader, word + strlen(RING));
        return sink->ring_name != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < sizeof(LATER) / sizeof(LATER[0]); i++) {
        if (strncmp(word, LATER[i], strlen(LATER[i])) == 0) {
            return config_fail(reader, "log : target '%s' is not supported by weir yet", word);
        }
    }
    return read_address(reader, word, sink);
}

/* ---- sampling ---- */

static enum result add_range(struct config_reader *reader, struct slice text,
                             struct log_sink_options *sink)
{
    size_t dash = slice_find_char(text, '-');
    struct slice second = dash < text.length ? slice_skip(text, dash + 1) : text;
    uint64_t low = 0;
    uint64_t high = 0;
    bool is_valid = number_parse_decimal(slice_first(text, dash), &low) == RESULT_OK &&
                    number_parse_decimal(second, &high) == RESULT_OK;
    if (!is_valid || low == 0 || high < low || high > sink->sample_size) {
        return config_fail(reader, "log : wrong sample range '%.*s'", (int)text.length, text.data);
    }
    for (unsigned i = 0; i < sink->ranges_count; i++) {
        if (low <= sink->ranges[i].high && high >= sink->ranges[i].low) {
            return config_fail(reader, "log : ranges are overlapping");
        }
    }
    if (sink->ranges_count == LOG_RANGES_MAX) {
        return config_fail(reader, "log : more than %d sample ranges", LOG_RANGES_MAX);
    }
    sink->ranges[sink->ranges_count++] = (struct log_range){(uint32_t)low, (uint32_t)high};
    return RESULT_OK;
}

/* <range>[,<range>]*:<size> */
static enum result read_sample(struct config_reader *reader, const char *word,
                               struct log_sink_options *sink)
{
    struct slice text = slice_from_string(word);
    size_t colon = slice_find_char(text, ':');
    struct slice ranges = slice_first(text, colon);
    struct slice range;
    uint64_t size = 0;
    if (colon == text.length) {
        return config_fail(reader, "log : Missing sample size");
    }
    if (number_parse_decimal(slice_skip(text, colon + 1), &size) != RESULT_OK || size == 0 ||
        size > UINT32_MAX) {
        return config_fail(reader, "log : invalid sample size in '%s'", word);
    }
    sink->sample_size = (uint32_t)size;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_next_token(&ranges, ',', &range)) {
        result = add_range(reader, range, sink);
    }
    return result;
}

/* ---- options ---- */

static enum result read_length(struct config_reader *reader, const char *word,
                               struct log_sink_options *sink)
{
    uint64_t bytes = 0;
    if (number_parse_decimal(slice_from_string(word), &bytes) != RESULT_OK ||
        bytes < LOG_LENGTH_MIN || bytes > LOG_LENGTH_MAX) {
        return config_fail(reader, "log : invalid log length '%s', must be between %d and %d", word,
                           LOG_LENGTH_MIN, LOG_LENGTH_MAX);
    }
    sink->length_max = (uint32_t)bytes;
    return RESULT_OK;
}

static enum result read_syslog_format(struct config_reader *reader, const char *word,
                                      struct log_sink_options *sink)
{
    sink->has_format = true;
    return syslog_find_format(slice_from_string(word), &sink->format) == RESULT_OK
               ? RESULT_OK
               : config_fail(reader, "log : unknown log format '%s'", word);
}

static enum result refuse_profile(struct config_reader *reader, const char *word,
                                  struct log_sink_options *sink)
{
    (void)sink;
    return config_fail(reader, "log : 'profile %s' is not supported by weir yet", word);
}

static const struct {
    const char *name;
    enum result (*read)(struct config_reader *reader, const char *word,
                        struct log_sink_options *sink);
} OPTIONS[] = {{"len", read_length},
               {"format", read_syslog_format},
               {"sample", read_sample},
               {"profile", refuse_profile}};

/* Reads options that stand before the facility; stores how many words they are. */
static enum result read_options(struct config_reader *reader, const char *const *words,
                                unsigned count, struct log_sink_options *sink, unsigned *used)
{
    enum { ROWS = sizeof(OPTIONS) / sizeof(OPTIONS[0]) };
    enum result result = RESULT_OK;
    unsigned row = 0;
    for (*used = 0; result == RESULT_OK && *used + 1 < count && row < ROWS;) {
        for (row = 0; row < ROWS && strcmp(OPTIONS[row].name, words[*used]) != 0; row++) {
        }
        if (row < ROWS) {
            result = OPTIONS[row].read(reader, words[*used + 1], sink);
            *used += 2;
        }
    }
    return result;
}

/* <facility> [<level> [<minimum level>]] */
static enum result read_levels(struct config_reader *reader, const char *const *words,
                               unsigned count, struct log_sink_options *sink)
{
    enum syslog_level *const levels[LEVELS_MAX] = {&sink->level_max, &sink->level_min};
    static const char *const NAMES[LEVELS_MAX] = {"log level", "minimum log level"};
    if (syslog_find_facility(slice_from_string(words[0]), &sink->facility) != RESULT_OK) {
        return config_fail(reader, "log : unknown log facility '%s'", words[0]);
    }
    for (unsigned i = 0; i + 1 < count && i < LEVELS_MAX; i++) {
        if (syslog_find_level(slice_from_string(words[i + 1]), levels[i]) != RESULT_OK) {
            return config_fail(reader, "log : unknown optional %s '%s'", NAMES[i], words[i + 1]);
        }
    }
    return count <= 1 + LEVELS_MAX
               ? RESULT_OK
               : config_fail(reader, "log : cannot handle unexpected argument '%s'",
                             words[1 + LEVELS_MAX]);
}

enum result config_read_log(struct config_reader *reader, const char *const *arguments,
                            unsigned count, struct list *list)
{
    struct log_settings *log = config_take(reader, sizeof(*log));
    if (log == NULL) {
        return RESULT_NO_MEMORY;
    }
    log->file = reader->file;
    log->line = reader->line;
    log_sink_options_init(&log->sink);
    unsigned used = 0;
    enum result result = read_target(reader, arguments[0], &log->sink);
    if (result == RESULT_OK) {
        result = read_options(reader, arguments + 1, count - 1, &log->sink, &used);
    }
    used++;
    if (result == RESULT_OK && used >= count) {
        return config_fail(reader, "log : expects <address> and <facility>%s as arguments",
                           reader->proxy != NULL ? " or global" : "");
    }
    if (result == RESULT_OK) {
        result = read_levels(reader, arguments + used, count - used, &log->sink);
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
    if (strcmp(arguments[0], "global") == 0) {
        proxy->log_global = count == 1;
        return count == 1 ? RESULT_OK
                          : config_fail(reader, "log : cannot handle unexpected argument '%s'",
                                        arguments[1]);
    }
    return config_read_log(reader, arguments, count, &proxy->logs);
}

/* ---- formats ---- */

/* A backend logs nothing of its own. */
static bool is_ignored(struct config_reader *reader, const struct config_keyword *keyword)
{
    bool is_backend = reader->section == SECTION_BACKEND;
    if (is_backend) {
        config_warn(reader, "backend '%s' : '%s' directive is ignored in backends.",
                    reader->proxy->name, keyword->name);
    }
    return is_backend;
}

static void set_log_format(struct config_reader *reader, const char *format)
{
    struct proxy_settings *proxy = reader->proxy;
    proxy->log_format_text = format;
    proxy->log_format_file = reader->file;
    proxy->log_format_line = reader->line;
}

static enum result read_format(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    if (is_ignored(reader, keyword)) {
        return RESULT_OK;
    }
    const char *copy = config_copy(reader, arguments[0]);
    if (keyword->value == 0) {
        set_log_format(reader, copy);
    } else {
        reader->proxy->log_format_error_text = copy;
    }
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* option httplog [clf], option tcplog [clf], option httpslog */
static enum result read_option(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    static const char *const FORMATS[] = {LOG_FORMAT_HTTP, LOG_FORMAT_HTTPS, LOG_FORMAT_TCP};
    static const char *const CLF[] = {LOG_FORMAT_CLF, NULL, LOG_FORMAT_TCP_CLF};
    bool is_clf = count > 0 && strcmp(arguments[0], "clf") == 0;
    if (count > 0 && !is_clf) {
        return config_fail(reader, "keyword '%s' only supports option 'clf'.", keyword->name);
    }
    if (!is_ignored(reader, keyword)) {
        set_log_format(reader, is_clf ? CLF[keyword->value] : FORMATS[keyword->value]);
    }
    return RESULT_OK;
}

const struct config_keyword KEYWORDS_LOG[] = {
    {"log", SECTION_PROXY, 1, UINT_MAX, "expects <address> and <facility> or global as arguments",
     read_log, 0, 0, KEYWORD_MAY_NEGATE},
    {"log-format", SECTION_PROXY, 1, 1, "expects an argument", read_format, 0, 0, 0},
    {"error-log-format", SECTION_PROXY, 1, 1, "expects an argument", read_format, 0, 1, 0},
    {"log-tag", SECTION_PROXY, 1, 1, "expects a tag for use in syslog", config_read_text_field,
     FIELD(log_tag), 0, 0},
    {"option httplog", SECTION_PROXY, 0, 1, "", read_option, 0, 0, 0},
    {"option httpslog", SECTION_PROXY, 0, 0, "", read_option, 0, 1, 0},
    {"option tcplog", SECTION_PROXY, 0, 1, "", read_option, 0, 2, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
