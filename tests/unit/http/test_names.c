/* SPDX-License-Identifier: Apache-2.0 */
/* Names: each id by its spelling in any case, near misses, methods, reasons. */
#include "support/http.h"

struct name_case {
    const char *name;
    enum http_name id;
};

static const struct name_case NAMES[] = {
    {"Connection", HTTP_NAME_CONNECTION},
    {"Content-Length", HTTP_NAME_CONTENT_LENGTH},
    {"Transfer-Encoding", HTTP_NAME_TRANSFER_ENCODING},
    {"Host", HTTP_NAME_HOST},
    {"Cookie", HTTP_NAME_COOKIE},
    {"Set-Cookie", HTTP_NAME_SET_COOKIE},
    {"Upgrade", HTTP_NAME_UPGRADE},
    {"Expect", HTTP_NAME_EXPECT},
    {"TE", HTTP_NAME_TE},
    {"Trailer", HTTP_NAME_TRAILER},
    {"Keep-Alive", HTTP_NAME_KEEP_ALIVE},
    {"Proxy-Connection", HTTP_NAME_PROXY_CONNECTION},
    {"Authorization", HTTP_NAME_AUTHORIZATION},
    {"Cache-Control", HTTP_NAME_CACHE_CONTROL},
    {"Date", HTTP_NAME_DATE},
};

static void test_each_name_in_any_case(void **state)
{
    (void)state;
    assert_int_equal(sizeof(NAMES) / sizeof(NAMES[0]), HTTP_NAMES - 1);
    for (unsigned i = 0; i < sizeof(NAMES) / sizeof(NAMES[0]); i++) {
        char upper[32];
        char lower[32];
        size_t length = strlen(NAMES[i].name);
        for (size_t at = 0; at < length; at++) {
            lower[at] = ascii_lower(NAMES[i].name[at]);
            upper[at] = lower[at] >= 'a' && lower[at] <= 'z' ? (char)(lower[at] - 32) : lower[at];
        }
        assert_int_equal(http_name_find(slice_from_string(NAMES[i].name)), NAMES[i].id);
        assert_int_equal(http_name_find(slice_of(lower, length)), NAMES[i].id);
        assert_int_equal(http_name_find(slice_of(upper, length)), NAMES[i].id);
        assert_int_equal(http_name_find(slice_of(lower, length - 1)), HTTP_NAME_OTHER);
        lower[0] = 'x';
        assert_int_equal(http_name_find(slice_of(lower, length)), HTTP_NAME_OTHER);
    }
}

static void test_other_names(void **state)
{
    (void)state;
    static const char *const others[] = {"",
                                         "a",
                                         "ho",
                                         "hosts",
                                         "content_length",
                                         "transfer-encodin\x07",
                                         "xost",
                                         "dato",
                                         "x-host",
                                         "X",
                                         "content-length-and-something-very-long",
                                         "keep_alive"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(http_name_find(slice_from_string(others[i])), HTTP_NAME_OTHER);
    }
    assert_int_equal(http_name_find(SLICE_NONE), HTTP_NAME_OTHER);
}

static void test_methods(void **state)
{
    (void)state;
    for (int id = HTTP_METHOD_GET; id < HTTP_METHODS; id++) {
        struct slice name = http_method_name((enum http_method)id);
        assert_true(name.length > 0);
        assert_int_equal(http_method_find(name), id);
    }
    assert_int_equal(http_method_find(SLICE("get")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_find(SLICE("GETX")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_find(SLICE("")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_name(HTTP_METHOD_OTHER).length, 0);
    test_http_assert_slice(http_method_name(HTTP_METHOD_PATCH), "PATCH");
}

static void test_reasons(void **state)
{
    (void)state;
    test_http_assert_slice(http_status_reason(100), "Continue");
    test_http_assert_slice(http_status_reason(200), "OK");
    test_http_assert_slice(http_status_reason(304), "Not Modified");
    test_http_assert_slice(http_status_reason(422), "Unprocessable Content");
    test_http_assert_slice(http_status_reason(503), "Service Unavailable");
    test_http_assert_slice(http_status_reason(511), "Network authentication required");
    test_http_assert_slice(http_status_reason(199), "Informational");
    test_http_assert_slice(http_status_reason(299), "Success");
    test_http_assert_slice(http_status_reason(399), "Redirection");
    test_http_assert_slice(http_status_reason(498), "Client Error");
    test_http_assert_slice(http_status_reason(599), "Server Error");
    test_http_assert_slice(http_status_reason(0), "Other");
    test_http_assert_slice(http_status_reason(999), "Other");
    for (uint16_t status = 0; status < 1000; status++) {
        assert_true(http_status_reason(status).length > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_name_in_any_case),
        cmocka_unit_test(test_other_names),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
