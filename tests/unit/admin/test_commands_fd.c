/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show fd: descriptors that nobody here owns, one of them, kinds; those of connections are shown by
 * the integration tests.
 */
#include "admin/commands.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/admin.h"

static bool has_line(struct admin_world *test, const char *command, int fd, const char *what)
{
    char line[64];
    snprintf(line, sizeof(line), "%7d : %s\n", fd, what);
    return strstr(admin_ask(test, command), line) != NULL;
}

static void test_kinds(void **state)
{
    (void)state;
    struct admin_world test;
    int pipes[2];
    admin_world_open(&test);
    assert_int_equal(pipe(pipes), 0);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int file = open("/dev/null", O_RDONLY);
    assert_true(listener >= 0 && file >= 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_true(has_line(&test, "show fd", pipes[0], "pipe"));
    assert_true(has_line(&test, "show fd", file, "file"));
    assert_true(has_line(&test, "show fd", listener, "listener of the process"));
    assert_true(has_line(&test, "show fd p", pipes[1], "pipe"));
    assert_false(has_line(&test, "show fd l", pipes[1], "pipe"));
    assert_true(has_line(&test, "show fd -p", listener, "listener of the process"));
    assert_false(has_line(&test, "show fd -p", pipes[1], "pipe"));
    assert_false(has_line(&test, "show fd pl!p", pipes[1], "pipe"));
    char command[64];
    char line[64];
    snprintf(command, sizeof(command), "show fd %d", pipes[1]);
    snprintf(line, sizeof(line), "%7d : pipe\n", pipes[1]);
    assert_string_equal(admin_ask(&test, command), line);
    close(pipes[0]);
    close(pipes[1]);
    close(listener);
    close(file);
    assert_string_equal(admin_ask(&test, command), "");
    admin_world_close(&test);
}

static void test_a_high_number_without_an_owner(void **state)
{
    (void)state;
    struct admin_world test;
    admin_world_open(&test);
    int high = fcntl(STDIN_FILENO, F_DUPFD, 900);
    assert_true(high >= 900);
    char number[16];
    snprintf(number, sizeof(number), "%7d : ", high);
    admin_assert_says(&test, "show fd", number);
    close(high);
    admin_world_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_a_high_number_without_an_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
