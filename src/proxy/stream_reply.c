/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers made here: error pages, redirects, `return`, and internal services such as the statistics
 * page. The answer is materialized once, passes the http-after-response rules, and is sent like a
 * response of a server. Bounded by one buffer of body at a time.
 */
#include "base/number.h"
#include "proxy/stream_internal.h"

enum { STATUS_INTERNAL_ERROR = 500, STATUS_NOT_FOUND = 404 };

static struct error_files *error_files_of(const struct stream *stream)
{
    return stream_proxy(stream)->settings->errors;
}

static void prepare_response(struct stream *stream)
{
    http_message_clear(&stream->response);
    chunk_queue_clear(&stream->down.queue);
    stream->down = (struct stream_direction){0};
    stream->position = (struct rule_position){0};
}

/* Nothing could be said: the connection closes, which every client understands. */
static enum progress give_up(struct stream *stream)
{
    stream_note_end(stream, 'P', 'R');
    stream->client_abort = MUX_ABORT_SHUTDOWN;
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

static enum progress begin_reply(struct stream *stream, enum result made)
{
    if (made != RESULT_OK) { /* RESULT_END: an error file without a word */
        stream->worker->facts->refused_memory += made == RESULT_END ? 0 : 1;
        return give_up(stream);
    }
    if (stream->assigned != NULL || stream->server_link != NULL || stream->server != NULL) {
        stream_release_server(stream, true);
    }
    stream->facts.status = stream->response.status;
    stream_enter(stream, STREAM_REPLY);
    if (stream->service == NULL) {
        stream->down.has_ended = true;
    } else { /* a service is as good as a server that answered at once */
        struct stream_times *times = &stream->facts.times;
        times->queue_us = stream_now_us(stream);
        times->connect_us = times->queue_us;
        times->response_us = times->queue_us;
    }
    if (!stream->is_premature) {
        stream_after_response_rules(stream);
    }
    return PROGRESS_AGAIN;
}

enum progress stream_reply_verdict(struct stream *stream, const struct verdict *verdict)
{
    struct verdict kept = *verdict;
    prepare_response(stream);
    stream_prepare_context(stream, RULE_HTTP_REQUEST);
    return begin_reply(stream, reply_make(&kept, error_files_of(stream), &stream->context,
                                          &stream->response, &stream->down.queue,
                                          stream->worker->chunks, stream->account));
}

enum progress stream_reply_status(struct stream *stream, uint16_t status)
{
    prepare_response(stream);
    stream_prepare_context(stream, RULE_HTTP_REQUEST);
    return begin_reply(stream, reply_make_error(status, error_files_of(stream), &stream->context,
                                                &stream->response, &stream->down.queue,
                                                stream->worker->chunks, stream->account));
}

/* ---- services ---- */

static const struct service_ops *find_service(const struct worker *worker, const char *name)
{
    for (const struct service_ops *const *service = worker->services; *service != NULL; service++) {
        if (slice_equal(slice_from_string((*service)->name), slice_from_string(name))) {
            return *service;
        }
    }
    return NULL;
}

static struct service_request service_request_of(struct stream *stream)
{
    const struct proxy *proxy =
        stream->service_proxy != NULL ? stream->service_proxy : stream_proxy(stream);
    return (struct service_request){
        .worker = stream->worker,
        .proxy = proxy,
        .context = &stream->context,
        .request = &stream->request,
        .body = &stream->up.queue,
    };
}

enum progress stream_reply_service(struct stream *stream, const char *name)
{
    const struct service_ops *service = find_service(stream->worker, name);
    if (service == NULL) {
        return stream_reply_status(stream, STATUS_NOT_FOUND);
    }
    struct service_request request = service_request_of(stream);
    if (service->wants_body(&request) && !stream->inspection_over) {
        enum result result = stream_buffer_request(stream);
        if (result == RESULT_BLOCKED) {
            return PROGRESS_WAIT;
        }
        if (result == RESULT_NO_MEMORY) {
            return stream_wait_for_memory(stream);
        }
    }
    prepare_response(stream);
    stream_prepare_context(stream, RULE_HTTP_REQUEST);
    stream->service = service;
    enum result made = service->begin(&request, &stream->response, stream->service_state);
    return begin_reply(stream, made);
}

static enum progress produce(struct stream *stream)
{
    struct service_request request = service_request_of(stream);
    switch (stream->service->produce(&request, stream->service_state, &stream->down.queue,
                                     stream->worker->chunks->bytes[CHUNK_NORMAL],
                                     stream->account)) {
    case RESULT_OK:
        return PROGRESS_AGAIN;
    case RESULT_END:
        stream->down.has_ended = true;
        return PROGRESS_AGAIN;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return stream_wait_for_memory(stream);
    case RESULT_BLOCKED:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    stream_note_end(stream, 'I', 'D');
    stream->client_abort = MUX_ABORT_SHUTDOWN;
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

/* ---- sending ---- */

void stream_after_response_rules(struct stream *stream)
{
    const struct proxy *lists[] = {stream->backend, stream->frontend};
    unsigned first = stream->backend == NULL || stream->backend == stream->frontend ? 1 : 0;
    for (unsigned i = first; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct verdict verdict = {.kind = VERDICT_CONTINUE};
        struct rule_position position = {0};
        if (list_is_empty(&lists[i]->settings->http_after_response.rules)) {
            continue;
        }
        stream_prepare_context(stream, RULE_HTTP_AFTER_RESPONSE);
        stream->context.is_final = true;
        stream->context.response = &stream->response;
        rule_list_run(&lists[i]->settings->http_after_response, &stream->context, &position,
                      &verdict);
        if (verdict.kind == VERDICT_ERROR) {
            stream->frontend->counters.internal_errors++;
        }
    }
    stream->facts.status = stream->response.status;
}

static enum progress client_left(struct stream *stream)
{
    if (stream->facts.termination_cause == 'L') {
        stream->facts.termination_cause = 'C';
        stream->facts.termination_phase = 'D';
    }
    stream->client_abort = MUX_ABORT_CLOSED;
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}

static enum progress after_sending(struct stream *stream, enum result result)
{
    switch (result) {
    case RESULT_OK:
        return PROGRESS_AGAIN;
    case RESULT_NO_MEMORY:
    case RESULT_FULL:
        return stream_wait_for_memory(stream);
    case RESULT_BLOCKED:
        stream->down.is_blocked = true;
        return PROGRESS_WAIT;
    case RESULT_END:
    case RESULT_NOT_FOUND:
    case RESULT_INVALID:
    case RESULT_FAILED:
        break;
    }
    return client_left(stream);
}

enum progress stream_step_reply(struct stream *stream)
{
    if (stream->client_abort != MUX_ABORT_NONE) {
        return client_left(stream);
    }
    const struct mux_ops *ops = stream->client->mux->ops;
    struct stream_direction *down = &stream->down;
    if (!stream->reply_head_sent) {
        stream->response.wants_close =
            stream->response.wants_close || proxy_has(stream->frontend, OPTION_HTTPCLOSE);
        enum result result = ops->send_head(stream->client, &stream->response);
        stream->reply_head_sent = result == RESULT_OK;
        return after_sending(stream, result);
    }
    if (!chunk_queue_is_empty(&down->queue)) {
        size_t before = down->queue.bytes;
        enum result result = ops->send_body(stream->client, &down->queue);
        down->bytes += before - down->queue.bytes;
        return after_sending(stream, result);
    }
    if (!down->has_ended) {
        return produce(stream);
    }
    enum result result = ops->send_end(stream->client, NULL);
    if (result != RESULT_OK) {
        return after_sending(stream, result);
    }
    down->end_sent = true;
    stream_enter(stream, STREAM_CLOSED);
    return PROGRESS_AGAIN;
}
