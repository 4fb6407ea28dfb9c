/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Persistence by cookie: for each mode of the `cookie` line, what the server sees, what the client
 * gets and what the log says. The expectations are what HAProxy 2.6 did with two servers (c1, c2)
 * up and one (c3) down.
 */
#include "rules/server_cookie.h"

#include "support/rules.h"

/* 2026-11-23 23:22:02 UTC: "awTKn" in a cookie. */
enum { NOW_S = 1795476122 };

static struct rules_test test;
static struct server_cookie_settings settings;
static struct server_cookie_state state_of_stream;
static const char *found_server; /* what the finder answered with: "c1"… */
static bool uses_down;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    settings = (struct server_cookie_settings){.name = "SRV", .mode = SERVER_COOKIE_INSERT};
    uses_down = false;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

static enum server_cookie_owner find(void *argument, struct slice value)
{
    (void)argument;
    if (slice_is(value, "c1") || slice_is(value, "c2")) {
        found_server = slice_is(value, "c1") ? "c1" : "c2";
        return SERVER_COOKIE_UP;
    }
    if (slice_is(value, "c3")) {
        found_server = uses_down ? "c3" : NULL;
        return uses_down ? SERVER_COOKIE_DOWN_USED : SERVER_COOKIE_DOWN;
    }
    return SERVER_COOKIE_UNKNOWN;
}

/* What one exchange did: flags of the log, Cookie fields towards the server, fields of the
 * response. */
struct outcome {
    char flags[3];
    char request[256];
    char response[512];
};

static void keep_fields(char *out, size_t size, const struct http_message *message)
{
    struct text text = text_over(out, size);
    text_append_string(&text, rules_test_fields(&test, message));
    assert_false(text.truncated);
}

/* Runs an exchange; NULL cookie or set_cookie: none. The server without a cookie choice is c1. */
static struct outcome run(const char *cookie, const char *set_cookie, bool is_post)
{
    struct server_cookie_finder finder = {.find = find};
    struct outcome outcome = {0};
    found_server = NULL;
    rules_test_request(&test, is_post ? "POST" : "GET", "/");
    if (cookie != NULL) {
        rules_test_field(&test.request, "cookie", cookie);
    }
    assert_int_equal(
        server_cookie_request(&settings, &finder, &test.request, NOW_S, &state_of_stream),
        RESULT_OK);
    keep_fields(outcome.request, sizeof(outcome.request), &test.request);
    rules_test_response(&test, 200);
    if (set_cookie != NULL) {
        rules_test_field(&test.response, "set-cookie", set_cookie);
    }
    struct server_cookie_answer answer = {
        .server_cookie = slice_from_string(found_server == NULL ? "c1" : found_server),
        .has_server = true,
        .is_post = is_post,
        .wall_s = NOW_S,
    };
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    keep_fields(outcome.response, sizeof(outcome.response), &test.response);
    outcome.flags[0] = state_of_stream.request_flag == '\0' ? '-' : state_of_stream.request_flag;
    outcome.flags[1] = state_of_stream.response_flag == '\0' ? '-' : state_of_stream.response_flag;
    return outcome;
}

static void check(const char *cookie, const char *set_cookie, const char *flags,
                  const char *request, const char *response)
{
    struct outcome outcome = run(cookie, set_cookie, false);
    assert_string_equal(outcome.flags, flags);
    assert_string_equal(outcome.request, request);
    assert_string_equal(outcome.response, response);
}

#define INSERTED "set-cookie: SRV=c1; path=/\n"

