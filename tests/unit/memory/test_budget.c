/* SPDX-License-Identifier: Apache-2.0 */
/* The budget's division, leases up to a ceiling, the operator's reserve, and many threads at once.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/budget.h"
#include "support/death.h"

#define LIMIT (64 * MEBIBYTE)

static void test_division(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    assert_int_equal(budget.limit, LIMIT);
    assert_int_equal(budget.reserve, 1 * MEBIBYTE);
    assert_int_equal(budget.house_max, 63 * MEBIBYTE);
    assert_int_equal(budget.traffic_max, 61 * MEBIBYTE);
    assert_int_equal(budget_left(&budget), budget.traffic_max);
    budget_deinit(&budget);
}

static void test_small_and_missing_limits(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, 100, 0);
    assert_int_equal(budget.traffic_max, 0);
    assert_int_equal(budget_left(&budget), 0);
    assert_false(budget_lease(&budget, 1, budget.house_max));
    budget_deinit(&budget);
    budget_init(&budget, 0, 0);
    assert_true(budget_left(&budget) == SIZE_MAX);
    assert_true(budget_lease(&budget, LIMIT, budget.traffic_max));
    assert_true(budget_left(&budget) == SIZE_MAX);
    assert_false(budget_lease(&budget, SIZE_MAX, budget.traffic_max));
    budget_deinit(&budget);
}

static void test_leases_stop_at_their_ceiling(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    assert_true(budget_lease(&budget, budget.traffic_max, budget.traffic_max));
    assert_false(budget_lease(&budget, 1, budget.traffic_max));
    assert_true(budget_lease(&budget, budget.house_max - budget.traffic_max, budget.house_max));
    assert_false(budget_lease(&budget, 1, budget.house_max));
    budget_lease_forced(&budget, LIMIT);
    assert_int_equal(budget_left(&budget), 0);
    budget_return(&budget, LIMIT + budget.house_max);
    assert_int_equal(budget_left(&budget), budget.traffic_max);
    assert_int_equal(budget.high_water, LIMIT + budget.house_max);
    budget_deinit(&budget);
}

static void test_overhead_is_held(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    budget_set_overhead(&budget, 60 * MEBIBYTE);
    assert_int_equal(budget_left(&budget), 1 * MEBIBYTE);
    assert_int_equal(budget_in_use(&budget), 60 * MEBIBYTE);
    assert_false(budget_lease(&budget, 2 * MEBIBYTE, budget.traffic_max));
    budget_set_overhead(&budget, 0);
    assert_true(budget_lease(&budget, 2 * MEBIBYTE, budget.traffic_max));
    budget_deinit(&budget);
}

static void test_observation_is_due_after_part_of_the_margin(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    const size_t margin = budget.house_max - budget.traffic_max;
    assert_false(budget_observation_is_due(&budget));
    assert_true(budget_lease(&budget, margin / 2, budget.traffic_max));
    assert_true(budget_observation_is_due(&budget));
    budget_set_overhead(&budget, 0);
    assert_false(budget_observation_is_due(&budget));
    budget_deinit(&budget);
}

static void test_operator_has_the_reserve_when_traffic_has_all(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 1000);
    assert_true(budget_lease(&budget, budget.house_max, budget.house_max));
    assert_true(budget_take_operator(&budget, 600));
    assert_true(budget_take_operator(&budget, 400));
    assert_false(budget_take_operator(&budget, 1));
    budget_return_operator(&budget, 1);
    assert_true(budget_take_operator(&budget, 1));
    budget_return_operator(&budget, 1000);
    budget_return(&budget, budget.house_max);
    budget_deinit(&budget);
}

static void test_operator_beyond_the_reserve_uses_the_budget(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 1000);
    assert_true(budget_take_operator(&budget, 700));
    assert_int_equal(budget.leased, 0);
    assert_true(budget_take_operator(&budget, 700));
    assert_int_equal(budget.leased, 400);
    budget_take_operator_forced(&budget, LIMIT);
    assert_int_equal(budget.leased, 400 + LIMIT);
    budget_return_operator(&budget, LIMIT + 500);
    assert_int_equal(budget.leased, 0);
    assert_int_equal(budget.operator_used, 900);
    assert_false(budget_take_operator(&budget, SIZE_MAX));
    budget_return_operator(&budget, 900);
    budget_deinit(&budget);
}

static void return_too_much(void *argument)
{
    struct budget budget;
    (void)argument;
    budget_init(&budget, LIMIT, 0);
    budget_return(&budget, 1);
}

static void test_returning_what_was_not_leased_aborts(void **state)
{
    (void)state;
    assert_true(death_aborts(return_too_much, NULL, "assertion failed"));
}

enum { THREADS = 4, TURNS = 20000, PIECE = 7 };

static void *lease_and_return(void *argument)
{
    struct budget *budget = argument;
    for (int i = 0; i < TURNS; i++) {
        if (budget_lease(budget, PIECE, 2 * PIECE)) {
            if (budget_in_use(budget) > (size_t)2 * PIECE) {
                return NULL;
            }
            budget_return(budget, PIECE);
        }
        if (budget_take_operator(budget, PIECE)) {
            budget_return_operator(budget, PIECE);
        }
    }
    return budget;
}

static void test_threads_never_pass_the_ceiling(void **state)
{
    (void)state;
    struct budget budget;
    pthread_t threads[THREADS];
    budget_init(&budget, LIMIT, THREADS * PIECE);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, lease_and_return, &budget), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        void *finished = NULL;
        pthread_join(threads[i], &finished);
        assert_ptr_equal(finished, &budget);
    }
    assert_int_equal(budget.leased, 0);
    assert_int_equal(budget.operator_used, 0);
    budget_deinit(&budget);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_division),
        cmocka_unit_test(test_small_and_missing_limits),
        cmocka_unit_test(test_leases_stop_at_their_ceiling),
        cmocka_unit_test(test_overhead_is_held),
        cmocka_unit_test(test_observation_is_due_after_part_of_the_margin),
        cmocka_unit_test(test_operator_has_the_reserve_when_traffic_has_all),
        cmocka_unit_test(test_operator_beyond_the_reserve_uses_the_budget),
        cmocka_unit_test(test_returning_what_was_not_leased_aborts),
        cmocka_unit_test(test_threads_never_pass_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
