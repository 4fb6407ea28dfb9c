/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords that hold rules: acl, http-request, http-response, http-after-response, tcp-request,
 * tcp-response, and `stats http-request`. The rules themselves are parsed by the rules layer; here
 * they find their list. Everything lives in the configuration's account.
 */
#include <limits.h>
#include <string.h>

#include "config/keyword.h"

#define FIELD(member) offsetof(struct proxy_settings, member)

/* Reports what the rules layer says is doubtful. */
static void pass_warning(struct config_reader *reader, const struct text *warning)
{
    if (warning->length > 0) {
        config_warn(reader, "%s", warning->data);
    }
}

static enum result read_acl(struct config_reader *reader, const char *const *arguments,
                            unsigned count, const struct config_keyword *keyword)
{
    char bytes[CONFIG_ERROR_SIZE];
    struct text warning = text_over(bytes, sizeof(bytes));
    struct rule_parser parser = config_rule_parser(reader, 0);
    parser.warning = &warning;
    (void)keyword;
    enum result result = acl_parse(&parser, arguments, count);
    pass_warning(reader, &warning);
    return result;
}

static enum result read_rule(struct config_reader *reader, const char *const *arguments,
                             unsigned count, const struct config_keyword *keyword)
{
    enum rule_phase phase = (enum rule_phase)keyword->value;
    bool is_unnamed = reader->section == SECTION_DEFAULTS && reader->proxy->name == NULL;
    if (is_unnamed) {
        return config_fail(reader, "'%s' not allowed in anonymous 'defaults' section",
                           keyword->name);
    }
    char bytes[CONFIG_ERROR_SIZE];
    struct text warning = text_over(bytes, sizeof(bytes));
    struct rule_parser parser = config_rule_parser(reader, rule_phase_place(phase));
    parser.warning = &warning;
    parser.captures = &reader->proxy->captures;
    parser.error_sections = reader->configuration->error_sections;
    struct rule_list *list = (struct rule_list *)(void *)((char *)reader->proxy + keyword->offset);
    enum result result = rule_parse(&parser, phase, arguments, count, list);
    pass_warning(reader, &warning);
    return result;
}

#define RULES(name, sections, phase, member)                                            \
    {                                                                                   \
        name, sections, 1, UINT_MAX, "<action> [{if | unless} <condition>]", read_rule, \
            FIELD(member), phase, false                                                 \
    }

const struct config_keyword KEYWORDS_RULES[] = {
    {"acl", SECTION_PROXY, 2, UINT_MAX, "<name> <criterion> [flags] [operator] <value>…", read_acl,
     0, 0, false},
    RULES("http-request", SECTION_PROXY, RULE_HTTP_REQUEST, http_request),
    RULES("http-response", SECTION_PROXY, RULE_HTTP_RESPONSE, http_response),
    RULES("http-after-response", SECTION_PROXY, RULE_HTTP_AFTER_RESPONSE, http_after_response),
    RULES("tcp-request connection", SECTION_FRONT, RULE_TCP_CONNECTION, tcp_connection),
    RULES("tcp-request session", SECTION_FRONT, RULE_TCP_SESSION, tcp_session),
    RULES("tcp-request content", SECTION_PROXY, RULE_TCP_REQUEST_CONTENT, tcp_request),
    RULES("tcp-response content", SECTION_BACK, RULE_TCP_RESPONSE_CONTENT, tcp_response),
    RULES("stats http-request", SECTION_PROXY, RULE_HTTP_REQUEST, statistics.rules),
    {NULL, 0, 0, 0, NULL, NULL, 0, 0, false},
};