static void test_insert(void **state)
{
    (void)state;
    check(NULL, NULL, "NI", "", INSERTED);
    check("a=1; SRV=c1; b=2", NULL, "VN", "cookie: a=1; SRV=c1; b=2\n", "");
    check("SRV=zz", NULL, "II", "cookie: SRV=zz\n", INSERTED);
    check("SRV=c3", NULL, "DI", "cookie: SRV=c3\n", INSERTED);
    check("SRV=", NULL, "II", "cookie: SRV=\n", INSERTED);
    check(NULL, "SRV=app; path=/", "NI", "", INSERTED);
    check("SRV=c1", "SRV=app; path=/", "VD", "cookie: SRV=c1\n", "");
    check("x=y; SRV=c2~app", "SRV=app; path=/", "II", "cookie: x=y; SRV=c2~app\n", INSERTED);
    check("SRV=c1; SRV=c2", NULL, "VN", "cookie: SRV=c1; SRV=c2\n", "");
    check(NULL, "other=1", "NI", "", "set-cookie: other=1\n" INSERTED);
}

static void test_insert_indirect(void **state)
{
    (void)state;
    settings.is_indirect = true;
    check(NULL, NULL, "NI", "", INSERTED);
    check("a=1; SRV=c1; b=2", NULL, "VN", "cookie: a=1; b=2\n", "");
    check("SRV=zz", NULL, "II", "", INSERTED);
    check("SRV=c3", NULL, "DI", "", INSERTED);
    check("SRV=c1", "SRV=app; path=/", "VD", "", "");
    check("SRV=c1; SRV=c2", NULL, "VN", "", "");
    settings.is_preserve = true;
    check(NULL, "SRV=app; path=/", "NP", "", "set-cookie: SRV=app; path=/\n");
    check("SRV=c1", "SRV=app; path=/", "VP", "", "set-cookie: SRV=app; path=/\n");
    check(NULL, NULL, "NI", "", INSERTED);
}

static void test_insert_postonly(void **state)
{
    (void)state;
    settings.is_postonly = true;
    check(NULL, NULL, "NN", "", "");
    check("SRV=zz", NULL, "IN", "cookie: SRV=zz\n", "");
    check(NULL, "SRV=app; path=/", "ND", "", "");
    struct outcome outcome = run(NULL, NULL, true);
    assert_string_equal(outcome.flags, "NI");
    assert_string_equal(outcome.response, INSERTED);
}

static void test_rewrite(void **state)
{
    (void)state;
    settings.mode = SERVER_COOKIE_REWRITE;
    check(NULL, NULL, "NN", "", "");
    check("a=1; SRV=c1; b=2", NULL, "VN", "cookie: a=1; SRV=c1; b=2\n", "");
    check("SRV=zz", NULL, "IN", "cookie: SRV=zz\n", "");
    check(NULL, "SRV=app; path=/", "NR", "", "set-cookie: SRV=c1; path=/\n");
    check("SRV=c2", "SRV=app; path=/", "VR", "cookie: SRV=c2\n", "set-cookie: SRV=c2; path=/\n");
}

static void test_prefix(void **state)
{
    (void)state;
    settings.mode = SERVER_COOKIE_PREFIX;
    check(NULL, NULL, "NN", "", "");
    check("a=1; SRV=c1; b=2", NULL, "VN", "cookie: a=1; SRV=c1; b=2\n", "");
    check(NULL, "SRV=app; path=/", "NR", "", "set-cookie: SRV=c1~app; path=/\n");
    check("x=y; SRV=c2~app", "SRV=app; path=/", "VR", "cookie: x=y; SRV=app\n",
          "set-cookie: SRV=c2~app; path=/\n");
    check("SRV=c2~a~b", NULL, "VN", "cookie: SRV=a~b\n", "");
    settings.is_indirect = true;
    check("SRV=c1", "SRV=app; path=/", "VD", "cookie: SRV=c1\n", "");
    check("x=y; SRV=c2~app", "SRV=app; path=/", "VD", "cookie: x=y; SRV=app\n", "");
}

