/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Received bytes put in order, in two steps (intake.h).
 *
 * Hard idea: step one takes more than step two may need: room in the inbox and a reference for each
 * frame, and for one out of order a piece for every part of the stream that it touches and that has
 * none. So frames of one packet may fill each other's gaps in any way; what is left over goes back
 * with quic_intake_settle. A piece covers a window of the stream at a multiple of its size, in a
 * small chunk with ncbuf's bitmap inside.
 */
#include "quic/intake.h"

#include "base/assert.h"
#include "base/number.h"

struct quic_piece {
    struct quic_piece *next;
    uint64_t offset, end; /* its part of the stream: from a multiple of the window to the next */
    struct chunk *chunk;
    struct ncbuf buffer;
};

void quic_intake_init(struct quic_intake *intake, struct chunk_source *chunks, struct pool *pieces,
                      struct account *account)
{
    *intake = (struct quic_intake){.chunks = chunks, .pieces = pieces, .account = account};
}

struct pool *quic_piece_pool_create(struct memory *memory)
{
    return pool_create(memory, "quic_piece", sizeof(struct quic_piece), POOL_SHARED);
}

static size_t piece_window(const struct quic_intake *intake)
{
    return ncbuf_window_bytes(intake->chunks->bytes[CHUNK_SMALL]);
}

/* ---- what is at hand ---- */

static void release_piece(struct quic_intake *intake, struct quic_piece *piece)
{
    chunk_drop(piece->chunk);
    pool_release(intake->pieces, intake->account, piece);
}

void quic_intake_settle(struct quic_intake *intake)
{
    while (intake->spare_refs != NULL) {
        struct chunk_ref *ref = intake->spare_refs;
        intake->spare_refs = ref->next;
        chunk_ref_release(intake->chunks, ref);
    }
    while (intake->spare_pieces != NULL) {
        struct quic_piece *piece = intake->spare_pieces;
        intake->spare_pieces = piece->next;
        release_piece(intake, piece);
    }
    intake->planned_bytes = 0;
    intake->taken_bytes = 0;
}

void quic_intake_deinit(struct quic_intake *intake)
{
    quic_intake_settle(intake);
    chunk_drop(intake->inbox);
    intake->inbox = NULL;
}

/* ---- step one ---- */

/* An inbox with room for `bytes` beyond what is planned. */
static enum result plan_inbox(struct quic_intake *intake, size_t bytes)
{
    size_t needed = intake->planned_bytes + bytes;
    if (intake->inbox != NULL && intake->inbox->size - intake->inbox->filled >= needed) {
        intake->planned_bytes = needed;
        return RESULT_OK;
    }
    enum chunk_kind kind =
        intake->is_bulk || needed > intake->chunks->bytes[CHUNK_SMALL] ? CHUNK_NORMAL : CHUNK_SMALL;
    struct chunk *inbox = chunk_take(intake->chunks, kind, intake->account);
    if (inbox == NULL && kind == CHUNK_NORMAL && needed <= intake->chunks->bytes[CHUNK_SMALL]) {
        inbox = chunk_take(intake->chunks, CHUNK_SMALL, intake->account);
    }
    if (inbox == NULL) {
        return RESULT_NO_MEMORY;
    }
    intake->taken_bytes += inbox->size;
    chunk_drop(intake->inbox);
    intake->inbox = inbox;
    intake->planned_bytes = needed;
    return RESULT_OK;
}

static enum result plan_ref(struct quic_intake *intake)
{
    struct chunk_ref *ref = chunk_ref_take(intake->chunks, intake->account);
    if (ref == NULL) {
        return RESULT_NO_MEMORY;
    }
    ref->next = intake->spare_refs;
    intake->spare_refs = ref;
    return RESULT_OK;
}

static enum result plan_piece(struct quic_intake *intake)
{
    if (intake->taken_bytes + intake->chunks->bytes[CHUNK_SMALL] > QUIC_PACKET_BYTES_MAX) {
        return RESULT_FULL;
    }
    struct quic_piece *piece = pool_take(intake->pieces, intake->account);
    if (piece == NULL) {
        return RESULT_NO_MEMORY;
    }
    piece->chunk = chunk_take(intake->chunks, CHUNK_SMALL, intake->account);
    if (piece->chunk == NULL) {
        pool_release(intake->pieces, intake->account, piece);
        return RESULT_NO_MEMORY;
    }
    piece->chunk->filled = piece->chunk->size; /* nobody else writes it */
    intake->taken_bytes += piece->chunk->size;
    piece->next = intake->spare_pieces;
    intake->spare_pieces = piece;
    return RESULT_OK;
}

