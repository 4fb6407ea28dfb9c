/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration's defaults, and its release however much of it there is. */
#include "support/config.h"

static void it_starts_with_defaults(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    const struct global_settings *global = &test->configuration.global;
    assert_int_equal(global->bufsize, 16384);
    assert_int_equal(global->bufsize_large, 0);
    assert_int_equal(global->maxrewrite, 1024);
    assert_int_equal(global->fields_max, 101);
    assert_int_equal(global->cookie_bytes_max, 63);
    assert_int_equal(global->uri_log_bytes_max, 1024);
    assert_int_equal(global->stats_timeout_ms, 10000);
    assert_int_equal(global->stats_maxconn, 10);
    assert_int_equal(global->maxconn, 0);
    assert_true(global->strict_limits);
    assert_int_equal(global->default_bind_min, TLS_VERSION_1_2);
    assert_int_equal(global->default_bind_max, TLS_VERSION_DEFAULT);
    assert_int_equal(global->server_verify, TLS_VERIFY_REQUIRED);
    assert_int_equal(global->unix_bind.uid, (uid_t)-1);
    assert_int_equal(global->unix_bind.gid, (gid_t)-1);
    assert_true(list_is_empty(&global->logs) && list_is_empty(&global->stats_sockets));
    assert_true(list_is_empty(&test->configuration.proxies));
    assert_true(list_is_empty(&test->configuration.defaults));
    assert_non_null(test->configuration.patterns);
    assert_non_null(test->configuration.variables);
    assert_non_null(test->configuration.userlists);
    assert_non_null(test->configuration.error_sections);
    assert_ptr_equal(test->configuration.account, &test->account);
    assert_int_equal(test->configuration.warnings, 0);
    test_config_close(test);
}

/* Something of everything that is released in its own way. */
static const char EVERYTHING[] =
    "global\n    log 127.0.0.1 local0\n    stats socket /tmp/none\n    set-var proc.a str(x)\n"
    "defaults d\n    mode http\n    timeout client 1s\n    timeout server 1s\n"
    "    timeout connect 1s\n    http-request set-header a %[path]\n    errorloc 503 /a\n"
    "    acl a path /x\n"
    "frontend f from d\n    bind :1\n    capture request header Host len 5\n"
    "    capture cookie c len 5\n    acl b hdr(host) -i a b c\n"
    "    tcp-request connection reject if FALSE\n    tcp-request session accept\n"
    "    tcp-request content accept\n    redirect location / if b\n    use_backend b if b\n"
    "    http-after-response set-header c d\n    declare capture response len 5\n"
    "defaults\n    mode http\n    timeout server 1s\n    timeout connect 1s\n"
    "backend b\n    server s 127.0.0.1:1 check\n    tcp-response content accept\n"
    "    http-response set-var(txn.a) str(b)\n    stats enable\n    stats http-request deny if "
    "TRUE\n"
    "    balance hdr(host)\n    cookie S insert\n"
    "userlist u\n    user a insecure-password b groups g\n    group g\n"
    "http-errors e\n    errorfile 503 /dev/null\n";

static void everything_is_released(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(EVERYTHING);
    size_t used = test->account.used;
    assert_true(used > 0);
    configuration_destroy(&test->configuration);
    assert_int_equal(test->account.used, 0);
    configuration_init(&test->configuration, &test->account);
    test_config_close(test);
}

/* The tables of an empty configuration: without any of them nothing is read, and it is said. */
static void refused_tables_are_told(void **state)
{
    (void)state;
    bool is_done = false;
    uint64_t nth = 0;
    while (!is_done) {
        struct test_config *test = test_config_open();
        configuration_destroy(&test->configuration);
        fault_fail_nth(test->memory, ++nth, 0);
        configuration_init(&test->configuration, &test->account);
        is_done = fault_failed(test->memory) == 0;
        fault_fail_nth(test->memory, 0, 0);
        assert_int_equal(test_config_load(test, "nonsense\n"),
                         is_done ? RESULT_INVALID : RESULT_NO_MEMORY);
        if (!is_done) {
            assert_string_equal(test->messages.data, "A out of memory.\n");
        }
        test_config_close(test);
    }
    assert_true(nth > 4);
}

/* Each allocation of a whole configuration. The pages' block need not shrink. */
static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults_but(EVERYTHING, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_starts_with_defaults),
        cmocka_unit_test(everything_is_released),
        cmocka_unit_test(refused_tables_are_told),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
