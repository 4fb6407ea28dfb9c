/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: flags, groups, replacements with every escape, empty matches, limits, and
 * each allocation of compiling and searching failed in turn.
 */
#include "rules/regex.h"

#include "memory/fault.h"
#include "support/rules.h"

enum { REPLACED_MAX = 4096 };

static struct rules_test test;
static struct regex *regex;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    regex = NULL;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    fault_fail_nth(test.memory, 0, 0);
    regex_destroy(&test.account, regex);
    regex = NULL;
    rules_test_close(&test);
    return 0;
}

static void compile(const char *pattern, unsigned flags)
{
    regex_destroy(&test.account, regex);
    regex = NULL;
    if (regex_compile(&test.account, slice_from_string(pattern), flags, &test.error, &regex) !=
        RESULT_OK) {
        fail_msg("%s: %s", pattern, test.error_storage);
    }
}

static enum result search(const char *subject, struct regex_match *match)
{
    return regex_search(regex, slice_from_string(subject), &test.scratch, match);
}

static const char *refusal(const char *pattern)
{
    struct regex *none = NULL;
    text_clear(&test.error);
    assert_int_equal(
        regex_compile(&test.account, slice_from_string(pattern), 0, &test.error, &none),
        RESULT_INVALID);
    assert_null(none);
    return test.error_storage;
}

/* The replaced text in the test's buffer. */
static const char *replace(const char *subject, const char *replacement, bool all)
{
    struct slice out;
    assert_int_equal(regex_replace(regex, slice_from_string(subject),
                                   slice_from_string(replacement), all, REPLACED_MAX, &test.scratch,
                                   &out),
                     RESULT_OK);
    struct text text = text_over(test.buffer, sizeof(test.buffer));
    text_append(&text, out);
    arena_clear(&test.scratch);
    return test.buffer;
}

static void test_search(void **state)
{
    (void)state;
    compile("b+", 0);
    assert_int_equal(search("abbc", NULL), RESULT_OK);
    assert_int_equal(search("ABBC", NULL), RESULT_NOT_FOUND);
    assert_int_equal(search("", NULL), RESULT_NOT_FOUND);
    compile("b+", REGEX_NOCASE);
    assert_int_equal(search("ABBC", NULL), RESULT_OK);
    compile("^$", 0);
    assert_int_equal(search("", NULL), RESULT_OK);
    assert_int_equal(regex_search(regex, SLICE_NONE, &test.scratch, NULL), RESULT_OK);
    assert_int_equal(search("x", NULL), RESULT_NOT_FOUND);
    compile("", 0);
    assert_int_equal(search("anything", NULL), RESULT_OK);
    compile("a.c", 0);
    assert_int_equal(regex_search(regex, slice_of("a\0c", 3), &test.scratch, NULL), RESULT_OK);
    /* The bytes behind a slice are not looked at. */
    assert_int_equal(regex_search(regex, slice_of("abc", 2), &test.scratch, NULL),
                     RESULT_NOT_FOUND);
}

static void test_groups(void **state)
{
    (void)state;
    struct regex_match match;
    compile("(a)|(b)(c)?", 0);
    assert_int_equal(search("xbc", &match), RESULT_OK);
    assert_slice(match.groups[0], "bc");
    assert_null(match.groups[1].data); /* took no part */
    assert_slice(match.groups[2], "b");
    assert_slice(match.groups[3], "c");
    assert_int_equal(match.count, 4);
    assert_null(match.groups[4].data);
    assert_int_equal(search("xa", &match), RESULT_OK);
    assert_int_equal(match.count, 2);
    assert_slice(match.groups[1], "a");
    assert_null(match.groups[2].data);
    compile("(a)(b)", REGEX_NO_CAPTURE);
    assert_int_equal(search("ab", &match), RESULT_OK);
    assert_int_equal(match.count, 1);
    assert_slice(match.groups[0], "ab");
    assert_null(match.groups[1].data);
    compile("()x", 0);
    assert_int_equal(search("x", &match), RESULT_OK);
    assert_int_equal(match.groups[1].length, 0);
    assert_non_null(match.groups[1].data); /* took part, empty */
}

/* More groups than a replacement can name. */
static void test_many_groups(void **state)
{
    (void)state;
    struct regex_match match;
    compile("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)", 0);
    assert_int_equal(search("abcdefghijk", &match), RESULT_OK);
    assert_int_equal(match.count, REGEX_GROUPS_MAX);
    assert_slice(match.groups[0], "abcdefghijk");
    assert_slice(match.groups[9], "i");
    assert_string_equal(replace("abcdefghijk", "\\9\\1", false), "ia");
}

