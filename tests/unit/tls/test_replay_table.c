/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen is told, for as long as it was to be, and nothing young is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tls/replay_table.h"

enum { NOW_S = 1800000000, LIFE_S = 600 };

static struct tls_replay_table table;

static int open_test(void **state)
{
    (void)state;
    memset(&table, 0, sizeof(table));
    return 0;
}

static enum result add(uint64_t hash, uint32_t now_s)
{
    return tls_replay_table_add(&table, hash, now_s, now_s + LIFE_S);
}

/* The n-th hash of the set 5. */
static uint64_t of_set(uint64_t n)
{
    return n << 32 | 5;
}

static void test_seen_until_it_is_over(void **state)
{
    (void)state;
    assert_int_equal(add(of_set(1), NOW_S), RESULT_OK);
    assert_int_equal(add(of_set(1), NOW_S), RESULT_INVALID);
    assert_int_equal(add(of_set(2), NOW_S), RESULT_OK);
    assert_int_equal(add(of_set(1) + 1, NOW_S), RESULT_OK); /* another set */
    assert_int_equal(add(of_set(1), NOW_S + LIFE_S), RESULT_INVALID);
    assert_int_equal(add(of_set(1), NOW_S + LIFE_S + 1), RESULT_OK);
    assert_int_equal(add(of_set(1), NOW_S + LIFE_S + 1), RESULT_INVALID);
}

static void test_a_tag_of_zero(void **state)
{
    (void)state;
    assert_int_equal(add(0, NOW_S), RESULT_OK);
    assert_int_equal(add(0, NOW_S), RESULT_INVALID);
    assert_int_equal(add(TLS_REPLAY_SETS, NOW_S), RESULT_INVALID); /* same set, same tag */
}

static void test_full_set(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < TLS_REPLAY_SET_SLOTS; n++) {
        assert_int_equal(add(of_set(n), NOW_S + (uint32_t)n), RESULT_OK);
    }
    assert_int_equal(add(of_set(100), NOW_S + 100), RESULT_FULL);
    for (uint64_t n = 0; n < TLS_REPLAY_SET_SLOTS; n++) { /* none gave way */
        assert_int_equal(add(of_set(n), NOW_S + 100), RESULT_INVALID);
    }
    assert_int_equal(add(6, NOW_S + 100), RESULT_OK);
    assert_int_equal(add(of_set(100), NOW_S + LIFE_S + 1), RESULT_OK); /* the oldest is over */
    assert_int_equal(add(of_set(101), NOW_S + LIFE_S + 1), RESULT_FULL);
}

/* The last second of 32 bits, and the first again. */
static void test_turn_of_time(void **state)
{
    (void)state;
    assert_int_equal(add(1, UINT32_MAX - 10), RESULT_OK);
    assert_int_equal(add(1, UINT32_MAX), RESULT_INVALID);
    assert_int_equal(add(1, 5), RESULT_INVALID);
    assert_int_equal(add(1, LIFE_S), RESULT_OK);
    assert_int_equal(tls_replay_table_add(&table, 2, UINT32_MAX, 0), RESULT_OK);
    assert_int_equal(tls_replay_table_add(&table, 2, 0, 9), RESULT_INVALID);
}

#define TEST(function) cmocka_unit_test_setup(function, open_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seen_until_it_is_over),
        TEST(test_a_tag_of_zero),
        TEST(test_full_set),
        TEST(test_turn_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
