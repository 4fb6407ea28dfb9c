/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions: precedence, negation, nesting, every predicate, and where mistakes are shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/condition.h"
#include "config/config.h"
#include "tls/tls.h"

enum { ERROR_SIZE = 512 };

static enum result evaluate(const char *text)
{
    char bytes[ERROR_SIZE];
    struct text error = text_over(bytes, sizeof(bytes));
    size_t position = 0;
    enum result result = condition_evaluate(text, &position, &error);
    if (result == RESULT_INVALID) {
        print_error("%s: %s at %zu\n", text, bytes, position);
    }
    return result;
}

#define assert_true_condition(text)  assert_int_equal(evaluate(text), RESULT_OK)
#define assert_false_condition(text) assert_int_equal(evaluate(text), RESULT_NOT_FOUND)

static void test_integers(void **state)
{
    (void)state;
    assert_false_condition("");
    assert_false_condition("   ");
    assert_false_condition("0");
    assert_false_condition("00");
    assert_true_condition("1");
    assert_true_condition(" 42 ");
    assert_true_condition("-1");
    assert_false_condition("!1");
    assert_true_condition("!0");
    assert_true_condition("!!1");
    assert_false_condition("! ! 0");
}

static void test_operators(void **state)
{
    (void)state;
    assert_true_condition("1&&1");
    assert_false_condition("1 && 0");
    assert_true_condition("0 || 1");
    assert_false_condition("0||0");
    assert_true_condition("1 || 0 && 0"); /* && binds stronger */
    assert_true_condition("0 && 0 || 1");
    assert_false_condition("(1 || 0) && 0");
    assert_true_condition("0 || 1 && !0");
    assert_false_condition("!(1 || 0)");
    assert_true_condition("!(0) && (1||0) && !( 0 )");
    assert_true_condition("((((1))))");
    assert_false_condition("!((1 && 1) || 0)");
    assert_true_condition("!(!(1))");
    assert_true_condition("0 || (0 || (0 || 1) && 1)");
}

static void test_predicates(void **state)
{
    (void)state;
    setenv("CONDITION_SET", "", 1);
    unsetenv("CONDITION_UNSET");
    assert_true_condition("defined(CONDITION_SET)");
    assert_false_condition("defined(CONDITION_UNSET)");
    assert_false_condition("defined( CONDITION_SET)"); /* blanks belong to the argument */
    assert_false_condition("defined()");
    assert_false_condition("defined");
    assert_true_condition("feature(GNUTLS)");
    assert_true_condition("feature(THREAD) && feature(OPENSSL)");
    assert_false_condition("feature(LUA)");
    assert_false_condition("feature(GNU)");
    assert_true_condition("streq(a,a)");
    assert_false_condition("streq(a, a)");
    assert_true_condition("streq(a b,\"a b\")");
    assert_true_condition("streq('a,b)','a,b)')");
    assert_true_condition("streq(a\\ b,'a b')");
    assert_true_condition("streq(,)");
    assert_true_condition("strneq(a,b)");
    assert_false_condition("strneq(a,a)");
    assert_true_condition("strstr(abc,b)");
    assert_false_condition("strstr(b,abc)");
    assert_true_condition("enabled(POLL)");
    assert_false_condition("enabled(KQUEUE)");
    assert_false_condition("openssl_version_atleast(1.0)");
    assert_false_condition("openssl_version_before(9.9)");
    assert_false_condition("ssllib_name_startswith(OpenSSL)");
    char text[ERROR_SIZE];
    snprintf(text, sizeof(text), "ssllib_name_startswith(%.3s)", tls_library_version());
    assert_true_condition(text);
}

