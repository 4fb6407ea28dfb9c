/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tests of rules need: a governor, a parser with a few fetches of its own, and the context of
 * one exchange with a request, a response, captures and settings. At the end all memory must be
 * given back.
 *
 * Fetches: str(x), int(x), bool(x), none, wait (blocked until the context is final), reqhdr(name),
 * path, port80 (an IPv4 address), hexbytes (binary), count (a number that grows with each call).
 */
#ifndef WEIR_TESTS_SUPPORT_RULES_H
#define WEIR_TESTS_SUPPORT_RULES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "balance/server.h"
#include "base/clock.h"
#include "http/message.h"
#include "memory/chunk.h"
#include "rules/actions.h"
#include "rules/capture.h"
#include "rules/converter.h"
#include "rules/fetch.h"
#include "rules/log_format.h"
#include "rules/rule.h"
#include "support/memory.h"

enum {
    TEST_ERROR_SIZE = 2048,
    TEST_ARENA_BYTES = 64 * 1024,
    TEST_REWRITE_BYTES = 4096,
    TEST_FIELDS_MAX = 32,
    TEST_WORDS_MAX = 32,
    TEST_BUFFER_SIZE = 16 * 1024,
    TEST_NOW_MS = 1000000,
};

/* One exchange. `parser` and `context` may be changed by a test. */
struct rules_test {
    struct memory *memory;
    struct account account;
    struct chunk_source source;
    struct arena scratch, stream;
    struct http_message request, response;
    struct counters frontend_counters, backend_counters;
    struct proxy_identity frontend, backend;
    struct stream_facts facts;
    struct stream_settings settings;
    struct captures captures;
    struct capture_declarations declarations;
    struct rule_parser parser;
    struct rule_context context;
    struct text error, warning;
    char error_storage[TEST_ERROR_SIZE], warning_storage[TEST_ERROR_SIZE];
    char buffer[TEST_BUFFER_SIZE]; /* of the last text that a helper made */
};

/* ---- fetches ---- */

static inline enum result test_fetch_text(const struct sample_call *call,
                                          struct rule_context *context, struct sample *out)
{
    (void)context;
    return sample_give_text(out, sample_argument_text(call->arguments, 0));
}

static inline enum result test_fetch_integer(const struct sample_call *call,
                                             struct rule_context *context, struct sample *out)
{
    (void)context;
    return sample_give_integer(out, sample_argument_integer(call->arguments, 0, 0));
}

static inline enum result test_fetch_bool(const struct sample_call *call,
                                          struct rule_context *context, struct sample *out)
{
    (void)context;
    return sample_give_bool(out, sample_argument_integer(call->arguments, 0, 0) != 0);
}

static inline enum result test_fetch_none(const struct sample_call *call,
                                          struct rule_context *context, struct sample *out)
{
    (void)call;
    (void)context;
    (void)out;
    return RESULT_NOT_FOUND;
}

static inline enum result test_fetch_wait(const struct sample_call *call,
                                          struct rule_context *context, struct sample *out)
{
    (void)call;
    return context->is_final ? sample_give_bool(out, true) : RESULT_BLOCKED;
}

static inline enum result test_fetch_header(const struct sample_call *call,
                                            struct rule_context *context, struct sample *out)
{
    struct slice name = sample_argument_text(call->arguments, 0);
    if (context->request == NULL) {
        return RESULT_NOT_FOUND;
    }
    uint16_t index = http_fields_find(&context->request->fields, name, 0);
    if (index == context->request->fields.count) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, context->request->fields.entries[index].value);
}

static inline enum result test_fetch_path(const struct sample_call *call,
                                          struct rule_context *context, struct sample *out)
{
    (void)call;
    if (context->request == NULL) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, http_message_path_only(context->request));
}

static inline enum result test_fetch_address(const struct sample_call *call,
                                             struct rule_context *context, struct sample *out)
{
    (void)call;
    (void)context;
    *out = (struct sample){.type = SAMPLE_IPV4};
    assert_int_equal(inet_pton(AF_INET, "192.0.2.80", &out->ipv4), 1);
    return RESULT_OK;
}