static struct quic_piece *find_piece(const struct quic_input *input, uint64_t offset)
{
    for (struct quic_piece *piece = input->pieces; piece != NULL && piece->offset <= offset;
         piece = piece->next) {
        if (offset < piece->end) {
            return piece;
        }
    }
    return NULL;
}

/* One past the last byte that is in the queue. */
static uint64_t queue_end(const struct quic_input *input)
{
    return input->taken + input->queue.bytes;
}

enum result quic_input_plan(const struct quic_input *input, struct quic_intake *intake,
                            uint64_t offset, size_t bytes)
{
    uint64_t end = offset + bytes;
    uint64_t have = queue_end(input);
    if (end <= have || bytes == 0) {
        return RESULT_OK; /* nothing new */
    }
    enum result result = plan_inbox(intake, (size_t)(end - uint64_max(offset, have)));
    if (result == RESULT_OK) {
        result = plan_ref(intake);
    }
    if (result != RESULT_OK || offset <= have) {
        return result;
    }
    size_t window = piece_window(intake);
    for (uint64_t at = offset; at < end && result == RESULT_OK; at = (at / window + 1) * window) {
        if (find_piece(input, at) == NULL) {
            result = plan_piece(intake);
        }
    }
    return result;
}

/* ---- step two ---- */

static void add_in_order(struct quic_input *input, struct quic_intake *intake, struct slice bytes)
{
    struct chunk *inbox = intake->inbox;
    struct chunk_ref *ref = intake->spare_refs;
    ASSERT(inbox != NULL && ref != NULL && inbox->size - inbox->filled >= bytes.length);
    uint32_t start = inbox->filled;
    memcpy(inbox->data + start, bytes.data, bytes.length);
    inbox->filled += (uint32_t)bytes.length;
    intake->planned_bytes -= size_min(intake->planned_bytes, bytes.length);
    intake->spare_refs = ref->next;
    chunk_queue_append_taken(&input->queue, ref, inbox, start, (uint32_t)bytes.length);
}

/* Bytes that went to the queue are not awaited in pieces any more. */
static void skip_pieces(struct quic_input *input, struct quic_intake *intake, uint64_t offset,
                        struct slice bytes)
{
    uint64_t end = offset + bytes.length;
    while (input->pieces != NULL && input->pieces->offset < end) {
        struct quic_piece *piece = input->pieces;
        uint64_t from = piece->buffer.offset;
        uint64_t until = uint64_min(end, piece->end);
        struct slice part = slice_of(bytes.data + (from - offset), (size_t)(until - from));
        enum result result = ncbuf_add(&piece->buffer, from, part);
        ASSERT(result == RESULT_OK);
        ncbuf_consume(&piece->buffer, part.length);
        if (until < piece->end) {
            break;
        }
        input->pieces = piece->next;
        release_piece(intake, piece);
    }
}

static struct quic_piece *place_piece(struct quic_input *input, struct quic_intake *intake,
                                      uint64_t offset)
{
    struct quic_piece *piece = intake->spare_pieces;
    ASSERT(piece != NULL);
    intake->spare_pieces = piece->next;
    size_t window = piece_window(intake);
    piece->offset = offset / window * window;
    piece->end = piece->offset + window;
    uint64_t start = uint64_max(piece->offset, queue_end(input));
    ncbuf_init(&piece->buffer, piece->chunk->data, (size_t)(piece->end - start), start);
    struct quic_piece **at = &input->pieces;
    while (*at != NULL && (*at)->offset < piece->offset) {
        at = &(*at)->next;
    }
    piece->next = *at;
    *at = piece;
    return piece;
}

static void add_out_of_order(struct quic_input *input, struct quic_intake *intake, uint64_t offset,
                             struct slice bytes)
{
    while (bytes.length > 0) {
        struct quic_piece *piece = find_piece(input, offset);
        if (piece == NULL) {
            piece = place_piece(input, intake, offset);
        }
        size_t room = (size_t)(piece->end - offset);
        size_t part = size_min(room, bytes.length);
        enum result result = ncbuf_add(&piece->buffer, offset, slice_of(bytes.data, part));
        ASSERT(result == RESULT_OK);
        offset += part;
        bytes = slice_of(bytes.data + part, bytes.length - part);
    }
}

