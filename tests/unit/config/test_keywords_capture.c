/* SPDX-License-Identifier: Apache-2.0 */
/* capture, declare capture, unique-id-*, monitor*: what is kept of them, and what is said of bad
 * ones. */
#include "rules/log_format.h"
#include "support/config.h"

#define FRONTEND "frontend f\n    mode http\n    bind :80\n    timeout client 1s\n"

static void slots_are_declared(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid(FRONTEND "    capture request header Host len 1\n"
                                   "    capture response header Server len 65535\n"
                                   "    declare capture request len 10\n"
                                   "    declare capture response len 20\n"
                                   "    capture request header X-A len 30\n"
                                   "    capture cookie old len 3\n"
                                   "    capture cookie SID= len 40\n");
    const struct capture_declarations *captures = &test_config_proxy(test, "f")->captures;
    assert_int_equal(captures->request_count, 3);
    assert_string_equal(captures->request[0].name, "Host");
    assert_int_equal(captures->request[0].bytes_max, 1);
    assert_null(captures->request[1].name);
    assert_int_equal(captures->request[1].bytes_max, 10);
    assert_string_equal(captures->request[2].name, "X-A");
    assert_int_equal(captures->request[2].bytes_max, 30);
    assert_int_equal(captures->response_count, 2);
    assert_string_equal(captures->response[0].name, "Server");
    assert_int_equal(captures->response[0].bytes_max, UINT16_MAX);
    assert_null(captures->response[1].name);
    assert_int_equal(captures->response[1].bytes_max, 20);
    assert_string_equal(captures->cookie_name, "SID="); /* the last line holds */
    assert_int_equal(captures->cookie_bytes_max, 40);
    test_config_close(test);
}

static void ids_and_monitoring_are_read(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid(
        "defaults\n    mode http\n    timeout client 1s\n    monitor-uri /up\n"
        "    unique-id-format %ci-%[req.hdr(host)]\n    unique-id-header X-Id\n"
        "frontend f\n    bind :80\n"
        "frontend g\n    bind :81\n    monitor-uri /other\n    unique-id-header X-Other\n"
        "    acl bad path /\n    monitor fail if bad\n");
    const struct proxy_settings *f = test_config_proxy(test, "f");
    const struct proxy_settings *g = test_config_proxy(test, "g");
    assert_string_equal(f->monitor_uri, "/up");
    assert_string_equal(f->unique_id_header, "X-Id");
    assert_non_null(f->unique_id_format);
    assert_ptr_equal(f->unique_id_format, g->unique_id_format);
    assert_null(f->monitor_fail);
    assert_string_equal(g->monitor_uri, "/other");
    assert_string_equal(g->unique_id_header, "X-Other");
    assert_non_null(g->monitor_fail);
    test_config_close(test);
}

static void bad_captures_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"capture request header\n",
         "A parsing [t.cfg:5] : 'capture request header' expects <header_name> 'len' <len>.\n"},
        {"capture request\n", "A parsing [t.cfg:5] : 'capture' supports 'request header', "
                              "'response header', 'cookie' (got 'request')\n"},
        {"capture request header Host\n",
         "A parsing [t.cfg:5] : 'capture request header' expects <header_name> 'len' <len>.\n"},
        {"capture request header Host nope 5\n",
         "A parsing [t.cfg:5] : 'capture request header' expects <header_name> 'len' <len>.\n"},
        {"capture request header Host len 0\n",
         "A parsing [t.cfg:5] : 'len' expects a numeric value between 1 and 65535 (got '0').\n"},
        {"capture request header Host len 65536\n", "A parsing [t.cfg:5] : 'len' expects a numeric "
                                                    "value between 1 and 65535 (got '65536').\n"},
        {"capture request header Host len x\n",
         "A parsing [t.cfg:5] : 'len' expects an integer argument (got 'x').\n"},
        {"capture response header Host len 5 x\n",
         "A parsing [t.cfg:5] : 'capture response header' cannot handle unexpected argument "
         "'x'.\n"},
        {"capture cookie S len\n",
         "A parsing [t.cfg:5] : 'capture cookie' expects <cookie_prefix> 'len' <len>.\n"},
        {"capture cookie S len 70000\n", "A parsing [t.cfg:5] : 'len' expects a numeric value "
                                         "between 1 and 65535 (got '70000').\n"},
        {"capture nope\n", "A parsing [t.cfg:5] : 'capture' supports 'request header', 'response "
                           "header', 'cookie' (got 'nope')\n"},
        {"declare capture\n", "A parsing [t.cfg:5] : 'declare capture' requires a direction "
                              "('request' or 'response').\n"},
        {"declare capture both len 5\n", "A parsing [t.cfg:5] : 'declare capture' requires a "
                                         "direction ('request' or 'response').\n"},
        {"declare capture request\n", "A parsing [t.cfg:5] : 'declare capture' requires a "
                                      "direction ('request' or 'response').\n"},
        {"declare capture request len 0\n",
         "A parsing [t.cfg:5] : 'len' expects a numeric value between 1 and 65535 (got '0').\n"},
        {"declare capture request length 1\n", "A parsing [t.cfg:5] : 'declare capture' requires a "
                                               "direction ('request' or 'response').\n"},
        {"no capture cookie S len 5\n",
         "A parsing [t.cfg:5] : negation/default currently supported only for options, log, "
         "busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(FRONTEND, CASES);
}

