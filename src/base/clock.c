/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the system's clocks and writing the HTTP date.
 * The date is written from fixed English names and not by strftime, whose words follow the locale
 * (RFC 9110 5.6.7 allows these only). Years past 9999 do not fit the format: the last second of
 * 9999 is shown. Takes no memory.
 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/assert.h"

enum { NS_PER_US = 1000, YEAR_BASE = 1900 };

/* 9999-12-31 23:59:59 UTC in seconds since 1970. */
#define HTTP_DATE_MAX_S INT64_C(253402300799)

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    const int status = clock_gettime(id, &now);
    ASSERT(status == 0);
    return (uint64_t)now.tv_sec * US_PER_SECOND + (uint64_t)now.tv_nsec / NS_PER_US;
}

uint64_t clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

void clock_write_http_date(char out[CLOCK_HTTP_DATE_SIZE], uint64_t wall_us)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(wall_us / US_PER_SECOND);
    struct tm date;
    if (seconds > HTTP_DATE_MAX_S) {
        seconds = HTTP_DATE_MAX_S;
    }
    const struct tm *filled = gmtime_r(&seconds, &date);
    ASSERT(filled == &date);
    const int length = snprintf(out, CLOCK_HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                                days[date.tm_wday], date.tm_mday, months[date.tm_mon],
                                date.tm_year + YEAR_BASE, date.tm_hour, date.tm_min, date.tm_sec);
    ASSERT(length == CLOCK_HTTP_DATE_SIZE - 1);
}
