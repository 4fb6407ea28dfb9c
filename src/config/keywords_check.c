/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks of backends: option httpchk and tcp-check, http-check send, expect and connect; the
 * source address towards servers. Everything is a field of struct proxy_settings, texts in the
 * configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"
#include "rules/regex.h"

enum { ARGUMENT_METHOD, ARGUMENT_URI, ARGUMENT_VERSION, ARGUMENT_HOST, HEADERS_BYTES_MAX = 4096 };

/* ---- what is sent ---- */

static enum result add_header(struct config_reader *reader, struct slice name, struct slice value)
{
    struct http_check_settings *check = &reader->proxy->http_check;
    if (slice_equal_nocase(name, SLICE("host"))) {
        check->host = config_copy_slice(reader, value);
        return check->host != NULL ? RESULT_OK : RESULT_NO_MEMORY;
    }
    char bytes[HEADERS_BYTES_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_format(&text, "%s%.*s: %.*s\r\n", check->headers != NULL ? check->headers : "",
                       (int)name.length, name.data, (int)value.length, value.data);
    if (text.truncated) {
        return config_fail(reader, "header fields of a check too long, max is %d bytes.",
                           HEADERS_BYTES_MAX - 1);
    }
    check->headers = config_copy(reader, bytes);
    return check->headers != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

/* The version, and the header lines that old configurations hide behind it. */
static enum result read_version(struct config_reader *reader, const char *word)
{
    struct slice rest = slice_from_string(word);
    struct slice line;
    size_t end = slice_find(rest, SLICE("\r\n"));
    reader->proxy->http_check.version = config_copy_slice(reader, slice_first(rest, end));
    if (end == rest.length) {
        return RESULT_OK;
    }
    config_warn(reader,
                "'option httpchk' : hiding headers or body at the end of the version string "
                "is deprecated. Please, consider to use 'http-check send' directive "
                "instead.");
    rest = slice_skip(rest, end + 2);
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_next_token(&rest, '\n', &line)) {
        struct slice field = slice_trim(slice_first(line, slice_find_char(line, '\r')));
        size_t colon = slice_find_char(field, ':');
        if (field.length > 0 && (colon == 0 || colon == field.length)) {
            return config_fail(reader, "'option httpchk' : unsupported header '%.*s'.",
                               (int)field.length, field.data);
        }
        result = field.length == 0 ? RESULT_OK
                                   : add_header(reader, slice_first(field, colon),
                                                slice_trim(slice_skip(field, colon + 1)));
    }
    return result;
}

/* option httpchk [<uri>] | [<method> <uri> [<version> [<host>]]] */
static enum result read_httpchk(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    struct http_check_settings *check = &reader->proxy->http_check;
    (void)keyword;
    reader->proxy->check_kind = CHECK_HTTP;
    if (count == 0) {
        return RESULT_OK;
    }
    bool has_method = count > ARGUMENT_URI;
    if (has_method) {
        check->method = config_copy(reader, arguments[ARGUMENT_METHOD]);
    }
    check->uri = config_copy(reader, arguments[has_method ? ARGUMENT_URI : 0]);
    enum result result =
        count > ARGUMENT_VERSION ? read_version(reader, arguments[ARGUMENT_VERSION]) : RESULT_OK;
    if (count > ARGUMENT_HOST) {
        check->host = config_copy(reader, arguments[ARGUMENT_HOST]);
    }
    return result;
}

static enum result read_tcp_check(struct config_reader *reader, const char *const *arguments,
                                  unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    (void)keyword;
    reader->proxy->check_kind = CHECK_TCP;
    return RESULT_OK;
}

/* `http-check connect`, `tcp-check connect` without arguments say what is done anyway. */
static enum result read_connect(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    return count == 0 || strcmp(arguments[0], "default") == 0
               ? RESULT_OK
               : config_fail(reader, "'%s' : '%s' is not supported by weir yet", keyword->name,
                             arguments[0]);
}

/* The field of a word of `http-check send`, NULL for another word. */
static const char **find_send_field(struct http_check_settings *check, const char *word)
{
    const struct {
        const char *name;
        const char **field;
    } FIELDS[] = {{"meth", &check->method},
                  {"uri", &check->uri},
                  {"ver", &check->version},
                  {"body", &check->body}};
    for (size_t i = 0; i < sizeof(FIELDS) / sizeof(FIELDS[0]); i++) {
        if (strcmp(FIELDS[i].name, word) == 0) {
            return FIELDS[i].field;
        }
    }
    return NULL;
}

static enum result fail_send(struct config_reader *reader, const char *word)
{
    bool is_later = strcmp(word, "uri-lf") == 0 || strcmp(word, "body-lf") == 0;
    return is_later
               ? config_fail(reader, "'http-check send' : '%s' is not supported by weir yet", word)
               : config_fail(reader,
                             "'http-check send' : expects 'comment', 'meth', 'uri', "
                             "'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '%s' as "
                             "argument.",
                             word);
}

/* http-check send [meth <m>] [uri <u>] [ver <v>] [hdr <name> <value>]* [body <s>] [comment <c>] */
static enum result read_send(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    enum result result = RESULT_OK;
    for (unsigned i = 0; result == RESULT_OK && i < count; i += 2) {
        const char *word = arguments[i];
        const char **field = find_send_field(&reader->proxy->http_check, word);
        bool is_header = strcmp(word, "hdr") == 0;
        unsigned values = is_header ? 2 : 1;
        if (field == NULL && !is_header && strcmp(word, "comment") != 0) {
            return fail_send(reader, word);
        }
        if (i + values >= count) {
            return config_fail(reader, "'%s' : '%s' expects %s.", keyword->name, word,
                               is_header ? "<name> and <value> as arguments" : "an argument");
        }
        if (is_header) {
            result = add_header(reader, slice_from_string(arguments[i + 1]),
                                slice_from_string(arguments[i + 2]));
            i++;
        } else if (field != NULL) {
            *field = config_copy(reader, arguments[i + 1]);
            result = *field != NULL ? RESULT_OK : RESULT_NO_MEMORY;
        }
    }
    return result;
}

/* ---- what is expected ---- */

static enum result check_statuses(struct config_reader *reader, const char *list)
{
    size_t bad = strspn(list, "0123456789,- ");
    return list[bad] == '\0' ? RESULT_OK
                             : config_fail(reader,
                                           "'http-check expect' : invalid character '%c' in "
                                           "the list of status codes.",
                                           list[bad]);
}

/* Compiles the pattern to see whether it is one; the checks compile it for themselves. */
static enum result check_pattern(struct config_reader *reader, const char *pattern)
{
    struct regex *regex = NULL;
    char bytes[CONFIG_ERROR_SIZE];
    struct text error = text_over(bytes, sizeof(bytes));
    enum result result =
        regex_compile(reader->account, slice_from_string(pattern), 0, &error, &regex);
    regex_destroy(reader->account, regex);
    return result != RESULT_INVALID ? result
                                    : config_fail(reader, "'http-check expect' : %s.", bytes);
}

static enum result accept_any(struct config_reader *reader, const char *value)
{
    (void)reader;
    (void)value;
    return RESULT_OK;
}

static const struct {
    const char *name;
    int kind;
    enum result (*check)(struct config_reader *reader, const char *value);
} EXPECTATIONS[] = {{"status", EXPECT_STATUS, check_statuses},
                    {"string", EXPECT_STRING, accept_any},
                    {"rstatus", EXPECT_RSTATUS, check_pattern},
                    {"rstring", EXPECT_RSTRING, check_pattern}};

static enum result set_expectation(struct config_reader *reader, const char *const *words,
                                   unsigned count, bool is_negated)
{
    static const char LATER[] = "hdr fhdr string-lf min-recv ok-status error-status tout-status "
                                "on-success on-error status-code";
    struct http_check_settings *check = &reader->proxy->http_check;
    for (size_t i = 0; i < sizeof(EXPECTATIONS) / sizeof(EXPECTATIONS[0]); i++) {
        if (strcmp(words[0], EXPECTATIONS[i].name) != 0) {
            continue;
        }
        if (count < 2) {
            return config_fail(
                reader, "'http-check expect' : '%s' expects a <pattern> as argument.", words[0]);
        }
        if (count > 2) {
            return config_fail(reader, "'http-check expect' : '%s' is not supported by weir yet",
                               words[2]);
        }
        enum result result = EXPECTATIONS[i].check(reader, words[1]);
        if (result == RESULT_OK) {
            check->expect = EXPECTATIONS[i].kind;
            check->expect_value = config_copy(reader, words[1]);
            check->expect_negated = is_negated;
        }
        return result;
    }
    struct slice rest = slice_from_string(LATER);
    struct slice name;
    while (slice_next_token(&rest, ' ', &name)) {
        if (slice_equal(name, slice_from_string(words[0]))) {
            return config_fail(reader, "'http-check expect' : '%s' is not supported by weir yet",
                               words[0]);
        }
    }
    return config_fail(reader,
                       "'http-check expect' : only supports min-recv, [!]string, "
                       "[!]rstring, [!]string-lf, [!]status, [!]rstatus, [!]hdr, [!]fhdr "
                       "or comment but got '%s' as argument.",
                       words[0]);
}

/* Whether this section has an expectation of its own: one is all that a check can have. */
static bool has_expectation(const struct proxy_settings *proxy)
{
    const struct proxy_settings *defaults = proxy->defaults;
    const char *inherited = defaults != NULL ? defaults->http_check.expect_value : NULL;
    return proxy->http_check.expect != EXPECT_DEFAULT &&
           proxy->http_check.expect_value != inherited;
}

/* http-check expect [comment <c>] [!] {status|string|rstatus|rstring} <pattern> */
static enum result read_expect(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    unsigned position = 0;
    while (position + 1 < count && strcmp(arguments[position], "comment") == 0) {
        position += 2;
    }
    bool is_negated = position < count && strcmp(arguments[position], "!") == 0;
    position += is_negated ? 1 : 0;
    if (position == count) {
        return config_fail(reader, "'%s' : %s.", keyword->name, keyword->expects);
    }
    if (has_expectation(reader->proxy)) {
        return config_fail(reader, "'%s' : more than one is not supported by weir yet",
                           keyword->name);
    }
    return set_expectation(reader, arguments + position, count - position, is_negated);
}

const struct config_keyword KEYWORDS_CHECK[] = {
    {"option httpchk", SECTION_BACK, 0, 4, "", read_httpchk, 0, 0, 0},
    {"option tcp-check", SECTION_BACK, 0, 0, "", read_tcp_check, 0, 0, 0},
    {"http-check connect", SECTION_BACK, 0, UINT_MAX, "", read_connect, 0, 0, 0},
    {"http-check comment", SECTION_BACK, 1, 1, "expects a string as argument", config_pass_over, 0,
     0, KEYWORD_WITHOUT_MEANING},
    {"http-check send", SECTION_BACK, 1, UINT_MAX, "expects an argument", read_send, 0, 0, 0},
    {"http-check expect", SECTION_BACK, 1, UINT_MAX,
     "expects at least a matching pattern as arguments", read_expect, 0, 0, 0},
    {"tcp-check connect", SECTION_BACK, 0, UINT_MAX, "", read_connect, 0, 0, 0},
    {"tcp-check comment", SECTION_BACK, 1, 1, "expects a string as argument", config_pass_over, 0,
     0, KEYWORD_WITHOUT_MEANING},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
