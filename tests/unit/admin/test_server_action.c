/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Actions on servers.
 */
#include "admin/server_action.h"

#include "support/admin.h"

static bool act(struct admin_world *test, enum server_action action, unsigned server)
{
    return server_action_run(action, &test->world.worker, world_server(&test->world, server), 7);
}

static void test_words(void **state)
{
    (void)state;
    for (unsigned i = 0; i < SERVER_ACTIONS; i++) {
        const char *word = server_action_word((enum server_action)i);
        assert_int_equal(server_action_find(slice_from_string(word)), i);
        assert_true(strlen(server_action_title((enum server_action)i)) > 0);
    }
    assert_int_equal(server_action_find(SLICE("explode")), SERVER_ACTIONS);
    assert_int_equal(server_action_find(SLICE("")), SERVER_ACTIONS);
}

static void test_states(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    const struct server *server = world_server(&test.world, 0);
    assert_true(act(&test, SERVER_ACTION_MAINTENANCE, 0));
    assert_false(act(&test, SERVER_ACTION_MAINTENANCE, 0));
    assert_int_equal(server->admin, SERVER_MAINT_FORCED);
    assert_true(act(&test, SERVER_ACTION_DRAIN, 0));
    assert_int_equal(server->admin, SERVER_DRAIN_FORCED);
    assert_true(act(&test, SERVER_ACTION_READY, 0));
    assert_int_equal(server->admin, 0);
    assert_true(act(&test, SERVER_ACTION_HEALTH_STOPPING, 0));
    assert_false(server_is_usable(server));
    assert_true(server_accepts_persistent(server));
    assert_true(act(&test, SERVER_ACTION_SHUTDOWN_SESSIONS, 0));
    assert_false(act(&test, SERVER_ACTIONS, 0));
    admin_world_close(&test);
}

static void test_health(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_prepare(&test, true);
    test.world.servers[1].options.has_check = false;
    test.world.servers[1].options.track = "be/s1";
    world_start(&test.world);
    struct server *server = world_server(&test.world, 0);
    assert_true(act(&test, SERVER_ACTION_CHECKS_OFF, 0));
    assert_true(act(&test, SERVER_ACTION_HEALTH_DOWN, 0));
    assert_int_equal(server->health, SERVER_DOWN);
    assert_int_equal(server->check_health, 0);
    assert_true(act(&test, SERVER_ACTION_HEALTH_UP, 0));
    assert_int_equal(server->health, SERVER_UP);
    assert_int_equal(server->check_health, 4); /* rise 2, fall 3: all of them are left */
    assert_false(act(&test, SERVER_ACTION_HEALTH_DOWN, 1)); /* it follows the other */
    assert_false(act(&test, SERVER_ACTION_CHECKS_ON, 1));
    world_run(&test.world, 2 * WORLD_INTER_MS);
    unsigned before = test.world.fakes[0].accepted;
    assert_true(act(&test, SERVER_ACTION_CHECKS_ON, 0));
    WORLD_UNTIL(&test.world, test.world.fakes[0].accepted > before);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_health),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
