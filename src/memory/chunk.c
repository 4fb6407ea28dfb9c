/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owns chunks, their references and the queues made of them.
 * The hard idea: bytes are written once and then only referred to. `tail` names the one reference
 * that may go on filling a chunk: the last committed one, and it ends where the chunk's filled
 * bytes end; a reference that is split keeps its second half, so the right to fill stays with the
 * bytes before the free ones. Everything that may be refused is taken before anything changes. What
 * bounds it: accounts; a queue's loops run over its own references.
 */
#include "memory/chunk.h"

#include <string.h>

#include "base/assert.h"
#include "base/number.h"

/* Eight of them and the header fill a slab. */
#define SMALL_BLOCK_BYTES (2 * KIBIBYTE - 16)

/* What a waiter needs to go on: a chunk and a reference. */
static void set_needs(const struct chunk_source *source, struct memory *memory)
{
    const size_t bytes =
        pool_object_bytes(source->chunks[CHUNK_NORMAL]) + pool_object_bytes(source->references);
    for (unsigned i = 0; i < WAIT_CLASSES; i++) {
        memory_set_need(memory, (enum wait_class)i, bytes);
    }
}

enum result chunk_source_init(struct chunk_source *source, struct memory *memory,
                              size_t normal_bytes, size_t large_bytes)
{
    static const char *const names[CHUNK_KINDS] = {"buffer_small", "buffer", "buffer_large"};
    const size_t blocks[CHUNK_KINDS] = {SMALL_BLOCK_BYTES, normal_bytes, large_bytes};
    *source = (struct chunk_source){0};
    if (normal_bytes <= sizeof(struct chunk) || size_max(normal_bytes, large_bytes) > UINT32_MAX) {
        return RESULT_INVALID;
    }
    source->references = pool_create(memory, "chunk_ref", sizeof(struct chunk_ref), POOL_SHARED);
    if (source->references == NULL) {
        return RESULT_FAILED;
    }
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        if (blocks[kind] <= sizeof(struct chunk)) {
            continue;
        }
        source->chunks[kind] = pool_create(memory, names[kind], blocks[kind], 0);
        if (source->chunks[kind] == NULL) {
            return RESULT_FAILED;
        }
        source->bytes[kind] = blocks[kind] - sizeof(struct chunk);
    }
    set_needs(source, memory);
    return RESULT_OK;
}

/* ---- chunks ---- */

struct chunk *chunk_take_of_pools(struct chunk_source *source, enum chunk_kind kind,
                                  struct account *account)
{
    struct chunk *chunk = pool_take(source->chunks[kind], account);
    if (chunk != NULL) {
        chunk->source = source;
        chunk->account = account;
        chunk->kind = (uint16_t)kind;
        chunk->is_reserved = false;
    }
    return chunk;
}

/* chunk_take; of the pools only with `may_grow`. */
static struct chunk *take(struct chunk_source *source, enum chunk_kind kind,
                          struct account *account, bool may_grow)
{
    if (source->chunks[kind] == NULL) {
        return NULL;
    }
    struct chunk *chunk = may_grow ? chunk_take_of_pools(source, kind, account) : NULL;
    if (chunk == NULL) {
        chunk = chunk_reserve_take(account, kind);
    }
    if (chunk != NULL) {
        chunk->tail = NULL;
        chunk->references = 1;
        chunk->size = (uint32_t)source->bytes[chunk->kind];
        chunk->filled = 0;
    }
    return chunk;
}

struct chunk *chunk_take(struct chunk_source *source, enum chunk_kind kind, struct account *account)
{
    return take(source, kind, account, true);
}

void chunk_hold(struct chunk *chunk)
{
    ASSERT(chunk->references > 0);
    chunk->references++;
}

void chunk_drop(struct chunk *chunk)
{
    if (chunk == NULL) {
        return;
    }
    ASSERT(chunk->references > 0);
    chunk->references--;
    if (chunk->references == 0 && !chunk_reserve_put(chunk)) {
        pool_release(chunk->source->chunks[chunk->kind], chunk->account, chunk);
    }
}

