/* SPDX-License-Identifier: Apache-2.0 */
/* stats lines of proxies: the field each sets, and what is said of bad ones. */
#include "support/config.h"

static void fields_are_set(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("backend b\nmode http\nstats uri /st\nstats realm My\\ realm\n"
                             "stats auth joe:pa:ss\nstats auth ann\nstats scope .\nstats scope b\n"
                             "stats refresh 10\nstats admin if TRUE\nstats show-node here\n"
                             "stats show-desc two words\nstats hide-version\nstats show-legends\n"
                             "backend c\nmode http\nstats enable\nstats refresh 2m\nbackend d\n");
    const struct statistics_settings *b = &test_config_proxy(test, "b")->statistics;
    assert_true(b->is_enabled);
    assert_string_equal(b->uri, "/st");
    assert_string_equal(b->realm, "My realm");
    assert_int_equal(test_config_length(&b->users), 2);
    const struct statistics_user *joe = container_of(b->users.next, struct statistics_user, link);
    assert_string_equal(joe->user, "joe");
    assert_string_equal(joe->password, "pa:ss");
    const struct statistics_user *ann = container_of(joe->link.next, struct statistics_user, link);
    assert_string_equal(ann->user, "ann");
    assert_string_equal(ann->password, "");
    assert_int_equal(test_config_length(&b->scopes), 2);
    assert_int_equal(b->refresh_seconds, 10);
    assert_true(b->has_admin);
    assert_non_null(b->admin);
    assert_true(b->show_node);
    assert_string_equal(b->node, "here");
    assert_string_equal(b->description, "two words");
    assert_true(b->hide_version);
    assert_true(b->show_legends);
    assert_false(b->show_modules);
    const struct statistics_settings *c = &test_config_proxy(test, "c")->statistics;
    assert_true(c->is_enabled);
    assert_int_equal(c->refresh_seconds, 120);
    assert_false(c->has_admin);
    assert_false(test_config_proxy(test, "d")->statistics.is_enabled);
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"stats uri", "needs an URI prefix"},
        {"stats realm", "needs a realm name"},
        {"stats auth", "needs a user:password account"},
        {"stats auth :x", "'stats auth' needs a user:password account."},
        {"stats scope", "needs a proxy name"},
        {"stats refresh", "needs a refresh interval (in seconds)"},
        {"stats refresh x", "unexpected character 'x' in 'stats refresh'"},
        {"stats admin", "'stats admin' requires either 'if' or 'unless'"},
        {"stats admin when TRUE", "'stats admin' requires either 'if' or 'unless'"},
        {"stats admin if nope", "error detected while parsing a 'stats admin' rule"},
    };
    (void)state;
    assert_lines_fail("backend b\nmode http\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
