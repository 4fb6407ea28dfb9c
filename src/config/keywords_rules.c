/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords that hold rules: acl, http-request, http-response, http-after-response, tcp-request,
 * tcp-response, redirect, `stats http-request`. The rules themselves are parsed by the rules layer;
 * here they find their list, and lines in an order that does not say what happens are told.
 */
#include <limits.h>
#include <string.h>

#include "config/catalog.h"
#include "config/keyword.h"
#include "rules/actions.h"

#define FIELD(member) offsetof(struct proxy_settings, member)

/* ---- order ---- */

/* Whether the proxy has something that is run at this point. */
static bool has_order(const struct proxy_settings *proxy, enum config_order order)
{
    switch (order) {
    case CONFIG_ORDER_NONE:
        return false;
    case CONFIG_ORDER_TCP_CONNECTION:
        return !list_is_empty(&proxy->tcp_connection.rules);
    case CONFIG_ORDER_TCP_SESSION:
        return !list_is_empty(&proxy->tcp_session.rules);
    case CONFIG_ORDER_TCP_CONTENT:
        return !list_is_empty(&proxy->tcp_request.rules);
    case CONFIG_ORDER_MONITOR:
        return proxy->monitor_fail != NULL;
    case CONFIG_ORDER_HTTP_REQUEST:
        return !list_is_empty(&proxy->http_request.rules);
    case CONFIG_ORDER_REDIRECT:
        return !list_is_empty(&proxy->redirects.rules);
    case CONFIG_ORDER_USE_BACKEND:
        return !list_is_empty(&proxy->use_backend);
    case CONFIG_ORDER_USE_SERVER:
        return !list_is_empty(&proxy->use_server);
    }
    return false;
}

void config_check_order(struct config_reader *reader, enum config_order order, const char *name)
{
    static const char *const LATER[] = {[CONFIG_ORDER_TCP_SESSION] = "a 'tcp-request session'",
                                        [CONFIG_ORDER_TCP_CONTENT] = "a 'tcp-request content'",
                                        [CONFIG_ORDER_MONITOR] = "a 'monitor fail'",
                                        [CONFIG_ORDER_HTTP_REQUEST] = "an 'http-request'",
                                        [CONFIG_ORDER_REDIRECT] = "a 'redirect'",
                                        [CONFIG_ORDER_USE_BACKEND] = "a 'use_backend'",
                                        [CONFIG_ORDER_USE_SERVER] = "a 'use-server'"};
    if (order == CONFIG_ORDER_NONE) {
        return;
    }
    for (unsigned later = (unsigned)order + 1; later <= CONFIG_ORDER_USE_SERVER; later++) {
        if (has_order(reader->proxy, (enum config_order)later)) {
            config_warn(reader, "a '%s' rule placed after %s rule will still be processed before.",
                        name, LATER[later]);
            return;
        }
    }
}

/* ---- rules ---- */

static enum result read_acl(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    struct rule_parser parser = config_rule_parser(reader, 0);
    (void)keyword;
    enum result result = acl_parse(&parser, arguments, count);
    return result == RESULT_OK ? result
                               : config_fail(reader, "error detected while parsing ACL '%s' : %s.",
                                             arguments[0], config_reason(reader));
}

static struct rule_list *list_of(struct config_reader *reader, const struct config_keyword *keyword)
{
    return (struct rule_list *)(void *)((char *)reader->proxy + keyword->offset);
}

/* Warns when the last rule of a list stands behind one that ends it for everybody. */
static void check_reachable(struct config_reader *reader, const struct rule_list *list,
                            const char *name)
{
    static const char FINAL[] = "accept allow auth deny redirect reject return silent-drop tarpit "
                                "use-service";
    const struct list *before = list->rules.previous->previous;
    if (before == &list->rules) {
        return;
    }
    const struct rule *rule = container_of((struct list *)(uintptr_t)before, struct rule, link);
    if (rule->condition == NULL && catalog_has_word(FINAL, rule->ops->name)) {
        config_report(reader, REPORT_WARNING,
                      "parsing [%s:%u]: previous '%s' action is final and has no condition "
                      "attached, further entries are NOOP.",
                      reader->file, reader->line, name);
    }
}

