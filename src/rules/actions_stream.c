/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions that set something of the stream for proxy to apply (struct stream_settings): log level,
 * nice, TOS and mark of both sides, timeouts, retries, priority in queues. Most take a number or an
 * expression; an expression without a usable value changes nothing.
 *
 * Memory: arguments in the configuration; evaluation uses scratch.
 */
#include "rules/actions.h"

#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "rules/arguments.h"
#include "rules/parser.h"
#include "rules/sample.h"

enum {
    NICE_MAX = 1024,
    RETRIES_MAX = 100,
    PRIORITY_CLASS_MAX = 2047,
    PRIORITY_OFFSET_MAX = 524287,
    LOG_LEVEL_SILENT = 255,
};

/* What an action sets. */
enum stream_setting {
    SET_NICE,
    SET_CLIENT_TOS,
    SET_SERVER_TOS,
    SET_CLIENT_MARK,
    SET_SERVER_MARK,
    SET_RETRIES,
    SET_PRIORITY_CLASS,
    SET_PRIORITY_OFFSET,
    SET_CLIENT_TIMEOUT,
    SET_SERVER_TIMEOUT,
    SET_TUNNEL_TIMEOUT,
    SET_CONNECT_TIMEOUT,
    SET_QUEUE_TIMEOUT,
    SET_TARPIT_TIMEOUT,
};

struct setting_arguments {
    enum stream_setting setting;
    int64_t number;
    struct sample_expression *expression; /* NULL: the number */
};

static void destroy_setting(struct account *account, void *data)
{
    struct setting_arguments *arguments = data;
    sample_expression_destroy(account, arguments->expression);
}

static struct setting_arguments *take_setting(struct rule_parser *parser, struct rule *rule,
                                              enum stream_setting setting)
{
    struct setting_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments != NULL) {
        arguments->setting = setting;
    }
    return arguments;
}

/* ---- parsing ---- */

static enum result parse_expression(struct rule_parser *parser, struct rule *rule,
                                    enum rule_phase phase, const char *const *words,
                                    unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct setting_arguments *arguments = take_setting(parser, rule, rule->ops->variant);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    return sample_parse(parser, words, words_count, words_used, &arguments->expression);
}

static uint64_t number_limit(enum stream_setting setting)
{
    if (setting == SET_CLIENT_TOS || setting == SET_SERVER_TOS) {
        return UINT8_MAX;
    }
    return setting == SET_RETRIES ? RETRIES_MAX : UINT32_MAX;
}

/* A number, decimal or 0x…, or an expression. */
static enum result parse_number(struct rule_parser *parser, struct rule *rule,
                                enum rule_phase phase, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    if (arguments_count(words, words_count) == 0 || words[0][0] == '\0') {
        return parser_fail(parser, "expects exactly 1 argument (integer/hex value or expression)");
    }
    if (words[0][0] < '0' || words[0][0] > '9') {
        return parse_expression(parser, rule, phase, words, words_count, words_used);
    }
    struct setting_arguments *arguments = take_setting(parser, rule, rule->ops->variant);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    uint64_t limit = number_limit(arguments->setting);
    uint64_t number = 0;
    enum result result = parse_integer(words[0], limit, &number);
    if (result == RESULT_FULL) {
        return parser_fail(parser, "'%s' is out of range (0..%llu)", words[0],
                           (unsigned long long)limit);
    }
    if (result != RESULT_OK) {
        return parser_fail(
            parser, "invalid character starting at '%s' (integer/hex value expected)", words[0]);
    }
    arguments->number = (int64_t)number;
    *words_used = 1;
    return RESULT_OK;
}

static enum result parse_nice(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                              const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    int64_t nice = 0;
    if (arguments_count(words, words_count) == 0 ||
        number_parse_signed(slice_from_string(words[0]), &nice) != RESULT_OK) {
        return parser_fail(parser, "expects exactly 1 argument (integer value)");
    }
    struct setting_arguments *arguments = take_setting(parser, rule, SET_NICE);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->number = nice;
    *words_used = 1;
    return RESULT_OK;
}

/* ---- set-timeout ---- */

struct timeout_name {
    const char *name;
    enum stream_setting setting;
};

static const struct timeout_name timeout_names[] = {
    {"client", SET_CLIENT_TIMEOUT}, {"connect", SET_CONNECT_TIMEOUT},
    {"queue", SET_QUEUE_TIMEOUT},   {"server", SET_SERVER_TIMEOUT},
    {"tarpit", SET_TARPIT_TIMEOUT}, {"tunnel", SET_TUNNEL_TIMEOUT},
    {NULL, SET_CLIENT_TIMEOUT},
};

