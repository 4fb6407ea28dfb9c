/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps: converters that look a sample up in a pattern file and give the entry's value:
 * map[_<match>[_<output>]](<file>[,<default>]).
 */
#ifndef WEIR_RULES_MAP_H
#define WEIR_RULES_MAP_H

#include "rules/converter.h"
#include "rules/pattern.h"

/* A compiled map argument: the set, and what is given when nothing matches. */
struct map {
    struct pattern_set *set;
    bool has_default;
    struct sample otherwise; /* of the output's type; a text lives in the configuration's account */
};

/* Looks `sample` (any type that casts to the set's input) up; changes it to the value found or the
 * default. RESULT_NOT_FOUND: neither. RESULT_NO_MEMORY. */
MUST_USE enum result map_lookup(const struct map *map, struct rule_context *context,
                                struct sample *sample);

#endif
