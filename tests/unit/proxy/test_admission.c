/* SPDX-License-Identifier: Apache-2.0 */
/* Pausing and resuming listeners by each limit: nobody is reset, who waits gets in when there is
 * room, and each cause is looked at by itself. */
#include "support/site.h"

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";

static void open_with(struct site *site, size_t limit_bytes)
{
    site_open_limited(site, limit_bytes);
    site_rule(site, RULE_HTTP_REQUEST, &site->front.http_request, "return status 200");
}

static struct listener *listener_of(const struct site *site)
{
    return &container_of(list_first(&site->frontend->binds), struct bind, link)->listener;
}

static struct site_end *come(struct site *site)
{
    struct site_end *client = site_connect(site);
    site_send(client, GET);
    return client;
}

static void expect_served(struct site *site, struct site_end *client)
{
    assert_memory_equal(site_take_head(site, client), "HTTP/1.1 200 ", 13);
}

static void expect_waiting(struct site *site, struct site_end *client)
{
    site_expect_silence(site, client);
    assert_true(listener_of(site)->is_paused);
}

static void test_maxconn_of_the_frontend(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site.front.maxconn = 2;
    site_start(&site);
    struct site_end *clients[4];
    for (unsigned i = 0; i < 4; i++) {
        clients[i] = come(&site);
    }
    expect_served(&site, clients[0]);
    expect_served(&site, clients[1]);
    expect_waiting(&site, clients[2]);
    assert_int_equal(site.frontend->counters.sessions_current, 2);
    assert_true(site.frontend->is_full && site.frontend->is_held);
    site_close_end(clients[0]);
    expect_served(&site, clients[2]);
    expect_waiting(&site, clients[3]);
    site_close_end(clients[1]);
    site_close_end(clients[2]);
    expect_served(&site, clients[3]);
    assert_false(site.frontend->is_full || listener_of(&site)->is_paused);
    assert_int_equal(site.frontend->counters.sessions_max, 2);
    assert_int_equal(site.frontend->counters.sessions_total, 4);
    site_close(&site);
}

/* `set maxconn frontend`: a higher limit lets in at once, a lower one ends nobody. */
static void test_maxconn_changes(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site.front.maxconn = 1;
    site_start(&site);
    struct site_end *first = come(&site);
    struct site_end *second = come(&site);
    expect_served(&site, first);
    expect_waiting(&site, second);
    site.frontend->maxconn = 2;
    proxy_update_admission(site.frontend);
    expect_served(&site, second);
    site.frontend->maxconn = 1;
    proxy_update_admission(site.frontend);
    site_send(first, GET);
    expect_served(&site, first);
    struct site_end *third = come(&site);
    site_close_end(second);
    expect_waiting(&site, third);
    site.frontend->maxconn = 0; /* none */
    proxy_update_admission(site.frontend);
    expect_served(&site, third);
    site_close(&site);
}

static void test_maxconn_of_the_process(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site.facts.maxconn = 1;
    site_start(&site);
    struct site_end *first = come(&site);
    struct site_end *second = come(&site);
    expect_served(&site, first);
    expect_waiting(&site, second);
    assert_true(site.worker.listeners_full);
    assert_false(site.frontend->is_full); /* it is not the frontend's limit */
    site_close_end(first);
    expect_served(&site, second);
    assert_int_equal(site.facts.connections_peak, 1);
    assert_int_equal(site.facts.connections_total, 2);
    site_close(&site);
}

/* rate-limit sessions: who waits gets in when the last second's are forgotten. */
static void test_session_rate(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site.front.session_rate_max = 2;
    site_start(&site);
    while (event_now_ms(site.base.loop) % MS_PER_SECOND > MS_PER_SECOND / 2) {
        site_run(&site, 10); /* rates are counted by the clock's seconds */
    }
    struct site_end *clients[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = come(&site);
    }
    expect_served(&site, clients[0]);
    expect_served(&site, clients[1]);
    expect_waiting(&site, clients[2]);
    site_close_end(clients[0]); /* a place is free, but the rate is what counts */
    expect_waiting(&site, clients[2]);
    site.frontend->counters.session_rate = (struct rate){0}; /* as if time had passed */
    expect_served(&site, clients[2]);
    site_close(&site);
}

