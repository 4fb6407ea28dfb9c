/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiling expressions: fetches and converters in one word and in several, the types between them,
 * the places where a fetch has a value, what is wrong and where, and each allocation failed in
 * turn.
 */
#include "rules/sample.h"

#include "memory/fault.h"
#include "support/rules.h"

static struct rules_test test;
static struct sample_expression *expression;
static unsigned used;

/* ---- converters of the test ---- */

static enum result append_text(const struct sample_call *call, struct rule_context *context,
                               struct sample *sample)
{
    struct slice more = sample_argument_text(call->arguments, 0);
    char *bytes = arena_take_text(context->scratch, sample->text.length + more.length + 1);
    if (bytes == NULL) {
        return RESULT_NO_MEMORY;
    }
    struct text text = text_over(bytes, sample->text.length + more.length + 1);
    text_append(&text, sample->text);
    text_append(&text, more);
    return sample_give_text(sample, text_slice(&text));
}

static enum result count_bytes(const struct sample_call *call, struct rule_context *context,
                               struct sample *sample)
{
    (void)call;
    (void)context;
    return sample_give_integer(sample, (int64_t)sample->text.length);
}

static enum result keep(const struct sample_call *call, struct rule_context *context,
                        struct sample *sample)
{
    (void)call;
    (void)context;
    (void)sample;
    return RESULT_OK;
}

static enum result check_short(struct rule_parser *parser, struct sample_arguments *arguments,
                               unsigned variant)
{
    struct slice text = sample_argument_text(arguments, 0);
    if (text.length <= variant) {
        return RESULT_OK;
    }
    text_clear(parser->error);
    text_append_format(parser->error, "'%s' is too long", text.data);
    return RESULT_INVALID;
}

static const struct sample_converter converters[] = {
    {.name = "append",
     .arguments = {1, {ARGUMENT_STRING}},
     .input = SAMPLE_STRING,
     .output = SAMPLE_STRING,
     .function = append_text,
     .check = check_short,
     .variant = 3},
    {.name = "size", .input = SAMPLE_BINARY, .output = SAMPLE_INTEGER, .function = count_bytes},
    {.name = "keep", .input = SAMPLE_ANY, .output = SAMPLE_ANY, .function = keep},
    {.name = "plain", .input = SAMPLE_STRING, .output = SAMPLE_ANY, .function = keep},
    {.name = "pair",
     .arguments = {2, {ARGUMENT_STRING, ARGUMENT_INTEGER}},
     .input = SAMPLE_STRING,
     .output = SAMPLE_STRING,
     .function = keep},
    {.name = "method", .input = SAMPLE_METHOD, .output = SAMPLE_METHOD, .function = keep},
    {0},
};

static const struct sample_fetch fetches[] = {
    {.name = "checked",
     .arguments = {1, {ARGUMENT_STRING}},
     .type = SAMPLE_STRING,
     .places = FETCH_ANYWHERE,
     .function = test_fetch_text,
     .check = check_short,
     .variant = 2},
    {.name = "formed",
     .type = SAMPLE_STRING,
     .places = FETCH_OF_STREAM,
     .function = test_fetch_path,
     .flags = FETCH_HAS_FORMS},
    {.name = "unformed",
     .type = SAMPLE_STRING,
     .places = FETCH_OF_STREAM,
     .function = test_fetch_path},
    {.name = "unformed_len", .type = SAMPLE_INTEGER, .places = 0, .function = test_fetch_integer},
    {.name = "of_log", .type = SAMPLE_BOOL, .places = SAMPLE_IN_LOG, .function = test_fetch_none},
    {.name = "of_check",
     .type = SAMPLE_BOOL,
     .places = SAMPLE_IN_CHECK,
     .function = test_fetch_none},
    {.name = "of_request",
     .type = SAMPLE_BOOL,
     .places = FETCH_OF_REQUEST,
     .function = test_fetch_none},
    {.name = "of_server",
     .type = SAMPLE_BOOL,
     .places = FETCH_OF_SERVER,
     .function = test_fetch_none},
    {.name = "of_client",
     .type = SAMPLE_BOOL,
     .places = FETCH_OF_CLIENT,
     .function = test_fetch_none},
    {0},
};

