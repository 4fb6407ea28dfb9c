/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Casts: which exist, what each gives at its edges, and that one without room is refused.
 */
#include "rules/sample.h"

#include "memory/fault.h"
#include "support/rules.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    rules_test_close(&test);
    return 0;
}

/* ---- values to cast ---- */

static struct sample text_of(const char *text)
{
    return (struct sample){.type = SAMPLE_STRING, .text = slice_from_string(text)};
}

static struct sample number_of(int64_t number)
{
    return (struct sample){.type = SAMPLE_INTEGER, .integer = number};
}

static struct sample truth_of(bool boolean)
{
    return (struct sample){.type = SAMPLE_BOOL, .boolean = boolean};
}

static struct sample address_of(const char *text)
{
    struct sample sample = {.type = SAMPLE_IPV4};
    if (inet_pton(AF_INET, text, &sample.ipv4) != 1) {
        sample.type = SAMPLE_IPV6;
        assert_int_equal(inet_pton(AF_INET6, text, &sample.ipv6), 1);
    }
    return sample;
}

static struct sample cast(struct sample sample, enum sample_type type)
{
    assert_int_equal(sample_cast(&test.context, &sample, type), RESULT_OK);
    return sample;
}

static void check_no_form(struct sample sample, enum sample_type type)
{
    assert_int_equal(sample_cast(&test.context, &sample, type), RESULT_NOT_FOUND);
}

static void check_integer(struct sample sample, int64_t expected)
{
    sample = cast(sample, SAMPLE_INTEGER);
    assert_int_equal(sample.type, SAMPLE_INTEGER);
    assert_int_equal(sample.integer, expected);
}

static void check_text(struct sample sample, const char *expected)
{
    sample = cast(sample, SAMPLE_STRING);
    assert_int_equal(sample.type, SAMPLE_STRING);
    assert_slice(sample.text, expected);
}

static void check_address(struct sample sample, enum sample_type type, const char *expected)
{
    struct sample other = address_of(expected);
    sample = cast(sample, type);
    assert_int_equal(sample.type, other.type);
    check_text(sample, expected);
}

static void check_bytes(struct sample sample, const char *bytes, size_t length)
{
    sample = cast(sample, SAMPLE_BINARY);
    assert_int_equal(sample.type, SAMPLE_BINARY);
    assert_true(slice_equal(sample.text, slice_of(bytes, length)));
}

/* ---- the table ---- */

/* One row a type, one column a type, in the order of the enum; 'x': there is a cast. */
static void test_which_exist(void **state)
{
    (void)state;
    static const char *const ROWS[SAMPLE_TYPES] = {
        /*                   any bool int addr v4 v6 str bin meth */
        [SAMPLE_ANY] = "xxxxxxxxx",     [SAMPLE_BOOL] = "xxx...xx.",
        [SAMPLE_INTEGER] = "xxxxxxxx.", [SAMPLE_ADDRESS] = "x.xxxxxx.",
        [SAMPLE_IPV4] = "x.xxxxxx.",    [SAMPLE_IPV6] = "x..xxxxx.",
        [SAMPLE_STRING] = "xxxxxxxxx",  [SAMPLE_BINARY] = "x.....xxx",
        [SAMPLE_METHOD] = "x.....xxx",
    };
    for (unsigned from = 0; from < SAMPLE_TYPES; from++) {
        assert_int_equal(strlen(ROWS[from]), SAMPLE_TYPES);
        for (unsigned to = 0; to < SAMPLE_TYPES; to++) {
            bool can = sample_can_cast((enum sample_type)from, (enum sample_type)to);
            if (can != (ROWS[from][to] == 'x')) {
                fail_msg("%s to %s", sample_type_name((enum sample_type)from),
                         sample_type_name((enum sample_type)to));
            }
            if (!can) { /* and doing it all the same gives nothing */
                check_no_form((struct sample){.type = (enum sample_type)from},
                              (enum sample_type)to);
            }
        }
    }
}

static void test_names(void **state)
{
    (void)state;
    static const char *const NAMES[SAMPLE_TYPES] = {"any",  "bool", "sint", "addr", "ipv4",
                                                    "ipv6", "str",  "bin",  "meth"};
    for (unsigned type = 0; type < SAMPLE_TYPES; type++) {
        assert_string_equal(sample_type_name((enum sample_type)type), NAMES[type]);
    }
}

