/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: map[_<match>[_<output>]](<file>[,<default>]). The check of a row opens and compiles the
 * file and keeps what is given when nothing matches; the converter looks up. The compiled map lives
 * with the expression, the entries with the files.
 */
#include <string.h>

#include "base/number.h"
#include "rules/converter.h"
#include "rules/parser.h"
#include "rules/pattern.h"

/* A row's variant: the method, and what comes out. */
enum {
    OUTPUT_STRING = 0,
    OUTPUT_INTEGER = 64,
    OUTPUT_ADDRESS = 128,
    OUTPUT_GROUPS = 192,
    METHOD_MASK = 63
};

/* A compiled map argument: the set, and what is given when nothing matches. */
struct map {
    struct pattern_set *set;
    bool has_default;
    struct sample otherwise; /* of the output's type; a text lives with the arguments */
};

static void destroy_map(struct account *account, void *object)
{
    memory_release(account, object);
}

static enum sample_type output_type(unsigned variant)
{
    switch (variant & ~(unsigned)METHOD_MASK) {
    case OUTPUT_INTEGER:
        return SAMPLE_INTEGER;
    case OUTPUT_ADDRESS:
        return SAMPLE_ADDRESS;
    }
    return SAMPLE_STRING;
}

static enum result read_default(struct rule_parser *parser, struct slice text,
                                enum sample_type type, struct map *map)
{
    struct address address;
    map->has_default = true;
    map->otherwise = (struct sample){.type = SAMPLE_STRING, .text = text};
    if (type == SAMPLE_INTEGER) {
        map->otherwise.type = SAMPLE_INTEGER;
        if (number_parse_signed(text, &map->otherwise.integer) != RESULT_OK) {
            return parser_fail(parser, "default value of the map must be a number, but is '%.*s'",
                               (int)text.length, text.data);
        }
    } else if (type == SAMPLE_ADDRESS) {
        if (address_parse_ip(text, &address) != RESULT_OK) {
            return parser_fail(parser, "default value of the map must be an address, but is '%.*s'",
                               (int)text.length, text.data);
        }
        map->otherwise.type = address.family == AF_INET ? SAMPLE_IPV4 : SAMPLE_IPV6;
        if (address.family == AF_INET) {
            map->otherwise.ipv4 = address.v4;
        } else {
            map->otherwise.ipv6 = address.v6;
        }
    }
    return RESULT_OK;
}

static enum result check_map(struct rule_parser *parser, struct sample_arguments *arguments,
                             unsigned variant)
{
    enum pattern_method method = (enum pattern_method)(variant & METHOD_MASK);
    enum sample_type type = output_type(variant);
    struct map *map = memory_take(parser->account, sizeof(*map));
    struct pattern_file *file = NULL;
    if (map == NULL) {
        return parser_fail_memory(parser);
    }
    enum result result =
        pattern_files_open(parser, arguments->items[0].text.data, true, PATTERN_USE_MAP, &file);
    if (result == RESULT_OK) {
        result = pattern_file_compile(parser, file, method, 0, type, &map->set);
    }
    if (result == RESULT_OK && sample_argument_is_given(arguments, 1)) {
        result = read_default(parser, sample_argument_text(arguments, 1), type, map);
    }
    if (result != RESULT_OK) {
        memory_release(parser->account, map);
        return result;
    }
    sample_argument_set_object(parser->account, &arguments->items[0], map, destroy_map);
    return RESULT_OK;
}

/* The default, where nothing was found; RESULT_NOT_FOUND: there is none. */
static enum result give_default(const struct map *map, struct sample *sample)
{
    if (!map->has_default) {
        return RESULT_NOT_FOUND;
    }
    *sample = map->otherwise;
    return RESULT_OK;
}

/* Looks the sample up; changes it to the value found or the default. */
static enum result lookup(const struct map *map, struct rule_context *context,
                          struct sample *sample)
{
    struct pattern_hit hit = {0};
    enum result result = pattern_set_match(map->set, context, sample, &hit);
    if (result == RESULT_OK) {
        *sample = hit.value;
    }
    return result == RESULT_NOT_FOUND ? give_default(map, sample) : result;
}

/* Room for a value with its groups put in. */
static size_t expanded_bytes_max(struct slice value, const struct regex_match *match)
{
    size_t bytes = value.length + 1;
    for (size_t i = 0; i + 1 < value.length; i++) {
        char c = value.data[i + 1];
        if (value.data[i] == '\\' && c >= '0' && c <= '9') {
            bytes += match->groups[c - '0'].length;
        }
    }
    return bytes;
}

/* map_regm: \1 … \9 of the value are the groups of the match. No value when it grows too long. */
static enum result lookup_groups(const struct map *map, struct rule_context *context,
                                 struct sample *sample)
{
    struct pattern_hit hit = {0};
    enum result result = pattern_set_match(map->set, context, sample, &hit);
    if (result != RESULT_OK) {
        return result == RESULT_NOT_FOUND ? give_default(map, sample) : result;
    }
    size_t room = expanded_bytes_max(hit.value.text, &hit.match);
    if (room > arena_piece_max(context->scratch)) {
        return RESULT_NOT_FOUND;
    }
    char *bytes = arena_take_text(context->scratch, room);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(bytes, room);
    regex_expand(hit.value.text, &hit.match, &text);
    return sample_give_text(sample, text_slice(&text));
}

static enum result convert_map(const struct sample_call *call, struct rule_context *context,
                               struct sample *sample)
{
    const struct map *map = call->arguments->items[0].object.pointer;
    bool has_groups = (call->variant & ~(unsigned)METHOD_MASK) == OUTPUT_GROUPS;
    return has_groups ? lookup_groups(map, context, sample) : lookup(map, context, sample);
}

#define ROW(name, method, input, type, output)                                              \
    {                                                                                       \
        name, {1, {ARGUMENT_STRING, ARGUMENT_STRING}}, input, type, convert_map, check_map, \
            (method) | (output)                                                             \
    }
#define ROWS(name, method, input)                                        \
    ROW(name, method, input, SAMPLE_STRING, OUTPUT_STRING),              \
        ROW(name "_str", method, input, SAMPLE_STRING, OUTPUT_STRING),   \
        ROW(name "_int", method, input, SAMPLE_INTEGER, OUTPUT_INTEGER), \
        ROW(name "_ip", method, input, SAMPLE_ADDRESS, OUTPUT_ADDRESS)

const struct sample_converter converters_map[] = {
    ROW("map", PATTERN_STRING, SAMPLE_STRING, SAMPLE_STRING, OUTPUT_STRING),
    ROWS("map_str", PATTERN_STRING, SAMPLE_STRING),
    ROWS("map_beg", PATTERN_BEGIN, SAMPLE_STRING),
    ROWS("map_sub", PATTERN_SUBSTRING, SAMPLE_STRING),
    ROWS("map_dir", PATTERN_DIRECTORY, SAMPLE_STRING),
    ROWS("map_dom", PATTERN_DOMAIN, SAMPLE_STRING),
    ROWS("map_end", PATTERN_END, SAMPLE_STRING),
    ROWS("map_reg", PATTERN_REGEX, SAMPLE_STRING),
    ROWS("map_int", PATTERN_INTEGER, SAMPLE_INTEGER),
    ROWS("map_ip", PATTERN_ADDRESS, SAMPLE_ADDRESS),
    ROW("map_regm", PATTERN_REGEX, SAMPLE_STRING, SAMPLE_STRING, OUTPUT_GROUPS),
    {NULL, {0, {ARGUMENT_NONE}}, SAMPLE_ANY, SAMPLE_ANY, NULL, NULL, 0},
};
