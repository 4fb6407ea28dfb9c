/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines of changes, word for word as HAProxy 2.6 writes them after the same commands, and
 * tracking.
 */
#include <errno.h>

#include "support/world.h"

#define COUNTS_LEFT(active, backup)    \
    " " #active " active and " #backup \
    " backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
#define COUNTS_ONLINE(active, backup)  \
    " " #active " active and " #backup \
    " backup servers online. 0 sessions requeued, 0 total in queue."

/* s1 without checks, s2 is a backup. */
static void open_two(struct world *world)
{
    world_open(world);
    world_add(world, NULL)->options.has_check = false;
    world_add(world, NULL)->options.has_check = false;
    world->servers[1].options.is_backup = true;
    world_start(world);
}

static void test_maintenance(void **state)
{
    (void)state;
    struct world world;
    open_two(&world);
    server_set_admin(world_server(&world, 1), SERVER_MAINT_FORCED, 0, 1);
    server_set_admin(world_server(&world, 0), SERVER_MAINT_FORCED, 0, 2);
    server_set_admin(world_server(&world, 0), SERVER_MAINT_RESOLUTION, 0, 2); /* not worth a line */
    server_set_admin(world_server(&world, 0), 0, SERVER_MAINT_RESOLUTION, 2);
    server_set_admin(world_server(&world, 0), 0, SERVER_MAINT_FORCED, 3);
    assert_string_equal(
        world_log(&world),
        "<1>Backup Server be/s2 is going DOWN for maintenance." COUNTS_LEFT(
            1, 0) "\n"
                  "<1>Server be/s1 is going DOWN for maintenance." COUNTS_LEFT(
                      0, 0) "\n"
                            "<0>backend be has no server available!\n"
                            "<5>Server be/s1 is UP/READY (leaving forced maintenance).\n");
    world_close(&world);
}

static void test_drain(void **state)
{
    (void)state;
    struct world world;
    open_two(&world);
    struct server *server = world_server(&world, 0);
    server_set_admin(server, SERVER_DRAIN_FORCED, 0, 1);
    server_set_admin(server, 0, SERVER_DRAIN_FORCED, 2);
    server_set_admin(server, SERVER_DRAIN_FORCED, 0, 3);
    server_set_admin(server, SERVER_MAINT_FORCED, SERVER_DRAIN_FORCED, 4);
    server_set_admin(server, SERVER_DRAIN_FORCED, SERVER_MAINT_FORCED, 5);
    const char *enters =
        "<5>Server be/s1 enters drain state. 0 active and 1 backup servers online. "
        "Running on backup. 0 sessions requeued, 0 total in queue.";
    assert_int_equal(world_logged(&world, enters), 2);
    assert_int_equal(world_logged(&world, "<5>Server be/s1 is UP (leaving forced drain)."), 1);
    /* it was drained: no alert */
    assert_int_equal(
        world_logged(
            &world,
            "<5>Server be/s1 is going DOWN for maintenance. 0 active and 1 backup servers "
            "left. Running on backup. 0 sessions active, 0 requeued, 0 remaining in queue."),
        1);
    assert_int_equal(
        world_logged(&world, "<5>Server be/s1 is UP/DRAIN (leaving forced maintenance)."), 1);
    world_close(&world);
}

static void test_health_by_command(void **state)
{
    (void)state;
    struct world world;
    open_two(&world);
    struct server *server = world_server(&world, 1);
    server_set_health(server, SERVER_DOWN, 1);
    server_set_health(server, SERVER_UP, 2);
    server_set_health(server, SERVER_DOWN, 3);
    server_set_admin(server, SERVER_MAINT_FORCED, 0, 4);
    assert_string_equal(
        world_log(&world),
        "<1>Backup Server be/s2 is DOWN, changed from CLI." COUNTS_LEFT(
            1, 0) "\n"
                  "<5>Backup Server be/s2 is UP, changed from CLI." COUNTS_ONLINE(
                      1, 1) "\n"
                            "<1>Backup Server be/s2 is DOWN, changed from CLI." COUNTS_LEFT(
                                1,
                                0) "\n"
                                   "<5>Backup Server be/s2 was DOWN and now enters maintenance.\n");
    world_close(&world);
}

