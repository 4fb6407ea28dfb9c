/* SPDX-License-Identifier: Apache-2.0 */
/* Loading as a whole: variables for the files, results, names that come later, conditions of -cc.
 */
#include "config/condition.h"
#include "rules/log_format.h"
#include "support/config.h"

static void variables_are_set(void **state)
{
    (void)state;
    static const char *const PATHS[] = {"a.cfg", "b.cfg"};
    struct test_config *test = test_config_open();
    setenv("HAPROXY_LOCALPEER", "somebody", 1);
    test_config_write("a.cfg", "global\n    description \"${HAPROXY_LOCALPEER}\"\n");
    test_config_write("b.cfg", "global\n    node \"${HAPROXY_LOCALPEER}\"\n");
    assert_int_equal(test_config_load_files(test, PATHS, 2), RESULT_OK);
    assert_string_equal(test->configuration.global.description, "here");
    assert_string_equal(getenv("HAPROXY_CFGFILES"), "a.cfg;b.cfg");
    assert_string_equal(getenv("HAPROXY_HTTP_LOG_FMT"), LOG_FORMAT_HTTP);
    assert_string_equal(getenv("HAPROXY_HTTP_CLF_LOG_FMT"), LOG_FORMAT_CLF);
    assert_string_equal(getenv("HAPROXY_HTTPS_LOG_FMT"), LOG_FORMAT_HTTPS);
    assert_string_equal(getenv("HAPROXY_TCP_LOG_FMT"), LOG_FORMAT_TCP);
    assert_string_equal(getenv("HAPROXY_TCP_CLF_LOG_FMT"), LOG_FORMAT_TCP_CLF);
    assert_string_equal(getenv("HAPROXY_STARTUP_VERSION"), CONDITION_VERSION);
    assert_string_equal(getenv("HAPROXY_BRANCH"), CONDITION_BRANCH);
    test_config_close(test);
}

static void the_local_peer_is_the_host(void **state)
{
    (void)state;
    char host[256] = "";
    assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
    struct test_config *test = test_config_open();
    test->input.local_peer = NULL;
    assert_int_equal(test_config_load(test, "global\n    description \"${HAPROXY_LOCALPEER}\"\n"),
                     RESULT_OK);
    assert_string_equal(test->configuration.global.description, host);
    test_config_close(test);
}

/* What is missing at the end is told only of files without a wrong line. */
static void names_are_resolved_at_the_end(void **state)
{
    static const struct test_config_case CASES[] = {
        {"frontend f\n    bind :1\n    timeout client 1s\n    default_backend b\nbackend b\n", ""},
        {"frontend f\n    bind :1\n    timeout client 1s\n    default_backend b\n",
         "A parsing [t.cfg:1] : Proxy 'f': unable to find required default_backend: 'b'.\n"},
        {"frontend f\n    bind :1\n    timeout client 1s\n    default_backend b\n    nonsense\n",
         "A parsing [t.cfg:5] : unknown keyword 'nonsense' in 'frontend' section\n"},
    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

/* Warnings are counted, and are no error. */
static void warnings_are_counted(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted("frontend f\nbackend b\n    use_backend c\n");
    assert_int_equal(test->configuration.warnings, 3);
    assert_int_equal(test->warnings, 3);
    test_config_close(test);
}

/* Reading goes on behind an error, up to CONFIG_ERRORS_MAX of them. */
static void errors_are_limited(void **state)
{
    enum { LINES = 60, LINE_BYTES = 8 };
    (void)state;
    char text[LINES * LINE_BYTES] = "global\n";
    for (int i = 0; i < LINES; i++) {
        strncat(text, "    x\n", sizeof(text) - strlen(text) - 1);
    }
    struct test_config *test = test_config_open();
    assert_int_equal(test_config_load(test, text), RESULT_INVALID);
    assert_non_null(strstr(test->bytes, "A parsing [t.cfg:51] : "));
    assert_null(strstr(test->bytes, "[t.cfg:52]"));
    assert_non_null(strstr(test->bytes, "\nA too many errors, the rest is not read.\n"));
    test_config_close(test);
}

static void conditions_are_evaluated(void **state)
{
    static const struct {
        const char *condition;
        enum result result;
        const char *messages;
    } ROWS[] = {
        {"1", RESULT_OK, ""},
        {"0", RESULT_NOT_FOUND, ""},
        {"", RESULT_NOT_FOUND, ""},
        {"defined(HAPROXY_BRANCH)", RESULT_OK, ""},
        {"streq(\"$HAPROXY_LOCALPEER\",here)", RESULT_NOT_FOUND, ""},
        {"version_atleast(1.0)", RESULT_OK, ""},
        {"!1 || 1", RESULT_OK, ""},
        {"nope", RESULT_INVALID,
         "A Failed to evaluate condition: unparsable conditional expression 'nope'\n"},
        {"defined(", RESULT_INVALID, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct test_config *test = test_config_open();
        enum result result =
            config_evaluate_condition(&test->input, ROWS[i].condition, &test->account);
        assert_int_equal(result, ROWS[i].result);
        if (ROWS[i].messages != NULL) {
            assert_string_equal(test->messages.data, ROWS[i].messages);
        } else {
            assert_int_equal(test->alerts, 1);
        }
        test_config_close(test);
    }
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults("global\n    description x\nfrontend f\n    bind :1\n    timeout client 1s\n"
                       "    default_backend b\nbackend b\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_set),
        cmocka_unit_test(the_local_peer_is_the_host),
        cmocka_unit_test(names_are_resolved_at_the_end),
        cmocka_unit_test(warnings_are_counted),
        cmocka_unit_test(errors_are_limited),
        cmocka_unit_test(conditions_are_evaluated),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
