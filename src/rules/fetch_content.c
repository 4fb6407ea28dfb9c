/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of bytes that wait to be passed on: their count, parts of them, and what they look like
 * (TLS, HTTP, RDP). They are of TCP: where messages are parsed, as HAProxy says, they give nothing
 * but lengths. Bytes that have not come yet make a value blocked until the context is final.
 * Memory: a copy of the waiting bytes in the scratch arena for as long as the rule runs.
 * RFC 8446 4.1, RFC 6066 3, RFC 7301 3.1; ISO 8073 (TPDU), [MS-RDPBCGR] 2.2.1.1.
 */
#include <string.h>

#include "base/number.h"
#include "http/http1.h"
#include "rules/client_hello.h"
#include "rules/fetch.h"
#include "rules/parser.h"

enum { SIDE_REQUEST, SIDE_RESPONSE, SIDE_OF_RULE };

enum { BYTE_BITS = 8, VERSION_SHIFT = 16, OFFSET_ARGUMENT = 2, LENGTH_BYTES_MAX = 8 };

static bool is_response(const struct rule_context *context, unsigned side)
{
    if (side == SIDE_OF_RULE) {
        return context->phase == RULE_TCP_RESPONSE_CONTENT || context->phase == RULE_HTTP_RESPONSE;
    }
    return side == SIDE_RESPONSE;
}

static const struct chunk_queue *queue_of(const struct rule_context *context, unsigned side)
{
    return is_response(context, side) ? context->response_body : context->request_body;
}

/* A copy of the bytes that wait. RESULT_NOT_FOUND where they are not raw, RESULT_BLOCKED for none.
 */
