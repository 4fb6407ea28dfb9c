/* SPDX-License-Identifier: Apache-2.0 */
/* Request heads: lines, targets, Host, bodies, upgrades; what is refused, where and with what. */
#include "support/http.h"

struct line_case {
    const char *head;
    enum http_target form;
    const char *method;
    const char *scheme;
    const char *authority;
    const char *path;
    const char *host; /* the Host field as rules see it */
};

static const struct line_case GOOD[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ORIGIN, "GET", "", "", "/", "a"},
    {"GET / HTTP/1.1\nHost: a\n\n", HTTP_TARGET_ORIGIN, "GET", "", "", "/", "a"},
    {"\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ORIGIN, "GET", "", "", "/", "a"},
    {"GET /a?b=c&d HTTP/1.0\r\n\r\n", HTTP_TARGET_ORIGIN, "GET", "", "", "/a?b=c&d", NULL},
    {"get / HTTP/1.1\r\nHost:\r\n\r\n", HTTP_TARGET_ORIGIN, "get", "", "", "/", ""},
    {"M-SEARCH //x HTTP/1.1\r\nHost: a:1\r\n\r\n", HTTP_TARGET_ORIGIN, "M-SEARCH", "", "", "//x",
     "a:1"},
    {"GET /\"<>\\^`{|} HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ORIGIN, "GET", "", "",
     "/\"<>\\^`{|}", "a"},
    {"GET /%zz%00 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ORIGIN, "GET", "", "", "/%zz%00", "a"},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ASTERISK, "OPTIONS", "", "", "*", "a"},
    {"GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ABSOLUTE, "GET", "http", "a",
     "/b?c", "a"},
    {"GET http://a:80/b HTTP/1.1\r\nHost: A\r\n\r\n", HTTP_TARGET_ABSOLUTE, "GET", "http", "a:80",
     "/b", "a:80"},
    {"GET https://a HTTP/1.1\r\nHost: a:443\r\n\r\n", HTTP_TARGET_ABSOLUTE, "GET", "https", "a",
     "/", "a"},
    {"GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ABSOLUTE, "GET", "http", "a", "/?x",
     "a"},
    {"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ABSOLUTE, "OPTIONS", "http", "a",
     "*", "a"},
    {"OPTIONS http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_ABSOLUTE, "OPTIONS", "http", "a",
     "/", "a"},
    {"GET http://a/ HTTP/1.0\r\n\r\n", HTTP_TARGET_ABSOLUTE, "GET", "http", "a", "/", "a"},
    {"GET http://[::1]:8080/ HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", HTTP_TARGET_ABSOLUTE, "GET",
     "http", "[::1]:8080", "/", "[::1]:8080"},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", HTTP_TARGET_AUTHORITY, "CONNECT", "", "a:443",
     "", "a:443"},
    {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", HTTP_TARGET_AUTHORITY, "CONNECT", "", "a:443", "",
     "a"},
    {"GET / HTTP/1.9\r\nHost: a\r\n\r\n", HTTP_TARGET_ORIGIN, "GET", "", "", "/", "a"},
};

static void test_good_requests(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        const struct line_case *c = &GOOD[i];
        const struct http_message *message = &test.message;
        enum result result = test_http_request(&test, c->head);
        if (result != RESULT_OK) {
            print_error("%s: %s\n", c->head, test.error.reason);
        }
        assert_int_equal(result, RESULT_OK);
        assert_false(message->is_response);
        assert_int_equal(message->target_form, c->form);
        test_http_assert_slice(message->method, c->method);
        assert_int_equal(message->method_id, http_method_find(message->method));
        test_http_assert_slice(message->scheme, c->scheme);
        test_http_assert_slice(message->authority, c->authority);
        test_http_assert_slice(message->path, c->path);
        test_http_assert_slice(http_fields_value(&message->fields, HTTP_NAME_HOST), c->host);
        assert_int_equal(message->body, HTTP_BODY_NONE);
    }
    test_http_close(&test);
}

static void test_versions(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.0\r\n\r\n"), RESULT_OK);
    assert_int_equal(test.message.version, HTTP_VERSION_1_0);
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), RESULT_OK);
    assert_int_equal(test.message.version, HTTP_VERSION_1_1);
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.2\r\nHost: a\r\n\r\n"), RESULT_OK);
    assert_int_equal(test.message.version, HTTP_VERSION_1_1);
    test_http_close(&test);
}

struct bad_case {
    struct slice head;
    uint16_t status;
    size_t position;
    bool leniently; /* accepted with accept_unsafe_request */
};

#define H "Host: a\r\n\r\n"

