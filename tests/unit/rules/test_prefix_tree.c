/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prefix tree: the longest member that begins a key wins, whatever the order of insertion and
 * removal; compared with a plain search over many random members, and with every allocation failed.
 */
#include "rules/prefix_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/fault.h"
#include "support/memory.h"

enum { BITS_OF_BYTE = 8, RANDOM_MEMBERS = 200, RANDOM_ROUNDS = 4000, KEY_BYTES = 4 };

static struct memory *memory;
static struct account account;
static struct prefix_tree tree;

static int open_test(void **state)
{
    (void)state;
    memory = test_memory_limited(0);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_TABLE, 0);
    prefix_tree_init(&tree, &account);
    return 0;
}

/* Whatever was inserted must be gone. */
static int close_test(void **state)
{
    (void)state;
    assert_null(tree.root);
    account_deinit(&account);
    test_memory_close(memory);
    return 0;
}

static struct prefix_leaf leaf_of(const char *text)
{
    return (struct prefix_leaf){.key = (const unsigned char *)text,
                                .bits = strlen(text) * BITS_OF_BYTE};
}

static void insert(struct prefix_leaf *leaf)
{
    assert_int_equal(prefix_tree_insert(&tree, leaf), RESULT_OK);
}

static const struct prefix_leaf *find(const char *key)
{
    return prefix_tree_find(&tree, (const unsigned char *)key, strlen(key) * BITS_OF_BYTE);
}

static void test_empty(void **state)
{
    (void)state;
    assert_null(find(""));
    assert_null(find("a"));
    struct prefix_leaf nothing = leaf_of("");
    insert(&nothing); /* begins every key */
    assert_ptr_equal(find(""), &nothing);
    assert_ptr_equal(find("anything"), &nothing);
    assert_ptr_equal(prefix_tree_find(&tree, NULL, 0), &nothing);
    prefix_tree_remove(&tree, &nothing);
    assert_null(find(""));
}

static void test_longest(void **state)
{
    (void)state;
    struct prefix_leaf a = leaf_of("/a");
    struct prefix_leaf ab = leaf_of("/a/b");
    struct prefix_leaf ac = leaf_of("/a/c");
    struct prefix_leaf root = leaf_of("/");
    insert(&ab);
    insert(&root); /* above */
    insert(&ac);   /* beside, under a fork */
    insert(&a);    /* between */
    assert_ptr_equal(find("/"), &root);
    assert_ptr_equal(find("/b"), &root);
    assert_ptr_equal(find("/a"), &a);
    assert_ptr_equal(find("/a/"), &a);
    assert_ptr_equal(find("/a/d"), &a);
    assert_ptr_equal(find("/a/b"), &ab);
    assert_ptr_equal(find("/a/bcd"), &ab);
    assert_ptr_equal(find("/a/c/x"), &ac);
    assert_null(find("a"));
    assert_null(find(""));
    prefix_tree_remove(&tree, &a);
    assert_ptr_equal(find("/a/d"), &root);
    assert_ptr_equal(find("/a/b"), &ab);
    prefix_tree_remove(&tree, &root);
    assert_null(find("/a/d"));
    assert_ptr_equal(find("/a/c"), &ac);
    prefix_tree_remove(&tree, &ab);
    assert_null(find("/a/b"));
    assert_ptr_equal(find("/a/c"), &ac);
    prefix_tree_remove(&tree, &ac);
}

static void test_equal_members(void **state)
{
    (void)state;
    struct prefix_leaf first = leaf_of("same");
    struct prefix_leaf second = leaf_of("same");
    struct prefix_leaf third = leaf_of("same");
    insert(&first);
    insert(&second);
    insert(&third);
    assert_ptr_equal(find("same!"), &first);
    prefix_tree_remove(&tree, &second); /* from the middle */
    assert_ptr_equal(find("same!"), &first);
    prefix_tree_remove(&tree, &first);
    assert_ptr_equal(find("same!"), &third);
    insert(&first); /* now behind */
    assert_ptr_equal(find("same!"), &third);
    prefix_tree_remove(&tree, &third);
    prefix_tree_remove(&tree, &first);
}

static void test_bits(void **state)
{
    (void)state;
    static const unsigned char ALL[] = {0xff, 0xff, 0xff, 0xff};
    static const unsigned char ODD[] = {0xff, 0xfe, 0xff, 0xff};
    struct prefix_leaf nine = {.key = ALL, .bits = 9};
    struct prefix_leaf fifteen = {.key = ODD, .bits = 15};
    struct prefix_leaf sixteen = {.key = ODD, .bits = 16};
    struct prefix_leaf host = {.key = ODD, .bits = 32};
    insert(&host);
    insert(&nine); /* bits behind the ninth are ignored */
    insert(&sixteen);
    insert(&fifteen);
    assert_ptr_equal(prefix_tree_find(&tree, ALL, 32), &fifteen);
    assert_ptr_equal(prefix_tree_find(&tree, ODD, 32), &host);
    assert_ptr_equal(prefix_tree_find(&tree, ODD, 31), &sixteen);
    assert_ptr_equal(prefix_tree_find(&tree, ODD, 15), &fifteen);
    assert_ptr_equal(prefix_tree_find(&tree, ODD, 14), &nine);
    assert_null(prefix_tree_find(&tree, ODD, 8));
    prefix_tree_remove(&tree, &nine);
    prefix_tree_remove(&tree, &fifteen);
    prefix_tree_remove(&tree, &sixteen);
    prefix_tree_remove(&tree, &host);
}

