/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the last line: names become references (backends, servers of rules, what expressions name),
 * numbers are given to what has none, log formats are compiled for the frontends that use them.
 * Nothing is read from files here; what is doubtful is verify.c's.
 */
#include <string.h>

#include "balance/backend.h"
#include "config/keyword.h"
#include "rules/capture.h"
#include "rules/reply.h"

/* ---- looking up ---- */

static struct proxy_settings *find_proxy(const struct config_reader *reader, const char *name,
                                         unsigned role)
{
    LIST_EACH(link, &reader->configuration->proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        if ((proxy->role & role) != 0 && strcmp(proxy->name, name) == 0) {
            return proxy;
        }
    }
    return NULL;
}

static struct server_settings *find_server(const struct proxy_settings *proxy, const char *name)
{
    LIST_EACH(link, &proxy->servers) {
        struct server_settings *server = container_of(link, struct server_settings, link);
        if (strcmp(server->options.name, name) == 0) {
            return server;
        }
    }
    return NULL;
}

/* ---- numbers ---- */

static bool is_proxy_id_used(const struct config_reader *reader, uint32_t id)
{
    LIST_EACH(link, &reader->configuration->proxies) {
        if (container_of(link, struct proxy_settings, link)->id == id) {
            return true;
        }
    }
    return false;
}

static bool is_server_id_used(const struct proxy_settings *proxy, uint32_t id)
{
    LIST_EACH(link, &proxy->servers) {
        if (container_of(link, struct server_settings, link)->options.id == id) {
            return true;
        }
    }
    return false;
}

static bool is_bind_id_used(const struct list *binds, uint32_t id)
{
    LIST_EACH(link, binds) {
        if (container_of(link, struct bind_settings, link)->id == id) {
            return true;
        }
    }
    return false;
}

/* Free numbers from 1, in order of the files; those that were written are left out. */
static void number_binds(struct list *binds)
{
    uint32_t next = 1;
    LIST_EACH(link, binds) {
        struct bind_settings *bind = container_of(link, struct bind_settings, link);
        while (bind->id == 0 && is_bind_id_used(binds, next)) {
            next++;
        }
        bind->id = bind->id == 0 ? next++ : bind->id;
    }
}

static void number_servers(struct proxy_settings *proxy)
{
    uint32_t next = 1;
    LIST_EACH(link, &proxy->servers) {
        struct server_settings *server = container_of(link, struct server_settings, link);
        while (server->options.id == 0 && is_server_id_used(proxy, next)) {
            next++;
        }
        server->options.id = server->options.id == 0 ? next++ : server->options.id;
    }
}

static void number_all(struct config_reader *reader)
{
    uint32_t next = 1;
    LIST_EACH(link, &reader->configuration->proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        while (proxy->id == 0 && is_proxy_id_used(reader, next)) {
            next++;
        }
        proxy->id = proxy->id == 0 ? next++ : proxy->id;
        number_binds(&proxy->binds);
        number_servers(proxy);
    }
    number_binds(&reader->configuration->global.stats_sockets);
}

/* ---- backends ---- */

static const char *mode_name(const struct proxy_settings *proxy)
{
    return proxy->mode == PROXY_MODE_HTTP ? "http" : "tcp";
}

static void check_modes(struct config_reader *reader, const struct proxy_settings *front,
                        const struct proxy_settings *back, const char *where)
{
    if (front->mode == PROXY_MODE_HTTP && back->mode == PROXY_MODE_TCP) {
        config_report(
            reader, REPORT_ALERT,
            "http frontend '%s' (%s:%u) tries to use incompatible tcp backend '%s' (%s:%u) "
            "%s (see 'mode').",
            front->name, front->file, front->line, back->name, back->file, back->line, where);
    } else if (front->mode != back->mode) {
        config_report(reader, REPORT_ALERT,
                      "%s frontend '%s' (%s:%u) uses %s backend '%s' (%s:%u) %s: the upgrade of a "
                      "connection to HTTP is not supported by weir yet (see 'mode').",
                      mode_name(front), front->name, front->file, front->line, mode_name(back),
                      back->name, back->file, back->line, where);
    }
}

