/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on sessions where there are none, and what their words may be; streams that are there
 * are shown by the integration tests.
 */
#include "admin/commands.h"

#include "support/admin.h"

static void test_none(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_silent(&test, "show sess");
    admin_assert_says(&test, "shutdown session", "Session pointer expected");
    admin_assert_says(&test, "shutdown session 0x1234", "No such session");
    admin_assert_says(&test, "shutdown sessions server be/s9", "No such server.");
    admin_assert_says(&test, "shutdown sessions server", "Require 'backend/server'.");
    admin_assert_silent(&test, "shutdown sessions server be/s1");
    test.modes.level = CLI_USER;
    admin_assert_says(&test, "show sess", "Permission denied");
    admin_world_close(&test);
}

static void test_words(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_says(&test, "show sess help", "Usage: show sess");
    admin_assert_says(&test, "show sess frobnicate", "Usage: show sess");
    admin_assert_says(&test, "show sess frontend none", "No such frontend.");
    admin_assert_says(&test, "show sess backend none", "No such backend.");
    admin_assert_says(&test, "show sess server be/none", "No such server.");
    admin_assert_says(&test, "show sess server", "No such server.");
    admin_assert_says(&test, "show sess older x", "Age is expected in seconds.");
    admin_assert_says(&test, "show sess 0x1234", "Session not found.");
    admin_assert_silent(&test, "show sess all older 5 frontend be backend be server be/s1 susp");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
