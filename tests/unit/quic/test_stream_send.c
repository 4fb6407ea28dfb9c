/* SPDX-License-Identifier: Apache-2.0 */
/* Which stream sends next (RFC 9218), limits of the peer, and frames that were lost. */
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

static struct quic_stream *open_with(uint64_t id, size_t bytes)
{
    static const char data[8000];
    enum quic_error error;
    assert_int_equal(test_give_data(&t, id, 0, "a", 1, true, &error), RESULT_OK);
    assert_int_equal(test_put(&t, t.opened, data, bytes), RESULT_OK);
    return t.opened;
}

/* Writes a packet; returns the streams of its STREAM frames as a string of digits. */
static const char *write_order(size_t room)
{
    static char order[64];
    uint8_t packet[4096];
    size_t length, count = 0;
    struct quic_sent *sent = test_write(&t, room, packet, &length);
    const uint8_t *at = packet;
    while (at < packet + length) {
        struct quic_frame frame;
        assert_int_equal(quic_frame_parse(&at, packet + length, &frame), RESULT_OK);
        if (frame.type == QUIC_FRAME_STREAM) {
            order[count++] = (char)('0' + frame.stream.stream_id / 4);
        }
    }
    order[count] = '\0';
    test_settle_packet(&t, sent, true);
    return order;
}

static void test_in_order_of_ids(void **state)
{
    (void)state;
    open_with(4, 500);
    open_with(0, 500);
    open_with(8, 500);
    assert_string_equal(write_order(600), "01");
    assert_string_equal(write_order(2000), "12");
    assert_string_equal(write_order(2000), "");
}

static void test_urgency(void **state)
{
    (void)state;
    open_with(0, 500);
    struct quic_stream *urgent = open_with(4, 500);
    quic_stream_set_priority(urgent, 1, false);
    assert_string_equal(write_order(400), "1");
    assert_string_equal(write_order(2000), "10");
}

static void test_incremental(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        quic_stream_set_priority(open_with(4 * i, 2000), 3, true);
    }
    assert_string_equal(write_order(1000), "0");
    assert_string_equal(write_order(1000), "1");
    assert_string_equal(write_order(1000), "2");
    assert_string_equal(write_order(1000), "0");
}

static void test_limit_of_the_connection(void **state)
{
    (void)state;
    t.streams.limit = 700;
    open_with(0, 500);
    open_with(4, 500);
    assert_string_equal(write_order(4000), "01");
    assert_int_equal(t.streams.sent, 700);
    assert_false(quic_streams_has_pending(&t.streams));
    assert_int_equal(test_give_limit(&t, QUIC_FRAME_MAX_DATA, 0, 5000), RESULT_OK);
    assert_true(quic_streams_has_pending(&t.streams));
    assert_string_equal(write_order(4000), "1");
}

static void test_lost_goes_first(void **state)
{
    (void)state;
    uint8_t packet[600];
    size_t length;
    struct quic_stream *stream = open_with(0, 1500);
    quic_stream_finish(stream);
    struct quic_sent *first = test_write(&t, sizeof(packet), packet, &length);
    struct quic_sent *second = test_write(&t, sizeof(packet), packet, &length);
    test_settle_packet(&t, first, false);
    test_settle_packet(&t, second, true);
    assert_int_equal(stream->output.base, 0);
    struct quic_sent *third = test_write(&t, sizeof(packet), packet, &length);
    struct quic_frame frame;
    const uint8_t *at = packet;
    assert_int_equal(quic_frame_parse(&at, packet + length, &frame), RESULT_OK);
    assert_int_equal(frame.stream.offset, 0);
    test_settle_packet(&t, third, true);
    while (!quic_output_is_done(&stream->output)) {
        assert_string_equal(write_order(600), "0");
    }
}

static void test_lost_control_frames_are_due_again(void **state)
{
    (void)state;
    uint8_t packet[600];
    size_t length;
    struct quic_stream *stream = open_with(0, 10);
    quic_stream_reset(stream, 3);
    t.streams.flags |= STREAMS_DUE_WINDOW;
    struct quic_sent *sent = test_write(&t, sizeof(packet), packet, &length);
    assert_false(quic_streams_has_pending(&t.streams));
    test_settle_packet(&t, sent, false);
    assert_true(quic_streams_has_pending(&t.streams));
    assert_int_equal(t.streams.flags, STREAMS_DUE_WINDOW);
    assert_int_not_equal(stream->flags & STREAM_DUE_RESET, 0);
}

static void test_without_memory_for_records(void **state)
{
    (void)state;
    uint8_t packet[600];
    size_t length;
    open_with(0, 10);
    open_with(4, 10);
    struct quic_sent *sent = NULL;
    assert_int_equal(quic_sent_take(&t.recovery, &sent), RESULT_OK);
    t.account.cap = t.account.used;
    uint8_t *end = quic_streams_write(&t.streams, &t.recovery, sent, packet,
                                      packet + sizeof(packet), true, t.now_us);
    length = (size_t)(end - packet);
    t.account.cap = 0;
    const uint8_t *at = packet;
    struct quic_frame frame;
    assert_int_equal(quic_frame_parse(&at, packet + length, &frame), RESULT_OK);
    assert_ptr_equal(at, packet + length); /* the second one waits */
    assert_true(quic_streams_has_pending(&t.streams));
    test_settle_packet(&t, sent, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_order_of_ids),
        TEST(test_urgency),
        TEST(test_incremental),
        TEST(test_limit_of_the_connection),
        TEST(test_lost_goes_first),
        TEST(test_lost_control_frames_are_due_again),
        TEST(test_without_memory_for_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
