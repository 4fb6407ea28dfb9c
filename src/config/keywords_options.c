/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `option` keywords: yes-or-no ones are one row each; those with arguments have a handler. What
 * is set excludes what contradicts it (httpclose, http-server-close and http-keep-alive are one
 * choice). Everything is a field of struct proxy_settings.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "rules/log_format.h"

enum {
    MODE_OPTIONS = OPTION_HTTPCLOSE | OPTION_HTTP_SERVER_CLOSE | OPTION_HTTP_KEEP_ALIVE,
    IPV4_BITS = 32,
    IPV6_BITS = 128
};

static enum result read_option(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    uint32_t *options = &reader->proxy->options;
    if ((keyword->value & MODE_OPTIONS) != 0 && !reader->is_negated) {
        *options &= ~(uint32_t)MODE_OPTIONS;
    }
    if (reader->is_negated || reader->is_default) {
        *options &= ~keyword->value;
    } else {
        *options |= keyword->value;
    }
    return RESULT_OK;
}

static enum result read_ignored(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    (void)arguments;
    (void)count;
    text_append_format(&text, "parsing [%s:%u] : '%s' has no meaning for weir and is ignored",
                       reader->file, reader->line, keyword->name);
    reader->input->report->write(reader->input->report->argument, REPORT_DIAGNOSTIC, bytes);
    return RESULT_OK;
}

/* ---- logs ---- */

static enum result read_log_option(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    static const char *const FORMATS[] = {LOG_FORMAT_HTTP, LOG_FORMAT_HTTPS, LOG_FORMAT_TCP};
    const char *format = FORMATS[keyword->value];
    if (count > 0) {
        if (strcmp(arguments[0], "clf") != 0) {
            return config_fail(reader, "keyword '%s' only supports 'clf', but got '%s'",
                               keyword->name, arguments[0]);
        }
        format = keyword->value == 2 ? LOG_FORMAT_TCP_CLF : LOG_FORMAT_CLF;
    }
    reader->proxy->log_format_text = format;
    reader->proxy->log_format_file = reader->file;
    reader->proxy->log_format_line = reader->line;
    return RESULT_OK;
}

/* ---- forwardfor, originalto ---- */

static enum result read_network(struct config_reader *reader, const char *word,
                                struct forward_header *header)
{
    struct slice text = slice_from_string(word);
    struct slice address = slice_first(text, slice_find_char(text, '/'));
    uint64_t bits = 0;
    if (address_parse_ip(address, &header->except_net) != RESULT_OK) {
        return config_fail(reader, "'except' expects <address>[/mask], but got '%s'", word);
    }
    uint64_t most = header->except_net.family == AF_INET ? IPV4_BITS : IPV6_BITS;
    bits = most;
    if (address.length < text.length) {
        struct slice mask = slice_skip(text, address.length + 1);
        if (number_parse_decimal(mask, &bits) != RESULT_OK || bits > most) {
            return config_fail(reader, "'except' expects <address>[/mask], but got '%s'", word);
        }
    }
    header->except_bits = (unsigned)bits;
    return RESULT_OK;
}

