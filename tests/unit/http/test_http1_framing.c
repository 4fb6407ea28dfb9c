/* SPDX-License-Identifier: Apache-2.0 */
/* What fields say together: lengths, codings, connection options, the limit of fields. */
#include "support/http.h"

/* A request with these field lines. */
static enum result request_with(struct test_http *test, const char *version, const char *lines)
{
    static char head[65536]; /* the message borrows it until the next call */
    struct text text = text_over(head, sizeof(head));
    text_append_format(&text, "POST / HTTP/%s\r\nHost: h\r\n%s\r\n", version, lines);
    assert_false(text.truncated);
    return test_http_request(test, head);
}

static enum result response_with(struct test_http *test, const char *version, const char *lines)
{
    static char head[65536];
    struct text text = text_over(head, sizeof(head));
    text_append_format(&text, "HTTP/%s 200 OK\r\n%s\r\n", version, lines);
    return test_http_response(test, HTTP_METHOD_GET, head);
}

struct length_case {
    const char *value;
    enum result result;
    uint64_t length;
};

static const struct length_case LENGTHS[] = {
    {"0", RESULT_OK, 0},
    {"5", RESULT_OK, 5},
    {"005", RESULT_OK, 5},
    {"9223372036854775799", RESULT_OK, 9223372036854775799U},
    {"9223372036854775808", RESULT_INVALID, 0},
    {"18446744073709551615", RESULT_INVALID, 0},
    {"18446744073709551621", RESULT_INVALID, 0},
    {"99999999999999999999999999", RESULT_INVALID, 0},
    {"", RESULT_INVALID, 0},
    {"+5", RESULT_INVALID, 0},
    {"-5", RESULT_INVALID, 0},
    {"0x5", RESULT_INVALID, 0},
    {"5a", RESULT_INVALID, 0},
    {"5 5", RESULT_INVALID, 0},
    {"5,5", RESULT_INVALID, 0},
    {"5, 5", RESULT_INVALID, 0},
    {"5,", RESULT_INVALID, 0},
    {"5.0", RESULT_INVALID, 0},
    {"\"5\"", RESULT_INVALID, 0},
    {"5;", RESULT_INVALID, 0},
    {"1e3", RESULT_INVALID, 0},
    {"\xb2", RESULT_INVALID, 0},
};

static void test_lengths(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
        char line[128];
        (void)snprintf(line, sizeof(line), "Content-Length: %s\r\n", LENGTHS[i].value);
        assert_int_equal(request_with(&test, "1.1", line), LENGTHS[i].result);
        if (LENGTHS[i].result == RESULT_OK) {
            assert_int_equal(test.message.body, HTTP_BODY_LENGTH);
            assert_true(test.message.content_length == LENGTHS[i].length);
        } else {
            assert_int_equal(test.error.status, 400);
        }
        assert_int_equal(response_with(&test, "1.1", line), LENGTHS[i].result);
        assert_true(LENGTHS[i].result == RESULT_OK || test.error.status == 502);
    }
    static const char twice[] = "Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n";
    assert_int_equal(request_with(&test, "1.1", twice), RESULT_INVALID);
    assert_int_equal(response_with(&test, "1.1", twice), RESULT_INVALID);
    test_http_close(&test);
}

struct coding_case {
    const char *lines;
    uint16_t status;  /* of a refused request, 0: accepted */
    bool in_response; /* accepted there */
    bool leniently;   /* accepted there with accept_unsafe_response */
};

static const struct coding_case CODINGS[] = {
    {"Transfer-Encoding: chunked\r\n", 0, true, true},
    {"transfer-ENCODING:CHUNKED\r\n", 0, true, true},
    {"Transfer-Encoding: \t chunked \t\r\n", 0, true, true},
    {"Transfer-Encoding:\r\n", 400, false, false},
    {"Transfer-Encoding: chunked,\r\n", 400, false, true},
    {"Transfer-Encoding: ,chunked\r\n", 400, false, true},
    {"Transfer-Encoding: chunked, chunked\r\n", 400, false, true},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400, false, true},
    {"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", 400, false, true},
    {"Transfer-Encoding: gzip\r\n", 400, false, false},
    {"Transfer-Encoding: identity\r\n", 400, false, false},
    {"Transfer-Encoding: chunked, identity\r\n", 400, false, false},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400, false, false},
    {"Transfer-Encoding: gzip, chunked\r\n", 422, false, false},
    {"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 422, false, false},
    {"Transfer-Encoding: xchunked\r\n", 400, false, false},
    {"Transfer-Encoding: chunkedx\r\n", 400, false, false},
    {"Transfer-Encoding: chunked;q=1\r\n", 400, false, false},
    {"Transfer-Encoding: \"chunked\"\r\n", 400, false, false},
    {"Transfer-Encoding: foo;x=\", chunked\"\r\n", 400, false, false},
    {"Transfer-Encoding: chunked chunked\r\n", 400, false, false},
    {"Transfer-Encoding: ch\xc3\xbcnked\r\n", 400, false, false},
};

