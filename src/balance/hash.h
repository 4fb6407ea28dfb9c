/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash functions of `hash-type` and of the converters with the same names. They give the
 * numbers that HAProxy gives, so that a mixed fleet sends a key to the same server. Pure functions.
 */
#ifndef WEIR_BALANCE_HASH_H
#define WEIR_BALANCE_HASH_H

#include <stdint.h>

#include "base/slice.h"

/* The function of the sdbm library (HAProxy's default). */
uint32_t hash_sdbm(struct slice bytes);

/* Bernstein's times-33 function with the start value 5381. */
uint32_t hash_djb2(struct slice bytes);

/* HAProxy's wt6. */
uint32_t hash_wt6(struct slice bytes);

/* CRC-32 of Ethernet, gzip and PNG. */
uint32_t hash_crc32(struct slice bytes);

/* The decimal number at the start of the bytes (a sign allowed), cut to 32 bits: `hash-type …
 * none`. */
uint32_t hash_none(struct slice bytes);

/* The modifier `avalanche`: every bit of the value changes half of the result's bits. */
uint32_t hash_avalanche(uint32_t value);

#endif
