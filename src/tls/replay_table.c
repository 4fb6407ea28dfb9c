/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of ClientHellos that came with 0-RTT (RFC 8446 8.2). A hash has one set of a few slots and
 * may lie in any of them. A set that is full of young entries takes no more: who asks then is
 * refused 0-RTT, which is always safe. What bounds its memory: 128 KiB, whatever comes.
 */
#include "tls/replay_table.h"

#include <stdbool.h>
#include <stddef.h>

enum { TAG_SHIFT = 32 };

/* Slots that were never used are over since 1970; comparing goes on over the year 2106. */
static bool is_over(const struct tls_replay_slot *slot, uint32_t now_s)
{
    bool is_unused = slot->until_s == 0;
    return is_unused || (int32_t)(slot->until_s - now_s) < 0;
}

enum result tls_replay_table_add(struct tls_replay_table *table, uint64_t hash, uint32_t now_s,
                                 uint32_t until_s)
{
    struct tls_replay_slot *set = table->slots[hash % TLS_REPLAY_SETS];
    struct tls_replay_slot *place = NULL;
    uint32_t tag = (uint32_t)(hash >> TAG_SHIFT);
    for (unsigned i = 0; i < TLS_REPLAY_SET_SLOTS; i++) {
        if (is_over(&set[i], now_s)) {
            place = &set[i];
        } else if (set[i].tag == tag) {
            return RESULT_INVALID;
        }
    }
    if (place == NULL) {
        return RESULT_FULL;
    }
    *place = (struct tls_replay_slot){tag, until_s == 0 ? 1 : until_s};
    return RESULT_OK;
}
