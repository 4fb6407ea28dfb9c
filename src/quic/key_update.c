/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key update (RFC 9001 6): keys of the phase before are kept until a packet of the present one has
 * come, and three probe timeouts more (6.5), those of the next are derived when a packet asks for
 * them, and the limits of the AEAD (6.6) are watched.
 *
 *   previous | present | next        a packet's phase bit and number tell which
 */
#include "base/assert.h"
#include "quic/keys.h"

enum { PHASE_BIT = 0x04, KEEP_PTOS = 3, DUE_SHARE = 2 };

/* Packets that may be sealed, and that may fail to open, with one suite (RFC 9001 6.6, B). */
static const uint64_t SEALED_MAX[] = {
    [TLS_SUITE_AES_128_GCM] = UINT64_C(1) << 23,
    [TLS_SUITE_AES_256_GCM] = UINT64_C(1) << 23,
    [TLS_SUITE_CHACHA20_POLY1305] = UINT64_C(1) << 62,
};
static const uint64_t FAILED_MAX[] = {
    [TLS_SUITE_AES_128_GCM] = UINT64_C(1) << 52,
    [TLS_SUITE_AES_256_GCM] = UINT64_C(1) << 52,
    [TLS_SUITE_CHACHA20_POLY1305] = UINT64_C(1) << 36,
};

void quic_key_update_init(struct quic_key_update *update, const uint8_t *open_secret,
                          const uint8_t *seal_secret, size_t bytes)
{
    ASSERT(bytes <= TLS_SECRET_BYTES_MAX);
    *update = (struct quic_key_update){
        .secret_bytes = (uint8_t)bytes, .first_sent = QUIC_NONE, .first_received = QUIC_NONE};
    memcpy(update->open_secret, open_secret, bytes);
    memcpy(update->seal_secret, seal_secret, bytes);
}

static void next_secret(const struct quic_keys *keys, uint32_t version, const uint8_t *secret,
                        size_t bytes, uint8_t *out)
{
    tls_hkdf_expand_label(keys->suite, secret, bytes,
                          version == QUIC_VERSION_2 ? "quicv2 ku" : "quic ku", out, bytes);
}

/* Derives the keys that packets of the next phase are opened with. */
static enum result derive_next(struct quic_keys *keys, struct quic_key_update *update,
                               struct account *account, uint32_t version)
{
    if (update->has_next) {
        return RESULT_OK;
    }
    uint8_t secret[TLS_SECRET_BYTES_MAX];
    next_secret(keys, version, update->open_secret, update->secret_bytes, secret);
    enum result result = quic_aead_from_secret(&update->next_open, account, version, keys->suite,
                                               secret, update->secret_bytes);
    gnutls_memset(secret, 0, sizeof(secret));
    update->has_next = result == RESULT_OK;
    return result;
}

/* The next phase becomes the present one. The sealing key is made first: when that is refused
 * nothing has changed. The keys before stay until something of the new phase comes. */
static enum result advance(struct quic_keys *keys, struct quic_key_update *update,
                           struct account *account, uint32_t version)
{
    struct tls_aead seal = {0};
    uint8_t secret[TLS_SECRET_BYTES_MAX];
    next_secret(keys, version, update->seal_secret, update->secret_bytes, secret);
    enum result result =
        quic_aead_from_secret(&seal, account, version, keys->suite, secret, update->secret_bytes);
    if (result != RESULT_OK) {
        gnutls_memset(secret, 0, sizeof(secret));
        return result;
    }
    memcpy(update->seal_secret, secret, update->secret_bytes);
    next_secret(keys, version, update->open_secret, update->secret_bytes, secret);
    memcpy(update->open_secret, secret, update->secret_bytes);
    gnutls_memset(secret, 0, sizeof(secret));
    tls_aead_deinit(&keys->seal.aead, account);
    keys->seal.aead = seal;
    tls_aead_deinit(&update->previous_open, account);
    update->previous_open = keys->open.aead;
    update->has_previous = true;
    update->previous_until_us = QUIC_NONE;
    keys->open.aead = update->next_open;
    update->next_open = (struct tls_aead){0};
    update->has_next = false;
    update->phase = !update->phase;
    update->first_sent = QUIC_NONE;
    update->first_received = QUIC_NONE;
    update->sealed = 0;
    update->is_acknowledged = false;
    return RESULT_OK;
}