static void test_passive(void **state)
{
    (void)state;
    settings.mode = SERVER_COOKIE_PASSIVE;
    check(NULL, NULL, "--", "", "");
    check("SRV=c2", NULL, "--", "cookie: SRV=c2\n", "");
    assert_true(state_of_stream.is_direct);
    check("SRV=zz", "SRV=app; path=/", "--", "cookie: SRV=zz\n", "set-cookie: SRV=app; path=/\n");
    assert_false(state_of_stream.is_direct);
}

static void test_attributes(void **state)
{
    (void)state;
    settings.is_httponly = true;
    settings.is_secure = true;
    settings.domains = ".a.b; domain=c.d";
    settings.attributes = "SameSite=None; Foo";
    check(NULL, NULL, "NI", "",
          "set-cookie: SRV=c1; path=/; domain=.a.b; domain=c.d; HttpOnly; Secure; SameSite=None; "
          "Foo\n");
}

static void test_dates(void **state)
{
    (void)state;
    settings.max_idle_s = 1800;
    settings.max_life_s = 28800;
    check(NULL, NULL, "NI", "", "set-cookie: SRV=c1|awTKn|awTKn; path=/\n");
    check("SRV=c1", NULL, "VU", "cookie: SRV=c1\n", "set-cookie: SRV=c1|awTKn|awTKn; path=/\n");
    check("SRV=c1|awTKn|awTKn", NULL, "VN", "cookie: SRV=c1|awTKn|awTKn\n", "");
    /* Seen 100 s ago: the last date moves on, the first stays. */
    check("SRV=c1|awTKO|awTKO", NULL, "VU", "cookie: SRV=c1|awTKO|awTKO\n",
          "set-cookie: SRV=c1|awTKn|awTKO; path=/\n");
    /* Without maxlife the first date goes; without any, both do. */
    settings.max_life_s = 0;
    check("SRV=c1|awTKn|awTKn", NULL, "VU", "cookie: SRV=c1|awTKn|awTKn\n",
          "set-cookie: SRV=c1|awTKn; path=/\n");
    settings.max_idle_s = 0;
    check("SRV=c1|awTKO", NULL, "VU", "cookie: SRV=c1|awTKO\n", INSERTED);
}

static void test_stale_dates(void **state)
{
    (void)state;
    settings.max_idle_s = 1800;
    settings.max_life_s = 28800;
    /* Idle for two hours; alive for ten; a day and more ahead. */
    check("SRV=c2|awSuf|awSuf", NULL, "EI", "cookie: SRV=c2|awSuf|awSuf\n",
          "set-cookie: SRV=c1|awTKn|awTKn; path=/\n");
    check("SRV=c2|awTKn|awQ9/", NULL, "OI", "cookie: SRV=c2|awTKn|awQ9/\n",
          "set-cookie: SRV=c1|awTKn|awTKn; path=/\n");
    check("SRV=c2|awYqL|awYqL", NULL, "OI", "cookie: SRV=c2|awYqL|awYqL\n",
          "set-cookie: SRV=c1|awTKn|awTKn; path=/\n");
    /* An hour ahead is a wrong clock, and accepted. */
    check("SRV=c2|awTYr|awTYr", NULL, "VN", "cookie: SRV=c2|awTYr|awTYr\n", "");
    /* What is no date is none. */
    check("SRV=c2|aw*Kn|x", NULL, "VU", "cookie: SRV=c2|aw*Kn|x\n",
          "set-cookie: SRV=c2|awTKn|awTKn; path=/\n");
    check("SRV=c2|", NULL, "VU", "cookie: SRV=c2|\n", "set-cookie: SRV=c2|awTKn|awTKn; path=/\n");
}

static void test_down_server_used(void **state)
{
    (void)state;
    uses_down = true;
    check("SRV=c3", NULL, "DN", "cookie: SRV=c3\n", "");
    assert_true(state_of_stream.is_direct);
}

