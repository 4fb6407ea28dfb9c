/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw TCP mux: bytes both ways, each direction's end by itself, the window, aborts.
 */
#include "support/mux.h"

static void test_bytes_and_ends(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, false, true);
    assert_int_equal(test.offered, 1); /* a client's stream is there from the start */
    test_mux_say(&test, "hello");
    assert_int_equal(test_mux_body(&test, 3), RESULT_OK);
    assert_string_equal(test.got, "hel");
    assert_int_equal(test_mux_body(&test, 100), RESULT_BLOCKED);
    assert_string_equal(test.got, "lo");
    struct chunk_queue queue = test_queue(&test, "world", 5);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &queue), RESULT_OK);
    assert_string_equal(test_mux_hear(&test), "world");
    assert_false(test_mux_has_ended(&test));
    assert_int_equal(test.side->mux->ops->send_end(test.side, NULL), RESULT_OK);
    assert_true(test_mux_has_ended(&test));
    test_mux_say(&test, "still heard");
    assert_int_equal(test_mux_body(&test, 100), RESULT_BLOCKED);
    assert_string_equal(test.got, "still heard");
    shutdown(test.peer, SHUT_WR);
    test_mux_turn(&test);
    assert_int_equal(test_mux_body(&test, 100), RESULT_END);
    test_mux_close(&test);
}

static void test_reading_stops_at_the_window(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, false, true);
    static char bytes[TEST_WINDOW_BYTES * 8];
    memset(bytes, 'x', sizeof(bytes) - 1);
    test_mux_say(&test, bytes);
    size_t used = test.connection->account.used;
    assert_true(used < (size_t)TEST_CHUNK_BYTES * 2 + TEST_WINDOW_BYTES);
    size_t total = 0;
    for (unsigned i = 0; i < 64 && total < sizeof(bytes) - 1; i++) {
        (void)!test_mux_body(&test, sizeof(bytes));
        total += test.got_bytes;
        test_mux_turn(&test);
    }
    assert_int_equal(total, sizeof(bytes) - 1);
    test_mux_close(&test);
}

static void test_the_rest_is_written_after_release(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, false, true);
    struct chunk_queue queue = test_queue(&test, "last words", 10);
    assert_int_equal(test.side->mux->ops->send_body(test.side, &queue), RESULT_OK);
    test.side->mux->ops->release(test.side, false);
    test.side = NULL;
    assert_string_equal(test_mux_hear(&test), "last words");
    assert_true(test_mux_has_ended(&test));
    test_mux_close(&test);
}

static void test_a_server_side_carries_one_stream(void **state)
{
    (void)state;
    struct test_mux test;
    test_mux_open(&test, false, false);
    assert_true(test.mux->ops->is_available(test.mux));
    assert_int_equal(test.mux->ops->open(test.mux, &TEST_STREAM_EVENTS, &test, &test.side),
                     RESULT_OK);
    struct mux_stream *second = NULL;
    assert_int_equal(test.mux->ops->open(test.mux, &TEST_STREAM_EVENTS, &test, &second),
                     RESULT_FULL);
    test.mux->ops->destroy(test.mux, MUX_ABORT_SHUTDOWN);
    assert_int_equal(test.abort, MUX_ABORT_SHUTDOWN);
    test_mux_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_ends),
        cmocka_unit_test(test_reading_stops_at_the_window),
        cmocka_unit_test(test_the_rest_is_written_after_release),
        cmocka_unit_test(test_a_server_side_carries_one_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
