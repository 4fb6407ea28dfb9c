/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What choosing and reaching a server takes from the request: the balance key, the persistence
 * cookie, the destination, and the headers that tell the server who asks. Values live in the
 * stream's arenas.
 */
#include "balance/key.h"
#include "base/number.h"
#include "proxy/stream_internal.h"

enum { HEADER_VALUE_MAX = 64, UNIQUE_ID_MAX = 512 };

/* ---- the balance key ---- */

/* As HAProxy hashes it: addresses by their bytes, integers by eight; as a number's text where the
 * key is the hash. */
static struct slice bytes_of_sample(struct stream *stream, struct sample *sample)
{
    enum hash_function function = stream->backend->settings->balance.hash_function;
    enum sample_type type = function == HASH_FUNCTION_NONE ? SAMPLE_STRING : SAMPLE_BINARY;
    return sample_cast(&stream->context, sample, type) == RESULT_OK ? sample->text : SLICE_NONE;
}

/* The part of the fetched bytes that the algorithm's parameters leave. */
static struct slice cut_key(const struct stream *stream, struct slice key)
{
    const struct proxy_settings *settings = stream->backend->settings;
    const struct balance_uri_options *uri = &settings->balance_uri;
    if (key.data == NULL) {
        return key;
    }
    if (settings->balance.algorithm == BALANCE_URI) {
        key = uri->is_path_only ? stream->request.path : key;
        return key_of_uri(key, uri->bytes_max, uri->depth_max, uri->is_whole);
    }
    if (settings->balance.algorithm != BALANCE_HEADER) {
        return key;
    }
    if (key.length == 0) { /* a field without a value is none */
        return SLICE_NONE;
    }
    return settings->balance.hash_domain_only ? key_of_domain(key) : key;
}

struct slice stream_balance_key(struct stream *stream)
{
    const struct sample_expression *key = stream->backend->settings->balance_key;
    struct sample sample;
    stream->context.is_final = true;
    if (key == NULL || sample_evaluate(key, &stream->context, NULL, &sample) != RESULT_OK) {
        return SLICE_NONE;
    }
    return cut_key(stream, bytes_of_sample(stream, &sample));
}

/* ---- the cookie ---- */

struct cookie_search {
    struct stream *stream;
    struct server *server;
};

static enum server_cookie_owner find_server(void *argument, struct slice value)
{
    struct cookie_search *search = argument;
    struct backend *backend = &search->stream->backend->backend;
    enum server_cookie_owner owner = SERVER_COOKIE_UNKNOWN;
    LIST_EACH(link, &backend->servers) {
        struct server *server = container_of(link, struct server, link);
        const char *cookie = server->options->cookie;
        if (cookie == NULL || !slice_equal(slice_from_string(cookie), value)) {
            continue;
        }
        if (server_accepts_persistent(server)) {
            search->server = server;
            return SERVER_COOKIE_UP;
        }
        if (owner == SERVER_COOKIE_UNKNOWN) {
            bool persists = proxy_has(search->stream->backend, OPTION_PERSIST);
            owner = persists ? SERVER_COOKIE_DOWN_USED : SERVER_COOKIE_DOWN;
            search->server = persists ? server : NULL;
        }
    }
    return owner;
}

struct server *stream_cookie_server(struct stream *stream)
{
    const struct server_cookie_settings *settings = stream->backend->settings->cookie;
    if (settings == NULL || stream->is_tcp) {
        return NULL;
    }
    if (stream->cookie.request_flag != '\0') { /* read already: a retry */
        return stream->cookie.is_direct ? stream->cookie_server : NULL;
    }
    struct cookie_search search = {.stream = stream};
    struct server_cookie_finder finder = {.find = find_server, .argument = &search};
    uint64_t wall_s = event_wall_us(stream->worker->loop) / US_PER_SECOND;
    if (server_cookie_request(settings, &finder, &stream->request, wall_s, &stream->cookie) !=
        RESULT_OK) {
        stream->frontend->counters.rewrites_failed++;
    }
    stream->facts.cookie_request = stream->cookie.request_flag;
    stream->cookie_server = stream->cookie.is_direct ? search.server : NULL;
    return stream->cookie_server;
}

