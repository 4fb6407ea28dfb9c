/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordered sets: members in the order of their keys, equal keys in the order of their coming; first,
 * insert, remove and rank in O(log n), next in O(1) on average. Intrusive, nothing is allocated. A
 * node of zero bytes is in no set. Not thread-safe.
 */
#ifndef WEIR_BALANCE_ORDERED_H
#define WEIR_BALANCE_ORDERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member's place (embedded). */
struct ordered_node {
    struct ordered_node *parent, *left, *right;
    struct ordered_set *set; /* NULL: in none */
    uint64_t key;
    uint32_t priority; /* heap order that keeps the tree shallow */
    uint32_t count;    /* of the subtree, itself included */
};

/* A set; zero bytes make an empty one. */
struct ordered_set {
    struct ordered_node *root;
    struct ordered_node *first_node; /* smallest, NULL when empty */
    uint64_t insertions;
};

/* Adds a node, which must be in no set, behind those with the same key. */
void ordered_insert(struct ordered_set *set, struct ordered_node *node, uint64_t key);

/* Takes a node out of its set; harmless when it is in none. */
void ordered_remove(struct ordered_node *node);

/* The member with the smallest key that came first, or NULL. */
static inline struct ordered_node *ordered_first(const struct ordered_set *set)
{
    return set->first_node;
}

/* The member behind `node`, or NULL at the end. */
struct ordered_node *ordered_next(const struct ordered_node *node);

/* Members that stand before `node`, which is in a set. */
uint32_t ordered_rank(const struct ordered_node *node);

/* How many members there are. */
static inline uint32_t ordered_count(const struct ordered_set *set)
{
    return set->root == NULL ? 0 : set->root->count;
}

/* Whether the node is in a set. */
static inline bool ordered_is_member(const struct ordered_node *node)
{
    return node->set != NULL;
}

#endif
