/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making answers: the heads and bodies are those that HAProxy 2.6 sends for the same rules.
 */
#include "rules/reply.h"

#include "rules/reply_internal.h"
#include "support/rules.h"

static struct rules_test test;
static struct chunk_queue body;
static struct error_files *files;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/x");
    files = error_files_create(&test.account, NULL);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    chunk_queue_clear(&body);
    error_files_destroy(&test.account, files);
    rules_test_close(&test);
    return 0;
}

static enum result make(const struct verdict *verdict)
{
    http_message_clear(&test.response);
    return reply_make(verdict, files, &test.context, &test.response, &body, &test.source,
                      &test.account);
}

static void check_answer(const struct verdict *verdict, const char *reason, const char *fields,
                         const char *payload)
{
    assert_int_equal(make(verdict), RESULT_OK);
    assert_true(test.response.is_response);
    assert_slice(test.response.reason, reason);
    assert_string_equal(rules_test_fields(&test, &test.response), fields);
    assert_string_equal(rules_test_body(&test, &body), payload);
    assert_int_equal(test.scratch.block_bytes, 0);
}

static struct reply *parse(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    struct reply *reply = NULL;
    unsigned used = 0;
    enum result result = reply_parse(&test.parser, 200, words, count, &used, &reply);
    if (result != RESULT_OK || used != count) {
        fail_msg("%s: %s", line, test.error_storage);
    }
    return reply;
}

/* Parses a reply, makes it, compares, releases it. */
static void check_reply(const char *line, uint16_t status, const char *reason, const char *fields,
                        const char *payload)
{
    struct reply *reply = parse(line);
    struct verdict verdict = {.kind = VERDICT_REPLY, .reply = reply};
    check_answer(&verdict, reason, fields, payload);
    assert_int_equal(test.response.status, status);
    http_message_clear(&test.response);
    reply_destroy(&test.account, reply);
}

static void test_built_in(void **state)
{
    (void)state;
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 403};
    check_answer(&verdict, "Forbidden",
                 "content-length: 93\ncache-control: no-cache\ncontent-type: text/html\n",
                 "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative "
                 "rules.\n</body></html>\n");
    assert_int_equal(test.response.status, 403);
    assert_int_equal(test.response.body, HTTP_BODY_LENGTH);
    assert_int_equal(test.response.content_length, 93);
    assert_false(test.response.wants_close);
    verdict.status = 400;
    assert_int_equal(make(&verdict), RESULT_OK);
    assert_true(test.response.wants_close);
    assert_slice(test.response.reason, "Bad request");
}

static void test_status_without_page(void **state)
{
    (void)state;
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 418};
    assert_int_equal(make(&verdict), RESULT_OK);
    assert_int_equal(test.response.status, 500);
    chunk_queue_clear(&body);
    verdict = (struct verdict){.kind = VERDICT_ERROR};
    assert_int_equal(make(&verdict), RESULT_OK);
    assert_int_equal(test.response.status, 500);
}

static void test_returns(void **state)
{
    (void)state;
    check_reply("", 200, "OK", "content-length: 0\n", "");
    check_reply("status 404", 404, "Not Found", "content-length: 0\n", "");
    check_reply("status 204", 204, "No Content", "", "");
    check_reply("content-type text/plain string hi`there hdr X-A v%[path] hdr X-B b", 200, "OK",
                "x-a: v/x\nx-b: b\ncontent-length: 8\ncontent-type: text/plain\n", "hi there");
    check_reply("status 503 content-type text/plain lf-string hi`%[path]", 503,
                "Service Unavailable", "content-length: 5\ncontent-type: text/plain\n", "hi /x");
    check_reply("content-type text/plain string ~", 200, "OK", "content-length: 0\n", "");
    check_reply("status 403 default-errorfiles", 403, "Forbidden",
                "content-length: 93\ncache-control: no-cache\ncontent-type: text/html\n",
                "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative "
                "rules.\n</body></html>\n");
}

static void test_head(void **state)
{
    (void)state;
    rules_test_request(&test, "HEAD", "/x");
    check_reply("content-type text/plain string hi", 200, "OK",
                "content-length: 2\ncontent-type: text/plain\n", "");
    struct reply *reply = parse("content-type text/plain string hi");
    struct verdict verdict = {.kind = VERDICT_REPLY, .reply = reply};
    assert_int_equal(make(&verdict), RESULT_OK);
    assert_int_equal(test.response.body, HTTP_BODY_NONE);
    http_message_clear(&test.response);
    reply_destroy(&test.account, reply);
}

