/* SPDX-License-Identifier: Apache-2.0 */
/* Streams as the application uses them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/streams.h"

static struct test_streams t;

static int open_test(void **state)
{
    (void)state;
    test_streams_open(&t);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_streams_close(&t);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static void test_request_and_response(void **state)
{
    (void)state;
    enum quic_error error;
    struct chunk_queue queue = {0};
    char out[16];
    uint8_t packet[1200];
    size_t length;
    assert_int_equal(test_give_data(&t, 0, 0, "request", 7, true, &error), RESULT_OK);
    assert_int_equal(t.opens, 1);
    assert_int_equal(t.receives, 1);
    bool is_end;
    assert_int_equal(quic_stream_readable(t.opened, &is_end), 7);
    assert_true(is_end);
    assert_true(slice_equal(quic_stream_front(t.opened), SLICE("request")));
    quic_stream_drop(t.opened, 2);
    assert_int_equal(quic_stream_receive(t.opened, &queue, 100), RESULT_OK);
    assert_int_equal(chunk_queue_copy_out(&queue, out, sizeof(out)), 5);
    assert_memory_equal(out, "quest", 5);
    chunk_queue_clear(&queue);
    assert_int_equal(quic_stream_receive(t.opened, &queue, 100), RESULT_END);
    assert_int_equal(test_put(&t, t.opened, "response", 8), RESULT_OK);
    quic_stream_finish(t.opened);
    assert_true(t.pendings > 0);
    assert_true(quic_streams_has_pending(&t.streams));
    struct quic_sent *sent = test_write(&t, sizeof(packet), packet, &length);
    assert_true(quic_stream_is_sent(t.opened));
    quic_stream_release(t.opened);
    assert_int_equal(t.streams.count, 1); /* until it is acknowledged */
    test_settle_packet(&t, sent, true);
    assert_int_equal(t.streams.count, 0);
    assert_false(quic_streams_has_pending(&t.streams));
}

static void test_reset_and_stop(void **state)
{
    (void)state;
    enum quic_error error;
    struct chunk_queue queue = {0};
    uint8_t packet[1200];
    size_t length;
    assert_int_equal(test_give_data(&t, 0, 0, "abc", 3, false, &error), RESULT_OK);
    assert_int_equal(test_put(&t, t.opened, "xyz", 3), RESULT_OK);
    quic_stream_reset(t.opened, 7);
    quic_stream_stop(t.opened, 8);
    assert_int_equal(t.streams.unacked_bytes, 0);
    assert_int_equal(quic_stream_receive(t.opened, &queue, 10), RESULT_FAILED);
    assert_int_equal(test_put(&t, t.opened, "more", 4), RESULT_FAILED);
    struct quic_sent *sent = test_write(&t, sizeof(packet), packet, &length);
    struct quic_frame frame;
    const uint8_t *at = packet;
    assert_int_equal(quic_frame_parse(&at, packet + length, &frame), RESULT_OK);
    assert_int_equal(frame.type, QUIC_FRAME_RESET_STREAM);
    assert_int_equal(frame.reset.code, 7);
    assert_int_equal(frame.reset.final_size, 0);
    assert_int_equal(quic_frame_parse(&at, packet + length, &frame), RESULT_OK);
    assert_int_equal(frame.type, QUIC_FRAME_STOP_SENDING);
    assert_int_equal(frame.reset.code, 8);
    test_settle_packet(&t, sent, true);
    quic_stream_release(t.opened);
    assert_int_equal(t.streams.count, 1); /* the peer has not ended its side */
    assert_int_equal(test_give_data(&t, 0, 3, "def", 3, true, &error), RESULT_OK);
    assert_int_equal(t.streams.count, 0);
    assert_int_equal(t.streams.taken, 6); /* what nobody read is credited */
}

static void test_room(void **state)
{
    (void)state;
    enum quic_error error;
    static char data[60000];
    uint8_t packet[1200];
    size_t length;
    assert_int_equal(test_give_data(&t, 0, 0, "a", 1, true, &error), RESULT_OK);
    assert_int_equal(test_put(&t, t.opened, data, sizeof(data)), RESULT_BLOCKED);
    assert_int_equal(t.streams.unacked_bytes, 10000 + 16384); /* its limit, and some beyond */
    assert_int_equal(quic_stream_room(t.opened), 0);
    struct quic_sent *sent = test_write(&t, sizeof(packet), packet, &length);
    assert_int_equal(t.sends, 0);
    test_settle_packet(&t, sent, true);
    assert_int_equal(t.sends, 1);
    assert_true(t.streams.unacked_bytes < 10000 + 16384);
    quic_stream_wait(t.opened);
    assert_int_equal(test_give_limit(&t, QUIC_FRAME_MAX_STREAM_DATA, 0, 90000), RESULT_OK);
    assert_int_equal(t.sends, 2);
    t.streams.send_target = t.streams.unacked_bytes + 5;
    assert_int_equal(quic_stream_room(t.opened), 5);
}

static void test_the_end_of_all(void **state)
{
    (void)state;
    enum quic_error error;
    struct chunk_queue queue = {0};
    assert_int_equal(test_give_data(&t, 0, 0, "abc", 3, false, &error), RESULT_OK);
    struct quic_stream *first = t.opened;
    assert_int_equal(test_give_data(&t, 4, 0, "abc", 3, true, &error), RESULT_OK);
    quic_stream_release(t.opened);
    quic_streams_fail(&t.streams);
    assert_int_equal(t.streams.count, 1); /* those that nobody holds are gone */
    assert_int_equal(quic_stream_receive(first, &queue, 10), RESULT_FAILED);
    assert_int_equal(test_put(&t, first, "x", 1), RESULT_FAILED);
    quic_stream_release(first);
    assert_int_equal(t.streams.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_and_response),
        TEST(test_reset_and_stop),
        TEST(test_room),
        TEST(test_the_end_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