/* ---- many members, against a plain search ---- */

struct member {
    struct prefix_leaf leaf;
    unsigned char key[KEY_BYTES];
    uint64_t since; /* 0: not in the tree */
};

static struct member members[RANDOM_MEMBERS];

static uint32_t random_state;

/* A xorshift generator: the same members each time. */
static uint32_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static bool begins(const struct member *member, const unsigned char *key, size_t bits)
{
    if (member->since == 0 || member->leaf.bits > bits) {
        return false;
    }
    for (size_t i = 0; i < member->leaf.bits; i++) {
        unsigned mask = 0x80U >> (i % BITS_OF_BYTE);
        if (((unsigned)(member->key[i / BITS_OF_BYTE] ^ key[i / BITS_OF_BYTE]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

static const struct prefix_leaf *search_plainly(const unsigned char *key, size_t bits)
{
    const struct member *best = NULL;
    for (size_t i = 0; i < RANDOM_MEMBERS; i++) {
        if (begins(&members[i], key, bits) &&
            (best == NULL || members[i].leaf.bits > best->leaf.bits ||
             (members[i].leaf.bits == best->leaf.bits && members[i].since < best->since))) {
            best = &members[i];
        }
    }
    return best == NULL ? NULL : &best->leaf;
}

/* Few distinct bytes, so that members share beginnings. */
static void make_key(unsigned char *key)
{
    static const unsigned char BYTES[] = {0x00, 0x01, 0x80, 0xff};
    for (size_t i = 0; i < KEY_BYTES; i++) {
        key[i] = BYTES[next_random() % sizeof(BYTES)];
    }
}

static void toggle(struct member *member, uint64_t round)
{
    if (member->since != 0) {
        prefix_tree_remove(&tree, &member->leaf);
        member->since = 0;
        return;
    }
    make_key(member->key);
    member->leaf = (struct prefix_leaf){.key = member->key,
                                        .bits = next_random() % (KEY_BYTES * BITS_OF_BYTE + 1)};
    insert(&member->leaf);
    member->since = round;
}

static void test_random_members(void **state)
{
    (void)state;
    memset(members, 0, sizeof(members));
    random_state = 2463534242U;
    for (uint64_t round = 1; round <= RANDOM_ROUNDS; round++) {
        unsigned char key[KEY_BYTES];
        toggle(&members[next_random() % RANDOM_MEMBERS], round);
        make_key(key);
        size_t bits = next_random() % (KEY_BYTES * BITS_OF_BYTE + 1);
        assert_ptr_equal(prefix_tree_find(&tree, key, bits), search_plainly(key, bits));
    }
    for (size_t i = 0; i < RANDOM_MEMBERS; i++) {
        if (members[i].since != 0) {
            prefix_tree_remove(&tree, &members[i].leaf);
        }
    }
}

/* ---- refused memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    struct prefix_leaf a = leaf_of("abc");
    struct prefix_leaf b = leaf_of("abd");
    fault_fail_nth(memory, 1, 0);
    assert_int_equal(prefix_tree_insert(&tree, &a), RESULT_NO_MEMORY);
    assert_null(tree.root);
    fault_fail_nth(memory, 0, 0);
    insert(&a);
    size_t held = test_memory_used(memory);
    for (uint64_t nth = 1; nth <= 2; nth++) { /* its own node, and the fork */
        fault_fail_nth(memory, nth, 0);
        assert_int_equal(prefix_tree_insert(&tree, &b), RESULT_NO_MEMORY);
        assert_int_equal(fault_failed(memory), 1);
        assert_int_equal(test_memory_used(memory), held);
        assert_ptr_equal(find("abc"), &a);
        assert_null(find("abd"));
    }
    fault_fail_nth(memory, 3, 0);
    insert(&b);
    assert_int_equal(fault_failed(memory), 0);
    assert_ptr_equal(find("abd"), &b);
    fault_fail_nth(memory, 0, 0);
    prefix_tree_remove(&tree, &a);
    prefix_tree_remove(&tree, &b);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_empty), CASE(test_longest),        CASE(test_equal_members),
        CASE(test_bits),  CASE(test_random_members), CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
