/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs and conditions. An ACL is a name with alternatives (criteria); a criterion is an expression
 * and the pattern sets it is matched against. A condition is a list of alternatives, each a list of
 * terms that must all hold. Predefined names are compiled when they are first named. Everything
 * lives in the account that parsed it.
 */
#include "rules/acl.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/number.h"
#include "rules/fetch.h"
#include "rules/parser.h"
#include "rules/pattern.h"
#include "rules/suggestion.h"

enum { SETS_MAX = 8, WORDS_MAX = 64, PREDEFINED_BYTES = 128 };

/* One line of an ACL, or what stands between braces. */
struct acl_criterion {
    struct list link;
    struct sample_expression *expression;
    enum pattern_method method;
    struct pattern_set *sets[SETS_MAX];
    unsigned sets_count;
};

struct acl {
    struct list link;
    const char *name;     /* NULL: anonymous */
    struct list criteria; /* struct acl_criterion */
};

struct acl_table {
    const struct acl_table *parent;
    struct list acls;
};

struct acl_term {
    struct list link;
    struct acl *acl;
    bool is_negated;
};

/* Terms that must all hold. */
struct acl_alternative {
    struct list link;
    struct list terms;
};

struct acl_condition {
    bool is_unless;
    struct list alternatives;
    struct list anonymous; /* struct acl: its own */
};

/* ---- predefined names (manual 7.4) ---- */

static const struct {
    const char *name;
    const char *words;
} PREDEFINED[] = {
    {"FALSE", "always_false"},
    {"TRUE", "always_true"},
    {"HTTP", "req.proto_http"},
    {"HTTP_1.0", "req.ver 1.0"},
    {"HTTP_1.1", "req.ver 1.1"},
    {"HTTP_2.0", "req.ver 2.0"},
    {"HTTP_3.0", "req.ver 3.0"},
    {"HTTP_CONTENT", "req.hdr_val(content-length) gt 0"},
    {"HTTP_URL_ABS", "url_reg ^[^/:]*://"},
    {"HTTP_URL_SLASH", "url_beg /"},
    {"HTTP_URL_STAR", "url *"},
    {"LOCALHOST", "src 127.0.0.1/8 ::1"},
    {"METH_CONNECT", "method CONNECT"},
    {"METH_DELETE", "method DELETE"},
    {"METH_GET", "method GET HEAD"},
    {"METH_HEAD", "method HEAD"},
    {"METH_OPTIONS", "method OPTIONS"},
    {"METH_POST", "method POST"},
    {"METH_PUT", "method PUT"},
    {"METH_TRACE", "method TRACE"},
    {"RDP_COOKIE", "req.rdp_cookie_cnt gt 0"},
    {"REQ_CONTENT", "req.len gt 0"},
    {"WAIT_END", "wait_end"},
};

/* ---- creation and release ---- */

struct acl_table *acl_table_create(struct account *account, const struct acl_table *parent)
{
    struct acl_table *table = memory_take(account, sizeof(*table));
    if (table != NULL) {
        table->parent = parent;
        list_init(&table->acls);
    }
    return table;
}

static struct acl *create_acl(struct account *account, const char *name)
{
    struct acl *acl = memory_take(account, sizeof(*acl));
    if (acl == NULL) {
        return NULL;
    }
    list_init(&acl->link);
    list_init(&acl->criteria);
    if (name != NULL) {
        acl->name = memory_copy_string(account, slice_from_string(name));
        if (acl->name == NULL) {
            memory_release(account, acl);
            return NULL;
        }
    }
    return acl;
}

static void destroy_acl(struct account *account, struct acl *acl)
{
    LIST_EACH_SAFE(link, &acl->criteria) {
        struct acl_criterion *criterion = container_of(link, struct acl_criterion, link);
        sample_expression_destroy(account, criterion->expression);
        memory_release(account, criterion);
    }
    memory_release(account, (void *)(uintptr_t)acl->name);
    memory_release(account, acl);
}

