/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen in the last seconds, by hashes: a table of fixed size that never forgets what is
 * young. It may take two for the same (one in 2^28 or so), never the same for two.
 *
 * What bounds it: TLS_REPLAY_SETS * TLS_REPLAY_SET_SLOTS entries.
 */
#ifndef WEIR_TLS_REPLAY_TABLE_H
#define WEIR_TLS_REPLAY_TABLE_H

#include <stdint.h>

#include "base/result.h"

enum { TLS_REPLAY_SETS = 2048, TLS_REPLAY_SET_SLOTS = 8 };

struct tls_replay_slot {
    uint32_t tag; /* of the hash, what the set does not tell */
    uint32_t until_s;
};

/* Zero-initialized: empty. Times are seconds since 1970, modulo 2^32. */
struct tls_replay_table {
    struct tls_replay_slot slots[TLS_REPLAY_SETS][TLS_REPLAY_SET_SLOTS];
};

/* Remembers `hash` until `until_s` is over. RESULT_INVALID: it is remembered already. RESULT_FULL:
 * there is no place for it. */
MUST_USE enum result tls_replay_table_add(struct tls_replay_table *table, uint64_t hash,
                                          uint32_t now_s, uint32_t until_s);

#endif