static void resolve_default(struct config_reader *reader, struct proxy_settings *proxy)
{
    if (proxy->default_backend_name == NULL || (proxy->role & PROXY_FRONTEND) == 0) {
        return;
    }
    proxy->default_backend = find_proxy(reader, proxy->default_backend_name, PROXY_BACKEND);
    if (proxy->default_backend == NULL) {
        config_report(
            reader, REPORT_ALERT,
            "parsing [%s:%u] : Proxy '%s': unable to find required default_backend: '%s'.",
            proxy->file, proxy->line, proxy->name, proxy->default_backend_name);
        return;
    }
    check_modes(reader, proxy, proxy->default_backend, "as its default backend");
}

static void resolve_backends(struct config_reader *reader, struct proxy_settings *proxy)
{
    LIST_EACH(link, &proxy->use_backend) {
        struct switch_rule *rule = container_of(link, struct switch_rule, link);
        if (rule->dynamic != NULL) {
            continue;
        }
        rule->target = find_proxy(reader, rule->name, PROXY_BACKEND);
        if (rule->target == NULL) {
            config_alert_at(reader, rule->file, rule->line,
                            "Proxy '%s': unable to find required use_backend: '%s'.", proxy->name,
                            rule->name);
            continue;
        }
        check_modes(reader, proxy, rule->target, "in a 'use_backend' rule");
    }
}

static void resolve_servers(struct config_reader *reader, const struct proxy_settings *proxy)
{
    LIST_EACH(link, &proxy->use_server) {
        const struct switch_rule *rule = container_of(link, struct switch_rule, link);
        if (rule->dynamic == NULL && find_server(proxy, rule->name) == NULL) {
            config_alert_at(reader, rule->file, rule->line,
                            "%s '%s' : unable to find server '%s' referenced in a 'use-server' "
                            "rule.",
                            config_role_name(proxy), proxy->name, rule->name);
        }
    }
}

/* ---- what expressions name ---- */

static enum result fail_reference(struct config_reader *reader,
                                  const struct sample_reference *reference, const char *kind)
{
    config_alert_at(reader, reference->file, reference->line,
                    "unable to find %s '%s' referenced in arg %u of keyword '%s'.", kind,
                    reference->name, reference->position, reference->keyword);
    return RESULT_OK;
}

static enum result check_server_reference(struct config_reader *reader,
                                          const struct sample_reference *reference)
{
    const struct proxy_settings *proxy = find_proxy(reader, reference->name, PROXY_BACKEND);
    if (proxy == NULL) {
        return fail_reference(reader, reference, "proxy");
    }
    if (find_server(proxy, reference->server) == NULL) {
        config_alert_at(reader, reference->file, reference->line,
                        "unable to find server '%s' in proxy '%s', referenced in arg %u of keyword "
                        "'%s'.",
                        reference->server, reference->name, reference->position,
                        reference->keyword);
    }
    return RESULT_OK;
}

/* Whether what is named exists. Userlists are bound here; what lives at run time is bound later. */
static enum result check_reference(void *argument, struct sample_reference *reference)
{
    struct config_reader *reader = argument;
    if (reference->kind == ARGUMENT_SERVER) {
        return check_server_reference(reader, reference);
    }
    if (reference->kind == ARGUMENT_USERLIST) {
        reference->target =
            userlists_find(reader->configuration->userlists, slice_from_string(reference->name));
        return reference->target != NULL ? RESULT_OK
                                         : fail_reference(reader, reference, "userlist");
    }
    if (reference->kind == ARGUMENT_TABLE) {
        config_alert_at(reader, reference->file, reference->line,
                        "stick-tables are not supported by weir yet (table '%s' in arg %u of "
                        "keyword '%s').",
                        reference->name, reference->position, reference->keyword);
        return RESULT_OK;
    }
    bool is_frontend = reference->kind == ARGUMENT_FRONTEND;
    unsigned role = is_frontend ? PROXY_FRONTEND : PROXY_BACKEND;
    bool is_found = find_proxy(reader, reference->name, role) != NULL;
    return is_found || reference->is_implicit
               ? RESULT_OK
               : fail_reference(reader, reference, is_frontend ? "frontend" : "backend");
}

