/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of HTTP messages: the request line, the status and header fields. Values point into the
 * message; no memory. A fetch of a message that is not there yet blocks until the context is final.
 * Of several values of a field ACLs see each, others the last (RFC 9110 5.3: comma-separated).
 */
#include "base/number.h"
#include "http/uri.h"
#include "rules/fetch.h"
#include "rules/parser.h"

enum { HEADER_WHOLE = 1, HEADER_RESPONSE = 2, VERSION_TEXT_BYTES = 4 };

/* ---- the request line ---- */

enum request_part { PART_PATH, PART_PATHQ, PART_QUERY, PART_URL };

static enum result fetch_request_part(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    const struct http_message *request = context->request;
    if (request == NULL) {
        return sample_missing(context);
    }
    switch ((enum request_part)call->variant) {
    case PART_PATH:
        return sample_give_text(out, http_message_path_only(request));
    case PART_PATHQ:
        return sample_give_text(out, request->path);
    case PART_URL:
        return sample_give_text(out, request->target);
    case PART_QUERY:
        break;
    }
    struct slice query = http_message_query(request);
    if (query.data == NULL) {
        return RESULT_NOT_FOUND;
    }
    if (query.length > 0 && sample_argument_is_given(call->arguments, 0)) {
        query = slice_of(query.data - 1, query.length + 1); /* with its '?' */
    }
    return sample_give_text(out, query);
}

static enum result check_query(struct rule_parser *parser, struct sample_arguments *arguments,
                               unsigned variant)
{
    struct slice option = sample_argument_text(arguments, 0);
    (void)variant;
    return option.length == 0 || slice_equal(option, SLICE("with_qm"))
               ? RESULT_OK
               : parser_fail(parser, "supports 'with_qm' only, got '%.*s'", (int)option.length,
                             option.data);
}

static enum result fetch_method(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)call;
    if (context->request == NULL) {
        return sample_missing(context);
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
    return message == NULL ? sample_missing(context)
                           : sample_give_text(out, NAMES[message->version]);
}

static enum result fetch_status(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)call;
    if (context->response == NULL) {
        return sample_missing(context);
    }
    return sample_give_integer(out, context->response->status);
}

