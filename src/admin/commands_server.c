/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that look at and change servers at run time: set server, enable, disable, weights,
 * maxconn, show servers state/conn, show backend. Changes go through balance/server.h, which tells
 * the algorithm, and free slots are given out afterwards. No memory.
 */
#include <string.h>

#include "admin/cli.h"
#include "admin/commands.h"
#include "admin/server_action.h"
#include "base/number.h"
#include "proxy/check.h"
#include "proxy/endpoint.h"
#include "proxy/proxy.h"

enum { ARG_SERVER = 2, ARG_WHAT = 3, ARG_VALUE = 4, PERCENT = 100 };

static struct server *find_server(struct cli_request *request, unsigned word)
{
    struct slice rest = slice_from_string(cli_word(request, word));
    struct slice name;
    if (!slice_next_token(&rest, '/', &name) || rest.data == NULL || rest.length == 0) {
        text_append_string(request->out, "Require 'backend/server'.\n");
        return NULL;
    }
    struct proxy *proxy = proxy_find(request->worker, name, PROXY_BACKEND);
    if (proxy == NULL) {
        text_append_string(request->out, "No such backend.\n");
        return NULL;
    }
    struct server *server = backend_find_server(&proxy->backend, rest);
    if (server == NULL) {
        text_append_string(request->out, "No such server.\n");
    }
    return server;
}

static void serve_queues(struct cli_request *request, struct server *server)
{
    backend_serve_queues(server->backend, request->now_ms);
}

/* ---- states ---- */

static void act(struct cli_request *request, struct server *server, enum server_action action)
{
    (void)server_action_run(action, request->worker, server, request->now_ms);
}

static void set_state(struct cli_request *request, struct server *server, const char *value)
{
    if (strcmp(value, "ready") == 0) {
        act(request, server, SERVER_ACTION_READY);
    } else if (strcmp(value, "drain") == 0) {
        act(request, server, SERVER_ACTION_DRAIN);
    } else if (strcmp(value, "maint") == 0) {
        act(request, server, SERVER_ACTION_MAINTENANCE);
    } else {
        text_append_string(request->out,
                           "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n");
    }
}

static void set_health(struct cli_request *request, struct server *server, const char *value)
{
    if (server->tracked != NULL) {
        text_append_string(request->out, "cannot change health on a tracking server.\n");
    } else if (strcmp(value, "up") == 0) {
        act(request, server, SERVER_ACTION_HEALTH_UP);
    } else if (strcmp(value, "down") == 0) {
        act(request, server, SERVER_ACTION_HEALTH_DOWN);
    } else if (strcmp(value, "stopping") == 0) {
        act(request, server, SERVER_ACTION_HEALTH_STOPPING);
    } else {
        text_append_string(request->out,
                           "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n");
    }
}

static void set_weight_of(struct cli_request *request, struct server *server, const char *value)
{
    struct slice text = slice_from_string(value);
    bool is_relative = slice_ends_with(text, SLICE("%"));
    uint64_t weight = 0;
    if (is_relative) {
        text.length--;
    }
    if (number_parse_decimal(text, &weight) != RESULT_OK) {
        text_append_string(request->out, text.length == 0 ? "Require <weight> or <weight%>.\n"
                                                          : "Trailing garbage in weight string.\n");
        return;
    }
    if (is_relative) {
        if (weight > PERCENT) {
            text_append_string(request->out,
                               "Relative weight must be positive and not above 100%.\n");
            return;
        }
        weight = (server->options->weight * weight + PERCENT - 1) / PERCENT;
    }
    if (weight > SERVER_WEIGHT_MAX) {
        text_append_string(request->out,
                           "Absolute weight can only be between 0 and 256 inclusive.\n");
        return;
    }
    if (weight != 0 && weight != server->options->weight &&
        !backend_has_dynamic_weights(server->backend)) {
        text_append_string(request->out, "Backend is using a static LB algorithm and only accepts "
                                         "weights '0%' and '100%'.\n");
        return;
    }
    server_set_weight(server, (uint32_t)weight);
    serve_queues(request, server);
}

