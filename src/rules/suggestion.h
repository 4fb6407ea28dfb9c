/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suggestions for misspelt words: the closest of a list, when it is close enough to be what was
 * meant.
 */
#ifndef WEIR_RULES_SUGGESTION_H
#define WEIR_RULES_SUGGESTION_H

#include <stddef.h>

/* Longer words are never compared. */
enum { SUGGESTION_WORD_BYTES_MAX = 40 };

/* A search under way. Zero-initialize, offer every candidate, then read `best`. */
struct suggestion {
    const char *best; /* NULL: nothing is close enough */
    size_t distance;
};

/* Compares `candidate` with the misspelt `word` and keeps it when it is closer than what came
 * before. */
void suggestion_offer(struct suggestion *suggestion, const char *word, const char *candidate);

#endif
