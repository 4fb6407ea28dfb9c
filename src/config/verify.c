/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is doubtful in a proxy once all of it is read: settings that its mode ignores are switched
 * off and told, what is missing is told, in HAProxy's words. Nothing is kept.
 */
#include <string.h>

#include "config/keyword.h"
#include "rules/log_format.h"

/* Says that something is ignored, for a proxy in TCP mode. */
#define IGNORED_RULES "'%s' rules ignored for %s '%s' as they require HTTP mode."

static void ignore_rules(struct config_reader *reader, const struct proxy_settings *proxy)
{
    const struct {
        const char *name;
        const struct rule_list *list;
    } RULES[] = {{"http-request", &proxy->http_request},
                 {"http-response", &proxy->http_response},
                 {"http-after-response", &proxy->http_after_response},
                 {"redirect", &proxy->redirects}};
    for (size_t i = 0; i < sizeof(RULES) / sizeof(RULES[0]); i++) {
        if (!list_is_empty(&RULES[i].list->rules)) {
            config_report(reader, REPORT_WARNING, IGNORED_RULES, RULES[i].name,
                          config_role_name(proxy), proxy->name);
        }
    }
}

static void ignore_option(struct config_reader *reader, const struct proxy_settings *proxy,
                          bool *enabled, const char *name)
{
    if (*enabled) {
        config_report(reader, REPORT_WARNING, "'%s' ignored for %s '%s' as it requires HTTP mode.",
                      name, config_role_name(proxy), proxy->name);
        *enabled = false;
    }
}

static void ignore_cookies(struct config_reader *reader, struct proxy_settings *proxy)
{
    const char *role = config_role_name(proxy);
    if (proxy->cookie != NULL && (proxy->role & PROXY_BACKEND) != 0) {
        config_report(reader, REPORT_WARNING,
                      "cookie will be ignored for %s '%s' (needs 'mode http').", role, proxy->name);
    }
    proxy->cookie = NULL;
    LIST_EACH(link, &proxy->servers) {
        struct server_settings *server = container_of(link, struct server_settings, link);
        if (server->options.cookie != NULL) {
            config_report(reader, REPORT_WARNING,
                          "%s '%s' : ignoring cookie for server '%s' as HTTP mode is disabled.",
                          role, proxy->name, server->options.name);
            server->options.cookie = NULL;
        }
    }
}

/* An algorithm that needs a request cannot serve raw bytes. */
static void ignore_algorithm(struct config_reader *reader, struct proxy_settings *proxy)
{
    enum balance_algorithm algorithm = proxy->balance.algorithm;
    bool needs_request = algorithm == BALANCE_URI || algorithm == BALANCE_URL_PARAMETER ||
                         algorithm == BALANCE_HEADER;
    if (needs_request && (proxy->role & PROXY_BACKEND) != 0) {
        config_report(reader, REPORT_WARNING,
                      "Layer 7 hash not possible for %s '%s' (needs 'mode http'). Falling back to "
                      "round robin.",
                      config_role_name(proxy), proxy->name);
        proxy->balance.algorithm = BALANCE_ROUND_ROBIN;
        proxy->balance_key = NULL;
    }
}

static bool is_http_format(const char *format)
{
    return format == LOG_FORMAT_HTTP || format == LOG_FORMAT_HTTPS || format == LOG_FORMAT_CLF;
}

static void ignore_log_format(struct config_reader *reader, struct proxy_settings *proxy)
{
    if (is_http_format(proxy->log_format_text) && (proxy->role & PROXY_FRONTEND) != 0) {
        config_report(reader, REPORT_WARNING,
                      "parsing [%s:%u] : 'option httplog' not usable with %s '%s' (needs 'mode "
                      "http'). Falling back to 'option tcplog'.",
                      proxy->log_format_file, proxy->log_format_line, config_role_name(proxy),
                      proxy->name);
        proxy->log_format_text = LOG_FORMAT_TCP;
    }
}