static const struct sample_fetch *const fetch_tables[] = {test_fetches, fetches, NULL};
static const struct sample_converter *const converter_tables[] = {converters, NULL};
static const struct rule_registry registry = {
    .fetches = fetch_tables,
    .converters = converter_tables,
    .actions = test_no_actions,
    .services = test_services,
};

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    rules_test_request(&test, "GET", "/path");
    test.parser.registry = &registry;
    expression = NULL;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    fault_fail_nth(test.memory, 0, 0);
    sample_expression_destroy(&test.account, expression);
    rules_test_close(&test);
    return 0;
}

/* Parses the words of a line cut at spaces. */
static enum result parse_line(const char *line)
{
    const char *words[TEST_WORDS_MAX];
    unsigned count = rules_test_words(&test, line, words);
    sample_expression_destroy(&test.account, expression);
    expression = NULL;
    text_clear(&test.error);
    return sample_parse(&test.parser, words, count, &used, &expression);
}

static void parse(const char *line)
{
    if (parse_line(line) != RESULT_OK) {
        fail_msg("%s: %s", line, test.error_storage);
    }
}

/* What is wrong with a line; nothing of it may stay. */
static const char *refusal(const char *line)
{
    if (parse_line(line) != RESULT_INVALID) {
        fail_msg("%s was accepted", line);
    }
    assert_null(expression);
    assert_int_equal(test.account.used, 0);
    return test.error_storage;
}

/* The value of the expression parsed last, as a text. */
static const char *value(void)
{
    struct sample sample;
    struct text text = text_over(test.buffer, sizeof(test.buffer));
    assert_int_equal(sample_evaluate_as(expression, &test.context, SAMPLE_STRING, &sample),
                     RESULT_OK);
    text_append(&text, sample.text);
    arena_clear(&test.scratch);
    return test.buffer;
}

/* ---- what compiles ---- */

static void test_one_word(void **state)
{
    (void)state;
    parse("path");
    assert_int_equal(used, 1);
    assert_int_equal(sample_expression_type(expression), SAMPLE_STRING);
    assert_string_equal(sample_expression_fetch(expression)->name, "path");
    assert_false(sample_expression_has_converters(expression));
    assert_string_equal(value(), "/path");
    parse("str(a),append(b),append(cd)");
    assert_true(sample_expression_has_converters(expression));
    assert_string_equal(value(), "abcd");
    parse("str('x,y'),append(\"),\"),size");
    assert_int_equal(sample_expression_type(expression), SAMPLE_INTEGER);
    assert_string_equal(value(), "5");
    parse("str(a),append()"); /* empty, but there */
    assert_string_equal(value(), "a");
    parse("str(a),append");
    assert_string_equal(value(), "a");
}

static void test_several_words(void **state)
{
    (void)state;
    parse("str(a) append(b) append(c),size next");
    assert_int_equal(used, 3);
    assert_string_equal(value(), "3");
    parse("str(a),append(b) if size"); /* an unknown word ends it, whatever follows */
    assert_int_equal(used, 1);
    assert_string_equal(value(), "ab");
    parse("str(a), append(b)"); /* a comma at the end of a word is harmless */
    assert_int_equal(used, 2);
    assert_string_equal(value(), "ab");
    parse("str(a),,");
    assert_int_equal(used, 1);
    parse("str(a), foo");
    assert_int_equal(used, 1);
    parse("str(a),,append(b)");
    assert_string_equal(value(), "ab");
    parse("str(a) ,append(b)"); /* a word begins with a name */
    assert_int_equal(used, 1);
    assert_string_equal(value(), "a");
    parse("str(a) ~");
    assert_int_equal(used, 1);
}

