/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of TLS connections that end here (ssl_fc_*, ssl_c_*) and of those to servers (ssl_bc_*),
 * as far as the session tells. A plain connection has no value but "false". Values point into the
 * session; no memory.
 */
#include "rules/fetch.h"
#include "transport/connection_tls.h"

enum { TLS_OF_CLIENT, TLS_OF_SERVER = 16 }; /* or-ed to what is wanted */

enum tls_text { TLS_TEXT_SNI, TLS_TEXT_ALPN, TLS_TEXT_PROTOCOL, TLS_TEXT_CIPHER };
enum tls_truth { TLS_IS_THERE, TLS_IS_RESUMED, TLS_HAS_SNI, TLS_HAS_CERTIFICATE };

static const struct connection *secured_of(const struct sample_call *call,
                                           const struct rule_context *context)
{
    const struct connection *connection =
        (call->variant & TLS_OF_SERVER) != 0 ? context->server_connection : context->client;
    return connection_has_tls(connection) ? connection : NULL;
}

static struct slice text_of(const struct connection *secured, enum tls_text text)
{
    switch (text) {
    case TLS_TEXT_SNI:
        return connection_tls_sni(secured);
    case TLS_TEXT_ALPN:
        return connection_tls_alpn(secured);
    case TLS_TEXT_PROTOCOL:
        return slice_from_string(connection_tls_protocol(secured));
    case TLS_TEXT_CIPHER:
        return slice_from_string(connection_tls_cipher(secured));
    }
    return SLICE_NONE;
}

static enum result fetch_text(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    const struct connection *secured = secured_of(call, context);
    if (secured == NULL) {
        return RESULT_NOT_FOUND;
    }
    struct slice text = text_of(secured, (enum tls_text)(call->variant & ~(unsigned)TLS_OF_SERVER));
    return text.length == 0 ? RESULT_NOT_FOUND : sample_give_text(out, text);
}

static enum result fetch_truth(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    const struct connection *secured = secured_of(call, context);
    enum tls_truth truth = (enum tls_truth)(call->variant & ~(unsigned)TLS_OF_SERVER);
    if (secured == NULL) { /* of a plain connection nothing is known about certificates */
        return truth == TLS_HAS_CERTIFICATE ? RESULT_NOT_FOUND : sample_give_bool(out, false);
    }
    switch (truth) {
    case TLS_IS_THERE:
        return sample_give_bool(out, true);
    case TLS_IS_RESUMED:
        return sample_give_bool(out, connection_tls_is_resumed(secured));
    case TLS_HAS_SNI:
        return sample_give_bool(out, connection_tls_sni(secured).length > 0);
    case TLS_HAS_CERTIFICATE:
        return sample_give_bool(out, connection_tls_has_client_certificate(secured));
    }
    return RESULT_NOT_FOUND;
}

static enum result fetch_verify_error(const struct sample_call *call, struct rule_context *context,
                                      struct sample *out)
{
    const struct connection *secured = secured_of(call, context);
    return secured == NULL ? RESULT_NOT_FOUND
                           : sample_give_integer(out, connection_tls_verify_error(secured));
}

#define TEXT_ROW(name, places, variant) \
    FETCH_ROW(name, SAMPLE_STRING, places, fetch_text, variant, 0)
#define TRUTH_ROW(name, places, variant) \
    FETCH_ROW(name, SAMPLE_BOOL, places, fetch_truth, variant, 0)

const struct sample_fetch fetches_tls[] = {
    TRUTH_ROW("ssl_fc", FETCH_OF_CLIENT, TLS_IS_THERE),
    TRUTH_ROW("ssl_fc_is_resumed", FETCH_OF_CLIENT, TLS_IS_RESUMED),
    TRUTH_ROW("ssl_fc_has_sni", FETCH_OF_CLIENT, TLS_HAS_SNI),
    TRUTH_ROW("ssl_fc_has_crt", FETCH_OF_CLIENT, TLS_HAS_CERTIFICATE),
    TRUTH_ROW("ssl_c_used", FETCH_OF_CLIENT, TLS_HAS_CERTIFICATE),
    FETCH_ROW("ssl_fc_sni", SAMPLE_STRING, FETCH_OF_CLIENT, fetch_text, TLS_TEXT_SNI,
              FETCH_HAS_FORMS),
    TEXT_ROW("ssl_fc_alpn", FETCH_OF_CLIENT, TLS_TEXT_ALPN),
    TEXT_ROW("ssl_fc_protocol", FETCH_OF_CLIENT, TLS_TEXT_PROTOCOL),
    TEXT_ROW("ssl_fc_cipher", FETCH_OF_CLIENT, TLS_TEXT_CIPHER),
    FETCH_ROW("ssl_c_verify", SAMPLE_INTEGER, FETCH_OF_CLIENT, fetch_verify_error, TLS_OF_CLIENT,
              0),
    TRUTH_ROW("ssl_bc", FETCH_OF_SERVER, TLS_IS_THERE | TLS_OF_SERVER),
    TRUTH_ROW("ssl_bc_is_resumed", FETCH_OF_SERVER, TLS_IS_RESUMED | TLS_OF_SERVER),
    TEXT_ROW("ssl_bc_sni", FETCH_OF_SERVER, TLS_TEXT_SNI | TLS_OF_SERVER),
    TEXT_ROW("ssl_bc_alpn", FETCH_OF_SERVER, TLS_TEXT_ALPN | TLS_OF_SERVER),
    TEXT_ROW("ssl_bc_protocol", FETCH_OF_SERVER, TLS_TEXT_PROTOCOL | TLS_OF_SERVER),
    TEXT_ROW("ssl_bc_cipher", FETCH_OF_SERVER, TLS_TEXT_CIPHER | TLS_OF_SERVER),
    FETCH_ROWS_END,
};
