/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's way to a server: choosing one (cookie, use-server, balance), waiting for its slot,
 * getting a link, sending the request head, and trying again when that fails before a response.
 * What was sent is known at every point: only a request of which no body byte was consumed, or all
 * were kept (stream_replay.c), is tried again. Bounded by `retries` and the queue and connect
 * timeouts.
 */
#include "base/assert.h"
#include "base/number.h"
#include "proxy/stream_internal.h"

enum {
    STATUS_SERVICE_UNAVAILABLE = 503,
    TURNAROUND_MS = 1000, /* before the same server is tried again */
};

/* queue_entry.order of one class; classes may be negative. */
#define PRIORITY_CLASS_UNIT (INT64_C(1) << 32)

/* ---- letting go ---- */

void stream_release_server(struct stream *stream, bool abort)
{
    queue_cancel(&stream->queue);
    if (stream->server != NULL) {
        struct mux_stream *server = stream->server;
        connection_find_local(server->mux->connection);
        stream->facts.server_address = server->mux->connection->peer;
        stream->facts.server_source = server->mux->connection->local;
        stream_take_back(stream);
        stream->server = NULL;
        stream->server_link = NULL;
        server->mux->ops->release(server, abort);
    } else if (stream->server_link != NULL) {
        struct server_link *link = stream->server_link;
        stream->server_link = NULL;
        link_abandon(link);
    }
    if (stream->assigned != NULL) {
        struct server *server = stream->assigned;
        stream->assigned = NULL;
        stream->context.server = NULL;
        server->counters.sessions_current--;
        backend_release(server->backend, server, stream_now_ms(stream));
    }
    stream->server_abort = MUX_ABORT_NONE;
    stream->link_failed = false;
    stream->up.is_blocked = false;
    stream->up.is_dropped = false;
    stream->up.end_sent = false;
}

/* ---- choosing ---- */

static struct server *server_of_rule(struct stream *stream, const struct switch_rule *rule)
{
    enum { SERVER_NAME_MAX = 256 };
    char name[SERVER_NAME_MAX];
    struct text text = text_over(name, sizeof(name));
    if (rule->dynamic != NULL) {
        log_format_append(rule->dynamic, &stream->context, &text);
    } else {
        text_append_string(&text, rule->name);
    }
    return backend_find_server(&stream->backend->backend, text_slice(&text));
}

/* The first use-server whose condition holds and whose server can be used. */
static struct server *forced_server(struct stream *stream)
{
    LIST_EACH(link, &stream->backend->settings->use_server) {
        const struct switch_rule *rule = container_of(link, struct switch_rule, link);
        if (acl_condition_evaluate(rule->condition, &stream->context) != RESULT_OK) {
            continue;
        }
        struct server *server = server_of_rule(stream, rule);
        bool persists = proxy_has(stream->backend, OPTION_PERSIST);
        if (server != NULL && (persists || server_accepts_persistent(server))) {
            return server;
        }
    }
    return NULL;
}

static void on_turn(struct queue_entry *entry, struct server *server)
{
    struct stream *stream = container_of(entry, struct stream, queue);
    stream->assigned = server;
    event_defer(stream->worker->loop, &stream->work);
}

static void begin_assignment(struct stream *stream)
{
    struct counters *counters = &stream->assigned->counters;
    counters->sessions_current++;
    counters->sessions_total++;
    counters->last_session_ms = stream_now_ms(stream);
    stream->backend->backend.counters.last_session_ms = counters->last_session_ms;
    if (counters->sessions_current > counters->sessions_max) {
        counters->sessions_max = counters->sessions_current;
    }
    rate_add(&counters->session_rate, stream_now_ms(stream), 1);
    stream->facts.times.queue_us = stream_now_us(stream);
    stream->context.server = stream->assigned;
    stream_enter(stream, STREAM_CONNECT);
}

