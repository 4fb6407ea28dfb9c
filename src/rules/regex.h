/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: PCRE2 with its JIT, compiled once, searched by any thread.
 *
 * What bounds it: a compiled one is charged to the account it was compiled with; a search takes its
 * match data from the caller's scratch arena and, where the JIT cannot serve, at most
 * REGEX_HEAP_BYTES_MAX of the arena's account for its duration.
 */
#ifndef WEIR_RULES_REGEX_H
#define WEIR_RULES_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/arena.h"
#include "memory/memory.h"

/* Groups that a replacement can name: \0 (the whole match) to \9. */
enum { REGEX_GROUPS_MAX = 10 };

enum { REGEX_HEAP_BYTES_MAX = 256 * 1024 };

enum regex_flags {
    REGEX_NOCASE = 1,     /* letters folded */
    REGEX_NO_CAPTURE = 2, /* plain parentheses do not capture */
};

struct regex;

/* Where a match and its groups lie in the subject. */
struct regex_match {
    unsigned count;                        /* groups set, the whole match included */
    struct slice groups[REGEX_GROUPS_MAX]; /* data NULL: this group took no part */
};

/* Compiles `pattern`. RESULT_INVALID with the library's reason in `error`, RESULT_NO_MEMORY. */
MUST_USE enum result regex_compile(struct account *account, struct slice pattern, unsigned flags,
                                   struct text *error, struct regex **out);

/* Releases a compiled expression; NULL is allowed. */
void regex_destroy(struct account *account, struct regex *regex);

/*
 * Searches `subject`; `match` may be NULL. RESULT_OK, RESULT_NOT_FOUND (also when a limit of the
 * library stopped it), RESULT_NO_MEMORY.
 */
MUST_USE enum result regex_search(const struct regex *regex, struct slice subject,
                                  struct arena *scratch, struct regex_match *match);

/*
 * Appends `replacement` with \0 to \9 replaced by the match's groups, \xHH by that byte and any
 * other escaped character by itself. What does not fit is cut and out->truncated set.
 */
void regex_expand(struct slice replacement, const struct regex_match *match, struct text *out);

/*
 * Replaces the first match in `subject` (every one with `all`) by the expanded `replacement`, into
 * the arena. RESULT_OK with `*out` (the subject itself when nothing matched), RESULT_FULL above
 * `bytes_max` or what one piece of the arena can have, RESULT_NO_MEMORY.
 */
MUST_USE enum result regex_replace(const struct regex *regex, struct slice subject,
                                   struct slice replacement, bool all, size_t bytes_max,
                                   struct arena *scratch, struct slice *out);

#endif
