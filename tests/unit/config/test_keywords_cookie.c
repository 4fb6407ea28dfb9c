/* SPDX-License-Identifier: Apache-2.0 */
/* cookie and dynamic-cookie-key: every word, what goes together, and what is said of bad lines. */
#include "rules/server_cookie.h"
#include "support/config.h"

#define BACKEND "backend b\n    mode http\n"

static void words_are_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        BACKEND "    cookie SRV insert indirect nocache postonly preserve httponly secure dynamic "
                "domain .a.example domain b.example attr SameSite=None attr Priority=High maxidle "
                "90 maxlife 2h\n    dynamic-cookie-key secret\n");
    const struct server_cookie_settings *cookie = test_config_proxy(test, "b")->cookie;
    assert_string_equal(cookie->name, "SRV");
    assert_int_equal(cookie->mode, SERVER_COOKIE_INSERT);
    assert_true(cookie->is_indirect);
    assert_true(cookie->is_nocache);
    assert_true(cookie->is_postonly);
    assert_true(cookie->is_preserve);
    assert_true(cookie->is_httponly);
    assert_true(cookie->is_secure);
    assert_true(cookie->is_dynamic);
    assert_string_equal(cookie->domains, ".a.example; domain=b.example");
    assert_string_equal(cookie->attributes, "SameSite=None; Priority=High");
    assert_int_equal(cookie->max_idle_s, 90);
    assert_int_equal(cookie->max_life_s, 7200);
    assert_string_equal(cookie->dynamic_key, "secret");
    test_config_close(test);
}

static void what_is_not_said_is_off(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(BACKEND "    cookie A insert secure maxidle 5\n"
                                                         "    cookie B maxlife 1999ms\n"
                                                         "backend c\n    mode http\n"
                                                         "    cookie C rewrite\n"
                                                         "backend d\n    mode http\n"
                                                         "    cookie D prefix prefix\n");
    const struct server_cookie_settings *cookie = test_config_proxy(test, "b")->cookie;
    assert_string_equal(cookie->name, "B"); /* the last line holds, and nothing of the one before */
    assert_int_equal(cookie->mode, SERVER_COOKIE_PASSIVE);
    assert_false(cookie->is_secure);
    assert_false(cookie->is_dynamic);
    assert_null(cookie->domains);
    assert_null(cookie->attributes);
    assert_null(cookie->dynamic_key);
    assert_int_equal(cookie->max_idle_s, 0);
    assert_int_equal(cookie->max_life_s, 1); /* whole seconds */
    assert_int_equal(test_config_proxy(test, "c")->cookie->mode, SERVER_COOKIE_REWRITE);
    assert_int_equal(test_config_proxy(test, "d")->cookie->mode, SERVER_COOKIE_PREFIX);
    test_config_close(test);
}

/* One cookie line of the defaults, a key for each backend. */
static void servers_get_dynamic_cookies(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        TEST_CONFIG_DEFAULTS "    cookie S insert dynamic\n"
                             "backend b\n    dynamic-cookie-key one\n    server s 10.0.0.1:80\n"
                             "    server t 10.0.0.1:80 cookie own\n    server u 10.0.0.2:80\n"
                             "backend c\n    dynamic-cookie-key two\n    server s 10.0.0.1:80\n"
                             "backend d\n    server s 10.0.0.1:80\n");
    struct proxy_settings *b = test_config_proxy(test, "b");
    struct proxy_settings *c = test_config_proxy(test, "c");
    const char *cookie = test_config_server(b, 0)->options.cookie;
    assert_int_equal(strlen(cookie), SERVER_COOKIE_DYNAMIC_SIZE - 1);
    assert_string_equal(test_config_server(b, 1)->options.cookie, "own");
    assert_string_not_equal(test_config_server(b, 2)->options.cookie, cookie);
    assert_string_not_equal(test_config_server(c, 0)->options.cookie, cookie);
    assert_null(test_config_server(test_config_proxy(test, "d"), 0)->options.cookie);
    assert_string_equal(b->cookie->dynamic_key, "one");
    assert_string_equal(c->cookie->dynamic_key, "two");
    test_config_close(test);
}

