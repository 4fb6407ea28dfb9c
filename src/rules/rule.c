/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of rules: parsing one line into a rule, and running a list until a rule gives a verdict.
 * The hard idea is the resume: a rule whose condition or action needs more input is remembered in
 * the caller's rule_position, and the next run goes on there.
 *
 *   condition blocked  -> VERDICT_WAIT, evaluated again
 *   action waits       -> VERDICT_WAIT, the action is run again without its condition
 *   end of the list    -> VERDICT_CONTINUE, position as new (strict-mode is on again)
 *
 * Memory: rules belong to the configuration; a run uses the context's scratch arena, cleared after
 * each rule.
 */
#include "rules/rule.h"

#include <string.h>

#include "base/text.h"
#include "memory/arena.h"
#include "memory/memory.h"
#include "rules/acl.h"
#include "rules/arguments.h"
#include "rules/parser.h"
#include "rules/suggestion.h"

/* Room for what an action or a condition says before it is put into a sentence. */
enum { RULE_ERROR_BYTES = 1024 };

/* Room that a list of expected words must leave for the word that was found. */
enum { RULE_ERROR_TAIL_BYTES = 160 };

struct phase_name {
    const char *keyword;
    unsigned place;
};

static const struct phase_name phase_names[RULE_PHASES] = {
    [RULE_TCP_CONNECTION] = {"tcp-request connection", SAMPLE_IN_CONNECTION},
    [RULE_TCP_SESSION] = {"tcp-request session", SAMPLE_IN_SESSION},
    [RULE_TCP_REQUEST_CONTENT] = {"tcp-request content", SAMPLE_IN_REQUEST_CONTENT},
    [RULE_HTTP_REQUEST] = {"http-request", SAMPLE_IN_HTTP_REQUEST},
    [RULE_TCP_RESPONSE_CONTENT] = {"tcp-response content", SAMPLE_IN_RESPONSE_CONTENT},
    [RULE_HTTP_RESPONSE] = {"http-response", SAMPLE_IN_HTTP_RESPONSE},
    [RULE_HTTP_AFTER_RESPONSE] = {"http-after-response", SAMPLE_IN_HTTP_RESPONSE},
    [RULE_LOG] = {"log", SAMPLE_IN_LOG},
};

/* The keyword that a phase's rules are written with, for messages. */
static const char *phase_keyword(enum rule_phase phase)
{
    return phase_names[phase].keyword;
}

unsigned rule_phase_place(enum rule_phase phase)
{
    return phase_names[phase].place;
}

/* ---- finding the action ---- */

/* A place in the registry's tables of actions. */
struct action_cursor {
    const struct action_ops *const *table;
    const struct action_ops *row;
};

/* The next action of the registry that `phase` allows, or NULL. Zero the cursor first. */
static const struct action_ops *next_action(const struct rule_registry *registry,
                                            enum rule_phase phase, struct action_cursor *cursor)
{
    if (cursor->table == NULL) {
        cursor->table = registry->actions;
        cursor->row = *cursor->table;
    }
    while (*cursor->table != NULL) {
        const struct action_ops *row = cursor->row;
        if (row->name == NULL) {
            cursor->table++;
            cursor->row = *cursor->table;
            continue;
        }
        cursor->row++;
        if ((row->phases & (1U << phase)) != 0) {
            return row;
        }
    }
    return NULL;
}

/* Whether `word` names the action: all of it, or up to '(' for those with an argument there. */
static bool is_action(const struct action_ops *ops, const char *word)
{
    size_t length = strlen(ops->name);
    if (ops->name[length - 1] == '(') {
        return strncmp(word, ops->name, length) == 0 ||
               (strncmp(word, ops->name, length - 1) == 0 && word[length - 1] == '\0');
    }
    return strcmp(word, ops->name) == 0;
}

static const struct action_ops *find_action(const struct rule_registry *registry,
                                            enum rule_phase phase, const char *word)
{
    struct action_cursor cursor = {0};
    const struct action_ops *ops = next_action(registry, phase, &cursor);
    while (ops != NULL && !is_action(ops, word)) {
        ops = next_action(registry, phase, &cursor);
    }
    return ops;
}

/* Lists the actions that a phase allows, as far as there is room. */
static void append_expected(struct text *error, const struct rule_registry *registry,
                            enum rule_phase phase)
{
    struct action_cursor cursor = {0};
    const char *separator = "";
    const struct action_ops *ops = next_action(registry, phase, &cursor);
    for (; ops != NULL; ops = next_action(registry, phase, &cursor)) {
        if (text_room(error) < strlen(ops->name) + RULE_ERROR_TAIL_BYTES) {
            text_append_string(error, "...");
            return;
        }
        bool has_argument = ops->name[strlen(ops->name) - 1] == '(';
        text_append_format(error, "%s'%s%s'", separator, ops->name, has_argument ? "*)" : "");
        separator = ", ";
    }
}

