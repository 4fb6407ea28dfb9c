/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of `show stat` in each state, predicates and limits.
 */
#include "support/farm.h"

static const struct balance_options ROUND_ROBIN = {.algorithm = BALANCE_ROUND_ROBIN};

static void expect_status(const struct server *server, const char *expected)
{
    char buffer[64];
    struct text text = text_over(buffer, sizeof(buffer));
    server_append_status(server, &text);
    assert_string_equal(buffer, expected);
}

static void open_two(struct farm *farm)
{
    farm_open(farm, &ROUND_ROBIN);
    farm_add(farm, 10)->has_check = true; /* rise 2, fall 3 */
    farm_add(farm, 10);
    farm_start(farm);
}

static void test_words_of_a_checked_server(void **state)
{
    (void)state;
    struct farm farm;
    open_two(&farm);
    struct server *server = &farm.servers[0];
    expect_status(server, "UP 1/3"); /* until its first check */
    server->check_health = 3;
    expect_status(server, "UP 2/3");
    server->check_health = 4;
    expect_status(server, "UP");
    server_set_health(server, SERVER_DOWN, 1);
    server->check_health = 1;
    expect_status(server, "DOWN 1/2");
    server->check_health = 0;
    expect_status(server, "DOWN");
    farm_close(&farm);
}

static void test_words_of_administration(void **state)
{
    (void)state;
    struct farm farm;
    open_two(&farm);
    struct server *checked = &farm.servers[0];
    struct server *other = &farm.servers[1];
    expect_status(other, "no check");
    checked->check_health = 4;
    server_set_admin(checked, SERVER_DRAIN_FORCED, 0, 1);
    expect_status(checked, "DRAIN");
    checked->check_health = 2;
    expect_status(checked, "DRAIN 1/3");
    server_set_admin(other, SERVER_DRAIN_FORCED, 0, 1);
    expect_status(other, "DRAIN");
    server_set_admin(other, SERVER_MAINT_FORCED, 0, 1);
    expect_status(other, "MAINT");
    server_set_admin(other, SERVER_MAINT_RESOLUTION, SERVER_MAINT_FORCED, 1);
    expect_status(other, "MAINT (resolution)");
    farm_close(&farm);
}

static void test_words_of_a_tracker(void **state)
{
    (void)state;
    struct farm farm;
    open_two(&farm);
    struct server *tracker = &farm.servers[1];
    server_track(tracker, &farm.servers[0]);
    expect_status(tracker, "UP 1/3");
    server_set_admin(&farm.servers[0], SERVER_MAINT_FORCED, 0, 1);
    expect_status(tracker, "MAINT (via farm/a)");
    server_set_admin(tracker, SERVER_MAINT_FORCED, 0, 1);
    expect_status(tracker, "MAINT (via farm/a)");
    farm_close(&farm);
}

static void test_predicates(void **state)
{
    (void)state;
    struct farm farm;
    open_two(&farm);
    struct server *server = &farm.servers[0];
    assert_true(server_is_usable(server));
    server_set_weight(server, 0);
    assert_false(server_is_usable(server));
    assert_true(server_accepts_persistent(server));
    server_set_weight(server, 1);
    server_set_admin(server, SERVER_DRAIN_INHERITED, 0, 1);
    assert_false(server_is_usable(server));
    assert_true(server_accepts_persistent(server));
    server_set_admin(server, SERVER_MAINT_CONFIGURED, SERVER_DRAIN_INHERITED, 1);
    assert_false(server_is_alive(server));
    assert_false(server_accepts_persistent(server));
    farm_close(&farm);
}

static void test_limits(void **state)
{
    (void)state;
    struct balance_options options = ROUND_ROBIN;
    options.fullconn = 200;
    struct farm farm;
    farm_open(&farm, &options);
    farm_add(&farm, 1)->maxconn = 100;
    farm.options[0].minconn = 10;
    farm_add(&farm, 1)->minconn = 7; /* without maxconn it is the limit */
    farm_add(&farm, 1);
    farm_start(&farm);
    const uint32_t expected[][2] = {{0, 10}, {19, 10}, {40, 20}, {199, 99}, {200, 100}, {900, 100}};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        farm.backend.counters.sessions_current = expected[i][0];
        assert_int_equal(server_session_limit(&farm.servers[0]), expected[i][1]);
    }
    assert_int_equal(server_session_limit(&farm.servers[1]), 7);
    assert_int_equal(server_session_limit(&farm.servers[2]), 0);
    assert_false(server_is_full(&farm.servers[2]));
    farm.servers[1].served = 7;
    assert_true(server_is_full(&farm.servers[1]));
    farm_close(&farm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_of_a_checked_server),
        cmocka_unit_test(test_words_of_administration),
        cmocka_unit_test(test_words_of_a_tracker),
        cmocka_unit_test(test_predicates),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
