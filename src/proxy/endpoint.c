/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server connections: dialling, handing them to streams, keeping idle ones and closing them when
 * too many, too old or memory is short. A link is owned by its connection's events: first here
 * while dialling, then by its mux. Its hard idea: whoever asked for a link may give it up at any
 * moment, so that a link without an owner goes idle or closes by itself. Bounded by pool-max-conn
 * and the descriptor limit; each link is charged to its connection.
 */
#include "proxy/endpoint.h"

#include "base/assert.h"
#include "base/hash_table.h"
#include "memory/pool.h"
#include "mux/h1.h"
#include "mux/tcp.h"
#include "proxy/proxy.h"
#include "proxy/worker.h"

static struct worker *worker_of(const struct server_link *link)
{
    return link->endpoint->proxy->worker;
}

static uint64_t tag_of(const struct link_request *request)
{
    struct slice destination =
        slice_of((const char *)&request->destination, sizeof(request->destination));
    uint64_t owner = request->is_private ? request->session_id : 0;
    uint64_t tag = hash_bytes(request->sni, owner);
    return hash_bytes(destination, tag);
}

/* ---- idle links ---- */

static void leave_idle(struct server_link *link)
{
    list_remove(&link->link);
    list_remove(&link->age_link);
    link->endpoint->idle_count--;
}

static bool keeps_idle(const struct server_link *link)
{
    const struct endpoint *endpoint = link->endpoint;
    const struct proxy *proxy = endpoint->proxy;
    const struct worker *worker = proxy->worker;
    const struct server_options *options = endpoint->server.options;
    bool closes = proxy_has(proxy, OPTION_HTTP_SERVER_CLOSE) || proxy_has(proxy, OPTION_HTTPCLOSE);
    return !link->is_tcp && !closes && !worker->facts->is_stopping &&
           link->uses < options->max_reuse &&
           endpoint->idle_count < options->pool_max_connections &&
           (endpoint->server.admin & SERVER_MAINT_ANY) == 0 &&
           pressure_level(worker->memory) == PRESSURE_CALM;
}

static void on_mux_idle(void *owner, struct mux *mux)
{
    struct server_link *link = owner;
    ASSERT(link->state == LINK_BUSY);
    link->owner = NULL;
    link->events = NULL;
    if (!keeps_idle(link)) {
        mux->ops->destroy(mux, MUX_ABORT_NONE);
        return;
    }
    struct worker *worker = worker_of(link);
    link->state = LINK_IDLE;
    link->idle_since_ms = event_now_ms(worker->loop);
    list_insert_after(&link->endpoint->idle, &link->link);
    list_append(&worker->idle_links, &link->age_link);
    link->endpoint->idle_count++;
}

static void release_link(struct server_link *link, struct account *account)
{
    struct worker *worker = worker_of(link);
    if (link->state == LINK_IDLE) {
        leave_idle(link);
    }
    link->state = LINK_CLOSED;
    link->endpoint->links_count--;
    pool_release(worker->pools.links, account, link);
}

static void on_mux_closed(void *owner, struct mux *mux)
{
    release_link(owner, &mux->connection->account);
}

static const struct mux_events LINK_MUX_EVENTS = {
    .on_stream = NULL,
    .on_idle = on_mux_idle,
    .on_closed = on_mux_closed,
};

/* ---- dialling ---- */

static void fail_link(struct server_link *link, enum connection_error error)
{
    struct connection *connection = link->connection;
    const struct link_events *events = link->events;
    void *owner = link->owner;
    int system_error = connection->system_error;
    release_link(link, &connection->account);
    connection_close(connection, false);
    if (events != NULL) {
        events->on_link(owner, NULL, error, system_error);
    }
}

static enum result create_mux(struct server_link *link)
{
    struct proxy *proxy = link->endpoint->proxy;
    struct proxy_pools *pools = &proxy->worker->pools;
    return link->is_tcp ? mux_tcp_create(pools->tcp_muxes, link->connection, &proxy->server_mux,
                                         &LINK_MUX_EVENTS, link, &link->mux)
                        : mux_h1_create(pools->h1_muxes, link->connection, &proxy->server_mux,
                                        &LINK_MUX_EVENTS, link, &link->mux);
}

static void on_open(void *owner)
{
    struct server_link *link = owner;
    if (create_mux(link) != RESULT_OK) {
        fail_link(link, CONNECTION_ERROR_REFUSED);
        return;
    }
    link->state = LINK_BUSY;
    link->uses = 1;
    link->events->on_link(link->owner, link, CONNECTION_ERROR_NONE, 0);
}

static void on_error(void *owner, enum connection_error error)
{
    fail_link(owner, error);
}

static const struct connection_events LINK_DIAL_EVENTS = {
    .on_open = on_open,
    .on_readable = NULL,
    .on_writable = NULL,
    .on_error = on_error,
};

