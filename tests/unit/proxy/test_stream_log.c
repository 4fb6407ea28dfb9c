/* SPDX-License-Identifier: Apache-2.0 */
/* The log line of a stream: its fields in HAProxy's formats, its termination state for each kind
 * of end, its level, when there is none; the counters of proxies, bind lines and servers; what
 * `show sess` says. */
#include "support/site.h"

static const char REQUEST[] = "GET /a?b HTTP/1.1\r\nhost: h\r\n\r\n";
static const char RESPONSE[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";
static const char ENDS[] = "%b/%s %ST %tsc"; /* backend/server, status, termination state */

#define IP     "127\\.0\\.0\\.1:[0-9]+ "
#define DATE   "\\[[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9:.]{12}\\] "
#define NUMBER "[0-9]+"
#define THREE  NUMBER "/" NUMBER "/" NUMBER
#define FIVE   THREE "/" NUMBER "/" NUMBER

static void open_with(struct site *site, const char *format)
{
    site_open(site);
    site_add(site);
    site_log_format(site, format);
}

static void exchange(struct site *site, struct site_end *client, struct site_end *server,
                     const char *response)
{
    site_send(client, REQUEST);
    (void)site_take_head(site, server);
    site_send(server, response);
    site_expect(site, client, response);
}

/* A client that has asked, and its server. */
static struct site_end *ask(struct site *site, struct site_end **server, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    *server = site_accept(site, 0);
    (void)site_take_head(site, *server);
    return client;
}

/* ---- fields ---- */

static void test_a_line_for_each_request(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%ft %b/%s %ST %B %U %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %lc %{+Q}r");
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, REQUEST);
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    site_send(server, RESPONSE);
    site_expect(&site, client, RESPONSE);
    site_expect_log(&site, "<6>fe be/s1 200 40 30 ---- 1/1/0/0/0 0/0 0 \"GET /a?b HTTP/1.1\"\n");
    exchange(&site, client, server, "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n");
    site_expect_log(&site, "<6>fe be/s1 404 38 30 ---- 1/1/0/0/0 0/0 1 \"GET /a?b HTTP/1.1\"\n");
    site_close(&site);
}

static void test_httplog(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LOG_FORMAT_HTTP);
    unsigned id = 0;
    assert_int_equal(capture_declare(&site.front.captures, &site.account, false, "host", 10, &id),
                     RESULT_OK);
    assert_int_equal(capture_declare(&site.front.captures, &site.account, true, "server", 3, &id),
                     RESULT_OK);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_send(server, "HTTP/1.1 200 OK\r\nserver: abcdef\r\ncontent-length: 0\r\n\r\n");
    (void)site_take_head(&site, client);
    site_expect_log_like(&site, "^<6>" IP DATE "fe be/s1 " FIVE " 200 54 - - ---- 1/1/0/0/0 0/0 "
                                "\\{h\\} \\{abc\\} \"GET /a\\?b HTTP/1\\.1\"\n$");
    site_close(&site);
}

static void test_tcplog(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LOG_FORMAT_TCP);
    site_make_tcp(&site);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    struct site_end *server = site_accept(&site, 0);
    site_send(client, "hello");
    site_expect(&site, server, "hello");
    site_send(server, "you");
    site_expect(&site, client, "you");
    site_expect_no_log(&site);
    site_close_end(server);
    site_expect_end(&site, client);
    site_close_end(client);
    site_expect_log_like(&site, "^<6>" IP DATE "fe be/s1 " THREE " 3 -- 1/1/0/0/0 0/0\n$");
    site_close(&site);
}

/* The counts of others at the same frontend, backend and server; one's own no more. */
static void test_concurrent_streams_are_counted(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%ac/%fc/%bc/%sc");
    site_start(&site);
    struct site_end *servers[3];
    struct site_end *clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = ask(&site, &servers[i], REQUEST);
    }
    site_send(servers[1], EMPTY);
    site_expect(&site, clients[1], EMPTY);
    site_expect_log(&site, "<6>3/3/2/2\n");
    site_close_end(clients[1]);
    site_run(&site, 5);
    site_send(servers[0], EMPTY);
    site_expect(&site, clients[0], EMPTY);
    site_expect_log(&site, "<6>2/2/1/1\n");
    site_close(&site);
}

