/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What remains of a stream: its counters and its log line, in HAProxy's formats (manual, section
 * 8). The line is built in the worker's one line buffer and given to sinks that cannot block.
 * Bounded by the largest `len` of a log target.
 */
#include "base/number.h"
#include "proxy/logs.h"
#include "proxy/stream_internal.h"

enum { STATUS_ERROR = 500, STATUS_CLASS = 100, STATUS_CLASS_MAX = 5, LOG_SILENT = 255 };

static void count_status(struct counters *counters, uint16_t status)
{
    unsigned class = status / STATUS_CLASS;
    counters->responses[class >= 1 && class <= STATUS_CLASS_MAX ? class : 0]++;
}

static uint64_t between(uint64_t from_us, uint64_t to_us)
{
    return to_us > from_us && from_us != 0 ? to_us - from_us : 0;
}

/* A rolling sum over about the last 1024 streams: each new one takes the place of the average. */
static void roll(uint64_t *sum, uint32_t *max_ms, uint64_t value_us)
{
    enum { SAMPLES = 1024 };
    *sum = *sum - *sum / SAMPLES + value_us;
    uint32_t value_ms = (uint32_t)(value_us / US_PER_MS);
    *max_ms = value_ms > *max_ms ? value_ms : *max_ms;
}

static void count_times(struct counters *counters, const struct stream_times *times)
{
    roll(&counters->queue_time_us, &counters->queue_time_max_ms,
         between(times->request_us, times->queue_us));
    roll(&counters->connect_time_us, &counters->connect_time_max_ms,
         between(times->queue_us, times->connect_us));
    roll(&counters->response_time_us, &counters->response_time_max_ms,
         between(times->connect_us, times->response_us));
    roll(&counters->total_time_us, &counters->total_time_max_ms,
         between(times->idle_end_us, times->end_us));
}

static void count_bytes(struct counters *counters, const struct stream_facts *facts)
{
    counters->bytes_in += facts->bytes_in;
    counters->bytes_out += facts->bytes_out;
}

void stream_count(struct stream *stream)
{
    const struct stream_facts *facts = &stream->facts;
    struct proxy *backend = stream->backend;
    count_bytes(&stream->frontend->counters, facts);
    count_bytes(&stream->session->bind->counters, facts);
    stream->worker->facts->bytes_out_total += facts->bytes_out;
    rate_add(&stream->worker->facts->bytes_out_rate, stream_now_ms(stream),
             (uint32_t)facts->bytes_out);
    if (!stream->is_tcp && facts->status != 0) {
        count_status(&stream->frontend->counters, facts->status);
    }
    if (backend == NULL) {
        return;
    }
    struct counters *counters = &backend->backend.counters;
    counters->sessions_current--;
    count_bytes(counters, facts);
    count_times(counters, &facts->times);
    if (!stream->is_tcp && facts->status != 0) {
        count_status(counters, facts->status);
        counters->requests_total++;
    }
    struct server *server = stream->assigned != NULL ? stream->assigned : stream->final_server;
    if (server != NULL) {
        count_bytes(&server->counters, facts);
        count_times(&server->counters, &facts->times);
        if (!stream->is_tcp && facts->status != 0) {
            count_status(&server->counters, facts->status);
            server->counters.requests_total++;
        }
    }
}

/* ---- the line ---- */

static bool is_normal(const struct stream *stream)
{
    bool is_clean = stream->facts.termination_cause == '-' && stream->facts.retries == 0;
    return is_clean && (stream->is_tcp || stream->facts.status < STATUS_ERROR);
}

/* option dontlognull: nothing came, nothing is said. */
static bool is_null(const struct stream *stream)
{
    return proxy_has(stream->frontend, OPTION_DONTLOGNULL) && stream->facts.bytes_in == 0 &&
           stream->request.method.length == 0 &&
           (stream->is_tcp ? stream->facts.bytes_out == 0 : true);
}

static bool is_wanted(const struct stream *stream)
{
    bool is_silent = stream->settings.suppress_log || stream->settings.log_level == LOG_SILENT;
    if (stream->has_logged || is_silent || is_null(stream)) {
        return false;
    }
    return !(proxy_has(stream->frontend, OPTION_DONTLOG_NORMAL) && is_normal(stream));
}