/* A packet of the present phase was opened. */
static void note_received(struct quic_key_update *update, uint64_t packet_number, uint64_t now_us,
                          uint64_t pto_us)
{
    if (update->first_received == QUIC_NONE) {
        update->previous_until_us = now_us + KEEP_PTOS * pto_us;
    }
    if (packet_number < update->first_received) { /* QUIC_NONE is above all */
        update->first_received = packet_number;
    }
}

static enum result note_failed(const struct quic_keys *keys, struct quic_key_update *update)
{
    update->failed++;
    return update->failed > FAILED_MAX[keys->suite] ? RESULT_FULL : RESULT_INVALID;
}

/* A packet of the other phase that is no leftover of the one before: the peer updates. */
static enum result open_next(struct quic_keys *keys, struct quic_key_update *update,
                             struct account *account, uint32_t version, uint8_t *packet,
                             const struct quic_header *header, uint64_t packet_number,
                             size_t packet_number_bytes, uint64_t now_us, uint64_t pto_us,
                             struct slice *payload)
{
    enum result result = derive_next(keys, update, account, version);
    if (result != RESULT_OK) {
        return result;
    }
    result = quic_open_packet(&update->next_open, packet, header, packet_number,
                              packet_number_bytes, payload);
    if (result != RESULT_OK) {
        return note_failed(keys, update);
    }
    bool is_too_early = update->first_sent == QUIC_NONE && update->has_previous;
    if (is_too_early) { /* 6.2: an update before ours was acknowledged */
        return RESULT_FAILED;
    }
    result = advance(keys, update, account, version);
    if (result == RESULT_OK) {
        note_received(update, packet_number, now_us, pto_us);
    }
    return result;
}

enum result quic_key_update_open(struct quic_keys *keys, struct quic_key_update *update,
                                 struct account *account, uint32_t version, uint8_t *packet,
                                 const struct quic_header *header, uint64_t packet_number,
                                 size_t packet_number_bytes, uint64_t now_us, uint64_t pto_us,
                                 struct slice *payload)
{
    quic_key_update_trim(keys, update, account, now_us, false);
    bool phase = (packet[0] & PHASE_BIT) != 0;
    if (phase == update->phase) {
        if (quic_open_packet(&keys->open.aead, packet, header, packet_number, packet_number_bytes,
                             payload) != RESULT_OK) {
            return note_failed(keys, update);
        }
        note_received(update, packet_number, now_us, pto_us);
        return RESULT_OK;
    }
    bool is_before = update->has_previous && (update->first_received == QUIC_NONE ||
                                              packet_number < update->first_received);
    if (is_before) {
        return quic_open_packet(&update->previous_open, packet, header, packet_number,
                                packet_number_bytes, payload) == RESULT_OK
                   ? RESULT_OK
                   : note_failed(keys, update);
    }
    return open_next(keys, update, account, version, packet, header, packet_number,
                     packet_number_bytes, now_us, pto_us, payload);
}

enum result quic_key_update_begin(struct quic_keys *keys, struct quic_key_update *update,
                                  struct account *account, uint32_t version, uint64_t now_us)
{
    quic_key_update_trim(keys, update, account, now_us, false);
    if (!update->is_acknowledged || update->has_previous) {
        return RESULT_FULL;
    }
    enum result result = derive_next(keys, update, account, version);
    return result == RESULT_OK ? advance(keys, update, account, version) : result;
}

bool quic_key_update_is_due(const struct quic_keys *keys, const struct quic_key_update *update)
{
    return update->sealed >= SEALED_MAX[keys->suite] / DUE_SHARE;
}

bool quic_key_update_is_exhausted(const struct quic_keys *keys,
                                  const struct quic_key_update *update)
{
    return update->sealed >= SEALED_MAX[keys->suite];
}

void quic_key_update_on_acked(struct quic_key_update *update, uint64_t packet_number)
{
    if (packet_number != QUIC_NONE && packet_number >= update->first_sent) {
        update->is_acknowledged = true;
    }
}

void quic_key_update_trim(struct quic_keys *keys, struct quic_key_update *update,
                          struct account *account, uint64_t now_us, bool all)
{
    if (update->has_previous && (all || update->previous_until_us <= now_us)) {
        tls_aead_deinit(&update->previous_open, account);
        update->has_previous = false;
    }
    if (all) {
        tls_aead_deinit(&update->next_open, account);
        update->has_next = false;
        tls_aead_deinit(&keys->open.aead, account);
        tls_aead_deinit(&keys->seal.aead, account);
    }
}