static void test_tracking(void **state)
{
    (void)state;
    struct world world;
    world_open(&world);
    for (unsigned i = 0; i < 3; i++) {
        world_add(&world, NULL)->options.has_check = i == 1;
    }
    world.servers[0].options.track = "be/s2";
    world.servers[2].options.track = "s1";
    world_start(&world);
    struct server *server = world_server(&world, 1);
    WORLD_UNTIL(&world, server->check_health == 4);
    server_set_admin(server, SERVER_MAINT_FORCED, 0, 1);
    server_set_admin(server, 0, SERVER_MAINT_FORCED, 2);
    server_set_admin(server, SERVER_DRAIN_FORCED, 0, 3);
    server_set_admin(server, 0, SERVER_DRAIN_FORCED, 4);
    server_set_health(server, SERVER_DOWN, 5);
    assert_string_equal(
        world_log(&world),
        "<1>Server be/s2 is going DOWN for maintenance." COUNTS_LEFT(
            2,
            0) "\n"
               "<1>Server be/s1 is going DOWN for maintenance via be/s2." COUNTS_LEFT(
                   1,
                   0) "\n"
                      "<1>Server be/s3 is going DOWN for maintenance via be/s1." COUNTS_LEFT(
                          0,
                          0) "\n"
                             "<0>backend be has no server available!\n"
                             "<5>Server be/s2 is UP/READY (leaving forced maintenance).\n"
                             "<5>Server be/s1 is UP/READY (leaving maintenance).\n"
                             "<5>Server be/s3 is UP/READY (leaving maintenance).\n"
                             "<5>Server be/s2 enters drain state." COUNTS_ONLINE(
                                 2,
                                 0) "\n"
                                    "<5>Server be/s1 enters drain state via be/s2." COUNTS_ONLINE(
                                        1,
                                        0) "\n"
                                           "<5>Server be/s3 enters drain state via "
                                           "be/s1." COUNTS_ONLINE(
                                               0,
                                               0) "\n"
                                                  "<0>backend be has no server available!\n"
                                                  "<5>Server be/s2 is UP (leaving forced drain).\n"
                                                  "<5>Server be/s1 is UP (leaving forced drain).\n"
                                                  "<5>Server be/s3 is UP (leaving forced drain).\n"
                                                  "<1>Server be/s2 is DOWN, changed from "
                                                  "CLI." COUNTS_LEFT(
                                                      2, 0) "\n"
                                                            "<1>Server be/s1 is DOWN via "
                                                            "be/s2." COUNTS_LEFT(
                                                                1, 0) "\n"
                                                                      "<1>Server be/s3 is DOWN via "
                                                                      "be/s1." COUNTS_LEFT(
                                                                          0,
                                                                          0) "\n"
                                                                             "<0>backend be has no "
                                                                             "server available!\n");
    world_close(&world);
}

static void expect_refusal(const char *track, bool has_check, const char *reason)
{
    struct world world;
    world_open(&world);
    world_add(&world, NULL)->options.has_check = has_check;
    world_add(&world, NULL)->options.has_check = false;
    world.servers[0].options.track = track;
    world.servers[1].options.track = "s1";
    char bytes[512];
    struct text error = text_over(bytes, sizeof(bytes));
    assert_int_equal(proxy_create(&world.worker, &world.settings, &world.proxy, &error), RESULT_OK);
    assert_int_equal(server_change_connect_trackers(&world.worker, &error), RESULT_INVALID);
    assert_non_null(strstr(bytes, reason));
    assert_non_null(strstr(bytes, "[test.cfg:10]"));
    world_close(&world);
}

static void test_tracking_refused(void **state)
{
    (void)state;
    expect_refusal("nobody", false, "no such server");
    expect_refusal("other/s1", false, "no such server");
    expect_refusal("s2", false, "neither has checks"); /* a circle */
    expect_refusal("s1", false, "neither has checks"); /* itself */
    expect_refusal("s2", true, "checks of its own");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maintenance),       cmocka_unit_test(test_drain),
        cmocka_unit_test(test_health_by_command), cmocka_unit_test(test_tracking),
        cmocka_unit_test(test_tracking_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
