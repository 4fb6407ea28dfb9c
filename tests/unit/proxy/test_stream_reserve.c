/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's set: taken whole or not at all, lent to the server's connection and taken back, and a
 * chunk that comes back makes the stream run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"
#include "proxy/stream_internal.h"
#include "support/memory.h"

#define LIMIT   (16 * MEBIBYTE)
#define BUFSIZE ((size_t)16384)

struct fixture {
    struct memory *memory;
    struct chunk_source chunks;
    struct worker worker;
    struct account account, other;
    struct connection server_connection;
    struct mux mux;
    struct mux_stream server;
    struct stream stream;
    unsigned runs;
};

static void on_work(struct event_deferred *deferred)
{
    struct stream *stream = container_of(deferred, struct stream, work);
    container_of(stream, struct fixture, stream)->runs++;
}

static void open_fixture(struct fixture *fixture, size_t limit)
{
    *fixture =
        (struct fixture){.memory = test_memory_open((struct memory_options){.limit_bytes = limit})};
    struct memory *memory = fixture->memory;
    struct worker *worker = &fixture->worker;
    test_memory_ignore_resident(memory);
    assert_int_equal(chunk_source_init(&fixture->chunks, memory, BUFSIZE, 0), RESULT_OK);
    worker->memory = memory;
    worker->ledger = memory_ledger(memory, 0);
    worker->chunks = &fixture->chunks;
    worker->transport.connections = connection_pool_create(memory);
    worker->pools.streams = pool_create(memory, "stream", sizeof(struct stream), POOL_SHARED);
    worker->pools.links = pool_create(memory, "link", sizeof(struct server_link), POOL_SHARED);
    worker->pools.h1_muxes = pool_create(memory, "mux", BUFSIZE / 32, POOL_SHARED);
    memory_set_need(memory, WAIT_STREAM, stream_set_bytes(worker));
    assert_int_equal(event_loop_create(worker->ledger, 16, &worker->loop), RESULT_OK);
    account_init(&fixture->account, worker->ledger, ACCOUNT_CLIENT, 0);
    account_init(&fixture->other, worker->ledger, ACCOUNT_CLIENT, 0);
    account_init(&fixture->server_connection.account, worker->ledger, ACCOUNT_SERVER, 0);
    fixture->mux.connection = &fixture->server_connection;
    fixture->server.mux = &fixture->mux;
    fixture->stream.worker = worker;
    fixture->stream.account = &fixture->account;
    fixture->stream.server = &fixture->server;
    event_deferred_init(&fixture->stream.work, on_work);
}

static void close_fixture(struct fixture *fixture)
{
    chunk_reserve_close(&fixture->stream.server_reserve);
    chunk_reserve_close(&fixture->stream.client_reserve);
    account_discharge(&fixture->other, fixture->other.used);
    assert_int_equal(fixture->account.used, 0);
    assert_int_equal(fixture->server_connection.account.used, 0);
    event_loop_destroy(fixture->worker.loop);
    test_memory_close(fixture->memory);
}

static void test_without_a_limit_nothing_is_set_aside(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, 0);
    assert_int_equal(stream_reserve(&fixture.stream), RESULT_OK);
    assert_int_equal(fixture.account.used, 0);
    stream_lend(&fixture.stream);
    stream_take_back(&fixture.stream);
    assert_null(fixture.server_connection.account.reserve);
    close_fixture(&fixture);
}

static void test_a_set_is_taken_whole_while_there_is_room(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, LIMIT);
    const size_t set = stream_set_bytes(&fixture.worker);
    assert_true(set > 4 * BUFSIZE && set < 6 * BUFSIZE);
    assert_int_equal(stream_reserve(&fixture.stream), RESULT_OK);
    assert_true(fixture.account.used > 4 * BUFSIZE && fixture.account.used < set);
    chunk_reserve_close(&fixture.stream.client_reserve);
    size_t step = MEBIBYTE;
    while (step > 0) {
        if (!memory_has_room(fixture.worker.ledger, WAIT_STREAM, set - 1 + step) ||
            account_charge(&fixture.other, step) != RESULT_OK) {
            step /= 2;
        }
    }
    assert_int_equal(stream_reserve(&fixture.stream), RESULT_NO_MEMORY);
    assert_int_equal(fixture.account.used, 0);
    assert_null(fixture.account.reserve);
    close_fixture(&fixture);
}

static void test_the_servers_part_is_lent_and_taken_back(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, LIMIT);
    assert_int_equal(stream_reserve(&fixture.stream), RESULT_OK);
    const size_t used = fixture.account.used;
    stream_lend(&fixture.stream);
    assert_int_equal(fixture.server_connection.account.used, 2 * BUFSIZE);
    stream_lend(&fixture.stream); /* it has one already */
    assert_int_equal(fixture.server_connection.account.used, 2 * BUFSIZE);
    stream_take_back(&fixture.stream);
    assert_int_equal(fixture.server_connection.account.used, 0);
    assert_null(fixture.server_connection.account.reserve);
    assert_int_equal(fixture.account.used, used);
    close_fixture(&fixture);
}

static void test_a_chunk_that_comes_back_runs_the_stream(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture, LIMIT);
    assert_int_equal(stream_reserve(&fixture.stream), RESULT_OK);
    stream_lend(&fixture.stream);
    struct account *accounts[] = {&fixture.account, &fixture.server_connection.account};
    for (unsigned i = 0; i < 2; i++) {
        struct chunk *chunk = chunk_reserve_take(accounts[i], CHUNK_NORMAL);
        assert_non_null(chunk);
        chunk->references = 1;
        chunk_drop(chunk);
        event_loop_turn(fixture.worker.loop, false);
        assert_int_equal(fixture.runs, i + 1);
    }
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_limit_nothing_is_set_aside),
        cmocka_unit_test(test_a_set_is_taken_whole_while_there_is_room),
        cmocka_unit_test(test_the_servers_part_is_lent_and_taken_back),
        cmocka_unit_test(test_a_chunk_that_comes_back_runs_the_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
