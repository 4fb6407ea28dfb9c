/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parsers of actions share: telling errors, counting words up to the condition, numbers
 * with units, arguments in parentheses behind the keyword.
 */
#ifndef WEIR_RULES_ARGUMENTS_H
#define WEIR_RULES_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "rules/sample.h"

/* Whether `word` begins a condition: "if" or "unless". */
bool word_is_condition(const char *word);

/* Words in front of the condition (or the end). */
unsigned arguments_count(const char *const *words, unsigned words_count);

/* Whether the first `count` words are there and not empty, with the condition or nothing behind. */
bool arguments_are(const char *const *words, unsigned words_count, unsigned count);

/* Whether word `index` is there and equal to `keyword`. */
bool argument_is(const char *const *words, unsigned words_count, unsigned index,
                 const char *keyword);

/* The text between the parentheses of "set-var(txn.x)", false when they are missing or unbalanced.
 */
bool keyword_argument(const char *keyword, struct slice *argument);

/* Whether `s` is a token (RFC 9110 5.6.2), as header names and methods are. */
bool slice_is_token(struct slice s);

/* A zeroed block of the configuration; NULL, with the parser's error, when memory is refused. */
void *rule_take(struct rule_parser *parser, size_t bytes);

/* A NUL-terminated copy of `s`; NULL, with the parser's error, when memory is refused. */
char *rule_copy(struct rule_parser *parser, struct slice s);

/*
 * Parses a duration with an optional unit (us ms s m h d, milliseconds without). RESULT_INVALID:
 * other characters; RESULT_FULL: more than 2^32-1 ms. `rest` is the first unexpected byte.
 */
MUST_USE enum result parse_duration_ms(const char *word, uint32_t *ms, const char **rest);

/* Parses a size in bytes with an optional unit (k m g, binary). Results as parse_duration_ms. */
MUST_USE enum result parse_size(const char *word, uint64_t *bytes, const char **rest);

/* Parses a number in decimal, or in hexadecimal behind "0x", at most `max`. */
MUST_USE enum result parse_integer(const char *word, uint64_t max, uint64_t *value);

#endif