static inline enum result test_fetch_bytes(const struct sample_call *call,
                                           struct rule_context *context, struct sample *out)
{
    (void)call;
    (void)context;
    return sample_give_binary(out, SLICE("\x01\xffz"));
}

static inline enum result test_fetch_count(const struct sample_call *call,
                                           struct rule_context *context, struct sample *out)
{
    (void)call;
    context->facts->bytes_in++;
    return sample_give_integer(out, (int64_t)context->facts->bytes_in);
}

static inline enum result test_fetch_method(const struct sample_call *call,
                                            struct rule_context *context, struct sample *out)
{
    (void)call;
    if (context->request == NULL) {
        return RESULT_NOT_FOUND;
    }
    return sample_give_text(out, context->request->method);
}

static const struct sample_fetch test_fetches[] = {
    {.name = "str",
     .arguments = {1, {ARGUMENT_STRING}},
     .type = SAMPLE_STRING,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_text},
    {.name = "int",
     .arguments = {1, {ARGUMENT_INTEGER}},
     .type = SAMPLE_INTEGER,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_integer},
    {.name = "bool",
     .arguments = {1, {ARGUMENT_INTEGER}},
     .type = SAMPLE_BOOL,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_bool},
    {.name = "none", .type = SAMPLE_STRING, .places = FETCH_ANYWHERE, .function = test_fetch_none},
    {.name = "wait", .type = SAMPLE_BOOL, .places = FETCH_ANYWHERE, .function = test_fetch_wait},
    {.name = "reqhdr",
     .arguments = {1, {ARGUMENT_STRING}},
     .type = SAMPLE_STRING,
     .places = FETCH_OF_STREAM,
     .function = test_fetch_header},
    {.name = "path", .type = SAMPLE_STRING, .places = FETCH_OF_STREAM, .function = test_fetch_path},
    {.name = "method",
     .type = SAMPLE_STRING,
     .places = FETCH_OF_STREAM,
     .function = test_fetch_method},
    {.name = "port80",
     .type = SAMPLE_IPV4,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_address},
    {.name = "hexbytes",
     .type = SAMPLE_BINARY,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_bytes},
    {.name = "count",
     .type = SAMPLE_INTEGER,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_count},
    {.name = "respstatus",
     .type = SAMPLE_INTEGER,
     .places = FETCH_OF_RESPONSE,
     .function = test_fetch_none},
    {0},
};

static const struct sample_fetch *const test_fetch_tables[] = {test_fetches, NULL};
static const struct sample_converter *const test_converter_tables[] = {NULL};
static const struct action_ops *const test_no_actions[] = {NULL};
static const char *const test_services[] = {"stats", "prometheus-exporter", NULL};
static const struct rule_registry test_registry = {
    .fetches = test_fetch_tables,
    .converters = test_converter_tables,
    .actions = test_no_actions,
    .services = test_services,
};

/* ---- life ---- */

static inline void rules_test_open(struct rules_test *test)
{
    memset(test, 0, sizeof(*test));
    test->memory = test_memory_limited(0);
    account_init(&test->account, memory_ledger(test->memory, 0), ACCOUNT_CLIENT, 0);
    assert_int_equal(chunk_source_init(&test->source, test->memory, 16384, 0), RESULT_OK);
    arena_init(&test->scratch, &test->source, &test->account, TEST_ARENA_BYTES);
    arena_init(&test->stream, &test->source, &test->account, TEST_ARENA_BYTES);
    http_message_init(&test->request, &test->source, &test->account, TEST_REWRITE_BYTES,
                      TEST_FIELDS_MAX);
    http_message_init(&test->response, &test->source, &test->account, TEST_REWRITE_BYTES,
                      TEST_FIELDS_MAX);
    test->response.is_response = true;
    test->frontend = (struct proxy_identity){"fe", 1, &test->frontend_counters};
    test->backend = (struct proxy_identity){"be", 2, &test->backend_counters};
    test->error = text_over(test->error_storage, sizeof(test->error_storage));
    test->warning = text_over(test->warning_storage, sizeof(test->warning_storage));
    test->parser = (struct rule_parser){
        .registry = &test_registry,
        .account = &test->account,
        .file = "test.cfg",
        .line = 7,
        .error = &test->error,
        .warning = &test->warning,
        .captures = &test->declarations,
        .capabilities = SAMPLE_IN_HTTP_REQUEST,
    };
    test->settings.retries = -1;
    test->context = (struct rule_context){
        .phase = RULE_HTTP_REQUEST,
        .is_final = true,
        .now_ms = TEST_NOW_MS,
        .scratch = &test->scratch,
        .stream_arena = &test->stream,
        .frontend = &test->frontend,
        .frontend_is_http = true,
        .request = &test->request,
        .facts = &test->facts,
        .settings = &test->settings,
        .captures = &test->captures,
        .node_name = "node",
    };
}

