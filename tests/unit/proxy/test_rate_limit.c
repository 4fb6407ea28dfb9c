/* SPDX-License-Identifier: Apache-2.0 */
/* Rates as limits: held at the limit and not before, each limit by itself, and looked at again by
 * itself until nobody is held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/number.h"
#include "proxy/admission.h"
#include "proxy/rate_limit.h"
#include "support/memory.h"

enum { LIMIT = 3, LOOP_DESCRIPTORS = 16 };

struct fixture {
    struct memory *memory;
    struct configuration configuration;
    struct process_facts facts;
    struct worker worker;
    struct proxy_settings settings;
    struct proxy proxy;
};

static void on_look(struct event_timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, rates);
    worker_update_admission(worker);
    LIST_EACH(link, &worker->proxies) {
        proxy_update_admission(container_of(link, struct proxy, link));
    }
}

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.memory = test_memory_open((struct memory_options){0})};
    struct worker *worker = &fixture->worker;
    worker->memory = fixture->memory;
    worker->ledger = memory_ledger(fixture->memory, 0);
    worker->configuration = &fixture->configuration;
    worker->facts = &fixture->facts;
    fixture->facts.maxconn = 100;
    list_init(&worker->proxies);
    list_init(&worker->sessions);
    assert_int_equal(event_loop_create(worker->ledger, LOOP_DESCRIPTORS, &worker->loop), RESULT_OK);
    rate_limit_init(worker, on_look);
    fixture->proxy.worker = worker;
    fixture->proxy.settings = &fixture->settings;
    list_init(&fixture->proxy.binds);
    list_append(&worker->proxies, &fixture->proxy.link);
}

static void close_fixture(struct fixture *fixture)
{
    rate_limit_deinit(&fixture->worker);
    event_loop_destroy(fixture->worker.loop);
    test_memory_close(fixture->memory);
}

static uint64_t now_ms(struct fixture *fixture)
{
    return event_now_ms(fixture->worker.loop);
}

static void test_without_limits(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    rate_add(&fixture.facts.connection_rate, now_ms(&fixture), 1000);
    rate_add(&fixture.facts.tls_rate, now_ms(&fixture), 1000);
    assert_false(rate_limit_holds_worker(&fixture.worker));
    assert_false(rate_limit_holds_tls(&fixture.worker));
    assert_false(rate_limit_holds_proxy(&fixture.proxy));
    assert_int_equal(fixture.worker.rates.deadline_ms, TIME_NEVER);
    close_fixture(&fixture);
}

static void test_each_limit_by_itself(void **state)
{
    (void)state;
    struct fixture fixture;
    for (unsigned which = 0; which < 4; which++) {
        open_fixture(&fixture);
        struct global_settings *global = &fixture.configuration.global;
        global->rate_connections = global->rate_sessions = global->rate_tls = LIMIT;
        fixture.settings.session_rate_max = LIMIT;
        struct rate *rates[] = {&fixture.facts.connection_rate, &fixture.facts.session_rate,
                                &fixture.facts.tls_rate, &fixture.proxy.counters.session_rate};
        for (unsigned i = 0; i <= LIMIT; i++) {
            bool is_reached = i >= LIMIT;
            assert_int_equal(rate_limit_holds_worker(&fixture.worker), is_reached && which < 2);
            assert_int_equal(rate_limit_holds_tls(&fixture.worker), is_reached && which == 2);
            assert_int_equal(rate_limit_holds_proxy(&fixture.proxy), is_reached && which == 3);
            rate_add(rates[which], now_ms(&fixture), 1);
        }
        assert_int_not_equal(fixture.worker.rates.deadline_ms, TIME_NEVER);
        close_fixture(&fixture);
    }
}

static void test_the_way_back(void **state)
{
    (void)state;
    struct fixture fixture;
    open_fixture(&fixture);
    fixture.configuration.global.rate_connections = LIMIT;
    fixture.configuration.global.rate_tls = LIMIT;
    fixture.settings.session_rate_max = LIMIT;
    rate_add(&fixture.facts.connection_rate, now_ms(&fixture), LIMIT);
    rate_add(&fixture.facts.tls_rate, now_ms(&fixture), LIMIT);
    rate_add(&fixture.proxy.counters.session_rate, now_ms(&fixture), LIMIT);
    worker_update_admission(&fixture.worker);
    assert_true(fixture.worker.listeners_full);
    assert_true(fixture.worker.tls_held);
    assert_true(fixture.proxy.is_held);
    uint64_t start_ms = now_ms(&fixture);
    while (fixture.proxy.is_held && now_ms(&fixture) - start_ms < 3 * MS_PER_SECOND) {
        event_loop_turn(fixture.worker.loop, true);
    }
    assert_false(fixture.worker.listeners_full);
    assert_false(fixture.worker.tls_held);
    assert_false(fixture.proxy.is_held);
    event_loop_turn(fixture.worker.loop, false);
    assert_int_equal(fixture.worker.rates.deadline_ms, TIME_NEVER); /* nothing to look for */
    close_fixture(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_limits),
        cmocka_unit_test(test_each_limit_by_itself),
        cmocka_unit_test(test_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