static void test_codings(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(CODINGS) / sizeof(CODINGS[0]); i++) {
        const struct coding_case *c = &CODINGS[i];
        enum result result = request_with(&test, "1.1", c->lines);
        assert_int_equal(result, c->status == 0 ? RESULT_OK : RESULT_INVALID);
        assert_int_equal(test.error.status, c->status);
        assert_int_equal(test.message.body, result == RESULT_OK ? HTTP_BODY_CHUNKED : 0);
        result = response_with(&test, "1.1", c->lines);
        assert_int_equal(result, c->in_response ? RESULT_OK : RESULT_INVALID);
        test.options.accept_unsafe_response = true;
        result = response_with(&test, "1.1", c->lines);
        assert_int_equal(result, c->leniently ? RESULT_OK : RESULT_INVALID);
        test.options.accept_unsafe_response = false;
    }
    test_http_close(&test);
}

static void test_coding_beside_a_length_wins_and_closes(void **state)
{
    (void)state;
    struct test_http test;
    static const char lines[] = "Content-Length: 5\r\nX: y\r\nTransfer-Encoding: chunked\r\n";
    test_http_open(&test);
    assert_int_equal(request_with(&test, "1.1", lines), RESULT_OK);
    assert_int_equal(test.message.body, HTTP_BODY_CHUNKED);
    assert_true(test.message.wants_close);
    assert_null(http_fields_value(&test.message.fields, HTTP_NAME_CONTENT_LENGTH).data);
    assert_int_equal(test.message.content_length, 0);
    assert_int_equal(response_with(&test, "1.1", lines), RESULT_OK);
    assert_int_equal(test.message.body, HTTP_BODY_CHUNKED);
    assert_true(test.message.wants_close);
    /* the length must be a good one even so */
    assert_int_equal(
        request_with(&test, "1.1", "Content-Length: x\r\nTransfer-Encoding: chunked\r\n"),
        RESULT_INVALID);
    test_http_close(&test);
}

static void test_coding_in_http10(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    assert_int_equal(request_with(&test, "1.0", "Transfer-Encoding: chunked\r\n"), RESULT_INVALID);
    assert_int_equal(test.error.status, 400);
    assert_int_equal(
        response_with(&test, "1.0", "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n"),
        RESULT_OK);
    assert_int_equal(test.message.body, HTTP_BODY_CHUNKED);
    assert_true(test.message.wants_close);
    test_http_close(&test);
}

struct connection_case {
    const char *version;
    const char *lines;
    bool closes;
    const char *names; /* that are left, Host left out */
};

