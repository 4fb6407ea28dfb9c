/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting a configuration line into words (HAProxy's manual, 2.2 and 2.3): blanks separate, '…'
 * keeps everything, "…" keeps blanks and expands $VAR and ${VAR}, a backslash protects or stands
 * for \n \t \r \xHH, '#' begins a comment.
 *
 * Limits: LEXER_WORDS_MAX words and LEXER_BYTES_MAX bytes a line, after expansion too.
 */
#ifndef WEIR_CONFIG_LEXER_H
#define WEIR_CONFIG_LEXER_H

#include <stddef.h>

#include "base/result.h"
#include "base/text.h"

enum { LEXER_WORDS_MAX = 256, LEXER_BYTES_MAX = 65536 };

/* One line's words; they point into `bytes`. */
struct config_words {
    const char *words[LEXER_WORDS_MAX + 1]; /* ended by NULL */
    unsigned count;
    char bytes[LEXER_BYTES_MAX];
};

/* Where pseudo variables of a line come from. */
struct lexer_place {
    const char *file;
    unsigned line;
    const char *section; /* .SECTION: its name, or its type when it has none; "" outside */
};

/*
 * Cuts `line` (NUL-terminated, without its newline). RESULT_INVALID: `error` says what is wrong,
 * `*position` is the offending byte's offset in the line.
 */
MUST_USE enum result lexer_split(const char *line, const struct lexer_place *place,
                                 struct config_words *out, size_t *position, struct text *error);

#endif