/* Actions of HAProxy that weir has not, up to their argument; each ends with a space. */
static const char LATER_ACTIONS[] =
    "attach-srv cache-store cache-use do-log do-resolve early-hint expect-netscaler-cip "
    "expect-proxy fc-silent-drop pause sc-add-gpc sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt "
    "sc-set-gpt0 send-spoe-group switch-mode track-sc ";

/* Whether `word` is one of them: "track-sc0", "sc-inc-gpc(1,0)", "lua.x". */
static bool is_later(const char *word)
{
    static const char LUA[] = "lua.";
    size_t length = strcspn(word, "(");
    bool is_track = strncmp(word, "track-sc", strlen("track-sc")) == 0;
    length = is_track ? strlen("track-sc") : length;
    for (const char *at = LATER_ACTIONS; *at != '\0'; at = strchr(at, ' ') + 1) {
        if (strncmp(at, word, length) == 0 && at[length] == ' ' && length > 0) {
            return true;
        }
    }
    return strncmp(word, LUA, strlen(LUA)) == 0;
}

static enum result fail_unknown(struct rule_parser *parser, enum rule_phase phase, const char *word)
{
    struct text *error = parser->error;
    text_clear(error);
    if (is_later(word)) {
        text_append_format(error, "'%s' : action '%.*s' is not supported by weir yet.",
                           phase_keyword(phase), SUGGESTION_WORD_BYTES_MAX, word);
        return RESULT_INVALID;
    }
    text_append_format(error, "'%s' expects ", phase_keyword(phase));
    append_expected(error, parser->registry, phase);
    text_append_format(error, ", but got '%.*s'%s", SUGGESTION_WORD_BYTES_MAX, word,
                       word[0] == '\0' ? " (missing argument)" : "");

    struct suggestion suggestion = {0};
    struct action_cursor cursor = {0};
    const struct action_ops *ops = next_action(parser->registry, phase, &cursor);
    for (; ops != NULL; ops = next_action(parser->registry, phase, &cursor)) {
        suggestion_offer(&suggestion, word, ops->name);
    }
    if (suggestion.best != NULL) {
        text_append_format(error, ". Did you mean '%s' maybe ?", suggestion.best);
    } else {
        text_append_char(error, '.');
    }
    return RESULT_INVALID;
}

/* ---- parsing ---- */

static void destroy_rule(struct account *account, struct rule *rule)
{
    if (rule->arguments != NULL) {
        if (rule->ops->destroy != NULL) {
            rule->ops->destroy(account, rule->arguments);
        }
        memory_release(account, rule->arguments);
    }
    acl_condition_destroy(account, rule->condition);
    memory_release(account, rule);
}

/* Parses the action's own words; its message is put into a sentence that names the rule. */
static enum result parse_action(struct rule_parser *parser, struct rule *rule,
                                enum rule_phase phase, const char *const *words,
                                unsigned words_count, unsigned *words_used)
{
    char storage[RULE_ERROR_BYTES];
    struct text inner = text_over(storage, sizeof(storage));
    struct text *outer = parser->error;
    parser->error = &inner;
    enum result result =
        rule->ops->parse(parser, rule, phase, words + 1, words_count - 1, words_used);
    parser->error = outer;
    if (result != RESULT_OK) {
        text_clear(outer);
        text_append_format(outer, "error detected while parsing '%s %s' rule : %s",
                           phase_keyword(phase), words[0], inner.data);
        if (slice_starts_with(text_slice(&inner), SLICE("expects"))) {
            text_append_format(outer, " (%s)", rule->ops->usage);
        }
    }
    return result;
}

static enum result parse_condition(struct rule_parser *parser, struct rule *rule,
                                   enum rule_phase phase, const char *action,
                                   const char *const *words, unsigned words_count)
{
    if (words_count == 0) {
        return RESULT_OK;
    }
    const char *keyword = phase_keyword(phase);
    if (!word_is_condition(words[0])) {
        return parser_fail(parser,
                           "'%s %s' expects either 'if' or 'unless' followed by a condition but "
                           "found '%s'.",
                           keyword, action, words[0]);
    }
    char storage[RULE_ERROR_BYTES];
    struct text inner = text_over(storage, sizeof(storage));
    struct text *outer = parser->error;
    parser->error = &inner;
    enum result result = acl_condition_parse(parser, words, words_count, &rule->condition);
    parser->error = outer;
    if (result != RESULT_OK) {
        text_clear(outer);
        text_append_format(outer, "error detected while parsing an '%s %s' condition : %s", keyword,
                           action, inner.data);
    }
    return result;
}

