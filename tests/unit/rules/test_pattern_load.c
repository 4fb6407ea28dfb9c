/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading files: comments, blanks and line ends, values, lines of every length around that of the
 * buffer, what cannot be read, which line is wrong, and refused memory.
 */
#include "rules/pattern_load.h"

#include <stdlib.h>
#include <unistd.h>

#include "support/pattern.h"

static struct rules_test test;
static char path[64];

static int open_test(void **state)
{
    (void)state;
    pattern_test_open(&test);
    struct text text = text_over(path, sizeof(path));
    text_append_string(&text, "/tmp/weir-test-load-XXXXXX");
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(close(descriptor), 0);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    assert_int_equal(unlink(path), 0);
    pattern_test_close(&test);
    return 0;
}

static void write_bytes(const char *bytes, size_t length)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, length, out), length);
    assert_int_equal(fclose(out), 0);
}

/* The entries of a file with these bytes, read anew. */
static const char *entries(const char *content, bool has_values)
{
    write_bytes(content, strlen(content));
    pattern_files_destroy(test.parser.patterns);
    test.parser.patterns = pattern_files_create(&test.account);
    return pattern_test_entries(&test, pattern_test_file(&test, path, has_values), 0);
}

#define assert_list(content, expected) assert_string_equal(entries((content), false), (expected))
#define assert_map(content, expected)  assert_string_equal(entries((content), true), (expected))

static void test_lists(void **state)
{
    (void)state;
    assert_list("", "");
    assert_list("\n\n\n", "");
    assert_list("a\nb\n", "a b");
    assert_list("a\nb", "a b"); /* the last line may lack its end */
    assert_list("  a\n\tb\n \t \n", "a b");
    assert_list("# comment\na\n#\n", "a");
    assert_list(" #a\na #b\n", "#a a #b"); /* only the very first byte makes a comment */
    assert_list("a\r\nb\r\n\r\n", "a b");
    assert_list("a b\tc \n", "a b\tc "); /* a pattern may hold blanks, and end with them */
    assert_list("a\na\n", "a a");
}

static void test_maps(void **state)
{
    (void)state;
    assert_map("a 1\nb\t2\n", "a=1 b=2");
    assert_map("a   1  \n", "a=1");
    assert_map(" a 1 2 \t3 \n", "a=1 2 \t3"); /* blanks inside a value stay */
    assert_map("a\nb \n", "a= b=");           /* no value is an empty one */
    assert_map("a 1\r\nb\r\n", "a=1 b=");
    assert_map("a # no comment\n# comment x\n", "a=# no comment");
    assert_map("a 1", "a=1");
}

/* Bytes behind a NUL belong to the pattern. */
static void test_any_bytes(void **state)
{
    (void)state;
    write_bytes("a\0b\n\xff\n", 6);
    struct pattern_file *file = pattern_test_file(&test, path, false);
    assert_true(pattern_file_has(file, slice_of("a\0b", 3)));
    assert_true(pattern_file_has(file, SLICE("\xff")));
}

static void test_names(void **state)
{
    (void)state;
    char name[80];
    write_bytes("a\n", 2);
    snprintf(name, sizeof(name), "file@%s", path);
    struct pattern_file *file = pattern_test_file(&test, name, false);
    assert_ptr_equal(pattern_test_file(&test, path, false), file); /* it is read once */
    snprintf(name, sizeof(name), "opt@%s", path);
    assert_ptr_equal(pattern_test_file(&test, name, false), file);
    assert_string_equal(pattern_test_entries(&test, file, 0), "a");
}

/* ---- lengths ---- */

static void test_many_lines(void **state)
{
    (void)state;
    enum { LINES = 20000 };
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (unsigned i = 0; i < LINES; i++) { /* lines cross the ends of what is read at once */
        fprintf(out, "key%u value%u\n", i, i);
    }
    assert_int_equal(fclose(out), 0);
    struct pattern_file *file = pattern_test_file(&test, path, true);
    struct pattern_set *set = pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_STRING);
    struct pattern_file_info info;
    pattern_file_inspect(file, &info);
    assert_int_equal(info.entries, LINES);
    for (unsigned i = 0; i < LINES; i += 97) {
        char key[16];
        char value[16];
        snprintf(key, sizeof(key), "key%u", i);
        snprintf(value, sizeof(value), "value%u", i);
        assert_string_equal(pattern_test_value(&test, set, key), value);
    }
}

static char long_line[PATTERN_LINE_BYTES_MAX + 16];

