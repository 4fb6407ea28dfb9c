/* SPDX-License-Identifier: Apache-2.0 */
/* From a line's first words to its keyword, and the most helpful answer when there is none. */
#include <limits.h>

#include "support/config.h"

/* Every table is listed, every row is complete, and no name stands twice in a section. */
static void tables_are_sound(void **state)
{
    (void)state;
    unsigned tables = 0;
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        tables++;
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            const char *const words[] = {row->name};
            assert_true(row->name[0] != '\0' && row->name[strlen(row->name) - 1] != ' ');
            assert_true(row->sections != 0 && row->read != NULL && row->least <= row->most);
            assert_true(row->least == 0 || row->expects[0] != '\0');
            assert_int_equal(config_match_keyword(row->name, words, 1),
                             strchr(row->name, ' ') == NULL ? 1 : 0);
            for (const struct config_keyword *const *other = table; *other != NULL; other++) {
                const struct config_keyword *twin = *other == *table ? row + 1 : *other;
                for (; twin->name != NULL; twin++) {
                    assert_false((twin->sections & row->sections) != 0 &&
                                 strcmp(twin->name, row->name) == 0);
                }
            }
        }
    }
    assert_true(tables > 10);
}

/* Of several names the one that covers most words holds. */
static void the_longest_name_holds(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid("backend b\n    mode http\n    stats uri /s\n"
                          "    option httpchk /up\n    http-check send uri /x\n"
                          "    default option redispatch\n");
    const struct proxy_settings *proxy = test_config_proxy(test, "b");
    assert_string_equal(proxy->statistics.uri, "/s");
    assert_string_equal(proxy->http_check.uri, "/x");
    test_config_close(test);
}

