/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Primitives of packet protection by GnuTLS: AEAD in place, HKDF with TLS 1.3's labels, header
 * protection masks.
 *
 * Hard idea: GnuTLS crashes where malloc fails, so that TLS_AEAD_BYTES are reserved before a handle
 * is made and what it really holds is charged afterwards. Sealing, opening and masks allocate
 * nothing. RFC 5869, 8446 7.1, 9001 5.3, 5.4.
 */
#include "tls/aead.h"

#include <string.h>

#include "base/assert.h"
#include "memory/library.h"

enum {
    TLS_AEAD_BYTES = 2048, /* more than any handle holds */
    LABEL_BYTES_MAX = 32,
    SHA256_BYTES = 32,
    NUMBER_BYTES = 8,
    BYTE_BITS = 8,
};

struct suite {
    gnutls_cipher_algorithm_t aead, mask;
    gnutls_mac_algorithm_t hash;
    uint8_t key_bytes;
};

static const struct suite SUITES[] = {
    [TLS_SUITE_AES_128_GCM] = {GNUTLS_CIPHER_AES_128_GCM, GNUTLS_CIPHER_AES_128_CBC,
                               GNUTLS_MAC_SHA256, 16},
    [TLS_SUITE_AES_256_GCM] = {GNUTLS_CIPHER_AES_256_GCM, GNUTLS_CIPHER_AES_256_CBC,
                               GNUTLS_MAC_SHA384, 32},
    [TLS_SUITE_CHACHA20_POLY1305] = {GNUTLS_CIPHER_CHACHA20_POLY1305, GNUTLS_CIPHER_CHACHA20_32,
                                     GNUTLS_MAC_SHA256, 32},
};

size_t tls_suite_key_bytes(enum tls_suite suite)
{
    return SUITES[suite].key_bytes;
}

/* ---- HKDF ---- */

static gnutls_datum_t datum(const void *data, size_t bytes)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)data, (unsigned)bytes};
}

void tls_hkdf_extract_sha256(struct slice salt, struct slice input, uint8_t out[32])
{
    gnutls_datum_t key = datum(input.data, input.length);
    gnutls_datum_t salted = datum(salt.data, salt.length);
    int status = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &key, &salted, out);
    ASSERT(status == GNUTLS_E_SUCCESS);
}

void tls_hkdf_expand_label(enum tls_suite suite, const uint8_t *secret, size_t secret_bytes,
                           const char *label, uint8_t *out, size_t out_bytes)
{
    static const char PREFIX[] = "tls13 ";
    uint8_t info[LABEL_BYTES_MAX];
    size_t label_bytes = strlen(label);
    size_t named = sizeof(PREFIX) - 1 + label_bytes;
    ASSERT(named + 4 <= sizeof(info)); /* length of output, of label, of an empty context */
    uint8_t *at = info;
    *at++ = (uint8_t)(out_bytes >> BYTE_BITS);
    *at++ = (uint8_t)out_bytes;
    *at++ = (uint8_t)named;
    memcpy(at, PREFIX, sizeof(PREFIX) - 1);
    at += sizeof(PREFIX) - 1;
    memcpy(at, label, label_bytes);
    at += label_bytes;
    *at++ = 0;
    gnutls_datum_t key = datum(secret, secret_bytes);
    gnutls_datum_t text = datum(info, (size_t)(at - info));
    int status = gnutls_hkdf_expand(SUITES[suite].hash, &key, &text, out, out_bytes);
    ASSERT(status == GNUTLS_E_SUCCESS);
}

/* ---- AEAD ---- */

/* Whether a handle may be made: its bytes are there. They are given back at once and charged as
 * used. */
static bool can_take(struct account *account)
{
    if (account_charge(account, TLS_AEAD_BYTES) != RESULT_OK) {
        return false;
    }
    account_discharge(account, TLS_AEAD_BYTES);
    return true;
}

enum result tls_aead_init(struct tls_aead *aead, struct account *account, enum tls_suite suite,
                          const uint8_t *key, const uint8_t iv[TLS_IV_BYTES])
{
    ASSERT(!aead->is_set);
    if (!can_take(account)) {
        return RESULT_NO_MEMORY;
    }
    gnutls_datum_t bytes = datum(key, SUITES[suite].key_bytes);
    struct library_meter meter = library_meter_begin();
    int status = gnutls_aead_cipher_init(&aead->handle, SUITES[suite].aead, &bytes);
    library_meter_end(meter, account, &aead->library_bytes);
    if (status != GNUTLS_E_SUCCESS) {
        return RESULT_FAILED;
    }
    memcpy(aead->iv, iv, TLS_IV_BYTES);
    aead->is_set = true;
    return RESULT_OK;
}