static void test_bad_patterns(void **state)
{
    (void)state;
    assert_string_equal(refusal("a("),
                        "regex 'a(' is invalid (error=missing closing parenthesis, erroffset=2)");
    assert_string_equal(
        refusal("*a"),
        "regex '*a' is invalid (error=quantifier does not follow a repeatable item, erroffset=0)");
    assert_non_null(strstr(refusal("[a"), "erroffset=2"));
    /* A match that begins in front of the search could make replacing go backwards. */
    assert_non_null(strstr(refusal("(?=a\\K)"), "\\K is not allowed"));
}

static void test_expand(void **state)
{
    (void)state;
    struct regex_match match;
    char bytes[64];
    struct text text = text_over(bytes, sizeof(bytes));
    compile("(b)(x)?", 0);
    assert_int_equal(search("abc", &match), RESULT_OK);
    regex_expand(SLICE("<\\0|\\1|\\2|\\9>"), &match, &text);
    assert_string_equal(bytes, "<b|b||>");
    text_clear(&text);
    regex_expand(SLICE("\\x41\\x6a\\x4\\x4g\\\\\\.\\"), &match, &text);
    assert_string_equal(bytes, "Ajx4x4g\\.\\"); /* a lone backslash at the end stays */
    text_clear(&text);
    regex_expand(SLICE(""), &match, &text);
    assert_string_equal(bytes, "");
    text = text_over(bytes, 3);
    regex_expand(SLICE("\\0\\0\\0"), &match, &text);
    assert_string_equal(bytes, "bb");
    assert_true(text.truncated);
}

static void test_replace(void **state)
{
    (void)state;
    compile("a(.)", 0);
    assert_string_equal(replace("abac", "[\\1]", false), "[b]ac");
    assert_string_equal(replace("abac", "[\\1]", true), "[b][c]");
    assert_string_equal(replace("xyz", "[\\1]", true), "xyz");
    assert_string_equal(replace("", "[\\1]", true), "");
    assert_string_equal(replace("xab", "", true), "x");
    compile("^a", 0);
    assert_string_equal(replace("aab", "x", true), "xab"); /* '^' only at the very start */
    compile("(?<=a)b", 0);
    assert_string_equal(replace("abb", "x", true), "axb");
}

/* HAProxy 2.6 gives the same texts. */
static void test_replace_empty_matches(void **state)
{
    (void)state;
    compile("x*", 0);
    assert_string_equal(replace("abc", "-", true), "-a-b-c-");
    assert_string_equal(replace("abc", "-", false), "-abc");
    assert_string_equal(replace("", "-", true), "-");
    compile("a*", 0);
    assert_string_equal(replace("baaac", "x", true), "xbxxcx");
    compile("b*", 0);
    assert_string_equal(replace("abc", "x", true), "xaxxcx");
}

static void test_replace_bounds(void **state)
{
    (void)state;
    struct slice out;
    struct slice subject = SLICE("aaaaaaaaaa");
    struct slice replacement = SLICE("0123456789012345678901234567890123456789");
    compile("a", 0);
    /* It needs 400 bytes: more than the first try has. */
    assert_int_equal(
        regex_replace(regex, subject, replacement, true, REPLACED_MAX, &test.scratch, &out),
        RESULT_OK);
    assert_int_equal(out.length, 400);
    assert_int_equal(regex_replace(regex, subject, replacement, true, 400, &test.scratch, &out),
                     RESULT_OK);
    assert_int_equal(out.length, 400);
    assert_int_equal(regex_replace(regex, subject, replacement, true, 399, &test.scratch, &out),
                     RESULT_FULL);
    assert_int_equal(regex_replace(regex, subject, SLICE(""), true, 0, &test.scratch, &out),
                     RESULT_OK);
    assert_int_equal(out.length, 0);
    /* A subject that nothing matches is given back as it is, whatever the bound. */
    struct slice other = SLICE("bcd");
    assert_int_equal(regex_replace(regex, other, replacement, true, 1, &test.scratch, &out),
                     RESULT_OK);
    assert_ptr_equal(out.data, other.data);
    assert_int_equal(regex_replace(regex, SLICE_NONE, replacement, true, 1, &test.scratch, &out),
                     RESULT_OK);
    assert_int_equal(out.length, 0);
}

/* What one piece of the arena carries is used to its end, and no more. */
static void test_replace_long_subjects(void **state)
{
    (void)state;
    static char subject[20 * 1024];
    struct slice out;
    size_t most = arena_piece_max(&test.scratch) - 1;
    assert_true(most < sizeof(subject));
    memset(subject, 'q', sizeof(subject));
    compile("q", 0);
    static const size_t LENGTHS[] = {1, 1000, 5000, 9000, 12000};
    for (size_t i = 0; i < sizeof(LENGTHS) / sizeof(LENGTHS[0]); i++) {
        assert_int_equal(regex_replace(regex, slice_of(subject, LENGTHS[i]), SLICE("r"), true,
                                       sizeof(subject), &test.scratch, &out),
                         RESULT_OK);
        assert_int_equal(out.length, LENGTHS[i]);
        arena_clear(&test.scratch);
    }
    assert_int_equal(regex_replace(regex, slice_of(subject, most), SLICE("r"), true,
                                   sizeof(subject), &test.scratch, &out),
                     RESULT_OK);
    assert_int_equal(out.length, most);
    arena_clear(&test.scratch);
    assert_int_equal(regex_replace(regex, slice_of(subject, most + 1), SLICE("r"), true,
                                   sizeof(subject), &test.scratch, &out),
                     RESULT_FULL);
}

