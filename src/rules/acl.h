/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs: a sample expression matched against patterns; conditions: disjunctions of conjunctions of
 * named or anonymous ACLs with negation
 * ("if host_a !local or { path -m beg /x }"). Predefined ones (TRUE, FALSE, LOCALHOST, METH_GET,
 * HTTP_1.1…) as in the manual.
 */
#ifndef WEIR_RULES_ACL_H
#define WEIR_RULES_ACL_H

#include <stdbool.h>

#include "base/result.h"
#include "rules/context.h"
#include "rules/sample.h"

struct acl_table; /* named ACLs of one proxy */
struct acl_condition;

/* Creates an empty table; `parent` (the defaults section's) is looked up second, or NULL. NULL when
 * memory is refused. */
struct acl_table *acl_table_create(struct account *account, const struct acl_table *parent);
void acl_table_destroy(struct account *account, struct acl_table *table);

/* Parses `acl <name> <criterion> [flags] [operator] <patterns…>`: words[0] is the name. Repeating a
 * name adds an alternative. */
MUST_USE enum result acl_parse(struct rule_parser *parser, const char *const *words,
                               unsigned words_count);

/* Parses a condition: words[0] is "if" or "unless", the rest is the condition. */
MUST_USE enum result acl_condition_parse(struct rule_parser *parser, const char *const *words,
                                         unsigned words_count, struct acl_condition **out);
void acl_condition_destroy(struct account *account, struct acl_condition *condition);

/* RESULT_OK: true. RESULT_NOT_FOUND: false. RESULT_BLOCKED: needs more input. A NULL condition is
 * true. */
MUST_USE enum result acl_condition_evaluate(const struct acl_condition *condition,
                                            struct rule_context *context);

#endif
