/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluating expressions: what stops one at each step, waiting, values that may still change,
 * repeated fetching, and refused memory.
 */
#include "rules/sample.h"

#include "memory/fault.h"
#include "support/rules.h"

static struct rules_test test;
static struct sample_expression *expression;

/* ---- fetches and converters of the test ---- */

/* Gives 1, 2, 3 with a cursor, else the last. */
static enum result fetch_three(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    enum { LAST = 3 };
    (void)context;
    struct sample_cursor *cursor = call->cursor;
    if (cursor == NULL) {
        return sample_give_integer(out, LAST);
    }
    assert_true(cursor->started == (cursor->state[0] > 0));
    if (cursor->state[0] == LAST) {
        return RESULT_NOT_FOUND;
    }
    enum result result = sample_give_integer(out, (int64_t)++cursor->state[0]);
    out->flags = cursor->state[0] < LAST ? SAMPLE_NOT_LAST : 0;
    return result;
}

/* A number that may grow. */
static enum result fetch_growing(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)context;
    enum result result = sample_give_integer(out, call->variant);
    out->flags = SAMPLE_MAY_CHANGE;
    return result;
}

static enum result fetch_refused(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)call;
    (void)context;
    (void)out;
    return RESULT_NO_MEMORY;
}

/* An address of either family, by its argument. */
static enum result fetch_either(const struct sample_call *call, struct rule_context *context,
                                struct sample *out)
{
    *out = (struct sample){.type = SAMPLE_STRING, .text = sample_argument_text(call->arguments, 0)};
    return sample_cast(context, out, SAMPLE_ADDRESS);
}

static unsigned calls;

static enum result convert_counted(const struct sample_call *call, struct rule_context *context,
                                   struct sample *sample)
{
    (void)context;
    (void)sample;
    calls++;
    return (enum result)call->variant;
}

static enum result convert_next(const struct sample_call *call, struct rule_context *context,
                                struct sample *sample)
{
    (void)call;
    (void)context;
    sample->integer++;
    return RESULT_OK;
}

static const struct sample_fetch fetches[] = {
    {.name = "three", .type = SAMPLE_INTEGER, .places = FETCH_ANYWHERE, .function = fetch_three},
    {.name = "growing",
     .type = SAMPLE_INTEGER,
     .places = FETCH_ANYWHERE,
     .function = fetch_growing,
     .variant = 7},
    {.name = "refused",
     .type = SAMPLE_INTEGER,
     .places = FETCH_ANYWHERE,
     .function = fetch_refused},
    {.name = "either",
     .arguments = {1, {ARGUMENT_STRING}},
     .type = SAMPLE_ADDRESS,
     .places = FETCH_ANYWHERE,
     .function = fetch_either},
    {0},
};

static const struct sample_converter converters[] = {
    {.name = "ok",
     .input = SAMPLE_ANY,
     .output = SAMPLE_ANY,
     .function = convert_counted,
     .variant = RESULT_OK},
    {.name = "nothing",
     .input = SAMPLE_ANY,
     .output = SAMPLE_ANY,
     .function = convert_counted,
     .variant = RESULT_NOT_FOUND},
    {.name = "memory",
     .input = SAMPLE_ANY,
     .output = SAMPLE_ANY,
     .function = convert_counted,
     .variant = RESULT_NO_MEMORY},
    {.name = "next", .input = SAMPLE_INTEGER, .output = SAMPLE_INTEGER, .function = convert_next},
    {.name = "as_text", .input = SAMPLE_STRING, .output = SAMPLE_ANY, .function = convert_counted},
    {0},
};

static const struct sample_fetch *const fetch_tables[] = {test_fetches, fetches, NULL};
static const struct sample_converter *const converter_tables[] = {converters, NULL};
static const struct rule_registry registry = {
    .fetches = fetch_tables,
    .converters = converter_tables,
    .actions = test_no_actions,
    .services = test_services,
};

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/");
    test.parser.registry = &registry;
    expression = NULL;
    calls = 0;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    fault_fail_nth(test.memory, 0, 0);
    sample_expression_destroy(&test.account, expression);
    rules_test_close(&test);
    return 0;
}

