/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled objects of the configuration, each with a record that remembers how to release it. They
 * are released together at the end, so that a setting may be inherited by several proxies, or be
 * replaced by a later line, without anybody owning it. Bounded by the files.
 */
#include "config/keyword.h"
#include "rules/acl.h"
#include "rules/log_format.h"
#include "rules/sample.h"

enum compiled_kind { COMPILED_EXPRESSION, COMPILED_FORMAT, COMPILED_CONDITION };

struct compiled {
    struct list link; /* configuration.compiled */
    enum compiled_kind kind;
    void *object;
};

static void release_object(struct account *account, enum compiled_kind kind, void *object)
{
    switch (kind) {
    case COMPILED_EXPRESSION:
        sample_expression_destroy(account, object);
        break;
    case COMPILED_FORMAT:
        log_format_destroy(account, object);
        break;
    case COMPILED_CONDITION:
        acl_condition_destroy(account, object);
        break;
    }
}

/* Keeps what was compiled; releases it when even the record is refused. */
static enum result keep(struct config_reader *reader, enum compiled_kind kind, void *object)
{
    struct compiled *compiled = config_take(reader, sizeof(*compiled));
    if (compiled == NULL) {
        release_object(reader->account, kind, object);
        return RESULT_NO_MEMORY;
    }
    compiled->kind = kind;
    compiled->object = object;
    list_append(&reader->configuration->compiled, &compiled->link);
    return RESULT_OK;
}

enum result config_compile_expression(struct config_reader *reader, struct rule_parser *parser,
                                      const char *const *words, unsigned count, unsigned *used,
                                      struct sample_expression **out)
{
    struct sample_expression *expression = NULL;
    enum result result = sample_parse(parser, words, count, used, &expression);
    if (result == RESULT_OK) {
        result = keep(reader, COMPILED_EXPRESSION, expression);
    }
    *out = result == RESULT_OK ? expression : NULL;
    return result;
}

enum result config_compile_format(struct config_reader *reader, struct rule_parser *parser,
                                  const char *text, enum log_format_use use,
                                  struct log_format **out)
{
    struct log_format *format = NULL;
    enum result result = log_format_parse_for(parser, text, use, &format);
    if (result == RESULT_OK) {
        result = keep(reader, COMPILED_FORMAT, format);
    }
    *out = result == RESULT_OK ? format : NULL;
    return result;
}

enum result config_compile_condition(struct config_reader *reader, struct rule_parser *parser,
                                     const char *const *words, unsigned count,
                                     struct acl_condition **out)
{
    struct acl_condition *condition = NULL;
    enum result result = acl_condition_parse(parser, words, count, &condition);
    if (result == RESULT_OK) {
        result = keep(reader, COMPILED_CONDITION, condition);
    }
    *out = result == RESULT_OK ? condition : NULL;
    return result;
}

void config_release_compiled(struct configuration *configuration)
{
    LIST_EACH_SAFE(link, &configuration->compiled) {
        struct compiled *compiled = container_of(link, struct compiled, link);
        list_remove(link);
        release_object(configuration->account, compiled->kind, compiled->object);
    }
}
