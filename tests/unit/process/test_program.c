/* SPDX-License-Identifier: Apache-2.0 */
/* The program from its arguments to its exit status: what it writes, checks, runs and ends by. */
#include "process/program.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "support/process.h"

static struct test_folder folder;
static struct test_output output;

static int setup(void **state)
{
    (void)state;
    setenv("WEIR_LEAKS_ARE_FATAL", "1", 1);
    test_folder_open(&folder);
    test_file_write("good.cfg", TEST_FRONTEND);
    test_file_write("idle.cfg", "backend b\n");
    test_file_write("bad.cfg", "global\n    nonsense\n");
    test_file_write("doubtful.cfg", "frontend f\n    mode http\n    bind unix@s.sock\n");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    test_folder_close(&folder);
    return 0;
}

/* Runs the program with the words of `text`; for a child. */
static int run(void *text)
{
    static char bytes[TEST_TEXT_BYTES];
    char *words[TEST_WORDS_MAX] = {"weir"};
    int count = 1;
    snprintf(bytes, sizeof(bytes), "%s", (char *)text);
    for (char *word = bytes; *word != '\0' && count < TEST_WORDS_MAX;) {
        size_t length = strcspn(word, " ");
        bool is_last = word[length] == '\0';
        words[count++] = word;
        word[length] = '\0';
        word += length + (is_last ? 0 : 1);
    }
    return program_run(count, words);
}

/* Arguments, the exit status, and parts of what is written; NULL: nothing at all. */
struct row {
    const char *arguments;
    int status;
    const char *out;
    const char *error;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        int status = test_child_run(run, (void *)(uintptr_t)row->arguments, &output);
        bool is_out =
            row->out == NULL ? output.out[0] == '\0' : strstr(output.out, row->out) != NULL;
        bool is_error =
            row->error == NULL ? output.error[0] == '\0' : strstr(output.error, row->error) != NULL;
        if (status != row->status || !is_out || !is_error) {
            fail_msg("weir %s: status %d\n%s\n%s", row->arguments, status, output.out,
                     output.error);
        }
    }
}

