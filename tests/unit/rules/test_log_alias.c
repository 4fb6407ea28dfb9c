/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The aliases: every one of section 8.2.6, in the default, quoted and hexadecimal forms, and the
 * predefined lines. Expected lines are those that HAProxy 2.6 and 3.0 logged for the same exchange.
 */
#include "rules/log_alias.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "support/rules.h"

enum { ACCEPT_US = 7000000 };

/* 2026-11-23 23:22:02.450 UTC */
#define WALL_US 1795476122450000ULL

static struct rules_test test;
static struct server_options server_options = {.name = "s1"};
static struct server server;

static struct address address_of(const char *ip, uint16_t port)
{
    struct address address = {.family = AF_INET, .port = port};
    assert_int_equal(inet_pton(AF_INET, ip, &address.v4), 1);
    return address;
}

/* An exchange as HAProxy logged it: GET /foo/b%20ar?q=1&z=x from 127.0.0.1:59946. */
static void fill_exchange(void)
{
    test.context.source = address_of("127.0.0.1", 59946);
    test.context.destination = address_of("127.0.0.1", 23500);
    test.facts.server_source = address_of("127.0.0.1", 56134);
    test.facts.server_address = address_of("127.0.0.1", 23510);
    server.options = &server_options;
    test.context.server = &server;
    test.context.backend = &test.backend;
    test.context.host_name = "vm";
    test.context.listener_id = 2;
    test.facts.status = 200;
    test.facts.bytes_out = 135;
    test.facts.bytes_in = 153;
    test.facts.id = 0x1000000bULL + (1ULL << 32);
    test.facts.log_counter = 3;
    test.facts.actconn = 1;
    test.facts.feconn = 1;
    test.facts.termination_cause = '-';
    test.facts.termination_phase = '-';
    test.facts.times = (struct stream_times){
        .accept_wall_us = WALL_US,
        .accept_us = ACCEPT_US,
        .handshake_us = ACCEPT_US,
        .idle_end_us = ACCEPT_US + 5000,
        .request_us = ACCEPT_US + 6000,
        .queue_us = ACCEPT_US + 6000,
        .connect_us = ACCEPT_US + 8000,
        .response_us = ACCEPT_US + 11000,
        .end_us = ACCEPT_US + 15000,
    };
    rules_test_request(&test, "GET", "/foo/b%20ar?q=1&z=x");
    unsigned id = 0;
    assert_int_equal(capture_declare(&test.declarations, &test.account, false, "x-a", 10, &id),
                     RESULT_OK);
    assert_int_equal(capture_declare(&test.declarations, &test.account, false, "host", 20, &id),
                     RESULT_OK);
    assert_int_equal(capture_declare(&test.declarations, &test.account, true, "x-resp", 40, &id),
                     RESULT_OK);
    assert_int_equal(captures_begin(&test.captures, &test.declarations, &test.stream), RESULT_OK);
    captures_fill_request_line(&test.captures, &test.request, CAPTURE_REQUEST_LINE_BYTES,
                               &test.stream);
    test.captures.request[0] = SLICE("a{b|c\"d#e}");
    test.captures.response[0] = SLICE("va{l|\"ue#x");
    test.captures.request_cookie = SLICE("SESS=abcdefg");
}

static int open_test(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    tzset();
    rules_test_open(&test);
    return 0;
}

