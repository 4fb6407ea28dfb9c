/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-var and set-var-fmt of the global section: variables of the process, evaluated once while the
 * configuration is read. The value must not need a connection or a message. Scratch memory is one
 * arena over a pool of its own, since the process's chunks do not exist yet; it is given back at
 * once, and charged to the configuration's account meanwhile.
 */
#include "config/keyword.h"
#include "memory/arena.h"
#include "memory/pool.h"
#include "rules/context.h"
#include "rules/log_format.h"
#include "rules/variable.h"

enum { SCRATCH_BLOCK_BYTES = 16384, SCRATCH_BYTES_MAX = 65536 };

/* One evaluation. The value may be a constant of what was parsed, which therefore lives as long. */
struct evaluation {
    struct chunk_source chunks;
    struct arena scratch;
    struct rule_context context;
    struct sample_expression *expression; /* NULL for a format */
    struct log_format *format;            /* NULL for an expression */
    struct sample value;
};

static enum result begin_evaluation(struct config_reader *reader, struct evaluation *evaluation)
{
    struct chunk_source *chunks = &evaluation->chunks;
    if (reader->scratch == NULL) { /* one for all lines */
        reader->scratch = pool_create(ledger_memory(reader->account->ledger), "config_scratch",
                                      SCRATCH_BLOCK_BYTES, 0);
    }
    struct pool *pool = reader->scratch;
    if (pool == NULL) {
        return config_fail(reader, "out of memory.");
    }
    *evaluation = (struct evaluation){.context = {.phase = RULE_LOG, .is_final = true}};
    chunks->chunks[CHUNK_SMALL] = chunks->chunks[CHUNK_NORMAL] = pool;
    chunks->bytes[CHUNK_SMALL] = chunks->bytes[CHUNK_NORMAL] =
        SCRATCH_BLOCK_BYTES - sizeof(struct chunk);
    arena_init(&evaluation->scratch, chunks, reader->account, SCRATCH_BYTES_MAX);
    evaluation->context.scratch = &evaluation->scratch;
    evaluation->context.stream_arena = &evaluation->scratch;
    evaluation->context.variables[VARIABLE_PROCESS] = &reader->configuration->process_variables;
    return RESULT_OK;
}

static enum result evaluate_expression(struct config_reader *reader, struct rule_parser *parser,
                                       const char *const *words, unsigned count,
                                       struct evaluation *evaluation)
{
    unsigned used = 0;
    enum result result = sample_parse(parser, words, count, &used, &evaluation->expression);
    if (result != RESULT_OK) {
        return result;
    }
    result = used < count
                 ? config_fail(reader, "'set-var' : unexpected argument '%s'.", words[used])
                 : sample_evaluate(evaluation->expression, &evaluation->context, NULL,
                                   &evaluation->value);
    return result == RESULT_NOT_FOUND || result == RESULT_BLOCKED
               ? config_fail(reader, "'set-var' : '%s' has no value here.", words[0])
               : result;
}

static enum result evaluate_format(struct rule_parser *parser, const char *text,
                                   struct evaluation *evaluation)
{
    enum result result =
        log_format_parse_for(parser, text, LOG_FORMAT_FOR_STRING, &evaluation->format);
    if (result != RESULT_OK) {
        return result;
    }
    evaluation->value.type = SAMPLE_STRING;
    return log_format_evaluate(evaluation->format, &evaluation->context, &evaluation->value.text);
}

static void end_evaluation(struct config_reader *reader, struct evaluation *evaluation)
{
    sample_expression_destroy(reader->account, evaluation->expression);
    log_format_destroy(reader->account, evaluation->format);
    arena_clear(&evaluation->scratch);
}

static enum result store(struct config_reader *reader, const struct variable_name *name,
                         unsigned conditions, struct evaluation *evaluation)
{
    enum result result = variable_store(name, conditions, &evaluation->context, &evaluation->value);
    if (result == RESULT_FULL) {
        return config_fail(reader, "'set-var' : variable '%s' exceeds the limit of tune.vars.",
                           name->text);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* a condition does not hold */
}

enum result config_set_process_variable(struct config_reader *reader, const char *const *arguments,
                                        unsigned count, bool is_format)
{
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_CLI);
    const struct variable_name *name = NULL;
    unsigned conditions = 0;
    enum result result =
        variable_target_parse(&parser, slice_from_string(arguments[0]), &name, &conditions);
    if (result == RESULT_OK && name->scope != VARIABLE_PROCESS) {
        result = config_fail(reader,
                             "'%s': cannot set variable '%s', only scope 'proc' is permitted in "
                             "the global section.",
                             is_format ? "set-var-fmt" : "set-var", arguments[0]);
    }
    struct evaluation evaluation;
    if (result == RESULT_OK) {
        result = begin_evaluation(reader, &evaluation);
    }
    if (result != RESULT_OK) {
        return result;
    }
    result = is_format
                 ? evaluate_format(&parser, arguments[1], &evaluation)
                 : evaluate_expression(reader, &parser, arguments + 1, count - 1, &evaluation);
    if (result == RESULT_OK) {
        result = store(reader, name, conditions, &evaluation);
    }
    end_evaluation(reader, &evaluation);
    return result;
}
