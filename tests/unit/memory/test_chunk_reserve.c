/* SPDX-License-Identifier: Apache-2.0 */
/* Reserves: the last resort of one owner, filled whole, used when the pools refuse, and whole again
 * when what was taken is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/chunk.h"
#include "support/memory.h"

#define LIMIT  (16 * MEBIBYTE)
#define NORMAL ((size_t)16384)

enum { SMALLS = 2, NORMALS = 3, OBJECTS_MAX = 64 };

static const unsigned counts[CHUNK_KINDS] = {[CHUNK_SMALL] = SMALLS, [CHUNK_NORMAL] = NORMALS};

struct fixture {
    struct memory *memory;
    struct chunk_source source;
    struct account client, server, other;
    struct chunk_reserve reserve;
    unsigned returned;
};

static void on_return(struct chunk_reserve *reserve)
{
    container_of(reserve, struct fixture, reserve)->returned++;
}

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.memory = test_memory_limited(LIMIT)};
    test_memory_ignore_resident(fixture->memory);
    struct ledger *ledger = memory_ledger(fixture->memory, 0);
    assert_int_equal(chunk_source_init(&fixture->source, fixture->memory, NORMAL, 0), RESULT_OK);
    account_init(&fixture->client, ledger, ACCOUNT_CLIENT, 0);
    account_init(&fixture->server, ledger, ACCOUNT_SERVER, 0);
    account_init(&fixture->other, ledger, ACCOUNT_CLIENT, 0);
    chunk_reserve_open(&fixture->reserve, &fixture->client);
    fixture->reserve.on_return = on_return;
}

static void close_fixture(struct fixture *fixture)
{
    chunk_reserve_close(&fixture->reserve);
    account_discharge(&fixture->other, fixture->other.used);
    assert_int_equal(fixture->client.used, 0);
    assert_int_equal(fixture->server.used, 0);
    test_memory_close(fixture->memory);
}

static unsigned count_free(const struct chunk_reserve *reserve, enum chunk_kind kind)
{
    unsigned count = 0;
    for (const struct chunk *chunk = reserve->free[kind]; chunk != NULL; chunk = chunk->next) {
        count++;
    }
    return count;
}

/* Leaves nothing to the pools. */
static void exhaust(struct fixture *fixture)
{
    pool_trim_all(fixture->memory, true);
    size_t step = MEBIBYTE;
    while (step > 0) {
        if (account_charge(&fixture->other, step) != RESULT_OK) {
            step /= 2;
        }
    }
}

static void test_a_filled_reserve_is_charged_and_given_back(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    assert_int_equal(chunk_reserve_fill(&fixture.reserve, &fixture.source, counts), RESULT_OK);
    assert_int_equal(count_free(&fixture.reserve, CHUNK_SMALL), SMALLS);
    assert_int_equal(count_free(&fixture.reserve, CHUNK_NORMAL), NORMALS);
    assert_int_equal(fixture.client.used,
                     SMALLS * pool_object_bytes(fixture.source.chunks[CHUNK_SMALL]) +
                         NORMALS * pool_object_bytes(fixture.source.chunks[CHUNK_NORMAL]));
    chunk_reserve_close(&fixture.reserve);
    assert_int_equal(fixture.client.used, 0);
    assert_null(fixture.client.reserve);
    chunk_reserve_close(&fixture.reserve); /* harmless */
    close_fixture(&fixture);
}

static void test_filling_is_all_or_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    exhaust(&fixture);
    account_discharge(&fixture.other, 3 * NORMAL); /* not enough for three with the small ones */
    assert_int_equal(chunk_reserve_fill(&fixture.reserve, &fixture.source, counts),
                     RESULT_NO_MEMORY);
    assert_int_equal(fixture.client.used, 0);
    assert_null(fixture.reserve.free[CHUNK_SMALL]);
    assert_null(fixture.reserve.free[CHUNK_NORMAL]);
    close_fixture(&fixture);
}

static void test_the_pools_come_first(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    assert_int_equal(chunk_reserve_fill(&fixture.reserve, &fixture.source, counts), RESULT_OK);
    struct chunk *chunk = chunk_take(&fixture.source, CHUNK_NORMAL, &fixture.client);
    assert_non_null(chunk);
    assert_false(chunk->is_reserved);
    assert_int_equal(count_free(&fixture.reserve, CHUNK_NORMAL), NORMALS);
    chunk_drop(chunk);
    assert_int_equal(fixture.returned, 0);
    close_fixture(&fixture);
}

