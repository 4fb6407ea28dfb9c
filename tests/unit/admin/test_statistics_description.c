/* SPDX-License-Identifier: Apache-2.0 */
/* Every column has a description that can stand in quotes on one line. */
#include "admin/statistics_description.h"

#include "admin/statistics_table.h"
#include "support/admin.h"

static void test_every_column(void **state)
{
    (void)state;
    for (unsigned column = 0; column + 1 < statistics_columns(); column++) {
        const char *text = statistics_description(statistics_column_name(column));
        if (text[0] == '\0' || strpbrk(text, "\"\n") != NULL) {
            fail_msg("column %s: '%s'", statistics_column_name(column), text);
        }
    }
    assert_string_equal(statistics_description("nothing"), "");
    assert_string_equal(statistics_description("scur"), "Sessions now");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_column)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
