/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of a set: which of several is found by each kind of index, also when the tables have
 * grown, entries came and went, and the same entries serve several sets.
 */
#include "rules/pattern_internal.h"

#include "support/pattern.h"

enum { MANY = 300 };

static struct rules_test test;
static struct pattern_file *file;

static int open_test(void **state)
{
    (void)state;
    pattern_test_open(&test);
    file = pattern_test_file(&test, "virt@list", false);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_test_close(&test);
    return 0;
}

static struct pattern_set *set_of(enum pattern_method method, unsigned flags)
{
    return pattern_test_set(&test, file, method, flags, SAMPLE_ANY);
}

static void add(const char *key)
{
    pattern_test_add(&test, file, key, NULL);
}

static void drop(const char *key)
{
    assert_int_equal(pattern_file_delete(file, slice_from_string(key)), RESULT_OK);
}

#define assert_finds(set, text, key) \
    assert_string_equal(pattern_test_match(&test, (set), (text)), (key))

static void test_kinds(void **state)
{
    (void)state;
    static const enum pattern_index_kind KINDS[PATTERN_METHODS] = {
        [PATTERN_FOUND] = PATTERN_BY_ORDER,     [PATTERN_BOOL] = PATTERN_BY_ORDER,
        [PATTERN_INTEGER] = PATTERN_BY_ORDER,   [PATTERN_ADDRESS] = PATTERN_BY_PREFIX,
        [PATTERN_BINARY] = PATTERN_BY_HASH,     [PATTERN_LENGTH] = PATTERN_BY_ORDER,
        [PATTERN_STRING] = PATTERN_BY_KEY,      [PATTERN_BEGIN] = PATTERN_BY_PREFIX,
        [PATTERN_SUBSTRING] = PATTERN_BY_ORDER, [PATTERN_DIRECTORY] = PATTERN_BY_ORDER,
        [PATTERN_DOMAIN] = PATTERN_BY_ORDER,    [PATTERN_END] = PATTERN_BY_ORDER,
        [PATTERN_REGEX] = PATTERN_BY_ORDER,
    };
    for (unsigned method = 0; method < PATTERN_METHODS; method++) {
        const struct pattern_set *set = set_of((enum pattern_method)method, 0);
        const struct pattern_index *index = pattern_version_index(file->current, set);
        assert_non_null(index);
        assert_int_equal(index->kind, KINDS[method]);
    }
    const struct pattern_set *folded = set_of(PATTERN_STRING, PATTERN_NOCASE);
    assert_int_equal(pattern_version_index(file->current, folded)->kind, PATTERN_BY_HASH);
}

static void test_nothing(void **state)
{
    (void)state;
    for (unsigned method = 0; method < PATTERN_METHODS; method++) {
        const struct pattern_set *set = set_of((enum pattern_method)method, 0);
        struct sample sample = {.type = pattern_method_input((enum pattern_method)method)};
        if (sample.type == SAMPLE_ADDRESS) {
            sample.type = SAMPLE_IPV6;
        }
        assert_int_equal(pattern_set_match(set, &test.context, &sample, NULL), RESULT_NOT_FOUND);
    }
}

/* Of entries that match, the first added wins where there is no better one. */
static void test_order(void **state)
{
    (void)state;
    struct pattern_set *set = set_of(PATTERN_SUBSTRING, 0);
    add("bc");
    add("b");
    add("abc");
    assert_finds(set, "abcd", "bc");
    drop("bc");
    assert_finds(set, "abcd", "b");
    add("bc"); /* behind the others now */
    assert_finds(set, "abcd", "b");
    drop("b");
    assert_finds(set, "abcd", "abc");
    drop("abc");
    assert_finds(set, "abcd", "bc");
    drop("bc");
    assert_finds(set, "abcd", "(none)");
}