static void test_logasap_is_before_the_end(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%ST %B %tsc %bc/%sc %Ta");
    site.front.options = OPTION_LOGASAP;
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhi");
    site_expect_log_like(&site, "^<6>200 \\+[0-9]+ ---- 1/1 \\+[0-9]+\n$");
    site_send(server, "ho");
    site_expect(&site, client, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhiho");
    site_expect_no_log(&site); /* once is enough */
    site_close(&site);
}

static void test_logasap_of_a_session(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%B %ts %bc/%sc %Tt");
    site_make_tcp(&site);
    site.front.options = OPTION_LOGASAP;
    site_start(&site);
    struct site_end *client = site_connect(&site);
    struct site_end *server = site_accept(&site, 0);
    site_expect_log_like(&site, "^<6>\\+0 -- 1/1 \\+[0-9]+\n$");
    site_close_end(client);
    site_expect_end(&site, server);
    site_close_end(server);
    site_expect_no_log(&site);
    site_close(&site);
}

/* error-log-format is of connections without a request; an answered one is logged as ever. */
static void test_no_request_has_its_own_format(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "ok %ST");
    site.front.log_format_error = site_format(&site, LOG_FORMAT_FOR_LOG, "bad %ST");
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_send(server, RESPONSE);
    site_expect(&site, client, RESPONSE);
    site_expect_log(&site, "<6>ok 200\n");
    exchange(&site, client, server, "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    site_expect_log(&site, "<6>ok 500\n");
    site_send(client, "no request\r\n\r\n");
    site_expect_log(&site, "<6>bad 400\n");
    site_close_end(client);
    site_close(&site);
}

/* ---- termination states ---- */

static void test_ends_before_a_server(void **state)
{
    (void)state;
    static const struct {
        const char *request, *log;
    } CASES[] = {
        {"GET /deny HTTP/1.1\r\nhost: h\r\n\r\n", "<6>fe/<NOSRV> 403 PR--\n"},
        {"GET /return HTTP/1.1\r\nhost: h\r\n\r\n", "<6>fe/<NOSRV> 200 LR--\n"},
        {"GET /reject HTTP/1.1\r\nhost: h\r\n\r\n", "<6>fe/<NOSRV> -1 PR--\n"},
        {"GET /tarpit HTTP/1.1\r\nhost: h\r\n\r\n", "<6>fe/<NOSRV> 500 PT--\n"},
        {"junk\r\n\r\n", "<6>fe/<NOSRV> 400 PR--\n"},
        {"GET / HTTP/1.1\r\nhos", "<6>fe/<NOSRV> 408 cR--\n"},
    };
    struct site site;
    open_with(&site, ENDS);
    site.front.timeouts.http_request_ms = 30;
    site.front.timeouts.tarpit_ms = 20;
    struct rule_list *rules = &site.front.http_request;
    site_rule(&site, RULE_HTTP_REQUEST, rules, "deny if { path /deny }");
    site_rule(&site, RULE_HTTP_REQUEST, rules, "return status 200 if { path /return }");
    site_rule(&site, RULE_HTTP_REQUEST, rules, "reject if { path /reject }");
    site_rule(&site, RULE_HTTP_REQUEST, rules, "tarpit if { path /tarpit }");
    site_start(&site);
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site_end *client = site_connect(&site);
        site_send(client, CASES[i].request);
        site_expect_log(&site, CASES[i].log);
        site_close_end(client);
    }
    site_close(&site);
}