static void test_types(void **state)
{
    (void)state;
    parse("int(5),keep");
    assert_int_equal(sample_expression_type(expression), SAMPLE_INTEGER); /* of the input */
    parse("int(5),plain");
    assert_int_equal(sample_expression_type(expression), SAMPLE_STRING); /* as it was cast */
    assert_string_equal(value(), "5");
    parse("port80,append(x)");
    assert_string_equal(value(), "192.0.2.80x");
    assert_string_equal(refusal("int(5),method"), "converter 'method' cannot be applied");
    assert_string_equal(refusal("str(GET),method,size,method"),
                        "converter 'method' cannot be applied");
    parse("str(GET),method,size");
    assert_string_equal(value(), "3");
}

/* ---- what is wrong, and where ---- */

static void test_unknown_names(void **state)
{
    (void)state;
    assert_string_equal(refusal("nothing"), "unknown fetch method 'nothing'");
    assert_string_equal(refusal("pth"), "unknown fetch method 'pth'; did you mean 'path' maybe ?");
    assert_string_equal(refusal("Path"),
                        "unknown fetch method 'Path'; did you mean 'path' maybe ?");
    assert_string_equal(refusal("nothing(x),append(y)"), "unknown fetch method 'nothing'");
    assert_string_equal(refusal("str(a),foo"), "unknown converter 'foo'");
    assert_string_equal(refusal("str(a),apend(x)"),
                        "unknown converter 'apend'; did you mean 'append' maybe ?");
    assert_string_equal(refusal("str(a),(x)"), "unknown converter ''");
    assert_string_equal(refusal("str(a),)"), "unknown converter ''");
    assert_string_equal(refusal("str(a),size,(x)"), "unknown converter ''");
    assert_string_equal(refusal("append(x)"), "unknown fetch method 'append'");
    assert_string_equal(refusal("path_beg"), "unknown fetch method 'path_beg'"); /* of ACLs only */
    assert_string_equal(refusal("~"), "missing fetch method");
    assert_string_equal(refusal("(x)"), "missing fetch method");
    assert_string_equal(refusal(",size"), "missing fetch method");
    assert_int_equal(sample_parse(&test.parser, NULL, 0, &used, &expression), RESULT_INVALID);
    assert_string_equal(test.error_storage, "missing fetch method");
}

/* Names as long as a message can take, and longer. */
static void test_long_names(void **state)
{
    (void)state;
    char name[2048];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    const char *message = refusal(name);
    assert_memory_equal(message, "unknown fetch method 'nnnn", 26);
    assert_true(strlen(message) < 1100);
}

static void test_arguments_of_fetches(void **state)
{
    (void)state;
    assert_string_equal(refusal("int"),
                        "fetch method 'int' : expected type 'integer' at position 1, but got "
                        "nothing");
    assert_string_equal(refusal("int(x)"), "fetch method 'int' : failed to parse 'x' as type "
                                           "'integer' at position 1");
    assert_string_equal(refusal("int(5"), "fetch method 'int' : expected ')'");
    assert_string_equal(refusal("int(5,6)"), "fetch method 'int' : expected ')' before ',6)'");
    assert_string_equal(refusal("path(x)"), "fetch method 'path' : expected ')' before 'x)'");
    assert_string_equal(refusal("int(5)size"), "missing comma after fetch keyword 'int'");
    assert_string_equal(refusal("int(5))"), "missing comma after fetch keyword 'int'");
    assert_string_equal(refusal("checked(abc)"),
                        "invalid args in fetch method 'checked' : 'abc' is too long");
    parse("checked(ab)");
}

static void test_arguments_of_converters(void **state)
{
    (void)state;
    assert_string_equal(refusal("str(a),pair(x)"),
                        "converter 'pair' : missing arguments (got 1/2), type 'integer' expected");
    assert_string_equal(refusal("str(a),pair(x,y)"),
                        "converter 'pair' : failed to parse 'y' as type 'integer' at position 2");
    assert_string_equal(refusal("str(a) pair(x,y)"),
                        "converter 'pair' : failed to parse 'y' as type 'integer' at position 2");
    assert_string_equal(refusal("str(a),size(x)"), "converter 'size' : expected ')' before 'x)'");
    assert_string_equal(refusal("str(a),append(abcd)"),
                        "invalid args in converter 'append' : 'abcd' is too long");
    assert_string_equal(refusal("str(a),append(b)size"),
                        "missing comma after conversion keyword 'append'");
    assert_string_equal(refusal("str(a),append(b"), "converter 'append' : expected ')'");
}

