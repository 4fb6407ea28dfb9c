/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variable-length integers (RFC 9000 16): the two highest bits of the first byte are the logarithm
 * of the length.
 */
#include "base/varint.h"

#include "base/assert.h"

enum {
    BITS_1 = 6,
    BITS_2 = 14,
    BITS_4 = 30,
    LENGTH_SHIFT = 6,
    VALUE_MASK = 0x3f,
    BYTE_BITS = 8,
};

size_t varint_bytes(uint64_t value)
{
    ASSERT(value <= VARINT_MAX);
    if (value < UINT64_C(1) << BITS_1) {
        return 1;
    }
    if (value < UINT64_C(1) << BITS_2) {
        return sizeof(uint16_t);
    }
    return value < UINT64_C(1) << BITS_4 ? sizeof(uint32_t) : sizeof(uint64_t);
}

uint8_t *varint_write_in(uint8_t *out, uint64_t value, size_t bytes)
{
    unsigned log = bytes == 1                  ? 0
                   : bytes == sizeof(uint16_t) ? 1
                   : bytes == sizeof(uint32_t) ? 2
                                               : 3; /* 8 bytes */
    for (size_t i = bytes; i-- > 0;) {
        out[i] = (uint8_t)value;
        value >>= BYTE_BITS;
    }
    out[0] = (uint8_t)((out[0] & VALUE_MASK) | log << LENGTH_SHIFT);
    return out + bytes;
}

uint8_t *varint_write(uint8_t *out, uint64_t value)
{
    return varint_write_in(out, value, varint_bytes(value));
}

bool varint_read(const uint8_t **at, const uint8_t *end, uint64_t *value)
{
    const uint8_t *from = *at;
    if (from >= end) {
        return false;
    }
    size_t bytes = (size_t)1 << (*from >> LENGTH_SHIFT);
    if ((size_t)(end - from) < bytes) {
        return false;
    }
    uint64_t read = *from & VALUE_MASK;
    for (size_t i = 1; i < bytes; i++) {
        read = read << BYTE_BITS | from[i];
    }
    *value = read;
    *at = from + bytes;
    return true;
}
