/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of fetches need beside support/rules.h: expressions over tables of the product,
 * evaluated into a text that says what came of them.
 */
#ifndef WEIR_TESTS_SUPPORT_FETCH_H
#define WEIR_TESTS_SUPPORT_FETCH_H

#include "support/rules.h"

/* A list of tables with the NULL that ends it, as a registry. */
#define FETCH_TEST_REGISTRY(name, ...)                                             \
    static const struct sample_fetch *const name##_tables[] = {__VA_ARGS__, NULL}; \
    static const struct rule_registry name = {.fetches = name##_tables,            \
                                              .converters = test_converter_tables, \
                                              .actions = test_no_actions,          \
                                              .services = test_services}

static inline struct sample_expression *fetch_test_parse(struct rules_test *test, const char *word)
{
    struct sample_expression *expression = NULL;
    unsigned used = 0;
    text_clear(&test->error);
    if (sample_parse(&test->parser, &word, 1, &used, &expression) != RESULT_OK) {
        fail_msg("%s: %s", word, test->error_storage);
    }
    return expression;
}

/* The value as a string (binary as it is), "(none)", or "(wait)" where more input may give one. */
static inline const char *fetch_test_value(struct rules_test *test, const char *word)
{
    struct sample_expression *expression = fetch_test_parse(test, word);
    struct sample sample;
    struct text text = text_over(test->buffer, sizeof(test->buffer));
    enum sample_type type =
        sample_expression_type(expression) == SAMPLE_BINARY ? SAMPLE_BINARY : SAMPLE_STRING;
    enum result result = sample_evaluate_as(expression, &test->context, type, &sample);
    if (result == RESULT_OK) {
        text_append(&text, sample.text);
    } else {
        assert_true(result == RESULT_NOT_FOUND || result == RESULT_BLOCKED);
        text_append_string(&text, result == RESULT_BLOCKED ? "(wait)" : "(none)");
    }
    arena_clear(&test->scratch);
    sample_expression_destroy(&test->account, expression);
    return test->buffer;
}

/* The number that an expression gives, which must be one. */
static inline int64_t fetch_test_integer(struct rules_test *test, const char *word)
{
    struct sample_expression *expression = fetch_test_parse(test, word);
    struct sample sample;
    enum result result = sample_evaluate_as(expression, &test->context, SAMPLE_INTEGER, &sample);
    arena_clear(&test->scratch);
    sample_expression_destroy(&test->account, expression);
    if (result != RESULT_OK) {
        fail_msg("%s: no number", word);
    }
    return sample.integer;
}

/* What is wrong with an expression that must not compile. */
static inline const char *fetch_test_refusal(struct rules_test *test, const char *word)
{
    struct sample_expression *expression = NULL;
    unsigned used = 0;
    text_clear(&test->error);
    if (sample_parse(&test->parser, &word, 1, &used, &expression) != RESULT_INVALID) {
        fail_msg("%s: was accepted", word);
    }
    return test->error_storage;
}

#define assert_fetch(test, word, expected) \
    assert_string_equal(fetch_test_value((test), (word)), (expected))
#define assert_refused(test, word, message) \
    assert_string_equal(fetch_test_refusal((test), (word)), (message))

#endif
