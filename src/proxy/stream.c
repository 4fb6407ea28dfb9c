/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream's life: creation on an offered mux stream, the loop that steps it, the mux's events,
 * and its end. States and their steps are in stream.h; each step is a function of its own file. Its
 * hard idea: everything that may happen only marks the stream and runs it, so that all decisions
 * are made in one place, stream_run, which never runs inside itself. Bounded as stream.h says.
 */
#include "proxy/stream.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"
#include "memory/pool.h"
#include "proxy/stream_internal.h"

enum { ARENA_BYTES_MAX = 64 * 1024 };

static const char *const STATE_NAMES[STREAM_STATES] = {
    "HEAD",      "RULES",    "TARPIT", "ASSIGN", "QUEUE", "CONNECT",
    "SEND_HEAD", "RESPONSE", "ANSWER", "RELAY",  "REPLY", "CLOSED",
};

#define STEP(state) (1U << (state))

/* From each state, the states that may follow. CLOSED may follow every one. */
static const unsigned ALLOWED[STREAM_STATES] = {
    [STREAM_HEAD] = STEP(STREAM_RULES) | STEP(STREAM_REPLY),
    [STREAM_RULES] = STEP(STREAM_TARPIT) | STEP(STREAM_ASSIGN) | STEP(STREAM_REPLY),
    [STREAM_TARPIT] = STEP(STREAM_REPLY),
    [STREAM_ASSIGN] = STEP(STREAM_QUEUE) | STEP(STREAM_CONNECT) | STEP(STREAM_SEND_HEAD) |
                      STEP(STREAM_ANSWER) | STEP(STREAM_RELAY) | STEP(STREAM_REPLY),
    [STREAM_QUEUE] = STEP(STREAM_ASSIGN) | STEP(STREAM_CONNECT) | STEP(STREAM_SEND_HEAD) |
                     STEP(STREAM_ANSWER) | STEP(STREAM_RELAY) | STEP(STREAM_REPLY),
    [STREAM_CONNECT] = STEP(STREAM_ASSIGN) | STEP(STREAM_SEND_HEAD) | STEP(STREAM_ANSWER) |
                       STEP(STREAM_RELAY) | STEP(STREAM_REPLY),
    [STREAM_SEND_HEAD] = STEP(STREAM_RESPONSE) | STEP(STREAM_ASSIGN) | STEP(STREAM_REPLY),
    [STREAM_RESPONSE] = STEP(STREAM_ANSWER) | STEP(STREAM_ASSIGN) | STEP(STREAM_REPLY),
    [STREAM_ANSWER] = STEP(STREAM_RELAY) | STEP(STREAM_REPLY),
    [STREAM_RELAY] = 0,
    [STREAM_REPLY] = 0,
    [STREAM_CLOSED] = 0,
};

static enum progress step_closed(struct stream *stream)
{
    (void)stream;
    return PROGRESS_DONE;
}

static enum progress (*const STEPS[STREAM_STATES])(struct stream *stream) = {
    [STREAM_HEAD] = stream_step_head,           [STREAM_RULES] = stream_step_rules,
    [STREAM_TARPIT] = stream_step_tarpit,       [STREAM_ASSIGN] = stream_step_assign,
    [STREAM_QUEUE] = stream_step_queue,         [STREAM_CONNECT] = stream_step_connect,
    [STREAM_SEND_HEAD] = stream_step_send_head, [STREAM_RESPONSE] = stream_step_response,
    [STREAM_ANSWER] = stream_step_answer,       [STREAM_RELAY] = stream_step_relay,
    [STREAM_REPLY] = stream_step_reply,         [STREAM_CLOSED] = step_closed,
};

const char *stream_state_name(enum stream_state state)
{
    return STATE_NAMES[state];
}

void stream_enter(struct stream *stream, enum stream_state state)
{
    ASSERT(state == STREAM_CLOSED || (ALLOWED[stream->state] & STEP(state)) != 0);
    stream->state = state;
    stream->state_deadline_ms = TIME_NEVER;
}

void stream_note_end(struct stream *stream, char cause, char phase)
{
    if (stream->facts.termination_cause == '-') {
        stream->facts.termination_cause = cause;
        stream->facts.termination_phase = phase;
    }
}

size_t stream_window(const struct stream *stream)
{
    return pressure_window(stream->worker->memory, stream->worker->chunks->bytes[CHUNK_NORMAL]);
}

enum progress stream_wait_for_memory(struct stream *stream)
{
    if (list_is_empty(&stream->waiter.link)) {
        memory_wait(stream->worker->ledger, WAIT_EXCHANGE, &stream->waiter);
    }
    return PROGRESS_WAIT;
}

/* ---- the end ---- */

