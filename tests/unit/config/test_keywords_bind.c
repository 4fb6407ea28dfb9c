/* SPDX-License-Identifier: Apache-2.0 */
/* bind lines: every address and port becomes one, with the line's arguments; bad lines. */
#include <sys/socket.h>

#include "support/config.h"

static void addresses_become_binds(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("frontend f\ntimeout client 1s\nbind :80,:::81,127.0.0.1:90-92 name n "
                             "maxconn 5 backlog 6 mss 1400 v6only\n"
                             "bind /tmp/x.sock mode 660 uid 7 gid 8 id 50\nbind fd@12\n");
    struct list *binds = &test_config_proxy(test, "f")->binds;
    const uint16_t ports[] = {80, 81, 90, 91, 92};
    size_t count = test_config_length(binds);
    assert_true(count >= 5);
    for (unsigned i = 0; i < 3; i++) {
        const struct bind_settings *bind = test_config_bind(binds, i);
        assert_int_equal(bind->listener.address.port, ports[i]);
        assert_string_equal(bind->name, "n");
        assert_int_equal(bind->maxconn, 5);
        assert_int_equal(bind->listener.backlog, 6);
        assert_int_equal(bind->listener.mss, 1400);
        assert_int_equal(bind->line, 3);
    }
    assert_int_equal(test_config_bind(binds, 1)->listener.address.family, AF_INET6);
    const struct bind_settings *path = test_config_bind(binds, (unsigned)count - 2);
    assert_int_equal(path->listener.address.family, AF_UNIX);
    assert_int_equal(path->listener.mode, 0660);
    assert_int_equal(path->listener.uid, 7);
    assert_int_equal(path->listener.gid, 8);
    assert_int_equal(path->id, 50);
    assert_int_equal(test_config_bind(binds, (unsigned)count - 1)->listener.inherited_fd, 12);
    test_config_close(test);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"bind", "'bind' expects {<path>|[addr1]:port1[-end1]}"},
        {"bind :70000", "invalid port '70000'"},
        {"bind :80 nonsense", "unknown keyword 'nonsense'"},
        {"bind :80 mxconn 5", "did you mean 'maxconn' maybe ?"},
        {"bind :80 maxconn", "'maxconn' : missing value"},
        {"bind :80 id 0", "'id' : custom id has to be > 0"},
        {"bind :80 id x", "'id' : expects an integer argument, found 'x'"},
        {"bind :80 id 4\nbind :81 id 4", "'id' : custom id 4 already used at"},
        {"bind :80 mss 0", "'mss' : expects an MSS between 1 and 65535"},
        {"bind :80 mss 65536", "'mss' : expects an MSS between 1 and 65535"},
        {"bind :80 tcp-ut x", "'tcp-ut' : expects a positive delay in milliseconds"},
        {"bind /tmp/x mode 888", "(octal integer expected)"},
        {"bind /tmp/x user no-such-user-here", "unknown user name 'no-such-user-here'"},
        {"bind :443 ssl", "no SSL certificate specified for bind ':443'"},
        {"bind :443 ssl crt /nonexistent.pem", "unable to stat SSL certificate from file"},
        {"bind :80 proto h2", "'proto' : 'h2' is not supported by weir yet"},
        {"bind :80 proto x", "unknown MUX protocol 'x'"},
        {"bind :80 nice 1025", "'nice' : invalid value 1025, allowed range is -1024..1024"},
        {"bind :80 thread x", "'thread' : 'x' is not a valid number/range"},
        {"bind :80 accept-proxy", "'accept-proxy' is not supported by weir yet"},
    };
    (void)state;
    assert_lines_fail("frontend f\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_become_binds),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
