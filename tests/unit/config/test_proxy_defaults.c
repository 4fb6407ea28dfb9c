/* SPDX-License-Identifier: Apache-2.0 */
/* What a proxy begins with, and what it takes from its defaults section. */
#include "support/config.h"

static void test_own_defaults(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("backend b\n");
    const struct proxy_settings *proxy = test_config_proxy(test, "b");
    assert_int_equal(proxy->mode, PROXY_MODE_TCP);
    assert_int_equal(proxy->retries, 3);
    assert_int_equal(proxy->retry_on, RETRY_CONN_FAILURE);
    assert_int_equal(proxy->redispatch_interval, -1);
    assert_int_equal(proxy->options, OPTION_HTTP_KEEP_ALIVE);
    assert_int_equal(proxy->balance.algorithm, BALANCE_ROUND_ROBIN);
    assert_int_equal(proxy->balance.random_draws, 2);
    assert_int_equal(proxy->reuse, HTTP_REUSE_SAFE);
    assert_string_equal(proxy->statistics.uri, "/haproxy?stats");
    assert_string_equal(proxy->forwardfor.header, "X-Forwarded-For");
    assert_false(proxy->forwardfor.is_enabled);
    assert_null(proxy->defaults);
    assert_non_null(proxy->acls);
    assert_non_null(proxy->errors);
    assert_int_equal(proxy->default_server->options.check_interval_ms, 2000);
    test_config_close(test);
}

static void test_inheritance(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        TEST_CONFIG_DEFAULTS
        "    log 127.0.0.1 local0\n    log global\n    stats auth a:b\n    stats scope .\n"
        "    option httpclose\n    option forwardfor header X-Me\n    retries 7\n"
        "    balance hash src\n    default-server weight 5 check\n    cookie S insert\n"
        "    maxconn 9\n    unique-id-format x\n    http-check expect status 200\n"
        "    option httpchk /health\n"
        "listen one\n    bind :80\n    server s 127.0.0.1:80\n    no log\n"
        "listen two\n    bind :81\n    server s 127.0.0.1:80\n    log 127.0.0.2 local1\n"
        "    stats auth c:d\n    balance roundrobin\n    default-server weight 6\n"
        "    server t 127.0.0.1:80\n");
    struct proxy_settings *one = test_config_proxy(test, "one");
    struct proxy_settings *two = test_config_proxy(test, "two");
    assert_true(list_is_empty(&one->logs));
    assert_false(one->log_global);
    assert_true(two->log_global);
    const struct log_settings *second =
        container_of(test_config_member(&two->logs, 1), struct log_settings, link);
    assert_int_equal(second->sink.facility, 17);
    const struct statistics_user *user =
        container_of(test_config_member(&two->statistics.users, 1), struct statistics_user, link);
    assert_string_equal(user->user, "c");
    assert_ptr_equal(test_config_member(&one->statistics.users, 0)->next, &one->statistics.users);
    assert_false(list_is_empty(&two->statistics.scopes));
    assert_int_equal(one->options, OPTION_HTTPCLOSE);
    assert_string_equal(one->forwardfor.header, "X-Me");
    assert_int_equal(one->retries, 7);
    assert_int_equal(one->maxconn, 9);
    assert_non_null(one->balance_key);
    assert_null(two->balance_key);
    assert_ptr_equal(one->unique_id_format, two->unique_id_format);
    assert_int_equal(one->check_kind, CHECK_HTTP);
    assert_string_equal(one->http_check.uri, "/health");
    assert_string_equal(two->cookie->name, "S");
    assert_int_equal(test_config_server(one, 0)->options.weight, 5);
    assert_true(test_config_server(one, 0)->options.has_check);
    assert_int_equal(test_config_server(two, 0)->options.weight, 5);
    assert_int_equal(test_config_server(two, 1)->options.weight, 6);
    assert_ptr_equal(one->defaults, two->defaults);
    test_config_close(test);
}

/* ACLs of a defaults section are its rules' only. */
static void test_acls(void **state)
{
    static const struct test_config_case CASES[] = {
        {"defaults d\n    mode http\n    timeout client 1s\n    acl a path /\n"
         "    http-request deny if a\nfrontend f from d\n    bind :80\n",
         ""},
        {"defaults d\n    mode http\n    timeout client 1s\n    acl a path /\n"
         "frontend f from d\n    bind :80\n    use_backend b if a\n",
         "A parsing [t.cfg:7] : error detected while parsing switching rule : no such ACL : "
         "'a'.\n"},
    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_defaults),
        cmocka_unit_test(test_inheritance),
        cmocka_unit_test(test_acls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
