/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Client connections: admission under the process's, the frontend's and the bind line's limits,
 * connection and session rules, the TLS handshake's time, and the mux that opens streams. A stream
 * for which there is no memory now waits; when its time is over the request is answered with 503.
 * Bounded by maxconn and by the accounts' budget (DESIGN 3.3).
 */
#include "proxy/session_life.h"

#include <unistd.h>

#include "base/assert.h"
#include "memory/pool.h"
#include "mux/h1.h"
#include "mux/h3.h"
#include "mux/tcp.h"
#include "proxy/admission.h"
#include "proxy/logs.h"
#include "proxy/quic.h"
#include "proxy/stream.h"
#include "proxy/worker.h"
#include "rules/log_time.h"
#include "rules/variable.h"

enum { DEFAULT_HANDSHAKE_MS = 10000, LOG_LINE_MAX = 512 };

/* ---- counting ---- */

static void count_in(struct session *session)
{
    struct worker *worker = session->worker;
    struct process_facts *facts = worker->facts;
    uint64_t now_ms = event_now_ms(worker->loop);
    facts->connections_current++;
    facts->connections_total++;
    if (facts->connections_current > facts->connections_peak) {
        facts->connections_peak = facts->connections_current;
    }
    rate_add(&facts->connection_rate, now_ms, 1);
    rate_add(&facts->session_rate, now_ms, 1);
    if (session->bind->settings->listener.is_tls) {
        rate_add(&facts->tls_rate, now_ms, 1);
    }
    struct counters *all[] = {&session->proxy->counters, &session->bind->counters};
    for (unsigned i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct counters *counters = all[i];
        counters->connections_total++;
        counters->sessions_total++;
        counters->sessions_current++;
        if (counters->sessions_current > counters->sessions_max) {
            counters->sessions_max = counters->sessions_current;
        }
        rate_add(&counters->connection_rate, now_ms, 1);
        rate_add(&counters->session_rate, now_ms, 1);
    }
}

static void count_out(struct session *session)
{
    session->worker->facts->connections_current--;
    session->proxy->counters.sessions_current--;
    session->bind->counters.sessions_current--;
}

/* ---- the end ---- */

static void release(struct session *session)
{
    struct worker *worker = session->worker;
    event_timer_stop(&session->timer);
    memory_wait_cancel(&session->waiter);
    variable_set_clear(&session->variables);
    count_out(session);
    list_remove(&session->link);
    struct proxy *proxy = session->proxy;
    pool_release(worker->pools.sessions, &session->connection->account, session);
    proxy_update_admission(proxy);
    worker_update_admission(worker);
}

static void close_without_mux(struct session *session, bool reset)
{
    struct connection *connection = session->connection;
    release(session);
    connection_close(connection, reset);
}

void session_shutdown(struct session *session, enum mux_abort reason)
{
    if (session->mux == NULL) {
        close_without_mux(session, false);
    } else {
        session->mux->ops->destroy(session->mux, reason);
    }
}

/* ---- the mux's events ---- */

/* Makes the stream that is offered, or waits for its memory. False when it waits. */
static bool begin_stream(struct session *session)
{
    struct mux_stream *side = session->offered;
    if (stream_create(session, side) != RESULT_OK) {
        return false;
    }
    if (session->offered == side) {
        session->offered = NULL;
    }
    return true;
}

/* How long a request may wait for memory: as long as for a server, as far as that is known yet. */
static uint32_t memory_wait_ms(const struct proxy_settings *settings)
{
    const struct proxy_settings *backend =
        settings->default_backend != NULL ? settings->default_backend : settings;
    uint32_t queue_ms = backend->timeouts.queue_ms;
    return queue_ms != 0 ? queue_ms : settings->timeouts.client_ms;
}

static void wait_for_stream(struct session *session)
{
    memory_wait(session->worker->ledger, WAIT_STREAM, &session->waiter);
    uint32_t wait_ms = memory_wait_ms(session->proxy->settings);
    if (session->timer.deadline_ms == TIME_NEVER && wait_ms != 0) {
        event_timer_set(&session->timer, wait_ms);
    }
}

static void on_memory(struct memory_waiter *waiter)
{
    struct session *session = container_of(waiter, struct session, waiter);
    if (begin_stream(session)) {
        event_timer_set(&session->timer, TIME_NEVER);
    } else {
        wait_for_stream(session);
    }
}

static void on_stream(void *owner, struct mux_stream *side)
{
    struct session *session = owner;
    session->offered = side;
    bool others_wait = memory_waiting(session->worker->ledger, WAIT_STREAM) > 0;
    if (others_wait || !begin_stream(session)) {
        wait_for_stream(session);
    }
}

