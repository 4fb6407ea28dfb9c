/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of files: places in messages, what is wrong with a line or a file as a whole. */
#include "support/config.h"

static void test_lines(void **state)
{
    static const struct test_config_case CASES[] = {
        {"foo bar\n", "A parsing [t.cfg:1]: unknown keyword 'foo' out of section.\n"},
        {"global\n"
         "    daemon # a comment\n"
         "    foo\n",
         "A parsing [t.cfg:3] : unknown keyword 'foo' in 'global' section\n"},
        {"  \"\"\n", ""},
        {"'' foo\n", ""},
        {"global\n"
         "    daemon \"\" x\n",
         "W parsing [t.cfg:2] : argument number 1 is empty and marks the end of the argument "
         "list\n"},
        {"foo 'bar\n"
         "global\n"
         "    daemon x\n",
         "A parsing [t.cfg:1]: unmatched quote at position 5:\n"
         "  foo 'bar\n"
         "      ^\n"
         "A parsing [t.cfg:3] : 'daemon' cannot handle unexpected argument 'x'.\n"},
        {"global\n"
         "    log \"a\n"
         "\tb\"\n",
         "A parsing [t.cfg:2]: unmatched quote at position 9:\n"
         "  log \"a\n"
         "      ^\n"
         "A parsing [t.cfg:3]: unmatched quote at position 3:\n"
         "  b\"\n"
         "   ^\n"},
        {"    "
         "barcccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
         "cccccccccccccccccccccccccccc\"x\n",
         "A parsing [t.cfg:1]: unmatched quote at position 122:\n"
         "  ...cccccccccccccccccccccccccccccccccccccccc\"x\n"
         "                                             ^\n"},
        {"aaa                                                                                      "
         "                                  "
         "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
         "bbbbbbbbb\n",
         "A parsing [t.cfg:1]: unmatched quote at position 124:\n"
         "  ...                                        "
         "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb...\n"
         "                                             ^\n"},
        {"global\n"
         "    description \"in ${.SECTION}, line ${.LINE}, ${NOT_SET-of nothing}\"\n",
         ""},
    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

/* Writes bytes that may have a NUL, and loads them. */
static void check_bytes(const char *bytes, size_t length, const char *messages)
{
    struct test_config *test = test_config_open();
    FILE *file = fopen("t.cfg", "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
    const char *path = "t.cfg";
    assert_int_equal(test_config_load_files(test, &path, 1), RESULT_INVALID);
    assert_string_equal(test->messages.data, messages);
    test_config_close(test);
}

static void test_bytes(void **state)
{
    (void)state;
    check_bytes("global", strlen("global"),
                "A parsing [t.cfg:1]: Missing LF on last line, file might have been truncated at "
                "position 7.\n");
    check_bytes("glo\0bal\n", sizeof("glo\0bal\n") - 1,
                "A parsing [t.cfg:1]: unknown keyword 'glo' out of section.\n"
                "A parsing [t.cfg:1]: Stray NUL character at position 4.\n");
}

static void test_carriage_returns(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\r\n  daemon\r\n\r\n# x\r\n");
    assert_true(test->configuration.global.daemon);
    test_config_close(test);
}

static void test_pseudo_variables(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        "\nglobal\n  description \"${.FILE}:${.LINE} ${.SECTION} ${NOT_SET_AT_ALL-none}\"\n"
        "backend back\n  description \"$.SECTION\"\n"
        "defaults\n  log-tag \"$.SECTION\"\n");
    assert_string_equal(test->configuration.global.description, "t.cfg:3 global none");
    assert_string_equal(test_config_proxy(test, "back")->description, "back");
    const struct proxy_settings *defaults = container_of(
        test_config_member(&test->configuration.defaults, 0), struct proxy_settings, link);
    assert_string_equal(defaults->log_tag, "defaults");
    test_config_close(test);
}

static void test_too_long(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    char *text = malloc(LEXER_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, 'x', LEXER_BYTES_MAX + 1);
    text[LEXER_BYTES_MAX + 1] = '\0';
    assert_int_equal(test_config_load(test, text), RESULT_INVALID);
    assert_string_equal(test->messages.data, "A parsing [t.cfg:1]: line too long, limit: 65535.\n");
    free(text);
    test_config_close(test);
}

/* Reading goes on after mistakes, up to a limit. */
static void test_many_errors(void **state)
{
    (void)state;
    struct test_config *test = test_config_open();
    char bytes[4096];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_string(&text, "global\n");
    for (unsigned i = 0; i < 2 * CONFIG_ERRORS_MAX; i++) {
        text_append_string(&text, "  foo\n");
    }
    assert_int_equal(test_config_load(test, bytes), RESULT_INVALID);
    assert_non_null(strstr(test->messages.data, "[t.cfg:51] : unknown keyword"));
    assert_null(strstr(test->messages.data, "[t.cfg:52]"));
    assert_non_null(strstr(test->messages.data, "A too many errors, the rest is not read.\n"));
    test_config_close(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_carriage_returns),
        cmocka_unit_test(test_pseudo_variables),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_many_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
