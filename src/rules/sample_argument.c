/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments of fetches and converters: "(a,'b,c',\"d\")" to typed values by a row's list. Quotes
 * group, a backslash escapes outside single quotes, as HAProxy reads them; a keyword without
 * parentheses has empty arguments, so that strings may be left out.
 *
 *   text -> words of at most ARGUMENT_BYTES_MAX -> one parser a type
 *
 * Memory: one array and copies of texts, charged to the parser's account; names of proxies become
 * references that outlive parsing.
 */
#include "rules/sample_argument.h"

#include <string.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "memory/memory.h"
#include "rules/network.h"
#include "rules/parser.h"
#include "rules/variable.h"

/* The longest argument, quotes taken off. */
enum { ARGUMENT_BYTES_MAX = 8192 };

enum { SECONDS_PER_MINUTE = 60, SECONDS_PER_HOUR = 3600, SECONDS_PER_DAY = 86400 };

/* One list being parsed. */
struct reading {
    struct rule_parser *parser;
    const char *keyword;
    const char *in;
    unsigned position; /* of the current argument, from 1 */
};

static const char *const type_names[ARGUMENT_TYPES] = {
    [ARGUMENT_NONE] = "end of arguments",
    [ARGUMENT_STRING] = "string",
    [ARGUMENT_INTEGER] = "integer",
    [ARGUMENT_TIME] = "delay",
    [ARGUMENT_SIZE] = "size",
    [ARGUMENT_IPV4] = "IPv4 address",
    [ARGUMENT_IPV6] = "IPv6 address",
    [ARGUMENT_MASK4] = "IPv4 mask",
    [ARGUMENT_MASK6] = "IPv6 mask",
    [ARGUMENT_FRONTEND] = "frontend",
    [ARGUMENT_BACKEND] = "backend",
    [ARGUMENT_SERVER] = "server",
    [ARGUMENT_TABLE] = "table",
    [ARGUMENT_USERLIST] = "user list",
    [ARGUMENT_VARIABLE] = "variable",
    [ARGUMENT_OBJECT] = "string",
};

/* ---- references ---- */

void sample_references_init(struct sample_references *references)
{
    list_init(&references->list);
}