static enum result copy_bytes(const struct rule_context *context, unsigned side, char **bytes,
                              size_t *length)
{
    const struct chunk_queue *queue = queue_of(context, side);
    if (context->request != NULL || context->response != NULL) {
        return RESULT_NOT_FOUND;
    }
    if (queue == NULL || queue->bytes == 0) {
        return RESULT_BLOCKED;
    }
    *bytes = arena_take_text(context->scratch, queue->bytes);
    if (*bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    *length = chunk_queue_copy_out(queue, *bytes, queue->bytes);
    return RESULT_OK;
}

/* ---- bytes as they are ---- */

static enum result fetch_length(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    const struct chunk_queue *queue = queue_of(context, call->variant);
    enum result result = sample_give_integer(out, queue != NULL ? (int64_t)queue->bytes : 0);
    out->flags |= SAMPLE_MAY_CHANGE;
    return result;
}

/* `length` bytes from `offset`; 0: all behind it, which may become more. */
static enum result give_part(struct slice all, uint64_t offset, uint64_t length, struct sample *out)
{
    if (offset > all.length || all.length - offset < (length != 0 ? length : 1)) {
        return RESULT_BLOCKED;
    }
    struct slice part = slice_skip(all, (size_t)offset);
    enum result result =
        sample_give_binary(out, length != 0 ? slice_first(part, (size_t)length) : part);
    out->flags |= length == 0 ? SAMPLE_MAY_CHANGE : 0;
    return result;
}

static enum result fetch_payload(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    char *bytes = NULL;
    size_t length = 0;
    enum result result = copy_bytes(context, call->variant, &bytes, &length);
    if (result != RESULT_OK) {
        return result;
    }
    return give_part(slice_of(bytes, length),
                     (uint64_t)sample_argument_integer(call->arguments, 0, 0),
                     (uint64_t)sample_argument_integer(call->arguments, 1, 0), out);
}

static enum result check_payload(struct rule_parser *parser, struct sample_arguments *arguments,
                                 unsigned variant)
{
    (void)variant;
    if (sample_argument_integer(arguments, 0, 0) < 0) {
        return parser_fail(parser, "payload offset must be positive");
    }
    return sample_argument_integer(arguments, 1, 0) < 0
               ? parser_fail(parser, "payload length must be positive")
               : RESULT_OK;
}

/* Where the block begins: behind its length, moved by "+n" or "-n", or at "n". */
static int64_t find_block(const struct sample_arguments *arguments, int64_t behind_length)
{
    struct slice word = sample_argument_text(arguments, OFFSET_ARGUMENT);
    int64_t offset = 0;
    if (word.length == 0 || number_parse_signed(word, &offset) != RESULT_OK) {
        return behind_length;
    }
    bool is_relative = word.data[0] == '+' || word.data[0] == '-';
    return is_relative ? behind_length + offset : offset;
}

static enum result fetch_payload_lv(const struct sample_call *call, struct rule_context *context,
                                    struct sample *out)
{
    char *bytes = NULL;
    size_t held = 0;
    enum result result = copy_bytes(context, call->variant, &bytes, &held);
    if (result != RESULT_OK) {
        return result;
    }
    int64_t at = sample_argument_integer(call->arguments, 0, 0);
    int64_t size = sample_argument_integer(call->arguments, 1, 0);
    if ((uint64_t)at + (uint64_t)size > held) {
        return RESULT_BLOCKED;
    }
    uint64_t length = 0;
    for (int64_t i = 0; i < size; i++) {
        length = length << BYTE_BITS | (unsigned char)bytes[at + i];
    }
    int64_t start = find_block(call->arguments, at + size);
    if (start < 0 || length == 0) {
        return RESULT_NOT_FOUND;
    }
    return give_part(slice_of(bytes, held), (uint64_t)start, length, out);
}

static enum result check_payload_lv(struct rule_parser *parser, struct sample_arguments *arguments,
                                    unsigned variant)
{
    (void)variant;
    int64_t offset = 0;
    struct slice word = sample_argument_text(arguments, OFFSET_ARGUMENT);
    if (sample_argument_integer(arguments, 0, 0) < 0) {
        return parser_fail(parser, "payload offset1 must be positive");
    }
    int64_t size = sample_argument_integer(arguments, 1, 0);
    if (size <= 0) {
        return parser_fail(parser, "payload length must be > 0");
    }
    if (size > LENGTH_BYTES_MAX) {
        return parser_fail(parser, "payload length must be <= %d", LENGTH_BYTES_MAX);
    }
    if (word.length > 0 && number_parse_signed(word, &offset) != RESULT_OK) {
        return parser_fail(parser, "payload offset2 is not a number");
    }
    return RESULT_OK;
}

static enum result fetch_wait_end(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    (void)call;
    return context->is_final ? sample_give_bool(out, true) : RESULT_BLOCKED;
}

/* ---- TLS ---- */

enum hello_part {
    HELLO_SNI,
    HELLO_ALPN,
    HELLO_SUITES,
    HELLO_GROUPS,
    HELLO_ALGORITHMS,
    HELLO_SHARES,
    HELLO_HAS_CURVES,
    HELLO_TICKET,
};

enum { TICKET_NONE, TICKET_EMPTY, TICKET_GIVEN };

static enum result read_message(const struct rule_context *context, unsigned side,
                                struct tls_message *message)
{
    char *bytes = NULL;
    size_t length = 0;
    enum result result = copy_bytes(context, side, &bytes, &length);
    if (result == RESULT_OK) {
        result = tls_message_read(bytes, length, message);
    }
    return result == RESULT_INVALID ? RESULT_NOT_FOUND : result;
}

static enum result fetch_hello_type(const struct sample_call *call, struct rule_context *context,
                                    struct sample *out)
{
    struct tls_message message;
    enum result result = read_message(context, call->variant, &message);
    return result == RESULT_OK ? sample_give_integer(out, message.type) : result;
}

static enum result fetch_tls_version(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    char *bytes = NULL;
    size_t length = 0;
    uint16_t version = 0;
    enum result result = copy_bytes(context, call->variant, &bytes, &length);
    if (result == RESULT_OK) {
        result = tls_version_read(slice_of(bytes, length), &version);
    }
    if (result != RESULT_OK) {
        return result == RESULT_INVALID ? RESULT_NOT_FOUND : result;
    }
    int64_t major = version >> BYTE_BITS;
    return sample_give_integer(out, (major << VERSION_SHIFT) + (version & UINT8_MAX));
}

/* The groups of the key shares one behind the other: shorter than the list, written over it. */
static enum result give_shares(const struct rule_context *context, struct slice body,
                               struct sample *out)
{
    struct slice shares;
    struct slice group;
    if (!client_hello_list(body, TLS_EXTENSION_KEY_SHARE, &shares)) {
        return RESULT_NOT_FOUND;
    }
    char *place = arena_take_text(context->scratch, shares.length + 1);
    if (place == NULL) {
        return RESULT_NO_MEMORY;
    }
    size_t length = 0;
    while (client_hello_next_share(&shares, &group)) {
        memcpy(place + length, group.data, group.length);
        length += group.length;
    }
    return sample_give_binary(out, slice_of(place, length));
}

static enum result give_ticket(struct slice body, struct sample *out)
{
    struct slice ticket;
    if (!client_hello_extension(body, TLS_EXTENSION_SESSION_TICKET, &ticket)) {
        return sample_give_integer(out, TICKET_NONE);
    }
    return sample_give_integer(out, ticket.length > 0 ? TICKET_GIVEN : TICKET_EMPTY);
}

static enum result give_hello_part(const struct rule_context *context, enum hello_part part,
                                   struct slice body, struct sample *out)
{
    struct slice value = SLICE_NONE;
    bool is_found = false;
    switch (part) {
    case HELLO_SNI:
        return client_hello_server_name(body, &value) ? sample_give_text(out, value)
                                                      : RESULT_NOT_FOUND;
    case HELLO_ALPN:
        return client_hello_first_protocol(body, &value) ? sample_give_text(out, value)
                                                         : RESULT_NOT_FOUND;
    case HELLO_SHARES:
        return give_shares(context, body, out);
    case HELLO_TICKET:
        return give_ticket(body, out);
    case HELLO_HAS_CURVES:
        return client_hello_extension(body, TLS_EXTENSION_SUPPORTED_GROUPS, &value)
                   ? sample_give_bool(out, true)
                   : RESULT_NOT_FOUND;
    case HELLO_SUITES:
        is_found = client_hello_suites(body, &value);
        break;
    case HELLO_GROUPS:
        is_found = client_hello_list(body, TLS_EXTENSION_SUPPORTED_GROUPS, &value);
        break;
    case HELLO_ALGORITHMS:
        is_found = client_hello_list(body, TLS_EXTENSION_SIGNATURE_ALGORITHMS, &value);
        break;
    }
    return is_found ? sample_give_binary(out, value) : RESULT_NOT_FOUND;
}

static enum result fetch_hello(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct tls_message message;
    enum result result = read_message(context, SIDE_REQUEST, &message);
    if (result != RESULT_OK || message.type != TLS_CLIENT_HELLO) {
        return result == RESULT_OK ? RESULT_NOT_FOUND : result;
    }
    return give_hello_part(context, (enum hello_part)call->variant, message.body, out);
}

/* ---- HTTP ---- */

static enum result parse_head(const struct rule_context *context, struct slice head)
{
    static const struct http1_options STRICT = {0};
    enum { FIELDS_MAX = 101 };
    struct arena *scratch = context->scratch;
    struct http_message message;
    struct http1_error error;
    http_message_init(&message, scratch->source, scratch->account, 0, FIELDS_MAX);
    enum result result = http1_parse_request(head, NULL, &STRICT, &message, &error);
    http_message_clear(&message);
    return result;
}

static enum result fetch_is_http(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)call;
    if (context->request != NULL) {
        return sample_give_bool(out, true);
    }
    char *bytes = NULL;
    size_t length = 0;
    size_t scanned = 0;
    size_t head_length = 0;
    enum result result = copy_bytes(context, SIDE_REQUEST, &bytes, &length);
    if (result != RESULT_OK) {
        return result;
    }
    struct slice all = slice_of(bytes, length);
    if (slice_starts_with(all, SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))) {
        return sample_give_bool(out, true);
    }
    size_t empty = http1_skip_empty_lines(all);
    all = slice_skip(all, empty);
    result = http1_find_head(all, &scanned, &head_length);
    if (result == RESULT_OK) {
        result = parse_head(context, slice_first(all, head_length));
    }
    if (result == RESULT_BLOCKED || result == RESULT_NO_MEMORY) {
        return result;
    }
    return sample_give_bool(out, result == RESULT_OK);
}

