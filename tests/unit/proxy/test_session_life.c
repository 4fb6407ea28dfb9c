/* SPDX-License-Identifier: Apache-2.0 */
/* Client connections: what is counted, rules of connections and sessions, handshakes, each refusal
 * of memory on the way in, and requests that wait for a stream's memory. */
#include "memory/fault.h"
#include "proxy/session_life.h"
#include "support/certificates.h"
#include "support/site.h"

#define LIMIT ((size_t)64 * 1024 * 1024)

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

static void open_with(struct site *site, size_t limit_bytes)
{
    site_open_limited(site, limit_bytes);
    site_log_format(site, "%ci %ST %tsc");
    site_rule(site, RULE_HTTP_REQUEST, &site->front.http_request, "return status 200");
}

static const struct bind *bind_of(const struct site *site)
{
    return container_of(list_first(&site->frontend->binds), struct bind, link);
}

static struct session *session_at(const struct site *site, unsigned index)
{
    struct list *link = list_first(&site->worker.sessions);
    for (; index > 0; index--) {
        link = link->next;
    }
    assert_non_null(link);
    return container_of(link, struct session, link);
}

static void expect_served(struct site *site, struct site_end *client)
{
    assert_memory_equal(site_take_head(site, client), "HTTP/1.1 200 ", 13);
}

/* ---- counting ---- */

static void test_counts(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site_start(&site);
    struct site_end *clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = site_connect(&site);
        site_send(clients[i], GET);
        expect_served(&site, clients[i]);
    }
    site_send(clients[0], GET);
    expect_served(&site, clients[0]);
    const struct counters *all[] = {&site.frontend->counters, &bind_of(&site)->counters};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(all[i]->sessions_current, 3);
        assert_int_equal(all[i]->connections_total, 3);
        assert_int_equal(all[i]->sessions_total, 3);
        assert_true(rate_read(&all[i]->session_rate, event_now_ms(site.base.loop)) >= 1);
    }
    assert_int_equal(site.facts.connections_current, 3);
    assert_int_equal(site.facts.sessions_total, 3);
    SITE_UNTIL(&site, list_is_empty(&site.worker.streams));
    assert_int_equal(session_at(&site, 0)->requests, 2);
    assert_int_equal(session_at(&site, 0)->streams, 0);
    assert_int_not_equal(session_at(&site, 0)->id, session_at(&site, 1)->id);
    site_close_end(clients[1]);
    site_close_end(clients[2]);
    SITE_UNTIL(&site, site.facts.connections_current == 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(all[i]->sessions_current, 1);
        assert_int_equal(all[i]->sessions_max, 3);
    }
    assert_int_equal(site.facts.connections_peak, 3);
    session_shutdown(session_at(&site, 0), MUX_ABORT_SHUTDOWN);
    site_expect_end(&site, clients[0]);
    site_close(&site);
}

/* ---- rules ---- */

static void test_connection_and_session_rules(void **state)
{
    (void)state;
    static const char *const RULES[] = {"accept", "reject", "silent-drop"};
    for (unsigned i = 0; i < 6; i++) {
        struct site site;
        open_with(&site, 0);
        bool is_session = i % 2 != 0;
        bool passes = i / 2 == 0;
        site_rule(&site, is_session ? RULE_TCP_SESSION : RULE_TCP_CONNECTION,
                  is_session ? &site.front.tcp_session : &site.front.tcp_connection, RULES[i / 2]);
        site_start(&site);
        struct site_end *client = site_connect(&site);
        site_send(client, GET);
        const struct counters *all[] = {&site.frontend->counters, &bind_of(&site)->counters};
        if (passes) {
            expect_served(&site, client);
        } else {
            SITE_UNTIL(&site, all[0]->denied_connections + all[0]->denied_sessions > 0);
            site_run(&site, 1);
            assert_int_equal(client->total, 0);
            assert_int_equal(site.facts.connections_current, 0);
        }
        for (unsigned k = 0; k < 2; k++) {
            assert_int_equal(all[k]->denied_connections, !passes && !is_session);
            assert_int_equal(all[k]->denied_sessions, !passes && is_session);
        }
        site_close(&site);
    }
}

/* What a connection's rules set is seen by the requests on it. */
static void test_a_changed_source(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site_rule(&site, RULE_TCP_CONNECTION, &site.front.tcp_connection, "set-src str(192.0.2.9)");
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, GET);
    expect_served(&site, client);
    site_expect_log(&site, "<6>192.0.2.9 200 LR--\n");
    site_close(&site);
}

/* ---- handshakes ---- */

static void open_tls(struct site *site, struct test_folder *folder, const char **certificate)
{
    struct test_identity identity;
    const struct test_request request = {.common_name = "localhost"};
    test_folder_open(folder);
    test_identity_make(&identity, &request);
    *certificate = test_write_bundle(folder, "bundle.pem", &identity);
    test_identity_clear(&identity);
    open_with(site, 0);
    site->bind.is_ssl = true;
    site->bind.listener.is_tls = true;
    site->bind.tls.is_server = true;
    site->bind.tls.certificates = certificate;
    site->bind.tls.certificates_count = 1;
}

