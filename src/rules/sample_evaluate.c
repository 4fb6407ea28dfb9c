/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluating expressions: the fetch, then each converter behind a cast to its input. A value that
 * may still change is no value yet for whoever wants one (sample_evaluate_as), while ACLs decide
 * themselves.
 *
 *   fetch BLOCKED, context final  -> no value
 *   value MAY_CHANGE, not final   -> blocked in sample_evaluate_as
 *
 * Memory: nothing of its own; fetches, casts and converters use the context's scratch arena.
 */
#include "rules/sample_internal.h"

#include "rules/context.h"

enum sample_type sample_expression_type(const struct sample_expression *expression)
{
    return expression->type;
}

const struct sample_fetch *sample_expression_fetch(const struct sample_expression *expression)
{
    return expression->fetch;
}

bool sample_expression_has_converters(const struct sample_expression *expression)
{
    return expression->steps_count > 0;
}

static enum result fetch_value(const struct sample_expression *expression,
                               struct rule_context *context, struct sample_cursor *cursor,
                               struct sample *out)
{
    const struct sample_call call = {.arguments = &expression->arguments,
                                     .cursor = cursor,
                                     .variant = expression->fetch->variant};
    *out = (struct sample){.type = SAMPLE_ANY};
    enum result result = expression->fetch->function(&call, context, out);
    if (cursor != NULL) {
        cursor->started = true;
    }
    if (result == RESULT_BLOCKED && context->is_final) {
        return RESULT_NOT_FOUND;
    }
    return result;
}

static enum result convert(const struct sample_step *step, struct rule_context *context,
                           struct sample *sample)
{
    const struct sample_converter *converter = step->converter;
    const struct sample_call call = {.arguments = &step->arguments, .variant = converter->variant};
    if (!sample_can_cast(sample->type, converter->input)) {
        return RESULT_NOT_FOUND;
    }
    enum result result = sample_cast(context, sample, converter->input);
    return result == RESULT_OK ? converter->function(&call, context, sample) : result;
}

enum result sample_evaluate(const struct sample_expression *expression,
                            struct rule_context *context, struct sample_cursor *cursor,
                            struct sample *out)
{
    enum result result = fetch_value(expression, context, cursor, out);
    unsigned flags = out->flags;
    for (unsigned i = 0; i < expression->steps_count && result == RESULT_OK; i++) {
        result = convert(&expression->steps[i], context, out);
    }
    out->flags = flags;
    return result;
}

enum result sample_evaluate_as(const struct sample_expression *expression,
                               struct rule_context *context, enum sample_type type,
                               struct sample *out)
{
    enum result result = sample_evaluate(expression, context, NULL, out);
    if (result != RESULT_OK) {
        return result;
    }
    if ((out->flags & SAMPLE_MAY_CHANGE) != 0 && !context->is_final) {
        return RESULT_BLOCKED;
    }
    return sample_cast(context, out, type);
}
