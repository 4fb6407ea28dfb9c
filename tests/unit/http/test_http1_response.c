/* SPDX-License-Identifier: Apache-2.0 */
/* Response heads: status lines, and the body that method, status and fields make. */
#include "support/http.h"

struct line_case {
    const char *line;
    uint16_t status; /* 0: refused */
    const char *reason;
    enum http_version version;
    bool leniently; /* accepted with accept_unsafe_response */
};

static const struct line_case LINES[] = {
    {"HTTP/1.1 200 OK", 200, "OK", HTTP_VERSION_1_1, true},
    {"HTTP/1.0 404 Not Found", 404, "Not Found", HTTP_VERSION_1_0, true},
    {"HTTP/1.1 200 ", 200, "", HTTP_VERSION_1_1, true},
    {"HTTP/1.1 200", 200, "", HTTP_VERSION_1_1, true},
    {"HTTP/1.1 299  two spaces", 299, " two spaces", HTTP_VERSION_1_1, true},
    {"HTTP/1.1 200 \xc3\xa9t\xc3\xa9", 200, "\xc3\xa9t\xc3\xa9", HTTP_VERSION_1_1, true},
    {"HTTP/1.1 999 X", 999, "X", HTTP_VERSION_1_1, true},
    {"HTTP/1.3 200 OK", 200, "OK", HTTP_VERSION_1_1, true},
    {"\r\nHTTP/1.1 200 OK", 200, "OK", HTTP_VERSION_1_1, true},
    {"HTTP/1.1 099 X", 0, NULL, 0, false},
    {"HTTP/1.1 20 OK", 0, NULL, 0, false},
    {"HTTP/1.1 2000 OK", 0, NULL, 0, true},
    {"HTTP/1.1 65536 OK", 0, NULL, 0, false},
    {"HTTP/1.1 99999999999999999999 OK", 0, NULL, 0, false},
    {"HTTP/1.1 2x0 OK", 0, NULL, 0, false},
    {"HTTP/1.1 -20 OK", 0, NULL, 0, false},
    {"HTTP/1.1  200 OK", 0, NULL, 0, false},
    {"HTTP/1.1\t200 OK", 0, NULL, 0, false},
    {"HTTP/1.1 200\tOK", 0, NULL, 0, false},
    {"HTTP/1.1", 0, NULL, 0, false},
    {"HTTP/1.1 ", 0, NULL, 0, false},
    {"http/1.1 200 OK", 0, NULL, 0, true},
    {"HTTP/2.0 200 OK", 0, NULL, 0, true},
    {"HTTP/1 200 OK", 0, NULL, 0, true},
    {"RTSP/1.0 200 OK", 0, NULL, 0, true},
    {"ICY 200 OK", 0, NULL, 0, true},
    {"HTTP/1.1 200 a\x01", 0, NULL, 0, false},
    {"HTTP/1.1 200 a\rb", 0, NULL, 0, false},
    {" HTTP/1.1 200 OK", 0, NULL, 0, false},
    {"GET / HTTP/1.1", 0, NULL, 0, false},
    {"hello", 0, NULL, 0, false},
};

static void test_status_lines(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(LINES) / sizeof(LINES[0]); i++) {
        char head[256];
        (void)snprintf(head, sizeof(head), "%s\r\nA: b\r\n\r\n", LINES[i].line);
        enum result result = test_http_response(&test, HTTP_METHOD_GET, head);
        assert_int_equal(result, LINES[i].status == 0 ? RESULT_INVALID : RESULT_OK);
        if (result == RESULT_OK) {
            assert_true(test.message.is_response);
            assert_int_equal(test.message.status, LINES[i].status);
            assert_int_equal(test.message.version, LINES[i].version);
            test_http_assert_slice(test.message.reason, LINES[i].reason);
        } else {
            assert_int_equal(test.error.status, 502);
            assert_non_null(test.error.reason);
        }
        test.options.accept_unsafe_response = true;
        result = test_http_response(&test, HTTP_METHOD_GET, head);
        if ((result == RESULT_OK) != LINES[i].leniently) {
            print_error("%s: %s\n", LINES[i].line, test.error.reason);
        }
        assert_int_equal(result == RESULT_OK, LINES[i].leniently);
        test.options.accept_unsafe_response = false;
    }
    test_http_close(&test);
}

struct body_case {
    enum http_method method;
    const char *head;
    enum http_body body;
    uint64_t length;
    bool closes;
};

