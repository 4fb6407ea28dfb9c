/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: every kind of option, files, old processes, and what is said of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "process/command_line.h"

enum { WORDS_MAX = 16, ERROR_SIZE = 4096 };

static char error_bytes[ERROR_SIZE];

/* Parses the words of `text`, cut at spaces. */
static enum result parse(const char *text, struct command_line *line)
{
    static char bytes[512];
    char *words[WORDS_MAX + 1] = {"weir"};
    int count = 1;
    snprintf(bytes, sizeof(bytes), "%s", text);
    for (char *word = bytes; *word != '\0' && count < WORDS_MAX;) {
        size_t length = strcspn(word, " ");
        words[count++] = word;
        word += length;
        if (*word == ' ') {
            *word++ = '\0';
        }
    }
    struct text error = text_over(error_bytes, sizeof(error_bytes));
    return command_line_parse(count, words, line, &error);
}

static void nothing_is_run(void **state)
{
    struct command_line line;
    (void)state;
    assert_int_equal(parse("", &line), RESULT_OK);
    assert_int_equal(line.command, COMMAND_RUN);
    assert_int_equal(line.files_count, 0);
    assert_int_equal(line.maxconn, 0);
}

static void commands_are_chosen(void **state)
{
    static const struct {
        const char *text;
        enum command command;
    } ROWS[] = {
        {"-f a", COMMAND_RUN},   {"-c -f a", COMMAND_CHECK},    {"-cc 1", COMMAND_CHECK_CONDITION},
        {"-v", COMMAND_VERSION}, {"-vv", COMMAND_VERSION_LONG},
    };
    struct command_line line;
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(parse(ROWS[i].text, &line), RESULT_OK);
        assert_int_equal(line.command, ROWS[i].command);
    }
}

static void values_are_stored(void **state)
{
    struct command_line line;
    (void)state;
    assert_int_equal(parse("-f a -n 100 -N 50 -m 64 -p pid -L me -C /", &line), RESULT_OK);
    assert_int_equal(line.maxconn, 100);
    assert_int_equal(line.proxy_maxconn, 50);
    assert_int_equal(line.memory_mib, 64);
    assert_string_equal(line.pidfile, "pid");
    assert_string_equal(line.local_peer, "me");
    assert_string_equal(line.directory, "/");
    assert_int_equal(parse("-x old -S m -cc 1", &line), RESULT_OK);
    assert_string_equal(line.old_socket, "old");
    assert_string_equal(line.master_socket, "m");
    assert_string_equal(line.condition, "1");
}

static void switches_are_set(void **state)
{
    struct command_line line;
    (void)state;
    assert_int_equal(parse("-D -db -d -q -dW -dD -dr -W", &line), RESULT_OK);
    assert_true(line.daemon && line.foreground && line.debug && line.quiet && line.zero_warning);
    assert_true(line.diagnostics && line.ignore_resolution && line.master_worker);
    assert_int_equal(parse("-V -q", &line), RESULT_OK);
    assert_false(line.quiet);
    assert_int_equal(parse("-dS -dR -dZ -de -dp", &line), RESULT_OK);
    assert_false(line.debug);
}

static void files_are_collected(void **state)
{
    struct command_line line;
    (void)state;
    assert_int_equal(parse("-f a -f b -- c -d", &line), RESULT_OK);
    assert_int_equal(line.files_count, 4);
    assert_string_equal(line.files[0], "a");
    assert_string_equal(line.files[1], "b");
    assert_string_equal(line.files[2], "c");
    assert_string_equal(line.files[3], "-d");
    assert_false(line.debug);
}

static void old_processes_are_collected(void **state)
{
    struct command_line line;
    (void)state;
    assert_int_equal(parse("-sf 10 20 -f a", &line), RESULT_OK);
    assert_true(line.finish_old);
    assert_int_equal(line.old_pids_count, 2);
    assert_int_equal(line.old_pids[0], 10);
    assert_int_equal(line.old_pids[1], 20);
    assert_int_equal(line.files_count, 1);
    assert_int_equal(parse("-st 7", &line), RESULT_OK);
    assert_false(line.finish_old);
    assert_int_equal(line.old_pids[0], 7);
    assert_int_equal(parse("-sf", &line), RESULT_OK);
    assert_int_equal(line.old_pids_count, 0);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *text;
        const char *part;
    } ROWS[] = {
        {"-f", "option '-f' expects a file or a folder"},
        {"-n", "option '-n' expects a number"},
        {"-n x", "option '-n' expects a number"},
        {"-n 4294967296", "option '-n' expects a number"},
        {"-p", "option '-p' expects an argument"},
        {"-cc", "option '-cc' expects a condition"},
        {"-nonsense", "unknown option '-nonsense'"},
        {"file", "unexpected argument 'file'"},
        {"-", "unexpected argument '-'"},
        {"-sf 0", "unexpected argument '0'"},
        {"-dV", "option '-dV' is not supported by weir"},
    };
    struct command_line line;
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(parse(ROWS[i].text, &line), RESULT_INVALID);
        assert_non_null(strstr(error_bytes, ROWS[i].part));
    }
}

static void memory_help_ends(void **state)
{
    struct command_line line;
    (void)state;
    assert_int_equal(parse("-dMhelp", &line), RESULT_END);
    assert_int_equal(line.command, COMMAND_MEMORY_HELP);
    assert_true(strlen(error_bytes) > 0);
    assert_int_equal(parse("-dMnonsense", &line), RESULT_INVALID);
}

static void files_are_limited(void **state)
{
    static char *words[COMMAND_FILES_MAX + 3] = {"weir", "--"};
    struct command_line line;
    struct text error = text_over(error_bytes, sizeof(error_bytes));
    (void)state;
    for (int i = 0; i < COMMAND_FILES_MAX + 1; i++) {
        words[i + 2] = "x.cfg";
    }
    assert_int_equal(command_line_parse(COMMAND_FILES_MAX + 2, words, &line, &error), RESULT_OK);
    assert_int_equal(line.files_count, COMMAND_FILES_MAX);
    assert_int_equal(command_line_parse(COMMAND_FILES_MAX + 3, words, &line, &error),
                     RESULT_INVALID);
    assert_non_null(strstr(error_bytes, "more than 256 configuration files"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_run),        cmocka_unit_test(commands_are_chosen),
        cmocka_unit_test(values_are_stored),     cmocka_unit_test(switches_are_set),
        cmocka_unit_test(files_are_collected),   cmocka_unit_test(old_processes_are_collected),
        cmocka_unit_test(what_is_wrong_is_said), cmocka_unit_test(memory_help_ends),
        cmocka_unit_test(files_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
