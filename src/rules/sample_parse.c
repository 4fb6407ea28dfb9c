/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling expressions: "fetch(args),converter(args),…" of one or several words, by the tables of
 * the registry. Types are followed from the fetch to the last converter, so that an expression that
 * cannot work is refused while the configuration is read.
 *
 * Memory: the expression, its steps and arguments are charged to the parser's account and live as
 * long as the configuration.
 */
#include "rules/sample_internal.h"

#include <string.h>

#include "base/text.h"
#include "memory/memory.h"
#include "rules/parser.h"
#include "rules/rule.h"
#include "rules/suggestion.h"

/* Room for the name of a keyword in a message. */
enum { KEYWORD_BYTES_MAX = 64 };

/* One expression being compiled: `in` walks through the first word, then the others. */
struct compiling {
    struct rule_parser *parser;
    struct sample_expression *expression;
    const char *in;
    const char *const *more; /* the following words */
    unsigned more_count;
    unsigned words_used;
    bool wants_form; /* ACL forms of fetches are allowed */
    struct slice form;
};

/* ---- names ---- */

/* Bytes of the keyword at the start of `in`. */
static struct slice take_keyword(const char *in)
{
    return slice_of(in, strcspn(in, "(,)"));
}

static const struct sample_fetch *find_fetch(const struct rule_registry *registry,
                                             struct slice name)
{
    for (const struct sample_fetch *const *table = registry->fetches; *table != NULL; table++) {
        for (const struct sample_fetch *row = *table; row->name != NULL; row++) {
            if (slice_equal(slice_from_string(row->name), name)) {
                return row;
            }
        }
    }
    return NULL;
}

static const struct sample_converter *find_converter(const struct rule_registry *registry,
                                                     struct slice name)
{
    for (const struct sample_converter *const *table = registry->converters; *table != NULL;
         table++) {
        for (const struct sample_converter *row = *table; row->name != NULL; row++) {
            if (slice_equal(slice_from_string(row->name), name)) {
                return row;
            }
        }
    }
    return NULL;
}

static bool is_form(struct slice word)
{
    static const char *const FORMS[] = {"beg", "dir", "dom", "end", "len", "reg", "sub", NULL};
    for (const char *const *form = FORMS; *form != NULL; form++) {
        if (slice_equal(word, slice_from_string(*form))) {
            return true;
        }
    }
    return false;
}

/* "path_beg": the fetch that has forms, and the form behind the last '_'. */
static const struct sample_fetch *find_form(const struct rule_registry *registry, struct slice name,
                                            struct slice *form)
{
    size_t end = name.length;
    while (end > 0 && name.data[end - 1] != '_') {
        end--;
    }
    if (end <= 1 || !is_form(slice_skip(name, end))) {
        return NULL;
    }
    const struct sample_fetch *fetch = find_fetch(registry, slice_first(name, end - 1));
    if (fetch == NULL || (fetch->flags & FETCH_HAS_FORMS) == 0) {
        return NULL;
    }
    *form = slice_skip(name, end);
    return fetch;
}

/* Copies a keyword so that it can be compared with the tables' names. */
static void copy_keyword(char out[KEYWORD_BYTES_MAX], struct slice name)
{
    struct text text = text_over(out, KEYWORD_BYTES_MAX);
    text_append(&text, name);
}

static enum result fail_unknown(struct rule_parser *parser, const char *what, struct slice name,
                                const struct suggestion *suggestion)
{
    if (suggestion->best == NULL) {
        return parser_fail(parser, "unknown %s '%.*s'", what, (int)name.length, name.data);
    }
    return parser_fail(parser, "unknown %s '%.*s'; did you mean '%s' maybe ?", what,
                       (int)name.length, name.data, suggestion->best);
}

static enum result fail_unknown_fetch(struct rule_parser *parser, struct slice name)
{
    char word[KEYWORD_BYTES_MAX];
    struct suggestion suggestion = {0};
    copy_keyword(word, name);
    for (const struct sample_fetch *const *table = parser->registry->fetches; *table != NULL;
         table++) {
        for (const struct sample_fetch *row = *table; row->name != NULL; row++) {
            suggestion_offer(&suggestion, word, row->name);
        }
    }
    return fail_unknown(parser, "fetch method", name, &suggestion);
}

