/* SPDX-License-Identifier: Apache-2.0 */
/* The governor: limits, what the start took, the ledger's truth against resident memory, and the
 * end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "memory/allocator.h"
#include "memory/chunk.h"
#include "memory/fault.h"
#include "memory/library.h"
#include "memory/pressure.h"
#include "support/death.h"
#include "support/memory.h"

#define LIMIT (64 * MEBIBYTE)

static struct memory_usage usage_of(struct memory *memory)
{
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    return usage;
}

static void test_a_new_governor_is_empty(void **state)
{
    (void)state;
    struct memory *memory = test_memory_open(
        (struct memory_options){.limit_bytes = LIMIT, .workers = 3, .operator_bytes = 1000000});
    const struct memory_usage usage = usage_of(memory);
    assert_int_equal(usage.limit, LIMIT);
    assert_int_equal(usage.used, 0);
    assert_int_equal(usage.leased, 0);
    assert_int_equal(usage.operator_reserve, 1000000);
    assert_true(usage.traffic_max < LIMIT - 1000000);
    assert_true(usage.kernel_resident > 0);
    assert_true(usage.kernel_proportional > 0);
    assert_int_equal(usage.allocator_allocated > 0, !allocator_is_sanitized());
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(ledger_index(memory_ledger(memory, i)), i);
        assert_ptr_equal(ledger_memory(memory_ledger(memory, i)), memory);
    }
    assert_ptr_equal(ledger_memory(memory_shared_ledger(memory)), memory);
    test_memory_close(memory);
    memory_destroy(NULL, true);
}

static void test_usage_by_kind(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account table;
    struct account client;
    account_init(&table, memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(account_charge(&table, 10), RESULT_OK);
    assert_int_equal(account_charge(&client, 20), RESULT_OK);
    const struct memory_usage usage = usage_of(memory);
    assert_int_equal(usage.by_kind[ACCOUNT_TABLE], 10);
    assert_int_equal(usage.by_kind[ACCOUNT_CLIENT], 20);
    assert_int_equal(usage.by_kind[ACCOUNT_WORKER], 0);
    assert_int_equal(usage.used, 30);
    assert_true(usage.high_water >= 30);
    account_discharge(&table, 10);
    account_discharge(&client, 20);
    test_memory_close(memory);
}

static void test_free_objects_are_the_workers(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct pool *pool = pool_create(memory, "thing", 1000, 0);
    struct account client;
    account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    pool_release(pool, &client, pool_take(pool, &client));
    const struct memory_usage usage = usage_of(memory);
    assert_true(usage.pool_caches >= pool_object_bytes(pool));
    assert_int_equal(usage.by_kind[ACCOUNT_WORKER], usage.pool_caches);
    test_memory_close(memory);
}

static void leave_bytes(void *argument)
{
    struct memory *memory = test_memory_limited(LIMIT);
    struct account account;
    (void)argument;
    account_init(&account, memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    account_charge_forced(&account, 77);
    memory_destroy(memory, true);
}

static void test_leaks_are_fatal_and_named(void **state)
{
    (void)state;
    assert_true(death_aborts(leave_bytes, NULL, "77 bytes still on table accounts"));
}

/* ---- what the start took ---- */

