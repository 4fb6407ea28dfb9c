/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of a session before, during and after the handshake, in OpenSSL's words.
 */
#include "support/certificates.h"
#include "support/tls_pair.h"
#include "tls/context_internal.h"

struct fixture {
    struct test_folder folder;
    struct test_identity server;
    const char *crt;
    struct test_pair pair;
    struct tls_context *client_context, *server_context;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.server,
                       &(struct test_request){.common_name = "a.test", .algorithm = GNUTLS_PK_RSA});
    fixture.crt = test_write_bundle(&fixture.folder, "server.pem", &fixture.server);
    test_pair_init(&fixture.pair);
    fixture.client_context =
        test_pair_context(&fixture.pair, &(struct tls_options){.max_version = TLS_VERSION_1_2});
    struct tls_options options = {
        .is_server = true, .certificates = &fixture.crt, .certificates_count = 1, .alpn = "h2"};
    fixture.server_context = test_pair_context(&fixture.pair, &options);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    tls_context_destroy(fixture->client_context);
    tls_context_destroy(fixture->server_context);
    test_pair_deinit(&fixture->pair);
    test_identity_clear(&fixture->server);
    test_folder_close(&fixture->folder);
    return 0;
}

static void test_before_and_after_the_handshake(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    test_pair_open(pair, fixture->client_context, fixture->server_context, SLICE_NONE);
    const struct tls_session *server = pair->server.session;
    assert_string_equal(tls_session_protocol(server), "-");
    assert_string_equal(tls_session_cipher(server), "-");
    assert_int_equal(tls_session_alpn(server).length, 0);
    assert_int_equal(tls_session_sni(server).length, 0);
    assert_false(tls_session_is_resumed(server));
    assert_false(tls_session_has_pending(server));
    assert_true(test_pair_shake_hands(pair));
    assert_string_equal(tls_session_protocol(server), "TLSv1.2");
    assert_string_equal(tls_session_cipher(server), "ECDHE-RSA-AES128-GCM-SHA256");
    assert_int_equal(tls_session_alpn(server).length, 0);
    assert_int_equal(tls_session_sni(server).length, 0);
    assert_int_equal(tls_session_verify_error(server), 0);
    assert_true(tls_session_held_bytes(server) < TLS_HANDSHAKE_BYTES);
    test_pair_close(pair);
}

static void test_reasons_of_failures(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct tls_context *modern =
        test_pair_context(pair, &(struct tls_options){.min_version = TLS_VERSION_1_3});
    struct tls_options options = {.is_server = true,
                                  .certificates = &fixture->crt,
                                  .certificates_count = 1,
                                  .max_version = TLS_VERSION_1_2};
    struct tls_context *old = test_pair_context(pair, &options);
    test_pair_open(pair, modern, old, SLICE_NONE);
    char buffer[200];
    struct text text = text_over(buffer, sizeof(buffer));
    tls_session_append_error(pair->client.session, &text);
    assert_string_equal(buffer, "SSL handshake failure");
    assert_false(test_pair_shake_hands(pair));
    text_clear(&text);
    tls_session_append_error(pair->client.session, &text);
    assert_non_null(strstr(buffer, "alert received: "));
    text_clear(&text);
    tls_session_append_error(pair->server.session, &text);
    assert_non_null(strstr(buffer, "SSL handshake failure ("));
    assert_null(strstr(buffer, "alert received"));
    test_pair_close(pair);
    tls_context_destroy(modern);
    tls_context_destroy(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_and_after_the_handshake),
        cmocka_unit_test(test_reasons_of_failures),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
