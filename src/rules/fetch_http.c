/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of HTTP messages: the request line, the status, header fields and bodies. Values point
 * into the message; only what must be put together is copied to the scratch arena. A fetch of a
 * message that is not there yet blocks until the context is final.
 */
#include <string.h>

#include "base/number.h"
#include "http/uri.h"
#include "rules/fetch.h"

enum { HEADER_WHOLE = 1, HEADER_RESPONSE = 2, VERSION_TEXT_BYTES = 4 };

static enum result missing(const struct rule_context *context)
{
    return context->is_final ? RESULT_NOT_FOUND : RESULT_BLOCKED;
}

/* ---- the request line ---- */

enum request_part { PART_PATH, PART_PATHQ, PART_QUERY, PART_URL, PART_BASE };

static enum result give_base(const struct rule_context *context, struct sample *out)
{
    struct slice host = http_message_host(context->request);
    struct slice path = http_message_path_only(context->request);
    char *bytes = arena_take_text(context->scratch, host.length + path.length);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    memcpy(bytes, host.data, host.length);
    memcpy(bytes + host.length, path.data, path.length);
    return sample_give_text(out, slice_of(bytes, host.length + path.length));
}

static enum result fetch_request_part(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    const struct http_message *request = context->request;
    if (request == NULL) {
        return missing(context);
    }
    switch ((enum request_part)call->variant) {
    case PART_PATH:
        return sample_give_text(out, http_message_path_only(request));
    case PART_PATHQ:
        return sample_give_text(out, request->path);
    case PART_URL:
        return sample_give_text(out, request->target);
    case PART_BASE:
        return give_base(context, out);
    case PART_QUERY:
        break;
    }
    struct slice query = http_message_query(request);
    return query.data == NULL ? RESULT_NOT_FOUND : sample_give_text(out, query);
}

static enum result fetch_method(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)call;
    if (context->request == NULL) {
        return missing(context);
    }
    *out = (struct sample){.type = SAMPLE_METHOD};
    out->method.id = context->request->method_id;
    out->method.name = context->request->method;
    return RESULT_OK;
}

static enum result fetch_version(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    static const struct slice NAMES[] = {[HTTP_VERSION_0_9] = {"0.9", 3},
                                         [HTTP_VERSION_1_0] = {"1.0", 3},
                                         [HTTP_VERSION_1_1] = {"1.1", 3},
                                         [HTTP_VERSION_2] = {"2.0", 3},
                                         [HTTP_VERSION_3] = {"3.0", 3}};
    const struct http_message *message =
        call->variant == HEADER_RESPONSE ? context->response : context->request;
    return message == NULL ? missing(context) : sample_give_text(out, NAMES[message->version]);
}

static enum result fetch_status(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)call;
    if (context->response == NULL) {
        return missing(context);
    }
    return sample_give_integer(out, context->response->status);
}