static void release_client(struct stream *stream)
{
    if (stream->client == NULL) {
        return;
    }
    stream->facts.bytes_in = stream->client->bytes_received;
    stream->facts.bytes_out = stream->client->bytes_sent;
    const struct mux_ops *ops = stream->client->mux->ops;
    bool is_whole = stream->down.end_sent;
    struct mux_stream *client = stream->client;
    stream->client = NULL;
    ops->release(client, !is_whole || stream->client_abort != MUX_ABORT_NONE);
}

static void release_memory(struct stream *stream)
{
    for (unsigned scope = 0; scope < VARIABLE_SCOPES; scope++) {
        variable_set_clear(&stream->variables[scope]);
    }
    chunk_queue_clear(&stream->up.queue);
    stream_replay_drop(stream);
    splice_close(&stream->up.pipe);
    splice_close(&stream->down.pipe);
    chunk_queue_clear(&stream->down.queue);
    http_message_clear(&stream->request);
    http_message_clear(&stream->response);
    arena_clear(&stream->arena);
    arena_clear(&stream->scratch);
}

static void destroy(struct stream *stream)
{
    struct session *session = stream->session;
    stream->facts.times.end_us = stream_now_us(stream);
    bool server_is_whole =
        stream->down.has_ended && stream->up.end_sent && stream->server_abort == MUX_ABORT_NONE;
    release_client(stream);
    stream_count(stream);
    stream_log(stream);
    stream_release_server(stream, !server_is_whole);
    event_timer_stop(&stream->timer);
    chunk_reserve_close(
        &stream->client_reserve); /* what comes back from here on asks for no work */
    event_defer_cancel(&stream->work);
    memory_wait_cancel(&stream->waiter);
    release_memory(stream);
    list_remove(&stream->link);
    pool_release(stream->worker->pools.streams, stream->account, stream);
    session->streams--;
    session->last_end_us = event_now_us(session->worker->loop);
}

/* ---- running ---- */

void stream_run(struct stream *stream)
{
    if (stream->is_running) {
        return;
    }
    stream->is_running = true;
    enum progress progress = PROGRESS_AGAIN;
    if (stream->timer_fired) {
        stream->timer_fired = false;
        progress = stream_check_deadlines(stream);
        progress = progress == PROGRESS_WAIT ? PROGRESS_AGAIN : progress;
    }
    while (progress == PROGRESS_AGAIN) {
        progress = STEPS[stream->state](stream);
    }
    stream->is_running = false;
    if (progress == PROGRESS_DONE) {
        destroy(stream);
    } else {
        stream_update_timer(stream);
    }
}

static void on_receive(void *owner, struct mux_stream *side)
{
    struct stream *stream = owner;
    (void)side;
    stream_run(stream);
}

static void on_send(void *owner, struct mux_stream *side)
{
    struct stream *stream = owner;
    if (side == stream->client) {
        stream->down.is_blocked = false;
        stream->client_active_ms = stream_now_ms(stream);
    } else {
        stream->up.is_blocked = false;
        stream->server_active_ms = stream_now_ms(stream);
    }
    stream_run(stream);
}

static void on_abort(void *owner, struct mux_stream *side, enum mux_abort reason)
{
    struct stream *stream = owner;
    if (side == stream->client) {
        stream->client_abort = reason;
    } else {
        stream->server_abort = reason;
    }
    stream_run(stream);
}

const struct stream_events STREAM_EVENTS = {
    .on_receive = on_receive,
    .on_send = on_send,
    .on_abort = on_abort,
};

static void on_timer(struct event_timer *timer)
{
    struct stream *stream = container_of(timer, struct stream, timer);
    stream->timer_fired = true;
    stream_run(stream);
}

static void on_work(struct event_deferred *deferred)
{
    stream_run(container_of(deferred, struct stream, work));
}

static void on_memory(struct memory_waiter *waiter)
{
    stream_run(container_of(waiter, struct stream, waiter));
}

void stream_shutdown(struct stream *stream, char cause)
{
    static const char PHASES[STREAM_STATES] = {'R', 'R', 'T', 'Q', 'Q', 'C',
                                               'C', 'H', 'H', 'D', 'D', '-'};
    stream_note_end(stream, cause, PHASES[stream->state]);
    stream->client_abort = MUX_ABORT_SHUTDOWN;
    stream_enter(stream, STREAM_CLOSED);
    event_defer(stream->worker->loop, &stream->work);
}

/* ---- creation ---- */

