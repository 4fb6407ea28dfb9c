/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address validation tokens (RFC 9000 8.1) and stateless reset tokens (10.3).
 *
 *   token = kind | mark of the secret (3) | random nonce (12) | sealed { time, ids }
 *
 * The version, the address and, of a Retry token, the port are authenticated with it, not in it.
 * AES-128-GCM under a key of the process (or the fleet); all of the nonce is random, so that
 * nothing is kept and 2^40 tokens under one secret are still safe. A token is of one version alone
 * (RFC 9369 5).
 */
#include "quic/token.h"

#include "base/assert.h"

enum {
    KIND_RETRY = 0xa5, /* tells ours from others' before anything is opened */
    KIND_NEW = 0x5a,
    NONCE_BYTES = TLS_IV_BYTES,
    HEADER_BYTES = 1 + QUIC_TOKEN_MARK_BYTES + NONCE_BYTES,
    TIME_BYTES = 8,
    PLAIN_BYTES_MAX = TIME_BYTES + 2 * (1 + QUIC_CID_BYTES_MAX),
    AUTH_BYTES_MAX = HEADER_BYTES + 4 + 2 + 16, /* version, port, address */
    SECRET_BYTES = 32,
    CLOCK_SKEW_S = 5, /* between the members of a fleet */
    BYTE_BITS = 8,
};

_Static_assert(HEADER_BYTES + PLAIN_BYTES_MAX + TLS_TAG_BYTES <= QUIC_TOKEN_BYTES_MAX,
               "a token fits");

enum result quic_secrets_init(struct quic_secrets *secrets, struct account *account,
                              struct slice secret)
{
    static const char SALT[] = "weir quic";
    uint8_t base[SECRET_BYTES], key[16], iv[TLS_IV_BYTES];
    *secrets = (struct quic_secrets){0};
    tls_hkdf_extract_sha256(slice_of(SALT, sizeof(SALT) - 1), secret, base);
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, base, sizeof(base), "token key", key, sizeof(key));
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, base, sizeof(base), "token iv", iv, sizeof(iv));
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, base, sizeof(base), "token mark",
                          secrets->token_mark, sizeof(secrets->token_mark));
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, base, sizeof(base), "reset", secrets->reset_key,
                          sizeof(secrets->reset_key));
    tls_hkdf_expand_label(TLS_SUITE_AES_128_GCM, base, sizeof(base), "id", secrets->cid_key,
                          sizeof(secrets->cid_key));
    enum result result = tls_aead_init(&secrets->tokens, account, TLS_SUITE_AES_128_GCM, key, iv);
    gnutls_memset(base, 0, sizeof(base));
    gnutls_memset(key, 0, sizeof(key));
    return result;
}

void quic_secrets_deinit(struct quic_secrets *secrets, struct account *account)
{
    tls_aead_deinit(&secrets->tokens, account);
    gnutls_memset(secrets, 0, sizeof(*secrets));
}

/* ---- sealing ---- */

static uint8_t *put_number(uint8_t *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;) {
        *at++ = (uint8_t)(value >> BYTE_BITS * i);
    }
    return at;
}

static uint8_t *put_cid(uint8_t *at, const struct quic_cid *id)
{
    *at++ = id->length;
    memcpy(at, id->bytes, id->length);
    return at + id->length;
}

/* What a token is bound to: itself, the version, the port (Retry only), the address. */
static size_t make_auth(uint8_t *out, const uint8_t *header, const struct address *peer,
                        uint32_t version, bool with_port)
{
    uint8_t *at = out;
    memcpy(at, header, HEADER_BYTES);
    at += HEADER_BYTES;
    at = put_number(at, version, sizeof(version));
    if (with_port) {
        at = put_number(at, peer->port, sizeof(peer->port));
    }
    if (peer->family == AF_INET) {
        memcpy(at, &peer->v4, sizeof(peer->v4));
        at += sizeof(peer->v4);
    } else {
        memcpy(at, &peer->v6, sizeof(peer->v6));
        at += sizeof(peer->v6);
    }
    return (size_t)(at - out);
}

/* The key with the nonce of a token's header mixed into its IV. Borrows the handle. */
static struct tls_aead key_of(const struct quic_secrets *secrets, const uint8_t *header)
{
    struct tls_aead key = secrets->tokens;
    for (unsigned i = 0; i < NONCE_BYTES; i++) {
        key.iv[i] ^= header[1 + QUIC_TOKEN_MARK_BYTES + i];
    }
    return key;
}

static size_t seal(const struct quic_secrets *secrets, uint8_t *out, uint8_t kind,
                   size_t plain_bytes, const struct address *peer, uint32_t version)
{
    uint8_t auth[AUTH_BYTES_MAX];
    out[0] = kind;
    memcpy(out + 1, secrets->token_mark, QUIC_TOKEN_MARK_BYTES);
    tls_random(out + 1 + QUIC_TOKEN_MARK_BYTES, NONCE_BYTES);
    struct tls_aead key = key_of(secrets, out);
    size_t auth_bytes = make_auth(auth, out, peer, version, kind == KIND_RETRY);
    tls_aead_seal(&key, 0, slice_of((const char *)auth, auth_bytes), out + HEADER_BYTES,
                  plain_bytes);
    return HEADER_BYTES + plain_bytes + TLS_TAG_BYTES;
}

