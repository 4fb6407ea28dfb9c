/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditional blocks: a stack of states, and a small evaluator of conditions with !, &&, || and
 * parentheses over predicates. Parentheses nest at most NESTING_MAX deep, so that the descent is
 * bounded.
 */
#include "config/preprocess.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "tls/tls.h"

enum { NESTING_MAX = 16, ARGUMENTS_MAX = 3, ARGUMENT_BYTES = 256 };

struct condition {
    struct config_reader *reader;
    const char *at;
    unsigned nesting;
    bool failed;
};

/* ---- predicates ---- */

struct predicate {
    const char *name;
    unsigned arguments;
    bool (*test)(struct condition *condition, char (*arguments)[ARGUMENT_BYTES]);
};

static bool is_defined(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    return getenv(arguments[0]) != NULL;
}

static bool has_feature(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    static const char *const FEATURES[] = {
        "EPOLL",     "PCRE2",        "PCRE2_JIT", "GETADDRINFO", "CRYPT_H",
        "NETFILTER", "LINUX_SPLICE", "ACCEPT4",   "GNUTLS",      "THREAD",
        "POLL",      "PRCTL",        "BACKTRACE", "TFO",         "NS"};
    (void)condition;
    for (size_t i = 0; i < sizeof(FEATURES) / sizeof(FEATURES[0]); i++) {
        if (strcmp(FEATURES[i], arguments[0]) == 0) {
            return true;
        }
    }
    return false;
}

static bool are_equal(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    return strcmp(arguments[0], arguments[1]) == 0;
}

static bool are_different(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    return !are_equal(condition, arguments);
}

static bool is_substring(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    return strstr(arguments[0], arguments[1]) != NULL;
}

/* The HAProxy version that weir's language stands for, for version predicates. */
static const unsigned LANGUAGE_VERSION[] = {3, 2, 0};

/* -1, 0, 1: the language's version compared with the argument's, as far as that goes. */
static int compare_version(const char *text)
{
    enum { PARTS = sizeof(LANGUAGE_VERSION) / sizeof(LANGUAGE_VERSION[0]), DECIMAL = 10 };
    for (unsigned i = 0; i < PARTS && *text != '\0'; i++) {
        char *end = NULL;
        unsigned long part = strtoul(text, &end, DECIMAL);
        if (LANGUAGE_VERSION[i] != part) {
            return LANGUAGE_VERSION[i] < part ? -1 : 1;
        }
        text = *end == '.' ? end + 1 : "";
    }
    return 0;
}

static bool is_version_at_least(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    return compare_version(arguments[0]) >= 0;
}

static bool is_version_before(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    return compare_version(arguments[0]) < 0;
}

static bool does_library_start_with(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    return strncmp(tls_library_version(), arguments[0], strlen(arguments[0])) == 0;
}

static bool is_never(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    (void)condition;
    (void)arguments;
    return false; /* other libraries' versions: this is none of them */
}

static bool is_enabled(struct condition *condition, char (*arguments)[ARGUMENT_BYTES])
{
    static const char *const OPTIONS[] = {"POLL", "EPOLL", "GETADDRINFO", "REUSEPORT", "SPLICE"};
    (void)condition;
    for (size_t i = 0; i < sizeof(OPTIONS) / sizeof(OPTIONS[0]); i++) {
        if (strcmp(OPTIONS[i], arguments[0]) == 0) {
            return true;
        }
    }
    return false;
}

static const struct predicate PREDICATES[] = {
    {"defined", 1, is_defined},
    {"feature", 1, has_feature},
    {"streq", 2, are_equal},
    {"strneq", 2, are_different},
    {"strstr", 2, is_substring},
    {"version_atleast", 1, is_version_at_least},
    {"version_before", 1, is_version_before},
    {"ssllib_name_startswith", 1, does_library_start_with},
    {"openssl_version_atleast", 1, is_never},
    {"openssl_version_before", 1, is_never},
    {"awslc_api_atleast", 1, is_never},
    {"awslc_api_before", 1, is_never},
    {"enabled", 1, is_enabled},
};

/* ---- the evaluator ---- */

static bool evaluate_or(struct condition *condition);

