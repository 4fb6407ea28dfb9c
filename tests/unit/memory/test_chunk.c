/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks and queues: who may fill, what moving costs, all or nothing, and random work beside a
 * plain string model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/chunk.h"
#include "memory/fault.h"
#include "support/death.h"
#include "support/memory.h"

enum { BUFSIZE = 4096, LARGE = 16384 };

struct fixture {
    struct memory *memory;
    struct chunk_source source;
    struct account account;
};

static void open_fixture(struct fixture *fixture)
{
    fixture->memory = test_memory_limited(0);
    assert_int_equal(chunk_source_init(&fixture->source, fixture->memory, BUFSIZE, LARGE),
                     RESULT_OK);
    account_init(&fixture->account, memory_ledger(fixture->memory, 0), ACCOUNT_CLIENT, 0);
}

static void close_fixture(struct fixture *fixture)
{
    account_deinit(&fixture->account);
    test_memory_close(fixture->memory);
}

/* Whether the queue holds exactly `expected`. */
static bool holds(const struct chunk_queue *queue, struct slice expected)
{
    char *out = test_malloc(queue->bytes + 1);
    const size_t copied = chunk_queue_copy_out(queue, out, queue->bytes + 1);
    const bool same =
        queue->bytes == expected.length && slice_equal(slice_of(out, copied), expected);
    test_free(out);
    return same;
}

static void fill(struct fixture *fixture, struct chunk_queue *queue, const char *text)
{
    struct iovec room;
    assert_int_equal(chunk_queue_reserve(queue, &fixture->source, CHUNK_NORMAL, &fixture->account,
                                         strlen(text), &room),
                     RESULT_OK);
    assert_true(room.iov_len >= strlen(text));
    memcpy(room.iov_base, text, strlen(text));
    chunk_queue_commit(queue, strlen(text));
}

/* ---- chunks ---- */

static void test_source(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_source bad;
    open_fixture(&fixture);
    assert_int_equal(fixture.source.bytes[CHUNK_NORMAL], BUFSIZE - sizeof(struct chunk));
    assert_int_equal(pool_object_bytes(fixture.source.chunks[CHUNK_NORMAL]), BUFSIZE);
    assert_int_equal(chunk_source_init(&bad, fixture.memory, sizeof(struct chunk), 0),
                     RESULT_INVALID);
    assert_int_equal(chunk_source_init(&bad, fixture.memory, BUFSIZE, (size_t)UINT32_MAX + 1),
                     RESULT_INVALID);
    assert_int_equal(chunk_source_init(&bad, fixture.memory, BUFSIZE, 0), RESULT_OK);
    assert_null(chunk_take(&bad, CHUNK_LARGE, &fixture.account));
    close_fixture(&fixture);
}

static void test_the_last_drop_releases(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    struct chunk *chunk = chunk_take(&fixture.source, CHUNK_SMALL, &fixture.account);
    assert_int_equal(chunk->size, fixture.source.bytes[CHUNK_SMALL]);
    assert_int_equal(chunk->filled, 0);
    chunk_hold(chunk);
    chunk_drop(chunk);
    assert_true(fixture.account.used > 0);
    chunk_drop(chunk);
    chunk_drop(NULL);
    assert_int_equal(fixture.account.used, 0);
    close_fixture(&fixture);
}

/* ---- filling ---- */

