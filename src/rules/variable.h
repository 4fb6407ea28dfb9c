/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: named samples of a scope (proc, sess, txn, req, res, check). Names are compiled while
 * the configuration is read ("txn.host" -> scope and 64-bit hash), so that a request never compares
 * texts. A set holds the variables of one scope of one owner.
 *
 * What bounds it: each variable is charged to its set's account, and tune.vars.* caps their bytes:
 * a request's and a response's count in their transaction, that in its session, all in the process.
 * Threads: the set of scope proc may be used by any thread; others belong to one worker.
 */
#ifndef WEIR_RULES_VARIABLE_H
#define WEIR_RULES_VARIABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "base/slice.h"
#include "base/text.h"
#include "memory/memory.h"
#include "rules/context.h"
#include "rules/sample.h"

struct variable_names; /* every name that the configuration mentions */

/* tune.vars.*-max-size in bytes; 0: no limit. */
struct variable_limits {
    size_t global_bytes_max;
    size_t process_bytes_max;
    size_t session_bytes_max;
    size_t transaction_bytes_max;
    size_t exchange_bytes_max; /* tune.vars.reqres-max-size: of a request's, and of a response's */
    size_t check_bytes_max;
};

/* A compiled name, interned: one object a name. */
struct variable_name {
    struct variable_name *next;
    struct variable_names *names;
    uint64_t hash;
    enum variable_scope scope;
    const char *text; /* with its scope: "txn.host" */
};

/* The variables of one scope of one owner. Embed it; fields are variable.c's. */
struct variable_set {
    struct account *account;
    struct variable *first;
    size_t bytes;
    enum variable_scope scope;
    _Atomic unsigned lock; /* scope proc only */
};

/* When set-var(name,<condition>…) stores; or-ed, all must hold. */
enum variable_condition {
    VARIABLE_IF_EXISTS = 1,
    VARIABLE_IF_NOT_EXISTS = 2,
    VARIABLE_IF_EMPTY = 4, /* the new value is empty */
    VARIABLE_IF_NOT_EMPTY = 8,
    VARIABLE_IF_SET = 16, /* as VARIABLE_IF_EXISTS, but proc ones exist from the start */
    VARIABLE_IF_NOT_SET = 32,
    VARIABLE_IF_GREATER = 64, /* the old value is greater; true unless both are integers */
    VARIABLE_IF_LESS = 128,
};

/* ---- names ---- */

/* Creates an empty table of names; NULL when memory is refused. */
struct variable_names *variable_names_create(struct account *account);

/* Releases the table and every name; NULL is allowed. */
void variable_names_destroy(struct variable_names *names);

/* The limits, for tune.vars.* to set before traffic. */
struct variable_limits *variable_names_limits(struct variable_names *names);

/*
 * Interns a name with its scope in parser->variables. RESULT_INVALID with parser->error when the
 * scope or a character is not allowed, RESULT_NO_MEMORY.
 */
MUST_USE enum result variable_name_parse(struct rule_parser *parser, struct slice text,
                                         const struct variable_name **out);

/* Finds an interned name (for the runtime API); NULL when the configuration has none such. */
const struct variable_name *variable_name_find(const struct variable_names *names,
                                               struct slice text);

/*
 * Parses "name[,condition…]", the argument of set-var, set-var-fmt and unset-var. Results as
 * variable_name_parse.
 */
MUST_USE enum result variable_target_parse(struct rule_parser *parser, struct slice text,
                                           const struct variable_name **out, unsigned *conditions);

/* ---- values ---- */

/* Prepares an empty set; nothing is taken yet. */
void variable_set_init(struct variable_set *set, enum variable_scope scope,
                       struct account *account);

/* Releases all variables of a set. */
void variable_set_clear(struct variable_set *set);

/*
 * Reads a variable of the context's set of its scope; texts are copied into the scratch arena.
 * RESULT_NOT_FOUND: not set, or no such scope here. RESULT_NO_MEMORY.
 */
MUST_USE enum result variable_read(const struct variable_name *name, struct rule_context *context,
                                   struct sample *out);

/*
 * Stores a copy of `value`. RESULT_NOT_FOUND: no such scope here, or a condition does not hold
 * (nothing changed). RESULT_FULL: a limit of tune.vars. RESULT_NO_MEMORY.
 */
MUST_USE enum result variable_store(const struct variable_name *name, unsigned conditions,
                                    struct rule_context *context, const struct sample *value);

/* Removes a variable; harmless when it is not set. */
void variable_remove(const struct variable_name *name, struct rule_context *context);

#endif
