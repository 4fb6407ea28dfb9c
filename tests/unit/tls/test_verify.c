/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification in both roles: trusted, unknown issuer, expired, another name, and clients with and
 * without a certificate.
 */
#include "support/certificates.h"
#include "support/tls_pair.h"
#include "tls/context_internal.h"

/* OpenSSL's numbers. */
enum { EXPIRED = 10, ISSUER_UNKNOWN = 20, OTHER_NAME = 62 };

struct fixture {
    struct test_folder folder;
    struct test_identity authority, server, expired, client, stranger;
    const char *ca, *server_crt, *expired_crt, *client_crt, *stranger_crt;
    struct test_pair pair;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.authority,
                       &(struct test_request){.common_name = "Authority", .is_authority = true});
    struct test_request request = {
        .common_name = "server", .dns_names = {"a.test"}, .signer = &fixture.authority};
    test_identity_make(&fixture.server, &request);
    request.is_expired = true;
    test_identity_make(&fixture.expired, &request);
    test_identity_make(&fixture.client, &(struct test_request){.common_name = "client",
                                                               .signer = &fixture.authority});
    test_identity_make(&fixture.stranger, &(struct test_request){.common_name = "stranger"});
    fixture.server_crt = test_write_bundle(&fixture.folder, "server.pem", &fixture.server);
    fixture.expired_crt = test_write_bundle(&fixture.folder, "expired.pem", &fixture.expired);
    fixture.client_crt = test_write_bundle(&fixture.folder, "client.pem", &fixture.client);
    fixture.stranger_crt = test_write_bundle(&fixture.folder, "stranger.pem", &fixture.stranger);
    char pem[TEST_PEM_SIZE] = "";
    test_append_certificate(pem, &fixture.authority);
    fixture.ca = test_folder_write(&fixture.folder, "ca.pem", pem);
    test_pair_init(&fixture.pair);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    test_pair_deinit(&fixture->pair);
    test_identity_clear(&fixture->authority);
    test_identity_clear(&fixture->server);
    test_identity_clear(&fixture->expired);
    test_identity_clear(&fixture->client);
    test_identity_clear(&fixture->stranger);
    test_folder_close(&fixture->folder);
    return 0;
}

/* What came out of a handshake. */
struct outcome {
    bool is_complete;
    unsigned client_error, server_error;
    bool has_client_certificate;
};

static struct outcome shake(struct fixture *fixture, const struct tls_options *client_options,
                            const struct tls_options *server_options, const char *sni)
{
    struct test_pair *pair = &fixture->pair;
    struct tls_context *client = test_pair_context(pair, client_options);
    struct tls_context *server = test_pair_context(pair, server_options);
    test_pair_open(pair, client, server, slice_from_string(sni));
    struct outcome outcome = {.is_complete = test_pair_shake_hands(pair)};
    outcome.client_error = tls_session_verify_error(pair->client.session);
    outcome.server_error = tls_session_verify_error(pair->server.session);
    outcome.has_client_certificate = tls_session_has_client_certificate(pair->server.session);
    test_pair_close(pair);
    tls_context_destroy(client);
    tls_context_destroy(server);
    return outcome;
}

static struct tls_options server_with(const char *const *crt)
{
    return (struct tls_options){.is_server = true, .certificates = crt, .certificates_count = 1};
}

static void test_a_client_checks_chain_and_name(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options server = server_with(&fixture->server_crt);
    struct tls_options client = {.verify = TLS_VERIFY_REQUIRED, .ca_file = fixture->ca};
    struct outcome outcome = shake(fixture, &client, &server, "a.test");
    assert_true(outcome.is_complete);
    assert_int_equal(outcome.client_error, 0);
    /* Without SNI no name is checked, unless verifyhost says one. */
    assert_true(shake(fixture, &client, &server, "").is_complete);
    outcome = shake(fixture, &client, &server, "b.test");
    assert_false(outcome.is_complete);
    assert_int_equal(outcome.client_error, OTHER_NAME);
    client.verify_host = "b.test";
    assert_false(shake(fixture, &client, &server, "").is_complete);
    assert_true(shake(fixture, &client, &server, "a.test").is_complete);
}

static void test_a_client_refuses_what_it_cannot_trust(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options client = {.verify = TLS_VERIFY_REQUIRED, .ca_file = fixture->ca};
    struct tls_options server = server_with(&fixture->expired_crt);
    struct outcome outcome = shake(fixture, &client, &server, "a.test");
    assert_false(outcome.is_complete);
    assert_int_equal(outcome.client_error, EXPIRED);
    server = server_with(&fixture->stranger_crt);
    outcome = shake(fixture, &client, &server, "");
    assert_false(outcome.is_complete);
    assert_int_equal(outcome.client_error, ISSUER_UNKNOWN);
    struct tls_options careless = {.verify = TLS_VERIFY_NONE};
    assert_true(shake(fixture, &careless, &server, "b.test").is_complete);
}

static void test_a_server_asks_for_certificates(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options server = server_with(&fixture->server_crt);
    server.ca_file = fixture->ca;
    server.verify = TLS_VERIFY_OPTIONAL;
    struct tls_options without = {.verify = TLS_VERIFY_NONE};
    struct tls_options with = {.certificates = &fixture->client_crt, .certificates_count = 1};
    struct tls_options stranger = {.certificates = &fixture->stranger_crt, .certificates_count = 1};
    struct outcome outcome = shake(fixture, &without, &server, "a.test");
    assert_true(outcome.is_complete);
    assert_false(outcome.has_client_certificate);
    outcome = shake(fixture, &with, &server, "a.test");
    assert_true(outcome.is_complete);
    assert_true(outcome.has_client_certificate);
    outcome = shake(fixture, &stranger, &server, "a.test");
    assert_false(outcome.is_complete);
    assert_int_equal(outcome.server_error, ISSUER_UNKNOWN);
    server.verify = TLS_VERIFY_REQUIRED;
    assert_true(shake(fixture, &with, &server, "a.test").is_complete);
    assert_false(shake(fixture, &without, &server, "a.test").is_complete);
    server.max_version = TLS_VERSION_1_2;
    assert_true(shake(fixture, &with, &server, "a.test").is_complete);
    assert_false(shake(fixture, &without, &server, "a.test").is_complete);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_client_checks_chain_and_name),
        cmocka_unit_test(test_a_client_refuses_what_it_cannot_trust),
        cmocka_unit_test(test_a_server_asks_for_certificates),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
