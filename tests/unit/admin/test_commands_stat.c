/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show stat in its forms and choices; clear counters.
 */
#include "admin/commands.h"

#include "support/admin.h"

static unsigned count(const char *text, const char *part)
{
    unsigned found = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

static void test_csv(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    const char *answer = admin_ask(&test, "show stat");
    assert_memory_equal(answer, "# pxname,svname,qcur,qmax,scur,smax,slim,stot,", 46);
    assert_int_equal(count(answer, "\n"), 5); /* header, frontend, two servers, backend */
    const char *rows[] = {"\nbe,FRONTEND,", "\nbe,s1,", "\nbe,s2,", "\nbe,BACKEND,"};
    const char *last = answer;
    for (unsigned i = 0; i < 4; i++) {
        const char *at = strstr(answer, rows[i]);
        assert_non_null(at);
        assert_true(at > last);
        last = at;
    }
    admin_world_close(&test);
}

static void test_choices(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    assert_int_equal(count(admin_ask(&test, "show stat be 4 -1"), "\nbe,"), 2);
    assert_int_equal(count(admin_ask(&test, "show stat 2 4 1"), "\nbe,"), 1);
    assert_int_equal(count(admin_ask(&test, "show stat -1 1 -1"), "FRONTEND"), 1);
    assert_int_equal(count(admin_ask(&test, "show stat -1 2 -1"), "\nbe,"), 1);
    assert_int_equal(count(admin_ask(&test, "show stat 9 7 -1"), "\nbe,"), 0);
    assert_string_equal(admin_ask(&test, "show stat nobody 7 -1"), "No such proxy.\n");
    admin_assert_silent(&test, "disable server be/s1");
    assert_null(strstr(admin_ask(&test, "show stat up"), "\nbe,s1,"));
    assert_null(strstr(admin_ask(&test, "show stat no-maint"), "\nbe,s1,"));
    assert_non_null(strstr(admin_ask(&test, "show stat"), "\nbe,s1,"));
    admin_world_close(&test);
}

static void test_typed_and_json(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_says(&test, "show stat typed", "F.2.0.0.pxname.1:KNS:str:be\n");
    admin_assert_says(&test, "show stat typed", "S.2.2.1.svname.1:KNS:str:s2\n");
    admin_assert_says(&test, "show stat typed desc", "S.2.2.4.scur.1:MGP:u32:0:\"Sessions now\"\n");
    admin_assert_says(&test, "show stat domain proxy", "\nbe,s1,");
    admin_assert_says(&test, "show stat domain resolvers", "# id,pid,sent,");
    assert_string_equal(admin_ask(&test, "show stat domain resolvers json"), "[]\n");
    const char *json = admin_ask(&test, "show stat json");
    assert_memory_equal(json, "[[{\"objType\":\"Frontend\",\"proxyId\":2,", 36);
    assert_int_equal(count(json, "],["), 3);
    assert_string_equal(json + strlen(json) - 4, "}]]\n");
    admin_world_close(&test);
}

static void test_clear(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    struct counters *counters = &test.world.proxy->counters;
    counters->sessions_max = 5;
    counters->sessions_total = 9;
    test.modes.level = CLI_USER;
    admin_assert_says(&test, "clear counters", "Permission denied");
    test.modes.level = CLI_OPERATOR;
    admin_assert_says(&test, "clear counters some", "only supports the 'all' option");
    assert_int_equal(counters->sessions_max, 5);
    admin_assert_silent(&test, "clear counters");
    assert_int_equal(counters->sessions_max, 0);
    assert_int_equal(counters->sessions_total, 9);
    admin_assert_silent(&test, "clear counters all");
    assert_int_equal(counters->sessions_total, 0);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_typed_and_json),
        cmocka_unit_test(test_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
