/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intrusive hash table and the hash that feeds it.
 * A bucket is a singly linked chain, newest first; with as many buckets as members a chain has one
 * or two links, so removing walks it. hash_bytes folds 128-bit products of eight-byte words under a
 * seed that peers do not know, so that nobody can choose keys that meet in one bucket. Bounded by
 * the caller: it owns buckets and members; nothing is taken here.
 */
#include "base/hash_table.h"

#include <string.h>

#include "base/assert.h"

enum { WORD_BYTES = 8 };

/* Odd constants with about as many ones as zeros: binary digits of the square roots of 2, 3 and 5.
 */
#define HASH_KEY_1 UINT64_C(0x6a09e667f3bcc909)
#define HASH_KEY_2 UINT64_C(0xbb67ae8584caa73b)
#define HASH_KEY_3 UINT64_C(0x3c6ef372fe94f82b)

void hash_table_init(struct hash_table *table, struct hash_link **buckets, size_t buckets_count)
{
    ASSERT(buckets_count > 0 && (buckets_count & (buckets_count - 1)) == 0);
    for (size_t i = 0; i < buckets_count; i++) {
        buckets[i] = NULL;
    }
    *table = (struct hash_table){.buckets = buckets, .mask = buckets_count - 1};
}

void hash_table_insert(struct hash_table *table, struct hash_link *link, uint64_t hash)
{
    struct hash_link **bucket = &table->buckets[hash & table->mask];
    link->hash = hash;
    link->next = *bucket;
    *bucket = link;
    table->count++;
}

void hash_table_remove(struct hash_table *table, struct hash_link *link)
{
    struct hash_link **place = &table->buckets[link->hash & table->mask];
    while (*place != link) {
        ASSERT(*place != NULL);
        place = &(*place)->next;
    }
    *place = link->next;
    link->next = NULL;
    table->count--;
}

struct hash_link *hash_table_find(const struct hash_table *table, uint64_t hash)
{
    struct hash_link *link = table->buckets[hash & table->mask];
    while (link != NULL && link->hash != hash) {
        link = link->next;
    }
    return link;
}

struct hash_link *hash_table_next(const struct hash_link *link)
{
    struct hash_link *next = link->next;
    while (next != NULL && next->hash != link->hash) {
        next = next->next;
    }
    return next;
}

/* Both halves of the 128-bit product, folded. */
static uint64_t fold_product(uint64_t a, uint64_t b)
{
    __extension__ const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* At most eight bytes as a number, in the machine's order. */
static uint64_t read_word(const char *data, size_t length)
{
    uint64_t word = 0;
    memcpy(&word, data, length);
    return word;
}

uint64_t hash_bytes(struct slice bytes, uint64_t seed)
{
    uint64_t hash = fold_product(seed ^ HASH_KEY_1, HASH_KEY_2);
    size_t done = 0;
    for (; done + WORD_BYTES <= bytes.length; done += WORD_BYTES) {
        hash = fold_product(hash ^ read_word(bytes.data + done, WORD_BYTES), HASH_KEY_3) + seed;
    }
    if (done < bytes.length) {
        hash = fold_product(hash ^ read_word(bytes.data + done, bytes.length - done), HASH_KEY_1);
    }
    return fold_product(hash ^ HASH_KEY_2, bytes.length ^ HASH_KEY_3);
}
