/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to standard error with HAProxy's prefixes, counted by severity. Alerts are written even
 * when quiet. The first alert is preceded by the version, as HAProxy does, so that a pasted message
 * tells what wrote it. One message is at most MESSAGE_MAX bytes; the first REPORT_LOG_BYTES of all
 * are kept for the runtime API.
 */
#include "process/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"

enum { MESSAGE_MAX = 8192 };

static const char *const PREFIXES[] = {
    [REPORT_NOTICE] = "[NOTICE]   ",
    [REPORT_WARNING] = "[WARNING]  ",
    [REPORT_ALERT] = "[ALERT]    ",
    [REPORT_DIAGNOSTIC] = "[DIAG]     ",
};

static void write_config(void *argument, enum report_severity severity, const char *message)
{
    report_write(argument, severity, "config : %s", message);
}

void report_init(struct report *report)
{
    *report = (struct report){.config = {.write = write_config, .argument = report}};
    report->log = text_over(report->log_bytes, sizeof(report->log_bytes));
}

static bool is_shown(const struct report *report, enum report_severity severity)
{
    switch (severity) {
    case REPORT_ALERT:
        return true;
    case REPORT_DIAGNOSTIC:
        return report->diagnostics && !report->quiet;
    case REPORT_NOTICE:
    case REPORT_WARNING:
        return !report->quiet;
    }
    return true;
}

static void write_line(struct report *report, enum report_severity severity, const char *message)
{
    fprintf(stderr, "%s(%d) : %s\n", PREFIXES[severity], (int)getpid(), message);
    text_append_format(&report->log, "%s(%d) : %s\n", PREFIXES[severity], (int)getpid(), message);
}

void report_write(struct report *report, enum report_severity severity, const char *format, ...)
{
    report->alerts += severity == REPORT_ALERT ? 1 : 0;
    report->warnings += severity == REPORT_WARNING ? 1 : 0;
    if (!is_shown(report, severity)) {
        return;
    }
    if (severity == REPORT_ALERT && !report->version_shown) {
        report->version_shown = true;
        write_line(report, REPORT_NOTICE, "weir version is " WEIR_VERSION);
    }
    char buffer[MESSAGE_MAX];
    struct text text = text_over(buffer, sizeof(buffer));
    va_list arguments;
    va_start(arguments, format);
    text_append_format_list(&text, format, arguments);
    va_end(arguments);
    write_line(report, severity, buffer);
}