enum result rule_parse(struct rule_parser *parser, enum rule_phase phase, const char *const *words,
                       unsigned words_count, struct rule_list *list)
{
    const struct action_ops *ops =
        words_count == 0 ? NULL : find_action(parser->registry, phase, words[0]);
    if (ops == NULL) {
        return fail_unknown(parser, phase, words_count == 0 ? "" : words[0]);
    }
    struct rule *rule = memory_take(parser->account, sizeof(*rule));
    if (rule == NULL) {
        return parser_fail_memory(parser);
    }
    list_init(&rule->link);
    rule->file = parser->file;
    rule->line = parser->line;
    rule->ops = ops;

    unsigned capabilities = parser->capabilities;
    parser->capabilities = rule_phase_place(phase);
    unsigned used = 0;
    enum result result = parse_action(parser, rule, phase, words, words_count, &used);
    if (result == RESULT_OK) {
        result = parse_condition(parser, rule, phase, words[0], words + 1 + used,
                                 words_count - 1 - used);
    }
    parser->capabilities = capabilities;
    if (result != RESULT_OK) {
        destroy_rule(parser->account, rule);
        return result;
    }
    list_append(&list->rules, &rule->link);
    return RESULT_OK;
}

void rule_list_init(struct rule_list *list)
{
    list_init(&list->rules);
}

void rule_list_destroy(struct account *account, struct rule_list *list)
{
    LIST_EACH_SAFE(link, &list->rules) {
        list_remove(link);
        destroy_rule(account, container_of(link, struct rule, link));
    }
}

/* ---- running ---- */

/* Evaluates the condition: RESULT_OK (run the action), RESULT_NOT_FOUND, or a verdict that ends. */
static enum result check_condition(const struct rule *rule, struct rule_context *context,
                                   struct verdict *verdict)
{
    enum result result = acl_condition_evaluate(rule->condition, context);
    if (result == RESULT_BLOCKED && !context->is_final) {
        verdict->kind = VERDICT_WAIT;
        return RESULT_BLOCKED;
    }
    if (result == RESULT_NO_MEMORY) {
        verdict->kind = VERDICT_ERROR;
        return RESULT_NO_MEMORY;
    }
    return result == RESULT_OK ? RESULT_OK : RESULT_NOT_FOUND;
}

/* Runs one rule; `verdict` stays VERDICT_CONTINUE when the list goes on. */
static void run_rule(const struct rule *rule, struct rule_context *context,
                     struct rule_position *position, struct verdict *verdict)
{
    bool is_resumed = position->rule == rule && position->is_resumed;
    bool has_waited = position->rule == rule;
    context->rule = rule;
    context->rule_wait_since_ms = has_waited ? position->wait_since_ms : 0;
    *verdict = (struct verdict){.kind = VERDICT_CONTINUE};

    enum result result = is_resumed ? RESULT_OK : check_condition(rule, context, verdict);
    if (result == RESULT_OK) {
        rule->ops->run(rule, context, verdict);
    }
    arena_clear(context->scratch);
    if (verdict->kind == VERDICT_WAIT) {
        position->is_resumed = result == RESULT_OK;
        position->wait_since_ms = has_waited ? position->wait_since_ms : context->now_ms;
        position->rule = rule;
    }
}

/* Remembers the rule that ended the evaluation, for last_rule_file and last_rule_line. */
static void note_final_rule(const struct rule *rule, const struct rule_context *context)
{
    if (context->facts != NULL) {
        context->facts->final_rule_file = rule->file;
        context->facts->final_rule_line = rule->line;
    }
}

void rule_list_run(const struct rule_list *list, struct rule_context *context,
                   struct rule_position *position, struct verdict *verdict)
{
    const struct list *link = position->rule == NULL ? list->rules.next : &position->rule->link;
    *verdict = (struct verdict){.kind = VERDICT_CONTINUE};
    context->rewrites_are_optional = position->rewrites_are_optional;
    for (; link != &list->rules && verdict->kind == VERDICT_CONTINUE; link = link->next) {
        const struct rule *rule = container_of(link, const struct rule, link);
        run_rule(rule, context, position, verdict);
        if (verdict->kind == VERDICT_WAIT) {
            verdict->rule = rule;
            position->rewrites_are_optional = context->rewrites_are_optional;
        } else if (verdict->kind != VERDICT_CONTINUE) {
            verdict->rule = rule;
            note_final_rule(rule, context);
        }
    }
    if (verdict->kind != VERDICT_WAIT) {
        *position = (struct rule_position){0};
    }
    context->rule = NULL;
    context->rule_wait_since_ms = 0;
    context->rewrites_are_optional = false;
}
