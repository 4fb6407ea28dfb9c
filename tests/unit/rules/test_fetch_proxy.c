/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of frontends, backends, servers and listeners.
 */
#include "rules/fetch.h"

#include "balance/backend.h"
#include "support/fetch.h"

static struct rules_test test;
static struct backend backend;
static struct server servers[2];
static struct server_options options[2];
static struct sample_references references;

FETCH_TEST_REGISTRY(registry, fetches_proxy);

static int open_test(void **state)
{
    static const struct balance_options BALANCE = {.algorithm = BALANCE_ROUND_ROBIN};
    (void)state;
    rules_test_open(&test);
    test.parser.registry = &registry;
    sample_references_init(&references);
    test.parser.references = &references;
    test.parser.proxy_name = "be";
    test.parser.capabilities = SAMPLE_IN_HTTP_RESPONSE;
    memset(servers, 0, sizeof(servers));
    backend_init(&backend, "be", 5, &BALANCE, &test.account);
    options[0] =
        (struct server_options){.name = "s1", .id = 1, .weight = 20, .maxconn = 10, .maxqueue = 5};
    options[1] =
        (struct server_options){.name = "s2", .id = 2, .weight = 30, .maxconn = 7, .maxqueue = 3};
    for (unsigned i = 0; i < 2; i++) {
        backend_add_server(&backend, &servers[i], &options[i]);
    }
    assert_int_equal(backend_start(&backend, TEST_NOW_MS), RESULT_OK);
    test.context.balance = &backend;
    test.context.backend = &backend.identity;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    backend_stop(&backend);
    rules_test_close(&test);
    return 0;
}

static enum result bind_reference(void *argument, struct sample_reference *reference)
{
    (void)argument;
    switch (reference->kind) {
    case ARGUMENT_SERVER:
        reference->target = backend_find_server(&backend, slice_from_string(reference->server));
        break;
    case ARGUMENT_BACKEND:
        reference->target = &backend;
        break;
    default:
        reference->target = &test.frontend;
        break;
    }
    return RESULT_OK;
}

/* As fetch_test_integer, with names found. */
static int64_t number_of(const char *word)
{
    struct sample_expression *expression = fetch_test_parse(&test, word);
    struct sample sample = {0};
    assert_int_equal(sample_references_each(&references, bind_reference, NULL), RESULT_OK);
    assert_int_equal(sample_evaluate_as(expression, &test.context, SAMPLE_INTEGER, &sample),
                     RESULT_OK);
    sample_expression_destroy(&test.account, expression);
    return sample.integer;
}

static void test_identities(void **state)
{
    (void)state;
    test.context.default_backend = "be";
    test.context.listener_name = "lis";
    test.context.listener_id = 7;
    assert_fetch(&test, "fe_name", "fe");
    assert_fetch(&test, "fe_id", "1");
    assert_fetch(&test, "fe_defbe", "be");
    assert_fetch(&test, "be_name", "be");
    assert_fetch(&test, "be_id", "5");
    assert_fetch(&test, "so_name", "lis");
    assert_fetch(&test, "so_id", "7");
    assert_fetch(&test, "srv_name", "(none)");
    test.context.server = &servers[1];
    assert_fetch(&test, "srv_name", "s2");
    assert_fetch(&test, "srv_id", "2");
    test.context.backend = NULL; /* not chosen yet */
    assert_fetch(&test, "be_name", "fe");
    test.context.default_backend = NULL;
    assert_fetch(&test, "fe_defbe", "(none)");
}

static void test_loads(void **state)
{
    (void)state;
    test.frontend_counters.sessions_current = 4;
    rate_add(&test.frontend_counters.session_rate, TEST_NOW_MS, 6);
    rate_add(&test.frontend_counters.request_rate, TEST_NOW_MS, 8);
    backend.counters.sessions_current = 3;
    rate_add(&backend.counters.session_rate, TEST_NOW_MS, 2);
    assert_int_equal(number_of("fe_conn"), 4);
    assert_int_equal(number_of("fe_conn(fe)"), 4);
    assert_int_equal(number_of("fe_sess_rate"), 6);
    assert_int_equal(number_of("fe_req_rate"), 8);
    assert_int_equal(number_of("be_conn"), 3);
    assert_int_equal(number_of("be_conn(be)"), 3);
    assert_int_equal(number_of("be_sess_rate(be)"), 2);
}

