/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificate a session shows.
 *
 * GnuTLS asks in the middle of the handshake. A server looks for the name that the client sent,
 * exactly, then by wildcard, and else shows the first certificate, or refuses with
 * unrecognized_name under strict-sni (RFC 6066 3). A client shows the one it has, if any. Chain and
 * key are lent by pointer: nothing is copied for a session.
 *
 * What bounds its memory: nothing is taken.
 */
#include "base/assert.h"
#include "tls/context_internal.h"
#include "tls/hello.h"

enum { NAME_SIZE = 256 };

/* Whether the client can check signatures of such a key. Before TLS 1.2 nobody says, and all is
 * taken to be well. */
static bool can_check(gnutls_session_t native, gnutls_pk_algorithm_t algorithm)
{
    gnutls_sign_algorithm_t sign;
    size_t index = 0;
    while (gnutls_sign_algorithm_get_requested(native, index, &sign) == 0) {
        if (gnutls_sign_supports_pk_algorithm(sign, algorithm) != 0) {
            return true;
        }
        index++;
    }
    return index == 0;
}

/* Whether a certificate of this kind serves the client: by its signatures, and before TLS 1.3 by
 * its suites too. */
static bool is_supported(void *argument, gnutls_pk_algorithm_t algorithm)
{
    const struct tls_session *session = argument;
    const struct tls_certificates *store = &session->context->certificates;
    bool has_choice = store->has_rsa && store->has_curves;
    if (!has_choice) {
        return true;
    }
    bool is_by_suite = gnutls_protocol_get_version(session->native) < GNUTLS_TLS1_3;
    if (algorithm != GNUTLS_PK_RSA && is_by_suite && !session->offers_ecdsa) {
        return false;
    }
    return can_check(session->native, algorithm);
}

static int on_hello(gnutls_session_t native, unsigned type, unsigned when, unsigned incoming,
                    const gnutls_datum_t *message)
{
    (void)type;
    (void)when;
    (void)incoming;
    struct tls_session *session = gnutls_session_get_ptr(native);
    session->offers_ecdsa =
        tls_hello_offers_ecdsa(slice_of((const char *)message->data, message->size));
    return 0;
}

void tls_sni_watch_hello(struct tls_session *session)
{
    const struct tls_certificates *store = &session->context->certificates;
    if (store->has_rsa && store->has_curves) {
        gnutls_handshake_set_hook_function(session->native, GNUTLS_HANDSHAKE_CLIENT_HELLO,
                                           GNUTLS_HOOK_PRE, on_hello);
    }
}

static const struct tls_certificate *choose_for_client(struct tls_session *session)
{
    char name[NAME_SIZE];
    size_t size = sizeof(name);
    unsigned type = GNUTLS_NAME_DNS;
    const struct tls_certificates *store = &session->context->certificates;
    int status = gnutls_server_name_get(session->native, name, &size, &type, 0);
    if (status == GNUTLS_E_SUCCESS && type == GNUTLS_NAME_DNS) {
        const struct tls_certificate *found =
            tls_certificates_find(store, slice_of(name, size), is_supported, session);
        if (found != NULL) {
            return found;
        }
    }
    if (session->context->strict_sni) {
        session->is_name_refused = true;
        return NULL;
    }
    return tls_certificates_default(store, is_supported, session);
}

static int on_certificate_wanted(gnutls_session_t native, const struct gnutls_cert_retr_st *info,
                                 gnutls_pcert_st **chain, unsigned *chain_length,
                                 gnutls_ocsp_data_st **ocsp, unsigned *ocsp_length,
                                 gnutls_privkey_t *key, unsigned *flags)
{
    (void)info;
    struct tls_session *session = gnutls_session_get_ptr(native);
    const struct tls_certificates *store = &session->context->certificates;
    const struct tls_certificate *certificate = NULL;
    if (session->context->is_server) {
        certificate = choose_for_client(session);
        if (certificate == NULL) {
            return GNUTLS_E_CERTIFICATE_ERROR;
        }
    } else if (store->count > 0) {
        certificate = &store->items[0];
    }
    *chain = certificate == NULL ? NULL : certificate->chain;
    *chain_length = certificate == NULL ? 0 : certificate->chain_length;
    *key = certificate == NULL ? NULL : certificate->key;
    *ocsp = NULL;
    *ocsp_length = 0;
    *flags = 0;
    return 0;
}

void tls_sni_install(struct tls_context *context)
{
    gnutls_certificate_set_retrieve_function3(context->credentials, on_certificate_wanted);
}
