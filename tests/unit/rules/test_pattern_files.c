/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collection of files: names and what stands in front of them, sharing between ACLs and maps,
 * ids given and counted, descriptions, sets made once, and refused memory.
 */
#include "rules/pattern.h"

#include "support/pattern.h"

static struct rules_test test;

static int open_test(void **state)
{
    (void)state;
    pattern_test_open(&test);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    pattern_test_close(&test);
    return 0;
}

static struct pattern_file *open_inline(const char *keyword)
{
    struct pattern_file *file = NULL;
    assert_int_equal(pattern_files_open_inline(&test.parser, keyword, &file), RESULT_OK);
    return file;
}

static const char *refusal(const char *name, bool has_values)
{
    struct pattern_file *file = NULL;
    enum pattern_use use = has_values ? PATTERN_USE_MAP : PATTERN_USE_ACL;
    text_clear(&test.error);
    assert_int_equal(pattern_files_open(&test.parser, name, has_values, use, &file),
                     RESULT_INVALID);
    assert_null(file);
    return test.error_storage;
}

static struct pattern_file *find(const char *reference)
{
    return pattern_files_find(test.parser.patterns, slice_from_string(reference));
}

/* The ids of all files in their order, as a text. */
static const char *ids(void)
{
    struct text text = text_over(test.buffer, sizeof(test.buffer));
    const struct pattern_file *file = NULL;
    while ((file = pattern_files_next(test.parser.patterns, file)) != NULL) {
        struct pattern_file_info info;
        pattern_file_inspect(file, &info);
        text_append_format(&text, "%s%u", text.length == 0 ? "" : " ", info.id);
    }
    return test.buffer;
}

static unsigned id_of(const struct pattern_file *file)
{
    struct pattern_file_info info;
    pattern_file_inspect(file, &info);
    return info.id;
}

/* ---- names ---- */

static void test_virtual_files(void **state)
{
    (void)state;
    assert_null(pattern_files_next(test.parser.patterns, NULL));
    struct pattern_file *file = pattern_test_file(&test, "virt@map", true);
    assert_ptr_equal(pattern_test_file(&test, "virt@map", true), file); /* it is shared */
    assert_ptr_equal(find("virt@map"), file); /* the prefix belongs to its name */
    assert_null(find("map"));
    assert_ptr_not_equal(pattern_test_file(&test, "virt@", true), file);
}

static void test_optional_files(void **state)
{
    (void)state;
    struct pattern_file *file = pattern_test_file(&test, "opt@/nonexistent/weir.map", true);
    assert_string_equal(pattern_test_entries(&test, file, 0), "");
    assert_ptr_equal(find("opt@/nonexistent/weir.map"), file);
    assert_ptr_equal(find("/nonexistent/weir.map"), file); /* which is no part of it here */
    assert_ptr_equal(find("file@/nonexistent/weir.map"), file);
    assert_ptr_equal(pattern_test_file(&test, "/nonexistent/weir.map", true), file); /* known */
}

static void test_missing_files(void **state)
{
    (void)state;
    assert_string_equal(refusal("/nonexistent/weir.map", true),
                        "failed to open pattern file </nonexistent/weir.map>");
    assert_string_equal(refusal("file@/nonexistent/weir.map", false),
                        "failed to open pattern file </nonexistent/weir.map>");
    assert_string_equal(refusal("", false), "failed to open pattern file <>");
    assert_string_equal(refusal("/tmp", false), "failed to read pattern file </tmp>");
    assert_string_equal(ids(), ""); /* nothing of them stays */
    struct pattern_files *files = test.parser.patterns;
    test.parser.patterns = NULL;
    assert_string_equal(refusal("virt@x", true), "pattern files cannot be used here");
    test.parser.patterns = files;
    pattern_files_destroy(NULL);
}

static void test_columns(void **state)
{
    (void)state;
    (void)pattern_test_file(&test, "virt@list", false);
    (void)pattern_test_file(&test, "virt@map", true);
    assert_string_equal(refusal("virt@list", true),
                        "The file \"virt@list\" is already used as one column file and cannot be "
                        "used by map.");
    assert_string_equal(refusal("virt@map", false),
                        "The file \"virt@map\" is already used as two column file and cannot be "
                        "used by acl.");
    /* An ACL that says -M takes both columns. */
    struct pattern_file *file = NULL;
    assert_int_equal(pattern_files_open(&test.parser, "virt@map", true, PATTERN_USE_ACL, &file),
                     RESULT_OK);
    struct pattern_file_info info;
    pattern_file_inspect(file, &info);
    assert_true(info.is_map);
    assert_true(info.is_acl);
}

