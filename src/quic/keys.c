/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet protection (RFC 9001 5, RFC 9369 3.3): keys from secrets, header protection, sealing and
 * opening in place, the Retry integrity tag. Bounded by two cipher contexts and two mask contexts a
 * level.
 */
#include "quic/keys.h"

#include "base/assert.h"

enum {
    SALT_BYTES = 20,
    SHA256_BYTES = 32,
    KEY_BYTES_MAX = 32,
    NUMBER_SAMPLE_OFFSET = 4, /* the sample begins where a packet number of four bytes would end */
    FORM_LONG = 0x80,
    LONG_BITS = 0x0f, /* of the first byte, that are protected */
    SHORT_BITS = 0x1f,
    NUMBER_LENGTH_BITS = 0x03,
    RETRY_KEY_BYTES = 16,
    RETRY_PACKET_MAX = 512,
    BYTE_BITS = 8,
};

/* What differs between versions. */
struct version {
    uint8_t salt[SALT_BYTES];
    const char *key, *iv, *hp;
    uint8_t retry_key[RETRY_KEY_BYTES];
    uint8_t retry_nonce[TLS_IV_BYTES];
};

static const struct version VERSION_1 = {
    .salt = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
             0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
    .key = "quic key",
    .iv = "quic iv",
    .hp = "quic hp",
    .retry_key = {0xbe, 0x0c, 0x69, 0x0b, 0x9f, 0x66, 0x57, 0x5a, 0x1d, 0x76, 0x6b, 0x54, 0xe3,
                  0x68, 0xc8, 0x4e},
    .retry_nonce = {0x46, 0x15, 0x99, 0xd3, 0x5d, 0x63, 0x2b, 0xf2, 0x23, 0x98, 0x25, 0xbb},
};
static const struct version VERSION_2 = {
    .salt = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
             0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
    .key = "quicv2 key",
    .iv = "quicv2 iv",
    .hp = "quicv2 hp",
    .retry_key = {0x8f, 0xb4, 0xb0, 0x1b, 0x56, 0xac, 0x48, 0xe2, 0x60, 0xfb, 0xcb, 0xce, 0xad,
                  0x7c, 0xcc, 0x92},
    .retry_nonce = {0xd8, 0x69, 0x69, 0xbc, 0x2d, 0x7c, 0x6d, 0x99, 0x90, 0xef, 0xb0, 0x4a},
};

static const struct version *find_version(uint32_t version)
{
    return version == QUIC_VERSION_1 ? &VERSION_1 : version == QUIC_VERSION_2 ? &VERSION_2 : NULL;
}

/* ---- keys ---- */

enum result quic_aead_from_secret(struct tls_aead *aead, struct account *account, uint32_t version,
                                  enum tls_suite suite, const uint8_t *secret, size_t secret_bytes)
{
    const struct version *words = find_version(version);
    uint8_t key[KEY_BYTES_MAX], iv[TLS_IV_BYTES];
    if (words == NULL) {
        return RESULT_INVALID;
    }
    tls_hkdf_expand_label(suite, secret, secret_bytes, words->key, key, tls_suite_key_bytes(suite));
    tls_hkdf_expand_label(suite, secret, secret_bytes, words->iv, iv, sizeof(iv));
    enum result result = tls_aead_init(aead, account, suite, key, iv);
    gnutls_memset(key, 0, sizeof(key));
    return result;
}

static enum result mask_from_secret(struct tls_mask *mask, struct account *account,
                                    uint32_t version, enum tls_suite suite, const uint8_t *secret,
                                    size_t secret_bytes)
{
    uint8_t key[KEY_BYTES_MAX];
    tls_hkdf_expand_label(suite, secret, secret_bytes, find_version(version)->hp, key,
                          tls_suite_key_bytes(suite));
    enum result result = tls_mask_init(mask, account, suite, key);
    gnutls_memset(key, 0, sizeof(key));
    return result;
}

enum result quic_keys_set(struct quic_keys *keys, struct account *account, uint32_t version,
                          enum tls_suite suite, bool is_seal, const uint8_t *secret,
                          size_t secret_bytes)
{
    struct quic_key *key = is_seal ? &keys->seal : &keys->open;
    enum result result =
        quic_aead_from_secret(&key->aead, account, version, suite, secret, secret_bytes);
    if (result == RESULT_OK) {
        result = mask_from_secret(&key->mask, account, version, suite, secret, secret_bytes);
    }
    if (result != RESULT_OK) {
        tls_aead_deinit(&key->aead, account);
        return result;
    }
    keys->suite = suite;
    keys->can_seal = keys->can_seal || is_seal;
    keys->can_open = keys->can_open || !is_seal;
    return RESULT_OK;
}

