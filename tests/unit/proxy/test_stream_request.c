/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's request: heads that are refused, the order of rules and stages, verdicts, waiting for
 * bytes of a session or a body, the choice of the backend, monitor-uri. */
#include "support/site.h"

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";

static void open_with(struct site *site)
{
    site_open(site);
    site_add(site);
    site_log_format(site, "%b/%s %ST %tsc");
}

static void rule(struct site *site, struct proxy_settings *proxy, const char *line)
{
    site_rule(site, RULE_HTTP_REQUEST, &proxy->http_request, line);
}

static struct site_end *ask(struct site *site, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    return client;
}

static void expect_status(struct site *site, struct site_end *client, const char *line)
{
    assert_memory_equal(site_take_head(site, client), line, strlen(line));
}

/* ---- heads that are refused ---- */

static void test_malformed_heads(void **state)
{
    (void)state;
    static const struct {
        const char *request, *line;
    } CASES[] = {
        {"junk\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "}, /* RFC 9112 3.2 */
        {"GET / HTTP/1.1\r\nhost: h\r\nbad name: x\r\n\r\n", "HTTP/1.1 400 "},
        {"GET / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
         "HTTP/1.1 400 "},
        {"GET / HTTP/3.0\r\nhost: h\r\n\r\n", "HTTP/1.1 400 "},
    };
    struct site site;
    open_with(&site);
    site_start(&site);
    unsigned refused = 0;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site_end *client = ask(&site, CASES[i].request);
        expect_status(&site, client, CASES[i].line);
        SITE_UNTIL(&site, client->has_ended);
        refused++;
        assert_int_equal(site.frontend->counters.request_errors, refused);
        assert_int_equal(site.frontend->bad_request.number, refused);
    }
    const struct captured_error *kept = &site.frontend->bad_request;
    assert_memory_equal(kept->bytes->data, "GET / HTTP/3.0", 14);
    assert_int_equal(kept->source.v4.s_addr, htonl(INADDR_LOOPBACK));
    site_close(&site);
}

/* A head beyond tune.bufsize less tune.maxrewrite. */
static void test_a_head_that_is_too_long(void **state)
{
    (void)state;
    static char request[TEST_CHUNK_BYTES + 64];
    struct site site;
    open_with(&site);
    site_start(&site);
    int length = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nhost: h\r\nx: ");
    memset(request + length, 'a', TEST_CHUNK_BYTES);
    struct site_end *client = ask(&site, request);
    expect_status(&site, client, "HTTP/1.1 400 ");
    site_expect_log(&site, "<6>fe/<NOSRV> 400 PR--\n");
    assert_int_equal(site.facts.requests_total, 1);
    assert_int_equal(site.frontend->counters.requests_total, 0);
    site_close(&site);
}

/* ---- rules ---- */

/* Frontend before backend; `allow` ends one list only. */
static void test_the_order_of_rules(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    rule(&site, &site.back, "add-header x back");
    rule(&site, &site.front, "add-header x front");
    rule(&site, &site.front, "allow");
    rule(&site, &site.front, "deny");
    site_start(&site);
    (void)ask(&site, GET);
    struct site_end *server = site_accept(&site, 0);
    site_expect(&site, server, "GET / HTTP/1.1\r\nhost: h\r\nx: front\r\nx: back\r\n\r\n");
    site_close(&site);
}

static void test_verdicts(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *line, *log;
        uint64_t denied, intercepted, internal;
    } CASES[] = {
        {"deny", "HTTP/1.1 403 ", "<6>fe/<NOSRV> 403 PR--\n", 1, 0, 0},
        {"reject", NULL, "<6>fe/<NOSRV> -1 PR--\n", 1, 0, 0},
        {"silent-drop", NULL, "<6>fe/<NOSRV> -1 PR--\n", 1, 0, 0},
        {"redirect location /x", "HTTP/1.1 302 ", "<6>fe/<NOSRV> 302 LR--\n", 0, 1, 0},
        {"auth realm r", "HTTP/1.1 401 ", "<6>fe/<NOSRV> 401 LR--\n", 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site);
        rule(&site, &site.front, CASES[i].rule);
        site_start(&site);
        struct site_end *client = ask(&site, GET);
        if (CASES[i].line != NULL) {
            expect_status(&site, client, CASES[i].line);
        }
        site_expect_log(&site, CASES[i].log);
        assert_int_equal(site.frontend->counters.denied_requests, CASES[i].denied);
        assert_int_equal(site.frontend->counters.intercepted, CASES[i].intercepted);
        assert_int_equal(site.frontend->counters.internal_errors, CASES[i].internal);
        site_expect_no_connection(&site, 0);
        site_close(&site);
    }
}

