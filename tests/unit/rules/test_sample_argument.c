/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments: every type at its bounds, quotes and escapes, what is missing or too much and at which
 * position, references that are bound later, objects, and each allocation failed in turn.
 */
#include "rules/sample_argument.h"

#include "memory/fault.h"
#include "rules/variable.h"
#include "support/rules.h"

enum { ARGUMENT_MAX = 8191 };

static struct rules_test test;
static struct sample_references references;
static struct sample_arguments arguments;
static const char *rest;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    sample_references_init(&references);
    test.parser.references = &references;
    test.parser.proxy_name = "own";
    test.parser.variables = variable_names_create(&test.account);
    assert_non_null(test.parser.variables);
    arguments = (struct sample_arguments){0};
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    fault_fail_nth(test.memory, 0, 0);
    sample_arguments_destroy(&test.account, &arguments);
    assert_true(list_is_empty(&references.list)); /* forgotten with what noted them */
    variable_names_destroy(test.parser.variables);
    assert_int_equal(test.account.used, 0);
    rules_test_close(&test);
    return 0;
}

static enum result parse_as(const struct argument_spec *spec, const char *word)
{
    sample_arguments_destroy(&test.account, &arguments);
    text_clear(&test.error);
    return sample_arguments_parse(&test.parser, "kw", spec, word, &arguments, &rest);
}

static void parse(const struct argument_spec *spec, const char *word)
{
    if (parse_as(spec, word) != RESULT_OK) {
        fail_msg("%s: %s", word, test.error_storage);
    }
}

/* What is wrong with arguments; nothing may be kept of them. */
static const char *refusal(const struct argument_spec *spec, const char *word)
{
    if (parse_as(spec, word) != RESULT_INVALID) {
        fail_msg("%s was accepted", word);
    }
    assert_null(arguments.items);
    assert_int_equal(arguments.count, 0);
    return test.error_storage;
}

static const struct argument_spec none = {0, {ARGUMENT_NONE}};
static const struct argument_spec text = {1, {ARGUMENT_STRING}};
static const struct argument_spec texts = {1, {ARGUMENT_STRING, ARGUMENT_STRING, ARGUMENT_STRING}};
static const struct argument_spec optional = {0, {ARGUMENT_STRING, ARGUMENT_INTEGER}};
static const struct argument_spec pair = {2, {ARGUMENT_STRING, ARGUMENT_INTEGER}};

#define assert_text(index, string) assert_slice(sample_argument_text(&arguments, (index)), (string))

/* ---- how many ---- */

static void test_no_arguments(void **state)
{
    (void)state;
    parse(&none, "");
    assert_int_equal(arguments.count, 0);
    parse(&none, "()");
    assert_string_equal(rest, "");
    parse(&none, "(),lower");
    assert_string_equal(rest, ",lower");
    parse(&none, ",lower"); /* not ours */
    assert_string_equal(rest, ",lower");
    assert_string_equal(refusal(&none, "(x)"), "expected ')' before 'x)'");
    assert_string_equal(refusal(&none, "("), "expected ')'");
}

static void test_optional(void **state)
{
    (void)state;
    parse(&optional, "");
    assert_false(sample_argument_is_given(&arguments, 0));
    assert_text(0, "");
    assert_int_equal(sample_argument_integer(&arguments, 1, 7), 7);
    parse(&optional, "()");
    assert_false(sample_argument_is_given(&arguments, 0));
    parse(&optional, "(a)");
    assert_true(sample_argument_is_given(&arguments, 0));
    assert_false(sample_argument_is_given(&arguments, 1));
    parse(&optional, "(,3)");
    assert_false(sample_argument_is_given(&arguments, 0));
    assert_int_equal(sample_argument_integer(&arguments, 1, 7), 3);
    parse(&optional, "(a,)");
    assert_int_equal(arguments.count, 2);
    assert_int_equal(sample_argument_integer(&arguments, 1, 7), 7);
    assert_string_equal(refusal(&optional, "(a,3,)"), "expected ')' before ',)'");
    assert_string_equal(refusal(&optional, "(a,3,b)"), "expected ')' before ',b)'");
}

