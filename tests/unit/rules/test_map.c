/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map converters: every method and output, defaults, groups put into values, what is refused,
 * and changes at run time.
 */
#include "rules/pattern.h"

#include "support/fetch.h"
#include "support/pattern.h"

static struct rules_test test;

static const struct sample_fetch *const fetch_tables[] = {test_fetches, NULL};
static const struct sample_converter *const converter_tables[] = {converters_map, NULL};
static const struct rule_registry registry = {
    .fetches = fetch_tables,
    .converters = converter_tables,
    .actions = test_no_actions,
    .services = test_services,
};

static int open_test(void **state)
{
    (void)state;
    pattern_test_open(&test);
    test.parser.registry = &registry;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_test_close(&test);
    return 0;
}

/* Fills virt@<name> with "key value" pairs, ended by NULL. */
static void fill(const char *name, const char *const *pairs)
{
    struct pattern_file *file = pattern_test_file(&test, name, true);
    for (; pairs[0] != NULL; pairs += 2) {
        pattern_test_add(&test, file, pairs[0], pairs[1]);
    }
}

#define FILL(name, ...) fill((name), (const char *const[]){__VA_ARGS__, NULL})

static void test_methods(void **state)
{
    (void)state;
    FILL("virt@m", "/a/b", "exact", "/a", "short", "b", "word", "org", "top");
    assert_fetch(&test, "str(/a/b),map(virt@m)", "exact");
    assert_fetch(&test, "str(/a/b/c),map(virt@m)", "(none)");
    assert_fetch(&test, "str(/a/b),map_str(virt@m)", "exact");
    assert_fetch(&test, "str(/a/bc),map_beg(virt@m)", "exact"); /* the longest */
    assert_fetch(&test, "str(/a/c),map_beg(virt@m)", "short");
    assert_fetch(&test, "str(x/a/b),map_sub(virt@m)", "exact"); /* the first */
    assert_fetch(&test, "str(x/a/b),map_end(virt@m)", "exact");
    assert_fetch(&test, "str(x/b/y),map_dir(virt@m)", "word");
    assert_fetch(&test, "str(www.example.org),map_dom(virt@m)", "top");
    assert_fetch(&test, "str(/A/B),map(virt@m)", "(none)");
}

static void test_regular_expressions(void **state)
{
    (void)state;
    FILL("virt@r", "^/(.*)/x$", "first", "^/(a)", "\\1");
    assert_fetch(&test, "str(/a/x),map_reg(virt@r)", "first");
    assert_fetch(&test, "str(/ab),map_reg(virt@r)", "\\1"); /* as it is written */
    assert_fetch(&test, "str(/b),map_reg(virt@r,none)", "none");
}

static void test_numbers_and_addresses_as_keys(void **state)
{
    (void)state;
    FILL("virt@i", "1:9", "small", "10:", "large");
    assert_fetch(&test, "int(9),map_int(virt@i)", "small");
    assert_fetch(&test, "int(10),map_int(virt@i)", "large");
    assert_fetch(&test, "int(0),map_int(virt@i)", "(none)");
    assert_fetch(&test, "str(5x),map_int(virt@i)", "small");      /* cast first */
    assert_fetch(&test, "str(),map_int(virt@i,never)", "(none)"); /* no number: no map */
    FILL("virt@a", "192.0.2.0/24", "four", "2001:db8::/32", "six", "192.0.0.80/255.255.0.255",
         "holes");
    assert_fetch(&test, "port80,map_ip(virt@a)", "four");
    assert_fetch(&test, "str(192.0.9.80),map_ip(virt@a)", "holes");
    assert_fetch(&test, "str(2001:db8::7),map_ip(virt@a)", "six");
    assert_fetch(&test, "str(::ffff:192.0.2.1),map_ip(virt@a)", "four");
    assert_fetch(&test, "str(10.0.0.1),map_ip(virt@a,other)", "other");
}

static void test_outputs(void **state)
{
    (void)state;
    FILL("virt@n", "a", "-7", "b", "007");
    assert_fetch(&test, "str(a),map_str_int(virt@n)", "-7");
    assert_fetch(&test, "str(b),map_str_int(virt@n)", "7");
    assert_fetch(&test, "str(b),map_str_str(virt@n)", "007");
    assert_fetch(&test, "str(bcd),map_beg_int(virt@n)", "7");
    assert_fetch(&test, "str(c),map_str_int(virt@n,42)", "42");
    FILL("virt@p", "a", "192.0.2.1", "b", "2001:db8::1");
    assert_fetch(&test, "str(a),map_str_ip(virt@p)", "192.0.2.1");
    assert_fetch(&test, "str(b),map_str_ip(virt@p)", "2001:db8::1");
    assert_fetch(&test, "str(c),map_str_ip(virt@p,10.0.0.1)", "10.0.0.1");
    assert_fetch(&test, "str(c),map_str_ip(virt@p,::2)", "::2");
    assert_fetch(&test, "str(a),map_str_ip(virt@p),map_ip(virt@none,chained)", "chained");
}

