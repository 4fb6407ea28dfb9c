/* SPDX-License-Identifier: Apache-2.0 */
/* Frames written are read back the same, and never written past the room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/frame.h"

#include <string.h>

static uint8_t room[256];

/* Reads the one frame before `end` back; it cannot be written into less. */
static struct quic_frame read_back(const uint8_t *end)
{
    const uint8_t *at = room;
    struct quic_frame frame;
    assert_non_null(end);
    assert_int_equal(quic_frame_parse(&at, end, &frame), RESULT_OK);
    assert_ptr_equal(at, end);
    return frame;
}

#define WRITE(call) read_back(call)

static void test_numbers(void **state)
{
    (void)state;
    const uint8_t *end = room + sizeof(room);
    struct quic_frame f = WRITE(quic_write_number(room, end, QUIC_FRAME_MAX_DATA, 123456));
    assert_int_equal(f.limit.value, 123456);
    f = WRITE(quic_write_stream_number(room, end, QUIC_FRAME_MAX_STREAM_DATA, 8, 99));
    assert_int_equal(f.limit.stream_id, 8);
    assert_int_equal(f.limit.value, 99);
    f = WRITE(quic_write_reset_stream(room, end, 4, 0x10c, 77));
    assert_int_equal(f.reset.code, 0x10c);
    assert_int_equal(f.reset.final_size, 77);
    f = WRITE(quic_write_stop_sending(room, end, 4, 5));
    assert_int_equal(f.type, QUIC_FRAME_STOP_SENDING);
    assert_int_equal(f.reset.code, 5);
    assert_int_equal(WRITE(quic_write_ping(room, end)).type, QUIC_FRAME_PING);
    assert_int_equal(WRITE(quic_write_handshake_done(room, end)).type, QUIC_FRAME_HANDSHAKE_DONE);
    assert_null(quic_write_number(room, room + 4, QUIC_FRAME_MAX_DATA, 123456));
    assert_null(quic_write_ping(room, room));
}

static void test_ids_and_paths(void **state)
{
    (void)state;
    const uint8_t *end = room + sizeof(room);
    static const struct quic_cid id = {8, {1, 2, 3, 4, 5, 6, 7, 8}};
    static const uint8_t token[QUIC_RESET_TOKEN_BYTES] = {9};
    static const uint8_t data[8] = {1, 2, 3};
    struct quic_frame f = WRITE(quic_write_new_connection_id(room, end, 3, 2, &id, token));
    assert_int_equal(f.new_id.sequence, 3);
    assert_int_equal(f.new_id.retire_prior_to, 2);
    assert_true(quic_cid_equal(&f.new_id.id, &id));
    assert_memory_equal(f.new_id.reset_token, token, sizeof(token));
    f = WRITE(quic_write_path(room, end, QUIC_FRAME_PATH_RESPONSE, data));
    assert_memory_equal(f.path_data, data, sizeof(data));
    f = WRITE(quic_write_new_token(room, end, SLICE("abc")));
    assert_true(slice_equal(f.token, SLICE("abc")));
    assert_null(quic_write_new_connection_id(room, room + 20, 3, 2, &id, token));
}

static void test_close_cuts_its_reason(void **state)
{
    (void)state;
    struct quic_frame f = WRITE(quic_write_close(room, room + 10, QUIC_FRAME_CONNECTION_CLOSE, 7, 6,
                                                 SLICE("a long reason")));
    assert_int_equal(f.close.code, 7);
    assert_int_equal(f.close.frame_type, 6);
    assert_true(slice_equal(f.close.reason, SLICE("a lon")));
}

static void test_ack_keeps_to_its_room(void **state)
{
    (void)state;
    struct quic_range entries[8];
    struct quic_ranges ranges = quic_ranges_over(entries, 8);
    static const uint64_t ecn[] = {1, 2, 3};
    for (uint64_t i = 0; i < 8; i++) {
        quic_ranges_add(&ranges, i * 10, i * 10 + 1);
    }
    struct quic_frame f = WRITE(quic_write_ack(room, room + sizeof(room), &ranges, 17, ecn));
    assert_int_equal(f.ack.largest, 71);
    assert_int_equal(f.ack.delay, 17);
    assert_int_equal(f.ack.range_count, 7);
    assert_int_equal(f.ack.ce, 3);
    f = WRITE(quic_write_ack(room, room + 12, &ranges, 17, NULL)); /* the highest first */
    assert_int_equal(f.ack.largest, 71);
    assert_true(f.ack.range_count < 7);
    assert_null(quic_write_ack(room, room + 3, &ranges, 17, NULL));
}

static void test_headers_of_data(void **state)
{
    (void)state;
    size_t bytes = 100;
    uint8_t *data = quic_write_stream_header(room, room + 50, 4, 1000, &bytes, true);
    assert_non_null(data);
    assert_int_equal(bytes, 44); /* cut, and so without FIN */
    memset(data, 'x', bytes);
    struct quic_frame f = read_back(data + bytes);
    assert_int_equal(f.stream.offset, 1000);
    assert_int_equal(f.stream.data.length, 44);
    assert_false(f.stream.is_final);
    bytes = 0;
    data = quic_write_stream_header(room, room + 50, 4, 1000, &bytes, true);
    assert_true(read_back(data).stream.is_final);
    bytes = 0;
    assert_null(quic_write_stream_header(room, room + 50, 4, 1000, &bytes, false));
    bytes = 5;
    data = quic_write_crypto_header(room, room + 50, 0, &bytes);
    assert_int_equal(bytes, 5);
    memset(data, 'y', bytes);
    assert_int_equal(read_back(data + bytes).crypto.data.length, 5);
    assert_null(quic_write_crypto_header(room, room + 4, 0, &bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_ids_and_paths),
        cmocka_unit_test(test_close_cuts_its_reason),
        cmocka_unit_test(test_ack_keeps_to_its_room),
        cmocka_unit_test(test_headers_of_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
