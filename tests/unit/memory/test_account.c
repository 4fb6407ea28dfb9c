/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: caps, leases, refusals that change nothing, forced charges, moves, the shared ledger.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/death.h"
#include "support/memory.h"

#define LIMIT (16 * MEBIBYTE)

static size_t leased(struct memory *memory)
{
    struct memory_usage usage;
    memory_read_usage(memory, &usage);
    return usage.leased;
}

static void test_charge_and_discharge(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(account_charge(&account, 100), RESULT_OK);
    assert_int_equal(account_charge(&account, 50), RESULT_OK);
    assert_int_equal(account.used, 150);
    account_discharge(&account, 120);
    assert_int_equal(account.used, 30);
    assert_int_equal(account.high_water, 150);
    assert_int_equal(test_memory_used(memory), 30);
    account_discharge(&account, 30);
    account_deinit(&account);
    test_memory_close(memory);
}

static void test_cap(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct memory_usage usage;
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 100);
    assert_int_equal(account_charge(&account, 100), RESULT_OK);
    assert_int_equal(account_charge(&account, 1), RESULT_NO_MEMORY);
    assert_int_equal(account_charge(&account, SIZE_MAX), RESULT_NO_MEMORY);
    account_charge_forced(&account, 50);
    assert_int_equal(account_charge(&account, 1), RESULT_NO_MEMORY);
    assert_int_equal(account.used, 150);
    memory_read_usage(memory, &usage);
    assert_int_equal(usage.refused_cap, 3);
    assert_int_equal(usage.refused_budget, 0);
    account_discharge(&account, 150);
    test_memory_close(memory);
}

static void test_traffic_is_refused_where_the_margin_begins(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct memory_usage usage;
    struct account client;
    struct account worker;
    test_memory_ignore_resident(memory);
    account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    account_init(&worker, memory_ledger(memory, 0), ACCOUNT_WORKER, 0);
    test_memory_fill(&client, 4096);
    test_memory_fill(&client, 1);
    memory_read_usage(memory, &usage);
    assert_int_equal(client.used, usage.traffic_max);
    assert_int_equal(usage.refused_budget, 2);
    assert_int_equal(account_charge(&worker, 1000), RESULT_OK);
    account_charge_forced(&client, 1000);
    assert_int_equal(account_charge(&client, 1), RESULT_NO_MEMORY);
    test_memory_fill(&worker, 4096);
    test_memory_fill(&worker, 1);
    assert_int_equal(client.used + worker.used, LIMIT - usage.operator_reserve);
    account_discharge(&client, client.used);
    account_discharge(&worker, worker.used);
    test_memory_close(memory);
}

static void test_operator_is_served_when_traffic_has_all(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct memory_usage usage;
    struct account client;
    struct account operators;
    test_memory_ignore_resident(memory);
    account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    account_init(&operators, memory_ledger(memory, 0), ACCOUNT_OPERATOR, 0);
    test_memory_fill(&client, 1000);
    memory_read_usage(memory, &usage);
    assert_int_equal(account_charge(&operators, usage.operator_reserve), RESULT_OK);
    /* Given back to the reserve, not to traffic. */
    account_discharge(&operators, usage.operator_reserve);
    assert_int_equal(account_charge(&client, 1000), RESULT_NO_MEMORY);
    assert_int_equal(account_charge(&operators, usage.operator_reserve), RESULT_OK);
    account_discharge(&operators, operators.used);
    account_discharge(&client, client.used);
    test_memory_close(memory);
}

static void test_refusal_changes_nothing(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account account;
    test_memory_ignore_resident(memory);
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_SERVER, 0);
    test_memory_fill(&account, 4096);
    const size_t used = account.used;
    const size_t before = leased(memory);
    assert_int_equal(account_charge(&account, LIMIT), RESULT_NO_MEMORY);
    assert_int_equal(account_charge(&account, SIZE_MAX), RESULT_NO_MEMORY);
    assert_int_equal(account.used, used);
    assert_int_equal(leased(memory), before);
    account_discharge(&account, used);
    test_memory_close(memory);
}

static void test_surplus_goes_back(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct ledger *ledger = memory_ledger(memory, 0);
    struct account account;
    account_init(&account, ledger, ACCOUNT_CLIENT, 0);
    assert_int_equal(account_charge(&account, 8 * MEBIBYTE), RESULT_OK);
    account_discharge(&account, 8 * MEBIBYTE);
    assert_true(leased(memory) <= ledger->surplus_max);
    pool_tick(memory, ledger);
    assert_int_equal(leased(memory), 0);
    test_memory_close(memory);
}

