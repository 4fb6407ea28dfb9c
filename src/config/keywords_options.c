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

enum {
    MODE_OPTIONS = OPTION_HTTPCLOSE | OPTION_HTTP_SERVER_CLOSE | OPTION_HTTP_KEEP_ALIVE,
    IPV4_BITS = 32,
    IPV6_BITS = 128,
};

static enum result read_option(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    uint32_t *options = &reader->proxy->options;
    *options &= ~keyword->value;
    if (!reader->is_negated && !reader->is_default) {
        *options |= keyword->value;
    }
    return RESULT_OK;
}

/* The last of the three stays; without any the connection is kept. */
static enum result read_connection_mode(struct config_reader *reader, const char *const *arguments,
                                        unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    uint32_t *options = &reader->proxy->options;
    bool is_set = !reader->is_negated && !reader->is_default;
    if (is_set || (*options & keyword->value) != 0) {
        *options &= ~(uint32_t)MODE_OPTIONS;
        *options |= is_set ? keyword->value : (uint32_t)OPTION_HTTP_KEEP_ALIVE;
    }
    return RESULT_OK;
}

/* ---- forwardfor, originalto ---- */

static enum result read_network(struct config_reader *reader, const char *word, const char *option,
                                struct forward_header *header)
{
    struct slice text = slice_from_string(word);
    struct slice address = slice_first(text, slice_find_char(text, '/'));
    bool is_valid = address_parse_ip(address, &header->except_net) == RESULT_OK;
    uint64_t most = is_valid && header->except_net.family == AF_INET6 ? IPV6_BITS : IPV4_BITS;
    uint64_t bits = most;
    struct address mask;
    if (is_valid && address.length < text.length) {
        struct slice rest = slice_skip(text, address.length + 1);
        bool is_count = number_parse_decimal(rest, &bits) == RESULT_OK;
        bool is_mask = !is_count && address_parse_ip(rest, &mask) == RESULT_OK &&
                       mask.family == AF_INET && most == IPV4_BITS;
        uint32_t inverse = is_mask ? ~ntohl(mask.v4.s_addr) : 1;
        is_mask = is_mask && (inverse & (inverse + 1)) == 0; /* ones, then zeros */
        bits = is_mask ? IPV4_BITS - (uint64_t)__builtin_popcount(inverse) : bits;
        is_valid = (is_count || is_mask) && bits <= most;
    }
    header->except_bits = (unsigned)bits;
    return is_valid
               ? RESULT_OK
               : config_fail(reader, "'%s except' expects <address>[/mask] as argument.", option);
}

