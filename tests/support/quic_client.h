/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side of QUIC's TLS handshake by GnuTLS's own hooks, without packets: bytes of each
 * encryption level lie in a buffer until the test passes them on, whole, in pieces or corrupted.
 */
#ifndef WEIR_TESTS_SUPPORT_QUIC_CLIENT_H
#define WEIR_TESTS_SUPPORT_QUIC_CLIENT_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tls/quic_session.h"

enum { TEST_FLIGHT_BYTES = 32 * 1024, TEST_QUIC_PARAMETERS = 0x39 };

/* Handshake bytes of one level that wait to be passed on. */
struct test_flight {
    uint8_t bytes[TEST_FLIGHT_BYTES];
    size_t length;
};

/* A traffic secret as either side was given it. */
struct test_secret {
    uint8_t bytes[TLS_SECRET_BYTES_MAX];
    size_t length; /* 0: none yet */
};

struct test_quic_options {
    const char *name; /* of the server; NULL: none is sent */
    const char *alpn; /* NULL: none is offered */
    const char *priority;
    const char *certificate_file; /* PEM bundle; NULL: none */
    const gnutls_datum_t *ticket; /* session data of a connection before; NULL: none */
    bool is_early;                /* 0-RTT */
    bool has_one_share;           /* sends a key share of its first group alone */
    bool has_no_parameters;
};

struct test_quic_client {
    gnutls_session_t native;
    gnutls_certificate_credentials_t credentials;
    struct test_flight out[TLS_LEVELS];
    struct test_secret seal[TLS_LEVELS], open[TLS_LEVELS];
    uint8_t peer_parameters[256];
    size_t peer_parameters_bytes;
    uint16_t alert; /* that it would send */
    int status;     /* of the last call */
    bool is_complete;
};

static inline void test_flight_add(struct test_flight *flight, const void *data, size_t bytes)
{
    assert_true(bytes <= sizeof(flight->bytes) - flight->length);
    memcpy(flight->bytes + flight->length, data, bytes);
    flight->length += bytes;
}

static inline void test_secret_set(struct test_secret *secret, const void *bytes, size_t length)
{
    assert_true(length <= sizeof(secret->bytes));
    memcpy(secret->bytes, bytes, length);
    secret->length = length;
}

/* GnuTLS numbers its levels as enum tls_level does. */
static inline enum tls_level test_quic_level(gnutls_record_encryption_level_t level)
{
    return (enum tls_level)level;
}

static inline int test_quic_on_secret(gnutls_session_t native,
                                      gnutls_record_encryption_level_t level, const void *read,
                                      const void *write, size_t bytes)
{
    struct test_quic_client *client = gnutls_session_get_ptr(native);
    if (read != NULL) {
        test_secret_set(&client->open[test_quic_level(level)], read, bytes);
    }
    if (write != NULL) {
        test_secret_set(&client->seal[test_quic_level(level)], write, bytes);
    }
    return 0;
}