/* A backend's denial counts for both. */
static void test_a_backend_denies(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    rule(&site, &site.back, "deny");
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    expect_status(&site, client, "HTTP/1.1 403 ");
    site_expect_log(&site, "<6>be/<NOSRV> 403 PR--\n");
    assert_int_equal(site.frontend->counters.denied_requests, 1);
    assert_int_equal(site.backend->backend.counters.denied_requests, 1);
    site_close(&site);
}

/* `redirect` lines come behind all http-request rules, even behind an allow. */
static void test_redirects_come_last(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.redirects, "redirect location /moved");
    rule(&site, &site.front, "deny if { path /no }");
    rule(&site, &site.front, "allow");
    site_start(&site);
    struct site_end *client = ask(&site, "GET /no HTTP/1.1\r\nhost: h\r\n\r\n");
    expect_status(&site, client, "HTTP/1.1 403 ");
    client = ask(&site, GET);
    expect_status(&site, client, "HTTP/1.1 302 ");
    site_close(&site);
}

static void test_a_tarpit_that_the_client_leaves(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.options = OPTION_ABORTONCLOSE;
    site.front.timeouts.tarpit_ms = 2000;
    rule(&site, &site.front, "tarpit");
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    site_expect_silence(&site, client);
    site_close_end(client);
    site_expect_log(&site, "<6>fe/<NOSRV> -1 CT--\n");
    site_close(&site);
}

/* ---- waiting for bytes ---- */

static void test_rules_wait_for_the_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    rule(&site, &site.front, "wait-for-body time 1000");
    rule(&site, &site.front, "set-header x-len %[req.body_len]");
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nabc");
    site_expect_no_connection(&site, 0);
    site_send(client, "def");
    struct site_end *server = site_accept(&site, 0);
    site_expect(&site, server,
                "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\nx-len: 6\r\n\r\nabcdef");
    site_close(&site);
}

static void test_enough_of_the_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    rule(&site, &site.front, "wait-for-body time 1000 at-least 3");
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nab");
    site_expect_no_connection(&site, 0);
    site_send(client, "c");
    (void)site_accept(&site, 0);
    site_close(&site);
}

static void test_waiting_for_the_body_ends(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    rule(&site, &site.front, "wait-for-body time 30");
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nab");
    expect_status(&site, client, "HTTP/1.1 408 ");
    site_expect_log(&site, "<6>fe/<NOSRV> 408 cR--\n");
    site_close(&site);
}

/* A body that is larger than a buffer is not waited for beyond it. */
static void test_a_body_beyond_a_buffer(void **state)
{
    (void)state;
    static char body[4 * TEST_CHUNK_BYTES];
    struct site site;
    open_with(&site);
    site.front.options = OPTION_HTTP_BUFFER_REQUEST;
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 65536\r\n\r\n");
    site_expect_no_connection(&site, 0);
    memset(body, 'b', sizeof(body));
    assert_int_equal(send(client->fd, body, sizeof(body) / 2, MSG_NOSIGNAL), sizeof(body) / 2);
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    assert_int_equal(send(client->fd, body, sizeof(body) / 2, MSG_NOSIGNAL), sizeof(body) / 2);
    SITE_UNTIL(&site, server->count == sizeof(body));
    assert_memory_equal(server->bytes, body, sizeof(body));
    site_close(&site);
}

/* Who waits for leave to send gets it from here when rules need the body. */
static void test_continue_is_said_here(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.options = OPTION_HTTP_BUFFER_REQUEST;
    site_start(&site);
    struct site_end *client = ask(
        &site, "POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 100 Continue\r\n\r\n");
    site_send(client, "hi");
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    site_expect(&site, server, "hi");
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_close(&site);
}

static void test_a_client_that_leaves_within_its_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.options = OPTION_HTTP_BUFFER_REQUEST;
    site_start(&site);
    struct site_end *client =
        ask(&site, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nab");
    site_run(&site, 5);
    site_close_end(client);
    site_expect_log(&site, "<6>fe/<NOSRV> -1 CR--\n");
    site_close(&site);
}

/* ---- raw sessions ---- */

/* tcp-request content: bytes decide, and what was looked at is passed on. */
static void test_raw_rules(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        bool passes;
    } CASES[] = {{"go", "od!", true}, {"ev", "il!", false}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site);
        site_make_tcp(&site);
        site.front.request_inspect_ms = 2000;
        site_rule(&site, RULE_TCP_REQUEST_CONTENT, &site.front.tcp_request,
                  "reject if { req.payload(0,4) -m str evil }");
        site_start(&site);
        struct site_end *client = ask(&site, CASES[i].first);
        site_expect_no_connection(&site, 0);
        site_send(client, CASES[i].second);
        if (CASES[i].passes) {
            site_expect(&site, site_accept(&site, 0), "good!");
        } else {
            site_expect_end(&site, client);
            site_expect_log(&site, "<6>fe/<NOSRV> 0 PR--\n");
            site_expect_no_connection(&site, 0);
        }
        site_close(&site);
    }
}

