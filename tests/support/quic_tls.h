/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a QUIC handshake's TLS, by GnuTLS's own client: messages and secrets are
 * written down.
 */
#ifndef WEIR_TESTS_SUPPORT_QUIC_TLS_H
#define WEIR_TESTS_SUPPORT_QUIC_TLS_H

#include <gnutls/gnutls.h>
#include <string.h>

#include "support/certificates.h"
#include "support/memory.h"
#include "tls/quic_session.h"

enum { TEST_CRYPTO_BYTES = 16384, TEST_PARAMETERS_BYTES = 512 };

struct test_quic_tls {
    gnutls_session_t native;
    gnutls_certificate_credentials_t credentials;
    char out[TLS_LEVELS][TEST_CRYPTO_BYTES]; /* messages to send */
    size_t out_bytes[TLS_LEVELS];
    uint8_t secrets[TLS_LEVELS][2][TLS_SECRET_BYTES_MAX]; /* [1]: to seal with */
    size_t secret_bytes[TLS_LEVELS][2];
    uint8_t parameters[TEST_PARAMETERS_BYTES]; /* ours */
    size_t parameters_bytes;
    bool has_peer_parameters, is_complete, sends_no_parameters;
    uint16_t alert; /* that it would send; 0: none */
    int status;     /* of the last call */
};

/* What a client is like. */
struct test_quic_tls_options {
    const char *alpn, *name;      /* NULL: not sent */
    const char *priority;         /* NULL: all suites of TLS 1.3 */
    const char *certificate_file; /* PEM bundle; NULL: none */
    const gnutls_datum_t *ticket; /* session data of a connection before; NULL: none */
    bool is_early;                /* 0-RTT */
    bool has_one_share;           /* sends a key share of its first group alone */
};

static inline enum tls_level test_quic_level(gnutls_record_encryption_level_t level)
{
    return level == GNUTLS_ENCRYPTION_LEVEL_INITIAL     ? TLS_LEVEL_INITIAL
           : level == GNUTLS_ENCRYPTION_LEVEL_EARLY     ? TLS_LEVEL_EARLY
           : level == GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE ? TLS_LEVEL_HANDSHAKE
                                                        : TLS_LEVEL_APPLICATION;
}

static inline int test_quic_on_secret(gnutls_session_t native,
                                      gnutls_record_encryption_level_t level, const void *read,
                                      const void *write, size_t bytes)
{
    struct test_quic_tls *t = gnutls_session_get_ptr(native);
    enum tls_level l = test_quic_level(level);
    const void *both[] = {read, write};
    for (unsigned i = 0; i < 2; i++) {
        if (both[i] != NULL) {
            memcpy(t->secrets[l][i], both[i], bytes);
            t->secret_bytes[l][i] = bytes;
        }
    }
    return 0;
}

static inline int test_quic_on_message(gnutls_session_t native,
                                       gnutls_record_encryption_level_t level,
                                       gnutls_handshake_description_t type, const void *data,
                                       size_t bytes)
{
    struct test_quic_tls *t = gnutls_session_get_ptr(native);
    enum tls_level l = test_quic_level(level);
    if (type != GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC) {
        assert_true(bytes <= TEST_CRYPTO_BYTES - t->out_bytes[l]);
        memcpy(t->out[l] + t->out_bytes[l], data, bytes);
        t->out_bytes[l] += bytes;
    }
    return 0;
}

static inline int test_quic_on_alert(gnutls_session_t native,
                                     gnutls_record_encryption_level_t level,
                                     gnutls_alert_level_t severity,
                                     gnutls_alert_description_t description)
{
    (void)level;
    (void)severity;
    struct test_quic_tls *t = gnutls_session_get_ptr(native);
    t->alert = (uint16_t)description;
    return 0;
}

static inline int test_quic_on_parameters(gnutls_session_t native, const unsigned char *data,
                                          size_t bytes)
{
    struct test_quic_tls *t = gnutls_session_get_ptr(native);
    (void)data;
    t->has_peer_parameters = bytes > 0;
    return 0;
}

static inline int test_quic_give_parameters(gnutls_session_t native, gnutls_buffer_t out)
{
    struct test_quic_tls *t = gnutls_session_get_ptr(native);
    return gnutls_buffer_append_data(out, t->parameters, t->parameters_bytes);
}

static inline void test_quic_tls_name(struct test_quic_tls *t,
                                      const struct test_quic_tls_options *options)
{
    if (options->alpn != NULL) {
        gnutls_datum_t protocol = {(unsigned char *)(uintptr_t)options->alpn,
                                   (unsigned)strlen(options->alpn)};
        assert_int_equal(gnutls_alpn_set_protocols(t->native, &protocol, 1, 0), 0);
    }
    if (options->name != NULL) {
        assert_int_equal(gnutls_server_name_set(t->native, GNUTLS_NAME_DNS, options->name,
                                                strlen(options->name)),
                         0);
    }
}

