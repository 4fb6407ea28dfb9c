/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's response: relaying the request body while the response head is awaited, passing
 * interim responses on, running the response rules, and sending the head to the client. Every
 * failure before the head was sent becomes another try or an answer of our own; none leaves the
 * client without one (RFC 9110 15). Bounded by the relay's window and one message.
 */
#include "base/number.h"
#include "proxy/retry.h"
#include "proxy/stream_internal.h"
#include "rules/capture.h"

enum {
    STATUS_SWITCHING = 101,
    STATUS_OK = 200,
    STATUS_REDIRECTION = 300,
    STATUS_INTERNAL_ERROR = 500,
    STATUS_BAD_GATEWAY = 502,
};

/* Passes 100, 102, 103… on; each may be followed by another. */
static enum progress forward_interim(struct stream *stream)
{
    enum result result = stream->client->mux->ops->send_head(stream->client, &stream->response);
    stream->interim_received = true;
    stream->response.status = 0;
    http_message_clear(&stream->response);
    if (result == RESULT_FAILED) {
        stream->client_abort = MUX_ABORT_CLOSED;
    } /* without memory an interim response is left out: they are optional */
    return PROGRESS_AGAIN;
}

/* `retry-on` names the status, and all of the request can be sent again. */
static bool is_retried(const struct stream *stream)
{
    uint32_t bit = retry_of_status(stream->response.status);
    return (stream->backend->settings->retry_on & bit) != 0 && stream->keeps_request &&
           stream->retries_left > 0 && !stream->interim_received;
}

static enum progress begin_answer(struct stream *stream)
{
    struct http_message *response = &stream->response;
    if (is_retried(stream)) {
        http_message_clear(response);
        response->status = 0;
        stream_try_again(stream, false);
        return PROGRESS_AGAIN;
    }
    stream_replay_drop(stream);
    if (response->status < STATUS_OK && response->status != STATUS_SWITCHING) {
        return forward_interim(stream);
    }
    if (stream->up.is_dropped) {
        chunk_queue_clear(&stream->up.queue);
    }
    stream->facts.times.response_us = stream_now_us(stream);
    variable_set_clear(&stream->variables[VARIABLE_REQUEST]);
    stream->facts.status = response->status;
    stream->final_server = stream->assigned;
    bool is_connect =
        stream->request.method_id == HTTP_METHOD_CONNECT && response->status < STATUS_REDIRECTION;
    stream->is_tunnel = response->status == STATUS_SWITCHING || is_connect;
    stream->down.has_ended = response->body == HTTP_BODY_NONE && !stream->is_tunnel;
    stream_enter(stream, STREAM_ANSWER);
    return PROGRESS_AGAIN;
}

static enum progress malformed_response(struct stream *stream, const struct mux_refusal *refusal)
{
    struct proxy *backend = stream->backend;
    stream_prepare_context(stream, RULE_HTTP_RESPONSE);
    proxy_capture_error(backend, &backend->bad_response, refusal, &stream->context);
    backend->bad_response.other = stream->frontend;
    http_message_clear(&stream->response);
    return stream_server_failed(stream, RETRY_JUNK_RESPONSE, STATUS_BAD_GATEWAY, 'P', 'H');
}

/* The server closed without a response. On a reused connection nobody is to blame: it may have
 * idled out while the request was on its way (RFC 9112 9.3.1), so that a safe request is sent again
 * on a new one. */
static enum progress closed_without_response(struct stream *stream)
{
    bool is_stale = stream->context.server_reused && stream_may_replay(stream) &&
                    !stream->interim_received && !stream->reused_link_failed &&
                    stream_is_idempotent(stream);
    http_message_clear(&stream->response);
    if (is_stale) {
        stream->reused_link_failed = true;
        stream_replay_restore(stream);
        stream_release_server(stream, true);
        stream_enter(stream, STREAM_ASSIGN);
        return PROGRESS_AGAIN;
    }
    return stream_server_failed(stream, RETRY_EMPTY_RESPONSE, STATUS_BAD_GATEWAY, 'S', 'H');
}

static enum progress client_left(struct stream *stream)
{
    stream_note_end(stream, 'C', stream->up.has_ended ? 'H' : 'D');
    stream->backend->backend.counters.client_aborts++;
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

enum progress stream_step_response(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        return client_left(stream);
    }
    struct mux_refusal refusal = {0};
    enum result result =
        stream->server->mux->ops->receive_head(stream->server, &stream->response, &refusal);
    switch (result) {
    case RESULT_OK:
        stream->server_active_ms = stream_now_ms(stream);
        return begin_answer(stream);
    case RESULT_INVALID:
        return malformed_response(stream, &refusal);
    case RESULT_NO_MEMORY:
        return stream_wait_for_memory(stream);
    case RESULT_BLOCKED:
        break;
    case RESULT_END:
    case RESULT_FULL:
    case RESULT_NOT_FOUND:
    case RESULT_FAILED:
        return closed_without_response(stream);
    }
    if (stream->server_abort != MUX_ABORT_NONE) {
        return closed_without_response(stream);
    }
    return stream_relay_up(stream);
}

/* ---- rules ---- */