static inline void rules_test_close(struct rules_test *test)
{
    http_message_clear(&test->request);
    http_message_clear(&test->response);
    arena_clear(&test->scratch);
    arena_clear(&test->stream);
    capture_declarations_deinit(&test->declarations, &test->account);
    account_deinit(&test->account);
    test_memory_close(test->memory);
}

/* ---- messages ---- */

/* Makes the request anew: origin form, HTTP/1.1, without fields. */
static inline void rules_test_request(struct rules_test *test, const char *method,
                                      const char *target)
{
    http_message_clear(&test->request);
    test->request.version = HTTP_VERSION_1_1;
    test->request.method = slice_from_string(method);
    test->request.method_id = http_method_find(test->request.method);
    test->request.target = slice_from_string(target);
    test->request.path = slice_from_string(target);
    test->request.target_form = HTTP_TARGET_ORIGIN;
    test->request.body = HTTP_BODY_NONE;
}

/* Makes the response anew, without fields, and lets the context see it. */
static inline void rules_test_response(struct rules_test *test, uint16_t status)
{
    http_message_clear(&test->response);
    test->response.is_response = true;
    test->response.version = HTTP_VERSION_1_1;
    test->response.status = status;
    test->response.reason = http_status_reason(status);
    test->context.response = &test->response;
    test->context.phase = RULE_HTTP_RESPONSE;
}

static inline void rules_test_field(struct http_message *message, const char *name,
                                    const char *value)
{
    assert_int_equal(
        http_fields_append(&message->fields, slice_from_string(name), slice_from_string(value)),
        RESULT_OK);
}

/* All fields as "name: value" lines, in the test's buffer. */
static inline const char *rules_test_fields(struct rules_test *test,
                                            const struct http_message *message)
{
    struct text text = text_over(test->buffer, sizeof(test->buffer));
    for (unsigned i = 0; i < message->fields.count; i++) {
        text_append(&text, message->fields.entries[i].name);
        text_append_string(&text, ": ");
        text_append(&text, message->fields.entries[i].value);
        text_append_char(&text, '\n');
    }
    return test->buffer;
}

/* All bytes of a queue as a string in the test's buffer; the queue is emptied. */
static inline const char *rules_test_body(struct rules_test *test, struct chunk_queue *queue)
{
    assert_true(queue->bytes < sizeof(test->buffer));
    size_t length = chunk_queue_copy_out(queue, test->buffer, queue->bytes);
    test->buffer[length] = '\0';
    chunk_queue_clear(queue);
    return test->buffer;
}

static inline bool slice_is(struct slice s, const char *string)
{
    return slice_equal(s, slice_from_string(string));
}

#define assert_slice(s, string) assert_true(slice_is((s), (string)))

/* ---- words and rules ---- */

/* Cuts a line at single spaces into words; '`' stands for a space inside a word, '~' for an empty
 * word. The words live in the test's buffer. */
static inline unsigned rules_test_words(struct rules_test *test, const char *line,
                                        const char *words[TEST_WORDS_MAX])
{
    unsigned count = 0;
    size_t length = strlen(line);
    assert_true(length < sizeof(test->buffer));
    memcpy(test->buffer, line, length + 1);
    char *next = test->buffer;
    while (next != NULL && *next != '\0') {
        char *word = next;
        next = strchr(word, ' ');
        if (next != NULL) {
            *next = '\0';
            next++;
        }
        for (char *c = word; *c != '\0'; c++) {
            *c = *c == '`' ? ' ' : *c;
        }
        assert_true(count < TEST_WORDS_MAX);
        words[count] = strcmp(word, "~") == 0 ? "" : word;
        count++;
    }
    return count;
}