/* set server b/s addr <ip> [port <port>] */
static void set_address(struct cli_request *request, struct server *server)
{
    enum { ARG_PORT_WORD = 5, ARG_PORT = 6 };
    struct address address;
    uint64_t port = server->port;
    if (address_parse_ip(slice_from_string(cli_word(request, ARG_VALUE)), &address) != RESULT_OK) {
        text_append_string(request->out,
                           "set server <b>/<s> addr requires an address and optionally a port.\n");
        return;
    }
    bool has_port = strcmp(cli_word(request, ARG_PORT_WORD), "port") == 0;
    if (has_port &&
        (number_parse_decimal(slice_from_string(cli_word(request, ARG_PORT)), &port) != RESULT_OK ||
         port > UINT16_MAX)) {
        text_append_string(request->out, "Provided port is out of range.\n");
        return;
    }
    address.port = (uint16_t)port;
    server->address = address;
    server->port = (uint16_t)port;
    server_set_admin(server, 0, SERVER_MAINT_RESOLUTION, request->now_ms);
    endpoint_purge_idle(endpoint_of(server), TIME_NEVER);
    text_append_format(request->out, "IP changed by 'stats socket command'\n");
}

static enum result set_server(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct server *server = find_server(request, ARG_SERVER);
    const char *what = cli_word(request, ARG_WHAT);
    const char *value = cli_word(request, ARG_VALUE);
    if (server == NULL) {
        return RESULT_END;
    }
    if (strcmp(what, "state") == 0) {
        set_state(request, server, value);
    } else if (strcmp(what, "weight") == 0) {
        set_weight_of(request, server, value);
    } else if (strcmp(what, "health") == 0) {
        set_health(request, server, value);
    } else if (strcmp(what, "addr") == 0) {
        set_address(request, server);
    } else {
        text_append_string(request->out,
                           "usage: set server <backend>/<server> addr | health | state | weight\n");
    }
    return RESULT_END;
}

static enum result enable_server(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct server *server = find_server(request, ARG_SERVER);
    if (server != NULL) {
        act(request, server, SERVER_ACTION_READY);
    }
    return RESULT_END;
}

static enum result disable_server(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct server *server = find_server(request, ARG_SERVER);
    if (server != NULL) {
        act(request, server, SERVER_ACTION_MAINTENANCE);
    }
    return RESULT_END;
}

static enum result switch_checks(struct cli_request *request, enum server_action action)
{
    struct server *server = find_server(request, ARG_SERVER);
    if (server != NULL && !server_action_run(action, request->worker, server, request->now_ms)) {
        text_append_string(request->out, "Health checks are not configured on this server.\n");
    }
    return RESULT_END;
}

static enum result enable_health(struct cli_request *request, void *opaque)
{
    (void)opaque;
    return switch_checks(request, SERVER_ACTION_CHECKS_ON);
}

static enum result disable_health(struct cli_request *request, void *opaque)
{
    (void)opaque;
    return switch_checks(request, SERVER_ACTION_CHECKS_OFF);
}

static enum result set_weight(struct cli_request *request, void *opaque)
{
    (void)opaque;
    struct server *server = find_server(request, ARG_SERVER);
    if (server != NULL) {
        set_weight_of(request, server, cli_word(request, ARG_WHAT));
    }
    return RESULT_END;
}

static enum result get_weight(struct cli_request *request, void *opaque)
{
    (void)opaque;
    const struct server *server = find_server(request, ARG_SERVER);
    if (server != NULL) {
        text_append_format(request->out, "%u (initial %u)\n", server->weight,
                           server->options->weight);
    }
    return RESULT_END;
}

static enum result set_maxconn(struct cli_request *request, void *opaque)
{
    enum { ARG_NAME = 3, ARG_LIMIT = 4 };
    (void)opaque;
    struct server *server = find_server(request, ARG_NAME);
    uint64_t limit = 0;
    if (server == NULL) {
        return RESULT_END;
    }
    if (number_parse_decimal(slice_from_string(cli_word(request, ARG_LIMIT)), &limit) !=
            RESULT_OK ||
        limit > UINT32_MAX) {
        text_append_string(request->out, "Integer value expected.\n");
        return RESULT_END;
    }
    server_set_maxconn(server, (uint32_t)limit, request->now_ms);
    return RESULT_END;
}

/* ---- show ---- */

/* Where a dump of servers goes on: both count from 0. */
struct server_position {
    uint32_t proxy, server;
    bool has_begun;
};

/* Calls `write` for each server from `position` on, of one backend or of all. False: the room ran
 * out. */
