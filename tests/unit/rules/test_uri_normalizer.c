/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normalizers, on the examples of HAProxy's manual and on what lies between them.
 */
#include "rules/uri_normalizer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { BUFFER_SIZE = 8192 };

struct example {
    const char *path;
    const char *normal; /* NULL: refused */
};

static void check(enum uri_normalizer normalizer, bool has_option, const struct example *examples,
                  size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char storage[BUFFER_SIZE];
        struct text text = text_over(storage, sizeof(storage));
        enum result result =
            uri_normalize(normalizer, has_option, slice_from_string(examples[i].path), &text);
        if (examples[i].normal == NULL) {
            assert_int_equal(result, RESULT_INVALID);
            continue;
        }
        assert_int_equal(result, RESULT_OK);
        assert_string_equal(storage, examples[i].normal);
        /* A normal form is its own normal form, but where decoding makes a new sequence. */
        if (normalizer != URI_PERCENT_DECODE_UNRESERVED) {
            char again[BUFFER_SIZE];
            struct text second = text_over(again, sizeof(again));
            assert_int_equal(uri_normalize(normalizer, has_option, text_slice(&text), &second),
                             RESULT_OK);
            assert_string_equal(again, storage);
        }
    }
}

#define CHECK(normalizer, has_option, examples) \
    check(normalizer, has_option, examples, sizeof(examples) / sizeof((examples)[0]))

static void test_fragments(void **state)
{
    (void)state;
    static const struct example encode[] = {
        {"/#foo", "/%23foo"}, {"/", "/"}, {"/a#b#c?d#e", "/a%23b%23c?d%23e"}};
    static const struct example strip[] = {{"/#foo", "/"}, {"/a?b#c?d", "/a?b"}, {"/a?b", "/a?b"}};
    CHECK(URI_FRAGMENT_ENCODE, false, encode);
    CHECK(URI_FRAGMENT_STRIP, false, strip);
}

static void test_slashes(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"//", "/"},    {"/foo//bar", "/foo/bar"}, {"/", "/"},
        {"/a/", "/a/"}, {"///a///b///", "/a/b/"},  {"//a?b=//c//", "/a?b=//c//"}};
    CHECK(URI_PATH_MERGE_SLASHES, false, examples);
}

static void test_dot(void **state)
{
    (void)state;
    static const struct example examples[] = {{"/.", "/"},
                                              {"/./bar/", "/bar/"},
                                              {"/a/./a", "/a/a"},
                                              {"/.well-known/", "/.well-known/"},
                                              {"/a/.", "/a/"},
                                              {"/././.", "/"},
                                              {"/a/..", "/a/.."},
                                              {"/a./.b/c.", "/a./.b/c."},
                                              {"/%2E/a", "/%2E/a"},
                                              {"/a/.?x=/./", "/a/?x=/./"},
                                              {"/", "/"}};
    CHECK(URI_PATH_STRIP_DOT, false, examples);
}

static void test_dotdot(void **state)
{
    (void)state;
    static const struct example examples[] = {{"/foo/../", "/"},
                                              {"/foo/../bar/", "/bar/"},
                                              {"/foo/bar/../", "/foo/"},
                                              {"/../bar/", "/../bar/"},
                                              {"/bar/../../", "/../"},
                                              {"/foo//../", "/foo/"},
                                              {"/foo/%2E%2E/", "/foo/%2E%2E/"},
                                              {"/foo/..", "/"},
                                              {"/..", "/.."},
                                              {"/../..", "/../.."},
                                              {"/a/b/c/../../d?x=/../", "/a/d?x=/../"},
                                              {"/a/...", "/a/..."},
                                              {"/a..", "/a.."},
                                              {"/", "/"}};
    static const struct example full[] = {
        {"/../bar/", "/bar/"}, {"/bar/../../", "/"},    {"/..", "/"},
        {"/../../a", "/a"},    {"/a/../../../b", "/b"}, {"/../..", "/"}};
    CHECK(URI_PATH_STRIP_DOTDOT, false, examples);
    CHECK(URI_PATH_STRIP_DOTDOT, true, full);
}

