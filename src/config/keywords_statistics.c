/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `stats` keywords of proxies. Each of them switches the page on, as HAProxy does. Everything
 * is in struct statistics_settings.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

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
    const char *copy = config_copy(reader, count > 0 ? arguments[0] : "");
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

static enum result read_refresh(struct config_reader *reader, const char *const *arguments,
                                unsigned count, const struct config_keyword *keyword)
{
    enum { SECOND_MS = 1000 };
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
    if (colon == 0 || colon == text.length) {
        return config_fail(reader, "'%s' expects <user>:<password>, but got '%s'", keyword->name,
                           arguments[0]);
    }
    struct statistics_user *user = config_take(reader, sizeof(*user));
    char *copy = user != NULL ? config_take(reader, text.length + 1) : NULL;
    if (copy == NULL) {
        return RESULT_NO_MEMORY;
    }
    memcpy(copy, text.data, text.length);
    copy[colon] = '\0';
    user->user = copy;
    user->password = copy + colon + 1;
    list_append(&enable(reader)->users, &user->link);
    return RESULT_OK;
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
    return RESULT_OK;
}

static enum result read_admin(struct config_reader *reader, const char *const *arguments,
                              unsigned count, const struct config_keyword *keyword)
{
    (void)keyword;
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_HTTP_REQUEST);
    enable(reader)->has_admin = true;
    return acl_condition_parse(&parser, arguments, count, &reader->proxy->statistics.admin);
}

#define FIELD(member) offsetof(struct statistics_settings, member)

const struct config_keyword KEYWORDS_STATISTICS[] = {
    {"stats enable", SECTION_PROXY, 0, 0, "no argument", read_enable, 0, 0, false},
    {"stats uri", SECTION_PROXY, 1, 1, "<prefix>", read_text, FIELD(uri), 0, false},
    {"stats realm", SECTION_PROXY, 1, 1, "<realm>", read_text, FIELD(realm), 0, false},
    {"stats auth", SECTION_PROXY, 1, 1, "<user>:<password>", read_auth, 0, 0, false},
    {"stats refresh", SECTION_PROXY, 1, 1, "<delay>", read_refresh, 0, 0, false},
    {"stats hide-version", SECTION_PROXY, 0, 0, "no argument", read_flag, FIELD(hide_version), 0,
     false},
    {"stats show-legends", SECTION_PROXY, 0, 0, "no argument", read_flag, FIELD(show_legends), 0,
     false},
    {"stats show-modules", SECTION_PROXY, 0, 0, "no argument", read_flag, FIELD(show_modules), 0,
     false},
    {"stats show-node", SECTION_PROXY, 0, 1, "[<name>]", read_flag, FIELD(show_node), 0, false},
    {"stats show-desc", SECTION_PROXY, 0, 1, "[<text>]", read_text, FIELD(description), 0, false},
    {"stats scope", SECTION_PROXY, 1, 1, "<proxy>", read_scope, 0, 0, false},
    {"stats admin", SECTION_PROXY, 2, UINT_MAX, "{if | unless} <condition>", read_admin, 0, 0,
     false},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
