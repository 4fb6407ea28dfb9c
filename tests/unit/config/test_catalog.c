/* SPDX-License-Identifier: Apache-2.0 */
/* The catalog: it is in order, covers every keyword of the tables, and is found by its words. */
#include "config/catalog.h"
#include "support/config.h"

static void test_order(void **state)
{
    (void)state;
    unsigned count = 0;
    for (const struct catalog_keyword *row = CATALOG_KEYWORDS; row->name != NULL; row++) {
        assert_true(row->sections != 0);
        assert_true(row[1].name == NULL || strcmp(row->name, row[1].name) < 0);
        count++;
    }
    assert_true(count > 400);
}

/* Whatever weir has is a keyword of HAProxy's, but what only sections without a catalog have. */
static void test_tables_are_covered(void **state)
{
    static const unsigned SECTIONS = SECTION_GLOBAL | SECTION_PROXY;
    (void)state;
    for (const struct config_keyword *const *table = KEYWORD_TABLES; *table != NULL; table++) {
        for (const struct config_keyword *row = *table; row->name != NULL; row++) {
            bool is_found = (row->sections & SECTIONS) == 0;
            for (const struct catalog_keyword *known = CATALOG_KEYWORDS; known->name != NULL;
                 known++) {
                is_found |= strcmp(known->name, row->name) == 0;
            }
            if (!is_found) {
                print_error("'%s' is not in the catalog\n", row->name);
            }
            assert_true(is_found);
        }
    }
}

static void test_finding(void **state)
{
    static const char *const TIMEOUT[] = {"timeout", "client", "5s"};
    static const char *const STICK[] = {"stick", "on", "src"};
    static const char *const FOO[] = {"foo"};
    static const char *const MAXCONN[] = {"maxconn"};
    (void)state;
    assert_string_equal(catalog_find(SECTION_PROXY, TIMEOUT, 3)->name, "timeout client");
    assert_null(catalog_find(SECTION_PROXY, TIMEOUT, 1));
    assert_string_equal(catalog_find(SECTION_BACKEND, STICK, 3)->name, "stick on");
    assert_null(catalog_find(SECTION_GLOBAL, STICK, 3));
    assert_null(catalog_find(SECTION_PROXY | SECTION_GLOBAL, FOO, 1));
    assert_non_null(catalog_find(SECTION_GLOBAL, MAXCONN, 1));
    assert_non_null(catalog_find(SECTION_FRONTEND, MAXCONN, 1));
    assert_null(catalog_find(SECTION_BACKEND, MAXCONN, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_tables_are_covered),
        cmocka_unit_test(test_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
