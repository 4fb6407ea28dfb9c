/* SPDX-License-Identifier: Apache-2.0 */
/* URIs and authorities by tables; decoding; parameters. */
#include "http/uri.h"

#include "support/http.h"

struct uri_case {
    const char *text;
    const char *scheme; /* NULL in all three: invalid */
    const char *authority;
    const char *path;
};

static const struct uri_case URIS[] = {
    {"/", "", "", "/"},
    {"/a?b", "", "", "/a?b"},
    {"//a/b", "", "", "//a/b"},
    {"*", "", "", "*"},
    {"**", "", "**", ""},
    {"http://a", "http", "a", ""},
    {"http://a/b?c", "http", "a", "/b?c"},
    {"HTTP://A:80/", "HTTP", "A:80", "/"},
    {"http://a?b", "http", "a", "?b"},
    {"http://a#b", "http", "a", "#b"},
    {"http:///b", "http", "", "/b"},
    {"http://", "http", "", ""},
    {"h2+x-1.0://a/", "h2+x-1.0", "a", "/"},
    {"http://u:p@a:1/", "http", "u:p@a:1", "/"},
    {"http://[::1]:80/x", "http", "[::1]:80", "/x"},
    {"a:443", "", "a:443", ""},
    {"a", "", "a", ""},
    {"urn:a", "", "urn:a", ""},
    {"http:/a", "", "http:/a", ""},
    {"", NULL, NULL, NULL},
    {"://a", NULL, NULL, NULL},
    {"1http://a", NULL, NULL, NULL},
    {"ht tp://a", NULL, NULL, NULL},
    {"ht_tp://a", NULL, NULL, NULL},
};

static void test_uris(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(URIS) / sizeof(URIS[0]); i++) {
        struct http_uri uri;
        enum result result = http_uri_parse(slice_from_string(URIS[i].text), &uri);
        if (URIS[i].scheme == NULL) {
            assert_int_equal(result, RESULT_INVALID);
            continue;
        }
        assert_int_equal(result, RESULT_OK);
        test_http_assert_slice(uri.scheme, URIS[i].scheme);
        test_http_assert_slice(uri.authority, URIS[i].authority);
        test_http_assert_slice(uri.path, URIS[i].path);
    }
}

struct authority_case {
    const char *text;
    const char *user; /* NULL: none */
    const char *host;
    const char *port; /* NULL: none */
};

static const struct authority_case AUTHORITIES[] = {
    {"a", NULL, "a", NULL},
    {"", NULL, "", NULL},
    {"a.b-c_d~e", NULL, "a.b-c_d~e", NULL},
    {"a:80", NULL, "a", "80"},
    {"a:", NULL, "a", ""},
    {":80", NULL, "", "80"},
    {"a:65535", NULL, "a", "65535"},
    {"a:00080", NULL, "a", "00080"},
    {"[::1]", NULL, "[::1]", NULL},
    {"[::1]:443", NULL, "[::1]", "443"},
    {"[fe80::1%25eth0]", NULL, "[fe80::1%25eth0]", NULL},
    {"[v1.x:y]", NULL, "[v1.x:y]", NULL},
    {"u@a", "u", "a", NULL},
    {"u:p@a:1", "u:p", "a", "1"},
    {"@a", "", "a", NULL},
    {"1.2.3.4:5", NULL, "1.2.3.4", "5"},
    {"a%41", NULL, "a%41", NULL},
    {"!$&'()*+,;=", NULL, "!$&'()*+,;=", NULL},
};

static void test_authorities(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(AUTHORITIES) / sizeof(AUTHORITIES[0]); i++) {
        const struct authority_case *c = &AUTHORITIES[i];
        struct http_authority authority;
        assert_int_equal(http_authority_parse(slice_from_string(c->text), &authority), RESULT_OK);
        test_http_assert_slice(authority.user, c->user);
        test_http_assert_slice(authority.host, c->host);
        test_http_assert_slice(authority.port, c->port);
    }
    static const char *const bad[] = {
        "a b",       "a/b",    "a?b",
        "a#b",       "a:b",    "a:80:80",
        "a:65536",   "a:-1",   "[::1",
        "[]",        "[::1]a", "[::1]]",
        "a]",        "::1",    "u@v@a",
        "a%4",       "a%zz",   "a\x7f",
        "a\xc3\xa9", "a,b c",  "a\"b",
        "a\\b",      "a<b",    "a^b",
        "u@[::1",    "a:8 0",  "[::1]:x",
        "u/v@a",     "%",      "a|b",
        "a{b",       "[a b]",  "a:18446744073709551617",
    };
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct http_authority authority;
        assert_int_equal(http_authority_parse(slice_from_string(bad[i]), &authority),
                         RESULT_INVALID);
    }
}

struct equal_case {
    const char *scheme;
    const char *a;
    const char *b;
    bool is_equal;
};

