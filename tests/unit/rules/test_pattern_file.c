/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that changes at run time: entries added, changed and removed by key and by id, versions
 * prepared, committed, cleared and purged, walks that survive all that, and refused memory.
 */
#include "rules/pattern.h"

#include <inttypes.h>

#include "support/pattern.h"

enum { MANY = 50 };

static struct rules_test test;
static struct pattern_file *file;
static struct pattern_set *set;

static int open_test(void **state)
{
    (void)state;
    pattern_test_open(&test);
    file = pattern_test_file(&test, "virt@map", true);
    set = pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_STRING);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_test_close(&test);
    return 0;
}

static enum result add_to(uint32_t version, const char *key, const char *value)
{
    return pattern_file_add(file, version, slice_from_string(key), slice_from_string(value),
                            &test.error);
}

static enum result set_value(const char *key, const char *value)
{
    return pattern_file_set(file, slice_from_string(key), slice_from_string(value), &test.error);
}

static enum result drop(const char *key)
{
    return pattern_file_delete(file, slice_from_string(key));
}

static uint32_t prepare(void)
{
    uint32_t version = 0;
    assert_int_equal(pattern_file_prepare(file, &version), RESULT_OK);
    return version;
}

static void purge_all(void)
{
    assert_int_equal(pattern_file_purge(file, SIZE_MAX), RESULT_END);
}

#define assert_entries(version, text) \
    assert_string_equal(pattern_test_entries(&test, file, (version)), (text))
#define assert_value(key, text) assert_string_equal(pattern_test_value(&test, set, (key)), (text))

/* ---- entries ---- */

static void test_entries(void **state)
{
    (void)state;
    assert_false(pattern_file_has(file, SLICE("a")));
    assert_int_equal(add_to(0, "a", "1"), RESULT_OK);
    assert_true(pattern_file_has(file, SLICE("a")));
    assert_value("a", "1");
    assert_int_equal(set_value("a", "2"), RESULT_OK);
    assert_value("a", "2");
    assert_int_equal(set_value("a", ""), RESULT_OK);
    assert_value("a", "");
    assert_int_equal(set_value("b", "2"), RESULT_NOT_FOUND);
    assert_int_equal(drop("b"), RESULT_NOT_FOUND);
    assert_int_equal(drop("a"), RESULT_OK);
    assert_int_equal(drop("a"), RESULT_NOT_FOUND);
    assert_value("a", "(none)");
    assert_int_equal(drop(""), RESULT_NOT_FOUND);
}

/* Every entry with the key is changed, and removed. */
static void test_equal_keys(void **state)
{
    (void)state;
    assert_int_equal(add_to(0, "k", "1"), RESULT_OK);
    assert_int_equal(add_to(0, "x", "9"), RESULT_OK);
    assert_int_equal(add_to(0, "k", "2"), RESULT_OK);
    assert_value("k", "1");
    assert_int_equal(set_value("k", "3"), RESULT_OK);
    assert_entries(0, "k=3 x=9 k=3");
    assert_int_equal(drop("k"), RESULT_OK);
    assert_entries(0, "x=9");
}

struct ids {
    uint64_t of[8];
    unsigned count;
};

static bool note_id(void *argument, const struct pattern_view *view)
{
    struct ids *ids = argument;
    ids->of[ids->count++] = view->id;
    return true;
}

