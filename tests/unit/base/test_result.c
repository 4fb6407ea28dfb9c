/* SPDX-License-Identifier: Apache-2.0 */
/* Every result code has a name of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/result.h"

static void test_names_are_known_and_distinct(void **state)
{
    (void)state;
    for (int a = RESULT_OK; a <= RESULT_FAILED; a++) {
        assert_string_not_equal(result_name((enum result)a), "unknown");
        for (int b = RESULT_OK; b < a; b++) {
            assert_string_not_equal(result_name((enum result)a), result_name((enum result)b));
        }
    }
    assert_string_equal(result_name(RESULT_NO_MEMORY), "no memory");
}

static void test_other_codes_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(result_name((enum result)(RESULT_FAILED + 1)), "unknown");
    assert_string_equal(result_name((enum result) - 1), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_known_and_distinct),
        cmocka_unit_test(test_other_codes_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
