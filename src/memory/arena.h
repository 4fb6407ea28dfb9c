/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arenas: bump allocation for what lives as long as one exchange (rewritten fields, captured
 * values, variables). An arena takes blocks from the chunk pools at need, up to a cap. Overflow is
 * sticky: after a refusal every taking returns NULL until arena_clear, so that a caller may take
 * many pieces and check once.
 */
#ifndef WEIR_MEMORY_ARENA_H
#define WEIR_MEMORY_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"
#include "memory/chunk.h"
#include "memory/memory.h"

struct arena {
    struct chunk_source *source;
    struct account *account;
    struct chunk *blocks; /* newest first, linked through their first bytes */
    size_t used;          /* payload bytes handed out */
    size_t bytes_max;     /* cap on the blocks' payload */
    size_t block_bytes;   /* payload of all blocks */
    bool overflowed;
};

/* An empty arena: no memory yet. `bytes_max` caps the sum of its blocks. */
void arena_init(struct arena *arena, struct chunk_source *source, struct account *account,
                size_t bytes_max);

/* `bytes` aligned to 8, uninitialized; NULL when refused or once overflowed. */
void *arena_take(struct arena *arena, size_t bytes);

/* As arena_take without alignment. */
char *arena_take_text(struct arena *arena, size_t bytes);

/* A copy of `s` (data NULL when refused). */
struct slice arena_copy(struct arena *arena, struct slice s);

/* The most bytes that one piece can have: those of the largest block. */
size_t arena_piece_max(const struct arena *arena);

/* Whether a taking was refused since the last clear. */
static inline bool arena_has_overflowed(const struct arena *arena)
{
    return arena->overflowed;
}

/* Gives all blocks back; everything taken is gone. */
void arena_clear(struct arena *arena);

#endif