/* ---- places ---- */

static void test_places(void **state)
{
    (void)state;
    static const struct {
        const char *fetch, *information;
    } ROWS[] = {
        {"of_log", "end of the stream"},        {"of_check", "health check"},
        {"of_request", "HTTP request headers"}, {"respstatus", "HTTP response headers"},
        {"of_server", "server connection"},     {"path", "stream"},
        {"of_client", "client connection"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        char message[256];
        snprintf(message, sizeof(message),
                 "fetch method '%s' extracts information from '%s', none of which is available "
                 "here",
                 ROWS[i].fetch, ROWS[i].information);
        test.parser.capabilities = SAMPLE_IN_CLI;
        assert_string_equal(refusal(ROWS[i].fetch), message);
        test.parser.capabilities = 0; /* not known: anything goes */
        parse(ROWS[i].fetch);
    }
    test.parser.capabilities = SAMPLE_IN_CLI;
    parse("str(a)"); /* everywhere */
    test.parser.capabilities = SAMPLE_IN_HTTP_RESPONSE;
    parse("respstatus");
    parse("path"); /* kept until the response */
    assert_string_equal(refusal("of_request"),
                        "fetch method 'of_request' extracts information from 'HTTP request "
                        "headers', none of which is available here");
}

/* ---- criteria of ACLs ---- */

static enum result parse_criterion(const char *word, struct slice *form)
{
    sample_expression_destroy(&test.account, expression);
    expression = NULL;
    text_clear(&test.error);
    return sample_parse_criterion(&test.parser, &word, 1, &used, form, &expression);
}

static void test_forms(void **state)
{
    (void)state;
    static const char *const FORMS[] = {"beg", "dir", "dom", "end", "len", "reg", "sub"};
    struct slice form;
    for (size_t i = 0; i < sizeof(FORMS) / sizeof(FORMS[0]); i++) {
        char word[32];
        snprintf(word, sizeof(word), "formed_%s,size", FORMS[i]);
        assert_int_equal(parse_criterion(word, &form), RESULT_OK);
        assert_slice(form, FORMS[i]);
        assert_string_equal(sample_expression_fetch(expression)->name, "formed");
        assert_string_equal(value(), "5");
    }
    assert_int_equal(parse_criterion("formed", &form), RESULT_OK);
    assert_slice(form, "");
    assert_int_equal(parse_criterion("unformed_len", &form), RESULT_OK); /* a name of its own */
    assert_slice(form, "");
    assert_string_equal(sample_expression_fetch(expression)->name, "unformed_len");
    static const char *const BAD[] = {"unformed_beg", "formed_xyz", "formed_", "_beg", "beg"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        assert_int_equal(parse_criterion(BAD[i], &form), RESULT_INVALID);
        assert_non_null(strstr(test.error_storage, "unknown fetch method '"));
    }
    assert_int_equal(sample_parse_criterion(&test.parser, NULL, 0, &used, &form, &expression),
                     RESULT_INVALID);
    assert_string_equal(test.error_storage, "missing fetch method");
}

/* ---- refused memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    static const char LINE[] = "str(a),append(b) append(c),size";
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        enum result result = parse_line(LINE);
        if (fault_failed(test.memory) == 0) {
            assert_int_equal(result, RESULT_OK);
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_string_equal(test.error_storage, "out of memory");
        assert_null(expression);
        assert_int_equal(test.account.used, held);
    }
    /* The expression, three lists with a string each, and steps that grow three times. */
    assert_int_equal(nth - 1, 1 + 3 * 2 + 3);
    fault_fail_nth(test.memory, 0, 0);
    assert_string_equal(value(), "3");
    sample_expression_destroy(&test.account, NULL);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_one_word),
        CASE(test_several_words),
        CASE(test_types),
        CASE(test_unknown_names),
        CASE(test_long_names),
        CASE(test_arguments_of_fetches),
        CASE(test_arguments_of_converters),
        CASE(test_places),
        CASE(test_forms),
        CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