/* ---- references ---- */

/* A reference to bytes of a chunk, which is held once more; NULL when refused. */
static struct chunk_ref *take_ref(struct chunk *chunk, uint32_t start, uint32_t length,
                                  struct account *account)
{
    struct chunk_ref *ref = pool_take(chunk->source->references, account);
    if (ref != NULL) {
        chunk_hold(chunk);
        *ref = (struct chunk_ref){
            .chunk = chunk, .account = account, .start = start, .length = length};
    }
    return ref;
}

static void release_ref(struct chunk_ref *ref)
{
    struct chunk *chunk = ref->chunk;
    if (chunk->tail == ref) {
        chunk->tail = NULL;
    }
    pool_release(chunk->source->references, ref->account, ref);
    chunk_drop(chunk);
}

/* A reference of no length to a new chunk, which it alone holds and may fill; NULL when refused. */
static struct chunk_ref *take_fillable(struct chunk_source *source, enum chunk_kind kind,
                                       struct account *account, bool may_grow)
{
    struct chunk *chunk = take(source, kind, account, may_grow);
    if (chunk == NULL) {
        return NULL;
    }
    struct chunk_ref *ref = take_ref(chunk, 0, 0, account);
    chunk_drop(chunk);
    if (ref != NULL) {
        chunk->tail = ref;
    }
    return ref;
}

static void append(struct chunk_queue *queue, struct chunk_ref *ref)
{
    ref->next = NULL;
    if (queue->last == NULL) {
        queue->first = ref;
    } else {
        queue->last->next = ref;
    }
    queue->last = ref;
    queue->bytes += ref->length;
}

static void prepend(struct chunk_queue *queue, struct chunk_ref *ref)
{
    ref->next = queue->first;
    queue->first = ref;
    if (queue->last == NULL) {
        queue->last = ref;
    }
    queue->bytes += ref->length;
}

static struct chunk_ref *detach_first(struct chunk_queue *queue)
{
    struct chunk_ref *ref = queue->first;
    queue->first = ref->next;
    if (queue->first == NULL) {
        queue->last = NULL;
    }
    queue->bytes -= ref->length;
    ref->next = NULL;
    return ref;
}

/* Whether `b`'s bytes follow `a`'s in the same chunk. */
static bool is_adjacent(const struct chunk_ref *a, const struct chunk_ref *b)
{
    return a->chunk == b->chunk && a->start + a->length == b->start;
}

/* ---- filling ---- */

/* Bytes that a reference may still fill behind its own. */
static size_t fillable_bytes(const struct chunk_ref *ref)
{
    return ref != NULL && ref->chunk->tail == ref ? ref->chunk->size - ref->chunk->filled : 0;
}

static struct iovec fillable_room(const struct chunk_ref *ref)
{
    return (struct iovec){.iov_base = ref->chunk->data + ref->chunk->filled,
                          .iov_len = fillable_bytes(ref)};
}

static enum result reserve(struct chunk_queue *queue, struct chunk_source *source,
                           enum chunk_kind kind, struct account *account, size_t least,
                           bool may_grow, struct iovec *room)
{
    ASSERT(queue->reserved == NULL);
    struct chunk_ref *ref = queue->last;
    if (fillable_bytes(ref) < size_max(least, 1)) {
        ref = take_fillable(source, kind, account, may_grow);
        if (ref == NULL) {
            return RESULT_NO_MEMORY;
        }
        queue->reserved = ref;
    }
    *room = fillable_room(ref);
    return RESULT_OK;
}

enum result chunk_queue_reserve(struct chunk_queue *queue, struct chunk_source *source,
                                enum chunk_kind kind, struct account *account, size_t least,
                                struct iovec *room)
{
    return reserve(queue, source, kind, account, least, true, room);
}

