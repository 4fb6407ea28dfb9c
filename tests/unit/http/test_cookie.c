/* SPDX-License-Identifier: Apache-2.0 */
/* Cookies: walking, finding, taking out, replacing in every place, Set-Cookie both ways. */
#include "http/cookie.h"

#include "support/http.h"

struct walk_case {
    const char *value;
    const char *cookies; /* "name[value]|", "name|" without '=' */
};

static const struct walk_case WALKS[] = {
    {"", ""},
    {"a=1", "a[1]|"},
    {"a=1; b=2", "a[1]|b[2]|"},
    {"a=1;b=2;", "a[1]|b[2]|"},
    {" a = 1 ;  b=2 ", "a[1]|b[2]|"},
    {"a=1, b=2", "a[1]|b[2]|"},
    {"a=", "a[]|"},
    {"a", "a|"},
    {"=v", "[v]|"},
    {";;, ;", ""},
    {"a=b=c", "a[b=c]|"},
    {"a=\"x; y\"; b=2", "a[\"x; y\"]|b[2]|"},
    {"a=\"x\\\"; y\"; b=2", "a[\"x\\\"; y\"]|b[2]|"},
    {"a=\"x; b=2", "a[\"x; b=2]|"},
    {"\"a; b=2", "\"a|b[2]|"},
    {"a=\"x\\", "a[\"x\\]|"},
};

static void test_walk(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(WALKS) / sizeof(WALKS[0]); i++) {
        char buffer[128];
        struct text text = text_over(buffer, sizeof(buffer));
        struct slice rest = slice_from_string(WALKS[i].value);
        struct http_cookie cookie;
        while (http_cookie_next(&rest, &cookie)) {
            text_append(&text, cookie.name);
            if (cookie.value.data != NULL) {
                text_append_char(&text, '[');
                text_append(&text, cookie.value);
                text_append_char(&text, ']');
            }
            text_append_char(&text, '|');
        }
        assert_string_equal(buffer, WALKS[i].cookies);
    }
}

/* Parses a request with these Cookie values (NULL ends). */
static void parse_cookies(struct test_http *test, const char *first, const char *second)
{
    static char head[512]; /* the message borrows it until the next call */
    struct text text = text_over(head, sizeof(head));
    text_append_string(&text, "GET / HTTP/1.1\r\nHost: h\r\n");
    text_append_format(&text, "Cookie: %s\r\nX: y\r\n", first);
    if (second != NULL) {
        text_append_format(&text, "cookie: %s\r\n", second);
    }
    text_append_string(&text, "\r\n");
    assert_int_equal(test_http_request(test, head), RESULT_OK);
}

static bool find(struct test_http *test, const char *name, struct http_cookie_place *place)
{
    return http_cookie_find(&test->message.fields, HTTP_NAME_COOKIE, slice_from_string(name), 0,
                            place);
}

static void test_find(void **state)
{
    (void)state;
    struct test_http test;
    struct http_cookie_place place;
    test_http_open(&test);
    parse_cookies(&test, "a=1; b=2", "c=3; a=4; d; e=");
    assert_true(find(&test, "a", &place));
    test_http_assert_slice(place.cookie.value, "1");
    assert_int_equal(place.index, 1);
    assert_true(http_cookie_find(&test.message.fields, HTTP_NAME_COOKIE, SLICE("a"), 2, &place));
    test_http_assert_slice(place.cookie.value, "4");
    assert_int_equal(place.index, 3);
    assert_true(find(&test, "e", &place));
    test_http_assert_slice(place.cookie.value, "");
    assert_false(find(&test, "A", &place));
    assert_false(find(&test, "d", &place));
    assert_false(find(&test, "f", &place));
    assert_false(find(&test, "", &place));
    test_http_close(&test);
}

struct change_case {
    const char *value;
    const char *name;
    const char *removed;  /* the value then, NULL: no field */
    const char *replaced; /* with "new" */
};

static const struct change_case CHANGES[] = {
    {"a=1", "a", NULL, "a=new"},
    {"a=1; b=2", "a", "b=2", "a=new; b=2"},
    {"a=1; b=2", "b", "a=1", "a=1; b=new"},
    {"a=1; b=2; c=3", "b", "a=1; c=3", "a=1; b=new; c=3"},
    {"a=1;b=2;c=3", "b", "a=1;c=3", "a=1;b=new;c=3"},
    {"a=1, b=2, c=3", "b", "a=1, c=3", "a=1, b=new, c=3"},
    {"a=1; b=2;", "b", "a=1", "a=1; b=new;"},
    {"; a=1;", "a", NULL, "; a=new;"},
    {"a=1;  b=\"x; y\" ; c=3", "b", "a=1;  c=3", "a=1;  b=new ; c=3"},
    {"a=; b=2", "a", "b=2", "a=new; b=2"},
    {"a = 1 ; b=2", "a", "b=2", "a = new ; b=2"},
    {"x; a=1", "a", "x", "x; a=new"},
    {"a=1; a=2", "a", "a=2", "a=new; a=2"},
};

static void test_remove_and_replace(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
        const struct change_case *c = &CHANGES[i];
        struct test_http test;
        struct http_cookie_place place;
        struct http_fields *fields = &test.message.fields;
        test_http_open(&test);
        parse_cookies(&test, c->value, NULL);
        assert_true(find(&test, c->name, &place));
        assert_int_equal(http_cookie_replace(fields, &place, SLICE("new")), RESULT_OK);
        test_http_assert_slice(http_fields_value(fields, HTTP_NAME_COOKIE), c->replaced);
        parse_cookies(&test, c->value, NULL);
        assert_true(find(&test, c->name, &place));
        assert_int_equal(http_cookie_remove(fields, &place), RESULT_OK);
        test_http_assert_slice(http_fields_value(fields, HTTP_NAME_COOKIE), c->removed);
        assert_int_equal(fields->count, c->removed == NULL ? 2 : 3);
        test_http_close(&test);
    }
}

