/* SPDX-License-Identifier: Apache-2.0 */
/* The control group's limit in both versions, of ancestors too, from files laid out as the kernel
 * lays them out. */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "memory/cgroup.h"
#include "memory/memory.h"

struct fixture {
    char root[64];
};

/* Writes `content` to `path` under the root, with the folders on the way. */
static void write_file(const struct fixture *fixture, const char *path, const char *content)
{
    char whole[PATH_MAX];
    snprintf(whole, sizeof(whole), "%s/%s", fixture->root, path);
    for (char *slash = strchr(whole + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(whole, 0755);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static size_t read_limit(const struct fixture *fixture)
{
    char membership[PATH_MAX];
    char mount[PATH_MAX];
    snprintf(membership, sizeof(membership), "%s/membership", fixture->root);
    snprintf(mount, sizeof(mount), "%s/fs", fixture->root);
    return cgroup_read_limit(membership, mount);
}

static void test_version_2(void **state)
{
    const struct fixture *fixture = *state;
    write_file(fixture, "membership", "0::/a/b\n");
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "fs/a/b/memory.max", "max\n");
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "fs/a/b/memory.max", "67108864\n");
    assert_int_equal(read_limit(fixture), 67108864);
    write_file(fixture, "fs/a/memory.max", "33554432\n");
    assert_int_equal(read_limit(fixture), 33554432);
    write_file(fixture, "fs/memory.max", "50000000\n");
    assert_int_equal(read_limit(fixture), 33554432);
}

static void test_version_1(void **state)
{
    const struct fixture *fixture = *state;
    write_file(fixture, "membership", "9:cpu,cpuacct:/x\n4:hugetlb,memory:/a\n0::/\n");
    write_file(fixture, "fs/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "fs/memory/a/memory.limit_in_bytes", "1000000\n");
    assert_int_equal(read_limit(fixture), 1000000);
    write_file(fixture, "fs/memory/memory.limit_in_bytes", "900000\n");
    assert_int_equal(read_limit(fixture), 900000);
}

static void test_a_container_sees_the_mount_only(void **state)
{
    const struct fixture *fixture = *state;
    write_file(fixture, "membership", "0::/host/only/path\n");
    write_file(fixture, "fs/memory.max", "12345678\n");
    assert_int_equal(read_limit(fixture), 12345678);
}

static void test_files_that_say_nothing(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "membership", "");
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "membership", "nonsense\n::::\n0:\n\n5:memoryx:/a\n");
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "membership", "0::/a");
    write_file(fixture, "fs/a/memory.max", "12x\n");
    assert_int_equal(read_limit(fixture), 0);
    write_file(fixture, "fs/a/memory.max", "0\n");
    assert_int_equal(read_limit(fixture), 0);
}

static void test_paths_too_long_are_looked_up_from_their_ancestors(void **state)
{
    const struct fixture *fixture = *state;
    static char membership[PATH_MAX + 100];
    memcpy(membership, "0::/", 4);
    memset(membership + 4, 'x', PATH_MAX);
    write_file(fixture, "membership", membership);
    write_file(fixture, "fs/memory.max", "777777\n");
    assert_int_equal(read_limit(fixture), 777777);
}

static void test_this_process_can_be_asked(void **state)
{
    (void)state;
    assert_true(memory_cgroup_limit() < (size_t)1 << 60);
}

static int open_fixture(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.root = "/tmp/weir-cgroup-XXXXXX"};
    *state = &fixture;
    return mkdtemp(fixture.root) == NULL ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *entry, int type, struct FTW *walk)
{
    (void)entry;
    (void)type;
    (void)walk;
    return remove(path);
}

static int close_fixture(void **state)
{
    const struct fixture *fixture = *state;
    return nftw(fixture->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_version_2, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_version_1, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_a_container_sees_the_mount_only, open_fixture,
                                        close_fixture),
        cmocka_unit_test_setup_teardown(test_files_that_say_nothing, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(test_paths_too_long_are_looked_up_from_their_ancestors,
                                        open_fixture, close_fixture),
        cmocka_unit_test(test_this_process_can_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
