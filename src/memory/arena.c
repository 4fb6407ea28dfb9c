/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bump allocation over chunks.
 * The hard idea: overflow is sticky. After one refusal each taking fails until the arena is
 * cleared, so that a caller may build a whole thing and look once. Blocks are chunks whose first
 * bytes link to the block before; `filled` of the newest is how far it is used. The first block is
 * small, later ones normal, a piece too large for these gets the kind that carries it. What bounds
 * it: bytes_max for the blocks' payload, and the account.
 */
#include "memory/arena.h"

#include <string.h>

#include "base/number.h"

enum { ARENA_ALIGNMENT = 8 };

/* The first bytes of a block. */
struct block_link {
    struct chunk *older;
};

_Static_assert(sizeof(struct block_link) % ARENA_ALIGNMENT == 0, "pieces behind it stay aligned");
_Static_assert(offsetof(struct chunk, data) % ARENA_ALIGNMENT == 0, "a chunk's bytes are aligned");

void arena_init(struct arena *arena, struct chunk_source *source, struct account *account,
                size_t bytes_max)
{
    *arena = (struct arena){.source = source, .account = account, .bytes_max = bytes_max};
}

static bool can_hold(const struct arena *arena, enum chunk_kind kind, size_t bytes)
{
    const size_t payload = arena->source->bytes[kind];
    return payload >= bytes && payload > 0 && payload <= arena->bytes_max - arena->block_bytes;
}

/* The kind of the next block for a piece that needs `bytes` with the link, or CHUNK_KINDS when none
 * is allowed. */
static enum chunk_kind next_kind(const struct arena *arena, size_t bytes)
{
    static const enum chunk_kind first[] = {CHUNK_SMALL, CHUNK_NORMAL, CHUNK_LARGE};
    static const enum chunk_kind later[] = {CHUNK_NORMAL, CHUNK_LARGE, CHUNK_SMALL};
    const enum chunk_kind *order = arena->blocks == NULL ? first : later;
    for (unsigned i = 0; i < CHUNK_KINDS; i++) {
        if (can_hold(arena, order[i], bytes)) {
            return order[i];
        }
    }
    return CHUNK_KINDS;
}

static bool add_block(struct arena *arena, size_t bytes)
{
    size_t needed;
    if (!size_add(bytes, sizeof(struct block_link), &needed)) {
        return false;
    }
    const enum chunk_kind kind = next_kind(arena, needed);
    struct chunk *block =
        kind == CHUNK_KINDS ? NULL : chunk_take(arena->source, kind, arena->account);
    if (block == NULL) {
        return false;
    }
    const struct block_link link = {.older = arena->blocks};
    memcpy(block->data, &link, sizeof(link));
    block->filled = sizeof(link);
    arena->blocks = block;
    arena->block_bytes += block->size;
    return true;
}

static void *take(struct arena *arena, size_t bytes, size_t alignment)
{
    const size_t wanted = size_max(bytes, 1);
    const struct chunk *newest = arena->blocks;
    size_t start = newest == NULL ? 0 : (newest->filled + alignment - 1) / alignment * alignment;
    if (arena->overflowed) {
        return NULL;
    }
    if (newest == NULL || start > newest->size || wanted > newest->size - start) {
        if (!add_block(arena, wanted)) {
            arena->overflowed = true;
            return NULL;
        }
        start = sizeof(struct block_link);
    }
    struct chunk *block = arena->blocks;
    block->filled = (uint32_t)(start + wanted);
    arena->used += bytes;
    return block->data + start;
}

size_t arena_piece_max(const struct arena *arena)
{
    size_t largest = sizeof(struct block_link);
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        const size_t payload = arena->source->bytes[kind];
        largest = payload <= arena->bytes_max ? size_max(largest, payload) : largest;
    }
    return largest - sizeof(struct block_link);
}

void *arena_take(struct arena *arena, size_t bytes)
{
    return take(arena, bytes, ARENA_ALIGNMENT);
}

char *arena_take_text(struct arena *arena, size_t bytes)
{
    return take(arena, bytes, 1);
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
    char *copy = arena_take_text(arena, s.length);
    if (copy == NULL) {
        return SLICE_NONE;
    }
    if (s.length > 0) {
        memcpy(copy, s.data, s.length);
    }
    return slice_of(copy, s.length);
}

void arena_clear(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct chunk *block = arena->blocks;
        struct block_link link;
        memcpy(&link, block->data, sizeof(link));
        arena->blocks = link.older;
        chunk_drop(block);
    }
    arena->used = 0;
    arena->block_bytes = 0;
    arena->overflowed = false;
}
