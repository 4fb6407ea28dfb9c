/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resumption in both versions: tickets, names that do not share, bounds, and no tickets where they
 * are switched off.
 */
#include "support/certificates.h"
#include "support/tls_pair.h"
#include "tls/context_internal.h"

struct fixture {
    struct test_folder folder;
    struct test_identity server;
    const char *crt;
    struct test_pair pair;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    test_folder_open(&fixture.folder);
    test_identity_make(&fixture.server, &(struct test_request){.common_name = "a.test"});
    fixture.crt = test_write_bundle(&fixture.folder, "server.pem", &fixture.server);
    test_pair_init(&fixture.pair);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    test_pair_deinit(&fixture->pair);
    test_identity_clear(&fixture->server);
    test_folder_close(&fixture->folder);
    return 0;
}

/* One short visit; tells whether it was resumed, on which both ends must agree. */
static bool visit(struct fixture *fixture, struct tls_context *client, struct tls_context *server,
                  const char *name)
{
    struct test_pair *pair = &fixture->pair;
    test_pair_open(pair, client, server, slice_from_string(name));
    assert_true(test_pair_shake_hands(pair));
    test_pair_exchange(&pair->client, &pair->server, "question");
    test_pair_exchange(&pair->server, &pair->client, "answer");
    bool is_resumed = tls_session_is_resumed(pair->server.session);
    assert_int_equal(tls_session_is_resumed(pair->client.session), is_resumed);
    test_pair_close(pair);
    return is_resumed;
}

static void run_version(struct fixture *fixture, enum tls_version version, bool no_tickets)
{
    struct tls_options options = {.is_server = true,
                                  .certificates = &fixture->crt,
                                  .certificates_count = 1,
                                  .max_version = version,
                                  .no_tickets = no_tickets};
    struct tls_context *server = test_pair_context(&fixture->pair, &options);
    struct tls_context *client =
        test_pair_context(&fixture->pair, &(struct tls_options){.verify = TLS_VERIFY_NONE});
    assert_false(visit(fixture, client, server, "a.test"));
    assert_int_equal(visit(fixture, client, server, "a.test"), !no_tickets);
    assert_int_equal(visit(fixture, client, server, "a.test"), !no_tickets);
    /* What was learnt from one name is not shown to another. */
    assert_false(visit(fixture, client, server, "b.test"));
    tls_context_destroy(client);
    tls_context_destroy(server);
    assert_int_equal(fixture->pair.configuration.used, 0);
}

static void test_tls13(void **state)
{
    run_version(*state, TLS_VERSION_1_3, false);
}

static void test_tls12(void **state)
{
    run_version(*state, TLS_VERSION_1_2, false);
}

static void test_no_tickets(void **state)
{
    run_version(*state, TLS_VERSION_1_3, true);
    run_version(*state, TLS_VERSION_1_2, true);
}

static void test_another_key_means_a_full_handshake(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options options = {
        .is_server = true, .certificates = &fixture->crt, .certificates_count = 1};
    struct tls_context *before = test_pair_context(&fixture->pair, &options);
    struct tls_context *after = test_pair_context(&fixture->pair, &options);
    struct tls_context *client =
        test_pair_context(&fixture->pair, &(struct tls_options){.verify = TLS_VERIFY_NONE});
    assert_false(visit(fixture, client, before, "a.test"));
    assert_false(visit(fixture, client, after, "a.test"));
    assert_true(visit(fixture, client, after, "a.test"));
    tls_context_destroy(client);
    tls_context_destroy(before);
    tls_context_destroy(after);
}

static void test_few_names_are_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct tls_options options = {
        .is_server = true, .certificates = &fixture->crt, .certificates_count = 1};
    struct tls_context *server = test_pair_context(&fixture->pair, &options);
    struct tls_context *client =
        test_pair_context(&fixture->pair, &(struct tls_options){.verify = TLS_VERIFY_NONE});
    static const char *const names[] = {"a.test", "b.test", "c.test", "d.test", "e.test"};
    _Static_assert(sizeof(names) / sizeof(names[0]) > TLS_RESUMPTION_SLOTS, "one is forgotten");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_false(visit(fixture, client, server, names[i]));
    }
    assert_true(visit(fixture, client, server, "e.test"));
    assert_false(visit(fixture, client, server, "a.test"));
    tls_context_destroy(client);
    tls_context_destroy(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls13),
        cmocka_unit_test(test_tls12),
        cmocka_unit_test(test_no_tickets),
        cmocka_unit_test(test_another_key_means_a_full_handshake),
        cmocka_unit_test(test_few_names_are_remembered),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
