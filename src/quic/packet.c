/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet headers (RFC 9000 17, RFC 8999, RFC 9369 3.2) and packet numbers (RFC 9000 A).
 *
 *   long   1 form | 1 fixed | type | reserved | number's length; version; ids; (token; Length;)
 * number short  0 form | 1 fixed | spin | reserved | phase | number's length; destination id;
 * number
 */
#include "quic/packet.h"

#include "base/assert.h"

enum {
    FORM_LONG = 0x80,
    FIXED_BIT = 0x40,
    LONG_TYPE_SHIFT = 4,
    TYPE_MASK = 3,
    SPIN_BIT = 0x20,
    PHASE_BIT = 0x04,
    VERSION_BYTES = 4,
    LENGTH_BYTES = 2, /* as this side writes it */
    LENGTH_MAX = 0x3fff,
    NUMBER_TWO_BYTES_MAX = 1 << 15,
    NUMBER_THREE_BYTES_MAX = 1 << 23,
    BYTE_BITS = 8,
};

static const uint8_t TYPE_BITS_V1[] = {
    [QUIC_PACKET_INITIAL] = 0,
    [QUIC_PACKET_ZERO_RTT] = 1,
    [QUIC_PACKET_HANDSHAKE] = 2,
    [QUIC_PACKET_RETRY] = 3,
};
static const uint8_t TYPE_BITS_V2[] = {
    [QUIC_PACKET_INITIAL] = 1,
    [QUIC_PACKET_ZERO_RTT] = 2,
    [QUIC_PACKET_HANDSHAKE] = 3,
    [QUIC_PACKET_RETRY] = 0,
};

static uint8_t long_type_bits(enum quic_packet_type type, uint32_t version)
{
    ASSERT(type <= QUIC_PACKET_RETRY);
    return version == QUIC_VERSION_2 ? TYPE_BITS_V2[type] : TYPE_BITS_V1[type];
}

static enum quic_packet_type type_of_bits(unsigned bits, uint32_t version)
{
    const uint8_t *table = version == QUIC_VERSION_2 ? TYPE_BITS_V2 : TYPE_BITS_V1;
    unsigned type = 0;
    while (table[type] != bits) {
        type++;
    }
    return (enum quic_packet_type)type;
}

/* ---- parsing ---- */

static bool read_cid(const uint8_t **at, const uint8_t *end, struct quic_cid *id)
{
    if (*at >= end || **at > QUIC_CID_BYTES_MAX || (size_t)(end - *at) <= **at) {
        return false;
    }
    id->length = **at;
    memcpy(id->bytes, *at + 1, id->length);
    *at += 1 + id->length;
    return true;
}

static bool read_slice(const uint8_t **at, const uint8_t *end, struct slice *out)
{
    uint64_t length;
    if (!varint_read(at, end, &length) || length > (uint64_t)(end - *at)) {
        return false;
    }
    *out = slice_of((const char *)*at, (size_t)length);
    *at += length;
    return true;
}

static enum result parse_retry(const uint8_t *at, const uint8_t *end, struct quic_header *out)
{
    if (end - at <= QUIC_AEAD_TAG_BYTES) {
        return RESULT_INVALID;
    }
    out->token = slice_of((const char *)at, (size_t)(end - at) - QUIC_AEAD_TAG_BYTES);
    return RESULT_OK;
}

