/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Converters: numbers, texts, conditions. Each changes its sample in place; a changed text is a new
 * one in the scratch arena.
 */
#include <string.h>

#include "base/number.h"
#include "rules/converter.h"
#include "rules/regex.h"
#include "rules/variable.h"

/* ---- numbers ---- */

enum arithmetic {
    ADD,
    SUBTRACT,
    MULTIPLY,
    DIVIDE,
    MODULO,
    AND,
    OR,
    XOR,
    NEGATE,
    COMPLEMENT,
    IS_ODD,
    IS_EVEN,
    IS_NOT,
    TO_BOOL
};

static int64_t divide(int64_t a, int64_t b)
{
    return b == 0 ? (a < 0 ? INT64_MIN : INT64_MAX)
                  : (b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b);
}

static enum result convert_number(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    int64_t a = sample->integer;
    int64_t b = sample_argument_integer(call->arguments, 0, 0);
    (void)context;
    switch ((enum arithmetic)call->variant) {
    case ADD:
        return sample_give_integer(sample, (int64_t)((uint64_t)a + (uint64_t)b));
    case SUBTRACT:
        return sample_give_integer(sample, (int64_t)((uint64_t)a - (uint64_t)b));
    case MULTIPLY:
        return sample_give_integer(sample, (int64_t)((uint64_t)a * (uint64_t)b));
    case DIVIDE:
        return sample_give_integer(sample, divide(a, b));
    case MODULO:
        return sample_give_integer(sample, b == 0 || b == -1 ? 0 : a % b);
    case AND:
        return sample_give_integer(sample, a & b);
    case OR:
        return sample_give_integer(sample, a | b);
    case XOR:
        return sample_give_integer(sample, a ^ b);
    case NEGATE:
        return sample_give_integer(sample, (int64_t)(0 - (uint64_t)a));
    case COMPLEMENT:
        return sample_give_integer(sample, ~a);
    case IS_ODD:
        return sample_give_bool(sample, (a & 1) != 0);
    case IS_EVEN:
        return sample_give_bool(sample, (a & 1) == 0);
    case IS_NOT:
        return sample_give_bool(sample, a == 0);
    case TO_BOOL:
        break;
    }
    return sample_give_bool(sample, a != 0);
}

#define NUMBER(name, operation)                                                              \
    {                                                                                        \
        name, {1, {ARGUMENT_INTEGER}}, SAMPLE_INTEGER, SAMPLE_INTEGER, convert_number, NULL, \
            operation                                                                        \
    }
#define UNARY(name, operation, type)                                              \
    {                                                                             \
        name, NO_ARGUMENTS, SAMPLE_INTEGER, type, convert_number, NULL, operation \
    }

const struct sample_converter converters_integer[] = {
    NUMBER("add", ADD),
    NUMBER("sub", SUBTRACT),
    NUMBER("mul", MULTIPLY),
    NUMBER("div", DIVIDE),
    NUMBER("mod", MODULO),
    NUMBER("and", AND),
    NUMBER("or", OR),
    NUMBER("xor", XOR),
    UNARY("neg", NEGATE, SAMPLE_INTEGER),
    UNARY("cpl", COMPLEMENT, SAMPLE_INTEGER),
    UNARY("odd", IS_ODD, SAMPLE_BOOL),
    UNARY("even", IS_EVEN, SAMPLE_BOOL),
    UNARY("not", IS_NOT, SAMPLE_BOOL),
    UNARY("bool", TO_BOOL, SAMPLE_BOOL),
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};

/* ---- texts ---- */

static enum result convert_case(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    struct slice text = sample->text;
    char *bytes = arena_take_text(context->scratch, text.length + 1);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool is_small = c >= 'a' && c <= 'z';
        bytes[i] = call->variant == 0 ? ascii_lower(c) : (char)(is_small ? c - ('a' - 'A') : c);
    }
    return sample_give_text(sample, slice_of(bytes, text.length));
}

static enum result convert_length(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    (void)call;
    (void)context;
    return sample_give_integer(sample, (int64_t)sample->text.length);
}

static enum result convert_bytes(const struct sample_call *call, struct rule_context *context,
                                 struct sample *sample)
{
    int64_t offset = sample_argument_integer(call->arguments, 0, 0);
    int64_t length = sample_argument_integer(call->arguments, 1, INT64_MAX);
    (void)context;
    if (offset < 0 || (uint64_t)offset >= sample->text.length || length < 0) {
        return RESULT_NOT_FOUND;
    }
    sample->text = slice_first(slice_skip(sample->text, (size_t)offset), (size_t)length);
    return RESULT_OK;
}