static inline int test_quic_on_message(gnutls_session_t native,
                                       gnutls_record_encryption_level_t level,
                                       gnutls_handshake_description_t type, const void *data,
                                       size_t bytes)
{
    struct test_quic_client *client = gnutls_session_get_ptr(native);
    if (type != GNUTLS_HANDSHAKE_CHANGE_CIPHER_SPEC) {
        test_flight_add(&client->out[test_quic_level(level)], data, bytes);
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
    struct test_quic_client *client = gnutls_session_get_ptr(native);
    client->alert = (uint16_t)description;
    return 0;
}

static inline int test_quic_on_peer_parameters(gnutls_session_t native, const unsigned char *data,
                                               size_t bytes)
{
    struct test_quic_client *client = gnutls_session_get_ptr(native);
    assert_true(bytes <= sizeof(client->peer_parameters));
    memcpy(client->peer_parameters, data, bytes);
    client->peer_parameters_bytes = bytes;
    return 0;
}

static inline int test_quic_on_own_parameters(gnutls_session_t native, gnutls_buffer_t out)
{
    (void)native;
    return gnutls_buffer_append_data(out, "client parameters", 17);
}

static inline void test_quic_client_credentials(struct test_quic_client *client, const char *file)
{
    assert_int_equal(gnutls_certificate_allocate_credentials(&client->credentials), 0);
    if (file != NULL) {
        assert_true(gnutls_certificate_set_x509_key_file(client->credentials, file, file,
                                                         GNUTLS_X509_FMT_PEM) >= 0);
    }
    assert_int_equal(
        gnutls_credentials_set(client->native, GNUTLS_CRD_CERTIFICATE, client->credentials), 0);
}

/* Makes a client; test_quic_client_go_on makes its first flight. */
static inline void test_quic_client_open(struct test_quic_client *client,
                                         const struct test_quic_options *options)
{
    static const char PRIORITY[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:%DISABLE_TLS13_COMPAT_MODE";
    memset(client, 0, sizeof(*client));
    unsigned flags =
        GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_END_OF_EARLY_DATA | GNUTLS_NO_SIGNAL;
    flags |= options->is_early ? (unsigned)GNUTLS_ENABLE_EARLY_DATA : 0;
    flags |= options->certificate_file != NULL ? (unsigned)GNUTLS_FORCE_CLIENT_CERT : 0;
    flags |= options->has_one_share ? (unsigned)GNUTLS_KEY_SHARE_TOP : 0;
    assert_int_equal(gnutls_init(&client->native, flags), 0);
    gnutls_session_set_ptr(client->native, client);
    const char *priority = options->priority == NULL ? PRIORITY : options->priority;
    assert_int_equal(gnutls_priority_set_direct(client->native, priority, NULL), 0);
    gnutls_handshake_set_secret_function(client->native, test_quic_on_secret);
    gnutls_handshake_set_read_function(client->native, test_quic_on_message);
    gnutls_alert_set_read_function(client->native, test_quic_on_alert);
    if (!options->has_no_parameters) {
        assert_int_equal(
            gnutls_session_ext_register(
                client->native, "QUIC transport parameters", TEST_QUIC_PARAMETERS, GNUTLS_EXT_TLS,
                test_quic_on_peer_parameters, test_quic_on_own_parameters, NULL, NULL, NULL,
                GNUTLS_EXT_FLAG_TLS | GNUTLS_EXT_FLAG_CLIENT_HELLO | GNUTLS_EXT_FLAG_EE),
            0);
    }
    if (options->name != NULL) {
        assert_int_equal(gnutls_server_name_set(client->native, GNUTLS_NAME_DNS, options->name,
                                                strlen(options->name)),
                         0);
    }
    if (options->alpn != NULL) {
        gnutls_datum_t protocol = {(unsigned char *)(uintptr_t)options->alpn,
                                   (unsigned)strlen(options->alpn)};
        assert_int_equal(gnutls_alpn_set_protocols(client->native, &protocol, 1, 0), 0);
    }
    if (options->ticket != NULL) {
        assert_int_equal(
            gnutls_session_set_data(client->native, options->ticket->data, options->ticket->size),
            0);
    }
    test_quic_client_credentials(client, options->certificate_file);
}

static inline void test_quic_client_close(struct test_quic_client *client)
{
    gnutls_deinit(client->native);
    gnutls_certificate_free_credentials(client->credentials);
}

/* Goes on with the handshake as far as it goes; tells whether it has not failed. */
static inline bool test_quic_client_go_on(struct test_quic_client *client)
{
    do {
        client->status = gnutls_handshake(client->native);
    } while (client->status < 0 && client->status != GNUTLS_E_AGAIN &&
             gnutls_error_is_fatal(client->status) == 0);
    if (client->status < 0 && client->status != GNUTLS_E_AGAIN && client->alert == 0) {
        (void)gnutls_alert_send_appropriate(client->native, client->status);
    }
    client->is_complete = client->status == 0;
    return client->status == 0 || client->status == GNUTLS_E_AGAIN;
}

/* Gives it handshake bytes of a level; tells whether it has not failed. */
static inline bool test_quic_client_feed(struct test_quic_client *client, enum tls_level level,
                                         const void *data, size_t bytes)
{
    client->status = gnutls_handshake_write(client->native, (gnutls_record_encryption_level_t)level,
                                            data, bytes);
    if (client->status < 0 && client->status != GNUTLS_E_AGAIN) {
        return false;
    }
    return client->is_complete || test_quic_client_go_on(client);
}

/* The session's data, with the ticket that came; to be freed with gnutls_free. */
static inline gnutls_datum_t test_quic_client_ticket(struct test_quic_client *client)
{
    gnutls_datum_t data = {0};
    assert_int_equal(gnutls_session_get_data2(client->native, &data), 0);
    return data;
}

#endif
