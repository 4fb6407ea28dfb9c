/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's request: receiving its head, running the request rules stage by stage (frontend,
 * choice of the backend, backend), and executing their verdicts. Rules may wait for bytes: of a TCP
 * session, or of a body; at most one buffer is kept for them. Bounded by tune.bufsize less
 * tune.maxrewrite, and in time by inspect-delay, http-request and client timeouts.
 */
#include "base/number.h"
#include "proxy/stream_internal.h"
#include "rules/capture.h"

enum {
    STATUS_OK = 200,
    STATUS_BAD_REQUEST = 400,
    STATUS_FORBIDDEN = 403,
    STATUS_REQUEST_TIMEOUT = 408,
    STATUS_INTERNAL_ERROR = 500,
    STATUS_SERVICE_UNAVAILABLE = 503,
    DEFAULT_TARPIT_MS = 3000,
    BACKEND_NAME_MAX = 256,
};

void stream_prepare_context(struct stream *stream, enum rule_phase phase)
{
    struct rule_context *context = &stream->context;
    context->phase = phase;
    context->now_ms = stream_now_ms(stream);
    context->wall_us = event_wall_us(stream->worker->loop);
    context->process_connections = stream->worker->facts->connections_current;
    context->is_stopping = stream->worker->facts->is_stopping;
    context->frontend_timeouts = &stream->frontend->timeouts;
    context->backend_timeouts = &stream_proxy(stream)->timeouts;
    context->is_final = stream->inspection_over;
    bool has_request = !stream->is_tcp && stream->state != STREAM_HEAD;
    context->request = has_request ? &stream->request : NULL;
    context->response = stream->response.status != 0 ? &stream->response : NULL;
    context->request_body = &stream->up.queue;
    const struct global_settings *global = &stream->worker->configuration->global;
    size_t body_max = global->bufsize - global->maxrewrite;
    context->request_complete = stream->up.has_ended;
    context->request_full = stream->up.queue.bytes >= body_max;
    context->response_full = stream->down.queue.bytes >= body_max;
    context->response_body = &stream->down.queue;
    context->response_complete = stream->down.has_ended;
    if (stream->backend != NULL) {
        context->backend = &stream->backend->backend.identity;
        context->balance = &stream->backend->backend;
    }
    if (stream->client != NULL) {
        stream->facts.bytes_in = stream->client->bytes_received;
        stream->facts.bytes_out = stream->client->bytes_sent;
    }
    context->server = stream->assigned;
    context->server_connection = stream->server != NULL ? stream->server->mux->connection : NULL;
}

/* ---- the head ---- */

static void note_refusal(struct stream *stream, const struct mux_refusal *refusal)
{
    struct proxy *frontend = stream->frontend;
    stream->is_premature = true;
    frontend->counters.request_errors++;
    switch (refusal->cause) {
    case MUX_ABORT_TIMEOUT:
        stream_note_end(stream, 'c', 'R');
        break;
    case MUX_ABORT_CLOSED:
        stream_note_end(stream, 'C', 'R');
        break;
    case MUX_ABORT_NONE:
    case MUX_ABORT_MALFORMED:
    case MUX_ABORT_SHUTDOWN:
    case MUX_ABORT_UNSENT:
        stream_note_end(stream, 'P', 'R');
        proxy_capture_error(frontend, &frontend->bad_request, refusal, &stream->context);
        frontend->bad_request.other = stream->backend;
        break;
    }
}

static bool is_monitor_request(const struct stream *stream)
{
    const char *uri = stream->frontend->settings->monitor_uri;
    return uri != NULL && slice_equal(stream->request.target, slice_from_string(uri));
}

static enum progress answer_monitor(struct stream *stream)
{
    const struct proxy_settings *settings = stream->frontend->settings;
    stream->settings.suppress_log = true;
    stream_note_end(stream, 'L', 'R');
    bool fails = settings->monitor_fail != NULL &&
                 acl_condition_evaluate(settings->monitor_fail, &stream->context) == RESULT_OK;
    return stream_reply_status(stream, fails ? STATUS_SERVICE_UNAVAILABLE : STATUS_OK);
}

