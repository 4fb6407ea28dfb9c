/* SPDX-License-Identifier: Apache-2.0 */
/* What is doubtful in a whole proxy: what TCP mode ignores, what is missing, health checks. */
#include "rules/log_format.h"
#include "support/config.h"

static void tcp_frontends_ignore_http(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend f\n"
         "    bind :1\n"
         "    timeout client 1s\n"
         "    log 127.0.0.1 local0\n"
         "    option httplog\n"
         "    monitor-uri /x\n"
         "    stats enable\n"
         "    http-request deny\n"
         "    redirect location /\n"
         "    option forwardfor\n"
         "    option originalto\n",
         "W monitor-uri will be ignored for frontend 'f' (needs 'mode http').\n"
         "W 'stats' statement ignored for frontend 'f' as it requires HTTP mode.\n"
         "W 'http-request' rules ignored for frontend 'f' as they require HTTP mode.\n"
         "W 'redirect' rules ignored for frontend 'f' as they require HTTP mode.\n"
         "W 'option forwardfor' ignored for frontend 'f' as it requires HTTP mode.\n"
         "W 'option originalto' ignored for frontend 'f' as it requires HTTP mode.\n"
         "W parsing [t.cfg:5] : 'option httplog' not usable with frontend 'f' (needs 'mode http'). "
         "Falling back to 'option tcplog'.\n"},
        {"frontend f\n"
         "    bind :1\n"
         "    timeout client 1s\n"
         "    log 127.0.0.1 local0\n"
         "    option tcplog\n"
         "    http-response deny\n"
         "    http-after-response set-status 200\n",
         "W 'http-response' rules ignored for frontend 'f' as they require HTTP mode.\n"
         "W 'http-after-response' rules ignored for frontend 'f' as they require HTTP mode.\n"},
        {"frontend f\n"
         "    mode http\n"
         "    bind :1\n"
         "    timeout client 1s\n"
         "    log 127.0.0.1 local0\n"
         "    option httplog\n"
         "    monitor-uri /x\n"
         "    stats enable\n"
         "    http-request deny\n"
         "    option forwardfor\n",
         ""},
        {"defaults\n"
         "    timeout client 1s\n"
         "    option httplog\n"
         "    log 127.0.0.1 local0\n"
         "frontend f\n"
         "    bind :1\n"
         "    disabled\n",
         ""},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void tcp_backends_ignore_http(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    balance uri\n"
         "    cookie S insert\n"
         "    timeout connect 1s\n"
         "    timeout server 1s\n"
         "    server s 127.0.0.1:1 cookie x\n"
         "    server t 127.0.0.1:1\n",
         "W Layer 7 hash not possible for backend 'b' (needs 'mode http'). Falling back to round "
         "robin.\n"
         "W cookie will be ignored for backend 'b' (needs 'mode http').\n"
         "W backend 'b' : ignoring cookie for server 's' as HTTP mode is disabled.\n"},
        {"backend b\n"
         "    balance url_param a\n",
         "W Layer 7 hash not possible for backend 'b' (needs 'mode http'). Falling back to round "
         "robin.\n"},
        {"backend b\n"
         "    balance hdr(a)\n"
         "    monitor-uri /x\n",
         "W parsing [t.cfg:3] : 'monitor-uri' ignored because backend 'b' has no frontend "
         "capability.\n"
         "W Layer 7 hash not possible for backend 'b' (needs 'mode http'). Falling back to round "
         "robin.\n"},
        {"backend b\n"
         "    balance source\n",
         ""},
        {"listen l\n"
         "    bind :1\n"
         "    balance uri\n"
         "    timeout client 1s\n"
         "    cookie S\n",
         "W Layer 7 hash not possible for proxy 'l' (needs 'mode http'). Falling back to round "
         "robin.\n"
         "W cookie will be ignored for proxy 'l' (needs 'mode http').\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void what_is_missing_is_told(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend f\n"
         "    mode http\n",
         "W frontend 'f' has no 'bind' directive. Please declare it as a backend if this was "
         "intended.\n"
         "W missing timeouts for frontend 'f'.\n"
         "   | While not properly invalid, you will certainly encounter various problems\n"
         "   | with such a configuration. To fix this, please ensure that all following\n"
         "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.\n"},
        {"listen l\n"
         "    timeout client 1s\n",
         "W proxy 'l' has no 'bind' directive. Please declare it as a backend if this was "
         "intended.\n"},
        {"backend b\n", ""},
        {"backend b\n"
         "    server s 127.0.0.1:1\n",
         "W missing timeouts for backend 'b'.\n"
         "   | While not properly invalid, you will certainly encounter various problems\n"
         "   | with such a configuration. To fix this, please ensure that all following\n"
         "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.\n"},
        {"backend b\n"
         "    timeout connect 1s\n"
         "    timeout tunnel 1s\n"
         "    server t 127.0.0.1:1\n",
         ""},
        {"backend b\n"
         "    mode http\n"
         "    timeout connect 1s\n"
         "    timeout tunnel 1s\n"
         "    server t 127.0.0.1:1\n",
         "W missing timeouts for backend 'b'.\n"
         "   | While not properly invalid, you will certainly encounter various problems\n"
         "   | with such a configuration. To fix this, please ensure that all following\n"
         "   | timeouts are set to a non-zero value: 'client', 'connect', 'server'.\n"},
        {"frontend f\n"
         "    mode http\n"
         "    bind :1\n"
         "    timeout client 1s\n"
         "    option httplog\n",
         "W log format ignored for frontend 'f' since it has no log address.\n"},
        {"global\n"
         "    log 127.0.0.1 local0\n"
         "frontend f\n"
         "    mode http\n"
         "    bind :1\n"
         "    timeout client 1s\n"
         "    log global\n"
         "    option httplog\n",
         ""},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void checks_need_a_port(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    timeout connect 1s\n"
         "    timeout server 1s\n"
         "    server s 127.0.0.1 check\n"
         "    server t ::1 check\n",
         "A parsing [t.cfg:5] : 'server b/t' : could not resolve address ':'\n"},
        {"backend b\n"
         "    timeout connect 1s\n"
         "    timeout server 1s\n"
         "    server s 0.0.0.0:0 check\n"
         "    server t :::0 check\n"
         "    server u /s check\n"
         "    server w 127.0.0.1 check port 5\n"
         "    server x 127.0.0.1\n",
         ""},
        {"backend b\n"
         "    timeout connect 1s\n"
         "    timeout server 1s\n"
         "    server v 127.0.0.1:+5 check\n",
         "A parsing [t.cfg:4] : proxy 'b': server 'v' has neither service port nor check port.\n"},
        {"backend b\n"
         "    timeout connect 1s\n"
         "    timeout server 1s\n"
         "    server t 127.0.0.1:1 check\n"
         "    server s 127.0.0.1:1 check track t\n",
         "A parsing [t.cfg:5] : 'server b/s' : unable to enable checks and tracking at the same "
         "time!\n"},
        {"backend b\n"
         "    mode http\n"
         "    http-check expect status 200\n",
         "W backend 'b' uses http-check rules without 'option httpchk', so the rules are "
         "ignored.\n"},
        {"backend b\n"
         "    mode http\n"
         "    option httpchk\n"
         "    http-check expect status 200\n",
         ""},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

