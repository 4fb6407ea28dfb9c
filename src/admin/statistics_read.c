/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of the statistics columns that are more than a counter: names, states, weights, limits,
 * rates, times. Each follows HAProxy's manual (management, 9.1) in what it shows for which kind of
 * object. No memory: texts are put together in the caller's buffer.
 */
#include "admin/statistics_read.h"

#include "proxy/check.h"
#include "proxy/worker.h"

enum { TYPE_FRONTEND, TYPE_BACKEND, TYPE_SERVER, TYPE_LISTENER };

static struct statistics_value empty(void)
{
    return (struct statistics_value){.type = STATISTICS_EMPTY};
}

static struct statistics_value u32(uint64_t number)
{
    return (struct statistics_value){.type = STATISTICS_U32, .number = number};
}

static struct statistics_value u64(uint64_t number)
{
    return (struct statistics_value){.type = STATISTICS_U64, .number = number};
}

static struct statistics_value string(const char *s)
{
    return (struct statistics_value){.type = STATISTICS_STRING, .string = slice_from_string(s)};
}

static struct statistics_value from_text(const struct text *text)
{
    return (struct statistics_value){.type = STATISTICS_STRING, .string = text_slice(text)};
}

static const struct server *server_of(const struct statistics_object *object)
{
    return &object->endpoint->server;
}

static bool is_http(const struct statistics_object *object)
{
    return object->proxy->settings->mode == PROXY_MODE_HTTP;
}

static uint64_t seconds_since(const struct statistics_object *object, uint64_t since_ms)
{
    return object->now_ms > since_ms ? (object->now_ms - since_ms) / MS_PER_SECOND : 0;
}

/* ---- identity ---- */

struct statistics_value read_name(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    return string(object->proxy->settings->name);
}

struct statistics_value read_service_name(const struct statistics_object *object,
                                          struct text *buffer)
{
    (void)buffer;
    switch (object->kind) {
    case STATISTICS_FRONTEND:
        return string("FRONTEND");
    case STATISTICS_BACKEND:
        return string("BACKEND");
    case STATISTICS_SERVER:
        return string(server_of(object)->options->name);
    case STATISTICS_LISTENER:
        return string(object->bind->name);
    case STATISTICS_KINDS:
        break;
    }
    return empty();
}

struct statistics_value read_type(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    static const unsigned TYPES[STATISTICS_KINDS] = {
        [STATISTICS_FRONTEND] = TYPE_FRONTEND,
        [STATISTICS_BACKEND] = TYPE_BACKEND,
        [STATISTICS_SERVER] = TYPE_SERVER,
        [STATISTICS_LISTENER] = TYPE_LISTENER,
    };
    return u32(TYPES[object->kind]);
}

struct statistics_value read_process_number(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)object;
    (void)buffer;
    return u32(1);
}

struct statistics_value read_proxy_id(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    return u32(object->proxy->settings->id);
}

struct statistics_value read_service_id(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    switch (object->kind) {
    case STATISTICS_SERVER:
        return u32(server_of(object)->options->id);
    case STATISTICS_LISTENER:
        return u32(object->bind->settings->id);
    case STATISTICS_FRONTEND:
    case STATISTICS_BACKEND:
    case STATISTICS_KINDS:
        break;
    }
    return u32(0);
}

struct statistics_value read_address(const struct statistics_object *object, struct text *buffer)
{
    const struct address *address = NULL;
    struct address with_port;
    if (object->kind == STATISTICS_LISTENER) {
        address = &object->bind->settings->listener.address;
    } else {
        with_port = server_of(object)->address;
        with_port.port = server_of(object)->port;
        address = &with_port;
    }
    text_clear(buffer);
    if (address->family == AF_UNIX) {
        text_append_string(buffer, "unix");
    } else {
        address_append_with_port(buffer, address, true);
    }
    return from_text(buffer);
}

