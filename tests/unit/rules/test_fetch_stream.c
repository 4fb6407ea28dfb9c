/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of one exchange.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_stream);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    test.parser.registry = &registry;
    test.parser.capabilities = SAMPLE_IN_LOG;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void test_captures(void **state)
{
    (void)state;
    struct slice request[] = {SLICE("one"), SLICE_NONE};
    struct slice response[] = {SLICE("two")};
    test.captures = (struct captures){.request = request,
                                      .response = response,
                                      .request_count = 2,
                                      .response_count = 1,
                                      .request_line = SLICE("GET /x?y HTTP/1.1")};
    assert_fetch(&test, "capture.req.hdr(0)", "one");
    assert_fetch(&test, "capture.req.hdr(1)", "(none)");
    assert_fetch(&test, "capture.req.hdr(2)", "(none)");
    assert_fetch(&test, "capture.req.hdr(-1)", "(none)");
    assert_fetch(&test, "capture.res.hdr(0)", "two");
    assert_fetch(&test, "capture.req.method", "GET");
    assert_fetch(&test, "capture.req.uri", "/x?y");
    assert_fetch(&test, "capture.req.ver", "HTTP/1.1");
    assert_fetch(&test, "capture.res.ver", "(none)");
    rules_test_response(&test, 200);
    assert_fetch(&test, "capture.res.ver", "HTTP/1.1");
    test.captures = (struct captures){0};
    assert_fetch(&test, "capture.req.method", "(none)");
}

static void test_facts(void **state)
{
    (void)state;
    test.facts = (struct stream_facts){.id = UINT64_C(0x100000007),
                                       .bytes_in = 10,
                                       .bytes_out = 20,
                                       .retries = 2,
                                       .redispatched = true,
                                       .backend_queue = 3,
                                       .server_queue = 4,
                                       .status = 503,
                                       .requests_on_connection = 1,
                                       .termination_cause = 'S',
                                       .termination_phase = 'C'};
    assert_fetch(&test, "txn.id32", "7");
    assert_fetch(&test, "bytes_in", "10");
    assert_fetch(&test, "bytes_out", "20");
    assert_fetch(&test, "txn.conn_retries", "2");
    assert_fetch(&test, "txn.redispatched", "1");
    assert_fetch(&test, "bc_be_queue", "3");
    assert_fetch(&test, "bc_srv_queue", "4");
    assert_fetch(&test, "txn.status", "503");
    assert_fetch(&test, "txn.sess_term_state", "SC");
    assert_fetch(&test, "http_first_req", "0");
    test.facts.requests_on_connection = 0;
    assert_fetch(&test, "http_first_req", "1");
    test.facts.status = 0;
    assert_fetch(&test, "txn.status", "(none)");
    test.settings.priority_class = -3;
    test.settings.priority_offset = 9;
    assert_fetch(&test, "prio_class", "-3");
    assert_fetch(&test, "prio_offset", "9");
    test.context.facts = NULL;
    assert_fetch(&test, "bytes_in", "(none)");
    assert_fetch(&test, "txn.sess_term_state", "(none)");
}

static void test_final_rule(void **state)
{
    (void)state;
    assert_fetch(&test, "last_rule_file", "(none)");
    assert_fetch(&test, "last_entity", "(none)");
    test.facts.final_rule_file = "a.cfg";
    test.facts.final_rule_line = 12;
    assert_fetch(&test, "last_rule_file", "a.cfg");
    assert_fetch(&test, "last_rule_line", "12");
    assert_fetch(&test, "last_entity", "a.cfg:12");
}

static void test_times(void **state)
{
    (void)state;
    test.facts.times = (struct stream_times){.accept_wall_us = 1700000000500000,
                                             .accept_us = 1000000,
                                             .handshake_us = 1010000,
                                             .idle_end_us = 1030000,
                                             .request_us = 1060000,
                                             .queue_us = 1100000,
                                             .connect_us = 1150000,
                                             .response_us = 1210000,
                                             .end_us = 1280000};
    assert_fetch(&test, "accept_date", "1700000000");
    assert_fetch(&test, "accept_date(ms)", "1700000000500");
    assert_fetch(&test, "request_date(us)", "1700000000530000");
    assert_fetch(&test, "fc.timer.handshake", "10");
    assert_fetch(&test, "req.timer.idle", "20");
    assert_fetch(&test, "req.timer.hdr", "30");
    assert_fetch(&test, "req.timer.tq", "60");
    assert_fetch(&test, "req.timer.queue", "40");
    assert_fetch(&test, "bc.timer.connect", "50");
    assert_fetch(&test, "res.timer.hdr", "60");
    assert_fetch(&test, "res.timer.data", "70");
    assert_fetch(&test, "fc.timer.total", "280");
    assert_fetch(&test, "txn.timer.total", "250");
    assert_fetch(&test, "txn.timer.user", "260");
    assert_refused(&test, "accept_date(h)",
                   "invalid args in fetch method 'accept_date' : expects 's', 'ms' or 'us', got "
                   "'h'");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_captures),
        CASE(test_facts),
        CASE(test_final_rule),
        CASE(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
