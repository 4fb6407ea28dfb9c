/* SPDX-License-Identifier: Apache-2.0 */
/* maxconn and descriptors by the limit in force, privileges, the pid file, the background. */
#include "process/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "support/instance.h"

enum { NOBODY = 65534 };

static struct test_output output;

/* What a child computes: its limits, and what its configuration says. */
struct limits_case {
    const char *text;
    rlim_t soft, hard;
    /* what comes out */
    enum result result;
    unsigned maxconn, pipes, descriptors; /* descriptors: in force afterwards */
    const char *message;
};

/* Applies a row's limits; writes what came out, which the parent compares. For a child. */
static int apply(void *argument)
{
    const struct limits_case *row = argument;
    struct rlimit limit = {.rlim_cur = row->soft, .rlim_max = row->hard};
    struct test_instance *test = test_instance_open(row->text);
    struct instance *instance = &test->instance;
    enum result result = instance_load(instance, &test->line, &test->report);
    /* root would raise the hard limit */
    bool is_ready = result == RESULT_OK && setrlimit(RLIMIT_NOFILE, &limit) == 0 &&
                    (geteuid() != 0 || seteuid(NOBODY) == 0);
    result = is_ready ? limits_apply(instance) : RESULT_INVALID;
    (void)!seteuid(getuid());
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    struct process_facts facts = instance->facts;
    unsigned pipes = instance->configuration.global.maxpipes;
    test_instance_stop(test);
    printf("%d %u %u %u %u %u\n", (int)result, facts.maxconn, facts.maxconn_hard, pipes,
           facts.descriptors_max, (unsigned)limit.rlim_cur);
    fprintf(stderr, "%s", test->output.error);
    return 0;
}

#define FRONTEND "frontend f\n    bind unix@s.sock\n    timeout client 1s\n"
#define SPLICED  FRONTEND "    option splice-auto\n"

/* 64 descriptors are the process's own, one is the listener's, each connection has two. */
static void connections_follow_from_descriptors(void **state)
{
    static const struct limits_case ROWS[] = {
        {FRONTEND, 1065, 1065, RESULT_OK, 500, 0, 1065, NULL},
        {FRONTEND, 100, 1065, RESULT_OK, 500, 0, 1065, NULL},
        {FRONTEND, 100, 1066, RESULT_OK, 500, 0, 1065, NULL},
        {"global\n    maxconn 10\n" FRONTEND, 64, 1065, RESULT_OK, 10, 0, 85, NULL},
        {"global\n    maxconn 10\n" FRONTEND, 500, 1065, RESULT_OK, 10, 0, 500, NULL},
        {"global\n    maxconn 10\n    ulimit-n 300\n" FRONTEND, 64, 1065, RESULT_OK, 10, 0, 300,
         NULL},
        {FRONTEND "    bind unix@t.sock\nbackend b\n    server s unix@a\n    server t unix@b\n"
                  "    timeout connect 1s\n    timeout server 1s\n",
         1068, 1068, RESULT_OK, 500, 0, 1068, NULL},
        /* a pipe for each four connections, two descriptors each */
        {"global\n    maxconn 10\n" SPLICED, 64, 1065, RESULT_OK, 10, 3, 91, NULL},
        {"global\n    maxconn 10\n    maxpipes 5\n" SPLICED, 64, 1065, RESULT_OK, 10, 5, 95, NULL},
        {SPLICED, 1065, 1065, RESULT_OK, 400, 100, 1065, NULL},
        {"global\n    maxpipes 50\n" SPLICED, 1065, 1065, RESULT_OK, 450, 50, 1065, NULL},
        {"global\n    maxpipes 50000\n    no strict-limits\n" SPLICED, 1065, 1065, RESULT_OK, 250,
         50000, 1065, " : Cannot raise FD limit to 100565, limit is 1065.\n"},
        /* a limit that carries the clients, but not a server's connection for each */
        {"global\n    maxconn 900\n" FRONTEND, 64, 1065, RESULT_OK, 900, 0, 1065, "[WARNING]  "},
        {"global\n    maxconn 1001\n" FRONTEND, 64, 1065, RESULT_FAILED, 1001, 0, 1065,
         " : Cannot raise FD limit to 2067, limit is 1065.\n"},
        {"global\n    maxconn 1001\n    no strict-limits\n" FRONTEND, 64, 1065, RESULT_OK, 1001, 0,
         1065, "[WARNING]  "},
        /* not even the process's own */
        {FRONTEND, 60, 60, RESULT_FAILED, 1, 0, 60, "[ALERT]    "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct limits_case *row = &ROWS[i];
        char expected[128];
        assert_int_equal(test_child_run(apply, (void *)(uintptr_t)row, &output), 0);
        snprintf(expected, sizeof(expected), "%d %u %u %u %u %u\n", (int)row->result, row->maxconn,
                 row->maxconn, row->pipes, row->descriptors, row->descriptors);
        bool is_told = row->message == NULL ? output.error[0] == '\0'
                                            : strstr(output.error, row->message) != NULL;
        if (strcmp(output.out, expected) != 0 || !is_told) {
            fail_msg("%swanted %sgot %s%s", row->text, expected, output.out, output.error);
        }
    }
}

/* ---- privileges ---- */

static int drop(void *text)
{
    struct test_instance *test = test_instance_open(text);
    enum result result = instance_load(&test->instance, &test->line, &test->report);
    char folder[64];
    snprintf(folder, sizeof(folder), "%s", test->folder.path);
    if (result == RESULT_OK) {
        result = limits_drop_privileges(&test->instance);
    }
    char here[256] = "";
    (void)!getcwd(here, sizeof(here));
    bool has_folder = access(folder, F_OK) == 0; /* seen from the root in force */
    test_instance_stop(test);
    printf("%d %d %d %d %s\n", (int)result, (int)geteuid(), (int)getegid(), has_folder,
           strcmp(here, "/") == 0 ? "root" : "elsewhere");
    fprintf(stderr, "%s", test->output.error);
    fflush(NULL);
    _exit(0); /* the leak checker cannot look at who changed its user */
}

static void privileges_are_dropped(void **state)
{
    static const struct {
        const char *text;
        const char *out;
        const char *error;
    } ROWS[] = {
        {"global\n    uid 65533\n    gid 65532\n", "0 65533 65532 1 elsewhere\n", ""},
        {"global\n    chroot /var\n    uid 65533\n", "0 65533 0 0 root\n", ""},
        {"global\n", "0 0 0 1 elsewhere\n", ""},
        {"global\n    chroot /none\n    uid 65533\n", "? 0 0 1 elsewhere\n",
         " : Cannot chroot to '/none': No such file or directory.\n"},
    };
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(test_child_run(drop, (void *)(uintptr_t)ROWS[i].text, &output), 0);
        bool is_failed = ROWS[i].out[0] == '?';
        assert_string_equal(output.out + (is_failed ? 1 : 0), ROWS[i].out + (is_failed ? 1 : 0));
        assert_int_equal(output.out[0] != '0', is_failed);
        assert_non_null(strstr(output.error, ROWS[i].error));
        assert_int_equal(output.error[0] != '\0', is_failed);
    }
}

