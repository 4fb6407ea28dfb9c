/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A version's entries: order, equal texts, values, compilation for a set that comes later, and that
 * whatever is refused leaves nothing behind.
 */
#include "rules/pattern_internal.h"

#include "support/pattern.h"

static struct rules_test test;
static struct pattern_file *file;
static struct pattern_version *version;

static int open_test(void **state)
{
    (void)state;
    pattern_test_open(&test);
    file = pattern_test_file(&test, "virt@map", true);
    version = file->current;
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_test_close(&test);
    return 0;
}

static enum result try_add(const char *key, const char *value, unsigned line)
{
    const struct pattern_origin origin = {.line = line};
    text_clear(&test.error);
    return pattern_version_add(version, slice_from_string(key),
                               value == NULL ? SLICE_NONE : slice_from_string(value), &origin,
                               &test.error);
}

static void add(const char *key, const char *value)
{
    if (try_add(key, value, 0) != RESULT_OK) {
        fail_msg("%s: %s", key, test.error_storage);
    }
}

static struct pattern_entry *find(const char *key)
{
    return pattern_version_find(version, slice_from_string(key));
}

static void test_entries(void **state)
{
    (void)state;
    assert_null(find("a"));
    assert_null(find(""));
    assert_int_equal(try_add("a", "1", 7), RESULT_OK);
    add("", "empty key");
    add("b", "");
    add("c", NULL);
    assert_int_equal(version->keys.count, 4);
    assert_string_equal(pattern_test_entries(&test, file, 0), "a=1 =empty key b= c");
    const struct pattern_entry *entry = find("a");
    assert_slice(entry->key, "a");
    assert_slice(entry->value, "1");
    assert_int_equal(entry->line, 7);
    assert_true(entry->has_value);
    assert_ptr_equal(entry->version, version);
    assert_slice(find("")->value, "empty key");
    assert_true(find("b")->has_value); /* an empty value is one */
    assert_non_null(find("b")->value.data);
    assert_false(find("c")->has_value);
    assert_null(find("c")->value.data);
    assert_null(find("A"));
    assert_null(find("aa"));
}

/* Keys may hold any bytes. */
static void test_any_bytes(void **state)
{
    (void)state;
    const struct pattern_origin origin = {0};
    struct slice key = slice_of("a\0b\xff", 4);
    assert_int_equal(pattern_version_add(version, key, key, &origin, &test.error), RESULT_OK);
    assert_null(find("a"));
    assert_true(slice_equal(pattern_version_find(version, key)->value, key));
}

/* Entries keep copies, and an id of their own that never comes again. */
static void test_copies_and_ids(void **state)
{
    (void)state;
    char key[] = "key";
    char value[] = "value";
    add(key, value);
    memset(key, 'x', sizeof(key) - 1);
    memset(value, 'x', sizeof(value) - 1);
    struct pattern_entry *entry = find("key");
    assert_slice(entry->value, "value");
    uint64_t id = entry->id;
    assert_true(id > 0);
    pattern_entry_destroy(entry);
    add("key", "again");
    assert_true(find("key")->id > id);
}

static void test_equal_keys(void **state)
{
    (void)state;
    add("k", "1");
    add("other", "x");
    add("k", "2");
    add("k", "3");
    struct pattern_entry *first = find("k");
    assert_slice(first->value, "1");
    struct pattern_entry *second = pattern_entry_next_same(first);
    assert_slice(second->value, "2");
    struct pattern_entry *third = pattern_entry_next_same(second);
    assert_slice(third->value, "3");
    assert_null(pattern_entry_next_same(third));
    assert_null(pattern_entry_next_same(find("other")));
    pattern_entry_destroy(first);
    assert_ptr_equal(find("k"), second);
    pattern_entry_destroy(third);
    assert_null(pattern_entry_next_same(second));
    assert_string_equal(pattern_test_entries(&test, file, 0), "other=x k=2");
}

static void test_other_versions(void **state)
{
    (void)state;
    struct pattern_set *set = pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_STRING);
    add("a", "1");
    struct pattern_version *other = pattern_version_create(file, 9);
    assert_non_null(other);
    assert_int_equal(other->id, 9);
    assert_null(pattern_version_find(other, SLICE("a")));
    const struct pattern_index *index = pattern_version_index(other, set);
    assert_non_null(index); /* one for each set */
    assert_ptr_equal(index->version, other);
    assert_ptr_not_equal(index, pattern_version_index(version, set));
    const struct pattern_set stranger = {.file = file};
    assert_null(pattern_version_index(version, &stranger));
    pattern_version_destroy(other);
    assert_non_null(find("a"));
}

/* ---- a set that comes later ---- */

