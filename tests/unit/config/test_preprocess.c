/* SPDX-License-Identifier: Apache-2.0 */
/* Directives: which lines of nested blocks are read, messages, and what is refused. */
#include "support/config.h"

static void test_directives(void **state)
{
    static const struct test_config_case CASES[] = {
        {".if 1\n"
         ".notice yes\n"
         ".else\n"
         ".notice no\n"
         ".endif\n",
         "N parsing [t.cfg:2]: 'yes'.\n"},
        {".if 0\n"
         ".notice a\n"
         ".elif 0\n"
         ".notice b\n"
         ".elif 1\n"
         ".notice c\n"
         ".elif 1\n"
         ".notice d\n"
         ".else\n"
         ".notice e\n"
         ".endif\n",
         "N parsing [t.cfg:6]: 'c'.\n"},
        {".if 0\n"
         ".else\n"
         ".notice else\n"
         ".endif\n",
         "N parsing [t.cfg:3]: 'else'.\n"},
        {".if\n"
         ".notice never\n"
         ".endif\n",
         ""},
        {".if 0\n"
         ".foo\n"
         "foo\n"
         ".if 1\n"
         ".notice never\n"
         ".else\n"
         ".notice never\n"
         ".endif\n"
         ".alert never\n"
         ".else\n"
         ".if !0\n"
         ".notice inner\n"
         ".endif\n"
         ".endif\n",
         "N parsing [t.cfg:12]: 'inner'.\n"},
        {".notice\n"
         ".notice \"a b\"\n"
         ".warning w\n"
         ".alert a\n"
         ".diag d\n",
         "N parsing [t.cfg:1]: ''.\n"
         "N parsing [t.cfg:2]: 'a b'.\n"
         "W parsing [t.cfg:3]: 'w'.\n"
         "A parsing [t.cfg:4]: 'a'.\n"
         "D parsing [t.cfg:5]: 'd'.\n"},
        {".notice a b\n", "A parsing [t.cfg:1]: Unexpected argument 'b' for '.notice'. Use quotes "
                          "if the message should contain spaces.\n"},
        {".else\n", "A parsing [t.cfg:1]: lone '.else' with no matching '.if'.\n"},
        {".elif 1\n", "A parsing [t.cfg:1]: lone '.elif' with no matching '.if'.\n"},
        {".endif\n", "A parsing [t.cfg:1]: lone '.endif' with no matching '.if'.\n"},
        {".if 1\n"
         ".else\n"
         ".else\n"
         ".endif\n",
         "A parsing [t.cfg:3]: '.else' after '.else' is not permitted.\n"},
        {".if 1\n"
         ".else\n"
         ".elif 1\n"
         ".endif\n",
         "A parsing [t.cfg:3]: '.elif' after '.else' is not permitted.\n"},
        {".if 1\n", "A parsing [t.cfg:1]: non-terminated '.if' block.\n"},
        {".else x\n", "A parsing [t.cfg:1]: Unexpected argument 'x' for '.else'.\n"},
        {".if 1\n"
         ".endif x\n",
         "A parsing [t.cfg:2]: Unexpected argument 'x' for '.endif'.\n"},
        {".foo\n", "A parsing [t.cfg:1]: unknown directive '.foo'.\n"},
        {".if foo\n"
         ".endif\n",
         "A parsing [t.cfg:1]: unparsable conditional expression 'foo' in '.if' at position 1:\n"
         "  .if foo\n"
         "      ^\n"},
        {".if 1 && streq(a)\n"
         ".endif\n",
         "A parsing [t.cfg:1]: missing arguments (got 1/2), type 'string' expected in argument 2 "
         "of predicate 'streq' used in conditional expression in '.if' at position 13:\n"
         "  .if 1 && streq(a)\n"
         "                  ^\n"},
        {".if 0\n"
         ".elif )\n"
         ".endif\n",
         "A parsing [t.cfg:2]: unparsable conditional expression ')' in '.elif' at position 1:\n"
         "  .elif )\n"
         "        ^\n"},
        {".if 1\n"
         ".elif broken(\n"
         ".endif\n",
         ""},
        {".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".if 1\n"
         ".endif\n",
         "A parsing [t.cfg:17]: too many nested '.if', max is 16\n"
         "A parsing [t.cfg:18]: non-terminated '.if' block.\n"},
    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
