/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a backend chooses its servers: balance, hash-type, hash-balance-factor, fullconn. The key of
 * an algorithm that hashes is compiled to an expression here, so that the layers below never see
 * what it is made of. Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { FACTOR_LEAST = 100, DRAWS_MAX = 65535 };

#define FIELD(member) offsetof(struct proxy_settings, member)

/* Where keys are taken from: the request's bytes or its head. */
#define KEY_PLACES (SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT)

/* The words behind `balance`. */
struct balance_words {
    const char *const *words; /* the first is the algorithm */
    unsigned count;
};

static enum result compile_key(struct config_reader *reader, const char *const *words,
                               unsigned count)
{
    struct rule_parser parser = config_rule_parser(reader, KEY_PLACES);
    unsigned used = 0;
    enum result result = config_compile_expression(reader, &parser, words, count, &used,
                                                   &reader->proxy->balance_key);
    return result == RESULT_OK && used < count
               ? config_fail(reader, "balance : unexpected argument '%s'.", words[used])
               : result;
}

static enum result read_plain(struct config_reader *reader, const struct balance_words *line)
{
    (void)reader;
    (void)line;
    return RESULT_OK;
}

static enum result read_source(struct config_reader *reader, const struct balance_words *line)
{
    static const char *const SOURCE[] = {"src"};
    (void)line;
    return compile_key(reader, SOURCE, 1);
}

/* ---- uri ---- */

static enum result read_uri_number(struct config_reader *reader, const struct balance_words *line,
                                   unsigned position, uint32_t *out)
{
    const char *value = position + 1 < line->count ? line->words[position + 1] : "";
    uint64_t number = 0;
    if (number_parse_decimal(slice_from_string(value), &number) != RESULT_OK || number == 0 ||
        number > UINT16_MAX) {
        return config_fail(reader, "balance uri : '%s' expects a positive integer (got '%s').",
                           line->words[position], value);
    }
    *out = (uint32_t)number;
    return RESULT_OK;
}

