/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The primitives of packet and record protection, by GnuTLS: AEAD, HKDF with TLS 1.3's labels,
 * header protection masks.
 *
 * A GnuTLS handle is metered and charged to the account given at its making; GnuTLS crashes when
 * malloc fails, so that TLS_AEAD_BYTES are reserved before (RESULT_NO_MEMORY: nothing was made).
 */
#ifndef WEIR_TLS_AEAD_H
#define WEIR_TLS_AEAD_H

#include <gnutls/crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"

/* Suites of TLS 1.3 that packets may be protected with. CCM is refused. */
enum tls_suite {
    TLS_SUITE_AES_128_GCM,
    TLS_SUITE_AES_256_GCM,
    TLS_SUITE_CHACHA20_POLY1305,
    TLS_SUITES
};

enum {
    TLS_SECRET_BYTES_MAX = 48,
    TLS_IV_BYTES = 12,
    TLS_TAG_BYTES = 16,
    TLS_SAMPLE_BYTES = 16,
    TLS_MASK_BYTES = 5,
};

/* An AEAD key with its IV. Zero-initialized: not set. */
struct tls_aead {
    gnutls_aead_cipher_hd_t handle;
    size_t library_bytes;
    uint8_t iv[TLS_IV_BYTES];
    bool is_set;
};

/* A header protection key (RFC 9001 5.4). Zero-initialized: not set. */
struct tls_mask {
    gnutls_cipher_hd_t handle; /* ChaCha20: made anew for each mask if GnuTLS needs that */
    size_t library_bytes;
    uint8_t key[32];
    enum tls_suite suite;
    bool is_set;
};

/* A suite's key length. */
size_t tls_suite_key_bytes(enum tls_suite suite);
/* its hash's length: 32 or 48 */

/* HKDF-Extract with SHA-256 (Initial secrets); `out` is 32 bytes. */
void tls_hkdf_extract_sha256(struct slice salt, struct slice input, uint8_t out[32]);

/* HKDF-Expand-Label (RFC 8446 7.1) with the suite's hash and an empty context; `label` without
 * "tls13 ". */
void tls_hkdf_expand_label(enum tls_suite suite, const uint8_t *secret, size_t secret_bytes,
                           const char *label, uint8_t *out, size_t out_bytes);

/* Makes a key, which was not set. RESULT_NO_MEMORY, RESULT_FAILED. */
MUST_USE enum result tls_aead_init(struct tls_aead *aead, struct account *account,
                                   enum tls_suite suite, const uint8_t *key,
                                   const uint8_t iv[TLS_IV_BYTES]);
/* Takes the key away. */
void tls_aead_deinit(struct tls_aead *aead, struct account *account); /* harmless when not set */

/* Seals `bytes` of plain text at `text` in place, the tag behind it. The nonce is iv XOR number. */
void tls_aead_seal(const struct tls_aead *aead, uint64_t number, struct slice header, uint8_t *text,
                   size_t bytes);

/* Opens `bytes` (tag included) in place. False when not authentic. */
MUST_USE bool tls_aead_open(const struct tls_aead *aead, uint64_t number, struct slice header,
                            uint8_t *text, size_t bytes);

/* Makes a header protection key, which was not set. RESULT_NO_MEMORY, RESULT_FAILED. */
MUST_USE enum result tls_mask_init(struct tls_mask *mask, struct account *account,
                                   enum tls_suite suite, const uint8_t *key);
/* Takes it away; harmless when not set. */
void tls_mask_deinit(struct tls_mask *mask, struct account *account);

/* The mask of a sample. */
void tls_mask_make(const struct tls_mask *mask, const uint8_t sample[TLS_SAMPLE_BYTES],
                   uint8_t out[TLS_MASK_BYTES]);

/* Fills `out` with random bytes fit for keys and ids. */
void tls_random(void *out, size_t bytes);

#endif
