/* SPDX-License-Identifier: Apache-2.0 */
/* Unidirectional streams: SETTINGS first, what may not be there, priorities, unknown types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/h3.h"

TEST_H3_FIXTURE

#define GIVE(id, offset, ...)                                    \
    test_h3_give(&t, id, offset, (const uint8_t[]){__VA_ARGS__}, \
                 sizeof((const uint8_t[]){__VA_ARGS__}), false)

static void test_ours(void **state)
{
    (void)state;
    assert_int_equal(t.net.q.last[QUIC_FRAME_STREAM].stream.stream_id, 3);
    const uint8_t *sent = t.net.q.kept[QUIC_FRAME_STREAM];
    assert_int_equal(sent[0], HTTP3_CONTROL);
    assert_int_equal(sent[1], HTTP3_SETTINGS);
}

static void test_settings_in_pieces(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_CONTROL);
    GIVE(2, 1, HTTP3_SETTINGS);
    GIVE(2, 2, 3, 0x06);
    GIVE(2, 4, 0x44, 0);
    GIVE(2, 6, 0x21, 2, 9, 9, HTTP3_GOAWAY, 1, 0); /* a reserved frame, and one more */
    assert_int_equal(test_h3_closed_with(&t), 0);
    assert_true(h3_of(t.mux)->has_control);
}

static void test_no_settings_first(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_CONTROL, HTTP3_GOAWAY, 1, 0);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_MISSING_SETTINGS);
}

static void test_bad_settings(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_CONTROL, HTTP3_SETTINGS, 2, 0x02, 1);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_SETTINGS_ERROR);
}

static void test_settings_twice(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_CONTROL, HTTP3_SETTINGS, 0, HTTP3_SETTINGS, 0);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_FRAME_UNEXPECTED);
}

static void test_data_on_the_control_stream(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_CONTROL, HTTP3_SETTINGS, 0, HTTP3_DATA, 0);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_FRAME_UNEXPECTED);
}

static void test_two_control_streams(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_CONTROL, HTTP3_SETTINGS, 0);
    GIVE(6, 0, HTTP3_CONTROL);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_STREAM_CREATION_ERROR);
}

static void test_push_of_a_client(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_PUSH);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_STREAM_CREATION_ERROR);
}

static void test_a_critical_stream_ends(void **state)
{
    (void)state;
    test_h3_give(&t, 2, 0, "\x00\x04\x00", 3, true);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_CLOSED_CRITICAL_STREAM);
}

static void test_qpack_streams(void **state)
{
    (void)state;
    GIVE(2, 0, HTTP3_ENCODER, 0x20); /* capacity 0 */
    GIVE(6, 0, HTTP3_DECODER);
    assert_int_equal(test_h3_closed_with(&t), 0);
    GIVE(2, 2, 0x3f, 0x10); /* more than none */
    assert_int_equal(test_h3_closed_with(&t), HTTP3_QPACK_ENCODER_STREAM_ERROR);
}

static void test_unknown_types_are_stopped(void **state)
{
    (void)state;
    GIVE(2, 0, 0x21, 1, 2, 3);
    assert_int_equal(t.net.q.last[QUIC_FRAME_STOP_SENDING].reset.code, HTTP3_STREAM_CREATION_ERROR);
    assert_int_equal(test_h3_closed_with(&t), 0);
}

static void test_priority_update(void **state)
{
    (void)state;
    test_h3_get(&t, 0);
    GIVE(2, 0, HTTP3_CONTROL, HTTP3_SETTINGS, 0, 0x80, 0x0f, 0x07, 0x00, 4, 0, 'u', '=', '1');
    const struct h3_stream *stream = h3_stream_of(t.side);
    assert_int_equal(stream->quic->urgency, 1);
    GIVE(2, 12, 0x80, 0x0f, 0x07, 0x00, 4, 2, 'u', '=', '1');
    assert_int_equal(test_h3_closed_with(&t), HTTP3_ID_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ours),
        TEST(test_settings_in_pieces),
        TEST(test_no_settings_first),
        TEST(test_bad_settings),
        TEST(test_settings_twice),
        TEST(test_data_on_the_control_stream),
        TEST(test_two_control_streams),
        TEST(test_push_of_a_client),
        TEST(test_a_critical_stream_ends),
        TEST(test_qpack_streams),
        TEST(test_unknown_types_are_stopped),
        TEST(test_priority_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
