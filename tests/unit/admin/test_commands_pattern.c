/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands on maps and ACLs, over a file that exists in memory only.
 */
#include "admin/commands.h"

#include "rules/sample.h"
#include "support/admin.h"

static void open_with_map(struct admin_world *test)
{
    char bytes[512];
    struct text error = text_over(bytes, sizeof(bytes));
    struct pattern_file *file = NULL;
    struct pattern_set *set = NULL;
    admin_world_open(test);
    struct rule_parser parser = {.account = &test->world.account,
                                 .error = &error,
                                 .patterns = test->world.configuration.patterns};
    assert_int_equal(pattern_files_open(&parser, "virt@m", true, PATTERN_USE_MAP, &file),
                     RESULT_OK);
    assert_int_equal(pattern_file_compile(&parser, file, PATTERN_STRING, 0, SAMPLE_STRING, &set),
                     RESULT_OK);
}

static void test_changes(void **state)
{
    (void)state;
    struct admin_world test;
    open_with_map(&test);
    admin_assert_silent(&test, "add map virt@m /a one");
    admin_assert_silent(&test, "add map virt@m /b two");
    admin_assert_says(&test, "show map", "(virt@m) ");
    admin_assert_says(&test, "show map", "entry_cnt=2\n");
    admin_assert_says(&test, "show map virt@m", " /a one\n");
    admin_assert_says(&test, "get map virt@m /a", "match=yes");
    admin_assert_says(&test, "get map virt@m /a", "value=\"one\"");
    admin_assert_says(&test, "get map virt@m /c", "match=no");
    admin_assert_silent(&test, "set map virt@m /a uno");
    admin_assert_says(&test, "show map virt@m", " /a uno\n");
    admin_assert_silent(&test, "del map virt@m /a");
    assert_null(strstr(admin_ask(&test, "show map virt@m"), "/a"));
    admin_assert_says(&test, "del map virt@m /a", "not found");
    admin_assert_silent(&test, "clear map virt@m");
    assert_null(strstr(admin_ask(&test, "show map virt@m"), "/b"));
    admin_world_close(&test);
}

static void test_versions(void **state)
{
    (void)state;
    struct admin_world test;
    open_with_map(&test);
    admin_assert_silent(&test, "add map virt@m old 1");
    unsigned version = 0;
    assert_int_equal(
        sscanf(admin_ask(&test, "prepare map virt@m"), "New version created: %u", &version), 1);
    char line[64];
    struct text text = text_over(line, sizeof(line));
    text_append_format(&text, "add map @%u virt@m new 2", version);
    admin_assert_silent(&test, line);
    admin_assert_says(&test, "show map virt@m", " old 1\n");
    text_clear(&text);
    text_append_format(&text, "commit map @%u virt@m", version);
    admin_assert_silent(&test, line);
    admin_assert_says(&test, "show map virt@m", " new 2\n");
    assert_null(strstr(test.answer, "old"));
    admin_assert_says(&test, "commit map virt@m", "out of range");
    admin_assert_says(&test, "show map @x virt@m", "must be an unsigned integer");
    admin_world_close(&test);
}

static void test_payload_and_errors(void **state)
{
    (void)state;
    struct admin_world test;
    open_with_map(&test);
    test.payload = SLICE("k1 v1\n\n  k2   v2 x \n");
    admin_assert_silent(&test, "add map virt@m");
    admin_assert_says(&test, "show map virt@m", " k1 v1\n");
    admin_assert_says(&test, "show map virt@m", " k2 v2 x\n");
    test.payload = SLICE("lonely\n");
    admin_assert_says(&test, "add map virt@m", "missing value for key 'lonely'");
    test.payload = SLICE_NONE;
    admin_assert_says(&test, "add map virt@m only", "expects three parameters");
    admin_assert_says(&test, "set map virt@m only", "expects three parameters");
    admin_assert_says(&test, "get map virt@m", "Missing key.");
    admin_assert_says(&test, "del map virt@m", "expects two parameters");
    admin_assert_says(&test, "show map other", "Unknown map identifier.");
    admin_assert_says(&test, "show acl virt@m", "Unknown ACL identifier.");
    test.modes.level = CLI_USER;
    admin_assert_says(&test, "clear map virt@m", "Permission denied");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_payload_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
