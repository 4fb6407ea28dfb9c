/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A treap: a search tree by key whose nodes also form a heap by a scrambled number of their coming,
 * which keeps its depth logarithmic whatever the order of keys. Subtree counts give ranks; the
 * first node is remembered, since that is what is asked for most. No memory: nodes are embedded in
 * their owners.
 */
#include "balance/ordered.h"

#include "balance/hash.h"
#include "base/assert.h"

static uint32_t count_of(const struct ordered_node *node)
{
    return node == NULL ? 0 : node->count;
}

static void recount(struct ordered_node *node)
{
    node->count = 1 + count_of(node->left) + count_of(node->right);
}

/* Puts `child` (or nothing) where `node` hangs. */
static void replace(struct ordered_set *set, struct ordered_node *node, struct ordered_node *child)
{
    struct ordered_node *parent = node->parent;
    if (parent == NULL) {
        set->root = child;
    } else if (parent->left == node) {
        parent->left = child;
    } else {
        parent->right = child;
    }
    if (child != NULL) {
        child->parent = parent;
    }
}

/* Turns `node` up over its parent. */
static void rotate_up(struct ordered_set *set, struct ordered_node *node)
{
    struct ordered_node *parent = node->parent;
    replace(set, parent, node);
    if (parent->left == node) {
        parent->left = node->right;
        if (node->right != NULL) {
            node->right->parent = parent;
        }
        node->right = parent;
    } else {
        parent->right = node->left;
        if (node->left != NULL) {
            node->left->parent = parent;
        }
        node->left = parent;
    }
    parent->parent = node;
    recount(parent);
    recount(node);
}

void ordered_insert(struct ordered_set *set, struct ordered_node *node, uint64_t key)
{
    ASSERT(node->set == NULL);
    *node = (struct ordered_node){
        .set = set,
        .key = key,
        .priority = hash_avalanche((uint32_t)set->insertions++),
        .count = 1,
    };
    struct ordered_node **place = &set->root;
    bool is_first = true;
    while (*place != NULL) {
        struct ordered_node *parent = *place;
        node->parent = parent;
        parent->count++;
        bool goes_left = key < parent->key;
        is_first = is_first && goes_left;
        place = goes_left ? &parent->left : &parent->right;
    }
    *place = node;
    if (is_first) {
        set->first_node = node;
    }
    while (node->parent != NULL && node->parent->priority < node->priority) {
        rotate_up(set, node);
    }
}

void ordered_remove(struct ordered_node *node)
{
    struct ordered_set *set = node->set;
    if (set == NULL) {
        return;
    }
    if (set->first_node == node) {
        set->first_node = ordered_next(node);
    }
    while (node->left != NULL && node->right != NULL) {
        rotate_up(set, node->left->priority > node->right->priority ? node->left : node->right);
    }
    replace(set, node, node->left != NULL ? node->left : node->right);
    for (struct ordered_node *above = node->parent; above != NULL; above = above->parent) {
        above->count--;
    }
    node->set = NULL;
}

struct ordered_node *ordered_next(const struct ordered_node *node)
{
    if (node->right != NULL) {
        struct ordered_node *next = node->right;
        while (next->left != NULL) {
            next = next->left;
        }
        return next;
    }
    while (node->parent != NULL && node->parent->right == node) {
        node = node->parent;
    }
    return node->parent;
}

uint32_t ordered_rank(const struct ordered_node *node)
{
    uint32_t rank = count_of(node->left);
    for (; node->parent != NULL; node = node->parent) {
        if (node->parent->right == node) {
            rank += 1 + count_of(node->parent->left);
        }
    }
    return rank;
}