static inline void test_quic_tls_credentials(struct test_quic_tls *t,
                                             const struct test_quic_tls_options *options)
{
    const char *file = options->certificate_file;
    const gnutls_datum_t *ticket = options->ticket;
    assert_int_equal(gnutls_certificate_allocate_credentials(&t->credentials), 0);
    assert_int_equal(gnutls_credentials_set(t->native, GNUTLS_CRD_CERTIFICATE, t->credentials), 0);
    assert_true(file == NULL || gnutls_certificate_set_x509_key_file(t->credentials, file, file,
                                                                     GNUTLS_X509_FMT_PEM) >= 0);
    assert_true(ticket == NULL ||
                gnutls_session_set_data(t->native, ticket->data, ticket->size) == 0);
}

/* Goes on with the handshake as far as it goes; tells whether it has not failed. */
static inline bool test_quic_tls_go_on(struct test_quic_tls *t)
{
    do {
        t->status = gnutls_handshake(t->native);
    } while (t->status < 0 && t->status != GNUTLS_E_AGAIN && gnutls_error_is_fatal(t->status) == 0);
    if (t->status < 0 && t->status != GNUTLS_E_AGAIN && t->alert == 0) {
        (void)gnutls_alert_send_appropriate(t->native, t->status);
    }
    t->is_complete = t->status == 0;
    return t->status == 0 || t->status == GNUTLS_E_AGAIN;
}

/* A client; its first message is in out[TLS_LEVEL_INITIAL] afterwards. */
static inline void test_quic_tls_open_as(struct test_quic_tls *t,
                                         const struct test_quic_tls_options *options)
{
    static const char PRIORITY[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE";
    unsigned flags = GNUTLS_CLIENT | GNUTLS_NO_END_OF_EARLY_DATA;
    flags |= options->is_early ? (unsigned)GNUTLS_ENABLE_EARLY_DATA : 0;
    flags |= options->has_one_share ? (unsigned)GNUTLS_KEY_SHARE_TOP : 0;
    flags |= options->certificate_file != NULL ? (unsigned)GNUTLS_FORCE_CLIENT_CERT : 0;
    assert_int_equal(gnutls_init(&t->native, flags), 0);
    const char *priority = options->priority == NULL ? PRIORITY : options->priority;
    assert_int_equal(gnutls_priority_set_direct(t->native, priority, NULL), 0);
    test_quic_tls_name(t, options);
    test_quic_tls_credentials(t, options);
    gnutls_session_set_ptr(t->native, t);
    gnutls_handshake_set_secret_function(t->native, test_quic_on_secret);
    gnutls_handshake_set_read_function(t->native, test_quic_on_message);
    gnutls_alert_set_read_function(t->native, test_quic_on_alert);
    if (!t->sends_no_parameters) {
        assert_int_equal(
            gnutls_session_ext_register(
                t->native, "parameters", 0x39, GNUTLS_EXT_TLS, test_quic_on_parameters,
                test_quic_give_parameters, NULL, NULL, NULL,
                GNUTLS_EXT_FLAG_TLS | GNUTLS_EXT_FLAG_CLIENT_HELLO | GNUTLS_EXT_FLAG_EE),
            0);
    }
    assert_true(test_quic_tls_go_on(t));
    assert_true(t->out_bytes[TLS_LEVEL_INITIAL] > 0);
}

/* A client of test.example that offers `alpn`. */
static inline void test_quic_tls_open(struct test_quic_tls *t, const char *alpn)
{
    test_quic_tls_open_as(t, &(struct test_quic_tls_options){.alpn = alpn, .name = "test.example"});
}

static inline void test_quic_tls_close(struct test_quic_tls *t)
{
    gnutls_deinit(t->native);
    gnutls_certificate_free_credentials(t->credentials);
}

/* Gives it messages of the server. */
static inline void test_quic_tls_feed(struct test_quic_tls *t, enum tls_level level,
                                      const void *data, size_t bytes)
{
    static const gnutls_record_encryption_level_t LEVELS[] = {
        GNUTLS_ENCRYPTION_LEVEL_INITIAL, GNUTLS_ENCRYPTION_LEVEL_EARLY,
        GNUTLS_ENCRYPTION_LEVEL_HANDSHAKE, GNUTLS_ENCRYPTION_LEVEL_APPLICATION};
    t->status = gnutls_handshake_write(t->native, LEVELS[level], data, bytes);
    if (t->status == 0 && !t->is_complete) {
        (void)test_quic_tls_go_on(t);
    }
}

/* A server's context with a certificate for test.example, that speaks h3. */
static inline struct tls_context *test_quic_context(struct test_folder *folder,
                                                    struct account *account, bool allow_early)
{
    static char text[TEST_PATH_SIZE];
    struct test_identity identity;
    struct tls_context *context = NULL;
    struct text error = text_over(text, sizeof(text));
    const struct test_request request = {
        .algorithm = GNUTLS_PK_ECDSA, .common_name = "test.example", .dns_names = {"test.example"}};
    test_identity_make(&identity, &request);
    const char *path = test_write_bundle(folder, "crt.pem", &identity);
    const struct tls_options options = {.is_server = true,
                                        .certificates = &path,
                                        .certificates_count = 1,
                                        .alpn = "h3",
                                        .is_quic = true,
                                        .allow_early = allow_early};
    assert_int_equal(tls_context_create(&options, account, &context, &error), RESULT_OK);
    test_identity_clear(&identity);
    return context;
}

#endif
