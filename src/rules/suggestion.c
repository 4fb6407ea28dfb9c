/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closest word of a list by edit distance (insertion, removal, replacement, swap of
 * neighbours). A candidate counts when at most a third of the longer word differs, so that "denyy"
 * gives "deny" and "foo" gives nothing. Memory: three rows of SUGGESTION_WORD_BYTES_MAX on the
 * stack.
 */
#include "rules/suggestion.h"

#include <stdint.h>
#include <string.h>

#include "base/number.h"

/* One part in this many of a word may be wrong. */
enum { SUGGESTION_SHARE = 3 };

enum { ROWS = 3 };

/* Letters to insert, remove, replace or swap with a neighbour to turn `a` into `b`; SIZE_MAX: too
 * long. */
static size_t measure_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > SUGGESTION_WORD_BYTES_MAX || b_length > SUGGESTION_WORD_BYTES_MAX) {
        return SIZE_MAX;
    }
    size_t rows[ROWS][SUGGESTION_WORD_BYTES_MAX + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % ROWS];
        const size_t *above = rows[(i + ROWS - 1) % ROWS];
        const size_t *two_above = rows[(i + 1) % ROWS];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = size_min(size_min(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = size_min(row[j], two_above[j - 2] + 1);
            }
        }
    }
    return rows[a_length % ROWS][b_length];
}

void suggestion_offer(struct suggestion *suggestion, const char *word, const char *candidate)
{
    size_t distance = measure_distance(word, candidate);
    size_t longest = size_max(strlen(word), strlen(candidate));
    if (distance == SIZE_MAX || distance * SUGGESTION_SHARE > longest) {
        return;
    }
    if (suggestion->best == NULL || distance < suggestion->distance) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}
