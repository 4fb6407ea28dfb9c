/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash functions against values known from elsewhere: CRC-32's check value, djb2 and sdbm worked
 * out by hand, wt6 and avalanche as HAProxy 2.6 gives them by its converters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "balance/hash.h"

static void test_crc32_check_value(void **state)
{
    (void)state;
    assert_int_equal(hash_crc32(SLICE("123456789")), 0xcbf43926);
    assert_int_equal(hash_crc32(SLICE("")), 0);
}

static void test_sdbm(void **state)
{
    (void)state;
    assert_int_equal(hash_sdbm(SLICE("")), 0);
    assert_int_equal(hash_sdbm(SLICE("a")), 97);
    assert_int_equal(hash_sdbm(SLICE("ab")), 97U * 65599U + 98U);
    assert_int_equal(hash_sdbm(SLICE("\xff")), 255); /* bytes are unsigned */
}

static void test_djb2(void **state)
{
    (void)state;
    assert_int_equal(hash_djb2(SLICE("")), 5381);
    assert_int_equal(hash_djb2(SLICE("a")), 5381U * 33U + 97U);
    assert_int_equal(hash_djb2(SLICE("\xe9")), 5381U * 33U + 233U);
}

static void test_oracle_values(void **state)
{
    (void)state;
    assert_int_equal(hash_wt6(SLICE("")), 0xa53c965aU ^ 0x5ca6953aU);
    assert_int_equal(hash_wt6(SLICE("hello")), 3538347703U);
    assert_int_equal(hash_wt6(SLICE("caf\xc3\xa9")), 4032769363U);
    assert_int_equal(hash_avalanche(hash_sdbm(SLICE("hello"))), 2061535398U);
    assert_int_equal(hash_avalanche(hash_djb2(SLICE("caf\xc3\xa9"))), 2101834577U);
}

static void test_none_reads_a_number(void **state)
{
    (void)state;
    assert_int_equal(hash_none(SLICE("1234")), 1234);
    assert_int_equal(hash_none(SLICE("-1")), 0xffffffff);
    assert_int_equal(hash_none(SLICE("+7x9")), 7);
    assert_int_equal(hash_none(SLICE("4294967297")), 1);
    assert_int_equal(hash_none(SLICE("x")), 0);
    assert_int_equal(hash_none(SLICE("")), 0);
}

static void test_avalanche_changes_half_of_the_bits(void **state)
{
    (void)state;
    unsigned changed = 0;
    for (uint32_t bit = 0; bit < 32; bit++) {
        changed += (unsigned)__builtin_popcount(hash_avalanche(12345) ^
                                                hash_avalanche(12345 ^ (UINT32_C(1) << bit)));
    }
    assert_in_range(changed, 32 * 11, 32 * 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc32_check_value),
        cmocka_unit_test(test_sdbm),
        cmocka_unit_test(test_djb2),
        cmocka_unit_test(test_oracle_values),
        cmocka_unit_test(test_none_reads_a_number),
        cmocka_unit_test(test_avalanche_changes_half_of_the_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
