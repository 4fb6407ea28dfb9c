/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-var and set-var-fmt of the global section: variables of the process, evaluated once while the
 * configuration is read. The value must not need a connection or a message. Scratch memory is one
 * small block.
 */
#include "config/keyword.h"
#include "rules/context.h"
#include "rules/log_format.h"
#include "rules/variable.h"

enum { TEXT_MAX = 4096 };

static enum result evaluate(struct config_reader *reader, struct rule_parser *parser,
                            const char *const *arguments, unsigned count,
                            struct rule_context *context, struct sample *value)
{
    struct sample_expression *expression = NULL;
    unsigned used = 0;
    enum result result = sample_parse(parser, arguments, count, &used, &expression);
    if (result != RESULT_OK) {
        return result;
    }
    struct sample_cursor cursor = {0};
    result = sample_evaluate(expression, context, &cursor, value);
    sample_expression_destroy(reader->account, expression);
    return result == RESULT_OK
               ? RESULT_OK
               : config_fail(reader, "'set-var' : the expression has no value here: '%s'",
                             arguments[0]);
}

enum result config_set_process_variable(struct config_reader *reader, const char *const *arguments,
                                        unsigned count, bool is_format)
{
    struct configuration *configuration = reader->configuration;
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_CLI);
    const struct variable_name *name = NULL;
    unsigned conditions = 0;
    enum result result =
        variable_target_parse(&parser, slice_from_string(arguments[0]), &name, &conditions);
    if (result != RESULT_OK) {
        return result;
    }
    if (name->scope != VARIABLE_PROCESS) {
        return config_fail(reader, "'set-var' : variable '%s' must be of scope 'proc'",
                           arguments[0]);
    }
    struct rule_context context = {.phase = RULE_LOG, .is_final = true};
    context.variables[VARIABLE_PROCESS] = &configuration->process_variables;
    struct sample value = {.type = SAMPLE_STRING};
    char bytes[TEXT_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    if (is_format) {
        struct log_format *format = NULL;
        result = log_format_parse_for(&parser, arguments[1], LOG_FORMAT_FOR_STRING, &format);
        if (result == RESULT_OK) {
            log_format_append(format, &context, &text);
            log_format_destroy(reader->account, format);
            value.text = text_slice(&text);
        }
    } else {
        result = evaluate(reader, &parser, arguments + 1, count - 1, &context, &value);
    }
    return result == RESULT_OK ? variable_store(name, conditions, &context, &value) : result;
}
