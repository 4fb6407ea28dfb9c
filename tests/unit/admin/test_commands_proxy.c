/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on frontends and on the process's limits.
 */
#include "admin/commands.h"

#include "support/admin.h"

static void test_frontend(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    const struct proxy *proxy = test.world.proxy;
    admin_assert_silent(&test, "disable frontend be");
    assert_int_equal(proxy->state, PROXY_PAUSED);
    assert_true(strlen(admin_ask(&test, "disable frontend be")) > 0);
    admin_assert_silent(&test, "enable frontend be");
    assert_int_equal(proxy->state, PROXY_READY);
    assert_true(strlen(admin_ask(&test, "enable frontend be")) > 0);
    assert_true(strlen(admin_ask(&test, "disable frontend nobody")) > 0);
    admin_assert_silent(&test, "shutdown frontend be");
    assert_int_equal(proxy->state, PROXY_STOPPED);
    admin_assert_says(&test, "shutdown frontend be", "already shut down");
    assert_true(strlen(admin_ask(&test, "enable frontend be")) > 0);
    assert_int_equal(proxy->state, PROXY_STOPPED);
    admin_world_close(&test);
}

static void test_limits(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    test.world.facts.maxconn_hard = 1000;
    admin_assert_silent(&test, "set maxconn frontend be 5");
    assert_int_equal(test.world.proxy->maxconn, 5);
    admin_assert_says(&test, "set maxconn frontend be x", "Integer value expected.");
    assert_int_equal(test.world.proxy->maxconn, 5);
    assert_true(strlen(admin_ask(&test, "set maxconn frontend nobody 5")) > 0);
    admin_assert_silent(&test, "set maxconn global 10");
    assert_int_equal(test.world.facts.maxconn, 10);
    admin_assert_says(&test, "set maxconn global x", "Integer value expected.");
    test.modes.level = CLI_OPERATOR;
    admin_assert_says(&test, "set maxconn global 20", "Permission denied");
    assert_int_equal(test.world.facts.maxconn, 10);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frontend),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
