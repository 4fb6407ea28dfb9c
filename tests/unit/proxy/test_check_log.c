/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sentences about checks, word for word as HAProxy 2.6 logs them.
 */
#include <errno.h>

#include "proxy/check_log.h"
#include "support/world.h"

static void expect_reason(struct server *server, unsigned status, unsigned code, const char *why,
                          const char *expected)
{
    char bytes[512];
    struct text text = text_over(bytes, sizeof(bytes));
    server->check_status = (uint8_t)status;
    server->check_code = (uint16_t)code;
    server->check_duration_ms = 7;
    check_append_reason(server, why, &text);
    assert_string_equal(bytes, expected);
}

static void test_reasons(void **state)
{
    (void)state;
    struct server server = {.weight = 1};
    expect_reason(&server, CHECK_STATUS_L4_PASSED, 0, "",
                  ", reason: Layer4 check passed, check duration: 7ms");
    expect_reason(&server, CHECK_STATUS_L4_CONNECTION, 0, "Connection refused",
                  ", reason: Layer4 connection problem, info: \"Connection refused\", check "
                  "duration: 7ms");
    expect_reason(&server, CHECK_STATUS_L7_STATUS, 404, "Not here",
                  ", reason: Layer7 wrong status, code: 404, info: \"Not here\", check duration: "
                  "7ms");
    expect_reason(&server, CHECK_STATUS_L7_TIMEOUT, 0, "",
                  ", reason: Layer7 timeout, check duration: 7ms");
}

static void test_server_cannot_forge_a_line(void **state)
{
    (void)state;
    struct server server = {.weight = 1};
    expect_reason(&server, CHECK_STATUS_L7_STATUS, 500, "a\"b<c>\x01\xff",
                  ", reason: Layer7 wrong status, code: 500, info: "
                  "\"a<22>b<3C>c<3E><01><FF>\", check duration: 7ms");
}

static void test_result_lines(void **state)
{
    (void)state;
    struct world world;
    world_open(&world);
    world_add(&world, NULL);
    world_add(&world, NULL)->options.is_backup = true;
    world_start(&world);
    struct server *server = world_server(&world, 0);
    server->check_status = CHECK_STATUS_L4_PASSED;
    server->check_health = 4;
    check_log_result(server, true, "");
    assert_string_equal(world_log(&world), ""); /* only with option log-health-checks */
    world.settings.options = OPTION_LOG_HEALTH_CHECKS;
    check_log_result(server, true, "");
    assert_string_equal(world_log(&world),
                        "<5>Health check for server be/s1 succeeded, reason: Layer4 check passed, "
                        "check duration: Nms, status: 3/3 UP.\n");
    server->check_health = 1;
    check_log_result(server, true, "");
    assert_int_equal(
        world_logged(&world, "<5>Health check for server be/s1 succeeded, reason: Layer4 check "
                             "passed, check duration: Nms, status: 1/2 DOWN."),
        1);
    struct server *backup = world_server(&world, 1);
    backup->check_status = CHECK_STATUS_SOCKET_ERROR;
    backup->check_health = 3;
    server_set_weight(backup, 0);
    check_log_result(backup, false, "Connection reset by peer");
    assert_int_equal(world_logged(&world,
                                  "<5>Health check for backup server be/s2 failed, reason: Socket "
                                  "error, info: \"Connection reset by peer\", check duration: Nms, "
                                  "status: 2/3 DRAIN."),
                     1);
    world_close(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_server_cannot_forge_a_line),
        cmocka_unit_test(test_result_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
