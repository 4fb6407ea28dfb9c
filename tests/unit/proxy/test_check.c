/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Health checks on a real loop against fake servers: results, rise and fall, requests, deadlines,
 * pauses, memory refused.
 */
#include <errno.h>

#include "memory/fault.h"
#include "support/world.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void open_tcp(struct world *world)
{
    world_open(world);
    world_add(world, NULL);
    world->settings.check_kind = CHECK_TCP;
}

static void open_http(struct world *world, const char *answer)
{
    world_open(world);
    world_add(world, answer);
    world->settings.check_kind = CHECK_HTTP;
}

static void test_connect_is_enough_for_tcp(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    assert_int_equal(server->check_status, CHECK_STATUS_INITIAL);
    assert_int_equal(server->check_health, 2);
    WORLD_UNTIL(&world, server->check_status == CHECK_STATUS_L4_PASSED);
    assert_int_equal(server->check_health, 4);
    assert_string_equal(check_last_text(endpoint_of(server)->check), "");
    WORLD_UNTIL(&world, world.fakes[0].accepted >= 3); /* again and again */
    assert_int_equal(server->counters.check_failures, 0);
    world_close(&world);
}

static void test_refused_at_the_start_is_down_at_once(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    world_kill(&world, 0);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->health == SERVER_DOWN);
    assert_int_equal(server->check_status, CHECK_STATUS_L4_CONNECTION);
    assert_int_equal(server->counters.check_failures, 1);
    assert_int_equal(server->counters.check_downs, 1);
    assert_string_equal(check_last_text(endpoint_of(server)->check), "Connection refused");
    assert_string_equal(
        world_log(&world),
        "<1>Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", "
        "check duration: Nms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 "
        "remaining in queue.\n<0>backend be has no server available!\n");
    world_close(&world);
}

static void test_rise_and_fall(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 4);
    world_kill(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 3);
    assert_int_equal(server->health, SERVER_UP);
    WORLD_UNTIL(&world, server->check_health == 2);
    assert_int_equal(server->health, SERVER_UP);
    WORLD_UNTIL(&world, server->check_health == 0);
    assert_int_equal(server->health, SERVER_DOWN);
    assert_int_equal(server->counters.check_failures, 3);
    world_revive(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 1);
    assert_int_equal(server->health, SERVER_DOWN);
    WORLD_UNTIL(&world, server->health == SERVER_UP);
    assert_int_equal(server->check_health, 4);
    assert_int_equal(world_logged(&world,
                                  "<5>Server be/s1 is UP, reason: Layer4 check passed, check "
                                  "duration: Nms. 1 active and 0 backup servers online. 0 "
                                  "sessions requeued, 0 total in queue."),
                     1);
    world_close(&world);
}

static void test_a_success_gives_all_points_back(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 4);
    world_kill(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 2);
    world_revive(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 4);
    assert_int_equal(server->health, SERVER_UP);
    world_close(&world);
}

static void test_default_http_request(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, OK_ANSWER);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->check_status == CHECK_STATUS_L7_PASSED);
    assert_int_equal(server->check_code, 200);
    assert_string_equal(world.fakes[0].request, "OPTIONS / HTTP/1.0\r\n\r\n");
    world_close(&world);
}

static void test_configured_http_request(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, OK_ANSWER);
    world.settings.http_check = (struct http_check_settings){.method = "POST",
                                                             .uri = "/health?x",
                                                             .version = "HTTP/1.1",
                                                             .host = "www.example.com",
                                                             .headers = "x-a: b\r\n",
                                                             .body = "hello"};
    world_start(&world);
    WORLD_UNTIL(&world, world_server(&world, 0)->check_status == CHECK_STATUS_L7_PASSED);
    assert_string_equal(world.fakes[0].request,
                        "POST /health?x HTTP/1.1\r\nhost: www.example.com\r\nx-a: b\r\n"
                        "content-length: 5\r\nconnection: close\r\n\r\nhello");
    world_close(&world);
}

static void test_wrong_status(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, "HTTP/1.1 503 Out \"of\" order\r\n\r\n");
    world.settings.options = OPTION_LOG_HEALTH_CHECKS;
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->health == SERVER_DOWN);
    assert_int_equal(server->check_status, CHECK_STATUS_L7_STATUS);
    assert_int_equal(server->check_code, 503);
    assert_string_equal(
        world_log(&world),
        "<5>Health check for server be/s1 failed, reason: Layer7 wrong status, code: 503, info: "
        "\"Out <22>of<22> order\", check duration: Nms, status: 0/2 DOWN.\n"
        "<1>Server be/s1 is DOWN. 0 active and 0 backup servers left. 0 sessions active, 0 "
        "requeued, 0 remaining in queue.\n<0>backend be has no server available!\n");
    world_close(&world);
}

static void test_no_answer(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, "");
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->health == SERVER_DOWN);
    assert_int_equal(server->check_status, CHECK_STATUS_L7_RESPONSE);
    world_close(&world);
}

static void test_silence_ends_with_the_interval(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, NULL);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->health == SERVER_DOWN);
    assert_int_equal(server->check_status, CHECK_STATUS_L7_TIMEOUT);
    assert_in_range(server->check_duration_ms, WORLD_INTER_MS, WORLD_INTER_MS + 200);
    world_close(&world);
}

static void test_timeout_check_is_for_the_answer(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, NULL);
    world.settings.timeouts.check_ms = 120;
    world.settings.timeouts.connect_ms = 1000;
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->health == SERVER_DOWN);
    assert_int_equal(server->check_status, CHECK_STATUS_L7_TIMEOUT);
    assert_in_range(server->check_duration_ms, 120, 400);
    world_close(&world);
}