struct statistics_value read_cookie(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    if (object->kind == STATISTICS_SERVER) {
        const char *cookie = server_of(object)->options->cookie;
        return cookie != NULL ? string(cookie) : empty();
    }
    const struct server_cookie_settings *settings = object->proxy->settings->cookie;
    return settings != NULL ? string(settings->name) : empty();
}

struct statistics_value read_mode(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    return string(is_http(object) ? "http" : "tcp");
}

struct statistics_value read_protocol(const struct statistics_object *object, struct text *buffer)
{
    (void)object;
    (void)buffer;
    return string("tcp");
}

struct statistics_value read_algorithm(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    static const char *const NAMES[BALANCE_ALGORITHMS] = {
        [BALANCE_ROUND_ROBIN] = "roundrobin",
        [BALANCE_STATIC_ROUND_ROBIN] = "static-rr",
        [BALANCE_LEAST_CONNECTIONS] = "leastconn",
        [BALANCE_FIRST] = "first",
        [BALANCE_RANDOM] = "random",
        [BALANCE_SOURCE] = "source",
        [BALANCE_URI] = "uri",
        [BALANCE_URL_PARAMETER] = "url_param",
        [BALANCE_HEADER] = "hdr",
        [BALANCE_HASH] = "hash",
    };
    return string(NAMES[object->proxy->settings->balance.algorithm]);
}

/* ---- states ---- */

struct statistics_value read_status(const struct statistics_object *object, struct text *buffer)
{
    text_clear(buffer);
    switch (object->kind) {
    case STATISTICS_FRONTEND:
        switch (object->proxy->state) {
        case PROXY_READY:
            return string(object->proxy->is_full ? "FULL" : "OPEN");
        case PROXY_PAUSED:
            return string("PAUSED");
        case PROXY_STOPPED:
            return string("STOP");
        }
        return empty();
    case STATISTICS_BACKEND: {
        const struct backend *backend = &object->proxy->backend;
        bool is_up = backend_usable_servers(backend) > 0 || backend->servers_count == 0;
        return string(is_up ? "UP" : "DOWN");
    }
    case STATISTICS_SERVER:
        server_append_status(server_of(object), buffer);
        return from_text(buffer);
    case STATISTICS_LISTENER:
        return string(object->proxy->is_full ? "FULL" : "OPEN");
    case STATISTICS_KINDS:
        break;
    }
    return empty();
}

struct statistics_value read_weight(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    if (object->kind == STATISTICS_SERVER) {
        return u32(server_of(object)->weight);
    }
    const struct backend *backend = &object->proxy->backend;
    return u32(backend->usable_active > 0 ? backend->weight_active : backend->weight_backup);
}

struct statistics_value read_user_weight(const struct statistics_object *object,
                                         struct text *buffer)
{
    return read_weight(object, buffer);
}

struct statistics_value read_active_servers(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)buffer;
    return object->kind == STATISTICS_SERVER ? u32(server_of(object)->options->is_backup ? 0 : 1)
                                             : u32(object->proxy->backend.usable_active);
}

struct statistics_value read_backup_servers(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)buffer;
    return object->kind == STATISTICS_SERVER ? u32(server_of(object)->options->is_backup ? 1 : 0)
                                             : u32(object->proxy->backend.usable_backup);
}

struct statistics_value read_last_change(const struct statistics_object *object,
                                         struct text *buffer)
{
    (void)buffer;
    return u32(seconds_since(object, object->kind == STATISTICS_SERVER
                                         ? server_of(object)->state_since_ms
                                         : object->proxy->backend.last_change_ms));
}

struct statistics_value read_downtime(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    if (object->kind == STATISTICS_BACKEND) {
        return u32(backend_downtime_ms(&object->proxy->backend, object->now_ms) / MS_PER_SECOND);
    }
    const struct server *server = server_of(object);
    return server->options->has_check
               ? u32(server_downtime_ms(server, object->now_ms) / MS_PER_SECOND)
               : empty();
}

