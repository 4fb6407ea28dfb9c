/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs and conditions: names, criteria with flags, operators and files, alternatives and negation,
 * and what is not known yet.
 */
#include "rules/acl.h"

#include <stdlib.h>
#include <unistd.h>

#include "rules/pattern.h"
#include "support/fetch.h"

static struct rules_test test;
static struct acl_table *defaults;
static struct acl_table *acls;

FETCH_TEST_REGISTRY(registry, fetches_internal, fetches_http, fetches_content);

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "POST", "/a/b?x=1");
    rules_test_field(&test.request, "X-N", "5, 6");
    rules_test_field(&test.request, "X-N", "7");
    test.parser.registry = &registry;
    test.parser.patterns = pattern_files_create(&test.account);
    assert_non_null(test.parser.patterns);
    defaults = acl_table_create(&test.account, NULL);
    acls = acl_table_create(&test.account, defaults);
    assert_non_null(acls);
    test.parser.acls = acls;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    acl_table_destroy(&test.account, acls);
    acl_table_destroy(&test.account, defaults);
    pattern_files_destroy(test.parser.patterns);
    rules_test_close(&test);
    return 0;
}

static void add(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    text_clear(&test.error);
    if (acl_parse(&test.parser, words, count) != RESULT_OK) {
        fail_msg("%s: %s", line, test.error_storage);
    }
}

static const char *refusal_of_acl(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    text_clear(&test.error);
    assert_int_equal(acl_parse(&test.parser, words, count), RESULT_INVALID);
    return test.error_storage;
}

static const char *refusal(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    struct acl_condition *condition = NULL;
    unsigned count = rules_test_words(&test, line, words);
    text_clear(&test.error);
    assert_int_equal(acl_condition_parse(&test.parser, words, count, &condition), RESULT_INVALID);
    assert_null(condition);
    return test.error_storage;
}

/* Parses, evaluates once and drops a condition. */
static enum result evaluate(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    struct acl_condition *condition = NULL;
    unsigned count = rules_test_words(&test, line, words);
    text_clear(&test.error);
    if (acl_condition_parse(&test.parser, words, count, &condition) != RESULT_OK) {
        fail_msg("%s: %s", line, test.error_storage);
    }
    enum result result = acl_condition_evaluate(condition, &test.context);
    arena_clear(&test.scratch);
    acl_condition_destroy(&test.account, condition);
    return result;
}

#define assert_holds(line) assert_int_equal(evaluate(line), RESULT_OK)
#define assert_fails(line) assert_int_equal(evaluate(line), RESULT_NOT_FOUND)
#define assert_waits(line) assert_int_equal(evaluate(line), RESULT_BLOCKED)

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(acl_condition_evaluate(NULL, &test.context), RESULT_OK);
    assert_holds("if TRUE");
    assert_fails("if FALSE");
    assert_fails("unless TRUE");
    assert_holds("unless FALSE");
    assert_fails("if TRUE FALSE");
    assert_holds("if FALSE or TRUE");
    assert_holds("if FALSE TRUE || TRUE TRUE");
    assert_fails("if FALSE || TRUE FALSE");
    assert_holds("if !FALSE");
    assert_holds("if ! FALSE");
    assert_holds("if !!TRUE");
    assert_fails("unless FALSE or TRUE");
}

static void test_names(void **state)
{
    (void)state;
    add("post method POST");
    add("either path /x");
    assert_holds("if post");
    assert_fails("if either");
    add("either path /a/b"); /* another alternative */
    assert_holds("if either post");
    test.parser.acls = defaults;
    add("inherited always_true");
    test.parser.acls = acls;
    assert_holds("if inherited");
    add("inherited always_false"); /* the proxy's own hides it */
    assert_fails("if inherited");
}

static void test_predefined_names(void **state)
{
    (void)state;
    assert_holds("if METH_POST");
    assert_fails("if METH_GET");
    assert_holds("if HTTP_1.1");
    assert_fails("if HTTP_1.0");
    assert_holds("if HTTP_URL_SLASH !HTTP_URL_STAR !HTTP_URL_ABS");
    assert_fails("if HTTP_CONTENT");
    assert_holds("if HTTP");
    add("METH_PUT path_beg /a"); /* a name of the file comes first */
    assert_holds("if METH_PUT");
}

