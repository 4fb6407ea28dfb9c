/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the statistics in each form.
 */
#include "admin/statistics_write.h"

#include "support/admin.h"

enum { ROW_MAX = 32768 };

static unsigned count(const char *bytes, char c)
{
    unsigned found = 0;
    for (; *bytes != '\0'; bytes++) {
        found += *bytes == c ? 1 : 0;
    }
    return found;
}

static void test_csv(void **state)
{
    (void)state;
    struct admin_world test;
    char header[ROW_MAX];
    char row[ROW_MAX];
    struct text text = text_over(header, sizeof(header));
    struct text line = text_over(row, sizeof(row));
    admin_world_open(&test);
    statistics_write_header(&text);
    assert_memory_equal(header, "# pxname,svname,", 16);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    statistics_write_csv(&line, &server);
    assert_memory_equal(row, "be,s1,0,0,", 10);
    assert_int_equal(count(row, ','), count(header, ','));
    assert_int_equal(count(row, '\n'), 1);
    assert_string_equal(row + line.length - 4, ",-,\n");
    admin_world_close(&test);
}

static void test_typed(void **state)
{
    (void)state;
    struct admin_world test;
    char bytes[ROW_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    admin_world_open(&test);
    struct statistics_object server = admin_object(&test, STATISTICS_SERVER);
    statistics_write_typed(&text, &server, false);
    assert_memory_equal(bytes, "S.2.1.0.pxname.1:KNS:str:be\nS.2.1.1.svname.1:KNS:str:s1\n", 56);
    assert_non_null(strstr(bytes, "\nS.2.1.55.lastsess.1:MAP:s32:-1\n"));
    assert_null(strstr(bytes, "req_rate")); /* empty ones are left out */
    assert_string_equal(bytes + text.length - 2, "\n\n");
    admin_world_close(&test);
}

static void test_json(void **state)
{
    (void)state;
    struct admin_world test;
    char bytes[ROW_MAX];
    struct text text = text_over(bytes, sizeof(bytes));
    admin_world_prepare(&test, false);
    test.world.settings.name = "a\"b";
    world_start(&test.world);
    struct statistics_object backend = admin_object(&test, STATISTICS_BACKEND);
    statistics_write_json(&text, &backend);
    assert_false(text.truncated);
    assert_non_null(strstr(bytes, "[{\"objType\":\"Backend\",\"proxyId\":2,\"id\":0,\"field\":{"
                                  "\"pos\":0,\"name\":\"pxname\"}"));
    assert_non_null(strstr(bytes, "\"value\":\"a\\\"b\"}}"));
    assert_int_equal(count(bytes, '{'), count(bytes, '}'));
    assert_string_equal(bytes + text.length - 3, "}}]");
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_typed),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
