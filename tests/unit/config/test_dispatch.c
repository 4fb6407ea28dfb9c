/* SPDX-License-Identifier: Apache-2.0 */
/* Finding keywords: misspelt, misplaced, negated, removed and unsupported ones, and their counts.
 */
#include "support/config.h"

static void test_messages(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend f\n"
         "    bind :80\n"
         "    bidn :81\n",
         "A parsing [t.cfg:8] : unknown keyword 'bidn' in 'frontend' section; did you mean 'bind' "
         "maybe ?\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    foo\n",
         "A parsing [t.cfg:8] : unknown keyword 'foo' in 'frontend' section\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    timout client 5s\n",
         "A parsing [t.cfg:8] : unknown keyword 'timout' in 'frontend' section; did you mean "
         "'timeout' maybe ?\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    timeout clinet 5s\n",
         "A parsing [t.cfg:8] : 'timeout' supports 'client', 'http-keep-alive', 'http-request', "
         "'tarpit', 'client-fin' (got 'clinet'); did you mean 'client' maybe ?\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    timeout\n",
         "A parsing [t.cfg:8] : 'timeout' supports 'client', 'http-keep-alive', 'http-request', "
         "'tarpit', 'client-fin' (got '')\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    option\n",
         "A parsing [t.cfg:8] : 'option' expects an option name.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    option foo\n",
         "A parsing [t.cfg:8] : unknown option 'foo'.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    option dontlognul\n",
         "A parsing [t.cfg:8] : unknown option 'dontlognul'; did you mean 'dontlognull' maybe ?\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    option http-tunnel\n",
         "A parsing [t.cfg:8] : option 'http-tunnel' is not supported any more since HAProxy 2.1, "
         "please just remove it, it shouldn't be needed.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    balance roundrobin\n",
         "W parsing [t.cfg:8] : 'balance' ignored because frontend 'f' has no backend "
         "capability.\n"},
        {"backend b\n"
         "    bind :80\n",
         "W parsing [t.cfg:7] : 'bind' ignored because backend 'b' has no frontend capability.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    server s 127.0.0.1:80\n",
         "A parsing [t.cfg:8] : 'server' not allowed because frontend 'f' has no backend "
         "capability.\n"},
        {"backend b\n"
         "    tcp-request connection accept\n",
         "A parsing [t.cfg:7] : 'tcp-request connection' not allowed because backend 'b' has no "
         "frontend capability.\n"},
        {"defaults\n"
         "    bind :80\n",
         "A parsing [t.cfg:7] : 'bind' not allowed in 'defaults' section.\n"},
        {"defaults\n"
         "    http-request deny\n",
         "A parsing [t.cfg:7] : 'http-request' not allowed in anonymous 'defaults' section.\n"},
        {"defaults\n"
         "    acl a path /\n",
         "A parsing [t.cfg:7] : 'acl' not allowed in anonymous 'defaults' section.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    no option httplog\n",
         "A parsing [t.cfg:8] : negation/default is not supported for option 'httplog'.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    no mode http\n",
         "A parsing [t.cfg:8] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    default option forwardfor\n",
         "A parsing [t.cfg:8] : negation/default is not supported for option 'forwardfor'.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    no option dontlognull\n"
         "    default option http-keep-alive\n",
         ""},
        {"frontend f\n"
         "    bind :80\n"
         "    no\n",
         "A parsing [t.cfg:8] : unknown keyword 'no' in 'frontend' section\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    stick-table type ip size 1k\n",
         "A parsing [t.cfg:8] : keyword 'stick-table' in 'frontend' section is not supported by "
         "weir yet\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    stick on src\n",
         "A parsing [t.cfg:8] : keyword 'stick on' in 'frontend' section is not supported by weir "
         "yet\n"},
        {"backend b\n"
         "    option mysql-check\n",
         "A parsing [t.cfg:7] : keyword 'option mysql-check' in 'backend' section is not supported "
         "by weir yet\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    email-alert foo\n",
         "A parsing [t.cfg:8] : keyword 'email-alert' in 'frontend' section is not supported by "
         "weir yet\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    clitimeout 5\n",
         "A parsing [t.cfg:8] : the 'clitimeout' directive is not supported anymore since HAProxy "
         "2.1. Use 'timeout client'.\n"},
        {"global\n"
         "    nbproc 2\n",
         "A parsing [t.cfg:7] : nbproc is not supported any more since HAProxy 2.5. Threads will "
         "automatically be used on multi-processor machines if available.\n"},
        {"global\n"
         "    bind :80\n",
         "A parsing [t.cfg:7] : unknown keyword 'bind' in 'global' section\n"},
        {"global\n"
         "    maxcon 5\n",
         "A parsing [t.cfg:7] : unknown keyword 'maxcon' in 'global' section; did you mean "
         "'maxconn' maybe ?\n"},
        {"global\n"
         "    tune.h2.max-concurrent-streams 5\n",
         "D parsing [t.cfg:7] : 'tune.h2.max-concurrent-streams' has no meaning for weir and is "
         "passed over.\n"},
        {"global\n"
         "    tune.foo 5\n",
         "A parsing [t.cfg:7] : unknown keyword 'tune.foo' in 'global' section\n"},
        {"global\n"
         "    lua-load x.lua\n",
         "A parsing [t.cfg:7] : keyword 'lua-load' in 'global' section is not supported by weir "
         "yet\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    mode\n",
         "A parsing [t.cfg:8] : 'mode' expects 'http' or 'tcp'.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    mode http tcp\n",
         "A parsing [t.cfg:8] : 'mode' cannot handle unexpected argument 'tcp'.\n"},
        {"frontend f\n"
         "    bind :80\n"
         "    filter trace\n",
         "A parsing [t.cfg:8] : keyword 'filter' in 'frontend' section is not supported by weir "
         "yet\n"},
    };
    (void)state;
    TEST_CONFIG_CASES(TEST_CONFIG_DEFAULTS, CASES);
}

/* Every table is in the list, and every row can be found by its own name. */
static void test_tables(void **state)
{
    (void)state;
    unsigned rows = 0;
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            assert_non_null(row->read);
            assert_non_null(row->expects);
            assert_true(row->sections != 0);
            assert_true(row->least <= row->most);
            assert_true(row->least == 0 || row->expects[0] != '\0');
            rows++;
        }
    }
    assert_true(rows > 200);
}

/* No keyword stands twice where it could mean two things. */
static void test_no_twins(void **state)
{
    (void)state;
    for (const struct config_keyword *const *a = KEYWORD_TABLES; *a != NULL; a++) {
        for (const struct config_keyword *row = *a; row->name != NULL; row++) {
            unsigned found = 0;
            for (const struct config_keyword *const *b = KEYWORD_TABLES; *b != NULL; b++) {
                for (const struct config_keyword *other = *b; other->name != NULL; other++) {
                    bool is_same = strcmp(row->name, other->name) == 0;
                    found += is_same && (row->sections & other->sections) != 0 ? 1 : 0;
                }
            }
            assert_int_equal(found, 1);
        }
    }
}

static void test_long_words(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    char text[1024];
    char word[600];
    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    snprintf(text, sizeof(text), "global\n  %s\n", word);
    assert_int_equal(test_config_load(test, text), RESULT_INVALID);
    assert_non_null(strstr(test->messages.data, "unknown keyword 'wwww"));
    test_config_close(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_no_twins),
        cmocka_unit_test(test_long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