static void test_compile(void **state)
{
    (void)state;
    add("10.0.0.1", "1");
    add("10.0.0.2", "2");
    struct pattern_set *addresses =
        pattern_test_set(&test, file, PATTERN_ADDRESS, 0, SAMPLE_INTEGER);
    struct pattern_set *ends = pattern_test_set(&test, file, PATTERN_END, 0, SAMPLE_STRING);
    assert_string_equal(pattern_test_value(&test, addresses, "10.0.0.2"), "2");
    assert_string_equal(pattern_test_value(&test, ends, "x10.0.0.1"), "1");
    add("10.0.0.3", "3");
    assert_string_equal(pattern_test_value(&test, addresses, "10.0.0.3"), "3");
    assert_string_equal(pattern_test_value(&test, ends, "x10.0.0.3"), "3");
}

static void test_compile_names_the_bad_line(void **state)
{
    (void)state;
    struct pattern_set *ends = pattern_test_set(&test, file, PATTERN_END, 0, SAMPLE_STRING);
    assert_int_equal(try_add("10.0.0.1", "1", 3), RESULT_OK);
    assert_int_equal(try_add("host!", "x", 5), RESULT_OK);
    const struct pattern_set addresses = {
        .file = file, .method = PATTERN_ADDRESS, .value_type = SAMPLE_INTEGER};
    size_t held = test.account.used;
    unsigned line = 0;
    assert_int_equal(pattern_version_compile(version, &addresses, &test.error, &line),
                     RESULT_INVALID);
    assert_int_equal(line, 5);
    assert_string_equal(test.error_storage, "'host!' is not a valid IPv4 or IPv6 address");
    assert_int_equal(test.account.used, held); /* nothing of it stays */
    assert_null(pattern_version_index(version, &addresses));
    pattern_entry_destroy(find("host!"));
    assert_int_equal(try_add("10.0.0.2", "x", 6),
                     RESULT_OK); /* the pattern is good, not the value */
    assert_int_equal(pattern_version_compile(version, &addresses, &test.error, &line),
                     RESULT_INVALID);
    assert_int_equal(line, 6);
    assert_string_equal(test.error_storage, "'x' is not a number");
    assert_string_equal(pattern_test_value(&test, ends, "10.0.0.2"), "x");
}

/* ---- refused memory ---- */

static void test_no_memory_creating(void **state)
{
    (void)state;
    (void)pattern_test_set(&test, file, PATTERN_STRING, PATTERN_NOCASE, SAMPLE_STRING);
    (void)pattern_test_set(&test, file, PATTERN_END, 0, SAMPLE_STRING);
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        struct pattern_version *other = pattern_version_create(file, 9);
        if (other != NULL) {
            assert_int_equal(fault_failed(test.memory), 0);
            pattern_version_destroy(other);
            break;
        }
        assert_int_equal(test.account.used, held);
    }
    assert_int_equal(nth - 1, 2 + 2 + 1); /* itself and its table, a hash index, a list index */
    assert_int_equal(test.account.used, held);
}

static void test_no_memory_adding(void **state)
{
    (void)state;
    struct pattern_set *set = pattern_test_set(&test, file, PATTERN_END, 0, SAMPLE_STRING);
    size_t held = test.account.used;
    for (uint64_t nth = 1; nth <= 3; nth++) { /* the entry, its value, its item */
        fault_fail_nth(test.memory, nth, 0);
        assert_int_equal(try_add("key", "value", 1), RESULT_NO_MEMORY);
        assert_int_equal(test.account.used, held);
        assert_null(find("key"));
        assert_true(list_is_empty(&version->entries));
    }
    fault_fail_nth(test.memory, 4, 0);
    add("key", "value");
    assert_int_equal(fault_count(test.memory), 3);
    fault_fail_nth(test.memory, 0, 0);
    assert_string_equal(pattern_test_value(&test, set, "a key"), "value");
}

static void test_no_memory_compiling(void **state)
{
    (void)state;
    const struct pattern_set set = {
        .file = file, .method = PATTERN_BEGIN, .value_type = SAMPLE_STRING};
    unsigned line = 0;
    add("/a", "1");
    add("/b", "2");
    add("/c/d", "3");
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        enum result result = pattern_version_compile(version, &set, &test.error, &line);
        if (result == RESULT_OK) {
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_int_equal(test.account.used, held);
        assert_null(pattern_version_index(version, &set));
        assert_null(find("/a")->items);
    }
    /* The index, an item each, a node each and a fork for each behind the first. */
    assert_int_equal(nth - 1, 1 + 3 + 3 + 2);
    fault_fail_nth(test.memory, 0, 0);
    assert_non_null(pattern_version_index(version, &set));
    while (!list_is_empty(&version->entries)) { /* the set is not the file's: end it here */
        pattern_entry_destroy(
            container_of(list_first(&version->entries), struct pattern_entry, link));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_entries),
        CASE(test_any_bytes),
        CASE(test_copies_and_ids),
        CASE(test_equal_keys),
        CASE(test_other_versions),
        CASE(test_compile),
        CASE(test_compile_names_the_bad_line),
        CASE(test_no_memory_creating),
        CASE(test_no_memory_adding),
        CASE(test_no_memory_compiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
