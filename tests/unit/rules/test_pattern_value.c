/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pattern of each method: what it matches and what it nearly does, folded and not, and why a
 * text is no pattern or no value. All through a set with a single entry.
 */
#include "rules/pattern_internal.h"

#include "support/pattern.h"

enum { SHOWN_BYTES_MAX = 128 };

static struct rules_test test;
static unsigned files;

static int open_test(void **state)
{
    (void)state;
    files = 0;
    pattern_test_open(&test);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_test_close(&test);
    return 0;
}

/* A new file for each pattern. */
static struct pattern_set *empty_set(enum pattern_method method, unsigned flags,
                                     enum sample_type value_type)
{
    char name[32];
    snprintf(name, sizeof(name), "virt@%u", files++);
    struct pattern_file *file = pattern_test_file(&test, name, value_type != SAMPLE_ANY);
    return pattern_test_set(&test, file, method, flags, value_type);
}

/* Whether the only pattern of a set matches a text. */
static bool matches(enum pattern_method method, unsigned flags, const char *pattern,
                    const char *text)
{
    struct pattern_set *set = empty_set(method, flags, SAMPLE_ANY);
    pattern_test_add(&test, set->file, pattern, NULL);
    return strcmp(pattern_test_match(&test, set, text), "(none)") != 0;
}

static const char *refusal(enum pattern_method method, unsigned flags, const char *pattern)
{
    struct pattern_set *set = empty_set(method, flags, SAMPLE_ANY);
    return pattern_test_refusal(&test, set->file, pattern, NULL);
}

#define assert_match(method, pattern, text)  assert_true(matches((method), 0, (pattern), (text)))
#define assert_differ(method, pattern, text) assert_false(matches((method), 0, (pattern), (text)))
#define assert_folded(method, pattern, text) \
    assert_true(matches((method), PATTERN_NOCASE, (pattern), (text)))

/* ---- ranges ---- */

static void test_ranges(void **state)
{
    (void)state;
    assert_match(PATTERN_INTEGER, "5", "5");
    assert_differ(PATTERN_INTEGER, "5", "4");
    assert_differ(PATTERN_INTEGER, "5", "6");
    assert_match(PATTERN_INTEGER, "-5", "-5");
    assert_match(PATTERN_INTEGER, "1:9", "1");
    assert_match(PATTERN_INTEGER, "1:9", "9");
    assert_differ(PATTERN_INTEGER, "1:9", "0");
    assert_differ(PATTERN_INTEGER, "1:9", "10");
    assert_match(PATTERN_INTEGER, "-9:-1", "-9");
    assert_differ(PATTERN_INTEGER, "-9:-1", "0");
    assert_match(PATTERN_INTEGER, ":9", "-9223372036854775808");
    assert_differ(PATTERN_INTEGER, ":9", "10");
    assert_match(PATTERN_INTEGER, "9:", "9223372036854775807");
    assert_differ(PATTERN_INTEGER, "9:", "8");
    assert_match(PATTERN_INTEGER, "7:7", "7");
    assert_match(PATTERN_INTEGER, "9223372036854775807", "9223372036854775807");
}

static void test_lengths(void **state)
{
    (void)state;
    assert_match(PATTERN_LENGTH, "0", "");
    assert_match(PATTERN_LENGTH, "3", "abc");
    assert_differ(PATTERN_LENGTH, "3", "abcd");
    assert_match(PATTERN_LENGTH, "2:", "abc");
    assert_differ(PATTERN_LENGTH, ":2", "abc");
    assert_folded(PATTERN_LENGTH, "3", "ABC");
}

