/* SPDX-License-Identifier: Apache-2.0 */
/* setenv, presetenv, unsetenv, resetenv: what later lines and the process see of them. */
#include "support/config.h"

static void variables_are_set_for_later_lines(void **state)
{
    (void)state;
    unsetenv("WEIR_T_NEW");
    setenv("WEIR_T_OLD", "before", 1);
    struct test_config *test = test_config_valid("global\n"
                                                 "    presetenv WEIR_T_NEW one\n"
                                                 "    presetenv WEIR_T_NEW two\n"
                                                 "    presetenv WEIR_T_OLD two\n"
                                                 "    description \"${WEIR_T_NEW}-${WEIR_T_OLD}\"\n"
                                                 "    setenv WEIR_T_OLD after\n"
                                                 "    node \"${WEIR_T_OLD}\"\n");
    assert_string_equal(test->configuration.global.description, "one-before");
    assert_string_equal(test->configuration.global.node, "after");
    assert_string_equal(getenv("WEIR_T_NEW"), "one");
    assert_string_equal(getenv("WEIR_T_OLD"), "after");
    test_config_close(test);
}

static void variables_are_removed(void **state)
{
    (void)state;
    setenv("WEIR_T_A", "a", 1);
    setenv("WEIR_T_AB", "ab", 1);
    setenv("WEIR_T_B", "b", 1);
    struct test_config *test =
        test_config_valid("global\n    unsetenv WEIR_T_A WEIR_T_B WEIR_T_NONE\n");
    assert_null(getenv("WEIR_T_A"));
    assert_null(getenv("WEIR_T_B"));
    assert_string_equal(getenv("WEIR_T_AB"), "ab");
    test_config_close(test);
}

/* Only exactly what is named stays; the program's own names are set again later. */
static void all_others_are_removed(void **state)
{
    (void)state;
    const char *path = getenv("PATH");
    char *kept = path != NULL ? strdup(path) : NULL;
    setenv("WEIR_T_A", "a", 1);
    setenv("WEIR_T_AB", "ab", 1);
    setenv("WEIR_T_B", "", 1);
    struct test_config *test = test_config_valid("global\n    resetenv WEIR_T_A WEIR_T_B WEIR_T\n"
                                                 "    description \"${WEIR_T_AB-gone}\"\n");
    assert_string_equal(getenv("WEIR_T_A"), "a");
    assert_string_equal(getenv("WEIR_T_B"), "");
    assert_null(getenv("WEIR_T_AB"));
    assert_null(getenv("PATH"));
    assert_string_equal(test->configuration.global.description, "gone");
    test_config_close(test);
    test = test_config_valid("global\n    resetenv\n");
    assert_null(getenv("WEIR_T_A"));
    if (kept != NULL) {
        setenv("PATH", kept, 1);
    }
    free(kept);
    test_config_close(test);
}

static void bad_lines_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"setenv\n", "A parsing [t.cfg:2] : 'setenv' expects a name and a value.\n"},
        {"setenv A\n", "A parsing [t.cfg:2] : 'setenv' expects a name and a value.\n"},
        {"setenv A b c\n",
         "A parsing [t.cfg:2] : 'setenv' cannot handle unexpected argument 'c'.\n"},
        {"setenv A=B x\n", "A parsing [t.cfg:2] : 'setenv' : cannot set variable 'A=B'.\n"},
        {"presetenv A=B x\n", "A parsing [t.cfg:2] : 'presetenv' : cannot set variable 'A=B'.\n"},
        {"presetenv A\n", "A parsing [t.cfg:2] : 'presetenv' expects a name and a value.\n"},
        {"unsetenv\n", "A parsing [t.cfg:2] : 'unsetenv' expects at least one variable name.\n"},
        {"unsetenv A=B\n", "A parsing [t.cfg:2] : 'unsetenv' : cannot unset variable 'A=B'.\n"},
        {"no setenv A b\n",
         "A parsing [t.cfg:2] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},
        {"set-var\n", "A parsing [t.cfg:2] : 'set-var' requires a process-wide variable name "
                      "('proc.<name>') and a sample expression.\n"},
        {"set-var proc.a\n", "A parsing [t.cfg:2] : 'set-var' requires a process-wide variable "
                             "name ('proc.<name>') and a sample expression.\n"},
        {"set-var-fmt proc.a\n", "A parsing [t.cfg:2] : 'set-var-fmt' requires a process-wide "
                                 "variable name ('proc.<name>') and a format.\n"},
        {"set-var-fmt proc.a a b\n",
         "A parsing [t.cfg:2] : 'set-var-fmt' cannot handle unexpected argument 'b'.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("global\n", CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variables_are_set_for_later_lines),
        cmocka_unit_test(variables_are_removed),
        cmocka_unit_test(all_others_are_removed),
        cmocka_unit_test(bad_lines_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
