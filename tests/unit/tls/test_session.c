/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: handshakes of both versions, data both ways, blocked writes, ends, failures, and the
 * charges of all of it.
 */
#include "tls/tls.h"

#include "memory/fault.h"
#include "support/certificates.h"
#include "support/tls_pair.h"

enum { BIG = 100 * 1000 };

/* Contexts of both roles over one certificate. */
struct fixture {
    struct test_folder folder;
    struct test_identity authority, server;
    const char *crt, *ca;
    struct test_pair pair;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    struct test_request authority = {.common_name = "Authority", .is_authority = true};
    test_identity_make(&fixture.authority, &authority);
    struct test_request server = {
        .common_name = "Server", .dns_names = {"a.test"}, .signer = &fixture.authority};
    test_identity_make(&fixture.server, &server);
    fixture.crt = test_write_bundle(&fixture.folder, "server.pem", &fixture.server);
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
    test_folder_close(&fixture->folder);
    return 0;
}

struct contexts {
    struct tls_context *client, *server;
};

static struct contexts make_contexts(struct fixture *fixture, enum tls_version version)
{
    struct tls_options server = {.is_server = true,
                                 .certificates = &fixture->crt,
                                 .certificates_count = 1,
                                 .alpn = "h2,http/1.1",
                                 .min_version = version,
                                 .max_version = version};
    struct tls_options client = {.alpn = "http/1.1"};
    return (struct contexts){test_pair_context(&fixture->pair, &client),
                             test_pair_context(&fixture->pair, &server)};
}

static void destroy_contexts(struct contexts *contexts)
{
    tls_context_destroy(contexts->client);
    tls_context_destroy(contexts->server);
}

static void talk(struct fixture *fixture, enum tls_version version, const char *protocol,
                 const char *cipher)
{
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, version);
    test_pair_open(pair, contexts.client, contexts.server, SLICE("a.test"));
    assert_true(pair->server.account.used >= TLS_HANDSHAKE_BYTES);
    assert_true(test_pair_shake_hands(pair));
    assert_true(pair->server.account.used < TLS_HANDSHAKE_BYTES);
    const struct tls_session *server = pair->server.session;
    assert_string_equal(tls_session_protocol(server), protocol);
    assert_string_equal(tls_session_cipher(server), cipher);
    assert_true(slice_equal(tls_session_alpn(server), SLICE("http/1.1")));
    assert_true(slice_equal(tls_session_sni(server), SLICE("a.test")));
    assert_false(tls_session_is_resumed(server));
    assert_false(tls_session_has_client_certificate(server));
    test_pair_exchange(&pair->client, &pair->server, "question");
    test_pair_exchange(&pair->server, &pair->client, "answer");
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_tls13(void **state)
{
    talk(*state, TLS_VERSION_1_3, "TLSv1.3", "TLS_AES_128_GCM_SHA256");
}

static void test_tls12(void **state)
{
    talk(*state, TLS_VERSION_1_2, "TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256");
}

