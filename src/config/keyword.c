/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding keywords in the tables, and the helpers that every handler uses: failing a line,
 * warnings, memory of the configuration, parsers for rules. A line that fails leaves its message in
 * reader->error; reader.c adds the place. Bounded by one message a line.
 */
#include "config/keyword.h"

#include <limits.h>
#include <stdarg.h>
#include <string.h>

#include "base/number.h"
#include "rules/suggestion.h"

static const struct config_keyword *const TABLES[] = {
    KEYWORDS_GLOBAL,  KEYWORDS_PROXY,    KEYWORDS_OPTIONS, KEYWORDS_RULES,
    KEYWORDS_SERVERS, KEYWORDS_BIND,     KEYWORDS_LOG,     KEYWORDS_STATISTICS,
    KEYWORDS_ERRORS,  KEYWORDS_USERLIST, KEYWORDS_CHECK,   NULL,
};

enum result config_fail(struct config_reader *reader, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&reader->error, format, arguments);
    va_end(arguments);
    return RESULT_INVALID;
}

static void report(struct config_reader *reader, enum report_severity severity, const char *file,
                   unsigned line, const char *message)
{
    char buffer[CONFIG_ERROR_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    text_append_format(&text, "parsing [%s:%u] : %s", file, line, message);
    reader->input->report->write(reader->input->report->argument, severity, buffer);
}

void config_warn(struct config_reader *reader, const char *format, ...)
{
    char buffer[CONFIG_ERROR_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&text, format, arguments);
    va_end(arguments);
    reader->configuration->warnings++;
    report(reader, REPORT_WARNING, reader->file, reader->line, buffer);
}

void config_alert_at(struct config_reader *reader, const char *file, unsigned line,
                     const char *format, ...)
{
    char buffer[CONFIG_ERROR_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&text, format, arguments);
    va_end(arguments);
    reader->alerts++;
    report(reader, REPORT_ALERT, file, line, buffer);
}

/* A plain block of the configuration: all are released together. */
struct config_block {
    struct list link;
    char bytes[];
};

void *config_take(struct config_reader *reader, size_t bytes)
{
    struct config_block *block = memory_take(reader->account, sizeof(*block) + bytes);
    if (block == NULL) {
        (void)config_fail(reader, "out of memory");
        return NULL;
    }
    list_append(&reader->configuration->blocks, &block->link);
    return block->bytes;
}

void config_release_blocks(struct configuration *configuration)
{
    LIST_EACH_SAFE(link, &configuration->blocks) {
        list_remove(link);
        memory_release(configuration->account, container_of(link, struct config_block, link));
    }
}

const char *config_copy(struct config_reader *reader, const char *word)
{
    size_t size = strlen(word) + 1;
    char *copy = config_take(reader, size);
    if (copy != NULL) {
        memcpy(copy, word, size);
    }
    return copy;
}

struct rule_parser config_rule_parser(struct config_reader *reader, unsigned capabilities)
{
    return (struct rule_parser){
        .registry = reader->input->registry,
        .account = reader->account,
        .file = reader->file,
        .line = reader->line,
        .error = &reader->error,
        .acls = reader->proxy != NULL ? reader->proxy->acls : NULL,
        .patterns = reader->configuration->patterns,
        .variables = reader->configuration->variables,
        .userlists = reader->configuration->userlists,
        .capabilities = capabilities,
    };
}

/* ---- finding ---- */

/* How many of the line's words the keyword's name covers; 0: it does not match. */
static unsigned matched_words(const struct config_keyword *keyword, const char *const *words,
                              unsigned count)
{
    struct slice rest = slice_from_string(keyword->name);
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

static const struct config_keyword *find(const struct config_reader *reader,
                                         const char *const *words, unsigned count,
                                         unsigned *words_used)
{
    const struct config_keyword *best = NULL;
    *words_used = 0;
    for (const struct config_keyword *const *table = TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            unsigned matched = matched_words(row, words, count);
            bool is_here = (row->sections & reader->section) != 0;
            if (matched > *words_used || (matched == *words_used && matched > 0 && is_here)) {
                best = row;
                *words_used = matched;
            }
        }
    }
    return best;
}

static enum result fail_unknown(struct config_reader *reader, const char *word)
{
    const char *second = reader->words->words[1];
    bool is_group =
        strcmp(word, "option") == 0 || strcmp(word, "timeout") == 0 || strcmp(word, "stats") == 0;
    if (is_group && second != NULL && word == reader->words->words[0]) {
        return config_fail(reader, "'%s' : unknown or not supported by weir: '%s'", word, second);
    }
    if (config_is_haproxy_keyword(word)) {
        return config_fail(reader, "keyword '%s' in '%s' section is not supported by weir yet",
                           word, reader->section_name);
    }
    struct suggestion suggestion = {0};
    for (const struct config_keyword *const *table = TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            if ((row->sections & reader->section) != 0) {
                suggestion_offer(&suggestion, word, row->name);
            }
        }
    }
    if (suggestion.best != NULL) {
        return config_fail(reader,
                           "unknown keyword '%s' in '%s' section; did you mean '%s' maybe ?", word,
                           reader->section_name, suggestion.best);
    }
    return config_fail(reader, "unknown keyword '%s' in '%s' section", word, reader->section_name);
}

static enum result check_count(struct config_reader *reader, const struct config_keyword *keyword,
                               const char *const *arguments, unsigned count)
{
    if (count < keyword->least) {
        return config_fail(reader, "'%s' expects %s as argument%s", keyword->name, keyword->usage,
                           keyword->least > 1 ? "s" : "");
    }
    if (count > keyword->most) {
        return config_fail(reader, "'%s' cannot handle unexpected argument '%s' (expects %s)",
                           keyword->name, arguments[keyword->most], keyword->usage);
    }
    return RESULT_OK;
}

enum result config_run_keyword(struct config_reader *reader)
{
    const char *const *words = reader->words->words;
    unsigned count = reader->words->count;
    reader->is_negated = strcmp(words[0], "no") == 0 && count > 1;
    reader->is_default = strcmp(words[0], "default") == 0 && count > 1;
    unsigned skipped = reader->is_negated || reader->is_default ? 1 : 0;
    words += skipped;
    count -= skipped;
    unsigned used = 0;
    const struct config_keyword *keyword = find(reader, words, count, &used);
    if (keyword == NULL) {
        return fail_unknown(reader, words[0]);
    }
    if ((keyword->sections & reader->section) == 0) {
        return config_fail(reader, "keyword '%s' is not allowed in '%s' section", keyword->name,
                           reader->section_name);
    }
    if (skipped > 0 && !keyword->may_negate) {
        return config_fail(reader, "negation or default is not supported for keyword '%s'",
                           keyword->name);
    }
    enum result result = check_count(reader, keyword, words + used, count - used);
    return result == RESULT_OK ? keyword->read(reader, words + used, count - used, keyword)
                               : result;
}
