/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: alignment, blocks of growing kinds, the cap, and overflow that stays until the arena is
 * cleared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory/arena.h"
#include "memory/fault.h"
#include "support/memory.h"

enum { BUFSIZE = 4096, LARGE = 16384, NO_CAP = 1000000 };

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

static void test_nothing_is_taken_at_first(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    assert_int_equal(fixture.account.used, 0);
    assert_false(arena_has_overflowed(&arena));
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    enum { PIECES = 500 };
    struct fixture fixture;
    struct arena arena;
    unsigned char *pieces[PIECES];
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] =
            i % 2 == 0 ? arena_take(&arena, i % 61) : (void *)arena_take_text(&arena, i % 61);
        assert_non_null(pieces[i]);
        assert_true(i % 2 != 0 || (uintptr_t)pieces[i] % 8 == 0);
        memset(pieces[i], (int)(i % 251), i % 61);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < i % 61; k++) {
            assert_int_equal(pieces[i][k], i % 251);
        }
    }
    assert_true(arena.used <= arena.block_bytes);
    arena_clear(&arena);
    assert_int_equal(arena.used, 0);
    close_fixture(&fixture);
}

static void test_kinds_of_blocks(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    assert_non_null(arena_take(&arena, 10));
    assert_int_equal(arena.blocks->kind, CHUNK_SMALL);
    assert_non_null(arena_take(&arena, 2000));
    assert_int_equal(arena.blocks->kind, CHUNK_NORMAL);
    assert_non_null(arena_take(&arena, BUFSIZE));
    assert_int_equal(arena.blocks->kind, CHUNK_LARGE);
    assert_null(arena_take(&arena, LARGE));
    assert_true(arena_has_overflowed(&arena));
    arena_clear(&arena);
    assert_non_null(arena_take(&arena, BUFSIZE));
    assert_int_equal(arena.blocks->kind, CHUNK_LARGE);
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_overflow_is_sticky(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, 3000);
    assert_non_null(arena_take(&arena, 1500));
    assert_null(arena_take(&arena, 1500)); /* a second block would pass the cap */
    assert_null(arena_take(&arena, 1));
    assert_null(arena_copy(&arena, SLICE("x")).data);
    assert_true(arena_has_overflowed(&arena));
    arena_clear(&arena);
    assert_false(arena_has_overflowed(&arena));
    assert_non_null(arena_take(&arena, 1));
    assert_null(arena_take(&arena, SIZE_MAX));
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_a_cap_below_every_block(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, 100);
    assert_null(arena_take(&arena, 1));
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_refused_memory_overflows(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    fault_fail_nth(fixture.memory, 1, 0);
    assert_null(arena_take(&arena, 1));
    assert_null(arena_take(&arena, 1)); /* sticky: not tried again */
    assert_int_equal(fault_count(fixture.memory), 1);
    arena_clear(&arena);
    assert_non_null(arena_take(&arena, 1));
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_copies(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    const struct slice copy = arena_copy(&arena, SLICE("hello"));
    assert_true(slice_equal(copy, SLICE("hello")));
    const struct slice empty = arena_copy(&arena, SLICE_NONE);
    assert_non_null(empty.data); /* not refused */
    assert_int_equal(empty.length, 0);
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_a_block_is_filled_to_its_end(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    const size_t room = fixture.source.bytes[CHUNK_SMALL] - sizeof(void *);
    assert_non_null(arena_take_text(&arena, room - 1));
    assert_int_equal(arena.blocks->kind, CHUNK_SMALL);
    struct chunk *block = arena.blocks;
    assert_non_null(arena_take_text(&arena, 1));
    assert_ptr_equal(arena.blocks, block);
    assert_non_null(arena_take_text(&arena, 1));
    assert_ptr_not_equal(arena.blocks, block);
    arena_clear(&arena);
    close_fixture(&fixture);
}

static void test_the_largest_piece(void **state)
{
    (void)state;
    struct fixture fixture;
    struct arena arena;
    open_fixture(&fixture);
    arena_init(&arena, &fixture.source, &fixture.account, NO_CAP);
    const size_t most = arena_piece_max(&arena);
    assert_true(most > BUFSIZE && most < LARGE);
    assert_non_null(arena_take_text(&arena, most));
    assert_null(arena_take_text(&arena, most + 1));
    arena_clear(&arena);
    /* Large blocks are too many. */
    arena_init(&arena, &fixture.source, &fixture.account, 2 * BUFSIZE);
    assert_true(arena_piece_max(&arena) <= 2 * BUFSIZE);
    assert_non_null(arena_take_text(&arena, arena_piece_max(&arena)));
    arena_clear(&arena);
    arena_init(&arena, &fixture.source, &fixture.account, 1);
    assert_int_equal(arena_piece_max(&arena), 0);
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_taken_at_first),
        cmocka_unit_test(test_pieces_are_aligned_and_apart),
        cmocka_unit_test(test_kinds_of_blocks),
        cmocka_unit_test(test_overflow_is_sticky),
        cmocka_unit_test(test_a_cap_below_every_block),
        cmocka_unit_test(test_refused_memory_overflows),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_a_block_is_filled_to_its_end),
        cmocka_unit_test(test_the_largest_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