static void test_a_client_that_leaves_within_its_head(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, ENDS);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET / HTTP/1.1\r\nhos");
    site_run(&site, 5);
    site_close_end(client);
    site_expect_log(&site, "<6>fe/<NOSRV> 400 CR--\n");
    assert_int_equal(site.frontend->counters.request_errors, 1);
    site_close(&site);
}

/* What a server does when it was asked, and what is logged then. */
static void test_ends_with_a_server(void **state)
{
    (void)state;
    static const struct {
        const char *answer; /* NULL: none */
        bool closes, client_closes;
        const char *log;
    } CASES[] = {
        {"HTTP/1.1 204 No\r\n\r\n", false, false, "<6>be/s1 204 ----\n"},
        {"", true, false, "<6>be/s1 502 SH--\n"},
        {"SSH-2.0\r\n\r\n", false, false, "<6>be/s1 502 PH--\n"},
        {NULL, false, false, "<6>be/s1 504 sH--\n"},
        {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", true, false, "<6>be/s1 200 SD--\n"},
        {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", false, false, "<6>be/s1 200 sD--\n"},
        {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", false, true, "<6>be/s1 200 CD--\n"},
        {NULL, false, true, "<6>be/s1 -1 CH--\n"},
        {"HTTP/1.1 200 OK\r\nx: deny\r\n\r\n", false, false, "<6>be/s1 502 PH--\n"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, ENDS);
        site.front.options = OPTION_ABORTONCLOSE;
        site.back.options = OPTION_ABORTONCLOSE;
        site.back.timeouts.server_ms = 40;
        site_rule(&site, RULE_HTTP_RESPONSE, &site.back.http_response,
                  "deny if { res.hdr(x) deny }");
        site_start(&site);
        struct site_end *server;
        struct site_end *client = ask(&site, &server, REQUEST);
        if (CASES[i].answer != NULL) {
            site_send(server, CASES[i].answer);
        }
        if (CASES[i].closes) {
            site_close_end(server);
        }
        if (CASES[i].client_closes) {
            site_run(&site, 5);
            site_reset_end(client);
        }
        site_expect_log(&site, CASES[i].log);
        site_close(&site);
    }
}

static void test_ends_by_the_operator(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, ENDS);
    site_start(&site);
    struct site_end *server;
    (void)ask(&site, &server, REQUEST);
    stream_shutdown(container_of(list_first(&site.worker.streams), struct stream, link), 'K');
    site_expect_log(&site, "<6>be/s1 -1 KH--\n");
    site_close(&site);
}

/* ---- levels, and lines that are not wanted ---- */

static void test_levels(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%ST");
    site.front.options = OPTION_LOG_SEPARATE_ERRORS;
    struct rule_list *rules = &site.front.http_response;
    site_rule(&site, RULE_HTTP_RESPONSE, rules, "set-log-level emerg if { status 201 }");
    site_rule(&site, RULE_HTTP_RESPONSE, rules, "set-log-level silent if { status 202 }");
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_send(server, RESPONSE);
    site_expect(&site, client, RESPONSE);
    site_expect_log(&site, "<6>200\n");
    exchange(&site, client, server, "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    site_expect_log(&site, "<3>503\n");
    exchange(&site, client, server, "HTTP/1.1 201 Ok\r\ncontent-length: 0\r\n\r\n");
    site_expect_log(&site, "<0>201\n");
    exchange(&site, client, server, "HTTP/1.1 202 Ok\r\ncontent-length: 0\r\n\r\n");
    site_expect_no_log(&site);
    site_close(&site);
}

static void test_dontlog_normal(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%ST %rc");
    site.front.options = OPTION_DONTLOG_NORMAL;
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_send(server, RESPONSE);
    site_expect(&site, client, RESPONSE);
    exchange(&site, client, server, "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n");
    site_expect_no_log(&site);
    exchange(&site, client, server, "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    site_expect_log(&site, "<6>500 0\n");
    site_close(&site);
}

/* A session without a byte, with and without the option. */
static void test_dontlognull(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct site site;
        open_with(&site, "%ts %B");
        site_make_tcp(&site);
        site.front.options = i == 0 ? 0 : OPTION_DONTLOGNULL;
        site_start(&site);
        struct site_end *client = site_connect(&site);
        struct site_end *server = site_accept(&site, 0);
        site_close_end(client);
        site_expect_end(&site, server);
        site_close_end(server);
        if (i == 0) {
            site_expect_log(&site, "<6>-- 0\n");
        } else {
            site_expect_no_log(&site);
        }
        site_close(&site);
    }
}

/* ---- counters ---- */

static void test_counters(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_add(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_run(&site, 20);
    site_send(server, RESPONSE);
    site_expect(&site, client, RESPONSE);
    exchange(&site, client, server, "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
    site_send(client, "junk\r\n\r\n");
    (void)site_take_head(&site, client);
    site_run(&site, 3);
    struct server *first =
        container_of(list_first(&site.backend->backend.servers), struct server, link);
    const struct bind *bind = container_of(list_first(&site.frontend->binds), struct bind, link);
    const struct counters *front = &site.frontend->counters;
    const struct counters *both[] = {&site.backend->backend.counters, &first->counters};
    assert_int_equal(front->responses[2], 1);
    assert_int_equal(front->responses[4], 1);
    assert_int_equal(front->responses[5], 1);
    assert_int_equal(front->request_errors, 1);
    assert_true(front->bytes_in >= 60 && front->bytes_out > 78);
    assert_int_equal(bind->counters.bytes_in, front->bytes_in);
    assert_int_equal(site.facts.bytes_out_total, front->bytes_out);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(both[i]->responses[2], 1);
        assert_int_equal(both[i]->responses[4], 0); /* not the backend's */
        assert_int_equal(both[i]->responses[5], 1);
        assert_int_equal(both[i]->requests_total, 2);
        assert_int_equal(both[i]->bytes_in, 60);
        assert_int_equal(both[i]->bytes_out, 78);
        assert_in_range(both[i]->response_time_max_ms, 18, 4000);
        assert_true(both[i]->response_time_us >= 18000);
        assert_true(both[i]->total_time_max_ms >= both[i]->response_time_max_ms);
        assert_int_equal(both[i]->queue_time_max_ms, 0);
    }
    site_close(&site);
}

/* ---- show sess ---- */

static void test_a_stream_is_described(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, "%ST");
    site_start(&site);
    struct site_end *server;
    (void)ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\n");
    const struct stream *stream =
        container_of(list_first(&site.worker.streams), struct stream, link);
    char bytes[SITE_TEXT_BYTES];
    struct text text = text_over(bytes, sizeof(bytes));
    stream_describe(stream, &text, event_now_ms(site.base.loop));
    assert_non_null(strstr(bytes, ": proto=tcpv4 src=127.0.0.1:"));
    assert_non_null(strstr(bytes, " fe=fe be=be srv=s1 ts=RESPONSE epoch=0 age="));
    assert_non_null(strstr(bytes, " rq=0 up=0 down=0 held="));
    assert_non_null(strstr(bytes, " client="));
    assert_non_null(strstr(bytes, " server="));
    assert_int_equal(bytes[strlen(bytes) - 1], '\n');
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_for_each_request),
        cmocka_unit_test(test_httplog),
        cmocka_unit_test(test_tcplog),
        cmocka_unit_test(test_concurrent_streams_are_counted),
        cmocka_unit_test(test_logasap_is_before_the_end),
        cmocka_unit_test(test_logasap_of_a_session),
        cmocka_unit_test(test_no_request_has_its_own_format),
        cmocka_unit_test(test_ends_before_a_server),
        cmocka_unit_test(test_a_client_that_leaves_within_its_head),
        cmocka_unit_test(test_ends_with_a_server),
        cmocka_unit_test(test_ends_by_the_operator),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_dontlog_normal),
        cmocka_unit_test(test_dontlognull),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_a_stream_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
