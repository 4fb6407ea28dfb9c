/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets as they lie in a datagram: headers parsed and written, packet numbers coded (RFC 9000 17,
 * RFC 8999, RFC 9369 3.2). No keys here: what header protection covers is left as it is.
 */
#ifndef WEIR_QUIC_PACKET_H
#define WEIR_QUIC_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/varint.h"
#include "quic/types.h"

enum quic_packet_type {
    QUIC_PACKET_INITIAL,
    QUIC_PACKET_ZERO_RTT,
    QUIC_PACKET_HANDSHAKE,
    QUIC_PACKET_RETRY,
    QUIC_PACKET_ONE_RTT,
    QUIC_PACKET_VERSION_NEGOTIATION, /* only servers send it */
    QUIC_PACKET_UNKNOWN_VERSION,     /* long header: version and ids only (RFC 8999) */
};

enum { QUIC_PACKET_NUMBER_BYTES_MAX = 4 };

/* One packet's header; slices point into the datagram. */
struct quic_header {
    enum quic_packet_type type;
    uint32_t version; /* long headers; 0 for short ones */
    struct quic_cid destination;
    struct quic_cid source;      /* long headers */
    struct slice token;          /* Initial, Retry */
    size_t packet_number_offset; /* from the packet's first byte; where protection begins */
    size_t packet_bytes;         /* the whole packet; what follows it is coalesced */
};

/* ---- headers ---- */

/*
 * Parses the packet at the start of `bytes`. `local_cid_bytes` is the length of this side's ids,
 * which short headers do not tell. RESULT_OK, or RESULT_INVALID: what is left of the datagram is to
 * be dropped (also for a fixed bit of 0, unless `allow_grease`, RFC 9287).
 */
MUST_USE enum result quic_header_parse(struct slice bytes, size_t local_cid_bytes,
                                       bool allow_grease, struct quic_header *out);

/*
 * Writes a long header (Initial, Handshake, 0-RTT) up to and with the packet number. Length is
 * written as a 2-byte integer at *length_at, to be filled by quic_header_finish_long. Returns the
 * end, or NULL when `room` is too small.
 */
uint8_t *quic_header_write_long(uint8_t *out, size_t room, enum quic_packet_type type,
                                uint32_t version, const struct quic_cid *destination,
                                const struct quic_cid *source, struct slice token,
                                uint64_t packet_number, size_t packet_number_bytes,
                                uint8_t **length_at);

/* Fills in Length: bytes from the packet number to the end of the tag. At most 16383. */
void quic_header_finish_long(uint8_t *length_at, size_t bytes);

/* Writes a short header (RFC 9000 17.3.1). Returns the end, or NULL when `room` is too small. */
uint8_t *quic_header_write_short(uint8_t *out, size_t room, const struct quic_cid *destination,
                                 bool spin, bool key_phase, uint64_t packet_number,
                                 size_t packet_number_bytes);

/* Bytes that a packet number must be sent in, given the largest one acknowledged (QUIC_NONE: none)
 * (RFC 9000 A.2). 1 to 4. */
size_t quic_packet_number_bytes(uint64_t packet_number, uint64_t largest_acknowledged);

/* The full number of a truncated one (RFC 9000 A.3); `largest` received so far or QUIC_NONE. */
uint64_t quic_packet_number_decode(uint64_t largest, uint64_t truncated, size_t bytes);

/* ---- packets without keys ---- */

/*
 * Writes a version negotiation packet that answers a packet with these ids (they are swapped here).
 * `versions` in order of preference; `grease` is a reserved version put among them. Returns its
 * length, 0 when it does not fit.
 */
size_t quic_write_version_negotiation(uint8_t *out, size_t room, const struct quic_cid *destination,
                                      const struct quic_cid *source, const uint32_t *versions,
                                      unsigned versions_count, uint32_t grease, uint8_t random);

/*
 * Writes a Retry packet up to its integrity tag, which the caller appends (quic/retry.h). Returns
 * the length, 0 when it does not fit.
 */
size_t quic_write_retry(uint8_t *out, size_t room, uint32_t version,
                        const struct quic_cid *destination, const struct quic_cid *source,
                        struct slice token, uint8_t random);

/*
 * Writes a stateless reset of `bytes` (at least 21, RFC 9000 10.3) filled from `random` (that many
 * bytes), the token at its end.
 */
void quic_write_stateless_reset(uint8_t *out, size_t bytes, const uint8_t *random,
                                const uint8_t token[QUIC_RESET_TOKEN_BYTES]);

#endif
