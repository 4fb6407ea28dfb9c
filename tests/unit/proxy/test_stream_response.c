/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's response: interim ones, early answers, upgrades, response rules and what they wait
 * for, malformed and missing responses, and a response whose client is gone. */
#include "support/site.h"

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";

static void open_with(struct site *site)
{
    site_open(site);
    site_add(site);
    site_log_format(site, "%ST %tsc");
}

static struct site_end *ask(struct site *site, struct site_end **server, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    *server = site_accept(site, 0);
    (void)site_take_head(site, *server);
    return client;
}

static void expect_status(struct site *site, struct site_end *client, const char *line)
{
    assert_memory_equal(site_take_head(site, client), line, strlen(line));
}

/* ---- interim responses ---- */

static void test_interim_responses_are_passed_on(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, "HTTP/1.1 103 Early\r\nlink: a\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 103 Early\r\nlink: a\r\n\r\n");
    site_send(server, "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
    site_expect_log(&site, "<6>204 ----\n");
    assert_int_equal(site.backend->backend.counters.responses[1], 0); /* only final ones count */
    site_close(&site);
}

static void test_continue(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client =
        ask(&site, &server,
            "POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    site_expect_silence(&site, client);
    site_send(server, "HTTP/1.1 100 Continue\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 100 Continue\r\n\r\n");
    site_send(client, "hi");
    site_expect(&site, server, "hi");
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_close(&site);
}

/* A server that has said something is not asked again. */
static void test_no_retry_after_an_interim_response(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.back.retry_on = RETRY_CONN_FAILURE | RETRY_EMPTY_RESPONSE;
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, "HTTP/1.1 103 Early\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 103 Early\r\n\r\n");
    site_close_end(server);
    expect_status(&site, client, "HTTP/1.1 502 ");
    site_expect_no_connection(&site, 0);
    site_close(&site);
}

/* Nor is it sent again when it came over a link that was used before. */
static void test_no_second_try_after_an_interim_response(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_send(client, GET);
    (void)site_take_head(&site, server);
    site_send(server, "HTTP/1.1 103 Early\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 103 Early\r\n\r\n");
    site_close_end(server);
    expect_status(&site, client, "HTTP/1.1 502 ");
    site_expect_no_connection(&site, 0);
    site_close(&site);
}

/* ---- early answers ---- */

/* The server answers before the body is there: the client gets the answer, the rest of the body is
 * read, and the connection serves the next request. */
static void test_an_early_answer(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client =
        ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nabc");
    site_send(server, "HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n");
    site_expect_log(&site, "<6>413 ----\n");
    site_send(client, "def");
    site_send(client, GET);
    SITE_UNTIL(&site, server->has_ended); /* its half request cannot be completed any more */
    assert_string_equal(server->bytes, "abc");
    server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_close(&site);
}

/* The server answers and closes without reading the body: the answer still arrives. */
static void test_an_answer_from_a_server_that_closes(void **state)
{
    (void)state;
    static char body[128 * 1024];
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client =
        ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 999999\r\n\r\n");
    server->is_deaf = true;
    memset(body, 'b', sizeof(body));
    assert_true(send(client->fd, body, sizeof(body), MSG_NOSIGNAL | MSG_DONTWAIT) > 0);
    site_run(&site, 5);
    site_send(server, "HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n");
    site_run(&site, 5);
    site_close_end(server); /* with unread bytes: a reset */
    expect_status(&site, client, "HTTP/1.1 413 ");
    site_close(&site);
}

/* ---- upgrades ---- */

static void test_an_upgrade(void **state)
{
    (void)state;
    static const char SWITCH[] = "HTTP/1.1 101 Switch\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n");
    struct site_end *server = site_accept(&site, 0);
    const char *head = site_take_head(&site, server);
    assert_non_null(strcasestr(head, "\r\nupgrade: x\r\n"));
    assert_non_null(strcasestr(head, "\r\nconnection: upgrade\r\n"));
    site_send(server, SWITCH);
    expect_status(&site, client, "HTTP/1.1 101 ");
    site_send(client, "\x01 to\r\n\r\n");
    site_expect(&site, server, "\x01 to\r\n\r\n");
    site_send(server, "fro\x02");
    site_expect(&site, client, "fro\x02");
    site_expect_no_log(&site);
    site_close_end(server);
    site_expect_end(&site, client);
    site_close_end(client); /* the other direction was still open */
    site_expect_log(&site, "<6>101 ----\n");
    site_close(&site);
}

static void test_connect_becomes_a_tunnel(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, "CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n");
    site_send(server, "HTTP/1.1 200 OK\r\n\r\n");
    site_expect(&site, client, "HTTP/1.1 200 OK\r\n\r\n");
    site_send(client, "up");
    site_expect(&site, server, "up");
    site_send(server, "down");
    site_expect(&site, client, "down");
    site_close(&site);
}

static void test_connect_that_is_refused(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, "CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n");
    site_send(server, "HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno");
    site_expect(&site, client, "HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno");
    site_expect_log(&site, "<6>403 ----\n");
    site_close(&site);
}

/* ---- malformed and missing ones ---- */

static void test_a_malformed_response(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n");
    expect_status(&site, client, "HTTP/1.1 502 ");
    site_expect_log(&site, "<6>502 PH--\n");
    const struct captured_error *kept = &site.backend->bad_response;
    assert_int_equal(kept->number, 1);
    assert_non_null(kept->bytes);
    assert_memory_equal(kept->bytes->data, "HTTP/1.1 200 OK\r\nbad name", 25);
    assert_int_equal(site.backend->backend.counters.response_errors, 1);
    site_close(&site);
}

