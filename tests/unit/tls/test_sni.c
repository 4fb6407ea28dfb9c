/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificate a client sees: by name, the default, strict-sni's refusal, and the kind of key
 * that it can check.
 */
#include "support/certificates.h"
#include "support/tls_pair.h"
#include "tls/context_internal.h"

struct fixture {
    struct test_folder folder;
    struct test_identity first, second, rsa;
    const char *crt[3];
    struct test_pair pair;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.first, &(struct test_request){.common_name = "first.test"});
    test_identity_make(&fixture.second, &(struct test_request){.common_name = "second.test",
                                                               .dns_names = {"*.second.test"}});
    test_identity_make(&fixture.rsa, &(struct test_request){.common_name = "second.test",
                                                            .algorithm = GNUTLS_PK_RSA});
    fixture.crt[0] = test_write_bundle(&fixture.folder, "first.pem", &fixture.first);
    fixture.crt[1] = test_write_bundle(&fixture.folder, "second.pem", &fixture.second);
    fixture.crt[2] = test_write_bundle(&fixture.folder, "rsa.pem", &fixture.rsa);
    test_pair_init(&fixture.pair);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    test_pair_deinit(&fixture->pair);
    test_identity_clear(&fixture->first);
    test_identity_clear(&fixture->second);
    test_identity_clear(&fixture->rsa);
    test_folder_close(&fixture->folder);
    return 0;
}

static bool is_shown(const struct tls_session *client, const struct test_identity *identity)
{
    unsigned count = 0;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(client->native, &count);
    gnutls_datum_t expected;
    assert_true(count >= 1);
    assert_int_equal(gnutls_x509_crt_export2(identity->certificate, GNUTLS_X509_FMT_DER, &expected),
                     0);
    bool is_same =
        peers[0].size == expected.size && memcmp(peers[0].data, expected.data, expected.size) == 0;
    gnutls_free(expected.data);
    return is_same;
}

/* Shakes hands asking for `name`; tells whether `identity` was shown. */
static bool shows(struct fixture *fixture, const struct tls_options *client_options,
                  const char *name, const struct test_identity *identity)
{
    struct test_pair *pair = &fixture->pair;
    struct tls_options options = {
        .is_server = true, .certificates = fixture->crt, .certificates_count = 3};
    struct tls_context *server = test_pair_context(pair, &options);
    struct tls_context *client = test_pair_context(pair, client_options);
    test_pair_open(pair, client, server, slice_from_string(name));
    assert_true(test_pair_shake_hands(pair));
    bool is_same = is_shown(pair->client.session, identity);
    test_pair_close(pair);
    tls_context_destroy(client);
    tls_context_destroy(server);
    return is_same;
}

static void test_by_name_or_the_first(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options client = {.verify = TLS_VERIFY_NONE};
    assert_true(shows(fixture, &client, "first.test", &fixture->first));
    assert_true(shows(fixture, &client, "second.test", &fixture->second));
    assert_true(shows(fixture, &client, "www.second.test", &fixture->second));
    assert_true(shows(fixture, &client, "unknown.test", &fixture->first));
    assert_true(shows(fixture, &client, "", &fixture->first));
    assert_true(shows(fixture, &client, "192.0.2.1", &fixture->first));
}

static void test_the_key_that_the_client_can_check(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct tls_options options = {
        .is_server = true, .certificates = fixture->crt, .certificates_count = 3};
    struct tls_context *server = test_pair_context(pair, &options);
    struct tls_context *client = test_pair_context(pair, &(struct tls_options){.alpn = NULL});
    test_pair_open(pair, client, server, SLICE("second.test"));
    assert_int_equal(gnutls_priority_set_direct(pair->client.session->native,
                                                "NORMAL:-SIGN-ALL:+SIGN-RSA-PSS-RSAE-SHA256", NULL),
                     0);
    assert_true(test_pair_shake_hands(pair));
    assert_true(is_shown(pair->client.session, &fixture->rsa));
    test_pair_close(pair);
    tls_context_destroy(client);
    /* Able to check curves, and yet with suites of RSA alone. */
    client = test_pair_context(pair, &(struct tls_options){.ciphers = "ECDHE-RSA-AES128-GCM-SHA256",
                                                           .max_version = TLS_VERSION_1_2});
    test_pair_open(pair, client, server, SLICE("second.test"));
    assert_true(test_pair_shake_hands(pair));
    assert_true(is_shown(pair->client.session, &fixture->rsa));
    test_pair_close(pair);
    tls_context_destroy(client);
    tls_context_destroy(server);
}

static void test_strict_sni_refuses_by_name(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct tls_options options = {.is_server = true,
                                  .certificates = fixture->crt,
                                  .certificates_count = 3,
                                  .strict_sni = true};
    struct tls_context *server = test_pair_context(pair, &options);
    struct tls_context *client = test_pair_context(pair, &(struct tls_options){.alpn = NULL});
    test_pair_open(pair, client, server, SLICE("first.test"));
    assert_true(test_pair_shake_hands(pair));
    test_pair_close(pair);
    test_pair_open(pair, client, server, SLICE("unknown.test"));
    assert_false(test_pair_shake_hands(pair));
    assert_int_equal(gnutls_alert_get(pair->client.session->native), GNUTLS_A_UNRECOGNIZED_NAME);
    assert_true(slice_equal(tls_session_sni(pair->server.session), SLICE("unknown.test")));
    test_pair_close(pair);
    tls_context_destroy(client);
    tls_context_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_name_or_the_first),
        cmocka_unit_test(test_the_key_that_the_client_can_check),
        cmocka_unit_test(test_strict_sni_refuses_by_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