static void bad_ids_and_monitoring_are_refused(void **state)
{
    static const struct test_config_case CASES[] = {
        {"unique-id-format\n", "A parsing [t.cfg:5] : 'unique-id-format' expects an argument.\n"},
        {"unique-id-format %[nope]\n",
         "A parsing [t.cfg:5] : failed to parse unique-id : unknown fetch method 'nope'.\n"},
        {"unique-id-header\n", "A parsing [t.cfg:5] : 'unique-id-header' expects an argument.\n"},
        {"monitor-uri\n", "A parsing [t.cfg:5] : 'monitor-uri' expects an URI.\n"},
        {"monitor-uri /a /b\n",
         "A parsing [t.cfg:5] : 'monitor-uri' cannot handle unexpected argument '/b'.\n"},
        {"monitor\n", "A parsing [t.cfg:5] : 'monitor' supports 'fail' (got '')\n"},
        {"monitor fail\n", "A parsing [t.cfg:5] : 'monitor fail' requires either 'if' or 'unless' "
                           "followed by a condition.\n"},
        {"monitor fail if\n", "A parsing [t.cfg:5] : 'monitor fail' requires either 'if' or "
                              "'unless' followed by a condition.\n"},
        {"monitor fail when TRUE\n", "A parsing [t.cfg:5] : 'monitor fail' requires either 'if' or "
                                     "'unless' followed by a condition.\n"},
        {"monitor fail if nope\n", "A parsing [t.cfg:5] : error detected while parsing a 'monitor "
                                   "fail' condition : no such ACL : 'nope'.\n"},
        {"http-request deny\n"
         "monitor fail if { path / }\n",
         "W parsing [t.cfg:6] : a 'monitor fail' rule placed after an 'http-request' rule will "
         "still be processed before.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES(FRONTEND, CASES);
}

static void other_sections_have_no_captures(void **state)
{
    static const struct test_config_case CASES[] = {
        {"backend b\n"
         "    capture request header Host len 5\n",
         "W parsing [t.cfg:2] : 'capture request header' ignored because backend 'b' has no "
         "frontend capability.\n"},
        {"backend b\n"
         "    monitor fail if TRUE\n",
         "W parsing [t.cfg:2] : 'monitor fail' ignored because backend 'b' has no frontend "
         "capability.\n"},
        {"defaults\n"
         "    capture cookie S len 4\n",
         "A parsing [t.cfg:2] : 'capture cookie' not allowed in 'defaults' section.\n"},
        {"backend b\n"
         "    unique-id-format x\n",
         "W parsing [t.cfg:2] : 'unique-id-format' ignored because backend 'b' has no frontend "
         "capability.\n"},

    };
    (void)state;
    TEST_CONFIG_CASES("", CASES);
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    test_config_faults(FRONTEND "    capture request header Host len 5\n"
                                "    capture cookie S len 5\n    capture cookie T len 5\n"
                                "    declare capture response len 20\n"
                                "    unique-id-format %ci:%[path]\n    unique-id-header X-Id\n"
                                "    monitor-uri /up\n    monitor fail if { path / }\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_declared),
        cmocka_unit_test(ids_and_monitoring_are_read),
        cmocka_unit_test(bad_captures_are_refused),
        cmocka_unit_test(bad_ids_and_monitoring_are_refused),
        cmocka_unit_test(other_sections_have_no_captures),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
