/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates made for a test: an authority, certificates signed by it, and PEM files of
 * them in a folder that goes with the test.
 */
#ifndef WEIR_TESTS_SUPPORT_CERTIFICATES_H
#define WEIR_TESTS_SUPPORT_CERTIFICATES_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/text.h"

enum { TEST_PATH_SIZE = 256, TEST_FILES_MAX = 32, TEST_PEM_SIZE = 16384, TEST_VALID_S = 86400 };

/* A key with its certificate. */
struct test_identity {
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
};

/* A folder of files. */
struct test_folder {
    char path[TEST_PATH_SIZE];
    char files[TEST_FILES_MAX][TEST_PATH_SIZE];
    unsigned count;
};

static inline void test_folder_open(struct test_folder *folder)
{
    memset(folder, 0, sizeof(*folder));
    struct text text = text_over(folder->path, sizeof(folder->path));
    text_append_string(&text, "/tmp/weir-test-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

static inline void test_folder_close(struct test_folder *folder)
{
    for (unsigned i = 0; i < folder->count; i++) {
        assert_int_equal(unlink(folder->files[i]), 0);
    }
    assert_int_equal(rmdir(folder->path), 0);
}

/* Writes a file and returns its path, which lives as long as the folder. */
static inline const char *test_folder_write(struct test_folder *folder, const char *name,
                                            const char *content)
{
    assert_true(folder->count < TEST_FILES_MAX);
    char *path = folder->files[folder->count];
    struct text text = text_over(path, sizeof(folder->files[0]));
    text_append_string(&text, folder->path);
    text_append_char(&text, '/');
    text_append_string(&text, name);
    assert_false(text.truncated);
    folder->count++;
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, strlen(content), file), strlen(content));
    assert_int_equal(fclose(file), 0);
    return path;
}

/* What a test identity is for. */
struct test_request {
    const char *common_name;
    const char *dns_names[4];
    gnutls_pk_algorithm_t algorithm;    /* 0: elliptic curve */
    const struct test_identity *signer; /* NULL: itself */
    bool is_authority;
    bool is_expired;
};

static inline void test_identity_make(struct test_identity *identity,
                                      const struct test_request *request)
{
    bool is_rsa = request->algorithm == GNUTLS_PK_RSA;
    assert_int_equal(gnutls_x509_privkey_init(&identity->key), 0);
    unsigned bits = is_rsa ? 2048 : GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    assert_int_equal(gnutls_x509_privkey_generate(
                         identity->key, is_rsa ? GNUTLS_PK_RSA : GNUTLS_PK_ECDSA, bits, 0),
                     0);
    gnutls_x509_crt_t crt;
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    identity->certificate = crt;
    assert_int_equal(gnutls_x509_crt_set_version(crt, 3), 0);
    unsigned char serial[] = {1, 2, 3, (unsigned char)request->common_name[0]};
    assert_int_equal(gnutls_x509_crt_set_serial(crt, serial, sizeof(serial)), 0);
    time_t now = time(NULL);
    time_t start = request->is_expired ? now - 2 * TEST_VALID_S : now - TEST_VALID_S;
    time_t end = request->is_expired ? now - TEST_VALID_S : now + TEST_VALID_S;
    assert_int_equal(gnutls_x509_crt_set_activation_time(crt, start), 0);
    assert_int_equal(gnutls_x509_crt_set_expiration_time(crt, end), 0);
    assert_int_equal(gnutls_x509_crt_set_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                                   request->common_name,
                                                   (unsigned)strlen(request->common_name)),
                     0);
    for (unsigned i = 0; i < 4 && request->dns_names[i] != NULL; i++) {
        assert_int_equal(gnutls_x509_crt_set_subject_alt_name(
                             crt, GNUTLS_SAN_DNSNAME, request->dns_names[i],
                             (unsigned)strlen(request->dns_names[i]), GNUTLS_FSAN_APPEND),
                         0);
    }
    assert_int_equal(gnutls_x509_crt_set_basic_constraints(crt, request->is_authority, -1), 0);
    unsigned usage = request->is_authority ? GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN
                                           : GNUTLS_KEY_DIGITAL_SIGNATURE;
    assert_int_equal(gnutls_x509_crt_set_key_usage(crt, usage), 0);
    assert_int_equal(gnutls_x509_crt_set_key(crt, identity->key), 0);
    const struct test_identity *signer = request->signer == NULL ? identity : request->signer;
    assert_int_equal(
        gnutls_x509_crt_sign2(crt, signer->certificate, signer->key, GNUTLS_DIG_SHA256, 0), 0);
}

static inline void test_identity_clear(struct test_identity *identity)
{
    gnutls_x509_crt_deinit(identity->certificate);
    gnutls_x509_privkey_deinit(identity->key);
}

/* Appends the certificate, or the key, as PEM to `pem`, a string with room for TEST_PEM_SIZE bytes.
 */
static inline void test_append_certificate(char *pem, const struct test_identity *identity)
{
    size_t used = strlen(pem);
    size_t room = TEST_PEM_SIZE - used;
    assert_int_equal(
        gnutls_x509_crt_export(identity->certificate, GNUTLS_X509_FMT_PEM, pem + used, &room), 0);
}
static inline void test_append_key(char *pem, const struct test_identity *identity)
{
    size_t used = strlen(pem);
    size_t room = TEST_PEM_SIZE - used;
    assert_int_equal(
        gnutls_x509_privkey_export(identity->key, GNUTLS_X509_FMT_PEM, pem + used, &room), 0);
}

/* Writes certificate and key as one PEM bundle. */
static inline const char *test_write_bundle(struct test_folder *folder, const char *name,
                                            const struct test_identity *identity)
{
    char pem[TEST_PEM_SIZE] = "";
    test_append_certificate(pem, identity);
    test_append_key(pem, identity);
    return test_folder_write(folder, name, pem);
}

#endif
