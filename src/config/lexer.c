/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer: one pass over a line with a small state (in a word, in which quotes), writing words
 * behind each other into the line's own bytes. Quotes may begin and end inside a word. Variables
 * are expanded inside double quotes only; elsewhere '$' is an ordinary byte. What is wrong is shown
 * where it begins: the opening quote or brace, not the end of the line. Bounded by lexer.h's
 * limits.
 */
#include "config/lexer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum { NAME_BYTES_MAX = 256, HEX_DIGITS = 2, HEX_BITS = 4 };

struct lexer {
    const char *in;
    const struct lexer_place *place;
    struct config_words *out;
    struct text *error;
    const char *quote; /* where the open quote began, NULL: none is open */
    const char *wrong; /* what RESULT_INVALID is about */
    size_t length;     /* of out->bytes */
    bool in_word;
};

static enum result fail(struct lexer *lexer, const char *where, const char *message)
{
    lexer->wrong = where;
    text_append_string(lexer->error, message);
    return RESULT_INVALID;
}

static bool is_blank(char c)
{
    return isspace((unsigned char)c) != 0;
}

static enum result put(struct lexer *lexer, char c)
{
    if (lexer->length == sizeof(lexer->out->bytes)) {
        return fail(lexer, lexer->in, "line too long");
    }
    lexer->out->bytes[lexer->length++] = c;
    return RESULT_OK;
}

static enum result begin_word(struct lexer *lexer)
{
    if (lexer->in_word) {
        return RESULT_OK;
    }
    if (lexer->out->count == LEXER_WORDS_MAX) {
        return fail(lexer, lexer->in, "too many words");
    }
    lexer->out->words[lexer->out->count++] = lexer->out->bytes + lexer->length;
    lexer->in_word = true;
    return RESULT_OK;
}

static enum result end_word(struct lexer *lexer)
{
    if (!lexer->in_word) {
        return RESULT_OK;
    }
    lexer->in_word = false;
    return put(lexer, '\0');
}

/* ---- escapes ---- */

static enum result read_hexadecimal(struct lexer *lexer)
{
    const char *digits = lexer->in + HEX_DIGITS; /* behind "\x" */
    int high = number_hex_digit(digits[0]);
    int low = high < 0 ? -1 : number_hex_digit(digits[1]);
    if (low < 0) {
        return fail(lexer, lexer->in, "truncated or invalid hexadecimal sequence");
    }
    lexer->in = digits + HEX_DIGITS;
    return put(lexer, (char)((high << HEX_BITS) | low));
}

/* A backslash and what follows; one that protects nothing stands for itself. */
static enum result read_escape(struct lexer *lexer)
{
    static const char SPECIAL[] = "\\ \t#'\"ntr";
    static const char MEANT[] = "\\ \t#'\"\n\t\r";
    char c = lexer->in[1];
    if (c == 'x') {
        return read_hexadecimal(lexer);
    }
    const char *special = c == '\0' ? NULL : strchr(SPECIAL, c);
    bool is_dollar = c == '$' && lexer->quote != NULL;
    if (special == NULL && !is_dollar) {
        lexer->in++;
        return put(lexer, '\\');
    }
    lexer->in += 2;
    return put(lexer, is_dollar ? c : MEANT[special - SPECIAL]);
}

/* ---- variables ---- */

/* A reference inside double quotes: $NAME, ${NAME}, ${NAME-otherwise}, ${NAME[*]}. */
struct reference {
    char name[NAME_BYTES_MAX];
    struct slice otherwise; /* data NULL: none */
    bool splits;            /* [*]: each word of the value is a word of the line */
};

static enum result put_slice(struct lexer *lexer, struct slice s, bool splits)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < s.length; i++) {
        bool cuts = splits && is_blank(s.data[i]);
        result = cuts ? end_word(lexer) : begin_word(lexer);
        if (result == RESULT_OK && !cuts) {
            result = put(lexer, s.data[i]);
        }
    }
    return result;
}

/* The value of .FILE, .LINE and .SECTION; data NULL for another name. */
static struct slice find_pseudo(const struct lexer *lexer, const char *name,
                                char number[NUMBER_TEXT_SIZE])
{
    if (strcmp(name, ".FILE") == 0) {
        return slice_from_string(lexer->place->file);
    }
    if (strcmp(name, ".SECTION") == 0) {
        return slice_from_string(lexer->place->section);
    }
    if (strcmp(name, ".LINE") == 0) {
        return slice_of(number, number_write_decimal(number, lexer->place->line));
    }
    return SLICE_NONE;
}

static enum result read_name(struct lexer *lexer, const char *start, struct reference *reference,
                             const char **end)
{
    static const char FORBIDDEN[] = "forbidden first char in environment variable name";
    bool is_allowed = isalpha((unsigned char)*start) != 0 || *start == '_' || *start == '.';
    if (!is_allowed) {
        return fail(lexer, start, FORBIDDEN);
    }
    const char *in = start + 1;
    while (isalnum((unsigned char)*in) != 0 || *in == '_') {
        in++;
    }
    size_t length = (size_t)(in - start);
    if (length >= sizeof(reference->name)) {
        return fail(lexer, start, "environment variable name too long");
    }
    memcpy(reference->name, start, length);
    reference->name[length] = '\0';
    *end = in;
    char number[NUMBER_TEXT_SIZE];
    bool is_known = *start != '.' || find_pseudo(lexer, reference->name, number).data != NULL;
    return is_known ? RESULT_OK : fail(lexer, start, FORBIDDEN);
}

