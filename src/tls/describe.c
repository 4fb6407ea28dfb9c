/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What logs, fetches and checks ask about a session, in the words of OpenSSL, which HAProxy's users
 * know. What bounds its memory: nothing is taken; texts are constants or the session's own.
 */
#include <gnutls/gnutls.h>

#include "tls/context_internal.h"
#include "tls/names.h"

struct slice tls_session_alpn(const struct tls_session *session)
{
    gnutls_datum_t protocol;
    if (gnutls_alpn_get_selected_protocol(session->native, &protocol) < 0) {
        return SLICE("");
    }
    return slice_of((const char *)protocol.data, protocol.size);
}

struct slice tls_session_sni(const struct tls_session *session)
{
    return session->name == NULL ? SLICE("") : slice_of(session->name, session->name_length);
}

const char *tls_session_protocol(const struct tls_session *session)
{
    if (!session->is_complete) {
        return "-";
    }
    switch ((int)gnutls_protocol_get_version(session->native)) {
    case GNUTLS_TLS1_0:
        return "TLSv1";
    case GNUTLS_TLS1_1:
        return "TLSv1.1";
    case GNUTLS_TLS1_2:
        return "TLSv1.2";
    case GNUTLS_TLS1_3:
        return "TLSv1.3";
    default:
        return "-";
    }
}

const char *tls_session_cipher(const struct tls_session *session)
{
    const char *suite = session->is_complete ? gnutls_ciphersuite_get(session->native) : NULL;
    return suite == NULL ? "-" : tls_names_openssl_suite(suite);
}

bool tls_session_is_resumed(const struct tls_session *session)
{
    return session->is_complete && gnutls_session_is_resumed(session->native) != 0;
}

bool tls_session_has_client_certificate(const struct tls_session *session)
{
    return session->context->is_server && session->has_peer_certificate;
}

unsigned tls_session_verify_error(const struct tls_session *session)
{
    return session->verify_error;
}

void tls_session_append_error(const struct tls_session *session, struct text *text)
{
    text_append_string(text, "SSL handshake failure");
    if (session->error == 0) {
        return;
    }
    text_append_string(text, " (");
    if (session->error == GNUTLS_E_FATAL_ALERT_RECEIVED) {
        const char *alert = gnutls_alert_get_name(gnutls_alert_get(session->native));
        text_append_format(text, "alert received: %s", alert == NULL ? "unknown" : alert);
    } else {
        text_append_string(text, gnutls_strerror(session->error));
    }
    text_append_char(text, ')');
}

size_t tls_session_held_bytes(const struct tls_session *session)
{
    return session->library_bytes;
}
