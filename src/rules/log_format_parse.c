/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling log-format strings (section 8.2.6) by one pass over the text:
 *
 *   text | separator | %(name:type){flags}alias | %(name:type){flags}[expression]
 *
 * "%{+Q}o" is no item: it sets the flags of all items behind it. In logs and unique ids a run of
 * spaces is a separator. Memory: items and their texts belong to the configuration.
 */
#include "rules/log_format.h"

#include <ctype.h>
#include <string.h>

#include "memory/memory.h"
#include "rules/log_format_internal.h"
#include "rules/parser.h"

/* A compilation under way. */
struct compiling {
    struct rule_parser *parser;
    struct log_format *format;
    const char *whole;    /* the string, for messages */
    const char *position; /* what comes next */
    unsigned defaults;    /* flags of items from here on */
};

/* What stands between '%' and the item's own name. */
struct prefix {
    unsigned flags;
    enum log_cast cast;
    struct slice name;
    struct slice arguments; /* as written, for messages */
    bool has_arguments;
};

/* ---- items ---- */

static struct log_item *add_item(struct compiling *compiling, enum item_kind kind)
{
    struct log_item *item = memory_take(compiling->parser->account, sizeof(*item));
    if (item == NULL) {
        return NULL;
    }
    item->kind = kind;
    item->flags = compiling->defaults;
    list_append(&compiling->format->items, &item->link);
    compiling->format->items_count++;
    return item;
}

static void destroy_item(struct account *account, struct log_item *item)
{
    memory_release(account, (char *)item->text.data);
    memory_release(account, item->name);
    sample_expression_destroy(account, item->expression);
    memory_release(account, item);
}

void log_format_destroy(struct account *account, struct log_format *format)
{
    if (format == NULL) {
        return;
    }
    LIST_EACH_SAFE(link, &format->items) {
        list_remove(link);
        destroy_item(account, container_of(link, struct log_item, link));
    }
    memory_release(account, format);
}

/* ---- flags, names ---- */

struct flag_name {
    const char *name;
    unsigned flag;
};

static const struct flag_name flag_names[] = {
    {"E", LOG_ESCAPE},  {"M", LOG_MANDATORY}, {"Q", LOG_QUOTE},
    {"X", LOG_HEX},     {"bin", LOG_BINARY},  {"cbor", LOG_CBOR},
    {"json", LOG_JSON}, {"utf8", LOG_UTF8},   {NULL, 0},
};

static unsigned find_flag(struct slice name)
{
    for (const struct flag_name *row = flag_names; row->name != NULL; row++) {
        if (slice_equal(name, slice_from_string(row->name))) {
            return row->flag;
        }
    }
    return 0;
}

/* Applies "+Q,-X,+json" to `flags`. An unknown one is ignored with a warning, as HAProxy ignores
 * it. */
static unsigned apply_flags(struct rule_parser *parser, struct slice list, unsigned flags)
{
    struct slice part;
    while (slice_next_token(&list, ',', &part)) {
        bool is_removed = slice_starts_with(part, SLICE("-"));
        bool has_sign = is_removed || slice_starts_with(part, SLICE("+"));
        struct slice name = slice_skip(part, has_sign ? 1 : 0);
        unsigned flag = find_flag(name);
        if (flag == 0) {
            parser_warn(parser, "unknown log-format flag '%.*s' is ignored", (int)name.length,
                        name.data);
        }
        /* One encoding at a time: the last wins. */
        if ((flag & LOG_ENCODINGS) != 0 && !is_removed) {
            flags &= ~(unsigned)LOG_ENCODINGS;
        }
        flags = is_removed ? flags & ~flag : flags | flag;
    }
    return flags;
}

/* Cuts the part up to `closing` off the position; false when it is missing. */
static bool take_bracketed(struct compiling *compiling, char closing, struct slice *inside)
{
    const char *start = compiling->position + 1;
    const char *end = strchr(start, closing);
    if (end == NULL) {
        return false;
    }
    *inside = slice_of(start, (size_t)(end - start));
    compiling->position = end + 1;
    return true;
}

static enum result parse_cast(struct rule_parser *parser, struct slice name, struct prefix *prefix)
{
    size_t colon = slice_find_char(name, ':');
    struct slice type = slice_skip(name, colon + 1);
    prefix->name = slice_first(name, colon);
    prefix->cast = LOG_CAST_NONE;
    if (colon == name.length || type.length == 0) {
        return RESULT_OK;
    }
    if (slice_equal(type, SLICE("str"))) {
        prefix->cast = LOG_CAST_STRING;
    } else if (slice_equal(type, SLICE("sint"))) {
        prefix->cast = LOG_CAST_INTEGER;
    } else if (slice_equal(type, SLICE("bool"))) {
        prefix->cast = LOG_CAST_BOOL;
    } else {
        return parser_fail(parser,
                           "unexpected type '%.*s' for '%.*s': 'str', 'sint' or 'bool' "
                           "are expected",
                           (int)type.length, type.data, (int)prefix->name.length,
                           prefix->name.data);
    }
    return RESULT_OK;
}