static const struct equal_case EQUALS[] = {
    {"http", "a", "a", true},
    {"http", "a", "A", true},
    {"http", "a", "b", false},
    {"http", "a:80", "a", true},
    {"http", "a", "A:80", true},
    {"http", "a:443", "a", false},
    {"https", "a:443", "a", true},
    {"https", "a:80", "a", false},
    {"HTTPS", "a:443", "a", true},
    {"http", "a:080", "a:80", true},
    {"http", "a:", "a", true},
    {"http", "a:81", "a:81", true},
    {"http", "a:81", "a:82", false},
    {"", "a:80", "a", true},
    {"", "a:443", "a", true},
    {"", "a:444", "a", false},
    {"", "a:444", "a:444", true},
    {"ftp", "a:21", "a", false},
    {"ftp", "a", "a", true},
    {"ftp", "a:0", "a", false},
    {"http", "[::1]", "[::1]:80", true},
    {"http", "a b", "a b", false},
    {"http", "", "", true},
    {"http", "a", "", false},
};

static void test_equal_authorities(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(EQUALS) / sizeof(EQUALS[0]); i++) {
        const struct equal_case *c = &EQUALS[i];
        struct slice scheme = slice_from_string(c->scheme);
        struct slice a = slice_from_string(c->a);
        struct slice b = slice_from_string(c->b);
        assert_int_equal(http_authority_equal(scheme, a, b), c->is_equal);
        assert_int_equal(http_authority_equal(scheme, b, a), c->is_equal);
    }
    assert_int_equal(http_scheme_port(SLICE("http")), 80);
    assert_int_equal(http_scheme_port(SLICE("HttpS")), 443);
    assert_int_equal(http_scheme_port(SLICE("ftp")), 0);
    assert_int_equal(http_scheme_port(SLICE("")), 0);
}

struct decode_case {
    const char *text;
    bool is_form;
    const char *decoded; /* NULL: invalid */
};

static const struct decode_case DECODES[] = {
    {"", false, ""},       {"abc", false, "abc"},       {"a%20b%2fc%2F", false, "a b/c/"},
    {"a+b", false, "a+b"}, {"a+b", true, "a b"},        {"a+b?c+d", false, "a+b?c d"},
    {"%2b+", true, "+ "},  {"a%3fb+c", false, "a?b+c"}, {"%c3%A9", false, "\xc3\xa9"},
    {"%", false, NULL},    {"%4", false, NULL},         {"%4g", false, NULL},
    {"%g4", true, NULL},   {"abc%", true, NULL},        {"%%41", false, NULL},
};

static void test_percent_decode(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(DECODES) / sizeof(DECODES[0]); i++) {
        char buffer[64];
        size_t length = strlen(DECODES[i].text);
        memcpy(buffer, DECODES[i].text, length + 1);
        /* in place, over its own text */
        enum result result =
            http_percent_decode(slice_of(buffer, length), DECODES[i].is_form, buffer, &length);
        if (DECODES[i].decoded == NULL) {
            assert_int_equal(result, RESULT_INVALID);
        } else {
            assert_int_equal(result, RESULT_OK);
            test_http_assert_slice(slice_of(buffer, length), DECODES[i].decoded);
        }
    }
    char out[4];
    size_t length = 0;
    assert_int_equal(http_percent_decode(SLICE("%00"), false, out, &length), RESULT_OK);
    assert_int_equal(length, 1);
    assert_int_equal(out[0], 0);
}

struct parameters_case {
    const char *url;
    char delimiter;
    const char *parameters; /* "name=value|name|" */
};

static const struct parameters_case PARAMETERS[] = {
    {"/a", '?', ""},
    {"/a?", '?', ""},
    {"/a?b", '?', "b|"},
    {"/a?b=", '?', "b=|"},
    {"/a?b=1&c=2;d=3", '?', "b=1|c=2|d=3|"},
    {"/a?b=1?c=2", '?', "b=1|c=2|"},
    {"/a?=1&&x", '?', "=1||x|"},
    {"/a;j=1?b=2", ';', "j=1?b=2|"},
    {"/a;j=1;k=2&l=3", ';', "j=1|k=2|l=3|"},
    {"/a?b=c=d", '?', "b=c=d|"},
    {"http://h/p?x=%20", '?', "x=%20|"},
};

static void test_parameters(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(PARAMETERS) / sizeof(PARAMETERS[0]); i++) {
        const struct parameters_case *c = &PARAMETERS[i];
        char buffer[128];
        struct text text = text_over(buffer, sizeof(buffer));
        struct slice rest = http_parameters(slice_from_string(c->url), c->delimiter);
        struct http_parameter parameter;
        while (http_parameter_next(&rest, c->delimiter, &parameter)) {
            text_append(&text, parameter.name);
            if (parameter.value.data != NULL) {
                text_append_char(&text, '=');
            }
            text_append(&text, parameter.value);
            text_append_char(&text, '|');
        }
        assert_string_equal(buffer, c->parameters);
    }
}

static void test_unreserved(void **state)
{
    static const char CHARACTERS[] = "AZaz09-._~";
    (void)state;
    for (const char *c = CHARACTERS; *c != '\0'; c++) {
        assert_true(http_is_unreserved(*c));
    }
    assert_false(http_is_unreserved('/'));
    assert_false(http_is_unreserved('%'));
    assert_false(http_is_unreserved('\0'));
    assert_false(http_is_unreserved('\xe9'));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uris),
        cmocka_unit_test(test_authorities),
        cmocka_unit_test(test_equal_authorities),
        cmocka_unit_test(test_percent_decode),
        cmocka_unit_test(test_unreserved),
        cmocka_unit_test(test_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