static void test_bad_ranges(void **state)
{
    (void)state;
    static const char *const NUMBERS[] = {
        "", "x", "5x", "0x10", " 5", "5.0", "9223372036854775808"};
    for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        char message[128];
        snprintf(message, sizeof(message), "'%s' is not a number", NUMBERS[i]);
        assert_string_equal(refusal(PATTERN_INTEGER, 0, NUMBERS[i]), message);
        assert_string_equal(refusal(PATTERN_LENGTH, 0, NUMBERS[i]), message);
    }
    static const char *const RANGES[] = {":", "9:1", "a:9", "1:b", "1:2:3", "1: 2"};
    for (size_t i = 0; i < sizeof(RANGES) / sizeof(RANGES[0]); i++) {
        char message[128];
        snprintf(message, sizeof(message), "'%s' is not a valid number range", RANGES[i]);
        assert_string_equal(refusal(PATTERN_INTEGER, 0, RANGES[i]), message);
    }
}

/* "3.1" is 3 * 65536 + 1. */
static void test_decimal_ranges(void **state)
{
    (void)state;
    assert_true(matches(PATTERN_INTEGER, PATTERN_DECIMAL, "3.1", "196609"));
    assert_true(matches(PATTERN_INTEGER, PATTERN_DECIMAL, "3", "196608"));
    assert_false(matches(PATTERN_INTEGER, PATTERN_DECIMAL, "3", "3"));
    assert_true(matches(PATTERN_INTEGER, PATTERN_DECIMAL, "1.0:3.1", "131072"));
    assert_true(matches(PATTERN_INTEGER, PATTERN_DECIMAL, "65535.65535", "4294967295"));
    assert_true(matches(PATTERN_INTEGER, PATTERN_DECIMAL, "3.1:", "196610"));
    assert_false(matches(PATTERN_INTEGER, PATTERN_DECIMAL, ":3.1", "196610"));
    static const char *const BAD[] = {"", ".", "3.", ".1", "65536", "3.65536", "-1", "3.1.2", "x"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char message[128];
        snprintf(message, sizeof(message), "'%s' is not a dotted number", BAD[i]);
        assert_string_equal(refusal(PATTERN_INTEGER, PATTERN_DECIMAL, BAD[i]), message);
    }
    assert_string_equal(refusal(PATTERN_INTEGER, PATTERN_DECIMAL, "3.1:3.0"),
                        "'3.1:3.0' is not a valid dotted number range");
}

/* ---- networks ---- */

static void test_ipv4_networks(void **state)
{
    (void)state;
    assert_match(PATTERN_ADDRESS, "10.1.2.3", "10.1.2.3");
    assert_differ(PATTERN_ADDRESS, "10.1.2.3", "10.1.2.4");
    assert_match(PATTERN_ADDRESS, "10.1.2.3/8",
                 "10.255.0.1"); /* bits behind the mask are ignored */
    assert_differ(PATTERN_ADDRESS, "10.0.0.0/8", "11.0.0.0");
    assert_match(PATTERN_ADDRESS, "10.0.0.0/31", "10.0.0.1");
    assert_differ(PATTERN_ADDRESS, "10.0.0.0/31", "10.0.0.2");
    assert_match(PATTERN_ADDRESS, "0.0.0.0/0", "255.255.255.255");
    assert_match(PATTERN_ADDRESS, "127.1/8", "127.9.9.9");
    assert_match(PATTERN_ADDRESS, "10.0.7.0/255.0.255.0", "10.99.7.99"); /* holes */
    assert_differ(PATTERN_ADDRESS, "10.0.7.0/255.0.255.0", "10.99.8.99");
    /* IPv4 inside IPv6 is found too. */
    assert_match(PATTERN_ADDRESS, "10.0.0.0/8", "::ffff:10.1.1.1");
    assert_match(PATTERN_ADDRESS, "10.0.0.0/8", "2002:a01:101::1");
    assert_match(PATTERN_ADDRESS, "10.0.7.0/255.0.255.0", "::ffff:10.99.7.99");
    assert_differ(PATTERN_ADDRESS, "10.0.7.0/255.0.255.0", "2001:db8::1");
    assert_differ(PATTERN_ADDRESS, "0.0.0.0/0", "2001:db8::1");
}

