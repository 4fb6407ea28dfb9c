/* SPDX-License-Identifier: Apache-2.0 */
/* Each timeout of a stream: which side is waited for, what the client gets, what is logged, and
 * that signs of life put it off. Short times stand for long ones. */
#include "support/site.h"

enum { SHORT_MS = 40, LONG_MS = 2000 };

static const char REQUEST[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

static void open_with(struct site *site)
{
    site_open(site);
    site_add(site);
    site_log_format(site, "%ST %tsc");
    struct proxy_settings *const all[] = {&site->front, &site->back};
    for (unsigned i = 0; i < 2; i++) {
        all[i]->timeouts.client_ms = LONG_MS;
        all[i]->timeouts.server_ms = LONG_MS;
        all[i]->timeouts.connect_ms = LONG_MS;
        all[i]->timeouts.queue_ms = LONG_MS;
    }
}

static struct site_end *ask(struct site *site, struct site_end **server, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    *server = site_accept(site, 0);
    (void)site_take_head(site, *server);
    return client;
}

static uint64_t now_ms(void)
{
    return clock_monotonic_us() / US_PER_MS;
}

/* The time since `since_ms` fits a short timeout. */
static void assert_was_short(uint64_t since_ms)
{
    assert_in_range(now_ms() - since_ms, SHORT_MS - 10, LONG_MS / 2);
}

/* The answer's status line begins so. */
static void expect_status(struct site *site, struct site_end *client, const char *line)
{
    assert_memory_equal(site_take_head(site, client), line, strlen(line));
}

static void test_server(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.back.timeouts.server_ms = SHORT_MS;
    site_start(&site);
    struct site_end *server;
    uint64_t began_ms = now_ms();
    struct site_end *client = ask(&site, &server, REQUEST);
    expect_status(&site, client, "HTTP/1.1 504 ");
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>504 sH--\n");
    site_expect_end(&site, server);
    site_close(&site);
}

/* The server's clock does not run while the client sends its body, and every byte of the response
 * puts it off. */
static void test_server_is_put_off(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.back.timeouts.server_ms = SHORT_MS;
    site_start(&site);
    struct site_end *server;
    struct site_end *client =
        ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 2\r\n\r\na");
    site_run(&site, 2 * SHORT_MS);
    site_send(client, "b");
    site_expect(&site, server, "ab");
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
    for (unsigned i = 0; i < 5; i++) {
        site_run(&site, SHORT_MS / 2);
        site_send(server, "x");
    }
    site_expect(&site, client, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nxxxxx");
    site_expect_log(&site, "<6>200 ----\n");
    site_close(&site);
}

static void test_server_within_a_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.back.timeouts.server_ms = SHORT_MS;
    site_start(&site);
    struct site_end *server;
    struct site_end *client = ask(&site, &server, REQUEST);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nx");
    site_expect(&site, client, "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nx");
    uint64_t began_ms = now_ms();
    site_expect_end(&site, client);
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>200 sD--\n");
    site_close(&site);
}

/* The client sends a part of its body and no more. */
static void test_client_within_its_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.timeouts.client_ms = SHORT_MS;
    site_start(&site);
    struct site_end *server;
    uint64_t began_ms = now_ms();
    struct site_end *client =
        ask(&site, &server, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\na");
    expect_status(&site, client, "HTTP/1.1 408 ");
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>408 cD--\n");
    assert_int_equal(site.backend->backend.counters.responses[4], 1);
    site_close(&site);
}

/* The client does not read its response. */
static void test_client_that_does_not_read(void **state)
{
    (void)state;
    static char body[64 * 1024];
    struct site site;
    open_with(&site);
    site.front.timeouts.client_ms = SHORT_MS;
    site_start(&site);
    struct site_end *client = site_connect_narrow(&site, 4096);
    site_send(client, REQUEST);
    client->is_deaf = true;
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    site_send(server, "HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n");
    memset(body, 'b', sizeof(body));
    while (send(server->fd, body, sizeof(body), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
        site_run(&site, 1);
    }
    site_expect_log(&site, "<6>200 cD--\n");
    site_close(&site);
}

/* option http-buffer-request: the body must come before the rules are run. */
static void test_http_request_for_a_buffered_body(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.options = OPTION_HTTP_BUFFER_REQUEST;
    site.front.timeouts.http_request_ms = SHORT_MS;
    site_start(&site);
    uint64_t began_ms = now_ms();
    struct site_end *client = site_connect(&site);
    site_send(client, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\na");
    expect_status(&site, client, "HTTP/1.1 408 ");
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>408 cR--\n");
    site_expect_no_connection(&site, 0);
    site_close(&site);
}

static void test_tarpit(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.timeouts.tarpit_ms = SHORT_MS;
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "tarpit deny_status 429");
    site_start(&site);
    struct site_end *client = site_connect(&site);
    uint64_t began_ms = now_ms();
    site_send(client, REQUEST);
    expect_status(&site, client, "HTTP/1.1 429 ");
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>429 PT--\n");
    assert_int_equal(site.frontend->counters.denied_requests, 1);
    site_close(&site);
}

/* Without `timeout tarpit`, `timeout connect` counts. */
static void test_tarpit_by_connect(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.front.timeouts.connect_ms = SHORT_MS;
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "tarpit");
    site_start(&site);
    struct site_end *client = site_connect(&site);
    uint64_t began_ms = now_ms();
    site_send(client, REQUEST);
    expect_status(&site, client, "HTTP/1.1 500 ");
    assert_was_short(began_ms);
    site_close(&site);
}

static void test_queue(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.back.timeouts.queue_ms = SHORT_MS;
    site.servers[0].options.maxconn = 1;
    site_start(&site);
    struct site_end *server;
    (void)ask(&site, &server, REQUEST);
    struct site_end *second = site_connect(&site);
    uint64_t began_ms = now_ms();
    site_send(second, REQUEST);
    expect_status(&site, second, "HTTP/1.1 503 ");
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>503 sQ--\n");
    assert_int_equal(site.backend->backend.queue_length, 0);
    site_close(&site);
}

/* A server whose backlog is full: it does not answer the SYN. */
static void test_connect(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site.back.timeouts.connect_ms = SHORT_MS;
    site.back.retries = 0;
    site_start(&site);
    int fillers[2];
    assert_int_equal(listen(site.listeners[0], 0), 0);
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&site.servers[0].options.address, &storage);
    for (unsigned i = 0; i < 2; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&storage, length);
    }
    struct site_end *client = site_connect(&site);
    uint64_t began_ms = now_ms();
    site_send(client, REQUEST);
    expect_status(&site, client, "HTTP/1.1 503 ");
    assert_was_short(began_ms);
    site_expect_log(&site, "<6>503 sC--\n");
    assert_int_equal(site.backend->backend.counters.connection_errors, 1);
    close(fillers[0]);
    close(fillers[1]);
    site_close(&site);
}

