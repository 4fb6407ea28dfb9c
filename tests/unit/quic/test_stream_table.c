/* SPDX-License-Identifier: Apache-2.0 */
/* Which streams there are: limits, order of opening, credit for those that are over. */
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

static void test_limits_and_order(void **state)
{
    (void)state;
    enum quic_error error;
    assert_int_equal(test_give_data(&t, 4 * 10, 0, "a", 1, false, &error), RESULT_INVALID);
    assert_int_equal(error, QUIC_STREAM_LIMIT_ERROR);
    assert_int_equal(test_give_data(&t, 4 * 3, 0, "a", 1, false, &error), RESULT_OK);
    assert_int_equal(t.streams.streams_opened[0], 4); /* the lower ones are open, too */
    assert_int_equal(t.streams.count, 1);
    assert_null(quic_streams_find(&t.streams, 4));
    assert_int_equal(test_give_data(&t, 4, 0, "a", 1, false, &error), RESULT_OK);
    assert_non_null(quic_streams_find(&t.streams, 4));
    assert_int_equal(quic_streams_judge_id(&t.streams, 0, &error), RESULT_OK);
    assert_int_equal(quic_streams_judge_id(&t.streams, 1, &error), RESULT_INVALID);
    assert_int_equal(error, QUIC_STREAM_STATE_ERROR);
    assert_int_equal(quic_streams_judge_id(&t.streams, 2 + 4 * QUIC_UNI_STREAMS_MAX, &error),
                     RESULT_INVALID);
}

static void test_credit_for_more(void **state)
{
    (void)state;
    enum quic_error error;
    uint8_t packet[1200];
    size_t length;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(test_give_data(&t, 4 * i, 0, "a", 1, true, &error), RESULT_OK);
        quic_stream_drop(t.opened, 1);
        quic_stream_finish(t.opened);
        quic_stream_release(t.opened);
    }
    test_settle_packet(&t, test_write(&t, sizeof(packet), packet, &length), true);
    assert_int_equal(t.streams.count, 0);
    assert_int_equal(t.streams.streams_closed[0], 5);
    struct quic_sent *sent = test_write(&t, sizeof(packet), packet, &length);
    struct quic_frame frame;
    const uint8_t *at = packet;
    assert_int_equal(quic_frame_parse(&at, packet + length, &frame), RESULT_OK);
    assert_int_equal(frame.type, QUIC_FRAME_MAX_STREAMS_BIDI);
    assert_int_equal(frame.limit.value, 15);
    test_settle_packet(&t, sent, true);
    assert_int_equal(test_give_data(&t, 0, 0, "a", 1, true, &error), RESULT_OK); /* it is over */
    assert_int_equal(t.streams.count, 0);
}

static void test_our_own(void **state)
{
    (void)state;
    struct quic_stream *stream;
    uint8_t packet[1200];
    size_t length;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(quic_stream_open(&t.streams, &t, &stream), RESULT_OK);
        assert_int_equal(stream->id, 3 + 4 * i);
        assert_false(quic_stream_is_bidirectional(stream));
    }
    assert_int_equal(quic_stream_open(&t.streams, &t, &stream), RESULT_FULL);
    assert_int_equal(test_give_limit(&t, QUIC_FRAME_MAX_STREAMS_UNI, 0, 4), RESULT_OK);
    t.account.cap = t.account.used;
    assert_int_equal(quic_stream_open(&t.streams, &t, &stream), RESULT_NO_MEMORY);
    t.account.cap = 0;
    assert_int_equal(quic_stream_open(&t.streams, &t, &stream), RESULT_OK);
    quic_stream_finish(stream);
    quic_stream_release(stream);
    test_settle_packet(&t, test_write(&t, sizeof(packet), packet, &length), true);
    assert_int_equal(t.streams.count, 3);
}

static void test_too_many_gaps(void **state)
{
    (void)state;
    enum quic_error error;
    t.streams.streams_max[0] = 1000;
    enum result result = RESULT_OK;
    unsigned i = 0;
    for (; i < 100 && result == RESULT_OK; i++) { /* each second one */
        result = test_give_data(&t, 4 * (2 * i + 1), 0, "a", 1, false, &error);
    }
    assert_int_equal(result, RESULT_FULL); /* the packet waits; nothing is wrong */
    for (unsigned k = 0; k < i; k++) {     /* the gaps fill, and it gets on */
        assert_int_equal(test_give_data(&t, 8 * k, 0, "a", 1, false, &error), RESULT_OK);
    }
    assert_int_equal(test_give_data(&t, 4 * (2 * i - 1), 0, "a", 1, false, &error), RESULT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_limits_and_order),
        TEST(test_credit_for_more),
        TEST(test_our_own),
        TEST(test_too_many_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
