/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled expression: a fetch and the converters behind it, each with its arguments.
 */
#ifndef WEIR_RULES_SAMPLE_INTERNAL_H
#define WEIR_RULES_SAMPLE_INTERNAL_H

#include "rules/converter.h"
#include "rules/fetch.h"
#include "rules/sample.h"
#include "rules/sample_argument.h"

struct sample_step {
    const struct sample_converter *converter;
    struct sample_arguments arguments;
};

struct sample_expression {
    const struct sample_fetch *fetch;
    struct sample_arguments arguments;
    struct sample_step *steps;
    unsigned steps_count;
    enum sample_type type; /* what it yields */
};

#endif
