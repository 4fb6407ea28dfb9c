/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the process to standard error, in HAProxy's style: "[ALERT]    (pid) : text".
 */
#ifndef WEIR_PROCESS_REPORT_H
#define WEIR_PROCESS_REPORT_H

#include <stdbool.h>

#include "base/text.h"
#include "config/config.h"

/* Bytes of messages that `show startup-logs` can show: the first ones. */
enum { REPORT_LOG_BYTES = 16384 };

struct report {
    struct config_report config; /* prefixes "config : " */
    bool quiet;
    bool diagnostics;
    unsigned alerts, warnings;
    bool version_shown; /* once, in front of the first alert */
    struct text log;    /* what was written, over log_bytes: a report is not copied */
    char log_bytes[REPORT_LOG_BYTES];
};

/* Prepares a report; `report->config` may be given to `config` then. */
void report_init(struct report *report);

/* Writes one message. */
void report_write(struct report *report, enum report_severity severity, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
