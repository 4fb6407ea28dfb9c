/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clocks. Monotonic time drives timers and durations; wall time is for logs, cookies and dates.
 * Code below `event` never reads a clock: time is passed in.
 */
#ifndef WEIR_BASE_CLOCK_H
#define WEIR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#define MS_PER_SECOND 1000
#define US_PER_MS     1000
#define US_PER_SECOND 1000000

/* "No deadline" for every deadline in milliseconds or microseconds. */
#define TIME_NEVER UINT64_MAX

/* Microseconds since an arbitrary start, never going back. */
uint64_t clock_monotonic_us(void);

/* Microseconds since 1970-01-01 UTC. */
uint64_t clock_wall_us(void);

/* Room for an IMF-fixdate with NUL (RFC 9110 5.6.7). */
enum { CLOCK_HTTP_DATE_SIZE = 30 };

/* Writes `wall_us` as IMF-fixdate ("Sun, 06 Nov 1994 08:49:37 GMT"), NUL-terminated. */
void clock_write_http_date(char out[CLOCK_HTTP_DATE_SIZE], uint64_t wall_us);

#endif
