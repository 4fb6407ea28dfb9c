/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show pools with its choices, show memory, and what SIGQUIT prints.
 */
#include "admin/commands.h"

#include "admin/admin.h"
#include "support/admin.h"

static unsigned rows(const char *answer)
{
    unsigned count = 0;
    for (const char *at = strstr(answer, "  - Pool "); at != NULL;
         at = strstr(at + 1, "  - Pool ")) {
        count++;
    }
    return count;
}

static void test_pools(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    unsigned all = rows(admin_ask(&test, "show pools"));
    assert_true(all > 3);
    assert_memory_equal(test.answer, "Dumping pools usage.", 20);
    assert_non_null(strstr(test.answer, "\nTotal: "));
    assert_int_equal(rows(admin_ask(&test, "show pools 2")), 2);
    assert_int_equal(rows(admin_ask(&test, "show pools match buffer")), 2);
    assert_int_equal(rows(admin_ask(&test, "show pools match nothing")), 0);
    assert_true(rows(admin_ask(&test, "show pools byusage")) <= all);
    admin_assert_says(&test, "show pools detailed", "      > ");
    admin_assert_says(&test, "show pools bycolour", "Expects 'byname', 'bysize'");
    admin_world_close(&test);
}

static void test_orders(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    char before[64] = "";
    size_t size_before = SIZE_MAX;
    const char *at = admin_ask(&test, "show pools byname");
    while ((at = strstr(at, "  - Pool ")) != NULL) {
        char name[64];
        assert_int_equal(sscanf(at, "  - Pool %63s", name), 1);
        assert_true(strcmp(before, name) <= 0);
        memcpy(before, name, sizeof(before));
        at++;
    }
    at = admin_ask(&test, "show pools bysize");
    while ((at = strstr(at, "  - Pool ")) != NULL) {
        size_t size = 0;
        assert_int_equal(sscanf(at, "  - Pool %*s (%zu bytes)", &size), 1);
        assert_true(size <= size_before);
        size_before = size;
        at++;
    }
    admin_world_close(&test);
}

static void test_memory(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    test.world.facts.refused_memory = 31;
    admin_assert_says(&test, "show memory", "(none)\n");
    admin_assert_says(&test, "show memory", "level          : calm");
    admin_assert_says(&test, "show memory", "exchanges      : 31\n");
    admin_assert_says(&test, "show memory", "ledger used    : ");
    admin_world_close(&test);
}

static void test_dump(void **state)
{
    (void)state;
    struct admin_world test;
    char bytes[16384];
    admin_world_open(&test);
    int fd = memfd_create("dump", MFD_CLOEXEC);
    admin_dump_pools(&test.world.worker, fd);
    ssize_t length = pread(fd, bytes, sizeof(bytes) - 1, 0);
    assert_true(length > 0);
    bytes[length] = '\0';
    assert_non_null(strstr(bytes, "Pool buffer "));
    assert_non_null(strstr(bytes, "\nTotal: "));
    close(fd);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pools),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
