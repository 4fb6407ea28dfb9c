/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed rewrites: a rule that could not change a message (no room, a value that the grammar
 * forbids) counts in the statistics and, unless strict-mode is off, ends the exchange.
 */
#ifndef WEIR_RULES_REWRITE_H
#define WEIR_RULES_REWRITE_H

#include "base/result.h"
#include "rules/rule.h"

/* Counts a failed rewrite, and makes the verdict VERDICT_ERROR in strict mode. */
void rewrite_fail(struct rule_context *context, struct verdict *verdict);

/* As rewrite_fail unless `result` is RESULT_OK; returns whether it is. */
bool rewrite_check(enum result result, struct rule_context *context, struct verdict *verdict);

/* The message that rules of the current phase change: the request or the response; may be NULL. */
struct http_message *rewrite_message(const struct rule_context *context);

/* Whether the current phase is one of the response. */
bool phase_is_response(enum rule_phase phase);

#endif