static enum result read_forward_word(struct config_reader *reader, const char *word,
                                     const char *value, const struct config_keyword *keyword,
                                     struct forward_header *header)
{
    if (strcmp(word, "except") == 0) {
        return read_network(reader, value, keyword->name, header);
    }
    if (strcmp(word, "header") != 0) {
        return config_fail(reader, "'%s' only supports optional values: %s.", keyword->name,
                           keyword->value == 0 ? "'except', 'header' and 'if-none'"
                                               : "'except' and 'header'");
    }
    if (value[0] == '\0') {
        return config_fail(reader, "'%s header' expects <header_name> as argument.", keyword->name);
    }
    header->header = config_copy(reader, value);
    return header->header != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_forward(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    bool is_source = keyword->value == 0;
    struct forward_header *header =
        is_source ? &reader->proxy->forwardfor : &reader->proxy->originalto;
    *header = (struct forward_header){.is_enabled = !reader->is_negated && !reader->is_default,
                                      .header = is_source ? "X-Forwarded-For" : "X-Original-To"};
    enum result result = RESULT_OK;
    for (unsigned i = 0; result == RESULT_OK && i < count; i++) {
        if (is_source && strcmp(arguments[i], "if-none") == 0) {
            header->if_none = true;
            continue;
        }
        const char *value = i + 1 < count ? arguments[i + 1] : "";
        result = read_forward_word(reader, arguments[i], value, keyword, header);
        i++;
    }
    return result;
}

/* ---- others with arguments ---- */

static enum result read_redispatch(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    int64_t interval = -1;
    if (count > 0 &&
        (number_parse_signed(slice_from_string(arguments[0]), &interval) != RESULT_OK ||
         interval < INT32_MIN || interval > INT32_MAX)) {
        return config_fail(reader, "'%s' expects an integer argument (got '%s').", keyword->name,
                           arguments[0]);
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
    reader->proxy->balance.all_backups = !reader->is_negated && !reader->is_default;
    return RESULT_OK;
}

#define OPTION(name, sections, bit)                                                 \
    {                                                                               \
        "option " name, sections, 0, 0, "", read_option, 0, bit, KEYWORD_MAY_NEGATE \
    }
#define CONNECTION_MODE(name, bit)                                                                \
    {                                                                                             \
        "option " name, SECTION_PROXY, 0, 0, "", read_connection_mode, 0, bit, KEYWORD_MAY_NEGATE \
    }
#define NOTHING(name, sections)                                            \
    {                                                                      \
        "option " name, sections, 0, UINT_MAX, "", config_pass_over, 0, 0, \
            KEYWORD_MAY_NEGATE | KEYWORD_WITHOUT_MEANING                   \
    }

const struct config_keyword KEYWORDS_OPTIONS[] = {
    OPTION("abortonclose", SECTION_PROXY, OPTION_ABORTONCLOSE),
    OPTION("accept-invalid-http-request", SECTION_FRONT, OPTION_ACCEPT_UNSAFE_REQUEST),
    OPTION("accept-invalid-http-response", SECTION_BACK, OPTION_ACCEPT_UNSAFE_RESPONSE),
    OPTION("accept-unsafe-violations-in-http-request", SECTION_FRONT, OPTION_ACCEPT_UNSAFE_REQUEST),
    OPTION("accept-unsafe-violations-in-http-response", SECTION_BACK,
           OPTION_ACCEPT_UNSAFE_RESPONSE),
    OPTION("clitcpka", SECTION_FRONT, OPTION_TCPKA_CLIENT),
    OPTION("dontlog-normal", SECTION_FRONT, OPTION_DONTLOG_NORMAL),
    OPTION("dontlognull", SECTION_FRONT, OPTION_DONTLOGNULL),
    OPTION("http-buffer-request", SECTION_PROXY, OPTION_HTTP_BUFFER_REQUEST),
    OPTION("http-ignore-probes", SECTION_FRONT, OPTION_HTTP_IGNORE_PROBES),
    OPTION("log-health-checks", SECTION_BACK, OPTION_LOG_HEALTH_CHECKS),
    OPTION("log-separate-errors", SECTION_FRONT, OPTION_LOG_SEPARATE_ERRORS),
    OPTION("logasap", SECTION_FRONT, OPTION_LOGASAP),
    OPTION("persist", SECTION_BACK, OPTION_PERSIST),
    OPTION("socket-stats", SECTION_FRONT, OPTION_SOCKET_STATS),
    OPTION("splice-auto", SECTION_PROXY, OPTION_SPLICE_AUTO),
    OPTION("splice-request", SECTION_PROXY, OPTION_SPLICE_REQUEST),
    OPTION("splice-response", SECTION_PROXY, OPTION_SPLICE_RESPONSE),
    OPTION("srvtcpka", SECTION_BACK, OPTION_TCPKA_SERVER),
    OPTION("tcpka", SECTION_PROXY, OPTION_TCPKA_CLIENT | OPTION_TCPKA_SERVER),
    CONNECTION_MODE("http-keep-alive", OPTION_HTTP_KEEP_ALIVE),
    CONNECTION_MODE("http-server-close", OPTION_HTTP_SERVER_CLOSE),
    CONNECTION_MODE("httpclose", OPTION_HTTPCLOSE),
    {"option redispatch", SECTION_BACK, 0, 1, "", read_redispatch, 0, OPTION_REDISPATCH,
     KEYWORD_MAY_NEGATE},
    {"option allbackups", SECTION_BACK, 0, 0, "", read_all_backups, 0, 0, KEYWORD_MAY_NEGATE},
    {"option forwardfor", SECTION_PROXY, 0, UINT_MAX, "", read_forward, 0, 0, 0},
    {"option originalto", SECTION_PROXY, 0, UINT_MAX, "", read_forward, 0, 1, 0},
    NOTHING("contstats", SECTION_FRONT),
    NOTHING("disable-h2-upgrade", SECTION_FRONT),
    NOTHING("http-no-delay", SECTION_PROXY),
    NOTHING("http-pretend-keepalive", SECTION_BACK),
    NOTHING("idle-close-on-response", SECTION_FRONT),
    NOTHING("independent-streams", SECTION_PROXY),
    NOTHING("nolinger", SECTION_PROXY),
    NOTHING("tcp-smart-accept", SECTION_FRONT),
    NOTHING("tcp-smart-connect", SECTION_BACK),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