static void test_longest_beginning(void **state)
{
    (void)state;
    struct pattern_set *exact = set_of(PATTERN_BEGIN, 0);
    struct pattern_set *folded = set_of(PATTERN_BEGIN, PATTERN_NOCASE);
    add("/a");
    add("/a/b/c");
    add("/A/b");
    add("");
    assert_finds(exact, "/a/b/c/d", "/a/b/c");
    assert_finds(exact, "/a/b", "/a");
    assert_finds(exact, "/A/b", "/A/b");
    assert_finds(exact, "/A/B", "");
    assert_finds(exact, "", "");
    assert_finds(folded, "/a/B/x", "/A/b");
    assert_finds(folded, "/a/b/C", "/a/b/c");
    drop("/A/b");
    assert_finds(folded, "/a/B/x", "/a");
    drop("");
    assert_finds(folded, "x", "(none)");
}

static void test_equal_beginnings(void **state)
{
    (void)state;
    struct pattern_set *folded = set_of(PATTERN_BEGIN, PATTERN_NOCASE);
    add("/X");
    add("/x");
    assert_finds(folded, "/x", "/X");
    drop("/X");
    assert_finds(folded, "/X", "/x");
}

static void test_smallest_network(void **state)
{
    (void)state;
    struct pattern_set *set = set_of(PATTERN_ADDRESS, 0);
    add("0.0.0.0/0");
    add("10.1.0.0/16");
    add("10.0.0.0/8");
    add("::/0");
    add("2001:db8::/32");
    add("::ffff:10.2.0.0/112");
    assert_finds(set, "10.1.2.3", "10.1.0.0/16");
    assert_finds(set, "10.2.2.3", "10.0.0.0/8"); /* networks of its own family come first */
    assert_finds(set, "192.0.2.1", "0.0.0.0/0");
    assert_finds(set, "2001:db8::1", "2001:db8::/32");
    assert_finds(set, "::ffff:10.1.2.3", "::/0");
    assert_finds(set, "::ffff:10.2.0.3", "::ffff:10.2.0.0/112");
    drop("::/0");
    assert_finds(set, "::ffff:10.1.2.3", "10.1.0.0/16"); /* then those of the other */
    drop("0.0.0.0/0");
    drop("10.0.0.0/8");
    assert_finds(set, "10.2.0.3", "::ffff:10.2.0.0/112");
    assert_finds(set, "192.0.2.1", "(none)");
    assert_finds(set, "2001:db9::1", "(none)");
}

/* Networks whose mask has holes come behind all others, in order. */
static void test_holes(void **state)
{
    (void)state;
    struct pattern_set *set = set_of(PATTERN_ADDRESS, 0);
    add("10.0.1.0/255.0.255.0");
    add("10.0.1.7/255.0.255.255");
    add("10.5.0.0/16");
    assert_finds(set, "10.9.1.7", "10.0.1.0/255.0.255.0");
    assert_finds(set, "10.5.1.7", "10.5.0.0/16");
    drop("10.0.1.0/255.0.255.0");
    assert_finds(set, "10.9.1.7", "10.0.1.7/255.0.255.255");
    drop("10.5.0.0/16");
    assert_finds(set, "10.5.1.7", "10.0.1.7/255.0.255.255");
    assert_finds(set, "10.5.1.8", "(none)");
}

/* Strings that differ in case only are one for a set that ignores it. */
static void test_folded_strings(void **state)
{
    (void)state;
    struct pattern_set *exact = set_of(PATTERN_STRING, 0);
    struct pattern_set *folded = set_of(PATTERN_STRING, PATTERN_NOCASE);
    add("Key");
    add("key");
    assert_finds(exact, "key", "key");
    assert_finds(exact, "KEY", "(none)");
    assert_finds(folded, "KEY", "Key"); /* the first added */
    assert_finds(folded, "key", "Key");
    drop("Key");
    assert_finds(folded, "KEY", "key");
    drop("key");
    assert_finds(folded, "KEY", "(none)");
}

