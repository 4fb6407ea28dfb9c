/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fetches of the request line, the status and header fields.
 */
#include "rules/fetch.h"

#include "support/fetch.h"

static struct rules_test test;

FETCH_TEST_REGISTRY(registry, fetches_http);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "POST", "/a/b?x=1&y=two&x=3");
    rules_test_field(&test.request, "Host", "example.org");
    rules_test_field(&test.request, "X-N", "5, 6");
    rules_test_field(&test.request, "X-N", "7");
    test.parser.registry = &registry;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static void test_request_line(void **state)
{
    (void)state;
    assert_fetch(&test, "method", "POST");
    assert_fetch(&test, "path", "/a/b");
    assert_fetch(&test, "pathq", "/a/b?x=1&y=two&x=3");
    assert_fetch(&test, "url", "/a/b?x=1&y=two&x=3");
    assert_fetch(&test, "query", "x=1&y=two&x=3");
    assert_fetch(&test, "query(with_qm)", "?x=1&y=two&x=3");
    assert_fetch(&test, "req.ver", "1.1");
    test.request.version = HTTP_VERSION_1_0;
    assert_fetch(&test, "req_ver", "1.0");
    rules_test_request(&test, "GET", "/a?");
    assert_fetch(&test, "query", "");
    assert_fetch(&test, "query(with_qm)", "");
    rules_test_request(&test, "GET", "/a");
    assert_fetch(&test, "query", "(none)");
    assert_refused(&test, "query(x)",
                   "invalid args in fetch method 'query' : supports 'with_qm' only, got 'x'");
}

static void test_parameters(void **state)
{
    (void)state;
    assert_fetch(&test, "url_param(x)", "1");
    assert_fetch(&test, "urlp(y)", "two");
    assert_fetch(&test, "urlp", "1");
    assert_fetch(&test, "urlp_val(x)", "1");
    assert_fetch(&test, "urlp_val(y)", "0");
    assert_fetch(&test, "urlp(z)", "(none)");
    rules_test_request(&test, "GET", "/a;s=9?x=1");
    assert_fetch(&test, "urlp(s,;)", "9?x=1");
}

static void test_status(void **state)
{
    (void)state;
    test.parser.capabilities = SAMPLE_IN_HTTP_RESPONSE;
    assert_fetch(&test, "status", "(none)");
    rules_test_response(&test, 404);
    rules_test_field(&test.response, "Via", "one, two");
    assert_fetch(&test, "status", "404");
    assert_fetch(&test, "res.ver", "1.1");
    assert_fetch(&test, "resp_ver", "1.1");
    assert_fetch(&test, "res.hdr(via)", "two");
    assert_fetch(&test, "shdr(via,1)", "one");
    assert_fetch(&test, "res.fhdr(via)", "one, two");
    assert_fetch(&test, "res.hdr_cnt(via)", "2");
    assert_fetch(&test, "res.fhdr_cnt(via)", "1");
    assert_fetch(&test, "res.hdr_val(via)", "0");
}

static void test_fields(void **state)
{
    (void)state;
    assert_fetch(&test, "hdr(HOST)", "example.org");
    assert_fetch(&test, "req.hdr(x-n)", "7");
    assert_fetch(&test, "hdr(x-n,1)", "5");
    assert_fetch(&test, "hdr(x-n,-2)", "6");
    assert_fetch(&test, "hdr(x-n,4)", "(none)");
    assert_fetch(&test, "hdr(x-n,-4)", "(none)");
    assert_fetch(&test, "req.fhdr(x-n,1)", "5, 6");
    assert_fetch(&test, "hdr_cnt(x-n)", "3");
    assert_fetch(&test, "req.fhdr_cnt(x-n)", "2");
    assert_fetch(&test, "req.hdr_cnt", "4"); /* each value of each field */
    assert_fetch(&test, "req.fhdr_cnt", "3");
    assert_fetch(&test, "hdr_val(x-n)", "7");
    assert_fetch(&test, "hdr_val(host)", "0");
    assert_fetch(&test, "hdr(nope)", "(none)");
    test.context.request = NULL;
    assert_fetch(&test, "hdr(host)", "(none)");
    test.context.is_final = false;
    assert_fetch(&test, "hdr(host)", "(wait)");
    assert_fetch(&test, "hdr_cnt", "(wait)");
    assert_fetch(&test, "method", "(wait)");
    assert_fetch(&test, "path", "(wait)");
    assert_fetch(&test, "urlp(x)", "(wait)");
}

static void test_addresses(void **state)
{
    static const char *const GOOD[][2] = {{"192.0.2.1", "192.0.2.1"},
                                          {"192.0.2.1:80", "192.0.2.1"},
                                          {"2001:db8::1", "2001:db8::1"},
                                          {"[2001:db8::1]", "2001:db8::1"},
                                          {"[2001:db8::1]:443", "2001:db8::1"}};
    static const char *const BAD[] = {"unknown",      "192.0.2.1:x",    "192.0.2.1:70000",
                                      "[2001:db8::1", "[2001:db8::1]x", "192.0.2"};
    (void)state;
    for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
        rules_test_request(&test, "GET", "/");
        rules_test_field(&test.request, "X-Ip", GOOD[i][0]);
        assert_fetch(&test, "req.hdr_ip(x-ip)", GOOD[i][1]);
    }
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        rules_test_request(&test, "GET", "/");
        rules_test_field(&test.request, "X-Ip", BAD[i]);
        assert_fetch(&test, "hdr_ip(x-ip)", "(none)");
    }
}

/* What an ACL sees: each value from the first on. */
static void test_one_after_the_other(void **state)
{
    static const char *const VALUES[] = {"5", "6", "7"};
    (void)state;
    struct sample_expression *expression = fetch_test_parse(&test, "hdr(x-n)");
    struct sample_cursor cursor = {0};
    struct sample sample;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &sample), RESULT_OK);
        assert_slice(sample.text, VALUES[i]);
        assert_int_equal(sample.flags & SAMPLE_NOT_LAST, i < 2 ? SAMPLE_NOT_LAST : 0);
    }
    assert_int_equal(sample_evaluate(expression, &test.context, &cursor, &sample),
                     RESULT_NOT_FOUND);
    sample_expression_destroy(&test.account, expression);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_request_line), CASE(test_parameters), CASE(test_status),
        CASE(test_fields),       CASE(test_addresses),  CASE(test_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