/* tcp-request inspect-delay is over: the rules see what there is. */
static void test_inspect_delay(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_make_tcp(&site);
    site.front.request_inspect_ms = 30;
    site_rule(&site, RULE_TCP_REQUEST_CONTENT, &site.front.tcp_request,
              "reject if { req.payload(0,4) -m str evil }");
    site_start(&site);
    uint64_t began_us = clock_monotonic_us();
    (void)ask(&site, "ev");
    struct site_end *server = site_accept(&site, 0);
    assert_in_range((clock_monotonic_us() - began_us) / US_PER_MS, 25, 1000);
    site_expect(&site, server, "ev");
    site_close(&site);
}

/* ---- the backend ---- */

static void test_no_backend(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.default_backend = NULL;
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    expect_status(&site, client, "HTTP/1.1 503 ");
    site_expect_log(&site, "<6>fe/<NOSRV> 503 SC--\n");
    site_close(&site);
}

/* use_backend by condition and by name; a computed name that is none leads to the default. */
static void test_use_backend(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    struct switch_rule rules[] = {
        {.condition = site_condition(&site, "if { path /fixed }"), .target = &site.back},
        {.condition = site_condition(&site, "if { path -m beg /by }"),
         .dynamic = site_format(&site, LOG_FORMAT_FOR_HTTP, "%[req.hdr(x)]")},
    };
    list_append(&site.front.use_backend, &rules[0].link);
    list_append(&site.front.use_backend, &rules[1].link);
    site.front.default_backend = NULL;
    site_start(&site);
    static const struct {
        const char *request;
        bool is_found;
    } CASES[] = {
        {"GET /fixed HTTP/1.1\r\nhost: h\r\n\r\n", true},
        {"GET /by HTTP/1.1\r\nhost: h\r\nx: be\r\n\r\n", true},
        {"GET /by HTTP/1.1\r\nhost: h\r\nx: no\r\n\r\n", false},
        {"GET /by HTTP/1.1\r\nhost: h\r\nx: fe\r\n\r\n", false}, /* no backend */
        {"GET / HTTP/1.1\r\nhost: h\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site_end *client = ask(&site, CASES[i].request);
        if (CASES[i].is_found) {
            struct site_end *server = site_accept(&site, 0);
            (void)site_take_head(&site, server);
            site_send(server, EMPTY);
            site_expect(&site, client, EMPTY);
            worker_drop_idle_links(&site.worker, 9);
        } else {
            expect_status(&site, client, "HTTP/1.1 503 ");
        }
    }
    const struct counters *counters = &site.backend->backend.counters;
    assert_int_equal(counters->sessions_total, 2);
    assert_int_equal(counters->sessions_max, 1);
    site_close(&site);
}

/* ---- monitor-uri ---- */

static void test_monitor(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.monitor_uri = "/alive";
    site.front.monitor_fail = site_condition(&site, "if { req.hdr(x) -m found }");
    rule(&site, &site.front, "deny");
    site_start(&site);
    struct site_end *client = ask(&site, "GET /alive HTTP/1.1\r\nhost: h\r\n\r\n");
    expect_status(&site, client, "HTTP/1.1 200 ");
    client = ask(&site, "GET /alive HTTP/1.1\r\nhost: h\r\nx: y\r\n\r\n");
    expect_status(&site, client, "HTTP/1.1 503 ");
    client = ask(&site, "GET /alive?x HTTP/1.1\r\nhost: h\r\n\r\n");
    expect_status(&site, client, "HTTP/1.1 403 ");
    site_expect_log(&site, "<6>fe/<NOSRV> 403 PR--\n"); /* the others are not logged */
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_heads),
        cmocka_unit_test(test_a_head_that_is_too_long),
        cmocka_unit_test(test_the_order_of_rules),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_a_backend_denies),
        cmocka_unit_test(test_redirects_come_last),
        cmocka_unit_test(test_a_tarpit_that_the_client_leaves),
        cmocka_unit_test(test_rules_wait_for_the_body),
        cmocka_unit_test(test_enough_of_the_body),
        cmocka_unit_test(test_waiting_for_the_body_ends),
        cmocka_unit_test(test_a_body_beyond_a_buffer),
        cmocka_unit_test(test_continue_is_said_here),
        cmocka_unit_test(test_a_client_that_leaves_within_its_body),
        cmocka_unit_test(test_raw_rules),
        cmocka_unit_test(test_inspect_delay),
        cmocka_unit_test(test_no_backend),
        cmocka_unit_test(test_use_backend),
        cmocka_unit_test(test_monitor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