static const struct bad_case BAD[] = {
    /* the request line */
    {SLICE(" GET / HTTP/1.1\r\n" H), 400, 0, false},
    {SLICE("GET  / HTTP/1.1\r\n" H), 400, 4, false},
    {SLICE("GET\t/ HTTP/1.1\r\n" H), 400, 3, false},
    {SLICE("GET /  HTTP/1.1\r\n" H), 400, 6, false},
    {SLICE("GET /\tHTTP/1.1\r\n" H), 400, 5, false},
    {SLICE("GET / HTTP/1.1 \r\n" H), 400, 14, false},
    {SLICE("GET / HTTP/1.1\r\r\n" H), 400, 14, false},
    {SLICE("GET / x HTTP/1.1\r\n" H), 400, 6, false},
    {SLICE("G(T / HTTP/1.1\r\n" H), 400, 1, false},
    {SLICE("GET\0 / HTTP/1.1\r\n" H), 400, 3, false},
    {SLICE("/ HTTP/1.1\r\n" H), 400, 0, false},
    {SLICE("GET / http/1.1\r\n" H), 400, 6, true},
    {SLICE("GET / HTTP/2.0\r\n" H), 400, 6, true},
    {SLICE("GET / HTTP/0.9\r\n" H), 400, 6, true},
    {SLICE("GET / HTTP/1.10\r\n" H), 400, 6, true},
    {SLICE("GET / HTTP/11\r\n" H), 400, 6, true},
    {SLICE("GET / HTTP/1,1\r\n" H), 400, 6, false},
    {SLICE("GET / HTTP/\r\n" H), 400, 6, true},
    {SLICE("GET / RTSP/1.0\r\n" H), 400, 6, true},
    {SLICE("GET /\r\n"), 400, 5, true},
    {SLICE("GET / \r\n"), 400, 6, false},
    {SLICE("GET\r\n"), 400, 3, false},
    {SLICE("POST /\r\n"), 400, 6, false},
    {SLICE("PRI * HTTP/2.0\r\n\r\n"), 400, 6, false},
    /* bytes of the target */
    {SLICE("GET /\x01 HTTP/1.1\r\n" H), 400, 5, false},
    {SLICE("GET /\0 HTTP/1.1\r\n" H), 400, 5, false},
    {SLICE("GET /\x7f HTTP/1.1\r\n" H), 400, 5, false},
    {SLICE("GET /\xc3\xa9 HTTP/1.1\r\n" H), 400, 5, true},
    {SLICE("GET /a#b HTTP/1.1\r\n" H), 400, 6, true},
    {SLICE("GET /a\rb HTTP/1.1\r\n" H), 400, 6, false},
    /* forms of the target */
    {SLICE("GET a HTTP/1.1\r\n" H), 400, 4, false},
    {SLICE("GET a:80 HTTP/1.1\r\n" H), 400, 4, false},
    {SLICE("GET * HTTP/1.1\r\n" H), 400, 4, false},
    {SLICE("OPTIONS ** HTTP/1.1\r\n" H), 400, 8, false},
    {SLICE("CONNECT / HTTP/1.1\r\n" H), 400, 8, false},
    {SLICE("CONNECT http://a:80/ HTTP/1.1\r\n" H), 400, 8, false},
    {SLICE("CONNECT a HTTP/1.1\r\n" H), 400, 8, true},
    {SLICE("CONNECT a: HTTP/1.1\r\n" H), 400, 8, true},
    {SLICE("CONNECT :80 HTTP/1.1\r\n" H), 400, 8, true},
    {SLICE("CONNECT u@a:80 HTTP/1.1\r\n" H), 400, 8, true},
    {SLICE("GET http:///b HTTP/1.1\r\n" H), 400, 4, true},
    {SLICE("GET http://u@a/ HTTP/1.1\r\n" H), 400, 4, true},
    {SLICE("GET http://a b/ HTTP/1.1\r\n" H), 400, 13, false},
    {SLICE("GET http://a:x/ HTTP/1.1\r\n" H), 400, 4, true},
    {SLICE("GET 1http://a/ HTTP/1.1\r\n" H), 400, 4, false},
    {SLICE("GET ://a/ HTTP/1.1\r\n" H), 400, 4, false},
    /* Host */
    {SLICE("GET / HTTP/1.1\r\n\r\n"), 400, 18, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400, 22, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 400, 22, false},
    {SLICE("GET / HTTP/1.0\r\nHost: a\r\nhost: a\r\n\r\n"), 400, 22, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, 22, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400, 22, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a,b/\r\n\r\n"), 400, 22, true},
    {SLICE("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), 400, 22, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"), 400, 22, true},
    {SLICE("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400, 22, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a\\b\r\n\r\n"), 400, 22, true},
    {SLICE("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"), 400, 30, true},
    {SLICE("GET http://a/ HTTP/1.1\r\nHost: a:81\r\n\r\n"), 400, 30, true},
    {SLICE("GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n"), 400, 29, true},
    {SLICE("CONNECT a:444 HTTP/1.1\r\nHost: a\r\n\r\n"), 400, 30, true},
    {SLICE("CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n"), 400, 30, true},
    /* fields */
    {SLICE("GET / HTTP/1.1\r\nHost : a\r\n\r\n"), 400, 20, true},
    {SLICE("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400, 16, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"), 400, 31, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n"), 400, 29, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"), 400, 29, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nX y\r\n\r\n"), 400, 26, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nX: y"), 400, 29, false},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\n"), 400, 25, false},
    /* payloads that have no place */
    {SLICE("GET / HTTP/1.0\r\nContent-Length: 5\r\n\r\n"), 413, 32, false},
    {SLICE("HEAD / HTTP/1.0\r\nContent-Length: 5\r\n\r\n"), 413, 33, false},
    {SLICE("DELETE / HTTP/1.0\r\nContent-Length: 5\r\n\r\n"), 413, 35, false},
    {SLICE("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\n\r\n"), 400, 49, false},
    {SLICE("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, 52,
     false},
    /* WebSocket */
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), 400,
     68, true},
    {SLICE("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
           "Sec-WebSocket-Key: short\r\n\r\n"),
     400, 94, true},
};

