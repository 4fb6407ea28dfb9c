/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the catalog: lists, and what HAProxy says of what it had once. */
#include "config/arguments.h"
#include "config/catalog.h"
#include "support/config.h"

static void test_lists(void **state)
{
    (void)state;
    assert_true(catalog_has_word(CATALOG_SECTIONS, "peers"));
    assert_true(catalog_has_word(CATALOG_SECTIONS, "acme"));
    assert_true(catalog_has_word(CATALOG_SECTIONS, "traces"));
    assert_false(catalog_has_word(CATALOG_SECTIONS, "peer"));
    assert_false(catalog_has_word(CATALOG_SECTIONS, ""));
    assert_true(catalog_has_word(CATALOG_BIND, "accept-proxy"));
    assert_true(catalog_has_word(CATALOG_SERVER, "ws"));
    assert_false(catalog_has_word(CATALOG_SERVER, "accept-proxy"));
}

/* What weir reads on bind and server lines is in the lists. */
static void test_arguments_are_covered(void **state)
{
    (void)state;
    for (const struct bind_argument *row = BIND_ARGUMENTS; row->name != NULL; row++) {
        assert_true(catalog_has_word(CATALOG_BIND, row->name));
    }
    for (const struct server_argument *row = SERVER_ARGUMENTS; row->name != NULL; row++) {
        bool is_alias = strcmp(row->name, "non-backup") == 0;
        assert_true(is_alias || catalog_has_word(CATALOG_SERVER, row->name));
    }
    for (const struct tls_argument *row = TLS_ARGUMENTS; row->name != NULL; row++) {
        assert_true(catalog_has_word(CATALOG_BIND, row->name) ||
                    catalog_has_word(CATALOG_SERVER, row->name));
    }
}

static void check_removed(const char *word, bool is_option, const char *message)
{
    char bytes[512];
    struct text text = text_over(bytes, sizeof(bytes));
    assert_int_equal(catalog_describe_removed(word, is_option, &text), message != NULL);
    assert_string_equal(bytes, message != NULL ? message : "");
}

static void test_removed(void **state)
{
    (void)state;
    check_removed("clitimeout", false,
                  "the 'clitimeout' directive is not supported anymore since HAProxy 2.1. Use "
                  "'timeout client'.");
    check_removed("appsession", false,
                  "the 'appsession' directive is not supported anymore since HAProxy 1.6.");
    check_removed("nbproc", false,
                  "nbproc is not supported any more since HAProxy 2.5. Threads will automatically "
                  "be used on multi-processor machines if available.");
    check_removed("forceclose", true,
                  "option 'forceclose' is not supported any more since HAProxy 2.0, please just "
                  "remove it, or use 'option httpclose' if absolutely needed.");
    check_removed("forceclose", false, NULL);
    check_removed("clitimeout", true, NULL);
    check_removed("maxconn", false, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_arguments_are_covered),
        cmocka_unit_test(test_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