/* What the JIT cannot do, or is asked not to, is done by the interpreter. */
static void test_interpreter(void **state)
{
    (void)state;
    struct regex_match match;
    compile("(*NO_JIT)(a+)(b)?", 0);
    size_t held = test.account.used;
    assert_int_equal(search("xaab", &match), RESULT_OK);
    assert_slice(match.groups[1], "aa");
    assert_slice(match.groups[2], "b");
    assert_int_equal(search("x", NULL), RESULT_NOT_FOUND);
    assert_string_equal(replace("aabxaa", "<\\1>", true), "<aa>x<aa>");
    assert_string_equal(replace("none", "<\\1>", true), "none");
    assert_int_equal(test.account.used, held); /* all of it was lent */
    for (uint64_t nth = 1; nth <= 3; nth++) {  /* context, match data, room */
        fault_fail_nth(test.memory, nth, 0);
        assert_int_equal(search("xaab", &match), RESULT_NO_MEMORY);
        assert_int_equal(fault_failed(test.memory), 1);
        assert_int_equal(test.account.used, held);
    }
    fault_fail_nth(test.memory, 0, 0);
    compile("(*NO_JIT)^(a|aa)*c", 0); /* needs more room than it may have */
    char many[100 * 1024];
    memset(many, 'a', sizeof(many));
    assert_int_equal(regex_search(regex, slice_of(many, sizeof(many)), &test.scratch, NULL),
                     RESULT_NOT_FOUND);
}

/* A search that would take for ever is stopped by the library's limit. */
static void test_limit(void **state)
{
    (void)state;
    compile("^(a+)+$", 0);
    assert_int_equal(search("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", NULL),
                     RESULT_NOT_FOUND);
}

static void test_no_memory_compiling(void **state)
{
    (void)state;
    struct slice pattern = SLICE("^/(a|b)[0-9]{2,40}/(x+)$");
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        enum result result = regex_compile(&test.account, pattern, 0, &test.error, &regex);
        if (fault_failed(test.memory) == 0) {
            assert_int_equal(result, RESULT_OK);
            break;
        }
        if (result == RESULT_OK) { /* the JIT was refused: the interpreter serves */
            fault_fail_nth(test.memory, 0, 0);
            assert_int_equal(search("/a22/xx", NULL), RESULT_OK);
            regex_destroy(&test.account, regex);
            regex = NULL;
            arena_clear(&test.scratch);
        } else {
            assert_int_equal(result, RESULT_NO_MEMORY);
            assert_null(regex);
        }
        assert_int_equal(test.account.used, held);
    }
    fault_fail_nth(test.memory, 0, 0);
    assert_true(nth > 4);
    assert_int_equal(search("/a22/xx", NULL), RESULT_OK);
}

static void test_no_memory_searching(void **state)
{
    (void)state;
    struct regex_match match;
    struct slice out;
    compile("(a)b", 0);
    arena_init(&test.scratch, &test.source, &test.account, 16); /* less than match data needs */
    assert_int_equal(search("ab", &match), RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    assert_int_equal(search("ab", NULL), RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    assert_int_equal(
        regex_replace(regex, SLICE("ab"), SLICE("x"), true, REPLACED_MAX, &test.scratch, &out),
        RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    arena_init(&test.scratch, &test.source, &test.account, TEST_ARENA_BYTES);
    fault_fail_nth(test.memory, 1, 0); /* the arena's first block */
    assert_int_equal(search("ab", &match), RESULT_NO_MEMORY);
    assert_int_equal(fault_failed(test.memory), 1);
    fault_fail_nth(test.memory, 0, 0);
    arena_clear(&test.scratch);
    assert_int_equal(search("ab", &match), RESULT_OK);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_search),
        CASE(test_groups),
        CASE(test_many_groups),
        CASE(test_bad_patterns),
        CASE(test_expand),
        CASE(test_replace),
        CASE(test_replace_empty_matches),
        CASE(test_replace_bounds),
        CASE(test_replace_long_subjects),
        CASE(test_interpreter),
        CASE(test_limit),
        CASE(test_no_memory_compiling),
        CASE(test_no_memory_searching),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
