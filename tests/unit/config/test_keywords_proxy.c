/* SPDX-License-Identifier: Apache-2.0 */
/* Keywords of proxies that set one thing: the field each sets, and what is said of bad ones. */
#include "proxy/retry.h"
#include "support/config.h"

static const char GOOD[] =
    "backend b\nmode http\nretries 7\nretry-on conn-failure empty-response 503\nhttp-reuse always\n"
    "timeout connect 1500\ntimeout server 2s\ntimeout check 3s\ntimeout queue 4s\n"
    "timeout http-keep-alive 5s\ntimeout http-request 6s\ntimeout tunnel 1h\ntimeout tarpit 8s\n"
    "timeout server-fin 9s\nid 42\ndescription two words\n"
    "server s1 127.0.0.1:1\nserver s2 127.0.0.1:2\nuse-server s2 if TRUE\n"
    "frontend f\nmode http\nbind :1\ntimeout client 10s\ntimeout client-fin 11s\nmaxconn 99\n"
    "backlog 12\nrate-limit sessions 13\ndefault_backend b\nuse_backend b if FALSE\n"
    "use_backend %[path]\n"
    "backend off\ndisabled\n";

static void fields_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(GOOD);
    const struct proxy_settings *b = test_config_proxy(test, "b");
    assert_int_equal(b->mode, PROXY_MODE_HTTP);
    assert_int_equal(b->retries, 7);
    assert_int_equal(b->retry_on, RETRY_CONN_FAILURE | RETRY_EMPTY_RESPONSE | retry_of_status(503));
    assert_int_equal(b->reuse, HTTP_REUSE_ALWAYS);
    assert_int_equal(b->timeouts.connect_ms, 1500);
    assert_int_equal(b->timeouts.server_ms, 2000);
    assert_int_equal(b->timeouts.check_ms, 3000);
    assert_int_equal(b->timeouts.queue_ms, 4000);
    assert_int_equal(b->timeouts.http_keep_alive_ms, 5000);
    assert_int_equal(b->timeouts.http_request_ms, 6000);
    assert_int_equal(b->timeouts.tunnel_ms, 3600000);
    assert_int_equal(b->timeouts.tarpit_ms, 8000);
    assert_int_equal(b->timeouts.server_fin_ms, 9000);
    assert_int_equal(b->id, 42);
    assert_string_equal(b->description, "two words");
    assert_int_equal(test_config_length(&b->use_server), 1);
    const struct proxy_settings *f = test_config_proxy(test, "f");
    assert_int_equal(f->timeouts.client_ms, 10000);
    assert_int_equal(f->timeouts.client_fin_ms, 11000);
    assert_int_equal(f->maxconn, 99);
    assert_int_equal(f->backlog, 12);
    assert_int_equal(f->session_rate_max, 13);
    assert_string_equal(f->default_backend_name, "b");
    assert_ptr_equal(f->default_backend, b);
    assert_int_equal(test_config_length(&f->use_backend), 2);
    const struct switch_rule *first = container_of(f->use_backend.next, struct switch_rule, link);
    assert_ptr_equal(first->target, b);
    assert_non_null(first->condition);
    const struct switch_rule *second = container_of(first->link.next, struct switch_rule, link);
    assert_non_null(second->dynamic);
    assert_null(second->condition);
    assert_true(test_config_proxy(test, "off")->is_disabled);
    assert_false(b->is_disabled);
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"mode", "expects 'http' or 'tcp'"},
        {"mode udp", "unknown proxy mode 'udp'."},
        {"mode log", "mode 'log' is not supported by weir yet"},
        {"id 0", "custom id has to be > 0."},
        {"id x", "'id' expects an integer argument (got 'x')."},
        {"id 5\nbackend c\nid 5", "backend c reuses same custom id as backend b"},
        {"retries x", "'retries' expects an integer argument (got 'x')."},
        {"retry-on", "expects at least one of 'none'"},
        {"retry-on none conn-failure", "'retry-on': 'none' keyword only usable alone"},
        {"retry-on 200", "'retry-on': unknown keyword '200'"},
        {"http-reuse maybe", "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'."},
        {"timeout connect", "expects an integer value (in milliseconds)"},
        {"timeout connect 1x", "unexpected character 'x'"},
        {"timeout connect 1s 2s", "2s"},
        {"use-server s1", "'use-server' requires either 'if' or 'unless'"},
        {"use-server s1 when TRUE", "'use-server' requires either 'if' or 'unless'"},
        {"use-server s1 if nope", "error detected while parsing switching rule"},
        {"listen l\nbind :1\nuse_backend b when TRUE",
         "unexpected keyword 'when' after switching rule"},
        {"listen l\nbind :1\nmaxconn x", "'maxconn' expects an integer argument (got 'x')"},
        {"nonsense", "unknown keyword 'nonsense'"},
        {"retrie 5", "did you mean 'retries' maybe"},
    };
    (void)state;
    assert_lines_fail("backend b\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
