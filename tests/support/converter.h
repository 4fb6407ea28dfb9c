/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of expressions and what they give, for tests of converters: the product's constants and
 * all of its converters.
 */
#ifndef WEIR_TESTS_SUPPORT_CONVERTER_H
#define WEIR_TESTS_SUPPORT_CONVERTER_H

#include "rules/variable.h"
#include "support/fetch.h"

/* An expression and its value as a string; "(none)": it has none. */
struct converter_case {
    const char *expression;
    const char *expected;
};

static const struct sample_fetch *const converter_fetches[] = {fetches_internal, NULL};
static const struct sample_converter *const converter_tables[] = {
    converters_integer, converters_text, converters_encoding, converters_hash,
    converters_address, converters_time, converters_logic,    NULL};
static const struct rule_registry converter_registry = {.fetches = converter_fetches,
                                                        .converters = converter_tables,
                                                        .actions = test_no_actions,
                                                        .services = test_services};

/* A test of rules with variables of the transaction. */
static inline void converter_open(struct rules_test *test, struct variable_set *variables)
{
    rules_test_open(test);
    test->parser.registry = &converter_registry;
    test->parser.variables = variable_names_create(&test->account);
    assert_non_null(test->parser.variables);
    variable_set_init(variables, VARIABLE_TRANSACTION, &test->account);
    test->context.variables[VARIABLE_TRANSACTION] = variables;
}

static inline void converter_close(struct rules_test *test, struct variable_set *variables)
{
    variable_set_clear(variables);
    variable_names_destroy(test->parser.variables);
    rules_test_close(test);
}

/* Evaluates the rows one after the other in one exchange, so that variables stay. */
static inline void assert_converted(const struct converter_case *rows, size_t count)
{
    static struct rules_test test;
    struct variable_set variables;
    converter_open(&test, &variables);
    for (size_t i = 0; i < count; i++) {
        const char *value = fetch_test_value(&test, rows[i].expression);
        if (strcmp(value, rows[i].expected) != 0) {
            fail_msg("%s: '%s', expected '%s'", rows[i].expression, value, rows[i].expected);
        }
    }
    converter_close(&test, &variables);
}

/* The expression is refused with a message that has `part` in it. */
static inline void assert_converter_refused(const char *expression, const char *part)
{
    static struct rules_test test;
    struct variable_set variables;
    converter_open(&test, &variables);
    const char *message = fetch_test_refusal(&test, expression);
    if (message[0] == '\0' || strstr(message, part) == NULL) {
        fail_msg("%s: '%s', expected '%s'", expression, message, part);
    }
    converter_close(&test, &variables);
}

#endif