static int open_exchange(void **state)
{
    (void)open_test(state);
    fill_exchange();
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void check(const char *format, const char *expected)
{
    assert_string_equal(rules_test_format(&test, LOG_FORMAT_FOR_LOG, format), expected);
}

static void test_addresses_and_names(void **state)
{
    (void)state;
    check("%ci|%cp|%fi|%fp|%bi|%bp|%si|%sp", "127.0.0.1|59946|127.0.0.1|23500|127.0.0.1|56134|"
                                             "127.0.0.1|23510");
    check("%b|%s|%f|%ft|%H|%OG|%fmode", "be|s1|fe|fe|vm|unspec|HTTP");
    check("%{+Q}o %ci %cp %b %s %f %ft %H", "\"127.0.0.1\" 59946 \"be\" \"s1\" \"fe\" \"fe\" "
                                            "\"vm\"");
    check("%{+X}o %ci %cp %fp", "7F000001 EA2A 5BCC");
    check("%lname", "2");
    test.context.listener_name = "main";
    check("%lname", "main");
    test.context.service_name = "<STATS>";
    check("%s", "<STATS>");
    test.context.frontend_is_http = false;
    check("%fmode", "TCP");
}

static void test_unix_client(void **state)
{
    (void)state;
    test.context.source = (struct address){.family = AF_UNIX};
    test.context.destination = test.context.source;
    check("%ci|%cp|%fi|%fp", "unix|2|unix|2");
    check("%{+X}o %ci|%cp", "unix|2");
}

static void test_numbers(void **state)
{
    (void)state;
    check("%ST|%B|%U|%ac/%fc/%bc/%sc/%rc|%sq/%bq", "200|135|153|1/1/0/0/0|0/0");
    check("%{+Q}ST", "200");
    test.facts.retries = 3;
    test.facts.redispatched = true;
    test.facts.beconn = 4;
    test.facts.srv_conn = 5;
    test.facts.server_queue = 6;
    test.facts.backend_queue = 7;
    check("%bc/%sc/%rc %sq/%bq", "4/5/+3 6/7");
    test.facts.actconn = 0;
    test.context.process_connections = 9;
    check("%ac", "9");
    test.context.log_is_early = true;
    check("%B|%U|%Ta|%Tt|%Tu|%TR", "+135|153|+10|+15|+10|1");
}

static void test_counters(void **state)
{
    (void)state;
    check("%rt|%lc", "268435467|3");
    check("%{+X}o %rt|%lc", "1000000B|0003");
    char expected[32];
    snprintf(expected, sizeof(expected), "%d|%04X", (int)getpid(), (unsigned)getpid());
    check("%pid|%{+X}pid", expected);
}

static void test_status_without_answer(void **state)
{
    (void)state;
    test.facts.status = 0;
    check("%ST", "-1");
    test.context.frontend_is_http = false;
    check("%ST", "0");
}

static void test_times(void **state)
{
    (void)state;
    check("%TR/%Tw/%Tc/%Tr/%Ta|%Th|%Ti|%Tq|%Td|%Tt|%Tu", "1/0/2/3/10|0|5|6|4|15|10");
    check("%t|%tr|%T|%Tl|%trg|%trl", "23/Nov/2026:23:22:02.450|23/Nov/2026:23:22:02.455|"
                                     "23/Nov/2026:23:22:02 +0000|23/Nov/2026:23:22:02 +0000|"
                                     "23/Nov/2026:23:22:02 +0000|23/Nov/2026:23:22:02 +0000");
    check("%Ts|%ms|%{+X}Ts|%{+X}ms", "1795476122|450|6B04CA9A|1C2");
    check("%{+Q}t|%{+Q}ms", "23/Nov/2026:23:22:02.450|450");
    test.facts.times.accept_wall_us = WALL_US - 445000;
    check("%ms", "005");
}

static void test_states(void **state)
{
    (void)state;
    check("%ts|%tsc", "--|----");
    test.facts.termination_cause = 'C';
    test.facts.termination_phase = 'D';
    test.facts.cookie_request = 'V';
    test.facts.cookie_response = 'N';
    check("%ts|%tsc|%{+Q}tsc", "CD|CDVN|CDVN");
}

static void test_captures(void **state)
{
    (void)state;
    check("%hr|%hrl|%hs|%hsl", "{a#7Bb#7Cc#22d#23e#7D|}|a#7Bb#7Cc#22d#23e#7D -|"
                               "{va#7Bl#7C#22ue#23x}|va#7Bl#7C#22ue#23x");
    check("%{+Q}hr %{+Q}hrl %{+Q}hs", "\"{a#7Bb#7Cc#22d#23e#7D|}\" \"a#7Bb#7Cc#22d#23e#7D\" \"\" "
                                      "\"{va#7Bl#7C#22ue#23x}\"");
    check("%CC|%CS|%{+Q}CC|%{+Q}CS", "SESS=abcdefg|-|\"SESS=abcdefg\"|\"\"");
    check("%{+json}o %(a)hr %(b)hrl", "{\"a\": \"{a{b|c\\\"d#e}|}\", \"b\": [\"a{b|c\\\"d#e}\", "
                                      "\"-\"]}");
}

static void test_request_line(void **state)
{
    (void)state;
    check("%r|%HM|%HP|%HPO|%HQ|%HU|%HV", "GET /foo/b%20ar?q=1&z=x HTTP/1.1|GET|/foo/b%20ar|"
                                         "/foo/b%20ar|?q=1&z=x|/foo/b%20ar?q=1&z=x|HTTP/1.1");
    check("%{+Q}r %{+Q}HM %{+Q}HQ", "\"GET /foo/b%20ar?q=1&z=x HTTP/1.1\" \"GET\" \"?q=1&z=x\"");
    test.captures.request_line = SLICE("GET http://ex.com/abs?x=1 HTTP/1.1");
    check("%HP|%HPO|%HQ|%HU", "http://ex.com/abs|/abs|?x=1|http://ex.com/abs?x=1");
    test.captures.request_line = SLICE("OPTIONS * HTTP/1.0");
    check("%HM|%HP|%HPO|%HQ|%HU|%HV", "OPTIONS|*|*||*|HTTP/1.0");
    test.captures.request_line = SLICE("GET /q\"# HTTP/1.1");
    check("%r|%HU", "GET /q#22#23 HTTP/1.1|/q#22#23");
    test.captures.request_line = SLICE("CONNECT a:443 HTTP/1.1");
    check("%HU|%HPO", "a:443|");
    test.captures.request_line = SLICE("GET /cut");
    check("%HU|%HV|%r", "/cut||GET /cut");
}

static void test_bad_request(void **state)
{
    (void)state;
    test.facts.status = 400;
    test.facts.termination_cause = 'P';
    test.facts.termination_phase = 'R';
    check("%bi|%bp|%si|%sp|%b|%s|%ST|%CC|%CS|%tsc|%hr|%hrl|%hs|%hsl|%r|%HM|%HP|%HQ|%HU|%HV|%ID",
          "-|-|-|-|fe|<NOSRV>|400|-|-|PR--|||||<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|<BADREQ>|"
          "<BADREQ>|-");
    check("%TR|%Tw|%Tc|%Tr|%Ta|%Tt|%Tq|%Td|%Th|%Tu", "-1|-1|-1|-1|0|0|-1|-1|0|0");
    check("%ci|%cp|%sslv|%sslc", "-|-|-|-");
    check("%{+Q}sslv", "\"\"");
}

static void test_no_facts(void **state)
{
    (void)state;
    test.context.facts = NULL;
    test.context.captures = NULL;
    check("%B|%rt|%tsc|%hr|%r|%Tt", "0|0|----||<BADREQ>|0");
}

static void test_http_line(void **state)
{
    (void)state;
    check(LOG_FORMAT_HTTP, "127.0.0.1:59946 [23/Nov/2026:23:22:02.455] fe be/s1 1/0/2/3/10 200 135 "
                           "SESS=abcdefg - ---- 1/1/0/0/0 0/0 {a#7Bb#7Cc#22d#23e#7D|} "
                           "{va#7Bl#7C#22ue#23x} \"GET /foo/b%20ar?q=1&z=x HTTP/1.1\"");
}

static void test_http_line_without_captures(void **state)
{
    (void)state;
    test.captures.request_count = 0;
    test.captures.response_count = 0;
    test.captures.request_cookie = SLICE_NONE;
    test.context.log_is_early = true;
    check(LOG_FORMAT_HTTP, "127.0.0.1:59946 [23/Nov/2026:23:22:02.455] fe be/s1 1/0/2/3/+10 200 "
                           "+135 - - ---- 1/1/0/0/0 0/0 \"GET /foo/b%20ar?q=1&z=x HTTP/1.1\"");
}

static void test_clf_line(void **state)
{
    (void)state;
    test.captures.request_count = 0;
    test.captures.response_count = 0;
    test.captures.request_cookie = SLICE_NONE;
    check(LOG_FORMAT_CLF,
          "127.0.0.1 - - [23/Nov/2026:23:22:02 +0000] \"GET /foo/b%20ar?q=1&z=x HTTP/1.1\" 200 135 "
          "\"\" \"\" 59946 450 \"fe\" \"be\" \"s1\" 1 0 2 3 10 ---- 1 1 0 0 0 0 0 \"\" \"\" ");
}

static void test_tcp_lines(void **state)
{
    (void)state;
    test.context.frontend_is_http = false;
    test.facts.times.idle_end_us = test.facts.times.request_us = test.facts.times.response_us = 0;
    check(LOG_FORMAT_TCP,
          "127.0.0.1:59946 [23/Nov/2026:23:22:02.450] fe be/s1 6/2/15 135 -- 1/1/0/0/0 0/0");
    check(LOG_FORMAT_TCP_CLF,
          "127.0.0.1 - - [23/Nov/2026:23:22:02 +0000] \"TCP \" 000 135 \"\" \"\" 59946 450 \"fe\" "
          "\"be\" \"s1\" 0 6 2 15 153 ---- 1 1 0 0 0 0 0 \"\" \"\" ");
    check(LOG_FORMAT_DEFAULT, "Connect from 127.0.0.1:59946 to 127.0.0.1:23500 (fe/TCP)");
    test.context.error_message = "Connection error during SSL handshake";
    check(LOG_FORMAT_ERROR, "127.0.0.1:59946 [23/Nov/2026:23:22:02.450] fe/2: Connection error "
                            "during SSL handshake");
}

static void test_search(void **state)
{
    (void)state;
    assert_string_equal(log_alias_find(SLICE("tsc"))->name, "tsc");
    assert_null(log_alias_find(SLICE("TSC")));
    assert_null(log_alias_find(SLICE("")));
    assert_null(log_alias_find(SLICE("o")));
    assert_string_equal(log_alias_suggest("hrlx"), "hrl");
    assert_null(log_alias_suggest("nothing-like-it"));
}

#define WITH_TEST(function)     cmocka_unit_test_setup_teardown(function, open_test, close_test)
#define WITH_EXCHANGE(function) cmocka_unit_test_setup_teardown(function, open_exchange, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_EXCHANGE(test_addresses_and_names),
        WITH_EXCHANGE(test_unix_client),
        WITH_EXCHANGE(test_numbers),
        WITH_EXCHANGE(test_counters),
        WITH_EXCHANGE(test_status_without_answer),
        WITH_EXCHANGE(test_times),
        WITH_EXCHANGE(test_states),
        WITH_EXCHANGE(test_captures),
        WITH_EXCHANGE(test_request_line),
        WITH_TEST(test_bad_request),
        WITH_TEST(test_no_facts),
        WITH_EXCHANGE(test_http_line),
        WITH_EXCHANGE(test_http_line_without_captures),
        WITH_EXCHANGE(test_clf_line),
        WITH_EXCHANGE(test_tcp_lines),
        WITH_TEST(test_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
