/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evaluator of conditions. Its hard idea: no recursion; a level of parentheses is a small
 * record on a stack (what is known of the sum so far, of the product under way, and whether the
 * level's value will be inverted), so that `a && b || !(c)` is one pass over the text. Everything
 * is parsed, also behind what has decided already. Bounded by the limits in condition.h.
 */
#include "config/condition.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "config/catalog.h"
#include "config/config.h"
#include "tls/tls.h"

enum { ARGUMENTS_MAX = 2, VERSION_PARTS = 3, DECIMAL = 10 };

const char CONDITION_VERSION[] = "3.2.26";
const char CONDITION_BRANCH[] = "3.2";

const char CONFIG_FEATURES[] =
    "ACCEPT4 BACKTRACE CRYPT_H EPOLL GETADDRINFO GNUTLS LIBCRYPT LINUX_SPLICE LINUX_TPROXY "
    "NETFILTER OPENSSL PCRE2 PCRE2_JIT POLL PRCTL RT TFO THREAD TPROXY";

/* What `enabled(<option>)` may ask for, and what is on. */
static const char OPTIONS_KNOWN[] = "POLL EPOLL KQUEUE EVPORTS SPLICE GETADDRINFO REUSEPORT "
                                    "FAST-FORWARD SERVER-SSL-VERIFY-NONE";
static const char OPTIONS_ENABLED[] = "POLL EPOLL SPLICE GETADDRINFO REUSEPORT FAST-FORWARD";

struct level {
    bool sum;        /* of the terms before the last || */
    bool product;    /* of the factors since then */
    bool is_negated; /* the parentheses are behind a ! */
};

struct arguments {
    char texts[ARGUMENTS_MAX][CONDITION_ARGUMENT_BYTES];
    unsigned count;
};

struct condition {
    const char *text;
    const char *at;
    struct text *error;
    size_t *position;
    struct level levels[CONDITION_NESTING_MAX];
    unsigned depth; /* of open parentheses */
    bool is_negated;
};

/* ---- predicates ---- */

struct predicate {
    const char *name;
    unsigned arguments;
    bool (*test)(const struct arguments *arguments);
    const char *known; /* words that the argument may be, NULL: any */
};

static bool is_defined(const struct arguments *arguments)
{
    return getenv(arguments->texts[0]) != NULL;
}

static bool has_feature(const struct arguments *arguments)
{
    return catalog_has_word(CONFIG_FEATURES, arguments->texts[0]);
}

static bool is_enabled(const struct arguments *arguments)
{
    return catalog_has_word(OPTIONS_ENABLED, arguments->texts[0]);
}

static bool are_equal(const struct arguments *arguments)
{
    return strcmp(arguments->texts[0], arguments->texts[1]) == 0;
}

static bool are_different(const struct arguments *arguments)
{
    return !are_equal(arguments);
}

static bool has_substring(const struct arguments *arguments)
{
    return strstr(arguments->texts[0], arguments->texts[1]) != NULL;
}

/* The numbers of "3.2.26" or "3.3-dev5"; missing ones are 0, a development version is before. */
static void split_version(const char *text, unsigned long parts[VERSION_PARTS + 1])
{
    memset(parts, 0, sizeof(parts[0]) * (VERSION_PARTS + 1));
    bool is_release = true;
    for (unsigned i = 0; i < VERSION_PARTS && isdigit((unsigned char)*text) != 0; i++) {
        char *end = NULL;
        parts[i] = strtoul(text, &end, DECIMAL);
        is_release = strncmp(end, "-dev", sizeof("-dev") - 1) != 0;
        text = *end == '.' ? end + 1 : "";
    }
    parts[VERSION_PARTS] = is_release ? 1 : 0;
}

/* -1, 0 or 1: the language's version compared with the argument. */
static int compare_version(const struct arguments *arguments)
{
    unsigned long mine[VERSION_PARTS + 1];
    unsigned long theirs[VERSION_PARTS + 1];
    split_version(CONDITION_VERSION, mine);
    split_version(arguments->texts[0], theirs);
    for (unsigned i = 0; i <= VERSION_PARTS; i++) {
        if (mine[i] != theirs[i]) {
            return mine[i] < theirs[i] ? -1 : 1;
        }
    }
    return 0;
}

static bool is_version_at_least(const struct arguments *arguments)
{
    return compare_version(arguments) >= 0;
}

static bool is_version_before(const struct arguments *arguments)
{
    return compare_version(arguments) < 0;
}

static bool does_library_start_with(const struct arguments *arguments)
{
    const char *prefix = arguments->texts[0];
    return strncmp(tls_library_version(), prefix, strlen(prefix)) == 0;
}

/* Of other libraries' versions: this is none of them. */
static bool is_false(const struct arguments *arguments)
{
    (void)arguments;
    return false;
}

static const struct predicate PREDICATES[] = {
    {"defined", 1, is_defined, NULL},
    {"feature", 1, has_feature, NULL},
    {"streq", 2, are_equal, NULL},
    {"strneq", 2, are_different, NULL},
    {"strstr", 2, has_substring, NULL},
    {"version_atleast", 1, is_version_at_least, NULL},
    {"version_before", 1, is_version_before, NULL},
    {"openssl_version_atleast", 1, is_false, NULL},
    {"openssl_version_before", 1, is_false, NULL},
    {"awslc_api_atleast", 1, is_false, NULL},
    {"awslc_api_before", 1, is_false, NULL},
    {"ssllib_name_startswith", 1, does_library_start_with, NULL},
    {"enabled", 1, is_enabled, OPTIONS_KNOWN},
};

/* ---- what is wrong ---- */

static enum result fail_at(struct condition *condition, const char *at)
{
    *condition->position = (size_t)(at - condition->text);
    return RESULT_INVALID;
}

static enum result fail_unparsable(struct condition *condition, const char *at)
{
    text_append_format(condition->error, "unparsable conditional expression '%s'", at);
    return fail_at(condition, at);
}

/* ---- arguments ---- */

static enum result put_argument(struct condition *condition, struct text *argument, char c)
{
    text_append_char(argument, c);
    if (argument->truncated) {
        text_append_format(condition->error, "argument too long, max is %d bytes",
                           CONDITION_ARGUMENT_BYTES - 1);
        return fail_at(condition, condition->at);
    }
    return RESULT_OK;
}

/* What a backslash and the next byte stand for; 0: the backslash itself. */
static char find_escaped(char c)
{
    static const char SPECIAL[] = "\\ '\"ntr";
    static const char MEANT[] = "\\ '\"\n\t\r";
    const char *special = c == '\0' ? NULL : strchr(SPECIAL, c);
    return special == NULL ? '\0' : MEANT[special - SPECIAL];
}

/* Reads up to an unquoted ',' or ')'; quotes and escapes are as on a line. */
static enum result read_argument(struct condition *condition, char *out)
{
    struct text argument = text_over(out, CONDITION_ARGUMENT_BYTES);
    char quote = '\0';
    enum result result = RESULT_OK;
    while (result == RESULT_OK && *condition->at != '\0') {
        char c = *condition->at;
        char escaped = c == '\\' && quote != '\'' ? find_escaped(condition->at[1]) : '\0';
        if (quote == '\0' && (c == ',' || c == ')')) {
            break;
        }
        condition->at += escaped != '\0' ? 2 : 1;
        if (escaped != '\0') {
            result = put_argument(condition, &argument, escaped);
        } else if (quote == c && quote != '\0') {
            quote = '\0';
        } else if (quote == '\0' && (c == '"' || c == '\'')) {
            quote = c;
        } else {
            result = put_argument(condition, &argument, c);
        }
    }
    return result;
}

/* Reads "(a,b)"; a predicate without parentheses has one empty argument. */
static enum result read_arguments(struct condition *condition, const struct predicate *predicate,
                                  struct arguments *arguments)
{
    static const char WHERE[] = "of predicate '%s' used in conditional expression";
    arguments->count = 0;
    arguments->texts[0][0] = '\0';
    bool has_list = *condition->at == '(';
    while (has_list && arguments->count < predicate->arguments) {
        condition->at++; /* '(' or ',' */
        enum result result = read_argument(condition, arguments->texts[arguments->count]);
        if (result != RESULT_OK) {
            return result;
        }
        arguments->count++;
        has_list = *condition->at == ',';
    }
    if (arguments->count > 0 && *condition->at != ')') {
        text_append_string(condition->error, "expected ')' ");
        if (*condition->at != '\0') {
            text_append_format(condition->error, "before '%s' ", condition->at);
        }
        text_append_format(condition->error, "in argument %u ", arguments->count);
        text_append_format(condition->error, WHERE, predicate->name);
        return fail_at(condition, condition->at);
    }
    if (arguments->count < predicate->arguments && predicate->arguments > 1) {
        text_append_format(condition->error,
                           "missing arguments (got %u/%u), type 'string' expected in argument %u ",
                           arguments->count, predicate->arguments, arguments->count + 1);
        text_append_format(condition->error, WHERE, predicate->name);
        return fail_at(condition, condition->at);
    }
    condition->at += arguments->count > 0 ? 1 : 0; /* ')' */
    return RESULT_OK;
}

/* ---- the evaluator ---- */

static void skip_blanks(struct condition *condition)
{
    condition->at += strspn(condition->at, " \t");
}

/* Joins a value to the product of the level under way. */
static void multiply(struct condition *condition, bool value)
{
    struct level *level = &condition->levels[condition->depth];
    level->product = level->product && value != condition->is_negated;
    condition->is_negated = false;
}

static enum result read_integer(struct condition *condition)
{
    char *end = NULL;
    long number = strtol(condition->at, &end, DECIMAL);
    condition->at = end;
    multiply(condition, number != 0);
    return RESULT_OK;
}

static enum result read_predicate(struct condition *condition)
{
    const char *start = condition->at;
    size_t length = strspn(start, "abcdefghijklmnopqrstuvwxyz0123456789_");
    struct slice name = slice_of(start, length);
    for (size_t i = 0; i < sizeof(PREDICATES) / sizeof(PREDICATES[0]); i++) {
        const struct predicate *predicate = &PREDICATES[i];
        if (!slice_equal(slice_from_string(predicate->name), name)) {
            continue;
        }
        struct arguments arguments;
        condition->at += length;
        enum result result = read_arguments(condition, predicate, &arguments);
        if (result != RESULT_OK) {
            return result;
        }
        if (predicate->known != NULL && !catalog_has_word(predicate->known, arguments.texts[0])) {
            return fail_unparsable(condition, start);
        }
        multiply(condition, predicate->test(&arguments));
        return RESULT_OK;
    }
    return fail_unparsable(condition, start);
}

/* Reads "!", "(" any number of times, then one operand. */
static enum result read_operand(struct condition *condition)
{
    for (skip_blanks(condition); *condition->at == '!' || *condition->at == '(';
         skip_blanks(condition)) {
        if (*condition->at++ == '!') {
            condition->is_negated = !condition->is_negated;
            continue;
        }
        if (condition->depth + 1 == CONDITION_NESTING_MAX) {
            text_append_format(condition->error, "too many nested parentheses, max is %d",
                               CONDITION_NESTING_MAX - 1);
            return fail_at(condition, condition->at - 1);
        }
        condition->depth++;
        condition->levels[condition->depth] =
            (struct level){.product = true, .is_negated = condition->is_negated};
        condition->is_negated = false;
    }
    bool is_signed = *condition->at == '-' || *condition->at == '+';
    bool is_number = isdigit((unsigned char)condition->at[is_signed ? 1 : 0]) != 0;
    return is_number ? read_integer(condition) : read_predicate(condition);
}

/* Reads ")" any number of times; each makes a level the operand of the one below. */
static void close_levels(struct condition *condition)
{
    for (skip_blanks(condition); *condition->at == ')' && condition->depth > 0;
         skip_blanks(condition)) {
        condition->at++;
        struct level level = condition->levels[condition->depth--];
        condition->is_negated = level.is_negated;
        multiply(condition, level.sum || level.product);
    }
}

/* Reads "&&" or "||"; false when there is neither. */
static bool read_operator(struct condition *condition)
{
    struct level *level = &condition->levels[condition->depth];
    bool is_or = strncmp(condition->at, "||", 2) == 0;
    if (!is_or && strncmp(condition->at, "&&", 2) != 0) {
        return false;
    }
    condition->at += 2;
    if (is_or) {
        level->sum = level->sum || level->product;
        level->product = true;
    }
    return true;
}

static enum result check_end(struct condition *condition)
{
    if (*condition->at != '\0') {
        text_append_format(condition->error,
                           "unexpected character '%c' at the end of conditional expression '%s'",
                           *condition->at, condition->text);
        return fail_at(condition, condition->at);
    }
    if (condition->depth > 0) {
        text_append_format(condition->error, "expected ')' after conditional expression '%s'",
                           condition->text);
        return fail_at(condition, condition->at);
    }
    return RESULT_OK;
}

enum result condition_evaluate(const char *text, size_t *position, struct text *error)
{
    struct condition condition = {.text = text, .at = text, .error = error, .position = position};
    condition.levels[0].product = true;
    skip_blanks(&condition);
    if (*condition.at == '\0') {
        return RESULT_NOT_FOUND;
    }
    enum result result = RESULT_OK;
    do {
        result = read_operand(&condition);
        if (result == RESULT_OK) {
            close_levels(&condition);
        }
    } while (result == RESULT_OK && read_operator(&condition));
    if (result == RESULT_OK) {
        result = check_end(&condition);
    }
    if (result != RESULT_OK) {
        return result;
    }
    bool is_true = condition.levels[0].sum || condition.levels[0].product;
    return is_true ? RESULT_OK : RESULT_NOT_FOUND;
}
