/* SPDX-License-Identifier: Apache-2.0 */
/* Sections: names, defaults that are followed, duplicates, and sections that are passed over. */
#include "support/config.h"

static void test_lines(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend\n", "A parsing [t.cfg:1] : 'frontend' expects an <id> argument\n"},
        {"backend\n", "A parsing [t.cfg:1] : 'backend' expects an <id> argument\n"},
        {"listen\n", "A parsing [t.cfg:1] : 'listen' expects an <id> argument\n"},
        {"frontend f!x\n",
         "A parsing [t.cfg:1] : character '!' is not permitted in 'frontend' name 'f!x'.\n"},
        {"frontend f foo\n",
         "A parsing [t.cfg:1] : 'frontend' cannot handle unexpected argument 'foo': [<name>] [ "
         "from <defaults> ] is expected; use the 'bind' keyword for listening addresses.\n"},
        {"frontend f from\n",
         "A parsing [t.cfg:1] : 'frontend' cannot handle unexpected argument 'from': [<name>] [ "
         "from <defaults> ] is expected; use the 'bind' keyword for listening addresses.\n"},
        {"frontend f from a b\n",
         "A parsing [t.cfg:1] : 'frontend' cannot handle unexpected argument 'b'.\n"},
        {"global foo\n",
         "A parsing [t.cfg:1] : 'global' cannot handle unexpected argument 'foo'.\n"},
        {"userlist\n", "A parsing [t.cfg:1] : missing name for userlist section.\n"},
        {"userlist u x\n",
         "A parsing [t.cfg:1] : 'userlist' cannot handle unexpected argument 'x'.\n"},
        {"userlist u\n"
         "userlist u\n",
         "W parsing [t.cfg:2] : ignoring duplicated userlist 'u'.\n"},
        {"userlist a!\n",
         "A parsing [t.cfg:1] : character '!' is not permitted in 'userlist' name 'a!'.\n"},
        {"userlist u\n"
         "    user a groups g\n",
         "A userlist 'u': no such group 'g' specified in user 'a'\n"},
        {"userlist u\n"
         "    user a groups g\n"
         "global\n"
         "    daemon\n",
         "A userlist 'u': no such group 'g' specified in user 'a'\n"},
        {"http-errors\n", "A parsing [t.cfg:1] : missing name for http-errors section.\n"},
        {"http-errors e x\n",
         "A parsing [t.cfg:1] : 'http-errors' cannot handle unexpected argument 'x'.\n"},
        {"peers mypeers\n"
         "    peer a 127.0.0.1:10000\n"
         "global\n"
         "    daemon\n",
         "A parsing [t.cfg:1] : section 'peers' is not supported by weir yet\n"},
        {"resolvers r\n",
         "A parsing [t.cfg:1] : section 'resolvers' is not supported by weir yet\n"},
        {"cache c\n"
         "    total-max-size 4\n",
         "A parsing [t.cfg:1] : section 'cache' is not supported by weir yet\n"},
        {"ring r\n", "A parsing [t.cfg:1] : section 'ring' is not supported by weir yet\n"},
        {"defaults\n"
         "    foo\n"
         "defaults a!\n",
         "A parsing [t.cfg:2] : unknown keyword 'foo' in 'defaults' section\n"},
        {"frontend bad!\n"
         "    nonsense here\n"
         "    more nonsense\n"
         "global\n"
         "    daemon\n",
         "A parsing [t.cfg:1] : character '!' is not permitted in 'frontend' name 'bad!'.\n"},
    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

static void test_proxies(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend f\n"
         "    bind :80\n"
         "frontend f\n"
         "    bind :81\n",
         "A parsing [t.cfg:8] : frontend 'f' has the same name as frontend 'f' declared at "
         "t.cfg:6.\n"},
        {"listen f\n"
         "    bind :80\n"
         "backend f\n",
         "A parsing [t.cfg:8] : backend 'f' has the same name as proxy 'f' declared at t.cfg:6.\n"},
        {"listen f\n"
         "    bind :80\n"
         "frontend f\n"
         "    bind :81\n",
         "A parsing [t.cfg:8] : frontend 'f' has the same name as proxy 'f' declared at "
         "t.cfg:6.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "backend f\n",
         ""},
        {"defaults a\n"
         "defaults a\n"
         "    timeout client 1s\n"
         "frontend f from a\n"
         "    bind :80\n",
         "A parsing [t.cfg:9] : ambiguous defaults section name 'a' referenced by frontend 'f' "
         "exists at least at t.cfg:6 and t.cfg:7.\n"},
        {"frontend f from nope\n"
         "    bind :80\n",
         "A parsing [t.cfg:6] : defaults section 'nope' not found for frontend 'f'.\n"},
        {"defaults a! from b!\n",
         "A parsing [t.cfg:6] : defaults section 'b!' not found for defaults 'a!'.\n"},
        {"defaults a!\n"
         "    timeout client 1s\n"
         "frontend f from a!\n"
         "    bind :80\n",
         "A parsing [t.cfg:8] : character '!' is not permitted in defaults section name 'a!' when "
         "designated by its name.\n"},
        {"defaults a\n"
         "    timeout client 1s\n"
         "    mode http\n"
         "frontend f from a\n"
         "    bind :80\n"
         "frontend g\n"
         "    bind :81\n",
         "W parsing [t.cfg:11] : defaults section 'a' (declared at t.cfg:6) is explicitly "
         "referenced by another proxy and implicitly used here. To avoid any ambiguity don't mix "
         "both usage. Add a last defaults section not explicitly used or always use explicit "
         "references.\n"},
        {"defaults a\n"
         "    timeout client 1s\n"
         "    mode http\n"
         "    http-request deny\n"
         "listen l from a\n"
         "    bind :80\n",
         "A parsing [t.cfg:10] : a listen section cannot inherit from a defaults section defining "
         "TCP/HTTP rules.\n"},
        {"defaults a\n"
         "    timeout client 1s\n"
         "    mode http\n"
         "    http-request deny\n"
         "frontend f from a\n"
         "    bind :80\n"
         "backend b from a\n",
         "A parsing [t.cfg:12] : frontends and backends cannot inherit from the same defaults "
         "section if it defines TCP/HTTP rules (defaults section at t.cfg:6).\n"},
        {"defaults a\n"
         "    mode http\n"
         "    tcp-request content accept\n"
         "defaults b from a\n",
         "A parsing [t.cfg:9] : a defaults section cannot inherit from a defaults section defining "
         "TCP/HTTP rules (defaults section at t.cfg:6).\n"},
        {"defaults a\n"
         "    timeout client 1s\n"
         "    mode http\n"
         "    tcp-request inspect-delay 5s\n"
         "listen l from a\n"
         "    bind :80\n",
         ""},
    };
    (void)state;
    TEST_CONFIG_CASES(TEST_CONFIG_DEFAULTS, CASES);
}

