/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of one exchange: captures, its id, what ended it, its times and counts. All of it is in
 * the context; no memory.
 */
#include "rules/fetch.h"
#include "rules/log_format.h"
#include "rules/log_time.h"

enum { TERMINATION_BYTES = 2 };

/* ---- captures ---- */

static enum result fetch_capture(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    const struct captures *captures = context->captures;
    int64_t id = sample_argument_integer(call->arguments, 0, 0);
    bool is_response = call->variant != 0;
    unsigned count = captures == NULL ? 0
                     : is_response    ? captures->response_count
                                      : captures->request_count;
    if (id < 0 || id >= count) {
        return RESULT_NOT_FOUND;
    }
    struct slice value = is_response ? captures->response[id] : captures->request[id];
    return value.data == NULL ? RESULT_NOT_FOUND : sample_give_text(out, value);
}

enum line_part { LINE_METHOD, LINE_URI, LINE_VERSION };

/* From its first slash on; nothing when the target has no path. */
static struct slice path_of(struct slice target)
{
    size_t scheme = slice_find(target, SLICE("://"));
    struct slice rest = target;
    if (!slice_starts_with(target, SLICE("/")) && scheme < target.length) {
        rest = slice_skip(target, scheme + SLICE("://").length);
        rest = slice_skip(rest, slice_find_char(rest, '/'));
    }
    return slice_starts_with(rest, SLICE("/")) ? rest : SLICE_NONE;
}

static enum result fetch_request_line(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    struct slice rest = context->captures != NULL ? context->captures->request_line : SLICE_NONE;
    struct slice part = SLICE_NONE;
    for (unsigned i = 0; i <= call->variant; i++) {
        if (rest.data == NULL || !slice_next_token(&rest, ' ', &part)) {
            return RESULT_NOT_FOUND;
        }
    }
    part = call->variant == LINE_URI ? path_of(part) : part;
    return part.length == 0 ? RESULT_NOT_FOUND : sample_give_text(out, part);
}

static enum result fetch_unique_id(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    (void)call;
    struct slice id = log_format_unique_id(context);
    return id.data == NULL ? RESULT_NOT_FOUND : sample_give_text(out, id);
}

static enum result fetch_first_request(const struct sample_call *call, struct rule_context *context,
                                       struct sample *out)
{
    (void)call;
    return sample_give_bool(out,
                            context->facts != NULL && context->facts->requests_on_connection == 0);
}

static enum result fetch_final_rule(const struct sample_call *call, struct rule_context *context,
                                    struct sample *out)
{
    if (context->facts == NULL || context->facts->final_rule_file == NULL) {
        return RESULT_NOT_FOUND;
    }
    return call->variant != 0 ? sample_give_integer(out, context->facts->final_rule_line)
                              : sample_give_string(out, context->facts->final_rule_file);
}

/* As the log writes it: "HTTP/1.1". */
static enum result fetch_response_version(const struct sample_call *call,
                                          struct rule_context *context, struct sample *out)
{
    (void)call;
    if (context->response == NULL) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, context->response->version == HTTP_VERSION_1_0
                                     ? SLICE("HTTP/1.0")
                                     : SLICE("HTTP/1.1"));
}

/* ---- numbers ---- */

enum stream_fact {
    FACT_BYTES_IN,
    FACT_BYTES_OUT,
    FACT_RETRIES,
    FACT_ID,
    FACT_BACKEND_QUEUE,
    FACT_SERVER_QUEUE,
    FACT_STATUS,
};

