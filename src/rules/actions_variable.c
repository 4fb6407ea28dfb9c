/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-var(name[,condition…]) <expr>, set-var-fmt(name[,condition…]) <fmt>, unset-var(name). An
 * expression without a value leaves the variable as it is, and so does a refusal (a limit of
 * tune.vars, no memory), as in HAProxy. Memory: the value is copied into the variable's set.
 */
#include "rules/actions.h"

#include "rules/arguments.h"
#include "rules/log_format.h"
#include "rules/parser.h"
#include "rules/sample.h"
#include "rules/variable.h"

struct variable_arguments {
    const struct variable_name *name;
    unsigned conditions;
    struct sample_expression *expression; /* set-var */
    struct log_format *format;            /* set-var-fmt */
};

static void destroy_variable(struct account *account, void *data)
{
    struct variable_arguments *arguments = data;
    sample_expression_destroy(account, arguments->expression);
    log_format_destroy(account, arguments->format);
}

/* Compiles what stands between the parentheses of the keyword. */
static enum result parse_target(struct rule_parser *parser, struct rule *rule, const char *keyword)
{
    struct slice target;
    if (!keyword_argument(keyword, &target) || target.length == 0) {
        return parser_fail(parser,
                           "invalid or incomplete action '%s'. Expects 'set-var(<var-name>)', "
                           "'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'",
                           keyword);
    }
    struct variable_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    return variable_target_parse(parser, target, &arguments->name, &arguments->conditions);
}

static enum result parse_set(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                             const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    enum result result = parse_target(parser, rule, words[-1]);
    if (result != RESULT_OK) {
        return result;
    }
    struct variable_arguments *arguments = rule->arguments;
    return sample_parse(parser, words, words_count, words_used, &arguments->expression);
}

static enum result parse_set_format(struct rule_parser *parser, struct rule *rule,
                                    enum rule_phase phase, const char *const *words,
                                    unsigned words_count, unsigned *words_used)
{
    (void)phase;
    enum result result = parse_target(parser, rule, words[-1]);
    if (result != RESULT_OK) {
        return result;
    }
    if (arguments_count(words, words_count) == 0) {
        return parser_fail(parser, "expects exactly 1 argument <format>");
    }
    struct variable_arguments *arguments = rule->arguments;
    *words_used = 1;
    return log_format_parse_for(parser, words[0], LOG_FORMAT_FOR_STRING, &arguments->format);
}

static enum result parse_unset(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                               const char *const *words, unsigned words_count, unsigned *words_used)
{
    (void)phase;
    (void)words_count;
    *words_used = 0;
    return parse_target(parser, rule, words[-1]);
}

static void run_set(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    (void)verdict;
    const struct variable_arguments *arguments = rule->arguments;
    struct sample sample = {0};
    enum result result;
    if (arguments->format != NULL) {
        sample.type = SAMPLE_STRING;
        result = log_format_evaluate(arguments->format, context, &sample.text);
    } else {
        result = sample_evaluate(arguments->expression, context, NULL, &sample);
    }
    if (result == RESULT_OK) {
        result = variable_store(arguments->name, arguments->conditions, context, &sample);
    }
    /* A variable that has no value or could not be stored is not an error of the rule. */
    (void)result;
}

static void run_unset(const struct rule *rule, struct rule_context *context,
                      struct verdict *verdict)
{
    (void)verdict;
    const struct variable_arguments *arguments = rule->arguments;
    variable_remove(arguments->name, context);
}

const struct action_ops ACTIONS_VARIABLE[] = {
    {"set-var(", PHASES_ALL, "set-var(<var-name>[,<cond>...]) <expr>", parse_set, run_set,
     destroy_variable, 0},
    {"set-var-fmt(", PHASES_ALL, "set-var-fmt(<var-name>[,<cond>...]) <fmt>", parse_set_format,
     run_set, destroy_variable, 0},
    {"unset-var(", PHASES_ALL, "unset-var(<var-name>)", parse_unset, run_unset, destroy_variable,
     0},
    {0},
};