/* Parses an action without a condition by its table; the rule is released by rules_test_drop. */
static inline enum result rules_test_parse(struct rules_test *test, const struct action_ops *table,
                                           enum rule_phase phase, const char *line,
                                           struct rule *rule)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(test, line, words);
    *rule = (struct rule){.file = test->parser.file, .line = test->parser.line};
    for (const struct action_ops *ops = table; ops->name != NULL; ops++) {
        size_t length = strlen(ops->name);
        bool is_open = ops->name[length - 1] == '(';
        if (strcmp(words[0], ops->name) == 0 ||
            (is_open && strncmp(words[0], ops->name, length) == 0)) {
            rule->ops = ops;
            break;
        }
    }
    assert_non_null(rule->ops);
    assert_true((rule->ops->phases & (1U << phase)) != 0);
    text_clear(&test->error);
    test->parser.capabilities = rule_phase_place(phase);
    unsigned used = 0;
    enum result result = rule->ops->parse(&test->parser, rule, phase, words + 1, count - 1, &used);
    if (result == RESULT_OK && used != count - 1) {
        text_append_format(&test->error, "unexpected '%s'", words[1 + used]);
        return RESULT_INVALID;
    }
    return result;
}

static inline void rules_test_drop(struct rules_test *test, struct rule *rule)
{
    if (rule->arguments != NULL) {
        if (rule->ops->destroy != NULL) {
            rule->ops->destroy(&test->account, rule->arguments);
        }
        memory_release(&test->account, rule->arguments);
        rule->arguments = NULL;
    }
}

/* Parses, runs once and drops a rule; the verdict. */
static inline struct verdict rules_test_run(struct rules_test *test, const struct action_ops *table,
                                            const char *line)
{
    struct rule rule;
    struct verdict verdict = {.kind = VERDICT_CONTINUE};
    enum result result = rules_test_parse(test, table, test->context.phase, line, &rule);
    if (result != RESULT_OK) {
        fail_msg("%s: %s", line, test->error_storage);
    }
    test->context.rule = &rule;
    rule.ops->run(&rule, &test->context, &verdict);
    test->context.rule = NULL;
    arena_clear(&test->scratch);
    rules_test_drop(test, &rule);
    return verdict;
}

/* What is wrong with a line that must not parse. */
static inline const char *rules_test_refusal(struct rules_test *test,
                                             const struct action_ops *table, enum rule_phase phase,
                                             const char *line)
{
    struct rule rule;
    enum result result = rules_test_parse(test, table, phase, line, &rule);
    rules_test_drop(test, &rule);
    if (result != RESULT_INVALID) {
        fail_msg("%s: was accepted", line);
    }
    return test->error_storage;
}

/* ---- log-formats ---- */

/* Compiles for `use`, evaluates into the test's buffer, releases. */
static inline const char *rules_test_format(struct rules_test *test, enum log_format_use use,
                                            const char *format)
{
    struct log_format *compiled = NULL;
    text_clear(&test->error);
    enum result result = log_format_parse_for(&test->parser, format, use, &compiled);
    if (result != RESULT_OK) {
        fail_msg("%s: %s", format, test->error_storage);
    }
    struct text text = text_over(test->buffer, sizeof(test->buffer));
    log_format_append(compiled, &test->context, &text);
    arena_clear(&test->scratch);
    log_format_destroy(&test->account, compiled);
    return test->buffer;
}

/* What is wrong with a format that must not compile. */
static inline const char *rules_test_bad_format(struct rules_test *test, enum log_format_use use,
                                                const char *format)
{
    struct log_format *compiled = NULL;
    text_clear(&test->error);
    assert_int_equal(log_format_parse_for(&test->parser, format, use, &compiled), RESULT_INVALID);
    return test->error_storage;
}

#endif
