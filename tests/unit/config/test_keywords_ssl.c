/* SPDX-License-Identifier: Apache-2.0 */
/* The global section's defaults of TLS: the fields, and what bind and server lines get of them. */
#include "support/config.h"

static void texts_are_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n"
                                                 "    ca-base /ca\n"
                                                 "    crt-base /old\n"
                                                 "    crt-base /crt\n"
                                                 "    ssl-default-bind-ciphers A:B\n"
                                                 "    ssl-default-bind-ciphersuites C\n"
                                                 "    ssl-default-bind-curves D\n"
                                                 "    ssl-default-server-ciphers E\n"
                                                 "    ssl-default-server-ciphersuites F\n"
                                                 "    ssl-default-server-curves G\n"
                                                 "    ssl-server-verify none\n");
    const struct global_settings *global = &test->configuration.global;
    assert_string_equal(global->ca_base, "/ca");
    assert_string_equal(global->crt_base, "/crt");
    assert_string_equal(global->default_bind_ciphers, "A:B");
    assert_string_equal(global->default_bind_ciphersuites, "C");
    assert_string_equal(global->default_bind_curves, "D");
    assert_string_equal(global->default_server_ciphers, "E");
    assert_string_equal(global->default_server_ciphersuites, "F");
    assert_string_equal(global->default_server_curves, "G");
    assert_int_equal(global->server_verify, TLS_VERIFY_NONE);
    test_config_close(test);
}

/* Lines of options, and what they leave. */
struct options_row {
    const char *options;
    enum tls_version least, most;
    bool no_tickets;
};

