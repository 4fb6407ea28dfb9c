/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging answers: each kind of expectation, bytes in one piece and one by one, heads and bodies
 * that never end, memory refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory/fault.h"
#include "proxy/check_answer.h"

enum { CHUNK_BYTES = 4096 };

struct bench {
    struct memory *memory;
    struct chunk_source chunks;
    struct account account;
    struct arena scratch;
    struct http_check_settings settings;
    struct regex *pattern;
    struct check_answer answer;
    struct chunk_queue input;
};

static void bench_open(struct bench *bench, struct http_check_settings settings)
{
    const struct memory_options options = {.workers = 1};
    *bench = (struct bench){.settings = settings};
    assert_int_equal(memory_create(&options, &bench->memory), RESULT_OK);
    assert_int_equal(chunk_source_init(&bench->chunks, bench->memory, CHUNK_BYTES, 0), RESULT_OK);
    account_init(&bench->account, memory_ledger(bench->memory, 0), ACCOUNT_OPERATOR, 0);
    arena_init(&bench->scratch, &bench->chunks, &bench->account, CHUNK_BYTES * 4);
    if (settings.expect == EXPECT_RSTATUS || settings.expect == EXPECT_RSTRING) {
        char reason[256];
        struct text error = text_over(reason, sizeof(reason));
        assert_int_equal(regex_compile(&bench->account, slice_from_string(settings.expect_value), 0,
                                       &error, &bench->pattern),
                         RESULT_OK);
    }
    check_answer_begin(&bench->answer, &bench->settings, bench->pattern, &bench->scratch,
                       &bench->chunks, &bench->account);
}

static void bench_close(struct bench *bench)
{
    chunk_queue_clear(&bench->input);
    check_answer_end(&bench->answer);
    arena_clear(&bench->scratch);
    regex_destroy(&bench->account, bench->pattern);
    assert_int_equal(bench->account.used, 0);
    account_deinit(&bench->account);
    memory_destroy(bench->memory, true);
}

static enum result feed(struct bench *bench, struct slice bytes, bool has_ended)
{
    assert_int_equal(chunk_queue_append_copy(&bench->input, &bench->chunks, &bench->account, bytes),
                     RESULT_OK);
    return check_answer_receive(&bench->answer, &bench->input, has_ended);
}

/* Feeds an answer in one piece and byte by byte, ended by a close; both times it must be judged so.
 */
static void expect(struct http_check_settings settings, const char *bytes, enum check_status status,
                   unsigned code, const char *text)
{
    for (size_t piece = strlen(bytes) + 1; piece > 0; piece = piece > 1 ? 1 : 0) {
        struct bench bench;
        bench_open(&bench, settings);
        enum result result = RESULT_BLOCKED;
        struct slice rest = slice_from_string(bytes);
        while (result == RESULT_BLOCKED && rest.length > 0) {
            result = feed(&bench, slice_first(rest, piece), false);
            rest = slice_skip(rest, piece);
        }
        if (result == RESULT_BLOCKED) {
            result = feed(&bench, SLICE_NONE, true);
        }
        assert_int_equal(result, RESULT_OK);
        assert_int_equal(bench.answer.status, status);
        assert_int_equal(bench.answer.code, code);
        assert_true(slice_equal(bench.answer.text, slice_from_string(text)));
        bench_close(&bench);
    }
}

static struct http_check_settings wants(int kind, const char *value, bool negated)
{
    struct http_check_settings settings = {
        .method = "GET", .expect_value = value, .expect_negated = negated};
    settings.expect = kind;
    return settings;
}

#define OK_5 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

static void test_default_is_2xx_and_3xx(void **state)
{
    (void)state;
    const struct http_check_settings any = wants(EXPECT_DEFAULT, NULL, false);
    expect(any, OK_5, CHECK_STATUS_L7_PASSED, 200, "");
    expect(any, "HTTP/1.0 302 Found\r\n\r\n", CHECK_STATUS_L7_PASSED, 302, "");
    expect(any, "HTTP/1.0 399 x\r\n\r\n", CHECK_STATUS_L7_PASSED, 399, "");
    expect(any, "HTTP/1.1 404 Not here\r\n\r\n", CHECK_STATUS_L7_STATUS, 404, "Not here");
    expect(any, "HTTP/1.1 500 Internal Server Error\r\n\r\n", CHECK_STATUS_L7_STATUS, 500,
           "Internal Server Error");
}

static void test_interim_responses_are_passed_over(void **state)
{
    (void)state;
    expect(wants(EXPECT_DEFAULT, NULL, false),
           "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK_5,
           CHECK_STATUS_L7_PASSED, 200, "");
}

static void test_status_lists(void **state)
{
    (void)state;
    const char *lists[] = {"200", "100-299,404", "404, 200-200", "x-y,200"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        expect(wants(EXPECT_STATUS, lists[i], false), OK_5, CHECK_STATUS_L7_PASSED, 200, "");
    }
    const char *others[] = {"201", "201-299,199", "", "200-", "2"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        expect(wants(EXPECT_STATUS, others[i], false), OK_5, CHECK_STATUS_L7_STATUS, 200, "OK");
    }
    expect(wants(EXPECT_STATUS, "404", false), "HTTP/1.1 404 No\r\n\r\n", CHECK_STATUS_L7_PASSED,
           404, "");
    expect(wants(EXPECT_STATUS, "201-204", false), OK_5, CHECK_STATUS_L7_STATUS, 200, "OK");
    expect(wants(EXPECT_STATUS, "200", true), OK_5, CHECK_STATUS_L7_STATUS, 200, "OK");
    expect(wants(EXPECT_RSTATUS, "^[23]", false), OK_5, CHECK_STATUS_L7_PASSED, 200, "");
    expect(wants(EXPECT_RSTATUS, "^5", false), OK_5, CHECK_STATUS_L7_STATUS, 200, "OK");
    expect(wants(EXPECT_RSTATUS, "^5", true), OK_5, CHECK_STATUS_L7_PASSED, 200, "");
}