/* To ANY and to its own type a value stays what it is. */
static void test_as_is(void **state)
{
    (void)state;
    struct sample text = text_of("x");
    struct sample same = cast(text, SAMPLE_STRING);
    assert_ptr_equal(same.text.data, text.text.data);
    same = cast(text, SAMPLE_ANY);
    assert_int_equal(same.type, SAMPLE_STRING);
    same = cast(text, SAMPLE_BINARY); /* no copy */
    assert_ptr_equal(same.text.data, text.text.data);
    same = cast(address_of("::1"), SAMPLE_ADDRESS);
    assert_int_equal(same.type, SAMPLE_IPV6);
    same = cast(number_of(-1), SAMPLE_INTEGER);
    assert_int_equal(same.integer, -1);
    assert_int_equal(test.account.used, 0);
}

/* ---- texts ---- */

static void test_text_to_integer(void **state)
{
    (void)state;
    check_integer(text_of("0"), 0);
    check_integer(text_of("42"), 42);
    check_integer(text_of("-42"), -42);
    check_integer(text_of("+42"), 42);
    check_integer(text_of("007"), 7);
    check_integer(text_of("12abc"), 12); /* stops at another byte */
    check_integer(text_of("abc"), 0);
    check_integer(text_of(" 5"), 0);
    check_integer(text_of("-"), 0);
    check_integer(text_of("9223372036854775807"), INT64_MAX);
    check_integer(text_of("9223372036854775808"), INT64_MAX);
    check_integer(text_of("99999999999999999999999"), INT64_MAX);
    check_integer(text_of("-9223372036854775808"), INT64_MIN);
    check_integer(text_of("-9223372036854775809"), INT64_MIN);
    check_integer((struct sample){.type = SAMPLE_STRING, .text = slice_of("123", 2)}, 12);
    check_no_form(text_of(""), SAMPLE_INTEGER);
    check_no_form((struct sample){.type = SAMPLE_STRING, .text = SLICE_NONE}, SAMPLE_INTEGER);
}

static void test_text_to_bool(void **state)
{
    (void)state;
    assert_true(cast(text_of("1"), SAMPLE_BOOL).boolean);
    assert_true(cast(text_of("-7x"), SAMPLE_BOOL).boolean);
    assert_false(cast(text_of("0"), SAMPLE_BOOL).boolean);
    assert_false(cast(text_of("true"), SAMPLE_BOOL).boolean); /* a number is read */
    assert_int_equal(cast(text_of("1"), SAMPLE_BOOL).type, SAMPLE_BOOL);
    check_no_form(text_of(""), SAMPLE_BOOL);
}

static void test_text_to_address(void **state)
{
    (void)state;
    check_address(text_of("192.0.2.1"), SAMPLE_IPV4, "192.0.2.1");
    check_address(text_of("192.0.2.1:80"), SAMPLE_IPV4, "192.0.2.1");
    check_address(text_of("192.0.2.1"), SAMPLE_ADDRESS, "192.0.2.1");
    check_address(text_of("2001:db8::1"), SAMPLE_ADDRESS, "2001:db8::1");
    check_address(text_of("2001:db8::1"), SAMPLE_IPV6, "2001:db8::1");
    check_no_form(text_of("2001:db8::1"), SAMPLE_IPV4);
    check_no_form(text_of("192.0.2.1"), SAMPLE_IPV6);
    check_no_form(text_of("192.0.2"), SAMPLE_ADDRESS);
    check_no_form(text_of("host"), SAMPLE_ADDRESS);
    check_no_form(text_of(""), SAMPLE_ADDRESS);
    check_no_form(text_of(""), SAMPLE_IPV4);
    check_no_form(text_of(""), SAMPLE_IPV6);
}

static void test_methods(void **state)
{
    (void)state;
    struct sample method = cast(text_of("POST"), SAMPLE_METHOD);
    assert_int_equal(method.method.id, HTTP_METHOD_POST);
    check_text(method, "POST");
    check_bytes(method, "POST", 4);
    method = cast(text_of("BREW"), SAMPLE_METHOD);
    assert_int_equal(method.method.id, HTTP_METHOD_OTHER);
    check_text(method, "BREW");
    method = cast((struct sample){.type = SAMPLE_BINARY, .text = SLICE("GET")}, SAMPLE_METHOD);
    assert_int_equal(method.method.id, HTTP_METHOD_GET);
    /* A method by its id alone. */
    check_text((struct sample){.type = SAMPLE_METHOD, .method = {HTTP_METHOD_PUT, SLICE_NONE}},
               "PUT");
}

static void test_bytes_to_text(void **state)
{
    (void)state;
    struct sample bytes = {.type = SAMPLE_BINARY, .text = slice_of("ab\0cd", 5)};
    check_text(bytes, "ab"); /* a text ends at the first NUL */
    bytes.text = slice_of("\0", 1);
    check_text(bytes, "");
    bytes.text = SLICE_NONE;
    check_text(bytes, "");
    bytes.text = SLICE("\xff");
    check_text(bytes, "\xff");
}

