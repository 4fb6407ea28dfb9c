/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive chained hash table: members embed struct hash_link; the caller owns the bucket array
 * (a power of two) and the members. It never grows by itself: its size is a decision of the memory
 * plan.
 */
#ifndef WEIR_BASE_HASH_TABLE_H
#define WEIR_BASE_HASH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct hash_link {
    struct hash_link *next;
    uint64_t hash;
};

struct hash_table {
    struct hash_link **buckets;
    size_t mask;  /* number of buckets - 1 */
    size_t count; /* members */
};

/* An empty table over `buckets_count` (a power of two) bucket pointers, which are set to NULL. */
void hash_table_init(struct hash_table *table, struct hash_link **buckets, size_t buckets_count);

/* Adds a member under `hash`; equal hashes may stand beside each other. */
void hash_table_insert(struct hash_table *table, struct hash_link *link, uint64_t hash);

/* Takes out a member; it must be in this table. */
void hash_table_remove(struct hash_table *table, struct hash_link *link);

/* The first member with exactly this hash, or NULL; go on with hash_table_next. */
struct hash_link *hash_table_find(const struct hash_table *table, uint64_t hash);

/* The next member with the same hash as `link`, or NULL. */
struct hash_link *hash_table_next(const struct hash_link *link);

/* A good 64-bit hash of bytes under a seed (not for balancing: see balance/hash.h). */
uint64_t hash_bytes(struct slice bytes, uint64_t seed);

#endif
