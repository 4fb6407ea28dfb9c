/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords of proxies that set one thing: mode, limits, timeouts, balance, retries, captures,
 * forwarding to backends, unique ids, monitoring. Durations are fields of struct proxy_timeouts,
 * one row each. Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "rules/capture.h"
#include "rules/parser.h"

enum {
    LIMIT_MAX = 100000000,
    ID_MAX = 0x7fffffff,
    CAPTURE_MAX = 65535,
    PLACE_REQUEST = SAMPLE_IN_HTTP_REQUEST
};

#define FIELD(member) offsetof(struct proxy_settings, member)

static void *field(struct config_reader *reader, const struct config_keyword *keyword)
{
    return (char *)reader->proxy + keyword->offset;
}

static enum result read_mode(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    if (strcmp(arguments[0], "http") == 0) {
        reader->proxy->mode = PROXY_MODE_HTTP;
    } else if (strcmp(arguments[0], "tcp") == 0) {
        reader->proxy->mode = PROXY_MODE_TCP;
    } else if (strcmp(arguments[0], "log") == 0 || strcmp(arguments[0], "spop") == 0) {
        return config_fail(reader, "mode '%s' is not supported by weir yet", arguments[0]);
    } else {
        return config_fail(reader, "unknown proxy mode '%s': 'http' or 'tcp' is expected",
                           arguments[0]);
    }
    return RESULT_OK;
}

static enum result read_u32(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result = config_read_number(reader, keyword->name, arguments[0],
                                            keyword->may_negate ? 0 : 1, keyword->value, &number);
    *(uint32_t *)field(reader, keyword) = (uint32_t)number;
    return result;
}

static enum result read_limit(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, keyword->value, &number);
    *(uint32_t *)field(reader, keyword) = (uint32_t)number;
    return result;
}

static enum result read_rate(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    return read_limit(reader, arguments, count, keyword);
}

static enum result read_timeout(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    return config_read_time(reader, keyword->name, arguments[0], 1, field(reader, keyword));
}

static enum result read_string(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    const char *copy = config_copy(reader, arguments[0]);
    *(const char **)field(reader, keyword) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_disabled(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    reader->proxy->is_disabled = keyword->value != 0;
    return RESULT_OK;
}

static enum result read_retries(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    uint64_t number = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, INT32_MAX, &number);
    reader->proxy->retries = (int32_t)number;
    return result;
}

static enum result read_retry_on(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    static const struct {
        const char *name;
        uint32_t bits;
    } CONDITIONS[] = {
        {"none", 0},
        {"conn-failure", RETRY_CONN_FAILURE},
        {"empty-response", RETRY_EMPTY_RESPONSE},
        {"junk-response", RETRY_JUNK_RESPONSE},
        {"response-timeout", RETRY_RESPONSE_TIMEOUT},
        {"0rtt-rejected", RETRY_0RTT_REJECTED},
        {"all-retryable-errors", RETRY_CONN_FAILURE | RETRY_EMPTY_RESPONSE | RETRY_JUNK_RESPONSE |
                                     RETRY_RESPONSE_TIMEOUT | RETRY_0RTT_REJECTED},
    };
    uint32_t bits = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t row = 0;
        size_t rows = sizeof(CONDITIONS) / sizeof(CONDITIONS[0]);
        while (row < rows && strcmp(CONDITIONS[row].name, arguments[i]) != 0) {
            row++;
        }
        if (row == rows) {
            return config_fail(
                reader,
                "'%s': retrying on '%s' is not supported by weir yet (known: none conn-failure "
                "empty-response junk-response response-timeout all-retryable-errors)",
                keyword->name, arguments[i]);
        }
        bits |= CONDITIONS[row].bits;
    }
    reader->proxy->retry_on = bits;
    return RESULT_OK;
}

static enum result read_reuse(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    static const char *const NAMES[] = {[HTTP_REUSE_SAFE] = "safe",
                                        [HTTP_REUSE_NEVER] = "never",
                                        [HTTP_REUSE_AGGRESSIVE] = "aggressive",
                                        [HTTP_REUSE_ALWAYS] = "always"};
    (void)count;
    for (unsigned i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (strcmp(arguments[0], NAMES[i]) == 0) {
            reader->proxy->reuse = (enum http_reuse)i;
            return RESULT_OK;
        }
    }
    return config_fail(reader,
                       "'%s' only supports 'never', 'safe', 'aggressive', 'always', but got '%s'",
                       keyword->name, arguments[0]);
}