static void check_captures(struct config_reader *reader, const struct proxy_settings *proxy)
{
    const struct capture_declarations *captures = &proxy->captures;
    const unsigned referred[] = {captures->request_referred, captures->response_referred};
    const unsigned counts[] = {captures->request_count, captures->response_count};
    for (unsigned i = 0; i < 2 && (proxy->role & PROXY_FRONTEND) != 0; i++) {
        if (referred[i] > counts[i]) {
            config_alert_at(reader, proxy->file, proxy->line,
                            "Proxy '%s': unable to find capture id '%u' referenced by http-%s "
                            "capture rule.",
                            proxy->name, referred[i] - 1, i == 0 ? "request" : "response");
        }
    }
}

static void check_error_sections(struct config_reader *reader)
{
    const char *missing = error_sections_undeclared(reader->configuration->error_sections);
    if (missing != NULL) {
        config_report(reader, REPORT_ALERT, "unknown http-errors section '%s'.", missing);
    }
}

/* ---- logs ---- */

static void compile_format(struct config_reader *reader, struct proxy_settings *proxy,
                           const char *what, const char *text, struct log_format **out)
{
    reader->file = proxy->log_format_file != NULL ? proxy->log_format_file : proxy->file;
    reader->line = proxy->log_format_file != NULL ? proxy->log_format_line : proxy->line;
    reader->proxy = proxy;
    struct rule_parser parser = config_rule_parser(reader, SAMPLE_IN_LOG);
    enum result result = config_compile_format(reader, &parser, text, LOG_FORMAT_FOR_LOG, out);
    if (result != RESULT_OK) {
        config_alert_at(reader, reader->file, reader->line, "failed to parse %s : %s.", what,
                        config_reason(reader));
    }
    text_clear(&reader->error);
    text_clear(&reader->warning);
    reader->proxy = NULL;
}

static void compile_formats(struct config_reader *reader, struct proxy_settings *proxy)
{
    const char *text = proxy->log_format_text;
    if ((proxy->role & PROXY_FRONTEND) == 0) {
        return;
    }
    compile_format(reader, proxy, "log-format", text != NULL ? text : LOG_FORMAT_DEFAULT,
                   &proxy->log_format);
    if (proxy->log_format_error_text != NULL) {
        compile_format(reader, proxy, "error-log-format", proxy->log_format_error_text,
                       &proxy->log_format_error);
    }
}

/* `log-send-hostname` holds for every log line, wherever it stands. */
/* Log lines: the host's name in their headers, and that the rings they name are there. */
static void complete_logs(struct config_reader *reader, const struct list *logs)
{
    const struct configuration *configuration = reader->configuration;
    LIST_EACH(link, logs) {
        struct log_settings *log = container_of(link, struct log_settings, link);
        log->sink.host = configuration->global.log_hostname;
        if (log->sink.kind == LOG_TARGET_RING &&
            !config_has_ring(configuration, log->sink.ring_name)) {
            config_alert_at(reader, log->file, log->line,
                            "log target uses unknown ring named '%s'.", log->sink.ring_name);
        }
    }
}

/* ---- servers ---- */