enum result chunk_queue_reserve_for(struct chunk_queue *queue, struct chunk_source *source,
                                    enum chunk_kind kind, struct account *account,
                                    enum wait_class wait_class, size_t least, struct iovec *room)
{
    const bool may_grow =
        account->kind == ACCOUNT_OPERATOR ||
        memory_has_room(account->ledger, wait_class, pool_object_bytes(source->chunks[kind]));
    return reserve(queue, source, kind, account, least, may_grow, room);
}

/* Makes `bytes` written behind a reference's own part of it. */
static void extend(struct chunk_ref *ref, size_t bytes)
{
    ASSERT(bytes <= fillable_bytes(ref));
    ref->length += (uint32_t)bytes;
    ref->chunk->filled += (uint32_t)bytes;
}

void chunk_queue_commit(struct chunk_queue *queue, size_t bytes)
{
    struct chunk_ref *reserved = queue->reserved;
    queue->reserved = NULL;
    if (reserved == NULL) {
        if (bytes > 0) {
            extend(queue->last, bytes);
            queue->bytes += bytes;
        }
    } else if (bytes == 0) {
        release_ref(reserved);
    } else {
        extend(reserved, bytes);
        append(queue, reserved);
    }
}

/* Copies as many of `bytes` as fit behind a reference's own; returns the rest. */
static struct slice fill(struct chunk_ref *ref, struct slice bytes)
{
    const struct iovec room = fillable_room(ref);
    const size_t copied = size_min(room.iov_len, bytes.length);
    if (copied > 0) {
        memcpy(room.iov_base, bytes.data, copied);
        extend(ref, copied);
    }
    return slice_skip(bytes, copied);
}

/* The kind for a copy of `bytes`: small where that is enough. */
static enum chunk_kind kind_for_copy(const struct chunk_source *source, size_t bytes)
{
    return bytes <= source->bytes[CHUNK_SMALL] ? CHUNK_SMALL : CHUNK_NORMAL;
}

/* A queue with a copy of `bytes` in new chunks: all or nothing. */
static enum result copy_to_queue(struct chunk_queue *queue, struct chunk_source *source,
                                 struct account *account, struct slice bytes)
{
    while (bytes.length > 0) {
        struct chunk_ref *ref =
            take_fillable(source, kind_for_copy(source, bytes.length), account, true);
        if (ref == NULL) {
            chunk_queue_clear(queue);
            return RESULT_NO_MEMORY;
        }
        bytes = fill(ref, bytes);
        append(queue, ref);
    }
    return RESULT_OK;
}

enum result chunk_queue_append_copy(struct chunk_queue *queue, struct chunk_source *source,
                                    struct account *account, struct slice bytes)
{
    struct chunk_queue added = {0};
    const size_t here = size_min(fillable_bytes(queue->last), bytes.length);
    const enum result result = copy_to_queue(&added, source, account, slice_skip(bytes, here));
    if (result != RESULT_OK) {
        return result;
    }
    if (here > 0) {
        (void)fill(queue->last, slice_first(bytes, here));
        queue->bytes += here;
    }
    chunk_queue_move_all(queue, &added);
    return RESULT_OK;
}

enum result chunk_queue_append_ref(struct chunk_queue *queue, struct chunk *chunk, uint32_t start,
                                   uint32_t length, struct account *account)
{
    ASSERT(start <= chunk->filled && length <= chunk->filled - start);
    if (length == 0) {
        return RESULT_OK;
    }
    struct chunk_ref *last = queue->last;
    if (last != NULL && last->chunk == chunk && last->start + last->length == start) {
        last->length += length;
        queue->bytes += length;
        return RESULT_OK;
    }
    struct chunk_ref *ref = take_ref(chunk, start, length, account);
    if (ref == NULL) {
        return RESULT_NO_MEMORY;
    }
    append(queue, ref);
    return RESULT_OK;
}

struct chunk_ref *chunk_ref_take(struct chunk_source *source, struct account *account)
{
    struct chunk_ref *ref = pool_take(source->references, account);
    if (ref != NULL) {
        *ref = (struct chunk_ref){.account = account};
    }
    return ref;
}

void chunk_ref_release(struct chunk_source *source, struct chunk_ref *ref)
{
    pool_release(source->references, ref->account, ref);
}

