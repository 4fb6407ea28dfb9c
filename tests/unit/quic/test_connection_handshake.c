/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes: whole, shuffled, in version 2, changed to it, and those that fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_peer.h"

static struct test_quic q;

static int open_test(void **state)
{
    (void)state;
    test_quic_open(&q);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_quic_close(&q);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static void test_whole(void **state)
{
    (void)state;
    test_quic_connect(&q);
    assert_int_equal(q.readies, 1);
    assert_true(q.tls.is_complete && q.tls.has_peer_parameters);
    assert_true(q.count[QUIC_FRAME_NEW_TOKEN] > 0);
    assert_int_equal(q.count[QUIC_FRAME_NEW_CONNECTION_ID], 3);
    assert_null(q.server->handshake); /* TLS, keys, records: gone */
    assert_true(q.account.used < 16 * 1024);
    assert_true(q.crypto_in[QUIC_SPACE_APPLICATION] > 0); /* a ticket */
}

static void test_shuffled_hello(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    size_t whole = q.tls.out_bytes[TLS_LEVEL_INITIAL];
    for (size_t round = 0; round < 2; round++) { /* odd pieces first */
        for (size_t at = round == 0 ? 20 : 0; at < whole; at += 40) {
            uint8_t frames[64];
            size_t bytes = whole - at < 20 ? whole - at : 20;
            uint8_t *data = quic_write_crypto_header(frames, frames + 60, at, &bytes);
            memcpy(data, q.tls.out[TLS_LEVEL_INITIAL] + at, bytes);
            test_quic_send(&q, QUIC_SPACE_INITIAL, frames, (size_t)(data - frames) + bytes);
        }
    }
    assert_int_equal(q.readies, 1);
}

static void test_version_2(void **state)
{
    (void)state;
    q.version = QUIC_VERSION_2;
    test_quic_connect(&q);
    assert_int_equal(quic_connection_version(q.server), QUIC_VERSION_2);
}

/* version_information: version 1 now, version 2 liked better (RFC 9368). */
static void test_changed_to_version_2(void **state)
{
    (void)state;
    static const uint8_t VERSIONS[] = {0x11, 12, 0, 0, 0, 1, 0x6b, 0x33, 0x43, 0xcf, 0, 0, 0, 1};
    memcpy(q.tls.parameters + q.tls.parameters_bytes, VERSIONS, sizeof(VERSIONS));
    q.tls.parameters_bytes += sizeof(VERSIONS);
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    assert_int_equal(quic_connection_version(q.server), QUIC_VERSION_2);
    q.version = QUIC_VERSION_2; /* what a client does when it sees the answer */
    quic_keys_clear(&q.keys[QUIC_SPACE_INITIAL], &q.worker);
    test_quic_client_keys(&q);
    for (unsigned turn = 0; turn < TEST_TURNS && q.count[QUIC_FRAME_HANDSHAKE_DONE] == 0; turn++) {
        test_quic_receive(&q);
        test_quic_send_crypto(&q);
    }
    assert_int_equal(q.completes, 1);
    /* A ticket would be taken for one of version 1 (RFC 9369 5). */
    assert_int_equal(q.crypto_in[QUIC_SPACE_APPLICATION], 0);
}

static void test_wrong_parameters(void **state)
{
    (void)state;
    q.tls.parameters[q.tls.parameters_bytes - 1] ^= 1; /* initial_source_connection_id */
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    assert_int_equal(q.close.code, QUIC_TRANSPORT_PARAMETER_ERROR);
}

static void test_no_parameters(void **state)
{
    (void)state;
    q.tls.sends_no_parameters = true;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    assert_int_equal(q.closes, 1);
    assert_true(q.close.code > QUIC_CRYPTO_ERROR);
}

static void test_nonsense_instead_of_a_hello(void **state)
{
    (void)state;
    static const uint8_t frames[] = {QUIC_FRAME_CRYPTO, 0, 8, 1, 0, 0, 4, 9, 9, 9, 9};
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send(&q, QUIC_SPACE_INITIAL, frames, sizeof(frames));
    assert_int_equal(q.closes, 1);
    assert_true(q.close.code > QUIC_CRYPTO_ERROR && q.close.code < QUIC_CRYPTO_ERROR + 256);
}

/* Bytes that TLS does not read any more at the Initial level, in one flight with the hello, and
 * later (RFC 9001 4.1.3). */
static void send_surplus(bool is_later)
{
    static const char SURPLUS[] = {20, 0, 0, 32, 1, 2, 3};
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    if (is_later) {
        test_quic_send_crypto(&q);
        assert_int_equal(q.readies, 1);
        assert_int_equal(q.closes, 0);
    }
    memcpy(q.tls.out[TLS_LEVEL_INITIAL] + q.tls.out_bytes[TLS_LEVEL_INITIAL], SURPLUS,
           sizeof(SURPLUS));
    q.tls.out_bytes[TLS_LEVEL_INITIAL] += sizeof(SURPLUS);
    test_quic_send_crypto(&q);
    assert_int_equal(q.closes, 1);
    assert_int_equal(q.close.code, QUIC_PROTOCOL_VIOLATION);
}

static void test_surplus_with_the_hello(void **state)
{
    (void)state;
    send_surplus(false);
}

static void test_surplus_after_the_hello(void **state)
{
    (void)state;
    send_surplus(true);
}

/* A hello of 16 MiB is refused when its header is there. */
static void test_huge_hello(void **state)
{
    (void)state;
    static const uint8_t frames[] = {QUIC_FRAME_CRYPTO, 0, 4, 1, 0xff, 0xff, 0xff};
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send(&q, QUIC_SPACE_INITIAL, frames, sizeof(frames));
    assert_int_equal(q.closes, 1);
    assert_int_equal(q.close.code, QUIC_CRYPTO_ERROR + 47); /* illegal_parameter */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),
        TEST(test_shuffled_hello),
        TEST(test_version_2),
        TEST(test_changed_to_version_2),
        TEST(test_wrong_parameters),
        TEST(test_no_parameters),
        TEST(test_nonsense_instead_of_a_hello),
        TEST(test_surplus_with_the_hello),
        TEST(test_surplus_after_the_hello),
        TEST(test_huge_hello),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
