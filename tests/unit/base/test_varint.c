/* SPDX-License-Identifier: Apache-2.0 */
/* Variable-length integers: the examples of RFC 9000 A.1, bounds, cut input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/varint.h"

#include <string.h>

static void test_examples(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t length;
        uint64_t value;
    } rows[] = {
        {{0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 8, UINT64_C(151288809941952652)},
        {{0x9d, 0x7f, 0x3e, 0x7d}, 4, 494878333},
        {{0x7b, 0xbd}, 2, 15293},
        {{0x25}, 1, 37},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint8_t *at = rows[i].bytes;
        uint64_t value = 0;
        assert_true(varint_read(&at, rows[i].bytes + rows[i].length, &value));
        assert_int_equal(value, rows[i].value);
        assert_ptr_equal(at, rows[i].bytes + rows[i].length);
        uint8_t out[8];
        assert_ptr_equal(varint_write(out, value), out + rows[i].length);
        assert_memory_equal(out, rows[i].bytes, rows[i].length);
        assert_int_equal(varint_bytes(value), rows[i].length);
    }
}

static void test_longer_than_needed_is_read(void **state)
{
    (void)state;
    uint8_t out[2];
    uint64_t value = 0;
    assert_ptr_equal(varint_write_in(out, 37, 2), out + 2);
    const uint8_t *at = out;
    assert_true(varint_read(&at, out + 2, &value));
    assert_int_equal(value, 37);
}

static void test_cut_input_changes_nothing(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8};
    const uint8_t *at = bytes;
    uint64_t value = 7;
    assert_false(varint_read(&at, bytes + sizeof(bytes), &value));
    assert_false(varint_read(&at, bytes, &value));
    assert_ptr_equal(at, bytes);
    assert_int_equal(value, 7);
}

static void test_bounds(void **state)
{
    (void)state;
    assert_int_equal(varint_bytes(63), 1);
    assert_int_equal(varint_bytes(64), 2);
    assert_int_equal(varint_bytes(16383), 2);
    assert_int_equal(varint_bytes(16384), 4);
    assert_int_equal(varint_bytes((1 << 30) - 1), 4);
    assert_int_equal(varint_bytes(1 << 30), 8);
    assert_int_equal(varint_bytes(VARINT_MAX), 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_longer_than_needed_is_read),
        cmocka_unit_test(test_cut_input_changes_nothing),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
