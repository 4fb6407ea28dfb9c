/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash functions that choose servers. They must give HAProxy's numbers, so that a mixed fleet
 * sends one key to one server. For hash tables inside weir see hash_bytes of base/hash_table.h.
 */
#ifndef WEIR_BALANCE_HASH_H
#define WEIR_BALANCE_HASH_H

#include <stdint.h>

#include "base/slice.h"

/* SDBM: the default of hash-type. */
uint32_t hash_sdbm(struct slice bytes);

/* DJB2 (times 33 plus byte). */
uint32_t hash_djb2(struct slice bytes);

/* WT6: 6 bits of rotation. */
uint32_t hash_wt6(struct slice bytes);

/* CRC32 as Ethernet, gzip and PNG have it. */
uint32_t hash_crc32(struct slice bytes);

/* CRC32 with Castagnoli's polynomial, as iSCSI has it. */
uint32_t hash_crc32c(struct slice bytes);

/* Full avalanche: spreads every bit of `hash` over all (hash-type … avalanche). */
uint32_t hash_avalanche(uint32_t hash);

#endif
