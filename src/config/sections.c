/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections: global, defaults, frontend, backend, listen, userlist, http-errors; others of HAProxy's
 * manual are refused by name. A proxy starts as a copy of its defaults: named ones by `from`, else
 * the last before it. Everything lives in the configuration's account.
 */
#include <string.h>

#include "config/keyword.h"

enum { DEFAULT_RETRIES = 3, ID_MAX = 0x7fffffff };

struct section {
    const char *name;
    enum config_section section;
    unsigned role; /* enum proxy_role, 0: no proxy */
};

static const struct section SECTIONS[] = {
    {"global", SECTION_GLOBAL, 0},
    {"defaults", SECTION_DEFAULTS, PROXY_DEFAULTS},
    {"frontend", SECTION_FRONTEND, PROXY_FRONTEND},
    {"backend", SECTION_BACKEND, PROXY_BACKEND},
    {"listen", SECTION_LISTEN, PROXY_FRONTEND | PROXY_BACKEND},
    {"userlist", SECTION_USERLIST, 0},
    {"http-errors", SECTION_HTTP_ERRORS, 0},
};

static const char *const LATER_SECTIONS[] = {
    "peers",    "resolvers", "mailers", "ring",        "cache",       "program", "log-forward",
    "fcgi-app", "crt-store", "traces",  "healthcheck", "log-profile", "acme",    NULL,
};

/* ---- proxies ---- */

static void init_lists(struct proxy_settings *proxy)
{
    struct list *const lists[] = {
        &proxy->binds, &proxy->servers,          &proxy->use_backend,      &proxy->use_server,
        &proxy->logs,  &proxy->statistics.users, &proxy->statistics.scopes};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list_init(lists[i]);
    }
    struct rule_list *const rules[] = {&proxy->tcp_connection,      &proxy->tcp_session,
                                       &proxy->tcp_request,         &proxy->tcp_response,
                                       &proxy->http_request,        &proxy->http_response,
                                       &proxy->http_after_response, &proxy->statistics.rules};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        rule_list_init(rules[i]);
    }
}

static void init_proxy(struct proxy_settings *proxy)
{
    proxy->mode = PROXY_MODE_TCP;
    proxy->retries = DEFAULT_RETRIES;
    proxy->retry_on = RETRY_CONN_FAILURE;
    proxy->redispatch_interval = -1;
    proxy->options = OPTION_HTTP_KEEP_ALIVE;
    proxy->statistics.uri = "/haproxy?stats";
    proxy->forwardfor.header = "X-Forwarded-For";
    proxy->originalto.header = "X-Original-To";
}

static enum result copy_logs(struct config_reader *reader, const struct list *from, struct list *to)
{
    LIST_EACH(link, from) {
        const struct log_settings *log = container_of(link, struct log_settings, link);
        struct log_settings *copy = config_take(reader, sizeof(*copy));
        if (copy == NULL) {
            return RESULT_NO_MEMORY;
        }
        *copy = *log;
        list_append(to, &copy->link);
    }
    return RESULT_OK;
}

static enum result copy_users(struct config_reader *reader, const struct list *from,
                              struct list *to)
{
    LIST_EACH(link, from) {
        const struct statistics_user *user = container_of(link, struct statistics_user, link);
        struct statistics_user *copy = config_take(reader, sizeof(*copy));
        if (copy == NULL) {
            return RESULT_NO_MEMORY;
        }
        *copy = *user;
        list_append(to, &copy->link);
    }
    return RESULT_OK;
}

/* What a proxy takes over from its defaults: settings, not what belongs to one proxy. */
static enum result inherit(struct config_reader *reader, struct proxy_settings *proxy,
                           const struct proxy_settings *defaults)
{
    struct proxy_settings kept = *proxy;
    *proxy = *defaults;
    proxy->link = kept.link;
    proxy->name = kept.name;
    proxy->file = kept.file;
    proxy->line = kept.line;
    proxy->id = kept.id;
    proxy->role = kept.role;
    proxy->description = NULL;
    init_lists(proxy);
    proxy->defaults = defaults;
    enum result result = copy_logs(reader, &defaults->logs, &proxy->logs);
    return result == RESULT_OK
               ? copy_users(reader, &defaults->statistics.users, &proxy->statistics.users)
               : result;
}

static struct proxy_settings *find_defaults(struct config_reader *reader, const char *name)
{
    LIST_EACH(link, &reader->configuration->defaults) {
        struct proxy_settings *defaults = container_of(link, struct proxy_settings, link);
        if (defaults->name != NULL && strcmp(defaults->name, name) == 0) {
            return defaults;
        }
    }
    return NULL;
}

static const struct proxy_settings *find_twin(const struct configuration *configuration,
                                              const struct proxy_settings *proxy)
{
    LIST_EACH(link, &configuration->proxies) {
        const struct proxy_settings *other = container_of(link, struct proxy_settings, link);
        if (strcmp(other->name, proxy->name) == 0 && (other->role & proxy->role) != 0) {
            return other;
        }
    }
    return NULL;
}

static enum result make_tables(struct config_reader *reader, struct proxy_settings *proxy,
                               const struct proxy_settings *defaults)
{
    proxy->acls = acl_table_create(reader->account, defaults != NULL ? defaults->acls : NULL);
    proxy->errors = error_files_create(reader->account, defaults != NULL ? defaults->errors : NULL);
    reader->default_server = config_take(reader, sizeof(*reader->default_server));
    if (proxy->acls == NULL || proxy->errors == NULL || reader->default_server == NULL) {
        return config_fail(reader, "out of memory");
    }
    if (defaults != NULL && defaults->default_server != NULL) {
        *reader->default_server = *defaults->default_server;
    } else {
        config_init_server(reader->default_server);
    }
    proxy->default_server = reader->default_server;
    return RESULT_OK;
}