/* "#<hexadecimal>" means one entry alone. */
static void test_references(void **state)
{
    (void)state;
    struct ids ids = {.count = 0};
    struct pattern_walk walk;
    char reference[32];
    for (unsigned i = 0; i < 20; i++) { /* so that hexadecimal and decimal differ */
        assert_int_equal(add_to(0, "old", "x"), RESULT_OK);
    }
    assert_int_equal(drop("old"), RESULT_OK);
    assert_int_equal(add_to(0, "k", "1"), RESULT_OK);
    assert_int_equal(add_to(0, "k", "2"), RESULT_OK);
    assert_int_equal(add_to(0, "#zz", "odd"), RESULT_OK);
    assert_int_equal(pattern_walk_begin(&walk, file, 0), RESULT_OK);
    assert_int_equal(pattern_walk_on(&walk, SIZE_MAX, note_id, &ids), RESULT_END);
    pattern_walk_end(&walk);
    assert_int_equal(ids.count, 3);
    snprintf(reference, sizeof(reference), "#%" PRIx64, ids.of[1]);
    assert_int_equal(set_value(reference, "20"), RESULT_OK);
    assert_entries(0, "k=1 k=20 #zz=odd");
    snprintf(reference, sizeof(reference), "#0x%" PRIX64, ids.of[0]);
    assert_int_equal(drop(reference), RESULT_OK);
    assert_entries(0, "k=20 #zz=odd");
    assert_int_equal(drop(reference), RESULT_NOT_FOUND);
    assert_int_equal(set_value(reference, "x"), RESULT_NOT_FOUND);
    assert_int_equal(drop("#"), RESULT_NOT_FOUND);
    assert_int_equal(set_value("#zz", "even"), RESULT_OK); /* no number: a key */
    assert_entries(0, "k=20 #zz=even");
}

static void test_lists_have_no_values(void **state)
{
    (void)state;
    struct pattern_file *list = pattern_test_file(&test, "virt@list", false);
    struct pattern_set *ends = pattern_test_set(&test, list, PATTERN_END, 0, SAMPLE_ANY);
    pattern_test_add(&test, list, "x", NULL);
    assert_string_equal(pattern_test_entries(&test, list, 0), "x");
    assert_string_equal(pattern_test_match(&test, ends, "ax"), "x");
    assert_string_equal(pattern_test_value(&test, ends, "ax"), ""); /* an empty text */
}

/* ---- versions ---- */

static void test_prepare_and_commit(void **state)
{
    (void)state;
    assert_int_equal(add_to(0, "a", "old"), RESULT_OK);
    uint32_t version = prepare();
    assert_int_equal(version, 1);
    assert_entries(version, "");
    assert_int_equal(add_to(version, "a", "new"), RESULT_OK);
    assert_int_equal(add_to(version, "b", "new"), RESULT_OK);
    assert_value("a", "old");
    assert_value("b", "(none)");
    assert_entries(version, "a=new b=new");
    struct pattern_file_info info;
    pattern_file_inspect(file, &info);
    assert_int_equal(info.version, 0);
    assert_int_equal(info.next_version, 1);
    assert_int_equal(info.entries, 1);
    assert_int_equal(pattern_file_commit(file, version), RESULT_OK);
    assert_value("a", "new");
    assert_value("b", "new");
    pattern_file_inspect(file, &info);
    assert_int_equal(info.version, 1);
    assert_int_equal(info.entries, 2);
    assert_int_equal(pattern_file_commit(file, version), RESULT_NOT_FOUND); /* it is current */
    purge_all();
    assert_int_equal(add_to(1, "c", "by number"), RESULT_OK);
    assert_value("c", "by number");
}

/* A newer version forgets older ones, an older one nothing newer. */
static void test_several_versions(void **state)
{
    (void)state;
    uint32_t first = prepare();
    uint32_t second = prepare();
    uint32_t third = prepare();
    assert_int_equal(third, 3);
    assert_int_equal(add_to(second, "a", "2"), RESULT_OK);
    assert_int_equal(add_to(third, "a", "3"), RESULT_OK);
    assert_int_equal(pattern_file_commit(file, second), RESULT_OK);
    assert_value("a", "2");
    assert_entries(first, "(none)");
    assert_int_equal(add_to(first, "a", "1"), RESULT_NOT_FOUND);
    assert_int_equal(pattern_file_commit(file, first), RESULT_NOT_FOUND);
    assert_entries(third, "a=3");
    assert_int_equal(pattern_file_commit(file, third), RESULT_OK);
    assert_value("a", "3");
    assert_int_equal(pattern_file_commit(file, 99), RESULT_NOT_FOUND);
    assert_int_equal(add_to(99, "a", "x"), RESULT_NOT_FOUND);
    assert_entries(99, "(none)");
    purge_all();
}

