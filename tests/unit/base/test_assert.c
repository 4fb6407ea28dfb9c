/* SPDX-License-Identifier: Apache-2.0 */
/* A failed ASSERT names its condition and place and aborts; one that holds does nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/assert.h"
#include "support/death.h"

static void fail_assertion(void *argument)
{
    const int *value = argument;
    ASSERT(*value == 2);
}

static void test_failure_names_condition_and_place(void **state)
{
    (void)state;
    int value = 1;
    assert_true(death_aborts(fail_assertion, &value, "*value == 2"));
    assert_true(death_aborts(fail_assertion, &value, "test_assert.c:"));
}

static void test_success_does_nothing(void **state)
{
    (void)state;
    char text[DEATH_TEXT_SIZE];
    int value = 2;
    assert_int_equal(death_signal(fail_assertion, &value, text), 0);
    assert_string_equal(text, "");
}

struct outer {
    int before;
    char member;
};

static void test_container_of_finds_the_whole(void **state)
{
    (void)state;
    struct outer outer = {.before = 1};
    assert_ptr_equal(container_of(&outer.member, struct outer, member), &outer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failure_names_condition_and_place),
        cmocka_unit_test(test_success_does_nothing),
        cmocka_unit_test(test_container_of_finds_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