void tls_aead_deinit(struct tls_aead *aead, struct account *account)
{
    if (!aead->is_set) {
        return;
    }
    struct library_meter meter = library_meter_begin();
    gnutls_aead_cipher_deinit(aead->handle);
    library_meter_end(meter, account, &aead->library_bytes);
    library_meter_clear(account, &aead->library_bytes);
    gnutls_memset(aead, 0, sizeof(*aead));
}

static void make_nonce(const struct tls_aead *aead, uint64_t number, uint8_t nonce[TLS_IV_BYTES])
{
    memcpy(nonce, aead->iv, TLS_IV_BYTES);
    for (unsigned i = 0; i < NUMBER_BYTES; i++) {
        nonce[TLS_IV_BYTES - 1 - i] ^= (uint8_t)(number >> BYTE_BITS * i);
    }
}

void tls_aead_seal(const struct tls_aead *aead, uint64_t number, struct slice header, uint8_t *text,
                   size_t bytes)
{
    uint8_t nonce[TLS_IV_BYTES];
    size_t sealed = bytes + TLS_TAG_BYTES;
    make_nonce(aead, number, nonce);
    int status =
        gnutls_aead_cipher_encrypt(aead->handle, nonce, sizeof(nonce), header.data, header.length,
                                   TLS_TAG_BYTES, text, bytes, text, &sealed);
    ASSERT(status == GNUTLS_E_SUCCESS);
}

bool tls_aead_open(const struct tls_aead *aead, uint64_t number, struct slice header, uint8_t *text,
                   size_t bytes)
{
    uint8_t nonce[TLS_IV_BYTES];
    if (bytes < TLS_TAG_BYTES) {
        return false;
    }
    size_t opened = bytes - TLS_TAG_BYTES;
    make_nonce(aead, number, nonce);
    return gnutls_aead_cipher_decrypt(aead->handle, nonce, sizeof(nonce), header.data,
                                      header.length, TLS_TAG_BYTES, text, bytes, text,
                                      &opened) == GNUTLS_E_SUCCESS;
}

/* ---- masks ---- */

enum result tls_mask_init(struct tls_mask *mask, struct account *account, enum tls_suite suite,
                          const uint8_t *key)
{
    ASSERT(!mask->is_set);
    if (!can_take(account)) {
        return RESULT_NO_MEMORY;
    }
    memcpy(mask->key, key, SUITES[suite].key_bytes);
    gnutls_datum_t bytes = datum(mask->key, SUITES[suite].key_bytes);
    struct library_meter meter = library_meter_begin();
    int status = gnutls_cipher_init(&mask->handle, SUITES[suite].mask, &bytes, NULL);
    library_meter_end(meter, account, &mask->library_bytes);
    if (status != GNUTLS_E_SUCCESS) {
        return RESULT_FAILED;
    }
    mask->suite = suite;
    mask->is_set = true;
    return RESULT_OK;
}

void tls_mask_deinit(struct tls_mask *mask, struct account *account)
{
    if (!mask->is_set) {
        return;
    }
    struct library_meter meter = library_meter_begin();
    gnutls_cipher_deinit(mask->handle);
    library_meter_end(meter, account, &mask->library_bytes);
    library_meter_clear(account, &mask->library_bytes);
    gnutls_memset(mask, 0, sizeof(*mask));
}

void tls_mask_make(const struct tls_mask *mask, const uint8_t sample[TLS_SAMPLE_BYTES],
                   uint8_t out[TLS_MASK_BYTES])
{
    uint8_t block[TLS_SAMPLE_BYTES] = {0};
    int status;
    if (mask->suite == TLS_SUITE_CHACHA20_POLY1305) { /* the sample is counter and nonce */
        gnutls_cipher_set_iv(mask->handle, (void *)(uintptr_t)sample, TLS_SAMPLE_BYTES);
        status = gnutls_cipher_encrypt(mask->handle, block, TLS_MASK_BYTES);
    } else { /* one block of CBC under a zero IV is ECB */
        uint8_t zero[TLS_SAMPLE_BYTES] = {0};
        gnutls_cipher_set_iv(mask->handle, zero, sizeof(zero));
        status =
            gnutls_cipher_encrypt2(mask->handle, sample, TLS_SAMPLE_BYTES, block, sizeof(block));
    }
    ASSERT(status == GNUTLS_E_SUCCESS);
    memcpy(out, block, TLS_MASK_BYTES);
}

void tls_random(void *out, size_t bytes)
{
    int status = gnutls_rnd(GNUTLS_RND_RANDOM, out, bytes); /* the level of nonces is no keys' */
    ASSERT(status == GNUTLS_E_SUCCESS);
}