static void parse(const char *word)
{
    unsigned used = 0;
    sample_expression_destroy(&test.account, expression);
    expression = NULL;
    text_clear(&test.error);
    if (sample_parse(&test.parser, &word, 1, &used, &expression) != RESULT_OK) {
        fail_msg("%s: %s", word, test.error_storage);
    }
}

static enum result evaluate(const char *word, struct sample *out)
{
    parse(word);
    return sample_evaluate(expression, &test.context, NULL, out);
}

static enum result evaluate_as(const char *word, enum sample_type type, struct sample *out)
{
    parse(word);
    return sample_evaluate_as(expression, &test.context, type, out);
}

static void test_values(void **state)
{
    (void)state;
    struct sample out;
    assert_int_equal(evaluate("int(5)", &out), RESULT_OK);
    assert_int_equal(out.type, SAMPLE_INTEGER);
    assert_int_equal(out.integer, 5);
    assert_int_equal(evaluate("str(41),next,next", &out), RESULT_OK); /* cast before it */
    assert_int_equal(out.integer, 43);
    assert_int_equal(evaluate_as("int(5),next", SAMPLE_STRING, &out), RESULT_OK);
    assert_slice(out.text, "6");
    assert_int_equal(evaluate_as("int(0)", SAMPLE_BOOL, &out), RESULT_OK);
    assert_int_equal(out.type, SAMPLE_BOOL);
    assert_false(out.boolean);
    assert_int_equal(evaluate_as("int(7)", SAMPLE_ANY, &out), RESULT_OK);
    assert_int_equal(out.integer, 7);
}

static void test_no_value(void **state)
{
    (void)state;
    struct sample out;
    assert_int_equal(evaluate("none,ok", &out), RESULT_NOT_FOUND);
    assert_int_equal(calls, 0); /* no converter is asked */
    assert_int_equal(evaluate("int(5),ok,nothing,ok", &out), RESULT_NOT_FOUND);
    assert_int_equal(calls, 2);
    assert_int_equal(evaluate("int(5),memory,ok", &out), RESULT_NO_MEMORY);
    assert_int_equal(calls, 3);
    assert_int_equal(evaluate("refused,ok", &out), RESULT_NO_MEMORY);
    assert_int_equal(calls, 3);
    assert_int_equal(evaluate("str(),next", &out), RESULT_NOT_FOUND); /* no number */
    assert_int_equal(evaluate_as("str()", SAMPLE_INTEGER, &out), RESULT_NOT_FOUND);
    assert_int_equal(evaluate_as("str(x)", SAMPLE_IPV4, &out), RESULT_NOT_FOUND);
    assert_int_equal(evaluate_as("bool(1)", SAMPLE_IPV4, &out), RESULT_NOT_FOUND);
}

/* What can be cast is known for sure only when the value is there. */
static void test_either_family(void **state)
{
    (void)state;
    struct sample out;
    assert_int_equal(evaluate("either(0.0.0.9),next", &out), RESULT_OK);
    assert_int_equal(out.integer, 10);
    assert_int_equal(evaluate("either(2001:db8::1),next", &out), RESULT_NOT_FOUND);
    assert_int_equal(evaluate_as("either(2001:db8::1)", SAMPLE_STRING, &out), RESULT_OK);
    assert_slice(out.text, "2001:db8::1");
}

static void test_waiting(void **state)
{
    (void)state;
    struct sample out;
    test.context.is_final = false;
    assert_int_equal(evaluate("wait,ok", &out), RESULT_BLOCKED);
    assert_int_equal(calls, 0);
    assert_int_equal(evaluate_as("wait", SAMPLE_STRING, &out), RESULT_BLOCKED);
    test.context.is_final = true;
    assert_int_equal(evaluate("wait,ok", &out), RESULT_OK);
    assert_int_equal(calls, 1);
}