/* Parses "(name:type)" and "{flags}" behind a '%'. */
static enum result parse_prefix(struct compiling *compiling, struct prefix *prefix)
{
    *prefix = (struct prefix){.flags = compiling->defaults};
    if (*compiling->position == '(') {
        struct slice name;
        const char *start = compiling->position;
        if (!take_bracketed(compiling, ')', &name)) {
            return parser_fail(compiling->parser, "truncated line after '%%%s'", start);
        }
        enum result result = parse_cast(compiling->parser, name, prefix);
        if (result != RESULT_OK) {
            return result;
        }
    }
    if (*compiling->position == '{') {
        const char *start = compiling->position;
        if (!take_bracketed(compiling, '}', &prefix->arguments)) {
            return parser_fail(compiling->parser, "truncated line after '%%%s'", start);
        }
        prefix->has_arguments = true;
        prefix->flags = apply_flags(compiling->parser, prefix->arguments, compiling->defaults);
    }
    return RESULT_OK;
}

static enum result finish_item(struct compiling *compiling, struct log_item *item,
                               const struct prefix *prefix)
{
    item->flags = prefix->flags;
    item->cast = prefix->cast;
    if (prefix->name.length == 0) {
        return RESULT_OK;
    }
    item->name = memory_copy_string(compiling->parser->account, prefix->name);
    return item->name == NULL ? parser_fail_memory(compiling->parser) : RESULT_OK;
}

/* ---- aliases and expressions ---- */

/* Longest alias name worth comparing and showing. */
enum { ALIAS_NAME_SIZE = 32 };

static enum result fail_alias(struct rule_parser *parser, struct slice name)
{
    char copy[ALIAS_NAME_SIZE];
    struct text text = text_over(copy, sizeof(copy));
    text_append(&text, name);
    const char *close = log_alias_suggest(copy);
    return parser_fail(parser,
                       "no such format alias '%s'%s%s%s. If you wanted to emit the '%%' character "
                       "verbatim, you need to use '%%%%'",
                       copy, close == NULL ? "" : " (did you mean '", close == NULL ? "" : close,
                       close == NULL ? "" : "' maybe ?)");
}

static enum result parse_alias(struct compiling *compiling, const struct prefix *prefix)
{
    const char *start = compiling->position;
    while (isalnum((unsigned char)*compiling->position)) {
        compiling->position++;
    }
    struct slice name = slice_of(start, (size_t)(compiling->position - start));
    if (slice_equal(name, SLICE("o"))) {
        compiling->defaults = prefix->flags;
        return RESULT_OK;
    }
    const struct log_alias *alias = log_alias_find(name);
    if (alias == NULL) {
        return fail_alias(compiling->parser, name);
    }
    struct log_item *item = add_item(compiling, ITEM_ALIAS);
    if (item == NULL) {
        return parser_fail_memory(compiling->parser);
    }
    item->alias = alias;
    if (slice_equal(name, SLICE("ID"))) {
        compiling->format->has_unique_id = true;
    }
    return finish_item(compiling, item, prefix);
}

/*
 * The end of an expression: the ']' that is neither quoted nor between parentheses. In parentheses
 * quotes hide everything up to their end, elsewhere a backslash hides the next byte.
 */
static const char *find_expression_end(const char *start)
{
    char quote = '\0';
    bool is_inside = false;
    for (const char *c = start; *c != '\0'; c++) {
        if (*c == '\\' && quote != '\'' && c[1] != '\0') {
            c++;
        } else if (quote != '\0') {
            quote = *c == quote ? '\0' : quote;
        } else if (is_inside && (*c == '"' || *c == '\'')) {
            quote = *c;
        } else if (*c == '(') {
            is_inside = true;
        } else if (*c == ')') {
            is_inside = false;
        } else if (*c == ']' && !is_inside) {
            return c;
        }
    }
    return NULL;
}

static enum result compile_expression(struct compiling *compiling, struct log_item *item,
                                      struct slice source)
{
    struct rule_parser *parser = compiling->parser;
    char *word = memory_copy_string(parser->account, source);
    if (word == NULL) {
        return parser_fail_memory(parser);
    }
    const char *words[] = {word};
    unsigned used = 0;
    enum result result = sample_parse(parser, words, 1, &used, &item->expression);
    memory_release(parser->account, word);
    return result;
}

static enum result parse_expression(struct compiling *compiling, const struct prefix *prefix)
{
    const char *start = compiling->position + 1;
    const char *end = find_expression_end(start);
    if (end == NULL) {
        return parser_fail(compiling->parser, "missing ']' after '%s'", start);
    }
    struct log_item *item = add_item(compiling, ITEM_EXPRESSION);
    if (item == NULL) {
        return parser_fail_memory(compiling->parser);
    }
    enum result result =
        compile_expression(compiling, item, slice_of(start, (size_t)(end - start)));
    if (result != RESULT_OK) {
        return result;
    }
    compiling->position = end + 1;
    return finish_item(compiling, item, prefix);
}

