/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of return, deny and http-error.
 */
#include "rules/reply_internal.h"

#include <stdlib.h>
#include <unistd.h>

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

/* Parses a line; `used` words must have been taken. */
static struct reply *parse(const char *line, unsigned used)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    struct reply *reply = NULL;
    unsigned taken = 0;
    enum result result = reply_parse(&test.parser, 200, words, count, &taken, &reply);
    if (result != RESULT_OK) {
        fail_msg("%s: %s", line, test.error_storage);
    }
    assert_int_equal(taken, used);
    return reply;
}

static void check_bad(const char *line, const char *message)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    struct reply *reply = NULL;
    unsigned taken = 0;
    assert_int_equal(reply_parse(&test.parser, 200, words, count, &taken, &reply), RESULT_INVALID);
    assert_null(reply);
    assert_string_equal(test.error_storage, message);
}

static void test_plain(void **state)
{
    (void)state;
    struct reply *reply = parse("", 0);
    assert_int_equal(reply->kind, REPLY_PAYLOAD);
    assert_int_equal(reply_status(reply), 200);
    assert_int_equal(reply->body.length, 0);
    reply_destroy(&test.account, reply);
    reply = parse("status 418 hdr X-A v%%[path] hdr X-B b if x", 8);
    assert_int_equal(reply_status(reply), 418);
    assert_int_equal(reply->headers_count, 2);
    assert_slice(reply->headers[0].name, "X-A");
    reply_destroy(&test.account, reply);
    reply = parse("deny_status 429 status 404", 4);
    assert_int_equal(reply_status(reply), 404);
    reply_destroy(&test.account, reply);
}

static void test_strings(void **state)
{
    (void)state;
    struct reply *reply = parse("content-type text/plain string hi`there", 4);
    assert_int_equal(reply->kind, REPLY_PAYLOAD);
    assert_slice(reply->body, "hi there");
    assert_slice(reply->content_type, "text/plain");
    reply_destroy(&test.account, reply);
    reply = parse("lf-string hi`%[path] content-type text/plain", 4);
    assert_int_equal(reply->kind, REPLY_FORMAT);
    assert_non_null(reply->body_format);
    reply_destroy(&test.account, reply);
    reply = parse("string ~", 2);
    assert_int_equal(reply->kind, REPLY_PAYLOAD);
    assert_int_equal(reply->body.length, 0);
    reply_destroy(&test.account, reply);
}

static void test_files(void **state)
{
    (void)state;
    char path[] = "/tmp/weirtestXXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "a%[path]b\n", 10), 10);
    assert_int_equal(close(fd), 0);
    char line[128];
    snprintf(line, sizeof(line), "file %s content-type a/b", path);
    struct reply *reply = parse(line, 4);
    assert_slice(reply->body, "a%[path]b\n");
    reply_destroy(&test.account, reply);
    snprintf(line, sizeof(line), "lf-file %s content-type a/b", path);
    reply = parse(line, 4);
    assert_int_equal(reply->kind, REPLY_FORMAT);
    reply_destroy(&test.account, reply);
    snprintf(line, sizeof(line), "file %s", path);
    check_bad(line, "a content type must be defined when non-empty payload is configured");
    assert_int_equal(unlink(path), 0);
    check_bad("file /nonexistent content-type a/b", "error opening file '/nonexistent'.");
    reply = parse("file /dev/null", 2);
    assert_int_equal(reply->body.length, 0);
    reply_destroy(&test.account, reply);
}

static void test_error_pages(void **state)
{
    (void)state;
    struct reply *reply = parse("status 403 default-errorfiles", 3);
    assert_int_equal(reply->kind, REPLY_TABLE);
    assert_int_equal(reply_status(reply), 403);
    reply_destroy(&test.account, reply);
    reply = parse("errorfile /dev/null status 404", 4);
    assert_int_equal(reply->kind, REPLY_SILENT);
    reply_destroy(&test.account, reply);
    check_bad("status 403 errorfiles site", "unknown http-errors section 'site'");
    test.parser.error_sections = error_sections_create(&test.account);
    reply = parse("status 403 errorfiles site", 4);
    assert_int_equal(reply->kind, REPLY_SECTION);
    assert_string_equal(error_sections_undeclared(test.parser.error_sections), "site");
    reply_destroy(&test.account, reply);
    error_sections_destroy(&test.account, test.parser.error_sections);
}

static void test_refused(void **state)
{
    (void)state;
    check_bad("status", "'status' expects <status_code> as argument");
    check_bad("status 100", "Unexpected status code '100'");
    check_bad("status 600", "Unexpected status code '600'");
    check_bad("status abc", "Unexpected status code 'abc'");
    check_bad("status 200 content-type", "'content-type' expects <ctype> as argument");
    check_bad("string foo", "a content type must be defined when non-empty payload is configured");
    check_bad("string a string b content-type x",
              "unexpected 'string' argument, 'string' already defined");
    check_bad("string a default-errorfiles content-type x",
              "unexpected 'default-errorfiles' argument, 'string' already defined");
    check_bad("hdr X", "'hdr' expects <name> and <value> as arguments");
    check_bad("hdr X`Y z", "'X Y' is not a valid header name");
    check_bad("hdr X %foo", "no such format alias 'foo'. If you wanted to emit the '%' character "
                            "verbatim, you need to use '%%'");
    check_bad("default-errorfiles status 418",
              "status code '418' not handled by default with 'default-errorfiles' argument.");
}

static void test_bad_expression(void **state)
{
    (void)state;
    const char *words[] = {"lf-string", "%[nope]", "content-type", "a/b"};
    struct reply *reply = NULL;
    unsigned used = 0;
    assert_int_equal(reply_parse(&test.parser, 200, words, 4, &used, &reply), RESULT_INVALID);
    assert_non_null(strstr(test.error_storage, "'nope'"));
}

static void test_long_string(void **state)
{
    (void)state;
    test.parser.reply_bytes_max = 4;
    check_bad("string 12345 content-type a/b", "'string' payload exceeds the buffer size (4)");
    struct reply *reply = parse("string 1234 content-type a/b", 4);
    reply_destroy(&test.account, reply);
}

static void test_memory_refused(void **state)
{
    (void)state;
    const char *words[] = {"status", "200",       "content-type", "a/b", "lf-string", "x%[path]",
                           "hdr",    "X-Header1", "v%[path]",     "hdr", "X-Header2", "w"};
    unsigned used = 0;
    struct reply *reply = NULL;
    for (size_t step = 1; step < 8000; step += 8) {
        test.account.cap = step;
        enum result result = reply_parse(&test.parser, 200, words, 12, &used, &reply);
        if (result == RESULT_OK) {
            reply_destroy(&test.account, reply);
            return;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_int_equal(test.account.used, 0);
    }
    fail_msg("never enough memory");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_plain),       WITH_TEST(test_strings),        WITH_TEST(test_files),
        WITH_TEST(test_error_pages), WITH_TEST(test_refused),        WITH_TEST(test_bad_expression),
        WITH_TEST(test_long_string), WITH_TEST(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
