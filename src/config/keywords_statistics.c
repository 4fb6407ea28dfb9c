/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `stats` keywords of proxies. Each of them switches the page on, as HAProxy does. Everything
 * is in struct statistics_settings.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

enum { SECOND_MS = 1000 };

static struct statistics_settings *enable(struct config_reader *reader)
{
    reader->proxy->statistics.is_enabled = true;
    return &reader->proxy->statistics;
}

static enum result read_enable(struct config_reader *reader, const char *const *arguments,
                               unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    (void)keyword;
    (void)enable(reader);
    return RESULT_OK;
}

static enum result read_text(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    const char *copy = config_copy(reader, arguments[0]);
    *(const char **)(void *)((char *)enable(reader) + keyword->offset) = copy;
    return copy != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_flag(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)arguments;
    (void)count;
    *(bool *)((char *)enable(reader) + keyword->offset) = true;
    return RESULT_OK;
}

/* show-desc [<text>…]: without a text the proxy's own description is shown. */
static enum result read_description(struct config_reader *reader, const char *const *arguments,
                                    unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct statistics_settings *statistics = enable(reader);
    const char *own = reader->proxy->description != NULL
                          ? reader->proxy->description
                          : reader->configuration->global.description;
    if (count == 0 && own == NULL) {
        own = config_copy(reader, "");
    }
    statistics->description = count > 0 ? config_join(reader, arguments, count) : own;
    return statistics->description != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_node(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct statistics_settings *statistics = enable(reader);
    statistics->show_node = true;
    if (count > 0) {
        statistics->node = config_copy(reader, arguments[0]);
    }
    return count == 0 || statistics->node != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_refresh(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    uint32_t delay_ms = 0;
    (void)count;
    enum result result =
        config_read_time(reader, keyword->name, arguments[0], SECOND_MS, &delay_ms);
    enable(reader)->refresh_seconds = delay_ms / SECOND_MS;
    return result;
}

static enum result read_auth(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    struct slice text = slice_from_string(arguments[0]);
    size_t colon = slice_find_char(text, ':');
    if (colon == 0) {
        return config_fail(reader, "'%s' %s.", keyword->name, keyword->expects);
    }
    struct statistics_user *user = config_take(reader, sizeof(*user));
    if (user == NULL) {
        return RESULT_NO_MEMORY;
    }
    user->user = config_copy_slice(reader, slice_first(text, colon));
    user->password = config_copy_slice(reader, slice_skip(text, colon + 1));
    list_append(&enable(reader)->users, &user->link);
    return user->user != NULL && user->password != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_scope(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    (void)count;
    (void)keyword;
    struct statistics_scope *scope = config_take(reader, sizeof(*scope));
    if (scope == NULL) {
        return RESULT_NO_MEMORY;
    }
    scope->name = config_copy(reader, arguments[0]);
    list_append(&enable(reader)->scopes, &scope->link);
    return scope->name != NULL ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_admin(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    bool has_condition =
        count > 1 && (strcmp(arguments[0], "if") == 0 || strcmp(arguments[0], "unless") == 0);
    if (!has_condition) {
        return config_fail(reader, "'%s' requires either 'if' or 'unless' followed by a condition.",
                           keyword->name);
    }
    struct statistics_settings *statistics = enable(reader);
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST);
    enum result result =
        config_compile_condition(reader, &parser, arguments, count, &statistics->admin);
    statistics->has_admin = result == RESULT_OK;
    return result == RESULT_OK
               ? result
               : config_fail(reader, "error detected while parsing a '%s' rule : %s.",
                             keyword->name, config_reason(reader));
}

#define FIELD(member) offsetof(struct statistics_settings, member)
#define FLAG(name, member)                                                     \
    {                                                                          \
        "stats " name, SECTION_PROXY, 0, 0, "", read_flag, FIELD(member), 0, 0 \
    }

const struct config_keyword KEYWORDS_STATISTICS[] = {
    {"stats enable", SECTION_PROXY, 0, 0, "", read_enable, 0, 0, 0},
    {"stats uri", SECTION_PROXY, 1, 1, "needs an URI prefix", read_text, FIELD(uri), 0, 0},
    {"stats realm", SECTION_PROXY, 1, 1, "needs a realm name", read_text, FIELD(realm), 0, 0},
    {"stats auth", SECTION_PROXY, 1, 1, "needs a user:password account", read_auth, 0, 0, 0},
    {"stats scope", SECTION_PROXY, 1, 1, "needs a proxy name", read_scope, 0, 0, 0},
    {"stats refresh", SECTION_PROXY, 1, 1, "needs a refresh interval (in seconds)", read_refresh, 0,
     0, 0},
    {"stats admin", SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN, 0, UINT_MAX, "",
     read_admin, 0, 0, 0},
    {"stats show-node", SECTION_PROXY, 0, 1, "", read_node, 0, 0, 0},
    {"stats show-desc", SECTION_PROXY, 0, UINT_MAX, "", read_description, 0, 0, 0},
    FLAG("hide-version", hide_version),
    FLAG("show-legends", show_legends),
    FLAG("show-modules", show_modules),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