static bool is_one_of(char c, struct slice set)
{
    return slice_find_char(set, c) < set.length;
}

/* Piece number `wanted` (1…, or -1… from the end) between delimiters; with `skips` empty pieces do
 * not count. */
static bool find_piece(struct slice text, struct slice delimiters, int64_t wanted, bool skips,
                       struct slice *out)
{
    int64_t count = 0;
    int64_t target = wanted;
    for (unsigned pass = wanted < 0 ? 0 : 1; pass < 2; pass++) {
        size_t start = 0;
        count = 0;
        for (size_t i = 0; i <= text.length; i++) {
            if (i < text.length && !is_one_of(text.data[i], delimiters)) {
                continue;
            }
            struct slice piece = slice_of(text.data + start, i - start);
            start = i + 1;
            count += skips && piece.length == 0 ? 0 : 1;
            if (pass == 1 && count == target && !(skips && piece.length == 0)) {
                *out = piece;
                return true;
            }
        }
        target = count + wanted + 1;
    }
    return false;
}

static enum result convert_piece(const struct sample_call *call, struct rule_context *context,
                                 struct sample *sample)
{
    int64_t wanted = sample_argument_integer(call->arguments, 0, 1);
    struct slice delimiters = sample_argument_text(call->arguments, 1);
    (void)context;
    return find_piece(sample->text, delimiters, wanted, call->variant != 0, &sample->text)
               ? RESULT_OK
               : RESULT_NOT_FOUND;
}

static enum result convert_trim(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    struct slice set = sample_argument_text(call->arguments, 0);
    struct slice *text = &sample->text;
    (void)context;
    while (call->variant == 0 && text->length > 0 && is_one_of(text->data[0], set)) {
        *text = slice_skip(*text, 1);
    }
    while (call->variant != 0 && text->length > 0 && is_one_of(text->data[text->length - 1], set)) {
        text->length--;
    }
    return RESULT_OK;
}

/* concat(<start>,<var>,<end>): the texts only; the variable by name. */
static enum result convert_concat(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    struct slice start = sample_argument_text(call->arguments, 0);
    struct slice end = sample_argument_text(call->arguments, 2);
    struct slice middle = SLICE_NONE;
    struct sample value;
    if (sample_argument_is_given(call->arguments, 1) &&
        variable_read(call->arguments->items[1].variable, context, &value) == RESULT_OK &&
        sample_cast(context, &value, SAMPLE_STRING) == RESULT_OK) {
        middle = value.text;
    }
    size_t bytes = sample->text.length + start.length + middle.length + end.length + 1;
    char *place = arena_take_text(context->scratch, bytes);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(place, bytes);
    text_append(&text, sample->text);
    text_append(&text, start);
    text_append(&text, middle);
    text_append(&text, end);
    return sample_give_text(sample, text_slice(&text));
}

/* ---- regsub ---- */

enum { REPLACED_BYTES_MAX = 16384 };

static void destroy_regex(struct account *account, void *regex)
{
    regex_destroy(account, regex);
}

static enum result check_regsub(struct rule_parser *parser, struct sample_arguments *arguments,
                                unsigned variant)
{
    struct regex *regex = NULL;
    bool folds = slice_find_char(sample_argument_text(arguments, 2), 'i') <
                 sample_argument_text(arguments, 2).length;
    (void)variant;
    enum result result = regex_compile(parser->account, sample_argument_text(arguments, 0),
                                       folds ? REGEX_NOCASE : 0, parser->error, &regex);
    if (result == RESULT_OK) {
        sample_argument_set_object(parser->account, &arguments->items[0], regex, destroy_regex);
    }
    return result;
}

static enum result convert_regsub(const struct sample_call *call, struct rule_context *context,
                                  struct sample *sample)
{
    struct slice flags = sample_argument_text(call->arguments, 2);
    bool all = slice_find_char(flags, 'g') < flags.length;
    enum result result = regex_replace(call->arguments->items[0].object.pointer, sample->text,
                                       sample_argument_text(call->arguments, 1), all,
                                       REPLACED_BYTES_MAX, context->scratch, &sample->text);
    return result == RESULT_FULL ? RESULT_NOT_FOUND : result;
}

