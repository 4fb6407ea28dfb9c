/* SPDX-License-Identifier: Apache-2.0 */
/* wait: words, and how long; that the session keeps the time is in test_cli_session.c. */
#include "admin/commands.h"

#include "support/admin.h"

static void test_words(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    admin_assert_says(&test, "wait", "Usage: wait");
    admin_assert_says(&test, "wait -h", "Usage: wait");
    admin_assert_says(&test, "wait 5s -h", "Usage: wait");
    admin_assert_says(&test, "wait soon", "Invalid delay.");
    admin_assert_says(&test, "wait 5s srv-removable be/s1",
                      "The condition 'srv-removable' is not supported by weir yet.");
    admin_assert_silent(&test, "wait 0");
    admin_world_close(&test);
}

static void test_the_time_that_is_left(void **state)
{
    (void)state;
    struct admin_world test;
    char bytes[64];
    uint64_t room[CLI_STATE_BYTES / sizeof(uint64_t)] = {0};
    admin_world_open(&test);
    struct text out = text_over(bytes, sizeof(bytes));
    struct cli_request request = {.words = {"wait", "2s"}, .count = 2, .out = &out, .now_ms = 1000};
    assert_int_equal(COMMANDS_WAIT[0].run(&request, room), RESULT_BLOCKED);
    assert_int_equal(request.wait_ms, 2000);
    request.now_ms = 1500;
    assert_int_equal(COMMANDS_WAIT[0].run(&request, room), RESULT_BLOCKED);
    assert_int_equal(request.wait_ms, 1500);
    request.now_ms = 3000;
    assert_int_equal(COMMANDS_WAIT[0].run(&request, room), RESULT_END);
    assert_int_equal(out.length, 0);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_the_time_that_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