static enum result dial(struct endpoint *endpoint, const struct link_request *request,
                        const struct link_events *events, void *owner, struct server_link **out)
{
    struct worker *worker = endpoint->proxy->worker;
    struct connection_options options = {
        .tls = endpoint->tls,
        .sni = request->sni,
        .source = request->source,
        .destination = request->destination,
        .user_timeout_ms = endpoint->settings->tcp_user_timeout_ms,
        .no_delay = true,
        .keep_alive = proxy_has(endpoint->proxy, OPTION_TCPKA_SERVER),
    };
    struct connection *connection = NULL;
    enum result result =
        connection_dial(&worker->transport, &options, &LINK_DIAL_EVENTS, NULL, &connection);
    if (result != RESULT_OK) {
        return result;
    }
    struct server_link *link = pool_take_zeroed(worker->pools.links, &connection->account);
    if (link == NULL) {
        connection_close(connection, true);
        return RESULT_NO_MEMORY;
    }
    list_init(&link->link);
    list_init(&link->age_link);
    link->endpoint = endpoint;
    link->connection = connection;
    link->events = events;
    link->owner = owner;
    link->tag = tag_of(request);
    link->is_private = request->is_private;
    link->is_tcp = request->is_tcp;
    link->state = LINK_DIALLING;
    endpoint->links_count++;
    connection_set_owner(connection, &LINK_DIAL_EVENTS, link);
    *out = link;
    return RESULT_BLOCKED;
}

static struct server_link *find_idle(struct endpoint *endpoint, const struct link_request *request)
{
    uint64_t tag = tag_of(request);
    LIST_EACH(position, &endpoint->idle) {
        struct server_link *link = container_of(position, struct server_link, link);
        if (link->tag == tag && link->is_tcp == request->is_tcp &&
            link->mux->ops->is_available(link->mux)) {
            return link;
        }
    }
    return NULL;
}

enum result endpoint_acquire(struct endpoint *endpoint, const struct link_request *request,
                             const struct link_events *events, void *owner,
                             struct server_link **out)
{
    struct server_link *link = request->may_reuse ? find_idle(endpoint, request) : NULL;
    if (link == NULL) {
        return dial(endpoint, request, events, owner, out);
    }
    leave_idle(link);
    link->state = LINK_BUSY;
    link->events = events;
    link->owner = owner;
    link->uses++;
    *out = link;
    return RESULT_OK;
}

void link_abandon(struct server_link *link)
{
    link->owner = NULL;
    link->events = NULL;
    if (link->state == LINK_DIALLING) {
        fail_link(link, CONNECTION_ERROR_NONE);
    } else if (link->mux != NULL) {
        link->mux->ops->destroy(link->mux, MUX_ABORT_NONE);
    }
}

/* ---- closing idle ones ---- */

unsigned endpoint_purge_idle(struct endpoint *endpoint, uint64_t before_ms)
{
    unsigned closed = 0;
    LIST_EACH_SAFE(position, &endpoint->idle) {
        struct server_link *link = container_of(position, struct server_link, link);
        if (link->idle_since_ms <= before_ms) {
            link->mux->ops->destroy(link->mux, MUX_ABORT_NONE);
            closed++;
        }
    }
    return closed;
}

unsigned worker_drop_idle_links(struct worker *worker, unsigned count)
{
    unsigned closed = 0;
    struct list *first = list_first(&worker->idle_links);
    while (first != NULL && closed < count) {
        struct server_link *link = container_of(first, struct server_link, age_link);
        link->mux->ops->destroy(link->mux, MUX_ABORT_NONE);
        closed++;
        first = list_first(&worker->idle_links);
    }
    return closed;
}

/* ---- life ---- */

enum result endpoint_create(struct proxy *proxy, struct server_settings *settings,
                            struct endpoint **out, struct text *error)
{
    struct account *account = &proxy->worker->account;
    struct endpoint *endpoint = memory_take(account, sizeof(*endpoint));
    if (endpoint == NULL) {
        return RESULT_NO_MEMORY;
    }
    endpoint->settings = settings;
    endpoint->proxy = proxy;
    list_init(&endpoint->idle);
    if (settings->is_ssl) {
        enum result result = tls_context_create(
            &settings->tls, proxy->worker->configuration->account, &endpoint->tls, error);
        if (result != RESULT_OK) {
            memory_release(account, endpoint);
            return result;
        }
    }
    backend_add_server(&proxy->backend, &endpoint->server, &settings->options);
    endpoint->server.endpoint = endpoint;
    list_append(&proxy->endpoints, &endpoint->link);
    *out = endpoint;
    return RESULT_OK;
}

void endpoint_destroy(struct endpoint *endpoint)
{
    ASSERT(endpoint->links_count == 0);
    list_remove(&endpoint->link);
    list_remove(&endpoint->server.link);
    if (endpoint->tls != NULL) {
        tls_context_destroy(endpoint->tls);
    }
    memory_release(&endpoint->proxy->worker->account, endpoint);
}
