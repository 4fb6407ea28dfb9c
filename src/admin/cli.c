/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding commands: a line is cut into words, the longest row whose words it begins with wins, and
 * whoever lacks the level is told so. Nothing is allocated: words point into the line.
 */
#include "admin/cli.h"

#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/slice.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Reads one word from `*from`, removing quotes and backslashes; writes it at `*to`. */
static void read_word(const char **from, char **to)
{
    const char *in = *from;
    char *out = *to;
    char quote = '\0';
    while (*in != '\0' && (quote != '\0' || !is_space(*in))) {
        if (*in == '\\' && quote != '\'' && in[1] != '\0') {
            in++;
            *out++ = *in++;
        } else if ((*in == '"' || *in == '\'') && (quote == '\0' || quote == *in)) {
            quote = quote == '\0' ? *in : '\0';
            in++;
        } else {
            *out++ = *in++;
        }
    }
    *from = in;
    *to = out;
}

enum result cli_split(char *line, struct cli_request *request)
{
    const char *from = line;
    char *to = line;
    request->count = 0;
    for (;;) {
        while (is_space(*from)) {
            from++;
        }
        if (*from == '\0') {
            return RESULT_OK;
        }
        if (request->count == CLI_WORDS_MAX) {
            return RESULT_FULL;
        }
        request->words[request->count++] = to;
        read_word(&from, &to);
        bool is_last = *from == '\0';
        from += is_last ? 0 : 1;
        *to++ = '\0';
        if (is_last) {
            return RESULT_OK;
        }
    }
}

bool cli_read_time(const char *word, uint32_t unit_ms, uint32_t *out_ms)
{
    const struct {
        const char *name;
        uint32_t ms;
    } UNITS[] = {{"", unit_ms}, {"ms", 1},      {"s", MS_PER_SECOND},
                 {"m", 60000},  {"h", 3600000}, {"d", 86400000}};
    size_t digits = strspn(word, "0123456789");
    uint64_t number = 0;
    if (number_parse_decimal(slice_of(word, digits), &number) != RESULT_OK) {
        return false;
    }
    for (size_t i = 0; i < sizeof(UNITS) / sizeof(UNITS[0]); i++) {
        if (strcmp(word + digits, UNITS[i].name) == 0 && number <= INT32_MAX / UNITS[i].ms) {
            *out_ms = (uint32_t)number * UNITS[i].ms;
            return true;
        }
    }
    return false;
}

/* How many words of the request `words` covers; 0: it does not match. */
static unsigned matched_words(const struct cli_command *command, const char *const *words,
                              unsigned count)
{
    struct slice rest = slice_from_string(command->words);
    struct slice word;
    unsigned matched = 0;
    while (slice_next_token(&rest, ' ', &word)) {
        if (matched == count || !slice_equal(word, slice_from_string(words[matched]))) {
            return 0;
        }
        matched++;
    }
    return matched;
}

const struct cli_command *cli_find_command(struct cli_request *request)
{
    const struct cli_command *best = NULL;
    unsigned best_words = 0;
    for (const struct cli_command *const *table = CLI_TABLES; *table != NULL; table++) {
        for (const struct cli_command *command = *table; command->words != NULL; command++) {
            unsigned words = matched_words(command, request->words, request->count);
            if (words > best_words) {
                best = command;
                best_words = words;
            }
        }
    }
    if (best != NULL && best->level > request->modes->level) {
        text_append_string(request->out, "Permission denied\n");
        return NULL;
    }
    if (best == NULL) {
        text_append_format(
            request->out,
            "Unknown command: '%s', but maybe one of the following ones is a better match:\n",
            cli_word(request, 0));
        unsigned kept = request->count > 0 ? 1 : 0;
        cli_append_help(request->out, request->modes->level, request->words, kept);
    }
    return best;
}

static bool begins_with(const struct cli_command *command, const char *const *prefix,
                        unsigned count)
{
    struct slice rest = slice_from_string(command->words);
    struct slice word;
    for (unsigned i = 0; i < count; i++) {
        if (!slice_next_token(&rest, ' ', &word) ||
            !slice_starts_with(word, slice_from_string(prefix[i]))) {
            return false;
        }
    }
    return true;
}

/* "  words [args]      : what" */
static void append_row(struct text *text, const struct cli_command *command)
{
    enum { USAGE_COLUMN = 39 };
    struct slice usage = slice_from_string(command->usage);
    struct slice arguments = slice_first(usage, slice_find_char(usage, ':'));
    struct slice what = slice_trim(slice_skip(usage, arguments.length + 1));
    size_t start = text->length;
    arguments = slice_trim(arguments);
    text_append_format(text, "  %s%s", command->words, arguments.length > 0 ? " " : "");
    text_append(text, arguments);
    size_t length = text->length - start;
    size_t gap = length < USAGE_COLUMN + 2 ? USAGE_COLUMN + 2 - length : 0;
    text_append_format(text, "%*s: ", (int)gap + 1, " ");
    text_append(text, what);
    text_append_char(text, '\n');
}

static unsigned append_rows(struct text *text, enum cli_level level, const char *const *prefix,
                            unsigned count)
{
    unsigned rows = 0;
    for (const struct cli_command *const *table = CLI_TABLES; *table != NULL; table++) {
        for (const struct cli_command *command = *table; command->words != NULL; command++) {
            if (command->usage != NULL && command->level <= level &&
                begins_with(command, prefix, count)) {
                append_row(text, command);
                rows++;
            }
        }
    }
    return rows;
}

void cli_append_help(struct text *text, enum cli_level level, const char *const *prefix,
                     unsigned prefix_count)
{
    if (prefix_count == 0 || append_rows(text, level, prefix, prefix_count) == 0) {
        append_rows(text, level, NULL, 0);
    }
    text_append_string(
        text, "  help [<command>]                        : list matching or all commands\n"
              "  prompt [help | n | i | p | timed]*      : toggle interactive mode with prompt\n"
              "  quit                                    : disconnect\n");
}