static bool fail(struct condition *condition, const char *expected)
{
    if (!condition->failed) {
        (void)config_fail(condition->reader,
                          "unparsable conditional expression near '%s': %s expected", condition->at,
                          expected);
    }
    condition->failed = true;
    return false;
}

static void skip_spaces(struct condition *condition)
{
    condition->at += strspn(condition->at, " \t");
}

static bool take(struct condition *condition, const char *token)
{
    skip_spaces(condition);
    size_t length = strlen(token);
    if (strncmp(condition->at, token, length) != 0) {
        return false;
    }
    condition->at += length;
    return true;
}

static bool read_arguments(struct condition *condition, const struct predicate *predicate,
                           char (*arguments)[ARGUMENT_BYTES])
{
    for (unsigned i = 0; i < predicate->arguments; i++) {
        skip_spaces(condition);
        size_t length = strcspn(condition->at, ",)");
        struct slice text = slice_trim(slice_of(condition->at, length));
        if (text.length >= ARGUMENT_BYTES) {
            return fail(condition, "a shorter argument");
        }
        memcpy(arguments[i], text.data, text.length);
        arguments[i][text.length] = '\0';
        condition->at += length;
        bool is_last = i + 1 == predicate->arguments;
        if (!take(condition, is_last ? ")" : ",")) {
            return fail(condition, is_last ? "')'" : "another argument");
        }
    }
    return true;
}

static bool evaluate_predicate(struct condition *condition)
{
    char arguments[ARGUMENTS_MAX][ARGUMENT_BYTES];
    size_t length = strcspn(condition->at, "( \t)&|");
    struct slice name = slice_of(condition->at, length);
    uint64_t number = 0;
    if (length == 0) {
        return false; /* nothing at all is false */
    }
    if (number_parse_decimal(name, &number) == RESULT_OK) {
        condition->at += length;
        return number != 0;
    }
    for (size_t i = 0; i < sizeof(PREDICATES) / sizeof(PREDICATES[0]); i++) {
        const struct predicate *predicate = &PREDICATES[i];
        if (slice_equal(slice_from_string(predicate->name), name)) {
            condition->at += length;
            if (!take(condition, "(")) {
                return fail(condition, "'('");
            }
            return read_arguments(condition, predicate, arguments) &&
                   predicate->test(condition, arguments);
        }
    }
    return fail(condition, "a predicate (defined, feature, streq, strneq, strstr, version_atleast, "
                           "version_before, enabled…)");
}

static bool evaluate_term(struct condition *condition)
{
    bool negated = false;
    while (take(condition, "!")) {
        negated = !negated;
    }
    bool value;
    if (take(condition, "(")) {
        if (condition->nesting == NESTING_MAX) {
            return fail(condition, "fewer nested parentheses");
        }
        condition->nesting++;
        value = evaluate_or(condition);
        condition->nesting--;
        if (!take(condition, ")")) {
            return fail(condition, "')'");
        }
    } else {
        value = evaluate_predicate(condition);
    }
    return value != negated;
}

static bool evaluate_and(struct condition *condition)
{
    bool value = evaluate_term(condition);
    while (!condition->failed && take(condition, "&&")) {
        bool right = evaluate_term(condition);
        value = value && right;
    }
    return value;
}

static bool evaluate_or(struct condition *condition)
{
    bool value = evaluate_and(condition);
    while (!condition->failed && take(condition, "||")) {
        bool right = evaluate_and(condition);
        value = value || right;
    }
    return value;
}

enum result preprocess_evaluate(struct config_reader *reader, const char *text)
{
    struct condition condition = {.reader = reader, .at = text};
    bool value = evaluate_or(&condition);
    skip_spaces(&condition);
    if (!condition.failed && *condition.at != '\0') {
        (void)fail(&condition, "the end of the line");
    }
    if (condition.failed) {
        return RESULT_INVALID;
    }
    return value ? RESULT_OK : RESULT_NOT_FOUND;
}

/* ---- blocks ---- */

bool preprocess_is_reading(const struct preprocess *state)
{
    return state->depth == 0 || state->blocks[state->depth - 1] == BLOCK_TAKEN;
}

