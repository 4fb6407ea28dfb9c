/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The action keywords, one table a source, for the list in process/registry.c. Each table is ended
 * by a row without a name.
 */
#ifndef WEIR_RULES_ACTIONS_H
#define WEIR_RULES_ACTIONS_H

#include "rules/rule.h"

/* Sets of phases, as rows of the tables name them. */
enum action_phases {
    PHASES_CONNECTION = 1 << RULE_TCP_CONNECTION,
    PHASES_SESSION = 1 << RULE_TCP_SESSION,
    PHASES_REQUEST_CONTENT = 1 << RULE_TCP_REQUEST_CONTENT,
    PHASES_RESPONSE_CONTENT = 1 << RULE_TCP_RESPONSE_CONTENT,
    PHASES_HTTP_REQUEST = 1 << RULE_HTTP_REQUEST,
    PHASES_HTTP_RESPONSE = 1 << RULE_HTTP_RESPONSE,
    PHASES_AFTER_RESPONSE = 1 << RULE_HTTP_AFTER_RESPONSE,

    PHASES_TCP_EARLY = PHASES_CONNECTION | PHASES_SESSION,
    PHASES_CONTENT = PHASES_REQUEST_CONTENT | PHASES_RESPONSE_CONTENT,
    PHASES_TCP = PHASES_TCP_EARLY | PHASES_CONTENT,
    PHASES_HTTP_BOTH = PHASES_HTTP_REQUEST | PHASES_HTTP_RESPONSE,
    PHASES_HTTP = PHASES_HTTP_BOTH | PHASES_AFTER_RESPONSE,
    PHASES_ALL = PHASES_TCP | PHASES_HTTP,
};

/* allow accept deny tarpit reject silent-drop return use-service switch-mode wait-for-body
 * wait-for-handshake strict-mode disable-l7-retry */
extern const struct action_ops ACTIONS_FLOW[];

/* redirect auth */
extern const struct action_ops ACTIONS_REDIRECT[];

/* add-header set-header del-header replace-header replace-value set-status */
extern const struct action_ops ACTIONS_HEADER[];

/* set-method set-path set-pathq set-query set-uri replace-path replace-pathq replace-uri */
extern const struct action_ops ACTIONS_URI[];

/* normalize-uri */
extern const struct action_ops ACTIONS_NORMALIZE[];

/* set-log-level set-nice set-tos set-mark set-timeout set-retries set-priority-class… */
extern const struct action_ops ACTIONS_STREAM[];

/* set-src set-src-port set-dst set-dst-port */
extern const struct action_ops ACTIONS_ADDRESS[];

/* set-var set-var-fmt unset-var */
extern const struct action_ops ACTIONS_VARIABLE[];

/* set-map del-map add-acl del-acl */
extern const struct action_ops ACTIONS_MAP[];

/* capture */
extern const struct action_ops ACTIONS_CAPTURE[];

/*
 * Parses `redirect …` of a proxy section (the directive, not the action): its location is literal,
 * not a log-format. Appends a rule to `list`, which is run after the http-request rules.
 */
MUST_USE enum result redirect_parse_directive(struct rule_parser *parser, const char *const *words,
                                              unsigned words_count, struct rule_list *list);

#endif
