/* SPDX-License-Identifier: Apache-2.0 */
/* A worker: made and released, the second's tick, each level of memory pressure and the way back,
 * who is told to go when nobody is served any more, soft and hard stops. */
#include "memory/fault.h"
#include "proxy/logs.h"
#include "support/site.h"

#define LIMIT ((size_t)64 * 1024 * 1024)

static const char GET[] = "GET / HTTP/1.1\r\nhost: h\r\n\r\n";
static const char EMPTY[] = "HTTP/1.1 204 No\r\n\r\n";

static struct site_end *ask(struct site *site, struct site_end **server)
{
    struct site_end *client = site_connect(site);
    site_send(client, GET);
    *server = site_accept(site, 0);
    (void)site_take_head(site, *server);
    return client;
}

/* A client that was served and keeps its connection, and its server's end. */
static struct site_end *serve(struct site *site, struct site_end **server)
{
    struct site_end *client = ask(site, server);
    site_send(*server, EMPTY);
    site_expect(site, client, EMPTY);
    SITE_UNTIL(site, list_is_empty(&site->worker.streams));
    return client;
}

static struct endpoint *endpoint_at(const struct site *site)
{
    return container_of(list_first(&site->backend->endpoints), struct endpoint, link);
}

/* Fills memory so that `percent` of what traffic may have is in use. */
static void fill_to(struct site *site, unsigned percent)
{
    struct memory_usage usage;
    site_drain(site);
    memory_read_usage(site->base.memory, &usage);
    site_fill(site, usage.traffic_max / 100 * (100 - percent));
    site_run(site, 1);
}

/* ---- life ---- */

static void test_making_and_releasing(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    const struct worker *worker = &site.worker;
    assert_ptr_equal(worker->memory, site.base.memory);
    assert_ptr_equal(worker->ledger, site.base.ledger);
    assert_true(list_is_empty(&worker->proxies) && list_is_empty(&worker->sessions));
    assert_int_equal(worker->log_line_size, LOG_LENGTH_MAX);
    assert_true(worker->tick.deadline_ms != TIME_NEVER);
    assert_in_range(site.worker.account.used, LOG_LENGTH_MAX, LOG_LENGTH_MAX + 8192);
    site_close(&site);
}

static void test_refused_memory(void **state)
{
    (void)state;
    struct test_loop base;
    struct chunk_source chunks;
    struct worker worker;
    struct process_facts facts = {0};
    struct configuration configuration = {.global = {.bufsize = TEST_CHUNK_BYTES}};
    test_loop_open(&base, 0);
    assert_int_equal(chunk_source_init(&chunks, base.memory, TEST_CHUNK_BYTES, 0), RESULT_OK);
    fault_fail_nth(base.memory, 1, 0);
    assert_int_equal(
        worker_init(&worker, base.memory, 0, base.loop, &chunks, &configuration, &facts),
        RESULT_NO_MEMORY);
    fault_fail_nth(base.memory, 0, 0);
    worker_deinit(&worker);
    test_loop_close(&base);
}

/* ---- the tick ---- */

static void test_the_tick_purges_idle_links(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_add(&site);
    site.servers[0].options.pool_purge_delay_ms = 40;
    site_start(&site);
    struct site_end *server;
    (void)serve(&site, &server);
    site_tick(&site);
    assert_int_equal(endpoint_at(&site)->idle_count, 1); /* not old enough */
    site_run(&site, 50);
    assert_int_equal(endpoint_at(&site)->idle_count, 1); /* it is the tick that does it */
    site_tick(&site);
    assert_int_equal(endpoint_at(&site)->idle_count, 0);
    site_expect_end(&site, server);
    assert_true(site.worker.tick.deadline_ms != TIME_NEVER); /* and the next one comes */
    site_close(&site);
}