static void test_reserve_goes_on_in_the_last_chunk(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    open_fixture(&fixture);
    fill(&fixture, &queue, "abc");
    const size_t used = fixture.account.used;
    fill(&fixture, &queue, "def");
    assert_int_equal(fixture.account.used, used);
    assert_ptr_equal(queue.first, queue.last);
    assert_true(holds(&queue, SLICE("abcdef")));
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_reserve_takes_a_new_chunk_where_least_does_not_fit(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct iovec room;
    open_fixture(&fixture);
    fill(&fixture, &queue, "abc");
    const size_t whole = fixture.source.bytes[CHUNK_NORMAL];
    assert_int_equal(
        chunk_queue_reserve(&queue, &fixture.source, CHUNK_NORMAL, &fixture.account, whole, &room),
        RESULT_OK);
    assert_int_equal(room.iov_len, whole);
    memset(room.iov_base, 'x', whole);
    chunk_queue_commit(&queue, whole);
    assert_ptr_not_equal(queue.first, queue.last);
    assert_int_equal(queue.bytes, whole + 3);
    /* A full chunk has no room at all. */
    assert_int_equal(
        chunk_queue_reserve(&queue, &fixture.source, CHUNK_SMALL, &fixture.account, 0, &room),
        RESULT_OK);
    assert_int_equal(room.iov_len, fixture.source.bytes[CHUNK_SMALL]);
    chunk_queue_commit(&queue, 0);
    assert_int_equal(queue.bytes, whole + 3);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_commit_of_nothing_gives_a_new_chunk_back(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct iovec room;
    open_fixture(&fixture);
    assert_int_equal(
        chunk_queue_reserve(&queue, &fixture.source, CHUNK_NORMAL, &fixture.account, 1, &room),
        RESULT_OK);
    assert_true(fixture.account.used > 0);
    chunk_queue_commit(&queue, 0);
    assert_int_equal(fixture.account.used, 0);
    assert_null(queue.first);
    /* A queue that is given up in between keeps nothing either. */
    assert_int_equal(
        chunk_queue_reserve(&queue, &fixture.source, CHUNK_NORMAL, &fixture.account, 1, &room),
        RESULT_OK);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_only_the_holder_of_the_last_bytes_fills(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue a = {0};
    struct chunk_queue b = {0};
    open_fixture(&fixture);
    fill(&fixture, &a, "abcdef");
    assert_int_equal(chunk_queue_move(&b, &a, 3, &fixture.account), RESULT_OK);
    struct chunk *chunk = a.first->chunk;
    fill(&fixture, &b, "X"); /* b's bytes end in the middle: a new chunk */
    assert_ptr_not_equal(b.last->chunk, chunk);
    fill(&fixture, &a, "g"); /* a's bytes end where the chunk does */
    assert_ptr_equal(a.last->chunk, chunk);
    assert_true(holds(&a, SLICE("defg")));
    assert_true(holds(&b, SLICE("abcX")));
    chunk_queue_clear(&a);
    chunk_queue_clear(&b);
    close_fixture(&fixture);
}

static void test_a_second_reference_may_not_fill(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue a = {0};
    struct chunk_queue b = {0};
    open_fixture(&fixture);
    fill(&fixture, &a, "abc");
    assert_int_equal(chunk_queue_append_ref(&b, a.first->chunk, 0, 3, &fixture.account), RESULT_OK);
    fill(&fixture, &b, "B");
    fill(&fixture, &a, "A");
    assert_true(holds(&a, SLICE("abcA")));
    assert_true(holds(&b, SLICE("abcB")));
    chunk_queue_clear(&a);
    chunk_queue_clear(&b);
    close_fixture(&fixture);
}

static void test_the_right_to_fill_moves_along(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue a = {0};
    struct chunk_queue b = {0};
    open_fixture(&fixture);
    fill(&fixture, &a, "abc");
    assert_int_equal(chunk_queue_move(&b, &a, 1, &fixture.account), RESULT_OK);
    assert_int_equal(chunk_queue_move(&b, &a, 2, &fixture.account), RESULT_OK);
    assert_ptr_equal(b.first, b.last); /* merged with what it follows */
    const size_t used = fixture.account.used;
    fill(&fixture, &b, "d");
    assert_int_equal(fixture.account.used, used);
    assert_true(holds(&b, SLICE("abcd")));
    chunk_queue_clear(&b);
    close_fixture(&fixture);
}

/* ---- copies and references ---- */

static void test_append_copy_spans_chunks(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    static char text[3 * BUFSIZE];
    open_fixture(&fixture);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    const struct slice all = slice_of(text, sizeof(text));
    assert_int_equal(
        chunk_queue_append_copy(&queue, &fixture.source, &fixture.account, slice_first(all, 10)),
        RESULT_OK);
    assert_int_equal(queue.first->chunk->kind, CHUNK_SMALL);
    assert_int_equal(
        chunk_queue_append_copy(&queue, &fixture.source, &fixture.account, slice_skip(all, 10)),
        RESULT_OK);
    assert_true(holds(&queue, all));
    assert_int_equal(chunk_queue_append_copy(&queue, &fixture.source, &fixture.account, SLICE_NONE),
                     RESULT_OK);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_copies_are_all_or_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    static char text[3 * BUFSIZE];
    open_fixture(&fixture);
    fill(&fixture, &queue, "abc");
    const size_t used = fixture.account.used;
    for (uint64_t nth = 1;; nth++) {
        fault_fail_nth(fixture.memory, nth, 0);
        const enum result result = chunk_queue_append_copy(
            &queue, &fixture.source, &fixture.account, slice_of(text, sizeof(text)));
        if (result == RESULT_OK) {
            assert_true(nth > 4);
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_int_equal(fixture.account.used, used);
        assert_true(holds(&queue, SLICE("abc")));
    }
    chunk_queue_clear(&queue);
    fault_fail_nth(fixture.memory, 0, 0);
    fill(&fixture, &queue, "abc");
    for (uint64_t nth = 1;; nth++) {
        fault_fail_nth(fixture.memory, nth, 0);
        const enum result result = chunk_queue_prepend_copy(
            &queue, &fixture.source, &fixture.account, slice_of(text, BUFSIZE));
        if (result == RESULT_OK) {
            break;
        }
        assert_true(holds(&queue, SLICE("abc")));
    }
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_prepend_copy(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    open_fixture(&fixture);
    assert_int_equal(
        chunk_queue_prepend_copy(&queue, &fixture.source, &fixture.account, SLICE("c")), RESULT_OK);
    assert_int_equal(
        chunk_queue_prepend_copy(&queue, &fixture.source, &fixture.account, SLICE("ab")),
        RESULT_OK);
    assert_int_equal(
        chunk_queue_prepend_copy(&queue, &fixture.source, &fixture.account, SLICE_NONE), RESULT_OK);
    fill(&fixture, &queue, "d");
    assert_true(holds(&queue, SLICE("abcd")));
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_references_merge_when_adjacent(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    open_fixture(&fixture);
    struct chunk *chunk = chunk_take(&fixture.source, CHUNK_NORMAL, &fixture.account);
    memcpy(chunk->data, "abcdef", 6);
    chunk->filled = 6;
    assert_int_equal(chunk_queue_append_ref(&queue, chunk, 0, 2, &fixture.account), RESULT_OK);
    assert_int_equal(chunk_queue_append_ref(&queue, chunk, 2, 2, &fixture.account), RESULT_OK);
    assert_int_equal(chunk_queue_append_ref(&queue, chunk, 5, 0, &fixture.account), RESULT_OK);
    assert_ptr_equal(queue.first, queue.last);
    assert_int_equal(chunk_queue_append_ref(&queue, chunk, 5, 1, &fixture.account), RESULT_OK);
    assert_true(holds(&queue, SLICE("abcdf")));
    assert_int_equal(chunk->references, 3);
    chunk_drop(chunk);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

/* ---- moving ---- */

static void test_splitting_may_be_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue a = {0};
    struct chunk_queue b = {0};
    open_fixture(&fixture);
    assert_int_equal(chunk_queue_append_copy(&a, &fixture.source, &fixture.account, SLICE("xy")),
                     RESULT_OK);
    struct chunk_queue tail = {0};
    fill(&fixture, &tail, "abcdef");
    chunk_queue_move_all(&a, &tail);
    fault_fail_nth(fixture.memory, 1, 0);
    assert_int_equal(chunk_queue_move(&b, &a, 4, &fixture.account), RESULT_NO_MEMORY);
    assert_true(holds(&b, SLICE("xy"))); /* the whole reference before it */
    assert_true(holds(&a, SLICE("abcdef")));
    assert_int_equal(chunk_queue_move(&b, &a, 2, &fixture.account), RESULT_OK);
    assert_true(holds(&b, SLICE("xyab")));
    assert_int_equal(chunk_queue_move(&b, &a, 100, &fixture.account), RESULT_OK);
    assert_true(holds(&b, SLICE("xyabcdef")));
    assert_true(chunk_queue_is_empty(&a));
    chunk_queue_clear(&b);
    close_fixture(&fixture);
}

static void test_moving_in_pieces_takes_one_reference(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue a = {0};
    struct chunk_queue b = {0};
    open_fixture(&fixture);
    fill(&fixture, &a, "abcdef");
    assert_int_equal(chunk_queue_move(&b, &a, 1, &fixture.account), RESULT_OK);
    const size_t used = fixture.account.used;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(chunk_queue_move(&b, &a, 1, &fixture.account), RESULT_OK);
        assert_int_equal(fixture.account.used, used);
    }
    assert_int_equal(chunk_queue_move(&b, &a, 1, &fixture.account), RESULT_OK);
    assert_true(fixture.account.used < used);
    assert_true(holds(&b, SLICE("abcdef")));
    chunk_queue_clear(&b);
    close_fixture(&fixture);
}

static void test_recharge_follows_the_bytes(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct account server;
    open_fixture(&fixture);
    account_init(&server, memory_ledger(fixture.memory, 0), ACCOUNT_SERVER, 0);
    assert_int_equal(
        chunk_queue_append_copy(&queue, &fixture.source, &server, SLICE("from server")), RESULT_OK);
    struct chunk_queue own = {0};
    fill(&fixture, &own, "own");
    chunk_queue_move_all(&queue, &own);
    const size_t sum = server.used + fixture.account.used;
    chunk_queue_recharge(&queue, &server, &fixture.account);
    assert_int_equal(server.used, 0);
    assert_int_equal(fixture.account.used, sum);
    account_deinit(&server);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

/* ---- reading ---- */

static void test_vectors_and_front(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct iovec vectors[4];
    open_fixture(&fixture);
    assert_int_equal(chunk_queue_vectors(&queue, vectors, 4), 0);
    assert_int_equal(chunk_queue_front(&queue).length, 0);
    for (int i = 0; i < 3; i++) {
        struct chunk_queue piece = {0};
        fill(&fixture, &piece, "ab");
        chunk_queue_move_all(&queue, &piece);
    }
    assert_int_equal(chunk_queue_vectors(&queue, vectors, 2), 2);
    assert_int_equal(chunk_queue_vectors(&queue, vectors, 4), 3);
    assert_int_equal(vectors[2].iov_len, 2);
    assert_true(slice_equal(chunk_queue_front(&queue), SLICE("ab")));
    assert_int_equal(chunk_queue_footprint(&queue), fixture.account.used);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void test_pull_up(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct slice out;
    static char text[LARGE + BUFSIZE];
    open_fixture(&fixture);
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 25);
    }
    const struct slice all = slice_of(text, sizeof(text));
    assert_int_equal(chunk_queue_append_copy(&queue, &fixture.source, &fixture.account, all),
                     RESULT_OK);
    const void *place = queue.first->chunk;
    assert_int_equal(chunk_queue_pull_up(&queue, &fixture.source, &fixture.account, 100, &out),
                     RESULT_OK);
    assert_ptr_equal(queue.first->chunk, place); /* contiguous already */
    assert_int_equal(out.length, 100);
    assert_int_equal(chunk_queue_pull_up(&queue, &fixture.source, &fixture.account, BUFSIZE, &out),
                     RESULT_OK);
    assert_int_equal(queue.first->chunk->kind, CHUNK_LARGE);
    assert_true(slice_equal(out, slice_first(all, BUFSIZE)));
    assert_true(holds(&queue, all));
    assert_int_equal(chunk_queue_pull_up(&queue, &fixture.source, &fixture.account, LARGE, &out),
                     RESULT_FULL);
    fault_fail_nth(fixture.memory, 1, 0);
    assert_int_equal(
        chunk_queue_pull_up(&queue, &fixture.source, &fixture.account, BUFSIZE + 1, &out),
        RESULT_NO_MEMORY);
    assert_true(holds(&queue, all));
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

static void commit_too_much(void *argument)
{
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct iovec room;
    (void)argument;
    open_fixture(&fixture);
    if (chunk_queue_reserve(&queue, &fixture.source, CHUNK_SMALL, &fixture.account, 1, &room) ==
        RESULT_OK) {
        chunk_queue_commit(&queue, room.iov_len + 1);
    }
}

static void test_committing_too_much_aborts(void **state)
{
    (void)state;
    assert_true(death_aborts(commit_too_much, NULL, "assertion failed"));
}

/* ---- at random beside a model ---- */

enum { MODEL_QUEUES = 3, MODEL_BYTES = 60000, MODEL_ROUNDS = 30000, PIECE = 3000 };

struct model {
    struct chunk_queue queue;
    char text[MODEL_BYTES];
    size_t length;
};

static void model_append(struct model *model, struct slice bytes)
{
    memcpy(model->text + model->length, bytes.data, bytes.length);
    model->length += bytes.length;
}

static void model_drop(struct model *model, size_t bytes)
{
    model->length -= bytes;
    memmove(model->text, model->text + bytes, model->length);
}

static void random_fill(struct fixture *fixture, struct model *model, struct slice bytes)
{
    struct iovec room;
    if (chunk_queue_reserve(&model->queue, &fixture->source,
                            (enum chunk_kind)(rand() % CHUNK_KINDS), &fixture->account,
                            (size_t)rand() % 2000, &room) != RESULT_OK) {
        return;
    }
    bytes = slice_first(bytes, room.iov_len);
    if (bytes.length > 0) {
        memcpy(room.iov_base, bytes.data, bytes.length);
    }
    chunk_queue_commit(&model->queue, bytes.length);
    model_append(model, bytes);
}

static void random_move(struct fixture *fixture, struct model *to, struct model *from, size_t bytes)
{
    const size_t before = from->queue.bytes;
    if (rand() % 4 == 0) {
        chunk_queue_move_all(&to->queue, &from->queue);
    } else {
        (void)!chunk_queue_move(&to->queue, &from->queue, bytes, &fixture->account);
    }
    const size_t moved = before - from->queue.bytes;
    model_append(to, slice_of(from->text, moved));
    model_drop(from, moved);
}

/* References to bytes of another queue's first chunk, as a retransmission makes them. */
static void random_share(struct fixture *fixture, struct model *to, struct model *from)
{
    const struct chunk_ref *ref = from->queue.first;
    if (ref == NULL) {
        return;
    }
    const uint32_t skip = (uint32_t)rand() % ref->length;
    const uint32_t length = ref->length - skip;
    if (chunk_queue_append_ref(&to->queue, ref->chunk, ref->start + skip, length,
                               &fixture->account) == RESULT_OK) {
        model_append(to, slice_of(from->text + skip, length));
    }
}

static void random_step(struct fixture *fixture, struct model *a, struct model *b)
{
    static char noise[PIECE];
    struct slice out;
    const size_t length = (size_t)rand() % PIECE;
    for (size_t i = 0; i < length; i++) {
        noise[i] = (char)rand();
    }
    const struct slice bytes = slice_of(noise, length);
    const bool has_room = a->length + b->length + PIECE < MODEL_BYTES / 2;
    switch (rand() % 8) {
    case 0:
        if (has_room) {
            random_fill(fixture, a, bytes);
        }
        break;
    case 1:
        if (has_room && chunk_queue_append_copy(&a->queue, &fixture->source, &fixture->account,
                                                bytes) == RESULT_OK) {
            model_append(a, bytes);
        }
        break;
    case 2:
        if (has_room && chunk_queue_prepend_copy(&a->queue, &fixture->source, &fixture->account,
                                                 bytes) == RESULT_OK) {
            memmove(a->text + length, a->text, a->length);
            memcpy(a->text, noise, length);
            a->length += length;
        }
        break;
    case 3:
        if (a != b && a->length + b->length < MODEL_BYTES) {
            random_move(fixture, a, b, length);
        }
        break;
    case 4:
        chunk_queue_drop(&a->queue, length);
        model_drop(a, size_min(length, a->length));
        break;
    case 5:
        if (has_room && a != b && a->length + MODEL_BYTES / 4 < MODEL_BYTES) {
            random_share(fixture, a, b);
        }
        break;
    case 6:
        (void)!chunk_queue_pull_up(&a->queue, &fixture->source, &fixture->account,
                                   size_min(length, a->queue.bytes), &out);
        break;
    default:
        if (rand() % 10 == 0) {
            chunk_queue_clear(&a->queue);
            a->length = 0;
        }
        break;
    }
}

static void test_random_work_agrees_with_strings(void **state)
{
    (void)state;
    static struct model models[MODEL_QUEUES];
    struct fixture fixture;
    open_fixture(&fixture);
    srand(5);
    fault_set_percent(fixture.memory, 3);
    for (int round = 0; round < MODEL_ROUNDS; round++) {
        struct model *a = &models[rand() % MODEL_QUEUES];
        struct model *b = &models[rand() % MODEL_QUEUES];
        random_step(&fixture, a, b);
        assert_true(holds(&a->queue, slice_of(a->text, a->length)));
        assert_int_equal(b->queue.bytes, b->length);
    }
    for (int i = 0; i < MODEL_QUEUES; i++) {
        assert_true(holds(&models[i].queue, slice_of(models[i].text, models[i].length)));
        chunk_queue_clear(&models[i].queue);
    }
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source),
        cmocka_unit_test(test_the_last_drop_releases),
        cmocka_unit_test(test_reserve_goes_on_in_the_last_chunk),
        cmocka_unit_test(test_reserve_takes_a_new_chunk_where_least_does_not_fit),
        cmocka_unit_test(test_commit_of_nothing_gives_a_new_chunk_back),
        cmocka_unit_test(test_only_the_holder_of_the_last_bytes_fills),
        cmocka_unit_test(test_a_second_reference_may_not_fill),
        cmocka_unit_test(test_the_right_to_fill_moves_along),
        cmocka_unit_test(test_append_copy_spans_chunks),
        cmocka_unit_test(test_copies_are_all_or_nothing),
        cmocka_unit_test(test_prepend_copy),
        cmocka_unit_test(test_references_merge_when_adjacent),
        cmocka_unit_test(test_splitting_may_be_refused),
        cmocka_unit_test(test_moving_in_pieces_takes_one_reference),
        cmocka_unit_test(test_recharge_follows_the_bytes),
        cmocka_unit_test(test_vectors_and_front),
        cmocka_unit_test(test_pull_up),
        cmocka_unit_test(test_committing_too_much_aborts),
        cmocka_unit_test(test_random_work_agrees_with_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