static void test_moves_keep_the_sum(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account a;
    struct account b;
    struct account c;
    account_init(&a, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    account_init(&b, memory_ledger(memory, 0), ACCOUNT_SERVER, 0);
    account_init(&c, memory_ledger(memory, 0), ACCOUNT_OPERATOR, 0);
    assert_int_equal(account_charge(&a, 1000), RESULT_OK);
    account_move(&a, &b, 400);
    account_move(&a, &c, 600);
    account_move(&c, &b, 100);
    assert_int_equal(a.used, 0);
    assert_int_equal(b.used, 500);
    assert_int_equal(c.used, 500);
    assert_int_equal(test_memory_used(memory), 1000);
    account_discharge(&b, 500);
    account_discharge(&c, 500);
    pool_tick(memory, memory_ledger(memory, 0));
    assert_int_equal(leased(memory), 0);
    test_memory_close(memory);
}

static void test_leased_bytes_change_hands(void **state)
{
    (void)state;
    static const enum account_kind kinds[] = {ACCOUNT_CLIENT, ACCOUNT_WORKER, ACCOUNT_OPERATOR};
    for (int i = 0; i < 4; i++) {
        struct memory *memory = test_memory_limited(LIMIT);
        struct account account;
        const bool is_shared = i == 3;
        account_init(&account, is_shared ? memory_shared_ledger(memory) : memory_ledger(memory, 0),
                     is_shared ? ACCOUNT_TABLE : kinds[i], 0);
        assert_int_equal(account_lease_beside(&account, 10000), RESULT_OK);
        assert_int_equal(account.used, 0);
        assert_int_equal(account_adopt(&account, 4000), RESULT_OK);
        assert_int_equal(account.used, 4000);
        account.cap = 5000;
        assert_int_equal(account_adopt(&account, 4000), RESULT_NO_MEMORY);
        account_abandon(&account, 4000);
        assert_int_equal(account.used, 0);
        ledger_return_surplus(account.ledger, 0);
        assert_int_equal(leased(memory), 10000);
        budget_return(account.ledger->budget, 10000);
        test_memory_close(memory);
    }
}

static void test_the_operator_adopts_of_its_reserve_only(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct memory_usage usage;
    struct account operators;
    struct account client;
    test_memory_ignore_resident(memory);
    memory_read_usage(memory, &usage);
    account_init(&operators, memory_ledger(memory, 0), ACCOUNT_OPERATOR, 0);
    account_init(&client, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(account_charge(&client, usage.traffic_max), RESULT_OK);
    assert_int_equal(account_lease_beside(&client, 1000), RESULT_NO_MEMORY);
    assert_int_equal(account_lease_beside(&operators, 1000), RESULT_OK);
    assert_false(account_may_take_free(&client));
    assert_true(account_may_take_free(&operators));
    assert_int_equal(account_charge(&operators, usage.operator_reserve - 500), RESULT_OK);
    assert_int_equal(account_adopt(&operators, 500), RESULT_OK);
    budget_return(client.ledger->budget, 500);
    assert_true(account_may_take_free(&client));
    account_discharge(&operators, operators.used);
    account_discharge(&client, client.used);
    test_memory_close(memory);
}

static void discharge_too_much(void *argument)
{
    struct memory *memory = test_memory_limited(LIMIT);
    struct account account;
    (void)argument;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    (void)!account_charge(&account, 10);
    account_discharge(&account, 11);
}

static void end_with_bytes(void *argument)
{
    struct memory *memory = test_memory_limited(LIMIT);
    struct account account;
    (void)argument;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CLIENT, 0);
    account_charge_forced(&account, 10);
    account_deinit(&account);
}

static void test_mistakes_abort(void **state)
{
    (void)state;
    assert_true(death_aborts(discharge_too_much, NULL, "assertion failed"));
    assert_true(death_aborts(end_with_bytes, NULL, "assertion failed"));
}

static void test_random_charges_agree_with_a_sum(void **state)
{
    (void)state;
    enum { ACCOUNTS = 7, ROUNDS = 50000, STEP = 30000 };
    struct memory *memory = test_memory_limited(LIMIT);
    struct account accounts[ACCOUNTS];
    size_t sum = 0;
    srand(3);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        account_init(&accounts[i], memory_ledger(memory, 0), (enum account_kind)i, 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct account *account = &accounts[rand() % ACCOUNTS];
        const size_t bytes = (size_t)rand() % STEP;
        if (rand() % 2 == 0 && account_charge(account, bytes) == RESULT_OK) {
            sum += bytes;
        } else {
            const size_t discharged = size_min(bytes, account->used);
            account_discharge(account, discharged);
            sum -= discharged;
        }
    }
    assert_int_equal(test_memory_used(memory), sum);
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        account_discharge(&accounts[i], accounts[i].used);
    }
    pool_tick(memory, memory_ledger(memory, 0));
    assert_int_equal(leased(memory), 0);
    test_memory_close(memory);
}

enum { THREADS = 4, TURNS = 5000 };

static void *charge_shared(void *argument)
{
    struct account *account = argument;
    for (int i = 0; i < TURNS; i++) {
        if (account_charge(account, 10) == RESULT_OK) {
            account_discharge(account, 10);
        }
    }
    return NULL;
}

static void test_shared_ledger_serves_all_threads(void **state)
{
    (void)state;
    struct memory *memory = test_memory_limited(LIMIT);
    struct account account;
    pthread_t threads[THREADS];
    account_init(&account, memory_shared_ledger(memory), ACCOUNT_TABLE, 0);
    assert_int_equal(account_charge(&account, 5), RESULT_OK);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, charge_shared, &account), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(account.used, 5);
    assert_int_equal(leased(memory), 5);
    account_discharge(&account, 5);
    assert_int_equal(leased(memory), 0);
    test_memory_close(memory);
}

static void test_kind_names(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < ACCOUNT_KINDS; kind++) {
        assert_string_not_equal(account_kind_name((enum account_kind)kind), "unknown");
    }
    assert_string_equal(account_kind_name(ACCOUNT_OPERATOR), "operator");
    assert_string_equal(account_kind_name(ACCOUNT_KINDS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_charge_and_discharge),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_traffic_is_refused_where_the_margin_begins),
        cmocka_unit_test(test_operator_is_served_when_traffic_has_all),
        cmocka_unit_test(test_refusal_changes_nothing),
        cmocka_unit_test(test_surplus_goes_back),
        cmocka_unit_test(test_moves_keep_the_sum),
        cmocka_unit_test(test_leased_bytes_change_hands),
        cmocka_unit_test(test_the_operator_adopts_of_its_reserve_only),
        cmocka_unit_test(test_mistakes_abort),
        cmocka_unit_test(test_random_charges_agree_with_a_sum),
        cmocka_unit_test(test_shared_ledger_serves_all_threads),
        cmocka_unit_test(test_kind_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
