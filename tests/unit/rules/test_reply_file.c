/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of replies: reading, limits, and errors that name the file.
 */
#include <stdlib.h>
#include <unistd.h>

#include "rules/reply_internal.h"
#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void write_file(char path[], const char *content, size_t length)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, length), length);
    assert_int_equal(close(fd), 0);
}

static void test_files(void **state)
{
    (void)state;
    struct reply *reply = NULL;
    char path[] = "/tmp/weir-test-XXXXXX";
    static const char good[] = "HTTP/1.1 503 X\r\nContent-Length: 1\r\n\r\ny";
    write_file(path, good, sizeof(good) - 1);
    assert_int_equal(reply_load_file(&test.parser, 503, path, &reply), RESULT_OK);
    assert_slice(reply->body, "y");
    reply_destroy(&test.account, reply);
    test.parser.reply_bytes_max = sizeof(good) - 2;
    assert_int_equal(reply_load_file(&test.parser, 503, path, &reply), RESULT_INVALID);
    assert_non_null(strstr(test.error_storage, "exceeds the buffer size"));
    test.parser.reply_bytes_max = sizeof(good) - 1;
    assert_int_equal(reply_load_file(&test.parser, 503, path, &reply), RESULT_OK);
    reply_destroy(&test.account, reply);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(reply_load_file(&test.parser, 503, path, &reply), RESULT_INVALID);
    assert_non_null(strstr(test.error_storage, "error opening file '/tmp/weir-test-"));
    assert_int_equal(reply_load_file(&test.parser, 408, "/dev/null", &reply), RESULT_OK);
    assert_int_equal(reply->kind, REPLY_SILENT);
    reply_destroy(&test.account, reply);
}

static void test_bad_file_is_named(void **state)
{
    (void)state;
    struct reply *reply = NULL;
    char path[] = "/tmp/weir-test-XXXXXX";
    write_file(path, "junk\n\n", 6);
    assert_int_equal(reply_load_file(&test.parser, 503, path, &reply), RESULT_INVALID);
    char expected[128];
    snprintf(expected, sizeof(expected), "'%s': unable to parse headers (error offset: 0)", path);
    assert_string_equal(test.error_storage, expected);
    assert_int_equal(unlink(path), 0);
}

static void test_reading(void **state)
{
    (void)state;
    char *block = NULL;
    struct slice bytes;
    char path[] = "/tmp/weir-test-XXXXXX";
    write_file(path, "a\0b", 3);
    assert_int_equal(reply_limit(&test.parser), REPLY_BYTES_MAX_DEFAULT);
    assert_int_equal(reply_read_file(&test.parser, path, &block, &bytes), RESULT_OK);
    assert_int_equal(bytes.length, 3);
    assert_int_equal(block[3], 0);
    memory_release(&test.account, block);
    assert_int_equal(reply_read_file(&test.parser, "/tmp", &block, &bytes), RESULT_INVALID);
    assert_string_equal(test.error_storage, "error reading file '/tmp'.");
    test.account.cap = 10;
    assert_int_equal(reply_read_file(&test.parser, path, &block, &bytes), RESULT_NO_MEMORY);
    assert_int_equal(unlink(path), 0);
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_files),
        WITH_TEST(test_bad_file_is_named),
        WITH_TEST(test_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
