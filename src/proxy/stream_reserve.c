/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's set: the chunks with which it can receive, send and answer in both directions even
 * when nothing else is left (DESIGN 3.3). It is taken whole before the stream begins, or the
 * request waits; a part is lent to the server's connection as long as the stream has one. What the
 * set bounds is how many streams run at once under a limit; without a limit there is none.
 */
#include "memory/pool.h"
#include "proxy/stream_internal.h"

/* Chunks of a set. The small ones are the first blocks of two messages and two arenas; the normal
 * ones a head to send and a window to receive, each way. */
enum { CLIENT_SMALL = 4, CLIENT_NORMAL = 2, SERVER_NORMAL = 2 };

static const unsigned set_counts[CHUNK_KINDS] = {
    [CHUNK_SMALL] = CLIENT_SMALL,
    [CHUNK_NORMAL] = CLIENT_NORMAL + SERVER_NORMAL,
    [CHUNK_LARGE] = 0,
};

size_t stream_set_bytes(const struct worker *worker)
{
    const struct proxy_pools *pools = &worker->pools;
    size_t bytes = pool_object_bytes(pools->streams) + pool_object_bytes(pools->links) +
                   pool_object_bytes(pools->h1_muxes) +
                   pool_object_bytes(worker->transport.connections);
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        if (set_counts[kind] > 0) {
            bytes += set_counts[kind] * pool_object_bytes(worker->chunks->chunks[kind]);
        }
    }
    return bytes;
}

static void on_client_return(struct chunk_reserve *reserve)
{
    struct stream *stream = container_of(reserve, struct stream, client_reserve);
    event_defer(stream->worker->loop, &stream->work);
}

static void on_server_return(struct chunk_reserve *reserve)
{
    struct stream *stream = container_of(reserve, struct stream, server_reserve);
    event_defer(stream->worker->loop, &stream->work);
}

enum result stream_reserve(struct stream *stream)
{
    struct worker *worker = stream->worker;
    if (!memory_is_limited(worker->memory)) {
        return RESULT_OK;
    }
    if (!memory_can_serve(worker->ledger, WAIT_STREAM)) {
        return RESULT_NO_MEMORY;
    }
    chunk_reserve_open(&stream->client_reserve, stream->account);
    if (chunk_reserve_fill(&stream->client_reserve, worker->chunks, set_counts) != RESULT_OK) {
        chunk_reserve_close(&stream->client_reserve);
        return RESULT_NO_MEMORY;
    }
    stream->client_reserve.on_return = on_client_return;
    return RESULT_OK;
}

void stream_lend(struct stream *stream)
{
    struct account *account = &stream->server->mux->connection->account;
    if (stream->client_reserve.account == NULL || account->reserve != NULL) {
        return;
    }
    chunk_reserve_open(&stream->server_reserve, account);
    stream->server_reserve.on_return = on_server_return;
    chunk_reserve_move(&stream->client_reserve, &stream->server_reserve, CHUNK_NORMAL,
                       SERVER_NORMAL);
}

void stream_take_back(struct stream *stream)
{
    if (stream->server_reserve.account != NULL) {
        chunk_reserve_move(&stream->server_reserve, &stream->client_reserve, CHUNK_NORMAL,
                           SERVER_NORMAL);
        chunk_reserve_close(&stream->server_reserve);
    }
}
