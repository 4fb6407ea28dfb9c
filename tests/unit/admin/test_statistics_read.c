/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of columns: names, states, weights, limits, rates, times, checks.
 */
#include "admin/statistics_read.h"

#include "support/admin.h"

static void test_identity(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_prepare(&test, false);
    test.world.servers[0].options.cookie = "c1";
    world_start(&test.world);
    struct statistics_object frontend = admin_object(&test, STATISTICS_FRONTEND);
    struct statistics_object backend = admin_object(&test, STATISTICS_BACKEND);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    assert_string_equal(admin_column(&frontend, "svname"), "FRONTEND");
    assert_string_equal(admin_column(&backend, "svname"), "BACKEND");
    assert_string_equal(admin_column(&server, "svname"), "s1");
    assert_string_equal(admin_column(&frontend, "type"), "0");
    assert_string_equal(admin_column(&backend, "type"), "1");
    assert_string_equal(admin_column(&server, "type"), "2");
    assert_string_equal(admin_column(&server, "iid"), "2");
    assert_string_equal(admin_column(&server, "sid"), "1");
    assert_string_equal(admin_column(&backend, "sid"), "0");
    assert_string_equal(admin_column(&server, "cookie"), "c1");
    assert_string_equal(admin_column(&backend, "cookie"), "");
    assert_string_equal(admin_column(&backend, "algo"), "roundrobin");
    assert_string_equal(admin_column(&server, "mode"), "http");
    assert_memory_equal(admin_column(&server, "addr"), "127.0.0.1:", 10);
    assert_string_equal(admin_column(&server, "tracked"), "");
    admin_world_close(&test);
}

static void test_states(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct statistics_object frontend = admin_object(&test, STATISTICS_FRONTEND);
    struct statistics_object backend = admin_object(&test, STATISTICS_BACKEND);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    assert_string_equal(admin_column(&server, "status"), "no check");
    assert_string_equal(admin_column(&backend, "status"), "UP");
    assert_string_equal(admin_column(&frontend, "status"), "OPEN");
    test.world.proxy->is_full = true;
    assert_string_equal(admin_column(&frontend, "status"), "FULL");
    test.world.proxy->state = PROXY_PAUSED;
    assert_string_equal(admin_column(&frontend, "status"), "PAUSED");
    test.world.proxy->state = PROXY_STOPPED;
    assert_string_equal(admin_column(&frontend, "status"), "STOP");
    server_set_admin(world_server(&test.world, 0), SERVER_MAINT_FORCED, 0, 1);
    assert_string_equal(admin_column(&server, "status"), "MAINT");
    assert_string_equal(admin_column(&backend, "act"), "1");
    server_set_admin(world_server(&test.world, 1), SERVER_MAINT_FORCED, 0, 1);
    assert_string_equal(admin_column(&backend, "status"), "DOWN");
    assert_string_equal(admin_column(&backend, "act"), "0");
    assert_string_equal(admin_column(&backend, "weight"), "0");
    assert_string_equal(admin_column(&backend, "lastchg"), "4"); /* read at 5000 ms */
    admin_world_close(&test);
}

static void test_limits(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_prepare(&test, false);
    test.world.servers[0].options.maxconn = 9;
    test.world.servers[0].options.maxqueue = 8;
    test.world.servers[0].options.is_backup = true;
    world_start(&test.world);
    struct statistics_object frontend = admin_object(&test, STATISTICS_FRONTEND);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    assert_string_equal(admin_column(&frontend, "slim"), "1000"); /* the process's */
    test.world.proxy->maxconn = 12;
    assert_string_equal(admin_column(&frontend, "slim"), "12");
    assert_string_equal(admin_column(&server, "slim"), "9");
    assert_string_equal(admin_column(&server, "qlimit"), "8");
    assert_string_equal(admin_column(&server, "act"), "0");
    assert_string_equal(admin_column(&server, "bck"), "1");
    assert_string_equal(admin_column(&server, "src_ilim"), "");
    assert_string_equal(admin_column(&server, "srv_icur"), "0");
    assert_string_equal(admin_column(&server, "qcur"), "0");
    admin_world_close(&test);
}

static void test_http_and_tcp(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct statistics_object frontend = admin_object(&test, STATISTICS_FRONTEND);
    for (unsigned i = 0; i < 6; i++) {
        test.world.proxy->counters.responses[i] = 10 + i;
    }
    test.world.proxy->counters.sessions_total = 3;
    assert_string_equal(admin_column(&frontend, "hrsp_other"), "10");
    assert_string_equal(admin_column(&frontend, "hrsp_1xx"), "11");
    assert_string_equal(admin_column(&frontend, "hrsp_2xx"), "12");
    assert_string_equal(admin_column(&frontend, "hrsp_3xx"), "13");
    assert_string_equal(admin_column(&frontend, "hrsp_4xx"), "14");
    assert_string_equal(admin_column(&frontend, "hrsp_5xx"), "15");
    assert_string_equal(admin_column(&frontend, "h1sess"), "3");
    assert_string_equal(admin_column(&frontend, "sess_other"), "0");
    test.world.settings.mode = PROXY_MODE_TCP;
    assert_string_equal(admin_column(&frontend, "hrsp_2xx"), "");
    assert_string_equal(admin_column(&frontend, "req_tot"), "");
    assert_string_equal(admin_column(&frontend, "h1sess"), "0");
    assert_string_equal(admin_column(&frontend, "sess_other"), "3");
    assert_string_equal(admin_column(&frontend, "mode"), "tcp");
    admin_world_close(&test);
}

static void test_last_session(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    assert_string_equal(admin_column(&server, "lastsess"), "-1");
    world_server(&test.world, 0)->counters.last_session_ms = 1500;
    assert_string_equal(admin_column(&server, "lastsess"), "3");
    world_server(&test.world, 0)->counters.last_session_ms = 9000; /* later than the reading */
    assert_string_equal(admin_column(&server, "lastsess"), "0");
    admin_world_close(&test);
}

static void test_checks(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_prepare(&test, true);
    test.world.fakes[0].answer = "HTTP/1.0 200 OK\r\n\r\n";
    world_start(&test.world);
    struct server *server = world_server(&test.world, 0);
    struct statistics_object object = admin_object(&test, STATISTICS_SERVER);
    WORLD_UNTIL(&test.world, server->check_status == CHECK_STATUS_L4_PASSED);
    WORLD_UNTIL(&test.world, !check_is_running(object.endpoint->check));
    assert_string_equal(admin_column(&object, "check_status"), "L4OK");
    assert_string_equal(admin_column(&object, "check_desc"), "Layer4 check passed");
    assert_string_equal(admin_column(&object, "check_code"), "");
    assert_string_equal(admin_column(&object, "chkfail"), "0");
    assert_string_equal(admin_column(&object, "check_rise"), "2");
    assert_string_equal(admin_column(&object, "check_fall"), "3");
    assert_string_equal(admin_column(&object, "check_health"), "4");
    assert_string_equal(admin_column(&object, "downtime"), "0");
    assert_true(strlen(admin_column(&object, "check_duration")) > 0);
    admin_world_close(&test);
    admin_world_open(&test); /* without checks */
    object = admin_object(&test, STATISTICS_SERVER);
    assert_string_equal(admin_column(&object, "check_status"), "");
    assert_string_equal(admin_column(&object, "chkdown"), "");
    assert_string_equal(admin_column(&object, "check_rise"), "");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),     cmocka_unit_test(test_states),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_http_and_tcp),
        cmocka_unit_test(test_last_session), cmocka_unit_test(test_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
