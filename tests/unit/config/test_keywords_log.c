/* SPDX-License-Identifier: Apache-2.0 */
/* log lines and formats: targets, levels, sampling, and what is said of bad ones. */
#include <sys/socket.h>

#include "support/config.h"

static const struct log_sink_options *sink_at(const struct list *logs, unsigned position)
{
    const struct list *link = logs->next;
    for (; position > 0; position--) {
        link = link->next;
    }
    assert_ptr_not_equal(link, logs);
    return &container_of((struct list *)(uintptr_t)link, struct log_settings, link)->sink;
}

static void targets_are_read(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("global\nlog 127.0.0.1 local0\nlog 127.0.0.1:5140 len 2048 format "
                             "rfc5424 local1 notice err\nlog stdout format raw daemon\n"
                             "log /dev/log user\nlog 127.0.0.1 sample 1,3-4:5 local2\nlog fd@9 "
                             "local3\n");
    const struct list *logs = &test->configuration.global.logs;
    assert_int_equal(test_config_length(logs), 6);
    const struct log_sink_options *sink = sink_at(logs, 0);
    assert_int_equal(sink->kind, LOG_TARGET_DATAGRAM);
    assert_int_equal(sink->address.port, 514);
    sink = sink_at(logs, 1);
    assert_int_equal(sink->address.port, 5140);
    assert_int_equal(sink->length_max, 2048);
    assert_int_equal(sink->level_max, 5);
    assert_int_equal(sink->level_min, 3);
    sink = sink_at(logs, 2);
    assert_int_equal(sink->kind, LOG_TARGET_DESCRIPTOR);
    assert_int_equal(sink->fd, 1);
    sink = sink_at(logs, 3);
    assert_int_equal(sink->address.family, AF_UNIX);
    assert_string_equal(sink->address.path, "/dev/log");
    sink = sink_at(logs, 4);
    assert_int_equal(sink->sample_size, 5);
    assert_int_equal(sink->ranges_count, 2);
    assert_int_equal(sink->ranges[0].low, 1);
    assert_int_equal(sink->ranges[0].high, 1);
    assert_int_equal(sink->ranges[1].low, 3);
    assert_int_equal(sink->ranges[1].high, 4);
    assert_int_equal(sink_at(logs, 5)->fd, 9);
    test_config_close(test);
}

static void proxies_have_logs(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("defaults\ntimeout client 1s\nlog global\nlog-tag tag\n"
                             "frontend a\nbind :1\nlog 127.0.0.1 local0\nlog-format \"%ci %cp\"\n"
                             "error-log-format \"%ci\"\nfrontend b\nbind :2\nno log\n"
                             "option tcplog\n");
    const struct proxy_settings *a = test_config_proxy(test, "a");
    assert_true(a->log_global);
    assert_int_equal(test_config_length(&a->logs), 1);
    assert_string_equal(a->log_format_text, "%ci %cp");
    assert_string_equal(a->log_format_error_text, "%ci");
    assert_string_equal(a->log_tag, "tag");
    assert_non_null(a->log_format);
    assert_non_null(a->log_format_error);
    const struct proxy_settings *b = test_config_proxy(test, "b");
    assert_false(b->log_global);
    assert_int_equal(test_config_length(&b->logs), 0);
    assert_string_equal(b->log_format_text, LOG_FORMAT_TCP);
    test_config_close(test);
}

static void backends_log_nothing(void **state)
{
    (void)state;
    assert_warns("backend b\nlog-format x\n", "'log-format' directive is ignored in backends.");
    assert_warns("backend b\noption tcplog\n", "'option tcplog' directive is ignored in backends.");
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"log", "expects <address> and <facility>"},
        {"log 127.0.0.1", "log : expects <address> and <facility> as arguments"},
        {"log global", "log : 'global' is not supported for a global syslog server"},
        {"log 127.0.0.1 nope", "log : unknown log facility 'nope'"},
        {"log 127.0.0.1 local0 nope", "log : unknown optional log level 'nope'"},
        {"log 127.0.0.1 local0 err nope", "log : unknown optional minimum log level 'nope'"},
        {"log 127.0.0.1 local0 err err x", "log : cannot handle unexpected argument 'x'"},
        {"log 127.0.0.1 len 79 local0", "log : invalid log length '79', must be between"},
        {"log 127.0.0.1 len x local0", "log : invalid log length 'x'"},
        {"log 127.0.0.1 format x local0", "log : unknown log format 'x'"},
        {"log 127.0.0.1 sample 1 local0", "log : Missing sample size"},
        {"log 127.0.0.1 sample 1:0 local0", "log : invalid sample size in '1:0'"},
        {"log 127.0.0.1 sample 3:2 local0", "log : wrong sample range '3'"},
        {"log 127.0.0.1 sample 0:2 local0", "log : wrong sample range '0'"},
        {"log 127.0.0.1 sample 2-1:2 local0", "log : wrong sample range '2-1'"},
        {"log 127.0.0.1 sample 1-2,2:3 local0", "log : ranges are overlapping"},
        {"log 127.0.0.1 profile p local0", "'profile p' is not supported by weir yet"},
        {"log ring@x local0", "log target uses unknown ring named 'x'"},
        {"log 127.0.0.1:1-2 local0", "log : port range not permitted here"},
        {"log 127.0.0.1:x local0", "log : invalid port 'x'"},
    };
    (void)state;
    assert_lines_fail("global\n", ROWS);
}

static void bad_formats_are_placed(void **state)
{
    (void)state;
    assert_fails("frontend f\nbind :1\nlog-format \"%nonsense\"\n", ":3] : failed to parse "
                                                                    "log-format : ");
    assert_fails("frontend f\noption httplog nope\n", "only supports option 'clf'.");
    assert_fails("frontend f\nlog global x\n", "log : cannot handle unexpected argument 'x'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_read),       cmocka_unit_test(proxies_have_logs),
        cmocka_unit_test(backends_log_nothing),   cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(bad_formats_are_placed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