static enum result check_name(struct config_reader *reader, const char *name)
{
    size_t bad = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:");
    if (name[bad] != '\0') {
        return config_fail(reader, "character '%c' is not permitted in '%s' name '%s'", name[bad],
                           reader->section_name, name);
    }
    return RESULT_OK;
}

/* The defaults that a proxy follows: `from <name>`, else the last section read. */
static enum result choose_defaults(struct config_reader *reader, unsigned first,
                                   const struct proxy_settings **out)
{
    const struct config_words *words = reader->words;
    *out = reader->defaults;
    if (words->count <= first) {
        return RESULT_OK;
    }
    if (strcmp(words->words[first], "from") != 0 || words->count != first + 2) {
        return config_fail(reader, "'%s' expects <name> [ from <defaults> ], but got '%s'",
                           reader->section_name, words->words[first]);
    }
    *out = find_defaults(reader, words->words[first + 1]);
    return *out != NULL
               ? RESULT_OK
               : config_fail(reader, "defaults section '%s' not found for %s '%s'",
                             words->words[first + 1], reader->section_name, words->words[1]);
}

static enum result add_proxy(struct config_reader *reader, struct proxy_settings *proxy,
                             const struct proxy_settings *defaults)
{
    enum result result = RESULT_OK;
    if (defaults != NULL) {
        result = inherit(reader, proxy, defaults);
    }
    if (result == RESULT_OK) {
        result = make_tables(reader, proxy, defaults);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if ((proxy->role & PROXY_DEFAULTS) != 0) {
        list_append(&reader->configuration->defaults, &proxy->link);
        reader->defaults = proxy;
    } else {
        list_append(&reader->configuration->proxies, &proxy->link);
    }
    reader->proxy = proxy;
    return RESULT_OK;
}

static enum result begin_proxy(struct config_reader *reader, const struct section *section)
{
    const struct config_words *words = reader->words;
    bool is_defaults = (section->role & PROXY_DEFAULTS) != 0;
    if (words->count < 2 && !is_defaults) {
        return config_fail(reader, "'%s' expects an <id> as an argument", section->name);
    }
    bool has_name = words->count > 1 && strcmp(words->words[1], "from") != 0;
    enum result result = has_name ? check_name(reader, words->words[1]) : RESULT_OK;
    struct proxy_settings *proxy = result == RESULT_OK ? config_take(reader, sizeof(*proxy)) : NULL;
    if (proxy == NULL) {
        return RESULT_INVALID;
    }
    init_lists(proxy);
    init_proxy(proxy);
    proxy->name = has_name ? config_copy(reader, words->words[1]) : NULL;
    proxy->file = reader->file;
    proxy->line = reader->line;
    proxy->role = section->role;
    if (!is_defaults) {
        const struct proxy_settings *twin = find_twin(reader->configuration, proxy);
        if (twin != NULL) {
            return config_fail(reader, "'%s' '%s' has the same name as %s '%s' declared at %s:%u",
                               section->name, proxy->name, "proxy", twin->name, twin->file,
                               twin->line);
        }
        proxy->id = reader->next_proxy_id++;
    }
    const struct proxy_settings *defaults = NULL;
    if (is_defaults && !(words->count > (has_name ? 2U : 1U))) {
        return add_proxy(reader, proxy, NULL);
    }
    result = choose_defaults(reader, has_name ? 2 : 1, &defaults);
    return result == RESULT_OK ? add_proxy(reader, proxy, defaults) : result;
}

/* ---- other sections ---- */

static enum result begin_named(struct config_reader *reader, const struct section *section)
{
    const struct config_words *words = reader->words;
    if (words->count != 2) {
        return config_fail(reader, "'%s' expects <name> as argument", section->name);
    }
    if (section->section == SECTION_USERLIST) {
        return userlists_add(reader->configuration->userlists, slice_from_string(words->words[1]),
                             &reader->userlist, &reader->error);
    }
    reader->error_files = error_sections_add(reader->configuration->error_sections,
                                             config_copy(reader, words->words[1]));
    return reader->error_files != NULL ? RESULT_OK : config_fail(reader, "out of memory");
}

static enum result begin(struct config_reader *reader, const struct section *section)
{
    enum result result = config_end_section(reader);
    reader->section = section->section;
    reader->section_name = section->name;
    if (result != RESULT_OK) {
        return result;
    }
    if (section->role != 0) {
        return begin_proxy(reader, section);
    }
    return section->section == SECTION_GLOBAL ? RESULT_OK : begin_named(reader, section);
}

enum result config_begin_section(struct config_reader *reader)
{
    const char *word = reader->words->words[0];
    for (size_t i = 0; i < sizeof(SECTIONS) / sizeof(SECTIONS[0]); i++) {
        if (strcmp(word, SECTIONS[i].name) == 0) {
            return begin(reader, &SECTIONS[i]);
        }
    }
    for (const char *const *later = LATER_SECTIONS; *later != NULL; later++) {
        bool is_cache_filter = reader->section != SECTION_NONE && reader->words->count != 2;
        if (strcmp(word, *later) == 0 && !is_cache_filter) {
            return config_fail(reader, "section '%s' is not supported by weir yet", word);
        }
    }
    return RESULT_NOT_FOUND;
}

enum result config_end_section(struct config_reader *reader)
{
    enum result result = RESULT_OK;
    if (reader->section == SECTION_USERLIST && reader->userlist != NULL) {
        result = userlist_finish(reader->userlist, &reader->error);
    }
    reader->section = SECTION_NONE;
    reader->section_name = "";
    reader->proxy = NULL;
    reader->userlist = NULL;
    reader->error_files = NULL;
    reader->default_server = NULL;
    return result;
}
