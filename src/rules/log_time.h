/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times of the log: timers (differences between the points in time of a stream) and dates.
 */
#ifndef WEIR_RULES_LOG_TIME_H
#define WEIR_RULES_LOG_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "rules/context.h"

/* The timers of section 8.4, in milliseconds. */
enum log_timer {
    TIMER_HANDSHAKE,    /* Th */
    TIMER_IDLE,         /* Ti */
    TIMER_REQUEST,      /* TR */
    TIMER_REQUEST_FULL, /* Tq = Th + Ti + TR */
    TIMER_QUEUE,        /* Tw */
    TIMER_CONNECT,      /* Tc */
    TIMER_RESPONSE,     /* Tr */
    TIMER_DATA,         /* Td */
    TIMER_ACTIVE,       /* Ta = Tt - Th - Ti */
    TIMER_USER,         /* Tu = Tt - Ti */
    TIMER_TOTAL,        /* Tt */
};

/*
 * A timer's value, -1 when its end was not reached. `is_http` tells HTTP's timers from TCP's: Tw
 * and Td begin elsewhere.
 */
int64_t log_timer(const struct stream_times *times, enum log_timer timer, bool is_http);

/* Wall clock of the first byte of the request, microseconds: %tr. */
uint64_t log_request_wall_us(const struct stream_times *times);

/* How a date is written. */
enum log_date {
    DATE_LOCAL_MS,   /* 06/Feb/2009:12:12:51.443 */
    DATE_LOCAL_ZONE, /* 06/Feb/2009:12:12:51 +0100 */
    DATE_UTC_ZONE,   /* 06/Feb/2009:11:12:51 +0000 */
};

/* Appends `wall_us` as a date. */
void log_append_date(struct text *text, uint64_t wall_us, enum log_date form);

#endif
