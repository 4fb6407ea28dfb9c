/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of state: counting of downs and downtime, maintenance and drain, tracking over several
 * steps, slow start over time.
 */
#include "support/farm.h"

static const struct balance_options ROUND_ROBIN = {.algorithm = BALANCE_ROUND_ROBIN};

static void open_three(struct farm *farm)
{
    farm_open(farm, &ROUND_ROBIN);
    for (unsigned i = 0; i < 3; i++) {
        farm_add(farm, 10)->has_check = i == 0;
    }
    farm_start(farm);
}

static void test_downs_and_downtime(void **state)
{
    (void)state;
    struct farm farm;
    open_three(&farm);
    struct server *server = &farm.servers[0];
    server_set_health(server, SERVER_DOWN, 5000);
    server_set_health(server, SERVER_DOWN, 6000);
    assert_int_equal(server->counters.check_downs, 1);
    assert_int_equal(server->state_since_ms, 5000);
    assert_int_equal(server_downtime_ms(server, 6500), 1500);
    server_set_admin(server, SERVER_MAINT_FORCED, 0, 7000); /* it is down already */
    assert_int_equal(server->counters.check_downs, 1);
    server_set_admin(server, 0, SERVER_MAINT_FORCED, 8000); /* begins as up */
    assert_int_equal(server->health, SERVER_UP);
    assert_int_equal(server->counters.downtime_ms, 3000);
    assert_int_equal(server_downtime_ms(server, 9999), 3000);
    assert_int_equal(server->check_health, server->options->rise);
    assert_int_equal(server->state_since_ms, 8000);
    farm_close(&farm);
}

static void test_several_reasons_for_maintenance(void **state)
{
    (void)state;
    struct farm farm;
    open_three(&farm);
    struct server *server = &farm.servers[1];
    server_set_admin(server, SERVER_MAINT_FORCED | SERVER_MAINT_RESOLUTION, 0, 2000);
    server_set_admin(server, 0, SERVER_MAINT_FORCED, 3000);
    assert_false(server_is_usable(server));
    server_set_admin(server, 0, SERVER_MAINT_RESOLUTION, 4000);
    assert_true(server_is_usable(server));
    assert_int_equal(server->counters.downtime_ms, 2000);
    farm_close(&farm);
}

static void test_tracking(void **state)
{
    (void)state;
    struct farm farm;
    open_three(&farm);
    struct server *first = &farm.servers[0];
    struct server *second = &farm.servers[1];
    struct server *third = &farm.servers[2];
    server_track(second, first);
    server_track(third, second);
    server_set_health(first, SERVER_DOWN, 2000);
    assert_int_equal(second->health, SERVER_DOWN);
    assert_int_equal(third->health, SERVER_DOWN);
    assert_int_equal(third->counters.check_downs, 1);
    farm_expect(&farm, "-");
    server_set_health(first, SERVER_UP, 3000);
    assert_true(server_is_usable(third));

    server_set_admin(first, SERVER_MAINT_FORCED, 0, 4000);
    assert_int_equal(second->admin, SERVER_MAINT_INHERITED);
    assert_int_equal(third->admin, SERVER_MAINT_INHERITED);
    server_set_admin(first, SERVER_DRAIN_FORCED, SERVER_MAINT_FORCED, 5000);
    assert_int_equal(third->admin, SERVER_DRAIN_INHERITED);
    server_set_admin(first, 0, SERVER_DRAIN_FORCED, 6000);
    assert_int_equal(third->admin, 0);
    farm_expect(&farm, "abc");

    server_set_admin(second, SERVER_MAINT_FORCED, 0, 7000); /* from the middle on */
    assert_true(server_is_usable(first));
    assert_int_equal(third->admin, SERVER_MAINT_INHERITED);
    farm_close(&farm);
}

static void test_tracking_begins_with_the_present_state(void **state)
{
    (void)state;
    struct farm farm;
    open_three(&farm);
    server_set_health(&farm.servers[0], SERVER_DOWN, 2000);
    server_track(&farm.servers[1], &farm.servers[0]);
    assert_int_equal(farm.servers[1].health, SERVER_DOWN);
    server_set_admin(&farm.servers[2], SERVER_MAINT_FORCED, 0, 3000);
    server_set_admin(&farm.servers[2], 0, SERVER_MAINT_FORCED, 3000);
    server_set_admin(&farm.servers[1], SERVER_MAINT_FORCED, 0, 3000);
    server_set_admin(&farm.servers[1], 0, SERVER_MAINT_FORCED, 4000);
    assert_int_equal(farm.servers[1].health, SERVER_DOWN); /* as the one it tracks */
    farm_close(&farm);
}

