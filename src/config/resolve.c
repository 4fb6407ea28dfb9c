/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the last line: names become references, log formats are compiled for the frontends that use
 * them, and what cannot work or is doubtful is reported with HAProxy's sentences. Nothing is read
 * from files here.
 */
#include <string.h>

#include "config/keyword.h"

static struct proxy_settings *find_backend(struct config_reader *reader, const char *name)
{
    LIST_EACH(link, &reader->configuration->proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        if ((proxy->role & PROXY_BACKEND) != 0 && strcmp(proxy->name, name) == 0) {
            return proxy;
        }
    }
    return NULL;
}

static const char *kind_of(const struct proxy_settings *proxy)
{
    switch (proxy->role & (PROXY_FRONTEND | PROXY_BACKEND)) {
    case PROXY_FRONTEND:
        return "frontend";
    case PROXY_BACKEND:
        return "backend";
    }
    return "proxy";
}

static void check_modes(struct config_reader *reader, const struct proxy_settings *front,
                        const struct proxy_settings *back, const char *file, unsigned line)
{
    if (front->mode != back->mode) {
        config_alert_at(reader, file, line,
                        "%s '%s' and backend '%s' have different modes (%s and %s).",
                        kind_of(front), front->name, back->name,
                        front->mode == PROXY_MODE_HTTP ? "http" : "tcp",
                        back->mode == PROXY_MODE_HTTP ? "http" : "tcp");
    }
}

static void resolve_backends(struct config_reader *reader, struct proxy_settings *proxy)
{
    if (proxy->default_backend_name != NULL && (proxy->role & PROXY_FRONTEND) != 0) {
        proxy->default_backend = find_backend(reader, proxy->default_backend_name);
        if (proxy->default_backend == NULL) {
            config_alert_at(reader, proxy->file, proxy->line,
                            "%s '%s': unable to find required default_backend: '%s'.",
                            kind_of(proxy), proxy->name, proxy->default_backend_name);
        } else {
            check_modes(reader, proxy, proxy->default_backend, proxy->file, proxy->line);
        }
    }
    LIST_EACH(link, &proxy->use_backend) {
        struct switch_rule *rule = container_of(link, struct switch_rule, link);
        if (rule->dynamic != NULL) {
            continue;
        }
        rule->target = find_backend(reader, rule->name);
        if (rule->target == NULL) {
            config_alert_at(reader, rule->file, rule->line,
                            "%s '%s': unable to find required use_backend: '%s'.", kind_of(proxy),
                            proxy->name, rule->name);
        } else {
            check_modes(reader, proxy, rule->target, rule->file, rule->line);
        }
    }
}

static void resolve_servers_of_rules(struct config_reader *reader,
                                     const struct proxy_settings *proxy)
{
    LIST_EACH(link, &proxy->use_server) {
        const struct switch_rule *rule = container_of(link, struct switch_rule, link);
        bool is_found = rule->dynamic != NULL;
        LIST_EACH(position, &proxy->servers) {
            const struct server_settings *server =
                container_of(position, struct server_settings, link);
            is_found = is_found || strcmp(server->options.name, rule->name) == 0;
        }
        if (!is_found) {
            config_alert_at(
                reader, rule->file, rule->line,
                "%s '%s': unable to find server '%s' referenced in a 'use-server' rule.",
                kind_of(proxy), proxy->name, rule->name);
        }
    }
}

static void warn_at(struct config_reader *reader, const struct proxy_settings *proxy,
                    const char *message)
{
    reader->file = proxy->file;
    reader->line = proxy->line;
    config_warn(reader, "%s", message);
}

static void check_timeouts(struct config_reader *reader, const struct proxy_settings *proxy)
{
    const struct proxy_timeouts *timeouts = &proxy->timeouts;
    bool lacks_client = (proxy->role & PROXY_FRONTEND) != 0 && timeouts->client_ms == 0;
    bool lacks_server = (proxy->role & PROXY_BACKEND) != 0 && !list_is_empty(&proxy->servers) &&
                        (timeouts->connect_ms == 0 || timeouts->server_ms == 0);
    if (lacks_client || lacks_server) {
        char bytes[CONFIG_ERROR_SIZE];
        struct text text = text_over(bytes, sizeof(bytes));
        text_append_format(&text,
                           "missing timeouts for %s '%s'.\n   | While not properly invalid, you "
                           "will certainly encounter various problems\n   | with such a "
                           "configuration. To fix this, please ensure that all following\n   | "
                           "timeouts are set to a non-zero value: 'client', 'connect', 'server'.",
                           kind_of(proxy), proxy->name);
        warn_at(reader, proxy, bytes);
    }
}

