/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of URIs and host names that are hashed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "balance/key.h"

static void expect(struct slice key, const char *expected)
{
    assert_int_equal(key.length, strlen(expected));
    assert_memory_equal(key.data, expected, key.length);
}

static void test_uri(void **state)
{
    (void)state;
    struct slice uri = SLICE("/a/bc/d?x=/y");
    expect(key_of_uri(uri, 0, 0, false), "/a/bc/d");
    expect(key_of_uri(uri, 0, 0, true), "/a/bc/d?x=/y");
    expect(key_of_uri(uri, 4, 0, false), "/a/b");
    expect(key_of_uri(uri, 400, 0, false), "/a/bc/d");
    expect(key_of_uri(uri, 0, 1, false), "/a");
    expect(key_of_uri(uri, 0, 2, false), "/a/bc");
    expect(key_of_uri(uri, 0, 3, true), "/a/bc/d?x=");
    expect(key_of_uri(uri, 3, 2, false), "/a/");
    expect(key_of_uri(SLICE("http://h/a/b"), 0, 2, false), "http://h");
    expect(key_of_uri(SLICE("?"), 0, 0, false), "");
    expect(key_of_uri(SLICE(""), 1, 1, false), "");
}

static void test_domain(void **state)
{
    (void)state;
    expect(key_of_domain(SLICE("www.example.com")), "example");
    expect(key_of_domain(SLICE("example.com")), "example");
    expect(key_of_domain(SLICE("localhost")), "localhost");
    expect(key_of_domain(SLICE("a.b.c.")), "c");
    expect(key_of_domain(SLICE(".com")), "");
    expect(key_of_domain(SLICE("example.com:8080")), "example");
    expect(key_of_domain(SLICE("")), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uri),
        cmocka_unit_test(test_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