static enum result fetch_fact(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    const struct stream_facts *facts = context->facts;
    if (facts == NULL) {
        return RESULT_NOT_FOUND;
    }
    switch ((enum stream_fact)call->variant) {
    case FACT_BYTES_IN:
        return sample_give_integer(out, (int64_t)facts->bytes_in);
    case FACT_BYTES_OUT:
        return sample_give_integer(out, (int64_t)facts->bytes_out);
    case FACT_RETRIES:
        return sample_give_integer(out, facts->retries);
    case FACT_ID:
        return sample_give_integer(out, (uint32_t)facts->id);
    case FACT_BACKEND_QUEUE:
        return sample_give_integer(out, facts->backend_queue);
    case FACT_SERVER_QUEUE:
        return sample_give_integer(out, facts->server_queue);
    case FACT_STATUS:
        return facts->status != 0 ? sample_give_integer(out, facts->status) : RESULT_NOT_FOUND;
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_is_redispatched(const struct sample_call *call,
                                         struct rule_context *context, struct sample *out)
{
    (void)call;
    return context->facts == NULL ? RESULT_NOT_FOUND
                                  : sample_give_bool(out, context->facts->redispatched);
}

enum priority_fact { PRIORITY_CLASS, PRIORITY_OFFSET };

static enum result fetch_priority(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    if (context->settings == NULL) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_integer(out, call->variant == PRIORITY_CLASS
                                        ? context->settings->priority_class
                                        : context->settings->priority_offset);
}

/* "--" until the stream ends. */
static enum result fetch_termination(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    (void)call;
    if (context->facts == NULL) {
        return RESULT_NOT_FOUND;
    }
    char *place = arena_take_text(context->scratch, TERMINATION_BYTES);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    place[0] = context->facts->termination_cause;
    place[1] = context->facts->termination_phase;
    return sample_give_text(out, slice_of(place, TERMINATION_BYTES));
}

static enum result fetch_final_entity(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    enum { ENTITY_BYTES = 512 };
    const struct stream_facts *facts = context->facts;
    (void)call;
    if (facts == NULL || facts->final_rule_file == NULL) {
        return RESULT_NOT_FOUND;
    }
    char *place = arena_take_text(context->scratch, ENTITY_BYTES);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(place, ENTITY_BYTES);
    text_append_format(&text, "%s:%u", facts->final_rule_file, facts->final_rule_line);
    return sample_give_text(out, text_slice(&text));
}

/* ---- times ---- */

enum { DATE_OF_ACCEPT, DATE_OF_REQUEST };

static enum result fetch_stream_date(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    if (context->facts == NULL) {
        return RESULT_NOT_FOUND;
    }
    const struct stream_times *times = &context->facts->times;
    uint64_t wall_us =
        call->variant == DATE_OF_REQUEST ? log_request_wall_us(times) : times->accept_wall_us;
    int64_t divisor = fetch_unit_divisor(sample_argument_text(call->arguments, 0));
    return sample_give_integer(out, (int64_t)wall_us / divisor);
}

static enum result check_stream_date(struct rule_parser *parser, struct sample_arguments *arguments,
                                     unsigned variant)
{
    (void)variant;
    return fetch_check_unit(parser, arguments, 0);
}

static enum result fetch_timer(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    if (context->facts == NULL) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_integer(out, log_timer(&context->facts->times, (enum log_timer)call->variant,
                                              context->frontend_is_http));
}

/* ---- the table ---- */

#define NUMBER_ROW(name, places, function, variant) \
    FETCH_ROW(name, SAMPLE_INTEGER, places, function, variant, 0)
#define TEXT_ROW(name, places, function, variant) \
    FETCH_ROW(name, SAMPLE_STRING, places, function, variant, 0)
#define CAPTURE_ROW(name, is_response)                                                           \
    FETCH_ROW_WITH(name, SAMPLE_STRING, FETCH_OF_STREAM, fetch_capture, NULL, is_response, 0, 1, \
                   ARGUMENT_INTEGER)
#define TIMER_ROW(name, places, timer) NUMBER_ROW(name, places, fetch_timer, timer)
#define DATE_ROW(name, variant)                                                                 \
    FETCH_ROW_WITH(name, SAMPLE_INTEGER, FETCH_OF_STREAM, fetch_stream_date, check_stream_date, \
                   variant, 0, 0, ARGUMENT_STRING)

const struct sample_fetch fetches_stream[] = {
    CAPTURE_ROW("capture.req.hdr", 0),
    CAPTURE_ROW("capture.res.hdr", 1),
    TEXT_ROW("capture.req.method", FETCH_OF_STREAM, fetch_request_line, LINE_METHOD),
    TEXT_ROW("capture.req.uri", FETCH_OF_STREAM, fetch_request_line, LINE_URI),
    TEXT_ROW("capture.req.ver", FETCH_OF_STREAM, fetch_request_line, LINE_VERSION),
    TEXT_ROW("capture.res.ver", FETCH_OF_SERVER, fetch_response_version, 0),
    TEXT_ROW("unique-id", FETCH_OF_STREAM, fetch_unique_id, 0),
    FETCH_ROW("http_first_req", SAMPLE_BOOL, FETCH_OF_STREAM, fetch_first_request, 0, 0),
    TEXT_ROW("last_rule_file", FETCH_OF_STREAM, fetch_final_rule, 0),
    NUMBER_ROW("last_rule_line", FETCH_OF_STREAM, fetch_final_rule, 1),
    TEXT_ROW("last_entity", FETCH_OF_STREAM, fetch_final_entity, 0),
    NUMBER_ROW("bytes_in", FETCH_OF_STREAM, fetch_fact, FACT_BYTES_IN),
    NUMBER_ROW("bytes_out", FETCH_OF_STREAM, fetch_fact, FACT_BYTES_OUT),
    NUMBER_ROW("bc_be_queue", FETCH_OF_SERVER, fetch_fact, FACT_BACKEND_QUEUE),
    NUMBER_ROW("bc_srv_queue", FETCH_OF_SERVER, fetch_fact, FACT_SERVER_QUEUE),
    NUMBER_ROW("txn.conn_retries", FETCH_OF_SERVER, fetch_fact, FACT_RETRIES),
    NUMBER_ROW("txn.id32", FETCH_OF_STREAM, fetch_fact, FACT_ID),
    FETCH_ROW("txn.redispatched", SAMPLE_BOOL, FETCH_OF_SERVER, fetch_is_redispatched, 0, 0),
    TEXT_ROW("txn.sess_term_state", FETCH_OF_STREAM, fetch_termination, 0),
    NUMBER_ROW("txn.status", FETCH_OF_SERVER, fetch_fact, FACT_STATUS),
    NUMBER_ROW("prio_class", FETCH_OF_STREAM, fetch_priority, PRIORITY_CLASS),
    NUMBER_ROW("prio_offset", FETCH_OF_STREAM, fetch_priority, PRIORITY_OFFSET),
    DATE_ROW("accept_date", DATE_OF_ACCEPT),
    DATE_ROW("request_date", DATE_OF_REQUEST),
    TIMER_ROW("fc.timer.handshake", FETCH_OF_STREAM, TIMER_HANDSHAKE),
    TIMER_ROW("fc.timer.total", SAMPLE_IN_LOG, TIMER_TOTAL),
    TIMER_ROW("bc.timer.connect", FETCH_OF_SERVER, TIMER_CONNECT),
    TIMER_ROW("req.timer.hdr", FETCH_OF_STREAM, TIMER_REQUEST),
    TIMER_ROW("req.timer.idle", FETCH_OF_STREAM, TIMER_IDLE),
    TIMER_ROW("req.timer.queue", FETCH_OF_SERVER, TIMER_QUEUE),
    TIMER_ROW("req.timer.tq", FETCH_OF_STREAM, TIMER_REQUEST_FULL),
    TIMER_ROW("res.timer.hdr", FETCH_OF_SERVER, TIMER_RESPONSE),
    TIMER_ROW("res.timer.data", SAMPLE_IN_LOG, TIMER_DATA),
    TIMER_ROW("txn.timer.total", SAMPLE_IN_LOG, TIMER_ACTIVE),
    TIMER_ROW("txn.timer.user", SAMPLE_IN_LOG, TIMER_USER),
    FETCH_ROWS_END,
};
