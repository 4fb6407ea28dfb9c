/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The style sheet: whole, self-contained, with both schemes and a colour for every state.
 */
#include "admin/statistics_style.h"

#include "support/admin.h"

static void test_style(void **state)
{
    (void)state;
    static const char *const NEEDED[] = {"prefers-color-scheme:dark",
                                         ".up{",
                                         ".going-down{",
                                         ".going-up{",
                                         ".down{",
                                         ".drain{",
                                         ".maint{",
                                         ".unchecked{",
                                         "focus-visible"};
    int depth = 0;
    for (const char *c = STATISTICS_STYLE; *c != '\0'; c++) {
        depth += *c == '{' ? 1 : *c == '}' ? -1 : 0;
        assert_true(depth >= 0);
        assert_int_not_equal(*c, '<');
    }
    assert_int_equal(depth, 0);
    assert_null(strstr(STATISTICS_STYLE, "url("));
    assert_null(strstr(STATISTICS_STYLE, "@import"));
    for (unsigned i = 0; i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++) {
        assert_non_null(strstr(STATISTICS_STYLE, NEEDED[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_style),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
