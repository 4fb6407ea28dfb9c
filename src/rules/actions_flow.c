/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions that steer the evaluation: those that end it with a verdict (allow, deny, return,
 * reject…), those that make it wait (wait-for-body, wait-for-handshake), and switches of how it
 * goes on (strict-mode, disable-l7-retry).
 *
 * wait-for-body: done when the body is complete, as long as asked for, or the buffer is full; else
 * VERDICT_WAIT until its time is over, then VERDICT_TIMEOUT. Memory: arguments in the
 * configuration.
 */
#include "rules/actions.h"

#include <string.h>

#include "base/number.h"
#include "memory/memory.h"
#include "rules/arguments.h"
#include "rules/parser.h"
#include "rules/reply.h"
#include "rules/rewrite.h"

enum {
    STATUS_OK = 200,
    STATUS_FORBIDDEN = 403,
    STATUS_REQUEST_TIMEOUT = 408,
    STATUS_INTERNAL_ERROR = 500,
    STATUS_BAD_GATEWAY = 502,
    STATUS_GATEWAY_TIMEOUT = 504,
    RST_TTL_MAX = 255,
};

/* Actions without arguments. */
static enum result parse_nothing(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    (void)parser;
    (void)rule;
    (void)phase;
    (void)words;
    (void)words_count;
    *words_used = 0;
    return RESULT_OK;
}

static void run_accept(const struct rule *rule, struct rule_context *context,
                       struct verdict *verdict)
{
    (void)rule;
    (void)context;
    verdict->kind = VERDICT_ACCEPT;
}

static void run_reject(const struct rule *rule, struct rule_context *context,
                       struct verdict *verdict)
{
    (void)rule;
    (void)context;
    verdict->kind = VERDICT_REJECT;
}

/* ---- silent-drop ---- */

struct drop_arguments {
    uint8_t rst_ttl;
};

static enum result parse_drop(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                              const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct drop_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (!argument_is(words, words_count, 0, "rst-ttl")) {
        *words_used = 0;
        return RESULT_OK;
    }
    uint64_t ttl = 0;
    if (words_count < 2 || parse_integer(words[1], RST_TTL_MAX, &ttl) != RESULT_OK || ttl == 0) {
        return parser_fail(parser, "rst-ttl requires a number between 1 and %d", RST_TTL_MAX);
    }
    arguments->rst_ttl = (uint8_t)ttl;
    *words_used = 2;
    return RESULT_OK;
}

static void run_drop(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    (void)context;
    const struct drop_arguments *arguments = rule->arguments;
    verdict->kind = VERDICT_DROP;
    verdict->rst_ttl = arguments->rst_ttl;
}

/* ---- deny, tarpit, return ---- */

struct reply_arguments {
    enum verdict_kind kind;
    uint16_t status;
    struct reply *reply; /* NULL: the error page of `status` */
};

/* "deny", "deny deny_status <code>": the proxy's error page; false when there is more. */
static bool parse_plain_deny(const char *const *words, unsigned words_count, uint16_t *status,
                             unsigned *words_used)
{
    unsigned count = arguments_count(words, words_count);
    uint64_t code = 0;
    if (count == 0) {
        *words_used = 0;
        return true;
    }
    if (count != 2 || strcmp(words[0], "deny_status") != 0 ||
        parse_integer(words[1], UINT16_MAX, &code) != RESULT_OK ||
        !error_status_is_known((uint16_t)code)) {
        return false;
    }
    *status = (uint16_t)code;
    *words_used = 2;
    return true;
}

/* Refuses "deny_status" of a status without a page where nothing else says what to answer. */
static enum result check_deny_status(struct rule_parser *parser, const struct reply *reply,
                                     const char *const *words, unsigned words_used)
{
    if (words_used == 2 && strcmp(words[0], "deny_status") == 0 &&
        !error_status_is_known(reply_status(reply))) {
        return parser_fail(parser,
                           "status code '%d' not handled by default with 'default-errorfiles' "
                           "argument.",
                           reply_status(reply));
    }
    return RESULT_OK;
}

