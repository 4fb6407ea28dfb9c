/* SPDX-License-Identifier: Apache-2.0 */
/* Performance tuning of the global section: the field of each line, its limits, and the messages.
 */
#include "rules/variable.h"
#include "support/config.h"

static void fields_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n"
                                                 "    maxconn 1000\n"
                                                 "    maxconnrate 11\n"
                                                 "    maxsessrate 12\n"
                                                 "    maxpipes 13\n"
                                                 "    tune.bufsize 32k\n"
                                                 "    tune.bufsize.large 1m\n"
                                                 "    tune.maxrewrite 2048\n"
                                                 "    tune.buffers.limit 14\n"
                                                 "    tune.buffers.reserve 15\n"
                                                 "    tune.http.maxhdr 16\n"
                                                 "    tune.http.cookielen 17\n"
                                                 "    tune.http.logurilen 18\n"
                                                 "    tune.maxaccept 19\n"
                                                 "    tune.fail-alloc 20\n");
    const struct global_settings *global = &test->configuration.global;
    assert_int_equal(global->maxconn, 1000);
    assert_int_equal(global->rate_connections, 11);
    assert_int_equal(global->rate_sessions, 12);
    assert_int_equal(global->maxpipes, 13);
    assert_int_equal(global->bufsize, 32768);
    assert_int_equal(global->bufsize_large, 1048576);
    assert_int_equal(global->maxrewrite, 2048);
    assert_int_equal(global->buffers_limit, 14);
    assert_int_equal(global->buffers_reserve, 15);
    assert_int_equal(global->fields_max, 16);
    assert_int_equal(global->cookie_bytes_max, 17);
    assert_int_equal(global->uri_log_bytes_max, 18);
    assert_int_equal(global->max_accept, 19);
    assert_int_equal(global->memory.fail_percent, 20);
    test_config_close(test);
}

static void limits_of_variables_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n"
                                                 "    tune.vars.global-max-size 1\n"
                                                 "    tune.vars.proc-max-size 2k\n"
                                                 "    tune.vars.sess-max-size 3\n"
                                                 "    tune.vars.txn-max-size 4\n"
                                                 "    tune.vars.reqres-max-size 5m\n"
                                                 "    tune.vars.check-max-size 0\n");
    const struct variable_limits *limits = variable_names_limits(test->configuration.variables);
    assert_int_equal(limits->global_bytes_max, 1);
    assert_int_equal(limits->process_bytes_max, 2048);
    assert_int_equal(limits->session_bytes_max, 3);
    assert_int_equal(limits->transaction_bytes_max, 4);
    assert_int_equal(limits->exchange_bytes_max, 5242880);
    assert_int_equal(limits->check_bytes_max, 0);
    test_config_close(test);
}

static void limits_are_included(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n    maxconn 2147483647\n"
                                                 "    tune.bufsize 2k\n    tune.maxrewrite 0\n"
                                                 "    tune.http.maxhdr 32767\n"
                                                 "    tune.http.logurilen 65535\n"
                                                 "    tune.fail-alloc 100\n");
    const struct global_settings *global = &test->configuration.global;
    assert_int_equal(global->maxconn, INT32_MAX);
    assert_int_equal(global->bufsize, 2048);
    assert_int_equal(global->maxrewrite, 0);
    assert_int_equal(global->fields_max, INT16_MAX);
    assert_int_equal(global->uri_log_bytes_max, UINT16_MAX);
    assert_int_equal(global->memory.fail_percent, 100);
    test_config_close(test);
    assert_loads("global\n    tune.bufsize 64m\n");
}