/* Who is nobody cannot become somebody else. */
static int drop_as_nobody(void *text)
{
    return setgid(NOBODY) == 0 && setuid(NOBODY) == 0 ? drop(text) : 1;
}

static void refused_changes_are_told(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    assert_int_equal(test_child_run(drop_as_nobody, "global\n    uid 1\n", &output), 0);
    assert_non_null(
        strstr(output.error, " : Cannot change to user 'uid': Operation not permitted.\n"));
    assert_int_equal(test_child_run(drop_as_nobody, "global\n    user daemon\n", &output), 0);
    assert_non_null(
        strstr(output.error, " : Cannot change to user 'daemon': Operation not permitted.\n"));
    assert_int_equal(test_child_run(drop_as_nobody, "global\n    gid 1\n", &output), 0);
    assert_non_null(
        strstr(output.error, " : Cannot change to group 'gid': Operation not permitted.\n"));
}

/* ---- the pid file ---- */

static void the_pid_is_written(void **state)
{
    (void)state;
    struct test_instance *test = test_instance_open("global\n    pidfile weir.pid\n");
    test_file_write("weir.pid", "an older and longer content\n");
    enum result result = instance_load(&test->instance, &test->line, &test->report);
    result = result == RESULT_OK ? limits_write_pidfile(&test->instance) : result;
    char expected[32];
    char content[64] = "";
    FILE *file = fopen("weir.pid", "r");
    content[fread(content, 1, sizeof(content) - 1, file)] = '\0';
    fclose(file);
    test->instance.configuration.global.pidfile = "/none/weir.pid";
    enum result refused = limits_write_pidfile(&test->instance);
    test->instance.configuration.global.pidfile = NULL;
    enum result without = limits_write_pidfile(&test->instance);
    test_instance_stop(test);
    snprintf(expected, sizeof(expected), "%d\n", (int)getpid());
    assert_int_equal(result, RESULT_OK);
    assert_string_equal(content, expected);
    assert_int_equal(refused, RESULT_FAILED);
    assert_int_equal(without, RESULT_OK);
    assert_non_null(
        strstr(test->output.error,
               " : Cannot create pidfile '/none/weir.pid': No such file or directory.\n"));
    test_instance_close(test);
}

/* ---- the background ---- */

/* Enters the background; the child tells it has started, or ends before. */
static int enter(void *tells)
{
    int fd = -1;
    if (limits_enter_background(&fd) != RESULT_OK || fd < 0 || getsid(0) != getpid()) {
        _exit(3);
    }
    if (tells != NULL) {
        limits_tell_started(fd);
        /* nobody sees this: the terminal is given up */
        fprintf(stderr, "hidden");
        fflush(stderr);
        char byte;
        _exit(read(STDIN_FILENO, &byte, 1) == 0 && fcntl(fd, F_GETFD) < 0 ? 0 : 4);
    }
    _exit(5);
}

static void the_parent_waits_for_a_word(void **state)
{
    (void)state;
    int status = 0;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(test_child_run(enter, "yes", &output), 0);
    assert_string_equal(output.error, "");
    assert_true(wait(&status) > 0);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(test_child_run(enter, NULL, &output), 1);
    assert_true(wait(&status) > 0);
    assert_int_equal(WEXITSTATUS(status), 5);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_follow_from_descriptors),
        cmocka_unit_test(privileges_are_dropped),
        cmocka_unit_test(refused_changes_are_told),
        cmocka_unit_test(the_pid_is_written),
        cmocka_unit_test(the_parent_waits_for_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
