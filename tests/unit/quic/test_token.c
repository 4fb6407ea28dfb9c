/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: bound to address, port, version and time; those of others are as if there were none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/token.h"
#include "support/memory.h"

static struct memory *memory;
static struct account account;
static struct quic_secrets secrets, other;
static const struct quic_cid ORIGINAL = {8, {1, 2, 3}}, SOURCE = {8, {4, 5, 6}};
static struct address peer;

enum { NOW_S = 1000000 };

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_WORKER, 0);
    assert_int_equal(quic_secrets_init(&secrets, &account, SLICE("secret")), RESULT_OK);
    assert_int_equal(quic_secrets_init(&other, &account, SLICE("another")), RESULT_OK);
    assert_int_equal(address_parse_ip(SLICE("192.0.2.1"), &peer), RESULT_OK);
    peer.port = 4433;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    quic_secrets_deinit(&secrets, &account);
    quic_secrets_deinit(&other, &account);
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

static enum result check(const uint8_t *token, size_t length, const struct address *from,
                         uint32_t version, const struct quic_cid *destination, uint64_t now_s)
{
    struct quic_token out;
    return quic_token_check(&secrets, slice_of((const char *)token, length), from, version,
                            destination, now_s, &out);
}

static void test_retry(void **state)
{
    (void)state;
    uint8_t token[QUIC_TOKEN_BYTES_MAX];
    struct quic_token out;
    struct address moved = peer;
    moved.port++;
    size_t n =
        quic_token_write_retry(&secrets, token, &peer, QUIC_VERSION_1, &ORIGINAL, &SOURCE, NOW_S);
    assert_int_equal(quic_token_check(&secrets, slice_of((char *)token, n), &peer, QUIC_VERSION_1,
                                      &SOURCE, NOW_S + 1, &out),
                     RESULT_OK);
    assert_true(out.is_retry);
    assert_true(quic_cid_equal(&out.original_destination, &ORIGINAL));
    assert_int_equal(check(token, n, &moved, QUIC_VERSION_1, &SOURCE, NOW_S), RESULT_END);
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_2, &SOURCE, NOW_S), RESULT_END);
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_1, &ORIGINAL, NOW_S), RESULT_END);
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S + 11), RESULT_END);
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S - 100), RESULT_END);
    token[n - 1] ^= 1;
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S), RESULT_END);
}

static void test_new_token(void **state)
{
    (void)state;
    uint8_t token[QUIC_TOKEN_BYTES_MAX];
    struct address moved = peer;
    size_t n = quic_token_write_new(&secrets, token, &peer, QUIC_VERSION_1, NOW_S);
    moved.port++; /* another port is the same client */
    assert_int_equal(check(token, n, &moved, QUIC_VERSION_1, &SOURCE, NOW_S + 3600), RESULT_OK);
    assert_int_equal(
        check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S + QUIC_NEW_TOKEN_LIFE_S + 1),
        RESULT_NOT_FOUND);
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_2, &SOURCE, NOW_S), RESULT_NOT_FOUND);
    moved.v4.s_addr ^= 1;
    assert_int_equal(check(token, n, &moved, QUIC_VERSION_1, &SOURCE, NOW_S), RESULT_NOT_FOUND);
}

