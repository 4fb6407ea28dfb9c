/* SPDX-License-Identifier: Apache-2.0 */
/* Writing: framing by meaning whatever the fields say, connections, large heads, refused memory. */
#include "support/http.h"

struct request_case {
    const char *in;
    struct http1_write_options options;
    const char *out;
};

#define H "Host: h\r\n"

static const struct request_case REQUESTS[] = {
    {"GET /a?b HTTP/1.1\r\n" H "A: b\r\n\r\n", {0}, "GET /a?b HTTP/1.1\r\n" H "A: b\r\n\r\n"},
    {"\nGET / HTTP/1.1\nHost:  h \n\n", {0}, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"GET / HTTP/1.0\r\n\r\n", {0}, "GET / HTTP/1.0\r\n\r\n"},
    {"GET / HTTP/1.0\r\n" H "\r\n", {0}, "GET / HTTP/1.1\r\n" H "\r\n"},
    {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", {0}, "GET / HTTP/1.1\r\n" H "\r\n"},
    {"GET / HTTP/1.1\r\n" H "\r\n",
     {.close = true, .keep_alive = true},
     "GET / HTTP/1.1\r\n" H "connection: close\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" H "Keep-Alive: 5\r\nProxy-Connection: a\r\nConnection: b\r\nB: c\r\n\r\n",
     {.keep_alive = true},
     "GET / HTTP/1.1\r\n" H "connection: keep-alive\r\n\r\n"},
    {"POST / HTTP/1.1\r\n" H "content-LENGTH: 05\r\nA: b\r\n\r\n",
     {0},
     "POST / HTTP/1.1\r\n" H "content-LENGTH: 5\r\nA: b\r\n\r\n"},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n",
     {0},
     "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"},
    {"POST / HTTP/1.1\r\n" H "\r\n", {0}, "POST / HTTP/1.1\r\n" H "\r\n"},
    {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n",
     {.chunked = true},
     "POST / HTTP/1.1\r\n" H "A: b\r\ntransfer-encoding: chunked\r\n\r\n"},
    {"GET http://h/a HTTP/1.1\r\n" H "\r\n",
     {.absolute_form = true},
     "GET http://h/a HTTP/1.1\r\n" H "\r\n"},
    {"GET http://h/a HTTP/1.1\r\n" H "\r\n", {0}, "GET /a HTTP/1.1\r\n" H "\r\n"},
    {"GET http://h/a HTTP/1.0\r\n\r\n", {0}, "GET /a HTTP/1.1\r\nhost: h\r\n\r\n"},
    {"OPTIONS http://h HTTP/1.1\r\n" H "\r\n", {0}, "OPTIONS * HTTP/1.1\r\n" H "\r\n"},
    {"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n",
     {.absolute_form = true},
     "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"},
    {"CONNECT h:1 HTTP/1.0\r\n\r\n", {0}, "CONNECT h:1 HTTP/1.1\r\nhost: h:1\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: foo\r\n\r\n",
     {0},
     "GET / HTTP/1.1\r\n" H "Upgrade: foo\r\nconnection: upgrade\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" H "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: x\r\n\r\n",
     {0},
     "GET / HTTP/1.1\r\n" H "\r\n"},
    {"GET / HTTP/1.1\r\n" H "TE: gzip, trailers\r\n\r\n",
     {0},
     "GET / HTTP/1.1\r\n" H "te: trailers\r\nconnection: te\r\n\r\n"},
    {"GET / HTTP/1.1\r\n" H "Upgrade: foo\r\nConnection: upgrade\r\nTE: trailers\r\n\r\n",
     {.close = true},
     "GET / HTTP/1.1\r\n" H
     "Upgrade: foo\r\nte: trailers\r\nconnection: close, upgrade, te\r\n\r\n"},
    {"PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\nTrailer: x\r\nContent-Length: 1\r\n\r\n",
     {0},
     "PUT / HTTP/1.1\r\n" H "Expect: 100-continue\r\nTrailer: x\r\nContent-Length: 1\r\n\r\n"},
};

static void test_requests(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(REQUESTS) / sizeof(REQUESTS[0]); i++) {
        assert_int_equal(test_http_request(&test, REQUESTS[i].in), RESULT_OK);
        test_http_assert_written(&test, &REQUESTS[i].options, REQUESTS[i].out);
    }
    test_http_close(&test);
}

struct response_case {
    enum http_method method;
    const char *in;
    struct http1_write_options options;
    const char *out;
};

