/* SPDX-License-Identifier: Apache-2.0 */
/* Names and numbers when all is read: backends, servers, tracking, ids, modes. */
#include <sys/socket.h>

#include "support/config.h"

static void numbers_fill_the_gaps(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("backend a\nserver x 127.0.0.1:1\nserver y 127.0.0.1:2 id 1\n"
                             "server z 127.0.0.1:3\nbackend b\nid 1\nbackend c\n");
    struct proxy_settings *a = test_config_proxy(test, "a");
    assert_int_equal(a->id, 2);
    assert_int_equal(test_config_proxy(test, "b")->id, 1);
    assert_int_equal(test_config_proxy(test, "c")->id, 3);
    assert_int_equal(test_config_server(a, 0)->options.id, 2);
    assert_int_equal(test_config_server(a, 1)->options.id, 1);
    assert_int_equal(test_config_server(a, 2)->options.id, 3);
    test_config_close(test);
}

static void later_backends_are_found(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("frontend f\nbind :1\nuse_backend late if TRUE\ndefault_backend l\n"
                             "listen l\nbind :2\nbackend late\nsource 127.0.0.9\n"
                             "server s 127.0.0.1:1 check\nserver t 127.0.0.1:2 track s\n"
                             "backend u\nserver v 127.0.0.1:1 track late/s\n");
    const struct proxy_settings *f = test_config_proxy(test, "f");
    struct proxy_settings *late = test_config_proxy(test, "late");
    assert_ptr_equal(container_of(f->use_backend.next, struct switch_rule, link)->target, late);
    assert_ptr_equal(f->default_backend, test_config_proxy(test, "l"));
    assert_int_equal(test_config_server(late, 0)->source.family, AF_INET);
    test_config_close(test);
}

static void what_is_missing_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"default_backend no", "Proxy 'f': unable to find required default_backend: 'no'."},
        {"default_backend f", "unable to find required default_backend: 'f'."},
        {"use_backend no if TRUE", ":3] : Proxy 'f': unable to find required use_backend: 'no'."},
        {"mode http\ndefault_backend b\nbackend b\nmode tcp",
         "tries to use incompatible tcp backend 'b'"},
        {"default_backend b\nbackend b\nmode http", "is not supported by weir yet (see 'mode')."},
        {"backend b\nuse-server no if TRUE", "unable to find server 'no' referenced in a"},
        {"backend b\nserver s 127.0.0.1:1 track no/s",
         "'server b/s' : unable to find required proxy 'no' for tracking."},
        {"backend b\nserver s 127.0.0.1:1 track no",
         "'server b/s' : unable to find required server 'no' for tracking."},
        {"backend b\nserver s 127.0.0.1:1 track t\nserver t 127.0.0.1:2",
         "unable to use b/t for tracking as it does not have any check"},
        {"use_backend b if { nbsrv(no) gt 0 }\nbackend b", "unable to find backend 'no'"},
        {"use_backend b if { srv_is_up(b/no) }\nbackend b",
         "unable to find server 'no' in proxy 'b'"},
        {"errorfiles no", "unknown http-errors section 'no'."},
    };
    (void)state;
    assert_lines_fail("frontend f\nbind :1\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_fill_the_gaps),
        cmocka_unit_test(later_backends_are_found),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
