/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional blocks: which branch is read, nesting, messages, and what is wrong with them. */
#include "config/preprocess.h"
#include "support/config.h"

/* The maxconn of the global section that `lines` end up with. */
static uint32_t find_maxconn(const char *lines)
{
    char text[4096];
    snprintf(text, sizeof(text), "global\nmaxconn 1\n%s", lines);
    struct test_config *test = test_config_accepted(text);
    uint32_t maxconn = test->configuration.global.maxconn;
    test_config_close(test);
    return maxconn;
}

static void one_branch_is_read(void **state)
{
    static const struct {
        const char *lines;
        uint32_t maxconn;
    } ROWS[] = {
        {".if 1\nmaxconn 2\n.endif\n", 2},
        {".if 0\nmaxconn 2\n.endif\n", 1},
        {".if\nmaxconn 2\n.endif\n", 1},
        {".if 0\nmaxconn 2\n.else\nmaxconn 3\n.endif\n", 3},
        {".if 1\nmaxconn 2\n.else\nmaxconn 3\n.endif\n", 2},
        {".if 0\nmaxconn 2\n.elif 1\nmaxconn 3\n.elif 1\nmaxconn 4\n.else\nmaxconn 5\n.endif\n", 3},
        {".if 0\n.if 1\nmaxconn 2\n.else\nmaxconn 3\n.endif\n.endif\n", 1},
        {".if 1\n.if 0\nmaxconn 2\n.else\nmaxconn 3\n.endif\n.endif\n", 3},
        {".if 0\nnonsense here\n.endif\nmaxconn 7\n", 7},
        {".if 0\n.alert \"no\"\n.endif\nmaxconn 8\n", 8},
        {".if !0 && 1\nmaxconn 9\n.endif\n", 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_int_equal(find_maxconn(ROWS[i].lines), ROWS[i].maxconn);
    }
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {".else", "lone '.else' with no matching '.if'."},
        {".elif 1", "lone '.elif' with no matching '.if'."},
        {".endif", "lone '.endif' with no matching '.if'."},
        {".if 1", "non-terminated '.if' block."},
        {".if 1\n.else\n.else\n.endif", "'.else' after '.else' is not permitted."},
        {".if 1\n.else\n.elif 1\n.endif", "'.elif' after '.else' is not permitted."},
        {".if 1\n.else x\n.endif", "Unexpected argument 'x' for '.else'."},
        {".if 1\n.endif x", "Unexpected argument 'x' for '.endif'."},
        {".if nonsense()\n.endif", "in '.if' at position"},
        {".nonsense", "unknown directive '.nonsense'."},
        {".notice a b", "Unexpected argument 'b' for '.notice'."},
        {".alert \"stop here\"", "'stop here'."},
    };
    (void)state;
    assert_lines_fail("global\n", ROWS);
}

static void messages_have_their_severity(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted(".notice \"one\"\n.warning \"two\"\n.diag three\n.notice\n");
    assert_int_equal(test->notices, 2);
    assert_int_equal(test->warnings, 1);
    assert_int_equal(test->diagnostics, 1);
    assert_non_null(strstr(test->bytes, ":2]: 'two'."));
    test_config_close(test);
}

/* `depth` nested blocks. */
static void nest(char *text, size_t size, unsigned depth)
{
    struct text out = text_over(text, size);
    text_append_string(&out, "global\n");
    for (unsigned i = 0; i < depth; i++) {
        text_append_string(&out, ".if 1\n");
    }
    text_append_string(&out, "maxconn 5\n");
    for (unsigned i = 0; i < depth; i++) {
        text_append_string(&out, ".endif\n");
    }
}

static void nesting_is_limited(void **state)
{
    char text[1024];
    (void)state;
    nest(text, sizeof(text), PREPROCESS_DEPTH_MAX);
    assert_loads(text);
    nest(text, sizeof(text), PREPROCESS_DEPTH_MAX + 1);
    assert_fails(text, "too many nested '.if', max is 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_branch_is_read),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(messages_have_their_severity),
        cmocka_unit_test(nesting_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
