/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns reserves: chunks that an owner has from the moment it is admitted.
 * The hard idea: a reserve is the last resort, not the first. As long as the pools give, its chunks
 * lie untouched (and cost no resident page); when they refuse, the owner goes on with these, one
 * after the other, as fast as its peers take what it holds. So two owners never wait for each
 * other, however little is left. Bounded: what fill was asked for, charged to the owner.
 */
#include "base/assert.h"
#include "memory/chunk.h"

static void push(struct chunk_reserve *reserve, struct chunk *chunk)
{
    chunk->next = reserve->free[chunk->kind];
    reserve->free[chunk->kind] = chunk;
}

static struct chunk *pop(struct chunk_reserve *reserve, enum chunk_kind kind)
{
    struct chunk *chunk = reserve->free[kind];
    if (chunk != NULL) {
        reserve->free[kind] = chunk->next;
    }
    return chunk;
}

static void give_back(struct chunk_reserve *reserve)
{
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        struct chunk *chunk;
        while ((chunk = pop(reserve, (enum chunk_kind)kind)) != NULL) {
            pool_release(chunk->source->chunks[kind], chunk->account, chunk);
        }
    }
}

void chunk_reserve_open(struct chunk_reserve *reserve, struct account *account)
{
    ASSERT(reserve->account == NULL && account->reserve == NULL);
    reserve->account = account;
    account->reserve = reserve;
}

enum result chunk_reserve_fill(struct chunk_reserve *reserve, struct chunk_source *source,
                               const unsigned counts[CHUNK_KINDS])
{
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        for (unsigned i = 0; i < counts[kind]; i++) {
            struct chunk *chunk =
                chunk_take_of_pools(source, (enum chunk_kind)kind, reserve->account);
            if (chunk == NULL) {
                give_back(reserve);
                return RESULT_NO_MEMORY;
            }
            chunk->is_reserved = true;
            push(reserve, chunk);
        }
    }
    return RESULT_OK;
}

void chunk_reserve_move(struct chunk_reserve *from, struct chunk_reserve *to, enum chunk_kind kind,
                        unsigned count)
{
    for (unsigned i = 0; i < count && from->free[kind] != NULL; i++) {
        struct chunk *chunk = pop(from, kind);
        pool_recharge(chunk->source->chunks[kind], chunk->account, to->account);
        chunk->account = to->account;
        push(to, chunk);
    }
}

void chunk_reserve_close(struct chunk_reserve *reserve)
{
    if (reserve->account != NULL) {
        give_back(reserve);
        reserve->account->reserve = NULL;
        reserve->account = NULL;
    }
}

struct chunk *chunk_reserve_take(const struct account *account, enum chunk_kind kind)
{
    struct chunk_reserve *reserve = account->reserve;
    if (reserve == NULL) {
        return NULL;
    }
    struct chunk *chunk = pop(reserve, kind);
    return chunk == NULL && kind == CHUNK_SMALL ? pop(reserve, CHUNK_NORMAL) : chunk;
}

bool chunk_reserve_put(struct chunk *chunk)
{
    struct chunk_reserve *reserve = chunk->account->reserve;
    if (!chunk->is_reserved || reserve == NULL) {
        return false;
    }
    push(reserve, chunk);
    if (reserve->on_return != NULL) {
        reserve->on_return(reserve);
    }
    return true;
}
