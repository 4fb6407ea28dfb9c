/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syslog headers, byte for byte as HAProxy writes them, in two time zones, and the names of
 * facilities, levels and formats.
 */
#include "event/syslog.h"

#include <stdlib.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* 2026-11-03 04:05:06.000789 UTC */
#define WALL_US UINT64_C(1793678706000789)

static void set_zone(const char *zone)
{
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
}

static void expect(const struct syslog_header *header, const char *expected)
{
    char buffer[SYSLOG_HEADER_SIZE + 100];
    struct text text = text_over(buffer, sizeof(buffer));
    struct syslog_clock clock = {0};
    syslog_append_header(&text, header, &clock);
    assert_string_equal(buffer, expected);
    /* From the clock's memory it reads the same. */
    text_clear(&text);
    syslog_append_header(&text, header, &clock);
    assert_string_equal(buffer, expected);
}

static struct syslog_header header_of(enum syslog_format format)
{
    return (struct syslog_header){.format = format,
                                  .facility = 16,
                                  .level = SYSLOG_INFO,
                                  .wall_us = WALL_US,
                                  .tag = SLICE("haproxy"),
                                  .pid = 31070};
}

static void test_all_formats(void **state)
{
    (void)state;
    set_zone("UTC");
    static const char *const expected[SYSLOG_FORMATS] = {
        [SYSLOG_FORMAT_LOCAL] = "<134>Nov  3 04:05:06 haproxy[31070]: ",
        [SYSLOG_FORMAT_RFC3164] = "<134>Nov  3 04:05:06 localhost haproxy[31070]: ",
        [SYSLOG_FORMAT_RFC5424] = "<134>1 2026-11-03T04:05:06.000789+00:00 - haproxy 31070 - - ",
        [SYSLOG_FORMAT_PRIORITY] = "<134>",
        [SYSLOG_FORMAT_SHORT] = "<6>",
        [SYSLOG_FORMAT_TIMED] = "<6>2026-11-03T04:05:06.000789+00:00 ",
        [SYSLOG_FORMAT_ISO] = "2026-11-03T04:05:06.000789+00:00 ",
        [SYSLOG_FORMAT_RAW] = "",
    };
    for (unsigned i = 0; i < SYSLOG_FORMATS; i++) {
        struct syslog_header header = header_of((enum syslog_format)i);
        expect(&header, expected[i]);
    }
}

static void test_host_and_structured_data(void **state)
{
    (void)state;
    set_zone("UTC");
    struct syslog_header header = header_of(SYSLOG_FORMAT_RFC5424);
    header.host = SLICE("edge1");
    header.structured_data = SLICE("[id@1 a=\"b\"]");
    header.facility = 0;
    header.level = SYSLOG_EMERG;
    expect(&header, "<0>1 2026-11-03T04:05:06.000789+00:00 edge1 haproxy 31070 - [id@1 a=\"b\"] ");
    header.format = SYSLOG_FORMAT_RFC3164;
    header.facility = 23;
    header.level = SYSLOG_DEBUG;
    expect(&header, "<191>Nov  3 04:05:06 edge1 haproxy[31070]: ");
}

static void test_local_time(void **state)
{
    (void)state;
    struct syslog_header header = header_of(SYSLOG_FORMAT_ISO);
    set_zone("XXX-5:30"); /* POSIX counts west: five and a half hours east */
    expect(&header, "2026-11-03T09:35:06.000789+05:30 ");
    set_zone("YYY+3:30");
    expect(&header, "2026-11-03T00:35:06.000789-03:30 ");
    set_zone("UTC");
}

static void test_the_clock_follows_the_second(void **state)
{
    (void)state;
    set_zone("UTC");
    struct syslog_clock clock = {0};
    struct syslog_header header = header_of(SYSLOG_FORMAT_ISO);
    char buffer[SYSLOG_HEADER_SIZE];
    struct text text = text_over(buffer, sizeof(buffer));
    syslog_append_header(&text, &header, &clock);
    header.wall_us += 1000000;
    text_clear(&text);
    syslog_append_header(&text, &header, &clock);
    assert_string_equal(buffer, "2026-11-03T04:05:07.000789+00:00 ");
}

static void test_names(void **state)
{
    (void)state;
    unsigned facility = 99;
    enum syslog_level level = SYSLOG_LEVELS;
    enum syslog_format format = SYSLOG_FORMATS;
    assert_int_equal(syslog_find_facility(SLICE("kern"), &facility), RESULT_OK);
    assert_int_equal(facility, 0);
    assert_int_equal(syslog_find_facility(SLICE("local7"), &facility), RESULT_OK);
    assert_int_equal(facility, 23);
    assert_int_equal(syslog_find_facility(SLICE("local8"), &facility), RESULT_NOT_FOUND);
    assert_int_equal(syslog_find_level(SLICE("err"), &level), RESULT_OK);
    assert_int_equal(level, SYSLOG_ERR);
    assert_string_equal(syslog_level_name(level), "err");
    assert_int_equal(syslog_find_level(SLICE("error"), &level), RESULT_NOT_FOUND);
    assert_int_equal(syslog_find_format(SLICE("timed"), &format), RESULT_OK);
    assert_int_equal(format, SYSLOG_FORMAT_TIMED);
    assert_int_equal(syslog_find_format(SLICE("Timed"), &format), RESULT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_formats), cmocka_unit_test(test_host_and_structured_data),
        cmocka_unit_test(test_local_time),  cmocka_unit_test(test_the_clock_follows_the_second),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
