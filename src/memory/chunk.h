/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks and chunk queues: where body bytes and message heads live.
 *
 * A chunk is a counted block (small, normal or large) that is filled once from its start; a queue
 * is a chain of references (chunk, start, length). Bytes read from one socket are written to
 * another, sealed in a TLS record or a QUIC packet out of the same chunk: moving them between
 * queues copies nothing. Moving whole references never allocates; splitting one takes one reference
 * from a pool and may be refused.
 *
 *   queue: ref -> ref -> ref          a chunk's free tail may be filled by the reference that was
 *           |      \    /             committed last, and only while it ends where the chunk does
 *         chunk    chunk
 *
 * What bounds it: a chunk and a reference are charged to the account that took them until the last
 * reference goes; an idle connection holds none. Bytes that go on to a queue of another connection
 * outlive the one that read them: chunk_queue_recharge takes their charge along. A queue and its
 * chunks belong to one worker.
 */
#ifndef WEIR_MEMORY_CHUNK_H
#define WEIR_MEMORY_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/result.h"
#include "base/slice.h"
#include "memory/memory.h"
#include "memory/pool.h"
#include "memory/pressure.h"

enum chunk_kind {
    CHUNK_SMALL,  /* 2 KiB */
    CHUNK_NORMAL, /* tune.bufsize, 16 KiB */
    CHUNK_LARGE,  /* tune.bufsize.large */
    CHUNK_KINDS
};

/* The pools that chunks and references come from: one a process. */
struct chunk_source {
    struct pool *chunks[CHUNK_KINDS];
    struct pool *references;
    size_t bytes[CHUNK_KINDS]; /* payload of a chunk of each kind; 0: no such chunks */
};

/* The block is exactly a pool's object, this header in it: tune.bufsize 16384 carries 16344 bytes.
 */
struct chunk {
    struct chunk_source *source;
    struct account *account; /* charged for the block */
    union {
        struct chunk_ref *tail; /* may fill the free bytes; NULL: nobody may */
        struct chunk *next;     /* while it lies in a reserve */
    };
    uint16_t kind;    /* enum chunk_kind */
    bool is_reserved; /* goes back to its account's reserve */
    uint32_t references;
    uint32_t size;   /* payload bytes */
    uint32_t filled; /* payload bytes written; only grows */
    char data[];
};

struct chunk_ref {
    struct chunk_ref *next;
    struct chunk *chunk;
    struct account *account; /* charged for this reference */
    uint32_t start;
    uint32_t length;
};

/* Zero-initialized is empty. */
struct chunk_queue {
    struct chunk_ref *first;
    struct chunk_ref *last;
    struct chunk_ref *reserved; /* a new chunk between chunk_queue_reserve and chunk_queue_commit */
    size_t bytes;
};

/*
 * Creates the chunk pools. Sizes in bytes; `large_bytes` may be 0 (no large chunks). RESULT_INVALID
 * when a size cannot hold a chunk's header or is 4 GiB or more, RESULT_FAILED when the system has
 * no memory. Startup only.
 */
MUST_USE enum result chunk_source_init(struct chunk_source *source, struct memory *memory,
                                       size_t normal_bytes, size_t large_bytes);

/* ---- chunks ---- */

/* A new chunk with one reference held by the caller, or NULL when refused: of the pools, else of
 * the account's reserve, there at the smallest a normal one for a small one. */
struct chunk *chunk_take(struct chunk_source *source, enum chunk_kind kind,
                         struct account *account);

/* As chunk_take of the pools alone, without a reference yet. For chunk_reserve.c. */
struct chunk *chunk_take_of_pools(struct chunk_source *source, enum chunk_kind kind,
                                  struct account *account);

/* One more reference. */
void chunk_hold(struct chunk *chunk);

/* One reference less; the last releases the chunk and discharges its account. NULL is allowed. */
void chunk_drop(struct chunk *chunk);

/* ---- reserves ---- */

/*
 * Chunks set aside for one owner when it was admitted, so that it can end what it begins whatever
 * the others hold ("a set, not a piece"). Embedded. An account's takings come from its reserve when
 * the pools refuse; what came from there goes back there, on the last drop.
 */
struct chunk_reserve {
    struct account *account;         /* NULL: serves none */
    struct chunk *free[CHUNK_KINDS]; /* set aside and not in use */
    /* A chunk came back; called inside chunk_drop, so it must only ask for later work. NULL
     * allowed. */
    void (*on_return)(struct chunk_reserve *reserve);
};

/* Makes an unused reserve that of `account`, which has none; it is empty. */
void chunk_reserve_open(struct chunk_reserve *reserve, struct account *account);

/* Sets `counts` chunks of each kind aside, of the pools: all or nothing. */
MUST_USE enum result chunk_reserve_fill(struct chunk_reserve *reserve, struct chunk_source *source,
                                        const unsigned counts[CHUNK_KINDS]);

/* Moves up to `count` free chunks of `kind` to another open reserve of the same ledger. */
void chunk_reserve_move(struct chunk_reserve *from, struct chunk_reserve *to, enum chunk_kind kind,
                        unsigned count);

/* Gives what is free back to the pools and ends the reserve; what is in use follows when dropped.
 * Harmless on one that is not open. */
