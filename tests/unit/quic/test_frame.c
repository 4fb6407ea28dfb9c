/* SPDX-License-Identifier: Apache-2.0 */
/* Frames parsed: what is malformed, which packets may carry what, ranges of ACKs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quic/frame.h"

static enum result parse(const uint8_t *bytes, size_t length, struct quic_frame *frame)
{
    const uint8_t *at = bytes;
    return quic_frame_parse(&at, bytes + length, frame);
}

#define PARSE(frame, ...) \
    parse((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), frame)

static void test_malformed(void **state)
{
    (void)state;
    struct quic_frame f;
    assert_int_equal(PARSE(&f, 0x40, 0x01), RESULT_INVALID);             /* type not shortest */
    assert_int_equal(PARSE(&f, 0x21), RESULT_INVALID);                   /* unknown */
    assert_int_equal(PARSE(&f, 0x02, 5, 0, 0, 6), RESULT_INVALID);       /* ACK below zero */
    assert_int_equal(PARSE(&f, 0x02, 5, 0, 1, 2, 2, 0), RESULT_INVALID); /* second range too */
    assert_int_equal(PARSE(&f, 0x07, 0), RESULT_INVALID);                /* empty NEW_TOKEN */
    assert_int_equal(PARSE(&f, 0x06, 0, 5, 1), RESULT_INVALID);          /* CRYPTO cut */
    assert_int_equal(PARSE(&f, 0x18, 1, 0, 0), RESULT_INVALID);          /* id of no length */
    assert_int_equal(PARSE(&f, 0x18, 0, 1, 1, 9), RESULT_INVALID);       /* retires beyond itself */
    assert_int_equal(PARSE(&f, 0x12, 0xd0, 0, 0, 0, 0, 0, 0, 1), RESULT_INVALID); /* > 2^60 */
    assert_int_equal(PARSE(&f, 0x0e, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 7),
                     RESULT_INVALID);                           /* ends beyond 2^62-1 */
    assert_int_equal(PARSE(&f, 0x1a, 1, 2, 3), RESULT_INVALID); /* PATH_CHALLENGE cut */
}

static void test_stream_forms(void **state)
{
    (void)state;
    struct quic_frame f;
    assert_int_equal(PARSE(&f, 0x08, 4, 'a', 'b'), RESULT_OK); /* to the packet's end */
    assert_true(slice_equal(f.stream.data, SLICE("ab")));
    assert_int_equal(f.stream.offset, 0);
    assert_false(f.stream.is_final);
    assert_int_equal(PARSE(&f, 0x0f, 4, 7, 1, 'a', 'b'), RESULT_OK);
    assert_true(slice_equal(f.stream.data, SLICE("a")));
    assert_int_equal(f.stream.offset, 7);
    assert_true(f.stream.is_final);
    assert_int_equal(f.type, QUIC_FRAME_STREAM);
}

static void test_ack_ranges(void **state)
{
    (void)state;
    struct quic_frame f;
    struct quic_range range;
    struct quic_ack_cursor cursor = {0};
    /* 100..98, 95..95, 92..90; ECN 1 2 3 */
    assert_int_equal(PARSE(&f, 0x03, 0x40, 100, 9, 2, 2, 1, 0, 1, 2, 1, 2, 3), RESULT_OK);
    assert_true(f.ack.has_ecn);
    assert_int_equal(f.ack.ce, 3);
    static const struct quic_range wanted[] = {{98, 100}, {95, 95}, {90, 92}};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(quic_ack_next(&f, &cursor, &range));
        assert_int_equal(range.first, wanted[i].first);
        assert_int_equal(range.last, wanted[i].last);
    }
    assert_false(quic_ack_next(&f, &cursor, &range));
}

static void test_padding_is_one_frame(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 0, 0, 1};
    const uint8_t *at = bytes;
    struct quic_frame f;
    assert_int_equal(quic_frame_parse(&at, bytes + sizeof(bytes), &f), RESULT_OK);
    assert_int_equal(f.type, QUIC_FRAME_PADDING);
    assert_ptr_equal(at, bytes + 3);
}

static void test_where_frames_may_stand(void **state)
{
    (void)state;
    assert_true(quic_frame_is_allowed(QUIC_FRAME_CRYPTO, QUIC_PACKET_INITIAL));
    assert_false(quic_frame_is_allowed(QUIC_FRAME_CRYPTO, QUIC_PACKET_ZERO_RTT));
    assert_false(quic_frame_is_allowed(QUIC_FRAME_STREAM, QUIC_PACKET_HANDSHAKE));
    assert_true(quic_frame_is_allowed(QUIC_FRAME_STREAM, QUIC_PACKET_ZERO_RTT));
    assert_false(quic_frame_is_allowed(QUIC_FRAME_PATH_RESPONSE, QUIC_PACKET_ZERO_RTT));
    assert_true(quic_frame_is_allowed(QUIC_FRAME_PATH_RESPONSE, QUIC_PACKET_ONE_RTT));
    assert_false(
        quic_frame_is_allowed(QUIC_FRAME_CONNECTION_CLOSE_APPLICATION, QUIC_PACKET_INITIAL));
    assert_false(quic_frame_elicits_ack(QUIC_FRAME_ACK));
    assert_false(quic_frame_elicits_ack(QUIC_FRAME_CONNECTION_CLOSE));
    assert_true(quic_frame_elicits_ack(QUIC_FRAME_PING));
    assert_true(quic_frame_is_probing(QUIC_FRAME_PATH_CHALLENGE));
    assert_false(quic_frame_is_probing(QUIC_FRAME_PING));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_stream_forms),
        cmocka_unit_test(test_ack_ranges),
        cmocka_unit_test(test_padding_is_one_frame),
        cmocka_unit_test(test_where_frames_may_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