static void test_mandatory(void **state)
{
    (void)state;
    parse(&text, ""); /* an empty string will do */
    assert_false(sample_argument_is_given(&arguments, 0));
    assert_text(0, "");
    parse(&texts, "(a,,c)");
    assert_int_equal(arguments.count, 3);
    assert_text(0, "a");
    assert_text(1, "");
    assert_text(2, "c");
    assert_string_equal(refusal(&pair, ""), "missing arguments (got 1/2), type 'integer' expected");
    assert_string_equal(refusal(&pair, "(a)"),
                        "missing arguments (got 1/2), type 'integer' expected");
    assert_string_equal(refusal(&pair, "(a,)"),
                        "expected type 'integer' at position 2, but got nothing");
    parse(&pair, "(,1)");
    assert_text(0, "");
    assert_int_equal(sample_argument_integer(&arguments, 1, 0), 1);
    assert_string_equal(refusal(&text, "(a"), "expected ')'");
    assert_string_equal(refusal(&text, "(a,b)"), "expected ')' before ',b)'");
    assert_string_equal(refusal(&texts, "(a,b,c,d)"), "expected ')' before ',d)'");
}

/* The longest row there can be. */
static void test_most_arguments(void **state)
{
    (void)state;
    struct argument_spec all = {.least = SAMPLE_ARGUMENTS_MAX};
    for (unsigned i = 0; i < SAMPLE_ARGUMENTS_MAX; i++) {
        all.types[i] = ARGUMENT_INTEGER;
    }
    parse(&all, "(1,2,3,4,5,6,7,8,9,10,11,12)x");
    assert_int_equal(arguments.count, SAMPLE_ARGUMENTS_MAX);
    assert_int_equal(sample_argument_integer(&arguments, 11, 0), 12);
    assert_string_equal(rest, "x");
    assert_string_equal(refusal(&all, "(1,2,3,4,5,6,7,8,9,10,11,12,13)"),
                        "expected ')' before ',13)'");
}

/* ---- words ---- */

static void test_quotes(void **state)
{
    (void)state;
    parse(&text, "('a,b)c')");
    assert_text(0, "a,b)c");
    parse(&text, "(\"a,b)c\")");
    assert_text(0, "a,b)c");
    parse(&text, "(a'b'\"c\"d)");
    assert_text(0, "abcd");
    parse(&text, "('say \"x\"')");
    assert_text(0, "say \"x\"");
    parse(&text, "(\"it's\")");
    assert_text(0, "it's");
    parse(&text, "('')");
    assert_text(0, "");
    assert_string_equal(refusal(&text, "('a)"), "expected ')'"); /* never closed */
}

static void test_escapes(void **state)
{
    (void)state;
    parse(&text, "(a\\ b\\\\c\\'d\\\"e\\n\\r\\t)");
    assert_text(0, "a b\\c'd\"e\n\r\t");
    parse(&texts, "(\\,\\x)"); /* stands for itself in front of others, and they for themselves */
    assert_text(0, "\\");
    assert_text(1, "\\x");
    parse(&text, "(\\))");
    assert_text(0, "\\");
    assert_string_equal(rest, ")");
    parse(&text, "(\"a\\,b\")");
    assert_text(0, "a\\,b");
    parse(&text, "(\"a\\nb\")");
    assert_text(0, "a\nb");
    parse(&text, "('a\\nb\\\\')"); /* nothing is escaped inside */
    assert_text(0, "a\\nb\\\\");
    assert_string_equal(refusal(&text, "(a\\"), "expected ')'");
}

static void test_long_words(void **state)
{
    (void)state;
    char word[ARGUMENT_MAX + 8];
    memset(word, 'x', sizeof(word));
    word[0] = '(';
    word[ARGUMENT_MAX + 1] = ')';
    word[ARGUMENT_MAX + 2] = '\0';
    parse(&text, word);
    assert_int_equal(sample_argument_text(&arguments, 0).length, ARGUMENT_MAX);
    word[ARGUMENT_MAX + 1] = 'x';
    word[ARGUMENT_MAX + 2] = ')';
    word[ARGUMENT_MAX + 3] = '\0';
    assert_string_equal(refusal(&text, word), "argument 1 is too long");
}

/* ---- types ---- */

static int64_t number(enum argument_type type, const char *word)
{
    const struct argument_spec spec = {1, {type}};
    parse(&spec, word);
    assert_int_equal(arguments.items[0].type, ARGUMENT_INTEGER);
    assert_true(sample_argument_is_given(&arguments, 0));
    return sample_argument_integer(&arguments, 0, -99);
}

static void check_refused(enum argument_type type, const char *word, const char *message)
{
    const struct argument_spec spec = {1, {type}};
    assert_string_equal(refusal(&spec, word), message);
}