static enum result parse_timeout_value(struct rule_parser *parser,
                                       struct setting_arguments *arguments,
                                       const char *const *words, unsigned words_count,
                                       unsigned *words_used)
{
    if (words[0][0] < '0' || words[0][0] > '9') {
        return sample_parse(parser, words, words_count, words_used, &arguments->expression);
    }
    uint32_t ms = 0;
    const char *rest = words[0];
    enum result result = parse_duration_ms(words[0], &ms, &rest);
    if (result == RESULT_FULL) {
        return parser_fail(parser, "timer overflow in argument '%s' to rule 'set-timeout'",
                           words[0]);
    }
    if (result != RESULT_OK) {
        return parser_fail(parser, "unexpected character '%.1s' in '%s'", rest, words[0]);
    }
    if (ms == 0) {
        return parser_fail(parser, "null value is not valid for a 'set-timeout' rule");
    }
    arguments->number = ms;
    *words_used = 1;
    return RESULT_OK;
}

static enum result parse_timeout(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (arguments_count(words, words_count) < 2) {
        return parser_fail(parser, "expects exactly 2 arguments");
    }
    const struct timeout_name *row = timeout_names;
    while (row->name != NULL && strcmp(row->name, words[0]) != 0) {
        row++;
    }
    if (row->name == NULL) {
        return parser_fail(parser,
                           "expects 'client', 'connect', 'queue', 'server', 'tarpit' or 'tunnel' "
                           "as first argument (was '%s')",
                           words[0]);
    }
    struct setting_arguments *arguments = take_setting(parser, rule, row->setting);
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result =
        parse_timeout_value(parser, arguments, words + 1, words_count - 1, words_used);
    *words_used += 1;
    return result;
}

/* ---- running ---- */

static int32_t clamp(int64_t value, int32_t least, int32_t most)
{
    if (value < least) {
        return least;
    }
    return value > most ? most : (int32_t)value;
}

/* A timeout that is not positive is no timeout: it is left as it was. */
static void set_timeout(uint32_t *timeout_ms, int64_t value)
{
    if (value > 0) {
        *timeout_ms = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
    }
}

static void set_retries(struct stream_settings *settings, int64_t value)
{
    if (value >= 0 && value <= RETRIES_MAX) {
        settings->retries = (int32_t)value;
    }
}

static void set_marks(struct stream_settings *settings, enum stream_setting setting, int64_t value)
{
    if (setting == SET_CLIENT_TOS) {
        settings->has_tos = true;
        settings->tos = (uint8_t)value;
    } else if (setting == SET_SERVER_TOS) {
        settings->has_server_tos = true;
        settings->server_tos = (uint8_t)value;
    } else if (setting == SET_CLIENT_MARK) {
        settings->has_mark = true;
        settings->mark = (uint32_t)value;
    } else {
        settings->has_server_mark = true;
        settings->server_mark = (uint32_t)value;
    }
}

static void apply(struct stream_settings *settings, enum stream_setting setting, int64_t value)
{
    switch (setting) {
    case SET_NICE:
        settings->nice = clamp(value, -NICE_MAX, NICE_MAX);
        break;
    case SET_CLIENT_TOS:
    case SET_SERVER_TOS:
    case SET_CLIENT_MARK:
    case SET_SERVER_MARK:
        set_marks(settings, setting, value);
        break;
    case SET_RETRIES:
        set_retries(settings, value);
        break;
    case SET_PRIORITY_CLASS:
        settings->priority_class = clamp(value, -PRIORITY_CLASS_MAX, PRIORITY_CLASS_MAX);
        break;
    case SET_PRIORITY_OFFSET:
        settings->priority_offset = clamp(value, -PRIORITY_OFFSET_MAX, PRIORITY_OFFSET_MAX);
        break;
    case SET_CLIENT_TIMEOUT:
        set_timeout(&settings->client_timeout_ms, value);
        break;
    case SET_SERVER_TIMEOUT:
        set_timeout(&settings->server_timeout_ms, value);
        break;
    case SET_TUNNEL_TIMEOUT:
        set_timeout(&settings->tunnel_timeout_ms, value);
        break;
    case SET_CONNECT_TIMEOUT:
        set_timeout(&settings->connect_timeout_ms, value);
        break;
    case SET_QUEUE_TIMEOUT:
        set_timeout(&settings->queue_timeout_ms, value);
        break;
    case SET_TARPIT_TIMEOUT:
        set_timeout(&settings->tarpit_timeout_ms, value);
        break;
    }
}

