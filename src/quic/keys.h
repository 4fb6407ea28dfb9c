/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet protection (RFC 9001 5, RFC 9369 3.3): keys of a packet number space, sealing and opening
 * packets in place, key update (6) with its limits (6.6), the Retry integrity tag (5.8).
 *
 * What bounds it: cipher contexts are GnuTLS's, metered and charged to the account given; they can
 * be dropped (hibernation) and are made again from the secrets, which stay.
 */
#ifndef WEIR_QUIC_KEYS_H
#define WEIR_QUIC_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "memory/memory.h"
#include "quic/packet.h"
#include "quic/types.h"
#include "tls/aead.h"

/* One direction of one level. Zero-initialized: absent. */
struct quic_key {
    struct tls_aead aead; /* key and IV; .is_set */
    struct tls_mask mask; /* header protection */
};

/* Keys of one level: Initial, Handshake, 0-RTT or 1-RTT. */
struct quic_keys {
    enum tls_suite suite;
    bool can_open, can_seal;
    struct quic_key open, seal;
};

/* 1-RTT keys beyond what quic_keys holds: secrets and key phases. */
struct quic_key_update {
    uint8_t open_secret[TLS_SECRET_BYTES_MAX],
        seal_secret[TLS_SECRET_BYTES_MAX]; /* of the present phase */
    uint8_t secret_bytes;
    bool phase;                  /* key phase bit of the present keys */
    bool has_previous, has_next; /* open keys of the phase before, derived ones of the next */
    struct tls_aead previous_open, next_open;
    uint64_t previous_until_us; /* when the previous ones are dropped; QUIC_NONE: not before a
                                   packet of the present phase came */
    uint64_t first_sent;        /* first packet number sealed in this phase; QUIC_NONE: none yet */
    uint64_t first_received;    /* lowest opened in this phase; QUIC_NONE: none yet */
    uint64_t sealed;            /* packets sealed with these keys */
    uint64_t failed;            /* packets that did not open, over all phases */
    bool is_acknowledged; /* a packet of this phase was acknowledged: another update may begin */
};

/* Derives a server's Initial keys from the client's first destination id. RESULT_NO_MEMORY,
 * RESULT_INVALID (unknown version). */
MUST_USE enum result quic_keys_init_initial(struct quic_keys *keys, struct account *account,
                                            uint32_t version, const struct quic_cid *destination);

/* Sets one direction from a traffic secret. RESULT_NO_MEMORY. */
MUST_USE enum result quic_keys_set(struct quic_keys *keys, struct account *account,
                                   uint32_t version, enum tls_suite suite, bool is_seal,
                                   const uint8_t *secret, size_t secret_bytes);

/* Key and IV alone, from a traffic secret. RESULT_NO_MEMORY, RESULT_INVALID (unknown version). */
MUST_USE enum result quic_aead_from_secret(struct tls_aead *aead, struct account *account,
                                           uint32_t version, enum tls_suite suite,
                                           const uint8_t *secret, size_t secret_bytes);

/* Drops both directions; harmless when absent. */
void quic_keys_clear(struct quic_keys *keys, struct account *account);

/*
 * Removes header protection of the packet at `packet` (mutable, header->packet_bytes long): first
 * byte, packet number (truncated, *bytes long) come out and are written back in the clear.
 * RESULT_INVALID when the packet is too short to sample.
 */
MUST_USE enum result quic_unprotect_header(const struct quic_key *key, uint8_t *packet,
                                           const struct quic_header *header, uint64_t *truncated,
                                           size_t *bytes);

/*
 * Opens the packet in place; *payload is what was inside. RESULT_OK, RESULT_INVALID (not authentic:
 * drop it, count it).
 */
MUST_USE enum result quic_open_packet(const struct tls_aead *aead, uint8_t *packet,
                                      const struct quic_header *header, uint64_t packet_number,
                                      size_t packet_number_bytes, struct slice *payload);

/*
 * Seals a packet in place: `packet` begins with its header in the clear, header_bytes long up to
 * and with the packet number of packet_number_bytes, then payload_bytes of plain text, then room
 * for the tag. At least 4 bytes of packet number and payload together (the caller pads). Applies
 * header protection.
 */
void quic_seal_packet(const struct quic_key *key, uint8_t *packet, size_t header_bytes,
                      size_t payload_bytes, uint64_t packet_number, size_t packet_number_bytes);

/* ---- key update (1-RTT only) ---- */

/* Takes the secrets of the first phase. */
void quic_key_update_init(struct quic_key_update *update, const uint8_t *open_secret,
                          const uint8_t *seal_secret, size_t bytes);

/*
 * Opens a 1-RTT packet with the keys its key phase bit asks for: present, previous, or the next,
 * which are derived when needed; a packet of the next phase that opens completes the update:
 * sending keys follow. RESULT_OK, RESULT_INVALID (not authentic), RESULT_FAILED (KEY_UPDATE_ERROR:
 * an update too early), RESULT_FULL (AEAD_LIMIT_REACHED: too many forgeries), RESULT_NO_MEMORY (as
 * if lost).
 */
MUST_USE enum result quic_key_update_open(struct quic_keys *keys, struct quic_key_update *update,
                                          struct account *account, uint32_t version,
                                          uint8_t *packet, const struct quic_header *header,
                                          uint64_t packet_number, size_t packet_number_bytes,
                                          uint64_t now_us, uint64_t pto_us, struct slice *payload);

/* Begins an update of our own. RESULT_FULL: not allowed yet (6.1: none before the last one was
 * acknowledged). RESULT_NO_MEMORY. */
MUST_USE enum result quic_key_update_begin(struct quic_keys *keys, struct quic_key_update *update,
                                           struct account *account, uint32_t version,
                                           uint64_t now_us);

/* Whether the confidentiality limit of the present keys is near (an update should begin), or
 * reached (nothing may be sealed any more). */
bool quic_key_update_is_due(const struct quic_keys *keys, const struct quic_key_update *update);
bool quic_key_update_is_exhausted(const struct quic_keys *keys,
                                  const struct quic_key_update *update);

/* A packet number was acknowledged: notes whether it was of the present phase. */
void quic_key_update_on_acked(struct quic_key_update *update, uint64_t packet_number);

/* Drops previous keys whose time is over, and, for hibernation, all that can be derived again
 * (`all`: quic_keys' contexts and next keys, too; and the previous ones, which cannot: not while
 * first_received is QUIC_NONE and has_previous, the peer may still use them). */
void quic_key_update_trim(struct quic_keys *keys, struct quic_key_update *update,
                          struct account *account, uint64_t now_us, bool all);

/* ---- Retry ---- */

/* The integrity tag of a Retry packet (RFC 9001 5.8; RFC 9369 3.3.3). `packet` without tag.
 * RESULT_NO_MEMORY: there is none, and nothing is to be sent. */
MUST_USE enum result quic_retry_tag(uint32_t version, struct account *account,
                                    const struct quic_cid *original_destination,
                                    struct slice packet, uint8_t tag[QUIC_AEAD_TAG_BYTES]);

#endif
