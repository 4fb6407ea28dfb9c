/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of commands: every row is whole, findable by its own words, and unique.
 */
#include "admin/commands.h"

#include "support/admin.h"

static void test_rows(void **state)
{
    (void)state;
    unsigned rows = 0;
    for (const struct cli_command *const *table = CLI_TABLES; *table != NULL; table++) {
        for (const struct cli_command *command = *table; command->words != NULL; command++) {
            char line[256];
            char bytes[256];
            struct text text = text_over(line, sizeof(line));
            struct text out = text_over(bytes, sizeof(bytes));
            struct cli_modes modes = {.level = CLI_ADMIN};
            struct cli_request request = {.modes = &modes, .out = &out};
            text_append_string(&text, command->words);
            assert_int_equal(cli_split(line, &request), RESULT_OK);
            assert_ptr_equal(cli_find_command(&request), command);
            assert_non_null(command->run);
            if (command->usage != NULL) { /* else hidden */
                assert_non_null(strchr(command->usage, ':'));
            }
            rows++;
        }
    }
    assert_true(rows >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