/* ---- balance ---- */

static enum result compile_key(struct config_reader *reader, const char *expression)
{
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT);
    unsigned used = 0;
    return sample_parse(&parser, &expression, 1, &used, &reader->proxy->balance_key);
}

/* balance uri [len <n>] [depth <n>] [whole] [path-only] */
static enum result read_balance_uri(struct config_reader *reader, const char *const *arguments,
                                    unsigned count)
{
    struct balance_uri_options *uri = &reader->proxy->balance_uri;
    for (unsigned i = 1; i < count; i++) {
        bool has_value = i + 1 < count;
        uint64_t number = 0;
        if (strcmp(arguments[i], "whole") == 0) {
            uri->is_whole = true;
        } else if (strcmp(arguments[i], "path-only") == 0) {
            uri->is_path_only = true;
        } else if (has_value &&
                   (strcmp(arguments[i], "len") == 0 || strcmp(arguments[i], "depth") == 0)) {
            enum result result =
                config_read_number(reader, arguments[i], arguments[i + 1], 1, UINT16_MAX, &number);
            if (result != RESULT_OK) {
                return result;
            }
            uint32_t *out = strcmp(arguments[i], "len") == 0 ? &uri->bytes_max : &uri->depth_max;
            *out = (uint32_t)number;
            i++;
        } else {
            return config_fail(reader,
                               "'balance uri' only accepts parameters 'len', 'depth', 'path-only', "
                               "and 'whole' (got '%s')",
                               arguments[i]);
        }
    }
    return compile_key(reader, "url");
}

static enum result read_balance_url_param(struct config_reader *reader,
                                          const char *const *arguments, unsigned count)
{
    if (count < 2) {
        return config_fail(reader, "'balance url_param' requires an URL parameter name");
    }
    if (count > 2) {
        return config_fail(reader, "'balance url_param %s': '%s' is not supported by weir yet",
                           arguments[1], arguments[2]);
    }
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_format(&text, "url_param(%s)", arguments[1]);
    return compile_key(reader, bytes);
}

/* hdr(name) and random(n) carry their argument in parentheses. */
static struct slice argument_of(const char *word)
{
    struct slice text = slice_from_string(word);
    size_t open = slice_find_char(text, '(');
    struct slice argument = slice_skip(text, open + 1);
    bool is_closed = argument.length > 0 && argument.data[argument.length - 1] == ')';
    argument.length -= is_closed ? 1 : 0;
    return open < text.length ? argument : SLICE_NONE;
}

static enum result read_balance_header(struct config_reader *reader, const char *word)
{
    struct slice name = argument_of(word);
    if (name.length == 0) {
        return config_fail(reader, "'balance hdr(name)' requires an http header field name");
    }
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_format(&text, "req.fhdr(%.*s)", (int)name.length, name.data);
    return compile_key(reader, bytes);
}

static enum result read_random(struct config_reader *reader, const char *word)
{
    enum { DRAWS_MAX = 65535 };
    struct slice draws = argument_of(word);
    uint64_t number = 2;
    if (draws.data != NULL &&
        (number_parse_decimal(draws, &number) != RESULT_OK || number == 0 || number > DRAWS_MAX)) {
        return config_fail(
            reader, "'balance random(n)' expects a number of draws from 1, but got '%s'", word);
    }
    reader->proxy->balance.random_draws = (uint32_t)number;
    return RESULT_OK;
}

static enum result read_algorithm(struct config_reader *reader, const char *const *arguments,
                                  unsigned count)
{
    struct rule_parser parser;
    unsigned used = 0;
    switch (reader->proxy->balance.algorithm) {
    case BALANCE_SOURCE:
        return compile_key(reader, "src");
    case BALANCE_URI:
        return read_balance_uri(reader, arguments, count);
    case BALANCE_URL_PARAMETER:
        return read_balance_url_param(reader, arguments, count);
    case BALANCE_HEADER:
        return read_balance_header(reader, arguments[0]);
    case BALANCE_RANDOM:
        return read_random(reader, arguments[0]);
    case BALANCE_HASH:
        parser = config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT);
        return count < 2 ? config_fail(reader, "'balance hash' requires a sample expression")
                         : sample_parse(&parser, arguments + 1, count - 1, &used,
                                        &reader->proxy->balance_key);
    case BALANCE_ROUND_ROBIN:
    case BALANCE_STATIC_ROUND_ROBIN:
    case BALANCE_LEAST_CONNECTIONS:
    case BALANCE_FIRST:
    case BALANCE_ALGORITHMS:
        break;
    }
    return RESULT_OK;
}