static enum result fail_unknown_converter(struct rule_parser *parser, struct slice name)
{
    char word[KEYWORD_BYTES_MAX];
    struct suggestion suggestion = {0};
    copy_keyword(word, name);
    for (const struct sample_converter *const *table = parser->registry->converters; *table != NULL;
         table++) {
        for (const struct sample_converter *row = *table; row->name != NULL; row++) {
            suggestion_offer(&suggestion, word, row->name);
        }
    }
    return fail_unknown(parser, "converter", name, &suggestion);
}

/* ---- places ---- */

struct place_name {
    unsigned places; /* all places of the fetch are among these */
    const char *name;
};

static const struct place_name place_names[] = {
    {SAMPLE_IN_LOG, "end of the stream"},
    {SAMPLE_IN_CHECK, "health check"},
    {SAMPLE_IN_REQUEST_CONTENT, "request buffer contents"},
    {SAMPLE_IN_RESPONSE_CONTENT, "response buffer contents"},
    {FETCH_OF_REQUEST, "HTTP request headers"},
    {FETCH_OF_RESPONSE, "HTTP response headers"},
    {FETCH_OF_SERVER, "server connection"},
    {FETCH_OF_STREAM, "stream"},
    {FETCH_OF_CLIENT, "client connection"},
    {FETCH_ANYWHERE, "internal state"},
    {0, NULL},
};

/* Whether the fetch has a value where the expression will be evaluated. */
static enum result check_place(struct compiling *compiling)
{
    struct rule_parser *parser = compiling->parser;
    const struct sample_fetch *fetch = compiling->expression->fetch;
    if (compiling->wants_form || parser->capabilities == 0 ||
        (fetch->places & parser->capabilities) != 0) {
        return RESULT_OK;
    }
    const struct place_name *place = place_names;
    while (place->name != NULL && (fetch->places & ~place->places) != 0) {
        place++;
    }
    return parser_fail(parser,
                       "fetch method '%s' extracts information from '%s', none of which is "
                       "available here",
                       fetch->name, place->name == NULL ? "unknown" : place->name);
}

/* ---- the fetch and its converters ---- */

static enum result compile_fetch(struct compiling *compiling)
{
    struct rule_parser *parser = compiling->parser;
    struct sample_expression *expression = compiling->expression;
    struct slice name = take_keyword(compiling->in);
    if (name.length == 0) {
        return parser_fail(parser, "missing fetch method");
    }
    expression->fetch = find_fetch(parser->registry, name);
    if (expression->fetch == NULL && compiling->wants_form) {
        expression->fetch = find_form(parser->registry, name, &compiling->form);
    }
    const struct sample_fetch *fetch = expression->fetch;
    if (fetch == NULL) {
        return fail_unknown_fetch(parser, name);
    }
    expression->type = fetch->type;
    compiling->in += name.length;
    enum result result =
        sample_arguments_parse(parser, fetch->name, &fetch->arguments, compiling->in,
                               &expression->arguments, &compiling->in);
    if (result == RESULT_INVALID) {
        return parser_fail(parser, "fetch method '%s' : %s", fetch->name, parser->error->data);
    }
    if (result == RESULT_OK && fetch->check != NULL) {
        result = fetch->check(parser, &expression->arguments, fetch->variant);
        if (result == RESULT_INVALID) {
            return parser_fail(parser, "invalid args in fetch method '%s' : %s", fetch->name,
                               parser->error->data);
        }
    }
    return result == RESULT_OK ? check_place(compiling) : result;
}

/* The type behind a converter. */
static enum sample_type type_behind(const struct sample_converter *converter, enum sample_type type)
{
    if (converter->output != SAMPLE_ANY) {
        return converter->output;
    }
    return converter->input == SAMPLE_ANY ? type : converter->input;
}

/* Parses and checks the arguments of a new step. */
static enum result compile_step_arguments(struct compiling *compiling, struct sample_step *step)
{
    struct rule_parser *parser = compiling->parser;
    const struct sample_converter *converter = step->converter;
    enum result result = sample_arguments_parse(parser, converter->name, &converter->arguments,
                                                compiling->in, &step->arguments, &compiling->in);
    if (result == RESULT_INVALID) {
        return parser_fail(parser, "converter '%s' : %s", converter->name, parser->error->data);
    }
    if (result == RESULT_OK && converter->check != NULL) {
        result = converter->check(parser, &step->arguments, converter->variant);
        if (result == RESULT_INVALID) {
            return parser_fail(parser, "invalid args in converter '%s' : %s", converter->name,
                               parser->error->data);
        }
    }
    return result;
}

