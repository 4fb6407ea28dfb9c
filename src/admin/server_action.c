/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator does to a server: states, health, checks, sessions. The runtime API and the
 * statistics page both come here, so that they cannot differ. Changes go through balance/server.h,
 * which tells the algorithm; slots that came free are given out at once. No memory.
 */
#include "admin/server_action.h"

#include "balance/backend.h"
#include "proxy/check.h"
#include "proxy/stream.h"

struct action_words {
    const char *word, *title;
};

static const struct action_words WORDS[SERVER_ACTIONS] = {
    [SERVER_ACTION_READY] = {"ready", "Set state to READY"},
    [SERVER_ACTION_DRAIN] = {"drain", "Set state to DRAIN"},
    [SERVER_ACTION_MAINTENANCE] = {"maint", "Set state to MAINT"},
    [SERVER_ACTION_CHECKS_OFF] = {"dhlth", "Health: disable checks"},
    [SERVER_ACTION_CHECKS_ON] = {"ehlth", "Health: enable checks"},
    [SERVER_ACTION_HEALTH_UP] = {"hrunn", "Health: force UP"},
    [SERVER_ACTION_HEALTH_STOPPING] = {"hnolb", "Health: force NOLB"},
    [SERVER_ACTION_HEALTH_DOWN] = {"hdown", "Health: force DOWN"},
    [SERVER_ACTION_SHUTDOWN_SESSIONS] = {"shutdown", "Kill sessions"},
};

const char *server_action_word(enum server_action action)
{
    return WORDS[action].word;
}

const char *server_action_title(enum server_action action)
{
    return WORDS[action].title;
}

enum server_action server_action_find(struct slice word)
{
    for (unsigned action = 0; action < SERVER_ACTIONS; action++) {
        if (slice_equal(word, slice_from_string(WORDS[action].word))) {
            return (enum server_action)action;
        }
    }
    return SERVER_ACTIONS;
}

static bool set_maintenance(struct server *server, uint64_t now_ms)
{
    if ((server->admin & SERVER_MAINT_FORCED) != 0) {
        return false;
    }
    server_set_admin(server, SERVER_MAINT_FORCED, 0, now_ms);
    endpoint_purge_idle(endpoint_of(server), TIME_NEVER);
    return true;
}

static bool switch_checks(struct server *server, bool are_on)
{
    struct health_check *check = endpoint_of(server)->check;
    if (check == NULL) {
        return false;
    }
    check_stop(check);
    if (are_on) {
        check_start(check);
    }
    return true;
}

static bool force_health(struct server *server, enum server_health health, uint64_t now_ms)
{
    const struct server_options *options = server->options;
    if (server->tracked != NULL) {
        return false;
    }
    bool is_up = health != SERVER_DOWN;
    server->check_health = is_up && options->has_check ? options->rise + options->fall - 1 : 0;
    server_set_health(server, health, now_ms);
    return true;
}

static bool shutdown_sessions(struct worker *worker, const struct server *server)
{
    LIST_EACH_SAFE(link, &worker->streams) {
        struct stream *stream = container_of(link, struct stream, link);
        if (stream->assigned == server) {
            stream_shutdown(stream, 'K');
        }
    }
    return true;
}

static bool run(enum server_action action, struct worker *worker, struct server *server,
                uint64_t now_ms)
{
    switch (action) {
    case SERVER_ACTION_READY:
        server_set_admin(
            server, 0, SERVER_MAINT_FORCED | SERVER_MAINT_CONFIGURED | SERVER_DRAIN_FORCED, now_ms);
        return true;
    case SERVER_ACTION_DRAIN:
        server_set_admin(server, SERVER_DRAIN_FORCED, SERVER_MAINT_FORCED | SERVER_MAINT_CONFIGURED,
                         now_ms);
        return true;
    case SERVER_ACTION_MAINTENANCE:
        return set_maintenance(server, now_ms);
    case SERVER_ACTION_CHECKS_OFF:
        return switch_checks(server, false);
    case SERVER_ACTION_CHECKS_ON:
        return switch_checks(server, true);
    case SERVER_ACTION_HEALTH_UP:
        return force_health(server, SERVER_UP, now_ms);
    case SERVER_ACTION_HEALTH_STOPPING:
        server_set_admin(server, SERVER_DRAIN_FORCED, 0, now_ms);
        return true;
    case SERVER_ACTION_HEALTH_DOWN:
        return force_health(server, SERVER_DOWN, now_ms);
    case SERVER_ACTION_SHUTDOWN_SESSIONS:
        return shutdown_sessions(worker, server);
    case SERVER_ACTIONS:
        break;
    }
    return false;
}

bool server_action_run(enum server_action action, struct worker *worker, struct server *server,
                       uint64_t now_ms)
{
    bool is_done = run(action, worker, server, now_ms);
    if (is_done) {
        backend_serve_queues(server->backend, now_ms);
    }
    return is_done;
}
