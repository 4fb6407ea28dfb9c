/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS context: what a bind line or a server line says, in GnuTLS's objects, made once at startup.
 *
 * Sessions borrow everything from it: certificates are handed out by pointer (sni.c), priorities
 * and credentials are shared. Tickets are sealed under a key of the context that never leaves it;
 * GnuTLS derives the keys in use from it and the time, so that they rotate by themselves. TLS 1.2
 * sessions are resumed by tickets alone: no cache to fill.
 *
 * What bounds its memory: files and settings of the configuration, metered; the client role
 * remembers at most TLS_RESUMPTION_SLOTS sessions.
 */
#include "tls/tls.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"
#include "tls/context_internal.h"
#include "tls/names.h"
#include "tls/replay.h"

static const char SYSTEM_CA[] = "@system-ca";

/* Says what GnuTLS said. */
static enum result fail(struct text *error, const char *what, const char *value, int status)
{
    text_append_format(error, "%s '%s': %s", what, value, gnutls_strerror(status));
    return RESULT_FAILED;
}

static enum result no_memory(struct text *error)
{
    text_append_string(error, "no memory for a TLS context");
    return RESULT_NO_MEMORY;
}

/* ---- settings ---- */

static enum result set_priority(struct tls_context *context, const struct tls_options *options,
                                struct text *error)
{
    char buffer[TLS_PRIORITY_SIZE];
    struct text priority = text_over(buffer, sizeof(buffer));
    enum result result = tls_names_append_priority(options, &priority, error);
    if (result != RESULT_OK) {
        return result;
    }
    struct library_meter meter = library_meter_begin();
    int status = gnutls_priority_init(&context->priority, buffer, NULL);
    library_meter_end(meter, context->account, &context->library_bytes);
    if (status != GNUTLS_E_SUCCESS) {
        context->priority = NULL;
        return fail(error, "unable to set TLS settings", buffer, status);
    }
    return RESULT_OK;
}

/* Splits "h2,http/1.1". */
static enum result set_alpn(struct tls_context *context, const char *alpn, struct text *error)
{
    if (alpn == NULL || alpn[0] == '\0') {
        return RESULT_OK;
    }
    context->alpn = memory_copy_string(context->account, slice_from_string(alpn));
    if (context->alpn == NULL) {
        return no_memory(error);
    }
    struct slice rest = slice_from_string(context->alpn);
    struct slice name;
    while (slice_next_token(&rest, ',', &name)) {
        if (name.length == 0 || name.length > UINT8_MAX ||
            context->protocols_count == TLS_ALPN_MAX) {
            text_append_format(error,
                               "unable to set ALPN to '%s': an empty, an over-long or too "
                               "many names",
                               alpn);
            return RESULT_INVALID;
        }
        context->protocols[context->protocols_count] =
            (gnutls_datum_t){(unsigned char *)name.data, (unsigned)name.length};
        context->protocols_count++;
    }
    return RESULT_OK;
}

static enum result copy_verify_host(struct tls_context *context, const char *host,
                                    struct text *error)
{
    if (host == NULL) {
        return RESULT_OK;
    }
    context->verify_host = memory_copy_string(context->account, slice_from_string(host));
    return context->verify_host == NULL ? no_memory(error) : RESULT_OK;
}

/* ---- trust ---- */

static enum result load_trust(struct tls_context *context, const struct tls_options *options,
                              struct text *error)
{
    const char *ca_file = options->ca_file;
    if (ca_file == NULL) {
        if (options->verify == TLS_VERIFY_NONE) {
            return RESULT_OK;
        }
        text_append_string(error, "verify is enabled but no CA file specified");
        return RESULT_INVALID;
    }
    bool is_system = strcmp(ca_file, SYSTEM_CA) == 0;
    int status = is_system ? gnutls_certificate_set_x509_system_trust(context->credentials)
                           : gnutls_certificate_set_x509_trust_file(context->credentials, ca_file,
                                                                    GNUTLS_X509_FMT_PEM);
    if (status <= 0) {
        return fail(error, "unable to set CA file", ca_file, status);
    }
    if (options->crl_file == NULL) {
        return RESULT_OK;
    }
    status = gnutls_certificate_set_x509_crl_file(context->credentials, options->crl_file,
                                                  GNUTLS_X509_FMT_PEM);
    return status < 0 ? fail(error, "unable to set CRL file", options->crl_file, status)
                      : RESULT_OK;
}