static void on_closed(void *owner, struct mux *mux)
{
    (void)mux;
    release(owner);
}

static const struct mux_events SESSION_MUX_EVENTS = {
    .on_stream = on_stream,
    .on_idle = NULL,
    .on_closed = on_closed,
};

/* ---- rules before a stream ---- */

static bool are_rules_passed(struct session *session, const struct rule_list *rules,
                             enum rule_phase phase)
{
    struct worker *worker = session->worker;
    struct stream_settings settings = {.retries = -1};
    struct rule_context context = {
        .phase = phase,
        .is_final = true,
        .now_ms = event_now_ms(worker->loop),
        .wall_us = event_wall_us(worker->loop),
        .scratch = &worker->scratch,
        .stream_arena = &worker->scratch,
        .frontend = &session->proxy->identity,
        .frontend_is_http = session->proxy->settings->mode == PROXY_MODE_HTTP,
        .listener_name = session->bind->settings->name,
        .listener_id = session->bind->settings->id,
        .client = session->connection,
        .source = session->source,
        .destination = session->destination,
        .settings = &settings,
        .node_name = worker->facts->node_name,
        .process_connections = worker->facts->connections_current,
        .process_started_ms = worker->facts->started_ms,
        .worker_index = worker->index,
        .is_stopping = worker->facts->is_stopping,
        .default_backend = session->proxy->settings->default_backend_name,
    };
    context.variables[VARIABLE_PROCESS] = &worker->configuration->process_variables;
    context.variables[VARIABLE_SESSION] = &session->variables;
    struct rule_position position = {0};
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    rule_list_run(rules, &context, &position, &verdict);
    session->source = context.source;
    session->destination = context.destination;
    arena_clear(&worker->scratch);
    if (verdict.kind == VERDICT_DROP) {
        connection_make_silent(session->connection, verdict.rst_ttl);
    }
    return verdict.kind == VERDICT_CONTINUE || verdict.kind == VERDICT_ACCEPT;
}

/* ---- opening ---- */

static void open_session(struct session *session)
{
    struct proxy *proxy = session->proxy;
    struct proxy_pools *pools = &session->worker->pools;
    event_timer_set(&session->timer, TIME_NEVER);
    if (!are_rules_passed(session, &proxy->settings->tcp_session, RULE_TCP_SESSION)) {
        proxy->counters.denied_sessions++;
        session->bind->counters.denied_sessions++;
        close_without_mux(session, false);
        return;
    }
    bool is_http = proxy->settings->mode == PROXY_MODE_HTTP;
    enum result result =
        session->connection->is_quic
            ? mux_h3_create(&session->worker->quic->muxes, session->connection, &proxy->client_mux,
                            &SESSION_MUX_EVENTS, session, &session->mux)
        : is_http ? mux_h1_create(pools->h1_muxes, session->connection, &proxy->client_mux,
                                  &SESSION_MUX_EVENTS, session, &session->mux)
                  : mux_tcp_create(pools->tcp_muxes, session->connection, &proxy->client_mux,
                                   &SESSION_MUX_EVENTS, session, &session->mux);
    if (result != RESULT_OK) {
        session->worker->facts->refused_memory++;
        close_without_mux(session, false);
    }
}

static void on_open(void *owner)
{
    struct session *session = owner;
    session->handshake_us = event_now_us(session->worker->loop);
    open_session(session);
}

/* A connection that failed before a request: HAProxy's error line (manual 8.2.6). */
static void log_failure(struct session *session)
{
    struct proxy *proxy = session->proxy;
    bool is_null = proxy_has(proxy, OPTION_DONTLOGNULL) && !session->connection->has_received;
    if (is_null) {
        return;
    }
    char buffer[LOG_LINE_MAX];
    struct text line = text_over(buffer, sizeof(buffer));
    address_append_with_port(&line, &session->source, false);
    text_append_string(&line, " [");
    log_append_date(&line, session->accept_wall_us, DATE_LOCAL_MS);
    text_append_format(&line, "] %s/%s: ", proxy->settings->name, session->bind->name);
    if (session->connection->tls != NULL) {
        tls_session_append_error(session->connection->tls, &line);
    } else {
        text_append_string(&line, "Connection closed during SSL handshake");
    }
    logs_write(proxy, SYSLOG_INFO, text_slice(&line));
}

static void on_error(void *owner, enum connection_error error)
{
    struct session *session = owner;
    (void)error;
    session->proxy->counters.request_errors++;
    log_failure(session);
    close_without_mux(session, false);
}

