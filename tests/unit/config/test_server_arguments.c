/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of server lines: what a line starts from, the field of each, limits, and the messages.
 */
#include "config/arguments.h"
#include "support/config.h"

#define BACKEND "backend b\n    mode http\n    timeout connect 1s\n    timeout server 1s\n"

/* Server 0 of a backend with these arguments. */
static const struct server_settings *find_server(struct test_config *test)
{
    return test_config_server(test_config_proxy(test, "b"), 0);
}

static void a_server_starts_with_defaults(void **state)
{
    (void)state;
    struct server_settings server;
    memset(&server, 0xff, sizeof(server));
    config_init_server(&server);
    assert_int_equal(server.options.weight, 1);
    assert_int_equal(server.options.check_interval_ms, 2000);
    assert_int_equal(server.options.check_fast_interval_ms, 0);
    assert_int_equal(server.options.check_down_interval_ms, 0);
    assert_int_equal(server.options.rise, 2);
    assert_int_equal(server.options.fall, 3);
    assert_int_equal(server.options.error_limit, 10);
    assert_int_equal(server.options.pool_max_connections, UINT32_MAX);
    assert_int_equal(server.options.pool_low_connections, 0);
    assert_int_equal(server.options.pool_purge_delay_ms, 5000);
    assert_int_equal(server.options.max_reuse, UINT32_MAX);
    assert_int_equal(server.options.maxconn, 0);
    assert_int_equal(server.source.family, AF_UNSPEC);
    assert_false(server.options.has_check || server.is_ssl || server.has_verify);
    assert_null(server.options.cookie);
    assert_null(server.sni_text);
}

static void fields_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        BACKEND "    server s 127.0.0.1:1 weight 256 id 7 backup disabled maxconn 8 minconn 9 "
                "maxqueue 10 cookie c slowstart 11 inter 12 fastinter 13s downinter 14m rise 15 "
                "fall 16 error-limit 17 on-marked-down shutdown-sessions pool-max-conn 0 "
                "pool-low-conn 18 pool-purge-delay 19 max-reuse 20 port 65535 addr 127.0.0.2 "
                "source 127.0.0.3 tcp-ut 21s init-addr last,libc,none,10.0.0.1 proto none check\n");
    const struct server_settings *server = find_server(test);
    const struct server_options *options = &server->options;
    assert_int_equal(options->weight, 256);
    assert_int_equal(options->id, 7);
    assert_true(options->is_backup);
    assert_true(options->is_disabled);
    assert_int_equal(options->maxconn, 8);
    assert_int_equal(options->minconn, 9);
    assert_int_equal(options->maxqueue, 10);
    assert_string_equal(options->cookie, "c");
    assert_int_equal(options->slow_start_ms, 11000);
    assert_int_equal(options->check_interval_ms, 12);
    assert_int_equal(options->check_fast_interval_ms, 13000);
    assert_int_equal(options->check_down_interval_ms, 840000);
    assert_int_equal(options->rise, 15);
    assert_int_equal(options->fall, 16);
    assert_int_equal(options->error_limit, 17);
    assert_int_equal(options->on_marked_down, MARKED_DOWN_SHUTDOWN_SESSIONS);
    assert_int_equal(options->pool_max_connections, 0);
    assert_int_equal(options->pool_low_connections, 18);
    assert_int_equal(options->pool_purge_delay_ms, 19);
    assert_int_equal(options->max_reuse, 20);
    assert_true(options->has_check);
    assert_int_equal(server->check_port, 65535);
    assert_int_equal(ntohl(server->check_address.v4.s_addr), INADDR_LOOPBACK + 1);
    assert_int_equal(ntohl(server->source.v4.s_addr), INADDR_LOOPBACK + 2);
    assert_int_equal(server->tcp_user_timeout_ms, 21000);
    assert_string_equal(server->initial_addresses, "last,libc,none,10.0.0.1");
    test_config_close(test);
}

