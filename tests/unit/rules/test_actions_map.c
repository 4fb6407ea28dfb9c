/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-map, del-map, add-acl and del-acl on files that exist in memory only.
 */
#include "rules/actions.h"

#include "rules/pattern.h"
#include "support/rules.h"

static struct rules_test test;
static struct pattern_file *map;
static struct pattern_file *list;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/p");
    test.parser.patterns = pattern_files_create(&test.account);
    assert_non_null(test.parser.patterns);
    assert_int_equal(pattern_files_open(&test.parser, "virt@map", true, PATTERN_USE_MAP, &map),
                     RESULT_OK);
    assert_int_equal(pattern_files_open(&test.parser, "virt@list", false, PATTERN_USE_ACL, &list),
                     RESULT_OK);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_files_destroy(test.parser.patterns);
    rules_test_close(&test);
    return 0;
}

static void run(const char *line)
{
    assert_int_equal(rules_test_run(&test, ACTIONS_MAP, line).kind, VERDICT_CONTINUE);
}

struct search {
    struct slice key;
    char value[32];
    unsigned count;
};

static bool visit(void *argument, const struct pattern_view *view)
{
    struct search *search = argument;
    if (slice_equal(view->key, search->key)) {
        struct text text = text_over(search->value, sizeof(search->value));
        text_append(&text, view->value);
        search->count++;
    }
    return true;
}

/* The value of an entry, and that it is there once. */
static void check_value(const char *key, const char *value)
{
    struct search search = {.key = slice_from_string(key)};
    struct pattern_walk walk;
    assert_int_equal(pattern_walk_begin(&walk, map, 0), RESULT_OK);
    assert_int_equal(pattern_walk_on(&walk, SIZE_MAX, visit, &search), RESULT_END);
    pattern_walk_end(&walk);
    assert_int_equal(search.count, 1);
    assert_string_equal(search.value, value);
}

static void test_maps(void **state)
{
    (void)state;
    run("set-map(virt@map) key%[path] one");
    check_value("key/p", "one");
    run("set-map(virt@map) key/p two%[path]");
    check_value("key/p", "two/p");
    run("del-map(virt@map) %[str(key)]%[path]");
    assert_false(pattern_file_has(map, SLICE("key/p")));
    run("del-map(virt@map) key/p");
}

static void test_lists(void **state)
{
    (void)state;
    run("add-acl(virt@list) %[path]");
    run("add-acl(virt@list) /p");
    assert_true(pattern_file_has(list, SLICE("/p")));
    struct pattern_file_info info;
    pattern_file_inspect(list, &info);
    assert_int_equal(info.entries, 1);
    run("del-acl(virt@list) /p");
    assert_false(pattern_file_has(list, SLICE("/p")));
}

static void test_unknown_file(void **state)
{
    (void)state;
    run("set-map(nosuchfile) a b");
    run("del-acl(nosuchfile) a");
}

static void test_refused_lines(void **state)
{
    (void)state;
    enum rule_phase phase = RULE_HTTP_REQUEST;
    assert_string_equal(rules_test_refusal(&test, ACTIONS_MAP, phase, "set-map(f)"),
                        "expects exactly 2 arguments");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_MAP, phase, "set-map(f) a"),
                        "expects exactly 2 arguments");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_MAP, phase, "add-acl(f)"),
                        "expects exactly 1 argument");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_MAP, phase, "del-map( a"),
                        "expects a file name between parentheses, as in 'del-map(<map-name>) <key "
                        "fmt>'");
    assert_string_equal(rules_test_refusal(&test, ACTIONS_MAP, phase, "del-map() a"),
                        "expects a file name between parentheses, as in 'del-map(<map-name>) <key "
                        "fmt>'");
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_maps),
        WITH_TEST(test_lists),
        WITH_TEST(test_unknown_file),
        WITH_TEST(test_refused_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
