/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of pools, of merged ones, of several workers, and what is told about leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/fault.h"
#include "support/death.h"
#include "support/memory.h"

struct names {
    char text[128];
};

static void add_storage(const struct pool_usage *usage, void *argument)
{
    struct names *names = argument;
    strncat(names->text, usage->name, sizeof(names->text) - strlen(names->text) - 2);
    strncat(names->text, " ", 2);
}

static void add_user(const char *name, size_t bytes, void *argument)
{
    struct names *names = argument;
    assert_true(bytes == 500 || bytes == 512);
    strncat(names->text, name, sizeof(names->text) - strlen(names->text) - 2);
    strncat(names->text, " ", 2);
}

static void test_each_storage_once_in_order(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(0);
    struct names names = {""};
    struct names users = {""};
    struct pool *pool = pool_create(memory, "one", 512, POOL_SHARED);
    assert_non_null(pool_create(memory, "two", 100, 0));
    assert_ptr_equal(pool_create(memory, "three", 512, POOL_SHARED), pool);
    pool_each(memory, add_storage, &names);
    assert_string_equal(names.text, "one two ");
    pool_each_user(pool, add_user, &users);
    assert_string_equal(users.text, "one three ");
    test_memory_close(memory);
}

static void test_counts_over_workers(void **state)
{
    (void)state;
    struct memory *memory =
        test_memory_open((struct memory_options){.workers = 2, .keep_caches = true});
    struct pool *pool = pool_create(memory, "thing", 512, 0);
    struct account accounts[2];
    account_init(&accounts[0], memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    account_init(&accounts[1], memory_ledger(memory, 1), ACCOUNT_CLIENT, 0);
    void *a = pool_take(pool, &accounts[0]);
    void *b = pool_take(pool, &accounts[1]);
    void *c = pool_take(pool, &accounts[1]);
    fault_fail_nth(memory, 1, 0);
    assert_null(pool_take(pool, &accounts[0]));
    pool_release(pool, &accounts[1], c);
    const struct pool_usage usage = test_memory_pool(memory, pool);
    assert_string_equal(usage.name, "thing");
    assert_int_equal(usage.object_bytes, pool_object_bytes(pool));
    assert_true(usage.allocated >= 3);
    assert_int_equal(usage.used, 2);
    assert_int_equal(usage.high_water, 3);
    assert_int_equal(usage.failed, 1);
    assert_int_equal(usage.in_caches, usage.allocated - 2);
    assert_int_equal(usage.users, 1);
    assert_int_equal(pool_count_used(memory, false), 2);
    pool_release(pool, &accounts[0], a);
    pool_release(pool, &accounts[1], b);
    assert_int_equal(pool_count_used(memory, false), 0);
    test_memory_close(memory);
}

static void leak_an_object(void *argument)
{
    struct memory *memory = test_memory_limited(0);
    struct account account;
    const bool *is_fatal = argument;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_SERVER, 0);
    struct pool *pool = pool_create(memory, "leaky", 20000, 0);
    (void)pool_take(pool, &account);
    memory_destroy(memory, *is_fatal);
}

static void test_leaks_are_named(void **state)
{
    (void)state;
    char text[DEATH_TEXT_SIZE];
    bool is_fatal = true;
    assert_true(death_aborts(leak_an_object, &is_fatal, "pool leaky: 1 objects"));
    assert_true(death_aborts(leak_an_object, &is_fatal, "bytes still on server accounts"));
    is_fatal = false;
    assert_int_equal(death_signal(leak_an_object, &is_fatal, text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_storage_once_in_order),
        cmocka_unit_test(test_counts_over_workers),
        cmocka_unit_test(test_leaks_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
