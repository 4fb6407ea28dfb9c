/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failed rewrites, counted for the frontend, the backend and the server as HAProxy's `wrew` column
 * is, and the choice of the message that a phase changes. Owns nothing and takes no memory.
 */
#include "rules/rewrite.h"

#include <stddef.h>

#include "balance/counters.h"
#include "balance/server.h"

static void count_failure(const struct proxy_identity *proxy)
{
    if (proxy != NULL && proxy->counters != NULL) {
        proxy->counters->rewrites_failed++;
    }
}

void rewrite_fail(struct rule_context *context, struct verdict *verdict)
{
    count_failure(context->frontend);
    if (context->backend != context->frontend) {
        count_failure(context->backend);
    }
    if (context->server != NULL) {
        context->server->counters.rewrites_failed++;
    }
    if (!context->rewrites_are_optional) {
        verdict->kind = VERDICT_ERROR;
    }
}

bool rewrite_check(enum result result, struct rule_context *context, struct verdict *verdict)
{
    if (result != RESULT_OK) {
        rewrite_fail(context, verdict);
    }
    return result == RESULT_OK;
}

bool phase_is_response(enum rule_phase phase)
{
    return phase == RULE_TCP_RESPONSE_CONTENT || phase == RULE_HTTP_RESPONSE ||
           phase == RULE_HTTP_AFTER_RESPONSE;
}

struct http_message *rewrite_message(const struct rule_context *context)
{
    return phase_is_response(context->phase) ? context->response : context->request;
}