static void test_half_a_response(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-le");
    site_run(&site, 3);
    site_close_end(server);
    expect_status(&site, client, "HTTP/1.1 502 ");
    site_close(&site);
}

/* ---- rules ---- */

static void test_rules_of_both(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_rule(&site, RULE_HTTP_RESPONSE, &site.front.http_response, "add-header x front");
    site_rule(&site, RULE_HTTP_RESPONSE, &site.back.http_response, "add-header x back");
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, EMPTY);
    site_expect(&site, client, "HTTP/1.1 204 No\r\nx: back\r\nx: front\r\n\r\n");
    site_close(&site);
}

static void test_an_answer_is_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *line, *log;
        unsigned denied;
    } CASES[] = {
        {"deny", "HTTP/1.1 502 ", "<6>502 PH--\n", 1},
        {"deny deny_status 403", "HTTP/1.1 403 ", "<6>403 PH--\n", 1},
        {"return status 200 content-type a/b string hi", "HTTP/1.1 200 ", "<6>200 LH--\n", 0},
        {"redirect location /x", "HTTP/1.1 302 ", "<6>302 LH--\n", 0},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site);
        site_rule(&site, RULE_HTTP_RESPONSE, &site.back.http_response, CASES[i].rule);
        site_start(&site);
        struct site_end *server;
        struct site_end *client = ask(&site, &server, GET);
        site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret");
        expect_status(&site, client, CASES[i].line);
        site_run(&site, 3);
        assert_null(strstr(client->bytes, "secret"));
        site_expect_end(&site, server);
        site_expect_log(&site, CASES[i].log);
        assert_int_equal(site.frontend->counters.denied_responses, CASES[i].denied);
        assert_int_equal(site.backend->backend.counters.denied_responses, CASES[i].denied);
        site_close(&site);
    }
}

/* wait-for-body: the rules behind it see the body, which then is sent whole. */
static void test_rules_wait_for_the_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    struct rule_list *rules = &site.back.http_response;
    site_rule(&site, RULE_HTTP_RESPONSE, rules, "wait-for-body time 1000");
    site_rule(&site, RULE_HTTP_RESPONSE, rules, "set-header x-len %[res.body_len]");
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
    site_expect_silence(&site, client);
    site_send(server, "def");
    site_expect(&site, client, "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nx-len: 6\r\n\r\nabcdef");
    site_close(&site);
}

/* Its time is over: 504. */
static void test_waiting_for_the_body_ends(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_rule(&site, RULE_HTTP_RESPONSE, &site.back.http_response, "wait-for-body time 30");
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc");
    expect_status(&site, client, "HTTP/1.1 504 ");
    site_expect_end(&site, server);
    site_close(&site);
}

/* tcp-response content: a session's first bytes are looked at before they are passed on. */
static void test_raw_rules(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        bool passes;
    } CASES[] = {{"good", true}, {"evil", false}};
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site);
        site_make_tcp(&site);
        site.back.response_inspect_ms = 500;
        site_rule(&site, RULE_TCP_RESPONSE_CONTENT, &site.back.tcp_response,
                  "reject if { res.payload(0,4) -m str evil }");
        site_start(&site);
        struct site_end *client = site_connect(&site);
        struct site_end *server = site_accept(&site, 0);
        site_send(client, "ask"); /* goes out while the answer is awaited */
        site_expect(&site, server, "ask");
        site_send(server, CASES[i].bytes);
        if (CASES[i].passes) {
            site_expect(&site, client, "good");
        } else {
            site_expect_end(&site, client);
            assert_int_equal(site.backend->backend.counters.denied_responses, 1);
        }
        site_close(&site);
    }
}

/* ---- the client is gone ---- */

static void test_a_client_that_left(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.options = OPTION_ABORTONCLOSE;
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, GET);
    site_close_end(client);
    site_expect_end(&site, server);
    site_expect_log(&site, "<6>-1 CH--\n");
    assert_int_equal(site.backend->backend.counters.client_aborts, 1);
    site_close(&site);
}

/* Within its body, the phase is another. */
static void test_a_client_that_left_within_its_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client =
        ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nabc");
    site_close_end(client);
    SITE_UNTIL(&site, server->has_ended);
    site_expect_log(&site, "<6>-1 CD--\n");
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interim_responses_are_passed_on),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_no_retry_after_an_interim_response),
        cmocka_unit_test(test_no_second_try_after_an_interim_response),
        cmocka_unit_test(test_an_early_answer),
        cmocka_unit_test(test_an_answer_from_a_server_that_closes),
        cmocka_unit_test(test_an_upgrade),
        cmocka_unit_test(test_connect_becomes_a_tunnel),
        cmocka_unit_test(test_connect_that_is_refused),
        cmocka_unit_test(test_a_malformed_response),
        cmocka_unit_test(test_half_a_response),
        cmocka_unit_test(test_rules_of_both),
        cmocka_unit_test(test_an_answer_is_replaced),
        cmocka_unit_test(test_rules_wait_for_the_body),
        cmocka_unit_test(test_waiting_for_the_body_ends),
        cmocka_unit_test(test_raw_rules),
        cmocka_unit_test(test_a_client_that_left),
        cmocka_unit_test(test_a_client_that_left_within_its_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