static enum result fetch_url_param(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    if (context->request == NULL) {
        return missing(context);
    }
    struct slice wanted = sample_argument_text(call->arguments, 0);
    struct slice delimiter = sample_argument_text(call->arguments, 1);
    char mark = delimiter.length > 0 ? delimiter.data[0] : '?';
    struct slice rest = http_parameters(context->request->target, mark);
    struct http_parameter parameter;
    while (rest.data != NULL && http_parameter_next(&rest, mark, &parameter)) {
        bool is_wanted = wanted.length == 0 || slice_equal(parameter.name, wanted);
        if (is_wanted && parameter.value.data != NULL) {
            return sample_give_text(out, parameter.value);
        }
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_url_param_integer(const struct sample_call *call,
                                           struct rule_context *context, struct sample *out)
{
    enum result result = fetch_url_param(call, context, out);
    return result == RESULT_OK ? sample_cast(context, out, SAMPLE_INTEGER) : result;
}

/* ---- fields ---- */

static const struct http_fields *fields_of(const struct sample_call *call,
                                           const struct rule_context *context)
{
    const struct http_message *message =
        (call->variant & HEADER_RESPONSE) != 0 ? context->response : context->request;
    return message == NULL ? NULL : &message->fields;
}

/* Value number `wanted` from the front (1…), or from the back (-1…). */
static bool find_value(const struct http_fields *fields, struct slice name, bool whole,
                       int64_t wanted, struct slice *value)
{
    int64_t count = 0;
    struct http_value_cursor cursor = {0};
    while (http_fields_next_value(fields, name, whole, &cursor, value)) {
        count++;
        if (count == wanted) {
            return true;
        }
    }
    if (wanted >= 0 || -wanted > count) {
        return false;
    }
    int64_t target = count + wanted + 1;
    cursor = (struct http_value_cursor){0};
    for (count = 1; http_fields_next_value(fields, name, whole, &cursor, value); count++) {
        if (count == target) {
            return true;
        }
    }
    return false;
}

static enum result fetch_field(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    const struct http_fields *fields = fields_of(call, context);
    if (fields == NULL) {
        return missing(context);
    }
    struct slice name = sample_argument_text(call->arguments, 0);
    bool whole = (call->variant & HEADER_WHOLE) != 0;
    int64_t position = sample_argument_integer(call->arguments, 1, 0);
    struct slice value;
    if (call->cursor == NULL || position != 0) {
        bool is_found = find_value(fields, name, whole, position != 0 ? position : -1, &value);
        return is_found ? sample_give_text(out, value) : RESULT_NOT_FOUND;
    }
    call->cursor->state[0]++;
    if (!find_value(fields, name, whole, (int64_t)call->cursor->state[0], &value)) {
        return RESULT_NOT_FOUND;
    }
    enum result result = sample_give_text(out, value);
    struct slice next;
    if (find_value(fields, name, whole, (int64_t)call->cursor->state[0] + 1, &next)) {
        out->flags |= SAMPLE_NOT_LAST;
    }
    return result;
}

static enum result fetch_field_count(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    const struct http_fields *fields = fields_of(call, context);
    if (fields == NULL) {
        return missing(context);
    }
    struct slice name = sample_argument_text(call->arguments, 0);
    if (name.length == 0) {
        return sample_give_integer(out, fields->count);
    }
    int64_t count = 0;
    struct slice value;
    struct http_value_cursor cursor = {0};
    while (http_fields_next_value(fields, name, (call->variant & HEADER_WHOLE) != 0, &cursor,
                                  &value)) {
        count++;
    }
    return sample_give_integer(out, count);
}

static enum result fetch_field_integer(const struct sample_call *call, struct rule_context *context,
                                       struct sample *out)
{
    enum result result = fetch_field(call, context, out);
    return result == RESULT_OK ? sample_cast(context, out, SAMPLE_INTEGER) : result;
}

static enum result fetch_field_address(const struct sample_call *call, struct rule_context *context,
                                       struct sample *out)
{
    struct address address;
    enum result result = fetch_field(call, context, out);
    if (result != RESULT_OK) {
        return result;
    }
    unsigned flags = out->flags;
    if (address_parse_ip(out->text, &address) != RESULT_OK) {
        return RESULT_NOT_FOUND;
    }
    *out = (struct sample){.type = address.family == AF_INET ? SAMPLE_IPV4 : SAMPLE_IPV6,
                           .flags = flags};
    if (address.family == AF_INET) {
        out->ipv4 = address.v4;
    } else {
        out->ipv6 = address.v6;
    }
    return RESULT_OK;
}

static enum result fetch_field_names(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    const struct http_fields *fields = fields_of(call, context);
    if (fields == NULL) {
        return missing(context);
    }
    struct slice delimiter = sample_argument_text(call->arguments, 0);
    char mark = delimiter.length > 0 ? delimiter.data[0] : ',';
    size_t bytes = 1;
    for (uint16_t i = 0; i < fields->count; i++) {
        bytes += fields->entries[i].name.length + 1;
    }
    char *place = arena_take_text(context->scratch, bytes);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(place, bytes);
    for (uint16_t i = 0; i < fields->count; i++) {
        if (i > 0) {
            text_append_char(&text, mark);
        }
        text_append(&text, fields->entries[i].name);
    }
    return sample_give_text(out, text_slice(&text));
}

/* ---- bodies ---- */

enum body_part { BODY_BYTES, BODY_LENGTH, BODY_SIZE };

static enum result fetch_body(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    if (context->request == NULL) {
        return missing(context);
    }
    const struct chunk_queue *queue = context->request_body;
    size_t held = queue != NULL ? queue->bytes : 0;
    switch ((enum body_part)call->variant) {
    case BODY_LENGTH:
        return sample_give_integer(out, (int64_t)held);
    case BODY_SIZE:
        return sample_give_integer(out, context->request->body == HTTP_BODY_LENGTH
                                            ? (int64_t)context->request->content_length
                                            : (int64_t)held);
    case BODY_BYTES:
        break;
    }
    if (held == 0) {
        return RESULT_NOT_FOUND;
    }
    char *bytes = arena_take_text(context->scratch, held);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    return sample_give_binary(out, slice_of(bytes, chunk_queue_copy_out(queue, bytes, held)));
}

#define IN_REQUEST \
    (SAMPLE_IN_HTTP_REQUEST | SAMPLE_IN_REQUEST_CONTENT | SAMPLE_IN_HTTP_RESPONSE | SAMPLE_IN_LOG)
#define IN_RESPONSE FETCH_OF_RESPONSE
#define NO_ARGUMENTS      \
    {                     \
        0,                \
        {                 \
            ARGUMENT_NONE \
        }                 \
    }
#define NAME_AND_PLACE                        \
    {                                         \
        1,                                    \
        {                                     \
            ARGUMENT_STRING, ARGUMENT_INTEGER \
        }                                     \
    }
#define OPTIONAL_NAME                         \
    {                                         \
        0,                                    \
        {                                     \
            ARGUMENT_STRING, ARGUMENT_INTEGER \
        }                                     \
    }

const struct sample_fetch fetches_http[] = {
    {"path", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_request_part, NULL, PART_PATH,
     FETCH_HAS_FORMS},
    {"pathq", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_request_part, NULL, PART_PATHQ,
     FETCH_HAS_FORMS},
    {"query", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_request_part, NULL, PART_QUERY,
     FETCH_HAS_FORMS},
    {"url", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_request_part, NULL, PART_URL,
     FETCH_HAS_FORMS},
    {"base", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_request_part, NULL, PART_BASE,
     FETCH_HAS_FORMS},
    {"method", NO_ARGUMENTS, SAMPLE_METHOD, IN_REQUEST, fetch_method, NULL, 0, FETCH_NOCASE},
    {"req.ver", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_version, NULL, 0, 0},
    {"req_ver", NO_ARGUMENTS, SAMPLE_STRING, IN_REQUEST, fetch_version, NULL, 0, 0},
    {"res.ver", NO_ARGUMENTS, SAMPLE_STRING, IN_RESPONSE, fetch_version, NULL, HEADER_RESPONSE, 0},
    {"status", NO_ARGUMENTS, SAMPLE_INTEGER, IN_RESPONSE | SAMPLE_IN_LOG, fetch_status, NULL, 0, 0},
    {"url_param",
     {0, {ARGUMENT_STRING, ARGUMENT_STRING}},
     SAMPLE_STRING,
     IN_REQUEST,
     fetch_url_param,
     NULL,
     0,
     FETCH_HAS_FORMS},
    {"urlp",
     {0, {ARGUMENT_STRING, ARGUMENT_STRING}},
     SAMPLE_STRING,
     IN_REQUEST,
     fetch_url_param,
     NULL,
     0,
     FETCH_HAS_FORMS},
    {"urlp_val",
     {0, {ARGUMENT_STRING, ARGUMENT_STRING}},
     SAMPLE_INTEGER,
     IN_REQUEST,
     fetch_url_param_integer,
     NULL,
     0,
     0},
    {"hdr", NAME_AND_PLACE, SAMPLE_STRING, IN_REQUEST, fetch_field, NULL, 0, FETCH_HAS_FORMS},
    {"req.hdr", NAME_AND_PLACE, SAMPLE_STRING, IN_REQUEST, fetch_field, NULL, 0, FETCH_HAS_FORMS},
    {"req.fhdr", NAME_AND_PLACE, SAMPLE_STRING, IN_REQUEST, fetch_field, NULL, HEADER_WHOLE,
     FETCH_HAS_FORMS},
    {"res.hdr", NAME_AND_PLACE, SAMPLE_STRING, IN_RESPONSE, fetch_field, NULL, HEADER_RESPONSE,
     FETCH_HAS_FORMS},
    {"res.fhdr", NAME_AND_PLACE, SAMPLE_STRING, IN_RESPONSE, fetch_field, NULL,
     HEADER_RESPONSE | HEADER_WHOLE, FETCH_HAS_FORMS},
    {"hdr_cnt", OPTIONAL_NAME, SAMPLE_INTEGER, IN_REQUEST, fetch_field_count, NULL, 0, 0},
    {"req.hdr_cnt", OPTIONAL_NAME, SAMPLE_INTEGER, IN_REQUEST, fetch_field_count, NULL, 0, 0},
    {"req.fhdr_cnt", OPTIONAL_NAME, SAMPLE_INTEGER, IN_REQUEST, fetch_field_count, NULL,
     HEADER_WHOLE, 0},
    {"res.hdr_cnt", OPTIONAL_NAME, SAMPLE_INTEGER, IN_RESPONSE, fetch_field_count, NULL,
     HEADER_RESPONSE, 0},
    {"res.fhdr_cnt", OPTIONAL_NAME, SAMPLE_INTEGER, IN_RESPONSE, fetch_field_count, NULL,
     HEADER_RESPONSE | HEADER_WHOLE, 0},
    {"hdr_val", NAME_AND_PLACE, SAMPLE_INTEGER, IN_REQUEST, fetch_field_integer, NULL, 0, 0},
    {"req.hdr_val", NAME_AND_PLACE, SAMPLE_INTEGER, IN_REQUEST, fetch_field_integer, NULL, 0, 0},
    {"res.hdr_val", NAME_AND_PLACE, SAMPLE_INTEGER, IN_RESPONSE, fetch_field_integer, NULL,
     HEADER_RESPONSE, 0},
    {"hdr_ip", NAME_AND_PLACE, SAMPLE_ADDRESS, IN_REQUEST, fetch_field_address, NULL, 0, 0},
    {"req.hdr_ip", NAME_AND_PLACE, SAMPLE_ADDRESS, IN_REQUEST, fetch_field_address, NULL, 0, 0},
    {"res.hdr_ip", NAME_AND_PLACE, SAMPLE_ADDRESS, IN_RESPONSE, fetch_field_address, NULL,
     HEADER_RESPONSE, 0},
    {"req.hdr_names",
     {0, {ARGUMENT_STRING}},
     SAMPLE_STRING,
     IN_REQUEST,
     fetch_field_names,
     NULL,
     0,
     0},
    {"res.hdr_names",
     {0, {ARGUMENT_STRING}},
     SAMPLE_STRING,
     IN_RESPONSE,
     fetch_field_names,
     NULL,
     HEADER_RESPONSE,
     0},
    {"req.body", NO_ARGUMENTS, SAMPLE_BINARY, IN_REQUEST, fetch_body, NULL, BODY_BYTES, 0},
    {"req.body_len", NO_ARGUMENTS, SAMPLE_INTEGER, IN_REQUEST, fetch_body, NULL, BODY_LENGTH, 0},
    {"req.body_size", NO_ARGUMENTS, SAMPLE_INTEGER, IN_REQUEST, fetch_body, NULL, BODY_SIZE, 0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};