static void test_pending_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    assert_true(test_pair_shake_hands(pair));
    size_t count = 0;
    assert_int_equal(tls_session_write(pair->client.session, "0123456789", 10, &count), RESULT_OK);
    char buffer[16];
    assert_false(tls_session_has_pending(pair->server.session));
    assert_int_equal(tls_session_read(pair->server.session, buffer, 4, &count), RESULT_OK);
    assert_int_equal(count, 4);
    assert_true(tls_session_has_pending(pair->server.session));
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_OK);
    assert_int_equal(count, 6);
    assert_false(tls_session_has_pending(pair->server.session));
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_BLOCKED);
    assert_false(tls_session_wants_write(pair->server.session));
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_a_blocked_write_is_gone_on_with(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    assert_true(test_pair_shake_hands(pair));
    static char sent[BIG], received[BIG];
    for (size_t i = 0; i < BIG; i++) {
        sent[i] = (char)(i * 7 % 251);
    }
    size_t sent_count = 0, received_count = 0;
    pair->down.room = 5000;
    bool was_blocked = false;
    while (received_count < BIG) {
        size_t count = 0;
        if (sent_count < BIG) {
            enum result result = tls_session_write(pair->server.session, sent + sent_count,
                                                   BIG - sent_count, &count);
            assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
            was_blocked = was_blocked || result == RESULT_BLOCKED;
            assert_true(result == RESULT_OK || tls_session_wants_write(pair->server.session));
            sent_count += result == RESULT_OK ? count : 0;
        }
        count = 0;
        enum result result = tls_session_read(pair->client.session, received + received_count,
                                              BIG - received_count, &count);
        assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
        received_count += result == RESULT_OK ? count : 0;
        pair->down.room += 3000;
    }
    assert_true(was_blocked);
    assert_memory_equal(sent, received, BIG);
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_an_orderly_end(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    assert_true(test_pair_shake_hands(pair));
    test_pair_exchange(&pair->client, &pair->server, "last");
    assert_int_equal(tls_session_finish(pair->client.session), RESULT_OK);
    assert_int_equal(tls_session_finish(pair->client.session), RESULT_OK);
    char buffer[16];
    size_t count = 0;
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_END);
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_END);
    assert_int_equal(tls_session_write(pair->client.session, "x", 1, &count), RESULT_FAILED);
    /* The other direction is still open. */
    test_pair_exchange(&pair->server, &pair->client, "late");
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_input_that_ends_early(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    pair->up.is_closed = true;
    assert_int_equal(tls_session_handshake(pair->server.session), RESULT_END);
    assert_int_equal(tls_session_handshake(pair->server.session), RESULT_FAILED);
    test_pair_close(pair);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    assert_true(test_pair_shake_hands(pair));
    pair->up.is_closed = true;
    char buffer[16];
    size_t count = 0;
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_END);
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_garbage_is_refused_with_a_reason(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    static const char request[] = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    assert_int_equal(test_end_send(&pair->client, request, sizeof(request) - 1),
                     sizeof(request) - 1);
    assert_int_equal(tls_session_handshake(pair->server.session), RESULT_FAILED);
    char buffer[200];
    struct text text = text_over(buffer, sizeof(buffer));
    tls_session_append_error(pair->server.session, &text);
    assert_true(slice_starts_with(text_slice(&text), SLICE("SSL handshake failure (")));
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_broken_records_after_the_handshake(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE_NONE);
    assert_true(test_pair_shake_hands(pair));
    size_t count = 0;
    assert_int_equal(tls_session_write(pair->client.session, "secret", 6, &count), RESULT_OK);
    pair->up.data[pair->up.end - 1] ^= 1;
    char buffer[16];
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_FAILED);
    assert_int_equal(tls_session_read(pair->server.session, buffer, 16, &count), RESULT_FAILED);
    assert_int_equal(tls_session_write(pair->server.session, "x", 1, &count), RESULT_FAILED);
    test_pair_close(pair);
    destroy_contexts(&contexts);
}

static void test_refused_reserves_leave_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    struct tls_session *session = NULL;
    pair->server.account.cap = TLS_HANDSHAKE_BYTES / 2;
    assert_int_equal(tls_session_open(contexts.server, &pair->server.account, &TEST_END_IO,
                                      &pair->server, SLICE_NONE, &session),
                     RESULT_NO_MEMORY);
    assert_int_equal(pair->server.account.used, 0);
    pair->server.account.cap = 0;
    uint64_t nth = 1;
    do {
        fault_fail_nth(pair->memory, nth, 0);
        enum result result = tls_session_open(contexts.client, &pair->client.account, &TEST_END_IO,
                                              &pair->client, SLICE("a.test"), &session);
        assert_true(result == RESULT_OK || result == RESULT_NO_MEMORY);
        if (result == RESULT_OK) {
            tls_session_release(session);
        }
        assert_int_equal(pair->client.account.used, 0);
        nth++;
    } while (fault_failed(pair->memory) > 0);
    assert_true(nth > 2);
    fault_fail_nth(pair->memory, 0, 0);
    destroy_contexts(&contexts);
}

static void test_held_bytes_are_on_the_account(void **state)
{
    struct fixture *fixture = *state;
    struct test_pair *pair = &fixture->pair;
    struct contexts contexts = make_contexts(fixture, TLS_VERSION_DEFAULT);
    test_pair_open(pair, contexts.client, contexts.server, SLICE("a.test"));
    assert_true(test_pair_shake_hands(pair));
    size_t held = tls_session_held_bytes(pair->server.session);
    assert_true(pair->server.account.used >= held);
    assert_true(pair->server.account.high_water < TLS_HANDSHAKE_BYTES * 2);
    print_message("an open TLS 1.3 session holds %zu bytes in the library, %zu on its account\n",
                  held, pair->server.account.used);
    test_pair_close(pair);
    assert_int_equal(pair->server.account.used, 0);
    destroy_contexts(&contexts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls13),
        cmocka_unit_test(test_tls12),
        cmocka_unit_test(test_pending_bytes),
        cmocka_unit_test(test_a_blocked_write_is_gone_on_with),
        cmocka_unit_test(test_an_orderly_end),
        cmocka_unit_test(test_input_that_ends_early),
        cmocka_unit_test(test_garbage_is_refused_with_a_reason),
        cmocka_unit_test(test_broken_records_after_the_handshake),
        cmocka_unit_test(test_refused_reserves_leave_nothing),
        cmocka_unit_test(test_held_bytes_are_on_the_account),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
