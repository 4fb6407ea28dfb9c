/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's defaults and its release. Plain settings are blocks that are released
 * together; what the rules layer compiled is released by its own functions, proxy by proxy. Bounded
 * by the files.
 */
#include "base/number.h"
#include "config/config.h"
#include "config/keyword.h"
#include "rules/pattern.h"
#include "rules/variable.h"

enum {
    DEFAULT_BUFSIZE = 16384,
    DEFAULT_MAXREWRITE = 1024,
    DEFAULT_FIELDS_MAX = 101,
    DEFAULT_COOKIE_BYTES = 63,
    DEFAULT_URI_BYTES = 1024,
    DEFAULT_STATS_TIMEOUT_MS = 10000,
    DEFAULT_STATS_MAXCONN = 10,
};

void configuration_init(struct configuration *configuration, struct account *account)
{
    *configuration = (struct configuration){.account = account};
    struct global_settings *global = &configuration->global;
    global->bufsize = DEFAULT_BUFSIZE;
    global->maxrewrite = DEFAULT_MAXREWRITE;
    global->fields_max = DEFAULT_FIELDS_MAX;
    global->cookie_bytes_max = DEFAULT_COOKIE_BYTES;
    global->uri_log_bytes_max = DEFAULT_URI_BYTES;
    global->stats_timeout_ms = DEFAULT_STATS_TIMEOUT_MS;
    global->stats_maxconn = DEFAULT_STATS_MAXCONN;
    global->strict_limits = true;
    global->default_bind_min = TLS_VERSION_1_2;
    list_init(&configuration->blocks);
    list_init(&configuration->proxies);
    list_init(&configuration->defaults);
    list_init(&global->logs);
    list_init(&global->stats_sockets);
    configuration->patterns = pattern_files_create(account);
    configuration->variables = variable_names_create(account);
    configuration->userlists = userlists_create(account);
    configuration->error_sections = error_sections_create(account);
    variable_set_init(&configuration->process_variables, VARIABLE_PROCESS, account);
}

static void destroy_rules(struct account *account, struct proxy_settings *proxy)
{
    struct rule_list *const lists[] = {&proxy->tcp_connection,      &proxy->tcp_session,
                                       &proxy->tcp_request,         &proxy->tcp_response,
                                       &proxy->http_request,        &proxy->http_response,
                                       &proxy->http_after_response, &proxy->statistics.rules};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        rule_list_destroy(account, lists[i]);
    }
    struct list *const switches[] = {&proxy->use_backend, &proxy->use_server};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        LIST_EACH(link, switches[i]) {
            struct switch_rule *rule = container_of(link, struct switch_rule, link);
            acl_condition_destroy(account, rule->condition);
            log_format_destroy(account, rule->dynamic);
        }
    }
}

static bool is_inherited(const struct proxy_settings *proxy, const void *mine, const void *theirs)
{
    return proxy->defaults != NULL && mine == theirs;
}

static void destroy_proxy(struct account *account, struct proxy_settings *proxy)
{
    const struct proxy_settings *defaults = proxy->defaults;
    destroy_rules(account, proxy);
    LIST_EACH(link, &proxy->servers) {
        sample_expression_destroy(account, container_of(link, struct server_settings, link)->sni);
    }
    if (!is_inherited(proxy, proxy->balance_key, defaults != NULL ? defaults->balance_key : NULL)) {
        sample_expression_destroy(account, proxy->balance_key);
    }
    if (!is_inherited(proxy, proxy->unique_id_format,
                      defaults != NULL ? defaults->unique_id_format : NULL)) {
        log_format_destroy(account, proxy->unique_id_format);
    }
    if (!is_inherited(proxy, proxy->statistics.admin,
                      defaults != NULL ? defaults->statistics.admin : NULL)) {
        acl_condition_destroy(account, proxy->statistics.admin);
    }
    acl_condition_destroy(account, proxy->monitor_fail);
    log_format_destroy(account, proxy->log_format);
    log_format_destroy(account, proxy->log_format_error);
    capture_declarations_deinit(&proxy->captures, account);
    error_files_destroy(account, proxy->errors);
    acl_table_destroy(account, proxy->acls);
}

void configuration_destroy(struct configuration *configuration)
{
    struct account *account = configuration->account;
    struct list *const lists[] = {&configuration->proxies, &configuration->defaults};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        LIST_EACH_SAFE(link, lists[i]) {
            struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
            list_remove(link);
            destroy_proxy(account, proxy);
        }
    }
    variable_set_clear(&configuration->process_variables);
    variable_names_destroy(configuration->variables);
    pattern_files_destroy(configuration->patterns);
    userlists_destroy(configuration->userlists);
    error_sections_destroy(account, configuration->error_sections);
    config_release_blocks(configuration);
}
