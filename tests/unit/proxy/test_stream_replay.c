/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping a request for another try: byte by byte the same again, within one buffer, and never with
 * chunks that the stream itself may need. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "proxy/retry.h"
#include "proxy/stream_internal.h"
#include "support/memory.h"

#define BUFSIZE    ((size_t)16384)
#define MAXREWRITE ((size_t)1024)

struct fixture {
    struct memory *memory;
    struct chunk_source chunks;
    struct worker worker;
    struct configuration configuration;
    struct proxy_settings settings;
    struct proxy backend;
    struct account account;
    struct stream stream;
    struct chunk_queue sent;
};

static void open_fixture(struct fixture *fixture, uint32_t retry_on)
{
    *fixture = (struct fixture){.memory = test_memory_open((struct memory_options){0})};
    struct memory *memory = fixture->memory;
    struct worker *worker = &fixture->worker;
    struct stream *stream = &fixture->stream;
    assert_int_equal(chunk_source_init(&fixture->chunks, memory, BUFSIZE, 0), RESULT_OK);
    worker->memory = memory;
    worker->ledger = memory_ledger(memory, 0);
    worker->chunks = &fixture->chunks;
    worker->configuration = &fixture->configuration;
    fixture->configuration.global.bufsize = BUFSIZE;
    fixture->configuration.global.maxrewrite = MAXREWRITE;
    account_init(&fixture->account, worker->ledger, ACCOUNT_CLIENT, 0);
    fixture->settings.retry_on = retry_on;
    fixture->backend.settings = &fixture->settings;
    stream->worker = worker;
    stream->account = &fixture->account;
    stream->backend = &fixture->backend;
    stream->retries_left = 3;
    stream_replay_begin(stream);
}

static void close_fixture(struct fixture *fixture)
{
    stream_replay_drop(&fixture->stream);
    chunk_queue_clear(&fixture->stream.up.queue);
    chunk_queue_clear(&fixture->sent);
    assert_int_equal(fixture->account.used, 0);
    test_memory_close(fixture->memory);
}

static void receive_bytes(struct fixture *fixture, const char *bytes, size_t length)
{
    struct stream *stream = &fixture->stream;
    assert_int_equal(chunk_queue_append_copy(&stream->up.queue, &fixture->chunks, stream->account,
                                             (struct slice){bytes, length}),
                     RESULT_OK);
}

/* What the relay does: keeps, then passes at most `bytes` on. */
static void send_on(struct fixture *fixture, size_t bytes)
{
    struct stream *stream = &fixture->stream;
    stream_replay_keep(stream);
    size_t before = stream->up.queue.bytes;
    assert_int_equal(chunk_queue_move(&fixture->sent, &stream->up.queue, bytes, stream->account),
                     RESULT_OK);
    stream->up.bytes += before - stream->up.queue.bytes;
}

static void assert_queue(const struct chunk_queue *queue, const char *text)
{
    char out[64] = "";
    assert_int_equal(chunk_queue_copy_out(queue, out, sizeof(out) - 1), strlen(text));
    assert_string_equal(out, text);
}

static void test_only_where_it_is_asked_for(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, RETRY_CONN_FAILURE);
    assert_false(fixture.stream.keeps_request);
    assert_true(stream_may_replay(&fixture.stream)); /* nothing was sent yet */
    receive_bytes(&fixture, "abc", 3);
    send_on(&fixture, 3);
    assert_int_equal(fixture.stream.replay.bytes, 0);
    assert_false(stream_may_replay(&fixture.stream));
    fixture.settings.retry_on = retry_of_status(503);
    stream_replay_begin(&fixture.stream);
    assert_true(fixture.stream.keeps_request);
    fixture.stream.settings.disable_l7_retry = true;
    stream_replay_begin(&fixture.stream);
    assert_false(fixture.stream.keeps_request);
    fixture.stream.settings.disable_l7_retry = false;
    fixture.stream.retries_left = 0;
    stream_replay_begin(&fixture.stream);
    assert_false(fixture.stream.keeps_request);
    fixture.stream.retries_left = 1;
    fixture.stream.is_tcp = true;
    stream_replay_begin(&fixture.stream);
    assert_false(fixture.stream.keeps_request);
    close_fixture(&fixture);
}

static void test_pieces_come_again_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, RETRY_EMPTY_RESPONSE);
    receive_bytes(&fixture, "one ", 4);
    send_on(&fixture, 2);
    receive_bytes(&fixture, "two ", 4);
    send_on(&fixture, 0); /* the server takes nothing: kept once all the same */
    send_on(&fixture, 5);
    receive_bytes(&fixture, "three", 5);
    assert_true(stream_may_replay(&fixture.stream));
    send_on(&fixture, 4);
    assert_queue(&fixture.stream.replay, "one two three");
    assert_queue(&fixture.stream.up.queue, "ee");
    stream_replay_restore(&fixture.stream);
    assert_queue(&fixture.stream.up.queue, "one two three");
    assert_int_equal(fixture.stream.up.bytes, 0);
    assert_int_equal(fixture.stream.replay.bytes, 0);
    send_on(&fixture, 13); /* and a third time */
    assert_queue(&fixture.stream.replay, "one two three");
    close_fixture(&fixture);
}

static void test_nothing_sent_leaves_the_queue(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, RETRY_EMPTY_RESPONSE);
    receive_bytes(&fixture, "abc", 3);
    stream_replay_restore(&fixture.stream);
    assert_queue(&fixture.stream.up.queue, "abc");
    close_fixture(&fixture);
}

static void test_one_buffer_and_no_more(void **state)
{
    (void)state;
    static char body[BUFSIZE];
    memset(body, 'x', sizeof(body));
    struct fixture fixture;
    open_fixture(&fixture, RETRY_EMPTY_RESPONSE);
    fixture.stream.request.method = SLICE("POST");
    fixture.stream.request.target = SLICE("/");
    const size_t room = BUFSIZE - MAXREWRITE - sizeof("POST/") + 1;
    receive_bytes(&fixture, body, room);
    send_on(&fixture, room);
    assert_true(stream_may_replay(&fixture.stream));
    assert_int_equal(fixture.stream.replay.bytes, room);
    receive_bytes(&fixture, body, 1);
    send_on(&fixture, 1);
    assert_false(stream_may_replay(&fixture.stream));
    assert_int_equal(fixture.stream.replay.bytes, 0);
    close_fixture(&fixture);
}

static void test_chunks_of_the_set_are_not_kept(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, RETRY_EMPTY_RESPONSE);
    receive_bytes(&fixture, "abc", 3);
    struct chunk *chunk = fixture.stream.up.queue.first->chunk;
    chunk->is_reserved = true;
    stream_replay_keep(&fixture.stream);
    chunk->is_reserved = false;
    assert_false(fixture.stream.keeps_request);
    assert_int_equal(chunk->references, 1);
    assert_true(stream_may_replay(&fixture.stream)); /* it is still here */
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_where_it_is_asked_for),
        cmocka_unit_test(test_pieces_come_again_in_order),
        cmocka_unit_test(test_nothing_sent_leaves_the_queue),
        cmocka_unit_test(test_one_buffer_and_no_more),
        cmocka_unit_test(test_chunks_of_the_set_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