static void bad_lines_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"maxconn\n", "A parsing [t.cfg:2] : 'maxconn' expects an integer argument.\n"},
        {"maxconn x\n", "A parsing [t.cfg:2] : 'maxconn' expects an integer argument (got 'x').\n"},
        {"maxconn -1\n",
         "A parsing [t.cfg:2] : 'maxconn' expects an integer argument (got '-1').\n"},
        {"maxconn 2147483648\n", "A parsing [t.cfg:2] : 'maxconn' expects a numeric value between "
                                 "0 and 2147483647 (got '2147483648').\n"},
        {"maxconn 1 2\n",
         "A parsing [t.cfg:2] : 'maxconn' cannot handle unexpected argument '2'.\n"},
        {"tune.bufsize\n", "A parsing [t.cfg:2] : 'tune.bufsize' expects an integer argument.\n"},
        {"tune.bufsize 2047\n", "A parsing [t.cfg:2] : 'tune.bufsize' expects a size between 2048 "
                                "and 67108864 (got '2047').\n"},
        {"tune.bufsize 67108865\n", "A parsing [t.cfg:2] : 'tune.bufsize' expects a size between "
                                    "2048 and 67108864 (got '67108865').\n"},
        {"tune.bufsize 1g\n", "A parsing [t.cfg:2] : 'tune.bufsize' expects a size between 2048 "
                              "and 67108864 (got '1g').\n"},
        {"tune.bufsize x\n", "A parsing [t.cfg:2] : unexpected character 'x' in 'tune.bufsize'\n"},
        {"tune.bufsize 99999999999999999999\n", "A parsing [t.cfg:2] : size overflow in argument "
                                                "'99999999999999999999' to 'tune.bufsize'\n"},
        {"tune.maxrewrite -1\n",
         "A parsing [t.cfg:2] : unexpected character '-' in 'tune.maxrewrite'\n"},
        {"tune.http.maxhdr 0\n",
         "A parsing [t.cfg:2] : 'tune.http.maxhdr' expects a numeric value between 1 and 32767\n"},
        {"tune.http.maxhdr 32768\n",
         "A parsing [t.cfg:2] : 'tune.http.maxhdr' expects a numeric value between 1 and 32767\n"},
        {"tune.http.maxhdr x\n",
         "A parsing [t.cfg:2] : 'tune.http.maxhdr' expects a numeric value between 1 and 32767\n"},
        {"tune.http.cookielen 65536\n", "A parsing [t.cfg:2] : 'tune.http.cookielen' expects a "
                                        "numeric value between 0 and 65535 (got '65536').\n"},
        {"tune.fail-alloc 101\n", "A parsing [t.cfg:2] : 'tune.fail-alloc' expects a numeric value "
                                  "between 0 and 100 (got '101').\n"},
        {"tune.fail-alloc x\n",
         "A parsing [t.cfg:2] : 'tune.fail-alloc' expects an integer argument (got 'x').\n"},
        {"tune.fail-alloc\n",
         "A parsing [t.cfg:2] : 'tune.fail-alloc' expects a numeric value between 0 and 100.\n"},
        {"tune.vars.global-max-size\n",
         "A parsing [t.cfg:2] : 'tune.vars.global-max-size' expects a size argument.\n"},
        {"tune.vars.txn-max-size x\n",
         "A parsing [t.cfg:2] : unexpected character 'x' in 'tune.vars.txn-max-size'\n"},
        {"no tune.bufsize\n",
         "A parsing [t.cfg:2] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
        {"tune.nope 1\n",
         "A parsing [t.cfg:2] : unknown keyword 'tune.nope' in 'global' section\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("global\n", CASES);
}
static void what_weir_does_not_have_is_passed_over(void **state)
{
    static const struct test_config_case CASES[] = {
        {"noepoll\n",
         "D parsing [t.cfg:2] : 'noepoll' has no meaning for weir and is passed over.\n"},
        {"no noepoll\n",
         "D parsing [t.cfg:2] : 'noepoll' has no meaning for weir and is passed over.\n"},
        {"max-spread-checks 5\n",
         "D parsing [t.cfg:2] : 'max-spread-checks' has no meaning for weir and is passed over.\n"},
        {"tune.h2.header-table-size 5\n", "D parsing [t.cfg:2] : 'tune.h2.header-table-size' has "
                                          "no meaning for weir and is passed over.\n"},
        {"backend b\n"
         "    nopoll\n",
         "A parsing [t.cfg:3] : unknown keyword 'nopoll' in 'backend' section\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("global\n", CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set),
        cmocka_unit_test(limits_of_variables_are_set),
        cmocka_unit_test(limits_are_included),
        cmocka_unit_test(bad_lines_are_refused),
        cmocka_unit_test(what_weir_does_not_have_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
