/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consequences of a server's change. Called by the balance layer after each one, with everything
 * already in line: a log line (and one more when the backend has lost its last server), then
 * connections. Memory: one line on the stack.
 */
#include "proxy/server_change.h"

#include "balance/backend.h"
#include "base/clock.h"
#include "proxy/check.h"
#include "proxy/check_log.h"
#include "proxy/endpoint.h"
#include "proxy/logs.h"
#include "proxy/proxy.h"
#include "proxy/stream.h"
#include "proxy/worker.h"

enum { LINE_SIZE = 1024 };

static const struct proxy *proxy_of_server(const struct server *server)
{
    return endpoint_of(server)->proxy;
}

/* ---- sentences ---- */

static bool is_in_maintenance(unsigned admin)
{
    return (admin & SERVER_MAINT_ANY) != 0;
}

static bool is_drained(unsigned admin)
{
    return (admin & SERVER_DRAIN_ANY) != 0;
}

static void append_subject(const struct server *server, struct text *text)
{
    text_append_format(text, "%sServer %s/%s ", server->options->is_backup ? "Backup " : "",
                       server->backend->identity.name, server->options->name);
}

static void append_tracked(const struct server *server, struct text *text)
{
    if (server->tracked != NULL) {
        text_append_format(text, " via %s/%s", server->tracked->backend->identity.name,
                           server->tracked->options->name);
    }
}

static void append_counts(const struct server *server, const struct server_change *change,
                          struct text *text)
{
    const struct backend *backend = server->backend;
    bool is_stopped = !server_is_alive(server);
    bool on_backup = backend->usable_backup > 0 && backend->usable_active == 0;
    text_append_format(text, ". %u active and %u backup servers %s.%s", backend->usable_active,
                       backend->usable_backup, is_stopped ? "left" : "online",
                       on_backup ? " Running on backup." : "");
    if (is_stopped) {
        text_append_format(text, " %u sessions active, %u requeued, %u remaining in queue.",
                           server->counters.sessions_current, change->requeued,
                           server->queue_length);
    } else {
        text_append_format(text, " %u sessions requeued, %u total in queue.", change->requeued,
                           server->queue_length);
    }
}

static void append_reason(const struct server *server, struct text *text)
{
    const struct health_check *check = endpoint_of(server)->check;
    if (server->tracked != NULL) {
        append_tracked(server, text);
    } else if (check == NULL || !check_is_telling(check)) {
        text_append_string(text, ", changed from CLI");
    } else if (!proxy_has(proxy_of_server(server), OPTION_LOG_HEALTH_CHECKS)) {
        check_append_reason(server, check_last_text(check), text); /* else it was logged before */
    }
}

static void describe_health(const struct server *server, const struct server_change *change,
                            struct text *text)
{
    text_append_string(text, server->health == SERVER_DOWN ? "is DOWN" : "is UP");
    append_reason(server, text);
    append_counts(server, change, text);
}

static void describe_entering(const struct server *server, const struct server_change *change,
                              struct text *text)
{
    bool is_forced = (server->admin & (SERVER_MAINT_FORCED | SERVER_MAINT_CONFIGURED)) != 0;
    if (change->health_before == SERVER_DOWN) {
        text_append_string(text, "was DOWN and now enters maintenance");
    } else {
        text_append_string(text, "is going DOWN for maintenance");
    }
    if (!is_forced) {
        append_tracked(server, text);
    }
    if (change->health_before == SERVER_DOWN) {
        text_append_char(text, '.');
    } else {
        append_counts(server, change, text);
    }
}

static void describe_leaving(const struct server *server, const struct server_change *change,
                             struct text *text)
{
    bool was_forced = (change->admin_before & (SERVER_MAINT_FORCED | SERVER_MAINT_CONFIGURED)) != 0;
    bool was_unresolved = (change->admin_before & SERVER_MAINT_RESOLUTION) != 0;
    text_append_format(text, "is %s/%s (%s).", server->health == SERVER_DOWN ? "DOWN" : "UP",
                       is_drained(server->admin) ? "DRAIN" : "READY",
                       was_forced       ? "leaving forced maintenance"
                       : was_unresolved ? "resolves again"
                                        : "leaving maintenance");
}

static void describe_drain(const struct server *server, const struct server_change *change,
                           struct text *text)
{
    if (!is_drained(server->admin)) {
        text_append_format(text, "is %s (leaving forced drain).",
                           server->health == SERVER_DOWN ? "DOWN" : "UP");
        return;
    }
    text_append_string(text, "enters drain state");
    if ((server->admin & SERVER_DRAIN_FORCED) == 0) {
        append_tracked(server, text);
    }
    append_counts(server, change, text);
}