static void init_context(struct stream *stream)
{
    struct session *session = stream->session;
    struct rule_context *context = &stream->context;
    context->scratch = &stream->scratch;
    context->stream_arena = &stream->arena;
    context->frontend = &stream->frontend->identity;
    context->frontend_is_http = stream->frontend->settings->mode == PROXY_MODE_HTTP;
    context->frontend_errors = stream->frontend->settings->errors;
    context->listener_name = session->bind->settings->name;
    context->listener_id = session->bind->settings->id;
    context->client = session->connection;
    context->source = session->source;
    context->destination = session->destination;
    context->captures = &stream->captures;
    context->facts = &stream->facts;
    context->settings = &stream->settings;
    context->node_name = stream->worker->facts->node_name;
    context->process_started_ms = stream->worker->facts->started_ms;
    context->worker_index = stream->worker->index;
    context->default_backend = stream->frontend->settings->default_backend_name;
    context->unique_id_format = stream->frontend->settings->unique_id_format;
    for (unsigned scope = 0; scope < VARIABLE_SCOPES; scope++) {
        variable_set_init(&stream->variables[scope], (enum variable_scope)scope, stream->account);
        context->variables[scope] = &stream->variables[scope];
    }
    context->variables[VARIABLE_SESSION] = &session->variables;
    context->variables[VARIABLE_PROCESS] = &stream->worker->configuration->process_variables;
    context->variables[VARIABLE_CHECK] = NULL;
}

static void init_facts(struct stream *stream)
{
    const struct session *session = stream->session;
    struct stream_times *times = &stream->facts.times;
    bool is_first = session->requests == 0;
    stream->facts.id = stream->worker->facts->streams_total++;
    stream->facts.termination_cause = '-';
    stream->facts.termination_phase = '-';
    stream->facts.cookie_request = '-';
    stream->facts.cookie_response = '-';
    stream->facts.requests_on_connection = session->requests;
    times->accept_us = session->accept_us;
    times->accept_wall_us = session->accept_wall_us;
    times->handshake_us = session->handshake_us != 0 ? session->handshake_us : session->accept_us;
    times->idle_end_us = stream->client->began_us;
    if (!is_first) { /* HAProxy dates the following requests of a connection by their own start */
        uint64_t since_us = stream_now_us(stream) - session->last_end_us;
        times->accept_us = session->last_end_us;
        times->handshake_us = session->last_end_us;
        times->accept_wall_us = event_wall_us(stream->worker->loop) - since_us;
    }
    if (times->idle_end_us == 0) {
        times->idle_end_us = times->handshake_us;
    }
}

static void init_messages(struct stream *stream)
{
    const struct global_settings *global = &stream->worker->configuration->global;
    struct chunk_source *chunks = stream->worker->chunks;
    http_message_init(&stream->request, chunks, stream->account, ARENA_BYTES_MAX,
                      global->fields_max);
    http_message_init(&stream->response, chunks, stream->account, ARENA_BYTES_MAX,
                      global->fields_max);
    arena_init(&stream->arena, chunks, stream->account, ARENA_BYTES_MAX);
    arena_init(&stream->scratch, chunks, stream->account, ARENA_BYTES_MAX);
}

static enum result create(struct session *session, struct mux_stream *client, bool is_refused)
{
    struct worker *worker = session->worker;
    struct account *account = &session->connection->account;
    struct stream *stream = pool_take_zeroed(worker->pools.streams, account);
    if (stream == NULL) {
        return RESULT_NO_MEMORY;
    }
    stream->worker = worker;
    stream->account = account;
    stream->is_refused = is_refused;
    if (!is_refused && stream_reserve(stream) != RESULT_OK) {
        pool_release(worker->pools.streams, account, stream);
        return RESULT_NO_MEMORY;
    }
    stream->session = session;
    stream->frontend = session->proxy;
    stream->client = client;
    stream->is_tcp = !client->mux->ops->is_http;
    stream->is_tunnel = stream->is_tcp;
    stream->state = stream->is_tcp ? STREAM_RULES : STREAM_HEAD;
    stream->state_deadline_ms = TIME_NEVER;
    stream->settings.retries = -1;
    init_messages(stream);
    init_facts(stream);
    init_context(stream);
    event_timer_init(&stream->timer, worker->loop, on_timer);
    event_deferred_init(&stream->work, on_work);
    memory_waiter_init(&stream->waiter, on_memory);
    stream->client_active_ms = stream_now_ms(stream);
    stream->server_active_ms = stream->client_active_ms;
    stream->started_ms = stream->client_active_ms;
    client->events = &STREAM_EVENTS;
    client->owner = stream;
    list_append(&worker->streams, &stream->link);
    session->requests++;
    session->streams++;
    worker->facts->requests_total += stream->is_tcp ? 0 : 1;
    if (captures_begin(&stream->captures, &stream->frontend->settings->captures, &stream->arena) !=
        RESULT_OK) {
        arena_clear(&stream->arena); /* without captures rather than not at all */
    }
    stream_run(stream);
    return RESULT_OK;
}

enum result stream_create(struct session *session, struct mux_stream *client)
{
    return create(session, client, false);
}

enum result stream_create_refused(struct session *session, struct mux_stream *client)
{
    return create(session, client, true);
}