static void test_address_and_port_of_the_check(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    struct server_settings *settings = &world.servers[0];
    settings->check_port = settings->options.address.port;
    settings->options.address.port = 1; /* where the server is nobody listens */
    world_start(&world);
    WORLD_UNTIL(&world, world_server(&world, 0)->check_status == CHECK_STATUS_L4_PASSED);
    world_close(&world);
}

static void test_intervals_by_state(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    world.servers[0].options.check_interval_ms = 20;
    world.servers[0].options.check_down_interval_ms = 60000;
    world_kill(&world, 0);
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->health == SERVER_DOWN);
    world_revive(&world, 0);
    world_run(&world, 150);
    assert_int_equal(world.fakes[0].accepted, 0); /* surely down: rarely asked */
    check_hurry(endpoint_of(server)->check);
    WORLD_UNTIL(&world, server->health == SERVER_UP); /* on the way up: often again */
    world_close(&world);
}

static void test_first_checks_are_spread(void **state)
{
    (void)state;
    struct world world;
    world_open(&world);
    for (unsigned i = 0; i < 4; i++) {
        world_add(&world, NULL)->options.check_interval_ms = 400;
    }
    world.settings.check_kind = CHECK_TCP;
    world_start(&world);
    world_run(&world, 50);
    assert_int_equal(world.fakes[0].accepted, 1);
    assert_int_equal(world.fakes[1].accepted, 0);
    assert_int_equal(world.fakes[3].accepted, 0);
    WORLD_UNTIL(&world, world.fakes[3].accepted > 0);
    assert_int_equal(world.fakes[0].accepted, 1);
    world_close(&world);
}

static void test_maintenance_pauses(void **state)
{
    (void)state;
    struct world world;
    open_tcp(&world);
    world.servers[0].options.check_interval_ms = 20;
    world_start(&world);
    struct server *server = world_server(&world, 0);
    WORLD_UNTIL(&world, server->check_health == 4);
    server_set_admin(server, SERVER_MAINT_FORCED, 0, event_now_ms(world.base.loop));
    world_run(&world, 50);
    unsigned accepted = world.fakes[0].accepted;
    world_run(&world, 100);
    assert_int_equal(world.fakes[0].accepted, accepted);
    world.servers[0].options.check_interval_ms = 60000;
    server_set_admin(server, 0, SERVER_MAINT_FORCED, event_now_ms(world.base.loop));
    assert_int_equal(server->check_health, 2);      /* up until the first failure */
    WORLD_UNTIL(&world, server->check_health == 4); /* and checked at once */
    world_close(&world);
}

static void test_patterns_and_tls_settings_are_checked(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, OK_ANSWER);
    world.settings.http_check.expect = EXPECT_RSTRING;
    world.settings.http_check.expect_value = "(";
    char bytes[256];
    struct text error = text_over(bytes, sizeof(bytes));
    assert_int_equal(proxy_create(&world.worker, &world.settings, &world.proxy, &error),
                     RESULT_INVALID);
    assert_true(error.length > 0);
    world_close(&world);
}

static void test_stopped_in_the_middle(void **state)
{
    (void)state;
    struct world world;
    open_http(&world, NULL);
    world.servers[0].options.check_interval_ms = 10000;
    world_start(&world);
    struct health_check *check = endpoint_of(world_server(&world, 0))->check;
    WORLD_UNTIL(&world, world.fakes[0].request_bytes > 0);
    assert_true(check_is_running(check));
    check_stop(check);
    assert_false(check_is_running(check));
    world_run(&world, 20);
    assert_int_equal(world_server(&world, 0)->check_status, CHECK_STATUS_INITIAL);
    world_close(&world);
}

/* Each allocation of a check refused in turn: the server is not blamed, and the check comes again.
 */
static void test_memory_refused(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct world world;
        open_http(&world, OK_ANSWER);
        world.settings.http_check.expect = EXPECT_STRING;
        world.settings.http_check.expect_value = "ok";
        world_start(&world);
        struct server *server = world_server(&world, 0);
        struct health_check *check = endpoint_of(server)->check;
        fault_fail_nth(world.base.memory, nth, 0);
        WORLD_UNTIL(&world, fault_failed(world.base.memory) > 0 ||
                                server->check_status == CHECK_STATUS_L7_PASSED);
        uint64_t failed = fault_failed(world.base.memory);
        fault_fail_nth(world.base.memory, 0, 0);
        world_run(&world, 5);
        assert_int_equal(server->health, SERVER_UP);
        assert_int_equal(server->counters.check_failures, 0);
        if (failed > 0) {
            assert_false(check_is_running(check));
            check_hurry(check);
            WORLD_UNTIL(&world, server->check_status == CHECK_STATUS_L7_PASSED);
        }
        world_close(&world);
        if (failed == 0) {
            assert_true(nth > 4);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_is_enough_for_tcp),
        cmocka_unit_test(test_refused_at_the_start_is_down_at_once),
        cmocka_unit_test(test_rise_and_fall),
        cmocka_unit_test(test_a_success_gives_all_points_back),
        cmocka_unit_test(test_default_http_request),
        cmocka_unit_test(test_configured_http_request),
        cmocka_unit_test(test_wrong_status),
        cmocka_unit_test(test_no_answer),
        cmocka_unit_test(test_silence_ends_with_the_interval),
        cmocka_unit_test(test_timeout_check_is_for_the_answer),
        cmocka_unit_test(test_address_and_port_of_the_check),
        cmocka_unit_test(test_intervals_by_state),
        cmocka_unit_test(test_first_checks_are_spread),
        cmocka_unit_test(test_maintenance_pauses),
        cmocka_unit_test(test_patterns_and_tls_settings_are_checked),
        cmocka_unit_test(test_stopped_in_the_middle),
        cmocka_unit_test(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