static void bad_lines_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"cookie\n", "A parsing [t.cfg:3] : 'cookie' expects <cookie_name> as argument.\n"},
        {"cookie S nope\n", "A parsing [t.cfg:3] : 'cookie' supports 'rewrite', 'insert', "
                            "'prefix', 'indirect', 'nocache', 'postonly', 'domain', 'maxidle', "
                            "'dynamic', 'maxlife' and 'attr' options (got 'nope').\n"},
        {"cookie S rewrite insert\n",
         "A parsing [t.cfg:3] : cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.\n"},
        {"cookie S insert prefix\n",
         "A parsing [t.cfg:3] : cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.\n"},
        {"cookie S domain\n",
         "A parsing [t.cfg:3] : 'cookie domain' expects <domain> as argument.\n"},
        {"cookie S domain local\n",
         "W parsing [t.cfg:3] : domain 'local' contains no embedded dot, this configuration may "
         "not work properly (see RFC6265#5.2.3).\n"},
        {"cookie S domain \"a b\"\n",
         "W parsing [t.cfg:3] : domain 'a b' contains no embedded dot, this configuration may not "
         "work properly (see RFC6265#5.2.3).\n"
         "A parsing [t.cfg:3] : character ' ' is not permitted in domain name 'a b'.\n"},
        {"cookie S domain .a,b\n",
         "A parsing [t.cfg:3] : character ',' is not permitted in domain name '.a,b'.\n"},
        {"cookie S attr\n", "A parsing [t.cfg:3] : 'cookie attr' expects <value> as argument.\n"},
        {"cookie S attr \"a;b\"\n",
         "A parsing [t.cfg:3] : character ';' is not permitted in attribute value.\n"},
        {"cookie S attr a\\tb\n",
         "A parsing [t.cfg:3] : character '\t' is not permitted in attribute value.\n"},
        {"cookie S maxidle\n", "A parsing [t.cfg:3] : 'cookie maxidle' expects a duration.\n"},
        {"cookie S maxidle x\n", "A parsing [t.cfg:3] : unexpected character 'x' in 'maxidle'\n"},
        {"cookie S maxlife 5x\n", "A parsing [t.cfg:3] : unexpected character 'x' in 'maxlife'\n"},
        {"cookie S preserve\n",
         "A parsing [t.cfg:3] : cookie 'preserve' requires at least 'insert' or 'indirect'.\n"},
        {"cookie S rewrite preserve\n",
         "A parsing [t.cfg:3] : cookie 'preserve' requires at least 'insert' or 'indirect'.\n"},
        {"cookie S indirect preserve\n", ""},
        {"dynamic-cookie-key\n",
         "A parsing [t.cfg:3] : 'dynamic-cookie-key' expects an argument.\n"},
        {"dynamic-cookie-key a b\n",
         "A parsing [t.cfg:3] : 'dynamic-cookie-key' cannot handle unexpected argument 'b'.\n"},
        {"no cookie\n",
         "A parsing [t.cfg:3] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(BACKEND, CASES);
}

static void long_attributes_are_refused(void **state)
{
    enum { VALUE_BYTES = 1500 };
    (void)state;
    char value[VALUE_BYTES + 1];
    char text[4 * VALUE_BYTES];
    memset(value, 'a', VALUE_BYTES);
    value[VALUE_BYTES] = '\0';
    snprintf(text, sizeof(text), BACKEND "    cookie S attr %s attr %s\n", value, value);
    test_config_close(test_config_valid(text));
    snprintf(text, sizeof(text), BACKEND "    cookie S attr %s attr %s attr %s\n", value, value,
             value);
    assert_fails(text, "parsing [t.cfg:3] : 'cookie' : attributes too long, max is 4095 bytes.\n");
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults(TEST_CONFIG_DEFAULTS
                       "    cookie S insert dynamic domain .a domain .b attr c attr d\n"
                       "backend b\n    dynamic-cookie-key one\n    server s 10.0.0.1:80\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_read),
        cmocka_unit_test(what_is_not_said_is_off),
        cmocka_unit_test(servers_get_dynamic_cookies),
        cmocka_unit_test(bad_lines_are_refused),
        cmocka_unit_test(long_attributes_are_refused),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