/* Finds the server that another one follows: "backend/server", or one of its own backend. */
static void check_tracked(struct config_reader *reader, const struct proxy_settings *proxy,
                          const struct server_settings *server)
{
    const struct server_options *options = &server->options;
    struct slice track = slice_from_string(options->track);
    size_t slash = slice_find_char(track, '/');
    bool is_own = slash == track.length;
    const char *backend =
        is_own ? proxy->name : config_copy_slice(reader, slice_first(track, slash));
    const char *name = is_own ? options->track : options->track + slash + 1;
    const struct proxy_settings *other = is_own ? proxy
                                         : backend == NULL
                                             ? NULL
                                             : find_proxy(reader, backend, PROXY_BACKEND);
    const struct server_settings *tracked = other == NULL ? NULL : find_server(other, name);
    if (other == NULL) {
        config_alert_at(reader, options->file, options->line,
                        "'server %s/%s' : unable to find required proxy '%s' for tracking.",
                        proxy->name, options->name, backend != NULL ? backend : "");
    } else if (tracked == NULL) {
        config_alert_at(reader, options->file, options->line,
                        "'server %s/%s' : unable to find required server '%s' for tracking.",
                        proxy->name, options->name, name);
    } else if (!tracked->options.has_check && tracked->options.track == NULL) {
        config_alert_at(reader, options->file, options->line,
                        "'server %s/%s' : unable to use %s/%s for tracking as it does not have any "
                        "check nor agent enabled.",
                        proxy->name, options->name, other->name, name);
    }
}

/* The cookie of a server that has none in a backend with dynamic ones. */
static void make_cookie(struct config_reader *reader, const struct proxy_settings *proxy,
                        struct server_settings *server)
{
    char cookie[SERVER_COOKIE_DYNAMIC_SIZE];
    const struct address *address = &server->options.address;
    if (server->options.cookie == NULL &&
        server_cookie_write_dynamic(cookie, proxy->dynamic_cookie_key, address, address->port) ==
            RESULT_OK) {
        server->options.cookie = config_copy(reader, cookie);
    }
}

static void complete_servers(struct config_reader *reader, struct proxy_settings *proxy)
{
    bool is_dynamic =
        proxy->cookie != NULL && proxy->cookie->is_dynamic && proxy->dynamic_cookie_key != NULL;
    LIST_EACH(link, &proxy->servers) {
        struct server_settings *server = container_of(link, struct server_settings, link);
        if (server->source.family == AF_UNSPEC) {
            server->source = proxy->source;
        }
        if (is_dynamic) {
            make_cookie(reader, proxy, server);
        }
        if (server->options.track != NULL) {
            check_tracked(reader, proxy, server);
        }
    }
}

/* A cookie line may be a defaults section's; the key is each proxy's own. */
static void complete_cookie(struct config_reader *reader, struct proxy_settings *proxy)
{
    if (proxy->cookie == NULL || proxy->dynamic_cookie_key == NULL) {
        return;
    }
    struct server_cookie_settings *cookie = config_take(reader, sizeof(*cookie));
    if (cookie != NULL) {
        *cookie = *proxy->cookie;
        cookie->dynamic_key = proxy->dynamic_cookie_key;
        proxy->cookie = cookie;
    }
}

void config_resolve(struct config_reader *reader)
{
    struct configuration *configuration = reader->configuration;
    number_all(reader);
    check_error_sections(reader);
    complete_logs(reader, &configuration->global.logs);
    if (sample_references_each(&configuration->references, check_reference, reader) != RESULT_OK) {
        config_report(reader, REPORT_ALERT, "cannot check the names in expressions.");
    }
    LIST_EACH(link, &configuration->proxies) {
        struct proxy_settings *proxy = container_of(link, struct proxy_settings, link);
        proxy->balance.redistributes =
            (proxy->options & OPTION_REDISPATCH) != 0 && (proxy->options & OPTION_PERSIST) == 0;
        complete_logs(reader, &proxy->logs);
        if (proxy->is_disabled) {
            continue;
        }
        config_verify_proxy(reader, proxy);
        resolve_default(reader, proxy);
        resolve_backends(reader, proxy);
        resolve_servers(reader, proxy);
        check_captures(reader, proxy);
        complete_cookie(reader, proxy);
        complete_servers(reader, proxy);
        compile_formats(reader, proxy);
    }
}