static enum result parse_answer(struct rule_parser *parser, struct rule *rule,
                                struct reply_arguments preset, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    struct reply_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    *arguments = preset;
    bool is_deny = preset.kind != VERDICT_REPLY;
    if (is_deny && parse_plain_deny(words, words_count, &arguments->status, words_used)) {
        return RESULT_OK;
    }
    enum result result =
        reply_parse(parser, preset.status, words, words_count, words_used, &arguments->reply);
    if (result == RESULT_OK && is_deny && *words_used == 0) {
        /* Not a word of ours: the caller says that a condition is expected. */
        reply_destroy(parser->account, arguments->reply);
        arguments->reply = NULL;
    } else if (result == RESULT_OK && is_deny) {
        result = check_deny_status(parser, arguments->reply, words, *words_used);
    }
    return result;
}

static enum result parse_deny(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                              const char *const *words, unsigned words_count, unsigned *words_used)
{
    struct reply_arguments preset = {
        .kind = VERDICT_DENY,
        .status = phase_is_response(phase) ? STATUS_BAD_GATEWAY : STATUS_FORBIDDEN,
    };
    return parse_answer(parser, rule, preset, words, words_count, words_used);
}

static enum result parse_tarpit(struct rule_parser *parser, struct rule *rule,
                                enum rule_phase phase, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct reply_arguments preset = {.kind = VERDICT_TARPIT, .status = STATUS_INTERNAL_ERROR};
    return parse_answer(parser, rule, preset, words, words_count, words_used);
}

static enum result parse_return(struct rule_parser *parser, struct rule *rule,
                                enum rule_phase phase, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct reply_arguments preset = {.kind = VERDICT_REPLY, .status = STATUS_OK};
    return parse_answer(parser, rule, preset, words, words_count, words_used);
}

static void run_answer(const struct rule *rule, struct rule_context *context,
                       struct verdict *verdict)
{
    (void)context;
    const struct reply_arguments *arguments = rule->arguments;
    verdict->kind = arguments->kind;
    verdict->reply = arguments->reply;
    verdict->status = arguments->reply == NULL ? arguments->status : reply_status(arguments->reply);
}

static void destroy_answer(struct account *account, void *data)
{
    struct reply_arguments *arguments = data;
    reply_destroy(account, arguments->reply);
}

/* ---- use-service, switch-mode ---- */

struct service_arguments {
    const char *name; /* the registry's own text */
};

static enum result parse_service(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (arguments_count(words, words_count) == 0 || words[0][0] == '\0') {
        return parser_fail(parser, "'use-service' expects a service name.");
    }
    const char *const *name = parser->registry->services;
    while (name != NULL && *name != NULL && strcmp(*name, words[0]) != 0) {
        name++;
    }
    if (name == NULL || *name == NULL) {
        return parser_fail(parser, "'%s' unknown service name.", words[0]);
    }
    struct service_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->name = *name;
    *words_used = 1;
    return RESULT_OK;
}

static void run_service(const struct rule *rule, struct rule_context *context,
                        struct verdict *verdict)
{
    (void)context;
    const struct service_arguments *arguments = rule->arguments;
    verdict->kind = VERDICT_SERVICE;
    verdict->service = arguments->name;
}

static enum result parse_switch_mode(struct rule_parser *parser, struct rule *rule,
                                     enum rule_phase phase, const char *const *words,
                                     unsigned words_count, unsigned *words_used)
{
    (void)rule;
    (void)phase;
    if (arguments_count(words, words_count) == 0) {
        return parser_fail(parser, "'switch-mode' expects a mode as argument.");
    }
    if (strcmp(words[0], "http") != 0) {
        return parser_fail(parser, "'switch-mode' expects a valid mode (got '%s').", words[0]);
    }
    if (!argument_is(words, words_count, 1, "proto")) {
        *words_used = 1;
        return RESULT_OK;
    }
    if (words_count < 3) {
        return parser_fail(parser, "'proto' : missing mux protocol name.");
    }
    if (strcmp(words[2], "h1") != 0) {
        return parser_fail(parser, "'proto' : '%s' is not supported by weir here (h1 is).",
                           words[2]);
    }
    *words_used = 3;
    return RESULT_OK;
}