static bool each_server(struct cli_request *request, struct server_position *position,
                        const char *backend,
                        void (*write)(struct cli_request *request, const struct proxy *proxy,
                                      const struct endpoint *endpoint))
{
    uint32_t proxy_index = 0;
    LIST_EACH(link, &request->worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        bool is_wanted = backend[0] == '\0' || strcmp(backend, proxy->settings->name) == 0;
        if (proxy_index++ < position->proxy || !is_wanted) {
            continue;
        }
        uint32_t server_index = 0;
        LIST_EACH(member, &proxy->endpoints) {
            if (server_index++ < position->server) {
                continue;
            }
            if (!cli_row_fits(request)) {
                position->proxy = proxy_index - 1;
                return false;
            }
            write(request, proxy, container_of(member, struct endpoint, link));
            position->server = server_index;
        }
        position->server = 0;
        position->proxy = proxy_index;
    }
    return true;
}

/* HAProxy's numbers in `show servers state` (management manual 9.3). */
enum state_number {
    STATE_STOPPED = 0,
    STATE_STARTING = 1,
    STATE_RUNNING = 2,
    CHECKED_UNKNOWN = 0,
    CHECKED_FAILED = 2,
    CHECKED_PASSED = 3,
    CHECKED_PASSED_CONDITIONALLY = 4,
    CHECK_IN_PROGRESS = 1,
    CHECK_CONFIGURED = 2,
    CHECK_ENABLED = 4,
};

static unsigned state_of(const struct server *server)
{
    switch (server->health) {
    case SERVER_DOWN:
        return STATE_STOPPED;
    case SERVER_STARTING:
        return STATE_STARTING;
    case SERVER_UP:
        return (server->admin & SERVER_MAINT_ANY) != 0 ? STATE_STOPPED : STATE_RUNNING;
    }
    return STATE_STOPPED;
}

static unsigned admin_of(const struct server *server)
{
    static const struct {
        unsigned flag, number;
    } FLAGS[] = {
        {SERVER_MAINT_FORCED, 0x01},     {SERVER_MAINT_INHERITED, 0x02},
        {SERVER_MAINT_CONFIGURED, 0x04}, {SERVER_DRAIN_FORCED, 0x08},
        {SERVER_DRAIN_INHERITED, 0x10},  {SERVER_MAINT_RESOLUTION, 0x20},
    };
    unsigned number = 0;
    for (unsigned i = 0; i < sizeof(FLAGS) / sizeof(FLAGS[0]); i++) {
        number |= (server->admin & FLAGS[i].flag) != 0 ? FLAGS[i].number : 0;
    }
    return number;
}

static unsigned check_result_of(const struct server *server)
{
    switch (server->check_status) {
    case CHECK_STATUS_L4_PASSED:
    case CHECK_STATUS_L6_PASSED:
    case CHECK_STATUS_L7_PASSED:
        return CHECKED_PASSED;
    case CHECK_STATUS_L7_PASSED_CONDITIONALLY:
        return CHECKED_PASSED_CONDITIONALLY;
    default: /* a number, not an enum */
        return server->check_status > CHECK_STATUS_SOCKET_ERROR ? CHECKED_FAILED : CHECKED_UNKNOWN;
    }
}

static unsigned check_state_of(const struct endpoint *endpoint)
{
    const struct health_check *check = endpoint->check;
    if (check == NULL) {
        return 0;
    }
    return CHECK_CONFIGURED | CHECK_ENABLED | (check_is_running(check) ? CHECK_IN_PROGRESS : 0U);
}

static void append_address(struct text *out, const struct server *server)
{
    if (server->address.family == AF_UNIX) {
        text_append_char(out, '-');
    } else {
        address_append(out, &server->address);
    }
}

static void write_state(struct cli_request *request, const struct proxy *proxy,
                        const struct endpoint *endpoint)
{
    const struct server *server = &endpoint->server;
    const struct server_options *options = server->options;
    bool is_checked = options->has_check;
    text_append_format(request->out, "%u %s %u %s ", proxy->settings->id, proxy->settings->name,
                       options->id, options->name);
    append_address(request->out, server);
    text_append_format(
        request->out, " %u %u %u %u %llu %u %u %u %u 0 0 0 %s %u - %d 0 - - 0\n", state_of(server),
        admin_of(server), server->weight, options->weight,
        (unsigned long long)((request->now_ms - server->state_since_ms) / MS_PER_SECOND),
        is_checked ? server->check_status : CHECK_STATUS_INITIAL, check_result_of(server),
        is_checked ? server->check_health : options->rise, check_state_of(endpoint),
        options->hostname != NULL ? options->hostname : "-", server->port, endpoint->tls != NULL);
}

