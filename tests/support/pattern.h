/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of patterns need beside support/rules.h: a collection of files, sets compiled for a
 * method, and matches told as texts.
 */
#ifndef WEIR_TESTS_SUPPORT_PATTERN_H
#define WEIR_TESTS_SUPPORT_PATTERN_H

#include "memory/fault.h"
#include "rules/pattern_internal.h"
#include "support/rules.h"

static inline void pattern_test_open(struct rules_test *test)
{
    rules_test_open(test);
    test->parser.patterns = pattern_files_create(&test->account);
    assert_non_null(test->parser.patterns);
}

static inline void pattern_test_close(struct rules_test *test)
{
    fault_fail_nth(test->memory, 0, 0);
    pattern_files_destroy(test->parser.patterns);
    arena_clear(&test->scratch);
    http_message_clear(&test->request);
    assert_int_equal(test->account.used, 0);
    rules_test_close(test);
}

/* A file that exists in memory only. */
static inline struct pattern_file *pattern_test_file(struct rules_test *test, const char *name,
                                                     bool has_values)
{
    struct pattern_file *file = NULL;
    enum pattern_use use = has_values ? PATTERN_USE_MAP : PATTERN_USE_ACL;
    if (pattern_files_open(&test->parser, name, has_values, use, &file) != RESULT_OK) {
        fail_msg("%s: %s", name, test->error_storage);
    }
    return file;
}

static inline struct pattern_set *pattern_test_set(struct rules_test *test,
                                                   struct pattern_file *file,
                                                   enum pattern_method method, unsigned flags,
                                                   enum sample_type value_type)
{
    struct pattern_set *set = NULL;
    if (pattern_file_compile(&test->parser, file, method, flags, value_type, &set) != RESULT_OK) {
        fail_msg("%s: %s", pattern_method_name(method), test->error_storage);
    }
    return set;
}

/* Adds to the current version; `value` NULL: none. */
static inline enum result pattern_test_try(struct rules_test *test, struct pattern_file *file,
                                           const char *key, const char *value)
{
    text_clear(&test->error);
    return pattern_file_add(file, 0, slice_from_string(key),
                            value == NULL ? SLICE_NONE : slice_from_string(value), &test->error);
}

static inline void pattern_test_add(struct rules_test *test, struct pattern_file *file,
                                    const char *key, const char *value)
{
    if (pattern_test_try(test, file, key, value) != RESULT_OK) {
        fail_msg("'%s': %s", key, test->error_storage);
    }
}

/* Why a pattern or its value is refused; nothing of it may stay. */
static inline const char *pattern_test_refusal(struct rules_test *test, struct pattern_file *file,
                                               const char *key, const char *value)
{
    size_t held = test->account.used;
    if (pattern_test_try(test, file, key, value) != RESULT_INVALID) {
        fail_msg("'%s' was accepted", key);
    }
    assert_int_equal(test->account.used, held);
    return test->error_storage;
}

/* The pattern that a sample, cast as the set wants it, matches: "(none)" for none of them. */
static inline const char *pattern_test_match_sample(struct rules_test *test,
                                                    const struct pattern_set *set,
                                                    struct sample sample)
{
    struct pattern_hit hit = {.wants_key = true};
    struct text text = text_over(test->buffer, sizeof(test->buffer));
    enum sample_type input = pattern_method_input(set->method);
    assert_int_equal(sample_cast(&test->context, &sample, input), RESULT_OK);
    enum result result = pattern_set_match(set, &test->context, &sample, &hit);
    if (result == RESULT_OK) {
        text_append(&text, hit.key);
    } else {
        assert_int_equal(result, RESULT_NOT_FOUND);
        text_append_string(&text, "(none)");
    }
    /* Without a hit the answer is the same. */
    assert_int_equal(pattern_set_match(set, &test->context, &sample, NULL), result);
    arena_clear(&test->scratch);
    return test->buffer;
}

static inline const char *pattern_test_match(struct rules_test *test, const struct pattern_set *set,
                                             const char *text)
{
    const struct sample sample = {.type = SAMPLE_STRING, .text = slice_from_string(text)};
    return pattern_test_match_sample(test, set, sample);
}

/* The value that a map gives for a text, itself as a text; "(none)" where nothing matches. */
static inline const char *pattern_test_value(struct rules_test *test, const struct pattern_set *set,
                                             const char *key)
{
    struct sample sample = {.type = SAMPLE_STRING, .text = slice_from_string(key)};
    struct pattern_hit hit = {0};
    struct text text = text_over(test->buffer, sizeof(test->buffer));
    enum sample_type input = pattern_method_input(set->method);
    assert_int_equal(sample_cast(&test->context, &sample, input), RESULT_OK);
    enum result result = pattern_set_match(set, &test->context, &sample, &hit);
    if (result == RESULT_OK) {
        assert_int_equal(sample_cast(&test->context, &hit.value, SAMPLE_STRING), RESULT_OK);
        text_append(&text, hit.value.text);
    } else {
        assert_int_equal(result, RESULT_NOT_FOUND);
        text_append_string(&text, "(none)");
    }
    arena_clear(&test->scratch);
    return test->buffer;
}

static inline bool pattern_test_visit(void *argument, const struct pattern_view *view)
{
    struct text *text = argument;
    text_append_string(text, text->length == 0 ? "" : " ");
    text_append(text, view->key);
    if (view->value.data != NULL) {
        text_append_char(text, '=');
        text_append(text, view->value);
    }
    return true;
}

/* All entries of a version in order, as "key key=value"; "(none)": there is no such version. */
static inline const char *pattern_test_entries(struct rules_test *test, struct pattern_file *file,
                                               uint32_t version)
{
    struct pattern_walk walk;
    struct text text = text_over(test->buffer, sizeof(test->buffer));
    if (pattern_walk_begin(&walk, file, version) != RESULT_OK) {
        text_append_string(&text, "(none)");
        pattern_walk_end(&walk);
        return test->buffer;
    }
    assert_int_equal(pattern_walk_on(&walk, SIZE_MAX, pattern_test_visit, &text), RESULT_END);
    pattern_walk_end(&walk);
    return test->buffer;
}

#endif
