/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers and dates of the log: the parts add up to the total, points that were not reached are -1,
 * zones are signed.
 */
#include "rules/log_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { START_US = 5000700, DATE_SIZE = 64 };

/* 2026-11-23 23:22:02.450 UTC */
#define WALL_US 1795476122450123ULL

static struct stream_times whole_times(void)
{
    return (struct stream_times){
        .accept_wall_us = WALL_US,
        .accept_us = START_US,
        .handshake_us = START_US + 3900,
        .idle_end_us = START_US + 10100,
        .request_us = START_US + 12999,
        .queue_us = START_US + 20000,
        .connect_us = START_US + 25500,
        .response_us = START_US + 40900,
        .end_us = START_US + 100000,
    };
}

static void test_http_timers(void **state)
{
    (void)state;
    struct stream_times times = whole_times();
    assert_int_equal(log_timer(&times, TIMER_HANDSHAKE, true), 3);
    assert_int_equal(log_timer(&times, TIMER_IDLE, true), 7);
    assert_int_equal(log_timer(&times, TIMER_REQUEST, true), 2);
    assert_int_equal(log_timer(&times, TIMER_REQUEST_FULL, true), 12);
    assert_int_equal(log_timer(&times, TIMER_QUEUE, true), 8);
    assert_int_equal(log_timer(&times, TIMER_CONNECT, true), 5);
    assert_int_equal(log_timer(&times, TIMER_RESPONSE, true), 15);
    assert_int_equal(log_timer(&times, TIMER_DATA, true), 60);
    assert_int_equal(log_timer(&times, TIMER_ACTIVE, true), 90);
    assert_int_equal(log_timer(&times, TIMER_USER, true), 93);
    assert_int_equal(log_timer(&times, TIMER_TOTAL, true), 100);
}

static void test_parts_add_up(void **state)
{
    (void)state;
    static const enum log_timer parts[] = {TIMER_HANDSHAKE, TIMER_IDLE,    TIMER_REQUEST,
                                           TIMER_QUEUE,     TIMER_CONNECT, TIMER_RESPONSE,
                                           TIMER_DATA};
    struct stream_times times = whole_times();
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        sum += log_timer(&times, parts[i], true);
    }
    assert_int_equal(sum, log_timer(&times, TIMER_TOTAL, true));
}

static void test_tcp_timers(void **state)
{
    (void)state;
    struct stream_times times = whole_times();
    times.idle_end_us = times.request_us = times.response_us = 0;
    assert_int_equal(log_timer(&times, TIMER_QUEUE, false), 17);
    assert_int_equal(log_timer(&times, TIMER_CONNECT, false), 5);
    assert_int_equal(log_timer(&times, TIMER_DATA, false), 75);
    assert_int_equal(log_timer(&times, TIMER_TOTAL, false), 100);
    assert_int_equal(log_timer(&times, TIMER_ACTIVE, false), 100);
}

static void test_not_reached(void **state)
{
    (void)state;
    struct stream_times times = {.accept_wall_us = WALL_US,
                                 .accept_us = START_US,
                                 .handshake_us = START_US,
                                 .end_us = START_US + 9000};
    assert_int_equal(log_timer(&times, TIMER_HANDSHAKE, true), 0);
    assert_int_equal(log_timer(&times, TIMER_IDLE, true), -1);
    assert_int_equal(log_timer(&times, TIMER_REQUEST, true), -1);
    assert_int_equal(log_timer(&times, TIMER_REQUEST_FULL, true), -1);
    assert_int_equal(log_timer(&times, TIMER_QUEUE, true), -1);
    assert_int_equal(log_timer(&times, TIMER_CONNECT, true), -1);
    assert_int_equal(log_timer(&times, TIMER_RESPONSE, true), -1);
    assert_int_equal(log_timer(&times, TIMER_DATA, true), -1);
    assert_int_equal(log_timer(&times, TIMER_ACTIVE, true), 9);
    assert_int_equal(log_timer(&times, TIMER_USER, true), 9);
    assert_int_equal(log_timer(&times, TIMER_TOTAL, true), 9);
    struct stream_times none = {0};
    assert_int_equal(log_timer(&none, TIMER_TOTAL, true), 0);
    assert_int_equal(log_timer(&none, TIMER_HANDSHAKE, true), 0);
}

static void test_request_date(void **state)
{
    (void)state;
    struct stream_times times = whole_times();
    assert_int_equal(log_request_wall_us(&times), WALL_US + 10000);
    times.idle_end_us = 0;
    assert_int_equal(log_request_wall_us(&times), WALL_US);
}

static void check_date(const char *zone, enum log_date form, const char *expected)
{
    char storage[DATE_SIZE];
    struct text text = text_over(storage, sizeof(storage));
    assert_int_equal(setenv("TZ", zone, 1), 0);
    tzset();
    log_append_date(&text, WALL_US, form);
    assert_string_equal(storage, expected);
}

static void test_dates(void **state)
{
    (void)state;
    check_date("UTC", DATE_LOCAL_MS, "23/Nov/2026:23:22:02.450");
    check_date("UTC", DATE_LOCAL_ZONE, "23/Nov/2026:23:22:02 +0000");
    check_date("UTC", DATE_UTC_ZONE, "23/Nov/2026:23:22:02 +0000");
    check_date("XYZ-5:30", DATE_LOCAL_MS, "24/Nov/2026:04:52:02.450");
    check_date("XYZ-5:30", DATE_LOCAL_ZONE, "24/Nov/2026:04:52:02 +0530");
    check_date("XYZ-5:30", DATE_UTC_ZONE, "23/Nov/2026:23:22:02 +0000");
    check_date("NST3:30", DATE_LOCAL_ZONE, "23/Nov/2026:19:52:02 -0330");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_http_timers),  cmocka_unit_test(test_parts_add_up),
        cmocka_unit_test(test_tcp_timers),   cmocka_unit_test(test_not_reached),
        cmocka_unit_test(test_request_date), cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