static void test_descriptions(void **state)
{
    (void)state;
    struct pattern_file_info info;
    struct pattern_file *file = pattern_test_file(&test, "virt@map", true);
    pattern_file_inspect(file, &info);
    assert_string_equal(info.name, "virt@map");
    assert_string_equal(info.description,
                        "pattern loaded from file 'virt@map' used by map at file 'test.cfg' line "
                        "7");
    assert_true(info.is_map);
    assert_false(info.is_acl);
    assert_int_equal(info.entries, 0);
    test.parser.line = 9;
    assert_int_equal(pattern_files_open(&test.parser, "virt@map", true, PATTERN_USE_ACL, &file),
                     RESULT_OK);
    pattern_file_inspect(file, &info);
    assert_string_equal(info.description,
                        "pattern loaded from file 'virt@map' used by map at file 'test.cfg' line "
                        "7, by acl at file 'test.cfg' line 9");
    test.parser.file = NULL;
    pattern_file_inspect(open_inline("path_beg"), &info);
    assert_null(info.name);
    assert_string_equal(info.description, "acl 'path_beg' file '' line 9");
    assert_true(info.is_acl);
    assert_false(info.is_map);
}

/* A file used in very many places: its description is cut, and it works. */
static void test_long_descriptions(void **state)
{
    (void)state;
    struct pattern_file_info info;
    struct pattern_file *file = NULL;
    for (unsigned i = 0; i < 400; i++) {
        file = pattern_test_file(&test, "virt@map", true);
    }
    pattern_file_inspect(file, &info);
    assert_int_equal(strlen(info.description), 4095);
    pattern_test_add(&test, file, "a", "1");
}

/* ---- ids ---- */

static void test_ids(void **state)
{
    (void)state;
    struct pattern_file *first = open_inline("a");
    struct pattern_file *second = open_inline("b");
    struct pattern_file *third = open_inline("c");
    assert_string_equal(ids(), "0 1 2");
    assert_ptr_equal(find("#0"), first);
    assert_ptr_equal(find("#2"), third);
    assert_null(find("#3"));
    assert_null(find("#"));
    assert_null(find("#x"));
    assert_null(find("#-1"));
    assert_null(find(""));
    assert_int_equal(pattern_file_set_id(&test.parser, second, 7), RESULT_OK);
    assert_string_equal(ids(), "0 2 7");
    assert_int_equal(id_of(open_inline("d")), 1); /* the smallest that nobody has */
    assert_int_equal(id_of(open_inline("e")), 3);
    /* One that was only counted gives way. */
    assert_int_equal(pattern_file_set_id(&test.parser, third, 0), RESULT_OK);
    assert_int_equal(id_of(third), 0);
    assert_int_equal(id_of(first), 2);
    assert_string_equal(ids(), "0 1 2 3 7");
    assert_int_equal(pattern_file_set_id(&test.parser, third, 0), RESULT_OK); /* as it is */
    assert_int_equal(pattern_file_set_id(&test.parser, first, 0), RESULT_INVALID);
    assert_string_equal(test.error_storage, "the unique id 0 is already used by acl 'c' file "
                                            "'test.cfg' line 7");
    assert_int_equal(id_of(first), 2);
    assert_int_equal(pattern_file_set_id(&test.parser, first, UINT32_MAX), RESULT_OK);
    assert_string_equal(ids(), "0 1 3 7 4294967295");
}

/* Whoever gives way when all smaller ids are taken gets that of the other. */
static void test_ids_change_places(void **state)
{
    (void)state;
    struct pattern_file *first = open_inline("a");
    struct pattern_file *second = open_inline("b");
    assert_int_equal(pattern_file_set_id(&test.parser, second, 0), RESULT_OK);
    assert_int_equal(id_of(second), 0);
    assert_int_equal(id_of(first), 1);
    assert_string_equal(ids(), "0 1");
}

/* ---- patterns and sets ---- */

static void test_configure(void **state)
{
    (void)state;
    struct pattern_file *file = open_inline("src");
    struct pattern_set *set = pattern_test_set(&test, file, PATTERN_ADDRESS, 0, SAMPLE_ANY);
    assert_int_equal(pattern_file_configure(&test.parser, file, SLICE("10.0.0.0/8")), RESULT_OK);
    assert_string_equal(pattern_test_match(&test, set, "10.1.2.3"), "10.0.0.0/8");
    assert_int_equal(pattern_file_configure(&test.parser, file, SLICE("10.0.0.0/99")),
                     RESULT_INVALID);
    assert_string_equal(test.error_storage, "'10.0.0.0/99' is not a valid IPv4 or IPv6 address");
    fault_fail_nth(test.memory, 1, 0);
    assert_int_equal(pattern_file_configure(&test.parser, file, SLICE("10.0.0.0/9")),
                     RESULT_NO_MEMORY);
    assert_string_equal(test.error_storage, "out of memory");
}