struct statistics_value read_throttle(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->health == SERVER_STARTING ? u32(server_throttle_percent(server)) : empty();
}

struct statistics_value read_tracked(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    const char *track = server_of(object)->options->track;
    return track != NULL ? string(track) : empty();
}

/* ---- limits and queues ---- */

struct statistics_value read_queue_current(const struct statistics_object *object,
                                           struct text *buffer)
{
    (void)buffer;
    return u32(object->kind == STATISTICS_SERVER ? server_of(object)->queue_length
                                                 : object->proxy->backend.queue_length);
}

struct statistics_value read_queue_limit(const struct statistics_object *object,
                                         struct text *buffer)
{
    (void)buffer;
    uint32_t limit = server_of(object)->options->maxqueue;
    return limit != 0 ? u32(limit) : empty();
}

struct statistics_value read_session_limit(const struct statistics_object *object,
                                           struct text *buffer)
{
    (void)buffer;
    const struct proxy *proxy = object->proxy;
    switch (object->kind) {
    case STATISTICS_SERVER:
        return server_of(object)->maxconn != 0 ? u32(server_of(object)->maxconn) : empty();
    case STATISTICS_BACKEND:
        return u32(proxy->backend.options.fullconn);
    case STATISTICS_FRONTEND:
        return u32(proxy->maxconn != 0 ? proxy->maxconn : proxy->worker->facts->maxconn);
    case STATISTICS_LISTENER:
        return u32(object->bind->settings->maxconn != 0 ? object->bind->settings->maxconn
                                                        : proxy->worker->facts->maxconn);
    case STATISTICS_KINDS:
        break;
    }
    return empty();
}

struct statistics_value read_idle_limit(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    uint32_t limit = server_of(object)->options->pool_max_connections;
    return limit != UINT32_MAX ? u32(limit) : empty();
}

struct statistics_value read_idle_connections(const struct statistics_object *object,
                                              struct text *buffer)
{
    (void)buffer;
    return u32(object->endpoint->idle_count);
}

struct statistics_value read_used_connections(const struct statistics_object *object,
                                              struct text *buffer)
{
    (void)buffer;
    return u32(object->endpoint->links_count - object->endpoint->idle_count);
}

/* ---- rates ---- */

struct statistics_value read_session_rate(const struct statistics_object *object,
                                          struct text *buffer)
{
    (void)buffer;
    return u32(rate_read(&object->counters->session_rate, object->now_ms));
}

struct statistics_value read_session_rate_max(const struct statistics_object *object,
                                              struct text *buffer)
{
    (void)buffer;
    return u32(object->counters->session_rate.max);
}

struct statistics_value read_session_rate_limit(const struct statistics_object *object,
                                                struct text *buffer)
{
    (void)buffer;
    return u32(object->proxy->settings->session_rate_max);
}

struct statistics_value read_request_rate(const struct statistics_object *object,
                                          struct text *buffer)
{
    (void)buffer;
    return u32(rate_read(&object->counters->request_rate, object->now_ms));
}

struct statistics_value read_request_rate_max(const struct statistics_object *object,
                                              struct text *buffer)
{
    (void)buffer;
    return u32(object->counters->request_rate.max);
}

struct statistics_value read_connection_rate(const struct statistics_object *object,
                                             struct text *buffer)
{
    (void)buffer;
    return u32(rate_read(&object->counters->connection_rate, object->now_ms));
}

struct statistics_value read_connection_rate_max(const struct statistics_object *object,
                                                 struct text *buffer)
{
    (void)buffer;
    return u32(object->counters->connection_rate.max);
}

struct statistics_value read_last_session(const struct statistics_object *object,
                                          struct text *buffer)
{
    (void)buffer;
    uint64_t last_ms = object->counters->last_session_ms;
    struct statistics_value value = {.type = STATISTICS_S32, .number = UINT64_MAX};
    if (last_ms != 0) {
        value.number = seconds_since(object, last_ms);
    }
    return value;
}