static void test_every_section(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n    daemon\n"
                                                 "userlist users\n    user a insecure-password b\n"
                                                 "http-errors errors\n" TEST_CONFIG_DEFAULTS
                                                 "frontend front\n    bind :80\n"
                                                 "backend back\n"
                                                 "listen both\n    bind :81\n"
                                                 "global\n    quiet\n");
    const struct configuration *configuration = &test->configuration;
    assert_true(configuration->global.daemon && configuration->global.quiet);
    assert_non_null(userlists_find(configuration->userlists, SLICE("users")));
    assert_int_equal(test_config_proxy(test, "front")->role, PROXY_FRONTEND);
    assert_int_equal(test_config_proxy(test, "back")->role, PROXY_BACKEND);
    assert_int_equal(test_config_proxy(test, "both")->role, PROXY_FRONTEND | PROXY_BACKEND);
    assert_int_equal(test_config_proxy(test, "front")->line, 11);
    assert_string_equal(test_config_proxy(test, "front")->file, "t.cfg");
    test_config_close(test);
}

/* What was followed by name and by position. */
static void test_defaults(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        "defaults a\n    mode http\n    timeout client 1s\n    timeout connect 1s\n"
        "    timeout server 1s\n"
        "defaults b from a\n    timeout client 2s\n"
        "defaults\n    timeout client 3s\n"
        "frontend one from a\n    bind :80\n"
        "frontend two from b\n    bind :81\n"
        "frontend three\n    bind :82\n");
    struct proxy_settings *one = test_config_proxy(test, "one");
    struct proxy_settings *two = test_config_proxy(test, "two");
    struct proxy_settings *three = test_config_proxy(test, "three");
    assert_int_equal(one->timeouts.client_ms, 1000);
    assert_int_equal(two->timeouts.client_ms, 2000);
    assert_int_equal(two->timeouts.connect_ms, 1000);
    assert_int_equal(three->timeouts.client_ms, 3000);
    assert_int_equal(three->timeouts.connect_ms, 0);
    assert_int_equal(one->mode, PROXY_MODE_HTTP);
    assert_int_equal(three->mode, PROXY_MODE_TCP);
    assert_string_equal(two->defaults->name, "b");
    assert_string_equal(two->defaults->defaults->name, "a");
    assert_null(three->defaults->defaults);
    test_config_close(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_proxies),
        cmocka_unit_test(test_every_section),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
