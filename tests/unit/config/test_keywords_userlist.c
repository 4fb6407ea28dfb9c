/* SPDX-License-Identifier: Apache-2.0 */
/* userlist sections: users, groups, duplicates, and what is said of bad lines. */
#include "support/config.h"

static void lists_are_found(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "userlist u\ngroup g users joe\ngroup h\n"
        "user joe insecure-password pw\nuser ann insecure-password x groups h\n"
        "backend b\nmode http\nacl ok http_auth(u)\nhttp-request deny if !ok\n");
    struct userlists *lists = test->configuration.userlists;
    assert_non_null(userlists_find(lists, SLICE("u")));
    assert_null(userlists_find(lists, SLICE("v")));
    assert_int_equal(test->warnings, 0);
    test_config_close(test);
}

static void duplicates_are_passed_over(void **state)
{
    (void)state;
    assert_warns("userlist u\nuserlist u\n", "ignoring duplicated userlist 'u'.");
    assert_warns("userlist u\nuser a insecure-password p\nuser a insecure-password q\n",
                 "ignoring duplicated");
    assert_warns("userlist u\ngroup g\ngroup g\n", "ignoring duplicated");
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"group g nope x", "'group' only supports 'users' option."},
        {"group g users", "'group' only supports 'users' option."},
        {"user a nope x", "only supports 'password', 'insecure-password' and 'groups' options."},
        {"user a password", "'user' : 'password' expects an argument."},
        {"user a insecure-password p groups missing", "missing"},
        {"group g users missing", "missing"},
        {"backend b\nmode http\nacl ok http_auth(none)\nhttp-request deny if ok",
         "unable to find userlist 'none'"},
    };
    (void)state;
    assert_lines_fail("userlist u\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_found),
        cmocka_unit_test(duplicates_are_passed_over),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
