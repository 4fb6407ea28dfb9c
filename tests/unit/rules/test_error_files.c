/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of error pages: lookup through parents to the built-in pages, resets, imports, sections
 * that are referred to before they are declared.
 */
#include "rules/reply_internal.h"

#include "support/rules.h"

static struct rules_test test;
static struct error_files *defaults;
static struct error_files *files;

static int open_test(void **state)
{
    (void)state;
    rules_test_open(&test);
    defaults = error_files_create(&test.account, NULL);
    files = error_files_create(&test.account, defaults);
    assert_non_null(files);
    return 0;
}

static int close_test(void **state)
{
    (void)state;
    error_files_destroy(&test.account, files);
    error_files_destroy(&test.account, defaults);
    rules_test_close(&test);
    return 0;
}

static struct reply *make_reply(uint16_t status)
{
    struct reply *reply = reply_create(&test.account, REPLY_PAYLOAD, status);
    assert_non_null(reply);
    return reply;
}

static void test_lookup(void **state)
{
    (void)state;
    struct reply *of_defaults = make_reply(503);
    struct reply *own = make_reply(404);
    assert_int_equal(error_files_set(defaults, 503, of_defaults), RESULT_OK);
    assert_int_equal(error_files_set(files, 404, own), RESULT_OK);
    assert_ptr_equal(error_files_find(files, 503), of_defaults);
    assert_ptr_equal(error_files_find(files, 404), own);
    assert_ptr_equal(error_files_find(defaults, 404), error_page_find(404));
    assert_ptr_equal(error_files_find(files, 403), error_page_find(403));
    assert_ptr_equal(error_files_find(files, 418), error_page_find(500));
    assert_ptr_equal(error_files_find(NULL, 403), error_page_find(403));
    assert_null(error_files_find_own(files, 403));
    assert_null(error_files_find_own(NULL, 403));
}

static void test_replacing(void **state)
{
    (void)state;
    struct reply *second = make_reply(404);
    assert_int_equal(error_files_set(files, 404, make_reply(404)), RESULT_OK);
    assert_int_equal(error_files_set(files, 404, second), RESULT_OK);
    assert_ptr_equal(error_files_find(files, 404), second);
}

static void test_reset(void **state)
{
    (void)state;
    assert_int_equal(error_files_set(defaults, 503, make_reply(503)), RESULT_OK);
    assert_int_equal(error_files_set(defaults, 404, make_reply(404)), RESULT_OK);
    assert_int_equal(error_files_set(files, 503, NULL), RESULT_OK);
    assert_ptr_equal(error_files_find(files, 503), error_page_find(503));
    struct reply *reset = reply_create(&test.account, REPLY_TABLE, 404);
    assert_int_equal(error_files_set(files, 404, reset), RESULT_OK);
    assert_ptr_equal(error_files_find(files, 404), error_page_find(404));
}

static void test_import(void **state)
{
    (void)state;
    struct reply *of_404 = make_reply(404);
    struct reply *of_503 = make_reply(503);
    assert_int_equal(error_files_set(defaults, 404, of_404), RESULT_OK);
    assert_int_equal(error_files_set(defaults, 503, of_503), RESULT_OK);
    assert_int_equal(error_files_set(defaults, 403, NULL), RESULT_OK);
    struct error_files *other = error_files_create(&test.account, NULL);
    assert_int_equal(error_files_import(other, defaults, 404), RESULT_OK);
    assert_ptr_equal(error_files_find(other, 404), of_404);
    assert_null(error_files_find_own(other, 503));
    assert_int_equal(error_files_import(other, defaults, 0), RESULT_OK);
    assert_ptr_equal(error_files_find(other, 503), of_503);
    assert_null(error_files_find_own(other, 403));
    struct reply *later = make_reply(500);
    assert_int_equal(error_files_set(defaults, 500, later), RESULT_OK);
    assert_ptr_equal(error_files_find(other, 500), later); /* filled after it was referred to */
    struct reply *own = make_reply(503);
    assert_int_equal(error_files_set(other, 503, own), RESULT_OK);
    assert_ptr_equal(error_files_find(other, 503), own); /* the last one holds */
    assert_int_equal(error_files_import(other, defaults, 503), RESULT_OK);
    assert_ptr_equal(error_files_find(other, 503), of_503);
    own = make_reply(503);
    assert_int_equal(error_files_set(other, 503, own), RESULT_OK);
    assert_ptr_equal(error_files_find(other, 503), own);
    error_files_destroy(&test.account, other);
    assert_ptr_equal(error_files_find(defaults, 503), of_503);
}

static void test_sections(void **state)
{
    (void)state;
    struct error_sections *sections = error_sections_create(&test.account);
    assert_null(error_sections_undeclared(sections));
    const struct error_files *referred = error_sections_refer(sections, "site");
    assert_non_null(referred);
    assert_string_equal(error_sections_undeclared(sections), "site");
    struct error_files *declared = error_sections_add(sections, "site");
    assert_ptr_equal(declared, referred);
    assert_ptr_equal(error_sections_add(sections, "site"), declared);
    assert_null(error_sections_undeclared(sections));
    assert_int_equal(error_files_set(declared, 404, make_reply(404)), RESULT_OK);
    error_sections_destroy(&test.account, sections);
    error_sections_destroy(&test.account, NULL);
}

static void test_memory_refused(void **state)
{
    (void)state;
    struct error_sections *sections = error_sections_create(&test.account);
    size_t used = test.account.used;
    test.account.cap = used;
    assert_int_equal(error_files_import(files, defaults, 404), RESULT_NO_MEMORY);
    assert_null(error_files_create(&test.account, NULL));
    assert_null(error_sections_create(&test.account));
    for (size_t step = 1; step < 200; step++) {
        test.account.cap = used + step;
        if (error_sections_add(sections, "a-section") != NULL) {
            break;
        }
        assert_int_equal(test.account.used, used);
    }
    test.account.cap = 0;
    assert_null(error_sections_undeclared(sections));
    error_sections_destroy(&test.account, sections);
    used = test.account.used;
    struct reply *reply = make_reply(404);
    test.account.cap = test.account.used;
    assert_int_equal(error_files_set(files, 404, reply), RESULT_NO_MEMORY);
    assert_int_equal(test.account.used, used); /* it was taken over */
    test.account.cap = 0;
}

#define WITH_TEST(function) cmocka_unit_test_setup_teardown(function, open_test, close_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TEST(test_lookup), WITH_TEST(test_replacing), WITH_TEST(test_reset),
        WITH_TEST(test_import), WITH_TEST(test_sections),  WITH_TEST(test_memory_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
