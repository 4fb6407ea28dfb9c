/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, running and ending an instance, in the order in which its parts need each other.
 */
#ifndef WEIR_PROCESS_STARTUP_H
#define WEIR_PROCESS_STARTUP_H

#include <stdbool.h>

#include "base/result.h"
#include "process/instance.h"

/* Reads the configuration under the command line's limits. RESULT_INVALID: reported. */
MUST_USE enum result instance_load(struct instance *instance, const struct command_line *line,
                                   struct report *report);

/* Makes worker, proxies and administration (certificates are read here), without binding.
 * RESULT_INVALID: reported. */
MUST_USE enum result instance_build(struct instance *instance);

/* Binds and starts everything. RESULT_FAILED: reported. */
MUST_USE enum result instance_start(struct instance *instance);

/* Runs until a signal ends it; the process's exit status. */
int instance_run(struct instance *instance);

/* Releases everything; with `leaks_are_fatal`, aborts when anything is left on any account (tests).
 */
void instance_destroy(struct instance *instance, bool leaks_are_fatal);

/* Whether anything listens. */
bool instance_has_listeners(const struct instance *instance);

#endif