void acl_table_destroy(struct account *account, struct acl_table *table)
{
    if (table == NULL) {
        return;
    }
    LIST_EACH_SAFE(link, &table->acls) {
        destroy_acl(account, container_of(link, struct acl, link));
    }
    memory_release(account, table);
}

/* ---- criteria ---- */

/* What the flags of a criterion say. */
struct criterion_parser {
    struct rule_parser *parser;
    const char *const *words;
    unsigned count;
    unsigned position;
    struct acl_criterion *criterion;
    unsigned flags; /* enum pattern_flags */
    struct pattern_file *files[SETS_MAX];
    unsigned files_count;
    long id; /* -u, -1: none */
};

static enum result add_file(struct criterion_parser *state, const char *name, bool has_values)
{
    if (state->files_count == SETS_MAX) {
        return parser_fail(state->parser, "more than %d pattern files for one ACL", SETS_MAX);
    }
    return pattern_files_open(state->parser, name, has_values, PATTERN_USE_ACL,
                              &state->files[state->files_count++]);
}

static enum result read_method(struct criterion_parser *state, const char *word)
{
    enum pattern_method method = pattern_method_find(slice_from_string(word));
    if (method == PATTERN_METHODS) {
        return parser_fail(state->parser, "unknown matching method '%s' in ACL expression", word);
    }
    state->criterion->method = method;
    return RESULT_OK;
}