/* The sentence of a change; false when there is nothing to tell. */
static bool describe(const struct server *server, const struct server_change *change,
                     struct text *text)
{
    bool was_in_maintenance = is_in_maintenance(change->admin_before);
    append_subject(server, text);
    if (!was_in_maintenance && is_in_maintenance(server->admin)) {
        describe_entering(server, change, text);
    } else if (was_in_maintenance && !is_in_maintenance(server->admin)) {
        describe_leaving(server, change, text);
    } else if (was_in_maintenance) {
        return false;
    } else if (is_drained(change->admin_before) != is_drained(server->admin)) {
        describe_drain(server, change, text);
    } else if ((change->health_before == SERVER_DOWN) != (server->health == SERVER_DOWN)) {
        describe_health(server, change, text);
    } else {
        return false;
    }
    return true;
}

/* What stops unexpectedly is an alert. */
static enum syslog_level level_of(const struct server *server, const struct server_change *change)
{
    bool was_alive =
        change->health_before != SERVER_DOWN && !is_in_maintenance(change->admin_before);
    bool has_stopped = was_alive && !server_is_alive(server);
    return has_stopped && !is_drained(change->admin_before) ? SYSLOG_ALERT : SYSLOG_NOTICE;
}

static void log_change(const struct server *server, const struct server_change *change)
{
    const struct proxy *proxy = proxy_of_server(server);
    char line[LINE_SIZE];
    struct text text = text_over(line, sizeof(line));
    if (describe(server, change, &text)) {
        logs_write(proxy, level_of(server, change), text_slice(&text));
    }
    if (change->took_backend_down) {
        bool is_listen = (proxy->settings->role & PROXY_FRONTEND) != 0;
        text_clear(&text);
        text_append_format(&text, "%s %s has no server available!", is_listen ? "proxy" : "backend",
                           proxy->settings->name);
        logs_write(proxy, SYSLOG_EMERG, text_slice(&text));
    }
}

/* ---- connections ---- */

static void shut_sessions(const struct server *server)
{
    const struct worker *worker = proxy_of_server(server)->worker;
    LIST_EACH_SAFE(link, &worker->streams) {
        struct stream *stream = container_of(link, struct stream, link);
        if (stream->assigned == server) {
            stream_shutdown(stream, 'D');
        }
    }
}

static void on_server_change(struct server *server, const struct server_change *change)
{
    struct endpoint *endpoint = endpoint_of(server);
    log_change(server, change);
    if (server_is_alive(server)) {
        if (is_in_maintenance(change->admin_before) && endpoint->check != NULL) {
            check_hurry(endpoint->check);
        }
        return;
    }
    endpoint_purge_idle(endpoint, TIME_NEVER);
    if (server->options->on_marked_down == MARKED_DOWN_SHUTDOWN_SESSIONS) {
        shut_sessions(server);
    }
}

void server_change_watch(struct proxy *proxy)
{
    proxy->backend.on_server_change = on_server_change;
}

/* ---- tracking ---- */

static enum result refuse(const struct server *server, const char *reason, struct text *error)
{
    const struct server_options *options = server->options;
    text_append_format(error, "[%s:%u] : server '%s' cannot track '%s' : %s", options->file,
                       options->line, options->name, options->track, reason);
    return RESULT_INVALID;
}

/* "backend/server", or "server" of the same backend; NULL: there is none. */
static struct server *find_tracked(const struct worker *worker, const struct server *server)
{
    struct slice name = slice_from_string(server->options->track);
    size_t slash = slice_find_char(name, '/');
    if (slash == name.length) {
        return backend_find_server(server->backend, name);
    }
    const struct proxy *proxy = proxy_find(worker, slice_first(name, slash), PROXY_BACKEND);
    return proxy == NULL ? NULL : backend_find_server(&proxy->backend, slice_skip(name, slash + 1));
}

/* A chain of trackers must end at a server with checks; a longer way than there are servers is a
 * circle. */
static bool ends_at_a_check(const struct worker *worker, const struct server *server)
{
    size_t steps = 0;
    LIST_EACH(link, &worker->proxies) {
        steps += container_of(link, struct proxy, link)->backend.servers_count;
    }
    while (server != NULL && steps-- > 0) {
        if (server->options->has_check) {
            return true;
        }
        server = server->options->track == NULL ? NULL : find_tracked(worker, server);
    }
    return false;
}

static enum result connect_tracker(const struct worker *worker, struct server *server,
                                   struct text *error)
{
    struct server *tracked = find_tracked(worker, server);
    if (tracked == NULL) {
        return refuse(server, "there is no such server", error);
    }
    if (server->options->has_check) {
        return refuse(server, "it has checks of its own", error);
    }
    if (!ends_at_a_check(worker, tracked)) {
        return refuse(server, "that one neither has checks nor tracks one that has", error);
    }
    server_track(server, tracked);
    return RESULT_OK;
}

enum result server_change_connect_trackers(struct worker *worker, struct text *error)
{
    LIST_EACH(link, &worker->proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        LIST_EACH(position, &proxy->endpoints) {
            struct server *server = &container_of(position, struct endpoint, link)->server;
            enum result result =
                server->options->track == NULL ? RESULT_OK : connect_tracker(worker, server, error);
            if (result != RESULT_OK) {
                return result;
            }
        }
    }
    return RESULT_OK;
}