static enum result load(struct pattern_file **file)
{
    text_clear(&test.error);
    return pattern_files_open(&test.parser, path, false, PATTERN_USE_ACL, file);
}

static void test_longest_line(void **state)
{
    (void)state;
    struct pattern_file *file = NULL;
    memset(long_line, 'x', sizeof(long_line));
    long_line[PATTERN_LINE_BYTES_MAX - 1] = '\n';
    long_line[PATTERN_LINE_BYTES_MAX] = 'y';
    write_bytes(long_line, PATTERN_LINE_BYTES_MAX + 1);
    assert_int_equal(load(&file), RESULT_OK);
    assert_true(pattern_file_has(file, slice_of(long_line, PATTERN_LINE_BYTES_MAX - 1)));
    assert_true(pattern_file_has(file, SLICE("y")));
}

static void test_too_long_lines(void **state)
{
    (void)state;
    struct pattern_file *file = NULL;
    char message[128];
    snprintf(message, sizeof(message), "line 2 of file '%s' is longer than 65536 bytes", path);
    memset(long_line, 'x', sizeof(long_line));
    memcpy(long_line, "a\n", 2);
    write_bytes(long_line, PATTERN_LINE_BYTES_MAX + 2); /* without an end */
    assert_int_equal(load(&file), RESULT_INVALID);
    assert_string_equal(test.error_storage, message);
    long_line[PATTERN_LINE_BYTES_MAX + 3] = '\n';
    write_bytes(long_line, PATTERN_LINE_BYTES_MAX + 4);
    assert_int_equal(load(&file), RESULT_INVALID);
    assert_string_equal(test.error_storage, message);
    assert_null(pattern_files_next(test.parser.patterns, NULL));
}

/* ---- what is wrong ---- */

static void test_bad_lines(void **state)
{
    (void)state;
    struct pattern_set *set = NULL;
    char message[128];
    static const char LINES[] = "# numbers\n1\n\n2\nx\n3\n";
    write_bytes(LINES, sizeof(LINES) - 1);
    struct pattern_file *file = pattern_test_file(&test, path, false);
    assert_int_equal(pattern_file_compile(&test.parser, file, PATTERN_INTEGER, 0, SAMPLE_ANY, &set),
                     RESULT_INVALID);
    snprintf(message, sizeof(message), "'x' is not a number at line 5 of file '%s'", path);
    assert_string_equal(test.error_storage, message); /* comments and empty lines count */
    assert_null(set);
}

static void test_unreadable(void **state)
{
    (void)state;
    struct pattern_file *file = pattern_test_file(&test, "virt@x", false);
    /* The name of a file in memory is no path. */
    assert_int_equal(pattern_file_load(&test.parser, file, false), RESULT_INVALID);
    assert_string_equal(test.error_storage, "failed to open pattern file <virt@x>");
    assert_int_equal(pattern_file_load(&test.parser, file, true),
                     RESULT_OK); /* it may be missing */
    /* What is there but no file may not. */
    assert_int_equal(pattern_files_open(&test.parser, "opt@/", false, PATTERN_USE_ACL, &file),
                     RESULT_INVALID);
    assert_string_equal(test.error_storage, "failed to read pattern file </>");
    char name[128];
    snprintf(name, sizeof(name), "opt@%s/below", path);
    assert_int_equal(pattern_files_open(&test.parser, name, false, PATTERN_USE_ACL, &file),
                     RESULT_INVALID);
    snprintf(name, sizeof(name), "failed to open pattern file <%s/below>", path);
    assert_string_equal(test.error_storage, name);
}

/* ---- refused memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    static const char LINES[] = "a\nb\n";
    write_bytes(LINES, sizeof(LINES) - 1);
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        struct pattern_file *file = NULL;
        fault_fail_nth(test.memory, nth, 0);
        enum result result = load(&file);
        if (fault_failed(test.memory) == 0) {
            assert_int_equal(result, RESULT_OK);
            assert_string_equal(pattern_test_entries(&test, file, 0), "a b");
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_string_equal(test.error_storage, "out of memory");
        fault_fail_nth(test.memory, 0, 0);
        pattern_files_destroy(test.parser.patterns);
        test.parser.patterns = pattern_files_create(&test.account);
        assert_int_equal(test.account.used, held);
    }
    assert_int_equal(nth - 1, 4 + 1 + 2 + 1); /* the file, the buffer, entries, a description */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_lists),          CASE(test_maps),       CASE(test_any_bytes),
        CASE(test_names),          CASE(test_many_lines), CASE(test_longest_line),
        CASE(test_too_long_lines), CASE(test_bad_lines),  CASE(test_unreadable),
        CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
