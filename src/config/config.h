/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading HAProxy's configuration language: the only place that knows its syntax. Files and folders
 * are read in order, preprocessed (.if, environment), cut into words, and given to keyword tables
 * of their section; names are resolved at the end.
 *
 * Messages have HAProxy's style and go to `report`: "[ALERT]    (pid) : config : parsing
 * [file:line] : …". Parsing goes on after an error, to show as many as possible, up to a limit.
 */
#ifndef WEIR_CONFIG_CONFIG_H
#define WEIR_CONFIG_CONFIG_H

#include <stdbool.h>

#include "base/result.h"
#include "proxy/settings.h"
#include "rules/rule.h"

enum report_severity { REPORT_NOTICE, REPORT_WARNING, REPORT_ALERT, REPORT_DIAGNOSTIC };

/* Where messages go; `process` prints them. */
struct config_report {
    void (*write)(void *argument, enum report_severity severity, const char *message);
    void *argument;
};

/* What the command line says that the configuration depends on. */
struct config_input {
    const char *const *paths; /* -f and arguments behind --: files or folders, in order */
    unsigned paths_count;
    bool check_only;  /* -c */
    bool diagnostics; /* -dD */
    bool zero_warning;
    const struct rule_registry *registry;
    const struct config_report *report;
    const char *version;    /* the program's own */
    const char *local_peer; /* -L, NULL: the host's name */
    bool ignore_resolution; /* -dr: servers without an address are no error */
};

/* What `feature(<name>)` is true for and -vv lists behind a '+': words with a space between. */
extern const char CONFIG_FEATURES[];

/* The defaults of every setting, before any file is read. */
void configuration_init(struct configuration *configuration, struct account *account);

/* Reads and resolves everything. RESULT_INVALID when there were alerts (all reported),
 * RESULT_NO_MEMORY. */
MUST_USE enum result configuration_load(struct configuration *configuration,
                                        const struct config_input *input);

/* Evaluates a condition as `-cc` does. RESULT_OK: true, RESULT_NOT_FOUND: false, RESULT_INVALID:
 * reported. */
MUST_USE enum result config_evaluate_condition(const struct config_input *input,
                                               const char *condition, struct account *account);

/* Releases everything that loading took. */
void configuration_destroy(struct configuration *configuration);

#endif
