/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Splitting lines, finding commands, levels, help.
 */
#include "admin/cli.h"

#include "support/admin.h"

static struct cli_request request;

static enum result split(const char *line)
{
    static char bytes[512];
    struct text text = text_over(bytes, sizeof(bytes));
    text_append_string(&text, line);
    return cli_split(bytes, &request);
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(split("  show \t stat  "), RESULT_OK);
    assert_int_equal(request.count, 2);
    assert_string_equal(request.words[0], "show");
    assert_string_equal(request.words[1], "stat");
    assert_int_equal(split(""), RESULT_OK);
    assert_int_equal(request.count, 0);
    assert_int_equal(split("   "), RESULT_OK);
    assert_int_equal(request.count, 0);
}

static void test_quotes_and_backslashes(void **state)
{
    (void)state;
    assert_int_equal(split("add map m \"a b\" c\\ d 'e\\f' g\"h i\"j \"\""), RESULT_OK);
    static const char *const words[] = {"add", "map", "m", "a b", "c d", "e\\f", "gh ij", ""};
    assert_int_equal(request.count, 8);
    for (unsigned i = 0; i < 8; i++) {
        assert_string_equal(request.words[i], words[i]);
    }
    assert_int_equal(split("a\\"), RESULT_OK); /* a last backslash stays */
    assert_string_equal(request.words[0], "a\\");
    assert_int_equal(split("\"never closed one"), RESULT_OK);
    assert_int_equal(request.count, 1);
    assert_string_equal(request.words[0], "never closed one");
}

static void test_too_many_words(void **state)
{
    (void)state;
    char line[2 * (CLI_WORDS_MAX + 1) + 1];
    for (unsigned i = 0; i <= CLI_WORDS_MAX; i++) {
        line[2 * i] = 'w';
        line[2 * i + 1] = ' ';
    }
    line[2 * CLI_WORDS_MAX] = '\0';
    assert_int_equal(split(line), RESULT_OK);
    assert_int_equal(request.count, CLI_WORDS_MAX);
    line[2 * CLI_WORDS_MAX] = 'w';
    line[2 * CLI_WORDS_MAX + 1] = '\0';
    assert_int_equal(split(line), RESULT_FULL);
}

static const struct cli_command *find(const char *line, enum cli_level level, struct text *out)
{
    assert_int_equal(split(line), RESULT_OK);
    struct cli_modes modes = {.level = level};
    request.modes = &modes;
    request.out = out;
    return cli_find_command(&request);
}

static void test_find(void **state)
{
    (void)state;
    char bytes[16384];
    struct text out = text_over(bytes, sizeof(bytes));
    assert_string_equal(find("show stat typed", CLI_USER, &out)->words, "show stat");
    assert_string_equal(find("show servers state be", CLI_USER, &out)->words, "show servers state");
    assert_int_equal(out.length, 0);
    assert_null(find("set server be/s1 state maint", CLI_OPERATOR, &out));
    assert_string_equal(bytes, "Permission denied\n");
    text_clear(&out);
    assert_null(find("show nothing", CLI_USER, &out));
    assert_non_null(strstr(bytes, "Unknown command: 'show'"));
    assert_non_null(strstr(bytes, "  show stat "));
    assert_null(strstr(bytes, "set weight")); /* another word, and above this level */
    text_clear(&out);
    assert_null(find("", CLI_USER, &out));
    assert_non_null(strstr(bytes, "show info"));
}

static void test_help(void **state)
{
    (void)state;
    char bytes[16384];
    struct text out = text_over(bytes, sizeof(bytes));
    cli_append_help(&out, CLI_USER, NULL, 0);
    assert_non_null(strstr(bytes, "show info"));
    assert_non_null(strstr(bytes, "quit"));
    assert_null(strstr(bytes, "disable server"));
    text_clear(&out);
    cli_append_help(&out, CLI_ADMIN, NULL, 0);
    assert_non_null(strstr(bytes, "disable server"));
    assert_false(out.truncated);
    static const char *const prefix[] = {"clear"};
    text_clear(&out);
    cli_append_help(&out, CLI_ADMIN, prefix, 1);
    assert_non_null(strstr(bytes, "clear counters"));
    assert_null(strstr(bytes, "show info"));
}

static void test_times(void **state)
{
    (void)state;
    uint32_t ms = 0;
    assert_true(cli_read_time("7", 1, &ms));
    assert_int_equal(ms, 7);
    assert_true(cli_read_time("7", 1000, &ms));
    assert_int_equal(ms, 7000);
    assert_true(cli_read_time("3m", 1, &ms));
    assert_int_equal(ms, 180000);
    assert_true(cli_read_time("0", 1, &ms));
    assert_int_equal(ms, 0);
    assert_true(cli_read_time("24d", 1, &ms));
    assert_int_equal(ms, 2073600000);
    static const char *const BAD[] = {"", "s", "-1", "1.5", "5 s", "25d", "2147483648"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        assert_false(cli_read_time(BAD[i], 1, &ms));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),          cmocka_unit_test(test_quotes_and_backslashes),
        cmocka_unit_test(test_too_many_words), cmocka_unit_test(test_find),
        cmocka_unit_test(test_help),           cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