static void test_ipv6_networks(void **state)
{
    (void)state;
    assert_match(PATTERN_ADDRESS, "2001:db8::1", "2001:db8::1");
    assert_differ(PATTERN_ADDRESS, "2001:db8::1", "2001:db8::2");
    assert_match(PATTERN_ADDRESS, "2001:db8::1/32", "2001:db8:ffff::");
    assert_differ(PATTERN_ADDRESS, "2001:db8::/33", "2001:db8:ffff::");
    assert_match(PATTERN_ADDRESS, "::/0", "2001:db8::1");
    assert_match(PATTERN_ADDRESS, "::ffff:10.0.0.0/104", "10.1.2.3"); /* mapped */
    assert_differ(PATTERN_ADDRESS, "::ffff:10.0.0.0/104", "11.1.2.3");
    assert_match(PATTERN_ADDRESS, "::/0", "10.1.2.3");
}

static void test_bad_networks(void **state)
{
    (void)state;
    static const char *const BAD[] = {"",       "host.invalid", "10.0.0.0/33",
                                      "::/129", "10.0.0.0.0",   "/8"};
    for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
        char message[128];
        snprintf(message, sizeof(message), "'%s' is not a valid IPv4 or IPv6 address", BAD[i]);
        assert_string_equal(refusal(PATTERN_ADDRESS, 0, BAD[i]), message);
    }
}

/* Names are looked up while the configuration is read, unless -n forbids it. */
static void test_host_names(void **state)
{
    (void)state;
    struct pattern_set *set = empty_set(PATTERN_ADDRESS, 0, SAMPLE_ANY);
    assert_int_equal(pattern_file_configure(&test.parser, set->file, SLICE("localhost")),
                     RESULT_OK);
    assert_string_equal(pattern_test_match(&test, set, "127.0.0.1"), "localhost");
    assert_string_equal(pattern_test_refusal(&test, set->file, "localhost", NULL),
                        "'localhost' is not a valid IPv4 or IPv6 address");
    set = empty_set(PATTERN_ADDRESS, PATTERN_NO_RESOLVE, SAMPLE_ANY);
    assert_int_equal(pattern_file_configure(&test.parser, set->file, SLICE("localhost")),
                     RESULT_INVALID);
    assert_string_equal(test.error_storage, "'localhost' is not a valid IPv4 or IPv6 address");
    set = empty_set(PATTERN_ADDRESS, 0, SAMPLE_ANY);
    char longest[300];
    memset(longest, 'h', sizeof(longest));
    assert_int_equal(pattern_file_configure(&test.parser, set->file, slice_of(longest, 300)),
                     RESULT_INVALID);
    assert_int_equal(pattern_file_configure(&test.parser, set->file, slice_of("127\0", 4)),
                     RESULT_INVALID);
}

/* ---- texts ---- */

static void test_strings(void **state)
{
    (void)state;
    assert_match(PATTERN_STRING, "abc", "abc");
    assert_differ(PATTERN_STRING, "abc", "abcd");
    assert_differ(PATTERN_STRING, "abc", "ab");
    assert_differ(PATTERN_STRING, "abc", "ABC");
    assert_match(PATTERN_STRING, "", "");
    assert_differ(PATTERN_STRING, "", "a");
    assert_folded(PATTERN_STRING, "aBc", "AbC");
    assert_folded(PATTERN_STRING, "", "");
    /* Only ASCII letters are folded. */
    assert_false(matches(PATTERN_STRING, PATTERN_NOCASE, "\xc3\xa9", "\xc3\x89"));
    assert_false(matches(PATTERN_STRING, PATTERN_NOCASE, "@[", "`{"));
}

static void test_beginnings(void **state)
{
    (void)state;
    assert_match(PATTERN_BEGIN, "/a", "/a");
    assert_match(PATTERN_BEGIN, "/a", "/abc");
    assert_differ(PATTERN_BEGIN, "/abc", "/ab");
    assert_differ(PATTERN_BEGIN, "/a", "/Abc");
    assert_match(PATTERN_BEGIN, "", "anything");
    assert_match(PATTERN_BEGIN, "", "");
    assert_differ(PATTERN_BEGIN, "a", "");
    assert_folded(PATTERN_BEGIN, "/AB", "/abc");
}

