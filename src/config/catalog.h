/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalog: every keyword of HAProxy's manual (3.2 and some newer) with the sections where it
 * stands, whether weir has it or not. What is in the catalog and in no keyword table is refused as
 * "not supported", what is in neither as "unknown". docs/keywords.md is made from both.
 */
#ifndef WEIR_CONFIG_CATALOG_H
#define WEIR_CONFIG_CATALOG_H

#include <stdbool.h>

#include "base/text.h"

/* One keyword; `sections` as in struct config_keyword. */
struct catalog_keyword {
    const char *name;
    unsigned sections;
};

/* Keywords of the global section and of proxies, in alphabetical order; ended by a NULL name. */
extern const struct catalog_keyword CATALOG_KEYWORDS[];

/* Words with a space between them: sections that weir does not have, arguments of bind lines,
 * arguments of server lines. */
extern const char CATALOG_SECTIONS[];
extern const char CATALOG_BIND[];
extern const char CATALOG_SERVER[];

/* The keyword in the first words of a line that may stand in one of `sections`; the longest wins.
 * NULL: none. */
const struct catalog_keyword *catalog_find(unsigned sections, const char *const *words,
                                           unsigned count);

/* Appends what HAProxy says of a keyword, or an option, that it has no more; false when it never
 * had it. */
bool catalog_describe_removed(const char *word, bool is_option, struct text *message);

/* Whether `word` is in one of the lists above. */
bool catalog_has_word(const char *list, const char *word);

#endif