/* pool-low-conn: so many stay however old they are. */
static void test_few_links_are_kept(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_add(&site);
    site.servers[0].options.pool_purge_delay_ms = 1;
    site.servers[0].options.pool_low_connections = 1;
    site_start(&site);
    struct site_end *servers[2];
    struct site_end *clients[2];
    for (unsigned i = 0; i < 2; i++) {
        clients[i] = ask(&site, &servers[i]);
    }
    site_send(servers[0], EMPTY);
    site_expect(&site, clients[0], EMPTY);
    site_run(&site, 10);
    site_tick(&site);
    assert_int_equal(endpoint_at(&site)->idle_count, 1);
    site_send(servers[1], EMPTY);
    site_expect(&site, clients[1], EMPTY);
    site_run(&site, 10);
    site_tick(&site);
    assert_true(endpoint_at(&site)->idle_count < 2);
    site_close(&site);
}

/* ---- pressure ---- */

static void open_limited(struct site *site)
{
    site_open_limited(site, LIMIT);
    site_add(site);
}

/* Each change of level is logged once, both ways. */
static void test_levels_are_logged(void **state)
{
    (void)state;
    static const struct {
        unsigned percent;
        enum pressure_level level;
        const char *log;
    } STEPS[] = {
        {60, PRESSURE_CALM, ""},
        {75, PRESSURE_TIGHT, "<4>Memory pressure changed from calm to tight.\n"},
        {68, PRESSURE_TIGHT, ""}, /* within the hysteresis */
        {90, PRESSURE_SCARCE, "<4>Memory pressure changed from tight to scarce.\n"},
        {97, PRESSURE_FULL, "<4>Memory pressure changed from scarce to full.\n"},
        {75, PRESSURE_TIGHT, "<5>Memory pressure changed from full to tight.\n"},
        {10, PRESSURE_CALM, "<5>Memory pressure changed from tight to calm.\n"},
    };
    struct site site;
    open_limited(&site);
    list_remove(&site.log.link);
    struct list global;
    list_init(&global);
    list_append(&global, &site.log.link);
    assert_int_equal(logs_open(&site.worker, &global, &site.worker.global_logs,
                               &site.worker.global_logs_count, &site.error),
                     RESULT_OK);
    site_start(&site);
    site_run(&site, 1);
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++) {
        /* from where it is, without a way through calm */
        size_t before = site.filled;
        struct memory_usage usage;
        memory_read_usage(site.base.memory, &usage);
        size_t target = usage.traffic_max / 100 * STEPS[i].percent;
        size_t others = usage.used - before;
        if (target > others + before) {
            account_charge_forced(&site.filler, target - others - before);
        } else {
            account_discharge(&site.filler, others + before - target);
        }
        site.filled = target - others;
        site_run(&site, 1);
        assert_int_equal(pressure_level(site.base.memory), STEPS[i].level);
        assert_string_equal(site_log(&site), STEPS[i].log);
        site.log_seen += (off_t)strlen(STEPS[i].log);
    }
    site_close(&site);
}

/* Tight: idle links go at once, and none is kept; afterwards they are kept again. */
static void test_tight(void **state)
{
    (void)state;
    struct site site;
    open_limited(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = serve(&site, &server);
    assert_int_equal(endpoint_at(&site)->idle_count, 1);
    fill_to(&site, 75);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_TIGHT);
    assert_int_equal(endpoint_at(&site)->idle_count, 0); /* before the next tick */
    site_expect_end(&site, server);
    assert_int_equal(endpoint_at(&site)->links_count, 0);
    assert_false(site.worker.listeners_full); /* clients are let in */
    site_send(client, GET);
    server = site_accept(&site, 0);
    (void)site_take_head(&site, server);
    site_send(server, EMPTY);
    site_expect(&site, client, EMPTY);
    site_expect_end(&site, server);
    site_drain(&site);
    site_run(&site, 1);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_CALM);
    site_close_end(client);
    (void)serve(&site, &server);
    assert_int_equal(endpoint_at(&site)->idle_count, 1);
    site_close(&site);
}

