/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of everything but HTTP messages: constants, the process and proxies, addresses, TLS,
 * captures, variables, ACLs by name, users, raw bytes. Values are read from the context; texts that
 * must be put together go to the scratch arena.
 */
#include <string.h>

#include "balance/backend.h"
#include "base/clock.h"
#include "base/number.h"
#include "http/auth.h"
#include "http/cookie.h"
#include "rules/auth.h"
#include "rules/fetch.h"
#include "rules/log_format.h"
#include "rules/variable.h"
#include "transport/connection.h"

enum { TLS_WANT_SNI = 1, TLS_WANT_ALPN, TLS_WANT_PROTOCOL, TLS_WANT_CIPHER };

#define NO_ARGUMENTS      \
    {                     \
        0,                \
        {                 \
            ARGUMENT_NONE \
        }                 \
    }

static enum result missing(const struct rule_context *context)
{
    return context->is_final ? RESULT_NOT_FOUND : RESULT_BLOCKED;
}

static enum result give_string(struct sample *out, const char *s)
{
    return s != NULL ? sample_give_text(out, slice_from_string(s)) : RESULT_NOT_FOUND;
}

static enum result give_address(const struct address *address, struct sample *out)
{
    if (address->family == AF_INET) {
        *out = (struct sample){.type = SAMPLE_IPV4, .ipv4 = address->v4};
        return RESULT_OK;
    }
    if (address->family == AF_INET6) {
        *out = (struct sample){.type = SAMPLE_IPV6, .ipv6 = address->v6};
        return RESULT_OK;
    }
    return RESULT_NOT_FOUND;
}

/* ---- constants and the process ---- */

static enum result fetch_bool(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    return sample_give_bool(out, call->variant != 0);
}

static enum result fetch_truth(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    struct slice word = sample_argument_text(call->arguments, 0);
    (void)context;
    return sample_give_bool(out, slice_equal_nocase(word, SLICE("true")) ||
                                     slice_equal(word, SLICE("1")));
}

static enum result fetch_text(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    return sample_give_text(out, sample_argument_text(call->arguments, 0));
}

static enum result fetch_integer(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)context;
    return sample_give_integer(out, sample_argument_integer(call->arguments, 0, 0));
}

static enum result fetch_date(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    int64_t offset = sample_argument_integer(call->arguments, 0, 0);
    return sample_give_integer(out, (int64_t)(context->wall_us / US_PER_SECOND) + offset);
}

static enum result fetch_node(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)call;
    return give_string(out, context->node_name);
}

enum proxy_fact { FACT_NAME, FACT_ID, FACT_CONNECTIONS, FACT_SERVERS };