/* One entry is compiled for every set; what one of them refuses is in none. */
static void test_several_sets(void **state)
{
    (void)state;
    struct pattern_set *strings = set_of(PATTERN_STRING, 0);
    struct pattern_set *addresses = set_of(PATTERN_ADDRESS, 0);
    struct pattern_set *ends = set_of(PATTERN_END, 0);
    add("10.0.0.1");
    assert_finds(strings, "10.0.0.1", "10.0.0.1");
    assert_finds(addresses, "10.0.0.1", "10.0.0.1");
    assert_finds(ends, "110.0.0.1", "10.0.0.1");
    assert_string_equal(pattern_test_refusal(&test, file, "text", NULL),
                        "'text' is not a valid IPv4 or IPv6 address");
    assert_finds(strings, "text", "(none)");
    assert_finds(ends, "text", "(none)");
    drop("10.0.0.1");
    assert_finds(ends, "110.0.0.1", "(none)");
    assert_finds(addresses, "10.0.0.1", "(none)");
}

/* More entries than a table has buckets at first. */
static void test_many(void **state)
{
    (void)state;
    struct pattern_set *sets[] = {set_of(PATTERN_STRING, 0), set_of(PATTERN_STRING, PATTERN_NOCASE),
                                  set_of(PATTERN_BEGIN, 0), set_of(PATTERN_ADDRESS, 0)};
    char key[32];
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "10.%u.%u.1", i / 100, i % 100);
        add(key);
    }
    assert_true(pattern_version_index(file->current, sets[1])->hash.mask + 1 >= MANY / 2);
    for (unsigned i = 0; i < MANY; i += 2) {
        snprintf(key, sizeof(key), "10.%u.%u.1", i / 100, i % 100);
        drop(key);
    }
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(key, sizeof(key), "10.%u.%u.1", i / 100, i % 100);
        for (size_t j = 0; j < sizeof(sets) / sizeof(sets[0]); j++) {
            assert_finds(sets[j], key, i % 2 == 0 ? "(none)" : key);
        }
    }
}

/* Buckets that cannot grow stay as they are. */
static void test_tables_without_memory(void **state)
{
    (void)state;
    struct hash_table table;
    struct hash_link links[2 * PATTERN_BUCKETS_MIN];
    fault_fail_nth(test.memory, 1, 0);
    assert_false(pattern_table_init(&table, &test.account));
    fault_fail_nth(test.memory, 0, 0);
    assert_true(pattern_table_init(&table, &test.account));
    assert_int_equal(table.mask + 1, PATTERN_BUCKETS_MIN);
    for (uint64_t i = 0; i < 2 * PATTERN_BUCKETS_MIN; i++) {
        hash_table_insert(&table, &links[i], i);
        fault_fail_nth(test.memory, 1, 0);
        pattern_table_grow(&table, &test.account);
        /* Nothing is asked for while there is a bucket for each. */
        assert_int_equal(fault_failed(test.memory), i < PATTERN_BUCKETS_MIN ? 0 : 1);
        assert_int_equal(table.mask + 1, PATTERN_BUCKETS_MIN);
    }
    fault_fail_nth(test.memory, 0, 0);
    pattern_table_grow(&table, &test.account);
    assert_int_equal(table.mask + 1, 2 * PATTERN_BUCKETS_MIN);
    for (uint64_t i = 0; i < 2 * PATTERN_BUCKETS_MIN; i++) {
        assert_ptr_equal(hash_table_find(&table, i), &links[i]);
    }
    memory_release(&test.account, (void *)table.buckets);
}

/* ---- values ---- */

