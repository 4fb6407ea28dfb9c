/* SPDX-License-Identifier: Apache-2.0 */
/* Requests received: in pieces, with bodies and trailers, malformed, too large, cut short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/h3.h"

TEST_H3_FIXTURE

static struct mux_refusal refusal;

static enum result head(void)
{
    return t.mux->ops->receive_head(t.side, &t.message, &refusal);
}

/* Sends a POST's head; returns where its body begins. */
static uint64_t post(void)
{
    char request[600];
    size_t bytes = test_h3_request(request, sizeof(request), "POST", "/up");
    test_h3_give(&t, 0, 0, request, bytes, false);
    assert_int_equal(head(), RESULT_OK);
    return bytes;
}

static void test_a_byte_at_a_time(void **state)
{
    (void)state;
    char request[600];
    size_t bytes = test_h3_request(request, sizeof(request), "GET", "/slow");
    for (size_t i = 0; i < bytes; i++) {
        assert_int_equal(t.offered, 0);
        test_h3_give(&t, 0, i, request + i, 1, i + 1 == bytes);
    }
    assert_int_equal(t.offered, 1);
    assert_int_equal(head(), RESULT_OK);
    assert_true(slice_equal(t.message.path, SLICE("/slow")));
    assert_int_equal(t.message.body, HTTP_BODY_NONE);
}

static void test_body_and_trailers(void **state)
{
    (void)state;
    struct chunk_queue queue = {0};
    char out[64];
    uint64_t at = post();
    assert_int_equal(t.mux->ops->receive_body(t.side, &queue, 100), RESULT_BLOCKED);
    test_h3_give(&t, 0, at, "\x00\x05hello\x21\x02xx\x00\x01!", 14, false);
    assert_true(t.receives > 0);
    assert_int_equal(t.mux->ops->receive_body(t.side, &queue, 3), RESULT_OK);
    assert_int_equal(queue.bytes, 3);
    assert_int_equal(t.mux->ops->receive_body(t.side, &queue, 100), RESULT_OK);
    assert_int_equal(chunk_queue_copy_out(&queue, out, sizeof(out)), 6);
    assert_memory_equal(out, "hello!", 6);
    chunk_queue_clear(&queue);
    test_h3_give(&t, 0, at + 14, "\x01\x09\x00\x00\x23x-a\x02ok", 11, true);
    assert_int_equal(t.mux->ops->receive_body(t.side, &queue, 100), RESULT_END);
    const struct http_fields *trailers = t.mux->ops->trailers(t.side);
    assert_non_null(trailers);
    assert_true(slice_equal(trailers->entries[0].value, SLICE("ok")));
}

static void test_malformed_head(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "\x01\x03\x00\x00\xd1", 5, true); /* :method alone */
    assert_int_equal(t.offered, 1);
    assert_int_equal(head(), RESULT_INVALID);
    assert_int_equal(refusal.status, 400);
    assert_int_equal(refusal.cause, MUX_ABORT_MALFORMED);
}

static void test_too_large_a_head(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "\x01\x80\x01\x00\x00", 5, false); /* announces 64 KiB */
    assert_int_equal(t.offered, 1);
    assert_int_equal(head(), RESULT_INVALID);
    assert_int_equal(refusal.status, 431);
}

static void test_undecodable(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "\x01\x03\x00\x00\x80", 5, true);
    assert_int_equal(head(), RESULT_FAILED);
    test_net_turn(&t.net);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_QPACK_DECOMPRESSION_FAILED);
}

static void test_data_first(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "\x00\x01x", 3, false);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_FRAME_UNEXPECTED);
}

static void test_settings_on_a_request(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "\x04\x00", 2, false);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_FRAME_UNEXPECTED);
}

static void test_cut_frame(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "\x01\x20xyz", 5, true);
    assert_int_equal(test_h3_closed_with(&t), HTTP3_FRAME_ERROR);
}

static void test_nothing_at_all(void **state)
{
    (void)state;
    test_h3_give(&t, 0, 0, "", 0, true);
    assert_int_equal(t.offered, 0);
    assert_int_equal(t.net.q.last[QUIC_FRAME_RESET_STREAM].reset.code, HTTP3_REQUEST_INCOMPLETE);
    assert_int_equal(test_h3_closed_with(&t), 0);
}

static void test_a_body_cut_short(void **state)
{
    (void)state;
    struct chunk_queue queue = {0};
    uint64_t at = post();
    test_h3_give(&t, 0, at, "\x00\x05hel", 5, true);
    (void)t.mux->ops->receive_body(t.side, &queue, 100);
    chunk_queue_clear(&queue);
    assert_int_equal(t.mux->ops->receive_body(t.side, &queue, 100), RESULT_FAILED);
}

static void test_reset(void **state)
{
    (void)state;
    struct chunk_queue queue = {0};
    (void)post();
    TEST_QUIC_SEND(&t.net.q, QUIC_FRAME_RESET_STREAM, 0, 0x41, 0x0c, 0x44, 0);
    test_net_turn(&t.net);
    assert_int_equal(t.aborts, 1);
    assert_int_equal(t.mux->ops->receive_body(t.side, &queue, 100), RESULT_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_byte_at_a_time),
        TEST(test_body_and_trailers),
        TEST(test_malformed_head),
        TEST(test_too_large_a_head),
        TEST(test_undecodable),
        TEST(test_data_first),
        TEST(test_cut_frame),
        TEST(test_settings_on_a_request),
        TEST(test_nothing_at_all),
        TEST(test_a_body_cut_short),
        TEST(test_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