/* A later word takes back what an earlier one or default-server says. */
static void words_are_taken_back(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        BACKEND "    default-server backup disabled check check-ssl ssl verify none weight 5 "
                "pool-max-conn 3 max-reuse 4\n"
                "    server s 127.0.0.1:1 no-backup enabled no-check no-check-ssl no-ssl weight 0 "
                "pool-max-conn -1 max-reuse -1\n"
                "    server t 127.0.0.1:1 non-backup\n");
    const struct server_settings *server = find_server(test);
    assert_false(server->options.is_backup || server->options.is_disabled);
    assert_false(server->options.has_check || server->check_ssl || server->is_ssl);
    assert_int_equal(server->options.weight, 0);
    assert_int_equal(server->options.pool_max_connections, UINT32_MAX);
    assert_int_equal(server->options.max_reuse, UINT32_MAX);
    const struct server_settings *other = test_config_server(test_config_proxy(test, "b"), 1);
    assert_false(other->options.is_backup);
    assert_true(other->options.is_disabled && other->options.has_check && other->is_ssl);
    assert_int_equal(other->options.weight, 5);
    test_config_close(test);
}

static void certificates_and_names_are_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        BACKEND "    server s 127.0.0.1:1 ssl verify none crt t.cfg sni str(a.example)\n");
    const struct server_settings *server = find_server(test);
    assert_int_equal(server->tls.certificates_count, 1);
    assert_string_equal(server->tls.certificates[0], "t.cfg");
    assert_string_equal(server->sni_text, "str(a.example)");
    assert_non_null(server->sni);
    test_config_close(test);
}