static void test_texts_in_the_body(void **state)
{
    (void)state;
    const char *chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nTrailer: z\r\n\r\n";
    expect(wants(EXPECT_STRING, "hello", false), OK_5, CHECK_STATUS_L7_PASSED, 200, "");
    expect(wants(EXPECT_STRING, "hello", false), chunked, CHECK_STATUS_L7_PASSED, 200, "");
    expect(wants(EXPECT_STRING, "2\r\nlo", false), chunked, CHECK_STATUS_L7_RESPONSE, 0,
           "HTTP content check did not match");
    expect(wants(EXPECT_STRING, "hello", false), "HTTP/1.0 500 x\r\n\r\nsay hello",
           CHECK_STATUS_L7_PASSED, 500, "");
    expect(wants(EXPECT_STRING, "nothere", false), OK_5, CHECK_STATUS_L7_RESPONSE, 0,
           "HTTP content check did not match");
    expect(wants(EXPECT_STRING, "hell", true), OK_5, CHECK_STATUS_L7_RESPONSE, 0,
           "HTTP check matched unwanted content");
    expect(wants(EXPECT_STRING, "nothere", true), OK_5, CHECK_STATUS_L7_PASSED, 200, "");
    expect(wants(EXPECT_RSTRING, "^h.*o$", false), OK_5, CHECK_STATUS_L7_PASSED, 200, "");
    expect(wants(EXPECT_RSTRING, "^x", false), OK_5, CHECK_STATUS_L7_RESPONSE, 0,
           "HTTP content check did not match");
    expect(wants(EXPECT_STRING, "x", false), "HTTP/1.1 204 No Content\r\n\r\n",
           CHECK_STATUS_L7_RESPONSE, 0, "HTTP content check could not find a response body");
}

static void test_bad_answers(void **state)
{
    (void)state;
    const struct http_check_settings any = wants(EXPECT_DEFAULT, NULL, false);
    expect(any, "garbage\r\n\r\n", CHECK_STATUS_L7_RESPONSE, 0, "");
    expect(any, "HTTP/1.1 200 OK\r\nContent-Le", CHECK_STATUS_L7_RESPONSE, 0, "");
    expect(any, "", CHECK_STATUS_L7_RESPONSE, 0, "");
    expect(any, "HTTP/1.1 200 OK\r\nBad Field: x\r\n\r\n", CHECK_STATUS_L7_RESPONSE, 0, "");
    expect(wants(EXPECT_STRING, "x", false),
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", CHECK_STATUS_L7_RESPONSE,
           0, "");
}

static void test_status_is_judged_before_the_body_ends(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, wants(EXPECT_DEFAULT, NULL, false));
    assert_int_equal(feed(&bench, SLICE("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), false),
                     RESULT_OK);
    assert_int_equal(bench.answer.status, CHECK_STATUS_L7_PASSED);
    bench_close(&bench);
}

static void test_endless_head_and_body(void **state)
{
    (void)state;
    struct bench bench;
    bench_open(&bench, wants(EXPECT_DEFAULT, NULL, false));
    enum result result = feed(&bench, SLICE("HTTP/1.1 200 OK\r\n"), false);
    for (unsigned i = 0; i < CHUNK_BYTES && result == RESULT_BLOCKED; i++) {
        result = feed(&bench, SLICE("X: y\r\n"), false);
    }
    assert_int_equal(result, RESULT_OK);
    assert_int_equal(bench.answer.status, CHECK_STATUS_L7_RESPONSE);
    bench_close(&bench);

    bench_open(&bench, wants(EXPECT_STRING, "needle", false));
    result = feed(&bench, SLICE("HTTP/1.1 200 OK\r\n\r\n"), false);
    for (unsigned i = 0; i < CHUNK_BYTES && result == RESULT_BLOCKED; i++) {
        result = feed(&bench, SLICE("hay hay hay "), false);
    }
    assert_int_equal(result, RESULT_OK); /* what does not fit is not looked at */
    assert_int_equal(bench.answer.status, CHECK_STATUS_L7_RESPONSE);
    bench_close(&bench);
}

static void test_memory_refused(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct bench bench;
        bench_open(&bench, wants(EXPECT_RSTRING, "l+", false));
        assert_int_equal(
            chunk_queue_append_copy(&bench.input, &bench.chunks, &bench.account, SLICE(OK_5)),
            RESULT_OK);
        fault_fail_nth(bench.memory, nth, 0);
        enum result result = check_answer_receive(&bench.answer, &bench.input, true);
        uint64_t failed = fault_failed(bench.memory);
        fault_fail_nth(bench.memory, 0, 0);
        assert_int_equal(result, failed > 0 ? RESULT_NO_MEMORY : RESULT_OK);
        bench_close(&bench);
        if (failed == 0) {
            assert_true(nth > 2);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_is_2xx_and_3xx),
        cmocka_unit_test(test_interim_responses_are_passed_over),
        cmocka_unit_test(test_status_lists),
        cmocka_unit_test(test_texts_in_the_body),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_status_is_judged_before_the_body_ends),
        cmocka_unit_test(test_endless_head_and_body),
        cmocka_unit_test(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
