/* SPDX-License-Identifier: Apache-2.0 */
/* Rules: the list each keyword adds to, doubtful orders, and where bad rules are refused. */
#include "support/config.h"

static void rules_go_to_their_lists(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("listen l\nbind :1\nmode http\ntimeout client 1s\ntimeout server 1s\n"
                             "timeout connect 1s\nacl a path /x\n"
                             "tcp-request connection accept if FALSE\n"
                             "tcp-request session accept if FALSE\ntcp-request inspect-delay 3s\n"
                             "tcp-request content accept if FALSE\n"
                             "http-request deny if a\nhttp-request set-header A b\n"
                             "http-response set-header C d\nhttp-after-response set-header E f\n"
                             "tcp-response content accept if FALSE\ntcp-response inspect-delay 4s\n"
                             "redirect location / if FALSE\n");
    const struct proxy_settings *l = test_config_proxy(test, "l");
    assert_int_equal(test_config_length(&l->tcp_connection.rules), 1);
    assert_int_equal(test_config_length(&l->tcp_session.rules), 1);
    assert_int_equal(test_config_length(&l->tcp_request.rules), 1);
    assert_int_equal(test_config_length(&l->tcp_response.rules), 1);
    assert_int_equal(test_config_length(&l->http_request.rules), 2);
    assert_int_equal(test_config_length(&l->http_response.rules), 1);
    assert_int_equal(test_config_length(&l->http_after_response.rules), 1);
    assert_int_equal(test_config_length(&l->redirects.rules), 1);
    assert_int_equal(l->request_inspect_ms, 3000);
    assert_int_equal(l->response_inspect_ms, 4000);
    assert_int_equal(test->warnings, 0);
    test_config_close(test);
}

static void doubtful_orders_are_told(void **state)
{
    (void)state;
    assert_warns("backend b\nmode http\nredirect location / if FALSE\nhttp-request deny if FALSE\n",
                 "a 'http-request' rule placed after a 'redirect' rule will still be processed");
    assert_warns("backend b\nmode http\nhttp-request deny\nhttp-request set-header A b\n",
                 "previous 'http-request' action is final and has no condition attached");
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"acl a nope", "error detected while parsing ACL 'a'"},
        {"http-request", "'http-request' expects an action"},
        {"http-request nope", "nope"},
        {"http-request deny if nope", "nope"},
        {"redirect nope", "error detected in backend 'b' while parsing redirect rule"},
        {"tcp-request inspect-delay x", "unexpected character 'x'"},
    };
    (void)state;
    assert_lines_fail("backend b\nmode http\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_go_to_their_lists),
        cmocka_unit_test(doubtful_orders_are_told),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
