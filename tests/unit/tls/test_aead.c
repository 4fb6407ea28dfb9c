/* SPDX-License-Identifier: Apache-2.0 */
/* AEAD in place, HKDF and masks by RFC 9001 appendix A, and refusals of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/hex.h"
#include "support/memory.h"
#include "tls/aead.h"

static struct memory *memory;
static struct account account;

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    assert_int_equal(account.used, 0);
    test_memory_close(memory);
    return 0;
}

static void test_hkdf(void **state)
{
    (void)state;
    uint8_t salt[20], id[8], initial[32], client[32], key[16], wanted[32];
    test_hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", salt, sizeof(salt));
    test_hex("8394c8f03e515708", id, sizeof(id));
    tls_hkdf_extract_sha256(slice_of((char *)salt, sizeof(salt)), slice_of((char *)id, sizeof(id)),
                            initial);
    test_hex("7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44", wanted, 32);
    assert_memory_equal(initial, wanted, 32);
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, initial, 32, "client in", client, 32);
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, client, 32, "quic key", key, 16);
    test_hex("1f369613dd76d5467730efcbe3b1a22d", wanted, 16);
    assert_memory_equal(key, wanted, 16);
}

static void check_suite(enum tls_suite suite)
{
    uint8_t key[32] = {1}, iv[TLS_IV_BYTES] = {2}, text[64 + TLS_TAG_BYTES] = "plain";
    struct tls_aead aead = {0};
    assert_int_equal(tls_aead_init(&aead, &account, suite, key, iv), RESULT_OK);
    assert_int_equal(account.used > 0, test_memory_meters_libraries());
    tls_aead_seal(&aead, 7, SLICE("header"), text, 64);
    assert_memory_not_equal(text, "plain", 5);
    uint8_t copy[sizeof(text)];
    memcpy(copy, text, sizeof(text));
    assert_false(tls_aead_open(&aead, 8, SLICE("header"), copy, sizeof(copy)));
    memcpy(copy, text, sizeof(text));
    assert_false(tls_aead_open(&aead, 7, SLICE("heater"), copy, sizeof(copy)));
    assert_false(tls_aead_open(&aead, 7, SLICE("header"), copy, TLS_TAG_BYTES - 1));
    assert_true(tls_aead_open(&aead, 7, SLICE("header"), text, sizeof(text)));
    assert_memory_equal(text, "plain", 5);
    tls_aead_deinit(&aead, &account);
    tls_aead_deinit(&aead, &account);
}

static void test_all_suites(void **state)
{
    (void)state;
    for (unsigned suite = 0; suite < TLS_SUITES; suite++) {
        check_suite(suite);
    }
    assert_int_equal(tls_suite_key_bytes(TLS_SUITE_AES_256_GCM), 32);
}

static void check_mask(enum tls_suite suite, const char *key_hex, const char *sample_hex,
                       const char *mask_hex)
{
    uint8_t key[32], sample[16], wanted[5], mask_bytes[5];
    struct tls_mask mask = {0};
    test_hex(key_hex, key, sizeof(key));
    test_hex(sample_hex, sample, sizeof(sample));
    test_hex(mask_hex, wanted, sizeof(wanted));
    assert_int_equal(tls_mask_init(&mask, &account, suite, key), RESULT_OK);
    for (unsigned i = 0; i < 2; i++) { /* the same again: no state is left */
        tls_mask_make(&mask, sample, mask_bytes);
        assert_memory_equal(mask_bytes, wanted, sizeof(wanted));
    }
    tls_mask_deinit(&mask, &account);
}

static void test_masks(void **state)
{
    (void)state;
    check_mask(TLS_SUITE_AES_128_GCM, "9f50449e04a0e810283a1e9933adedd2",
               "d1b1c98dd7689fb8ec11d242b123dc9b", "437b9aec36"); /* A.2 */
    check_mask(TLS_SUITE_CHACHA20_POLY1305,
               "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4",
               "5e5cd55c41f69080575d7999c25a5bfb", "aefefe7d03"); /* A.5 */
}

static void test_refused(void **state)
{
    (void)state;
    uint8_t key[32] = {1}, iv[TLS_IV_BYTES] = {2};
    struct tls_aead aead = {0};
    struct tls_mask mask = {0};
    account.cap = 100;
    assert_int_equal(tls_aead_init(&aead, &account, TLS_SUITE_AES_128_GCM, key, iv),
                     RESULT_NO_MEMORY);
    assert_int_equal(tls_mask_init(&mask, &account, TLS_SUITE_AES_128_GCM, key), RESULT_NO_MEMORY);
    account.cap = 0;
    assert_false(aead.is_set || mask.is_set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hkdf),
        cmocka_unit_test(test_all_suites),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, open_test, close_test);
}