/* ---- RDP ---- */

enum { RDP_COOKIE_AT = 11 }; /* TPKT and X.224 headers */

/* The first cookie of a connection request; RESULT_BLOCKED while it may still come. */
static enum result find_rdp_cookie(struct slice bytes, struct slice wanted, struct slice *value)
{
    static const struct slice PREFIX = {"Cookie:", 7};
    struct slice rest = slice_skip(bytes, RDP_COOKIE_AT);
    size_t compared = size_min(rest.length, PREFIX.length);
    if (!slice_equal_nocase(slice_first(rest, compared), slice_first(PREFIX, compared))) {
        return RESULT_NOT_FOUND;
    }
    rest = slice_skip(rest, PREFIX.length);
    while (rest.length > 0 && rest.data[0] == ' ') {
        rest = slice_skip(rest, 1);
    }
    size_t end = slice_find_char(rest, '\r');
    if (end >= rest.length) {
        return RESULT_BLOCKED;
    }
    struct slice line = slice_first(rest, end);
    struct slice name = SLICE_NONE;
    size_t equals = slice_find_char(line, '=');
    name = slice_first(line, equals);
    if (equals >= line.length || (wanted.length > 0 && !slice_equal_nocase(name, wanted))) {
        return RESULT_NOT_FOUND;
    }
    *value = slice_skip(line, equals + 1);
    return RESULT_OK;
}

