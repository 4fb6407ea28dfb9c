/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables: names, conditions, values of every type, each limit alone and around its scope, and
 * refused memory.
 */
#include "rules/variable.h"

#include <limits.h>

#include "memory/fault.h"
#include "support/rules.h"

enum { NAME_BYTES_MAX = 255 };

static struct rules_test test;
static struct variable_names *names;
static struct variable_limits *limits;
static struct variable_set sets[VARIABLE_SCOPES];

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    names = variable_names_create(&test.account);
    assert_non_null(names);
    test.parser.variables = names;
    limits = variable_names_limits(names);
    for (unsigned scope = 0; scope < VARIABLE_SCOPES; scope++) {
        variable_set_init(&sets[scope], (enum variable_scope)scope, &test.account);
        test.context.variables[scope] = &sets[scope];
    }
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    for (unsigned scope = 0; scope < VARIABLE_SCOPES; scope++) {
        variable_set_clear(&sets[scope]);
        assert_int_equal(sets[scope].bytes, 0);
    }
    variable_names_destroy(names);
    arena_clear(&test.scratch);
    assert_int_equal(test.account.used, 0);
    rules_test_close(&test);
    return 0;
}

static const struct variable_name *name_of(const char *text)
{
    const struct variable_name *name = NULL;
    text_clear(&test.error);
    if (variable_name_parse(&test.parser, slice_from_string(text), &name) != RESULT_OK) {
        fail_msg("%s: %s", text, test.error_storage);
    }
    return name;
}

static const char *refusal(const char *text)
{
    const struct variable_name *name = NULL;
    text_clear(&test.error);
    assert_int_equal(variable_name_parse(&test.parser, slice_from_string(text), &name),
                     RESULT_INVALID);
    assert_null(name);
    return test.error_storage;
}

static enum result store_when(const char *name, unsigned conditions, const char *value)
{
    const struct sample sample = {.type = SAMPLE_STRING, .text = slice_from_string(value)};
    return variable_store(name_of(name), conditions, &test.context, &sample);
}

static void store(const char *name, const char *value)
{
    assert_int_equal(store_when(name, 0, value), RESULT_OK);
}

static enum result store_number_when(const char *name, unsigned conditions, int64_t value)
{
    const struct sample sample = {.type = SAMPLE_INTEGER, .integer = value};
    return variable_store(name_of(name), conditions, &test.context, &sample);
}

/* The value as a text, or "(none)". */
static const char *value_of(const char *name)
{
    struct sample sample;
    struct text text = text_over(test.buffer, sizeof(test.buffer));
    if (variable_read(name_of(name), &test.context, &sample) != RESULT_OK) {
        return "(none)";
    }
    assert_int_equal(sample_cast(&test.context, &sample, SAMPLE_STRING), RESULT_OK);
    text_append(&text, sample.text);
    arena_clear(&test.scratch);
    return test.buffer;
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum variable_scope scope;
    } ROWS[] = {
        {"proc.a", VARIABLE_PROCESS},         {"sess.a", VARIABLE_SESSION},
        {"txn.a", VARIABLE_TRANSACTION},      {"req.a", VARIABLE_REQUEST},
        {"res.a", VARIABLE_RESPONSE},         {"check.a", VARIABLE_CHECK},
        {"txn.A_z.09", VARIABLE_TRANSACTION},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        const struct variable_name *name = name_of(ROWS[i].text);
        assert_int_equal(name->scope, ROWS[i].scope);
        assert_string_equal(name->text, ROWS[i].text);
        assert_ptr_equal(name_of(ROWS[i].text), name); /* one object a name */
        assert_ptr_equal(variable_name_find(names, slice_from_string(ROWS[i].text)), name);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(name_of(ROWS[j].text)->hash, name->hash);
        }
    }
    assert_null(variable_name_find(names, SLICE("txn.unknown")));
    assert_null(variable_name_find(names, SLICE("")));
}