static enum result load_certificates(struct tls_context *context, const struct tls_options *options,
                                     struct text *error)
{
    enum result result = tls_certificates_init(&context->certificates, context->account);
    if (result != RESULT_OK) {
        return no_memory(error);
    }
    for (size_t i = 0; result == RESULT_OK && i < options->certificates_count; i++) {
        context->certificates.no_bundles = options->no_bundles;
        context->certificates.no_key_files = options->no_key_files;
        result = tls_certificates_load(&context->certificates, options->certificates[i], error);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if (options->is_server && context->certificates.count == 0 && !options->strict_sni) {
        text_append_string(error, "no SSL certificate specified for a listener with 'ssl'");
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

/* GnuTLS's own objects of the context. */
static enum result make_native(struct tls_context *context, const struct tls_options *options,
                               struct text *error)
{
    struct library_meter meter = library_meter_begin();
    int status = gnutls_certificate_allocate_credentials(&context->credentials);
    enum result result = RESULT_OK;
    if (status != GNUTLS_E_SUCCESS) {
        context->credentials = NULL;
        result = fail(error, "unable to allocate", "credentials", status);
    } else {
        result = load_trust(context, options, error);
    }
    if (result == RESULT_OK && context->is_server) {
        /* For clients of TLS 1.2 that name no group of RFC 7919; without it DHE suites are not
         * offered to them. */
        (void)gnutls_certificate_set_known_dh_params(context->credentials, GNUTLS_SEC_PARAM_MEDIUM);
    }
    if (result == RESULT_OK && context->has_tickets && context->is_server) {
        status = gnutls_session_ticket_key_generate(&context->ticket_key);
        if (status != GNUTLS_E_SUCCESS) {
            result = fail(error, "unable to make", "a ticket key", status);
        }
    }
    library_meter_end(meter, context->account, &context->library_bytes);
    return result;
}

/* ---- life ---- */

static enum result fill_context(struct tls_context *context, const struct tls_options *options,
                                struct text *error)
{
    enum result result = set_priority(context, options, error);
    if (result == RESULT_OK) {
        result = set_alpn(context, options->alpn, error);
    }
    if (result == RESULT_OK) {
        result = copy_verify_host(context, options->verify_host, error);
    }
    if (result == RESULT_OK) {
        result = make_native(context, options, error);
    }
    if (result == RESULT_OK) {
        result = load_certificates(context, options, error);
    }
    if (result == RESULT_OK && options->allow_early) {
        context->replay = tls_replay_create(context->account);
        result = context->replay == NULL ? no_memory(error) : RESULT_OK;
    }
    if (result == RESULT_OK) {
        tls_sni_install(context);
    }
    return result;
}

enum result tls_context_create(const struct tls_options *options, struct account *account,
                               struct tls_context **out, struct text *error)
{
    struct tls_context *context = memory_take(account, sizeof(*context));
    if (context == NULL) {
        return no_memory(error);
    }
    context->account = account;
    context->is_server = options->is_server;
    context->verify = options->verify;
    context->strict_sni = options->strict_sni;
    context->has_tickets = !options->no_tickets;
    context->is_quic = options->is_quic;
    enum result result = fill_context(context, options, error);
    if (result != RESULT_OK) {
        tls_context_destroy(context);
        return result;
    }
    *out = context;
    return RESULT_OK;
}

static void destroy_native(struct tls_context *context)
{
    struct library_meter meter = library_meter_begin();
    if (context->credentials != NULL) {
        gnutls_certificate_free_credentials(context->credentials);
    }
    if (context->priority != NULL) {
        gnutls_priority_deinit(context->priority);
    }
    if (context->ticket_key.data != NULL) {
        gnutls_memset(context->ticket_key.data, 0, context->ticket_key.size);
        gnutls_free(context->ticket_key.data);
    }
    library_meter_end(meter, context->account, &context->library_bytes);
    library_meter_clear(context->account, &context->library_bytes);
}

void tls_context_destroy(struct tls_context *context)
{
    if (context == NULL) {
        return;
    }
    tls_resumption_clear(context);
    tls_replay_destroy(context->replay, context->account);
    destroy_native(context);
    if (context->certificates.account != NULL) {
        tls_certificates_deinit(&context->certificates);
    }
    memory_release(context->account, context->verify_host);
    memory_release(context->account, context->alpn);
    memory_release(context->account, context);
}

const char *tls_library_version(void)
{
    return gnutls_check_version(NULL);
}