static void test_the_start_is_charged_once(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account configuration;
    account_init(&configuration, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    void *block = memory_take(&configuration, 2 * MEBIBYTE);
    memset(block, 1, 2 * MEBIBYTE);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    const struct memory_usage usage = usage_of(memory);
    assert_int_equal(usage.by_kind[ACCOUNT_CONFIGURATION], usage.startup + configuration.used);
    if (!allocator_is_sanitized()) {
        assert_true(usage.startup > 0);
        assert_in_range(usage.used, usage.kernel_resident - 256 * KIBIBYTE,
                        usage.kernel_resident + 256 * KIBIBYTE);
    }
    memory_release(&configuration, block);
    test_memory_close(memory);
}

static void test_a_limit_that_the_start_fills_is_told(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account configuration;
    account_init(&configuration, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    assert_int_equal(account_charge(&configuration, 56 * MEBIBYTE), RESULT_OK);
    assert_int_equal(memory_charge_startup(memory), RESULT_NO_MEMORY);
    account_discharge(&configuration, 56 * MEBIBYTE);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    test_memory_close(memory);
}

static void test_faults_wait_for_the_end_of_the_start(void **state)
{
    (void)state;
    struct memory *memory =
        test_memory_open((struct memory_options){.fail_enabled = true, .fail_percent = 100});
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    void *block = memory_take(&account, 100);
    assert_non_null(block);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    assert_null(memory_take(&account, 100));
    fault_set_percent(memory, 0);
    memory_release(&account, block);
    test_memory_close(memory);
}

/* ---- truth ---- */

static void test_resident_memory_beyond_the_ledger_is_held(void **state)
{
    (void)state;
    const size_t unknown = 20 * MEBIBYTE;
    if (allocator_is_sanitized()) {
        skip();
    }
    struct memory *memory = test_memory_limited(LIMIT);
    struct account client;
    account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    char *block = mmap(NULL, unknown, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(block, 1, unknown);
    memory_observe_resident(memory);
    assert_in_range(usage_of(memory).overhead, unknown - MEBIBYTE, unknown + 2 * MEBIBYTE);
    assert_int_equal(account_charge(&client, 45 * MEBIBYTE), RESULT_NO_MEMORY);
    munmap(block, unknown);
    memory_observe_resident(memory);
    assert_true(usage_of(memory).overhead < 2 * MEBIBYTE);
    assert_int_equal(account_charge(&client, 45 * MEBIBYTE), RESULT_OK);
    account_discharge(&client, 45 * MEBIBYTE);
    test_memory_close(memory);
}

enum { KINDS_OF_OBJECTS = 6, OBJECTS_MOST = 200000 };

struct hoard {
    struct pool *pools[KINDS_OF_OBJECTS];
    struct account account;
    unsigned char *pool_of; /* of each object */
    void **objects;
    size_t count;
};

/* Takes objects of all sizes until memory is refused, and touches each byte. */
static void hoard_all(struct hoard *hoard)
{
    while (hoard->count < OBJECTS_MOST) {
        const unsigned kind = (unsigned)(hoard->count * 7 % KINDS_OF_OBJECTS);
        void *object = pool_take_zeroed(hoard->pools[kind], &hoard->account);
        if (object == NULL) {
            return;
        }
        hoard->pool_of[hoard->count] = (unsigned char)kind;
        hoard->objects[hoard->count++] = object;
    }
}

/* Releases all, or all but each eighth. */
static void let_go(struct hoard *hoard, bool of_all)
{
    size_t kept = 0;
    for (size_t i = 0; i < hoard->count; i++) {
        if (!of_all && i % 8 == 0) {
            hoard->pool_of[kept] = hoard->pool_of[i];
            hoard->objects[kept++] = hoard->objects[i];
        } else {
            pool_release(hoard->pools[hoard->pool_of[i]], &hoard->account, hoard->objects[i]);
        }
    }
    hoard->count = kept;
}

static void turn(struct memory *memory)
{
    pressure_update(memory, 1);
    memory_wake(memory_ledger(memory, 0));
    pool_tick(memory, memory_ledger(memory, 0));
    memory_observe_resident(memory);
}

/* Resident stays below the limit, and is what the ledger and its overhead say. */
static void check_truth(struct memory *memory)
{
    const struct memory_usage usage = usage_of(memory);
    if (allocator_is_sanitized()) {
        return;
    }
    assert_true(usage.kernel_resident <= LIMIT);
    assert_true(usage.kernel_resident <= usage.used + usage.overhead + MEBIBYTE);
}

static void open_hoard(struct hoard *hoard, struct memory *memory)
{
    static const size_t sizes[KINDS_OF_OBJECTS] = {40, 200, 700, 2048, 9000, 16384};
    *hoard = (struct hoard){0};
    account_init(&hoard->account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    for (unsigned i = 0; i < KINDS_OF_OBJECTS; i++) {
        hoard->pools[i] = pool_create(memory, "hoarded", sizes[i], POOL_SHARED);
    }
    hoard->pool_of = test_calloc(OBJECTS_MOST, 1);
    hoard->objects = test_calloc(OBJECTS_MOST, sizeof(void *));
}

static void test_the_limit_holds_for_resident_memory_wave_after_wave(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct hoard hoard;
    open_hoard(&hoard, memory);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    for (int wave = 0; wave < 12; wave++) {
        hoard_all(&hoard);
        check_truth(memory);
        turn(memory);
        check_truth(memory);
        assert_true(usage_of(memory).used > LIMIT / 2); /* and it is used */
        let_go(&hoard, false);
        turn(memory);
        check_truth(memory);
    }
    let_go(&hoard, true);
    for (int second = 0; second < 20; second++) {
        turn(memory);
    }
    assert_int_equal(pressure_level(memory), PRESSURE_CALM);
    assert_int_equal(usage_of(memory).pool_caches, 0);
    test_free(hoard.pool_of);
    test_free(hoard.objects);
    test_memory_close(memory);
}

static void test_memory_goes_back_after_a_storm(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct hoard hoard;
    open_hoard(&hoard, memory);
    assert_int_equal(memory_charge_startup(memory), RESULT_OK);
    hoard_all(&hoard);
    let_go(&hoard, true);
    const size_t before = usage_of(memory).startup;
    for (int second = 0; second < 20; second++) {
        turn(memory);
    }
    pool_trim_all(memory, true);
    allocator_purge();
    if (!allocator_is_sanitized()) {
        assert_true(usage_of(memory).kernel_resident < before + 4 * MEBIBYTE);
    }
    test_free(hoard.pool_of);
    test_free(hoard.objects);
    test_memory_close(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_governor_is_empty),
        cmocka_unit_test(test_usage_by_kind),
        cmocka_unit_test(test_free_objects_are_the_workers),
        cmocka_unit_test(test_leaks_are_fatal_and_named),
        cmocka_unit_test(test_the_start_is_charged_once),
        cmocka_unit_test(test_a_limit_that_the_start_fills_is_told),
        cmocka_unit_test(test_faults_wait_for_the_end_of_the_start),
        cmocka_unit_test(test_resident_memory_beyond_the_ledger_is_held),
        cmocka_unit_test(test_the_limit_holds_for_resident_memory_wave_after_wave),
        cmocka_unit_test(test_memory_goes_back_after_a_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
