/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-var, set-var-fmt and unset-var.
 */
#include "rules/actions.h"

#include "rules/variable.h"
#include "support/rules.h"

static struct rules_test test;
static struct variable_set transaction;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/p");
    test.parser.variables = variable_names_create(&test.account);
    assert_non_null(test.parser.variables);
    variable_set_init(&transaction, VARIABLE_TRANSACTION, &test.account);
    test.context.variables[VARIABLE_TRANSACTION] = &transaction;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    variable_set_clear(&transaction);
    variable_names_destroy(test.parser.variables);
    rules_test_close(&test);
    return 0;
}

static void run(const char *line)
{
    assert_int_equal(rules_test_run(&test, ACTIONS_VARIABLE, line).kind, VERDICT_CONTINUE);
}

/* Reads txn.x as a text; "" when it is not set. */
static const char *read_variable(void)
{
    const struct variable_name *name = NULL;
    struct sample sample;
    test.buffer[0] = '\0';
    assert_int_equal(variable_name_parse(&test.parser, SLICE("txn.x"), &name), RESULT_OK);
    if (variable_read(name, &test.context, &sample) == RESULT_OK) {
        assert_int_equal(sample_cast(&test.context, &sample, SAMPLE_STRING), RESULT_OK);
        struct text text = text_over(test.buffer, sizeof(test.buffer));
        text_append(&text, sample.text);
    }
    arena_clear(&test.scratch);
    return test.buffer;
}

static void test_expressions(void **state)
{
    (void)state;
    run("set-var(txn.x) path");
    assert_string_equal(read_variable(), "/p");
    run("set-var(txn.x) none");
    assert_string_equal(read_variable(), "/p");
    run("set-var(txn.x) int(7)");
    assert_string_equal(read_variable(), "7");
    run("unset-var(txn.x)");
    assert_string_equal(read_variable(), "");
    run("unset-var(txn.x)");
}

static void test_formats(void **state)
{
    (void)state;
    run("set-var-fmt(txn.x) a``b%[path]%{+Q}[path]");
    assert_string_equal(read_variable(), "a  b/p\"/p\"");
    run("set-var-fmt(txn.x) constant");
    assert_string_equal(read_variable(), "constant");
}

static void test_conditions(void **state)
{
    (void)state;
    run("set-var(txn.x,ifexists) str(a)");
    assert_string_equal(read_variable(), "");
    run("set-var(txn.x,ifnotexists) str(b)");
    assert_string_equal(read_variable(), "b");
    run("set-var(txn.x,ifnotempty) str()");
    assert_string_equal(read_variable(), "b");
}

static void test_no_scope(void **state)
{
    (void)state;
    test.context.variables[VARIABLE_TRANSACTION] = NULL;
    run("set-var(txn.x) path");
    run("unset-var(txn.x)");
}

static void test_refused_lines(void **state)
{
    (void)state;
    static const char incomplete[] =
        "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";
    enum rule_phase phase = RULE_HTTP_REQUEST;
    assert_non_null(strstr(rules_test_refusal(&test, ACTIONS_VARIABLE, phase, "set-var(txn.x path"),
                           incomplete));
    assert_non_null(
        strstr(rules_test_refusal(&test, ACTIONS_VARIABLE, phase, "unset-var()"), incomplete));
    assert_string_equal(rules_test_refusal(&test, ACTIONS_VARIABLE, phase, "set-var-fmt(txn.x)"),
                        "expects exactly 1 argument <format>");
    assert_true(strlen(rules_test_refusal(&test, ACTIONS_VARIABLE, phase, "set-var(txn.x)")) > 0);
    assert_true(strlen(rules_test_refusal(&test, ACTIONS_VARIABLE, phase, "set-var(zzz.x) path")) >
                0);
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_expressions), WITH_TEST(test_formats),       WITH_TEST(test_conditions),
        WITH_TEST(test_no_scope),    WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
