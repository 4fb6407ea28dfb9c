/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification of the peer's certificate, inside the handshake.
 *
 * Client role: the chain against the CA file, and the name that was sent as SNI, or verifyhost
 * where none was. Server role: the chain; a client without certificate is let in when it is
 * optional, and GnuTLS turns it away when it is required. What was wrong is kept as OpenSSL's
 * X509_V_ERR number, which configurations and logs use.
 *
 * What bounds its memory: GnuTLS's while it verifies, within the handshake's reserve. RFC 5280 6,
 * RFC 6125.
 */
#include <gnutls/x509.h>

#include "tls/context_internal.h"

/* OpenSSL's numbers (x509_vfy.h), for those of GnuTLS's findings that have one. */
struct verify_row {
    unsigned status;       /* enum gnutls_certificate_status_t */
    unsigned verify_error; /* X509_V_ERR_… */
};

enum { VERIFY_ERROR_UNSPECIFIED = 1 };

/* The first row that applies is the one told. */
static const struct verify_row ROWS[] = {
    {GNUTLS_CERT_REVOKED, 23},                          /* CERT_REVOKED */
    {GNUTLS_CERT_EXPIRED, 10},                          /* CERT_HAS_EXPIRED */
    {GNUTLS_CERT_NOT_ACTIVATED, 9},                     /* CERT_NOT_YET_VALID */
    {GNUTLS_CERT_SIGNER_NOT_FOUND, 20},                 /* UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
    {GNUTLS_CERT_SIGNER_NOT_CA, 24},                    /* INVALID_CA */
    {GNUTLS_CERT_SIGNATURE_FAILURE, 7},                 /* CERT_SIGNATURE_FAILURE */
    {GNUTLS_CERT_INSECURE_ALGORITHM, 68},               /* CA_MD_TOO_WEAK */
    {GNUTLS_CERT_UNEXPECTED_OWNER, 62},                 /* HOSTNAME_MISMATCH */
    {GNUTLS_CERT_PURPOSE_MISMATCH, 26},                 /* INVALID_PURPOSE */
    {GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, 12},       /* CRL_HAS_EXPIRED */
    {GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE, 11}, /* CRL_NOT_YET_VALID */
};

static unsigned to_verify_error(unsigned status)
{
    if (status == 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        if ((status & ROWS[i].status) != 0) {
            return ROWS[i].verify_error;
        }
    }
    return VERIFY_ERROR_UNSPECIFIED;
}

static const char *name_to_check(const struct tls_session *session)
{
    if (session->context->is_server) {
        return NULL;
    }
    return session->name_length > 0 ? session->name : session->context->verify_host;
}

/* GnuTLS calls this when the peer's certificate is there; other than 0 ends the handshake. */
static int on_verify(gnutls_session_t native)
{
    struct tls_session *session = gnutls_session_get_ptr(native);
    unsigned status = 0;
    int error = gnutls_certificate_verify_peers3(native, name_to_check(session), &status);
    if (error == GNUTLS_E_NO_CERTIFICATE_FOUND && session->context->is_server) {
        return session->context->verify == TLS_VERIFY_REQUIRED ? GNUTLS_E_CERTIFICATE_REQUIRED : 0;
    }
    session->verify_error = error < 0 ? VERIFY_ERROR_UNSPECIFIED : to_verify_error(status);
    return session->verify_error == 0 ? 0 : GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR;
}

void tls_verify_install(struct tls_session *session)
{
    if (session->context->verify == TLS_VERIFY_NONE) {
        return;
    }
    if (session->context->is_server) {
        bool is_required = session->context->verify == TLS_VERIFY_REQUIRED;
        gnutls_certificate_server_set_request(session->native, is_required ? GNUTLS_CERT_REQUIRE
                                                                           : GNUTLS_CERT_REQUEST);
    }
    gnutls_session_set_verify_function(session->native, on_verify);
}
