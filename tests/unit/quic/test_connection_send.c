/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams out: padding, amplification, bursts within the window, and what leaves without memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/quic_peer.h"

static struct test_quic q;

static int open_test(void **state)
{
    (void)state;
    test_quic_open(&q);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    test_quic_close(&q);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

static void put(struct quic_stream *stream, size_t bytes)
{
    static const char data[60000];
    struct chunk_queue queue = {0};
    assert_int_equal(chunk_queue_append_copy(&queue, &q.chunks, &q.account, slice_of(data, bytes)),
                     RESULT_OK);
    enum result result = quic_stream_send(stream, &queue);
    assert_true(result == RESULT_OK || result == RESULT_BLOCKED);
    chunk_queue_clear(&queue);
}

/* Opens a request stream and gives it back. */
static struct quic_stream *open_stream(void)
{
    static struct quic_stream *opened;
    TEST_QUIC_SEND(&q, QUIC_FRAME_STREAM | 2, 0, 1, 'a');
    opened = container_of(list_first(&quic_connection_streams(q.server)->buckets[0]),
                          struct quic_stream, link);
    return opened;
}

static void test_three_times_what_came(void **state)
{
    (void)state;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    size_t came = q.server->paths[0].bytes_in;
    q.drops = true;
    test_quic_receive(&q);
    test_quic_wait(&q, 5000000); /* with all its probes */
    assert_true(q.bytes_in > 1200);
    assert_true(q.bytes_in <= 3 * came);
}

static void test_initials_are_padded(void **state)
{
    (void)state;
    static uint8_t out[TEST_SEND_ROOM];
    struct quic_transmit transmit;
    assert_int_equal(test_quic_accept(&q), RESULT_OK);
    test_quic_send_crypto(&q);
    quic_connection_send(q.server, out, sizeof(out), &transmit, q.now_us);
    assert_true(transmit.segment_bytes >= QUIC_INITIAL_DATAGRAM_MIN);
    assert_int_equal(transmit.ecn, QUIC_ECN_ECT0);
}

static void test_bursts_keep_to_the_window(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 300000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    put(open_stream(), 60000);
    test_quic_receive(&q);
    const struct quic_recovery *recovery = quic_connection_recovery(q.server);
    assert_true(recovery->in_flight > 0);
    assert_true(recovery->in_flight <= recovery->cc.window);
    assert_true(q.server->pace_us != QUIC_NONE || recovery->in_flight + 1472 > recovery->cc.window);
    for (unsigned i = 0; i < 40; i++) { /* with ACKs everything leaves that the client allows */
        test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
        test_quic_receive(&q);
        test_quic_wait(&q, 20000);
    }
    assert_int_equal(quic_connection_streams(q.server)->sent, 32768);
}

static void test_probes_after_silence(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 300000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    put(open_stream(), 100);
    q.drops = true;
    size_t first = test_quic_receive(&q);
    assert_true(first > 0);
    size_t before = q.datagrams;
    test_quic_wait(&q, 3000000);
    assert_in_range(q.datagrams - before, 2, 20);
    q.drops = false;
    test_quic_wait(&q, 3000000);
    assert_true(q.count[QUIC_FRAME_STREAM] > 0); /* the data come again */
}

static void test_without_memory_only_acks_leave(void **state)
{
    (void)state;
    test_quic_connect(&q);
    test_quic_wait(&q, 300000);
    test_quic_acknowledge(&q, QUIC_SPACE_APPLICATION);
    struct quic_stream *stream = open_stream();
    put(stream, 100);
    q.account.cap = q.account.used - 50;
    unsigned before = q.count[QUIC_FRAME_STREAM];
    TEST_QUIC_SEND(&q, QUIC_FRAME_PING);
    test_quic_receive(&q);
    assert_int_equal(q.count[QUIC_FRAME_STREAM], before);
    assert_int_not_equal(q.server->starved_us, QUIC_NONE);
    q.account.cap = 0;
    test_quic_wait(&q, 20000);
    assert_true(q.count[QUIC_FRAME_STREAM] > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_three_times_what_came),          TEST(test_initials_are_padded),
        TEST(test_bursts_keep_to_the_window),      TEST(test_probes_after_silence),
        TEST(test_without_memory_only_acks_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