void quic_input_add(struct quic_input *input, struct quic_intake *intake, uint64_t offset,
                    struct slice bytes)
{
    uint64_t have = queue_end(input);
    uint64_t end = offset + bytes.length;
    if (end > input->highest) {
        input->highest = end;
    }
    if (end <= have || bytes.length == 0) {
        return;
    }
    if (offset < have) {
        size_t old = (size_t)(have - offset);
        bytes = slice_of(bytes.data + old, bytes.length - old);
        offset = have;
    }
    if (offset == have) {
        add_in_order(input, intake, bytes);
        skip_pieces(input, intake, offset, bytes);
    } else {
        add_out_of_order(input, intake, offset, bytes);
    }
}

/* ---- reading ---- */

/* The bytes that follow the queue's, out of the first piece; empty when there are none. */
static struct slice piece_front(const struct quic_input *input)
{
    const struct quic_piece *piece = input->pieces;
    if (piece == NULL || piece->buffer.offset != queue_end(input)) {
        return SLICE_NONE;
    }
    return ncbuf_front(&piece->buffer);
}

/* Takes bytes off the first piece, and lets it go when it is through. */
static void consume_piece(struct quic_input *input, struct quic_intake *intake, size_t bytes)
{
    struct quic_piece *piece = input->pieces;
    ncbuf_consume(&piece->buffer, bytes);
    input->taken += bytes;
    if (piece->buffer.offset >= piece->end) {
        input->pieces = piece->next;
        release_piece(intake, piece);
    }
}

uint64_t quic_input_available(const struct quic_input *input)
{
    uint64_t have = queue_end(input);
    for (const struct quic_piece *piece = input->pieces; piece != NULL; piece = piece->next) {
        if (piece->buffer.offset != have) {
            break;
        }
        have += ncbuf_front(&piece->buffer).length;
        if (have < piece->end) {
            break;
        }
    }
    return have;
}

/* Moves bytes of the first piece by reference. */
static enum result take_piece(struct quic_input *input, struct quic_intake *intake,
                              struct chunk_queue *queue, size_t bytes_max)
{
    struct slice front = piece_front(input);
    if (front.length == 0) {
        return RESULT_BLOCKED;
    }
    struct chunk *chunk = input->pieces->chunk;
    size_t bytes = size_min(front.length, bytes_max);
    enum result result = chunk_queue_append_ref(queue, chunk, (uint32_t)(front.data - chunk->data),
                                                (uint32_t)bytes, intake->account);
    if (result == RESULT_OK) {
        consume_piece(input, intake, bytes);
    }
    return result;
}

/* Moves bytes of the queue. */
static enum result take_queue(struct quic_input *input, struct quic_intake *intake,
                              struct chunk_queue *queue, size_t bytes_max)
{
    size_t before = queue->bytes;
    enum result result = RESULT_OK;
    if (input->queue.bytes <= bytes_max) {
        chunk_queue_move_all(queue, &input->queue);
    } else {
        result = chunk_queue_move(queue, &input->queue, bytes_max, intake->account);
    }
    input->taken += queue->bytes - before;
    return result;
}

enum result quic_input_take(struct quic_input *input, struct quic_intake *intake,
                            struct chunk_queue *queue, size_t bytes_max)
{
    size_t before = queue->bytes;
    enum result result = RESULT_BLOCKED;
    if (input->queue.bytes > 0) {
        result = take_queue(input, intake, queue, bytes_max);
    }
    while (input->queue.bytes == 0 && queue->bytes - before < bytes_max &&
           result != RESULT_NO_MEMORY) {
        result = take_piece(input, intake, queue, bytes_max - (queue->bytes - before));
        if (result != RESULT_OK) {
            break;
        }
    }
    return queue->bytes > before ? RESULT_OK : result;
}

struct slice quic_input_front(const struct quic_input *input)
{
    return input->queue.bytes > 0 ? chunk_queue_front(&input->queue) : piece_front(input);
}

void quic_input_drop(struct quic_input *input, struct quic_intake *intake, size_t bytes)
{
    while (bytes > 0) {
        size_t part = size_min(bytes, quic_input_front(input).length);
        ASSERT(part > 0);
        if (input->queue.bytes > 0) {
            chunk_queue_drop(&input->queue, part);
            input->taken += part;
        } else {
            consume_piece(input, intake, part);
        }
        bytes -= part;
    }
}

void quic_input_clear(struct quic_input *input, struct quic_intake *intake)
{
    chunk_queue_clear(&input->queue);
    while (input->pieces != NULL) {
        struct quic_piece *piece = input->pieces;
        input->pieces = piece->next;
        release_piece(intake, piece);
    }
}