/* What is ignored is switched off, not only told. */
static void what_is_ignored_is_off(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("listen l\n    bind :1\n    timeout client 1s\n    timeout server 1s\n"
                             "    timeout connect 1s\n    log 127.0.0.1 local0\n"
                             "    option httplog\n    monitor-uri /x\n    stats enable\n"
                             "    option forwardfor\n    option originalto\n    balance uri\n"
                             "    cookie S\n    server s 127.0.0.1:1 cookie x\n");
    struct proxy_settings *proxy = test_config_proxy(test, "l");
    assert_int_equal(test->warnings, 8);
    assert_null(proxy->monitor_uri);
    assert_null(proxy->cookie);
    assert_null(test_config_server(proxy, 0)->options.cookie);
    assert_false(proxy->statistics.is_enabled);
    assert_false(proxy->forwardfor.is_enabled);
    assert_false(proxy->originalto.is_enabled);
    assert_int_equal(proxy->balance.algorithm, BALANCE_ROUND_ROBIN);
    assert_null(proxy->balance_key);
    assert_ptr_equal(proxy->log_format_text, LOG_FORMAT_TCP);
    test_config_close(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_frontends_ignore_http), cmocka_unit_test(tcp_backends_ignore_http),
        cmocka_unit_test(what_is_missing_is_told),   cmocka_unit_test(checks_need_a_port),
        cmocka_unit_test(what_is_ignored_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
