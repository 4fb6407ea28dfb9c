/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a proxy begins with: HAProxy's own defaults, or a copy of a defaults section less what
 * belongs to one proxy. Rules are not copied: proxy_settings.defaults leads to them, and they are
 * run first. Everything lives in the configuration's account.
 */
#include <string.h>

#include "config/keyword.h"

enum { DEFAULT_RETRIES = 3, DEFAULT_DRAWS = 2 };

static void init_lists(struct proxy_settings *proxy)
{
    struct list *const lists[] = {
        &proxy->binds, &proxy->servers,          &proxy->use_backend,      &proxy->use_server,
        &proxy->logs,  &proxy->statistics.users, &proxy->statistics.scopes};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list_init(lists[i]);
    }
    struct rule_list *const rules[] = {
        &proxy->tcp_connection,      &proxy->tcp_session,      &proxy->tcp_request,
        &proxy->tcp_response,        &proxy->http_request,     &proxy->http_response,
        &proxy->http_after_response, &proxy->statistics.rules, &proxy->redirects};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        rule_list_init(rules[i]);
    }
}

static void init_settings(struct proxy_settings *proxy)
{
    proxy->mode = PROXY_MODE_TCP;
    proxy->retries = DEFAULT_RETRIES;
    proxy->retry_on = RETRY_CONN_FAILURE;
    proxy->redispatch_interval = -1;
    proxy->options = OPTION_HTTP_KEEP_ALIVE;
    proxy->balance.random_draws = DEFAULT_DRAWS;
    proxy->statistics.uri = "/haproxy?stats";
    proxy->forwardfor.header = "X-Forwarded-For";
    proxy->originalto.header = "X-Original-To";
}

/* ---- lists of a defaults section ---- */

static enum result copy_logs(struct config_reader *reader, const struct list *from, struct list *to)
{
    LIST_EACH(link, from) {
        struct log_settings *copy = config_take(reader, sizeof(*copy));
        if (copy == NULL) {
            return RESULT_NO_MEMORY;
        }
        *copy = *container_of(link, struct log_settings, link);
        list_append(to, &copy->link);
    }
    return RESULT_OK;
}

static enum result copy_users(struct config_reader *reader, const struct list *from,
                              struct list *to)
{
    LIST_EACH(link, from) {
        struct statistics_user *copy = config_take(reader, sizeof(*copy));
        if (copy == NULL) {
            return RESULT_NO_MEMORY;
        }
        *copy = *container_of(link, struct statistics_user, link);
        list_append(to, &copy->link);
    }
    return RESULT_OK;
}

static enum result copy_scopes(struct config_reader *reader, const struct list *from,
                               struct list *to)
{
    LIST_EACH(link, from) {
        struct statistics_scope *copy = config_take(reader, sizeof(*copy));
        if (copy == NULL) {
            return RESULT_NO_MEMORY;
        }
        *copy = *container_of(link, struct statistics_scope, link);
        list_append(to, &copy->link);
    }
    return RESULT_OK;
}

/* ---- inheritance ---- */

/* Copies the settings of `defaults`; name, place and role are the proxy's own. */
static enum result inherit(struct config_reader *reader, struct proxy_settings *proxy,
                           const struct proxy_settings *defaults)
{
    struct proxy_settings own = *proxy;
    *proxy = *defaults;
    proxy->name = own.name;
    proxy->file = own.file;
    proxy->line = own.line;
    proxy->role = own.role;
    proxy->id = 0;
    proxy->followers = 0;
    proxy->is_followed_by_name = false;
    proxy->defaults = defaults;
    init_lists(proxy);
    enum result result = copy_logs(reader, &defaults->logs, &proxy->logs);
    if (result == RESULT_OK) {
        result = copy_users(reader, &defaults->statistics.users, &proxy->statistics.users);
    }
    if (result == RESULT_OK) {
        result = copy_scopes(reader, &defaults->statistics.scopes, &proxy->statistics.scopes);
    }
    return result;
}

static enum result make_tables(struct config_reader *reader, struct proxy_settings *proxy,
                               const struct proxy_settings *defaults)
{
    struct server_settings *server = config_take(reader, sizeof(*server));
    proxy->acls = acl_table_create(reader->account, NULL); /* those of defaults are not seen */
    proxy->errors = error_files_create(reader->account, defaults != NULL ? defaults->errors : NULL);
    proxy->default_server = server;
    if (proxy->acls == NULL || proxy->errors == NULL || server == NULL) {
        acl_table_destroy(reader->account, proxy->acls);
        error_files_destroy(reader->account, proxy->errors);
        return config_fail(reader, "out of memory.");
    }
    if (defaults != NULL) {
        *server = *defaults->default_server;
    } else {
        config_init_server(server);
        server->tls.no_tickets = reader->configuration->global.default_server_no_tickets;
    }
    return RESULT_OK;
}

enum result config_init_proxy(struct config_reader *reader, struct proxy_settings *proxy,
                              const struct proxy_settings *defaults)
{
    enum result result = RESULT_OK;
    if (defaults != NULL) {
        result = inherit(reader, proxy, defaults);
    } else {
        init_lists(proxy);
        init_settings(proxy);
    }
    return result == RESULT_OK ? make_tables(reader, proxy, defaults) : result;
}