static void test_decoding(void **state)
{
    (void)state;
    static const struct example examples[] = {{"/%61dmin", "/admin"},
                                              {"/foo%3Fbar=baz", "/foo%3Fbar=baz"},
                                              {"/%%36%36", "/%66"},
                                              {"/%ZZ", "/%ZZ"},
                                              {"/%", "/%"},
                                              {"/%6", "/%6"},
                                              {"/%2D%2e%5F%7e%30?%41", "/-._~0?A"},
                                              {"/%2f%00%7f%ff", "/%2f%00%7f%ff"}};
    static const struct example strict[] = {
        {"/%%36%36", NULL}, {"/%ZZ", NULL}, {"/%", NULL}, {"/%6", NULL}, {"/%61%2F", "/a%2F"}};
    CHECK(URI_PERCENT_DECODE_UNRESERVED, false, examples);
    CHECK(URI_PERCENT_DECODE_UNRESERVED, true, strict);
}

static void test_uppercase(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"/%6f", "/%6F"}, {"/%zz", "/%zz"}, {"/%AB%cd?%ef", "/%AB%CD?%EF"},
        {"/abc", "/abc"}, {"/%a", "/%a"},   {"/%%aa", "/%%AA"}};
    static const struct example strict[] = {{"/%zz", NULL}, {"/%6f", "/%6F"}, {"/%", NULL}};
    CHECK(URI_PERCENT_TO_UPPERCASE, false, examples);
    CHECK(URI_PERCENT_TO_UPPERCASE, true, strict);
}

static void test_sorting(void **state)
{
    (void)state;
    static const struct example examples[] = {{"/?c=3&a=1&b=2", "/?a=1&b=2&c=3"},
                                              {"/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3"},
                                              {"/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5"},
                                              {"/", "/"},
                                              {"/?", "/?"},
                                              {"/?a", "/?a"},
                                              {"/?b&a", "/?a&b"},
                                              {"/?&a", "/?&a"},
                                              {"/?a&", "/?&a"},
                                              {"/?z=1&z&z=0", "/?z=1&z&z=0"}};
    CHECK(URI_QUERY_SORT_BY_NAME, false, examples);
}

static void test_many_parameters(void **state)
{
    (void)state;
    char path[BUFFER_SIZE];
    struct text text = text_over(path, sizeof(path));
    text_append_string(&text, "/?");
    for (unsigned i = QUERY_PARAMETERS_MAX; i > 0; i--) {
        text_append_format(&text, "%s%05u", i == QUERY_PARAMETERS_MAX ? "" : "&", i);
    }
    char storage[BUFFER_SIZE];
    struct text out = text_over(storage, sizeof(storage));
    assert_int_equal(uri_normalize(URI_QUERY_SORT_BY_NAME, false, text_slice(&text), &out),
                     RESULT_OK);
    assert_true(slice_starts_with(text_slice(&out), SLICE("/?00001&00002&00003&")));
    assert_int_equal(out.length, text.length);
    text_append_string(&text, "&x");
    text_clear(&out);
    assert_int_equal(uri_normalize(URI_QUERY_SORT_BY_NAME, false, text_slice(&text), &out),
                     RESULT_FULL);
}

static void test_no_room(void **state)
{
    (void)state;
    for (enum uri_normalizer normalizer = 0; normalizer < URI_NORMALIZERS; normalizer++) {
        char storage[4];
        struct text out = text_over(storage, sizeof(storage));
        assert_int_equal(uri_normalize(normalizer, false, SLICE("/abc/d?e"), &out), RESULT_FULL);
        assert_non_null(uri_normalizer_name(normalizer));
    }
    assert_string_equal(uri_normalizer_option(URI_PATH_STRIP_DOTDOT), "full");
    assert_null(uri_normalizer_option(URI_FRAGMENT_STRIP));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fragments), cmocka_unit_test(test_slashes),
        cmocka_unit_test(test_dot),       cmocka_unit_test(test_dotdot),
        cmocka_unit_test(test_decoding),  cmocka_unit_test(test_uppercase),
        cmocka_unit_test(test_sorting),   cmocka_unit_test(test_many_parameters),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
