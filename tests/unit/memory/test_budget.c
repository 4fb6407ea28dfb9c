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

static void observe(struct budget *budget, size_t resident)
{
    budget_finish_observation(budget, budget_begin_observation(budget), resident, 0);
}

static void test_resident_size_and_what_was_leased_since_bind(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    const size_t most = budget.house_max - budget.observe_step;
    observe(&budget, most - 10 * MEBIBYTE);
    assert_int_equal(budget_left(&budget), 10 * MEBIBYTE);
    assert_false(budget_lease(&budget, 10 * MEBIBYTE + 1, budget.house_max));
    assert_true(budget_lease(&budget, 10 * MEBIBYTE, budget.house_max));
    /* What goes back to the budget may still be resident. */
    budget_return(&budget, 10 * MEBIBYTE);
    assert_int_equal(budget_left(&budget), 0);
    assert_false(budget_lease(&budget, 1, budget.house_max));
    observe(&budget, most - 1 * MEBIBYTE);
    assert_true(budget_lease(&budget, 1 * MEBIBYTE, budget.house_max));
    observe(&budget, 2 * LIMIT);
    assert_int_equal(budget_left(&budget), 0);
    budget_lease_forced(&budget, 1);
    budget_return(&budget, 1 * MEBIBYTE + 1);
    budget_deinit(&budget);
}

static void test_the_operators_bytes_do_not_bind_traffic_twice(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    observe(&budget, 40 * MEBIBYTE);
    const size_t left = budget_left(&budget);
    assert_true(budget_take_operator(&budget, budget.reserve));
    assert_int_equal(budget_left(&budget), left);
    budget_return_operator(&budget, budget.reserve);
    budget_deinit(&budget);
}

static void test_leases_while_looking_stay_counted(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    assert_true(budget_lease(&budget, 1000, budget.traffic_max));
    const size_t begun = budget_begin_observation(&budget);
    assert_true(budget_lease(&budget, 500, budget.traffic_max));
    budget_finish_observation(&budget, begun, 20 * MEBIBYTE, 300);
    assert_int_equal(budget.grown, 500);
    assert_int_equal(budget_in_use(&budget), 1500 + 300);
    budget_return(&budget, 1500);
    budget_deinit(&budget);
}

static void test_observation_is_due_after_part_of_the_margin(void **state)
{
    (void)state;
    struct budget budget;
    budget_init(&budget, LIMIT, 0);
    assert_int_equal(budget.observe_step, (budget.house_max - budget.traffic_max) / 4);
    assert_false(budget_observation_is_due(&budget));
    for (int i = 0; i < 3; i++) { /* gross: what was returned counts too */
        assert_true(budget_lease(&budget, budget.observe_step / 2, budget.traffic_max));
        budget_return(&budget, budget.observe_step / 2);
    }
    assert_true(budget_observation_is_due(&budget));
    observe(&budget, 1);
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
            if (budget->leased > (size_t)2 * PIECE) {
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
        cmocka_unit_test(test_resident_size_and_what_was_leased_since_bind),
        cmocka_unit_test(test_the_operators_bytes_do_not_bind_traffic_twice),
        cmocka_unit_test(test_leases_while_looking_stay_counted),
        cmocka_unit_test(test_observation_is_due_after_part_of_the_margin),
        cmocka_unit_test(test_operator_has_the_reserve_when_traffic_has_all),
        cmocka_unit_test(test_operator_beyond_the_reserve_uses_the_budget),
        cmocka_unit_test(test_returning_what_was_not_leased_aborts),
        cmocka_unit_test(test_threads_never_pass_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