static const struct connection_events SESSION_CONNECTION_EVENTS = {
    .on_open = on_open,
    .on_readable = NULL,
    .on_writable = NULL,
    .on_error = on_error,
};

/* No memory for its request in time: 503, or in TCP mode, and where there is no memory for that
 * either, the connection closes. The client may try again. */
static void refuse(struct session *session)
{
    struct mux_stream *side = session->offered;
    session->worker->facts->refused_memory++;
    memory_wait_cancel(&session->waiter);
    session->offered = NULL;
    if (!session->mux->ops->is_http || stream_create_refused(session, side) != RESULT_OK) {
        session->mux->ops->destroy(session->mux, MUX_ABORT_SHUTDOWN);
    }
}

static void on_timer(struct event_timer *timer)
{
    struct session *session = container_of(timer, struct session, timer);
    if (session->mux == NULL) { /* the handshake took too long */
        session->proxy->counters.request_errors++;
        close_without_mux(session, false);
    } else {
        refuse(session);
    }
}

static uint32_t handshake_timeout(const struct proxy *proxy)
{
    const struct proxy_timeouts *timeouts = &proxy->settings->timeouts;
    uint32_t timeout_ms =
        timeouts->http_request_ms != 0 ? timeouts->http_request_ms : timeouts->client_ms;
    return timeout_ms != 0 ? timeout_ms : DEFAULT_HANDSHAKE_MS;
}

static struct session *create(struct bind *bind, struct connection *connection)
{
    struct worker *worker = bind->proxy->worker;
    struct session *session = pool_take_zeroed(worker->pools.sessions, &connection->account);
    if (session == NULL) {
        return NULL;
    }
    session->worker = worker;
    session->proxy = bind->proxy;
    session->bind = bind;
    session->connection = connection;
    session->source = connection->peer;
    connection_find_local(connection);
    session->destination = connection->local;
    session->id = ++worker->facts->sessions_total;
    session->accept_us = event_now_us(worker->loop);
    session->accept_wall_us = event_wall_us(worker->loop);
    variable_set_init(&session->variables, VARIABLE_SESSION, &connection->account);
    event_timer_init(&session->timer, worker->loop, on_timer);
    memory_waiter_init(&session->waiter, on_memory);
    list_append(&worker->sessions, &session->link);
    count_in(session);
    return session;
}

/* Rules, the handshake or the mux: what follows for a session that is there. */
static void begin(struct session *session)
{
    struct proxy *proxy = session->proxy;
    const struct connection *connection = session->connection;
    bool has_handshake = connection->state == CONNECTION_HANDSHAKE;
    if (!are_rules_passed(session, &proxy->settings->tcp_connection, RULE_TCP_CONNECTION)) {
        proxy->counters.denied_connections++;
        session->bind->counters.denied_connections++;
        close_without_mux(session, false);
    } else if (!has_handshake) {
        open_session(session);
    } else {
        event_timer_set(&session->timer, handshake_timeout(proxy));
    }
    proxy_update_admission(proxy);
    worker_update_admission(proxy->worker);
}

enum result session_accept_quic(struct quic_listener *listener, struct connection *connection)
{
    struct bind *bind = listener->owner;
    struct worker *worker = bind->proxy->worker;
    struct session *session = create(bind, connection);
    if (session == NULL) {
        worker->facts->refused_memory++;
        connection_close(connection, true);
        return RESULT_NO_MEMORY;
    }
    connection_set_owner(connection, &SESSION_CONNECTION_EVENTS, session);
    begin(session);
    return connection->state == CONNECTION_CLOSED ? RESULT_END : RESULT_OK;
}

enum result session_accept(struct listener *listener, int fd, const struct address *peer)
{
    struct bind *bind = listener->owner;
    struct worker *worker = bind->proxy->worker;
    struct connection *connection = NULL;
    enum result result = connection_accept(&worker->transport, fd, peer, &bind->connection,
                                           &SESSION_CONNECTION_EVENTS, NULL, &connection);
    if (result != RESULT_OK) {
        worker->facts->refused_memory++;
        close(fd);
        return result;
    }
    struct session *session = create(bind, connection);
    if (session == NULL) {
        worker->facts->refused_memory++;
        connection_close(connection, true);
        return RESULT_NO_MEMORY;
    }
    connection_set_owner(connection, &SESSION_CONNECTION_EVENTS, session);
    begin(session);
    return listener->is_paused ? RESULT_FULL : RESULT_OK;
}