/* balance uri [len <n>] [depth <n>] [whole] [path-only] */
static enum result read_uri(struct config_reader *reader, const struct balance_words *line)
{
    static const char *const URL[] = {"url"};
    struct balance_uri_options *uri = &reader->proxy->balance_uri;
    for (unsigned i = 1; i < line->count; i++) {
        const char *word = line->words[i];
        enum result result = RESULT_OK;
        if (strcmp(word, "whole") == 0) {
            uri->is_whole = true;
        } else if (strcmp(word, "path-only") == 0) {
            uri->is_path_only = true;
        } else if (strcmp(word, "len") == 0) {
            result = read_uri_number(reader, line, i++, &uri->bytes_max);
        } else if (strcmp(word, "depth") == 0) {
            result = read_uri_number(reader, line, i++, &uri->depth_max);
        } else {
            result = config_fail(reader,
                                 "balance uri only accepts parameters 'len', 'depth', "
                                 "'path-only', and 'whole' (got '%s').",
                                 word);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return compile_key(reader, URL, 1);
}

/* ---- the others ---- */

/* Compiles `fetch(argument)`. */
static enum result compile_fetch(struct config_reader *reader, const char *fetch,
                                 struct slice argument)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    const char *const word = bytes;
    text_append_format(&text, "%s(%.*s)", fetch, (int)argument.length, argument.data);
    return compile_key(reader, &word, 1);
}

static enum result read_url_param(struct config_reader *reader, const struct balance_words *line)
{
    if (line->count < 2) {
        return config_fail(reader, "balance url_param requires an URL parameter name.");
    }
    if (line->count > 2) {
        return config_fail(reader, "balance url_param : '%s' is not supported by weir yet",
                           line->words[2]);
    }
    return compile_fetch(reader, "url_param", slice_from_string(line->words[1]));
}

/* What stands in the parentheses of "hdr(host)"; data NULL when there are none. */
static struct slice find_argument(const char *word)
{
    struct slice text = slice_from_string(word);
    size_t open = slice_find_char(text, '(');
    struct slice argument = slice_skip(text, open + 1);
    if (open == text.length || argument.length == 0 || argument.data[argument.length - 1] != ')') {
        return SLICE_NONE;
    }
    return slice_first(argument, argument.length - 1);
}

/* hdr(<name>) [use_domain_only]: the first of the values, as a comma separates them. */
static enum result read_header(struct config_reader *reader, const struct balance_words *line)
{
    struct slice name = find_argument(line->words[0]);
    char bytes[CONFIG_ERROR_SIZE];
    struct text text = text_over(bytes, sizeof(bytes));
    if (name.length == 0) {
        return config_fail(reader, "balance hdr requires an http header field name.");
    }
    if (line->count > 1 && strcmp(line->words[1], "use_domain_only") != 0) {
        return config_fail(reader, "balance hdr(name) only accepts 'use_domain_only' (got '%s').",
                           line->words[1]);
    }
    reader->proxy->balance.hash_domain_only = line->count > 1;
    text_append_format(&text, "%.*s,1", (int)name.length, name.data);
    return compile_fetch(reader, "req.hdr", text_slice(&text));
}

static enum result read_hash(struct config_reader *reader, const struct balance_words *line)
{
    return line->count < 2 ? config_fail(reader, "balance hash requires a sample expression.")
                           : compile_key(reader, line->words + 1, line->count - 1);
}

static enum result read_random(struct config_reader *reader, const struct balance_words *line)
{
    struct slice draws = find_argument(line->words[0]);
    uint64_t number = reader->proxy->balance.random_draws;
    if (draws.data != NULL && number_parse_decimal(draws, &number) != RESULT_OK) {
        return config_fail(reader, "balance random : '%.*s' is not a number of draws.",
                           (int)draws.length, draws.data);
    }
    if (number == 0 || number > DRAWS_MAX) {
        return config_fail(reader, "balance random : number of draws must be at least 1.");
    }
    reader->proxy->balance.random_draws = (uint32_t)number;
    return RESULT_OK;
}

struct algorithm {
    const char *name;
    enum balance_algorithm algorithm;
    bool takes_parentheses;
    enum result (*read)(struct config_reader *reader, const struct balance_words *line);
};

static const struct algorithm ALGORITHMS[] = {
    {"roundrobin", BALANCE_ROUND_ROBIN, false, read_plain},
    {"static-rr", BALANCE_STATIC_ROUND_ROBIN, false, read_plain},
    {"leastconn", BALANCE_LEAST_CONNECTIONS, false, read_plain},
    {"first", BALANCE_FIRST, false, read_plain},
    {"random", BALANCE_RANDOM, true, read_random},
    {"source", BALANCE_SOURCE, false, read_source},
    {"uri", BALANCE_URI, false, read_uri},
    {"url_param", BALANCE_URL_PARAMETER, false, read_url_param},
    {"hdr", BALANCE_HEADER, true, read_header},
    {"hash", BALANCE_HASH, false, read_hash},
};

static enum result fail_algorithm(struct config_reader *reader, struct slice name)
{
    static const char *const LATER[] = {"rdp-cookie", "sticky", "log-hash"};
    for (size_t i = 0; i < sizeof(LATER) / sizeof(LATER[0]); i++) {
        if (slice_equal(name, slice_from_string(LATER[i]))) {
            return config_fail(reader, "'balance %s' is not supported by weir yet", LATER[i]);
        }
    }
    return config_fail(reader,
                       "balance only supports 'roundrobin', 'static-rr', 'leastconn', "
                       "'source', 'uri', 'url_param', 'hash', 'hdr(name)', 'random' and "
                       "'first' options (got '%.*s').",
                       (int)name.length, name.data);
}

static enum result read_balance(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    static const char *const DEFAULT[] = {"roundrobin"};
    struct balance_words line = {count > 0 ? arguments : DEFAULT, count > 0 ? count : 1};
    struct slice word = slice_from_string(line.words[0]);
    struct slice name = slice_first(word, slice_find_char(word, '('));
    struct proxy_settings *proxy = reader->proxy;
    (void)keyword;
    for (size_t i = 0; i < sizeof(ALGORITHMS) / sizeof(ALGORITHMS[0]); i++) {
        const struct algorithm *row = &ALGORITHMS[i];
        bool is_exact = row->takes_parentheses || name.length == word.length;
        if (!is_exact || !slice_equal(slice_from_string(row->name), name)) {
            continue;
        }
        proxy->balance.algorithm = row->algorithm;
        proxy->balance_key = NULL;
        proxy->balance_uri = (struct balance_uri_options){0};
        proxy->balance.hash_domain_only = false;
        return row->read(reader, &line);
    }
    return fail_algorithm(reader, word);
}

/* ---- hash-type ---- */

static bool find_function(const char *word, enum hash_function *out)
{
    static const char *const FUNCTIONS[] = {[HASH_FUNCTION_SDBM] = "sdbm",
                                            [HASH_FUNCTION_DJB2] = "djb2",
                                            [HASH_FUNCTION_WT6] = "wt6",
                                            [HASH_FUNCTION_CRC32] = "crc32",
                                            [HASH_FUNCTION_NONE] = "none"};
    for (unsigned i = 0; i < sizeof(FUNCTIONS) / sizeof(FUNCTIONS[0]); i++) {
        if (strcmp(FUNCTIONS[i], word) == 0) {
            *out = (enum hash_function)i;
            return true;
        }
    }
    return false;
}

/* hash-type <method> [<function> [avalanche]]; a map-based default function is followed by none. */
static enum result read_hash_type(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    struct balance_options *balance = &reader->proxy->balance;
    bool is_consistent = strcmp(arguments[0], "consistent") == 0;
    if (!is_consistent && strcmp(arguments[0], "map-based") != 0) {
        return config_fail(reader, "'%s' only supports 'consistent' and 'map-based'.",
                           keyword->name);
    }
    balance->hash_is_consistent = is_consistent;
    balance->hash_function = HASH_FUNCTION_SDBM;
    balance->hash_avalanche = is_consistent && count == 1;
    bool is_avalanche = count > 1 && strcmp(arguments[1], "avalanche") == 0;
    if (is_avalanche) { /* the old form: the default function with the modifier */
        balance->hash_avalanche = true;
        return RESULT_OK;
    }
    if (count > 1 && !find_function(arguments[1], &balance->hash_function)) {
        return config_fail(reader,
                           "'%s' only supports 'sdbm', 'djb2', 'crc32', 'wt6', or 'none' "
                           "hash functions.",
                           keyword->name);
    }
    if (count > 2 && strcmp(arguments[2], "avalanche") != 0) {
        return config_fail(reader,
                           "'%s' only supports 'avalanche' as a modifier for hash functions.",
                           keyword->name);
    }
    balance->hash_avalanche = balance->hash_avalanche || count > 2;
    return RESULT_OK;
}

static enum result read_factor(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    uint64_t factor = 0;
    (void)count;
    enum result result =
        config_read_number(reader, keyword->name, arguments[0], 0, INT32_MAX, &factor);
    if (result == RESULT_OK && factor != 0 && factor <= FACTOR_LEAST) {
        return config_fail(reader, "'%s' must be 0 or greater than 100.", keyword->name);
    }
    reader->proxy->balance.hash_balance_factor = (uint32_t)factor;
    return result;
}

const struct config_keyword KEYWORDS_BALANCE[] = {
    {"balance", SECTION_BACK, 0, UINT_MAX, "", read_balance, 0, 0, 0},
    {"hash-type", SECTION_BACK, 1, 3, "only supports 'consistent' and 'map-based'", read_hash_type,
     0, 0, 0},
    {"hash-balance-factor", SECTION_BACK, 1, 1, "expects an integer argument", read_factor, 0, 0,
     0},
    {"fullconn", SECTION_BACK, 1, 1, "expects an integer argument", config_read_u32_field,
     FIELD(balance.fullconn), INT32_MAX, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
