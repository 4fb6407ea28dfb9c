/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normalize-uri: one normalizer of uri_normalizer.h applied to the request's path and query. What a
 * strict normalizer refuses is answered 400; what does not fit is a failed rewrite. Targets without
 * a path ("*", CONNECT) are left alone. Memory: one text in scratch of three times the path.
 */
#include "rules/actions.h"

#include <string.h>

#include "memory/arena.h"
#include "rules/arguments.h"
#include "rules/parser.h"
#include "rules/rewrite.h"
#include "rules/suggestion.h"
#include "rules/uri_normalizer.h"

enum { STATUS_BAD_REQUEST = 400 };

/* A byte becomes at most this many ("#" to "%23"). */
enum { NORMALIZED_GROWTH = 3 };

struct normalize_arguments {
    enum uri_normalizer normalizer;
    bool has_option;
};

static enum result fail_normalizer(struct rule_parser *parser, const char *word)
{
    struct suggestion suggestion = {0};
    for (unsigned i = 0; i < URI_NORMALIZERS; i++) {
        suggestion_offer(&suggestion, word, uri_normalizer_name(i));
    }
    if (suggestion.best != NULL) {
        return parser_fail(parser, "unknown normalizer '%s'. Did you mean '%s' maybe ?", word,
                           suggestion.best);
    }
    return parser_fail(parser, "unknown normalizer '%s'", word);
}

static enum result parse_normalize(struct rule_parser *parser, struct rule *rule,
                                   enum rule_phase phase, const char *const *words,
                                   unsigned words_count, unsigned *words_used)
{
    (void)phase;
    unsigned count = arguments_count(words, words_count);
    if (count == 0) {
        return parser_fail(parser, "missing argument <normalizer>");
    }
    unsigned found = 0;
    while (found < URI_NORMALIZERS && strcmp(uri_normalizer_name(found), words[0]) != 0) {
        found++;
    }
    if (found == URI_NORMALIZERS) {
        return fail_normalizer(parser, words[0]);
    }
    struct normalize_arguments *arguments = rule_take(parser, sizeof(*arguments));
    rule->arguments = arguments;
    if (arguments == NULL) {
        return RESULT_NO_MEMORY;
    }
    arguments->normalizer = found;
    const char *option = uri_normalizer_option(found);
    arguments->has_option = option != NULL && argument_is(words, count, 1, option);
    *words_used = arguments->has_option ? 2 : 1;
    return RESULT_OK;
}

static void run_normalize(const struct rule *rule, struct rule_context *context,
                          struct verdict *verdict)
{
    const struct normalize_arguments *arguments = rule->arguments;
    struct http_message *request = context->request;
    if (request == NULL || request->path.length == 0 || request->path.data[0] != '/') {
        return;
    }
    size_t size = request->path.length * NORMALIZED_GROWTH + 1;
    char *room = arena_take_text(context->scratch, size);
    if (room == NULL) {
        rewrite_fail(context, verdict);
        return;
    }
    struct text text = text_over(room, size);
    enum result result =
        uri_normalize(arguments->normalizer, arguments->has_option, request->path, &text);
    if (result == RESULT_INVALID) {
        verdict->kind = VERDICT_ERROR;
        verdict->status = STATUS_BAD_REQUEST;
        return;
    }
    if (result == RESULT_OK && !slice_equal(text_slice(&text), request->path)) {
        result = http_message_set_path(request, text_slice(&text));
    }
    (void)rewrite_check(result, context, verdict);
}

const struct action_ops ACTIONS_NORMALIZE[] = {
    {"normalize-uri", PHASES_HTTP_REQUEST, "normalize-uri <normalizer> [full | strict]",
     parse_normalize, run_normalize, NULL, 0},
    {0},
};