static void set_page(struct error_files *table, uint16_t status, const char *bytes)
{
    struct reply *reply = NULL;
    assert_int_equal(reply_load_bytes(&test.parser, status, slice_from_string(bytes), &reply),
                     RESULT_OK);
    assert_int_equal(error_files_set(table, status, reply), RESULT_OK);
}

static void test_error_file(void **state)
{
    (void)state;
    set_page(files, 503,
             "HTTP/1.0 503 Service Down\r\nX-Foo: bar\r\nContent-Type: text/plain\r\n"
             "\r\nsorry\n");
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 503};
    check_answer(&verdict, "Service Down",
                 "x-foo: bar\ncontent-type: text/plain\ncontent-length: 6\n", "sorry\n");
    assert_int_equal(test.response.version, HTTP_VERSION_1_0);
    assert_int_equal(test.response.body, HTTP_BODY_LENGTH);
    assert_true(test.response.wants_close);
    set_page(files, 404, "HTTP/1.1 404 Nope\r\nContent-Length: 5\r\n\r\nhello");
    verdict.status = 404;
    check_answer(&verdict, "Nope", "content-length: 5\n", "hello");
    assert_int_equal(test.response.body, HTTP_BODY_LENGTH);
    assert_false(test.response.wants_close);
}

static void test_silence(void **state)
{
    (void)state;
    set_page(files, 408, "");
    assert_int_equal(reply_make_error(408, files, &test.context, &test.response, &body,
                                      &test.source, &test.account),
                     RESULT_END);
    assert_int_equal(body.bytes, 0);
}

static void test_frontend_after_backend(void **state)
{
    (void)state;
    struct error_files *frontend = error_files_create(&test.account, NULL);
    set_page(frontend, 403, "HTTP/1.1 403 Front\r\nContent-Length: 0\r\n\r\n");
    set_page(frontend, 404, "HTTP/1.1 404 Front\r\nContent-Length: 0\r\n\r\n");
    set_page(files, 404, "HTTP/1.1 404 Back\r\nContent-Length: 0\r\n\r\n");
    test.context.frontend_errors = frontend;
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 403};
    check_answer(&verdict, "Front", "content-length: 0\n", "");
    verdict.status = 404;
    check_answer(&verdict, "Back", "content-length: 0\n", "");
    http_message_clear(&test.response);
    error_files_destroy(&test.account, frontend);
}

static void test_sections(void **state)
{
    (void)state;
    struct error_sections *sections = error_sections_create(&test.account);
    test.parser.error_sections = sections;
    set_page(error_sections_add(sections, "site"), 404,
             "HTTP/1.1 404 Site\r\nContent-Length: 0\r\n\r\n");
    set_page(files, 403, "HTTP/1.1 403 Own\r\nContent-Length: 0\r\n\r\n");
    check_reply("status 404 errorfiles site", 404, "Site", "content-length: 0\n", "");
    check_reply("status 403 errorfiles site", 403, "Own", "content-length: 0\n", "");
    /* http-error status 404 errorfiles site, then the page of the table. */
    assert_int_equal(error_files_set(files, 404, parse("status 404 errorfiles site")), RESULT_OK);
    assert_int_equal(error_files_set(files, 410, parse("status 410 errorfiles site")), RESULT_OK);
    check_reply("status 404 default-errorfiles", 404, "Site", "content-length: 0\n", "");
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 410};
    assert_int_equal(make(&verdict), RESULT_OK);
    assert_slice(test.response.reason, "Gone");
    chunk_queue_clear(&body);
    http_message_clear(&test.response);
    error_files_destroy(&test.account, files);
    files = NULL;
    error_sections_destroy(&test.account, sections);
}

static void check_redirect(uint16_t status, const char *header, const char *reason,
                           const char *fields)
{
    struct verdict verdict = {.kind = VERDICT_REPLY,
                              .status = status,
                              .location = SLICE("/to"),
                              .header = slice_from_string(header)};
    check_answer(&verdict, reason, fields, "");
    assert_int_equal(test.response.status, status);
}

