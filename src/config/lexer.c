/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer: one pass over a line with a small state (in which quotes), writing words behind each
 * other into the line's own bytes. Expansion of variables happens inside double quotes only, as
 * HAProxy does; outside, '$' is an ordinary byte. Bounded by lexer.h's limits.
 */
#include "config/lexer.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

struct lexer {
    const char *line;
    const char *in;
    const struct lexer_place *place;
    struct config_words *out;
    struct text *error;
    size_t length; /* of out->bytes */
    bool in_word, in_single, in_double;
};

static enum result fail(struct lexer *lexer, const char *message)
{
    text_append_string(lexer->error, message);
    return RESULT_INVALID;
}

static enum result put(struct lexer *lexer, char c)
{
    if (lexer->length + 1 >= sizeof(lexer->out->bytes)) {
        return fail(lexer, "line too long");
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
        return fail(lexer, "too many words in the line");
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

/* A backslash and what follows; in double quotes only \ " $ and letters of escapes are special. */
static enum result read_escape(struct lexer *lexer)
{
    const char *in = lexer->in + 1;
    enum { HEX_DIGITS = 2, HEX_SHIFT = 4 };
    switch (*in) {
    case 'n':
        lexer->in = in + 1;
        return put(lexer, '\n');
    case 'r':
        lexer->in = in + 1;
        return put(lexer, '\r');
    case 't':
        lexer->in = in + 1;
        return put(lexer, '\t');
    case 'x': {
        int high = number_hex_digit(in[1]);
        int low = high < 0 ? -1 : number_hex_digit(in[HEX_DIGITS]);
        if (low < 0) {
            return fail(
                lexer, "invalid or incomplete '\\x' sequence: two hexadecimal digits are expected");
        }
        lexer->in = in + 1 + HEX_DIGITS;
        return put(lexer, (char)((high << HEX_SHIFT) | low));
    }
    case '\\':
    case ' ':
    case '#':
    case '\'':
    case '"':
    case '$':
        lexer->in = in + 1;
        return put(lexer, *in);
    case '\0':
        lexer->in = in;
        return fail(lexer, "backslash at the end of the line");
    }
    lexer->in = in; /* not an escape: the backslash stands for itself */
    return put(lexer, '\\');
}

static enum result put_string(struct lexer *lexer, const char *s)
{
    enum result result = RESULT_OK;
    for (; result == RESULT_OK && *s != '\0'; s++) {
        result = put(lexer, *s);
    }
    return result;
}

static enum result put_pseudo(struct lexer *lexer, struct slice name)
{
    char number[NUMBER_TEXT_SIZE];
    if (slice_equal(name, SLICE(".FILE"))) {
        return put_string(lexer, lexer->place->file);
    }
    if (slice_equal(name, SLICE(".LINE"))) {
        number[number_write_decimal(number, lexer->place->line)] = '\0';
        return put_string(lexer, number);
    }
    if (slice_equal(name, SLICE(".SECTION"))) {
        return put_string(lexer, lexer->place->section != NULL ? lexer->place->section : "");
    }
    return fail(lexer, "unknown pseudo-variable");
}

/* Puts the variable's value, each of its words as one of ours when `splits`. */
static enum result put_value(struct lexer *lexer, const char *value, bool splits)
{
    enum result result = RESULT_OK;
    for (; result == RESULT_OK && *value != '\0'; value++) {
        if (splits && isspace((unsigned char)*value)) {
            result = end_word(lexer);
            if (result == RESULT_OK && value[1] != '\0' && !isspace((unsigned char)value[1])) {
                result = begin_word(lexer);
            }
        } else {
            result = put(lexer, *value);
        }
    }
    return result;
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* $NAME, ${NAME}, ${NAME-default}, ${NAME[*]} inside double quotes. */
static enum result read_variable(struct lexer *lexer)
{
    enum { NAME_MAX_BYTES = 256 };
    const char *in = lexer->in + 1;
    bool has_braces = *in == '{';
    in += has_braces ? 1 : 0;
    const char *start = in;
    while (is_name_byte(*in)) {
        in++;
    }
    struct slice name = slice_of(start, (size_t)(in - start));
    if (name.length == 0 || name.length >= NAME_MAX_BYTES) {
        return fail(lexer, "expecting a variable name after '$'");
    }
    bool splits = has_braces && strncmp(in, "[*]", sizeof("[*]") - 1) == 0;
    in += splits ? sizeof("[*]") - 1 : 0;
    struct slice otherwise = SLICE_NONE;
    if (has_braces && *in == '-') {
        const char *end = strchr(in, '}');
        otherwise = slice_of(in + 1, end == NULL ? 0 : (size_t)(end - in - 1));
        in = end == NULL ? in : end;
    }
    if (has_braces && *in != '}') {
        return fail(lexer, "missing '}' after the variable name");
    }
    lexer->in = in + (has_braces ? 1 : 0);
    if (name.data[0] == '.') {
        return put_pseudo(lexer, name);
    }
    char copy[NAME_MAX_BYTES];
    memcpy(copy, name.data, name.length);
    copy[name.length] = '\0';
    const char *value = getenv(copy);
    if (value != NULL) {
        return put_value(lexer, value, splits);
    }
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < otherwise.length; i++) {
        result = put(lexer, otherwise.data[i]);
    }
    return result;
}

static enum result read_quoted(struct lexer *lexer, bool *done)
{
    *done = true;
    char c = *lexer->in;
    if (lexer->in_single) {
        lexer->in++;
        lexer->in_single = c != '\'';
        return lexer->in_single ? put(lexer, c) : RESULT_OK;
    }
    if (c == '"') {
        lexer->in_double = !lexer->in_double;
        lexer->in++;
        return lexer->in_double ? begin_word(lexer) : RESULT_OK;
    }
    if (lexer->in_double && c == '$') {
        return read_variable(lexer);
    }
    *done = c == '\\' && lexer->in_double;
    return *done ? read_escape(lexer) : RESULT_OK;
}

static enum result read_plain(struct lexer *lexer)
{
    char c = *lexer->in;
    if (!lexer->in_double && (c == ' ' || c == '\t')) {
        lexer->in++;
        return end_word(lexer);
    }
    enum result result = begin_word(lexer);
    if (result != RESULT_OK) {
        return result;
    }
    if (!lexer->in_double && c == '\'') {
        lexer->in_single = true;
        lexer->in++;
        return RESULT_OK;
    }
    if (c == '\\') {
        return read_escape(lexer);
    }
    lexer->in++;
    return put(lexer, c);
}

static enum result run(struct lexer *lexer)
{
    while (*lexer->in != '\0' && *lexer->in != '\n') {
        bool in_quotes = lexer->in_single || lexer->in_double;
        if (!in_quotes && *lexer->in == '#') {
            break;
        }
        bool done = false;
        enum result result = read_quoted(lexer, &done);
        if (result == RESULT_OK && !done) {
            result = read_plain(lexer);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    if (lexer->in_single) {
        return fail(lexer, "unmatched quote: a closing ' is expected");
    }
    if (lexer->in_double) {
        return fail(lexer, "unmatched quote: a closing \" is expected");
    }
    return end_word(lexer);
}

enum result lexer_split(const char *line, const struct lexer_place *place, struct config_words *out,
                        size_t *position, struct text *error)
{
    struct lexer lexer = {.line = line, .in = line, .place = place, .out = out, .error = error};
    out->count = 0;
    enum result result = run(&lexer);
    *position = (size_t)(lexer.in - line);
    out->words[out->count] = NULL;
    return result;
}