static enum result compile_converter(struct compiling *compiling,
                                     const struct sample_converter *converter)
{
    struct rule_parser *parser = compiling->parser;
    struct sample_expression *expression = compiling->expression;
    if (!sample_can_cast(expression->type, converter->input)) {
        return parser_fail(parser, "converter '%s' cannot be applied", converter->name);
    }
    struct sample_step *steps = memory_resize(parser->account, expression->steps,
                                              (expression->steps_count + 1) * sizeof(*steps));
    if (steps == NULL) {
        return parser_fail_memory(parser);
    }
    expression->steps = steps;
    struct sample_step *step = &steps[expression->steps_count];
    *step = (struct sample_step){.converter = converter};
    expression->steps_count++;
    expression->type = type_behind(converter, expression->type);
    return compile_step_arguments(compiling, step);
}

/*
 * Finds the next converter: behind a comma in this word, or the whole next word. `*out` is NULL at
 * the end of the expression.
 */
static enum result next_converter(struct compiling *compiling, const char *after,
                                  const struct sample_converter **out)
{
    struct rule_parser *parser = compiling->parser;
    *out = NULL;
    if (*compiling->in != '\0' && *compiling->in != ',') {
        return parser_fail(parser, "missing comma after %s", after);
    }
    compiling->in += strspn(compiling->in, ",");
    bool is_next_word = *compiling->in == '\0';
    if (is_next_word && compiling->more_count == 0) {
        return RESULT_OK;
    }
    const char *in = is_next_word ? compiling->more[0] : compiling->in;
    struct slice name = take_keyword(in);
    *out = find_converter(parser->registry, name);
    if (*out == NULL) {
        return is_next_word ? RESULT_OK : fail_unknown_converter(parser, name);
    }
    compiling->in = in + name.length;
    if (is_next_word) {
        compiling->more++;
        compiling->more_count--;
        compiling->words_used++;
    }
    return RESULT_OK;
}

static enum result compile_all(struct compiling *compiling)
{
    char after[2 * KEYWORD_BYTES_MAX];
    struct text text = text_over(after, sizeof(after));
    enum result result = compile_fetch(compiling);
    if (result != RESULT_OK) {
        return result;
    }
    text_append_format(&text, "fetch keyword '%s'", compiling->expression->fetch->name);
    for (;;) {
        const struct sample_converter *converter;
        result = next_converter(compiling, after, &converter);
        if (result != RESULT_OK || converter == NULL) {
            return result;
        }
        result = compile_converter(compiling, converter);
        if (result != RESULT_OK) {
            return result;
        }
        text_clear(&text);
        text_append_format(&text, "conversion keyword '%s'", converter->name);
    }
}

static enum result compile(struct compiling *compiling, struct sample_expression **out)
{
    struct account *account = compiling->parser->account;
    compiling->expression = memory_take(account, sizeof(*compiling->expression));
    if (compiling->expression == NULL) {
        return parser_fail_memory(compiling->parser);
    }
    enum result result = compile_all(compiling);
    if (result != RESULT_OK) {
        sample_expression_destroy(account, compiling->expression);
        return result;
    }
    *out = compiling->expression;
    return RESULT_OK;
}

enum result sample_parse(struct rule_parser *parser, const char *const *words, unsigned words_count,
                         unsigned *words_used, struct sample_expression **out)
{
    if (words_count == 0) {
        return parser_fail(parser, "missing fetch method");
    }
    struct compiling compiling = {.parser = parser,
                                  .in = words[0],
                                  .more = words + 1,
                                  .more_count = words_count - 1,
                                  .words_used = 1};
    enum result result = compile(&compiling, out);
    *words_used = compiling.words_used;
    return result;
}

enum result sample_parse_criterion(struct rule_parser *parser, const char *const *words,
                                   unsigned words_count, unsigned *words_used, struct slice *form,
                                   struct sample_expression **out)
{
    if (words_count == 0) {
        return parser_fail(parser, "missing fetch method");
    }
    struct compiling compiling = {
        .parser = parser, .in = words[0], .words_used = 1, .wants_form = true, .form = SLICE("")};
    enum result result = compile(&compiling, out);
    *words_used = compiling.words_used;
    *form = compiling.form;
    return result;
}

void sample_expression_destroy(struct account *account, struct sample_expression *expression)
{
    if (expression == NULL) {
        return;
    }
    sample_arguments_destroy(account, &expression->arguments);
    for (unsigned i = 0; i < expression->steps_count; i++) {
        sample_arguments_destroy(account, &expression->steps[i].arguments);
    }
    memory_release(account, expression->steps);
    memory_release(account, expression);
}
