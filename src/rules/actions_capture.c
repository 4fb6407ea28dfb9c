/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture <sample> { len <length> | id <id> }: puts a sample's text in a capture slot. `len`
 * declares the next slot of the section's frontend, `id` names one that is declared; a stream whose
 * frontend has no such slot ignores the rule. A section that is also the backend of other frontends
 * must not fill their slots: the declarations that the rule was made with are compared with the
 * stream's.
 *
 * Memory: the value, cut at the slot's length, is copied into the stream's arena.
 */
#include "rules/actions.h"

#include <string.h>

#include "rules/arguments.h"
#include "rules/capture.h"
#include "rules/parser.h"
#include "rules/rewrite.h"
#include "rules/sample.h"

struct capture_arguments {
    struct sample_expression *expression;
    const struct capture_declarations *declarations; /* of `len`; NULL: by id, any frontend's */
    bool is_response;
    unsigned id;
};

static void destroy_capture(struct account *account, void *data)
{
    struct capture_arguments *arguments = data;
    sample_expression_destroy(account, arguments->expression);
}

static enum result declare_slot(struct rule_parser *parser, struct capture_arguments *arguments,
                                const char *word)
{
    uint64_t length = 0;
    enum result result = parse_integer(word, UINT16_MAX, &length);
    if (result == RESULT_FULL) {
        return parser_fail(parser, "length must be at most %u", UINT16_MAX);
    }
    if (result != RESULT_OK || length == 0) {
        return parser_fail(parser, "length must be > 0");
    }
    if (arguments->is_response) {
        return parser_fail(parser, "expects 'id' <idx> in responses: 'len' declares slots of "
                                   "requests only");
    }
    if (parser->captures == NULL) {
        return parser_fail(parser, "'len' can only be used in a frontend: no capture slot can be "
                                   "declared here");
    }
    arguments->declarations = parser->captures;
    result = capture_declare(parser->captures, parser->account, false, NULL, (uint16_t)length,
                             &arguments->id);
    return result == RESULT_OK ? result : parser_fail_memory(parser);
}

static enum result parse_slot(struct rule_parser *parser, struct capture_arguments *arguments,
                              const char *const *words)
{
    if (strcmp(words[0], "len") == 0) {
        return declare_slot(parser, arguments, words[1]);
    }
    uint64_t id = 0;
    if (parse_integer(words[1], UINT16_MAX, &id) != RESULT_OK) {
        return parser_fail(parser, "cannot parse id '%s'", words[1]);
    }
    if (parser->captures != NULL) {
        capture_refer(parser->captures, arguments->is_response, (unsigned)id);
    }
    arguments->id = (unsigned)id;
    return RESULT_OK;
}

static enum result parse_capture(struct rule_parser *parser, struct rule *rule,
                                 enum rule_phase phase, const char *const *words,
                                 unsigned words_count, unsigned *words_used)
{
    static const char usage[] = "expects <expression> [ 'len' <length> | id <idx> ]";
    unsigned count = arguments_count(words, words_count);
    if (count < 3 ||
        (strcmp(words[count - 2], "len") != 0 && strcmp(words[count - 2], "id") != 0)) {
        return parser_fail(parser, "%s", usage);
    }
    struct capture_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->is_response = phase_is_response(phase);
    unsigned used = 0;
    enum result result = sample_parse(parser, words, count - 2, &used, &arguments->expression);
    if (result != RESULT_OK) {
        return result;
    }
    if (used != count - 2) {
        return parser_fail(parser, "%s", usage);
    }
    *words_used = count;
    return parse_slot(parser, arguments, words + used);
}

static void run_capture(const struct rule *rule, struct rule_context *context,
                        struct verdict *verdict)
{
    (void)verdict;
    const struct capture_arguments *arguments = rule->arguments;
    struct captures *captures = context->captures;
    if (captures == NULL ||
        (arguments->declarations != NULL && arguments->declarations != captures->declarations)) {
        return;
    }
    struct sample sample;
    if (sample_evaluate_as(arguments->expression, context, SAMPLE_STRING, &sample) == RESULT_OK) {
        enum result result = captures_set(captures, arguments->is_response, arguments->id,
                                          sample.text, context->stream_arena);
        /* Without the slot or the memory nothing is captured, and the log says so. */
        (void)result;
    }
}

const struct action_ops ACTIONS_CAPTURE[] = {
    {"capture", PHASES_REQUEST_CONTENT | PHASES_HTTP, "capture <sample> { len <length> | id <id> }",
     parse_capture, run_capture, destroy_capture, 0},
    {0},
};
