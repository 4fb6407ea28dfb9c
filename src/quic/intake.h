/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Received bytes of streams and CRYPTO, put in order (RFC 9000 2.2, 7.5), in two steps, so that
 * shortage of memory can never leave a packet half processed:
 *
 *   1. quic_input_plan for each frame of a packet: the intake takes what adding it may need
 *   2. quic_input_add for each frame: cannot fail
 *
 * Bytes in order are copied once, into the connection's inbox chunk, and the stream's queue refers
 * to them: a small request on each of ten streams takes one small chunk. Bytes out of order go to
 * pieces: small chunks with an ncbuf over them, each for a fixed part of the stream, taken at the
 * first byte out of order. A piece's bytes stay in it until they are taken.
 *
 * What bounds it: one packet takes at most QUIC_PACKET_BYTES_MAX (16 KiB) of memory; flow control
 * bounds a stream; the account bounds the connection.
 */
#ifndef WEIR_QUIC_INTAKE_H
#define WEIR_QUIC_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "memory/chunk.h"
#include "memory/ncbuf.h"
#include "memory/pool.h"
#include "quic/types.h"

enum { QUIC_PACKET_BYTES_MAX = 16 * 1024 };

/* Part of a stream that bytes out of order wait in. The implementer of intake.c fills it in. */
struct quic_piece;

/* What one connection has at hand for the bytes of the next frames. */
struct quic_intake {
    struct chunk_source *chunks;
    struct pool *pieces;
    struct account *account;
    struct chunk *inbox;          /* is filled from its start; NULL: none */
    struct chunk_ref *spare_refs; /* planned and not yet used */
    struct quic_piece *spare_pieces;
    size_t planned_bytes; /* of the inbox */
    size_t taken_bytes;   /* memory taken for the packet at hand */
    bool is_bulk;         /* the last packets were full of data: the next inbox is a normal chunk */
};

/* One stream's (or CRYPTO level's) received bytes. Zero-initialized is an empty one at offset 0. */
struct quic_input {
    struct chunk_queue queue;  /* in order, not yet taken */
    struct quic_piece *pieces; /* out of order, by offset */
    uint64_t taken;            /* offset of the first byte not yet given to the reader */
    uint64_t highest;          /* one past the highest byte received */
};

/* An intake with nothing at hand. */
void quic_intake_init(struct quic_intake *intake, struct chunk_source *chunks, struct pool *pieces,
                      struct account *account);

/* Gives everything back. */
void quic_intake_deinit(struct quic_intake *intake);

/* The pool of pieces of a process; NULL when the system has no memory. */
struct pool *quic_piece_pool_create(struct memory *memory);

/* Step one for a frame's bytes at `offset`. RESULT_NO_MEMORY; RESULT_FULL: the packet would take
 * more than QUIC_PACKET_BYTES_MAX. The packet is then to be dropped, as if it never came; what was
 * planned stays at hand for the next until quic_intake_settle. */
MUST_USE enum result quic_input_plan(const struct quic_input *input, struct quic_intake *intake,
                                     uint64_t offset, size_t bytes);

/* Step two. Bytes received before are ignored. */
void quic_input_add(struct quic_input *input, struct quic_intake *intake, uint64_t offset,
                    struct slice bytes);

/* The packet is done with: gives spares back, keeps an inbox that has room. */
void quic_intake_settle(struct quic_intake *intake);

/* One past the last byte that can be taken now. */
uint64_t quic_input_available(const struct quic_input *input);

/* Moves at most `bytes_max` bytes that are in order to the end of `queue`. RESULT_OK (at least
 * one), RESULT_BLOCKED (none), RESULT_NO_MEMORY. */
MUST_USE enum result quic_input_take(struct quic_input *input, struct quic_intake *intake,
                                     struct chunk_queue *queue, size_t bytes_max);

/* The first bytes in order that lie together, without taking them; then quic_input_drop them. Never
 * takes memory. For CRYPTO and control streams. */
struct slice quic_input_front(const struct quic_input *input);
void quic_input_drop(struct quic_input *input, struct quic_intake *intake, size_t bytes);

/* Drops all bytes. */
void quic_input_clear(struct quic_input *input, struct quic_intake *intake);

#endif
