/* SPDX-License-Identifier: Apache-2.0 */
/* set-var and set-var-fmt of global: values of every kind, limits, and what is said of bad ones. */
#include "rules/variable.h"
#include "support/config.h"

/* A variable's value, and the scratch memory where it is. */
struct reading {
    struct chunk_source source;
    struct arena scratch;
    struct sample sample;
    enum result result;
};

static void begin_reading(struct test_config *test, const char *name, struct reading *reading)
{
    enum { BLOCK_BYTES = 16384 };
    struct rule_context context = {.phase = RULE_LOG, .is_final = true};
    const struct variable_name *found =
        variable_name_find(test->configuration.variables, slice_from_string(name));
    assert_non_null(found);
    assert_int_equal(chunk_source_init(&reading->source, test->memory, BLOCK_BYTES, 0), RESULT_OK);
    arena_init(&reading->scratch, &reading->source, &test->account, BLOCK_BYTES);
    context.variables[VARIABLE_PROCESS] = &test->configuration.process_variables;
    context.scratch = &reading->scratch;
    reading->result = variable_read(found, &context, &reading->sample);
}

static void assert_text(struct test_config *test, const char *name, const char *text)
{
    struct reading reading;
    begin_reading(test, name, &reading);
    assert_int_equal(reading.result, RESULT_OK);
    assert_int_equal(reading.sample.type, SAMPLE_STRING);
    assert_true(slice_equal(reading.sample.text, slice_from_string(text)));
    arena_clear(&reading.scratch);
}

static void assert_integer(struct test_config *test, const char *name, int64_t integer)
{
    struct reading reading;
    begin_reading(test, name, &reading);
    assert_int_equal(reading.result, RESULT_OK);
    assert_int_equal(reading.sample.type, SAMPLE_INTEGER);
    assert_int_equal(reading.sample.integer, integer);
    arena_clear(&reading.scratch);
}

static void assert_unset(struct test_config *test, const char *name)
{
    struct reading reading;
    begin_reading(test, name, &reading);
    assert_int_equal(reading.result, RESULT_NOT_FOUND);
    arena_clear(&reading.scratch);
}

static void values_are_kept(void **state)
{
    (void)state;
    setenv("WEIR_T_A", "from here", 1);
    struct test_config *test = test_config_valid("global\n"
                                                 "    set-var proc.text str(abc)\n"
                                                 "    set-var proc.upper str(abc),upper\n"
                                                 "    set-var proc.number int(-5),add(2)\n"
                                                 "    set-var proc.flag bool(true)\n"
                                                 "    set-var proc.copy var(proc.text)\n"
                                                 "    set-var proc.text str(second)\n"
                                                 "    set-var proc.env env(WEIR_T_A)\n"
                                                 "    set-var proc.empty str()\n");
    assert_text(test, "proc.text", "second");
    assert_text(test, "proc.copy", "abc");
    assert_text(test, "proc.upper", "ABC");
    assert_text(test, "proc.env", "from here");
    assert_text(test, "proc.empty", "");
    assert_integer(test, "proc.number", -3);
    struct reading flag;
    begin_reading(test, "proc.flag", &flag);
    assert_int_equal(flag.sample.type, SAMPLE_BOOL);
    assert_true(flag.sample.boolean);
    arena_clear(&flag.scratch);
    test_config_close(test);
}

static void formats_are_evaluated(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid("global\n"
                          "    set-var proc.n int(7)\n"
                          "    set-var-fmt proc.text \"a %[var(proc.n)] b\"\n"
                          "    set-var-fmt proc.none \"<%[var(proc.nothing)]>\"\n"
                          "    set-var-fmt proc.plain plain\n");
    assert_text(test, "proc.text", "a 7 b");
    assert_text(test, "proc.none", "<>");
    assert_text(test, "proc.plain", "plain");
    test_config_close(test);
}