static enum result read_balance(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    static const struct {
        const char *name;
        enum balance_algorithm algorithm;
    } NAMES[] = {
        {"roundrobin", BALANCE_ROUND_ROBIN},
        {"static-rr", BALANCE_STATIC_ROUND_ROBIN},
        {"leastconn", BALANCE_LEAST_CONNECTIONS},
        {"first", BALANCE_FIRST},
        {"random", BALANCE_RANDOM},
        {"source", BALANCE_SOURCE},
        {"uri", BALANCE_URI},
        {"url_param", BALANCE_URL_PARAMETER},
        {"hdr", BALANCE_HEADER},
        {"hash", BALANCE_HASH},
    };
    (void)keyword;
    struct slice word = slice_from_string(arguments[0]);
    struct slice name = slice_first(word, slice_find_char(word, '('));
    for (size_t i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        if (slice_equal(slice_from_string(NAMES[i].name), name)) {
            reader->proxy->balance.algorithm = NAMES[i].algorithm;
            return read_algorithm(reader, arguments, count);
        }
    }
    return config_fail(
        reader,
        "'balance' only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', "
        "'url_param', 'hash', 'hdr(name)', 'random' and 'first' options (got '%s').",
        arguments[0]);
}

static enum result read_hash_type(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    static const char *const FUNCTIONS[] = {[HASH_FUNCTION_SDBM] = "sdbm",
                                            [HASH_FUNCTION_DJB2] = "djb2",
                                            [HASH_FUNCTION_WT6] = "wt6",
                                            [HASH_FUNCTION_CRC32] = "crc32",
                                            [HASH_FUNCTION_NONE] = "none"};
    struct balance_options *balance = &reader->proxy->balance;
    balance->hash_is_consistent = strcmp(arguments[0], "consistent") == 0;
    if (!balance->hash_is_consistent && strcmp(arguments[0], "map-based") != 0) {
        return config_fail(reader, "'%s' only supports 'consistent' and 'map-based', but got '%s'",
                           keyword->name, arguments[0]);
    }
    for (unsigned i = 1; i < count; i++) {
        size_t function = 0;
        size_t functions = sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]);
        while (function < functions && strcmp(FUNCTIONS[function], arguments[i]) != 0) {
            function++;
        }
        if (strcmp(arguments[i], "avalanche") == 0) {
            balance->hash_avalanche = true;
        } else if (function < functions) {
            balance->hash_function = (enum hash_function)function;
        } else {
            return config_fail(reader,
                               "unknown hash function or modifier '%s': sdbm, djb2, wt6, crc32, "
                               "none or avalanche is expected",
                               arguments[i]);
        }
    }
    return RESULT_OK;
}

/* ---- backends ---- */

static enum result add_switch_rule(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, struct list *list)
{
    struct switch_rule *rule = config_take(reader, sizeof(*rule));
    if (rule == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT);
    rule->file = reader->file;
    rule->line = reader->line;
    rule->name = config_copy(reader, arguments[0]);
    enum result result = RESULT_OK;
    if (count > 1) {
        if (strcmp(arguments[1], "if") != 0 && strcmp(arguments[1], "unless") != 0) {
            return config_fail(reader,
                               "unexpected keyword '%s' after '%s': 'if' or 'unless' is expected",
                               arguments[1], arguments[0]);
        }
        result = acl_condition_parse(&parser, arguments + 1, count - 1, &rule->condition);
    }
    if (result == RESULT_OK && strchr(arguments[0], '%') != NULL) {
        result = log_format_parse(&parser, arguments[0], &rule->dynamic);
    }
    list_append(list, &rule->link);
    return result;
}

static enum result read_use_backend(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return add_switch_rule(reader, arguments, count, &reader->proxy->use_backend);
}

static enum result read_use_server(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    return add_switch_rule(reader, arguments, count, &reader->proxy->use_server);
}

/* ---- captures ---- */