static void what_is_asked_is_written(void **state)
{
    static const struct row ROWS[] = {
        {"", 1, NULL, "Usage"},
        {"-v", 0, "weir version ", NULL},
        {"-vv", 0, "Available services :", NULL},
        {"-dMhelp", 0, "no-merge", NULL},
        {"-nonsense", 1, NULL, "weir: "},
        {"-db", 1, NULL, "Usage"},
    };
    (void)state;
    check_rows(ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void conditions_have_statuses(void **state)
{
    static const struct row ROWS[] = {
        {"-cc 1", 0, NULL, NULL},
        {"-cc 0", 1, NULL, NULL},
        {"-cc defined(PATH)", 0, NULL, NULL},
        {"-cc nope", 2, NULL,
         " : config : Failed to evaluate condition: unparsable conditional expression 'nope'\n"},
    };
    (void)state;
    check_rows(ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

static void files_are_checked(void **state)
{
    static const struct row ROWS[] = {
        {"-c -f good.cfg", 0, "Configuration file is valid\n", NULL},
        {"-c -q -f good.cfg", 0, NULL, NULL},
        {"-c -f idle.cfg", 2, NULL,
         " : config : No enabled listener found (check for 'bind' directives) ! Exiting.\n"},
        {"-f idle.cfg", 1, NULL, "No enabled listener found"},
        {"-c -f bad.cfg", 1, NULL,
         " : config : parsing [bad.cfg:2] : unknown keyword 'nonsense' in 'global' section\n"},
        {"-c -f bad.cfg", 1, NULL, " : config : Fatal errors found in configuration.\n"},
        {"-c -f none.cfg", 1, NULL,
         " : config : Cannot open configuration file/directory none.cfg : No such file or "
         "directory\n"},
        {"-c -f doubtful.cfg", 0, "Configuration file is valid\n", "[WARNING]  "},
        {"-c -dW -f doubtful.cfg", 1, NULL,
         " : Some warnings were found and 'zero-warning' is set. Aborting.\n"},
        {"-c -dW -f good.cfg", 0, "Configuration file is valid\n", NULL},
        {"-C / -c -f good.cfg", 1, NULL, "Cannot open configuration file/directory good.cfg"},
        {"-C . -c -f good.cfg", 0, "Configuration file is valid\n", NULL},
        {"-C /none -c -f good.cfg", 1, NULL, " : Could not change to directory /none.\n"},
    };
    (void)state;
    check_rows(ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

/* `zero-warning` of the file counts as -dW does; what cannot be bound ends the start. */
static void starts_fail(void **state)
{
    static const struct row ROWS[] = {
        {"-c -f zero.cfg", 1, NULL, "'zero-warning' is set. Aborting.\n"},
        {"-f unbound.cfg", 1, NULL, " : Binding [unbound.cfg:1] for frontend f: "},
        {"-D -f unbound.cfg", 1, NULL, " : Binding [unbound.cfg:1] for frontend f: "},
        {"-p /none/pid -f good.cfg", 1, NULL,
         " : Cannot create pidfile '/none/pid': No such file or directory.\n"},
    };
    (void)state;
    test_file_write("zero.cfg",
                    "global\n    zero-warning\nfrontend f\n    mode http\n    bind unix@s.sock\n");
    test_file_write("unbound.cfg",
                    "frontend f\n    mode http\n    timeout client 5s\n    bind /none/s.sock\n");
    check_rows(ROWS, sizeof(ROWS) / sizeof(ROWS[0]));
}

/* Waits until the frontend takes connections. */
static void wait_for_listener(void)
{
    enum { TRIES = 500, PAUSE_US = 10000 };
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "s.sock"};
    for (int i = 0; i < TRIES; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        int result = connect(fd, (const struct sockaddr *)&address, sizeof(address));
        close(fd);
        if (result == 0) {
            return;
        }
        usleep(PAUSE_US);
    }
    fail_msg("nobody listens");
}

static pid_t read_pid(const char *path)
{
    int pid = 0;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

/* It runs until a signal, with its pid in the file, and says what it does not do yet. */
static void it_runs_until_a_signal(void **state)
{
    static const int SIGNALS[] = {SIGTERM, SIGINT, SIGUSR1};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        test_output_begin(&output);
        pid_t pid = fork();
        if (pid == 0) {
            exit(run("-W -S ./m.sock -x ./x.sock -p weir.pid -f good.cfg"));
        }
        wait_for_listener();
        pid_t written = read_pid("weir.pid");
        kill(pid, SIGNALS[i]);
        int status = test_child_wait(pid);
        test_output_end(&output);
        assert_int_equal(status, 0);
        assert_int_equal(written, pid);
        assert_non_null(strstr(output.error, "[WARNING]  "));
        assert_non_null(strstr(output.error, " : master-worker mode (-W, -Ws) is not supported by "
                                             "weir yet: running as one process.\n"));
        assert_non_null(
            strstr(output.error, " : the master socket (-S) is not supported by weir yet.\n"));
        assert_non_null(strstr(output.error, " : taking listeners over (-x) is not supported by "
                                             "weir yet: binding anew.\n"));
        assert_string_equal(output.out, "");
    }
}

/* The parent ends when the child is ready; the child lives in a session of its own. */
static void it_goes_to_the_background(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    assert_int_equal(test_child_run(run, "-D -p weir.pid -f good.cfg", &output), 0);
    assert_string_equal(output.error, "");
    pid_t pid = read_pid("weir.pid");
    assert_int_equal(getsid(pid), pid);
    wait_for_listener();
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(test_child_wait(pid), 0);
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked_is_written), cmocka_unit_test(conditions_have_statuses),
        cmocka_unit_test(files_are_checked),        cmocka_unit_test(starts_fail),
        cmocka_unit_test(it_runs_until_a_signal),   cmocka_unit_test(it_goes_to_the_background),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
