/* SPDX-License-Identifier: Apache-2.0 */
/* Health checks of a backend: the request, what is expected, and what is said of bad lines. */
#include "support/config.h"

static void requests_are_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "backend a\nmode http\noption httpchk\n"
        "backend b\nmode http\noption httpchk /up\n"
        "backend c\nmode http\noption httpchk HEAD /x HTTP/1.1 example.org\n"
        "http-check expect ! rstatus ^5\n"
        "backend d\nmode http\noption httpchk\nhttp-check send meth PUT uri /d ver "
        "HTTP/1.1 hdr Host d.example hdr X-A 1 hdr X-B 2 body data comment c\n"
        "http-check expect status 200-299\nbackend e\noption tcp-check\n"
        "tcp-check connect\n");
    const struct proxy_settings *a = test_config_proxy(test, "a");
    assert_int_equal(a->check_kind, CHECK_HTTP);
    assert_int_equal(a->http_check.expect, EXPECT_DEFAULT);
    const struct http_check_settings *b = &test_config_proxy(test, "b")->http_check;
    assert_string_equal(b->uri, "/up");
    const struct http_check_settings *c = &test_config_proxy(test, "c")->http_check;
    assert_string_equal(c->method, "HEAD");
    assert_string_equal(c->uri, "/x");
    assert_string_equal(c->version, "HTTP/1.1");
    assert_string_equal(c->host, "example.org");
    assert_int_equal(c->expect, EXPECT_RSTATUS);
    assert_string_equal(c->expect_value, "^5");
    assert_true(c->expect_negated);
    const struct http_check_settings *d = &test_config_proxy(test, "d")->http_check;
    assert_string_equal(d->method, "PUT");
    assert_string_equal(d->uri, "/d");
    assert_string_equal(d->host, "d.example");
    assert_string_equal(d->headers, "X-A: 1\r\nX-B: 2\r\n");
    assert_string_equal(d->body, "data");
    assert_int_equal(d->expect, EXPECT_STATUS);
    assert_false(d->expect_negated);
    assert_int_equal(test_config_proxy(test, "e")->check_kind, CHECK_TCP);
    test_config_close(test);
}

static void hidden_fields_are_found(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "backend b\nmode http\n"
        "option httpchk GET / HTTP/1.1\\r\\nHost:\\ h.example\\r\\nX-A:\\ 1\n");
    const struct http_check_settings *check = &test_config_proxy(test, "b")->http_check;
    assert_string_equal(check->version, "HTTP/1.1");
    assert_string_equal(check->host, "h.example");
    assert_string_equal(check->headers, "X-A: 1\r\n");
    assert_true(test->warnings > 0);
    assert_non_null(strstr(test->bytes, "is deprecated"));
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"http-check connect port 80", "'http-check connect' : 'port' is not supported by weir"},
        {"http-check send", "'http-check send' expects an argument"},
        {"http-check send nope x", "expects 'comment', 'meth', 'uri', 'uri-lf'"},
        {"http-check send uri-lf x", "'uri-lf' is not supported by weir yet"},
        {"http-check send meth", "'http-check send' : 'meth' expects an argument."},
        {"http-check send hdr A", "'hdr' expects <name> and <value> as arguments."},
        {"http-check expect", "expects at least a matching pattern as arguments"},
        {"http-check expect !", "expects at least a matching pattern as arguments"},
        {"http-check expect status", "'status' expects a <pattern> as argument."},
        {"http-check expect status 2xx", "invalid character 'x' in the list of status codes."},
        {"http-check expect rstring (", "'http-check expect' : "},
        {"http-check expect hdr name x", "'hdr' is not supported by weir yet"},
        {"http-check expect nope x", "but got 'nope' as argument."},
        {"http-check expect status 200\nhttp-check expect status 201",
         "'http-check expect' : more than one is not supported by weir yet"},
        {"option httpchk GET / HTTP/1.1\\r\\nnocolon", "unsupported header 'nocolon'."},
    };
    (void)state;
    assert_lines_fail("backend b\nmode http\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read),
        cmocka_unit_test(hidden_fields_are_found),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
