/* SPDX-License-Identifier: Apache-2.0 */
/* show activity: rows and their form. */
#include "admin/commands.h"

#include "support/admin.h"

static void test_rows(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    test.world.facts.connections_total = 5;
    test.world.facts.streams_total = 7;
    const char *answer = admin_ask(&test, "show activity");
    assert_memory_equal(answer, "thread_id: 1 (1..1)\ndate_now: ", 30);
    assert_non_null(strstr(answer, "\nuptime_now: 0."));
    assert_non_null(strstr(answer, "\nstream_calls: 7 [ 7 ]\n"));
    assert_non_null(strstr(answer, "\npool_fail: 0 [ 0 ]\n"));
    assert_non_null(strstr(answer, "\nbuf_wait: 0 [ 0 ]\n"));
    assert_non_null(strstr(answer, "\naccepted: 5 [ 5 ]\n"));
    test.modes.level = CLI_USER;
    assert_string_equal(admin_ask(&test, "show activity"), "Permission denied\n");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