static void test_bad_names(void **state)
{
    (void)state;
    static const char SCOPES[] =
        ". A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', "
        "'req', 'res' or 'check'";
    static const char *const WITHOUT_SCOPE[] = {"",     "a",     "txn",     "txn.",
                                                "tx.a", "TXN.a", "global.a"};
    for (size_t i = 0; i < sizeof(WITHOUT_SCOPE) / sizeof(WITHOUT_SCOPE[0]); i++) {
        char expected[256];
        snprintf(expected, sizeof(expected), "invalid variable name '%s'%s", WITHOUT_SCOPE[i],
                 SCOPES);
        assert_string_equal(refusal(WITHOUT_SCOPE[i]), expected);
    }
    assert_string_equal(refusal("txn.a-b"), "invalid syntax at char '-b'");
    assert_string_equal(refusal("txn. a"), "invalid syntax at char ' a'");
    assert_string_equal(refusal("txn.\xc3\xa9"), "invalid syntax at char '\xc3\xa9'");
    char longest[NAME_BYTES_MAX + 2];
    memset(longest, 'n', sizeof(longest) - 1);
    memcpy(longest, "txn.", strlen("txn."));
    longest[NAME_BYTES_MAX + 1] = '\0';
    assert_non_null(strstr(refusal(longest), "' is longer than 255 bytes"));
    longest[NAME_BYTES_MAX] = '\0';
    assert_int_equal(strlen(name_of(longest)->text), NAME_BYTES_MAX);
    test.parser.variables = NULL;
    assert_string_equal(refusal("txn.a"), "a variable cannot be named here");
}

static void test_names_without_memory(void **state)
{
    (void)state;
    const struct variable_name *name = NULL;
    size_t held = test.account.used;
    for (uint64_t nth = 1; nth <= 2; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        assert_int_equal(variable_name_parse(&test.parser, SLICE("txn.a"), &name),
                         RESULT_NO_MEMORY);
        assert_string_equal(test.error_storage, "out of memory");
        assert_int_equal(test.account.used, held);
        assert_null(variable_name_find(names, SLICE("txn.a")));
    }
    fault_fail_nth(test.memory, 1, 0);
    assert_null(variable_names_create(&test.account));
    fault_fail_nth(test.memory, 0, 0);
    variable_names_destroy(NULL);
}

/* Parses "name,condition…"; the conditions. */
static unsigned conditions_of(const char *text)
{
    const struct variable_name *name = NULL;
    unsigned conditions = UINT_MAX;
    if (variable_target_parse(&test.parser, slice_from_string(text), &name, &conditions) !=
        RESULT_OK) {
        fail_msg("%s: %s", text, test.error_storage);
    }
    assert_string_equal(name->text, "txn.a");
    return conditions;
}

static void test_targets(void **state)
{
    (void)state;
    const struct variable_name *name = NULL;
    unsigned conditions = 0;
    assert_int_equal(conditions_of("txn.a"), 0);
    assert_int_equal(conditions_of("txn.a,ifexists"), VARIABLE_IF_EXISTS);
    assert_int_equal(conditions_of("txn.a,ifnotexists"), VARIABLE_IF_NOT_EXISTS);
    assert_int_equal(conditions_of("txn.a,ifempty"), VARIABLE_IF_EMPTY);
    assert_int_equal(conditions_of("txn.a,ifnotempty"), VARIABLE_IF_NOT_EMPTY);
    assert_int_equal(conditions_of("txn.a,ifset"), VARIABLE_IF_SET);
    assert_int_equal(conditions_of("txn.a,ifnotset"), VARIABLE_IF_NOT_SET);
    assert_int_equal(conditions_of("txn.a,ifgt"), VARIABLE_IF_GREATER);
    assert_int_equal(conditions_of(" txn.a , iflt , ifset "), VARIABLE_IF_LESS | VARIABLE_IF_SET);
    assert_int_equal(
        variable_target_parse(&test.parser, SLICE("txn.a,ifset,iflater"), &name, &conditions),
        RESULT_INVALID);
    assert_string_equal(test.error_storage, "unknown condition \"iflater\"");
    assert_int_equal(conditions_of("txn.a,"), 0); /* HAProxy takes it too */
    assert_int_equal(variable_target_parse(&test.parser, SLICE("txn.a,,ifset"), &name, &conditions),
                     RESULT_INVALID);
    assert_string_equal(test.error_storage, "unknown condition \"\"");
    assert_int_equal(variable_target_parse(&test.parser, SLICE(""), &name, &conditions),
                     RESULT_INVALID);
    assert_int_equal(variable_target_parse(&test.parser, SLICE("a,ifset"), &name, &conditions),
                     RESULT_INVALID);
    assert_non_null(strstr(test.error_storage, "invalid variable name 'a'."));
}

/* ---- values ---- */

