/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords of proxies that set one thing: mode, limits, timeouts, retries, reuse, and which backend
 * or server serves a request. Durations are fields of struct proxy_timeouts, one row each.
 * Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "proxy/retry.h"
#include "rules/log_format.h"

enum { ID_MAX = 0x7fffffff };

#define FIELD(member) offsetof(struct proxy_settings, member)

/* ---- mode and identity ---- */

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
        return config_fail(reader, "unknown proxy mode '%s'.", arguments[0]);
    }
    return RESULT_OK;
}

static enum result read_disabled(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    reader->proxy->is_disabled = keyword->value != 0;
    return RESULT_OK;
}

/* The rest of the line is the text. */
static enum result read_description(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    reader->proxy->description = config_join(reader, arguments, count);
    return reader->proxy->description != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_id(struct config_reader *reader, const char *const *arguments,
                           unsigned count, const struct config_keyword *keyword)
{
    uint64_t id = 0;
    (void)count;
    enum result result = config_read_number(reader, keyword->name, arguments[0], 0, ID_MAX, &id);
    if (result != RESULT_OK) {
        return result;
    }
    if (id == 0) {
        return config_fail(reader, "custom id has to be > 0.");
    }
    LIST_EACH(link, &reader->configuration->proxies) {
        const struct proxy_settings *other = container_of(link, struct proxy_settings, link);
        if (other != reader->proxy && other->id == id) {
            return config_fail(reader, "%s %s reuses same custom id as %s %s (declared at %s:%u).",
                               config_role_name(reader->proxy), reader->proxy->name,
                               config_role_name(other), other->name, other->file, other->line);
        }
    }
    reader->proxy->id = (uint32_t)id;
    return RESULT_OK;
}

/* ---- retries and reuse ---- */

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

struct retry_word {
    const char *name;
    uint32_t bits;
};

static const struct retry_word RETRY_WORDS[] = {
    {"none", 0},
    {"conn-failure", RETRY_CONN_FAILURE},
    {"empty-response", RETRY_EMPTY_RESPONSE},
    {"junk-response", RETRY_JUNK_RESPONSE},
    {"response-timeout", RETRY_RESPONSE_TIMEOUT},
    {"0rtt-rejected", RETRY_0RTT_REJECTED},
};

static enum result read_retry_word(struct config_reader *reader, const char *word, uint32_t *bits)
{
    uint64_t status = 0;
    for (size_t i = 0; i < sizeof(RETRY_WORDS) / sizeof(RETRY_WORDS[0]); i++) {
        if (strcmp(RETRY_WORDS[i].name, word) == 0) {
            *bits |= RETRY_WORDS[i].bits;
            return RESULT_OK;
        }
    }
    if (strcmp(word, "all-retryable-errors") == 0) {
        *bits |= retry_of_all_errors();
        return RESULT_OK;
    }
    bool is_number = number_parse_decimal(slice_from_string(word), &status) == RESULT_OK;
    uint32_t bit = is_number && status <= UINT16_MAX ? retry_of_status((uint16_t)status) : 0;
    *bits |= bit;
    return bit != 0 ? RESULT_OK : config_fail(reader, "'retry-on': unknown keyword '%s'", word);
}

static enum result read_retry_on(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    uint32_t bits = 0;
    (void)keyword;
    for (unsigned i = 0; i < count; i++) {
        bool is_none = strcmp(arguments[i], "none") == 0;
        if (is_none && count > 1) {
            return config_fail(reader, "'%s': 'none' keyword only usable alone", keyword->name);
        }
        enum result result = read_retry_word(reader, arguments[i], &bits);
        if (result != RESULT_OK) {
            return result;
        }
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
    return config_fail(reader, "'%s' only supports 'never', 'safe', 'aggressive', 'always'.",
                       keyword->name);
}

/* ---- which backend, which server ---- */

/* Compiles the name: a constant, or a format to be evaluated for each request. */
static enum result compile_name(struct config_reader *reader, struct rule_parser *parser,
                                const char *name, struct switch_rule *rule)
{
    struct slice constant;
    struct log_format *format = NULL;
    rule->name = config_copy(reader, name);
    if (strchr(name, '%') == NULL) {
        return rule->name != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    }
    enum result result =
        config_compile_format(reader, parser, name, LOG_FORMAT_FOR_STRING, &format);
    if (result == RESULT_OK && log_format_is_constant(format, &constant)) {
        rule->name = config_copy_slice(reader, constant);
    } else {
        rule->dynamic = format;
    }
    return result;
}

static enum result read_switch(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    struct switch_rule *rule = config_take(reader, sizeof(*rule));
    if (rule == NULL) {
        return RESULT_NO_MEMORY;
    }
    config_check_order(reader, (enum config_order)keyword->value, keyword->name);
    struct rule_parser parser =
        config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT);
    rule->file = reader->file;
    rule->line = reader->line;
    bool has_condition =
        count > 1 && (strcmp(arguments[1], "if") == 0 || strcmp(arguments[1], "unless") == 0);
    if (count > 1 && !has_condition) {
        return config_fail(reader,
                           "unexpected keyword '%s' after switching rule, only 'if' and 'unless' "
                           "are allowed.",
                           arguments[1]);
    }
    enum result result = compile_name(reader, &parser, arguments[0], rule);
    if (result == RESULT_OK && has_condition) {
        result =
            config_compile_condition(reader, &parser, arguments + 1, count - 1, &rule->condition);
    }
    if (result != RESULT_OK) {
        return config_fail(reader, "error detected while parsing switching rule : %s.",
                           config_reason(reader));
    }
    list_append((struct list *)(void *)((char *)reader->proxy + keyword->offset), &rule->link);
    return RESULT_OK;
}

static enum result read_use_server(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    bool has_condition =
        count > 1 && (strcmp(arguments[1], "if") == 0 || strcmp(arguments[1], "unless") == 0);
    return has_condition ? read_switch(reader, arguments, count, keyword)
                         : config_fail(reader,
                                       "'%s' requires either 'if' or 'unless' followed by "
                                       "a condition.",
                                       keyword->name);
}

#define NUMBER(name, sections, member)                                                             \
    {                                                                                              \
        name, sections, 1, 1, "expects an integer argument", config_read_u32_field, FIELD(member), \
            INT32_MAX, 0                                                                           \
    }
#define TIMEOUT(name, member, sections)                                                \
    {                                                                                  \
        "timeout " name, sections, 1, 1, "expects an integer value (in milliseconds)", \
            config_read_time_field, FIELD(timeouts.member), 1, 0                       \
    }
#define REAL_SECTIONS (SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN)

const struct config_keyword KEYWORDS_PROXY[] = {
    {"mode", SECTION_PROXY, 1, 1, "expects 'http' or 'tcp'", read_mode, 0, 0, 0},
    {"disabled", SECTION_PROXY, 0, 0, "", read_disabled, 0, 1, 0},
    {"enabled", SECTION_PROXY, 0, 0, "", read_disabled, 0, 0, 0},
    {"description", REAL_SECTIONS, 1, UINT_MAX, "expects a string argument", read_description, 0, 0,
     0},
    {"id", REAL_SECTIONS, 1, 1, "expects an integer argument", read_id, 0, 0, 0},
    {"guid", REAL_SECTIONS, 1, 1, "expects a unique id", config_pass_over, 0, 0,
     KEYWORD_WITHOUT_MEANING},
    NUMBER("maxconn", SECTION_FRONT, maxconn),
    NUMBER("backlog", SECTION_FRONT, backlog),
    {"rate-limit sessions", SECTION_FRONT, 1, 1, "expects an integer value (in sessions/second)",
     config_read_u32_field, FIELD(session_rate_max), INT32_MAX, 0},
    {"retries", SECTION_BACK, 1, 1, "expects an integer argument (dispatch counts for one)",
     read_retries, 0, 0, 0},
    {"retry-on", SECTION_BACK, 1, UINT_MAX,
     "expects at least one of 'none', 'conn-failure', 'empty-response', 'junk-response', "
     "'response-timeout', '0rtt-rejected', 'all-retryable-errors'",
     read_retry_on, 0, 0, 0},
    {"http-reuse", SECTION_BACK, 1, 1, "only supports 'never', 'safe', 'aggressive', 'always'",
     read_reuse, 0, 0, 0},
    {"default_backend", SECTION_FRONT, 1, 1, "expects a backend name", config_read_text_field,
     FIELD(default_backend_name), 0, 0},
    {"use_backend", SECTION_FRONTEND | SECTION_LISTEN, 1, UINT_MAX, "expects a backend name",
     read_switch, FIELD(use_backend), CONFIG_ORDER_USE_BACKEND, 0},
    {"use-server", SECTION_BACKEND | SECTION_LISTEN, 1, UINT_MAX, "expects a server name",
     read_use_server, FIELD(use_server), CONFIG_ORDER_USE_SERVER, 0},
    TIMEOUT("client", client_ms, SECTION_FRONT),
    TIMEOUT("connect", connect_ms, SECTION_BACK),
    TIMEOUT("server", server_ms, SECTION_BACK),
    TIMEOUT("check", check_ms, SECTION_BACK),
    TIMEOUT("queue", queue_ms, SECTION_BACK),
    TIMEOUT("http-keep-alive", http_keep_alive_ms, SECTION_PROXY),
    TIMEOUT("http-request", http_request_ms, SECTION_PROXY),
    TIMEOUT("tunnel", tunnel_ms, SECTION_BACK),
    TIMEOUT("tarpit", tarpit_ms, SECTION_PROXY),
    TIMEOUT("client-fin", client_fin_ms, SECTION_FRONT),
    TIMEOUT("server-fin", server_fin_ms, SECTION_BACK),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