static void bad_numbers_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"server s 127.0.0.1:1 weight x\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'weight' expects an integer argument (got 'x')\n"},
        {"server s 127.0.0.1:1 weight 257\n",
         "A parsing [t.cfg:5] : 'server b/s' : weight of server is not within 0 and 256 (257)\n"},
        {"server s 127.0.0.1:1 id 0\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'id' has to be > 0\n"},
        {"server s 127.0.0.1:1 id 3\n"
         "server t 127.0.0.1:1 id 3\n",
         "A parsing [t.cfg:6] : 'server b/t' : 'id' : custom id 3 already used at t.cfg:5 ('server "
         "s')\n"},
        {"server s 127.0.0.1:1 maxconn -1\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'maxconn' expects an integer argument (got '-1')\n"},
        {"server s 127.0.0.1:1 maxconn 2147483648\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'maxconn' expects a numeric value between 0 and "
         "2147483647 (got '2147483648')\n"},
        {"server s 127.0.0.1:1 slowstart x\n",
         "A parsing [t.cfg:5] : 'server b/s' : unexpected character 'x' in 'slowstart'\n"},
        {"server s 127.0.0.1:1 inter 0\n",
         "A parsing [t.cfg:5] : 'server b/s' : invalid value 0 for argument 'inter'\n"},
        {"server s 127.0.0.1:1 rise 0\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'rise' has to be > 0\n"},
        {"server s 127.0.0.1:1 fall x\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'fall' expects an integer argument (got 'x')\n"},
        {"server s 127.0.0.1:1 error-limit 0\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'error-limit' has to be > 0\n"},
        {"server s 127.0.0.1:1 pool-max-conn -2\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'pool-max-conn' must be >= -1\n"},
        {"server s 127.0.0.1:1 max-reuse x\n", "A parsing [t.cfg:5] : 'server b/s' : 'max-reuse' "
                                               "expects an integer argument (got 'x')\n"},
        {"server s 127.0.0.1:1 port 65536\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'port' expects a numeric value between 0 and 65535 "
         "(got '65536')\n"},
        {"server s 127.0.0.1:1 tcp-ut x\n",
         "A parsing [t.cfg:5] : 'server b/s' : unexpected character 'x' in 'tcp-ut'\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}
static void bad_words_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"server s 127.0.0.1:1 on-marked-down x\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'on-marked-down' expects 'shutdown-sessions' but "
         "got 'x'\n"},
        {"server s 127.0.0.1:1 addr 127.0.0.1:80\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'addr' : an address without a port is expected (got "
         "'127.0.0.1:80')\n"},
        {"server s 127.0.0.1:1 addr fd@3\n", "A parsing [t.cfg:5] : 'server b/s' : 'addr' : an "
                                             "address without a port is expected (got 'fd@3')\n"},
        {"server s 127.0.0.1:1 source x:y:z\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'source x:y:z' : invalid port 'z'\n"},
        {"server s 127.0.0.1:1 crt /nope\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'crt' : unable to stat SSL certificate from file "
         "'/nope' : No such file or directory\n"},
        {"server s 127.0.0.1:1 proto h2\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'proto' : 'h2' is not supported by weir yet\n"},
        {"server s 127.0.0.1:1 proto c\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'proto' :  unknown MUX protocol 'c'\n"},
        {"server s 127.0.0.1:1 proto x\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'proto' :  unknown MUX protocol 'x'\n"},
        {"server s 127.0.0.1:1 init-addr last,dns\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'init-addr' : unknown init-addr method 'dns', only "
         "'libc', 'last', 'none', or an IP address are supported\n"},
        {"server s 127.0.0.1:1 init-addr 10.0.0.1.2\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'init-addr' : unknown init-addr method "
         "'10.0.0.1.2', only 'libc', 'last', 'none', or an IP address are supported\n"},
        {"server s 127.0.0.1:1 verifyhost\n", "A parsing [t.cfg:5] : 'server b/s' : 'verifyhost' : "
                                              "missing hostname to verify against\n"},
        {"server s 127.0.0.1:1 strict-sni\n",
         "A parsing [t.cfg:5] : 'server b/s' : unknown keyword 'strict-sni'\n"},
        {"server s 127.0.0.1:1 wieght 1\n", "A parsing [t.cfg:5] : 'server b/s' : unknown keyword "
                                            "'wieght'; did you mean 'weight' maybe ?\n"},
        {"server s 127.0.0.1:1 send-proxy\n",
         "A parsing [t.cfg:5] : 'server b/s' : 'send-proxy' is not supported by weir yet\n"},
        {"default-server id 0\n", "A parsing [t.cfg:5] : 'default-server' : 'id' has to be > 0\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}
static void what_weir_does_not_have_is_passed_over(void **state)
{
    static const struct test_config_case CASES[] = {
        {"server s 127.0.0.1:1 no-send-proxy no-tfo no-agent-check proto h1\n", ""},
        {"server s 127.0.0.1:1 tfo\n",
         "D parsing [t.cfg:5] : 'tfo' has no meaning for weir and is passed over.\n"},
        {"server s 127.0.0.1:1 shard 2 guid x stick\n",
         "D parsing [t.cfg:5] : 'shard' has no meaning for weir and is passed over.\n"
         "D parsing [t.cfg:5] : 'guid' has no meaning for weir and is passed over.\n"
         "D parsing [t.cfg:5] : 'stick' has no meaning for weir and is passed over.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}

/* Every row that takes a value says so when there is none. */
static void missing_values_are_told(void **state)
{
    (void)state;
    for (const struct server_argument *row = SERVER_ARGUMENTS; row->name != NULL; row++) {
        char text[512];
        char message[512];
        if (row->missing == NULL) {
            continue;
        }
        snprintf(text, sizeof(text), BACKEND "    server s 127.0.0.1:1 %s\n", row->name);
        snprintf(message, sizeof(message), "A parsing [t.cfg:5] : 'server b/s' : '%s' %s\n",
                 row->name, row->missing);
        assert_fails(text, message);
    }
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults(BACKEND "    server t 127.0.0.1:2 check\n"
                               "    server s 127.0.0.1:1 cookie c track b/t init-addr none\n"
                               "    server u 127.0.0.1:1 ssl verify none crt t.cfg sni str(a)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_starts_with_defaults),
        cmocka_unit_test(fields_are_set),
        cmocka_unit_test(words_are_taken_back),
        cmocka_unit_test(certificates_and_names_are_read),
        cmocka_unit_test(bad_numbers_are_refused),
        cmocka_unit_test(bad_words_are_refused),
        cmocka_unit_test(what_weir_does_not_have_is_passed_over),
        cmocka_unit_test(missing_values_are_told),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