static enum syslog_level level_of(const struct stream *stream)
{
    if (stream->settings.log_level != 0) {
        return (enum syslog_level)(stream->settings.log_level - 1);
    }
    bool raises = proxy_has(stream->frontend, OPTION_LOG_SEPARATE_ERRORS);
    return raises && !is_normal(stream) ? SYSLOG_ERR : SYSLOG_INFO;
}

static void fill_counts(struct stream *stream)
{
    struct stream_facts *facts = &stream->facts;
    facts->actconn = stream->worker->facts->connections_current;
    facts->feconn = stream->frontend->counters.sessions_current;
    const struct server *server =
        stream->assigned != NULL ? stream->assigned : stream->final_server;
    facts->beconn =
        stream->backend != NULL ? stream->backend->backend.counters.sessions_current : 0;
    /* at its end a stream counts itself no more, as in HAProxy: the backend's count is down already
     */
    bool counts_itself = stream->client == NULL && stream->assigned != NULL;
    facts->srv_conn =
        server != NULL ? server->counters.sessions_current - (counts_itself ? 1 : 0) : 0;
}

/* Without a request there is none of what belongs to one, nor does its answer count as one. */
static void forget_request(struct stream *stream)
{
    stream->facts.bytes_in = 0;
    stream->facts.bytes_out = 0;
    stream->context.captures = NULL;
    stream->context.unique_id_format = NULL;
}

void stream_log(struct stream *stream)
{
    if (!is_wanted(stream)) {
        return;
    }
    stream->has_logged = true;
    struct proxy *proxy = stream->frontend;
    bool has_targets = proxy->logs_count > 0 || proxy->settings->log_global;
    if (!has_targets || proxy->settings->log_format == NULL) {
        return;
    }
    if (stream->client != NULL) { /* logasap: before the end */
        stream->facts.bytes_in = stream->client->bytes_received;
        stream->facts.bytes_out = stream->client->bytes_sent;
        stream->facts.times.end_us = stream_now_us(stream);
    }
    fill_counts(stream);
    stream->facts.log_counter = proxy->log_counter++;
    stream_prepare_context(stream, RULE_LOG);
    struct rule_context *context = &stream->context;
    context->is_final = true;
    context->log_is_early = stream->client != NULL;
    context->service_name = stream->service != NULL ? "<STATS>" : NULL;
    context->request = stream->request.method.length > 0 ? &stream->request : NULL;
    if (context->server == NULL) {
        context->server = stream->final_server;
    }
    if (stream->is_premature) {
        forget_request(stream);
    }
    bool is_error = stream->is_premature && proxy->settings->log_format_error != NULL;
    const struct log_format *format =
        is_error ? proxy->settings->log_format_error : proxy->settings->log_format;
    struct text line = text_over(stream->worker->log_line, stream->worker->log_line_size);
    log_format_append(format, context, &line);
    arena_clear(&stream->scratch);
    logs_write(proxy, level_of(stream), text_slice(&line));
}

static const char *family_name(const struct address *address)
{
    return address->family == AF_INET6  ? "tcpv6"
           : address->family == AF_UNIX ? "unix_stream"
                                        : "tcpv4";
}

void stream_describe(const struct stream *stream, struct text *text, uint64_t now_ms)
{
    const struct stream_facts *facts = &stream->facts;
    text_append_format(text, "%p: proto=%s src=", (const void *)stream,
                       family_name(&stream->session->source));
    address_append_with_port(text, &stream->session->source, false);
    text_append_format(text, " fe=%s be=%s srv=%s ts=%s epoch=0 age=%llums calls=0 rq=%u",
                       stream->frontend->settings->name,
                       stream->backend != NULL ? stream->backend->settings->name : "<NONE>",
                       stream->assigned != NULL ? stream->assigned->options->name : "<none>",
                       stream_state_name(stream->state),
                       (unsigned long long)(now_ms - stream->started_ms),
                       facts->requests_on_connection);
    text_append_format(text, " up=%zu down=%zu held=%zu", stream->up.queue.bytes,
                       stream->down.queue.bytes, stream->account->used);
    if (stream->client != NULL) {
        text_append_string(text, " client=");
        stream->client->mux->ops->describe(stream->client, text);
    }
    if (stream->server != NULL) {
        text_append_string(text, " server=");
        stream->server->mux->ops->describe(stream->server, text);
    }
    text_append_char(text, '\n');
}
