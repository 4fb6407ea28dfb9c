/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log-formats: a string that does not compile says why and leaves nothing behind; one that does
 * evaluates to the same text in whole and cut, without control bytes of its expressions, and as a
 * whole object where an encoding is set. The first byte chooses the use, the second the room.
 */
#include "fuzz_http.h"
#include "rules/converter.h"
#include "rules/fetch.h"
#include "rules/log_format.h"
#include "rules/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    ERROR_SIZE = 2048,
    TEXT_SIZE = 8192,
    FORMAT_BYTES_MAX = 2048,
    ARENA_BYTES = 1 << 20,
    USES = LOG_FORMAT_FOR_STRING + 1,
};

/* Every byte but NUL, so that escaping has something to do. */
static enum result fetch_bytes(const struct sample_call *call, struct rule_context *context,
                               struct sample *out)
{
    static char bytes[UINT8_MAX];
    (void)call;
    (void)context;
    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i + 1);
    }
    return sample_give_text(out, slice_of(bytes, sizeof(bytes)));
}

static enum result fetch_text(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)context;
    return sample_give_text(out, sample_argument_text(call->arguments, 0));
}

static enum result fetch_integer(const struct sample_call *call, struct rule_context *context,
                                 struct sample *out)
{
    (void)context;
    return sample_give_integer(out, sample_argument_integer(call->arguments, 0, 0));
}

static enum result fetch_none(const struct sample_call *call, struct rule_context *context,
                              struct sample *out)
{
    (void)call;
    (void)context;
    (void)out;
    return RESULT_NOT_FOUND;
}

static const struct sample_fetch fetches[] = {
    {.name = "all", .type = SAMPLE_STRING, .places = FETCH_ANYWHERE, .function = fetch_bytes},
    {.name = "str",
     .arguments = {1, {ARGUMENT_STRING}},
     .type = SAMPLE_STRING,
     .places = FETCH_ANYWHERE,
     .function = fetch_text},
    {.name = "int",
     .arguments = {1, {ARGUMENT_INTEGER}},
     .type = SAMPLE_INTEGER,
     .places = FETCH_ANYWHERE,
     .function = fetch_integer},
    {.name = "none", .type = SAMPLE_STRING, .places = FETCH_ANYWHERE, .function = fetch_none},
    {0},
};

static const struct rule_registry *the_registry(void)
{
    static const struct sample_fetch *const fetch_tables[] = {fetches, NULL};
    static const struct sample_converter *const converter_tables[] = {converters_text,
                                                                      converters_encoding, NULL};
    static const struct rule_registry registry = {.fetches = fetch_tables,
                                                  .converters = converter_tables};
    return &registry;
}

/* Evaluates in whole and into less room: the shorter text is the beginning of the whole. */
static void evaluate(const struct log_format *format, struct rule_context *context, size_t room)
{
    static char whole_storage[TEXT_SIZE];
    static char cut_storage[TEXT_SIZE];
    struct text whole = text_over(whole_storage, sizeof(whole_storage));
    struct text cut = text_over(cut_storage, room + 1);
    log_format_append(format, context, &whole);
    arena_clear(context->scratch);
    log_format_append(format, context, &cut);
    arena_clear(context->scratch);
    fuzz_require(cut.length <= room, "no more than there is room for");
    fuzz_require(cut.truncated || cut.length == whole.length, "cut only for want of room");
    fuzz_require(slice_starts_with(text_slice(&whole), text_slice(&cut)), "the same text");
    struct slice value;
    enum result result = log_format_evaluate(format, context, &value);
    fuzz_require(result == RESULT_OK || result == RESULT_FULL, "evaluated into scratch");
    fuzz_require(whole.truncated || slice_equal(value, text_slice(&whole)),
                 "the same text in scratch");
    arena_clear(context->scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > FORMAT_BYTES_MAX) {
        return 0;
    }
    struct fuzz_http *http = fuzz_http();
    struct arena scratch;
    struct arena stream;
    arena_init(&scratch, &http->source, &http->account, ARENA_BYTES);
    arena_init(&stream, &http->source, &http->account, ARENA_BYTES);
    char storage[ERROR_SIZE];
    struct text error = text_over(storage, sizeof(storage));
    struct rule_parser parser = {
        .registry = the_registry(),
        .account = &http->account,
        .error = &error,
        .capabilities = SAMPLE_IN_LOG,
    };
    struct stream_facts facts = {.bytes_out = 1, .status = UINT8_MAX};
    struct rule_context context = {
        .phase = RULE_LOG,
        .is_final = true,
        .scratch = &scratch,
        .stream_arena = &stream,
        .facts = &facts,
        .frontend_is_http = true,
    };
    char string[FORMAT_BYTES_MAX];
    struct text copy = text_over(string, sizeof(string));
    text_append(&copy, slice_of((const char *)data + 2, size - 2));
    struct log_format *format = NULL;
    enum result result = log_format_parse_for(&parser, string, data[0] % USES, &format);
    if (result == RESULT_OK) {
        evaluate(format, &context, data[1]);
        log_format_destroy(&http->account, format);
    } else {
        fuzz_require(result == RESULT_INVALID && error.length > 0, "refused with a reason");
    }
    arena_clear(&stream);
    fuzz_http_end();
    return 0;
}