/* What may stand between a name and its closing brace; leaves `*in` behind the brace. */
static enum result read_braces(struct lexer *lexer, const char *brace, struct reference *reference,
                               const char **in)
{
    static const char EXPAND[] = "[*]";
    if (**in == '[') {
        if (strncmp(*in, EXPAND, sizeof(EXPAND) - 1) != 0) {
            return fail(lexer, *in, "truncated or invalid word expansion sequence");
        }
        *in += sizeof(EXPAND) - 1;
        reference->splits = true;
    }
    if (**in == '-') {
        const char *start = *in + 1;
        *in = start + strcspn(start, "}");
        reference->otherwise = slice_of(start, (size_t)(*in - start));
    }
    if (**in != '}') {
        return fail(lexer, brace, "unmatched brace in environment variable name");
    }
    (*in)++;
    return RESULT_OK;
}

/* An unset list is no word at all: its closing quote and the blanks behind it go with it. */
static void skip_nothing(struct lexer *lexer)
{
    if (*lexer->in == '"') {
        lexer->quote = NULL;
        lexer->in++;
        lexer->in += strspn(lexer->in, " \t");
    }
}

static enum result put_value(struct lexer *lexer, const struct reference *reference)
{
    char number[NUMBER_TEXT_SIZE];
    struct slice value = reference->name[0] == '.' ? find_pseudo(lexer, reference->name, number)
                                                   : slice_from_string(getenv(reference->name));
    value = value.data != NULL ? value : reference->otherwise;
    if (value.data == NULL && reference->splits) {
        skip_nothing(lexer);
        return RESULT_OK;
    }
    enum result result = reference->splits ? RESULT_OK : begin_word(lexer);
    return result == RESULT_OK ? put_slice(lexer, value, reference->splits) : result;
}

static enum result read_variable(struct lexer *lexer)
{
    struct reference reference = {.otherwise = SLICE_NONE};
    const char *brace = lexer->in[1] == '{' ? lexer->in + 1 : NULL;
    const char *in = brace != NULL ? brace + 1 : lexer->in + 1;
    enum result result = read_name(lexer, in, &reference, &in);
    if (result == RESULT_OK && brace != NULL) {
        result = read_braces(lexer, brace, &reference, &in);
    }
    if (result != RESULT_OK) {
        return result;
    }
    lexer->in = in;
    return put_value(lexer, &reference);
}

/* ---- the line ---- */

/* An opening quote begins a word even when nothing is inside, but not in front of a list. */
static enum result open_quote(struct lexer *lexer)
{
    lexer->quote = lexer->in++;
    bool may_be_list = *lexer->quote == '"' && *lexer->in == '$';
    return may_be_list ? RESULT_OK : begin_word(lexer);
}

static enum result read_quoted(struct lexer *lexer)
{
    char c = *lexer->in;
    if (c == *lexer->quote) {
        lexer->quote = NULL;
        lexer->in++;
        return RESULT_OK;
    }
    bool is_double = *lexer->quote == '"';
    if (is_double && c == '$') {
        return read_variable(lexer);
    }
    enum result result = begin_word(lexer);
    if (result != RESULT_OK) {
        return result;
    }
    if (is_double && c == '\\') {
        return read_escape(lexer);
    }
    lexer->in++;
    return put(lexer, c);
}

static enum result read_plain(struct lexer *lexer)
{
    char c = *lexer->in;
    if (is_blank(c)) {
        lexer->in++;
        return end_word(lexer);
    }
    if (c == '"' || c == '\'') {
        return open_quote(lexer);
    }
    enum result result = begin_word(lexer);
    if (result != RESULT_OK) {
        return result;
    }
    if (c == '\\') {
        return read_escape(lexer);
    }
    lexer->in++;
    return put(lexer, c);
}

static enum result read_line(struct lexer *lexer)
{
    enum result result = RESULT_OK;
    while (result == RESULT_OK && *lexer->in != '\0') {
        if (lexer->quote != NULL) {
            result = read_quoted(lexer);
        } else if (*lexer->in == '#') {
            break;
        } else {
            result = read_plain(lexer);
        }
    }
    if (result == RESULT_OK && lexer->quote != NULL) {
        return fail(lexer, lexer->quote, "unmatched quote");
    }
    return result == RESULT_OK ? end_word(lexer) : result;
}

enum result lexer_split(const char *line, const struct lexer_place *place, struct config_words *out,
                        size_t *position, struct text *error)
{
    struct lexer lexer = {.in = line, .wrong = line, .place = place, .out = out, .error = error};
    out->count = 0;
    enum result result = read_line(&lexer);
    *position = (size_t)(lexer.wrong - line);
    out->words[out->count] = NULL;
    return result;
}
