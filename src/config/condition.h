/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions of .if, .elif and -cc (manual 2.4): integers and predicates combined with !, && and ||
 * and parentheses. Pure but for the environment variables and the versions that predicates ask for.
 *
 * Limits: CONDITION_NESTING_MAX open parentheses, CONDITION_ARGUMENT_BYTES an argument.
 */
#ifndef WEIR_CONFIG_CONDITION_H
#define WEIR_CONFIG_CONDITION_H

#include <stddef.h>

#include "base/result.h"
#include "base/text.h"

enum { CONDITION_NESTING_MAX = 32, CONDITION_ARGUMENT_BYTES = 1024 };

/* The version and the branch of HAProxy whose language this is. */
extern const char CONDITION_VERSION[];
extern const char CONDITION_BRANCH[];

/*
 * Evaluates `text`. RESULT_OK: true. RESULT_NOT_FOUND: false, as an empty text is. RESULT_INVALID:
 * `error` says what is wrong, `*position` is the offset of the byte where it is.
 */
MUST_USE enum result condition_evaluate(const char *text, size_t *position, struct text *error);

#endif
