/* SPDX-License-Identifier: Apache-2.0 */
/* What -dM finds: overflow, double release, writing after release; and what it leaves alone. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/pool_guard.h"
#include "support/death.h"
#include "support/memory.h"

enum { SIZE = 52 };

/* A mistake made with one object of a pool under the given options. */
struct mistake {
    struct memory_options options;
    enum { OVERFLOW, RELEASED_TWICE, WRITTEN_WHEN_FREE, READ_WHEN_FREE, NO_MISTAKE } kind;
};

static void make_mistake(void *argument)
{
    const struct mistake *mistake = argument;
    struct memory_options options = mistake->options;
    struct memory *memory = NULL;
    struct account account;
    options.workers = 1;
    options.keep_caches = true;
    if (memory_create(&options, &memory) != RESULT_OK) {
        return;
    }
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    struct pool *pool = pool_create(memory, "victim", SIZE, POOL_SHARED);
    unsigned char *object = pool_take(pool, &account);
    volatile unsigned char *touched = object;
    memset(object, 7, SIZE);
    if (mistake->kind == OVERFLOW) {
        touched[56] = 1; /* behind the payload, rounded up to 8 */
    }
    pool_release(pool, &account, object);
    if (mistake->kind == RELEASED_TWICE) {
        pool_release(pool, &account, object);
    } else if (mistake->kind == WRITTEN_WHEN_FREE) {
        touched[20] = 99;
    } else if (mistake->kind == READ_WHEN_FREE) {
        (void)touched[20];
    }
    object = pool_take(pool, &account);
    pool_release(pool, &account, object);
    memory_destroy(memory, true);
}

static void test_tag_tells_overflow_and_double_release(void **state)
{
    (void)state;
    struct mistake mistake = {.options = {.tag = true}, .kind = OVERFLOW};
    assert_true(death_aborts(make_mistake, &mistake, "victim"));
    assert_true(death_aborts(make_mistake, &mistake, "written past its end"));
    mistake.kind = RELEASED_TWICE;
    assert_true(death_aborts(make_mistake, &mistake, "released twice"));
}

static void test_integrity_and_backup_tell_writing_after_release(void **state)
{
    (void)state;
    struct mistake mistake = {.options = {.integrity = true}, .kind = WRITTEN_WHEN_FREE};
    assert_true(death_aborts(make_mistake, &mistake, "written while it was free"));
    mistake.options = (struct memory_options){.backup = true};
    assert_true(death_aborts(make_mistake, &mistake, "changed while it was free"));
    mistake.options = (struct memory_options){.backup = true, .integrity = true, .caller = true};
    assert_true(death_aborts(make_mistake, &mistake, "written while it was free"));
}

static void test_uaf_faults_at_once(void **state)
{
    (void)state;
    char text[DEATH_TEXT_SIZE];
    struct mistake mistake = {.options = {.uaf = true}, .kind = READ_WHEN_FREE};
    /* A sanitizer turns the signal into a report and an exit. */
    const int number = death_signal(make_mistake, &mistake, text);
    assert_true(number == SIGSEGV || number == SIGABRT || strstr(text, "SEGV") != NULL);
    mistake.kind = NO_MISTAKE;
    assert_int_equal(death_signal(make_mistake, &mistake, text), 0);
}

static void test_right_use_passes_every_option(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 128; bits++) {
        char text[DEATH_TEXT_SIZE];
        struct mistake mistake = {.kind = NO_MISTAKE};
        mistake.options.tag = (bits & 1) != 0;
        mistake.options.caller = (bits & 2) != 0;
        mistake.options.integrity = (bits & 4) != 0;
        mistake.options.backup = (bits & 8) != 0;
        mistake.options.poison = (bits & 16) != 0;
        mistake.options.cold_first = (bits & 32) != 0;
        mistake.options.uaf = (bits & 64) != 0;
        if (bits % 8 == 0) {
            assert_int_equal(death_signal(make_mistake, &mistake, text), 0);
        } else {
            make_mistake(&mistake);
        }
    }
}

static void test_poison_fills_new_objects(void **state)
{
    (void)state;
    struct memory *memory = test_memory_open(
        (struct memory_options){.poison = true, .poison_byte = 0x42, .keep_caches = true});
    struct pool *pool = pool_create(memory, "thing", SIZE, 0);
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    for (int round = 0; round < 3; round++) {
        unsigned char *object = pool_take(pool, &account);
        for (int i = 0; i < SIZE; i++) {
            assert_int_equal(object[i], 0x42);
        }
        memset(object, 0, SIZE);
        pool_release(pool, &account, object);
    }
    static const char zeroes[SIZE];
    void *object = pool_take_zeroed(pool, &account);
    assert_memory_equal(object, zeroes, SIZE);
    pool_release(pool, &account, object);
    test_memory_close(memory);
}

static void test_sizes(void **state)
{
    (void)state;
    const struct memory_options none = {0};
    const struct memory_options all = {.tag = true, .caller = true, .backup = true};
    assert_false(pool_guard_is_needed(&none));
    assert_true(pool_guard_is_needed(&all));
    assert_int_equal(pool_guard_bytes(&none, 56), 0);
    assert_int_equal(pool_guard_bytes(&all, 56), 8 + 8 + 56);
    assert_int_equal(pool_guard_mapped_bytes(1), 4096);
    assert_int_equal(pool_guard_mapped_bytes(4097), 8192);
}

static void test_mapped_objects_end_where_their_pages_end(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 9000; bytes += 777) {
        char *object = pool_guard_map(bytes);
        assert_non_null(object);
        const size_t end = ((uintptr_t)object + bytes) % 4096;
        assert_true(end == 0 || end > 4096 - 16);
        assert_int_equal((uintptr_t)object % 16, 0);
        memset(object, 1, bytes);
        pool_guard_unmap(object, bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tag_tells_overflow_and_double_release),
        cmocka_unit_test(test_integrity_and_backup_tell_writing_after_release),
        cmocka_unit_test(test_uaf_faults_at_once),
        cmocka_unit_test(test_right_use_passes_every_option),
        cmocka_unit_test(test_poison_fills_new_objects),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_mapped_objects_end_where_their_pages_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