static void test_sets(void **state)
{
    (void)state;
    struct pattern_file *file = pattern_test_file(&test, "virt@map", true);
    struct pattern_set *set = pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_STRING);
    assert_ptr_equal(pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_STRING), set);
    assert_ptr_not_equal(
        pattern_test_set(&test, file, PATTERN_STRING, PATTERN_NOCASE, SAMPLE_STRING), set);
    assert_ptr_not_equal(pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_INTEGER), set);
    assert_ptr_not_equal(pattern_test_set(&test, file, PATTERN_END, 0, SAMPLE_STRING), set);
}

/* A set that cannot be made is not there the next time either. */
static void test_refused_sets(void **state)
{
    (void)state;
    struct pattern_set *set = NULL;
    struct pattern_file *file = pattern_test_file(&test, "virt@map", true);
    pattern_test_add(&test, file, "a", "1");
    pattern_test_add(&test, file, "b", "x");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(
            pattern_file_compile(&test.parser, file, PATTERN_STRING, 0, SAMPLE_INTEGER, &set),
            RESULT_INVALID);
        assert_null(set);
        assert_string_equal(test.error_storage, "'x' is not a number at line 0 of file 'virt@map'");
    }
    assert_int_equal(pattern_file_delete(file, SLICE("b")), RESULT_OK);
    set = pattern_test_set(&test, file, PATTERN_STRING, 0, SAMPLE_INTEGER);
    assert_string_equal(pattern_test_value(&test, set, "a"), "1");
    struct pattern_file *unnamed = open_inline("src");
    assert_int_equal(pattern_file_configure(&test.parser, unnamed, SLICE("x")), RESULT_OK);
    set = NULL;
    assert_int_equal(
        pattern_file_compile(&test.parser, unnamed, PATTERN_INTEGER, 0, SAMPLE_ANY, &set),
        RESULT_INVALID);
    assert_string_equal(test.error_storage, "'x' is not a number");
}

/* ---- refused memory ---- */

static enum result make_all(void)
{
    struct pattern_file *file = NULL;
    struct pattern_file *unnamed = NULL;
    struct pattern_set *set = NULL;
    test.parser.patterns = pattern_files_create(&test.account);
    if (test.parser.patterns == NULL) {
        return RESULT_NO_MEMORY;
    }
    enum result result =
        pattern_files_open(&test.parser, "virt@list", false, PATTERN_USE_ACL, &file);
    if (result == RESULT_OK) {
        result = pattern_files_open_inline(&test.parser, "path", &unnamed);
    }
    if (result == RESULT_OK) {
        result = pattern_file_configure(&test.parser, file, SLICE("/a"));
    }
    if (result == RESULT_OK) {
        result = pattern_file_compile(&test.parser, file, PATTERN_BEGIN, PATTERN_NOCASE, SAMPLE_ANY,
                                      &set);
    }
    pattern_files_destroy(test.parser.patterns);
    return result;
}

static void test_no_memory(void **state)
{
    (void)state;
    struct pattern_files *files = test.parser.patterns;
    size_t held = test.account.used;
    uint64_t nth = 1;
    for (;; nth++) {
        fault_fail_nth(test.memory, nth, 0);
        text_clear(&test.error);
        enum result result = make_all();
        assert_int_equal(test.account.used, held);
        if (fault_failed(test.memory) == 0) {
            assert_int_equal(result, RESULT_OK);
            break;
        }
        assert_int_equal(result, RESULT_NO_MEMORY);
        assert_string_equal(test.error_storage, nth == 1 ? "" : "out of memory");
    }
    /* The collection; a file, its name, version, table and description; one without a name; an
     * entry; a set, its index, item, folded text and node. */
    assert_int_equal(nth - 1, 1 + 5 + 4 + 1 + 5);
    test.parser.patterns = files;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_virtual_files), CASE(test_optional_files),    CASE(test_missing_files),
        CASE(test_columns),       CASE(test_descriptions),      CASE(test_long_descriptions),
        CASE(test_ids),           CASE(test_ids_change_places), CASE(test_configure),
        CASE(test_sets),          CASE(test_refused_sets),      CASE(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