static void test_ignored(void **state)
{
    (void)state;
    struct server_cookie_finder finder = {.find = find, .is_ignored = true};
    settings.is_indirect = true;
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "cookie", "SRV=c2");
    found_server = NULL;
    assert_int_equal(
        server_cookie_request(&settings, &finder, &test.request, NOW_S, &state_of_stream),
        RESULT_OK);
    assert_int_equal(state_of_stream.request_flag, 'U');
    assert_false(state_of_stream.is_direct);
    assert_null(found_server);
    assert_int_equal(test.request.fields.count, 0);
    rules_test_response(&test, 200);
    rules_test_field(&test.response, "set-cookie", "SRV=app");
    struct server_cookie_answer answer = {
        .server_cookie = SLICE("c1"), .has_server = true, .is_ignored = true, .wall_s = NOW_S};
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    assert_string_equal(rules_test_fields(&test, &test.response), "set-cookie: SRV=app\n");
    assert_int_equal(state_of_stream.response_flag, 'N');
}

static void test_redispatch(void **state)
{
    (void)state;
    struct server_cookie_answer answer = {
        .server_cookie = SLICE("c2"), .has_server = true, .wall_s = NOW_S};
    state_of_stream = (struct server_cookie_state){.request_flag = 'V', .response_flag = 'N'};
    rules_test_response(&test, 200);
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    assert_int_equal(state_of_stream.response_flag, 'I');
    assert_string_equal(rules_test_fields(&test, &test.response), "set-cookie: SRV=c2; path=/\n");
}

static void test_server_without_cookie(void **state)
{
    (void)state;
    struct server_cookie_answer answer = {.has_server = true, .wall_s = NOW_S};
    state_of_stream = (struct server_cookie_state){.response_flag = 'N'};
    rules_test_response(&test, 200);
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    assert_string_equal(rules_test_fields(&test, &test.response),
                        "set-cookie: SRV=; Expires=Thu, 01-Jan-1970 00:00:01 GMT; path=/\n");
    assert_int_equal(state_of_stream.response_flag, 'I');
    answer.has_server = false;
    rules_test_response(&test, 200);
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    assert_int_equal(test.response.fields.count, 0);
}

static void test_nocache(void **state)
{
    (void)state;
    struct server_cookie_answer answer = {
        .server_cookie = SLICE("c1"), .has_server = true, .is_cacheable = true, .wall_s = NOW_S};
    state_of_stream = (struct server_cookie_state){.response_flag = 'N'};
    settings.is_nocache = true;
    rules_test_response(&test, 200);
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    assert_string_equal(rules_test_fields(&test, &test.response),
                        INSERTED "cache-control: private\n");
    answer.is_cacheable = false;
    rules_test_response(&test, 200);
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_OK);
    assert_string_equal(rules_test_fields(&test, &test.response), INSERTED);
}

static void check_cacheable(enum http_method method, uint16_t status, const char *cache_control,
                            const char *other, bool expected, bool expected_with_cookie)
{
    rules_test_response(&test, status);
    if (other != NULL) {
        const char *colon = strchr(other, ':');
        assert_int_equal(http_fields_append(&test.response.fields,
                                            slice_of(other, (size_t)(colon - other)),
                                            slice_trim(slice_from_string(colon + 1))),
                         RESULT_OK);
    }
    if (cache_control != NULL) {
        rules_test_field(&test.response, "Cache-Control", cache_control);
    }
    bool with_cookie = !expected_with_cookie;
    assert_int_equal(server_cookie_is_cacheable(method, &test.response, &with_cookie), expected);
    assert_int_equal(with_cookie, expected_with_cookie);
}

