/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of a whole process: a folder of its own that is the current one, its files, what is
 * written to standard output and error, and children that end as the program does.
 */
#ifndef WEIR_TESTS_SUPPORT_PROCESS_H
#define WEIR_TESTS_SUPPORT_PROCESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TEST_SHOWN_BYTES = 65536, TEST_WORDS_MAX = 32, TEST_TEXT_BYTES = 4096 };

/* A frontend on the socket "s.sock" of the folder that leaves nothing to be warned of. */
#define TEST_FRONTEND "frontend f\n    mode http\n    timeout client 5s\n    bind unix@s.sock\n"

/* What was written to the two streams. */
struct test_output {
    FILE *files[2];
    int old[2]; /* descriptors of the streams before */
    char out[TEST_SHOWN_BYTES], error[TEST_SHOWN_BYTES];
};

/* A folder, which is the current one until it is closed. */
struct test_folder {
    char path[32];
    char start[1024];
};

static inline void test_folder_open(struct test_folder *folder)
{
    assert_non_null(getcwd(folder->start, sizeof(folder->start)));
    snprintf(folder->path, sizeof(folder->path), "/tmp/weir-process-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    assert_int_equal(chdir(folder->path), 0);
}

static inline void test_folder_close(const struct test_folder *folder)
{
    char command[64];
    assert_int_equal(chdir(folder->start), 0);
    snprintf(command, sizeof(command), "rm -rf %s", folder->path);
    assert_int_equal(system(command), 0);
}

/* Writes a file of the folder. */
static inline void test_file_write(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* Sends both streams into files. */
static inline void test_output_begin(struct test_output *output)
{
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        output->files[i] = tmpfile();
        assert_non_null(output->files[i]);
        output->old[i] = dup(STDOUT_FILENO + i);
        assert_true(output->old[i] >= 0);
        assert_true(dup2(fileno(output->files[i]), STDOUT_FILENO + i) >= 0);
    }
}

/* Gives both streams back; what was written is in `out` and `error`. */
static inline void test_output_end(struct test_output *output)
{
    char *const shown[] = {output->out, output->error};
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(output->old[i], STDOUT_FILENO + i);
        close(output->old[i]);
        rewind(output->files[i]);
        shown[i][fread(shown[i], 1, TEST_SHOWN_BYTES - 1, output->files[i])] = '\0';
        fclose(output->files[i]);
    }
}

/* Runs `function` in a child that exits with what it returns; the status as WEXITSTATUS gives it,
 * or 1000 and the signal. */
static inline int test_child_wait(pid_t pid)
{
    enum { SIGNALLED = 1000 };
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNALLED + WTERMSIG(status);
}

static inline int test_child_run(int (*function)(void *argument), void *argument,
                                 struct test_output *output)
{
    test_output_begin(output);
    pid_t pid = fork();
    if (pid == 0) {
        exit(function(argument));
    }
    int status = test_child_wait(pid);
    test_output_end(output);
    return status;
}

#endif
