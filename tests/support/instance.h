/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole process inside a test: an instance of a configuration that is written to the file t.cfg
 * of a folder of its own. What is reported goes to `output.error` once it is closed; at the end
 * every account must be empty.
 */
#ifndef WEIR_TESTS_SUPPORT_INSTANCE_H
#define WEIR_TESTS_SUPPORT_INSTANCE_H

#include <sys/socket.h>
#include <sys/un.h>

#include "memory/fault.h"
#include "process/startup.h"
#include "support/process.h"

struct test_instance {
    struct test_folder folder;
    struct test_output output;
    struct command_line line;
    struct report report;
    struct instance instance;
};

/* Makes the folder and the command line "-f t.cfg", which the test may change. */
static inline struct test_instance *test_instance_open(const char *text)
{
    struct test_instance *test = calloc(1, sizeof(*test));
    assert_non_null(test);
    test_folder_open(&test->folder);
    test_file_write("t.cfg", text);
    char *arguments[] = {"weir", "-f", "t.cfg", NULL};
    struct text error = text_over(test->output.error, sizeof(test->output.error));
    assert_int_equal(command_line_parse(3, arguments, &test->line, &error), RESULT_OK);
    report_init(&test->report);
    test_output_begin(&test->output);
    return test;
}

/* Loads, builds and starts; the result of the first step that fails. */
static inline enum result test_instance_start(struct test_instance *test)
{
    enum result result = instance_load(&test->instance, &test->line, &test->report);
    result = result == RESULT_OK ? instance_build(&test->instance) : result;
    return result == RESULT_OK ? instance_start(&test->instance) : result;
}

/* Releases the instance, after which output.out and output.error can be looked at. */
static inline void test_instance_stop(struct test_instance *test)
{
    instance_destroy(&test->instance, true);
    test_output_end(&test->output);
}

static inline void test_instance_close(struct test_instance *test)
{
    test_folder_close(&test->folder);
    free(test);
}

/* Runs turns of the loop, enough for what is ready. */
static inline void test_instance_turn(struct test_instance *test)
{
    enum { TURNS = 10 };
    for (int i = 0; i < TURNS; i++) {
        event_loop_turn(test->instance.loop, false);
    }
}

/* A client of the socket `path`; -1 when nobody listens there. */
static inline int test_client_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

#endif