static const struct response_case RESPONSES[] = {
    {HTTP_METHOD_GET,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n",
     {0},
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.0 200\r\nContent-Length: 5\r\n\r\n",
     {.keep_alive = true},
     "HTTP/1.1 200 \r\nContent-Length: 5\r\nconnection: keep-alive\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.1 200 OK\r\n\r\n",
     {.close = true},
     "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.1 200 OK\r\n\r\n",
     {.chunked = true},
     "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"},
    {HTTP_METHOD_HEAD,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     {0},
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
    {HTTP_METHOD_HEAD,
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
     {0},
     "HTTP/1.1 200 OK\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n",
     {0},
     "HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n"},
    {HTTP_METHOD_GET, "HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n", {0}, "HTTP/1.1 204 N\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.1 100 C\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     {0},
     "HTTP/1.1 100 C\r\n\r\n"},
    {HTTP_METHOD_CONNECT,
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n",
     {0},
     "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
     {0},
     "HTTP/1.1 101 S\r\nUpgrade: x\r\nconnection: upgrade\r\n\r\n"},
    {HTTP_METHOD_GET,
     "HTTP/1.1 200 O\r\nContent-Length: 0\r\nConnection: upgrade, y\r\nUpgrade: h2c\r\nY: "
     "z\r\n\r\n",
     {0},
     "HTTP/1.1 200 O\r\nContent-Length: 0\r\n\r\n"},
};

static void test_responses(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    for (unsigned i = 0; i < sizeof(RESPONSES) / sizeof(RESPONSES[0]); i++) {
        assert_int_equal(test_http_response(&test, RESPONSES[i].method, RESPONSES[i].in),
                         RESULT_OK);
        test_http_assert_written(&test, &RESPONSES[i].options, RESPONSES[i].out);
    }
    test_http_close(&test);
}

/* What rules may do to fields must not become framing. */
static void test_fields_of_rules_are_not_framing(void **state)
{
    (void)state;
    struct test_http test;
    struct http1_write_options options = {0};
    struct http_fields *fields = &test.message.fields;
    test_http_open(&test);
    assert_int_equal(test_http_request(&test, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n"),
                     RESULT_OK);
    assert_int_equal(http_fields_remove_all(fields, SLICE("content-length")), 1);
    test_http_assert_written(&test, &options, "POST / HTTP/1.1\r\n" H "content-length: 5\r\n\r\n");
    static const char *const added[] = {"Content-Length", "Transfer-Encoding", "Connection",
                                        "Upgrade"};
    for (unsigned i = 0; i < sizeof(added) / sizeof(added[0]); i++) {
        assert_int_equal(http_fields_append_copy(fields, slice_from_string(added[i]), SLICE("7")),
                         RESULT_OK);
    }
    assert_int_equal(http_fields_append_copy(fields, SLICE("Content-Length"), SLICE("8")),
                     RESULT_OK);
    test_http_assert_written(&test, &options, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\n");
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\n" H "\r\n"), RESULT_OK);
    assert_int_equal(http_fields_append(fields, SLICE("content-length"), SLICE("5")), RESULT_OK);
    test_http_assert_written(&test, &options, "GET / HTTP/1.1\r\n" H "\r\n");
    /* Upgrade taken out by a rule */
    assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\n" H
                                              "Connection: upgrade\r\nUpgrade: x\r\n\r\n"),
                     RESULT_OK);
    assert_int_equal(http_fields_remove_all(fields, SLICE("upgrade")), 1);
    test_http_assert_written(&test, &options, "GET / HTTP/1.1\r\n" H "\r\n");
    test_http_close(&test);
}

static void test_message_made_here(void **state)
{
    (void)state;
    struct test_http test;
    struct http1_write_options options = {.close = true};
    test_http_open(&test);
    test.message.is_response = true;
    test.message.version = HTTP_VERSION_1_1;
    test.message.status = 503;
    test.message.reason = SLICE("Service Unavailable");
    test.message.body = HTTP_BODY_LENGTH;
    test.message.content_length = UINT64_C(12345678901234567890);
    test_http_assert_written(&test, &options,
                             "HTTP/1.1 503 Service Unavailable\r\n"
                             "content-length: 12345678901234567890\r\nconnection: close\r\n\r\n");
    /* as from HTTP/2: an authority and no Host */
    http_message_clear(&test.message);
    test.message.version = HTTP_VERSION_2;
    test.message.method = SLICE("GET");
    test.message.method_id = HTTP_METHOD_GET;
    test.message.scheme = SLICE("https");
    test.message.authority = SLICE("a:8443");
    test.message.path = SLICE("/x");
    options.close = false;
    test_http_assert_written(&test, &options, "GET /x HTTP/1.1\r\nhost: a:8443\r\n\r\n");
    test_http_close(&test);
}

/* Heads of every size around the chunks', behind bytes that are there already. */
static void test_large_heads(void **state)
{
    (void)state;
    struct test_http test;
    struct http1_write_options options = {0};
    test_http_open(&test);
    static char value[70000];
    memset(value, 'v', sizeof(value));
    const size_t sizes[] = {1,
                            test.source.bytes[CHUNK_SMALL] - 40,
                            test.source.bytes[CHUNK_SMALL],
                            test.source.bytes[CHUNK_NORMAL] - 40,
                            test.source.bytes[CHUNK_NORMAL],
                            sizeof(value)};
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t extra = 0; extra < 40 && sizes[i] + extra <= sizeof(value); extra++) {
            size_t bytes = sizes[i] + extra;
            struct chunk_queue queue = {0};
            assert_int_equal(
                chunk_queue_append_copy(&queue, &test.source, &test.account, SLICE("before")),
                RESULT_OK);
            assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\n" H "\r\n"), RESULT_OK);
            assert_int_equal(
                http_fields_append(&test.message.fields, SLICE("x"), slice_of(value, bytes)),
                RESULT_OK);
            assert_int_equal(
                http1_write_head(&test.message, &options, &queue, &test.source, &test.account),
                RESULT_OK);
            char *text = test_http_text(&queue);
            static const char start[] = "beforeGET / HTTP/1.1\r\n" H "x: v";
            assert_int_equal(strlen(text), sizeof(start) - 2 + bytes + 4);
            assert_memory_equal(text, start, sizeof(start) - 1);
            assert_string_equal(text + strlen(text) - 5, "v\r\n\r\n");
            free(text);
            chunk_queue_clear(&queue);
        }
    }
    test_http_close(&test);
}

