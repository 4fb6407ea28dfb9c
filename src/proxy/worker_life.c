/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: pools, the second's tick (idle server connections, admission), reactions to memory
 * pressure and stopping. Pressure is answered step by step as DESIGN 3.4 says: tight closes idle
 * server connections, scarce stops accepting and tells idle clients to go, full ends the connection
 * that holds the most; falling pressure takes every measure back. Bounded by the numbers of
 * sessions and links.
 */
#include "proxy/worker_life.h"

#include "base/assert.h"
#include "mux/h1.h"
#include "mux/tcp.h"
#include "proxy/admission.h"
#include "proxy/check.h"
#include "proxy/endpoint.h"
#include "proxy/logs.h"
#include "proxy/proxy_life.h"
#include "proxy/quic.h"
#include "proxy/rate_limit.h"
#include "proxy/session_life.h"
#include "proxy/stream.h"

enum {
    TICK_MS = 1000,
    SCRATCH_BYTES_MAX = 64 * 1024,
    RETIRED_A_TICK = 1000, /* idle clients told to go in one second */
    STUCK_TICKS = 2,       /* seconds in which nobody who waits for memory was served */
};

/* ---- pressure ---- */

/* A client that was answered and asks nothing. One that has not asked yet is about to. */
static bool is_idle(const struct session *session)
{
    return session->mux != NULL && session->streams == 0 && session->offered == NULL &&
           session->requests > 0;
}

static void retire_idle_clients(struct worker *worker, unsigned count)
{
    LIST_EACH_SAFE(link, &worker->sessions) {
        struct session *session = container_of(link, struct session, link);
        if (count == 0) {
            return;
        }
        if (is_idle(session)) {
            session->mux->ops->retire(session->mux);
            count--;
        }
    }
}

static void end_largest_session(struct worker *worker)
{
    struct session *largest = NULL;
    LIST_EACH(link, &worker->sessions) {
        struct session *session = container_of(link, struct session, link);
        if (largest == NULL ||
            session->connection->account.used > largest->connection->account.used) {
            largest = session;
        }
    }
    if (largest != NULL) {
        session_shutdown(largest, MUX_ABORT_SHUTDOWN);
    }
}

/*
 * What is taken back for the level, once a second. Whoever was admitted stays as long as those who
 * wait are served one after the other; only when nobody was, idle clients are told to go, and at
 * `full`, when nothing under way goes on, the connection that holds the most is ended.
 */
static void relieve(struct worker *worker)
{
    enum pressure_level level = pressure_level(worker->memory);
    if (level >= PRESSURE_TIGHT) {
        worker_drop_idle_links(worker, RETIRED_A_TICK);
    }
    bool was_served = worker->ledger->woken != worker->woken_seen;
    worker->woken_seen = worker->ledger->woken;
    bool is_waiting = memory_waiting_up_to(worker->ledger, WAIT_REQUEST) > 0;
    worker->stuck_ticks = is_waiting && !was_served ? worker->stuck_ticks + 1 : 0;
    bool is_stuck = worker->stuck_ticks >= STUCK_TICKS;
    if (level >= PRESSURE_SCARCE && is_stuck) {
        retire_idle_clients(worker, RETIRED_A_TICK);
    }
    if (level == PRESSURE_FULL && is_stuck &&
        memory_waiting_up_to(worker->ledger, WAIT_STREAM) > 0) {
        end_largest_session(worker);
    }
}

static void on_level(struct pressure_observer *observer, enum pressure_level from,
                     enum pressure_level to)
{
    struct worker *worker = container_of(observer, struct worker, pressure);
    char buffer[128];
    struct text line = text_over(buffer, sizeof(buffer));
    text_append_format(&line, "Memory pressure changed from %s to %s.", pressure_level_name(from),
                       pressure_level_name(to));
    logs_write_global(worker, to > from ? SYSLOG_WARNING : SYSLOG_NOTICE, text_slice(&line));
    if (to > from && to >= PRESSURE_TIGHT) {
        worker_drop_idle_links(worker, RETIRED_A_TICK);
    }
    worker_update_admission(worker);
}

/* ---- the tick ---- */

static void purge_idle_links(struct worker *worker, uint64_t now_ms)
{
    LIST_EACH(link, &worker->proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        LIST_EACH(position, &proxy->endpoints) {
            struct endpoint *endpoint = container_of(position, struct endpoint, link);
            uint64_t delay_ms = endpoint->server.options->pool_purge_delay_ms;
            if (endpoint->idle_count > endpoint->server.options->pool_low_connections &&
                now_ms > delay_ms) {
                endpoint_purge_idle(endpoint, now_ms - delay_ms);
            }
        }
    }
}

/* Who was held for a limit a second may take connections again. */
static void on_rates(struct event_timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, rates);
    worker_update_admission(worker);
    LIST_EACH(link, &worker->proxies) {
        proxy_update_admission(container_of(link, struct proxy, link));
    }
}

/* Slow starts go on, and limits that rose let waiting streams in. */
static void advance_backends(struct worker *worker, uint64_t now_ms)
{
    LIST_EACH(link, &worker->proxies) {
        backend_advance(&container_of(link, struct proxy, link)->backend, now_ms);
    }
}

