/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and numbers of check results as HAProxy shows them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proxy/check_status.h"

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(check_status_name(CHECK_STATUS_INITIAL), "INI");
    assert_string_equal(check_status_name(CHECK_STATUS_L4_CONNECTION), "L4CON");
    assert_string_equal(check_status_name(CHECK_STATUS_L7_STATUS), "L7STS");
    assert_string_equal(check_status_description(CHECK_STATUS_L4_CONNECTION),
                        "Layer4 connection problem");
    assert_string_equal(check_status_description(CHECK_STATUS_L7_STATUS), "Layer7 wrong status");
    assert_string_equal(check_status_name(CHECK_STATUS_STARTED), "");
    assert_string_equal(check_status_name(1000), "");
    assert_string_equal(check_status_description(1000), "");
}

/* `show servers state` of HAProxy 2.6 passes these numbers on. */
static void test_numbers(void **state)
{
    (void)state;
    assert_int_equal(CHECK_STATUS_UNKNOWN, 0);
    assert_int_equal(CHECK_STATUS_L4_PASSED, 6);
    assert_int_equal(CHECK_STATUS_L4_CONNECTION, 8);
    assert_int_equal(CHECK_STATUS_L7_PASSED, 15);
    assert_int_equal(CHECK_STATUS_L7_STATUS, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