static enum result read_forward(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    bool is_source = keyword->value == 0;
    struct forward_header *header =
        is_source ? &reader->proxy->forwardfor : &reader->proxy->originalto;
    *header = (struct forward_header){.is_enabled = !reader->is_negated,
                                      .header = is_source ? "X-Forwarded-For" : "X-Original-To"};
    for (unsigned i = 0; i < count; i++) {
        bool has_value = i + 1 < count;
        enum result result = RESULT_OK;
        if (strcmp(arguments[i], "if-none") == 0 && is_source) {
            header->if_none = true;
        } else if (strcmp(arguments[i], "except") == 0 && has_value) {
            result = read_network(reader, arguments[++i], header);
        } else if (strcmp(arguments[i], "header") == 0 && has_value) {
            header->header = config_copy(reader, arguments[++i]);
        } else {
            result = config_fail(
                reader, "'%s' only supports optional values: 'except', 'header'%s (got '%s')",
                keyword->name, is_source ? " and 'if-none'" : "", arguments[i]);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static enum result read_redispatch(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    int64_t interval = -1;
    if (count > 0 &&
        (number_parse_signed(slice_from_string(arguments[0]), &interval) != RESULT_OK ||
         interval < INT32_MIN || interval > INT32_MAX)) {
        return config_fail(reader, "'%s' expects an interval of retries, but got '%s'",
                           keyword->name, arguments[0]);
    }
    reader->proxy->redispatch_interval = (int32_t)interval;
    return read_option(reader, arguments, count, keyword);
}

static enum result read_all_backups(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    (void)keyword;
    reader->proxy->balance.all_backups = !reader->is_negated;
    return RESULT_OK;
}

#define OPTION(name, sections, bit)                                              \
    {                                                                            \
        "option " name, sections, 0, 0, "no argument", read_option, 0, bit, true \
    }
#define IGNORED(name, sections)                                             \
    {                                                                       \
        "option " name, sections, 0, UINT_MAX, "", read_ignored, 0, 0, true \
    }

const struct config_keyword KEYWORDS_OPTIONS[] = {
    OPTION("dontlognull", SECTION_FRONT, OPTION_DONTLOGNULL),
    OPTION("dontlog-normal", SECTION_FRONT, OPTION_DONTLOG_NORMAL),
    OPTION("logasap", SECTION_FRONT, OPTION_LOGASAP),
    OPTION("log-separate-errors", SECTION_FRONT, OPTION_LOG_SEPARATE_ERRORS),
    OPTION("log-health-checks", SECTION_BACK, OPTION_LOG_HEALTH_CHECKS),
    OPTION("abortonclose", SECTION_PROXY, OPTION_ABORTONCLOSE),
    OPTION("http-server-close", SECTION_PROXY, OPTION_HTTP_SERVER_CLOSE),
    OPTION("httpclose", SECTION_PROXY, OPTION_HTTPCLOSE),
    OPTION("http-keep-alive", SECTION_PROXY, OPTION_HTTP_KEEP_ALIVE),
    OPTION("http-buffer-request", SECTION_PROXY, OPTION_HTTP_BUFFER_REQUEST),
    OPTION("http-ignore-probes", SECTION_FRONT, OPTION_HTTP_IGNORE_PROBES),
    OPTION("http-no-delay", SECTION_PROXY, OPTION_HTTP_NO_DELAY),
    OPTION("accept-unsafe-violations-in-http-request", SECTION_FRONT, OPTION_ACCEPT_UNSAFE_REQUEST),
    OPTION("accept-unsafe-violations-in-http-response", SECTION_BACK,
           OPTION_ACCEPT_UNSAFE_RESPONSE),
    OPTION("accept-invalid-http-request", SECTION_FRONT, OPTION_ACCEPT_UNSAFE_REQUEST),
    OPTION("accept-invalid-http-response", SECTION_BACK, OPTION_ACCEPT_UNSAFE_RESPONSE),
    OPTION("persist", SECTION_BACK, OPTION_PERSIST),
    OPTION("tcpka", SECTION_PROXY, OPTION_TCPKA_CLIENT | OPTION_TCPKA_SERVER),
    OPTION("clitcpka", SECTION_FRONT, OPTION_TCPKA_CLIENT),
    OPTION("srvtcpka", SECTION_BACK, OPTION_TCPKA_SERVER),
    OPTION("contstats", SECTION_FRONT, OPTION_CONTSTATS),
    OPTION("socket-stats", SECTION_FRONT, OPTION_SOCKET_STATS),
    IGNORED("splice-auto", SECTION_PROXY),
    IGNORED("splice-request", SECTION_PROXY),
    IGNORED("splice-response", SECTION_PROXY),
    IGNORED("tcp-smart-accept", SECTION_FRONT),
    IGNORED("tcp-smart-connect", SECTION_BACK),
    IGNORED("nolinger", SECTION_PROXY),
    IGNORED("http-pretend-keepalive", SECTION_BACK),
    IGNORED("idle-close-on-response", SECTION_FRONT),
    {"option redispatch", SECTION_BACK, 0, 1, "[<interval>]", read_redispatch, 0, OPTION_REDISPATCH,
     true},
    {"option allbackups", SECTION_BACK, 0, 0, "no argument", read_all_backups, 0, 0, true},
    {"option httplog", SECTION_PROXY, 0, 1, "[clf]", read_log_option, 0, 0, false},
    {"option httpslog", SECTION_PROXY, 0, 0, "no argument", read_log_option, 0, 1, false},
    {"option tcplog", SECTION_PROXY, 0, 1, "[clf]", read_log_option, 0, 2, false},
    {"option forwardfor", SECTION_PROXY, 0, UINT_MAX,
     "[except <network>] [header <name>] [if-none]", read_forward, 0, 0, true},
    {"option originalto", SECTION_PROXY, 0, UINT_MAX, "[except <network>] [header <name>]",
     read_forward, 0, 1, true},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