static void run_switch_mode(const struct rule *rule, struct rule_context *context,
                            struct verdict *verdict)
{
    (void)rule;
    (void)context;
    verdict->kind = VERDICT_SWITCH_HTTP;
}

/* ---- wait-for-body, wait-for-handshake ---- */

struct wait_arguments {
    uint32_t time_ms;
    uint64_t bytes; /* 0: as many as the buffer holds */
};

static enum result parse_wait_time(struct rule_parser *parser, const char *word, uint32_t *ms)
{
    const char *rest = word;
    enum result result = parse_duration_ms(word, ms, &rest);
    if (result == RESULT_FULL) {
        return parser_fail(parser,
                           "timer overflow in argument '%s' (maximum value is 4294967295 ms "
                           "or ~49.7 days)",
                           word);
    }
    return result == RESULT_OK
               ? result
               : parser_fail(parser, "unexpected character '%.1s' in '%s'", rest, word);
}

static enum result parse_wait_word(struct rule_parser *parser, struct wait_arguments *arguments,
                                   const char *const *words, unsigned count)
{
    if (count < 2) {
        return parser_fail(parser, "missing argument for '%s'", words[0]);
    }
    if (strcmp(words[0], "time") == 0) {
        return parse_wait_time(parser, words[1], &arguments->time_ms);
    }
    if (strcmp(words[0], "at-least") != 0) {
        return parser_fail(
            parser, "expects 'time <time>' and 'at-least <size>'. '%s' is unexpected", words[0]);
    }
    const char *rest = words[1];
    if (parse_size(words[1], &arguments->bytes, &rest) != RESULT_OK) {
        return parser_fail(parser, "unexpected character '%.1s' in '%s'", rest, words[1]);
    }
    return RESULT_OK;
}

static enum result parse_wait_for_body(struct rule_parser *parser, struct rule *rule,
                                       enum rule_phase phase, const char *const *words,
                                       unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct wait_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    unsigned count = arguments_count(words, words_count);
    for (unsigned i = 0; i < count; i += 2) {
        enum result result = parse_wait_word(parser, arguments, words + i, count - i);
        if (result != RESULT_OK) {
            return result;
        }
    }
    if (arguments->time_ms == 0) {
        return parser_fail(parser, "expects time <time> [ at-least <bytes> ]");
    }
    *words_used = count;
    return RESULT_OK;
}

/* What there is of the body that the phase looks at. */
struct body_progress {
    bool is_enough;
    uint64_t bytes;
};

static struct body_progress read_progress(const struct rule_context *context, uint64_t wanted)
{
    bool is_response = phase_is_response(context->phase);
    const struct http_message *message = rewrite_message(context);
    const struct chunk_queue *queue = is_response ? context->response_body : context->request_body;
    bool is_complete = is_response ? context->response_complete : context->request_complete;
    bool is_full = is_response ? context->response_full : context->request_full;
    bool has_body =
        message != NULL && message->body != HTTP_BODY_NONE && message->body != HTTP_BODY_TUNNEL;
    struct body_progress progress = {.bytes = queue == NULL ? 0 : queue->bytes};
    progress.is_enough =
        !has_body || is_complete || is_full || (wanted > 0 && progress.bytes >= wanted);
    return progress;
}

static void run_wait_for_body(const struct rule *rule, struct rule_context *context,
                              struct verdict *verdict)
{
    const struct wait_arguments *arguments = rule->arguments;
    if (read_progress(context, arguments->bytes).is_enough) {
        return;
    }
    uint64_t since =
        context->rule_wait_since_ms == 0 ? context->now_ms : context->rule_wait_since_ms;
    uint64_t waited = context->now_ms - since;
    if (waited >= arguments->time_ms) {
        verdict->kind = VERDICT_TIMEOUT;
        verdict->status =
            phase_is_response(context->phase) ? STATUS_GATEWAY_TIMEOUT : STATUS_REQUEST_TIMEOUT;
        return;
    }
    verdict->kind = VERDICT_WAIT;
    verdict->waits_for_body = true;
    verdict->wait_ms = arguments->time_ms - waited;
    verdict->wait_bytes = arguments->bytes;
}