static enum result fetch_proxy(const struct proxy_identity *proxy, unsigned fact,
                               struct sample *out)
{
    if (proxy == NULL) {
        return RESULT_NOT_FOUND;
    }
    switch ((enum proxy_fact)fact) {
    case FACT_NAME:
        return give_string(out, proxy->name);
    case FACT_ID:
        return sample_give_integer(out, proxy->id);
    case FACT_CONNECTIONS:
        return sample_give_integer(out, proxy->counters->sessions_current);
    case FACT_SERVERS:
        break;
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_frontend(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    const struct proxy_identity *named = sample_argument_target(call->arguments, 0);
    return fetch_proxy(named != NULL ? named : context->frontend, call->variant, out);
}

static enum result fetch_backend(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    const struct backend *named = sample_argument_target(call->arguments, 0);
    const struct backend *backend = named != NULL ? named : context->balance;
    if (call->variant == FACT_SERVERS) {
        return backend == NULL ? RESULT_NOT_FOUND
                               : sample_give_integer(out, backend_usable_servers(backend));
    }
    return fetch_proxy(named != NULL ? &named->identity : context->backend, call->variant, out);
}

static enum result fetch_server(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    const struct server *named = sample_argument_target(call->arguments, 0);
    const struct server *server = named != NULL ? named : context->server;
    if (server == NULL) {
        return RESULT_NOT_FOUND;
    }
    switch ((enum proxy_fact)call->variant) {
    case FACT_NAME:
        return give_string(out, server->options->name);
    case FACT_ID:
        return sample_give_integer(out, server->options->id);
    case FACT_CONNECTIONS:
        return sample_give_integer(out, server->counters.sessions_current);
    case FACT_SERVERS:
        return sample_give_bool(out, server_is_usable(server));
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_listener(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    return call->variant == FACT_ID ? sample_give_integer(out, context->listener_id)
                                    : give_string(out, context->listener_name);
}

const struct sample_fetch fetches_internal[] = {
    {"always_true", NO_ARGUMENTS, SAMPLE_BOOL, FETCH_ANYWHERE, fetch_bool, NULL, 1, 0},
    {"always_false", NO_ARGUMENTS, SAMPLE_BOOL, FETCH_ANYWHERE, fetch_bool, NULL, 0, 0},
    {"bool", {1, {ARGUMENT_STRING}}, SAMPLE_BOOL, FETCH_ANYWHERE, fetch_truth, NULL, 0, 0},
    {"str", {1, {ARGUMENT_STRING}}, SAMPLE_STRING, FETCH_ANYWHERE, fetch_text, NULL, 0, 0},
    {"int", {1, {ARGUMENT_INTEGER}}, SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_integer, NULL, 0, 0},
    {"date", {0, {ARGUMENT_INTEGER}}, SAMPLE_INTEGER, FETCH_ANYWHERE, fetch_date, NULL, 0, 0},
    {"hostname", NO_ARGUMENTS, SAMPLE_STRING, FETCH_ANYWHERE, fetch_node, NULL, 0, 0},
    {"fe_name", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_CLIENT, fetch_frontend, NULL, FACT_NAME, 0},
    {"fe_id", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_frontend, NULL, FACT_ID, 0},
    {"fe_conn",
     {0, {ARGUMENT_FRONTEND}},
     SAMPLE_INTEGER,
     FETCH_ANYWHERE,
     fetch_frontend,
     NULL,
     FACT_CONNECTIONS,
     0},
    {"be_name", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_STREAM, fetch_backend, NULL, FACT_NAME, 0},
    {"be_id", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_STREAM, fetch_backend, NULL, FACT_ID, 0},
    {"be_conn",
     {0, {ARGUMENT_BACKEND}},
     SAMPLE_INTEGER,
     FETCH_ANYWHERE,
     fetch_backend,
     NULL,
     FACT_CONNECTIONS,
     0},
    {"nbsrv",
     {0, {ARGUMENT_BACKEND}},
     SAMPLE_INTEGER,
     FETCH_ANYWHERE,
     fetch_backend,
     NULL,
     FACT_SERVERS,
     0},
    {"srv_name", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_SERVER, fetch_server, NULL, FACT_NAME, 0},
    {"srv_id", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_SERVER, fetch_server, NULL, FACT_ID, 0},
    {"srv_conn",
     {1, {ARGUMENT_SERVER}},
     SAMPLE_INTEGER,
     FETCH_ANYWHERE,
     fetch_server,
     NULL,
     FACT_CONNECTIONS,
     0},
    {"srv_is_up",
     {1, {ARGUMENT_SERVER}},
     SAMPLE_BOOL,
     FETCH_ANYWHERE,
     fetch_server,
     NULL,
     FACT_SERVERS,
     0},
    {"so_name", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_CLIENT, fetch_listener, NULL, FACT_NAME, 0},
    {"so_id", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_listener, NULL, FACT_ID, 0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};

/* ---- addresses ---- */

static enum result fetch_source(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    return call->variant != 0 ? sample_give_integer(out, context->source.port)
                              : give_address(&context->source, out);
}

static enum result fetch_destination(const struct sample_call *call, struct rule_context *context,
                                     struct sample *out)
{
    return call->variant != 0 ? sample_give_integer(out, context->destination.port)
                              : give_address(&context->destination, out);
}

static enum result fetch_peer(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)call;
    return context->client == NULL ? RESULT_NOT_FOUND : give_address(&context->client->peer, out);
}

const struct sample_fetch fetches_connection[] = {
    {"src", NO_ARGUMENTS, SAMPLE_ADDRESS, FETCH_OF_CLIENT, fetch_source, NULL, 0, 0},
    {"src_port", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_source, NULL, 1, 0},
    {"dst", NO_ARGUMENTS, SAMPLE_ADDRESS, FETCH_OF_CLIENT, fetch_destination, NULL, 0, 0},
    {"dst_port", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_destination, NULL, 1, 0},
    {"fc_src", NO_ARGUMENTS, SAMPLE_ADDRESS, FETCH_OF_CLIENT, fetch_peer, NULL, 0, 0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};

/* ---- TLS ---- */

static enum result fetch_tls(const struct sample_call *call, struct rule_context *context,
                             struct sample *out)
{
    const struct tls_session *tls = context->client != NULL ? context->client->tls : NULL;
    if (tls == NULL) {
        return RESULT_NOT_FOUND;
    }
    struct slice text = SLICE_NONE;
    switch (call->variant) {
    case TLS_WANT_SNI:
        text = tls_session_sni(tls);
        break;
    case TLS_WANT_ALPN:
        text = tls_session_alpn(tls);
        break;
    case TLS_WANT_PROTOCOL:
        text = slice_from_string(tls_session_protocol(tls));
        break;
    case TLS_WANT_CIPHER:
        text = slice_from_string(tls_session_cipher(tls));
        break;
    }
    return text.length == 0 ? RESULT_NOT_FOUND : sample_give_text(out, text);
}

static enum result fetch_is_tls(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    (void)call;
    return sample_give_bool(out, context->client != NULL && context->client->tls != NULL);
}

static enum result fetch_is_resumed(const struct sample_call *call, struct rule_context *context,
                                    struct sample *out)
{
    (void)call;
    const struct tls_session *tls = context->client != NULL ? context->client->tls : NULL;
    return tls == NULL ? RESULT_NOT_FOUND : sample_give_bool(out, tls_session_is_resumed(tls));
}

static enum result fetch_client_certificate(const struct sample_call *call,
                                            struct rule_context *context, struct sample *out)
{
    const struct tls_session *tls = context->client != NULL ? context->client->tls : NULL;
    if (tls == NULL) {
        return RESULT_NOT_FOUND;
    }
    return call->variant != 0 ? sample_give_integer(out, tls_session_verify_error(tls))
                              : sample_give_bool(out, tls_session_has_client_certificate(tls));
}

const struct sample_fetch fetches_tls[] = {
    {"ssl_fc", NO_ARGUMENTS, SAMPLE_BOOL, FETCH_OF_CLIENT, fetch_is_tls, NULL, 0, 0},
    {"ssl_fc_sni", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_CLIENT, fetch_tls, NULL, TLS_WANT_SNI,
     FETCH_HAS_FORMS},
    {"ssl_fc_alpn", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_CLIENT, fetch_tls, NULL, TLS_WANT_ALPN,
     0},
    {"ssl_fc_protocol", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_CLIENT, fetch_tls, NULL,
     TLS_WANT_PROTOCOL, 0},
    {"ssl_fc_cipher", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_CLIENT, fetch_tls, NULL,
     TLS_WANT_CIPHER, 0},
    {"ssl_fc_is_resumed", NO_ARGUMENTS, SAMPLE_BOOL, FETCH_OF_CLIENT, fetch_is_resumed, NULL, 0, 0},
    {"ssl_c_used", NO_ARGUMENTS, SAMPLE_BOOL, FETCH_OF_CLIENT, fetch_client_certificate, NULL, 0,
     0},
    {"ssl_c_verify", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_client_certificate, NULL,
     1, 0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};

/* ---- cookies ---- */

static enum result fetch_cookie(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    bool is_response = call->variant != 0;
    const struct http_message *message = is_response ? context->response : context->request;
    if (message == NULL) {
        return missing(context);
    }
    struct http_cookie_place place;
    enum http_name id = is_response ? HTTP_NAME_SET_COOKIE : HTTP_NAME_COOKIE;
    if (!http_cookie_find(&message->fields, id, sample_argument_text(call->arguments, 0), 0,
                          &place) ||
        place.cookie.value.data == NULL) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, place.cookie.value);
}

static enum result fetch_cookie_integer(const struct sample_call *call,
                                        struct rule_context *context, struct sample *out)
{
    enum result result = fetch_cookie(call, context, out);
    return result == RESULT_OK ? sample_cast(context, out, SAMPLE_INTEGER) : result;
}

static enum result fetch_cookie_count(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    struct slice wanted = sample_argument_text(call->arguments, 0);
    if (context->request == NULL) {
        return missing(context);
    }
    const struct http_fields *fields = &context->request->fields;
    int64_t count = 0;
    for (uint16_t i = http_fields_find_id(fields, HTTP_NAME_COOKIE, 0); i < fields->count;
         i = http_fields_find_id(fields, HTTP_NAME_COOKIE, (uint16_t)(i + 1))) {
        struct slice rest = fields->entries[i].value;
        struct http_cookie cookie;
        while (http_cookie_next(&rest, &cookie)) {
            count += wanted.length == 0 || slice_equal(cookie.name, wanted) ? 1 : 0;
        }
    }
    return sample_give_integer(out, count);
}

const struct sample_fetch fetches_cookie[] = {
    {"req.cook",
     {1, {ARGUMENT_STRING}},
     SAMPLE_STRING,
     FETCH_OF_STREAM,
     fetch_cookie,
     NULL,
     0,
     FETCH_HAS_FORMS},
    {"cook",
     {1, {ARGUMENT_STRING}},
     SAMPLE_STRING,
     FETCH_OF_STREAM,
     fetch_cookie,
     NULL,
     0,
     FETCH_HAS_FORMS},
    {"req.cook_val",
     {1, {ARGUMENT_STRING}},
     SAMPLE_INTEGER,
     FETCH_OF_STREAM,
     fetch_cookie_integer,
     NULL,
     0,
     0},
    {"req.cook_cnt",
     {0, {ARGUMENT_STRING}},
     SAMPLE_INTEGER,
     FETCH_OF_STREAM,
     fetch_cookie_count,
     NULL,
     0,
     0},
    {"res.cook",
     {1, {ARGUMENT_STRING}},
     SAMPLE_STRING,
     FETCH_OF_RESPONSE,
     fetch_cookie,
     NULL,
     1,
     FETCH_HAS_FORMS},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};

/* ---- the stream ---- */

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
    return sample_give_text(out, part);
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
                              : give_string(out, context->facts->final_rule_file);
}

const struct sample_fetch fetches_stream[] = {
    {"capture.req.hdr",
     {1, {ARGUMENT_INTEGER}},
     SAMPLE_STRING,
     FETCH_OF_STREAM,
     fetch_capture,
     NULL,
     0,
     0},
    {"capture.res.hdr",
     {1, {ARGUMENT_INTEGER}},
     SAMPLE_STRING,
     FETCH_OF_STREAM,
     fetch_capture,
     NULL,
     1,
     0},
    {"capture.req.method", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_STREAM, fetch_request_line, NULL,
     LINE_METHOD, 0},
    {"capture.req.uri", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_STREAM, fetch_request_line, NULL,
     LINE_URI, 0},
    {"capture.req.ver", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_STREAM, fetch_request_line, NULL,
     LINE_VERSION, 0},
    {"unique-id", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_STREAM, fetch_unique_id, NULL, 0, 0},
    {"http_first_req", NO_ARGUMENTS, SAMPLE_BOOL, FETCH_OF_STREAM, fetch_first_request, NULL, 0, 0},
    {"last_rule_file", NO_ARGUMENTS, SAMPLE_STRING, FETCH_OF_STREAM, fetch_final_rule, NULL, 0, 0},
    {"last_rule_line", NO_ARGUMENTS, SAMPLE_INTEGER, FETCH_OF_STREAM, fetch_final_rule, NULL, 1, 0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};

/* ---- variables and users ---- */

static enum result fetch_variable(const struct sample_call *call, struct rule_context *context,
                                  struct sample *out)
{
    enum result result = variable_read(call->arguments->items[0].variable, context, out);
    if (result != RESULT_NOT_FOUND || !sample_argument_is_given(call->arguments, 1)) {
        return result;
    }
    return sample_give_text(out, sample_argument_text(call->arguments, 1));
}

/* The credentials of the request's Authorization in `bytes`; false when they are not those of a
 * user of the list. */
static bool find_user(const struct userlist *list, const struct rule_context *context,
                      char bytes[HTTP_AUTH_BYTES_MAX], struct http_credentials *credentials)
{
    struct slice value = http_fields_value(&context->request->fields, HTTP_NAME_AUTHORIZATION);
    return list != NULL &&
           http_auth_parse_basic(value, bytes, HTTP_AUTH_BYTES_MAX, credentials) == RESULT_OK &&
           userlist_check(list, credentials->user, credentials->password,
                          context->scratch->account) == RESULT_OK;
}

static enum result fetch_http_auth(const struct sample_call *call, struct rule_context *context,
                                   struct sample *out)
{
    if (context->request == NULL) {
        return missing(context);
    }
    char bytes[HTTP_AUTH_BYTES_MAX];
    struct http_credentials credentials;
    const struct userlist *list = sample_argument_target(call->arguments, 0);
    return sample_give_bool(out, find_user(list, context, bytes, &credentials));
}

/* In an ACL the groups of the user one after the other, elsewhere the user's name. */
static enum result fetch_http_auth_group(const struct sample_call *call,
                                         struct rule_context *context, struct sample *out)
{
    if (context->request == NULL) {
        return missing(context);
    }
    char bytes[HTTP_AUTH_BYTES_MAX];
    struct http_credentials credentials;
    const struct userlist *list = sample_argument_target(call->arguments, 0);
    if (!find_user(list, context, bytes, &credentials)) {
        return RESULT_NOT_FOUND;
    }
    if (call->cursor == NULL) {
        struct slice user = arena_copy(context->scratch, credentials.user);
        return user.data == NULL ? RESULT_NO_MEMORY : sample_give_text(out, user);
    }
    unsigned index = (unsigned)call->cursor->state[0]++;
    const char *group = userlist_group_of(list, credentials.user, index);
    if (group == NULL) {
        return RESULT_NOT_FOUND;
    }
    enum result result = sample_give_text(out, slice_from_string(group));
    if (userlist_group_of(list, credentials.user, index + 1) != NULL) {
        out->flags |= SAMPLE_NOT_LAST;
    }
    return result;
}

const struct sample_fetch fetches_logic[] = {
    {"var",
     {1, {ARGUMENT_VARIABLE, ARGUMENT_STRING}},
     SAMPLE_ANY,
     FETCH_ANYWHERE,
     fetch_variable,
     NULL,
     0,
     FETCH_HAS_FORMS},
    {"http_auth",
     {1, {ARGUMENT_USERLIST}},
     SAMPLE_BOOL,
     FETCH_OF_STREAM,
     fetch_http_auth,
     NULL,
     0,
     0},
    {"http_auth_group",
     {1, {ARGUMENT_USERLIST}},
     SAMPLE_STRING,
     FETCH_OF_STREAM,
     fetch_http_auth_group,
     NULL,
     0,
     0},
    {NULL, NO_ARGUMENTS, SAMPLE_ANY, 0, NULL, NULL, 0, 0},
};