static void test_cacheability(void **state)
{
    (void)state;
    enum http_method get = HTTP_METHOD_GET;
    check_cacheable(get, 200, NULL, NULL, false, false);
    check_cacheable(get, 200, "public", NULL, false, false);
    check_cacheable(get, 200, "max-age=100", NULL, true, true);
    check_cacheable(get, 200, "max-age=0", NULL, false, false);
    check_cacheable(get, 200, "s-maxage=0", "etag: x", false, false);
    check_cacheable(get, 200, NULL, "etag: x", true, true);
    check_cacheable(get, 200, NULL, "last-modified: x", true, true);
    check_cacheable(get, 200, NULL, "expires: 0", true, true);
    check_cacheable(get, 200, "NO-CACHE", "etag: x", false, false);
    check_cacheable(get, 200, "no-store, public", "etag: x", true, true);
    check_cacheable(get, 200, "private, max-age=10", NULL, false, false);
    check_cacheable(get, 200, "private=\"foo\", max-age=10", NULL, true, true);
    check_cacheable(get, 200, "no-cache=\"set-cookie\", max-age=10", NULL, true, false);
    check_cacheable(get, 200, "public, max-age=10", "pragma: no-cache", false, false);
    check_cacheable(get, 404, "max-age=10", NULL, true, true);
    check_cacheable(get, 302, "max-age=10", NULL, false, false);
    check_cacheable(get, 302, "public,max-age=10", NULL, true, true);
    check_cacheable(get, 500, NULL, "etag: x", false, false);
    check_cacheable(HTTP_METHOD_POST, 200, NULL, "etag: x", false, false);
    check_cacheable(HTTP_METHOD_POST, 200, "public,max-age=10", NULL, true, true);
    check_cacheable(HTTP_METHOD_HEAD, 200, "max-age=10", NULL, true, true);
    check_cacheable(HTTP_METHOD_OPTIONS, 200, "max-age=10", NULL, true, true);
    check_cacheable(HTTP_METHOD_PUT, 200, "max-age=10", NULL, false, false);
}

static void test_dynamic(void **state)
{
    (void)state;
    char cookie[SERVER_COOKIE_DYNAMIC_SIZE];
    struct address address = {.family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.v4), 1);
    assert_int_equal(server_cookie_write_dynamic(cookie, "secret", &address, 23512), RESULT_OK);
    assert_string_equal(cookie, "7e79b72d2b6d821c");
    char other[SERVER_COOKIE_DYNAMIC_SIZE];
    assert_int_equal(server_cookie_write_dynamic(other, "secret", &address, 23513), RESULT_OK);
    assert_string_not_equal(cookie, other);
    assert_int_equal(server_cookie_write_dynamic(other, NULL, &address, 23512), RESULT_OK);
    assert_string_not_equal(cookie, other);
    address.family = AF_INET6;
    assert_int_equal(server_cookie_write_dynamic(other, "secret", &address, 80), RESULT_OK);
    address.family = AF_UNIX;
    assert_int_equal(server_cookie_write_dynamic(other, "secret", &address, 80), RESULT_NOT_FOUND);
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct server_cookie_answer answer = {
        .server_cookie = SLICE("c1"), .has_server = true, .wall_s = NOW_S};
    state_of_stream = (struct server_cookie_state){.response_flag = 'N'};
    rules_test_response(&test, 200);
    test.account.cap = test.account.used == 0 ? 1 : test.account.used;
    assert_int_equal(server_cookie_response(&settings, &answer, &test.response, &state_of_stream),
                     RESULT_NO_MEMORY);
    test.account.cap = 0;
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_insert),
        WITH_TEST(test_insert_indirect),
        WITH_TEST(test_insert_postonly),
        WITH_TEST(test_rewrite),
        WITH_TEST(test_prefix),
        WITH_TEST(test_passive),
        WITH_TEST(test_attributes),
        WITH_TEST(test_dates),
        WITH_TEST(test_stale_dates),
        WITH_TEST(test_down_server_used),
        WITH_TEST(test_ignored),
        WITH_TEST(test_redispatch),
        WITH_TEST(test_server_without_cookie),
        WITH_TEST(test_nocache),
        WITH_TEST(test_cacheability),
        WITH_TEST(test_dynamic),
        WITH_TEST(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