/* Everything of HTTP in a proxy that sees only bytes. */
static void ignore_http(struct config_reader *reader, struct proxy_settings *proxy)
{
    if (proxy->monitor_uri != NULL && (proxy->role & PROXY_FRONTEND) != 0) {
        config_report(reader, REPORT_WARNING,
                      "monitor-uri will be ignored for %s '%s' (needs 'mode http').",
                      config_role_name(proxy), proxy->name);
        proxy->monitor_uri = NULL;
    }
    ignore_algorithm(reader, proxy);
    ignore_cookies(reader, proxy);
    if (proxy->statistics.is_enabled) {
        config_report(reader, REPORT_WARNING,
                      "'stats' statement ignored for %s '%s' as it requires HTTP mode.",
                      config_role_name(proxy), proxy->name);
        proxy->statistics.is_enabled = false;
    }
    ignore_rules(reader, proxy);
    ignore_option(reader, proxy, &proxy->forwardfor.is_enabled, "option forwardfor");
    ignore_option(reader, proxy, &proxy->originalto.is_enabled, "option originalto");
    ignore_log_format(reader, proxy);
}

/* ---- what is missing ---- */

static void check_listeners(struct config_reader *reader, const struct proxy_settings *proxy)
{
    if ((proxy->role & PROXY_FRONTEND) != 0 && list_is_empty(&proxy->binds)) {
        config_report(reader, REPORT_WARNING,
                      "%s '%s' has no 'bind' directive. Please declare it as a backend if this was "
                      "intended.",
                      config_role_name(proxy), proxy->name);
    }
}

static void check_timeouts(struct config_reader *reader, const struct proxy_settings *proxy)
{
    const struct proxy_timeouts *timeouts = &proxy->timeouts;
    bool lacks_client = (proxy->role & PROXY_FRONTEND) != 0 && timeouts->client_ms == 0;
    bool has_servers = (proxy->role & PROXY_BACKEND) != 0 && !list_is_empty(&proxy->servers);
    bool may_tunnel = proxy->mode == PROXY_MODE_TCP && timeouts->tunnel_ms != 0;
    bool lacks_server = timeouts->server_ms == 0 && !may_tunnel;
    if (lacks_client || (has_servers && (timeouts->connect_ms == 0 || lacks_server))) {
        config_report(reader, REPORT_WARNING,
                      "missing timeouts for %s '%s'.\n"
                      "   | While not properly invalid, you will certainly encounter various "
                      "problems\n"
                      "   | with such a configuration. To fix this, please ensure that all "
                      "following\n"
                      "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
                      config_role_name(proxy), proxy->name);
    }
}

static void check_logs(struct config_reader *reader, const struct proxy_settings *proxy)
{
    bool has_targets = !list_is_empty(&proxy->logs) || proxy->log_global;
    if (!has_targets && proxy->log_format_text != NULL && (proxy->role & PROXY_FRONTEND) != 0) {
        config_report(reader, REPORT_WARNING,
                      "log format ignored for %s '%s' since it has no log address.",
                      config_role_name(proxy), proxy->name);
    }
}

/* ---- health checks ---- */

static void check_checks(struct config_reader *reader, const struct proxy_settings *proxy)
{
    bool has_rules = proxy->http_check.expect != EXPECT_DEFAULT;
    if (has_rules && proxy->check_kind != CHECK_HTTP && (proxy->role & PROXY_BACKEND) != 0) {
        config_report(reader, REPORT_WARNING,
                      "%s '%s' uses http-check rules without 'option httpchk', so the rules are "
                      "ignored.",
                      config_role_name(proxy), proxy->name);
    }
    LIST_EACH(link, &proxy->servers) {
        const struct server_settings *server = container_of(link, struct server_settings, link);
        const struct address *address = &server->options.address;
        bool is_any = (address->family == AF_INET && address->v4.s_addr == INADDR_ANY) ||
                      (address->family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6));
        bool has_port = is_any || server->check_port != 0 || address->family == AF_UNIX ||
                        (address->port != 0 && !server->options.port_is_relative);
        if (server->options.has_check && !has_port) {
            config_alert_at(reader, server->options.file, server->options.line,
                            "proxy '%s': server '%s' has neither service port nor check port.",
                            proxy->name, server->options.name);
        }
        if (server->options.has_check && server->options.track != NULL) {
            config_alert_at(reader, server->options.file, server->options.line,
                            "'server %s/%s' : unable to enable checks and tracking at the same "
                            "time!",
                            proxy->name, server->options.name);
        }
    }
}

void config_verify_proxy(struct config_reader *reader, struct proxy_settings *proxy)
{
    if (proxy->mode == PROXY_MODE_TCP) {
        ignore_http(reader, proxy);
    }
    check_listeners(reader, proxy);
    check_timeouts(reader, proxy);
    check_logs(reader, proxy);
    check_checks(reader, proxy);
}
