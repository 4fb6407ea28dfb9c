/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures: declaring slots, filling them from messages and rules, the request line, the cookie.
 */
#include "rules/capture.h"

#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/path?q");
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static unsigned declare(bool is_response, const char *name, uint16_t bytes_max)
{
    unsigned id = 99;
    assert_int_equal(
        capture_declare(&test.declarations, &test.account, is_response, name, bytes_max, &id),
        RESULT_OK);
    return id;
}

static void begin(void)
{
    assert_int_equal(captures_begin(&test.captures, &test.declarations, &test.stream), RESULT_OK);
}

static void test_declaring(void **state)
{
    (void)state;
    assert_int_equal(declare(false, "host", 15), 0);
    assert_int_equal(declare(false, NULL, 7), 1);
    assert_int_equal(declare(true, "server", 20), 0);
    assert_int_equal(test.declarations.request_count, 2);
    assert_int_equal(test.declarations.response_count, 1);
    assert_string_equal(test.declarations.request[0].name, "host");
    assert_null(test.declarations.request[1].name);
    capture_refer(&test.declarations, false, 4);
    capture_refer(&test.declarations, false, 2);
    assert_int_equal(test.declarations.request_referred, 5);
    assert_int_equal(test.declarations.response_referred, 0);
    assert_int_equal(capture_declare_cookie(&test.declarations, &test.account, "SESS", 32),
                     RESULT_OK);
    assert_int_equal(capture_declare_cookie(&test.declarations, &test.account, "OTHER", 32),
                     RESULT_FULL);
}

static void test_headers(void **state)
{
    (void)state;
    declare(false, "host", 6);
    declare(false, "x-none", 6);
    declare(false, NULL, 6);
    declare(true, "server", 20);
    begin();
    assert_int_equal(test.captures.request_count, 3);
    rules_test_field(&test.request, "Host", "first");
    rules_test_field(&test.request, "HOST", "the.last.counts");
    captures_fill_message(&test.captures, &test.request, &test.stream);
    assert_slice(test.captures.request[0], "the.la");
    assert_null(test.captures.request[1].data);
    assert_null(test.captures.request[2].data);
    assert_null(test.captures.response[0].data);
    rules_test_response(&test, 200);
    rules_test_field(&test.response, "Server", "x");
    captures_fill_message(&test.captures, &test.response, &test.stream);
    assert_slice(test.captures.response[0], "x");
    assert_slice(test.captures.request[0], "the.la");
}

static void test_rules_fill_slots(void **state)
{
    (void)state;
    declare(false, NULL, 4);
    declare(true, NULL, 4);
    begin();
    assert_int_equal(captures_set(&test.captures, false, 0, SLICE("abcdef"), &test.stream),
                     RESULT_OK);
    assert_slice(test.captures.request[0], "abcd");
    assert_int_equal(captures_set(&test.captures, true, 0, SLICE("xy"), &test.stream), RESULT_OK);
    assert_slice(test.captures.response[0], "xy");
    assert_int_equal(captures_set(&test.captures, false, 1, SLICE("z"), &test.stream),
                     RESULT_NOT_FOUND);
    assert_int_equal(captures_set(&test.captures, false, 0, SLICE(""), &test.stream), RESULT_OK);
    assert_int_equal(test.captures.request[0].length, 0);
}

static void test_no_slots(void **state)
{
    (void)state;
    begin();
    assert_int_equal(test.captures.request_count, 0);
    captures_fill_message(&test.captures, &test.request, &test.stream);
    struct captures none = {0};
    captures_fill_message(&none, &test.request, &test.stream);
    assert_int_equal(captures_set(&none, true, 0, SLICE("x"), &test.stream), RESULT_NOT_FOUND);
}

static void test_request_line(void **state)
{
    (void)state;
    begin();
    captures_fill_request_line(&test.captures, &test.request, 1023, &test.stream);
    assert_slice(test.captures.request_line, "GET /path?q HTTP/1.1");
    test.request.version = HTTP_VERSION_1_0;
    captures_fill_request_line(&test.captures, &test.request, 8, &test.stream);
    assert_slice(test.captures.request_line, "GET /pat");
    test.request.version = HTTP_VERSION_3;
    captures_fill_request_line(&test.captures, &test.request, 1023, &test.stream);
    assert_slice(test.captures.request_line, "GET /path?q HTTP/3.0");
}

static void check_cookie(const char *name, const char *field, const char *expected)
{
    capture_declarations_deinit(&test.declarations, &test.account);
    assert_int_equal(capture_declare_cookie(&test.declarations, &test.account, name, 12),
                     RESULT_OK);
    begin();
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "Cookie", "other=1");
    rules_test_field(&test.request, "Cookie", field);
    captures_fill_message(&test.captures, &test.request, &test.stream);
    if (expected == NULL) {
        assert_null(test.captures.request_cookie.data);
    } else {
        assert_slice(test.captures.request_cookie, expected);
    }
    /* The slots point into what goes with the declarations. */
    test.captures = (struct captures){0};
}

static void test_request_cookie(void **state)
{
    (void)state;
    check_cookie("SESS", "x=1; SESS=abcdefghijklmnop; y=2", "SESS=abcdefg");
    check_cookie("SESS", "SESSION=1; SESS=2", "SESSION=1");
    check_cookie("SESS=", "SESSION=1; SESS=2", "SESS=2");
    check_cookie("SESS", "SES=1", NULL);
    check_cookie("SESS", "SESS", NULL);
}

static void test_response_cookie(void **state)
{
    (void)state;
    assert_int_equal(capture_declare_cookie(&test.declarations, &test.account, "S=", 12),
                     RESULT_OK);
    begin();
    rules_test_response(&test, 200);
    rules_test_field(&test.response, "Set-Cookie", "a=b; S=1; path=/");
    rules_test_field(&test.response, "Set-Cookie", "S=2; path=/");
    captures_fill_message(&test.captures, &test.response, &test.stream);
    assert_slice(test.captures.response_cookie, "S=2");
}

static void test_memory_refused(void **state)
{
    (void)state;
    declare(false, "host", 6);
    test.account.cap = test.account.used;
    assert_int_equal(captures_begin(&test.captures, &test.declarations, &test.stream),
                     RESULT_NO_MEMORY);
    assert_int_equal(test.captures.request_count, 0);
    captures_fill_message(&test.captures, &test.request, &test.stream);
    captures_fill_request_line(&test.captures, &test.request, 100, &test.stream);
    assert_null(test.captures.request_line.data);
    unsigned id = 0;
    assert_int_equal(capture_declare(&test.declarations, &test.account, false, "x", 1, &id),
                     RESULT_NO_MEMORY);
    assert_int_equal(test.declarations.request_count, 1);
    test.account.cap = 0;
    arena_clear(&test.stream);
    begin();
    test.account.cap = test.account.used;
    static char big[4096];
    assert_int_equal(captures_set(&test.captures, false, 0, SLICE("ok"), &test.stream), RESULT_OK);
    (void)arena_take_text(&test.stream, sizeof(big));
    assert_int_equal(captures_set(&test.captures, false, 0, SLICE("no"), &test.stream),
                     RESULT_NO_MEMORY);
    assert_slice(test.captures.request[0], "ok");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_declaring),        WITH_TEST(test_headers),
        WITH_TEST(test_rules_fill_slots), WITH_TEST(test_no_slots),
        WITH_TEST(test_request_line),     WITH_TEST(test_request_cookie),
        WITH_TEST(test_response_cookie),  WITH_TEST(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