/* Reads -i, -n, -u, -m, -f, -M and --; stops at the first pattern. */
static enum result read_flags(struct criterion_parser *state)
{
    bool has_values = false;
    while (state->position < state->count && state->words[state->position][0] == '-') {
        const char *word = state->words[state->position++];
        const char *value = state->position < state->count ? state->words[state->position] : NULL;
        enum result result = RESULT_OK;
        if (strcmp(word, "--") == 0) {
            return RESULT_OK;
        }
        if (strcmp(word, "-i") == 0) {
            state->flags |= PATTERN_NOCASE;
        } else if (strcmp(word, "-n") == 0) {
            state->flags |= PATTERN_NO_RESOLVE;
        } else if (strcmp(word, "-M") == 0) {
            has_values = true;
        } else if (value != NULL && strcmp(word, "-m") == 0) {
            result = read_method(state, value);
            state->position++;
        } else if (value != NULL && strcmp(word, "-f") == 0) {
            result = add_file(state, value, has_values);
            state->position++;
        } else if (value != NULL && strcmp(word, "-u") == 0) {
            state->id = strtol(value, NULL, 10);
            state->position++;
        } else {
            state->position--; /* a pattern, such as a negative number */
            return RESULT_OK;
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static enum result compile_file(struct criterion_parser *state, struct pattern_file *file)
{
    struct acl_criterion *criterion = state->criterion;
    if (state->id >= 0) {
        enum result result = pattern_file_set_id(state->parser, file, (unsigned)state->id);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return pattern_file_compile(state->parser, file, criterion->method, state->flags, SAMPLE_ANY,
                                &criterion->sets[criterion->sets_count++]);
}

static bool is_operator(const char *word)
{
    static const char *const OPERATORS[] = {"eq", "ge", "gt", "le", "lt"};
    for (size_t i = 0; i < sizeof(OPERATORS) / sizeof(OPERATORS[0]); i++) {
        if (strcmp(word, OPERATORS[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* "gt 4" as a range that patterns know: "5:". */
static enum result write_range(struct rule_parser *parser, const char *operator,
                               struct slice number, struct text *range)
{
    int64_t value = 0;
    if (number_parse_signed(number, &value) != RESULT_OK) {
        text_append(range, number); /* a range or a version: taken as it is behind "eq" only */
        return strcmp(operator, "eq") == 0
                   ? RESULT_OK
                   : parser_fail(parser, "'%.*s' is not a number behind '%s'", (int)number.length,
                                 number.data, operator);
    }
    bool is_strict = operator[1] == 't';
    if (operator[0] == 'g') {
        text_append_signed(range, value + (is_strict ? 1 : 0));
        text_append_char(range, ':');
    } else if (operator[0] == 'l') {
        text_append_char(range, ':');
        text_append_signed(range, value - (is_strict ? 1 : 0));
    } else {
        text_append_signed(range, value);
    }
    return RESULT_OK;
}

/* The patterns behind the flags; integers may have an operator in front. */
static enum result read_patterns(struct criterion_parser *state, const char *keyword)
{
    struct pattern_file *file = NULL;
    const char *operator= NULL;
    bool counts =
        state->criterion->method == PATTERN_INTEGER || state->criterion->method == PATTERN_LENGTH;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && state->position < state->count) {
        const char *word = state->words[state->position++];
        if (counts && is_operator(word)) {
            operator= word;
            continue;
        }
        if (file == NULL) {
            result = pattern_files_open_inline(state->parser, keyword, &file);
        }
        char bytes[PREDEFINED_BYTES];
        struct text text = text_over(bytes, sizeof(bytes));
        struct slice pattern = slice_from_string(word);
        if (result == RESULT_OK && operator!= NULL) {
            result = write_range(state->parser, operator, pattern, &text);
            pattern = text_slice(&text);
        }
        if (result == RESULT_OK) {
            result = pattern_file_configure(state->parser, file, pattern);
        }
    }
    if (result == RESULT_OK && file != NULL) {
        result = compile_file(state, file);
    }
    return result;
}

static enum result choose_method(struct criterion_parser *state, struct slice form)
{
    struct acl_criterion *criterion = state->criterion;
    enum sample_type type = sample_expression_type(criterion->expression);
    if (criterion->method == PATTERN_METHODS && form.length > 0) {
        criterion->method = pattern_method_find(form);
    }
    if (criterion->method == PATTERN_METHODS) {
        criterion->method = pattern_method_default(type);
    }
    bool has_patterns = state->position < state->count || state->files_count > 0;
    if (criterion->method == PATTERN_METHODS) {
        return has_patterns ? parser_fail(state->parser,
                                          "matching method must be specified first (using '-m') "
                                          "when using a sample fetch of this type ('%s')",
                                          sample_type_name(type))
                            : RESULT_OK;
    }
    if (!pattern_method_accepts(criterion->method, type)) {
        return parser_fail(state->parser,
                           "matching method '%s' cannot be used with fetch keyword of type '%s'",
                           pattern_method_name(criterion->method), sample_type_name(type));
    }
    return RESULT_OK;
}

static enum result parse_criterion(struct rule_parser *parser, struct acl *acl,
                                   const char *const *words, unsigned count)
{
    struct acl_criterion *criterion = memory_take(parser->account, sizeof(*criterion));
    if (criterion == NULL) {
        return parser_fail_memory(parser);
    }
    criterion->method = PATTERN_METHODS;
    list_append(&acl->criteria, &criterion->link);
    struct criterion_parser state = {
        .parser = parser, .words = words, .count = count, .criterion = criterion, .id = -1};
    struct slice form = SLICE_NONE;
    enum result result = sample_parse_criterion(parser, words, count, &state.position, &form,
                                                &criterion->expression);
    if (result != RESULT_OK) {
        return result;
    }
    const struct sample_fetch *fetch = sample_expression_fetch(criterion->expression);
    bool is_plain = !sample_expression_has_converters(criterion->expression);
    state.flags = is_plain && (fetch->flags & FETCH_NOCASE) != 0 ? PATTERN_NOCASE : 0;
    state.flags |= is_plain && (fetch->flags & FETCH_DECIMAL) != 0 ? PATTERN_DECIMAL : 0;
    result = read_flags(&state);
    if (result == RESULT_OK) {
        result = choose_method(&state, form);
    }
    for (unsigned i = 0; result == RESULT_OK && i < state.files_count; i++) {
        result = compile_file(&state, state.files[i]);
    }
    return result == RESULT_OK ? read_patterns(&state, words[0]) : result;
}

/* ---- names ---- */

static struct acl *find_in(const struct acl_table *table, const char *name)
{
    LIST_EACH(link, &table->acls) {
        struct acl *acl = container_of(link, struct acl, link);
        if (strcmp(acl->name, name) == 0) {
            return acl;
        }
    }
    return NULL;
}

static bool is_name_allowed(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_letter && strchr("-_.:", c) == NULL) {
            return false;
        }
    }
    return name.length > 0;
}

enum result acl_parse(struct rule_parser *parser, const char *const *words, unsigned words_count)
{
    if (!is_name_allowed(slice_from_string(words[0]))) {
        return parser_fail(parser,
                           "invalid character in ACL name '%s': letters, digits, '-', '_', '.' and "
                           "':' are expected",
                           words[0]);
    }
    if (strcmp(words[0], "or") == 0) {
        return parser_fail(parser, "acl name 'or' will never match. 'or' is used to express a "
                                   "disjunction within a condition");
    }
    struct acl *acl = find_in(parser->acls, words[0]);
    if (acl == NULL) {
        acl = create_acl(parser->account, words[0]);
        if (acl == NULL) {
            return parser_fail_memory(parser);
        }
        list_append(&parser->acls->acls, &acl->link);
    }
    return parse_criterion(parser, acl, words + 1, words_count - 1);
}

/* Cuts a predefined ACL's words and adds it to the table. */
static enum result add_predefined(struct rule_parser *parser, const char *name,
                                  const char *words_text, struct acl **out)
{
    char bytes[PREDEFINED_BYTES];
    struct text copy = text_over(bytes, sizeof(bytes));
    const char *words[WORDS_MAX];
    unsigned count = 0;
    text_append_string(&copy, words_text);
    for (char *at = bytes; at != NULL && count < WORDS_MAX;) {
        words[count++] = at;
        at = strchr(at, ' ');
        if (at != NULL) {
            *at++ = '\0';
        }
    }
    *out = create_acl(parser->account, name);
    if (*out == NULL) {
        return parser_fail_memory(parser);
    }
    list_append(&parser->acls->acls, &(*out)->link);
    return parse_criterion(parser, *out, words, count);
}

static enum result fail_unknown(struct rule_parser *parser, const char *name)
{
    struct suggestion suggestion = {0};
    for (const struct acl_table *table = parser->acls; table != NULL; table = table->parent) {
        LIST_EACH(link, &table->acls) {
            suggestion_offer(&suggestion, name, container_of(link, struct acl, link)->name);
        }
    }
    if (suggestion.best != NULL) {
        return parser_fail(parser, "no such ACL : '%s'; did you mean '%s' maybe ?", name,
                           suggestion.best);
    }
    return parser_fail(parser, "no such ACL : '%s'", name);
}

static enum result find_acl(struct rule_parser *parser, const char *name, struct acl **out)
{
    for (const struct acl_table *table = parser->acls; table != NULL; table = table->parent) {
        *out = find_in(table, name);
        if (*out != NULL) {
            return RESULT_OK;
        }
    }
    for (size_t i = 0; parser->acls != NULL && i < sizeof(PREDEFINED) / sizeof(PREDEFINED[0]);
         i++) {
        if (strcmp(PREDEFINED[i].name, name) == 0) {
            return add_predefined(parser, name, PREDEFINED[i].words, out);
        }
    }
    return fail_unknown(parser, name);
}

/* ---- conditions ---- */

static struct acl_alternative *add_alternative(struct rule_parser *parser,
                                               struct acl_condition *condition)
{
    struct acl_alternative *alternative = memory_take(parser->account, sizeof(*alternative));
    if (alternative != NULL) {
        list_init(&alternative->terms);
        list_append(&condition->alternatives, &alternative->link);
    }
    return alternative;
}

/* What stands between braces; `*position` is behind the opening one. */
static enum result parse_anonymous(struct rule_parser *parser, struct acl_condition *condition,
                                   const char *const *words, unsigned count, unsigned *position,
                                   struct acl **out)
{
    unsigned end = *position;
    while (end < count && strcmp(words[end], "}") != 0) {
        end++;
    }
    if (end == count) {
        return parser_fail(parser, "missing closing '}' in condition");
    }
    *out = create_acl(parser->account, NULL);
    if (*out == NULL) {
        return parser_fail_memory(parser);
    }
    list_append(&condition->anonymous, &(*out)->link);
    unsigned start = *position;
    *position = end + 1;
    if (end == start) {
        return parser_fail(parser, "a criterion is expected between '{' and '}'");
    }
    return parse_criterion(parser, *out, words + start, end - start);
}

static enum result parse_term(struct rule_parser *parser, struct acl_condition *condition,
                              struct acl_alternative *alternative, const char *const *words,
                              unsigned count, unsigned *position)
{
    bool is_negated = false;
    const char *word = words[*position];
    while (word[0] == '!') {
        is_negated = !is_negated;
        word++;
        if (word[0] == '\0' && *position + 1 < count) {
            (*position)++;
            word = words[*position];
        }
    }
    (*position)++;
    struct acl_term *term = memory_take(parser->account, sizeof(*term));
    if (term == NULL) {
        return parser_fail_memory(parser);
    }
    term->is_negated = is_negated;
    list_append(&alternative->terms, &term->link);
    return strcmp(word, "{") == 0
               ? parse_anonymous(parser, condition, words, count, position, &term->acl)
               : find_acl(parser, word, &term->acl);
}

static enum result parse_terms(struct rule_parser *parser, struct acl_condition *condition,
                               const char *const *words, unsigned count)
{
    struct acl_alternative *alternative = add_alternative(parser, condition);
    unsigned position = 0;
    while (alternative != NULL && position < count) {
        if (strcmp(words[position], "or") == 0 || strcmp(words[position], "||") == 0) {
            position++;
            alternative = add_alternative(parser, condition);
            continue;
        }
        enum result result = parse_term(parser, condition, alternative, words, count, &position);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return alternative != NULL ? RESULT_OK : parser_fail_memory(parser);
}

enum result acl_condition_parse(struct rule_parser *parser, const char *const *words,
                                unsigned words_count, struct acl_condition **out)
{
    if (words_count < 2) {
        return parser_fail(parser, "missing condition behind '%s'", words[0]);
    }
    struct acl_condition *condition = memory_take(parser->account, sizeof(*condition));
    if (condition == NULL) {
        return parser_fail_memory(parser);
    }
    condition->is_unless = strcmp(words[0], "unless") == 0;
    list_init(&condition->alternatives);
    list_init(&condition->anonymous);
    enum result result = parse_terms(parser, condition, words + 1, words_count - 1);
    if (result != RESULT_OK) {
        acl_condition_destroy(parser->account, condition);
        return result;
    }
    *out = condition;
    return RESULT_OK;
}

void acl_condition_destroy(struct account *account, struct acl_condition *condition)
{
    if (condition == NULL) {
        return;
    }
    LIST_EACH_SAFE(link, &condition->alternatives) {
        struct acl_alternative *alternative = container_of(link, struct acl_alternative, link);
        LIST_EACH_SAFE(position, &alternative->terms) {
            memory_release(account, container_of(position, struct acl_term, link));
        }
        memory_release(account, alternative);
    }
    LIST_EACH_SAFE(link, &condition->anonymous) {
        destroy_acl(account, container_of(link, struct acl, link));
    }
    memory_release(account, condition);
}

/* ---- evaluation ---- */

static bool is_true(const struct sample *sample)
{
    switch (sample->type) {
    case SAMPLE_BOOL:
        return sample->boolean;
    case SAMPLE_INTEGER:
        return sample->integer != 0;
    case SAMPLE_ANY:
    case SAMPLE_ADDRESS:
    case SAMPLE_IPV4:
    case SAMPLE_IPV6:
    case SAMPLE_STRING:
    case SAMPLE_BINARY:
    case SAMPLE_METHOD:
    case SAMPLE_TYPES:
        break;
    }
    return false;
}

static bool matches(const struct acl_criterion *criterion, struct rule_context *context,
                    const struct sample *sample)
{
    if (criterion->method == PATTERN_FOUND) {
        return true;
    }
    if (criterion->sets_count == 0) {
        return is_true(sample);
    }
    struct sample input = *sample;
    if (sample_cast(context, &input, pattern_method_input(criterion->method)) != RESULT_OK) {
        return false;
    }
    for (unsigned i = 0; i < criterion->sets_count; i++) {
        struct pattern_hit hit = {0};
        if (pattern_set_match(criterion->sets[i], context, &input, &hit) == RESULT_OK) {
            return true;
        }
    }
    return false;
}

static enum result evaluate_criterion(const struct acl_criterion *criterion,
                                      struct rule_context *context)
{
    struct sample_cursor cursor = {0};
    for (;;) {
        struct sample sample;
        enum result result = sample_evaluate(criterion->expression, context, &cursor, &sample);
        if (result == RESULT_BLOCKED && !context->is_final) {
            return RESULT_BLOCKED;
        }
        if (result != RESULT_OK) {
            return RESULT_NOT_FOUND;
        }
        if (matches(criterion, context, &sample)) {
            return RESULT_OK;
        }
        if ((sample.flags & SAMPLE_NOT_LAST) == 0) {
            bool may_change = (sample.flags & SAMPLE_MAY_CHANGE) != 0 && !context->is_final;
            return may_change ? RESULT_BLOCKED : RESULT_NOT_FOUND;
        }
    }
}

static enum result evaluate_acl(const struct acl *acl, struct rule_context *context)
{
    enum result all = RESULT_NOT_FOUND;
    LIST_EACH(link, &acl->criteria) {
        enum result result =
            evaluate_criterion(container_of(link, struct acl_criterion, link), context);
        if (result == RESULT_OK) {
            return RESULT_OK;
        }
        all = result == RESULT_BLOCKED ? RESULT_BLOCKED : all;
    }
    return all;
}

static enum result evaluate_alternative(const struct acl_alternative *alternative,
                                        struct rule_context *context)
{
    enum result all = RESULT_OK;
    LIST_EACH(link, &alternative->terms) {
        const struct acl_term *term = container_of(link, struct acl_term, link);
        enum result result = evaluate_acl(term->acl, context);
        if (result == RESULT_BLOCKED) {
            all = RESULT_BLOCKED;
        } else if ((result == RESULT_OK) == term->is_negated) {
            return RESULT_NOT_FOUND;
        }
    }
    return all;
}

enum result acl_condition_evaluate(const struct acl_condition *condition,
                                   struct rule_context *context)
{
    if (condition == NULL) {
        return RESULT_OK;
    }
    enum result all = RESULT_NOT_FOUND;
    LIST_EACH(link, &condition->alternatives) {
        enum result result =
            evaluate_alternative(container_of(link, struct acl_alternative, link), context);
        if (result == RESULT_OK) {
            all = RESULT_OK;
            break;
        }
        all = result == RESULT_BLOCKED ? RESULT_BLOCKED : all;
    }
    if (all == RESULT_BLOCKED || !condition->is_unless) {
        return all;
    }
    return all == RESULT_OK ? RESULT_NOT_FOUND : RESULT_OK;
}
