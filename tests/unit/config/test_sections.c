/* SPDX-License-Identifier: Apache-2.0 */
/* Sections: what begins, names, defaults that are followed, twins, and sections weir has not. */
#include "support/config.h"

static void proxies_have_roles(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("defaults\nmode http\ntimeout client 1s\ntimeout server 1s\n"
                             "timeout connect 1s\nfrontend f\nbind :1\ndefault_backend b\n"
                             "backend b\nlisten l\nbind :2\n");
    assert_int_equal(test_config_length(&test->configuration.proxies), 3);
    assert_int_equal(test_config_length(&test->configuration.defaults), 1);
    struct proxy_settings *front = test_config_proxy(test, "f");
    struct proxy_settings *back = test_config_proxy(test, "b");
    struct proxy_settings *both = test_config_proxy(test, "l");
    assert_int_equal(front->role, PROXY_FRONTEND);
    assert_int_equal(back->role, PROXY_BACKEND);
    assert_int_equal(both->role, PROXY_FRONTEND | PROXY_BACKEND);
    assert_int_equal(front->line, 6);
    assert_int_equal(front->mode, PROXY_MODE_HTTP);
    assert_int_equal(back->timeouts.connect_ms, 1000);
    assert_ptr_equal(front->default_backend, back);
    test_config_close(test);
}

static void defaults_are_followed_by_name(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("defaults one\nretries 5\ndefaults two from one\ntimeout queue 9s\n"
                             "defaults three\nretries 7\nbackend a from one\nbackend b from two\n"
                             "backend c from three\n");
    assert_int_equal(test_config_proxy(test, "a")->retries, 5);
    assert_int_equal(test_config_proxy(test, "a")->timeouts.queue_ms, 0);
    assert_int_equal(test_config_proxy(test, "b")->retries, 5);
    assert_int_equal(test_config_proxy(test, "b")->timeouts.queue_ms, 9000);
    assert_int_equal(test_config_proxy(test, "c")->retries, 7);
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"frontend", "'frontend' expects an <id> argument"},
        {"backend", "'backend' expects an <id> argument"},
        {"backend a/b", "character '/' is not permitted in 'backend' name 'a/b'."},
        {"backend a :80", "'backend' cannot handle unexpected argument ':80'"},
        {"backend a from d e\n", "cannot handle unexpected argument 'e'."},
        {"backend a from", "cannot handle unexpected argument 'from'"},
        {"backend a from none", "defaults section 'none' not found for backend 'a'."},
        {"defaults d\ndefaults d\nbackend a from d", "ambiguous defaults section name 'd'"},
        {"backend a\nbackend a", "backend 'a' has the same name as backend 'a' declared at"},
        {"backend a\nlisten a", "proxy 'a' has the same name as backend 'a' declared at"},
        {"defaults d\nmode http\nhttp-request deny\nlisten l from d",
         "a listen section cannot inherit from a defaults section defining TCP/HTTP rules."},
        {"defaults d\nmode http\nhttp-request deny\ndefaults e from d",
         "a defaults section cannot inherit from a defaults section defining TCP/HTTP rules"},
        {"global x", "'global' cannot handle unexpected argument 'x'."},
        {"userlist", "missing name for userlist section."},
        {"userlist a b", "'userlist' cannot handle unexpected argument 'b'."},
        {"http-errors", "missing name for http-errors section."},
        {"peers p\npeer a :1", "section 'peers' is not supported by weir yet"},
        {"resolvers r", "section 'resolvers' is not supported by weir yet"},
        {"maxconn 1", "unknown keyword 'maxconn' out of section."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text), "%s\n", ROWS[i].line);
        assert_fails(text, ROWS[i].part);
    }
}

static void a_refused_section_gives_one_message(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    assert_int_equal(test_config_load(test, "peers p\nbad line\nworse line\nbackend a/b\nwrong\n"),
                     RESULT_INVALID);
    assert_int_equal(test->alerts, 3); /* one a section, and that the file has errors */
    test_config_close(test);
}

static void twins_of_other_roles_are_allowed(void **state)
{
    (void)state;
    assert_loads("defaults\ntimeout client 1s\ntimeout server 1s\ntimeout connect 1s\n"
                 "frontend a\nbind :1\ndefault_backend a\nbackend a\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_have_roles),
        cmocka_unit_test(defaults_are_followed_by_name),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_refused_section_gives_one_message),
        cmocka_unit_test(twins_of_other_roles_are_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
