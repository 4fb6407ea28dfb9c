/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: cipher lists, curves and versions as priority strings that GnuTLS accepts, and suites in
 * OpenSSL's words.
 */
#include "tls/names.h"

#include <gnutls/gnutls.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { ERROR_SIZE = 512 };

struct translation {
    char priority[TLS_PRIORITY_SIZE];
    char error[ERROR_SIZE];
    enum result result;
};

static void translate(struct translation *translation, const struct tls_options *options)
{
    struct text priority = text_over(translation->priority, sizeof(translation->priority));
    struct text error = text_over(translation->error, sizeof(translation->error));
    translation->result = tls_names_append_priority(options, &priority, &error);
    if (translation->result == RESULT_OK) {
        gnutls_priority_t native;
        const char *where = NULL;
        int status = gnutls_priority_init(&native, translation->priority, &where);
        if (status != 0) {
            fail_msg("GnuTLS refuses '%s' at '%s'", translation->priority, where);
        }
        gnutls_priority_deinit(native);
    }
}

static bool has(const struct translation *translation, const char *word)
{
    struct slice all = slice_from_string(translation->priority);
    return slice_find(all, slice_from_string(word)) < all.length;
}

static void test_defaults(void **state)
{
    (void)state;
    struct translation translation;
    translate(&translation, &(struct tls_options){.is_server = true});
    assert_int_equal(translation.result, RESULT_OK);
    assert_true(has(&translation, "VERS-TLS1.3:+VERS-TLS1.2"));
    assert_false(has(&translation, "VERS-TLS1.1"));
    assert_true(has(&translation, "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"));
    assert_true(has(&translation, "-GROUP-ALL:+GROUP-X25519"));
    assert_true(has(&translation, "%SERVER_PRECEDENCE"));
    translate(&translation,
              &(struct tls_options){.is_server = true, .prefer_client_ciphers = true});
    assert_false(has(&translation, "%SERVER_PRECEDENCE"));
}

static void test_versions(void **state)
{
    (void)state;
    struct translation translation;
    translate(&translation, &(struct tls_options){.min_version = TLS_VERSION_1_0});
    assert_true(has(&translation, "+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0"));
    translate(&translation, &(struct tls_options){.max_version = TLS_VERSION_1_1});
    assert_true(has(&translation, "+VERS-TLS1.1"));
    assert_false(has(&translation, "+VERS-TLS1.2"));
    translate(&translation, &(struct tls_options){.min_version = TLS_VERSION_1_3,
                                                  .max_version = TLS_VERSION_1_2});
    assert_int_equal(translation.result, RESULT_INVALID);
    assert_string_equal(translation.error, "ssl-min-ver is above ssl-max-ver");
}

static void test_a_list_of_suites(void **state)
{
    (void)state;
    struct translation translation;
    translate(&translation,
              &(struct tls_options){
                  .ciphers = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:!aNULL",
                  .ciphersuites = "TLS_AES_256_GCM_SHA384"});
    assert_int_equal(translation.result, RESULT_OK);
    assert_true(has(&translation, "+AES-256-GCM:+AEAD:+ECDHE-RSA:+AES-128-GCM"));
    assert_false(has(&translation, "CHACHA20"));
    assert_false(has(&translation, "CBC"));
    assert_false(has(&translation, "+ECDHE-ECDSA"));
}

static void test_aliases_joined_and_taken_away(void **state)
{
    (void)state;
    struct translation translation;
    translate(&translation, &(struct tls_options){.ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:!ECDSA"});
    assert_true(has(&translation, "+ECDHE-RSA"));
    assert_false(has(&translation, "+ECDHE-ECDSA"));
    assert_false(has(&translation, "CBC"));
    translate(&translation, &(struct tls_options){.ciphers = "HIGH:-AES256:!kRSA:!DHE:!SHA1"});
    assert_false(has(&translation, "+RSA"));
    assert_false(has(&translation, "DHE-RSA:") && has(&translation, ":+DHE-RSA"));
    assert_false(has(&translation, "+SHA1"));
    assert_false(has(&translation, "AES-256-CBC"));
    /* Banned for good, though named again. */
    translate(&translation, &(struct tls_options){.ciphers = "!AES128:AES:@STRENGTH +RSA"});
    assert_false(has(&translation, "AES-128-CBC"));
    assert_true(has(&translation, "AES-256-CBC"));
}

static void test_lists_that_select_nothing(void **state)
{
    (void)state;
    struct translation translation;
    translate(&translation, &(struct tls_options){.ciphers = "RC4-MD5"});
    assert_int_equal(translation.result, RESULT_INVALID);
    assert_string_equal(translation.error, "unable to set SSL cipher list to 'RC4-MD5'");
    translate(&translation, &(struct tls_options){.ciphersuites = "TLS_NOTHING"});
    assert_int_equal(translation.result, RESULT_INVALID);
    translate(&translation, &(struct tls_options){.ciphers = ""});
    assert_int_equal(translation.result, RESULT_INVALID);
}

static void test_curves(void **state)
{
    (void)state;
    struct translation translation;
    translate(&translation, &(struct tls_options){.curves = "P-384:X25519:prime256v1:P-256"});
    assert_int_equal(translation.result, RESULT_OK);
    assert_true(has(&translation, "-GROUP-ALL:+GROUP-SECP384R1:+GROUP-X25519:+GROUP-SECP256R1"));
    translate(&translation, &(struct tls_options){.curves = "X25519:brainpoolP256r1"});
    assert_int_equal(translation.result, RESULT_INVALID);
    assert_non_null(strstr(translation.error, "'brainpoolP256r1' is not known"));
}

static void test_suites_in_openssl_words(void **state)
{
    (void)state;
    assert_string_equal(tls_names_openssl_suite("TLS_AES_128_GCM_SHA256"),
                        "TLS_AES_128_GCM_SHA256");
    assert_string_equal(tls_names_openssl_suite("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
                        "ECDHE-RSA-AES128-GCM-SHA256");
    assert_string_equal(tls_names_openssl_suite("TLS_RSA_WITH_AES_256_CBC_SHA"), "AES256-SHA");
    assert_string_equal(tls_names_openssl_suite("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
                        "ECDHE-ECDSA-CHACHA20-POLY1305");
    assert_string_equal(tls_names_openssl_suite("TLS_UNKNOWN"), "TLS_UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_a_list_of_suites),
        cmocka_unit_test(test_aliases_joined_and_taken_away),
        cmocka_unit_test(test_lists_that_select_nothing),
        cmocka_unit_test(test_curves),
        cmocka_unit_test(test_suites_in_openssl_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
