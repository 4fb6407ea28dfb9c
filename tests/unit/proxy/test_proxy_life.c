/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies made from settings: what follows from each setting, errors on the way, and that nothing
 * of a proxy is left, at whatever allocation its making failed. */
#include "memory/fault.h"
#include "support/site.h"

static struct bind *bind_of(const struct proxy *proxy)
{
    return container_of(list_first(&proxy->binds), struct bind, link);
}

static void test_what_follows_from_settings(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site_add(&site);
    site_add(&site);
    site.front.maxconn = 7;
    site.front.timeouts = (struct proxy_timeouts){
        .client_ms = 1, .http_request_ms = 2, .http_keep_alive_ms = 3, .client_fin_ms = 4};
    site_start(&site);
    assert_ptr_equal(proxy_of(&site.front), site.frontend);
    assert_ptr_equal(proxy_of(&site.back), site.backend);
    assert_null(proxy_of(NULL));
    assert_string_equal(site.frontend->identity.name, "fe");
    assert_int_equal(site.frontend->identity.id, 2);
    assert_ptr_equal(site.frontend->identity.counters, &site.frontend->counters);
    assert_int_equal(site.frontend->maxconn, 7);
    assert_int_equal(site.frontend->state, PROXY_READY);
    assert_int_equal(site.frontend->logs_count, 1);
    assert_int_equal(site.backend->logs_count, 0);
    assert_int_equal(site.backend->backend.servers_count, 2);
    assert_int_equal(site.frontend->backend.servers_count, 0);
    assert_string_equal(bind_of(site.frontend)->name, "sock-1");
    const struct mux_options *client = &site.frontend->client_mux;
    assert_int_equal(client->client_timeout_ms, 1);
    assert_int_equal(client->http_request_timeout_ms, 2);
    assert_int_equal(client->http_keep_alive_timeout_ms, 3);
    assert_int_equal(client->client_fin_timeout_ms, 4);
    assert_int_equal(client->head_bytes_max, TEST_CHUNK_BYTES - SITE_MAXREWRITE);
    assert_int_equal(client->fields_max, 101);
    assert_int_equal(client->window_bytes, site.chunks.bytes[CHUNK_NORMAL]);
    site_close(&site);
}

static void test_what_follows_from_options(void **state)
{
    (void)state;
    static const struct {
        uint32_t options;
        bool client_keeps, server_keeps, unsafe_request, unsafe_response, probes, aborts,
            redispatch;
    } CASES[] = {
        {0, true, true, false, false, false, false, false},
        {OPTION_HTTPCLOSE, false, false, false, false, false, false, false},
        {OPTION_HTTP_SERVER_CLOSE, true, false, false, false, false, false, false},
        {OPTION_ACCEPT_UNSAFE_REQUEST, true, true, true, false, false, false, false},
        {OPTION_ACCEPT_UNSAFE_RESPONSE, true, true, false, true, false, false, false},
        {OPTION_HTTP_IGNORE_PROBES, true, true, false, false, true, false, false},
        {OPTION_ABORTONCLOSE, true, true, false, false, false, true, false},
        {OPTION_REDISPATCH, true, true, false, false, false, false, true},
        {OPTION_REDISPATCH | OPTION_PERSIST, true, true, false, false, false, false, false},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct site site;
        site_open(&site);
        site.front.options = CASES[i].options;
        site_start(&site);
        const struct proxy *proxy = site.frontend;
        assert_int_equal(proxy->client_mux.keep_alive, CASES[i].client_keeps);
        assert_int_equal(proxy->server_mux.keep_alive, CASES[i].server_keeps);
        assert_int_equal(proxy->client_mux.http1.accept_unsafe_request, CASES[i].unsafe_request);
        assert_int_equal(proxy->server_mux.http1.accept_unsafe_response, CASES[i].unsafe_response);
        assert_int_equal(proxy->client_mux.ignore_probes, CASES[i].probes);
        assert_int_equal(proxy->client_mux.abort_on_close, CASES[i].aborts);
        assert_int_equal(proxy->backend.options.redistributes, CASES[i].redispatch);
        site_close(&site);
    }
}

/* A name of the bind line is taken as it is. */
static void test_a_named_bind(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site.bind.name = "public";
    site.front.options = OPTION_TCPKA_CLIENT;
    site_start(&site);
    assert_ptr_equal(bind_of(site.frontend)->name, site.bind.name);
    assert_true(bind_of(site.frontend)->connection.keep_alive);
    assert_true(bind_of(site.frontend)->connection.no_delay);
    site_close(&site);
}

/* `disabled`: made, but neither bound nor started. */
static void test_a_disabled_proxy(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    site.front.is_disabled = true;
    site_start(&site);
    assert_int_equal(site.frontend->state, PROXY_STOPPED);
    assert_int_equal(bind_of(site.frontend)->listener.fd, -1);
    site_close(&site);
}