/* ---- HTTP ---- */

static struct statistics_value responses(const struct statistics_object *object, unsigned class)
{
    return is_http(object) ? u64(object->counters->responses[class]) : empty();
}

struct statistics_value read_responses_other(const struct statistics_object *object,
                                             struct text *buffer)
{
    (void)buffer;
    return responses(object, 0);
}

struct statistics_value read_responses_1xx(const struct statistics_object *object,
                                           struct text *buffer)
{
    (void)buffer;
    return responses(object, 1);
}

struct statistics_value read_responses_2xx(const struct statistics_object *object,
                                           struct text *buffer)
{
    (void)buffer;
    return responses(object, 2);
}

struct statistics_value read_responses_3xx(const struct statistics_object *object,
                                           struct text *buffer)
{
    enum { CLASS = 3 };
    (void)buffer;
    return responses(object, CLASS);
}

struct statistics_value read_responses_4xx(const struct statistics_object *object,
                                           struct text *buffer)
{
    enum { CLASS = 4 };
    (void)buffer;
    return responses(object, CLASS);
}

struct statistics_value read_responses_5xx(const struct statistics_object *object,
                                           struct text *buffer)
{
    enum { CLASS = 5 };
    (void)buffer;
    return responses(object, CLASS);
}

struct statistics_value read_requests_total(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)buffer;
    return is_http(object) ? u64(object->counters->requests_total) : empty();
}

struct statistics_value read_sessions_other(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)buffer;
    return u64(is_http(object) ? 0 : object->counters->sessions_total);
}

struct statistics_value read_sessions_http(const struct statistics_object *object,
                                           struct text *buffer)
{
    (void)buffer;
    return u64(is_http(object) ? object->counters->sessions_total : 0);
}

/* ---- health checks ---- */

struct statistics_value read_check_failures(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)buffer;
    return server_of(object)->options->has_check ? u64(object->counters->check_failures) : empty();
}

struct statistics_value read_check_downs(const struct statistics_object *object,
                                         struct text *buffer)
{
    (void)buffer;
    bool is_checked = object->kind == STATISTICS_BACKEND || server_of(object)->options->has_check;
    return is_checked ? u64(object->counters->check_downs) : empty();
}

struct statistics_value read_check_status(const struct statistics_object *object,
                                          struct text *buffer)
{
    const struct server *server = server_of(object);
    const struct health_check *check = object->endpoint->check;
    if (check == NULL) {
        return empty();
    }
    const char *name = check_status_name(server->check_status);
    text_clear(buffer);
    text_append_format(buffer, "%s%s", check_is_running(check) ? "* " : "", name);
    return from_text(buffer);
}

struct statistics_value read_check_description(const struct statistics_object *object,
                                               struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->options->has_check ? string(check_status_description(server->check_status))
                                      : empty();
}

struct statistics_value read_check_code(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->check_code != 0 ? u32(server->check_code) : empty();
}

struct statistics_value read_check_duration(const struct statistics_object *object,
                                            struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->options->has_check && server->check_status >= CHECK_STATUS_FIRST_RESULT
               ? u64(server->check_duration_ms)
               : empty();
}

struct statistics_value read_last_check(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    const struct health_check *check = object->endpoint->check;
    return check != NULL ? string(check_last_text(check)) : empty();
}

struct statistics_value read_check_rise(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->options->has_check ? u32(server->options->rise) : empty();
}

struct statistics_value read_check_fall(const struct statistics_object *object, struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->options->has_check ? u32(server->options->fall) : empty();
}

struct statistics_value read_check_health(const struct statistics_object *object,
                                          struct text *buffer)
{
    (void)buffer;
    const struct server *server = server_of(object);
    return server->options->has_check ? u32(server->check_health) : empty();
}