/* Its memory did not come within the queue's time: the client may try again soon. */
static enum progress refuse_for_memory(struct stream *stream)
{
    stream_note_end(stream, 'R', 'Q');
    enum progress progress = stream_reply_status(stream, STATUS_SERVICE_UNAVAILABLE);
    if (stream->state == STREAM_REPLY &&
        http_fields_append_copy(&stream->response.fields, SLICE("retry-after"), SLICE("1")) !=
            RESULT_OK) {
        stream_enter(stream, STREAM_CLOSED);
    }
    return progress;
}

static enum progress begin_request(struct stream *stream)
{
    stream->facts.times.request_us = stream_now_us(stream);
    stream->frontend->counters.requests_total++;
    rate_add(&stream->frontend->counters.request_rate, stream_now_ms(stream), 1);
    const struct global_settings *global = &stream->worker->configuration->global;
    captures_fill_request_line(&stream->captures, &stream->request, global->uri_log_bytes_max,
                               &stream->arena);
    captures_fill_message(&stream->captures, &stream->request, &stream->arena);
    stream->up.has_ended = stream->request.body == HTTP_BODY_NONE;
    stream_enter(stream, STREAM_RULES);
    stream_prepare_context(stream, RULE_HTTP_REQUEST);
    if (stream->is_refused) {
        return refuse_for_memory(stream);
    }
    return is_monitor_request(stream) ? answer_monitor(stream) : PROGRESS_AGAIN;
}

