/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Written forms of values: CSV quoting, typed lines, JSON escaping.
 */
#include "admin/value.h"

#include "support/admin.h"

static char bytes[1024];
static struct text out;

static struct statistics_value string(const char *s)
{
    return (struct statistics_value){.type = STATISTICS_STRING, .string = slice_from_string(s)};
}

static int set_up(void **state)
{
    (void)state;
    out = text_over(bytes, sizeof(bytes));
    return 0;
}

static void assert_csv(struct statistics_value value, const char *expected)
{
    text_clear(&out);
    value_append_csv(&out, &value);
    assert_string_equal(bytes, expected);
}

static void test_csv(void **state)
{
    (void)state;
    assert_csv((struct statistics_value){.type = STATISTICS_EMPTY, .number = 3}, "");
    assert_csv((struct statistics_value){.type = STATISTICS_U32, .number = 0}, "0");
    assert_csv((struct statistics_value){.type = STATISTICS_S32, .number = UINT64_MAX}, "-1");
    assert_csv((struct statistics_value){.type = STATISTICS_U64, .number = UINT64_MAX},
               "18446744073709551615");
    assert_csv(string("plain words"), "plain words");
    assert_csv(string("a,b"), "\"a,b\"");
    assert_csv(string("say \"x\""), "\"say \"\"x\"\"\"");
    assert_csv(string("two\nlines"), "\"two\nlines\"");
}

static void test_typed(void **state)
{
    (void)state;
    struct statistics_value value = {.type = STATISTICS_U64, .number = 12};
    value_append_typed(&out, "MCP", &value);
    value = string("UP");
    value_append_typed(&out, "SGP", &value);
    assert_string_equal(bytes, ":MCP:u64:12:SGP:str:UP");
}

static void test_json(void **state)
{
    (void)state;
    struct statistics_value value = string("a\"\\\n");
    value_append_json(&out, "KNS", &value);
    assert_string_equal(bytes, "\"processNum\":1,\"tags\":{\"origin\":\"Key\",\"nature\":\"Name\","
                               "\"scope\":\"Service\"},\"value\":{\"type\":\"str\",\"value\":"
                               "\"a\\\"\\\\\\u000a\"}");
    text_clear(&out);
    value = (struct statistics_value){.type = STATISTICS_S32, .number = (uint64_t)-7};
    value_append_json(&out, "MaP", &value);
    assert_non_null(strstr(bytes, "\"nature\":\"Avg\""));
    assert_non_null(strstr(bytes, "{\"type\":\"s32\",\"value\":-7}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_csv, set_up),
        cmocka_unit_test_setup(test_typed, set_up),
        cmocka_unit_test_setup(test_json, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
