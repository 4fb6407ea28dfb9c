/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's way to a server: which one is chosen, the queue, retries and redispatch, what is
 * tried again and what never is, and the slot and the link that every end gives back. */
#include "support/site.h"

enum { PAUSE_MS = 30 }; /* timeout connect: the pause before the same server is tried again */

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";

static void open_with(struct site *site, unsigned servers)
{
    site_open(site);
    for (unsigned i = 0; i < servers; i++) {
        site_add(site);
    }
    site_log_format(site, "%b/%s %ST %tsc %rc %sq/%bq");
    site->back.timeouts.connect_ms = PAUSE_MS;
}

static struct server *server_of(const struct site *site, unsigned index)
{
    struct list *link = site->backend->backend.servers.next;
    for (; index > 0; index--) {
        link = link->next;
    }
    return container_of(link, struct server, link);
}

static struct site_end *ask(struct site *site, const char *request)
{
    struct site_end *client = site_connect(site);
    site_send(client, request);
    return client;
}

/* Server `index` gets the request and answers. */
static struct site_end *serve(struct site *site, unsigned index, struct site_end *client)
{
    struct site_end *server = site_accept(site, index);
    (void)site_take_head(site, server);
    site_send(server, EMPTY);
    site_expect(site, client, EMPTY);
    return server;
}

/* Nobody listens there any more. */
static void kill_server(struct site *site, unsigned index)
{
    close(site->listeners[index]);
    site->listeners[index] = -1;
}

/* ---- choosing ---- */

static void test_servers_take_turns(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 2);
    site_start(&site);
    for (unsigned i = 0; i < 4; i++) {
        (void)serve(&site, i % 2, ask(&site, GET));
        (void)site_take_log(&site);
        worker_drop_idle_links(&site.worker, 9);
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct counters *counters = &server_of(&site, i)->counters;
        assert_int_equal(counters->selected_total, 2);
        assert_int_equal(counters->sessions_total, 2);
        assert_int_equal(counters->sessions_current, 0);
        assert_int_equal(counters->sessions_max, 1);
        assert_int_equal(counters->connect_attempts, 2);
    }
    assert_int_equal(site.backend->backend.counters.selected_total, 4);
    site_close(&site);
}

static void test_no_usable_server(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 2);
    site.servers[0].options.is_disabled = true;
    site.servers[1].options.weight = 0;
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 503 ", 13);
    site_expect_log(&site, "<6>be/<NOSRV> 503 SC-- 0 0/0\n");
    site_close(&site);
}

/* use-server: the first whose condition holds and whose server can be used. */
static void test_use_server(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 3);
    site.servers[0].options.is_disabled = true;
    struct switch_rule rules[] = {
        {.condition = site_condition(&site, "if { path /a }"), .name = "s1"},
        {.condition = site_condition(&site, "if { path /a /b }"), .name = "nowhere"},
        {.condition = site_condition(&site, "if { path /a /b }"),
         .dynamic = site_format(&site, LOG_FORMAT_FOR_HTTP, "s%[int(3)]")},
    };
    for (unsigned i = 0; i < 3; i++) {
        list_append(&site.back.use_server, &rules[i].link);
    }
    site_start(&site);
    (void)serve(&site, 2, ask(&site, "GET /a HTTP/1.1\r\nhost: h\r\n\r\n"));
    (void)serve(&site, 2, ask(&site, "POST /b HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n"));
    (void)serve(&site, 1, ask(&site, GET));
    site_close(&site);
}

/* ---- the queue ---- */

static void test_waiting_for_a_slot(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.servers[0].options.maxconn = 1;
    site.back.timeouts.queue_ms = 2000;
    site_start(&site);
    struct site_end *clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = ask(&site, GET);
        site_run(&site, 3);
    }
    assert_int_equal(server_of(&site, 0)->served, 1);
    struct site_end *server = site_accept(&site, 0);
    for (unsigned i = 0; i < 3; i++) { /* in the order of their coming, over one link */
        (void)site_take_head(&site, server);
        assert_string_equal(server->bytes, "");
        assert_int_equal(site.backend->backend.queue_length, 2 - i);
        site_send(server, EMPTY);
        site_expect(&site, clients[i], EMPTY);
    }
    site_expect_log(&site, "<6>be/s1 204 ---- 0 0/0\n<6>be/s1 204 ---- 0 0/1\n"
                           "<6>be/s1 204 ---- 0 0/2\n");
    assert_true(site.backend->backend.counters.queue_time_max_ms >= 2);
    site_close(&site);
}

