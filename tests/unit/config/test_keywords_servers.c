/* SPDX-License-Identifier: Apache-2.0 */
/* server, default-server, server-template: the settings of each, and what is said of bad ones. */
#include "support/config.h"

static void a_line_is_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "backend b\nmode http\n"
        "server one 10.0.0.1:80 weight 5 maxconn 6 minconn 2 maxqueue 7 check "
        "inter 3s rise 4 fall 5 backup cookie c1 slowstart 9 id 77 port 81\n"
        "default-server weight 9 inter 1500 check\n"
        "server two 10.0.0.2:+5 no-check pool-max-conn -1 max-reuse 3\n"
        "server three /run/s.sock disabled on-marked-down shutdown-sessions\n");
    struct proxy_settings *proxy = test_config_proxy(test, "b");
    assert_int_equal(proxy->servers_count, 3);
    const struct server_settings *one = test_config_server(proxy, 0);
    assert_string_equal(one->options.name, "one");
    assert_int_equal(one->options.address.port, 80);
    assert_int_equal(one->options.weight, 5);
    assert_int_equal(one->options.maxconn, 6);
    assert_int_equal(one->options.minconn, 2);
    assert_int_equal(one->options.maxqueue, 7);
    assert_true(one->options.has_check);
    assert_true(one->options.is_backup);
    assert_int_equal(one->options.check_interval_ms, 3000);
    assert_int_equal(one->options.rise, 4);
    assert_int_equal(one->options.fall, 5);
    assert_string_equal(one->options.cookie, "c1");
    assert_int_equal(one->options.slow_start_ms, 9000);
    assert_int_equal(one->options.id, 77);
    assert_int_equal(one->check_port, 81);
    const struct server_settings *two = test_config_server(proxy, 1);
    assert_int_equal(two->options.weight, 9);
    assert_int_equal(two->options.check_interval_ms, 1500);
    assert_false(two->options.has_check);
    assert_true(two->options.port_is_relative);
    assert_int_equal(two->options.port_offset, 5);
    assert_int_equal(two->options.pool_max_connections, UINT32_MAX);
    assert_int_equal(two->options.max_reuse, 3);
    const struct server_settings *three = test_config_server(proxy, 2);
    assert_int_equal(three->options.address.family, AF_UNIX);
    assert_string_equal(three->options.address.path, "/run/s.sock");
    assert_true(three->options.is_disabled);
    assert_int_equal(three->options.on_marked_down, MARKED_DOWN_SHUTDOWN_SESSIONS);
    test_config_close(test);
}

static void templates_make_servers(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("backend b\nserver-template s 3 127.0.0.1:80 weight 4\n"
                             "server-template t 7-8 127.0.0.2:81\n");
    struct proxy_settings *proxy = test_config_proxy(test, "b");
    static const char *const NAMES[] = {"s1", "s2", "s3", "t7", "t8"};
    assert_int_equal(proxy->servers_count, 5);
    for (unsigned i = 0; i < 5; i++) {
        assert_string_equal(test_config_server(proxy, i)->options.name, NAMES[i]);
    }
    assert_int_equal(test_config_server(proxy, 2)->options.weight, 4);
    test_config_close(test);
}

static void tls_is_read(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("backend b\nmode http\nserver s 127.0.0.1:443 ssl verify none "
                             "sni str(a.example) ssl-min-ver TLSv1.2\n");
    const struct server_settings *server = test_config_server(test_config_proxy(test, "b"), 0);
    assert_true(server->is_ssl);
    assert_true(server->has_verify);
    assert_int_equal(server->tls.verify, TLS_VERIFY_NONE);
    assert_int_equal(server->tls.min_version, TLS_VERSION_1_2);
    assert_non_null(server->sni);
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"server s", "'server' expects"},
        {"server a/b 127.0.0.1:1", "character '/' is not permitted in server name 'a/b'."},
        {"server s 127.0.0.1:1\nserver s 127.0.0.1:2", "another server named 's' was already"},
        {"server s 127.0.0.1:1-5", "port range not permitted here"},
        {"server s fd@3", "file descriptor not permitted here"},
        {"server s 127.0.0.1:99999", "'server b/s' : invalid port '99999'"},
        {"server s 127.0.0.1:1 weight 257", "weight of server is not within 0 and 256 (257)"},
        {"server s 127.0.0.1:1 weight", "'weight' expects <value> as argument"},
        {"server s 127.0.0.1:1 rise 0", "'rise' has to be > 0"},
        {"server s 127.0.0.1:1 inter 0", "invalid value 0 for argument 'inter'"},
        {"server s 127.0.0.1:1 max-reuse -2", "'max-reuse' must be >= -1"},
        {"server s 127.0.0.1:1 id 3\nserver t 127.0.0.1:1 id 3", "custom id 3 already used at"},
        {"server s 127.0.0.1:1 wieght 1", "did you mean 'weight' maybe ?"},
        {"server s 127.0.0.1:1 send-proxy", "'send-proxy' is not supported by weir yet"},
        {"server s 127.0.0.1:1 proto h2", "'proto' : 'h2' is not supported by weir yet"},
        {"server s 127.0.0.1:1 proto x", "unknown MUX protocol 'x'"},
        {"server s 127.0.0.1:1 addr 127.0.0.1:5", "an address without a port is expected"},
        {"server s 127.0.0.1:1 on-marked-down x", "expects 'shutdown-sessions' but got 'x'"},
        {"server s 127.0.0.1:1 init-addr x", "unknown init-addr method 'x'"},
        {"server s 127.0.0.1:1 ssl", "verify is enabled by default but no CA file specified"},
        {"server s 127.0.0.1:1 crt /nonexistent.pem", "unable to stat SSL certificate from file"},
        {"default-server nonsense", "'default-server' : unknown keyword 'nonsense'"},
        {"server-template s 0 127.0.0.1:1", "'server-template' : invalid number or range '0'."},
        {"server-template s 5-3 127.0.0.1:1", "invalid number or range '5-3'."},
        {"server-template s x 127.0.0.1:1", "invalid number or range 'x'."},
    };
    (void)state;
    assert_lines_fail("backend b\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_read),
        cmocka_unit_test(templates_make_servers),
        cmocka_unit_test(tls_is_read),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
