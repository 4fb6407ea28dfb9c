/* SPDX-License-Identifier: Apache-2.0 */
/* Compiled objects: each kind is kept, none is leaked when it cannot be, errors come from below. */
#include "rules/acl.h"
#include "support/config.h"

/* A reader in a backend called "b", outside of any file. */
struct fixture {
    struct test_config *test;
    struct config_reader reader;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    assert_non_null(fixture);
    fixture->test = test_config_valid("backend b\n    mode http\n");
    test_config_reader(fixture->test, &fixture->reader);
    fixture->reader.proxy = test_config_proxy(fixture->test, "b");
    fixture->reader.section = SECTION_BACKEND;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    fault_fail_nth(fixture->test->memory, 0, 0);
    test_config_close(fixture->test);
    free(fixture);
    return 0;
}

#define WITH_FIXTURE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static struct rule_parser make_parser(struct fixture *fixture)
{
    return config_rule_parser(&fixture->reader, SAMPLE_IN_HTTP_REQUEST);
}

static void every_kind_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct rule_parser parser = make_parser(fixture);
    struct list *compiled = &fixture->test->configuration.compiled;
    size_t before = test_config_length(compiled);
    const char *const expression[] = {"path,lower", "next"};
    const char *const condition[] = {"if", "{", "path", "/a", "}", "!TRUE"};
    struct sample_expression *sample = NULL;
    struct log_format *format = NULL;
    struct acl_condition *rule = NULL;
    unsigned used = 0;
    assert_int_equal(
        config_compile_expression(&fixture->reader, &parser, expression, 2, &used, &sample),
        RESULT_OK);
    assert_int_equal(used, 1);
    assert_non_null(sample);
    assert_int_equal(config_compile_format(&fixture->reader, &parser, "a %[path]",
                                           LOG_FORMAT_FOR_STRING, &format),
                     RESULT_OK);
    assert_non_null(format);
    assert_int_equal(config_compile_condition(&fixture->reader, &parser, condition, 6, &rule),
                     RESULT_OK);
    assert_non_null(rule);
    assert_int_equal(test_config_length(compiled), before + 3);
    config_release_compiled(&fixture->test->configuration);
    assert_true(list_is_empty(compiled));
}

static void errors_leave_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct rule_parser parser = make_parser(fixture);
    struct config_reader *reader = &fixture->reader;
    struct list *compiled = &fixture->test->configuration.compiled;
    size_t before = test_config_length(compiled);
    const char *const expression[] = {"nope"};
    const char *const condition[] = {"if", "nope"};
    struct sample_expression *sample = (struct sample_expression *)1;
    struct log_format *format = (struct log_format *)1;
    struct acl_condition *rule = (struct acl_condition *)1;
    unsigned used = 0;
    assert_int_equal(config_compile_expression(reader, &parser, expression, 1, &used, &sample),
                     RESULT_INVALID);
    assert_null(sample);
    assert_string_equal(config_reason(reader), "unknown fetch method 'nope'");
    text_clear(&reader->error);
    assert_int_equal(
        config_compile_format(reader, &parser, "%[nope]", LOG_FORMAT_FOR_STRING, &format),
        RESULT_INVALID);
    assert_null(format);
    assert_string_equal(config_reason(reader), "unknown fetch method 'nope'");
    text_clear(&reader->error);
    assert_int_equal(config_compile_condition(reader, &parser, condition, 2, &rule),
                     RESULT_INVALID);
    assert_null(rule);
    assert_string_equal(config_reason(reader), "no such ACL : 'nope'");
    assert_int_equal(test_config_length(compiled), before);
}

/* Every allocation of each kind refused in turn, the record's too: close finds what is left. */
static void refused_memory_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct rule_parser parser = make_parser(fixture);
    struct memory *memory = fixture->test->memory;
    const char *const expression[] = {"path,lower"};
    const char *const condition[] = {"if", "{", "path", "/a", "}"};
    for (unsigned kind = 0; kind < 3; kind++) {
        enum result result = RESULT_NO_MEMORY;
        uint64_t nth = 0;
        while (result != RESULT_OK) {
            struct sample_expression *sample = NULL;
            struct log_format *format = NULL;
            struct acl_condition *rule = NULL;
            unsigned used = 0;
            fault_fail_nth(memory, ++nth, 0);
            if (kind == 0) {
                result = config_compile_expression(&fixture->reader, &parser, expression, 1, &used,
                                                   &sample);
            } else if (kind == 1) {
                result = config_compile_format(&fixture->reader, &parser, "a %[path]",
                                               LOG_FORMAT_FOR_STRING, &format);
            } else {
                result = config_compile_condition(&fixture->reader, &parser, condition, 5, &rule);
            }
            bool is_refused = fault_failed(memory) > 0;
            assert_int_equal(result, is_refused ? RESULT_NO_MEMORY : RESULT_OK);
            assert_int_equal(sample != NULL || format != NULL || rule != NULL, !is_refused);
            text_clear(&fixture->reader.error);
        }
        assert_true(nth > 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(every_kind_is_kept),
        WITH_FIXTURE(errors_leave_nothing),
        WITH_FIXTURE(refused_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