/* Scarce memory: nobody is let in; who is in is served; and the way back. */
static void test_scarce_memory(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, (size_t)64 * 1024 * 1024);
    site_start(&site);
    struct site_end *first = come(&site);
    expect_served(&site, first);
    struct memory_usage usage;
    memory_read_usage(site.base.memory, &usage);
    site_fill(&site, usage.traffic_max / 8);
    site_turn(&site);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_SCARCE);
    assert_true(site.worker.listeners_full);
    struct site_end *second = come(&site);
    expect_waiting(&site, second);
    site_send(first, GET);
    expect_served(&site, first);
    site_drain(&site);
    expect_served(&site, second);
    assert_false(site.worker.listeners_full);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_CALM);
    site_close(&site);
}

/* Pausing by hand, with another cause beside it. */
static void test_pausing(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site.front.maxconn = 1;
    site_start(&site);
    proxy_resume(site.frontend); /* not paused: nothing happens */
    assert_int_equal(site.frontend->state, PROXY_READY);
    proxy_pause(site.frontend);
    proxy_pause(site.frontend);
    struct site_end *first = come(&site);
    struct site_end *second = come(&site);
    expect_waiting(&site, first);
    proxy_resume(site.frontend);
    expect_served(&site, first);
    expect_waiting(&site, second);
    proxy_pause(site.frontend);
    proxy_resume(site.frontend); /* still full */
    expect_waiting(&site, second);
    proxy_pause(site.frontend);
    site_close_end(first);
    expect_waiting(&site, second); /* now there is room, but it is paused */
    proxy_resume(site.frontend);
    expect_served(&site, second);
    site_close(&site);
}

static void test_stopping(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site_start(&site);
    struct site_end *client = come(&site);
    expect_served(&site, client);
    struct sockaddr_in in = {0};
    socklen_t length = sizeof(in);
    assert_int_equal(getpeername(client->fd, (struct sockaddr *)&in, &length), 0);
    proxy_stop(site.frontend);
    proxy_stop(site.frontend);
    assert_int_equal(listener_of(&site)->fd, -1);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, length), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    site_send(client, GET); /* who is in is served */
    expect_served(&site, client);
    proxy_pause(site.frontend);
    proxy_resume(site.frontend);
    assert_int_equal(site.frontend->state, PROXY_STOPPED); /* there is no way back */
    site_close(&site);
}

static unsigned stops;

static void on_stopped(struct worker *worker)
{
    (void)worker;
    stops++;
}

/* The end of a soft stop is told when the last session is gone. */
static void test_the_end_of_a_soft_stop(void **state)
{
    (void)state;
    struct site site;
    open_with(&site, 0);
    site_start(&site);
    site.worker.on_stopped = on_stopped;
    stops = 0;
    worker_update_admission(&site.worker); /* nobody is here, but nothing stops */
    assert_int_equal(stops, 0);
    struct site_end *client = come(&site);
    expect_served(&site, client);
    worker_update_admission(&site.worker);
    assert_int_equal(stops, 0);
    site.facts.is_stopping = true;
    worker_update_admission(&site.worker);
    assert_int_equal(stops, 0);
    site_close_end(client);
    SITE_UNTIL(&site, stops > 0);
    assert_true(list_is_empty(&site.worker.sessions));
    site.facts.is_stopping = false;
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maxconn_of_the_frontend),
        cmocka_unit_test(test_maxconn_changes),
        cmocka_unit_test(test_maxconn_of_the_process),
        cmocka_unit_test(test_session_rate),
        cmocka_unit_test(test_scarce_memory),
        cmocka_unit_test(test_pausing),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_the_end_of_a_soft_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
