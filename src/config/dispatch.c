/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a line's first words to its keyword: the longest name in the tables that may stand in this
 * section. When there is none, the most helpful answer is looked for: HAProxy had it once, it
 * belongs into another section, weir does not have it yet, it is misspelt. Constant tables, no
 * memory.
 */
#include <limits.h>
#include <string.h>

#include "config/catalog.h"
#include "config/keyword.h"
#include "rules/suggestion.h"

const struct config_keyword *const KEYWORD_TABLES[] = {
    KEYWORDS_GLOBAL,     KEYWORDS_ENVIRONMENT, KEYWORDS_SSL,     KEYWORDS_TUNE,   KEYWORDS_QUIC,
    KEYWORDS_PROXY,      KEYWORDS_OPTIONS,     KEYWORDS_BALANCE, KEYWORDS_RULES,  KEYWORDS_CAPTURE,
    KEYWORDS_SERVERS,    KEYWORDS_BIND,        KEYWORDS_LOG,     KEYWORDS_ERRORS, KEYWORDS_USERLIST,
    KEYWORDS_STATISTICS, KEYWORDS_CHECK,       KEYWORDS_COOKIE,  KEYWORDS_RING,   NULL,
};

/* What begins so tunes machinery, and can be passed over where that machinery is not. */
static const char TUNE[] = "tune.";

/* The words of a line behind "no" or "default". */
struct line {
    const char *const *words;
    unsigned count;
};

/* The row that covers most of the words and stands in one of `sections`. */
static const struct config_keyword *find(const struct line *line, unsigned sections, unsigned *used)
{
    const struct config_keyword *best = NULL;
    *used = 0;
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            bool is_here = (row->sections & sections) != 0;
            unsigned matched =
                is_here ? config_match_keyword(row->name, line->words, line->count) : 0;
            if (matched > *used) {
                best = row;
                *used = matched;
            }
        }
    }
    return best;
}

/* ---- what is not there ---- */

/* Whether `name` has several words of which the first is `word`; `*rest` is what follows. */
static bool is_in_group(const char *name, const char *word, const char **rest)
{
    size_t length = strlen(word);
    *rest = name + length + 1;
    return strncmp(name, word, length) == 0 && name[length] == ' ';
}

/* The keywords of a group ("timeout") in the reader's section. */
struct group {
    char bytes[CONFIG_ERROR_SIZE];
    struct text names; /* "'a', 'b', 'c'" */
    struct suggestion suggestion;
};

static void collect_group(const struct config_reader *reader, const struct line *line,
                          struct group *group)
{
    const char *given = line->count > 1 ? line->words[1] : "";
    group->names = text_over(group->bytes, sizeof(group->bytes));
    group->suggestion = (struct suggestion){0};
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            const char *rest = NULL;
            if ((row->sections & reader->section) == 0 ||
                !is_in_group(row->name, line->words[0], &rest)) {
                continue;
            }
            text_append_format(&group->names, "%s'%s'", group->names.length > 0 ? ", " : "", rest);
            suggestion_offer(&group->suggestion, given, rest);
        }
    }
}

static enum result fail_in_group(struct config_reader *reader, const struct line *line,
                                 const struct group *group)
{
    const char *given = line->count > 1 ? line->words[1] : "";
    char bytes[CONFIG_ERROR_SIZE];
    struct text hint = text_over(bytes, sizeof(bytes));
    if (group->suggestion.best != NULL) {
        text_append_format(&hint, "; did you mean '%s' maybe ?", group->suggestion.best);
    }
    if (strcmp(line->words[0], "option") != 0) {
        return config_fail(reader, "'%s' supports %s (got '%s')%s", line->words[0],
                           group->names.data, given, hint.data);
    }
    return line->count > 1 ? config_fail(reader, "unknown option '%s'%s%s", given, hint.data,
                                         hint.length == 0 ? "." : "")
                           : config_fail(reader, "'option' expects an option name.");
}

/* Keeps the row when the first word of its name is closer to `word` than those before. */
static void offer_row(struct suggestion *suggestion, const char *word,
                      const struct config_keyword *row)
{
    char first[SUGGESTION_WORD_BYTES_MAX + 1];
    struct text text = text_over(first, sizeof(first));
    struct slice name = slice_from_string(row->name);
    text_append(&text, slice_first(name, slice_find_char(name, ' ')));
    suggestion_offer(suggestion, word, first);
    if (suggestion->best == first) {
        suggestion->best = row->name;
    }
}

static enum result fail_misspelt(struct config_reader *reader, const char *word)
{
    struct suggestion suggestion = {0};
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            if ((row->sections & reader->section) != 0) {
                offer_row(&suggestion, word, row);
            }
        }
    }
    if (suggestion.best == NULL) {
        return config_fail(reader, "unknown keyword '%s' in '%s' section", word,
                           reader->section_name);
    }
    size_t length = slice_find_char(slice_from_string(suggestion.best), ' ');
    return config_fail(reader, "unknown keyword '%s' in '%s' section; did you mean '%.*s' maybe ?",
                       word, reader->section_name, (int)length, suggestion.best);
}

/* Whether a group of keywords begins with `word` of which weir has none. */
static bool is_group_known(unsigned sections, const char *word)
{
    const char *rest = NULL;
    bool is_known = false;
    for (const struct catalog_keyword *row = CATALOG_KEYWORDS; row->name != NULL; row++) {
        is_known |= (row->sections & sections) != 0 && is_in_group(row->name, word, &rest);
    }
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            if ((row->sections & sections) != 0 && is_in_group(row->name, word, &rest)) {
                return false;
            }
        }
    }
    return is_known;
}