void chunk_queue_append_taken(struct chunk_queue *queue, struct chunk_ref *ref, struct chunk *chunk,
                              uint32_t start, uint32_t length)
{
    ASSERT(start <= chunk->filled && length <= chunk->filled - start);
    struct chunk_ref *last = queue->last;
    if (last != NULL && last->chunk == chunk && last->start + last->length == start) {
        last->length += length;
        queue->bytes += length;
        chunk_ref_release(chunk->source, ref);
        return;
    }
    chunk_hold(chunk);
    ref->chunk = chunk;
    ref->start = start;
    ref->length = length;
    append(queue, ref);
}

enum result chunk_queue_prepend_copy(struct chunk_queue *queue, struct chunk_source *source,
                                     struct account *account, struct slice bytes)
{
    struct chunk_queue added = {0};
    const enum result result = copy_to_queue(&added, source, account, bytes);
    if (result == RESULT_OK && added.last != NULL) {
        added.last->next = queue->first;
        queue->first = added.first;
        queue->last = queue->last == NULL ? added.last : queue->last;
        queue->bytes += added.bytes;
    }
    return result;
}

/* ---- moving ---- */

void chunk_queue_move_all(struct chunk_queue *to, struct chunk_queue *from)
{
    if (from->first == NULL) {
        return;
    }
    if (to->last == NULL) {
        to->first = from->first;
    } else {
        to->last->next = from->first;
    }
    to->last = from->last;
    to->bytes += from->bytes;
    from->first = NULL;
    from->last = NULL;
    from->bytes = 0;
}

/* Takes `bytes` off the front of the first reference, which has at least so many. */
static void cut_first(struct chunk_queue *queue, size_t bytes)
{
    struct chunk_ref *ref = queue->first;
    if (bytes == ref->length) {
        release_ref(detach_first(queue));
        return;
    }
    ref->start += (uint32_t)bytes;
    ref->length -= (uint32_t)bytes;
    queue->bytes -= bytes;
}

/* Moves the first part of the first reference: merged with the end of `to` where it follows it,
 * else split off. */
static enum result move_part(struct chunk_queue *to, struct chunk_queue *from, size_t bytes,
                             struct account *account)
{
    struct chunk_ref *ref = from->first;
    if (to->last != NULL && is_adjacent(to->last, ref)) {
        to->last->length += (uint32_t)bytes;
        to->bytes += bytes;
    } else {
        struct chunk_ref *part = take_ref(ref->chunk, ref->start, (uint32_t)bytes, account);
        if (part == NULL) {
            return RESULT_NO_MEMORY;
        }
        append(to, part);
    }
    cut_first(from, bytes);
    return RESULT_OK;
}

/* Moves the whole first reference. One that follows the end of `to` is merged, with its right to
 * fill. */
static void move_first(struct chunk_queue *to, struct chunk_queue *from)
{
    struct chunk_ref *ref = detach_first(from);
    if (to->last == NULL || !is_adjacent(to->last, ref)) {
        append(to, ref);
        return;
    }
    to->last->length += ref->length;
    to->bytes += ref->length;
    if (ref->chunk->tail == ref) {
        ref->chunk->tail = to->last;
    }
    release_ref(ref);
}

enum result chunk_queue_move(struct chunk_queue *to, struct chunk_queue *from, size_t bytes,
                             struct account *account)
{
    bytes = size_min(bytes, from->bytes);
    while (bytes > 0 && from->first->length <= bytes) {
        bytes -= from->first->length;
        move_first(to, from);
    }
    return bytes == 0 ? RESULT_OK : move_part(to, from, bytes, account);
}

static void recharge_ref(struct chunk_ref *ref, struct account *from, struct account *to)
{
    struct chunk *chunk = ref->chunk;
    if (ref->account == from) {
        pool_recharge(chunk->source->references, from, to);
        ref->account = to;
    }
    if (chunk->account == from) {
        pool_recharge(chunk->source->chunks[chunk->kind], from, to);
        chunk->account = to;
    }
}

