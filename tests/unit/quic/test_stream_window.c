/* SPDX-License-Identifier: Apache-2.0 */
/* Windows: credit when half is used, growth for those who use it up quickly. */
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

static const char data[TEST_WINDOW];

/* Gives and takes half a window; returns the window told then. */
static uint64_t use_half(uint64_t *offset, uint64_t elapsed_us)
{
    enum quic_error error;
    uint8_t packet[1200];
    size_t length;
    struct chunk_queue queue = {0};
    size_t half = (size_t)(t.streams.buckets[0].next == NULL ? 0 : TEST_WINDOW / 2);
    assert_int_equal(test_give_data(&t, 0, *offset, data, half, false, &error), RESULT_OK);
    *offset += half;
    t.now_us += elapsed_us;
    assert_int_equal(quic_stream_receive(t.opened, &queue, half), RESULT_OK);
    chunk_queue_clear(&queue);
    test_settle_packet(&t, test_write(&t, sizeof(packet), packet, &length), true);
    return t.opened->window;
}

static void test_credit_at_half(void **state)
{
    (void)state;
    enum quic_error error;
    struct chunk_queue queue = {0};
    assert_int_equal(test_give_data(&t, 0, 0, data, TEST_WINDOW / 2, false, &error), RESULT_OK);
    assert_int_equal(quic_stream_receive(t.opened, &queue, TEST_WINDOW / 2 - 1), RESULT_OK);
    assert_int_equal(t.opened->flags & STREAM_DUE_WINDOW, 0);
    assert_int_equal(quic_stream_receive(t.opened, &queue, 1), RESULT_OK);
    assert_int_not_equal(t.opened->flags & STREAM_DUE_WINDOW, 0);
    chunk_queue_clear(&queue);
    assert_int_equal(quic_stream_take_window(t.opened, UINT64_MAX), TEST_WINDOW * 3 / 2);
}

static void test_growth(void **state)
{
    (void)state;
    uint64_t offset = 0;
    t.streams.rtt_us = 100000;
    uint64_t slow = use_half(&offset, 1000000);
    assert_int_equal(slow, offset + TEST_WINDOW);
    uint64_t quick = use_half(&offset, 100000);
    assert_int_equal(quick, offset + 2 * TEST_WINDOW);
    t.settings.window_bytes_max = 2 * TEST_WINDOW;
    (void)use_half(&offset, 10);
    assert_int_equal(t.opened->window_bytes, 2 * TEST_WINDOW);
}

static void test_of_the_connection(void **state)
{
    (void)state;
    quic_streams_credit(&t.streams, TEST_CONNECTION_WINDOW / 2 - 1);
    assert_int_equal(t.streams.flags, 0);
    quic_streams_credit(&t.streams, 1);
    assert_int_equal(t.streams.flags, STREAMS_DUE_WINDOW);
    assert_int_equal(quic_streams_take_window(&t.streams, UINT64_MAX),
                     TEST_CONNECTION_WINDOW * 3 / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_credit_at_half),
        TEST(test_growth),
        TEST(test_of_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