/* Scarce: idle clients stay as long as those who wait are served. */
static void test_scarce_without_waiters(void **state)
{
    (void)state;
    struct site site;
    open_limited(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *client = serve(&site, &server);
    fill_to(&site, 90);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_SCARCE);
    assert_true(site.worker.listeners_full);
    for (unsigned i = 0; i < 4; i++) {
        site_tick(&site);
    }
    assert_false(client->has_ended);
    assert_int_equal(site.worker.stuck_ticks, 0);
    site_drain(&site);
    site_run(&site, 1);
    assert_false(site.worker.listeners_full);
    site_close(&site);
}

static unsigned woken;

static void on_memory(struct memory_waiter *waiter)
{
    (void)waiter;
    woken++;
}

/* Nobody who waits was served for two ticks: clients that were answered and ask nothing go. One
 * that has not asked yet stays, and so does one that is being served. */
static void test_scarce_and_stuck(void **state)
{
    (void)state;
    struct site site;
    open_limited(&site);
    site_start(&site);
    struct site_end *server;
    struct site_end *other;
    struct site_end *idle = serve(&site, &server);
    worker_drop_idle_links(&site.worker, 9);
    struct site_end *busy = ask(&site, &other);
    struct site_end *fresh = site_connect(&site);
    site_run(&site, 2);
    assert_int_equal(site.facts.connections_current, 3);
    memory_set_need(site.base.memory, WAIT_REQUEST, LIMIT); /* more than there will be */
    fill_to(&site, 92);
    struct memory_waiter waiter;
    memory_waiter_init(&waiter, on_memory);
    woken = 0;
    memory_wait(site.base.ledger, WAIT_REQUEST, &waiter);
    site_tick(&site);
    assert_int_equal(site.worker.stuck_ticks, 1);
    assert_false(idle->has_ended);
    site_tick(&site);
    site_expect_end(&site, idle);
    assert_false(busy->has_ended || fresh->has_ended);
    memory_wait_cancel(&waiter);
    site_tick(&site);
    assert_int_equal(site.worker.stuck_ticks, 0);
    assert_int_equal(woken, 0);
    site_drain(&site);
    site_send(other, EMPTY);
    site_expect(&site, busy, EMPTY);
    site_close(&site);
}

/* Full, and an exchange cannot go on: the connection that holds the most is ended, and only it. */
static void test_full_and_stuck(void **state)
{
    (void)state;
    struct site site;
    open_limited(&site);
    site_start(&site);
    struct site_end *servers[3];
    struct site_end *clients[3];
    struct account *accounts[3];
    for (unsigned i = 0; i < 3; i++) {
        clients[i] = ask(&site, &servers[i]);
        struct session *session = container_of(site.worker.sessions.previous, struct session, link);
        accounts[i] = &session->connection->account;
    }
    site_send(servers[1], "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    (void)site_take_head(&site, clients[1]);
    struct chunk_queue held = {0}; /* as if the second held a body */
    static char bytes[3 * TEST_CHUNK_BYTES];
    assert_int_equal(
        chunk_queue_append_copy(&held, &site.chunks, accounts[1], slice_of(bytes, sizeof(bytes))),
        RESULT_OK);
    assert_true(accounts[1]->used > accounts[0]->used && accounts[1]->used > accounts[2]->used);
    memory_set_need(site.base.memory, WAIT_EXCHANGE, LIMIT);
    fill_to(&site, 97);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_FULL);
    struct memory_waiter waiter;
    memory_waiter_init(&waiter, on_memory);
    memory_wait(site.base.ledger, WAIT_EXCHANGE, &waiter);
    site_tick(&site);
    assert_false(clients[1]->has_ended);
    site_tick(&site);
    chunk_queue_clear(&held);
    SITE_UNTIL(&site, clients[1]->has_ended);
    assert_false(clients[0]->has_ended || clients[2]->has_ended);
    memory_wait_cancel(&waiter);
    site_drain(&site);
    site_run(&site, 1);
    assert_int_equal(pressure_level(site.base.memory), PRESSURE_CALM);
    for (unsigned i = 0; i < 3; i += 2) {
        site_send(servers[i], EMPTY);
        site_expect(&site, clients[i], EMPTY);
    }
    site_close(&site);
}