static enum result show_servers_state(struct cli_request *request, void *opaque)
{
    struct server_position *position = opaque;
    const char *backend = cli_word(request, ARG_WHAT);
    if (!position->has_begun) {
        position->has_begun = true;
        if (backend[0] != '\0' &&
            proxy_find(request->worker, slice_from_string(backend), PROXY_BACKEND) == NULL) {
            text_append_string(request->out, "Can't find backend.\n");
            return RESULT_END;
        }
        text_append_string(
            request->out,
            "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
            "srv_iweight srv_time_since_last_change srv_check_status srv_check_result "
            "srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id "
            "srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr "
            "srv_agent_port\n");
    }
    return each_server(request, position, backend, write_state) ? RESULT_END : RESULT_OK;
}

static void write_connections(struct cli_request *request, const struct proxy *proxy,
                              const struct endpoint *endpoint)
{
    const struct server *server = &endpoint->server;
    const struct server_options *options = server->options;
    uint32_t used = endpoint->links_count - endpoint->idle_count;
    uint32_t idle = endpoint->idle_count;
    bool has_limit = options->pool_max_connections != UINT32_MAX;
    text_append_format(request->out, "%s/%s %u/%u ", proxy->settings->name, options->name,
                       proxy->settings->id, options->id);
    append_address(request->out, server);
    text_append_format(request->out, " %u - %u %u %u 0 0 %u %lld %u %u\n", server->port,
                       options->pool_purge_delay_ms, used, used, idle,
                       has_limit ? (long long)options->pool_max_connections : -1LL, idle, idle);
}

static enum result show_servers_conn(struct cli_request *request, void *opaque)
{
    struct server_position *position = opaque;
    const char *backend = cli_word(request, ARG_WHAT);
    if (backend[0] != '\0' &&
        proxy_find(request->worker, slice_from_string(backend), PROXY_BACKEND) == NULL) {
        text_append_string(request->out, "Can't find backend.\n");
        return RESULT_END;
    }
    if (!position->has_begun) {
        position->has_begun = true;
        text_append_string(request->out,
                           "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max "
                           "need_est unsafe_nb safe_nb idle_lim idle_cur idle_per_thr[1]\n");
    }
    return each_server(request, position, backend, write_connections) ? RESULT_END : RESULT_OK;
}

static enum result show_backend(struct cli_request *request, void *opaque)
{
    uint32_t *next = opaque;
    uint32_t index = 0;
    if (*next == 0) {
        text_append_string(request->out, "# name\n");
    }
    LIST_EACH(link, &request->worker->proxies) {
        const struct proxy *proxy = container_of(link, struct proxy, link);
        if (index++ < *next || (proxy->settings->role & PROXY_BACKEND) == 0) {
            continue;
        }
        if (!cli_row_fits(request)) {
            return RESULT_OK;
        }
        text_append_format(request->out, "%s\n", proxy->settings->name);
        *next = index;
    }
    return RESULT_END;
}

const struct cli_command COMMANDS_SERVER[] = {
    {"set server", "<b>/<s> [opts] : change a server's state, weight, address or health", CLI_ADMIN,
     set_server, NULL},
    {"enable server", "<b>/<s> : enable a server that was disabled", CLI_ADMIN, enable_server,
     NULL},
    {"disable server", "<b>/<s> : disable a server for maintenance", CLI_ADMIN, disable_server,
     NULL},
    {"enable health", "<b>/<s> : enable health checks", CLI_ADMIN, enable_health, NULL},
    {"disable health", "<b>/<s> : disable health checks", CLI_ADMIN, disable_health, NULL},
    {"set weight", "<b>/<s> <weight>[%] : change a server's weight", CLI_ADMIN, set_weight, NULL},
    {"get weight", "<b>/<s> : report a server's current weight", CLI_USER, get_weight, NULL},
    {"set maxconn server", "<b>/<s> <n> : change a server's maxconn setting", CLI_ADMIN,
     set_maxconn, NULL},
    {"show servers state", "[<backend>] : dump volatile server information", CLI_USER,
     show_servers_state, NULL},
    {"show servers conn", "[<backend>] : dump server connections status", CLI_USER,
     show_servers_conn, NULL},
    {"show backend", ": list backends in the current running config", CLI_USER, show_backend, NULL},
    {NULL, NULL, CLI_USER, NULL, NULL},
};