static enum result fail_unknown(struct config_reader *reader, const struct line *line)
{
    const char *word = line->words[0];
    bool is_option = strcmp(word, "option") == 0 && line->count > 1;
    char bytes[CONFIG_ERROR_SIZE];
    struct text removed = text_over(bytes, sizeof(bytes));
    if (catalog_describe_removed(is_option ? line->words[1] : word, is_option, &removed)) {
        return config_fail(reader, "%s", removed.data);
    }
    bool is_proxy = (reader->section & SECTION_PROXY) != 0;
    unsigned sections = is_proxy ? SECTION_PROXY : (unsigned)reader->section;
    const struct catalog_keyword *known = catalog_find(sections, line->words, line->count);
    if (known != NULL && strncmp(known->name, TUNE, sizeof(TUNE) - 1) == 0) {
        config_note_without_meaning(reader, known->name);
        return RESULT_OK;
    }
    if (known != NULL) {
        return config_fail(reader, "keyword '%s' in '%s' section is not supported by weir yet",
                           known->name, reader->section_name);
    }
    if (is_group_known(sections, word)) {
        return config_fail(reader, "keyword '%s' in '%s' section is not supported by weir yet",
                           word, reader->section_name);
    }
    struct group group;
    collect_group(reader, line, &group);
    return group.names.length > 0 ? fail_in_group(reader, line, &group)
                                  : fail_misspelt(reader, word);
}

/* ---- what is there, but not here ---- */

static enum result refuse_elsewhere(struct config_reader *reader,
                                    const struct config_keyword *keyword)
{
    if (reader->section == SECTION_DEFAULTS) {
        return config_fail(reader, "'%s' not allowed in 'defaults' section.", keyword->name);
    }
    const char *lacks = (keyword->sections & SECTION_FRONTEND) != 0 ? "frontend" : "backend";
    const char *role = config_role_name(reader->proxy);
    if ((keyword->flags & KEYWORD_FAILS_ELSEWHERE) != 0) {
        return config_fail(reader, "'%s' not allowed because %s '%s' has no %s capability.",
                           keyword->name, role, reader->proxy->name, lacks);
    }
    config_warn(reader, "'%s' ignored because %s '%s' has no %s capability.", keyword->name, role,
                reader->proxy->name, lacks);
    return RESULT_OK;
}

/* ---- checks before the handler ---- */

static enum result check_prefix(struct config_reader *reader, const struct config_keyword *keyword)
{
    bool has_prefix = reader->is_negated || reader->is_default;
    const char *option = NULL;
    if (!has_prefix || (keyword->flags & KEYWORD_MAY_NEGATE) != 0) {
        return RESULT_OK;
    }
    if (is_in_group(keyword->name, "option", &option)) {
        return config_fail(reader, "negation/default is not supported for option '%s'.", option);
    }
    return config_fail(reader, "negation/default currently supported only for options, log, "
                               "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted "
                               "and numa-cpu-mapping.");
}

static enum result check_defaults(struct config_reader *reader,
                                  const struct config_keyword *keyword)
{
    bool is_anonymous = reader->section == SECTION_DEFAULTS && reader->proxy->name == NULL;
    if (is_anonymous && (keyword->flags & KEYWORD_NAMED_DEFAULTS) != 0) {
        return config_fail(reader, "'%s' not allowed in anonymous 'defaults' section.",
                           keyword->name);
    }
    return RESULT_OK;
}

static enum result check_count(struct config_reader *reader, const struct config_keyword *keyword,
                               const char *const *arguments, unsigned count)
{
    if (count < keyword->least) {
        return config_fail(reader, "'%s' %s.", keyword->name, keyword->expects);
    }
    if (count > keyword->most) {
        return config_fail(reader, "'%s' cannot handle unexpected argument '%s'.", keyword->name,
                           arguments[keyword->most]);
    }
    return RESULT_OK;
}

/* The words up to the first empty one, which ends a line's arguments as in HAProxy. */
static struct line cut_at_empty(struct config_reader *reader)
{
    struct line line = {reader->words->words, 0};
    while (line.count < reader->words->count && line.words[line.count][0] != '\0') {
        line.count++;
    }
    if (line.count + 1 < reader->words->count && line.count > 0) {
        config_warn(reader, "argument number %u is empty and marks the end of the argument list",
                    line.count);
    }
    return line;
}

static void skip_prefix(struct config_reader *reader, struct line *line)
{
    reader->is_negated = line->count > 1 && strcmp(line->words[0], "no") == 0;
    reader->is_default = line->count > 1 && strcmp(line->words[0], "default") == 0;
    if (reader->is_negated || reader->is_default) {
        line->words++;
        line->count--;
    }
}

enum result config_run_keyword(struct config_reader *reader)
{
    struct line line = cut_at_empty(reader);
    if (line.count == 0) {
        return RESULT_OK;
    }
    skip_prefix(reader, &line);
    unsigned used = 0;
    unsigned used_elsewhere = 0;
    const struct config_keyword *keyword = find(&line, reader->section, &used);
    if (reader->proxy != NULL) {
        const struct config_keyword *other = find(&line, SECTION_PROXY, &used_elsewhere);
        if (used_elsewhere > used) {
            return refuse_elsewhere(reader, other);
        }
    }
    if (keyword == NULL) {
        return fail_unknown(reader, &line);
    }
    const char *const *arguments = line.words + used;
    unsigned count = line.count - used;
    enum result result = check_prefix(reader, keyword);
    result = result == RESULT_OK ? check_defaults(reader, keyword) : result;
    if (result == RESULT_OK && !reader->is_negated) {
        result = check_count(reader, keyword, arguments, count);
    }
    return result == RESULT_OK ? keyword->read(reader, arguments, count, keyword) : result;
}