/* ---- numbers and addresses ---- */

static void test_booleans(void **state)
{
    (void)state;
    check_integer(truth_of(true), 1);
    check_integer(truth_of(false), 0);
    check_text(truth_of(true), "1");
    check_text(truth_of(false), "0");
    check_bytes(truth_of(true), "\0\0\0\0\0\0\0\1", 8);
    assert_true(cast(number_of(INT64_MIN), SAMPLE_BOOL).boolean);
    assert_false(cast(number_of(0), SAMPLE_BOOL).boolean);
    assert_true(cast(number_of(INT64_C(1) << 32), SAMPLE_BOOL).boolean);
}

static void test_integers(void **state)
{
    (void)state;
    check_text(number_of(0), "0");
    check_text(number_of(INT64_MAX), "9223372036854775807");
    check_text(number_of(INT64_MIN), "-9223372036854775808");
    check_bytes(number_of(INT64_C(0x0102030405060708)), "\1\2\3\4\5\6\7\10", 8);
    check_bytes(number_of(-2), "\xff\xff\xff\xff\xff\xff\xff\xfe", 8);
    check_address(number_of(INT64_C(0xc0000201)), SAMPLE_IPV4, "192.0.2.1");
    check_address(number_of(1), SAMPLE_ADDRESS, "0.0.0.1");
    check_address(number_of(-1), SAMPLE_IPV4, "255.255.255.255");
    check_address(number_of(INT64_C(0x1c0000201)), SAMPLE_IPV4, "192.0.2.1"); /* low 32 bits */
    check_address(number_of(INT64_C(0xc0000201)), SAMPLE_IPV6, "::ffff:192.0.2.1");
}

static void test_addresses(void **state)
{
    (void)state;
    check_text(address_of("255.255.255.255"), "255.255.255.255");
    check_text(address_of("1111:2222:3333:4444:5555:6666:7777:8888"),
               "1111:2222:3333:4444:5555:6666:7777:8888");
    check_integer(address_of("192.0.2.1"), INT64_C(0xc0000201));
    check_integer(address_of("255.255.255.255"), INT64_C(0xffffffff)); /* not negative */
    check_bytes(address_of("192.0.2.1"), "\xc0\0\2\1", 4);
    check_bytes(address_of("2001:db8::1"), "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    check_address(address_of("192.0.2.1"), SAMPLE_IPV6, "::ffff:192.0.2.1");
    check_address(address_of("::ffff:192.0.2.1"), SAMPLE_IPV4, "192.0.2.1");
    check_address(address_of("2002:c000:201::7"), SAMPLE_IPV4, "192.0.2.1");
    check_no_form(address_of("2001:db8::1"), SAMPLE_IPV4);
    /* A failed cast leaves the value. */
    struct sample sample = address_of("2001:db8::1");
    check_no_form(sample, SAMPLE_IPV4);
    check_text(sample, "2001:db8::1");
}

static void test_no_memory(void **state)
{
    (void)state;
    const struct sample samples[] = {number_of(5), address_of("192.0.2.1"), address_of("::1")};
    static const enum sample_type TYPES[] = {SAMPLE_STRING, SAMPLE_BINARY};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        for (size_t j = 0; j < sizeof(TYPES) / sizeof(TYPES[0]); j++) {
            struct sample sample = samples[i];
            fault_fail_nth(test.memory, 1, 0);
            assert_int_equal(sample_cast(&test.context, &sample, TYPES[j]), RESULT_NO_MEMORY);
            assert_int_equal(sample.type, samples[i].type);
            arena_clear(&test.scratch);
        }
    }
    fault_fail_nth(test.memory, 1, 0); /* booleans need no room as texts, but do as bytes */
    check_text(truth_of(true), "1");
    struct sample sample = truth_of(true);
    assert_int_equal(sample_cast(&test.context, &sample, SAMPLE_BINARY), RESULT_NO_MEMORY);
    fault_fail_nth(test.memory, 0, 0);
    arena_clear(&test.scratch);
    assert_int_equal(test.account.used, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_which_exist),     CASE(test_names),         CASE(test_as_is),
        CASE(test_text_to_integer), CASE(test_text_to_bool),  CASE(test_text_to_address),
        CASE(test_methods),         CASE(test_bytes_to_text), CASE(test_booleans),
        CASE(test_integers),        CASE(test_addresses),     CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
