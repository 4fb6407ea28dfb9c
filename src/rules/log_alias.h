/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The aliases of log-formats ("%ci", "%Ta"…): one row each, with the function that writes its
 * value.
 */
#ifndef WEIR_RULES_LOG_ALIAS_H
#define WEIR_RULES_LOG_ALIAS_H

#include <stdbool.h>

#include "base/slice.h"
#include "rules/context.h"
#include "rules/log_writer.h"

struct log_alias {
    const char *name;
    /* Writes the value; may write nothing at all where there is none. */
    void (*append)(const struct log_alias *alias, struct rule_context *context,
                   struct log_writer *writer);
    unsigned variant; /* tells rows with the same function apart */
};

/* The alias called `name`, or NULL. */
const struct log_alias *log_alias_find(struct slice name);

/* The alias whose name is closest to `name`, or NULL when none is close. */
const char *log_alias_suggest(const char *name);

#endif
