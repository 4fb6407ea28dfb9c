/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of statistics: its columns and its walk.
 */
#include "admin/statistics_table.h"

#include "support/admin.h"

/* HAProxy's order, which tools count in. */
static void test_columns(void **state)
{
    (void)state;
    static const struct {
        unsigned index;
        const char *name;
    } PLACES[] = {{0, "pxname"},    {1, "svname"},    {17, "status"},       {18, "weight"},
                  {32, "type"},     {33, "rate"},     {36, "check_status"}, {39, "hrsp_1xx"},
                  {48, "req_tot"},  {56, "last_chk"}, {61, "ttime"},        {73, "addr"},
                  {75, "mode"},     {76, "algo"},     {80, "intercepted"},  {84, "connect"},
                  {88, "srv_icur"}, {94, "eint"}};
    for (unsigned i = 0; i < sizeof(PLACES) / sizeof(PLACES[0]); i++) {
        assert_int_equal(statistics_find_column(PLACES[i].name), PLACES[i].index);
        assert_string_equal(statistics_column_name(PLACES[i].index), PLACES[i].name);
    }
    assert_int_equal(statistics_find_column("nothing"), statistics_columns());
    for (unsigned i = 0; i < statistics_columns(); i++) {
        assert_int_equal(strlen(statistics_column_tags(i)), 3);
        assert_int_equal(statistics_find_column(statistics_column_name(i)), i);
    }
}

static void test_counters(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct counters *counters = &world_server(&test.world, 0)->counters;
    counters->bytes_in = UINT64_MAX;
    counters->queue_max = 3;
    counters->queue_time_us = 1024U * 5000U; /* the sum of 1024 requests of 5 ms */
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    assert_string_equal(admin_column(&server, "bin"), "18446744073709551615");
    assert_string_equal(admin_column(&server, "qmax"), "3");
    assert_string_equal(admin_column(&server, "qtime"), "5");
    assert_string_equal(admin_column(&server, "req_rate"), ""); /* of frontends only */
    assert_string_equal(admin_column(&server, "hanafail"), "");
    struct statistics_object frontend = admin_object(&test, STATISTICS_FRONTEND);
    assert_string_equal(admin_column(&frontend, "bin"), "0");
    assert_string_equal(admin_column(&frontend, "qmax"), "");
    assert_string_equal(admin_column(&frontend, "comp_in"), "0");
    admin_world_close(&test);
}

static void assert_walk(struct admin_world *test, const enum statistics_kind *kinds, unsigned count)
{
    struct statistics_walk walk;
    struct statistics_object object;
    statistics_walk_begin(&walk, &test->world.worker, 1);
    for (unsigned i = 0; i < count; i++) {
        assert_true(statistics_walk_next(&walk, &object));
        assert_int_equal(object.kind, kinds[i]);
        assert_ptr_equal(object.proxy, test->world.proxy);
        assert_non_null(object.counters);
    }
    assert_false(statistics_walk_next(&walk, &object));
    assert_false(statistics_walk_next(&walk, &object));
}

static void test_walk(void **state)
{
    (void)state;
    struct admin_world test;
    static const enum statistics_kind BOTH[] = {STATISTICS_FRONTEND, STATISTICS_SERVER,
                                                STATISTICS_SERVER, STATISTICS_BACKEND};
    admin_world_open(&test);
    assert_walk(&test, BOTH, 4);
    test.world.settings.role = PROXY_FRONTEND;
    assert_walk(&test, BOTH, 3); /* servers are there, no backend */
    test.world.settings.role = PROXY_BACKEND;
    assert_walk(&test, BOTH + 1, 3);
    admin_world_close(&test);
    world_open(&test.world);
    assert_walk(&test, BOTH, 0);
    world_close(&test.world);
}

static void test_walk_listeners(void **state)
{
    (void)state;
    struct admin_world test;
    struct bind_settings settings = {.id = 7};
    struct bind bind = {.settings = &settings, .name = "sock-1"};
    static const enum statistics_kind KINDS[] = {STATISTICS_FRONTEND, STATISTICS_LISTENER,
                                                 STATISTICS_SERVER, STATISTICS_SERVER,
                                                 STATISTICS_BACKEND};
    admin_world_open(&test);
    test.world.settings.options |= OPTION_SOCKET_STATS;
    list_append(&test.world.proxy->binds, &bind.link);
    assert_walk(&test, KINDS, 5);
    struct statistics_object listener = admin_object(&test, STATISTICS_LISTENER);
    assert_string_equal(admin_column(&listener, "svname"), "sock-1");
    assert_string_equal(admin_column(&listener, "sid"), "7");
    assert_string_equal(admin_column(&listener, "type"), "3");
    list_remove(&bind.link);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_walk_listeners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
