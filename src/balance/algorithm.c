/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What algorithms share: which ops belong to which options, how a key becomes a hash, and who has
 * room. The hash of `source` is not of the chosen function: like HAProxy it folds the address by
 * exclusive or. No memory.
 */
#include "balance/algorithm_internal.h"
#include "balance/backend.h"
#include "balance/hash.h"
#include "base/assert.h"

const struct balance_ops *algorithm_find(const struct balance_options *options)
{
    switch (options->algorithm) {
    case BALANCE_ROUND_ROBIN:
        return &ALGORITHM_ROUND_ROBIN;
    case BALANCE_STATIC_ROUND_ROBIN:
        return &ALGORITHM_STATIC_ROUND_ROBIN;
    case BALANCE_LEAST_CONNECTIONS:
        return &ALGORITHM_LEAST_CONNECTIONS;
    case BALANCE_FIRST:
        return &ALGORITHM_FIRST;
    case BALANCE_RANDOM:
        return &ALGORITHM_RANDOM;
    case BALANCE_SOURCE:
    case BALANCE_URI:
    case BALANCE_URL_PARAMETER:
    case BALANCE_HEADER:
    case BALANCE_HASH:
        return options->hash_is_consistent ? &ALGORITHM_RING_HASH : &ALGORITHM_MAP_HASH;
    case BALANCE_ALGORITHMS:
        break;
    }
    ASSERT(false);
    return NULL;
}

/* Exclusive or of the 32-bit words in network order; bytes that do not fill one are left out. */
static uint32_t fold_address(struct slice key)
{
    enum { WORD_BYTES = 4, BYTE_BITS = 8 };
    uint32_t folded = 0;
    for (size_t i = 0; i + WORD_BYTES <= key.length; i += WORD_BYTES) {
        uint32_t word = 0;
        for (size_t j = 0; j < WORD_BYTES; j++) {
            word = (word << BYTE_BITS) | (uint8_t)key.data[i + j];
        }
        folded ^= word;
    }
    return folded;
}

static uint32_t hash_by(enum hash_function function, struct slice key)
{
    switch (function) {
    case HASH_FUNCTION_SDBM:
        return hash_sdbm(key);
    case HASH_FUNCTION_DJB2:
        return hash_djb2(key);
    case HASH_FUNCTION_WT6:
        return hash_wt6(key);
    case HASH_FUNCTION_CRC32:
        return hash_crc32(key);
    case HASH_FUNCTION_NONE:
        return hash_none(key);
    }
    ASSERT(false);
    return 0;
}

uint32_t algorithm_hash(const struct backend *backend, struct slice key)
{
    const struct balance_options *options = &backend->options;
    uint32_t hash = options->algorithm == BALANCE_SOURCE ? fold_address(key)
                                                         : hash_by(options->hash_function, key);
    return options->hash_avalanche ? hash_avalanche(hash) : hash;
}

bool algorithm_has_room(const struct server *server)
{
    uint64_t limit = server_session_limit(server);
    return server->maxconn == 0 ||
           (uint64_t)server->served + server->queue_length < limit + server->options->maxqueue;
}