const struct sample_converter converters_text[] = {
    {"lower", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_STRING, convert_case, NULL, 0},
    {"upper", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_STRING, convert_case, NULL, 1},
    {"length", NO_ARGUMENTS, SAMPLE_STRING, SAMPLE_INTEGER, convert_length, NULL, 0},
    {"bytes",
     {1, {ARGUMENT_INTEGER, ARGUMENT_INTEGER}},
     SAMPLE_BINARY,
     SAMPLE_BINARY,
     convert_bytes,
     NULL,
     0},
    {"field",
     {2, {ARGUMENT_INTEGER, ARGUMENT_STRING}},
     SAMPLE_STRING,
     SAMPLE_STRING,
     convert_piece,
     NULL,
     0},
    {"word",
     {2, {ARGUMENT_INTEGER, ARGUMENT_STRING}},
     SAMPLE_STRING,
     SAMPLE_STRING,
     convert_piece,
     NULL,
     1},
    {"regsub",
     {2, {ARGUMENT_STRING, ARGUMENT_STRING, ARGUMENT_STRING}},
     SAMPLE_STRING,
     SAMPLE_STRING,
     convert_regsub,
     check_regsub,
     0},
    {"ltrim", {1, {ARGUMENT_STRING}}, SAMPLE_STRING, SAMPLE_STRING, convert_trim, NULL, 0},
    {"rtrim", {1, {ARGUMENT_STRING}}, SAMPLE_STRING, SAMPLE_STRING, convert_trim, NULL, 1},
    {"concat",
     {1, {ARGUMENT_STRING, ARGUMENT_VARIABLE, ARGUMENT_STRING}},
     SAMPLE_STRING,
     SAMPLE_STRING,
     convert_concat,
     NULL,
     0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};

/* ---- conditions and variables ---- */

static enum result convert_iif(const struct sample_call *call, struct rule_context *context,
                               struct sample *sample)
{
    (void)context;
    return sample_give_text(sample, sample_argument_text(call->arguments, sample->boolean ? 0 : 1));
}

static enum result convert_set_variable(const struct sample_call *call,
                                        struct rule_context *context, struct sample *sample)
{
    enum result result = variable_store(call->arguments->items[0].variable, 0, context, sample);
    return result == RESULT_NO_MEMORY ? result : RESULT_OK;
}

/* Compares with a variable's value as a string; false when it has none. */
static bool read_other(const struct sample_call *call, struct rule_context *context,
                       struct slice *out)
{
    struct sample value;
    if (variable_read(call->arguments->items[0].variable, context, &value) != RESULT_OK ||
        sample_cast(context, &value, SAMPLE_BINARY) != RESULT_OK) {
        return false;
    }
    *out = value.text;
    return true;
}

static enum result convert_compare(const struct sample_call *call, struct rule_context *context,
                                   struct sample *sample)
{
    struct slice a = sample->text;
    struct slice b;
    if (!read_other(call, context, &b)) {
        return RESULT_NOT_FOUND;
    }
    size_t common = size_min(a.length, b.length);
    int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order == 0) {
        order = a.length < b.length ? -1 : a.length > b.length;
    }
    return sample_give_integer(sample, order < 0 ? -1 : order > 0);
}

/* Takes as long wherever the first difference is. */
static enum result convert_equal_in_secret(const struct sample_call *call,
                                           struct rule_context *context, struct sample *sample)
{
    struct slice a = sample->text;
    struct slice b;
    if (!read_other(call, context, &b)) {
        return RESULT_NOT_FOUND;
    }
    unsigned char difference = a.length != b.length;
    for (size_t i = 0; i < size_min(a.length, b.length); i++) {
        difference |= (unsigned char)(a.data[i] ^ b.data[i]);
    }
    return sample_give_bool(sample, difference == 0);
}

const struct sample_converter converters_logic[] = {
    {"iif",
     {2, {ARGUMENT_STRING, ARGUMENT_STRING}},
     SAMPLE_BOOL,
     SAMPLE_STRING,
     convert_iif,
     NULL,
     0},
    {"strcmp", {1, {ARGUMENT_VARIABLE}}, SAMPLE_STRING, SAMPLE_INTEGER, convert_compare, NULL, 0},
    {"secure_memcmp",
     {1, {ARGUMENT_VARIABLE}},
     SAMPLE_BINARY,
     SAMPLE_BOOL,
     convert_equal_in_secret,
     NULL,
     0},
    {"set-var", {1, {ARGUMENT_VARIABLE}}, SAMPLE_ANY, SAMPLE_ANY, convert_set_variable, NULL, 0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};