static enum result fetch_url_param(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    if (context->request == NULL) {
        return sample_missing(context);
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
        return sample_missing(context);
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

static int64_t count_values(const struct http_fields *fields, struct slice name, bool whole)
{
    int64_t count = 0;
    struct slice value;
    struct http_value_cursor cursor = {0};
    while (http_fields_next_value(fields, name, whole, &cursor, &value)) {
        count++;
    }
    return count;
}

/* Whether a field of that name stands in front of field `index`. */
static bool is_repeated(const struct http_fields *fields, uint16_t index)
{
    return http_fields_find(fields, fields->entries[index].name, 0) < index;
}

static int64_t count_all(const struct http_fields *fields, bool whole)
{
    int64_t count = 0;
    for (uint16_t i = 0; !whole && i < fields->count; i++) {
        count += is_repeated(fields, i) ? 0 : count_values(fields, fields->entries[i].name, whole);
    }
    return whole ? fields->count : count;
}

static enum result fetch_field_count(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    const struct http_fields *fields = fields_of(call, context);
    if (fields == NULL) {
        return sample_missing(context);
    }
    struct slice name = sample_argument_text(call->arguments, 0);
    bool whole = (call->variant & HEADER_WHOLE) != 0;
    return sample_give_integer(out, name.length > 0 ? count_values(fields, name, whole)
                                                    : count_all(fields, whole));
}

static enum result fetch_field_integer(const struct sample_call *call, struct rule_context *context,
                                       struct sample *out)
{
    enum result result = fetch_field(call, context, out);
    return result == RESULT_OK ? sample_cast(context, out, SAMPLE_INTEGER) : result;
}

/* An address as RFC 7239 writes it: IPv6 may have brackets; both may have a port then. */
static bool parse_node(struct slice text, struct address *address)
{
    uint64_t port = 0;
    struct slice host = text;
    struct slice digits = SLICE_NONE;
    if (slice_starts_with(text, SLICE("["))) {
        size_t end = slice_find_char(text, ']');
        host = slice_skip(slice_first(text, end), 1);
        struct slice rest = slice_skip(text, end + 1);
        if (end >= text.length || (rest.length > 0 && rest.data[0] != ':')) {
            return false;
        }
        digits = slice_skip(rest, 1);
    } else {
        size_t colon = slice_find_char(text, ':');
        struct slice rest = slice_skip(text, colon + 1);
        if (colon < text.length && slice_find_char(rest, ':') == rest.length) {
            host = slice_first(text, colon);
            digits = rest;
        }
    }
    bool is_port_good = digits.length == 0 ||
                        (number_parse_decimal(digits, &port) == RESULT_OK && port <= UINT16_MAX);
    return is_port_good && address_parse_ip(host, address) == RESULT_OK;
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
    if (!parse_node(out->text, &address)) {
        return RESULT_NOT_FOUND;
    }
    result = sample_give_address(out, &address);
    out->flags = flags;
    return result;
}

/* ---- the table ---- */

#define LINE_ROW(name, part) \
    FETCH_ROW(name, SAMPLE_STRING, FETCH_OF_STREAM, fetch_request_part, part, FETCH_HAS_FORMS)
#define PARAMETER_ROW(name, type, function, flags)                                            \
    FETCH_ROW_WITH(name, type, FETCH_OF_STREAM, function, NULL, 0, flags, 0, ARGUMENT_STRING, \
                   ARGUMENT_STRING)
#define FIELD_ROW(name, places, variant)                                                        \
    FETCH_ROW_WITH(name, SAMPLE_STRING, places, fetch_field, NULL, variant, FETCH_HAS_FORMS, 1, \
                   ARGUMENT_STRING, ARGUMENT_INTEGER)
#define COUNT_ROW(name, places, variant)                                                 \
    FETCH_ROW_WITH(name, SAMPLE_INTEGER, places, fetch_field_count, NULL, variant, 0, 0, \
                   ARGUMENT_STRING)
#define INTEGER_ROW(name, places, variant)                                                 \
    FETCH_ROW_WITH(name, SAMPLE_INTEGER, places, fetch_field_integer, NULL, variant, 0, 1, \
                   ARGUMENT_STRING, ARGUMENT_INTEGER)
#define ADDRESS_ROW(name, places, variant)                                                 \
    FETCH_ROW_WITH(name, SAMPLE_ADDRESS, places, fetch_field_address, NULL, variant, 0, 1, \
                   ARGUMENT_STRING, ARGUMENT_INTEGER)
#define VERSION_ROW(name, places, variant) \
    FETCH_ROW(name, SAMPLE_STRING, places, fetch_version, variant, 0)
#define HEADER_RESPONSE_WHOLE (HEADER_RESPONSE | HEADER_WHOLE)

const struct sample_fetch fetches_http[] = {
    LINE_ROW("path", PART_PATH),
    LINE_ROW("pathq", PART_PATHQ),
    LINE_ROW("url", PART_URL),
    FETCH_ROW_WITH("query", SAMPLE_STRING, FETCH_OF_STREAM, fetch_request_part, check_query,
                   PART_QUERY, FETCH_HAS_FORMS, 0, ARGUMENT_STRING),
    FETCH_ROW("method", SAMPLE_METHOD, FETCH_OF_STREAM, fetch_method, 0, FETCH_NOCASE),
    VERSION_ROW("req.ver", FETCH_OF_STREAM, 0),
    VERSION_ROW("req_ver", FETCH_OF_STREAM, 0),
    VERSION_ROW("res.ver", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    VERSION_ROW("resp_ver", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    FETCH_ROW("status", SAMPLE_INTEGER, FETCH_OF_SERVER, fetch_status, 0, 0),
    PARAMETER_ROW("url_param", SAMPLE_STRING, fetch_url_param, FETCH_HAS_FORMS),
    PARAMETER_ROW("urlp", SAMPLE_STRING, fetch_url_param, FETCH_HAS_FORMS),
    PARAMETER_ROW("urlp_val", SAMPLE_INTEGER, fetch_url_param_integer, 0),
    FIELD_ROW("hdr", FETCH_OF_STREAM, 0),
    FIELD_ROW("req.hdr", FETCH_OF_STREAM, 0),
    FIELD_ROW("req.fhdr", FETCH_OF_STREAM, HEADER_WHOLE),
    FIELD_ROW("res.hdr", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    FIELD_ROW("shdr", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    FIELD_ROW("res.fhdr", FETCH_OF_RESPONSE, HEADER_RESPONSE_WHOLE),
    COUNT_ROW("hdr_cnt", FETCH_OF_STREAM, 0),
    COUNT_ROW("req.hdr_cnt", FETCH_OF_STREAM, 0),
    COUNT_ROW("req.fhdr_cnt", FETCH_OF_STREAM, HEADER_WHOLE),
    COUNT_ROW("res.hdr_cnt", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    COUNT_ROW("shdr_cnt", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    COUNT_ROW("res.fhdr_cnt", FETCH_OF_RESPONSE, HEADER_RESPONSE_WHOLE),
    INTEGER_ROW("hdr_val", FETCH_OF_STREAM, 0),
    INTEGER_ROW("req.hdr_val", FETCH_OF_STREAM, 0),
    INTEGER_ROW("res.hdr_val", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    INTEGER_ROW("shdr_val", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    ADDRESS_ROW("hdr_ip", FETCH_OF_STREAM, 0),
    ADDRESS_ROW("req.hdr_ip", FETCH_OF_STREAM, 0),
    ADDRESS_ROW("res.hdr_ip", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    ADDRESS_ROW("shdr_ip", FETCH_OF_RESPONSE, HEADER_RESPONSE),
    FETCH_ROWS_END,
};