/* Conditions behind the name, as rules have them. */
static void conditions_hold(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n"
                                                 "    set-var proc.a str(one)\n"
                                                 "    set-var proc.a,ifnotexists str(two)\n"
                                                 "    set-var proc.b,ifnotempty str()\n"
                                                 "    set-var proc.c,ifempty str(x)\n"
                                                 "    set-var proc.d,ifnotset str(four)\n");
    assert_text(test, "proc.a", "one");
    assert_unset(test, "proc.b");
    assert_unset(test, "proc.c");
    assert_text(test, "proc.d", "four");
    test_config_close(test);
}

/* Each line's scratch memory goes back. */
static void many_lines_cost_their_values(void **state)
{
    enum { LINES = 200, LINE_BYTES = 64 };
    (void)state;
    char text[LINES * LINE_BYTES] = "global\n";
    size_t length = strlen(text);
    for (int i = 0; i < LINES; i++) {
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "    set-var proc.a str(x%d),upper\n", i);
    }
    struct test_config *test = test_config_valid(text);
    size_t many = test_memory_used(test->memory);
    assert_text(test, "proc.a", "X199");
    test_config_close(test);
    test = test_config_valid("global\n    set-var proc.a str(x),upper\n");
    assert_in_range(many, 0, test_memory_used(test->memory) + 4096);
    test_config_close(test);
}

static void bad_lines_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"set-var txn.a int(1)\n", "A parsing [t.cfg:2] : 'set-var': cannot set variable 'txn.a', "
                                   "only scope 'proc' is permitted in the global section.\n"},
        {"set-var-fmt sess.a x\n",
         "A parsing [t.cfg:2] : 'set-var-fmt': cannot set variable 'sess.a', only scope 'proc' is "
         "permitted in the global section.\n"},
        {"set-var nope int(1)\n",
         "A parsing [t.cfg:2] : invalid variable name 'nope'. A variable name must be start by its "
         "scope. The scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'\n"},
        {"set-var proc.a int(1) x\n",
         "A parsing [t.cfg:2] : 'set-var' : unexpected argument 'x'.\n"},
        {"set-var proc.a nope\n", "A parsing [t.cfg:2] : unknown fetch method 'nope'\n"},
        {"set-var proc.a src\n", "A parsing [t.cfg:2] : fetch method 'src' extracts information "
                                 "from 'client connection', none of which is available here\n"},
        {"set-var proc.a str(abc),nope\n", "A parsing [t.cfg:2] : unknown converter 'nope'\n"},
        {"set-var proc.a str(abc),map(/nope)\n", "A parsing [t.cfg:2] : invalid args in converter "
                                                 "'map' : failed to open pattern file </nope>\n"},
        {"set-var proc.a var(proc.b)\n",
         "A parsing [t.cfg:2] : 'set-var' : 'var(proc.b)' has no value here.\n"},
        {"set-var proc.a,nope str(x)\n", "A parsing [t.cfg:2] : unknown condition \"nope\"\n"},
        {"set-var-fmt proc.a %[nope]\n", "A parsing [t.cfg:2] : unknown fetch method 'nope'\n"},
        {"set-var-fmt proc.a %[src]\n",
         "A parsing [t.cfg:2] : fetch method 'src' extracts information from 'client connection', "
         "none of which is available here\n"},
        {"set-var-fmt proc.a \"%[int(1)\"\n", "A parsing [t.cfg:2] : missing ']' after 'int(1)'\n"},
        {"tune.vars.proc-max-size 10\n"
         "set-var proc.a str(abcdefghijklmnopqrstuvwxyz)\n",
         "A parsing [t.cfg:3] : 'set-var' : variable 'proc.a' exceeds the limit of tune.vars.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("global\n", CASES);
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults("global\n    set-var proc.text str(abc),upper\n"
                       "    set-var-fmt proc.line \"a %[var(proc.text)] b\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_kept),       cmocka_unit_test(formats_are_evaluated),
        cmocka_unit_test(conditions_hold),       cmocka_unit_test(many_lines_cost_their_values),
        cmocka_unit_test(bad_lines_are_refused), cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