/* Each method has its row for each output, and each gives what its name says. */
static void test_all_rows(void **state)
{
    (void)state;
    static const char *const METHODS[] = {"str", "beg", "sub", "dir", "dom",
                                          "end", "reg", "int", "ip"};
    static const struct {
        const char *suffix;
        enum sample_type type;
    } OUTPUTS[] = {{"", SAMPLE_STRING},
                   {"_str", SAMPLE_STRING},
                   {"_int", SAMPLE_INTEGER},
                   {"_ip", SAMPLE_ADDRESS}};
    for (size_t i = 0; i < sizeof(METHODS) / sizeof(METHODS[0]); i++) {
        for (size_t j = 0; j < sizeof(OUTPUTS) / sizeof(OUTPUTS[0]); j++) {
            char word[64];
            snprintf(word, sizeof(word), "str(x),map_%s%s(virt@e)", METHODS[i], OUTPUTS[j].suffix);
            struct sample_expression *expression = fetch_test_parse(&test, word);
            assert_int_equal(sample_expression_type(expression), OUTPUTS[j].type);
            sample_expression_destroy(&test.account, expression);
        }
    }
}

static void test_defaults(void **state)
{
    (void)state;
    FILL("virt@m", "a", "", "b", "x");
    assert_fetch(&test, "str(a),map(virt@m,none)", ""); /* an empty value is one */
    assert_fetch(&test, "str(c),map(virt@m,none)", "none");
    assert_fetch(&test, "str(c),map(virt@m)", "(none)");
    assert_fetch(&test, "str(c),map(virt@m,)", "(none)");
    assert_fetch(&test, "str(),map(virt@m,none)", "none");
    assert_fetch(&test, "none,map(virt@m,none)", "(none)"); /* nothing to look up */
    assert_fetch(&test, "str(c),map(virt@m,\"a, b\")", "a, b");
}

static void test_groups(void **state)
{
    (void)state;
    FILL("virt@g", "^(a+)(b+)?$", "<\\1|\\2|\\0>", "^x$", "plain", "^y$", "\\\\\\x41\\");
    assert_fetch(&test, "str(aab),map_regm(virt@g)", "<aa|b|aab>");
    assert_fetch(&test, "str(aa),map_regm(virt@g)", "<aa||aa>");
    assert_fetch(&test, "str(x),map_regm(virt@g)", "plain");
    assert_fetch(&test, "str(y),map_regm(virt@g)", "\\A\\");
    assert_fetch(&test, "str(z),map_regm(virt@g)", "(none)");
    assert_fetch(&test, "str(z),map_regm(virt@g,\\1)", "\\1"); /* a default has no groups */
}

/* What a value grows to is whole, or no value. */
static void test_long_groups(void **state)
{
    (void)state;
    enum { TEXT_BYTES = 5000 };
    char text[TEXT_BYTES + 1];
    memset(text, 'a', TEXT_BYTES);
    text[TEXT_BYTES] = '\0';
    rules_test_request(&test, "GET", "/");
    rules_test_field(&test.request, "x", text);
    FILL("virt@g", "^(a+)$", "\\1-\\1");
    assert_int_equal(strlen(fetch_test_value(&test, "reqhdr(x),map_regm(virt@g)")),
                     2 * TEXT_BYTES + 1);
    FILL("virt@h", "^(a+)$", "\\1\\1\\1\\1");
    assert_fetch(&test, "reqhdr(x),map_regm(virt@h,other)", "(none)");
}

static void test_refused(void **state)
{
    (void)state;
    FILL("virt@m", "a", "x");
    assert_refused(&test, "str(a),map",
                   "invalid args in converter 'map' : failed to open pattern file <>");
    assert_refused(&test, "str(a),map(/nonexistent/m)",
                   "invalid args in converter 'map' : failed to open pattern file "
                   "</nonexistent/m>");
    assert_refused(&test, "str(a),map_str_int(virt@m)",
                   "invalid args in converter 'map_str_int' : 'x' is not a number at line 0 of "
                   "file 'virt@m'");
    assert_refused(&test, "str(a),map_str_ip(virt@m)",
                   "invalid args in converter 'map_str_ip' : 'x' is not a valid IPv4 or IPv6 "
                   "address at line 0 of file 'virt@m'");
    assert_refused(&test, "str(a),map_str_int(virt@e,x)",
                   "invalid args in converter 'map_str_int' : default value of the map must be a "
                   "number, but is 'x'");
    assert_refused(&test, "str(a),map_str_ip(virt@e,x)",
                   "invalid args in converter 'map_str_ip' : default value of the map must be an "
                   "address, but is 'x'");
    assert_refused(&test, "str(a),map(virt@e,x,y)", "converter 'map' : expected ')' before ',y)'");
    assert_refused(&test, "bool(1),map_ip(virt@e)", "converter 'map_ip' cannot be applied");
    (void)pattern_test_file(&test, "virt@list", false);
    assert_refused(&test, "str(a),map(virt@list)",
                   "invalid args in converter 'map' : The file \"virt@list\" is already used as "
                   "one column file and cannot be used by map.");
    test.parser.patterns = (pattern_files_destroy(test.parser.patterns), NULL);
    assert_refused(&test, "str(a),map(virt@m)",
                   "invalid args in converter 'map' : pattern files cannot be used here");
}

