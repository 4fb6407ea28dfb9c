/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the keyword tables: messages, memory, reasons, names. */
#include "support/config.h"

static struct test_config *test;
static struct config_reader reader;

static int open_reader(void **state)
{
    (void)state;
    test = test_config_open();
    reader = (struct config_reader){.configuration = &test->configuration,
                                    .input = &test->input,
                                    .account = &test->account,
                                    .file = "x.cfg",
                                    .line = 7,
                                    .section_name = "global"};
    reader.error = text_over(reader.error_bytes, sizeof(reader.error_bytes));
    reader.warning = text_over(reader.warning_bytes, sizeof(reader.warning_bytes));
    return 0;
}

static int close_reader(void **state)
{
    (void)state;
    test_config_close(test);
    return 0;
}

static void check_messages(void **state)
{
    (void)state;
    config_warn(&reader, "a %d", 1);
    config_alert_at(&reader, "y.cfg", 9, "b %s", "c");
    config_report(&reader, REPORT_NOTICE, "plain");
    test->shows_diagnostics = true;
    config_note_without_meaning(&reader, "foo");
    assert_string_equal(test->messages.data,
                        "W parsing [x.cfg:7] : a 1\n"
                        "A parsing [y.cfg:9] : b c\n"
                        "N plain\n"
                        "D parsing [x.cfg:7] : 'foo' has no meaning for weir and is passed "
                        "over.\n");
    assert_int_equal(reader.alerts, 1);
    assert_int_equal(test->configuration.warnings, 1);
}

/* A message may quote the one that is there. */
static void check_reasons(void **state)
{
    (void)state;
    assert_int_equal(config_fail(&reader, "inner..."), RESULT_INVALID);
    assert_string_equal(config_reason(&reader), "inner");
    assert_int_equal(config_fail(&reader, "outer : %s", config_reason(&reader)), RESULT_INVALID);
    assert_string_equal(reader.error.data, "outer : inner");
    text_clear(&reader.error);
    assert_string_equal(config_reason(&reader), "out of memory");
}

static void check_memory(void **state)
{
    (void)state;
    size_t before = test->account.used;
    const char *copy = config_copy(&reader, "word");
    assert_string_equal(copy, "word");
    assert_string_equal(config_copy_slice(&reader, slice_of("abcdef", 3)), "abc");
    assert_string_equal(config_copy_slice(&reader, SLICE_NONE), "");
    uint64_t *block = config_take(&reader, sizeof(*block));
    assert_int_equal(*block, 0);
    assert_int_equal((uintptr_t)block % sizeof(*block), 0);
    assert_true(test->account.used > before);
    config_release_blocks(&test->configuration);
    assert_int_equal(test->account.used, before);
}

static void check_refusal(void **state)
{
    (void)state;
    test->account.cap = test->account.used + 1;
    assert_null(config_take(&reader, 100));
    assert_string_equal(reader.error.data, "out of memory.");
    test->account.cap = 0;
}

static void check_matching(void **state)
{
    static const char *const WORDS[] = {"timeout", "client", "5s"};
    (void)state;
    assert_int_equal(config_match_keyword("timeout client", WORDS, 3), 2);
    assert_int_equal(config_match_keyword("timeout", WORDS, 3), 1);
    assert_int_equal(config_match_keyword("timeout client", WORDS, 1), 0);
    assert_int_equal(config_match_keyword("timeout clients", WORDS, 3), 0);
    assert_int_equal(config_match_keyword("time", WORDS, 3), 0);
}

static void check_names(void **state)
{
    (void)state;
    struct proxy_settings proxy = {.role = PROXY_FRONTEND};
    assert_string_equal(config_role_name(&proxy), "frontend");
    proxy.role = PROXY_BACKEND;
    assert_string_equal(config_role_name(&proxy), "backend");
    proxy.role = PROXY_FRONTEND | PROXY_BACKEND;
    assert_string_equal(config_role_name(&proxy), "proxy");
    proxy.role = PROXY_DEFAULTS;
    assert_string_equal(config_role_name(&proxy), "defaults");
}

static void check_parser(void **state)
{
    (void)state;
    test->configuration.global.bufsize = 4096;
    struct rule_parser parser = config_rule_parser(&reader, SAMPLE_IN_LOG);
    assert_ptr_equal(parser.registry, &TEST_REGISTRY);
    assert_ptr_equal(parser.error, &reader.error);
    assert_ptr_equal(parser.references, &test->configuration.references);
    assert_int_equal(parser.capabilities, SAMPLE_IN_LOG);
    assert_int_equal(parser.reply_bytes_max, 4096);
    assert_int_equal(parser.line, 7);
    assert_null(parser.acls);
    assert_null(parser.captures);
}

#define CHECK(function) cmocka_unit_test_setup_teardown(function, open_reader, close_reader)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(check_messages), CHECK(check_reasons), CHECK(check_memory), CHECK(check_refusal),
        CHECK(check_matching), CHECK(check_names),   CHECK(check_parser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
