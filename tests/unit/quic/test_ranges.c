/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges against a plain set of bits, and what happens when there is no room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/ranges.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBERS = 64, ROOM = 40, STEPS = 20000 };

static void assert_same(const struct quic_ranges *ranges, const bool *set)
{
    for (unsigned i = 0; i < NUMBERS; i++) {
        assert_int_equal(quic_ranges_contain(ranges, i), set[i]);
    }
    for (unsigned i = 1; i < ranges->count; i++) { /* sorted downwards, none touch */
        assert_true(ranges->entries[i].last + 1 < ranges->entries[i - 1].first);
    }
}

static void test_against_a_set(void **state)
{
    (void)state;
    struct quic_range entries[ROOM];
    struct quic_ranges ranges = quic_ranges_over(entries, ROOM);
    bool set[NUMBERS] = {false};
    srand(1);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned first = (unsigned)rand() % NUMBERS;
        unsigned last = first + (unsigned)rand() % (NUMBERS - first);
        last = rand() % 4 != 0 && last > first + 3 ? first + 3 : last;
        bool adds = rand() % 2 == 0;
        if (adds) {
            assert_int_equal(quic_ranges_add_bounded(&ranges, first, last), RESULT_OK);
        } else {
            assert_true(quic_ranges_remove(&ranges, first, last));
        }
        memset(set + first, adds, last - first + 1);
        assert_same(&ranges, set);
    }
}

static void test_without_room_the_lowest_goes(void **state)
{
    (void)state;
    struct quic_range entries[2];
    struct quic_ranges ranges = quic_ranges_over(entries, 2);
    quic_ranges_add(&ranges, 1, 1);
    quic_ranges_add(&ranges, 5, 5);
    assert_int_equal(quic_ranges_add_bounded(&ranges, 9, 9), RESULT_FULL);
    assert_false(quic_ranges_contain(&ranges, 9));
    quic_ranges_add(&ranges, 9, 9);
    assert_true(quic_ranges_contain(&ranges, 9));
    assert_false(quic_ranges_contain(&ranges, 1));
    quic_ranges_add(&ranges, 2, 2); /* lower than all: it is the one forgotten */
    assert_false(quic_ranges_contain(&ranges, 2));
    assert_true(quic_ranges_contain(&ranges, 5));
}

static void test_split_without_room_removes_the_lower_part(void **state)
{
    (void)state;
    struct quic_range entries[1];
    struct quic_ranges ranges = quic_ranges_over(entries, 1);
    quic_ranges_add(&ranges, 0, 9);
    assert_false(quic_ranges_remove(&ranges, 4, 5));
    assert_false(quic_ranges_contain(&ranges, 3));
    assert_true(quic_ranges_contain(&ranges, 6));
}

static void test_remove_below(void **state)
{
    (void)state;
    struct quic_range entries[4];
    struct quic_ranges ranges = quic_ranges_over(entries, 4);
    quic_ranges_add(&ranges, 1, 3);
    quic_ranges_add(&ranges, 5, 9);
    quic_ranges_remove_below(&ranges, 7);
    assert_int_equal(ranges.count, 1);
    assert_int_equal(ranges.entries[0].first, 7);
    quic_ranges_remove_below(&ranges, 10);
    assert_int_equal(ranges.count, 0);
    quic_ranges_add(&ranges, UINT64_MAX - 1, UINT64_MAX);
    assert_true(quic_ranges_contain(&ranges, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_set),
        cmocka_unit_test(test_without_room_the_lowest_goes),
        cmocka_unit_test(test_split_without_room_removes_the_lower_part),
        cmocka_unit_test(test_remove_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
