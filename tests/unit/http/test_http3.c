/* SPDX-License-Identifier: Apache-2.0 */
/* Frame headers, SETTINGS and priorities of HTTP/3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http3.h"

#define SETTINGS(out, ...)                                                      \
    http3_parse_settings(slice_of((const char *)(const uint8_t[]){__VA_ARGS__}, \
                                  sizeof((const uint8_t[]){__VA_ARGS__})),      \
                         out)

static void test_settings(void **state)
{
    (void)state;
    struct http3_settings s;
    assert_int_equal(http3_parse_settings(SLICE_NONE, &s), RESULT_OK);
    assert_int_equal(s.field_section_bytes_max, VARINT_MAX);
    assert_int_equal(SETTINGS(&s, 0x01, 0x50, 0x00, 0x06, 5, 0x07, 9, 0x40, 0x21, 3), RESULT_OK);
    assert_int_equal(s.table_capacity, 4096);
    assert_int_equal(s.field_section_bytes_max, 5);
    assert_int_equal(s.blocked_streams, 9);
    assert_int_equal(SETTINGS(&s, 0x02, 1), RESULT_INVALID);          /* HTTP/2's */
    assert_int_equal(SETTINGS(&s, 0x06, 1, 0x06, 1), RESULT_INVALID); /* twice */
    assert_int_equal(SETTINGS(&s, 0x08, 2), RESULT_INVALID);          /* neither 0 nor 1 */
    assert_int_equal(SETTINGS(&s, 0x06), RESULT_INVALID);             /* cut */
}

static void test_control_stream_begins_with_settings(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t length = http3_write_control(out, sizeof(out), 15000, 77);
    const uint8_t *at = out + 1;
    uint64_t type, bytes;
    assert_int_equal(out[0], HTTP3_CONTROL);
    assert_true(varint_read(&at, out + length, &type));
    assert_true(varint_read(&at, out + length, &bytes));
    assert_int_equal(type, HTTP3_SETTINGS);
    assert_ptr_equal(at + bytes, out + length);
    struct http3_settings s;
    assert_int_equal(http3_parse_settings(slice_of((const char *)at, (size_t)bytes), &s),
                     RESULT_OK);
    assert_int_equal(s.field_section_bytes_max, 15000);
    assert_int_equal(s.table_capacity, 0);
    assert_int_equal(http3_write_control(out, 20, 15000, 77), 0);
}

static void test_frames(void **state)
{
    (void)state;
    uint8_t out[HTTP3_FRAME_HEADER_MAX];
    assert_int_equal(http3_write_frame_header(out, HTTP3_DATA, 63), 2);
    assert_int_equal(http3_write_frame_header(out, HTTP3_PRIORITY_UPDATE, VARINT_MAX), 12);
    assert_true(http3_is_reserved_frame(0x02) && http3_is_reserved_frame(0x09));
    assert_false(http3_is_reserved_frame(HTTP3_GOAWAY) || http3_is_reserved_frame(0x21));
}

static void test_priorities(void **state)
{
    (void)state;
    unsigned urgency = 3;
    bool is_incremental = false;
    http3_parse_priority(SLICE("u=5, i"), &urgency, &is_incremental);
    assert_int_equal(urgency, 5);
    assert_true(is_incremental);
    http3_parse_priority(SLICE("i=?0,u=0"), &urgency, &is_incremental);
    assert_int_equal(urgency, 0);
    assert_false(is_incremental);
    http3_parse_priority(SLICE("u=9, q, u=12, ,i=3"), &urgency, &is_incremental);
    assert_int_equal(urgency, 0);
    assert_false(is_incremental);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_control_stream_begins_with_settings),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_priorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
