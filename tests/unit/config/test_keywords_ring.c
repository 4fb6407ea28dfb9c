/* SPDX-License-Identifier: Apache-2.0 */
/* ring sections: what they say, sizes that do not fit, log lines that name rings, refusals. */
#include "support/config.h"

static const struct log_ring_options *ring_at(struct test_config *test, unsigned position)
{
    LIST_EACH(link, &test->configuration.rings) {
        if (position-- == 0) {
            return &container_of(link, struct ring_settings, link)->options;
        }
    }
    fail_msg("no such ring");
    return NULL;
}

static void rings_are_read(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_accepted("global\ntune.bufsize 16384\nlog ring@b local0\nlog ring@buf0 local0\n"
                             "ring a\nring b\ndescription My ring\nformat rfc5424\nmaxlen 1200\n"
                             "size 32764\ntimeout connect 5s\ntimeout server 10s\n");
    assert_int_equal(test->warnings, 0);
    assert_int_equal(test_config_length(&test->configuration.rings), 2);
    const struct log_ring_options *ring = ring_at(test, 0);
    assert_string_equal(ring->name, "a");
    assert_null(ring->description);
    assert_int_equal(ring->format, SYSLOG_FORMAT_RAW);
    assert_int_equal(ring->bytes_max, 16384);
    assert_int_equal(ring->line_bytes_max, 0);
    ring = ring_at(test, 1);
    assert_string_equal(ring->description, "My ring");
    assert_int_equal(ring->format, SYSLOG_FORMAT_RFC5424);
    assert_int_equal(ring->bytes_max, 32764);
    assert_int_equal(ring->line_bytes_max, 1200);
    assert_true(config_has_ring(&test->configuration, "a"));
    assert_true(config_has_ring(&test->configuration, "buf0"));
    assert_false(config_has_ring(&test->configuration, "c"));
    test_config_close(test);
}

static void sizes_that_do_not_fit(void **state)
{
    (void)state;
    assert_warns("ring a\nsize 1000\n",
                 "ignoring new size '1000' that is smaller than current size '16384' for ring 'a'");
    assert_warns("ring a\nsize 20000\nsize 19000\n", "smaller than current size '20000'");
    assert_warns("ring a\nmaxlen 17000\n",
                 "ring 'a' event max length '17000' exceeds size, forced to size '16384'.");
}

static void what_is_wrong_is_said(void **state)
{
    static const struct test_config_bad ROWS[] = {
        {"ring", "missing ring name."},
        {"ring a/b", "invalid ring name 'a/b' (character '/' is not permitted)."},
        {"ring a b", "unexpected argument 'b'"},
        {"ring buf0", "sink named 'buf0' already exists."},
        {"ring ok", "sink named 'ok' already exists."},
        {"maxlen x", "invalid size 'x' for new sink buffer."},
        {"maxlen 0", "invalid size '0' for new sink buffer."},
        {"size 8g", "invalid size '8g' for new sink buffer."},
        {"format nope", "unknown format 'nope'."},
        {"timeout server", "expects <time> as argument."},
        {"timeout connect soon", "unexpected character 's' in 'timeout connect'"},
        {"server s 127.0.0.1:1", "'server' in a ring section is not supported by weir yet."},
        {"backing-file /tmp/x", "'backing-file' in a ring section is not supported by weir yet."},
        {"colour red", "colour"},
        {"global\nlog ring@none local0", "log target uses unknown ring named 'none'."},
        {"listen l\nbind :1\nlog ring@none local0", "log target uses unknown ring named 'none'."},
    };
    (void)state;
    assert_lines_fail("ring ok\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_are_read),
        cmocka_unit_test(sizes_that_do_not_fit),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
