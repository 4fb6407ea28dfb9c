/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes without records: whole, refused, and what is known afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_tls.h"

static struct memory *memory;
static struct account account;
static struct test_folder folder;
static struct tls_context *context;
static struct tls_quic *server;
static struct test_quic_tls client;
static struct account *const payer = &account;
static char out[TLS_LEVELS][TEST_CRYPTO_BYTES];
static size_t out_bytes[TLS_LEVELS];
static unsigned secrets;
static enum result parameters_result;

static enum result on_secret(void *owner, enum tls_level level, bool is_seal, enum tls_suite suite,
                             const uint8_t *secret, size_t bytes)
{
    (void)owner;
    (void)level;
    (void)is_seal;
    (void)suite;
    assert_true(secret != NULL && bytes >= 32);
    secrets++;
    return RESULT_OK;
}

static enum result on_crypto(void *owner, enum tls_level level, struct slice bytes)
{
    (void)owner;
    memcpy(out[level] + out_bytes[level], bytes.data, bytes.length);
    out_bytes[level] += bytes.length;
    return RESULT_OK;
}

static enum result on_parameters(void *owner, struct slice bytes)
{
    (void)owner;
    assert_int_equal(bytes.length, 3);
    return parameters_result;
}

static size_t write_parameters(void *owner, uint8_t *bytes, size_t room)
{
    (void)owner;
    assert_true(room > 10);
    memcpy(bytes, "own", 3);
    return 3;
}

static const struct tls_quic_events EVENTS = {on_secret, on_crypto, on_parameters,
                                              write_parameters};

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    test_folder_open(&folder);
    context = test_quic_context(&folder, payer, false);
    memset(&client, 0, sizeof(client));
    memset(out_bytes, 0, sizeof(out_bytes));
    memcpy(client.parameters, "abc", 3);
    client.parameters_bytes = 3;
    secrets = 0;
    parameters_result = RESULT_OK;
    assert_int_equal(tls_quic_open(context, payer, &EVENTS, NULL, false, &server), RESULT_OK);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    tls_quic_release(server);
    if (client.native != NULL) {
        test_quic_tls_close(&client);
    }
    tls_context_destroy(context);
    test_folder_close(&folder);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

static enum result hello(const char *alpn)
{
    test_quic_tls_open(&client, alpn);
    return tls_quic_feed(
        server, TLS_LEVEL_INITIAL,
        slice_of(client.out[TLS_LEVEL_INITIAL], client.out_bytes[TLS_LEVEL_INITIAL]));
}

static uint16_t alert(void)
{
    struct tls_facts facts = {0};
    assert_int_equal(tls_quic_facts(server, &facts), RESULT_OK);
    uint16_t number = facts.alert;
    tls_facts_clear(&facts, payer);
    return number;
}

static void test_whole(void **state)
{
    (void)state;
    assert_int_equal(hello("h3"), RESULT_OK);
    assert_true(slice_equal(tls_quic_alpn(server), SLICE("h3")));
    test_quic_tls_feed(&client, TLS_LEVEL_INITIAL, out[TLS_LEVEL_INITIAL],
                       out_bytes[TLS_LEVEL_INITIAL]);
    test_quic_tls_feed(&client, TLS_LEVEL_HANDSHAKE, out[TLS_LEVEL_HANDSHAKE],
                       out_bytes[TLS_LEVEL_HANDSHAKE]);
    assert_true(client.is_complete && client.has_peer_parameters);
    assert_false(tls_quic_is_complete(server));
    for (size_t i = 0; i < client.out_bytes[TLS_LEVEL_HANDSHAKE]; i++) { /* a byte at a time */
        assert_int_equal(tls_quic_feed(server, TLS_LEVEL_HANDSHAKE,
                                       slice_of(client.out[TLS_LEVEL_HANDSHAKE] + i, 1)),
                         RESULT_OK);
    }
    assert_true(tls_quic_is_complete(server));
    assert_int_equal(secrets, 4);
    assert_int_equal(tls_quic_send_ticket(server), RESULT_OK);
    assert_true(out_bytes[TLS_LEVEL_APPLICATION] > 0);
    struct tls_facts facts = {0};
    assert_int_equal(tls_quic_facts(server, &facts), RESULT_OK);
    assert_string_equal(facts.server_name, "test.example");
    assert_false(facts.is_resumed || facts.has_early_data || facts.has_client_certificate);
    assert_string_equal(tls_suite_name((enum tls_suite)facts.suite), "TLS_AES_128_GCM_SHA256");
    tls_facts_clear(&facts, payer);
}

static void test_no_common_protocol(void **state)
{
    (void)state;
    assert_int_equal(hello("h2"), RESULT_FAILED);
    assert_int_equal(alert(), 120);
    assert_int_equal(tls_quic_feed(server, TLS_LEVEL_INITIAL, SLICE("x")), RESULT_FAILED);
}

static void test_refused_parameters(void **state)
{
    (void)state;
    parameters_result = RESULT_INVALID;
    assert_int_equal(hello("h3"), RESULT_FAILED);
    assert_int_not_equal(alert(), 0);
}

static void test_no_parameters(void **state)
{
    (void)state;
    client.sends_no_parameters = true;
    assert_int_equal(hello("h3"), RESULT_FAILED);
    assert_int_equal(alert(), 109); /* missing_extension */
}

static void test_damaged_finished(void **state)
{
    (void)state;
    assert_int_equal(hello("h3"), RESULT_OK);
    test_quic_tls_feed(&client, TLS_LEVEL_INITIAL, out[TLS_LEVEL_INITIAL],
                       out_bytes[TLS_LEVEL_INITIAL]);
    test_quic_tls_feed(&client, TLS_LEVEL_HANDSHAKE, out[TLS_LEVEL_HANDSHAKE],
                       out_bytes[TLS_LEVEL_HANDSHAKE]);
    size_t bytes = client.out_bytes[TLS_LEVEL_HANDSHAKE];
    client.out[TLS_LEVEL_HANDSHAKE][bytes - 1] ^= 1;
    assert_int_equal(tls_quic_feed(server, TLS_LEVEL_HANDSHAKE,
                                   slice_of(client.out[TLS_LEVEL_HANDSHAKE], bytes)),
                     RESULT_FAILED);
    assert_int_equal(alert(), 51); /* decrypt_error */
    assert_false(tls_quic_is_complete(server));
}

static void test_without_memory(void **state)
{
    (void)state;
    struct tls_quic *other = NULL;
    account.cap = account.used + TLS_HANDSHAKE_BYTES / 2;
    assert_int_equal(tls_quic_open(context, payer, &EVENTS, NULL, false, &other), RESULT_NO_MEMORY);
    account.cap = 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),         TEST(test_no_common_protocol), TEST(test_refused_parameters),
        TEST(test_no_parameters), TEST(test_damaged_finished),   TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
