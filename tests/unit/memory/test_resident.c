/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's figures: they move with memory touched, and a child process reads its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/number.h"
#include "memory/allocator.h"
#include "memory/resident.h"

#define TOUCHED (16 * MEBIBYTE)

static char *touch(void)
{
    char *block = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(block != MAP_FAILED);
    memset(block, 1, TOUCHED);
    return block;
}

static void test_resident_follows_what_is_touched(void **state)
{
    (void)state;
    struct resident_reader reader;
    resident_open(&reader);
    const size_t before = resident_read(&reader);
    const size_t proportional = resident_read_proportional(&reader);
    assert_true(before > 100 * KIBIBYTE);
    assert_true(proportional > 0 && proportional <= before + 64 * KIBIBYTE);
    char *block = touch();
    assert_true(resident_read(&reader) >= before + TOUCHED - MEBIBYTE);
    if (!allocator_is_sanitized()) { /* a sanitizer's shadow grows too */
        assert_true(resident_read(&reader) <= before + TOUCHED + MEBIBYTE);
    }
    assert_true(resident_read_proportional(&reader) >= proportional + TOUCHED - MEBIBYTE);
    munmap(block, TOUCHED);
    if (!allocator_is_sanitized()) {
        assert_true(resident_read(&reader) < before + MEBIBYTE);
    }
    resident_close(&reader);
}

static void test_a_child_reads_its_own(void **state)
{
    (void)state;
    struct resident_reader reader;
    int status = -1;
    resident_open(&reader);
    const size_t before = resident_read(&reader);
    const pid_t child = fork();
    if (child == 0) {
        (void)touch();
        _exit(resident_read(&reader) >= TOUCHED ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_true(resident_read(&reader) < before + MEBIBYTE);
    resident_close(&reader);
}

static void test_closed_reads_nothing(void **state)
{
    (void)state;
    struct resident_reader reader;
    resident_open(&reader);
    resident_close(&reader);
    assert_int_equal(resident_read(&reader), 0);
    assert_int_equal(resident_read_proportional(&reader), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resident_follows_what_is_touched),
        cmocka_unit_test(test_a_child_reads_its_own),
        cmocka_unit_test(test_closed_reads_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