void chunk_queue_recharge(struct chunk_queue *queue, struct account *from, struct account *to)
{
    for (struct chunk_ref *ref = queue->first; ref != NULL; ref = ref->next) {
        recharge_ref(ref, from, to);
    }
    if (queue->reserved != NULL) {
        recharge_ref(queue->reserved, from, to);
    }
}

void chunk_queue_drop(struct chunk_queue *queue, size_t bytes)
{
    bytes = size_min(bytes, queue->bytes);
    while (bytes > 0) {
        const size_t part = size_min(bytes, queue->first->length);
        cut_first(queue, part);
        bytes -= part;
    }
}

void chunk_queue_clear(struct chunk_queue *queue)
{
    while (queue->first != NULL) {
        release_ref(detach_first(queue));
    }
    if (queue->reserved != NULL) {
        release_ref(queue->reserved);
        queue->reserved = NULL;
    }
}

/* ---- reading ---- */

unsigned chunk_queue_vectors(const struct chunk_queue *queue, struct iovec *vectors,
                             unsigned vectors_max)
{
    unsigned count = 0;
    for (const struct chunk_ref *ref = queue->first; ref != NULL && count < vectors_max;
         ref = ref->next) {
        vectors[count].iov_base = ref->chunk->data + ref->start;
        vectors[count].iov_len = ref->length;
        count++;
    }
    return count;
}

struct slice chunk_queue_front(const struct chunk_queue *queue)
{
    const struct chunk_ref *ref = queue->first;
    return ref == NULL ? SLICE_NONE : slice_of(ref->chunk->data + ref->start, ref->length);
}

size_t chunk_queue_copy_out(const struct chunk_queue *queue, char *out, size_t bytes)
{
    size_t copied = 0;
    for (const struct chunk_ref *ref = queue->first; ref != NULL && copied < bytes;
         ref = ref->next) {
        const size_t part = size_min(ref->length, bytes - copied);
        memcpy(out + copied, ref->chunk->data + ref->start, part);
        copied += part;
    }
    return copied;
}

/* The smallest kind whose chunks carry `bytes`, or CHUNK_KINDS. */
static enum chunk_kind smallest_kind(const struct chunk_source *source, size_t bytes)
{
    enum chunk_kind best = CHUNK_KINDS;
    for (unsigned kind = 0; kind < CHUNK_KINDS; kind++) {
        if (source->bytes[kind] >= bytes && source->chunks[kind] != NULL &&
            (best == CHUNK_KINDS || source->bytes[kind] < source->bytes[best])) {
            best = (enum chunk_kind)kind;
        }
    }
    return best;
}

enum result chunk_queue_pull_up(struct chunk_queue *queue, struct chunk_source *source,
                                struct account *account, size_t bytes, struct slice *out)
{
    ASSERT(bytes <= queue->bytes);
    if (chunk_queue_front(queue).length < bytes) {
        const enum chunk_kind kind = smallest_kind(source, bytes);
        if (kind == CHUNK_KINDS) {
            return RESULT_FULL;
        }
        struct chunk_ref *ref = take_fillable(source, kind, account, true);
        if (ref == NULL) {
            return RESULT_NO_MEMORY;
        }
        extend(ref, chunk_queue_copy_out(queue, ref->chunk->data, bytes));
        chunk_queue_drop(queue, bytes);
        prepend(queue, ref);
    }
    *out = slice_first(chunk_queue_front(queue), bytes);
    return RESULT_OK;
}

size_t chunk_queue_footprint(const struct chunk_queue *queue)
{
    const struct chunk *previous = NULL;
    size_t bytes = 0;
    for (const struct chunk_ref *ref = queue->first; ref != NULL; ref = ref->next) {
        const struct chunk_source *source = ref->chunk->source;
        bytes += pool_object_bytes(source->references);
        if (ref->chunk != previous) {
            bytes += pool_object_bytes(source->chunks[ref->chunk->kind]);
        }
        previous = ref->chunk;
    }
    return bytes;
}