/* A response rule ended the exchange with an answer of its own. */
static enum progress replace_answer(struct stream *stream, struct verdict *verdict)
{
    bool is_error = verdict->kind == VERDICT_ERROR;
    struct counters *counters = &stream->backend->backend.counters;
    bool closes = verdict->kind == VERDICT_REJECT || verdict->kind == VERDICT_DROP;
    if (verdict->kind == VERDICT_DENY || closes) {
        counters->denied_responses++;
        stream->frontend->counters.denied_responses++;
        stream_note_end(stream, 'P', 'H');
        verdict->status = verdict->status != 0 ? verdict->status : STATUS_BAD_GATEWAY;
    } else if (is_error) {
        counters->internal_errors++;
        stream_note_end(stream, 'I', 'H');
    } else {
        stream_note_end(stream, 'L', 'H');
    }
    if (verdict->kind == VERDICT_DROP) {
        connection_make_silent(stream->session->connection, verdict->rst_ttl);
    }
    stream_release_server(stream, true);
    http_message_clear(&stream->response);
    chunk_queue_clear(&stream->down.queue);
    stream->down = (struct stream_direction){0};
    if (closes) {
        stream->client_abort = MUX_ABORT_SHUTDOWN;
        stream_enter(stream, STREAM_CLOSED);
        return PROGRESS_AGAIN;
    }
    return is_error ? stream_reply_status(stream, STATUS_INTERNAL_ERROR)
                    : stream_reply_verdict(stream, verdict);
}

/* Response rules wait for body bytes: at most one buffer of them. */
static enum progress wait_for_response_body(struct stream *stream, const struct verdict *verdict)
{
    const struct global_settings *global = &stream->worker->configuration->global;
    size_t limit = global->bufsize - global->maxrewrite;
    struct stream_direction *down = &stream->down;
    if (!down->has_ended && down->queue.bytes < limit) {
        enum result result = stream->server->mux->ops->receive_body(stream->server, &down->queue,
                                                                    limit - down->queue.bytes);
        if (result == RESULT_OK) {
            return PROGRESS_AGAIN;
        }
        if (result == RESULT_NO_MEMORY) {
            return stream_wait_for_memory(stream);
        }
        uint64_t wait_ms = verdict->wait_ms != 0 ? verdict->wait_ms
                                                 : stream->backend->settings->response_inspect_ms;
        if (result == RESULT_BLOCKED && wait_ms != 0) {
            stream->deadline_ends_inspection = verdict->wait_ms == 0;
            if (stream->state_deadline_ms == TIME_NEVER) {
                stream->state_deadline_ms = stream_now_ms(stream) + wait_ms;
            }
            return stream->is_tcp ? stream_relay_up(stream) : PROGRESS_WAIT;
        }
        /* the end, or a failure that the relay will see again */
        down->has_ended = result != RESULT_BLOCKED;
    }
    stream->inspection_over = true;
    return PROGRESS_AGAIN;
}

static bool run_rules(struct stream *stream, const struct rule_list *list, enum rule_phase phase,
                      enum progress *progress)
{
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    if (!list_is_empty(&list->rules)) {
        stream_prepare_context(stream, phase);
        rule_list_run(list, &stream->context, &stream->position, &verdict);
    }
    if (verdict.kind == VERDICT_CONTINUE || verdict.kind == VERDICT_ACCEPT) {
        stream->position = (struct rule_position){0};
        stream->inspection_over = false;
        return false;
    }
    *progress = verdict.kind == VERDICT_WAIT ? wait_for_response_body(stream, &verdict)
                                             : replace_answer(stream, &verdict);
    return true;
}

static bool finish_answer(struct stream *stream, enum progress *progress)
{
    captures_fill_message(&stream->captures, &stream->response, &stream->arena);
    if (stream_answer_cookie(stream) != RESULT_OK) {
        struct verdict verdict = {.kind = VERDICT_ERROR};
        *progress = replace_answer(stream, &verdict);
        return true;
    }
    stream_after_response_rules(stream);
    return false;
}

static bool send_answer(struct stream *stream, enum progress *progress)
{
    struct http_message *response = &stream->response;
    stream->facts.status = response->status;
    response->wants_close = proxy_has(stream->frontend, OPTION_HTTPCLOSE);
    switch (stream->client->mux->ops->send_head(stream->client, response)) {
    case RESULT_OK:
        stream->down.end_sent = stream->down.has_ended && chunk_queue_is_empty(&stream->down.queue);
        stream_enter(stream, STREAM_RELAY);
        if (stream->is_tunnel) {
            stream->up.has_ended = false;
            stream->up.end_sent = false;
        }
        if (proxy_has(stream->frontend, OPTION_LOGASAP)) {
            stream_log(stream);
        }
        *progress = PROGRESS_AGAIN;
        return true;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        *progress = stream_wait_for_memory(stream);
        return true;
    case RESULT_BLOCKED:
        *progress = PROGRESS_WAIT;
        return true;
    case RESULT_END:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    *progress = client_left(stream);
    return true;
}

static bool run_stage(struct stream *stream, enum progress *progress)
{
    const struct proxy_settings *front = stream->frontend->settings;
    const struct proxy_settings *back = stream->backend->settings;
    switch (stream->answer_stage) {
    case ANSWER_CONTENT:
        return run_rules(stream, &back->tcp_response, RULE_TCP_RESPONSE_CONTENT, progress);
    case ANSWER_BACKEND:
        return run_rules(stream, &back->http_response, RULE_HTTP_RESPONSE, progress);
    case ANSWER_FRONTEND:
        return front != back &&
               run_rules(stream, &front->http_response, RULE_HTTP_RESPONSE, progress);
    case ANSWER_FINISH:
        return finish_answer(stream, progress);
    case ANSWER_SEND:
        return send_answer(stream, progress);
    }
    return false;
}

enum progress stream_step_answer(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        return client_left(stream);
    }
    enum progress progress = PROGRESS_AGAIN;
    while (!run_stage(stream, &progress)) {
        stream->answer_stage++;
        if (stream->is_tcp) { /* no message, no more rules */
            stream_enter(stream, STREAM_RELAY);
            break;
        }
    }
    return progress;
}