static void run_setting(const struct rule *rule, struct rule_context *context,
                        struct verdict *verdict)
{
    (void)verdict;
    const struct setting_arguments *arguments = rule->arguments;
    int64_t value = arguments->number;
    if (context->settings == NULL) {
        return;
    }
    if (arguments->expression != NULL) {
        struct sample sample;
        if (sample_evaluate_as(arguments->expression, context, SAMPLE_INTEGER, &sample) !=
            RESULT_OK) {
            return;
        }
        value = sample.integer;
    }
    apply(context->settings, arguments->setting, value);
}

/* ---- set-log-level ---- */

struct level_arguments {
    uint8_t level; /* as stream_settings.log_level */
};

static enum result parse_log_level(struct rule_parser *parser, struct rule *rule,
                                   enum rule_phase phase, const char *const *words,
                                   unsigned words_count, unsigned *words_used)
{
    (void)phase;
    static const char *const names[] = {"emerg",   "alert",  "crit", "err",
                                        "warning", "notice", "info", "debug"};
    enum { LEVELS = sizeof(names) / sizeof(names[0]) };
    if (!arguments_are(words, words_count, 1)) {
        return parser_fail(parser, "expects exactly 1 argument (log level name or 'silent')");
    }
    unsigned level = 0;
    while (level < LEVELS && strcmp(names[level], words[0]) != 0) {
        level++;
    }
    bool is_silent = strcmp(words[0], "silent") == 0;
    if (level == LEVELS && !is_silent) {
        return parser_fail(parser, "expects exactly 1 argument (log level name or 'silent')");
    }
    struct level_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->level = is_silent ? LOG_LEVEL_SILENT : (uint8_t)(level + 1);
    *words_used = 1;
    return RESULT_OK;
}

static void run_log_level(const struct rule *rule, struct rule_context *context,
                          struct verdict *verdict)
{
    (void)verdict;
    const struct level_arguments *arguments = rule->arguments;
    if (context->settings != NULL) {
        context->settings->log_level = arguments->level;
    }
}

enum {
    PHASES_CLIENT_SIDE = PHASES_TCP | PHASES_HTTP_BOTH,
    PHASES_SERVER_SIDE = PHASES_REQUEST_CONTENT | PHASES_HTTP_REQUEST,
    PHASES_STREAM = PHASES_CONTENT | PHASES_HTTP_BOTH,
};

const struct action_ops ACTIONS_STREAM[] = {
    {"set-bc-mark", PHASES_SERVER_SIDE, "set-bc-mark { <mark> | <expr> }", parse_number,
     run_setting, destroy_setting, SET_SERVER_MARK},
    {"set-bc-tos", PHASES_SERVER_SIDE, "set-bc-tos { <tos> | <expr> }", parse_number, run_setting,
     destroy_setting, SET_SERVER_TOS},
    {"set-fc-mark", PHASES_CLIENT_SIDE, "set-fc-mark { <mark> | <expr> }", parse_number,
     run_setting, destroy_setting, SET_CLIENT_MARK},
    {"set-fc-tos", PHASES_CLIENT_SIDE, "set-fc-tos { <tos> | <expr> }", parse_number, run_setting,
     destroy_setting, SET_CLIENT_TOS},
    {"set-log-level", PHASES_STREAM | PHASES_AFTER_RESPONSE, "set-log-level <level>",
     parse_log_level, run_log_level, NULL, 0},
    {"set-mark", PHASES_CLIENT_SIDE, "set-mark { <mark> | <expr> }", parse_number, run_setting,
     destroy_setting, SET_CLIENT_MARK},
    {"set-nice", PHASES_STREAM, "set-nice <nice>", parse_nice, run_setting, destroy_setting,
     SET_NICE},
    {"set-priority-class", PHASES_SERVER_SIDE, "set-priority-class <expr>", parse_expression,
     run_setting, destroy_setting, SET_PRIORITY_CLASS},
    {"set-priority-offset", PHASES_SERVER_SIDE, "set-priority-offset <expr>", parse_expression,
     run_setting, destroy_setting, SET_PRIORITY_OFFSET},
    {"set-retries", PHASES_SERVER_SIDE, "set-retries { <int> | <expr> }", parse_number, run_setting,
     destroy_setting, SET_RETRIES},
    {"set-timeout", PHASES_HTTP_BOTH, "set-timeout <timeout> { <time> | <expr> }", parse_timeout,
     run_setting, destroy_setting, 0},
    {"set-tos", PHASES_CLIENT_SIDE, "set-tos { <tos> | <expr> }", parse_number, run_setting,
     destroy_setting, SET_CLIENT_TOS},
    {0},
};