static void test_values(void **state)
{
    (void)state;
    assert_string_equal(value_of("txn.a"), "(none)");
    store("txn.a", "one");
    store("txn.b", "other");
    store("sess.a", "of the session");
    assert_string_equal(value_of("txn.a"), "one");
    assert_string_equal(value_of("sess.a"), "of the session");
    store("txn.a", "a longer one"); /* replaced */
    assert_string_equal(value_of("txn.a"), "a longer one");
    assert_string_equal(value_of("txn.b"), "other");
    store("txn.a", "");
    assert_string_equal(value_of("txn.a"), "");
    variable_remove(name_of("txn.a"), &test.context);
    assert_string_equal(value_of("txn.a"), "(none)");
    variable_remove(name_of("txn.a"), &test.context); /* harmless */
    assert_string_equal(value_of("txn.b"), "other");
    variable_remove(name_of("txn.b"), &test.context);
    assert_int_equal(sets[VARIABLE_TRANSACTION].bytes, 0);
    assert_null(sets[VARIABLE_TRANSACTION].first);
    assert_string_equal(value_of("sess.a"), "of the session");
}

/* A text that was read stays when the variable is replaced. */
static void test_values_are_copies(void **state)
{
    (void)state;
    struct sample sample;
    char text[] = "first";
    store("proc.a", text);
    memset(text, 'x', sizeof(text) - 1);
    assert_int_equal(variable_read(name_of("proc.a"), &test.context, &sample), RESULT_OK);
    store("proc.a", "second");
    assert_slice(sample.text, "first");
    variable_remove(name_of("proc.a"), &test.context);
    assert_slice(sample.text, "first");
}

static void check_same(const struct sample *value)
{
    struct sample out;
    assert_int_equal(variable_store(name_of("req.v"), 0, &test.context, value), RESULT_OK);
    assert_int_equal(variable_read(name_of("req.v"), &test.context, &out), RESULT_OK);
    assert_int_equal(out.type, value->type);
    assert_int_equal(out.flags, 0); /* a stored value does not change */
    struct sample left = *value;
    assert_int_equal(sample_cast(&test.context, &left, SAMPLE_BINARY), RESULT_OK);
    assert_int_equal(sample_cast(&test.context, &out, SAMPLE_BINARY), RESULT_OK);
    assert_true(slice_equal(left.text, out.text));
    arena_clear(&test.scratch);
}

static void test_types(void **state)
{
    (void)state;
    check_same(&(struct sample){.type = SAMPLE_BOOL, .boolean = true});
    check_same(
        &(struct sample){.type = SAMPLE_INTEGER, .flags = SAMPLE_MAY_CHANGE, .integer = INT64_MIN});
    check_same(&(struct sample){.type = SAMPLE_IPV4, .ipv4.s_addr = htonl(INADDR_LOOPBACK)});
    check_same(&(struct sample){.type = SAMPLE_IPV6, .ipv6 = IN6ADDR_LOOPBACK_INIT});
    check_same(&(struct sample){.type = SAMPLE_STRING, .text = SLICE_NONE});
    check_same(&(struct sample){.type = SAMPLE_BINARY, .text = slice_of("\0\xff\0", 3)});
    check_same(
        &(struct sample){.type = SAMPLE_METHOD, .method = {HTTP_METHOD_POST, SLICE("POST")}});
    check_same(
        &(struct sample){.type = SAMPLE_METHOD, .method = {HTTP_METHOD_OTHER, SLICE("BREW")}});
    const struct sample any = {.type = SAMPLE_ANY};
    assert_int_equal(variable_store(name_of("req.v"), 0, &test.context, &any), RESULT_NOT_FOUND);
    assert_string_equal(value_of("req.v"), "BREW");
}

static void test_missing_scope(void **state)
{
    (void)state;
    test.context.variables[VARIABLE_CHECK] = NULL;
    assert_int_equal(store_when("check.a", 0, "x"), RESULT_NOT_FOUND);
    assert_string_equal(value_of("check.a"), "(none)");
    variable_remove(name_of("check.a"), &test.context);
}

/* ---- conditions ---- */