static void test_versions(void **state)
{
    (void)state;
    assert_true_condition("version_atleast(2.6)");
    assert_true_condition("version_atleast(3.2)");
    assert_true_condition("version_atleast(3.2.0)");
    assert_true_condition("version_atleast(3.2-dev5)");
    assert_false_condition("version_atleast(3.3)");
    assert_false_condition("version_atleast(3.3-dev1)");
    assert_false_condition("version_atleast(4)");
    assert_true_condition("version_before(3.3)");
    assert_true_condition("version_before(3.3-dev0)");
    assert_false_condition("version_before(3.2)");
    assert_false_condition("version_before(foo)");
    char text[ERROR_SIZE];
    snprintf(text, sizeof(text), "version_atleast(%s) && !version_before(%s)", CONDITION_VERSION,
             CONDITION_VERSION);
    assert_true_condition(text);
    assert_int_equal(strncmp(CONDITION_VERSION, CONDITION_BRANCH, strlen(CONDITION_BRANCH)), 0);
}

static void test_errors(void **state)
{
    static const struct {
        const char *text;
        const char *error;
        size_t position;
    } CASES[] = {
        {"foo", "unparsable conditional expression 'foo'", 0},
        {"foo(", "unparsable conditional expression 'foo('", 0},
        {"1||foo", "unparsable conditional expression 'foo'", 3},
        {"0&&foo", "unparsable conditional expression 'foo'", 3},
        {"1 &&", "unparsable conditional expression ''", 4},
        {"!", "unparsable conditional expression ''", 1},
        {"enabled(FOO)", "unparsable conditional expression 'enabled(FOO)'", 0},
        {"1 2", "unexpected character '2' at the end of conditional expression '1 2'", 2},
        {"1)", "unexpected character ')' at the end of conditional expression '1)'", 1},
        {"1 & 1", "unexpected character '&' at the end of conditional expression '1 & 1'", 2},
        {"01x", "unexpected character 'x' at the end of conditional expression '01x'", 2},
        {"(1", "expected ')' after conditional expression '(1'", 2},
        {"defined(X",
         "expected ')' in argument 1 of predicate 'defined' used in conditional expression", 9},
        {"defined(a,b)",
         "expected ')' before ',b)' in argument 1 of predicate 'defined' used in conditional "
         "expression",
         9},
        {"streq(a)",
         "missing arguments (got 1/2), type 'string' expected in argument 2 of predicate 'streq' "
         "used in conditional expression",
         7},
        {"defined(a) x",
         "unexpected character 'x' at the end of conditional expression 'defined(a) x'", 11},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char bytes[ERROR_SIZE];
        struct text error = text_over(bytes, sizeof(bytes));
        size_t position = 0;
        assert_int_equal(condition_evaluate(CASES[i].text, &position, &error), RESULT_INVALID);
        assert_string_equal(bytes, CASES[i].error);
        assert_int_equal(position, CASES[i].position);
    }
}

static void test_limits(void **state)
{
    char text[CONDITION_ARGUMENT_BYTES + ERROR_SIZE];
    char bytes[ERROR_SIZE];
    size_t position = 0;
    (void)state;
    memset(text, '(', CONDITION_NESTING_MAX - 1);
    memset(text + CONDITION_NESTING_MAX - 1, '1', 1);
    memset(text + CONDITION_NESTING_MAX, ')', CONDITION_NESTING_MAX - 1);
    text[2 * CONDITION_NESTING_MAX - 1] = '\0';
    assert_true_condition(text);
    memset(text, '(', CONDITION_NESTING_MAX);
    text[CONDITION_NESTING_MAX] = '\0';
    struct text error = text_over(bytes, sizeof(bytes));
    assert_int_equal(condition_evaluate(text, &position, &error), RESULT_INVALID);
    assert_string_equal(bytes, "too many nested parentheses, max is 31");
    assert_int_equal(position, CONDITION_NESTING_MAX - 1);

    memcpy(text, "defined(", 8);
    memset(text + 8, 'x', CONDITION_ARGUMENT_BYTES);
    text[8 + CONDITION_ARGUMENT_BYTES] = '\0';
    text_clear(&error);
    assert_int_equal(condition_evaluate(text, &position, &error), RESULT_INVALID);
    assert_string_equal(bytes, "argument too long, max is 1023 bytes");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),   cmocka_unit_test(test_operators),
        cmocka_unit_test(test_predicates), cmocka_unit_test(test_versions),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