enum result sample_references_each(struct sample_references *references,
                                   enum result (*visit)(void *argument,
                                                        struct sample_reference *reference),
                                   void *argument)
{
    LIST_EACH_SAFE(link, &references->list) {
        enum result result = visit(argument, container_of(link, struct sample_reference, link));
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

static void reference_destroy(struct account *account, struct sample_reference *reference)
{
    list_remove(&reference->link);
    memory_release(account, (void *)(uintptr_t)reference->name);
    memory_release(account, (void *)(uintptr_t)reference->server);
    memory_release(account, reference);
}

/* Splits "backend/server" or takes the parser's proxy; both are copied. */
static enum result name_server(struct reading *reading, struct slice text,
                               struct sample_reference *reference)
{
    struct rule_parser *parser = reading->parser;
    size_t slash = slice_find_char(text, '/');
    struct slice proxy = slice_first(text, slash);
    struct slice server = slice_skip(text, slash + 1);
    if (slash == text.length) {
        proxy = slice_from_string(parser->proxy_name);
        server = text;
    }
    if (proxy.length == 0 || server.length == 0) {
        return parser_fail(parser, "expected a server's name at position %u, but got '%.*s'",
                           reading->position, (int)text.length, text.data);
    }
    reference->name = memory_copy_string(parser->account, proxy);
    reference->server = memory_copy_string(parser->account, server);
    if (reference->name == NULL || reference->server == NULL) {
        return parser_fail_memory(parser);
    }
    return RESULT_OK;
}

static enum result name_proxy(struct reading *reading, struct slice text,
                              struct sample_reference *reference)
{
    struct rule_parser *parser = reading->parser;
    struct slice name = text.length > 0 ? text : slice_from_string(parser->proxy_name);
    if (name.length == 0) {
        return parser_fail(parser, "expected type '%s' at position %u, but got nothing",
                           type_names[reference->kind], reading->position);
    }
    reference->is_implicit = text.length == 0;
    reference->name = memory_copy_string(parser->account, name);
    return reference->name == NULL ? parser_fail_memory(parser) : RESULT_OK;
}

/* Notes a name that is looked up later. */
static enum result parse_reference(struct reading *reading, struct slice text,
                                   enum argument_type kind, struct sample_argument *argument)
{
    struct rule_parser *parser = reading->parser;
    if (parser->references == NULL) {
        return parser_fail(parser, "a %s cannot be named here", type_names[kind]);
    }
    struct sample_reference *reference = memory_take(parser->account, sizeof(*reference));
    if (reference == NULL) {
        return parser_fail_memory(parser);
    }
    list_init(&reference->link);
    reference->kind = kind;
    reference->keyword = reading->keyword;
    reference->position = reading->position;
    reference->file = parser->file;
    reference->line = parser->line;
    enum result result = kind == ARGUMENT_SERVER ? name_server(reading, text, reference)
                                                 : name_proxy(reading, text, reference);
    if (result != RESULT_OK) {
        reference_destroy(parser->account, reference);
        return result;
    }
    list_append(&parser->references->list, &reference->link);
    argument->type = kind;
    argument->reference = reference;
    return RESULT_OK;
}

/* ---- one argument of each kind ---- */

static enum result fail_value(struct reading *reading, struct slice text, enum argument_type type)
{
    return parser_fail(reading->parser, "failed to parse '%.*s' as type '%s' at position %u",
                       (int)text.length, text.data, type_names[type], reading->position);
}

static enum result parse_string(struct reading *reading, struct slice text,
                                struct sample_argument *argument)
{
    char *copy = memory_copy_string(reading->parser->account, text);
    if (copy == NULL) {
        return parser_fail_memory(reading->parser);
    }
    argument->type = ARGUMENT_STRING;
    argument->text = slice_of(copy, text.length);
    return RESULT_OK;
}

static enum result parse_integer(struct reading *reading, struct slice text,
                                 struct sample_argument *argument)
{
    int64_t value = 0;
    enum result result = number_parse_signed(text, &value);
    if (result == RESULT_FULL) {
        value = text.data[0] == '-' ? INT64_MIN : INT64_MAX;
    } else if (result != RESULT_OK) {
        return fail_value(reading, text, ARGUMENT_INTEGER);
    }
    argument->type = ARGUMENT_INTEGER;
    argument->integer = value;
    return RESULT_OK;
}

struct unit {
    const char *name;
    uint64_t factor; /* times */
    uint64_t divisor;
};

static const struct unit time_units[] = {
    {"", 1, 1},
    {"us", 1, US_PER_MS},
    {"ms", 1, 1},
    {"s", MS_PER_SECOND, 1},
    {"m", (uint64_t)MS_PER_SECOND *SECONDS_PER_MINUTE, 1},
    {"h", (uint64_t)MS_PER_SECOND *SECONDS_PER_HOUR, 1},
    {"d", (uint64_t)MS_PER_SECOND *SECONDS_PER_DAY, 1},
    {NULL, 0, 0},
};

static const struct unit size_units[] = {
    {"", 1, 1},         {"k", KIBIBYTE, 1}, {"K", KIBIBYTE, 1}, {"m", MEBIBYTE, 1},
    {"M", MEBIBYTE, 1}, {"g", GIBIBYTE, 1}, {"G", GIBIBYTE, 1}, {NULL, 0, 0},
};

/* Parses digits and a unit; at most UINT32_MAX, as HAProxy has it. */
static enum result parse_with_unit(struct reading *reading, struct slice text,
                                   enum argument_type type, struct sample_argument *argument)
{
    size_t digits = 0;
    while (digits < text.length && text.data[digits] >= '0' && text.data[digits] <= '9') {
        digits++;
    }
    uint64_t value;
    if (number_parse_decimal(slice_first(text, digits), &value) != RESULT_OK) {
        return fail_value(reading, text, type);
    }
    const struct unit *unit = type == ARGUMENT_TIME ? time_units : size_units;
    while (unit->name != NULL &&
           !slice_equal(slice_skip(text, digits), slice_from_string(unit->name))) {
        unit++;
    }
    if (unit->name == NULL || value > UINT32_MAX ||
        value * unit->factor / unit->divisor > UINT32_MAX) {
        return fail_value(reading, text, type);
    }
    argument->type = ARGUMENT_INTEGER;
    argument->integer = (int64_t)(value * unit->factor / unit->divisor);
    return RESULT_OK;
}

static enum result parse_address(struct reading *reading, struct slice text,
                                 enum argument_type type, struct sample_argument *argument)
{
    struct address address;
    bool is_valid;
    if (type == ARGUMENT_MASK4) {
        is_valid = network_read_mask_ipv4(text, &argument->ipv4);
    } else if (type == ARGUMENT_MASK6) {
        is_valid = network_read_mask_ipv6(text, &argument->ipv6);
    } else {
        is_valid = address_parse_ip(text, &address) == RESULT_OK &&
                   address.family == (type == ARGUMENT_IPV4 ? AF_INET : AF_INET6);
        if (is_valid && type == ARGUMENT_IPV4) {
            argument->ipv4 = address.v4;
        } else if (is_valid) {
            argument->ipv6 = address.v6;
        }
    }
    if (!is_valid) {
        return fail_value(reading, text, type);
    }
    bool is_ipv4 = type == ARGUMENT_MASK4 || type == ARGUMENT_IPV4;
    argument->type = is_ipv4 ? ARGUMENT_IPV4 : ARGUMENT_IPV6;
    return RESULT_OK;
}

static enum result parse_variable(struct reading *reading, struct slice text,
                                  struct sample_argument *argument)
{
    argument->type = ARGUMENT_VARIABLE;
    return variable_name_parse(reading->parser, text, &argument->variable);
}

static enum result parse_value(struct reading *reading, struct slice text, enum argument_type type,
                               struct sample_argument *argument)
{
    bool may_be_empty = type == ARGUMENT_STRING || type == ARGUMENT_FRONTEND ||
                        type == ARGUMENT_BACKEND || type == ARGUMENT_TABLE;
    if (text.length == 0 && !may_be_empty) {
        return parser_fail(reading->parser, "expected type '%s' at position %u, but got nothing",
                           type_names[type], reading->position);
    }
    switch (type) {
    case ARGUMENT_STRING:
        return parse_string(reading, text, argument);
    case ARGUMENT_INTEGER:
        return parse_integer(reading, text, argument);
    case ARGUMENT_TIME:
    case ARGUMENT_SIZE:
        return parse_with_unit(reading, text, type, argument);
    case ARGUMENT_IPV4:
    case ARGUMENT_IPV6:
    case ARGUMENT_MASK4:
    case ARGUMENT_MASK6:
        return parse_address(reading, text, type, argument);
    case ARGUMENT_FRONTEND:
    case ARGUMENT_BACKEND:
    case ARGUMENT_SERVER:
    case ARGUMENT_TABLE:
    case ARGUMENT_USERLIST:
        return parse_reference(reading, text, type, argument);
    case ARGUMENT_VARIABLE:
        return parse_variable(reading, text, argument);
    case ARGUMENT_NONE:
    case ARGUMENT_OBJECT:
    case ARGUMENT_TYPES:
        break;
    }
    return parser_fail(reading->parser, "argument %u is not supported", reading->position);
}

/* ---- words ---- */

/* What a backslash stands for in front of `c`; 0: it stands for itself. */
static char escaped(char c)
{
    switch (c) {
    case '\\':
    case '"':
    case '\'':
    case ' ':
        return c;
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return '\0';
    }
}

/*
 * Reads one argument up to ',' or ')' outside quotes into `text`; stops in front of it, or at the
 * end.
 */
static enum result read_word(struct reading *reading, struct text *text)
{
    const char *in = reading->in;
    char quote = '\0';
    for (; *in != '\0'; in++) {
        char c = *in;
        if ((c == '"' || c == '\'') && (quote == '\0' || quote == c)) {
            quote = quote == '\0' ? c : '\0';
        } else if (c == '\\' && quote != '\'' && escaped(in[1]) != '\0') {
            text_append_char(text, escaped(*++in));
        } else if (quote == '\0' && (c == ',' || c == ')')) {
            break;
        } else {
            text_append_char(text, c);
        }
    }
    reading->in = in;
    if (text->truncated) {
        return parser_fail(reading->parser, "argument %u is too long", reading->position);
    }
    return RESULT_OK;
}

/* How many arguments a row accepts. */
static unsigned count_accepted(const struct argument_spec *spec)
{
    unsigned count = 0;
    while (count < SAMPLE_ARGUMENTS_MAX && spec->types[count] != ARGUMENT_NONE) {
        count++;
    }
    return count;
}

/* Parses arguments one by one until the list ends or no more are accepted. */
static enum result parse_items(struct reading *reading, const struct argument_spec *spec,
                               unsigned accepted, struct sample_arguments *out)
{
    char storage[ARGUMENT_BYTES_MAX];
    while (out->count < accepted) {
        struct text text = text_over(storage, sizeof(storage));
        reading->position = out->count + 1;
        enum result result = read_word(reading, &text);
        if (result != RESULT_OK) {
            return result;
        }
        bool is_given = text.length > 0 || out->count < spec->least;
        struct sample_argument *item = &out->items[out->count];
        if (is_given) {
            result = parse_value(reading, text_slice(&text), spec->types[out->count], item);
            if (result != RESULT_OK) {
                item->type = ARGUMENT_NONE;
                return result;
            }
        }
        out->count++;
        if (*reading->in != ',' || out->count == accepted) {
            return RESULT_OK;
        }
        reading->in++;
    }
    return RESULT_OK;
}

/* Checks the count and steps behind the closing parenthesis. */
static enum result close_list(struct reading *reading, const struct argument_spec *spec,
                              const struct sample_arguments *out, bool is_open)
{
    struct rule_parser *parser = reading->parser;
    if (out->count < spec->least) {
        return parser_fail(parser, "missing arguments (got %u/%u), type '%s' expected", out->count,
                           spec->least, type_names[spec->types[out->count]]);
    }
    if (!is_open) {
        return RESULT_OK;
    }
    if (*reading->in == '\0') {
        return parser_fail(parser, "expected ')'");
    }
    if (*reading->in != ')') {
        return parser_fail(parser, "expected ')' before '%s'", reading->in);
    }
    reading->in++;
    return RESULT_OK;
}

enum result sample_arguments_parse(struct rule_parser *parser, const char *keyword,
                                   const struct argument_spec *spec, const char *word,
                                   struct sample_arguments *out, const char **rest)
{
    bool is_open = *word == '(';
    struct reading reading = {.parser = parser, .keyword = keyword, .in = is_open ? word + 1 : ""};
    unsigned accepted = count_accepted(spec);
    *out = (struct sample_arguments){0};
    *rest = word;
    if (!is_open && spec->least == 0) {
        return RESULT_OK;
    }
    if (accepted > 0) {
        out->items = memory_take(parser->account, accepted * sizeof(*out->items));
        if (out->items == NULL) {
            return parser_fail_memory(parser);
        }
    }
    enum result result = parse_items(&reading, spec, accepted, out);
    if (result == RESULT_OK) {
        result = close_list(&reading, spec, out, is_open);
    }
    if (result != RESULT_OK) {
        sample_arguments_destroy(parser->account, out);
        return result;
    }
    *rest = is_open ? reading.in : word;
    return RESULT_OK;
}

/* ---- release and use ---- */

static void argument_destroy(struct account *account, struct sample_argument *argument)
{
    switch (argument->type) {
    case ARGUMENT_STRING:
        memory_release(account, (void *)(uintptr_t)argument->text.data);
        break;
    case ARGUMENT_FRONTEND:
    case ARGUMENT_BACKEND:
    case ARGUMENT_SERVER:
    case ARGUMENT_TABLE:
    case ARGUMENT_USERLIST:
        reference_destroy(account, argument->reference);
        break;
    case ARGUMENT_OBJECT:
        if (argument->object.destroy != NULL) {
            argument->object.destroy(account, argument->object.pointer);
        }
        break;
    case ARGUMENT_NONE:
    case ARGUMENT_INTEGER:
    case ARGUMENT_TIME:
    case ARGUMENT_SIZE:
    case ARGUMENT_IPV4:
    case ARGUMENT_IPV6:
    case ARGUMENT_MASK4:
    case ARGUMENT_MASK6:
    case ARGUMENT_VARIABLE:
    case ARGUMENT_TYPES:
        break;
    }
    argument->type = ARGUMENT_NONE;
}

void sample_arguments_destroy(struct account *account, struct sample_arguments *arguments)
{
    for (unsigned i = 0; i < arguments->count; i++) {
        argument_destroy(account, &arguments->items[i]);
    }
    memory_release(account, arguments->items);
    *arguments = (struct sample_arguments){0};
}

void sample_argument_set_object(struct account *account, struct sample_argument *argument,
                                void *pointer,
                                void (*destroy)(struct account *account, void *object))
{
    argument_destroy(account, argument);
    argument->type = ARGUMENT_OBJECT;
    argument->object.pointer = pointer;
    argument->object.destroy = destroy;
}

bool sample_argument_is_given(const struct sample_arguments *arguments, unsigned index)
{
    if (index >= arguments->count || arguments->items[index].type == ARGUMENT_NONE) {
        return false;
    }
    const struct sample_argument *argument = &arguments->items[index];
    return argument->type != ARGUMENT_STRING || argument->text.length > 0;
}

struct slice sample_argument_text(const struct sample_arguments *arguments, unsigned index)
{
    if (index >= arguments->count || arguments->items[index].type != ARGUMENT_STRING) {
        return SLICE("");
    }
    return arguments->items[index].text;
}

int64_t sample_argument_integer(const struct sample_arguments *arguments, unsigned index,
                                int64_t otherwise)
{
    if (index >= arguments->count || arguments->items[index].type != ARGUMENT_INTEGER) {
        return otherwise;
    }
    return arguments->items[index].integer;
}

void *sample_argument_target(const struct sample_arguments *arguments, unsigned index)
{
    if (index >= arguments->count || arguments->items[index].type < ARGUMENT_FRONTEND ||
        arguments->items[index].type > ARGUMENT_USERLIST) {
        return NULL;
    }
    return arguments->items[index].reference->target;
}