static void test_conditions_on_existence(void **state)
{
    (void)state;
    assert_int_equal(store_when("txn.a", VARIABLE_IF_EXISTS, "1"), RESULT_NOT_FOUND);
    assert_int_equal(store_when("txn.a", VARIABLE_IF_SET, "1"), RESULT_NOT_FOUND);
    assert_string_equal(value_of("txn.a"), "(none)");
    assert_int_equal(store_when("txn.a", VARIABLE_IF_NOT_EXISTS, "1"), RESULT_OK);
    assert_int_equal(store_when("txn.a", VARIABLE_IF_NOT_EXISTS, "2"), RESULT_NOT_FOUND);
    assert_int_equal(store_when("txn.a", VARIABLE_IF_NOT_SET, "3"), RESULT_NOT_FOUND);
    assert_string_equal(value_of("txn.a"), "1");
    assert_int_equal(store_when("txn.a", VARIABLE_IF_EXISTS | VARIABLE_IF_SET, "4"), RESULT_OK);
    assert_string_equal(value_of("txn.a"), "4");
    /* Variables of the process exist from the start, but are not set. */
    assert_int_equal(store_when("proc.a", VARIABLE_IF_NOT_EXISTS, "1"), RESULT_NOT_FOUND);
    assert_int_equal(store_when("proc.a", VARIABLE_IF_SET, "1"), RESULT_NOT_FOUND);
    assert_int_equal(store_when("proc.a", VARIABLE_IF_EXISTS | VARIABLE_IF_NOT_SET, "2"),
                     RESULT_OK);
    assert_string_equal(value_of("proc.a"), "2");
}

static void test_conditions_on_values(void **state)
{
    (void)state;
    assert_int_equal(store_when("txn.a", VARIABLE_IF_NOT_EMPTY, ""), RESULT_NOT_FOUND);
    assert_int_equal(store_when("txn.a", VARIABLE_IF_EMPTY, "x"), RESULT_NOT_FOUND);
    assert_int_equal(store_number_when("txn.a", VARIABLE_IF_EMPTY, 0), RESULT_NOT_FOUND);
    assert_int_equal(store_when("txn.a", VARIABLE_IF_EMPTY, ""), RESULT_OK);
    assert_int_equal(store_when("txn.a", VARIABLE_IF_NOT_EMPTY, "x"), RESULT_OK);
    assert_string_equal(value_of("txn.a"), "x");
}

static void test_conditions_on_order(void **state)
{
    (void)state;
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_GREATER, 5), RESULT_OK); /* not set */
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_GREATER, 5), RESULT_NOT_FOUND);
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_LESS, 5), RESULT_NOT_FOUND);
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_GREATER, 6), RESULT_NOT_FOUND);
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_LESS, 4), RESULT_NOT_FOUND);
    assert_string_equal(value_of("txn.n"), "5");
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_GREATER, 4), RESULT_OK);
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_LESS, 7), RESULT_OK);
    assert_string_equal(value_of("txn.n"), "7");
    assert_int_equal(store_when("txn.n", VARIABLE_IF_GREATER, "text"), RESULT_OK);
    assert_int_equal(store_number_when("txn.n", VARIABLE_IF_LESS, 1), RESULT_OK);
    assert_string_equal(value_of("txn.n"), "1");
}

/* ---- limits ---- */

/* What a variable with an empty value counts. */
static size_t base_bytes(void)
{
    store("check.measure", "");
    size_t bytes = sets[VARIABLE_CHECK].bytes;
    variable_remove(name_of("check.measure"), &test.context);
    assert_int_equal(sets[VARIABLE_CHECK].bytes, 0);
    return bytes;
}

/* Four bytes fit into `name`'s scope under the limit, five do not, and shrinking always may. */
static void check_limit(size_t *limit, const char *name, size_t base)
{
    *limit = base + 4;
    assert_int_equal(store_when(name, 0, "12345"), RESULT_FULL);
    assert_string_equal(value_of(name), "(none)");
    assert_int_equal(store_when(name, 0, "1234"), RESULT_OK);
    assert_int_equal(store_when(name, 0, "12345"), RESULT_FULL);
    assert_string_equal(value_of(name), "1234"); /* the old one stays */
    *limit = base;
    assert_int_equal(store_when(name, 0, "abc"), RESULT_OK);
    assert_int_equal(store_when(name, 0, "abcd"), RESULT_FULL);
    variable_remove(name_of(name), &test.context);
    *limit = 0;
    assert_int_equal(store_when(name, 0, "no limit"), RESULT_OK);
    variable_remove(name_of(name), &test.context);
}

static void test_limits(void **state)
{
    (void)state;
    size_t base = base_bytes();
    assert_true(base > 0);
    check_limit(&limits->process_bytes_max, "proc.a", base);
    check_limit(&limits->session_bytes_max, "sess.a", base);
    check_limit(&limits->transaction_bytes_max, "txn.a", base);
    check_limit(&limits->exchange_bytes_max, "req.a", base);
    check_limit(&limits->exchange_bytes_max, "res.a", base);
    check_limit(&limits->check_bytes_max, "check.a", base);
}