/* weir hands a request to the rules only after its handshake: there is nothing to wait for. */
static void run_wait_for_handshake(const struct rule *rule, struct rule_context *context,
                                   struct verdict *verdict)
{
    (void)rule;
    (void)context;
    (void)verdict;
}

/* ---- strict-mode, disable-l7-retry ---- */

struct strict_arguments {
    bool is_on;
};

static enum result parse_strict_mode(struct rule_parser *parser, struct rule *rule,
                                     enum rule_phase phase, const char *const *words,
                                     unsigned words_count, unsigned *words_used)
{
    (void)phase;
    if (!arguments_are(words, words_count, 1)) {
        return parser_fail(parser, "expects exactly 1 arguments");
    }
    bool is_on = strcmp(words[0], "on") == 0;
    if (!is_on && strcmp(words[0], "off") != 0) {
        return parser_fail(parser, "Unexpected value '%s'. Only 'on' and 'off' are supported",
                           words[0]);
    }
    struct strict_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->is_on = is_on;
    *words_used = 1;
    return RESULT_OK;
}

static void run_strict_mode(const struct rule *rule, struct rule_context *context,
                            struct verdict *verdict)
{
    (void)verdict;
    const struct strict_arguments *arguments = rule->arguments;
    context->rewrites_are_optional = !arguments->is_on;
}

static void run_disable_retry(const struct rule *rule, struct rule_context *context,
                              struct verdict *verdict)
{
    (void)rule;
    (void)verdict;
    if (context->settings != NULL) {
        context->settings->disable_l7_retry = true;
    }
}

const struct action_ops ACTIONS_FLOW[] = {
    {"accept", PHASES_TCP, "accept", parse_nothing, run_accept, NULL, 0},
    {"allow", PHASES_HTTP, "allow", parse_nothing, run_accept, NULL, 0},
    {"deny", PHASES_HTTP_BOTH, "deny [deny_status <code>] [<reply>]", parse_deny, run_answer,
     destroy_answer, 0},
    {"disable-l7-retry", PHASES_HTTP_REQUEST, "disable-l7-retry", parse_nothing, run_disable_retry,
     NULL, 0},
    {"reject", PHASES_TCP | PHASES_HTTP_REQUEST, "reject", parse_nothing, run_reject, NULL, 0},
    {"return", PHASES_HTTP_BOTH, "return [status <code>] [<reply>]", parse_return, run_answer,
     destroy_answer, 0},
    {"silent-drop", PHASES_TCP | PHASES_HTTP_BOTH, "silent-drop [rst-ttl <ttl>]", parse_drop,
     run_drop, NULL, 0},
    {"strict-mode", PHASES_HTTP, "strict-mode { on | off }", parse_strict_mode, run_strict_mode,
     NULL, 0},
    {"switch-mode", PHASES_REQUEST_CONTENT, "switch-mode http [proto <name>]", parse_switch_mode,
     run_switch_mode, NULL, 0},
    {"tarpit", PHASES_HTTP_REQUEST, "tarpit [deny_status <code>] [<reply>]", parse_tarpit,
     run_answer, destroy_answer, 0},
    {"use-service", PHASES_REQUEST_CONTENT | PHASES_HTTP_REQUEST, "use-service <name>",
     parse_service, run_service, NULL, 0},
    {"wait-for-body", PHASES_HTTP_BOTH, "wait-for-body time <time> [at-least <bytes>]",
     parse_wait_for_body, run_wait_for_body, NULL, 0},
    {"wait-for-handshake", PHASES_HTTP_REQUEST, "wait-for-handshake", parse_nothing,
     run_wait_for_handshake, NULL, 0},
    {0},
};
