/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proxies at run time: made from their settings, bound, started, paused at their limits and
 * stopped. Listeners and endpoints are made once at startup and live as long as the process;
 * everything is charged to the worker's account. Bounded by the configuration.
 */
#include "proxy/proxy_life.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"
#include "proxy/admission.h"
#include "proxy/check.h"
#include "proxy/endpoint.h"
#include "proxy/logs.h"
#include "proxy/quic.h"
#include "proxy/server_change.h"
#include "proxy/session_life.h"
#include "proxy/worker.h"

enum { BIND_NAME_SIZE = 24 };

/* ---- creation ---- */

static void fill_mux_options(struct proxy *proxy)
{
    const struct proxy_settings *settings = proxy->settings;
    const struct global_settings *global = &proxy->worker->configuration->global;
    const struct proxy_timeouts *timeouts = &settings->timeouts;
    struct mux_options common = {
        .http1 = {.accept_unsafe_request = proxy_has(proxy, OPTION_ACCEPT_UNSAFE_REQUEST),
                  .accept_unsafe_response = proxy_has(proxy, OPTION_ACCEPT_UNSAFE_RESPONSE)},
        .head_bytes_max = global->bufsize - global->maxrewrite,
        .window_bytes = proxy->worker->chunks->bytes[CHUNK_NORMAL],
        .fields_max = global->fields_max,
        .client_timeout_ms = timeouts->client_ms,
        .client_fin_timeout_ms = timeouts->client_fin_ms,
        .ignore_probes = proxy_has(proxy, OPTION_HTTP_IGNORE_PROBES),
        .abort_on_close = proxy_has(proxy, OPTION_ABORTONCLOSE),
    };
    proxy->client_mux = common;
    proxy->client_mux.http_request_timeout_ms = timeouts->http_request_ms;
    proxy->client_mux.http_keep_alive_timeout_ms = timeouts->http_keep_alive_ms;
    proxy->client_mux.keep_alive = !proxy_has(proxy, OPTION_HTTPCLOSE);
    proxy->server_mux = common;
    proxy->server_mux.keep_alive =
        !proxy_has(proxy, OPTION_HTTPCLOSE) && !proxy_has(proxy, OPTION_HTTP_SERVER_CLOSE);
}

static struct rule_timeouts timeouts_of(const struct proxy_settings *settings)
{
    const struct proxy_timeouts *timeouts = &settings->timeouts;
    return (struct rule_timeouts){
        .client_ms = timeouts->client_ms,
        .server_ms = timeouts->server_ms,
        .tunnel_ms = timeouts->tunnel_ms,
        .connect_ms = timeouts->connect_ms,
        .queue_ms = timeouts->queue_ms,
        .tarpit_ms = timeouts->tarpit_ms,
        .retries = (int32_t)settings->retries,
    };
}

static enum result create_bind(struct proxy *proxy, struct bind_settings *settings,
                               struct text *error)
{
    struct account *account = &proxy->worker->account;
    struct bind *bind = memory_take(account, sizeof(*bind));
    if (bind == NULL) {
        return RESULT_NO_MEMORY;
    }
    list_append(&proxy->binds, &bind->link);
    bind->settings = settings;
    bind->proxy = proxy;
    bind->listener.fd = -1;
    bind->listener.owner = bind;
    bind->listener.on_accept = session_accept;
    bind->name = settings->name;
    if (bind->name == NULL) {
        char name[BIND_NAME_SIZE];
        struct text text = text_over(name, sizeof(name));
        text_append_format(&text, "sock-%u", settings->id);
        bind->name = memory_copy_string(account, text_slice(&text));
        if (bind->name == NULL) {
            return RESULT_NO_MEMORY;
        }
    }
    if (settings->is_ssl) {
        enum result result = tls_context_create(
            &settings->tls, proxy->worker->configuration->account, &bind->tls, error);
        if (result != RESULT_OK) {
            return result;
        }
    }
    if (settings->is_quic) {
        enum result result = quic_bind_create(bind, error);
        if (result == RESULT_OK) {
            bind->quic->on_accept = session_accept_quic;
        }
        return result;
    }
    bind->connection = (struct connection_options){
        .tls = bind->tls,
        .no_delay = true,
        .keep_alive = proxy_has(proxy, OPTION_TCPKA_CLIENT),
    };
    return RESULT_OK;
}

