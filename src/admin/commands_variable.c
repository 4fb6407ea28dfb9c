/* SPDX-License-Identifier: Apache-2.0 */
/*
 * get var, set var: variables of the process. A value is an expression or a format that needs
 * neither a connection nor a message; it is parsed, evaluated once and released. Scratch memory is
 * the worker's arena, cleared at the end; new names and values are charged to the configuration's
 * account, values bounded by tune.vars.proc-max-size.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "memory/arena.h"
#include "rules/context.h"
#include "rules/log_format.h"
#include "rules/variable.h"

enum { WORD_NAME = 2, WORD_VALUE = 3, ERROR_SIZE = 1024 };

static struct rule_context context_of(struct cli_request *request)
{
    struct worker *worker = request->worker;
    struct rule_context context = {
        .phase = RULE_LOG,
        .is_final = true,
        .now_ms = request->now_ms,
        .wall_us = event_wall_us(worker->loop),
        .scratch = &worker->scratch,
        .stream_arena = &worker->scratch,
    };
    context.variables[VARIABLE_PROCESS] = &worker->configuration->process_variables;
    return context;
}

/* ---- get var ---- */

static void append_value(struct cli_request *request, const char *name,
                         struct rule_context *context, struct sample *value)
{
    struct text *out = request->out;
    const char *type = sample_type_name(value->type);
    text_append_format(out, "%s: type=%s value=<", name, type);
    if (sample_cast(context, value, SAMPLE_STRING) == RESULT_OK) {
        text_append(out, slice_first(value->text, text_room(out) / 2));
    }
    text_append_string(out, ">\n");
}

static enum result get_variable(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const char *word = cli_word(request, WORD_NAME);
    if (word[0] == '\0') {
        text_append_string(request->out, "Missing process-wide variable identifier.\n");
        return RESULT_END;
    }
    const struct variable_name *name =
        variable_name_find(request->worker->configuration->variables, slice_from_string(word));
    struct rule_context context = context_of(request);
    struct sample value = {0};
    if (name == NULL || name->scope != VARIABLE_PROCESS ||
        variable_read(name, &context, &value) != RESULT_OK) {
        text_append_string(request->out, "Variable not found.\n");
    } else {
        append_value(request, word, &context, &value);
    }
    arena_clear(&request->worker->scratch);
    return RESULT_END;
}

/* ---- set var ---- */

/* One command, with what it has parsed. */
struct assignment {
    struct rule_parser parser;
    struct rule_context context;
    const struct variable_name *name;
    unsigned conditions;
    struct sample_expression *expression;
    struct log_format *format;
    struct sample value;
    struct text error;
    char error_bytes[ERROR_SIZE];
};

static enum result fail(struct assignment *assignment, const char *what, const char *word)
{
    text_append_format(&assignment->error, what, word);
    return RESULT_INVALID;
}

static void prepare(struct cli_request *request, struct assignment *assignment)
{
    struct configuration *configuration = request->worker->configuration;
    memset(assignment, 0, sizeof(*assignment));
    assignment->error = text_over(assignment->error_bytes, sizeof(assignment->error_bytes));
    assignment->context = context_of(request);
    assignment->parser = (struct rule_parser){
        .registry = configuration->registry,
        .account = configuration->account,
        .file = "CLI",
        .error = &assignment->error,
        .patterns = configuration->patterns,
        .variables = configuration->variables,
        .userlists = configuration->userlists,
        .capabilities = SAMPLE_IN_CLI,
    };
}

static enum result read_name(struct cli_request *request, struct assignment *assignment)
{
    const char *word = cli_word(request, WORD_NAME);
    static const char SCOPE[] = "proc.";
    if (strncmp(word, SCOPE, strlen(SCOPE)) != 0) {
        return fail(assignment,
                    "'set var': cannot set variable '%s', only scope 'proc' is permitted here.",
                    word);
    }
    return variable_target_parse(&assignment->parser, slice_from_string(word), &assignment->name,
                                 &assignment->conditions);
}

static enum result read_expression(struct cli_request *request, struct assignment *assignment,
                                   unsigned first)
{
    unsigned used = 0;
    enum result result = sample_parse(&assignment->parser, request->words + first,
                                      request->count - first, &used, &assignment->expression);
    if (result == RESULT_OK && first + used < request->count) {
        return fail(assignment, "unexpected argument '%s'.", request->words[first + used]);
    }
    return result != RESULT_OK ? result
                               : sample_evaluate(assignment->expression, &assignment->context, NULL,
                                                 &assignment->value);
}

static enum result read_format(struct cli_request *request, struct assignment *assignment)
{
    const char *text = cli_word(request, WORD_VALUE + 1);
    enum result result =
        log_format_parse_for(&assignment->parser, text, LOG_FORMAT_FOR_STRING, &assignment->format);
    assignment->value.type = SAMPLE_STRING;
    return result != RESULT_OK ? result
                               : log_format_evaluate(assignment->format, &assignment->context,
                                                     &assignment->value.text);
}

/* [expr] <expression> or fmt <format>; a word behind it is needed to tell `expr` from a value. */
static enum result read_value(struct cli_request *request, struct assignment *assignment)
{
    const char *word = cli_word(request, WORD_VALUE);
    bool has_more = request->count > WORD_VALUE + 1;
    if (has_more && strcmp(word, "fmt") == 0) {
        return read_format(request, assignment);
    }
    bool is_named = has_more && strcmp(word, "expr") == 0;
    return read_expression(request, assignment, is_named ? WORD_VALUE + 1 : WORD_VALUE);
}

static enum result assign(struct cli_request *request, struct assignment *assignment)
{
    if (request->count <= WORD_VALUE) {
        return fail(assignment, "%s", "Missing either 'expr', 'fmt' or expression.");
    }
    enum result result = read_name(request, assignment);
    if (result == RESULT_OK) {
        result = read_value(request, assignment);
    }
    if (result == RESULT_NOT_FOUND || result == RESULT_BLOCKED) {
        return fail(assignment, "'%s' has no value here.", cli_word(request, WORD_VALUE));
    }
    if (result == RESULT_OK) {
        result = variable_store(assignment->name, assignment->conditions, &assignment->context,
                                &assignment->value);
    }
    if (result == RESULT_FULL) {
        return fail(assignment, "variable '%s' exceeds the limit of tune.vars.",
                    cli_word(request, WORD_NAME));
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* a condition does not hold */
}

static enum result set_variable(struct cli_request *request, void *opaque)
{
    (void)opaque;
    if (!request->modes->is_experimental) {
        text_append_string(request->out, "This command is restricted to experimental mode only.\n");
        return RESULT_END;
    }
    if (cli_word(request, WORD_NAME)[0] == '\0') {
        text_append_string(request->out, "Missing process-wide variable identifier.\n");
        return RESULT_END;
    }
    struct assignment assignment;
    prepare(request, &assignment);
    enum result result = assign(request, &assignment);
    if (result != RESULT_OK) {
        const char *reason = assignment.error.length > 0 ? assignment.error.data : "out of memory.";
        text_append_format(request->out, "%s\n", reason);
    }
    sample_expression_destroy(assignment.parser.account, assignment.expression);
    log_format_destroy(assignment.parser.account, assignment.format);
    arena_clear(&request->worker->scratch);
    return RESULT_END;
}

const struct cli_command COMMANDS_VARIABLE[] = {
    {"get var", "<name> : retrieve contents of a process-wide variable", CLI_OPERATOR, get_variable,
     NULL},
    {"set var", "<name> [fmt|expr] {<fmt>|<expr>} : set variable from an expression/format",
     CLI_OPERATOR, set_variable, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