#define LENGTH  "Content-Length: 5\r\n\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

static const struct body_case BODIES[] = {
    {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n" LENGTH, HTTP_BODY_LENGTH, 5, false},
    {HTTP_METHOD_GET, "HTTP/1.0 200 OK\r\n" LENGTH, HTTP_BODY_LENGTH, 5, true},
    {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n" CHUNKED, HTTP_BODY_CHUNKED, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n\r\n", HTTP_BODY_CLOSE, 0, true},
    {HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", HTTP_BODY_CLOSE, 0,
     true},
    {HTTP_METHOD_GET, "HTTP/1.1 404 N\r\nContent-Length: 0\r\n\r\n", HTTP_BODY_LENGTH, 0, false},
    {HTTP_METHOD_HEAD, "HTTP/1.1 200 OK\r\n" LENGTH, HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_HEAD, "HTTP/1.1 200 OK\r\n" CHUNKED, HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_HEAD, "HTTP/1.1 200 OK\r\n\r\n", HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 204 N\r\n" LENGTH, HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 204 N\r\n" CHUNKED, HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 304 N\r\n" LENGTH, HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 100 C\r\n\r\n", HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 103 E\r\nLink: x\r\n\r\n", HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 103 E\r\n" LENGTH, HTTP_BODY_NONE, 0, false},
    {HTTP_METHOD_CONNECT, "HTTP/1.1 200 OK\r\n" LENGTH, HTTP_BODY_TUNNEL, 0, false},
    {HTTP_METHOD_CONNECT, "HTTP/1.1 299 OK\r\n" CHUNKED, HTTP_BODY_TUNNEL, 0, false},
    {HTTP_METHOD_CONNECT, "HTTP/1.1 403 N\r\n" LENGTH, HTTP_BODY_LENGTH, 5, false},
    {HTTP_METHOD_CONNECT, "HTTP/1.1 300 N\r\n" LENGTH, HTTP_BODY_LENGTH, 5, false},
    {HTTP_METHOD_GET, "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
     HTTP_BODY_TUNNEL, 0, false},
    {HTTP_METHOD_GET, "HTTP/1.1 101 S\r\nUpgrade: x\r\n" LENGTH, HTTP_BODY_TUNNEL, 0, false},
};

static void test_bodies(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); i++) {
        assert_int_equal(test_http_response(&test, BODIES[i].method, BODIES[i].head), RESULT_OK);
        assert_int_equal(test.message.body, BODIES[i].body);
        assert_int_equal(test.message.content_length, BODIES[i].length);
        assert_int_equal(test.message.wants_close, BODIES[i].closes);
    }
    test_http_close(&test);
}

struct upgrade_case {
    const char *head;
    bool is_good;
    bool wants_upgrade;
};

static const struct upgrade_case UPGRADES[] = {
    {"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n", true, true},
    {"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
     "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
     true, true},
    {"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false, false},
    {"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", false, false},
    {"HTTP/1.1 426 U\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n", true, true},
    {"HTTP/1.1 200 O\r\nConnection: upgrade\r\nUpgrade: h2,h2c\r\n\r\n", true, false},
    {"HTTP/1.1 200 O\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", true, false},
};

static void test_upgrades(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(UPGRADES) / sizeof(UPGRADES[0]); i++) {
        enum result result = test_http_response(&test, HTTP_METHOD_GET, UPGRADES[i].head);
        assert_int_equal(result == RESULT_OK, UPGRADES[i].is_good);
        assert_int_equal(test.message.wants_upgrade, UPGRADES[i].wants_upgrade);
        assert_int_equal(test.error.status, result == RESULT_OK ? 0 : 502);
    }
    test.options.accept_unsafe_response = true;
    assert_int_equal(test_http_response(&test, HTTP_METHOD_GET, UPGRADES[2].head), RESULT_OK);
    test_http_close(&test);
}

static void test_fields_of_responses(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(test_http_response(&test, HTTP_METHOD_GET, bad[i]), RESULT_INVALID);
        assert_int_equal(test.error.status, 502);
    }
    /* several Host fields mean nothing here */
    assert_int_equal(
        test_http_response(&test, HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nHost: a\r\nHost: b\r\n\r\n"),
        RESULT_OK);
    test_http_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_lines),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_upgrades),
        cmocka_unit_test(test_fields_of_responses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
