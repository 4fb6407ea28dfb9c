/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: an action with an optional condition ("http-request deny if bad"), in lists that are run
 * in order until one gives a verdict. Actions never do I/O: those that end the evaluation return a
 * verdict, which proxy executes.
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
    VERDICT_CONTINUE,    /* next rule; at the end of a list: go on with the message */
    VERDICT_ACCEPT,      /* stop this list: allow, accept */
    VERDICT_DENY,        /* answer `reply` (or the status' error file) and end the exchange */
    VERDICT_TARPIT,      /* as deny, after timeout tarpit */
    VERDICT_REPLY,       /* return, redirect, auth: answer it, the connection may go on */
    VERDICT_REJECT,      /* close without an answer */
    VERDICT_WAIT,        /* more input is needed: run again with the same position */
    VERDICT_SERVICE,     /* http-request use-service `service` */
    VERDICT_SWITCH_HTTP, /* tcp-request content switch-mode http */
    VERDICT_ERROR,       /* a rule failed (strict rewriting, no memory): 500; 400 by `status` */
    VERDICT_DROP,        /* silent-drop: the client's connection goes without a word */
    VERDICT_TIMEOUT,     /* wait-for-body lasted too long: answer `status` (408, 504) */
};

struct verdict {
    enum verdict_kind kind;
    uint16_t status;           /* of an answer without a reply of its own, else 0 */
    const struct reply *reply; /* configured reply, or NULL */
    struct slice location;     /* redirects: the Location, in the stream's arena; else data NULL */
    struct slice header;       /* one header line without CRLF to add (Set-Cookie of a redirect,
                                  WWW-Authenticate), in the stream's arena; or empty */
    const char *service;       /* VERDICT_SERVICE: name */
    const struct rule *rule;   /* the rule that gave it, or NULL */
    uint64_t wait_ms;    /* VERDICT_WAIT: run again after this long, 0: only with more input */
    uint64_t wait_bytes; /* VERDICT_WAIT for a body: so many suffice; 0: the buffer's size */
    uint8_t rst_ttl;     /* VERDICT_DROP: send a RST with this TTL, 0: send nothing if possible */
    bool waits_for_body; /* VERDICT_WAIT: more of the body, else more of the head or bytes */
};

struct rule_action; /* one row of an action table and its parsed arguments */

struct rule {
    struct list link;
    const char *file;
    unsigned line;
    struct acl_condition *condition; /* NULL: always */
    const struct action_ops *ops;
    void *arguments; /* the action's own */
};

/* One action keyword. A table of these is named in process/registry.c. */
struct action_ops {
    /* "set-header"; a name ending in '(' takes a parenthesised argument: "set-var(". */
    const char *name;
    /* Bits 1 << enum rule_phase where it is allowed. */
    unsigned phases;
    /* One line for error messages: "set-header <name> <fmt>". */
    const char *usage;
    /*
     * Parses the words behind the keyword up to if/unless; stores how many it used. words[-1] is
     * the keyword itself. On failure what was stored in rule->arguments is destroyed by the caller.
     */
    enum result (*parse)(struct rule_parser *parser, struct rule *rule, enum rule_phase phase,
                         const char *const *words, unsigned words_count, unsigned *words_used);
    /* Executes; fills `verdict` (preset to VERDICT_CONTINUE). */
    void (*run)(const struct rule *rule, struct rule_context *context, struct verdict *verdict);
    /* Releases what `arguments` refer to; NULL: nothing. The block itself is the caller's. */
    void (*destroy)(struct account *account, void *arguments);
    /* Tells rows with the same functions apart (read it from rule->ops). */
    unsigned variant;
};

struct rule_list {
    struct list rules;
};

/* Position of an evaluation that waits. Zero it before the first run. */
struct rule_position {
    const struct rule *rule;
    uint64_t wait_since_ms;
    bool is_resumed;            /* the rule's condition was true: go on with its action */
    bool rewrites_are_optional; /* strict-mode off so far */
};

/* Where expressions of a phase's rules are evaluated: SAMPLE_IN_*. */
unsigned rule_phase_place(enum rule_phase phase);

/*
 * Parses one rule line: words[0] is the action ("deny"), after the ruleset keyword. Appends to
 * `list`. RESULT_INVALID with the parser's error (an unknown action names the closest one).
 */
MUST_USE enum result rule_parse(struct rule_parser *parser, enum rule_phase phase,
                                const char *const *words, unsigned words_count,
                                struct rule_list *list);

/*
 * Runs `list` from `position`: the verdict of the first rule that gives one, else VERDICT_CONTINUE.
 * Clears context->scratch after each rule. On VERDICT_WAIT call it again with the same position.
 */
void rule_list_run(const struct rule_list *list, struct rule_context *context,
                   struct rule_position *position, struct verdict *verdict);

/* Prepares an empty list, and releases all rules of one. */
void rule_list_init(struct rule_list *list);
void rule_list_destroy(struct account *account, struct rule_list *list);

/* All keyword tables that rules are parsed with; filled by process/registry.c. */
struct rule_registry {
    /* Tables, each ended by a NULL name; the list of them by NULL. */
    const struct sample_fetch *const *fetches;
    const struct sample_converter *const *converters;
    const struct action_ops *const *actions;
    const char *const *services; /* names for use-service, ended by NULL */
};

#endif
