/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of message bodies: the bytes that are there now, their count, the size that is announced,
 * and parameters of a form. A rule that needs more waits by itself (wait-for-body, option
 * http-buffer-request). Memory: a copy of the bytes in the scratch arena, bounded by tune.bufsize.
 */
#include "http/uri.h"
#include "rules/fetch.h"
#include "rules/parser.h"

enum { OF_REQUEST, OF_RESPONSE };

static const struct chunk_queue *body_of(const struct rule_context *context, unsigned side)
{
    return side == OF_RESPONSE ? context->response_body : context->request_body;
}

static const struct http_message *message_of(const struct rule_context *context, unsigned side)
{
    return side == OF_RESPONSE ? context->response : context->request;
}

/* The bytes in the scratch arena; RESULT_NOT_FOUND when there are none. */
static enum result copy_body(const struct rule_context *context, unsigned side, struct slice *out)
{
    const struct chunk_queue *queue = body_of(context, side);
    if (message_of(context, side) == NULL) {
        return sample_missing(context);
    }
    if (queue == NULL || queue->bytes == 0) {
        return RESULT_NOT_FOUND;
    }
    char *bytes = arena_take_text(context->scratch, queue->bytes);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    *out = slice_of(bytes, chunk_queue_copy_out(queue, bytes, queue->bytes));
    return RESULT_OK;
}

static enum result fetch_bytes(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct slice body;
    enum result result = copy_body(context, call->variant, &body);
    return result == RESULT_OK ? sample_give_binary(out, body) : result;
}

static enum result fetch_length(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    const struct chunk_queue *queue = body_of(context, call->variant);
    if (message_of(context, call->variant) == NULL) {
        return sample_missing(context);
    }
    return sample_give_integer(out, queue != NULL ? (int64_t)queue->bytes : 0);
}

/* What Content-Length says, else what is there. */
static enum result fetch_size(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    const struct http_message *message = message_of(context, call->variant);
    if (message != NULL && message->body == HTTP_BODY_LENGTH) {
        return sample_give_integer(out, (int64_t)message->content_length);
    }
    return fetch_length(call, context, out);
}

/* ---- parameters ---- */

static bool is_wanted(const struct sample_arguments *arguments, struct slice name)
{
    struct slice wanted = sample_argument_text(arguments, 0);
    if (wanted.length == 0) {
        return true;
    }
    return sample_argument_is_given(arguments, 1) ? slice_equal_nocase(name, wanted)
                                                  : slice_equal(name, wanted);
}

static bool next_parameter(const struct sample_arguments *arguments, struct slice *rest,
                           struct http_parameter *parameter)
{
    while (rest->data != NULL && http_parameter_next(rest, '&', parameter)) {
        if (parameter->value.data != NULL && is_wanted(arguments, parameter->name)) {
            return true;
        }
    }
    return false;
}

/* The first, in an ACL one after the other. */
static enum result fetch_parameter(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    struct slice rest;
    struct http_parameter parameter;
    struct http_parameter following;
    enum result result = copy_body(context, OF_REQUEST, &rest);
    if (result != RESULT_OK) {
        return result;
    }
    uint64_t skipped = call->cursor != NULL ? call->cursor->state[0]++ : 0;
    for (uint64_t i = 0; i <= skipped; i++) {
        if (!next_parameter(call->arguments, &rest, &parameter)) {
            return RESULT_NOT_FOUND;
        }
    }
    result = sample_give_text(out, parameter.value);
    bool has_more = call->cursor != NULL && next_parameter(call->arguments, &rest, &following);
    out->flags |= has_more ? SAMPLE_NOT_LAST : 0;
    return result;
}

static enum result check_parameter(struct rule_parser *parser, struct sample_arguments *arguments,
                                   unsigned variant)
{
    struct slice option = sample_argument_text(arguments, 1);
    (void)variant;
    return option.length == 0 || slice_equal(option, SLICE("i"))
               ? RESULT_OK
               : parser_fail(parser, "expects 'i' or nothing as second argument, got '%.*s'",
                             (int)option.length, option.data);
}

#define OF_REQUEST_ROW(name, type, function) \
    FETCH_ROW(name, type, FETCH_OF_STREAM, function, OF_REQUEST, 0)
#define OF_RESPONSE_ROW(name, type, function) \
    FETCH_ROW(name, type, FETCH_OF_RESPONSE, function, OF_RESPONSE, 0)

const struct sample_fetch fetches_body[] = {
    OF_REQUEST_ROW("req.body", SAMPLE_BINARY, fetch_bytes),
    OF_REQUEST_ROW("req.body_len", SAMPLE_INTEGER, fetch_length),
    OF_REQUEST_ROW("req.body_size", SAMPLE_INTEGER, fetch_size),
    OF_RESPONSE_ROW("res.body", SAMPLE_BINARY, fetch_bytes),
    OF_RESPONSE_ROW("res.body_len", SAMPLE_INTEGER, fetch_length),
    OF_RESPONSE_ROW("res.body_size", SAMPLE_INTEGER, fetch_size),
    FETCH_ROW_WITH("req.body_param", SAMPLE_STRING, FETCH_OF_STREAM, fetch_parameter,
                   check_parameter, 0, 0, 0, ARGUMENT_STRING, ARGUMENT_STRING),
    FETCH_ROWS_END,
};