enum result stream_answer_cookie(struct stream *stream)
{
    const struct server_cookie_settings *settings = stream->backend->settings->cookie;
    if (settings == NULL || stream->is_tcp) {
        return RESULT_OK;
    }
    const struct server *server = stream->assigned;
    bool with_cookie = false;
    struct server_cookie_answer answer = {
        .server_cookie = server != NULL ? slice_from_string(server->options->cookie) : SLICE_NONE,
        .has_server = server != NULL,
        .is_post = stream->request.method_id == HTTP_METHOD_POST,
        .is_cacheable =
            server_cookie_is_cacheable(stream->request.method_id, &stream->response, &with_cookie),
        .wall_s = event_wall_us(stream->worker->loop) / US_PER_SECOND,
    };
    enum result result =
        server_cookie_response(settings, &answer, &stream->response, &stream->cookie);
    if (stream->cookie.response_flag != '\0') {
        stream->facts.cookie_response = stream->cookie.response_flag;
    }
    return result;
}

/* ---- the destination ---- */

struct address stream_destination(const struct stream *stream)
{
    const struct server *server = stream->assigned;
    struct address destination = server->address;
    bool follows_address = destination.family == AF_INET && destination.v4.s_addr == INADDR_ANY;
    if (follows_address) {
        destination = stream->context.destination;
    }
    bool follows_port = server->port == 0 || server->options->port_is_relative;
    destination.port = server->port;
    if (follows_port && destination.family != AF_UNIX) {
        destination.port =
            (uint16_t)((int32_t)stream->context.destination.port + server->options->port_offset);
    }
    return destination;
}

bool stream_is_idempotent(const struct stream *stream)
{
    switch (stream->request.method_id) {
    case HTTP_METHOD_GET:
    case HTTP_METHOD_HEAD:
    case HTTP_METHOD_PUT:
    case HTTP_METHOD_DELETE:
    case HTTP_METHOD_OPTIONS:
    case HTTP_METHOD_TRACE:
        return true;
    case HTTP_METHOD_OTHER:
    case HTTP_METHOD_POST:
    case HTTP_METHOD_CONNECT:
    case HTTP_METHOD_PATCH:
    case HTTP_METHODS:
        break;
    }
    return false;
}

/* ---- headers for the server ---- */

static bool is_in_network(const struct address *address, const struct address *network,
                          unsigned bits)
{
    enum { BITS_PER_BYTE = 8, BYTE_MASK = 0xff };
    if (network->family == AF_UNSPEC || address->family != network->family) {
        return false;
    }
    const unsigned char *a = (const unsigned char *)&address->v6;
    const unsigned char *n = (const unsigned char *)&network->v6;
    for (unsigned i = 0; bits > 0; i++) {
        unsigned part = bits < BITS_PER_BYTE ? bits : BITS_PER_BYTE;
        unsigned mask = (BYTE_MASK << (BITS_PER_BYTE - part)) & BYTE_MASK;
        if (((a[i] ^ n[i]) & mask) != 0) {
            return false;
        }
        bits -= part;
    }
    return true;
}

static enum result add_forward_header(struct stream *stream, const struct forward_header *header,
                                      const struct address *address)
{
    struct slice name = slice_from_string(header->header);
    struct http_fields *fields = &stream->request.fields;
    bool is_ip = address->family == AF_INET || address->family == AF_INET6;
    if (!header->is_enabled || !is_ip ||
        is_in_network(address, &header->except_net, header->except_bits) ||
        (header->if_none && http_fields_find(fields, name, 0) < fields->count)) {
        return RESULT_OK;
    }
    char value[HEADER_VALUE_MAX];
    struct text text = text_over(value, sizeof(value));
    address_append(&text, address);
    return http_fields_append_copy(fields, name, text_slice(&text));
}

static const struct forward_header *chosen_header(const struct forward_header *front,
                                                  const struct forward_header *back)
{
    return back->is_enabled ? back : front;
}

static enum result add_unique_id(struct stream *stream)
{
    const struct proxy_settings *settings = stream->frontend->settings;
    if (settings->unique_id_format == NULL || settings->unique_id_header == NULL) {
        return RESULT_OK;
    }
    if (stream->context.unique_id.data == NULL) {
        char value[UNIQUE_ID_MAX];
        struct text text = text_over(value, sizeof(value));
        log_format_append(settings->unique_id_format, &stream->context, &text);
        stream->context.unique_id = arena_copy(&stream->arena, text_slice(&text));
    }
    return http_fields_append_copy(&stream->request.fields,
                                   slice_from_string(settings->unique_id_header),
                                   stream->context.unique_id);
}

enum result stream_add_forward_headers(struct stream *stream)
{
    const struct proxy_settings *front = stream->frontend->settings;
    const struct proxy_settings *back = stream->backend->settings;
    enum result result = add_forward_header(
        stream, chosen_header(&front->forwardfor, &back->forwardfor), &stream->context.source);
    if (result == RESULT_OK) {
        result = add_forward_header(stream, chosen_header(&front->originalto, &back->originalto),
                                    &stream->context.destination);
    }
    return result == RESULT_OK ? add_unique_id(stream) : result;
}