static void test_ends(void **state)
{
    (void)state;
    assert_match(PATTERN_END, ".png", "a.png");
    assert_match(PATTERN_END, ".png", ".png");
    assert_differ(PATTERN_END, ".png", "png");
    assert_differ(PATTERN_END, ".png", "a.png?");
    assert_differ(PATTERN_END, ".png", "a.PNG");
    assert_match(PATTERN_END, "", "x");
    assert_folded(PATTERN_END, ".PnG", "a.pNg");
}

static void test_substrings(void **state)
{
    (void)state;
    assert_match(PATTERN_SUBSTRING, "bc", "abcd");
    assert_match(PATTERN_SUBSTRING, "bc", "bc");
    assert_match(PATTERN_SUBSTRING, "ab", "aab");
    assert_match(PATTERN_SUBSTRING, "aab", "aaab");
    assert_differ(PATTERN_SUBSTRING, "bc", "bdc");
    assert_differ(PATTERN_SUBSTRING, "bc", "b");
    assert_differ(PATTERN_SUBSTRING, "bc", "");
    assert_differ(PATTERN_SUBSTRING, "bc", "aBCd");
    assert_match(PATTERN_SUBSTRING, "", "x");
    assert_match(PATTERN_SUBSTRING, "", "");
    assert_folded(PATTERN_SUBSTRING, "Bc", "abCd");
}

static void test_directories(void **state)
{
    (void)state;
    assert_match(PATTERN_DIRECTORY, "b", "/a/b/c");
    assert_match(PATTERN_DIRECTORY, "a/b", "/a/b/c");
    assert_match(PATTERN_DIRECTORY, "/b/", "/a/b"); /* delimiters around it are ignored */
    assert_match(PATTERN_DIRECTORY, "c", "/a/c?x=y");
    assert_match(PATTERN_DIRECTORY, "a", "a");
    assert_differ(PATTERN_DIRECTORY, "a", "/ab/ba");
    assert_differ(PATTERN_DIRECTORY, "b", "/a.b.c");
    assert_differ(PATTERN_DIRECTORY, "b", "/a/B");
    assert_differ(PATTERN_DIRECTORY, "b", "");
    assert_differ(PATTERN_DIRECTORY, "/", "/a"); /* nothing is left of it */
    assert_differ(PATTERN_DIRECTORY, "", "/a");
    assert_folded(PATTERN_DIRECTORY, "B", "/a/b/c");
}

static void test_domains(void **state)
{
    (void)state;
    assert_match(PATTERN_DOMAIN, "example", "www.example.org");
    assert_match(PATTERN_DOMAIN, "example.org", "www.example.org:80");
    assert_match(PATTERN_DOMAIN, ".org", "example.org/x");
    assert_match(PATTERN_DOMAIN, "www", "www.example.org");
    assert_differ(PATTERN_DOMAIN, "ample", "www.example.org");
    assert_differ(PATTERN_DOMAIN, "example", "www.examples.org");
    assert_differ(PATTERN_DOMAIN, "example", "www.Example.org");
    assert_differ(PATTERN_DOMAIN, "www.org", "www.example.org");
    assert_folded(PATTERN_DOMAIN, "EXAMPLE", "www.Example.org");
}

static void test_regular_expressions(void **state)
{
    (void)state;
    assert_match(PATTERN_REGEX, "^a.c$", "abc");
    assert_differ(PATTERN_REGEX, "^a.c$", "ABC");
    assert_folded(PATTERN_REGEX, "^a.c$", "ABC");
    assert_match(PATTERN_REGEX, "", "");
    assert_differ(PATTERN_REGEX, "x", "");
    assert_string_equal(refusal(PATTERN_REGEX, 0, "a("),
                        "regex 'a(' is invalid (error=missing closing parenthesis, erroffset=2)");
}