static const char *evaluate(struct sample_expression *expression)
{
    struct sample sample;
    struct text text = text_over(test.buffer, sizeof(test.buffer));
    enum result result = sample_evaluate_as(expression, &test.context, SAMPLE_STRING, &sample);
    if (result == RESULT_OK) {
        text_append(&text, sample.text);
    } else {
        text_append_string(&text, result == RESULT_NOT_FOUND ? "(none)" : "(failed)");
    }
    arena_clear(&test.scratch);
    return test.buffer;
}

/* A compiled map sees what the file becomes. */
static void test_changes(void **state)
{
    (void)state;
    uint32_t version = 0;
    struct pattern_file *file = pattern_test_file(&test, "virt@m", true);
    struct sample_expression *expression = fetch_test_parse(&test, "str(k),map_str_int(virt@m)");
    assert_string_equal(evaluate(expression), "(none)");
    pattern_test_add(&test, file, "k", "1");
    assert_string_equal(evaluate(expression), "1");
    assert_int_equal(pattern_file_set(file, SLICE("k"), SLICE("2"), &test.error), RESULT_OK);
    assert_string_equal(evaluate(expression), "2");
    assert_int_equal(pattern_file_set(file, SLICE("k"), SLICE("x"), &test.error), RESULT_INVALID);
    assert_string_equal(evaluate(expression), "2");
    assert_int_equal(pattern_file_prepare(file, &version), RESULT_OK);
    assert_int_equal(pattern_file_add(file, version, SLICE("k"), SLICE("3"), &test.error),
                     RESULT_OK);
    assert_string_equal(evaluate(expression), "2");
    assert_int_equal(pattern_file_commit(file, version), RESULT_OK);
    assert_string_equal(evaluate(expression), "3");
    assert_int_equal(pattern_file_delete(file, SLICE("k")), RESULT_OK);
    assert_string_equal(evaluate(expression), "(none)");
    pattern_test_add(&test, file, "k", "4");
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK);
    assert_string_equal(evaluate(expression), "(none)");
    sample_expression_destroy(&test.account, expression);
}

static void test_no_memory_evaluating(void **state)
{
    (void)state;
    FILL("virt@g", "^(a)$", "<\\1>");
    struct sample_expression *plain = fetch_test_parse(&test, "str(a),map_reg(virt@g,other)");
    struct sample_expression *groups = fetch_test_parse(&test, "str(a),map_regm(virt@g,other)");
    fault_fail_nth(test.memory, 1, 0); /* refused memory is no miss: no default is given */
    assert_string_equal(evaluate(plain), "(failed)");
    fault_fail_nth(test.memory, 1, 0);
    assert_string_equal(evaluate(groups), "(failed)");
    fault_fail_nth(test.memory, 0, 0);
    assert_string_equal(evaluate(plain), "<\\1>");
    assert_string_equal(evaluate(groups), "<a>");
    sample_expression_destroy(&test.account, plain);
    sample_expression_destroy(&test.account, groups);
}

static void test_no_memory_compiling(void **state)
{
    (void)state;
    static const char *const WORD = "str(a),map_str_int(virt@m,5)";
    uint64_t nth = 1;
    for (;; nth++) {
        struct sample_expression *expression = NULL;
        unsigned used = 0;
        fault_fail_nth(test.memory, nth, 0);
        enum result result = sample_parse(&test.parser, &WORD, 1, &used, &expression);
        uint64_t failed = fault_failed(test.memory);
        fault_fail_nth(test.memory, 0, 0);
        if (result == RESULT_OK) {
            assert_int_equal(failed, 0);
            assert_string_equal(evaluate(expression), "5");
            sample_expression_destroy(&test.account, expression);
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_string_equal(test.error_storage, "out of memory");
        assert_null(expression);
        pattern_files_destroy(test.parser.patterns);
        assert_int_equal(test.account.used, 0);
        test.parser.patterns = pattern_files_create(&test.account);
    }
    assert_true(nth > 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_methods),
        CASE(test_regular_expressions),
        CASE(test_numbers_and_addresses_as_keys),
        CASE(test_outputs),
        CASE(test_all_rows),
        CASE(test_defaults),
        CASE(test_groups),
        CASE(test_long_groups),
        CASE(test_refused),
        CASE(test_changes),
        CASE(test_no_memory_evaluating),
        CASE(test_no_memory_compiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