static void test_replacement_cannot_break_out(void **state)
{
    (void)state;
    struct test_http test;
    struct http_cookie_place place;
    test_http_open(&test);
    parse_cookies(&test, "a=1", NULL);
    assert_true(find(&test, "a", &place));
    assert_int_equal(http_cookie_replace(&test.message.fields, &place, SLICE("x\r\nY: z")),
                     RESULT_INVALID);
    test_http_assert_slice(http_fields_value(&test.message.fields, HTTP_NAME_COOKIE), "a=1");
    test_http_close(&test);
}

static void test_refused_memory(void **state)
{
    (void)state;
    struct test_http test;
    struct http_cookie_place place;
    struct arena arena;
    struct http_fields fields;
    struct http_field entry = {
        .name = SLICE("cookie"), .value = SLICE("a=1; b=2"), .id = HTTP_NAME_COOKIE};
    test_http_open(&test);
    arena_init(&arena, &test.source, &test.account, 0);
    http_fields_init(&fields, &arena, 1);
    fields.entries = &entry;
    fields.count = fields.size = 1;
    assert_true(http_cookie_find(&fields, HTTP_NAME_COOKIE, SLICE("a"), 0, &place));
    assert_int_equal(http_cookie_replace(&fields, &place, SLICE("2")), RESULT_NO_MEMORY);
    assert_int_equal(http_cookie_remove(&fields, &place), RESULT_NO_MEMORY);
    assert_true(fields.overflowed);
    test_http_assert_slice(fields.entries[0].value, "a=1; b=2");
    arena_clear(&arena);
    test_http_close(&test);
}

struct set_cookie_case {
    const char *value;
    const char *name; /* NULL: not a cookie */
    const char *cookie;
    const char *attributes;
};

static const struct set_cookie_case SET_COOKIES[] = {
    {"a=1", "a", "1", ""},
    {"a=1; path=/; secure", "a", "1", "path=/; secure"},
    {"a=1, 2; path=/", "a", "1, 2", "path=/"},
    {"a=", "a", "", ""},
    {"a", NULL, NULL, NULL},
    {"=1", NULL, NULL, NULL},
    {"", NULL, NULL, NULL},
    {"; a=1", NULL, NULL, NULL},
};

static void test_parse_set_cookie(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(SET_COOKIES) / sizeof(SET_COOKIES[0]); i++) {
        const struct set_cookie_case *c = &SET_COOKIES[i];
        struct http_cookie cookie;
        struct slice attributes;
        bool is_cookie = http_set_cookie_parse(slice_from_string(c->value), &cookie, &attributes);
        assert_int_equal(is_cookie, c->name != NULL);
        if (is_cookie) {
            test_http_assert_slice(cookie.name, c->name);
            test_http_assert_slice(cookie.value, c->cookie);
            test_http_assert_slice(attributes, c->attributes);
        }
    }
}

static void test_set_cookie_fields(void **state)
{
    (void)state;
    struct test_http test;
    struct http_cookie_place place;
    struct http_fields *fields = &test.message.fields;
    test_http_open(&test);
    assert_int_equal(test_http_response(&test, HTTP_METHOD_GET,
                                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
                                        "Set-Cookie: a=1; b=3; path=/\r\n"
                                        "Set-Cookie: b=2; path=/\r\n\r\n"),
                     RESULT_OK);
    assert_true(http_cookie_find(fields, HTTP_NAME_SET_COOKIE, SLICE("b"), 0, &place));
    assert_int_equal(place.index, 2);
    assert_int_equal(http_cookie_replace(fields, &place, SLICE("s1~2")), RESULT_OK);
    test_http_assert_slice(fields->entries[2].value, "b=s1~2; path=/");
    assert_true(http_cookie_find(fields, HTTP_NAME_SET_COOKIE, SLICE("a"), 0, &place));
    assert_int_equal(http_cookie_remove(fields, &place), RESULT_OK);
    assert_int_equal(fields->count, 2);
    assert_false(http_cookie_find(fields, HTTP_NAME_SET_COOKIE, SLICE("a"), 0, &place));
    test_http_close(&test);
}

static void test_build_set_cookie(void **state)
{
    (void)state;
    char buffer[256];
    struct text text = text_over(buffer, sizeof(buffer));
    struct http_set_cookie cookie = {.name = SLICE("S"), .value = SLICE("s1")};
    http_set_cookie_append(&text, &cookie);
    assert_string_equal(buffer, "S=s1");
    text_clear(&text);
    cookie = (struct http_set_cookie){
        .name = SLICE("S"),
        .expires = SLICE("Thu, 01-Jan-1970 00:00:01 GMT"),
        .path = SLICE("/"),
        .domain = SLICE(".a"),
        .is_http_only = true,
        .is_secure = true,
        .attributes = SLICE("SameSite=None"),
    };
    http_set_cookie_append(&text, &cookie);
    assert_string_equal(buffer, "S=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/; domain=.a; "
                                "HttpOnly; Secure; SameSite=None");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_remove_and_replace),
        cmocka_unit_test(test_replacement_cannot_break_out),
        cmocka_unit_test(test_refused_memory),
        cmocka_unit_test(test_parse_set_cookie),
        cmocka_unit_test(test_set_cookie_fields),
        cmocka_unit_test(test_build_set_cookie),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