static enum progress refuse(struct stream *stream, char cause, char phase)
{
    stream_note_end(stream, cause, phase);
    stream->backend->backend.counters.connection_errors += stream->assigned != NULL ? 1 : 0;
    stream_release_server(stream, true);
    if (stream->is_tcp) {
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    return stream_reply_status(stream, STATUS_SERVICE_UNAVAILABLE);
}

static enum progress begin_waiting(struct stream *stream, struct server *server)
{
    struct backend *backend = &stream->backend->backend;
    stream->queue.on_turn = on_turn;
    stream->queue.order = (int64_t)stream->settings.priority_class * PRIORITY_CLASS_UNIT +
                          stream->settings.priority_offset;
    if (queue_wait(&stream->queue, backend, server, stream_now_ms(stream)) != RESULT_OK) {
        bool may_go_elsewhere = server != NULL && !stream->is_redispatched_once;
        if (!may_go_elsewhere) {
            return refuse(stream, 'S', 'Q');
        }
        stream->failed = server; /* its queue is full: maxqueue */
        stream->is_redispatched_once = true;
        stream->cookie.is_direct = false;
        return PROGRESS_AGAIN;
    }
    uint32_t place = queue_position(&stream->queue) + 1; /* HAProxy counts from one */
    stream->facts.server_queue = server != NULL ? place : 0;
    stream->facts.backend_queue = server != NULL ? 0 : place;
    stream_enter(stream, STREAM_QUEUE);
    uint32_t limit_ms = stream->settings.queue_timeout_ms;
    if (limit_ms == 0) {
        const struct proxy_timeouts *timeouts = &stream->backend->settings->timeouts;
        limit_ms = timeouts->queue_ms != 0 ? timeouts->queue_ms : timeouts->connect_ms;
    }
    stream->state_deadline_ms = limit_ms == 0 ? TIME_NEVER : stream_now_ms(stream) + limit_ms;
    return PROGRESS_AGAIN;
}

static enum result choose(struct stream *stream, struct server **server)
{
    struct backend *backend = &stream->backend->backend;
    if (stream->failed == NULL || !stream->is_redispatched_once) {
        *server = forced_server(stream);
        if (*server == NULL) {
            *server = stream_cookie_server(stream);
        }
        if (*server != NULL) {
            return backend_assign_server(backend, *server);
        }
    }
    struct balance_request request = {
        .key = stream_balance_key(stream),
        .avoid = stream->failed,
        .now_ms = stream_now_ms(stream),
    };
    return backend_assign(backend, &request, server);
}

enum progress stream_step_assign(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        stream_note_end(stream, 'C', 'C');
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    struct server *server = NULL;
    stream_prepare_context(stream, stream->is_tcp ? RULE_TCP_REQUEST_CONTENT : RULE_HTTP_REQUEST);
    enum result result = choose(stream, &server);
    arena_clear(&stream->scratch);
    if (result == RESULT_OK) {
        stream->assigned = server;
        stream->backend->backend.counters.selected_total++;
        server->counters.selected_total++;
        begin_assignment(stream);
        return PROGRESS_AGAIN;
    }
    return result == RESULT_FULL ? begin_waiting(stream, server) : refuse(stream, 'S', 'C');
}

enum progress stream_step_queue(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        stream_note_end(stream, 'C', 'Q');
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    if (stream->assigned == NULL) {
        return PROGRESS_WAIT;
    }
    begin_assignment(stream);
    return PROGRESS_AGAIN;
}

/* ---- connecting ---- */

static void on_link(void *owner, struct server_link *link, enum connection_error error,
                    int system_error)
{
    struct stream *stream = owner;
    (void)link;
    (void)system_error;
    stream->link_error = error;
    stream->link_failed = error != CONNECTION_ERROR_NONE;
    if (stream->link_failed) {
        stream->server_link = NULL;
    }
    stream_run(stream);
}

static const struct link_events LINK_EVENTS = {.on_link = on_link};

static struct slice server_name_of(struct stream *stream, const struct endpoint *endpoint)
{
    struct sample sample;
    if (endpoint->settings->sni == NULL ||
        sample_evaluate_as(endpoint->settings->sni, &stream->context, SAMPLE_STRING, &sample) !=
            RESULT_OK) {
        return SLICE_NONE;
    }
    return sample.text;
}

static bool may_reuse(const struct stream *stream)
{
    const struct proxy_settings *settings = stream->backend->settings;
    bool is_first = stream->facts.requests_on_connection == 0;
    if (stream->is_tcp || stream->reused_link_failed || stream->request.wants_upgrade) {
        return false;
    }
    switch (settings->reuse) {
    case HTTP_REUSE_NEVER: /* its own connection only */
        return !is_first;
    case HTTP_REUSE_SAFE:
        return !is_first || stream_is_idempotent(stream);
    case HTTP_REUSE_AGGRESSIVE:
    case HTTP_REUSE_ALWAYS:
        return true;
    }
    return false;
}

static enum result acquire(struct stream *stream)
{
    struct endpoint *endpoint = endpoint_of(stream->assigned);
    struct link_request request = {
        .is_tcp = stream->is_tcp,
        .may_reuse = may_reuse(stream),
        .is_private = stream->backend->settings->reuse == HTTP_REUSE_NEVER,
        .session_id = stream->session->id,
        .sni = server_name_of(stream, endpoint),
        .destination = stream_destination(stream),
        .source = endpoint->settings->source,
    };
    enum result result =
        endpoint_acquire(endpoint, &request, &LINK_EVENTS, stream, &stream->server_link);
    if (result == RESULT_BLOCKED) { /* a new one is being dialled */
        stream->assigned->counters.connect_attempts++;
    }
    arena_clear(&stream->scratch);
    return result;
}

/* What follows once there is a server: of a TCP session, rules on its first bytes, or the relay. */
static enum stream_state state_with_server(const struct stream *stream)
{
    if (!stream->is_tcp) {
        return STREAM_SEND_HEAD;
    }
    bool has_rules = !list_is_empty(&stream->backend->settings->tcp_response.rules);
    return has_rules ? STREAM_ANSWER : STREAM_RELAY;
}

static enum progress open_server_stream(struct stream *stream)
{
    struct server_link *link = stream->server_link;
    enum result result = link->mux->ops->open(link->mux, &STREAM_EVENTS, stream, &stream->server);
    if (result != RESULT_OK) { /* it closed in the meantime */
        stream->server_link = NULL;
        link_abandon(link);
        return stream_server_failed(stream, RETRY_CONN_FAILURE, STATUS_SERVICE_UNAVAILABLE, 'S',
                                    'C');
    }
    stream_lend(stream);
    stream->context.server_reused = link->uses > 1;
    if (link->uses > 1) {
        stream->assigned->counters.connections_reused++;
    }
    stream->facts.times.connect_us = stream_now_us(stream);
    stream->server_active_ms = stream_now_ms(stream);
    stream_enter(stream, state_with_server(stream));
    if (stream->is_tcp && proxy_has(stream->frontend, OPTION_LOGASAP)) {
        stream_log(stream);
    }
    return PROGRESS_AGAIN;
}

static enum progress begin_connecting(struct stream *stream)
{
    switch (acquire(stream)) {
    case RESULT_OK:
        return open_server_stream(stream);
    case RESULT_BLOCKED: {
        uint32_t limit_ms = stream->settings.connect_timeout_ms;
        limit_ms = limit_ms != 0 ? limit_ms : stream->backend->settings->timeouts.connect_ms;
        stream->state_deadline_ms = limit_ms == 0 ? TIME_NEVER : stream_now_ms(stream) + limit_ms;
        return PROGRESS_WAIT;
    }
    case RESULT_NO_MEMORY:
        return stream_wait_for_memory(stream);
    case RESULT_END:
    case RESULT_FULL:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return refuse(stream, 'P', 'C'); /* no descriptor or no source port: ours */
}

enum progress stream_step_connect(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        stream_note_end(stream, 'C', 'C');
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    if (stream->link_failed) {
        stream->link_failed = false;
        return stream_server_failed(stream, RETRY_CONN_FAILURE, STATUS_SERVICE_UNAVAILABLE, 'S',
                                    'C');
    }
    if (stream->server_link == NULL) {
        bool is_resting = stream_now_ms(stream) < stream->turnaround_until_ms;
        if (is_resting) {
            stream->state_deadline_ms = stream->turnaround_until_ms;
            return PROGRESS_WAIT;
        }
        return begin_connecting(stream);
    }
    return stream->server_link->mux != NULL ? open_server_stream(stream) : PROGRESS_WAIT;
}

enum progress stream_step_send_head(struct stream *stream)
{
    switch (stream->server->mux->ops->send_head(stream->server, &stream->request)) {
    case RESULT_OK:
        stream->up.end_sent = stream->request.body == HTTP_BODY_NONE;
        stream_enter(stream, STREAM_RESPONSE);
        return PROGRESS_AGAIN;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return stream_wait_for_memory(stream);
    case RESULT_BLOCKED:
        return PROGRESS_WAIT;
    case RESULT_END:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return stream_server_failed(stream, RETRY_CONN_FAILURE, STATUS_SERVICE_UNAVAILABLE, 'S', 'C');
}

/* ---- trying again ---- */

static bool may_redispatch(const struct stream *stream)
{
    const struct proxy_settings *settings = stream->backend->settings;
    if ((settings->options & OPTION_REDISPATCH) == 0) {
        return false;
    }
    int32_t interval = settings->redispatch_interval;
    int32_t done = stream->facts.retries;
    if (interval < 0) { /* the last retries only: -1 is the last one */
        return stream->retries_left < -interval;
    }
    return interval == 0 || interval == 1 || done % interval == 0;
}

void stream_try_again(struct stream *stream, bool rests)
{
    struct server *server = stream->assigned;
    struct counters *counters = &server->counters;
    stream->facts.retries++;
    stream->retries_left--;
    bool redispatch = may_redispatch(stream) && backend_usable_servers(server->backend) > 1;
    if (redispatch) {
        counters->redispatches++;
        server->backend->counters.redispatches++;
        stream->failed = server;
        stream->facts.redispatched = true;
        stream->is_redispatched_once = true;
        stream->cookie.is_direct = false;
    } else {
        counters->retries++;
        server->backend->counters.retries++;
    }
    stream_release_server(stream, true);
    stream_replay_restore(stream);
    stream_enter(stream, STREAM_ASSIGN);
    if (redispatch) {
        stream->turnaround_until_ms = 0;
        return;
    }
    /* the same server again */
    if (backend_assign_server(server->backend, server) == RESULT_OK) {
        stream->assigned = server;
        begin_assignment(stream);
        uint32_t connect_ms = stream->backend->settings->timeouts.connect_ms;
        uint32_t pause_ms = rests ? TURNAROUND_MS : 0;
        pause_ms = connect_ms != 0 && connect_ms < pause_ms ? connect_ms : pause_ms;
        stream->turnaround_until_ms = stream_now_ms(stream) + pause_ms;
    }
}

enum progress stream_server_failed(struct stream *stream, uint32_t condition, uint16_t status,
                                   char cause, char phase)
{
    struct server *server = stream->assigned;
    ASSERT(server != NULL);
    if (condition == RETRY_CONN_FAILURE) {
        server->counters.connection_errors++;
        server->backend->counters.connection_errors++;
    } else {
        server->counters.response_errors++;
        server->backend->counters.response_errors++;
    }
    bool is_unconnected = condition == RETRY_CONN_FAILURE;
    bool may_retry = is_unconnected ? stream_may_replay(stream)
                                    : stream->keeps_request && !stream->interim_received;
    bool is_wanted = (stream->backend->settings->retry_on & condition) != 0;
    if (is_wanted && may_retry && stream->retries_left > 0) {
        stream_try_again(stream, is_unconnected);
        return PROGRESS_AGAIN;
    }
    stream_replay_drop(stream);
    stream_note_end(stream, cause, phase);
    stream->facts.times.response_us = 0;
    stream->final_server = server;
    stream_release_server(stream, true);
    if (stream->is_tcp) {
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    return stream_reply_status(stream, status);
}
