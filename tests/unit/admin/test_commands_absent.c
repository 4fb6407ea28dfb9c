/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of things that there are none of. */
#include "admin/commands.h"

#include "support/admin.h"

static void test_answers(void **state)
{
    static const struct {
        const char *command;
        const char *answer;
    } ROWS[] = {
        {"show table", ""},
        {"show table t", "No such table\n"},
        {"set table t key k", "No such table\n"},
        {"set table", "\"table name\" argument is required\n"},
        {"clear table t", "No such table\n"},
        {"show peers", ""},
        {"show peers p", "No such peers\n"},
        {"show resolvers", ""},
        {"show resolvers r", "Can't find that resolvers section\n"},
        {"show cache", ""},
        {"show tls-keys", "# id (file)\n"},
        {"set rate-limit sessions global 5", "'set rate-limit' is not supported by weir yet.\n"},
    };
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_string_equal(admin_ask(&test, ROWS[i].command), ROWS[i].answer);
    }
    test.modes.level = CLI_USER;
    assert_string_equal(admin_ask(&test, "clear table t"), "Permission denied\n");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
