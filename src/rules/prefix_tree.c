/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A radix tree over bits with compressed paths. A node stands for the first `bits` bits of every
 * string below it; it has leaves (strings that end there), or two children, or both.
 *
 *   "10" and "1011" and "100":   (2 bits, leaf "10") -> 0: leaf "100"
 *                                                    -> 1: leaf "1011"
 *
 * A lookup goes down by the key's bits and compares, at each node with leaves, the bits since the
 * last one: a fork has no string of its own, and needs none. Nothing recurses: depth is bounded by
 * the longest string. Memory: one node a distinct string and one a fork.
 */
#include "rules/prefix_tree.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/number.h"

enum { BITS_OF_BYTE = 8 };

struct prefix_node {
    struct prefix_node *parent;
    struct prefix_node *children[2];
    struct prefix_leaf *leaves;
    size_t bits;
};

void prefix_tree_init(struct prefix_tree *tree, struct account *account)
{
    tree->account = account;
    tree->root = NULL;
}

/* Bit `index` of a key, the highest of the first byte being 0. */
static unsigned bit_at(const unsigned char *key, size_t index)
{
    return ((unsigned)key[index / BITS_OF_BYTE] >> (BITS_OF_BYTE - 1 - index % BITS_OF_BYTE)) & 1U;
}

/* The number of equal bits from `from` (equal before it) on, at most up to `bits`. */
static size_t equal_bits(const unsigned char *a, const unsigned char *b, size_t from, size_t bits)
{
    size_t at = from - from % BITS_OF_BYTE;
    while (at + BITS_OF_BYTE <= bits && a[at / BITS_OF_BYTE] == b[at / BITS_OF_BYTE]) {
        at += BITS_OF_BYTE;
    }
    while (at < bits && bit_at(a, at) == bit_at(b, at)) {
        at++;
    }
    return at;
}

/* Some leaf at or below a node: all share the node's bits. */
static const struct prefix_leaf *any_leaf(const struct prefix_node *node)
{
    while (node->leaves == NULL) {
        node = node->children[0];
    }
    return node->leaves;
}

static struct prefix_node *take_node(struct prefix_tree *tree, size_t bits)
{
    struct prefix_node *node = memory_take(tree->account, sizeof(*node));
    if (node != NULL) {
        node->bits = bits;
    }
    return node;
}

/* Puts `node` where `old` hangs (or at the root). */
static void replace_node(struct prefix_tree *tree, struct prefix_node *old,
                         struct prefix_node *node)
{
    struct prefix_node *parent = old->parent;
    node->parent = parent;
    if (parent == NULL) {
        tree->root = node;
    } else {
        parent->children[parent->children[1] == old ? 1 : 0] = node;
    }
}

static void adopt(struct prefix_node *parent, struct prefix_node *child, const unsigned char *key)
{
    parent->children[bit_at(key, parent->bits)] = child;
    child->parent = parent;
}

static void append_leaf(struct prefix_node *node, struct prefix_leaf *leaf)
{
    struct prefix_leaf **last = &node->leaves;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = leaf;
    leaf->next = NULL;
    leaf->node = node;
}

/* The first node on the key's way that is not wholly a prefix of it, or the last on the way. */
static struct prefix_node *descend(const struct prefix_tree *tree, const unsigned char *key,
                                   size_t bits)
{
    struct prefix_node *node = tree->root;
    while (node->bits < bits && node->children[bit_at(key, node->bits)] != NULL) {
        node = node->children[bit_at(key, node->bits)];
    }
    return node;
}

/*
 * Inserts a node of its own for the leaf at `common` bits under or above `node`: above it as a
 * prefix, below it as a longer string, or both under a new fork.
 */
static enum result insert_beside(struct prefix_tree *tree, struct prefix_node *node, size_t common,
                                 struct prefix_leaf *leaf)
{
    struct prefix_node *own = take_node(tree, leaf->bits);
    if (own == NULL) {
        return RESULT_NO_MEMORY;
    }
    if (common == node->bits) {
        adopt(node, own, leaf->key);
    } else if (common == leaf->bits) {
        replace_node(tree, node, own);
        adopt(own, node, any_leaf(node)->key);
    } else {
        struct prefix_node *fork = take_node(tree, common);
        if (fork == NULL) {
            memory_release(tree->account, own);
            return RESULT_NO_MEMORY;
        }
        replace_node(tree, node, fork);
        adopt(fork, node, any_leaf(node)->key);
        adopt(fork, own, leaf->key);
    }
    append_leaf(own, leaf);
    return RESULT_OK;
}

enum result prefix_tree_insert(struct prefix_tree *tree, struct prefix_leaf *leaf)
{
    if (tree->root == NULL) {
        tree->root = take_node(tree, leaf->bits);
        if (tree->root == NULL) {
            return RESULT_NO_MEMORY;
        }
        append_leaf(tree->root, leaf);
        return RESULT_OK;
    }
    struct prefix_node *node = descend(tree, leaf->key, leaf->bits);
    const struct prefix_leaf *near = any_leaf(node);
    size_t bits = size_min(near->bits, leaf->bits);
    size_t common = equal_bits(near->key, leaf->key, 0, bits);
    /* Up to the highest node that has more bits than are common. */
    while (node->parent != NULL && node->parent->bits >= common) {
        node = node->parent;
    }
    common = size_min(common, node->bits);
    if (common == node->bits && common == leaf->bits) {
        append_leaf(node, leaf);
        return RESULT_OK;
    }
    return insert_beside(tree, node, common, leaf);
}

/* Removes nodes that neither hold leaves nor fork, from `node` upwards. */
static void prune(struct prefix_tree *tree, struct prefix_node *node)
{
    while (node != NULL && node->leaves == NULL) {
        struct prefix_node *parent = node->parent;
        struct prefix_node *child =
            node->children[0] != NULL ? node->children[0] : node->children[1];
        if (node->children[0] != NULL && node->children[1] != NULL) {
            return;
        }
        if (child != NULL) {
            replace_node(tree, node, child);
        } else if (parent == NULL) {
            tree->root = NULL;
        } else {
            parent->children[parent->children[1] == node ? 1 : 0] = NULL;
        }
        memory_release(tree->account, node);
        node = parent;
    }
}

void prefix_tree_remove(struct prefix_tree *tree, struct prefix_leaf *leaf)
{
    struct prefix_node *node = leaf->node;
    struct prefix_leaf **place = &node->leaves;
    while (*place != leaf) {
        ASSERT(*place != NULL);
        place = &(*place)->next;
    }
    *place = leaf->next;
    leaf->next = NULL;
    leaf->node = NULL;
    prune(tree, node);
}

struct prefix_leaf *prefix_tree_find(const struct prefix_tree *tree, const unsigned char *key,
                                     size_t bits)
{
    struct prefix_leaf *best = NULL;
    size_t compared = 0;
    const struct prefix_node *node = tree->root;
    while (node != NULL && node->bits <= bits) {
        if (node->leaves != NULL) {
            if (equal_bits(node->leaves->key, key, compared, node->bits) != node->bits) {
                break;
            }
            best = node->leaves;
            compared = node->bits;
        }
        node = node->bits < bits ? node->children[bit_at(key, node->bits)] : NULL;
    }
    return best;
}
