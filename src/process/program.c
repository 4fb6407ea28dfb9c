/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program from its arguments to its exit status: what the command line asks for, in HAProxy's
 * order and with its statuses. Everything else is in startup.c. No memory of its own but the
 * command line, the report and the instance.
 */
#include "process/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/command_line.h"
#include "process/instance.h"
#include "process/limits.h"
#include "process/registry.h"
#include "process/report.h"
#include "process/signals.h"
#include "process/startup.h"
#include "process/version.h"

enum { MESSAGE_SIZE = 16384, STATUS_NO_LISTENER = 2, STATUS_BAD_CONDITION = 2 };

static int check_condition(const struct command_line *line, struct report *report)
{
    struct memory *memory = NULL;
    if (memory_create(&line->memory, &memory) != RESULT_OK) {
        return EXIT_FAILURE;
    }
    struct account account;
    account_init(&account, memory_ledger(memory, 0), ACCOUNT_CONFIGURATION, 0);
    struct config_input input = {
        .registry = registry_rules(), .report = &report->config, .version = WEIR_VERSION};
    enum result result = config_evaluate_condition(&input, line->condition, &account);
    memory_destroy(memory, false);
    if (result == RESULT_INVALID) {
        return STATUS_BAD_CONDITION;
    }
    return result == RESULT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int check(struct instance *instance)
{
    if (!instance_has_listeners(instance)) {
        report_write(instance->report, REPORT_ALERT,
                     "config : No enabled listener found (check for 'bind' directives) ! Exiting.");
        return STATUS_NO_LISTENER;
    }
    if (!instance->line->quiet) {
        printf("Configuration file is valid\n");
    }
    return EXIT_SUCCESS;
}

static void say_what_comes_later(const struct command_line *line, struct report *report)
{
    if (line->master_worker) {
        report_write(
            report, REPORT_WARNING,
            "master-worker mode (-W, -Ws) is not supported by weir yet: running as one process.");
    }
    if (line->master_socket != NULL) {
        report_write(report, REPORT_WARNING,
                     "the master socket (-S) is not supported by weir yet.");
    }
    if (line->old_socket != NULL) {
        report_write(report, REPORT_WARNING,
                     "taking listeners over (-x) is not supported by weir yet: binding anew.");
    }
}

static int start_and_run(struct instance *instance, int background)
{
    if (limits_write_pidfile(instance) != RESULT_OK || instance_start(instance) != RESULT_OK) {
        return EXIT_FAILURE;
    }
    signals_tell_old_processes(instance);
    if (background >= 0) {
        limits_tell_started(background);
    }
    return instance_run(instance);
}

/* Loads, and where the process is to stay: checks, or runs. */
static int serve(struct instance *instance, const struct command_line *line, struct report *report)
{
    int background = -1;
    enum result result = instance_load(instance, line, report);
    bool is_check = line->command == COMMAND_CHECK;
    if (result == RESULT_OK && instance->configuration.global.daemon && !is_check) {
        result = limits_enter_background(&background);
    }
    if (result == RESULT_OK) {
        result = instance_build(instance);
    }
    bool too_many_warnings =
        (line->zero_warning || instance->configuration.global.zero_warning) && report->warnings > 0;
    if (too_many_warnings) {
        report_write(report, REPORT_ALERT,
                     "Some warnings were found and 'zero-warning' is set. Aborting.");
    }
    if (result != RESULT_OK || too_many_warnings) {
        report_write(report, REPORT_ALERT, "config : Fatal errors found in configuration.");
        return EXIT_FAILURE;
    }
    if (is_check || !instance_has_listeners(instance)) {
        int status = check(instance);
        return is_check || status == EXIT_SUCCESS ? status : EXIT_FAILURE;
    }
    say_what_comes_later(line, report);
    return start_and_run(instance, background);
}

static int run(const struct command_line *line)
{
    struct report report;
    report_init(&report);
    report.quiet = line->quiet;
    report.diagnostics = line->diagnostics;
    if (line->directory != NULL && chdir(line->directory) != 0) {
        report_write(&report, REPORT_ALERT, "Could not change to directory %s.", line->directory);
        return EXIT_FAILURE;
    }
    if (line->command == COMMAND_CHECK_CONDITION) {
        return check_condition(line, &report);
    }
    struct instance instance;
    int status = serve(&instance, line, &report);
    instance_destroy(&instance, getenv("WEIR_LEAKS_ARE_FATAL") != NULL);
    return status;
}

int program_run(int count, char **arguments)
{
    char message[MESSAGE_SIZE];
    struct text error = text_over(message, sizeof(message));
    struct command_line line;
    enum result result = command_line_parse(count, arguments, &line, &error);
    if (result == RESULT_END) {
        printf("%s", message);
        return EXIT_SUCCESS;
    }
    if (result != RESULT_OK) {
        fprintf(stderr, "weir: %s\n", message);
        command_line_usage(arguments[0]);
        return EXIT_FAILURE;
    }
    if (line.command == COMMAND_VERSION || line.command == COMMAND_VERSION_LONG) {
        version_print(line.command == COMMAND_VERSION_LONG);
        return EXIT_SUCCESS;
    }
    if (line.files_count == 0 && line.command != COMMAND_CHECK_CONDITION) {
        command_line_usage(arguments[0]);
        return EXIT_FAILURE;
    }
    return run(&line);
}