static enum result read_rule(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    static const enum config_order ORDERS[RULE_PHASES] = {
        [RULE_TCP_CONNECTION] = CONFIG_ORDER_TCP_CONNECTION,
        [RULE_TCP_SESSION] = CONFIG_ORDER_TCP_SESSION,
        [RULE_TCP_REQUEST_CONTENT] = CONFIG_ORDER_TCP_CONTENT,
        [RULE_HTTP_REQUEST] = CONFIG_ORDER_HTTP_REQUEST,
    };
    enum rule_phase phase = (enum rule_phase)keyword->value;
    struct rule_parser parser = config_rule_parser(reader, rule_phase_place(phase));
    bool is_statistics = keyword->offset == FIELD(statistics.rules);
    config_check_order(reader, is_statistics ? CONFIG_ORDER_NONE : ORDERS[phase], keyword->name);
    struct rule_list *list = list_of(reader, keyword);
    enum result result = rule_parse(&parser, phase, arguments, count, list);
    if (result == RESULT_OK) {
        check_reachable(reader, list, keyword->name);
    }
    return result;
}

static enum result read_redirect(struct config_reader *reader, const char *const *arguments,
                                 unsigned count, const struct config_keyword *keyword)
{
    struct rule_parser parser = config_rule_parser(reader, rule_phase_place(RULE_HTTP_REQUEST));
    config_check_order(reader, CONFIG_ORDER_REDIRECT, keyword->name);
    enum result result =
        redirect_parse_directive(&parser, arguments - 1, count + 1, list_of(reader, keyword));
    return result == RESULT_OK
               ? result
               : config_fail(reader, "error detected in %s '%s' while parsing redirect rule : %s.",
                             config_role_name(reader->proxy), reader->proxy->name,
                             config_reason(reader));
}

/* inspect-delay: how long content rules may wait. */
#define DELAY(name, sections, member)                                                             \
    {                                                                                             \
        name, sections, 1, 1, "expects a positive delay in milliseconds", config_read_time_field, \
            FIELD(member), 1, KEYWORD_NAMED_DEFAULTS                                              \
    }
#define RULES(name, sections, phase, member)                                               \
    {                                                                                      \
        name, sections, 1, UINT_MAX, "expects an action", read_rule, FIELD(member), phase, \
            KEYWORD_NAMED_DEFAULTS | KEYWORD_FAILS_ELSEWHERE                               \
    }

const struct config_keyword KEYWORDS_RULES[] = {
    {"acl", SECTION_PROXY, 2, UINT_MAX, "expects a name and a criterion", read_acl, 0, 0,
     KEYWORD_NAMED_DEFAULTS},
    RULES("http-request", SECTION_PROXY, RULE_HTTP_REQUEST, http_request),
    RULES("http-response", SECTION_PROXY, RULE_HTTP_RESPONSE, http_response),
    RULES("http-after-response", SECTION_PROXY, RULE_HTTP_AFTER_RESPONSE, http_after_response),
    RULES("tcp-request connection", SECTION_FRONT, RULE_TCP_CONNECTION, tcp_connection),
    RULES("tcp-request session", SECTION_FRONT, RULE_TCP_SESSION, tcp_session),
    RULES("tcp-request content", SECTION_PROXY, RULE_TCP_REQUEST_CONTENT, tcp_request),
    RULES("tcp-response content", SECTION_BACK, RULE_TCP_RESPONSE_CONTENT, tcp_response),
    DELAY("tcp-request inspect-delay", SECTION_PROXY, request_inspect_ms),
    DELAY("tcp-response inspect-delay", SECTION_BACK, response_inspect_ms),
    {"redirect", SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN, 1, UINT_MAX,
     "expects 'prefix', 'location', or 'scheme'", read_redirect, FIELD(redirects), 0, 0},
    {"stats http-request", SECTION_FRONTEND | SECTION_BACKEND | SECTION_LISTEN, 1, UINT_MAX,
     "expects an action", read_rule, FIELD(statistics.rules), RULE_HTTP_REQUEST, 0},
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, 0},
};
