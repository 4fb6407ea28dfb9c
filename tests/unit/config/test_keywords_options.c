/* SPDX-License-Identifier: Apache-2.0 */
/* Options of proxies: bits set and taken back, the connection modes, forwardfor, redispatch. */
#include <sys/socket.h>

#include "support/config.h"

static void options_are_bits(void **state)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } ROWS[] = {
        {"abortonclose", OPTION_ABORTONCLOSE},
        {"clitcpka", OPTION_TCPKA_CLIENT},
        {"dontlog-normal", OPTION_DONTLOG_NORMAL},
        {"dontlognull", OPTION_DONTLOGNULL},
        {"http-buffer-request", OPTION_HTTP_BUFFER_REQUEST},
        {"http-ignore-probes", OPTION_HTTP_IGNORE_PROBES},
        {"log-health-checks", OPTION_LOG_HEALTH_CHECKS},
        {"log-separate-errors", OPTION_LOG_SEPARATE_ERRORS},
        {"logasap", OPTION_LOGASAP},
        {"persist", OPTION_PERSIST},
        {"srvtcpka", OPTION_TCPKA_SERVER},
        {"tcpka", OPTION_TCPKA_CLIENT | OPTION_TCPKA_SERVER},
        {"http-server-close", OPTION_HTTP_SERVER_CLOSE},
        {"httpclose", OPTION_HTTPCLOSE},
        {"redispatch", OPTION_REDISPATCH},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "defaults\nmode http\ntimeout client 1s\ntimeout server 1s\ntimeout connect 1s\n"
                 "listen on\nbind :1\noption %s\nlisten off\nbind :2\noption %s\nno option %s\n",
                 ROWS[i].name, ROWS[i].name, ROWS[i].name);
        struct test_config *test = test_config_accepted(text);
        assert_int_equal(test_config_proxy(test, "on")->options & ROWS[i].bit, ROWS[i].bit);
        assert_int_equal(test_config_proxy(test, "off")->options & ROWS[i].bit, 0);
        test_config_close(test);
    }
}

static void the_last_connection_mode_stays(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "backend a\nmode http\noption httpclose\noption http-server-close\n"
        "backend b\nmode http\noption httpclose\nno option httpclose\n"
        "backend c\nmode http\noption httpclose\nno option http-server-close\n");
    const uint32_t modes = OPTION_HTTPCLOSE | OPTION_HTTP_SERVER_CLOSE | OPTION_HTTP_KEEP_ALIVE;
    assert_int_equal(test_config_proxy(test, "a")->options & modes, OPTION_HTTP_SERVER_CLOSE);
    assert_int_equal(test_config_proxy(test, "b")->options & modes, OPTION_HTTP_KEEP_ALIVE);
    assert_int_equal(test_config_proxy(test, "c")->options & modes, OPTION_HTTPCLOSE);
    test_config_close(test);
}

static void forward_headers_have_words(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "backend a\nmode http\noption forwardfor except 10.0.0.0/8 header X-C "
        "if-none\noption originalto except 10.1.0.0/255.255.0.0\n"
        "backend b\nmode http\noption forwardfor except ::1\nbackend c\nmode http\n");
    const struct proxy_settings *a = test_config_proxy(test, "a");
    assert_true(a->forwardfor.is_enabled);
    assert_true(a->forwardfor.if_none);
    assert_string_equal(a->forwardfor.header, "X-C");
    assert_int_equal(a->forwardfor.except_net.family, AF_INET);
    assert_int_equal(a->forwardfor.except_bits, 8);
    assert_true(a->originalto.is_enabled);
    assert_string_equal(a->originalto.header, "X-Original-To");
    assert_int_equal(a->originalto.except_bits, 16);
    const struct proxy_settings *b = test_config_proxy(test, "b");
    assert_string_equal(b->forwardfor.header, "X-Forwarded-For");
    assert_int_equal(b->forwardfor.except_net.family, AF_INET6);
    assert_int_equal(b->forwardfor.except_bits, 128);
    assert_false(test_config_proxy(test, "c")->forwardfor.is_enabled);
    test_config_close(test);
}

static void redispatch_and_backups(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("backend a\noption redispatch 3\noption allbackups\n"
                             "backend b\noption redispatch\n");
    assert_int_equal(test_config_proxy(test, "a")->redispatch_interval, 3);
    assert_true(test_config_proxy(test, "a")->balance.all_backups);
    assert_int_equal(test_config_proxy(test, "b")->redispatch_interval, -1);
    assert_false(test_config_proxy(test, "b")->balance.all_backups);
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"option redispatch x", "'option redispatch' expects an integer argument (got 'x')."},
        {"option forwardfor except x", "'option forwardfor except' expects <address>[/mask]"},
        {"option forwardfor except 10.0.0.0/33", "expects <address>[/mask] as argument."},
        {"option forwardfor except 10.0.0.0/255.0.255.0", "expects <address>[/mask]"},
        {"option forwardfor header", "'option forwardfor header' expects <header_name>"},
        {"option forwardfor nope", "only supports optional values: 'except', 'header' and"},
        {"option originalto if-none", "only supports optional values: 'except' and 'header'."},
        {"option nonsense", "nonsense"},
    };
    (void)state;
    assert_lines_fail("backend b\nmode http\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_bits),
        cmocka_unit_test(the_last_connection_mode_stays),
        cmocka_unit_test(forward_headers_have_words),
        cmocka_unit_test(redispatch_and_backups),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
