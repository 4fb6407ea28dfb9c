/* SPDX-License-Identifier: Apache-2.0 */
/* Responses sent: heads, bodies of known and unknown length, trailers, what is too little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/h3.h"

TEST_H3_FIXTURE

static char got[70000];
static size_t got_bytes;

static enum result respond(enum http_body body, uint64_t length)
{
    struct mux_refusal refusal;
    test_h3_get(&t, 0);
    assert_int_equal(t.mux->ops->receive_head(t.side, &t.message, &refusal), RESULT_OK);
    http_message_clear(&t.message);
    t.message.is_response = true;
    t.message.status = 200;
    t.message.body = body;
    t.message.content_length = length;
    got_bytes = 0;
    return t.mux->ops->send_head(t.side, &t.message);
}

static enum result put(const char *data, size_t bytes)
{
    struct chunk_queue queue = {0};
    struct account *account = &t.net.owner.connection->account;
    assert_int_equal(
        chunk_queue_append_copy(&queue, &t.net.base.chunks, account, slice_of(data, bytes)),
        RESULT_OK);
    enum result result = t.mux->ops->send_body(t.side, &queue);
    got_bytes += bytes - queue.bytes;
    chunk_queue_clear(&queue);
    return result;
}

/* The stream's bytes so far, out of what QUIC holds for it. */
static size_t collect(void)
{
    const struct h3_stream *stream = h3_stream_of(t.side);
    return chunk_queue_copy_out(&stream->quic->output.queue, got, sizeof(got));
}

static void test_known_length(void **state)
{
    (void)state;
    t.net.q.drops = true; /* nothing is acknowledged: all of it stays to be looked at */
    assert_int_equal(respond(HTTP_BODY_LENGTH, 10), RESULT_OK);
    assert_int_equal(put("01234", 5), RESULT_OK);
    assert_int_equal(t.mux->ops->send_end(t.side, NULL), RESULT_FAILED); /* five are missing */
    assert_int_equal(put("56789", 5), RESULT_OK);
    assert_int_equal(t.mux->ops->send_end(t.side, NULL), RESULT_OK);
    size_t bytes = collect();
    assert_memory_equal(got + bytes - 12,
                        "\x00\x0a"
                        "0123456789",
                        12); /* one DATA frame */
    assert_int_equal(put("x", 1), RESULT_FAILED);
}

static void test_unknown_length(void **state)
{
    (void)state;
    t.net.q.drops = true;
    assert_int_equal(respond(HTTP_BODY_CHUNKED, 0), RESULT_OK);
    assert_int_equal(put("ab", 2), RESULT_OK);
    assert_int_equal(put("cde", 3), RESULT_OK);
    struct http_fields trailers;
    struct arena arena;
    arena_init(&arena, &t.net.base.chunks, &t.net.owner.connection->account, 16384);
    http_fields_init(&trailers, &arena, 4);
    assert_int_equal(http_fields_append(&trailers, SLICE("x-t"), SLICE("1")), RESULT_OK);
    assert_int_equal(t.mux->ops->send_end(t.side, &trailers), RESULT_OK);
    arena_clear(&arena);
    size_t bytes = collect();
    size_t at = 0;
    while (at < bytes && got[at] != HTTP3_DATA) {
        at += 2 + (size_t)got[at + 1];
    }
    assert_memory_equal(got + at,
                        "\x00\x02"
                        "ab\x00\x03"
                        "cde\x01",
                        10);
    assert_true(h3_stream_of(t.side)->quic->output.has_fin);
}

static void test_interim_responses(void **state)
{
    (void)state;
    struct mux_refusal refusal;
    test_h3_get(&t, 0);
    assert_int_equal(t.mux->ops->receive_head(t.side, &t.message, &refusal), RESULT_OK);
    http_message_clear(&t.message);
    t.message.is_response = true;
    t.message.status = 103;
    assert_int_equal(t.mux->ops->send_head(t.side, &t.message), RESULT_OK);
    t.message.status = 200;
    t.message.body = HTTP_BODY_NONE;
    assert_int_equal(t.mux->ops->send_head(t.side, &t.message), RESULT_OK);
    assert_int_equal(t.mux->ops->send_head(t.side, &t.message), RESULT_FAILED);
}

static void test_blocked_and_on(void **state)
{
    (void)state;
    static char data[60000];
    assert_int_equal(respond(HTTP_BODY_LENGTH, sizeof(data)), RESULT_OK);
    assert_int_equal(put(data, sizeof(data)), RESULT_BLOCKED);
    size_t first = got_bytes;
    assert_true(first > 10000 && first < sizeof(data));
    for (unsigned i = 0; i < 60 && t.sends == 0; i++) {
        test_net_turn(&t.net);
        test_quic_acknowledge(&t.net.q, QUIC_SPACE_APPLICATION);
        test_net_turn(&t.net);
        usleep(2000);
    }
    assert_true(t.sends > 0);
    TEST_QUIC_SEND(&t.net.q, QUIC_FRAME_MAX_STREAM_DATA, 0, 0x80, 0x01, 0x00, 0x00);
    test_net_turn(&t.net);
    assert_true(put(data, sizeof(data) - first) != RESULT_FAILED);
    assert_true(got_bytes > first);
}

static void test_let_go_before_the_end(void **state)
{
    (void)state;
    assert_int_equal(respond(HTTP_BODY_LENGTH, 10), RESULT_OK);
    t.mux->ops->release(t.side, true);
    test_net_turn(&t.net);
    assert_int_equal(t.net.q.last[QUIC_FRAME_RESET_STREAM].reset.code, HTTP3_INTERNAL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_known_length),   TEST(test_unknown_length),        TEST(test_interim_responses),
        TEST(test_blocked_and_on), TEST(test_let_go_before_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