/* An address that is taken: the error names it. */
static void test_an_address_that_is_taken(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    struct address address;
    int taken = test_listen(&address);
    site.bind.listener.address = address;
    struct proxy *proxy = NULL;
    assert_int_equal(proxy_create(&site.worker, &site.front, &proxy, &site.error), RESULT_OK);
    assert_int_equal(proxy_bind(proxy, NULL, NULL, &site.error), RESULT_FAILED);
    char expected[SITE_TEXT_BYTES];
    snprintf(expected, sizeof(expected), " for [127.0.0.1:%u]", address.port);
    assert_non_null(strstr(site.error_bytes, expected));
    close(taken);
    site_close(&site);
}

static int asked;

static int inherited(void *argument, const struct listener_options *options)
{
    asked++;
    assert_int_equal(options->address.family, AF_INET);
    return *(int *)argument;
}

/* A descriptor of the old process is used instead of a new socket. */
static void test_an_inherited_listener(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    struct address address;
    int fd = test_listen(&address);
    site.bind.listener.address = address;
    asked = 0;
    assert_int_equal(proxy_create(&site.worker, &site.front, &site.frontend, &site.error),
                     RESULT_OK);
    assert_int_equal(proxy_create(&site.worker, &site.back, &site.backend, &site.error), RESULT_OK);
    assert_int_equal(proxy_bind(site.frontend, inherited, &fd, &site.error), RESULT_OK);
    assert_int_equal(asked, 1);
    assert_int_equal(bind_of(site.frontend)->listener.fd, fd);
    assert_int_equal(proxy_start(site.frontend, &site.error), RESULT_OK);
    struct site_end *client = site_connect(&site);
    site_send(client, "GET / HTTP/1.1\r\nhost: h\r\n\r\n");
    assert_memory_equal(site_take_head(&site, client), "HTTP/1.1 503 ", 13);
    site_close(&site);
}

/* A log that cannot be opened, a server whose check cannot be made: said, and released all the
 * same. */
static void test_what_cannot_be_made(void **state)
{
    (void)state;
    struct site site;
    site_open(&site);
    struct log_settings line = {.link = {NULL, NULL}};
    list_init(&line.link);
    log_sink_options_init(&line.sink);
    line.sink.kind = LOG_TARGET_RING;
    line.sink.ring_name = "nowhere";
    list_append(&site.front.logs, &line.link);
    struct proxy *proxy = NULL;
    assert_int_equal(proxy_create(&site.worker, &site.front, &proxy, &site.error),
                     RESULT_NOT_FOUND);
    assert_non_null(strstr(site.error_bytes, "nowhere"));
    assert_non_null(proxy); /* it is in the worker's list, which releases it */
    assert_int_equal(proxy->logs_count, 0);
    list_remove(&line.link);
    site_close(&site);
}

/* A frontend, a backend with two servers and a log: each allocation refused in turn. */
static void test_refused_memory(void **state)
{
    (void)state;
    unsigned refusals = 0;
    for (unsigned nth = 1; nth < 100; nth++) {
        struct site site;
        site_open(&site);
        site_add(&site);
        site_add(&site);
        site.servers[1].options.has_check = true;
        site.servers[1].options.check_interval_ms = 1000;
        site.front.role = PROXY_FRONTEND | PROXY_BACKEND;
        list_remove(&site.servers[0].link);
        list_append(&site.front.servers, &site.servers[0].link);
        list_remove(&site.servers[1].link);
        list_append(&site.front.servers, &site.servers[1].link);
        struct proxy *proxy = NULL;
        fault_fail_nth(site.base.memory, nth, 0);
        enum result result = proxy_create(&site.worker, &site.front, &proxy, &site.error);
        bool was_hit = fault_failed(site.base.memory) > 0;
        fault_fail_nth(site.base.memory, 0, 0);
        assert_int_equal(result, was_hit ? RESULT_NO_MEMORY : RESULT_OK);
        refusals += result != RESULT_OK ? 1 : 0;
        site_close(&site);
        if (!was_hit) {
            break;
        }
    }
    assert_true(refusals >= 5); /* the proxy, its log twice, the bind, the endpoints… */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_follows_from_settings),
        cmocka_unit_test(test_what_follows_from_options),
        cmocka_unit_test(test_a_named_bind),
        cmocka_unit_test(test_a_disabled_proxy),
        cmocka_unit_test(test_an_address_that_is_taken),
        cmocka_unit_test(test_an_inherited_listener),
        cmocka_unit_test(test_what_cannot_be_made),
        cmocka_unit_test(test_refused_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