static void test_a_client_that_leaves_the_queue(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.servers[0].options.maxconn = 1;
    site.front.options = OPTION_ABORTONCLOSE;
    site.back.timeouts.queue_ms = 2000;
    site_start(&site);
    struct site_end *first = ask(&site, GET);
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    struct site_end *second = ask(&site, GET);
    site_run(&site, 5);
    assert_int_equal(site.backend->backend.queue_length, 1);
    site_close_end(second);
    site_expect_log(&site, "<6>be/<NOSRV> -1 CQ-- 0 0/1\n");
    assert_int_equal(site.backend->backend.queue_length, 0);
    site_send(server, EMPTY);
    site_expect(&site, first, EMPTY);
    site_close(&site);
}

/* http-request set-priority-class: the lower class is served first. */
static void test_priority(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.servers[0].options.maxconn = 1;
    site.back.timeouts.queue_ms = 2000;
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request,
              "set-priority-class int(-5) if { path /soon }");
    site_start(&site);
    struct site_end *first = ask(&site, GET);
    struct site_end *server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    (void)ask(&site, "GET /late HTTP/1.1\r\nhost: h\r\n\r\n");
    site_run(&site, 5);
    (void)ask(&site, "GET /soon HTTP/1.1\r\nhost: h\r\n\r\n");
    site_run(&site, 5);
    site_send(server, EMPTY);
    site_expect(&site, first, EMPTY);
    assert_memory_equal(site_take_head(&site, server), "GET /soon ", 10);
    site_send(server, EMPTY);
    assert_memory_equal(site_take_head(&site, server), "GET /late ", 10);
    site_close(&site);
}

/* maxqueue: who is bound to a server whose queue is full goes elsewhere. */
static void test_a_full_queue(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 2);
    site.servers[0].options.maxconn = 1;
    site.servers[0].options.maxqueue = 1;
    site.back.timeouts.queue_ms = 2000;
    struct switch_rule rule = {.name = "s1"};
    list_append(&site.back.use_server, &rule.link);
    site_start(&site);
    (void)ask(&site, GET);
    (void)site_accept(&site, 0);
    (void)ask(&site, GET);
    site_run(&site, 5);
    assert_int_equal(server_of(&site, 0)->queue_length, 1);
    (void)serve(&site, 1, ask(&site, GET));
    assert_int_equal(server_of(&site, 0)->queue_length, 1);
    site_close(&site);
}

/* ---- trying again ---- */

/* Nobody listens: the same server again after a pause, as often as `retries` says. */
static void test_retries(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.back.retries = 2;
    site_start(&site);
    kill_server(&site, 0);
    uint64_t began_us = clock_monotonic_us();
    struct site_end *client = ask(&site, GET);
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 503 ", 13);
    assert_in_range(clock_monotonic_us() - began_us, 2 * (PAUSE_MS - 5) * US_PER_MS,
                    2000 * US_PER_MS);
    site_expect_log(&site, "<6>be/s1 503 SC-- 2 0/0\n");
    const struct counters *both[] = {&site.backend->backend.counters,
                                     &server_of(&site, 0)->counters};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(both[i]->retries, 2);
        assert_int_equal(both[i]->redispatches, 0);
        assert_int_equal(both[i]->connection_errors, 3);
    }
    assert_int_equal(server_of(&site, 0)->served, 0);
    site_close(&site);
}

/* A server that is back in time is found. */
static void test_a_retry_that_succeeds(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site_start(&site);
    kill_server(&site, 0);
    struct site_end *client = ask(&site, GET);
    site_run(&site, PAUSE_MS / 2);
    struct sockaddr_storage storage;
    socklen_t length = address_to_socket(&site.servers[0].options.address, &storage);
    int on = 1;
    site.listeners[0] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(site.listeners[0], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(site.listeners[0], (struct sockaddr *)&storage, length), 0);
    assert_int_equal(listen(site.listeners[0], 16), 0);
    (void)serve(&site, 0, client);
    site_expect_log(&site, "<6>be/s1 204 ---- 1 0/0\n");
    site_close(&site);
}