static void test_integers(void **state)
{
    (void)state;
    assert_int_equal(number(ARGUMENT_INTEGER, "(0)"), 0);
    assert_int_equal(number(ARGUMENT_INTEGER, "(-5)"), -5);
    assert_int_equal(number(ARGUMENT_INTEGER, "(9223372036854775807)"), INT64_MAX);
    assert_int_equal(number(ARGUMENT_INTEGER, "(9223372036854775808)"), INT64_MAX);
    assert_int_equal(number(ARGUMENT_INTEGER, "(-9999999999999999999)"), INT64_MIN);
    check_refused(ARGUMENT_INTEGER, "(x)", "failed to parse 'x' as type 'integer' at position 1");
    check_refused(ARGUMENT_INTEGER, "(1x)", "failed to parse '1x' as type 'integer' at position 1");
    check_refused(ARGUMENT_INTEGER, "(-)", "failed to parse '-' as type 'integer' at position 1");
    check_refused(ARGUMENT_INTEGER, "()", "expected type 'integer' at position 1, but got nothing");
    assert_string_equal(refusal(&pair, "(a,b)"),
                        "failed to parse 'b' as type 'integer' at position 2");
}

static void test_times(void **state)
{
    (void)state;
    assert_int_equal(number(ARGUMENT_TIME, "(15)"), 15);
    assert_int_equal(number(ARGUMENT_TIME, "(15ms)"), 15);
    assert_int_equal(number(ARGUMENT_TIME, "(1500us)"), 1);
    assert_int_equal(number(ARGUMENT_TIME, "(2s)"), 2000);
    assert_int_equal(number(ARGUMENT_TIME, "(2m)"), 120000);
    assert_int_equal(number(ARGUMENT_TIME, "(1h)"), 3600000);
    assert_int_equal(number(ARGUMENT_TIME, "(49d)"), INT64_C(49) * 86400000);
    assert_int_equal(number(ARGUMENT_TIME, "(4294967295)"), UINT32_MAX);
    static const char *const BAD[] = {"50d",  "4294967296",          "1w", "s", "-1", "1 s", "1S",
                                      "1.5s", "18446744073709551616"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char word[64];
        char message[128];
        snprintf(word, sizeof(word), "(%s)", BAD[i]);
        snprintf(message, sizeof(message), "failed to parse '%s' as type 'delay' at position 1",
                 BAD[i]);
        check_refused(ARGUMENT_TIME, word, message);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(number(ARGUMENT_SIZE, "(15)"), 15);
    assert_int_equal(number(ARGUMENT_SIZE, "(2k)"), 2048);
    assert_int_equal(number(ARGUMENT_SIZE, "(2K)"), 2048);
    assert_int_equal(number(ARGUMENT_SIZE, "(2m)"), 2 << 20);
    assert_int_equal(number(ARGUMENT_SIZE, "(3G)"), INT64_C(3) << 30);
    check_refused(ARGUMENT_SIZE, "(4g)", "failed to parse '4g' as type 'size' at position 1");
    check_refused(ARGUMENT_SIZE, "(1kb)", "failed to parse '1kb' as type 'size' at position 1");
    check_refused(ARGUMENT_SIZE, "()", "expected type 'size' at position 1, but got nothing");
}

static void check_ipv4(enum argument_type type, const char *word, const char *expected)
{
    const struct argument_spec spec = {1, {type}};
    char shown[INET_ADDRSTRLEN];
    parse(&spec, word);
    assert_int_equal(arguments.items[0].type, ARGUMENT_IPV4);
    assert_non_null(inet_ntop(AF_INET, &arguments.items[0].ipv4, shown, sizeof(shown)));
    assert_string_equal(shown, expected);
}

static void check_ipv6(enum argument_type type, const char *word, const char *expected)
{
    const struct argument_spec spec = {1, {type}};
    char shown[INET6_ADDRSTRLEN];
    parse(&spec, word);
    assert_int_equal(arguments.items[0].type, ARGUMENT_IPV6);
    assert_non_null(inet_ntop(AF_INET6, &arguments.items[0].ipv6, shown, sizeof(shown)));
    assert_string_equal(shown, expected);
}

static void test_addresses(void **state)
{
    (void)state;
    check_ipv4(ARGUMENT_IPV4, "(192.0.2.1)", "192.0.2.1");
    check_ipv4(ARGUMENT_MASK4, "(24)", "255.255.255.0");
    check_ipv4(ARGUMENT_MASK4, "(255.0.255.0)", "255.0.255.0");
    check_ipv4(ARGUMENT_MASK4, "(0)", "0.0.0.0");
    check_ipv6(ARGUMENT_IPV6, "(2001:db8::1)", "2001:db8::1");
    check_ipv6(ARGUMENT_MASK6, "(64)", "ffff:ffff:ffff:ffff::");
    check_ipv6(ARGUMENT_MASK6, "(ffff::)", "ffff::");
    check_refused(ARGUMENT_IPV4, "(::1)",
                  "failed to parse '::1' as type 'IPv4 address' at position 1");
    check_refused(ARGUMENT_IPV6, "(1.2.3.4)",
                  "failed to parse '1.2.3.4' as type 'IPv6 address' at position 1");
    check_refused(ARGUMENT_MASK4, "(33)", "failed to parse '33' as type 'IPv4 mask' at position 1");
    check_refused(ARGUMENT_MASK6, "(129)",
                  "failed to parse '129' as type 'IPv6 mask' at position 1");
    check_refused(ARGUMENT_MASK6, "()", "expected type 'IPv6 mask' at position 1, but got nothing");
}

static void test_variables(void **state)
{
    (void)state;
    const struct argument_spec spec = {1, {ARGUMENT_VARIABLE}};
    parse(&spec, "(txn.a)");
    assert_int_equal(arguments.items[0].type, ARGUMENT_VARIABLE);
    assert_string_equal(arguments.items[0].variable->text, "txn.a");
    assert_non_null(strstr(refusal(&spec, "(a)"), "invalid variable name 'a'."));
    check_refused(ARGUMENT_VARIABLE, "()",
                  "expected type 'variable' at position 1, but got nothing");
    check_refused(ARGUMENT_OBJECT, "(x)", "argument 1 is not supported");
}

/* ---- references ---- */

static enum result bind_to(void *argument, struct sample_reference *reference)
{
    reference->target = argument;
    return RESULT_OK;
}

static enum result stop(void *argument, struct sample_reference *reference)
{
    (void)reference;
    unsigned *visits = argument;
    (*visits)++;
    return RESULT_INVALID;
}

static const struct sample_reference *reference(enum argument_type type, const char *word)
{
    const struct argument_spec spec = {1, {type}};
    parse(&spec, word);
    assert_int_equal(arguments.items[0].type, type);
    return arguments.items[0].reference;
}

static void test_references(void **state)
{
    (void)state;
    int target;
    const struct sample_reference *found = reference(ARGUMENT_BACKEND, "(be1)");
    assert_int_equal(found->kind, ARGUMENT_BACKEND);
    assert_string_equal(found->name, "be1");
    assert_null(found->server);
    assert_string_equal(found->keyword, "kw");
    assert_int_equal(found->position, 1);
    assert_false(found->is_implicit);
    assert_string_equal(found->file, "test.cfg");
    assert_int_equal(found->line, 7);
    assert_null(sample_argument_target(&arguments, 0)); /* not yet bound */
    assert_int_equal(sample_references_each(&references, bind_to, &target), RESULT_OK);
    assert_ptr_equal(sample_argument_target(&arguments, 0), &target);
    assert_null(sample_argument_target(&arguments, 1));
    found = reference(ARGUMENT_TABLE, "");
    assert_string_equal(found->name, "own"); /* the proxy being parsed */
    assert_true(found->is_implicit);
    found = reference(ARGUMENT_FRONTEND, "()");
    assert_true(found->is_implicit);
    parse(&text, "(x)");
    assert_null(sample_argument_target(&arguments, 0)); /* a string leads nowhere */
}

static void test_servers(void **state)
{
    (void)state;
    const struct sample_reference *found = reference(ARGUMENT_SERVER, "(be/s1)");
    assert_string_equal(found->name, "be");
    assert_string_equal(found->server, "s1");
    found = reference(ARGUMENT_SERVER, "(s2)");
    assert_string_equal(found->name, "own");
    assert_string_equal(found->server, "s2");
    found = reference(ARGUMENT_SERVER, "(be/s/3)"); /* the first slash counts */
    assert_string_equal(found->server, "s/3");
    check_refused(ARGUMENT_SERVER, "(be/)",
                  "expected a server's name at position 1, but got 'be/'");
    check_refused(ARGUMENT_SERVER, "(/s)", "expected a server's name at position 1, but got '/s'");
    check_refused(ARGUMENT_SERVER, "()", "expected type 'server' at position 1, but got nothing");
    test.parser.proxy_name = NULL;
    check_refused(ARGUMENT_SERVER, "(s)", "expected a server's name at position 1, but got 's'");
}

static void test_references_refused(void **state)
{
    (void)state;
    check_refused(ARGUMENT_USERLIST, "()",
                  "expected type 'user list' at position 1, but got nothing");
    test.parser.proxy_name = NULL;
    check_refused(ARGUMENT_BACKEND, "()", "expected type 'backend' at position 1, but got nothing");
    check_refused(ARGUMENT_FRONTEND, "", "expected type 'frontend' at position 1, but got nothing");
    test.parser.references = NULL;
    check_refused(ARGUMENT_TABLE, "(t)", "a table cannot be named here");
    assert_true(list_is_empty(&references.list));
}

static void test_visits_stop(void **state)
{
    (void)state;
    const struct argument_spec two = {2, {ARGUMENT_BACKEND, ARGUMENT_USERLIST}};
    unsigned visits = 0;
    assert_int_equal(sample_references_each(&references, stop, &visits), RESULT_OK);
    parse(&two, "(a,b)");
    assert_int_equal(sample_references_each(&references, stop, &visits), RESULT_INVALID);
    assert_int_equal(visits, 1);
    /* The first is forgotten again when the second is refused. */
    assert_string_equal(refusal(&two, "(a,)"),
                        "expected type 'user list' at position 2, but got nothing");
    assert_true(list_is_empty(&references.list));
}

/* ---- objects ---- */

static unsigned destroyed;

static void destroy_object(struct account *account, void *object)
{
    memory_release(account, object);
    destroyed++;
}

static void test_objects(void **state)
{
    (void)state;
    destroyed = 0;
    parse(&texts, "(a,b)");
    void *object = memory_take(&test.account, 10);
    sample_argument_set_object(&test.account, &arguments.items[0], object, destroy_object);
    assert_int_equal(arguments.items[0].type, ARGUMENT_OBJECT);
    assert_ptr_equal(arguments.items[0].object.pointer, object);
    assert_true(sample_argument_is_given(&arguments, 0));
    assert_text(0, "");
    assert_text(1, "b");
    object = memory_take(&test.account, 20); /* replaces the first, which is released */
    sample_argument_set_object(&test.account, &arguments.items[0], object, destroy_object);
    assert_int_equal(destroyed, 1);
    sample_argument_set_object(&test.account, &arguments.items[1], &destroyed, NULL); /* not ours */
    sample_arguments_destroy(&test.account, &arguments);
    assert_int_equal(destroyed, 2);
    sample_arguments_destroy(&test.account, &arguments); /* once more is harmless */
    assert_int_equal(destroyed, 2);
}

static void test_beyond_the_list(void **state)
{
    (void)state;
    parse(&pair, "(a,5)");
    assert_false(sample_argument_is_given(&arguments, 2));
    assert_text(2, "");
    assert_text(1, ""); /* of another type */
    assert_int_equal(sample_argument_integer(&arguments, 2, 8), 8);
    assert_int_equal(sample_argument_integer(&arguments, 0, 8), 8);
    assert_null(sample_argument_target(&arguments, 2));
}

/* ---- refused memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    const struct argument_spec all = {
        4, {ARGUMENT_STRING, ARGUMENT_SERVER, ARGUMENT_BACKEND, ARGUMENT_VARIABLE}};
    parse(&all, "(a,be/s,b,txn.x)"); /* the variable's name stays interned */
    sample_arguments_destroy(&test.account, &arguments);
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        enum result result = parse_as(&all, "(a,be/s,b,txn.x)");
        if (fault_failed(test.memory) == 0) {
            assert_int_equal(result, RESULT_OK);
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_string_equal(test.error_storage, "out of memory");
        assert_null(arguments.items);
        assert_true(list_is_empty(&references.list));
        assert_int_equal(test.account.used, held);
    }
    assert_int_equal(nth - 1, 1 + 1 + 3 + 2); /* list, string, server, backend */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_no_arguments),   CASE(test_optional),  CASE(test_mandatory),
        CASE(test_most_arguments), CASE(test_quotes),    CASE(test_escapes),
        CASE(test_long_words),     CASE(test_integers),  CASE(test_times),
        CASE(test_sizes),          CASE(test_addresses), CASE(test_variables),
        CASE(test_references),     CASE(test_servers),   CASE(test_references_refused),
        CASE(test_visits_stop),    CASE(test_objects),   CASE(test_beyond_the_list),
        CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
