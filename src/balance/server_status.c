/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server's state means: whether it may be used, how many sessions it takes now, and the
 * words of `show stat`. Nothing is changed here, and no memory is used.
 *
 * The limit: maxconn; with minconn it moves between the two with the sessions on the backend, up to
 * fullconn; in slow start it grows with the time since the start, from 1.
 */
#include "balance/backend.h"
#include "balance/server.h"

enum { PERCENT = 100 };

bool server_is_alive(const struct server *server)
{
    return server->health != SERVER_DOWN && (server->admin & SERVER_MAINT_ANY) == 0;
}

bool server_is_usable(const struct server *server)
{
    return server_is_alive(server) && (server->admin & SERVER_DRAIN_ANY) == 0 && server->weight > 0;
}

bool server_accepts_persistent(const struct server *server)
{
    return server_is_alive(server);
}

/* ---- limits ---- */

/* Milliseconds of its slow start that are over. */
static uint64_t started_for(const struct server *server)
{
    uint64_t now_ms = server->backend->now_ms;
    return now_ms > server->starting_since_ms ? now_ms - server->starting_since_ms : 0;
}

static uint64_t limit_by_load(const struct server *server)
{
    const struct backend *backend = server->backend;
    uint64_t sessions = backend->counters.sessions_current;
    uint64_t fullconn = backend->options.fullconn;
    uint64_t least = server->options->minconn;
    if (least == 0 || least >= server->maxconn || sessions >= fullconn) {
        return server->maxconn;
    }
    uint64_t share = sessions * server->maxconn / fullconn;
    return share > least ? share : least;
}

uint32_t server_session_limit(const struct server *server)
{
    if (server->maxconn == 0) {
        return 0;
    }
    uint64_t limit = limit_by_load(server);
    uint64_t whole_ms = server->options->slow_start_ms;
    uint64_t over_ms = started_for(server);
    if (server->health == SERVER_STARTING && over_ms < whole_ms) {
        limit = limit * (PERCENT * over_ms / whole_ms) / PERCENT;
    }
    return limit == 0 ? 1 : (uint32_t)limit;
}

bool server_is_full(const struct server *server)
{
    return server->maxconn != 0 &&
           (server->queue_length > 0 || server->served >= server_session_limit(server));
}

uint32_t server_throttle_percent(const struct server *server)
{
    const struct backend *backend = server->backend;
    if (server->weight == 0 || server->health != SERVER_STARTING || backend->weight_scale == 0) {
        return PERCENT;
    }
    uint64_t whole = (uint64_t)server->weight * backend->weight_scale;
    uint64_t part = (uint64_t)server->effective_weight * backend->weight_divisor * PERCENT;
    return (uint32_t)((part + whole - 1) / whole);
}

/* ---- time down ---- */

uint64_t server_downtime_ms(const struct server *server, uint64_t now_ms)
{
    bool counts_on = !server_is_alive(server) && now_ms > server->state_since_ms;
    return server->counters.downtime_ms + (counts_on ? now_ms - server->state_since_ms : 0);
}

uint64_t backend_downtime_ms(const struct backend *backend, uint64_t now_ms)
{
    bool counts_on = backend->usable_active + backend->usable_backup == 0 &&
                     backend->servers_count > 0 && now_ms > backend->last_change_ms;
    return backend->downtime_ms + (counts_on ? now_ms - backend->last_change_ms : 0);
}

/* ---- words ---- */

static void append_maintenance(const struct server *server, struct text *text)
{
    text_append_string(text, "MAINT");
    if ((server->admin & SERVER_MAINT_INHERITED) != 0 && server->tracked != NULL) {
        text_append_format(text, " (via %s/%s)", server->tracked->backend->identity.name,
                           server->tracked->options->name);
    } else if ((server->admin & SERVER_MAINT_RESOLUTION) != 0) {
        text_append_string(text, " (resolution)");
    }
}

static void append_up(const struct server *server, const struct server *checked, struct text *text)
{
    const struct server_options *options = checked->options;
    bool is_drained = (server->admin & SERVER_DRAIN_ANY) != 0;
    bool is_checked = options->has_check;
    if (!is_checked && !is_drained) {
        text_append_string(text, "no check");
        return;
    }
    text_append_string(text, is_drained ? "DRAIN" : "UP");
    uint32_t best = options->rise + options->fall - 1;
    if (is_checked && checked->check_health < best) {
        text_append_format(text, " %u/%u", checked->check_health - options->rise + 1,
                           options->fall);
    }
}

void server_append_status(const struct server *server, struct text *text)
{
    const struct server *checked = server;
    while (checked->tracked != NULL) {
        checked = checked->tracked;
    }
    if ((server->admin & SERVER_MAINT_ANY) != 0) {
        append_maintenance(server, text);
    } else if (server->health != SERVER_DOWN) {
        append_up(server, checked, text);
    } else if (checked->check_health > 0 && checked->options->has_check) {
        text_append_format(text, "DOWN %u/%u", checked->check_health, checked->options->rise);
    } else {
        text_append_string(text, "DOWN");
    }
}