static enum result fetch_rdp_cookie(const struct sample_call *call, struct rule_context *context,
                                    struct sample *out)
{
    char *bytes = NULL;
    size_t length = 0;
    struct slice value = SLICE_NONE;
    enum result result = copy_bytes(context, SIDE_REQUEST, &bytes, &length);
    if (result == RESULT_OK) {
        result = find_rdp_cookie(slice_of(bytes, length), sample_argument_text(call->arguments, 0),
                                 &value);
    }
    if (call->variant != 0 && (result == RESULT_OK || result == RESULT_NOT_FOUND)) {
        return sample_give_integer(out, result == RESULT_OK ? 1 : 0);
    }
    return result == RESULT_OK ? sample_give_text(out, value) : result;
}

/* ---- the table ---- */

#define HELLO_ROW(name, type, part)                                            \
    {                                                                          \
        name, NO_ARGUMENTS, type, FETCH_OF_REQUEST, fetch_hello, NULL, part, 0 \
    }
#define PAYLOAD_ROW(name, places, side)                                                        \
    {                                                                                          \
        name, {2, {ARGUMENT_INTEGER, ARGUMENT_INTEGER}}, SAMPLE_BINARY, places, fetch_payload, \
            check_payload, side, 0                                                             \
    }
#define PAYLOAD_LV_ROW(name, places, side)                                                       \
    {                                                                                            \
        name, {2, {ARGUMENT_INTEGER, ARGUMENT_INTEGER, ARGUMENT_STRING}}, SAMPLE_BINARY, places, \
            fetch_payload_lv, check_payload_lv, side, 0                                          \
    }
#define PLAIN_ROW(name, type, places, function, variant, flags)          \
    {                                                                    \
        name, NO_ARGUMENTS, type, places, function, NULL, variant, flags \
    }
#define RDP_ROW(name, type, is_count, flags)                                                    \
    {                                                                                           \
        name, {0, {ARGUMENT_STRING}}, type, FETCH_OF_REQUEST, fetch_rdp_cookie, NULL, is_count, \
            flags                                                                               \
    }