static void groups_list_their_words(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    timeout\n",
         "A parsing [t.cfg:2] : 'timeout' supports 'connect', 'server', 'check', 'queue', "
         "'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'server-fin' (got '')\n"},
        {"backend b\n"
         "    timeout sever 1s\n",
         "A parsing [t.cfg:2] : 'timeout' supports 'connect', 'server', 'check', 'queue', "
         "'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'server-fin' (got 'sever'); did "
         "you mean 'server' maybe ?\n"},
        {"backend b\n"
         "    timeout nope 1s\n",
         "A parsing [t.cfg:2] : 'timeout' supports 'connect', 'server', 'check', 'queue', "
         "'http-keep-alive', 'http-request', 'tunnel', 'tarpit', 'server-fin' (got 'nope')\n"},
        {"backend b\n"
         "    option\n",
         "A parsing [t.cfg:2] : 'option' expects an option name.\n"},
        {"backend b\n"
         "    option nope-nope\n",
         "A parsing [t.cfg:2] : unknown option 'nope-nope'.\n"},
        {"backend b\n"
         "    option httplgo\n",
         "A parsing [t.cfg:2] : unknown option 'httplgo'; did you mean 'httplog' maybe ?\n"},
        {"global\n"
         "    timeout\n",
         "A parsing [t.cfg:2] : unknown keyword 'timeout' in 'global' section\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void what_was_removed_is_explained(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    option forceclose\n",
         "A parsing [t.cfg:2] : option 'forceclose' is not supported any more since HAProxy 2.0, "
         "please just remove it, or use 'option httpclose' if absolutely needed.\n"},
        {"backend b\n"
         "    reqrep a b\n",
         "A parsing [t.cfg:2] : the 'reqrep' directive is not supported anymore since HAProxy 2.1. "
         "Use 'http-request replace-path', 'http-request replace-uri' or 'http-request "
         "replace-header'.\n"},
        {"global\n"
         "    nbproc 2\n",
         "A parsing [t.cfg:2] : nbproc is not supported any more since HAProxy 2.5. Threads will "
         "automatically be used on multi-processor machines if available.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void what_comes_later_is_told(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    filter trace\n",
         "A parsing [t.cfg:2] : keyword 'filter' in 'backend' section is not supported by weir "
         "yet\n"},
        {"backend b\n"
         "    stick on src\n",
         "A parsing [t.cfg:2] : keyword 'stick on' in 'backend' section is not supported by weir "
         "yet\n"},
        {"global\n"
         "    lua-load x\n",
         "A parsing [t.cfg:2] : keyword 'lua-load' in 'global' section is not supported by weir "
         "yet\n"},
        {"backend b\n"
         "    tcp-check expect string x\n",
         "A parsing [t.cfg:2] : keyword 'tcp-check expect' in 'backend' section is not supported "
         "by weir yet\n"},
        {"global\n"
         "    tune.h2.header-table-size 5\n",
         "D parsing [t.cfg:2] : 'tune.h2.header-table-size' has no meaning for weir and is passed "
         "over.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void misspelt_words_are_guessed(void **state)
{
    static const struct test_config_case CASES[] = {
        {"global\n"
         "    maxcon 5\n",
         "A parsing [t.cfg:2] : unknown keyword 'maxcon' in 'global' section; did you mean "
         "'maxconn' maybe ?\n"},
        {"backend b\n"
         "    frobnicate\n",
         "A parsing [t.cfg:2] : unknown keyword 'frobnicate' in 'backend' section\n"},
        {"backend b\n"
         "    daemon\n",
         "A parsing [t.cfg:2] : unknown keyword 'daemon' in 'backend' section\n"},
        {"userlist u\n"
         "    usr x password y\n",
         "A parsing [t.cfg:2] : unknown keyword 'usr' in 'userlist' section; did you mean 'user' "
         "maybe ?\n"},
        {"resolvers r\n"
         "    nonsense\n"
         "    more nonsense\n",
         "A parsing [t.cfg:1] : section 'resolvers' is not supported by weir yet\n"},
        {"nonsense\n", "A parsing [t.cfg:1]: unknown keyword 'nonsense' out of section.\n"},
        {"backend b\n"
         "    no\n",
         "A parsing [t.cfg:2] : unknown keyword 'no' in 'backend' section\n"},
        {"backend b\n"
         "    default\n",
         "A parsing [t.cfg:2] : unknown keyword 'default' in 'backend' section\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void sections_are_kept_apart(void **state)
{
    static const struct test_config_case CASES[] = {
        {"defaults\n"
         "    use_backend b\n",
         "A parsing [t.cfg:2] : 'use_backend' not allowed in 'defaults' section.\n"},
        {"backend b\n"
         "    use_backend b\n",
         "W parsing [t.cfg:2] : 'use_backend' ignored because backend 'b' has no frontend "
         "capability.\n"},
        {"frontend f\n"
         "    bind :1\n"
         "    timeout client 1s\n"
         "    server s 127.0.0.1:1\n",
         "A parsing [t.cfg:4] : 'server' not allowed because frontend 'f' has no backend "
         "capability.\n"},
        {"defaults\n"
         "    http-request deny\n",
         "A parsing [t.cfg:2] : 'http-request' not allowed in anonymous 'defaults' section.\n"},
        {"defaults d\n"
         "    http-request deny\n",
         ""},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void prefixes_are_checked(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    no retries 3\n",
         "A parsing [t.cfg:2] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
        {"backend b\n"
         "    no option httpchk\n",
         "A parsing [t.cfg:2] : negation/default is not supported for option 'httpchk'.\n"},
        {"backend b\n"
         "    no option redispatch\n"
         "    default option redispatch\n",
         ""},
        {"global\n"
         "    no strict-limits\n",
         ""},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}
static void arguments_are_counted(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    mode http tcp\n",
         "A parsing [t.cfg:2] : 'mode' cannot handle unexpected argument 'tcp'.\n"},
        {"backend b\n"
         "    retries\n",
         "A parsing [t.cfg:2] : 'retries' expects an integer argument (dispatch counts for "
         "one).\n"},
        {"backend b\n"
         "    mode http \"\"\n",
         ""},
        {"backend b\n"
         "    mode http \"\" \"\"\n",
         "W parsing [t.cfg:2] : argument number 2 is empty and marks the end of the argument "
         "list\n"},
        {"backend b\n"
         "    mode \"\" http\n",
         "W parsing [t.cfg:2] : argument number 1 is empty and marks the end of the argument list\n"
         "A parsing [t.cfg:2] : 'mode' expects 'http' or 'tcp'.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_sound),         cmocka_unit_test(the_longest_name_holds),
        cmocka_unit_test(groups_list_their_words),  cmocka_unit_test(what_was_removed_is_explained),
        cmocka_unit_test(what_comes_later_is_told), cmocka_unit_test(misspelt_words_are_guessed),
        cmocka_unit_test(sections_are_kept_apart),  cmocka_unit_test(prefixes_are_checked),
        cmocka_unit_test(arguments_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
