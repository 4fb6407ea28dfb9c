/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parsers of actions share. Words are those of one configuration line, already unquoted;
 * the condition ("if", "unless") ends an action's own. Nothing here takes memory but the block of
 * an action's arguments, which belongs to the configuration.
 */
#include "rules/arguments.h"

#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "memory/memory.h"
#include "rules/parser.h"

struct unit {
    const char *name;
    uint64_t factor;
};

enum { SECONDS_PER_MINUTE = 60, SECONDS_PER_HOUR = 3600, SECONDS_PER_DAY = 86400 };

static const struct unit duration_units[] = {
    {"", 1},
    {"ms", 1},
    {"s", MS_PER_SECOND},
    {"m", (uint64_t)MS_PER_SECOND *SECONDS_PER_MINUTE},
    {"h", (uint64_t)MS_PER_SECOND *SECONDS_PER_HOUR},
    {"d", (uint64_t)MS_PER_SECOND *SECONDS_PER_DAY},
    {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},         {"k", KIBIBYTE}, {"K", KIBIBYTE}, {"m", MEBIBYTE},
    {"M", MEBIBYTE}, {"g", GIBIBYTE}, {"G", GIBIBYTE}, {NULL, 0},
};

bool word_is_condition(const char *word)
{
    return strcmp(word, "if") == 0 || strcmp(word, "unless") == 0;
}

unsigned arguments_count(const char *const *words, unsigned words_count)
{
    unsigned count = 0;
    while (count < words_count && !word_is_condition(words[count])) {
        count++;
    }
    return count;
}

bool arguments_are(const char *const *words, unsigned words_count, unsigned count)
{
    if (words_count < count) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        if (words[i][0] == '\0') {
            return false;
        }
    }
    return words_count == count || word_is_condition(words[count]);
}

bool argument_is(const char *const *words, unsigned words_count, unsigned index,
                 const char *keyword)
{
    return index < words_count && strcmp(words[index], keyword) == 0;
}

bool keyword_argument(const char *keyword, struct slice *argument)
{
    const char *open = strchr(keyword, '(');
    if (open == NULL) {
        return false;
    }
    size_t length = strlen(open + 1);
    if (length == 0 || open[length] != ')') {
        return false;
    }
    *argument = slice_of(open + 1, length - 1);
    return true;
}

static bool is_token_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

bool slice_is_token(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        if (!is_token_byte(s.data[i])) {
            return false;
        }
    }
    return s.length > 0;
}

void *rule_take(struct rule_parser *parser, size_t bytes)
{
    void *block = memory_take(parser->account, bytes);
    if (block == NULL) {
        (void)parser_fail_memory(parser);
    }
    return block;
}

char *rule_copy(struct rule_parser *parser, struct slice s)
{
    char *copy = memory_copy_string(parser->account, s);
    if (copy == NULL) {
        (void)parser_fail_memory(parser);
    }
    return copy;
}

/* Cuts the leading digits off `word`. */
static enum result take_digits(const char *word, uint64_t *value, const char **rest)
{
    size_t digits = strspn(word, "0123456789");
    *rest = word + digits;
    return number_parse_decimal(slice_of(word, digits), value);
}

static enum result parse_with_unit(const char *word, const struct unit *units, uint64_t max,
                                   uint64_t *value, const char **rest)
{
    uint64_t number = 0;
    enum result result = take_digits(word, &number, rest);
    if (result != RESULT_OK) {
        return result;
    }
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (strcmp(unit->name, *rest) == 0) {
            *value = number * unit->factor;
            return number > max / unit->factor ? RESULT_FULL : RESULT_OK;
        }
    }
    return RESULT_INVALID;
}

enum result parse_duration_ms(const char *word, uint32_t *ms, const char **rest)
{
    uint64_t value = 0;
    enum result result = take_digits(word, &value, rest);
    if (result == RESULT_OK && strcmp(*rest, "us") == 0) {
        /* Microseconds are rounded up: a tiny timeout is not "none". */
        value = value / US_PER_MS + (value % US_PER_MS != 0 ? 1 : 0);
    } else {
        result = parse_with_unit(word, duration_units, UINT32_MAX, &value, rest);
    }
    if (result == RESULT_OK && value > UINT32_MAX) {
        result = RESULT_FULL;
    }
    if (result == RESULT_OK) {
        *ms = (uint32_t)value;
    }
    return result;
}

enum result parse_size(const char *word, uint64_t *bytes, const char **rest)
{
    return parse_with_unit(word, size_units, UINT64_MAX, bytes, rest);
}

enum result parse_integer(const char *word, uint64_t max, uint64_t *value)
{
    struct slice digits = slice_from_string(word);
    enum result result;
    if (slice_starts_with_nocase(digits, SLICE("0x"))) {
        result = number_parse_hex(slice_skip(digits, 2), value);
    } else {
        result = number_parse_decimal(digits, value);
    }
    if (result == RESULT_OK && *value > max) {
        result = RESULT_FULL;
    }
    return result;
}