static enum result parse_long(const uint8_t *start, const uint8_t *end, bool allow_grease,
                              struct quic_header *out)
{
    const uint8_t *at = start + 1;
    if (end - at < VERSION_BYTES) {
        return RESULT_INVALID;
    }
    out->version = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    at += VERSION_BYTES;
    if (!read_cid(&at, end, &out->destination) || !read_cid(&at, end, &out->source)) {
        return RESULT_INVALID;
    }
    out->packet_bytes = (size_t)(end - start);
    if (out->version == 0) {
        out->type = QUIC_PACKET_VERSION_NEGOTIATION;
        return RESULT_OK;
    }
    if (out->version != QUIC_VERSION_1 && out->version != QUIC_VERSION_2) {
        out->type = QUIC_PACKET_UNKNOWN_VERSION;
        return RESULT_OK;
    }
    if ((*start & FIXED_BIT) == 0 && !allow_grease) {
        return RESULT_INVALID;
    }
    out->type = type_of_bits(*start >> LONG_TYPE_SHIFT & TYPE_MASK, out->version);
    if (out->type == QUIC_PACKET_RETRY) {
        return parse_retry(at, end, out);
    }
    if (out->type == QUIC_PACKET_INITIAL && !read_slice(&at, end, &out->token)) {
        return RESULT_INVALID;
    }
    struct slice rest;
    if (!read_slice(&at, end, &rest)) {
        return RESULT_INVALID;
    }
    out->packet_number_offset = (size_t)((const uint8_t *)rest.data - start);
    out->packet_bytes = out->packet_number_offset + rest.length;
    return RESULT_OK;
}

enum result quic_header_parse(struct slice bytes, size_t local_cid_bytes, bool allow_grease,
                              struct quic_header *out)
{
    const uint8_t *start = (const uint8_t *)bytes.data;
    if (bytes.length == 0) {
        return RESULT_INVALID;
    }
    out->token = SLICE_NONE;
    out->packet_number_offset = 0;
    if ((*start & FORM_LONG) != 0) {
        return parse_long(start, start + bytes.length, allow_grease, out);
    }
    if (((*start & FIXED_BIT) == 0 && !allow_grease) || bytes.length <= local_cid_bytes) {
        return RESULT_INVALID;
    }
    out->type = QUIC_PACKET_ONE_RTT;
    out->version = 0;
    out->source.length = 0;
    out->destination.length = (uint8_t)local_cid_bytes;
    memcpy(out->destination.bytes, start + 1, local_cid_bytes);
    out->packet_number_offset = 1 + local_cid_bytes;
    out->packet_bytes = bytes.length;
    return RESULT_OK;
}

/* ---- writing ---- */

static uint8_t *write_cid(uint8_t *out, const struct quic_cid *id)
{
    *out++ = id->length;
    memcpy(out, id->bytes, id->length);
    return out + id->length;
}

static uint8_t *write_version(uint8_t *out, uint32_t version)
{
    for (unsigned i = 0; i < VERSION_BYTES; i++) {
        out[i] = (uint8_t)(version >> BYTE_BITS * (VERSION_BYTES - 1 - i));
    }
    return out + VERSION_BYTES;
}

static uint8_t *write_number(uint8_t *out, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(number >> BYTE_BITS * (bytes - 1 - i));
    }
    return out + bytes;
}

/* Bytes of a long header up to its ids' end. */
static size_t long_start_bytes(const struct quic_cid *destination, const struct quic_cid *source)
{
    return (size_t)1 + VERSION_BYTES + 1 + destination->length + 1 + source->length;
}

uint8_t *quic_header_write_long(uint8_t *out, size_t room, enum quic_packet_type type,
                                uint32_t version, const struct quic_cid *destination,
                                const struct quic_cid *source, struct slice token,
                                uint64_t packet_number, size_t packet_number_bytes,
                                uint8_t **length_at)
{
    size_t token_bytes =
        type == QUIC_PACKET_INITIAL ? varint_bytes(token.length) + token.length : 0;
    if (room <
        long_start_bytes(destination, source) + token_bytes + LENGTH_BYTES + packet_number_bytes) {
        return NULL;
    }
    *out++ = (uint8_t)((unsigned)FORM_LONG | FIXED_BIT |
                       (unsigned)long_type_bits(type, version) << LONG_TYPE_SHIFT |
                       (unsigned)(packet_number_bytes - 1));
    out = write_version(out, version);
    out = write_cid(out, destination);
    out = write_cid(out, source);
    if (type == QUIC_PACKET_INITIAL) {
        out = varint_write(out, token.length);
        if (token.length > 0) {
            memcpy(out, token.data, token.length);
        }
        out += token.length;
    }
    *length_at = out;
    return write_number(out + LENGTH_BYTES, packet_number, packet_number_bytes);
}

void quic_header_finish_long(uint8_t *length_at, size_t bytes)
{
    ASSERT(bytes <= LENGTH_MAX);
    varint_write_in(length_at, bytes, LENGTH_BYTES);
}