static enum result create_servers(struct proxy *proxy, struct text *error)
{
    LIST_EACH(link, &proxy->settings->servers) {
        struct server_settings *settings = container_of(link, struct server_settings, link);
        struct endpoint *endpoint = NULL;
        enum result result = endpoint_create(proxy, settings, &endpoint, error);
        if (result == RESULT_OK && settings->options.has_check) {
            result = check_create(endpoint, &endpoint->check, error);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    server_change_watch(proxy);
    return backend_start(&proxy->backend, event_now_ms(proxy->worker->loop));
}

static enum result create_parts(struct proxy *proxy, struct text *error)
{
    enum result result =
        logs_open(proxy->worker, &proxy->settings->logs, &proxy->logs, &proxy->logs_count, error);
    LIST_EACH(link, &proxy->settings->binds) {
        if (result == RESULT_OK) {
            result = create_bind(proxy, container_of(link, struct bind_settings, link), error);
        }
    }
    if (result == RESULT_OK && (proxy->settings->role & PROXY_BACKEND) != 0) {
        result = create_servers(proxy, error);
    }
    return result;
}

enum result proxy_create(struct worker *worker, struct proxy_settings *settings, struct proxy **out,
                         struct text *error)
{
    struct proxy *proxy = memory_take(&worker->account, sizeof(*proxy));
    if (proxy == NULL) {
        return RESULT_NO_MEMORY;
    }
    proxy->settings = settings;
    proxy->worker = worker;
    proxy->identity = (struct proxy_identity){
        .name = settings->name, .id = settings->id, .counters = &proxy->counters};
    proxy->maxconn = settings->maxconn;
    proxy->state = settings->is_disabled ? PROXY_STOPPED : PROXY_READY;
    list_init(&proxy->binds);
    list_init(&proxy->endpoints);
    proxy->timeouts = timeouts_of(settings);
    fill_mux_options(proxy);
    backend_init(&proxy->backend, settings->name, settings->id, &settings->balance,
                 &worker->account);
    proxy->backend.options.redistributes =
        proxy_has(proxy, OPTION_REDISPATCH) && !proxy_has(proxy, OPTION_PERSIST);
    settings->runtime = proxy;
    list_append(&worker->proxies, &proxy->link);
    enum result result = create_parts(proxy, error);
    *out = proxy;
    return result;
}

/* ---- listening ---- */

enum result proxy_bind(struct proxy *proxy,
                       int (*inherited)(void *argument, const struct listener_options *options),
                       void *argument, struct text *error)
{
    if (proxy->state == PROXY_STOPPED) {
        return RESULT_OK;
    }
    LIST_EACH(link, &proxy->binds) {
        struct bind *bind = container_of(link, struct bind, link);
        struct listener_options options = bind->settings->listener;
        const struct proxy_pools *pools = &proxy->worker->pools;
        options.admission_pools[0] = pools->sessions;
        options.admission_pools[1] =
            proxy->settings->mode == PROXY_MODE_HTTP ? pools->h1_muxes : pools->tcp_muxes;
        if (inherited != NULL && options.inherited_fd < 0) {
            options.inherited_fd = inherited(argument, &options);
        }
        enum result result =
            bind->quic != NULL
                ? quic_listener_open(bind->quic, proxy->worker->quic->endpoint, &options, bind->tls,
                                     &bind->quic_settings, error)
                : listener_bind(&bind->listener, &proxy->worker->transport, &options, error);
        if (result != RESULT_OK) {
            text_append_string(error, " for [");
            address_append_with_port(error, &options.address, true);
            text_append_char(error, ']');
            return result;
        }
    }
    return RESULT_OK;
}

enum result proxy_start(struct proxy *proxy, struct text *error)
{
    LIST_EACH(link, &proxy->endpoints) {
        struct endpoint *endpoint = container_of(link, struct endpoint, link);
        if (endpoint->check != NULL) {
            check_start(endpoint->check);
        }
    }
    if (proxy->state == PROXY_STOPPED) {
        return RESULT_OK;
    }
    LIST_EACH(link, &proxy->binds) {
        struct bind *bind = container_of(link, struct bind, link);
        enum result result = RESULT_OK;
        if (bind->quic != NULL) {
            quic_listener_start(bind->quic);
        } else {
            result = listener_start(&bind->listener, error);
        }
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

/* ---- the end ---- */

static void destroy_endpoints(struct proxy *proxy)
{
    LIST_EACH_SAFE(link, &proxy->endpoints) {
        struct endpoint *endpoint = container_of(link, struct endpoint, link);
        if (endpoint->check != NULL) {
            check_destroy(endpoint->check);
        }
        endpoint_destroy(endpoint);
    }
}

void proxy_destroy(struct proxy *proxy)
{
    struct account *account = &proxy->worker->account;
    proxy_stop(proxy);
    backend_stop(&proxy->backend);
    destroy_endpoints(proxy);
    LIST_EACH_SAFE(link, &proxy->binds) {
        struct bind *bind = container_of(link, struct bind, link);
        quic_bind_destroy(bind);
        if (bind->tls != NULL) {
            tls_context_destroy(bind->tls);
        }
        if (bind->name != bind->settings->name) {
            memory_release(account, (void *)(uintptr_t)bind->name);
        }
        list_remove(&bind->link);
        memory_release(account, bind);
    }
    logs_close(proxy->worker, proxy->logs, proxy->logs_count);
    chunk_drop(proxy->bad_request.bytes);
    chunk_drop(proxy->bad_response.bytes);
    list_remove(&proxy->link);
    memory_release(account, proxy);
}