static void test_a_handshake_that_does_not_come(void **state)
{
    (void)state;
    struct site site;
    struct test_folder folder;
    const char *certificate;
    open_tls(&site, &folder, &certificate);
    site.front.timeouts.http_request_ms = 30;
    site_start(&site);
    struct site_end *client = site_connect(&site);
    uint64_t began_us = clock_monotonic_us();
    SITE_UNTIL(&site, site.facts.connections_current == 1);
    assert_null(session_at(&site, 0)->mux);
    site_expect_end(&site, client);
    assert_in_range((clock_monotonic_us() - began_us) / US_PER_MS, 20, 2000);
    assert_int_equal(site.frontend->counters.request_errors, 1);
    site_close(&site);
    test_folder_close(&folder);
}

/* The error line of a handshake that fails; of one without a byte only without dontlognull. */
static void test_handshakes_that_fail(void **state)
{
    (void)state;
    static const struct {
        uint32_t options;
        const char *bytes, *log;
    } CASES[] = {
        {0, "GET / HTTP/1.1\r\n\r\n",
         "^<6>127\\.0\\.0\\.1:[0-9]+ \\[[^]]+\\] fe/sock-1: [A-Z].*\n$"},
        {OPTION_DONTLOGNULL, "GET / HTTP/1.1\r\n\r\n", "^<6>127.* fe/sock-1: "},
        {0, "", "^<6>127\\.0\\.0\\.1:[0-9]+ \\[[^]]+\\] fe/sock-1: [A-Z].*\n$"},
        {OPTION_DONTLOGNULL, "", NULL},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        struct test_folder folder;
        const char *certificate;
        open_tls(&site, &folder, &certificate);
        site.front.options = CASES[i].options;
        site_start(&site);
        struct site_end *client = site_connect(&site);
        site_send(client, CASES[i].bytes);
        site_run(&site, 3);
        site_close_end(client);
        SITE_UNTIL(&site, site.frontend->counters.request_errors == 1);
        if (CASES[i].log != NULL) {
            site_expect_log_like(&site, CASES[i].log);
        } else {
            site_expect_no_log(&site);
        }
        site_close(&site);
        test_folder_close(&folder);
    }
}

static void test_a_session_ended_within_its_handshake(void **state)
{
    (void)state;
    struct site site;
    struct test_folder folder;
    const char *certificate;
    open_tls(&site, &folder, &certificate);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    SITE_UNTIL(&site, site.facts.connections_current == 1);
    session_shutdown(session_at(&site, 0), MUX_ABORT_SHUTDOWN);
    site_expect_end(&site, client);
    site_close(&site);
    test_folder_close(&folder);
}

/* ---- refused memory ---- */

/* Each allocation from the accept to the answer, refused in turn: served, or closed without a byte;
 * the next client is served at once. */
static void test_each_allocation_refused(void **state)
{
    (void)state;
    for (unsigned is_tcp = 0; is_tcp < 2; is_tcp++) {
        struct site site;
        open_with(&site, 0);
        if (is_tcp) {
            site_make_tcp(&site); /* without a server: what is served is closed, too */
        }
        site_start(&site);
        unsigned sites = 0;
        for (bool was_hit = true; was_hit; sites++) {
            fault_fail_nth(site.base.memory, sites + 1, 0);
            struct site_end *client = site_connect(&site);
            site_send(client, GET);
            SITE_UNTIL(&site, client->has_ended || strstr(client->bytes, "\r\n\r\n") != NULL);
            was_hit = fault_failed(site.base.memory) > 0;
            fault_fail_nth(site.base.memory, 0, 0);
            assert_true(client->count == 0 ||
                        memcmp(client->bytes, "HTTP/1.1 200 OK\r\n", 17) == 0);
            site_settle(&site);
            free(client->bytes);
            free(client);
            site.ends_count = 0;
        }
        assert_true(sites > 4);
        assert_true(site.facts.refused_memory >= 3); /* the connection, the session, the mux */
        assert_int_equal(site.frontend->counters.sessions_current, 0);
        site_close(&site);
    }
}

/* A request without a stream waits, and is served when there is memory. */
static void test_a_stream_that_is_refused_once(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site_start(&site);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET / HTTP/1.1\r\nho"); /* its chunk is taken now */
    SITE_UNTIL(&site, test_loop_bytes(&site.base, ACCOUNT_CLIENT) > 2000);
    fault_fail_nth(site.base.memory, 1, 0);
    site_send(client, "st: h\r\n\r\n");
    expect_served(&site, client);
    assert_int_equal(fault_failed(site.base.memory), 1);
    fault_fail_nth(site.base.memory, 0, 0);
    assert_int_equal(site.facts.refused_memory, 0);
    site_close(&site);
}

/* Clients with the beginning of a request each; then the budget is filled so far that no stream
 * begins, and the requests become complete. */