static void test_redirects(void **state)
{
    (void)state;
    check_redirect(302, NULL, "Found",
                   "content-length: 0\nlocation: /to\ncache-control: no-cache\n");
    check_redirect(301, "Set-Cookie: SEEN=1; path=/;", "Moved Permanently",
                   "content-length: 0\nlocation: /to\nset-cookie: SEEN=1; path=/;\n");
    check_redirect(303, NULL, "See Other",
                   "content-length: 0\nlocation: /to\ncache-control: no-cache\n");
    check_redirect(307, NULL, "Temporary Redirect",
                   "content-length: 0\nlocation: /to\ncache-control: no-cache\n");
    check_redirect(308, NULL, "Permanent Redirect", "content-length: 0\nlocation: /to\n");
}

static void test_challenge(void **state)
{
    (void)state;
    struct verdict verdict = {.kind = VERDICT_REPLY,
                              .status = 401,
                              .header = SLICE("WWW-Authenticate: Basic realm=\"f1\"")};
    assert_int_equal(make(&verdict), RESULT_OK);
    assert_string_equal(rules_test_fields(&test, &test.response),
                        "content-length: 112\ncache-control: no-cache\ncontent-type: text/html\n"
                        "www-authenticate: Basic realm=\"f1\"\n");
    chunk_queue_clear(&body);
    set_page(files, 401, "HTTP/1.1 401 X\r\nContent-Length: 0\r\nWWW-Authenticate: Old\r\n\r\n");
    check_answer(&verdict, "X", "content-length: 0\nwww-authenticate: Basic realm=\"f1\"\n", "");
}

static void test_error_location(void **state)
{
    (void)state;
    struct reply *reply = NULL;
    assert_int_equal(reply_make_location(&test.parser, 303, "http://x/sorry", &reply), RESULT_OK);
    assert_int_equal(error_files_set(files, 503, reply), RESULT_OK);
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 503};
    check_answer(&verdict, "See Other",
                 "cache-control: no-cache\ncontent-length: 0\nlocation: http://x/sorry\n", "");
    assert_int_equal(test.response.status, 303);
    http_message_clear(&test.response);
}

static void test_without_context(void **state)
{
    (void)state;
    assert_int_equal(error_files_set(files, 400,
                                     parse("status 400 content-type a/b lf-string "
                                           "%[path]")),
                     RESULT_OK);
    assert_int_equal(error_files_set(files, 408, parse("status 408 content-type a/b string x")),
                     RESULT_OK);
    assert_int_equal(
        reply_make_error(400, files, NULL, &test.response, &body, &test.source, &test.account),
        RESULT_OK);
    assert_int_equal(body.bytes, 90);
    chunk_queue_clear(&body);
    http_message_clear(&test.response);
    assert_int_equal(
        reply_make_error(408, files, NULL, &test.response, &body, &test.source, &test.account),
        RESULT_OK);
    assert_string_equal(rules_test_body(&test, &body), "x");
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct verdict verdict = {.kind = VERDICT_DENY, .status = 403};
    test.account.cap = test.account.used;
    assert_int_equal(make(&verdict), RESULT_NO_MEMORY);
    assert_int_equal(body.bytes, 0);
    test.account.cap = 0;
    assert_int_equal(make(&verdict), RESULT_OK);
}

static void test_no_room_for_headers(void **state)
{
    (void)state;
    struct reply *reply = parse("hdr X-A a hdr X-B b hdr X-C c");
    struct verdict verdict = {.kind = VERDICT_REPLY, .reply = reply};
    struct http_message small;
    http_message_init(&small, &test.source, &test.account, 64, 0);
    small.fields.fields_max = 2;
    assert_int_equal(
        reply_make(&verdict, files, &test.context, &small, &body, &test.source, &test.account),
        RESULT_NO_MEMORY);
    http_message_clear(&small);
    reply_destroy(&test.account, reply);
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_built_in),
        WITH_TEST(test_status_without_page),
        WITH_TEST(test_returns),
        WITH_TEST(test_head),
        WITH_TEST(test_error_file),
        WITH_TEST(test_silence),
        WITH_TEST(test_frontend_after_backend),
        WITH_TEST(test_sections),
        WITH_TEST(test_redirects),
        WITH_TEST(test_challenge),
        WITH_TEST(test_error_location),
        WITH_TEST(test_without_context),
        WITH_TEST(test_memory_refused),
        WITH_TEST(test_no_room_for_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
