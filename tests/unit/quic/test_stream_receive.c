/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of streams judged (RFC 9000 4.1, 4.5, 19) and refused without a trace where there is no
 * memory. */
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

static char data[TEST_CONNECTION_WINDOW * 2];

static void assert_wrong(enum result result, const enum quic_error *error, enum quic_error wanted)
{
    assert_int_equal(result, RESULT_INVALID);
    assert_int_equal(*error, wanted);
}

static void test_flow_control(void **state)
{
    (void)state;
    enum quic_error error;
    assert_wrong(test_give_data(&t, 0, 0, data, TEST_WINDOW + 1, false, &error), &error,
                 QUIC_FLOW_CONTROL_ERROR);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(test_give_data(&t, 4 * i, 0, data, TEST_WINDOW, false, &error), RESULT_OK);
    }
    assert_wrong(test_give_data(&t, 8, 0, data, 1, false, &error), &error,
                 QUIC_FLOW_CONTROL_ERROR); /* the connection's window is full */
}

static void test_final_sizes(void **state)
{
    (void)state;
    enum quic_error error;
    assert_int_equal(test_give_data(&t, 0, 0, data, 10, true, &error), RESULT_OK);
    assert_wrong(test_give_data(&t, 0, 5, data, 10, false, &error), &error, QUIC_FINAL_SIZE_ERROR);
    assert_wrong(test_give_data(&t, 0, 0, data, 5, true, &error), &error, QUIC_FINAL_SIZE_ERROR);
    assert_int_equal(test_give_data(&t, 0, 3, data, 7, true, &error), RESULT_OK);
    const struct quic_frame reset = {.type = QUIC_FRAME_RESET_STREAM,
                                     .reset = {.stream_id = 0, .final_size = 11}};
    assert_wrong(test_give(&t, &reset, &error), &error, QUIC_FINAL_SIZE_ERROR);
    assert_int_equal(test_give_data(&t, 4, 0, data, 10, false, &error), RESULT_OK);
    assert_wrong(test_give_data(&t, 4, 0, data, 5, true, &error), &error, QUIC_FINAL_SIZE_ERROR);
}

static void test_wrong_directions(void **state)
{
    (void)state;
    enum quic_error error;
    struct quic_stream *own;
    assert_int_equal(quic_stream_open(&t.streams, &t, &own), RESULT_OK);
    assert_wrong(test_give_data(&t, own->id, 0, data, 1, false, &error), &error,
                 QUIC_STREAM_STATE_ERROR);
    const struct quic_frame stop = {.type = QUIC_FRAME_STOP_SENDING, .reset = {.stream_id = 2}};
    assert_wrong(test_give(&t, &stop, &error), &error, QUIC_STREAM_STATE_ERROR);
    assert_int_equal(test_give_limit(&t, QUIC_FRAME_MAX_STREAM_DATA, 2, 5), RESULT_INVALID);
    assert_int_equal(test_give_limit(&t, QUIC_FRAME_MAX_STREAM_DATA, own->id, 5), RESULT_OK);
    assert_int_equal(test_give_limit(&t, QUIC_FRAME_STREAM_DATA_BLOCKED, own->id, 5),
                     RESULT_INVALID);
}

static void test_reset_by_the_peer(void **state)
{
    (void)state;
    enum quic_error error;
    struct chunk_queue queue = {0};
    assert_int_equal(test_give_data(&t, 0, 5, data, 10, false, &error), RESULT_OK);
    const struct quic_frame reset = {.type = QUIC_FRAME_RESET_STREAM,
                                     .reset = {.stream_id = 0, .code = 9, .final_size = 100}};
    unsigned before = t.receives;
    assert_int_equal(test_give(&t, &reset, &error), RESULT_OK);
    assert_int_equal(t.receives, before + 1);
    assert_int_equal(quic_stream_receive(t.opened, &queue, 10), RESULT_FAILED);
    assert_int_equal(t.opened->reset_code, 9);
    assert_int_equal(t.streams.received, 100);
    assert_int_equal(t.streams.taken, 100);
    assert_int_equal(test_give(&t, &reset, &error), RESULT_OK); /* the same again */
    assert_int_equal(t.streams.received, 100);
}

static void test_stop_by_the_peer(void **state)
{
    (void)state;
    enum quic_error error;
    assert_int_equal(test_give_data(&t, 0, 0, data, 10, true, &error), RESULT_OK);
    assert_int_equal(test_put(&t, t.opened, "abc", 3), RESULT_OK);
    const struct quic_frame stop = {.type = QUIC_FRAME_STOP_SENDING,
                                    .reset = {.stream_id = 0, .code = 5}};
    assert_int_equal(test_give(&t, &stop, &error), RESULT_OK);
    assert_int_equal(t.stops, 1);
    assert_int_equal(t.opened->send_reset_code, 5);
    assert_int_equal(test_put(&t, t.opened, "abc", 3), RESULT_FAILED);
}

static void test_without_memory(void **state)
{
    (void)state;
    enum quic_error error;
    t.account.cap = 1;
    assert_int_equal(test_give_data(&t, 0, 0, data, 10, true, &error), RESULT_NO_MEMORY);
    t.account.cap = 0;
    assert_int_equal(t.account.used, 0);
    assert_int_equal(t.streams.streams_opened[0], 0);
    assert_int_equal(t.opens, 0);
    assert_int_equal(test_give_data(&t, 0, 0, data, 10, true, &error), RESULT_OK);
    assert_int_equal(t.opens, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_flow_control),      TEST(test_final_sizes),      TEST(test_wrong_directions),
        TEST(test_reset_by_the_peer), TEST(test_stop_by_the_peer), TEST(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