static void test_when_the_pools_refuse_the_reserve_gives_and_is_whole_again(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk *taken[NORMALS];
    open_fixture(&fixture);
    assert_int_equal(chunk_reserve_fill(&fixture.reserve, &fixture.source, counts), RESULT_OK);
    exhaust(&fixture);
    const size_t used = fixture.client.used;
    for (int i = 0; i < NORMALS; i++) {
        taken[i] = chunk_take(&fixture.source, CHUNK_NORMAL, &fixture.client);
        assert_non_null(taken[i]);
        assert_int_equal(taken[i]->references, 1);
        assert_int_equal(taken[i]->size, fixture.source.bytes[CHUNK_NORMAL]);
        assert_int_equal(taken[i]->filled, 0);
        assert_null(taken[i]->tail);
    }
    assert_null(chunk_take(&fixture.source, CHUNK_NORMAL, &fixture.client));
    assert_null(chunk_take(&fixture.source, CHUNK_NORMAL, &fixture.server)); /* not its own */
    assert_int_equal(fixture.client.used, used);
    for (int i = 0; i < NORMALS; i++) {
        chunk_drop(taken[i]);
    }
    assert_int_equal(fixture.returned, NORMALS);
    assert_int_equal(count_free(&fixture.reserve, CHUNK_NORMAL), NORMALS);
    close_fixture(&fixture);
}

static void test_a_normal_chunk_stands_in_for_a_small_one(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk *taken[SMALLS + 1];
    struct chunk *rest[OBJECTS_MAX];
    unsigned count = 0;
    open_fixture(&fixture);
    assert_int_equal(chunk_reserve_fill(&fixture.reserve, &fixture.source, counts), RESULT_OK);
    exhaust(&fixture);
    do { /* free objects of slabs there are */
        rest[count] = chunk_take(&fixture.source, CHUNK_SMALL, &fixture.server);
    } while (rest[count] != NULL && ++count < OBJECTS_MAX);
    for (int i = 0; i <= SMALLS; i++) {
        taken[i] = chunk_take(&fixture.source, CHUNK_SMALL, &fixture.client);
        assert_non_null(taken[i]);
        assert_int_equal(taken[i]->kind, i < SMALLS ? CHUNK_SMALL : CHUNK_NORMAL);
    }
    assert_int_equal(taken[SMALLS]->size, fixture.source.bytes[CHUNK_NORMAL]);
    for (int i = 0; i <= SMALLS; i++) {
        chunk_drop(taken[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        chunk_drop(rest[i]);
    }
    assert_int_equal(count_free(&fixture.reserve, CHUNK_SMALL), SMALLS);
    assert_int_equal(count_free(&fixture.reserve, CHUNK_NORMAL), NORMALS);
    close_fixture(&fixture);
}

static void test_a_part_is_lent_with_its_charge(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_reserve lent = {0};
    open_fixture(&fixture);
    assert_int_equal(chunk_reserve_fill(&fixture.reserve, &fixture.source, counts), RESULT_OK);
    const size_t chunk_bytes = pool_object_bytes(fixture.source.chunks[CHUNK_NORMAL]);
    const size_t used = fixture.client.used;
    chunk_reserve_open(&lent, &fixture.server);
    chunk_reserve_move(&fixture.reserve, &lent, CHUNK_NORMAL, 2);
    assert_int_equal(fixture.server.used, 2 * chunk_bytes);
    assert_int_equal(fixture.client.used, used - 2 * chunk_bytes);
    exhaust(&fixture);
    struct chunk *chunk = chunk_take(&fixture.source, CHUNK_NORMAL, &fixture.server);
    assert_non_null(chunk);
    chunk_reserve_move(&lent, &fixture.reserve, CHUNK_NORMAL, NORMALS); /* more than there is */
    assert_int_equal(count_free(&fixture.reserve, CHUNK_NORMAL), NORMALS - 1);
    chunk_reserve_close(&lent);
    chunk_drop(chunk); /* in use beyond the end of the loan: to the pools */
    assert_int_equal(fixture.server.used, 0);
    assert_int_equal(fixture.returned, 0);
    close_fixture(&fixture);
}

static void test_reading_beyond_the_set_leaves_the_floor(void **state)
{
    (void)state;
    struct fixture fixture;
    struct chunk_queue queue = {0};
    struct iovec room;
    open_fixture(&fixture);
    exhaust(&fixture);
    account_discharge(&fixture.other, 4 * NORMAL);
    assert_int_equal(chunk_queue_reserve_for(&queue, &fixture.source, CHUNK_NORMAL, &fixture.client,
                                             WAIT_WINDOW, 1, &room),
                     RESULT_NO_MEMORY);
    assert_int_equal(chunk_queue_reserve_for(&queue, &fixture.source, CHUNK_NORMAL, &fixture.client,
                                             WAIT_EXCHANGE, 1, &room),
                     RESULT_OK);
    chunk_queue_commit(&queue, 0);
    account_discharge(&fixture.other, fixture.other.used / 2);
    assert_int_equal(chunk_queue_reserve_for(&queue, &fixture.source, CHUNK_NORMAL, &fixture.client,
                                             WAIT_WINDOW, 1, &room),
                     RESULT_OK);
    chunk_queue_commit(&queue, 0);
    chunk_queue_clear(&queue);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_filled_reserve_is_charged_and_given_back),
        cmocka_unit_test(test_filling_is_all_or_nothing),
        cmocka_unit_test(test_the_pools_come_first),
        cmocka_unit_test(test_when_the_pools_refuse_the_reserve_gives_and_is_whole_again),
        cmocka_unit_test(test_a_normal_chunk_stands_in_for_a_small_one),
        cmocka_unit_test(test_a_part_is_lent_with_its_charge),
        cmocka_unit_test(test_reading_beyond_the_set_leaves_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