/* ACLs have no use for groups, maps do. */
static void test_groups(void **state)
{
    (void)state;
    struct pattern_hit hit = {0};
    const struct sample sample = {.type = SAMPLE_STRING, .text = SLICE("abc")};
    struct pattern_set *set = empty_set(PATTERN_REGEX, 0, SAMPLE_ANY);
    pattern_test_add(&test, set->file, "a(b)c", NULL);
    assert_int_equal(pattern_set_match(set, &test.context, &sample, &hit), RESULT_OK);
    assert_int_equal(hit.match.count, 1);
    set = empty_set(PATTERN_REGEX, 0, SAMPLE_STRING);
    pattern_test_add(&test, set->file, "a(b)c", "v");
    assert_int_equal(pattern_set_match(set, &test.context, &sample, &hit), RESULT_OK);
    assert_int_equal(hit.match.count, 2);
    assert_slice(hit.match.groups[1], "b");
    assert_slice(hit.value.text, "v");
}

static void test_bytes(void **state)
{
    (void)state;
    struct pattern_set *set = empty_set(PATTERN_BINARY, 0, SAMPLE_ANY);
    pattern_test_add(&test, set->file, "00fFa5", NULL);
    pattern_test_add(&test, set->file, "", NULL);
    struct sample sample = {.type = SAMPLE_BINARY, .text = slice_of("\0\xff\xa5", 3)};
    assert_string_equal(pattern_test_match_sample(&test, set, sample), "00fFa5");
    sample.text = slice_of("\0\xff", 2);
    assert_string_equal(pattern_test_match_sample(&test, set, sample), "(none)");
    sample.text = SLICE_NONE;
    assert_string_equal(pattern_test_match_sample(&test, set, sample), "");
    assert_string_equal(refusal(PATTERN_BINARY, 0, "abc"),
                        "an even number of hex digit is expected");
    assert_string_equal(refusal(PATTERN_BINARY, 0, "0g"), "an hex digit is expected (found 'g')");
    /* Case says something about the pattern's digits only. */
    set = empty_set(PATTERN_BINARY, PATTERN_NOCASE, SAMPLE_ANY);
    pattern_test_add(&test, set->file, "4A", NULL);
    sample.text = SLICE("J");
    assert_string_equal(pattern_test_match_sample(&test, set, sample), "4A");
    sample.text = SLICE("j");
    assert_string_equal(pattern_test_match_sample(&test, set, sample), "(none)");
}

/* Long texts are cut in messages. */
static void test_long_patterns(void **state)
{
    (void)state;
    char pattern[400];
    memset(pattern, 'x', sizeof(pattern) - 1);
    pattern[sizeof(pattern) - 1] = '\0';
    const char *message = refusal(PATTERN_INTEGER, 0, pattern);
    assert_int_equal(strlen(message), SHOWN_BYTES_MAX + strlen("'' is not a number"));
    assert_match(PATTERN_STRING, pattern, pattern);
    assert_folded(PATTERN_SUBSTRING, pattern, pattern);
}

/* ---- values ---- */

