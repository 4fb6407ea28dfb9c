/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cookie and dynamic-cookie-key: persistence by cookie (rules/server_cookie.h). One row a word.
 * Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

enum { SECOND_MS = 1000, JOINED_BYTES_MAX = 4096 };

struct cookie_word {
    const char *name;
    const char *missing; /* said when its value is not there; NULL: takes none */
    enum result (*read)(struct config_reader *reader, const struct cookie_word *row,
                        struct server_cookie_settings *cookie, const char *value);
    size_t offset;
    enum server_cookie_mode mode;
};

static enum result read_mode(struct config_reader *reader, const struct cookie_word *row,
                             struct server_cookie_settings *cookie, const char *value)
{
    (void)value;
    if (cookie->mode != SERVER_COOKIE_PASSIVE && cookie->mode != row->mode) {
        return config_fail(reader,
                           "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
    }
    cookie->mode = row->mode;
    return RESULT_OK;
}

static enum result read_flag(struct config_reader *reader, const struct cookie_word *row,
                             struct server_cookie_settings *cookie, const char *value)
{
    (void)reader;
    (void)value;
    *(bool *)(void *)((char *)cookie + row->offset) = true;
    return RESULT_OK;
}

/* Appends a value to those before it, with what is sent between them. */
static enum result join(struct config_reader *reader, const char **joined, const char *between,
                        const char *value)
{
    char bytes[JOINED_BYTES_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    if (*joined != NULL) {
        text_append_format(&text, "%s%s", *joined, between);
    }
    text_append_string(&text, value);
    if (text.truncated) {
        return config_fail(reader, "'cookie' : attributes too long, max is %d bytes.",
                           JOINED_BYTES_MAX - 1);
    }
    *joined = config_copy(reader, bytes);
    return *joined != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_domain(struct config_reader *reader, const struct cookie_word *row,
                               struct server_cookie_settings *cookie, const char *value)
{
    (void)row;
    if (strchr(value, '.') == NULL) {
        config_warn(reader,
                    "domain '%s' contains no embedded dot, this configuration may not work "
                    "properly (see RFC6265#5.2.3).",
                    value);
    }
    const char *bad = strpbrk(value, " \t;,");
    if (bad != NULL) {
        return config_fail(reader, "character '%c' is not permitted in domain name '%s'.", *bad,
                           value);
    }
    return join(reader, &cookie->domains, "; domain=", value);
}

static enum result read_attribute(struct config_reader *reader, const struct cookie_word *row,
                                  struct server_cookie_settings *cookie, const char *value)
{
    (void)row;
    for (const char *c = value; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == ';' || (unsigned char)*c == 127) {
            return config_fail(reader, "character '%c' is not permitted in attribute value.", *c);
        }
    }
    return join(reader, &cookie->attributes, "; ", value);
}

static enum result read_seconds(struct config_reader *reader, const struct cookie_word *row,
                                struct server_cookie_settings *cookie, const char *value)
{
    uint32_t ms = 0;
    enum result result = config_read_time(reader, row->name, value, SECOND_MS, &ms);
    *(uint32_t *)(void *)((char *)cookie + row->offset) = ms / SECOND_MS;
    return result;
}

#define MODE(name, mode)               \
    {                                  \
        name, NULL, read_mode, 0, mode \
    }
#define FLAG(name, member)                                                      \
    {                                                                           \
        name, NULL, read_flag, offsetof(struct server_cookie_settings, member), \
            SERVER_COOKIE_PASSIVE                                               \
    }
#define SECONDS(name, member)                                                                      \
    {                                                                                              \
        name, "expects a duration", read_seconds, offsetof(struct server_cookie_settings, member), \
            SERVER_COOKIE_PASSIVE                                                                  \
    }

static const struct cookie_word WORDS[] = {
    MODE("rewrite", SERVER_COOKIE_REWRITE),
    MODE("insert", SERVER_COOKIE_INSERT),
    MODE("prefix", SERVER_COOKIE_PREFIX),
    FLAG("indirect", is_indirect),
    FLAG("nocache", is_nocache),
    FLAG("postonly", is_postonly),
    FLAG("preserve", is_preserve),
    FLAG("httponly", is_httponly),
    FLAG("secure", is_secure),
    FLAG("dynamic", is_dynamic),
    {"domain", "expects <domain> as argument", read_domain, 0, SERVER_COOKIE_PASSIVE},
    {"attr", "expects <value> as argument", read_attribute, 0, SERVER_COOKIE_PASSIVE},
    SECONDS("maxidle", max_idle_s),
    SECONDS("maxlife", max_life_s),
};

static const struct cookie_word *find_word(const char *name)
{
    for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++) {
        if (strcmp(WORDS[i].name, name) == 0) {
            return &WORDS[i];
        }
    }
    return NULL;
}

static enum result read_words(struct config_reader *reader, struct server_cookie_settings *cookie,
                              const char *const *words, unsigned count)
{
    enum result result = RESULT_OK;
    for (unsigned i = 0; result == RESULT_OK && i < count; i++) {
        const struct cookie_word *row = find_word(words[i]);
        if (row == NULL) {
            return config_fail(reader,
                               "'cookie' supports 'rewrite', 'insert', 'prefix', "
                               "'indirect', 'nocache', 'postonly', 'domain', 'maxidle', "
                               "'dynamic', 'maxlife' and 'attr' options (got '%s').",
                               words[i]);
        }
        if (row->missing != NULL && i + 1 == count) {
            return config_fail(reader, "'cookie %s' %s.", row->name, row->missing);
        }
        i += row->missing != NULL ? 1 : 0;
        result = row->read(reader, row, cookie, words[i]);
    }
    return result;
}

static enum result check_words(struct config_reader *reader,
                               const struct server_cookie_settings *cookie)
{
    bool may_preserve = cookie->mode == SERVER_COOKIE_INSERT || cookie->is_indirect;
    return !cookie->is_preserve || may_preserve
               ? RESULT_OK
               : config_fail(reader, "cookie 'preserve' requires at least 'insert' or 'indirect'.");
}

static enum result read_cookie(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct server_cookie_settings *cookie = config_take(reader, sizeof(*cookie));
    if (cookie == NULL) {
        return RESULT_NO_MEMORY;
    }
    cookie->name = config_copy(reader, arguments[0]);
    enum result result = read_words(reader, cookie, arguments + 1, count - 1);
    reader->proxy->cookie = cookie;
    return result == RESULT_OK ? check_words(reader, cookie) : result;
}

const struct config_keyword KEYWORDS_COOKIE[] = {
    {"cookie", SECTION_BACK, 1, UINT_MAX, "expects <cookie_name> as argument", read_cookie, 0, 0,
     0},
    {"dynamic-cookie-key", SECTION_BACK, 1, 1, "expects an argument", config_read_text_field,
     offsetof(struct proxy_settings, dynamic_cookie_key), 0, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
