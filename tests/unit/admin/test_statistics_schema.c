/* SPDX-License-Identifier: Apache-2.0 */
/* The schema fits a row and is balanced; that it is JSON is for the integration tests. */
#include "admin/statistics_schema.h"

#include "support/admin.h"

static void test_schema(void **state)
{
    (void)state;
    char bytes[CLI_ROW_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    statistics_write_schema(&text);
    assert_false(text.truncated);
    int depth = 0;
    for (size_t i = 0; i < text.length; i++) {
        depth += bytes[i] == '{' || bytes[i] == '[' ? 1 : 0;
        depth -= bytes[i] == '}' || bytes[i] == ']' ? 1 : 0;
        assert_true(depth > 0 || i >= text.length - 2);
    }
    assert_int_equal(depth, 0);
    assert_int_equal(bytes[text.length - 1], '\n');
    assert_non_null(strstr(bytes, "\"u64Value\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
