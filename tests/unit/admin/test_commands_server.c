/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on servers, by their answers and by what they change.
 */
#include "admin/commands.h"

#include "support/admin.h"

static void test_names(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_says(&test, "disable server be", "Require 'backend/server'.\n");
    admin_assert_says(&test, "disable server", "Require 'backend/server'.\n");
    admin_assert_says(&test, "disable server no/s1", "No such backend.\n");
    admin_assert_says(&test, "disable server be/s9", "No such server.\n");
    admin_assert_says(&test, "set server be/s1 colour red", "usage: set server");
    test.modes.level = CLI_OPERATOR;
    admin_assert_says(&test, "disable server be/s1", "Permission denied\n");
    assert_int_equal(world_server(&test.world, 0)->admin, 0);
    admin_world_close(&test);
}

static void test_states(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct server *server = world_server(&test.world, 0);
    admin_assert_silent(&test, "disable server be/s1");
    assert_int_equal(server->admin, SERVER_MAINT_FORCED);
    admin_assert_silent(&test, "enable server be/s1");
    assert_int_equal(server->admin, 0);
    admin_assert_silent(&test, "set server be/s1 state drain");
    assert_int_equal(server->admin, SERVER_DRAIN_FORCED);
    admin_assert_silent(&test, "set server be/s1 state ready");
    assert_int_equal(server->admin, 0);
    admin_assert_silent(&test, "set server be/s1 health down");
    assert_int_equal(server->health, SERVER_DOWN);
    admin_assert_silent(&test, "set server be/s1 health up");
    assert_int_equal(server->health, SERVER_UP);
    admin_assert_says(&test, "set server be/s1 state on", "expects 'ready', 'drain' and 'maint'");
    admin_assert_says(&test, "set server be/s1 health on", "expects 'up', 'stopping', or 'down'");
    admin_assert_says(&test, "enable health be/s1", "not configured");
    assert_int_equal(world_server(&test.world, 1)->admin, 0);
    admin_world_close(&test);
}

static void test_weights(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_prepare(&test, false);
    test.world.servers[0].options.weight = 20;
    world_start(&test.world);
    const struct server *server = world_server(&test.world, 0);
    admin_assert_silent(&test, "set weight be/s1 50%");
    assert_int_equal(server->weight, 10);
    assert_string_equal(admin_ask(&test, "get weight be/s1"), "10 (initial 20)\n");
    admin_assert_silent(&test, "set server be/s1 weight 256");
    assert_int_equal(server->weight, 256);
    admin_assert_silent(&test, "set weight be/s1 0");
    assert_int_equal(server->weight, 0);
    admin_assert_says(&test, "set weight be/s1 257", "between 0 and 256");
    admin_assert_says(&test, "set weight be/s1 101%", "not above 100%");
    admin_assert_says(&test, "set weight be/s1 ten", "Trailing garbage");
    admin_assert_says(&test, "set weight be/s1", "Require <weight>");
    assert_int_equal(server->weight, 0);
    admin_world_close(&test);
}

static void test_address_and_limit(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    const struct server *server = world_server(&test.world, 0);
    uint16_t port = server->port;
    admin_assert_says(&test, "set server be/s1 addr 192.0.2.7", "changed");
    assert_int_equal(server->port, port);
    admin_assert_says(&test, "set server be/s1 addr 2001:db8::1 port 81", "changed");
    assert_int_equal(server->port, 81);
    assert_int_equal(server->address.family, AF_INET6);
    admin_assert_says(&test, "set server be/s1 addr 192.0.2.7 port 65536", "out of range");
    admin_assert_says(&test, "set server be/s1 addr nowhere", "requires an address");
    assert_int_equal(server->port, 81);
    admin_assert_silent(&test, "set maxconn server be/s1 7");
    assert_int_equal(server->maxconn, 7);
    admin_assert_says(&test, "set maxconn server be/s1 many", "Integer value expected.");
    assert_int_equal(server->maxconn, 7);
    admin_world_close(&test);
}

static void test_show(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_string_equal(admin_ask(&test, "show backend"), "# name\nbe\n");
    const char *answer = admin_ask(&test, "show servers state");
    assert_memory_equal(answer, "1\n# be_id be_name srv_id", 24);
    assert_non_null(strstr(answer, "\n2 be 1 s1 127.0.0.1 2 0 1 1 0 1 0 2 0 0 0 0 - "));
    assert_non_null(strstr(answer, "\n2 be 2 s2 127.0.0.1 2 0 1 1 "));
    admin_assert_silent(&test, "disable server be/s2");
    admin_assert_says(&test, "show servers state be", "\n2 be 2 s2 127.0.0.1 0 1 1 1 0 1 0 2 0 ");
    admin_assert_silent(&test, "set server be/s2 state drain");
    admin_assert_says(&test, "show servers state be", "\n2 be 2 s2 127.0.0.1 2 8 ");
    admin_assert_says(&test, "show servers state no", "Can't find backend.\n");
    admin_assert_says(&test, "show servers conn be", "\nbe/s1 2/1 127.0.0.1 ");
    assert_string_equal(admin_ask(&test, "show servers conn no"), "Can't find backend.\n");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_states),
        cmocka_unit_test(test_weights), cmocka_unit_test(test_address_and_limit),
        cmocka_unit_test(test_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
