/* SPDX-License-Identifier: Apache-2.0 */
/* The entry: it passes its arguments on and returns the program's status. */
#define main weir_main
#include "process/main.c"
#undef main

#include "support/process.h"

static int run(void *option)
{
    char *arguments[] = {"weir", option, NULL};
    return weir_main(option != NULL ? 2 : 1, arguments);
}

static void arguments_are_passed_on(void **state)
{
    static struct test_output output;
    (void)state;
    assert_int_equal(test_child_run(run, "-v", &output), 0);
    assert_int_equal(strncmp(output.out, "weir version ", strlen("weir version ")), 0);
    assert_string_equal(output.error, "");
}

static void the_status_is_returned(void **state)
{
    static struct test_output output;
    (void)state;
    assert_int_equal(test_child_run(run, "-nonsense", &output), 1);
    assert_string_equal(output.out, "");
    assert_int_equal(strncmp(output.error, "weir: ", strlen("weir: ")), 0);
    assert_int_equal(test_child_run(run, NULL, &output), 1);
    assert_non_null(strstr(output.error, "Usage"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments_are_passed_on),
        cmocka_unit_test(the_status_is_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