static enum result parse(struct test_http *test, struct slice head)
{
    http_message_clear(&test->message);
    return http1_parse_request(head, NULL, &test->options, &test->message, &test->error);
}

static void test_bad_requests(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        const struct bad_case *c = &BAD[i];
        test.options.accept_unsafe_request = false;
        enum result result = parse(&test, c->head);
        if (result != RESULT_INVALID || test.error.position != c->position) {
            print_error("%u %s: %zu %s\n", i, c->head.data, test.error.position, test.error.reason);
        }
        assert_int_equal(result, RESULT_INVALID);
        assert_int_equal(test.error.status, c->status);
        assert_int_equal(test.error.position, c->position);
        assert_non_null(test.error.reason);
        assert_int_equal(test.message.fields.count, 0);
        assert_int_equal(test.message.method.length, 0);
        test.options.accept_unsafe_request = true;
        result = parse(&test, c->head);
        if ((result == RESULT_OK) != c->leniently) {
            print_error("leniently: %u %s: %s\n", i, c->head.data, test.error.reason);
        }
        assert_int_equal(result == RESULT_OK, c->leniently);
    }
    test_http_close(&test);
}

static void test_lenient_meanings(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    test.options.accept_unsafe_request = true;
    assert_int_equal(test_http_request(&test, "GET /x\r\n"), RESULT_OK);
    assert_int_equal(test.message.version, HTTP_VERSION_1_0);
    assert_true(test.message.wants_close);
    test_http_assert_slice(test.message.path, "/x");
    assert_int_equal(test_http_request(&test, "GET / HTTP/3.7\r\nHost: a\r\n\r\n"), RESULT_OK);
    assert_int_equal(test.message.version, HTTP_VERSION_1_1);
    assert_int_equal(test_http_request(&test, "GET / RTSP/1.0\r\nHost: a\r\n\r\n"), RESULT_OK);
    assert_int_equal(test.message.version, HTTP_VERSION_1_0);
    /* of two hosts only the target's goes on */
    assert_int_equal(test_http_request(&test, "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
                     RESULT_OK);
    test_http_assert_slice(http_fields_value(&test.message.fields, HTTP_NAME_HOST), "a");
    assert_int_equal(test_http_request(&test, "GET http://u:p@v@a/ HTTP/1.1\r\n\r\n"), RESULT_OK);
    test_http_assert_slice(http_fields_value(&test.message.fields, HTTP_NAME_HOST), "a");
    /* a line with a bad name goes, and with it a framing that somebody else might see */
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\nHost: a\r\n"
                                              "Content-Length : 5\r\n\r\n"),
                     RESULT_OK);
    assert_int_equal(test.message.fields.count, 1);
    assert_int_equal(test.message.body, HTTP_BODY_NONE);
    test_http_close(&test);
}

struct body_case {
    const char *start;
    const char *fields;
    enum http_body body;
    uint64_t length;
    bool expects_continue;
};