/* ---- text ---- */

/* Adds literal text, joined to a text right in front of it. */
static enum result add_text(struct compiling *compiling, struct slice text)
{
    struct account *account = compiling->parser->account;
    struct list *last = compiling->format->items.previous;
    struct log_item *item = NULL;
    if (last != &compiling->format->items) {
        item = container_of(last, struct log_item, link);
    }
    if (item == NULL || item->kind != ITEM_TEXT) {
        item = add_item(compiling, ITEM_TEXT);
    }
    if (item == NULL) {
        return parser_fail_memory(compiling->parser);
    }
    char *joined =
        memory_resize(account, (char *)item->text.data, item->text.length + text.length + 1);
    if (joined == NULL) {
        return parser_fail_memory(compiling->parser);
    }
    memcpy(joined + item->text.length, text.data, text.length);
    item->text = slice_of(joined, item->text.length + text.length);
    joined[item->text.length] = '\0';
    return RESULT_OK;
}

static bool merges_spaces(const struct compiling *compiling)
{
    enum log_format_use use = compiling->format->use;
    return use == LOG_FORMAT_FOR_LOG || use == LOG_FORMAT_FOR_ID;
}

/* Adds text up to the next '%' (or separator). */
static enum result parse_text(struct compiling *compiling)
{
    size_t length = strcspn(compiling->position, merges_spaces(compiling) ? "% " : "%");
    struct slice text = slice_of(compiling->position, length);
    compiling->position += length;
    return add_text(compiling, text);
}

static enum result parse_separator(struct compiling *compiling)
{
    compiling->position += strspn(compiling->position, " ");
    return add_item(compiling, ITEM_SEPARATOR) == NULL ? parser_fail_memory(compiling->parser)
                                                       : RESULT_OK;
}

/* Parses what begins with '%'. */
static enum result parse_item(struct compiling *compiling)
{
    const char *percent = compiling->position;
    compiling->position++;
    if (*compiling->position == '%') {
        compiling->position++;
        return add_text(compiling, SLICE("%"));
    }
    struct prefix prefix;
    enum result result = parse_prefix(compiling, &prefix);
    if (result != RESULT_OK) {
        return result;
    }
    char next = *compiling->position;
    if (next == '[') {
        return parse_expression(compiling, &prefix);
    }
    if (isalpha((unsigned char)next)) {
        return parse_alias(compiling, &prefix);
    }
    if (prefix.has_arguments) {
        return parser_fail(compiling->parser,
                           "parse argument modifier without alias name near '%%{%.*s}'",
                           (int)prefix.arguments.length, prefix.arguments.data);
    }
    if (next == '\0') {
        return parser_fail(compiling->parser, "truncated line after '%s'", percent);
    }
    if (isdigit((unsigned char)next) || next == ' ' || next == '\t' || percent[1] == '(') {
        return parser_fail(compiling->parser,
                           "unexpected alias name near '%c' at position %zu line : '%s'. Maybe you "
                           "want to write a single '%%', use the syntax '%%%%'",
                           next, (size_t)(percent - compiling->whole) + 1, compiling->whole);
    }
    /* A '%' in front of anything else is left out, as in HAProxy. */
    return RESULT_OK;
}

static enum result parse_next(struct compiling *compiling)
{
    if (*compiling->position == '%') {
        return parse_item(compiling);
    }
    if (*compiling->position == ' ' && merges_spaces(compiling)) {
        return parse_separator(compiling);
    }
    return parse_text(compiling);
}

static unsigned flags_of_use(enum log_format_use use)
{
    switch (use) {
    case LOG_FORMAT_FOR_LOG:
        return LOG_MANDATORY | LOG_SAFE;
    case LOG_FORMAT_FOR_HTTP:
    case LOG_FORMAT_FOR_ID:
        return LOG_HTTP;
    case LOG_FORMAT_FOR_STRING:
        return 0;
    }
    return 0;
}

enum result log_format_parse_for(struct rule_parser *parser, const char *format,
                                 enum log_format_use use, struct log_format **out)
{
    struct log_format *compiled = memory_take(parser->account, sizeof(*compiled));
    if (compiled == NULL) {
        return parser_fail_memory(parser);
    }
    list_init(&compiled->items);
    compiled->use = use;
    struct compiling compiling = {
        .parser = parser,
        .format = compiled,
        .whole = format,
        .position = format,
        .defaults = flags_of_use(use),
    };
    enum result result = RESULT_OK;
    while (result == RESULT_OK && *compiling.position != '\0') {
        result = parse_next(&compiling);
    }
    if (result != RESULT_OK) {
        log_format_destroy(parser->account, compiled);
        return result;
    }
    compiled->global = compiling.defaults & (LOG_ENCODINGS | LOG_BINARY | LOG_UTF8);
    *out = compiled;
    return RESULT_OK;
}
