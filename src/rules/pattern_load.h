/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading pattern files from disk: one pattern a line, or a pattern and a value. Blanks in front
 * are skipped, empty lines and those that begin with '#' ignored.
 */
#ifndef WEIR_RULES_PATTERN_LOAD_H
#define WEIR_RULES_PATTERN_LOAD_H

#include <stdbool.h>

#include "base/result.h"
#include "base/slice.h"
#include "rules/pattern.h"
#include "rules/sample.h"

/* The longest line of a file. */
enum { PATTERN_LINE_BYTES_MAX = 64 * 1024 };

/*
 * Adds all lines of the file's path to its current version. RESULT_INVALID with parser->error: it
 * cannot be read (a missing one is fine when `is_optional`), or a line is too long.
 */
MUST_USE enum result pattern_file_load(struct rule_parser *parser, struct pattern_file *file,
                                       bool is_optional);

#endif