/* option redispatch: the last try goes to another server, without a pause. */
static void test_redispatch(void **state)
{
    (void)state;
    static const struct {
        int32_t interval;
        const char *log;
        unsigned pauses;
    } CASES[] = {
        {-1, "<6>be/s2 204 ---- +3 0/0\n", 2}, /* the last one */
        {0, "<6>be/s2 204 ---- +1 0/0\n", 0},  /* every one */
        {1, "<6>be/s2 204 ---- +1 0/0\n", 0},
        {2, "<6>be/s2 204 ---- +2 0/0\n", 1}, /* every second */
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, 2);
        site.back.options = OPTION_REDISPATCH;
        site.back.redispatch_interval = CASES[i].interval;
        site_start(&site);
        kill_server(&site, 0);
        uint64_t began_us = clock_monotonic_us();
        (void)serve(&site, 1, ask(&site, GET));
        uint64_t ms = (clock_monotonic_us() - began_us) / US_PER_MS;
        assert_in_range(ms, CASES[i].pauses * (PAUSE_MS - 5), 1000);
        site_expect_log(&site, CASES[i].log);
        assert_int_equal(server_of(&site, 0)->counters.redispatches, 1);
        assert_int_equal(server_of(&site, 0)->counters.retries, CASES[i].pauses);
        assert_int_equal(server_of(&site, 0)->served, 0);
        site_close(&site);
    }
}

/* Without another server there is nowhere to go: the same one is tried. */
static void test_redispatch_with_one_server(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.back.options = OPTION_REDISPATCH;
    site.back.retries = 1;
    site_start(&site);
    kill_server(&site, 0);
    struct site_end *client = ask(&site, GET);
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 503 ", 13);
    site_expect_log(&site, "<6>be/s1 503 SC-- 1 0/0\n");
    assert_int_equal(site.backend->backend.counters.redispatches, 0);
    assert_int_equal(site.backend->backend.counters.retries, 1);
    site_close(&site);
}

/* A rule's `set-retries` comes before the backend's. */
static void test_retries_by_rule(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site_rule(&site, RULE_HTTP_REQUEST, &site.front.http_request, "set-retries 0");
    site_start(&site);
    kill_server(&site, 0);
    struct site_end *client = ask(&site, GET);
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 503 ", 13);
    site_expect_log(&site, "<6>be/s1 503 SC-- 0 0/0\n");
    site_close(&site);
}

/* retry-on: what a server did is tried again only when it is named. */
static void test_retry_on(void **state)
{
    (void)state;
    static const struct {
        uint32_t retry_on;
        const char *request, *answer, *log; /* the answer of the first try */
    } CASES[] = {
        {RETRY_CONN_FAILURE, GET, "", "<6>be/s1 502 SH-- 0 0/0\n"},
        {RETRY_EMPTY_RESPONSE, GET, "", "<6>be/s1 204 ---- 1 0/0\n"},
        {RETRY_EMPTY_RESPONSE, GET, "junk\r\n\r\n", "<6>be/s1 502 PH-- 0 0/0\n"},
        {RETRY_JUNK_RESPONSE, GET, "junk\r\n\r\n", "<6>be/s1 204 ---- 1 0/0\n"},
        {RETRY_EMPTY_RESPONSE, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1\r\n\r\nx", "",
         "<6>be/s1 204 ---- 1 0/0\n"}, /* its body was kept */
        {RETRY_RESPONSE_TIMEOUT, GET, NULL, "<6>be/s1 204 ---- 1 0/0\n"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, 1);
        site.back.retry_on = CASES[i].retry_on;
        site.back.timeouts.server_ms = 40;
        site_start(&site);
        struct site_end *client = ask(&site, CASES[i].request);
        struct site_end *server = site_accept(&site, 0);
        (void)site_take_head(&site, server);
        if (CASES[i].answer != NULL) {
            site_send(server, CASES[i].answer);
            site_run(&site, 3);
            site_close_end(server);
        }
        if (strstr(CASES[i].log, " 204 ") != NULL) {
            (void)serve(&site, 0, client);
        } else {
            (void)site_take_head(&site, client);
        }
        site_expect_log(&site, CASES[i].log);
        assert_int_equal(server_of(&site, 0)->counters.response_errors, 1);
        site_close(&site);
    }
}

/* ---- links ---- */

