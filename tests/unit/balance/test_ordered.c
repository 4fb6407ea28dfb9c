/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ordered sets against a plain sorted array: order of keys and of coming, ranks, removal, and a
 * depth that stays small.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "balance/ordered.h"
#include "base/assert.h"

enum { NODES = 200 };

struct member {
    struct ordered_node node;
    unsigned number;
};

/* The model: members in order. */
struct model {
    struct member *members[NODES];
    unsigned count;
};

static void model_insert(struct model *model, struct member *member, uint64_t key)
{
    unsigned at = model->count++;
    while (at > 0 && model->members[at - 1]->node.key > key) {
        model->members[at] = model->members[at - 1];
        at--;
    }
    model->members[at] = member;
}

static void model_remove(struct model *model, const struct member *member)
{
    unsigned at = 0;
    while (model->members[at] != member) {
        at++;
    }
    model->count--;
    for (; at < model->count; at++) {
        model->members[at] = model->members[at + 1];
    }
}

static void compare(const struct ordered_set *set, const struct model *model)
{
    assert_int_equal(ordered_count(set), model->count);
    struct ordered_node *node = ordered_first(set);
    for (unsigned i = 0; i < model->count; i++) {
        assert_ptr_equal(node, &model->members[i]->node);
        assert_int_equal(ordered_rank(node), i);
        node = ordered_next(node);
    }
    assert_null(node);
}

static void test_random_against_model(void **state)
{
    (void)state;
    static struct member members[NODES];
    struct ordered_set set = {0};
    struct model model = {.count = 0};
    srandom(3);
    for (unsigned step = 0; step < 20000; step++) {
        struct member *member = &members[random() % NODES];
        if (ordered_is_member(&member->node)) {
            model_remove(&model, member);
            ordered_remove(&member->node);
        } else {
            uint64_t key = (uint64_t)random() % 20; /* many equal ones */
            ordered_insert(&set, &member->node, key);
            model_insert(&model, member, key);
        }
        if (step % 16 == 0) {
            compare(&set, &model);
        }
    }
    compare(&set, &model);
}

static void test_equal_keys_keep_their_order(void **state)
{
    (void)state;
    struct member members[NODES] = {0};
    struct ordered_set set = {0};
    for (unsigned i = 0; i < NODES; i++) {
        members[i].number = i;
        ordered_insert(&set, &members[i].node, 5);
    }
    unsigned expected = 0;
    for (struct ordered_node *node = ordered_first(&set); node != NULL; node = ordered_next(node)) {
        assert_int_equal(container_of(node, struct member, node)->number, expected++);
    }
    assert_int_equal(expected, NODES);
}

static void test_removing_twice_is_harmless(void **state)
{
    (void)state;
    struct member member = {0};
    struct ordered_set set = {0};
    ordered_remove(&member.node);
    ordered_insert(&set, &member.node, 1);
    ordered_remove(&member.node);
    ordered_remove(&member.node);
    assert_null(ordered_first(&set));
    assert_int_equal(ordered_count(&set), 0);
}

static unsigned depth_of(const struct ordered_node *node)
{
    unsigned depth = 0;
    for (; node != NULL; node = node->parent) {
        depth++;
    }
    return depth;
}

static void test_rising_keys_stay_shallow(void **state)
{
    (void)state;
    enum { MANY = 10000, DEPTH_MAX = 50 };
    struct member *members = test_calloc(MANY, sizeof(*members));
    struct ordered_set set = {0};
    for (unsigned i = 0; i < MANY; i++) {
        ordered_insert(&set, &members[i].node, i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        assert_true(depth_of(&members[i].node) <= DEPTH_MAX);
    }
    test_free(members);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_against_model),
        cmocka_unit_test(test_equal_keys_keep_their_order),
        cmocka_unit_test(test_removing_twice_is_harmless),
        cmocka_unit_test(test_rising_keys_stay_shallow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
