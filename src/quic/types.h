/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words that all of the QUIC core uses: versions, packet number spaces, connection ids, error codes
 * (RFC 9000, 9001, 9369).
 */
#ifndef WEIR_QUIC_TYPES_H
#define WEIR_QUIC_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"
#include "base/varint.h"

enum {
    QUIC_CID_BYTES_MAX = 20,             /* RFC 9000 17.2 */
    QUIC_RESET_TOKEN_BYTES = 16,         /* 10.3 */
    QUIC_INITIAL_DATAGRAM_MIN = 1200,    /* 14.1 */
    QUIC_DATAGRAM_BYTES_MAX = 1500 - 28, /* what this side ever sends in one: Ethernet's, IPv4 */
    QUIC_AEAD_TAG_BYTES = 16,
};

#define QUIC_VERSION_1 UINT32_C(0x00000001)
#define QUIC_VERSION_2 UINT32_C(0x6b3343cf)
#define QUIC_NONE      UINT64_MAX /* no packet number, no offset, no deadline */

/* Packet number spaces (RFC 9000 12.3). 0-RTT and 1-RTT packets share the last. */
enum quic_space { QUIC_SPACE_INITIAL, QUIC_SPACE_HANDSHAKE, QUIC_SPACE_APPLICATION, QUIC_SPACES };

/* The two ECN bits of an IP header (RFC 3168 5). */
enum quic_ecn { QUIC_ECN_NONE, QUIC_ECN_ECT1, QUIC_ECN_ECT0, QUIC_ECN_CE };

struct quic_cid {
    uint8_t length; /* 0 to QUIC_CID_BYTES_MAX */
    uint8_t bytes[QUIC_CID_BYTES_MAX];
};

/* Whether both ids are the same bytes. */
static inline bool quic_cid_equal(const struct quic_cid *a, const struct quic_cid *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* Transport error codes (RFC 9000 20.1). */
enum quic_error {
    QUIC_NO_ERROR = 0x00,
    QUIC_INTERNAL_ERROR = 0x01,
    QUIC_CONNECTION_REFUSED = 0x02,
    QUIC_FLOW_CONTROL_ERROR = 0x03,
    QUIC_STREAM_LIMIT_ERROR = 0x04,
    QUIC_STREAM_STATE_ERROR = 0x05,
    QUIC_FINAL_SIZE_ERROR = 0x06,
    QUIC_FRAME_ENCODING_ERROR = 0x07,
    QUIC_TRANSPORT_PARAMETER_ERROR = 0x08,
    QUIC_CONNECTION_ID_LIMIT_ERROR = 0x09,
    QUIC_PROTOCOL_VIOLATION = 0x0a,
    QUIC_INVALID_TOKEN = 0x0b,
    QUIC_APPLICATION_ERROR = 0x0c,
    QUIC_CRYPTO_BUFFER_EXCEEDED = 0x0d,
    QUIC_KEY_UPDATE_ERROR = 0x0e,
    QUIC_AEAD_LIMIT_REACHED = 0x0f,
    QUIC_NO_VIABLE_PATH = 0x10,
    QUIC_VERSION_NEGOTIATION_ERROR = 0x11, /* RFC 9368 */
    QUIC_CRYPTO_ERROR = 0x100,             /* plus the TLS alert */
};

#endif
