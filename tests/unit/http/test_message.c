/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: their memory, reading parts, changes of the first line and what they must not do. */
#include "support/http.h"

static void parse(struct test_http *test, const char *head)
{
    assert_int_equal(test_http_request(test, head), RESULT_OK);
}

static void test_init_and_clear_take_no_memory(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    assert_int_equal(test.account.used, 0);
    http_message_clear(&test.message);
    assert_int_equal(test.message.fields_max, TEST_FIELDS_MAX);
    assert_int_equal(test.message.fields.fields_max, TEST_FIELDS_MAX + HTTP_FIELDS_ADDED_MAX);
    assert_ptr_equal(test.message.fields.arena, &test.message.arena);
    http_message_init(&test.message, &test.source, &test.account, 0, UINT16_MAX);
    assert_int_equal(test.message.fields.fields_max, UINT16_MAX);
    test_http_close(&test);
}

static void test_holds_its_head(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    struct chunk *chunk = chunk_take(&test.source, CHUNK_SMALL, &test.account);
    struct slice head = SLICE("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    memcpy(chunk->data, head.data, head.length);
    assert_int_equal(http1_parse_request(slice_of(chunk->data, head.length), chunk, &test.options,
                                         &test.message, &test.error),
                     RESULT_OK);
    chunk_drop(chunk);
    assert_ptr_equal(test.message.head, chunk);
    test_http_assert_slice(test.message.path, "/x");
    assert_true(test.account.used > 0);
    http_message_clear(&test.message);
    assert_null(test.message.head);
    assert_int_equal(test.account.used, 0);
    assert_int_equal(test.message.fields.count, 0);
    test_http_close(&test);
}

static void test_parts_of_the_path(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    parse(&test, "GET /a/b?c=d?e HTTP/1.1\r\nHost: h\r\n\r\n");
    test_http_assert_slice(http_message_path_only(&test.message), "/a/b");
    test_http_assert_slice(http_message_query(&test.message), "c=d?e");
    parse(&test, "GET /a? HTTP/1.1\r\nHost: h\r\n\r\n");
    test_http_assert_slice(http_message_path_only(&test.message), "/a");
    test_http_assert_slice(http_message_query(&test.message), "");
    parse(&test, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    test_http_assert_slice(http_message_path_only(&test.message), "/a");
    test_http_assert_slice(http_message_query(&test.message), NULL);
    test_http_close(&test);
}

static void test_host_is_the_authority_else_the_field(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    parse(&test, "GET /a HTTP/1.1\r\nHost: field:8080\r\n\r\n");
    test_http_assert_slice(http_message_host(&test.message), "field:8080");
    parse(&test, "GET http://target:8080/a HTTP/1.1\r\nHost: Target:8080\r\n\r\n");
    test_http_assert_slice(http_message_host(&test.message), "target:8080");
    parse(&test, "GET / HTTP/1.0\r\n\r\n");
    test_http_assert_slice(http_message_host(&test.message), NULL);
    test_http_close(&test);
}

static void test_set_method(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    parse(&test, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    char name[] = "POST";
    assert_int_equal(http_message_set_method(&test.message, slice_from_string(name)), RESULT_OK);
    name[0] = 'x';
    test_http_assert_slice(test.message.method, "POST");
    assert_int_equal(test.message.method_id, HTTP_METHOD_POST);
    assert_int_equal(http_message_set_method(&test.message, SLICE("PURGE")), RESULT_OK);
    assert_int_equal(test.message.method_id, HTTP_METHOD_OTHER);
    static const char *const bad[] = {"", "A B", "A\r\n", "HEAD", "CONNECT"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(http_message_set_method(&test.message, slice_from_string(bad[i])),
                         RESULT_INVALID);
    }
    test_http_assert_slice(test.message.method, "PURGE");
    parse(&test, "HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(http_message_set_method(&test.message, SLICE("GET")), RESULT_INVALID);
    assert_int_equal(http_message_set_method(&test.message, SLICE("HEAD")), RESULT_OK);
    parse(&test, "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    assert_int_equal(http_message_set_method(&test.message, SLICE("GET")), RESULT_INVALID);
    test_http_close(&test);
}

static void test_set_path(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    parse(&test, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(http_message_set_path(&test.message, SLICE("/b?c")), RESULT_OK);
    test_http_assert_slice(test.message.path, "/b?c");
    test_http_assert_slice(test.message.target, "/b?c");
    static const char *const bad[] = {"", "b", "/b c", "/b\tc", "/b\r\nX: y", "/\x7f", "**"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(http_message_set_path(&test.message, slice_from_string(bad[i])),
                         RESULT_INVALID);
    }
    test_http_assert_slice(test.message.path, "/b?c");
    assert_int_equal(http_message_set_path(&test.message, SLICE("/\xc3\xa9")), RESULT_OK);
    assert_int_equal(http_message_set_path(&test.message, SLICE("*")), RESULT_OK);
    assert_int_equal(test.message.target_form, HTTP_TARGET_ASTERISK);
    parse(&test, "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(http_message_set_path(&test.message, SLICE("/new")), RESULT_OK);
    test_http_assert_slice(test.message.path, "/new");
    test_http_assert_slice(test.message.target, "http://h/new");
    assert_int_equal(test.message.target_form, HTTP_TARGET_ABSOLUTE);
    parse(&test, "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n");
    assert_int_equal(http_message_set_path(&test.message, SLICE("/a")), RESULT_INVALID);
    test_http_close(&test);
}

static void test_set_uri(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    parse(&test, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_int_equal(http_message_set_uri(&test.message, SLICE("https://new:8443/x?y")), RESULT_OK);
    test_http_assert_slice(test.message.target, "https://new:8443/x?y");
    test_http_assert_slice(test.message.scheme, "https");
    test_http_assert_slice(test.message.authority, "new:8443");
    test_http_assert_slice(test.message.path, "/x?y");
    test_http_assert_slice(http_fields_value(&test.message.fields, HTTP_NAME_HOST), "new:8443");
    assert_int_equal(test.message.fields.count, 1);
    assert_int_equal(http_message_set_uri(&test.message, SLICE("http://q?z")), RESULT_OK);
    test_http_assert_slice(test.message.path, "/?z");
    assert_int_equal(http_message_set_uri(&test.message, SLICE("http://q")), RESULT_OK);
    test_http_assert_slice(test.message.path, "/");
    assert_int_equal(http_message_set_uri(&test.message, SLICE("/plain")), RESULT_OK);
    assert_int_equal(test.message.target_form, HTTP_TARGET_ORIGIN);
    assert_int_equal(test.message.authority.length, 0);
    test_http_assert_slice(test.message.path, "/plain");
    static const char *const bad[] = {"",           "x",          "h:80",      "http:///x",
                                      "http://u@h", "http://h x", "1http://h", "http://h/\r\n"};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(http_message_set_uri(&test.message, slice_from_string(bad[i])),
                         RESULT_INVALID);
        test_http_assert_slice(test.message.target, "/plain");
    }
    parse(&test, "GET / HTTP/1.0\r\n\r\n");
    assert_int_equal(http_message_set_uri(&test.message, SLICE("http://h/")), RESULT_OK);
    test_http_assert_slice(http_fields_value(&test.message.fields, HTTP_NAME_HOST), "h");
    test_http_close(&test);
}

static void test_set_status(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    struct http_message *message = &test.message;
    assert_int_equal(
        test_http_response(&test, HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        RESULT_OK);
    assert_int_equal(http_message_set_status(message, 404, SLICE("Gone Fishing")), RESULT_OK);
    assert_int_equal(message->status, 404);
    test_http_assert_slice(message->reason, "Gone Fishing");
    assert_int_equal(message->body, HTTP_BODY_LENGTH);
    assert_int_equal(http_message_set_status(message, 204, SLICE("")), RESULT_INVALID);
    assert_int_equal(http_message_set_status(message, 304, SLICE("")), RESULT_INVALID);
    assert_int_equal(http_message_set_status(message, 101, SLICE("")), RESULT_INVALID);
    assert_int_equal(http_message_set_status(message, 1000, SLICE("")), RESULT_INVALID);
    assert_int_equal(http_message_set_status(message, 200, SLICE("a\r\nb")), RESULT_INVALID);
    assert_int_equal(message->status, 404);
    test_http_close(&test);
}

static void test_set_status_keeps_the_framing_true(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    struct http_message *message = &test.message;
    struct http1_write_options options = {0};
    assert_int_equal(test_http_response(&test, HTTP_METHOD_GET,
                                        "HTTP/1.1 304 N\r\nContent-Length: 5\r\nA: b\r\n\r\n"),
                     RESULT_OK);
    assert_int_equal(http_message_set_status(message, 200, SLICE("OK")), RESULT_OK);
    test_http_assert_written(&test, &options,
                             "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b\r\n\r\n");
    assert_int_equal(http_message_set_status(message, 204, SLICE("No")), RESULT_OK);
    test_http_assert_written(&test, &options, "HTTP/1.1 204 No\r\nA: b\r\n\r\n");
    assert_int_equal(test_http_response(&test, HTTP_METHOD_GET, "HTTP/1.1 200 OK\r\n\r\n"),
                     RESULT_OK);
    assert_int_equal(message->body, HTTP_BODY_CLOSE);
    assert_int_equal(http_message_set_status(message, 204, SLICE("")), RESULT_INVALID);
    assert_int_equal(
        test_http_response(&test, HTTP_METHOD_GET,
                           "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
        RESULT_OK);
    assert_int_equal(http_message_set_status(message, 200, SLICE("")), RESULT_INVALID);
    test_http_close(&test);
}

static void test_refused_memory_changes_nothing(void **state)
{
    (void)state;
    struct test_http test;
    test_http_open(&test);
    parse(&test, "GET /old HTTP/1.1\r\nHost: h\r\n\r\n");
    http_message_clear(&test.message);
    struct http_message *message = &test.message;
    message->method = SLICE("GET");
    message->method_id = HTTP_METHOD_GET;
    message->target = message->path = SLICE("/old");
    message->status = 200;
    test.account.cap = 1;
    assert_int_equal(account_charge(&test.account, 1), RESULT_OK);
    assert_int_equal(http_message_set_method(message, SLICE("POST")), RESULT_NO_MEMORY);
    assert_int_equal(http_message_set_path(message, SLICE("/new")), RESULT_NO_MEMORY);
    assert_int_equal(http_message_set_uri(message, SLICE("http://h/")), RESULT_NO_MEMORY);
    assert_int_equal(http_message_set_status(message, 404, SLICE("N")), RESULT_NO_MEMORY);
    test_http_assert_slice(message->method, "GET");
    test_http_assert_slice(message->path, "/old");
    test_http_assert_slice(message->target, "/old");
    assert_int_equal(message->status, 200);
    account_discharge(&test.account, 1);
    test_http_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_and_clear_take_no_memory),
        cmocka_unit_test(test_holds_its_head),
        cmocka_unit_test(test_parts_of_the_path),
        cmocka_unit_test(test_host_is_the_authority_else_the_field),
        cmocka_unit_test(test_set_method),
        cmocka_unit_test(test_set_path),
        cmocka_unit_test(test_set_uri),
        cmocka_unit_test(test_set_status),
        cmocka_unit_test(test_set_status_keeps_the_framing_true),
        cmocka_unit_test(test_refused_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
