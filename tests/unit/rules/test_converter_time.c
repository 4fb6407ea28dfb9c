/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of seconds, milliseconds and microseconds, before 1970 too; fractions; HTTP's form. */
#include <stdlib.h>
#include <time.h>

#include "support/converter.h"

static void test_formats(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"int(1700000000),utime(%Y-%m-%d)", "2023-11-14"},
        {"int(1700000000),utime(%H:%M:%S,-60)", "22:12:20"},
        {"int(1700000000),utime(%%N)", "%N"},
        {"int(-1),utime(%F)", "1969-12-31"},
        {"int(1700000000),ltime(%H:%M)", "00:13"},
        {"int(1700000000123),ms_utime(%T.%3N)", "22:13:20.123"},
        {"int(1700000000123),ms_ltime(%T.%N)", "00:13:20.123000000"},
        {"int(1700000000123456),us_utime(%T.%6N)", "22:13:20.123456"},
        {"int(-1),ms_utime(%T.%3N)", "23:59:59.999"},
        {"int(0),us_ltime(%H)", "02"},
    };
    assert_int_equal(setenv("TZ", "XXX-2", 1), 0);
    tzset();
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_http_dates(void **state)
{
    (void)state;
    static const struct converter_case rows[] = {
        {"int(1),http_date", "Thu, 01 Jan 1970 00:00:01 GMT"},
        {"int(1700000000),http_date(60)", "Tue, 14 Nov 2023 22:14:20 GMT"},
        {"int(1700000000123),http_date(0,ms)", "Tue, 14 Nov 2023 22:13:20.123 GMT"},
        {"int(1700000000123456),http_date(0,us)", "Tue, 14 Nov 2023 22:13:20.123456 GMT"},
        {"int(-1),http_date", "(none)"},
        {"int(999999999999999),http_date", "(none)"},
    };
    assert_converted(rows, sizeof(rows) / sizeof(rows[0]));
    assert_converter_refused("int(1),http_date(0,h)", "expects 's', 'ms' or 'us', got 'h'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_http_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