uint8_t *quic_header_write_short(uint8_t *out, size_t room, const struct quic_cid *destination,
                                 bool spin, bool key_phase, uint64_t packet_number,
                                 size_t packet_number_bytes)
{
    if (room < (size_t)1 + destination->length + packet_number_bytes) {
        return NULL;
    }
    *out++ = (uint8_t)(FIXED_BIT | (spin ? SPIN_BIT : 0) | (key_phase ? PHASE_BIT : 0) |
                       (unsigned)(packet_number_bytes - 1));
    memcpy(out, destination->bytes, destination->length);
    return write_number(out + destination->length, packet_number, packet_number_bytes);
}

/* ---- packet numbers ---- */

size_t quic_packet_number_bytes(uint64_t packet_number, uint64_t largest_acknowledged)
{
    uint64_t unacked = largest_acknowledged == QUIC_NONE ? packet_number + 1
                                                         : packet_number - largest_acknowledged;
    if (unacked < 1U << (BYTE_BITS - 1)) {
        return 1;
    }
    if (unacked < NUMBER_TWO_BYTES_MAX) {
        return sizeof(uint16_t);
    }
    return unacked < NUMBER_THREE_BYTES_MAX ? 3 : QUIC_PACKET_NUMBER_BYTES_MAX;
}

uint64_t quic_packet_number_decode(uint64_t largest, uint64_t truncated, size_t bytes)
{
    uint64_t expected = largest == QUIC_NONE ? 0 : largest + 1;
    uint64_t window = UINT64_C(1) << BYTE_BITS * bytes;
    uint64_t half = window / 2;
    uint64_t candidate = (expected & ~(window - 1)) | truncated;
    if (candidate + half <= expected && candidate < VARINT_MAX + 1 - window) {
        return candidate + window;
    }
    if (candidate > expected + half && candidate >= window) {
        return candidate - window;
    }
    return candidate;
}

/* ---- packets without keys ---- */

size_t quic_write_version_negotiation(uint8_t *out, size_t room, const struct quic_cid *destination,
                                      const struct quic_cid *source, const uint32_t *versions,
                                      unsigned versions_count, uint32_t grease, uint8_t random)
{
    size_t bytes =
        long_start_bytes(destination, source) + (size_t)VERSION_BYTES * (versions_count + 1);
    if (room < bytes) {
        return 0;
    }
    *out++ = FORM_LONG | FIXED_BIT | random;
    out = write_version(out, 0);
    out = write_cid(out, source);
    out = write_cid(out, destination);
    for (unsigned i = 0; i < versions_count; i++) {
        out = write_version(out, versions[i]);
    }
    write_version(out, grease);
    return bytes;
}

size_t quic_write_retry(uint8_t *out, size_t room, uint32_t version,
                        const struct quic_cid *destination, const struct quic_cid *source,
                        struct slice token, uint8_t random)
{
    enum { UNUSED_BITS = 0x0f };
    size_t bytes = long_start_bytes(destination, source) + token.length;
    if (room < bytes) {
        return 0;
    }
    *out++ = (uint8_t)(FORM_LONG | FIXED_BIT |
                       long_type_bits(QUIC_PACKET_RETRY, version) << LONG_TYPE_SHIFT |
                       (random & UNUSED_BITS));
    out = write_version(out, version);
    out = write_cid(out, destination);
    out = write_cid(out, source);
    memcpy(out, token.data, token.length);
    return bytes;
}

void quic_write_stateless_reset(uint8_t *out, size_t bytes, const uint8_t *random,
                                const uint8_t token[QUIC_RESET_TOKEN_BYTES])
{
    ASSERT(bytes > QUIC_RESET_TOKEN_BYTES);
    memcpy(out, random, bytes - QUIC_RESET_TOKEN_BYTES);
    out[0] = (uint8_t)((out[0] & ~(unsigned)FORM_LONG) | FIXED_BIT);
    memcpy(out + bytes - QUIC_RESET_TOKEN_BYTES, token, QUIC_RESET_TOKEN_BYTES);
}
