/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directives: a stack of blocks, of which each is read, waits for a true branch, is over, or lies
 * inside one that is not read.
 *
 *   PENDING -> TAKEN -> OVER      by .elif and .else; OUTSIDE stays
 *
 * Bounded by PREPROCESS_DEPTH_MAX blocks and the words of a line.
 */
#include "config/preprocess.h"

#include <string.h>

#include "config/condition.h"

bool preprocess_is_reading(const struct preprocess *state)
{
    return state->depth == 0 || state->blocks[state->depth - 1] == BLOCK_TAKEN;
}

/* The words behind the directive, joined by spaces. */
static void join(const struct config_words *words, struct text *out)
{
    for (unsigned i = 1; i < words->count; i++) {
        text_append_string(out, i > 1 ? " " : "");
        text_append_string(out, words->words[i]);
    }
}

static enum result evaluate(struct config_reader *reader, enum block_state *block)
{
    char bytes[CONFIG_ERROR_SIZE];
    char reason[CONFIG_ERROR_SIZE];
    struct text condition = text_over(bytes, sizeof(bytes));
    struct text error = text_over(reason, sizeof(reason));
    const char *directive = reader->words->words[0];
    size_t position = 0;
    join(reader->words, &condition);
    if (condition.truncated) {
        return config_fail(reader, "condition of '%s' too long, max is %d bytes", directive,
                           CONFIG_ERROR_SIZE - 1);
    }
    enum result result = condition_evaluate(bytes, &position, &error);
    *block = result == RESULT_OK ? BLOCK_TAKEN : BLOCK_PENDING;
    if (result != RESULT_INVALID) {
        return RESULT_OK;
    }
    return config_fail(reader, "%s in '%s' at position %zu:\n  %s %s\n  %*s", reason, directive,
                       position + 1, directive, bytes, (int)(strlen(directive) + 1 + position + 1),
                       "^");
}

static enum result begin_block(struct preprocess *state, struct config_reader *reader)
{
    if (state->depth == PREPROCESS_DEPTH_MAX) {
        return config_fail(reader, "too many nested '.if', max is %d", PREPROCESS_DEPTH_MAX);
    }
    bool is_reading = preprocess_is_reading(state);
    enum block_state *block = &state->blocks[state->depth];
    state->has_else[state->depth] = false;
    state->depth++;
    *block = BLOCK_OUTSIDE;
    return is_reading ? evaluate(reader, block) : RESULT_OK;
}

/* Fails when there is no block, or it had its .else. */
static enum result check_branch(const struct preprocess *state, struct config_reader *reader)
{
    const char *directive = reader->words->words[0];
    if (state->depth == 0) {
        return config_fail(reader, "lone '%s' with no matching '.if'.", directive);
    }
    if (state->has_else[state->depth - 1]) {
        return config_fail(reader, "'%s' after '.else' is not permitted.", directive);
    }
    return RESULT_OK;
}

static enum result begin_elif(struct preprocess *state, struct config_reader *reader)
{
    enum result result = check_branch(state, reader);
    if (result != RESULT_OK) {
        return result;
    }
    enum block_state *block = &state->blocks[state->depth - 1];
    if (*block == BLOCK_TAKEN) {
        *block = BLOCK_OVER;
    }
    return *block == BLOCK_PENDING ? evaluate(reader, block) : RESULT_OK;
}

/* Fails when there is a word behind the directive. */
static enum result refuse_argument(struct config_reader *reader)
{
    const struct config_words *words = reader->words;
    return words->count < 2 ? RESULT_OK
                            : config_fail(reader, "Unexpected argument '%s' for '%s'.",
                                          words->words[1], words->words[0]);
}

static enum result begin_else(struct preprocess *state, struct config_reader *reader)
{
    enum result result = refuse_argument(reader);
    result = result == RESULT_OK ? check_branch(state, reader) : result;
    if (result != RESULT_OK) {
        return result;
    }
    enum block_state *block = &state->blocks[state->depth - 1];
    state->has_else[state->depth - 1] = true;
    if (*block == BLOCK_TAKEN) {
        *block = BLOCK_OVER;
    } else if (*block == BLOCK_PENDING) {
        *block = BLOCK_TAKEN;
    }
    return RESULT_OK;
}

static enum result end_block(struct preprocess *state, struct config_reader *reader)
{
    if (state->depth == 0) {
        return config_fail(reader, "lone '.endif' with no matching '.if'.");
    }
    state->depth--;
    return refuse_argument(reader);
}

/* ---- messages ---- */

static enum result say(struct config_reader *reader, enum report_severity severity)
{
    const struct config_words *words = reader->words;
    if (words->count > 2) {
        return config_fail(reader,
                           "Unexpected argument '%s' for '%s'. Use quotes if the message should "
                           "contain spaces.",
                           words->words[2], words->words[0]);
    }
    config_report(reader, severity, "parsing [%s:%u]: '%s'.", reader->file, reader->line,
                  words->count > 1 ? words->words[1] : "");
    return RESULT_OK;
}

static enum result run_message(struct config_reader *reader)
{
    static const struct {
        const char *name;
        enum report_severity severity;
    } MESSAGES[] = {{".notice", REPORT_NOTICE},
                    {".warning", REPORT_WARNING},
                    {".alert", REPORT_ALERT},
                    {".diag", REPORT_DIAGNOSTIC}};
    const char *word = reader->words->words[0];
    for (size_t i = 0; i < sizeof(MESSAGES) / sizeof(MESSAGES[0]); i++) {
        if (strcmp(word, MESSAGES[i].name) == 0) {
            return say(reader, MESSAGES[i].severity);
        }
    }
    return config_fail(reader, "unknown directive '%s'.", word);
}

enum result preprocess_line(struct preprocess *state, struct config_reader *reader)
{
    static const struct {
        const char *name;
        enum result (*run)(struct preprocess *state, struct config_reader *reader);
    } DIRECTIVES[] = {
        {".if", begin_block}, {".elif", begin_elif}, {".else", begin_else}, {".endif", end_block}};
    const char *word = reader->words->words[0];
    if (word[0] != '.') {
        return RESULT_NOT_FOUND;
    }
    for (size_t i = 0; i < sizeof(DIRECTIVES) / sizeof(DIRECTIVES[0]); i++) {
        if (strcmp(word, DIRECTIVES[i].name) == 0) {
            return DIRECTIVES[i].run(state, reader);
        }
    }
    return preprocess_is_reading(state) ? run_message(reader) : RESULT_OK;
}
