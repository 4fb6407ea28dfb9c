/* SPDX-License-Identifier: Apache-2.0 */
/* The hash table beside a plain model, and what its hash must be good for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/assert.h"
#include "base/hash_table.h"
#include "support/death.h"

enum { BUCKETS = 8, MEMBERS = 64, HASHES = 24, ROUNDS = 20000 };

struct member {
    struct hash_link link;
    uint64_t hash;
    bool is_in;
};

/* Members with `hash` that the table finds; each must be a member that is in. */
static size_t count_found(const struct hash_table *table, uint64_t hash)
{
    size_t found = 0;
    struct hash_link *link = hash_table_find(table, hash);
    for (; link != NULL; link = hash_table_next(link)) {
        const struct member *member = container_of(link, struct member, link);
        assert_true(member->is_in);
        assert_true(member->hash == hash);
        found++;
    }
    return found;
}

static void test_agrees_with_a_model(void **state)
{
    (void)state;
    static struct member members[MEMBERS];
    struct hash_link *buckets[BUCKETS];
    struct hash_table table;
    size_t count = 0;
    srand(2);
    hash_table_init(&table, buckets, BUCKETS);
    for (int round = 0; round < ROUNDS; round++) {
        struct member *member = &members[rand() % MEMBERS];
        if (member->is_in) {
            hash_table_remove(&table, &member->link);
            count--;
        } else {
            member->hash = (uint64_t)(rand() % HASHES) * UINT64_C(0x100000001);
            hash_table_insert(&table, &member->link, member->hash);
            count++;
        }
        member->is_in = !member->is_in;
        size_t expected = 0;
        for (int i = 0; i < MEMBERS; i++) {
            expected += members[i].is_in && members[i].hash == member->hash ? 1u : 0u;
        }
        assert_int_equal(count_found(&table, member->hash), expected);
        assert_int_equal(table.count, count);
    }
}

static void test_hashes_that_share_a_bucket_are_kept_apart(void **state)
{
    (void)state;
    struct hash_link *buckets[BUCKETS];
    struct hash_link a;
    struct hash_link b;
    struct hash_table table;
    hash_table_init(&table, buckets, BUCKETS);
    hash_table_insert(&table, &a, 1);
    hash_table_insert(&table, &b, 1 + BUCKETS);
    assert_ptr_equal(hash_table_find(&table, 1), &a);
    assert_ptr_equal(hash_table_find(&table, 1 + BUCKETS), &b);
    assert_null(hash_table_find(&table, 1 + BUCKETS + BUCKETS));
    assert_null(hash_table_next(&b));
}

static void remove_twice(void *argument)
{
    struct hash_link *buckets[BUCKETS];
    struct hash_link link;
    struct hash_table table;
    (void)argument;
    hash_table_init(&table, buckets, BUCKETS);
    hash_table_insert(&table, &link, 5);
    hash_table_remove(&table, &link);
    hash_table_remove(&table, &link);
}

static void init_unevenly(void *argument)
{
    struct hash_link *buckets[BUCKETS];
    struct hash_table table;
    (void)argument;
    hash_table_init(&table, buckets, BUCKETS - 1);
}

static void test_mistakes_abort(void **state)
{
    (void)state;
    assert_true(death_aborts(remove_twice, NULL, "assertion failed"));
    assert_true(death_aborts(init_unevenly, NULL, "assertion failed"));
}

static void test_hash_depends_on_every_byte_the_length_and_the_seed(void **state)
{
    (void)state;
    char bytes[40] = {0};
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        const uint64_t hash = hash_bytes(slice_of(bytes, length), 1);
        assert_true(hash == hash_bytes(slice_of(bytes, length), 1));
        assert_true(hash != hash_bytes(slice_of(bytes, length), 2));
        if (length > 0) {
            assert_true(hash != hash_bytes(slice_of(bytes, length - 1), 1));
        }
        for (size_t i = 0; i < length; i++) {
            bytes[i] ^= 1;
            assert_true(hash != hash_bytes(slice_of(bytes, length), 1));
            bytes[i] ^= 1;
        }
    }
}

static void test_hash_spreads_numbered_keys(void **state)
{
    (void)state;
    enum { KEYS = 16384, ROOMS = 256, EXPECTED = KEYS / ROOMS };
    static unsigned rooms[ROOMS];
    for (uint32_t key = 0; key < KEYS; key++) {
        rooms[hash_bytes(slice_of((const char *)&key, sizeof(key)), 7) % ROOMS]++;
    }
    for (unsigned i = 0; i < ROOMS; i++) { /* 64 each; five standard deviations are 40 */
        assert_in_range(rooms[i], EXPECTED - 40, EXPECTED + 40);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_a_model),
        cmocka_unit_test(test_hashes_that_share_a_bucket_are_kept_apart),
        cmocka_unit_test(test_mistakes_abort),
        cmocka_unit_test(test_hash_depends_on_every_byte_the_length_and_the_seed),
        cmocka_unit_test(test_hash_spreads_numbered_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
