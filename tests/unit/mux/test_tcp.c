/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw TCP mux: bytes both ways, each direction's end by itself, the window, aborts.
 */
#include <signal.h>

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

struct splice_pair {
    struct test_mux from, to;
    struct splice_pool pool;
    struct splice pipe;
    size_t count;
};

static void open_pair(struct splice_pair *pair, unsigned pipes)
{
    memset(pair, 0, sizeof(*pair));
    test_mux_open(&pair->from, false, true);
    test_mux_open(&pair->to, false, true);
    splice_pool_init(&pair->pool, pipes);
}

static void close_pair(struct splice_pair *pair)
{
    splice_close(&pair->pipe);
    test_mux_close(&pair->from);
    test_mux_close(&pair->to);
    splice_pool_deinit(&pair->pool);
}

static enum result splice_pair(struct splice_pair *pair)
{
    return mux_tcp_splice(&pair->pool, &pair->pipe, pair->from.side, pair->to.side, &pair->count);
}

static void test_splicing_takes_over_from_chunks(void **state)
{
    (void)state;
    static struct splice_pair pair;
    open_pair(&pair, 1);
    test_mux_say(&pair.from, "by chunks");
    assert_int_equal(splice_pair(&pair), RESULT_FULL); /* they come first */
    assert_int_equal(test_mux_body(&pair.from, 100), RESULT_BLOCKED);
    assert_string_equal(pair.from.got, "by chunks");
    assert_int_equal(splice_pair(&pair), RESULT_BLOCKED);
    unsigned told = pair.from.receives;
    test_mux_say(&pair.from, "by the kernel");
    assert_true(pair.from.receives > told);
    assert_int_equal(pair.from.connection->account.used,
                     pair.to.connection->account.used); /* no chunk was taken */
    assert_int_equal(splice_pair(&pair), RESULT_BLOCKED);
    assert_int_equal(pair.count, 13);
    assert_string_equal(test_mux_hear(&pair.to), "by the kernel");
    assert_int_equal(pair.from.side->bytes_received, 22);
    assert_int_equal(pair.to.side->bytes_sent, 13);
    assert_null(pair.pipe.pool); /* given back while nothing is in it */
    shutdown(pair.from.peer, SHUT_WR);
    test_mux_turn(&pair.from);
    assert_int_equal(splice_pair(&pair), RESULT_END);
    close_pair(&pair);
}

static void test_what_waits_to_be_written_goes_before(void **state)
{
    (void)state;
    static struct splice_pair pair;
    open_pair(&pair, 1);
    struct chunk_queue queue = test_queue(&pair.to, "first ", 6);
    assert_int_equal(pair.to.side->mux->ops->send_body(pair.to.side, &queue), RESULT_OK);
    assert_int_equal(send(pair.from.peer, "second", 6, 0), 6);
    assert_int_equal(splice_pair(&pair), RESULT_BLOCKED);
    assert_int_equal(pair.count, 0);
    test_mux_turn(&pair.to);
    assert_int_equal(pair.to.sends, 1);
    assert_int_equal(splice_pair(&pair), RESULT_BLOCKED);
    assert_string_equal(test_mux_hear(&pair.to), "first second");
    close_pair(&pair);
}

static void test_without_pipes_there_are_chunks(void **state)
{
    (void)state;
    static struct splice_pair pair;
    open_pair(&pair, 0);
    assert_int_equal(splice_pair(&pair), RESULT_FULL);
    test_mux_say(&pair.from, "chunks");
    assert_int_equal(test_mux_body(&pair.from, 100), RESULT_BLOCKED);
    assert_string_equal(pair.from.got, "chunks");
    close_pair(&pair);
}

/* Says as much as goes in until nothing moves any more; returns how much. */
static size_t fill_up(struct splice_pair *pair)
{
    static const char BLOCK[4096] = "x";
    size_t total = 0;
    for (unsigned idle = 0; idle < 4; idle++) {
        ssize_t said = send(pair->from.peer, BLOCK, sizeof(BLOCK), MSG_DONTWAIT | MSG_NOSIGNAL);
        assert_int_equal(splice_pair(pair), RESULT_BLOCKED);
        total += said > 0 ? (size_t)said : 0;
        idle = said > 0 || pair->count > 0 ? 0 : idle;
    }
    return total;
}

static void test_a_full_receiver_holds_the_sender_back(void **state)
{
    (void)state;
    static struct splice_pair pair;
    open_pair(&pair, 1);
    size_t said = fill_up(&pair);
    assert_true(pair.pipe.held > 0);
    test_mux_turn(&pair.to);
    assert_int_equal(pair.to.sends, 0);
    unsigned told = pair.from.receives;
    test_mux_turn(&pair.from);
    assert_int_equal(pair.from.receives, told); /* it is not asked while nothing can be done */
    size_t heard = 0;
    for (unsigned i = 0; i < 1000 && heard < said; i++) {
        (void)test_mux_hear(&pair.to);
        heard += pair.to.got_bytes;
        assert_int_equal(splice_pair(&pair), RESULT_BLOCKED);
    }
    assert_int_equal(heard, said);
    assert_true(pair.to.sends > 0);
    close_pair(&pair);
}

static void test_a_receiver_that_is_gone(void **state)
{
    (void)state;
    static struct splice_pair pair;
    open_pair(&pair, 1);
    (void)fill_up(&pair);
    shutdown(pair.to.peer, SHUT_RDWR);
    close(pair.to.peer);
    pair.to.peer = dup(pair.from.peer); /* something for the end to close */
    assert_int_equal(splice_pair(&pair), RESULT_INVALID);
    assert_int_equal(pair.to.aborts, 1);
    assert_int_equal(splice_pair(&pair), RESULT_INVALID);
    close_pair(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_and_ends),
        cmocka_unit_test(test_reading_stops_at_the_window),
        cmocka_unit_test(test_the_rest_is_written_after_release),
        cmocka_unit_test(test_a_server_side_carries_one_stream),
        cmocka_unit_test(test_splicing_takes_over_from_chunks),
        cmocka_unit_test(test_what_waits_to_be_written_goes_before),
        cmocka_unit_test(test_without_pipes_there_are_chunks),
        cmocka_unit_test(test_a_full_receiver_holds_the_sender_back),
        cmocka_unit_test(test_a_receiver_that_is_gone),
    };
    signal(SIGPIPE, SIG_IGN); /* splice(2) knows no MSG_NOSIGNAL */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
