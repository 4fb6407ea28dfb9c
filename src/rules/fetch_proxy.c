/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of frontends, backends, servers and listeners: who they are, how much they do, how much
 * room they have, and their timeouts. A backend or server may be named; without a name it is that
 * of the stream, and before one is chosen the frontend stands for the backend, as in HAProxy.
 * Everything is read from counters; no memory.
 */
#include "balance/backend.h"
#include "rules/fetch.h"

enum { WITHOUT_LIMIT = -1 };

/* ---- proxies ---- */

enum proxy_fact { PROXY_NAME, PROXY_ID, PROXY_CONNECTIONS, PROXY_SESSION_RATE, PROXY_REQUEST_RATE };

static enum result give_proxy(const struct proxy_identity *proxy, enum proxy_fact fact,
                              uint64_t now_ms, struct sample *out)
{
    if (proxy == NULL) {
        return RESULT_NOT_FOUND;
    }
    switch (fact) {
    case PROXY_NAME:
        return sample_give_string(out, proxy->name);
    case PROXY_ID:
        return sample_give_integer(out, proxy->id);
    case PROXY_CONNECTIONS:
        return sample_give_integer(out, proxy->counters->sessions_current);
    case PROXY_SESSION_RATE:
        return sample_give_integer(out, rate_read(&proxy->counters->session_rate, now_ms));
    case PROXY_REQUEST_RATE:
        return sample_give_integer(out, rate_read(&proxy->counters->request_rate, now_ms));
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_frontend(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    const struct proxy_identity *named = sample_argument_target(call->arguments, 0);
    return give_proxy(named != NULL ? named : context->frontend, (enum proxy_fact)call->variant,
                      context->now_ms, out);
}

static enum result fetch_backend(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    const struct backend *named = sample_argument_target(call->arguments, 0);
    const struct proxy_identity *proxy =
        context->backend != NULL ? context->backend : context->frontend;
    return give_proxy(named != NULL ? &named->identity : proxy, (enum proxy_fact)call->variant,
                      context->now_ms, out);
}

static enum result fetch_default_backend(const struct sample_call *call,
                                         struct rule_context *context, struct sample *out)
{
    (void)call;
    return sample_give_string(out, context->default_backend);
}

static enum result fetch_listener(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    return call->variant != 0 ? sample_give_integer(out, context->listener_id)
                              : sample_give_string(out, context->listener_name);
}

/* ---- room of backends ---- */

enum room_fact { ROOM_SERVERS, ROOM_QUEUE, ROOM_AVERAGE_QUEUE, ROOM_SLOTS, ROOM_FREE };

static int64_t count_queued(const struct backend *backend)
{
    int64_t count = backend->queue_length;
    LIST_EACH(link, &backend->servers) {
        count += container_of(link, const struct server, link)->queue_length;
    }
    return count;
}

/* Queued for each usable server, rounded up; twice as many as are queued when none is usable. */
static int64_t average_queue(const struct backend *backend)
{
    int64_t queued = count_queued(backend);
    int64_t servers = backend_usable_servers(backend);
    return servers > 0 ? (queued + servers - 1) / servers : queued * 2;
}

/* Free slots and queue places of the servers that run; -1 when one has no limit. */
static int64_t count_slots(const struct backend *backend)
{
    int64_t slots = 0;
    LIST_EACH(link, &backend->servers) {
        const struct server *server = container_of(link, const struct server, link);
        if (!server_is_alive(server)) {
            continue;
        }
        if (server->maxconn == 0 || server->options->maxqueue == 0) {
            return WITHOUT_LIMIT;
        }
        slots += (int64_t)server->maxconn - server->served;
        slots += (int64_t)server->options->maxqueue - server->queue_length;
    }
    return slots;
}

static bool is_in_use(const struct backend *backend, const struct server *server)
{
    if (!server_is_usable(server)) {
        return false;
    }
    return !server->options->is_backup ||
           (backend->usable_active == 0 &&
            (backend->options.all_backups || backend->only_backup == server));
}

static int64_t free_of(const struct server *server)
{
    if (server->maxconn == 0) {
        return WITHOUT_LIMIT;
    }
    uint32_t limit = server_session_limit(server);
    return limit > server->served ? limit - server->served : 0;
}

/* Free slots of the servers in use; -1 when one has no limit. */
static int64_t count_free(const struct backend *backend)
{
    int64_t count = 0;
    LIST_EACH(link, &backend->servers) {
        const struct server *server = container_of(link, const struct server, link);
        if (!is_in_use(backend, server)) {
            continue;
        }
        int64_t free_slots = free_of(server);
        if (free_slots == WITHOUT_LIMIT) {
            return WITHOUT_LIMIT;
        }
        count += free_slots;
    }
    return count;
}

static enum result fetch_room(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    const struct backend *named = sample_argument_target(call->arguments, 0);
    const struct backend *backend = named != NULL ? named : context->balance;
    if (backend == NULL) {
        return RESULT_NOT_FOUND;
    }
    switch ((enum room_fact)call->variant) {
    case ROOM_SERVERS:
        return sample_give_integer(out, backend_usable_servers(backend));
    case ROOM_QUEUE:
        return sample_give_integer(out, count_queued(backend));
    case ROOM_AVERAGE_QUEUE:
        return sample_give_integer(out, average_queue(backend));
    case ROOM_SLOTS:
        return sample_give_integer(out, count_slots(backend));
    case ROOM_FREE:
        return sample_give_integer(out, count_free(backend));
    }
    return RESULT_NOT_FOUND;
}

/* ---- servers ---- */

enum server_fact {
    SERVER_NAME,
    SERVER_ID,
    SERVER_CONNECTIONS,
    SERVER_FREE,
    SERVER_IS_UP,
    SERVER_QUEUE,
    SERVER_RATE,
    SERVER_WEIGHT_FIRST,
    SERVER_WEIGHT_USER,
    SERVER_WEIGHT_NOW,
};

/* The effective weight in the units of the configuration, rounded up. */
static int64_t weight_now(const struct server *server)
{
    const struct backend *backend = server->backend;
    if (backend == NULL || backend->weight_scale == 0) {
        return server->weight;
    }
    uint64_t weight = (uint64_t)server->effective_weight * backend->weight_divisor;
    return (int64_t)((weight + backend->weight_scale - 1) / backend->weight_scale);
}

static enum result fetch_server(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    const struct server *named = sample_argument_target(call->arguments, 0);
    const struct server *server = named != NULL ? named : context->server;
    if (server == NULL) {
        return RESULT_NOT_FOUND;
    }
    switch ((enum server_fact)call->variant) {
    case SERVER_NAME:
        return sample_give_string(out, server->options->name);
    case SERVER_ID:
        return sample_give_integer(out, server->options->id);
    case SERVER_CONNECTIONS:
        return sample_give_integer(out, server->counters.sessions_current);
    case SERVER_FREE:
        return sample_give_integer(out, free_of(server));
    case SERVER_IS_UP:
        return sample_give_bool(out, server_is_alive(server));
    case SERVER_QUEUE:
        return sample_give_integer(out, server->queue_length);
    case SERVER_RATE:
        return sample_give_integer(out, rate_read(&server->counters.session_rate, context->now_ms));
    case SERVER_WEIGHT_FIRST:
        return sample_give_integer(out, server->options->weight);
    case SERVER_WEIGHT_USER:
        return sample_give_integer(out, server->weight);
    case SERVER_WEIGHT_NOW:
        return sample_give_integer(out, weight_now(server));
    }
    return RESULT_NOT_FOUND;
}

/* ---- timeouts ---- */

enum timeout_fact {
    TIMEOUT_CLIENT,
    TIMEOUT_SERVER,
    TIMEOUT_TUNNEL,
    TIMEOUT_CONNECT,
    TIMEOUT_QUEUE,
    TIMEOUT_TARPIT,
    TIMEOUT_RETRIES,
};

static int64_t choose(uint32_t set, uint32_t configured)
{
    return set != 0 ? set : configured;
}

static int64_t timeout_of(const struct rule_timeouts *timeouts, enum timeout_fact fact,
                          const struct stream_settings *set)
{
    static const struct stream_settings NOTHING = {.retries = -1};
    set = set != NULL ? set : &NOTHING;
    switch (fact) {
    case TIMEOUT_CLIENT:
        return choose(set->client_timeout_ms, timeouts->client_ms);
    case TIMEOUT_SERVER:
        return choose(set->server_timeout_ms, timeouts->server_ms);
    case TIMEOUT_TUNNEL:
        return choose(set->tunnel_timeout_ms, timeouts->tunnel_ms);
    case TIMEOUT_CONNECT:
        return choose(set->connect_timeout_ms, timeouts->connect_ms);
    case TIMEOUT_QUEUE:
        return choose(set->queue_timeout_ms, timeouts->queue_ms);
    case TIMEOUT_TARPIT:
        return choose(set->tarpit_timeout_ms, timeouts->tarpit_ms);
    case TIMEOUT_RETRIES:
        return set->retries >= 0 ? set->retries : timeouts->retries;
    }
    return 0;
}

static enum result give_timeout(const struct rule_context *context, enum timeout_fact fact,
                                const struct stream_settings *set, struct sample *out)
{
    static const struct rule_timeouts NONE;
    const struct rule_timeouts *timeouts =
        fact == TIMEOUT_CLIENT ? context->frontend_timeouts : context->backend_timeouts;
    return sample_give_integer(out, timeout_of(timeouts != NULL ? timeouts : &NONE, fact, set));
}

static enum result fetch_configured(const struct sample_call *call, struct rule_context *context,
                                    struct sample *out)
{
    return give_timeout(context, (enum timeout_fact)call->variant, NULL, out);
}

static enum result fetch_current(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    return give_timeout(context, (enum timeout_fact)call->variant, context->settings, out);
}

/* ---- the table ---- */

#define NUMBER_OF(name, places, function, fact) \
    FETCH_ROW(name, SAMPLE_INTEGER, places, function, fact, 0)
#define NUMBER_OF_NAMED(name, function, fact, least, argument) \
    FETCH_ROW_WITH(name, SAMPLE_INTEGER, FETCH_ANYWHERE, function, NULL, fact, 0, least, argument)
#define NUMBER_OF_BACKEND(name, function, fact) \
    NUMBER_OF_NAMED(name, function, fact, 0, ARGUMENT_BACKEND)
#define NUMBER_OF_SERVER(name, fact) NUMBER_OF_NAMED(name, fetch_server, fact, 1, ARGUMENT_SERVER)

const struct sample_fetch fetches_proxy[] = {
    FETCH_ROW("fe_name", SAMPLE_STRING, FETCH_OF_CLIENT, fetch_frontend, PROXY_NAME, 0),
    FETCH_ROW("fe_defbe", SAMPLE_STRING, FETCH_OF_CLIENT, fetch_default_backend, 0, 0),
    NUMBER_OF("fe_id", FETCH_OF_CLIENT, fetch_frontend, PROXY_ID),
    NUMBER_OF_NAMED("fe_conn", fetch_frontend, PROXY_CONNECTIONS, 0, ARGUMENT_FRONTEND),
    NUMBER_OF_NAMED("fe_req_rate", fetch_frontend, PROXY_REQUEST_RATE, 0, ARGUMENT_FRONTEND),
    NUMBER_OF_NAMED("fe_sess_rate", fetch_frontend, PROXY_SESSION_RATE, 0, ARGUMENT_FRONTEND),
    FETCH_ROW("be_name", SAMPLE_STRING, FETCH_OF_STREAM, fetch_backend, PROXY_NAME, 0),
    NUMBER_OF("be_id", FETCH_OF_STREAM, fetch_backend, PROXY_ID),
    NUMBER_OF_BACKEND("be_conn", fetch_backend, PROXY_CONNECTIONS),
    NUMBER_OF_BACKEND("be_sess_rate", fetch_backend, PROXY_SESSION_RATE),
    NUMBER_OF_BACKEND("be_conn_free", fetch_room, ROOM_FREE),
    NUMBER_OF_BACKEND("connslots", fetch_room, ROOM_SLOTS),
    NUMBER_OF_BACKEND("queue", fetch_room, ROOM_QUEUE),
    NUMBER_OF_BACKEND("avg_queue", fetch_room, ROOM_AVERAGE_QUEUE),
    NUMBER_OF_BACKEND("nbsrv", fetch_room, ROOM_SERVERS),
    FETCH_ROW("srv_name", SAMPLE_STRING, FETCH_OF_SERVER, fetch_server, SERVER_NAME, 0),
    NUMBER_OF("srv_id", FETCH_OF_SERVER, fetch_server, SERVER_ID),
    NUMBER_OF_SERVER("srv_conn", SERVER_CONNECTIONS),
    NUMBER_OF_SERVER("srv_conn_free", SERVER_FREE),
    FETCH_ROW_WITH("srv_is_up", SAMPLE_BOOL, FETCH_ANYWHERE, fetch_server, NULL, SERVER_IS_UP, 0, 1,
                   ARGUMENT_SERVER),
    NUMBER_OF_SERVER("srv_queue", SERVER_QUEUE),
    NUMBER_OF_SERVER("srv_sess_rate", SERVER_RATE),
    NUMBER_OF_SERVER("srv_iweight", SERVER_WEIGHT_FIRST),
    NUMBER_OF_SERVER("srv_uweight", SERVER_WEIGHT_USER),
    NUMBER_OF_SERVER("srv_weight", SERVER_WEIGHT_NOW),
    FETCH_ROW("so_name", SAMPLE_STRING, FETCH_OF_CLIENT, fetch_listener, 0, 0),
    NUMBER_OF("so_id", FETCH_OF_CLIENT, fetch_listener, 1),
    NUMBER_OF("fe_client_timeout", FETCH_OF_STREAM, fetch_configured, TIMEOUT_CLIENT),
    NUMBER_OF("be_server_timeout", FETCH_OF_STREAM, fetch_configured, TIMEOUT_SERVER),
    NUMBER_OF("be_tunnel_timeout", FETCH_OF_STREAM, fetch_configured, TIMEOUT_TUNNEL),
    NUMBER_OF("be_connect_timeout", FETCH_OF_STREAM, fetch_configured, TIMEOUT_CONNECT),
    NUMBER_OF("be_queue_timeout", FETCH_OF_STREAM, fetch_configured, TIMEOUT_QUEUE),
    NUMBER_OF("be_tarpit_timeout", FETCH_OF_STREAM, fetch_configured, TIMEOUT_TARPIT),
    NUMBER_OF("be_max_retries", FETCH_OF_STREAM, fetch_configured, TIMEOUT_RETRIES),
    NUMBER_OF("cur_client_timeout", FETCH_OF_STREAM, fetch_current, TIMEOUT_CLIENT),
    NUMBER_OF("cur_server_timeout", FETCH_OF_STREAM, fetch_current, TIMEOUT_SERVER),
    NUMBER_OF("cur_tunnel_timeout", FETCH_OF_STREAM, fetch_current, TIMEOUT_TUNNEL),
    NUMBER_OF("cur_connect_timeout", FETCH_OF_STREAM, fetch_current, TIMEOUT_CONNECT),
    NUMBER_OF("cur_queue_timeout", FETCH_OF_STREAM, fetch_current, TIMEOUT_QUEUE),
    NUMBER_OF("cur_tarpit_timeout", FETCH_OF_STREAM, fetch_current, TIMEOUT_TARPIT),
    NUMBER_OF("cur_max_retries", FETCH_OF_STREAM, fetch_current, TIMEOUT_RETRIES),
    FETCH_ROWS_END,
};
