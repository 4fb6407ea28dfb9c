/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator does to a server, from the runtime API or the statistics page.
 */
#ifndef WEIR_ADMIN_SERVER_ACTION_H
#define WEIR_ADMIN_SERVER_ACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "proxy/endpoint.h"
#include "proxy/worker.h"

enum server_action {
    SERVER_ACTION_READY,
    SERVER_ACTION_DRAIN,
    SERVER_ACTION_MAINTENANCE,
    SERVER_ACTION_CHECKS_OFF,
    SERVER_ACTION_CHECKS_ON,
    SERVER_ACTION_HEALTH_UP,
    SERVER_ACTION_HEALTH_STOPPING,
    SERVER_ACTION_HEALTH_DOWN,
    SERVER_ACTION_SHUTDOWN_SESSIONS,
    SERVER_ACTIONS
};

/* The word of an action in the statistics page's form ("maint", "dhlth"), and what the page calls
 * it. */
const char *server_action_word(enum server_action action);
const char *server_action_title(enum server_action action);

/* The action of a form's word; SERVER_ACTIONS: there is none. */
enum server_action server_action_find(struct slice word);

/*
 * Does it. False when there was nothing to do: already so, no checks configured, or the health is
 * another server's (track).
 */
bool server_action_run(enum server_action action, struct worker *worker, struct server *server,
                       uint64_t now_ms);

#endif