const struct sample_fetch fetches_content[] = {
    PLAIN_ROW("req.len", SAMPLE_INTEGER, FETCH_OF_REQUEST, fetch_length, SIDE_REQUEST, 0),
    PLAIN_ROW("req_len", SAMPLE_INTEGER, FETCH_OF_REQUEST, fetch_length, SIDE_REQUEST, 0),
    PLAIN_ROW("res.len", SAMPLE_INTEGER, FETCH_OF_RESPONSE, fetch_length, SIDE_RESPONSE, 0),
    PAYLOAD_ROW("payload", FETCH_OF_REQUEST | FETCH_OF_RESPONSE, SIDE_OF_RULE),
    PAYLOAD_ROW("req.payload", FETCH_OF_REQUEST, SIDE_REQUEST),
    PAYLOAD_ROW("res.payload", FETCH_OF_RESPONSE, SIDE_RESPONSE),
    PAYLOAD_LV_ROW("payload_lv", FETCH_OF_REQUEST | FETCH_OF_RESPONSE, SIDE_OF_RULE),
    PAYLOAD_LV_ROW("req.payload_lv", FETCH_OF_REQUEST, SIDE_REQUEST),
    PAYLOAD_LV_ROW("res.payload_lv", FETCH_OF_RESPONSE, SIDE_RESPONSE),
    PLAIN_ROW("req.proto_http", SAMPLE_BOOL, FETCH_OF_REQUEST, fetch_is_http, 0, 0),
    PLAIN_ROW("req_proto_http", SAMPLE_BOOL, FETCH_OF_REQUEST, fetch_is_http, 0, 0),
    RDP_ROW("rdp_cookie", SAMPLE_STRING, 0, FETCH_HAS_FORMS),
    RDP_ROW("req.rdp_cookie", SAMPLE_STRING, 0, FETCH_HAS_FORMS),
    RDP_ROW("rdp_cookie_cnt", SAMPLE_INTEGER, 1, 0),
    RDP_ROW("req.rdp_cookie_cnt", SAMPLE_INTEGER, 1, 0),
    HELLO_ROW("req.ssl_alpn", SAMPLE_STRING, HELLO_ALPN),
    HELLO_ROW("req.ssl_cipherlist", SAMPLE_BINARY, HELLO_SUITES),
    HELLO_ROW("req.ssl_ec_ext", SAMPLE_BOOL, HELLO_HAS_CURVES),
    HELLO_ROW("req_ssl_ec_ext", SAMPLE_BOOL, HELLO_HAS_CURVES),
    HELLO_ROW("req.ssl_keyshare_groups", SAMPLE_BINARY, HELLO_SHARES),
    HELLO_ROW("req.ssl_sigalgs", SAMPLE_BINARY, HELLO_ALGORITHMS),
    HELLO_ROW("req.ssl_sni", SAMPLE_STRING, HELLO_SNI),
    HELLO_ROW("req_ssl_sni", SAMPLE_STRING, HELLO_SNI),
    HELLO_ROW("req.ssl_st_ext", SAMPLE_INTEGER, HELLO_TICKET),
    HELLO_ROW("req_ssl_st_ext", SAMPLE_INTEGER, HELLO_TICKET),
    HELLO_ROW("req.ssl_supported_groups", SAMPLE_BINARY, HELLO_GROUPS),
    PLAIN_ROW("req.ssl_hello_type", SAMPLE_INTEGER, FETCH_OF_REQUEST, fetch_hello_type,
              SIDE_REQUEST, 0),
    PLAIN_ROW("req_ssl_hello_type", SAMPLE_INTEGER, FETCH_OF_REQUEST, fetch_hello_type,
              SIDE_REQUEST, 0),
    PLAIN_ROW("res.ssl_hello_type", SAMPLE_INTEGER, FETCH_OF_RESPONSE, fetch_hello_type,
              SIDE_RESPONSE, 0),
    PLAIN_ROW("rep_ssl_hello_type", SAMPLE_INTEGER, FETCH_OF_RESPONSE, fetch_hello_type,
              SIDE_RESPONSE, 0),
    PLAIN_ROW("req.ssl_ver", SAMPLE_INTEGER, FETCH_OF_REQUEST, fetch_tls_version, SIDE_REQUEST,
              FETCH_DECIMAL),
    PLAIN_ROW("req_ssl_ver", SAMPLE_INTEGER, FETCH_OF_REQUEST, fetch_tls_version, SIDE_REQUEST,
              FETCH_DECIMAL),
    PLAIN_ROW("wait_end", SAMPLE_BOOL, FETCH_OF_REQUEST | FETCH_OF_RESPONSE, fetch_wait_end, 0, 0),
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};