static void begin_waiting(struct site *site, struct site_end *clients[], unsigned count)
{
    enum { SHARE = 18 }; /* about 5.5 %: less than new streams leave to others */
    for (unsigned i = 0; i < count; i++) {
        clients[i] = site_connect(site);
        site_send(clients[i], "GET / HTTP/1.1\r\nho");
        site_run(site, 1);
        assert_int_equal(site->facts.connections_current, i + 1);
    }
    struct memory_usage usage;
    memory_read_usage(site->base.memory, &usage);
    site_fill(site, usage.traffic_max / SHARE);
    for (unsigned i = 0; i < count; i++) {
        site_send(clients[i], "st: h\r\n\r\n");
        SITE_UNTIL(site, memory_waiting(site->base.ledger, WAIT_STREAM) == i + 1);
    }
}

static void test_requests_wait_for_a_set(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LIMIT);
    site.front.timeouts.client_ms = 2000;
    site_start(&site);
    struct site_end *clients[2];
    begin_waiting(&site, clients, 2);
    assert_non_null(session_at(&site, 0)->offered);
    site_expect_silence(&site, clients[0]);
    site_drain(&site);
    expect_served(&site, clients[0]);
    expect_served(&site, clients[1]);
    assert_int_equal(memory_waiting(site.base.ledger, WAIT_STREAM), 0);
    site_run(&site, 5);
    assert_null(session_at(&site, 0)->offered);
    assert_int_equal(session_at(&site, 0)->timer.deadline_ms, TIME_NEVER);
    assert_int_equal(site.facts.refused_memory, 0);
    site_close(&site);
}

static void on_memory(struct memory_waiter *waiter)
{
    (void)waiter;
}

/* Who comes while others wait stands behind them, even if there is room for one more. */
static void test_nobody_jumps_the_queue(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LIMIT);
    site_start(&site);
    struct memory_waiter other;
    memory_waiter_init(&other, on_memory);
    memory_set_need(site.base.memory, WAIT_STREAM, LIMIT); /* nobody is woken */
    memory_wait(site.base.ledger, WAIT_STREAM, &other);
    struct site_end *client = site_connect(&site);
    site_send(client, GET);
    SITE_UNTIL(&site, memory_waiting(site.base.ledger, WAIT_STREAM) == 2);
    site_expect_silence(&site, client);
    memory_set_need(site.base.memory, WAIT_STREAM, 1);
    expect_served(&site, client);
    assert_int_equal(memory_waiting(site.base.ledger, WAIT_STREAM), 0);
    site_close(&site);
}

/* Its time is over: 503 with Retry-After, and the connection goes on. */
static void test_waiting_too_long(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LIMIT);
    site.back.timeouts.queue_ms = 30;
    site_start(&site);
    struct site_end *client;
    begin_waiting(&site, &client, 1);
    const char *head = site_take_head(&site, client);
    assert_memory_equal(head, "HTTP/1.1 503 ", 13);
    assert_non_null(strcasestr(head, "\r\nretry-after: 1\r\n"));
    site_expect_log(&site, "<6>127.0.0.1 503 RQ--\n");
    assert_int_equal(site.facts.refused_memory, 1);
    assert_int_equal(memory_waiting(site.base.ledger, WAIT_STREAM), 0);
    site_close(&site);
}

static void test_a_raw_session_that_waits_too_long(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LIMIT);
    site_make_tcp(&site);
    site_add(&site);
    site.back.timeouts.queue_ms = 30;
    site_start(&site);
    struct memory_usage usage;
    memory_read_usage(site.base.memory, &usage);
    memory_set_need(site.base.memory, WAIT_STREAM, usage.traffic_max);
    site_fill(&site, usage.traffic_max / 6); /* connections are let in */
    struct site_end *client = site_connect(&site);
    fault_fail_nth(site.base.memory, 4,
                   0); /* the stream; then nobody is woken: too little is left */
    SITE_UNTIL(&site, site.facts.refused_memory == 1);
    site_expect_end(&site, client);
    fault_fail_nth(site.base.memory, 0, 0);
    site_close(&site);
}

/* A client that leaves while its request waits. */
static void test_leaving_while_waiting(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, LIMIT);
    site_start(&site);
    struct site_end *client;
    begin_waiting(&site, &client, 1);
    session_shutdown(session_at(&site, 0), MUX_ABORT_SHUTDOWN);
    assert_int_equal(memory_waiting(site.base.ledger, WAIT_STREAM), 0);
    SITE_UNTIL(&site, client->has_ended);
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_connection_and_session_rules),
        cmocka_unit_test(test_a_changed_source),
        cmocka_unit_test(test_a_handshake_that_does_not_come),
        cmocka_unit_test(test_handshakes_that_fail),
        cmocka_unit_test(test_a_session_ended_within_its_handshake),
        cmocka_unit_test(test_each_allocation_refused),
        cmocka_unit_test(test_a_stream_that_is_refused_once),
        cmocka_unit_test(test_requests_wait_for_a_set),
        cmocka_unit_test(test_nobody_jumps_the_queue),
        cmocka_unit_test(test_waiting_too_long),
        cmocka_unit_test(test_a_raw_session_that_waits_too_long),
        cmocka_unit_test(test_leaving_while_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