static void on_tick(struct event_timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, tick);
    advance_backends(worker, event_now_ms(worker->loop));
    purge_idle_links(worker, event_now_ms(worker->loop));
    relieve(worker);
    worker_update_admission(worker);
    event_timer_set(timer, TICK_MS);
}

/* ---- life ---- */

static enum result create_pools(struct worker *worker)
{
    struct memory *memory = worker->memory;
    worker->pools = (struct proxy_pools){
        .sessions = pool_create(memory, "session", sizeof(struct session), POOL_SHARED),
        .streams = pool_create(memory, "stream", sizeof(struct stream), POOL_SHARED),
        .links = pool_create(memory, "server_link", sizeof(struct server_link), POOL_SHARED),
        .h1_muxes = mux_h1_pool_create(memory),
        .tcp_muxes = mux_tcp_pool_create(memory),
    };
    const struct proxy_pools *pools = &worker->pools;
    bool is_complete = pools->sessions != NULL && pools->streams != NULL && pools->links != NULL &&
                       pools->h1_muxes != NULL && pools->tcp_muxes != NULL;
    return is_complete ? RESULT_OK : RESULT_FAILED;
}

enum result worker_init(struct worker *worker, struct memory *memory, unsigned index,
                        struct event_loop *loop, struct chunk_source *chunks,
                        struct configuration *configuration, struct process_facts *facts)
{
    *worker = (struct worker){
        .index = index,
        .memory = memory,
        .ledger = memory_ledger(memory, index),
        .loop = loop,
        .chunks = chunks,
        .configuration = configuration,
        .facts = facts,
        .pressure = {.on_level = on_level},
    };
    account_init(&worker->account, worker->ledger, ACCOUNT_WORKER, 0);
    arena_init(&worker->scratch, chunks, &worker->account, SCRATCH_BYTES_MAX);
    list_init(&worker->proxies);
    list_init(&worker->sessions);
    list_init(&worker->streams);
    list_init(&worker->idle_links);
    log_outputs_init(&worker->log_outputs, loop);
    event_timer_init(&worker->tick, loop, on_tick);
    struct pool *connections = connection_pool_create(memory);
    if (connections == NULL || create_pools(worker) != RESULT_OK) {
        return RESULT_FAILED;
    }
    splice_pool_init(&worker->pipes, configuration->global.maxpipes);
    transport_init(&worker->transport, loop, chunks, connections);
    if (configuration->global.max_accept != 0) {
        worker->transport.accepts_max = configuration->global.max_accept;
    }
    rate_limit_init(worker, on_rates);
    memory_set_need(memory, WAIT_STREAM, stream_set_bytes(worker));
    worker->log_line_size = LOG_LENGTH_MAX;
    worker->log_line = memory_take(&worker->account, worker->log_line_size);
    if (worker->log_line == NULL) {
        return RESULT_NO_MEMORY;
    }
    pressure_observe(memory, &worker->pressure);
    event_timer_set(&worker->tick, TICK_MS);
    return RESULT_OK;
}

void worker_stop_soft(struct worker *worker)
{
    worker->facts->is_stopping = true;
    LIST_EACH(link, &worker->proxies) {
        proxy_stop(container_of(link, struct proxy, link));
    }
    worker_drop_idle_links(worker, UINT32_MAX);
    LIST_EACH_SAFE(link, &worker->sessions) {
        struct session *session = container_of(link, struct session, link);
        if (session->mux != NULL) {
            session->mux->ops->retire(session->mux);
        }
    }
    worker_update_admission(worker);
}

static void stop_checks(struct proxy *proxy)
{
    LIST_EACH(link, &proxy->endpoints) {
        struct health_check *check = container_of(link, struct endpoint, link)->check;
        if (check != NULL) {
            check_stop(check);
        }
    }
}

void worker_stop_hard(struct worker *worker)
{
    LIST_EACH(link, &worker->proxies) {
        struct proxy *proxy = container_of(link, struct proxy, link);
        proxy_stop(proxy);
        stop_checks(proxy);
    }
    LIST_EACH_SAFE(link, &worker->streams) {
        stream_shutdown(container_of(link, struct stream, link), 'K');
    }
    LIST_EACH_SAFE(link, &worker->sessions) {
        session_shutdown(container_of(link, struct session, link), MUX_ABORT_SHUTDOWN);
    }
    worker_drop_idle_links(worker, UINT32_MAX);
}

void worker_deinit(struct worker *worker)
{
    ASSERT(list_is_empty(&worker->sessions) && list_is_empty(&worker->streams));
    event_timer_stop(&worker->tick);
    rate_limit_deinit(worker);
    LIST_EACH_SAFE(link, &worker->proxies) {
        proxy_destroy(container_of(link, struct proxy, link));
    }
    worker_quic_destroy(worker);
    logs_close(worker, worker->global_logs, worker->global_logs_count);
    log_outputs_deinit(&worker->log_outputs);
    memory_release(&worker->account, worker->log_line);
    arena_clear(&worker->scratch);
    splice_pool_deinit(&worker->pipes);
    transport_deinit(&worker->transport);
    account_deinit(&worker->account);
}