/* The condition as one text again: its words joined by spaces. */
static void join(const struct config_words *words, struct text *out)
{
    for (unsigned i = 1; i < words->count; i++) {
        text_append_string(out, i > 1 ? " " : "");
        text_append_string(out, words->words[i]);
    }
}

static enum result evaluate_line(struct config_reader *reader, enum block_state *state)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    join(reader->words, &text);
    enum result result = preprocess_evaluate(reader, bytes);
    *state = result == RESULT_OK ? BLOCK_TAKEN : BLOCK_PENDING;
    return result == RESULT_INVALID ? RESULT_INVALID : RESULT_OK;
}

static enum result begin_if(struct preprocess *state, struct config_reader *reader)
{
    if (state->depth == PREPROCESS_DEPTH_MAX) {
        return config_fail(reader, "too many nested '.if', max is %u", PREPROCESS_DEPTH_MAX);
    }
    bool reads = preprocess_is_reading(state);
    enum block_state *block = &state->blocks[state->depth];
    state->has_else[state->depth] = false;
    state->depth++;
    *block = BLOCK_OUTSIDE;
    return reads ? evaluate_line(reader, block) : RESULT_OK;
}

static enum result switch_branch(struct preprocess *state, struct config_reader *reader,
                                 bool is_else)
{
    const char *name = is_else ? ".else" : ".elif";
    if (state->depth == 0) {
        return config_fail(reader, "lone '%s' with no matching '.if'", name);
    }
    if (state->has_else[state->depth - 1]) {
        return config_fail(reader, "'%s' after '.else' is not permitted", name);
    }
    enum block_state *block = &state->blocks[state->depth - 1];
    state->has_else[state->depth - 1] = is_else;
    switch (*block) {
    case BLOCK_TAKEN:
        *block = BLOCK_OVER;
        break;
    case BLOCK_PENDING:
        if (!is_else) {
            return evaluate_line(reader, block);
        }
        *block = BLOCK_TAKEN;
        break;
    case BLOCK_OVER:
    case BLOCK_OUTSIDE:
        break;
    }
    return RESULT_OK;
}

static enum result say(struct config_reader *reader, enum report_severity severity)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_format(&text, "parsing [%s:%u]: '", reader->file, reader->line);
    join(reader->words, &text);
    text_append_char(&text, '\'');
    if (severity == REPORT_ALERT) {
        reader->alerts++;
    } else if (severity == REPORT_WARNING) {
        reader->configuration->warnings++;
    }
    reader->input->report->write(reader->input->report->argument, severity, bytes);
    return RESULT_OK;
}

static enum result run_message(struct config_reader *reader, const char *word)
{
    static const struct {
        const char *name;
        enum report_severity severity;
    } MESSAGES[] = {{".notice", REPORT_NOTICE},
                    {".warning", REPORT_WARNING},
                    {".alert", REPORT_ALERT},
                    {".diag", REPORT_DIAGNOSTIC}};
    for (size_t i = 0; i < sizeof(MESSAGES) / sizeof(MESSAGES[0]); i++) {
        if (strcmp(word, MESSAGES[i].name) == 0) {
            return say(reader, MESSAGES[i].severity);
        }
    }
    return config_fail(reader,
                       "unknown directive '%s': .if, .elif, .else, .endif, .notice, .warning, "
                       ".alert or .diag is expected",
                       word);
}

enum result preprocess_line(struct preprocess *state, struct config_reader *reader)
{
    const char *word = reader->words->words[0];
    if (word[0] != '.') {
        return RESULT_NOT_FOUND;
    }
    if (strcmp(word, ".if") == 0) {
        return begin_if(state, reader);
    }
    if (strcmp(word, ".elif") == 0 || strcmp(word, ".else") == 0) {
        return switch_branch(state, reader, strcmp(word, ".else") == 0);
    }
    if (strcmp(word, ".endif") == 0) {
        if (state->depth == 0) {
            return config_fail(reader, "lone '.endif' with no matching '.if'");
        }
        state->depth--;
        return RESULT_OK;
    }
    return preprocess_is_reading(state) ? run_message(reader, word) : RESULT_OK;
}