static void test_criteria(void **state)
{
    (void)state;
    assert_holds("if { path_beg /a }");
    assert_holds("if { path -m beg /a }");
    assert_fails("if { path /A/B }");
    assert_holds("if { path -i /A/B }");
    assert_holds("if { path /x /y /a/b }");
    assert_holds("if { path_sub x b }");
    assert_holds("if { hdr(x-n) 5 }"); /* any of the values */
    assert_holds("if { hdr(x-n) 7 }");
    assert_fails("if { hdr(x-n) 8 }");
    assert_holds("if { hdr(x-n) -m found }");
    assert_fails("if { hdr(x-none) -m found }");
    assert_holds("if { path -- /a/b }");
    assert_holds("if { str(-x) -- -x }");
    assert_fails("if ! { path_beg /a }");
}

static void test_integers(void **state)
{
    (void)state;
    assert_holds("if { int(5) 5 }");
    assert_holds("if { int(5) 1:9 }");
    assert_holds("if { int(5) ge 5 }");
    assert_fails("if { int(5) gt 5 }");
    assert_holds("if { int(5) gt 4 }");
    assert_holds("if { int(5) lt 6 }");
    assert_fails("if { int(5) lt 5 }");
    assert_holds("if { int(5) le 5 }");
    assert_holds("if { int(5) eq 4 eq 5 }");
    assert_holds("if { int(-5) lt -4 }");
    assert_holds("if { int(5) }");
    assert_fails("if { int(0) }");
    assert_holds("if { path_len gt 3 }");
    assert_holds("if { str(abc) -m len 3 }");
    assert_string_equal(refusal("if { int(5) gt x }"), "'x' is not a number behind 'gt'");
}

static void test_files(void **state)
{
    (void)state;
    char name[] = "/tmp/weir-test-acl-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    static const char LINES[] = "# paths\n/x\n/a/b\n";
    assert_int_equal(write(fd, LINES, sizeof(LINES) - 1), (ssize_t)sizeof(LINES) - 1);
    close(fd);
    char line[128];
    snprintf(line, sizeof(line), "if { path -f %s }", name);
    assert_holds(line);
    rules_test_request(&test, "GET", "/z");
    assert_fails(line);
    snprintf(line, sizeof(line), "if { path -f %s /z }", name);
    assert_holds(line);
    assert_int_equal(unlink(name), 0);
}

static void test_waiting(void **state)
{
    (void)state;
    assert_holds("if WAIT_END");
    test.context.is_final = false;
    assert_waits("if WAIT_END");
    assert_waits("if !WAIT_END");
    assert_waits("unless WAIT_END");
    assert_waits("if WAIT_END TRUE");
    assert_fails("if WAIT_END FALSE"); /* whatever comes */
    assert_fails("if FALSE WAIT_END");
    assert_holds("if WAIT_END or TRUE");
    assert_waits("if WAIT_END or FALSE");
    assert_waits("if { req.len gt 5 }"); /* it may grow */
    assert_holds("if { req.len 0 }");
    test.context.request = NULL;
    assert_waits("if { path / }");
}

static void test_errors(void **state)
{
    (void)state;
    add("known always_true");
    assert_string_equal(refusal("if nothing"), "no such ACL : 'nothing'");
    assert_string_equal(refusal("if knwn"), "no such ACL : 'knwn'; did you mean 'known' maybe ?");
    assert_string_equal(refusal("if"), "missing condition behind 'if'");
    assert_string_equal(refusal("if { path /a"), "missing closing '}' in condition");
    assert_string_equal(refusal("if { }"), "a criterion is expected between '{' and '}'");
    assert_string_equal(refusal("if { path -m odd x }"),
                        "unknown matching method 'odd' in ACL expression");
    assert_non_null(strstr(refusal("if { nofetch x }"), "unknown fetch method 'nofetch'"));
    assert_string_equal(refusal_of_acl("a/b always_true"),
                        "invalid character in ACL name 'a/b': letters, digits, '-', '_', '.' and "
                        "':' are expected");
    assert_string_equal(refusal_of_acl("or always_true"),
                        "acl name 'or' will never match. 'or' is used to express a disjunction "
                        "within a condition");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_words),    CASE(test_names), CASE(test_predefined_names), CASE(test_criteria),
        CASE(test_integers), CASE(test_files), CASE(test_waiting),          CASE(test_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