static void test_clear(void **state)
{
    (void)state;
    assert_int_equal(add_to(0, "a", "1"), RESULT_OK);
    uint32_t version = prepare();
    assert_int_equal(add_to(version, "b", "2"), RESULT_OK);
    assert_int_equal(pattern_file_clear(file, version), RESULT_OK);
    assert_entries(version, "");
    assert_value("a", "1");
    assert_int_equal(add_to(version, "c", "3"), RESULT_OK);
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK);
    assert_value("a", "(none)");
    assert_int_equal(add_to(0, "d", "4"), RESULT_OK);
    assert_value("d", "4");
    assert_int_equal(pattern_file_clear(file, 99), RESULT_NOT_FOUND);
    assert_int_equal(pattern_file_commit(file, version), RESULT_OK); /* still there, in its place */
    assert_entries(0, "c=3");
    purge_all();
}

static void test_purge(void **state)
{
    (void)state;
    purge_all(); /* nothing to do */
    size_t held = test.account.used;
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(add_to(0, "key", "value"), RESULT_OK);
    }
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK);
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK); /* an empty one goes too */
    size_t before = test.account.used;
    assert_int_equal(pattern_file_purge(file, MANY - 1), RESULT_OK);
    assert_true(test.account.used < before);
    assert_int_equal(pattern_file_purge(file, 0), RESULT_OK); /* nothing at all */
    assert_int_equal(pattern_file_purge(file, 1), RESULT_OK); /* an empty version is left */
    assert_int_equal(pattern_file_purge(file, 1), RESULT_END);
    assert_int_equal(test.account.used, held);
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK); /* the file's end releases it too */
    assert_int_equal(add_to(0, "key", "value"), RESULT_OK);
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK);
}

/* ---- walks ---- */

/* Appends keys, and stops in front of the one called "stop". */
static bool visit_until(void *argument, const struct pattern_view *view)
{
    struct text *text = argument;
    if (slice_equal(view->key, SLICE("stop"))) {
        return false;
    }
    text_append(text, view->key);
    return true;
}

static void add_keys(const char *keys)
{
    for (; *keys != '\0'; keys++) {
        const char key[] = {*keys, '\0'};
        assert_int_equal(add_to(0, key, "v"), RESULT_OK);
    }
}

/* Goes on by `most`; what it saw is in the test's buffer. */
static const char *walk_on(struct pattern_walk *walk, size_t most, enum result expected)
{
    struct text text = text_over(test.buffer, sizeof(test.buffer));
    assert_int_equal(pattern_walk_on(walk, most, visit_until, &text), expected);
    return test.buffer;
}

static void test_walks(void **state)
{
    (void)state;
    struct pattern_walk walk;
    assert_int_equal(pattern_walk_begin(&walk, file, 0), RESULT_OK); /* empty */
    assert_string_equal(walk_on(&walk, 5, RESULT_END), "");
    pattern_walk_end(&walk);
    assert_int_equal(pattern_walk_begin(&walk, file, 7), RESULT_NOT_FOUND);
    pattern_walk_end(&walk);
    add_keys("abcde");
    assert_int_equal(pattern_walk_begin(&walk, file, 0), RESULT_OK);
    assert_string_equal(walk_on(&walk, 2, RESULT_OK), "ab");
    assert_string_equal(walk_on(&walk, 0, RESULT_OK), "");
    assert_string_equal(walk_on(&walk, 3, RESULT_END), "cde");
    assert_string_equal(walk_on(&walk, 3, RESULT_END), "");
    pattern_walk_end(&walk);
}