static const struct connection_case CONNECTIONS[] = {
    {"1.1", "", false, ""},
    {"1.0", "", true, ""},
    {"1.1", "Connection: close\r\n", true, ""},
    {"1.1", "Connection: CLOSE\r\n", true, ""},
    {"1.1", "Connection: keep-alive\r\n", false, ""},
    {"1.0", "Connection: Keep-Alive\r\n", false, ""},
    {"1.0", "Connection: keep-alive, close\r\n", true, ""},
    {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", true, ""},
    {"1.1", "Connection:\r\n", false, ""},
    {"1.1", "Connection: closed\r\n", false, "Connection "},
    {"1.1", "Connection: x\r\nX: 1\r\nY: 2\r\nx: 3\r\n", false, "Connection Y "},
    {"1.1", "A: 0\r\nConnection: a, B\r\nB: 1\r\nC: 2\r\nConnection: c, close\r\nD: 3\r\n", true,
     "Connection Connection D "},
    {"1.1", "Connection: host, content-length, cookie, connection\r\nCookie: a\r\n", false,
     "Connection Cookie "},
    {"1.1", "Connection: X-Forwarded-For, Forwarded\r\nX-Forwarded-For: 1\r\nForwarded: 2\r\n",
     false, "Connection X-Forwarded-For Forwarded "},
    {"1.1", "Connection: keep-alive, x\r\nKeep-Alive: 5\r\n", false, "Connection "},
    {"1.1", "Connection: keep-alive\r\nKeep-Alive: 5\r\n", false, "Keep-Alive "},
    {"1.1", "Proxy-Connection: close\r\n", false, "Proxy-Connection "},
};

static void test_connection(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(CONNECTIONS) / sizeof(CONNECTIONS[0]); i++) {
        const struct connection_case *c = &CONNECTIONS[i];
        char buffer[256];
        struct text text = text_over(buffer, sizeof(buffer));
        assert_int_equal(request_with(&test, c->version, c->lines), RESULT_OK);
        assert_int_equal(test.message.wants_close, c->closes);
        for (uint16_t f = 1; f < test.message.fields.count; f++) {
            text_append(&text, test.message.fields.entries[f].name);
            text_append_char(&text, ' ');
        }
        assert_string_equal(buffer, c->names);
    }
    test_http_close(&test);
}

/* `count` times `piece` behind `start`. */
static const char *repeated(const char *start, const char *piece, unsigned count, const char *end)
{
    static char lines[60000];
    struct text text = text_over(lines, sizeof(lines));
    text_append_string(&text, start);
    for (unsigned i = 0; i < count; i++) {
        text_append_string(&text, piece);
    }
    text_append_string(&text, end);
    assert_false(text.truncated);
    return lines;
}

static void test_too_many_connection_options(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    assert_int_equal(request_with(&test, "1.1", repeated("Connection: x", ",y", 31, "\r\n")),
                     RESULT_OK);
    assert_int_equal(request_with(&test, "1.1", repeated("Connection: x", ",y", 32, "\r\n")),
                     RESULT_INVALID);
    assert_int_equal(request_with(&test, "1.1", repeated("", "Connection: x\r\n", 33, "")),
                     RESULT_INVALID);
    assert_int_equal(test.error.status, 400);
    test_http_close(&test);
}

/* maxhdr 101 includes the first line: 100 fields, Host among them. */
static void test_limit_of_fields(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    assert_int_equal(request_with(&test, "1.1", repeated("", "a: b\r\n", 99, "")), RESULT_OK);
    assert_int_equal(test.message.fields.count, 100);
    assert_int_equal(http_fields_append_copy(&test.message.fields, SLICE("rule"), SLICE("v")),
                     RESULT_OK);
    assert_int_equal(request_with(&test, "1.1", repeated("", "a: b\r\n", 100, "")), RESULT_FULL);
    assert_int_equal(test.error.status, 400);
    assert_true(test.error.position > 0);
    assert_int_equal(test.message.fields.count, 0);
    assert_int_equal(response_with(&test, "1.1", repeated("", "a: b\r\n", 100, "")), RESULT_OK);
    assert_int_equal(response_with(&test, "1.1", repeated("", "a: b\r\n", 101, "")), RESULT_FULL);
    assert_int_equal(test.error.status, 502);
    assert_int_equal(test.account.used, 0);
    test_http_close(&test);
}

static void test_refused_memory_leaves_nothing(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    test.account.cap = 1;
    assert_int_equal(request_with(&test, "1.1", "A: b\r\n"), RESULT_NO_MEMORY);
    assert_int_equal(test.message.fields.count, 0);
    assert_int_equal(test.message.method.length, 0);
    assert_int_equal(test.account.used, 0);
    test.account.cap = 0;
    assert_int_equal(request_with(&test, "1.1", "A: b\r\n"), RESULT_OK);
    assert_int_equal(test.message.fields.count, 2);
    test_http_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_codings),
        cmocka_unit_test(test_coding_beside_a_length_wins_and_closes),
        cmocka_unit_test(test_coding_in_http10),
        cmocka_unit_test(test_connection),
        cmocka_unit_test(test_too_many_connection_options),
        cmocka_unit_test(test_limit_of_fields),
        cmocka_unit_test(test_refused_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