static void check_listeners(struct config_reader *reader, const struct proxy_settings *proxy)
{
    if ((proxy->role & PROXY_FRONTEND) != 0 && list_is_empty(&proxy->binds) &&
        !proxy->is_disabled) {
        char bytes[CONFIG_ERROR_SIZE];
        struct text text = text_over(bytes, sizeof(bytes));
        text_append_format(
            &text,
            "%s '%s' has no 'bind' directive. Please declare it as a backend if this was intended.",
            kind_of(proxy), proxy->name);
        warn_at(reader, proxy, bytes);
    }
}

/* The format of a frontend's log lines: as written, else the plain one of its mode. */
static void compile_log_format(struct config_reader *reader, struct proxy_settings *proxy)
{
    if ((proxy->role & PROXY_FRONTEND) == 0) {
        return;
    }
    bool has_targets = !list_is_empty(&proxy->logs) || proxy->log_global;
    const char *text = proxy->log_format_text;
    if (proxy->mode == PROXY_MODE_TCP &&
        (text == LOG_FORMAT_HTTP || text == LOG_FORMAT_HTTPS || text == LOG_FORMAT_CLF)) {
        text = LOG_FORMAT_TCP;
        if (has_targets) {
            warn_at(reader, proxy,
                    "'option httplog' not usable with a proxy in 'mode tcp'. Falling back to "
                    "'option tcplog'.");
        }
    }
    reader->file = proxy->log_format_file != NULL ? proxy->log_format_file : proxy->file;
    reader->line = proxy->log_format_file != NULL ? proxy->log_format_line : proxy->line;
    reader->proxy = proxy;
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_LOG);
    parser.captures = &proxy->captures;
    enum result result =
        log_format_parse(&parser, text != NULL ? text : LOG_FORMAT_DEFAULT, &proxy->log_format);
    if (result == RESULT_OK && proxy->log_format_error_text != NULL) {
        result = log_format_parse(&parser, proxy->log_format_error_text, &proxy->log_format_error);
    }
    if (result != RESULT_OK) {
        config_alert_at(reader, reader->file, reader->line, "%s", reader->error.data);
        text_clear(&reader->error);
    }
    reader->proxy = NULL;
}

static void check_rules(struct config_reader *reader, const struct proxy_settings *proxy)
{
    const struct rule_list *const http[] = {&proxy->http_request, &proxy->http_response,
                                            &proxy->http_after_response};
    for (size_t i = 0; proxy->mode == PROXY_MODE_TCP && i < sizeof(http) / sizeof(http[0]); i++) {
        if (!list_is_empty(&http[i]->rules)) {
            warn_at(reader, proxy,
                    "'http-request', 'http-response' and 'http-after-response' rules ignored for a "
                    "proxy in TCP mode as they require HTTP mode.");
            return;
        }
    }
}

static void check_sections(struct config_reader *reader)
{
    const char *missing = error_sections_undeclared(reader->configuration->error_sections);
    if (missing != NULL) {
        config_alert_at(reader, "configuration", 0,
                        "unable to find the http-errors section named '%s'", missing);
    }
}

void config_resolve(struct config_reader *reader)
{
    check_sections(reader);
    LIST_EACH(link, &reader->configuration->proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        proxy->balance.redistributes =
            (proxy->options & OPTION_REDISPATCH) != 0 && (proxy->options & OPTION_PERSIST) == 0;
        resolve_backends(reader, proxy);
        resolve_servers_of_rules(reader, proxy);
        compile_log_format(reader, proxy);
        check_listeners(reader, proxy);
        check_timeouts(reader, proxy);
        check_rules(reader, proxy);
    }
}