size_t quic_token_write_retry(const struct quic_secrets *secrets, uint8_t out[QUIC_TOKEN_BYTES_MAX],
                              const struct address *peer, uint32_t version,
                              const struct quic_cid *original_destination,
                              const struct quic_cid *retry_source, uint64_t wall_s)
{
    uint8_t *plain = out + HEADER_BYTES;
    uint8_t *at = put_number(plain, wall_s, TIME_BYTES);
    at = put_cid(at, original_destination);
    at = put_cid(at, retry_source);
    return seal(secrets, out, KIND_RETRY, (size_t)(at - plain), peer, version);
}

size_t quic_token_write_new(const struct quic_secrets *secrets, uint8_t out[QUIC_TOKEN_BYTES_MAX],
                            const struct address *peer, uint32_t version, uint64_t wall_s)
{
    put_number(out + HEADER_BYTES, wall_s, TIME_BYTES);
    return seal(secrets, out, KIND_NEW, TIME_BYTES, peer, version);
}

/* ---- checking ---- */

static const uint8_t *get_cid(const uint8_t *at, const uint8_t *end, struct quic_cid *id)
{
    if (at == NULL || at >= end || *at > QUIC_CID_BYTES_MAX || end - at <= *at) {
        return NULL;
    }
    id->length = *at;
    memcpy(id->bytes, at + 1, id->length);
    return at + 1 + id->length;
}

/* Opens a copy; returns the plain text's bytes, 0 when it is not authentic. */
static size_t open_token(const struct quic_secrets *secrets, struct slice token,
                         const struct address *peer, uint32_t version, uint8_t *plain)
{
    uint8_t auth[AUTH_BYTES_MAX];
    const uint8_t *header = (const uint8_t *)token.data;
    size_t sealed = token.length - HEADER_BYTES;
    size_t auth_bytes = make_auth(auth, header, peer, version, header[0] == KIND_RETRY);
    struct tls_aead key = key_of(secrets, header);
    memcpy(plain, header + HEADER_BYTES, sealed);
    return tls_aead_open(&key, 0, slice_of((const char *)auth, auth_bytes), plain, sealed)
               ? sealed - TLS_TAG_BYTES
               : 0;
}

static bool is_fresh(const uint8_t *plain, uint64_t wall_s, uint64_t life_s)
{
    uint64_t made_s = 0;
    for (unsigned i = 0; i < TIME_BYTES; i++) {
        made_s = made_s << BYTE_BITS | plain[i];
    }
    return made_s <= wall_s + CLOCK_SKEW_S && wall_s <= made_s + life_s;
}

static bool read_ids(const uint8_t *plain, size_t bytes, struct quic_token *out)
{
    const uint8_t *end = plain + bytes;
    const uint8_t *at = get_cid(plain + TIME_BYTES, end, &out->original_destination);
    return get_cid(at, end, &out->retry_source) == end;
}

enum result quic_token_check(const struct quic_secrets *secrets, struct slice token,
                             const struct address *peer, uint32_t version,
                             const struct quic_cid *destination, uint64_t wall_s,
                             struct quic_token *out)
{
    uint8_t plain[QUIC_TOKEN_BYTES_MAX];
    uint8_t kind = token.length > 0 ? (uint8_t)token.data[0] : 0;
    *out = (struct quic_token){.is_retry = kind == KIND_RETRY};
    if ((kind != KIND_RETRY && kind != KIND_NEW) || token.length > QUIC_TOKEN_BYTES_MAX ||
        token.length < HEADER_BYTES + TIME_BYTES + TLS_TAG_BYTES ||
        memcmp(token.data + 1, secrets->token_mark, QUIC_TOKEN_MARK_BYTES) != 0) {
        return RESULT_NOT_FOUND;
    }
    size_t bytes = open_token(secrets, token, peer, version, plain);
    if (!out->is_retry) {
        bool is_valid = bytes == TIME_BYTES && is_fresh(plain, wall_s, QUIC_NEW_TOKEN_LIFE_S);
        return is_valid ? RESULT_OK : RESULT_NOT_FOUND;
    }
    bool is_valid = bytes > TIME_BYTES && is_fresh(plain, wall_s, QUIC_RETRY_TOKEN_LIFE_S) &&
                    read_ids(plain, bytes, out) && quic_cid_equal(&out->retry_source, destination);
    return is_valid ? RESULT_OK : RESULT_END;
}

void quic_reset_token(const struct quic_secrets *secrets, const struct quic_cid *id,
                      uint8_t token[QUIC_RESET_TOKEN_BYTES])
{
    uint8_t digest[SECRET_BYTES];
    tls_hkdf_extract_sha256(slice_of((const char *)secrets->reset_key, sizeof(secrets->reset_key)),
                            slice_of((const char *)id->bytes, id->length), digest);
    memcpy(token, digest, QUIC_RESET_TOKEN_BYTES);
}
