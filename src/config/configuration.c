/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's defaults and its release. Plain settings are blocks, and compiled objects
 * records, that are released together; rule lists, tables and captures are released proxy by proxy.
 * Bounded by the files.
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

/* HAProxy's defaults; windows begin smaller and grow with what a client can use. */
static const struct quic_settings DEFAULT_QUIC = {
    .cc = {.algorithm = QUIC_CC_CUBIC},
    .idle_timeout_ms = 30000,
    .handshake_timeout_ms = 10000,
    .streams_bidi_max = 100,
    .stream_window_bytes = (size_t)64 * KIBIBYTE,
    .window_bytes = (size_t)128 * KIBIBYTE,
    .window_bytes_max = (size_t)2 * MEBIBYTE,
    .tx_bytes_max = (size_t)1 * MEBIBYTE,
    .memory_max = (size_t)512 * KIBIBYTE,
    .retry_threshold = 100,
    .datagram_bytes = 1252,
};

static void init_global(struct global_settings *global)
{
    global->bufsize = DEFAULT_BUFSIZE;
    global->maxrewrite = DEFAULT_MAXREWRITE;
    global->fields_max = DEFAULT_FIELDS_MAX;
    global->cookie_bytes_max = DEFAULT_COOKIE_BYTES;
    global->uri_log_bytes_max = DEFAULT_URI_BYTES;
    global->stats_timeout_ms = DEFAULT_STATS_TIMEOUT_MS;
    global->stats_maxconn = DEFAULT_STATS_MAXCONN;
    global->strict_limits = true;
    global->quic = DEFAULT_QUIC;
    global->default_bind_min = TLS_VERSION_1_2;
    global->server_verify = TLS_VERIFY_REQUIRED;
    global->unix_bind.uid = (uid_t)-1;
    global->unix_bind.gid = (gid_t)-1;
    list_init(&global->logs);
    list_init(&global->stats_sockets);
}

void configuration_init(struct configuration *configuration, struct account *account)
{
    *configuration = (struct configuration){.account = account};
    init_global(&configuration->global);
    list_init(&configuration->blocks);
    list_init(&configuration->compiled);
    list_init(&configuration->proxies);
    list_init(&configuration->defaults);
    list_init(&configuration->rings);
    sample_references_init(&configuration->references);
    configuration->patterns = pattern_files_create(account);
    configuration->variables = variable_names_create(account);
    configuration->userlists = userlists_create(account);
    configuration->error_sections = error_sections_create(account);
    variable_set_init(&configuration->process_variables, VARIABLE_PROCESS, account);
}

static void destroy_proxy(struct account *account, struct proxy_settings *proxy)
{
    struct rule_list *const lists[] = {
        &proxy->tcp_connection,      &proxy->tcp_session,      &proxy->tcp_request,
        &proxy->tcp_response,        &proxy->http_request,     &proxy->http_response,
        &proxy->http_after_response, &proxy->statistics.rules, &proxy->redirects};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        rule_list_destroy(account, lists[i]);
    }
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
    config_release_compiled(configuration);
    variable_set_clear(&configuration->process_variables);
    variable_names_destroy(configuration->variables);
    pattern_files_destroy(configuration->patterns);
    userlists_destroy(configuration->userlists);
    error_sections_destroy(account, configuration->error_sections);
    config_release_blocks(configuration);
}