static void test_walks_that_are_stopped(void **state)
{
    (void)state;
    struct pattern_walk walk;
    add_keys("ab");
    assert_int_equal(add_to(0, "stop", "v"), RESULT_OK);
    add_keys("c");
    assert_int_equal(pattern_walk_begin(&walk, file, 0), RESULT_OK);
    assert_string_equal(walk_on(&walk, SIZE_MAX, RESULT_OK), "ab");
    assert_string_equal(walk_on(&walk, SIZE_MAX, RESULT_OK), ""); /* the same one again */
    assert_int_equal(drop("stop"), RESULT_OK);
    assert_string_equal(walk_on(&walk, SIZE_MAX, RESULT_END), "c");
    pattern_walk_end(&walk);
}

/* Entries removed in front of, at and behind several walks. */
static void test_walks_and_removals(void **state)
{
    (void)state;
    struct pattern_walk one;
    struct pattern_walk two;
    add_keys("abcdef");
    assert_int_equal(pattern_walk_begin(&one, file, 0), RESULT_OK);
    assert_int_equal(pattern_walk_begin(&two, file, 0), RESULT_OK);
    assert_string_equal(walk_on(&one, 2, RESULT_OK), "ab");
    assert_int_equal(drop("a"), RESULT_OK);
    assert_int_equal(drop("c"), RESULT_OK);
    assert_int_equal(drop("d"), RESULT_OK);
    assert_string_equal(walk_on(&one, 1, RESULT_OK), "e");
    add_keys("g");
    assert_string_equal(walk_on(&two, SIZE_MAX, RESULT_END), "befg");
    assert_int_equal(drop("f"), RESULT_OK);
    assert_int_equal(drop("g"), RESULT_OK);
    assert_string_equal(walk_on(&one, SIZE_MAX, RESULT_END), ""); /* it stood at the last */
    pattern_walk_end(&one);
    pattern_walk_end(&two);
}

/* A version that is forgotten ends the walks in it, and no others. */
static void test_walks_and_versions(void **state)
{
    (void)state;
    struct pattern_walk old;
    struct pattern_walk prepared;
    add_keys("abc");
    uint32_t version = prepare();
    assert_int_equal(add_to(version, "x", "v"), RESULT_OK);
    assert_int_equal(add_to(version, "y", "v"), RESULT_OK);
    assert_int_equal(pattern_walk_begin(&old, file, 0), RESULT_OK);
    assert_int_equal(pattern_walk_begin(&prepared, file, version), RESULT_OK);
    assert_string_equal(walk_on(&old, 1, RESULT_OK), "a");
    assert_string_equal(walk_on(&prepared, 1, RESULT_OK), "x");
    assert_int_equal(pattern_file_commit(file, version), RESULT_OK);
    purge_all();
    assert_string_equal(walk_on(&old, SIZE_MAX, RESULT_END), "");
    assert_string_equal(walk_on(&prepared, SIZE_MAX, RESULT_END), "y");
    pattern_walk_end(&old);
    assert_int_equal(pattern_walk_begin(&old, file, 0), RESULT_OK);
    assert_int_equal(pattern_file_clear(file, 0), RESULT_OK);
    assert_string_equal(walk_on(&old, SIZE_MAX, RESULT_END), "");
    pattern_walk_end(&old);
    pattern_walk_end(&prepared);
}

/* ---- get map ---- */

enum { ANSWERS_MAX = 8 };

struct answers {
    char lines[ANSWERS_MAX][128];
    unsigned count;
};

static void note_answer(void *argument, const struct pattern_answer *answer)
{
    struct answers *answers = argument;
    assert_true(answers->count < ANSWERS_MAX);
    struct text text = text_over(answers->lines[answers->count++], sizeof(answers->lines[0]));
    text_append_format(&text, "%s%s %s %s", pattern_method_name(answer->method),
                       answer->is_nocase ? " -i" : "", answer->index,
                       sample_type_name(answer->value_type));
    if (answer->is_match) {
        text_append_format(&text, " %.*s=%.*s", (int)answer->key.length, answer->key.data,
                           (int)answer->value.length, answer->value.data);
    } else {
        assert_null(answer->key.data);
        assert_null(answer->value.data);
    }
}