static enum result init_initial(struct quic_keys *keys, struct account *account, uint32_t version,
                                const struct quic_cid *destination, bool is_client)
{
    const struct version *words = find_version(version);
    uint8_t initial[SHA256_BYTES], client[SHA256_BYTES], server[SHA256_BYTES];
    if (words == NULL) {
        return RESULT_INVALID;
    }
    tls_hkdf_extract_sha256(slice_of((const char *)words->salt, SALT_BYTES),
                            slice_of((const char *)destination->bytes, destination->length),
                            initial);
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, initial, sizeof(initial), "client in", client,
                          sizeof(client));
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, initial, sizeof(initial), "server in", server,
                          sizeof(server));
    enum result result = quic_keys_set(keys, account, version, TLS_SUITE_AES_128_GCM, is_client,
                                       client, sizeof(client));
    if (result == RESULT_OK) {
        result = quic_keys_set(keys, account, version, TLS_SUITE_AES_128_GCM, !is_client, server,
                               sizeof(server));
    }
    if (result != RESULT_OK) {
        quic_keys_clear(keys, account);
    }
    return result;
}

enum result quic_keys_init_initial(struct quic_keys *keys, struct account *account,
                                   uint32_t version, const struct quic_cid *destination)
{
    return init_initial(keys, account, version, destination, false);
}

void quic_keys_clear(struct quic_keys *keys, struct account *account)
{
    tls_aead_deinit(&keys->open.aead, account);
    tls_aead_deinit(&keys->seal.aead, account);
    tls_mask_deinit(&keys->open.mask, account);
    tls_mask_deinit(&keys->seal.mask, account);
    keys->can_open = false;
    keys->can_seal = false;
}

/* ---- packets ---- */

static uint8_t protected_bits(uint8_t first)
{
    return (first & FORM_LONG) != 0 ? LONG_BITS : SHORT_BITS;
}

enum result quic_unprotect_header(const struct quic_key *key, uint8_t *packet,
                                  const struct quic_header *header, uint64_t *truncated,
                                  size_t *bytes)
{
    size_t offset = header->packet_number_offset;
    uint8_t mask[TLS_MASK_BYTES];
    if (header->packet_bytes < offset + NUMBER_SAMPLE_OFFSET + TLS_SAMPLE_BYTES) {
        return RESULT_INVALID;
    }
    tls_mask_make(&key->mask, packet + offset + NUMBER_SAMPLE_OFFSET, mask);
    packet[0] ^= mask[0] & protected_bits(packet[0]);
    *bytes = (size_t)(packet[0] & NUMBER_LENGTH_BITS) + 1;
    *truncated = 0;
    for (size_t i = 0; i < *bytes; i++) {
        packet[offset + i] ^= mask[1 + i];
        *truncated = *truncated << BYTE_BITS | packet[offset + i];
    }
    return RESULT_OK;
}

enum result quic_open_packet(const struct tls_aead *aead, uint8_t *packet,
                             const struct quic_header *header, uint64_t packet_number,
                             size_t packet_number_bytes, struct slice *payload)
{
    size_t header_bytes = header->packet_number_offset + packet_number_bytes;
    uint8_t *text = packet + header_bytes;
    size_t bytes = header->packet_bytes - header_bytes;
    if (!tls_aead_open(aead, packet_number, slice_of((const char *)packet, header_bytes), text,
                       bytes)) {
        return RESULT_INVALID;
    }
    *payload = slice_of((const char *)text, bytes - TLS_TAG_BYTES);
    return RESULT_OK;
}

void quic_seal_packet(const struct quic_key *key, uint8_t *packet, size_t header_bytes,
                      size_t payload_bytes, uint64_t packet_number, size_t packet_number_bytes)
{
    ASSERT(payload_bytes + packet_number_bytes >= NUMBER_SAMPLE_OFFSET);
    uint8_t mask[TLS_MASK_BYTES];
    uint8_t *number = packet + header_bytes - packet_number_bytes;
    tls_aead_seal(&key->aead, packet_number, slice_of((const char *)packet, header_bytes),
                  packet + header_bytes, payload_bytes);
    tls_mask_make(&key->mask, number + NUMBER_SAMPLE_OFFSET, mask);
    packet[0] ^= mask[0] & protected_bits(packet[0]);
    for (size_t i = 0; i < packet_number_bytes; i++) {
        number[i] ^= mask[1 + i];
    }
}

/* ---- Retry ---- */

enum result quic_retry_tag(uint32_t version, struct account *account,
                           const struct quic_cid *original_destination, struct slice packet,
                           uint8_t tag[QUIC_AEAD_TAG_BYTES])
{
    const struct version *words = find_version(version);
    uint8_t pseudo[1 + QUIC_CID_BYTES_MAX + RETRY_PACKET_MAX];
    ASSERT(words != NULL && packet.length <= RETRY_PACKET_MAX);
    struct tls_aead aead = {0};
    pseudo[0] = original_destination->length;
    memcpy(pseudo + 1, original_destination->bytes, original_destination->length);
    memcpy(pseudo + 1 + original_destination->length, packet.data, packet.length);
    enum result result =
        tls_aead_init(&aead, account, TLS_SUITE_AES_128_GCM, words->retry_key, words->retry_nonce);
    if (result != RESULT_OK) {
        return result;
    }
    tls_aead_seal(&aead, 0,
                  slice_of((const char *)pseudo, 1 + original_destination->length + packet.length),
                  tag, 0);
    tls_aead_deinit(&aead, account);
    return RESULT_OK;
}