static void options_are_read(void **state)
{
    static const struct options_row ROWS[] = {
        {"no-sslv3", TLS_VERSION_DEFAULT, TLS_VERSION_DEFAULT, false},
        {"ssl-min-ver TLSv1.0", TLS_VERSION_1_0, TLS_VERSION_DEFAULT, false},
        {"ssl-max-ver TLSv1.2 ssl-min-ver TLSv1.1", TLS_VERSION_1_1, TLS_VERSION_1_2, false},
        {"force-tlsv13", TLS_VERSION_1_3, TLS_VERSION_1_3, false},
        {"no-tlsv12", TLS_VERSION_1_3, TLS_VERSION_DEFAULT, false},
        {"no-tlsv13 no-tls-tickets", TLS_VERSION_DEFAULT, TLS_VERSION_1_2, true},
        {"no-tls-tickets tls-tickets", TLS_VERSION_DEFAULT, TLS_VERSION_DEFAULT, false},
        /* what was excluded by default is not brought back */
        {"no-tlsv10 no-tlsv11", TLS_VERSION_DEFAULT, TLS_VERSION_DEFAULT, false},
        {"ssl-min-ver TLSv1.0 no-tlsv10", TLS_VERSION_1_1, TLS_VERSION_DEFAULT, false},
        {"ssl-max-ver TLSv1.1 no-tlsv13", TLS_VERSION_DEFAULT, TLS_VERSION_1_1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char text[512];
        const struct options_row *row = &ROWS[i];
        snprintf(text, sizeof(text),
                 "global\n    ssl-default-bind-options %s\n    ssl-default-server-options %s\n",
                 row->options, row->options);
        struct test_config *test = test_config_accepted(text);
        const struct global_settings *global = &test->configuration.global;
        enum tls_version by_default = /* that of bind lines is said */
            row->least == TLS_VERSION_DEFAULT ? TLS_VERSION_1_2 : row->least;
        assert_int_equal(global->default_bind_min, by_default);
        assert_int_equal(global->default_bind_max, row->most);
        assert_int_equal(global->default_server_min, row->least);
        assert_int_equal(global->default_server_max, row->most);
        assert_int_equal(global->default_bind_no_tickets, row->no_tickets);
        assert_int_equal(global->default_server_no_tickets, row->no_tickets);
        test_config_close(test);
    }
}

static void options_of_binds_are_read(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid("global\n    ssl-default-bind-options strict-sni\n"
                          "    ssl-default-bind-options prefer-client-ciphers no-tls-tickets\n"
                          "    ssl-default-bind-options no-strict-sni\n");
    const struct global_settings *global = &test->configuration.global;
    assert_false(global->default_bind_strict_sni);
    assert_true(global->default_bind_prefers_client);
    assert_true(global->default_bind_no_tickets);
    test_config_close(test);
}

/* A line that says something itself is not changed. */
static void lines_follow_the_defaults(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    test_config_write("t.pem", ""); /* it is opened when the listener is made */
    enum result result = test_config_load(
        test,
        "global\n    ssl-default-bind-options strict-sni no-tls-tickets ssl-min-ver TLSv1.3\n"
        "    ssl-default-bind-ciphers A\n    ssl-default-server-curves X25519\n"
        "    ssl-default-server-options no-tls-tickets ssl-max-ver TLSv1.2\n" TEST_CONFIG_DEFAULTS
        "frontend f\n    bind :1 ssl crt t.pem\n"
        "    bind :2 ssl crt t.pem no-strict-sni tls-tickets ciphers B ssl-min-ver TLSv1.2\n"
        "backend b\n    server s 127.0.0.1:1 ssl verify none\n"
        "    server t 127.0.0.1:1 ssl verify none tls-tickets ssl-max-ver TLSv1.3 curves P-256\n");
    assert_string_equal(test->messages.data, "");
    assert_int_equal(result, RESULT_OK);
    struct list *binds = &test_config_proxy(test, "f")->binds;
    const struct tls_options *one = &test_config_bind(binds, 0)->tls;
    assert_true(one->strict_sni);
    assert_true(one->no_tickets);
    assert_string_equal(one->ciphers, "A");
    assert_int_equal(one->min_version, TLS_VERSION_1_3);
    const struct tls_options *two = &test_config_bind(binds, 1)->tls;
    assert_false(two->strict_sni);
    assert_false(two->no_tickets);
    assert_string_equal(two->ciphers, "B");
    assert_int_equal(two->min_version, TLS_VERSION_1_2);
    struct proxy_settings *backend = test_config_proxy(test, "b");
    const struct tls_options *s = &test_config_server(backend, 0)->tls;
    assert_true(s->no_tickets);
    assert_int_equal(s->max_version, TLS_VERSION_1_2);
    assert_string_equal(s->curves, "X25519");
    const struct tls_options *t = &test_config_server(backend, 1)->tls;
    assert_false(t->no_tickets);
    assert_int_equal(t->max_version, TLS_VERSION_1_3);
    assert_string_equal(t->curves, "P-256");
    test_config_close(test);
}

static void paths_begin_at_the_bases(void **state)
{
    (void)state;
    assert_fails("global\n    crt-base /nowhere\nfrontend f\n    bind :1 ssl crt a.pem\n",
                 "unable to stat SSL certificate from file '/nowhere/a.pem'");
    assert_fails("global\n    ca-base /nowhere\nbackend b\n"
                 "    server s 127.0.0.1:1 ssl ca-file a.pem\n",
                 "Couldn't open the ca-file '/nowhere/a.pem' (No such file or directory)\n");
}

static void bad_lines_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"ca-base\n", "A parsing [t.cfg:2] : 'ca-base' expects a directory as an argument.\n"},
        {"ca-base /a /b\n",
         "A parsing [t.cfg:2] : 'ca-base' cannot handle unexpected argument '/b'.\n"},
        {"ssl-default-bind-ciphers\n", "A parsing [t.cfg:2] : 'ssl-default-bind-ciphers' expects a "
                                       "cipher suite as an argument.\n"},
        {"ssl-default-bind-curves\n", "A parsing [t.cfg:2] : 'ssl-default-bind-curves' expects a "
                                      "curves suite as an argument.\n"},
        {"ssl-default-server-ciphersuites\n",
         "A parsing [t.cfg:2] : 'ssl-default-server-ciphersuites' expects a cipher suite as an "
         "argument.\n"},
        {"ssl-default-bind-options\n",
         "A parsing [t.cfg:2] : 'ssl-default-bind-options' expects an option as an argument.\n"},
        {"ssl-default-bind-options nope\n", "A parsing [t.cfg:2] : unknown option 'nope' on global "
                                            "statement 'ssl-default-bind-options'.\n"},
        {"ssl-default-bind-options ssl-min-ver\n",
         "A parsing [t.cfg:2] : global statement 'ssl-default-bind-options' : 'ssl-min-ver' : "
         "missing ssl/tls version\n"},
        {"ssl-default-bind-options ssl-min-ver TLSv1.4\n",
         "A parsing [t.cfg:2] : global statement 'ssl-default-bind-options' : 'TLSv1.4' : unknown "
         "ssl/tls version\n"},
        {"ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets nope\n",
         "A parsing [t.cfg:2] : unknown option 'nope' on global statement "
         "'ssl-default-bind-options'.\n"},
        {"ssl-default-bind-options ca-file /a\n",
         "A parsing [t.cfg:2] : unknown option 'ca-file' on global statement "
         "'ssl-default-bind-options'.\n"},
        {"ssl-default-bind-options verify none\n",
         "A parsing [t.cfg:2] : unknown option 'verify' on global statement "
         "'ssl-default-bind-options'.\n"},
        {"ssl-default-server-options strict-sni\n",
         "A parsing [t.cfg:2] : unknown option 'strict-sni' on global statement "
         "'ssl-default-server-options'.\n"},
        {"ssl-default-server-options ssl-max-ver SSLv3\n",
         "A parsing [t.cfg:2] : global statement 'ssl-default-server-options' : 'SSLv3' : unknown "
         "ssl/tls version\n"},
        {"ssl-server-verify\n",
         "A parsing [t.cfg:2] : 'ssl-server-verify' expects 'none' or 'required' as argument.\n"},
        {"ssl-server-verify optional\n",
         "A parsing [t.cfg:2] : 'ssl-server-verify' expects 'none' or 'required' as argument.\n"},
        {"no ssl-server-verify none\n",
         "A parsing [t.cfg:2] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
        {"ssl-dh-param-file /a\n",
         "D parsing [t.cfg:2] : 'ssl-dh-param-file' has no meaning for weir and is passed over.\n"},
        {"ssl-mode-async\n",
         "D parsing [t.cfg:2] : 'ssl-mode-async' has no meaning for weir and is passed over.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("global\n", CASES);
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults("global\n    ca-base /ca\n    ssl-default-bind-ciphers A:B\n"
                       "    ssl-default-bind-options ssl-min-ver TLSv1.2\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(options_of_binds_are_read),
        cmocka_unit_test(lines_follow_the_defaults),
        cmocka_unit_test(paths_begin_at_the_bases),
        cmocka_unit_test(bad_lines_are_refused),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