static const struct body_case BODIES[] = {
    {"GET / HTTP/1.1", "", HTTP_BODY_NONE, 0, false},
    {"POST / HTTP/1.1", "", HTTP_BODY_NONE, 0, false},
    {"POST / HTTP/1.1", "Content-Length: 0\r\n", HTTP_BODY_LENGTH, 0, false},
    {"GET / HTTP/1.1", "Content-Length: 7\r\n", HTTP_BODY_LENGTH, 7, false},
    {"GET / HTTP/1.0", "Content-Length: 0\r\n", HTTP_BODY_LENGTH, 0, false},
    {"POST / HTTP/1.0", "Content-Length: 7\r\n", HTTP_BODY_LENGTH, 7, false},
    {"DELETE / HTTP/1.1", "Transfer-Encoding: chunked\r\n", HTTP_BODY_CHUNKED, 0, false},
    {"CONNECT h:1 HTTP/1.1", "Content-Length: 0\r\n", HTTP_BODY_NONE, 0, false},
    {"PUT / HTTP/1.1", "Content-Length: 7\r\nExpect: 100-continue\r\n", HTTP_BODY_LENGTH, 7, true},
    {"PUT / HTTP/1.1", "Content-Length: 7\r\nexpect: 100-Continue\r\n", HTTP_BODY_LENGTH, 7, true},
    {"PUT / HTTP/1.0", "Content-Length: 7\r\nExpect: 100-continue\r\n", HTTP_BODY_LENGTH, 7, false},
    {"PUT / HTTP/1.1", "Content-Length: 7\r\nExpect: something\r\n", HTTP_BODY_LENGTH, 7, false},
    {"PUT / HTTP/1.1", "Expect: 100-continue\r\n", HTTP_BODY_NONE, 0, false},
    {"PUT / HTTP/1.1", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", HTTP_BODY_CHUNKED,
     0, true},
};

static void test_bodies(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(BODIES) / sizeof(BODIES[0]); i++) {
        char head[256];
        const char *host = strncmp(BODIES[i].start, "CONNECT", 7) == 0 ? "h:1" : "h";
        (void)snprintf(head, sizeof(head), "%s\r\nHost: %s\r\n%s\r\n", BODIES[i].start, host,
                       BODIES[i].fields);
        assert_int_equal(test_http_request(&test, head), RESULT_OK);
        assert_int_equal(test.message.body, BODIES[i].body);
        assert_int_equal(test.message.content_length, BODIES[i].length);
        assert_int_equal(test.message.expects_continue, BODIES[i].expects_continue);
    }
    test_http_close(&test);
}

#define WEBSOCKET "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
#define KEY       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

struct upgrade_case {
    const char *version;
    const char *fields;
    bool wants_upgrade;
};

static const struct upgrade_case UPGRADES[] = {
    {"1.1", WEBSOCKET KEY, true},
    {"1.0", WEBSOCKET KEY, false},
    {"1.1", "Upgrade: websocket\r\n", false},
    {"1.1", "Connection: upgrade\r\n", false},
    {"1.1", "Connection: upgrade\r\nUpgrade:\r\n", false},
    {"1.1", "Connection: upgrade\r\nUpgrade: foo/2\r\n", true},
    {"1.1", "Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n", false},
    {"1.1", "Connection: upgrade\r\nUpgrade: foo, H2C\r\n", false},
    {"1.1", "Connection: upgrade\r\nUpgrade: h2\r\n", false},
    {"1.1", "Connection: upgrade\r\nUpgrade: foo\r\nContent-Length: 5\r\n", false},
    {"1.1", "Connection: upgrade\r\nUpgrade: foo\r\nContent-Length: 0\r\n", true},
    {"1.1", "Connection: upgrade\r\nUpgrade: foo\r\nTransfer-Encoding: chunked\r\n", false},
};

static void test_upgrades(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(UPGRADES) / sizeof(UPGRADES[0]); i++) {
        char head[512];
        (void)snprintf(head, sizeof(head), "POST / HTTP/%s\r\nHost: h\r\n%s\r\n",
                       UPGRADES[i].version, UPGRADES[i].fields);
        assert_int_equal(test_http_request(&test, head), RESULT_OK);
        assert_int_equal(test.message.wants_upgrade, UPGRADES[i].wants_upgrade);
        uint16_t settings = http_fields_find(&test.message.fields, SLICE("http2-settings"), 0);
        assert_int_equal(settings, test.message.fields.count);
    }
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\nHost: h\r\n"
                                              "TE: deflate, Trailers\r\n\r\n"),
                     RESULT_OK);
    assert_true(test.message.te_trailers);
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\nHost: h\r\nTE: gzip\r\n\r\n"),
                     RESULT_OK);
    assert_false(test.message.te_trailers);
    test_http_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_requests), cmocka_unit_test(test_versions),
        cmocka_unit_test(test_bad_requests),  cmocka_unit_test(test_lenient_meanings),
        cmocka_unit_test(test_bodies),        cmocka_unit_test(test_upgrades),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