static enum result read_capture(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    uint64_t bytes = 0;
    unsigned id = 0;
    (void)count;
    if (strcmp(arguments[1], "len") != 0) {
        return config_fail(reader, "'%s' expects <name> 'len' <length>", keyword->name);
    }
    enum result result = config_read_number(reader, "len", arguments[2], 1, CAPTURE_MAX, &bytes);
    if (result != RESULT_OK) {
        return result;
    }
    return capture_declare(&reader->proxy->captures, reader->account, keyword->value != 0,
                           arguments[0], (uint16_t)bytes, &id);
}

static enum result read_capture_cookie(struct config_reader *reader, const char *const *arguments,
                                       unsigned count, const struct config_keyword *keyword)
{
    uint64_t bytes = 0;
    (void)count;
    if (strcmp(arguments[1], "len") != 0) {
        return config_fail(reader, "'%s' expects <name> 'len' <length>", keyword->name);
    }
    enum result result = config_read_number(reader, "len", arguments[2], 1, CAPTURE_MAX, &bytes);
    return result == RESULT_OK ? capture_declare_cookie(&reader->proxy->captures, reader->account,
                                                        arguments[0], (uint16_t)bytes)
                               : result;
}

static enum result read_declare_capture(struct config_reader *reader, const char *const *arguments,
                                        unsigned count, const struct config_keyword *keyword)
{
    uint64_t bytes = 0;
    unsigned id = 0;
    (void)count;
    bool is_response = strcmp(arguments[0], "response") == 0;
    if ((!is_response && strcmp(arguments[0], "request") != 0) ||
        strcmp(arguments[1], "len") != 0) {
        return config_fail(reader, "'%s' expects 'request' or 'response', then 'len' <length>",
                           keyword->name);
    }
    enum result result = config_read_number(reader, "len", arguments[2], 1, CAPTURE_MAX, &bytes);
    return result == RESULT_OK ? capture_declare(&reader->proxy->captures, reader->account,
                                                 is_response, NULL, (uint16_t)bytes, &id)
                               : result;
}

/* ---- ids, monitoring ---- */

static enum result read_id(struct config_reader *reader, const char *const *arguments,
                           unsigned count, const struct config_keyword *keyword)
{
    uint64_t id = 0;
    (void)count;
    enum result result = config_read_number(reader, keyword->name, arguments[0], 1, ID_MAX, &id);
    if (result != RESULT_OK) {
        return result;
    }
    LIST_EACH(link, &reader->configuration->proxies) {
        const struct proxy_settings *other = container_of(link, struct proxy_settings, link);
        if (other != reader->proxy && other->id == id) {
            return config_fail(reader, "custom id %llu already used by proxy '%s' at %s:%u",
                               (unsigned long long)id, other->name, other->file, other->line);
        }
    }
    reader->proxy->id = (uint32_t)id;
    return RESULT_OK;
}

static enum result read_unique_id_format(struct config_reader *reader, const char *const *arguments,
                                         unsigned count, const struct config_keyword *keyword)
{
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST);
    (void)count;
    (void)keyword;
    return log_format_parse_for(&parser, arguments[0], LOG_FORMAT_FOR_ID,
                                &reader->proxy->unique_id_format);
}

static enum result read_monitor_fail(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    struct rule_parser parser = config_rule_parser(reader, PLACE_REQUEST);
    (void)keyword;
    return acl_condition_parse(&parser, arguments, count, &reader->proxy->monitor_fail);
}

#define TIMEOUT(name, member, sections)                                                           \
    {                                                                                             \
        "timeout " name, sections, 1, 1, "<time>", read_timeout, FIELD(timeouts.member), 0, false \
    }