static void test_tests(void **state)
{
    (void)state;
    struct answers answers = {.count = 0};
    (void)pattern_test_set(&test, file, PATTERN_STRING, PATTERN_NOCASE, SAMPLE_STRING);
    (void)pattern_test_set(&test, file, PATTERN_ADDRESS, 0, SAMPLE_INTEGER);
    (void)pattern_test_set(&test, file, PATTERN_REGEX, 0, SAMPLE_STRING);
    assert_int_equal(add_to(0, "10.0.0.1", "1"), RESULT_OK);
    assert_int_equal(add_to(0, "10.9.0.0/255.0.255.0", "2"), RESULT_OK);
    assert_int_equal(
        pattern_file_test(file, &test.context, SLICE("10.0.0.1"), note_answer, &answers),
        RESULT_OK);
    assert_int_equal(answers.count, 4);
    assert_string_equal(answers.lines[0], "str tree str 10.0.0.1=1");
    assert_string_equal(answers.lines[1], "str -i tree str 10.0.0.1=1");
    assert_string_equal(answers.lines[2], "ip tree sint 10.0.0.1=1");
    assert_string_equal(answers.lines[3], "reg list str 10.0.0.1=1");
    answers.count = 0;
    assert_int_equal(pattern_file_test(file, &test.context, SLICE("text"), note_answer, &answers),
                     RESULT_OK);
    assert_string_equal(answers.lines[0], "str tree str");
    assert_string_equal(answers.lines[2], "ip tree sint"); /* no address: no match */
    answers.count = 0;
    assert_int_equal(
        pattern_file_test(file, &test.context, SLICE("10.7.0.3"), note_answer, &answers),
        RESULT_OK);
    assert_string_equal(answers.lines[2], "ip list sint 10.9.0.0/255.0.255.0=2"); /* holes */
    arena_clear(&test.scratch);
    answers.count = 0;
    fault_fail_nth(test.memory, 1, 0); /* the folded copy of the second set */
    assert_int_equal(pattern_file_test(file, &test.context, SLICE("x"), note_answer, &answers),
                     RESULT_NO_MEMORY);
    assert_int_equal(answers.count, 1);
}

/* ---- refused memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    uint32_t version = 77;
    assert_int_equal(add_to(0, "a", "1"), RESULT_OK);
    assert_int_equal(add_to(0, "a", "2"), RESULT_OK);
    size_t held = test.account.used;
    for (uint64_t nth = 1; nth <= 2; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        assert_int_equal(add_to(0, "b", "3"), RESULT_NO_MEMORY);
        fault_fail_nth(test.memory, nth, 0);
        assert_int_equal(pattern_file_clear(file, 0), RESULT_NO_MEMORY);
        fault_fail_nth(test.memory, nth, 0);
        assert_int_equal(pattern_file_prepare(file, &version), RESULT_NO_MEMORY);
        assert_int_equal(version, 77);
        assert_int_equal(test.account.used, held);
    }
    fault_fail_nth(test.memory, 1, 0);
    assert_int_equal(set_value("a", "4"), RESULT_NO_MEMORY);
    fault_fail_nth(test.memory, 0, 0);
    assert_int_equal(test.account.used, held);
    assert_entries(0, "a=1 a=2");
    assert_int_equal(prepare(), 1); /* refused numbers are not used up */
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_entries),
        CASE(test_equal_keys),
        CASE(test_references),
        CASE(test_lists_have_no_values),
        CASE(test_prepare_and_commit),
        CASE(test_several_versions),
        CASE(test_clear),
        CASE(test_purge),
        CASE(test_walks),
        CASE(test_walks_that_are_stopped),
        CASE(test_walks_and_removals),
        CASE(test_walks_and_versions),
        CASE(test_tests),
        CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