static void test_room_of_a_backend(void **state)
{
    (void)state;
    assert_int_equal(number_of("nbsrv(be)"), 2);
    assert_int_equal(number_of("connslots(be)"), 25);
    assert_int_equal(number_of("be_conn_free(be)"), 17);
    servers[0].served = 4;
    servers[0].queue_length = 2;
    servers[1].served = 9; /* above its limit */
    backend.queue_length = 1;
    assert_int_equal(number_of("connslots"), 25 - 4 - 2 - 9);
    assert_int_equal(number_of("be_conn_free"), 6);
    assert_int_equal(number_of("queue"), 3);
    assert_int_equal(number_of("avg_queue"), 2); /* rounded up */
    servers[1].maxconn = 0;
    assert_int_equal(number_of("connslots"), -1);
    assert_int_equal(number_of("be_conn_free"), -1);
    servers[0].served = 0;
    servers[0].queue_length = 0;
    servers[1].served = 0;
    server_set_health(&servers[1], SERVER_DOWN, TEST_NOW_MS);
    assert_int_equal(number_of("nbsrv"), 1);
    assert_int_equal(number_of("connslots"), 15);
    server_set_health(&servers[0], SERVER_DOWN, TEST_NOW_MS);
    assert_int_equal(number_of("avg_queue"), 2); /* twice what waits */
    assert_int_equal(number_of("be_conn_free"), 0);
    backend.queue_length = 0;
}

static void test_servers(void **state)
{
    (void)state;
    servers[0].served = 4;
    servers[0].counters.sessions_current = 4;
    servers[0].queue_length = 2;
    rate_add(&servers[0].counters.session_rate, TEST_NOW_MS, 9);
    assert_int_equal(number_of("srv_conn(be/s1)"), 4);
    assert_int_equal(number_of("srv_conn_free(be/s1)"), 6);
    assert_int_equal(number_of("srv_queue(s1)"), 2);
    assert_int_equal(number_of("srv_sess_rate(be/s1)"), 9);
    assert_int_equal(number_of("srv_is_up(be/s1)"), 1);
    assert_int_equal(number_of("srv_iweight(be/s1)"), 20);
    server_set_weight(&servers[0], 15);
    assert_int_equal(number_of("srv_iweight(be/s1)"), 20);
    assert_int_equal(number_of("srv_uweight(be/s1)"), 15);
    assert_int_equal(number_of("srv_weight(be/s1)"), 15);
    servers[0].served = 0;
    servers[0].queue_length = 0;
    server_set_admin(&servers[0], SERVER_DRAIN_FORCED, 0, TEST_NOW_MS);
    assert_int_equal(number_of("srv_is_up(be/s1)"), 1); /* it answers still */
    server_set_health(&servers[0], SERVER_DOWN, TEST_NOW_MS);
    assert_int_equal(number_of("srv_is_up(be/s1)"), 0);
    servers[1].maxconn = 0;
    assert_int_equal(number_of("srv_conn_free(be/s2)"), -1);
}

static void test_timeouts(void **state)
{
    (void)state;
    static const struct rule_timeouts FRONT = {.client_ms = 1};
    static const struct rule_timeouts BACK = {.server_ms = 2,
                                              .tunnel_ms = 3,
                                              .connect_ms = 4,
                                              .queue_ms = 5,
                                              .tarpit_ms = 6,
                                              .retries = 7};
    assert_fetch(&test, "be_server_timeout", "0"); /* outside of a stream */
    test.context.frontend_timeouts = &FRONT;
    test.context.backend_timeouts = &BACK;
    assert_fetch(&test, "fe_client_timeout", "1");
    assert_fetch(&test, "be_server_timeout", "2");
    assert_fetch(&test, "be_tunnel_timeout", "3");
    assert_fetch(&test, "be_connect_timeout", "4");
    assert_fetch(&test, "be_queue_timeout", "5");
    assert_fetch(&test, "be_tarpit_timeout", "6");
    assert_fetch(&test, "be_max_retries", "7");
    assert_fetch(&test, "cur_client_timeout", "1");
    assert_fetch(&test, "cur_max_retries", "7");
    test.settings.client_timeout_ms = 10;
    test.settings.server_timeout_ms = 20;
    test.settings.tunnel_timeout_ms = 30;
    test.settings.connect_timeout_ms = 40;
    test.settings.queue_timeout_ms = 50;
    test.settings.tarpit_timeout_ms = 60;
    test.settings.retries = 0;
    assert_fetch(&test, "cur_client_timeout", "10");
    assert_fetch(&test, "cur_server_timeout", "20");
    assert_fetch(&test, "cur_tunnel_timeout", "30");
    assert_fetch(&test, "cur_connect_timeout", "40");
    assert_fetch(&test, "cur_queue_timeout", "50");
    assert_fetch(&test, "cur_tarpit_timeout", "60");
    assert_fetch(&test, "cur_max_retries", "0");
    assert_fetch(&test, "be_server_timeout", "2");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_identities), CASE(test_loads),    CASE(test_room_of_a_backend),
        CASE(test_servers),    CASE(test_timeouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
