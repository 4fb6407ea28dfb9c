/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash functions of balancing and converters. What is hard about them is to be the same as
 * HAProxy's for every byte, those above 127 included: bytes count as unsigned. No state, no memory.
 */
#include "balance/hash.h"

/* ---- constants of the functions' definitions ---- */

#define DJB2_START       UINT32_C(5381)
#define WT6_START_LOW    UINT32_C(0xa53c965a)
#define WT6_START_HIGH   UINT32_C(0x5ca6953a)
#define CRC32_POLYNOMIAL UINT32_C(0xedb88320)

enum { WORD_BITS = 32, BYTE_BITS = 8 };

static uint32_t byte_at(struct slice bytes, size_t index)
{
    return (uint8_t)bytes.data[index];
}

uint32_t hash_sdbm(struct slice bytes)
{
    enum { SHIFT_LOW = 6, SHIFT_HIGH = 16 };
    uint32_t hash = 0;
    for (size_t i = 0; i < bytes.length; i++) {
        hash = byte_at(bytes, i) + (hash << SHIFT_LOW) + (hash << SHIFT_HIGH) - hash;
    }
    return hash;
}

uint32_t hash_djb2(struct slice bytes)
{
    enum { FACTOR = 33 };
    uint32_t hash = DJB2_START;
    for (size_t i = 0; i < bytes.length; i++) {
        hash = hash * FACTOR + byte_at(bytes, i);
    }
    return hash;
}

/* `steps` may be 0: then nothing moves. */
static uint32_t rotate_left(uint32_t value, unsigned steps)
{
    return steps == 0 ? value : (value << steps) | (value >> (WORD_BITS - steps));
}

uint32_t hash_wt6(struct slice bytes)
{
    enum { FIRST_STEP = 6, SECOND_STEP = 18, STEP_MASK = 31, HALF_BITS = 16, HIGH_STEP_SHIFT = 11 };
    uint32_t low = WT6_START_LOW;
    uint32_t high = WT6_START_HIGH;
    unsigned low_step = FIRST_STEP;
    unsigned high_step = SECOND_STEP;
    for (size_t i = 0; i < bytes.length; i++) {
        low = ~(low ^ byte_at(bytes, i));
        high = ~(high + byte_at(bytes, i));
        uint32_t turned = rotate_left(high, low_step);
        high = rotate_left(low, high_step);
        low = turned;
        uint32_t steps = ((low >> HALF_BITS) ^ high) & UINT16_MAX;
        low_step = steps & STEP_MASK;
        high_step = steps >> HIGH_STEP_SHIFT;
    }
    return low ^ high;
}

uint32_t hash_crc32(struct slice bytes)
{
    uint32_t hash = ~UINT32_C(0);
    for (size_t i = 0; i < bytes.length; i++) {
        hash ^= byte_at(bytes, i);
        for (int bit = 0; bit < BYTE_BITS; bit++) {
            hash = (hash >> 1) ^ ((hash & 1) != 0 ? CRC32_POLYNOMIAL : 0);
        }
    }
    return ~hash;
}

uint32_t hash_none(struct slice bytes)
{
    enum { BASE = 10 };
    size_t i = 0;
    bool is_negative = bytes.length > 0 && bytes.data[0] == '-';
    if (bytes.length > 0 && (is_negative || bytes.data[0] == '+')) {
        i = 1;
    }
    uint64_t value = 0;
    for (; i < bytes.length && bytes.data[i] >= '0' && bytes.data[i] <= '9'; i++) {
        value = value * BASE + (uint64_t)(bytes.data[i] - '0');
    }
    return (uint32_t)(is_negative ? 0 - value : value);
}

/* Bob Jenkins's integer hash, whose result is then spread over the ring by a factor near three
 * quarters of it. */
uint32_t hash_avalanche(uint32_t value)
{
    enum { STEP_1 = 12, STEP_2 = 19, STEP_3 = 5, STEP_4 = 9, STEP_5 = 3, STEP_6 = 16 };
    const uint32_t spread = UINT32_C(3221225473);
    value = (value + UINT32_C(0x7ed55d16)) + (value << STEP_1);
    value = (value ^ UINT32_C(0xc761c23c)) ^ (value >> STEP_2);
    value = (value + UINT32_C(0x165667b1)) + (value << STEP_3);
    value = (value + UINT32_C(0xd3a2646c)) ^ (value << STEP_4);
    value = (value + UINT32_C(0xfd7046c5)) + (value << STEP_5);
    value = (value ^ UINT32_C(0xb55a4f09)) ^ (value >> STEP_6);
    return value * spread;
}
