/* SPDX-License-Identifier: Apache-2.0 */
/*
 * set-src, set-src-port, set-dst, set-dst-port: what the client's address and the one it connected
 * to are from now on, for rules, logs and servers without an address of their own. An expression
 * without a usable value changes nothing. A port can only be set on an IP address: any other is
 * replaced by 0.0.0.0 first. No memory beyond the compiled expression.
 */
#include "rules/actions.h"

#include "rules/arguments.h"
#include "rules/sample.h"

/* What is set, as the variant of a row. */
enum address_setting { SET_SOURCE, SET_SOURCE_PORT, SET_DESTINATION, SET_DESTINATION_PORT };

struct address_arguments {
    enum address_setting setting;
    struct sample_expression *expression;
};

static enum result parse_address(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    (void)phase;
    struct address_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->setting = rule->ops->variant;
    return sample_parse(parser, words, words_count, words_used, &arguments->expression);
}

static void destroy_address(struct account *account, void *data)
{
    struct address_arguments *arguments = data;
    sample_expression_destroy(account, arguments->expression);
}

/* Sets the IP address, keeping the port that an IP address has. */
static void set_ip(struct address *address, const struct sample *sample)
{
    bool had_port = address->family == AF_INET || address->family == AF_INET6;
    struct address changed = {.port = had_port ? address->port : 0};
    if (sample->type == SAMPLE_IPV4) {
        changed.family = AF_INET;
        changed.v4 = sample->ipv4;
    } else {
        changed.family = AF_INET6;
        changed.v6 = sample->ipv6;
    }
    *address = changed;
}

static void set_port(struct address *address, int64_t port)
{
    if (port < 0 || port > UINT16_MAX) {
        return;
    }
    if (address->family != AF_INET && address->family != AF_INET6) {
        *address = (struct address){.family = AF_INET};
    }
    address->port = (uint16_t)port;
}

static void run_ip(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    (void)verdict;
    const struct address_arguments *arguments = rule->arguments;
    struct sample sample;
    if (sample_evaluate_as(arguments->expression, context, SAMPLE_ADDRESS, &sample) != RESULT_OK) {
        return;
    }
    if (sample.type == SAMPLE_IPV4 || sample.type == SAMPLE_IPV6) {
        bool is_source = arguments->setting == SET_SOURCE;
        set_ip(is_source ? &context->source : &context->destination, &sample);
    }
}

static void run_port(const struct rule *rule, struct rule_context *context, struct verdict *verdict)
{
    (void)verdict;
    const struct address_arguments *arguments = rule->arguments;
    struct sample sample;
    if (sample_evaluate_as(arguments->expression, context, SAMPLE_INTEGER, &sample) == RESULT_OK) {
        bool is_source = arguments->setting == SET_SOURCE_PORT;
        set_port(is_source ? &context->source : &context->destination, sample.integer);
    }
}

enum { PHASES_ADDRESS = PHASES_TCP_EARLY | PHASES_REQUEST_CONTENT | PHASES_HTTP_REQUEST };

const struct action_ops ACTIONS_ADDRESS[] = {
    {"set-dst", PHASES_ADDRESS, "set-dst <expr>", parse_address, run_ip, destroy_address,
     SET_DESTINATION},
    {"set-dst-port", PHASES_ADDRESS, "set-dst-port <expr>", parse_address, run_port,
     destroy_address, SET_DESTINATION_PORT},
    {"set-src", PHASES_ADDRESS, "set-src <expr>", parse_address, run_ip, destroy_address,
     SET_SOURCE},
    {"set-src-port", PHASES_ADDRESS, "set-src-port <expr>", parse_address, run_port,
     destroy_address, SET_SOURCE_PORT},
    {0},
};
