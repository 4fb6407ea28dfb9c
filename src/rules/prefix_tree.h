/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of bit strings that finds the longest one that begins a key: IP networks, and texts for
 * `beg`. Members embed struct prefix_leaf and own the bytes of their strings.
 *
 * What bounds it: at most two nodes of 40 bytes a member, on the tree's account.
 */
#ifndef WEIR_RULES_PREFIX_TREE_H
#define WEIR_RULES_PREFIX_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "memory/memory.h"

struct prefix_node;

struct prefix_leaf {
    const unsigned char *key;
    size_t bits;
    struct prefix_leaf *next; /* the same string again, in order of insertion */
    struct prefix_node *node;
};

struct prefix_tree {
    struct account *account;
    struct prefix_node *root;
};

/* Prepares an empty tree. */
void prefix_tree_init(struct prefix_tree *tree, struct account *account);

/* Inserts a leaf with `key` and `bits` set; the key must stay as long as the leaf is in. Bits
 * behind the last are ignored. RESULT_NO_MEMORY changes nothing. */
MUST_USE enum result prefix_tree_insert(struct prefix_tree *tree, struct prefix_leaf *leaf);

/* Takes a leaf out. */
void prefix_tree_remove(struct prefix_tree *tree, struct prefix_leaf *leaf);

/* The leaf with the longest string that begins `key`; of equal ones the first inserted. Or NULL. */
struct prefix_leaf *prefix_tree_find(const struct prefix_tree *tree, const unsigned char *key,
                                     size_t bits);

#endif
