/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks go forward, and dates are those of the RFC. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void test_monotonic_goes_forward(void **state)
{
    (void)state;
    uint64_t before = clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        const uint64_t now = clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
}

static void test_wall_is_the_systems(void **state)
{
    (void)state;
    const uint64_t seconds = clock_wall_us() / US_PER_SECOND;
    const uint64_t system = (uint64_t)time(NULL);
    assert_true(seconds <= system + 1 && system <= seconds + 1);
}

static void check_date(uint64_t seconds, const char *expected)
{
    char out[CLOCK_HTTP_DATE_SIZE];
    clock_write_http_date(out, seconds * US_PER_SECOND + US_PER_SECOND - 1);
    assert_string_equal(out, expected);
}

static void test_http_dates(void **state)
{
    (void)state;
    check_date(784111777, "Sun, 06 Nov 1994 08:49:37 GMT"); /* RFC 9110 5.6.7 */
    check_date(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    check_date(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
    check_date(4107542400, "Mon, 01 Mar 2100 00:00:00 GMT");
    check_date(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void test_years_that_do_not_fit_show_the_last_second(void **state)
{
    (void)state;
    char out[CLOCK_HTTP_DATE_SIZE];
    check_date(253402300800, "Fri, 31 Dec 9999 23:59:59 GMT");
    clock_write_http_date(out, UINT64_MAX);
    assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monotonic_goes_forward),
        cmocka_unit_test(test_wall_is_the_systems),
        cmocka_unit_test(test_http_dates),
        cmocka_unit_test(test_years_that_do_not_fit_show_the_last_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
