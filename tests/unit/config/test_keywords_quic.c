/* SPDX-License-Identifier: Apache-2.0 */
/* tune.quic.* in both spellings, their limits and messages; quic addresses of bind lines. */
#include "support/config.h"

static void defaults(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n    maxconn 10\n");
    const struct quic_settings *quic = &test->configuration.global.quic;
    assert_int_equal(quic->idle_timeout_ms, 30000);
    assert_int_equal(quic->streams_bidi_max, 100);
    assert_int_equal(quic->memory_max, 512 * 1024);
    assert_int_equal(quic->retry_threshold, 100);
    assert_false(quic->no_gso || quic->cc.no_pacing || quic->cc.no_hystart);
    test_config_close(test);
}

static void old_spelling(void **state)
{
    (void)state;
    struct test_config *test =
        test_config_valid("global\n"
                          "    tune.quic.frontend.max-idle-timeout 5s\n"
                          "    tune.quic.frontend.max-streams-bidi 7\n"
                          "    tune.quic.frontend.max-data-size 100k\n"
                          "    tune.quic.frontend.default-max-window-size 200k\n"
                          "    tune.quic.retry-threshold 11\n"
                          "    tune.quic.cc-hystart off\n"
                          "    tune.quic.disable-tx-pacing\n"
                          "    tune.quic.disable-udp-gso\n");
    const struct quic_settings *quic = &test->configuration.global.quic;
    assert_int_equal(quic->idle_timeout_ms, 5000);
    assert_int_equal(quic->streams_bidi_max, 7);
    assert_int_equal(quic->window_bytes_max, 102400);
    assert_int_equal(quic->tx_bytes_max, 204800);
    assert_int_equal(quic->retry_threshold, 11);
    assert_true(quic->no_gso && quic->cc.no_pacing && quic->cc.no_hystart);
    test_config_close(test);
}

static void newer_spelling(void **state)
{
    (void)state;
    struct test_config *test = test_config_valid("global\n"
                                                 "    tune.quic.fe.max-idle-timeout 6s\n"
                                                 "    tune.quic.fe.stream.max-concurrent 8\n"
                                                 "    tune.quic.fe.stream.rxbuf 101k\n"
                                                 "    tune.quic.fe.cc.max-win-size 201k\n"
                                                 "    tune.quic.fe.sec.retry-threshold 12\n"
                                                 "    tune.quic.fe.mem.conn-max 1m\n"
                                                 "    tune.quic.fe.cc.hystart on\n");
    const struct quic_settings *quic = &test->configuration.global.quic;
    assert_int_equal(quic->idle_timeout_ms, 6000);
    assert_int_equal(quic->streams_bidi_max, 8);
    assert_int_equal(quic->window_bytes_max, 103424);
    assert_int_equal(quic->tx_bytes_max, 205824);
    assert_int_equal(quic->retry_threshold, 12);
    assert_int_equal(quic->memory_max, 1048576);
    assert_false(quic->cc.no_hystart);
    test_config_close(test);
}

static void refused(void **state)
{
    (void)state;
    assert_fails("global\n    tune.quic.cc-hystart maybe\n",
                 "'tune.quic.cc-hystart' expects either 'on' or 'off' but got 'maybe'.");
    assert_fails("global\n    tune.quic.fe.mem.conn-max 1k\n",
                 "'tune.quic.fe.mem.conn-max' expects a size between 65536 and");
    assert_fails("frontend f\n    mode http\n    bind quic4@127.0.0.1:443\n",
                 "a QUIC address needs 'ssl' and a certificate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(old_spelling),
        cmocka_unit_test(newer_spelling),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
