/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show info in its forms, show version, show env, show cli sockets.
 */
#include "admin/commands.h"

#include <stdlib.h>

#include "support/admin.h"

static void test_info(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    test.world.facts.requests_total = 77;
    admin_assert_says(&test, "show info", "\nVersion: 1.2.3\n");
    admin_assert_says(&test, "show info", "\nPid: 42\n");
    admin_assert_says(&test, "show info", "\nCumReq: 77\n");
    admin_assert_says(&test, "show info", "\nMaxconn: 1000\n");
    admin_assert_says(&test, "show info", "\nnode: node-a\n");
    admin_assert_says(&test, "show info typed", "\n6.Pid.1:SGP:u32:42\n");
    admin_assert_says(&test, "show info typed", "\n32.SslRate.1:MRP:u32:0\n");
    admin_assert_says(&test, "show info typed", "\n65.CumRecvLogs.1:MCP:u32:0\n");
    assert_null(strstr(test.answer, "description"));
    test.world.configuration.global.description = "A place";
    admin_assert_says(&test, "show info typed", "\n51.description.1:COS:str:A place\n");
    admin_assert_says(&test, "show info desc", "\nPid: 42:\"This worker process");
    const char *json = admin_ask(&test, "show info json");
    assert_memory_equal(json, "[{\"field\":{\"pos\":0,\"name\":\"Name\"},", 34);
    assert_string_equal(json + strlen(json) - 3, "}]\n");
    admin_world_close(&test);
}

static void test_version_and_environment(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_string_equal(admin_ask(&test, "show version"), "1.2.3\n");
    assert_int_equal(setenv("WEIR_TEST_VALUE", "a b", 1), 0);
    assert_string_equal(admin_ask(&test, "show env WEIR_TEST_VALUE"), "WEIR_TEST_VALUE=a b\n");
    admin_assert_says(&test, "show env", "WEIR_TEST_VALUE=a b\n");
    assert_string_equal(admin_ask(&test, "show env WEIR_TEST_VALU"), "");
    admin_world_close(&test);
}

static void test_sockets(void **state)
{
    (void)state;
    struct admin_world test;
    struct bind_settings path = {.level = BIND_LEVEL_ADMIN};
    struct bind_settings port = {.level = BIND_LEVEL_USER};
    admin_world_open(&test);
    path.listener.address = (struct address){.family = AF_UNIX, .path = "/run/a.sock"};
    assert_int_equal(address_parse_ip(SLICE("127.0.0.1"), &port.listener.address), RESULT_OK);
    port.listener.address.port = 9999;
    list_append(&test.world.configuration.global.stats_sockets, &path.link);
    list_append(&test.world.configuration.global.stats_sockets, &port.link);
    assert_string_equal(admin_ask(&test, "show cli sockets"),
                        "# socket lvl processes\n/run/a.sock admin all\n127.0.0.1:9999 user all\n");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),
        cmocka_unit_test(test_version_and_environment),
        cmocka_unit_test(test_sockets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
