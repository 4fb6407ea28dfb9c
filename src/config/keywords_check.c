/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks and persistence of backends: option httpchk, http-check send and expect, cookie,
 * source. Everything is a field of struct proxy_settings, texts in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "base/number.h"
#include "config/keyword.h"

enum { METHOD_URI = 2, METHOD_URI_VERSION = 3, HEADERS_MAX = 4096 };

/* ---- checks ---- */

static enum result read_httpchk(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct proxy_settings *proxy = reader->proxy;
    if (reader->is_negated) {
        proxy->check_kind = CHECK_TCP;
        return RESULT_OK;
    }
    struct http_check_settings *check = &proxy->http_check;
    proxy->check_kind = CHECK_HTTP;
    check->method = "OPTIONS";
    check->uri = "/";
    check->version = "HTTP/1.0";
    if (count == 1) {
        check->uri = config_copy(reader, arguments[0]);
    } else if (count >= METHOD_URI) {
        check->method = config_copy(reader, arguments[0]);
        check->uri = config_copy(reader, arguments[1]);
    }
    if (count >= METHOD_URI_VERSION) {
        check->version = config_copy(reader, arguments[METHOD_URI]);
    }
    if (count > METHOD_URI_VERSION) {
        check->host = config_copy(reader, arguments[METHOD_URI_VERSION]);
    }
    return RESULT_OK;
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

static enum result add_header(struct config_reader *reader, const char *name, const char *value)
{
    struct http_check_settings *check = &reader->proxy->http_check;
    if (slice_equal_nocase(slice_from_string(name), SLICE("host"))) {
        check->host = config_copy(reader, value);
        return RESULT_OK;
    }
    char bytes[HEADERS_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_format(&text, "%s%s: %s\r\n", check->headers != NULL ? check->headers : "", name,
                       value);
    if (text.truncated) {
        return config_fail(reader, "too many header fields for a check, max is %d bytes",
                           HEADERS_MAX);
    }
    check->headers = config_copy(reader, bytes);
    return RESULT_OK;
}

/* http-check send [meth <m>] [{uri|uri-lf} <u>] [ver <v>] [hdr <name> <fmt>]* [{body|body-lf} <s>]
 * [comment <c>] */
static enum result read_check_send(struct config_reader *reader, const char *const *arguments,
                                   unsigned count, const struct config_keyword *keyword)
{
    struct http_check_settings *check = &reader->proxy->http_check;
    for (unsigned i = 0; i < count; i += 2) {
        const char *name = arguments[i];
        if (i + 1 >= count) {
            return config_fail(reader, "'%s' : '%s' expects an argument", keyword->name, name);
        }
        const char *value = arguments[i + 1];
        if (strcmp(name, "meth") == 0) {
            check->method = config_copy(reader, value);
        } else if (strcmp(name, "uri") == 0) {
            check->uri = config_copy(reader, value);
        } else if (strcmp(name, "ver") == 0) {
            check->version = config_copy(reader, value);
        } else if (strcmp(name, "body") == 0) {
            check->body = config_copy(reader, value);
        } else if (strcmp(name, "hdr") == 0 && i + 2 < count) {
            enum result result = add_header(reader, value, arguments[i + 2]);
            if (result != RESULT_OK) {
                return result;
            }
            i++;
        } else if (strcmp(name, "comment") != 0) {
            return config_fail(
                reader,
                "'%s' : '%s' is not supported by weir yet (known: meth uri ver hdr body comment)",
                keyword->name, name);
        }
    }
    return RESULT_OK;
}

/* http-check expect [comment <c>] [!] {status|string|rstatus|rstring} <pattern> */
static enum result read_check_expect(struct config_reader *reader, const char *const *arguments,
                                     unsigned count, const struct config_keyword *keyword)
{
    static const struct {
        const char *name;
        int kind;
    } KINDS[] = {{"status", EXPECT_STATUS},
                 {"string", EXPECT_STRING},
                 {"rstatus", EXPECT_RSTATUS},
                 {"rstring", EXPECT_RSTRING}};
    struct http_check_settings *check = &reader->proxy->http_check;
    unsigned position = 0;
    while (position + 1 < count && strcmp(arguments[position], "comment") == 0) {
        position += 2;
    }
    check->expect_negated = position < count && strcmp(arguments[position], "!") == 0;
    position += check->expect_negated ? 1 : 0;
    for (size_t i = 0; position + 2 == count && i < sizeof(KINDS) / sizeof(KINDS[0]); i++) {
        if (strcmp(arguments[position], KINDS[i].name) == 0) {
            check->expect = KINDS[i].kind;
            check->expect_value = config_copy(reader, arguments[position + 1]);
            return RESULT_OK;
        }
    }
    return config_fail(reader,
                       "'%s' only supports [!] 'status', 'string', 'rstatus', 'rstring' with one "
                       "pattern in this version of weir",
                       keyword->name);
}

/* ---- cookie ---- */

struct cookie_word {
    const char *name;
    enum result (*read)(struct config_reader *reader, struct server_cookie_settings *cookie,
                        const char *value);
    bool takes_value;
    size_t offset; /* of a flag */
    enum server_cookie_mode mode;
};

static enum result read_domain(struct config_reader *reader, struct server_cookie_settings *cookie,
                               const char *value)
{
    char bytes[HEADERS_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    if (cookie->domains != NULL) {
        text_append_format(&text, "%s; domain=", cookie->domains);
    }
    text_append_string(&text, value);
    cookie->domains = config_copy(reader, bytes);
    return RESULT_OK;
}

static enum result read_attribute(struct config_reader *reader,
                                  struct server_cookie_settings *cookie, const char *value)
{
    char bytes[HEADERS_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    if (cookie->attributes != NULL) {
        text_append_format(&text, "%s; ", cookie->attributes);
    }
    text_append_string(&text, value);
    cookie->attributes = config_copy(reader, bytes);
    return RESULT_OK;
}

static enum result read_seconds(struct config_reader *reader, const char *what, const char *value,
                                uint32_t *out)
{
    enum { SECOND_MS = 1000 };
    uint32_t ms = 0;
    enum result result = config_read_time(reader, what, value, SECOND_MS, &ms);
    *out = ms / SECOND_MS;
    return result;
}

static enum result read_max_idle(struct config_reader *reader,
                                 struct server_cookie_settings *cookie, const char *value)
{
    return read_seconds(reader, "maxidle", value, &cookie->max_idle_s);
}

static enum result read_max_life(struct config_reader *reader,
                                 struct server_cookie_settings *cookie, const char *value)
{
    return read_seconds(reader, "maxlife", value, &cookie->max_life_s);
}

#define FLAG(name, member)                                                                        \
    {                                                                                             \
        name, NULL, false, offsetof(struct server_cookie_settings, member), SERVER_COOKIE_PASSIVE \
    }

static const struct cookie_word COOKIE_WORDS[] = {
    {"rewrite", NULL, false, 0, SERVER_COOKIE_REWRITE},
    {"insert", NULL, false, 0, SERVER_COOKIE_INSERT},
    {"prefix", NULL, false, 0, SERVER_COOKIE_PREFIX},
    FLAG("indirect", is_indirect),
    FLAG("nocache", is_nocache),
    FLAG("postonly", is_postonly),
    FLAG("preserve", is_preserve),
    FLAG("httponly", is_httponly),
    FLAG("secure", is_secure),
    FLAG("dynamic", is_dynamic),
    {"domain", read_domain, true, 0, SERVER_COOKIE_PASSIVE},
    {"attr", read_attribute, true, 0, SERVER_COOKIE_PASSIVE},
    {"maxidle", read_max_idle, true, 0, SERVER_COOKIE_PASSIVE},
    {"maxlife", read_max_life, true, 0, SERVER_COOKIE_PASSIVE},
};

static const struct cookie_word *find_cookie_word(const char *word)
{
    for (size_t i = 0; i < sizeof(COOKIE_WORDS) / sizeof(COOKIE_WORDS[0]); i++) {
        if (strcmp(COOKIE_WORDS[i].name, word) == 0) {
            return &COOKIE_WORDS[i];
        }
    }
    return NULL;
}

static enum result read_cookie_words(struct config_reader *reader,
                                     struct server_cookie_settings *cookie,
                                     const char *const *words, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct cookie_word *row = find_cookie_word(words[i]);
        if (row == NULL) {
            return config_fail(reader,
                               "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', "
                               "'nocache', 'postonly', 'domain', 'maxidle', 'dynamic', 'maxlife' "
                               "and 'attr' options (got '%s')",
                               words[i]);
        }
        if (row->takes_value && i + 1 == count) {
            return config_fail(reader, "'cookie' : '%s' expects an argument", words[i]);
        }
        if (row->mode != SERVER_COOKIE_PASSIVE) {
            if (cookie->mode != SERVER_COOKIE_PASSIVE && cookie->mode != row->mode) {
                return config_fail(
                    reader, "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible");
            }
            cookie->mode = row->mode;
        } else if (row->takes_value) {
            enum result result = row->read(reader, cookie, words[++i]);
            if (result != RESULT_OK) {
                return result;
            }
        } else {
            *(bool *)(void *)((char *)cookie + row->offset) = true;
        }
    }
    return RESULT_OK;
}

static enum result read_cookie(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    if (reader->is_negated) {
        reader->proxy->cookie = NULL;
        return RESULT_OK;
    }
    struct server_cookie_settings *cookie = config_take(reader, sizeof(*cookie));
    if (cookie == NULL) {
        return RESULT_NO_MEMORY;
    }
    cookie->name = config_copy(reader, arguments[0]);
    enum result result = read_cookie_words(reader, cookie, arguments + 1, count - 1);
    reader->proxy->cookie = cookie;
    return result;
}

static enum result read_source(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    struct config_address parsed;
    enum result result = config_read_address(reader, arguments[0], false, &parsed);
    if (result == RESULT_OK &&
        (count > 1 || parsed.host != NULL || parsed.last_port != parsed.address.port)) {
        return config_fail(reader, "'%s' : only <address>[:<port>] is supported by weir yet",
                           keyword->name);
    }
    reader->proxy->source = parsed.address;
    return result;
}

const struct config_keyword KEYWORDS_CHECK[] = {
    {"option httpchk", SECTION_BACK, 0, UINT_MAX, "[<method>] [<uri> [<version>]]", read_httpchk, 0,
     0, true},
    {"option tcp-check", SECTION_BACK, 0, 0, "no argument", read_tcp_check, 0, 0, true},
    {"http-check send", SECTION_BACK, 2, UINT_MAX,
     "[meth <m>] [uri <u>] [ver <v>] [hdr <name> <value>]*", read_check_send, 0, 0, false},
    {"http-check expect", SECTION_BACK, 2, UINT_MAX, "[!] <match> <pattern>", read_check_expect, 0,
     0, false},
    {"cookie", SECTION_BACK, 0, UINT_MAX,
     "<name> [rewrite | insert | prefix] [indirect] [nocache]…", read_cookie, 0, 0, true},
    {"source", SECTION_BACK, 1, UINT_MAX, "<addr>[:<port>]", read_source, 0, 0, false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