void chunk_reserve_close(struct chunk_reserve *reserve);

/* Takes a chunk of at least `kind` out of the account's reserve, or NULL. For chunk.c. */
struct chunk *chunk_reserve_take(const struct account *account, enum chunk_kind kind);

/* Puts a chunk back when its account has a reserve; returns whether. For chunk.c. */
bool chunk_reserve_put(struct chunk *chunk);

/* ---- queues ---- */

/* Whether the queue has no bytes. */
static inline bool chunk_queue_is_empty(const struct chunk_queue *queue)
{
    return queue->bytes == 0;
}

/*
 * Finds room to fill at the queue's end: the tail of its last chunk when nobody else can write it
 * and it has at least `least` bytes, else a new chunk of `kind` charged to `account`. `room` is the
 * place and its size. After writing n bytes there, call chunk_queue_commit(queue, n).
 * RESULT_NO_MEMORY changes nothing.
 */
MUST_USE enum result chunk_queue_reserve(struct chunk_queue *queue, struct chunk_source *source,
                                         enum chunk_kind kind, struct account *account,
                                         size_t least, struct iovec *room);

/*
 * As chunk_queue_reserve for bytes that can wait: of the pools a new chunk is taken only when that
 * leaves `wait_class` its floor (memory_has_room). The operator is not held to it.
 */
MUST_USE enum result chunk_queue_reserve_for(struct chunk_queue *queue, struct chunk_source *source,
                                             enum chunk_kind kind, struct account *account,
                                             enum wait_class wait_class, size_t least,
                                             struct iovec *room);

/* Adds `bytes` written into the last reserved room to the queue; 0 gives an untouched new chunk
 * back. */
void chunk_queue_commit(struct chunk_queue *queue, size_t bytes);

/* Appends a copy of `bytes`, taking normal chunks as needed: all or nothing. */
MUST_USE enum result chunk_queue_append_copy(struct chunk_queue *queue, struct chunk_source *source,
                                             struct account *account, struct slice bytes);

/* Appends a reference to bytes inside `chunk` (it is held once more). Adjacent bytes of the last
 * reference merge. */
MUST_USE enum result chunk_queue_append_ref(struct chunk_queue *queue, struct chunk *chunk,
                                            uint32_t start, uint32_t length,
                                            struct account *account);

/* A reference to be used later, by chunk_queue_append_taken, which then cannot fail. NULL when
 * refused. */
struct chunk_ref *chunk_ref_take(struct chunk_source *source, struct account *account);

/* Gives an unused reference back. */
void chunk_ref_release(struct chunk_source *source, struct chunk_ref *ref);

/* As chunk_queue_append_ref with a reference of chunk_ref_take, which goes into the queue or, when
 * the bytes merge with the last ones, back. */
void chunk_queue_append_taken(struct chunk_queue *queue, struct chunk_ref *ref, struct chunk *chunk,
                              uint32_t start, uint32_t length);

/* Puts a copy of `bytes` in front of the queue: all or nothing. */
MUST_USE enum result chunk_queue_prepend_copy(struct chunk_queue *queue,
                                              struct chunk_source *source, struct account *account,
                                              struct slice bytes);

/* Moves everything behind `to`'s content. Never fails, never copies. */
void chunk_queue_move_all(struct chunk_queue *to, struct chunk_queue *from);

/*
 * Moves the first `bytes` (at most what is there) behind `to`'s content. Splitting a reference
 * charges the new one to `account`; RESULT_NO_MEMORY then, with the whole references before it
 * moved (both queues stay valid).
 */
MUST_USE enum result chunk_queue_move(struct chunk_queue *to, struct chunk_queue *from,
                                      size_t bytes, struct account *account);

/*
 * Moves the charge of the queue's references and chunks from account `from` to `to` (of the same
 * worker); those on other accounts stay. Before `from` ends while its bytes are still on their way
 * elsewhere.
 */
void chunk_queue_recharge(struct chunk_queue *queue, struct account *from, struct account *to);

/* Drops the first `bytes` (at most what is there). */
void chunk_queue_drop(struct chunk_queue *queue, size_t bytes);

/* Drops everything. */
void chunk_queue_clear(struct chunk_queue *queue);

/* Fills at most `vectors_max` vectors with the queue's first bytes; returns how many. */
unsigned chunk_queue_vectors(const struct chunk_queue *queue, struct iovec *vectors,
                             unsigned vectors_max);

/* The first contiguous bytes; empty when the queue is. */
struct slice chunk_queue_front(const struct chunk_queue *queue);

/* Copies the first `bytes` (at most what is there) to `out`; returns the number copied. */
size_t chunk_queue_copy_out(const struct chunk_queue *queue, char *out, size_t bytes);

/*
 * Makes the first `bytes` contiguous, in a chunk of the smallest kind that fits, charged to
 * `account`. RESULT_FULL when no kind is large enough, RESULT_NO_MEMORY when refused. `out` is the
 * place.
 */
MUST_USE enum result chunk_queue_pull_up(struct chunk_queue *queue, struct chunk_source *source,
                                         struct account *account, size_t bytes, struct slice *out);

/* Bytes of memory (not payload) that the queue's chunks hold. */
size_t chunk_queue_footprint(const struct chunk_queue *queue);

#endif
