/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers and dates of the log. Each point in time is first cut to whole milliseconds since the
 * accept and only then subtracted, as HAProxy does, so that the parts of a line add up to its
 * total.
 *
 *   accept | handshake | idle_end | request | queue | connect | response | end
 *       Th         Ti          TR       Tw       Tc         Tr        Td
 *
 * Owns nothing; dates use the C library's local zone.
 */
#include "rules/log_time.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

enum { TIMER_NONE = -1, YEAR_BASE = 1900, SECONDS_A_MINUTE = 60, MINUTES_AN_HOUR = 60 };

/* Milliseconds from the accept to `point`, TIMER_NONE when it was not reached. */
static int64_t since_accept(const struct stream_times *times, uint64_t point)
{
    if (point == 0) {
        return TIMER_NONE;
    }
    return point <= times->accept_us ? 0 : (int64_t)((point - times->accept_us) / US_PER_MS);
}

static int64_t handshake_ms(const struct stream_times *times)
{
    int64_t value = since_accept(times, times->handshake_us);
    return value < 0 ? 0 : value;
}

static int64_t idle_ms(const struct stream_times *times)
{
    int64_t value = since_accept(times, times->idle_end_us);
    return value < 0 ? TIMER_NONE : value - handshake_ms(times);
}

/* From one point to a later one; TIMER_NONE when the later was not reached. */
static int64_t between(int64_t from, int64_t to)
{
    if (to < 0) {
        return TIMER_NONE;
    }
    return from < 0 ? to : to - from;
}

/* Where waiting in the queue begins. */
static int64_t queue_start(const struct stream_times *times, bool is_http)
{
    return is_http ? since_accept(times, times->request_us) : handshake_ms(times);
}

/* The total less what `timer` leaves out. */
static int64_t total(const struct stream_times *times, enum log_timer timer)
{
    int64_t end = since_accept(times, times->end_us);
    int64_t idle = idle_ms(times);
    if (end < 0) {
        end = 0;
    }
    if (timer == TIMER_TOTAL || idle < 0) {
        return end;
    }
    return timer == TIMER_USER ? end - idle : end - idle - handshake_ms(times);
}

int64_t log_timer(const struct stream_times *times, enum log_timer timer, bool is_http)
{
    int64_t request = since_accept(times, times->request_us);
    int64_t queue = since_accept(times, times->queue_us);
    int64_t connect = since_accept(times, times->connect_us);
    int64_t response = since_accept(times, times->response_us);
    switch (timer) {
    case TIMER_HANDSHAKE:
        return handshake_ms(times);
    case TIMER_IDLE:
        return idle_ms(times);
    case TIMER_REQUEST:
        return between(since_accept(times, times->idle_end_us), request);
    case TIMER_REQUEST_FULL:
        return request;
    case TIMER_QUEUE:
        return between(queue_start(times, is_http), queue);
    case TIMER_CONNECT:
        return between(queue, connect);
    case TIMER_RESPONSE:
        return between(connect, response);
    case TIMER_DATA:
        if ((is_http ? response : connect) < 0) {
            return TIMER_NONE;
        }
        return between(is_http ? response : connect, since_accept(times, times->end_us));
    case TIMER_ACTIVE:
    case TIMER_USER:
    case TIMER_TOTAL:
        return total(times, timer);
    }
    return TIMER_NONE;
}

uint64_t log_request_wall_us(const struct stream_times *times)
{
    int64_t idle = idle_ms(times);
    if (idle < 0) {
        return times->accept_wall_us;
    }
    return times->accept_wall_us + (uint64_t)(idle + handshake_ms(times)) * US_PER_MS;
}

void log_append_date(struct text *text, uint64_t wall_us, enum log_date form)
{
    static const char months[][sizeof("Jan")] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(wall_us / US_PER_SECOND);
    struct tm tm = {0};
    if (form == DATE_UTC_ZONE) {
        (void)gmtime_r(&seconds, &tm);
    } else {
        (void)localtime_r(&seconds, &tm);
    }
    text_append_format(text, "%02d/%s/%04d:%02d:%02d:%02d", tm.tm_mday, months[tm.tm_mon],
                       tm.tm_year + YEAR_BASE, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (form == DATE_LOCAL_MS) {
        text_append_format(text, ".%03u", (unsigned)(wall_us % US_PER_SECOND / US_PER_MS));
        return;
    }
    long minutes = form == DATE_UTC_ZONE ? 0 : tm.tm_gmtoff / SECONDS_A_MINUTE;
    text_append_format(text, " %c%02ld%02ld", minutes < 0 ? '-' : '+',
                       labs(minutes) / MINUTES_AN_HOUR, labs(minutes) % MINUTES_AN_HOUR);
}
