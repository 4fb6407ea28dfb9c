/* SPDX-License-Identifier: Apache-2.0 */
/* experimental-mode, expert-mode, show cli level, set timeout cli, set severity-output. */
#include "admin/commands.h"

#include "support/admin.h"

static void test_modes(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_string_equal(admin_ask(&test, "experimental-mode"), "experimental-mode is OFF\n");
    admin_assert_silent(&test, "experimental-mode on");
    admin_assert_silent(&test, "experimental-mode sometimes");
    assert_string_equal(admin_ask(&test, "experimental-mode"), "experimental-mode is ON\n");
    assert_string_equal(admin_ask(&test, "expert-mode"), "expert-mode is OFF\n");
    admin_assert_silent(&test, "expert-mode on");
    assert_string_equal(admin_ask(&test, "expert-mode"), "expert-mode is ON\n");
    admin_assert_silent(&test, "expert-mode off");
    admin_assert_silent(&test, "experimental-mode off");
    assert_false(test.modes.is_experimental || test.modes.is_expert);
    test.modes.level = CLI_OPERATOR;
    assert_string_equal(admin_ask(&test, "expert-mode on"), "Permission denied\n");
    admin_world_close(&test);
}

static void test_level(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_string_equal(admin_ask(&test, "show cli level"), "admin\n");
    test.modes.level = CLI_USER;
    assert_string_equal(admin_ask(&test, "show cli level"), "user\n");
    admin_world_close(&test);
}

static void test_timeout(void **state)
{
    static const struct {
        const char *command;
        uint32_t ms;
    } ROWS[] = {{"set timeout cli 5", 5000},      {"set timeout cli 250ms", 250},
                {"set timeout cli 2m", 120000},   {"set timeout cli 1h", 3600000},
                {"set timeout cli 1d", 86400000}, {"set timeout cli 7s", 7000}};
    static const char *const BAD[] = {"set timeout cli 0",
                                      "set timeout cli x",
                                      "set timeout cli 5x",
                                      "set timeout cli 99d",
                                      "set timeout cli 99999999999999999999",
                                      "set timeout cli -1"};
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        admin_assert_silent(&test, ROWS[i].command);
        assert_int_equal(test.modes.timeout_ms, ROWS[i].ms);
    }
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        assert_string_equal(admin_ask(&test, BAD[i]), "Invalid timeout value.\n");
    }
    assert_string_equal(admin_ask(&test, "set timeout cli"), "Expects an integer value.\n");
    assert_int_equal(test.modes.timeout_ms, 7000);
    admin_world_close(&test);
}

static void test_severity(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_silent(&test, "set severity-output none");
    admin_assert_says(&test, "set severity-output number", "not supported");
    admin_assert_says(&test, "set severity-output", "one of 'none', 'number', 'string'");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_severity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