static void test_refused_memory_writes_nothing(void **state)
{
    (void)state;
    static char value[40000];
    memset(value, 'v', sizeof(value));
    for (unsigned large = 0; large < 2; large++) {
        struct test_http test;
        struct http1_write_options options = {0};
        struct chunk_queue queue = {0};
        test_http_open(&test);
        assert_int_equal(test_http_request(&test, "GET / HTTP/1.1\r\n" H "\r\n"), RESULT_OK);
        if (large == 1) {
            assert_int_equal(http_fields_append(&test.message.fields, SLICE("x"),
                                                slice_of(value, sizeof(value))),
                             RESULT_OK);
        }
        size_t before = test.account.used;
        enum result result = RESULT_NO_MEMORY;
        unsigned refusals = 0;
        for (size_t more = 0; result != RESULT_OK; more += 512) {
            test.account.cap = before + more;
            result = http1_write_head(&test.message, &options, &queue, &test.source, &test.account);
            if (result == RESULT_OK) {
                break;
            }
            assert_int_equal(result, RESULT_NO_MEMORY);
            assert_int_equal(queue.bytes, 0);
            assert_int_equal(test.account.used, before);
            refusals++;
        }
        assert_true(refusals > 0);
        assert_true(queue.bytes > 0);
        chunk_queue_clear(&queue);
        test_http_close(&test);
    }
}

struct size_case {
    size_t bytes;
    const char *line;
};

static void test_chunk_lines(void **state)
{
    (void)state;
    static const struct size_case sizes[] = {
        {1, "1\r\n"},
        {10, "a\r\n"},
        {16384, "4000\r\n"},
        {0xdeadbeef, "deadbeef\r\n"},
        {SIZE_MAX, "ffffffffffffffff\r\n"},
    };
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char line[HTTP1_CHUNK_HEADER_MAX];
        size_t length = http1_write_chunk_header(line, sizes[i].bytes);
        test_http_assert_slice(slice_of(line, length), sizes[i].line);
    }
}

static void test_last_chunk(void **state)
{
    (void)state;
    struct test_http test;
    struct chunk_queue queue = {0};
    test_http_open(&test);
    struct http_fields *fields = &test.message.fields;
    assert_int_equal(http1_write_last_chunk(NULL, &queue, &test.source, &test.account), RESULT_OK);
    assert_int_equal(http1_write_last_chunk(fields, &queue, &test.source, &test.account),
                     RESULT_OK);
    assert_int_equal(http_fields_append(fields, SLICE("A"), SLICE("b")), RESULT_OK);
    assert_int_equal(http1_write_last_chunk(fields, &queue, &test.source, &test.account),
                     RESULT_OK);
    char *text = test_http_text(&queue);
    assert_string_equal(text, "0\r\n\r\n0\r\n\r\n0\r\nA: b\r\n\r\n");
    free(text);
    chunk_queue_clear(&queue);
    test_http_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_responses),
        cmocka_unit_test(test_fields_of_rules_are_not_framing),
        cmocka_unit_test(test_message_made_here),
        cmocka_unit_test(test_large_heads),
        cmocka_unit_test(test_refused_memory_writes_nothing),
        cmocka_unit_test(test_chunk_lines),
        cmocka_unit_test(test_last_chunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