static void test_values(void **state)
{
    (void)state;
    struct sample out;
    struct text *error = &test.error;
    assert_int_equal(pattern_value_compile(SAMPLE_INTEGER, SLICE("-7"), &out, error), RESULT_OK);
    assert_int_equal(out.type, SAMPLE_INTEGER);
    assert_int_equal(out.integer, -7);
    assert_int_equal(pattern_value_compile(SAMPLE_ADDRESS, SLICE("10.1.2.3"), &out, error),
                     RESULT_OK);
    assert_int_equal(out.type, SAMPLE_IPV4);
    assert_int_equal(out.ipv4.s_addr, htonl(0x0a010203));
    assert_int_equal(pattern_value_compile(SAMPLE_ADDRESS, SLICE("2001:db8::1"), &out, error),
                     RESULT_OK);
    assert_int_equal(out.type, SAMPLE_IPV6);
    assert_int_equal(out.ipv6.s6_addr[15], 1);
    /* Texts and ACLs take whatever there is. */
    assert_int_equal(pattern_value_compile(SAMPLE_STRING, SLICE("x"), &out, error), RESULT_OK);
    assert_int_equal(pattern_value_compile(SAMPLE_ANY, SLICE_NONE, &out, error), RESULT_OK);
    static const char *const NUMBERS[] = {"", "x", "1x", "9223372036854775808"};
    for (size_t i = 0; i < sizeof(NUMBERS) / sizeof(NUMBERS[0]); i++) {
        char message[128];
        snprintf(message, sizeof(message), "'%s' is not a number", NUMBERS[i]);
        assert_int_equal(
            pattern_value_compile(SAMPLE_INTEGER, slice_from_string(NUMBERS[i]), &out, error),
            RESULT_INVALID);
        assert_string_equal(test.error_storage, message);
    }
    assert_int_equal(pattern_value_compile(SAMPLE_ADDRESS, SLICE("10.0.0.0/8"), &out, error),
                     RESULT_INVALID);
    assert_string_equal(test.error_storage, "'10.0.0.0/8' is not a valid IPv4 or IPv6 address");
    assert_int_equal(pattern_value_compile(SAMPLE_ADDRESS, SLICE(""), &out, error), RESULT_INVALID);
}

/* ---- refused memory ---- */

/* Each method's pattern is refused whole when any of its allocations is. */
static void test_no_memory(void **state)
{
    (void)state;
    static const struct {
        enum pattern_method method;
        unsigned flags;
        const char *pattern;
    } ROWS[] = {
        {PATTERN_INTEGER, 0, "1:2"},
        {PATTERN_ADDRESS, 0, "10.0.0.0/8"},
        {PATTERN_ADDRESS, 0, "2001:db8::/32"},
        {PATTERN_ADDRESS, 0, "10.0.0.0/255.0.255.0"},
        {PATTERN_BINARY, 0, "0011"},
        {PATTERN_STRING, 0, "text"},
        {PATTERN_STRING, PATTERN_NOCASE, "Text"},
        {PATTERN_BEGIN, PATTERN_NOCASE, "Text"},
        {PATTERN_SUBSTRING, 0, "text"},
        {PATTERN_SUBSTRING, PATTERN_NOCASE, "Text"},
        {PATTERN_REGEX, 0, "^text$"},
    };
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        struct pattern_set *set = empty_set(ROWS[i].method, ROWS[i].flags, SAMPLE_ANY);
        size_t held = test.account.used;
        uint64_t refused = 0;
        for (uint64_t nth = 1;; nth++) {
            fault_fail_nth(test.memory, nth, 0);
            enum result result = pattern_test_try(&test, set->file, ROWS[i].pattern, NULL);
            if (fault_failed(test.memory) == 0) {
                assert_int_equal(result, RESULT_OK);
                break;
            }
            if (result != RESULT_OK) { /* a regular expression does without the JIT */
                assert_int_equal(result, RESULT_NO_MEMORY);
                refused++;
            } else {
                assert_int_equal(ROWS[i].method, PATTERN_REGEX);
                assert_int_equal(pattern_file_delete(set->file, slice_from_string(ROWS[i].pattern)),
                                 RESULT_OK);
            }
            assert_int_equal(test.account.used, held);
        }
        fault_fail_nth(test.memory, 0, 0);
        assert_true(refused >= 1);
        assert_true(pattern_file_has(set->file, slice_from_string(ROWS[i].pattern)));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_ranges),         CASE(test_lengths),       CASE(test_bad_ranges),
        CASE(test_decimal_ranges), CASE(test_ipv4_networks), CASE(test_ipv6_networks),
        CASE(test_bad_networks),   CASE(test_host_names),    CASE(test_strings),
        CASE(test_beginnings),     CASE(test_ends),          CASE(test_substrings),
        CASE(test_directories),    CASE(test_domains),       CASE(test_regular_expressions),
        CASE(test_groups),         CASE(test_bytes),         CASE(test_long_patterns),
        CASE(test_values),         CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
