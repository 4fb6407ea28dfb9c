/* SPDX-License-Identifier: Apache-2.0 */
/* The global section: the field that each keyword sets, and what is said of bad ones. */
#include "support/config.h"

static void fields_are_set(void **state)
{
    (void)state;
    struct test_config *test = test_config_accepted(
        "global\nuser root\ngroup root\nchroot /var/empty\npidfile /run/x.pid\n"
        "localpeer me\nnode n-1\ndescription some words here\ndaemon\nquiet\n"
        "no strict-limits\nmaxconn 123\nhard-stop-after 3s\ngrace 2s\nulimit-n 500\n"
        "fd-hard-limit 600\nspread-checks 5\nlog-tag t\nlog-send-hostname h\n"
        "stats socket /run/s.sock mode 600 level admin\nstats timeout 4s\n"
        "stats maxconn 7\nunix-bind prefix /tmp/ mode 770 uid 5 gid 6\nnbthread 1\n");
    const struct global_settings *global = &test->configuration.global;
    assert_string_equal(global->user, "root");
    assert_int_equal(global->uid, 0);
    assert_string_equal(global->group, "root");
    assert_int_equal(global->gid, 0);
    assert_string_equal(global->chroot, "/var/empty");
    assert_string_equal(global->pidfile, "/run/x.pid");
    assert_string_equal(global->local_peer, "me");
    assert_string_equal(global->node, "n-1");
    assert_string_equal(global->description, "some words here");
    assert_true(global->daemon);
    assert_true(global->quiet);
    assert_false(global->strict_limits);
    assert_int_equal(global->maxconn, 123);
    assert_int_equal(global->hard_stop_after_ms, 3000);
    assert_int_equal(global->grace_ms, 2000);
    assert_int_equal(global->ulimit_n, 500);
    assert_int_equal(global->descriptors_max, 600);
    assert_int_equal(global->spread_checks, 5);
    assert_string_equal(global->log_tag, "t");
    assert_string_equal(global->log_hostname, "h");
    assert_int_equal(global->stats_timeout_ms, 4000);
    assert_int_equal(global->stats_maxconn, 7);
    assert_string_equal(global->unix_bind.prefix, "/tmp/");
    assert_int_equal(global->unix_bind.mode, 0770);
    assert_int_equal(global->unix_bind.uid, 5);
    assert_int_equal(global->unix_bind.gid, 6);
    assert_int_equal(global->workers, 1);
    const struct bind_settings *socket =
        test_config_bind(&test->configuration.global.stats_sockets, 0);
    assert_int_equal(socket->level, BIND_LEVEL_ADMIN);
    assert_int_equal(socket->listener.mode, 0600);
    test_config_close(test);
}

static void more_workers_are_told(void **state)
{
    (void)state;
    assert_warns("global\nnbthread 4\n", "this version of weir runs one worker thread.");
    assert_warns("global\nthread-groups 2\n", "this version of weir runs one worker thread.");
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"user no-such-user-here", "cannot find user id for 'no-such-user-here'."},
        {"group no-such-group-here", "cannot find group id for 'no-such-group-here'."},
        {"user", "'user' expects a user name"},
        {"node a/b", "'node' requires valid node name"},
        {"maxconn x", "'maxconn' expects an integer argument (got 'x')."},
        {"nbthread 0", "'nbthread' expects a numeric value between 1 and"},
        {"hard-stop-after 5x", "unexpected character 'x' in 'hard-stop-after'"},
        {"spread-checks 51", "'spread-checks' needs a positive value in range 0..50."},
        {"default-path nope", "default-path mode 'nope'"},
        {"default-path origin", "'default-path origin' expects a directory as an argument."},
        {"default-path config x", "'default-path config' cannot handle an argument."},
        {"stats maxconn 0", "'stats maxconn' expects a positive value"},
        {"stats socket /tmp/x level root", "'level' only supports 'user', 'operator', and 'admin'"},
        {"unix-bind prefix", "'unix-bind' : 'prefix' expects an argument."},
        {"unix-bind nope x", "'unix-bind' only supports the 'prefix', 'mode', 'uid'"},
        {"unix-bind mode 9", "'unix-bind mode' : invalid mode '9'"},
        {"master-worker x", "'master-worker' only supports 'no-exit-on-failure' option."},
        {"daemon x", "'daemon'"},
        {"bind :80", "bind"},
        {"maxcon 5", "did you mean 'maxconn' maybe"},
    };
    (void)state;
    assert_lines_fail("global\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_set),
        cmocka_unit_test(more_workers_are_told),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