const struct config_keyword KEYWORDS_PROXY[] = {
    {"mode", SECTION_PROXY, 1, 1, "<tcp|http>", read_mode, 0, 0, false},
    {"disabled", SECTION_PROXY, 0, 0, "no argument", read_disabled, 0, 1, false},
    {"enabled", SECTION_PROXY, 0, 0, "no argument", read_disabled, 0, 0, false},
    {"description", SECTION_PROXY, 1, UINT_MAX, "<text>", read_string, FIELD(description), 0,
     false},
    {"id", SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN, 1, 1, "<number>", read_id, 0, 0,
     false},
    {"maxconn", SECTION_FRONT, 1, 1, "<number>", read_limit, FIELD(maxconn), LIMIT_MAX, true},
    {"backlog", SECTION_FRONT, 1, 1, "<number>", read_u32, FIELD(backlog), LIMIT_MAX, false},
    {"rate-limit sessions", SECTION_FRONT, 1, 1, "<number>", read_rate, FIELD(session_rate_max),
     LIMIT_MAX, false},
    {"fullconn", SECTION_BACK, 1, 1, "<number>", read_limit, FIELD(balance.fullconn), LIMIT_MAX,
     false},
    {"retries", SECTION_BACK, 1, 1, "<number>", read_retries, 0, 0, false},
    {"retry-on", SECTION_BACK, 1, UINT_MAX, "<conditions>", read_retry_on, 0, 0, false},
    {"http-reuse", SECTION_BACK, 1, 1, "<never|safe|aggressive|always>", read_reuse, 0, 0, false},
    {"balance", SECTION_BACK, 1, UINT_MAX, "<algorithm>", read_balance, 0, 0, false},
    {"hash-type", SECTION_BACK, 1, 3, "<method> [<function> [<modifier>]]", read_hash_type, 0, 0,
     false},
    {"hash-balance-factor", SECTION_BACK, 1, 1, "<factor>", read_limit,
     FIELD(balance.hash_balance_factor), LIMIT_MAX, false},
    {"default_backend", SECTION_FRONT, 1, 1, "<backend>", read_string, FIELD(default_backend_name),
     0, false},
    {"use_backend", SECTION_FRONTEND | SECTION_LISTEN, 1, UINT_MAX,
     "<backend> [{if | unless} <condition>]", read_use_backend, 0, 0, false},
    {"use-server", SECTION_BACKEND | SECTION_LISTEN, 2, UINT_MAX,
     "<server> {if | unless} <condition>", read_use_server, 0, 0, false},
    {"capture request header", SECTION_FRONTEND | SECTION_LISTEN, 3, 3, "<name> 'len' <length>",
     read_capture, 0, 0, false},
    {"capture response header", SECTION_FRONTEND | SECTION_LISTEN, 3, 3, "<name> 'len' <length>",
     read_capture, 0, 1, false},
    {"capture cookie", SECTION_FRONTEND | SECTION_LISTEN, 3, 3, "<name> 'len' <length>",
     read_capture_cookie, 0, 0, false},
    {"declare capture", SECTION_FRONTEND | SECTION_LISTEN, 3, 3,
     "<request|response> 'len' <length>", read_declare_capture, 0, 0, false},
    {"unique-id-format", SECTION_FRONT, 1, 1, "<format>", read_unique_id_format, 0, 0, false},
    {"unique-id-header", SECTION_FRONT, 1, 1, "<name>", read_string, FIELD(unique_id_header), 0,
     false},
    {"monitor-uri", SECTION_FRONT, 1, 1, "<uri>", read_string, FIELD(monitor_uri), 0, false},
    {"monitor fail", SECTION_FRONTEND | SECTION_LISTEN, 2, UINT_MAX, "{if | unless} <condition>",
     read_monitor_fail, 0, 0, false},
    {"log-tag", SECTION_PROXY, 1, 1, "<string>", read_string, FIELD(log_tag), 0, false},
    TIMEOUT("client", client_ms, SECTION_FRONT),
    TIMEOUT("connect", connect_ms, SECTION_BACK),
    TIMEOUT("server", server_ms, SECTION_BACK),
    TIMEOUT("http-request", http_request_ms, SECTION_PROXY),
    TIMEOUT("http-keep-alive", http_keep_alive_ms, SECTION_PROXY),
    TIMEOUT("queue", queue_ms, SECTION_BACK),
    TIMEOUT("tunnel", tunnel_ms, SECTION_BACK),
    TIMEOUT("client-fin", client_fin_ms, SECTION_FRONT),
    TIMEOUT("server-fin", server_fin_ms, SECTION_BACK),
    TIMEOUT("tarpit", tarpit_ms, SECTION_PROXY),
    TIMEOUT("check", check_ms, SECTION_BACK),
    {"tcp-request inspect-delay", SECTION_PROXY, 1, 1, "<time>", read_timeout,
     FIELD(request_inspect_ms), 0, false},
    {"tcp-response inspect-delay", SECTION_BACK, 1, 1, "<time>", read_timeout,
     FIELD(response_inspect_ms), 0, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
