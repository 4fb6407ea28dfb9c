/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers of one field: where the value goes, limits, and what stays when it is wrong. */
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

#define ROW(section, handler, field, limit)                                         \
    {                                                                               \
        .name = "key", .sections = (section), .least = 1, .most = 1, .expects = "", \
        .read = (handler), .offset = (field), .value = (limit)                      \
    }

/* Runs a handler with one argument. */
static enum result run(struct fixture *fixture, const struct config_keyword *row, const char *word)
{
    text_clear(&fixture->reader.error);
    return row->read(&fixture->reader, &word, 1, row);
}

static void numbers_have_limits(void **state)
{
    struct fixture *fixture = *state;
    const struct config_keyword row =
        ROW(SECTION_BACKEND, config_read_u32_field, offsetof(struct proxy_settings, backlog), 1000);
    uint32_t *field = &fixture->reader.proxy->backlog;
    assert_int_equal(run(fixture, &row, "1000"), RESULT_OK);
    assert_int_equal(*field, 1000);
    assert_int_equal(run(fixture, &row, "1001"), RESULT_INVALID);
    assert_string_equal(fixture->reader.error.data,
                        "'key' expects a numeric value between 0 and 1000 (got '1001').");
    assert_int_equal(run(fixture, &row, "1k"), RESULT_INVALID);
    assert_string_equal(fixture->reader.error.data,
                        "'key' expects an integer argument (got '1k').");
    assert_int_equal(run(fixture, &row, "-1"), RESULT_INVALID);
    assert_int_equal(*field, 1000);
    assert_int_equal(run(fixture, &row, "0"), RESULT_OK);
    assert_int_equal(*field, 0);
}

static void durations_count_the_rows_unit(void **state)
{
    struct fixture *fixture = *state;
    const struct config_keyword row =
        ROW(SECTION_BACKEND, config_read_time_field,
            offsetof(struct proxy_settings, request_inspect_ms), 1000);
    uint32_t *field = &fixture->reader.proxy->request_inspect_ms;
    assert_int_equal(run(fixture, &row, "5"), RESULT_OK);
    assert_int_equal(*field, 5000);
    assert_int_equal(run(fixture, &row, "5ms"), RESULT_OK);
    assert_int_equal(*field, 5);
    assert_int_equal(run(fixture, &row, "2m"), RESULT_OK);
    assert_int_equal(*field, 120000);
    assert_int_equal(run(fixture, &row, "2y"), RESULT_INVALID);
    assert_string_equal(fixture->reader.error.data, "unexpected character 'y' in 'key'");
}

static void texts_are_copied(void **state)
{
    struct fixture *fixture = *state;
    const struct config_keyword row = ROW(SECTION_BACKEND, config_read_text_field,
                                          offsetof(struct proxy_settings, description), 0);
    char word[] = "text";
    assert_int_equal(run(fixture, &row, word), RESULT_OK);
    word[0] = 'n';
    assert_string_equal(fixture->reader.proxy->description, "text");
    fault_fail_nth(fixture->test->memory, 1, 0);
    assert_int_equal(run(fixture, &row, word), RESULT_NO_MEMORY);
    assert_string_equal(fixture->reader.error.data, "out of memory.");
    assert_true(fixture->reader.lacks_memory);
}

static void flags_may_be_negated(void **state)
{
    struct fixture *fixture = *state;
    const struct config_keyword row = ROW(SECTION_BACKEND, config_read_flag_field,
                                          offsetof(struct proxy_settings, is_disabled), 0);
    assert_int_equal(run(fixture, &row, NULL), RESULT_OK);
    assert_true(fixture->reader.proxy->is_disabled);
    fixture->reader.is_negated = true;
    assert_int_equal(run(fixture, &row, NULL), RESULT_OK);
    assert_false(fixture->reader.proxy->is_disabled);
}

/* Rows of the global section have their fields there, whatever proxy was read last. */
static void global_rows_have_global_fields(void **state)
{
    struct fixture *fixture = *state;
    const struct config_keyword row =
        ROW(SECTION_GLOBAL, config_read_u32_field, offsetof(struct global_settings, max_accept), 9);
    assert_int_equal(run(fixture, &row, "9"), RESULT_OK);
    assert_int_equal(fixture->test->configuration.global.max_accept, 9);
}

static void what_has_no_meaning_is_noted(void **state)
{
    struct fixture *fixture = *state;
    const struct config_keyword row = ROW(SECTION_BACKEND, config_pass_over, 0, 0);
    fixture->test->shows_diagnostics = true;
    assert_int_equal(run(fixture, &row, "x"), RESULT_OK);
    assert_string_equal(
        fixture->test->messages.data,
        "D parsing [t.cfg:1] : 'key' has no meaning for weir and is passed over.\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(numbers_have_limits),
        WITH_FIXTURE(durations_count_the_rows_unit),
        WITH_FIXTURE(texts_are_copied),
        WITH_FIXTURE(flags_may_be_negated),
        WITH_FIXTURE(global_rows_have_global_fields),
        WITH_FIXTURE(what_has_no_meaning_is_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
