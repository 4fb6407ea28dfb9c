/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: an action with an optional condition ("http-request deny if bad"), in lists that are run in order until one gives a verdict.
 * Actions never do I/O: those that end the evaluation return a verdict, which proxy executes.
 */
#ifndef WEIR_RULES_RULE_H
#define WEIR_RULES_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/result.h"
#include "rules/context.h"
#include "rules/sample.h"

struct acl_condition;
struct reply;

enum verdict_kind {
    VERDICT_CONTINUE, /* next rule; at the end of a list: go on with the message */
    VERDICT_ACCEPT,   /* stop this list: allow, accept */
    VERDICT_DENY,     /* answer `reply` (or the status' error file) and end the exchange */
    VERDICT_TARPIT,   /* as deny after timeout tarpit */
    VERDICT_REPLY,    /* http-request return, redirect, auth: answer `reply`, the connection may go on */
    VERDICT_REJECT,   /* close without an answer */
    VERDICT_WAIT,     /* more input is needed; run again from rule_list_run with the same position */
    VERDICT_SERVICE,  /* http-request use-service `service` */
    VERDICT_SWITCH_HTTP, /* tcp-request content switch-mode http */
    VERDICT_ERROR,    /* a rule failed (strict rewriting, no memory): 500 */
};

struct verdict {
    enum verdict_kind kind;
    uint16_t status;             /* of a deny without a reply of its own, else 0 */
    const struct reply *reply;   /* configured reply, or NULL */
    struct slice location;       /* redirects: computed Location, in the stream's arena */
    struct slice header;         /* one ready header line without CRLF to add (Set-Cookie of a redirect, WWW-Authenticate), or empty */
    const char *service;         /* VERDICT_SERVICE: name */
    const struct rule *rule;     /* the rule that gave it, or NULL */
    uint64_t wait_ms;            /* VERDICT_WAIT: at the most this long (wait-for-body, inspect-delay), 0: no limit of its own */
    uint64_t wait_bytes;         /* VERDICT_WAIT for a body: this many bytes suffice, 0: as many as the buffer holds */
};

struct rule_action; /* one row of an action table and its parsed arguments */

struct rule {
    struct list link;
    const char *file;
    unsigned line;
    struct acl_condition *condition; /* NULL: always */
    const struct action_ops *ops;
    void *arguments;                 /* the action's own */
};

/* One action keyword. A table of these is named in process/registry.c. */
struct action_ops {
    const char *name;            /* "set-header"; a prefix ending in '(' takes a parenthesised argument: "set-var(" */
    unsigned phases;             /* bits 1 << enum rule_phase where it is allowed */
    const char *usage;           /* one line for error messages: "set-header <name> <fmt>" */
    /* Parses words behind the keyword up to if/unless; stores how many it used. */
    enum result (*parse)(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                         const char *const *words, unsigned words_count, unsigned *words_used);
    /* Executes; fills `verdict` (preset to VERDICT_CONTINUE). */
    void (*run)(const struct rule *rule, struct rule_context *context, struct verdict *verdict);
    void (*destroy)(struct account *account, void *arguments);
};

struct rule_list {
    struct list rules;
};

/* Position of an evaluation that waits. Zero it before the first run. */
struct rule_position {
    const struct rule *rule;
    uint64_t wait_since_ms;
};

/*
 * Parses one rule line: words[0] is the action ("deny"), after the ruleset keyword. Appends to `list`. RESULT_INVALID with the parser's error
 * (an unknown action names the closest one).
 */
MUST_USE enum result rule_parse(struct rule_parser *parser, enum rule_phase phase, const char *const *words,
                                unsigned words_count, struct rule_list *list);

/* Runs `list` from `position`; the verdict of the first rule that gives one, else VERDICT_CONTINUE. */
void rule_list_run(const struct rule_list *list, struct rule_context *context, struct rule_position *position,
                   struct verdict *verdict);

/* Prepares an empty list, and releases all rules of one. */
void rule_list_init(struct rule_list *list);
void rule_list_destroy(struct account *account, struct rule_list *list);

/* All keyword tables that rules are parsed with; filled by process/registry.c. */
struct rule_registry {
    const struct sample_fetch *const *fetches;     /* tables, each ended by a NULL name; the list by NULL */
    const struct sample_converter *const *converters;
    const struct action_ops *const *actions;
    const char *const *services;                   /* names for use-service */
};

#endif
