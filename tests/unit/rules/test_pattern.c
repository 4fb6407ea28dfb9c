/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Match methods: names both ways, what each is given, what a type implies, and which types each
 * accepts.
 */
#include "rules/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
    const char *name;
    enum pattern_method method;
    enum sample_type input;
    const char *accepted; /* a letter for each sample type in the order of the enum */
};

/* Types in order: any, bool, int, addr, ipv4, ipv6, str, bin, meth. */
static const struct row rows[] = {
    {"found", PATTERN_FOUND, SAMPLE_ANY, "xxxxxxxxx"},
    {"bool", PATTERN_BOOL, SAMPLE_INTEGER, "xxxxx.x.."},
    {"int", PATTERN_INTEGER, SAMPLE_INTEGER, "xxxxx.x.."},
    {"ip", PATTERN_ADDRESS, SAMPLE_ADDRESS, "x.xxxxx.."},
    {"bin", PATTERN_BINARY, SAMPLE_BINARY, "xxxxxxxxx"},
    {"len", PATTERN_LENGTH, SAMPLE_STRING, "xxxxxxxxx"},
    {"str", PATTERN_STRING, SAMPLE_STRING, "xxxxxxxxx"},
    {"beg", PATTERN_BEGIN, SAMPLE_STRING, "xxxxxxxxx"},
    {"sub", PATTERN_SUBSTRING, SAMPLE_STRING, "xxxxxxxxx"},
    {"dir", PATTERN_DIRECTORY, SAMPLE_STRING, "xxxxxxxxx"},
    {"dom", PATTERN_DOMAIN, SAMPLE_STRING, "xxxxxxxxx"},
    {"end", PATTERN_END, SAMPLE_STRING, "xxxxxxxxx"},
    {"reg", PATTERN_REGEX, SAMPLE_STRING, "xxxxxxxxx"},
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == PATTERN_METHODS, "a row each");

static void test_methods(void **state)
{
    (void)state;
    for (size_t i = 0; i < PATTERN_METHODS; i++) {
        assert_int_equal(pattern_method_find(slice_from_string(rows[i].name)), rows[i].method);
        assert_string_equal(pattern_method_name(rows[i].method), rows[i].name);
        assert_int_equal(pattern_method_input(rows[i].method), rows[i].input);
    }
}

static void test_unknown_names(void **state)
{
    (void)state;
    static const char *const BAD[] = {"", "st", "strx", "STR", "string", "regm", " str"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        assert_int_equal(pattern_method_find(slice_from_string(BAD[i])), PATTERN_METHODS);
    }
    assert_int_equal(pattern_method_find(SLICE_NONE), PATTERN_METHODS);
}

static void test_accepted_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < PATTERN_METHODS; i++) {
        for (unsigned type = 0; type < SAMPLE_TYPES; type++) {
            bool accepts = pattern_method_accepts(rows[i].method, (enum sample_type)type);
            if (accepts != (rows[i].accepted[type] == 'x')) {
                fail_msg("%s of %s", rows[i].name, sample_type_name((enum sample_type)type));
            }
        }
    }
}

static void test_implied_methods(void **state)
{
    (void)state;
    assert_int_equal(pattern_method_default(SAMPLE_BOOL), PATTERN_BOOL);
    assert_int_equal(pattern_method_default(SAMPLE_INTEGER), PATTERN_INTEGER);
    assert_int_equal(pattern_method_default(SAMPLE_ADDRESS), PATTERN_ADDRESS);
    assert_int_equal(pattern_method_default(SAMPLE_IPV4), PATTERN_ADDRESS);
    assert_int_equal(pattern_method_default(SAMPLE_IPV6), PATTERN_ADDRESS);
    assert_int_equal(pattern_method_default(SAMPLE_STRING), PATTERN_STRING);
    assert_int_equal(pattern_method_default(SAMPLE_METHOD), PATTERN_STRING);
    /* These need -m. */
    assert_int_equal(pattern_method_default(SAMPLE_BINARY), PATTERN_METHODS);
    assert_int_equal(pattern_method_default(SAMPLE_ANY), PATTERN_METHODS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_accepted_types),
        cmocka_unit_test(test_implied_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