/* A rule's timeout comes before the configured one. */
static void test_timeouts_by_rule(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "set-timeout server 40");
    site_start(&site);
    struct site_end *server;
    uint64_t began_ms = now_ms();
    struct site_end *client = ask(&site, &server, REQUEST);
    expect_status(&site, client, "HTTP/1.1 504 ");
    assert_was_short(began_ms);
    site_close(&site);
}

/* Raw sessions: the side that is silent for too long ends them. */
static void test_raw_sessions(void **state)
{
    (void)state;
    for (unsigned is_client = 0; is_client < 2; is_client++) {
        struct site site;
        open_with(&site);
        site_make_tcp(&site);
        site_log_format(&site, "%ts");
        if (is_client) {
            site.front.timeouts.client_ms = SHORT_MS;
        } else {
            site.back.timeouts.server_ms = SHORT_MS;
        }
        site_start(&site);
        struct site_end *client = site_connect(&site);
        struct site_end *server = site_accept(&site, 0);
        uint64_t began_ms = now_ms();
        site_expect_end(&site, client);
        site_expect_end(&site, server);
        assert_was_short(began_ms);
        site_expect_log(&site, is_client ? "<6>cD\n" : "<6>sD\n");
        site_close(&site);
    }
}

/* `timeout tunnel` takes the place of both once raw bytes are relayed both ways. */
static void test_tunnel(void **state)
{
    (void)state;
    struct site site;
    open_with(&site);
    site_make_tcp(&site);
    site.front.timeouts.client_ms = SHORT_MS;
    site.back.timeouts.server_ms = SHORT_MS;
    site.back.timeouts.tunnel_ms = 4 * SHORT_MS;
    site_start(&site);
    struct site_end *client = site_connect(&site);
    struct site_end *server = site_accept(&site, 0);
    uint64_t began_ms = now_ms();
    site_run(&site, 2 * SHORT_MS);
    assert_false(client->has_ended || server->has_ended);
    site_expect_end(&site, client);
    assert_in_range(now_ms() - began_ms, 4 * SHORT_MS - 10, LONG_MS);
    site_close(&site);
}

/* A client that sent its end may be waited for less long. */
static void test_fin(void **state)
{
    (void)state;
    for (unsigned is_client = 0; is_client < 2; is_client++) {
        struct site site;
        open_with(&site);
        site_make_tcp(&site);
        site_log_format(&site, "%ts");
        if (is_client) {
            site.front.timeouts.client_fin_ms = SHORT_MS;
        } else {
            site.back.timeouts.server_fin_ms = SHORT_MS;
        }
        site_start(&site);
        struct site_end *client = site_connect(&site);
        struct site_end *server = site_accept(&site, 0);
        uint64_t began_ms = now_ms();
        struct site_end *first = is_client ? server : client;
        struct site_end *other = is_client ? client : server;
        assert_int_equal(shutdown(first->fd, SHUT_WR), 0);
        site_expect_end(&site, other); /* the end is passed on at once */
        assert_true(now_ms() - began_ms < SHORT_MS);
        site_expect_end(&site, first); /* and the answer to it is not waited for */
        assert_was_short(began_ms);
        site_expect_log(&site, is_client ? "<6>cD\n" : "<6>sD\n");
        site_close(&site);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server),
        cmocka_unit_test(test_server_is_put_off),
        cmocka_unit_test(test_server_within_a_body),
        cmocka_unit_test(test_client_within_its_body),
        cmocka_unit_test(test_client_that_does_not_read),
        cmocka_unit_test(test_http_request_for_a_buffered_body),
        cmocka_unit_test(test_tarpit),
        cmocka_unit_test(test_tarpit_by_connect),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_timeouts_by_rule),
        cmocka_unit_test(test_raw_sessions),
        cmocka_unit_test(test_tunnel),
        cmocka_unit_test(test_fin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