/* Every bit is checked, and longer or shorter tokens are none. */
static void test_changed(void **state)
{
    (void)state;
    uint8_t token[QUIC_TOKEN_BYTES_MAX + 1] = {0};
    for (unsigned kind = 0; kind < 2; kind++) {
        size_t n = kind == 0 ? quic_token_write_new(&secrets, token, &peer, QUIC_VERSION_1, NOW_S)
                             : quic_token_write_retry(&secrets, token, &peer, QUIC_VERSION_1,
                                                      &ORIGINAL, &SOURCE, NOW_S);
        assert_int_equal(check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S), RESULT_OK);
        for (size_t bit = 0; bit < n * 8; bit++) {
            token[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_int_not_equal(check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S), RESULT_OK);
            token[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        for (size_t length = 0; length <= sizeof(token); length++) {
            assert_int_equal(check(token, length, &peer, QUIC_VERSION_1, &SOURCE, NOW_S) ==
                                 RESULT_OK,
                             length == n);
        }
    }
}

/* Addresses of IPv6, and ids of all lengths. */
static void test_lengths(void **state)
{
    (void)state;
    uint8_t token[QUIC_TOKEN_BYTES_MAX];
    struct address six, other_six;
    struct quic_token out;
    assert_int_equal(address_parse_ip(SLICE("2001:db8::1"), &six), RESULT_OK);
    assert_int_equal(address_parse_ip(SLICE("2001:db8::2"), &other_six), RESULT_OK);
    for (unsigned length = 0; length <= QUIC_CID_BYTES_MAX; length++) {
        struct quic_cid id = {(uint8_t)length, {9, 8, 7}};
        struct quic_cid source = {(uint8_t)(QUIC_CID_BYTES_MAX - length), {6, 5, 4}};
        size_t n =
            quic_token_write_retry(&secrets, token, &six, QUIC_VERSION_2, &id, &source, NOW_S);
        assert_true(n <= QUIC_TOKEN_BYTES_MAX);
        assert_int_equal(quic_token_check(&secrets, slice_of((char *)token, n), &six,
                                          QUIC_VERSION_2, &source, NOW_S, &out),
                         RESULT_OK);
        assert_true(quic_cid_equal(&out.original_destination, &id));
        assert_true(quic_cid_equal(&out.retry_source, &source));
        assert_int_equal(check(token, n, &other_six, QUIC_VERSION_2, &source, NOW_S), RESULT_END);
    }
}

/* No token is like another, and none shows bytes of a key. */
static void test_what_is_seen(void **state)
{
    (void)state;
    uint8_t token[QUIC_TOKEN_BYTES_MAX], again[QUIC_TOKEN_BYTES_MAX];
    size_t n = quic_token_write_new(&secrets, token, &peer, QUIC_VERSION_1, NOW_S);
    assert_int_equal(quic_token_write_new(&secrets, again, &peer, QUIC_VERSION_1, NOW_S), n);
    assert_memory_not_equal(token + 1 + QUIC_TOKEN_MARK_BYTES, again + 1 + QUIC_TOKEN_MARK_BYTES,
                            TLS_IV_BYTES);
    assert_memory_not_equal(token + 1, secrets.cid_key, QUIC_TOKEN_MARK_BYTES);
    assert_memory_not_equal(token + 1, secrets.reset_key, QUIC_TOKEN_MARK_BYTES);
    assert_memory_not_equal(token + 1, secrets.tokens.iv, QUIC_TOKEN_MARK_BYTES);
}

static void test_of_others(void **state)
{
    (void)state;
    uint8_t token[QUIC_TOKEN_BYTES_MAX];
    size_t n =
        quic_token_write_retry(&other, token, &peer, QUIC_VERSION_1, &ORIGINAL, &SOURCE, NOW_S);
    assert_int_equal(check(token, n, &peer, QUIC_VERSION_1, &SOURCE, NOW_S), RESULT_NOT_FOUND);
    n = quic_token_write_new(&secrets, token, &peer, QUIC_VERSION_1, NOW_S);
    for (size_t length = 0; length < n; length++) {
        assert_int_equal(check(token, length, &peer, QUIC_VERSION_1, &SOURCE, NOW_S),
                         RESULT_NOT_FOUND);
    }
}

static void test_reset_tokens(void **state)
{
    (void)state;
    uint8_t first[QUIC_RESET_TOKEN_BYTES], second[QUIC_RESET_TOKEN_BYTES];
    quic_reset_token(&secrets, &ORIGINAL, first);
    quic_reset_token(&secrets, &ORIGINAL, second);
    assert_memory_equal(first, second, sizeof(first));
    quic_reset_token(&secrets, &SOURCE, second);
    assert_memory_not_equal(first, second, sizeof(first));
    quic_reset_token(&other, &ORIGINAL, second);
    assert_memory_not_equal(first, second, sizeof(first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry),        cmocka_unit_test(test_new_token),
        cmocka_unit_test(test_changed),      cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_what_is_seen), cmocka_unit_test(test_of_others),
        cmocka_unit_test(test_reset_tokens),
    };
    return cmocka_run_group_tests(tests, open_test, close_test);
}