static void test_values(void **state)
{
    (void)state;
    struct pattern_file *map = pattern_test_file(&test, "virt@map", true);
    struct pattern_set *texts = pattern_test_set(&test, map, PATTERN_STRING, 0, SAMPLE_STRING);
    struct pattern_set *numbers = pattern_test_set(&test, map, PATTERN_STRING, 0, SAMPLE_INTEGER);
    pattern_test_add(&test, map, "a", "007");
    assert_string_equal(pattern_test_value(&test, texts, "a"), "007");
    assert_string_equal(pattern_test_value(&test, numbers, "a"), "7");
    assert_string_equal(pattern_test_refusal(&test, map, "b", "x"), "'x' is not a number");
    assert_string_equal(pattern_test_value(&test, texts, "b"), "(none)");
    /* A value that one set refuses is changed in none. */
    assert_int_equal(pattern_file_set(map, SLICE("a"), SLICE("y"), &test.error), RESULT_INVALID);
    assert_string_equal(test.error_storage, "'y' is not a number");
    assert_string_equal(pattern_test_value(&test, texts, "a"), "007");
    assert_int_equal(pattern_file_set(map, SLICE("a"), SLICE("08"), &test.error), RESULT_OK);
    assert_string_equal(pattern_test_value(&test, texts, "a"), "08");
    assert_string_equal(pattern_test_value(&test, numbers, "a"), "8");
}

/* ---- refused memory ---- */

static void test_no_memory_finding(void **state)
{
    (void)state;
    const struct sample sample = {.type = SAMPLE_STRING, .text = SLICE("KEY")};
    struct pattern_hit hit = {.wants_key = true};
    struct pattern_set *folded = set_of(PATTERN_STRING, PATTERN_NOCASE);
    struct pattern_set *exact = set_of(PATTERN_STRING, 0);
    struct pattern_set *regex = set_of(PATTERN_REGEX, 0);
    add("KEY");
    fault_fail_nth(test.memory, 1, 0); /* the folded copy */
    assert_int_equal(pattern_set_match(folded, &test.context, &sample, NULL), RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    fault_fail_nth(test.memory, 1, 0); /* match data */
    assert_int_equal(pattern_set_match(regex, &test.context, &sample, NULL), RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    fault_fail_nth(test.memory, 1, 0); /* the key */
    assert_int_equal(pattern_set_match(exact, &test.context, &sample, &hit), RESULT_NO_MEMORY);
    arena_clear(&test.scratch);
    fault_fail_nth(test.memory, 1, 0); /* an exact match alone needs nothing */
    assert_int_equal(pattern_set_match(exact, &test.context, &sample, NULL), RESULT_OK);
    assert_int_equal(fault_count(test.memory), 0);
}

/* An entry in many indexes is in all or in none, whichever allocation is refused. */
static void test_no_memory_inserting(void **state)
{
    (void)state;
    struct pattern_set *sets[] = {set_of(PATTERN_STRING, PATTERN_NOCASE), set_of(PATTERN_BEGIN, 0),
                                  set_of(PATTERN_ADDRESS, 0), set_of(PATTERN_REGEX, 0),
                                  set_of(PATTERN_DOMAIN, PATTERN_NOCASE)};
    add("10.0.0.1");
    size_t held = test.account.used;
    unsigned refused = 0;
    for (uint64_t nth = 1;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        enum result result = pattern_test_try(&test, file, "10.0.0.2", NULL);
        uint64_t failed = fault_failed(test.memory);
        fault_fail_nth(test.memory, 0, 0);
        if (result == RESULT_OK && failed == 0) {
            break;
        }
        if (result == RESULT_OK) {
            drop("10.0.0.2");
        } else {
            assert_int_equal(result, RESULT_NO_MEMORY);
            refused++;
        }
        assert_int_equal(test.account.used, held);
        for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
            assert_finds(sets[i], "10.0.0.2", "(none)");
            assert_finds(sets[i], "10.0.0.1", "10.0.0.1");
        }
    }
    assert_true(refused > 10);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_kinds),
        CASE(test_nothing),
        CASE(test_order),
        CASE(test_longest_beginning),
        CASE(test_equal_beginnings),
        CASE(test_smallest_network),
        CASE(test_holes),
        CASE(test_folded_strings),
        CASE(test_several_sets),
        CASE(test_many),
        CASE(test_tables_without_memory),
        CASE(test_values),
        CASE(test_no_memory_finding),
        CASE(test_no_memory_inserting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