/* Which links of others may be used: by http-reuse, the method, and being the first request. */
static void test_reuse(void **state)
{
    (void)state;
    static const char POST[] = "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n";
    static const char UPGRADE[] =
        "GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    static const struct {
        enum http_reuse reuse;
        const char *request;
        bool is_first, reuses;
    } CASES[] = {
        {HTTP_REUSE_SAFE, GET, true, true},         {HTTP_REUSE_SAFE, POST, true, false},
        {HTTP_REUSE_SAFE, POST, false, true},       {HTTP_REUSE_NEVER, GET, true, false},
        {HTTP_REUSE_NEVER, GET, false, true},       {HTTP_REUSE_AGGRESSIVE, POST, true, true},
        {HTTP_REUSE_ALWAYS, POST, true, true},      {HTTP_REUSE_ALWAYS, UPGRADE, true, false},
        {HTTP_REUSE_ALWAYS, UPGRADE, false, false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        open_with(&site, 1);
        site.back.reuse = CASES[i].reuse;
        site_start(&site);
        struct site_end *client = ask(&site, GET);
        struct site_end *server = serve(&site, 0, client);
        client = CASES[i].is_first ? site_connect(&site) : client;
        site_send(client, CASES[i].request);
        struct site_end *next = CASES[i].reuses ? server : site_accept(&site, 0);
        (void)site_take_head(&site, next);
        site_send(next, EMPTY);
        site_expect(&site, client, EMPTY);
        assert_int_equal(server_of(&site, 0)->counters.connections_reused, CASES[i].reuses);
        site_close(&site);
    }
}

/* A reused link that closes without an answer is nobody's fault: the request goes out again, once,
 * on a new one, and counts as no retry. */
static void test_a_stale_link(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    struct site_end *server = serve(&site, 0, client);
    (void)site_take_log(&site);
    site_send(client, GET);
    (void)site_take_head(&site, server);
    site_close_end(server);
    (void)serve(&site, 0, client);
    site_expect_log(&site, "<6>be/s1 204 ---- 0 0/0\n");
    assert_int_equal(server_of(&site, 0)->counters.response_errors, 0);
    site_close(&site);
}

/* A POST may have been executed: it is not sent twice. */
static void test_a_stale_link_and_a_post(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site_start(&site);
    struct site_end *client = ask(&site, GET);
    struct site_end *server = serve(&site, 0, client);
    (void)site_take_log(&site);
    site_send(client, "POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n");
    (void)site_take_head(&site, server);
    site_close_end(server);
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 502 ", 13);
    site_expect_log(&site, "<6>be/s1 502 SH-- 0 0/0\n");
    site_expect_no_connection(&site, 0);
    site_close(&site);
}

/* A client that leaves while the connection is being made: the link is given up. */
static void test_a_client_that_leaves_while_connecting(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site.front.options = OPTION_ABORTONCLOSE;
    site.back.timeouts.connect_ms = 1000;
    site_start(&site);
    kill_server(&site, 0);
    struct site_end *client = ask(&site, GET);
    site_run(&site, 5); /* in the pause before the next try */
    site_close_end(client);
    site_expect_log(&site, "<6>be/s1 -1 CC-- 1 0/0\n");
    assert_int_equal(server_of(&site, 0)->served, 0);
    site_close(&site);
}

static void test_a_raw_session_without_a_server_closes(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 1);
    site_make_tcp(&site);
    site.back.retries = 0;
    site_start(&site);
    kill_server(&site, 0);
    struct site_end *client = ask(&site, "hello");
    SITE_UNTIL(&site, client->has_ended);
    assert_string_equal(client->bytes, "");
    site_expect_log(&site, "<6>be/s1 0 SC-- 0 0/0\n");
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_servers_take_turns),
        cmocka_unit_test(test_no_usable_server),
        cmocka_unit_test(test_use_server),
        cmocka_unit_test(test_waiting_for_a_slot),
        cmocka_unit_test(test_a_client_that_leaves_the_queue),
        cmocka_unit_test(test_priority),
        cmocka_unit_test(test_a_full_queue),
        cmocka_unit_test(test_retries),
        cmocka_unit_test(test_a_retry_that_succeeds),
        cmocka_unit_test(test_redispatch),
        cmocka_unit_test(test_redispatch_with_one_server),
        cmocka_unit_test(test_retries_by_rule),
        cmocka_unit_test(test_retry_on),
        cmocka_unit_test(test_reuse),
        cmocka_unit_test(test_a_stale_link),
        cmocka_unit_test(test_a_stale_link_and_a_post),
        cmocka_unit_test(test_a_client_that_leaves_while_connecting),
        cmocka_unit_test(test_a_raw_session_without_a_server_closes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
