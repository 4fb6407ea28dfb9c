/* SPDX-License-Identifier: Apache-2.0 */
/* Intrusive lists: order, membership, removal while walking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
    int number;
    struct list link;
};

static int number_of(struct list *link)
{
    return container_of(link, struct item, link)->number;
}

static void test_order(void **state)
{
    (void)state;
    struct list head;
    struct item items[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    list_init(&head);
    assert_true(list_is_empty(&head));
    assert_null(list_first(&head));
    assert_null(list_take_first(&head));
    list_append(&head, &items[1].link);
    list_append(&head, &items[2].link);
    list_insert_after(&head, &items[0].link);
    int expected = 0;
    LIST_EACH(link, &head) {
        assert_int_equal(number_of(link), expected);
        expected++;
    }
    assert_int_equal(expected, 3);
    assert_int_equal(number_of(list_take_first(&head)), 0);
    assert_int_equal(number_of(list_first(&head)), 1);
}

static void test_removal_is_harmless_twice(void **state)
{
    (void)state;
    struct list head;
    struct item item = {.number = 1};
    list_init(&head);
    list_init(&item.link);
    list_remove(&item.link);
    list_append(&head, &item.link);
    assert_false(list_is_empty(&item.link));
    list_remove(&item.link);
    list_remove(&item.link);
    assert_true(list_is_empty(&head));
    assert_true(list_is_empty(&item.link));
}

static void test_walk_survives_removal(void **state)
{
    (void)state;
    struct list head;
    struct item items[4] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&head);
    for (int i = 0; i < 4; i++) {
        list_append(&head, &items[i].link);
    }
    int seen = 0;
    LIST_EACH_SAFE(link, &head) {
        seen++;
        if (number_of(link) % 2 == 0) {
            list_remove(link);
        }
    }
    assert_int_equal(seen, 4);
    assert_int_equal(number_of(list_take_first(&head)), 1);
    assert_int_equal(number_of(list_take_first(&head)), 3);
    assert_true(list_is_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_removal_is_harmless_twice),
        cmocka_unit_test(test_walk_survives_removal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