enum progress stream_step_head(struct stream *stream)
{
    struct mux_refusal refusal = {0};
    switch (stream->client->mux->ops->receive_head(stream->client, &stream->request, &refusal)) {
    case RESULT_OK:
        return begin_request(stream);
    case RESULT_NO_MEMORY:
        return stream_wait_for_memory(stream);
    case RESULT_BLOCKED:
        return PROGRESS_WAIT;
    case RESULT_INVALID:
    case RESULT_FULL:
        stream_prepare_context(stream, RULE_HTTP_REQUEST);
        note_refusal(stream, &refusal);
        if (refusal.status == 0) {
            break;
        }
        return stream_reply_status(stream, refusal.status);
    case RESULT_END:
    case RESULT_NOT_FOUND:
    case RESULT_FAILED:
        stream_note_end(stream, 'C', 'R');
        break;
    }
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

/* ---- waiting for bytes ---- */

static void send_continue(struct stream *stream)
{
    if (stream->is_tcp || stream->continue_sent || !stream->request.expects_continue ||
        !chunk_queue_is_empty(&stream->up.queue)) {
        return;
    }
    struct http_message interim;
    http_message_init(&interim, stream->worker->chunks, stream->account, 0, 1);
    interim.is_response = true;
    interim.version = HTTP_VERSION_1_1;
    interim.status = 100;
    interim.reason = SLICE("Continue");
    stream->continue_sent =
        stream->client->mux->ops->send_head(stream->client, &interim) == RESULT_OK;
    http_message_clear(&interim);
}

enum result stream_buffer_request(struct stream *stream)
{
    const struct global_settings *global = &stream->worker->configuration->global;
    size_t limit = global->bufsize - global->maxrewrite;
    struct stream_direction *up = &stream->up;
    send_continue(stream);
    while (!up->has_ended && up->queue.bytes < limit) {
        enum result result = stream->client->mux->ops->receive_body(stream->client, &up->queue,
                                                                    limit - up->queue.bytes);
        if (result == RESULT_OK) {
            stream->client_active_ms = stream_now_ms(stream);
        } else if (result == RESULT_END) {
            up->has_ended = true;
        } else {
            return result;
        }
    }
    return up->has_ended ? RESULT_END : RESULT_OK;
}

/* Rules are blocked: gets more input for them, or lets them see that there will be none. */
static enum progress wait_for_input(struct stream *stream, const struct verdict *verdict)
{
    if (!stream->is_tcp &&
        !verdict->waits_for_body) { /* the head is complete: no more of it comes */
        stream->inspection_over = true;
        return PROGRESS_AGAIN;
    }
    size_t before = stream->up.queue.bytes;
    enum result result = stream_buffer_request(stream);
    if (result == RESULT_NO_MEMORY) {
        return stream_wait_for_memory(stream);
    }
    if (result == RESULT_FAILED) {
        stream_note_end(stream, 'C', 'R');
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    bool is_enough = verdict->wait_bytes != 0 && stream->up.queue.bytes >= verdict->wait_bytes;
    if (result == RESULT_END || result == RESULT_OK || is_enough) {
        stream->inspection_over = true;
        return PROGRESS_AGAIN;
    }
    if (stream->up.queue.bytes > before) {
        return PROGRESS_AGAIN;
    }
    if (stream->state_deadline_ms == TIME_NEVER) {
        stream->deadline_ends_inspection = verdict->wait_ms == 0;
        uint64_t wait_ms = verdict->wait_ms;
        if (wait_ms == 0) {
            wait_ms = stream_proxy(stream)->settings->request_inspect_ms;
        }
        if (wait_ms == 0 && stream->is_tcp) { /* without inspect-delay nothing is waited for */
            stream->inspection_over = true;
            return PROGRESS_AGAIN;
        }
        uint64_t now_ms = stream_now_ms(stream);
        stream->state_deadline_ms = wait_ms == 0 ? TIME_NEVER : now_ms + wait_ms;
    }
    return PROGRESS_WAIT;
}

/* ---- verdicts ---- */

static enum progress begin_tarpit(struct stream *stream, const struct verdict *verdict)
{
    uint32_t delay_ms = stream->settings.tarpit_timeout_ms;
    if (delay_ms == 0) {
        const struct proxy_timeouts *timeouts = &stream_proxy(stream)->settings->timeouts;
        delay_ms = timeouts->tarpit_ms != 0 ? timeouts->tarpit_ms : timeouts->connect_ms;
    }
    stream->pending = *verdict;
    if (stream->pending.status == 0) {
        stream->pending.status = STATUS_INTERNAL_ERROR;
    }
    stream->frontend->counters.denied_requests++;
    stream_enter(stream, STREAM_TARPIT);
    stream->state_deadline_ms =
        stream_now_ms(stream) + (delay_ms != 0 ? delay_ms : DEFAULT_TARPIT_MS);
    return PROGRESS_AGAIN;
}

enum progress stream_step_tarpit(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        stream_note_end(stream, 'C', 'T');
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    if (stream_now_ms(stream) < stream->state_deadline_ms) {
        return PROGRESS_WAIT;
    }
    stream_note_end(stream, 'P', 'T');
    return stream_reply_verdict(stream, &stream->pending);
}

static enum progress deny(struct stream *stream, struct verdict *verdict)
{
    stream->frontend->counters.denied_requests++;
    if (stream->backend != NULL && stream->backend != stream->frontend) {
        stream->backend->backend.counters.denied_requests++;
    }
    stream_note_end(stream, 'P', 'R');
    if (verdict->kind == VERDICT_DROP) {
        connection_make_silent(stream->session->connection, verdict->rst_ttl);
    }
    if (verdict->kind != VERDICT_DENY || stream->is_tcp) {
        stream_enter(stream, STREAM_CLOSED);
        stream->client_abort = MUX_ABORT_SHUTDOWN;
        return PROGRESS_AGAIN;
    }
    verdict->status = verdict->status != 0 ? verdict->status : STATUS_FORBIDDEN;
    return stream_reply_verdict(stream, verdict);
}

bool stream_apply_verdict(struct stream *stream, const struct verdict *given,
                          enum progress *progress)
{
    struct verdict verdict = *given;
    *progress = PROGRESS_AGAIN;
    switch (verdict.kind) {
    case VERDICT_CONTINUE:
    case VERDICT_ACCEPT:
        stream->position = (struct rule_position){0};
        stream->inspection_over = false;
        stream->state_deadline_ms = TIME_NEVER;
        return false;
    case VERDICT_WAIT:
        *progress = wait_for_input(stream, &verdict);
        return true;
    case VERDICT_DENY:
    case VERDICT_REJECT:
    case VERDICT_DROP:
        *progress = deny(stream, &verdict);
        return true;
    case VERDICT_TARPIT:
        *progress = begin_tarpit(stream, &verdict);
        return true;
    case VERDICT_REPLY:
        stream->frontend->counters.intercepted++;
        stream_note_end(stream, 'L', 'R');
        *progress = stream_reply_verdict(stream, &verdict);
        return true;
    case VERDICT_SERVICE:
        stream->frontend->counters.intercepted++;
        stream_note_end(stream, 'L', 'R');
        *progress = stream_reply_service(stream, verdict.service);
        return true;
    case VERDICT_TIMEOUT:
        stream_note_end(stream, 'c', 'R');
        *progress = stream_reply_verdict(stream, &verdict);
        return true;
    case VERDICT_SWITCH_HTTP:
    case VERDICT_ERROR:
        stream->frontend->counters.internal_errors++;
        stream_note_end(stream, 'I', 'R');
        *progress = stream_reply_status(stream, verdict.status != 0 ? verdict.status
                                                                    : STATUS_INTERNAL_ERROR);
        return true;
    }
    return false;
}

/* Runs one list; true when the stream must not go on to the next stage with `*progress`. */
static bool run_rules(struct stream *stream, const struct rule_list *list, enum rule_phase phase,
                      enum progress *progress)
{
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    if (!list_is_empty(&list->rules)) {
        stream_prepare_context(stream, phase);
        rule_list_run(list, &stream->context, &stream->position, &verdict);
    }
    return stream_apply_verdict(stream, &verdict, progress);
}

/* ---- stages ---- */

/* option http-buffer-request: the body, or as much of it as a buffer holds, comes before the rules.
 */
static bool wait_for_body(struct stream *stream, enum progress *progress)
{
    bool wanted = !stream->is_tcp && proxy_has(stream->frontend, OPTION_HTTP_BUFFER_REQUEST);
    if (!wanted || stream->inspection_over) {
        return false;
    }
    enum result result = stream_buffer_request(stream);
    if (result == RESULT_OK || result == RESULT_END) {
        return false;
    }
    if (result == RESULT_BLOCKED) {
        uint32_t limit_ms = stream->frontend->settings->timeouts.http_request_ms;
        if (stream->state_deadline_ms == TIME_NEVER && limit_ms != 0) {
            stream->state_deadline_ms = stream_now_ms(stream) + limit_ms;
        }
        *progress = PROGRESS_WAIT;
    } else if (result == RESULT_NO_MEMORY) {
        *progress = stream_wait_for_memory(stream);
    } else {
        stream_note_end(stream, 'C', 'R');
        stream_enter(stream, STREAM_CLOSED);
        *progress = PROGRESS_AGAIN;
    }
    return true;
}

static struct proxy *target_of(struct stream *stream, const struct switch_rule *rule)
{
    if (rule->dynamic == NULL) {
        return proxy_of(rule->target);
    }
    char name[BACKEND_NAME_MAX];
    struct text text = text_over(name, sizeof(name));
    log_format_append(rule->dynamic, &stream->context, &text);
    return proxy_find(stream->worker, text_slice(&text), PROXY_BACKEND);
}

/* The first use_backend whose condition holds and whose backend exists, else the default, else a
 * listen's own. */
static struct proxy *choose_backend(struct stream *stream)
{
    const struct proxy_settings *settings = stream->frontend->settings;
    LIST_EACH(link, &settings->use_backend) {
        const struct switch_rule *rule = container_of(link, struct switch_rule, link);
        if (acl_condition_evaluate(rule->condition, &stream->context) == RESULT_OK) {
            struct proxy *target = target_of(stream, rule);
            if (target != NULL) {
                return target;
            }
            break;
        }
    }
    if (settings->default_backend != NULL) {
        return proxy_of(settings->default_backend);
    }
    return (settings->role & PROXY_BACKEND) != 0 ? stream->frontend : NULL;
}

static bool switch_backend(struct stream *stream, enum progress *progress)
{
    stream_prepare_context(stream, stream->is_tcp ? RULE_TCP_REQUEST_CONTENT : RULE_HTTP_REQUEST);
    stream->context.is_final = true;
    stream->backend = choose_backend(stream);
    arena_clear(&stream->scratch);
    if (stream->backend == NULL) {
        stream_note_end(stream, 'S', 'C');
        *progress = stream_reply_status(stream, STATUS_SERVICE_UNAVAILABLE);
        return true;
    }
    struct counters *counters = &stream->backend->backend.counters;
    counters->sessions_total++;
    counters->sessions_current++;
    if (counters->sessions_current > counters->sessions_max) {
        counters->sessions_max = counters->sessions_current;
    }
    rate_add(&counters->session_rate, stream_now_ms(stream), 1);
    return false;
}

/* The statistics page of the frontend, or of the backend once there is one. */
static bool answer_statistics(struct stream *stream, enum progress *progress)
{
    const struct proxy *statistics = stream_statistics_proxy(stream);
    if (statistics != NULL) {
        *progress = stream_answer_statistics(stream, statistics);
    }
    return statistics != NULL;
}

/* What is added for the server behind all rules. */
static bool finish_request(struct stream *stream, enum progress *progress)
{
    if (stream->is_tcp) {
        return false;
    }
    if (answer_statistics(stream, progress)) {
        return true;
    }
    stream_prepare_context(stream, RULE_HTTP_REQUEST);
    enum result result = stream_add_forward_headers(stream);
    if (result == RESULT_OK) {
        return false;
    }
    stream->frontend->counters.rewrites_failed++;
    stream_note_end(stream, 'P', 'R');
    *progress = stream_reply_status(stream, STATUS_INTERNAL_ERROR);
    return true;
}

static bool run_stage(struct stream *stream, enum progress *progress)
{
    const struct proxy_settings *front = stream->frontend->settings;
    const struct proxy_settings *back = stream->backend != NULL ? stream->backend->settings : NULL;
    bool is_separate = back != front;
    switch (stream->stage) {
    case STAGE_FRONTEND_CONTENT:
        return run_rules(stream, &front->tcp_request, RULE_TCP_REQUEST_CONTENT, progress);
    case STAGE_BUFFER:
        return wait_for_body(stream, progress);
    case STAGE_FRONTEND_HTTP:
        return !stream->is_tcp &&
               run_rules(stream, &front->http_request, RULE_HTTP_REQUEST, progress);
    case STAGE_STATISTICS:
        return answer_statistics(stream, progress);
    case STAGE_FRONTEND_REDIRECT:
        return !stream->is_tcp && run_rules(stream, &front->redirects, RULE_HTTP_REQUEST, progress);
    case STAGE_SWITCH:
        return switch_backend(stream, progress);
    case STAGE_BACKEND_CONTENT:
        return is_separate &&
               run_rules(stream, &back->tcp_request, RULE_TCP_REQUEST_CONTENT, progress);
    case STAGE_BACKEND_HTTP:
        return is_separate && !stream->is_tcp &&
               run_rules(stream, &back->http_request, RULE_HTTP_REQUEST, progress);
    case STAGE_BACKEND_REDIRECT:
        return is_separate && !stream->is_tcp &&
               run_rules(stream, &back->redirects, RULE_HTTP_REQUEST, progress);
    case STAGE_FINISH:
        return finish_request(stream, progress);
    case STAGE_END:
        return false;
    }
    return false;
}

enum progress stream_step_rules(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        stream_note_end(stream, 'C', 'R');
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    while (stream->stage != STAGE_END) {
        enum progress progress = PROGRESS_AGAIN;
        if (run_stage(stream, &progress)) {
            return progress;
        }
        stream->stage++;
        stream->inspection_over = false;
        stream->state_deadline_ms = TIME_NEVER;
    }
    stream->retries_left = stream->settings.retries >= 0 ? stream->settings.retries
                                                         : stream->backend->settings->retries;
    stream_replay_begin(stream);
    stream_enter(stream, STREAM_ASSIGN);
    return PROGRESS_AGAIN;
}