static enum result fetch_blocked(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)call;
    (void)context;
    (void)out;
    return RESULT_BLOCKED;
}

/* Nothing more will come: what still waits has no value. */
static void test_waiting_at_the_end(void **state)
{
    (void)state;
    static const struct sample_fetch table[] = {{.name = "blocked",
                                                 .type = SAMPLE_STRING,
                                                 .places = FETCH_ANYWHERE,
                                                 .function = fetch_blocked},
                                                {0}};
    static const struct sample_fetch *const tables[] = {table, NULL};
    static const struct rule_registry blocked = {.fetches = tables, .converters = converter_tables};
    struct sample out;
    test.parser.registry = &blocked;
    test.context.is_final = false;
    assert_int_equal(evaluate("blocked", &out), RESULT_BLOCKED);
    test.context.is_final = true;
    assert_int_equal(evaluate("blocked", &out), RESULT_NOT_FOUND);
    assert_int_equal(evaluate_as("blocked,ok", SAMPLE_STRING, &out), RESULT_NOT_FOUND);
}

/* ACLs decide by the flag themselves; whoever wants one value waits for the last. */
static void test_values_that_may_change(void **state)
{
    (void)state;
    struct sample out;
    test.context.is_final = false;
    assert_int_equal(evaluate("growing,next", &out), RESULT_OK);
    assert_int_equal(out.integer, 8);
    assert_int_equal(out.flags, SAMPLE_MAY_CHANGE); /* of the fetch, whatever converts it */
    assert_int_equal(evaluate_as("growing", SAMPLE_STRING, &out), RESULT_BLOCKED);
    test.context.is_final = true;
    assert_int_equal(evaluate_as("growing", SAMPLE_STRING, &out), RESULT_OK);
    assert_slice(out.text, "7");
    assert_int_equal(evaluate("int(1),next", &out), RESULT_OK);
    assert_int_equal(out.flags, 0);
}

static void test_cursor(void **state)
{
    (void)state;
    struct sample out;
    struct sample_cursor cursor = {0};
    parse("three,next");
    for (int64_t expected = 2; expected <= 4; expected++) {
        assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &out), RESULT_OK);
        assert_int_equal(out.integer, expected);
        assert_int_equal(out.flags, expected < 4 ? SAMPLE_NOT_LAST : 0);
        assert_true(cursor.started);
    }
    assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &out), RESULT_NOT_FOUND);
    assert_int_equal(sample_evaluate(expression, &test.context, NULL, &out), RESULT_OK);
    assert_int_equal(out.integer, 4);
    assert_int_equal(evaluate_as("three", SAMPLE_INTEGER, &out), RESULT_OK);
    assert_int_equal(out.integer, 3);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct sample out;
    parse("int(12),as_text");
    fault_fail_nth(test.memory, 1, 0); /* the cast in front of the converter */
    assert_int_equal(sample_evaluate(expression, &test.context, NULL, &out), RESULT_NO_MEMORY);
    assert_int_equal(calls, 0);
    arena_clear(&test.scratch);
    parse("int(12)");
    fault_fail_nth(test.memory, 1, 0); /* the cast behind all */
    assert_int_equal(sample_evaluate_as(expression, &test.context, SAMPLE_STRING, &out),
                     RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    fault_fail_nth(test.memory, 0, 0);
    assert_int_equal(sample_evaluate_as(expression, &test.context, SAMPLE_STRING, &out), RESULT_OK);
    assert_slice(out.text, "12");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_values),  CASE(test_no_value),           CASE(test_either_family),
        CASE(test_waiting), CASE(test_waiting_at_the_end), CASE(test_values_that_may_change),
        CASE(test_cursor),  CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