static void test_slow_start(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 100)->slow_start_ms = 10000;
    farm.options[0].maxconn = 50;
    farm_add(&farm, 100);
    farm_start(&farm);
    struct server *server = &farm.servers[0];
    assert_int_equal(server->health, SERVER_UP); /* at the start of the process at once */
    server_set_health(server, SERVER_DOWN, 20000);
    server_set_health(server, SERVER_UP, 30000);
    assert_int_equal(server->health, SERVER_STARTING);
    assert_int_equal(server->effective_weight, 100);
    assert_int_equal(server_session_limit(server), 1);
    assert_int_equal(server_throttle_percent(server), 7);
    backend_advance(&farm.backend, 35000);
    assert_int_equal(server->effective_weight, 900);
    assert_int_equal(server_session_limit(server), 25);
    assert_int_equal(farm.backend.weight_active, 157);
    unsigned chosen = 0;
    farm.now_ms = 35000;
    for (unsigned i = 0; i < 250; i++) {
        struct server *each = farm_choose(&farm, SLICE_NONE, NULL);
        chosen += each == server ? 1 : 0;
        backend_release(&farm.backend, each, farm.now_ms);
    }
    assert_in_range(chosen, 85, 95);
    server_set_health(server, SERVER_UP, 36000); /* changes nothing */
    assert_int_equal(server->health, SERVER_STARTING);
    farm.now_ms = 40000;
    assert_non_null(farm_choose(&farm, SLICE_NONE, NULL)); /* choosing lets time pass */
    assert_int_equal(server->health, SERVER_UP);
    assert_int_equal(server->effective_weight, 1600);
    assert_int_equal(server_throttle_percent(server), 100);
    assert_int_equal(farm.backend.starting_count, 0);
    farm_close(&farm);
}

static void test_slow_start_ends_by_going_down(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 100)->slow_start_ms = 10000;
    farm_start(&farm);
    struct server *server = &farm.servers[0];
    server_set_health(server, SERVER_DOWN, 2000);
    server_set_health(server, SERVER_UP, 3000);
    server_set_health(server, SERVER_DOWN, 4000);
    assert_int_equal(farm.backend.starting_count, 0);
    backend_advance(&farm.backend, 90000);
    assert_int_equal(server->health, SERVER_DOWN);
    server_set_admin(server, SERVER_MAINT_FORCED, 0, 91000);
    server_set_admin(server, 0, SERVER_MAINT_FORCED, 92000);
    assert_int_equal(server->health, SERVER_STARTING); /* out of maintenance slowly too */
    assert_int_equal(farm.backend.starting_count, 1);
    farm_close(&farm);
}

static void test_rising_limit_serves_the_queue(void **state)
{
    (void)state;
    struct farm farm;
    farm_open(&farm, &ROUND_ROBIN);
    farm_add(&farm, 1)->slow_start_ms = 1000;
    farm.options[0].maxconn = 10;
    farm_start(&farm);
    server_set_health(&farm.servers[0], SERVER_DOWN, 2000);
    server_set_health(&farm.servers[0], SERVER_UP, 3000);
    for (farm.now_ms = 3000; farm.servers[0].served < 10 && farm.now_ms < 5000; farm.now_ms += 50) {
        while (farm_choose(&farm, SLICE_NONE, NULL) != NULL) {
        }
        assert_true(farm.servers[0].served <= 1 + (farm.now_ms - 3000) / 100);
    }
    assert_int_equal(farm.servers[0].served, 10);
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_downs_and_downtime),
        cmocka_unit_test(test_several_reasons_for_maintenance),
        cmocka_unit_test(test_tracking),
        cmocka_unit_test(test_tracking_begins_with_the_present_state),
        cmocka_unit_test(test_slow_start),
        cmocka_unit_test(test_slow_start_ends_by_going_down),
        cmocka_unit_test(test_rising_limit_serves_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