/* What a request and a response hold counts in the transaction, and that in the session. */
static void test_limits_around(void **state)
{
    (void)state;
    size_t base = base_bytes();
    limits->transaction_bytes_max = 2 * base;
    store("req.a", "");
    store("res.a", "");
    assert_int_equal(store_when("txn.a", 0, ""), RESULT_FULL);
    assert_int_equal(store_when("req.a", 0, "x"), RESULT_FULL);
    store("sess.a", "of another sum");
    variable_remove(name_of("res.a"), &test.context);
    store("txn.a", "");
    limits->transaction_bytes_max = 0;
    variable_remove(name_of("sess.a"), &test.context);
    limits->session_bytes_max = 3 * base;
    store("sess.a", "");
    assert_int_equal(store_when("sess.a", 0, "x"), RESULT_FULL);
    assert_int_equal(store_when("txn.b", 0, ""), RESULT_FULL);
    assert_int_equal(store_when("req.b", 0, ""), RESULT_FULL);
    assert_int_equal(store_when("proc.a", 0, "x"), RESULT_OK); /* no part of a session */
    assert_int_equal(store_when("check.a", 0, "x"), RESULT_OK);
    test.context.variables[VARIABLE_SESSION] = NULL; /* as where there is no session */
    assert_int_equal(store_when("txn.b", 0, ""), RESULT_OK);
}

static void test_global_limit(void **state)
{
    (void)state;
    size_t base = base_bytes();
    limits->global_bytes_max = 3 * base;
    store("proc.a", "");
    store("sess.a", "");
    assert_int_equal(store_when("txn.a", 0, "x"), RESULT_FULL);
    store("txn.a", "");
    assert_int_equal(store_when("check.a", 0, ""), RESULT_FULL);
    variable_set_clear(&sets[VARIABLE_SESSION]);
    assert_int_equal(store_when("check.a", 0, ""), RESULT_OK);
}

/* The global section may set variables in front of the limit: they count all the same. */
static void test_global_limit_set_late(void **state)
{
    (void)state;
    size_t base = base_bytes();
    store("proc.a", "in front");
    store("proc.b", "");
    limits->global_bytes_max = 3 * base;
    assert_int_equal(store_when("sess.a", 0, ""), RESULT_FULL);
    store("proc.a", "");
    assert_int_equal(store_when("sess.a", 0, ""), RESULT_OK);
    assert_int_equal(store_when("sess.b", 0, ""), RESULT_FULL);
    variable_remove(name_of("proc.b"), &test.context);
    assert_int_equal(store_when("sess.b", 0, ""), RESULT_OK);
}

/* ---- refused memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    struct sample sample;
    store("txn.a", "old");
    size_t bytes = sets[VARIABLE_TRANSACTION].bytes;
    size_t held = test.account.used;
    fault_fail_nth(test.memory, 1, 0);
    assert_int_equal(store_when("txn.a", 0, "new"), RESULT_NO_MEMORY);
    assert_int_equal(test.account.used, held);
    assert_int_equal(sets[VARIABLE_TRANSACTION].bytes, bytes);
    fault_fail_nth(test.memory, 1, 0); /* the arena's block for the copy */
    assert_int_equal(variable_read(name_of("txn.a"), &test.context, &sample), RESULT_NO_MEMORY);
    assert_int_equal(fault_failed(test.memory), 1);
    fault_fail_nth(test.memory, 0, 0);
    arena_clear(&test.scratch);
    assert_string_equal(value_of("txn.a"), "old");
    assert_int_equal(store_number_when("txn.a", 0, 1), RESULT_OK);
    fault_fail_nth(test.memory, 1, 0); /* a number needs no room */
    assert_int_equal(variable_read(name_of("txn.a"), &test.context, &sample), RESULT_OK);
    assert_int_equal(fault_count(test.memory), 0);
    fault_fail_nth(test.memory, 0, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_names),
        CASE(test_bad_names),
        CASE(test_names_without_memory),
        CASE(test_targets),
        CASE(test_values),
        CASE(test_values_are_copies),
        CASE(test_types),
        CASE(test_missing_scope),
        CASE(test_conditions_on_existence),
        CASE(test_conditions_on_values),
        CASE(test_conditions_on_order),
        CASE(test_limits),
        CASE(test_limits_around),
        CASE(test_global_limit),
        CASE(test_global_limit_set_late),
        CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