/* ---- stopping ---- */

static unsigned stops;

static void on_stopped(struct worker *worker)
{
    (void)worker;
    stops++;
}

/* Soft: who is idle goes at once, who is being served afterwards, and then it is told. */
static void test_a_soft_stop(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_add(&site);
    site_start(&site);
    site.worker.on_stopped = on_stopped;
    stops = 0;
    struct site_end *server;
    struct site_end *other;
    struct site_end *idle = serve(&site, &server);
    worker_drop_idle_links(&site.worker, 9);
    struct site_end *busy = ask(&site, &other);
    worker_stop_soft(&site.worker);
    assert_true(site.facts.is_stopping);
    assert_int_equal(site.frontend->state, PROXY_STOPPED);
    site_expect_end(&site, idle);
    site_expect_silence(&site, busy);
    assert_int_equal(stops, 0);
    site_send(other, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
    const char *head = site_take_head(&site, busy);
    assert_non_null(strcasestr(head, "\r\nconnection: close\r\n"));
    site_expect(&site, busy, "hi");
    site_expect_end(&site, busy);
    site_close_end(busy);
    SITE_UNTIL(&site, stops > 0);
    assert_int_equal(endpoint_at(&site)->links_count, 0); /* none is kept any more */
    site_close(&site);
}

static void test_a_soft_stop_of_nobody(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_start(&site);
    site.worker.on_stopped = on_stopped;
    stops = 0;
    worker_stop_soft(&site.worker);
    assert_int_equal(stops, 1);
    site.worker.on_stopped = NULL;
    site_close(&site);
}

/* Hard: all are gone after a turn, and their lines are written. */
static void test_a_hard_stop(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_add(&site);
    site_log_format(&site, "%tsc");
    site_start(&site);
    struct site_end *servers[3];
    struct site_end *idle = serve(&site, &servers[0]);
    (void)site_take_log(&site);
    worker_drop_idle_links(&site.worker, 9);
    struct site_end *busy = ask(&site, &servers[1]);
    struct site_end *fresh = site_connect(&site);
    site_run(&site, 2);
    worker_stop_hard(&site.worker);
    event_loop_turn(site.base.loop, false);
    event_loop_turn(site.base.loop, false);
    assert_true(list_is_empty(&site.worker.sessions) && list_is_empty(&site.worker.streams));
    assert_true(list_is_empty(&site.worker.idle_links));
    assert_int_equal(site.facts.connections_current, 0);
    assert_int_equal(test_loop_bytes(&site.base, ACCOUNT_CLIENT), 0);
    assert_int_equal(test_loop_bytes(&site.base, ACCOUNT_SERVER), 0);
    SITE_UNTIL(&site, idle->has_ended && busy->has_ended && fresh->has_ended);
    site_expect_log(&site, "<6>KH--\n");
    site_close(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_making_and_releasing),
        cmocka_unit_test(test_refused_memory),
        cmocka_unit_test(test_the_tick_purges_idle_links),
        cmocka_unit_test(test_few_links_are_kept),
        cmocka_unit_test(test_levels_are_logged),
        cmocka_unit_test(test_tight),
        cmocka_unit_test(test_scarce_without_waiters),
        cmocka_unit_test(test_scarce_and_stuck),
        cmocka_unit_test(test_full_and_stuck),
        cmocka_unit_test(test_a_soft_stop),
        cmocka_unit_test(test_a_soft_stop_of_nobody),
        cmocka_unit_test(test_a_hard_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
