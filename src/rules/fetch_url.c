/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of a request's target put together with its host: base, its hashes, and the address in an
 * absolute target. The hashes are HAProxy's (sdbm with avalanche), since tables of a mixed fleet
 * are keyed by them. Memory: texts in the scratch arena. RFC 3986 3.2.
 */
#include <string.h>

#include "balance/hash.h"
#include "base/number.h"
#include "http/uri.h"
#include "rules/fetch.h"

enum { BYTE_BITS = 8, HASH_BYTES = 4 };

enum url_form { URL_BASE, URL_BASE_QUERY };

/* The first Host and the path, or the path with its query. */
static enum result join(const struct rule_context *context, enum url_form form, struct slice *out)
{
    const struct http_message *request = context->request;
    if (request == NULL) {
        return sample_missing(context);
    }
    struct slice host = http_message_host(request);
    struct slice rest = form == URL_BASE_QUERY ? request->path : http_message_path_only(request);
    char *bytes = arena_take_text(context->scratch, host.length + rest.length + 1);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(bytes, host.length + rest.length + 1);
    text_append(&text, host);
    text_append(&text, rest);
    *out = text_slice(&text);
    return RESULT_OK;
}

static enum result fetch_base(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    struct slice text;
    enum result result = join(context, (enum url_form)call->variant, &text);
    return result == RESULT_OK ? sample_give_text(out, text) : result;
}

static enum result hash_of(const struct rule_context *context, unsigned form, uint32_t *hash)
{
    struct slice text;
    enum result result = join(context, (enum url_form)form, &text);
    if (result == RESULT_OK) {
        *hash = hash_avalanche(hash_sdbm(text));
    }
    return result;
}

static enum result fetch_hash(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    uint32_t hash = 0;
    enum result result = hash_of(context, call->variant, &hash);
    return result == RESULT_OK ? sample_give_integer(out, hash) : result;
}

/* The hash in network order with the client's address behind it. */
static enum result fetch_hash_and_source(const struct sample_call *call,
                                         struct rule_context *context, struct sample *out)
{
    uint32_t hash = 0;
    enum result result = hash_of(context, call->variant, &hash);
    if (result != RESULT_OK) {
        return result;
    }
    char *bytes = arena_take_text(context->scratch, HASH_BYTES + sizeof(context->source.v6));
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    for (unsigned i = 0; i < HASH_BYTES; i++) {
        bytes[i] = (char)(hash >> (HASH_BYTES - 1 - i) * BYTE_BITS);
    }
    size_t length = 0;
    if (context->source.family == AF_INET) {
        length = sizeof(context->source.v4);
        memcpy(bytes + HASH_BYTES, &context->source.v4, length);
    } else if (context->source.family == AF_INET6) {
        length = sizeof(context->source.v6);
        memcpy(bytes + HASH_BYTES, &context->source.v6, length);
    } else {
        return RESULT_NOT_FOUND;
    }
    return sample_give_binary(out, slice_of(bytes, HASH_BYTES + length));
}

enum { WANT_ADDRESS, WANT_PORT };

/* The address of an absolute target; names are not resolved. */
static enum result fetch_address(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    struct http_authority authority;
    struct address address;
    uint64_t port = 0;
    const struct http_message *request = context->request;
    if (request == NULL) {
        return sample_missing(context);
    }
    if (http_authority_parse(request->authority, &authority) != RESULT_OK) {
        return RESULT_NOT_FOUND;
    }
    struct slice host = authority.host;
    if (host.length > 2 && host.data[0] == '[') {
        host = slice_of(host.data + 1, host.length - 2);
    }
    if (address_parse_ip(host, &address) != RESULT_OK) {
        return RESULT_NOT_FOUND;
    }
    if (call->variant == WANT_ADDRESS) {
        return sample_give_address(out, &address);
    }
    if (authority.port.length > 0 && number_parse_decimal(authority.port, &port) != RESULT_OK) {
        return RESULT_NOT_FOUND;
    }
    bool has_port = authority.port.length > 0;
    return sample_give_integer(out, has_port ? (int64_t)port : http_scheme_port(request->scheme));
}

#define HASH_ROW(name, type, function, form) \
    FETCH_ROW(name, type, FETCH_OF_STREAM, function, form, 0)

const struct sample_fetch fetches_url[] = {
    FETCH_ROW("base", SAMPLE_STRING, FETCH_OF_STREAM, fetch_base, URL_BASE, FETCH_HAS_FORMS),
    FETCH_ROW("baseq", SAMPLE_STRING, FETCH_OF_STREAM, fetch_base, URL_BASE_QUERY, 0),
    HASH_ROW("base32", SAMPLE_INTEGER, fetch_hash, URL_BASE),
    HASH_ROW("base32+src", SAMPLE_BINARY, fetch_hash_and_source, URL_BASE),
    HASH_ROW("url32", SAMPLE_INTEGER, fetch_hash, URL_BASE_QUERY),
    HASH_ROW("url32+src", SAMPLE_BINARY, fetch_hash_and_source, URL_BASE_QUERY),
    FETCH_ROW("url_ip", SAMPLE_ADDRESS, FETCH_OF_STREAM, fetch_address, WANT_ADDRESS, 0),
    FETCH_ROW("url_port", SAMPLE_INTEGER, FETCH_OF_STREAM, fetch_address, WANT_PORT, 0),
    FETCH_ROWS_END,
};
